#include "emulator/api/batch.h"

#include <string.h>
#include <strings.h>

#include "emulator/api/multipart.h"
#include "emulator/control/journal.h"
#include "emulator/http/answer.h"
#include "emulator/http/dispatch.h"
#include "emulator/http/head.h"
#include "emulator/http/route.h"
#include "lib/str.h"

#define PART_MAX	(10u << 20)	/* no more comes in a whole batch */
#define OUT_MAX		(64u << 20)	/* all answers together */

/* One call: the part's name and, in `text`, the request. */
struct call {
	const char *id;			/* Content-ID, or NULL */
	bool	http;			/* its type is application/http */
	struct buf text;
};

struct batch {
	struct req *rq;
	struct multipart *parts;
	struct call calls[BATCH_MAX];
	int	n;
};

/* ---- the parts ---- */

static void
batch_part(void *cls, int part, const void *p, size_t n)
{
	struct batch *b = cls;
	struct call *c;
	const char *type;

	if (part >= BATCH_MAX)
		return;
	c = &b->calls[part];
	for (; b->n <= part; b->n++)
		buf_init(&b->calls[b->n].text, PART_MAX);
	if (c->text.len == 0) {
		c->id = multipart_header(b->parts, &b->rq->arena,
		    "Content-ID");
		type = multipart_header(b->parts, &b->rq->arena,
		    "Content-Type");
		c->http = type != NULL &&
		    strncasecmp(type, "application/http", 16) == 0;
	}
	buf_add(&c->text, p, n);
}

/* -1: a 400 has been stored. */
static int
batch_split(struct req *rq, struct batch *b)
{
	const char *boundary = multipart_boundary(&rq->arena,
	    req_header(rq, "Content-Type")), *why = NULL;

	if (boundary == NULL) {
		req_fail(rq, 400, "badRequest", "Failed to parse batch "
		    "request, error: a Content-Type of multipart/mixed with "
		    "a boundary is wanted.");
		return (-1);
	}
	b->parts = multipart_new(&rq->arena, boundary, batch_part, b);
	multipart_feed(b->parts, rq->body.p, rq->body.len);
	why = multipart_error(b->parts);
	if (why == NULL && !multipart_done(b->parts))
		why = "Missing end boundary in multipart body.";
	if (why == NULL && b->n == 0)
		why = "0 items. Received batch body: (empty)";
	if (why != NULL)
		req_fail(rq, 400, "badRequest",
		    "Failed to parse batch request, error: %s", why);
	else if (multipart_parts(b->parts) > BATCH_MAX)
		req_fail(rq, 400, "badRequest", "The batch request has %d "
		    "calls; the maximum is %d.", multipart_parts(b->parts),
		    BATCH_MAX);
	multipart_release(b->parts);
	return (rq->status != 0 ? -1 : 0);
}

/* ---- from a part to a request ---- */

/* Fields of the batch's own head hold for each call that has no such field,
 * but for those about the body and the connection. */
static bool
batch_inherited(const struct head *h, const char *k)
{
	static const char *const own[] = { "Host", "Connection", "Expect",
		"Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
		"X-HTTP-Method-Override" };

	for (size_t i = 0; i < NELEMS(own); i++)
		if (strcasecmp(k, own[i]) == 0)
			return (false);
	return (strncasecmp(k, "Content-", 8) != 0 && head_get(h, k) == NULL);
}

static void
batch_inherit(struct req *in, const struct req *rq, struct head *h)
{
	const struct head *outer = rq->head;
	struct head_field *f;
	size_t n = h->nfields;

	if (outer == NULL)
		return;
	f = arena_alloc(&in->arena, (n + outer->nfields) * sizeof(*f));
	if (n > 0)
		memcpy(f, h->fields, n * sizeof(*f));
	for (size_t i = 0; i < outer->nfields; i++)
		if (batch_inherited(h, outer->fields[i].k))
			f[n++] = outer->fields[i];
	h->fields = f;
	h->nfields = n;
}

