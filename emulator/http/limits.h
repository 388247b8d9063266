/* emulator/http/limits.h: every bound of the server, in one place.  Knows
 * numbers only.  Times are enforced by the accepting thread, which looks at
 * all connections once a second (sockets.c); what it finds too late it shuts
 * down, and the thread that waits there sees the end of the stream. */
#ifndef EMULATOR_LIMITS_H
#define EMULATOR_LIMITS_H

/* ---- times, in seconds ---- */
#define LIMIT_IDLE_S	300	/* a connection that waits for a request */
#define LIMIT_HEAD_S	30	/* from the first byte of a head to its last,
				 * CONNECT and the TLS handshake too */
#define LIMIT_MOVE_S	120	/* a body, or a reply that nobody reads, in
				 * which less than LIMIT_MOVE bytes move */
#define LIMIT_MOVE	4096
#define LIMIT_LINGER_S	2	/* for the rest of what a client sends after
				 * it has been told that nobody listens */
#define LIMIT_STOP_S	1	/* for replies on their way, at the end */

/* ---- connections ----
 *
 * When all places are taken, those that have been idle for the longest are
 * closed; where none is idle, those that have moved least for the longest
 * (a head or a body that dribbles, a reply that nobody reads).  Nobody goes
 * who has waited for less than LIMIT_GRACE_MS, so that one who has just come
 * can say what he wants, or who has said something that is still unread; and
 * never a request that is being worked on, or held by a drill. */
#define LIMIT_CONNS	2048	/* where descriptors allow: two are needed */
#define LIMIT_SLACK	16	/* places made at once: one in so many */
#define LIMIT_GRACE_MS	50

/* ---- bytes ---- */
#define LIMIT_DESK	(128u << 10)	/* a thread's room for what comes in:
					 * a head, and pieces of a body */
#define LIMIT_PIECE	(256u << 10)	/* of a reply, between two looks at
					 * whether it moves */
#define LIMIT_FILE	(2u << 20)	/* … of a file.  Measured with 1 GiB
					 * and a busy machine: a fifth less
					 * time than with 256 KiB */
#define LIMIT_FILE_S	2		/* … unless this long nothing of the 64
					 * KiB went that the kernel takes at
					 * once: then a look is had at less */
#define LIMIT_NEAR	(256 << 10)	/* SO_SNDBUF; the kernel doubles it */
#define LIMIT_NEAR_US	1000		/* … where the way there and back is
					 * shorter: it allows 500 MB/s then */
#define LIMIT_GATHER	(256LL << 20)	/* of bodies held in memory, of all
					 * requests together, but for … */
#define LIMIT_GATHER_FREE (64LL << 10)	/* … the first bytes of each, so that
					 * hoarders stop nobody's small ones */
#define LIMIT_ANSWERS	(256LL << 20)	/* of answers in memory that are still
					 * to be read; larger ones than
					 * LIMIT_GATHER_FREE are a 503 then */
#define LIMIT_VALUES	200000		/* of one JSON text, about: 10 MiB of
					 * "{}," took 1 GB and 4 s */
#define LIMIT_DRAIN	(64LL << 20)	/* of a body that was refused, before
					 * its answer is sent all the same */

/* ---- threads ---- */
#define LIMIT_STACK	(1u << 20)	/* JSON nested 2048 deep fits in it */
#define LIMIT_SPARE_S	10		/* a thread without work ends */

#endif
