#include "harness/explore/explore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/explore/coverage.h"
#include "harness/explore/known.h"
#include "harness/explore/plan.h"
#include "harness/explore/points.h"
#include "harness/explore/recover.h"
#include "harness/explore/work.h"
#include "harness/machine/machine.h"
#include "harness/run/emu.h"
#include "harness/run/run_int.h"
#include "harness/script/script.h"
#include "harness/workload/load.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define REPLAYED	16	/* violations that are replayed */
#define NESTED		12	/* recoveries that are crashed in turn … */
#define NESTED_LEAST	2	/* … and with a budget */
#define TWOS_AT_ONCE	8	/* for each job, between looks at the clock */
#define NOTES_MAX	(1 << 16)

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
static bool *
choose(struct run *r, const struct points *ps)
{
	const struct explore_opts *o = r->opts->explore;
	bool *pick = arena_alloc(&r->arena, ps->n + 1);

	for (size_t i = 0; i < ps->n; i++) {
		const struct point *p = &ps->v[i];

		pick[i] = named(o, p->k) &&
		    (p->list_k == 0 || named(o, p->list_k)) &&
		    i % (size_t)o->shards == (size_t)(o->shard - 1);
	}
	return (pick);
}

static size_t
count(const bool *pick, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += pick[i];
	return (sum);
}

/* ---- a violation again ---- */

/* One or two points, as arrays that can be tried and judged. */
struct again {
	struct point v[2], nested[RECOVER_MOMENTS];
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
	g->x.nested = (struct points){ g->nested, 0 };
	for (size_t i = 0; i <= n; i++) {
		g->v[i].tried = false;
		g->v[i].broken = NULL;
		g->v[i].same = NULL;
	}
}

static int
again_try(struct run *r, struct again *g, bool nest, struct err *e)
{
	static const bool pick[2] = { true, true };

	if (work_points(r, &g->x.lost, pick, 1, r->emu_began_us, e) != 0 ||
	    work_points(r, &g->x.twos, pick, 1, r->emu_began_us, e) != 0)
		return (-1);
	return (recover_run(r, &g->x.crashes, pick, nest ? pick : NULL,
	    &g->x.nested, 1, e));
}

/* The crash that a nested one came after: that is where a replay begins. */
static const struct point *
again_from(const struct explored *x, const struct point *p)
{

	for (size_t i = 0; p->moment > 0 && i < x->crashes.n; i++)
		if (x->crashes.v[i].k == p->k && strcmp(x->crashes.v[i].what,
		    p->object) == 0)
			return (&x->crashes.v[i]);
	return (p);
}

static int
replay(struct run *r, const struct explored *x, struct violation *v,
    struct err *e)
{
	struct violation from = *v, *found;
	struct again g;
	bool nest;
	size_t n;

	from.at = again_from(x, v->at);
	nest = from.at->nest;
	for (int i = 0; i < r->opts->explore->repeat; i++) {
		bool fired = false;

		again_begin(&g, &from);
		if (again_try(r, &g, nest, e) != 0)
			return (-1);
		found = points_judge(&g.x, &r->arena, &n);
		for (size_t j = 0; j < n; j++)
			fired = fired || ((v->at->moment > 0 ?
			    found[j].at->moment > 0 : found[j].at == g.at) &&
			    strcmp(found[j].property, v->property) == 0);
		v->tries++;
		v->fired += fired;
	}
	return (0);
}

/* Those that are new, and the first of each that is known. */
static int
replay_some(struct run *r, const struct explored *x, struct violation *v,
    size_t n, struct err *e)
{
	int left = REPLAYED;

	for (size_t i = 0; i < n && left > 0; i++) {
		bool first = true;

		for (size_t j = 0; j < i && first; j++)
			first = v[i].known == NULL || v[j].known != v[i].known;
		if (!first)
			continue;
		if (replay(r, x, &v[i], e) != 0)
			return (-1);
		left--;
	}
	return (0);
}

/* ---- what is left for the reader ---- */

