/* `litedrill bench`: options, the plan, and the order of things. */
#include "harness/bench/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/bench/bench_int.h"
#include "harness/cli/cli.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define DEFAULT_SIZE	(INT64_C(200) << 20)
#define DEFAULT_COMMITS	INT64_C(50000)
#define DEFAULT_RUNS	INT64_C(5)
#define DEFAULT_LATENCY	INT64_C(30000)
#define DEFAULT_JSON	"out/bench.json"

/* Seconds that a measurement takes about, on two cores: for the plan only. */
#define REPLICATE_S	6
#define RESTORE_S	3
#define BUILD_S		20

static const char *const default_releases[] = { "0.3.13", "0.5.17" };

const struct cli_opt bench_opts[] = {
	{ "size", 0, "BYTES", "of the database (200MiB; not below 200MiB for "
	    "figures to compare)" },
	{ "rows", 0, "N", "the same as rows of 64 KiB" },
	{ "commits", 0, "N", "small ones, for commits/s (50000)" },
	{ "runs", 0, "N", "of each measurement (5)" },
	{ "latency", 0, "DURATION", "a request, in the second network (30ms)" },
	{ "litestream", 0, "VERSION|PATH", "may be repeated (0.3.13 and "
	    "0.5.17)" },
	{ "json", 0, "FILE", "the figures, all of them (" DEFAULT_JSON ")" },
	{ .name = NULL }
};

static const struct cli_cmd bench_cmd = { "bench", "[replicate|restore]…",
    "Measure how fast Litestream replicates and restores, each figure beside "
    "a floor of the same run.", bench_opts, bench_main };

static volatile sig_atomic_t interrupted;

static void
on_signal(int sig)
{

	interrupted = sig;
}

bool
bench_interrupted(void)
{

	return (interrupted != 0);
}

void
bench_sample(struct bench *b, const struct stats_key *k, double value)
{
	int64_t us = clock_mono_us() - b->t0_us;

	stats_add(&b->stats, k, value);
	b->done++;
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "\r\033[K%" PRId64 "/%" PRId64 "  %s %s "
		    "%s%s%.0" PRId64 "  about %" PRId64 " s left", b->done,
		    b->planned, k->bench, k->release, k->subject,
		    k->parallelism > 0 ? " -parallelism " : "",
		    k->parallelism, us * (b->planned - b->done) / b->done /
		    1000000);
}

/* ---- options ---- */

struct wanted {
	struct bench *b;
	const char *litestream[BENCH_RELEASES];
	size_t	n;
};

static int
number(const char *name, const char *value, int64_t min, int64_t max,
    int64_t *n)
{

	if (!str_int64(value, n) || *n < min || *n > max)
		return (cli_error("--%s wants a number from %" PRId64 " to %"
		    PRId64 ", not '%s'", name, min, max, value), -1);
	return (0);
}

static int
on_option(void *arg, const struct cli_opt *o, const char *value)
{
	struct wanted *w = arg;
	struct bench *b = w->b;
	struct err e = ERR_INIT;
	int rc = 0;

	if (strcmp(o->name, "size") == 0)
		rc = str_parse_bytes(value, &b->size, &e);
	else if (strcmp(o->name, "rows") == 0) {
		rc = number(o->name, value, 1, INT64_MAX / BENCH_ROW,
		    &b->size);
		b->size *= rc == 0 ? BENCH_ROW : 1;
	} else if (strcmp(o->name, "commits") == 0)
		rc = number(o->name, value, 1, 100000000, &b->commits);
	else if (strcmp(o->name, "runs") == 0)
		rc = number(o->name, value, 1, 1000, &b->runs);
	else if (strcmp(o->name, "latency") == 0)
		rc = clock_parse_duration(value, &b->latency_us, &e);
	else if (strcmp(o->name, "json") == 0)
		b->json = value;
	else if (w->n == BENCH_RELEASES)
		rc = err_set(&e, "at most %d releases", BENCH_RELEASES);
	else
		w->litestream[w->n++] = value;
	if (e.msg != NULL)
		(void)cli_error("--%s: %s", o->name, err_msg(&e));
	err_release(&e);
	return (rc);
}

static int
on_word(struct bench *b, const char *word)
{

	if (strcmp(word, "replicate") == 0)
		b->replicate = true;
	else if (strcmp(word, "restore") == 0)
		b->restore = true;
	else
		return (cli_error("there is no benchmark '%s': there are "
		    "replicate and restore", word), -1);
	return (0);
}

