#include "emulator/http/conn.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"

#define OUT_MAX		(1u << 20)	/* the head of an answer */
#define RECORD		(16u << 10)	/* of TLS */
#define OURS_US		100000		/* between two waits: work of our own */

struct desk *
desk_new(void)
{
	struct desk *d = mem_map(sizeof(*d));

	buf_init(&d->out, OUT_MAX);
	d->date_s = -1;
	return (d);
}

void
desk_free(struct desk *d)
{

	arena_release(&d->arena);
	buf_release(&d->out);
	free(d->piece);
	mem_unmap(d, sizeof(*d));
}

char *
desk_piece(struct desk *d)
{

	if (d->piece == NULL)
		d->piece = mem_realloc(NULL, DESK_PIECE);
	return (d->piece);
}

void
conn_sit(struct conn *c, struct hand *hand, struct desk *desk)
{

	c->hand = hand;
	c->desk = desk;
	desk->at = 0;
	desk->len = c->nrest;
	c->begun = c->nrest > 0;
	if (c->nrest == 0)
		return;
	memcpy(desk->in, c->rest, c->nrest);
	free(c->rest);
	c->rest = NULL;
	c->nrest = 0;
}

void
conn_rise(struct conn *c)
{

	if (c->desk->len > 0) {
		c->rest = mem_dup(conn_in(c), c->desk->len);
		c->nrest = c->desk->len;
	}
	c->desk = NULL;
	c->hand = NULL;
}

void
conn_release(struct conn *c)
{

	if (c->ssl != NULL && sockets_ended(&c->sc) == END_NONE)
		(void)SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	ERR_clear_error();
	free(c->rest);
	c->ssl = NULL;
	c->rest = NULL;
}

enum conn_tls
conn_handshake(struct conn *c, SSL_CTX *ctx)
{
	unsigned long code;
	int reason;

	ERR_clear_error();
	c->ssl = SSL_new(ctx);
	BUG_ON(c->ssl == NULL || SSL_set_fd(c->ssl, c->sc.fd) != 1);
	if (SSL_accept(c->ssl) == 1)
		return (CONN_TLS);
	code = ERR_peek_error();
	reason = ERR_GET_REASON(code);
	log_debug("tls conn=%llu no handshake: %s",
	    (unsigned long long)c->sc.n, code != 0 ?
	    ERR_reason_error_string(code) : "the client has gone");
	ERR_clear_error();
	SSL_free(c->ssl);
	c->ssl = NULL;
	return (reason == SSL_R_HTTP_REQUEST ||
	    reason == SSL_R_HTTPS_PROXY_REQUEST ? CONN_TLS_PLAIN :
	    CONN_TLS_NONE);
}

/* From here on the client is waited for: it has had its time since it last
 * moved LIMIT_MOVE bytes, but not what we took for ourselves meanwhile. */
static void
conn_wait(struct conn *c, enum sockets_phase phase)
{
	int64_t now = clock_mono_us();

	crew_block(c->hand);
	if (c->moved == 0 || now - c->left_us > OURS_US)
		c->since_us = now;
	sockets_phase_at(&c->sc, phase, c->since_us);
}

/* … and n bytes have moved. */
static void
conn_moved(struct conn *c, size_t n)
{

	c->left_us = clock_mono_us();
	c->moved += n;
	if (c->moved >= LIMIT_MOVE)
		c->moved = 0;
	sockets_phase_at(&c->sc, PHASE_WORK, c->left_us);
}

/* ---- in ---- */

static ssize_t
conn_recv_tls(struct conn *c, char *p, size_t room)
{
	int n;

	crew_block(c->hand);
	ERR_clear_error();
	n = SSL_read(c->ssl, p, (int)room);
	return (n > 0 ? n : 0);
}

