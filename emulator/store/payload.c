#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "emulator/store/hasher.h"
#include "emulator/store/store_int.h"
#include "lib/file.h"

/* 1.4 ms of MD5: from there on it is worth a second thread. */
#define PAYLOAD_ASIDE	(INT64_C(1) << 20)

int64_t
payload_number(struct store *st)
{

	return (atomic_fetch_add(&st->payload_last, 1) + 1);
}

static char *
payload_folder(const struct store *st, int64_t id)
{

	return (mem_printf("%s/payloads/%02x", st->dir, (unsigned)(id & 255)));
}

int
payload_create(struct store *st, int64_t id)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	char *path = store_payload_path(st, id);
	int fd, no;

	fd = open(path, flags, 0600);
	if (fd < 0 && errno == ENOENT) {
		char *folder = payload_folder(st, id);

		if (mkdir(folder, 0700) == 0 || errno == EEXIST)
			fd = open(path, flags, 0600);
		no = errno;
		free(folder);
		errno = no;
	}
	no = errno;
	free(path);
	errno = no;
	return (fd);
}

int
payload_sync(struct store *st, int64_t id, int fd)
{
	char *folder;
	int dir, rc, no;

	if (!st->power)
		return (0);
	if (fsync(fd) != 0)
		return (-1);
	/* The folder itself was synced when the store was opened. */
	folder = payload_folder(st, id);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (dir < 0)
		return (-1);
	rc = fsync(dir);
	no = errno;
	(void)close(dir);
	errno = no;
	return (rc);
}

struct payload *
payload_new_joined(struct store *st)
{
	struct payload *p = mem_alloc(sizeof(*p));

	p->st = st;
	p->fd = -1;
	buf_init(&p->mem, PAYLOAD_INLINE);
	return (p);
}

struct payload *
payload_new(struct store *st)
{
	struct payload *p = payload_new_joined(st);

	p->md5 = checksum_md5_new();
	return (p);
}

/* Closes the file and, unless the store has it now, removes it. */
static void
payload_drop_file(struct payload *p)
{
	char *path;

	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
	/* Where a sync failed nobody knows whether a row names it: it stays,
	 * and the next open decides. */
	if (p->id == 0 || p->taken || atomic_load(&p->st->broken))
		return;
	path = store_payload_path(p->st, p->id);
	(void)unlink(path);
	free(path);
	p->id = 0;
}

void
payload_free(struct payload *p)
{

	if (p == NULL)
		return;
	hasher_close(p->hash);
	payload_drop_file(p);
	checksum_md5_free(p->md5);
	buf_release(&p->mem);
	free(p);
}

/* A write failed with errno: was the disk full, and is there room now?  The
 * file ends after `at` bytes again. */
static bool
payload_again(struct payload *p, int64_t at)
{
	int no = errno;

	if (p->fd >= 0 && store_errno_rc(no) == STORE_FULL &&
	    store_soft_room(p->st) && ftruncate(p->fd, at) == 0 &&
	    lseek(p->fd, at, SEEK_SET) == at)
		return (true);
	errno = no;
	return (false);
}

/* What is in memory goes to a file, for more is coming. */
static int
payload_spill(struct payload *p)
{

	p->id = payload_number(p->st);
	p->fd = payload_create(p->st, p->id);
	if (p->fd < 0)
		return (-1);
	while (file_write_all(p->fd, p->mem.p, p->mem.len) != 0)
		if (!payload_again(p, 0))
			return (-1);
	buf_release(&p->mem);
	return (0);
}

/* What is kept for deletions is not for payloads. */
static int
payload_room(const struct payload *p)
{

	if (store_room_check(p->st) == STORE_OK)
		return (0);
	errno = ENOSPC;
	return (-1);
}

/* To the file, which has p->size bytes. */
static int
payload_put(struct payload *p, const void *data, size_t n)
{

	while (file_write_all(p->fd, data, n) != 0)
		if (!payload_again(p, p->size))
			return (-1);
	return (0);
}

/* n bytes more.  Of a small payload the MD5 is cheapest while they are at hand;
 * the rest of a large one is left to the hasher. */
static void
payload_hash(struct payload *p, const void *data, size_t n)
{
	char *path;

	if (p->hash == NULL)
		checksum_md5_add(p->md5, data, n);
	else
		hasher_more(p->hash, p->size);
	if (p->hash != NULL || p->size < PAYLOAD_ASIDE)
		return;
	path = store_payload_path(p->st, p->id);
	p->hash = hasher_open(p->st->hasher, path, p->size, p->md5);
	p->md5 = NULL;
	free(path);
}

int
payload_write(struct payload *p, const void *data, size_t n)
{
	int no;

	if (p->failed) {
		errno = EIO;
		return (-1);
	}
	if (p->fd < 0 && p->mem.len + n <= PAYLOAD_INLINE) {
		buf_add(&p->mem, data, n);
	} else if (payload_room(p) != 0 ||
	    (p->fd < 0 && payload_spill(p) != 0) ||
	    payload_put(p, data, n) != 0) {
		no = errno;
		p->failed = true;
		payload_drop_file(p);
		errno = no;
		return (-1);
	}
	p->size += (int64_t)n;
	p->crc32c = checksum_crc32c(p->crc32c, data, n);
	payload_hash(p, data, n);
	return (0);
}

/* All of a file, from kernel to kernel where the two file systems can. */
static int
payload_copy_file(int to, int from, int64_t size)
{
	off_t at = 0;
	char *piece;
	ssize_t n = 1;

	while (at < size && n > 0)
		n = copy_file_range(from, &at, to, NULL, (size_t)(size - at),
		    0);
	if (at == size)
		return (0);
	piece = mem_alloc(PAYLOAD_INLINE);
	while (at < size) {
		n = pread(from, piece, PAYLOAD_INLINE, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;		/* shorter than it was */
		if (n <= 0 || file_write_all(to, piece, (size_t)n) != 0)
			break;
		at += n;
	}
	free(piece);
	return (at == size ? 0 : -1);
}

static int
payload_append(struct payload *p, const struct store_reader *r)
{

	if (p->fd < 0 && (r->fd >= 0 ||
	    p->size + r->size > PAYLOAD_INLINE) && payload_spill(p) != 0)
		return (-1);
	if (p->fd >= 0) {
		while ((r->fd >= 0 ? payload_copy_file(p->fd, r->fd, r->size) :
		    file_write_all(p->fd, r->data, (size_t)r->size)) != 0)
			if (!payload_again(p, p->size))
				return (-1);
		return (0);
	}
	buf_add(&p->mem, r->data, (size_t)r->size);
	return (0);
}

int
payload_join(struct payload *p, const struct store_reader *r, uint32_t crc32c)
{
	int no;

	BUG_ON(p->md5 != NULL || p->hash != NULL);
	if (p->failed) {
		errno = EIO;
		return (-1);
	}
	if (payload_room(p) != 0 || payload_append(p, r) != 0) {
		no = errno;
		p->failed = true;
		payload_drop_file(p);
		errno = no;
		return (-1);
	}
	p->crc32c = checksum_crc32c_join(p->crc32c, crc32c, r->size);
	p->size += r->size;
	return (0);
}

int64_t
payload_size(const struct payload *p)
{

	return (p->size);
}

uint32_t
payload_crc32c(const struct payload *p)
{

	return (p->crc32c);
}

int
payload_md5(struct payload *p, unsigned char dst[16])
{

	if (p->hash != NULL)
		return (hasher_get(p->hash, dst));
	checksum_md5_get(p->md5, dst);
	return (0);
}
