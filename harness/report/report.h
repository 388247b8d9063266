/* harness/report/report.h: results as they come, in every format asked for.
 * A format is a row of formats.c and a file: TAP on stdout by default, JUnit
 * XML, JSON, and progress on a terminal.  Knows results; not how they came. */
#ifndef HARNESS_REPORT_H
#define HARNESS_REPORT_H

#include <stdio.h>

#include "harness/run/pool.h"

struct report;

/* How far it is, for the formats. */
struct tally {
	size_t	planned, done, running;
	size_t	passed, failed, errors, skipped;
	int64_t	t0_us;			/* monotonic */
	uint64_t seed;
	bool	shown;			/* another report is on the terminal */
};

/* A function that is NULL has nothing to say. */
struct format {
	const char *name, *doc;
	void	(*begin)(FILE *, const struct tally *);
	void	(*job)(FILE *, const struct tally *, const struct job *);
	void	(*result)(FILE *, const struct tally *, const struct result *);
	void	(*end)(FILE *, const struct tally *, const struct result *all);
	bool	terminal;	/* only for people: never to a file */
};
extern const struct format formats[];	/* ends with name == NULL */
const struct format	*format_find(const char *name);

/* specs: "tap", "junit=FILE", …; NULL-ended; one without a file goes to
 * stdout.  Files are written beside and renamed at the end. */
struct report	*report_new(const char *const *specs, size_t planned,
    uint64_t seed, struct err *);
/* "12 passed, 1 failed, 0 skipped in 34.5 s"; heap. */
char	*report_sum(const struct report *);
void	report_begin_job(void *report, const struct job *);
void	report_result(void *report, const struct result *);
/* Closes everything; the exit status: 0 all passed or skipped, 2 any ERROR
 * (also where a report could not be written), else 1 any FAIL. */
int	report_end(struct report *, struct err *);

/* For formats: "scenarios/x.scn:14:3", or the file alone; heap. */
char	*report_place(const struct result *);
/* "rpo=12 rto=0.412s", what was measured of it; heap. */
char	*report_measures(const struct result *);

#endif
