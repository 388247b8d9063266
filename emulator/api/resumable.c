/* A chunk is any PUT or POST with an upload_id.  What it says of itself:
 *
 *   (no Content-Range)    the whole object, from its first byte
 *   bytes a-b/N           bytes a to b of N; the last chunk where b + 1 == N
 *   bytes a-b/ star       bytes a to b, more will follow
 *   bytes a- star/N       from a to the end of the body, which is the last;
 *                         N may be a star
 *   bytes star/N          no bytes; where N are persisted already, that is
 *                         all, else a question: how many have you?
 *   bytes star/star       the question
 *
 * Bytes that are persisted already are skipped, so that a client which missed
 * our answer can repeat a chunk.  After the end every chunk is answered by
 * the object. */
#include "emulator/api/resumable.h"

#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/api/media.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/api/range.h"
#include "emulator/api/resource.h"
#include "emulator/api/resumable_range.h"
#include "emulator/api/uploads.h"
#include "emulator/xml/xml_req.h"
#include "emulator/fault/fault.h"
#include "emulator/fault/retry_test.h"
#include "emulator/http/route.h"
#include "emulator/store/store.h"
#include "lib/nul.h"
#include "lib/str.h"

struct chunk {
	struct session s;
	struct store_expect expect;	/* from this request's headers */
	struct range_content range;
	bool	whole;			/* no Content-Range */
	int64_t	at;			/* offset of the next byte */
	int64_t	keep;			/* a fault: keep none from here on */
	enum store_rc rc;		/* of the first write that failed */
};

static const char *
resumable_type(struct req *rq, json_t *meta)
{
	const char *type = req_header(rq, "X-Upload-Content-Type"), *attrs;

	if (type != NULL && json_object_get(meta, "contentType") == NULL)
		(void)json_object_set_new(meta, "contentType",
		    json_string(type));
	attrs = attrs_object(rq, meta);
	return (attrs == NULL ? NULL : acls_new_object(rq, rq->bucket,
	    "predefinedAcl", meta, attrs));
}

/* Everything is known of the session to be; its id, or NULL: a reply has been
 * stored. */
static const char *
resumable_begin(struct req *rq, struct session *s)
{
	/* Node's suite begins uploads that it does not end, over an object
	 * that is there, and means them to begin. */
	const struct store_cond none = { 0 };
	const char *id;
	enum store_rc rc;

	if (uploads_too_large(rq, "X-Upload-Content-Length"))
		return (NULL);
	/* What would fail at the end fails before the bytes are sent. */
	rc = store_object_precheck(rq->emu->store, rq->bucket, rq->object,
	    retry_test_live(rq) ? &none : &s->cond);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (NULL);
	}
	if (objects_may_overwrite(rq, rq->bucket, rq->object))
		return (NULL);
	s->name = rq->object;
	s->principal = rq->principal != NULL ? rq->principal : "";
	rc = store_session_new(rq->emu->store, s, &rq->arena, &id);
	if (rc == STORE_OK)
		return (id);
	req_fail_rc(rq, rc);
	return (NULL);
}

/* The session's URL.  What the last chunk's answer looks like is said when the
 * session is begun, so that goes along. */
static const char *
resumable_location(struct req *rq, const char *id)
{
	static const char *const shape[] = { "fields", "prettyPrint",
		"projection" };
	const char *v, *url;
	struct buf b;

	buf_init(&b, 1u << 20);
	buf_addf(&b, "%s%s?uploadType=resumable&upload_id=%s",
	    req_base_url(rq), rq->raw_path, id);
	for (size_t i = 0; i < NELEMS(shape); i++) {
		if ((v = req_query(rq, shape[i])) == NULL &&
		    strcmp(shape[i], "projection") == 0 && rq->acl_given)
			v = "full";
		if (v == NULL || *v == '\0')
			continue;
		buf_addf(&b, "&%s=", shape[i]);
		nul_pct_encode(&b, v, false);
	}
	url = arena_strdup(&rq->arena, b.p);
	buf_release(&b);
	return (url);
}

