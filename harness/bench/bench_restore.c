/* Restoring: a database that was replicated while it was written, sync by
 * sync, so that the bucket holds many objects and not one snapshot.  The
 * clock runs from the start of `litestream restore` to its end, with all that
 * a restore does on a new machine: its token, the listings, the downloads.
 * The same objects, copied into a folder, are the floor. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/bench_int.h"
#include "harness/workload/load.h"
#include "lib/clock.h"
#include "lib/file.h"

#define SYNC_INTERVAL	"SYNC_INTERVAL=150ms"
#define BUILD_US	INT64_C(10000000)	/* so long it is written */
#define SAME_CHUNK	((size_t)1 << 20)

static const int parallelism[] = { 1, 2, 4, 8, 16, 32, 64 };

struct backup {
	const struct release *rel;
	struct ledger *ledger;
	const char *prefix, *folder;	/* in the bucket; its copy */
	const char *whole;		/* a restored file, verified */
	int64_t	bytes;			/* of it */
};

static int
build(struct bench *b, struct backup *bk, size_t i, struct err *e)
{
	struct arena *a = &b->arena;
	const struct release *rel = bk->rel;
	int64_t rows = b->size / BENCH_ROW;
	const char *dir = bench_folder(b, "machine", e);
	const char *db = arena_printf(a, "%s/app.db", dir != NULL ? dir : "");
	const char *config = arena_printf(a, "%s/litestream.yml",
	    dir != NULL ? dir : "");
	const struct load_opts o = { .workload = "append", .rows = rows,
	    .payload = BENCH_ROW, .pace_us = BUILD_US / rows, .via = "file",
	    .db = db };
	const char *const env[] = { arena_printf(a, "DB_PATH=%s", db),
	    "BACKUPS_BUCKET_NAME=" BENCH_BUCKET,
	    arena_printf(a, "BACKUPS_PATH=%s", bk->prefix), SYNC_INTERVAL,
	    NULL };
	char *const argv[] = { arena_strdup(a, rel->path),
	    arena_strdup(a, "replicate"), arena_strdup(a, "-config"),
	    arena_strdup(a, config), NULL };
	const char *url = arena_printf(a, "%s://" BENCH_BUCKET "/%s",
	    rel->rep->scheme, bk->prefix);
	struct proc *p;
	int rc;

	if (dir == NULL || file_write(config, rel->rep->interval_config,
	    strlen(rel->rep->interval_config), 0600, e) != 0 ||
	    (p = bench_litestream(b, rel, argv, env, e)) == NULL)
		return (-1);
	rc = load_direct(db, bk->ledger, &o, e);
	if (rc == 0)
		rc = bench_synced(b, rel, url, bk->ledger, p, e);
	proc_free(p);
	if (rc != 0)
		return (-1);
	bk->folder = bench_folder(b, arena_printf(a, "folder-%zu", i), e);
	if (bk->folder == NULL || bench_mirror(b, bk->prefix, bk->folder,
	    &b->objects[i], e) != 0)
		return (-1);
	return (file_remove_all(dir, e));
}

/* Are two files the same, byte by byte? */
static bool
same(const char *one, const char *two)
{
	char *p = mem_alloc(2 * SAME_CHUNK);
	FILE *f = fopen(one, "rbe"), *g = fopen(two, "rbe");
	bool equal = f != NULL && g != NULL;
	size_t n;

	while (equal && (n = fread(p, 1, SAME_CHUNK, f)) > 0)
		equal = fread(p + SAME_CHUNK, 1, n, g) == n &&
		    memcmp(p, p + SAME_CHUNK, n) == 0;
	equal = equal && fread(p, 1, 1, g) == 0;
	if (f != NULL)
		(void)fclose(f);
	if (g != NULL)
		(void)fclose(g);
	free(p);
	return (equal);
}

/* The first restored file is judged by its rows and kept; one that equals it
 * byte by byte needs no second judgement. */
static int
check(struct bench *b, struct backup *bk, const char *file, struct err *e)
{

	if (bk->whole != NULL && same(bk->whole, file))
		return (file_remove_all(file, e));
	if (bench_verify(file, bk->ledger, e) != 0)
		return (-1);
	if (bk->whole != NULL)
		return (file_remove_all(file, e));
	bk->whole = arena_printf(&b->arena, "%s/whole-%s", b->dir,
	    bk->prefix);
	bk->bytes = file_size(file);
	if (rename(file, bk->whole) != 0)
		return (err_setno(e, "cannot rename %s", file));
	return (0);
}

