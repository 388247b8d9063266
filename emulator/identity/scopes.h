/* emulator/identity/scopes.h: what an OAuth scope is good for.  A token may do
 * what both its account's roles and its scopes allow.  Knows method ids.
 * https://cloud.google.com/storage/docs/oauth-scopes */
#ifndef EMULATOR_SCOPES_H
#define EMULATOR_SCOPES_H

#include <stdbool.h>

#include "emulator/http/route.h"

/* scope: URLs separated by blanks, or NULL for a token that is good for all
 * its account may do. */
bool	scopes_cover(const char *scope, const struct route *);

#endif
