/* emulator/control/metrics.h: counts of what was asked and answered, and the
 * text that Prometheus reads of them.  Knows requests as the journal does; not
 * what they mean.
 *
 * GET /_emulator/metrics, without a token as it tells of no content:
 * text/plain; version=0.0.4, each family with # HELP and # TYPE.  `method` is
 * a method id of the route table, `code` the status (0: the connection was
 * ended without an answer).  A call inside a batch counts as one, and the
 * batch as another.  Only what has happened has a line.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef EMULATOR_METRICS_H
#define EMULATOR_METRICS_H

#include <stdint.h>

#include "emulator/http/req.h"

struct metrics;

struct metrics	*metrics_new(void);
void	metrics_free(struct metrics *);

/* Any thread, without a lock; m may be NULL. */
void	metrics_request(struct metrics *m, const struct req *, int64_t us);
void	metrics_connect(struct metrics *m, int status);	/* through the proxy */
/* A rule of that kind has acted. */
void	metrics_fault(struct metrics *m, const char *kind);

void	metrics_h(struct req *);

#endif
