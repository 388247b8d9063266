/* Readers.  Each keeps its snapshot from one read to the next until something
 * has been committed: to begin and end SQLite's transaction for each read of
 * 4 KiB (locks in the shared memory of the log, an fcntl() or two) took 7 % of
 * the whole request's processor time, more than finding its row. */
#include "emulator/store/store_int.h"

/* By who has c. */
static void
store_read_let_go(struct store *st, struct store_conn *c)
{
	enum store_rc rc;

	if (sqlite3_get_autocommit(c->db) == 0) {
		rc = store_sql_do(c, SQL_COMMIT, "");
		(void)rc;	/* nothing was written */
	}
	c->held = false;
	atomic_fetch_sub(&st->held, 1);
}

/* Both counters are read before the snapshot is taken: it is as new as they
 * are, or newer, and what is newer will have moved one of them. */
static void
store_read_take(struct store *st, struct store_conn *c)
{
	enum store_rc rc;

	c->commit = atomic_load(&st->commits);
	c->buckets = store_cache_epoch(st);
	c->held = true;
	atomic_fetch_add(&st->held, 1);
	/* Should they fail, the query that follows fails and says why. */
	rc = store_sql_do(c, SQL_BEGIN_READ, "");
	if (rc == STORE_OK)
		rc = store_sql_do(c, SQL_SNAPSHOT, "");
	/* Else it may show other buckets than those of that number. */
	if (rc != STORE_OK || store_cache_epoch(st) != c->buckets)
		c->buckets = 0;
}

struct store_conn *
store_read_begin(struct store *st)
{
	struct store_conn *c = NULL;

	(void)pthread_mutex_lock(&st->read_lock);
	for (;;) {
		for (int i = 0; c == NULL && i < STORE_READERS; i++)
			if (!st->r[i].busy)
				c = &st->r[i];
		if (c != NULL)
			break;
		(void)pthread_cond_wait(&st->read_free, &st->read_lock);
	}
	c->busy = true;
	(void)pthread_mutex_unlock(&st->read_lock);
	if (c->held && (c->commit != atomic_load(&st->commits) ||
	    c->buckets != store_cache_epoch(st)))
		store_read_let_go(st, c);
	if (!c->held)
		store_read_take(st, c);
	return (c);
}

void
store_read_end(struct store *st, struct store_conn *c)
{
	int code = sqlite3_errcode(c->db);
	bool ok = code == SQLITE_OK || code == SQLITE_ROW ||
	    code == SQLITE_DONE;

	if (!ok || sqlite3_get_autocommit(c->db) != 0 ||
	    c->commit != atomic_load(&st->commits))
		store_read_let_go(st, c);
	(void)pthread_mutex_lock(&st->read_lock);
	c->busy = false;
	(void)pthread_cond_signal(&st->read_free);
	(void)pthread_mutex_unlock(&st->read_lock);
}

void
store_read_drop(struct store *st)
{

	if (atomic_load(&st->held) == 0)
		return;
	(void)pthread_mutex_lock(&st->read_lock);
	for (int i = 0; i < STORE_READERS; i++)
		if (!st->r[i].busy && st->r[i].held)
			store_read_let_go(st, &st->r[i]);
	(void)pthread_mutex_unlock(&st->read_lock);
}
