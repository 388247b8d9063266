/* emulator/store/store_int.h: what the files of the store share and nobody
 * else includes: connections, transactions, rows.  Knows SQLite; not HTTP. */
#ifndef EMULATOR_STORE_INT_H
#define EMULATOR_STORE_INT_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "emulator/store/checksum.h"
#include "emulator/store/payload.h"
#include "emulator/store/store.h"
#include "emulator/store/store_stat.h"
#include "lib/buf.h"

#define STORE_READERS	4
#define STORE_PAGE	4096		/* of SQLite */
#define STORE_BUSY_MS	10000
#define STORE_ALIVE	INT64_MAX	/* in `died`, `gone`, `history_from` */
#define STORE_SOFT_ROW	1024		/* what a row counts, besides its bytes */

enum store_sql {
#define SQL(name, text) SQL_##name,
#include "emulator/store/store_sql.def"
#undef SQL
	SQL_N
};

/* One connection with its prepared statements; one thread at a time. */
struct store_conn {
	struct store *st;		/* NULL: none of a store's */
	sqlite3	*db;
	sqlite3_stmt *stmt[SQL_N];
	/* Of a reader; store_read.c. */
	bool	busy;			/* borrowed */
	bool	held;			/* it has a snapshot, … */
	uint64_t commit;		/* taken when st->commits was this */
	uint64_t buckets;		/* of which buckets; 0: cannot tell */
};

struct store_cache;			/* store_cache.c */
struct hash;				/* hasher.h */
struct hasher;
struct store_upload;			/* store_upload.c */
struct store_rate;			/* store_rate.c */

struct store {
	char	*dir;
	bool	power, history;
	const struct clock *clock;
	const struct store_rules *rules;
	int64_t	soft_max;
	int	lock_fd;

	/* The writer: everything up to dead_room under its lock. */
	/* Before write_lock: one snapshot, load or wipe at a time, since two
	 * of them do not agree which payload files may go. */
	pthread_mutex_t whole_lock;
	pthread_mutex_t write_lock;
	struct store_conn w;
	int64_t	generation;		/* the last one given */
	int64_t	tx_now;			/* wall time of this transaction */
	int64_t	tx_mutation;		/* its number, 0 while it has none */
	int64_t	tx_last;		/* the last number given, published or
					 * in the transaction that runs */
	int64_t	*dead;			/* payload files to unlink after it */
	size_t	ndead, dead_room;
	bool	keeping;		/* a snapshot is taken: they are */
	int64_t	*late;			/* unlinked when it is done */
	size_t	nlate, late_room;
	int64_t	write_limit;		/* a second and object; 0: none */
	struct store_rate *rates;
	int64_t	soft_bytes;		/* of what is soft-deleted */
	int64_t	tx_soft;		/* … by this transaction */
	_Atomic int64_t live;		/* objects; counting a million takes
					 * half a second */
	int64_t	tx_live;		/* … by this transaction */

	/* store_batch.c: who waits for the writer, first to last. */
	pthread_mutex_t batch_lock;
	struct store_op *batch, **batch_end;
	size_t	waiting;
	unsigned crowd;			/* above 0: there have been several */
	bool	leading;		/* one of them has the writer, or will */

	/* Durability `power`: store_sync.c. */
	/* Grows under write_lock, behind each commit of SQLite's and before
	 * anybody is told of it: readers keep what they have until it moves. */
	_Atomic uint64_t commits;
	atomic_bool broken;		/* a sync failed: no more writes */
	int64_t	room;			/* bytes kept for deletions, or 0 */
	atomic_bool room_out;		/* … given up; under write_lock */
	int	room_wanted;		/* deletions that use it; likewise */
	pthread_mutex_t sync_lock;
	pthread_cond_t sync_done;
	uint64_t synced;
	bool	syncing;
	int	wal_fd;			/* of whoever is syncing */

	pthread_mutex_t read_lock;
	pthread_cond_t read_free;
	struct store_conn r[STORE_READERS];
	atomic_int held;		/* of them with a snapshot */
	struct store_cache *cache;	/* of buckets */

	_Atomic int64_t payload_last;	/* the last payload number given */

