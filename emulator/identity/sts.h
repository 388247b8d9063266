/* emulator/identity/sts.h: the Security Token Service: a token of somebody
 * else's for one of ours, by RFC 8693 as sts.googleapis.com answers it:
 * https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token .
 * Knows forms; who is whom is known to pools.h. */
#ifndef EMULATOR_STS_H
#define EMULATOR_STS_H

#include "emulator/http/req.h"

void	sts_token_h(struct req *);

#endif
