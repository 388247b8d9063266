/* Processes: started, watched, ended with everything below them. */
#include <check.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/run/proc.h"
#include "lib/clock.h"
#include "lib/file.h"

#define SEC	INT64_C(1000000)

static struct arena arena;
static char dir[64];

static void
set_up(void)
{

	memcpy(dir, "./proc-XXXXXX", 14);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	proc_subreaper();
}

static void
tear_down(void)
{

	arena_release(&arena);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
}

static const char *
in_dir(const char *name)
{

	return (arena_printf(&arena, "%s/%s", dir, name));
}

static char *const env[] = { (char[]){ "PATH=/usr/bin:/bin" }, NULL };

static struct proc *
start(const char *script, const char *log)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct proc_opts o = {
		.argv = (char *const *)(uintptr_t)argv, .envp = env,
		.log = log,
	};
	struct err e = ERR_INIT;
	struct proc *p = proc_start(&o, &e);

	ck_assert_msg(p != NULL, "%s", err_msg(&e));
	return (p);
}

static const char *
slurp(const char *path)
{
	const char *s;
	struct buf b;

	buf_init(&b, 1 << 20);
	(void)file_read(path, &b, NULL);
	s = arena_strndup(&arena, b.p, b.len);
	buf_release(&b);
	return (s);
}

static int
run_fds(const char *script, int fd, const char **out, const char **err,
    int64_t limit, bool *late)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct proc_opts o = {
		.argv = (char *const *)(uintptr_t)argv, .envp = env,
		.fds = { fd },
	};
	struct err e = ERR_INIT;
	int rc;

	rc = proc_run(&o, limit, &arena, out, err, late, &e);
	ck_assert_msg(rc >= 0, "%s", err_msg(&e));
	return (rc);
}

static int
run(const char *script, const char **out, const char **err, int64_t limit,
    bool *late)
{

	return (run_fds(script, 0, out, err, limit, late));
}

START_TEST(run_gives_status_and_both_outputs)
{
	const char *out, *err;
	bool late;

	ck_assert_int_eq(run("echo one; echo two >&2; exit 3", &out, &err,
	    10 * SEC, &late), 3);
	ck_assert_str_eq(out, "one\n");
	ck_assert_str_eq(err, "two\n");
	ck_assert(!late);
}
END_TEST

START_TEST(run_status_is_128_and_the_signal)
{
	const char *out, *err;
	bool late;

	ck_assert_int_eq(run("kill -TERM $$", &out, &err, 10 * SEC, &late),
	    128 + SIGTERM);
}
END_TEST

START_TEST(run_past_its_limit_is_killed_and_keeps_what_it_printed)
{
	int64_t t0 = clock_mono_us();
	const char *out, *err;
	bool late;

	ck_assert_int_eq(run("echo begun; sleep 100", &out, &err, SEC / 2,
	    &late), 124);
	ck_assert(late);
	ck_assert_str_eq(out, "begun\n");
	ck_assert_int_lt(clock_mono_us() - t0, 20 * SEC);
}
END_TEST

START_TEST(run_does_not_wait_for_a_daemon_that_holds_its_output)
{
	int64_t t0 = clock_mono_us();
	const char *out, *err;
	bool late;

	ck_assert_int_eq(run("sleep 100 & echo done", &out, &err, 60 * SEC,
	    &late), 0);
	ck_assert_str_eq(out, "done\n");
	ck_assert_int_lt(clock_mono_us() - t0, 20 * SEC);
}
END_TEST

START_TEST(output_beyond_4_mib_is_cut_and_nobody_blocks)
{
	const char *out, *err;
	bool late;

	ck_assert_int_eq(run("head -c 9000000 /dev/zero | tr '\\0' x", &out,
	    &err, 60 * SEC, &late), 0);
	ck_assert_uint_le(strlen(out), 4 << 20);
	ck_assert_uint_ge(strlen(out), (4 << 20) - 65536);
}
END_TEST

START_TEST(environment_is_what_was_given_and_nothing_else)
{
	const char *out, *err;
	bool late;

	ck_assert_int_eq(setenv("SSL_CERT_FILE", "/preset", 1), 0);
	ck_assert_int_eq(run("env", &out, &err, 10 * SEC, &late), 0);
	ck_assert_ptr_null(strstr(out, "SSL_CERT_FILE"));
	ck_assert_ptr_nonnull(strstr(out, "PATH=/usr/bin:/bin\n"));
}
END_TEST

