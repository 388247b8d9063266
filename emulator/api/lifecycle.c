#include "emulator/api/lifecycle.h"

#include <string.h>

#include "emulator/api/places.h"
#include "lib/nul.h"
#include "lib/str.h"

#define AFFIXES_MAX	1000	/* prefixes and suffixes of all rules */
#define AFFIX_MAX	1024	/* bytes of one */
#define SIZE_LIMIT	(INT64_C(5) << 40)

enum kind { K_DAYS, K_SIZE, K_DATE, K_BOOL, K_AFFIX, K_CLASS };

static const struct condition {
	const char *name;
	enum kind kind;
	bool	abort;		/* fits AbortIncompleteMultipartUpload */
} lifecycle_conditions[] = {
	{ "age", K_DAYS, true },
	{ "createdBefore", K_DATE, false },
	{ "customTimeBefore", K_DATE, false },
	{ "daysSinceCustomTime", K_DAYS, false },
	{ "daysSinceNoncurrentTime", K_DAYS, false },
	{ "isLive", K_BOOL, false },
	{ "matchesPrefix", K_AFFIX, true },
	{ "matchesStorageClass", K_CLASS, false },
	{ "matchesSuffix", K_AFFIX, true },
	{ "noncurrentTimeBefore", K_DATE, false },
	{ "numNewerVersions", K_DAYS, false },
	{ "sizeAboveBytes", K_SIZE, false },
	{ "sizeBelowBytes", K_SIZE, false },
};

static int
lifecycle_bad(struct req *rq, const char *why)
{

	req_fail(rq, 400, "invalid", "%s", why);
	return (-1);
}

static int
lifecycle_bad_value(struct req *rq, const char *name)
{

	req_fail(rq, 400, "invalid", "Parse Error: Invalid value for "
	    "lifecycle condition '%s'.", name);
	return (-1);
}

/* A whole number, which may come as a text. */
static bool
lifecycle_number(const json_t *v, int64_t *n)
{

	if (json_is_integer(v))
		*n = json_integer_value(v);
	return (json_is_integer(v) ||
	    (json_is_string(v) && str_int64(json_string_value(v), n)));
}

bool
lifecycle_date(const char *s, int64_t *us)
{
	char rfc[32];
	int n;

	n = snprintf(rfc, sizeof(rfc), "%sT00:00:00Z", s);
	return (strlen(s) == 10 && n < (int)sizeof(rfc) &&
	    clock_parse_rfc3339(rfc, us) == 0);
}

static json_t *
lifecycle_days(struct req *rq, const char *name, const json_t *v)
{
	int64_t n;

	if (!lifecycle_number(v, &n) || n > INT32_MAX)
		(void)lifecycle_bad_value(rq, name);
	else if (n < 0)
		req_fail(rq, 400, "invalid", "Lifecycle %s condition must be "
		    "greater than or equal to 0, but was %lld", name,
		    (long long)n);
	else
		return (json_integer(n));
	return (NULL);
}

static json_t *
lifecycle_size(struct req *rq, const char *name, const json_t *v)
{
	int64_t n;

	if (!lifecycle_number(v, &n))
		(void)lifecycle_bad_value(rq, name);
	else if (n < 0 || n > SIZE_LIMIT)
		req_fail(rq, 400, "invalid", "Lifecycle %s condition cannot "
		    "exceed GCS maximum object size limit: 5 TiB, but was "
		    "%lld.", name, (long long)n);
	else
		return (json_sprintf("%lld", (long long)n));
	return (NULL);
}

static json_t *
lifecycle_affixes(struct req *rq, const char *name, const json_t *v,
    size_t *affixes)
{
	const json_t *x;
	size_t i;

	json_array_foreach(v, i, x) {
		if (!json_is_string(x) || json_string_length(x) == 0 ||
		    nul_len(json_string_value(x)) > AFFIX_MAX) {
			req_fail(rq, 400, "invalid", "Lifecycle %s cannot "
			    "contain a string that is empty or longer than "
			    "%d.", name, AFFIX_MAX);
			return (NULL);
		}
		(*affixes)++;
	}
	return (json_deep_copy(v));
}

static json_t *
lifecycle_classes(struct req *rq, const json_t *v)
{
	json_t *out = json_array();
	const char *class;
	const json_t *x;
	size_t i;

	json_array_foreach(v, i, x) {
		class = json_is_string(x) ?
		    places_class(json_string_value(x)) : NULL;
		if (class == NULL) {
			req_fail(rq, 400, "invalid",
			    "Invalid storage class \"%s\"",
			    json_is_string(x) ? json_string_value(x) : "");
			json_decref(out);
			return (NULL);
		}
		(void)json_array_append_new(out, json_string(class));
	}
	return (out);
}

/* The value as the service keeps it; NULL: a 400. */
static json_t *
lifecycle_value(struct req *rq, const struct condition *c, const json_t *v,
    size_t *affixes)
{
	int64_t us;

	switch (c->kind) {
	case K_DAYS:
		return (lifecycle_days(rq, c->name, v));
	case K_SIZE:
		return (lifecycle_size(rq, c->name, v));
	case K_BOOL:
		if (json_is_boolean(v))
			return (json_deep_copy(v));
		break;
	case K_DATE:
		if (json_is_string(v) &&
		    lifecycle_date(json_string_value(v), &us))
			return (json_deep_copy(v));
		break;
	case K_AFFIX:
		if (json_is_array(v))
			return (lifecycle_affixes(rq, c->name, v, affixes));
		break;
	case K_CLASS:
		if (json_is_array(v))
			return (lifecycle_classes(rq, v));
		break;
	}
	(void)lifecycle_bad_value(rq, c->name);
	return (NULL);
}