static int
options(struct bench *b, int argc, char **argv)
{
	struct wanted w = { .b = b };
	const char **words = arena_alloc(&b->arena,
	    (size_t)argc * sizeof(*words));
	size_t n;

	if (cli_parse(&bench_cmd, argc, argv, on_option, &w, words, &n) != 0)
		return (-1);
	for (size_t i = 0; i < n; i++)
		if (on_word(b, words[i]) != 0)
			return (-1);
	if (n == 0)
		b->replicate = b->restore = true;
	if (b->size < BENCH_ROW)
		return (cli_error("--size: at least one row, %d bytes",
		    (int)BENCH_ROW), -1);
	for (size_t i = 0; w.n == 0 && i < NELEMS(default_releases); i++)
		w.litestream[i] = default_releases[i];
	b->nreleases = w.n > 0 ? w.n : NELEMS(default_releases);
	for (size_t i = 0; i < b->nreleases; i++) {
		struct err e = ERR_INIT;
		const char *tools = cli_tools(&b->arena);

		if (release_find(&b->arena, tools != NULL ? tools :
		    "build/tools", w.litestream[i], &b->releases[i], &e) == 0)
			continue;
		(void)cli_error("%s", err_msg(&e));
		err_release(&e);
		return (-1);
	}
	if ((b->program = cli_emulator(&b->arena)) == NULL)
		return (cli_error("there is no gcs-emulator: run make"), -1);
	return (0);
}

/* ---- all of it ---- */

static void
plan(struct bench *b)
{
	int64_t s = 0;

	if (b->replicate) {
		b->planned += bench_replicate_planned(b);
		s += bench_replicate_planned(b) * REPLICATE_S;
	}
	if (b->restore) {
		b->planned += bench_restore_planned(b);
		s += bench_restore_planned(b) * RESTORE_S +
		    (int64_t)b->nreleases * BUILD_S;
	}
	s = s * b->size / DEFAULT_SIZE;
	(void)printf("bench: %" PRId64 " measurements of a database of %.0f MB"
	    ", %" PRId64 " of each, Litestream", b->planned, (double)b->size /
	    1e6, b->runs);
	for (size_t i = 0; i < b->nreleases; i++)
		(void)printf(" %s", b->releases[i].label);
	(void)printf("; about %" PRId64 " minutes\n", s / 60 + 1);
	(void)fflush(stdout);
}

/* A quarter of an hour later would be a bad time to find out. */
static int
json_place(struct bench *b, struct err *e)
{
	char *dir = arena_strdup(&b->arena, b->json);
	char *slash = strrchr(dir, '/');

	if (slash == NULL)
		dir = arena_strdup(&b->arena, ".");
	else if (slash == dir)
		dir[1] = '\0';
	else
		*slash = '\0';
	if (file_mkdirs(dir, 0755, e) != 0)
		return (-1);
	if (access(dir, W_OK) != 0)
		return (err_setno(e, "cannot write %s", b->json));
	return (0);
}

static int
set_up(struct bench *b, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	const struct sigaction sa = { .sa_handler = on_signal };

	b->dir = arena_printf(&b->arena, "%s/litedrill-bench-XXXXXX",
	    tmp != NULL && *tmp == '/' ? tmp : "/tmp");
	if (json_place(b, e) != 0) {
		b->dir = NULL;
		return (-1);
	}
	if (mkdtemp(b->dir) == NULL) {
		err_setno(e, "cannot make the folder %s", b->dir);
		b->dir = NULL;
		return (-1);
	}
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	proc_subreaper();
	b->t0_us = clock_mono_us();
	return (0);
}

int
bench_main(int argc, char **argv)
{
	struct bench b = { .size = DEFAULT_SIZE, .commits = DEFAULT_COMMITS,
	    .runs = DEFAULT_RUNS, .latency_us = DEFAULT_LATENCY,
	    .json = DEFAULT_JSON };
	struct err e = ERR_INIT;
	int rc;

	if (options(&b, argc, argv) != 0) {
		arena_release(&b.arena);
		return (2);
	}
	plan(&b);
	rc = set_up(&b, &e);
	if (rc == 0 && b.replicate)
		rc = bench_replicate(&b, &e);
	if (rc == 0 && b.restore)
		rc = bench_restore(&b, &e);
	if (isatty(STDERR_FILENO))
		(void)fputs("\r\033[K", stderr);
	if (b.stats.n > 0)
		bench_table(&b, stdout);
	if (rc == 0)
		rc = bench_json(&b, &e);
	if (rc == 0)
		(void)printf("bench: %.0f s; every figure is in %s\n",
		    (double)(clock_mono_us() - b.t0_us) / 1e6, b.json);
	else
		(void)cli_error("%s", interrupted ? "interrupted" :
		    err_msg(&e));
	bench_emu_stop(&b);
	if (b.dir != NULL)
		(void)file_remove_all(b.dir, NULL);
	err_release(&e);
	stats_release(&b.stats);
	arena_release(&b.arena);
	return (rc == 0 ? 0 : 2);
}
