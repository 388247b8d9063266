/* emulator/cage/cage_int.h: what cage.c (outside), cage_keep.c (the keeper) and
 * cage_place.c (making the place) share. */
#ifndef EMULATOR_CAGE_INT_H
#define EMULATOR_CAGE_INT_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#include "emulator/cage/cage.h"
#include "lib/buf.h"

enum { CAGE_FDS = 3 };		/* direct, direct_plain, inside */

/* The keeper's words: once when the place is made, with CAGE_FDS sockets where
 * it is a private one, and once when the command runs.  status: 0, or what to
 * exit with; text says why. */
struct cage_word {
	int	status, port;
	char	text[1024];
};

/* Outside's only words: this, then `len` bytes: strings that end with NUL,
 * first the folder of the files ("" for none), then argv, then the
 * environment.  Later, a byte for each signal to be passed on. */
struct cage_order {
	uint32_t nargs, nenv, len;
};

/* Runs in the new process, which clone(2) was given `flags` for, and ends with
 * it.  sock: a stream to who began it. */
_Noreturn void	cage_keep(int sock, int flags, uid_t, gid_t, int port);

/* From the namespaces of `flags` to a place: ids, loopback, mounts, /proc. */
int	cage_place_make(int flags, uid_t, gid_t, struct err *);
/* dir's files in the place of those below /etc. */
int	cage_place_files(const char *dir, struct err *);

#endif
