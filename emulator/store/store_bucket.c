/* Buckets.  A bucket with history gets a new row for each change, all under
 * one id; a view is a row that points at a bucket's id. */
#include <string.h>

#include "emulator/store/store_bucket.h"
#include "emulator/store/store_multi.h"
#include "lib/str.h"

void
store_bucket_take(struct arena *a, sqlite3_stmt *s, struct bucket_row *r)
{

	*r = (struct bucket_row){ .rid = sqlite3_column_int64(s, 0) };
	r->b.id = sqlite3_column_int64(s, 1);
	if (a != NULL) {
		r->b.name = store_sql_text(a, s, 2);
		r->b.project = store_sql_text(a, s, 3);
		r->b.attrs = store_sql_text(a, s, 4);
		r->b.policy = store_sql_text(a, s, 5);
	}
	r->b.metageneration = sqlite3_column_int64(s, 6);
	r->b.policy_version = sqlite3_column_int64(s, 7);
	r->b.created_us = sqlite3_column_int64(s, 8);
	r->b.updated_us = sqlite3_column_int64(s, 9);
	r->b.versioning = sqlite3_column_int(s, 10) != 0;
	r->history_from = sqlite3_column_int64(s, 11);
	r->b.history = r->history_from != STORE_ALIVE;
	r->view_of = sqlite3_column_int64(s, 12);
	r->b.view_at = sqlite3_column_int64(s, 13);
	r->born = sqlite3_column_int64(s, 14);
	r->died = sqlite3_column_int64(s, 15);
	r->b.generation = sqlite3_column_int64(s, 16);
	r->adopts = (sqlite3_column_int(s, 17) & 1) != 0;
	r->folders = (sqlite3_column_int(s, 17) & 2) != 0;
	r->retention_us = sqlite3_column_int64(s, 18);
	r->softer_us = sqlite3_column_int64(s, 19);
	r->softest_us = sqlite3_column_int64(s, 20);
	r->b.soft_us = sqlite3_column_int64(s, 21);
	r->b.hard_us = sqlite3_column_int64(s, 22);
}

static int64_t
store_bucket_flags(const struct bucket_row *r)
{

	return ((r->adopts ? 1 : 0) | (r->folders ? 2 : 0));
}

void
store_bucket_rules(struct store *st, struct bucket_row *r)
{
	struct bucket_rules rules = { .retention_us = 0 };

	if (st->rules != NULL)
		st->rules->bucket(r->b.attrs, &rules);
	r->adopts = rules.adopts;
	r->folders = rules.folders;
	r->retention_us = rules.retention_us;
	r->softer_us = rules.soft_us;
	if (r->softest_us < rules.soft_us)
		r->softest_us = rules.soft_us;
}

enum store_rc
store_bucket_one(struct store_conn *c, struct arena *a, sqlite3_stmt *s,
    struct bucket_row *r)
{
	enum store_rc rc;

	if (!store_sql_next(c, s, &rc))
		return (rc == STORE_OK ? STORE_NO_BUCKET : rc);
	store_bucket_take(a, s, r);
	store_sql_end(s);
	return (STORE_OK);
}

/* r, the row of a view, becomes its bucket's row at `at`, by its own name. */
static enum store_rc
store_bucket_of_view(struct store_conn *c, struct arena *a, const char *name,
    int64_t at, struct bucket_row *r)
{
	int64_t view_at = r->b.view_at, id = r->view_of;
	enum store_rc rc;

	rc = store_bucket_one(c, NULL,
	    store_sql_start(c, SQL_BUCKET_ID_NEWEST, "i", id), r);
	if (rc == STORE_OK && r->history_from > at)
		return (STORE_BAD_MUTATION);
	if (rc == STORE_OK)
		rc = store_bucket_one(c, a,
		    store_sql_start(c, SQL_BUCKET_ID_AT, "ii", id, at), r);
	if (rc != STORE_OK)
		return (rc);
	r->view_of = id;
	r->b.view_at = view_at;
	if (a != NULL) {
		r->b.view_of = r->b.name;
		r->b.name = arena_strdup(a, name);
	}
	return (STORE_OK);
}

static enum store_rc
store_bucket_query(struct store_conn *c, struct arena *a, const char *name,
    int64_t as_of, struct bucket_row *r, int64_t *at)
{
	enum store_rc rc;

	rc = store_bucket_one(c, a,
	    store_sql_start(c, SQL_BUCKET_LIVE, "s", name), r);
	if (rc == STORE_OK && r->view_of != 0) {
		*at = as_of < r->b.view_at ? as_of : r->b.view_at;
		return (store_bucket_of_view(c, a, name, *at, r));
	}
	*at = STORE_ALIVE - 1;
	if (as_of == STORE_NOW || (rc != STORE_OK && rc != STORE_NO_BUCKET))
		return (rc);
	*at = as_of;
	rc = store_bucket_one(c, a,
	    store_sql_start(c, SQL_BUCKET_AT, "si", name, as_of), r);
	if (rc == STORE_OK && r->history_from > as_of)
		rc = STORE_BAD_MUTATION;
	return (rc);
}

