#include "emulator/http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/str.h"

#define BACKLOG		4096	/* the kernel's own bound may be lower */

static bool
listen_is_loopback(const struct addrinfo *ai)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (ai->ai_family == AF_INET) {
		memcpy(&in, ai->ai_addr, sizeof(in));
		return (ntohl(in.sin_addr.s_addr) >> 24 == 127);
	}
	if (ai->ai_family != AF_INET6)
		return (false);
	memcpy(&in6, ai->ai_addr, sizeof(in6));
	return (IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr));
}

static int
listen_resolve(struct listen *l, const char *text, bool asks,
    const struct listen_allow *may, struct err *e)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *ai = NULL;
	const char *colon = strrchr(text, ':');
	int gai, rc = -1;
	int64_t port;
	char *host;

	/* getaddrinfo() takes 99999 for another port, without a word. */
	if (colon == NULL || colon == text || !str_int64(colon + 1, &port) ||
	    port < 0 || port > 65535)
		return (err_set(e, "'%s' is not an ADDRESS:PORT such as "
		    "127.0.0.1:0", text));
	host = text[0] == '[' && colon[-1] == ']' ?
	    mem_strndup(text + 1, (size_t)(colon - text) - 2) :
	    mem_strndup(text, (size_t)(colon - text));
	gai = getaddrinfo(host, colon + 1, &hints, &ai);
	if (gai != 0)
		(void)err_set(e, "cannot listen on %s: %s", text,
		    gai_strerror(gai));
	else if (!may->beyond && !listen_is_loopback(ai))
		(void)err_set(e, "will not listen on %s: that is beyond "
		    "loopback, where other machines reach it; "
		    "--listen-beyond-loopback, or GCS_EMULATOR_LISTEN_BEYOND_"
		    "LOOPBACK=1 in the environment, allows it", text);
	else if (!asks && !may->anyone && !listen_is_loopback(ai))
		(void)err_set(e, "will not listen on %s: nobody is asked there "
		    "who he is, so that anyone who reaches it may read and "
		    "change everything; --anyone-may-do-anything, or "
		    "GCS_EMULATOR_ANYONE_MAY_DO_ANYTHING=1 in the environment, "
		    "allows it, and --auth on asks", text);
	else {
		memcpy(&l->addr, ai->ai_addr, ai->ai_addrlen);
		l->len = ai->ai_addrlen;
		rc = 0;
	}
	if (ai != NULL)
		freeaddrinfo(ai);
	free(host);
	return (rc);
}

/* A socket bound to the address, or -1 with errno. */
static int
listen_bind(const struct listen *l)
{
	int one = 1, fd = socket(l->addr.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return (-1);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, (const struct sockaddr *)&l->addr, l->len) == 0)
		return (fd);
	one = errno;
	(void)close(fd);
	errno = one;
	return (-1);
}

void
listen_adopt(struct listen *l, int fd)
{

	*l = (struct listen){ .hold = fd, .fd = fd, .adopted = true,
	    .len = sizeof(l->addr) };
	BUG_ON(getsockname(fd, (struct sockaddr *)&l->addr, &l->len) != 0);
}

int
listen_resume(struct listen *l)
{
	int error;

	if (l->adopted) {
		if (listen(l->hold, BACKLOG) != 0)
			return (-1);
		l->fd = l->hold;
		return (0);
	}
	if ((l->fd = listen_bind(l)) < 0)
		return (-1);
	if (listen(l->fd, BACKLOG) == 0)
		return (0);
	error = errno;
	listen_pause(l);
	errno = error;
	return (-1);
}

void
listen_pause(struct listen *l)
{

	/* Linux: it keeps its port and can listen again. */
	if (l->fd >= 0 && l->adopted)
		(void)shutdown(l->fd, SHUT_RD);
	else if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}

int
listen_open(struct listen *l, const char *text, bool asks,
    const struct listen_allow *may, struct err *e)
{

	if (listen_resolve(l, text, asks, may, e))
		return (-1);
	/* The first bind chooses the port where it is 0. */
	if ((l->hold = listen_bind(l)) < 0 ||
	    getsockname(l->hold, (struct sockaddr *)&l->addr, &l->len) ||
	    listen_resume(l))
		return (err_setno(e, "cannot listen on %s", text));
	return (0);
}

int
listen_port(const struct listen *l)
{
	struct sockaddr_in in;

	if (l->len == 0)
		return (0);
	/* The port stands at the same place in both families. */
	memcpy(&in, &l->addr, sizeof(in));
	return (ntohs(in.sin_port));
}

void
listen_close(struct listen *l)
{

	listen_pause(l);
	if (l->hold >= 0)
		(void)close(l->hold);
	l->hold = -1;
}
