/* emulator/bench/canned.h: `gcs-bench canned [discard]`: a server that knows
 * just what Litestream asks and does nothing more than answer it: objects are
 * bytes in memory (or, with discard, only their sizes), nothing is checked,
 * hashed or written.  What Litestream needs against it is Litestream's own
 * cost.  Not linked into anything else; not for any other use. */
#ifndef EMULATOR_BENCH_CANNED_H
#define EMULATOR_BENCH_CANNED_H

/* Prints `ready PORT` and serves until a signal ends it. */
int	canned_main(int argc, char **argv);

#endif
