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

/* Restore the bucket as it was at `mutation` (a folder: as it is now) to
 * `file`, on the host and as the project's owner.  The exit status, 124 where
 * it did not end in time; -1: it could not be run. */
int	restore_view(struct run *, int64_t mutation, const char *file,
    struct err *);

/* The same by URL, with more flags of `litestream restore` (NULL: none). */
int	restore_as_owner(struct run *, const char *url, char *const *flags,
    const char *file, struct err *);

/* Restore by -timestamp to `n` moments, evenly from that of row `from` to that
 * of the newest, and within the last_us before that one (0: whenever): what
 * comes back must be whole, a prefix, hold nothing that was committed later,
 * and lack nothing that was acknowledged slack_us before.  Fills run->restored
 * with the last one; the verdict is FAIL where one is not so. */
enum verdict	restore_moments(struct run *, int64_t n, int64_t from,
    int64_t last_us, int64_t slack_us);

/* Restore by -txid or -index to `n` places in the log, evenly over what was
 * uploaded: each must bring back what a view of the bucket does that ends with
 * the place's upload.  Places before the first backup are left out.  Fills
 * run->restored with the last; the verdict is FAIL where one is not so. */
enum verdict	restore_places(struct run *, int64_t n);

/* Restore and judge at most `max` views of the bucket as it was after a
 * mutation, evenly from the first whole backup on, always with the newest:
 * each must succeed, pass all oracles, be a prefix, and reach at least as far
 * as the one before it.  Fills run->restored with the first that does not, or
 * with the newest; the verdict is FAIL where one does not. */
enum verdict	restore_views(struct run *, int64_t max);

/* litestream restore -o OUTPUT [-parallelism N] [FLAG…] URL, in run->arena */
char *const	*restore_command(struct run *, const char *program,
    const char *output, int64_t parallelism, char *const *more,
    const char *url);
/* SCHEME://BUCKET/PATH; a view has a bucket's name, too. */
const char	*restore_url(struct run *, const char *bucket);

/* A path as a scenario writes it (${machine} may be in front) → the machine's
 * own form, "/data/app.db"; NULL: the database's. */
const char	*restore_place(struct run *, const char *path);

#endif
