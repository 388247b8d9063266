/* harness/run/journal.h: the emulator's journal as a file.  Knows that a line is
 * a JSON object, and that the last one may be half written; not what they
 * mean (emulator/control/journal.h). */
#ifndef HARNESS_JOURNAL_H
#define HARNESS_JOURNAL_H

#include <jansson.h>

#include "lib/err.h"

/* Each whole line to fn, in order.  -1: the file cannot be read, or a line is
 * no JSON. */
int	journal_lines(const char *file, void (*fn)(void *, const json_t *),
    void *arg, struct err *);

/* A member of a line that is text, the line's; "" where there is none. */
const char	*journal_str(const json_t *line, const char *name);

#endif
