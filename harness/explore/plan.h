/* harness/explore/plan.h: which points are tried, and in which order.  Knows
 * classes and equality of points; tries nothing. */
#ifndef HARNESS_PLAN_H
#define HARNESS_PLAN_H

#include "harness/explore/points.h"

/* Of those that are picked: what is equal to an earlier one of the same class
 * (the same state of the bucket and of the machine's files) is no longer, and
 * has that one as `same`.  How many. */
size_t	plan_equal(struct points *, bool *pick);

/* Takes over what came of the equal ones. */
void	plan_equal_results(struct points *);

/* Did the same come of both? */
bool	plan_same_result(const struct point *, const struct point *);

/* Of `from` those that a budget never leaves out, into `pick` (and out of
 * `from`): the first of each class, and all beside a snapshot, a delete, or
 * the first upload of a session. */
size_t	plan_musts(const struct points *, bool *from, bool *pick);

/* The next n of `from`, spread evenly over it, into `pick` (and out of
 * `from`); how many there were. */
size_t	plan_spread(size_t npoints, bool *from, size_t n, bool *pick);

#endif
