#include "emulator/api/media.h"

#include <string.h>

#include "emulator/api/conditions.h"
#include "emulator/api/csek.h"
#include "emulator/api/range.h"
#include "emulator/api/resource.h"
#include "emulator/api/transcode.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_retention.h"
#include "emulator/http/route.h"
#include "emulator/store/checksum.h"
#include "lib/clock.h"
#include "lib/jtext.h"
#include "lib/nul.h"
#include "lib/str.h"

static void
media_number(struct req *rq, const char *k, int64_t v)
{
	char s[24], *p = s + sizeof(s) - 1;
	uint64_t left = (uint64_t)v;

	*p = '\0';
	do
		*--p = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	req_header_put(rq, k, arena_strdup(&rq->arena, p));
}

/* Both stay.  A header value must not hold what would end it. */
static void
media_text(struct req *rq, const char *k, const char *v)
{
	char *raw;

	if (v == NULL || strpbrk(v, "\r\n") != NULL || nul_has(v))
		return;
	if (strchr(v, '\1') != NULL) {
		raw = arena_strdup(&rq->arena, v);
		(void)nul_out(raw);
		v = raw;
	}
	req_header_put(rq, k, v);
}

static void
media_hashes(struct req *rq, const struct object *o)
{
	char s[64] = "crc32c=";

	checksum_crc32c_b64(s + 7, o->crc32c);
	if (o->has_md5) {
		memcpy(s + 15, ",md5=", 5);
		checksum_md5_b64(s + 20, o->md5);
	}
	req_header_put(rq, "x-goog-hash", arena_strdup(&rq->arena, s));
}

/* The XML API's ETag is the MD5 in hex, the JSON API's its own etag; what was
 * composed has no MD5. */
const char *
media_etag(struct req *rq, const struct object *o)
{
	const char *own;
	char hex[35] = "\"";

	if (rq->route->api == API_XML && o->has_md5) {
		str_hex(hex + 1, o->md5, sizeof(o->md5));
		hex[33] = '"';
		return (arena_strndup(&rq->arena, hex, 34));
	}
	own = resource_etag(&rq->arena, o->generation, o->metageneration);
	return (rq->route->api == API_XML ?
	    arena_printf(&rq->arena, "\"-%s\"", own) : own);
}

/* ---- what attrs say ----
 *
 * Their text is looked through once.  To make jansson's nodes of it, twice,
 * took 7 % of the processor time of a read of 4 KiB. */

struct media_attrs {
	const char *type, *encoding, *language, *cache, *disposition;
	const char *class, *time, *kms;
	const char *sha;		/* of the client's own key */
	const char *metadata;		/* JSON text; these may be NULL too */
	bool	retention;		/* it is there */
};

/* A string, decoded; or NULL. */
static const char *
media_string(struct arena *a, const char *v)
{
	const char *end = jtext_skip(v), *s;
	json_t *j;

	if (*v != '"' || end == NULL)
		return (NULL);
	if (memchr(v, '\\', (size_t)(end - v)) == NULL)
		return (arena_strndup(a, v + 1, (size_t)(end - v) - 2));
	j = json_loadb(v, (size_t)(end - v), JSON_DECODE_ANY, NULL);
	s = j != NULL ? arena_strdup(a, json_string_value(j)) : NULL;
	json_decref(j);
	return (s);
}

static const char *
media_key_sha(struct arena *a, const char *v)
{
	const char *sha = jtext_find(v, "keySha256");

	return (sha != NULL ? media_string(a, sha) : NULL);
}

static void
media_attr(struct arena *a, struct media_attrs *m, const char *k, size_t n,
    const char *v)
{
	const struct { const char *k; const char **to; } t[] = {
		{ "contentType", &m->type },
		{ "storageClass", &m->class },
		{ "contentEncoding", &m->encoding },
		{ "contentLanguage", &m->language },
		{ "cacheControl", &m->cache },
		{ "contentDisposition", &m->disposition },
		{ "customTime", &m->time },
		{ "kmsKeyName", &m->kms },
	};

	for (size_t i = 0; i < NELEMS(t); i++)
		if (strncmp(t[i].k, k, n) == 0 && t[i].k[n] == '\0') {
			*t[i].to = media_string(a, v);
			return;
		}
	if (n == 8 && memcmp(k, "metadata", n) == 0 && *v == '{')
		m->metadata = v;
	else if (n == 9 && memcmp(k, "retention", n) == 0)
		m->retention = true;
	else if (n == 18 && memcmp(k, "customerEncryption", n) == 0)
		m->sha = media_key_sha(a, v);
}

