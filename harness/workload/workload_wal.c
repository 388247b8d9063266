/* Workloads that are hard on the write-ahead log: the application checkpoints
 * by itself, starts the log anew with less in it than before, or reads for so
 * long that nobody can.  A checkpoint that finds the database busy has been
 * tried: the replicator holds a read lock as long as it runs. */
#include <string.h>

#include "harness/workload/load_int.h"

#define CHECKPOINT_MS	50	/* not longer: the replicator's lock stays */
#define RESTART_EVERY	8
#define RESTART_ROWS	256
#define READ_FOR	32	/* transactions */

static int
checkpoint(sqlite3 *db, int mode, struct err *e)
{
	int rc;

	sqlite3_busy_timeout(db, CHECKPOINT_MS);
	rc = sqlite3_wal_checkpoint_v2(db, NULL, mode, NULL, NULL);
	sqlite3_busy_timeout(db, LOAD_BUSY_MS);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
		return (err_set(e, "cannot checkpoint: %s",
		    sqlite3_errmsg(db)));
	return (0);
}

int
workload_checkpoint_after(sqlite3 *db, int64_t seq, struct err *e)
{
	static const int modes[] = { SQLITE_CHECKPOINT_PASSIVE,
	    SQLITE_CHECKPOINT_FULL, SQLITE_CHECKPOINT_RESTART,
	    SQLITE_CHECKPOINT_TRUNCATE };

	return (checkpoint(db, modes[seq % (int64_t)NELEMS(modes)], e));
}

/* A commit of many pages, then the log begins again, then commits of few. */
int
workload_restart_step(sqlite3 *db, int64_t seq, int64_t payload,
    uint64_t *rng, struct err *e)
{

	for (int64_t i = 1; seq % RESTART_EVERY == 0 && i <= RESTART_ROWS; i++)
		if (workload_side_put(db, i, seq, (size_t)payload, rng,
		    e) != 0)
			return (-1);
	return (0);
}

int
workload_restart_after(sqlite3 *db, int64_t seq, struct err *e)
{

	if (seq % RESTART_EVERY != 0)
		return (0);
	return (checkpoint(db, SQLITE_CHECKPOINT_RESTART, e));
}

/* Another connection has a snapshot open, for some transactions each; it ends
 * with this process. */
int
workload_reader_after(sqlite3 *db, int64_t seq, struct err *e)
{
	static sqlite3 *reader;

	if (reader == NULL && sqlite3_open_v2(sqlite3_db_filename(db, "main"),
	    &reader, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		return (err_set(e, "cannot open a reader: %s",
		    sqlite3_errmsg(reader)));
	if (sqlite3_get_autocommit(reader) == 0 && seq % READ_FOR != 0)
		return (0);
	return (workload_exec(reader, "cannot read", sqlite3_get_autocommit(
	    reader) ? "BEGIN; SELECT count(*) FROM ledger" : "COMMIT; BEGIN;"
	    "SELECT count(*) FROM ledger", e));
}
