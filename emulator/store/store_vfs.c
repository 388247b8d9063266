/* SQLite's log, written in large pieces.  SQLite writes it by frames, two
 * calls for each page of a commit.  Here what lies behind one another is
 * gathered, and written when SQLite says that it has to be there: by xSync(),
 * which with synchronous = FULL it calls after the frames of a commit and
 * before any reader, or the next who opens the file, could take them for
 * committed.  An error in writing is told there, too, where SQLite still rolls
 * the transaction back.
 *
 * The database is not gathered: a checkpoint that an older reader keeps from
 * being whole tells others to read its pages there, and calls no xSync().
 *
 * Measured with puts of 4 KiB, one thread: 15 calls of pwrite() each before,
 * 2.5 with both files gathered.
 *
 * How far a sync goes is the store's matter.  With durability `process` none
 * reaches the disk.  With `power` all do but that of a commit, which comes
 * later, for many commits at once (store_sync.c). */
#include <stdlib.h>
#include <string.h>

#include "emulator/store/store_int.h"

/* Below 128 KiB, of which SQLite's own xWrite() makes 0. */
#define ROOM	(124u << 10)

struct gathered {
	sqlite3_file base;
	bool	log, power;
	char	*buf;			/* of a log: ROOM, once it is used */
	size_t	len;			/* not yet in the file, … */
	sqlite3_int64 at;		/* … which begin here */
};

static sqlite3_file *
vfs_real(sqlite3_file *f)
{

	return ((sqlite3_file *)((struct gathered *)f + 1));
}

static int
vfs_flush(struct gathered *g)
{
	sqlite3_file *f = vfs_real(&g->base);
	size_t n = g->len;

	g->len = 0;
	return (n == 0 ? SQLITE_OK :
	    f->pMethods->xWrite(f, g->buf, (int)n, g->at));
}

static int
vfs_close(sqlite3_file *f)
{
	struct gathered *g = (struct gathered *)f;
	sqlite3_file *real = vfs_real(f);
	int rc = vfs_flush(g), closed = real->pMethods->xClose(real);

	free(g->buf);
	g->buf = NULL;
	return (rc != SQLITE_OK ? rc : closed);
}

static int
vfs_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	struct gathered *g = (struct gathered *)f;
	sqlite3_file *real = vfs_real(f);
	int rc = SQLITE_OK;

	if (g->len > 0 && at < g->at + (sqlite3_int64)g->len &&
	    at + n > g->at)
		rc = vfs_flush(g);
	return (rc != SQLITE_OK ? rc : real->pMethods->xRead(real, p, n, at));
}

static int
vfs_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct gathered *g = (struct gathered *)f;
	sqlite3_file *real = vfs_real(f);
	int rc = SQLITE_OK;

	if (g->len > 0 && (at != g->at + (sqlite3_int64)g->len ||
	    g->len + (size_t)n > ROOM))
		rc = vfs_flush(g);
	if (rc != SQLITE_OK)
		return (rc);
	if (!g->log || (size_t)n > ROOM)
		return (real->pMethods->xWrite(real, p, n, at));
	if (g->buf == NULL)
		g->buf = mem_alloc(ROOM);
	if (g->len == 0)
		g->at = at;
	memcpy(g->buf + g->len, p, (size_t)n);
	g->len += (size_t)n;
	return (SQLITE_OK);
}

static int
vfs_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	sqlite3_file *real = vfs_real(f);
	int rc = vfs_flush((struct gathered *)f);

	return (rc != SQLITE_OK ? rc :
	    real->pMethods->xTruncate(real, size));
}

/* Frames that have just been written are a commit's.  At the log's begin it is
 * a new header, which must be on the disk before frames refer to it. */
static int
vfs_sync(sqlite3_file *f, int flags)
{
	struct gathered *g = (struct gathered *)f;
	sqlite3_file *real = vfs_real(f);
	bool commit = g->log && g->len > 0 && g->at > 0;
	int rc = vfs_flush(g);

	if (rc != SQLITE_OK || !g->power || commit)
		return (rc);
	return (real->pMethods->xSync(real, flags));
}

static int
vfs_size(sqlite3_file *f, sqlite3_int64 *size)
{
	sqlite3_file *real = vfs_real(f);
	int rc = vfs_flush((struct gathered *)f);

	return (rc != SQLITE_OK ? rc :
	    real->pMethods->xFileSize(real, size));
}

