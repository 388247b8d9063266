#include "emulator/api/resource.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/csek.h"
#include "emulator/api/places.h"
#include "emulator/store/checksum.h"
#include "lib/str.h"

/* The real service's etags are base64 of a protocol buffer: field 1 the
 * generation, field 2 the metageneration; of buckets and policies only the
 * one number. */
static void
resource_varint(struct buf *b, unsigned char tag, int64_t v)
{
	uint64_t u = (uint64_t)v;

	buf_addc(b, (char)tag);
	for (; u >= 0x80; u >>= 7)
		buf_addc(b, (char)(u | 0x80));
	buf_addc(b, (char)u);
}

const char *
resource_etag(struct arena *a, int64_t generation, int64_t metageneration)
{
	struct buf raw, text;
	const char *s;

	buf_init(&raw, 64);
	buf_init(&text, 64);
	if (generation != 0) {
		resource_varint(&raw, 0x08, generation);
		resource_varint(&raw, 0x10, metageneration);
	} else
		resource_varint(&raw, 0x08, metageneration);
	str_b64_encode(&text, raw.p, raw.len, false);
	s = arena_strdup(a, text.p);
	buf_release(&raw);
	buf_release(&text);
	return (s);
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
	str_pct_encode(&b, bucket, strlen(bucket), false);
	if (object != NULL) {
		buf_adds(&b, "/o/");
		str_pct_encode(&b, object, strlen(object), false);
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
resource_hashes(json_t *j, const struct object *o)
{
	char crc[9], md5[25];

	checksum_crc32c_b64(crc, o->crc32c);
	resource_set(j, "crc32c", json_string(crc));
	if (o->has_md5) {
		checksum_md5_b64(md5, o->md5);
		resource_set(j, "md5Hash", json_string(md5));
	}
}

/* https://cloud.google.com/storage/docs/encryption/customer-supplied-keys :
 * checksums are for who has the key. */
static bool
resource_shows_hashes(struct req *rq, const json_t *j)
{
	const char *sha = json_string_value(json_object_get(json_object_get(j,
	    "customerEncryption"), "keySha256"));

	return (sha == NULL || csek_shows(rq, sha));
}

static void
resource_soft(json_t *j, int64_t soft_us, int64_t hard_us)
{

	if (hard_us == 0)
		return;
	resource_set(j, "softDeleteTime", resource_time(soft_us));
	resource_set(j, "hardDeleteTime", resource_time(hard_us));
}

static json_t *
resource_object_as(struct req *rq, const struct object *o, bool written)
{
	json_t *j = resource_from_attrs(o->attrs);
	long long gen = (long long)o->generation;

	resource_set(j, "kind", json_string("storage#object"));
	resource_set(j, "id", json_string(arena_printf(&rq->arena,
	    "%s/%s/%lld", o->bucket, o->name, gen)));
	resource_set(j, "selfLink", json_string(
	    resource_url(rq, "", o->bucket, o->name)));
	resource_set(j, "mediaLink", json_string(arena_printf(&rq->arena,
	    "%s?generation=%lld&alt=media",
	    resource_url(rq, "/download", o->bucket, o->name), gen)));
	resource_set(j, "name", json_string(o->name));
	resource_set(j, "bucket", json_string(o->bucket));
	resource_set(j, "generation", resource_number(o->generation));
	resource_set(j, "metageneration", resource_number(o->metageneration));
	resource_set(j, "size", resource_number(o->size));
	if (written || resource_shows_hashes(rq, j))
		resource_hashes(j, o);
	resource_set(j, "etag", json_string(resource_etag(&rq->arena,
	    o->generation, o->metageneration)));
	resource_set(j, "timeCreated", resource_time(o->created_us));
	resource_set(j, "updated", resource_time(o->updated_us));
	if (json_object_get(j, "timeStorageClassUpdated") == NULL)
		resource_set(j, "timeStorageClassUpdated",
		    resource_time(o->created_us));
	resource_set(j, "timeFinalized", resource_time(o->created_us));
	if (o->components > 0)
		resource_set(j, "componentCount",
		    json_integer(o->components));
	if (o->deleted_us != 0)
		resource_set(j, "timeDeleted", resource_time(o->deleted_us));
	if (o->expires_us != 0)
		resource_set(j, "retentionExpirationTime",
		    resource_time(o->expires_us));
	resource_soft(j, o->soft_us, o->hard_us);
	acls_show_object(rq, j, o);
	return (j);
}

json_t *
resource_object(struct req *rq, const struct object *o)
{

	return (resource_object_as(rq, o, false));
}

json_t *
resource_object_written(struct req *rq, const struct object *o)
{

	return (resource_object_as(rq, o, true));
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
