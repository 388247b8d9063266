/* In the place of fake-gcs-server: the real program, called by that name with
 * the flags that the Testcontainers modules give it, waited for by the log
 * line that they wait for, and talked to as they do.  Its metrics too. */
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "emulator/tests/client.h"
#include "emulator/tests/program.h"
#include "lib/file.h"

extern char **environ;

static char dir[64];
static pid_t pid;
static int out = -1;
static char url[128];

static char *
at(const char *name)
{

	return (mem_printf("%s/%s", dir, name));
}

/* The program that was built beside this test. */
static void
make_link(void)
{
	const char *tmp = getenv("TMPDIR");
	char *program = program_path(), *link;

	ck_assert_msg(file_exists(program), "%s is not built", program);
	(void)snprintf(dir, sizeof(dir), "%.40s/dropXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	link = at("fake-gcs-server");
	ck_assert_int_eq(symlink(program, link), 0);
	free(link);
	free(program);
}

/* Up to the words "server started at URL", which is kept. */
static void
wait_started(void)
{
	struct buf log;
	const char *p;
	char c;

	buf_init(&log, 1u << 20);
	while ((p = strstr(log.p, "server started at ")) == NULL ||
	    strchr(p, '\n') == NULL) {
		ck_assert_msg(read(out, &c, 1) == 1, "it ended: %s", log.p);
		buf_addc(&log, c);
	}
	p += strlen("server started at ");
	(void)snprintf(url, sizeof(url), "%.*s", (int)strcspn(p, "\n"), p);
	buf_release(&log);
}

static void
run(const char *const *more)
{
	char *argv[16] = { at("fake-gcs-server") }, *env[4];
	posix_spawn_file_actions_t fa;
	int fd[2], n = 1;

	for (; *more != NULL; more++)
		argv[n++] = mem_strdup(*more);
	argv[n] = NULL;
	env[0] = mem_printf("TMPDIR=%s", dir);
	env[1] = mem_strdup("GCS_EMULATOR_LISTEN_BEYOND_LOOPBACK=1");
	env[2] = mem_strdup("GCS_EMULATOR_ANYONE_MAY_DO_ANYTHING=1");
	env[3] = NULL;
	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	ck_assert_int_eq(posix_spawn_file_actions_init(&fa), 0);
	ck_assert_int_eq(posix_spawn_file_actions_adddup2(&fa, fd[1], 1), 0);
	ck_assert_int_eq(posix_spawn_file_actions_adddup2(&fa, fd[1], 2), 0);
	ck_assert_int_eq(posix_spawn(&pid, argv[0], &fa, NULL, argv, env), 0);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)close(fd[1]);
	out = fd[0];
	for (n = 0; argv[n] != NULL; n++)
		free(argv[n]);
	free(env[0]);
	free(env[1]);
	free(env[2]);
}

static void
finish(void)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	(void)close(out);
	curl_easy_cleanup(cl.curl);
	buf_release(&cl.head);
	buf_release(&cl.body);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
}

static int
ask(const char *method, const char *path, const char *body, const char *h)
{
	const char *const headers[] = { h, NULL };
	char *full;

	/* 0.0.0.0 is where it listens; a container's port is localhost's. */
	full = mem_printf("%.*s127.0.0.1%s%s", (int)(strstr(url, "0.0.0.0") -
	    url), url, strstr(url, "0.0.0.0") + strlen("0.0.0.0"), path);
	ck_assert_int_eq(client_try(method, full, body, strlen(body),
	    h != NULL ? headers : NULL), CURLE_OK);
	free(full);
	return (cl.status);
}

