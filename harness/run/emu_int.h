/* harness/run/emu_int.h: what emu.c (the process) and emu_call.c (its answers)
 * share.  Not for others. */
#ifndef HARNESS_EMU_INT_H
#define HARNESS_EMU_INT_H

#include <curl/curl.h>

#include "harness/run/emu.h"
#include "lib/buf.h"

struct emu {
	struct proc *proc;
	struct arena arena;
	CURL	*curl;			/* one connection, kept alive */
	int	ready_fd;		/* its stdout */
	const char *token;		/* of the control API */
	struct emu_opts o;		/* strings in the arena */
	bool	killed;			/* on purpose */
	const char *log, *project;
	const char *http, *proxy, *ca, *data, *owner;
	const char *owner_key, *bearer;	/* NULL until asked for */
};

/* One exchange, as the control API's starter or as the owner. */
struct emu_request {
	const char *method, *url;
	const char *header;	/* who we are */
	const char *host;	/* which API is meant, or NULL */
	json_t	*body;		/* or NULL … */
	const void *data;	/* … where this may be sent as it is */
	size_t	len;
	int64_t	wait_us;	/* that the answer may take by itself */
};
int	emu_exchange(struct emu *, const struct emu_request *,
    struct buf *answer, int *status, struct err *);
/* The owner's token, asked for once; NULL: failed. */
const char	*emu_bearer(struct emu *, struct err *);

#endif
