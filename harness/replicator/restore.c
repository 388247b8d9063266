#include "harness/replicator/restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/machine/machine.h"
#include "harness/oracle/oracles.h"
#include "harness/replicator/replicators.h"
#include "harness/run/proc.h"
#include "harness/workload/ledger.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define DB_PATH		"/data/app.db"
#define FLAGS_MAX	64

static enum verdict
broken(struct run *r, struct err *e)
{
	enum verdict v = run_error(r, "%s", err_msg(e));

	err_release(e);
	return (v);
}

const char *
restore_place(struct run *r, const char *path)
{
	const char *prefix = machine_prefix(r->machine);

	if (path == NULL && (path = machine_getenv(r->machine, "DB_PATH")) ==
	    NULL)
		path = DB_PATH;
	if (*prefix != '\0' && str_starts(path, prefix))
		path += strlen(prefix);
	return (path);
}

char *const *
restore_command(struct run *r, const char *program, const char *output,
    int64_t parallelism, char *const *more, const char *url)
{
	struct arena *a = &r->arena;
	char **argv = arena_alloc(a, FLAGS_MAX * sizeof(*argv));
	size_t n = 0;

	argv[n++] = arena_strdup(a, program);
	argv[n++] = arena_strdup(a, "restore");
	argv[n++] = arena_strdup(a, "-o");
	argv[n++] = arena_strdup(a, output);
	if (parallelism > 0) {
		argv[n++] = arena_strdup(a, "-parallelism");
		argv[n++] = arena_printf(a, "%" PRId64, parallelism);
	}
	for (; more != NULL && *more != NULL && n < FLAGS_MAX - 2; more++)
		argv[n++] = *more;
	argv[n++] = arena_strdup(a, url);
	return (argv);
}

const char *
restore_url(struct run *r, const char *bucket)
{

	return (arena_printf(&r->arena, "%s://%s/%s", r->rel->rep->scheme,
	    bucket, r->path));
}

/* Where the machine's backup is, as the machine sees it. */
static const char *
machine_url(struct run *r)
{

	if (r->folder != NULL)
		return (arena_printf(&r->arena, "file://%s",
		    machine_backup(r->machine)));
	return (restore_url(r, r->bucket));
}

static enum verdict
can_run(struct run *r, int64_t parallelism, char *const *more)
{
	size_t n = 0;

	if (parallelism > 0 && !r->rel->rep->parallelism)
		return (run_error(r, "Litestream %s has no restore "
		    "-parallelism", r->rel->version));
	while (more != NULL && more[n] != NULL)
		n++;
	if (n > FLAGS_MAX / 2)
		return (run_error(r, "more than %d flags", FLAGS_MAX / 2));
	return (VERDICT_PASS);
}

/* When what is missing counts as lost: the machine's end, or now, where the
 * ledger has gone on since. */
static int64_t
loss(struct run *r)
{
	const struct ledger_entry *head = ledger_head(r->ledger);

	if (r->lost_wall_us == 0 || (head != NULL &&
	    head->ack_us > r->lost_wall_us))
		return (0);
	return (r->lost_wall_us);
}

/* Is it the file that was there before, untouched?  Then nothing has been
 * restored, whatever the exit status says. */
static bool
untouched(const struct stat *before, const char *file)
{
	struct stat now;

	return (before != NULL && stat(file, &now) == 0 &&
	    before->st_ino == now.st_ino && before->st_size == now.st_size &&
	    before->st_mtim.tv_sec == now.st_mtim.tv_sec &&
	    before->st_mtim.tv_nsec == now.st_mtim.tv_nsec);
}

/* The restore ended with `status`: what is there now?  before: of the file
 * that was in its place, or NULL. */
static enum verdict
judge(struct run *r, const char *file, const struct stat *before, int status,
    struct restored *out, struct err *e)
{
	int64_t ended = clock_mono_us(), at;
	char hash[LEDGER_HASH + 1];

	*out = (struct restored) { .path = file, .status = status,
	    .hash = "", .rto_us = -1 };
	if (status != 0)
		return (VERDICT_PASS);
	out->done = true;
	if (ledger_refresh(r->ledger, e) != 0)
		return (broken(r, e));
	if (!file_exists(file) || untouched(before, file)) {
		out->why = !file_exists(file) ?
		    "the restore ended with 0 and there is no file" :
		    "the restore ended with 0 and left the file that was "
		    "there as it was";
		out->lost = ledger_lost(r->ledger, 0, loss(r),
		    &out->lost_age_us);
		return (VERDICT_PASS);
	}
	/* The time until an application can read belongs to the RTO; that of
	 * the oracles does not. */
	if (oracles_frontier(file, &at, hash, NULL) == 0)
		ended = clock_mono_us();
	if (r->lost_us != 0)
		out->rto_us = ended - r->lost_us;
	if (oracles_judge(file, r->dir, r->ledger, loss(r), &r->arena, out,
	    e) != 0)
		return (broken(r, e));
	return (VERDICT_PASS);
}

/* The figures that the report shows: the worst of the drill, and only of
 * restores after a loss. */
static void
note(struct run *r)
{
	const struct restored *x = &r->restored;

	if (!x->done || r->lost_us == 0)
		return;
	if (x->lost > r->rpo_rows)
		r->rpo_rows = x->lost;
	if (x->lost_age_us > r->rpo_us)
		r->rpo_us = x->lost_age_us;
	if (x->rto_us > r->rto_us)
		r->rto_us = x->rto_us;
}

