/* Restoring the bucket as it was at a mutation: what a machine that is lost
 * at that moment gets back.  For `synced` it is the newest mutation; where the
 * backup is in a folder, which has no history, it is the folder as it is. */
#include "harness/replicator/restore.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/oracles.h"
#include "harness/replicator/replicators.h"
#include "harness/run/emu.h"
#include "harness/run/proc.h"
#include "harness/workload/ledger.h"
#include "lib/file.h"

#define VIEW_US		INT64_C(60000000)	/* one restore */

int
restore_as_owner(struct run *r, const char *url, char *const *flags,
    const char *file, struct err *e)
{
	struct arena *a = &r->arena;
	const char *key = emu_owner_key(r->emu, e), *out, *err;
	bool late = false;
	struct proc_opts o = { 0 };

	if (key == NULL)
		return (-1);
	o.argv = restore_command(r, r->rel->path, file, 0, flags, url);
	o.envp = (char *const []) {
		arena_strdup(a, "PATH=/usr/local/bin:/usr/bin:/bin"),
		arena_printf(a, "HOME=%s", r->dir),
		arena_printf(a, "TMPDIR=%s", r->dir),
		arena_printf(a, "HTTPS_PROXY=http://%s", emu_proxy(r->emu)),
		arena_printf(a, "SSL_CERT_FILE=%s", emu_ca(r->emu)),
		arena_printf(a, "GOOGLE_APPLICATION_CREDENTIALS=%s", key),
		NULL
	};
	o.log = arena_printf(a, "%s/synced.log", r->opts->out);
	return (proc_run(&o, VIEW_US, a, &out, &err, &late, e));
}

int
restore_view(struct run *r, int64_t mutation, const char *file,
    struct err *e)
{
	const char *view;
	int rc;

	if (r->folder != NULL)
		return (restore_as_owner(r, arena_printf(&r->arena,
		    "file://%s", r->folder), NULL, file, e));
	/* explore asks for several at once */
	view = arena_printf(&r->arena, "view-%" PRId64 "-%d", mutation,
	    (int)getpid());
	if (emu_view(r->emu, r->bucket, mutation, view, e) != 0)
		return (-1);
	rc = restore_as_owner(r, restore_url(r, view), NULL, file, e);
	if (emu_view_delete(r->emu, view, rc < 0 ? NULL : e) != 0)
		rc = -1;
	return (rc);
}

/* ---- synced ---- */

/* What the newest try brought back; a drill is a process of its own. */
static struct {
	const struct run *run;
	const char *bucket, *path;
	int64_t	mutation, frontier;
	char	hash[LEDGER_HASH + 1];	/* of its last row */
	bool	restored;	/* it ended with 0 and left a file */
} tried;

/* Is its last row the ledger's?  Asked anew each time: a load on another
 * database gives rows of the same numbers another content, and the bucket
 * need not have changed for that. */
static bool
tried_matches(struct run *r)
{
	const struct ledger_entry *en = ledger_get(r->ledger, tried.frontier);

	return (tried.frontier == 0 ||
	    (en != NULL && strcmp(en->hash, tried.hash) == 0));
}

static int
try(struct run *r, int64_t mutation, struct err *e)
{
	struct arena *a = &r->arena;
	const char *dir = arena_printf(a, "%s/synced-%" PRId64, r->dir,
	    mutation);
	const char *file = arena_printf(a, "%s/db", dir);
	int rc = file_mkdirs(dir, 0700, e);

	if (rc == 0)
		rc = restore_view(r, mutation, file, e);
	if (rc >= 0) {
		tried.run = r;
		tried.bucket = r->bucket;
		tried.path = r->path;
		tried.mutation = mutation;
		tried.frontier = 0;
		tried.hash[0] = '\0';
		/* Any failure is 'not yet': there may be no whole backup. */
		tried.restored = rc == 0 && oracles_frontier(file,
		    &tried.frontier, tried.hash, NULL) == 0;
		if (ledger_refresh(r->ledger, e) != 0)
			rc = -1;
		run_log(r, "sync", "view at mutation %" PRId64 ": %s frontier="
		    "%" PRId64 "%s", mutation, tried.restored ? "restored" :
		    "nothing", tried.frontier, tried_matches(r) ? "" :
		    " not the ledger's");
	}
	(void)file_remove_all(dir, NULL);
	return (rc < 0 ? -1 : 0);
}