static void
client(void)
{

	cl.curl = curl_easy_init();
	curl_easy_setopt(cl.curl, CURLOPT_PROXY, "");
	curl_easy_setopt(cl.curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(cl.curl, CURLOPT_SSL_VERIFYHOST, 0L);
	buf_init(&cl.head, 64u << 10);
	buf_init(&cl.body, ANSWER_MAX);
}

/* What a module and then a test do with it. */
static void
use(bool kept)
{
	const char *where;

	ck_assert_int_eq(ask("GET", "/_internal/healthcheck", "", NULL), 200);
	ck_assert_int_eq(ask("PUT", "/_internal/config",
	    "{\"externalUrl\":\"http://gcs.test:32768\"}",
	    "Content-Type: application/json"), 200);
	ck_assert_int_eq(ask("GET", "/storage/v1/b", "",
	    "Host: gcs.test:32768"), 200);
	ck_assert_int_eq(ask("GET", "/storage/v1/b", "", "Host: evil.test"),
	    403);
	ck_assert_int_eq(ask("POST", "/storage/v1/b?project=test",
	    "{\"name\":\"made\"}", "Content-Type: application/json"), 200);
	ck_assert_int_eq(ask("POST", "/upload/storage/v1/b/made/o?uploadType="
	    "resumable&name=r", "", "Host: gcs.test:32768"), 200);
	where = client_header("Location");
	ck_assert_ptr_nonnull(strstr(where, "://gcs.test:32768/"));
	ck_assert_int_eq(ask("POST", "/upload/storage/v1/b/made/o?uploadType="
	    "media&name=a%2Fb", "bytes", "Content-Type: text/plain"), 200);
	ck_assert_int_eq(ask("GET", "/download/storage/v1/b/made/o/a%2Fb"
	    "?alt=media", "", NULL), 200);
	ck_assert_str_eq(cl.body.p, "bytes");
	/* Nobody knows of projects there. */
	ck_assert_int_eq(ask("GET", "/storage/v1/b?project=any", "", NULL),
	    200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "\"seeded\""));
	ck_assert_int_eq(ask("GET", "/storage/v1/b/seeded/o/x.txt", "", NULL),
	    200);
	ck_assert_int_eq(ask("DELETE", "/storage/v1/b/seeded/o/x.txt", "",
	    NULL), 204);
	ck_assert_int_eq(ask("GET", "/storage/v1/b/made", "", NULL), 200);
	client_is("location", "US-CENTRAL1");
	ck_assert_int_eq(ask("POST", "/_internal/reseed", "", NULL), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "\"seeded\""));
	ck_assert_int_eq(cl.body.p[0], '[');
	ck_assert_int_eq(ask("GET", "/seeded/x.txt", "", NULL), 200);
	/* What is in memory alone begins anew. */
	ck_assert_int_eq(ask("GET", "/storage/v1/b/made", "", NULL),
	    kept ? 200 : 404);
	ck_assert_int_eq(ask("PATCH", "/storage/v1/b/seeded/o/x.txt",
	    "{\"temporaryHold\":true}", NULL), 200);
	ck_assert_int_eq(ask("POST", "/_internal/delete_all", "",
	    "Origin: http://page.test"), 403);
	ck_assert_int_eq(ask("POST", "/_internal/delete_all", "", NULL), 200);
	client_is("message", "All files deleted successfully");
	ck_assert_int_eq(ask("GET", "/storage/v1/b/seeded", "", NULL), 404);
	ck_assert_int_eq(ask("GET", "/storage/v1/b/made", "", NULL), 404);
	ck_assert_int_eq(ask("GET", "/storage/v1/b?softDeleted=true&project=x",
	    "", NULL), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "made"));
	ck_assert_int_eq(ask("GET", "/_emulator/metrics", "", NULL), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "gcs_emulator_requests_total{"
	    "method=\"storage.buckets.insert\",code=\"200\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(cl.body.p, "gcs_emulator_buckets 0\n"));
	ck_assert_ptr_nonnull(strstr(cl.body.p,
	    "process_resident_memory_bytes "));
}

static void
seed(void)
{
	char *folder = at("data/seeded"), *file = at("data/seeded/x.txt");

	ck_assert_int_eq(file_mkdirs(folder, 0755, NULL), 0);
	ck_assert_int_eq(file_write(file, "seed", 4, 0644, NULL), 0);
	free(folder);
	free(file);
}

START_TEST(flags_of_the_testcontainers_modules_over_http)
{
	char *data;

	make_link();
	seed();
	client();
	data = at("data");
	{
		const char *const flags[] = { "-scheme", "http", "-port", "0",
			"-backend", "memory", "-data", data, "-public-host",
			"localhost", "-external-url",
			"http://localhost:49152", NULL };

		run(flags);
	}
	wait_started();
	ck_assert_ptr_nonnull(strstr(url, "http://0.0.0.0:"));
	use(false);
	free(data);
	finish();
}
END_TEST

START_TEST(https_by_default_and_data_kept_in_the_root)
{
	char *root, *data;

	make_link();
	seed();
	client();
	root = at("root");
	data = at("data");
	{
		const char *const flags[] = { "-port", "0",
			"-filesystem-root", root, "-data", data, NULL };

		run(flags);
	}
	wait_started();
	ck_assert_ptr_nonnull(strstr(url, "https://0.0.0.0:"));
	use(true);
	ck_assert(file_exists(root));
	free(root);
	free(data);
	finish();
}
END_TEST

/* Without -k: by our authority, under the names that it is known by. */
START_TEST(https_is_certified_for_the_names_it_answers_for)
{
	static const char *const names[] = { "localhost", "127.0.0.1",
		"gcs.test", "bkt.gcs.test" };
	struct start_opts o = { .https = "127.0.0.1:0", .proxy = "off",
	    .allow_hosts = "gcs.test" };

	client_start(&o);
	for (size_t i = 0; i <= NELEMS(names); i++) {
		const char *name = i < NELEMS(names) ? names[i] : "evil.test";
		char to[128], at[128];
		struct curl_slist *list;

		(void)snprintf(at, sizeof(at), "https://%s:%d/", name,
		    cl.emu->https_port);
		(void)snprintf(to, sizeof(to), "%s:%d:127.0.0.1", name,
		    cl.emu->https_port);
		list = curl_slist_append(NULL, to);
		curl_easy_setopt(cl.curl, CURLOPT_RESOLVE, list);
		curl_easy_setopt(cl.curl, CURLOPT_CAINFO, cl.emu->ca_file);
		ck_assert_msg(client_try("GET", at, NULL, 0, NULL) ==
		    (i < NELEMS(names) ? CURLE_OK :
		    CURLE_PEER_FAILED_VERIFICATION), "%s", name);
		curl_slist_free_all(list);
	}
	client_stop();
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_test(t, https_is_certified_for_the_names_it_answers_for);
	tcase_add_test(t, flags_of_the_testcontainers_modules_over_http);
	tcase_add_test(t, https_by_default_and_data_kept_in_the_root);
}

int
main(void)
{

	return (client_main("dropin", add));
}
