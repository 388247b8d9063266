#include "lib/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool
str_glob(const char *p, const char *s)
{
	const char *star = NULL, *mark = NULL;

	while (*s != '\0') {
		if (*p == '*') {
			star = p++;
			mark = s;
		} else if (*p == '?' || *p == *s) {
			p++;
			s++;
		} else if (star != NULL) {
			p = star + 1;
			s = ++mark;
		} else
			return (false);
	}
	while (*p == '*')
		p++;
	return (*p == '\0');
}

bool
str_starts(const char *s, const char *prefix)
{

	return (strncmp(s, prefix, strlen(prefix)) == 0);
}

bool
str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return (n >= m && memcmp(s + n - m, suffix, m) == 0);
}

bool
str_among(const char *s, const char *const *words, size_t n)
{

	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], s) == 0)
			return (true);
	return (false);
}

bool
str_int64(const char *s, int64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)s[0]) &&
	    !(s[0] == '-' && isdigit((unsigned char)s[1])))
		return (false);
	errno = 0;
	*v = strtoll(s, &end, 10);
	return (errno == 0 && *end == '\0');
}

int
str_parse_bytes(const char *s, int64_t *bytes, struct err *e)
{
	static const struct { const char *unit; int64_t n; } units[] = {
		{ "", 1 }, { "B", 1 }, { "k", 1000 }, { "kB", 1000 },
		{ "MB", 1000000 }, { "GB", 1000000000 }, { "KiB", 1 << 10 },
		{ "MiB", 1 << 20 }, { "GiB", 1 << 30 },
	};
	char *end;
	long long v;

	if (isdigit((unsigned char)s[0])) {
		errno = 0;
		v = strtoll(s, &end, 10);
		for (size_t i = 0; errno == 0 && i < NELEMS(units); i++)
			if (strcmp(end, units[i].unit) == 0 &&
			    v <= INT64_MAX / units[i].n) {
				*bytes = v * units[i].n;
				return (0);
			}
	}
	return (err_set(e, "'%s' is not a size: write a number of bytes or, "
	    "with a unit, 64KiB, 16MiB or 1GiB", s));
}

static bool
str_unreserved(unsigned char c)
{

	return (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~');
}

size_t
str_pct_put(char *dst, const char *s, size_t n, bool keep_slash)
{
	static const char hex[] = "0123456789ABCDEF";
	char *q = dst;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (str_unreserved(c) || (keep_slash && c == '/')) {
			*q++ = (char)c;
			continue;
		}
		*q++ = '%';
		*q++ = hex[c >> 4];
		*q++ = hex[c & 15];
	}
	return ((size_t)(q - dst));
}

void
str_pct_encode(struct buf *b, const char *s, size_t n, bool keep_slash)
{

	size_t len = n;
	char *p;

	for (size_t i = 0; i < n; i++)
		if (!str_unreserved((unsigned char)s[i]) &&
		    !(keep_slash && s[i] == '/'))
			len += 2;
	if ((p = buf_room(b, len)) != NULL)
		buf_took(b, str_pct_put(p, s, n, keep_slash));
}

static int
str_hexval(char c)
{

	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

bool
str_pct_decode(char *s, size_t *n, bool plus_is_space)
{
	char *d = s, *start = s;

	for (; *s != '\0'; s++) {
		if (*s == '%') {
			int hi = str_hexval(s[1]);
			int lo = hi < 0 ? -1 : str_hexval(s[2]);

			if (lo < 0)
				return (false);
			*d++ = (char)(hi << 4 | lo);
			s += 2;
		} else
			*d++ = *s == '+' && plus_is_space ? ' ' : *s;
	}
	*d = '\0';
	*n = (size_t)(d - start);
	return (true);
}

static const char b64_std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b64_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t
str_b64_put(char *dst, const void *vp, size_t n, bool url)
{
	const char *t = url ? b64_url : b64_std;
	const unsigned char *p = vp;
	char *q = dst;

	for (; n > 0; p += 3) {
		unsigned v = (unsigned)p[0] << 16;

		if (n > 1)
			v |= (unsigned)p[1] << 8;
		if (n > 2)
			v |= p[2];
		*q++ = t[v >> 18];
		*q++ = t[v >> 12 & 63];
		if (n > 1)
			*q++ = t[v >> 6 & 63];
		else if (!url)
			*q++ = '=';
		if (n > 2)
			*q++ = t[v & 63];
		else if (!url)
			*q++ = '=';
		n -= n < 3 ? n : 3;
	}
	return ((size_t)(q - dst));
}

void
str_b64_encode(struct buf *b, const void *p, size_t n, bool url)
{
	char *dst = buf_room(b, url ? (4 * n + 2) / 3 : STR_B64(n));

	if (dst != NULL)
		buf_took(b, str_b64_put(dst, p, n, url));
}

bool
str_b64_decode(struct buf *b, const char *s, size_t n, bool url)
{
	const char *t = url ? b64_url : b64_std;
	unsigned v = 0;
	int bits = 0;

	while (n > 0 && s[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return (false);
	for (size_t i = 0; i < n; i++) {
		const char *q = s[i] != '\0' ? strchr(t, s[i]) : NULL;

		if (q == NULL)
			return (false);
		v = v << 6 | (unsigned)(q - t);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(b, (char)(v >> bits & 255));
		}
	}
	return ((v & ((1u << bits) - 1)) == 0);
}

void
str_hex(char *dst, const void *vp, size_t n)
{
	const unsigned char *p = vp;

	for (size_t i = 0; i < n; i++) {
		dst[2 * i] = "0123456789abcdef"[p[i] >> 4];
		dst[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	dst[2 * n] = '\0';
}

bool
str_equal_secret(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned char d = n != m;

	/* b again from its start where it is shorter: a division a byte would
	 * be a fifth of a small request, which asks this of its token */
	for (size_t i = 0, k = 0; i < n; i++, k = k + 1 < m ? k + 1 : 0)
		d |= (unsigned char)(a[i] ^ b[k]);
	return (d == 0);
}

/* Levenshtein distance, in one row; words longer than the row are far. */
static size_t
str_distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(a), m = strlen(b);

	if (m >= NELEMS(row) || n >= NELEMS(row))
		return (NELEMS(row));
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diag = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t up = row[j];
			size_t v = diag + (a[i - 1] != b[j - 1]);

			if (up + 1 < v)
				v = up + 1;
			if (row[j - 1] + 1 < v)
				v = row[j - 1] + 1;
			row[j] = v;
			diag = up;
		}
	}
	return (row[m]);
}

const char *
str_nearest(const char *word, const char *const *names, size_t n)
{
	size_t best = 1 + strlen(word) / 3;	/* a third may be wrong */
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = str_distance(word, names[i]);

		if (d < best || (d == best && found == NULL)) {
			best = d;
			found = names[i];
		}
	}
	return (found);
}
