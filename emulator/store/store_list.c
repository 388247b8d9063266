/* Listing: a scan in order of names that begins at a bound and, once a common
 * prefix has been found, begins anew behind everything below it.
 *
 * A `next` token says what was given out last: "oNAME" an object,
 * "vGENERATION:NAME" one of its generations, "pPREFIX" a common prefix. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "emulator/store/store_int.h"
#include "lib/nul.h"
#include "lib/str.h"

#define LIST_FIRST	16u	/* things that there is room for at first */

struct lister {
	struct store_conn *c;
	struct store_bref b;
	const struct store_list *l;
	struct arena *a;
	struct store_listing *out;
	size_t	max;
	struct store_glob glob;
	size_t	literal;		/* bytes of it that are fixed */
	bool	versions;		/* a name may come more than once */
	struct buf from;		/* the scan's lower bound, bytes */
	int64_t	from_gen;		/* … and generation, with versions */
	struct buf group;		/* the prefix given out last */
	bool	grouped;		/* there is one */
	bool	last_is_prefix;
};

static void
store_list_bound(struct lister *t, const char *p, size_t n)
{

	buf_reset(&t->from);
	buf_add(&t->from, p, n);
	t->from_gen = 0;
}

/* The bound moves up to s where that is further on. */
static void
store_list_from(struct lister *t, const char *s, size_t n)
{
	size_t m = n < t->from.len ? n : t->from.len;
	int d = memcmp(s, t->from.p, m);

	if (d > 0 || (d == 0 && n > t->from.len))
		store_list_bound(t, s, n);
}

/* How long the common prefix of a name is, delimiter included; 0 for none. */
static size_t
store_list_group(const struct lister *t, const char *name)
{
	size_t skip = strlen(t->l->prefix);
	const char *d;

	if (*t->l->delimiter == '\0' || !str_starts(name, t->l->prefix))
		return (0);
	d = nul_find(name + skip, t->l->delimiter);
	if (d == NULL)
		return (0);
	return ((size_t)(d - name) + strlen(t->l->delimiter));
}

static void
store_list_set_group(struct lister *t, const char *p, size_t n)
{

	buf_reset(&t->group);
	buf_add(&t->group, p, n);
	t->grouped = true;
}

static bool
store_list_in_group(const struct lister *t, const char *name)
{

	return (t->grouped && strncmp(name, t->group.p, t->group.len) == 0);
}

/* Where to begin; false: not a token of ours. */
static bool
store_list_resume(struct lister *t, const char *after)
{
	int64_t generation = 0;
	const char *name;
	size_t n;
	int used = 0;

	if (*after == '\0')
		return (true);
	if (*after == 'p' && after[1] != '\0') {
		store_list_set_group(t, after + 1, strlen(after + 1));
		store_list_from(t, after + 1, strlen(after + 1));
		return (true);
	}
	if (*after == 'o' && !t->versions)
		name = after + 1;
	else if (*after == 'v' && t->versions &&
	    sscanf(after, "v%" SCNd64 ":%n", &generation, &used) == 1 &&
	    used > 0)
		name = after + used;
	else
		return (false);
	if (*name == '\0')
		return (false);
	/* A name given out as an object although it has a group was the group
	 * itself (includeTrailingDelimiter), which came before it. */
	if ((n = store_list_group(t, name)) > 0)
		store_list_set_group(t, name, n);
	if (t->versions) {
		store_list_from(t, name, strlen(name));
		if (strcmp(t->from.p, name) == 0)
			t->from_gen = generation + 1;
	} else
		store_list_from(t, name, strlen(name) + 1);
	return (true);
}

/* The bound behind every name that begins with the group; false: none is. */
static bool
store_list_past_group(struct lister *t)
{

	store_list_bound(t, t->group.p, t->group.len);
	while (t->from.len > 0) {
		unsigned char *c = (unsigned char *)t->from.p +
		    t->from.len - 1;

		if (*c < 0xff) {
			(*c)++;
			return (true);
		}
		buf_cut(&t->from, t->from.len - 1);
	}
	return (false);
}

static sqlite3_stmt *
store_list_start(struct lister *t)
{

	if (t->versions)
		return (store_sql_start(t->c, t->l->soft ? SQL_SOFT_LIST :
		    SQL_LIST_VERSIONS, "itii", t->b.id, t->from.p,
		    t->from.len, t->b.as_of, t->from_gen));
	if (t->b.as_of == STORE_ALIVE - 1)
		return (store_sql_start(t->c, SQL_LIST_LIVE, "it", t->b.id,
		    t->from.p, t->from.len));
	return (store_sql_start(t->c, SQL_LIST_AT, "iti", t->b.id, t->from.p,
	    t->from.len, t->b.as_of));
}

const char *
store_list_after(struct arena *a, const char *name, int64_t generation)
{

	return (arena_printf(a, "v%" PRId64 ":%s", generation, name));
}

