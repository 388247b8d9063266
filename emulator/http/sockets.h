/* emulator/http/sockets.h: the ways in, the thread that accepts on them, and
 * the list of connections with the bounds that limits.h sets.  Knows TCP, and
 * what each connection is waiting for; neither HTTP nor what is said on a
 * connection: that is the `take` function's. */
#ifndef EMULATOR_SOCKETS_H
#define EMULATOR_SOCKETS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/http/listen.h"
#include "lib/err.h"

struct sockets;

enum sockets_way {
	SOCKETS_HTTP,		/* the plain endpoint */
	SOCKETS_HTTPS,		/* the same with TLS */
	SOCKETS_PROXY,		/* CONNECT, then TLS */
	/* Those of a private network (emulator/cage.h), opened there: */
	SOCKETS_DIRECT,		/* port 443 of Google's names */
	SOCKETS_DIRECT_PLAIN,	/* their port 80 */
	SOCKETS_INSIDE,		/* the plain endpoint */
	SOCKETS_WAYS
};

static inline bool
sockets_is_tls(enum sockets_way way)
{

	return (way == SOCKETS_HTTPS || way == SOCKETS_PROXY ||
	    way == SOCKETS_DIRECT);
}

/* Does who comes this way mean Google? */
static inline bool
sockets_is_google(enum sockets_way way)
{

	return (way == SOCKETS_PROXY || way == SOCKETS_DIRECT ||
	    way == SOCKETS_DIRECT_PLAIN);
}

/* What a connection is waiting for, and so what may be done to it. */
enum sockets_phase {
	PHASE_IDLE,		/* a request's first byte */
	PHASE_HEAD,		/* the rest of its head */
	PHASE_BODY,
	PHASE_SEND,		/* room for what is to be sent */
	PHASE_LINGER,		/* the client's end, which it has been told */
	PHASE_WORK,		/* us: no bound */
};

/* Why it was shut down from outside. */
enum sockets_end { END_NONE, END_LATE, END_EVICTED, END_STOPPED };

/* The first member of what the caller makes of a connection. */
struct sockets_conn {
	uint64_t n;		/* 1, 2, … by arrival */
	enum sockets_way way;
	int	fd;		/* blocking, TCP_NODELAY */
	/* private */
	_Atomic uint64_t phase;	/* since when, in microseconds, and which */
	atomic_int end;		/* enum sockets_end */
	struct sockets_conn *prev, *next;
};

struct sockets_opts {
	const char *addr[SOCKETS_WAYS];	/* "ADDR:PORT"; but for the first one
					 * NULL where it is not wanted */
	int	fd[SOCKETS_WAYS];	/* in place of an address: one that
					 * listens, ours from now; 0: none */
	bool	asks[SOCKETS_WAYS];	/* for credentials */
	struct listen_allow allow;
	int	max;			/* connections at once */
	int64_t	second_us;		/* of limits.h's seconds, a tester's */
	uint64_t after;			/* connections are numbered from the
					 * next on */
	size_t	size;			/* of the caller's struct */
	/* A new connection, in PHASE_IDLE, in the accepting thread.  False: it
	 * is not wanted; the rest of the struct is zeros. */
	bool	(*take)(void *cls, struct sockets_conn *);
	void	*cls;
};

/* Listening when it returns, accepting after sockets_run(). */
struct sockets	*sockets_new(const struct sockets_opts *, struct err *);
int	sockets_port(const struct sockets *, enum sockets_way);
int	sockets_run(struct sockets *, struct err *);
/* Accept no more, and end all connections: those that wait for their client
 * at once, those at work when they have sent their answer or LIMIT_STOP_S
 * after it was wanted.  None is left when it returns. */
void	sockets_stop(struct sockets *);
void	sockets_free(struct sockets *);

/* What is wrong with the proxy's port, and with what else stands for Google. */
struct sockets_doors {
	bool	refuse;			/* closed, and what is open is cut */
	bool	mute;			/* nobody is accepted */
	int	most;			/* open at once; 0: any number */
};
/* Done when it returns. */
void	sockets_doors(struct sockets *, const struct sockets_doors *);
/* How many found those doors crowded, ever. */
int64_t	sockets_turned(struct sockets *);
/* Does somebody wait at a door that is mute? */
bool	sockets_waiting(struct sockets *);

/* By the way in: how many there are, ever were, and were ended to make room. */
struct sockets_count {
	int	open;
	uint64_t total, evicted;
};
void	sockets_count(struct sockets *, struct sockets_count n[SOCKETS_WAYS]);

/* ---- for the one that serves a connection ---- */
/* It waits for that, since now or since then. */
void	sockets_phase(struct sockets_conn *, enum sockets_phase);
void	sockets_phase_at(struct sockets_conn *, enum sockets_phase,
    int64_t since_us);
enum sockets_end sockets_ended(const struct sockets_conn *);
/* Close and free. */
void	sockets_close(struct sockets *, struct sockets_conn *);
/* Make the peer see a reset. */
void	sockets_reset(struct sockets_conn *);

#endif
