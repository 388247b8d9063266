#include "emulator/api/attrs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/api/contexts.h"
#include "emulator/api/csek.h"
#include "emulator/api/places.h"
#include "emulator/api/retention.h"
#include "emulator/http/route.h"
#include "emulator/http/server.h"
#include "lib/str.h"

#define METADATA_MAX	(8u << 10)	/* names and values in all */

/* One change of an object's attrs. */
struct edit {
	struct req *rq;
	const char *bucket;
	bool	new;		/* of an object that is being made */
	bool	replace;	/* `in` is the whole: new, or a full update */
};

typedef int	edit_field(const struct edit *, json_t *to, const char *name,
    const json_t *v);

int
attrs_type_fail(struct req *rq, const char *name)
{

	req_fail(rq, 400, "invalid",
	    "Invalid value for field '%s': it has the wrong type.", name);
	return (-1);
}

const char *
attrs_text(struct req *rq, json_t *to)
{
	char *s = json_dumps(to, JSON_COMPACT);
	const char *text;

	BUG_ON(s == NULL);
	text = arena_strdup(&rq->arena, s);
	free(s);
	json_decref(to);
	return (text);
}

/* ---- fields ---- */

static int
attrs_set_text(const struct edit *e, json_t *to, const char *name,
    const json_t *v)
{

	if (json_is_null(v))
		(void)json_object_del(to, name);
	else if (!json_is_string(v))
		return (attrs_type_fail(e->rq, name));
	else
		(void)json_object_set(to, name, (json_t *)(uintptr_t)v);
	return (0);
}

static int
attrs_set_flag(const struct edit *e, json_t *to, const char *name,
    const json_t *v)
{

	if (json_is_null(v))
		(void)json_object_del(to, name);
	else if (!json_is_boolean(v))
		return (attrs_type_fail(e->rq, name));
	else
		(void)json_object_set(to, name, (json_t *)(uintptr_t)v);
	return (0);
}

static int
attrs_metadata_limit(struct req *rq, json_t *map)
{
	size_t bytes = 0;
	const char *k;
	json_t *v;

	json_object_foreach(map, k, v)
		bytes += strlen(k) + json_string_length(v);
	if (bytes <= METADATA_MAX)
		return (0);
	req_fail(rq, 400, "metadataTooLarge", "The custom metadata has %zu "
	    "bytes, names and values together; the limit is %u.", bytes,
	    METADATA_MAX);
	return (-1);
}

