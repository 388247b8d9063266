#include "harness/explore/explore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/explore/points.h"
#include "harness/explore/work.h"
#include "harness/run/emu.h"
#include "harness/run/proc.h"
#include "harness/run/run_int.h"
#include "harness/script/script.h"
#include "lib/file.h"

#define REPLAYED	16	/* violations that are replayed */
#define COPY_US		INT64_C(120000000)

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

static int
replay(struct run *r, struct violation *v, struct err *e)
{
	const struct explore_opts *o = r->opts->explore;
	bool pick[2] = { true, true };
	struct point one[2], two[1];
	struct points ps = { one, 0 }, twos = { two, 0 };
	struct violation *found;
	const struct point *at;
	size_t n;

	for (int i = 0; i < o->repeat; i++) {
		ps.n = twos.n = 0;
		if (v->since != NULL)
			one[ps.n++] = *v->since;
		if (v->at->list_k > 0) {
			two[twos.n++] = *v->at;
			at = &two[0];
		} else {
			one[ps.n++] = *v->at;
			at = &one[ps.n - 1];
		}
		for (size_t k = 0; k < ps.n; k++)
			one[k].tried = false;
		two[0].tried = false;
		if (work_points(r, &ps, pick, 1, r->emu_began_us, e) != 0 ||
		    work_points(r, &twos, pick, 1, r->emu_began_us, e) != 0)
			return (-1);
		found = points_judge(&ps, &twos, &r->arena, &n);
		v->tries++;
		v->fired += n > 0 && found[n - 1].at == at &&
		    strcmp(found[n - 1].property, v->property) == 0;
	}
	return (0);
}

/* ---- what is left for the reader ---- */

static int
copy_tree(struct run *r, const char *from, const char *to, struct err *e)
{
	struct arena *a = &r->arena;
	const struct proc_opts o = {
		.argv = (char *const []) { arena_strdup(a, "cp"),
		    arena_strdup(a, "-a"), arena_strdup(a, from),
		    arena_strdup(a, to), NULL },
		.envp = (char *const []) { arena_strdup(a,
		    "PATH=/usr/local/bin:/usr/bin:/bin"), NULL },
	};
	const char *out, *err;
	bool late;
	int rc = proc_run(&o, COPY_US, a, &out, &err, &late, e);

	if (rc > 0)
		err_set(e, "cannot copy %s to %s: %s", from, to, err);
	return (rc == 0 ? 0 : -1);
}

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
	rc = copy_tree(r, data, arena_printf(a, "%s/data", dir), e);
	if (rc == 0)
		rc = file_copy(run_journal(r), arena_printf(a,
		    "%s/journal.jsonl", dir), e);
	if (rc == 0)
		rc = file_copy(arena_printf(a, "%s/ledger", r->opts->out),
		    arena_printf(a, "%s/ledger", dir), e);
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
	    copy_tree(r, arena_printf(a, "%s/data", dir), data, e) == 0) {
		r->bucket = arena_strdup(a, bucket);
		r->path = arena_strdup(a, path);
		r->emu_began_us = began;
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
write_results(struct run *r, const struct points *ps,
    const struct points *twos, const struct violation *v, size_t n,
    struct err *e)
{
	struct arena *a = &r->arena;
	json_auto_t *all = json_array(), *doc;
	struct buf b;
	char *s;
	int rc;

	put_points(all, ps);
	put_points(all, twos);
	doc = json_pack("{s:s, s:s, s:I, s:i, s:i, s:O}", "scenario",
	    r->sc->name, "release", r->rel->label, "began_us",
	    (json_int_t)r->emu_began_us, "shard", r->opts->explore->shard,
	    "shards", r->opts->explore->shards, "points", all);
	s = json_dumps(doc, JSON_INDENT(1));
	rc = file_write(arena_printf(a, "%s/explore.json", r->opts->out), s,
	    strlen(s), 0644, e);
	free(s);
	buf_init(&b, 1 << 24);
	points_table(&b, ps, twos, v, n);
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
explore(struct run *r, struct points *ps, struct err *e)
{
	const struct explore_opts *o = r->opts->explore;
	struct points twos;
	size_t tried, restored = 0, n;
	struct violation *v;
	bool *pick;

	points_two_times(ps, &r->arena, &twos);
	pick = arena_alloc(&r->arena, ps->n + twos.n + 1);
	tried = choose(o, ps, pick);
	if (work_points(r, ps, pick, o->jobs, r->emu_began_us, e) != 0)
		return (run_error(r, "%s", err_msg(e)));
	tried += choose(o, &twos, pick);
	if (work_points(r, &twos, pick, o->jobs, r->emu_began_us, e) != 0)
		return (run_error(r, "%s", err_msg(e)));
	for (size_t i = 0; i < ps->n; i++)
		restored += ps->v[i].tried && ps->v[i].status == 0;
	v = points_judge(ps, &twos, &r->arena, &n);
	for (size_t i = 0; i < n && i < REPLAYED; i++)
		if (replay(r, &v[i], e) != 0)
			return (run_error(r, "%s", err_msg(e)));
	if (o->known != NULL && points_know(o->known, r->rel->version, v, n,
	    &r->arena, e) != 0)
		return (run_error(r, "%s", err_msg(e)));
	if (write_results(r, ps, &twos, v, n, e) != 0)
		return (run_error(r, "%s", err_msg(e)));
	if (restored == 0 && n == 0)
		return (run_error(r, "inconclusive: of %zu changes of the "
		    "bucket none left a backup that could be restored",
		    tried));
	return (conclude(r, tried, v, n, e));
}

enum verdict
explore_run(struct run *r)
{
	struct err e = ERR_INIT;
	struct points ps;
	enum verdict v;

	if (points_read(run_journal(r), r->bucket, r->path, &r->arena, &ps,
	    &e) != 0)
		v = run_error(r, "%s", err_msg(&e));
	else
		v = explore(r, &ps, &e);
	err_release(&e);
	return (v);
}