int
restore_synced(struct run *r, int64_t seq)
{
	struct err e = ERR_INIT;
	int64_t mutation = emu_mutation(r->emu, &e);

	if (mutation >= 0 && r->folder == NULL && tried.run == r &&
	    tried.mutation == mutation &&
	    strcmp(tried.bucket, r->bucket) == 0 &&
	    strcmp(tried.path, r->path) == 0)
		goto answer;
	if (mutation < 0 || try(r, mutation, &e) != 0) {
		(void)run_error(r, "%s", err_msg(&e));
		err_release(&e);
		return (-1);
	}
answer:
	return (tried.restored && tried.frontier >= seq && tried_matches(r));
}

/* ---- many ---- */

/* One view: what came back, in run->restored. */
static int
view_judge(struct run *r, int64_t mutation, struct err *e)
{
	const char *dir = arena_printf(&r->arena, "%s/view-%" PRId64, r->dir,
	    mutation);
	const char *file = arena_printf(&r->arena, "%s/db", dir);
	int rc = file_mkdirs(dir, 0700, e);

	if (rc == 0)
		rc = restore_view(r, mutation, file, e);
	if (rc >= 0) {
		r->restored = (struct restored) { .path = file, .status = rc,
		    .hash = "", .rto_us = -1, .done = rc == 0 };
		if (rc == 0 && !file_exists(file))
			r->restored.why = "tables: the restore ended with 0 "
			    "and there is no file";
		else if (rc == 0)
			rc = oracles_judge(file, r->dir, r->ledger, 0,
			    &r->arena, &r->restored, e);
		else
			rc = 0;
	}
	(void)file_remove_all(dir, NULL);
	return (rc);
}

/* *rows: as far as the newest whole view came, -1 where none was yet. */
static enum verdict
view_check(struct run *r, int64_t mutation, int64_t *rows)
{
	const struct restored *x = &r->restored;
	struct err e = ERR_INIT;

	if (view_judge(r, mutation, &e) != 0) {
		enum verdict v = run_error(r, "%s", err_msg(&e));

		err_release(&e);
		return (v);
	}
	if (!x->done && *rows < 0)
		return (VERDICT_PASS);	/* no whole backup yet */
	if (!x->done) {
		r->property = "restores";
		return (run_fail(r, "the view at mutation %" PRId64 " cannot "
		    "be restored (status %d), an older one could", mutation,
		    x->status));
	}
	if (x->why != NULL) {
		r->property = arena_strndup(&r->arena, x->why,
		    strcspn(x->why, ":"));
		return (run_fail(r, "the view at mutation %" PRId64
		    " is wrong: %s", mutation, x->why));
	}
	if (x->rows < *rows) {
		r->property = "frontier";
		return (run_fail(r, "the view at mutation %" PRId64 " ends at "
		    "row %" PRId64 ", an older one at %" PRId64, mutation,
		    x->rows, *rows));
	}
	*rows = x->rows;
	return (VERDICT_PASS);
}

enum verdict
restore_views(struct run *r, int64_t max)
{
	struct err e = ERR_INIT;
	int64_t newest = emu_mutation(r->emu, &e), first = 1, rows = -1, n = 0;
	int64_t step;
	enum verdict v = VERDICT_PASS;

	if (newest < 0) {
		v = run_error(r, "%s", err_msg(&e));
		err_release(&e);
		return (v);
	}
	if (r->folder != NULL)
		return (run_skip(r, "a backup in a folder has no history"));
	/* Before the first whole backup each is tried: that is where the
	 * promise begins. */
	while (v == VERDICT_PASS && rows < 0 && first <= newest)
		v = view_check(r, first++, &rows);
	if (v == VERDICT_PASS && rows < 0) {
		r->property = "restores";
		return (run_fail(r, "no view of the bucket can be restored"));
	}
	step = (newest - first + max) / max;
	for (int64_t k = first; v == VERDICT_PASS && k <= newest; n++) {
		v = view_check(r, k, &rows);
		k += k < newest && k + step > newest ? newest - k : step;
	}
	run_log(r, "rest", "%" PRId64 " views of %" PRId64 " mutations, to "
	    "row %" PRId64, n, newest, rows);
	return (v);
}
