/* harness/script/script_int.h: a file being parsed; shared by script.c and
 * script_head.c. */
#ifndef HARNESS_SCRIPT_INT_H
#define HARNESS_SCRIPT_INT_H

#include "harness/script/check.h"

#define SCRIPT_LIMIT_US	(60 * INT64_C(1000000))	/* without a `limit` line */

struct parse {
	struct scenario *sc;
	struct diag d;
	struct check c;
	const char *text;
	size_t	n, off;
	struct place at;		/* of the line being read */
	size_t	indent;			/* its blanks, a tab counting as 8 */
	bool	body;			/* a step that is no header has come */
};

/* Take up one header line, already checked. */
void	script_header(struct parse *, const struct line *);

#endif
