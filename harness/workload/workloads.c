/* What a transaction does besides appending its row to the ledger.  Each
 * writes to the table `side`, whose rows can be told from damaged ones by
 * themselves (hash is the SHA-256 of data) and whose index churns with every
 * update: corruption shows itself first as an index that disagrees. */
#include <string.h>

#include "harness/workload/load.h"
#include "harness/workload/ledger.h"
#include "harness/workload/load_int.h"

#define SIDE_ROWS	256	/* ids that `update` writes to */
#define UPDATES		8	/* of them, each transaction */
#define BLOBS_KEPT	32
#define BLOB_ID		1000000	/* ids of blobs begin here: BLOB_ID + seq */

static int
side_setup(sqlite3 *db, struct err *e)
{

	if (sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS side("
	    "id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, data BLOB NOT NULL,"
	    " hash TEXT NOT NULL);"
	    "CREATE INDEX IF NOT EXISTS side_seq ON side(seq, hash);",
	    NULL, NULL, NULL) != SQLITE_OK)
		return (err_set(e, "cannot make the table side: %s",
		    sqlite3_errmsg(db)));
	return (0);
}

int
workload_side_put(sqlite3 *db, int64_t id, int64_t seq, size_t n, uint64_t *rng,
    struct err *e)
{
	char hash[LEDGER_HASH + 1];
	sqlite3_stmt *st = NULL;
	void *data = mem_alloc(n + 1);
	int rc;

	load_fill(data, n, rng);
	ledger_digest(hash, data, n);
	rc = sqlite3_prepare_v2(db, "INSERT INTO side VALUES(?, ?, ?, ?)"
	    " ON CONFLICT(id) DO UPDATE SET seq = excluded.seq,"
	    " data = excluded.data, hash = excluded.hash", -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_int64(st, 2, seq);
		sqlite3_bind_blob64(st, 3, data, n, SQLITE_STATIC);
		sqlite3_bind_text(st, 4, hash, LEDGER_HASH, SQLITE_STATIC);
		rc = sqlite3_step(st);
	}
	if (rc != SQLITE_DONE)
		err_set(e, "cannot write to the table side: %s",
		    sqlite3_errmsg(db));
	sqlite3_finalize(st);
	free(data);
	return (rc == SQLITE_DONE ? 0 : -1);
}

static int
update_step(sqlite3 *db, int64_t seq, int64_t payload, uint64_t *rng,
    struct err *e)
{

	for (int i = 0; i < UPDATES; i++) {
		int64_t id = 1 + (int64_t)(load_random(rng) % SIDE_ROWS);

		if (workload_side_put(db, id, seq, (size_t)payload, rng,
		    e) != 0)
			return (-1);
	}
	return (0);
}

/* A blob comes, an old one goes: its pages are freed and used again. */
static int
blobs_step(sqlite3 *db, int64_t seq, int64_t payload, uint64_t *rng,
    struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc;

	if (workload_side_put(db, BLOB_ID + seq, seq, (size_t)payload * 2,
	    rng, e) != 0)
		return (-1);
	rc = sqlite3_prepare_v2(db, "DELETE FROM side WHERE id BETWEEN ? AND ?",
	    -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(st, 1, BLOB_ID);
		sqlite3_bind_int64(st, 2, BLOB_ID + seq - BLOBS_KEPT);
		rc = sqlite3_step(st);
	}
	if (rc != SQLITE_DONE)
		err_set(e, "cannot delete from the table side: %s",
		    sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return (rc == SQLITE_DONE ? 0 : -1);
}

static int
mixed_step(sqlite3 *db, int64_t seq, int64_t payload, uint64_t *rng,
    struct err *e)
{

	switch (load_random(rng) % 4) {
	case 0:
		return (update_step(db, seq, payload, rng, e));
	case 1:
		return (blobs_step(db, seq, payload, rng, e));
	default:
		return (0);
	}
}

#define DOC(n, d)	.name = n, .doc = d

const struct workload workloads[] = {
	{ DOC("append", "one row to the ledger, nothing else") },
	{ DOC("update", "and eight of 256 rows of a second table are written "
	    "over in place"), .setup = side_setup, .step = update_step },
	{ DOC("blobs", "and a blob of twice the payload comes, and the one of "
	    "32 transactions ago goes"), .setup = side_setup,
	    .step = blobs_step },
	{ DOC("mixed", "by chance one of the above"), .setup = side_setup,
	    .step = mixed_step },
	{ DOC("shrink", "and 64 blobs of eight times the payload come with "
	    "one transaction; with the next they go, and VACUUM makes the "
	    "file small again"), .setup = side_setup,
	    .step = workload_shrink_step, .after = workload_shrink_after },
	{ DOC("huge", "and 2048 rows of a second table, in the same "
	    "transaction"), .setup = side_setup, .step = workload_huge_step },
	{ DOC("schema", "and a table with an index comes, another gets a "
	    "column, an old one goes"), .step = workload_schema_step },
	{ DOC("family", "and rows of two tables with a foreign key come and "
	    "go"), .setup = workload_family_setup,
	    .step = workload_family_step },
	{ DOC("incblob", "and a blob of sixteen times the payload is written "
	    "over in pieces, by the interface for that"), .setup = side_setup,
	    .step = workload_incblob_step },
	{ DOC("checkpoint", "and the application checkpoints: passive, full, "
	    "restart, truncate by turns"), .setup = side_setup,
	    .step = update_step, .after = workload_checkpoint_after },
	{ DOC("restart", "and every eighth is of 256 rows, after which the "
	    "log begins again: it has fewer frames than before"),
	    .setup = side_setup, .step = workload_restart_step,
	    .after = workload_restart_after },
	{ DOC("reader", "and another connection keeps a snapshot open, for 32 "
	    "transactions each, which holds up checkpoints"),
	    .setup = side_setup, .step = update_step,
	    .after = workload_reader_after },
	{ .name = NULL }
};

const struct workload *
workload_find(const char *name)
{

	for (const struct workload *w = workloads; w->name != NULL; w++)
		if (strcmp(w->name, name) == 0)
			return (w);
	return (NULL);
}
