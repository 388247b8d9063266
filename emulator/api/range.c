#include "emulator/api/range.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Digits at *s into *v, at most INT64_MAX; false where there are none. */
static bool
range_number(const char **s, int64_t *v)
{
	const char *p = *s;

	if (!isdigit((unsigned char)*p))
		return (false);
	for (*v = 0; isdigit((unsigned char)*p); p++) {
		int d = *p - '0';

		if (*v > (INT64_MAX - d) / 10)
			*v = INT64_MAX;
		else
			*v = *v * 10 + d;
	}
	*s = p;
	return (true);
}

static const char *
range_blanks(const char *s)
{

	return (s + strspn(s, " \t"));
}

enum range_rc
range_parse(const char *h, int64_t size, int64_t *off, int64_t *len)
{
	int64_t first = 0, last = INT64_MAX, n = 0;
	bool suffix;

	*off = 0;
	*len = size;
	if (h == NULL || strncasecmp(h, "bytes=", 6) != 0)
		return (RANGE_WHOLE);
	h = range_blanks(h + 6);
	suffix = *h == '-';
	if (suffix) {
		h++;
		if (!range_number(&h, &n))
			return (RANGE_WHOLE);
	} else {
		if (!range_number(&h, &first) || *h++ != '-')
			return (RANGE_WHOLE);
		if (isdigit((unsigned char)*h) &&
		    (!range_number(&h, &last) || last < first))
			return (RANGE_WHOLE);
	}
	if (*range_blanks(h) != '\0')
		return (RANGE_WHOLE);
	if (suffix)
		first = n == 0 ? size : n > size ? 0 : size - n;
	if (first >= size)
		return (RANGE_UNSATISFIABLE);
	*off = first;
	*len = (last >= size ? size - 1 : last) - first + 1;
	return (RANGE_PART);
}

bool
range_parse_content(const char *h, struct range_content *out)
{

	*out = (struct range_content){ .total = -1 };
	if (strncasecmp(h, "bytes", 5) != 0 || (h[5] != ' ' && h[5] != '='))
		return (false);
	h = range_blanks(h + 6);
	if (*h == '*') {
		out->query = true;
		h++;
	} else if (!range_number(&h, &out->first) || *h++ != '-')
		return (false);
	else if (*h == '*') {
		out->open = true;
		out->last = RANGE_MAX - 1;
		h++;
	} else if (!range_number(&h, &out->last))
		return (false);
	if (*h++ != '/')
		return (false);
	if (*h == '*')
		h++;
	else if (!range_number(&h, &out->total))
		return (false);
	if (*range_blanks(h) != '\0')
		return (false);
	/* The numbers are sums and counts later: none may come near the
	 * largest. */
	if (out->total >= RANGE_MAX || (!out->query && out->last >= RANGE_MAX))
		return (false);
	if (out->open && out->total >= 0)
		return (out->first <= out->total);
	return (out->query || (out->last >= out->first &&
	    (out->total < 0 || out->last < out->total)));
}
