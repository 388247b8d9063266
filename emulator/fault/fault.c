/* How a fault comes to pass.  A rule is set (fault_rule.c has checked it) and
 * lives in the list; it is taken off when it is removed, but its memory stays
 * until the end, since a request on its way may still point at it.
 *
 * A request meets each rule once, in faults_match(): there it is counted, and
 * nth, every and times decide whether the rule will fire on it.  What will
 * fire hangs on rq->faults and acts when its point comes.  All counting is
 * under one lock and follows the order of arrival, so that `nth=3` is the
 * third request whatever the threads do.
 *
 * An upload may tell its object's name only in its body.  A rule with
 * object= then waits, pending, and counts the request once the name is known.
 *
 * Held and delayed threads wait on one condition variable for: their release,
 * the end of their rule, their time, or the shutdown. */
#include "emulator/fault/fault_int.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/control/metrics.h"
#include "emulator/http/route.h"
#include "emulator/http/server.h"
#include "lib/clock.h"
#include "lib/cond.h"
#include "lib/str.h"

enum fault_fate { FATE_HELD, FATE_GO, FATE_DROP };

/* One held thread; on its stack, in the list while it is held. */
struct fault_waiter {
	struct fault_waiter *next;
	struct fault_rule *rule;
	enum fault_fate fate;
};

struct faults *
faults_new(struct emu *emu)
{
	struct faults *f = mem_alloc(sizeof(*f));

	f->emu = emu;
	BUG_ON(pthread_mutex_init(&f->lock, NULL) != 0);
	BUG_ON(pthread_mutex_init(&f->door_lock, NULL) != 0);
	cond_init(&f->cond);
	f->retry = retry_tests_new();
	return (f);
}

static void
faults_free_list(struct fault_rule *r)
{
	struct fault_rule *next;

	for (; r != NULL; r = next) {
		next = r->next;
		fault_rule_free(r);
	}
}

void
faults_free(struct faults *f)
{

	if (f == NULL)
		return;
	faults_free_list(f->rules);
	faults_free_list(f->gone);
	retry_tests_free(f->retry);
	(void)pthread_cond_destroy(&f->cond);
	(void)pthread_mutex_destroy(&f->lock);
	(void)pthread_mutex_destroy(&f->door_lock);
	free(f);
}

struct emu *
fault_emu(const struct faults *f)
{

	return (f->emu);
}

struct retry_tests *
faults_retry(struct faults *f)
{

	return (f->retry);
}

void
faults_lock(struct faults *f)
{

	BUG_ON(pthread_mutex_lock(&f->lock) != 0);
}

void
faults_unlock(struct faults *f)
{

	BUG_ON(pthread_mutex_unlock(&f->lock) != 0);
}

/* ---- setting and removing ---- */

/* Make the server do what the rules say.  It may take its time over cutting
 * connections, so the lock of the rules is not held meanwhile. */
static void
faults_sync_doors(struct faults *f)
{
	int want[DOORS] = { 0 }, n;

	BUG_ON(pthread_mutex_lock(&f->door_lock) != 0);
	faults_lock(f);
	for (struct fault_rule *r = f->rules; r != NULL; r = r->next) {
		if (r->kind->points != 0)
			continue;
		n = r->args[0].set ? (int)r->args[0].i : 1;
		if (want[r->kind->door] == 0 || n < want[r->kind->door])
			want[r->kind->door] = n;
	}
	f->mute = want[DOOR_MUTE] > 0;
	BUG_ON(pthread_cond_broadcast(&f->cond) != 0);
	faults_unlock(f);
	if (f->emu->server != NULL)
		server_doors(f->emu->server, want);
	BUG_ON(pthread_mutex_unlock(&f->door_lock) != 0);
}

static int64_t
faults_turned(const struct faults *f, const struct fault_rule *r)
{

	if (r->kind->points != 0 || f->emu->server == NULL)
		return (0);
	return (server_turned(f->emu->server, r->kind->door));
}

void
faults_swallow(struct faults *f)
{

	faults_lock(f);
	while (f->mute && !f->woken)
		BUG_ON(pthread_cond_wait(&f->cond, &f->lock) != 0);
	faults_unlock(f);
}

int
faults_add(struct faults *f, const json_t *rule, struct err *e)
{
	struct fault_rule *r = fault_rule_new(rule, e), **end;
	int id;

	if (r == NULL)
		return (-1);
	faults_lock(f);
	id = r->id = ++f->last_id;
	r->turned = faults_turned(f, r);
	if (r->kind->points == 0)
		metrics_fault(f->emu->metrics, r->kind->name);
	for (end = &f->rules; *end != NULL; end = &(*end)->next)
		;
	*end = r;
	atomic_fetch_add(&f->live, 1);
	faults_unlock(f);
	faults_sync_doors(f);
	return (id);
}

