/* Restores to a point of the past: `litestream restore -timestamp`, and -txid or
 * -index. */
#include "harness/replicator/restore.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/oracles.h"
#include "harness/run/journal.h"
#include "harness/run/run_int.h"
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

/* The first row, from `from` on, of the last so long; 0: of all time. */
static int64_t
moment_first(struct run *r, int64_t from, int64_t last_us)
{
	const struct ledger_entry *head = ledger_head(r->ledger), *en;

	while (last_us > 0 && from < head->seq && ((en = ledger_get(r->ledger,
	    from)) == NULL || en->at_us < head->at_us - last_us))
		from++;
	return (from);
}

enum verdict
restore_moments(struct run *r, int64_t n, int64_t from, int64_t last_us,
    int64_t slack_us)
{
	const struct ledger_entry *head, *en;
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;

	if (r->folder != NULL)
		return (run_skip(r, "a folder has the times of files alone"));
	if (ledger_refresh(r->ledger, &e) != 0 ||
	    (head = ledger_head(r->ledger)) == NULL || head->seq <= (from =
	    moment_first(r, from, last_us)))
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

/* ---- places in the log ---- */

struct place {
	const char *name;
	int64_t	k;		/* the last upload that ends with it */
};

struct places {
	struct run *run;
	struct place *v;		/* in the order of their first uploads */
	size_t	n, room;
};

static void
place_line(void *arg, const json_t *line)
{
	struct places *ps = arg;
	struct run *r = ps->run;
	int64_t k = json_integer_value(json_object_get(line, "mutation"));
	const char *object = json_string_value(json_object_get(line, "object"));
	const char *bucket = json_string_value(json_object_get(line, "bucket"));
	const char *api = json_string_value(json_object_get(line, "api"));
	const char *name;
	size_t i;

	if (k <= 0 || object == NULL || bucket == NULL || api == NULL ||
	    strcmp(bucket, r->bucket) != 0 ||
	    strcmp(api, "storage.objects.insert") != 0 ||
	    (name = r->rel->rep->place(&r->arena, object)) == NULL)
		return;
	for (i = 0; i < ps->n && strcmp(ps->v[i].name, name) != 0; i++)
		;
	if (i == ps->room) {
		struct place *v;

		ps->room = ps->room > 0 ? 2 * ps->room : 64;
		v = arena_alloc(&r->arena, ps->room * sizeof(*v));
		if (ps->n > 0)
			memcpy(v, ps->v, ps->n * sizeof(*v));
		ps->v = v;
	}
	if (i == ps->n)
		ps->v[ps->n++].name = name;
	if (k > ps->v[i].k)
		ps->v[i].k = k;
}

/* Judged into run->restored; its status, or -1. */
static int
place_judge(struct run *r, const char *file, int status, struct err *e)
{

	r->restored = (struct restored){ .path = file, .status = status,
	    .hash = "", .rto_us = -1, .done = status == 0 };
	if (status == 0 && oracles_judge(file, r->dir, r->ledger, 0,
	    &r->arena, &r->restored, e) != 0)
		return (-1);
	return (status);
}

/* *compared: there was a backup to compare with. */
static enum verdict
place_check(struct run *r, const struct place *p, bool *compared,
    struct err *e)
{
	struct arena *a = &r->arena;
	const char *flag = r->rel->rep->place_flag;
	char *const flags[] = { arena_strdup(a, flag),
	    arena_strdup(a, p->name), NULL };
	const char *dir = arena_printf(a, "%s/place", r->dir);
	const char *then = arena_printf(a, "%s/then", dir);
	const char *file = arena_printf(a, "%s/db", dir);
	int64_t rows;
	int status;

	*compared = false;
	if (file_remove_all(dir, e) != 0 || file_mkdirs(dir, 0700, e) != 0 ||
	    (status = restore_view(r, p->k, then, e)) < 0 ||
	    place_judge(r, then, status, e) < 0)
		return (run_error(r, "%s", err_msg(e)));
	if (status != 0 || r->restored.why != NULL)
		return (VERDICT_PASS);
	*compared = true;
	rows = r->restored.rows;
	if ((status = restore_as_owner(r, restore_url(r, r->bucket), flags,
	    file, e)) < 0 || place_judge(r, file, status, e) < 0)
		return (run_error(r, "%s", err_msg(e)));
	run_log(r, "rest", "%s %s: status %d, row %" PRId64, flag, p->name,
	    status, r->restored.rows);
	r->property = "places";
	if (status != 0)
		return (run_fail(r, "restore %s %s ends with status %d, where "
		    "after change %" PRId64 " that was a whole backup", flag,
		    p->name, status, p->k));
	if (r->restored.why != NULL)
		return (run_fail(r, "restore %s %s: %s", flag, p->name,
		    r->restored.why));
	if (r->restored.rows != rows)
		return (run_fail(r, "restore %s %s brings row %" PRId64
		    ", where after change %" PRId64 ", which uploaded that, it "
		    "was row %" PRId64, flag, p->name, r->restored.rows, p->k,
		    rows));
	r->property = NULL;
	return (VERDICT_PASS);
}

enum verdict
restore_places(struct run *r, int64_t n)
{
	struct places ps = { .run = r };
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;
	int64_t tried = 0;
	bool compared;

	if (r->folder != NULL)
		return (run_skip(r, "a folder has no views to compare with"));
	if (journal_lines(run_journal(r), place_line, &ps, &e) != 0)
		v = run_error(r, "%s", err_msg(&e));
	for (int64_t i = 0; v == VERDICT_PASS && i < n && i < (int64_t)ps.n;
	    i++) {
		size_t at = ps.n <= (size_t)n ? (size_t)i : (size_t)i *
		    (ps.n - 1) / (size_t)(n > 1 ? n - 1 : 1);

		v = place_check(r, &ps.v[at], &compared, &e);
		tried += compared;
	}
	if (v == VERDICT_PASS && tried < 2)
		v = run_error(r, "inconclusive: of %zu places in the log not "
		    "two had a backup", ps.n);
	err_release(&e);
	return (v);
}
