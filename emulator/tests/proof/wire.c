#include "emulator/tests/proof/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/str.h"

#define ANSWER_MAX	(64u << 20)

void
wire_init(struct wire *w, int port)
{

	*w = (struct wire){ .port = port, .fd = -1 };
	buf_init(&w->rx, ANSWER_MAX);
	buf_init(&w->head, ANSWER_MAX);
	buf_init(&w->body, ANSWER_MAX);
}

static void
wire_drop(struct wire *w)
{

	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
	buf_reset(&w->rx);
}

void
wire_release(struct wire *w)
{

	wire_drop(w);
	buf_release(&w->rx);
	buf_release(&w->head);
	buf_release(&w->body);
}

static int
wire_connect(struct wire *w)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)w->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	BUG_ON(w->fd < 0);
	(void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return (connect(w->fd, (struct sockaddr *)&a, sizeof(a)));
}

static int
wire_send(struct wire *w, const char *p, size_t n)
{

	while (n > 0) {
		ssize_t k = send(w->fd, p, n, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return (-1);
		p += k;
		n -= (size_t)k;
	}
	return (0);
}

static int
wire_more(struct wire *w)
{
	char piece[65536];
	ssize_t k;

	do
		k = recv(w->fd, piece, sizeof(piece), 0);
	while (k < 0 && errno == EINTR);
	if (k <= 0)
		return (-1);
	buf_add(&w->rx, piece, (size_t)k);
	BUG_ON(!buf_ok(&w->rx));
	return (0);
}

bool
wire_header(const struct wire *w, const char *name, char *dst, size_t room)
{
	size_t n = strlen(name), len;

	for (const char *p = w->head.p; (p = strchr(p, '\n')) != NULL;) {
		p++;
		if (strncasecmp(p, name, n) != 0 || p[n] != ':')
			continue;
		p += n + 1;
		p += strspn(p, " ");
		len = strcspn(p, "\r\n");
		BUG_ON(len >= room);
		memcpy(dst, p, len);
		dst[len] = '\0';
		return (true);
	}
	return (false);
}

static int
wire_answer(struct wire *w, bool bodyless)
{
	int64_t length = 0;
	char text[32], *end;
	size_t n;

	while (w->rx.len == 0 || (end = strstr(w->rx.p, "\r\n\r\n")) == NULL)
		if (wire_more(w) != 0)
			return (-1);
	n = (size_t)(end - w->rx.p) + 4;
	buf_reset(&w->head);
	buf_add(&w->head, w->rx.p, n);
	buf_drop(&w->rx, n);
	w->status = atoi(w->head.p + strlen("HTTP/1.1 "));
	if (w->status == 100)
		return (wire_answer(w, bodyless));
	if (wire_header(w, "Content-Length", text, sizeof(text)) &&
	    !bodyless)
		BUG_ON(!str_int64(text, &length));
	while ((int64_t)w->rx.len < length)
		if (wire_more(w) != 0)
			return (-1);
	buf_reset(&w->body);
	buf_add(&w->body, w->rx.p, (size_t)length);
	buf_drop(&w->rx, (size_t)length);
	if (wire_header(w, "Connection", text, sizeof(text)) &&
	    strcasecmp(text, "close") == 0)
		wire_drop(w);
	return (0);
}

int
wire_do(struct wire *w, const char *method, const char *target,
    const char *extra, const void *body, size_t n)
{
	char *head = mem_printf("%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "Content-Length: %zu\r\n%s\r\n", method, target, w->port, n,
	    extra != NULL ? extra : "");
	int rc = -1;

	if ((w->fd >= 0 || wire_connect(w) == 0) &&
	    wire_send(w, head, strlen(head)) == 0 &&
	    wire_send(w, body, n) == 0)
		rc = wire_answer(w, strcmp(method, "HEAD") == 0);
	free(head);
	if (rc != 0)
		wire_drop(w);
	return (rc);
}
