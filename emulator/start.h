/* emulator/start.h: a whole emulator from its options, and its orderly end.
 * Knows the parts and their order; used by main.c, exec.c and the tests. */
#ifndef EMULATOR_START_H
#define EMULATOR_START_H

#include <stdbool.h>
#include <stdint.h>

#include "emulator/emu.h"
#include "lib/err.h"

enum start_auth { START_AUTH_DEFAULT, START_AUTH_ON, START_AUTH_OFF };

struct start_opts {
	const char *http;	/* NULL: 127.0.0.1:0 */
	const char *proxy;	/* NULL: the same; "off": none */
	const char *data;	/* NULL: a private temporary directory */
	const char *project;	/* NULL: litedrill */
	const char *journal;	/* NULL, or a file to append to */
	enum start_auth auth;	/* default: only on through the proxy */
	bool	power;		/* durability */
	bool	history;
	bool	beyond_loopback;
	int64_t	soft_delete_s;	/* policy of new buckets; 0: a week, -1: off */
	int64_t	soft_bytes;	/* soft-deleted bytes to keep; 0: 1 GiB, -1: all */
};

struct start;

/* Blocks no signal and prints nothing.  NULL: the message says what was in the
 * way, and nothing is left behind. */
struct start	*start_new(const struct start_opts *, struct err *);
struct emu	*start_emu(struct start *);
/* Ends all requests, closes the store, removes a temporary directory. */
void	start_free(struct start *);
/* The line that tells the starter where everything is, heap. */
char	*start_ready_line(struct start *);

#endif
