/* Releases across, drills down.  A cell says what did not hold, not how that
 * was seen, so that two runs of the same programs give the same table: it can
 * be kept and compared (`make regress`). */
#include "harness/report/formats_int.h"

#include <stdlib.h>
#include <string.h>

#include "harness/replicator/replicators.h"

struct table {
	const struct result *all;
	size_t	n;
	const char **drills, **releases;	/* sorted, each once */
	size_t	ndrills, nreleases;
};

static size_t
table_add(const char **list, size_t n, const char *s)
{

	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], s) == 0)
			return (n);
	list[n] = s;
	return (n + 1);
}

static int
by_release(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int d = release_compare(x, y);

	return (d != 0 ? d : strcmp(x, y));
}

static int
by_name(const void *a, const void *b)
{

	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

/* "FAIL synced"; heap.  A mark known-bug turns a verdict, not the cell. */
static char *
table_cell(const struct table *t, const char *drill, const char *release)
{
	const struct result *r = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->all[i].scenario, drill) == 0 &&
		    strcmp(t->all[i].release, release) == 0)
			r = &t->all[i];
	if (r == NULL)
		return (mem_strdup("-"));
	if (r->verdict == VERDICT_PASS && r->known_bug == NULL)
		return (mem_strdup("PASS"));
	if (r->verdict == VERDICT_FAIL || r->verdict == VERDICT_PASS)
		return (mem_printf("%s %s", r->verdict == VERDICT_FAIL ?
		    "FAIL" : "known", r->property != NULL ? r->property :
		    "?"));
	return (mem_strdup(verdict_name(r->verdict)));
}

static void
table_line(FILE *f, const struct table *t, const char *drill,
    const int *width, int first)
{

	(void)fprintf(f, "%-*s", first, drill != NULL ? drill : "");
	for (size_t i = 0; i < t->nreleases; i++) {
		char *cell = drill == NULL ? mem_strdup(t->releases[i]) :
		    table_cell(t, drill, t->releases[i]);

		(void)fprintf(f, "  %-*s", i + 1 < t->nreleases ? width[i] : 0,
		    cell);
		free(cell);
	}
	(void)fputc('\n', f);
}

static void
table_write(FILE *f, const struct table *t)
{
	int *width = mem_alloc((t->nreleases + 1) * sizeof(*width));
	int first = 0;

	for (size_t k = 0; k < t->ndrills; k++)
		if ((int)strlen(t->drills[k]) > first)
			first = (int)strlen(t->drills[k]);
	for (size_t i = 0; i < t->nreleases; i++) {
		width[i] = (int)strlen(t->releases[i]);
		for (size_t k = 0; k < t->ndrills; k++) {
			char *cell = table_cell(t, t->drills[k],
			    t->releases[i]);

			if ((int)strlen(cell) > width[i])
				width[i] = (int)strlen(cell);
			free(cell);
		}
	}
	table_line(f, t, NULL, width, first);
	for (size_t k = 0; k < t->ndrills; k++)
		table_line(f, t, t->drills[k], width, first);
	free(width);
}

void
format_table_end(FILE *f, const struct tally *tally, const struct result *all)
{
	struct table t = { .all = all, .n = tally->done };

	t.drills = mem_alloc((t.n + 1) * sizeof(*t.drills));
	t.releases = mem_alloc((t.n + 1) * sizeof(*t.releases));
	for (size_t i = 0; i < t.n; i++) {
		t.ndrills = table_add(t.drills, t.ndrills, all[i].scenario);
		t.nreleases = table_add(t.releases, t.nreleases,
		    all[i].release);
	}
	qsort(t.drills, t.ndrills, sizeof(*t.drills), by_name);
	qsort(t.releases, t.nreleases, sizeof(*t.releases), by_release);
	if (t.n > 0)
		table_write(f, &t);
	free(t.drills);
	free(t.releases);
}
