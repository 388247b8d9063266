/* emulator/http/hosts.h: the names that the plain endpoint answers for besides
 * the loopback's and Google's: those that its starter allowed.  A web page
 * that reaches the endpoint under a name of its own finds nothing.  Knows
 * names; no sockets.  Any thread. */
#ifndef EMULATOR_HOSTS_H
#define EMULATOR_HOSTS_H

#include <stdbool.h>

#include "lib/arena.h"

struct hosts;

/* addresses: a Host that is an address, not a name, is allowed too (who
 * listens beyond loopback is reached by it, and no page can rebind it). */
struct hosts	*hosts_new(bool addresses);
void	hosts_free(struct hosts *);
/* Names with commas between, lower case, without ports.  More than HOSTS_MAX
 * are not taken in: false. */
#define HOSTS_MAX	64
bool	hosts_add(struct hosts *, const char *names);
/* The name that such a host stands for: "localhost" for an allowed one,
 * "BUCKET.storage.googleapis.com" for BUCKET below one; NULL for others.
 * host: lower case, without its port. */
const char	*hosts_find(struct hosts *, struct arena *, const char *host);

#endif
