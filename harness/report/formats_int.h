/* harness/report/formats_int.h: the functions of each format, for the table
 * in formats.c. */
#ifndef HARNESS_FORMATS_INT_H
#define HARNESS_FORMATS_INT_H

#include "harness/report/report.h"

/* A terminal's line, emptied. */
#define FORMAT_CLEAR	"\r\033[K"

void	format_tap_begin(FILE *, const struct tally *);
void	format_tap_result(FILE *, const struct tally *, const struct result *);
void	format_tap_end(FILE *, const struct tally *, const struct result *);
void	format_junit_end(FILE *, const struct tally *, const struct result *);
void	format_json_end(FILE *, const struct tally *, const struct result *);
void	format_sum_end(FILE *, const struct tally *, const struct result *);
void	format_table_end(FILE *, const struct tally *, const struct result *);
void	format_progress_job(FILE *, const struct tally *, const struct job *);
void	format_progress_result(FILE *, const struct tally *,
    const struct result *);
void	format_progress_end(FILE *, const struct tally *,
    const struct result *);

#endif
