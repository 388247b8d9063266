/* Bodies under a signature.  The route's row is replaced by one of the
 * request's own, whose data() and handle() stand before the real ones: so
 * nothing else needs to know that bytes are looked at on their way. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/http/route.h"
#include "emulator/http/server.h"
#include "emulator/identity/signed_int.h"
#include "lib/str.h"

static const char *
signed_payload_header(const struct req *rq)
{
	const char *h = req_header(rq, "x-goog-content-sha256");

	if (h == NULL)
		h = req_header(rq, "x-amz-content-sha256");
	/* Amazon's signers put headers into the URL where they can. */
	if (h == NULL)
		h = req_query(rq, "X-Amz-Content-Sha256");
	return (h);
}

static void
signed_body_fault(struct req *rq)
{
	enum sigbody_fault f = sigbody_fault(rq->sig->body);
	static const struct {
		int status;
		const char *code, *details;
	} t[] = {
		[SIGBODY_SHA256] = { 400, "XAmzContentSHA256Mismatch",
		    "The provided 'x-amz-content-sha256' header does not "
		    "match what was computed." },
		[SIGBODY_CHUNK] = { 403, "SignatureDoesNotMatch",
		    "The signature of a chunk does not match the one that we "
		    "calculated." },
		[SIGBODY_SUM] = { 400, "BadDigest", "The checksum you "
		    "specified did not match what we received." },
		[SIGBODY_SHORT] = { 400, "IncompleteBody", "You did not "
		    "provide the number of bytes specified by the "
		    "x-amz-decoded-content-length header." },
		[SIGBODY_MALFORMED] = { 400, "InvalidRequest", "The body is "
		    "not in signed chunks as its headers say." },
	};

	if (f != SIGBODY_OK)
		(void)signed_fault(rq, t[f].status, t[f].code, NULL, "%s",
		    t[f].details);
}

static void
signed_body_sink(void *cls, const void *p, size_t n)
{
	struct req *rq = cls;

	if (rq->route->body == BODY_STREAM)
		rq->sig->route->data(rq, p, n);
	else
		buf_add(&rq->body, p, n);
}

/* The filter is made here and not before: who is refused never comes so far,
 * nor to done(). */
static void
signed_body_begin(struct req *rq)
{

	rq->sig->body = sigbody_new(&rq->arena, rq->sig->opts);
	rq->sig->route->begin(rq);
}

static void
signed_body_data(struct req *rq, const void *p, size_t n)
{

	sigbody_feed(rq->sig->body, p, n);
	signed_body_fault(rq);
	(void)signed_refuse(rq);
}

static void
signed_body_h(struct req *rq)
{

	sigbody_end(rq->sig->body);
	signed_body_fault(rq);
	if (signed_refuse(rq) == 0)
		rq->sig->route->handle(rq);
}

static void
signed_body_done(struct req *rq)
{

	sigbody_release(rq->sig->body);
	if (rq->sig->route->done != NULL)
		rq->sig->route->done(rq);
}

/* The body is there already: through the filter and back. */
static void
signed_body_gathered(struct req *rq)
{
	struct buf whole = rq->body;

	buf_init(&rq->body, whole.max);
	sigbody_feed(rq->sig->body, whole.p, whole.len);
	sigbody_end(rq->sig->body);
	buf_release(&whole);
}

/* The first x-amz-checksum-… header that we can check. */
static void
signed_body_sum(void *cls, const char *k, const char *v)
{
	struct sigbody_opts *o = cls;

	if (o->sum == NULL && strncasecmp(k, "x-amz-checksum-", 15) == 0 &&
	    strcasecmp(k + 15, "algorithm") != 0 &&
	    strcasecmp(k + 15, "type") != 0) {
		o->sum_name = k + 15;
		o->sum = v;
	}
}

static int
signed_body_chunked(struct req *rq, const char *h, struct sigbody_opts *o)
{
	const char *n = req_header(rq, "x-amz-decoded-content-length");
	const char *trailer = req_header(rq, "x-amz-trailer");

	o->chunked = true;
	o->trailer = str_ends(h, "-TRAILER");
	o->is_signed = str_starts(h, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
	o->decoded_length = -1;
	if (strcmp(h, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") != 0 &&
	    strcmp(h, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") != 0 &&
	    strcmp(h, "STREAMING-UNSIGNED-PAYLOAD-TRAILER") != 0)
		return (signed_fault(rq, 501, "NotImplemented",
		    "x-amz-content-sha256", "gcs-emulator does not take "
		    "bodies of the form %s.", h));
	if (n != NULL && (!str_int64(n, &o->decoded_length) ||
	    o->decoded_length < 0))
		return (signed_fault(rq, 400, "InvalidArgument",
		    "x-amz-decoded-content-length",
		    "It is not a number of bytes."));
	if (o->trailer && trailer != NULL &&
	    strncasecmp(trailer, "x-amz-checksum-", 15) == 0) {
		o->sum_name = trailer + 15;
		o->sum = NULL;
	}
	return (0);
}

static bool
signed_is_digest(const char *h)
{

	return (strlen(h) == 2 * SIGN_SHA256 && strspn(h,
	    "0123456789abcdefABCDEF") == 2 * SIGN_SHA256);
}

static const char *
signed_small(struct req *rq, const char *s)
{
	char *low = arena_strdup(&rq->arena, s);

	for (char *p = low; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return (low);
}

static void
signed_body_install(struct req *rq, struct sigbody_opts *o)
{
	struct signed_state *s = signed_state(rq);
	struct route *own;

	o->sink = signed_body_sink;
	o->cls = rq;
	s->opts = arena_dup(&rq->arena, o, sizeof(*o));
	s->route = rq->route;
	if (rq->route->body == BODY_BUF) {
		s->body = sigbody_new(&rq->arena, o);
		signed_body_gathered(rq);
		signed_body_fault(rq);
		sigbody_release(s->body);
		return;
	}
	own = arena_dup(&rq->arena, rq->route, sizeof(*rq->route));
	own->begin = signed_body_begin;
	own->data = signed_body_data;
	own->handle = signed_body_h;
	own->done = signed_body_done;
	rq->route = own;
}

void
signed_body_expect(struct req *rq, const struct sig *sig,
    const unsigned char *key)
{
	const char *h = signed_payload_header(rq);
	struct sigbody_opts o = { .decoded_length = -1 };

	if (rq->route->body == BODY_NONE)
		return;			/* nobody looks at the bytes */
	server_headers(rq, signed_body_sum, &o);
	if (h != NULL && str_starts(h, "STREAMING-")) {
		if (signed_body_chunked(rq, h, &o))
			return;
	} else if (h != NULL && signed_is_digest(h))
		o.sha256 = signed_small(rq, h);
	else if (o.sum == NULL)
		return;
	if (key != NULL && o.is_signed) {
		o.verify = true;
		memcpy(o.key, key, sizeof(o.key));
		o.date = sig->date;
		o.scope = sig->scope_text;
		o.seed = sig->signature;
	}
	if (o.sum_name != NULL)
		o.sum_name = signed_small(rq, o.sum_name);
	signed_body_install(rq, &o);
}

void
signed_body(struct req *rq)
{

	if (rq->head != NULL)
		signed_body_expect(rq, NULL, NULL);
}
