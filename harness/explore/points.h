/* harness/explore/points.h: the points of a recorded session, and what must be
 * true of them.  A point is the bucket as it was after one of its changes:
 * what a new machine would find if the old one were lost right there.  Knows
 * journals, request classes and the rules; starts nothing. */
#ifndef HARNESS_POINTS_H
#define HARNESS_POINTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

struct point {
	int64_t	k;		/* number of the change ("mutation") */
	int64_t	at_us;		/* when its request had been answered, since
				 * the emulator began */
	/* What a listing shows, where that is older: a restore that began
	 * there and read its objects at k.  0: k too. */
	int64_t	list_k;
	bool	crash;		/* not the bucket alone: what runs on the
				 * machine died there, and went on */
	bool	nest;		/* its recovery was frozen on its way */
	int	moment;		/* of a crash in the recovery from that one:
				 * which, from 1 on */
	const char *what;	/* request class: "insert level 0" */
	const char *object;	/* of a crash: the folder of its files */
	uint64_t state;		/* of the bucket, and of those files: equal
				 * points have equal ones; 0: not known */
	const struct point *same;	/* the equal one that was tried in its
				 * place, or NULL */

	/* what a restore brought back */
	bool	tried;
	int	status;		/* exit status; 124: it did not end in time */
	bool	panic;
	int64_t	frontier;	/* newest row of the ledger, 0: none */
	int64_t	lag_us;		/* age of the oldest acknowledged row that it
				 * lacks, at at_us; 0: it lacks none */
	const char *broken;	/* an oracle's finding, "NAME: …", or NULL */
	const char *litter;	/* a file beside the output, or NULL */
	const char *said;	/* what a failed restore said last, or NULL */
};

struct points {
	struct point *v;
	size_t	n;
};

/* All that was looked at of one session. */
struct explored {
	struct points lost;	/* the machine was lost there, by k */
	struct points twos;	/* two-time views */
	struct points crashes;	/* recover.h */
	struct points nested;	/* crashes while recovering from those */
};

/* What the class of a nested crash begins with: "again before delete wal". */
#define POINT_AGAIN	"again "

/* A rule that a point broke. */
struct violation {
	const char *property;	/* an oracle's name, or one of points.c's */
	const struct point *at;
	const struct point *since;	/* the older point that shows what is
					 * missing here, or NULL */
	const char *text;	/* one sentence */
	int	tries, fired;	/* replays, and how many showed it again */
	const char *known;	/* why it is expected, or NULL */
};

/* The class of a request, in the arena: its verb and what kind of object it is
 * by its name below `path`. */
const char	*points_class(struct arena *, const char *method,
    const char *path, const char *object);

/* The changes of objects of `bucket` below `path`, in their order, from a
 * journal's file.  -1: it cannot be read. */
int	points_read(const char *journal, const char *bucket, const char *path,
    struct arena *, struct points *, struct err *);

/* For the states of points: of n bytes, and what went before. */
uint64_t points_hash(uint64_t seed, const void *, size_t n);

/* Two-time views of a session: of each run of deletes the first and the last,
 * listed as it was right before the run, and the last one as of SPAN_US
 * before.  In the arena. */
#define POINTS_SPAN_US	INT64_C(1000000)
void	points_two_times(const struct points *, struct arena *,
    struct points *out);

/* All rules over all points that have been tried, in order; at most one
 * violation a point, the gravest.  Of the two-time views an error is no
 * violation: only what claims to be the database.  The array is the
 * arena's. */
struct violation	*points_judge(const struct explored *, struct arena *,
    size_t *n);

/* The text, fit for JSON: where it is not UTF-8, with `?` for what is not
 * ASCII. */
const char	*point_text(struct arena *, const char *);
/* Results, for other processes and for `merge`. */
json_t	*point_to_json(const struct point *);
/* 0, or -1 where it is none; strings are the arena's. */
int	point_from_json(struct arena *, const json_t *, struct point *);

/* The classes with their outcomes, the map (a character a point), and the
 * violations, as text. */
void	points_table(struct buf *, const struct explored *,
    const struct violation *, size_t n);

#endif