enum conn_rc
conn_more(struct conn *c, bool wait)
{
	struct desk *d = c->desk;
	size_t used = d->at + d->len;
	ssize_t n;

	BUG_ON(used >= sizeof(d->in));
	if (wait)
		conn_wait(c, PHASE_BODY);
	if (c->ssl != NULL)
		n = conn_recv_tls(c, d->in + used, sizeof(d->in) - used);
	else
		do
			n = recv(c->sc.fd, d->in + used, sizeof(d->in) - used,
			    wait ? 0 : MSG_DONTWAIT);
		while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return (CONN_EMPTY);
	if (n <= 0)
		return (CONN_END);
	d->len += (size_t)n;
	if (wait)
		conn_moved(c, (size_t)n);
	return (CONN_OK);
}

void
conn_took(struct conn *c, size_t n)
{

	BUG_ON(n > c->desk->len);
	c->desk->at += n;
	c->desk->len -= n;
	c->looked = 0;
}

void
conn_align(struct conn *c)
{
	struct desk *d = c->desk;

	if (d->at > 0 && d->len > 0)
		memmove(d->in, conn_in(c), d->len);
	d->at = 0;
}

bool
conn_unread(const struct conn *c)
{

	return (c->desk->len > 0 ||
	    (c->ssl != NULL && SSL_pending(c->ssl) > 0));
}

/* ---- out ---- */

static int
conn_write_tls(struct conn *c, const char *p, size_t n)
{

	while (n > 0) {
		size_t k = n < RECORD ? n : RECORD;

		conn_wait(c, PHASE_SEND);
		ERR_clear_error();
		if (SSL_write(c->ssl, p, (int)k) <= 0)
			return (-1);
		conn_moved(c, k);
		p += k;
		n -= k;
	}
	return (0);
}

/* One record for what fits into one: a head and its small body. */
static int
conn_send_tls(struct conn *c, const struct iovec *v, int n)
{
	char record[RECORD];
	size_t have = 0;

	for (int i = 0; i < n; i++) {
		if (have + v[i].iov_len <= sizeof(record)) {
			if (v[i].iov_len > 0)
				memcpy(record + have, v[i].iov_base,
				    v[i].iov_len);
			have += v[i].iov_len;
			continue;
		}
		if ((have > 0 && conn_write_tls(c, record, have)) ||
		    conn_write_tls(c, v[i].iov_base, v[i].iov_len))
			return (-1);
		have = 0;
	}
	return (have > 0 ? conn_write_tls(c, record, have) : 0);
}

/* Take n sent bytes off the front of v. */
static void
conn_advance(struct iovec **v, int *n, size_t sent)
{

	while (*n > 0 && sent >= (*v)->iov_len) {
		sent -= (*v)->iov_len;
		(*v)++;
		(*n)--;
	}
	if (*n > 0) {
		(*v)->iov_base = (char *)(*v)->iov_base + sent;
		(*v)->iov_len -= sent;
	}
}

int
conn_send(struct conn *c, struct iovec *v, int n, bool more)
{
	bool waits = false;
	ssize_t k;

	if (c->ssl != NULL)
		return (conn_send_tls(c, v, n));
	conn_advance(&v, &n, 0);
	while (n > 0) {
		struct iovec part = *v;
		struct msghdr m = { .msg_iov = v, .msg_iovlen = (size_t)n };

		if (waits) {
			/* It returns when all has gone: in pieces, so that it
			 * can be seen to move. */
			part.iov_len = part.iov_len < LIMIT_PIECE ?
			    part.iov_len : LIMIT_PIECE;
			m = (struct msghdr){ .msg_iov = &part,
			    .msg_iovlen = 1 };
			conn_wait(c, PHASE_SEND);
		}
		k = sendmsg(c->sc.fd, &m, MSG_NOSIGNAL |
		    (waits ? 0 : MSG_DONTWAIT) | (more ? MSG_MORE : 0));
		if (k < 0 && errno == EAGAIN && !waits)
			waits = true;
		else if (k < 0 && errno != EINTR)
			return (-1);
		if (k < 0)
			continue;
		if (waits)
			conn_moved(c, (size_t)k);
		conn_advance(&v, &n, (size_t)k);
	}
	return (0);
}

