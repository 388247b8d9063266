/* emulator/http/server.h: an HTTP/1.1 server in threads: sockets, TLS and the
 * proxy together.  Knows how bytes move; not what a request means.  A hold or
 * a wait in a handler is a plain wait. */
#ifndef EMULATOR_SERVER_H
#define EMULATOR_SERVER_H

#include <stdbool.h>

#include "emulator/emu.h"
#include "emulator/http/sockets.h"
#include "lib/err.h"

struct server;
struct req;

struct server_opts {
	const char *http;	/* "127.0.0.1:0": address and port */
	const char *proxy;	/* the same; NULL: no proxy */
	const char *https;	/* the plain endpoint through TLS; NULL: none */
	struct listen_allow allow;	/* by the long flags */
	const char *cert_pem, *key_pem;	/* for the impersonated hosts */
	/* … and for `https`; NULL: the same */
	const char *https_cert_pem, *https_key_pem;
	int	fd[SOCKETS_WAYS];	/* 0, or sockets that listen, ours */
	int	max_connections;	/* 0: as many as limits.h says */
	int64_t	second_us;	/* how long its seconds are; 0: a second.  For
				 * tests of what happens after minutes */
};

/* Bound and listening when it returns; fills emu's ports and emu->server.  An
 * address in use is an error that names it.  The certificates are kept until
 * the end, and looked at when they are first wanted. */
struct server	*server_start(struct emu *, const struct server_opts *,
    struct err *);
/* No new connections; requests under way are woken and end.  Frees. */
void	server_stop(struct server *);

/* What may be wrong with the ways in, and how much of it (0: nothing).
 *
 * REFUSE: the proxy's port, and those that stand for Google's, answer a
 * connection attempt with ECONNREFUSED and their open connections are cut; the
 * plain endpoint resets every connection that asks for anything but
 * /_emulator/.  MUTE: they take up nobody, and nothing is answered but
 * /_emulator/.  CROWD: they reset a connection that is one more than so
 * many. */
enum server_door { DOOR_REFUSE, DOOR_MUTE, DOOR_CROWD, DOORS };
void	server_doors(struct server *, const int how[DOORS]);
/* May this request be answered?  If not: in what way. */
enum server_door	server_door(struct server *, const struct req *);
/* How many a door has turned away by now, to be compared with an earlier
 * number.  Of REFUSE these are connection attempts anywhere in this network
 * namespace, since the kernel answers them without us. */
int64_t	server_turned(struct server *, enum server_door);
bool	server_stopping(const struct server *);
/* Connections, by the way in. */
void	server_conns(struct server *, struct sockets_count n[SOCKETS_WAYS]);
/* Replies on their way out. */
struct settle;
struct settle	*server_settle(struct server *);

/* Headers of a request under way, for the XML API: one, or all in order. */
const char	*server_header(const struct req *, const char *k);
void	server_headers(const struct req *,
    void (*each)(void *cls, const char *k, const char *v), void *cls);

#endif
