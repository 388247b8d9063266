/* lib/cond.h: condition variables on the monotonic clock, so that a shift of
 * the wall clock ends no wait early.  Knows nothing of what is waited for. */
#ifndef LIB_COND_H
#define LIB_COND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Freed with pthread_cond_destroy(). */
void	cond_init(pthread_cond_t *c);
/* Waits with m held until signalled, or until clock_mono_us() has reached
 * deadline_us: then false.  May wake early, as any condition variable. */
bool	cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m,
    int64_t deadline_us);
/* The deadline that lies timeout_us ahead; a huge timeout does not wrap. */
int64_t	cond_deadline(int64_t timeout_us);

#endif
