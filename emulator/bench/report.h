/* emulator/bench/report.h: the figures as text and as JSON, and the machine
 * and the peers that they are of. */
#ifndef EMULATOR_BENCH_REPORT_H
#define EMULATOR_BENCH_REPORT_H

#include <stdio.h>

#include "emulator/bench/bench.h"

struct report {
	int64_t	t0_us;			/* monotonic, when the run began */
	double	load[2];		/* of the machine, before and after */
};

void	report_load(double *load);
void	report_text(const struct bench *, const struct report *, FILE *);
int	report_json(const struct bench *, const struct report *,
    const char *file, struct err *);

#endif
