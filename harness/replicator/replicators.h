/* harness/replicator/replicators.h: all that differs between releases of
 * Litestream, one row a family of releases in replicators.c.  A difference is
 * a row here, never an `if` in a step.  Knows versions, schemes, flags,
 * messages and object names; starts nothing but `PATH version`. */
#ifndef HARNESS_REPLICATORS_H
#define HARNESS_REPLICATORS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/err.h"

struct replicator {
	const char *from, *to;		/* versions, both inclusive */
	const char *scheme;		/* "gcs" or "gs": ${replicator.scheme} */
	const char *config;		/* "litestream-0.3.yml" in fixtures */
	bool	gcs;			/* has a GCS replica at all */
	bool	if_db_not_exists;	/* restore has that flag */
	bool	if_replica_exists;	/* … and that one */
	bool	parallelism;
	bool	levels;			/* LTX files in levels; settings for them */
	/* POSIX extended regexes of what it says; ${replicator.NAME} */
	const char *no_backup;		/* restore: nothing there yet */
	const char *no_bucket;
	const char *forbidden;		/* a role is missing */
	const char *no_credentials;	/* the key file cannot be read */
	const char *bad_key;		/* the key was deleted */
	const char *bad_scheme;		/* the other major's scheme */
	const char *snapshot_glob;	/* object= for a fault: "*.snapshot.lz4" */
	const char *wal_glob;		/* object= of what a sync uploads */
	const char *place_flag;		/* restore to a place in the log: "-txid" */
	/* Of an object that a sync has uploaded the place that it ends with,
	 * in the arena, or NULL. */
	const char *(*place)(struct arena *, const char *object);
	/* A configuration whose intervals are ${SYNC_INTERVAL}, for
	 * ${DB_PATH}, ${BACKUPS_BUCKET_NAME} and ${BACKUPS_PATH}. */
	const char *interval_config;
};

extern const struct replicator replicators[];	/* ends with from == NULL */

/* A release under test: a version and its binary. */
struct release {
	const char *version;		/* "0.5.17", as the binary says */
	const char *label;		/* for ids: the version, or the name of a
					 * wrapper: "wrapper-older(0.5.17)" */
	const char *path;
	const struct replicator *rep;
};

/* spec: "0.3.13" (looked up as TOOLS/litestream-0.3.13), or a path (asked
 * with `version`).  -1 with what to do: `ci/litestream VERSION`. */
int	release_find(struct arena *, const char *tools, const char *spec,
    struct release *out, struct err *);
/* -1, 0, 1 as version a is older than, the same as, newer than b. */
int	release_compare(const char *a, const char *b);
/* Is it one of "0.5.3..0.5.14 0.5.16"? */
bool	release_among(const char *version, const char *releases);
/* ${replicator.NAME}, or NULL. */
const char	*replicator_var(const struct replicator *, const char *name);

/* A variable of the scenario language. */
struct var {
	const char *name, *doc;
};
extern const struct var replicator_vars[];	/* ends with name == NULL */

#endif
