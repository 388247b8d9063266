/* Room on the disk that is kept for deletions: a file of blocks and nothing
 * else.  To delete takes room, too (SQLite's log), so on a disk that is full
 * to its last block nothing could be freed through the API.  A deletion that
 * meets that gives the file's blocks up and is carried out again; everything
 * that lets the store grow is then FULL until they have been taken back.
 *
 * What is given up lets SQLite's log go into the database first: the log is
 * cut to nothing by that, which is as much room again, or more.
 *
 * A store that opens on a full disk gives it up, too: the log, its index and
 * what else an emulator writes before it is ready would not fit. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "emulator/store/store_int.h"
#include "lib/file.h"
#include "lib/log.h"

/* By how much a checkpoint may let the database grow: about 1000 pages of log
 * stand for one, and the largest batch behind them.  To take it costs 30 us
 * on ext4 and 2 ms on tmpfs. */
#define ROOM		(INT64_C(8) << 20)
#define ROOM_PART	8		/* of the file system, at most */
#define ROOM_OPEN	(INT64_C(256) << 10) /* what it takes to begin */
#define ROOM_WAIT_MS	200		/* for readers of an old log */
#define ROOM_TRIES	8

/* The file with its blocks, or with size 0 none at all.  0, or -1 with
 * errno. */
static int
room_size(const struct store *st, int64_t size)
{
	char *path = mem_printf("%s/room", st->dir);
	int fd = -1, no = 0;

	if (size > 0) {
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		no = fd < 0 ? errno : posix_fallocate(fd, 0, size);
	}
	if (fd >= 0)
		(void)close(fd);
	if (size == 0 || no != 0)
		(void)unlink(path);
	free(path);
	errno = no;
	return (no == 0 ? 0 : -1);
}

void
store_room_open(struct store *st)
{
	char *path = mem_printf("%s/room", st->dir);
	int64_t have = file_size(path), all;
	struct statvfs fs;
	bool begins;

	free(path);
	if (statvfs(st->dir, &fs) != 0)
		return;
	all = (int64_t)(fs.f_blocks * fs.f_frsize) / ROOM_PART;
	begins = (int64_t)(fs.f_bavail * fs.f_frsize) >= ROOM_OPEN &&
	    (fs.f_files == 0 || fs.f_favail > 0);
	st->room = (all < ROOM ? all : ROOM) & ~(int64_t)(STORE_PAGE - 1);
	if (have >= st->room && begins)
		return;
	if (have <= 0 || begins) {
		if (room_size(st, st->room) == 0)
			return;
		/* Where files cannot be that large nothing is kept; the same
		 * goes for file systems that do not know how. */
		if (store_errno_rc(errno) != STORE_FULL || errno == EFBIG) {
			st->room = 0;
			return;
		}
	} else
		(void)room_size(st, 0);
	log_info("store %s: the disk is full; nothing new is taken before "
	    "there is room again", st->dir);
	atomic_store(&st->room_out, true);
}

/* The log into the database, and the log's own blocks free, where no reader
 * keeps that from being done.  The writer's lock is held. */
static void
room_fold(struct store *st)
{
	sqlite3 *db = st->w.db;

	/* Readers that begin after the first need no log. */
	store_read_drop(st);
	(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
	store_read_drop(st);
	(void)sqlite3_busy_timeout(db, ROOM_WAIT_MS);
	(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
	    NULL, NULL);
	(void)sqlite3_busy_timeout(db, STORE_BUSY_MS);
}

bool
store_room_fold(struct store *st)
{
	bool can;

	(void)pthread_mutex_lock(&st->write_lock);
	can = !atomic_load(&st->broken);
	if (can)
		room_fold(st);
	(void)pthread_mutex_unlock(&st->write_lock);
	return (can);
}

bool
store_room_give(struct store *st)
{

	if (st->room == 0)
		return (false);
	if (!atomic_load(&st->room_out)) {
		atomic_store(&st->room_out, true);
		(void)room_size(st, 0);
	}
	room_fold(st);
	return (true);
}

/* It is taken back, unless somebody uses it.  The writer's lock is held. */
static void
room_take(struct store *st)
{
	bool taken;

	if (!atomic_load(&st->room_out) || st->room_wanted > 0 ||
	    atomic_load(&st->broken))
		return;
	taken = room_size(st, st->room) == 0;
	if (!taken) {
		room_fold(st);
		taken = room_size(st, st->room) == 0;
	}
	atomic_store(&st->room_out, !taken);
}

/* Writes that began before it was given up may take of it until they fail:
 * hence more than one try. */
bool
store_room_again(struct store *st, enum store_rc rc, int *tries)
{
	bool again = rc == STORE_FULL && *tries < ROOM_TRIES;

	if (!again && *tries == 0)
		return (false);
	(void)pthread_mutex_lock(&st->write_lock);
	again = again && !atomic_load(&st->broken) && store_room_give(st);
	if (again && (*tries)++ == 0)
		st->room_wanted++;
	else if (!again && *tries > 0 && --st->room_wanted == 0)
		room_take(st);
	(void)pthread_mutex_unlock(&st->write_lock);
	return (again);
}

enum store_rc
store_room_check(struct store *st)
{

	if (!atomic_load(&st->room_out))
		return (STORE_OK);
	do {
		(void)pthread_mutex_lock(&st->write_lock);
		room_take(st);
		(void)pthread_mutex_unlock(&st->write_lock);
	} while (atomic_load(&st->room_out) && store_soft_room(st));
	return (atomic_load(&st->room_out) ? STORE_FULL : STORE_OK);
}
