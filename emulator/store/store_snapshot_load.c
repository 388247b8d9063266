/* Putting a snapshot back.  First its payload files come to where they belong,
 * beside those that are there: numbers are not given twice, so none is in
 * another's place.  Then one transaction replaces every row.  Then go the
 * files that no row names any more.  A crash leaves the one state or the
 * other, with files too many, which go when the store is opened. */
#include "emulator/store/store_snap_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/log.h"

#define PIECE	(1u << 16)

struct loading {
	struct store *st;
	char	*dir;			/* of the snapshot */
	int64_t	*made;			/* payload files that were not there */
	size_t	nmade, made_room;
	int64_t	*from, *to;		/* new numbers of sessions' files */
	size_t	nsessions;
};

/* ---- files ---- */

static bool
load_equal_bytes(int a, int b, int64_t size)
{
	char *x = mem_alloc(PIECE), *y = mem_alloc(PIECE);
	int64_t at = 0;
	ssize_t n = 1;

	for (; at < size && n > 0; at += n) {
		n = pread(a, x, PIECE, at);
		if (n > 0 && (pread(b, y, (size_t)n, at) != n ||
		    memcmp(x, y, (size_t)n) != 0))
			n = -1;
	}
	free(x);
	free(y);
	return (at == size);
}

/* Have both the same bytes?  Where there are hard links they are the same
 * file. */
static bool
load_equal(const char *a, const char *b)
{
	int fa = open(a, O_RDONLY | O_CLOEXEC);
	int fb = open(b, O_RDONLY | O_CLOEXEC);
	bool equal = false;
	struct stat x, y;

	if (fa >= 0 && fb >= 0 && fstat(fa, &x) == 0 && fstat(fb, &y) == 0 &&
	    x.st_size == y.st_size)
		equal = (x.st_dev == y.st_dev && x.st_ino == y.st_ino) ||
		    load_equal_bytes(fa, fb, x.st_size);
	if (fa >= 0)
		(void)close(fa);
	if (fb >= 0)
		(void)close(fb);
	return (equal);
}

static void
load_made(struct loading *l, int64_t id)
{

	if (l->nmade == l->made_room) {
		l->made_room = l->made_room > 0 ? 2 * l->made_room : 64;
		l->made = mem_realloc(l->made,
		    l->made_room * sizeof(*l->made));
	}
	l->made[l->nmade++] = id;
}

/* The folder of a payload file. */
static int
load_folder(const char *path, struct err *e)
{
	char *dir = mem_strndup(path, (size_t)(strrchr(path, '/') - path));
	int rc = file_mkdirs(dir, 0700, e);

	free(dir);
	return (rc);
}

static int
load_payload(void *cls, int64_t id, int64_t size, struct err *e)
{
	struct loading *l = cls;
	char *from = snap_payload(l->dir, id);
	char *to = store_payload_path(l->st, id);
	int rc = 0;

	if (file_size(from) != size)
		rc = err_set(e, "%s is damaged: it has not %lld bytes", from,
		    (long long)size);
	else if (!file_exists(to)) {
		rc = load_folder(to, e);
		if (rc == 0) {
			load_made(l, id);
			rc = snap_link(from, to, e);
		}
	} else if (!load_equal(from, to))
		rc = err_set(e, "%s and %s differ: the snapshot is damaged, "
		    "or of another data directory", from, to);
	free(from);
	free(to);
	return (rc);
}

/* A session's file is written to, so it gets one of its own. */
static int
load_session(void *cls, int64_t id, int64_t size, struct err *e)
{
	struct loading *l = cls;
	int64_t new = payload_number(l->st);
	char *from = snap_payload(l->dir, id);
	char *to = store_payload_path(l->st, new);
	int rc = 0;

	if (size > 0 && file_size(from) != size)
		rc = err_set(e, "%s is damaged: it has not %lld bytes", from,
		    (long long)size);
	else if (size > 0 && (rc = load_folder(to, e)) == 0) {
		load_made(l, new);
		rc = file_copy(from, to, e);
	}
	free(from);
	free(to);
	l->from = mem_realloc(l->from, (l->nsessions + 1) * sizeof(int64_t));
	l->to = mem_realloc(l->to, (l->nsessions + 1) * sizeof(int64_t));
	l->from[l->nsessions] = id;
	l->to[l->nsessions++] = new;
	return (rc);
}

