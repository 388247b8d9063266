/* harness/run/emu_int.h: what emu.c (the process) and emu_call.c (its answers)
 * share.  Not for others. */
#ifndef HARNESS_EMU_INT_H
#define HARNESS_EMU_INT_H

#include <curl/curl.h>

#include "harness/run/emu.h"

struct emu {
	struct proc *proc;
	struct arena arena;
	CURL	*curl;			/* one connection, kept alive */
	int	ready_fd;		/* its stdout */
	const char *token;		/* of the control API */
	const char *log, *project;
	const char *http, *proxy, *ca, *data, *owner;
	const char *owner_key, *bearer;	/* NULL until asked for */
};

#endif
