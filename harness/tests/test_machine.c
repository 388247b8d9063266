/* Machines, with a root view and without: what a process there sees, whom a
 * name means, and that nothing of it stays.  Each test runs both ways unless
 * it says otherwise; where root views are forbidden, the plain one only. */
#include "harness/tests/drill.h"

#include <signal.h>
#include <sys/stat.h>

#include "harness/machine/machine.h"

static struct machine *
m(void)
{

	return (drill.run.machine);
}

static void
begin(bool root_view)
{
	struct err e = ERR_INIT;

	drill_begin_emu();
	drill.opts.no_root_view = !root_view;
	drill.run.machine = machine_new(&drill.run, &e);
	ck_assert_msg(m() != NULL, "%s", err_msg(&e));
	ck_assert(machine_has_root_view(m()) == root_view);
}

static void
begin_view(void)
{

	begin(true);
}

static void
begin_plain(void)
{

	begin(false);
}

static void
end(void)
{

	machine_free(m());
	ck_assert(!file_exists(drill_path("run/machine")));
	drill_end();
}

static int
sh(const char *script, const char **out)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
		arena_strdup(&drill.arena, script), NULL };
	const char *err = "";
	struct err e = ERR_INIT;
	bool late;
	int rc;

	rc = machine_run(m(), argv, 30 * SEC, out, &err, &late, &e);
	ck_assert_msg(rc >= 0, "%s", err_msg(&e));
	ck_assert(!late);
	return (rc);
}

static struct proc *
start(const char *name, const char *script)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
		arena_strdup(&drill.arena, script), NULL };
	struct err e = ERR_INIT;
	struct proc *p = machine_start(m(), name, argv, &e);

	ck_assert_msg(p != NULL, "%s", err_msg(&e));
	return (p);
}

/* "/tmp/pid" as the machine's programs write it, and as we read it. */
static const char *
here(const char *path)
{

	return (machine_path(m(), path));
}

static const char *
there(const char *path)
{

	return (machine_host_path(m(), path));
}

static int
replace(void)
{
	struct err e = ERR_INIT;
	int rc = machine_replace(m(), &e);

	ck_assert_msg(rc == 0, "%s", err_msg(&e));
	return (rc);
}

/* ---- what a process sees ---- */

START_TEST(files_written_there_are_found_here)
{
	const char *out;

	ck_assert_int_eq(sh(arena_printf(&drill.arena, "pwd; echo one >%s; "
	    "echo two >rel", here("/data/f")), &out), 0);
	ck_assert_str_eq(drill_read(there("/data/f")), "one\n");
	ck_assert_str_eq(drill_read(there("rel")), "two\n");
	ck_assert_str_eq(drill_read(there("./rel")), "two\n");
	ck_assert_str_eq(drill_read(there("/app/rel")), "two\n");
}
END_TEST

START_TEST(view_shows_productions_paths_and_nothing_of_ours)
{
	const char *out;

	/* a script's own folder would be seen: what it calls may lie there */
	ck_assert_int_eq(file_copy("/bin/echo", drill_path("binary"), NULL),
	    0);
	drill.rel.path = drill_path("binary");
	(void)replace();
	ck_assert_str_eq(machine_prefix(m()), "");
	ck_assert_int_eq(sh(arena_printf(&drill.arena, "pwd; ls -d /app /data "
	    "/tmp /root /drill /usr /etc; test ! -e %s && test ! -e /home && "
	    "test ! -e /var", drill.dir), &out), 0);
	ck_assert_str_eq(out, "/app\n/app\n/data\n/drill\n/etc\n/root\n"
	    "/tmp\n/usr\n");
	ck_assert_int_ne(sh("touch /usr/bin/x || touch /etc/x", &out), 0);
}
END_TEST

START_TEST(plain_prefix_is_the_folder_and_foreign_paths_are_refused)
{
	const char *pre = machine_prefix(m());

	ck_assert_ptr_nonnull(strstr(pre, "/run/machine"));
	ck_assert_str_eq(there("/etc/passwd"), "/etc/passwd");
	ck_assert(!machine_can_use(m(), "/data/app.db"));
	ck_assert(!machine_can_use(m(), "DB=/tmp/x"));
	ck_assert(machine_can_use(m(), "/etc/passwd"));
	ck_assert(machine_can_use(m(), "relative/tmp/x"));
	ck_assert(machine_can_use(m(), arena_printf(&drill.arena,
	    "A=%s/tmp/x", pre)));
}
END_TEST

