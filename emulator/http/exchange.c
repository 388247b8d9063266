#include "emulator/http/exchange.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emulator/control/gate.h"
#include "emulator/control/journal.h"
#include "emulator/control/metrics.h"
#include "emulator/fault/fault.h"
#include "emulator/http/answer.h"
#include "emulator/http/body.h"
#include "emulator/http/dispatch.h"
#include "emulator/http/gunzip.h"
#include "emulator/http/head.h"
#include "emulator/http/route.h"
#include "emulator/http/server.h"
#include "emulator/http/settle.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/str.h"

#define SETTLE_US	200000		/* for lines of answers before */

struct exchange {
	struct req rq;
	struct conn *c;
	const struct head *h;
	const char *host;		/* as it was asked for */
	struct body body;
	struct settle_entry sending;
	size_t	behind;			/* the head's end on the desk */
	int64_t	drained;
	bool	routed;			/* rq.route is a row of the table */
	bool	opened;			/* route->begin() was called */
	bool	inside;			/* of the gate */
	bool	cut;			/* the body's end will not be seen */
	bool	keep;
};

/* No answer, by a close or a reset.  Always false. */
static bool
exchange_abort(struct exchange *x, bool rst)
{

	if (rst)
		sockets_reset(&x->c->sc);
	x->rq.status = 0;
	return (false);
}

/* ---- the head ---- */

static void
exchange_fill(struct exchange *x, int64_t t0_us)
{
	const struct sockets_conn *sc = &x->c->sc;
	struct req *rq = &x->rq;
	const char *host = x->h->host;

	rq->head = x->h;
	rq->t0_us = t0_us;
	rq->wall_us = clock_wall_us(&rq->emu->clock);
	rq->n = journal_next(rq->emu->journal);
	rq->conn = sc->n;
	rq->via = sc->way == SOCKETS_PROXY ? VIA_PROXY :
	    sockets_is_google(sc->way) ? VIA_DIRECT : VIA_HTTP;
	rq->tls = sockets_is_tls(sc->way) && !x->c->plain;
	if (host == NULL && rq->via == VIA_HTTP)	/* HTTP/1.0 */
		host = arena_printf(&rq->arena, "127.0.0.1:%d",
		    rq->tls ? rq->emu->https_port : rq->emu->http_port);
	x->host = host;
}

/* Reading one object waits for nobody.  All else may: for a body, for other
 * writers, for a drill; or takes its time, as a listing does. */
static bool
exchange_swift(const struct exchange *x)
{
	const struct req *rq = &x->rq;

	return (x->routed && rq->route->body == BODY_NONE &&
	    rq->object != NULL && (strcmp(rq->method, "GET") == 0 ||
	    strcmp(rq->method, "HEAD") == 0));
}

/* What works with the store, from before it is judged until it has done its
 * work. */
static void
exchange_enter(struct exchange *x)
{
	const struct req *rq = &x->rq;
	struct gate *gate = rq->emu->gate;

	if (rq->route->api == API_CONTROL)
		return;			/* they close it, or wait for others */
	x->inside = true;
	if (gate_try(gate))
		return;
	crew_block(x->c->hand);
	gate_enter(gate);
}

static void
exchange_leave(struct exchange *x)
{

	if (x->inside)
		gate_leave(x->rq.emu->gate);
	x->inside = false;
}

/* Does a rule about connections let it pass? */
static bool
exchange_door(struct exchange *x)
{

	switch (server_door(x->rq.emu->server, &x->rq)) {
	case DOOR_REFUSE:
		return (exchange_abort(x, true));
	case DOOR_MUTE:
		crew_block(x->c->hand);
		faults_swallow(x->rq.emu->faults);
		return (exchange_abort(x, false));
	default:
		return (true);
	}
}

static bool
exchange_head(struct exchange *x)
{
	struct req *rq = &x->rq;

	x->routed = dispatch_find(rq, x->host);
	if (server_stopping(rq->emu->server))
		return (exchange_abort(x, false));
	if (!exchange_door(x))
		return (false);
	if (!exchange_swift(x))
		crew_block(x->c->hand);
	if (x->routed && rq->route->body == BODY_BUF &&
	    x->h->length > REQ_BODY_MAX)
		req_body_too_large(rq);
	if (!x->routed || rq->route->body == BODY_BUF)
		return (true);
	exchange_enter(x);
	dispatch_judge(rq);
	if (rq->faults != NULL)
		crew_block(x->c->hand);
	if (rq->status == 0 && rq->route->body == BODY_STREAM) {
		if (gunzip_given(rq))
			gunzip_expect(rq);
		x->opened = true;
		rq->route->begin(rq);
	}
	return (true);
}

