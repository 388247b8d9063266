/* Replicating: an application commits at full speed with Litestream beside
 * it.  Two loads: bulk (rows of 64 KiB) for bytes, small rows for commits.
 * The clock of the bytes starts with the first commit and stops when the last
 * object of a sync is in the replica.  The clock of the commits stops with the
 * last commit: it tells how much the application is held up.  Whether all is
 * there is seen by a restore, outside of what is timed. */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/bench_int.h"
#include "harness/workload/load.h"
#include "lib/clock.h"
#include "lib/file.h"

#define BEGUN_US	INT64_C(60000000)

struct load_size {
	const char *unit;
	int64_t	rows, payload;
};

/* Until the replica holds something: the snapshot of the first row. */
static int
wait_begun(struct bench *b, const struct target *at, struct proc *p,
    int64_t mutation, const char *folder, struct err *e)
{
	int64_t end = clock_mono_us() + BEGUN_US;

	if (at->url != NULL && folder == NULL) {
		int64_t m = emu_wait_mutation(b->emu, mutation, BEGUN_US, e);

		return (m > mutation ? 0 : m < 0 ? -1 :
		    err_set(e, "nothing was replicated"));
	}
	while (!bench_folder_filled(folder)) {
		if (clock_mono_us() > end || !proc_alive(p))
			return (err_set(e, "nothing was replicated"));
		(void)poll(NULL, 0, 5);
	}
	return (0);
}

/* Litestream beside the database, its first object in the replica. */
static struct proc *
begin(struct bench *b, const struct release *rel, const struct target *at,
    const char *db, const char *folder, struct err *e)
{
	struct arena *a = &b->arena;
	char *const argv[] = { arena_strdup(a, rel->path),
	    arena_strdup(a, "replicate"), arena_strdup(a, db),
	    arena_strdup(a, at->url), NULL };
	int64_t mutation = 0;
	struct proc *p;

	if (folder == NULL && (mutation = emu_mutation(b->emu, e)) < 0)
		return (NULL);
	if ((p = bench_litestream(b, rel, argv, NULL, e)) == NULL)
		return (NULL);
	if (wait_begun(b, at, p, mutation, folder, e) == 0)
		return (p);
	proc_free(p);
	return (NULL);
}

/* Load with the replicator beside it (rel NULL: alone). */
static int
measure(struct bench *b, const struct release *rel, const struct target *at,
    const char *db, struct ledger *l, const struct load_size *size,
    const char *folder, struct err *e)
{
	const struct load_opts o = { .workload = "append", .rows = size->rows,
	    .payload = size->payload, .via = "file", .db = db };
	struct load_opts first = o;
	const struct stats_key key = { "replicate", rel != NULL ? rel->label :
	    "", at->subject, size->unit, 0 };
	struct proc *p = NULL;
	int64_t t0, t1, t2;
	int rc;

	first.rows = 1;
	if (load_direct(db, l, &first, e) != 0 || (rel != NULL &&
	    (p = begin(b, rel, at, db, folder, e)) == NULL))
		return (-1);
	t0 = clock_wall_us(NULL);
	rc = load_direct(db, l, &o, e);
	t2 = t1 = clock_wall_us(NULL);
	if (rc == 0 && at->latency)
		rc = bench_latency(b, 0, e);
	if (rc == 0 && p != NULL)
		rc = bench_synced(b, rel, at->url, l, p, e);
	proc_free(p);
	if (rc == 0 && p != NULL)
		rc = bench_newest(b, rel, "db", folder, &t2, e);
	if (rc != 0)
		return (-1);
	bench_sample(b, &key, strcmp(size->unit, UNIT_BYTES) == 0 ?
	    (double)(size->rows * size->payload) / (double)(t2 - t0) :
	    (double)size->rows * 1e6 / (double)(t1 - t0));
	return (0);
}

static int
one(struct bench *b, const struct release *rel, struct target at,
    const struct load_size *size, struct err *e)
{
	struct arena *a = &b->arena;
	const char *dir = bench_folder(b, "machine", e), *db, *folder = NULL;
	struct ledger *l;
	int rc = -1;

	if (dir == NULL || bench_interrupted())
		return (-1);
	db = arena_printf(a, "%s/app.db", dir);
	if ((l = ledger_open(arena_printf(a, "%s/ledger", dir), e)) == NULL)
		return (-1);
	if (strcmp(at.subject, SUBJECT_FOLDER) == 0) {
		folder = arena_printf(a, "%s/replica", dir);
		at.url = arena_printf(a, "file://%s", folder);
	} else if (rel != NULL) {
		at.url = arena_printf(a, "%s://" BENCH_BUCKET "/db",
		    rel->rep->scheme);
		if (bench_emu_start(b, e) != 0 || (at.latency &&
		    bench_latency(b, b->latency_us, e) != 0))
			goto out;
	}
	if (measure(b, rel, &at, db, l, size, folder, e) != 0)
		goto out;
	rc = 0;
	if (rel == NULL && strcmp(size->unit, UNIT_BYTES) == 0) {
		const struct stats_key key = { "replicate", "", SUBJECT_COPY,
		    UNIT_BYTES, 0 };
		int64_t us;

		if ((rc = bench_copy(b, db, &us, e)) == 0)
			bench_sample(b, &key, (double)file_size(db) /
			    (double)us);
	}
out:
	if (rc != 0 && rel != NULL)
		err_prefix(e, "replicate with %s to %s", rel->label,
		    at.subject);
	bench_emu_stop(b);
	ledger_free(l);
	if (file_remove_all(dir, rc == 0 ? e : NULL) != 0)
		rc = -1;
	return (rc);
}

int64_t
bench_replicate_planned(const struct bench *b)
{

	return (b->runs * (3 + 6 * (int64_t)b->nreleases));
}

int
bench_replicate(struct bench *b, struct err *e)
{
	const struct target places[] = {
		{ SUBJECT_LOOPBACK, NULL, false },
		{ SUBJECT_LATENCY, NULL, true },
		{ SUBJECT_FOLDER, NULL, false },
	};
	const struct target alone = { SUBJECT_ALONE, NULL, false };
	const struct load_size sizes[] = {
		{ UNIT_BYTES, b->size / BENCH_ROW, BENCH_ROW },
		{ UNIT_COMMITS, b->commits, BENCH_SMALL },
	};

	for (int64_t run = 0; run < b->runs; run++)
		for (size_t s = 0; s < NELEMS(sizes); s++) {
			for (size_t r = 0; r < b->nreleases; r++)
				for (size_t p = 0; p < NELEMS(places); p++)
					if (one(b, &b->releases[r], places[p],
					    &sizes[s], e) != 0)
						return (-1);
			if (one(b, NULL, alone, &sizes[s], e) != 0)
				return (-1);
		}
	return (0);
}
