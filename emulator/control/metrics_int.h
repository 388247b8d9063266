/* emulator/control/metrics_int.h: what metrics.c (counting) and metrics_show.c
 * (the text) share. */
#ifndef EMULATOR_METRICS_INT_H
#define EMULATOR_METRICS_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "emulator/control/metrics.h"

#define METRICS_CODES	40	/* different statuses; the last one: others */
#define METRICS_STEPS	17	/* durations: metrics_steps[], and more */
#define METRICS_SHARDS	8	/* a thread counts in one of them */
#define METRICS_KINDS	64	/* of faults */

extern const int64_t metrics_steps[METRICS_STEPS - 1];	/* microseconds */

/* Of one row of the route tables. */
struct metrics_row {
	_Atomic uint64_t code[METRICS_CODES];
	_Atomic uint64_t step[METRICS_STEPS];
	_Atomic uint64_t us, in, out;
};

struct metrics {
	size_t	nserved, nrows;		/* rows of routes[]; of all */
	struct metrics_row *shard[METRICS_SHARDS];
	_Atomic unsigned char slot[1000];	/* of a status, 0: none yet */
	int64_t	start_us;		/* wall time, without a shift */

	pthread_mutex_t lock;		/* of what follows */
	int	status[METRICS_CODES];	/* of a slot */
	int	nstatus;
	struct {
		const char *kind;
		uint64_t n;
	} faults[METRICS_KINDS];
};

/* The method id that row i counts. */
const char	*metrics_id(const struct metrics *, size_t i);

#endif
