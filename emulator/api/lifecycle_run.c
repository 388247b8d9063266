/* Lifecycle rules at work.  A run looks at every generation of every bucket that
 * has rules and changes what they say by the calls that clients' requests use,
 * so that each change is a mutation, and under a precondition on what was
 * judged, so that nobody's newer object is hit.  What the store keeps (holds,
 * retention) stays.  Runs follow each other, never overlap. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/api/lifecycle.h"
#include "emulator/api/rewrite.h"
#include "emulator/control/gate.h"
#include "emulator/store/store_multi.h"
#include "lib/cond.h"
#include "lib/log.h"

#define PERIOD_US	INT64_C(60000000)

struct run {
	struct emu *emu;
	const struct bucket *b;
	json_t	*rules;
	int64_t	now_us;
	/* the generations of one name, oldest first */
	struct arena arena;
	struct object *v;
	size_t	n, room;
	/* what was done */
	int64_t	deleted, archived, moved, aborted, kept;
};

static pthread_mutex_t lifecycle_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- one object ---- */

static enum store_rc
lifecycle_delete(struct run *r, const struct object *o, bool live)
{
	struct store_write w = { .mutation = 0 };
	struct store_cond c = { .has_gen_match = true,
		.gen_match = o->generation, .has_meta_match = true,
		.meta_match = o->metageneration };
	enum store_rc rc;

	if (!live)
		c.generation = o->generation;
	rc = store_object_delete(r->emu->store, &w, r->b->name, o->name, &c);
	if (rc == STORE_OK && live && r->b->versioning)
		r->archived++;
	else if (rc == STORE_OK)
		r->deleted++;
	return (rc);
}

static enum store_rc
lifecycle_move(struct run *r, const struct object *o, json_t *attrs,
    const char *class)
{
	struct store_write w = { .mutation = 0 };
	struct store_cond c = { .generation = o->generation,
		.has_meta_match = true, .meta_match = o->metageneration };
	char now[CLOCK_RFC3339], *text;
	struct object out;
	enum store_rc rc;

	clock_rfc3339(r->now_us, now);
	(void)json_object_set_new(attrs, "storageClass", json_string(class));
	(void)json_object_set_new(attrs, "timeStorageClassUpdated",
	    json_string(now));
	text = json_dumps(attrs, JSON_COMPACT);
	rc = store_object_update(r->emu->store, &w, r->b->name, o->name, &c,
	    text, &r->arena, &out);
	free(text);
	r->moved += rc == STORE_OK;
	return (rc);
}

static void
lifecycle_object(struct run *r, const struct object *o, int64_t newer)
{
	json_t *attrs = json_loads(o->attrs, 0, NULL);
	struct lifecycle_object x = { .o = o, .attrs = attrs,
		.live = o->died == INT64_MAX, .newer = newer };
	enum store_rc rc = STORE_OK;
	const char *class;

	switch (lifecycle_judge(r->rules, &x, r->now_us, &class)) {
	case LIFECYCLE_NONE:
		break;
	case LIFECYCLE_DELETE:
		rc = lifecycle_delete(r, o, x.live);
		break;
	case LIFECYCLE_CLASS:
		rc = lifecycle_move(r, o, attrs, class);
		break;
	}
	json_decref(attrs);
	if (rc == STORE_HELD_TEMPORARY || rc == STORE_HELD_EVENT ||
	    rc == STORE_RETAINED)
		r->kept++;
	else if (rc != STORE_OK && rc != STORE_PRECONDITION &&
	    rc != STORE_NO_OBJECT && rc != STORE_TOO_OFTEN)
		log_error("lifecycle bucket=%s object=%s rc=%d", r->b->name,
		    o->name, (int)rc);
}

/* ---- one bucket ---- */

/* All generations of a name have come. */
static void
lifecycle_flush(struct run *r)
{

	for (size_t i = 0; i < r->n; i++)
		lifecycle_object(r, &r->v[i], (int64_t)(r->n - 1 - i));
	r->n = 0;
	arena_release(&r->arena);
}

static void
lifecycle_add(struct run *r, const struct object *o)
{

	if (r->n > 0 && strcmp(r->v[0].name, o->name) != 0)
		lifecycle_flush(r);
	if (r->n == r->room) {
		r->room = r->room > 0 ? 2 * r->room : 16;
		r->v = mem_realloc(r->v, r->room * sizeof(*r->v));
	}
	r->v[r->n] = *o;
	r->v[r->n].name = arena_strdup(&r->arena, o->name);
	r->v[r->n++].attrs = arena_strdup(&r->arena, o->attrs);
}