/* Through TLS the bytes must be seen. */
static int
conn_send_file_tls(struct conn *c, int fd, int64_t off, int64_t len,
    int64_t *sent)
{
	char *piece = desk_piece(c->desk);
	ssize_t k;

	for (; len > 0; off += k, len -= k, *sent += k) {
		do
			k = pread(fd, piece, len < (int64_t)DESK_PIECE ?
			    (size_t)len : DESK_PIECE, off);
		while (k < 0 && errno == EINTR);
		if (k <= 0) {
			errno = k < 0 ? errno : EIO;
			return (-1);
		}
		if (conn_write_tls(c, piece, (size_t)k)) {
			errno = EPIPE;
			return (-1);
		}
	}
	return (0);
}

/* How long the kernel waits for room before it says how much has gone. */
static void
conn_send_timeout(const struct conn *c, time_t seconds)
{
	const struct timeval t = { .tv_sec = seconds };

	BUG_ON(setsockopt(c->sc.fd, SOL_SOCKET, SO_SNDTIMEO, &t,
	    sizeof(t)) != 0);
}

/* A client on this machine, or nearly, needs no megabytes on their way: they
 * would only leave the caches before they are read, and shut the window of one
 * who reads slowly.  Measured with 1 GiB and a busy machine, SO_SNDBUF of 128,
 * 256, 512 KiB, 1 MiB and none: 2090, 1285, 1255, 821, 850 MB/s whole, 2138,
 * 1187, 1536, 1357, 850 in 64 ranges; Litestream 0.3.13 restores in 403 ms
 * with 256 KiB, in 472 without. */
static void
conn_send_near(struct conn *c)
{
	const int room = LIMIT_NEAR;
	struct tcp_info t = { .tcpi_min_rtt = UINT32_MAX };
	socklen_t n = sizeof(t);

	if (c->near_asked)
		return;
	c->near_asked = true;
	if (getsockopt(c->sc.fd, IPPROTO_TCP, TCP_INFO, &t, &n) == 0 &&
	    t.tcpi_min_rtt < LIMIT_NEAR_US)
		(void)setsockopt(c->sc.fd, SOL_SOCKET, SO_SNDBUF, &room,
		    sizeof(room));
}

static ssize_t
conn_sendfile(const struct conn *c, int fd, off_t *at, size_t n)
{
	ssize_t k;

	do
		k = sendfile(c->sc.fd, fd, at, n);
	while (k < 0 && (errno == EINTR || errno == EAGAIN));
	return (k);
}

int
conn_send_file(struct conn *c, int fd, int64_t off, int64_t len,
    int64_t *sent)
{
	bool timed = c->ssl == NULL && len > LIMIT_PIECE;
	off_t at = (off_t)off;
	ssize_t k = 0;
	int no;

	if (c->ssl != NULL)
		return (conn_send_file_tls(c, fd, off, len, sent));
	if (timed) {
		conn_send_near(c);
		conn_send_timeout(c, LIMIT_FILE_S);
	}
	while (len > 0) {
		conn_wait(c, PHASE_SEND);
		k = conn_sendfile(c, fd, &at,
		    len < LIMIT_FILE ? (size_t)len : LIMIT_FILE);
		if (k <= 0)
			break;
		len -= k;
		*sent += k;
		conn_moved(c, (size_t)k);
	}
	no = k < 0 ? errno : EIO;
	if (timed)
		conn_send_timeout(c, 0);
	errno = no;
	return (len > 0 ? -1 : 0);
}

bool
conn_linger(struct conn *c)
{
	char waste[16u << 10];
	ssize_t n;

	if (!c->linger) {
		c->linger = true;
		if (c->ssl != NULL)
			(void)SSL_shutdown(c->ssl);
		(void)shutdown(c->sc.fd, SHUT_WR);
		sockets_phase(&c->sc, PHASE_LINGER);
	}
	c->desk->len = 0;
	crew_block(c->hand);
	do
		n = recv(c->sc.fd, waste, sizeof(waste), MSG_DONTWAIT);
	while (n > 0 || (n < 0 && errno == EINTR));
	return (n < 0 && errno == EAGAIN);
}