/* The emulator's data are whole only when it has ended; it goes on after. */
static int
save_history(struct run *r, size_t changes, struct err *e)
{
	struct arena *a = &r->arena;
	/* Keys, which a replay's emulator makes anew, and room. */
	static const char *const not_kept[] = { "ca-key.pem", "ca.pem",
		"control-token", "owner-key.json", "lock", "room" };
	const char *dir = arena_printf(a, "%s/history", r->opts->out);
	const char *data = arena_strdup(a, emu_data(r->emu));
	json_auto_t *s = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}",
	    "scenario", point_text(a, r->sc->name), "release",
	    r->rel->version, "bucket", r->bucket, "path", r->path, "began_us",
	    (json_int_t)r->emu_began_us, "changes", (json_int_t)changes);
	int rc;

	if (file_mkdirs(dir, 0755, e) != 0 || emu_end(r->emu, e) != 0)
		return (-1);
	rc = run_copy_tree(r, data, arena_printf(a, "%s/data", dir), e);
	for (size_t i = 0; i < NELEMS(not_kept) && rc == 0; i++)
		rc = file_remove_all(arena_printf(a, "%s/data/%s", dir,
		    not_kept[i]), e);
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
	const char *dir = r->opts->explore->replay, *file;
	struct arena *a = &r->arena;
	json_error_t why;
	json_t *s;
	const char *bucket, *path, *release;
	json_int_t began, changes;
	int rc = -1;

	if (str_ends(dir, ".tar.xz")) {
		const char *archive = dir;

		dir = arena_printf(a, "%s/replay", r->dir);
		if (run_unpack(r, archive, dir, e) != 0)
			return (-1);
		dir = arena_printf(a, "%s/history", dir);
	}
	file = arena_printf(a, "%s/session.json", dir);
	s = json_load_file(file, 0, &why);
	if (s == NULL || json_unpack_ex(s, &why, 0, "{s:s, s:s, s:s, s:I, s:I}",
	    "bucket", &bucket, "path", &path, "release", &release, "began_us",
	    &began, "changes", &changes) != 0)
		err_set(e, "%s: %s: it is no saved history of `litedrill "
		    "explore`", file, why.text);
	else if (strcmp(release, r->rel->version) != 0)
		err_set(e, "%s is a history of Litestream %s, this is %s",
		    r->opts->explore->replay, release, r->rel->version);
	else if (file_copy(arena_printf(a, "%s/journal.jsonl", dir),
	    run_journal(r), e) == 0 &&
	    file_copy(arena_printf(a, "%s/ledger", dir), arena_printf(a,
	    "%s/ledger", r->opts->out), e) == 0 &&
	    run_copy_tree(r, arena_printf(a, "%s/data", dir), data, e) == 0) {
		r->bucket = arena_strdup(a, bucket);
		r->path = arena_strdup(a, path);
		r->emu_began_us = began;
		r->saved_changes = (size_t)changes;
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
    const struct violation *v, size_t n, const char *notes, struct err *e)
{
	struct coverage c = { .a = &r->arena };
	struct arena *a = &r->arena;
	json_auto_t *all = json_array(), *doc = NULL;
	struct buf b;
	char *s;
	int rc;

	put_points(all, &x->lost);
	put_points(all, &x->twos);
	put_points(all, &x->crashes);
	put_points(all, &x->nested);
	/* Each part of a session has the same journal: once is enough. */
	if (r->opts->explore->shard == 1 && coverage_journal(&c,
	    run_journal(r), r->bucket, r->path, emu_owner(r->emu), e) != 0)
		return (-1);
	coverage_points(&c, x);
	doc = json_pack("{s:s, s:s, s:s, s:I, s:i, s:i, s:b, s:O, s:o}", "scenario",
	    point_text(a, r->sc->name), "release", point_text(a,
	    r->rel->label), "version",
	    r->rel->version, "began_us",
	    (json_int_t)r->emu_began_us, "shard", r->opts->explore->shard,
	    "shards", r->opts->explore->shards, "single",
	    r->opts->explore->npoints > 0, "points", all, "coverage",
	    coverage_to_json(&c));
	s = json_dumps(doc, JSON_INDENT(1));
	rc = file_write(arena_printf(a, "%s/explore.json", r->opts->out), s,
	    strlen(s), 0644, e);
	free(s);
	buf_init(&b, 1 << 24);
	buf_adds(&b, notes);
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
conclude(struct run *r, const struct explored *x, size_t tried,
    const struct violation *v, size_t n, struct err *e)
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
	if (first == NULL && r->opts->explore->save &&
	    save_history(r, x->lost.n, e) != 0)
		return (run_error(r, "%s", err_msg(e)));
	if (first == NULL)
		return (VERDICT_PASS);
	if (r->opts->explore->replay == NULL && (save_history(r, x->lost.n, e) != 0 ||
	    run_evidence_replay(r, first->since != NULL ? first->since->k :
	    first->at->list_k, first->at->k, e) != 0))
		return (run_error(r, "%s", err_msg(e)));
	r->property = first->property;
	return (run_fail(r, "%s: lost after change %" PRId64 " (%s): %s; "
	    "again in %d of %d replays; %zu of %zu points broke a rule, see "
	    "explore.txt", first->property, first->at->k, first->at->what,
	    first->text, first->fired, first->tries, fresh, tried));
}

