#include "emulator/http/sockets.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/str.h"

#define HEADS_MAX	256	/* CONNECT heads being read at once */
#define HEAD_STACK	(512u << 10)
#define BACKLOG		511

struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
	int	hold;		/* bound, never listens */
	int	fd;		/* listens; -1 while refused */
};

struct sockets {
	struct sockets_opts o;
	struct endpoint http, proxy;
	int	wake;		/* eventfd: look at the flags */
	pthread_t thread;
	bool	running;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct sockets_conn *conns;
	int	nconns, nheads;
	uint64_t last;
	bool	stopping, want_refused, refused;
};

static void
sockets_lock(struct sockets *s)
{

	BUG_ON(pthread_mutex_lock(&s->lock) != 0);
}

static void
sockets_unlock(struct sockets *s)
{

	BUG_ON(pthread_mutex_unlock(&s->lock) != 0);
}

static void
sockets_wake(struct sockets *s)
{
	uint64_t one = 1;
	ssize_t n = write(s->wake, &one, sizeof(one));

	(void)n;		/* full: it is awake already */
}

/* ---- listening ---- */

static bool
sockets_is_loopback(const struct addrinfo *ai)
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
sockets_resolve(const struct sockets_opts *o, const char *text,
    struct endpoint *ep, struct err *e)
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
	else if (!o->beyond_loopback && !sockets_is_loopback(ai))
		(void)err_set(e, "will not listen on %s: that is beyond "
		    "loopback, and anyone who reaches it may do anything to "
		    "this fake; --listen-beyond-loopback allows it", text);
	else {
		memcpy(&ep->addr, ai->ai_addr, ai->ai_addrlen);
		ep->len = ai->ai_addrlen;
		rc = 0;
	}
	if (ai != NULL)
		freeaddrinfo(ai);
	free(host);
	return (rc);
}

/* A socket bound to the endpoint's address, or -1 with errno. */
static int
sockets_bind(const struct endpoint *ep)
{
	int one = 1, fd = socket(ep->addr.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return (-1);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, (const struct sockaddr *)&ep->addr, ep->len) == 0)
		return (fd);
	one = errno;
	(void)close(fd);
	errno = one;
	return (-1);
}

static int
sockets_listen(struct endpoint *ep)
{

	if ((ep->fd = sockets_bind(ep)) < 0)
		return (-1);
	if (listen(ep->fd, BACKLOG) == 0)
		return (0);
	(void)close(ep->fd);
	ep->fd = -1;
	return (-1);
}

static int
sockets_open(const struct sockets_opts *o, const char *text,
    struct endpoint *ep, struct err *e)
{

	if (sockets_resolve(o, text, ep, e))
		return (-1);
	/* The first bind chooses the port where it is 0. */
	if ((ep->hold = sockets_bind(ep)) < 0 ||
	    getsockname(ep->hold, (struct sockaddr *)&ep->addr, &ep->len) ||
	    sockets_listen(ep))
		return (err_setno(e, "cannot listen on %s", text));
	return (0);
}

static void
sockets_close(struct endpoint *ep)
{

	if (ep->fd >= 0)
		(void)close(ep->fd);
	if (ep->hold >= 0)
		(void)close(ep->hold);
	ep->fd = ep->hold = -1;
}

int
sockets_port(const struct sockets *s, enum req_via via)
{
	const struct endpoint *ep = via == VIA_PROXY ? &s->proxy : &s->http;
	struct sockaddr_in in;

	if (ep->len == 0)
		return (0);
	/* The port stands at the same place in both families. */
	memcpy(&in, &ep->addr, sizeof(in));
	return (ntohs(in.sin_port));
}

/* ---- the list of connections ---- */

static void
sockets_link(struct sockets *s, struct sockets_conn *c)
{

	c->next = s->conns;
	if (c->next != NULL)
		c->next->prev = c;
	s->conns = c;
	s->nconns++;
}

static void
sockets_unlink(struct sockets *s, struct sockets_conn *c)
{

	if (s->conns == c)
		s->conns = c->next;
	else
		c->prev->next = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	s->nconns--;
	free(c);
}

