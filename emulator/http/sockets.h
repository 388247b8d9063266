/* emulator/http/sockets.h: the two listening sockets, the thread that accepts
 * on them, and the list of connections.  Knows TCP; neither HTTP nor what
 * happens on a connection: that is the `take` function's.
 *
 * Each listening socket stands on a second one that is bound to the same port
 * and never listens: so that the port stays ours while the proxy is refused,
 * and a connection attempt then finds nobody (ECONNREFUSED). */
#ifndef EMULATOR_SOCKETS_H
#define EMULATOR_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "emulator/http/req.h"
#include "lib/err.h"

struct sockets;

struct sockets_conn {
	uint64_t n;		/* 1, 2, … by arrival */
	enum req_via via;
	int	fd;
	struct sockaddr_storage peer;
	socklen_t peer_len;
	bool	started;	/* private from here on */
	struct sockets_conn *prev, *next;
};

struct sockets_opts {
	const char *http, *proxy;	/* "ADDR:PORT"; proxy may be NULL */
	bool	beyond_loopback;
	int	max;			/* connections at once */
	/* A new connection, TCP_NODELAY set.  Of the plain endpoint it runs in
	 * the accepting thread, of the proxy in a thread of its own.  It hands
	 * the descriptor on or calls sockets_drop(). */
	void	(*take)(void *cls, struct sockets_conn *);
	void	*cls;
};

/* Listening when it returns, accepting after sockets_run(). */
struct sockets	*sockets_new(const struct sockets_opts *, struct err *);
int	sockets_port(const struct sockets *, enum req_via);
int	sockets_run(struct sockets *, struct err *);
/* Accept no more; the proxy's threads have ended when it returns. */
void	sockets_stop(struct sockets *);
void	sockets_free(struct sockets *);

/* Refuse connections to the proxy and cut those that are open, or listen
 * again.  Done when it returns. */
void	sockets_refuse(struct sockets *, bool on);

/* Whoever was handed the descriptor has begun with it; which is it? */
struct sockets_conn	*sockets_started(struct sockets *, int fd);
/* … and is about to close it. */
void	sockets_closed(struct sockets *, struct sockets_conn *);
/* Close and forget a connection that was not handed on. */
void	sockets_drop(struct sockets *, struct sockets_conn *);
/* Make the peer see a reset; by the thread that uses the descriptor. */
void	sockets_reset(int fd);

#endif