START_TEST(litestream_is_the_release_under_test)
{
	const char *out;

	ck_assert_int_eq(sh("litestream a b", &out), 0);
	ck_assert_str_eq(out, "fake a b\n");
}
END_TEST

START_TEST(a_release_that_is_a_script_reaches_what_lies_beside_it)
{
	const char *out;

	drill_write(drill_path("helper"), "#!/bin/sh\necho helped\n", 0755);
	drill_write(drill.rel.path, "#!/bin/sh\n"
	    "exec \"$(dirname \"$(readlink -f \"$0\")\")/helper\"\n", 0755);
	ck_assert_int_eq(sh("litestream", &out), 0);
	ck_assert_str_eq(out, "helped\n");
	/* by $0, as wrappers do */
	drill_write(drill.rel.path, "#!/bin/sh\n"
	    "exec \"$(dirname \"$0\")/helper\"\n", 0755);
	ck_assert_int_eq(sh("litestream", &out), 0);
	ck_assert_str_eq(out, "helped\n");
}
END_TEST

START_TEST(a_release_that_is_a_binary_runs)
{
	const char *out;

	ck_assert_int_eq(file_copy("/bin/echo", drill_path("binary"), NULL),
	    0);
	drill.rel.path = drill_path("binary");
	(void)replace();
	ck_assert_int_eq(sh("litestream binary", &out), 0);
	ck_assert_str_eq(out, "binary\n");
}
END_TEST

START_TEST(environment_is_the_machines_and_nothing_else)
{
	static const char *const not[] = { "STORAGE_EMULATOR_HOST", "NO_PROXY",
		"/preset", "GCS_EMULATOR_TOKEN", "LITEDRILL" };
	const char *out;

	(void)setenv("SSL_CERT_FILE", "/preset", 1);
	(void)setenv("NO_PROXY", "*", 1);
	(void)setenv("STORAGE_EMULATOR_HOST", "http://x", 1);
	(void)setenv("LITEDRILL_TOP", "/x", 1);
	ck_assert_int_eq(sh("env", &out), 0);
	for (size_t i = 0; i < NELEMS(not); i++)
		ck_assert_msg(strstr(out, not[i]) == NULL, "%s in %s", not[i],
		    out);
	ck_assert_ptr_nonnull(strstr(out, arena_printf(&drill.arena,
	    "HTTPS_PROXY=http://%s\n", emu_proxy(drill.run.emu))));
	ck_assert_ptr_nonnull(strstr(out, arena_printf(&drill.arena,
	    "SSL_CERT_FILE=%s\n", here("/drill/ca.pem"))));
	ck_assert_str_eq(drill_read(there("/drill/ca.pem")),
	    drill_read(emu_ca(drill.run.emu)));
}
END_TEST

START_TEST(env_sets_and_unsets)
{
	const char *out;

	machine_env(m(), "DB_FIRST_RUN_MODE", "1");
	ck_assert_int_eq(sh("test \"$DB_FIRST_RUN_MODE\" = 1", &out), 0);
	machine_env(m(), "DB_FIRST_RUN_MODE", NULL);
	ck_assert_ptr_null(machine_getenv(m(), "DB_FIRST_RUN_MODE"));
	ck_assert_int_eq(sh("test \"${DB_FIRST_RUN_MODE-unset}\" = unset",
	    &out), 0);
}
END_TEST

START_TEST(status_and_signals_come_back)
{
	const char *out;

	ck_assert_int_eq(sh("exit 3", &out), 3);
	ck_assert_int_eq(sh("kill -TERM $$", &out), 128 + SIGTERM);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_an_error_not_a_status)
{
	char *argv[] = { (char[]){ "no-such-program" }, NULL };
	const char *out = "", *err = "";
	struct err e = ERR_INIT;
	bool late;

	ck_assert_int_eq(machine_run(m(), argv, SEC, &out, &err, &late, &e),
	    -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "no-such-program"));
	ck_assert_ptr_null(machine_start(m(), "x", argv, &e));
	err_release(&e);
}
END_TEST

/* ---- names and signals ---- */

START_TEST(pid_is_the_process_not_its_wrapper)
{
	struct proc *p = start("one", arena_printf(&drill.arena,
	    "echo $$ >%s; exec sleep 100", here("/tmp/pid")));

	ck_assert_int_eq(machine_pid(m(), "one"), drill_pid(there("/tmp/pid")));
	ck_assert_ptr_eq(machine_proc(m(), "one"), p);
	ck_assert_int_eq(machine_pid(m(), "two"), -1);
	ck_assert_ptr_null(machine_proc(m(), "two"));
}
END_TEST

