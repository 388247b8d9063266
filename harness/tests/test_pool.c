/* Whole drills in the pool's children: verdicts, what is left behind, and
 * what is not. */
#include "harness/tests/drill.h"

#include <glob.h>
#include <signal.h>
#include <sys/wait.h>

#include "harness/run/pool.h"
#include "harness/run/run_int.h"

#define DRILLS	8

struct got {
	struct result all[DRILLS];
	size_t	n, begun;
};

static struct got got;
static struct scenario *made[DRILLS];
static size_t nmade;
static json_t *describe;

static void
on_result(void *arg, const struct result *res)
{
	struct got *g = arg;

	ck_assert_uint_lt(g->n, DRILLS);
	g->all[g->n++] = *res;
}

static void
on_begin(void *arg, const struct job *job)
{
	struct got *g = arg;

	ck_assert_ptr_nonnull(job->sc);
	g->begun++;
}

static void
begin(void)
{

	drill_begin();
	memset(&got, 0, sizeof(got));
	describe = emu_describe(drill.opts.emulator, NULL);
	ck_assert_ptr_nonnull(describe);
}

/* After every test: no process of ours, nothing temporary. */
static void
end(void)
{
	pid_t left[4];

	ck_assert_uint_eq(proc_descendants(getpid(), left, 4), 0);
	ck_assert_uint_eq(drill_entries(drill_path("tmp")), 0);
	while (nmade > 0)
		script_free(made[--nmade]);
	json_decref(describe);
	drill_end();
}

static struct scenario *
scenario(const char *name, const char *lines)
{
	const char *file = drill_path(arena_printf(&drill.arena, "%s.scn",
	    name));
	const char *text = arena_printf(&drill.arena,
	    "scenario \"a test\"\n%s", lines);
	struct scenario *sc;
	int errors = 0;

	drill_write(file, text, 0644);
	sc = script_load(file, describe, stderr, &errors);
	ck_assert_int_eq(errors, 0);
	ck_assert_ptr_nonnull(sc);
	ck_assert_uint_lt(nmade, DRILLS);
	made[nmade++] = sc;
	return (sc);
}

static int
run_all(struct scenario *const *sc, size_t n, int j)
{
	struct job jobs[DRILLS];
	struct err e = ERR_INIT;
	int rc;

	for (size_t i = 0; i < n; i++)
		jobs[i] = (struct job){ .sc = sc[i], .rel = &drill.rel,
			.out = arena_printf(&drill.arena, "%s/%zu",
			    drill.opts.out, i) };
	rc = pool_run(jobs, n, j, &drill.opts, on_result, on_begin, &got, &e);
	ck_assert_msg(rc >= 0, "%s", err_msg(&e));
	return (rc);
}

/* One drill; its result. */
static const struct result *
run_one(const char *lines)
{
	struct scenario *sc = scenario("one", lines);

	ck_assert_int_eq(run_all(&sc, 1, 1), 0);
	ck_assert_uint_eq(got.n, 1);
	ck_assert_uint_eq(got.begun, 1);
	return (&got.all[0]);
}

static const char *
out(const char *name)
{

	return (arena_printf(&drill.arena, "%s/0/%s", drill.opts.out, name));
}

static void
ck_why(const struct result *res, enum verdict v, const char *part)
{

	ck_assert_msg(res->verdict == v, "%s: %s", verdict_name(res->verdict),
	    res->why != NULL ? res->why : "");
	if (part != NULL)
		ck_assert_msg(strstr(res->why, part) != NULL, "%s", res->why);
}

START_TEST(a_drill_that_passes_leaves_nothing)
{
	const struct result *res = run_one("exec true\n");

	ck_why(res, VERDICT_PASS, NULL);
	ck_assert_ptr_null(res->why);
	ck_assert_ptr_null(res->dir);
	ck_assert_int_gt(res->us, 0);
	ck_assert(!file_exists(out("log")));
}
END_TEST

