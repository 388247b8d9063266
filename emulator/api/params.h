/* emulator/api/params.h: the query parameters that every method of the JSON API
 * takes, https://cloud.google.com/storage/docs/json_api/v1/parameters : alt,
 * fields, projection.  (key, prettyPrint, quotaUser, userIp, userProject may
 * say anything.)  And text must be UTF-8.  Knows their values; not what they do. */
#ifndef EMULATOR_PARAMS_H
#define EMULATOR_PARAMS_H

#include "emulator/http/req.h"

/* -1: one has a value that it cannot have, and a 400 has been stored. */
int	params_check(struct req *);

#endif
