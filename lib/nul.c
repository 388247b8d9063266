#include "lib/nul.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/str.h"

#define ESC	'\1'		/* U+0000 is ESC 1, U+0001 is ESC 2 */

/* Is there one of the two at s?  A lone 01 stands for itself: a store of old
 * may hold one. */
static bool
nul_pair(const char *s)
{

	return (s[0] == ESC && (s[1] == '\1' || s[1] == '\2'));
}

/* ---- coming in ---- */

void
nul_url(char *s)
{
	char *d = s = strstr(s, "%0"), *next;

	while (s != NULL) {
		if (s[2] == '0' || s[2] == '1') {
			*d++ = ESC;
			*d++ = s[2] == '0' ? '\1' : '\2';
			s += 3;
		} else {
			*d++ = *s++;
			*d++ = *s++;
		}
		next = strstr(s, "%0");
		memmove(d, s, next != NULL ? (size_t)(next - s) :
		    strlen(s) + 1);
		d += next != NULL ? next - s : 0;
		s = next;
	}
}

void
nul_addc(struct buf *b, char c)
{

	if (c == '\0' || c == '\1') {
		buf_addc(b, ESC);
		c++;
	}
	buf_addc(b, c);
}

void
nul_add(struct buf *b, const char *s, size_t n)
{

	for (size_t i = 0; i < n; i++)
		nul_addc(b, s[i]);
}

/* Is it \u0000 or \u0001 at the backslash p? */
static bool
nul_json_at(const char *p, const char *end)
{

	return (end - p >= 6 && memcmp(p, "\\u000", 5) == 0 &&
	    (p[5] == '0' || p[5] == '1'));
}

/* The text with those two escaped, in b; false: it has none. */
static bool
nul_json_escape(const char *p, const char *end, bool take, struct buf *b)
{
	const char *from = p, *hit;
	bool any = false;

	while ((hit = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		/* A backslash takes what is behind it along. */
		p = end - hit > 2 ? hit + 2 : end;
		if (!nul_json_at(hit, end) || (hit[5] == '0' && !take))
			continue;
		buf_add(b, from, (size_t)(hit - from));
		buf_adds(b, hit[5] == '0' ? "\\u0001\\u0001" :
		    "\\u0001\\u0002");
		from = p = hit + 6;
		any = true;
	}
	buf_add(b, from, (size_t)(end - from));
	return (any);
}

/* A U+0000 in a key, which most parsers of JSON refuse, jansson among them.
 * How deep it goes has been bounded by the parser. */
static bool
nul_json_key(const json_t *j)
{
	const char *k;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)j, k, v)
		if (nul_has(k) || nul_json_key(v))
			return (true);
	json_array_foreach(j, i, v)
		if (nul_json_key(v))
			return (true);
	return (false);
}

json_t *
nul_json(const char *p, size_t n, bool take, size_t flags, json_error_t *e)
{
	const char *back = n > 0 ? memchr(p, '\\', n) : NULL;
	struct buf b;
	json_t *j;

	if (back == NULL || memmem(back, n - (size_t)(back - p), "\\u000",
	    5) == NULL)
		return (json_loadb(p, n, flags, e));
	buf_init(&b, SIZE_MAX / 2);
	j = nul_json_escape(p, p + n, take, &b) ?
	    json_loadb(b.p, b.len, flags, e) : json_loadb(p, n, flags, e);
	buf_release(&b);
	if (j != NULL && nul_json_key(j)) {
		json_decref(j);
		j = NULL;
		if (e != NULL)
			(void)snprintf(e->text, sizeof(e->text),
			    "NUL in an object's key");
	}
	return (j);
}

/* ---- going out ---- */

size_t
nul_out(char *s)
{
	char *d = strchr(s, ESC), *begin = s;

	if (d == NULL)
		return (strlen(s));
	for (s = d; *s != '\0'; s++) {
		if (nul_pair(s))
			*d++ = (char)(*++s - 1);
		else
			*d++ = *s;
	}
	*d = '\0';
	return ((size_t)(d - begin));
}

