/* Writes by batches.  A commit of SQLite's costs about as much as the rows of
 * ten small objects (its log gets whole pages, among them those that every
 * commit changes), so whoever waits for the writer is taken along: the first
 * in the queue leads, runs what all of them want in one transaction, commits
 * once and wakes them, each with the result that was its own.  Nobody's
 * statements wait for another thread to be scheduled.
 *
 * Nobody hears of anything before the commit.  Each operation sees what those
 * before it in the batch have done, and has a mutation of its own.  One that
 * fails before it has written anything (a precondition, a hold: all that the
 * API's rules say) leaves the others alone.  One that fails after that (the
 * disk, and nothing else) spoils the batch: all is rolled back, and each is
 * run again, in a transaction of its own.  Where the commit fails, so do all:
 * even a refusal may have been for the sake of a row that is not there now.
 *
 * What is to be forgotten, and what has a limit a second (which counts what
 * was tried), goes alone. */
#include <sched.h>
#include <semaphore.h>
#include <string.h>

#include "emulator/store/store_int.h"

#define BATCH_MAX	128	/* operations; bounds how long each waits */
#define BATCH_CROWD 16	/* batches of one until nobody else is expected */

struct store_op {
	enum store_rc (*run)(struct store *, void *);
	void	*arg;
	struct store_op *next;
	sem_t	turn;			/* it is done, or leads */
	bool	done;
	enum store_rc rc;
	int64_t	mutation;
	uint64_t commit;
};

/* ---- with the writer's lock ---- */

/* One operation of the transaction.  False: it has failed, and has or may have
 * written. */
static bool
batch_one(struct store *st, struct store_op *op)
{
	sqlite3_int64 before = sqlite3_total_changes64(st->w.db);

	st->tx_now = clock_wall_us(st->clock);
	st->tx_mutation = 0;
	op->rc = op->run(st, op->arg);
	op->mutation = st->tx_mutation;
	return (op->rc == STORE_OK || (st->tx_mutation == 0 &&
	    sqlite3_total_changes64(st->w.db) == before &&
	    sqlite3_get_autocommit(st->w.db) == 0));
}

/* From *op to before `end` in one transaction.  False: it was spoilt, and
 * nothing has been done. */
static bool
batch_try(struct store *st, struct store_op *op, const struct store_op *end,
    struct store_after *after)
{
	struct store_op *first = op;
	bool wrote = false, whole = true;
	enum store_rc rc;

	st->tx_last = st->mutation;
	st->tx_soft = st->tx_live = 0;
	rc = store_sql_do(&st->w, SQL_BEGIN_WRITE, "");
	for (; rc == STORE_OK && whole && op != end; op = op->next) {
		whole = batch_one(st, op);
		wrote = wrote || op->rc == STORE_OK;
	}
	if (rc == STORE_OK && whole && wrote)
		rc = store_tx_commit(st, st->tx_last != st->mutation ?
		    st->tx_last : 0);
	if (rc == STORE_OK && whole && wrote)
		store_tx_committed(st, st->tx_last != st->mutation ?
		    st->tx_last : 0, after);
	else if (store_tx_rollback(st) != STORE_OK && rc == STORE_OK)
		rc = STORE_IO;
	for (op = first; op != end; op = op->next) {
		if (rc != STORE_OK)
			op->rc = rc;
		op->commit = op->rc == STORE_OK ? after->commit : 0;
		op->mutation = op->rc == STORE_OK ? op->mutation : 0;
	}
	return (rc != STORE_OK || whole);
}

static void
batch_join(struct store_after *to, struct store_after *from)
{

	to->trim = to->trim || from->trim;
	if (from->commit != 0)
		to->commit = from->commit;
	if (from->ndead > 0) {
		to->dead = mem_realloc(to->dead, (to->ndead + from->ndead) *
		    sizeof(*to->dead));
		memcpy(to->dead + to->ndead, from->dead,
		    from->ndead * sizeof(*to->dead));
		to->ndead += from->ndead;
	}
	free(from->dead);
}

