/* Uploads and parts as rows: beginning, putting, listing, dropping.  How they
 * become an object is store_finish.c's. */
#include "emulator/store/store_multi.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "emulator/store/store_int.h"
#include "lib/str.h"

#define MULTI_AGE_US	(7 * INT64_C(86400000000))

/* ---- rows ---- */

static void
store_multi_take(struct arena *a, sqlite3_stmt *q, struct multi *m)
{

	*m = (struct multi){ .id = store_sql_text(a, q, 0),
	    .name = store_sql_text(a, q, 1),
	    .attrs = store_sql_text(a, q, 2),
	    .principal = store_sql_text(a, q, 3),
	    .created_us = sqlite3_column_int64(q, 4) };
}

enum store_rc
store_multi_look(struct store_conn *c, const struct store_bref *b,
    const char *name, const char *id, struct arena *a, struct multi *m)
{
	enum store_rc rc;
	sqlite3_stmt *q;

	q = store_sql_start(c, SQL_MULTI_GET, "sis", id, b->id, name);
	if (!store_sql_next(c, q, &rc))
		return (rc == STORE_OK ? STORE_NO_UPLOAD : rc);
	store_multi_take(a, q, m);
	store_sql_end(q);
	return (STORE_OK);
}

/* An id that sorts by time and that nobody can guess. */
static const char *
store_multi_id(struct arena *a, int64_t now)
{
	unsigned char rnd[16];
	char hex[33];

	BUG_ON(getrandom(rnd, sizeof(rnd), 0) != (ssize_t)sizeof(rnd));
	str_hex(hex, rnd, sizeof(rnd));
	return (arena_printf(a, "%016" PRIx64 "%s", (uint64_t)now, hex));
}

enum store_rc
store_multi_new(struct store *st, const char *bucket, const struct multi *m,
    struct arena *a, const char **id)
{
	struct store_bref b;
	enum store_rc rc;

	rc = store_multi_expire(st,
	    clock_wall_us(st->clock) - MULTI_AGE_US);
	if (rc != STORE_OK || (rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	*id = store_multi_id(a, st->tx_now);
	rc = store_bref_write(&st->w, bucket, &b);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_MULTI_ADD, "sisssi", *id, b.id,
		    m->name, m->attrs != NULL ? m->attrs : "{}", m->principal,
		    st->tx_now);
	return (store_tx_end(st, NULL, rc));
}

enum store_rc
store_multi_get(struct store *st, const char *bucket, const char *name,
    const char *id, struct arena *a, struct multi *out)
{
	struct store_conn *c = store_read_begin(st);
	struct store_bref b;
	enum store_rc rc;

	rc = store_bref_read(c, bucket, STORE_NOW, &b);
	if (rc == STORE_OK)
		rc = store_multi_look(c, &b, name, id, a, out);
	store_read_end(st, c);
	return (rc);
}

/* ---- parts ---- */

/* The row of the part, and the end of the payload that was there before. */
static enum store_rc
store_multi_put_row(struct store *st, const char *id,
    const struct multi_part *p)
{
	enum store_rc rc;
	int64_t old;

	rc = store_sql_int(&st->w, &old, 0, SQL_PART_PAYLOAD, "si", id,
	    (int64_t)p->number);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_PART_PUT, "siiiibi", id,
		    (int64_t)p->number, p->payload, p->size,
		    (int64_t)p->crc32c, p->md5, sizeof(p->md5),
		    p->modified_us);
	if (rc == STORE_OK && old != 0)
		rc = store_payload_unref(st, old);
	return (rc);
}

enum store_rc
store_multi_put(struct store *st, struct store_write *w, const char *bucket,
    const char *name, const char *id, int number,
    const struct store_expect *expect, struct payload *p,
    struct multi_part *out)
{
	struct arena a = ARENA_INIT;
	struct store_bref b;
	struct multi m;
	enum store_rc rc;

