#include "harness/cli/cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/explore/explore.h"
#include "harness/explore/known.h"
#include "harness/replicator/replicators.h"
#include "harness/report/report.h"
#include "harness/run/emu.h"
#include "harness/run/pool.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define CLI_JOBS	256

/* The releases that ci/setup pins. */
static const char *const cli_default_releases[] = { "0.3.13", "0.5.17", NULL };

/* Of all that drill. */
#define CLI_DRILL_OPTS								\
	{ "jobs", 'j', "N", "so many drills at a time; by default as many as "	\
	    "there are processors" },						\
	{ "report", 0, "FORMAT[=FILE]", "tap (on stdout without this option), "	\
	    "junit, json, sum, table" },					\
	{ "out", 0, "DIR", "where drills that did not pass leave their "	\
	    "folders (out)" },							\
	{ "keep", 'L', NULL, "leave the folders of all drills" },		\
	{ "no-skip", 0, NULL, "what would be a SKIP is an ERROR" },		\
	{ "deployment", 0, "DIR", "folder of the deployment that is drilled "	\
	    "(fixtures/deploy)" },						\
	{ "seed", 0, "N", "of all that is chosen at random" },			\
	{ "emulator", 0, "PATH", "gcs-emulator; by default the one beside "	\
	    "this program" },							\
	{ "tools", 0, "DIR", "where litestream-VERSION is; by default "		\
	    "$LITEDRILL_TOOLS, or build/tools" },				\
	{ "no-netns", 0, NULL, "use the host's network, not one of the "	\
	    "drill's own" },							\
	{ "no-root-view", 0, NULL, "machines are plain folders, not private "	\
	    "root views" }

/* Of what is not a replay. */
#define CLI_SESSION_OPTS							\
	{ "litestream", 0, "VERSION|PATH", "a release to drill, or a binary; "	\
	    "may be repeated (0.3.13 and 0.5.17)" },				\
	{ "inject", 0, "RULE", "a fault from the start, as behind the step "	\
	    "`fault`; tests the drills" }

const struct cli_opt cli_run_opts[] = {
	CLI_SESSION_OPTS,
	CLI_DRILL_OPTS,
	{ .name = NULL }
};

const struct cli_opt cli_known_opts[] = {
	CLI_DRILL_OPTS,
	{ .name = NULL }
};

const struct cli_opt cli_explore_opts[] = {
	CLI_SESSION_OPTS,
	CLI_DRILL_OPTS,
	{ "shard", 0, "I/N", "the Ith of N parts of the points" },
	{ "repeat", 0, "N", "replays of each violation (3)" },
	{ "budget", 0, "DURATION", "for two-time views and crashes, beyond "
	    "the first of each class; by default all are tried" },
	{ "audit", 0, "N", "of the points that are equal to another try N all "
	    "the same, and compare" },
	{ "save", 0, NULL, "keep the history of a session that passes too" },
	{ "replay", 0, "DIR", "judge a saved history instead of a session" },
	{ "point", 0, "K", "only after this change; may be repeated" },
	{ "known", 0, "FILE", "findings that are known "
	    "(scenarios/70-explore/known)" },
	{ .name = NULL }
};

enum cli_mode { CLI_RUN, CLI_EXPLORE, CLI_KNOWN };

struct cli_run {
	struct arena arena;
	enum cli_mode mode;
	struct run_opts opts;
	int	jobs;
	const char **releases, **reports, **inject;
	size_t	nreleases, nreports, ninject;
	const char **words;	/* which drills */
	size_t	nwords;
	const char *out;
	struct release *rels;
	size_t	nrels;
	struct cli_picks picks;
	struct job *work;
	size_t	nwork;
	struct explore_opts explore;
	/* of CLI_KNOWN */
	struct known *known;
	const char **histories;	/* that they name, each once */
	size_t	nknown, nhistories;
};

static int
cli_run_number(const char *name, const char *value, int64_t min, int64_t max,
    int64_t *n)
{

	if (str_int64(value, n) && *n >= min && *n <= max)
		return (0);
	(void)cli_error("--%s: '%s' is not a number from %lld to %lld", name,
	    value, (long long)min, (long long)max);
	return (-1);
}

static int
cli_run_shard(struct explore_opts *x, const char *value)
{
	char c;

	if (sscanf(value, "%d/%d%c", &x->shard, &x->shards, &c) == 2 &&
	    x->shard >= 1 && x->shard <= x->shards && x->shards <= 10000)
		return (0);
	(void)cli_error("--shard: '%s' is not I/N, as 1/4", value);
	return (-1);
}

