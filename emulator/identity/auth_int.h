/* emulator/identity/auth_int.h: what auth.c (who may do what) and auth_chain.c
 * (by way of other accounts) share. */
#ifndef EMULATOR_AUTH_INT_H
#define EMULATOR_AUTH_INT_H

#include "emulator/identity/auth.h"

/* False: nobody else is named.  True: *rc is 0 where the chain lets the caller
 * do what the route is for, or -1 with the refusal stored as the reply. */
bool	auth_chain(struct req *, int *rc);

#endif
