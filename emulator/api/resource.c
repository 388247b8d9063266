#include "emulator/api/resource.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/places.h"
#include "lib/nul.h"
#include "lib/str.h"

/* The real service's etags are base64 of a protocol buffer: field 1 the
 * generation, field 2 the metageneration; of buckets and policies only the
 * one number. */
static unsigned char *
resource_varint(unsigned char *p, unsigned char tag, int64_t v)
{
	uint64_t u = (uint64_t)v;

	*p++ = tag;
	for (; u >= 0x80; u >>= 7)
		*p++ = (unsigned char)(u | 0x80);
	*p++ = (unsigned char)u;
	return (p);
}

void
resource_etag_put(char dst[RESOURCE_ETAG], int64_t generation,
    int64_t metageneration)
{
	unsigned char raw[22], *p = raw;

	if (generation != 0) {
		p = resource_varint(p, 0x08, generation);
		p = resource_varint(p, 0x10, metageneration);
	} else
		p = resource_varint(p, 0x08, metageneration);
	dst[str_b64_put(dst, raw, (size_t)(p - raw), false)] = '\0';
}

const char *
resource_etag(struct arena *a, int64_t generation, int64_t metageneration)
{
	char s[RESOURCE_ETAG];

	resource_etag_put(s, generation, metageneration);
	return (arena_strdup(a, s));
}

bool
resource_etag_parse(const char *etag, int64_t *version)
{
	struct buf raw;
	uint64_t v = 0;
	bool ok;

	buf_init(&raw, 16);
	ok = str_b64_decode(&raw, etag, strlen(etag), false) && buf_ok(&raw) &&
	    raw.len >= 2 && raw.len <= 10 && raw.p[0] == 0x08;
	for (size_t i = 1; ok && i < raw.len; i++) {
		unsigned char c = (unsigned char)raw.p[i];

		v |= (uint64_t)(c & 0x7f) << 7 * (i - 1);
		ok = ((c & 0x80) != 0) == (i + 1 < raw.len);
	}
	buf_release(&raw);
	*version = (int64_t)v;
	return (ok);
}

static json_t *
resource_number(int64_t v)
{
	char s[24];

	(void)snprintf(s, sizeof(s), "%lld", (long long)v);
	return (json_string(s));
}

static json_t *
resource_time(int64_t us)
{
	char s[CLOCK_RFC3339];

	clock_rfc3339(us, s);
	return (json_string(s));
}

static void
resource_set(json_t *j, const char *k, json_t *v)
{
	int rc = json_object_set_new(j, k, v);

	BUG_ON(rc != 0);	/* NULL: not UTF-8, which names.c refuses */
}

const char *
resource_url(struct req *rq, const char *prefix, const char *bucket,
    const char *object)
{
	struct buf b;
	const char *s;

	buf_init(&b, 16u << 10);
	buf_adds(&b, req_base_url(rq));
	buf_adds(&b, prefix);
	buf_adds(&b, "/storage/v1/b/");
	nul_pct_encode(&b, bucket, false);
	if (object != NULL) {
		buf_adds(&b, "/o/");
		nul_pct_encode(&b, object, false);
	}
	s = arena_strdup(&rq->arena, b.p);
	buf_release(&b);
	return (s);
}

/* attrs first, so that no text of a client can hide a field of ours. */
static json_t *
resource_from_attrs(const char *attrs)
{
	json_t *j = json_loads(attrs, 0, NULL);

	BUG_ON(!json_is_object(j));
	if (json_object_get(j, "storageClass") == NULL)
		resource_set(j, "storageClass", json_string("STANDARD"));
	return (j);
}

static void
resource_soft(json_t *j, int64_t soft_us, int64_t hard_us)
{

	if (hard_us == 0)
		return;
	resource_set(j, "softDeleteTime", resource_time(soft_us));
	resource_set(j, "hardDeleteTime", resource_time(hard_us));
}

static void
resource_bucket_defaults(json_t *j)
{

	if (json_object_get(j, "location") == NULL)
		resource_set(j, "location", json_string("US"));
	if (json_object_get(j, "locationType") == NULL) {
		const char *type = places_type(json_string_value(
		    json_object_get(j, "location")));

		if (json_object_get(j, "customPlacementConfig") != NULL)
			type = "dual-region";
		resource_set(j, "locationType",
		    json_string(type != NULL ? type : "region"));
		if (type != NULL && strcmp(type, "region") != 0 &&
		    json_object_get(j, "rpo") == NULL)
			resource_set(j, "rpo", json_string("DEFAULT"));
	}
	if (json_object_get(j, "iamConfiguration") == NULL)
		resource_set(j, "iamConfiguration", json_pack(
		    "{s:{s:b}, s:{s:b}, s:s}",
		    "bucketPolicyOnly", "enabled", 0,
		    "uniformBucketLevelAccess", "enabled", 0,
		    "publicAccessPrevention", "inherited"));
}

json_t *
resource_bucket(struct req *rq, const struct bucket *b)
{
	json_t *j = resource_from_attrs(b->attrs);

	(void)json_object_del(j, "retentionUnenforced");
	resource_set(j, "kind", json_string("storage#bucket"));
	resource_set(j, "id", json_string(b->name));
	resource_set(j, "selfLink", json_string(
	    resource_url(rq, "", b->name, NULL)));
	resource_set(j, "name", json_string(b->name));
	resource_set(j, "projectNumber",
	    resource_number(rq->emu->project_number));
	resource_set(j, "generation", resource_number(b->generation));
	resource_set(j, "metageneration", resource_number(b->metageneration));
	resource_set(j, "etag", json_string(resource_etag(&rq->arena, 0,
	    b->metageneration)));
	resource_set(j, "timeCreated", resource_time(b->created_us));
	resource_set(j, "updated", resource_time(b->updated_us));
	resource_soft(j, b->soft_us, b->hard_us);
	resource_bucket_defaults(j);
	acls_show_bucket(rq, j, b);
	return (j);
}
