/* Nothing is left, by one commit; and what every change of the whole store has
 * to do behind its commit. */
#include "emulator/store/store_snap_int.h"

#include <stdlib.h>

#include "lib/log.h"

int
snap_reload(struct store *st, struct err *e)
{
	int64_t last = atomic_load(&st->payload_last);
	int rc;

	store_uploads_free(st);
	rc = store_load_counters(st, st->dir, e);
	/* Numbers of payloads in snapshots stay taken. */
	if (atomic_load(&st->payload_last) < last)
		atomic_store(&st->payload_last, last);
	return (rc);
}

void
snap_sweep(struct store *st)
{
	struct err e = ERR_INIT;

	(void)pthread_mutex_lock(&st->write_lock);
	if (store_sweep(st, &e) != 0)
		log_error("store %s", err_msg(&e));
	(void)pthread_mutex_unlock(&st->write_lock);
	err_release(&e);
}

/* The statements that leave nothing but records of those kinds. */
static int
wipe_sql(sqlite3 *db, const char *const *keep, struct buf *sql)
{

	if (snap_text(db, "SELECT printf('DELETE FROM %w;', name) FROM"
	    " sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	    " AND name NOT IN ('counters', 'records')", sql) != 0)
		return (-1);
	buf_adds(sql, "DELETE FROM records WHERE kind NOT IN (''");
	for (; *keep != NULL; keep++) {
		char *quoted = sqlite3_mprintf(", %Q", *keep);

		buf_adds(sql, quoted);
		sqlite3_free(quoted);
	}
	buf_adds(sql, "); UPDATE counters SET mutation = mutation + 1;");
	return (buf_ok(sql) ? 0 : -1);
}

static int
wipe_commit(sqlite3 *db, const char *const *keep, struct err *e)
{
	struct buf sql;
	int rc;

	buf_init(&sql, 1u << 20);
	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
	    SQLITE_OK && wipe_sql(db, keep, &sql) == 0 &&
	    sqlite3_exec(db, sql.p, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 :
	    snap_db_fail(db, "the store", e);
	if (rc != 0 && sqlite3_get_autocommit(db) == 0)
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	buf_release(&sql);
	return (rc);
}

int
store_wipe(struct store *st, const char *const *keep, struct err *e)
{
	uint64_t commit = 0;
	int rc;

	if (atomic_load(&st->broken))
		return (err_set(e, "the store takes no more writes"));
	(void)pthread_mutex_lock(&st->whole_lock);
	(void)pthread_mutex_lock(&st->write_lock);
	store_cache_change(st);
	rc = wipe_commit(st->w.db, keep, e);
	if (rc != 0 && store_room_give(st)) {
		err_release(e);
		rc = wipe_commit(st->w.db, keep, e);
	}
	if (rc == 0) {
		commit = atomic_fetch_add(&st->commits, 1) + 1;
		rc = snap_reload(st, e);
	}
	store_cache_settle(st);
	(void)pthread_mutex_unlock(&st->write_lock);
	if (rc == 0 && st->power && store_sync(st, commit) != STORE_OK)
		rc = err_set(e, "the store's log could not be synced");
	if (rc == 0)
		snap_sweep(st);
	(void)pthread_mutex_unlock(&st->whole_lock);
	return (rc);
}
