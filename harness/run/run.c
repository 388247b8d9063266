/* One drill from beginning to end, in this process. */
#include "harness/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/explore/explore.h"
#include "harness/machine/machine.h"
#include "harness/replicator/replicators.h"
#include "harness/report/findings.h"
#include "harness/run/emu.h"
#include "harness/run/isolate.h"
#include "harness/run/proc.h"
#include "harness/run/run_int.h"
#include "harness/script/needs.h"
#include "harness/script/script.h"
#include "harness/script/steps.h"
#include "harness/workload/ledger.h"
#include "harness/workload/load.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/secret.h"
#include "lib/str.h"

#define RUN_PROJECT	"myproject"
#define RUN_ACCOUNT	"database-replicator"
#define RUN_PATH	"some-backups-folder"
#define RUN_KEY	"/app/_creds/gcp_service_account_database_replicator.json"

struct run_defer {
	struct run_defer *next;
	void	(*fn)(void *);
	void	*arg;
};

/* ---- the cleanup stack ---- */

void
run_defer(struct run *r, void (*fn)(void *), void *arg)
{
	struct run_defer *d = arena_alloc(&r->arena, sizeof(*d));

	d->fn = fn;
	d->arg = arg;
	d->next = r->defers;
	r->defers = d;
}

static void
run_unwind(struct run *r)
{

	while (r->defers != NULL) {
		struct run_defer *d = r->defers;

		r->defers = d->next;
		d->fn(d->arg);
	}
}

static void
run_free_dir(void *arg)
{
	struct run *r = arg;
	struct err e = ERR_INIT;

	if (file_remove_all(r->dir, &e) != 0)
		run_log(r, "run", "%s: %s", r->dir, err_msg(&e));
	err_release(&e);
}

static void
run_free_emu(void *arg)
{
	struct run *r = arg;

	emu_stop(r->emu);
	r->emu = NULL;
}

static void
run_free_machine(void *arg)
{
	struct run *r = arg;

	machine_free(r->machine);
	r->machine = NULL;
}

static void
run_free_loads(void *arg)
{
	struct run *r = arg;

	loads_free(r->loads);
	r->loads = NULL;
}

static void
run_free_ledger(void *arg)
{
	struct run *r = arg;

	ledger_free(r->ledger);
	r->ledger = NULL;
}

/* Whatever has not been found by its name. */
static void
run_free_processes(void *arg)
{

	(void)arg;
	proc_kill_tree(getpid(), true);
}

/* ---- setting up ---- */

void
run_init(struct run *r, const struct scenario *sc, const struct release *rel,
    const struct run_opts *opts)
{
	struct arena *a = &r->arena;

	memset(r, 0, sizeof(*r));
	r->sc = sc;
	r->drilled = r->rel = rel;
	r->opts = opts;
	r->project = RUN_PROJECT;
	r->bucket = "litestream-" RUN_PROJECT;
	r->account = RUN_ACCOUNT "@" RUN_PROJECT ".iam.gserviceaccount.com";
	r->path = RUN_PATH;
	r->key = RUN_KEY;
	r->isolation = "none";
	r->rpo_rows = r->rpo_us = r->rto_us = r->requests = -1;
	r->exec_out = r->exec_err = "";
	r->t0_us = clock_mono_us();
	if (rel != NULL)
		r->id = arena_printf(a, "%s@%s", sc->name, rel->label);
}

void
run_release(struct run *r)
{

	if (r->log_fd > 0)
		(void)close(r->log_fd);
	json_decref(r->vars);
	arena_release(&r->arena);
	memset(r, 0, sizeof(*r));
}

static int
run_make_dir(struct run *r, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;

	if (r->dir == NULL) {
		dir = arena_printf(&r->arena, "%s/litedrill-XXXXXX",
		    tmp != NULL && *tmp == '/' ? tmp : "/tmp");
		if (mkdtemp(dir) == NULL)
			return (err_setno(e, "cannot make the folder %s",
			    dir));
		r->dir = dir;
	}
	run_defer(r, run_free_dir, r);
	/* All that is temporary from here on goes when the folder goes. */
	BUG_ON(setenv("TMPDIR", r->dir, 1) != 0);
	return (0);
}

