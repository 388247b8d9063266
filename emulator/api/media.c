#include "emulator/api/media.h"

#include <string.h>
#include <time.h>

#include "emulator/api/range.h"
#include "emulator/api/resource.h"
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

/* The XML API's ETag is the MD5 in hex, the JSON API's its own etag. */
static void
media_etag(struct req *rq, const struct object *o)
{
	char hex[33];

	if (rq->route->api == API_XML && o->has_md5) {
		str_hex(hex, o->md5, sizeof(o->md5));
		req_header_add(rq, "ETag",
		    arena_printf(&rq->arena, "\"%s\"", hex));
	} else if (rq->route->api == API_XML)
		req_header_add(rq, "ETag", arena_printf(&rq->arena,
		    "\"-%s\"", resource_etag(&rq->arena, o->generation,
		    o->metageneration)));
	else
		req_header_add(rq, "ETag", resource_etag(&rq->arena,
		    o->generation, o->metageneration));
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

static void
media_attrs(struct req *rq, const json_t *attrs)
{
	static const struct { const char *field, *header; } t[] = {
		{ "contentEncoding", "Content-Encoding" },
		{ "contentDisposition", "Content-Disposition" },
		{ "contentLanguage", "Content-Language" },
		{ "cacheControl", "Cache-Control" },
		{ "storageClass", "x-goog-storage-class" },
	};
	json_t *map = json_object_get(attrs, "metadata"), *v;
	const char *k;

	for (size_t i = 0; i < NELEMS(t); i++)
		media_text(rq, t[i].header, json_string_value(
		    json_object_get(attrs, t[i].field)));
	json_object_foreach(map, k, v) {
		/* A name that is no token cannot be a header. */
		if (strpbrk(k, " \t\r\n:") == NULL)
			media_text(rq, arena_printf(&rq->arena,
			    "x-goog-meta-%s", k), json_string_value(v));
	}
}

void
media_headers(struct req *rq, const struct object *o)
{
	json_t *attrs = json_loads(o->attrs, 0, NULL);
	const char *type = json_string_value(json_object_get(attrs,
	    "contentType"));
	const char *enc = json_string_value(json_object_get(attrs,
	    "contentEncoding"));

	media_number(rq, "x-goog-generation", o->generation);
	media_number(rq, "x-goog-metageneration", o->metageneration);
	media_number(rq, "x-goog-stored-content-length", o->size);
	media_text(rq, "x-goog-stored-content-encoding",
	    enc != NULL ? enc : "identity");
	if (o->components > 0)
		media_number(rq, "x-goog-component-count", o->components);
	media_hashes(rq, o);
	media_etag(rq, o);
	media_modified(rq, o->updated_us);
	req_header_add(rq, "Accept-Ranges", "bytes");
	media_attrs(rq, attrs);
	media_text(rq, "Content-Type",
	    type != NULL ? type : "application/octet-stream");
	json_decref(attrs);
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
	switch (range_parse(req_header(rq, "Range"), o.size, &off, &len)) {
	case RANGE_UNSATISFIABLE:
		store_read_close(&r);
		req_fail(rq, 416, "requestedRangeNotSatisfiable",
		    "The requested range cannot be satisfied.");
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