/* ---- the body ---- */

/* To the route, in such pieces that a rule looks on at the byte it names. */
static bool
exchange_stream(struct exchange *x, const char *p, size_t n)
{
	struct req *rq = &x->rq;
	int64_t room;
	size_t k;

	for (; n > 0 && rq->status == 0; p += k, n -= k) {
		k = n;
		if (rq->faults != NULL) {
			room = faults_body_room(rq, rq->bytes_in);
			k = (int64_t)n < room ? n : (size_t)room;
		}
		rq->bytes_in += (int64_t)k;
		rq->route->data(rq, p, k);
		if (rq->faults != NULL && faults_body(rq->emu->faults, rq,
		    rq->bytes_in, x->h->length))
			return (exchange_abort(x, rq->abort_rst));
	}
	rq->bytes_in += (int64_t)n;
	return (true);
}

static bool
exchange_piece(struct exchange *x, const char *p, size_t n)
{
	struct req *rq = &x->rq;

	if (rq->status == 0 && rq->route->body == BODY_STREAM)
		return (exchange_stream(x, p, n));
	rq->bytes_in += (int64_t)n;
	if (rq->status != 0 || rq->route->body == BODY_NONE) {
		/* Refused, or not wanted: most clients read no answer before
		 * they have sent everything. */
		x->drained += (int64_t)n;
		return (true);
	}
	req_body_add(rq, p, n);
	return (true);
}

/* Is it of no use to wait for the body?  A client that asks first is told at
 * once; one that sends more than anyone drains will be told when it looks. */
static bool
exchange_pointless(const struct exchange *x)
{
	bool refused = x->rq.status != 0 || x->rq.route->body == BODY_NONE;

	return (refused && (x->drained > LIMIT_DRAIN ||
	    x->h->length > LIMIT_DRAIN ||
	    (x->h->expect && x->rq.bytes_in == 0)));
}

static bool
exchange_continue(struct exchange *x)
{
	static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct iovec v = { go_on, sizeof(go_on) - 1 };

	return (!x->h->expect || x->rq.bytes_in > 0 ||
	    conn_send(x->c, &v, 1, false) == 0);
}

static bool
exchange_receive(struct exchange *x)
{
	struct desk *d = x->c->desk;
	enum body_rc rc;
	size_t used, n;
	bool asked = false;
	char *data;

	body_init(&x->body, x->h->chunked, x->h->length);
	for (;;) {
		rc = body_take(&x->body, conn_in(x->c), d->len, &used, &data,
		    &n);
		conn_took(x->c, used);
		if (n > 0 && !exchange_piece(x, data, n))
			return (false);
		if (rc == BODY_END)
			return (true);
		x->cut = rc == BODY_BAD || exchange_pointless(x);
		if (rc == BODY_BAD && x->rq.status == 0)
			req_fail(&x->rq, 400, "badRequest",
			    "The chunks of the body are malformed.");
		if (x->cut)
			return (true);
		if (!asked && !exchange_continue(x))
			return (false);
		asked = true;
		/* All of it was taken: again from behind the head. */
		d->at = x->behind;
		if (conn_more(x->c, true) != CONN_OK)
			return (exchange_abort(x, false));
	}
}

/* ---- the reply ---- */

/* n bytes of the body from `pos` on, for a rule that may change them. */
static bool
exchange_copy(const struct exchange *x, int64_t pos, char *p, size_t n)
{
	const struct req *rq = &x->rq;
	const struct store_reader *r = rq->reader;
	ssize_t k;

	if (r == NULL || r->fd < 0) {
		memcpy(p, r == NULL ? (const char *)rq->reply + pos :
		    (const char *)r->data + rq->reader_off + pos, n);
		return (true);
	}
	for (; n > 0; p += k, pos += k, n -= (size_t)k) {
		do
			k = pread(r->fd, p, n, rq->reader_off + pos);
		while (k < 0 && errno == EINTR);
		if (k <= 0)
			return (false);
	}
	return (true);
}