/* One restore; par 0: as many workers as Litestream takes by itself. */
static int
one(struct bench *b, struct backup *bk, const struct target *at, int par,
    struct err *e)
{
	struct arena *a = &b->arena;
	const char *dir = bench_folder(b, "restored", e);
	const char *file = arena_printf(a, "%s/db", dir != NULL ? dir : "");
	const struct stats_key key = { "restore", bk->rel->label, at->subject,
	    UNIT_BYTES, par };
	char *argv[8] = { arena_strdup(a, bk->rel->path),
	    arena_strdup(a, "restore"), arena_strdup(a, "-o"),
	    arena_strdup(a, file) };
	int64_t us, bytes;
	size_t n = 4;

	if (dir == NULL || bench_interrupted())
		return (-1);
	if (par > 0) {
		argv[n++] = arena_strdup(a, "-parallelism");
		argv[n++] = arena_printf(a, "%d", par);
	}
	argv[n] = arena_strdup(a, at->url);
	if (at->latency && bench_latency(b, b->latency_us, e) != 0)
		return (-1);
	if (bench_run(b, bk->rel, argv, &us, e) != 0)
		return (err_prefix(e, "%s from %s", bk->rel->label,
		    at->subject));
	if (at->latency && bench_latency(b, 0, e) != 0)
		return (-1);
	bytes = file_size(file);
	if (check(b, bk, file, e) != 0)
		return (err_prefix(e, "%s from %s", bk->rel->label,
		    at->subject));
	bench_sample(b, &key, (double)bytes / (double)us);
	return (0);
}

/* One pass over all: neither a slow minute of the machine nor a warm cache
 * falls on one figure alone. */
static int
pass(struct bench *b, struct backup *bk, struct err *e)
{
	struct arena *a = &b->arena;
	const char *url = arena_printf(a, "%s://" BENCH_BUCKET "/%s",
	    bk->rel->rep->scheme, bk->prefix);
	const struct target loopback = { SUBJECT_LOOPBACK, url, false };
	const struct target latency = { SUBJECT_LATENCY, url, true };
	const struct target folder = { SUBJECT_FOLDER, arena_printf(a,
	    "file://%s", bk->folder), false };
	const struct stats_key copy = { "restore", "", SUBJECT_COPY,
	    UNIT_BYTES, 0 };
	int64_t us;

	for (size_t i = 0; i < NELEMS(parallelism); i++)
		if (one(b, bk, &loopback, parallelism[i], e) != 0 ||
		    one(b, bk, &latency, parallelism[i], e) != 0)
			return (-1);
	if (one(b, bk, &folder, 0, e) != 0 ||
	    bench_copy(b, bk->whole, &us, e) != 0)
		return (-1);
	bench_sample(b, &copy, (double)bk->bytes / (double)us);
	return (0);
}

int64_t
bench_restore_planned(const struct bench *b)
{

	return (b->runs * (int64_t)b->nreleases *
	    (2 * (int64_t)NELEMS(parallelism) + 2));
}

int
bench_restore(struct bench *b, struct err *e)
{
	struct backup bk[BENCH_RELEASES] = { { 0 } };
	struct arena *a = &b->arena;
	int rc = bench_emu_start(b, e);

	for (size_t i = 0; rc == 0 && i < b->nreleases; i++) {
		bk[i].rel = &b->releases[i];
		bk[i].prefix = arena_printf(a, "db-%zu", i);
		bk[i].ledger = ledger_open(arena_printf(a, "%s/ledger-%zu",
		    b->dir, i), e);
		rc = bk[i].ledger == NULL ? -1 : build(b, &bk[i], i, e);
	}
	for (int64_t run = 0; rc == 0 && run < b->runs; run++)
		for (size_t i = 0; rc == 0 && i < b->nreleases; i++)
			rc = pass(b, &bk[i], e);
	for (size_t i = 0; i < b->nreleases; i++)
		ledger_free(bk[i].ledger);
	bench_emu_stop(b);
	return (rc);
}