static bool
store_list_full(struct lister *t)
{
	struct store_listing *o = t->out;
	const struct object *last;

	if (o->nobjects + o->nprefixes < t->max)
		return (false);
	if (t->last_is_prefix) {
		o->next = arena_printf(t->a, "p%s",
		    o->prefixes[o->nprefixes - 1]);
		return (true);
	}
	last = &o->objects[o->nobjects - 1];
	o->next = t->versions ?
	    store_list_after(t->a, last->name, last->generation) :
	    arena_printf(t->a, "o%s", last->name);
	return (true);
}

/* The array of n things with room for one more, in the arena.  Most pages have
 * few: room for a thousand was 2.5 us of the 15 that a listing of ten took. */
static void *
store_list_room(struct arena *a, void *old, size_t n, size_t size)
{
	void *p;

	if (n != 0 && (n < LIST_FIRST || (n & (n - 1)) != 0))
		return (old);
	p = arena_alloc(a, (n == 0 ? LIST_FIRST : 2 * n) * size);
	if (n > 0)
		memcpy(p, old, n * size);
	return (p);
}

/* What one row makes of the page. */
enum list_step { LIST_ON, LIST_SKIP_GROUP, LIST_STOP };

static enum list_step
store_list_object(struct lister *t, sqlite3_stmt *s)
{
	struct store_listing *o = t->out;
	struct store_row row;

	if (store_list_full(t))
		return (LIST_STOP);
	store_row_take(t->a, s, &row);
	o->objects = store_list_room(t->a, o->objects, o->nobjects,
	    sizeof(*o->objects));
	store_row_show(&t->b, &row, &o->objects[o->nobjects++]);
	t->last_is_prefix = false;
	return (LIST_ON);
}

static bool
store_list_match(const struct store_list *l, sqlite3_stmt *s,
    const char *name)
{
	struct object o = { .name = name,
		.generation = sqlite3_column_int64(s, 1),
		.attrs = (const char *)sqlite3_column_text(s, 6) };

	return (l->match(l->match_cls, &o));
}

static enum list_step
store_list_row(struct lister *t, sqlite3_stmt *s)
{
	const char *name = (const char *)sqlite3_column_text(s, 0);
	const struct store_list *l = t->l;
	struct store_listing *o = t->out;
	size_t group;

	if ((*l->end != '\0' && strcmp(name, l->end) >= 0) ||
	    !str_starts(name, l->prefix) ||
	    strncmp(name, l->glob, t->literal) != 0)
		return (LIST_STOP);
	group = store_list_group(t, name);
	if (store_list_in_group(t, name) &&
	    !(l->trailing_delimiter && group == strlen(name)))
		return (LIST_SKIP_GROUP);
	if ((*l->glob != '\0' && !store_glob(&t->glob, name)) ||
	    (l->match != NULL && !store_list_match(l, s, name)))
		return (LIST_ON);
	if (group == 0)
		return (store_list_object(t, s));
	if (!store_list_in_group(t, name)) {
		if (store_list_full(t))
			return (LIST_STOP);
		store_list_set_group(t, name, group);
		o->prefixes = store_list_room(t->a, o->prefixes,
		    o->nprefixes, sizeof(*o->prefixes));
		o->prefixes[o->nprefixes++] = arena_strndup(t->a, name,
		    group);
		t->last_is_prefix = true;
	}
	if (l->trailing_delimiter && group == strlen(name))
		return (store_list_object(t, s));
	return (LIST_ON);
}

static enum store_rc
store_list_scan(struct lister *t)
{
	enum list_step step = LIST_SKIP_GROUP;
	enum store_rc rc = STORE_OK;

	while (step == LIST_SKIP_GROUP) {
		sqlite3_stmt *s = store_list_start(t);

		step = LIST_ON;
		while (step == LIST_ON) {
			if (!store_sql_next(t->c, s, &rc))
				return (rc);
			step = store_list_row(t, s);
		}
		store_sql_end(s);
		rc = STORE_OK;
		if (step == LIST_SKIP_GROUP && !store_list_past_group(t))
			break;
	}
	return (rc);
}

enum store_rc
store_object_list(struct store *st, struct store_at at, const char *bucket,
    const struct store_list *l, struct arena *a, struct store_listing *out)
{
	struct lister t = { .l = l, .a = a, .out = out };
	enum store_rc rc;

	t.max = l->max < 1 ? 1 : l->max > 1000 ? 1000 : (size_t)l->max;
	*out = (struct store_listing){ 0 };
	buf_init(&t.from, SIZE_MAX / 2);
	buf_init(&t.group, SIZE_MAX / 2);
	store_glob_new(&t.glob, l->glob);
	t.literal = store_glob_literal(l->glob);
	t.versions = l->versions || l->soft;
	store_list_from(&t, l->prefix, strlen(l->prefix));
	store_list_from(&t, l->start, strlen(l->start));
	store_list_from(&t, l->glob, t.literal);
	if (!store_list_resume(&t, l->after)) {
		rc = STORE_BAD_TOKEN;
	} else {
		t.c = store_read_begin(st);
		rc = store_bref_read(t.c, bucket, at.as_of, &t.b);
		t.b.name = arena_strdup(a, bucket);
		if (rc == STORE_OK)
			rc = store_list_scan(&t);
		store_read_end(st, t.c);
	}
	buf_release(&t.from);
	buf_release(&t.group);
	store_glob_free(&t.glob);
	return (rc);
}
