/* An emulator that may have few open files: it serves as many at a time as it
 * can serve, and says so where it cannot serve anybody; and one that may have
 * no large files.  It runs in a process of its own, for the limits are the
 * process's. */
#include <sys/resource.h>
#include <sys/wait.h>

#include "emulator/tests/client.h"
#include "emulator/tests/program.h"

#define READERS	60
#define SIZE	(12u << 20)		/* more than sockets hold */

static pid_t child;
static int tell[2], end[2];

static void
limit_files(rlim_t n)
{
	struct rlimit r = { .rlim_cur = n, .rlim_max = n };

	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		_exit(3);
}

/* Its port to tell[], until nobody has end[] any more. */
static _Noreturn void
serve(rlim_t files)
{
	struct start_opts o = { .proxy = "off", .auth = START_AUTH_OFF };
	struct err e = ERR_INIT;
	struct start *s;
	char c;
	int port;

	limit_files(files);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)close(end[1]);
	s = start_new(&o, &e);
	port = s != NULL ? start_emu(s)->http_port :
	    strstr(err_msg(&e), "open files") != NULL ? -1 : -2;
	if (write(tell[1], &port, sizeof(port)) != sizeof(port))
		_exit(3);
	while (read(end[0], &c, 1) > 0)
		;
	start_free(s);
	err_release(&e);
	_exit(0);
}

static int
serve_with(rlim_t files)
{
	int port = 0;

	ck_assert(pipe(tell) == 0 && pipe(end) == 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		serve(files);
	(void)close(end[0]);
	ck_assert(read(tell[0], &port, sizeof(port)) == sizeof(port));
	return (port);
}

static void
serve_end(void)
{
	int status;

	(void)close(end[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int
dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
	struct timeval t = { .tv_sec = 20 };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return (fd);
}

/* A request's status; 0: the connection ended without one. */
static int
ask(int fd, const char *request, const char *body, size_t n)
{
	char head[64] = "";
	int status = 0;

	(void)send(fd, request, strlen(request), MSG_NOSIGNAL);
	for (size_t i = 0; i < n; ) {
		ssize_t k = send(fd, body + i, n - i, MSG_NOSIGNAL);

		ck_assert_int_gt(k, 0);
		i += (size_t)k;
	}
	if (recv(fd, head, sizeof(head) - 1, MSG_WAITALL) >= 12)
		status = atoi(head + 9);
	return (status);
}

static int
once(int port, const char *request, const char *body, size_t n)
{
	int fd = dial(port), status = ask(fd, request, body, n);

	(void)close(fd);
	return (status);
}

START_TEST(nobody_is_told_that_the_store_failed)
{
	static const char bucket[] = "{\"name\":\"bkt\"}";
	char *body = mem_alloc(SIZE);
	int port = serve_with((rlim_t)_i), fds[READERS], served = 0;
	char head[200];

	ck_assert_int_gt(port, 0);
	(void)snprintf(head, sizeof(head), "POST /storage/v1/b"
	    "?project=litedrill HTTP/1.1\r\nHost: localhost\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    strlen(bucket));
	ck_assert_int_eq(once(port, head, bucket, strlen(bucket)), 200);
	(void)snprintf(head, sizeof(head), "PUT /bkt/o HTTP/1.1\r\n"
	    "Host: localhost\r\nContent-Length: %u\r\n\r\n", SIZE);
	ck_assert_int_eq(once(port, head, body, SIZE), 200);
	for (int i = 0; i < READERS; i++) {
		int status;

		fds[i] = dial(port);
		status = ask(fds[i], "GET /bkt/o HTTP/1.1\r\n"
		    "Host: localhost\r\n\r\n", NULL, 0);
		ck_assert_msg(status == 200 || status == 0, "%d", status);
		served += status == 200;
	}
	ck_assert_int_eq(served, READERS);
	for (int i = 0; i < READERS; i++)
		(void)close(fds[i]);
	ck_assert_int_eq(once(port, "GET /bkt/o HTTP/1.1\r\n"
	    "Host: localhost\r\n\r\n", NULL, 0), 200);
	serve_end();
	free(body);
}
END_TEST

START_TEST(too_few_are_an_error_at_the_start)
{

	ck_assert_int_eq(serve_with(30), -1);
	serve_end();
}
END_TEST

/* The program itself, which must not end by a signal. */
static int
run_with_small_files(char *path)
{
	struct rlimit r = { .rlim_cur = 1 << 20, .rlim_max = 1 << 20 };
	char line[512] = "", *port;

	ck_assert(pipe(tell) == 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (dup2(tell[1], 1) == 1 && setrlimit(RLIMIT_FSIZE, &r) == 0)
			(void)execl(path, path, "--proxy", "off", (char *)0);
		_exit(3);
	}
	(void)close(tell[1]);
	ck_assert_int_gt(read(tell[0], line, sizeof(line) - 1), 0);
	port = strstr(line, "http=127.0.0.1:");
	ck_assert_msg(port != NULL, "%s", line);
	return (atoi(port + 15));
}

START_TEST(what_may_not_grow_is_a_full_disk)
{
	static const char bucket[] = "{\"name\":\"bkt\"}";
	static const size_t size[] = { 2 << 20, 1000, 3 << 20, 100000 };
	char *body = mem_alloc(4 << 20), *path = program_path(), head[200];
	int port = run_with_small_files(path), status;

	(void)snprintf(head, sizeof(head), "POST /storage/v1/b"
	    "?project=litedrill HTTP/1.1\r\nHost: localhost\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    strlen(bucket));
	ck_assert_int_eq(once(port, head, bucket, strlen(bucket)), 200);
	for (size_t i = 0; i < NELEMS(size); i++) {
		(void)snprintf(head, sizeof(head), "%s HTTP/1.1\r\n"
		    "Host: localhost\r\nContent-Length: %zu\r\n\r\n",
		    i < 2 ? "PUT /bkt/o" : "POST /upload/storage/v1/b/bkt/o"
		    "?uploadType=media&name=p", size[i]);
		ck_assert_int_eq(once(port, head, body, size[i]),
		    size[i] > 1 << 20 ? 507 : 200);
	}
	ck_assert_int_eq(kill(child, SIGTERM), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	free(body);
	free(path);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("few_files");
	TCase *t = tcase_create("few");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, nobody_is_told_that_the_store_failed, 40, 41);
	tcase_add_loop_test(t, nobody_is_told_that_the_store_failed, 64, 65);
	tcase_add_loop_test(t, nobody_is_told_that_the_store_failed, 100, 101);
	tcase_add_test(t, too_few_are_an_error_at_the_start);
	tcase_add_test(t, what_may_not_grow_is_a_full_disk);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