enum store_rc
store_bucket_find(struct store_conn *c, struct arena *a, const char *name,
    int64_t as_of, struct bucket_row *r, int64_t *at)
{
	struct store *st = c->st;
	/* The one writer sees the newest, but nobody else its changes. */
	uint64_t epoch = c == &st->w ? store_cache_epoch(st) : c->buckets;
	struct arena own = ARENA_INIT;
	enum store_rc rc;

	if (as_of != STORE_NOW || epoch == 0 || (epoch & 1) != 0)
		return (store_bucket_query(c, a, name, as_of, r, at));
	if (store_cache_get(st, epoch, name, a, r, at))
		return (STORE_OK);
	rc = store_bucket_query(c, a != NULL ? a : &own, name, as_of, r, at);
	if (rc == STORE_OK)
		store_cache_put(st, epoch, r, *at);
	arena_release(&own);
	return (rc);
}

enum store_rc
store_bref_read(struct store_conn *c, const char *name, int64_t as_of,
    struct store_bref *b)
{
	struct bucket_row r;
	enum store_rc rc;

	*b = (struct store_bref){ .name = name };
	rc = store_bucket_find(c, NULL, name, as_of, &r, &b->as_of);
	if (rc == STORE_OK) {
		b->id = r.b.id;
		b->rid = r.rid;
		b->versioning = r.b.versioning;
		b->history = r.b.history;
		b->view = r.view_of != 0;
		b->adopts = r.adopts;
		b->folders = r.folders;
		b->retention_us = r.retention_us;
		b->softer_us = r.softer_us;
	}
	return (rc);
}

enum store_rc
store_bref_write(struct store_conn *c, const char *name, struct store_bref *b)
{
	enum store_rc rc = store_bref_read(c, name, STORE_NOW, b);

	/* A view whose bucket has no such state any more is still a view. */
	if (rc == STORE_BAD_MUTATION || (rc == STORE_OK && b->view))
		return (STORE_READ_ONLY);
	return (rc);
}

enum store_rc
store_bref_adopt(struct store *st, const struct store_bref *b,
    struct arena *a, const char **attrs)
{
	struct bucket_row r;
	enum store_rc rc;

	if (!b->adopts || st->rules == NULL)
		return (STORE_OK);
	rc = store_bucket_one(&st->w, a,
	    store_sql_start(&st->w, SQL_BUCKET_LIVE, "s", b->name), &r);
	if (rc == STORE_OK &&
	    (*attrs = st->rules->adopt(a, *attrs, r.b.attrs)) == NULL)
		rc = STORE_RESTRICTED;
	return (rc);
}

enum store_rc
store_bucket_add(struct store *st, const struct bucket_row *r)
{
	const struct bucket *b = &r->b;

	return (store_sql_do(&st->w, SQL_BUCKET_ADD, "issssiiiiiiiiiiiiii",
	    b->id, b->name, b->project, b->attrs, b->policy,
	    b->metageneration, b->policy_version, b->created_us,
	    b->updated_us, (int64_t)b->versioning, r->history_from,
	    r->view_of, b->view_at, r->born, b->generation,
	    store_bucket_flags(r), r->retention_us, r->softer_us,
	    r->softest_us));
}

enum store_rc
store_bucket_free_name(struct store *st, const char *name)
{
	struct bucket_row r;
	enum store_rc rc;

	rc = store_bucket_one(&st->w, NULL,
	    store_sql_start(&st->w, SQL_BUCKET_LIVE, "s", name), &r);
	if (rc == STORE_OK)
		return (STORE_EXISTS);
	return (rc == STORE_NO_BUCKET ? STORE_OK : rc);
}

void
store_bucket_out(struct arena *a, const struct bucket_row *r,
    struct bucket *out)
{

	*out = r->b;
	out->name = arena_strdup(a, r->b.name);
	out->project = arena_strdup(a, r->b.project);
	out->attrs = arena_strdup(a, r->b.attrs);
	out->policy = arena_strdup(a, r->b.policy);
	if (r->b.view_of != NULL)
		out->view_of = arena_strdup(a, r->b.view_of);
}

/* One from elsewhere is as old as it was there. */
static void
store_bucket_born(const struct bucket *as, struct bucket *b)
{

	if (as == NULL)
		return;
	if (as->metageneration > 0)
		b->metageneration = as->metageneration;
	if (as->created_us > 0)
		b->created_us = as->created_us;
	if (as->updated_us > 0)
		b->updated_us = as->updated_us;
}

