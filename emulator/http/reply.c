/* What goes out: the second half of req.h.  A later reply takes the place of
 * an earlier one, since a fault may do that; that a handler replies exactly
 * once is checked by server.c. */
#include "emulator/http/req.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/api/fields.h"
#include "emulator/api/retention.h"
#include "emulator/http/limits.h"
#include "emulator/http/route.h"
#include "emulator/http/server.h"
#include "emulator/http/xml_error.h"
#include "lib/nul.h"
#include "lib/str.h"

#define MESSAGE_MAX	(16 << 10)	/* they quote what came, of 10 MiB */

static void
req_reply_begin(struct req *rq, int status)
{

	if (rq->reader != NULL) {
		store_read_close(rq->reader);
		rq->reader = NULL;
	}
	if (rq->stream != NULL) {
		rq->stream->done(rq->stream->cls);
		rq->stream = NULL;
	}
	free(rq->reply_heap);
	rq->reply_heap = NULL;
	rq->status = status;
	rq->reply = NULL;
	rq->reply_len = 0;
}

void
req_header_put(struct req *rq, const char *k, const char *v)
{
	struct req_kv *h;

	/* Room grows in the arena by doubling: 8, 16, 32 … */
	if (rq->nheaders == 0 || (rq->nheaders >= 8 &&
	    (rq->nheaders & (rq->nheaders - 1)) == 0)) {
		size_t room = rq->nheaders == 0 ? 8 : rq->nheaders * 2;

		h = arena_alloc(&rq->arena, room * sizeof(*h));
		if (rq->nheaders > 0)
			memcpy(h, rq->headers, rq->nheaders * sizeof(*h));
		rq->headers = h;
	}
	h = &rq->headers[rq->nheaders++];
	h->k = k;
	h->v = v;
}

void
req_header_add(struct req *rq, const char *k, const char *v)
{

	req_header_put(rq, arena_strdup(&rq->arena, k),
	    arena_strdup(&rq->arena, v));
}

void
req_reply(struct req *rq, int status, const char *type, const void *body,
    size_t n)
{
	const void *copy = arena_dup(&rq->arena, body, n);

	req_reply_begin(rq, status);
	if (type != NULL)
		req_header_add(rq, "Content-Type", type);
	rq->reply = copy;
	rq->reply_len = (int64_t)n;
}

void
req_reply_empty(struct req *rq, int status)
{

	req_reply_begin(rq, status);
}

/* Takes s, a heap text, over: the one way by which JSON leaves. */
static void
req_reply_json_text(struct req *rq, int status, char *s, size_t n)
{

	req_reply_begin(rq, status);
	req_header_add(rq, "Content-Type", "application/json; charset=UTF-8");
	rq->reply = rq->reply_heap = s;
	rq->reply_len = (int64_t)nul_json_out(s, n);
	/* It may wait for its reader: without the room that it grew into. */
	if (rq->reply_len > LIMIT_GATHER_FREE)
		rq->reply = rq->reply_heap = mem_realloc(s,
		    (size_t)rq->reply_len + 1);
}

static void
req_reply_json_raw(struct req *rq, int status, json_t *j)
{
	char *s = json_dumps(j, req_query_bool(rq, "prettyPrint", true) ?
	    JSON_INDENT(2) : JSON_COMPACT);

	BUG_ON(s == NULL);
	json_decref(j);
	req_reply_json_text(rq, status, s, strlen(s));
}

/* What the query selects of an answer; NULL: all. */
static const char *
req_fields(const struct req *rq)
{
	const char *fields = req_query(rq, "fields");

	return (fields != NULL && *fields != '\0' ? fields : NULL);
}

void
req_json_begin(struct req *rq, struct jtext *w)
{

	jtext_init(w, req_fields(rq) == NULL &&
	    req_query_bool(rq, "prettyPrint", true), SIZE_MAX / 2);
	(void)buf_room(&w->b, 2000);		/* what one object needs */
}

void
req_reply_written(struct req *rq, int status, struct jtext *w)
{
	const char *fields = req_fields(rq);
	struct err e = ERR_INIT;
	struct jtext part;
	size_t n = w->b.len;

	if (fields == NULL) {
		req_reply_json_text(rq, status, buf_detach(&w->b), n);
		return;
	}
	jtext_init(&part, req_query_bool(rq, "prettyPrint", true),
	    SIZE_MAX / 2);
	if (fields_select(&part, w->b.p, fields, &e) == 0) {
		n = part.b.len;
		req_reply_json_text(rq, status, buf_detach(&part.b), n);
	} else
		req_fail_param(rq, "fields", "invalidParameter",
		    "Invalid field selection %s: %s", fields, err_msg(&e));
	jtext_release(&part);
	jtext_release(w);
	err_release(&e);
}

