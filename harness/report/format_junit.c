#include "harness/report/formats_int.h"

#include <stdlib.h>
#include <string.h>

/* Text or an attribute's value; what XML 1.0 cannot hold becomes `?`. */
static void
format_junit_text(FILE *f, const char *s)
{

	for (; s != NULL && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '&')
			(void)fputs("&amp;", f);
		else if (c == '<')
			(void)fputs("&lt;", f);
		else if (c == '>')
			(void)fputs("&gt;", f);
		else if (c == '"')
			(void)fputs("&quot;", f);
		else if (c == '\n' || c == '\t')
			(void)fprintf(f, "&#%d;", c);
		else if (c < 0x20 || c == 0x7f)
			(void)fputc('?', f);
		else
			(void)fputc(c, f);
	}
}

static void
format_junit_attr(FILE *f, const char *name, const char *value)
{

	(void)fprintf(f, " %s=\"", name);
	format_junit_text(f, value);
	(void)fputc('"', f);
}

static void
format_junit_property(FILE *f, const char *name, int64_t v)
{

	if (v >= 0)
		(void)fprintf(f, "      <property name=\"%s\" value=\"%lld\"/>"
		    "\n", name, (long long)v);
}

static void
format_junit_why(FILE *f, const struct result *r)
{
	const char *tag = r->verdict == VERDICT_FAIL ? "failure" : "error";
	char *place;

	if (r->verdict == VERDICT_PASS)
		return;
	if (r->verdict == VERDICT_SKIP) {
		(void)fputs("      <skipped", f);
		format_junit_attr(f, "message", r->why);
		(void)fputs("/>\n", f);
		return;
	}
	place = report_place(r);
	(void)fprintf(f, "      <%s", tag);
	format_junit_attr(f, "type", verdict_name(r->verdict));
	format_junit_attr(f, "message", r->why);
	(void)fputc('>', f);
	format_junit_text(f, place);
	if (r->text != NULL) {
		(void)fputs(": ", f);
		format_junit_text(f, r->text);
	}
	if (r->finding != NULL) {
		(void)fputs("\nfinding: ", f);
		format_junit_text(f, r->finding);
	}
	if (r->phase != NULL) {
		(void)fputs("\nphase: ", f);
		format_junit_text(f, r->phase);
	}
	if (r->dir != NULL) {
		(void)fputs("\nkept in: ", f);
		format_junit_text(f, r->dir);
	}
	(void)fprintf(f, "</%s>\n", tag);
	free(place);
}

/* class: the scenario with a dot for the slash; name: the release too, so
 * that a CI server shows the two releases as two tests. */
static void
format_junit_case(FILE *f, const struct result *r)
{
	const char *slash = strrchr(r->id, '/');
	char *class = mem_strndup(r->id, slash != NULL ?
	    (size_t)(slash - r->id) : 0);

	(void)fputs("    <testcase", f);
	format_junit_attr(f, "classname", *class != '\0' ? class : "litedrill");
	format_junit_attr(f, "name", slash != NULL ? slash + 1 : r->id);
	format_junit_attr(f, "file", r->file);
	(void)fprintf(f, " time=\"%.3f\">\n", (double)r->us / 1e6);
	(void)fputs("      <properties>\n", f);
	format_junit_property(f, "rpo_rows", r->rpo_rows);
	format_junit_property(f, "rpo_us", r->rpo_us);
	format_junit_property(f, "rto_us", r->rto_us);
	format_junit_property(f, "requests", r->requests);
	(void)fputs("      </properties>\n", f);
	format_junit_why(f, r);
	(void)fputs("    </testcase>\n", f);
	free(class);
}

void
format_junit_end(FILE *f, const struct tally *t, const struct result *all)
{
	int64_t us = 0;

	for (size_t i = 0; i < t->done; i++)
		us += all[i].us;
	(void)fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuites>\n  <testsuite name=\"litedrill\" tests=\"%zu\" "
	    "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
	    t->done, t->failed, t->errors, t->skipped, (double)us / 1e6);
	(void)fprintf(f, "    <properties>\n      <property name=\"seed\" "
	    "value=\"%llu\"/>\n    </properties>\n",
	    (unsigned long long)t->seed);
	for (size_t i = 0; i < t->done; i++)
		format_junit_case(f, &all[i]);
	(void)fputs("  </testsuite>\n</testsuites>\n", f);
}