	pthread_mutex_t wait_lock;
	pthread_cond_t moved;
	int64_t	mutation;
	uint64_t wakes;

	pthread_mutex_t upload_lock;
	struct store_upload *uploads;
	struct hasher *hasher;

	pthread_mutex_t stat_lock;	/* store_stat.c */
	struct store_stat stat;
	uint64_t stat_commits;		/* `commits` then, and one */
};

/* ---- store_sql.c ----
 *
 * Statements.  fmt has one letter an argument: i int64_t,
 * s const char * (NULL is NULL), t const char * and size_t, b const void *
 * and size_t.  Arguments stay the caller's until the statement has ended. */

sqlite3_stmt *store_sql_start(struct store_conn *, enum store_sql,
    const char *fmt, ...);
/* One more row?  False: the statement has ended, *rc says how. */
bool	store_sql_next(struct store_conn *, sqlite3_stmt *, enum store_rc *rc);
void	store_sql_end(sqlite3_stmt *);
/* Run a statement that gives no rows. */
enum store_rc	store_sql_do(struct store_conn *, enum store_sql,
    const char *fmt, ...) MUST_USE;
/* The first column of the first row; `none` where there is no row. */
enum store_rc	store_sql_int(struct store_conn *, int64_t *v, int64_t none,
    enum store_sql, const char *fmt, ...) MUST_USE;
const char	*store_sql_text(struct arena *, sqlite3_stmt *, int col);
/* What SQLite's last failure on this connection means; logs it. */
enum store_rc	store_sql_rc(struct store_conn *);
void	store_sql_close(struct store_conn *);

/* ---- store.c: transactions ---- */

enum store_rc	store_tx_begin(struct store *) MUST_USE;
/* The same for what may let the store grow: FULL on a full disk. */
enum store_rc	store_tx_begin_more(struct store *) MUST_USE;
/* Commit where rc is OK and w does not forget; else roll back.  rc, or why
 * the commit failed. */
enum store_rc	store_tx_end(struct store *, struct store_write *w,
    enum store_rc rc) MUST_USE;
/* What comes behind each commit, the writer's lock still held: numbers that
 * grew, and what is left to do when it is not. */
struct store_after {
	uint64_t commit;		/* 0: nothing was committed */
	int64_t	*dead;			/* payload files, ndead of them */
	size_t	ndead;
	bool	trim;			/* soft-deleted bytes are too many */
};

/* The parts of store_tx_end(), for whoever puts several into one. */
enum store_rc	store_tx_commit(struct store *, int64_t mutation) MUST_USE;
enum store_rc	store_tx_rollback(struct store *) MUST_USE;
void	store_tx_committed(struct store *, int64_t mutation,
    struct store_after *);
/* … and then, without the lock; synced: the commit is on the disk where it
 * must. */
void	store_tx_after(struct store *, struct store_after *, bool synced);
/* The number of this transaction; taking it makes it a mutation. */
int64_t	store_tx_mutation(struct store *);
/* Now, but later than `was` in the milliseconds that the API shows: clients
 * take a change for one that has a later time. */
int64_t	store_tx_later(const struct store *, int64_t was);
/* A new generation number: microseconds, above every one before. */
int64_t	store_tx_generation(struct store *);
void	store_tx_unlink(struct store *, int64_t payload);
/* With the writer's lock: the newest mutation is this one. */
void	store_publish(struct store *, int64_t mutation);

/* ---- store_batch.c ---- */

/* Run one operation in a transaction, together with what other threads want
 * done at the time.  `run` is called with the writer's lock, perhaps by
 * another thread and perhaps again after all it did was rolled back: it takes
 * what it needs from arg and puts its results there.  It must not have written
 * where it fails by a rule.  As store_tx_end(): its result, or why the commit
 * failed. */
enum store_rc	store_batch(struct store *, struct store_write *w,
    enum store_rc (*run)(struct store *, void *arg), void *arg) MUST_USE;

/* ---- store_sync.c ---- */

/* Wait until that commit (of st->commits) is on the disk. */
enum store_rc	store_sync(struct store *, uint64_t commit) MUST_USE;

/* ---- store_room.c ---- */

