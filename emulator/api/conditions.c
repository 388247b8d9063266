#include "emulator/api/conditions.h"

#include <string.h>
#include <time.h>

#include "lib/str.h"

struct conditions
conditions_of(const struct req *rq)
{

	return ((struct conditions){
	    .match = req_header(rq, "If-Match"),
	    .none_match = req_header(rq, "If-None-Match"),
	    .modified = req_header(rq, "If-Modified-Since"),
	    .unmodified = req_header(rq, "If-Unmodified-Since") });
}

bool
conditions_date(const char *s, int64_t *t)
{
	static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT",
		"%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y" };

	for (size_t i = 0; i < NELEMS(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(s, forms[i], &tm);

		if (end != NULL && *end == '\0') {
			*t = (int64_t)timegm(&tm);
			return (true);
		}
	}
	return (false);
}

/* A tag without its quotes and without the mark of a weak one. */
static const char *
conditions_tag(const char *s, size_t *n)
{

	if (*n >= 2 && s[0] == 'W' && s[1] == '/') {
		s += 2;
		*n -= 2;
	}
	if (*n >= 2 && s[0] == '"' && s[*n - 1] == '"') {
		s++;
		*n -= 2;
	}
	return (s);
}

/* Is the tag one of a list such as `"a", W/"b"`?  Clients leave out quotes. */
static bool
conditions_listed(const char *list, const char *tag)
{
	size_t have = strlen(tag);

	tag = conditions_tag(tag, &have);
	while (*list != '\0') {
		const char *s;
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ",");
		while (n > 0 && (list[n - 1] == ' ' || list[n - 1] == '\t'))
			n--;
		if (n == 1 && *list == '*')
			return (true);
		s = conditions_tag(list, &n);
		if (n == have && n > 0 && memcmp(s, tag, n) == 0)
			return (true);
		list += strcspn(list, ",");
	}
	return (false);
}

enum conditions_rc
conditions_check(const struct conditions *c, const char *tag, int64_t us)
{
	int64_t changed = us / 1000000, t;

	if (c->match != NULL) {
		if (!conditions_listed(c->match, tag))
			return (CONDITIONS_FAILED);
	} else if (c->unmodified != NULL &&
	    conditions_date(c->unmodified, &t) && changed > t)
		return (CONDITIONS_FAILED);
	if (c->none_match != NULL) {
		if (conditions_listed(c->none_match, tag))
			return (CONDITIONS_NOT_MODIFIED);
	} else if (c->modified != NULL &&
	    conditions_date(c->modified, &t) && changed <= t)
		return (CONDITIONS_NOT_MODIFIED);
	return (CONDITIONS_MET);
}

bool
conditions_refuse(struct req *rq, const char *tag)
{
	struct conditions c = conditions_of(rq);

	c.modified = c.unmodified = NULL;
	switch (conditions_check(&c, tag, 0)) {
	case CONDITIONS_FAILED:
		req_fail_rc(rq, STORE_PRECONDITION);
		return (true);
	case CONDITIONS_NOT_MODIFIED:
		req_header_add(rq, "ETag", tag);
		req_reply_empty(rq, 304);
		return (true);
	default:
		return (false);
	}
}

bool
conditions_range(const struct req *rq, const char *tag, int64_t us)
{
	const char *h = req_header(rq, "If-Range");
	int64_t t;

	if (h == NULL)
		return (true);
	if (conditions_date(h, &t))
		return (us / 1000000 == t);
	return (!str_starts(h, "W/") && conditions_listed(h, tag));
}