void
req_reply_json(struct req *rq, int status, json_t *j)
{
	struct jtext w;
	char *s;

	if (req_fields(rq) == NULL) {
		req_reply_json_raw(rq, status, j);
		return;
	}
	s = json_dumps(j, JSON_COMPACT);
	BUG_ON(s == NULL);
	json_decref(j);
	jtext_init(&w, false, SIZE_MAX / 2);
	jtext_raw(&w, s, strlen(s));
	free(s);
	req_reply_written(rq, status, &w);
}

void
req_reply_payload(struct req *rq, int status, const char *type,
    struct store_reader *r, int64_t off, int64_t len)
{
	struct store_reader *own = arena_dup(&rq->arena, r, sizeof(*r));

	BUG_ON(off < 0 || len < 0 || off + len > r->size);
	req_reply_begin(rq, status);
	if (type != NULL)
		req_header_add(rq, "Content-Type", type);
	rq->reader = own;
	rq->reader_off = off;
	rq->reader_len = len;
	rq->reply_len = len;
}

void
req_reply_stream(struct req *rq, int status, const struct req_stream *s)
{

	req_reply_begin(rq, status);
	rq->stream = arena_dup(&rq->arena, s, sizeof(*s));
}

/* ---- errors ---- */

/* Input may be quoted in a message: what is not ASCII becomes '?' unless the
 * whole is UTF-8. */
static json_t *
req_text(struct req *rq, const char *s)
{
	json_t *j = json_string(s);
	char *p;

	if (j != NULL)
		return (j);
	p = arena_strdup(&rq->arena, s);
	for (char *q = p; *q != '\0'; q++)
		if ((unsigned char)*q >= 0x80)
			*q = '?';
	return (json_string(p));
}

/* The canonical code's name that IAM and Resource Manager add. */
static const char *
req_rpc_status(int status, const char *reason)
{

	if (strcmp(reason, "aborted") == 0)
		return ("ABORTED");
	if (strcmp(reason, "failedPrecondition") == 0)
		return ("FAILED_PRECONDITION");
	switch (status) {
	case 400: return ("INVALID_ARGUMENT");
	case 401: return ("UNAUTHENTICATED");
	case 403: return ("PERMISSION_DENIED");
	case 404: return ("NOT_FOUND");
	case 409: return ("ALREADY_EXISTS");
	case 412: return ("FAILED_PRECONDITION");
	case 429: return ("RESOURCE_EXHAUSTED");
	case 501: return ("UNIMPLEMENTED");
	case 503: return ("UNAVAILABLE");
	default: return (status < 500 ? "FAILED_PRECONDITION" : "INTERNAL");
	}
}

/* What of the request an error is about, where the service says so. */
static void
req_error_location(json_t *e, int status, const char *reason,
    const char *param)
{
	const char *type = "header", *location = param;

	if (param != NULL)
		type = "parameter";
	else if (status == 401)
		location = "Authorization";
	else if (status == 412 && strcmp(reason, "conditionNotMet") == 0)
		location = "If-Match";
	if (location == NULL)
		return;
	(void)json_object_set_new(e, "locationType", json_string(type));
	(void)json_object_set_new(e, "location", json_string(location));
}

static json_t *
req_error_json(struct req *rq, int status, const char *reason,
    const char *param, const char *msg)
{
	json_t *text = req_text(rq, msg);
	json_t *err = json_pack("{s:i, s:O}", "code", status, "message", text);
	json_t *e;

	switch (rq->route->api) {
	case API_OAUTH:
		json_decref(err);
		return (json_pack("{s:s, s:o}", "error", reason,
		    "error_description", text));
	case API_IAM:
	case API_CRM:
		(void)json_object_set_new(err, "status",
		    json_string(req_rpc_status(status, reason)));
		break;
	case API_STORAGE:
		e = json_pack("{s:O, s:s, s:s}", "message", text, "domain",
		    "global", "reason", reason);
		req_error_location(e, status, reason, param);
		(void)json_object_set_new(err, "errors", json_pack("[o]", e));
		break;
	default:
		break;
	}
	json_decref(text);
	return (json_pack("{s:o}", "error", err));
}

