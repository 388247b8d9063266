#include "lib/jtext.h"

#define INDENT	2u

/* What each byte becomes in a string: 0 itself, 'u' \u00XX, else a backslash
 * and this. */
static const char escapes[256] = {
	['\0'] = 'u', [1] = 'u', [2] = 'u', [3] = 'u', [4] = 'u', [5] = 'u',
	[6] = 'u', [7] = 'u', ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',
	[11] = 'u', ['\f'] = 'f', ['\r'] = 'r', [14] = 'u', [15] = 'u',
	[16] = 'u', [17] = 'u', [18] = 'u', [19] = 'u', [20] = 'u',
	[21] = 'u', [22] = 'u', [23] = 'u', [24] = 'u', [25] = 'u',
	[26] = 'u', [27] = 'u', [28] = 'u', [29] = 'u', [30] = 'u',
	[31] = 'u', ['"'] = '"', ['\\'] = '\\',
};

void
jtext_init(struct jtext *w, bool pretty, size_t max)
{

	*w = (struct jtext){ .pretty = pretty, .empty = true };
	buf_init(&w->b, max);
}

void
jtext_release(struct jtext *w)
{

	buf_release(&w->b);
}

/* ---- writing ---- */

/* A line of its own, where lines are wanted; p has the room. */
static char *
jtext_line(const struct jtext *w, char *p)
{

	if (!w->pretty)
		return (p);
	*p++ = '\n';
	memset(p, ' ', INDENT * (size_t)w->depth);
	return (p + INDENT * (size_t)w->depth);
}

/* What comes before a key or an item.  Room for n more is there afterwards. */
static char *
jtext_lead(struct jtext *w, size_t n)
{
	char *p = buf_room(&w->b, n + 2 + INDENT * (size_t)w->depth);

	if (p == NULL)
		return (NULL);
	if (!w->empty)
		*p++ = ',';
	w->empty = false;
	return (jtext_line(w, p));
}

void
jtext_open(struct jtext *w, char c)
{

	buf_addc(&w->b, c);
	w->depth++;
	w->empty = true;
}

void
jtext_close(struct jtext *w, char c)
{
	char *p;

	w->depth--;
	p = buf_room(&w->b, 2 + INDENT * (size_t)w->depth);
	if (p == NULL)
		return;
	if (!w->empty)
		p = jtext_line(w, p);
	*p++ = c;
	buf_took(&w->b, (size_t)(p - w->b.p) - w->b.len);
	w->empty = false;
}

void
jtext_item(struct jtext *w)
{
	char *p = jtext_lead(w, 0);

	if (p != NULL)
		buf_took(&w->b, (size_t)(p - w->b.p) - w->b.len);
}

void
jtext_key(struct jtext *w, const char *k, size_t n)
{
	char *p = jtext_lead(w, n + 4);

	if (p == NULL)
		return;
	*p++ = '"';
	memcpy(p, k, n);
	p += n;
	*p++ = '"';
	*p++ = ':';
	if (w->pretty)
		*p++ = ' ';
	buf_took(&w->b, (size_t)(p - w->b.p) - w->b.len);
}

void
jtext_raw(struct jtext *w, const char *json, size_t n)
{

	buf_add(&w->b, json, n);
}

void
jtext_quote(struct jtext *w)
{

	buf_addc(&w->b, '"');
}

static void
jtext_escape(struct jtext *w, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";
	char s[6] = { '\\', escapes[c], '0', '0', hex[c >> 4], hex[c & 15] };

	buf_add(&w->b, s, escapes[c] == 'u' ? 6 : 2);
}

void
jtext_part(struct jtext *w, const char *s, size_t n)
{
	size_t i = 0, from = 0;

	for (;;) {
		while (i < n && escapes[(unsigned char)s[i]] == 0)
			i++;
		buf_add(&w->b, s + from, i - from);
		if (i == n)
			return;
		jtext_escape(w, (unsigned char)s[i]);
		from = ++i;
	}
}

void
jtext_str(struct jtext *w, const char *s, size_t n)
{

	jtext_quote(w);
	jtext_part(w, s, n);
	jtext_quote(w);
}

