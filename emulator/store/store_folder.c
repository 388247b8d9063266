#include "emulator/store/store_folder.h"

#include <string.h>

#include "emulator/store/store_int.h"
#include "lib/str.h"

/* The first text behind all that begin with a name that ends in '/'. */
static const char *
store_folder_end(struct arena *a, const char *name)
{
	char *s = arena_strdup(a, name);

	BUG_ON(*s == '\0' || s[strlen(s) - 1] != '/');
	s[strlen(s) - 1] = '/' + 1;
	return (s);
}

static void
store_folder_take(struct arena *a, sqlite3_stmt *s, struct folder *f)
{

	f->name = store_sql_text(a, s, 0);
	f->metageneration = sqlite3_column_int64(s, 1);
	f->created_us = sqlite3_column_int64(s, 2);
	f->updated_us = sqlite3_column_int64(s, 3);
	f->policy = store_sql_text(a, s, 4);
	f->policy_version = sqlite3_column_int64(s, 5);
}

static enum store_rc
store_folder_find(struct store_conn *c, struct arena *a, int64_t bucket,
    bool managed, const char *name, struct folder *f)
{
	enum store_rc rc;
	sqlite3_stmt *s;

	s = store_sql_start(c, SQL_FOLDER_GET, "iis", bucket,
	    (int64_t)managed, name);
	if (!store_sql_next(c, s, &rc))
		return (rc == STORE_OK ? STORE_NO_FOLDER : rc);
	store_folder_take(a, s, f);
	store_sql_end(s);
	return (STORE_OK);
}

/* How many bytes of a folder's name are its parent's; 0: it has none. */
static size_t
store_folder_parent(const char *name, size_t n)
{

	for (n--; n > 0 && name[n - 1] != '/'; n--)
		;
	return (n);
}

/* The folder and those above it, where they are not there yet. */
static enum store_rc
store_folder_make(struct store *st, int64_t bucket, const char *name,
    size_t n)
{
	enum store_rc rc = STORE_OK;

	for (; rc == STORE_OK && n > 0; n = store_folder_parent(name, n)) {
		rc = store_sql_do(&st->w, SQL_FOLDER_ADD, "iiti", bucket,
		    (int64_t)0, name, n, st->tx_now);
		if (sqlite3_changes(st->w.db) == 0)
			break;		/* then its parents are too */
	}
	return (rc);
}

enum store_rc
store_folder_imply(struct store *st, const struct store_bref *b,
    const char *name)
{
	const char *slash = strrchr(name, '/');

	if (!b->folders || slash == NULL)
		return (STORE_OK);
	return (store_folder_make(st, b->id, name, (size_t)(slash - name) +
	    1));
}

static enum store_rc
store_folder_parent_there(struct store *st, struct arena *a, int64_t bucket,
    const char *name)
{
	size_t n = store_folder_parent(name, strlen(name));
	struct folder f;
	enum store_rc rc;

	if (n == 0)
		return (STORE_OK);
	rc = store_folder_find(&st->w, a, bucket, false,
	    arena_strndup(a, name, n), &f);
	return (rc == STORE_NO_FOLDER ? STORE_NO_PARENT : rc);
}

/* The bucket for a change of its folders. */
static enum store_rc
store_folder_bucket(struct store *st, const char *bucket, bool managed,
    struct store_bref *b)
{
	enum store_rc rc = store_bref_write(&st->w, bucket, b);

	return (rc == STORE_OK && !managed && !b->folders ?
	    STORE_NO_HIERARCHY : rc);
}

