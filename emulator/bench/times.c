#include "emulator/bench/times.h"

#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/mem.h"

static int64_t
times_own_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000);
}

void
times_begin(struct times *t)
{

	t->n = 0;
	t->cpu0_us = times_own_us();
	t->t0_us = clock_mono_us();
}

void
times_add(struct times *t, int64_t us)
{

	if (t->n == t->room) {
		t->room = t->room > 0 ? 2 * t->room : 16384;
		t->us = mem_realloc(t->us, t->room * sizeof(*t->us));
	}
	t->us[t->n++] = (uint32_t)(us < INT32_MAX ? us : INT32_MAX);
}

static int
by_us(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return ((x > y) - (x < y));
}

struct times_sum
times_end(struct times *t)
{
	struct times_sum s = { .requests = (int64_t)t->n,
	    .us = clock_mono_us() - t->t0_us,
	    .own_us = times_own_us() - t->cpu0_us };

	if (t->n == 0)
		return (s);
	qsort(t->us, t->n, sizeof(*t->us), by_us);
	s.p50_us = t->us[t->n / 2];
	s.p99_us = t->us[t->n * 99 / 100];
	return (s);
}

void
times_release(struct times *t)
{

	free(t->us);
	*t = (struct times) { 0 };
}