/* Each finding that this history was recorded for shows again, or is gone. */
static enum verdict
conclude_recorded(struct run *r, const struct known *k, size_t nknown,
    const struct violation *v, size_t n)
{
	const char *name = r->opts->explore->recorded, *text = NULL;
	const struct known *gone;
	size_t i = 0;

	while ((gone = known_gone(k, nknown, name, r->rel->version, v, n, &i))
	    != NULL)
		text = arena_printf(&r->arena, "%s%s'%s' does not show after "
		    "change %" PRId64 " any more (%s)", text != NULL ? text :
		    "gone: ", text != NULL ? "; " : "", gone->property,
		    gone->points[0], gone->why);
	if (text == NULL)
		return (VERDICT_PASS);
	r->property = "gone";
	return (run_fail(r, "%s", text));
}

/* What is more than losing the machine: two-time views and crashes. */
struct more {
	struct points *ps;
	bool	*left, *now, *nest;
	size_t	all;
};

static void
more_begin(struct run *r, struct more *m, struct points *ps)
{

	m->ps = ps;
	m->left = choose(r, ps);
	(void)plan_equal(ps, m->left);
	m->now = arena_alloc(&r->arena, ps->n + 1);
	m->nest = arena_alloc(&r->arena, ps->n + 1);
	m->all = count(m->left, ps->n);
}

/* Those that were chosen now. */
static int
more_try(struct run *r, struct explored *x, struct more *m, struct err *e)
{
	int jobs = r->opts->explore->jobs;

	return (m->ps == &x->twos ? work_points(r, m->ps, m->now, jobs,
	    r->emu_began_us, e) : recover_run(r, m->ps, m->now, m->nest,
	    &x->nested, jobs, e));
}

/* Within the budget all, else no class's first is left out. */
static int
try_more(struct run *r, struct explored *x, struct more *twos,
    struct more *crashes, struct err *e)
{
	const struct explore_opts *o = r->opts->explore;
	int64_t end = clock_mono_us() + o->budget_us;
	size_t nest = 0;

	(void)plan_musts(twos->ps, twos->left, twos->now);
	(void)plan_musts(crashes->ps, crashes->left, crashes->now);
	for (size_t i = 0; i < crashes->ps->n; i++) {
		crashes->nest[i] = crashes->now[i] && nest < (o->budget_us > 0
		    ? NESTED_LEAST : NESTED);
		nest += crashes->nest[i];
	}
	if (more_try(r, x, twos, e) != 0 || more_try(r, x, crashes, e) != 0)
		return (-1);
	memset(crashes->nest, 0, crashes->ps->n);
	for (size_t n = 1; n > 0 && (o->budget_us == 0 || clock_mono_us() <
	    end); ) {
		n = plan_spread(twos->ps->n, twos->left, (size_t)o->jobs *
		    TWOS_AT_ONCE, twos->now);
		n += plan_spread(crashes->ps->n, crashes->left,
		    (size_t)o->jobs, crashes->now);
		if (more_try(r, x, twos, e) != 0 || more_try(r, x, crashes, e)
		    != 0)
			return (-1);
	}
	return (0);
}

