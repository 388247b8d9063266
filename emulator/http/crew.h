/* emulator/http/crew.h: the threads that serve connections.  Knows descriptors
 * that become readable, and how many threads it takes; not what is served.
 *
 * A descriptor that is readable is given to one thread, and nobody looks at it
 * again until it is armed again.  A few threads, about as many as there are
 * processors, take what comes.  One that may have to wait (for a body, a lock,
 * a disk, a drill) says so first, by crew_block(), and if need be another
 * thread takes its place: so a wait in a handler is a plain wait, an idle
 * connection has no thread, and among busy ones no thread has to be switched
 * for each request. */
#ifndef EMULATOR_CREW_H
#define EMULATOR_CREW_H

#include "lib/err.h"

struct crew;
struct hand;		/* one thread of it, while it serves */

struct crew_opts {
	/* Serves what was armed with `item` and arms it again, or not.  The
	 * desk is the thread's own, from desk_new(). */
	void	(*serve)(void *cls, void *item, struct hand *, void *desk);
	void	*(*desk_new)(void *cls);
	void	(*desk_free)(void *cls, void *desk);
	void	*cls;
};

struct crew	*crew_new(const struct crew_opts *, struct err *);
/* Threads end as they come back from serve(); when all have, it returns. */
void	crew_free(struct crew *);
/* Serve item once fd is readable, or has been.  0, or -1 with errno. */
int	crew_add(struct crew *, int fd, void *item);
/* The same again, by the one who served it; the item is not the caller's any
 * more when it returns. */
void	crew_arm(struct crew *, int fd, void *item);
/* This thread may wait from here on, until serve() returns.  Cheap where it
 * has been said before. */
void	crew_block(struct hand *);

#endif
