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
	const char *https;	/* NULL: none */
	const char *project;	/* NULL: litedrill */
	const char *metadata_account;	/* attached; NULL: as it was */
	const char *metadata_scopes;	/* its; NULL: cloud-platform */
	const char *seed_file;	/* NULL, or what to begin with (seed.h) */
	const char *seed, *import;	/* NULL, or folders to begin with */
	const char *export;	/* NULL, or the folder for start_export() */
	const char *allow_hosts;	/* NULL, or names with commas between */
	const char *cert_file, *key_file;	/* of https; NULL: our CA's */
	const char *location;	/* of buckets made without one; NULL: US */
	const char *cors_headers;	/* NULL: none but the buckets' own */
	bool	internal;	/* /_internal/ may change things */
	bool	all_projects;	/* each lists all buckets, without tokens */
	const char *journal;	/* NULL, or a file to append to */
	enum start_auth auth;	/* default: only on through the proxy */
	bool	power;		/* durability */
	bool	history;
	bool	beyond_loopback;
	bool	anyone;		/* beyond it without authentication */
	int64_t	soft_delete_s;	/* policy of new buckets; 0: a week, -1: off */
	int64_t	write_limit;	/* writes a second to one object; 0: any */
	int	direct, direct_plain, inside;	/* sockets of a private network
				 * (cage.h), the server's from now; 0: none */
	int64_t	soft_bytes;	/* soft-deleted bytes to keep; 0: 1 GiB, -1: all */
};

struct start;

/* Blocks no signal and prints nothing.  NULL: the message says what was in the
 * way, and nothing is left behind. */
struct start	*start_new(const struct start_opts *, struct err *);
struct emu	*start_emu(struct start *);
/* Ends all requests.  Then the export, where one was asked for; a failure
 * leaves what was there before. */
void	start_stop(struct start *);
int	start_export(struct start *, struct err *);
/* Stops it if need be, closes the store, removes a temporary directory. */
void	start_free(struct start *);
/* The line that tells the starter where everything is, heap. */
char	*start_ready_line(struct start *);

#endif
