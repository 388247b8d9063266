/* gcs-bench: the emulator and its peers, measured side by side. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/bench/bench.h"
#include "emulator/bench/canned.h"
#include "emulator/bench/report.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define ONLY_MAX	32

static volatile sig_atomic_t interrupted;

static void
on_signal(int sig)
{

	interrupted = sig;
}

int
bench_going(const struct bench *b, const char *measure, const char *subject,
    int64_t round, struct err *e)
{

	if (interrupted)
		return (err_set(e, "interrupted"));
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "\r\033[K%s  round %" PRId64 "/%" PRId64
		    "  %s", measure, round + 1, b->rounds, subject);
	return (0);
}

static void
usage(FILE *out)
{

	(void)fputs("usage: gcs-bench [options]\n\n"
	    "The emulator and its peers, measured side by side; every figure "
	    "is the median of\nrounds in which each has its turn.\n\n"
	    "  --only NAME     only this measure; may be repeated\n"
	    "  --rounds N      of each measure (7)\n"
	    "  --quick         small sizes and short turns; the figures mean "
	    "little\n"
	    "  --peers NAMES   only these of: 'fake memory', 'fake file', "
	    "testbench, nginx; none\n"
	    "  --json FILE     all figures\n"
	    "  --dir DIR       where the servers' data go (TMPDIR or /tmp)\n"
	    "  --tools DIR     where peers are looked for before PATH "
	    "(build/tools)\n"
	    "  --list          print the measures and end\n"
	    "  --help          print this and end\n", out);
}

static void
list(void)
{

	for (const struct measure *m = measures; m->name != NULL; m++)
		(void)printf("%-14s  %s\n", m->name, m->doc);
}

/* ---- options ---- */

struct options {
	const char *only[ONLY_MAX];
	size_t	nonly;
	const char *peers, *json, *dir, *tools;
	bool	ended;			/* --help, --list */
};

static bool
known(const char *name)
{

	for (const struct measure *m = measures; m->name != NULL; m++)
		if (strcmp(m->name, name) == 0)
			return (true);
	return (false);
}

static int
option(struct bench *b, struct options *o, int c, struct err *e)
{

	switch (c) {
	case 'o':
		if (!known(optarg) || o->nonly == ONLY_MAX)
			return (err_set(e, "there is no measure '%s': --list "
			    "lists them", optarg));
		o->only[o->nonly++] = optarg;
		return (0);
	case 'r':
		if (!str_int64(optarg, &b->rounds) || b->rounds < 1 ||
		    b->rounds > 1000)
			return (err_set(e, "--rounds wants a number from 1 to "
			    "1000"));
		return (0);
	case 'q':
		b->quick = true;
		return (0);
	case 'p':
		o->peers = optarg;
		return (0);
	case 'j':
		o->json = optarg;
		return (0);
	case 'd':
		o->dir = optarg;
		return (0);
	case 't':
		o->tools = optarg;
		return (0);
	case 'l':
		list();
		break;
	case 'h':
		usage(stdout);
		break;
	default:
		return (err_set(e, "--help shows the options"));
	}
	o->ended = true;
	return (0);
}

