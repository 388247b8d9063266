#include "harness/explore/recover.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/machine/machine.h"
#include "harness/run/emu.h"
#include "harness/run/run_int.h"
#include "harness/script/script.h"
#include "harness/script/steps.h"
#include "harness/workload/ledger.h"
#include "harness/workload/load.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/str.h"

#define RECOVER_FILE	(1 << 30)		/* bytes of a database */

/* What the machine does after the crash, and what is owed then.  Snapshots and
 * retention are hours away: a restore between two deletes of a retention is
 * what each point of the session is, and here would be so by luck. */
#define RECOVERY_BEGIN							\
    "scenario \"the machine goes on after a crash\"\n"		\
    "configure sync=50ms checkpoint=200ms pages=5 compact=200ms l0=1s\n" \
    "start replicator config=litestream.yml\n"
#define RECOVERY_END							\
    "wait synced within=30s\n"						\
    "expect process(replicator) == running\n"				\
    "kill replicator\n"						\
    "machine replace\n"						\
    "restore\n"								\
    "expect restored.integrity == ok\n"				\
    "expect restored.prefix\n"						\
    "expect restored.lost == 0\n"
static const char recovery[] = RECOVERY_BEGIN
    "load append rows=20\n" RECOVERY_END;
/* The same, frozen RECOVER_MOMENTS times on its way. */
static const char recovery_frozen[] = RECOVERY_BEGIN
    "load append rows=0 pace=10ms as=work\n"
    "freeze at=before count=2 within=20s\n"
    "freeze at=after count=2 within=20s\n"
    "stop work\n" RECOVERY_END;

/* ---- which ---- */

/* The class of the request that was held.  After the work the change is its
 * own; before it, the next of its kind. */
static const char *
recover_class(const struct points *ps, const struct frozen *f)
{
	static const char *const verbs[][2] = {
		{ "storage.objects.insert", "insert " },
		{ "storage.objects.delete", "delete " },
	};
	bool before = strcmp(f->at, "before") == 0;
	const char *verb = NULL;

	for (size_t i = 0; i < NELEMS(verbs); i++)
		if (strcmp(f->on, verbs[i][0]) == 0)
			verb = verbs[i][1];
	if (verb == NULL)
		return (str_starts(f->on, "storage.objects.") ? f->on +
		    strlen("storage.objects.") : f->on);
	for (size_t i = 0; i < ps->n; i++)
		if ((before ? ps->v[i].k > f->k : ps->v[i].k >= f->k) &&
		    str_starts(ps->v[i].what, verb))
			return (ps->v[i].what);
	return ("anything");
}

/* Of all files below, whatever their order; -1: one cannot be read. */
static int
recover_hash(const char *path, uint64_t *sum)
{
	DIR *d = opendir(path);
	struct dirent *ent;
	int rc = 0;

	if (d == NULL) {
		struct buf b;

		buf_init(&b, RECOVER_FILE);
		rc = file_read(path, &b, NULL);
		if (rc == 0)
			*sum += points_hash(0, b.p, b.len);
		buf_release(&b);
		return (rc);
	}
	while (rc == 0 && (ent = readdir(d)) != NULL) {
		char *below;
		uint64_t h = 0;

		if (strcmp(ent->d_name, ".") == 0 ||
		    strcmp(ent->d_name, "..") == 0)
			continue;
		below = mem_printf("%s/%s", path, ent->d_name);
		rc = recover_hash(below, &h);
		free(below);
		*sum += points_hash(h, ent->d_name, strlen(ent->d_name));
	}
	(void)closedir(d);
	return (rc);
}

/* The bucket and the files; 0 where they cannot be told. */
static uint64_t
recover_state(const struct points *ps, const struct frozen *f)
{
	uint64_t bucket = 0, files = 0;

	for (size_t i = 0; i < ps->n && ps->v[i].k <= f->k; i++)
		bucket = ps->v[i].state;
	if (recover_hash(f->dir, &files) != 0)
		return (0);
	return (points_hash(bucket, &files, sizeof(files)));
}

void
recover_points(struct run *r, const struct points *ps, struct points *out)
{
	struct arena *a = &r->arena;
	size_t n = 0;

	for (const struct frozen *f = r->frozen; f != NULL; f = f->next)
		n++;
	out->v = arena_alloc(a, (n + 1) * sizeof(*out->v));
	out->n = n;
	for (const struct frozen *f = r->frozen; f != NULL; f = f->next) {
		out->v[--n] = (struct point){ .k = f->k, .crash = true,
		    .object = f->dir, .state = recover_state(ps, f),
		    .what = arena_printf(a, "crash %s %s", f->at,
		    recover_class(ps, f)) };
	}
}

const char *
recover_unable(struct run *r)
{

	return (machine_has_root_view(r->machine) ? NULL : "a recovery needs "
	    "a root view (bubblewrap)");
}

/* ---- one, in a process of its own ---- */

