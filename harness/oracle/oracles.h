/* harness/oracle/oracles.h: what must be true of a restored database.  Each
 * row of oracles.c is one property with its meaning; judging runs all and
 * keeps the first that does not hold.  Knows SQLite and the ledger; not how
 * the file came to be. */
#ifndef HARNESS_ORACLES_H
#define HARNESS_ORACLES_H

#include "harness/run/run.h"
#include "harness/workload/ledger.h"

struct oracle_ctx;	/* the open database and what has been read of it */

/* Which member of struct restored an oracle speaks for. */
enum oracle_says { ORACLE_WHOLE, ORACLE_CHAIN, ORACLE_PREFIX };

struct oracle {
	const char *name;	/* "integrity" */
	const char *doc;	/* what is promised, one sentence */
	enum oracle_says says;
	/* true: it holds; false: why is set in the context */
	bool	(*fn)(struct oracle_ctx *);
	/* Another that sees all that this one sees, and says less of it; or
	 * NULL. */
	const char *part_of;
};
extern const struct oracle oracles[];	/* ends with name == NULL */

/* Judge a copy of `file` (with its -wal, where there is one; the original is
 * never opened for writing) against the ledger; fills whole, chain, prefix,
 * rows, lost, lost_age_us (age at `loss_us`, wall clock; 0: now), hash, why
 * ("NAME: what is wrong", of the first that does not hold).  scratch: a folder
 * for the copy.  -1: there is no such file, or no room for a copy. */
int	oracles_judge(const char *file, const char *scratch, struct ledger *,
    int64_t loss_us, struct arena *, struct restored *out, struct err *);
/* Only the frontier: the newest seq of an unbroken chain, 0 where there is no
 * ledger in it, with its hash ("" for 0); cheap, for `synced`.  -1: it is not
 * a database that can be read. */
int	oracles_frontier(const char *file, int64_t *seq,
    char hash[LEDGER_HASH + 1], struct err *);

#endif
