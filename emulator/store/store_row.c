/* Rows of objects and references to payloads: what the object calls, the
 * upload sessions and the forks all build on. */
#include <string.h>

#include "emulator/store/store_int.h"

void
store_row_take(struct arena *a, sqlite3_stmt *s, struct store_row *r)
{
	struct object *o = &r->o;

	*r = (struct store_row){ 0 };
	if (a != NULL) {
		o->name = store_sql_text(a, s, 0);
		o->attrs = store_sql_text(a, s, 6);
	}
	o->generation = sqlite3_column_int64(s, 1);
	o->metageneration = sqlite3_column_int64(s, 2);
	o->size = sqlite3_column_int64(s, 3);
	o->crc32c = (uint32_t)sqlite3_column_int64(s, 4);
	o->has_md5 = sqlite3_column_bytes(s, 5) == 16;
	if (o->has_md5)
		memcpy(o->md5, sqlite3_column_blob(s, 5), 16);
	o->created_us = sqlite3_column_int64(s, 7);
	o->updated_us = sqlite3_column_int64(s, 8);
	o->deleted_us = sqlite3_column_int64(s, 9);
	o->born = sqlite3_column_int64(s, 10);
	o->died = sqlite3_column_int64(s, 11);
	r->gone = sqlite3_column_int64(s, 12);
	o->components = sqlite3_column_int(s, 13);
	o->payload = sqlite3_column_int64(s, 14);
	r->holds = sqlite3_column_int64(s, 15);
	r->retain_us = sqlite3_column_int64(s, 16);
	r->kept_us = sqlite3_column_int64(s, 17);
	o->soft_us = sqlite3_column_int64(s, 18);
	o->hard_us = sqlite3_column_int64(s, 19);
	r->lost = sqlite3_column_int64(s, 20);
}

int64_t
store_row_expires(const struct store_bref *b, const struct store_row *r)
{
	int64_t until = r->retain_us;

	/* An event-based hold puts the bucket's retention off. */
	if (b->retention_us > 0 && (r->holds & HOLD_EVENT) == 0 &&
	    r->kept_us + b->retention_us > until)
		until = r->kept_us + b->retention_us;
	return (until);
}

void
store_row_show(const struct store_bref *b, const struct store_row *r,
    struct object *out)
{

	*out = r->o;
	out->bucket = b->name;
	out->expires_us = store_row_expires(b, r);
	if (r->o.died > b->as_of) {
		out->died = STORE_ALIVE;
		out->deleted_us = 0;
	}
	if (r->gone > b->as_of || r->lost <= b->as_of)
		out->soft_us = out->hard_us = 0;
	else if (r->gone == r->o.died)
		out->deleted_us = 0;	/* it never was noncurrent */
}

enum store_rc
store_row_add(struct store *st, int64_t bucket, const struct store_row *r)
{
	const struct object *o = &r->o;

	st->tx_live += o->died == STORE_ALIVE;
	return (store_sql_do(&st->w, SQL_OBJECT_ADD, "isiiiibsiiiiiiiiiiiiii",
	    bucket, o->name, o->generation, o->metageneration, o->size,
	    (int64_t)o->crc32c, o->has_md5 ? o->md5 : NULL, (size_t)16,
	    o->attrs, o->created_us, o->updated_us, o->deleted_us, o->born,
	    o->died, r->gone, (int64_t)o->components, o->payload, r->holds,
	    r->retain_us, r->kept_us, o->soft_us, o->hard_us, r->lost));
}

/* The row of a started query, or NO_OBJECT. */
static enum store_rc
store_row_one(struct store_conn *c, struct arena *a, sqlite3_stmt *s,
    struct store_row *r)
{
	enum store_rc rc;

	if (!store_sql_next(c, s, &rc))
		return (rc == STORE_OK ? STORE_NO_OBJECT : rc);
	store_row_take(a, s, r);
	store_sql_end(s);
	return (STORE_OK);
}

/* The live row is nearly always the newest, which is where its name leads to;
 * only behind a deletion is the index of live ones asked, in which the dead of
 * a name, however many, are not.  One tree to descend instead of two: to get an
 * object took 1.5 us and takes 1.15. */
static enum store_rc
store_row_live(struct store_conn *c, struct arena *a, int64_t bucket,
    const char *name, struct store_row *r)
{
	sqlite3_stmt *s = store_sql_start(c, SQL_OBJECT_NEWEST, "is", bucket,
	    name);
	enum store_rc rc;

	if (!store_sql_next(c, s, &rc))
		return (rc == STORE_OK ? STORE_NO_OBJECT : rc);
	if (sqlite3_column_int64(s, 11) == STORE_ALIVE) {
		store_row_take(a, s, r);
		store_sql_end(s);
		return (STORE_OK);
	}
	store_sql_end(s);
	return (store_row_one(c, a, store_sql_start(c, SQL_OBJECT_LIVE, "is",
	    bucket, name), r));
}

enum store_rc
store_row_find(struct store_conn *c, struct arena *a,
    const struct store_bref *b, const char *name, int64_t generation,
    struct store_row *r)
{
	sqlite3_stmt *s;

	if (generation == 0 && b->as_of == STORE_ALIVE - 1)
		return (store_row_live(c, a, b->id, name, r));
	if (generation != 0)
		s = store_sql_start(c, SQL_OBJECT_GEN, "isii", b->id, name,
		    generation, b->as_of);
	else
		s = store_sql_start(c, SQL_OBJECT_AT, "isi", b->id, name,
		    b->as_of);
	return (store_row_one(c, a, s, r));
}

/* https://cloud.google.com/storage/docs/bucket-lock and object-holds: a held
 * object stays as it is; a retained one may still become noncurrent. */
