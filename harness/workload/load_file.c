/* The writer that opens the database itself, as an application does that was
 * written by Litestream's advice: WAL, a busy timeout, synchronous=NORMAL. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/workload/load_int.h"
#include "harness/workload/state.h"
#include "lib/clock.h"
#include "lib/file.h"

#define PENDING_MAX	64	/* appends in flight when an application died */

uint64_t
load_random(uint64_t *rng)
{
	uint64_t x = (*rng += UINT64_C(0x9e3779b97f4a7c15));

	/* splitmix64: any seed will do, 0 too. */
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (x ^ (x >> 31));
}

void
load_fill(void *dst, size_t n, uint64_t *rng)
{
	unsigned char *p = dst;

	while (n > 0) {
		uint64_t x = load_random(rng);
		size_t k = n < sizeof(x) ? n : sizeof(x);

		memcpy(p, &x, k);
		p += k;
		n -= k;
	}
}

void
load_ready(struct load_child *c)
{
	int64_t m[2] = { c->lost, c->lost_age_us };
	char said[1 + sizeof(m)] = { '\0' };

	memcpy(said + 1, m, sizeof(m));
	/* A parent that is gone, or none, needs no answer. */
	(void)file_write_all(c->ready_fd, said, sizeof(said));
}

bool
load_pause(struct load_child *c)
{
	struct pollfd pf = { .fd = c->stop_fd, .events = POLLIN };
	struct timespec ts = { c->o->pace_us / 1000000,
	    c->o->pace_us % 1000000 * 1000 };

	return (ppoll(&pf, 1, &ts, NULL) != 0);
}

/* What is wrong with the file's contents or its locks is the doing of the
 * system under test; all else is this machine's. */
static enum load_end
blame(sqlite3 *db)
{
	int rc = sqlite3_errcode(db) & 0xff;

	if (rc == SQLITE_BUSY || rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
		return (LOAD_WRONG);
	return (LOAD_BROKEN);
}

enum load_end
load_sqlite(sqlite3 *db, const char *what, struct err *e)
{

	err_set(e, "%s: %s", what, sqlite3_errmsg(db));
	return (blame(db));
}

bool
load_has_ledger(sqlite3 *db)
{
	sqlite3_stmt *st;
	bool has;

	if (sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_master WHERE"
	    " type = 'table' AND name = 'ledger'", -1, &st, NULL) != SQLITE_OK)
		return (false);
	has = sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return (has);
}

/* ---- the database's head against the ledger's ---- */

struct seen {
	int64_t	seq, at_us;
	char	hash[LEDGER_HASH + 1], digest[LEDGER_HASH + 1];
};

static void
seen_row(struct seen *s, sqlite3_stmt *st)
{
	const char *hash = (const char *)sqlite3_column_text(st, 2);

	s->seq = sqlite3_column_int64(st, 0);
	s->at_us = sqlite3_column_int64(st, 1);
	(void)snprintf(s->hash, sizeof(s->hash), "%s",
	    hash != NULL ? hash : "");
	ledger_digest(s->digest, sqlite3_column_blob(st, 3),
	    (size_t)sqlite3_column_bytes(st, 3));
}

/* The newest rows of the table that the ledger does not know by their hash
 * (appends that the application made and never told of), newest first, and
 * the newest one that it does know: *frontier, 0 where the table is empty. */