static int
recover_machine(struct run *r, const struct point *p, const char *dir,
    struct err *e)
{
	struct arena *a = &r->arena;
	const char *ledger = arena_printf(a, "%s/ledger", dir);
	const char *bucket = arena_printf(a, "crash-%" PRId64 "-%d", p->k,
	    (int)getpid());
	struct run_opts *o = arena_dup(a, r->opts, sizeof(*o));

	o->out = arena_printf(a, "%s/out", dir);
	o->explore = NULL;
	r->opts = o;
	r->dir = dir;
	r->frozen = NULL;
	if (file_mkdirs(o->out, 0700, e) != 0 ||
	    emu_fork(r->emu, r->bucket, p->k, bucket, e) != 0 ||
	    machine_move(r->machine, arena_printf(a, "%s/machine", dir), e)
	    != 0 ||
	    file_remove_all(machine_host_path(r->machine, "/data"), e) != 0 ||
	    run_copy_tree(r, arena_printf(a, "%s/data", p->object),
	    machine_host_path(r->machine, "/data"), e) != 0 ||
	    file_copy(arena_printf(a, "%s/ledger", p->object), ledger, e)
	    != 0 || (r->ledger = ledger_open(ledger, e)) == NULL)
		return (-1);
	r->bucket = bucket;
	machine_env(r->machine, "BACKUPS_BUCKET_NAME", bucket);
	r->loads = loads_new(r);
	memset(&r->restored, 0, sizeof(r->restored));
	r->why = r->property = NULL;
	r->line = NULL;
	return (0);
}

/* What happens when it crashes again while it recovers. */
static int
recover_again(struct run *r, const struct point *p, const char *journal,
    json_t *all, struct err *e)
{
	struct points changes, again;
	bool pick[RECOVER_MOMENTS] = { false };

	if (points_read(journal, r->bucket, r->path, &r->arena,
	    &changes, e) != 0)
		return (-1);
	recover_points(r, &changes, &again);
	BUG_ON(again.n > RECOVER_MOMENTS);
	for (size_t i = 0; i < again.n; i++) {
		pick[i] = true;
		again.v[i].moment = (int)i + 1;
		again.v[i].what = arena_printf(&r->arena, POINT_AGAIN "%s",
		    again.v[i].what + strlen("crash "));
	}
	if (recover_run(r, &again, pick, NULL, NULL, 1, e) != 0)
		return (-1);
	for (size_t i = 0; i < again.n; i++) {
		again.v[i].k = p->k;
		again.v[i].object = p->what;
		(void)json_array_append_new(all, point_to_json(&again.v[i]));
	}
	return (0);
}

enum verdict
recover_prepare(struct run *r)
{
	const char *text = arena_printf(&r->arena, "scenario \"what a history "
	    "does not hold\"\nprovision bucket=%s path=%s\n", r->bucket,
	    r->path);
	int errors = 0;
	struct scenario *sc = script_parse("prepare", text, strlen(text),
	    NULL, stderr, &errors);

	return (sc == NULL ? run_error(r, "the history's bucket or path "
	    "cannot be") : steps_run(r, sc->lines, sc->nlines));
}

/* Where there was nothing to freeze, it is behind: the rest will tell. */
static enum verdict
recover_steps(struct run *r, bool nest)
{
	const char *text = nest ? recovery_frozen : recovery;
	int errors = 0;
	struct scenario *sc = script_parse("recovery", text, strlen(text),
	    NULL, stderr, &errors);
	enum verdict v;
	size_t i = 0;

	BUG_ON(sc == NULL);
	v = steps_run(r, sc->lines, sc->nlines);
	if (v != VERDICT_ERROR || !nest || r->frozen != NULL)
		return (v);
	while (strcmp(sc->lines[i].step->name, "stop") != 0)
		i++;
	r->why = r->property = NULL;
	return (steps_run(r, sc->lines + i, sc->nlines - i));
}

static _Noreturn void
recover_child(struct run *r, struct point *p, const char *dir, bool nest)
{
	const char *journal = run_journal(r);	/* recover_machine() moves on */
	json_t *again = json_array(), *doc;
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_ERROR;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	proc_subreaper();
	emu_forked(r->emu);
	if (recover_machine(r, p, dir, &e) != 0)
		r->why = err_msg(&e);
	else
		v = recover_steps(r, nest);
	proc_kill_tree(getpid(), true);
	doc = json_pack("{s:s, s:s, s:s, s:O}", "verdict", verdict_name(v),
	    "property", r->property != NULL ? r->property : "recovery", "why",
	    r->why != NULL ? point_text(&r->arena, r->why) : "no reason",
	    "again", again);
	if (v != VERDICT_ERROR && r->frozen != NULL && recover_again(r, p,
	    journal, again, &e) != 0)
		(void)json_object_set_new(doc, "error", json_string(err_msg(
		    &e)));
	(void)json_dump_file(doc, mem_printf("%s/result", dir), 0);
	_exit(0);
}

/* ---- all ---- */

struct recover_job {
	pid_t	pid;
	struct point *p;
	const char *dir;
};

