/* Durability `power`: group commit.  SQLite writes its log (synchronous =
 * NORMAL: it syncs only around checkpoints); who has committed waits here
 * until that log is on the disk.  One thread syncs for all that committed
 * before it began, and those that come meanwhile are the next group: many
 * writers share one fdatasync(), and nobody holds the writer's lock over it.
 *
 * A commit that others can already read may still be lost with the power
 * until its own call has returned; what was acknowledged is not.
 *
 * A sync that fails leaves unknown what reached the disk (a second one would
 * report success for pages that were dropped), so the store takes no further
 * writes until it has been opened again. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "emulator/store/store_int.h"
#include "lib/log.h"

static bool
store_sync_now(struct store *st)
{
	char *path;
	int fd = st->wal_fd;

	if (fd < 0) {
		path = mem_printf("%s/store.db-wal", st->dir);
		/* No locks stand on this file that a close could drop. */
		st->wal_fd = fd = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
	}
	if (fd >= 0 && fdatasync(fd) == 0)
		return (true);
	log_error("store cannot sync its log: %s; no more writes are taken",
	    strerror(errno));
	return (false);
}

enum store_rc
store_sync(struct store *st, uint64_t commit)
{
	enum store_rc rc;
	uint64_t upto;
	bool ok;

	(void)pthread_mutex_lock(&st->sync_lock);
	while (st->synced < commit && !atomic_load(&st->broken)) {
		if (st->syncing) {
			(void)pthread_cond_wait(&st->sync_done,
			    &st->sync_lock);
			continue;
		}
		st->syncing = true;
		upto = atomic_load(&st->commits);
		(void)pthread_mutex_unlock(&st->sync_lock);
		ok = store_sync_now(st);
		(void)pthread_mutex_lock(&st->sync_lock);
		st->syncing = false;
		if (ok)
			st->synced = upto;
		else
			atomic_store(&st->broken, true);
		(void)pthread_cond_broadcast(&st->sync_done);
	}
	rc = st->synced >= commit ? STORE_OK : STORE_IO;
	(void)pthread_mutex_unlock(&st->sync_lock);
	return (rc);
}
