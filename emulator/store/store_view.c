/* Views and forks of buckets, and whether a bucket keeps its history. */
#include "emulator/store/store_bucket.h"

enum store_rc
store_view(struct store *st, const char *bucket, int64_t k, const char *name)
{
	struct arena a = ARENA_INIT;
	struct bucket_row r;
	enum store_rc rc;
	int64_t at;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_bucket_free_name(st, name);
	if (rc == STORE_OK && (k < 0 || k > st->mutation))
		rc = STORE_BAD_MUTATION;
	if (rc == STORE_OK)
		rc = store_bucket_find(&st->w, &a, bucket, k, &r, &at);
	if (rc == STORE_OK) {
		r.view_of = r.b.id;
		r.b.view_at = at;
		r.b.name = name;
		r.born = st->mutation;
		rc = store_bucket_add(st, &r);
	}
	rc = store_tx_end(st, NULL, rc);
	arena_release(&a);
	return (rc);
}

enum store_rc
store_fork(struct store *st, const char *bucket, int64_t k, const char *name)
{
	struct arena a = ARENA_INIT;
	struct bucket_row r;
	int64_t at, from, m;
	enum store_rc rc;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_bucket_free_name(st, name);
	if (rc == STORE_OK && (k < 0 || k > st->mutation))
		rc = STORE_BAD_MUTATION;
	/* The newest state needs no history. */
	if (rc == STORE_OK)
		rc = store_bucket_find(&st->w, &a, bucket,
		    k == st->mutation ? STORE_NOW : k, &r, &at);
	if (rc == STORE_OK) {
		m = store_tx_mutation(st);
		from = r.b.id;
		r.b.id = r.born = m;
		r.b.name = name;
		r.b.generation = store_tx_generation(st);
		r.b.history = r.b.history || st->history;
		r.history_from = r.b.history ? 0 : STORE_ALIVE;
		r.view_of = r.b.view_at = 0;
		rc = store_bucket_add(st, &r);
		if (rc == STORE_OK)
			rc = store_sql_do(&st->w, SQL_FORK_OBJECTS, "iiii",
			    from, at, m, m);
		if (rc == STORE_OK)
			rc = store_sql_do(&st->w, SQL_FORK_SHARED, "i", m);
		if (rc == STORE_OK)
			rc = store_sql_int(&st->w, &st->tx_live, 0,
			    SQL_STAT_BUCKET, "i", m);
		if (rc == STORE_OK)
			rc = store_sql_do(&st->w, SQL_FORK_FOLDERS, "ii",
			    from, m);
	}
	rc = store_tx_end(st, NULL, rc);
	arena_release(&a);
	return (rc);
}

static enum store_rc
store_view_end(struct store *st, const char *name)
{
	struct bucket_row r;
	enum store_rc rc;

	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_bucket_for_change(st, NULL, name, &r);
	if (rc == STORE_OK)
		rc = STORE_NO_BUCKET;		/* not a view */
	else if (rc == STORE_READ_ONLY)
		rc = store_sql_do(&st->w, SQL_BUCKET_DROP, "i", r.rid);
	return (store_tx_end(st, NULL, rc));
}

enum store_rc
store_view_delete(struct store *st, const char *name)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_view_end(st, name);
	while (store_room_again(st, rc, &tries));
	return (rc);
}

enum store_rc
store_set_history(struct store *st, const char *bucket, bool on)
{
	struct bucket_row r;
	enum store_rc rc;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_bucket_for_change(st, NULL, bucket, &r);
	if (rc == STORE_OK && on && !r.b.history)
		rc = store_sql_do(&st->w, SQL_BUCKET_HISTORY, "ii", r.b.id,
		    st->mutation);
	if (rc == STORE_OK && !on && r.b.history) {
		rc = store_sql_do(&st->w, SQL_BUCKET_HISTORY, "ii", r.b.id,
		    STORE_ALIVE);
		if (rc == STORE_OK)
			rc = store_sql_do(&st->w, SQL_BUCKET_FORGET_DEAD, "i",
			    r.b.id);
		if (rc == STORE_OK)
			rc = store_rows_purge(st, r.b.id);
	}
	return (store_tx_end(st, NULL, rc));
}
