/* Objects: insert, get, patch, delete, and opening their bytes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "emulator/store/checksum.h"
#include "emulator/store/store_int.h"
#include "lib/log.h"

/* Do the preconditions hold for o, which is NULL where there is no object?
 * Then only "generation 0", meaning none, holds; all others say something of
 * an object that is there.  What fails a read that asks for news is
 * NOT_MODIFIED. */
enum store_rc
store_cond_check(const struct store_cond *c, const struct object *o, bool read)
{

	if (c == NULL)
		return (STORE_OK);
	if (o == NULL)
		return ((c->has_gen_match && c->gen_match != 0) ||
		    c->has_gen_not || c->has_meta_match || c->has_meta_not ?
		    STORE_PRECONDITION : STORE_OK);
	if ((c->has_gen_match && o->generation != c->gen_match) ||
	    (c->has_meta_match && o->metageneration != c->meta_match))
		return (STORE_PRECONDITION);
	if ((c->has_gen_not && o->generation == c->gen_not) ||
	    (c->has_meta_not && o->metageneration == c->meta_not))
		return (read ? STORE_NOT_MODIFIED : STORE_PRECONDITION);
	return (STORE_OK);
}

enum store_rc
store_expect_check(const struct store_expect *x, uint32_t crc,
    const unsigned char *md5, struct store_write *w, struct arena *a)
{
	char want[25], got[25];
	const char *what;

	if (x != NULL && x->has_crc32c && x->crc32c != crc) {
		checksum_crc32c_b64(want, x->crc32c);
		checksum_crc32c_b64(got, crc);
		what = "CRC32C";
	} else if (x != NULL && x->has_md5 && md5 != NULL &&
	    memcmp(x->md5, md5, 16) != 0) {
		checksum_md5_b64(want, x->md5);
		checksum_md5_b64(got, md5);
		what = "MD5 hash";
	} else
		return (STORE_OK);
	if (w != NULL && a != NULL)
		w->why = arena_printf(a, "Provided %s \"%s\" doesn't match "
		    "calculated %s \"%s\".", what, want, what, got);
	return (STORE_BAD_HASH);
}

void
store_object_out(struct arena *a, const char *bucket, const struct object *o,
    struct object *out)
{

	*out = *o;
	out->bucket = arena_strdup(a, bucket);
	out->name = arena_strdup(a, o->name);
	out->attrs = arena_strdup(a, o->attrs);
}

/* Generation and times: new ones, or those that it had elsewhere.  last: the
 * generation that it replaces, or 0. */
static void
store_object_born(struct store *st, const struct object *as, int64_t last,
    struct object *o)
{

	o->metageneration = 1;
	o->created_us = o->updated_us = st->tx_now;
	if (as == NULL || as->generation <= last) {
		o->generation = store_tx_generation(st);
	} else {
		o->generation = as->generation;
		if (st->generation < as->generation)
			st->generation = as->generation;
	}
	if (as == NULL)
		return;
	if (as->metageneration > 0)
		o->metageneration = as->metageneration;
	if (as->created_us > 0)
		o->created_us = as->created_us;
	if (as->updated_us > 0)
		o->updated_us = as->updated_us;
	o->components = as->components;
	o->has_md5 = o->has_md5 && as->has_md5;
}

enum store_rc
store_object_put(struct store *st, const struct store_write *w,
    const struct store_bref *b, const char *name,
    const struct store_cond *cond, struct store_row *row, struct arena *a)
{
	enum store_end end = b->versioning ? END_NONCURRENT : END_SOFT;
	const struct object *as = w != NULL ? w->as : NULL;
	struct object *o = &row->o;
	struct store_row old;
	enum store_rc rc;
	bool there;

	rc = store_row_find(&st->w, NULL, b, name, 0, &old);
	if (rc != STORE_OK && rc != STORE_NO_OBJECT)
		return (rc);
	there = rc == STORE_OK;
	rc = store_cond_check(cond, there ? &old.o : NULL, false);
	if (rc == STORE_OK)
		rc = store_rate_take(st, b, name);
	if (rc == STORE_OK && there)
		rc = store_row_kept(st, w, b, &old, end);
	if (rc == STORE_OK && as == NULL)
		rc = store_bref_adopt(st, b, a, &o->attrs);
	/* From here on it is written: nothing but the disk may fail. */
	if (rc == STORE_OK && there)
		rc = store_row_die(st, b, name, &old, end);
	if (rc != STORE_OK)
		return (rc);
	o->name = name;
	store_object_born(st, as, there ? old.o.generation : 0, o);
	o->deleted_us = o->soft_us = o->hard_us = row->lost = 0;
	o->born = store_tx_mutation(st);
	o->died = row->gone = STORE_ALIVE;
	store_row_rules(st, row, NULL);
	o->expires_us = store_row_expires(b, row);
	rc = store_row_add(st, b->id, row);
	return (rc == STORE_OK ? store_folder_imply(st, b, name) : rc);
}

