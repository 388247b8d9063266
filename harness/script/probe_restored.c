#include "harness/script/probes_int.h"

#include <unistd.h>

#include "harness/machine/machine.h"
#include "harness/replicator/restore.h"

/* Is there something to judge?  Otherwise the answer is in *v and *ok. */
static bool
probe_restored(struct run *r, struct value *v, bool *ok)
{

	*ok = true;
	if (r->restored.done)
		return (true);
	*ok = r->restored.status != 0 ? probe_unknown(r, v, "the restore "
	    "ended with status %d and brought nothing back",
	    r->restored.status) :
	    probe_error(r, "no restore has been run");
	return (false);
}

#define PROBE_RESTORED(name, member, x)					\
bool									\
name(struct run *r, const char *arg, struct value *v)			\
{									\
	bool ok;							\
									\
	(void)arg;							\
	if (probe_restored(r, v, &ok))					\
		v->member = (x);					\
	return (ok);							\
}

PROBE_RESTORED(probe_integrity_probe, s, r->restored.whole ? "ok" :
    r->restored.why != NULL ? r->restored.why : "not whole")
PROBE_RESTORED(probe_prefix_probe, n, r->restored.prefix)
PROBE_RESTORED(probe_chain_probe, n, r->restored.chain)
PROBE_RESTORED(probe_lost_probe, n, r->restored.lost)
PROBE_RESTORED(probe_rows_probe, n, r->restored.rows)
PROBE_RESTORED(probe_hash_probe, s, r->restored.hash)
PROBE_RESTORED(probe_rpo_probe, n, r->restored.lost_age_us)
PROBE_RESTORED(probe_why_probe, s, r->restored.why)

bool
probe_rto_probe(struct run *r, const char *arg, struct value *v)
{
	bool ok;

	(void)arg;
	if (!probe_restored(r, v, &ok))
		return (ok);
	if (r->lost_us == 0)
		return (probe_error(r, "nothing had been lost: no kill and no "
		    "machine replace came before the restore"));
	if (r->restored.rto_us < 0)
		return (probe_unknown(r, v, "%s", r->restored.why));
	v->n = r->restored.rto_us;
	return (true);
}

/* What came back is good, or nothing did, and the restore said so. */
static bool
probe_good_or_refused(struct run *r, bool good, struct value *v)
{
	const struct restored *x = &r->restored;

	if (!x->done && x->status == 0)
		return (probe_error(r, "no restore has been run"));
	v->n = x->done ? good : access(x->path, F_OK) != 0;
	return (true);
}

/* A backup that was damaged may be refused, but not taken for another. */
bool
probe_sound_probe(struct run *r, const char *arg, struct value *v)
{

	(void)arg;
	return (probe_good_or_refused(r, r->restored.whole &&
	    r->restored.prefix, v));
}

/* Nor, where it can be seen that something is missing, for all of it. */
bool
probe_told_probe(struct run *r, const char *arg, struct value *v)
{

	(void)arg;
	return (probe_good_or_refused(r, r->restored.whole &&
	    r->restored.prefix && r->restored.lost == 0, v));
}

bool
probe_status_probe(struct run *r, const char *arg, struct value *v)
{

	(void)arg;
	if (!r->restored.done && r->restored.status == 0)
		return (probe_error(r, "no restore has been run"));
	v->n = r->restored.status;
	return (true);
}
