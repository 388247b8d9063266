/* emulator/tests/proof/wire.h: HTTP as a prover needs it: one request at a
 * time on one connection, and the difference between 'answered' and 'the
 * connection broke'.  Knows sockets; no objects. */
#ifndef PROOF_WIRE_H
#define PROOF_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct wire {
	int	port;
	int	fd;			/* -1: not connected */
	struct buf rx;			/* bytes that came, not yet used */
	/* the last answer */
	int	status;
	struct buf head, body;
};

void	wire_init(struct wire *, int port);
void	wire_release(struct wire *);
/* extra: header lines, each ended by CRLF, or NULL.  0: there is an answer;
 * -1: the connection broke before it was complete. */
int	wire_do(struct wire *, const char *method, const char *target,
    const char *extra, const void *body, size_t n);
/* A header of the last answer into dst; false: there is none. */
bool	wire_header(const struct wire *, const char *name, char *dst,
    size_t room);

#endif
