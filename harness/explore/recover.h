/* harness/explore/recover.h: crashes of the machine's processes at the moments
 * that a session has frozen (`freeze`): the replicator starts on the files as
 * they were, against the bucket as it was, and all that was committed must be
 * backed up in the end.  Knows how that is tried; not what follows from it. */
#ifndef HARNESS_RECOVER_H
#define HARNESS_RECOVER_H

#include "harness/explore/points.h"
#include "harness/run/run.h"

/* One for each frozen moment, the oldest first, named by what the bucket's
 * change at or next to it was: "crash before insert level 0".  In the arena. */
void	recover_points(struct run *, const struct points *, struct points *out);

/* Tries those for which pick[i] is set, `jobs` at a time; a point is broken
 * ("PROPERTY: why") or not.  Where nest[i] is set too, the recovery itself is
 * frozen RECOVER_MOMENTS times, and each of those moments recovered from: they
 * are added to *nested, which has room for them (nest and nested may be NULL:
 * none).  -1: it could not be done. */
#define RECOVER_MOMENTS	4
int	recover_run(struct run *, struct points *, const bool *pick,
    const bool *nest, struct points *nested, int jobs, struct err *);

/* Why nothing can be recovered here, or NULL. */
const char	*recover_unable(struct run *);

/* The machine of a replay gets account, key and environment, which a history
 * does not hold. */
enum verdict	recover_prepare(struct run *);

/* Into the folder of a saved history, and from there. */
int	recover_save(struct run *, const char *dir, json_t *session,
    struct err *);
void	recover_load(struct run *, const char *dir, const json_t *session);

#endif