START_TEST(kill_returns_when_it_is_dead_and_its_status_is_known)
{
	struct proc *p = start("replicator", "exec sleep 100");
	pid_t pid = machine_pid(m(), "replicator");

	ck_assert_int_eq(drill.run.lost_us, 0);
	ck_assert_int_eq(machine_kill(m(), "replicator", SIGKILL, NULL), 0);
	ck_assert(!drill_lives(pid));
	ck_assert(!proc_alive(p));
	ck_assert_int_eq(proc_status(p), 128 + SIGKILL);
	ck_assert_int_gt(drill.run.lost_us, 0);
	ck_assert_int_gt(drill.run.lost_wall_us, 0);
}
END_TEST

START_TEST(kill_of_one_that_does_not_run_is_an_error)
{
	struct err e = ERR_INIT;

	ck_assert_int_eq(machine_kill(m(), "replicator", SIGKILL, &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "replicator does not run"));
	ck_assert_int_eq(drill.run.lost_us, 0);
	err_release(&e);
}
END_TEST

START_TEST(one_of_two_that_does_not_run_leaves_the_other_alone)
{
	char *names[] = { (char[]){ "one" }, (char[]){ "two" } };

	(void)start("one", "exec sleep 100");
	ck_assert_int_eq(machine_kill_all(m(), names, 2, SIGKILL, NULL), -1);
	ck_assert_int_gt(machine_pid(m(), "one"), 0);
}
END_TEST

START_TEST(two_are_killed_together)
{
	char *names[] = { (char[]){ "application" }, (char[]){ "replicator" } };
	pid_t a, b;

	(void)start("application", "exec sleep 100");
	(void)start("replicator", "exec sleep 100");
	a = machine_pid(m(), "application");
	b = machine_pid(m(), "replicator");
	ck_assert_int_eq(machine_kill_all(m(), names, 2, SIGKILL, NULL), 0);
	ck_assert(!drill_lives(a));
	ck_assert(!drill_lives(b));
}
END_TEST

START_TEST(a_signal_that_is_handled_is_waited_for_apart)
{
	struct proc *p = start("one", arena_printf(&drill.arena,
	    "trap 'exit 7' TERM; echo $$ >%s; while :; do sleep 0.01; done",
	    here("/tmp/pid")));
	pid_t pid = drill_pid(there("/tmp/pid"));

	ck_assert_int_eq(machine_kill(m(), "one", SIGTERM, NULL), 0);
	ck_assert(machine_wait(m(), "one", pid, 20 * SEC));
	ck_assert_int_eq(proc_status(p), 7);
	ck_assert_int_eq(drill.run.lost_us, 0);
}
END_TEST

START_TEST(a_name_that_runs_cannot_be_started_again_until_it_ends)
{
	char *argv[] = { (char[]){ "true" }, NULL };
	struct err e = ERR_INIT;

	(void)start("one", "exec sleep 100");
	ck_assert_ptr_null(machine_start(m(), "one", argv, &e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "runs already"));
	err_release(&e);
	ck_assert_int_eq(machine_kill(m(), "one", SIGKILL, NULL), 0);
	ck_assert_ptr_nonnull(machine_start(m(), "one", argv, NULL));
}
END_TEST

/* A deployment's tree: entrypoint → `litestream replicate` → application.
 * The release is a copy of bash, so that its name is Litestream's. */
static void
deploy(void)
{

	ck_assert_int_eq(file_copy("/bin/bash", drill_path("binary"), NULL),
	    0);
	drill.rel.path = drill_path("binary");
	(void)replace();
	(void)start("deployment", arena_printf(&drill.arena,
	    "litestream -c 'sh -c \"echo \\$\\$ >%s; exec sleep 100\" & "
	    "echo $$ >%s; wait' replicate; :", here("/tmp/app"),
	    here("/tmp/rep")));
	(void)drill_pid(there("/tmp/app"));
	(void)drill_pid(there("/tmp/rep"));
}

START_TEST(names_below_a_deployment_are_found)
{

	deploy();
	ck_assert_int_eq(machine_pid(m(), "replicator"),
	    drill_pid(there("/tmp/rep")));
	ck_assert_int_eq(machine_pid(m(), "application"),
	    drill_pid(there("/tmp/app")));
	ck_assert_int_ne(machine_pid(m(), "deployment"),
	    machine_pid(m(), "replicator"));
}
END_TEST

