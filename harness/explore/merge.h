/* harness/explore/merge.h: the reports of the parts of an exploration as one.
 * Knows the files that explore_run() writes; runs nothing. */
#ifndef HARNESS_MERGE_H
#define HARNESS_MERGE_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/err.h"

/* Joins the parts of each session that was sharded, judges all of its points
 * anew (what one part has shown must be there in the others too), and adds a
 * table of each to *out.  known: a file of findings, or NULL.  How many points
 * broke a rule and are not known to, or -1: a report is none, is there twice,
 * or a part is missing. */
int	merge_reports(const char *const *files, size_t n, const char *known,
    struct buf *out, struct err *);

#endif