/* Before the database is opened; failing is no error. */
void	store_room_open(struct store *);
/* SQLite's log into the database, its blocks free.  False: the store has
 * failed for good. */
bool	store_room_fold(struct store *);
/* With the writer's lock: what is kept is given up.  False: it never is. */
bool	store_room_give(struct store *);
/* A deletion ended with rc: should it be tried again, with what has now been
 * given up for it?  *tries is 0 at first; to be called until it says no. */
bool	store_room_again(struct store *, enum store_rc rc, int *tries);
/* FULL until what was given up has been taken back, which is tried. */
enum store_rc	store_room_check(struct store *) MUST_USE;

/* ---- store_vfs.c ---- */

/* The name of SQLite's VFS for the database.  With it, synchronous = FULL. */
const char	*store_vfs(const struct store *);

/* ---- store_read.c: readers ---- */

/* A connection that sees what was committed when it was called, and nothing
 * that comes later. */
struct store_conn *store_read_begin(struct store *);
void	store_read_end(struct store *, struct store_conn *);
/* Let go of the snapshots that nobody uses: with one of them SQLite's log
 * could not begin anew.  For the writer, before it writes. */
void	store_read_drop(struct store *);

/* ---- store_cache.c: buckets as they were last read ---- */

struct store_cache *store_cache_new(void);
void	store_cache_free(struct store_cache *);
/* Which state of the buckets is the newest; odd while a transaction is about
 * to make another. */
uint64_t	store_cache_epoch(const struct store *);
/* For the writer: buckets will change, by this transaction; it has ended
 * (which says nothing where they have not). */
void	store_cache_change(struct store *);
void	store_cache_settle(struct store *);

/* ---- store_open.c ---- */

char	*store_payload_path(const struct store *, int64_t payload);
/* Every page but the payloads' is whole; path is for the message. */
int	store_check_tables(struct store_conn *, const char *path,
    struct err *);
/* Counters, and what is counted, as the database has them. */
int	store_load_counters(struct store *, const char *path, struct err *);
/* Remove payload files that no row names. */
int	store_sweep(struct store *, struct err *);

/* ---- store_snapshot.c ---- */

/* What a crash left of snapshots goes; payload_last is above their numbers. */
int	store_snapshots_open(struct store *, struct err *);

/* ---- store_bucket.c ---- */

/* A bucket as the object calls need it. */
struct store_bref {
	int64_t	id;
	int64_t	rid;
	bool	versioning, history, adopts, folders;
	bool	view;			/* read-only */
	int64_t	retention_us, softer_us; /* struct bucket_rules */
	int64_t	as_of;			/* the state to answer for; < ALIVE */
	const char *name;		/* as it was asked for */
};

/* For reading at a state; views are resolved. */
enum store_rc	store_bref_read(struct store_conn *, const char *name,
    int64_t as_of, struct store_bref *) MUST_USE;
/* For writing; READ_ONLY for a view. */
enum store_rc	store_bref_write(struct store_conn *, const char *name,
    struct store_bref *) MUST_USE;
/* A new object's attrs with what it adopts from the bucket. */
enum store_rc	store_bref_adopt(struct store *, const struct store_bref *,
    struct arena *, const char **attrs) MUST_USE;

/* ---- store_row.c ---- */

/* An object's row with the columns that only the store sees. */
struct store_row {
	struct object o;		/* o.died as in the table */
	int64_t	gone, lost;
	int64_t	holds;			/* HOLD_… */
	int64_t	retain_us;		/* its own retention's end, 0: none */
	int64_t	kept_us;		/* where the bucket's retention begins */
};

#define HOLD_TEMPORARY	1
#define HOLD_EVENT	2

/* What becomes of a row that ends. */
enum store_end {
	END_NONCURRENT,			/* stays, as an earlier generation */
	END_SOFT,			/* soft-deleted, if the bucket does that */
	END_HARD,
};

/* Without an arena the texts are left out. */
void	store_row_take(struct arena *, sqlite3_stmt *, struct store_row *);
/* As it looked at the state b->as_of. */
void	store_row_show(const struct store_bref *b, const struct store_row *,
    struct object *out);