/* Durability `power`: files and their entries, before a row names them. */
static int
load_sync(struct loading *l, struct err *e)
{

	for (size_t i = 0; l->st->power && i < l->nmade; i++) {
		char *path = store_payload_path(l->st, l->made[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

		if (fd < 0 || payload_sync(l->st, l->made[i], fd) != 0)
			rc = err_setno(e, "cannot sync %s", path);
		if (fd >= 0)
			(void)close(fd);
		free(path);
		if (rc != 0)
			return (-1);
	}
	return (0);
}

static void
load_undo(struct loading *l)
{

	for (size_t i = 0; i < l->nmade; i++) {
		char *path = store_payload_path(l->st, l->made[i]);

		(void)unlink(path);
		free(path);
	}
}

/* ---- the snapshot's database ---- */

static int
load_look(struct loading *l, const char *path, struct err *e)
{
	struct store_conn c = { .db = NULL };
	int rc;

	if (snap_db_open(path, false, &c.db, e) != 0)
		return (-1);
	rc = store_check_tables(&c, path, e);
	if (rc == 0)
		rc = snap_files(c.db, SNAP_FILES, load_payload, l, e);
	if (rc == 0)
		rc = snap_files(c.db, SNAP_SESSIONS, load_session, l, e);
	(void)sqlite3_close(c.db);
	return (rc == 0 ? load_sync(l, e) : -1);
}

/* ---- the rows ---- */

int
snap_text(sqlite3 *db, const char *sql, struct buf *b)
{
	sqlite3_stmt *s = NULL;
	int step = SQLITE_ERROR;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK)
		while ((step = sqlite3_step(s)) == SQLITE_ROW)
			buf_adds(b, (const char *)sqlite3_column_text(s, 0));
	(void)sqlite3_finalize(s);
	return (step == SQLITE_DONE && buf_ok(b) ? 0 : -1);
}

/* A statement for each table: SQLite copies an index as it is where both have
 * the same one. */
static int
load_swap(struct loading *l, sqlite3 *db, struct buf *sql)
{
	int rc;

	buf_reset(sql);
	if (snap_text(db, "SELECT printf('DELETE FROM main.%w;"
	    " INSERT INTO main.%w SELECT * FROM snap.%w;', name, name, name)"
	    " FROM main.sqlite_master WHERE type = 'table'"
	    " AND name NOT LIKE 'sqlite_%'", sql) != 0)
		return (-1);
	for (size_t i = 0; i < l->nsessions; i++)
		buf_addf(sql, "UPDATE main.sessions SET payload = %lld"
		    " WHERE payload = %lld;", (long long)l->to[i],
		    (long long)l->from[i]);
	/* No generation is ever given twice. */
	buf_addf(sql, "UPDATE main.counters SET generation ="
	    " max(generation, %lld);", (long long)l->st->generation);
	rc = buf_ok(sql) ? sqlite3_exec(db, sql->p, NULL, NULL, NULL) :
	    SQLITE_TOOBIG;
	return (rc == SQLITE_OK ? 0 : -1);
}

static int
load_same_schema(sqlite3 *db, const char *path, struct err *e)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, 1u << 20);
	if (snap_text(db, "SELECT name FROM (SELECT name, sql FROM"
	    " main.sqlite_master EXCEPT SELECT name, sql FROM"
	    " snap.sqlite_master) LIMIT 1", &b) != 0)
		rc = snap_db_fail(db, path, e);
	else if (b.len > 0)
		rc = err_set(e, "%s was written by another version: its %s "
		    "is not ours", path, b.p);
	buf_release(&b);
	return (rc);
}

/* With the writer's lock and the snapshot at hand: all or nothing. */
static int
load_commit(struct loading *l, const char *path, struct err *e)
{
	sqlite3 *db = l->st->w.db;
	struct buf sql;
	int rc;

	if (load_same_schema(db, path, e) != 0)
		return (-1);
	buf_init(&sql, 64u << 20);
	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
	    SQLITE_OK && load_swap(l, db, &sql) == 0 &&
	    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
	if (rc != 0) {
		(void)snap_db_fail(db, path, e);
		if (sqlite3_get_autocommit(db) == 0)
			(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	buf_release(&sql);
	return (rc);
}

static int
load_rows(struct loading *l, const char *path, struct err *e)
{
	char *attach = sqlite3_mprintf("ATTACH %Q AS snap", path);
	sqlite3 *db = l->st->w.db;
	int rc;

	rc = sqlite3_exec(db, attach, NULL, NULL, NULL) == SQLITE_OK ?
	    load_commit(l, path, e) : snap_db_fail(db, path, e);
	sqlite3_free(attach);
	if (sqlite3_exec(db, "DETACH snap", NULL, NULL, NULL) != SQLITE_OK &&
	    rc == 0)
		log_error("store %s stays attached: %s", path,
		    sqlite3_errmsg(db));
	return (rc);
}

/* ---- the whole ---- */

static int
load_locked(struct loading *l, const char *path, struct err *e)
{
	struct store *st = l->st;
	uint64_t commit = 0;
	int rc;

	if (atomic_load(&st->broken))
		return (err_set(e, "the store takes no more writes"));
	(void)pthread_mutex_lock(&st->write_lock);
	store_cache_change(st);
	rc = load_rows(l, path, e);
	if (rc == 0) {
		commit = atomic_fetch_add(&st->commits, 1) + 1;
		rc = snap_reload(st, e);
	}
	store_cache_settle(st);
	(void)pthread_mutex_unlock(&st->write_lock);
	/* Before files go, of which a lost log would still have rows. */
	if (rc == 0 && st->power && store_sync(st, commit) != STORE_OK)
		rc = err_set(e, "the store's log could not be synced");
	return (commit == 0 ? -1 : rc == 0 ? 0 : 1);
}

enum snapshot_rc
store_snapshot_load(struct store *st, const char *name, struct arena *a,
    struct snapshot *out, struct err *e)
{
	struct loading l = { .st = st, .dir = snap_path(st, "", name) };
	char *path = mem_printf("%s/store.db", l.dir);
	enum snapshot_rc rc = SNAPSHOT_FAILED;
	int64_t last;
	int done;

	*out = (struct snapshot){ .name = arena_strdup(a, name) };
	(void)pthread_mutex_lock(&st->whole_lock);
	if (!file_exists(l.dir))
		rc = SNAPSHOT_NONE;
	else if (snap_about_read(l.dir, out, &last, e) == 0) {
		if (last > atomic_load(&st->payload_last))
			atomic_store(&st->payload_last, last);
		done = load_look(&l, path, e) == 0 ?
		    load_locked(&l, path, e) : -1;
		if (done < 0)
			load_undo(&l);
		/* From here on it has happened: files too many hurt nobody. */
		if (done == 0) {
			snap_sweep(st);
			rc = SNAPSHOT_OK;
		}
	}
	(void)pthread_mutex_unlock(&st->whole_lock);
	free(l.made);
	free(l.from);
	free(l.to);
	free(l.dir);
	free(path);
	return (rc);
}