enum store_rc
store_folder_insert(struct store *st, struct store_write *w,
    const char *bucket, bool managed, const char *name, bool recursive,
    struct arena *a, struct folder *out)
{
	struct store_bref b;
	enum store_rc rc;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_folder_bucket(st, bucket, managed, &b);
	if (rc == STORE_OK)
		rc = store_folder_find(&st->w, a, b.id, managed, name, out);
	if (rc == STORE_OK)
		rc = STORE_FOLDER_EXISTS;
	else if (rc == STORE_NO_FOLDER)
		rc = managed || recursive ? STORE_OK :
		    store_folder_parent_there(st, a, b.id, name);
	if (rc == STORE_OK && managed)
		rc = store_sql_do(&st->w, SQL_FOLDER_ADD, "iisi", b.id,
		    (int64_t)1, name, st->tx_now);
	else if (rc == STORE_OK)
		rc = store_folder_make(st, b.id, name, strlen(name));
	if (rc == STORE_OK)
		rc = store_folder_find(&st->w, a, b.id, managed, name, out);
	return (store_tx_end(st, w, rc));
}

enum store_rc
store_folder_get(struct store *st, const char *bucket, bool managed,
    const char *name, struct arena *a, struct folder *out)
{
	struct store_conn *c = store_read_begin(st);
	struct store_bref b;
	enum store_rc rc;

	rc = store_bref_read(c, bucket, STORE_NOW, &b);
	if (rc == STORE_OK && !managed && !b.folders)
		rc = STORE_NO_HIERARCHY;
	if (rc == STORE_OK)
		rc = store_folder_find(c, a, b.id, managed, name, out);
	store_read_end(st, c);
	return (rc);
}

/* ---- lists ---- */

struct folder_scan {
	struct store_conn *c;
	const struct folder_query *q;
	struct arena *a;
	int64_t	bucket;
	const char *from;		/* the next name is not below it */
	struct folder *v;
	size_t	n;
	bool	more;
};

/* How long the name of the child is that a name lies in; 0: it is none. */
static size_t
store_folder_child(const struct folder_query *q, const char *name)
{
	size_t n = strlen(q->prefix);
	const char *slash = strchr(name + n, '/');

	return (slash == NULL ? 0 : (size_t)(slash - name) + 1);
}

/* One row; false: the scan begins anew at x->from, or has ended. */
static bool
store_folder_row(struct folder_scan *x, sqlite3_stmt *s, bool *again)
{
	const char *name = (const char *)sqlite3_column_text(s, 0);
	const struct folder_query *q = x->q;
	struct folder *f;
	size_t child;

	*again = false;
	if (!str_starts(name, q->prefix) ||
	    (*q->end != '\0' && strcmp(name, q->end) >= 0))
		return (false);
	if (*q->after != '\0' && strcmp(name, q->after) <= 0)
		return (true);
	if (x->n == (size_t)q->max) {
		x->more = true;
		return (false);
	}
	f = &x->v[x->n++];
	child = q->one_level ? store_folder_child(q, name) : 0;
	if (child == 0 || name[child] == '\0')
		store_folder_take(x->a, s, f);
	else
		*f = (struct folder){
		    .name = arena_strndup(x->a, name, child) };
	if (child == 0)
		return (true);
	/* On behind all that lies in it. */
	if (*q->after != '\0' && strcmp(f->name, q->after) <= 0)
		x->n--;
	x->from = store_folder_end(x->a, f->name);
	*again = true;
	return (false);
}

enum store_rc
store_folder_list(struct store *st, const char *bucket,
    const struct folder_query *q, struct arena *a, struct folder **out,
    size_t *n, bool *more)
{
	struct folder_scan x = { .q = q, .a = a, .from = q->prefix };
	struct store_bref b;
	enum store_rc rc;
	bool again = true;

	x.c = store_read_begin(st);
	rc = store_bref_read(x.c, bucket, STORE_NOW, &b);
	if (rc == STORE_OK && !q->managed && !b.folders)
		rc = STORE_NO_HIERARCHY;
	x.v = arena_alloc(a, (size_t)q->max * sizeof(*x.v));
	if (strcmp(q->start, x.from) > 0)
		x.from = q->start;
	if (strcmp(q->after, x.from) > 0)
		x.from = q->after;
	while (rc == STORE_OK && again) {
		sqlite3_stmt *s = store_sql_start(x.c, SQL_FOLDER_LIST, "iis",
		    b.id, (int64_t)q->managed, x.from);

		again = false;
		while (store_sql_next(x.c, s, &rc))
			if (!store_folder_row(&x, s, &again)) {
				store_sql_end(s);
				rc = STORE_OK;
				break;
			}
	}
	store_read_end(st, x.c);
	*out = x.v;
	*n = x.n;
	*more = x.more;
	return (rc);
}