static int
vfs_lock(sqlite3_file *f, int level)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xLock(real, level));
}

static int
vfs_unlock(sqlite3_file *f, int level)
{
	sqlite3_file *real = vfs_real(f);
	int rc = vfs_flush((struct gathered *)f);
	int unlocked = real->pMethods->xUnlock(real, level);

	return (rc != SQLITE_OK ? rc : unlocked);
}

static int
vfs_reserved(sqlite3_file *f, int *out)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xCheckReservedLock(real, out));
}

static int
vfs_control(sqlite3_file *f, int op, void *arg)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xFileControl(real, op, arg));
}

static int
vfs_sector(sqlite3_file *f)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xSectorSize(real));
}

static int
vfs_traits(sqlite3_file *f)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xDeviceCharacteristics(real));
}

static int
vfs_shm_map(sqlite3_file *f, int page, int size, int extend,
    void volatile **out)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xShmMap(real, page, size, extend, out));
}

static int
vfs_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xShmLock(real, offset, n, flags));
}

static void
vfs_shm_barrier(sqlite3_file *f)
{
	sqlite3_file *real = vfs_real(f);

	real->pMethods->xShmBarrier(real);
}

static int
vfs_shm_unmap(sqlite3_file *f, int drop)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xShmUnmap(real, drop));
}

static int
vfs_fetch(sqlite3_file *f, sqlite3_int64 at, int n, void **out)
{
	sqlite3_file *real = vfs_real(f);
	int rc = vfs_flush((struct gathered *)f);

	return (rc != SQLITE_OK ? rc :
	    real->pMethods->xFetch(real, at, n, out));
}

static int
vfs_unfetch(sqlite3_file *f, sqlite3_int64 at, void *p)
{
	sqlite3_file *real = vfs_real(f);

	return (real->pMethods->xUnfetch(real, at, p));
}

static const sqlite3_io_methods methods = {
	.iVersion = 3,
	.xClose = vfs_close,
	.xRead = vfs_read,
	.xWrite = vfs_write,
	.xTruncate = vfs_truncate,
	.xSync = vfs_sync,
	.xFileSize = vfs_size,
	.xLock = vfs_lock,
	.xUnlock = vfs_unlock,
	.xCheckReservedLock = vfs_reserved,
	.xFileControl = vfs_control,
	.xSectorSize = vfs_sector,
	.xDeviceCharacteristics = vfs_traits,
	.xShmMap = vfs_shm_map,
	.xShmLock = vfs_shm_lock,
	.xShmBarrier = vfs_shm_barrier,
	.xShmUnmap = vfs_shm_unmap,
	.xFetch = vfs_fetch,
	.xUnfetch = vfs_unfetch,
};

/* ---- the VFS: SQLite's own, but for these files ---- */

static struct sqlite3_vfs process, power, *unix_vfs;

static int
vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
    int *out)
{
	struct gathered *g = (struct gathered *)f;
	int rc;

	if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL |
	    SQLITE_OPEN_MAIN_JOURNAL)) == 0)
		return (unix_vfs->xOpen(unix_vfs, name, f, flags, out));
	*g = (struct gathered){ .log = (flags & SQLITE_OPEN_WAL) != 0,
	    .power = v == &power };
	rc = unix_vfs->xOpen(unix_vfs, name, vfs_real(f), flags, out);
	/* It is closed only where it has methods. */
	if (rc == SQLITE_OK)
		g->base.pMethods = &methods;
	return (rc);
}

/* What SQLite's VFS does with a name, or without, does not depend on whose it
 * is asked through; only its xOpen() looks at that. */
static void
vfs_make(struct sqlite3_vfs *v, const char *name)
{

	*v = *unix_vfs;
	v->zName = name;
	v->szOsFile = (int)sizeof(struct gathered) + unix_vfs->szOsFile;
	v->xOpen = vfs_open;
	v->pNext = NULL;
	(void)sqlite3_vfs_register(v, 0);
}

static void
vfs_once(void)
{

	/* Counting what SQLite allocates takes a lock for each piece. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	unix_vfs = sqlite3_vfs_find("unix");
	BUG_ON(unix_vfs == NULL);
	vfs_make(&process, "store-process");
	vfs_make(&power, "store-power");
}

const char *
store_vfs(const struct store *st)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, vfs_once);
	return (st->power ? power.zName : process.zName);
}
