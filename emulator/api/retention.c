#include "emulator/api/retention.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/api/resource.h"
#include "emulator/fault/retry_test.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

#define PERIOD_MAX	INT64_C(3155760000)	/* 100 years of seconds */

bool
retention_is(enum store_rc rc)
{

	return (rc == STORE_HELD_TEMPORARY || rc == STORE_HELD_EVENT ||
	    rc == STORE_RETAINED);
}

void
retention_fail(struct req *rq, enum store_rc rc, const char *bucket,
    const char *object)
{
	struct store_at now = { STORE_NOW };
	char until[CLOCK_RFC3339];
	struct object o;

	if (rc == STORE_RETAINED && store_object_get(rq->emu->store, now,
	    bucket, object, NULL, &rq->arena, &o) == STORE_OK) {
		clock_rfc3339(o.expires_us, until);
		req_fail(rq, 403, "retentionPolicyNotMet", "Object '%s/%s' "
		    "is subject to bucket's retention policy or object "
		    "retention and cannot be deleted or overwritten until %s",
		    bucket, object, until);
	} else if (rc == STORE_RETAINED)
		req_fail(rq, 403, "retentionPolicyNotMet", "Object '%s/%s' "
		    "is subject to bucket's retention policy or object "
		    "retention and cannot be deleted or overwritten.",
		    bucket, object);
	else
		req_fail(rq, 403, "objectUnderActiveHold", "Object '%s/%s' "
		    "is under active %s hold and cannot be deleted, "
		    "overwritten or archived until hold is removed.", bucket,
		    object, rc == STORE_HELD_EVENT ? "Event-Based" :
		    "Temporary");
}

/* ---- an object's own retention ---- */

static int
retention_bad(struct req *rq, const char *why)
{

	req_fail(rq, 400, "invalid", "%s", why);
	return (-1);
}

