/* The end of a multipart upload: its parts become an object.  They are joined
 * into a payload while nobody waits for the writer; then, in one transaction,
 * the parts must still be those that were joined.  A single part is not
 * copied: its payload becomes the object's. */
#include <errno.h>
#include <string.h>

#include "emulator/store/store_int.h"
#include "emulator/store/store_multi.h"

struct finish {
	const char *id;
	const struct multi_want *want;
	size_t	n;
	const struct store_expect *expect;
	struct multi_part *use;		/* the part that each names */
	int	*bad;
};

/* Finds the parts that are wanted among all there are. */
static enum store_rc
store_finish_match(struct finish *f, const struct multi_part *p, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct multi_want *w = &f->want[i];

		*f->bad = w->number;
		if (i > 0 && w->number <= f->want[i - 1].number)
			return (STORE_PART_ORDER);
		while (k < n && p[k].number < w->number)
			k++;
		if (k == n || p[k].number != w->number ||
		    (!w->any && memcmp(p[k].md5, w->md5, 16) != 0))
			return (STORE_NO_PART);
		f->use[i] = p[k];
	}
	for (size_t i = 0; i + 1 < f->n; i++) {
		*f->bad = f->use[i].number;
		if (f->use[i].size < STORE_MULTI_MIN)
			return (STORE_PART_SMALL);
	}
	return (STORE_OK);
}

/* Are the parts on this connection those of f->use (again)? */
static enum store_rc
store_finish_same(struct store_conn *c, const struct finish *f,
    struct arena *a)
{
	struct multi_part *p;
	size_t n, k = 0;
	enum store_rc rc;
	bool more;

	rc = store_multi_rows(c, f->id, 0, STORE_MULTI_PARTS, a, &p, &n,
	    &more);
	for (size_t i = 0; rc == STORE_OK && i < f->n; i++) {
		while (k < n && p[k].number < f->use[i].number)
			k++;
		if (k == n || p[k].payload != f->use[i].payload) {
			*f->bad = f->use[i].number;
			rc = STORE_NO_PART;
		}
	}
	return (rc);
}

static enum store_rc
store_finish_join(struct store *st, const struct finish *f, struct payload *p)
{
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; rc == STORE_OK && i < f->n; i++) {
		struct object o = { .payload = f->use[i].payload };
		struct arena a = ARENA_INIT;
		struct store_reader r;

		*f->bad = f->use[i].number;
		rc = store_read_open(st, &o, &a, &r);
		if (rc == STORE_OK) {
			if (r.size > PAYLOAD_MAX - p->size)
				rc = STORE_TOO_LARGE;
			else if (payload_join(p, &r, f->use[i].crc32c) != 0)
				rc = store_errno_rc(errno);
			store_read_close(&r);
		} else if (rc == STORE_NO_OBJECT)
			rc = STORE_NO_PART;	/* put anew meanwhile */
		arena_release(&a);
	}
	return (rc);
}

/* The transaction.  p is NULL where the only part's payload is taken over. */
static enum store_rc
store_finish_commit(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const struct finish *f,
    const struct payload *p, struct arena *a, struct store_row *row)
{
	struct store_row fresh = *row;
	struct multi m = { .attrs = "{}" };
	struct store_bref b;
	enum store_rc rc;
	int tries = 0;

	do {
		*row = fresh;
		if ((rc = store_tx_begin_more(st)) != STORE_OK)
			break;
		rc = store_bref_write(&st->w, bucket, &b);
		if (rc == STORE_OK)
			rc = store_multi_look(&st->w, &b, name, f->id, a, &m);
		if (rc == STORE_OK)
			rc = store_finish_same(&st->w, f, a);
		row->o.attrs = m.attrs;
		if (rc == STORE_OK)
			rc = store_object_put(st, w, &b, name, NULL, row, a);
		if (rc == STORE_OK)
			rc = p == NULL ? store_payload_share(st, row->o.payload) :
			    store_payload_take(st, p, row->o.payload);
		if (rc == STORE_OK)
			rc = store_multi_end(st, f->id);
		rc = store_tx_end(st, w, rc);
	} while (store_more_again(st, rc, &tries));
	return (rc);
}

static enum store_rc
store_finish_run(struct store *st, struct store_write *w, const char *bucket,
    const char *name, const struct finish *f, struct arena *a,
    struct object *out)
{
	struct payload *p = f->n == 1 ? NULL : payload_new_joined(st);
	struct store_row row = { 0 };
	enum store_rc rc = STORE_OK;

	if (p == NULL) {
		row.o.size = f->use[0].size;
		row.o.crc32c = f->use[0].crc32c;
		row.o.payload = f->use[0].payload;
	} else {
		rc = store_finish_join(st, f, p);
		if (rc == STORE_OK)
			rc = store_payload_ready(st, p, &row.o.payload);
		row.o.size = p->size;
		row.o.crc32c = p->crc32c;
	}
	if (rc == STORE_OK && f->expect != NULL && f->expect->has_crc32c &&
	    f->expect->crc32c != row.o.crc32c)
		rc = STORE_BAD_HASH;
	if (rc == STORE_OK)
		rc = store_finish_commit(st, w, bucket, name, f, p, a, &row);
	if (rc == STORE_OK) {
		if (p != NULL)
			p->taken = w == NULL || !w->forget;
		store_object_out(a, bucket, &row.o, out);
	}
	payload_free(p);
	return (rc);
}

enum store_rc
store_multi_finish(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const char *id,
    const struct multi_want *want, size_t n, const struct store_expect *expect,
    struct arena *a, struct object *out, int *bad)
{
	struct finish f = { .id = id, .want = want, .n = n, .bad = bad,
	    .expect = expect };
	struct store_conn *c = store_read_begin(st);
	struct multi_part *p;
	struct store_bref b;
	struct multi m;
	enum store_rc rc;
	bool beyond;
	size_t have;

	BUG_ON(n == 0);
	*bad = 0;
	f.use = arena_alloc(a, n * sizeof(*f.use));
	rc = store_bref_read(c, bucket, STORE_NOW, &b);
	if (rc == STORE_OK)
		rc = store_multi_look(c, &b, name, id, a, &m);
	if (rc == STORE_OK)
		rc = store_multi_rows(c, id, 0, STORE_MULTI_PARTS, a, &p,
		    &have, &beyond);
	store_read_end(st, c);
	if (rc == STORE_OK)
		rc = store_finish_match(&f, p, have);
	if (rc == STORE_OK)
		rc = store_finish_run(st, w, bucket, name, &f, a, out);
	return (rc);
}
