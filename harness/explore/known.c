#include "harness/explore/known.h"

#include <stdlib.h>
#include <string.h>

#include "harness/replicator/replicators.h"
#include "lib/file.h"
#include "lib/str.h"

#define KNOWN_MAX	(1 << 20)
#define COLUMNS		5

/* The next column, without the blanks around it; *line: NULL behind the
 * last. */
static const char *
column(struct arena *a, const char **line)
{
	const char *s = *line + strspn(*line, " \t");
	size_t n = strcspn(s, "|");

	*line = s[n] == '|' ? s + n + 1 : NULL;
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return (arena_strndup(a, s, n));
}

/* "update@0.3.13:4,17" */
static int
history(struct arena *a, const char *s, struct known *k, struct err *e)
{
	const char *colon = strchr(s, ':'), *at = strchr(s, '@'), *p;

	if (strcmp(s, "-") == 0)
		return (0);
	if (colon == NULL || at == NULL || at > colon || at == s ||
	    strchr(s, '/') != NULL)
		return (err_set(e, "'%s' is no history with its points, as "
		    "update@0.3.13:4,17, nor a -", s));
	k->history = arena_strndup(a, s, (size_t)(colon - s));
	for (p = colon; *p != '\0'; p += strcspn(p, ",")) {
		const char *word = arena_strndup(a, p + 1, strcspn(p + 1,
		    ","));

		if (k->npoints == KNOWN_POINTS)
			return (err_set(e, "'%s' has more than %d points", s,
			    KNOWN_POINTS));
		if (!str_int64(word, &k->points[k->npoints]) ||
		    k->points[k->npoints++] < 1)
			return (err_set(e, "'%s' is no number of a change",
			    word));
		p++;
	}
	return (0);
}

int
known_line(struct arena *a, const char *line, struct known *k, struct err *e)
{
	const char *text[COLUMNS] = { NULL };
	size_t n = 0;

	*k = (struct known){ 0 };
	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return (1);
	while (line != NULL && n < COLUMNS)
		text[n++] = column(a, &line);
	for (size_t i = 0; i < COLUMNS; i++)
		if (text[i] == NULL || *text[i] == '\0' || line != NULL)
			return (err_set(e, "a finding is PROPERTY | RELEASES "
			    "| CLASS | HISTORY:POINT or - | WHY"));
	k->property = text[0];
	k->releases = text[1];
	k->what = text[2];
	k->why = text[4];
	return (history(a, text[3], k, e));
}

int
known_read(const char *file, struct arena *a, struct known **v, size_t *n,
    struct err *e)
{
	struct buf b;
	int rc, line = 1;
	size_t room = 1;

	buf_init(&b, KNOWN_MAX);
	*n = 0;
	if ((rc = file_read(file, &b, e)) == 0)
		for (size_t i = 0; i < b.len; i++)
			room += b.p[i] == '\n';
	*v = arena_alloc(a, room * sizeof(**v));
	for (char *s = rc == 0 ? b.p : NULL, *end; s != NULL && rc >= 0;
	    s = end, line++) {
		if ((end = strchr(s, '\n')) != NULL)
			*end++ = '\0';
		rc = known_line(a, s, &(*v)[*n], e);
		*n += rc == 0;
		if (rc < 0)
			err_prefix(e, "%s:%d", file, line);
	}
	buf_release(&b);
	return (rc < 0 ? -1 : 0);
}

bool
known_is(const struct known *k, const struct violation *v,
    const char *version)
{
	char *said = mem_printf("%s: %s", v->property, v->text);
	bool is = str_glob(k->property, strchr(k->property, ':') != NULL ?
	    said : v->property);

	free(said);
	return (is && release_among(version, k->releases) &&
	    str_glob(k->what, v->at->what));
}

void
known_mark(const struct known *k, size_t nknown, const char *version,
    struct violation *v, size_t n)
{

	for (size_t i = 0; i < nknown; i++)
		for (size_t j = 0; j < n; j++)
			if (v[j].known == NULL && known_is(&k[i], &v[j],
			    version))
				v[j].known = k[i].why;
}

/* Of one point of one history. */
static bool
same(const struct known *a, const struct known *b)
{

	return (a->history != NULL && b->history != NULL &&
	    strcmp(a->history, b->history) == 0 &&
	    a->points[0] == b->points[0]);
}

const struct known *
known_gone(const struct known *k, size_t nknown, const char *name,
    const char *version, const struct violation *v, size_t n, size_t *i)
{

	while (*i < nknown) {
		const struct known *one = &k[(*i)++];
		bool shown = false;

		if (one->history == NULL || strcmp(one->history, name) != 0)
			continue;
		for (size_t j = 0; j < n * nknown && !shown; j++)
			shown = v[j % n].at->k == one->points[0] &&
			    same(&k[j / n], one) &&
			    known_is(&k[j / n], &v[j % n], version);
		if (!shown)
			return (one);
	}
	return (NULL);
}

const char *
known_archive(struct arena *a, const char *file, const char *history)
{
	const char *slash = strrchr(file, '/');

	return (arena_printf(a, "%.*sknown.d/%s.tar.xz", slash != NULL ?
	    (int)(slash + 1 - file) : 0, file, history));
}
