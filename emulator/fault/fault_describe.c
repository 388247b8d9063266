/* The table of kinds and the fields of a selector, for --describe. */
#include "emulator/fault/fault_int.h"

#include "lib/str.h"

static json_t *
fault_describe_arg(const struct fault_arg *a)
{
	static const char *const types[] = {
		"int", "duration", "string", "bool", "bytes"
	};
	json_t *j = json_pack("{s:s, s:s, s:b, s:s}", "name", a->name, "type",
	    types[a->type], "required", a->required, "doc", a->doc);

	BUG_ON(j == NULL);
	(void)json_object_set_new(j, "default", a->dflt != NULL ?
	    json_string(a->dflt) : json_null());
	if (a->type == FAULT_INT) {
		(void)json_object_set_new(j, "min", json_integer(a->min));
		(void)json_object_set_new(j, "max", json_integer(a->max));
	}
	return (j);
}

json_t *
faults_describe(void)
{
	json_t *out = json_array(), *points, *args;

	for (const struct fault_kind *k = fault_kinds; k->name != NULL; k++) {
		points = json_array();
		for (enum fault_point p = FAULT_BEFORE; p <= FAULT_AFTER; p++)
			if (k->points & FAULT_AT(p))
				(void)json_array_append_new(points,
				    json_string(fault_point_name(p)));
		args = json_array();
		for (size_t i = 0; i < FAULT_ARGS && k->args[i].name != NULL;
		    i++)
			(void)json_array_append_new(args,
			    fault_describe_arg(&k->args[i]));
		(void)json_array_append_new(out, json_pack(
		    "{s:s, s:s, s:o, s:s?, s:o}", "name", k->name, "doc",
		    k->doc, "points", points, "point", k->points != 0 ?
		    fault_point_name(k->dflt) : NULL, "args", args));
	}
	return (out);
}

json_t *
faults_selectors(void)
{
	static const struct { const char *name, *type, *doc; } t[] = {
		{ "on", "string", "method id, `*` matches any run" },
		{ "bucket", "string", "glob over the bucket's name" },
		{ "object", "string", "glob over the object's name" },
		{ "from", "string", "glob over the caller, as "
		    "serviceAccount:E-MAIL or only the e-mail; without it the "
		    "project's owner is spared" },
		{ "nth", "int", "the nth match only, counted from 1" },
		{ "every", "int", "each match whose number is a multiple" },
		{ "times", "int", "fire so often, then no more; `always` has "
		    "no end" },
		{ "at", "string", "before, body or after" },
		{ "after-bytes", "int", "with at=body: once so many bytes "
		    "have passed" },
		{ "as", "string", "a name to release and ask by" },
	};
	json_t *out = json_array();

	for (size_t i = 0; i < NELEMS(t); i++)
		(void)json_array_append_new(out, json_pack("{s:s, s:s, s:s}",
		    "name", t[i].name, "type", t[i].type, "doc", t[i].doc));
	return (out);
}
