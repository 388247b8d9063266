/* harness/explore/explore.h: machine lost at every change.  Once a drill's
 * lines have been run, the bucket is looked at as it was after each of its
 * changes: a new machine restores it, the oracles judge it, and what one point
 * has shown to be safe must be there at each later one.  Knows the run and its
 * emulator (views), its ledger and journal; the rules are in points.h. */
#ifndef HARNESS_EXPLORE_H
#define HARNESS_EXPLORE_H

#include "harness/run/run.h"

#define EXPLORE_POINTS	64		/* that can be named */
#define EXPLORE_LIMIT_US INT64_C(1800000000)	/* besides the session's */

struct explore_opts {
	int	jobs;		/* restores at a time, 1 or more */
	int	shard, shards;	/* of the points, 1 to shards */
	int	repeat;		/* replays of a violation */
	int	audit;		/* equal points that are tried all the same */
	int64_t	budget_us;	/* for what is more than losing the machine,
				 * and for no class's first; 0: no limit */
	bool	save;		/* the history, whatever the verdict is */
	const char *replay;	/* a saved history instead of a session, its
				 * folder or a .tar.xz of that, or NULL */
	const char *recorded;	/* name of that history in `known`: each line
				 * that names it must show again; or NULL */
	int64_t	points[EXPLORE_POINTS];	/* only these, where there are some */
	size_t	npoints;
	const char *known;	/* file of findings that are known, or NULL */
};

/* All points, OUT/explore.json and OUT/explore.txt.  PASS; FAIL where a rule
 * was broken that is not known to be (then OUT/history and OUT/rerun.sh show
 * it again), or where a recorded finding does not show any more; ERROR where
 * there was nothing to explore. */
enum verdict	explore_run(struct run *);

/* Before the emulator starts: the saved history becomes its data, the ledger
 * and the journal this run's.  -1: it is none. */
int	explore_load(struct run *, const char *data, struct err *);

#endif