/* Names with texts, merged key by key. */
static int
attrs_set_metadata(const struct edit *e, json_t *to, const char *name,
    const json_t *v)
{
	json_t *mut = (json_t *)(uintptr_t)v, *map, *x;
	const char *k;

	if (json_is_null(v)) {
		(void)json_object_del(to, name);
		return (0);
	}
	if (!json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	map = json_object_get(to, name);
	/* A copy: what is changed here must not be the input. */
	map = map != NULL && !e->replace ? json_deep_copy(map) :
	    json_object();
	(void)json_object_set_new(to, name, map);
	json_object_foreach(mut, k, x) {
		if (!json_is_string(x) && !json_is_null(x))
			return (attrs_type_fail(e->rq, arena_printf(
			    &e->rq->arena, "%s.%s", name, k)));
		if (json_is_null(x))
			(void)json_object_del(map, k);
		else
			(void)json_object_set(map, k, x);
	}
	return (attrs_metadata_limit(e->rq, map));
}

/* https://cloud.google.com/storage/docs/metadata#custom-time : once set it is
 * neither removed nor moved back. */
static int
attrs_set_custom_time(const struct edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const char *old = json_string_value(json_object_get(to, name));
	int64_t was, us;

	if (json_is_null(v)) {
		if (old == NULL)
			return (0);
		req_fail(e->rq, 400, "invalid", "The custom time of an "
		    "object cannot be removed once it has been set.");
		return (-1);
	}
	if (!json_is_string(v))
		return (attrs_type_fail(e->rq, name));
	if (clock_parse_rfc3339(json_string_value(v), &us) != 0) {
		req_fail(e->rq, 400, "invalid", "Invalid value for field "
		    "'%s': '%s' is no RFC 3339 time.", name,
		    json_string_value(v));
		return (-1);
	}
	if (old != NULL && clock_parse_rfc3339(old, &was) == 0 && us < was) {
		req_fail(e->rq, 400, "invalid", "The custom time of an "
		    "object cannot be set to an earlier time: it is %s.",
		    old);
		return (-1);
	}
	(void)json_object_set(to, name, (json_t *)(uintptr_t)v);
	return (0);
}

/* Only a new object has a choice; a rewrite makes one. */
static int
attrs_set_class(const struct edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const char *class;

	if (!e->new || json_is_null(v))
		return (0);
	if (!json_is_string(v))
		return (attrs_type_fail(e->rq, name));
	if ((class = places_class(json_string_value(v))) == NULL) {
		req_fail(e->rq, 400, "invalid",
		    "Invalid storage class \"%s\"", json_string_value(v));
		return (-1);
	}
	(void)json_object_set_new(to, name, json_string(class));
	return (0);
}

static int
attrs_set_contexts(const struct edit *e, json_t *to, const char *name,
    const json_t *v)
{

	(void)name;
	return (contexts_take(e->rq, e->bucket, to, v, e->replace));
}

static int
attrs_set_retention(const struct edit *e, json_t *to, const char *name,
    const json_t *v)
{

	(void)name;
	return (retention_object(e->rq, e->bucket, to, v));
}

static const struct field {
	const char *name;
	edit_field *set;
	bool	kept;		/* by a full update that does not name it */
} object_fields[] = {
	{ "contentType", attrs_set_text, false },
	{ "contentEncoding", attrs_set_text, false },
	{ "contentDisposition", attrs_set_text, false },
	{ "contentLanguage", attrs_set_text, false },
	{ "cacheControl", attrs_set_text, false },
	{ "metadata", attrs_set_metadata, false },
	{ "customTime", attrs_set_custom_time, true },
	{ "storageClass", attrs_set_class, true },
	{ "eventBasedHold", attrs_set_flag, false },
	{ "temporaryHold", attrs_set_flag, false },
	{ "contexts", attrs_set_contexts, false },
	{ "retention", attrs_set_retention, true },
};

/* The service's own, which no request sets in the body. */
static const char *const object_own[] = {
	"customerEncryption", "kmsKeyName", "timeStorageClassUpdated",
};

static int
attrs_object_take(const struct edit *e, json_t *to, const json_t *in)
{

	for (size_t i = 0; i < NELEMS(object_fields); i++) {
		const struct field *f = &object_fields[i];
		const json_t *v = json_object_get(in, f->name);

		if (v != NULL && f->set(e, to, f->name, v))
			return (-1);
	}
	if (!json_is_true(json_object_get(to, "eventBasedHold")) ||
	    json_object_get(to, "retention") == NULL)
		return (0);
	req_fail(e->rq, 400, "invalid", "Retention and event based holds "
	    "cannot be configured together.");
	return (-1);
}

bool
attrs_object_sets(const json_t *in)
{

	for (size_t i = 0; i < NELEMS(object_fields); i++) {
		const json_t *v = json_object_get(in, object_fields[i].name);

		if (v != NULL && !json_is_null(v))
			return (true);
	}
	return (false);
}

/* ---- objects ---- */

const char *
attrs_object_in(struct req *rq, const char *bucket, const json_t *in)
{
	struct edit e = { .rq = rq, .bucket = bucket, .new = true,
		.replace = true };
	json_t *to = json_object();

	if (attrs_object_take(&e, to, in) == 0 && csek_attrs(rq, to) == 0)
		return (attrs_text(rq, to));
	json_decref(to);
	return (NULL);
}

const char *
attrs_object(struct req *rq, const json_t *in)
{

	return (attrs_object_in(rq, rq->bucket, in));
}

const char *
attrs_object_copy(struct req *rq, const char *old)
{
	static const char *const own[] = { "eventBasedHold", "temporaryHold",
		"retention", "storageClass", "acl", "owner" };
	json_t *to = json_loads(old, 0, NULL);

	BUG_ON(to == NULL);		/* the store's own text */
	for (size_t i = 0; i < NELEMS(own); i++)
		(void)json_object_del(to, own[i]);
	for (size_t i = 0; i < NELEMS(object_own); i++)
		(void)json_object_del(to, object_own[i]);
	if (csek_attrs(rq, to) == 0)
		return (attrs_text(rq, to));
	json_decref(to);
	return (NULL);
}

const char *
attrs_object_patch(struct req *rq, const char *old, const json_t *in)
{
	struct edit e = { .rq = rq, .bucket = rq->bucket };
	json_t *to = json_loads(old, 0, NULL);

	BUG_ON(to == NULL);
	if (attrs_object_take(&e, to, in) == 0)
		return (attrs_text(rq, to));
	json_decref(to);
	return (NULL);
}

const char *
attrs_object_update(struct req *rq, const char *old, const json_t *in)
{
	struct edit e = { .rq = rq, .bucket = rq->bucket, .replace = true };
	json_t *was = json_loads(old, 0, NULL), *to = json_object();
	int rc = 0;

	BUG_ON(was == NULL);
	for (size_t i = 0; i < NELEMS(object_fields); i++)
		if (object_fields[i].kept)
			(void)json_object_set(to, object_fields[i].name,
			    json_object_get(was, object_fields[i].name));
	for (size_t i = 0; i < NELEMS(object_own); i++)
		(void)json_object_set(to, object_own[i],
		    json_object_get(was, object_own[i]));
	/* Contexts that stay keep the time of their making. */
	if (json_object_get(in, "contexts") != NULL)
		(void)json_object_set(to, "contexts",
		    json_object_get(was, "contexts"));
	/* To leave a retention out is to remove it. */
	if (json_object_get(was, "retention") != NULL &&
	    json_object_get(in, "retention") == NULL) {
		json_t *none = json_null();

		rc = retention_object(rq, rq->bucket, to, none);
	}
	if (rc == 0)
		rc = attrs_object_take(&e, to, in);
	json_decref(was);
	if (rc == 0)
		return (attrs_text(rq, to));
	json_decref(to);
	return (NULL);
}

/* ---- checksums that the client states ---- */

/* Base64 of exactly n bytes. */
static int
attrs_hash(struct req *rq, const char *name, const char *b64, size_t len,
    unsigned char *dst, size_t n)
{
	struct buf b;
	bool ok;

	buf_init(&b, 64);
	ok = str_b64_decode(&b, b64, len, false) && buf_ok(&b) && b.len == n;
	if (ok)
		memcpy(dst, b.p, n);
	buf_release(&b);
	if (ok)
		return (0);
	/* The XML API takes such a CRC for a wrong one. */
	req_fail(rq, 400, rq->route->api != API_XML ? "invalid" : n == 4 ?
	    "CrcMismatch" : "InvalidDigest",
	    "Invalid value for %s: '%.*s' is not the base64 of %zu bytes.",
	    name, (int)len, b64, n);
	return (-1);
}

static int
attrs_expect_crc32c(struct req *rq, const char *name, const char *s,
    size_t len, struct store_expect *x)
{
	unsigned char c[4];

	if (attrs_hash(rq, name, s, len, c, sizeof(c)))
		return (-1);
	x->has_crc32c = true;
	x->crc32c = (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 |
	    (uint32_t)c[2] << 8 | c[3];
	return (0);
}

static int
attrs_expect_md5(struct req *rq, const char *name, const char *s, size_t len,
    struct store_expect *x)
{

	x->has_md5 = true;
	return (attrs_hash(rq, name, s, len, x->md5, sizeof(x->md5)));
}

int
attrs_expect_json(struct req *rq, const json_t *in, struct store_expect *x)
{
	const json_t *c = json_object_get(in, "crc32c");
	const json_t *m = json_object_get(in, "md5Hash");
	const char *crc = json_string_value(c), *md5 = json_string_value(m);

	if (crc == NULL && c != NULL && !json_is_null(c))
		return (attrs_type_fail(rq, "crc32c"));
	if (md5 == NULL && m != NULL && !json_is_null(m))
		return (attrs_type_fail(rq, "md5Hash"));
	if (crc != NULL && attrs_expect_crc32c(rq, "crc32c", crc,
	    strlen(crc), x))
		return (-1);
	return (md5 != NULL ? attrs_expect_md5(rq, "md5Hash", md5,
	    strlen(md5), x) : 0);
}

struct attrs_hashes {
	struct arena *a;
	const char *all;		/* of all headers, joined by commas */
};

static void
attrs_hash_header(void *cls, const char *k, const char *v)
{
	struct attrs_hashes *h = cls;

	if (strcasecmp(k, "x-goog-hash") == 0)
		h->all = arena_printf(h->a, "%s,%s", h->all, v);
}

int
attrs_expect_headers(struct req *rq, struct store_expect *x)
{
	struct attrs_hashes hashes = { &rq->arena, "" };
	const char *md5 = req_header(rq, "Content-MD5"), *h;

	/* There may be one header for each, or one for both. */
	server_headers(rq, attrs_hash_header, &hashes);
	for (h = hashes.all; *h != '\0'; ) {
		size_t n;

		h += strspn(h, " ,");
		n = strcspn(h, " ,");
		if (n > 7 && strncasecmp(h, "crc32c=", 7) == 0) {
			if (attrs_expect_crc32c(rq, "x-goog-hash", h + 7,
			    n - 7, x))
				return (-1);
		} else if (n > 4 && strncasecmp(h, "md5=", 4) == 0 &&
		    attrs_expect_md5(rq, "x-goog-hash", h + 4, n - 4, x))
			return (-1);
		h += n;
	}
	return (md5 != NULL ? attrs_expect_md5(rq, "Content-MD5", md5,
	    strlen(md5), x) : 0);
}
