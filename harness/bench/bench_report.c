/* The figures as a table and as JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "harness/bench/bench_int.h"
#include "lib/clock.h"
#include "lib/file.h"

/* The floor that goes with a figure, or NULL where there is none. */
static const struct stats_row *
floor_of(const struct bench *b, const struct stats_key *k, const char *subject)
{
	struct stats_key f = *k;

	f.subject = subject;
	f.parallelism = 0;
	if (strcmp(subject, SUBJECT_FOLDER) != 0)
		f.release = "";
	return (stats_find(&b->stats, &f));
}

static void
cell(FILE *out, const struct stats_row *s)
{

	if (s == NULL)
		(void)fprintf(out, " %11s", "-");
	else
		(void)fprintf(out, " %11.1f", stats_median(s));
}

static void
row(const struct bench *b, FILE *out, const struct stats_row *s)
{
	char par[24] = "";
	char *subject;

	if (s->key.parallelism > 0)
		(void)snprintf(par, sizeof(par), "%" PRId64,
		    s->key.parallelism);
	if (strcmp(s->key.subject, SUBJECT_LATENCY) == 0)
		subject = mem_printf("bucket, %.0f ms a request",
		    (double)b->latency_us / 1e3);
	else
		subject = mem_strdup(s->key.subject);
	(void)fprintf(out, "%-8s %-26s %3s %9.1f  %8.1f - %-8.1f",
	    s->key.release, subject, par, stats_median(s), stats_min(s),
	    stats_max(s));
	cell(out, floor_of(b, &s->key, SUBJECT_FOLDER));
	cell(out, floor_of(b, &s->key, SUBJECT_COPY));
	cell(out, floor_of(b, &s->key, SUBJECT_ALONE));
	(void)fputc('\n', out);
	free(subject);
}

/* By release and place; the order of measuring was another one. */
static int
by_subject(const void *a, const void *b)
{
	const struct stats_row *x = *(const struct stats_row *const *)a;
	const struct stats_row *y = *(const struct stats_row *const *)b;
	int c;

	/* What belongs to no release comes last. */
	if ((*x->key.release == '\0') != (*y->key.release == '\0'))
		return (*x->key.release == '\0' ? 1 : -1);
	if ((c = strcmp(x->key.release, y->key.release)) != 0)
		return (c);
	/* "bucket, loopback", "bucket, latency", "file replica". */
	if ((c = x->key.subject[0] - y->key.subject[0]) != 0)
		return (c);
	if ((c = strcmp(y->key.subject, x->key.subject)) != 0)
		return (c);
	return (x->key.parallelism < y->key.parallelism ? -1 :
	    x->key.parallelism > y->key.parallelism);
}

static const struct stats_row **
sorted(const struct bench *b, const char *bench, const char *unit, size_t *n)
{
	const struct stats_row **v = mem_alloc((b->stats.n + 1) * sizeof(*v));

	for (size_t i = 0; i < b->stats.n; i++)
		if (strcmp(b->stats.v[i].key.bench, bench) == 0 &&
		    strcmp(b->stats.v[i].key.unit, unit) == 0)
			v[(*n)++] = &b->stats.v[i];
	qsort(v, *n, sizeof(*v), by_subject);
	return (v);
}

/* One block of the table: a benchmark's figures in one unit. */
static void
block(const struct bench *b, FILE *out, const char *bench, const char *unit)
{
	size_t n = 0;
	const struct stats_row **v = sorted(b, bench, unit, &n);

	if (n > 0)
		(void)fprintf(out, "\n%-8s %-26s %3s %9s  %-19s %11s %11s "
		    "%11s\n", bench, unit, "-p", "median", "  least - most",
		    "file repl.", "file copy", "no repl.");
	for (size_t i = 0; i < n; i++)
		row(b, out, v[i]);
	free(v);
}

void
bench_table(const struct bench *b, FILE *out)
{

	block(b, out, "replicate", UNIT_BYTES);
	block(b, out, "replicate", UNIT_COMMITS);
	block(b, out, "restore", UNIT_BYTES);
	(void)fputs("\nOn the right, the floors: medians of the same run.  1 "
	    "MB is 10^6 bytes.\n", out);
	if (b->replicate)
		(void)fputs("The writer without a replicator is shown for "
		    "orientation; its commits/s are no bound.\n",
		    out);
	for (size_t i = 0; b->restore && i < b->nreleases; i++)
		(void)fprintf(out, "Restored with %s: %" PRId64 " objects.\n",
		    b->releases[i].label, b->objects[i]);
}

static json_t *
figure_json(const struct stats_row *s)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(runs, json_real(s->v[i]));
	return (json_pack("{s:s, s:s, s:s, s:s, s:I, s:f, s:f, s:f, s:o}",
	    "bench", s->key.bench, "release", s->key.release, "subject",
	    s->key.subject, "unit", s->key.unit, "parallelism",
	    (json_int_t)s->key.parallelism, "median", stats_median(s), "min",
	    stats_min(s), "max", stats_max(s), "runs", runs));
}

int
bench_json(const struct bench *b, struct err *e)
{
	char when[CLOCK_RFC3339];
	struct utsname un = { 0 };
	json_t *j, *figures = json_array(), *objects = json_object();
	char *text;
	int rc;

	(void)uname(&un);
	clock_rfc3339(clock_wall_us(NULL), when);
	for (size_t i = 0; i < b->stats.n; i++)
		json_array_append_new(figures, figure_json(&b->stats.v[i]));
	for (size_t i = 0; b->restore && i < b->nreleases; i++)
		json_object_set_new(objects, b->releases[i].label,
		    json_integer(b->objects[i]));
	j = json_pack("{s:s, s:{s:I, s:s, s:s}, s:{s:I, s:I, s:I, s:I}, s:o,"
	    " s:o}", "time", when,
	    "machine", "cores", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
	    "kernel", un.release, "arch", un.machine,
	    "options", "size", (json_int_t)b->size, "commits",
	    (json_int_t)b->commits, "runs", (json_int_t)b->runs, "latency_us",
	    (json_int_t)b->latency_us, "objects", objects, "figures", figures);
	text = json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	BUG_ON(text == NULL);
	rc = file_write(b->json, text, strlen(text), 0644, e);
	free(text);
	json_decref(j);
	return (rc);
}
