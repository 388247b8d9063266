/* emulator/tests/wire.h: a server with bounds and a clock of the test's choice,
 * and bytes to and from it as they are.  Every function ends the test where
 * the transport itself fails. */
#ifndef EMULATOR_TESTS_WIRE_H
#define EMULATOR_TESTS_WIRE_H

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "emulator/http/server.h"
#include "emulator/http/tls.h"
#include "emulator/tests/fixture.h"
#include "lib/clock.h"
#include "lib/str.h"

#define WIRE_S	10		/* nothing here takes longer */

static struct fix x;
static struct tls tls;

static inline void
wire_start(const struct server_opts *opts)
{
	struct server_opts o = *opts;
	struct err e = ERR_INIT;

	(void)signal(SIGPIPE, SIG_IGN);
	fix_init(&x);
	x.emu.auth_http = false;
	ck_assert_msg(tls_setup(x.dir, false, "", &tls, &e) == 0, "%s",
	    err_msg(&e));
	x.emu.ca_file = tls.ca_file;
	o.http = "127.0.0.1:0";
	o.cert_pem = tls.cert_pem;
	o.key_pem = tls.key_pem;
	x.emu.server = server_start(&x.emu, &o, &e);
	ck_assert_msg(x.emu.server != NULL, "%s", err_msg(&e));
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST,
	    "/storage/v1/b?project=" FIX_PROJECT, "{\"name\":\"bkt\"}"), 200);
}

static inline void
wire_stop(void)
{

	server_stop(x.emu.server);
	tls_release(&tls);
	fix_release(&x);
}

static inline int
wire_open(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval tv = { .tv_sec = WIRE_S };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return (fd);
}

static inline int
wire_connect(void)
{

	return (wire_open(x.emu.http_port));
}

static inline void
wire_bytes(int fd, const void *p, size_t n)
{

	ck_assert_int_eq(send(fd, p, n, MSG_NOSIGNAL), (ssize_t)n);
}

static inline void
wire_send(int fd, const char *s)
{

	wire_bytes(fd, s, strlen(s));
}

/* True where the server has closed; nothing else may come. */
static inline bool
wire_ended(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	ck_assert_msg(n <= 0, "a byte came: 0x%02x", (unsigned char)c);
	return (n == 0 || errno == ECONNRESET);
}

/* One answer. */
struct wire {
	int	status;
	struct buf head, body;
};

static inline const char *
wire_header(const struct wire *w, const char *name)
{
	static _Thread_local char value[256];
	size_t n = strlen(name);

	for (const char *p = w->head.p; (p = strchr(p, '\n')) != NULL; )
		if (strncasecmp(++p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			p += strspn(p, " ");
			(void)snprintf(value, sizeof(value), "%.*s",
			    (int)strcspn(p, "\r\n"), p);
			return (value);
		}
	return (NULL);
}

/* Byte by byte, so that what follows stays in the socket.  bodyless: as of a
 * HEAD.  status 0: the connection has ended instead. */
static inline int
wire_answer(int fd, struct wire *w, bool bodyless)
{
	const char *length;
	char c, *piece;
	int64_t n = 0;

	buf_reset(&w->head);
	buf_reset(&w->body);
	w->status = 0;
	while (w->head.len < 4 ||
	    memcmp(w->head.p + w->head.len - 4, "\r\n\r\n", 4) != 0) {
		if (recv(fd, &c, 1, 0) != 1)
			return (0);
		buf_addc(&w->head, c);
	}
	ck_assert_int_eq(sscanf(w->head.p, "HTTP/1.1 %d ", &w->status), 1);
	length = wire_header(w, "Content-Length");
	if (length != NULL && !bodyless)
		ck_assert(str_int64(length, &n));
	piece = mem_alloc((size_t)n + 1);
	ck_assert_int_eq(n == 0 ? 0 : recv(fd, piece, (size_t)n, MSG_WAITALL),
	    n);
	buf_add(&w->body, piece, (size_t)n);
	free(piece);
	return (w->status);
}

static inline void
wire_init(struct wire *w)
{

	buf_init(&w->head, 1u << 16);
	buf_init(&w->body, 64u << 20);
}

static inline void
wire_release(struct wire *w)
{

	buf_release(&w->head);
	buf_release(&w->body);
}

#endif
