/* From JSON to a rule.  Strict: a rule that means something else than was
 * written makes a drill prove nothing. */
#include "emulator/fault/fault_int.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "lib/clock.h"
#include "lib/str.h"

static const char *const fault_point_names[] = { "before", "body", "after" };

const char *
fault_point_name(enum fault_point p)
{

	return (fault_point_names[p]);
}

/* "…: did you mean 'x'?" where something is near. */
static int
fault_unknown(struct err *e, const char *what, const char *word,
    const char *const *names, size_t n)
{
	const char *near = str_nearest(word, names, n);

	if (near != NULL)
		return (err_set(e, "unknown %s '%s': did you mean '%s'?",
		    what, word, near));
	return (err_set(e, "unknown %s '%s'", what, word));
}

static int
fault_rule_fields(const json_t *j, struct err *e)
{
	static const char *const names[] = {
		"kind", "on", "bucket", "object", "from", "nth", "every",
		"times", "at", "after-bytes", "as", "args",
	};
	const char *k;
	json_t *v;

	if (!json_is_object(j))
		return (err_set(e, "a fault rule is a JSON object"));
	json_object_foreach((void *)(uintptr_t)j, k, v) {
		bool known = false;

		for (size_t i = 0; i < NELEMS(names); i++)
			known = known || strcmp(names[i], k) == 0;
		if (!known)
			return (fault_unknown(e, "field", k, names,
			    NELEMS(names)));
	}
	return (0);
}

static int
fault_rule_kind(const json_t *j, const struct fault_kind **out,
    struct err *e)
{
	const char *names[32], *name;
	size_t n = 0;

	if (json_object_get(j, "kind") == NULL)
		return (err_set(e, "field 'kind' is missing"));
	name = json_string_value(json_object_get(j, "kind"));
	if (name == NULL)
		return (err_set(e, "field 'kind' is not a string"));
	for (const struct fault_kind *k = fault_kinds; k->name != NULL; k++) {
		BUG_ON(n == NELEMS(names));
		if (strcmp(k->name, name) == 0) {
			*out = k;
			return (0);
		}
		names[n++] = k->name;
	}
	return (fault_unknown(e, "kind", name, names, n));
}

static int
fault_rule_string(const json_t *j, const char *k, const char **out,
    struct err *e)
{
	const json_t *v = json_object_get(j, k);

	*out = NULL;
	if (v == NULL)
		return (0);
	if (!json_is_string(v) || json_string_length(v) == 0)
		return (err_set(e, "field '%s' is not a string, or empty", k));
	*out = json_string_value(v);
	return (0);
}

/* A whole number, or a text that is one (a word of a scenario). */
static bool
fault_int(const json_t *v, int64_t *out)
{

	if (json_is_string(v))
		return (str_int64(json_string_value(v), out));
	*out = json_integer_value(v);
	return (json_is_integer(v));
}

static int
fault_rule_int(const json_t *j, const char *k, int64_t min, int64_t *out,
    struct err *e)
{
	const json_t *v = json_object_get(j, k);

	if (v == NULL)
		return (0);
	if (!fault_int(v, out) || *out < min)
		return (err_set(e, "field '%s' is not a whole number of %d or "
		    "more", k, (int)min));
	return (0);
}

/* on= must be able to match something. */
static int
fault_rule_on(const char *on, struct err *e)
{
	const char *names[256];
	size_t n = 0;

	for (const struct route *r = routes; r->id != NULL; r++) {
		if (r->api == API_CONTROL)
			continue;
		if (str_glob(on, r->id))
			return (0);
		if (n < NELEMS(names))
			names[n++] = r->id;
	}
	return (fault_unknown(e, "method id in field 'on':", on, names, n));
}

static int
fault_rule_selector(struct fault_rule *r, struct err *e)
{
	const json_t *j = r->spec, *times = json_object_get(j, "times");
	bool nth = json_object_get(j, "nth") != NULL;

	if (fault_rule_string(j, "on", &r->on, e) != 0 ||
	    fault_rule_string(j, "bucket", &r->bucket, e) != 0 ||
	    fault_rule_string(j, "object", &r->object, e) != 0 ||
	    fault_rule_string(j, "from", &r->from, e) != 0 ||
	    fault_rule_string(j, "as", &r->as, e) != 0 ||
	    fault_rule_int(j, "nth", 1, &r->nth, e) != 0 ||
	    fault_rule_int(j, "every", 1, &r->every, e) != 0 ||
	    fault_rule_int(j, "after-bytes", 0, &r->after_bytes, e) != 0)
		return (-1);
	r->times = nth ? 1 : INT64_MAX;
	if (json_is_string(times) &&
	    strcmp(json_string_value(times), "always") == 0)
		r->times = INT64_MAX;
	else if (fault_rule_int(j, "times", 1, &r->times, e) != 0)
		return (-1);
	if (r->nth > 0 && r->every > 0)
		return (err_set(e, "fields 'nth' and 'every' exclude each "
		    "other"));
	return (r->on != NULL ? fault_rule_on(r->on, e) : 0);
}

