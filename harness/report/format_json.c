#include "harness/report/formats_int.h"

static void
format_json_number(json_t *j, const char *k, int64_t v)
{

	(void)json_object_set_new(j, k, v >= 0 ? json_integer(v) :
	    json_null());
}

static void
format_json_string(json_t *j, const char *k, const char *s)
{
	/* What a program printed need not be UTF-8. */
	json_t *v = s != NULL ? json_string(s) : json_null();

	(void)json_object_set_new(j, k, v != NULL ? v :
	    json_string("(not UTF-8)"));
}

static json_t *
format_json_result(const struct result *r)
{
	json_t *j = json_object();

	format_json_string(j, "id", r->id);
	format_json_string(j, "scenario", r->scenario);
	format_json_string(j, "release", r->release);
	format_json_string(j, "title", r->title);
	format_json_string(j, "verdict", verdict_name(r->verdict));
	format_json_string(j, "why", r->why);
	format_json_string(j, "phase", r->phase);
	format_json_string(j, "text", r->text);
	format_json_string(j, "file", r->file);
	format_json_number(j, "line", r->line > 0 ? r->line : -1);
	format_json_number(j, "col", r->line > 0 ? r->col : -1);
	format_json_number(j, "us", r->us);
	format_json_number(j, "rpo_rows", r->rpo_rows);
	format_json_number(j, "rpo_us", r->rpo_us);
	format_json_number(j, "rto_us", r->rto_us);
	format_json_number(j, "requests", r->requests);
	format_json_string(j, "isolation", r->isolation);
	format_json_string(j, "dir", r->dir);
	format_json_string(j, "finding", r->finding);
	format_json_string(j, "known_bug", r->known_bug);
	format_json_string(j, "property", r->property);
	return (j);
}

void
format_json_end(FILE *f, const struct tally *t, const struct result *all)
{
	json_t *list = json_array(), *j;

	for (size_t i = 0; i < t->done; i++)
		(void)json_array_append_new(list,
		    format_json_result(&all[i]));
	j = json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "seed",
	    (json_int_t)t->seed,
	    "passed", (json_int_t)t->passed, "failed", (json_int_t)t->failed,
	    "errors", (json_int_t)t->errors, "skipped",
	    (json_int_t)t->skipped, "results", list);
	BUG_ON(j == NULL);
	(void)json_dumpf(j, f, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	(void)fputc('\n', f);
	json_decref(j);
}