void
resumable_start_h(struct req *rq)
{
	struct session s = { .bucket = rq->bucket };
	const char *id;
	json_t *meta;

	if (req_cond(rq, &s.cond) ||
	    req_json(rq, &meta) ||
	    attrs_expect_headers(rq, &s.expect) ||
	    attrs_expect_json(rq, meta, &s.expect) ||
	    uploads_name(rq, meta) ||
	    (s.attrs = resumable_type(rq, meta)) == NULL ||
	    (id = resumable_begin(rq, &s)) == NULL)
		return;
	req_header_add(rq, "Location", resumable_location(rq, id));
	req_header_add(rq, "X-GUploader-UploadID", id);
	req_reply_empty(rq, 200);
}

/* https://cloud.google.com/storage/docs/performing-resumable-uploads, XML:
 * the object's metadata come in headers, and the answer is 201. */
void
resumable_xml_start_h(struct req *rq)
{
	const char *h = req_header(rq, "x-goog-resumable"), *id;
	struct session s = { .bucket = rq->bucket };

	if (h == NULL || strcmp(h, "start") != 0) {
		req_fail(rq, 400, "InvalidArgument", "POST of an object wants "
		    "the header x-goog-resumable: start.");
		return;
	}
	if (xml_check_body(rq) ||
	    req_cond(rq, &s.cond) || attrs_expect_headers(rq, &s.expect) ||
	    names_check_object(rq, rq->object) ||
	    (s.attrs = xml_attrs(rq)) == NULL ||
	    (id = resumable_begin(rq, &s)) == NULL ||
	    resumable_range_keep(rq, id))
		return;
	req_header_add(rq, "Location", arena_printf(&rq->arena,
	    "%s%s?upload_id=%s", req_base_url(rq), rq->raw_path, id));
	req_header_add(rq, "X-GUploader-UploadID", id);
	req_reply_empty(rq, 201);
}

/* The last byte of an upload that says nothing of itself but its length. */
static int64_t
resumable_last(const struct req *rq)
{
	const char *h = req_header(rq, "Content-Length");
	int64_t n;

	return (h != NULL && str_int64(h, &n) && n > 0 && n < RANGE_MAX ?
	    n - 1 : RANGE_MAX);
}

void
resumable_chunk_begin(struct req *rq)
{
	struct chunk *c = arena_alloc(&rq->arena, sizeof(*c));
	const char *h = req_header(rq, "Content-Range");
	enum store_rc rc;

	rc = store_session_get(rq->emu->store, req_query(rq, "upload_id"),
	    &rq->arena, &c->s);
	if (rc != STORE_OK || strcmp(c->s.bucket, rq->bucket) != 0) {
		req_fail_rc(rq, rc != STORE_OK ? rc : STORE_NO_SESSION);
		return;
	}
	rq->object = c->s.name;
	if (h != NULL && !range_parse_content(h, &c->range)) {
		req_fail(rq, 400, "invalid", "Failed to parse Content-Range "
		    "header: '%s'.", h);
		return;
	}
	if (attrs_expect_headers(rq, &c->expect))
		return;
	c->whole = h == NULL || c->range.open;
	c->at = c->range.first;
	c->keep = INT64_MAX;
	if (!c->range.query && !c->s.done)
		c->keep = faults_chunk(rq, c->s.persisted, c->range.first,
		    c->whole ? c->range.first + resumable_last(rq) :
		    c->range.last);
	rq->state = c;
}

void
resumable_chunk_data(struct req *rq, const void *p, size_t n)
{
	struct chunk *c = rq->state;
	size_t keep = n;

	p = faults_payload(rq, c->at, p, n);
	if (c->keep - c->at < (int64_t)n)
		keep = c->keep > c->at ? (size_t)(c->keep - c->at) : 0;
	/* Bytes beyond what the header says are counted but not kept. */
	if (c->rc == STORE_OK && !c->s.done && !c->range.query && keep > 0 &&
	    (c->whole || c->at + (int64_t)n <= c->range.last + 1))
		c->rc = store_session_write(rq->emu->store, c->s.id, c->at, p,
		    keep);
	c->at += (int64_t)n;
}

void
resumable_chunk_done(struct req *rq)
{

	(void)rq;		/* all of it is in the arena */
}

/* "You have sent me this much": 308, or 200 where the client cannot take it. */
static void
resumable_incomplete(struct req *rq, int64_t persisted)
{
	const char *no308 = req_header(rq, "X-GUploader-No-308");
	int status = 308;

	if (no308 != NULL && (strcmp(no308, "yes") == 0 ||
	    strcmp(no308, "true") == 0)) {
		req_header_add(rq, "X-Http-Status-Code-Override", "308");
		status = 200;
	}
	if (persisted > 0)
		req_header_add(rq, "Range", arena_printf(&rq->arena,
		    "bytes=0-%lld", (long long)persisted - 1));
	req_header_add(rq, "X-GUploader-UploadID",
	    req_query(rq, "upload_id"));
	req_reply_empty(rq, status);
}

