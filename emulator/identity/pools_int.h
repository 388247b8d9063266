/* emulator/identity/pools_int.h: what pools.c (whom a provider's tokens stand
 * for) and pools_put.c (making providers, the control API) share. */
#ifndef EMULATOR_POOLS_INT_H
#define EMULATOR_POOLS_INT_H

#include "emulator/identity/pools.h"

/* The record of a provider, a new reference, or NULL. */
json_t	*pools_load(struct emu *, struct arena *, const char *id);
/* "//iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/" */
const char	*pools_prefix(const struct emu *, struct arena *);
/* Of "POOL/PROVIDER": …POOL/providers/PROVIDER. */
const char	*pools_name(const struct emu *, struct arena *,
    const char *id);

#endif
