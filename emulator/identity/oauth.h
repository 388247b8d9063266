/* emulator/identity/oauth.h: the OAuth 2 endpoints and the tokens they give:
 * JWT bearer (RFC 7523) and refresh grants, revocation, tokeninfo, userinfo,
 * ID tokens, as oauth2.googleapis.com answers them:
 * https://developers.google.com/identity/protocols/oauth2/service-account
 * https://developers.google.com/identity/protocols/oauth2/web-server#offline
 * Knows keys and clocks; not buckets.
 *
 * oauth.c: the token endpoint; oauth_refresh.c: what users have (users.h);
 * oauth_access.c: access tokens; oauth_info.c: what a token is; oauth_id.c: ID
 * tokens and the certificates that they are checked with. */
#ifndef EMULATOR_OAUTH_H
#define EMULATOR_OAUTH_H

#include "emulator/http/req.h"

#define OAUTH_LIFE	3600		/* of a token, seconds */

void	oauth_token_h(struct req *);		/* POST oauth2…/token */
void	oauth_revoke_h(struct req *);		/* POST /revoke */
void	oauth_tokeninfo_h(struct req *);	/* GET /tokeninfo */
void	oauth_userinfo_h(struct req *);
void	oauth_certs_h(struct req *);		/* /oauth2/v1/certs, and v3 */
void	oauth_discovery_h(struct req *);	/* of the issuer of ID tokens */
void	oauth_id_token_h(struct req *);		/* :generateIdToken */

/* Who the assertion or the refresh token in the body of a token request names,
 * unverified, as a policy names him: for the journal and for faults; or
 * NULL. */
const char	*oauth_claimed(struct req *);

/* ---- access tokens ---- */

/* What one stands for. */
struct oauth_grant {
	const char *principal;	/* "user:E-MAIL", "serviceAccount:E-MAIL",
				 * "principal://…" */
	const char *id;		/* tells a later one of that name apart */
	const char *scope;
	const char *client;	/* whose it is; NULL: id */
	const char *refresh;	/* the key of what it was made of, or NULL */
	const char *sets;	/* "principalSet://…", '\n' between; or NULL */
	int64_t	life;		/* seconds */
};
/* A new one on the emulator's clock, stored hashed so that it survives a
 * restart; in the arena.  NULL where the store failed. */
const char	*oauth_issue(struct emu *, struct arena *,
    const struct oauth_grant *);
/* One of a service account, for an hour, or for `life` seconds.  NULL: there
 * is no such account, or the store failed. */
const char	*oauth_mint(struct emu *, struct arena *, const char *email,
    const char *scope);
const char	*oauth_mint_for(struct emu *, struct arena *,
    const char *email, const char *scope, int64_t life);

/* Whom a bearer stands for. */
struct oauth_caller {
	const char *principal;
	const char *scope;	/* scopes.h's text; NULL: good for all */
	const char *sets;	/* struct oauth_grant's */
};
/* Of an opaque token or a self-signed JWT, in the arena; false with *why set
 * to a short reason for the 401 ("expired" …). */
bool	oauth_bearer(struct emu *, struct arena *, const char *bearer,
    struct oauth_caller *, const char **why);
/* The same as an e-mail, or NULL. */
const char	*oauth_check(struct emu *, struct arena *, const char *bearer,
    const char **why);

/* ---- ID tokens ---- */

struct oauth_id {
	const char *sub, *aud;
	const char *azp;	/* NULL: sub */
	const char *email;	/* NULL: not said */
	json_t	*more;		/* further claims, or NULL; stays the
				 * caller's */
};
/* Good for an hour; in the arena, or NULL where the store failed. */
const char	*oauth_id_token(struct emu *, struct arena *,
    const struct oauth_id *);
/* Its claims if it is ours and has not expired, a new reference, or NULL. */
json_t	*oauth_id_claims(struct emu *, struct arena *, const char *token);

/* ---- between the files of oauth ---- */

/* A field of application/x-www-form-urlencoded, or NULL; the first one where
 * there are several.  A malformed escape or a NUL makes it absent. */
const char	*oauth_form(struct req *, const char *key);
int64_t	oauth_now(const struct emu *);		/* seconds */
/* What a secret is stored as: SHA-256 in hex, in the arena. */
const char	*oauth_hash(struct arena *, const char *secret);
/* n random bytes as base64url behind a prefix, in the arena. */
const char	*oauth_random(struct arena *, const char *prefix, size_t n);
/* The record of an opaque token that is still good, a new reference; or NULL
 * and why. */
json_t	*oauth_token_get(struct emu *, struct arena *, const char *bearer,
    const char **why);
/* Was it signed with a good key of the account that it names as issuer, and
 * is it its time? */
struct jwt;
bool	oauth_signed(struct emu *, struct arena *, const struct jwt *);
bool	oauth_timely(const struct emu *, const struct jwt *);
void	oauth_refresh(struct req *);		/* the grant refresh_token */

#endif
