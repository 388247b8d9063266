#include "emulator/http/exchange.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/control/journal.h"
#include "emulator/fault/fault.h"
#include "emulator/http/route.h"
#include "emulator/http/server.h"
#include "emulator/http/settle.h"
#include "emulator/http/sockets.h"
#include "emulator/identity/auth.h"
#include "lib/log.h"
#include "lib/str.h"

#define DRAIN_MAX	(64LL << 20)	/* of a body that was refused */
#define PIECE		(64u << 10)	/* of a body on its way out */
#define SETTLE_US	200000		/* for lines of answers before */
#define SERVER_NAME	"gcs-emulator (a fake Google Cloud)"

struct exchange {
	struct req rq;
	struct MHD_Connection *con;
	struct settle_entry sending;
	const char *target;
	unsigned timeout_s;		/* of the connection, while idle */
	int64_t	length;			/* of the body, -1 not known */
	int64_t	drained;
	bool	begun;			/* the head was seen */
	bool	routed;			/* rq.route is a row of the table */
	bool	opened;			/* route->begin() was called */
};

struct exchange *
exchange_new(struct emu *emu, struct MHD_Connection *con, const char *target)
{
	struct exchange *x = mem_alloc(sizeof(*x));

	req_init(&x->rq, emu);
	x->con = con;
	x->rq.mhd = con;
	x->rq.t0_us = clock_mono_us();
	x->rq.wall_us = clock_wall_us(&emu->clock);
	x->target = arena_strdup(&x->rq.arena, target);
	x->length = -1;
	return (x);
}

bool
exchange_begun(const struct exchange *x)
{

	return (x->begun);
}

