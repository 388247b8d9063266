/* Taking a snapshot.  From before its state is fixed until its files are
 * linked nothing is unlinked: what writers drop meanwhile is kept on a list
 * (store_tx_end()), so that they need not wait. */
#include "emulator/store/store_snap_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/log.h"

/* ---- payload files stay ---- */

static void
save_keep(struct store *st)
{

	(void)pthread_mutex_lock(&st->write_lock);
	st->keeping = true;
	(void)pthread_mutex_unlock(&st->write_lock);
}

static void
save_let_go(struct store *st)
{
	int64_t *late;
	size_t n;

	(void)pthread_mutex_lock(&st->write_lock);
	st->keeping = false;
	late = st->late;
	n = st->nlate;
	st->late = NULL;
	st->nlate = st->late_room = 0;
	(void)pthread_mutex_unlock(&st->write_lock);
	/* Files go only when no log can bring their rows back. */
	if (n > 0 && st->power && store_sync(st,
	    atomic_load(&st->commits)) != STORE_OK)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		char *path = store_payload_path(st, late[i]);

		(void)unlink(path);
		free(path);
	}
	free(late);
}

/* ---- the database ---- */

static int
save_exec(sqlite3 *db, const char *path, const char *sql, struct err *e)
{

	return (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 :
	    snap_db_fail(db, path, e));
}

/* A copy by pages, of one state: its transaction begins here. */
static int
save_copy(sqlite3 *from, const char *from_path, sqlite3 *to,
    const char *to_path, struct err *e)
{
	sqlite3_backup *b;
	int rc;

	if (save_exec(from, from_path, "BEGIN; SELECT * FROM counters", e))
		return (-1);
	if ((b = sqlite3_backup_init(to, "main", from, "main")) == NULL)
		return (snap_db_fail(to, to_path, e));
	rc = sqlite3_backup_step(b, -1);
	if (sqlite3_backup_finish(b) == SQLITE_OK && rc == SQLITE_DONE)
		return (save_exec(to, to_path, "PRAGMA journal_mode = DELETE",
		    e));
	return (snap_db_fail(to, to_path, e));
}

static int
save_db(struct store *st, const char *dir, sqlite3 **out, struct err *e)
{
	char *from_path = mem_printf("%s/store.db", st->dir);
	char *to_path = mem_printf("%s/store.db", dir);
	sqlite3 *from = NULL;
	int rc;

	rc = snap_db_open(from_path, true, &from, e);
	if (rc == 0)
		rc = snap_db_open(to_path, true, out, e);
	if (rc == 0)
		rc = save_exec(*out, to_path, st->power ?
		    "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF",
		    e);
	if (rc == 0)
		rc = save_copy(from, from_path, *out, to_path, e);
	(void)sqlite3_close(from);
	free(from_path);
	free(to_path);
	return (rc);
}

static int
save_number(sqlite3 *db, const char *sql, int64_t *v, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		*v = sqlite3_column_int64(s, 0);
		rc = 0;
	} else
		(void)snap_db_fail(db, "the snapshot", e);
	(void)sqlite3_finalize(s);
	return (rc);
}

#define ALIVE	"9223372036854775807"

static int
save_count(sqlite3 *db, struct snapshot *s, int64_t *payload_last,
    struct err *e)
{

	return (save_number(db, "SELECT mutation FROM counters",
	    &s->mutation, e) || save_number(db, "SELECT count(*) FROM buckets"
	    " WHERE died = " ALIVE " AND view_of = 0", &s->buckets, e) ||
	    save_number(db, "SELECT count(*) FROM objects WHERE died = "
	    ALIVE, &s->objects, e) || save_number(db, "SELECT"
	    " ifnull(sum(size), 0) FROM payloads WHERE data IS NULL",
	    &s->payloads, e) || save_number(db, "SELECT"
	    " max(ifnull((SELECT max(id) FROM payloads), 0),"
	    " ifnull((SELECT max(payload) FROM sessions), 0))", payload_last,
	    e) ? -1 : 0);
}

/* ---- the files ---- */

/* The first n bytes of a session's file, which goes on growing. */
static int
save_part(const char *from, const char *to, int64_t n, struct err *e)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), rc = 0;
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (in < 0 || out < 0)
		rc = err_setno(e, "cannot copy %s to %s", from, to);
	while (rc == 0 && n > 0) {
		ssize_t k = copy_file_range(in, NULL, out, NULL,
		    n < (1 << 30) ? (size_t)n : 1u << 30, 0);

		if (k > 0)
			n -= k;
		else if (k == 0 || errno != EINTR)
			rc = k == 0 ? err_set(e, "%s is too short", from) :
			    err_setno(e, "cannot copy %s", from);
	}
	if (in >= 0)
		(void)close(in);
	if (out >= 0 && close(out) != 0 && rc == 0)
		rc = err_setno(e, "cannot write %s", to);
	return (rc);
}