/* The same of the query. */
static void
batch_inherit_query(struct req *in, const struct req *rq)
{
	struct req_kv *q;
	size_t n = in->nquery;

	q = arena_alloc(&in->arena, (n + rq->nquery + 1) * sizeof(*q));
	if (n > 0)
		memcpy(q, in->query, n * sizeof(*q));
	for (size_t i = 0; i < rq->nquery; i++)
		if (req_query(in, rq->query[i].k) == NULL)
			q[n++] = rq->query[i];
	in->query = q;
	in->nquery = n;
}

/* The first line's end, and where its version begins (or its end). */
static size_t
batch_line(const char *p, size_t n, size_t *version)
{
	const char *nl = memchr(p, '\n', n), *v;
	size_t end = nl != NULL ? (size_t)(nl - p) : n;

	*version = end > 0 && p[end - 1] == '\r' ? end - 1 : end;
	for (v = p + *version; v > p && v[-1] != ' '; v--)
		;
	if (v > p && strncasecmp(v, "HTTP/", 5) == 0)
		*version = (size_t)(v - p) - 1;
	return (nl != NULL ? end + 1 : end);
}

/* A blank line at the very start: how many bytes it has. */
static size_t
batch_blank(const char *p, size_t n)
{

	if (n > 0 && p[0] == '\n')
		return (1);
	return (n > 1 && p[0] == '\r' && p[1] == '\n' ? 2 : 0);
}

/* Parses a call into in and h.  A call may lack its version and its Host, so
 * it is read as one of HTTP/1.0.  0, or the status to refuse with. */
static int
batch_parse(struct req *in, struct head *h, const struct call *c)
{
	const char *p = c->text.p, *why = "";
	size_t n = c->text.len, line, version, end, from = 0;
	struct buf b;
	int status;

	for (; n > 0 && (*p == '\r' || *p == '\n'); n--)
		p++;
	line = batch_line(p, n, &version);
	buf_init(&b, HEAD_MAX + 64);
	buf_add(&b, p, version);
	buf_adds(&b, " HTTP/1.0\r\n");
	p += line;
	n -= line;
	/* Where the head ends the body begins; a head may be all there is. */
	end = batch_blank(p, n);
	if (end == 0)
		end = head_end(p, n, &from);
	buf_add(&b, p, end > 0 ? end : n);
	if (end == 0)
		buf_adds(&b, n == 0 || p[n - 1] == '\n' ? "\r\n" :
		    "\r\n\r\n");
	status = buf_ok(&b) ? 0 : 431;
	if (status == 0) {
		char *copy = arena_dup(&in->arena, b.p, b.len);

		status = head_parse(h, &in->arena, copy, b.len, &why);
	}
	buf_release(&b);
	if (status != 0)
		req_fail(in, status, "badRequest",
		    "Failed to parse batch request, error: %s", why);
	else if (end > 0)
		buf_add(&in->body, p + end, h->length >= 0 &&
		    h->length < (int64_t)(n - end) ? (size_t)h->length :
		    n - end);
	return (status);
}

/* ---- one call ---- */

/* What a call may not be.  -1: a refusal has been stored. */
static int
batch_allowed(struct req *in)
{

	if (in->route->api != API_STORAGE || in->route->handle == batch_h) {
		req_fail(in, 404, "notFound",
		    "A batch is made of calls of the JSON API alone.");
		return (-1);
	}
	if (in->route->body == BODY_STREAM ||
	    str_starts(in->raw_path, "/upload/") ||
	    str_starts(in->raw_path, "/resumable/") ||
	    str_starts(in->raw_path, "/download/")) {
		req_fail(in, 400, "badRequest",
		    "Media cannot be uploaded or downloaded in a batch.");
		return (-1);
	}
	return (0);
}

