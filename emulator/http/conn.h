/* emulator/http/conn.h: one connection's bytes, plain or through TLS, and the
 * desk of the thread that serves it now.  Knows where a head may end, and what
 * it means that nothing comes; not what the bytes say.
 *
 * What has come in lies on the desk, at desk->in + desk->at.  A connection
 * that nobody serves owns no memory but this struct, and the piece of a head
 * that waits for its rest. */
#ifndef EMULATOR_CONN_H
#define EMULATOR_CONN_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "emulator/http/crew.h"
#include "emulator/http/limits.h"
#include "emulator/http/sockets.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"

/* One a thread. */
struct desk {
	size_t	at, len;		/* unread: in[at .. at + len) */
	struct arena arena;		/* lent to one request after another */
	struct buf out;			/* heads of answers */
	int64_t	date_s;			/* the second that `date` shows */
	char	date[CLOCK_HTTP];
	char	*piece;			/* desk_piece()'s, or NULL */
	char	in[LIMIT_DESK];
};

struct conn {
	struct sockets_conn sc;		/* must be the first */
	struct hand *hand;		/* who serves it now */
	struct desk *desk;
	SSL	*ssl;			/* NULL: plain */
	bool	plain;			/* … for good: by a proxy, without TLS */
	char	*rest;			/* kept from the last turn */
	size_t	nrest;
	size_t	looked;			/* head_end()'s, in what is unread */
	bool	begun;			/* a head, in an earlier turn */
	size_t	moved;			/* bytes since since_us, few */
	int64_t	since_us, left_us;	/* when it moved, when it came back */
	bool	linger;			/* it only waits for the end */
	bool	near_asked;		/* is the client near? */
};

#define DESK_PIECE	(64u << 10)

struct desk	*desk_new(void);
void	desk_free(struct desk *);
/* Room for DESK_PIECE bytes on their way out; conn_send_file() uses it. */
char	*desk_piece(struct desk *);

/* Somebody serves c; and does not any more. */
void	conn_sit(struct conn *, struct hand *, struct desk *);
void	conn_rise(struct conn *);
/* Let go of what c owns, not of its descriptor. */
void	conn_release(struct conn *);

/* The handshake; waits. */
enum conn_tls {
	CONN_TLS,
	CONN_TLS_NONE,		/* it failed */
	CONN_TLS_PLAIN,		/* that was plain HTTP; c is plain too */
};
enum conn_tls	conn_handshake(struct conn *, SSL_CTX *);

/* ---- in ---- */
enum conn_rc { CONN_OK, CONN_EMPTY, CONN_END };

/* More bytes behind those on the desk: CONN_EMPTY where none are there and
 * `wait` is not set (TLS always waits).  There must be room. */
enum conn_rc	conn_more(struct conn *, bool wait);
static inline char *
conn_in(struct conn *c)
{

	return (c->desk->in + c->desk->at);
}
void	conn_took(struct conn *, size_t n);	/* n bytes are done with */
/* What is unread begins the desk, so that all of it has room. */
void	conn_align(struct conn *);
bool	conn_unread(const struct conn *);	/* also inside OpenSSL */

/* ---- out; 0, or -1 where the client has gone ---- */
/* Changes v.  more: other bytes follow at once. */
int	conn_send(struct conn *, struct iovec *v, int n, bool more);
/* len bytes of a file.  *sent grows as they go.  -1 also with errno EIO where
 * the file is too short. */
int	conn_send_file(struct conn *, int fd, int64_t off, int64_t len,
    int64_t *sent);
/* No more is sent; the client's rest is read for a while, by turns, so that
 * it does not lose what it was told.  True: read on. */
bool	conn_linger(struct conn *);

#endif
