/* Reading a restored database: one walk through its ledger in the order of
 * its rows, on a private copy where it has a write-ahead log, else on the
 * file itself, opened as one that nobody changes (immutable: no locks, no
 * -shm, nothing left beside it). */
#include "harness/oracle/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/str.h"

/* path as a URI's, so that a '?' or '%' in it stays what it is. */
static int
open_uri(const char *path, const char *query, int mode, sqlite3 **db,
    struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, 65536);
	buf_adds(&b, "file:");
	str_pct_encode(&b, path, strlen(path), true);
	buf_adds(&b, query);
	rc = sqlite3_open_v2(b.p, db, mode | SQLITE_OPEN_URI, NULL);
	buf_release(&b);
	if (rc == SQLITE_OK)
		return (0);
	err_set(e, "cannot open %s: %s", path, sqlite3_errmsg(*db));
	sqlite3_close(*db);
	*db = NULL;
	return (-1);
}

/* The file, or a copy of it with its log: *copy (heap) is then its folder. */
static int
open_copy(const char *file, const char *scratch, sqlite3 **db, char **copy,
    struct err *e)
{
	char *wal = mem_printf("%s-wal", file), *to = NULL, *to_wal = NULL;
	int rc = -1;

	*copy = NULL;
	if (file_size(wal) <= 0) {
		rc = open_uri(file, "?immutable=1", SQLITE_OPEN_READONLY, db,
		    e);
		goto out;
	}
	*copy = mem_printf("%s/judge-XXXXXX", scratch);
	if (mkdtemp(*copy) == NULL) {
		err_setno(e, "cannot make the folder %s", *copy);
		free(*copy);
		*copy = NULL;
		goto out;
	}
	to = mem_printf("%s/db", *copy);
	to_wal = mem_printf("%s/db-wal", *copy);
	if (file_copy(file, to, e) == 0 && file_copy(wal, to_wal, e) == 0 &&
	    chmod(to, 0600) == 0 && chmod(to_wal, 0600) == 0)
		rc = open_uri(to, "", SQLITE_OPEN_READWRITE, db, e);
out:
	free(wal);
	free(to);
	free(to_wal);
	return (rc);
}

/* Is the ledger's table in it?  A file whose schema cannot be read has an end
 * before its first row. */
static void
look_for_table(struct oracle_ctx *c)
{
	sqlite3_stmt *st = NULL;
	int rc;

	rc = sqlite3_prepare_v2(c->db, "SELECT 1 FROM sqlite_master WHERE"
	    " type = 'table' AND name = 'ledger'", -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	c->table = rc == SQLITE_ROW;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		c->read_failed = true;
		c->broken = arena_strdup(c->arena, sqlite3_errmsg(c->db));
	}
	sqlite3_finalize(st);
}

struct row {
	int64_t	seq, at_us;
	const void *payload;
	size_t	n;
	const char *prev, *hash;
};

static void
row_read(struct row *r, sqlite3_stmt *st)
{

	r->seq = sqlite3_column_int64(st, 0);
	r->at_us = sqlite3_column_int64(st, 1);
	r->payload = sqlite3_column_blob(st, 2);
	r->n = (size_t)sqlite3_column_bytes(st, 2);
	r->prev = (const char *)sqlite3_column_text(st, 3);
	r->hash = (const char *)sqlite3_column_text(st, 4);
	if (r->prev == NULL)
		r->prev = "";
	if (r->hash == NULL)
		r->hash = "";
}

/* Does the row carry on the chain?  Else say where it breaks. */
static void
walk_chain(struct oracle_ctx *c, const struct row *r)
{
	const char *prev = c->frontier == 0 ? ledger_zeros : c->hash;
	char hash[LEDGER_HASH + 1];

	if (r->seq != c->frontier + 1) {
		c->broken = arena_printf(c->arena, "row %" PRId64 " follows "
		    "row %" PRId64, r->seq, c->frontier);
		return;
	}
	if (strcmp(r->prev, prev) != 0) {
		c->broken = arena_printf(c->arena, "row %" PRId64 " does not "
		    "carry the hash of the row before it", r->seq);
		return;
	}
	ledger_hash(hash, prev, r->seq, r->at_us, r->payload, r->n);
	if (strcmp(hash, r->hash) != 0) {
		c->broken = arena_printf(c->arena, "row %" PRId64 " does not "
		    "have the content that its hash was made of", r->seq);
		return;
	}
	c->frontier = r->seq;
	memcpy(c->hash, hash, sizeof(c->hash));
}

