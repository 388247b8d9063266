/* emulator/identity/sign.h: making and checking signatures over texts: RSA
 * with SHA-256, HMAC with SHA-256 (V4's derived keys) and SHA-1 (V2).  Knows
 * OpenSSL; not what is signed. */
#ifndef EMULATOR_SIGN_H
#define EMULATOR_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

#define SIGN_SHA256	32u

/* The digest in hex, in the arena. */
const char	*sign_sha256(struct arena *, const void *p, size_t n);

/* A scope `date/location/service/request` in its parts. */
struct sign_scope {
	const char *date, *location, *service, *request;
};
/* The key that a V4 signature is made with; prefix: "GOOG4" or "AWS4". */
void	sign_v4_key(const char *prefix, const char *secret,
    const struct sign_scope *, unsigned char key[SIGN_SHA256]);
/* In hex, in the arena. */
const char	*sign_v4(struct arena *, const unsigned char key[SIGN_SHA256],
    const char *text);
/* In base64, in the arena. */
const char	*sign_v2(struct arena *, const char *secret, const char *text);

/* Is that the PKCS #1 v1.5 signature by this key (PEM) over the text? */
bool	sign_rsa_is(const char *public_pem, const char *text,
    const unsigned char *sig, size_t nsig);
/* Make one over any bytes, in the arena; NULL: that is no private key. */
const unsigned char	*sign_rsa(struct arena *, const char *private_pem,
    const void *p, size_t n, size_t *nsig);

/* The bytes of a signature in the one right spelling (lower case hex; base64
 * with its padding), so that no two texts stand for one.  NULL: it is not. */
const unsigned char	*sign_from_hex(struct arena *, const char *s,
    size_t *n);
const unsigned char	*sign_from_b64(struct arena *, const char *s,
    size_t *n);

#endif
