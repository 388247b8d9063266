/* harness/workload/load_int.h: what the files of this folder share: the
 * writer's process.  Not for others: they ask load.h. */
#ifndef HARNESS_LOAD_INT_H
#define HARNESS_LOAD_INT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/workload/ledger.h"
#include "harness/workload/load.h"

/* How a writer ended: its exit status.  A process that was killed has none of
 * these. */
enum load_end {
	LOAD_DONE = 0,		/* all rows, or asked to stop */
	LOAD_GONE = 10,		/* what it wrote to has gone away */
	LOAD_WRONG,		/* the system under test is wrong: FAIL */
	LOAD_BROKEN,		/* the scenario or this machine is: ERROR */
};

struct load_child {
	const struct load_opts *o;
	const struct workload *w;
	struct ledger *ledger;
	const char *file;	/* of the database, on the host */
	const char *url;	/* of the application, via app */
	bool	same_file;	/* as an earlier load wrote to */
	int64_t	loss_us;	/* when the machine was lost (wall), 0: not */
	int	stop_fd;	/* readable: end after this transaction */
	int	ready_fd;	/* told once, before the first transaction */
	uint64_t rng;
	int64_t	lost, lost_age_us;	/* given up by a rebase */
};

/* The whole of a writer; the message is in e unless LOAD_DONE. */
enum load_end	load_file_main(struct load_child *, struct err *);
enum load_end	load_app_main(struct load_child *, struct err *);

/* Hold the database's head against the ledger: settle what was attempted and
 * is there, begin a new epoch where a restore came in between.  table: is
 * there a ledger's table in it? */
enum load_end	load_reconcile(struct load_child *, sqlite3 *, bool table,
    struct err *);
/* Say that the first transaction comes now. */
void	load_ready(struct load_child *);
/* Wait the pace; true: asked to stop. */
bool	load_pause(struct load_child *);
/* An error of SQLite as an end: one of its file's contents or locks is the
 * system's under test. */
enum load_end	load_sqlite(sqlite3 *, const char *what, struct err *);
bool	load_has_ledger(sqlite3 *);

#define LOAD_BUSY_MS	10000	/* SQLite's busy timeout of a writer */

/* For the rows of workloads.c.  A row of the table side: inserted, or written
 * over in place. */
int	workload_side_put(sqlite3 *, int64_t id, int64_t seq, size_t n,
    uint64_t *rng, struct err *);
int	workload_exec(sqlite3 *, const char *what, const char *sql,
    struct err *);

#define WORKLOAD_STEP(f)	int f(sqlite3 *, int64_t seq,		\
				    int64_t payload, uint64_t *rng, struct err *)
#define WORKLOAD_AFTER(f)	int f(sqlite3 *, int64_t seq, struct err *)

int	workload_family_setup(sqlite3 *, struct err *);
WORKLOAD_STEP(workload_shrink_step);
WORKLOAD_STEP(workload_huge_step);
WORKLOAD_STEP(workload_schema_step);
WORKLOAD_STEP(workload_family_step);
WORKLOAD_STEP(workload_incblob_step);
WORKLOAD_STEP(workload_restart_step);
WORKLOAD_AFTER(workload_shrink_after);
WORKLOAD_AFTER(workload_checkpoint_after);
WORKLOAD_AFTER(workload_restart_after);
WORKLOAD_AFTER(workload_reader_after);

const struct workload	*workload_find(const char *name);
uint64_t	load_random(uint64_t *rng);
void	load_fill(void *dst, size_t n, uint64_t *rng);

#endif
