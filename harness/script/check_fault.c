/* Fault lines, checked against what the emulator says of itself (--describe),
 * so that neither program holds the other's tables. */
#include "harness/script/check.h"

#include <string.h>

#include "harness/script/args.h"
#include "lib/str.h"

#define CHECK_NAMES	512

static const char *
check_name(const json_t *j, const char *k)
{
	const char *s = json_string_value(json_object_get(j, k));

	return (s != NULL ? s : "");
}

void
check_api(struct check *c, const struct place *at, const char *text)
{
	const json_t *list = json_object_get(c->describe, "routes"), *v;
	const char *names[CHECK_NAMES];
	size_t n = 0, i;

	if (list == NULL)
		return;
	/* In the journal, but no route: what the proxy was asked for. */
	names[n++] = "emulator.connect";
	json_array_foreach(list, i, v)
		if (n < NELEMS(names))
			names[n++] = check_name(v, "id");
	for (i = 0; i < n; i++)
		if (str_glob(text, names[i]))
			return;
	diag_unknown(c->diag, at, "method id", text, names, n);
}

static const json_t *
check_kind_find(const struct check *c, const char *kind)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(c->describe, "fault_kinds"), i, v)
		if (strcmp(check_name(v, "name"), kind) == 0)
			return (v);
	return (NULL);
}

static enum arg_type
check_arg_type(const char *type)
{

	return (strcmp(type, "int") == 0 ? ARG_INT :
	    strcmp(type, "duration") == 0 ? ARG_DUR :
	    strcmp(type, "bytes") == 0 ? ARG_BYTES :
	    strcmp(type, "bool") == 0 ? ARG_CHOICE : ARG_STR);
}

static const struct arg_spec *
check_kind_specs(struct check *c, const json_t *kind)
{
	const json_t *args = json_object_get(kind, "args"), *v;
	struct arg_spec *specs = arena_alloc(c->arena,
	    (json_array_size(args) + 1) * sizeof(*specs));
	size_t i;

	json_array_foreach(args, i, v) {
		specs[i].name = arena_strdup(c->arena, check_name(v, "name"));
		specs[i].type = check_arg_type(check_name(v, "type"));
		specs[i].choices = "true|false";
		specs[i].required = json_is_true(json_object_get(v,
		    "required"));
		specs[i].min = json_integer_value(json_object_get(v, "min"));
		specs[i].max = json_integer_value(json_object_get(v, "max"));
	}
	return (specs);
}

/* With nobody to ask, every NAME=VALUE is taken as it stands. */
static const struct arg_spec *
check_any_specs(struct check *c, const struct line *l)
{
	struct arg_spec *specs = arena_alloc(c->arena,
	    (l->nwords + 1) * sizeof(*specs));
	size_t n = 0;

	for (size_t i = 0; i < l->nwords; i++) {
		size_t len = args_key_len(&l->words[i]);
		const char *name = arena_strndup(c->arena, l->words[i].text,
		    len);

		if (len > 0 && args_find(l->step, NULL, name) == NULL)
			specs[n++].name = name;
	}
	return (specs);
}

void
check_fault_kind(struct check *c, struct line *l, const struct word *w)
{
	const char *kind = w->text;
	static const struct arg_spec none[] = { { .name = NULL } };
	const char *names[CHECK_NAMES];
	const json_t *found = check_kind_find(c, kind), *v;
	size_t n = 0, i;

	l->more = none;
	if (strcmp(kind, "clear") == 0)
		return;
	if (c->describe == NULL) {
		l->more = check_any_specs(c, l);
		return;
	}
	if (found != NULL) {
		l->more = check_kind_specs(c, found);
		return;
	}
	l->more = check_any_specs(c, l);
	json_array_foreach(json_object_get(c->describe, "fault_kinds"), i, v)
		if (n < NELEMS(names) - 1)
			names[n++] = check_name(v, "name");
	names[n++] = "clear";
	diag_unknown(c->diag, &w->at, "fault", kind, names, n);
}

/* The kind's word. */
static const struct word *
check_kind_word(const struct line *l)
{

	for (size_t i = 0; i < l->nwords; i++)
		if (l->words[i].key == NULL)
			return (&l->words[i]);
	BUG_ON(true);		/* without it there is no line->more */
}

const struct word *
check_arg(const struct line *l, const char *key)
{

	for (size_t i = 0; i < l->nwords; i++)
		if (l->words[i].key != NULL &&
		    strcmp(l->words[i].key, key) == 0)
			return (&l->words[i]);
	return (NULL);
}

/* Where a kind can act: at=…, or nowhere (then it takes no selector). */
static void
check_points(struct check *c, const struct line *l, const json_t *kind)
{
	const json_t *points = json_object_get(kind, "points"), *v;
	const struct word *at = check_arg(l, "at");
	const char *name = check_name(kind, "name");
	int64_t n;
	size_t i;

	if (points == NULL || (at != NULL && args_has_var(at->value)))
		return;
	if (json_array_size(points) == 0) {
		for (i = 0; i < l->nwords; i++)
			if (l->words[i].key != NULL && *l->words[i].key &&
			    args_find(l->step, NULL, l->words[i].key) != NULL)
				diag_error(c->diag, &l->words[i].at, "'%s' "
				    "acts on connections and takes no "
				    "selector", name);
		return;
	}
	if (at == NULL || args_parse(args_find(l->step, NULL, "at"),
	    at->value, &n, NULL) != 0)
		return;		/* the type has been told */
	json_array_foreach(points, i, v)
		if (strcmp(json_string_value(v), at->value) == 0)
			return;
	diag_error(c->diag, &at->at, "'%s' cannot act at '%s'", name,
	    at->value);
}

void
check_fault(struct check *c, const struct line *l)
{
	const struct word *nth = check_arg(l, "nth");
	const struct word *times = check_arg(l, "times");
	const struct word *after = check_arg(l, "after-bytes");
	const struct word *at = check_arg(l, "at");
	const char *name = check_kind_word(l)->text, *point;
	const json_t *kind;
	int64_t n;

	if (strcmp(name, "clear") == 0) {
		for (size_t i = 0; i < l->nwords; i++)
			if (l->words[i].key != NULL) {
				diag_error(c->diag, &l->words[i].at,
				    "'fault clear' takes nothing more: it "
				    "removes every fault");
				break;
			}
		return;
	}
	if (nth != NULL && check_arg(l, "every") != NULL)
		diag_error(c->diag, &nth->at, "'nth' and 'every' exclude each "
		    "other");
	if (times != NULL && !args_has_var(times->value) &&
	    strcmp(times->value, "always") != 0 &&
	    (!str_int64(times->value, &n) || n < 1))
		diag_error(c->diag, &times->at, "times is 'always' or a "
		    "number of 1 or more, not '%s'", times->value);
	kind = check_kind_find(c, name);
	point = at != NULL ? at->value :
	    json_string_value(json_object_get(kind, "point"));
	if (after != NULL && (point == NULL || strcmp(point, "body") != 0))
		diag_error(c->diag, &after->at, "'after-bytes' wants at=body");
	if (kind != NULL)
		check_points(c, l, kind);
}
