#include "harness/explore/explore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/explore/points.h"
#include "harness/explore/recover.h"
#include "harness/explore/work.h"
#include "harness/machine/machine.h"
#include "harness/run/emu.h"
#include "harness/run/run_int.h"
#include "harness/script/script.h"
#include "harness/workload/load.h"
#include "lib/file.h"

#define REPLAYED	16	/* violations that are replayed */

/* ---- which points ---- */

static bool
named(const struct explore_opts *o, int64_t k)
{

	for (size_t i = 0; i < o->npoints; i++)
		if (o->points[i] == k)
			return (true);
	return (o->npoints == 0);
}

/* A two-time view is named by both. */
static size_t
choose(const struct explore_opts *o, const struct points *ps, bool *pick)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->n; i++) {
		const struct point *p = &ps->v[i];

		pick[i] = named(o, p->k) &&
		    (p->list_k == 0 || named(o, p->list_k)) &&
		    i % (size_t)o->shards == (size_t)(o->shard - 1);
		n += pick[i];
	}
	return (n);
}

/* ---- a violation again ---- */

/* One or two points, as arrays that can be tried and judged. */
struct again {
	struct point v[2];
	struct explored x;
	const struct point *at;
};

static void
again_begin(struct again *g, const struct violation *v)
{
	struct points *ps = v->at->crash ? &g->x.crashes :
	    v->at->list_k > 0 ? &g->x.twos : &g->x.lost;
	size_t n = 0;

	*g = (struct again){ .x.lost = { NULL, 0 } };
	if (v->since != NULL) {
		g->v[n] = *v->since;
		g->x.lost = (struct points){ g->v, ++n };
	}
	g->v[n] = *v->at;
	g->at = &g->v[n];
	if (ps == &g->x.lost)
		*ps = (struct points){ g->v, n + 1 };
	else
		*ps = (struct points){ &g->v[n], 1 };
	for (size_t i = 0; i <= n; i++) {
		g->v[i].tried = false;
		g->v[i].broken = NULL;
	}
}

static int
try_all(struct run *r, struct explored *x, const bool *pick, int jobs,
    struct err *e)
{

	if (work_points(r, &x->lost, pick, jobs, r->emu_began_us, e) != 0 ||
	    work_points(r, &x->twos, pick + x->lost.n, jobs, r->emu_began_us,
	    e) != 0)
		return (-1);
	return (recover_run(r, &x->crashes, pick + x->lost.n + x->twos.n,
	    jobs, e));
}

static int
replay(struct run *r, struct violation *v, struct err *e)
{
	static const bool pick[2] = { true, true };
	struct violation *found;
	struct again g;
	size_t n;

	for (int i = 0; i < r->opts->explore->repeat; i++) {
		again_begin(&g, v);
		if (try_all(r, &g.x, pick, 1, e) != 0)
			return (-1);
		found = points_judge(&g.x, &r->arena, &n);
		v->tries++;
		v->fired += n > 0 && found[n - 1].at == g.at &&
		    strcmp(found[n - 1].property, v->property) == 0;
	}
	return (0);
}

/* ---- what is left for the reader ---- */

/* The emulator's data are whole only when it has ended; it goes on after. */
static int
save_history(struct run *r, struct err *e)
{
	struct arena *a = &r->arena;
	const char *dir = arena_printf(a, "%s/history", r->opts->out);
	const char *data = arena_strdup(a, emu_data(r->emu));
	json_auto_t *s = json_pack("{s:s, s:s, s:s, s:s, s:I}", "scenario",
	    r->sc->name, "release", r->rel->version, "bucket", r->bucket,
	    "path", r->path, "began_us", (json_int_t)r->emu_began_us);
	int rc;

	if (file_mkdirs(dir, 0755, e) != 0 || emu_end(r->emu, e) != 0)
		return (-1);
	rc = run_copy_tree(r, data, arena_printf(a, "%s/data", dir), e);
	if (rc == 0)
		rc = file_copy(run_journal(r), arena_printf(a,
		    "%s/journal.jsonl", dir), e);
	if (rc == 0)
		rc = file_copy(arena_printf(a, "%s/ledger", r->opts->out),
		    arena_printf(a, "%s/ledger", dir), e);
	if (rc == 0)
		rc = recover_save(r, dir, s, e);
	if (rc == 0 && json_dump_file(s, arena_printf(a, "%s/session.json",
	    dir), JSON_INDENT(2)) != 0)
		rc = err_set(e, "cannot write %s/session.json", dir);
	return (run_emu_again(r, e) == 0 ? rc : -1);
}

int
explore_load(struct run *r, const char *data, struct err *e)
{
	const char *dir = r->opts->explore->replay;
	struct arena *a = &r->arena;
	const char *file = arena_printf(a, "%s/session.json", dir);
	json_error_t why;
	json_t *s = json_load_file(file, 0, &why);
	const char *bucket, *path;
	json_int_t began;
	int rc = -1;

	if (s == NULL || json_unpack_ex(s, &why, 0, "{s:s, s:s, s:I}",
	    "bucket", &bucket, "path", &path, "began_us", &began) != 0)
		err_set(e, "%s: %s: it is no saved history of `litedrill "
		    "explore`", file, why.text);
	else if (file_copy(arena_printf(a, "%s/journal.jsonl", dir),
	    run_journal(r), e) == 0 &&
	    file_copy(arena_printf(a, "%s/ledger", dir), arena_printf(a,
	    "%s/ledger", r->opts->out), e) == 0 &&
	    run_copy_tree(r, arena_printf(a, "%s/data", dir), data, e) == 0) {
		r->bucket = arena_strdup(a, bucket);
		r->path = arena_strdup(a, path);
		r->emu_began_us = began;
		recover_load(r, dir, s);
		rc = 0;
	}
	json_decref(s);
	return (rc);
}

