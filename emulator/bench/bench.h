/* emulator/bench/bench.h: one run of gcs-bench: what the measures share.
 * Each measure is a row of the table in measures.c and a file m_*.c; it starts
 * the servers it needs, drives them in turn, adds figures and says which
 * ratios are wanted. */
#ifndef EMULATOR_BENCH_BENCH_H
#define EMULATOR_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "emulator/bench/figure.h"
#include "emulator/bench/gen.h"
#include "emulator/bench/peers.h"
#include "emulator/bench/web.h"
#include "lib/arena.h"
#include "lib/err.h"

#define BENCH_BUCKET	"bench"
#define BENCH_SMALL	((size_t)4096)

#define UNIT_RPS	"requests/s"
#define UNIT_CPU	"server us/req"
#define UNIT_OWN	"client us/req"
#define UNIT_P50	"p50 us"
#define UNIT_P99	"p99 us"
#define UNIT_MBS	"MB/s"
#define UNIT_CPU_GB	"server s/GB"
#define UNIT_PEAK	"peak MiB"	/* resident, of the whole server */
#define UNIT_RSS	"resident MiB"
#define UNIT_ABOVE	"above idle"	/* MiB */
#define UNIT_MS		"ms"

struct bench {
	struct arena arena;
	struct peers peers;
	struct figures figures;
	char	*dir;			/* private, removed at the end */
	int	folders;		/* made for servers so far */
	const char *self;		/* this program */
	const char *tools;		/* where Litestream is */
	int64_t	rounds;
	bool	quick;			/* small sizes: for the tests */
	int64_t	slice_us;		/* one server's turn */
	int64_t	small_objects;		/* that reads go over */
	int64_t	big;			/* bytes: 1 GiB */
	int64_t	big_fake;		/* … for the fakes, which are slow */
	int64_t	listed;			/* 100,000 */
	int64_t	grown;			/* 1,000,000 */
	int64_t	settled;		/* uploads before nginx is measured */
	int64_t	deleted;		/* 10,000 */
	int64_t	deleted_mem, deleted_file;	/* … in the fakes */
	int64_t	database;		/* bytes */
};

struct measure {
	const char *name, *doc;
	int	(*fn)(struct bench *, struct err *);
};
extern const struct measure measures[];		/* ended by a NULL name */

/* Between two slices: -1 with a message where a signal asked to end.  Shows
 * where it is on stderr if that is a terminal. */
int	bench_going(const struct bench *, const char *measure,
    const char *subject, int64_t round, struct err *);
/* Starts every server that is there (and wanted[kind], unless that is NULL)
 * with an empty bucket; s has room for PEER_N.  *n of them run, also after a
 * failure: subject_stop() each. */
int	bench_start(struct bench *, struct subject *s, size_t *n,
    const bool *wanted, struct err *);

/* The i-th of n subjects in this round: every other round runs backwards, so
 * that no server always follows the same one. */
static inline size_t
bench_turn(int64_t round, size_t i, size_t n)
{

	return (round % 2 == 0 ? i : n - 1 - i);
}

/* A folder for one more server, not made. */
const char	*bench_folder(struct bench *);
/* Figures of one slice of small requests. */
void	bench_note(struct bench *, const char *measure, const char *variant,
    const struct subject *, const struct times_sum *, int64_t cpu_us);
void	bench_add(struct bench *, const char *measure, const char *variant,
    const char *subject, const char *unit, double);
/* A ratio that is wanted: ours over theirs, or (inverse: for costs) theirs
 * over ours. */
void	bench_goal(struct bench *, const char *measure, const char *variant,
    const char *unit, enum peer_kind, bool inverse, enum goal_kind,
    double target, const char *note);

#define CONNECTIONS_N	3
extern const size_t bench_connections[CONNECTIONS_N];	/* 1, 8, 64 */
const char	*bench_variant(struct bench *, size_t connections);

int	m_start(struct bench *, struct err *);
int	m_put_media(struct bench *, struct err *);
int	m_put_multipart(struct bench *, struct err *);
int	m_put_over(struct bench *, struct err *);
int	m_get_xml(struct bench *, struct err *);
int	m_get_media(struct bench *, struct err *);
int	m_get_meta(struct bench *, struct err *);
int	m_small_curl(struct bench *, struct err *);
int	m_delete(struct bench *, struct err *);
int	m_list(struct bench *, struct err *);
int	m_grow(struct bench *, struct err *);
int	m_big_put(struct bench *, struct err *);
int	m_big_get(struct bench *, struct err *);
int	m_memory(struct bench *, struct err *);
int	m_tls(struct bench *, struct err *);
int	m_litestream(struct bench *, struct err *);

#endif