int
snap_link(const char *from, const char *to, struct err *e)
{

	if (link(from, to) == 0)
		return (0);
	if (errno == EPERM || errno == EMLINK || errno == EXDEV ||
	    errno == EOPNOTSUPP)
		return (file_copy(from, to, e));
	return (err_setno(e, "cannot link %s to %s", from, to));
}

/* f for each file that the query names with a length. */
int
snap_files(sqlite3 *db, const char *sql, int (*f)(void *, int64_t id,
    int64_t size, struct err *), void *cls, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc = 0, step = SQLITE_DONE;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		rc = snap_db_fail(db, "the snapshot", e);
	while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW)
		rc = f(cls, sqlite3_column_int64(s, 0),
		    sqlite3_column_int64(s, 1), e);
	if (rc == 0 && step != SQLITE_DONE)
		rc = snap_db_fail(db, "the snapshot", e);
	(void)sqlite3_finalize(s);
	return (rc);
}

struct saving {
	struct store *st;
	const char *dir;
};

static int
save_link(void *cls, int64_t id, int64_t size, struct err *e)
{
	const struct saving *s = cls;
	char *from = store_payload_path(s->st, id);
	char *to = snap_payload(s->dir, id);
	int rc = snap_link(from, to, e);

	(void)size;			/* checked when it is loaded */
	free(from);
	free(to);
	return (rc);
}

static int
save_session(void *cls, int64_t id, int64_t size, struct err *e)
{
	const struct saving *s = cls;
	char *from = store_payload_path(s->st, id);
	char *to = snap_payload(s->dir, id);
	int rc = size > 0 ? save_part(from, to, size, e) : 0;

	free(from);
	free(to);
	return (rc);
}

static int
save_files(struct store *st, sqlite3 *db, const char *dir, struct err *e)
{
	char *payloads = mem_printf("%s/payloads", dir);
	struct saving s = { st, dir };
	int rc;

	rc = file_mkdirs(payloads, 0700, e);
	if (rc == 0)
		rc = snap_files(db, SNAP_FILES, save_link, &s, e);
	if (rc == 0)
		rc = snap_files(db, SNAP_SESSIONS, save_session, &s, e);
	if (rc == 0 && st->power)
		rc = snap_sync_dir(payloads, e);
	free(payloads);
	return (rc);
}

/* ---- the whole ---- */

static int
save_into(struct store *st, const char *dir, struct snapshot *s,
    struct err *e)
{
	char *path = mem_printf("%s/store.db", dir);
	int64_t last = 0, given;
	sqlite3 *db = NULL;
	int rc;

	rc = save_db(st, dir, &db, e);
	if (rc == 0)
		rc = save_files(st, db, dir, e);
	if (rc == 0)
		rc = save_count(db, s, &last, e);
	(void)sqlite3_close(db);
	s->database = file_size(path);
	given = atomic_load(&st->payload_last);
	if (rc == 0)
		rc = snap_about_write(dir, st->power, s,
		    given > last ? given : last, e);
	if (rc == 0 && st->power)
		rc = snap_sync_dir(dir, e);
	free(path);
	return (rc);
}

/* made becomes dir; what was there goes. */
static int
save_replace(struct store *st, const char *made, const char *name,
    struct err *e)
{
	char *dir = snap_path(st, "", name), *old = snap_path(st, ".old-",
	    name), *all = mem_printf("%s/snapshots", st->dir);
	int rc = 0;

	if (file_exists(dir) && rename(dir, old) != 0)
		rc = err_setno(e, "cannot rename %s", dir);
	if (rc == 0 && rename(made, dir) != 0) {
		rc = err_setno(e, "cannot rename %s to %s", made, dir);
		(void)rename(old, dir);
	}
	if (rc == 0 && st->power)
		rc = snap_sync_dir(all, e);
	if (rc == 0)
		rc = file_remove_all(old, e);
	free(dir);
	free(old);
	free(all);
	return (rc);
}

enum snapshot_rc
store_snapshot_save(struct store *st, const char *name, bool replace,
    struct arena *a, struct snapshot *out, struct err *e)
{
	char *dir = snap_path(st, "", name);
	char *made = snap_path(st, ".new-", name);
	bool there;
	int rc = -1;

	*out = (struct snapshot){ .name = arena_strdup(a, name),
	    .created_us = clock_wall_us(st->clock) };
	(void)pthread_mutex_lock(&st->whole_lock);
	there = file_exists(dir);
	if (!there || replace) {
		save_keep(st);
		rc = file_remove_all(made, e);
		if (rc == 0)
			rc = file_mkdirs(made, 0700, e);
		if (rc == 0)
			rc = save_into(st, made, out, e);
		save_let_go(st);
		if (rc == 0)
			rc = save_replace(st, made, name, e);
		if (rc != 0)
			(void)file_remove_all(made, NULL);
	}
	(void)pthread_mutex_unlock(&st->whole_lock);
	free(dir);
	free(made);
	return (there && !replace ? SNAPSHOT_EXISTS :
	    rc == 0 ? SNAPSHOT_OK : SNAPSHOT_FAILED);
}
