/* emulator/identity/canon.h: the texts that signatures of requests are made
 * of: canonical requests and strings to sign of the V4 and the V2 process.
 * Pure: knows neither keys, clocks nor where a request came from.
 *
 * https://cloud.google.com/storage/docs/authentication/canonical-requests
 * https://cloud.google.com/storage/docs/authentication/signatures
 * https://cloud.google.com/storage/docs/access-control/signed-urls-v2
 *
 * All results are in the arena given. */
#ifndef EMULATOR_CANON_H
#define EMULATOR_CANON_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

struct canon_kv {
	const char *k, *v;
};

/* A request as it came. */
struct canon {
	const char *method;
	const char *path;		/* with its escapes as they came */
	const struct canon_kv *query;	/* decoded */
	size_t	nquery;
	const struct canon_kv *headers;	/* names in any case */
	size_t	nheaders;
};

/* All values of a header, joined by commas, with blanks folded; NULL where
 * the request has none. */
const char	*canon_header(struct arena *, const struct canon *,
    const char *name);
/* Is a name one of a list such as "host;x-goog-date"? */
bool	canon_listed(const char *list, const char *name);

struct canon_v4 {
	const char *signature;		/* the query's name for it: left out */
	const char *signed_headers;	/* the list, in lower case */
	const char *host;		/* NULL: that of the request */
	const char *payload;		/* the last line */
};
const char	*canon_v4(struct arena *, const struct canon *,
    const struct canon_v4 *);
/* What is signed of it. */
const char	*canon_v4_string(struct arena *, const char *algorithm,
    const char *date, const char *scope, const char *canonical);

/* Clients disagree about small things of what a V2 signature covers, so there
 * are several texts that an honest one may have signed; all of them mean the
 * same resource. */
enum {
	CANON_RESPONSE = 1,		/* the query's response-… are covered */
	CANON_EQUALS = 2,		/* `?acl=` rather than `?acl` */
	CANON_BLANKS = 4,		/* runs of blanks in headers are kept */
	CANON_SLASH = 8,		/* /bucket/ where it is /bucket, or the
					 * other way */
	CANON_V2_FORMS = 16
};
struct canon_v2 {
	const char *when;		/* Expires, or Date, or "" */
	const char *bucket;		/* that the host names, or NULL */
	bool	amz;			/* x-amz- headers are covered too */
	unsigned form;			/* of the bits above */
};
const char	*canon_v2(struct arena *, const struct canon *,
    const struct canon_v2 *);

#endif