static struct sockets_conn *
sockets_by_fd(struct sockets *s, int fd)
{
	struct sockets_conn *c;

	for (c = s->conns; c != NULL && c->fd != fd; c = c->next)
		;
	return (c);
}

struct sockets_conn *
sockets_started(struct sockets *s, int fd)
{
	struct sockets_conn *c;

	sockets_lock(s);
	c = sockets_by_fd(s, fd);
	BUG_ON(c == NULL);
	c->started = true;
	/* Handed over in the moment in which all were cut. */
	if (c->via == VIA_PROXY && s->want_refused)
		(void)shutdown(fd, SHUT_RDWR);
	sockets_unlock(s);
	return (c);
}

void
sockets_closed(struct sockets *s, struct sockets_conn *c)
{

	sockets_lock(s);
	sockets_unlink(s, c);
	if (s->nconns == s->o.max - 1)
		sockets_wake(s);
	sockets_unlock(s);
}

void
sockets_drop(struct sockets *s, struct sockets_conn *c)
{
	int fd = c->fd;

	sockets_closed(s, c);
	(void)close(fd);
}

void
sockets_reset(int fd)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };

	/* SO_LINGER 0 is no use: who closes it sends its FIN before. */
	(void)connect(fd, &sa, sizeof(sa));
}

/* ---- the accepting thread ---- */

struct head {
	struct sockets *s;
	struct sockets_conn *c;
};

static void
sockets_head_done(struct sockets *s)
{

	sockets_lock(s);
	if (s->nheads-- == HEADS_MAX)
		sockets_wake(s);
	BUG_ON(pthread_cond_broadcast(&s->changed) != 0);
	sockets_unlock(s);
}

static void *
sockets_head_main(void *arg)
{
	struct head h = *(struct head *)arg;

	free(arg);
	h.s->o.take(h.s->o.cls, h.c);
	sockets_head_done(h.s);
	return (NULL);
}

static void
sockets_head_start(struct sockets *s, struct sockets_conn *c)
{
	struct head *h = mem_alloc(sizeof(*h));
	pthread_attr_t attr;
	pthread_t t;
	int rc;

	*h = (struct head){ s, c };
	sockets_lock(s);
	s->nheads++;
	sockets_unlock(s);
	BUG_ON(pthread_attr_init(&attr) != 0);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, HEAD_STACK);
	rc = pthread_create(&t, &attr, sockets_head_main, h);
	(void)pthread_attr_destroy(&attr);
	if (rc == 0)
		return;
	log_error("proxy cannot make a thread: %s", strerror(rc));
	free(h);
	sockets_drop(s, c);
	sockets_head_done(s);
}

static void
sockets_accept(struct sockets *s, const struct endpoint *ep, enum req_via via)
{
	struct sockets_conn *c = mem_alloc(sizeof(*c)), *stale;
	int one = 1;

	c->via = via;
	c->peer_len = sizeof(c->peer);
	c->fd = accept4(ep->fd, (struct sockaddr *)&c->peer, &c->peer_len,
	    SOCK_CLOEXEC);
	if (c->fd < 0) {
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			log_error("accept: %s", strerror(errno));
		free(c);
		return;
	}
	/* Before it is handed on: without it every answer would wait 40 ms
	 * for the client's delayed acknowledgement. */
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	sockets_lock(s);
	/* One that was handed on, failed before it began, and was closed. */
	if ((stale = sockets_by_fd(s, c->fd)) != NULL)
		sockets_unlink(s, stale);
	c->n = ++s->last;
	sockets_link(s, c);
	sockets_unlock(s);
	if (via == VIA_PROXY)
		sockets_head_start(s, c);
	else
		s->o.take(s->o.cls, c);
}

/* Cut what came through the proxy.  With the lock held. */
static void
sockets_cut_proxied(struct sockets *s)
{

	for (struct sockets_conn *c = s->conns; c != NULL; c = c->next)
		if (c->via == VIA_PROXY)
			(void)shutdown(c->fd, SHUT_RDWR);
}

