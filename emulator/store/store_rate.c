/* No more than so many writes a second to one object, as the real service has
 * it (https://cloud.google.com/storage/quotas#objects), where that was asked
 * for.  A table of fixed size: two names that share a place may cost each other
 * a count only when both are written within that second, and then the older
 * one's is forgotten, so that nobody is refused for another's writes. */
#include <stdlib.h>

#include "emulator/store/store_int.h"

#define RATE_SLOTS	(1u << 16)
#define RATE_US		1000000

struct store_rate {
	uint64_t who;			/* hash of bucket and name */
	int64_t	since_us;		/* the second began, monotonic */
	int64_t	n;
};

static uint64_t
store_rate_hash(int64_t bucket, const char *name)
{
	uint64_t h = UINT64_C(1469598103934665603) ^ (uint64_t)bucket;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return (h);
}

void
store_set_write_limit(struct store *st, int64_t per_second)
{

	(void)pthread_mutex_lock(&st->write_lock);
	st->write_limit = per_second;
	if (per_second > 0 && st->rates == NULL)
		st->rates = mem_alloc(RATE_SLOTS * sizeof(*st->rates));
	(void)pthread_mutex_unlock(&st->write_lock);
}

enum store_rc
store_rate_take(struct store *st, const struct store_bref *b,
    const char *name)
{
	struct store_rate *r;
	int64_t now;
	uint64_t h;

	if (st->write_limit <= 0)
		return (STORE_OK);
	now = clock_mono_us();
	h = store_rate_hash(b->id, name);
	r = &st->rates[h % RATE_SLOTS];
	if (r->who != h || now - r->since_us >= RATE_US)
		*r = (struct store_rate){ .who = h, .since_us = now };
	if (r->n >= st->write_limit)
		return (STORE_TOO_OFTEN);
	r->n++;
	return (STORE_OK);
}