static enum load_end
unknown_rows(struct load_child *c, sqlite3 *db, struct seen *rows, size_t *n,
    int64_t *frontier, struct err *e)
{
	enum load_end end = LOAD_DONE;
	sqlite3_stmt *st = NULL;
	int rc;

	*n = 0;
	*frontier = 0;
	if (sqlite3_prepare_v2(db, "SELECT seq, at_us, hash, payload"
	    " FROM ledger ORDER BY seq DESC", -1, &st, NULL) != SQLITE_OK)
		return (load_sqlite(db, "cannot read the ledger's table", e));
	/* The first step takes the snapshot; what other writers had done by
	 * then is on file by now. */
	rc = sqlite3_step(st);
	if (ledger_refresh(c->ledger, e) != 0)
		end = LOAD_BROKEN;
	for (; end == LOAD_DONE && rc == SQLITE_ROW; rc = sqlite3_step(st)) {
		const struct ledger_entry *en;
		struct seen s;

		seen_row(&s, st);
		en = ledger_get(c->ledger, s.seq);
		if (en != NULL && strcmp(en->hash, s.hash) == 0) {
			*frontier = s.seq;
			break;
		}
		if (*n == PENDING_MAX || !ledger_pending(c->ledger, s.digest)) {
			err_set(e, "row %lld of the database was never "
			    "attempted", (long long)s.seq);
			end = LOAD_WRONG;
			break;
		}
		rows[(*n)++] = s;
	}
	if (end == LOAD_DONE && rc != SQLITE_ROW && rc != SQLITE_DONE)
		end = load_sqlite(db, "cannot read the ledger's table", e);
	sqlite3_finalize(st);
	return (end);
}

/* What lies beyond the frontier is not in the database.  Acknowledged rows
 * can only be missing where this file is not the one they were written to. */
static enum load_end
give_up(struct load_child *c, int64_t frontier, struct err *e)
{

	c->lost = ledger_lost(c->ledger, frontier, c->loss_us,
	    &c->lost_age_us);
	if (c->same_file) {
		err_set(e, "the database ends at row %lld, %lld acknowledged "
		    "commits were there before, and no restore came in "
		    "between", (long long)frontier, (long long)c->lost);
		return (LOAD_WRONG);
	}
	ledger_rebase(c->ledger, frontier);
	return (LOAD_DONE);
}

/* What was attempted, never acknowledged, and is there was committed. */
static int
settle(struct load_child *c, const struct seen *rows, size_t n,
    int64_t frontier)
{
	int64_t now = clock_wall_us(NULL);
	const struct ledger_entry *en;
	int rc = 0;

	for (int64_t s = frontier; rc == 0 && s > 0; s--) {
		if ((en = ledger_get(c->ledger, s)) == NULL || en->ack_us != 0)
			break;
		rc = ledger_ack(c->ledger, s, now);
	}
	while (rc == 0 && n-- > 0)
		rc = ledger_answer(c->ledger, rows[n].seq, rows[n].at_us,
		    rows[n].hash, rows[n].digest, now);
	return (rc);
}

enum load_end
load_reconcile(struct load_child *c, sqlite3 *db, bool table, struct err *e)
{
	struct seen *rows = mem_alloc(PENDING_MAX * sizeof(*rows));
	const struct ledger_entry *head;
	enum load_end end = LOAD_DONE;
	int64_t frontier = 0, before;
	size_t n = 0;

	/* Only what was acknowledged before the database was looked at can be
	 * missing from it. */
	if (ledger_refresh(c->ledger, e) != 0) {
		free(rows);
		return (LOAD_BROKEN);
	}
	head = ledger_head(c->ledger);
	before = head != NULL ? head->seq : 0;
	if (table)
		end = unknown_rows(c, db, rows, &n, &frontier, e);
	if (end == LOAD_DONE && settle(c, rows, n, frontier) != 0) {
		err_setno(e, "cannot write to the ledger");
		end = LOAD_BROKEN;
	}
	if (end == LOAD_DONE && ledger_refresh(c->ledger, e) != 0)
		end = LOAD_BROKEN;
	if (end == LOAD_DONE && before > frontier + (int64_t)n)
		end = give_up(c, frontier + (int64_t)n, e);
	free(rows);
	return (end);
}

/* ---- the transactions ---- */

struct writer {
	struct load_child *c;
	sqlite3	*db;
	sqlite3_stmt *begin, *head, *insert, *sum, *commit;
	void	*payload;
	struct stat st;		/* of the file when it was opened */
};

static int
prepare(sqlite3 *db, const char *sql, sqlite3_stmt **st)
{

	return (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, st,
	    NULL));
}

