/* harness/explore/known.h: findings that are recorded, each with the history
 * that proves it.  A file has a line for each:
 *
 *   PROPERTY | RELEASES | CLASS | HISTORY:POINT[,POINT…] | WHY
 *
 * PROPERTY and CLASS (of the request) are globs, a property may be followed by
 * a colon and a glob of the finding's sentence; RELEASES are as those of
 * `known-bug`.  HISTORY is NAME[.MORE]@RELEASE, a session of the scenario
 * NAME.scn beside the file, kept in known.d/HISTORY.tar.xz there; it shows the
 * finding after the change POINT, the first of them, and the others are what
 * it is compared with.  Lines with the same HISTORY:POINT are one finding in
 * several words, of which one must show.  A `-` says that no history is kept.
 * Knows these lines and violations; starts nothing. */
#ifndef HARNESS_KNOWN_H
#define HARNESS_KNOWN_H

#include "harness/explore/points.h"

#define KNOWN_POINTS	4	/* of a line */

struct known {
	const char *property, *releases, *what, *why;
	const char *history;	/* NAME[.MORE]@RELEASE, or NULL */
	int64_t	points[KNOWN_POINTS];
	size_t	npoints;
};

/* One line; 1: there is nothing in it (empty, or a `#` in front); -1: it is
 * no such line.  Strings are the arena's. */
int	known_line(struct arena *, const char *line, struct known *,
    struct err *);
/* All of a file, in the arena.  -1: it cannot be read, or a line is wrong (then
 * the message names FILE:LINE). */
int	known_read(const char *file, struct arena *, struct known **, size_t *n,
    struct err *);
bool	known_is(const struct known *, const struct violation *,
    const char *version);
/* Marks those violations that a line means. */
void	known_mark(const struct known *, size_t nknown, const char *version,
    struct violation *, size_t n);

/* After those that have a history `name` were looked at: the first that was
 * not among the violations and has not been asked for yet (from *i on, which
 * goes on), or NULL. */
const struct known *known_gone(const struct known *, size_t nknown,
    const char *name, const char *version, const struct violation *, size_t n,
    size_t *i);

/* Where the history is kept, for a file of findings: in the arena. */
const char	*known_archive(struct arena *, const char *file,
    const char *history);

#endif
