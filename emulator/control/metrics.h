/* emulator/control/metrics.h: counts of what was served, in the text format of
 * Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/),
 * at GET /_emulator/metrics; no token is asked for, as nothing there is
 * secret.  Knows requests once they are done.  Counting takes no lock. */
#ifndef EMULATOR_METRICS_H
#define EMULATOR_METRICS_H

#include "emulator/http/req.h"

void	metrics_add(const struct req *);
void	metrics_h(struct req *);

#endif