static void
put_points(json_t *all, const struct points *ps)
{

	for (size_t i = 0; i < ps->n; i++)
		if (ps->v[i].tried)
			(void)json_array_append_new(all,
			    point_to_json(&ps->v[i]));
}

static int
write_results(struct run *r, const struct explored *x,
    const struct violation *v, size_t n, struct err *e)
{
	struct arena *a = &r->arena;
	json_auto_t *all = json_array(), *doc;
	struct buf b;
	char *s;
	int rc;

	put_points(all, &x->lost);
	put_points(all, &x->twos);
	put_points(all, &x->crashes);
	doc = json_pack("{s:s, s:s, s:I, s:i, s:i, s:O}", "scenario",
	    r->sc->name, "release", r->rel->label, "began_us",
	    (json_int_t)r->emu_began_us, "shard", r->opts->explore->shard,
	    "shards", r->opts->explore->shards, "points", all);
	s = json_dumps(doc, JSON_INDENT(1));
	rc = file_write(arena_printf(a, "%s/explore.json", r->opts->out), s,
	    strlen(s), 0644, e);
	free(s);
	buf_init(&b, 1 << 24);
	points_table(&b, x, v, n);
	if (rc == 0)
		rc = file_write(arena_printf(a, "%s/explore.txt",
		    r->opts->out), b.p, b.len, 0644, e);
	buf_release(&b);
	return (rc);
}

/* ---- the whole ---- */

/* The first that is not known decides; rerun.sh shows it again. */
static enum verdict
conclude(struct run *r, size_t tried, const struct violation *v, size_t n,
    struct err *e)
{
	const struct violation *first = NULL;
	size_t fresh = 0;

	for (size_t i = 0; i < n; i++) {
		fresh += v[i].known == NULL;
		if (v[i].known == NULL && first == NULL)
			first = &v[i];
	}
	run_log(r, "expl", "%zu points, %zu violations, %zu of them known",
	    tried, n, n - fresh);
	if (first == NULL)
		return (VERDICT_PASS);
	if (r->opts->explore->replay == NULL && (save_history(r, e) != 0 ||
	    run_evidence_replay(r, first->since != NULL ? first->since->k :
	    first->at->list_k, first->at->k, e) != 0))
		return (run_error(r, "%s", err_msg(e)));
	return (run_fail(r, "%s: lost after change %" PRId64 " (%s): %s; "
	    "again in %d of %d replays; %zu of %zu points broke a rule, see "
	    "explore.txt", first->property, first->at->k, first->at->what,
	    first->text, first->fired, first->tries, fresh, tried));
}

static enum verdict
explore(struct run *r, struct explored *x, struct err *e)
{
	const struct explore_opts *o = r->opts->explore;
	const char *unable = recover_unable(r);
	size_t tried, restored = 0, n;
	struct violation *v;
	bool *pick;

	points_two_times(&x->lost, &r->arena, &x->twos);
	recover_points(r, &x->lost, &x->crashes);
	if (x->crashes.n > 0 && unable != NULL) {
		run_log(r, "expl", "SKIP %zu crashes: %s", x->crashes.n,
		    unable);
		x->crashes.n = 0;
	}
	pick = arena_alloc(&r->arena, x->lost.n + x->twos.n + x->crashes.n +
	    1);
	tried = choose(o, &x->lost, pick);
	tried += choose(o, &x->twos, pick + x->lost.n);
	tried += choose(o, &x->crashes, pick + x->lost.n + x->twos.n);
	/* It is lost now; what was frozen of it has a machine of its own. */
	machine_halt(r->machine);
	loads_kill(r);
	if (try_all(r, x, pick, o->jobs, e) != 0)
		return (run_error(r, "%s", err_msg(e)));
	for (size_t i = 0; i < x->lost.n; i++)
		restored += x->lost.v[i].tried && x->lost.v[i].status == 0;
	v = points_judge(x, &r->arena, &n);
	for (size_t i = 0; i < n && i < REPLAYED; i++)
		if (replay(r, &v[i], e) != 0)
			return (run_error(r, "%s", err_msg(e)));
	if (o->known != NULL && points_know(o->known, r->rel->version, v, n,
	    &r->arena, e) != 0)
		return (run_error(r, "%s", err_msg(e)));
	if (write_results(r, x, v, n, e) != 0)
		return (run_error(r, "%s", err_msg(e)));
	if (restored == 0 && n == 0 && o->npoints == 0)
		return (run_error(r, "inconclusive: of %zu changes of the "
		    "bucket none left a backup that could be restored",
		    tried));
	return (conclude(r, tried, v, n, e));
}

enum verdict
explore_run(struct run *r)
{
	struct explored x = { .lost = { NULL, 0 } };
	struct err e = ERR_INIT;
	enum verdict v;

	if (points_read(run_journal(r), r->bucket, r->path, &r->arena,
	    &x.lost, &e) != 0)
		v = run_error(r, "%s", err_msg(&e));
	else
		v = explore(r, &x, &e);
	err_release(&e);
	return (v);
}
