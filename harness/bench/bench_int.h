/* harness/bench/bench_int.h: what the files of this folder share. */
#ifndef HARNESS_BENCH_INT_H
#define HARNESS_BENCH_INT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/bench/stats.h"
#include "harness/replicator/replicators.h"
#include "harness/run/emu.h"
#include "harness/run/proc.h"
#include "harness/workload/ledger.h"
#include "lib/arena.h"
#include "lib/err.h"

#define BENCH_RELEASES	8
#define BENCH_ROW	INT64_C(65536)	/* payload of a bulk commit */
#define BENCH_SMALL	INT64_C(256)	/* … and of a small one */
#define BENCH_LIMIT_US	INT64_C(300000000)	/* one Litestream process */

#define SUBJECT_LOOPBACK	"bucket, loopback"
#define SUBJECT_LATENCY		"bucket, latency"
#define SUBJECT_FOLDER		"file replica"
#define SUBJECT_COPY		"file copy"
#define SUBJECT_ALONE		"no replicator"
#define UNIT_BYTES		"MB/s"
#define UNIT_COMMITS		"commits/s"

struct bench {
	struct arena arena;
	bool	replicate, restore;
	int64_t	size;			/* bytes of payload */
	int64_t	commits;		/* small ones, for commits/s */
	int64_t	runs;
	int64_t	latency_us;
	struct release releases[BENCH_RELEASES];
	size_t	nreleases;
	const char *json;		/* file */
	const char *program;		/* gcs-emulator */
	char	*dir;			/* private, removed at the end */
	struct emu *emu;
	struct stats stats;
	int64_t	objects[BENCH_RELEASES];	/* that a restore reads from */
	int64_t	done, planned;		/* measurements */
	int64_t	t0_us;
};

/* Where a replica is. */
struct target {
	const char *subject;
	const char *url;		/* for the command line */
	bool	latency;
};

/* ---- bench_place.c ---- */
/* A fresh emulator with the bucket BENCH_BUCKET. */
#define BENCH_BUCKET	"bench"
int	bench_emu_start(struct bench *, struct err *);
void	bench_emu_stop(struct bench *);
/* Each request takes this much longer, until 0 is set. */
int	bench_latency(struct bench *, int64_t us, struct err *);
/* A new empty folder below b->dir. */
const char	*bench_folder(struct bench *, const char *name, struct err *);
/* Litestream, in the background; more: further NAME=VALUE, NULL-ended. */
struct proc	*bench_litestream(struct bench *, const struct release *,
    char *const *argv, const char *const *more, struct err *);
/* … to its end; the time it took in *us. */
int	bench_run(struct bench *, const struct release *, char *const *argv,
    int64_t *us, struct err *);
/* Wait until a restore from url brings back the ledger's head. */
int	bench_synced(struct bench *, const struct release *, const char *url,
    struct ledger *, struct proc *, struct err *);
/* When (wall clock) the newest of the objects that a sync writes came to the
 * bucket's prefix, or to the folder where that is not NULL. */
int	bench_newest(struct bench *, const struct release *,
    const char *prefix, const char *folder, int64_t *wall_us, struct err *);
/* All objects below `prefix` of the bucket, as files below `folder`. */
int	bench_mirror(struct bench *, const char *prefix, const char *folder,
    int64_t *objects, struct err *);
bool	bench_folder_filled(const char *folder);
/* Whether the file holds exactly the ledger's rows. */
int	bench_verify(const char *file, struct ledger *, struct err *);
/* How long a plain copy of the file takes. */
int	bench_copy(struct bench *, const char *file, int64_t *us,
    struct err *);

/* ---- the benchmarks; -1 with a message ends all ---- */
int64_t	bench_replicate_planned(const struct bench *);
int	bench_replicate(struct bench *, struct err *);
int64_t	bench_restore_planned(const struct bench *);
int	bench_restore(struct bench *, struct err *);

/* ---- bench.c ---- */
/* A figure; progress is shown on a terminal. */
void	bench_sample(struct bench *, const struct stats_key *, double);
bool	bench_interrupted(void);

/* ---- bench_report.c ---- */
void	bench_table(const struct bench *, FILE *);
int	bench_json(const struct bench *, struct err *);

#endif