/* Options of `explore` alone.  1: it is none of them. */
static int
cli_run_explore_opt(struct cli_run *c, const char *n, const char *value)
{
	struct explore_opts *x = &c->explore;
	int64_t v;

	if (strcmp(n, "shard") == 0)
		return (cli_run_shard(x, value));
	if (strcmp(n, "replay") == 0)
		x->replay = value;
	else if (strcmp(n, "save") == 0)
		x->save = true;
	else if (strcmp(n, "known") == 0)
		x->known = value;
	else if (strcmp(n, "repeat") == 0) {
		if (cli_run_number(n, value, 0, 10000, &v) != 0)
			return (-1);
		x->repeat = (int)v;
	} else if (strcmp(n, "audit") == 0) {
		if (cli_run_number(n, value, 0, 10000, &v) != 0)
			return (-1);
		x->audit = (int)v;
	} else if (strcmp(n, "budget") == 0) {
		if (clock_parse_duration(value, &v, NULL) != 0 || v <= 0)
			return (cli_error("--budget: '%s' is not a duration, "
			    "as 30s", value), -1);
		x->budget_us = v;
	} else if (strcmp(n, "point") == 0) {
		if (cli_run_number(n, value, 1, INT64_MAX, &v) != 0)
			return (-1);
		if (x->npoints == EXPLORE_POINTS)
			return (cli_error("--point: more than %d of them",
			    EXPLORE_POINTS), -1);
		x->points[x->npoints++] = v;
	} else
		return (1);
	return (0);
}

static int
cli_run_opt(void *arg, const struct cli_opt *o, const char *value)
{
	struct cli_run *c = arg;
	const char *n = o->name;
	int64_t v;
	int rc;

	if ((rc = cli_run_explore_opt(c, n, value)) <= 0)
		return (rc);
	if (strcmp(n, "jobs") == 0) {
		if (cli_run_number(n, value, 1, CLI_JOBS, &v) != 0)
			return (-1);
		c->jobs = (int)v;
	} else if (strcmp(n, "seed") == 0) {
		if (cli_run_number(n, value, 0, INT64_MAX, &v) != 0)
			return (-1);
		c->opts.seed = (uint64_t)v;
	} else if (strcmp(n, "litestream") == 0)
		c->releases[c->nreleases++] = value;
	else if (strcmp(n, "report") == 0)
		c->reports[c->nreports++] = value;
	else if (strcmp(n, "inject") == 0)
		c->inject[c->ninject++] = value;
	else if (strcmp(n, "out") == 0)
		c->out = value;
	else if (strcmp(n, "deployment") == 0)
		c->opts.fixtures = value;
	else if (strcmp(n, "emulator") == 0)
		c->opts.emulator = value;
	else if (strcmp(n, "tools") == 0)
		c->opts.tools = value;
	else if (strcmp(n, "keep") == 0)
		c->opts.keep = true;
	else if (strcmp(n, "no-skip") == 0)
		c->opts.no_skip = true;
	else if (strcmp(n, "no-netns") == 0)
		c->opts.no_netns = true;
	else
		c->opts.no_root_view = true;
	return (0);
}

/* Paths as a drill will see them from whatever folder it works in. */
static const char *
cli_run_path(struct cli_run *c, const char *what, const char *path,
    const char *dflt, const char *missing, bool dir)
{
	char *real = path != NULL ? realpath(path, NULL) : NULL;
	const char *found = dflt;
	struct stat st;

	if (path != NULL && real == NULL) {
		(void)cli_error("%s: there is no %s", what, path);
		return (NULL);
	}
	if (real != NULL)
		found = arena_strdup(&c->arena, real);
	free(real);
	if (found == NULL) {
		(void)cli_error("%s", missing);
		return (NULL);
	}
	if (stat(found, &st) != 0 || S_ISDIR(st.st_mode) != dir) {
		(void)cli_error("%s: %s is %s folder", what, found,
		    dir ? "no" : "a");
		return (NULL);
	}
	return (found);
}

