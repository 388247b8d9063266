/* emulator/http/listen.h: one listening socket.  Knows addresses and ports; not
 * who connects.
 *
 * It stands on a second one that is bound to the same port and never listens:
 * so that the port stays ours while nobody is to get in, and a connection
 * attempt then finds nobody (ECONNREFUSED). */
#ifndef EMULATOR_LISTEN_H
#define EMULATOR_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "lib/err.h"

struct listen {
	struct sockaddr_storage addr;
	socklen_t len;			/* 0: never opened */
	int	hold;			/* bound, never listens */
	int	fd;			/* listens, does not block; or -1 */
	bool	adopted;		/* hold is the socket that listens */
};

#define LISTEN_INIT { .hold = -1, .fd = -1 }

/* Who may be let in from other machines. */
struct listen_allow {
	bool	beyond;		/* anybody at all */
	bool	anyone;		/* and where nobody is asked who he is */
};
/* text: "ADDRESS:PORT", port 0 for any.  asks: are credentials asked for
 * there?  What is not loopback is an error unless it is allowed; so is an
 * address in use, which is named. */
int	listen_open(struct listen *, const char *text, bool asks,
    const struct listen_allow *, struct err *);
/* A socket that another has opened, maybe where this process cannot: it
 * listens and does not block, and is closed with the rest. */
void	listen_adopt(struct listen *, int fd);
int	listen_port(const struct listen *);
/* Let nobody in any more, and let them in again (0, or -1 with errno). */
void	listen_pause(struct listen *);
int	listen_resume(struct listen *);
void	listen_close(struct listen *);

#endif
