/* emulator/http/tls.h: the emulator's own certificate authority, made at the
 * first start and kept in the data directory, and a leaf certificate for the
 * emulated hosts, made anew at each start.  Knows OpenSSL and host names; no
 * sockets.  Keys are EC P-256: they cost less than a millisecond. */
#ifndef EMULATOR_TLS_H
#define EMULATOR_TLS_H

#include "lib/err.h"

struct tls {
	char	*ca_file;	/* DIR/ca.pem; the key is ca-key.pem, 0600 */
	char	*cert_pem;	/* leaf, then CA */
	char	*key_pem;
};

int	tls_setup(const char *dir, struct tls *out, struct err *);
void	tls_release(struct tls *);

#endif
