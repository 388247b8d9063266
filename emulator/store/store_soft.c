/* What is soft-deleted: objects that are gone but not yet lost, and buckets
 * likewise.  They go in small transactions, so that nobody waits long for the
 * writer: when their time has come, and the oldest earlier than that where
 * more bytes would be kept than was allowed at the start, or the disk is
 * full. */
#include <string.h>

#include "emulator/store/store_bucket.h"
#include "lib/log.h"
#include "lib/str.h"

#define BATCH	200		/* objects in one transaction */
#define SOFT_ROOM	(INT64_C(32) << 20)	/* lost at once for a full disk */

enum store_rc
store_soft_find(struct store_conn *c, struct arena *a,
    const struct store_bref *b, const char *name, int64_t generation,
    struct store_row *r)
{
	enum store_rc rc;
	sqlite3_stmt *s;

	s = store_sql_start(c, SQL_SOFT_GET, "isii", b->id, name, generation,
	    b->as_of);
	if (!store_sql_next(c, s, &rc))
		return (rc == STORE_OK ? STORE_NO_OBJECT : rc);
	store_row_take(a, s, r);
	store_sql_end(s);
	return (STORE_OK);
}

enum store_rc
store_object_soft_get(struct store *st, struct store_at at,
    const char *bucket, const char *name, int64_t generation,
    struct arena *a, struct object *out)
{
	struct store_conn *c = store_read_begin(st);
	struct store_row row;
	struct store_bref b;
	enum store_rc rc;

	rc = store_bref_read(c, bucket, at.as_of, &b);
	if (rc == STORE_OK)
		rc = store_soft_find(c, a, &b, name, generation, &row);
	store_read_end(st, c);
	if (rc == STORE_OK) {
		b.name = arena_strdup(a, bucket);
		store_row_show(&b, &row, out);
	}
	return (rc);
}

/* ---- losing objects ---- */

struct soft {
	int64_t	bucket, generation, born, size, payload;
	const char *name;
	bool	history;
};

/* Up to BATCH that are due; with a bucket's id those of it instead. */
static enum store_rc
store_soft_due(struct store *st, int64_t due_us, int64_t bucket, bool history,
    struct arena *a, struct soft *v, size_t *n)
{
	int first = bucket == 0;
	enum store_rc rc;
	sqlite3_stmt *s;

	s = bucket == 0 ? store_sql_start(&st->w, SQL_SOFT_DUE, "ii", due_us,
	    (int64_t)BATCH) : store_sql_start(&st->w, SQL_SOFT_OF_BUCKET,
	    "ii", bucket, (int64_t)BATCH);
	for (*n = 0; store_sql_next(&st->w, s, &rc); (*n)++) {
		v[*n].bucket = bucket == 0 ? sqlite3_column_int64(s, 0) :
		    bucket;
		v[*n].name = store_sql_text(a, s, first);
		v[*n].generation = sqlite3_column_int64(s, first + 1);
		v[*n].born = sqlite3_column_int64(s, first + 2);
		v[*n].size = sqlite3_column_int64(s, first + 3);
		v[*n].payload = sqlite3_column_int64(s, first + 4);
		v[*n].history = bucket == 0 ?
		    sqlite3_column_int64(s, 6) != STORE_ALIVE : history;
	}
	return (rc);
}

static enum store_rc
store_soft_lose(struct store *st, const struct soft *v)
{
	int64_t m = store_tx_mutation(st);
	enum store_rc rc;

	st->tx_soft -= v->size + STORE_SOFT_ROW;
	if (v->history)
		return (store_sql_do(&st->w, SQL_SOFT_LOSE, "isiii",
		    v->bucket, v->name, v->generation, v->born, m));
	rc = store_sql_do(&st->w, SQL_OBJECT_DROP, "isii", v->bucket, v->name,
	    v->generation, v->born);
	if (rc == STORE_OK)
		rc = store_payload_unref(st, v->payload);
	return (rc);
}

