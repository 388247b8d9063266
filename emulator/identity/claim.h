/* emulator/identity/claim.h: the expressions by which a workload identity
 * provider maps what an assertion says, a part of the Common Expression
 * Language over JSON.  Knows values; neither tokens nor pools.
 * https://cloud.google.com/iam/docs/workload-identity-federation#mapping
 *
 * What is understood:
 *   assertion (in conditions google and attribute too), .NAME, ['NAME'], [0]
 *   'texts', whole numbers, true, false, ( ), has(a.b)
 *   a ? b : c, || && !, == !=, in (a list), + (of texts)
 *   of texts: .contains() .startsWith() .endsWith() .extract() .replace()
 *   .split() .lowerAscii() .upperAscii(); of lists: .join()
 * All else is refused by claim_check(), so that nothing means something else
 * here than there. */
#ifndef EMULATOR_CLAIM_H
#define EMULATOR_CLAIM_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/err.h"

#define CLAIM_MAPPING_MAX	2048u	/* bytes; Google's bounds */
#define CLAIM_CONDITION_MAX	4096u

/* condition: one, not a mapping.  -1 with a message that says what is not
 * understood, and at which column. */
int	claim_check(const char *expression, bool condition, struct err *);
/* Its value, a new reference; NULL where there is none: an error, as of a claim
 * that is missing.  env: the objects by their names. */
json_t	*claim_value(const char *expression, const json_t *env);

#endif
