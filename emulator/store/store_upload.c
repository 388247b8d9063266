/* The bytes of upload sessions.  They go straight to the payload file that the
 * object will have.  What SQLite knows (`persisted`) survives kill -9; the
 * running checksums are kept in memory beside it and are computed anew from
 * the file where that memory was lost.  The MD5 follows the writer on a thread
 * of its own (hasher.h): only the end of a session waits for it.
 *
 * Bytes written but not flushed belong to one request.  When a request begins
 * again at `persisted`, they are dropped: the checksums go back to those of
 * the last flush and the file is written over. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "emulator/store/hasher.h"
#include "emulator/store/store_int.h"

static void
store_sum_add(struct upload_sum *s, const void *p, size_t n)
{

	s->size += (int64_t)n;
	s->crc32c = checksum_crc32c(s->crc32c, p, n);
}

static void
store_upload_free(struct store_upload *u)
{

	if (u->fd >= 0)
		(void)close(u->fd);
	hasher_close(u->hash);
	(void)pthread_mutex_destroy(&u->lock);
	free(u->id);
	free(u);
}

void
store_uploads_free(struct store *st)
{
	struct store_upload *u;

	while ((u = st->uploads) != NULL) {
		st->uploads = u->next;
		store_upload_free(u);
	}
}

struct store_upload *
store_upload_get(struct store *st, const char *id)
{
	struct store_upload *u;

	(void)pthread_mutex_lock(&st->upload_lock);
	for (u = st->uploads; u != NULL; u = u->next)
		if (!u->gone && strcmp(u->id, id) == 0)
			break;
	if (u == NULL) {
		u = mem_alloc(sizeof(*u));
		u->id = mem_strdup(id);
		u->fd = -1;
		(void)pthread_mutex_init(&u->lock, NULL);
		u->next = st->uploads;
		st->uploads = u;
	}
	u->refs++;
	(void)pthread_mutex_unlock(&st->upload_lock);
	(void)pthread_mutex_lock(&u->lock);
	return (u);
}

void
store_upload_put(struct store *st, struct store_upload *u, bool drop)
{
	struct store_upload **p;

	(void)pthread_mutex_unlock(&u->lock);
	(void)pthread_mutex_lock(&st->upload_lock);
	u->gone = u->gone || drop;
	if (--u->refs > 0 || !u->gone)
		u = NULL;
	for (p = &st->uploads; u != NULL && *p != u; p = &(*p)->next)
		;
	if (u != NULL)
		*p = u->next;
	(void)pthread_mutex_unlock(&st->upload_lock);
	if (u != NULL)
		store_upload_free(u);
}

static enum store_rc
store_upload_file(struct store *st, struct store_upload *u)
{
	char *path;

	if (u->fd >= 0)
		return (STORE_OK);
	path = store_payload_path(st, u->payload);
	u->fd = open(path, O_RDWR | O_CLOEXEC);
	free(path);
	if (u->fd < 0 && errno == ENOENT && u->persisted.size == 0)
		u->fd = payload_create(st, u->payload);
	return (u->fd >= 0 ? STORE_OK : store_errno_rc(errno));
}

/* The CRC32C of the file's first `size` bytes; their MD5 follows. */
static enum store_rc
store_upload_sum(struct store *st, struct store_upload *u, int64_t size)
{
	struct upload_sum *s = &u->persisted;
	unsigned char *chunk;
	enum store_rc rc;
	const size_t room = 1 << 18;

	*s = (struct upload_sum){ 0 };
	if (size == 0)
		return (STORE_OK);
	if ((rc = store_upload_file(st, u)) != STORE_OK)
		return (rc);
	chunk = mem_alloc(room);
	while (rc == STORE_OK && s->size < size) {
		int64_t want = size - s->size;
		ssize_t n = pread(u->fd, chunk,
		    want < (int64_t)room ? (size_t)want : room, s->size);

		if (n > 0)
			store_sum_add(s, chunk, (size_t)n);
		else if (n == 0 || errno != EINTR)
			rc = STORE_IO;
	}
	free(chunk);
	return (rc);
}

