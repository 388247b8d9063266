/* harness/run/run_int.h: what run.c, run_check.c, run_evidence.c and pool.c
 * share.  Not for others. */
#ifndef HARNESS_RUN_INT_H
#define HARNESS_RUN_INT_H

#include "harness/run/run.h"

#define RUN_KEEP_MAX	((int64_t)256 << 20)	/* bytes of a bucket, of db/ */

/* Is the drill conclusive, and did all its requests come the way that a
 * deployment's requests go?  PASS, or ERROR with run->why.  Counts
 * run->requests. */
enum verdict	run_check(struct run *);
/* Has the drill a meaning for a release without Cloud Storage?  PASS, or SKIP
 * with what it asks for. */
enum verdict	run_check_replica(struct run *);
/* The emulator has ended: another one on the same data. */
int	run_emu_again(struct run *, struct err *);
/* The path of the emulator's journal, in the arena. */
const char	*run_journal(struct run *);

/* At the beginning: scenario.scn, rerun.sh. */
int	run_evidence_begin(struct run *, struct err *);
/* rerun.sh judges OUT/history at these changes (since 0: only at). */
int	run_evidence_replay(struct run *, int64_t since, int64_t at,
    struct err *);
/* At the end of a drill that did not pass: bucket/, db/, scenario.scn with
 * all variables.  What cannot be kept is said in the log. */
void	run_evidence_end(struct run *);
/* Where in a program's output the line begins that says that it panicked, as
 * Go's programs do; NULL: it did not. */
const char	*run_panic(const char *text);
/* A folder with all that is in it; `to` is not there yet. */
int	run_copy_tree(struct run *, const char *from, const char *to,
    struct err *);
/* What is in a .tar.xz, into the folder `to`, which is made. */
int	run_unpack(struct run *, const char *archive, const char *to,
    struct err *);
/* Regular files of a folder into OUT/db, at most *room bytes, which shrink;
 * what was cut is said in OUT/db/CUT. */
void	run_evidence_db(const char *from, const char *out, int64_t *room);

#endif
