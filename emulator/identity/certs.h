/* emulator/identity/certs.h: other forms of an RSA key: X.509 certificates, as
 * Google shows public keys, PKCS #12 files and JSON Web Keys.  Knows OpenSSL;
 * not accounts, nor where keys are kept. */
#ifndef EMULATOR_CERTS_H
#define EMULATOR_CERTS_H

#include <jansson.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

/* A certificate (PEM, in the arena) that the key signs for itself, from
 * from_s, seconds since the epoch, without an end; or NULL. */
const char	*certs_make(struct arena *, const char *private_pem,
    const char *name, int64_t from_s);
/* The public key (PEM, in the arena) of a certificate, which must be of an RSA
 * key of 1024 to 4096 bits; *from_s and *until_s: its term.  NULL with a
 * reason. */
const char	*certs_public(struct arena *, const char *certificate_pem,
    int64_t *from_s, int64_t *until_s, struct err *);
/* Key and certificate as a PKCS #12 file with Google's well-known password,
 * `notasecret`, appended to b; -1 where that cannot be done. */
int	certs_pkcs12(struct buf *b, const char *private_pem,
    const char *certificate_pem);
/* An RSA public key (PEM) as RFC 7517 has it; or NULL. */
json_t	*certs_jwk(const char *public_pem, const char *kid);
/* The other way, in the arena: NULL where it is no RSA key of 1024 to 4096
 * bits. */
const char	*certs_jwk_public(struct arena *, const json_t *jwk);

#endif
