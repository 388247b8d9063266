/* harness/run/pool.h: many drills, -j at a time, each in a forked child with a
 * hard time limit; their results go to the reports.  Knows processes and
 * results; not steps. */
#ifndef HARNESS_POOL_H
#define HARNESS_POOL_H

#include "harness/run/run.h"

struct result {
	const char *id;		/* "40-crash/held-upload@0.5.17" */
	const char *scenario, *release, *title, *file;
	enum verdict verdict;
	const char *why, *phase, *text;	/* text: the failing line as written */
	int	line, col;		/* its place */
	int64_t	us;			/* how long it took */
	int64_t	rpo_rows, rpo_us, rto_us;	/* -1: not measured */
	int64_t	requests;		/* journal lines */
	const char *isolation;
	const char *dir;		/* its out/ folder, NULL when removed */
	const char *finding;		/* what the runbook lacks, or NULL */
	const char *known_bug;
	const char *property;		/* which did not hold, or NULL */
};

struct job {
	struct scenario *sc;
	const struct release *rel;
	const char *out;
	const struct explore_opts *explore;	/* or NULL: the lines alone */
};

/* Runs jobs in order, `j` at a time; each result is handed to report() in the
 * order of completion (its strings stay until the program ends).  A child
 * that dies or outlasts its limit is an ERROR whose message says so.
 * SIGINT, SIGTERM and SIGHUP end all children, and everything temporary is
 * removed.  0; -1: the pool itself failed; 128 + the signal that ended it,
 * which the program should exit with. */
int	pool_run(const struct job *, size_t n, int j,
    const struct run_opts *, void (*report)(void *, const struct result *),
    void (*begin)(void *, const struct job *), void *arg, struct err *);

#endif