/* Does the history that is to be read lie in this folder? */
static bool
run_replays_below(struct run *r, const char *out)
{
	const char *dir = r->opts->explore != NULL ?
	    r->opts->explore->replay : NULL;
	char *a = dir != NULL ? realpath(dir, NULL) : NULL;
	char *b = realpath(out, NULL);
	size_t n = b != NULL ? strlen(b) : 0;
	bool below = a != NULL && b != NULL && strncmp(a, b, n) == 0 &&
	    (a[n] == '/' || a[n] == '\0');

	free(a);
	free(b);
	return (below);
}

/* An out/ folder of an earlier run is replaced, not added to. */
static int
run_make_out(struct run *r, struct err *e)
{
	const char *out = r->opts->out;
	const char *log = arena_printf(&r->arena, "%s/log", out);

	if (run_replays_below(r, out))
		return (err_set(e, "the history %s lies in %s, which this run "
		    "would make anew: move it, or give another --out",
		    r->opts->explore->replay, out));
	if (file_remove_all(out, e) != 0 || file_mkdirs(out, 0755, e) != 0)
		return (-1);
	r->log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (r->log_fd < 0) {
		r->log_fd = 0;
		return (err_setno(e, "cannot create %s", log));
	}
	return (run_evidence_begin(r, e));
}

static int
run_isolate(struct run *r, const char **network, struct err *e)
{
	int rc = 0;

	*network = "shared network";
	if (!r->opts->no_netns)
		rc = isolate_network(e);
	/* Tokens and keys come; a private network needs /proc/self before. */
	if (getenv("LITEDRILL_CORE_FILES") == NULL)
		secret_no_core();
	if (rc == 0 && !r->opts->no_netns)
		run_log(r, "run", "%s", err_msg(e));
	r->netns = rc > 0;
	if (r->netns)
		*network = "private network";
	return (rc < 0 ? -1 : 0);
}

const char *
run_journal(struct run *r)
{

	return (arena_printf(&r->arena, "%s/journal.jsonl", r->opts->out));
}

/* A saved history takes the place of the lines. */
static bool
run_replays(const struct run *r)
{

	return (r->opts->explore != NULL && r->opts->explore->replay != NULL);
}

static int
run_new_emu(struct run *r, struct err *e)
{
	struct arena *a = &r->arena;
	struct emu_opts o = {
		.program = r->opts->emulator,
		.data = arena_printf(a, "%s/emulator", r->dir),
		.journal = run_journal(r),
		.log = arena_printf(a, "%s/log", r->opts->out),
		.project = r->project,
		.history = true,
	};

	r->emu = emu_start(&o, e);
	return (r->emu != NULL ? 0 : -1);
}

int
run_emu_again(struct run *r, struct err *e)
{

	emu_stop(r->emu);
	return (run_new_emu(r, e));
}

static int
run_start_emu(struct run *r, struct err *e)
{
	const char *data = arena_printf(&r->arena, "%s/emulator", r->dir);
	char now[CLOCK_RFC3339];
	int64_t begin_us;

	if (run_replays(r) && explore_load(r, data, e) != 0)
		return (-1);
	clock_rfc3339(clock_wall_us(NULL), now);
	begin_us = clock_mono_us();
	if (run_new_emu(r, e) != 0)
		return (-1);
	if (r->emu_began_us == 0)
		r->emu_began_us = clock_wall_us(NULL);
	/* Three clocks in one folder: ours, the journal's, and Litestream's. */
	run_log(r, "run", "the emulator, and its journal's clock, began %.3fs "
	    "after this log, at %s", (double)(begin_us - r->t0_us) / 1e6, now);
	run_defer(r, run_free_emu, r);
	return (0);
}

static int
run_set_up(struct run *r, struct err *e)
{
	struct arena *a = &r->arena;
	const char *network;

	if (run_make_dir(r, e) != 0 || run_make_out(r, e) != 0 ||
	    run_isolate(r, &network, e) != 0)
		return (-1);
	run_defer(r, run_free_processes, r);
	if (run_start_emu(r, e) != 0)
		return (-1);
	r->ledger = ledger_open(arena_printf(a, "%s/ledger", r->opts->out), e);
	if (r->ledger == NULL)
		return (-1);
	run_defer(r, run_free_ledger, r);
	if ((r->machine = machine_new(r, e)) == NULL)
		return (-1);
	run_defer(r, run_free_machine, r);
	r->loads = loads_new(r);
	run_defer(r, run_free_loads, r);
	r->isolation = arena_printf(a, "%s, %s", network,
	    machine_has_root_view(r->machine) ? "root view" : "plain folder");
	return (0);
}

