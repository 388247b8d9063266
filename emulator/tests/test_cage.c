/* Where exec's command runs: the real program, in both kinds of place. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/cage/cage.h"
#include "emulator/tests/program.h"
#include "lib/buf.h"
#include "lib/file.h"

#define ACCOUNT	"the-machine@litedrill.iam.gserviceaccount.com"

static char *program;
static bool private_here;
static struct buf said;
static const char *const nets[] = { "host", "private" };

/* Begins `exec --net NET -- bash -c SCRIPT`; *out is its output and errors.  No
 * key is made, which would take longer than all else: the machine has an
 * account. */
static pid_t
begin(const char *net, const char *script, int *out)
{
	char *argv[] = { mem_strdup("gcs-emulator"), mem_strdup("exec"),
	    mem_strdup("--net"), mem_strdup(net),
	    mem_strdup("--metadata-account=" ACCOUNT),
	    mem_strdup("--"), mem_strdup("bash"), mem_strdup("-c"),
	    mem_strdup(script), NULL };
	char *env[] = { mem_printf("PATH=%s", getenv("PATH")),
	    mem_printf("TMPDIR=%s", getenv("TMPDIR") != NULL ?
	    getenv("TMPDIR") : "/tmp"), mem_strdup("NO_PROXY=*"),
	    mem_strdup("no_proxy=*"), mem_strdup("ALL_PROXY=http://x.y:1"),
	    mem_printf("EMULATOR=%s", program), NULL };
	posix_spawn_file_actions_t fa;
	int fd[2];
	pid_t pid;

	BUG_ON(pipe2(fd, O_CLOEXEC) != 0);
	BUG_ON(posix_spawn_file_actions_init(&fa) != 0);
	BUG_ON(posix_spawn_file_actions_adddup2(&fa, fd[1], 1) != 0);
	BUG_ON(posix_spawn_file_actions_adddup2(&fa, fd[1], 2) != 0);
	BUG_ON(posix_spawn(&pid, program, &fa, NULL, argv, env) != 0);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)close(fd[1]);
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	for (size_t i = 0; env[i] != NULL; i++)
		free(env[i]);
	*out = fd[0];
	return (pid);
}

/* All it says, up to the end of all that could say something; its status. */
static int
end(pid_t pid, int out)
{
	char piece[4096];
	ssize_t n;
	int status;

	while ((n = read(out, piece, sizeof(piece))) > 0)
		buf_add(&said, piece, (size_t)n);
	(void)close(out);
	BUG_ON(waitpid(pid, &status, 0) != pid);
	return (WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status));
}

static int
run(const char *net, const char *script)
{
	int out;
	pid_t pid;

	buf_reset(&said);
	pid = begin(net, script, &out);
	return (end(pid, out));
}

/* Up to a line of one word. */
static void
wait_line(int out, const char *word)
{
	char c;

	buf_reset(&said);
	while (strstr(said.p, word) == NULL) {
		ck_assert_msg(read(out, &c, 1) == 1, "it ended: %s", said.p);
		buf_addc(&said, c);
	}
}

static bool
skip(const char *net)
{

	if (strcmp(net, "private") != 0 || private_here)
		return (false);
	(void)fprintf(stderr, "SKIP private network: not allowed here\n");
	return (true);
}

/* ---- names ---- */

START_TEST(names_of_google_are_here_and_others_nowhere)
{

	ck_assert_str_eq(cage_address("storage.googleapis.com"), "127.0.0.1");
	ck_assert_str_eq(cage_address("b.c.storage.googleapis.com"),
	    "127.0.0.1");
	ck_assert_str_eq(cage_address("metadata.google.internal"),
	    CAGE_METADATA);
	ck_assert_ptr_null(cage_address("example.com"));
	ck_assert_ptr_null(cage_address("storage.googleapis.com.evil.org"));
}
END_TEST