/* ---- changes ---- */

static enum store_rc
store_folder_cond(const struct store_cond *c, const struct folder *f)
{

	if ((c->has_meta_match && c->meta_match != f->metageneration) ||
	    (c->has_meta_not && c->meta_not == f->metageneration))
		return (STORE_PRECONDITION);
	return (STORE_OK);
}

/* For a change of one that is there and meets the conditions. */
static enum store_rc
store_folder_begin(struct store *st, const char *bucket, bool managed,
    const char *name, const struct store_cond *c, struct arena *a,
    struct store_bref *b, struct folder *f)
{
	enum store_rc rc = store_folder_bucket(st, bucket, managed, b);

	if (rc == STORE_OK)
		rc = store_folder_find(&st->w, a, b->id, managed, name, f);
	if (rc == STORE_OK && c != NULL)
		rc = store_folder_cond(c, f);
	return (rc);
}

static enum store_rc
store_folder_end_one(struct store *st, struct store_write *w,
    const char *bucket, bool managed, const char *name,
    const struct store_cond *cond, bool even_full)
{
	struct arena a = ARENA_INIT;
	struct store_bref b;
	struct folder f;
	enum store_rc rc;
	int64_t used = 0;

	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_folder_begin(st, bucket, managed, name, cond, &a, &b, &f);
	if (rc == STORE_OK && !even_full)
		rc = store_sql_int(&st->w, &used, 0, managed ?
		    SQL_FOLDER_OBJECTS : SQL_FOLDER_USED, "iss", b.id, name,
		    store_folder_end(&a, name));
	if (rc == STORE_OK && used != 0)
		rc = STORE_FOLDER_NOT_EMPTY;
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_FOLDER_DROP, "iis", b.id,
		    (int64_t)managed, name);
	rc = store_tx_end(st, w, rc);
	arena_release(&a);
	return (rc);
}

enum store_rc
store_folder_delete(struct store *st, struct store_write *w,
    const char *bucket, bool managed, const char *name,
    const struct store_cond *cond, bool even_full)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_folder_end_one(st, w, bucket, managed, name, cond,
		    even_full);
	while (store_room_again(st, rc, &tries));
	return (rc);
}

/* All live objects below a folder. */
static enum store_rc
store_folder_rows(struct store *st, struct arena *a,
    const struct store_bref *b, const char *name, struct store_row **out,
    size_t *n)
{
	const char *end = store_folder_end(a, name);
	struct store_row *v = NULL;
	size_t room = 0, k = 0;
	enum store_rc rc;
	sqlite3_stmt *s;

	s = store_sql_start(&st->w, SQL_LIST_LIVE, "is", b->id, name);
	while (store_sql_next(&st->w, s, &rc)) {
		if (strcmp((const char *)sqlite3_column_text(s, 0), end) >=
		    0) {
			store_sql_end(s);
			rc = STORE_OK;
			break;
		}
		if (k == room) {
			room = room > 0 ? 2 * room : 64;
			v = mem_realloc(v, room * sizeof(*v));
		}
		store_row_take(a, s, &v[k++]);
	}
	*out = v;
	*n = k;
	return (rc);
}

static enum store_rc
store_folder_end_all(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const struct store_cond *cond)
{
	struct arena a = ARENA_INIT;
	struct store_row *v = NULL;
	struct store_bref b;
	struct folder f;
	enum store_rc rc;
	size_t n = 0;

	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_folder_begin(st, bucket, false, name, cond, &a, &b, &f);
	if (rc == STORE_OK)
		rc = store_folder_rows(st, &a, &b, name, &v, &n);
	for (size_t i = 0; rc == STORE_OK && i < n; i++) {
		rc = store_row_kept(st, w, &b, &v[i], END_SOFT);
		if (rc == STORE_OK)
			rc = store_row_die(st, &b, v[i].o.name, &v[i],
			    END_SOFT);
	}
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_FOLDER_DROP_ALL, "iss", b.id,
		    name, store_folder_end(&a, name));
	rc = store_tx_end(st, w, rc);
	free(v);
	arena_release(&a);
	return (rc);
}

