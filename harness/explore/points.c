#include "harness/explore/points.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/run/journal.h"
#include "lib/str.h"


/* ---- classes ---- */

/* Litestream 0.5: PATH/ltx/LEVEL/MIN-MAX.ltx (level 9: snapshots).  0.3:
 * PATH/generations/G/snapshots/…, PATH/generations/G/wal/…. */
static const char *
points_kind(struct arena *a, const char *path, const char *object)
{
	size_t n = strlen(path);
	const char *s = object;

	if (strncmp(s, path, n) == 0 && s[n] == '/')
		s += n + 1;
	if (str_glob("ltx/9/*", s) || str_glob("*/ltx/9/*", s) ||
	    str_glob("*/snapshots/*", s))
		return ("snapshot");
	if (str_glob("generations/*/wal/*", s))
		return ("wal");
	for (char level = '0'; level < '9'; level++) {
		const char *glob = arena_printf(a, "ltx/%c/*", level);

		if (str_glob(glob, s) || str_glob(arena_printf(a, "*/%s",
		    glob), s))
			return (arena_printf(a, "level %c", level));
	}
	return ("other");
}

const char *
points_class(struct arena *a, const char *method, const char *path,
    const char *object)
{
	const char *verb = strrchr(method, '.');

	return (arena_printf(a, "%s %s", verb != NULL ? verb + 1 : method,
	    points_kind(a, path, object)));
}

/* ---- from a journal ---- */

static int
by_number(const void *x, const void *y)
{
	const struct point *a = x, *b = y;

	return ((a->k > b->k) - (a->k < b->k));
}

static bool
below(const char *path, const char *object)
{
	size_t n = strlen(path);

	return (strncmp(object, path, n) == 0 && object[n] == '/');
}

/* ---- which states of the bucket are equal ---- */

/* The finalizer of splitmix64: each bit of x moves each of the result. */
static uint64_t
mix(uint64_t x)
{

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (x ^ (x >> 31));
}

uint64_t
points_hash(uint64_t seed, const void *p, size_t n)
{
	const unsigned char *s = p;
	uint64_t h = seed ^ UINT64_C(0xcbf29ce484222325);

	while (n-- > 0)
		h = (h ^ *s++) * UINT64_C(0x100000001b3);
	return (mix(h));
}

/* From the content of each change to the state after it: the sum over all
 * objects that are there.  What has no checksum is equal to nothing. */
static void
states(struct point *v, size_t n)
{
	struct { const char *name; uint64_t h; } *live;
	size_t nlive = 0, at;
	uint64_t sum = 1;

	live = mem_alloc((n + 1) * sizeof(*live));
	for (size_t i = 0; i < n; i++) {
		struct point *p = &v[i];
		bool gone = str_starts(p->what, "delete ");

		for (at = 0; at < nlive && strcmp(live[at].name, p->object)
		    != 0; at++)
			;
		if (at == nlive)
			live[nlive++].name = p->object;
		else
			sum -= live[at].h;
		live[at].h = gone ? 0 : points_hash(p->state, p->object,
		    strlen(p->object));
		sum += live[at].h;
		p->state = sum;
	}
	free(live);
}

struct reading {
	const char *bucket, *path;
	struct arena *a;
	struct point *v;
	size_t	n, room;
};

static void
read_change(void *arg, const json_t *line)
{
	struct reading *x = arg;
	int64_t k = json_integer_value(json_object_get(line, "mutation"));
	const char *object = journal_str(line, "object");
	const json_t *crc;

	if (k <= 0 || strcmp(journal_str(line, "bucket"), x->bucket) != 0 ||
	    !below(x->path, object))
		return;
	if (x->n == x->room) {
		x->room = x->room > 0 ? 2 * x->room : 256;
		x->v = mem_realloc(x->v, x->room * sizeof(*x->v));
	}
	crc = json_object_get(line, "crc32c");
	x->v[x->n++] = (struct point){ .k = k,
	    /* for states() */
	    .state = crc != NULL ? mix((uint64_t)json_integer_value(crc) +
	    ((uint64_t)json_integer_value(json_object_get(line, "in")) << 32))
	    : mix((uint64_t)k << 1 | 1),
	    /* An upload may begin long before its last byte is written. */
	    .at_us = (int64_t)(json_number_value(json_object_get(line, "t")) *
	    1e6) + json_integer_value(json_object_get(line, "us")),
	    .object = arena_strdup(x->a, object),
	    .what = points_class(x->a, journal_str(line, "api"), x->path, object) };
}

