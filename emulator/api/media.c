#include "emulator/api/media.h"

#include <string.h>
#include <time.h>

#include "emulator/api/conditions.h"
#include "emulator/api/csek.h"
#include "emulator/api/range.h"
#include "emulator/api/resource.h"
#include "emulator/api/transcode.h"
#include "emulator/api/xml_req.h"
#include "emulator/api/xml_retention.h"
#include "emulator/http/route.h"
#include "emulator/store/checksum.h"
#include "lib/str.h"

static void
media_number(struct req *rq, const char *k, int64_t v)
{

	req_header_add(rq, k, arena_printf(&rq->arena, "%lld", (long long)v));
}

/* A header value must not hold what would end it. */
static void
media_text(struct req *rq, const char *k, const char *v)
{

	if (v != NULL && strpbrk(v, "\r\n") == NULL)
		req_header_add(rq, k, v);
}

static void
media_hashes(struct req *rq, const struct object *o)
{
	char crc[9], md5[25];

	checksum_crc32c_b64(crc, o->crc32c);
	if (!o->has_md5) {
		req_header_add(rq, "x-goog-hash",
		    arena_printf(&rq->arena, "crc32c=%s", crc));
		return;
	}
	checksum_md5_b64(md5, o->md5);
	req_header_add(rq, "x-goog-hash",
	    arena_printf(&rq->arena, "crc32c=%s,md5=%s", crc, md5));
}

/* The XML API's ETag is the MD5 in hex, the JSON API's its own etag; what was
 * composed has no MD5. */
const char *
media_etag(struct req *rq, const struct object *o)
{
	const char *own;
	char hex[33];

	if (rq->route->api == API_XML && o->has_md5) {
		str_hex(hex, o->md5, sizeof(o->md5));
		return (arena_printf(&rq->arena, "\"%s\"", hex));
	}
	own = resource_etag(&rq->arena, o->generation, o->metageneration);
	return (rq->route->api == API_XML ?
	    arena_printf(&rq->arena, "\"-%s\"", own) : own);
}

