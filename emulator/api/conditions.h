/* emulator/api/conditions.h: the conditional headers of HTTP, RFC 9110 section
 * 13: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since and
 * If-Range; and the same four of a copy's source.  Knows tags and dates; no
 * objects.  A date that is none is as if it were not there. */
#ifndef EMULATOR_CONDITIONS_H
#define EMULATOR_CONDITIONS_H

#include "emulator/http/req.h"

/* What is not there is NULL. */
struct conditions {
	const char *match, *none_match, *modified, *unmodified;
};

enum conditions_rc {
	CONDITIONS_MET,
	CONDITIONS_FAILED,		/* 412 */
	CONDITIONS_NOT_MODIFIED,	/* 304 where it is a read, else 412 */
};

struct conditions	conditions_of(const struct req *);
/* tag: with its quotes.  us: of the last change; seconds count. */
enum conditions_rc	conditions_check(const struct conditions *,
    const char *tag, int64_t us);
/* The same for metadata by the JSON API, where tags count and dates do not:
 * true, and a 412 or 304 has been stored. */
bool	conditions_refuse(struct req *, const char *tag);
/* Is the Range header to be looked at, as far as If-Range goes? */
bool	conditions_range(const struct req *, const char *tag, int64_t us);
/* Seconds since 1970 of an HTTP date in each of its three forms; false where
 * it is none.  Public for the tests. */
bool	conditions_date(const char *s, int64_t *t);

#endif
