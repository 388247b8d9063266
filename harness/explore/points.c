#include "harness/explore/points.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/replicator/replicators.h"
#include "lib/file.h"
#include "lib/str.h"

#define JOURNAL_MAX	(256 << 20)

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

static const char *
member(const json_t *line, const char *name)
{
	const char *s = json_string_value(json_object_get(line, name));

	return (s != NULL ? s : "");
}

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

int
points_read(const char *journal, const char *bucket, const char *path,
    struct arena *a, struct points *out, struct err *e)
{
	struct point *v = NULL;
	size_t n = 0, room = 0;
	struct buf b;

	buf_init(&b, JOURNAL_MAX);
	if (file_read(journal, &b, e) != 0) {
		buf_release(&b);
		return (-1);
	}
	for (char *s = b.p, *end; s != NULL && *s != '\0'; s = end) {
		json_t *line;
		int64_t k;

		if ((end = strchr(s, '\n')) != NULL)
			*end++ = '\0';
		line = json_loads(s, JSON_ALLOW_NUL, NULL);
		k = json_integer_value(json_object_get(line, "mutation"));
		if (k > 0 && strcmp(member(line, "bucket"), bucket) == 0 &&
		    below(path, member(line, "object"))) {
			if (n == room) {
				room = room > 0 ? 2 * room : 256;
				v = mem_realloc(v, room * sizeof(*v));
			}
			v[n++] = (struct point){ .k = k,
			    .at_us = (int64_t)(json_number_value(
			    json_object_get(line, "t")) * 1e6),
			    .object = arena_strdup(a, member(line, "object")),
			    .what = points_class(a, member(line, "api"), path,
			    member(line, "object")) };
		}
		json_decref(line);
	}
	buf_release(&b);
	if (n > 0)
		qsort(v, n, sizeof(*v), by_number);
	out->v = arena_dup(a, v, n * sizeof(*v));
	out->n = n;
	free(v);
	return (0);
}

/* ---- the rules ---- */

struct rules {
	struct arena *a;
	const struct point *backup;	/* the first that could be restored */
	const struct point *best;	/* the one with the highest frontier */
};

/* What is wrong with a point by itself, or NULL. */
static const char *
rule_alone(struct rules *c, const struct point *p, const char **text)
{
	const char *colon;

	if (p->panic) {
		*text = "the restore panicked";
		return ("panic");
	}
	if (p->status == 124) {
		*text = "the restore did not end in time";
		return ("ends");
	}
	if (p->broken == NULL)
		return (NULL);
	*text = arena_printf(c->a, "restored with status 0: %s", p->broken);
	colon = strchr(p->broken, ':');
	return (colon == NULL ? p->broken : arena_strndup(c->a, p->broken,
	    (size_t)(colon - p->broken)));
}

/* What is wrong with it after what was seen before, or NULL. */
static const char *
rule_before(struct rules *c, const struct point *p, const char **text)
{

	if (p->status != 0 && c->backup != NULL) {
		*text = arena_printf(c->a, "restore ends with %d, where after "
		    "change %" PRId64 " it brought back a database%s%s",
		    p->status, c->backup->k, p->said != NULL ? ": " : "",
		    p->said != NULL ? p->said : "");
		return ("restorable");
	}
	if (p->status == 0 && c->best != NULL &&
	    p->frontier < c->best->frontier) {
		*text = arena_printf(c->a, "restored up to row %" PRId64
		    ", where after change %" PRId64 " it was row %" PRId64,
		    p->frontier, c->best->k, c->best->frontier);
		return ("frontier");
	}
	/* Untidy, which is the least of it. */
	if (p->litter != NULL) {
		*text = arena_printf(c->a, "the restore, which ended with %d, "
		    "left %s", p->status, p->litter);
		return ("litter");
	}
	return (NULL);
}

struct violation *
points_judge(const struct points *ps, struct arena *a, size_t *n)
{
	struct violation *v = arena_alloc(a, (ps->n + 1) * sizeof(*v));
	struct rules c = { .a = a };

	*n = 0;
	for (size_t i = 0; i < ps->n; i++) {
		const struct point *p = &ps->v[i];
		const char *text, *property;
		const struct point *since = NULL;

		if (!p->tried)
			continue;
		property = rule_alone(&c, p, &text);
		if (property == NULL &&
		    (property = rule_before(&c, p, &text)) != NULL &&
		    strcmp(property, "litter") != 0)
			since = p->status != 0 ? c.backup : c.best;
		if (property != NULL)
			v[(*n)++] = (struct violation){ .property = property,
			    .at = p, .since = since, .text = text };
		if (p->status != 0 || p->broken != NULL)
			continue;
		if (c.backup == NULL)
			c.backup = p;
		if (c.best == NULL || p->frontier > c.best->frontier)
			c.best = p;
	}
	return (v);
}

/* ---- what is known ---- */

/* The next column, without the blanks around it. */
static const char *
column(struct arena *a, const char **line)
{
	const char *s = *line + strspn(*line, " \t"), *end;
	size_t n = strcspn(s, "|");

	end = s + n;
	*line = *end == '|' ? end + 1 : end;
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return (arena_strndup(a, s, n));
}

int
points_known(struct arena *a, const char *line, struct known *k)
{

	k->property = column(a, &line);
	k->releases = column(a, &line);
	k->what = column(a, &line);
	k->why = column(a, &line);
	return (*k->property == '#' || *k->why == '\0' ? -1 : 0);
}

bool
points_is_known(const struct known *k, const struct violation *v,
    const char *version)
{

	return (str_glob(k->property, v->property) &&
	    release_among(version, k->releases) &&
	    str_glob(k->what, v->at->what));
}

/* ---- results as JSON ---- */

static json_t *
text_or_null(const char *s)
{
	json_t *j = s != NULL ? json_string(s) : json_null();

	return (j != NULL ? j : json_string("(not UTF-8)"));
}

json_t *
point_to_json(const struct point *p)
{

	return (json_pack("{s:I, s:I, s:o, s:o, s:b, s:i, s:b, s:I, s:I, s:o, "
	    "s:o, s:o}", "k", (json_int_t)p->k, "at_us",
	    (json_int_t)p->at_us, "class", text_or_null(p->what), "object",
	    text_or_null(p->object), "tried", p->tried, "status", p->status,
	    "panic", p->panic, "frontier", (json_int_t)p->frontier, "lag_us",
	    (json_int_t)p->lag_us, "broken", text_or_null(p->broken),
	    "litter", text_or_null(p->litter), "said",
	    text_or_null(p->said)));
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
	json_int_t k, at, frontier, lag;
	int tried, panic;

	*p = (struct point){ 0 };
	if (json_unpack((json_t *)(uintptr_t)j, "{s:I, s:I, s:b, s:i, s:b, "
	    "s:I, s:I}", "k", &k, "at_us", &at, "tried", &tried, "status",
	    &p->status, "panic", &panic, "frontier", &frontier, "lag_us",
	    &lag) != 0)
		return (-1);
	p->k = k;
	p->at_us = at;
	p->frontier = frontier;
	p->lag_us = lag;
	p->tried = tried != 0;
	p->panic = panic != 0;
	p->what = text_from(a, j, "class");
	p->object = text_from(a, j, "object");
	p->broken = text_from(a, j, "broken");
	p->litter = text_from(a, j, "litter");
	p->said = text_from(a, j, "said");
	return (p->what != NULL && p->object != NULL ? 0 : -1);
}
