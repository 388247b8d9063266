/* What the emulator can be asked; it also says when to ask again. */
#include "harness/script/probes_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/replicator/restore.h"
#include "harness/report/findings.h"
#include "harness/run/emu.h"
#include "harness/script/steps_int.h"
#include "harness/workload/ledger.h"
#include "lib/clock.h"
#include "lib/str.h"

#define PROBE_SLICE_US	1000000	/* one long poll; then it is asked anew */
#define PROBE_FOLDER_MS	50

static int64_t
probe_slice(int64_t timeout_us)
{

	return (timeout_us < PROBE_SLICE_US ? timeout_us : PROBE_SLICE_US);
}

/* ---- synced ---- */

static bool
probe_synced_head(struct run *r, int64_t *seq)
{
	const struct ledger_entry *head;
	struct err e = ERR_INIT;

	*seq = 0;
	if (r->ledger == NULL)
		return (true);
	if (ledger_refresh(r->ledger, &e) != 0)
		return (probe_err(r, &e));
	head = ledger_head(r->ledger);
	*seq = head != NULL ? head->seq : 0;
	return (true);
}

bool
probe_wait_begin(struct run *r)
{

	return (probe_synced_head(r, &step_args(r)->synced_seq));
}

void
probe_wait_end(struct run *r)
{

	step_args(r)->synced_seq = -1;
}

bool
probe_synced_probe(struct run *r, const char *arg, struct value *v)
{
	struct step_args *a = step_args(r);
	int64_t seq = a->synced_seq;
	struct err e = ERR_INIT;
	int rc;

	(void)arg;
	if (seq < 0 && !probe_synced_head(r, &seq))
		return (false);
	if (seq == 0)
		return (probe_error(r, "there is nothing to sync: the ledger "
		    "is empty"));
	/* Before asking, so that no change in between is slept over. */
	a->mutation = emu_mutation(r->emu, &e);
	if (a->mutation < 0)
		return (probe_err(r, &e));
	rc = restore_synced(r, seq);
	v->n = rc > 0;
	return (rc >= 0);
}

/* ---- mutations ---- */

bool
probe_mutation_probe(struct run *r, const char *arg, struct value *v)
{
	struct err e = ERR_INIT;

	(void)arg;
	v->n = step_args(r)->mutation = emu_mutation(r->emu, &e);
	return (v->n >= 0 || probe_err(r, &e));
}

bool
probe_mutation_wait(struct run *r, const char *arg, const struct value *last,
    int64_t timeout_us)
{
	struct err e = ERR_INIT;

	(void)arg;
	(void)last;
	return (emu_wait_mutation(r->emu, step_args(r)->mutation,
	    probe_slice(timeout_us), &e) >= 0 || probe_err(r, &e));
}

bool
probe_synced_wait(struct run *r, const char *arg, const struct value *last,
    int64_t timeout_us)
{

	if (r->folder == NULL)
		return (probe_mutation_wait(r, arg, last, timeout_us));
	/* Nothing tells of a folder; the restore took its time already. */
	(void)poll(NULL, 0, PROBE_FOLDER_MS);
	return (true);
}

struct counted {
	const char *glob;
	int64_t	n;
};

static void
probe_count(void *arg, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	struct counted *c = arg;

	c->n += name != NULL && str_glob(c->glob, name);
}

/* Each of the bucket's objects to each(); *v is 'unknown' where there is no
 * bucket. */
static bool
probe_bucket(struct run *r, void (*each)(void *, const json_t *), void *arg,
    struct value *v)
{
	struct err e = ERR_INIT;
	struct value mutation;
	int status;
	bool ok = true;

	if (r->bucket == NULL)
		return (probe_error(r, "there is no bucket yet: provision"));
	if (!probe_mutation_probe(r, NULL, &mutation))
		return (false);
	if (emu_list(r->emu, r->bucket, each, arg, &status, &e) != 0)
		ok = status == 404 ? probe_unknown(r, v, "there is no bucket "
		    "%s", r->bucket) : probe_error(r, "listing the bucket: "
		    "%s", err_msg(&e));
	err_release(&e);
	return (ok);
}

bool
probe_bucket_objects_probe(struct run *r, const char *arg, struct value *v)
{
	struct counted c = { .glob = arg != NULL ? arg : "*" };

	if (!probe_bucket(r, probe_count, &c, v))
		return (false);
	v->n = c.n;
	return (true);
}

static void
probe_add_size(void *arg, const json_t *item)
{
	const char *text = json_string_value(json_object_get(item, "size"));
	int64_t *sum = arg, size;

	if (text != NULL && str_int64(text, &size))
		*sum += size;
}

bool
probe_bucket_bytes_probe(struct run *r, const char *arg, struct value *v)
{

	(void)arg;
	return (probe_bucket(r, probe_add_size, &v->n, v));
}

/* ---- upkeep ---- */

struct levels {
	long	level;
	uint64_t *ends;		/* of the level's files */
	size_t	n;
	uint64_t next;		/* the newest end in the next level */
};