void
req_xml_text(struct buf *b, const char *s)
{

	const char *from = s;

	for (;; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= ' ' && c != '&' && c != '<' && c != '>' && c != '"')
			continue;
		buf_add(b, from, (size_t)(s - from));
		from = s + 1;
		switch (c) {
		case '\0': return;
		case '&': buf_adds(b, "&amp;"); break;
		case '<': buf_adds(b, "&lt;"); break;
		case '>': buf_adds(b, "&gt;"); break;
		case '"': buf_adds(b, "&quot;"); break;
		case '\1':
			/* No XML 1.0, but what the name is; who asks for
			 * encoding-type=url gets XML. */
			if (*from == '\1' || *from == '\2')
				c = (unsigned char)(*from++ - 1);
			s = from - 1;
			buf_addf(b, "&#%d;", c);
			break;
		default: buf_addf(b, "&#%d;", c);
		}
	}
}

/* Who asks the JSON API for an object's bytes gets no JSON: of an error the
 * real service then says the message alone. */
static bool
req_wants_media(const struct req *rq)
{
	const char *alt = req_query(rq, "alt");

	return (rq->route->api == API_STORAGE &&
	    (strcmp(rq->method, "GET") == 0 ||
	    strcmp(rq->method, "HEAD") == 0) &&
	    ((alt != NULL && strcmp(alt, "media") == 0) ||
	    str_starts(rq->raw_path, "/download/")));
}

/* A text of UTF-8, or not, to n bytes at most. */
static void
req_cut(char *s, size_t n)
{

	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	s[n] = '\0';
}

static void	req_vfail(struct req *, int status, const char *reason,
    const char *param, const char *fmt, va_list) PRINTF_LIKE(5, 0);

static void
req_vfail(struct req *rq, int status, const char *reason, const char *param,
    const char *fmt, va_list ap)
{
	char *msg = NULL;
	int n = vasprintf(&msg, fmt, ap);

	BUG_ON(n < 0);
	if (n > MESSAGE_MAX)
		req_cut(msg, MESSAGE_MAX);
	/* Headers of a reply that is replaced, a Content-Range say, go. */
	rq->nheaders = 0;
	rq->reason = arena_strdup(&rq->arena, reason);
	if (rq->route->api == API_XML)
		xml_error(rq, status, reason, msg);
	else if (req_wants_media(rq))
		req_reply(rq, status, "text/html; charset=UTF-8", msg,
		    nul_out(msg));
	else
		req_reply_json_raw(rq, status,
		    req_error_json(rq, status, reason, param, msg));
	if (status == 401)
		req_header_add(rq, "WWW-Authenticate",
		    "Bearer realm=\"https://accounts.google.com/\"");
	free(msg);
}

void
req_fail(struct req *rq, int status, const char *reason, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	req_vfail(rq, status, reason, NULL, fmt, ap);
	va_end(ap);
}

void
req_fail_param(struct req *rq, const char *param, const char *reason,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	req_vfail(rq, 400, reason, param, fmt, ap);
	va_end(ap);
}

void
req_fail_rc(struct req *rq, enum store_rc rc)
{
	static const struct {
		int status;
		const char *reason, *message;
	} t[] = {
#define STORE_RC(name, status, reason, message) \
		[STORE_##name] = { status, reason, message },
#include "emulator/store/store_rc.def"
#undef STORE_RC
	};
	const char *reason;

	BUG_ON((size_t)rc >= NELEMS(t) || rc == STORE_OK);
	reason = rq->route->api == API_XML ? xml_error_reason(rc) : NULL;
	if (reason == NULL)
		reason = t[rc].reason;
	if (rc == STORE_NOT_MODIFIED) {
		rq->nheaders = 0;
		req_reply_empty(rq, 304);
	} else if (rc == STORE_NO_OBJECT)
		req_fail(rq, 404, reason, "No such object: %s/%s",
		    rq->bucket != NULL ? rq->bucket : "",
		    rq->object != NULL ? rq->object : "");
	else if (retention_is(rc) && rq->bucket != NULL && rq->object != NULL)
		retention_fail(rq, rc, rq->bucket, rq->object);
	else
		req_fail(rq, t[rc].status, reason, "%s", t[rc].message);
}

void
req_abort(struct req *rq, bool rst)
{

	rq->abort = true;
	rq->abort_rst = rst;
}