/* The body behind its head, through the fault point. */
static bool
exchange_send_watched(struct exchange *x)
{
	struct req *rq = &x->rq;
	char *p = desk_piece(x->c->desk);

	while (rq->bytes_out < rq->reply_len) {
		int64_t left = rq->reply_len - rq->bytes_out;
		size_t n = left < (int64_t)DESK_PIECE ? (size_t)left :
		    DESK_PIECE;
		struct iovec v = { .iov_base = p };

		n = faults_out(rq->emu->faults, rq, rq->bytes_out, n);
		if (n == 0)
			return (exchange_abort(x, rq->abort_rst));
		if (!exchange_copy(x, rq->bytes_out, p, n)) {
			log_error("http a payload could not be read");
			return (false);
		}
		faults_alter(rq, rq->bytes_out, p, n);
		v.iov_len = n;
		if (conn_send(x->c, &v, 1, false))
			return (false);
		rq->bytes_out += (int64_t)n;
	}
	return (true);
}

/* A piece of a streamed body, through the fault point; with chunks as one. */
static bool
exchange_send_piece(struct exchange *x, char *p, size_t n, bool chunks)
{
	struct req *rq = &x->rq;
	bool watched = faults_watch_body(rq);
	struct iovec v[3];
	char size[24];
	size_t k;

	for (; n > 0; p += k, n -= k) {
		k = watched ? faults_out(rq->emu->faults, rq, rq->bytes_out,
		    n) : n;
		if (k == 0)
			return (exchange_abort(x, rq->abort_rst));
		if (watched)
			faults_alter(rq, rq->bytes_out, p, k);
		v[0].iov_base = size;
		v[0].iov_len = (size_t)snprintf(size, sizeof(size), "%zx\r\n",
		    k);
		v[1] = (struct iovec){ p, k };
		v[2] = (struct iovec){ (char *)(uintptr_t)"\r\n", 2 };
		if (conn_send(x->c, chunks ? v : v + 1, chunks ? 3 : 1,
		    false))
			return (false);
		rq->bytes_out += (int64_t)k;
	}
	return (true);
}

/* A body that is made as it goes out.  HTTP/1.0 has no chunks; there the
 * connection's end is the body's. */
static bool
exchange_send_stream(struct exchange *x)
{
	struct req_stream *s = x->rq.stream;
	char *p = desk_piece(x->c->desk);
	bool chunks = x->h->minor > 0;
	struct iovec end = { (char *)(uintptr_t)"0\r\n\r\n", 5 };
	ssize_t n;

	crew_block(x->c->hand);		/* it may be long in the making */
	while ((n = s->read(s->cls, p, DESK_PIECE)) > 0)
		if (!exchange_send_piece(x, p, (size_t)n, chunks))
			return (false);
	return (n == 0 && (!chunks || conn_send(x->c, &end, 1, false) == 0));
}

static bool
exchange_send_file(struct exchange *x)
{
	struct req *rq = &x->rq;

	if (conn_send_file(x->c, rq->reader->fd, rq->reader_off,
	    rq->reader_len, &rq->bytes_out) == 0)
		return (true);
	if (errno == EIO)
		log_error("http a payload could not be read");
	return (false);
}

/* Head and body: in one where the body is in memory, else the one behind the
 * other. */
static bool
exchange_send_out(struct exchange *x)
{
	struct req *rq = &x->rq;
	const struct store_reader *r = rq->reader;
	struct buf *head = &x->c->desk->out;
	bool body = !answer_bodyless(rq) && rq->reply_len > 0;
	bool watched = body && faults_watch_body(rq);
	bool file = body && !watched && r != NULL && r->fd >= 0;
	struct iovec v[2] = { { head->p, head->len } };
	int n = 1;

	if (rq->stream != NULL)
		return (conn_send(x->c, v, 1, false) == 0 &&
		    (answer_bodyless(rq) || exchange_send_stream(x)));
	if (body && !watched && !file) {
		v[1].iov_base = (char *)(uintptr_t)(r == NULL ? rq->reply :
		    (const void *)(r->data + rq->reader_off));
		v[1].iov_len = (size_t)rq->reply_len;
		n = 2;
	}
	if (conn_send(x->c, v, n, file))
		return (false);
	if (watched)
		return (exchange_send_watched(x));
	return (!file || exchange_send_file(x));
}