static void
batch_run(struct req *rq, struct req *in, struct head *h,
    const struct call *c)
{
	const char *alt;

	in->n = journal_next(rq->emu->journal);
	in->batch = rq->n;
	in->t0_us = clock_mono_us();
	in->wall_us = clock_wall_us(&rq->emu->clock);
	in->conn = rq->conn;
	in->via = rq->via;
	in->tls = rq->tls;
	req_set_host(in, rq->host_port);
	if (!c->http) {
		req_fail(in, 400, "badRequest", "Failed to parse batch "
		    "request, error: a part is not of type "
		    "application/http.");
		return;
	}
	if (batch_parse(in, h, c))
		return;
	in->head = h;
	in->bytes_in = (int64_t)in->body.len;
	batch_inherit(in, rq, h);
	if (!dispatch_find(in, rq->host_port))
		return;
	batch_inherit_query(in, rq);
	alt = req_query(in, "alt");
	if (alt != NULL && strcmp(alt, "media") == 0)
		req_fail(in, 400, "badRequest",
		    "Media cannot be uploaded or downloaded in a batch.");
	if (in->status != 0 || batch_allowed(in))
		return;
	dispatch_judge(in);
	dispatch_work(in);
}

/* "<x>" becomes "<response-x>". */
static void
batch_name(struct buf *out, const char *id)
{
	bool angle = id[0] == '<';

	buf_addf(out, "Content-ID: %sresponse-%s\r\n", angle ? "<" : "",
	    id + angle);
}

static void
batch_answer(struct buf *out, const char *boundary, const struct call *c,
    struct req *in)
{

	if (in->status == 0)
		req_fail(in, 503, "backendError", "Backend Error");
	BUG_ON(in->reader != NULL);	/* no media came through */
	buf_addf(out, "--%s\r\nContent-Type: application/http\r\n", boundary);
	if (c->id != NULL && head_is_value(c->id))
		batch_name(out, c->id);
	buf_addf(out, "\r\nHTTP/1.1 %d %s\r\n", in->status,
	    answer_phrase(in->status));
	for (size_t i = 0; i < in->nheaders; i++)
		buf_addf(out, "%s: %s\r\n", in->headers[i].k,
		    in->headers[i].v);
	if (answer_bodyless(in))
		buf_adds(out, "\r\n");
	else {
		buf_addf(out, "Content-Length: %lld\r\n\r\n",
		    (long long)in->reply_len);
		if (in->reply_len > 0)
			buf_add(out, in->reply, (size_t)in->reply_len);
		in->bytes_out = in->reply_len;
	}
	buf_adds(out, "\r\n");
}

/* All calls in their order.  A rule that ends a call's connection ends the
 * batch's, for it is the same. */
static void
batch_all(struct req *rq, struct batch *b, const char *boundary,
    struct buf *out)
{

	for (int i = 0; i < b->n && !rq->abort; i++) {
		struct head h = { .length = -1 };
		struct req in;

		req_init(&in, rq->emu);
		batch_run(rq, &in, &h, &b->calls[i]);
		if (in.abort)
			req_abort(rq, in.abort_rst);
		else
			batch_answer(out, boundary, &b->calls[i], &in);
		journal_add(rq->emu->journal, &in);
		req_release(&in);
	}
	buf_addf(out, "--%s--\r\n", boundary);
}

void
batch_h(struct req *rq)
{
	struct batch *b = arena_alloc(&rq->arena, sizeof(*b));
	const char *boundary = arena_printf(&rq->arena, "batch_%llx_%llx",
	    (unsigned long long)rq->n, (unsigned long long)rq->t0_us);
	struct buf out;

	buf_init(&out, OUT_MAX);
	b->rq = rq;
	if (batch_split(rq, b) == 0)
		batch_all(rq, b, boundary, &out);
	if (rq->status == 0 && !rq->abort) {
		if (buf_ok(&out))
			req_reply(rq, 200, arena_printf(&rq->arena,
			    "multipart/mixed; boundary=%s", boundary), out.p,
			    out.len);
		else
			req_fail(rq, 413, "responseTooLarge", "The answers "
			    "are too many for one response.");
	}
	for (int i = 0; i < b->n; i++)
		buf_release(&b->calls[i].text);
	buf_release(&out);
}