/* The live row (generation 0) or that generation's, at b->as_of. */
enum store_rc	store_row_find(struct store_conn *, struct arena *,
    const struct store_bref *b, const char *name, int64_t generation,
    struct store_row *) MUST_USE;

/* The rest inside a transaction.  Add the row as it is. */
enum store_rc	store_row_add(struct store *, int64_t bucket,
    const struct store_row *) MUST_USE;
/* OK, or why the row must not end that way now. */
enum store_rc	store_row_kept(struct store *, const struct store_write *w,
    const struct store_bref *b, const struct store_row *, enum store_end);
/* The row ends; with history it stays for those who look back. */
enum store_rc	store_row_die(struct store *, const struct store_bref *b,
    const char *name, const struct store_row *, enum store_end) MUST_USE;
/* r's attrs are new: take the rules from them.  `was`: of the row before. */
void	store_row_rules(struct store *, struct store_row *r,
    const struct store_row *was);
/* When the retention of a row ends, as in struct object. */
int64_t	store_row_expires(const struct store_bref *b,
    const struct store_row *);
/* New attrs; r, whose o.name is set, becomes the row that holds them. */
enum store_rc	store_row_attrs(struct store *, const struct store_bref *b,
    struct store_row *r, const char *attrs) MUST_USE;
/* Drop every row of a bucket that is gone. */
enum store_rc	store_rows_purge(struct store *, int64_t bucket) MUST_USE;
/* One more reference to a payload, or one less. */
enum store_rc	store_payload_share(struct store *, int64_t id) MUST_USE;
enum store_rc	store_payload_unref(struct store *, int64_t id) MUST_USE;

/* ---- store_soft.c ---- */

enum store_rc	store_soft_find(struct store_conn *, struct arena *,
    const struct store_bref *b, const char *name, int64_t generation,
    struct store_row *) MUST_USE;
/* Outside of transactions: no more soft-deleted bytes stay than may. */
void	store_soft_trim(struct store *);
/* The same, the disk being full: some of those that were to go soonest go,
 * unless all are to be kept.  False: none went. */
bool	store_soft_room(struct store *);
/* Is a call that lets the store grow to be run again?  It met a full disk, and
 * now there is room, or might be.  *tries is 0 at first. */
bool	store_more_again(struct store *, enum store_rc, int *tries);

/* ---- store_rate.c ---- */

/* One more write of an object; TOO_OFTEN. */
enum store_rc	store_rate_take(struct store *, const struct store_bref *b,
    const char *name) MUST_USE;

/* ---- store_object.c ---- */

/* Inside a transaction: row becomes the live one of bucket/name, under a new
 * generation, where the conditions hold.  The caller has set payload, size,
 * checksums, components and attrs; the rest is filled in. */
enum store_rc	store_object_put(struct store *, const struct store_write *,
    const struct store_bref *b, const char *name, const struct store_cond *,
    struct store_row *row, struct arena *) MUST_USE;
enum store_rc	store_cond_check(const struct store_cond *,
    const struct object *, bool read);
/* A copy of o whose texts live in the arena. */
void	store_object_out(struct arena *, const char *bucket,
    const struct object *o, struct object *out);
/* OK, or BAD_HASH: the bytes are not those that the client meant.  md5 NULL:
 * they have none.  Where w and a are given, w->why says which. */
enum store_rc	store_expect_check(const struct store_expect *, uint32_t crc,
    const unsigned char *md5, struct store_write *w, struct arena *a) MUST_USE;

/* ---- store_compose.c ---- */

/* Inside a transaction: p, joined or not, becomes row's payload; its row is
 * added.  Before it, outside: store_payload_ready(). */
enum store_rc	store_payload_take(struct store *, const struct payload *p,
    int64_t id) MUST_USE;
/* p reaches the disk where it must, and gets its number. */
enum store_rc	store_payload_ready(struct store *, struct payload *p,
    int64_t *id) MUST_USE;
/* A copy of o whose texts live in a. */
void	store_object_out(struct arena *a, const char *bucket,
    const struct object *o, struct object *out);

/* ---- store_folder.c ---- */