/* Is it what was attempted? */
static void
walk_ledger(struct oracle_ctx *c, const struct row *r)
{
	const struct ledger_entry *en = ledger_get(c->ledger, r->seq);
	bool ours = en != NULL && strcmp(en->hash, r->hash) == 0;
	char digest[LEDGER_HASH + 1];

	if (!ours && (en == NULL || en->ack_us == 0)) {
		/* The application may have appended it and died before it
		 * answered. */
		ledger_digest(digest, r->payload, r->n);
		ours = ledger_pending(c->ledger, digest);
	}
	if (ours) {
		if (r->seq == c->known + 1 && c->frontier == r->seq)
			c->known = r->seq;
		return;
	}
	if (en != NULL && c->differs == 0)
		c->differs = r->seq;
	if (en == NULL && c->unknown == 0)
		c->unknown = r->seq;
}

/* Every row, once. */
static void
walk(struct oracle_ctx *c)
{
	sqlite3_stmt *st = NULL;
	struct row r;
	int rc;

	rc = sqlite3_prepare_v2(c->db, "SELECT seq, at_us, payload, prev, hash"
	    " FROM ledger NOT INDEXED ORDER BY seq", -1, &st, NULL);
	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
			row_read(&r, st);
			c->rows++;
			c->last = r.seq;
			if (c->broken == NULL)
				walk_chain(c, &r);
			if (c->ledger != NULL)
				walk_ledger(c, &r);
		}
	if (rc != SQLITE_DONE) {
		c->read_failed = true;
		if (c->broken == NULL)
			c->broken = arena_printf(c->arena, "after row %" PRId64
			    ": %s", c->last, sqlite3_errmsg(c->db));
	}
	sqlite3_finalize(st);
}

/* All of the table; the first finding is the one that is told. */
static void
judge(struct oracle_ctx *c, struct restored *out)
{
	bool *const member[] = { [ORACLE_WHOLE] = &out->whole,
	    [ORACLE_CHAIN] = &out->chain, [ORACLE_PREFIX] = &out->prefix };

	out->whole = out->chain = out->prefix = true;
	out->why = NULL;
	out->failed = 0;
	for (const struct oracle *o = oracles; o->name != NULL; o++) {
		c->why = NULL;
		if (o->fn(c))
			continue;
		*member[o->says] = false;
		out->failed |= 1u << (o - oracles);
		if (out->why == NULL)
			out->why = arena_printf(c->arena, "%s: %s", o->name,
			    c->why);
	}
}

int
oracles_judge(const char *file, const char *scratch, struct ledger *ledger,
    int64_t loss_us, struct arena *arena, struct restored *out, struct err *e)
{
	struct oracle_ctx c = { .arena = arena, .ledger = ledger };
	char *copy = NULL;
	int rc = -1;

	if ((c.bytes = file_size(file)) < 0)
		return (err_set(e, "there is no file %s", file));
	if (ledger_refresh(ledger, e) == 0 &&
	    open_copy(file, scratch, &c.db, &copy, e) == 0) {
		look_for_table(&c);
		if (c.table)
			walk(&c);
		judge(&c, out);
		out->rows = c.rows;
		out->hash = arena_strdup(arena, c.hash);
		out->lost = ledger_lost(ledger, c.known, loss_us,
		    &out->lost_age_us);
		sqlite3_close(c.db);
		rc = 0;
	}
	if (copy != NULL)
		(void)file_remove_all(copy, NULL);
	free(copy);
	return (rc);
}

int
oracles_frontier(const char *file, int64_t *seq, char hash[LEDGER_HASH + 1],
    struct err *e)
{
	struct arena arena = ARENA_INIT;
	struct oracle_ctx c = { .arena = &arena };
	char *wal = mem_printf("%s-wal", file);
	int rc = -1;

	*seq = 0;
	hash[0] = '\0';
	if (open_uri(file, file_size(wal) > 0 ? "" : "?immutable=1",
	    SQLITE_OPEN_READONLY, &c.db, e) == 0) {
		look_for_table(&c);
		if (c.table)
			walk(&c);
		else if (c.read_failed)
			err_set(e, "%s: %s", file, c.broken);
		if (c.table || !c.read_failed) {
			*seq = c.frontier;
			memcpy(hash, c.hash, LEDGER_HASH + 1);
			rc = 0;
		}
	}
	sqlite3_close(c.db);
	arena_release(&arena);
	free(wal);
	return (rc);
}
