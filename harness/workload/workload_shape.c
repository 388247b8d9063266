/* Workloads that change the file's shape: it grows and shrinks, is written in
 * one great piece, has another schema with every commit, holds references
 * between tables, or is written behind SQL's back. */
#include <stdio.h>
#include <string.h>

#include "harness/workload/load_int.h"

#define GROW_ROWS	64
#define HUGE_ROWS	2048
#define TABLES_KEPT	8
#define PARENTS_KEPT	16
#define CHILDREN	4
#define BLOB_CHUNK	1000	/* no divisor of any page size */

int
workload_exec(sqlite3 *db, const char *what, const char *sql, struct err *e)
{

	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return (err_set(e, "%s: %s", what, sqlite3_errmsg(db)));
	return (0);
}

/* As above, with one number in it. */
static int
exec_n(sqlite3 *db, const char *what, struct err *e, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static int
exec_n(sqlite3 *db, const char *what, struct err *e, const char *fmt, ...)
{
	char sql[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	return (workload_exec(db, what, sql, e));
}

static int64_t
count(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return (n);
}

/* Blobs come with one commit and go with the next. */
int
workload_shrink_step(sqlite3 *db, int64_t seq, int64_t payload, uint64_t *rng,
    struct err *e)
{

	if (count(db, "SELECT count(*) FROM side") > 0)
		return (workload_exec(db, "cannot delete", "DELETE FROM side",
		    e));
	for (int64_t i = 1; i <= GROW_ROWS; i++)
		if (workload_side_put(db, i, seq, (size_t)payload * 8, rng,
		    e) != 0)
			return (-1);
	return (0);
}

/* The file gives back what is free: VACUUM cannot be in a transaction. */
int
workload_shrink_after(sqlite3 *db, int64_t seq, struct err *e)
{

	(void)seq;
	if (count(db, "SELECT count(*) FROM side") > 0)
		return (0);
	return (workload_exec(db, "cannot VACUUM", "VACUUM", e));
}

int
workload_huge_step(sqlite3 *db, int64_t seq, int64_t payload, uint64_t *rng,
    struct err *e)
{

	for (int64_t i = 1; i <= HUGE_ROWS; i++)
		if (workload_side_put(db, i, seq, (size_t)payload, rng,
		    e) != 0)
			return (-1);
	return (0);
}

/* A table with an index comes, one gets a column, an old one goes. */
int
workload_schema_step(sqlite3 *db, int64_t seq, int64_t payload, uint64_t *rng,
    struct err *e)
{
	long long s = seq;

	(void)payload;
	(void)rng;
	if (exec_n(db, "cannot make a table", e, "CREATE TABLE t%lld(a INTEGER"
	    " PRIMARY KEY, b TEXT); CREATE INDEX t%lld_b ON t%lld(b);"
	    "INSERT INTO t%lld(b) VALUES('%lld'), ('%lld')", s, s, s, s, s,
	    s + 1) != 0)
		return (-1);
	if (exec_n(db, "cannot drop a table", e, "DROP TABLE IF EXISTS t%lld",
	    s - TABLES_KEPT) != 0)
		return (-1);
	if (s % 2 == 0 || count(db, "SELECT count(*) FROM sqlite_master"
	    " WHERE type = 'table' AND name GLOB 't[0-9]*'") < 2)
		return (0);
	return (exec_n(db, "cannot alter a table", e, "ALTER TABLE t%lld ADD"
	    " COLUMN c INTEGER DEFAULT %lld", s, s));
}

int
workload_family_setup(sqlite3 *db, struct err *e)
{

	return (workload_exec(db, "cannot make the tables of the family",
	    "CREATE TABLE IF NOT EXISTS parent(id INTEGER PRIMARY KEY,"
	    " children INTEGER NOT NULL);"
	    "CREATE TABLE IF NOT EXISTS child(id INTEGER PRIMARY KEY,"
	    " parent INTEGER NOT NULL REFERENCES parent(id),"
	    " data BLOB NOT NULL, hash TEXT NOT NULL);"
	    "CREATE INDEX IF NOT EXISTS child_parent ON child(parent);", e));
}

static int
family_child(sqlite3 *db, int64_t parent, size_t n, uint64_t *rng,
    struct err *e)
{
	char hash[LEDGER_HASH + 1];
	sqlite3_stmt *st = NULL;
	char *data = mem_alloc(n + 1);
	int rc;

	load_fill(data, n, rng);
	ledger_digest(hash, data, n);
	rc = sqlite3_prepare_v2(db, "INSERT INTO child(parent, data, hash)"
	    " VALUES(?, ?, ?)", -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(st, 1, parent);
		sqlite3_bind_blob64(st, 2, data, n, SQLITE_STATIC);
		sqlite3_bind_text(st, 3, hash, LEDGER_HASH, SQLITE_STATIC);
		rc = sqlite3_step(st);
	}
	if (rc != SQLITE_DONE)
		err_set(e, "cannot insert: %s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	free(data);
	return (rc == SQLITE_DONE ? 0 : -1);
}

/* Rows that refer to each other come and go together. */
int
workload_family_step(sqlite3 *db, int64_t seq, int64_t payload, uint64_t *rng,
    struct err *e)
{
	long long s = seq, old = s - PARENTS_KEPT;

	if (exec_n(db, "cannot insert", e, "INSERT INTO parent VALUES(%lld, "
	    "%d)", s, CHILDREN) != 0)
		return (-1);
	for (int i = 0; i < CHILDREN; i++)
		if (family_child(db, seq, (size_t)payload, rng, e) != 0)
			return (-1);
	return (exec_n(db, "cannot delete", e, "DELETE FROM child WHERE parent"
	    " <= %lld; DELETE FROM parent WHERE id <= %lld", old, old));
}

/* Write over the row's blob, piece by piece, at offsets that cross pages. */
static int
blob_write(sqlite3 *db, int64_t id, const char *data, size_t n,
    struct err *e)
{
	sqlite3_blob *blob = NULL;
	int rc;

	rc = sqlite3_blob_open(db, "main", "side", "data", id, 1, &blob);
	for (size_t at = 0; rc == SQLITE_OK && at < n; at += BLOB_CHUNK)
		rc = sqlite3_blob_write(blob, data + at, (int)(n - at <
		    BLOB_CHUNK ? n - at : BLOB_CHUNK), (int)at);
	if (rc != SQLITE_OK)
		err_set(e, "cannot write to a blob: %s", sqlite3_errmsg(db));
	sqlite3_blob_close(blob);
	return (rc == SQLITE_OK ? 0 : -1);
}

int
workload_incblob_step(sqlite3 *db, int64_t seq, int64_t payload,
    uint64_t *rng, struct err *e)
{
	int64_t id = 1 + seq % TABLES_KEPT;
	size_t n = (size_t)payload * 16;
	char hash[LEDGER_HASH + 1];
	char *data = mem_alloc(n + 1);
	int rc;

	load_fill(data, n, rng);
	ledger_digest(hash, data, n);
	rc = exec_n(db, "cannot make room for a blob", e, "INSERT OR REPLACE"
	    " INTO side VALUES(%lld, %lld, zeroblob(%zu), '%s')",
	    (long long)id, (long long)seq, n, hash);
	if (rc == 0)
		rc = blob_write(db, id, data, n, e);
	free(data);
	return (rc);
}