static void
media_look(struct req *rq, const char *attrs, struct media_attrs *m)
{
	const char *p = jtext_trim(attrs), *k, *v, *end;
	size_t n;

	*m = (struct media_attrs){ .type = NULL };
	p = *p == '{' ? p + 1 : NULL;
	while (p != NULL && (v = jtext_member(p, &k, &n, &end)) != NULL) {
		media_attr(&rq->arena, m, k, n, v);
		p = jtext_skip(v);
	}
}

/* What the query of a download says instead, or v. */
static const char *
media_override(struct req *rq, const char *k, const char *v)
{
	const char *q = rq->route->api == API_XML ? req_query(rq, k) : NULL;

	return (q != NULL ? q : v);
}

static void
media_metadata(struct req *rq, const char *map)
{
	const char *dress = xml_amz(rq) ? "x-amz-meta-" : "x-goog-meta-";
	const char *p = map + 1, *k, *v, *end, *name;
	size_t n;

	for (; p != NULL && (v = jtext_member(p, &k, &n, &end)) != NULL;
	    p = jtext_skip(v)) {
		name = media_string(&rq->arena, k - 1);
		/* A name that is no token cannot be a header. */
		if (name != NULL && strpbrk(name, " \t\r\n:") == NULL)
			media_text(rq, arena_printf(&rq->arena, "%s%s", dress,
			    name), media_string(&rq->arena, v));
	}
}

static void
media_attrs(struct req *rq, const struct object *o,
    const struct media_attrs *m)
{

	if (!rq->transcoded)
		media_text(rq, "Content-Encoding", m->encoding);
	media_text(rq, "Content-Language", m->language);
	media_text(rq, "Cache-Control", m->cache);
	media_text(rq, "Content-Disposition", media_override(rq,
	    "response-content-disposition", m->disposition));
	if (rq->route->api == API_XML) {
		media_text(rq, "x-goog-custom-time", m->time);
		if (m->retention) {
			json_auto_t *attrs = json_loads(o->attrs, 0, NULL);

			xml_retention_show(rq, attrs);
		}
	}
	if (m->metadata != NULL)
		media_metadata(rq, m->metadata);
}

static void
media_stored(struct req *rq, const struct object *o,
    const struct media_attrs *m)
{
	char modified[CLOCK_HTTP];

	media_number(rq, "x-goog-generation", o->generation);
	media_number(rq, "x-goog-metageneration", o->metageneration);
	media_number(rq, "x-goog-stored-content-length", o->size);
	media_text(rq, "x-goog-stored-content-encoding",
	    m->encoding != NULL ? m->encoding : "identity");
	media_text(rq, "x-goog-storage-class",
	    m->class != NULL ? m->class : "STANDARD");
	if (o->components > 0)
		media_number(rq, "x-goog-component-count", o->components);
	media_text(rq, "x-goog-encryption-kms-key-name", m->kms);
	if (m->sha != NULL) {
		media_text(rq, "x-goog-encryption-algorithm", "AES256");
		media_text(rq, "x-goog-encryption-key-sha256", m->sha);
	}
	media_hashes(rq, o);
	req_header_put(rq, "ETag", media_etag(rq, o));
	clock_http(o->updated_us, modified);
	req_header_put(rq, "Last-Modified", arena_strdup(&rq->arena,
	    modified));
}

void
media_headers_stored(struct req *rq, const struct object *o)
{
	struct media_attrs m;

	media_look(rq, o->attrs, &m);
	media_stored(rq, o, &m);
}

void
media_headers(struct req *rq, const struct object *o)
{
	struct media_attrs m;

	media_look(rq, o->attrs, &m);
	media_stored(rq, o, &m);
	req_header_put(rq, "Accept-Ranges", rq->transcoded ? "none" :
	    "bytes");
	media_attrs(rq, o, &m);
	media_text(rq, "Content-Type", media_override(rq,
	    "response-content-type", m.type != NULL ? m.type :
	    "application/octet-stream"));
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
