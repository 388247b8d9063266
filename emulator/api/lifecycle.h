/* emulator/api/lifecycle.h: lifecycle rules of a bucket: what may be set, and
 * which of them fit an object.  https://cloud.google.com/storage/docs/lifecycle
 * Knows rules and objects; who applies them is lifecycle_run.c. */
#ifndef EMULATOR_LIFECYCLE_H
#define EMULATOR_LIFECYCLE_H

#include "emulator/http/req.h"

/* A bucket's new `lifecycle` into `to`, in the form that the service shows.
 * -1: a 400 has been stored. */
int	lifecycle_take(struct req *, json_t *to, const json_t *v);

/* YYYY-MM-DD of a day that is: its first microsecond. */
bool	lifecycle_date(const char *s, int64_t *us);

/* One generation as the rules see it. */
struct lifecycle_object {
	const struct object *o;
	const json_t *attrs;
	bool	live;
	int64_t	newer;		/* generations of the name that are newer */
};

enum lifecycle_action {
	LIFECYCLE_NONE, LIFECYCLE_DELETE, LIFECYCLE_CLASS,
};

/* What the rules (the `lifecycle` of a bucket) say at now_us.  With CLASS,
 * *class is the one to be, borrowed from the rules. */
enum lifecycle_action	lifecycle_judge(const json_t *lifecycle,
    const struct lifecycle_object *, int64_t now_us, const char **class);
/* Is an unfinished multipart upload of that name, begun then, to be aborted? */
bool	lifecycle_aborts(const json_t *lifecycle, const char *name,
    int64_t begun_us, int64_t now_us);

/* lifecycle_run.c: apply the rules of all buckets now, and lose what is
 * soft-deleted and due.  What was done, as JSON, with a new reference. */
json_t	*lifecycle_run(struct emu *);
/* The thread that does so from time to time; NULL is fine to stop. */
struct lifecycle;
struct lifecycle	*lifecycle_start(struct emu *);
void	lifecycle_stop(struct lifecycle *);

#endif