/* ---- the drill ---- */

static enum verdict
run_lines(struct run *r)
{
	enum verdict v = VERDICT_PASS;

	for (size_t i = 0; v == VERDICT_PASS && r->opts->inject != NULL &&
	    r->opts->inject[i] != NULL; i++)
		v = step_fault_inject(r, r->opts->inject[i]);
	if (v == VERDICT_PASS && !run_replays(r))
		v = steps_run(r, r->sc->lines, r->sc->nlines);
	/* The emulator's death explains whatever else went wrong. */
	if (v == VERDICT_PASS && emu_killed(r->emu))
		v = run_error(r, "the emulator was killed and not restarted: "
		    "nothing can be said of it");
	if (v != VERDICT_PASS && !emu_killed(r->emu) &&
	    emu_mutation(r->emu, NULL) < 0)
		v = run_error(r, "the emulator died; see %s/log%s%s",
		    r->opts->out, r->why != NULL ? ": " : "",
		    r->why != NULL ? r->why : "");
	if (v == VERDICT_PASS && !run_replays(r)) {
		r->line = NULL;
		v = run_check(r);
	}
	if (v == VERDICT_PASS && r->opts->explore != NULL)
		v = explore_run(r);
	if (v != VERDICT_PASS)
		(void)run_finding(r, &r->finding);
	return (v);
}

/* A drill whose emulator broke, even in its last breath, has shown nothing. */
static enum verdict
run_end_emu(struct run *r)
{
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;

	if (emu_end(r->emu, &e) != 0)
		v = run_error(r, "%s", err_msg(&e));
	err_release(&e);
	return (v);
}

static enum verdict
run_body(struct run *r)
{
	struct err e = ERR_INIT;
	enum verdict v;
	const char *why;

	why = need_missing(&r->arena, r->sc->needs, r->sc->nneeds, r->rel);
	if (why != NULL)
		return (run_skip(r, "%s", why));
	if ((v = run_check_replica(r)) != VERDICT_PASS)
		return (v);
	if (run_set_up(r, &e) != 0)
		v = run_error(r, "%s", err_msg(&e));
	else
		v = run_lines(r);
	err_release(&e);
	return (v);
}

/* A drill that must fail here and did has told what it was to tell. */
static void
run_judge_known_bug(struct run *r)
{

	if (!script_is_known_bug(r->sc, r->drilled->version))
		return;
	if (r->verdict == VERDICT_FAIL) {
		const char *is = r->property != NULL ? r->property : "";
		const char *known = r->sc->known_bug_property;

		if (known == NULL || strcmp(known, is) == 0)
			r->verdict = VERDICT_PASS;
		else
			(void)run_fail(r, "not the known bug, which is about "
			    "%s: %s", known, r->why);
	} else if (r->verdict == VERDICT_PASS) {
		(void)run_error(r, "passes, but known-bug says that it fails "
		    "with %s: remove the mark", r->drilled->version);
	}
}

static bool
run_must_keep(const struct run *r)
{

	return (r->log_fd > 0 && (r->opts->keep ||
	    r->verdict == VERDICT_FAIL || r->verdict == VERDICT_ERROR));
}

void
run_drill(struct run *r)
{
	struct err e = ERR_INIT;

	(void)signal(SIGPIPE, SIG_IGN);
	proc_subreaper();
	r->verdict = run_body(r);
	if (r->machine != NULL)
		machine_halt(r->machine);
	if (run_must_keep(r))
		run_evidence_end(r);
	if (r->verdict == VERDICT_PASS)
		r->verdict = run_end_emu(r);
	if (r->verdict == VERDICT_PASS)
		r->why = NULL;
	run_judge_known_bug(r);
	run_log(r, "run", "%s%s%s", verdict_name(r->verdict),
	    r->why != NULL ? ": " : "", r->why != NULL ? r->why : "");
	r->kept = run_must_keep(r);
	run_unwind(r);
	if (r->log_fd > 0 && !r->kept &&
	    file_remove_all(r->opts->out, &e) != 0)
		(void)run_error(r, "%s", err_msg(&e));
	err_release(&e);
}
