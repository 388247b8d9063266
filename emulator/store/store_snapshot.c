#include "emulator/store/store_snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/store/store_int.h"
#include "lib/file.h"

/* Payload numbers. */
struct ids {
	int64_t	*v;
	size_t	n;
};

static int
snapshot_sql(sqlite3 *db, const char *what, struct err *e)
{

	return (err_set(e, "%s: %s", what, db != NULL ? sqlite3_errmsg(db) :
	    "out of memory"));
}

static int
snapshot_ids(sqlite3 *db, const char *sql, struct ids *ids, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc;

	*ids = (struct ids){ NULL, 0 };
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		return (snapshot_sql(db, "cannot read payloads", e));
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		if ((ids->n & (ids->n + 1)) == 0)	/* 0, 1, 3, 7 … */
			ids->v = mem_realloc(ids->v,
			    (2 * ids->n + 1) * sizeof(*ids->v));
		ids->v[ids->n++] = sqlite3_column_int64(s, 0);
	}
	(void)sqlite3_finalize(s);
	return (rc == SQLITE_DONE ? 0 :
	    snapshot_sql(db, "cannot read payloads", e));
}

#define FILES		"SELECT id FROM payloads WHERE data IS NULL"
#define SESSIONS	"SELECT payload FROM sessions WHERE payload > 0" \
			" AND persisted > 0"

static char *
snapshot_path(const char *dir, int64_t id)
{

	return (mem_printf("%s/payloads/%02x/%016" PRIx64, dir,
	    (unsigned)(id & 255), (uint64_t)id));
}

/* A file of one folder in another, its own folder made: by link or by copy.
 * One that is there already is the same. */
static int
snapshot_bring(const char *from, const char *to, int64_t id, bool copy,
    struct err *e)
{
	char *a = snapshot_path(from, id), *b = snapshot_path(to, id);
	char *folder = mem_strdup(b);
	int rc;

	*strrchr(folder, '/') = '\0';
	rc = file_mkdirs(folder, 0700, e);
	if (rc == 0 && copy) {
		/* Never into a file that others share. */
		(void)unlink(b);
		rc = file_copy(a, b, e);
	} else if (rc == 0 && link(a, b) != 0 && errno != EEXIST)
		rc = err_setno(e, "cannot link %s to %s", a, b);
	free(a);
	free(b);
	free(folder);
	return (rc);
}

static int
snapshot_bring_all(sqlite3 *db, const char *from, const char *to,
    struct err *e)
{
	static const char *const q[] = { FILES, SESSIONS };
	struct ids ids;
	int rc = 0;

	for (int copy = 0; rc == 0 && copy < 2; copy++) {
		rc = snapshot_ids(db, q[copy], &ids, e);
		for (size_t i = 0; rc == 0 && i < ids.n; i++)
			rc = snapshot_bring(from, to, ids.v[i], copy != 0, e);
		free(ids.v);
	}
	return (rc);
}

static int
snapshot_backup(sqlite3 *to, sqlite3 *from, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc;

	if (b == NULL)
		return (snapshot_sql(to, "cannot copy the store", e));
	rc = sqlite3_backup_step(b, -1);
	if (sqlite3_backup_finish(b) == SQLITE_OK && rc == SQLITE_DONE)
		return (0);
	return (snapshot_sql(to, "cannot copy the store", e));
}