/* Flags have changed: true where it is time to end. */
static bool
sockets_flags(struct sockets *s)
{
	uint64_t count;
	ssize_t n = read(s->wake, &count, sizeof(count));
	bool stop;

	(void)n;
	sockets_lock(s);
	if (s->want_refused != s->refused && s->proxy.len > 0) {
		if (s->want_refused) {
			if (s->proxy.fd >= 0)
				(void)close(s->proxy.fd);
			s->proxy.fd = -1;
			sockets_cut_proxied(s);
		} else if (sockets_listen(&s->proxy))
			log_error("cannot listen again: %s", strerror(errno));
	}
	s->refused = s->want_refused;
	BUG_ON(pthread_cond_broadcast(&s->changed) != 0);
	stop = s->stopping;
	sockets_unlock(s);
	return (stop);
}

static void *
sockets_main(void *arg)
{
	struct sockets *s = arg;
	bool stop = false;

	while (!stop) {
		struct pollfd p[3] = {
			{ .fd = s->wake, .events = POLLIN },
			{ .fd = s->http.fd, .events = POLLIN },
			{ .fd = s->proxy.fd, .events = POLLIN },
		};

		/* Full: whoever comes waits in the backlog. */
		sockets_lock(s);
		if (s->nconns >= s->o.max)
			p[1].fd = p[2].fd = -1;
		if (s->nheads >= HEADS_MAX)
			p[2].fd = -1;
		sockets_unlock(s);
		if (poll(p, NELEMS(p), -1) < 0) {
			BUG_ON(errno != EINTR);
			continue;
		}
		if (p[1].revents != 0)
			sockets_accept(s, &s->http, VIA_HTTP);
		if (p[2].revents != 0)
			sockets_accept(s, &s->proxy, VIA_PROXY);
		if (p[0].revents != 0)
			stop = sockets_flags(s);
	}
	return (NULL);
}

/* ---- the module's life ---- */

struct sockets *
sockets_new(const struct sockets_opts *o, struct err *e)
{
	struct sockets *s = mem_alloc(sizeof(*s));

	s->o = *o;
	s->http.fd = s->http.hold = s->proxy.fd = s->proxy.hold = -1;
	BUG_ON(pthread_mutex_init(&s->lock, NULL) != 0);
	BUG_ON(pthread_cond_init(&s->changed, NULL) != 0);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake < 0)
		(void)err_setno(e, "eventfd");
	else if (sockets_open(o, o->http, &s->http, e) == 0 &&
	    (o->proxy == NULL ||
	    sockets_open(o, o->proxy, &s->proxy, e) == 0))
		return (s);
	sockets_free(s);
	return (NULL);
}

int
sockets_run(struct sockets *s, struct err *e)
{
	int rc = pthread_create(&s->thread, NULL, sockets_main, s);

	if (rc != 0)
		return (err_set(e, "cannot make a thread: %s", strerror(rc)));
	s->running = true;
	return (0);
}

void
sockets_refuse(struct sockets *s, bool on)
{

	sockets_lock(s);
	s->want_refused = on;
	sockets_wake(s);
	while (s->refused != s->want_refused && !s->stopping)
		BUG_ON(pthread_cond_wait(&s->changed, &s->lock) != 0);
	sockets_unlock(s);
}

void
sockets_stop(struct sockets *s)
{

	if (!s->running)
		return;
	sockets_lock(s);
	s->stopping = true;
	sockets_wake(s);
	BUG_ON(pthread_cond_broadcast(&s->changed) != 0);
	sockets_unlock(s);
	BUG_ON(pthread_join(s->thread, NULL) != 0);
	s->running = false;
	sockets_close(&s->http);
	sockets_close(&s->proxy);
	sockets_lock(s);
	for (struct sockets_conn *c = s->conns; c != NULL; c = c->next)
		if (!c->started)
			(void)shutdown(c->fd, SHUT_RDWR);
	while (s->nheads > 0)
		BUG_ON(pthread_cond_wait(&s->changed, &s->lock) != 0);
	sockets_unlock(s);
}

void
sockets_free(struct sockets *s)
{
	struct sockets_conn *c, *next;

	if (s == NULL)
		return;
	BUG_ON(s->running);
	for (c = s->conns; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	sockets_close(&s->http);
	sockets_close(&s->proxy);
	if (s->wake >= 0)
		(void)close(s->wake);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
