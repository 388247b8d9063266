/* emulator/http/tls.h: the emulator's own certificate authority, made at the
 * first start and kept in the data directory, and a leaf certificate for the
 * emulated hosts, made anew at each start.  Knows OpenSSL and host names; no
 * connections.  Keys are EC P-256: they cost less than a millisecond. */
#ifndef EMULATOR_TLS_H
#define EMULATOR_TLS_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdbool.h>

#include "lib/err.h"

/* OpenSSL looks for its algorithms and its entropy when they are first wanted.
 * Begun before other work and ended after it, this lets it do so meanwhile:
 * the emulator is ready after 7.7 ms where it took 9.6 (2 processors). */
struct tls_warmth {
	pthread_t thread;
	bool	begun;
};
void	tls_warm_begin(struct tls_warmth *);
void	tls_warm_end(struct tls_warmth *);

struct tls {
	char	*ca_file;	/* DIR/ca.pem; the key is ca-key.pem, 0600 */
	char	*cert_pem;	/* leaf, then CA */
	char	*key_pem;
};

/* power: what is made is on the disk when it returns.  more: "" or names for
 * the leaf besides Google's, as in "DNS:localhost,IP:127.0.0.1". */
int	tls_setup(const char *dir, bool power, const char *more,
    struct tls *out, struct err *);
void	tls_release(struct tls *);

/* What a server that shows this certificate (PEM, with its chain) and key needs
 * for each connection: TLS 1.2 or later, and http/1.1 of what is offered by
 * ALPN.  Freed with SSL_CTX_free(); NULL with a message. */
SSL_CTX	*tls_context(const char *cert_pem, const char *key_pem, struct err *);

#endif