/* ---- operations of a batch (store_batch.c): each begins anew when it is run
 * again ---- */

struct object_op {
	const struct store_write *w;
	const char *bucket, *name, *attrs;
	const struct store_cond *cond;
	const struct payload *p;
	int64_t	payload;
	unsigned char md5[16];
	struct arena *a;
	struct store_row row;		/* out */
};

static enum store_rc
store_insert_run(struct store *st, void *arg)
{
	struct object_op *x = arg;
	struct store_row *row = &x->row;
	const struct payload *p = x->p;
	struct store_bref b;
	enum store_rc rc;

	*row = (struct store_row){ .o = { .attrs = x->attrs, .size = p->size,
	    .crc32c = p->crc32c, .has_md5 = true, .payload = x->payload } };
	memcpy(row->o.md5, x->md5, sizeof(x->md5));
	rc = store_bref_write(&st->w, x->bucket, &b);
	if (rc == STORE_OK)
		rc = store_object_put(st, x->w, &b, x->name, x->cond, row,
		    x->a);
	return (rc == STORE_OK ? store_payload_take(st, p, x->payload) : rc);
}

enum store_rc
store_object_insert(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const char *attrs,
    const struct store_cond *cond, const struct store_expect *expect,
    struct payload *p, struct arena *a, struct object *out)
{
	struct object_op x = { .w = w, .bucket = bucket, .name = name,
	    .attrs = attrs != NULL ? attrs : "{}", .cond = cond, .p = p,
	    .a = a };
	enum store_rc rc;
	int tries = 0;

	if (p->failed || p->taken)
		return (STORE_IO);
	if (payload_md5(p, x.md5) != 0)
		return (store_errno_rc(errno));
	rc = store_expect_check(expect, p->crc32c, x.md5, w, a);
	if (rc == STORE_OK)
		rc = store_payload_ready(st, p, &x.payload);
	if (rc == STORE_OK)
		rc = store_room_check(st);
	if (rc == STORE_OK)
		do
			rc = store_batch(st, w, store_insert_run, &x);
		while (store_more_again(st, rc, &tries));
	if (rc != STORE_OK)
		return (rc);
	p->taken = w == NULL || !w->forget;
	store_object_out(a, bucket, &x.row.o, out);
	return (STORE_OK);
}

static enum store_rc
store_update_run(struct store *st, void *arg)
{
	struct object_op *x = arg;
	struct store_bref b;
	enum store_rc rc;

	rc = store_bref_write(&st->w, x->bucket, &b);
	if (rc == STORE_OK)
		rc = store_row_find(&st->w, x->a, &b, x->name,
		    x->cond != NULL ? x->cond->generation : 0, &x->row);
	if (rc == STORE_OK)
		rc = store_cond_check(x->cond, &x->row.o, false);
	if (rc == STORE_OK)
		rc = store_rate_take(st, &b, x->name);
	return (rc == STORE_OK ?
	    store_row_attrs(st, &b, &x->row, x->attrs) : rc);
}

enum store_rc
store_object_update(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const struct store_cond *cond,
    const char *attrs, struct arena *a, struct object *out)
{
	struct object_op x = { .w = w, .bucket = bucket, .name = name,
	    .attrs = attrs, .cond = cond, .a = a };
	enum store_rc rc;
	int tries = 0;

	rc = store_room_check(st);
	if (rc == STORE_OK)
		do
			rc = store_batch(st, w, store_update_run, &x);
		while (store_more_again(st, rc, &tries));
	if (rc == STORE_OK)
		store_object_out(a, bucket, &x.row.o, out);
	return (rc);
}

static enum store_rc
store_delete_run(struct store *st, void *arg)
{
	struct object_op *x = arg;
	int64_t generation = x->cond != NULL ? x->cond->generation : 0;
	enum store_end end = END_SOFT;
	struct store_bref b;
	enum store_rc rc;

	rc = store_bref_write(&st->w, x->bucket, &b);
	if (rc == STORE_OK)
		rc = store_row_find(&st->w, NULL, &b, x->name, generation,
		    &x->row);
	if (rc == STORE_OK)
		rc = store_cond_check(x->cond, &x->row.o, false);
	/* To name the generation is to delete it for good. */
	if (b.versioning && generation == 0)
		end = END_NONCURRENT;
	if (rc == STORE_OK)
		rc = store_rate_take(st, &b, x->name);
	if (rc == STORE_OK)
		rc = store_row_kept(st, x->w, &b, &x->row, end);
	return (rc == STORE_OK ?
	    store_row_die(st, &b, x->name, &x->row, end) : rc);
}