static void
batch_run(struct store *st, struct store_op *op, struct store_after *after)
{

	*after = (struct store_after){ .commit = 0 };
	store_read_drop(st);
	if (batch_try(st, op, NULL, after) || op->next == NULL)
		return;
	for (; op != NULL; op = op->next) {
		struct store_after one = { .commit = 0 };

		(void)batch_try(st, op, op->next, &one);
		batch_join(after, &one);
	}
}

/* ---- the queue ---- */

/* The first ones of the queue, op at their head; it may grow meanwhile. */
static void
batch_take(struct store *st, const struct store_op *op)
{
	int max = st->write_limit > 0 ? 1 : BATCH_MAX;
	struct store_op **p;

	(void)pthread_mutex_lock(&st->batch_lock);
	BUG_ON(st->batch != op);
	if (st->waiting > 1)
		st->crowd = BATCH_CROWD;
	else if (st->crowd > 0)
		st->crowd--;
	for (p = &st->batch; *p != NULL && max > 0; p = &(*p)->next) {
		st->waiting--;
		max--;
	}
	st->batch = *p;
	if (*p == NULL)
		st->batch_end = &st->batch;
	*p = NULL;
	(void)pthread_mutex_unlock(&st->batch_lock);
}

/* Who leads next is called before those who are done: he has work. */
static void
batch_leave(struct store *st, struct store_op *op)
{
	struct store_op *next;

	(void)pthread_mutex_lock(&st->batch_lock);
	next = st->batch;
	st->leading = next != NULL;
	(void)pthread_mutex_unlock(&st->batch_lock);
	if (next != NULL)
		BUG_ON(sem_post(&next->turn) != 0);
	for (op = op->next; op != NULL; op = next) {
		next = op->next;	/* it is gone when it hears of it */
		op->done = true;
		BUG_ON(sem_post(&op->turn) != 0);
	}
}

static void
batch_lead(struct store *st, struct store_op *op, struct store_after *after)
{

	/* Those of the last batch have just been told, and may be back at
	 * once: let them.  Without, a thread that keeps its processor writes
	 * one by one while the others only wait for it: 8 and 64 threads took
	 * 33 and 36 us a put, and 23 with this. */
	if (st->crowd > 0)
		(void)sched_yield();
	(void)pthread_mutex_lock(&st->write_lock);
	batch_take(st, op);
	batch_run(st, op, after);
	store_cache_settle(st);
	(void)pthread_mutex_unlock(&st->write_lock);
	batch_leave(st, op);
}

/* Each waits for the disk himself (store_sync.c lets them share that); files
 * are the leader's, whether or not his own operation went well. */
static enum store_rc
batch_after(struct store *st, struct store_op *op, struct store_after *after)
{
	uint64_t commit = after->ndead > 0 ? after->commit : op->commit;
	enum store_rc synced = STORE_OK;

	if (commit != 0 && st->power)
		synced = store_sync(st, commit);
	store_tx_after(st, after, synced == STORE_OK);
	return (op->rc == STORE_OK ? synced : op->rc);
}

static enum store_rc
batch_alone(struct store *st, struct store_write *w,
    enum store_rc (*run)(struct store *, void *), void *arg)
{
	enum store_rc rc = store_tx_begin(st);

	return (rc == STORE_OK ? store_tx_end(st, w, run(st, arg)) : rc);
}

enum store_rc
store_batch(struct store *st, struct store_write *w,
    enum store_rc (*run)(struct store *, void *), void *arg)
{
	struct store_op op = { .run = run, .arg = arg };
	struct store_after after = { .commit = 0 };
	bool lead;

	if (w != NULL && w->forget)
		return (batch_alone(st, w, run, arg));
	if (atomic_load(&st->broken))
		return (STORE_IO);
	BUG_ON(sem_init(&op.turn, 0, 0) != 0);
	(void)pthread_mutex_lock(&st->batch_lock);
	*st->batch_end = &op;
	st->batch_end = &op.next;
	st->waiting++;
	lead = !st->leading;
	st->leading = true;
	(void)pthread_mutex_unlock(&st->batch_lock);
	while (!lead && sem_wait(&op.turn) != 0)
		;			/* EINTR */
	if (!op.done)
		batch_lead(st, &op, &after);
	(void)sem_destroy(&op.turn);
	if (w != NULL)
		w->mutation = op.mutation;
	return (batch_after(st, &op, &after));
}