/* "…/ltx/LEVEL/MIN-MAX.ltx", hexadecimal. */
static void
probe_level_file(void *arg, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	const char *at = name != NULL ? strstr(name, "ltx/") : NULL;
	struct levels *l = arg;
	unsigned long long min, max;
	unsigned int level;

	if (at == NULL || sscanf(at, "ltx/%x/%llx-%llx.ltx", &level, &min,
	    &max) != 3)
		return;
	if ((long)level == l->level + 1 && max > l->next)
		l->next = max;
	if ((long)level != l->level)
		return;
	l->ends = mem_realloc(l->ends, (l->n + 1) * sizeof(*l->ends));
	l->ends[l->n++] = max;
}

bool
probe_levels_behind_probe(struct run *r, const char *arg, struct value *v)
{
	struct levels l = { 0 };
	int64_t level;
	bool ok;

	if (!str_int64(arg, &level) || level < 0 || level > 8)
		return (probe_error(r, "'%s' is no level from 0 to 8", arg));
	l.level = (long)level;
	ok = probe_bucket(r, probe_level_file, &l, v);
	for (size_t i = 0; i < l.n; i++)
		v->n += l.ends[i] > l.next;
	free(l.ends);
	return (ok);
}

/* For how long nothing has changed, as far as this was looked at. */
bool
probe_quiet_probe(struct run *r, const char *arg, struct value *v)
{
	static int64_t seen = -1, since;
	struct value mutation;

	if (!probe_mutation_probe(r, arg, &mutation))
		return (false);
	if (mutation.n != seen) {
		seen = mutation.n;
		since = clock_mono_us();
	}
	v->n = clock_mono_us() - since;
	return (true);
}

/* ---- holds ---- */

bool
probe_held_probe(struct run *r, const char *arg, struct value *v)
{
	struct err e = ERR_INIT;
	int64_t n = emu_held(r->emu, arg, 1, 0, &e);

	v->n = n > 0;
	return (n >= 0 || probe_err(r, &e));
}

bool
probe_held_wait(struct run *r, const char *arg, const struct value *last,
    int64_t timeout_us)
{
	struct err e = ERR_INIT;

	/* `wait held(x) == false`: the other way there is no long poll. */
	if (last->n != 0) {
		(void)poll(NULL, 0, 10);
		return (true);
	}
	return (emu_held(r->emu, arg, 1, probe_slice(timeout_us), &e) >= 0 ||
	    probe_err(r, &e));
}

/* ---- journal ---- */

static bool
probe_journal(struct run *r, struct value *v, const char *api,
    const char *object, int status)
{
	struct err e = ERR_INIT;
	int64_t all;

	/* Before asking, so that no line in between is slept over. */
	all = emu_journal_count(r->emu, NULL, NULL, NULL, 0, &e);
	v->n = all < 0 ? -1 : emu_journal_count(r->emu, api, object, NULL,
	    status, &e);
	step_args(r)->journal = all;
	return (v->n >= 0 || probe_err(r, &e));
}

bool
probe_journal_probe(struct run *r, const char *arg, struct value *v)
{

	return (probe_journal(r, v, arg, NULL, 0));
}

bool
probe_journal_object_probe(struct run *r, const char *arg, struct value *v)
{

	return (probe_journal(r, v, NULL, arg, 0));
}

bool
probe_journal_status_probe(struct run *r, const char *arg, struct value *v)
{
	int64_t status;

	if (!str_int64(arg, &status) || status < 100 || status > 599)
		return (probe_error(r, "'%s' is not an HTTP status", arg));
	return (probe_journal(r, v, NULL, NULL, (int)status));
}

bool
probe_fired_probe(struct run *r, const char *arg, struct value *v)
{
	struct err e = ERR_INIT;
	const json_t *f;
	json_t *j;
	size_t i;

	/* The count first, for the wait. */
	if (!probe_journal(r, v, NULL, NULL, 0))
		return (false);
	if ((j = emu_control(r->emu, "GET", "faults", NULL, &e)) == NULL)
		return (probe_err(r, &e));
	v->n = INT64_MAX;
	json_array_foreach(json_object_get(j, "faults"), i, f) {
		const char *as = json_string_value(json_object_get(f, "as"));
		int64_t n = json_integer_value(json_object_get(f, "fired"));

		if (as != NULL && strcmp(as, arg) == 0 && n < v->n)
			v->n = n;
	}
	if (v->n == INT64_MAX)
		v->n = 0;
	json_decref(j);
	return (true);
}

/* What the replicator printed tells more than the journal where it never came
 * so far as to ask. */
bool
probe_finding_probe(struct run *r, const char *arg, struct value *v)
{
	const struct finding *f;

	/* The count first, for the wait. */
	if (!probe_journal(r, v, arg, NULL, 0))
		return (false);
	v->n = 0;
	r->finding = NULL;
	f = run_finding(r, &r->finding);	/* asked for: shown */
	v->s = f != NULL ? f->name : "none";
	return (true);
}

/* Until there is one line more, of any kind: cheap, and right for all. */
bool
probe_journal_wait(struct run *r, const char *arg, const struct value *last,
    int64_t timeout_us)
{
	struct err e = ERR_INIT;
	json_t *j;

	(void)arg;
	(void)last;
	j = emu_control(r->emu, "GET", arena_printf(&r->arena,
	    "journal/wait?n=%lld&timeout_ms=%lld",
	    (long long)step_args(r)->journal + 1,
	    (long long)probe_slice(timeout_us) / 1000 + 1), NULL, &e);
	json_decref(j);
	return (j != NULL || probe_err(r, &e));
}
