/* harness/replicator/restore.h: running `litestream restore` and judging what
 * came back.  Two uses: on the machine, with the deployment's credentials
 * (step `restore`), and by the harness itself against a view of the bucket,
 * as the owner (`synced`). */
#ifndef HARNESS_RESTORE_H
#define HARNESS_RESTORE_H

#include "harness/run/run.h"

/* Restore on the machine to `output` (machine's path; NULL: the database's
 * own path).  Fills run->restored, oracles included.  The verdict is PASS
 * whatever came back: `expect` lines judge; FAIL where nothing did within
 * limit_us, ERROR where it could not be run. */
enum verdict	restore_on_machine(struct run *, const char *output,
    int64_t parallelism, int64_t limit_us, char *const *more_flags);

/* Several machines at once, each into a place of its own; all are judged and
 * run->restored is the worst of them. */
enum verdict	restore_many(struct run *, int64_t machines,
    int64_t parallelism, int64_t limit_us);

/* Does a restore of the view at the newest mutation bring back ledger entry
 * `seq` (the head as it stood when the wait began)?  1 yes, 0 not yet, -1
 * ERROR in run->why.  Remembers the mutation it has tried and does not try
 * the same one twice. */
int	restore_synced(struct run *, int64_t seq);

/* A path as a scenario writes it (${machine} may be in front) → the machine's
 * own form, "/data/app.db"; NULL: the database's. */
const char	*restore_place(struct run *, const char *path);

#endif
