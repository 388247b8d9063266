#include <string.h>

#include "emulator/api/attrs.h"
#include "emulator/api/bfield.h"
#include "emulator/api/lifecycle.h"
#include "emulator/api/retention.h"
#include "lib/str.h"

#define DAY_S		86400
#define DAY_US		INT64_C(86400000000)

int
bfield_versioning(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	bool on;

	return (bfield_flag(e, to, name, v, "enabled", &on));
}

int
bfield_billing(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	bool on;

	return (bfield_flag(e, to, name, v, "requesterPays", &on));
}

int
bfield_default_hold(const struct bfield_edit *e, json_t *to, const char *name,
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

int
bfield_lifecycle(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{

	(void)name;
	return (lifecycle_take(e->rq, to, v));
}

int
bfield_retention(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{

	if (!json_is_null(v) && !json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	return (retention_policy(e->rq, e->name, to, v));
}

int
bfield_soft_delete(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const json_t *x = json_object_get(v, "retentionDurationSeconds");
	int64_t s = e->rq->emu->soft_delete_s;
	json_t *part;

	if (!json_is_null(v) && !json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	/* null brings the default back; what is not said stays. */
	if (!json_is_null(v) && (x == NULL || json_is_null(x)))
		return (0);
	if (json_is_integer(x))
		s = json_integer_value(x);
	else if (x != NULL && (!json_is_string(x) ||
	    !str_int64(json_string_value(x), &s)))
		return (attrs_type_fail(e->rq,
		    "softDeletePolicy.retentionDurationSeconds"));
	if (s != 0 && (s < 7 * DAY_S || s > 90 * DAY_S))
		return (bfield_bad(e, "Soft delete policy must have a "
		    "retention duration between 7 days and 90 days."));
	part = json_pack("{s:o}", "retentionDurationSeconds",
	    json_sprintf("%lld", (long long)s));
	if (s != 0)
		(void)json_object_set_new(part, "effectiveTime",
		    bfield_now(e, 0));
	(void)json_object_set_new(to, name, part);
	return (0);
}

static int
bfield_uniform(const struct bfield_edit *e, json_t *iam, const json_t *v)
{
	json_t *x = json_object_get(v, "enabled"), *old, *part;
	const char *locked;
	int64_t us;
	bool was;

	if (x == NULL || json_is_null(x))
		return (0);
	if (!json_is_boolean(x))
		return (attrs_type_fail(e->rq, "iamConfiguration."
		    "uniformBucketLevelAccess.enabled"));
	old = json_object_get(iam, "uniformBucketLevelAccess");
	was = json_is_true(json_object_get(old, "enabled"));
	locked = json_string_value(json_object_get(old, "lockedTime"));
	if (was == json_is_true(x) && old != NULL)
		return (0);
	if (was && locked != NULL && clock_parse_rfc3339(locked, &us) == 0 &&
	    us <= clock_wall_us(&e->rq->emu->clock))
		return (bfield_bad(e, "Uniform bucket-level access cannot be "
		    "disabled: it has been enabled for more than 90 days."));
	part = json_pack("{s:O}", "enabled", x);
	if (json_is_true(x))
		(void)json_object_set_new(part, "lockedTime",
		    bfield_now(e, 90 * DAY_US));
	/* The older name shows the same. */
	(void)json_object_set(iam, "bucketPolicyOnly", part);
	(void)json_object_set_new(iam, "uniformBucketLevelAccess", part);
	return (0);
}

int
bfield_iam(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	json_t *iam = bfield_part(to, name), *ubla, *pap;
	const char *s;

	if (json_is_null(v))
		return (0);
	if (!json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	ubla = json_object_get(v, "uniformBucketLevelAccess");
	if (ubla == NULL)
		ubla = json_object_get(v, "bucketPolicyOnly");
	if (ubla != NULL && bfield_uniform(e, iam, ubla))
		return (-1);
	pap = json_object_get(v, "publicAccessPrevention");
	if (pap == NULL || json_is_null(pap))
		return (0);
	s = json_is_string(pap) ? json_string_value(pap) : "";
	if (strcmp(s, "unspecified") == 0)
		s = "inherited";
	if (strcmp(s, "inherited") != 0 && strcmp(s, "enforced") != 0) {
		req_fail(e->rq, 400, "invalid",
		    "Invalid value for: %s is not a valid value", s);
		return (-1);
	}
	(void)json_object_set_new(iam, "publicAccessPrevention",
	    json_string(s));
	return (0);
}

/* Each toggle has a time of its own, however soon it comes. */
static void
bfield_toggled(const struct bfield_edit *e, json_t *part)
{
	const char *was = json_string_value(json_object_get(part,
	    "toggleTime"));
	json_t *now = bfield_now(e, 0);

	if (was != NULL && strcmp(was, json_string_value(now)) == 0) {
		json_decref(now);
		now = bfield_now(e, 1000);
	}
	(void)json_object_set_new(part, "toggleTime", now);
}

int
bfield_autoclass(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	bool was = json_is_true(json_object_get(json_object_get(to, name),
	    "enabled")), on;
	const json_t *x = json_object_get(v, "terminalStorageClass");
	const char *class = json_string_value(x);
	json_t *part;

	if (bfield_flag(e, to, name, v, "enabled", &on))
		return (-1);
	if ((part = json_object_get(to, name)) == NULL)
		return (0);
	if (x != NULL && !json_is_null(x) && (class == NULL ||
	    (strcmp(class, "NEARLINE") != 0 &&
	    strcmp(class, "ARCHIVE") != 0)))
		return (bfield_bad(e, "The terminal storage class of "
		    "Autoclass is NEARLINE or ARCHIVE."));
	if (on != was)
		bfield_toggled(e, part);
	if (on && (class != NULL || json_object_get(part,
	    "terminalStorageClass") == NULL)) {
		(void)json_object_set_new(part, "terminalStorageClass",
		    json_string(class != NULL ? class : "NEARLINE"));
		(void)json_object_set_new(part,
		    "terminalStorageClassUpdateTime", bfield_now(e, 0));
	}
	return (0);
}

/* When the bucket is made; later it is taken and changes nothing. */
int
bfield_hns(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	bool on;

	return (e->new ? bfield_flag(e, to, name, v, "enabled", &on) : 0);
}

int
bfield_ip_filter(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const char *mode = json_string_value(json_object_get(v, "mode"));

	if (json_is_null(v)) {
		(void)json_object_del(to, name);
		return (0);
	}
	if (!json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	if (mode == NULL || strcmp(mode, "Disabled") == 0) {
		(void)json_object_update(bfield_part(to, name), (void *)(
		    uintptr_t)v);
		bfield_tidy(to, name);
		return (0);
	}
	req_fail(e->rq, 501, "notImplemented", "gcs-emulator does not serve "
	    "IP filters of buckets (field %s).", name);
	return (-1);
}