static int
cli_run_places(struct cli_run *c)
{
	struct run_opts *o = &c->opts;
	struct arena *a = &c->arena;

	o->emulator = cli_run_path(c, "--emulator", o->emulator,
	    cli_emulator(a), "there is no gcs-emulator beside this program: "
	    "run make, or give --emulator PATH", false);
	o->fixtures = cli_run_path(c, "--deployment", o->fixtures,
	    cli_deployment(a), "there is no fixtures/deploy: give "
	    "--deployment DIR", true);
	o->tools = cli_run_path(c, "--tools", o->tools, cli_tools(a),
	    "there is no build/tools with Litestream's binaries: run "
	    "ci/setup, or give --tools DIR", true);
	if (c->explore.replay != NULL && c->ninject > 0)
		return (cli_error("--inject is for a session: a history that "
		    "is replayed has had its faults"), -1);
	if (c->explore.replay != NULL && (c->explore.replay = cli_run_path(c,
	    "--replay", c->explore.replay, NULL, "",
	    !str_ends(c->explore.replay, ".tar.xz"))) == NULL)
		return (-1);
	if (c->explore.known != NULL && (c->explore.known = cli_run_path(c,
	    "--known", c->explore.known, NULL, "", false)) == NULL)
		return (-1);
	return (o->emulator != NULL && o->fixtures != NULL &&
	    o->tools != NULL ? 0 : -1);
}

static int
cli_run_releases(struct cli_run *c)
{
	struct err e = ERR_INIT;
	int rc = 0;

	if (c->nreleases == 0) {
		c->releases = arena_dup(&c->arena, cli_default_releases,
		    sizeof(cli_default_releases));
		c->nreleases = NELEMS(cli_default_releases) - 1;
	}
	c->rels = arena_alloc(&c->arena, c->nreleases * sizeof(*c->rels));
	for (size_t i = 0; i < c->nreleases; i++) {
		struct release *rel = &c->rels[c->nrels];

		if (release_find(&c->arena, c->opts.tools, c->releases[i],
		    rel, &e) != 0) {
			(void)cli_error("%s", err_msg(&e));
			rc = -1;
			continue;
		}
		c->nrels++;
		for (size_t k = 0; k + 1 < c->nrels; k++)
			if (strcmp(c->rels[k].label, rel->label) == 0) {
				(void)cli_error("--litestream %s: there are "
				    "two releases called %s",
				    c->releases[i], rel->label);
				rc = -1;
			}
	}
	err_release(&e);
	return (rc);
}

/* All scenarios and the injected faults, by the emulator's own tables. */
static int
cli_run_scenarios(struct cli_run *c)
{
	struct err e = ERR_INIT;
	json_t *describe;
	int errors = 0;

	if (cli_pick(&c->picks, c->words, c->nwords) != 0)
		return (-1);
	describe = emu_describe(c->opts.emulator, &e);
	if (describe == NULL) {
		(void)cli_error("%s", err_msg(&e));
		err_release(&e);
		return (-1);
	}
	errors = cli_load(&c->picks, describe);
	for (size_t i = 0; i < c->ninject; i++) {
		json_t *rule = script_fault_rule(c->inject[i], describe,
		    stderr);

		errors += rule == NULL;
		json_decref(rule);
	}
	json_decref(describe);
	if (errors == 0 && c->picks.n == 0)
		errors += cli_error("no scenario has such a tag") != 0;
	return (errors == 0 ? 0 : -1);
}

/* The scenario that a recorded history is of: NAME[.MORE]@RELEASE is of
 * NAME.scn beside the file of findings. */
static const char *
cli_run_of(struct cli_run *c, const char *history)
{
	const char *file = c->explore.known;

	return (arena_printf(&c->arena, "%.*s%.*s.scn", (int)(strrchr(file,
	    '/') + 1 - file), file, (int)strcspn(history, ".@"), history));
}

/* Every scenario with every release; each has a folder of its own. */
static int
cli_run_jobs(struct cli_run *c)
{
	size_t n = c->picks.n;

	c->work = arena_alloc(&c->arena, (n * c->nrels + 1) *
	    sizeof(*c->work));
	for (size_t i = 0; i < n; i++) {
		const struct cli_pick *p = &c->picks.v[i];
		bool any = false;

		for (size_t k = 0; k < i; k++)
			if (p->release == NULL && strcmp(p->sc->name,
			    c->picks.v[k].sc->name) == 0)
				return (cli_error("%s and %s have the same "
				    "name", p->file, c->picks.v[k].file), -1);
		for (size_t k = 0; k < c->nrels; k++) {
			if (p->release != NULL &&
			    strcmp(p->release, c->rels[k].label) != 0)
				continue;
			any = true;
			c->work[c->nwork++] = (struct job){ .sc = p->sc,
			    .rel = &c->rels[k], .out = arena_printf(&c->arena,
			    "%s/%s@%s", c->out, p->sc->name,
			    c->rels[k].label), .explore = c->mode ==
			    CLI_EXPLORE ? &c->explore : NULL };
		}
		if (!any)
			return (cli_error("%s@%s: that release is not "
			    "drilled; give --litestream %s", p->sc->name,
			    p->release, p->release), -1);
	}
	return (0);
}