static void
media_modified(struct req *rq, int64_t us)
{
	time_t t = (time_t)(us / 1000000);
	char s[64];
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL &&
	    strftime(s, sizeof(s), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		req_header_add(rq, "Last-Modified", s);
}

/* What the query of a download says instead, or v. */
static const char *
media_override(struct req *rq, const char *k, const char *v)
{
	const char *q = rq->route->api == API_XML ? req_query(rq, k) : NULL;

	return (q != NULL ? q : v);
}

static void
media_attrs(struct req *rq, const json_t *attrs)
{
	static const struct { const char *field, *header; } t[] = {
		{ "contentEncoding", "Content-Encoding" },
		{ "contentLanguage", "Content-Language" },
		{ "cacheControl", "Cache-Control" },
	};
	json_t *map = json_object_get(attrs, "metadata"), *v;
	const char *k;

	for (size_t i = 0; i < NELEMS(t); i++)
		if (i > 0 || !rq->transcoded)
			media_text(rq, t[i].header, json_string_value(
			    json_object_get(attrs, t[i].field)));
	media_text(rq, "Content-Disposition", media_override(rq,
	    "response-content-disposition", json_string_value(
	    json_object_get(attrs, "contentDisposition"))));
	if (rq->route->api == API_XML) {
		media_text(rq, "x-goog-custom-time", json_string_value(
		    json_object_get(attrs, "customTime")));
		xml_retention_show(rq, attrs);
	}
	json_object_foreach(map, k, v) {
		/* A name that is no token cannot be a header. */
		if (strpbrk(k, " \t\r\n:") == NULL)
			media_text(rq, arena_printf(&rq->arena, "x-%s-meta-%s",
			    xml_amz(rq) ? "amz" : "goog", k),
			    json_string_value(v));
	}
}

static void
media_encryption(struct req *rq, const json_t *attrs)
{
	const char *sha = json_string_value(json_object_get(json_object_get(
	    attrs, "customerEncryption"), "keySha256"));

	media_text(rq, "x-goog-encryption-kms-key-name", json_string_value(
	    json_object_get(attrs, "kmsKeyName")));
	if (sha == NULL)
		return;
	media_text(rq, "x-goog-encryption-algorithm", "AES256");
	media_text(rq, "x-goog-encryption-key-sha256", sha);
}

void
media_headers_stored(struct req *rq, const struct object *o)
{
	json_auto_t *attrs = json_loads(o->attrs, 0, NULL);
	const char *enc = json_string_value(json_object_get(attrs,
	    "contentEncoding"));
	const char *class = json_string_value(json_object_get(attrs,
	    "storageClass"));

	media_number(rq, "x-goog-generation", o->generation);
	media_number(rq, "x-goog-metageneration", o->metageneration);
	media_number(rq, "x-goog-stored-content-length", o->size);
	media_text(rq, "x-goog-stored-content-encoding",
	    enc != NULL ? enc : "identity");
	media_text(rq, "x-goog-storage-class",
	    class != NULL ? class : "STANDARD");
	if (o->components > 0)
		media_number(rq, "x-goog-component-count", o->components);
	media_encryption(rq, attrs);
	media_hashes(rq, o);
	req_header_add(rq, "ETag", media_etag(rq, o));
	media_modified(rq, o->updated_us);
}

void
media_headers(struct req *rq, const struct object *o)
{
	json_auto_t *attrs = json_loads(o->attrs, 0, NULL);
	const char *type = json_string_value(json_object_get(attrs,
	    "contentType"));

	media_headers_stored(rq, o);
	req_header_add(rq, "Accept-Ranges", rq->transcoded ? "none" :
	    "bytes");
	media_attrs(rq, attrs);
	media_text(rq, "Content-Type", media_override(rq,
	    "response-content-type",
	    type != NULL ? type : "application/octet-stream"));
}

/* By If-Match & co.; a reply has been stored then. */
static bool
media_refused(struct req *rq, const struct object *o)
{
	struct conditions c = conditions_of(rq);

	switch (conditions_check(&c, media_etag(rq, o), o->updated_us)) {
	case CONDITIONS_FAILED:
		req_fail_rc(rq, STORE_PRECONDITION);
		return (true);
	case CONDITIONS_NOT_MODIFIED:
		media_headers(rq, o);
		req_reply_empty(rq, 304);
		return (true);
	default:
		return (false);
	}
}

/* Given decompressed: whole, for a range of what is stored means nothing. */
static bool
media_transcoded(struct req *rq, const struct object *o,
    struct store_reader *r)
{
	json_auto_t *attrs = json_loads(o->attrs, 0, NULL);

	if (!transcode_wanted(rq, attrs, r))
		return (false);
	rq->transcoded = true;
	media_headers(rq, o);
	req_header_add(rq, "Vary", "Accept-Encoding");
	req_header_add(rq, "Warning", "214 UploadServer gunzipped");
	transcode_reply(rq, r);
	return (true);
}

void
media_get_h(struct req *rq)
{
	struct store_at at = { rq->as_of };
	struct store_reader r;
	struct store_cond c;
	struct object o;
	enum store_rc rc;
	int64_t off, len;

	if (req_cond(rq, &c))
		return;
	rc = store_object_open(rq->emu->store, at, rq->bucket, rq->object, &c,
	    &rq->arena, &o, &r);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	if (csek_check(rq, CSEK_OBJECT, &o) || media_refused(rq, &o)) {
		store_read_close(&r);
		return;
	}
	if (strstr(o.attrs, "\"contentEncoding\"") != NULL &&
	    media_transcoded(rq, &o, &r))
		return;
	switch (range_parse(conditions_range(rq, media_etag(rq, &o),
	    o.updated_us) ? req_header(rq, "Range") : NULL, o.size, &off,
	    &len)) {
	case RANGE_UNSATISFIABLE:
		store_read_close(&r);
		req_fail(rq, 416, "requestedRangeNotSatisfiable", "%s",
		    rq->route->api == API_XML ?
		    "The requested range cannot be satisfied." :
		    "Request range not satisfiable");
		req_header_add(rq, "Content-Range", arena_printf(&rq->arena,
		    "bytes */%lld", (long long)o.size));
		return;
	case RANGE_PART:
		media_headers(rq, &o);
		req_header_add(rq, "Content-Range", arena_printf(&rq->arena,
		    "bytes %lld-%lld/%lld", (long long)off,
		    (long long)(off + len - 1), (long long)o.size));
		req_reply_payload(rq, 206, NULL, &r, off, len);
		return;
	case RANGE_WHOLE:
		media_headers(rq, &o);
		req_reply_payload(rq, 200, NULL, &r, 0, o.size);
		return;
	}
}