START_TEST(a_drill_that_fails_says_where_and_keeps_what_tells_why)
{
	const struct result *res = run_one("phase \"the second\"\n"
	    "set name value\n"
	    "exec sh -c \"echo ${name} >/data/app.db; echo oops >&2; exit 3\""
	    "\n");

	ck_why(res, VERDICT_FAIL, "status 3: oops");
	ck_assert_int_eq(res->line, 4);
	ck_assert_int_eq(res->col, 1);
	ck_assert_str_eq(res->phase, "the second");
	ck_assert_ptr_nonnull(strstr(res->text, "exec sh"));
	ck_assert_str_eq(res->dir, arena_printf(&drill.arena, "%s/0",
	    drill.opts.out));
	ck_assert_ptr_nonnull(strstr(drill_read(out("log")), "FAIL"));
	ck_assert_ptr_nonnull(strstr(drill_read(out("scenario.scn")),
	    "echo value >/data"));
	ck_assert_str_eq(drill_read(out("db/app.db")), "value\n");
	ck_assert_ptr_nonnull(strstr(drill_read(out("result.json")),
	    "\"verdict\": \"FAIL\""));
	ck_assert_int_gt(file_size(out("journal.jsonl")), 0);
	ck_assert(access(out("rerun.sh"), X_OK) == 0);
}
END_TEST

START_TEST(the_bucket_is_kept_under_numbers_never_under_names)
{
	const struct result *res = run_one("provision\n"
	    "shell {\n"
	    "    T=$(cat /app/_creds/*.json)\n"
	    "}\n"
	    "exec python3 -c \"print('a')\"\n"
	    "expect bucket.objects == 1\n");

	ck_why(res, VERDICT_FAIL, NULL);
	ck_assert_ptr_nonnull(strstr(drill_read(out("log")), "provision"));
	ck_assert(file_exists(out("bucket/index.jsonl")));
	/* a shell block's text is the shell's */
	ck_assert_ptr_nonnull(strstr(drill_read(out("scenario.scn")),
	    "T=$(cat /app/_creds/*.json)\n"));
}
END_TEST

START_TEST(keep_leaves_the_folder_of_a_pass)
{
	const struct result *res;

	drill.opts.keep = true;
	res = run_one("exec true\n");
	ck_why(res, VERDICT_PASS, NULL);
	ck_assert_ptr_nonnull(res->dir);
	ck_assert_ptr_nonnull(strstr(drill_read(out("log")), "PASS"));
}
END_TEST

START_TEST(an_older_folder_is_replaced)
{

	ck_assert_int_eq(file_mkdirs(out("old"), 0755, NULL), 0);
	(void)run_one("exec false\n");
	ck_assert(!file_exists(out("old")));
	ck_assert(file_exists(out("log")));
}
END_TEST

START_TEST(a_drill_past_its_limit_is_an_error_at_its_line)
{
	const struct result *res = run_one("limit 2s\n"
	    "exec sh -c \"echo x >/data/app.db\"\n"
	    "phase \"hangs\"\n"
	    "exec sh -c \"setsid sleep 100 & sleep 100\" within=90s\n");

	ck_why(res, VERDICT_ERROR, "did not end within 2.0s");
	ck_assert_int_eq(res->line, 5);
	ck_assert_str_eq(res->phase, "hangs");
	ck_assert_int_lt(res->us, 30 * SEC);
	ck_assert_ptr_nonnull(strstr(drill_read(out("log")), "exec sh"));
	ck_assert_str_eq(drill_read(out("db/app.db")), "x\n");
	ck_assert(file_exists(out("result.json")));
}
END_TEST

START_TEST(a_drill_whose_process_dies_is_an_error)
{
	const struct result *res;

	/* without a root view the command's parent is the drill itself */
	drill.opts.no_root_view = true;
	res = run_one("exec sh -c \"kill -KILL $PPID\"\n");
	ck_why(res, VERDICT_ERROR, "signal 9");
	ck_assert_int_eq(res->line, 2);
}
END_TEST