enum store_rc
store_row_kept(struct store *st, const struct store_write *w,
    const struct store_bref *b, const struct store_row *r, enum store_end end)
{
	struct store_bref free = *b;

	if ((r->holds & HOLD_TEMPORARY) != 0)
		return (STORE_HELD_TEMPORARY);
	if ((r->holds & HOLD_EVENT) != 0)
		return (STORE_HELD_EVENT);
	if (w != NULL && w->exempt)
		free.retention_us = 0;
	if (end != END_NONCURRENT && store_row_expires(&free, r) > st->tx_now)
		return (STORE_RETAINED);
	return (STORE_OK);
}

void
store_row_rules(struct store *st, struct store_row *r,
    const struct store_row *was)
{
	struct object_rules rules = { .retain_us = 0 };

	if (st->rules != NULL)
		st->rules->object(r->o.attrs, &rules);
	r->holds = (rules.temporary_hold ? HOLD_TEMPORARY : 0) |
	    (rules.event_hold ? HOLD_EVENT : 0);
	r->retain_us = rules.retain_us;
	if (was == NULL)
		r->kept_us = r->o.created_us;
	else if ((was->holds & HOLD_EVENT) != 0 &&
	    (r->holds & HOLD_EVENT) == 0)
		r->kept_us = st->tx_now;	/* the event has come */
}

enum store_rc
store_row_die(struct store *st, const struct store_bref *b, const char *name,
    const struct store_row *r, enum store_end end)
{
	int64_t m = store_tx_mutation(st), died = r->o.died, gone = m;
	int64_t deleted_us = r->o.deleted_us, soft_us = 0, hard_us = 0;
	bool soft = end == END_SOFT && b->softer_us > 0;
	enum store_rc rc;

	st->tx_live -= died == STORE_ALIVE;
	if (end != END_NONCURRENT && !soft && !b->history) {
		rc = store_sql_do(&st->w, SQL_OBJECT_DROP, "isii", b->id,
		    name, r->o.generation, r->o.born);
		if (rc == STORE_OK)
			rc = store_payload_unref(st, r->o.payload);
		return (rc);
	}
	if (died == STORE_ALIVE) {
		died = m;
		deleted_us = st->tx_now;
	}
	if (end == END_NONCURRENT)
		gone = STORE_ALIVE;
	if (soft) {
		soft_us = st->tx_now;
		hard_us = st->tx_now + b->softer_us;
		st->tx_soft += r->o.size + STORE_SOFT_ROW;
	}
	return (store_sql_do(&st->w, SQL_OBJECT_DIE, "isiiiiiiii", b->id,
	    name, r->o.generation, r->o.born, died, gone, deleted_us,
	    soft_us, hard_us, soft ? STORE_ALIVE : (int64_t)0));
}

enum store_rc
store_row_attrs(struct store *st, const struct store_bref *b,
    struct store_row *r, const char *attrs)
{
	int64_t m = store_tx_mutation(st);
	struct object *o = &r->o;
	struct store_row old = *r;
	enum store_rc rc;

	o->attrs = attrs;
	o->metageneration++;
	o->updated_us = store_tx_later(st, o->updated_us);
	store_row_rules(st, r, &old);
	o->expires_us = store_row_expires(b, r);
	if (!b->history)
		return (store_sql_do(&st->w, SQL_OBJECT_ATTRS, "isiisiiiii",
		    b->id, o->name, o->generation, o->born, o->attrs,
		    o->metageneration, o->updated_us, r->holds, r->retain_us,
		    r->kept_us));
	rc = store_row_die(st, b, o->name, &old, END_HARD);
	if (rc == STORE_OK)
		rc = store_payload_share(st, o->payload);
	o->born = m;
	return (rc == STORE_OK ? store_row_add(st, b->id, r) : rc);
}

enum store_rc
store_payload_share(struct store *st, int64_t id)
{

	return (store_sql_do(&st->w, SQL_SHARED_ADD, "i", id));
}

enum store_rc
store_payload_unref(struct store *st, int64_t id)
{
	int64_t refs, is_file;
	enum store_rc rc;

	rc = store_sql_int(&st->w, &refs, 1, SQL_SHARED_GET, "i", id);
	if (rc != STORE_OK)
		return (rc);
	if (refs > 2)
		return (store_sql_do(&st->w, SQL_SHARED_LESS, "i", id));
	if (refs == 2)
		return (store_sql_do(&st->w, SQL_SHARED_DROP, "i", id));
	rc = store_sql_int(&st->w, &is_file, 0, SQL_PAYLOAD_IS_FILE, "i", id);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_PAYLOAD_DROP, "i", id);
	if (rc == STORE_OK && is_file)
		store_tx_unlink(st, id);
	return (rc);
}

enum store_rc
store_rows_purge(struct store *st, int64_t bucket)
{
	struct store_bref b = { .id = bucket };
	struct arena a = ARENA_INIT;
	struct store_row *v = NULL;
	size_t n = 0, room = 0;
	enum store_rc rc;
	sqlite3_stmt *s;

	s = store_sql_start(&st->w, SQL_OBJECT_GONE, "i", bucket);
	while (store_sql_next(&st->w, s, &rc)) {
		if (n == room) {
			room = room > 0 ? 2 * room : 64;
			v = mem_realloc(v, room * sizeof(*v));
		}
		store_row_take(&a, s, &v[n++]);
	}
	for (size_t i = 0; rc == STORE_OK && i < n; i++) {
		rc = store_sql_do(&st->w, SQL_OBJECT_DROP, "isii", b.id,
		    v[i].o.name, v[i].o.generation, v[i].o.born);
		if (rc == STORE_OK)
			rc = store_payload_unref(st, v[i].o.payload);
	}
	free(v);
	arena_release(&a);
	return (rc);
}