/* What must be said before the first table, and before the log. */
static bool
open_shape(sqlite3 *db, const struct load_opts *o)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql), "PRAGMA page_size = %lld",
	    (long long)o->page_size);
	if (o->page_size > 0 &&
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return (false);
	(void)snprintf(sql, sizeof(sql), "PRAGMA auto_vacuum = %s",
	    o->auto_vacuum != NULL ? o->auto_vacuum : "none");
	if (o->auto_vacuum != NULL &&
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return (false);
	return (sqlite3_exec(db, o->mmap ? "PRAGMA mmap_size = 1073741824;"
	    "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = ON", NULL,
	    NULL, NULL) == SQLITE_OK);
}

static enum load_end
open_db(struct writer *w, struct err *e)
{
	struct load_child *c = w->c;
	enum load_end end;

	if (sqlite3_open_v2(c->file, &w->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
		return (load_sqlite(w->db, "cannot open it", e));
	sqlite3_busy_timeout(w->db, LOAD_BUSY_MS);
	if (!open_shape(w->db, c->o))
		return (load_sqlite(w->db, "cannot set its shape", e));
	if (sqlite3_exec(w->db, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = NORMAL", NULL, NULL, NULL) != SQLITE_OK)
		return (load_sqlite(w->db, "cannot set its journal mode", e));
	end = load_reconcile(c, w->db, load_has_ledger(w->db), e);
	if (end != LOAD_DONE)
		return (end);
	if (sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK || (!load_has_ledger(w->db) && sqlite3_exec(w->db,
	    ledger_schema, NULL, NULL, NULL) != SQLITE_OK))
		return (load_sqlite(w->db, "cannot make its schema", e));
	if (c->w->setup != NULL && c->w->setup(w->db, e) != 0)
		return (blame(w->db));
	if (sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK ||
	    prepare(w->db, "BEGIN IMMEDIATE", &w->begin) != SQLITE_OK ||
	    prepare(w->db, "SELECT seq, hash FROM ledger"
	    " ORDER BY seq DESC LIMIT 1", &w->head) != SQLITE_OK ||
	    prepare(w->db, "INSERT INTO ledger VALUES(?, ?, ?, ?, ?)",
	    &w->insert) != SQLITE_OK ||
	    prepare(w->db, "UPDATE ledger_sum SET rows = rows + 1,"
	    " total = total + ?", &w->sum) != SQLITE_OK ||
	    prepare(w->db, "COMMIT", &w->commit) != SQLITE_OK)
		return (load_sqlite(w->db, "cannot prepare to write", e));
	if (stat(c->file, &w->st) != 0) {
		err_setno(e, "cannot stat %s", c->file);
		return (LOAD_BROKEN);
	}
	return (LOAD_DONE);
}

static void
close_db(struct writer *w)
{

	sqlite3_finalize(w->begin);
	sqlite3_finalize(w->head);
	sqlite3_finalize(w->insert);
	sqlite3_finalize(w->sum);
	sqlite3_finalize(w->commit);
	sqlite3_close(w->db);
	free(w->payload);
}

/* Run to the end; false: the error is in the connection. */
static bool
run(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	/* Reset gives back the error of the step. */
	return (sqlite3_reset(st) == SQLITE_OK && rc == SQLITE_DONE);
}

/* The number of the next row, and what it is chained to. */
static bool
next_row(struct writer *w, int64_t *seq, char prev[LEDGER_HASH + 1])
{

	memcpy(prev, ledger_zeros, LEDGER_HASH + 1);
	*seq = 1;
	if (sqlite3_step(w->head) == SQLITE_ROW) {
		*seq = sqlite3_column_int64(w->head, 0) + 1;
		(void)snprintf(prev, LEDGER_HASH + 1, "%s",
		    (const char *)sqlite3_column_text(w->head, 1));
	}
	return (sqlite3_reset(w->head) == SQLITE_OK);
}

/* The row and the sum; its time and hash for the ledger. */
static bool
append(struct writer *w, int64_t seq, const char *prev, const char *state,
    int64_t *at_us, char hash[LEDGER_HASH + 1])
{
	size_t n = (size_t)w->c->o->payload, len = strlen(state);

	*at_us = clock_wall_us(NULL);
	load_fill(w->payload, n, &w->c->rng);
	memcpy(w->payload, state, len);
	if (n < len)
		n = len;
	ledger_hash(hash, prev, seq, *at_us, w->payload, n);
	sqlite3_bind_int64(w->insert, 1, seq);
	sqlite3_bind_int64(w->insert, 2, *at_us);
	sqlite3_bind_blob64(w->insert, 3, w->payload, n, SQLITE_STATIC);
	sqlite3_bind_text(w->insert, 4, prev, LEDGER_HASH, SQLITE_STATIC);
	sqlite3_bind_text(w->insert, 5, hash, LEDGER_HASH, SQLITE_STATIC);
	sqlite3_bind_int64(w->sum, 1, seq);
	return (run(w->insert) && run(w->sum));
}

static enum load_end
transaction(struct writer *w, struct err *e)
{
	struct load_child *c = w->c;
	char prev[LEDGER_HASH + 1], hash[LEDGER_HASH + 1], state[STATE_MAX];
	int64_t seq, at_us;

	if (!run(w->begin) || !next_row(w, &seq, prev))
		return (load_sqlite(w->db, "cannot begin", e));
	if (c->w->step != NULL && c->w->step(w->db, seq, c->o->payload,
	    &c->rng, e) != 0)
		return (blame(w->db));
	if (state_of(w->db, false, state, e) != 0)
		return (blame(w->db));
	if (!append(w, seq, prev, state, &at_us, hash))
		return (load_sqlite(w->db, "cannot append", e));
	if (ledger_attempt(c->ledger, seq, at_us, hash) != 0) {
		err_setno(e, "cannot write to the ledger");
		return (LOAD_BROKEN);
	}
	if (!run(w->commit))
		return (load_sqlite(w->db, "cannot commit", e));
	if (ledger_ack(c->ledger, seq, clock_wall_us(NULL)) != 0) {
		err_setno(e, "cannot write to the ledger");
		return (LOAD_BROKEN);
	}
	if (c->w->after != NULL && c->w->after(w->db, seq, e) != 0)
		return (blame(w->db));
	return (LOAD_DONE);
}

/* Is this still the database of the machine?  A machine that was replaced has
 * taken its files along; a writer that holds them open must not go on. */
static bool
file_is_there(struct writer *w)
{
	struct stat st;

	return (stat(w->c->file, &st) == 0 && st.st_ino == w->st.st_ino &&
	    st.st_dev == w->st.st_dev);
}

enum load_end
load_file_main(struct load_child *c, struct err *e)
{
	struct writer w = { .c = c };
	enum load_end end;

	w.payload = mem_alloc((size_t)c->o->payload + STATE_MAX);
	if ((end = open_db(&w, e)) == LOAD_DONE)
		load_ready(c);
	for (int64_t i = 0; end == LOAD_DONE &&
	    (c->o->rows == 0 || i < c->o->rows); i++) {
		if (!file_is_there(&w)) {
			err_set(e, "it has been removed");
			end = LOAD_GONE;
		} else if ((end = transaction(&w, e)) == LOAD_DONE &&
		    load_pause(c))
			break;
	}
	close_db(&w);
	if (end != LOAD_DONE)
		err_prefix(e, "database %s", c->o->db);
	return (end);
}

int
load_direct(const char *file, struct ledger *l, const struct load_opts *o,
    struct err *e)
{
	struct load_child c = { .o = o, .w = workload_find(o->workload),
	    .ledger = l, .file = file, .stop_fd = -1, .ready_fd = -1 };

	BUG_ON(c.w == NULL);
	return (load_file_main(&c, e) == LOAD_DONE ? 0 : -1);
}
