/* Opening and closing: the folder's lock, the file's schema, and what a crash
 * has left behind.  Nothing damaged is ever repaired; the only things removed
 * are payload files that no row names and sessions past their week. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "emulator/store/hasher.h"
#include "emulator/store/store_int.h"
#include "emulator/store/store_multi.h"
#include "lib/file.h"

#define STORE_APP_ID	0x6c645354	/* "ldST", in SQLite's header */
#define STORE_SCHEMA	2		/* … its user_version */
#define STORE_SESSION_US	(7 * INT64_C(86400000000))

static const char schema[] =
    "CREATE TABLE counters (id INTEGER PRIMARY KEY CHECK (id = 1),"
    " mutation INTEGER NOT NULL, generation INTEGER NOT NULL);"
    "INSERT INTO counters VALUES (1, 0, 0);"
    "CREATE TABLE buckets (rid INTEGER PRIMARY KEY, id INTEGER NOT NULL,"
    " name TEXT NOT NULL, project TEXT NOT NULL, attrs TEXT NOT NULL,"
    " policy TEXT NOT NULL, metageneration INTEGER NOT NULL,"
    " policy_version INTEGER NOT NULL, created_us INTEGER NOT NULL,"
    " updated_us INTEGER NOT NULL, versioning INTEGER NOT NULL,"
    " history_from INTEGER NOT NULL, view_of INTEGER NOT NULL,"
    " view_at INTEGER NOT NULL, born INTEGER NOT NULL,"
    " died INTEGER NOT NULL, generation INTEGER NOT NULL,"
    " adopts INTEGER NOT NULL, retention_us INTEGER NOT NULL,"
    " softer_us INTEGER NOT NULL, softest_us INTEGER NOT NULL,"
    " soft_us INTEGER NOT NULL, hard_us INTEGER NOT NULL,"
    " lost INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX buckets_live ON buckets (name)"
    " WHERE died = 9223372036854775807;"
    "CREATE INDEX buckets_name ON buckets (name, born);"
    "CREATE INDEX buckets_id ON buckets (id, born);"
    "CREATE INDEX buckets_soft ON buckets (name, generation)"
    " WHERE lost = 9223372036854775807;"
    "CREATE TABLE objects (bucket INTEGER NOT NULL, name TEXT NOT NULL,"
    " generation INTEGER NOT NULL, born INTEGER NOT NULL,"
    " died INTEGER NOT NULL, gone INTEGER NOT NULL,"
    " metageneration INTEGER NOT NULL, size INTEGER NOT NULL,"
    " crc32c INTEGER NOT NULL, md5 BLOB, components INTEGER NOT NULL,"
    " payload INTEGER NOT NULL, created_us INTEGER NOT NULL,"
    " updated_us INTEGER NOT NULL, deleted_us INTEGER NOT NULL,"
    " attrs TEXT NOT NULL, holds INTEGER NOT NULL,"
    " retain_us INTEGER NOT NULL, kept_us INTEGER NOT NULL,"
    " soft_us INTEGER NOT NULL, hard_us INTEGER NOT NULL,"
    " lost INTEGER NOT NULL,"
    " PRIMARY KEY (bucket, name, generation, born)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX objects_live ON objects (bucket, name)"
    " WHERE died = 9223372036854775807;"
    "CREATE INDEX objects_noncurrent ON objects (bucket, name)"
    " WHERE gone = 9223372036854775807 AND died <> 9223372036854775807;"
    "CREATE INDEX objects_soft ON objects (hard_us, size)"
    " WHERE lost = 9223372036854775807;"
    "CREATE TABLE payloads (id INTEGER PRIMARY KEY, size INTEGER NOT NULL,"
    " data BLOB);"
    "CREATE INDEX payload_files ON payloads (id, size) WHERE data IS NULL;"
    "CREATE TABLE shared (id INTEGER PRIMARY KEY, refs INTEGER NOT NULL);"
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, bucket TEXT NOT NULL,"
    " name TEXT NOT NULL, attrs TEXT NOT NULL, principal TEXT,"
    " terms TEXT NOT NULL, payload INTEGER NOT NULL,"
    " persisted INTEGER NOT NULL, done INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, created_us INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX sessions_payload ON sessions (payload);"
    "CREATE TABLE multis (id TEXT PRIMARY KEY, bucket INTEGER NOT NULL,"
    " name TEXT NOT NULL, attrs TEXT NOT NULL, principal TEXT,"
    " created_us INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX multis_name ON multis (bucket, name, id);"
    "CREATE TABLE parts (upload TEXT NOT NULL, number INTEGER NOT NULL,"
    " payload INTEGER NOT NULL, size INTEGER NOT NULL,"
    " crc32c INTEGER NOT NULL, md5 BLOB NOT NULL,"
    " modified_us INTEGER NOT NULL, PRIMARY KEY (upload, number))"
    " WITHOUT ROWID;"
    "CREATE TABLE folders (bucket INTEGER NOT NULL,"
    " managed INTEGER NOT NULL, name TEXT NOT NULL,"
    " metageneration INTEGER NOT NULL, created_us INTEGER NOT NULL,"
    " updated_us INTEGER NOT NULL, policy TEXT NOT NULL,"
    " policy_version INTEGER NOT NULL,"
    " PRIMARY KEY (bucket, managed, name)) WITHOUT ROWID;"
    "CREATE TABLE records (kind TEXT NOT NULL, key TEXT NOT NULL,"
    " json TEXT NOT NULL, version INTEGER NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID;";