static int
exchange_fd(const struct exchange *x)
{

	return (MHD_get_connection_info(x->con,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
}

/* No answer, by a close or a reset.  Always false. */
static bool
exchange_abort(struct exchange *x, bool rst)
{

	if (rst)
		sockets_reset(exchange_fd(x));
	x->rq.status = 0;
	return (false);
}

/* ---- the head ---- */

static void
exchange_fill(struct exchange *x, const char *method)
{
	const struct sockets_conn *c = MHD_get_connection_info(x->con,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	struct req *rq = &x->rq;
	const char *instead = NULL, *length;

	rq->n = journal_next(rq->emu->journal);
	rq->conn = c->n;
	rq->via = c->via;
	if (strcmp(method, "POST") == 0)
		instead = req_header(rq, "X-HTTP-Method-Override");
	rq->method = arena_strdup(&rq->arena,
	    instead != NULL ? instead : method);
	req_set_host(rq, req_header(rq, "Host"));
	length = req_header(rq, "Content-Length");
	if (length == NULL || !str_int64(length, &x->length))
		x->length = -1;
}

/* A web page that reached for localhost by a name of its own must find
 * nothing here, and what came through the proxy is meant for Google. */
static int
exchange_check_host(struct req *rq)
{
	enum route_host kind = route_host(rq->host);

	if (kind != HOST_FOREIGN &&
	    (kind == HOST_LOCAL) <= (rq->via == VIA_HTTP))
		return (0);
	req_fail(rq, 403, "forbidden", "gcs-emulator does not answer for the "
	    "host '%s'.", rq->host);
	return (-1);
}

static void
exchange_no_route(struct req *rq)
{
	const char *allow = route_allow(rq);

	if (allow == NULL) {
		req_fail(rq, 404, "notFound", "gcs-emulator serves nothing at "
		    "%s %s.", rq->method, rq->raw_path);
		return;
	}
	req_fail(rq, 405, "methodNotAllowed", "%s is not served with %s, but "
	    "with %s.", rq->raw_path, rq->method, allow);
	req_header_add(rq, "Allow", allow);
}

/* Who asks, what shall go wrong, may they: in this order. */
static void
exchange_judge(struct req *rq)
{

	auth_identify(rq);
	faults_match(rq->emu->faults, rq);
	(void)auth_permit(rq);
}

bool
exchange_head(struct exchange *x, const char *method)
{
	struct req *rq = &x->rq;

	x->begun = true;
	exchange_fill(x, method);
	if (server_stopping(rq->emu->server))
		return (exchange_abort(x, false));
	if (req_target(rq, x->target) == 0 && exchange_check_host(rq) == 0) {
		if (route_find(rq) == 0)
			x->routed = true;
		else
			exchange_no_route(rq);
	}
	if (rq->via == VIA_HTTP && rq->route->api != API_CONTROL &&
	    server_refused(rq->emu->server))
		return (exchange_abort(x, true));
	if (!x->routed || rq->route->body == BODY_BUF)
		return (true);
	exchange_judge(rq);
	if (rq->status == 0 && rq->route->body == BODY_STREAM) {
		x->opened = true;
		rq->route->begin(rq);
	}
	return (true);
}

/* ---- the body ---- */

bool
exchange_body(struct exchange *x, const void *p, size_t n)
{
	struct req *rq = &x->rq;

	rq->bytes_in += (int64_t)n;
	if (rq->status != 0 || rq->route->body == BODY_NONE) {
		/* Refused, or not wanted: most clients read no answer before
		 * they have sent everything. */
		x->drained += (int64_t)n;
		return (x->drained <= DRAIN_MAX || exchange_abort(x, false));
	}
	if (rq->route->body == BODY_BUF) {
		buf_add(&rq->body, p, n);
		if (!buf_ok(&rq->body))
			req_fail(rq, 413, "uploadTooLarge",
			    "The request's body is too large.");
		return (true);
	}
	rq->route->data(rq, p, n);
	if (rq->faults != NULL && faults_body(rq->emu->faults, rq,
	    rq->bytes_in, x->length))
		return (exchange_abort(x, rq->abort_rst));
	return (true);
}

/* ---- the reply ---- */

/* Pieces of an answer's body, through the fault point. */
static ssize_t
exchange_read(void *cls, uint64_t pos, char *dst, size_t room)
{
	struct exchange *x = cls;
	struct req *rq = &x->rq;
	int64_t left = rq->reply_len - (int64_t)pos;
	size_t n = left < (int64_t)room ? (size_t)left : room;
	ssize_t k;

	n = faults_out(rq->emu->faults, rq, (int64_t)pos, n);
	if (n == 0) {
		if (rq->abort_rst)
			sockets_reset(exchange_fd(x));
		return (MHD_CONTENT_READER_END_WITH_ERROR);
	}
	if (rq->reader == NULL) {
		memcpy(dst, (const char *)rq->reply + pos, n);
		k = (ssize_t)n;
	} else if (rq->reader->fd < 0) {
		memcpy(dst, rq->reader->data + rq->reader_off + pos, n);
		k = (ssize_t)n;
	} else {
		do
			k = pread(rq->reader->fd, dst, n,
			    rq->reader_off + (int64_t)pos);
		while (k < 0 && errno == EINTR);
		if (k <= 0) {
			log_error("http reading a payload: %s", k < 0 ?
			    strerror(errno) : "it is too short");
			return (MHD_CONTENT_READER_END_WITH_ERROR);
		}
	}
	faults_alter(rq, (int64_t)pos, dst, (size_t)k);
	rq->bytes_out = (int64_t)pos + k;
	return (k);
}

static struct MHD_Response *
exchange_payload(struct exchange *x)
{
	struct req *rq = &x->rq;
	struct store_reader *r = rq->reader;
	struct MHD_Response *res;
	bool watched = faults_watch_body(rq);

	if (rq->reader_len == 0)
		return (MHD_create_response_from_buffer(0, NULL,
		    MHD_RESPMEM_PERSISTENT));
	if (!watched && r->fd < 0)
		return (MHD_create_response_from_buffer(
		    (size_t)rq->reader_len,
		    (void *)(uintptr_t)(r->data + rq->reader_off),
		    MHD_RESPMEM_PERSISTENT));
	if (!watched && rq->via == VIA_HTTP) {
		/* By sendfile; the descriptor changes hands. */
		res = MHD_create_response_from_fd_at_offset64(
		    (uint64_t)rq->reader_len, r->fd,
		    (uint64_t)rq->reader_off);
		if (res != NULL)
			r->fd = -1;
		return (res);
	}
	return (MHD_create_response_from_callback((uint64_t)rq->reader_len,
	    PIECE, exchange_read, x, NULL));
}

static bool
exchange_send(struct exchange *x)
{
	struct req *rq = &x->rq;
	struct MHD_Response *res;
	enum MHD_Result ok;

	res = rq->reader != NULL ? exchange_payload(x) :
	    rq->reply_len > 0 && faults_watch_body(rq) ?
	    MHD_create_response_from_callback((uint64_t)rq->reply_len, PIECE,
	    exchange_read, x, NULL) : MHD_create_response_from_buffer((size_t)rq->reply_len,
	    (void *)(uintptr_t)rq->reply, MHD_RESPMEM_PERSISTENT);
	BUG_ON(res == NULL);
	for (size_t i = 0; i < rq->nheaders; i++)
		if (MHD_add_response_header(res, rq->headers[i].k,
		    rq->headers[i].v) != MHD_YES)
			log_debug("http header %s left out", rq->headers[i].k);
	(void)MHD_add_response_header(res, "Server", SERVER_NAME);
	if ((rq->route->api == API_STORAGE || rq->route->api == API_XML) &&
	    MHD_get_response_header(res, "X-GUploader-UploadID") == NULL)
		(void)MHD_add_response_header(res, "X-GUploader-UploadID",
		    arena_printf(&rq->arena, "emulator-%llu",
		    (unsigned long long)rq->n));
	if (rq->route->api != API_CONTROL)
		settle_begin(server_settle(rq->emu->server), &x->sending);
	ok = MHD_queue_response(x->con, (unsigned)rq->status, res);
	MHD_destroy_response(res);
	return (ok == MHD_YES);
}

/* The work: fault points around the route's handler. */
static void
exchange_work(struct exchange *x)
{
	struct req *rq = &x->rq;
	struct faults *f = rq->emu->faults;

	if (!x->routed)
		return;			/* refused; no rule knows it */
	if (rq->route->body == BODY_BUF && rq->status == 0)
		exchange_judge(rq);
	faults_apply(f, rq, FAULT_BEFORE);
	if (rq->abort)
		return;
	if (str_starts(rq->route->id, "emulator.journal"))
		(void)settle_wait(server_settle(rq->emu->server), SETTLE_US);
	if (rq->status == 0) {
		rq->route->handle(rq);
		BUG_ON(rq->status == 0 && !rq->abort);
	}
	if (!rq->abort)
		faults_apply(f, rq, FAULT_AFTER);
}

bool
exchange_end(struct exchange *x)
{

	/* Work and waits may last longer than an idle connection may. */
	x->timeout_s = MHD_get_connection_info(x->con,
	    MHD_CONNECTION_INFO_CONNECTION_TIMEOUT)->connection_timeout;
	(void)MHD_set_connection_option(x->con, MHD_CONNECTION_OPTION_TIMEOUT,
	    0u);
	exchange_work(x);
	if (x->rq.abort)
		return (exchange_abort(x, x->rq.abort_rst));
	return (exchange_send(x));
}

static bool
exchange_bodyless(const struct req *rq)
{

	return (strcmp(rq->method, "HEAD") == 0 || rq->status == 204 ||
	    rq->status == 304);
}

void
exchange_free(struct exchange *x, bool sent)
{
	struct req *rq = &x->rq;

	if (x->timeout_s > 0)
		(void)MHD_set_connection_option(x->con,
		    MHD_CONNECTION_OPTION_TIMEOUT, x->timeout_s);
	if (sent && !exchange_bodyless(rq))
		rq->bytes_out = rq->reply_len;
	if (x->begun)
		journal_add(rq->emu->journal, rq);
	settle_end(server_settle(rq->emu->server), &x->sending);
	if (x->opened)
		rq->route->done(rq);
	req_release(rq);
	free(x);
}