START_TEST(stdin_is_empty)
{
	const char *out, *err;
	bool late;

	ck_assert_int_eq(run("cat; echo end", &out, &err, 10 * SEC, &late), 0);
	ck_assert_str_eq(out, "end\n");
}
END_TEST

START_TEST(descriptors_are_not_inherited_but_those_that_are_named)
{
	const char *out, *err;
	int fd[2];
	bool late;

	/* without close-on-exec on purpose */
	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(run_fds("ls /proc/self/fd | tr '\\n' ' '", fd[1],
	    &out, &err, 10 * SEC, &late), 0);
	/* 3 is ours, 4 the folder that ls reads */
	ck_assert_str_eq(out, "0 1 2 3 4 ");
	(void)close(fd[0]);
	(void)close(fd[1]);
}
END_TEST

START_TEST(signals_are_at_their_defaults_in_the_child)
{
	/* 32 and 33 are glibc's own, which no program can set: one that
	 * starts us by posix_spawn() leaves them ignored. */
	const unsigned long long libc = 3ULL << 31;
	unsigned long long blocked, ignored;
	const char *out, *err;
	sigset_t mask;
	bool late;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	ck_assert_int_eq(run("grep -E '^Sig(Blk|Ign)' /proc/self/status", &out,
	    &err, 10 * SEC, &late), 0);
	ck_assert_int_eq(sscanf(out, "SigBlk: %llx SigIgn: %llx", &blocked,
	    &ignored), 2);
	ck_assert_uint_eq(blocked, 0);
	ck_assert_uint_eq(ignored & ~libc, 0);
	(void)sigprocmask(SIG_UNBLOCK, &mask, NULL);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_named)
{
	const char *argv[] = { "no-such-program", NULL };
	struct proc_opts o = { .argv = (char *const *)(uintptr_t)argv,
		.envp = env };
	struct err e = ERR_INIT;

	ck_assert_ptr_null(proc_start(&o, &e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "no-such-program"));
	err_release(&e);
}
END_TEST

START_TEST(a_file_that_cannot_be_run_is_an_error_of_start)
{
	const char *file = in_dir("broken");
	const char *argv[] = { file, NULL };
	struct proc_opts o = { .argv = (char *const *)(uintptr_t)argv,
		.envp = env };
	struct err e = ERR_INIT;

	ck_assert_int_eq(file_write(file, "\1\2\3", 3, 0755, NULL), 0);
	ck_assert_ptr_null(proc_start(&o, &e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "Exec format error"));
	err_release(&e);
}
END_TEST

START_TEST(log_gets_both_streams_of_a_background_process)
{
	struct proc *p = start("echo out; echo err >&2", in_dir("log"));

	ck_assert(proc_wait(p, 10 * SEC));
	ck_assert_int_eq(proc_status(p), 0);
	proc_free(p);
	ck_assert_str_eq(slurp(in_dir("log")), "out\nerr\n");
}
END_TEST

START_TEST(wait_returns_false_while_it_runs)
{
	struct proc *p = start("sleep 100", NULL);

	ck_assert(!proc_wait(p, 20000));
	ck_assert(proc_alive(p));
	ck_assert_int_eq(proc_signal(p, SIGTERM), 0);
	ck_assert(proc_wait(p, 10 * SEC));
	ck_assert_int_eq(proc_status(p), 128 + SIGTERM);
	ck_assert_int_eq(proc_signal(p, SIGTERM), -1);
	proc_free(p);
}
END_TEST

/* Wait until a script has told its pid through a file. */
static pid_t
pid_in(const char *path)
{
	int64_t end = clock_mono_us() + 10 * SEC;
	const char *s = "";

	while (strchr(s, '\n') == NULL) {
		ck_assert_int_lt(clock_mono_us(), end);
		s = slurp(path);
		(void)sched_yield();
	}
	return ((pid_t)strtol(s, NULL, 10));
}

static bool
lives(pid_t pid)
{
	const char *stat = slurp(arena_printf(&arena, "/proc/%ld/stat",
	    (long)pid));
	const char *s = strrchr(stat, ')');

	return (s != NULL && s[2] != 'Z' && s[2] != 'X');
}

START_TEST(free_kills_grandchildren_in_groups_of_their_own)
{
	const char *file = in_dir("pid");
	struct proc *p;
	pid_t pid;

	p = start(arena_printf(&arena, "setsid sh -c 'echo $$ >%s; "
	    "exec sleep 100' & wait", file), NULL);
	pid = pid_in(file);
	ck_assert(lives(pid));
	proc_free(p);
	ck_assert(!lives(pid));
}
END_TEST

