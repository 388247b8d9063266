/* Snapshots as folders: names, lists, and what a crash has left. */
#include "emulator/store/store_snap_int.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/str.h"

#define FORMAT	1

bool
store_snapshot_name_ok(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > SNAPSHOT_NAME || *name == '.' || *name == '-')
		return (false);
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    strchr("-_.", name[i]) == NULL)
			return (false);
	return (true);
}

char *
snap_path(const struct store *st, const char *dot, const char *name)
{

	return (mem_printf("%s/snapshots/%s%s", st->dir, dot, name));
}

char *
snap_payload(const char *dir, int64_t id)
{

	return (mem_printf("%s/payloads/%016" PRIx64, dir, (uint64_t)id));
}

int
snap_sync_dir(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd) != 0)
		rc = err_setno(e, "cannot sync %s", path);
	if (fd >= 0)
		(void)close(fd);
	return (rc);
}

/* ---- the line of numbers ---- */

int
snap_about_write(const char *dir, bool power, const struct snapshot *s,
    int64_t payload_last, struct err *e)
{
	char *path = mem_printf("%s/about", dir);
	char *line = mem_printf("%d %" PRId64 " %" PRId64 " %" PRId64 " %"
	    PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", FORMAT,
	    s->created_us, s->mutation, s->buckets, s->objects, s->database,
	    s->payloads, payload_last);
	int rc = (power ? file_write_synced : file_write)(path, line,
	    strlen(line), 0600, e);

	free(line);
	free(path);
	return (rc);
}

int
snap_about_read(const char *dir, struct snapshot *s, int64_t *payload_last,
    struct err *e)
{
	char *path = mem_printf("%s/about", dir);
	int format = 0, end = 0, rc;
	struct buf b;

	buf_init(&b, 4096);
	rc = file_read(path, &b, e);
	if (rc == 0 && (sscanf(b.p, "%d %" SCNd64 " %" SCNd64 " %" SCNd64 " %"
	    SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %n", &format,
	    &s->created_us, &s->mutation, &s->buckets, &s->objects,
	    &s->database, &s->payloads, payload_last, &end) != 8 ||
	    format != FORMAT || (size_t)end != b.len))
		rc = err_set(e, "%s is damaged or of another version", path);
	buf_release(&b);
	free(path);
	return (rc);
}

/* ---- the database of one ---- */

int
snap_db_fail(sqlite3 *db, const char *path, struct err *e)
{

	return (err_set(e, "cannot use %s: %s", path, db != NULL ?
	    sqlite3_errmsg(db) : "out of memory"));
}

int
snap_db_open(const char *path, bool write, sqlite3 **db, struct err *e)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
	    (write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE :
	    SQLITE_OPEN_READONLY);

	*db = NULL;
	if (sqlite3_open_v2(path, db, flags, NULL) == SQLITE_OK)
		return (0);
	(void)snap_db_fail(*db, path, e);
	(void)sqlite3_close(*db);
	*db = NULL;
	return (-1);
}

/* ---- many ---- */

static int
snap_compare(const void *a, const void *b)
{
	const struct snapshot *x = a, *y = b;

	return (strcmp(x->name, y->name));
}

