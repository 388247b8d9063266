/* emulator/http/dispatch.h: the order of things for one request (req.h tells
 * it), whoever brings the request: a connection (exchange.c) or a batch
 * (api/batch.c).  Knows what comes before what; no sockets, and sends
 * nothing. */
#ifndef EMULATOR_DISPATCH_H
#define EMULATOR_DISPATCH_H

#include "emulator/http/req.h"

/* rq->head and rq->via are set; host is the one asked for, or NULL.  Method,
 * host, path and query are read and the route is found.  False: it has none,
 * and a refusal has been stored. */
bool	dispatch_find(struct req *, const char *host);
/* Who asks, what shall go wrong, may they. */
void	dispatch_judge(struct req *);
/* The work, with the fault points around it.  Leaves a reply, or rq->abort. */
void	dispatch_work(struct req *);

#endif
