/* emulator/identity/pools.h: workload identity pools and their OIDC providers:
 * whose tokens are taken in place of a key, and what they are worth here:
 * https://cloud.google.com/iam/docs/workload-identity-federation .  Knows
 * issuers, keys and mappings; gives no access tokens (sts.h) and fetches
 * nothing: an issuer's keys are told, or the emulator is the issuer.
 *
 * Kept as records `pool` by "POOL/PROVIDER". */
#ifndef EMULATOR_POOLS_H
#define EMULATOR_POOLS_H

#include "emulator/http/req.h"

/* Makes or changes a provider, and its pool with it.  spec: {"pool",
 * "provider","issuer", "audiences":[…], "mapping":{…}, "condition",
 * "jwks":{"keys":[…]}, "disabled"}; mapping and condition in the expressions of
 * claim.h; all after provider are optional.  Without jwks the emulator has
 * a key of its own, and makes tokens (pools_token_h()).  What it is called,
 * {"audience","issuer","principal","principal_set",…}, a new reference; NULL:
 * the message says why. */
json_t	*pools_put(struct emu *, struct arena *, const json_t *spec,
    struct err *);

/* Is the provider ("POOL/PROVIDER") there and not disabled? */
bool	pools_lives(struct emu *, struct arena *, const char *id);
/* NULL where that member of a policy is one that can be told here; else why
 * not, in the arena. */
const char	*pools_member_wrong(struct emu *, struct arena *,
    const char *member);

/* What a provider makes of somebody. */
struct pools_caller {
	const char *id;			/* "POOL/PROVIDER" */
	const char *principal;		/* "principal://…" */
	const char *sets;		/* "principalSet://…", '\n' between */
};
/* audience: the provider's name; token: an OIDC token.  false with the error
 * that the STS answers, and its description. */
bool	pools_exchange(struct emu *, struct arena *, const char *audience,
    const char *token, struct pools_caller *, const char **error,
    const char **why);

/* ---- control API: see control.h ---- */
void	pools_put_h(struct req *);
void	pools_list_h(struct req *);
void	pools_delete_h(struct req *);
void	pools_token_h(struct req *);

#endif
