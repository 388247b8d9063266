/* harness/explore/work.h: the restores of an exploration, in processes of
 * their own.  Knows how a view is restored and judged; not what follows from
 * it. */
#ifndef HARNESS_WORK_H
#define HARNESS_WORK_H

#include "harness/explore/points.h"
#include "harness/run/run.h"

/* Restores and judges the points for which pick[i] is set, `jobs` at a time;
 * the array is filled in.  began_us: wall clock of at_us 0.  -1: it could not
 * be done, which says nothing about the points. */
int	work_points(struct run *, struct points *, const bool *pick, int jobs,
    int64_t began_us, struct err *);

#endif
