/* emulator/bench/database.h: the SQLite database that Litestream replicates:
 * random rows, and a sum by which a restored one is known.  Knows nothing of
 * Litestream. */
#ifndef EMULATOR_BENCH_DATABASE_H
#define EMULATOR_BENCH_DATABASE_H

#include <stdint.h>

#include "lib/err.h"

#define DATABASE_SUM	64		/* room; 16 are used */

/* A new one of about so many bytes, in WAL mode, its WAL empty. */
int	database_make(const char *file, int64_t bytes, struct err *);
/* MD5 of all rows in their order. */
int	database_sum(const char *file, unsigned char sum[DATABASE_SUM],
    struct err *);

#endif