static int
options(struct bench *b, struct options *o, int argc, char **argv,
    struct err *e)
{
	static const struct option longs[] = {
		{ "only", required_argument, NULL, 'o' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "quick", no_argument, NULL, 'q' },
		{ "peers", required_argument, NULL, 'p' },
		{ "json", required_argument, NULL, 'j' },
		{ "dir", required_argument, NULL, 'd' },
		{ "tools", required_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while (!o->ended && (c = getopt_long(argc, argv, "", longs, NULL)) !=
	    -1)
		if (option(b, o, c, e) != 0)
			return (-1);
	if (!o->ended && optind < argc)
		return (err_set(e, "'%s' is no option: --help shows them",
		    argv[optind]));
	return (0);
}

static void
sizes(struct bench *b)
{
	bool q = b->quick;

	b->slice_us = q ? 50000 : 400000;
	b->small_objects = q ? 50 : 200;
	b->big = q ? INT64_C(32) << 20 : INT64_C(1) << 30;
	b->big_fake = q ? INT64_C(8) << 20 : INT64_C(128) << 20;
	b->listed = q ? 2000 : 100000;
	b->grown = q ? 5000 : 1000000;
	b->settled = q ? 100 : 30000;
	b->deleted = q ? 500 : 10000;
	b->deleted_mem = q ? 500 : 3000;
	b->deleted_file = q ? 50 : 500;
	b->database = q ? INT64_C(4) << 20 : INT64_C(110) << 20;
}

/* ---- all of it ---- */

static int
set_up(struct bench *b, const struct options *o, struct err *e)
{
	const char *tmp = o->dir != NULL ? o->dir : getenv("TMPDIR");
	const struct sigaction sa = { .sa_handler = on_signal };
	char *self = realpath("/proc/self/exe", NULL), *dir;

	dir = realpath(tmp != NULL && *tmp != '\0' ? tmp : "/tmp", NULL);
	if (dir == NULL || self == NULL) {
		free(self);
		free(dir);
		return (err_setno(e, "no folder %s", tmp));
	}
	peers_find(&b->peers, &b->arena, self, o->tools, o->peers);
	b->self = arena_strdup(&b->arena, self);
	b->tools = o->tools;
	b->dir = arena_printf(&b->arena, "%s/gcs-bench-XXXXXX", dir);
	free(self);
	free(dir);
	if (mkdtemp(b->dir) == NULL) {
		b->dir = NULL;
		return (err_setno(e, "cannot make a folder"));
	}
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	web_init();
	if (b->peers.program[PEER_OURS] == NULL)
		return (err_set(e, "there is no gcs-emulator beside this "
		    "program: run make"));
	for (int i = 0; i < PEER_N; i++)
		if (b->peers.program[i] == NULL)
			(void)printf("SKIP %s: %s\n", peer_name[i],
			    b->peers.why[i]);
	return (0);
}

static bool
wanted(const struct options *o, const char *name)
{

	for (size_t i = 0; i < o->nonly; i++)
		if (strcmp(o->only[i], name) == 0)
			return (true);
	return (o->nonly == 0);
}

/* One that fails does not take the others with it. */
static int
measure_all(struct bench *b, const struct options *o, struct err *e)
{
	const char *begin = isatty(STDERR_FILENO) ? "\r\033[K" : "";
	int failed = 0;

	for (const struct measure *m = measures; m->name != NULL; m++) {
		int64_t t0 = clock_mono_us();

		if (!wanted(o, m->name) || interrupted)
			continue;
		if (m->fn(b, e) != 0) {
			failed++;
			(void)fprintf(stderr, "%s%s failed: %s\n", begin,
			    m->name, err_msg(e));
		}
		(void)fprintf(stderr, "%s%s: %.0f s\n", begin, m->name,
		    (double)(clock_mono_us() - t0) / 1e6);
	}
	if (failed == 0 && !interrupted)
		return (0);
	return (err_set(e, interrupted ? "interrupted" :
	    "%d measures failed", failed));
}

static int
bench(struct bench *b, const struct options *o, struct err *e)
{
	struct report rep = { .t0_us = clock_mono_us() };
	int rc = set_up(b, o, e);

	report_load(&rep.load[0]);
	if (rc == 0)
		rc = measure_all(b, o, e);
	report_load(&rep.load[1]);
	/* What was measured before something failed is shown all the same. */
	if (b->figures.n > 0)
		report_text(b, &rep, stdout);
	if (o->json != NULL && b->figures.n > 0 &&
	    report_json(b, &rep, o->json, rc == 0 ? e : NULL) != 0)
		rc = -1;
	if (b->dir != NULL)
		(void)file_remove_all(b->dir, NULL);
	web_release();
	return (rc);
}

int
main(int argc, char **argv)
{
	struct bench b = { .rounds = 7 };
	struct options o = { .tools = "build/tools" };
	struct err e = ERR_INIT;
	int rc;

	if (argc > 1 && strcmp(argv[1], "canned") == 0)
		return (canned_main(argc - 1, argv + 1));
	rc = options(&b, &o, argc, argv, &e);
	if (rc == 0 && !o.ended) {
		sizes(&b);
		rc = bench(&b, &o, &e);
	}
	if (rc != 0)
		(void)fprintf(stderr, "gcs-bench: %s\n", err_msg(&e));
	err_release(&e);
	figures_release(&b.figures);
	arena_release(&b.arena);
	return (rc == 0 ? 0 : 2);
}
