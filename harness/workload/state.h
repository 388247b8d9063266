/* harness/workload/state.h: what the workloads' own tables hold, as a short
 * text.  A writer begins each row's payload with it once there are such tables,
 * so that the chain of hashes binds them to the commit: of a restored database
 * it can be told that a table is older than the ledger, or lacks rows, though
 * each of its rows is whole.  Knows the tables by name; not what is in them
 * (workloads.c). */
#ifndef HARNESS_STATE_H
#define HARNESS_STATE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "lib/err.h"

#define STATE_MARK	"state "
#define STATE_MAX	256		/* bytes of a text, its end included */

/* Of the connection's snapshot, or of its open transaction: "state …\n"; "" where
 * there is no such table.  scan: read the tables themselves, not an index that
 * has it all.  -1: SQLite's message. */
int	state_of(sqlite3 *, bool scan, char dst[STATE_MAX], struct err *);

#endif