/* Some of the points that were taken as equal, all the same; what came of
 * them must be what came of those.  How many were, or -1. */
static int
audit(struct run *r, struct explored *x, struct points *ps, struct err *e)
{
	struct points again = { arena_dup(&r->arena, ps->v, ps->n *
	    sizeof(*ps->v)), ps->n };
	bool *from = arena_alloc(&r->arena, ps->n + 1);
	struct more m = { .ps = &again, .now = arena_alloc(&r->arena, ps->n +
	    1), .nest = arena_alloc(&r->arena, ps->n + 1) };
	size_t n;
	int rc;

	for (size_t i = 0; i < ps->n; i++)
		from[i] = ps->v[i].same != NULL && ps->v[i].tried;
	n = plan_spread(ps->n, from, (size_t)r->opts->explore->audit, m.now);
	for (size_t i = 0; i < ps->n; i++)
		if (m.now[i]) {
			again.v[i].tried = false;
			again.v[i].broken = NULL;
		}
	rc = ps == &x->crashes ? recover_run(r, &again, m.now, NULL, NULL,
	    r->opts->explore->jobs, e) : work_points(r, &again, m.now,
	    r->opts->explore->jobs, r->emu_began_us, e);
	for (size_t i = 0; i < ps->n && rc == 0; i++)
		if (m.now[i] && !plan_same_result(&again.v[i], &ps->v[i]))
			rc = err_set(e, "the audit: after change %" PRId64
			    " (%s) came something else than after change %"
			    PRId64 ", though all was equal", ps->v[i].k,
			    ps->v[i].what, ps->v[i].same->k);
	return (rc == 0 ? (int)n : -1);
}

static int
audit_all(struct run *r, struct explored *x, struct buf *notes,
    struct err *e)
{
	struct points *const v[] = { &x->lost, &x->twos, &x->crashes };
	size_t equal = 0, tried = 0;

	for (size_t i = 0; i < NELEMS(v); i++) {
		int n;

		plan_equal_results(v[i]);
		for (size_t j = 0; j < v[i]->n; j++)
			equal += v[i]->v[j].same != NULL;
		if ((n = audit(r, x, v[i], e)) < 0)
			return (-1);
		tried += (size_t)n;
	}
	buf_addf(notes, "%zu points are equal to one that was tried (the same "
	    "class, bucket and files) and share its result; the audit tried "
	    "%zu of them, and all came out the same\n", equal, tried);
	return (0);
}

/* Everything that is to be tried.  *tried: how many points. */
static int
try_all(struct run *r, struct explored *x, struct buf *notes, size_t *tried,
    struct err *e)
{
	const struct explore_opts *o = r->opts->explore;
	bool *lost = choose(r, &x->lost);
	struct more twos, crashes;
	int64_t began = clock_mono_us(), now;

	(void)plan_equal(&x->lost, lost);
	more_begin(r, &twos, &x->twos);
	more_begin(r, &crashes, &x->crashes);
	x->nested.v = arena_alloc(&r->arena, (x->crashes.n + 1) *
	    RECOVER_MOMENTS * sizeof(*x->nested.v));
	if (work_points(r, &x->lost, lost, o->jobs, r->emu_began_us, e) != 0)
		return (-1);
	now = clock_mono_us();
	*tried = count(lost, x->lost.n);
	buf_addf(notes, "the machine lost: %zu points, %.1f a second\n",
	    *tried, (double)*tried * 1e6 / (double)(now - began + 1));
	if (try_more(r, x, &twos, &crashes, e) != 0)
		return (-1);
	buf_addf(notes, "two-time views: %zu of %zu, crashes: %zu of %zu, "
	    "crashes while recovering: %zu, in %.1f s (budget: ", twos.all -
	    count(twos.left, x->twos.n), twos.all, crashes.all -
	    count(crashes.left, x->crashes.n), crashes.all, x->nested.n,
	    (double)(clock_mono_us() - now) / 1e6);
	if (o->budget_us > 0)
		buf_addf(notes, "%.0f s)\n", (double)o->budget_us / 1e6);
	else
		buf_adds(notes, "none)\n");
	*tried += twos.all + crashes.all - count(twos.left, x->twos.n) -
	    count(crashes.left, x->crashes.n) + x->nested.n;
	return (audit_all(r, x, notes, e));
}

