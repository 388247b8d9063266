/* A request and the rules: which it meets, and when they act on it. */
#include "emulator/fault/fault_int.h"

#include <string.h>

#include "emulator/control/metrics.h"
#include "emulator/http/route.h"
#include "lib/nul.h"
#include "lib/str.h"

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
	j = nul_json(rq->body.p, rq->body.len, true, 0, NULL);
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

struct fault_hit *
fault_hang(struct req *rq, struct fault_rule *r)
{
	struct fault_hit **end = &rq->faults, *h;

	h = arena_alloc(&rq->arena, sizeof(*h));
	h->rule = r;
	while (*end != NULL)
		end = &(*end)->next;
	*end = h;
	return (h);
}

void
faults_match(struct faults *f, struct req *rq)
{
	const char *object = NULL;
	struct fault_hit *h;
	bool pending;

	if (rq->route->api == API_CONTROL)
		return;
	retry_rule_match(f, rq);
	if (atomic_load(&f->live) == 0)
		return;
	faults_lock(f);
	for (struct fault_rule *r = f->rules; r != NULL; r = r->next) {
		if (!fault_matches(f, r, rq))
			continue;
		if (r->object != NULL && object == NULL)
			object = fault_object(rq);
		pending = r->object != NULL && object == NULL;
		if (!pending && ((r->object != NULL &&
		    !nul_glob(r->object, object)) || !fault_choose(r)))
			continue;
		h = fault_hang(rq, r);
		h->pending = pending;
		h->k = r->matched;
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
	h->done = !nul_glob(h->rule->object, object) ||
	    !fault_choose(h->rule);
	h->missed = h->done;
	h->k = h->rule->matched;
}

/* One hit acts, unless its rule has gone, or its one use: then false. */
static bool
fault_count(struct faults *f, struct fault_hit *h, struct req *rq)
{
	struct fault_rule *r = h->rule;
	bool gone;

	if (h->retry != NULL && !retry_test_use(f->retry, h->retry))
		return (false);
	faults_lock(f);
	gone = r->removed;
	if (!gone)
		r->fired++;
	faults_unlock(f);
	if (gone)
		return (false);
	metrics_fault(rq->emu->metrics, r->kind->name);
	rq->fault_note = arena_printf(&rq->arena, "%s%s%s:%s%s%s@%s",
	    rq->fault_note != NULL ? rq->fault_note : "",
	    rq->fault_note != NULL ? "," : "", r->id != 0 ?
	    arena_printf(&rq->arena, "%d", r->id) : "retry", r->kind->name,
	    r->as != NULL ? "=" : "", r->as != NULL ? r->as : "",
	    fault_point_name(r->at));
	return (true);
}

static bool
fault_fire(struct faults *f, struct fault_hit *h, struct req *rq)
{

	h->done = true;
	if (!fault_count(f, h, rq))
		return (false);
	if (h->rule->kind->act != NULL)
		h->rule->kind->act(f, h->rule, rq);
	return (true);
}

/* ---- bytes that take their time ---- */

/* How many bytes of a body may pass behind pos at once; INT64_MAX: they take
 * no time. */
static int64_t
fault_piece(const struct fault_hit *h, int64_t pos)
{
	const struct fault_rule *r = h->rule;

	return (r->kind->piece == NULL || h->missed || h->pending ||
	    pos < r->after_bytes ? INT64_MAX : r->kind->piece(r));
}

/* n bytes have passed, behind pos. */
static void
fault_pace(struct faults *f, struct fault_hit *h, struct req *rq,
    int64_t pos, int64_t n)
{
	int64_t us;

	if (n <= 0 || fault_piece(h, pos) == INT64_MAX)
		return;
	if (!h->paced && h->rule->kind->act == NULL &&
	    !fault_count(f, h, rq)) {
		h->missed = true;
		return;
	}
	h->paced = true;
	faults_lock(f);
	us = h->rule->kind->pace(h->rule, h, n);
	faults_unlock(f);
	fault_wait(f, h->rule, us);
}

/* `done` bytes of the request's body have come in. */
static void
fault_pace_in(struct faults *f, struct req *rq, int64_t done)
{

	for (struct fault_hit *h = rq->faults; h != NULL; h = h->next) {
		fault_pace(f, h, rq, h->passed, done - h->passed);
		h->passed = done;
	}
}

static bool
fault_due(const struct fault_hit *h, const struct req *rq,
    enum fault_point at, int64_t bytes)
{
	const struct fault_rule *r = h->rule;

	if (h->done || h->pending || r->kind->act == NULL ||
	    (h->when != NULL && !h->when(h, rq)))
		return (false);
	if (r->kind->due != NULL)
		return (r->kind->due(r, rq, at, bytes));
	return (r->at == at && bytes >= r->after_bytes);
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
			if (h->rule->kind->waits == (waits != 0) &&
			    fault_due(h, rq, at, bytes))
				(void)fault_fire(f, h, rq);
}

void
faults_apply(struct faults *f, struct req *rq, enum fault_point at)
{

	if (at == FAULT_BEFORE && rq->retry_id != NULL)
		retry_rule_again(f, rq);
	if (rq->faults == NULL)
		return;
	faults_run(f, rq, at, 0);
	/* such a body was there before its rules were known */
	if (at == FAULT_BEFORE && !rq->abort && rq->route->body == BODY_BUF)
		fault_pace_in(f, rq, rq->bytes_in);
}

bool
faults_body(struct faults *f, struct req *rq, int64_t done, int64_t total)
{

	(void)total;
	if (rq->faults == NULL)
		return (false);
	faults_run(f, rq, FAULT_BODY, done);
	if (!rq->abort)
		fault_pace_in(f, rq, done);
	return (rq->abort);
}

/* ---- the answer's body ---- */

bool
faults_watch_body(const struct req *rq)
{

	if (rq->cut >= 0)
		return (true);
	for (const struct fault_hit *h = rq->faults; h != NULL; h = h->next)
		if ((!h->done && h->rule->at == FAULT_BODY) ||
		    fault_piece(h, INT64_MAX) < INT64_MAX)
			return (true);
	return (false);
}

size_t
faults_out(struct faults *f, struct req *rq, int64_t pos, size_t n)
{
	int64_t end = pos + (int64_t)n, most;

	if (rq->route->body != BODY_STREAM)	/* that body had its turn */
		faults_run(f, rq, FAULT_BODY, pos);
	if (rq->cut >= 0 && pos >= rq->cut)
		req_abort(rq, rq->cut_rst);
	if (rq->abort)
		return (0);
	if (rq->cut >= 0 && end > rq->cut)
		end = rq->cut;
	for (const struct fault_hit *h = rq->faults; h != NULL; h = h->next)
		if (!h->done && h->rule->at == FAULT_BODY &&
		    h->rule->after_bytes > pos && h->rule->after_bytes < end)
			end = h->rule->after_bytes;
	for (const struct fault_hit *h = rq->faults; h != NULL; h = h->next)
		if ((most = fault_piece(h, pos)) < end - pos)
			end = pos + most;
	for (struct fault_hit *h = rq->faults; h != NULL; h = h->next)
		fault_pace(f, h, rq, pos, end - pos);
	return ((size_t)(end - pos));
}

/* Change what a rule wants changed in these bytes, or in a copy of them. */
static const void *
fault_alter(struct req *rq, int64_t pos, const void *p, size_t n, void *room)
{

	for (struct fault_hit *h = rq->faults; h != NULL; h = h->next) {
		const struct fault_rule *r = h->rule;

		if (h->done || h->pending || r->kind->alter == NULL ||
		    r->after_bytes < pos ||
		    r->after_bytes - pos >= (int64_t)n ||
		    (h->when != NULL && !h->when(h, rq)) ||
		    !fault_fire(rq->emu->faults, h, rq))
			continue;
		if (room == NULL)
			p = room = arena_dup(&rq->arena, p, n);
		r->kind->alter(r, (unsigned char *)room + r->after_bytes -
		    pos);
	}
	return (p);
}

void
faults_alter(struct req *rq, int64_t pos, void *p, size_t n)
{

	if (rq->route->body != BODY_STREAM)
		(void)fault_alter(rq, pos, p, n, p);
}

/* ---- an upload's payload ---- */

const void *
faults_payload(struct req *rq, int64_t off, const void *p, size_t n)
{

	rq->upload.got += (int64_t)n;
	return (rq->faults == NULL ? p : fault_alter(rq, off, p, n, NULL));
}

int64_t
faults_chunk(struct req *rq, int64_t persisted, int64_t first, int64_t last)
{
	int64_t keep = INT64_MAX, at;

	rq->upload.chunk = true;
	rq->upload.persisted = persisted;
	rq->upload.first = first;
	rq->upload.last = last;
	for (struct fault_hit *h = rq->faults; h != NULL; h = h->next) {
		at = h->rule->after_bytes;
		if (h->done || !h->rule->kind->cuts || at > last + 1)
			continue;
		if (at < persisted)
			at = persisted;
		keep = at < keep ? at : keep;
	}
	rq->upload.cut = keep < INT64_MAX;
	return (keep);
}

int64_t
faults_body_room(const struct req *rq, int64_t done)
{
	int64_t room = INT64_MAX, most;

	for (const struct fault_hit *h = rq->faults; h != NULL; h = h->next) {
		if ((most = fault_piece(h, done)) < room)
			room = most;
		if (!h->done && h->rule->at == FAULT_BODY &&
		    h->rule->after_bytes > done &&
		    h->rule->after_bytes - done < room)
			room = h->rule->after_bytes - done;
	}
	return (room);
}
