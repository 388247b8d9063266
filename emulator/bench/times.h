/* emulator/bench/times.h: how long each of many requests took, and what is
 * said of them.  Knows neither requests nor servers. */
#ifndef EMULATOR_BENCH_TIMES_H
#define EMULATOR_BENCH_TIMES_H

#include <stddef.h>
#include <stdint.h>

struct times {
	uint32_t *us;			/* heap: times_release() */
	size_t	n, room;
	int64_t	t0_us, cpu0_us;
};

struct times_sum {
	int64_t	requests;
	int64_t	us;			/* from the beginning to the end */
	int64_t	own_us;			/* processor time of this thread */
	int64_t	p50_us, p99_us;		/* of one request */
};

void	times_begin(struct times *);	/* also again: the room stays */
void	times_add(struct times *, int64_t us);
struct times_sum	times_end(struct times *);
void	times_release(struct times *);

#endif