/* The bucket was created for objects that have a retention of their own. */
static int
retention_enabled(struct req *rq, const char *bucket)
{
	struct store_at now = { STORE_NOW };
	struct bucket b;
	enum store_rc rc;
	bool on;

	rc = store_bucket_get(rq->emu->store, now, bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	on = strstr(b.attrs, "\"objectRetention\":{\"mode\":\"Enabled\"}") !=
	    NULL;
	return (on ? 0 : retention_bad(rq,
	    "Object retention is not enabled on the bucket."));
}

/* Mode and time of a retention that sets both. */
static int
retention_parse(struct req *rq, const json_t *v, bool *locked,
    int64_t *until_us)
{
	const json_t *mode = json_object_get(v, "mode");
	const json_t *until = json_object_get(v, "retainUntilTime");

	if (mode == NULL || json_is_null(mode))
		return (retention_bad(rq, "Missing retention mode. Both mode "
		    "and retain until time are required."));
	if (until == NULL || json_is_null(until))
		return (retention_bad(rq, "Missing retain until time. Both "
		    "mode and retain until time are required."));
	if (!json_is_string(mode) || !json_is_string(until))
		return (retention_bad(rq, "Invalid value for field "
		    "'retention': its fields are not texts."));
	*locked = strcmp(json_string_value(mode), "Locked") == 0;
	if (!*locked && strcmp(json_string_value(mode), "Unlocked") != 0) {
		req_fail(rq, 400, "invalid", "Invalid value for: %s is not a "
		    "valid value", json_string_value(mode));
		return (-1);
	}
	if (clock_parse_rfc3339(json_string_value(until), until_us) != 0)
		return (retention_bad(rq, "Parse Error: Illegal timestamp "
		    "format in 'retainUntilTime'; timestamps must end with "
		    "'Z' or have a valid timezone offset."));
	if (*until_us <= clock_wall_us(&rq->emu->clock))
		return (retention_bad(rq,
		    "Retain until time cannot be in the past."));
	return (0);
}

/* May an existing retention become weaker, or locked? */
static int
retention_override(struct req *rq, const char *bucket, bool locked)
{
	const char *permission = "storage.objects.overrideUnlockedRetention";

	if (locked) {
		req_fail(rq, 403, "forbidden", "The locked object retention "
		    "cannot be removed. Its retention mode cannot be changed "
		    "and its retention period cannot be shortened.");
		return (-1);
	}
	if (!req_query_bool(rq, "overrideUnlockedRetention", false)) {
		req_fail(rq, 403, "forbidden", "The unlocked object retention "
		    "cannot be removed and its retention period cannot be "
		    "shortened without overriding unlocked retention intent "
		    "and permission.");
		return (-1);
	}
	return (auth_need(rq, permission, bucket, rq->object));
}

static bool
retention_removes(const json_t *v)
{

	return (json_is_null(v) || (json_object_size(v) > 0 &&
	    json_is_null(json_object_get(v, "mode")) &&
	    json_is_null(json_object_get(v, "retainUntilTime"))));
}

int
retention_object(struct req *rq, const char *bucket, json_t *to,
    const json_t *v)
{
	json_t *old = json_object_get(to, "retention");
	const char *permission = "storage.objects.setRetention";
	bool was_locked, locked = false, weaker;
	int64_t was_us = 0, until_us;

	if (!json_is_null(v) && !json_is_object(v))
		return (retention_bad(rq, "Invalid value for field "
		    "'retention': it has the wrong type."));
	if (json_is_object(v) && json_object_size(v) == 0)
		return (0);			/* changes nothing */
	was_locked = old != NULL && strcmp(json_string_value(
	    json_object_get(old, "mode")), "Locked") == 0;
	if (retention_removes(v)) {
		if (old != NULL && retention_override(rq, bucket, was_locked))
			return (-1);
		(void)json_object_del(to, "retention");
		return (0);
	}
	if (retention_enabled(rq, bucket) ||
	    retention_parse(rq, v, &locked, &until_us))
		return (-1);
	if (auth_need(rq, permission, bucket, rq->object))
		return (-1);
	if (old != NULL)
		(void)clock_parse_rfc3339(json_string_value(json_object_get(
		    old, "retainUntilTime")), &was_us);
	weaker = old != NULL && (until_us < was_us || was_locked != locked);
	if (weaker && retention_override(rq, bucket, was_locked))
		return (-1);
	(void)json_object_set_new(to, "retention", json_pack("{s:s, s:O}",
	    "mode", locked ? "Locked" : "Unlocked", "retainUntilTime",
	    json_object_get(v, "retainUntilTime")));
	return (0);
}

/* ---- a bucket's policy ---- */

int
retention_policy(struct req *rq, const char *bucket, json_t *to,
    const json_t *v)
{
	json_t *old = json_object_get(to, "retentionPolicy"), *period, *new;
	bool locked = json_is_true(json_object_get(old, "isLocked"));
	char now[CLOCK_RFC3339], text[24];
	int64_t s;

	if (json_is_null(v)) {
		if (locked)
			req_fail(rq, 403, "retentionPolicyNotMet", "Bucket "
			    "'%s' has a locked Retention Policy which cannot "
			    "be removed.", bucket);
		else
			(void)json_object_del(to, "retentionPolicy");
		return (locked ? -1 : 0);
	}
	/* The rest of it is the service's own. */
	if ((period = json_object_get(v, "retentionPeriod")) == NULL)
		return (0);
	if (json_is_integer(period))
		s = json_integer_value(period);
	else if (!json_is_string(period) ||
	    !str_int64(json_string_value(period), &s))
		return (retention_bad(rq, "Parse Error: Invalid value for "
		    "field 'retentionPolicy.retentionPeriod'."));
	if (s < 1 || s > PERIOD_MAX)
		return (retention_bad(rq, "Retention policy must have a "
		    "retention period greater than 0 and less than 100 "
		    "years."));
	if (locked && s < strtoll(json_string_value(json_object_get(old,
	    "retentionPeriod")), NULL, 10)) {
		req_fail(rq, 403, "forbidden", "Cannot reduce retention "
		    "duration of a locked Retention Policy for bucket '%s'.",
		    bucket);
		return (-1);
	}
	new = old != NULL ? json_deep_copy(old) : json_object();
	(void)snprintf(text, sizeof(text), "%lld", (long long)s);
	(void)json_object_set_new(new, "retentionPeriod", json_string(text));
	clock_rfc3339(clock_wall_us(&rq->emu->clock), now);
	if (json_object_get(new, "effectiveTime") == NULL)
		(void)json_object_set_new(new, "effectiveTime",
		    json_string(now));
	(void)json_object_set_new(to, "retentionPolicy", new);
	/* A suite that locks buckets must be able to clean up after itself. */
	if (retry_test_live(rq))
		(void)json_object_set_new(to, "retentionUnenforced",
		    json_true());
	return (0);
}

/* The attrs with a locked policy; NULL where there is none to lock. */
static const char *
retention_locked(struct req *rq, const char *attrs)
{
	json_t *j = json_loads(attrs, 0, NULL);
	json_t *p = json_object_get(j, "retentionPolicy");
	const char *text = NULL;
	char *s;

	if (p != NULL && !json_is_true(json_object_get(p, "isLocked"))) {
		(void)json_object_set_new(p, "isLocked", json_true());
		s = json_dumps(j, JSON_COMPACT);
		text = arena_strdup(&rq->arena, s);
		free(s);
	}
	json_decref(j);
	return (text);
}

void
retention_lock_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	struct store_at now = { STORE_NOW };
	struct store_cond c;
	const char *attrs;
	struct bucket b;
	enum store_rc rc;

	if (req_cond(rq, &c))
		return;
	if (!c.has_meta_match) {
		req_fail_param(rq, "ifMetagenerationMatch", "required",
		    "Required parameter: ifMetagenerationMatch");
		return;
	}
	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc == STORE_OK && c.meta_match != b.metageneration)
		rc = STORE_PRECONDITION;
	/* Where there is nothing to lock nothing changes; the clients' own
	 * tests lock buckets without a policy. */
	if (rc == STORE_OK && (attrs = retention_locked(rq, b.attrs)) != NULL)
		rc = store_bucket_update(rq->emu->store, &w, rq->bucket, &c,
		    attrs, b.versioning, &rq->arena, &b);
	rq->mutation = w.mutation;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, resource_bucket(rq, &b));
}