	*out = (struct multi_part){ .number = number, .size = p->size,
	    .crc32c = p->crc32c };
	if (payload_md5(p, out->md5) != 0)
		return (store_errno_rc(errno));
	rc = store_expect_check(expect, out->crc32c, out->md5, NULL,
	    NULL);
	if (rc == STORE_OK)
		rc = store_payload_ready(st, p, &out->payload);
	if (rc != STORE_OK || (rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	out->modified_us = st->tx_now;
	rc = store_bref_write(&st->w, bucket, &b);
	if (rc == STORE_OK)
		rc = store_multi_look(&st->w, &b, name, id, &a, &m);
	if (rc == STORE_OK)
		rc = store_payload_take(st, p, out->payload);
	if (rc == STORE_OK)
		rc = store_multi_put_row(st, id, out);
	rc = store_tx_end(st, w, rc);
	p->taken = rc == STORE_OK && (w == NULL || !w->forget);
	arena_release(&a);
	return (rc);
}

enum store_rc
store_multi_rows(struct store_conn *c, const char *id, int after, int max,
    struct arena *a, struct multi_part **out, size_t *n, bool *more)
{
	struct multi_part *v = NULL;
	size_t k = 0, room = 0;
	enum store_rc rc;
	sqlite3_stmt *q;

	*more = false;
	q = store_sql_start(c, SQL_PART_LIST, "si", id, (int64_t)after);
	while (store_sql_next(c, q, &rc)) {
		struct multi_part *p;

		if ((*more = k == (size_t)max)) {
			store_sql_end(q);
			rc = STORE_OK;
			break;
		}
		if (k == room) {
			room = room > 0 ? 2 * room : 64;
			v = mem_realloc(v, room * sizeof(*v));
		}
		p = &v[k++];
		*p = (struct multi_part){
		    .number = sqlite3_column_int(q, 0),
		    .payload = sqlite3_column_int64(q, 1),
		    .size = sqlite3_column_int64(q, 2),
		    .crc32c = (uint32_t)sqlite3_column_int64(q, 3),
		    .modified_us = sqlite3_column_int64(q, 5) };
		if (sqlite3_column_bytes(q, 4) == 16)
			memcpy(p->md5, sqlite3_column_blob(q, 4), 16);
	}
	*out = arena_dup(a, v, k * sizeof(*v));
	*n = k;
	free(v);
	return (rc);
}

enum store_rc
store_multi_parts(struct store *st, const char *bucket, const char *name,
    const char *id, int after, int max, struct arena *a,
    struct multi_part **out, size_t *n, bool *more)
{
	struct store_conn *c = store_read_begin(st);
	struct store_bref b;
	struct multi m;
	enum store_rc rc;

	rc = store_bref_read(c, bucket, STORE_NOW, &b);
	if (rc == STORE_OK)
		rc = store_multi_look(c, &b, name, id, a, &m);
	if (rc == STORE_OK)
		rc = store_multi_rows(c, id, after, max, a, out, n, more);
	store_read_end(st, c);
	return (rc);
}

/* ---- the uploads of a bucket ---- */

/* Bytes of the name that are its common prefix; 0 where it stands alone. */
static size_t
store_multi_group(const struct multi_query *q, const char *name)
{
	const char *d;

	if (*q->delimiter == '\0' || !str_starts(name, q->prefix))
		return (0);
	d = strstr(name + strlen(q->prefix), q->delimiter);
	return (d == NULL ? 0 : (size_t)(d - name) + strlen(q->delimiter));
}

static void
store_multi_page_end(struct multi_page *out, bool prefix_last)
{

	out->more = true;
	if (prefix_last) {
		out->next = out->prefixes[out->nprefixes - 1];
		out->next_id = "";
	} else {
		out->next = out->uploads[out->n - 1].name;
		out->next_id = out->uploads[out->n - 1].id;
	}
}

/* From the rows to the page: skips what lies in the group given out last. */
static enum store_rc
store_multi_scan(struct store_conn *c, sqlite3_stmt *s,
    const struct multi_query *q, struct arena *a, struct multi_page *out)
{
	const char *group = q->after;
	size_t len = store_multi_group(q, group);
	bool prefix_last = false, grouped;
	enum store_rc rc;

	/* The marker is a common prefix, or else no group of a former page. */
	grouped = len > 0 && group[len] == '\0' && *q->after_id == '\0';
	while (store_sql_next(c, s, &rc)) {
		const char *name = (const char *)sqlite3_column_text(s, 1);
		int d = strncmp(name, q->prefix, strlen(q->prefix));

		if (d < 0 || (grouped && strncmp(name, group, len) == 0))
			continue;
		if (d > 0 || out->n + out->nprefixes == (size_t)q->max) {
			if (d == 0)
				store_multi_page_end(out, prefix_last);
			store_sql_end(s);
			return (STORE_OK);
		}
		prefix_last = store_multi_group(q, name) > 0;
		if (prefix_last) {
			len = store_multi_group(q, name);
			group = arena_strndup(a, name, len);
			grouped = true;
			out->prefixes[out->nprefixes++] = group;
		} else
			store_multi_take(a, s, &out->uploads[out->n++]);
	}
	return (rc);
}

enum store_rc
store_multi_list(struct store *st, const char *bucket,
    const struct multi_query *q, struct arena *a, struct multi_page *out)
{
	struct store_conn *c = store_read_begin(st);
	const char *from = q->after, *id = q->after_id;
	struct store_bref b;
	enum store_rc rc;

	*out = (struct multi_page){ 0 };
	out->uploads = arena_alloc(a, (size_t)q->max * sizeof(*out->uploads));
	out->prefixes = arena_alloc(a,
	    (size_t)q->max * sizeof(*out->prefixes));
	rc = store_bref_read(c, bucket, STORE_NOW, &b);
	if (rc == STORE_OK) {
		if (*id == '\0' && *from != '\0')
			id = "~";	/* above every id */
		if (strcmp(from, q->prefix) < 0) {
			from = q->prefix;
			id = "";
		}
		rc = store_multi_scan(c, store_sql_start(c, SQL_MULTI_LIST,
		    "iss", b.id, from, id), q, a, out);
	}
	store_read_end(st, c);
	return (rc);
}

/* ---- the end ---- */

enum store_rc
store_multi_end(struct store *st, const char *id)
{
	struct arena a = ARENA_INIT;
	struct multi_part *p;
	enum store_rc rc;
	bool more;
	size_t n;

	rc = store_multi_rows(&st->w, id, 0, STORE_MULTI_PARTS, &a, &p, &n,
	    &more);
	for (size_t i = 0; rc == STORE_OK && i < n; i++)
		rc = store_payload_unref(st, p[i].payload);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_PARTS_DROP, "s", id);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_MULTI_DROP, "s", id);
	arena_release(&a);
	return (rc);
}