/* Where a pair begins at or behind p, as JSON text; NULL: there is none. */
static char *
nul_json_pair(char *p, const char *end)
{

	while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		if (end - p < 2)
			return (NULL);
		if (end - p >= 12 && memcmp(p, "\\u0001\\u000", 11) == 0 &&
		    (p[11] == '1' || p[11] == '2'))
			return (p);
		p += 2;
	}
	return (NULL);
}

size_t
nul_json_out(char *s, size_t n)
{
	char *end = s + n, *p = nul_json_pair(s, end), *d = p, *next;

	if (p == NULL)
		return (n);
	for (; p != NULL; p = next) {
		char last = (char)(p[11] - 1);

		memcpy(d, "\\u000", 5);
		d[5] = last;
		d += 6;
		p += 12;
		next = nul_json_pair(p, end);
		n = (size_t)((next != NULL ? next : end) - p);
		memmove(d, p, n);
		d += n;
	}
	*d = '\0';
	return ((size_t)(d - s));
}

size_t
nul_url_out(char *s, size_t n)
{
	char *d = s, *end = s + n;

	for (char *p = s; p < end; ) {
		if (end - p >= 6 && memcmp(p, "%01%0", 5) == 0 &&
		    (p[5] == '1' || p[5] == '2')) {
			memcpy(d, p[5] == '1' ? "%00" : "%01", 3);
			d += 3;
			p += 6;
		} else
			*d++ = *p++;
	}
	return ((size_t)(d - s));
}

void
nul_pct_encode(struct buf *b, const char *s, bool keep_slash)
{
	size_t from = b->len, n = strlen(s);

	str_pct_encode(b, s, n, keep_slash);
	if (memchr(s, ESC, n) != NULL && buf_ok(b))
		buf_cut(b, from + nul_url_out(b->p + from, b->len - from));
}

/* ---- questions ---- */

size_t
nul_len(const char *s)
{
	size_t n = strlen(s);

	for (s = strchr(s, ESC); s != NULL; s = strchr(s, ESC)) {
		n -= nul_pair(s);
		s += nul_pair(s) ? 2 : 1;
	}
	return (n);
}

bool
nul_has(const char *s)
{

	while ((s = strchr(s, ESC)) != NULL) {
		if (s[1] == '\1')
			return (true);
		s += nul_pair(s) ? 2 : 1;
	}
	return (false);
}

/* Does a character begin at `at`, within s?  An odd number of 01 before it
 * ends in half a pair. */
static bool
nul_whole(const char *s, const char *at)
{
	size_t n = 0;

	while (at > s && at[-1] == ESC) {
		at--;
		n++;
	}
	return (n % 2 == 0);
}

const char *
nul_find(const char *s, const char *what)
{
	const char *hit = s;

	while ((hit = strstr(hit, what)) != NULL && !nul_whole(s, hit))
		hit++;
	return (hit);
}

bool
nul_ends(const char *s, const char *what)
{

	return (str_ends(s, what) &&
	    nul_whole(s, s + strlen(s) - strlen(what)));
}

void
nul_flat(char *s)
{
	char *d = strchr(s, ESC);

	if (d == NULL)
		return;
	for (s = d; *s != '\0'; s++) {
		if (nul_pair(s))
			*d++ = *++s == '\1' ? (char)NUL_FLAT : '\1';
		else
			*d++ = *s;
	}
	*d = '\0';
}

bool
nul_glob(const char *pattern, const char *s)
{
	char *p, *t;
	bool hit;

	if (strchr(s, ESC) == NULL)
		return (str_glob(pattern, s));
	p = mem_strdup(pattern);
	t = mem_strdup(s);
	nul_flat(p);
	nul_flat(t);
	hit = str_glob(p, t);
	free(t);
	free(p);
	return (hit);
}
