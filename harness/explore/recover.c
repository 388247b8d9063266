#include "harness/explore/recover.h"

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
#include "lib/str.h"

/* What the machine does after the crash, and what is owed then. */
static const char recovery[] =
    "scenario \"the machine goes on after a crash\"\n"
    "start replicator config=litestream.yml\n"
    "load append rows=20\n"
    "wait synced within=30s\n"
    "expect process(replicator) == running\n"
    "kill replicator\n"
    "machine replace\n"
    "restore\n"
    "expect restored.integrity == ok\n"
    "expect restored.prefix\n"
    "expect restored.lost == 0\n";

/* ---- which ---- */

/* After the work the change is the request's own; before it, the next. */
static const char *
recover_class(const struct points *ps, const struct frozen *f)
{
	bool before = strcmp(f->at, "before") == 0;

	for (size_t i = 0; i < ps->n; i++)
		if (before ? ps->v[i].k > f->k : ps->v[i].k >= f->k)
			return (ps->v[i].what);
	return ("anything");
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
	for (const struct frozen *f = r->frozen; f != NULL; f = f->next)
		out->v[--n] = (struct point){ .k = f->k, .crash = true,
		    .object = f->dir,
		    .what = arena_printf(a, "crash %s %s", f->at,
		    recover_class(ps, f)) };
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

static _Noreturn void
recover_child(struct run *r, struct point *p, const char *dir)
{
	const char *result = mem_printf("%s/result", dir);
	struct scenario *sc;
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_ERROR;
	int errors = 0;
	char *said;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	proc_subreaper();
	emu_forked(r->emu);
	sc = script_parse("recovery", recovery, strlen(recovery), NULL,
	    stderr, &errors);
	BUG_ON(sc == NULL);
	if (recover_machine(r, p, dir, &e) != 0)
		r->why = err_msg(&e);
	else
		v = steps_run(r, sc->lines, sc->nlines);
	said = v == VERDICT_PASS ? mem_printf("P") : mem_printf("%c%s: %s",
	    v == VERDICT_FAIL ? 'F' : 'E', r->property != NULL ? r->property :
	    "recovery", r->why != NULL ? r->why : "no reason");
	proc_kill_tree(getpid(), true);
	(void)file_write(result, said, strlen(said), 0600, NULL);
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

static int
recover_take(struct run *r, struct recover_job *j, struct err *e)
{
	struct buf b;
	int status = 0, rc = 0;

	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	j->pid = 0;
	buf_init(&b, 1 << 20);
	if (file_read(arena_printf(&r->arena, "%s/result", j->dir), &b, NULL)
	    != 0 || b.len == 0)
		rc = err_set(e, "a recovery died (status %d)", status);
	else if (*b.p == 'E')
		rc = err_set(e, "%s", b.p + 1);
	else if (*b.p == 'F')
		j->p->broken = arena_strdup(&r->arena, b.p + 1);
	j->p->tried = rc == 0;
	buf_release(&b);
	if (j->p->broken != NULL)
		recover_keep(r, j);
	(void)file_remove_all(j->dir, NULL);
	return (rc == 0 ? 0 : err_prefix(e, "%s, after change %" PRId64,
	    j->p->what, j->p->k));
}

static int
recover_start(struct run *r, struct recover_job *j, struct point *p,
    const char *dir, struct err *e)
{

	if (file_remove_all(dir, e) != 0 || file_mkdirs(dir, 0700, e) != 0)
		return (-1);
	*j = (struct recover_job){ fork(), p, dir };
	if (j->pid == 0)
		recover_child(r, p, dir);
	return (j->pid > 0 ? 0 : err_setno(e, "cannot start a process"));
}

int
recover_run(struct run *r, struct points *ps, const bool *pick, int jobs,
    struct err *e)
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
			rc = recover_take(r, j, e);
		if (rc == 0)
			rc = recover_start(r, j, &ps->v[i], arena_printf(
			    &r->arena, "%s/recover-%zu", r->dir, next %
			    (size_t)jobs), e);
		next++;
	}
	for (int i = 0; i < jobs; i++)
		if (job[i].pid > 0 && recover_take(r, &job[i], rc == 0 ? e :
		    NULL) != 0)
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
		(void)json_array_append_new(list, json_pack("{s:I, s:s}", "k",
		    (json_int_t)f->k, "at", f->at));
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
		struct frozen *f = arena_alloc(&r->arena, sizeof(*f));

		f->k = json_integer_value(json_object_get(j, "k"));
		f->at = arena_strdup(&r->arena, at != NULL ? at : "before");
		f->dir = arena_printf(&r->arena, "%s/frozen-%zu", dir, i);
		*end = f;
		end = &f->next;
	}
}