/* The object that a session became; the XML API shows it in headers. */
static void
resumable_object(struct req *rq, const struct object *o)
{

	if (rq->route->api != API_XML) {
		resource_reply_written(rq, o);
		return;
	}
	media_headers_stored(rq, o);
	req_reply_empty(rq, 200);
}

/* A finished session answers with what it became, as long as that is there;
 * later with what is still known. */
static void
resumable_finished(struct req *rq, const struct session *s)
{
	struct store_cond c = { .generation = s->generation };
	struct store_at now = { STORE_NOW };
	struct object o;
	enum store_rc rc;

	rc = store_object_get(rq->emu->store, now, s->bucket, s->name, &c,
	    &rq->arena, &o);
	if (rc == STORE_OK)
		resumable_object(rq, &o);
	else if (rc == STORE_NO_OBJECT && rq->route->api == API_XML)
		req_reply_empty(rq, 200);
	else if (rc == STORE_NO_OBJECT)
		req_reply_json(rq, 200, json_pack(
		    "{s:s, s:s, s:s, s:s, s:s}", "kind", "storage#object",
		    "bucket", s->bucket, "name", s->name, "generation",
		    arena_printf(&rq->arena, "%lld",
		    (long long)s->generation), "size",
		    arena_printf(&rq->arena, "%lld",
		    (long long)s->persisted)));
	else
		req_fail_rc(rq, rc);
}

/* Did the body hold what Content-Range said?  Is it the last one? */
static int
resumable_check(struct req *rq, struct chunk *c, bool *last)
{
	const struct range_content *r = &c->range;
	int64_t want = r->query ? 0 : r->last + 1;

	*last = c->whole;
	if (r->open && r->total >= 0)
		want = r->total;
	else if (c->whole)
		return (0);
	if (c->at != want) {
		req_fail(rq, 400, "invalid", "The body holds %lld bytes but "
		    "its Content-Range says %lld.",
		    (long long)(c->at - r->first),
		    (long long)(want - r->first));
		return (-1);
	}
	if (r->total >= 0 && !r->open)
		*last = r->query ? c->s.persisted == r->total :
		    want == r->total;
	return (0);
}

static void
resumable_finish(struct req *rq, struct chunk *c)
{
	struct store_write w = objects_write(rq);
	struct object o;
	enum store_rc rc;

	rc = store_session_finish(rq->emu->store, &w, c->s.id, &c->expect,
	    &rq->arena, &o);
	rq->mutation = w.mutation;
	if (rc != STORE_OK) {
		objects_fail(rq, &w, rc);
		return;
	}
	objects_stored(rq, &o);
	resumable_range_drop(rq, c->s.id);
	resumable_object(rq, &o);
}

void
resumable_chunk_h(struct req *rq)
{
	struct chunk *c = rq->state;
	int64_t persisted = c->s.persisted;
	bool last;

	if (c->s.done) {
		resumable_finished(rq, &c->s);
		return;
	}
	if (resumable_check(rq, c, &last))
		return;
	if (c->rc == STORE_OK && !c->range.query)
		c->rc = store_session_flush(rq->emu->store, c->s.id,
		    &persisted);
	if (c->rc != STORE_OK)
		req_fail_rc(rq, c->rc);
	else if (c->keep < INT64_MAX)
		resumable_incomplete(rq, persisted);
	else if (last && !c->range.query && persisted != c->at)
		req_fail(rq, 400, "invalid", "The upload ends at byte %lld "
		    "but %lld are persisted.", (long long)c->at,
		    (long long)persisted);
	else if (!last)
		resumable_incomplete(rq, persisted);
	else if (resumable_range_check(rq, c->s.id, persisted) == 0)
		resumable_finish(rq, c);
}

void
resumable_cancel_h(struct req *rq)
{
	enum store_rc rc = store_session_delete(rq->emu->store,
	    req_query(rq, "upload_id"));

	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_empty(rq, rq->route->api == API_XML ? 204 : 499);
	resumable_range_drop(rq, req_query(rq, "upload_id"));
}