enum store_rc
store_object_delete(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const struct store_cond *cond)
{
	struct object_op x = { .w = w, .bucket = bucket, .name = name,
	    .cond = cond };
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_batch(st, w, store_delete_run, &x);
	while (store_room_again(st, rc, &tries));
	return (rc);
}

/* Open payload id as this reader's snapshot knows it.  NO_OBJECT: no such row,
 * or the file of a row that the snapshot still sees has gone. */
static enum store_rc
store_payload_open(struct store *st, struct store_conn *c, int64_t id,
    struct arena *a, struct store_reader *out)
{
	struct stat sb;
	enum store_rc rc;
	sqlite3_stmt *s;
	char *path;

	*out = (struct store_reader){ .fd = -1 };
	s = store_sql_start(c, SQL_PAYLOAD_GET, "i", id);
	if (!store_sql_next(c, s, &rc))
		return (rc == STORE_OK ? STORE_NO_OBJECT : rc);
	out->size = sqlite3_column_int64(s, 0);
	if (sqlite3_column_type(s, 1) != SQLITE_NULL) {
		out->data = arena_dup(a, sqlite3_column_blob(s, 1),
		    (size_t)out->size);
		store_sql_end(s);
		return (STORE_OK);
	}
	store_sql_end(s);
	path = store_payload_path(st, id);
	out->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (out->fd < 0 && errno == ENOENT)
		rc = STORE_NO_OBJECT;
	else if (out->fd < 0 || fstat(out->fd, &sb) != 0 ||
	    sb.st_size != out->size) {
		log_error("store payload=%s cannot be read whole: %s", path,
		    out->fd < 0 ? strerror(errno) : "it has another size");
		store_read_close(out);
		rc = STORE_IO;
	} else
		rc = STORE_OK;
	free(path);
	return (rc);
}

enum store_rc
store_read_open(struct store *st, const struct object *o, struct arena *a,
    struct store_reader *out)
{
	struct store_conn *c = store_read_begin(st);
	enum store_rc rc;

	rc = store_payload_open(st, c, o->payload, a, out);
	store_read_end(st, c);
	return (rc);
}

void
store_read_close(struct store_reader *r)
{

	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
}

/* One reader's answer; r may be NULL. */
static enum store_rc
store_object_look(struct store *st, struct store_at at, const char *bucket,
    const char *name, const struct store_cond *cond, struct arena *a,
    struct object *out, struct store_reader *r, bool *vanished)
{
	struct store_conn *c = store_read_begin(st);
	struct store_row row;
	struct store_bref b;
	enum store_rc rc;

	*vanished = false;
	rc = store_bref_read(c, bucket, at.as_of, &b);
	if (rc == STORE_OK)
		rc = store_row_find(c, a, &b, name,
		    cond != NULL ? cond->generation : 0, &row);
	if (rc == STORE_OK)
		rc = store_cond_check(cond, &row.o, true);
	if (rc == STORE_OK && r != NULL) {
		rc = store_payload_open(st, c, row.o.payload, a, r);
		*vanished = rc == STORE_NO_OBJECT;
	}
	store_read_end(st, c);
	if (rc == STORE_OK || *vanished) {
		b.name = arena_strdup(a, bucket);
		store_row_show(&b, &row, out);
	}
	return (rc);
}

enum store_rc
store_object_precheck(struct store *st, const char *bucket, const char *name,
    const struct store_cond *cond)
{
	struct store_conn *c = store_read_begin(st);
	struct store_row row;
	struct store_bref b;
	enum store_rc rc;

	rc = store_bref_read(c, bucket, STORE_NOW, &b);
	if (rc == STORE_OK) {
		rc = store_row_find(c, NULL, &b, name, 0, &row);
		if (rc == STORE_OK || rc == STORE_NO_OBJECT)
			rc = store_cond_check(cond, rc == STORE_OK ?
			    &row.o : NULL, false);
	}
	store_read_end(st, c);
	return (rc);
}

enum store_rc
store_object_get(struct store *st, struct store_at at, const char *bucket,
    const char *name, const struct store_cond *cond, struct arena *a,
    struct object *out)
{
	bool vanished;

	return (store_object_look(st, at, bucket, name, cond, a, out, NULL,
	    &vanished));
}

enum store_rc
store_object_open(struct store *st, struct store_at at, const char *bucket,
    const char *name, const struct store_cond *cond, struct arena *a,
    struct object *out, struct store_reader *r)
{
	int64_t before = 0;
	enum store_rc rc;
	bool vanished;

	/* An overwrite that commits after our snapshot began unlinks the old
	 * file: look again.  The same file missing twice is damage. */
	do {
		rc = store_object_look(st, at, bucket, name, cond, a, out, r,
		    &vanished);
		if (vanished && out->payload == before) {
			log_error("store payload=%016llx is missing",
			    (unsigned long long)before);
			return (STORE_IO);
		}
		before = vanished ? out->payload : 0;
	} while (vanished);
	return (rc);
}