START_TEST(the_application_below_a_deployment_is_killed)
{
	pid_t app;

	deploy();
	app = machine_pid(m(), "application");
	ck_assert_int_eq(machine_kill(m(), "application", SIGKILL, NULL), 0);
	ck_assert(!drill_lives(app));
	ck_assert_int_gt(drill.run.lost_us, 0);
}
END_TEST

/* ---- the end of a machine ---- */

START_TEST(replace_takes_files_and_processes_and_keeps_the_image)
{
	const char *out;
	pid_t pid, stray;

	drill_write(drill_path("key"), "secret", 0600);
	ck_assert_int_eq(machine_install(m(), "/app/_creds/key.json",
	    drill_path("key"), 0600, NULL), 0);
	machine_env(m(), "A", "b");
	(void)start("one", arena_printf(&drill.arena, "(setsid sh -c 'echo $$ "
	    ">%s; exec sleep 100' &); echo $$ >%s; exec sleep 100",
	    here("/tmp/stray"), here("/tmp/pid")));
	pid = drill_pid(there("/tmp/pid"));
	stray = drill_pid(there("/tmp/stray"));
	ck_assert_int_eq(sh(arena_printf(&drill.arena, "echo x >%s; echo y "
	    ">made", here("/data/app.db")), &out), 0);
	(void)replace();
	ck_assert(!drill_lives(pid));
	ck_assert(!drill_lives(stray));
	ck_assert(!file_exists(there("/data/app.db")));
	ck_assert(!file_exists(there("/app/made")));
	ck_assert_str_eq(drill_read(there("/app/_creds/key.json")), "secret");
	ck_assert_int_eq(sh("test $A = b && cat _creds/key.json", &out), 0);
	ck_assert_str_eq(out, "secret");
	ck_assert_int_eq(machine_pid(m(), "one"), -1);
	ck_assert_int_gt(drill.run.lost_us, 0);
}
END_TEST

START_TEST(what_an_exec_left_behind_dies_with_the_machine)
{
	const char *out;
	pid_t stray;

	ck_assert_int_eq(sh(arena_printf(&drill.arena, "(setsid sh -c 'echo "
	    "$$ >%s; exec sleep 100' &); while ! [ -s %s ]; do :; done",
	    here("/tmp/stray"), here("/tmp/stray")), &out), 0);
	stray = drill_pid(there("/tmp/stray"));
	machine_halt(m());
	ck_assert(!drill_lives(stray));
	ck_assert(file_exists(there("/tmp/stray")));
}
END_TEST

START_TEST(a_loss_by_kill_is_not_moved_by_the_replacement)
{
	int64_t lost;

	(void)start("replicator", "exec sleep 100");
	ck_assert_int_eq(machine_kill(m(), "replicator", SIGKILL, NULL), 0);
	lost = drill.run.lost_us;
	(void)replace();
	ck_assert_int_eq(drill.run.lost_us, lost);
	(void)start("replicator", "exec sleep 100");
	(void)replace();
	ck_assert_int_gt(drill.run.lost_us, lost);
}
END_TEST

/* ---- shell ---- */

static int
line(const char *text, const char **out, const char **err)
{
	struct err e = ERR_INIT;
	bool late;
	int rc;

	rc = machine_shell(m(), text, 20 * SEC, out, err, &late, &e);
	ck_assert(!late);
	err_release(&e);
	return (rc);
}

START_TEST(shell_keeps_its_state_from_line_to_line)
{
	const char *out, *err;

	ck_assert_int_eq(line("A='b c'; mkdir -p x && cd x\n", &out, &err), 0);
	ck_assert_int_eq(line("f() { echo \"$A\"; }\n", &out, &err), 0);
	ck_assert_int_eq(line("f; basename \"$PWD\"; echo no >&2\n", &out,
	    &err), 0);
	ck_assert_str_eq(out, "b c\nx\n");
	ck_assert_str_eq(err, "no\n");
	ck_assert_int_eq(line("(exit 5)\n", &out, &err), 5);
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(line("! false\n", &out, &err), 0);
}
END_TEST

START_TEST(shell_takes_a_line_of_many_lines)
{
	const char *out, *err;

	ck_assert_int_eq(line("for i in 1 2; do\n  cat <<E\n$i\nE\ndone\n",
	    &out, &err), 0);
	ck_assert_str_eq(out, "1\n2\n");
}
END_TEST

START_TEST(shell_line_sees_no_descriptor_of_ours)
{
	const char *out, *err;

	ck_assert_int_eq(line("cat; ls /proc/self/fd | tr '\\n' ' '\n", &out,
	    &err), 0);
	ck_assert_str_eq(out, "0 1 2 3 ");
}
END_TEST