enum store_rc
store_bucket_insert(struct store *st, struct store_write *w,
    const struct bucket *b, struct arena *a, struct bucket *out)
{
	struct bucket_row r = { .b = *b };
	enum store_rc rc;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_bucket_free_name(st, b->name);
	if (rc == STORE_OK) {
		r.born = store_tx_mutation(st);
		r.b.id = r.born;	/* never given twice */
		r.b.project = b->project != NULL ? b->project : "";
		r.b.attrs = b->attrs != NULL ? b->attrs : "{}";
		r.b.policy = b->policy != NULL ? b->policy : "{}";
		r.b.metageneration = 1;
		r.b.policy_version = 1;
		r.b.created_us = r.b.updated_us = st->tx_now;
		store_bucket_born(w != NULL ? w->as_bucket : NULL, &r.b);
		r.b.history = b->history || st->history;
		r.history_from = r.b.history ? 0 : STORE_ALIVE;
		r.b.view_of = NULL;
		r.b.view_at = 0;
		r.b.generation = store_tx_generation(st);
		r.b.soft_us = r.b.hard_us = 0;
		store_bucket_rules(st, &r);
		rc = store_bucket_add(st, &r);
	}
	rc = store_tx_end(st, w, rc);
	if (rc == STORE_OK)
		store_bucket_out(a, &r, out);
	return (rc);
}

enum store_rc
store_bucket_get(struct store *st, struct store_at at, const char *name,
    struct arena *a, struct bucket *out)
{
	uint64_t epoch = store_cache_epoch(st);
	struct store_conn *c;
	struct bucket_row r;
	enum store_rc rc;
	int64_t state;

	/* Nothing else is asked, so it need not fit a snapshot. */
	if (at.as_of == STORE_NOW && (epoch & 1) == 0 &&
	    store_cache_get(st, epoch, name, a, &r, &state)) {
		*out = r.b;
		return (STORE_OK);
	}
	c = store_read_begin(st);
	rc = store_bucket_find(c, a, name, at.as_of, &r, &state);
	store_read_end(st, c);
	if (rc == STORE_OK)
		*out = r.b;
	return (rc);
}

enum store_rc
store_bucket_list(struct store *st, const char *project, const char *prefix,
    const char *after, int max, struct arena *a, struct bucket **out,
    size_t *n, bool *more)
{
	struct store_conn *c = store_read_begin(st);
	size_t room = 0, k = 0;
	struct bucket *v = NULL;
	struct bucket_row r;
	enum store_rc rc;
	sqlite3_stmt *s;

	prefix = prefix != NULL ? prefix : "";
	after = after != NULL ? after : "";
	*more = false;
	s = store_sql_start(c, SQL_BUCKET_LIST, "ss",
	    strcmp(after, prefix) > 0 ? after : prefix, project);
	while (store_sql_next(c, s, &rc)) {
		const char *name = (const char *)sqlite3_column_text(s, 2);

		if (strcmp(name, after) <= 0)
			continue;
		*more = str_starts(name, prefix) && k >= (size_t)max;
		if (!str_starts(name, prefix) || *more) {
			store_sql_end(s);
			rc = STORE_OK;
			break;
		}
		if (k == room) {
			room = room > 0 ? 2 * room : 16;
			v = mem_realloc(v, room * sizeof(*v));
		}
		store_bucket_take(a, s, &r);
		v[k++] = r.b;
	}
	store_read_end(st, c);
	*out = arena_dup(a, v, k * sizeof(*v));
	*n = k;
	free(v);
	return (rc);
}

static bool
store_bucket_cond(const struct store_cond *c, const struct bucket *b)
{

	return (c == NULL ||
	    ((!c->has_meta_match || b->metageneration == c->meta_match) &&
	    (!c->has_meta_not || b->metageneration != c->meta_not)));
}

enum store_rc
store_bucket_for_change(struct store *st, struct arena *a, const char *name,
    struct bucket_row *r)
{
	enum store_rc rc;

	rc = store_bucket_one(&st->w, a,
	    store_sql_start(&st->w, SQL_BUCKET_LIVE, "s", name), r);
	if (rc == STORE_OK && r->view_of != 0)
		rc = STORE_READ_ONLY;
	return (rc);
}

/* Write r's new attrs, policy and numbers over its old row or, with history,
 * beside it. */