int
store_snapshot_save(struct store *st, const char *dir, struct err *e)
{
	char *made = mem_printf("%s.new", dir);
	char *file = mem_printf("%s/store.db", made);
	sqlite3 *db = NULL;
	int rc;

	rc = file_remove_all(made, e);
	if (rc == 0)
		rc = file_mkdirs(made, 0700, e);
	if (rc == 0 && sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
		rc = snapshot_sql(db, file, e);
	(void)pthread_mutex_lock(&st->write_lock);
	if (rc == 0)
		rc = snapshot_backup(db, st->w.db, e);
	if (rc == 0)
		rc = snapshot_bring_all(st->w.db, st->dir, made, e);
	(void)pthread_mutex_unlock(&st->write_lock);
	if (sqlite3_close(db) != SQLITE_OK && rc == 0)
		rc = snapshot_sql(db, file, e);
	if (rc == 0 && rename(made, dir) != 0)
		rc = err_setno(e, "cannot rename %s to %s", made, dir);
	if (rc != 0)
		(void)file_remove_all(made, NULL);
	free(file);
	free(made);
	return (rc);
}

/* All readers are ours until snapshot_go_on(). */
static void
snapshot_hold(struct store *st)
{

	(void)pthread_mutex_lock(&st->write_lock);
	(void)pthread_mutex_lock(&st->read_lock);
	for (int i = 0; i < STORE_READERS; i++)
		while (st->r[i].busy)
			(void)pthread_cond_wait(&st->read_free,
			    &st->read_lock);
}

static void
snapshot_go_on(struct store *st)
{

	(void)pthread_cond_broadcast(&st->read_free);
	(void)pthread_mutex_unlock(&st->read_lock);
	(void)pthread_mutex_unlock(&st->write_lock);
}

/* Counters go on; the numbers that were given are not given again. */
static int
snapshot_count(struct store *st, int64_t mutation, int64_t generation,
    struct err *e)
{
	int64_t was;
	enum store_rc rc;

	if (store_sql_int(&st->w, &was, 0, SQL_PAYLOAD_LAST, "") != STORE_OK)
		return (snapshot_sql(st->w.db, "cannot read the store", e));
	if (was > atomic_load(&st->payload_last))
		atomic_store(&st->payload_last, was);
	if (st->generation < generation)
		st->generation = generation;
	rc = store_sql_do(&st->w, SQL_COUNTERS_SET, "ii", mutation,
	    st->generation);
	return (rc == STORE_OK ? 0 :
	    snapshot_sql(st->w.db, "cannot write the store", e));
}

/* The generation in the snapshot, and a look at whether it is one. */
static int
snapshot_look(sqlite3 *db, int64_t *generation, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(db, "SELECT generation, (SELECT user_version "
	    "FROM pragma_user_version) FROM counters", -1, &s, NULL) ==
	    SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
		*generation = sqlite3_column_int64(s, 0);
		rc = sqlite3_column_int(s, 1) == STORE_SCHEMA ? 0 :
		    err_set(e, "the snapshot was written by a program of "
		    "another version");
	} else
		(void)snapshot_sql(db, "the snapshot cannot be read", e);
	(void)sqlite3_finalize(s);
	return (rc);
}

static int
snapshot_swap(struct store *st, sqlite3 *db, const char *dir, struct err *e)
{
	int64_t generation, mutation = st->mutation + 1;
	struct ids had = { NULL, 0 };
	int rc;

	rc = snapshot_look(db, &generation, e);
	if (rc == 0)
		rc = snapshot_ids(st->w.db, FILES, &had, e);
	/* First the files: rows without them would be worse. */
	if (rc == 0)
		rc = snapshot_bring_all(db, dir, st->dir, e);
	if (rc == 0)
		rc = snapshot_backup(st->w.db, db, e);
	if (rc == 0)
		rc = snapshot_count(st, mutation, generation, e);
	if (rc == 0) {
		st->epoch++;
		(void)pthread_mutex_lock(&st->wait_lock);
		st->mutation = mutation;
		(void)pthread_cond_broadcast(&st->moved);
		(void)pthread_mutex_unlock(&st->wait_lock);
	}
	for (size_t i = 0; rc == 0 && i < had.n; i++) {
		int64_t n = -1;
		char *path = store_payload_path(st, had.v[i]);

		if (store_sql_int(&st->w, &n, -1, SQL_PAYLOAD_FILE, "i",
		    had.v[i]) == STORE_OK && n < 0 &&
		    store_sql_int(&st->w, &n, -1, SQL_SESSION_FILE, "i",
		    had.v[i]) == STORE_OK && n < 0)
			(void)unlink(path);
		free(path);
	}
	free(had.v);
	return (rc);
}

int
store_snapshot_load(struct store *st, const char *dir, struct err *e)
{
	char *file = mem_printf("%s/store.db", dir);
	sqlite3 *db = NULL;
	int rc = 0;

	if (atomic_load(&st->broken))
		rc = err_set(e, "the store takes no more writes");
	else if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		rc = snapshot_sql(db, file, e);
	if (rc == 0) {
		snapshot_hold(st);
		rc = snapshot_swap(st, db, dir, e);
		snapshot_go_on(st);
	}
	(void)sqlite3_close(db);
	free(file);
	return (rc);
}