enum snapshot_rc
store_snapshot_list(struct store *st, struct arena *a, struct snapshot **out,
    size_t *n, struct err *e)
{
	char *path = mem_printf("%s/snapshots", st->dir);
	enum snapshot_rc rc = SNAPSHOT_OK;
	struct snapshot *v = NULL;
	DIR *d = opendir(path);
	const struct dirent *f;
	size_t room = 0;
	int64_t last;

	*n = 0;
	if (d == NULL && errno != ENOENT) {
		(void)err_setno(e, "cannot open %s", path);
		rc = SNAPSHOT_FAILED;
	}
	free(path);
	while (d != NULL && rc == SNAPSHOT_OK && (f = readdir(d)) != NULL) {
		if (!store_snapshot_name_ok(f->d_name))
			continue;
		if (*n == room) {
			room = room > 0 ? 2 * room : 16;
			v = mem_realloc(v, room * sizeof(*v));
		}
		v[*n] = (struct snapshot){ .name = arena_strdup(a,
		    f->d_name) };
		path = snap_path(st, "", f->d_name);
		if (snap_about_read(path, &v[(*n)++], &last, e) != 0)
			rc = SNAPSHOT_FAILED;
		free(path);
	}
	if (d != NULL)
		(void)closedir(d);
	*out = NULL;
	if (*n > 0 && rc == SNAPSHOT_OK) {
		qsort(v, *n, sizeof(*v), snap_compare);
		*out = arena_dup(a, v, *n * sizeof(*v));
	}
	free(v);
	return (rc);
}

enum snapshot_rc
store_snapshot_delete(struct store *st, const char *name, struct err *e)
{
	char *path = snap_path(st, "", name);
	char *gone = snap_path(st, ".del-", name);
	enum snapshot_rc rc = SNAPSHOT_OK;

	/* By one step; what then stays over goes at the next start. */
	if (file_remove_all(gone, e) != 0)
		rc = SNAPSHOT_FAILED;
	else if (rename(path, gone) != 0) {
		rc = errno == ENOENT ? SNAPSHOT_NONE : SNAPSHOT_FAILED;
		(void)err_setno(e, "cannot rename %s", path);
	} else if (file_remove_all(gone, e) != 0)
		rc = SNAPSHOT_FAILED;
	free(path);
	free(gone);
	return (rc);
}

/* ---- when the store is opened ---- */

/* What was put aside for a new one comes back where the new one did not. */
static int
snap_tidy_one(struct store *st, const char *file, struct err *e)
{
	char *path = snap_path(st, "", file), *to;
	int rc;

	if (str_starts(file, ".old-") &&
	    store_snapshot_name_ok(file + strlen(".old-"))) {
		to = snap_path(st, "", file + strlen(".old-"));
		rc = file_exists(to) ? file_remove_all(path, e) :
		    rename(path, to) == 0 ? 0 :
		    err_setno(e, "cannot rename %s", path);
		free(to);
	} else
		rc = file_remove_all(path, e);
	free(path);
	return (rc);
}

/* Numbers of payloads are not given again while a snapshot has them. */
static int
snap_last(struct store *st, const char *file, struct err *e)
{
	struct err damaged = ERR_INIT;
	char *path = snap_path(st, "", file);
	struct snapshot s;
	int64_t last;

	(void)e;			/* nothing here is in the way */
	/* A damaged one is told to who asks for it. */
	if (snap_about_read(path, &s, &last, &damaged) != 0)
		log_error("store %s", err_msg(&damaged));
	else if (last > atomic_load(&st->payload_last))
		atomic_store(&st->payload_last, last);
	err_release(&damaged);
	free(path);
	return (0);
}

static int
snap_each(struct store *st, bool dots, int (*f)(struct store *, const char *,
    struct err *), struct err *e)
{
	char *path = mem_printf("%s/snapshots", st->dir);
	DIR *d = opendir(path);
	const struct dirent *x;
	int rc = 0;

	if (d == NULL && errno != ENOENT)
		rc = err_setno(e, "cannot open %s", path);
	while (d != NULL && rc == 0 && (x = readdir(d)) != NULL)
		if (dots ? str_starts(x->d_name, ".new-") ||
		    str_starts(x->d_name, ".old-") ||
		    str_starts(x->d_name, ".del-") :
		    store_snapshot_name_ok(x->d_name))
			rc = f(st, x->d_name, e);
	if (d != NULL)
		(void)closedir(d);
	free(path);
	return (rc);
}

int
store_snapshots_open(struct store *st, struct err *e)
{

	if (snap_each(st, true, snap_tidy_one, e) != 0)
		return (-1);
	return (snap_each(st, false, snap_last, e));
}