char *
store_payload_path(const struct store *st, int64_t id)
{

	return (mem_printf("%s/payloads/%02x/%016" PRIx64, st->dir,
	    (unsigned)(id & 255), (uint64_t)id));
}

/* ---- the folder ---- */

static int
store_lock(struct store *st, struct err *e)
{
	char *path = mem_printf("%s/lock", st->dir), pid[32];
	ssize_t n;
	int rc = 0;

	st->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (st->lock_fd < 0) {
		rc = err_setno(e, "cannot open %s", path);
	} else if (flock(st->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		int no = errno;

		n = pread(st->lock_fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? n : 0] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		errno = no;
		rc = no == EWOULDBLOCK ?
		    err_set(e, "the data directory %s is in use by the "
		    "emulator with pid %s", st->dir,
		    *pid != '\0' ? pid : "(unknown)") :
		    err_setno(e, "cannot lock %s", path);
	} else {
		int len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

		if (ftruncate(st->lock_fd, 0) != 0 ||
		    pwrite(st->lock_fd, pid, (size_t)len, 0) != len)
			rc = err_setno(e, "cannot write %s", path);
	}
	free(path);
	return (rc);
}

/* Did the power fail while the file was being made?  Then SQLite's rollback
 * journal says that there were no pages before, and it will make an empty file
 * of it, whatever is in there.
 * https://www.sqlite.org/fileformat.html#the_rollback_journal */
static bool
store_half_made(const char *path)
{
	static const unsigned char magic[8] = { 0xd9, 0xd5, 0x05, 0xf9, 0x20,
	    0xa1, 0x63, 0xd7 }, none[4];
	char *journal = mem_printf("%s-journal", path);
	int fd = open(journal, O_RDONLY | O_CLOEXEC);
	unsigned char h[20];
	bool half;

	half = fd >= 0 && read(fd, h, sizeof(h)) == (ssize_t)sizeof(h) &&
	    memcmp(h, magic, sizeof(magic)) == 0 &&
	    memcmp(h + 16, none, sizeof(none)) == 0;
	if (fd >= 0)
		(void)close(fd);
	free(journal);
	return (half);
}

/* Look at the file's first bytes before SQLite opens it, which may write to
 * it; a new one is made here, so that nobody else can read it (SQLite gives
 * the files beside it the same mode).  0: ours or new. */
static int
store_check_header(const char *path, struct err *e)
{
	unsigned char h[100];
	uint32_t app, version;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return (err_setno(e, "cannot open %s", path));
	n = read(fd, h, sizeof(h));
	(void)close(fd);
	if (n < 0)
		return (err_setno(e, "cannot read %s", path));
	if (n == 0 || store_half_made(path))
		return (0);
	if (n < (ssize_t)sizeof(h) || memcmp(h, "SQLite format 3", 16) != 0)
		return (err_set(e, "%s is damaged or not a store: it is not "
		    "an SQLite file", path));
	app = (uint32_t)h[68] << 24 | (uint32_t)h[69] << 16 |
	    (uint32_t)h[70] << 8 | h[71];
	version = (uint32_t)h[60] << 24 | (uint32_t)h[61] << 16 |
	    (uint32_t)h[62] << 8 | h[63];
	if (app != STORE_APP_ID)
		return (err_set(e, "%s is an SQLite file, but not a store of "
		    "gcs-emulator", path));
	if (version != STORE_SCHEMA)
		return (err_set(e, "%s has schema %" PRIu32 ", and this "
		    "program knows schema %d: it was written by %s program",
		    path, version, STORE_SCHEMA,
		    version > STORE_SCHEMA ? "a newer" : "an older"));
	return (0);
}

/* ---- connections ---- */

static int
store_sql_err(struct store_conn *c, const char *path, struct err *e)
{
	int code = c->db != NULL ? sqlite3_extended_errcode(c->db) :
	    SQLITE_NOMEM, no;

	if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
		return (err_set(e, "%s is damaged: %s", path,
		    sqlite3_errmsg(c->db)));
	no = c->db != NULL ? sqlite3_system_errno(c->db) : 0;
	if (no != 0 && ((code & 0xff) == SQLITE_CANTOPEN ||
	    (code & 0xff) == SQLITE_IOERR)) {
		errno = no;
		return (err_setno(e, "cannot use %s", path));
	}
	return (err_set(e, "cannot use %s: %s", path, c->db != NULL ?
	    sqlite3_errmsg(c->db) : sqlite3_errstr(code)));
}

static int
store_connect(struct store *st, struct store_conn *c, const char *path,
    int cache_kib, struct err *e)
{
	char *pragmas = mem_printf("PRAGMA synchronous = FULL;"
	    "PRAGMA cache_size = -%d; PRAGMA secure_delete = OFF;"
	    "PRAGMA wal_autocheckpoint = 1000;"
	    "PRAGMA temp_store = MEMORY", cache_kib);
	int rc = 0;

	c->st = st;
	if (sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_EXRESCODE, store_vfs(st)) != SQLITE_OK ||
	    sqlite3_busy_timeout(c->db, STORE_BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(c->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		rc = store_sql_err(c, path, e);
	free(pragmas);
	return (rc);
}

/* The first column of the first row as a heap string, or NULL. */
static char *
store_pragma(struct store_conn *c, const char *sql)
{
	sqlite3_stmt *s = NULL;
	char *v = NULL;

	if (sqlite3_prepare_v2(c->db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		const void *text = sqlite3_column_text(s, 0);

		v = mem_strdup(text != NULL ? text : "");
	}
	(void)sqlite3_finalize(s);
	return (v);
}

/* A new file gets its schema while it is still in rollback mode, so that its
 * header says whose it is from the first commit on. */
static int
store_create(struct store *st, const char *path, struct err *e)
{
	char *n = store_pragma(&st->w, "SELECT count(*) FROM sqlite_master");
	char *sql;
	int rc = 0;

	if (n == NULL)
		return (store_sql_err(&st->w, path, e));
	if (strcmp(n, "0") == 0) {
		sql = mem_printf("PRAGMA page_size = %d; BEGIN;"
		    "PRAGMA application_id = %d; PRAGMA user_version = %d; %s"
		    "COMMIT", STORE_PAGE, STORE_APP_ID, STORE_SCHEMA, schema);
		if (sqlite3_exec(st->w.db, sql, NULL, NULL, NULL) !=
		    SQLITE_OK)
			rc = store_sql_err(&st->w, path, e);
		free(sql);
	}
	free(n);
	return (rc);
}

/* Everything but the payloads' pages is read once and must be whole; those
 * pages are checked by size against the files, and when they are read. */
int
store_check_tables(struct store_conn *c, const char *path, struct err *e)
{
	static const char *const tables[] = { "counters", "buckets",
		"objects", "shared", "sessions", "multis", "parts",
		"records" };
	char *found;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < NELEMS(tables); i++) {
		char *sql = mem_printf("PRAGMA quick_check('%s')", tables[i]);

		found = store_pragma(c, sql);
		if (found == NULL)
			rc = store_sql_err(c, path, e);
		else if (strcmp(found, "ok") != 0)
			rc = err_set(e, "%s is damaged: table %s: %s", path,
			    tables[i], found);
		free(found);
		free(sql);
	}
	return (rc);
}

static int
store_open_db(struct store *st, const char *path, struct err *e)
{
	char *mode = NULL;
	int rc;

	if (store_check_header(path, e) != 0 ||
	    store_connect(st, &st->w, path, 8192, e) != 0)
		return (-1);
	if (sqlite3_db_readonly(st->w.db, "main") == 1)
		return (err_set(e, "cannot use %s: it cannot be written",
		    path));
	if (store_create(st, path, e) != 0)
		return (-1);
	mode = store_pragma(&st->w, "PRAGMA journal_mode = WAL");
	if (mode == NULL)
		rc = store_sql_err(&st->w, path, e);
	else if (strcmp(mode, "wal") != 0)
		rc = err_set(e, "cannot use %s: SQLite's WAL mode does not "
		    "work in this folder", path);
	else
		rc = store_check_tables(&st->w, path, e);
	free(mode);
	for (int i = 0; rc == 0 && i < STORE_READERS; i++)
		rc = store_connect(st, &st->r[i], path, 1024, e);
	return (rc);
}

int
store_load_counters(struct store *st, const char *path, struct err *e)
{
	sqlite3_stmt *s;
	enum store_rc rc;
	int64_t last, live;

	s = store_sql_start(&st->w, SQL_COUNTERS_GET, "");
	if (!store_sql_next(&st->w, s, &rc))
		return (rc == STORE_OK ?
		    err_set(e, "%s is damaged: it has no counters", path) :
		    store_sql_err(&st->w, path, e));
	store_publish(st, sqlite3_column_int64(s, 0));
	st->generation = sqlite3_column_int64(s, 1);
	store_sql_end(s);
	if (store_sql_int(&st->w, &last, 0, SQL_PAYLOAD_LAST, "") != STORE_OK ||
	    store_sql_int(&st->w, &st->soft_bytes, 0, SQL_SOFT_SUM, "i",
	    (int64_t)STORE_SOFT_ROW) != STORE_OK ||
	    store_sql_int(&st->w, &live, 0, SQL_STAT_OBJECTS, "") !=
	    STORE_OK || store_sql_do(&st->w, SQL_SESSION_EXPIRE, "i",
	    clock_wall_us(st->clock) - STORE_SESSION_US) != STORE_OK)
		return (store_sql_err(&st->w, path, e));
	atomic_store(&st->payload_last, last);
	atomic_store(&st->live, live);
	return (0);
}

/* ---- payload files ---- */

/* Each row of the query names a file that must hold that many bytes; what a
 * session's file has beyond them was never acknowledged. */
static int
store_check_files(struct store *st, enum store_sql q, bool more, struct err *e)
{
	sqlite3_stmt *s = store_sql_start(&st->w, q, "");
	enum store_rc rc;

	while (store_sql_next(&st->w, s, &rc)) {
		int64_t want = sqlite3_column_int64(s, 1), have;
		char *path = store_payload_path(st,
		    sqlite3_column_int64(s, 0));
		int bad = 0;

		have = file_size(path);
		if (have < 0 && !(more && want == 0))
			bad = err_set(e, "%s is damaged: the payload %s is "
			    "missing", st->dir, path);
		else if (have >= 0 && (more ? have < want : have != want))
			bad = err_set(e, "%s is damaged: the payload %s has "
			    "%" PRId64 " bytes instead of %" PRId64, st->dir,
			    path, have, want);
		free(path);
		if (bad != 0) {
			store_sql_end(s);
			return (-1);
		}
	}
	return (rc == STORE_OK ? 0 : store_sql_err(&st->w, st->dir, e));
}

/* Is there a row that names this file? */
static bool
store_file_wanted(struct store *st, const char *name)
{
	int64_t n = -1, m = -1;
	uint64_t id;
	int used = 0;

	if (strlen(name) != 16 ||
	    sscanf(name, "%16" SCNx64 "%n", &id, &used) != 1 || used != 16)
		return (false);
	/* Where the question fails, the file stays. */
	if (store_sql_int(&st->w, &n, -1, SQL_PAYLOAD_FILE, "i",
	    (int64_t)id) != STORE_OK || n >= 0)
		return (true);
	return (store_sql_int(&st->w, &m, -1, SQL_SESSION_FILE, "i",
	    (int64_t)id) != STORE_OK || m >= 0);
}

static int
store_sweep_folder(struct store *st, int fd, const char *folder,
    struct err *e)
{
	struct dirent *d;
	DIR *dir;
	int sub, rc = 0;

	sub = openat(fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sub < 0 && errno == ENOENT)
		return (0);
	if (sub < 0 || (dir = fdopendir(sub)) == NULL) {
		err_setno(e, "cannot open %s/payloads/%s", st->dir, folder);
		if (sub >= 0)
			(void)close(sub);
		return (-1);
	}
	while (rc == 0 && (d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && !store_file_wanted(st, d->d_name) &&
		    unlinkat(sub, d->d_name, 0) != 0)
			rc = err_setno(e, "cannot remove %s/payloads/%s/%s",
			    st->dir, folder, d->d_name);
	(void)closedir(dir);
	return (rc);
}

int
store_sweep(struct store *st, struct err *e)
{
	char *path = mem_printf("%s/payloads", st->dir), folder[3];
	int fd, rc;

	rc = file_mkdirs(path, 0700, e);
	fd = rc == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (rc == 0 && fd < 0)
		rc = err_setno(e, "cannot open %s", path);
	for (unsigned i = 0; rc == 0 && i < 256; i++) {
		(void)snprintf(folder, sizeof(folder), "%02x", i);
		rc = store_sweep_folder(st, fd, folder, e);
	}
	if (fd >= 0)
		(void)close(fd);
	free(path);
	return (rc);
}

static int
store_sync_folder(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd) != 0)
		rc = err_setno(e, "cannot sync %s", path);
	if (fd >= 0)
		(void)close(fd);
	return (rc);
}

/* Durability `power`: every folder is there and on the disk from the start, so
 * that a payload has only itself and its entry to sync. */
static int
store_sync_folders(struct store *st, struct err *e)
{
	char *payloads = mem_printf("%s/payloads", st->dir);
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < 256; i++) {
		char *path = mem_printf("%s/%02x", payloads, i);

		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			rc = err_setno(e, "cannot make %s", path);
		free(path);
	}
	if (rc == 0)
		rc = store_sync_folder(payloads, e);
	if (rc == 0)
		rc = store_sync_folder(st->dir, e);
	free(payloads);
	return (rc);
}

/* ---- the store ---- */

static struct store *
store_new(const struct store_opts *o)
{
	struct store *st = mem_alloc(sizeof(*st));
	pthread_condattr_t attr;

	st->dir = mem_strdup(o->dir);
	st->power = o->power;
	st->history = o->history;
	st->clock = o->clock;
	st->rules = o->rules;
	st->soft_max = o->soft_bytes;
	st->lock_fd = st->wal_fd = -1;
	st->cache = store_cache_new();
	st->hasher = hasher_new();
	(void)pthread_mutex_init(&st->whole_lock, NULL);
	(void)pthread_mutex_init(&st->write_lock, NULL);
	(void)pthread_mutex_init(&st->batch_lock, NULL);
	st->batch_end = &st->batch;
	(void)pthread_mutex_init(&st->sync_lock, NULL);
	(void)pthread_cond_init(&st->sync_done, NULL);
	(void)pthread_mutex_init(&st->read_lock, NULL);
	(void)pthread_mutex_init(&st->wait_lock, NULL);
	(void)pthread_mutex_init(&st->upload_lock, NULL);
	(void)pthread_mutex_init(&st->stat_lock, NULL);
	(void)pthread_cond_init(&st->read_free, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&st->moved, &attr);
	(void)pthread_condattr_destroy(&attr);
	return (st);
}

struct store *
store_open(const struct store_opts *o, struct err *e)
{
	struct store *st = store_new(o);
	char *path = mem_printf("%s/store.db", o->dir);
	int rc;

	rc = file_mkdirs(o->dir, 0700, e);
	if (rc == 0)
		rc = store_lock(st, e);
	if (rc == 0) {
		store_room_open(st);
		rc = store_open_db(st, path, e);
	}
	if (rc == 0)
		rc = store_load_counters(st, path, e);
	if (rc == 0 && store_multi_expire(st,
	    clock_wall_us(st->clock) - STORE_SESSION_US) != STORE_OK)
		rc = store_sql_err(&st->w, path, e);
	if (rc == 0)
		rc = store_snapshots_open(st, e);
	if (rc == 0)
		rc = store_sweep(st, e);
	if (rc == 0 && st->power)
		rc = store_sync_folders(st, e);
	if (rc == 0)
		rc = store_check_files(st, SQL_PAYLOAD_FILES, false, e);
	if (rc == 0)
		rc = store_check_files(st, SQL_SESSION_FILES, true, e);
	free(path);
	if (rc != 0) {
		store_close(st);
		return (NULL);
	}
	return (st);
}

void
store_close(struct store *st)
{

	if (st == NULL)
		return;
	store_uploads_free(st);
	hasher_free(st->hasher);
	for (int i = 0; i < STORE_READERS; i++)
		store_sql_close(&st->r[i]);
	store_sql_close(&st->w);
	if (st->wal_fd >= 0)
		(void)close(st->wal_fd);
	if (st->lock_fd >= 0)
		(void)close(st->lock_fd);
	(void)pthread_cond_destroy(&st->moved);
	(void)pthread_cond_destroy(&st->sync_done);
	(void)pthread_mutex_destroy(&st->sync_lock);
	(void)pthread_cond_destroy(&st->read_free);
	(void)pthread_mutex_destroy(&st->upload_lock);
	(void)pthread_mutex_destroy(&st->stat_lock);
	(void)pthread_mutex_destroy(&st->wait_lock);
	(void)pthread_mutex_destroy(&st->read_lock);
	(void)pthread_mutex_destroy(&st->batch_lock);
	(void)pthread_mutex_destroy(&st->write_lock);
	(void)pthread_mutex_destroy(&st->whole_lock);
	store_cache_free(st->cache);
	free(st->dead);
	free(st->rates);
	free(st->dir);
	free(st);
}
