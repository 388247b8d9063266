#include "emulator/api/attrs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/http/route.h"
#include "lib/str.h"

struct field {
	const char *name;
	json_type type;		/* JSON_TRUE stands for both booleans */
};

static const struct field object_fields[] = {
	{ "contentType", JSON_STRING },
	{ "contentEncoding", JSON_STRING },
	{ "contentDisposition", JSON_STRING },
	{ "contentLanguage", JSON_STRING },
	{ "cacheControl", JSON_STRING },
	{ "customTime", JSON_STRING },
	{ "storageClass", JSON_STRING },
	{ "metadata", JSON_OBJECT },
	{ "eventBasedHold", JSON_TRUE },
	{ "temporaryHold", JSON_TRUE },
	{ NULL, JSON_NULL }
};

static const struct field bucket_fields[] = {
	{ "location", JSON_STRING },
	{ "locationType", JSON_STRING },
	{ "storageClass", JSON_STRING },
	{ "labels", JSON_OBJECT },
	{ "versioning", JSON_OBJECT },
	{ "lifecycle", JSON_OBJECT },
	{ "iamConfiguration", JSON_OBJECT },
	{ "retentionPolicy", JSON_OBJECT },
	{ "softDeletePolicy", JSON_OBJECT },
	{ "website", JSON_OBJECT },
	{ "cors", JSON_ARRAY },
	{ "logging", JSON_OBJECT },
	{ "encryption", JSON_OBJECT },
	{ "billing", JSON_OBJECT },
	{ "autoclass", JSON_OBJECT },
	{ "hierarchicalNamespace", JSON_OBJECT },
	{ "defaultEventBasedHold", JSON_TRUE },
	{ "rpo", JSON_STRING },
	{ NULL, JSON_NULL }
};

static bool
attrs_is(const json_t *v, json_type t)
{

	return (t == JSON_TRUE ? json_is_boolean(v) : json_typeof(v) == t);
}

static int
attrs_type_fail(struct req *rq, const char *name)
{

	req_fail(rq, 400, "invalid",
	    "Invalid value for field '%s': it has the wrong type.", name);
	return (-1);
}

/* metadata and labels: names with texts. */
static int
attrs_check_texts(struct req *rq, const char *name, const json_t *map)
{
	json_t *mut = (json_t *)(uintptr_t)map, *v;
	const char *k;

	json_object_foreach(mut, k, v)
		if (!json_is_string(v) && !json_is_null(v))
			return (attrs_type_fail(rq, arena_printf(&rq->arena,
			    "%s.%s", name, k)));
	return (0);
}

/* Merge `from` into `to`, key by key; null removes. */
static void
attrs_merge(json_t *to, const json_t *from)
{
	json_t *mut = (json_t *)(uintptr_t)from, *v;
	const char *k;

	json_object_foreach(mut, k, v) {
		if (json_is_null(v))
			(void)json_object_del(to, k);
		else
			(void)json_object_set(to, k, v);
	}
}

static bool
attrs_is_map(const char *name)
{

	return (strcmp(name, "metadata") == 0 || strcmp(name, "labels") == 0);
}

/* Sets in `to` what the table allows of `in`.  -1: a 400. */
static int
attrs_take(struct req *rq, const struct field *t, json_t *to,
    const json_t *in)
{

	for (; t->name != NULL; t++) {
		json_t *v = json_object_get(in, t->name), *map;

		if (v == NULL)
			continue;
		if (json_is_null(v)) {
			(void)json_object_del(to, t->name);
			continue;
		}
		if (!attrs_is(v, t->type))
			return (attrs_type_fail(rq, t->name));
		if (!attrs_is_map(t->name)) {
			(void)json_object_set(to, t->name, v);
			continue;
		}
		if (attrs_check_texts(rq, t->name, v))
			return (-1);
		map = json_object_get(to, t->name);
		/* A copy: what is changed here must not be the input. */
		map = map != NULL ? json_deep_copy(map) : json_object();
		attrs_merge(map, v);
		(void)json_object_set_new(to, t->name, map);
	}
	return (0);
}

/* Takes `to` over; its text in the arena. */
static const char *
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

static const char *
attrs_make(struct req *rq, const struct field *t, const char *old,
    const json_t *in, bool *versioning)
{
	json_t *to = old != NULL ? json_loads(old, 0, NULL) : json_object();

	BUG_ON(to == NULL);		/* the store's own text */
	if (attrs_take(rq, t, to, in)) {
		json_decref(to);
		return (NULL);
	}
	if (versioning != NULL)
		*versioning = json_is_true(json_object_get(
		    json_object_get(to, "versioning"), "enabled"));
	return (attrs_text(rq, to));
}

const char *
attrs_object(struct req *rq, const json_t *in)
{

	return (attrs_make(rq, object_fields, NULL, in, NULL));
}

const char *
attrs_object_patch(struct req *rq, const char *old, const json_t *in)
{

	return (attrs_make(rq, object_fields, old, in, NULL));
}

const char *
attrs_bucket(struct req *rq, const json_t *in, bool *versioning)
{

	return (attrs_make(rq, bucket_fields, NULL, in, versioning));
}

const char *
attrs_bucket_patch(struct req *rq, const char *old, const json_t *in,
    bool *versioning)
{

	return (attrs_make(rq, bucket_fields, old, in, versioning));
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
	const char *crc = json_string_value(json_object_get(in, "crc32c"));
	const char *md5 = json_string_value(json_object_get(in, "md5Hash"));

	if (crc != NULL && attrs_expect_crc32c(rq, "crc32c", crc,
	    strlen(crc), x))
		return (-1);
	return (md5 != NULL ? attrs_expect_md5(rq, "md5Hash", md5,
	    strlen(md5), x) : 0);
}

int
attrs_expect_headers(struct req *rq, struct store_expect *x)
{
	const char *h = req_header(rq, "x-goog-hash");
	const char *md5 = req_header(rq, "Content-MD5");

	while (h != NULL && *h != '\0') {
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
