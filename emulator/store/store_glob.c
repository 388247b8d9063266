/* matchGlob, as https://cloud.google.com/storage/docs/json_api/v1/objects/list
 * tells it ("list objects and prefixes using glob").  Two marks are kept while
 * matching, one for the last `*` and one for the last `**`: giving the newer
 * one more byte, or failing that the older one, is all the backtracking there
 * is.  `**` and a slash, where a name's part begins, also stand for nothing:
 * that is tried first. */
#include <stdlib.h>
#include <string.h>

#include "emulator/store/store_int.h"
#include "lib/nul.h"

#define GLOB_BRACES	64
#define GLOB_ALTS	1000		/* patterns that braces stand for */

/* What a byte sorts as: U+0000 is matched as NUL_FLAT. */
static unsigned char
store_glob_rank(char c)
{

	return ((unsigned char)c == NUL_FLAT ? 0 : (unsigned char)c);
}

/* Does c match the class that begins at p ('[')?  *end: behind it.  False
 * with *end == p where it is not a class at all. */
static bool
store_glob_class(const char *p, unsigned char c, const char **end)
{
	const char *q = p + 1;
	bool not, hit = false;

	c = store_glob_rank((char)c);
	not = *q == '!' || *q == '^';
	q += not;
	for (const char *first = q; *q != ']' || q == first; q++) {
		unsigned char lo, hi;

		if (*q == '\0') {
			*end = p;
			return (false);
		}
		lo = hi = store_glob_rank(*q);
		if (q[1] == '-' && q[2] != ']' && q[2] != '\0') {
			hi = store_glob_rank(q[2]);
			q += 2;
		}
		hit = hit || (lo <= c && c <= hi);
	}
	*end = q + 1;
	return (hit != not && c != '/');
}

/* One step of p over one byte: behind it, or NULL. */
static const char *
store_glob_one(const char *p, unsigned char c)
{
	const char *end;

	if (*p == '?')
		return (c != '/' ? p + 1 : NULL);
	if (*p == '[') {
		bool hit = store_glob_class(p, c, &end);

		if (end != p)
			return (hit ? end : NULL);
	}
	if (*p == '\\' && p[1] != '\0')
		p++;
	return (*p != '\0' && (unsigned char)*p == c ? p + 1 : NULL);
}

static bool
store_glob_plain(const char *p, const char *s)
{
	/* s1: what `*` has taken ends here; s2: what `**` is to try next */
	const char *p1 = NULL, *s1 = NULL, *p2 = NULL, *s2 = NULL, *next;
	const char *begin = p;

	for (;;) {
		if (p[0] == '*' && p[1] == '*') {
			bool part = p == begin || p[-1] == '/';

			while (*p == '*')
				p++;
			p2 = p;
			s2 = s;
			if (part && *p == '/')
				p++;
			else
				s2 = *s != '\0' ? s + 1 : NULL;
			p1 = NULL;
			continue;
		}
		if (*p == '*') {
			p1 = ++p;
			s1 = s;
			continue;
		}
		if (*s == '\0' && *p == '\0')
			return (true);
		next = *s != '\0' ? store_glob_one(p, (unsigned char)*s) : NULL;
		if (next != NULL) {
			p = next;
			s++;
		} else if (p1 != NULL && *s1 != '\0' && *s1 != '/') {
			p = p1;
			s = ++s1;
		} else if (p2 != NULL && s2 != NULL) {
			p = p2;
			s = s2;
			s2 = *s != '\0' ? s + 1 : NULL;
			p1 = NULL;
		} else
			return (false);
	}
}

/* The '}' that closes the '{' at p, or NULL. */
static const char *
store_glob_close(const char *p)
{
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return (p);
	}
	return (NULL);
}

/* Adds the patterns without braces that p stands for, each with its NUL: the
 * alternatives of its first {…} in turn. */
static void
store_glob_expand(struct buf *out, const char *p)
{
	const char *open = p, *close, *from;
	int depth = 0;

	while (*open != '\0' && *open != '{')
		open += *open == '\\' && open[1] != '\0' ? 2 : 1;
	if (*open == '\0' || (close = store_glob_close(open)) == NULL) {
		buf_add(out, p, strlen(p) + 1);
		return;
	}
	from = open + 1;
	for (const char *q = from; q <= close; q++) {
		struct buf b;

		if (*q == '\\' && q < close)
			q++;
		else if (*q == '{')
			depth++;
		else if (*q == '}' && q < close)
			depth--;
		else if (q == close || (*q == ',' && depth == 0)) {
			buf_init(&b, SIZE_MAX / 2);
			buf_add(&b, p, (size_t)(open - p));
			buf_add(&b, from, (size_t)(q - from));
			buf_adds(&b, close + 1);
			store_glob_expand(out, b.p);
			buf_release(&b);
			from = q + 1;
		}
	}
}

void
store_glob_new(struct store_glob *g, const char *pattern)
{
	char *p = mem_strdup(pattern);

	buf_init(&g->plain, SIZE_MAX / 2);
	nul_flat(p);
	store_glob_expand(&g->plain, p);
	free(p);
}

void
store_glob_free(struct store_glob *g)
{

	buf_release(&g->plain);
}

bool
store_glob(const struct store_glob *g, const char *name)
{
	const char *end = g->plain.p + g->plain.len;
	char *flat = NULL;
	bool hit = false;

	if (strchr(name, '\1') != NULL) {
		flat = mem_strdup(name);
		nul_flat(flat);
		name = flat;
	}
	for (const char *p = g->plain.p; p < end && !hit; p += strlen(p) + 1)
		hit = store_glob_plain(p, name);
	free(flat);
	return (hit);
}

/* How many patterns without braces it stands for, up to the '}' that closes it
 * or the end, where *p is then; GLOB_ALTS + 1 is many. */
static int
store_glob_alts(const char **p, bool inside)
{
	int sum = 0, n = 1;

	for (; **p != '\0' && **p != '}'; (*p)++)
		if (**p == '\\' && (*p)[1] != '\0')
			(*p)++;
		else if (**p == ',' && inside) {
			sum = sum + n > GLOB_ALTS ? GLOB_ALTS + 1 : sum + n;
			n = 1;
		} else if (**p == '{') {
			(*p)++;
			n *= store_glob_alts(p, true);
			n = n > GLOB_ALTS ? GLOB_ALTS + 1 : n;
			if (**p == '\0')
				break;
		}
	return (sum + n);
}

bool
store_glob_ok(const char *p)
{
	const char *end, *q = p;
	int depth = 0, braces = 0;

	/* Each is one more level of store_glob_expand(). */
	for (; *q != '\0'; q++)
		braces += *q == '{';
	q = p;
	if (braces > GLOB_BRACES || store_glob_alts(&q, false) > GLOB_ALTS)
		return (false);

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}')
			depth--;
		else if (*p == '[') {
			(void)store_glob_class(p, 'a', &end);
			if (end == p)
				return (false);
			p = end - 1;
		}
		if (depth < 0)
			return (false);
	}
	return (depth == 0);
}

size_t
store_glob_literal(const char *pattern)
{

	return (strcspn(pattern, "*?[{\\"));
}
