#include "lib/cond.h"

#include <errno.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/mem.h"

void
cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	BUG_ON(pthread_condattr_init(&attr) != 0);
	BUG_ON(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0);
	BUG_ON(pthread_cond_init(c, &attr) != 0);
	(void)pthread_condattr_destroy(&attr);
}

bool
cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline_us)
{
	struct timespec ts = {
		.tv_sec = (time_t)(deadline_us / 1000000),
		.tv_nsec = (long)(deadline_us % 1000000) * 1000,
	};
	int rc = pthread_cond_timedwait(c, m, &ts);

	BUG_ON(rc != 0 && rc != ETIMEDOUT);
	return (rc == 0);
}

int64_t
cond_deadline(int64_t timeout_us)
{
	int64_t now = clock_mono_us();

	if (timeout_us <= 0)
		return (now);
	return (timeout_us > INT64_MAX - now ? INT64_MAX : now + timeout_us);
}
