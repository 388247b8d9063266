/* harness/report/report.h: results as they come, in every format asked for.
 * A format is a row of formats.c and a file: TAP on stdout by default, JUnit
 * XML, JSON, and progress on a terminal.  Knows results; not how they came. */
#ifndef HARNESS_REPORT_H
#define HARNESS_REPORT_H

#include <stdio.h>

#include "harness/run/pool.h"

struct report;

struct format {
	const char *name, *doc;
	void	(*begin)(FILE *, size_t planned);
	void	(*result)(FILE *, size_t n, const struct result *);
	void	(*end)(FILE *, const struct result *all, size_t n, int64_t us);
};
extern const struct format formats[];	/* ends with name == NULL */

/* specs: "tap", "junit=FILE", …; NULL-ended.  Files are written beside and
 * renamed at the end. */
struct report	*report_new(const char *const *specs, size_t planned,
    struct err *);
void	report_begin_job(void *report, const struct job *);
void	report_result(void *report, const struct result *);
/* Closes everything; the exit status: 0 all passed or skipped, 2 any ERROR,
 * else 1 any FAIL. */
int	report_end(struct report *, struct err *);

#endif
