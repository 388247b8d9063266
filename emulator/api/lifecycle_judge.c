/* Which rule fits an object, https://cloud.google.com/storage/docs/lifecycle .
 * All conditions of a rule must; to delete comes before a class, and of several
 * classes the cheapest at rest wins. */
#include "emulator/api/lifecycle.h"

#include <stdlib.h>
#include <string.h>

#include "lib/nul.h"
#include "lib/str.h"

#define DAY_US		INT64_C(86400000000)

static bool
lifecycle_affix_fits(const json_t *list, const char *name, bool prefix)
{
	const json_t *x;
	size_t i;

	json_array_foreach(list, i, x)
		if (prefix ? str_starts(name, json_string_value(x)) :
		    nul_ends(name, json_string_value(x)))
			return (true);
	return (false);
}

static bool
lifecycle_class_fits(const json_t *list, const json_t *attrs)
{
	const char *class = json_string_value(json_object_get(attrs,
	    "storageClass"));
	const json_t *x;
	size_t i;

	json_array_foreach(list, i, x)
		if (strcmp(json_string_value(x),
		    class != NULL ? class : "STANDARD") == 0)
			return (true);
	return (false);
}

/* `days` after us, or before the date; never for a time that is not set. */
static bool
lifecycle_time_fits(const json_t *v, int64_t us, int64_t now_us)
{
	int64_t date;

	if (us == 0)
		return (false);
	if (json_is_integer(v))
		return (json_integer_value(v) <= (now_us - us) / DAY_US &&
		    us <= now_us);
	return (lifecycle_date(json_string_value(v), &date) && us < date);
}

static int64_t
lifecycle_custom_time(const json_t *attrs)
{
	const char *s = json_string_value(json_object_get(attrs,
	    "customTime"));
	int64_t us;

	return (s != NULL && clock_parse_rfc3339(s, &us) == 0 ? us : 0);
}

static bool
lifecycle_fits(const char *k, const json_t *v,
    const struct lifecycle_object *x, int64_t now_us)
{
	const struct object *o = x->o;
	int64_t gone_us = x->live ? 0 : o->deleted_us;

	if (strcmp(k, "age") == 0 || strcmp(k, "createdBefore") == 0)
		return (lifecycle_time_fits(v, o->created_us, now_us));
	if (strcmp(k, "daysSinceCustomTime") == 0 ||
	    strcmp(k, "customTimeBefore") == 0)
		return (lifecycle_time_fits(v,
		    lifecycle_custom_time(x->attrs), now_us));
	if (strcmp(k, "daysSinceNoncurrentTime") == 0 ||
	    strcmp(k, "noncurrentTimeBefore") == 0)
		return (lifecycle_time_fits(v, gone_us, now_us));
	if (strcmp(k, "isLive") == 0)
		return (json_is_true(v) == x->live);
	if (strcmp(k, "numNewerVersions") == 0)
		return (x->newer >= json_integer_value(v));
	if (strcmp(k, "sizeAboveBytes") == 0)
		return (o->size > strtoll(json_string_value(v), NULL, 10));
	if (strcmp(k, "sizeBelowBytes") == 0)
		return (o->size < strtoll(json_string_value(v), NULL, 10));
	if (strcmp(k, "matchesStorageClass") == 0)
		return (lifecycle_class_fits(v, x->attrs));
	return (lifecycle_affix_fits(v, o->name,
	    strcmp(k, "matchesPrefix") == 0));
}

static bool
lifecycle_all_fit(const json_t *rule, const struct lifecycle_object *x,
    int64_t now_us)
{
	json_t *condition = json_object_get(rule, "condition"), *v;
	const char *k;

	json_object_foreach(condition, k, v)
		if (!lifecycle_fits(k, v, x, now_us))
			return (false);
	return (true);
}

static int
lifecycle_rank(const char *class)
{
	static const char *const rank[] = { "NEARLINE", "COLDLINE",
		"ARCHIVE" };

	for (size_t i = 0; i < NELEMS(rank); i++)
		if (strcmp(rank[i], class) == 0)
			return ((int)i + 1);
	return (0);
}

enum lifecycle_action
lifecycle_judge(const json_t *lifecycle, const struct lifecycle_object *x,
    int64_t now_us, const char **class)
{
	const char *now = json_string_value(json_object_get(x->attrs,
	    "storageClass")), *to;
	const json_t *rule;
	size_t i;

	*class = NULL;
	now = now != NULL ? now : "STANDARD";
	json_array_foreach(json_object_get(lifecycle, "rule"), i, rule) {
		const json_t *action = json_object_get(rule, "action");
		const char *type = json_string_value(json_object_get(action,
		    "type"));

		if (*type == 'A' || !lifecycle_all_fit(rule, x, now_us))
			continue;
		if (*type == 'D')
			return (LIFECYCLE_DELETE);
		to = json_string_value(json_object_get(action,
		    "storageClass"));
		/* An object never moves up. */
		if (lifecycle_rank(to) > lifecycle_rank(*class != NULL ?
		    *class : now))
			*class = to;
	}
	return (*class != NULL ? LIFECYCLE_CLASS : LIFECYCLE_NONE);
}

bool
lifecycle_aborts(const json_t *lifecycle, const char *name, int64_t begun_us,
    int64_t now_us)
{
	struct object o = { .name = name, .created_us = begun_us };
	struct lifecycle_object x = { .o = &o, .live = true };
	const json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(lifecycle, "rule"), i, rule) {
		const char *type = json_string_value(json_object_get(
		    json_object_get(rule, "action"), "type"));

		if (*type == 'A' && lifecycle_all_fit(rule, &x, now_us))
			return (true);
	}
	return (false);
}