START_TEST(a_dead_emulator_is_an_error_not_a_failure)
{
	const struct result *res;

	/* the command's parent is the drill, and so is the emulator's */
	drill.opts.no_root_view = true;
	res = run_one("exec sh -c \"P=$(pgrep -P $PPID gcs-emulator); kill "
	    "-KILL $P; until grep -q ' Z ' /proc/$P/stat; do :; done\"\n"
	    "exec false\n");
	ck_why(res, VERDICT_ERROR, "the emulator died");
}
END_TEST

START_TEST(an_emulator_that_ends_badly_is_an_error)
{
	const char *fake = drill_path("fake-emulator");
	const struct result *res;

	drill_write(fake, arena_printf(&drill.arena, "#!/bin/sh\n"
	    "%s \"$@\"\nexit 66\n", drill.opts.emulator), 0755);
	drill.opts.emulator = fake;
	res = run_one("exec true\n");
	ck_why(res, VERDICT_ERROR, "the emulator ended with status 66");
	ck_assert(file_exists(out("log")));
}
END_TEST

START_TEST(an_emulator_that_does_not_start_is_an_error)
{
	const struct result *res;

	drill.opts.emulator = "/bin/false";
	res = run_one("exec true\n");
	ck_why(res, VERDICT_ERROR, "before it was ready");
}
END_TEST

START_TEST(a_need_that_is_missing_is_a_skip_or_with_no_skip_an_error)
{
	const struct result *res;

	res = run_one("need litestream<0.1\nexec true\n");
	ck_why(res, VERDICT_SKIP, "litestream");
	ck_assert(!file_exists(drill.opts.out));
	got.n = got.begun = 0;
	drill.opts.no_skip = true;
	res = run_one("need litestream<0.1\nexec true\n");
	ck_why(res, VERDICT_ERROR, "litestream");
}
END_TEST

START_TEST(a_fault_that_never_fires_is_inconclusive)
{
	const struct result *res = run_one("provision\n"
	    "fault status code=503 on=storage.objects.get\nexec true\n");

	ck_why(res, VERDICT_ERROR, "inconclusive");
}
END_TEST

START_TEST(an_injected_rule_is_set_and_is_in_rerun)
{
	static const char *const rules[] = {
		"status code=403 on=oauth.token from=* times=1", NULL };
	const struct result *res;

	drill.opts.inject = rules;
	res = run_one("exec sh -c \"curl -s https://oauth2.googleapis.com/token "
	    "-d x=y -o /dev/null -w '%{http_code}' >&2; false\"\n");
	ck_why(res, VERDICT_FAIL, "403");
	ck_assert_ptr_nonnull(strstr(drill_read(out("rerun.sh")),
	    "--inject 'status code=403 on=oauth.token from=* times=1'"));
}
END_TEST

START_TEST(a_known_bug_must_fail)
{
	const struct result *res;

	res = run_one("known-bug 0.5.17 reason=\"some text\"\nexec false\n");
	ck_why(res, VERDICT_PASS, NULL);
	ck_assert_str_eq(res->known_bug, "some text");
	got.n = got.begun = 0;
	res = run_one("known-bug 0.5.17 reason=\"some text\"\nexec true\n");
	ck_why(res, VERDICT_ERROR, "remove the mark");
}
END_TEST

START_TEST(a_shell_line_that_fails_is_named_with_its_own_place)
{
	const struct result *res = run_one("shell {\n"
	    "    # a comment\n"
	    "    if true; then\n"
	    "        echo ${HOME}\n"
	    "    fi\n"
	    "\n"
	    "    cat <<E\n"
	    "not a command\n"
	    "E\n"
	    "    ls /no/such \\\n"
	    "        /file\n"
	    "    echo never\n"
	    "}\n");

	ck_why(res, VERDICT_FAIL, "/no/such");
	ck_assert_int_eq(res->line, 11);
	ck_assert_ptr_nonnull(strstr(res->text, "ls /no/such"));
}
END_TEST

