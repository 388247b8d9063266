/* harness/replicator/settings.h: Litestream's configuration as a drill wants
 * it: shorter or longer intervals than the deployment's, or the backup in a
 * folder instead of a bucket.  Knows the names that each family of releases
 * has for a setting; not where the file goes. */
#ifndef HARNESS_SETTINGS_H
#define HARNESS_SETTINGS_H

#include <stdint.h>

#include "harness/replicator/replicators.h"
#include "lib/buf.h"

/* Microseconds; 0: Litestream's own default. */
struct settings {
	int64_t	sync_us;	/* uploads */
	int64_t	monitor_us;	/* looks at the database's log; 0: as sync
				 * where that is shorter than a second */
	int64_t	checkpoint_us;
	int64_t	pages;		/* of the log, until it is checkpointed */
	int64_t	compact_us;	/* level 0 into level 1; 0.5 only */
	int64_t	l0_us;		/* of level 0, once it is compacted; from 0.5.3
				 * on, others ignore it */
	int64_t	snapshot_us;
	int64_t	retention_us;	/* of snapshots and what follows them */
};

/* The file's text.  db: the database, as the machine sees it (the oldest
 * releases take no variables); folder: the backup's; NULL: the bucket of
 * ${BACKUPS_BUCKET_NAME}. */
void	settings_write(struct buf *, const struct replicator *,
    const struct settings *, const char *db, const char *folder);

#endif