static void
lifecycle_objects(struct run *r)
{
	struct store_list q = { .prefix = "", .delimiter = "", .start = "",
		.end = "", .glob = "", .versions = true, .max = 1000 };
	struct store_at now = { STORE_NOW };
	char *after = mem_strdup("");
	struct store_listing l;
	enum store_rc rc;

	do {
		struct arena a = ARENA_INIT;

		q.after = after;
		rc = store_object_list(r->emu->store, now, r->b->name, &q, &a,
		    &l);
		for (size_t i = 0; rc == STORE_OK && i < l.nobjects; i++)
			lifecycle_add(r, &l.objects[i]);
		free(after);
		after = rc == STORE_OK && l.next != NULL ?
		    mem_strdup(l.next) : NULL;
		arena_release(&a);
	} while (after != NULL);
	lifecycle_flush(r);
}

static void
lifecycle_uploads(struct run *r)
{
	struct multi_query q = { .prefix = "", .delimiter = "", .after = "",
		.after_id = "", .max = 1000 };
	struct arena a = ARENA_INIT;
	struct multi_page page = { .more = true };

	while (page.more && store_multi_list(r->emu->store, r->b->name, &q,
	    &a, &page) == STORE_OK) {
		for (size_t i = 0; i < page.n; i++) {
			const struct multi *m = &page.uploads[i];

			if (lifecycle_aborts(r->rules, m->name, m->created_us,
			    r->now_us) && store_multi_drop(r->emu->store,
			    r->b->name, m->name, m->id) == STORE_OK)
				r->aborted++;
		}
		q.after = page.next;
		q.after_id = page.next_id;
	}
	arena_release(&a);
}

static void
lifecycle_bucket(struct run *r, const struct bucket *b)
{
	json_t *attrs;

	if (strstr(b->attrs, "\"lifecycle\"") == NULL)
		return;
	attrs = json_loads(b->attrs, 0, NULL);
	r->b = b;
	r->rules = json_object_get(attrs, "lifecycle");
	lifecycle_objects(r);
	lifecycle_uploads(r);
	json_decref(attrs);
}

/* ---- all ---- */

json_t *
lifecycle_run(struct emu *emu)
{
	struct run r = { .emu = emu, .arena = ARENA_INIT };
	struct arena a = ARENA_INIT;
	const char *after = "";
	struct bucket *b;
	size_t n, lost = 0;
	bool more = true;

	BUG_ON(pthread_mutex_lock(&lifecycle_lock) != 0);
	gate_enter(emu->gate);
	r.now_us = clock_wall_us(&emu->clock);
	while (more && store_bucket_list(emu->store, NULL, "", after, 100, &a,
	    &b, &n, &more) == STORE_OK && n > 0) {
		for (size_t i = 0; i < n; i++)
			lifecycle_bucket(&r, &b[i]);
		after = b[n - 1].name;
	}
	if (store_purge(emu->store, &lost) != STORE_OK)
		log_error("lifecycle: what is soft-deleted stays");
	rewrite_expire(emu);
	gate_leave(emu->gate);
	BUG_ON(pthread_mutex_unlock(&lifecycle_lock) != 0);
	arena_release(&a);
	free(r.v);
	return (json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
	    "deleted", (json_int_t)r.deleted, "archived",
	    (json_int_t)r.archived, "class_changed", (json_int_t)r.moved,
	    "uploads_aborted", (json_int_t)r.aborted, "kept",
	    (json_int_t)r.kept, "lost", (json_int_t)lost));
}

struct lifecycle {
	struct emu *emu;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool	stop;
};

static void *
lifecycle_main(void *cls)
{
	struct lifecycle *l = cls;
	int64_t deadline;

	BUG_ON(pthread_mutex_lock(&l->lock) != 0);
	while (!l->stop) {
		deadline = cond_deadline(PERIOD_US);
		while (!l->stop && cond_wait_until(&l->cond, &l->lock,
		    deadline))
			;
		if (l->stop)
			break;
		BUG_ON(pthread_mutex_unlock(&l->lock) != 0);
		json_decref(lifecycle_run(l->emu));
		BUG_ON(pthread_mutex_lock(&l->lock) != 0);
	}
	BUG_ON(pthread_mutex_unlock(&l->lock) != 0);
	return (NULL);
}

struct lifecycle *
lifecycle_start(struct emu *emu)
{
	struct lifecycle *l = mem_alloc(sizeof(*l));

	l->emu = emu;
	BUG_ON(pthread_mutex_init(&l->lock, NULL) != 0);
	cond_init(&l->cond);
	if (pthread_create(&l->thread, NULL, lifecycle_main, l) == 0)
		return (l);
	log_error("lifecycle: no thread; rules are applied on demand only");
	(void)pthread_cond_destroy(&l->cond);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
	return (NULL);
}

void
lifecycle_stop(struct lifecycle *l)
{

	if (l == NULL)
		return;
	BUG_ON(pthread_mutex_lock(&l->lock) != 0);
	l->stop = true;
	BUG_ON(pthread_cond_signal(&l->cond) != 0);
	BUG_ON(pthread_mutex_unlock(&l->lock) != 0);
	(void)pthread_join(l->thread, NULL);
	(void)pthread_cond_destroy(&l->cond);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}
