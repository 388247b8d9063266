/* harness/bench/stats.h: samples by what was measured, and what is said of
 * them: median, least, most.  Knows numbers; not what they mean. */
#ifndef HARNESS_STATS_H
#define HARNESS_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

/* What a sample is of.  Strings are borrowed for as long as the stats live. */
struct stats_key {
	const char *bench;	/* "replicate", "restore" */
	const char *release;	/* "0.5.17"; "" for a floor of all */
	const char *subject;	/* "bucket, loopback" */
	const char *unit;	/* "MB/s" */
	int64_t	parallelism;	/* 0: it has none */
};

struct stats_row {
	struct stats_key key;
	double	*v;		/* in the order they were measured */
	size_t	n;
};

struct stats {
	struct stats_row *v;		/* by each one's first sample */
	size_t	n;
};

#define STATS_INIT { NULL, 0 }

void	stats_release(struct stats *);
void	stats_add(struct stats *, const struct stats_key *, double);
const struct stats_row	*stats_find(const struct stats *,
    const struct stats_key *);
/* Of a set that is not empty. */
double	stats_median(const struct stats_row *);
double	stats_min(const struct stats_row *);
double	stats_max(const struct stats_row *);

#endif
