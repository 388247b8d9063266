/* emulator/http/proxy.h: the dialogue of a CONNECT proxy, up to the answer.
 * Knows the request's head and which hosts are emulated; no TLS, and nothing
 * of what follows on the connection. */
#ifndef EMULATOR_PROXY_H
#define EMULATOR_PROXY_H

#include "lib/arena.h"

/* Reads the head from fd, byte-exactly, and answers it.  The status that was
 * answered: 200, or the refusal's; 0 where nobody could be answered.  *host is
 * what was asked for, in the arena, NULL where that was not understood. */
int	proxy_connect(int fd, struct arena *, const char **host);

#endif
