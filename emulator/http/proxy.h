/* emulator/http/proxy.h: the dialogue of a CONNECT proxy, up to the answer.
 * Knows the request's head and which hosts are emulated; no TLS, and nothing
 * of what follows on the connection. */
#ifndef EMULATOR_PROXY_H
#define EMULATOR_PROXY_H

#include <stdbool.h>

#include "lib/arena.h"

/* Reads the head from fd, byte-exactly, and answers it.  The status that was
 * answered: 200, or the refusal's; 0 where nobody could be answered; PROXY_PLAIN
 * where it is a request for the proxy itself (a whole URL, as clients ask for
 * what is not https): nothing was read or answered.  *host is what was asked
 * for, in the arena, NULL where that was not understood.  *plain: what follows
 * is HTTP without TLS. */
#define PROXY_PLAIN	1
int	proxy_connect(int fd, struct arena *, const char **host, bool *plain);

#endif
