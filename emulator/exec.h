/* emulator/exec.h: `gcs-emulator exec`: an emulator around one command, whose
 * environment points every known client at it (through the proxy, with real
 * credentials).  Knows environment variables and processes. */
#ifndef EMULATOR_EXEC_H
#define EMULATOR_EXEC_H

#include "emulator/start.h"

/* argv ends with NULL.  The process's exit status: the command's, 128 + n
 * where signal n ended it, 127 or 126 where it could not be run, 2 where there
 * was no emulator.  The caller has blocked SIGCHLD and the signals that are
 * passed on. */
int	exec_run(struct start *, char *const *argv, struct err *);

#endif
