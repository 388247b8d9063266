#include "emulator/http/proxy.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "emulator/http/head.h"
#include "emulator/http/route.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/str.h"

#define CONNECT_MAX	(8u << 10)
#define HEAD_US		(10 * 1000000LL)	/* to send it in */

/* Where the head ends in p[0..n), looking from `from` on; 0: not yet. */
static size_t
proxy_head_end(const char *p, size_t from, size_t n)
{

	for (size_t i = from; i < n; i++) {
		if (p[i] != '\n')
			continue;
		if (i >= 1 && p[i - 1] == '\n')
			return (i + 1);
		if (i >= 3 && memcmp(p + i - 3, "\r\n\r\n", 4) == 0)
			return (i + 1);
	}
	return (0);
}

/* A request that is no CONNECT: who is served next reads it from its start. */
static bool
proxy_is_plain(const char *p, size_t n)
{
	static const char word[] = "CONNECT ";

	return (head_begins(p, n) == NULL && strncasecmp(p, word,
	    n < sizeof(word) - 1 ? n : sizeof(word) - 1) != 0);
}

/* Read up to the blank line and not a byte more: what follows is the client's
 * TLS handshake, for whoever gets the socket next.  0, or the status, or
 * PROXY_PLAIN with nothing read. */
static int
proxy_read_head(int fd, struct buf *head)
{
	int64_t deadline = clock_mono_us() + HEAD_US, left;
	char piece[2048];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		size_t end, had = head->len;
		ssize_t n;

		if ((left = deadline - clock_mono_us()) <= 0)
			return (408);
		if (poll(&p, 1, (int)(left / 1000) + 1) <= 0)
			continue;	/* the clock decides */
		n = recv(fd, piece, sizeof(piece), MSG_PEEK | MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return (-1);
		buf_add(head, piece, (size_t)n);
		if (!buf_ok(head))
			return (431);
		if (had == 0 && proxy_is_plain(head->p, head->len))
			return (PROXY_PLAIN);
		if (head_begins(head->p, head->len) != NULL)
			return (405);
		end = proxy_head_end(head->p, had > 3 ? had - 3 : 0,
		    head->len);
		if (end > 0)
			buf_cut(head, end);
		n = recv(fd, piece, head->len - had, 0);
		if (n < 0 || (size_t)n != head->len - had)
			return (-1);
		if (end > 0)
			return (0);
	}
}

/* Send the answer; the socket may have no room only where the peer reads
 * nothing, and then nobody is there to be told. */
static void
proxy_send(int fd, const char *s, size_t n)
{
	ssize_t k = send(fd, s, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)k;
}

static int
proxy_refuse(int fd, int status, const char *phrase, const char *text)
{
	struct buf b;

	buf_init(&b, 4u << 10);
	buf_addf(&b, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
	    phrase, strlen(text), text);
	proxy_send(fd, b.p, b.len);
	buf_release(&b);
	/* So that close() finds nothing unread, which would make it a reset
	 * and cost the client our text. */
	(void)shutdown(fd, SHUT_WR);
	return (status);
}

/* "CONNECT host:port HTTP/1.1" → the host in lower case, and its port. */
static const char *
proxy_parse(struct arena *a, const char *head, const char **port)
{
	const char *p = head + strlen("CONNECT ");
	size_t n = strcspn(p, " \r\n");
	char *host, *colon;

	host = arena_strndup(a, p, n);
	for (char *q = host; *q != '\0'; q++)
		*q = (char)tolower((unsigned char)*q);
	colon = strrchr(host, ':');
	if (p[n] != ' ' || !str_starts(p + n, " HTTP/1.") || colon == NULL ||
	    colon == host)
		return (NULL);
	*colon = '\0';
	*port = colon + 1;
	return (host);
}

/* What stands for Google, at the ports of TLS and of plain HTTP.  The metadata
 * server speaks no TLS. */
static bool
proxy_may(const char *host, const char *port)
{
	bool secure = strcmp(port, "443") == 0;

	switch (route_host(host)) {
	case HOST_FOREIGN:
	case HOST_LOCAL:
	case HOST_LOCAL_BUCKET:
		return (false);
	case HOST_METADATA:
		return (strcmp(port, "80") == 0);
	default:
		return (secure || strcmp(port, "80") == 0);
	}
}

int
proxy_connect(int fd, struct arena *a, const char **host, bool *plain)
{
	static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	const char *port = "";
	struct buf head;
	int rc;

	*host = NULL;
	*plain = false;
	buf_init(&head, CONNECT_MAX);
	rc = proxy_read_head(fd, &head);
	if (rc == 0 && strncasecmp(head.p, "CONNECT ", 8) == 0)
		*host = proxy_parse(a, head.p, &port);
	else if (rc == 0)
		rc = 405;
	buf_release(&head);
	switch (rc) {
	case 0:
		break;
	case PROXY_PLAIN:
		*plain = true;
		return (PROXY_PLAIN);
	case 405:
		return (proxy_refuse(fd, 405, "Method Not Allowed",
		    "gcs-emulator: this port is a proxy: it takes CONNECT, "
		    "and plain HTTP with a whole URL.\n"));
	case 408:
		return (proxy_refuse(fd, 408, "Request Timeout",
		    "gcs-emulator: the request's head did not come in "
		    "time.\n"));
	case 431:
		return (proxy_refuse(fd, 431,
		    "Request Header Fields Too Large",
		    "gcs-emulator: the request's head is too long.\n"));
	default:
		return (0);
	}
	if (*host == NULL)
		return (proxy_refuse(fd, 400, "Bad Request",
		    "gcs-emulator: malformed CONNECT; HOST:PORT is "
		    "wanted.\n"));
	if (!proxy_may(*host, port))
		return (proxy_refuse(fd, 403, "Forbidden", arena_printf(a,
		    "gcs-emulator: %.260s:%.20s is not an emulated host, and "
		    "nothing run under the emulator reaches the real "
		    "network.\n", *host, port)));
	*plain = strcmp(port, "80") == 0;
	proxy_send(fd, ok, sizeof(ok) - 1);
	return (200);
}