static const unsigned char query[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0"
    "\3bkt\7STORAGE\12googleapis\3com\0\0\1\0\1";

START_TEST(dns_answers_for_a_bucket)
{
	unsigned char a[512];
	size_t n = sizeof(query) - 1, m = cage_dns(query, n, a, sizeof(a));

	ck_assert_uint_eq(m, n + 16);
	ck_assert_int_eq(memcmp(a, "\x12\x34\x85\x80\0\1\0\1\0\0\0\0", 12), 0);
	ck_assert_int_eq(memcmp(a + m - 6, "\0\4\x7f\0\0\1", 6), 0);
}
END_TEST

START_TEST(dns_says_what_is_not_there)
{
	unsigned char q[sizeof(query)], a[512];
	size_t n = sizeof(query) - 1;

	memcpy(q, query, sizeof(q));
	q[n - 3] = 28;			/* AAAA: the name is there */
	ck_assert_uint_eq(cage_dns(q, n, a, sizeof(a)), n);
	ck_assert_int_eq(a[3], 0x80);
	q[n - 7] = 'x';			/* .cxm */
	ck_assert_uint_eq(cage_dns(q, n, a, sizeof(a)), n);
	ck_assert_int_eq(a[3], 0x83);
}
END_TEST

START_TEST(dns_takes_nothing_that_is_cut_or_loops)
{
	unsigned char q[sizeof(query)], a[512];

	for (size_t n = 0; n < sizeof(query) - 1; n++)
		ck_assert_uint_eq(cage_dns(query, n, a, sizeof(a)), 0);
	memcpy(q, query, sizeof(q));
	q[12] = 0xc0;			/* a pointer to itself */
	q[13] = 12;
	ck_assert_uint_eq(cage_dns(q, sizeof(q) - 1, a, sizeof(a)), 0);
	memcpy(q, query, sizeof(q));
	q[2] |= 0x80;			/* an answer */
	ck_assert_uint_eq(cage_dns(q, sizeof(q) - 1, a, sizeof(a)), 0);
	ck_assert_uint_eq(cage_dns(query, sizeof(query) - 1, a, 40), 0);
}
END_TEST

/* ---- the command ---- */

START_TEST(status_of_the_command_is_passed_on)
{
	const char *net = nets[_i];

	if (skip(net))
		return;
	ck_assert_int_eq(run(net, "exit 7"), 7);
	ck_assert_int_eq(run(net, "kill -9 $$"), 137);
	ck_assert_int_eq(run(net, "exec /nowhere/at/all"), 127);
	ck_assert_int_eq(run(net, "exec /etc/passwd"), 126);
}
END_TEST

START_TEST(signals_are_passed_on)
{
	const char *net = nets[_i];
	pid_t pid;
	int out;

	if (skip(net))
		return;
	pid = begin(net, "trap 'echo got; exit 9' TERM; echo begun; "
	    "while :; do read -t 1 <> <(:); done", &out);
	wait_line(out, "begun\n");
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(end(pid, out), 9);
	ck_assert_ptr_nonnull(strstr(said.p, "got\n"));
}
END_TEST

/* Its output ends, so nobody is left who holds it. */
START_TEST(nobody_is_left_behind)
{
	const char *net = nets[_i];
	pid_t pid;
	int out;

	if (skip(net))
		return;
	ck_assert_int_eq(run(net, "(setsid setsid sleep 1000 &) ; "
	    "sleep 1000 & exit 3"), 3);
	/* … killed without a chance to tidy up, either. */
	pid = begin(net, "(setsid setsid sleep 1000 &) ; echo begun; "
	    "sleep 1000", &out);
	wait_line(out, "begun\n");
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(end(pid, out), 137);
}
END_TEST

#define STORAGE	"https://storage.googleapis.com/storage/v1/b?project=x"
#define CURL	"curl -sS -m 5 -o /dev/null -w '%{http_code}\\n' "

START_TEST(clients_meet_the_emulator)
{
	const char *net = nets[_i];

	if (skip(net))
		return;
	ck_assert_int_eq(run(net, CURL STORAGE), 0);
	ck_assert_str_eq(said.p, "401\n");
	/* The control API is in there, too. */
	ck_assert_int_eq(run(net, CURL "$GCS_EMULATOR_HTTP/_emulator/ready"),
	    0);
	ck_assert_str_eq(said.p, "200\n");
}
END_TEST

#define TOKEN	"/computeMetadata/v1/instance/service-accounts/default/email"

START_TEST(machine_tells_its_account)
{
	const char *net = nets[_i];

	if (skip(net))
		return;
	ck_assert_int_eq(run(net, "[ -n \"$GCE_METADATA_HOST\" ] || "
	    "GCE_METADATA_HOST=metadata.google.internal; curl -sS -m 5 "
	    "-H 'Metadata-Flavor: Google' http://$GCE_METADATA_HOST" TOKEN),
	    0);
	ck_assert_str_eq(said.p, ACCOUNT);
}
END_TEST

START_TEST(who_ignores_all_of_it_meets_the_emulator)
{

	if (skip("private"))
		return;
	ck_assert_int_eq(run("private", "env -i no_proxy=* " CURL STORAGE), 0);
	ck_assert_str_eq(said.p, "401\n");
	/* By DNS, not by the hosts file; and plain, as all may ask. */
	ck_assert_int_eq(run("private", "env -i " CURL
	    "https://any-bucket.storage.googleapis.com/x"), 0);
	ck_assert_str_eq(said.p, "404\n");
	ck_assert_int_eq(run("private", "env -i " CURL
	    "http://storage.googleapis.com/any-bucket/x"), 0);
	ck_assert_str_eq(said.p, "404\n");
}
END_TEST

START_TEST(nothing_leaves)
{

	if (skip("private"))
		return;
	ck_assert_int_eq(run("private", "</dev/tcp/1.1.1.1/443"), 1);
	ck_assert_ptr_nonnull(strstr(said.p, "Network is unreachable"));
	ck_assert_int_eq(run("private", "</dev/udp/8.8.8.8/53"), 1);
	ck_assert_ptr_nonnull(strstr(said.p, "Network is unreachable"));
	ck_assert_int_eq(run("private", "getent hosts example.com"), 2);
	ck_assert_int_eq(run("private", "</dev/tcp/169.254.169.254/80"), 0);
}
END_TEST

/* Faults reach this way in, too: it refuses, three times, and comes back. */
START_TEST(refused_ports_come_back)
{

	if (skip("private"))
		return;
	ck_assert_int_eq(run("private", "f() { curl -sS -o /dev/null "
	    "-H \"X-Emulator-Token: $GCS_EMULATOR_TOKEN\" \"$@\" "
	    "$GCS_EMULATOR_HTTP/_emulator/faults; };"
	    "for i in 1 2 3; do"
	    " f -d '{\"kind\":\"refuse\"}'; " CURL STORAGE "; echo rc=$?;"
	    " f -X DELETE; " CURL STORAGE "; done"), 0);
	for (int i = 0; i < 3; i++) {
		char *refused = strstr(said.p, "000\nrc=7\n");

		ck_assert_msg(refused != NULL, "%s", said.p);
		ck_assert_int_eq(strncmp(refused + 9, "401\n", 4), 0);
		buf_drop(&said, (size_t)(refused - said.p) + 9);
	}
}
END_TEST

/* A user of namespaces of his own who may not make networks: told once, and
 * then by proxies; or not at all. */
START_TEST(without_namespaces_it_falls_back_and_says_so)
{
	int status = run("host", "unshare -Ur true");

	if (status != 0) {
		(void)fprintf(stderr, "SKIP without namespaces: unshare -Ur "
		    "is not allowed here\n");
		return;
	}
#define NONE	"unshare -Ur bash -c 'echo 0 > " \
		"/proc/sys/user/max_net_namespaces; exec \"$@\"' - "
#define EXEC	" exec --credentials own --net "
	buf_reset(&said);
	status = run("host", "exec " NONE "$EMULATOR" EXEC "auto -- sh -c "
	    "'curl -sS -m 5 -o /dev/null -w %{http_code} '" STORAGE);
	ck_assert_msg(status == 0, "%d: %s", status, said.p);
	ck_assert_ptr_nonnull(strstr(said.p, "no private network here ("));
	ck_assert_ptr_nonnull(strstr(said.p, "401"));
	status = run("host", "exec " NONE "$EMULATOR" EXEC "private -- true");
	ck_assert_int_eq(status, 2);
	ck_assert_ptr_nonnull(strstr(said.p, "--net host does without"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cage");
	TCase *t = tcase_create("all");
	pid_t pid;
	int out;

	program = program_path();
	buf_init(&said, 1u << 20);
	pid = begin("private", "true", &out);
	private_here = end(pid, out) == 0;
	tcase_set_timeout(t, 60);
	tcase_add_test(t, names_of_google_are_here_and_others_nowhere);
	tcase_add_test(t, dns_answers_for_a_bucket);
	tcase_add_test(t, dns_says_what_is_not_there);
	tcase_add_test(t, dns_takes_nothing_that_is_cut_or_loops);
	tcase_add_loop_test(t, status_of_the_command_is_passed_on, 0, 2);
	tcase_add_loop_test(t, signals_are_passed_on, 0, 2);
	tcase_add_loop_test(t, nobody_is_left_behind, 0, 2);
	tcase_add_loop_test(t, clients_meet_the_emulator, 0, 2);
	tcase_add_loop_test(t, machine_tells_its_account, 0, 2);
	tcase_add_test(t, who_ignores_all_of_it_meets_the_emulator);
	tcase_add_test(t, nothing_leaves);
	tcase_add_test(t, refused_ports_come_back);
	tcase_add_test(t, without_namespaces_it_falls_back_and_says_so);
	suite_add_tcase(s, t);
	return (s);
}

int
main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	buf_release(&said);
	free(program);
	return (failed == 0 ? 0 : 1);
}