START_TEST(shell_does_not_wait_for_a_background_job)
{
	int64_t t0 = clock_mono_us();
	const char *out, *err;

	ck_assert_int_eq(line("sleep 100 &\n", &out, &err), 0);
	ck_assert_int_eq(line("kill %1 && echo killed\n", &out, &err), 0);
	ck_assert_str_eq(out, "killed\n");
	ck_assert_int_lt(clock_mono_us() - t0, 15 * SEC);
}
END_TEST

START_TEST(shell_that_exits_is_told_and_the_next_line_gets_a_new_one)
{
	const char *out, *err;
	struct err e = ERR_INIT;
	bool late;

	ck_assert_int_eq(machine_shell(m(), "echo bye; exit 3\n", 20 * SEC,
	    &out, &err, &late, &e), -1);
	ck_assert(!late);
	ck_assert_str_eq(out, "bye\n");
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "status 3"));
	err_release(&e);
	ck_assert_int_eq(line("echo again\n", &out, &err), 0);
	ck_assert_str_eq(out, "again\n");
}
END_TEST

START_TEST(shell_line_past_its_limit_is_killed)
{
	const char *out, *err;
	pid_t pid;
	bool late;

	ck_assert_int_eq(machine_shell(m(), arena_printf(&drill.arena,
	    "echo begun; sh -c 'echo $$ >%s; exec sleep 100'\n",
	    here("/tmp/pid")), SEC, &out, &err, &late, NULL), -1);
	ck_assert(late);
	ck_assert_str_eq(out, "begun\n");
	pid = drill_pid(there("/tmp/pid"));
	ck_assert(proc_wait_pid(pid, 10 * SEC));
}
END_TEST

START_TEST(shell_dies_with_the_machine)
{
	const char *out, *err;

	ck_assert_int_eq(line(arena_printf(&drill.arena, "echo $$ >%s\n",
	    here("/tmp/pid")), &out, &err), 0);
	machine_halt(m());
	ck_assert(!drill_lives(drill_pid(there("/tmp/pid"))));
}
END_TEST

int
main(void)
{
	const TTest *const both[] = {
		files_written_there_are_found_here,
		litestream_is_the_release_under_test,
		a_release_that_is_a_script_reaches_what_lies_beside_it,
		a_release_that_is_a_binary_runs,
		environment_is_the_machines_and_nothing_else,
		env_sets_and_unsets,
		status_and_signals_come_back,
		a_program_that_is_not_there_is_an_error_not_a_status,
		pid_is_the_process_not_its_wrapper,
		kill_returns_when_it_is_dead_and_its_status_is_known,
		kill_of_one_that_does_not_run_is_an_error,
		one_of_two_that_does_not_run_leaves_the_other_alone,
		two_are_killed_together,
		a_signal_that_is_handled_is_waited_for_apart,
		a_name_that_runs_cannot_be_started_again_until_it_ends,
		names_below_a_deployment_are_found,
		the_application_below_a_deployment_is_killed,
		replace_takes_files_and_processes_and_keeps_the_image,
		what_an_exec_left_behind_dies_with_the_machine,
		a_loss_by_kill_is_not_moved_by_the_replacement,
		shell_keeps_its_state_from_line_to_line,
		shell_takes_a_line_of_many_lines,
		shell_line_sees_no_descriptor_of_ours,
		shell_does_not_wait_for_a_background_job,
		shell_that_exits_is_told_and_the_next_line_gets_a_new_one,
		shell_line_past_its_limit_is_killed,
		shell_dies_with_the_machine,
	};
	const TTest *view[NELEMS(both) + 1], *plain[NELEMS(both) + 1];
	const char *why = NULL;
	bool allowed = machine_root_view_allowed(&why);
	const struct drill_case cases[] = {
		{ "root view", begin_view, end, view,
		    allowed ? NELEMS(view) : 0 },
		{ "plain folder", begin_plain, end, plain, NELEMS(plain) },
	};

	memcpy(view, both, sizeof(both));
	memcpy(plain, both, sizeof(both));
	view[NELEMS(both)] = view_shows_productions_paths_and_nothing_of_ours;
	plain[NELEMS(both)] =
	    plain_prefix_is_the_folder_and_foreign_paths_are_refused;
	if (!allowed)
		(void)printf("SKIP machine, root view: %s\n", why);
	return (drill_main("machine", cases, NELEMS(cases)));
}
