#include "emulator/control/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/cond.h"
#include "lib/mem.h"

#define SHARDS	8

/* A thread counts itself in and out of one shard, which few others touch. */
struct shard {
	_Alignas(64) atomic_llong n;
};

struct gate {
	struct shard shard[SHARDS];
	_Alignas(64) atomic_bool closed;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool	taken;			/* somebody closes it, or has */
	bool	stopped;
};

struct gate *
gate_new(void)
{
	struct gate *g = aligned_alloc(64, sizeof(*g));

	BUG_ON(g == NULL);
	*g = (struct gate){ .stopped = false };
	BUG_ON(pthread_mutex_init(&g->lock, NULL) != 0);
	cond_init(&g->changed);
	return (g);
}

void
gate_free(struct gate *g)
{

	if (g == NULL)
		return;
	(void)pthread_cond_destroy(&g->changed);
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
}

static void
gate_lock(struct gate *g)
{

	BUG_ON(pthread_mutex_lock(&g->lock) != 0);
}

static void
gate_unlock(struct gate *g)
{

	BUG_ON(pthread_mutex_unlock(&g->lock) != 0);
}

static struct shard *
gate_shard(struct gate *g)
{
	static atomic_uint threads;
	static _Thread_local unsigned mine;

	if (mine == 0)
		mine = 1 + atomic_fetch_add(&threads, 1) % SHARDS;
	return (&g->shard[mine - 1]);
}

/* One less, and whoever closes hears of it.  The order of the two (here and
 * in gate_enter(), and the other way round in gate_close()) is what makes one
 * of both sides see the other. */
static void
gate_out(struct gate *g)
{

	(void)atomic_fetch_sub(&gate_shard(g)->n, 1);
	if (!atomic_load(&g->closed))
		return;
	gate_lock(g);
	BUG_ON(pthread_cond_broadcast(&g->changed) != 0);
	gate_unlock(g);
}

bool
gate_try(struct gate *g)
{

	if (g == NULL)
		return (true);
	(void)atomic_fetch_add(&gate_shard(g)->n, 1);
	if (!atomic_load(&g->closed))
		return (true);
	gate_out(g);
	return (false);
}

void
gate_enter(struct gate *g)
{

	while (!gate_try(g)) {
		gate_lock(g);
		while (atomic_load(&g->closed))
			(void)pthread_cond_wait(&g->changed, &g->lock);
		gate_unlock(g);
	}
}

void
gate_leave(struct gate *g)
{

	if (g != NULL)
		gate_out(g);
}

static int64_t
gate_inside(struct gate *g)
{
	int64_t n = 0;

	for (int i = 0; i < SHARDS; i++)
		n += atomic_load(&g->shard[i].n);
	return (n);
}

/* With the lock held. */
static void
gate_let_in(struct gate *g)
{

	g->taken = false;
	atomic_store(&g->closed, false);
	BUG_ON(pthread_cond_broadcast(&g->changed) != 0);
}

bool
gate_close(struct gate *g, int64_t timeout_us, int64_t *inside)
{
	int64_t end = cond_deadline(timeout_us);
	bool late = false, ok;

	*inside = 0;
	gate_lock(g);
	while (g->taken && !late && !g->stopped)
		late = !cond_wait_until(&g->changed, &g->lock, end);
	if (g->taken || g->stopped) {
		gate_unlock(g);
		return (false);
	}
	g->taken = true;
	atomic_store(&g->closed, true);
	while ((*inside = gate_inside(g)) != 0 && !late && !g->stopped)
		late = !cond_wait_until(&g->changed, &g->lock, end);
	ok = *inside == 0 && !g->stopped;
	if (!ok)
		gate_let_in(g);
	gate_unlock(g);
	return (ok);
}

void
gate_open(struct gate *g)
{

	if (g == NULL)
		return;
	gate_lock(g);
	gate_let_in(g);
	gate_unlock(g);
}

void
gate_stop(struct gate *g)
{

	if (g == NULL)
		return;
	gate_lock(g);
	g->stopped = true;
	BUG_ON(pthread_cond_broadcast(&g->changed) != 0);
	gate_unlock(g);
}
