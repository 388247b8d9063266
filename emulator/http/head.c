/* Everything is checked before it is used: a byte that is not allowed where it
 * stands is a 400, whatever it might have been meant for.  Most of the tricks
 * by which two servers in a row are made to see different requests are two
 * answers to the question where a body ends, so all that is doubtful about
 * Content-Length and Transfer-Encoding is refused. */
#include "emulator/http/head.h"

#include <string.h>
#include <strings.h>

#include "lib/str.h"

#define FIELDS	16u		/* room at first; it doubles */

/* What a byte may be part of. */
enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8 };

#define V	(VALUE | TARGET)
#define H	(VALUE | TARGET | HOST)
#define T	(VALUE | TARGET | TOKEN)
#define A	(VALUE | TARGET | TOKEN | HOST)
static const unsigned char head_class[256] = {
	['\t'] = VALUE, [' '] = VALUE,
	['!'] = A, ['"'] = V, ['#'] = T, ['$'] = A, ['%'] = A, ['&'] = A,
	['\''] = A, ['('] = H, [')'] = H, ['*'] = A, ['+'] = A, [','] = V,
	['-'] = A, ['.'] = A, ['/'] = V,
	['0'] = A, A, A, A, A, A, A, A, A, A,
	[':'] = H, [';'] = H, ['<'] = V, ['='] = H, ['>'] = V, ['?'] = V,
	['@'] = V,
	['A'] = A, A, A, A, A, A, A, A, A, A, A, A, A,
	A, A, A, A, A, A, A, A, A, A, A, A, A,
	['['] = H, ['\\'] = V, [']'] = H, ['^'] = T, ['_'] = A, ['`'] = T,
	['a'] = A, A, A, A, A, A, A, A, A, A, A, A, A,
	A, A, A, A, A, A, A, A, A, A, A, A, A,
	['{'] = V, ['|'] = T, ['}'] = V, ['~'] = A,
	/* obs-text: names in UTF-8 that nobody has encoded */
	[0x80] = V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
};
#undef V
#undef H
#undef T
#undef A

/* How many bytes from p on are of that class. */
static size_t
head_span(const char *p, unsigned class)
{
	const char *q = p;

	while ((head_class[(unsigned char)*q] & class) != 0)
		q++;
	return ((size_t)(q - p));
}

bool
head_is_token(const char *s)
{

	return (*s != '\0' && s[head_span(s, TOKEN)] == '\0');
}

bool
head_is_value(const char *s)
{

	return (s[head_span(s, VALUE)] == '\0');
}

size_t
head_end(const char *p, size_t n, size_t *from)
{
	const char *lf;

	while (*from < n &&
	    (lf = memchr(p + *from, '\n', n - *from)) != NULL) {
		size_t at = (size_t)(lf - p) + 1;

		if (at < n && p[at] == '\n')
			return (at + 1);
		if (at + 1 < n && p[at] == '\r' && p[at + 1] == '\n')
			return (at + 2);
		/* It may be the next byte, or the one after that. */
		if (at >= n || (at + 1 >= n && p[at] == '\r')) {
			*from = at - 1;
			return (0);
		}
		*from = at;
	}
	*from = n;
	return (0);
}

/* A client that was given an https URL would otherwise wait for the half of a
 * minute that a head may take. */
const char *
head_begins(const char *p, size_t n)
{

	if (n == 0 || (n == 1 && *p == '\r') ||
	    (head_class[(unsigned char)*p] & TOKEN) != 0)
		return (NULL);
	return (*p == '\x16' ? "This is TLS, but the port speaks plain HTTP." :
	    "The request line does not begin with a method.");
}

/* ---- lines ---- */

/* The line at *p, ended by a NUL in place of its CR LF or LF; *p goes behind
 * it.  There is one, as head_end() found the blank line. */
static char *
head_line(char **p, const char *end, size_t *n)
{
	char *line = *p, *lf = memchr(line, '\n', (size_t)(end - line));

	*p = lf + 1;
	if (lf > line && lf[-1] == '\r')
		lf--;
	*lf = '\0';
	*n = (size_t)(lf - line);
	return (line);
}

static int
head_refuse(const char **why, int status, const char *text)
{

	*why = text;
	return (status);
}