static bool
lifecycle_known(const char *name)
{

	for (size_t i = 0; i < NELEMS(lifecycle_conditions); i++)
		if (strcmp(lifecycle_conditions[i].name, name) == 0)
			return (true);
	return (false);
}

/* A rule whose condition were dropped would act on more than was meant. */
static int
lifecycle_strangers(struct req *rq, const json_t *condition)
{
	json_t *mut = (json_t *)(uintptr_t)condition, *v;
	const char *k;

	json_object_foreach(mut, k, v)
		if (!lifecycle_known(k)) {
			req_fail(rq, 400, "invalid",
			    "Unknown lifecycle condition '%s'.", k);
			return (-1);
		}
	return (0);
}

static json_t *
lifecycle_condition(struct req *rq, const json_t *in, bool aborts,
    size_t *affixes)
{
	json_t *out;

	if (!json_is_object(in)) {
		(void)lifecycle_bad(rq,
		    "Lifecycle rules must have a condition.");
		return (NULL);
	}
	if (lifecycle_strangers(rq, in))
		return (NULL);
	out = json_object();
	for (size_t i = 0; i < NELEMS(lifecycle_conditions); i++) {
		const struct condition *c = &lifecycle_conditions[i];
		json_t *v = json_object_get(in, c->name);

		if (v == NULL || json_is_null(v) ||
		    (json_is_array(v) && json_array_size(v) == 0))
			continue;
		if (aborts && !c->abort)
			(void)lifecycle_bad(rq, "Lifecycle age_days, "
			    "matches_prefix, and matches_suffix conditions "
			    "are the only ones allowed for a "
			    "ABORT_INCOMPLETE_MULTIPART_UPLOAD rule.");
		else if ((v = lifecycle_value(rq, c, v, affixes)) != NULL) {
			(void)json_object_set_new(out, c->name, v);
			continue;
		}
		json_decref(out);
		return (NULL);
	}
	if (json_object_size(out) > 0)
		return (out);
	json_decref(out);
	(void)lifecycle_bad(rq, "Lifecycle rules must have a condition.");
	return (NULL);
}

static json_t *
lifecycle_action(struct req *rq, const json_t *in, bool *aborts)
{
	const char *type = json_string_value(json_object_get(in, "type"));
	const json_t *v = json_object_get(in, "storageClass");
	const char *class;
	bool sets;

	if (type == NULL) {
		(void)lifecycle_bad(rq,
		    "Lifecycle rules must have an action with a type.");
		return (NULL);
	}
	sets = strcmp(type, "SetStorageClass") == 0;
	*aborts = strcmp(type, "AbortIncompleteMultipartUpload") == 0;
	if (!sets && !*aborts && strcmp(type, "Delete") != 0) {
		req_fail(rq, 400, "invalid",
		    "Invalid value for: %s is not a valid value", type);
		return (NULL);
	}
	if (!sets && v != NULL && !json_is_null(v)) {
		(void)lifecycle_bad(rq, "Storage class can only be specified "
		    "for SET_STORAGE_CLASS actions");
		return (NULL);
	}
	if (!sets)
		return (json_pack("{s:s}", "type", type));
	if (!json_is_string(v)) {
		(void)lifecycle_bad(rq, "Lifecycle storage class rules must "
		    "specify the destination storage class.");
		return (NULL);
	}
	if ((class = places_class(json_string_value(v))) != NULL)
		return (json_pack("{s:s, s:s}", "storageClass", class,
		    "type", type));
	req_fail(rq, 400, "invalid", "Unknown storage class '%s' is not a "
	    "valid option for SET_STORAGE_CLASS actions.",
	    json_string_value(v));
	return (NULL);
}

static json_t *
lifecycle_rule(struct req *rq, const json_t *in, size_t *affixes)
{
	json_t *action, *condition;
	bool aborts;

	action = lifecycle_action(rq, json_object_get(in, "action"), &aborts);
	if (action == NULL)
		return (NULL);
	condition = lifecycle_condition(rq, json_object_get(in, "condition"),
	    aborts, affixes);
	if (condition != NULL)
		return (json_pack("{s:o, s:o}", "action", action,
		    "condition", condition));
	json_decref(action);
	return (NULL);
}

int
lifecycle_take(struct req *rq, json_t *to, const json_t *v)
{
	const json_t *rules = json_object_get(v, "rule"), *in;
	json_t *out, *rule;
	size_t i, affixes = 0;

	if (json_is_null(v) || json_is_null(rules) ||
	    (json_is_array(rules) && json_array_size(rules) == 0)) {
		(void)json_object_del(to, "lifecycle");
		return (0);
	}
	if (!json_is_object(v) || (rules != NULL && !json_is_array(rules)))
		return (lifecycle_bad(rq, "Invalid value for field "
		    "'lifecycle': it has the wrong type."));
	if (rules == NULL)
		return (0);
	out = json_array();
	json_array_foreach(rules, i, in) {
		rule = lifecycle_rule(rq, in, &affixes);
		if (rule == NULL || json_array_append_new(out, rule) != 0) {
			json_decref(out);
			return (-1);
		}
	}
	if (affixes > AFFIXES_MAX) {
		json_decref(out);
		return (lifecycle_bad(rq, "Lifecycle matches_suffix and "
		    "matches_prefix cannot specify more than 1000 rules per "
		    "config."));
	}
	(void)json_object_set_new(to, "lifecycle",
	    json_pack("{s:o}", "rule", out));
	return (0);
}
