/* Objects made of other objects.  The bytes are joined into a payload of their
 * own while nobody waits for the writer; should we die meanwhile, its file is
 * an orphan that no row names.  The sources are read by generation, so what
 * happens to their names in the meantime is of no consequence. */
#include <errno.h>

#include "emulator/store/store_int.h"

enum store_rc
store_payload_ready(struct store *st, struct payload *p, int64_t *id)
{

	if (p->failed || p->taken)
		return (STORE_IO);
	if (p->fd >= 0 && payload_sync(st, p->id, p->fd) != 0)
		return (store_errno_rc(errno));
	*id = p->fd >= 0 ? p->id : payload_number(st);
	return (STORE_OK);
}

enum store_rc
store_payload_take(struct store *st, const struct payload *p, int64_t id)
{

	return (store_sql_do(&st->w, SQL_PAYLOAD_ADD, "iib", id, p->size,
	    p->fd >= 0 ? NULL : p->mem.p, p->mem.len));
}

/* One more source behind what p has. */
static enum store_rc
store_compose_add(struct store *st, const char *bucket,
    const struct store_source *s, struct payload *p, int *components)
{
	struct store_cond c = { .generation = s->generation };
	struct store_at now = { STORE_NOW };
	struct arena a = ARENA_INIT;
	struct store_reader r;
	struct object o;
	enum store_rc rc;

	rc = store_object_open(st, now, bucket, s->name, &c, &a, &o, &r);
	if (rc == STORE_OK) {
		if (o.size > PAYLOAD_MAX - p->size)
			rc = STORE_TOO_LARGE;
		else if (payload_join(p, &r, o.crc32c) != 0)
			rc = store_errno_rc(errno);
		store_read_close(&r);
		*components += o.components > 0 ? o.components : 1;
	}
	arena_release(&a);
	return (rc);
}

/* Inside the transaction: the sources that nobody has overwritten since.  The
 * new object may have the name of one, which is another generation now. */
static enum store_rc
store_compose_drop(struct store *st, const struct store_write *w,
    const struct store_bref *b, const struct store_source *src, size_t n)
{
	enum store_end end = b->versioning ? END_NONCURRENT : END_SOFT;
	struct store_row row;
	enum store_rc rc;

	for (size_t i = 0; i < n; i++) {
		rc = store_row_find(&st->w, NULL, b, src[i].name, 0, &row);
		if (rc == STORE_NO_OBJECT || (rc == STORE_OK &&
		    row.o.generation != src[i].generation))
			continue;
		if (rc == STORE_OK)
			rc = store_row_kept(st, w, b, &row, end);
		if (rc == STORE_OK)
			rc = store_row_die(st, b, src[i].name, &row, end);
		if (rc != STORE_OK)
			return (rc);
	}
	return (STORE_OK);
}

enum store_rc
store_object_compose(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const char *attrs,
    const struct store_cond *cond, const struct store_expect *expect,
    const struct store_source *src, size_t n, bool drop_sources,
    struct arena *a, struct object *out)
{
	struct payload *p = payload_new_joined(st);
	struct store_row row = { .o.attrs = attrs };
	enum store_rc rc = STORE_OK;
	struct store_bref b;

	for (size_t i = 0; rc == STORE_OK && i < n; i++)
		rc = store_compose_add(st, bucket, &src[i], p,
		    &row.o.components);
	if (rc == STORE_OK)
		rc = store_expect_check(expect, p->crc32c, NULL, w, a);
	if (rc == STORE_OK)
		rc = store_payload_ready(st, p, &row.o.payload);
	if (rc == STORE_OK)
		rc = store_tx_begin_more(st);
	if (rc != STORE_OK) {
		payload_free(p);
		return (rc);
	}
	row.o.size = p->size;
	row.o.crc32c = p->crc32c;
	rc = store_bref_write(&st->w, bucket, &b);
	if (rc == STORE_OK)
		rc = store_object_put(st, w, &b, name, cond, &row, a);
	if (rc == STORE_OK)
		rc = store_payload_take(st, p, row.o.payload);
	if (rc == STORE_OK && drop_sources)
		rc = store_compose_drop(st, w, &b, src, n);
	rc = store_tx_end(st, w, rc);
	if (rc == STORE_OK) {
		p->taken = w == NULL || !w->forget;
		store_object_out(a, bucket, &row.o, out);
	}
	payload_free(p);
	return (rc);
}