/* Let go what is held by rules that `which` picks; with the lock held. */
static int
faults_let_go(struct faults *f, const struct fault_rule *rule,
    const char *as, enum fault_fate fate)
{
	struct fault_waiter **p = &f->waiters, *w;
	int n = 0;

	while ((w = *p) != NULL) {
		if ((rule != NULL && w->rule != rule) || (as != NULL &&
		    (w->rule->as == NULL || strcmp(w->rule->as, as) != 0))) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		w->fate = fate;
		w->rule->held--;
		n++;
	}
	(void)pthread_cond_broadcast(&f->cond);
	return (n);
}

int
faults_remove(struct faults *f, int id)
{
	struct fault_rule **p, *r;
	int n = 0;

	faults_lock(f);
	p = &f->rules;
	while ((r = *p) != NULL) {
		if (id != 0 && r->id != id) {
			p = &r->next;
			continue;
		}
		*p = r->next;
		r->next = f->gone;
		f->gone = r;
		r->removed = true;
		(void)faults_let_go(f, r, NULL, FATE_GO);
		atomic_fetch_sub(&f->live, 1);
		n++;
	}
	faults_unlock(f);
	faults_sync_doors(f);
	return (n > 0 || id == 0 ? 0 : -1);
}

json_t *
faults_list(struct faults *f)
{
	json_t *out = json_array(), *j;

	faults_lock(f);
	for (struct fault_rule *r = f->rules; r != NULL; r = r->next) {
		j = json_deep_copy(r->spec);
		(void)json_object_set_new(j, "id", json_integer(r->id));
		(void)json_object_set_new(j, "matched",
		    json_integer(r->matched));
		/* what acts on connections counts those it met */
		(void)json_object_set_new(j, "fired", json_integer(r->fired +
		    faults_turned(f, r) - r->turned));
		(void)json_object_set_new(j, "held", json_integer(r->held));
		(void)json_array_append_new(out, j);
	}
	faults_unlock(f);
	return (out);
}

/* ---- holding ---- */

bool
fault_hold(struct faults *f, const struct fault_rule *rule)
{
	struct fault_waiter w = { .fate = FATE_HELD };
	struct fault_waiter **end;

	faults_lock(f);
	if (rule->removed || f->woken) {
		bool go = !f->woken;

		faults_unlock(f);
		return (go);
	}
	/* the list is in order of arrival, for whoever looks at it */
	for (end = &f->waiters; *end != NULL; end = &(*end)->next)
		;
	*end = &w;
	w.rule = (void *)(uintptr_t)rule;
	w.rule->held++;
	(void)pthread_cond_broadcast(&f->cond);
	while (w.fate == FATE_HELD)
		BUG_ON(pthread_cond_wait(&f->cond, &f->lock) != 0);
	faults_unlock(f);
	return (w.fate == FATE_GO);
}

void
fault_wait(struct faults *f, const struct fault_rule *rule, int64_t us)
{
	int64_t end = cond_deadline(us);

	faults_lock(f);
	while (!rule->removed && !f->woken &&
	    cond_wait_until(&f->cond, &f->lock, end))
		;
	faults_unlock(f);
}

static int
faults_held_locked(const struct faults *f, const char *as)
{
	int n = 0;

	for (const struct fault_waiter *w = f->waiters; w != NULL;
	    w = w->next)
		n += as == NULL || (w->rule->as != NULL &&
		    strcmp(w->rule->as, as) == 0);
	return (n);
}

int
faults_held(struct faults *f, const char *as)
{
	int n;

	faults_lock(f);
	n = faults_held_locked(f, as);
	faults_unlock(f);
	return (n);
}

bool
faults_wait_held(struct faults *f, const char *as, int n, int64_t timeout_us)
{
	int64_t end = cond_deadline(timeout_us);
	bool ok;

	faults_lock(f);
	while (!(ok = faults_held_locked(f, as) >= n) && !f->woken &&
	    cond_wait_until(&f->cond, &f->lock, end))
		;
	ok = ok || faults_held_locked(f, as) >= n;
	faults_unlock(f);
	return (ok);
}

int
faults_release(struct faults *f, const char *as, bool discard)
{
	int n;

	faults_lock(f);
	n = faults_let_go(f, NULL, as, discard ? FATE_DROP : FATE_GO);
	faults_unlock(f);
	return (n);
}

/* What is held at the end is dropped: to let it go on would store a write
 * whose client the drill had meant to keep waiting. */
void
faults_wake_all(struct faults *f)
{

	faults_lock(f);
	f->woken = true;
	(void)faults_let_go(f, NULL, NULL, FATE_DROP);
	faults_unlock(f);
}
