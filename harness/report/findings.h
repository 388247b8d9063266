/* harness/report/findings.h: which step of the runbook is missing or was done
 * wrongly, by what the emulator's journal and the replicator's own words show.
 * Knows journal lines and messages; neither scenarios nor runs. */
#ifndef HARNESS_FINDINGS_H
#define HARNESS_FINDINGS_H

#include <jansson.h>

#include "lib/arena.h"

/* One mistake.  A member that is NULL or 0 matches anything. */
struct finding {
	const char *name;		/* what `expect finding ==` compares */
	const char *api;		/* glob of a method id */
	int	status;
	const char *reason, *permission;	/* globs */
	const char *output;		/* extended regex of what was printed:
					 * then there is no journal line */
	const char *text;		/* one sentence for people; {bucket},
					 * {principal} and {permission} are
					 * the journal line's */
};
extern const struct finding findings[];	/* ends with name == NULL */

/* That of one line of the journal, or NULL. */
const struct finding	*finding_of_line(const json_t *line);
/* That of a command's output, or NULL. */
const struct finding	*finding_of_output(const char *text);
/* The first in a journal file, without the requests of `owner` (an e-mail),
 * and its sentence, in the arena, with the line's own names.  NULL: none, or
 * there is no such file. */
const struct finding	*finding_of_journal(const char *path,
    const char *owner, struct arena *, const char **text);

#endif