enum store_rc
store_folder_delete_all(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const struct store_cond *cond)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_folder_end_all(st, w, bucket, name, cond);
	while (store_room_again(st, rc, &tries));
	return (rc);
}

/* An object's row under its new name. */
static enum store_rc
store_folder_move_row(struct store *st, struct arena *a,
    const struct store_bref *b, const struct store_row *old,
    const char *from, const char *to)
{
	struct store_row row = *old;
	enum store_rc rc;

	row.o.name = arena_printf(a, "%s%s", to,
	    old->o.name + strlen(from));
	row.o.born = store_tx_mutation(st);
	rc = store_payload_share(st, row.o.payload);
	if (rc == STORE_OK)
		rc = store_row_die(st, b, old->o.name, old, END_HARD);
	return (rc == STORE_OK ? store_row_add(st, b->id, &row) : rc);
}

/* May `from` become `to`? */
static enum store_rc
store_folder_place(struct store *st, struct arena *a, int64_t bucket,
    const char *from, const char *to)
{
	enum store_rc rc;
	int64_t taken;

	if (str_starts(to, from))
		return (STORE_FOLDER_INTO_ITSELF);
	rc = store_sql_int(&st->w, &taken, 0, SQL_FOLDER_TAKEN, "iss",
	    bucket, to, store_folder_end(a, to));
	if (rc != STORE_OK || taken != 0)
		return (rc == STORE_OK ? STORE_FOLDER_EXISTS : rc);
	return (store_folder_parent_there(st, a, bucket, to));
}

enum store_rc
store_folder_rename(struct store *st, struct store_write *w,
    const char *bucket, const char *from, const char *to,
    const struct store_cond *cond, struct arena *a, struct folder *out)
{
	struct arena tmp = ARENA_INIT;
	struct store_row *v = NULL;
	struct store_bref b;
	struct folder f;
	enum store_rc rc;
	size_t n = 0;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_folder_begin(st, bucket, false, from, cond, &tmp, &b, &f);
	if (rc == STORE_OK)
		rc = store_folder_place(st, &tmp, b.id, from, to);
	if (rc == STORE_OK)
		rc = store_folder_rows(st, &tmp, &b, from, &v, &n);
	for (size_t i = 0; rc == STORE_OK && i < n; i++)
		rc = store_folder_move_row(st, &tmp, &b, &v[i], from, to);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_FOLDER_RENAME, "isss", b.id,
		    from, store_folder_end(&tmp, from), to);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_FOLDER_CHANGE, "iisiisi", b.id,
		    (int64_t)0, to, f.metageneration + 1, st->tx_now, "",
		    (int64_t)0);
	if (rc == STORE_OK)
		rc = store_folder_find(&st->w, a, b.id, false, to, out);
	rc = store_tx_end(st, w, rc);
	free(v);
	arena_release(&tmp);
	return (rc);
}

enum store_rc
store_folder_set_policy(struct store *st, struct store_write *w,
    const char *bucket, const char *name, const char *policy,
    int64_t if_version, struct arena *a, struct folder *out)
{
	struct store_bref b;
	enum store_rc rc;

	if ((rc = store_tx_begin_more(st)) != STORE_OK)
		return (rc);
	rc = store_folder_begin(st, bucket, true, name, NULL, a, &b, out);
	if (rc == STORE_OK && if_version >= 0 &&
	    if_version != out->policy_version)
		rc = STORE_PRECONDITION;
	if (rc == STORE_OK) {
		out->policy = policy;
		out->policy_version++;
		out->metageneration++;
		out->updated_us = st->tx_now;
		rc = store_sql_do(&st->w, SQL_FOLDER_CHANGE, "iisiisi", b.id,
		    (int64_t)1, name, out->metageneration, out->updated_us,
		    policy, out->policy_version);
	}
	return (store_tx_end(st, w, rc));
}
