/* harness/explore/coverage.h: what was tried in an exploration, as a table:
 * class of request × fault × phase (before the work, inside the body, after the
 * work and before the reply, after the reply).  Each cell was run, or there is
 * a reason why it cannot be, or it is left.  Knows journals and points; starts
 * nothing. */
#ifndef HARNESS_COVERAGE_H
#define HARNESS_COVERAGE_H

#include <jansson.h>

#include "harness/explore/points.h"

enum phase { PHASE_BEFORE, PHASE_INSIDE, PHASE_AFTER, PHASE_REPLIED, PHASES };

struct cell {
	const char *what;		/* class: "insert level 0" */
	const char *fault;		/* "lost", "crash", "status", "status
					 * outage" (kind, name of the rule) */
	int64_t	n[PHASES];		/* how often */
};

struct coverage {
	struct arena *a;
	struct cell *v;			/* in the arena */
	size_t	n, room;
};

/* Requests for `bucket` below `path` and for tokens, but for `owner`'s: the
 * faults that fired in them.  A rule of the step `freeze` counts as the fault
 * "crash", one that holds as "held".  -1: the journal cannot be read. */
int	coverage_journal(struct coverage *, const char *journal,
    const char *bucket, const char *path, const char *owner, struct err *);
/* The points that were tried; of crashes only those of a recovery ("nested"),
 * since the others are in the journal. */
void	coverage_points(struct coverage *, const struct explored *);

/* For the report and for `merge`, which adds them up; a value that is no
 * coverage adds nothing. */
json_t	*coverage_to_json(const struct coverage *);
void	coverage_add_json(struct coverage *, const json_t *);

/* As text, with the reasons; how many cells are left. */
size_t	coverage_table(struct buf *, struct coverage *);

#endif