/* ---- the request line ---- */

static int
head_version(struct head *h, const char *s, const char **why)
{

	if (strncmp(s, "HTTP/", 5) != 0 || s[5] < '0' || s[5] > '9' ||
	    s[6] != '.' || s[7] < '0' || s[7] > '9' || s[8] != '\0')
		return (head_refuse(why, 400, "The request line does not end "
		    "in a version of HTTP."));
	if (s[5] != '1')
		return (head_refuse(why, 505, "This server speaks HTTP/1.1."));
	h->minor = s[7] - '0';
	return (0);
}

/* `http://host:port/path` → host and /path. */
static int
head_absolute(struct head *h, struct arena *a, char *s, const char **why)
{
	size_t n = strcspn(s, "/?");

	if (n == 0 || head_span(s, HOST) != n)
		return (head_refuse(why, 400, "The host in the request's "
		    "target is malformed."));
	h->host = arena_strndup(a, s, n);
	if (s[n] == '/')
		h->target = s + n;
	else
		h->target = arena_printf(a, "/%s", s + n);
	return (0);
}

static int
head_request(struct head *h, struct arena *a, char *s, size_t len,
    const char **why)
{
	size_t m = head_span(s, TOKEN), t;
	int rc;

	if (len > HEAD_LINE_MAX)
		return (head_refuse(why, 414, "The request line is too "
		    "long."));
	if (m == 0 || s[m] != ' ')
		return (head_refuse(why, 400, "The request line does not "
		    "begin with a method."));
	s[m] = '\0';
	h->method = s;
	s += m + 1;
	t = head_span(s, TARGET);
	if (t == 0 || s[t] != ' ')
		return (head_refuse(why, 400, "The request's target is "
		    "missing or holds a byte that must be encoded."));
	s[t] = '\0';
	h->target = s;
	if ((rc = head_version(h, s + t + 1, why)) != 0)
		return (rc);
	if (strlen(s + t + 1) + m + t + 2 != len)	/* a NUL in it */
		return (head_refuse(why, 400, "The request line holds a "
		    "NUL."));
	if (strncasecmp(s, "http://", 7) == 0)
		return (head_absolute(h, a, s + 7, why));
	if (strncasecmp(s, "https://", 8) == 0)
		return (head_absolute(h, a, s + 8, why));
	if (*s != '/' && strcmp(s, "*") != 0)
		return (head_refuse(why, 400, "The request's target must "
		    "begin with '/'; this is no proxy for plain HTTP."));
	return (0);
}

/* ---- the fields ---- */

static int
head_field(struct head_field *f, char *s, size_t len, const char **why)
{
	size_t k = head_span(s, TOKEN), v;
	char *end = s + len;

	if (*s == ' ' || *s == '\t')
		return (head_refuse(why, 400, "A header is folded."));
	if (k == 0 || s[k] != ':')
		return (head_refuse(why, 400, "A header's name is malformed, "
		    "or not followed by a colon."));
	s[k] = '\0';
	f->k = s;
	for (s += k + 1; *s == ' ' || *s == '\t'; s++)
		;
	v = head_span(s, VALUE);
	if (s + v != end)
		return (head_refuse(why, 400, "A header's value holds a "
		    "control character."));
	for (; end > s && (end[-1] == ' ' || end[-1] == '\t'); end--)
		end[-1] = '\0';
	f->v = s;
	return (0);
}

/* A list with that word in it? */
static bool
head_lists(const char *v, const char *word)
{
	size_t n = strlen(word), k;

	for (;;) {
		v += strspn(v, " \t,");
		if (*v == '\0')
			return (false);
		k = strcspn(v, " \t,");
		if (k == n && strncasecmp(v, word, n) == 0)
			return (true);
		v += k;
	}
}

static int
head_length(struct head *h, const char *v, const char **why)
{
	int64_t n;

	if (*v == '\0' || strspn(v, "0123456789") != strlen(v) ||
	    !str_int64(v, &n))
		return (head_refuse(why, 400, "Content-Length is not a "
		    "number."));
	if (h->length >= 0 && h->length != n)
		return (head_refuse(why, 400, "There are two Content-Lengths "
		    "that differ."));
	h->length = n;
	return (0);
}

