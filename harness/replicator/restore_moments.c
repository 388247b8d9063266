/* Restores to a point in time: `litestream restore -timestamp`. */
#include "harness/replicator/restore.h"

#include <inttypes.h>

#include "harness/oracle/oracles.h"
#include "harness/workload/ledger.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

/* What the ledger says of the database at that moment, against what came
 * back; NULL: it is so. */
static const char *
moment_wrong(struct run *r, int64_t at_us, int64_t slack_us)
{
	const struct restored *x = &r->restored;
	const struct ledger_entry *en;

	if (x->why != NULL)
		return (x->why);
	en = x->rows > 0 ? ledger_get(r->ledger, x->rows) : NULL;
	if (en != NULL && en->at_us > at_us)
		return (arena_printf(&r->arena, "moment: row %" PRId64
		    " is there, which was committed %.3fs later", x->rows,
		    (double)(en->at_us - at_us) / 1e6));
	en = ledger_get(r->ledger, x->rows + 1);
	if (en != NULL && en->ack_us > 0 && en->ack_us < at_us - slack_us)
		return (arena_printf(&r->arena, "moment: row %" PRId64
		    " is missing, which had been committed %.3fs before",
		    x->rows + 1, (double)(at_us - en->ack_us) / 1e6));
	return (NULL);
}

static enum verdict
moment_check(struct run *r, int64_t at_us, int64_t slack_us, struct err *e)
{
	struct arena *a = &r->arena;
	const char *dir = arena_printf(a, "%s/moment", r->dir), *why;
	const char *file = arena_printf(a, "%s/db", dir);
	char when[CLOCK_RFC3339];
	char *const flags[] = { arena_strdup(a, "-timestamp"), when, NULL };
	int rc;

	clock_rfc3339(at_us, when);
	if (file_mkdirs(dir, 0700, e) != 0 || (rc = restore_as_owner(r,
	    restore_url(r, r->bucket), flags, file, e)) < 0)
		return (run_error(r, "%s", err_msg(e)));
	r->restored = (struct restored){ .path = file, .status = rc,
	    .hash = "", .rto_us = -1, .done = rc == 0 };
	if (rc != 0) {
		r->property = "restores";
		return (run_fail(r, "a restore to %s ends with status %d, "
		    "where a backup had been before", when, rc));
	}
	if (oracles_judge(file, r->dir, r->ledger, 0, a, &r->restored, e)
	    != 0) {
		r->property = "restores";
		return (run_fail(r, "a restore to %s ends with 0, but %s",
		    when, err_msg(e)));
	}
	run_log(r, "rest", "to %s: row %" PRId64, when, r->restored.rows);
	(void)file_remove_all(dir, NULL);
	if ((why = moment_wrong(r, at_us, slack_us)) == NULL)
		return (VERDICT_PASS);
	r->property = arena_strndup(a, why, strcspn(why, ":"));
	return (run_fail(r, "restored to %s: %s", when, why));
}

enum verdict
restore_moments(struct run *r, int64_t n, int64_t from, int64_t slack_us)
{
	const struct ledger_entry *head, *en;
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;

	if (r->folder != NULL)
		return (run_skip(r, "a folder has the times of files alone"));
	if (ledger_refresh(r->ledger, &e) != 0 ||
	    (head = ledger_head(r->ledger)) == NULL || head->seq <= from)
		v = run_error(r, "inconclusive: there is no row after %"
		    PRId64, from);
	for (int64_t i = 1; v == VERDICT_PASS && i <= n; i++) {
		head = ledger_head(r->ledger);
		en = ledger_get(r->ledger, from + (head->seq - from) * i / n);
		if (en != NULL && en->ack_us > 0)
			v = moment_check(r, en->ack_us, slack_us, &e);
	}
	err_release(&e);
	return (v);
}