static enum store_rc
store_bucket_change(struct store *st, struct bucket_row *r)
{
	int64_t m = store_tx_mutation(st);
	const struct bucket *b = &r->b;
	enum store_rc rc;

	if (!b->history)
		return (store_sql_do(&st->w, SQL_BUCKET_CHANGE, "issiiiiiiii",
		    r->rid, b->attrs, b->policy, b->metageneration,
		    b->policy_version, b->updated_us,
		    (int64_t)b->versioning, store_bucket_flags(r),
		    r->retention_us, r->softer_us, r->softest_us));
	rc = store_sql_do(&st->w, SQL_BUCKET_DIE, "ii", r->rid, m);
	r->born = m;
	return (rc == STORE_OK ? store_bucket_add(st, r) : rc);
}

enum store_rc
store_bucket_update(struct store *st, struct store_write *w, const char *name,
    const struct store_cond *cond, const char *attrs, bool versioning,
    struct arena *a, struct bucket *out)
{

	return (store_bucket_set(st, w, name, cond, attrs, versioning, NULL,
	    a, out));
}

enum store_rc
store_bucket_set(struct store *st, struct store_write *w, const char *name,
    const struct store_cond *cond, const char *attrs, bool versioning,
    const char *policy, struct arena *a, struct bucket *out)
{
	struct bucket_row r;
	enum store_rc rc;
	int tries = 0;

	do {
		if ((rc = store_tx_begin_more(st)) != STORE_OK)
			break;
		rc = store_bucket_for_change(st, a, name, &r);
		if (rc == STORE_OK && !store_bucket_cond(cond, &r.b))
			rc = STORE_PRECONDITION;
		if (rc == STORE_OK) {
			r.b.attrs = arena_strdup(a, attrs);
			r.b.versioning = versioning;
			r.b.metageneration++;
			r.b.updated_us = store_tx_later(st, r.b.updated_us);
			if (policy != NULL) {
				r.b.policy = arena_strdup(a, policy);
				r.b.policy_version++;
			}
			store_bucket_rules(st, &r);
			rc = store_bucket_change(st, &r);
		}
		rc = store_tx_end(st, w, rc);
	} while (store_more_again(st, rc, &tries));
	if (rc == STORE_OK)
		*out = r.b;
	return (rc);
}

enum store_rc
store_bucket_set_policy(struct store *st, struct store_write *w,
    const char *name, const char *policy, int64_t if_version, struct arena *a,
    struct bucket *out)
{
	struct bucket_row r;
	enum store_rc rc;
	int tries = 0;

	do {
		if ((rc = store_tx_begin_more(st)) != STORE_OK)
			break;
		rc = store_bucket_for_change(st, a, name, &r);
		if (rc == STORE_OK && if_version >= 0 &&
		    if_version != r.b.policy_version)
			rc = STORE_PRECONDITION;
		if (rc == STORE_OK) {
			r.b.policy = arena_strdup(a, policy);
			r.b.policy_version++;
			r.b.metageneration += w == NULL || !w->exempt;
			r.b.updated_us = store_tx_later(st, r.b.updated_us);
			rc = store_bucket_change(st, &r);
		}
		rc = store_tx_end(st, w, rc);
	} while (store_more_again(st, rc, &tries));
	if (rc == STORE_OK)
		*out = r.b;
	return (rc);
}

static enum store_rc
store_bucket_end(struct store *st, struct store_write *w, const char *name,
    const struct store_cond *cond)
{
	struct bucket_row r;
	int64_t used, m;
	enum store_rc rc;

	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_bucket_for_change(st, NULL, name, &r);
	if (rc == STORE_OK && !store_bucket_cond(cond, &r.b))
		rc = STORE_PRECONDITION;
	if (rc == STORE_OK)
		rc = store_sql_int(&st->w, &used, 0, SQL_BUCKET_USED, "i",
		    r.b.id);
	if (rc == STORE_OK && used != 0)
		rc = STORE_NOT_EMPTY;
	if (rc == STORE_OK) {
		m = store_tx_mutation(st);
		if (r.softest_us > 0)
			rc = store_sql_do(&st->w, SQL_BUCKET_SOFTEN, "iiii",
			    r.rid, m, st->tx_now, st->tx_now + r.softest_us);
		else if (r.b.history)
			rc = store_sql_do(&st->w, SQL_BUCKET_DIE, "ii",
			    r.rid, m);
		else
			rc = store_sql_do(&st->w, SQL_BUCKET_DROP, "i",
			    r.rid);
	}
	if (rc == STORE_OK)
		rc = store_multi_drop_bucket(st, r.b.id);
	return (store_tx_end(st, w, rc));
}

enum store_rc
store_bucket_delete(struct store *st, struct store_write *w, const char *name,
    const struct store_cond *cond)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_bucket_end(st, w, name, cond);
	while (store_room_again(st, rc, &tries));
	return (rc);
}
