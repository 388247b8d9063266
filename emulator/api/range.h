/* emulator/api/range.h: Range (RFC 9110 section 14) and the Content-Range of
 * resumable uploads.  Knows numbers; no objects. */
#ifndef EMULATOR_RANGE_H
#define EMULATOR_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range_rc {
	RANGE_WHOLE,		/* none, malformed or several: ignored */
	RANGE_PART,
	RANGE_UNSATISFIABLE,	/* 416 */
};

/* h: the Range header or NULL; size of the object.  With RANGE_PART the bytes
 * [*off, *off + *len), never empty. */
enum range_rc	range_parse(const char *h, int64_t size, int64_t *off,
    int64_t *len);

/* `bytes a-b/N`, `bytes a-b/` with a star for N, or a star for a-b; a star for
 * b alone is what clients send that do not know yet where their stream ends. */
#define RANGE_MAX	(INT64_MAX / 4)
struct range_content {
	bool	query;		/* a star for the bytes */
	bool	open;		/* a star for b: as far as the body goes */
	int64_t	first, last;	/* without query */
	int64_t	total;		/* -1: not known yet */
};

/* False where h is not one of these, or contradicts itself. */
bool	range_parse_content(const char *h, struct range_content *out);

#endif
