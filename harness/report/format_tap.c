#include "harness/report/formats_int.h"

#include <stdlib.h>

void
format_tap_begin(FILE *f, const struct tally *t)
{

	(void)fprintf(f, "TAP version 13\n1..%zu\n# seed %llu\n", t->planned,
	    (unsigned long long)t->seed);
}

/* A description ends at `#`, so one that is meant is escaped; and it is one
 * line. */
static void
format_tap_text(FILE *f, const char *s)
{

	for (; *s != '\0'; s++) {
		if (*s == '#' || *s == '\\')
			(void)fputc('\\', f);
		(void)fputc(*s == '\n' ? ' ' : *s, f);
	}
}

/* A YAML string in double quotes. */
static void
format_tap_yaml(FILE *f, const char *key, const char *s)
{

	if (s == NULL || *s == '\0')
		return;
	(void)fprintf(f, "  %s: \"", key);
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			(void)fprintf(f, "\\%c", c);
		else if (c == '\n')
			(void)fputs("\\n", f);
		else if (c < 0x20 || c == 0x7f)
			(void)fprintf(f, "\\x%02x", c);
		else
			(void)fputc(c, f);
	}
	(void)fputs("\"\n", f);
}

void
format_tap_result(FILE *f, const struct tally *t, const struct result *r)
{
	bool ok = r->verdict == VERDICT_PASS || r->verdict == VERDICT_SKIP;
	char *measures = report_measures(r), *place = report_place(r);

	(void)fprintf(f, "%sok %zu - ", ok ? "" : "not ", t->done);
	format_tap_text(f, r->id);
	if (r->verdict == VERDICT_SKIP) {
		(void)fputs(" # SKIP ", f);
		format_tap_text(f, r->why != NULL ? r->why : "");
	} else
		(void)fprintf(f, " # time=%.2fs%s%s", (double)r->us / 1e6,
		    *measures != '\0' ? " " : "", measures);
	/* It failed, as its mark says that it must: say so where it counts. */
	if (r->verdict == VERDICT_PASS && r->known_bug != NULL) {
		(void)fputs(" known bug: ", f);
		format_tap_text(f, r->known_bug);
	}
	(void)fputc('\n', f);
	if (!ok) {
		(void)fputs("  ---\n", f);
		format_tap_yaml(f, "verdict", verdict_name(r->verdict));
		format_tap_yaml(f, "message", r->why);
		format_tap_yaml(f, "finding", r->finding);
		format_tap_yaml(f, "place", place);
		format_tap_yaml(f, "line", r->text);
		format_tap_yaml(f, "phase", r->phase);
		format_tap_yaml(f, "isolation", r->isolation);
		format_tap_yaml(f, "dir", r->dir);
		(void)fputs("  ...\n", f);
	}
	(void)fflush(f);
	free(measures);
	free(place);
}

void
format_tap_end(FILE *f, const struct tally *t, const struct result *all)
{

	(void)all;
	(void)fprintf(f, "# %zu passed, %zu failed, %zu skipped\n", t->passed,
	    t->failed + t->errors, t->skipped);
	(void)fflush(f);
}

void
format_sum_end(FILE *f, const struct tally *t, const struct result *all)
{

	(void)all;
	(void)fprintf(f, "%zu %zu %zu\n", t->passed, t->failed + t->errors,
	    t->skipped);
}