void
jtext_num(struct jtext *w, int64_t v)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char s[20], *p = s + sizeof(s);

	do
		*--p = (char)('0' + u % 10);
	while ((u /= 10) != 0);
	if (v < 0)
		*--p = '-';
	buf_add(&w->b, p, (size_t)(s + sizeof(s) - p));
}

/* ---- reading ---- */

const char *
jtext_trim(const char *p)
{

	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return (p);
}

/* Behind the string that begins at p, a quote; NULL where it has no end. */
static const char *
jtext_string(const char *p)
{

	for (p++;; p++) {
		while (*p != '"' && *p != '\\' && *p != '\0')
			p++;
		if (*p == '"')
			return (p + 1);
		if (*p == '\0' || *++p == '\0')
			return (NULL);
	}
}

/* The same of a string, a number or a name. */
static const char *
jtext_scalar(const char *p)
{
	size_t n;

	if (*p == '"')
		return (jtext_string(p));
	n = strcspn(p, "\"{}[],: \t\n\r");
	return (n > 0 ? p + n : NULL);
}

const char *
jtext_skip(const char *p)
{
	size_t open = 0;

	do {
		p = jtext_trim(p);
		switch (*p) {
		case '{':
		case '[':
			open++;
			p++;
			break;
		case '}':
		case ']':
			if (open == 0)
				return (NULL);
			open--;
			p++;
			break;
		case ',':
		case ':':
			if (open == 0)
				return (NULL);
			p++;
			break;
		default:
			p = jtext_scalar(p);
		}
	} while (p != NULL && open > 0);
	return (p);
}

/* Between the parts of a value that is copied: a colon keeps what follows on
 * its line. */
static const char *
jtext_copy_mark(struct jtext *w, const char *p, bool *value)
{

	if (*p == ':') {
		buf_add(&w->b, ": ", w->pretty ? 2 : 1);
		*value = true;
	}
	return (p + 1);
}

const char *
jtext_copy(struct jtext *w, const char *p)
{
	unsigned base = w->depth;
	bool value = true;		/* no item begins here */
	const char *q;

	do {
		p = jtext_trim(p);
		if (*p == ',' || *p == ':') {
			if (w->depth == base)
				return (NULL);
			p = jtext_copy_mark(w, p, &value);
			continue;
		}
		if (*p == '}' || *p == ']') {
			if (w->depth == base)
				return (NULL);
			jtext_close(w, *p++);
			value = false;
			continue;
		}
		if (!value)
			jtext_item(w);
		value = false;
		if (*p == '{' || *p == '[') {
			jtext_open(w, *p++);
			continue;
		}
		if ((q = jtext_scalar(p)) == NULL)
			return (NULL);
		buf_add(&w->b, p, (size_t)(q - p));
		p = q;
	} while (w->depth > base);
	return (p);
}

const char *
jtext_element(const char *p, const char **end)
{

	p = jtext_trim(p);
	if (*p == ',')
		p = jtext_trim(p + 1);
	*end = *p == ']' ? p + 1 : NULL;
	return (*p != ']' && *p != '\0' ? p : NULL);
}

const char *
jtext_member(const char *p, const char **k, size_t *n, const char **end)
{

	p = jtext_trim(p);
	if (*p == ',')
		p = jtext_trim(p + 1);
	*end = *p == '}' ? p + 1 : NULL;
	if (*p != '"')
		return (NULL);
	*k = p + 1;
	if ((p = jtext_string(p)) == NULL)
		return (NULL);
	*n = (size_t)(p - 1 - *k);
	p = jtext_trim(p);
	return (*p == ':' ? jtext_trim(p + 1) : NULL);
}

const char *
jtext_find(const char *p, const char *key)
{
	size_t n, want = strlen(key);
	const char *k, *v, *end;

	p = jtext_trim(p);
	if (*p++ != '{')
		return (NULL);
	while (p != NULL && (v = jtext_member(p, &k, &n, &end)) != NULL) {
		if (n == want && memcmp(k, key, n) == 0)
			return (v);
		p = jtext_skip(v);
	}
	return (NULL);
}
