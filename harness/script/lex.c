#include "harness/script/lex.h"

#include <string.h>

size_t
lex_blanks(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (s[i] == ' ' || s[i] == '\t'))
		i++;
	return (i);
}

/* Bytes of the UTF-8 sequence at s, or 0 where it is malformed, overlong, a
 * surrogate or beyond U+10FFFF. */
static size_t
lex_utf8(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
	    s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (len == 0 || len > n)
		return (0);
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return (0);
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return (0);
	return (len);
}

size_t
lex_bad_byte(const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < n;) {
		size_t len = lex_utf8(s + i, n - i);

		if (len == 0 || s[i] == 0x7f ||
		    (s[i] < 0x20 && s[i] != '\t' && s[i] != '\n'))
			return (i);
		i += len;
	}
	return (n);
}

bool
lex_is_name(const char *s, size_t n)
{

	if (n == 0)
		return (false);
	for (size_t i = 0; i < n; i++) {
		bool alpha = (s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '_';
		bool more = (s[i] >= '0' && s[i] <= '9') || s[i] == '-' ||
		    s[i] == '.';

		if (!alpha && (i == 0 || !more))
			return (false);
	}
	return (true);
}

/* The quoted part that begins at s[i]; the index behind it. */
static size_t
lex_quoted(struct diag *d, struct place at, const char *s, size_t i, size_t n,
    struct buf *b)
{
	struct place open = at;

	open.col += (int)i;
	for (i++; i < n && s[i] != '"'; i++) {
		if (s[i] == '\\' && i + 1 < n &&
		    (s[i + 1] == '"' || s[i + 1] == '\\'))
			i++;
		buf_addc(b, s[i]);
	}
	if (i == n)
		diag_error(d, &open, "this quote has no end on its line");
	return (i < n ? i + 1 : n);
}

size_t
lex_words(struct arena *a, struct diag *d, struct place at, const char *s,
    size_t n, struct word **words)
{
	size_t i = lex_blanks(s, n), count = 0, room = 8;
	struct word *v = arena_alloc(a, room * sizeof(*v));
	struct buf b;

	buf_init(&b, n + 1);
	while (i < n && s[i] != '#') {
		struct word *w;

		if (count == room) {
			struct word *more = arena_alloc(a,
			    2 * room * sizeof(*v));

			memcpy(more, v, room * sizeof(*v));
			v = more;
			room *= 2;
		}
		w = &v[count++];
		w->at = at;
		w->at.col += (int)i;
		w->quoted = s[i] == '"';
		buf_reset(&b);
		while (i < n && s[i] != ' ' && s[i] != '\t') {
			if (s[i] == '"')
				i = lex_quoted(d, at, s, i, n, &b);
			else
				buf_addc(&b, s[i++]);
		}
		w->text = w->value = arena_strndup(a, b.p, b.len);
		i += lex_blanks(s + i, n - i);
	}
	buf_release(&b);
	*words = v;
	return (count);
}
