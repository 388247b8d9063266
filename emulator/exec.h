/* emulator/exec.h: `gcs-emulator exec`: an emulator around one command, whose
 * environment points every known client at it, with real credentials.  Knows
 * what clients read: environment variables and files (exec_env.c); where the
 * command runs is cage.h's. */
#ifndef EMULATOR_EXEC_H
#define EMULATOR_EXEC_H

#include "emulator/cage/cage.h"
#include "emulator/start.h"
#include "lib/arena.h"

struct exec_opts {
	struct cage *cage;
	struct cage_place place;
	char *const *argv;		/* ends with NULL */
	const char *credentials;	/* NULL: the owner's; "own": what the
					 * environment says; else a key file */
};

/* The process's exit status: cage_run()'s, and 2 where nothing was run. */
int	exec_run(struct start *, const struct exec_opts *, struct err *);

/* The environment of the command, ended by NULL: env without what would lead
 * elsewhere, and with what leads here.  Heap, its new strings the arena's;
 * files go into dir.  NULL with a message. */
char	**exec_env(struct emu *, const struct exec_opts *,
    const char *key, const char *dir, char *const *env, struct arena *,
    struct err *);

#endif
