/* A machine stopped in the middle of a request: what a crash of all that runs
 * on it would leave.  Nothing is killed, so that one session has many such
 * moments; `litedrill explore` lets each be recovered from. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/machine/machine.h"
#include "harness/run/emu.h"
#include "harness/run/run_int.h"
#include "harness/script/steps.h"
#include "harness/workload/ledger.h"
#include "lib/file.h"
#include "lib/str.h"


/* All is still: the machine's files, the ledger, the bucket's state. */
static int
freeze_copy(struct run *r, struct frozen *f, struct err *e)
{
	struct arena *a = &r->arena;

	f->k = emu_mutation(r->emu, e);
	if (f->k < 0 || file_mkdirs(f->dir, 0700, e) != 0 ||
	    run_copy_tree(r, machine_host_path(r->machine, "/data"),
	    arena_printf(a, "%s/data", f->dir), e) != 0)
		return (-1);
	return (file_copy(ledger_file(r->ledger), arena_printf(a,
	    "%s/ledger", f->dir), e));
}

static int
freeze_still(struct run *r, struct frozen *f, struct err *e)
{
	pid_t *pids;
	size_t n;
	int rc;

	if (proc_stop_below(emu_pid(r->emu), &pids, &n, e) != 0)
		return (-1);
	rc = freeze_copy(r, f, e);
	proc_continue(pids, n);
	return (rc);
}

/* A token is of no bucket. */
static const char *
freeze_bucket(struct run *r)
{

	return (str_starts(step_str(r, "on"), "storage.objects.") ?
	    r->bucket : NULL);
}

static int
freeze_one(struct run *r, bool *came, struct err *e)
{
	struct frozen *f = arena_alloc(&r->arena, sizeof(*f));
	/* Recoveries run side by side, and each freezes its own. */
	const char *object = step_str(r, "object");
	const char *as = arena_printf(&r->arena, FREEZE_NAME "-%d",
	    (int)getpid());
	int64_t held;
	int rule, rc = 0;

	rule = emu_fault(r->emu, json_pack("{s:s, s:s, s:s*, s:s*, s:s, s:I, "
	    "s:i, s:s}", "kind", "hold", "on", step_str(r, "on"), "bucket",
	    freeze_bucket(r), "object", strcmp(object, "*") != 0 ? object :
	    NULL, "at", step_str(r, "at"), "nth", (json_int_t)step_num(r, "every"),
	    "times", 1, "as", as), e);
	if (rule < 0)
		return (-1);
	f->on = step_str(r, "on");
	f->at = step_str(r, "at");
	f->number = r->frozen != NULL ? r->frozen->number + 1 : 1;
	f->dir = arena_printf(&r->arena, "%s/frozen/%d", r->dir, f->number);
	held = emu_held(r->emu, as, 1, step_num(r, "within"), e);
	*came = held > 0;
	if (held < 0 || (held > 0 && freeze_still(r, f, e) != 0))
		rc = -1;
	/* Its request goes on. */
	if (emu_fault_end(r->emu, rule, rc == 0 ? e : NULL) != 0)
		rc = -1;
	if (rc == 0 && *came) {
		f->next = r->frozen;
		r->frozen = f;
	}
	return (rc);
}

enum verdict
step_freeze_fn(struct run *r, const struct line *l)
{
	int64_t count = step_num(r, "count");
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;
	bool came;

	(void)l;
	for (int64_t i = 0; i < count && v == VERDICT_PASS; i++) {
		if (freeze_one(r, &came, &e) != 0)
			v = run_error(r, "%s", err_msg(&e));
		else if (!came)
			v = run_error(r, "inconclusive: no %s to freeze at "
			    "came within %.1fs (%" PRId64 " of %" PRId64 ")",
			    step_str(r, "on"),
			    (double)step_num(r, "within") / 1e6, i, count);
	}
	err_release(&e);
	return (v);
}