/* What it left for the reader, where it went wrong. */
static void
recover_keep(struct run *r, const struct recover_job *j)
{
	struct err e = ERR_INIT;
	const char *to = arena_printf(&r->arena, "%s/crash-%" PRId64,
	    r->opts->out, j->p->k);

	if (!file_exists(to) && run_copy_tree(r, arena_printf(&r->arena,
	    "%s/out", j->dir), to, &e) != 0)
		run_log(r, "expl", "%s", err_msg(&e));
	err_release(&e);
}

static void
recover_take_again(struct run *r, const json_t *all, struct points *nested)
{
	const json_t *j;
	size_t i;

	json_array_foreach(all, i, j)
		if (nested != NULL && point_from_json(&r->arena, j,
		    &nested->v[nested->n]) == 0)
			nested->n++;
}

static int
recover_take(struct run *r, struct recover_job *j, struct points *nested,
    struct err *e)
{
	const char *verdict, *property, *why, *error = NULL;
	int status = 0, rc = 0;
	json_t *doc;

	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	j->pid = 0;
	doc = json_load_file(arena_printf(&r->arena, "%s/result", j->dir), 0,
	    NULL);
	if (doc == NULL || json_unpack(doc, "{s:s, s:s, s:s, s?s}", "verdict",
	    &verdict, "property", &property, "why", &why, "error", &error)
	    != 0)
		rc = err_set(e, "a recovery died (status %d)", status);
	else if (error != NULL)
		rc = err_set(e, "%s", error);
	else if (strcmp(verdict, verdict_name(VERDICT_FAIL)) == 0)
		j->p->broken = arena_printf(&r->arena, "%s: %s", property,
		    why);
	else if (strcmp(verdict, verdict_name(VERDICT_PASS)) != 0)
		rc = err_set(e, "%s", why);
	j->p->tried = rc == 0;
	recover_take_again(r, json_object_get(doc, "again"), nested);
	json_decref(doc);
	if (j->p->broken != NULL)
		recover_keep(r, j);
	(void)file_remove_all(j->dir, NULL);
	return (rc == 0 ? 0 : err_prefix(e, "%s, after change %" PRId64,
	    j->p->what, j->p->k));
}

static int
recover_start(struct run *r, struct recover_job *j, struct point *p,
    const char *dir, bool nest, struct err *e)
{

	if (file_remove_all(dir, e) != 0 || file_mkdirs(dir, 0700, e) != 0)
		return (-1);
	p->nest = nest;
	*j = (struct recover_job){ fork(), p, dir };
	if (j->pid == 0)
		recover_child(r, p, dir, nest);
	return (j->pid > 0 ? 0 : err_setno(e, "cannot start a process"));
}

int
recover_run(struct run *r, struct points *ps, const bool *pick,
    const bool *nest, struct points *nested, int jobs, struct err *e)
{
	struct recover_job *job = arena_alloc(&r->arena, (size_t)jobs *
	    sizeof(*job));
	size_t next = 0;
	int rc = 0;

	/* Whose turn it is: the job that was begun first ends first, nearly;
	 * they are alike. */
	for (size_t i = 0; i < ps->n && rc == 0; i++) {
		struct recover_job *j = &job[next % (size_t)jobs];

		if (!pick[i])
			continue;
		if (j->pid > 0)
			rc = recover_take(r, j, nested, e);
		if (rc == 0)
			rc = recover_start(r, j, &ps->v[i], arena_printf(
			    &r->arena, "%s/recover-%zu", r->dir, next %
			    (size_t)jobs), nest != NULL && nest[i], e);
		next++;
	}
	for (int i = 0; i < jobs; i++)
		if (job[i].pid > 0 && recover_take(r, &job[i], nested, rc ==
		    0 ? e : NULL) != 0)
			rc = -1;
	return (rc);
}

/* ---- saved ---- */

int
recover_save(struct run *r, const char *dir, json_t *session, struct err *e)
{
	json_t *list = json_array();
	int i = 0, rc = 0;

	for (const struct frozen *f = r->frozen; f != NULL && rc == 0;
	    f = f->next, i++) {
		(void)json_array_append_new(list, json_pack("{s:I, s:s, s:s}",
		    "k", (json_int_t)f->k, "on", f->on, "at", f->at));
		rc = run_copy_tree(r, f->dir, arena_printf(&r->arena,
		    "%s/frozen-%d", dir, i), e);
	}
	(void)json_object_set_new(session, "frozen", list);
	return (rc);
}

void
recover_load(struct run *r, const char *dir, const json_t *session)
{
	struct frozen **end = &r->frozen;
	const json_t *j;
	size_t i;

	json_array_foreach(json_object_get(session, "frozen"), i, j) {
		const char *at = json_string_value(json_object_get(j, "at"));
		const char *on = json_string_value(json_object_get(j, "on"));
		struct frozen *f = arena_alloc(&r->arena, sizeof(*f));

		f->k = json_integer_value(json_object_get(j, "k"));
		f->on = arena_strdup(&r->arena, on != NULL ? on : "anything");
		f->at = arena_strdup(&r->arena, at != NULL ? at : "before");
		f->dir = arena_printf(&r->arena, "%s/frozen-%zu", dir, i);
		*end = f;
		end = &f->next;
	}
}
