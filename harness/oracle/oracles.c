/* A restored database that opens proves little: integrity_check passes on an
 * empty file and on last week's state.  So there is a table of properties,
 * from the pages upwards: the file is sound, its index agrees with its table,
 * its running sum with its rows, each row with its hash and with the row
 * before it, and the whole with what was attempted. */
#include "harness/oracle/oracles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/oracle/judge.h"
#include "harness/workload/state.h"

static bool	no(struct oracle_ctx *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Note what is wrong. */
static bool
no(struct oracle_ctx *c, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, 4096);
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	c->why = arena_strdup(c->arena, b.p);
	buf_release(&b);
	return (false);
}

/* One row of integers; false: SQLite's message is in why. */
static bool
ask(struct oracle_ctx *c, const char *sql, int64_t *v, int n)
{
	sqlite3_stmt *st = NULL;
	bool ok = false;

	if (sqlite3_prepare_v2(c->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		for (int i = 0; i < n; i++)
			v[i] = sqlite3_column_int64(st, i);
		ok = true;
	} else
		(void)no(c, "%s", sqlite3_errmsg(c->db));
	sqlite3_finalize(st);
	return (ok);
}

static bool
has(struct oracle_ctx *c, const char *type, const char *name)
{
	sqlite3_stmt *st = NULL;
	bool yes = false;

	if (sqlite3_prepare_v2(c->db, "SELECT 1 FROM sqlite_master"
	    " WHERE type = ? AND name = ?", -1, &st, NULL) == SQLITE_OK) {
		sqlite3_bind_text(st, 1, type, -1, SQLITE_STATIC);
		sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
		yes = sqlite3_step(st) == SQLITE_ROW;
	}
	sqlite3_finalize(st);
	return (yes);
}

static bool
column(struct oracle_ctx *c, const char *table, const char *name)
{
	sqlite3_stmt *st = NULL;
	bool yes = false;

	if (sqlite3_prepare_v2(c->db, "SELECT 1 FROM pragma_table_info(?)"
	    " WHERE name = ?", -1, &st, NULL) == SQLITE_OK) {
		sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
		sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
		yes = sqlite3_step(st) == SQLITE_ROW;
	}
	sqlite3_finalize(st);
	return (yes);
}

static bool
integrity(struct oracle_ctx *c)
{
	sqlite3_stmt *st = NULL;
	const char *text;
	bool ok = false;

	if (sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(1)", -1, &st,
	    NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		(void)no(c, "%s", sqlite3_errmsg(c->db));
	else {
		text = (const char *)sqlite3_column_text(st, 0);
		ok = text != NULL && strcmp(text, "ok") == 0;
		if (!ok)
			(void)no(c, "%s", text != NULL ? text : "no answer");
	}
	sqlite3_finalize(st);
	return (ok);
}

/* Without it the others would hold of an empty file. */
static bool
tables(struct oracle_ctx *c)
{

	if (ledger_head(c->ledger) == NULL && !c->table)
		return (true);
	if (!c->table)
		return (no(c, "the file is %s", c->bytes == 0 ? "empty" :
		    "a database without the ledger's table"));
	if (!has(c, "table", "ledger_sum"))
		return (no(c, "there is no table ledger_sum"));
	return (true);
}

static bool
index_agrees(struct oracle_ctx *c)
{
	int64_t scan[1], index[1], missing[1];

	if (!c->table)
		return (true);
	if (!has(c, "index", "ledger_hash"))
		return (no(c, "there is no index ledger_hash"));
	if (!ask(c, "SELECT count(*) FROM ledger NOT INDEXED WHERE +seq"
	    " IS NOT NULL", scan, 1) ||
	    !ask(c, "SELECT count(*) FROM ledger INDEXED BY ledger_hash"
	    " WHERE hash >= ''", index, 1))
		return (false);
	if (scan[0] != index[0])
		return (no(c, "a scan of the ledger finds %" PRId64 " rows, "
		    "its index %" PRId64, scan[0], index[0]));
	if (!ask(c, "SELECT count(*) FROM ledger AS t NOT INDEXED WHERE NOT"
	    " EXISTS (SELECT 1 FROM ledger AS i INDEXED BY ledger_hash"
	    " WHERE i.hash = t.hash AND i.seq = t.seq)", missing, 1))
		return (false);
	if (missing[0] != 0)
		return (no(c, "%" PRId64 " rows of the ledger are not in its "
		    "index", missing[0]));
	return (true);
}

static bool
sum_agrees(struct oracle_ctx *c)
{
	int64_t kept[2], scan[2];

	if (!c->table)
		return (true);
	if (!ask(c, "SELECT rows, total FROM ledger_sum", kept, 2) ||
	    !ask(c, "SELECT count(*), ifnull(sum(seq), 0) FROM ledger"
	    " NOT INDEXED", scan, 2))
		return (false);
	if (kept[0] != scan[0] || kept[1] != scan[1])
		return (no(c, "the running sum says %" PRId64 " rows and %"
		    PRId64 ", a scan %" PRId64 " and %" PRId64, kept[0],
		    kept[1], scan[0], scan[1]));
	return (true);
}

/* Rows that refer to each other came with one commit: half of it shows. */
static bool
references(struct oracle_ctx *c)
{
	sqlite3_stmt *st = NULL;
	bool ok = true;
	int64_t id;
	int rc = sqlite3_prepare_v2(c->db, "PRAGMA foreign_key_check", -1,
	    &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		ok = no(c, "row %lld of the table %s refers to a row of %s "
		    "that is not there", (long long)sqlite3_column_int64(st,
		    1), (const char *)sqlite3_column_text(st, 0),
		    (const char *)sqlite3_column_text(st, 2));
	else if (rc != SQLITE_DONE)
		ok = no(c, "%s", sqlite3_errmsg(c->db));
	sqlite3_finalize(st);
	if (!ok || !has(c, "table", "parent") || !column(c, "parent",
	    "children"))
		return (ok);
	if (!ask(c, "SELECT ifnull(min(id), 0) FROM parent WHERE children <>"
	    " (SELECT count(*) FROM child WHERE child.parent = parent.id)",
	    &id, 1))
		return (false);
	return (id == 0 ? true : no(c, "row %" PRId64 " of the table parent "
	    "does not have all of its children", id));
}

/* Rows that carry the hash of what they hold and the commit that they came
 * with, which is none that is newer than the ledger's newest. */
static bool
contents(struct oracle_ctx *c, const char *table, const char *sql)
{
	char digest[LEDGER_HASH + 1];
	sqlite3_stmt *st = NULL;
	bool ok = true;
	int rc;

	if (sqlite3_prepare_v2(c->db, sql, -1, &st, NULL) != SQLITE_OK)
		return (no(c, "%s", sqlite3_errmsg(c->db)));
	while (ok && (rc = sqlite3_step(st)) != SQLITE_DONE) {
		const char *hash = (const char *)sqlite3_column_text(st, 3);
		int64_t id = sqlite3_column_int64(st, 0);
		int64_t seq = sqlite3_column_int64(st, 1);

		if (rc != SQLITE_ROW) {
			ok = no(c, "%s", sqlite3_errmsg(c->db));
			break;
		}
		ledger_digest(digest, sqlite3_column_blob(st, 2),
		    (size_t)sqlite3_column_bytes(st, 2));
		if (hash == NULL || strcmp(hash, digest) != 0)
			ok = no(c, "row %" PRId64 " of the table %s does not "
			    "have the content that was written", id, table);
		else if (seq > c->last)
			ok = no(c, "row %" PRId64 " of the table %s is of "
			    "commit %" PRId64 ", the ledger ends at %" PRId64,
			    id, table, seq, c->last);
	}
	sqlite3_finalize(st);
	return (ok);
}

/* Of the workloads' own tables. */
static bool
side(struct oracle_ctx *c)
{

	if (has(c, "table", "side") && !contents(c, "side", "SELECT id, seq,"
	    " data, hash FROM side NOT INDEXED"))
		return (false);
	return (!has(c, "table", "child") || !column(c, "child", "hash") ||
	    contents(c, "child", "SELECT id, parent, data, hash FROM child"
	    " NOT INDEXED"));
}

/* What the newest row says that knows of them, against the tables. */
static bool
state(struct oracle_ctx *c)
{
	sqlite3_stmt *st = NULL;
	char is[STATE_MAX], was[STATE_MAX] = "";
	struct err e = ERR_INIT;
	int64_t seq = 0;
	bool ok;
	int rc;

	if (!c->table)
		return (true);
	rc = sqlite3_prepare_v2(c->db, "SELECT seq, payload FROM ledger WHERE"
	    " substr(payload, 1, length('" STATE_MARK "')) = CAST('" STATE_MARK
	    "' AS BLOB) ORDER BY seq DESC LIMIT 1", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *p = sqlite3_column_blob(st, 1);
		int n = sqlite3_column_bytes(st, 1);
		const char *end = memchr(p, '\n', (size_t)n);

		seq = sqlite3_column_int64(st, 0);
		(void)snprintf(was, sizeof(was), "%.*s", end != NULL ?
		    (int)(end + 1 - p) : n, p);
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_ROW)
		return (rc == SQLITE_DONE || no(c, "%s",
		    sqlite3_errmsg(c->db)));
	if (state_of(c->db, true, is, &e) != 0)
		ok = no(c, "%s", err_msg(&e));
	else
		ok = strcmp(is, was) == 0 || no(c, "row %" PRId64 " was "
		    "committed with '%.*s' (rows and their sum), what came "
		    "back has '%.*s'", seq, (int)strcspn(was, "\n"), was,
		    (int)strcspn(is, "\n"), is);
	err_release(&e);
	return (ok);
}

static bool
chain(struct oracle_ctx *c)
{

	if (c->broken != NULL)
		return (no(c, "%s", c->broken));
	return (true);
}

static bool
prefix(struct oracle_ctx *c)
{

	if (c->differs != 0)
		return (no(c, "row %" PRId64 " is not the one that was "
		    "written", c->differs));
	if (c->rows != c->last)
		return (no(c, "its %" PRId64 " rows end at row %" PRId64,
		    c->rows, c->last));
	if (c->read_failed)
		return (no(c, "the ledger's table cannot be read to its end"));
	return (true);
}

static bool
not_beyond(struct oracle_ctx *c)
{

	if (c->unknown != 0)
		return (no(c, "row %" PRId64 " was never attempted",
		    c->unknown));
	return (true);
}

const struct oracle oracles[] = {
	{ "integrity", "SQLite's own integrity_check says ok", ORACLE_WHOLE,
	    integrity, NULL },
	{ "tables", "the ledger's tables are there once a commit was "
	    "acknowledged", ORACLE_WHOLE, tables, NULL },
	{ "index", "the ledger's index and a full scan of its table find the "
	    "same rows", ORACLE_WHOLE, index_agrees, NULL },
	{ "sum", "the running sum that each commit adds to equals a scan",
	    ORACLE_WHOLE, sum_agrees, NULL },
	{ "references", "no row refers to one that is not there (SQLite's own "
	    "foreign_key_check), and none lacks one that came with it",
	    ORACLE_WHOLE, references, "state" },
	{ "side", "what workloads wrote to tables of their own is as written, "
	    "and not newer than the ledger", ORACLE_WHOLE, side, NULL },
	{ "state", "the workloads' own tables are as they were at the newest "
	    "commit that wrote down how many rows they had, and their sum",
	    ORACLE_WHOLE, state, NULL },
	{ "chain", "each row's hash is that of its content and of the row "
	    "before it, from the first row on", ORACLE_CHAIN, chain, NULL },
	{ "prefix", "the rows are a beginning of what was attempted",
	    ORACLE_PREFIX, prefix, NULL },
	{ "not-beyond", "no row is there that was never attempted",
	    ORACLE_PREFIX, not_beyond, NULL },
	{ 0 }
};
