/* harness/workload/load.h: writers.  A load is a process of the harness that
 * runs a workload of the table (workloads.c) against the database file of the
 * machine, or through the application's HTTP interface, and records in the
 * ledger what it attempted and what was acknowledged.
 *
 * Before the first transaction the database's head is held against the
 * ledger: where a restore came in between, what is missing is counted (RPO)
 * and a new epoch begins; rows that nobody attempted, or acknowledged ones
 * that are gone from the very same file, are a FAIL. */
#ifndef HARNESS_LOAD_H
#define HARNESS_LOAD_H

#include <sqlite3.h>

#include "harness/run/run.h"

struct load_opts {
	const char *workload;	/* a row of workloads.c */
	const char *name;	/* as=; NULL: in the foreground */
	int64_t	rows;		/* transactions; 0: until stopped */
	int64_t	payload;	/* bytes a row */
	int64_t	pace_us;	/* between two commits; 0: full speed */
	const char *via;	/* "file" or "app" */
	const char *db;		/* machine's path */
	/* Of a new database, 0 or NULL: as SQLite has them. */
	int64_t	page_size;
	const char *auto_vacuum;	/* "full", "incremental" */
	bool	mmap;		/* this connection reads by mmap */
};

struct loads	*loads_new(struct run *);
void	loads_free(struct loads *);
/* In the foreground: returns when all rows are acknowledged (ERROR where a
 * write failed, FAIL where the database or the application is to blame); with
 * a name: as soon as it is about to write its first row. */
enum verdict	load_run(struct run *, const struct load_opts *);
/* Ask a named load to end after its current transaction; waits.  One whose
 * application was killed has ended already: that is no error. */
enum verdict	load_stop(struct run *, const char *name);
/* 1: runs, 0: has ended, -1: no such load. */
int	load_alive(struct run *, const char *name);
/* The machine is lost, and with it whatever wrote there: SIGKILL. */
void	loads_kill(struct run *);
/* At the end of a drill: a named load that ended with an error which nobody
 * has asked about. */
enum verdict	loads_check(struct run *);

/* A load on a file, in this process and without a machine; -1 where it did
 * not come to its end. */
struct ledger;
int	load_direct(const char *file, struct ledger *,
    const struct load_opts *, struct err *);

/* The table of workloads: a row is a name and how one transaction is made
 * besides the ledger's row. */
struct workload {
	const char *name, *doc;
	int	(*setup)(sqlite3 *, struct err *);
	int	(*step)(sqlite3 *, int64_t seq, int64_t payload, uint64_t *rng,
		    struct err *);	/* inside the transaction; may be NULL */
	/* after COMMIT has returned and the ledger says so; may be NULL */
	int	(*after)(sqlite3 *, int64_t seq, struct err *);
};
extern const struct workload workloads[];	/* ends with name == NULL */

#endif
