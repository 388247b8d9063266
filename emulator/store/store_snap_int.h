/* emulator/store/store_snap_int.h: what the files of the snapshots share. */
#ifndef EMULATOR_STORE_SNAP_INT_H
#define EMULATOR_STORE_SNAP_INT_H

#include "emulator/store/store_int.h"
#include "emulator/store/store_snapshot.h"

/* Files that a database names, and how many bytes they have at least. */
#define SNAP_FILES	"SELECT id, size FROM payloads WHERE data IS NULL"
#define SNAP_SESSIONS	"SELECT payload, persisted FROM sessions"	\
	" WHERE payload > 0"

/* `dot`: "" or what is put in front of a name; heap. */
char	*snap_path(const struct store *, const char *dot, const char *name);
char	*snap_payload(const char *dir, int64_t id);
int	snap_about_write(const char *dir, bool power,
    const struct snapshot *, int64_t payload_last, struct err *);
int	snap_about_read(const char *dir, struct snapshot *,
    int64_t *payload_last, struct err *);
/* An open database; -1 with a message. */
int	snap_db_open(const char *path, bool write, sqlite3 **, struct err *);
int	snap_db_fail(sqlite3 *, const char *path, struct err *);
int	snap_sync_dir(const char *path, struct err *);
/* A hard link, or a copy where there can be none. */
int	snap_link(const char *from, const char *to, struct err *);
/* f for each row (id, size) of a query. */
int	snap_files(sqlite3 *, const char *sql, int (*f)(void *, int64_t id,
    int64_t size, struct err *), void *cls, struct err *);

/* The first column of all rows, put together: what to run, or what differs. */
int	snap_text(sqlite3 *, const char *sql, struct buf *);

/* ---- store_wipe.c ---- */

/* With the writer's lock, when every row may be another: what is kept in
 * memory is that of the new rows. */
int	snap_reload(struct store *, struct err *);
/* Payload files that no row names any more go; a failure is logged. */
void	snap_sweep(struct store *);

#endif