START_TEST(a_double_fork_with_setsid_comes_to_us_and_is_killed)
{
	const char *file = in_dir("pid");
	struct proc *p;
	pid_t pid, spare[1];

	p = start(arena_printf(&arena, "(setsid sh -c 'echo $$ >%s; "
	    "exec sleep 100' &) ; exit 0", file), NULL);
	pid = pid_in(file);
	ck_assert(proc_wait(p, 10 * SEC));
	spare[0] = proc_pid(p);
	ck_assert(lives(pid));
	proc_kill_orphans(spare, 1);
	ck_assert(!lives(pid));
	/* reaped, not left as a zombie */
	ck_assert_int_eq(kill(pid, 0), -1);
	proc_free(p);
}
END_TEST

START_TEST(a_tree_that_forks_all_the_time_is_killed)
{
	const char *file = in_dir("pid");
	pid_t left[16];
	struct proc *p;

	p = start(arena_printf(&arena, "echo $$ >%s; "
	    "while :; do (sleep 0.05 & ) ; done",
	    file), NULL);
	(void)pid_in(file);
	proc_free(p);
	proc_kill_tree(getpid(), true);
	ck_assert_uint_eq(proc_descendants(getpid(), left, 16), 0);
}
END_TEST

START_TEST(the_rest_of_a_group_ends_with_its_first_process)
{
	const char *file = in_dir("pid");
	struct proc *p;
	pid_t pid;

	p = start(arena_printf(&arena, "sh -c 'echo $$ >%s; exec sleep 100' & "
	    "while ! [ -s %s ]; do :; done", file, file), NULL);
	pid = pid_in(file);
	ck_assert(proc_wait(p, 10 * SEC));
	ck_assert(proc_wait_pid(pid, 10 * SEC));
	proc_free(p);
}
END_TEST

START_TEST(descendants_come_parents_first)
{
	const char *file = in_dir("pid");
	struct proc *p;
	pid_t pid, found[8];
	size_t n;

	p = start(arena_printf(&arena, "sh -c 'sh -c \"echo \\$\\$ >%s; "
	    "sleep 100; :\"; :'; :", file), NULL);
	pid = pid_in(file);
	n = proc_descendants(proc_pid(p), found, 8);
	ck_assert_uint_ge(n, 2);
	ck_assert_int_eq(found[1], pid);
	proc_free(p);
}
END_TEST

START_TEST(runs_knows_the_file_behind_a_link)
{
	struct proc *p = start("exec sleep 100", NULL);
	int64_t end = clock_mono_us() + 10 * SEC;

	while (!proc_runs(proc_pid(p), "/bin/sleep"))
		ck_assert_int_lt(clock_mono_us(), end);
	ck_assert(!proc_runs(proc_pid(p), "/bin/cat"));
	proc_free(p);
}
END_TEST

START_TEST(children_die_with_the_process_that_started_them)
{
	const char *file = in_dir("pid");
	pid_t parent, pid;

	parent = fork();
	if (parent == 0) {
		(void)start(arena_printf(&arena, "echo $$ >%s; exec sleep 100",
		    file), NULL);
		(void)pid_in(file);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(parent, NULL, 0), parent);
	pid = pid_in(file);
	ck_assert(proc_wait_pid(pid, 10 * SEC));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		run_gives_status_and_both_outputs,
		run_status_is_128_and_the_signal,
		run_past_its_limit_is_killed_and_keeps_what_it_printed,
		run_does_not_wait_for_a_daemon_that_holds_its_output,
		output_beyond_4_mib_is_cut_and_nobody_blocks,
		environment_is_what_was_given_and_nothing_else,
		stdin_is_empty,
		descriptors_are_not_inherited_but_those_that_are_named,
		signals_are_at_their_defaults_in_the_child,
		a_program_that_is_not_there_is_named,
		a_file_that_cannot_be_run_is_an_error_of_start,
		log_gets_both_streams_of_a_background_process,
		wait_returns_false_while_it_runs,
		free_kills_grandchildren_in_groups_of_their_own,
		a_double_fork_with_setsid_comes_to_us_and_is_killed,
		a_tree_that_forks_all_the_time_is_killed,
		the_rest_of_a_group_ends_with_its_first_process,
		descendants_come_parents_first,
		runs_knows_the_file_behind_a_link,
		children_die_with_the_process_that_started_them,
	};
	Suite *s = suite_create("proc");
	TCase *tc = tcase_create("proc");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 120);
	for (size_t i = 0; i < NELEMS(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed != 0);
}
