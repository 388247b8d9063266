/* harness/bench/bench.h: how fast does it replicate and restore?  `litedrill
 * bench` measures the real Litestream against the emulator, on loopback and
 * with a fixed latency a request, each figure beside a floor measured in the
 * same run: a replica in a local folder, a plain file copy, no replicator.
 * Knows clocks and figures; nothing here judges right or wrong, except that a
 * restore must have brought back what was written. */
#ifndef HARNESS_BENCH_H
#define HARNESS_BENCH_H

#include "harness/cli/cli.h"

extern const struct cli_opt bench_opts[];

/* argv[0] is "bench"; the exit status. */
int	bench_main(int argc, char **argv);

#endif
