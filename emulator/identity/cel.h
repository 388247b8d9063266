/* emulator/identity/cel.h: the expressions of IAM Conditions, a part of the
 * Common Expression Language.  Knows types, operators and four attributes; not
 * policies, nor requests.
 * https://cloud.google.com/iam/docs/conditions-attribute-reference
 *
 * What is understood:
 *   resource.name, resource.type, resource.service
 *                 == != with texts; .startsWith() .endsWith() .extract()
 *   request.time  == != < <= > >= with timestamp("…"); .getFullYear() and the
 *                 other parts of a time, in UTC, compared with whole numbers
 *   && || ! ( ) true false
 * All else is refused by cel_check(), so that no policy is stored that means
 * something else here than there. */
#ifndef EMULATOR_CEL_H
#define EMULATOR_CEL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/err.h"

/* What one question is about.  NULL: the request has no such attribute;
 * whatever needs it is an error, and an error is no permission. */
struct cel_env {
	const char *name;	/* projects/_/buckets/B/objects/O */
	const char *type;	/* storage.googleapis.com/Object */
	const char *service;	/* storage.googleapis.com */
	int64_t	time_us;
};

/* Can it be evaluated here?  -1 with a message that says what not and at which
 * column. */
int	cel_check(const char *expression, struct err *);
/* Does it hold?  False also where it cannot be told.  The arena is for what
 * is in between. */
bool	cel_holds(const char *expression, const struct cel_env *,
    struct arena *);

#endif
