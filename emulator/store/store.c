/* Transactions and the mutation number.  The writer's connection and all that
 * a transaction gathers are guarded by write_lock; the mutation number is
 * published, and files of dropped payloads are unlinked, only after the
 * commit. */
#include <errno.h>
#include <string.h>

#include "emulator/store/store_int.h"

enum store_rc
store_tx_begin(struct store *st)
{
	enum store_rc rc;

	if (atomic_load(&st->broken))
		return (STORE_IO);
	(void)pthread_mutex_lock(&st->write_lock);
	st->tx_now = clock_wall_us(st->clock);
	st->tx_mutation = 0;
	st->tx_last = st->mutation;
	st->tx_soft = st->tx_live = 0;
	store_read_drop(st);
	rc = store_sql_do(&st->w, SQL_BEGIN_WRITE, "");
	if (rc != STORE_OK)
		(void)pthread_mutex_unlock(&st->write_lock);
	return (rc);
}

enum store_rc
store_tx_begin_more(struct store *st)
{
	enum store_rc rc = store_room_check(st);

	return (rc == STORE_OK ? store_tx_begin(st) : rc);
}

int64_t
store_tx_mutation(struct store *st)
{

	if (st->tx_mutation == 0)
		st->tx_mutation = ++st->tx_last;
	return (st->tx_mutation);
}

int64_t
store_tx_later(const struct store *st, int64_t was)
{

	return (st->tx_now / 1000 > was / 1000 ? st->tx_now : was + 1000);
}

int64_t
store_tx_generation(struct store *st)
{

	st->generation = st->tx_now > st->generation ? st->tx_now :
	    st->generation + 1;
	return (st->generation);
}

void
store_tx_unlink(struct store *st, int64_t payload)
{

	if (st->ndead == st->dead_room) {
		st->dead_room = st->dead_room > 0 ? 2 * st->dead_room : 16;
		st->dead = mem_realloc(st->dead,
		    st->dead_room * sizeof(*st->dead));
	}
	st->dead[st->ndead++] = payload;
}

/* A snapshot that is being taken may have the files that would go. */
static void
store_tx_late(struct store *st)
{

	if (st->nlate + st->ndead > st->late_room) {
		st->late_room = 2 * (st->nlate + st->ndead);
		st->late = mem_realloc(st->late,
		    st->late_room * sizeof(*st->late));
	}
	if (st->ndead > 0)
		memcpy(st->late + st->nlate, st->dead,
		    st->ndead * sizeof(*st->dead));
	st->nlate += st->ndead;
	st->ndead = 0;
}

void
store_publish(struct store *st, int64_t mutation)
{

	(void)pthread_mutex_lock(&st->wait_lock);
	st->mutation = mutation;
	(void)pthread_cond_broadcast(&st->moved);
	(void)pthread_mutex_unlock(&st->wait_lock);
}

enum store_rc
store_tx_commit(struct store *st, int64_t mutation)
{
	enum store_rc rc = STORE_OK;

	if (mutation != 0)
		rc = store_sql_do(&st->w, SQL_COUNTERS_SET, "ii", mutation,
		    st->generation);
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_COMMIT, "");
	return (rc);
}

void
store_tx_committed(struct store *st, int64_t mutation,
    struct store_after *after)
{

	after->commit = atomic_fetch_add(&st->commits, 1) + 1;
	st->soft_bytes += st->tx_soft;
	atomic_fetch_add(&st->live, st->tx_live);
	after->trim = st->tx_soft > 0 && st->soft_max > 0 &&
	    st->soft_bytes > st->soft_max;
	if (mutation != 0)
		store_publish(st, mutation);
	if (st->keeping)
		store_tx_late(st);
	after->dead = st->dead;
	after->ndead = st->ndead;
	st->dead = NULL;
	st->dead_room = st->ndead = 0;
}

enum store_rc
store_tx_rollback(struct store *st)
{

	st->ndead = 0;
	/* Some failures have rolled back already. */
	if (sqlite3_get_autocommit(st->w.db) != 0)
		return (STORE_OK);
	return (store_sql_do(&st->w, SQL_ROLLBACK, ""));
}

void
store_tx_after(struct store *st, struct store_after *after, bool synced)
{

	/* Files go only when no log can bring their rows back. */
	for (size_t i = 0; synced && i < after->ndead; i++) {
		char *path = store_payload_path(st, after->dead[i]);

		(void)unlink(path);
		free(path);
	}
	free(after->dead);
	if (after->trim)
		store_soft_trim(st);
}

enum store_rc
store_tx_end(struct store *st, struct store_write *w, enum store_rc rc)
{
	struct store_after after = { .commit = 0 };
	bool forget = w != NULL && w->forget;
	enum store_rc undone;

	if (rc == STORE_OK && !forget)
		rc = store_tx_commit(st, st->tx_mutation);
	if (w != NULL)
		w->mutation = 0;
	if (rc == STORE_OK && !forget) {
		if (w != NULL)
			w->mutation = st->tx_mutation;
		store_tx_committed(st, st->tx_mutation, &after);
	} else if ((undone = store_tx_rollback(st)) != STORE_OK &&
	    rc == STORE_OK)
		rc = undone;
	store_cache_settle(st);
	(void)pthread_mutex_unlock(&st->write_lock);
	if (after.commit != 0 && st->power)
		rc = store_sync(st, after.commit);
	store_tx_after(st, &after, rc == STORE_OK);
	return (rc);
}

int64_t
store_mutation(struct store *st)
{
	int64_t k;

	(void)pthread_mutex_lock(&st->wait_lock);
	k = st->mutation;
	(void)pthread_mutex_unlock(&st->wait_lock);
	return (k);
}

int64_t
store_wait_mutation(struct store *st, int64_t k, int64_t timeout_us)
{
	int64_t until, now = clock_mono_us();
	struct timespec ts;
	uint64_t wakes;

	if (timeout_us < 0)
		timeout_us = 0;
	until = timeout_us > INT64_MAX - now ? INT64_MAX : now + timeout_us;
	ts.tv_sec = (time_t)(until / 1000000);
	ts.tv_nsec = (long)(until % 1000000 * 1000);
	(void)pthread_mutex_lock(&st->wait_lock);
	wakes = st->wakes;
	while (st->mutation <= k && st->wakes == wakes)
		if (pthread_cond_timedwait(&st->moved, &st->wait_lock,
		    &ts) == ETIMEDOUT)
			break;
	k = st->mutation;
	(void)pthread_mutex_unlock(&st->wait_lock);
	return (k);
}

void
store_wake(struct store *st)
{

	(void)pthread_mutex_lock(&st->wait_lock);
	st->wakes++;
	(void)pthread_cond_broadcast(&st->moved);
	(void)pthread_mutex_unlock(&st->wait_lock);
}