static void
tell(struct run *r, const char *what)
{
	const struct restored *x = &r->restored;

	if (!x->done)
		run_log(r, "rest", "%s ended with status %d", what, x->status);
	else
		run_log(r, "rest", "%s rows=%" PRId64 " lost=%" PRId64
		    " whole=%d chain=%d prefix=%d rto_us=%" PRId64 " hash=%s"
		    "%s%s", what, x->rows, x->lost, x->whole, x->chain,
		    x->prefix, x->rto_us, x->hash, x->why != NULL ? " why=" :
		    "", x->why != NULL ? x->why : "");
}

enum verdict
restore_on_machine(struct run *r, const char *output, int64_t parallelism,
    int64_t limit_us, char *const *more)
{
	const char *place = restore_place(r, output);
	const char *file = machine_host_path(r->machine, place);
	struct stat before;
	bool there = stat(file, &before) == 0;
	char *const *argv;
	struct err e = ERR_INIT;
	enum verdict v;
	bool late;
	int status;

	if ((v = can_run(r, parallelism, more)) != VERDICT_PASS)
		return (v);
	argv = restore_command(r, "litestream", machine_path(r->machine, place),
	    parallelism, more, machine_url(r));
	status = machine_run(r->machine, argv, limit_us, &r->exec_out,
	    &r->exec_err, &late, &e);
	if (status < 0)
		return (broken(r, &e));
	r->exec_status = status;
	r->exec_any = true;
	v = judge(r, file, there ? &before : NULL, status, &r->restored, &e);
	if (v != VERDICT_PASS)
		return (v);
	tell(r, "restore");
	note(r);
	if (late)
		return (run_fail(r, "the restore did not end within %.1fs",
		    (double)limit_us / 1e6));
	return (VERDICT_PASS);
}

/* ---- several at once ---- */

struct many {
	const char *name, *file;	/* file: on the host */
	struct proc *proc;
	bool	late;
};

static int
many_start(struct run *r, struct many *m, int64_t i, int64_t parallelism,
    struct err *e)
{
	struct arena *a = &r->arena;
	const char *dir = arena_printf(a, "/drill/restore-%" PRId64, i);
	const char *db = arena_printf(a, "%s/app.db", dir);
	const char *host = machine_host_path(r->machine, dir);

	m->name = arena_printf(a, "restore-%" PRId64, i);
	m->file = machine_host_path(r->machine, db);
	/* What an earlier line left there is not this one's. */
	if (file_remove_all(host, e) != 0 || file_mkdirs(host, 0755, e) != 0)
		return (-1);
	m->proc = machine_start(r->machine, m->name, restore_command(r, "litestream",
	    machine_path(r->machine, db), parallelism, NULL, machine_url(r)),
	    e);
	return (m->proc != NULL ? 0 : -1);
}

/* Is a worse than b?  By what matters most first. */
static bool
worse(const struct restored *a, const struct restored *b)
{

	if (a->done != b->done)
		return (b->done);
	if (a->whole != b->whole)
		return (b->whole);
	if (a->chain != b->chain)
		return (b->chain);
	if (a->prefix != b->prefix)
		return (b->prefix);
	if (a->lost != b->lost)
		return (a->lost > b->lost);
	return (a->rto_us > b->rto_us);
}

static enum verdict
many_judge(struct run *r, const struct many *m, int64_t n, struct err *e)
{
	struct restored one;
	enum verdict v;
	bool late = false;

	for (int64_t i = 0; i < n; i++) {
		int status = m[i].late ? 124 : proc_status(m[i].proc);

		late = late || m[i].late;
		if ((v = judge(r, m[i].file, NULL, status, &one, e)) != VERDICT_PASS)
			return (v);
		/* The oracles' time for one is not the next one's. */
		if (one.rto_us >= 0)
			one.rto_us = proc_ended_us(m[i].proc) - r->lost_us;
		if (i == 0 || worse(&one, &r->restored))
			r->restored = one;
		tell(r, m[i].name);
	}
	r->exec_status = r->restored.status;
	r->exec_out = r->exec_err = "";
	r->exec_any = true;
	note(r);
	return (late ? run_fail(r, "not all of %" PRId64 " restores ended in "
	    "time", n) : VERDICT_PASS);
}

enum verdict
restore_many(struct run *r, int64_t machines, int64_t parallelism,
    int64_t limit_us)
{
	struct many *m = arena_alloc(&r->arena, (size_t)machines * sizeof(*m));
	int64_t end = clock_mono_us() + limit_us, i;
	struct err e = ERR_INIT;
	enum verdict v;

	if ((v = can_run(r, parallelism, NULL)) != VERDICT_PASS)
		return (v);
	for (i = 0; i < machines; i++)
		if (many_start(r, &m[i], i + 1, parallelism, &e) != 0)
			return (broken(r, &e));
	for (i = 0; i < machines; i++) {
		int64_t left = end - clock_mono_us();

		if (proc_wait(m[i].proc, left > 0 ? left : 0))
			continue;
		m[i].late = true;
		(void)machine_kill(r->machine, m[i].name, 9, NULL);
	}
	return (many_judge(r, m, machines, &e));
}
