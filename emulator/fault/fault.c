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

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

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

struct faults {
	struct emu *emu;
	atomic_int live;		/* rules; a look without the lock */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct fault_rule *rules;	/* by id */
	struct fault_rule *gone;	/* removed, not yet freed */
	struct fault_waiter *waiters;
	int	last_id;
	bool	woken;
	pthread_mutex_t refuse_lock;	/* before lock */
	bool	refusing;
};

struct fault_hit {
	struct fault_hit *next;
	struct fault_rule *rule;
	bool	pending;		/* the object's name is not known yet */
	bool	done;
};

struct faults *
faults_new(struct emu *emu)
{
	struct faults *f = mem_alloc(sizeof(*f));

	f->emu = emu;
	BUG_ON(pthread_mutex_init(&f->lock, NULL) != 0);
	BUG_ON(pthread_mutex_init(&f->refuse_lock, NULL) != 0);
	cond_init(&f->cond);
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
	(void)pthread_cond_destroy(&f->cond);
	(void)pthread_mutex_destroy(&f->lock);
	(void)pthread_mutex_destroy(&f->refuse_lock);
	free(f);
}

struct emu *
fault_emu(const struct faults *f)
{

	return (f->emu);
}

static void
faults_lock(struct faults *f)
{

	BUG_ON(pthread_mutex_lock(&f->lock) != 0);
}

static void
faults_unlock(struct faults *f)
{

	BUG_ON(pthread_mutex_unlock(&f->lock) != 0);
}

/* ---- setting and removing ---- */

/* Make the server do what the rules say.  It may take its time over cutting
 * connections, so the lock of the rules is not held meanwhile. */
static void
faults_sync_refuse(struct faults *f)
{
	bool want = false;

	BUG_ON(pthread_mutex_lock(&f->refuse_lock) != 0);
	faults_lock(f);
	for (struct fault_rule *r = f->rules; r != NULL; r = r->next)
		want = want || r->kind->points == 0;
	faults_unlock(f);
	if (want != f->refusing && f->emu->server != NULL)
		server_refuse(f->emu->server, want);
	f->refusing = want;
	BUG_ON(pthread_mutex_unlock(&f->refuse_lock) != 0);
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
	/* connections that are refused come to nobody's notice here */
	r->fired = r->kind->points == 0;
	for (end = &f->rules; *end != NULL; end = &(*end)->next)
		;
	*end = r;
	atomic_fetch_add(&f->live, 1);
	faults_unlock(f);
	faults_sync_refuse(f);
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
	faults_sync_refuse(f);
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
		(void)json_object_set_new(j, "fired", json_integer(r->fired));
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

/* ---- matching ---- */

/* The object's name, from wherever it can be known by now, or NULL. */
static const char *
fault_object(struct req *rq)
{
	json_auto_t *j = NULL;
	const char *name;

	if (rq->object != NULL)
		return (rq->object);
	if (strcmp(rq->route->id, "storage.objects.insert") != 0)
		return (NULL);
	if ((name = req_query(rq, "name")) != NULL)
		return (name);
	if (rq->route->body != BODY_BUF || rq->body.p == NULL)
		return (NULL);
	j = json_loadb(rq->body.p, rq->body.len, 0, NULL);
	name = json_string_value(json_object_get(j, "name"));
	return (name != NULL ? arena_strdup(&rq->arena, name) : NULL);
}

/* By all but the object. */
static bool
fault_matches(const struct faults *f, const struct fault_rule *r,
    const struct req *rq)
{
	const char *who = rq->principal != NULL ? rq->principal : "";
	const char *email = strchr(who, ':');

	email = email != NULL ? email + 1 : who;
	if (r->kind->points == 0)
		return (false);
	if (r->on != NULL && !str_glob(r->on, rq->route->id))
		return (false);
	if (r->bucket != NULL && (rq->bucket == NULL ||
	    !str_glob(r->bucket, rq->bucket)))
		return (false);
	if (r->from == NULL)
		return (f->emu->owner == NULL ||
		    strcmp(email, f->emu->owner) != 0);
	return (str_glob(r->from, who) || str_glob(r->from, email));
}

/* Count a match; will the rule fire on it? */
static bool
fault_choose(struct fault_rule *r)
{
	int64_t k = ++r->matched;

	if (r->nth > 0 && k < r->nth)
		return (false);
	if (r->every > 0 && k % r->every != 0)
		return (false);
	if (r->chosen >= r->times)
		return (false);
	r->chosen++;
	return (true);
}

void
faults_match(struct faults *f, struct req *rq)
{
	struct fault_hit **end = &rq->faults, *h;
	const char *object = NULL;
	bool pending;

	if (atomic_load(&f->live) == 0 || rq->route->api == API_CONTROL)
		return;
	faults_lock(f);
	for (struct fault_rule *r = f->rules; r != NULL; r = r->next) {
		if (!fault_matches(f, r, rq))
			continue;
		if (r->object != NULL && object == NULL)
			object = fault_object(rq);
		pending = r->object != NULL && object == NULL;
		if (!pending && ((r->object != NULL &&
		    !str_glob(r->object, object)) || !fault_choose(r)))
			continue;
		h = arena_alloc(&rq->arena, sizeof(*h));
		h->rule = r;
		h->pending = pending;
		*end = h;
		end = &h->next;
	}
	faults_unlock(f);
}

/* ---- acting ---- */

/* Has the name become known by now?  Then count, or let go. */
static void
fault_settle(struct fault_hit *h, struct req *rq)
{
	const char *object = fault_object(rq);

	if (object == NULL)
		return;
	h->pending = false;
	h->done = !str_glob(h->rule->object, object) ||
	    !fault_choose(h->rule);
}

/* Let one hit act, unless its rule has gone. */
static void
fault_fire(struct faults *f, struct fault_hit *h, struct req *rq)
{
	struct fault_rule *r = h->rule;
	bool gone;

	h->done = true;
	faults_lock(f);
	gone = r->removed;
	if (!gone)
		r->fired++;
	faults_unlock(f);
	if (gone)
		return;
	rq->fault_note = arena_printf(&rq->arena, "%s%s%d:%s",
	    rq->fault_note != NULL ? rq->fault_note : "",
	    rq->fault_note != NULL ? "," : "", r->id, r->kind->name);
	r->kind->act(f, r, rq);
}

/* Settle what is pending, then act on what is due; waits come before
 * decisions, so that an error, too, takes its time. */
static void
faults_run(struct faults *f, struct req *rq, enum fault_point at,
    int64_t bytes)
{
	struct fault_hit *h;

	faults_lock(f);
	for (h = rq->faults; h != NULL; h = h->next)
		if (h->pending)
			fault_settle(h, rq);
	faults_unlock(f);
	for (int waits = 1; waits >= 0; waits--)
		for (h = rq->faults; h != NULL && !rq->abort; h = h->next)
			if (!h->done && !h->pending && h->rule->at == at &&
			    h->rule->kind->waits == (waits != 0) &&
			    bytes >= h->rule->after_bytes)
				fault_fire(f, h, rq);
}

void
faults_apply(struct faults *f, struct req *rq, enum fault_point at)
{

	if (rq->faults != NULL)
		faults_run(f, rq, at, 0);
}

bool
faults_body(struct faults *f, struct req *rq, int64_t done, int64_t total)
{

	(void)total;
	if (rq->faults == NULL)
		return (false);
	faults_run(f, rq, FAULT_BODY, done);
	return (rq->abort);
}