static enum store_rc
store_multi_drop_now(struct store *st, const char *bucket, const char *name,
    const char *id)
{
	struct arena a = ARENA_INIT;
	struct store_bref b;
	struct multi m;
	enum store_rc rc;

	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_bref_write(&st->w, bucket, &b);
	if (rc == STORE_OK)
		rc = store_multi_look(&st->w, &b, name, id, &a, &m);
	if (rc == STORE_OK)
		rc = store_multi_end(st, id);
	rc = store_tx_end(st, NULL, rc);
	arena_release(&a);
	return (rc);
}

enum store_rc
store_multi_drop(struct store *st, const char *bucket, const char *name,
    const char *id)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_multi_drop_now(st, bucket, name, id);
	while (store_room_again(st, rc, &tries));
	return (rc);
}

/* Ends each upload that the statement names first. */
static enum store_rc
store_multi_end_all(struct store *st, sqlite3_stmt *q)
{
	struct arena a = ARENA_INIT;
	const char **ids = NULL;
	size_t n = 0, room = 0;
	enum store_rc rc;

	while (store_sql_next(&st->w, q, &rc)) {
		if (n == room) {
			room = room > 0 ? 2 * room : 16;
			ids = mem_realloc(ids, room * sizeof(*ids));
		}
		ids[n++] = store_sql_text(&a, q, 0);
	}
	for (size_t i = 0; rc == STORE_OK && i < n; i++)
		rc = store_multi_end(st, ids[i]);
	free(ids);
	arena_release(&a);
	return (rc);
}

enum store_rc
store_multi_drop_bucket(struct store *st, int64_t bucket)
{

	return (store_multi_end_all(st, store_sql_start(&st->w, SQL_MULTI_OF,
	    "i", bucket)));
}

enum store_rc
store_multi_expire(struct store *st, int64_t before_us)
{
	char before[17];
	enum store_rc rc;

	/* An id begins with its time. */
	(void)snprintf(before, sizeof(before), "%016" PRIx64,
	    (uint64_t)(before_us > 0 ? before_us : 0));
	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_multi_end_all(st, store_sql_start(&st->w, SQL_MULTI_OLD,
	    "s", before));
	return (store_tx_end(st, NULL, rc));
}