static int
fault_rule_point(struct fault_rule *r, struct err *e)
{
	const char *at, *k = r->kind->name;
	size_t p;

	r->at = r->kind->dflt;
	if (fault_rule_string(r->spec, "at", &at, e) != 0)
		return (-1);
	if (at != NULL) {
		for (p = 0; p < NELEMS(fault_point_names); p++)
			if (strcmp(fault_point_names[p], at) == 0)
				break;
		if (p == NELEMS(fault_point_names))
			return (err_set(e, "field 'at' is before, body or "
			    "after, not '%s'", at));
		r->at = (enum fault_point)p;
		if (!(r->kind->points & FAULT_AT(r->at)))
			return (err_set(e, "field 'at': %s does not act at "
			    "'%s'", k, at));
	}
	if (r->at != FAULT_BODY && json_object_get(r->spec, "after-bytes"))
		return (err_set(e, "field 'after-bytes' wants at=body"));
	(void)json_object_set_new(r->spec, "at",
	    json_string(fault_point_name(r->at)));
	return (0);
}

static int
fault_rule_value(const struct fault_arg *a, const json_t *v,
    struct fault_value *out, struct err *e)
{
	bool ok = false;

	out->set = true;
	switch (a->type) {
	case FAULT_INT:
		if (!fault_int(v, &out->i))
			return (err_set(e, "args: '%s' is not a whole number",
			    a->name));
		if (out->i < a->min || out->i > a->max)
			return (err_set(e, "args: '%s' is not within %lld "
			    "and %lld", a->name, (long long)a->min,
			    (long long)a->max));
		return (0);
	case FAULT_DURATION:
		if (json_is_string(v)) {
			if (clock_parse_duration(json_string_value(v),
			    &out->i, e) != 0)
				return (err_prefix(e, "args: '%s'", a->name));
			return (0);
		}
		ok = json_is_integer(v) && json_integer_value(v) >= 0 &&
		    json_integer_value(v) < INT64_MAX / 1000;
		out->i = ok ? json_integer_value(v) * 1000 : 0;
		break;
	case FAULT_BYTES:
		if (json_is_string(v) && str_parse_bytes(json_string_value(v),
		    &out->i, e) != 0)
			return (err_prefix(e, "args: '%s'", a->name));
		if (json_is_integer(v))
			out->i = json_integer_value(v);
		if ((json_is_string(v) || json_is_integer(v)) && out->i > 0 &&
		    out->i <= a->max)
			return (0);
		return (err_set(e, "args: '%s' is not a number of bytes, such "
		    "as 256KiB", a->name));
	case FAULT_STRING:
		ok = json_is_string(v) && json_string_length(v) > 0;
		out->s = json_string_value(v);
		break;
	case FAULT_BOOL:
		ok = json_is_boolean(v);
		out->i = json_is_true(v);
		break;
	}
	return (ok ? 0 : err_set(e, "args: '%s' is not a %s", a->name,
	    a->type == FAULT_DURATION ? "duration or a number of "
	    "milliseconds" : a->type == FAULT_BOOL ? "boolean" : "string"));
}

static int
fault_rule_args(struct fault_rule *r, struct err *e)
{
	json_t *args = json_object_get(r->spec, "args"), *v;
	const struct fault_arg *a = r->kind->args;
	const char *names[FAULT_ARGS], *k;
	size_t n = 0, i;

	if (args != NULL && !json_is_object(args))
		return (err_set(e, "field 'args' is not an object"));
	while (n < FAULT_ARGS && a[n].name != NULL) {
		names[n] = a[n].name;
		n++;
	}
	json_object_foreach(args, k, v) {
		for (i = 0; i < n && strcmp(names[i], k) != 0; i++)
			;
		if (i == n)
			return (fault_unknown(e, "argument", k, names, n));
		if (fault_rule_value(&a[i], v, &r->args[i], e) != 0)
			return (-1);
	}
	for (i = 0; i < n; i++)
		if (a[i].required && !r->args[i].set)
			return (err_set(e, "args: '%s' is missing: %s",
			    a[i].name, a[i].doc));
	return (r->kind->check != NULL ? r->kind->check(r, e) : 0);
}

/* A kind that acts on connections has no request to select by. */
static int
fault_rule_bare(const struct fault_rule *r, struct err *e)
{
	const char *k;
	json_t *v;

	json_object_foreach(r->spec, k, v)
		if (strcmp(k, "kind") != 0 && strcmp(k, "args") != 0)
			return (err_set(e, "field '%s': %s acts on "
			    "connections and takes no selector", k,
			    r->kind->name));
	return (0);
}

struct fault_rule *
fault_rule_new(const json_t *j, struct err *e)
{
	const struct fault_kind *kind;
	struct fault_rule *r;
	int rc;

	if (fault_rule_fields(j, e) != 0 || fault_rule_kind(j, &kind, e) != 0)
		return (NULL);
	r = mem_alloc(sizeof(*r));
	r->kind = kind;
	r->spec = json_deep_copy(j);
	BUG_ON(r->spec == NULL);
	if (kind->points == 0)
		rc = fault_rule_bare(r, e);
	else if ((rc = fault_rule_selector(r, e)) == 0)
		rc = fault_rule_point(r, e);
	if (rc == 0)
		rc = fault_rule_args(r, e);
	if (rc != 0) {
		fault_rule_free(r);
		return (NULL);
	}
	return (r);
}

void
fault_rule_free(struct fault_rule *r)
{

	json_decref(r->spec);
	free(r);
}