/* One transaction's worth: the due ones, as far as soft_bytes stays above
 * `keep`. */
static enum store_rc
store_soft_batch(struct store *st, int64_t due_us, int64_t keep,
    int64_t bucket, bool history, size_t *n)
{
	struct arena a = ARENA_INIT;
	struct soft v[BATCH];
	enum store_rc rc;

	rc = store_soft_due(st, due_us, bucket, history, &a, v, n);
	for (size_t i = 0; rc == STORE_OK && i < *n; i++) {
		if (st->soft_bytes + st->tx_soft <= keep) {
			*n = i;
			break;
		}
		rc = store_soft_lose(st, &v[i]);
	}
	arena_release(&a);
	return (rc);
}

static enum store_rc
store_soft_once(struct store *st, int64_t due_us, int64_t keep, size_t *n)
{
	enum store_rc rc;

	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_soft_batch(st, due_us, keep, 0, false, n);
	return (store_tx_end(st, NULL, rc));
}

static enum store_rc
store_soft_run(struct store *st, int64_t due_us, int64_t keep, size_t *total)
{
	enum store_rc rc;
	size_t n;

	do {
		int tries = 0;

		do
			rc = store_soft_once(st, due_us, keep, &n);
		while (store_room_again(st, rc, &tries));
		*total += rc == STORE_OK ? n : 0;
	} while (rc == STORE_OK && n == BATCH);
	return (rc);
}

void
store_soft_trim(struct store *st)
{
	enum store_rc rc;
	size_t n = 0;

	rc = store_soft_run(st, INT64_MAX, st->soft_max - st->soft_max / 8,
	    &n);
	(void)rc;		/* logged; the next deletion tries again */
}

/* Unlike the real service's a disk here ends, and what was deleted last goes
 * last. */
bool
store_soft_room(struct store *st)
{
	enum store_rc rc;
	int64_t keep;
	size_t n = 0;

	if (st->soft_max <= 0)
		return (false);
	(void)pthread_mutex_lock(&st->write_lock);
	keep = st->soft_bytes - SOFT_ROOM;
	(void)pthread_mutex_unlock(&st->write_lock);
	if (keep <= -SOFT_ROOM)
		return (false);
	rc = store_soft_run(st, INT64_MAX, keep > 0 ? keep : 0, &n);
	if (n > 0)
		log_debug("store %s: the disk is full; %zu soft-deleted "
		    "generations are lost for that", st->dir, n);
	return (rc == STORE_OK && n > 0);
}

/* What is freed in the database is no room for SQLite's log: it has to be cut
 * for that, once. */
bool
store_more_again(struct store *st, enum store_rc rc, int *tries)
{

	if (rc != STORE_FULL)
		return (false);
	return (store_soft_room(st) ||
	    ((*tries)++ == 0 && store_room_fold(st)));
}

/* ---- losing buckets ---- */

/* A soft-deleted bucket that is due goes with all that is soft-deleted in it.
 * *more: there was one. */
static enum store_rc
store_soft_bucket(struct store *st, int64_t now_us, size_t *total, bool *more)
{
	int64_t rid, id = 0;
	bool history = false;
	enum store_rc rc;
	sqlite3_stmt *s;
	size_t n = 0;

	*more = false;
	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	s = store_sql_start(&st->w, SQL_BUCKET_SOFT_DUE, "i", now_us);
	if (store_sql_next(&st->w, s, &rc)) {
		rid = sqlite3_column_int64(s, 0);
		id = sqlite3_column_int64(s, 1);
		history = sqlite3_column_int64(s, 2) != STORE_ALIVE;
		store_sql_end(s);
		*more = true;
		rc = store_soft_batch(st, 0, INT64_MIN, id, history, &n);
		if (rc == STORE_OK && n < BATCH) {
			n++;
			rc = history ? store_sql_do(&st->w, SQL_BUCKET_LOSE,
			    "ii", rid, store_tx_mutation(st)) :
			    store_sql_do(&st->w, SQL_BUCKET_DROP, "i", rid);
			(void)store_tx_mutation(st);
		}
	}
	rc = store_tx_end(st, NULL, rc);
	*total += rc == STORE_OK ? n : 0;
	return (rc);
}

