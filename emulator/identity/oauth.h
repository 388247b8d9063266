/* emulator/identity/oauth.h: OAuth 2 token endpoint and access tokens, by
 * RFC 7523 (JWT bearer grant) as oauth2.googleapis.com answers it:
 * https://developers.google.com/identity/protocols/oauth2/service-account
 * Knows keys and clocks; not buckets. */
#ifndef EMULATOR_OAUTH_H
#define EMULATOR_OAUTH_H

#include "emulator/http/req.h"

void	oauth_token_h(struct req *);		/* POST oauth2…/token */
void	oauth_tokeninfo_h(struct req *);	/* GET /tokeninfo */
void	oauth_userinfo_h(struct req *);

/* The account that the assertion in the body of a token request names,
 * unverified: for the journal and for faults; or NULL. */
const char	*oauth_claimed(struct req *);

/* A new access token of an account, valid for an hour on the emulator's
 * clock, stored hashed so that it survives a restart; in the arena.  NULL
 * where the store failed. */
const char	*oauth_mint(struct emu *, struct arena *, const char *email,
    const char *scope);
/* The same with a life of its own, in seconds. */
const char	*oauth_mint_for(struct emu *, struct arena *,
    const char *email, const char *scope, int64_t life);
/* The account of a bearer (opaque or self-signed JWT) in the arena, or NULL
 * with *why set to a short reason for the 401 ("expired" …). */
const char	*oauth_check(struct emu *, struct arena *, const char *bearer,
    const char **why);
/* The same, and what it was given for: scopes.h's text, or NULL where it is
 * good for all. */
const char	*oauth_check_scope(struct emu *, struct arena *,
    const char *bearer, const char **scope, const char **why);

#endif