/* The history, the points of all lines that name it, and what it is of. */
static struct job
cli_run_history(struct cli_run *c, const char *h)
{
	struct explore_opts *x = arena_dup(&c->arena, &c->explore,
	    sizeof(*x));
	struct job j = { .explore = x };
	struct scenario *sc;

	x->recorded = h;
	x->replay = known_archive(&c->arena, x->known, h);
	for (size_t i = 0; i < c->nknown; i++)
		for (size_t k = 0; c->known[i].history != NULL &&
		    strcmp(c->known[i].history, h) == 0 &&
		    k < c->known[i].npoints && x->npoints < EXPLORE_POINTS; k++)
			x->points[x->npoints++] = c->known[i].points[k];
	for (size_t i = 0; i < c->nrels; i++)
		if (strcmp(c->rels[i].label, strchr(h, '@') + 1) == 0)
			j.rel = &c->rels[i];
	for (size_t i = 0; i < c->picks.n && j.sc == NULL; i++)
		if (strcmp(c->picks.v[i].file, cli_run_of(c, h)) == 0)
			j.sc = c->picks.v[i].sc;
	/* It has a name of its own: there may be more of one session. */
	sc = arena_dup(&c->arena, j.sc, sizeof(*sc));
	sc->name = arena_printf(&c->arena, "known/%.*s",
	    (int)strcspn(h, "@"), h);
	j.sc = sc;
	j.out = arena_printf(&c->arena, "%s/known/%s", c->out, h);
	return (j);
}

static int
cli_run_histories_jobs(struct cli_run *c)
{

	c->work = arena_alloc(&c->arena, c->nhistories * sizeof(*c->work));
	for (size_t i = 0; i < c->nhistories; i++)
		c->work[c->nwork++] = cli_run_history(c, c->histories[i]);
	return (0);
}

static int
cli_run_go(struct cli_run *c)
{
	struct err e = ERR_INIT;
	struct report *rp;
	char *sum;
	int rc, ended;

	if (c->nreports == 0)
		c->reports[c->nreports++] = "tap";
	if (isatty(STDERR_FILENO))
		c->reports[c->nreports++] = "progress";
	rp = report_new(c->reports, c->nwork, c->opts.seed, &e);
	if (rp == NULL) {
		(void)cli_error("%s", err_msg(&e));
		err_release(&e);
		return (2);
	}
	ended = pool_run(c->work, c->nwork, c->jobs, &c->opts, report_result,
	    report_begin_job, rp, &e);
	if (ended > 128)
		(void)cli_error("ended by a signal: %s",
		    strsignal(ended - 128));
	else if (ended != 0)
		(void)cli_error("%s", err_msg(&e));
	err_release(&e);
	sum = report_sum(rp);
	rc = report_end(rp, &e);
	if (e.msg != NULL)
		(void)cli_error("%s", err_msg(&e));
	if (ended != 0)
		rc = ended > 0 ? ended : 2;
	(void)fprintf(stderr, "litedrill: %s\n", sum);
	free(sum);
	err_release(&e);
	return (rc);
}

/* Once each. */
static void
cli_run_word(const char **words, size_t *n, const char *word)
{

	for (size_t i = 0; i < *n; i++)
		if (strcmp(words[i], word) == 0)
			return;
	words[(*n)++] = word;
}

