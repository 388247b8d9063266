#include "harness/explore/merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/explore/coverage.h"
#include "harness/explore/known.h"
#include "harness/explore/points.h"
#include "lib/mem.h"

struct session {
	const char *scenario, *release;	/* as ids have it */
	const char *version;		/* of the binary */
	int64_t	began_us;
	int	shards, have;
	bool	*part;			/* by number, from 0 */
	struct explored x;		/* heap arrays */
};

struct merge {
	struct arena a;
	struct session *v;
	size_t	n;
	struct coverage cov;		/* of all sessions */
};

static void
merge_release(struct merge *m)
{

	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].x.lost.v);
		free(m->v[i].x.twos.v);
		free(m->v[i].x.crashes.v);
		free(m->v[i].x.nested.v);
	}
	arena_release(&m->a);
}

static struct session *
merge_session(struct merge *m, const char *scenario, const char *release,
    int64_t began_us, int shards)
{
	struct session *s;

	for (s = m->v; s < m->v + m->n; s++)
		if (s->began_us == began_us && s->shards == shards &&
		    strcmp(s->scenario, scenario) == 0 &&
		    strcmp(s->release, release) == 0)
			return (s);
	*s = (struct session){ .began_us = began_us, .shards = shards,
	    .scenario = arena_strdup(&m->a, scenario),
	    .release = arena_strdup(&m->a, release),
	    .part = arena_alloc(&m->a, (size_t)shards) };
	m->n++;
	return (s);
}

static void
merge_add(struct points *ps, const struct point *p)
{

	ps->v = mem_realloc(ps->v, (ps->n + 1) * sizeof(*ps->v));
	ps->v[ps->n++] = *p;
}

static int
merge_points(struct merge *m, struct session *s, const json_t *all)
{
	const json_t *j;
	size_t i;

	json_array_foreach(all, i, j) {
		struct point p;

		if (point_from_json(&m->a, j, &p) != 0)
			return (-1);
		merge_add(p.moment > 0 ? &s->x.nested :
		    p.crash ? &s->x.crashes : p.list_k > 0 ?
		    &s->x.twos : &s->x.lost, &p);
	}
	return (0);
}

static int
merge_file(struct merge *m, const char *file, struct err *e)
{
	json_error_t why;
	json_auto_t *doc = json_load_file(file, 0, &why);
	const char *scenario, *release, *version;
	struct session *s;
	json_int_t began;
	json_t *all, *cov;
	int shard, shards, single;

	if (doc == NULL || json_unpack_ex(doc, &why, 0, "{s:s, s:s, s:s, s:I, "
	    "s:i, s:i, s:b, s:o, s:o}", "scenario", &scenario, "release",
	    &release, "version", &version, "began_us", &began, "shard",
	    &shard, "shards", &shards, "single", &single, "points", &all,
	    "coverage", &cov) != 0 || !json_is_array(all) ||
	    !json_is_array(cov))
		return (err_set(e, "%s: it is no explore.json%s%s", file,
		    why.text[0] != '\0' ? ": " : "", why.text));
	if (single)
		return (err_set(e, "%s: it is of single points (--point), no "
		    "part of a whole", file));
	if (shards < 1 || shards > 10000 || shard < 1 || shard > shards)
		return (err_set(e, "%s: there is no part %d of %d", file,
		    shard, shards));
	s = merge_session(m, scenario, release, began, shards);
	if (s->part[shard - 1])
		return (err_set(e, "%s: part %d/%d of this session of %s with "
		    "%s is among the reports already", file, shard, shards,
		    scenario, release));
	s->part[shard - 1] = true;
	s->version = arena_strdup(&m->a, version);
	s->have++;
	coverage_add_json(&m->cov, cov);
	return (merge_points(m, s, all) == 0 ? 0 : err_set(e, "%s: a point "
	    "of it is none", file));
}

static int
by_k(const void *x, const void *y)
{
	const struct point *a = x, *b = y;

	return ((a->k > b->k) - (a->k < b->k));
}

/* How many are new, or -1. */
static int
merge_judge(struct merge *m, struct session *s, const struct known *known,
    size_t nknown, struct buf *out, struct err *e)
{
	struct violation *v;
	size_t n, fresh = 0, restored = 0;

	for (int i = 0; i < s->shards; i++)
		if (!s->part[i])
			return (err_set(e, "part %d/%d of %s with %s is "
			    "missing", i + 1, s->shards, s->scenario,
			    s->release));
	if (s->x.lost.n > 0)
		qsort(s->x.lost.v, s->x.lost.n, sizeof(*s->x.lost.v), by_k);
	v = points_judge(&s->x, &m->a, &n);
	known_mark(known, nknown, s->version, v, n);
	for (size_t i = 0; i < n; i++)
		fresh += v[i].known == NULL;
	for (size_t i = 0; i < s->x.lost.n; i++)
		restored += s->x.lost.v[i].tried && s->x.lost.v[i].status == 0;
	if (restored == 0 && fresh == 0)
		return (err_set(e, "inconclusive: of %s with %s no point could "
		    "be restored", s->scenario, s->release));
	buf_addf(out, "%s with %s, in %d part%s: %zu points, %zu violations, "
	    "%zu of them known\n\n", s->scenario, s->release, s->shards,
	    s->shards > 1 ? "s" : "", s->x.lost.n +
	    s->x.twos.n + s->x.crashes.n + s->x.nested.n, n, n - fresh);
	points_table(out, &s->x, v, n);
	buf_addc(out, '\n');
	return ((int)fresh);
}

int
merge_reports(const char *const *files, size_t n, const char *known,
    struct buf *out, struct err *e)
{
	struct merge m = { .a = ARENA_INIT };
	struct known *k = NULL;
	int fresh = 0, rc = 0;
	size_t nk = 0;

	m.cov.a = &m.a;
	m.v = arena_alloc(&m.a, (n + 1) * sizeof(*m.v));
	if (known != NULL)
		rc = known_read(known, &m.a, &k, &nk, e);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = merge_file(&m, files[i], e);
	for (size_t i = 0; i < m.n && rc >= 0; i++)
		if ((rc = merge_judge(&m, &m.v[i], k, nk, out, e)) > 0)
			fresh += rc;
	if (rc >= 0) {
		buf_adds(out, "What was tried, in all of them together:\n");
		(void)coverage_table(out, &m.cov);
	}
	merge_release(&m);
	return (rc < 0 ? -1 : fresh);
}