START_TEST(a_shell_block_that_bash_does_not_understand_is_an_error)
{
	const struct result *res;

	res = run_one("shell {\n    true\n    fi\n}\n");
	ck_why(res, VERDICT_ERROR, "bash does not understand");
	ck_assert_int_eq(res->line, 4);
	got.n = got.begun = 0;
	res = run_one("shell {\n    echo 'open\n}\n");
	ck_why(res, VERDICT_ERROR, "ends before this line does");
	ck_assert_int_eq(res->line, 3);
}
END_TEST

START_TEST(drills_run_beside_each_other_and_all_are_told)
{
	struct scenario *sc[6];

	for (size_t i = 0; i < 6; i++)
		sc[i] = scenario(arena_printf(&drill.arena, "s%zu", i),
		    i % 2 == 0 ? "exec sleep 0.3\n" : "exec false\n");
	ck_assert_int_eq(run_all(sc, 6, 4), 0);
	ck_assert_uint_eq(got.n, 6);
	for (size_t i = 0; i < 6; i++)
		ck_assert(got.all[i].verdict == VERDICT_PASS ||
		    got.all[i].verdict == VERDICT_FAIL);
}
END_TEST

static void
ck_ended_by(int sig)
{
	struct scenario *sc = scenario("hangs", "exec sh -c \"echo $$ >"
	    "/data/pid; setsid sleep 100 & sleep 100\" within=90s\n");
	int64_t t = clock_mono_us() + 60 * SEC;
	pid_t pid = fork();
	int st = 0;
	glob_t g;

	if (pid == 0)
		_exit(run_all(&sc, 1, 1) & 0xff);
	/* once it is under way … */
	while (glob(drill_path("tmp/litedrill-*/machine/data/pid"), 0, NULL,
	    &g) != 0 && clock_mono_us() < t)
		(void)usleep(10000);
	globfree(&g);
	ck_assert_int_eq(kill(pid, sig), 0);
	while (waitpid(pid, &st, WNOHANG) == 0 && clock_mono_us() < t)
		(void)usleep(10000);
	ck_assert(WIFEXITED(st));
	ck_assert_int_eq(WEXITSTATUS(st), 128 + sig);
	ck_assert(!file_exists(out("log")));
}

START_TEST(sigint_ends_all_and_cleans_up)
{

	ck_ended_by(SIGINT);
}
END_TEST

START_TEST(sigterm_ends_all_and_cleans_up)
{

	ck_ended_by(SIGTERM);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_drill_that_passes_leaves_nothing,
		a_drill_that_fails_says_where_and_keeps_what_tells_why,
		the_bucket_is_kept_under_numbers_never_under_names,
		keep_leaves_the_folder_of_a_pass,
		an_older_folder_is_replaced,
		a_drill_past_its_limit_is_an_error_at_its_line,
		a_drill_whose_process_dies_is_an_error,
		an_emulator_that_does_not_start_is_an_error,
		an_emulator_that_ends_badly_is_an_error,
		a_dead_emulator_is_an_error_not_a_failure,
		a_need_that_is_missing_is_a_skip_or_with_no_skip_an_error,
		a_fault_that_never_fires_is_inconclusive,
		an_injected_rule_is_set_and_is_in_rerun,
		a_known_bug_must_fail,
		a_shell_line_that_fails_is_named_with_its_own_place,
		a_shell_block_that_bash_does_not_understand_is_an_error,
		drills_run_beside_each_other_and_all_are_told,
		sigint_ends_all_and_cleans_up,
		sigterm_ends_all_and_cleans_up,
	};
	const struct drill_case cases[] = {
		{ "pool", begin, end, tests, NELEMS(tests) },
	};

	return (drill_main("pool", cases, NELEMS(cases)));
}
