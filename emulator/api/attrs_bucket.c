/* What may be set on buckets: which fields there are, and what every bucket
 * has.  The fields themselves are bfield.c's. */
#include <string.h>

#include "emulator/api/attrs.h"
#include "emulator/api/bfield.h"

static const struct {
	const char *name;
	bfield_set *set;
	bool	kept;		/* by a full update that does not name it */
} bucket_fields[] = {
	{ "location", bfield_location, true },
	{ "customPlacementConfig", bfield_placement, true },
	{ "hierarchicalNamespace", bfield_hns, true },
	{ "storageClass", bfield_class, false },
	{ "labels", bfield_labels, false },
	{ "versioning", bfield_versioning, false },
	{ "lifecycle", bfield_lifecycle, false },
	{ "iamConfiguration", bfield_iam, true },
	{ "retentionPolicy", bfield_retention, true },
	{ "softDeletePolicy", bfield_soft_delete, true },
	{ "website", bfield_website, false },
	{ "cors", bfield_cors, false },
	{ "logging", bfield_logging, false },
	{ "encryption", bfield_encryption, false },
	{ "billing", bfield_billing, false },
	{ "autoclass", bfield_autoclass, false },
	{ "defaultEventBasedHold", bfield_default_hold, false },
	{ "rpo", bfield_rpo, false },
	{ "ipFilter", bfield_ip_filter, false },
};

/* https://cloud.google.com/storage/docs/hns-overview : what does not go
 * together with a hierarchical namespace. */
static int
bucket_hns_check(const struct bfield_edit *e, const json_t *to)
{
	const json_t *iam = json_object_get(to, "iamConfiguration");

	if (!json_is_true(json_object_get(json_object_get(to,
	    "hierarchicalNamespace"), "enabled")))
		return (0);
	if (!json_is_true(json_object_get(json_object_get(iam,
	    "uniformBucketLevelAccess"), "enabled")))
		return (bfield_bad(e, "Hierarchical namespace buckets must "
		    "use uniform bucket-level access."));
	if (json_is_true(json_object_get(json_object_get(to, "versioning"),
	    "enabled")))
		return (bfield_bad(e, "Versioning is not supported for "
		    "hierarchical namespace buckets."));
	if (json_object_get(to, "retentionPolicy") != NULL)
		return (bfield_bad(e, "Retention policy is not supported for "
		    "hierarchical namespace buckets."));
	if (json_object_get(to, "objectRetention") != NULL)
		return (bfield_bad(e, "Object retention config is not "
		    "supported for hierarchical namespace buckets."));
	return (0);
}

/* What every bucket has. */
static int
bucket_defaults(const struct bfield_edit *e, json_t *to)
{
	json_t *iam, *no;
	int rc = 0;

	if (json_object_get(to, "location") == NULL)
		(void)json_object_set_new(to, "location", json_string("US"));
	if (json_object_get(to, "storageClass") == NULL)
		(void)json_object_set_new(to, "storageClass",
		    json_string("STANDARD"));
	iam = bfield_part(to, "iamConfiguration");
	if (json_object_get(iam, "uniformBucketLevelAccess") == NULL) {
		no = json_pack("{s:b}", "enabled", 0);
		(void)json_object_set(iam, "bucketPolicyOnly", no);
		(void)json_object_set_new(iam, "uniformBucketLevelAccess",
		    no);
	}
	if (json_object_get(iam, "publicAccessPrevention") == NULL)
		(void)json_object_set_new(iam, "publicAccessPrevention",
		    json_string("inherited"));
	if (json_object_get(to, "softDeletePolicy") == NULL) {
		no = json_null();
		rc = bfield_soft_delete(e, to, "softDeletePolicy", no);
	}
	return (rc);
}

static int
bucket_take(const struct bfield_edit *e, json_t *to, const json_t *in)
{

	for (size_t i = 0; i < NELEMS(bucket_fields); i++) {
		const json_t *v = json_object_get(in, bucket_fields[i].name);

		if (v != NULL && bucket_fields[i].set(e, to,
		    bucket_fields[i].name, v))
			return (-1);
		/* The rest may ask where the bucket lies. */
		if (i == 0 && json_object_get(to, "location") == NULL)
			(void)json_object_set_new(to, "location",
			    json_string("US"));
	}
	return (bucket_defaults(e, to) || bucket_hns_check(e, to) ? -1 : 0);
}

static const char *
bucket_done(const struct bfield_edit *e, json_t *to, const json_t *in,
    bool *versioning)
{

	if (bucket_take(e, to, in)) {
		json_decref(to);
		return (NULL);
	}
	*versioning = json_is_true(json_object_get(json_object_get(to,
	    "versioning"), "enabled"));
	return (attrs_text(e->rq, to));
}

const char *
attrs_bucket(struct req *rq, const char *name, const char *old,
    const json_t *in, bool *versioning)
{
	struct bfield_edit e = { .rq = rq, .name = name, .new = old == NULL };
	json_t *was = old != NULL ? json_loads(old, 0, NULL) : NULL;
	json_t *to = json_object(), *none = json_null();

	for (size_t i = 0; i < NELEMS(bucket_fields); i++)
		if (bucket_fields[i].kept)
			(void)json_object_set(to, bucket_fields[i].name,
			    json_object_get(was, bucket_fields[i].name));
	(void)json_object_set(to, "objectRetention",
	    json_object_get(was, "objectRetention"));
	json_decref(was);
	/* To leave a retention policy out is to remove it. */
	if (json_object_get(in, "retentionPolicy") == NULL &&
	    bfield_retention(&e, to, "retentionPolicy", none)) {
		json_decref(to);
		return (NULL);
	}
	if (e.new && req_query_bool(rq, "enableObjectRetention", false))
		(void)json_object_set_new(to, "objectRetention",
		    json_pack("{s:s}", "mode", "Enabled"));
	return (bucket_done(&e, to, in, versioning));
}

const char *
attrs_bucket_patch(struct req *rq, const char *name, const char *old,
    const json_t *in, bool *versioning)
{
	struct bfield_edit e = { .rq = rq, .name = name };
	json_t *to = json_loads(old, 0, NULL);

	BUG_ON(to == NULL);		/* the store's own text */
	return (bucket_done(&e, to, in, versioning));
}
