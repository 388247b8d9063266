/* emulator/cage/cage.h: the place in which exec's command runs, and the keeper
 * that stands between: one process, begun before the emulator's threads, that
 * makes the place, runs the command there and reaps what it leaves.  Knows
 * namespaces and processes; nothing of what the emulator answers.
 *
 * A private place has a network of its own with nothing but loopback, in which
 * Google's names are the emulator's: nobody reaches the real ones, whatever he
 * makes of proxies.  The keeper opens the sockets in there and hands them out;
 * who serves them stays outside.  It also answers for names (DNS), and puts
 * private files in the place of a few below /etc.  No root is needed where
 * user namespaces are allowed (user_namespaces(7)).
 *
 * When the keeper loses its starter, all that it has begun is killed. */
#ifndef EMULATOR_CAGE_H
#define EMULATOR_CAGE_H

#include <stdbool.h>

#include "lib/err.h"

enum cage_net {
	CAGE_AUTO,		/* private, else the host's with a note */
	CAGE_PRIVATE,		/* private, else an error */
	CAGE_HOST		/* this machine's network */
};

struct cage_place {
	bool	private;
	/* Listening sockets in there, the caller's: ports 443 and 80 of every
	 * address, and the plain endpoint.  0: none. */
	int	direct, direct_plain, inside;
	int	inside_port;
};

struct cage;

/* No thread may run yet, and the signals of exec_run() are blocked.  port: of
 * the plain endpoint in there, 0 for any.  NULL with a message; or a message
 * with CAGE_AUTO, which says why the place is not a private one. */
struct cage	*cage_new(enum cage_net, int port, struct cage_place *,
    struct err *);
/* Run argv there, wait for its end, pass on signals that were sent to this
 * process alone.  The status to exit with: the command's, 128 + n where signal
 * n ended it, 127 or 126 where it could not be run, 2 where the place could
 * not be made ready (the last three with a message).  dir: where the files of
 * cage_files() are; NULL in a place that is not private. */
int	cage_run(struct cage *, const char *dir, char *const *argv,
    char *const *env, struct err *);
/* What is left in there ends now. */
void	cage_free(struct cage *);

/* Write what stands in a private place below /etc: hosts, resolv.conf,
 * nsswitch.conf, and the certificates that programs trust, ca (PEM) among
 * them. */
int	cage_files(const char *dir, const char *ca, struct err *);

/* ---- names; cage_names.c ---- */
#define CAGE_METADATA	"169.254.169.254"	/* the metadata server's */

/* The address of a name in there, in lower case; NULL: there is no such. */
const char	*cage_address(const char *name);
/* An answer to a DNS query (RFC 1035), its length; 0: that is none. */
size_t	cage_dns(const unsigned char *query, size_t n, unsigned char *out,
    size_t room);

#endif