static int
head_encoding(struct head *h, const char *v, const char **why)
{
	size_t n = strlen(v);

	if (h->chunked)
		return (head_refuse(why, 400, "There are two "
		    "Transfer-Encodings."));
	if (strcasecmp(v, "chunked") == 0) {
		h->chunked = true;
		return (0);
	}
	if (n < 7 || strcasecmp(v + n - 7, "chunked") != 0)
		return (head_refuse(why, 400, "The last Transfer-Encoding is "
		    "not chunked."));
	return (head_refuse(why, 501, "No Transfer-Encoding but chunked is "
	    "served."));
}

static int
head_host(struct head *h, const char *v, bool *seen, const char **why)
{

	if (*seen)
		return (head_refuse(why, 400, "There are two Host headers."));
	*seen = true;
	if (v[head_span(v, HOST)] != '\0')
		return (head_refuse(why, 400, "The Host header is "
		    "malformed."));
	if (h->host == NULL)		/* an absolute target wins */
		h->host = v;
	return (0);
}

/* What one field says about the message; the words of the connection are kept
 * until the version is known to matter. */
static int
head_note(struct head *h, const struct head_field *f, bool *host,
    const char **why)
{

	switch (strlen(f->k)) {
	case 4:
		if (strcasecmp(f->k, "Host") == 0)
			return (head_host(h, f->v, host, why));
		break;
	case 6:
		if (strcasecmp(f->k, "Expect") != 0)
			break;
		if (strcasecmp(f->v, "100-continue") != 0)
			return (head_refuse(why, 417, "Nothing is known of "
			    "what is expected."));
		h->expect = h->minor > 0;
		break;
	case 10:
		if (strcasecmp(f->k, "Connection") != 0)
			break;
		if (head_lists(f->v, "close"))
			h->keep_alive = false;
		else if (h->minor == 0 && head_lists(f->v, "keep-alive"))
			h->keep_alive = true;
		break;
	case 14:
		if (strcasecmp(f->k, "Content-Length") == 0)
			return (head_length(h, f->v, why));
		break;
	case 17:
		if (strcasecmp(f->k, "Transfer-Encoding") == 0)
			return (head_encoding(h, f->v, why));
		break;
	default:
		break;
	}
	return (0);
}

static struct head_field *
head_room(struct head *h, struct arena *a, size_t *room)
{
	struct head_field *more;

	if (h->nfields == *room) {
		*room = *room == 0 ? FIELDS : *room * 2;
		more = arena_alloc(a, *room * sizeof(*more));
		if (h->nfields > 0)
			memcpy(more, h->fields, h->nfields * sizeof(*more));
		h->fields = more;
	}
	return (&h->fields[h->nfields]);
}

int
head_parse(struct head *h, struct arena *a, char *p, size_t n,
    const char **why)
{
	const char *end = p + n;
	bool host = false;
	size_t len, room = 0;
	char *s = head_line(&p, end, &len);
	int rc;

	*h = (struct head){ .length = -1 };
	if (n > HEAD_MAX)
		return (head_refuse(why, 431, "The request's head is too "
		    "long."));
	if ((rc = head_request(h, a, s, len, why)) != 0)
		return (rc);
	h->keep_alive = h->minor > 0;
	while (s = head_line(&p, end, &len), len > 0) {
		struct head_field *f = head_room(h, a, &room);

		if ((rc = head_field(f, s, len, why)) != 0 ||
		    (rc = head_note(h, f, &host, why)) != 0)
			return (rc);
		h->nfields++;
	}
	if (h->chunked && (h->length >= 0 || h->minor == 0))
		return (head_refuse(why, 400, "Transfer-Encoding goes neither "
		    "with Content-Length nor with HTTP/1.0."));
	if (!host && h->minor > 0)
		return (head_refuse(why, 400, "There is no Host header."));
	return (0);
}

/* Twenty questions a request: most names differ in their first letter. */
const char *
head_get(const struct head *h, const char *k)
{

	for (size_t i = 0; i < h->nfields; i++)
		if ((h->fields[i].k[0] | 32) == (k[0] | 32) &&
		    strcasecmp(h->fields[i].k, k) == 0)
			return (h->fields[i].v);
	return (NULL);
}