/* What was asked for must be there, and all that was saved. */
static enum verdict
explore_has(struct run *r, const struct explored *x)
{
	const struct explore_opts *o = r->opts->explore;
	const struct points *ps = &x->lost;

	if (o->replay != NULL && ps->n != r->saved_changes)
		return (run_error(r, "%s: of %zu changes that it was saved with "
		    "its journal has %zu: it is damaged", o->replay,
		    r->saved_changes, ps->n));
	for (size_t i = 0; i < o->npoints; i++) {
		bool found = false;

		for (size_t k = 0; k < ps->n; k++)
			found = found || ps->v[k].k == o->points[i];
		for (size_t k = 0; k < x->crashes.n; k++)
			found = found || x->crashes.v[k].k == o->points[i];
		if (!found)
			return (run_error(r, "the backup has no change %" PRId64
			    "; there are %zu, from %" PRId64 " to %" PRId64,
			    o->points[i], ps->n, ps->n > 0 ? ps->v[0].k : 0,
			    ps->n > 0 ? ps->v[ps->n - 1].k : 0));
	}
	return (VERDICT_PASS);
}

static enum verdict
explore(struct run *r, struct explored *x, struct err *e)
{
	const struct explore_opts *o = r->opts->explore;
	const char *unable = recover_unable(r);
	size_t tried = 0, restored = 0, fresh = 0, n;
	struct known *known = NULL;
	size_t nknown = 0;
	struct violation *v;
	struct buf notes;
	int rc;

	points_two_times(&x->lost, &r->arena, &x->twos);
	recover_points(r, &x->lost, &x->crashes);
	if (x->crashes.n > 0 && unable != NULL && r->opts->no_skip)
		return (run_error(r, "%zu crashes cannot be tried: %s",
		    x->crashes.n, unable));
	if (x->crashes.n > 0 && unable != NULL) {
		run_log(r, "expl", "SKIP %zu crashes: %s", x->crashes.n,
		    unable);
		x->crashes.n = 0;
	}
	if (explore_has(r, x) != VERDICT_PASS || (o->replay != NULL &&
	    x->crashes.n > 0 && recover_prepare(r) != VERDICT_PASS))
		return (r->verdict);
	/* It is lost now; what was frozen of it has a machine of its own. */
	machine_halt(r->machine);
	loads_kill(r);
	buf_init(&notes, NOTES_MAX);
	rc = try_all(r, x, &notes, &tried, e);
	for (size_t i = 0; i < x->lost.n; i++)
		restored += x->lost.v[i].tried && x->lost.v[i].status == 0;
	v = points_judge(x, &r->arena, &n);
	if (rc == 0 && o->known != NULL)
		rc = known_read(o->known, &r->arena, &known, &nknown, e);
	known_mark(known, nknown, r->rel->version, v, n);
	if (rc == 0)
		rc = replay_some(r, x, v, n, e);
	if (rc == 0) {
		run_log(r, "expl", "%s", notes.p);
		rc = write_results(r, x, v, n, notes.p, e);
	}
	buf_release(&notes);
	if (rc != 0)
		return (run_error(r, "%s", err_msg(e)));
	if (o->recorded != NULL)
		return (conclude_recorded(r, known, nknown, v, n));
	for (size_t i = 0; i < n; i++)
		fresh += v[i].known == NULL;
	if (restored == 0 && fresh == 0 && o->npoints == 0 &&
	    (tried > 0 || o->shards == 1))
		return (run_error(r, "inconclusive: of %zu changes of the "
		    "bucket none left a backup that could be restored",
		    tried));
	return (conclude(r, x, tried, v, n, e));
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
