/* harness/script/needs.h: what a drill can need or ask for in brackets:
 * programs, abilities of this machine, the release under test.  One row in
 * needs.c adds one; `need`, `[conditions]`, `litedrill doctor` and the manual
 * follow.  Knows how each is found and which command installs it; not who
 * asks. */
#ifndef HARNESS_NEEDS_H
#define HARNESS_NEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/err.h"

struct release;

struct need {
	const char *name;	/* "gcloud" */
	const char *doc;
	const char *program;	/* on the PATH, or NULL */
	const char *version;	/* its argument that prints the version */
	const char *install;	/* the command that installs it */
	bool	versioned;	/* takes OP VERSION: `litestream >= 0.5` */
	bool	wanted;		/* by the harness itself: a missing one is not
				 * just a SKIP somewhere */
	bool	(*fn)(void);	/* where it is no program; cached */
};

extern const struct need needs[];	/* ends with name == NULL */
const struct need	*need_find(const char *name);

/* "gcloud", "litestream>=0.5", "!userns" into its parts, in the arena; -1:
 * not of that form, or unknown (the message says what is near). */
struct cond;
int	need_parse(struct arena *, const char *text, struct cond *,
    struct err *);
/* Does it hold here, with this release? */
bool	need_holds(const struct cond *, const struct release *);
/* For SKIP: the reason why the words of a `need` line (as in
 * scenario->needs) do not all hold, in the arena; NULL where they do. */
const char	*need_missing(struct arena *, const char *const *words,
    size_t n, const struct release *);
/* Is the program or ability itself here? */
bool	need_here(const struct need *);

#endif
