/* harness/run/isolate.h: a network of one's own.  Knows namespaces; not what
 * runs in them. */
#ifndef HARNESS_ISOLATE_H
#define HARNESS_ISOLATE_H

#include "lib/err.h"

/* Moves this process (single-threaded, forked for the purpose) into a network
 * namespace with nothing but loopback, through a user namespace in which it
 * is root where it is not root already.  1: done; 0: forbidden here, e says
 * by what, nothing has changed; -1: left half done, give up. */
int	isolate_network(struct err *);
#endif