/* The scenario and the release of each history that a line names. */
static int
cli_run_histories(struct cli_run *c)
{
	struct arena *a = &c->arena;
	const char *file = cli_run_path(c, "known", c->nwords > 0 ?
	    c->words[0] : NULL, cli_known(a), "there is no "
	    "scenarios/70-explore/known: name a file of findings", false);
	struct err e = ERR_INIT;
	size_t without = 0;

	if (file == NULL)
		return (-1);
	if (c->nwords > 1)
		return (cli_error("known: one file of findings, not %zu",
		    c->nwords), -1);
	if (known_read(file, a, &c->known, &c->nknown, &e) != 0) {
		(void)cli_error("%s", err_msg(&e));
		err_release(&e);
		return (-1);
	}
	c->explore.known = file;
	c->nwords = 0;
	c->words = arena_alloc(a, (c->nknown + 1) * sizeof(*c->words));
	c->releases = arena_alloc(a, (c->nknown + 1) * sizeof(*c->releases));
	c->histories = arena_alloc(a, (c->nknown + 1) *
	    sizeof(*c->histories));
	for (size_t i = 0; i < c->nknown; i++) {
		const char *h = c->known[i].history;

		if (h == NULL) {
			without++;
			continue;
		}
		cli_run_word(c->histories, &c->nhistories, h);
		cli_run_word(c->releases, &c->nreleases, strchr(h, '@') + 1);
		cli_run_word(c->words, &c->nwords, cli_run_of(c, h));
	}
	if (without > 0)
		(void)fprintf(stderr, "litedrill: %zu of %zu findings have no "
		    "history, so nothing shows them\n", without, c->nknown);
	if (c->nwords == 0)
		return (cli_error("no finding of %s has a history", file), -1);
	return (0);
}

/* One session at a time, its restores side by side; without a word, what is
 * there to be explored. */
static int
cli_run_explores(struct cli_run *c)
{

	if (c->mode == CLI_RUN)
		return (0);
	c->explore.jobs = c->jobs;
	c->jobs = 1;
	if (c->mode == CLI_KNOWN)
		return (cli_run_histories(c));
	c->opts.keep = true;
	if (c->nwords == 0)
		c->words[c->nwords++] = "tag:explore";
	/* rerun.sh shows a violation, known or not. */
	if (c->explore.known == NULL && c->explore.npoints == 0)
		c->explore.known = cli_known(&c->arena);
	return (0);
}

/* `run`, `explore`, which goes on where that ends, and `known`, which explores
 * what is recorded. */
static int
cli_run_in(enum cli_mode mode, int argc, char **argv)
{
	struct cli_run c = { .mode = mode, .out = "out", .explore = {
	    .shard = 1, .shards = 1, .repeat = mode == CLI_KNOWN ? 0 : 3 } };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t room = (size_t)argc + 4;
	char cwd[PATH_MAX];
	int rc = 2;

	c.jobs = cpus > 0 && cpus < CLI_JOBS / 2 ? (int)cpus : 1;
	/* A restore waits for the emulator half of its time: 17.9 points a
	 * second on two processors, 22.1 with four at a time (0.5.12). */
	if (mode != CLI_RUN)
		c.jobs *= 2;
	c.words = arena_alloc(&c.arena, room * sizeof(*c.words));
	c.releases = arena_alloc(&c.arena, room * sizeof(*c.releases));
	c.reports = arena_alloc(&c.arena, room * sizeof(*c.reports));
	c.inject = arena_alloc(&c.arena, room * sizeof(*c.inject));
	c.opts.inject = c.inject;
	if (getrandom(&c.opts.seed, sizeof(c.opts.seed), 0) < 0)
		c.opts.seed = (uint64_t)getpid();
	c.opts.seed &= INT32_MAX;	/* to be read and typed again */
	if (cli_parse(cli_cmd_find(argv[0]), argc, argv, cli_run_opt, &c,
	    c.words, &c.nwords) == 0 && cli_run_places(&c) == 0 &&
	    cli_run_explores(&c) == 0 && cli_run_scenarios(&c) == 0 &&
	    cli_run_releases(&c) == 0) {
		/* A drill may change its folder: paths are whole. */
		if (c.out[0] != '/' && getcwd(cwd, sizeof(cwd)) != NULL)
			c.out = arena_printf(&c.arena, "%s/%s", cwd, c.out);
		if ((mode == CLI_KNOWN ? cli_run_histories_jobs(&c) :
		    cli_run_jobs(&c)) == 0)
			rc = cli_run_go(&c);
	}
	cli_picks_release(&c.picks);
	arena_release(&c.arena);
	return (rc);
}

int
cli_run_cmd(int argc, char **argv)
{

	return (cli_run_in(CLI_RUN, argc, argv));
}

int
cli_explore_cmd(int argc, char **argv)
{

	return (cli_run_in(CLI_EXPLORE, argc, argv));
}

int
cli_known_cmd(int argc, char **argv)
{

	return (cli_run_in(CLI_KNOWN, argc, argv));
}
