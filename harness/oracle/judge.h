/* harness/oracle/judge.h: what the oracles are asked about: an open database
 * and one walk through its ledger.  Shared by judge.c, which reads, and
 * oracles.c, which judges; not for others. */
#ifndef HARNESS_JUDGE_H
#define HARNESS_JUDGE_H

#include <sqlite3.h>

#include "harness/oracle/oracles.h"

struct oracle_ctx {
	sqlite3	*db;
	struct arena *arena;
	struct ledger *ledger;
	int64_t	bytes;		/* of the file */
	bool	table;		/* it has the ledger's table */
	bool	read_failed;	/* SQLite could not read it to its end */
	int64_t	rows, last;	/* how many; the highest seq */
	int64_t	frontier;	/* newest of the unbroken chain from row 1 */
	char	hash[LEDGER_HASH + 1];	/* of that row, "" for none */
	const char *broken;	/* where the chain breaks, or NULL */
	int64_t	known;		/* newest that equals the ledger, unbroken */
	int64_t	differs;	/* first row that is not the ledger's, or 0 */
	int64_t	unknown;	/* first row never attempted, or 0 */
	const char *why;	/* an oracle's finding */
};

#endif