int
points_read(const char *journal, const char *bucket, const char *path,
    struct arena *a, struct points *out, struct err *e)
{
	struct reading x = { .bucket = bucket, .path = path, .a = a };
	int rc = journal_lines(journal, read_change, &x, e);

	if (x.n > 0) {
		qsort(x.v, x.n, sizeof(*x.v), by_number);
		states(x.v, x.n);
	}
	out->v = arena_dup(a, x.v, x.n * sizeof(*x.v));
	out->n = x.n;
	free(x.v);
	return (rc);
}

/* ---- two-time views ---- */

static void
two_add(struct points *out, const struct point *at,
    const struct point *listed)
{
	struct point *p = &out->v[out->n++];

	*p = *at;
	p->list_k = listed->k;
	p->state = points_hash(listed->state, &at->state, sizeof(at->state));
}

void
points_two_times(const struct points *ps, struct arena *a, struct points *out)
{

	out->v = arena_alloc(a, (3 * ps->n + 1) * sizeof(*out->v));
	out->n = 0;
	for (size_t i = 1, end; i < ps->n; i = end + 1) {
		size_t early = i - 1;

		end = i;
		if (!str_starts(ps->v[i].what, "delete "))
			continue;
		while (end + 1 < ps->n &&
		    str_starts(ps->v[end + 1].what, "delete "))
			end++;
		while (early > 0 && ps->v[early].at_us > ps->v[end].at_us -
		    POINTS_SPAN_US)
			early--;
		two_add(out, &ps->v[i], &ps->v[i - 1]);
		if (early < i - 1)
			two_add(out, &ps->v[end], &ps->v[early]);
		if (end > i)
			two_add(out, &ps->v[end], &ps->v[i - 1]);
	}
}

/* ---- results as JSON ---- */

const char *
point_text(struct arena *a, const char *s)
{
	json_t *j = json_string(s);
	char *t;

	json_decref(j);
	if (j != NULL)
		return (s);
	t = arena_strdup(a, s);
	for (char *p = t; *p != '\0'; p++)
		if ((*p & 0x80) != 0)
			*p = '?';
	return (t);
}

static json_t *
text_or_null(const char *s)
{
	struct arena a = ARENA_INIT;
	json_t *j = s != NULL ? json_string(point_text(&a, s)) : json_null();

	arena_release(&a);
	return (j);
}

json_t *
point_to_json(const struct point *p)
{

	return (json_pack("{s:I, s:I, s:b, s:I, s:o, s:o, s:b, s:i, s:b, s:I, "
	    "s:I, s:o, s:o, s:o, s:i, s:I}", "k", (json_int_t)p->k, "list_k",
	    (json_int_t)p->list_k, "crash", p->crash, "at_us",
	    (json_int_t)p->at_us, "class", text_or_null(p->what), "object",
	    text_or_null(p->object), "tried", p->tried, "status", p->status,
	    "panic", p->panic, "frontier", (json_int_t)p->frontier, "lag_us",
	    (json_int_t)p->lag_us, "broken", text_or_null(p->broken),
	    "litter", text_or_null(p->litter), "said",
	    text_or_null(p->said), "moment", p->moment, "same",
	    (json_int_t)(p->same != NULL ? p->same->k : 0)));
}

static const char *
text_from(struct arena *a, const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));

	return (s != NULL ? arena_strdup(a, s) : NULL);
}

int
point_from_json(struct arena *a, const json_t *j, struct point *p)
{
	json_int_t k, list_k, at, frontier, lag;
	int tried, panic, crash;

	*p = (struct point){ 0 };
	if (json_unpack((json_t *)(uintptr_t)j, "{s:I, s:I, s:b, s:I, s:b, "
	    "s:i, s:b, s:I, s:I}", "k", &k, "list_k", &list_k, "crash",
	    &crash, "at_us", &at, "tried", &tried, "status", &p->status,
	    "panic", &panic, "frontier", &frontier, "lag_us", &lag) != 0)
		return (-1);
	p->k = k;
	p->list_k = list_k;
	p->at_us = at;
	p->frontier = frontier;
	p->lag_us = lag;
	p->tried = tried != 0;
	p->panic = panic != 0;
	p->crash = crash != 0;
	p->moment = (int)json_integer_value(json_object_get(j, "moment"));
	p->what = text_from(a, j, "class");
	p->object = text_from(a, j, "object");
	p->broken = text_from(a, j, "broken");
	p->litter = text_from(a, j, "litter");
	p->said = text_from(a, j, "said");
	return (p->what != NULL && p->object != NULL ? 0 : -1);
}