static bool
exchange_send(struct exchange *x)
{
	struct req *rq = &x->rq;
	struct desk *d = x->c->desk;

	req_hold(rq);
	x->keep = x->h->keep_alive && !x->cut &&
	    (rq->stream == NULL || x->h->minor > 0) &&
	    !server_stopping(rq->emu->server);
	answer_head(d, rq, x->h, x->keep);
	if (!buf_ok(&d->out)) {
		log_error("http the answer's head is too long");
		return (false);
	}
	if (rq->route->api != API_CONTROL)
		settle_begin(server_settle(rq->emu->server), &x->sending);
	return (exchange_send_out(x));
}

/* The work: fault points around the route's handler. */
static void
exchange_work(struct exchange *x)
{
	struct req *rq = &x->rq;

	if (!x->routed)
		return;			/* refused; no rule knows it */
	if (rq->route->body == BODY_BUF && rq->status == 0) {
		if (gunzip_given(rq))
			gunzip_body(rq);
		exchange_enter(x);
		if (rq->status == 0)
			dispatch_judge(rq);
	}
	if (str_starts(rq->route->id, "emulator.journal") ||
	    rq->route->handle == metrics_h)
		(void)settle_wait(server_settle(rq->emu->server), SETTLE_US);
	dispatch_work(rq);
	if (!x->opened)
		exchange_leave(x);
}

static bool
exchange_end(struct exchange *x)
{

	exchange_work(x);
	if (x->rq.abort)
		return (exchange_abort(x, x->rq.abort_rst));
	return (exchange_door(x) && exchange_send(x));
}

/* sent: the whole reply has gone out. */
static void
exchange_finish(struct exchange *x, bool sent)
{
	struct req *rq = &x->rq;

	if (sent && rq->stream == NULL && !answer_bodyless(rq))
		rq->bytes_out = rq->reply_len;
	journal_add(rq->emu->journal, rq);
	settle_end(server_settle(rq->emu->server), &x->sending);
	if (x->opened)
		rq->route->done(rq);
	exchange_leave(x);
}

static enum exchange_rc
exchange_say(struct conn *c, int status, const char *why, bool head)
{
	struct iovec v;

	log_debug("http conn=%llu %d %s", (unsigned long long)c->sc.n, status,
	    why);
	answer_refusal(c->desk, status, why, head);
	v.iov_base = c->desk->out.p;
	v.iov_len = c->desk->out.len;
	return (conn_send(c, &v, 1, false) ? EXCHANGE_CLOSE :
	    EXCHANGE_LINGER);
}

enum exchange_rc
exchange_refuse(struct conn *c, int status, const char *why)
{

	return (exchange_say(c, status, why, false));
}

enum exchange_rc
exchange_run(struct emu *emu, struct conn *c, size_t n, int64_t t0_us)
{
	struct exchange x = { .c = c };
	enum exchange_rc rc;
	struct arena arena;
	struct head h;
	const char *why = "";
	int status;

	/* The desk's arena goes from request to request. */
	req_init(&x.rq, emu);
	x.rq.arena = c->desk->arena;
	status = head_parse(&h, &x.rq.arena, conn_in(c), n, &why);
	conn_took(c, n);
	if (status == 0) {
		bool sent;

		x.h = &h;
		x.behind = c->desk->at;
		exchange_fill(&x, t0_us);
		sent = exchange_head(&x) && exchange_receive(&x) &&
		    exchange_end(&x);
		exchange_finish(&x, sent);
		rc = !sent ? EXCHANGE_CLOSE : x.keep ? EXCHANGE_KEEP :
		    x.cut ? EXCHANGE_LINGER : EXCHANGE_CLOSE;
	} else
		rc = exchange_say(c, status, why, h.method != NULL &&
		    strcmp(h.method, "HEAD") == 0);
	arena = x.rq.arena;
	x.rq.arena = (struct arena)ARENA_INIT;
	req_release(&x.rq);
	arena_reset(&arena);
	c->desk->arena = arena;
	return (rc);
}
