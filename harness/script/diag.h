/* harness/script/diag.h: what is wrong with a scenario, told one line a
 * mistake, `file:line:col: error: …`, and counted.  Knows places and how to
 * put a message; not the language. */
#ifndef HARNESS_DIAG_H
#define HARNESS_DIAG_H

#include <stddef.h>
#include <stdio.h>

#include "harness/script/script.h"

struct diag {
	FILE	*out;		/* NULL: only counted */
	int	n;
};

void	diag_error(struct diag *, const struct place *, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* "unknown WHAT 'word', did you mean 'x'?"; where none of names[0..n) is near
 * and they are few, all are listed.  As an error here, or appended to b. */
void	diag_unknown_text(struct buf *b, const char *what, const char *word,
    const char *const *names, size_t n);
void	diag_unknown(struct diag *, const struct place *, const char *what,
    const char *word, const char *const *names, size_t n);

#endif
