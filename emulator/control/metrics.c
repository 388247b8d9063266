/* Counting is done by every thread for every request, so each thread has a
 * shard of counters that few others touch, and what a reader wants is added
 * up when it asks. */
#include "emulator/control/metrics_int.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "lib/clock.h"
#include "lib/mem.h"

#define OTHER	(METRICS_CODES - 1)

const int64_t metrics_steps[METRICS_STEPS - 1] = { 100, 250, 500, 1000, 2500,
	5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,
	5000000, 10000000 };

static size_t
metrics_count(const struct route *r)
{
	size_t n = 0;

	while (r[n].id != NULL)
		n++;
	return (n);
}

/* Behind the rows of both tables: requests without a route, and CONNECT. */
#define UNKNOWN(m)	((m)->nrows - 2)
#define CONNECT(m)	((m)->nrows - 1)

const char *
metrics_id(const struct metrics *m, size_t i)
{

	if (i == CONNECT(m))
		return ("emulator.connect");
	if (i == UNKNOWN(m))
		return ("emulator.unknown");
	return (i < m->nserved ? routes[i].id :
	    routes_unserved[i - m->nserved].id);
}

static size_t
metrics_place(const struct metrics *m, const struct route *r)
{

	if (r >= routes && r < routes + m->nserved)
		return ((size_t)(r - routes));
	if (r >= routes_unserved &&
	    r < routes_unserved + (UNKNOWN(m) - m->nserved))
		return (m->nserved + (size_t)(r - routes_unserved));
	return (UNKNOWN(m));
}

struct metrics *
metrics_new(void)
{
	struct metrics *m = mem_alloc(sizeof(*m));

	m->nserved = metrics_count(routes);
	m->nrows = m->nserved + metrics_count(routes_unserved) + 2;
	/* One allocation of zeros: a page that nobody counts on costs none. */
	m->shard[0] = mem_alloc(METRICS_SHARDS * m->nrows *
	    sizeof(struct metrics_row));
	for (size_t i = 1; i < METRICS_SHARDS; i++)
		m->shard[i] = m->shard[i - 1] + m->nrows;
	m->nstatus = 1;
	m->start_us = clock_wall_us(NULL);
	BUG_ON(pthread_mutex_init(&m->lock, NULL) != 0);
	return (m);
}

void
metrics_free(struct metrics *m)
{

	if (m == NULL)
		return;
	(void)pthread_mutex_destroy(&m->lock);
	free(m->shard[0]);
	free(m);
}

/* ---- counting ---- */

static void
metrics_add(_Atomic uint64_t *c, uint64_t n)
{

	(void)atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static struct metrics_row *
metrics_row(struct metrics *m, size_t place)
{
	static atomic_uint threads;
	static _Thread_local unsigned mine;

	if (mine == 0)
		mine = 1 + atomic_fetch_add(&threads, 1) % METRICS_SHARDS;
	return (&m->shard[mine - 1][place]);
}

static unsigned
metrics_slot(struct metrics *m, int status)
{
	unsigned slot;

	if (status < 0 || (size_t)status >= sizeof(m->slot))
		return (OTHER);
	slot = atomic_load_explicit(&m->slot[status], memory_order_relaxed);
	if (slot != 0)
		return (slot);
	BUG_ON(pthread_mutex_lock(&m->lock) != 0);
	slot = atomic_load(&m->slot[status]);
	if (slot == 0) {
		slot = m->nstatus < OTHER ? (unsigned)m->nstatus++ : OTHER;
		m->status[slot] = status;
		atomic_store(&m->slot[status], (unsigned char)slot);
	}
	BUG_ON(pthread_mutex_unlock(&m->lock) != 0);
	return (slot);
}

static void
metrics_one(struct metrics *m, size_t place, int status, int64_t us)
{
	struct metrics_row *r = metrics_row(m, place);
	size_t step = 0;

	while (step < METRICS_STEPS - 1 && us > metrics_steps[step])
		step++;
	metrics_add(&r->code[metrics_slot(m, status)], 1);
	metrics_add(&r->step[step], 1);
	metrics_add(&r->us, us > 0 ? (uint64_t)us : 0);
}

void
metrics_request(struct metrics *m, const struct req *rq, int64_t us)
{
	struct metrics_row *r;
	size_t place;

	if (m == NULL)
		return;
	place = metrics_place(m, rq->route);
	metrics_one(m, place, rq->abort ? 0 : rq->status, us);
	r = metrics_row(m, place);
	if (rq->bytes_in > 0)
		metrics_add(&r->in, (uint64_t)rq->bytes_in);
	if (rq->bytes_out > 0)
		metrics_add(&r->out, (uint64_t)rq->bytes_out);
}

void
metrics_connect(struct metrics *m, int status)
{

	if (m != NULL)
		metrics_add(&metrics_row(m, CONNECT(m))->code[metrics_slot(m,
		    status)], 1);
}

void
metrics_fault(struct metrics *m, const char *kind)
{
	size_t i;

	if (m == NULL)
		return;
	BUG_ON(pthread_mutex_lock(&m->lock) != 0);
	for (i = 0; i < METRICS_KINDS - 1 && m->faults[i].kind != NULL; i++)
		if (strcmp(m->faults[i].kind, kind) == 0)
			break;
	m->faults[i].kind = kind;
	m->faults[i].n++;
	BUG_ON(pthread_mutex_unlock(&m->lock) != 0);
}