enum store_rc
store_purge(struct store *st, size_t *n)
{
	int64_t now = clock_wall_us(st->clock);
	enum store_rc rc;
	bool more = true;

	*n = 0;
	rc = store_soft_run(st, now, INT64_MIN, n);
	while (rc == STORE_OK && more)
		rc = store_soft_bucket(st, now, n, &more);
	return (rc);
}

/* ---- soft-deleted buckets ---- */

enum store_rc
store_bucket_soft_get(struct store *st, const char *name, int64_t generation,
    struct arena *a, struct bucket *out)
{
	struct store_conn *c = store_read_begin(st);
	struct bucket_row r;
	enum store_rc rc;

	rc = store_bucket_one(c, a, store_sql_start(c, SQL_BUCKET_SOFT_GET,
	    "si", name, generation), &r);
	store_read_end(st, c);
	if (rc == STORE_OK)
		*out = r.b;
	return (rc);
}

/* A position is "GENERATION:NAME". */
static void
store_soft_position(const char *after, const char *prefix, const char **name,
    int64_t *generation)
{
	const char *colon = strchr(after, ':');

	*name = prefix;
	*generation = -1;
	if (colon == NULL || strcmp(colon + 1, prefix) < 0)
		return;
	*name = colon + 1;
	*generation = strtoll(after, NULL, 10);
}

enum store_rc
store_bucket_soft_list(struct store *st, const char *project,
    const char *prefix, const char **after, int max, struct arena *a,
    struct bucket **out, size_t *n, bool *more)
{
	struct bucket *v = arena_alloc(a, (size_t)max * sizeof(*v));
	struct store_conn *c = store_read_begin(st);
	struct bucket_row r;
	int64_t generation;
	const char *name;
	enum store_rc rc;
	sqlite3_stmt *s;

	store_soft_position(*after, prefix, &name, &generation);
	*more = false;
	*n = 0;
	s = store_sql_start(c, SQL_BUCKET_SOFT_LIST, "ssi", name, project,
	    generation);
	while (store_sql_next(c, s, &rc)) {
		store_bucket_take(a, s, &r);
		*more = str_starts(r.b.name, prefix) && *n == (size_t)max;
		if (!str_starts(r.b.name, prefix) || *more) {
			store_sql_end(s);
			rc = STORE_OK;
			break;
		}
		v[(*n)++] = r.b;
	}
	store_read_end(st, c);
	if (*n > 0)
		*after = arena_printf(a, "%lld:%s",
		    (long long)v[*n - 1].generation, v[*n - 1].name);
	*out = v;
	return (rc);
}

enum store_rc
store_bucket_restore(struct store *st, struct store_write *w,
    const char *name, int64_t generation, struct arena *a,
    struct bucket *out)
{
	struct bucket_row r;
	enum store_rc rc;
	int64_t m;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_bucket_one(&st->w, a, store_sql_start(&st->w,
	    SQL_BUCKET_SOFT_GET, "si", name, generation), &r);
	if (rc == STORE_OK)
		rc = store_bucket_free_name(st, name);
	if (rc == STORE_OK) {
		m = store_tx_mutation(st);
		r.b.updated_us = st->tx_now;
		r.b.soft_us = r.b.hard_us = 0;
		r.born = m;
		if (!r.b.history)
			rc = store_sql_do(&st->w, SQL_BUCKET_REVIVE, "ii",
			    r.rid, r.b.updated_us);
		else if ((rc = store_sql_do(&st->w, SQL_BUCKET_LOSE, "ii",
		    r.rid, m)) == STORE_OK)
			rc = store_bucket_add(st, &r);
	}
	rc = store_tx_end(st, w, rc);
	if (rc == STORE_OK)
		store_bucket_out(a, &r, out);
	return (rc);
}
