/* emulator/identity/jwt.h: JSON Web Tokens in the one form that Google's
 * service accounts use: compact JWS (RFC 7515), RS256 only.  Knows base64url,
 * JSON and RSA; not accounts, clocks or what a claim permits.
 *
 * Strict on purpose: `alg` must be the very string RS256, whatever else a
 * header offers (`none`, HS256 with the public key as secret, an embedded
 * `jwk`), and a `crit` header is refused since we understand none. */
#ifndef EMULATOR_JWT_H
#define EMULATOR_JWT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/err.h"

#define JWT_MAX		16384u		/* bytes of a whole token */

struct jwt {
	const char *kid;		/* or NULL */
	const char *iss, *sub, *aud, *scope, *target_audience;	/* or NULL */
	bool	has_iat, has_exp;
	int64_t	iat, exp;		/* seconds since the epoch */
	const char *input;		/* what was signed */
	size_t	ninput;
	const unsigned char *sig;
	size_t	nsig;
};

/* Does it look like one: three parts, between two dots? */
bool	jwt_looks_like(const char *s);
/* Takes it apart, in the arena; nothing is verified.  -1 with a reason. */
int	jwt_parse(struct arena *, const char *s, struct jwt *out, struct err *);
/* The same of a token by anybody: its claims as they are, a new reference;
 * *out gets kid and what verifies.  NULL with a reason. */
json_t	*jwt_open(struct arena *, const char *s, struct jwt *out,
    struct err *);
/* Is the signature that of this RSA key (PEM, SubjectPublicKeyInfo)? */
bool	jwt_verify(const struct jwt *, const char *public_pem);

/* Sign claims with an RSA private key (PEM, PKCS #8); in the arena, or NULL
 * where that is no such key. */
const char	*jwt_sign(struct arena *, const char *private_pem,
    const char *kid, const json_t *claims);

/* A new RSA key of 2048 bits, both halves as PEM in the arena. */
int	jwt_new_key(struct arena *, const char **private_pem,
    const char **public_pem, struct err *);

#endif