/* Inside a transaction: the folders of a new object's name. */
enum store_rc	store_folder_imply(struct store *, const struct store_bref *,
    const char *name) MUST_USE;

/* ---- store_multi.c ---- */

struct multi;
struct multi_part;
/* NO_UPLOAD where the bucket's name has no such upload. */
enum store_rc	store_multi_look(struct store_conn *,
    const struct store_bref *b, const char *name, const char *id,
    struct arena *, struct multi *) MUST_USE;
/* At most max parts above that number. */
enum store_rc	store_multi_rows(struct store_conn *, const char *id,
    int after, int max, struct arena *, struct multi_part **out, size_t *n,
    bool *more) MUST_USE;
/* Inside a transaction: the upload and its parts go. */
enum store_rc	store_multi_end(struct store *, const char *id) MUST_USE;

/* ---- store_session.c ---- */

/* struct session with what the store alone needs. */
struct session_row {
	struct session s;
	int64_t	payload;		/* 0: done */
};

enum store_rc	store_session_look(struct store_conn *, const char *id,
    struct arena *, struct session_row *) MUST_USE;

/* ---- store_upload.c: the bytes of sessions ---- */

struct upload_sum {
	int64_t	size;
	uint32_t crc32c;
};

/* What is kept in memory of a session that is being written. */
struct store_upload {
	struct store_upload *next;
	char	*id;
	int	refs;			/* under upload_lock */
	bool	gone;			/* … finished or deleted */
	pthread_mutex_t lock;		/* the rest */
	int64_t	payload;
	int	fd;			/* open from a write to its flush */
	bool	ready;			/* the rest stands for the file */
	struct upload_sum persisted, written;
	struct hash *hash;		/* of what is written */
};

void	store_uploads_free(struct store *);
/* The session's entry, locked; it is made where there is none. */
struct store_upload *store_upload_get(struct store *, const char *id);
/* With `drop` the entry goes when its last user has let it go. */
void	store_upload_put(struct store *, struct store_upload *, bool drop);
/* Entry and row of a session.  On failure nothing is held. */
enum store_rc	store_upload_begin(struct store *, const char *id,
    struct arena *, struct store_upload **, struct session_row *) MUST_USE;
/* The bytes of [offset, offset + n) that are new, appended. */
enum store_rc	store_upload_append(struct store *, struct store_upload *,
    int64_t offset, const char *p, size_t n) MUST_USE;
enum store_rc	store_upload_flush(struct store *, struct store_upload *)
    MUST_USE;
/* The file as it will stay: no byte beyond, and on the disk with `power`.  A
 * small one is read into b, to become an inline payload. */
enum store_rc	store_upload_seal(struct store *, struct store_upload *,
    struct buf *b) MUST_USE;
/* What was written but not flushed has not been. */
void	store_upload_back(struct store_upload *);

/* ---- store_glob.c ---- */

/* matchGlob: `*` and `?` without '/', `**` with it, `[a-z]`, `[!a-z]`,
 * `{a,b}`, `\` takes the next byte as itself. */
struct store_glob {
	struct buf plain;	/* what its braces stand for, each with a NUL */
};
void	store_glob_new(struct store_glob *, const char *pattern);
void	store_glob_free(struct store_glob *);
bool	store_glob(const struct store_glob *, const char *name);
/* How many bytes at the pattern's start stand for themselves. */
size_t	store_glob_literal(const char *pattern);

/* ---- payload.c ---- */

struct payload {
	struct store *st;
	struct buf mem;			/* while it is small */
	int64_t	id;			/* file number, 0 while in memory */
	int	fd;			/* of the file, or -1 */
	int64_t	size;
	uint32_t crc32c;
	struct checksum_md5 *md5;	/* NULL: `hash` goes on, or it is joined */
	struct hash *hash;
	bool	failed;
	bool	taken;			/* the file belongs to the store */
};

int64_t	payload_number(struct store *);
/* Makes the file; its folder too.  -1 with errno. */
int	payload_create(struct store *, int64_t id);
/* Durability `power`: file and folder reach the disk.  0, or -1 and errno. */
int	payload_sync(struct store *, int64_t id, int fd);

#endif
