/* emulator/control/why.h: why Cloud Storage refused, in one word for the
 * journal: what the service tells nobody, and the one who set it up needs.
 * Knows buckets and their policies; changes no answer and decides nothing. */
#ifndef EMULATOR_WHY_H
#define EMULATOR_WHY_H

#include "emulator/http/req.h"

/* Of an answered request with an error.  Where a bucket is missing:
 *	no_bucket		and none has such a name
 *	no_bucket_but_near	and there is one with nearly that name
 * where a permission on one is:
 *	bucket_of_another_project
 *	role_too_small		the caller has a role there, without it
 *	granted_on_another_bucket
 *	granted_to_another_account	who has it there, and the caller has none
 *	not_granted
 * else rq->reason (NULL possibly).  The caller's own members alone count, no
 * domains, sets or public ones. */
const char	*why_failed(struct req *);

#endif
