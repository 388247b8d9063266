/* Resumable upload sessions: their rows, and how they become objects.  Their
 * bytes are store_upload.c's. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "emulator/store/hasher.h"
#include "emulator/store/store_int.h"
#include "lib/log.h"
#include "lib/str.h"

static void
store_session_terms(const struct session *s, struct buf *b)
{
	const struct store_cond *c = &s->cond;
	const struct store_expect *x = &s->expect;
	char md5[33];

	str_hex(md5, x->md5, 16);
	buf_addf(b, "%d%d%d%d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
	    " %" PRId64 " %d%d %" PRIu32 " %s", c->has_gen_match,
	    c->has_gen_not, c->has_meta_match, c->has_meta_not, c->gen_match,
	    c->gen_not, c->meta_match, c->meta_not, c->generation,
	    x->has_crc32c, x->has_md5, x->crc32c, md5);
}

static bool
store_session_terms_take(const char *t, struct session *s)
{
	struct store_cond *c = &s->cond;
	struct store_expect *x = &s->expect;
	char has[5], hasx[3];
	int n = 0;

	if (sscanf(t, "%4[01] %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
	    " %" SCNd64 " %2[01] %" SCNu32 " %n", has, &c->gen_match,
	    &c->gen_not, &c->meta_match, &c->meta_not, &c->generation, hasx,
	    &x->crc32c, &n) != 8 || strlen(has) != 4 || strlen(hasx) != 2 ||
	    strlen(t + n) != 32)
		return (false);
	c->has_gen_match = has[0] == '1';
	c->has_gen_not = has[1] == '1';
	c->has_meta_match = has[2] == '1';
	c->has_meta_not = has[3] == '1';
	x->has_crc32c = hasx[0] == '1';
	x->has_md5 = hasx[1] == '1';
	for (int i = 0; i < 16; i++)
		if (sscanf(t + n + 2 * i, "%2hhx", &x->md5[i]) != 1)
			return (false);
	return (true);
}

enum store_rc
store_session_look(struct store_conn *c, const char *id, struct arena *a,
    struct session_row *r)
{
	struct session *s = &r->s;
	const char *terms;
	sqlite3_stmt *q;
	enum store_rc rc;

	*r = (struct session_row){ 0 };
	q = store_sql_start(c, SQL_SESSION_GET, "s", id);
	if (!store_sql_next(c, q, &rc))
		return (rc == STORE_OK ? STORE_NO_SESSION : rc);
	s->id = store_sql_text(a, q, 0);
	s->bucket = store_sql_text(a, q, 1);
	s->name = store_sql_text(a, q, 2);
	s->attrs = store_sql_text(a, q, 3);
	s->principal = store_sql_text(a, q, 4);
	terms = store_sql_text(a, q, 5);
	r->payload = sqlite3_column_int64(q, 6);
	s->persisted = sqlite3_column_int64(q, 7);
	s->done = sqlite3_column_int(q, 8) != 0;
	s->generation = sqlite3_column_int64(q, 9);
	s->created_us = sqlite3_column_int64(q, 10);
	store_sql_end(q);
	if (terms == NULL || !store_session_terms_take(terms, s)) {
		log_error("store session=%s has damaged terms", id);
		return (STORE_IO);
	}
	return (STORE_OK);
}

static enum store_rc
store_session_add(struct store *st, const struct session *s, const char *hex)
{
	struct store_bref b;
	struct buf terms;
	enum store_rc rc;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	buf_init(&terms, 1024);
	store_session_terms(s, &terms);
	rc = store_bref_write(&st->w, s->bucket, &b);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_SESSION_ADD, "ssssssii", hex,
		    s->bucket, s->name, s->attrs != NULL ? s->attrs : "{}",
		    s->principal, terms.p, payload_number(st), st->tx_now);
	rc = store_tx_end(st, NULL, rc);
	buf_release(&terms);
	return (rc);
}

enum store_rc
store_session_new(struct store *st, const struct session *s, struct arena *a,
    const char **id)
{
	unsigned char rnd[24];
	enum store_rc rc;
	int tries = 0;
	char *hex;

	BUG_ON(getrandom(rnd, sizeof(rnd), 0) != (ssize_t)sizeof(rnd));
	hex = arena_alloc(a, 2 * sizeof(rnd) + 1);
	str_hex(hex, rnd, sizeof(rnd));
	do
		rc = store_session_add(st, s, hex);
	while (store_more_again(st, rc, &tries));
	*id = hex;
	return (rc);
}

enum store_rc
store_session_get(struct store *st, const char *id, struct arena *a,
    struct session *out)
{
	struct store_conn *c = store_read_begin(st);
	struct session_row r;
	enum store_rc rc;

	rc = store_session_look(c, id, a, &r);
	store_read_end(st, c);
	if (rc == STORE_OK)
		*out = r.s;
	return (rc);
}

enum store_rc
store_session_write(struct store *st, const char *id, int64_t offset,
    const void *p, size_t n)
{
	struct arena a = ARENA_INIT;
	struct store_upload *u;
	struct session_row r;
	enum store_rc rc;

	rc = store_upload_begin(st, id, &a, &u, &r);
	if (rc == STORE_OK) {
		rc = r.s.done ? STORE_BAD_OFFSET :
		    store_upload_append(st, u, offset, p, n);
		store_upload_put(st, u, r.s.done);
	}
	arena_release(&a);
	return (rc);
}

enum store_rc
store_session_flush(struct store *st, const char *id, int64_t *persisted)
{
	struct arena a = ARENA_INIT;
	struct store_upload *u;
	struct session_row r;
	enum store_rc rc;

	rc = store_upload_begin(st, id, &a, &u, &r);
	if (rc == STORE_OK) {
		if (!r.s.done)
			rc = store_upload_flush(st, u);
		*persisted = r.s.done ? r.s.persisted : u->persisted.size;
		if (u->fd >= 0)
			(void)close(u->fd);
		u->fd = -1;
		store_upload_put(st, u, r.s.done);
	}
	arena_release(&a);
	return (rc);
}

static enum store_rc
store_upload_store(struct store *st, struct store_write *w,
    struct store_upload *u, const struct session *s, struct buf *small,
    struct store_row *row, struct arena *a)
{
	bool inlined = u->persisted.size <= PAYLOAD_INLINE;
	struct store_bref b;
	enum store_rc rc;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_bref_write(&st->w, s->bucket, &b);
	if (rc == STORE_OK)
		rc = store_object_put(st, w, &b, s->name, &s->cond, row, a);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_PAYLOAD_ADD, "iib",
		    row->o.payload, row->o.size, inlined ? small->p : NULL,
		    small->len);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_SESSION_DONE, "si", u->id,
		    row->o.generation);
	if (rc == STORE_OK && inlined)
		store_tx_unlink(st, row->o.payload);
	return (store_tx_end(st, w, rc));
}

static enum store_rc
store_upload_finish(struct store *st, struct store_write *w,
    struct store_upload *u, const struct session *s,
    const struct store_expect *more, struct arena *a, struct object *out)
{
	struct store_row row = { 0 }, fresh;
	struct buf small;
	enum store_rc rc;
	int tries = 0;

	store_upload_back(u);
	row.o.name = s->name;
	row.o.attrs = s->attrs;
	row.o.size = u->persisted.size;
	row.o.crc32c = u->persisted.crc32c;
	row.o.has_md5 = true;
	if (hasher_get(u->hash, row.o.md5) != 0)
		return (store_errno_rc(errno));
	row.o.payload = u->payload;
	rc = store_expect_check(&s->expect, row.o.crc32c, row.o.md5, w, a);
	if (rc == STORE_OK)
		rc = store_expect_check(more, row.o.crc32c, row.o.md5, w, a);
	if (rc != STORE_OK)
		return (rc);
	buf_init(&small, PAYLOAD_INLINE);
	rc = store_upload_seal(st, u, &small);
	fresh = row;
	if (rc == STORE_OK)
		do {
			row = fresh;
			rc = store_upload_store(st, w, u, s, &small, &row, a);
		} while (store_more_again(st, rc, &tries));
	buf_release(&small);
	if (rc == STORE_OK) {
		*out = row.o;
		out->bucket = s->bucket;
		out->name = arena_strdup(a, row.o.name);
	}
	return (rc);
}

enum store_rc
store_session_finish(struct store *st, struct store_write *w, const char *id,
    const struct store_expect *more, struct arena *a, struct object *out)
{
	struct store_upload *u;
	struct session_row r;
	enum store_rc rc;

	if (w != NULL)
		w->mutation = 0;
	rc = store_upload_begin(st, id, a, &u, &r);
	if (rc != STORE_OK)
		return (rc);
	if (r.s.done) {
		struct store_cond c = { .generation = r.s.generation };

		store_upload_put(st, u, true);
		return (store_object_get(st, (struct store_at){ STORE_NOW },
		    r.s.bucket, r.s.name, &c, a, out));
	}
	rc = store_upload_finish(st, w, u, &r.s, more, a, out);
	store_upload_put(st, u, rc == STORE_OK && (w == NULL || !w->forget));
	return (rc);
}

static enum store_rc
store_session_end(struct store *st, const char *id)
{
	struct arena a = ARENA_INIT;
	struct store_upload *u = store_upload_get(st, id);
	struct session_row r;
	enum store_rc rc;

	rc = store_tx_begin(st);
	if (rc == STORE_OK) {
		rc = store_session_look(&st->w, id, &a, &r);
		if (rc == STORE_OK)
			rc = store_sql_do(&st->w, SQL_SESSION_DROP, "s", id);
		if (rc == STORE_OK && r.payload != 0)
			store_tx_unlink(st, r.payload);
		rc = store_tx_end(st, NULL, rc);
	}
	store_upload_put(st, u, rc == STORE_OK || rc == STORE_NO_SESSION);
	arena_release(&a);
	return (rc);
}

enum store_rc
store_session_delete(struct store *st, const char *id)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_session_end(st, id);
	while (store_room_again(st, rc, &tries));
	return (rc);
}