/* Make u stand for the row r. */
static enum store_rc
store_upload_ready(struct store *st, struct store_upload *u,
    const struct session_row *r)
{
	enum store_rc rc;
	char *path;

	if (u->ready || r->s.done)
		return (STORE_OK);
	u->payload = r->payload;
	rc = store_upload_sum(st, u, r->s.persisted);
	if (rc != STORE_OK)
		return (rc);
	u->written = u->persisted;
	path = store_payload_path(st, u->payload);
	u->hash = hasher_open(st->hasher, path, 0, checksum_md5_new());
	free(path);
	hasher_more(u->hash, u->persisted.size);
	hasher_keep(u->hash);
	u->ready = true;
	return (STORE_OK);
}

enum store_rc
store_upload_begin(struct store *st, const char *id, struct arena *a,
    struct store_upload **out, struct session_row *r)
{
	struct store_upload *u = store_upload_get(st, id);
	struct store_conn *c;
	enum store_rc rc;

	c = store_read_begin(st);
	rc = store_session_look(c, id, a, r);
	store_read_end(st, c);
	if (rc == STORE_OK)
		rc = store_upload_ready(st, u, r);
	if (rc != STORE_OK)
		store_upload_put(st, u, rc == STORE_NO_SESSION);
	*out = u;
	return (rc);
}

void
store_upload_back(struct store_upload *u)
{

	if (u->written.size == u->persisted.size)
		return;
	u->written = u->persisted;
	hasher_back(u->hash);
}

enum store_rc
store_upload_append(struct store *st, struct store_upload *u, int64_t offset,
    const char *p, size_t n)
{
	int64_t have = u->persisted.size;
	enum store_rc rc;

	if (offset < 0 || (offset > have && offset != u->written.size))
		return (STORE_BAD_OFFSET);
	if (offset < have) {
		size_t skip = have - offset < (int64_t)n ?
		    (size_t)(have - offset) : n;

		p += skip;
		n -= skip;
		offset += (int64_t)skip;
	}
	if (n == 0)
		return (STORE_OK);
	if (offset != u->written.size)
		store_upload_back(u);
	if ((rc = store_room_check(st)) != STORE_OK ||
	    (rc = store_upload_file(st, u)) != STORE_OK)
		return (rc);
	while (n > 0 && rc == STORE_OK) {
		ssize_t k = pwrite(u->fd, p, n, u->written.size);

		if (k < 0 && errno != EINTR &&
		    ((rc = store_errno_rc(errno)) == STORE_FULL) &&
		    store_soft_room(st))
			rc = STORE_OK;
		if (k < 0)
			continue;
		store_sum_add(&u->written, p, (size_t)k);
		p += k;
		n -= (size_t)k;
	}
	hasher_more(u->hash, u->written.size);
	return (rc);
}

static enum store_rc
store_upload_persist(struct store *st, const struct store_upload *u)
{
	enum store_rc rc;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_sql_do(&st->w, SQL_SESSION_PERSIST, "si", u->id,
	    u->written.size);
	return (store_tx_end(st, NULL, rc));
}

enum store_rc
store_upload_flush(struct store *st, struct store_upload *u)
{
	enum store_rc rc;
	int tries = 0;

	if (u->written.size == u->persisted.size)
		return (STORE_OK);
	if (u->fd >= 0 && payload_sync(st, u->payload, u->fd) != 0)
		return (store_errno_rc(errno));
	do
		rc = store_upload_persist(st, u);
	while (store_more_again(st, rc, &tries));
	if (rc == STORE_OK) {
		u->persisted = u->written;
		hasher_keep(u->hash);
	}
	return (rc);
}

enum store_rc
store_upload_seal(struct store *st, struct store_upload *u, struct buf *b)
{
	int64_t size = u->persisted.size;
	char chunk[4096];
	enum store_rc rc;

	if (size == 0)
		return (STORE_OK);
	if ((rc = store_upload_file(st, u)) != STORE_OK)
		return (rc);
	if (ftruncate(u->fd, size) != 0)
		return (store_errno_rc(errno));
	if (size > PAYLOAD_INLINE)
		return (payload_sync(st, u->payload, u->fd) == 0 ? STORE_OK :
		    store_errno_rc(errno));
	while ((int64_t)b->len < size) {
		ssize_t n = pread(u->fd, chunk, sizeof(chunk),
		    (off_t)b->len);

		if (n > 0)
			buf_add(b, chunk, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return (STORE_IO);
	}
	return (STORE_OK);
}
