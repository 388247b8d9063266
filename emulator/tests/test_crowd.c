/* Idle and slow connections, by hundreds, and what is served meanwhile.
 * Where limits are times, the server's seconds are short. */
#include "emulator/tests/wire.h"

#include <pthread.h>

#include "emulator/http/limits.h"

#ifdef __SANITIZE_THREAD__
#define SECOND	20000LL		/* us; everything is slow then */
#else
#define SECOND	3000LL
#endif
#define MAX	64
#define MANY	120

#define HOST	"Host: localhost\r\n"
#define O	"/storage/v1/b/bkt/o"
#define GET(path)	"GET " path " HTTP/1.1\r\n" HOST "\r\n"

static struct wire w;
static int many[MANY];

static void
start(int64_t second_us)
{
	struct server_opts o = { .proxy = "127.0.0.1:0",
	    .https = "127.0.0.1:0", .max_connections = MAX,
	    .second_us = second_us };

	wire_start(&o);
	wire_init(&w);
	for (int i = 0; i < MANY; i++)
		many[i] = -1;
}

static void
setup_short(void)
{

	start(SECOND);
}

static void
setup(void)
{

	start(0);
}

static void
teardown(void)
{

	for (int i = 0; i < MANY; i++)
		if (many[i] >= 0)
			(void)close(many[i]);
	wire_release(&w);
	wire_stop();
}

/* All of `many`, each of which says `text` to the port. */
static void
open_many(int port, const char *text)
{

	for (int i = 0; i < MANY; i++) {
		many[i] = wire_open(port);
		if (send(many[i], text, strlen(text), MSG_NOSIGNAL) < 0)
			ck_assert(errno == EPIPE || errno == ECONNRESET);
	}
}

/* How many of them the server has not closed. */
static int
count_open(void)
{
	char piece[4096];
	int n = 0;

	for (int i = 0; i < MANY; i++) {
		ssize_t k;

		do
			k = recv(many[i], piece, sizeof(piece), MSG_DONTWAIT);
		while (k > 0);
		n += k < 0 && errno == EAGAIN;
	}
	return (n);
}

/* The others wait to be accepted, and none has to wait for long. */
static void
crowd_is_bounded(void)
{
	int64_t began = clock_mono_us();

	while (count_open() > MAX)
		ck_assert_int_lt(clock_mono_us() - began, 5000000);
}

static int64_t
ms_to_serve(void)
{
	int64_t t = clock_mono_us();
	int fd = wire_connect();

	wire_send(fd, GET(O));
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
	return ((clock_mono_us() - t) / 1000);
}

/* ---- time ---- */

START_TEST(head_that_does_not_come_is_408)
{
	static const char *const t[] = { "G", "GET / HTTP/1.1\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\n" };

	for (size_t i = 0; i < NELEMS(t); i++) {
		int64_t began = clock_mono_us();
		int fd = wire_connect();

		/* a byte now and then does not help */
		wire_send(fd, t[i]);
		while (send(fd, "a", 1, MSG_NOSIGNAL) == 1) {
			struct pollfd p = { .fd = fd, .events = POLLIN };

			if (poll(&p, 1, 20) == 1)
				break;
			ck_assert_int_lt(clock_mono_us() - began, 5000000);
		}
		ck_assert_int_eq(wire_answer(fd, &w, false), 408);
		ck_assert_int_ge(clock_mono_us() - began,
		    LIMIT_HEAD_S * SECOND);
		(void)close(fd);
	}
}
END_TEST

START_TEST(idle_connection_is_closed_without_a_word)
{
	int64_t began = clock_mono_us();
	int fresh = wire_connect(), used = wire_connect();

	wire_send(used, GET(O));
	ck_assert_int_eq(wire_answer(used, &w, false), 200);
	ck_assert(wire_ended(fresh));
	ck_assert(wire_ended(used));
	ck_assert_int_ge(clock_mono_us() - began, LIMIT_IDLE_S * SECOND);
	(void)close(fresh);
	(void)close(used);
}
END_TEST

static bool
journalled(const char *api, int64_t n)
{
	struct journal_filter f = { .api = api };

	return (journal_wait(x.emu.journal, &f, n, 10 * 1000000));
}

START_TEST(body_that_does_not_come_is_given_up)
{
	int64_t began = clock_mono_us();
	int fd = wire_connect();

	wire_send(fd, "PUT /bkt/x HTTP/1.1\r\n" HOST
	    "Content-Length: 100\r\n\r\n");
	while (send(fd, "a", 1, MSG_NOSIGNAL) == 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 50) == 1)
			break;
		ck_assert_int_lt(clock_mono_us() - began, 9000000);
	}
	ck_assert(wire_ended(fd));
	ck_assert_int_ge(clock_mono_us() - began, LIMIT_MOVE_S * SECOND);
	(void)close(fd);
	ck_assert(journalled("storage.objects.insert", 1));
}
END_TEST

/* It has moved all the time, if slowly. */
START_TEST(body_that_comes_slowly_is_waited_for)
{
	static char piece[LIMIT_MOVE];
	int64_t began = clock_mono_us();
	int fd = wire_connect(), n = 0;
	char head[128];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	memset(piece, 'x', sizeof(piece));
	(void)snprintf(head, sizeof(head), "PUT /bkt/slow HTTP/1.1\r\n" HOST
	    "Content-Length: %zu\r\n\r\n", 8 * sizeof(piece));
	wire_send(fd, head);
	for (; n < 8; n++) {
		wire_bytes(fd, piece, sizeof(piece));
		ck_assert_int_le(poll(&p, 1,
		    n < 7 ? 20 * (int)SECOND / 1000 : 0), 1);
	}
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	ck_assert_int_ge(clock_mono_us() - began, LIMIT_MOVE_S * SECOND);
	(void)close(fd);
}
END_TEST

static void
hold(const char *as)
{
	json_auto_t *j = json_pack("{s:s, s:s, s:s, s:i}", "kind", "hold",
	    "on", "storage.objects.list", "as", as, "times", 1);
	struct err e = ERR_INIT;

	ck_assert_msg(faults_add(x.emu.faults, j, &e) > 0, "%s", err_msg(&e));
}

START_TEST(held_request_is_not_late)
{
	int fd = wire_connect(), idle = wire_connect();

	hold("h");
	wire_send(fd, GET(O));
	ck_assert(faults_wait_held(x.emu.faults, "h", 1, 10000000));
	ck_assert(wire_ended(idle));		/* after LIMIT_IDLE_S */
	ck_assert_int_eq(faults_release(x.emu.faults, "h", false), 1);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
	(void)close(idle);
}
END_TEST

/* ---- room ---- */

START_TEST(idle_connections_make_room_for_new_ones)
{
	int fd = wire_connect();

	hold("h");
	wire_send(fd, GET(O));
	ck_assert(faults_wait_held(x.emu.faults, "h", 1, 10000000));
	open_many(x.emu.http_port, "");
	ck_assert_int_lt(ms_to_serve(), 1000);
	crowd_is_bounded();
	/* what is held keeps its place */
	ck_assert_int_eq(faults_release(x.emu.faults, "h", false), 1);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
}
END_TEST

START_TEST(idle_ones_go_before_those_with_a_request)
{
	int fd = wire_connect(), closed = -1;
	char c;

	wire_send(fd, "GET " O " HTTP/1.1\r\n");
	for (int i = 0; i < MAX - 2; i++)
		many[i] = wire_connect();
	/* all of them might go now */
	ck_assert_int_eq(poll(NULL, 0, LIMIT_GRACE_MS + 50), 0);
	for (int i = MAX - 2; i < MAX + 4; i++)
		many[i] = wire_connect();
	for (int i = 0; closed < 0; i = (i + 1) % (MAX + 4))
		if (recv(many[i], &c, 1, MSG_DONTWAIT) == 0)
			closed = i;
	ck_assert_int_lt(closed, MAX / LIMIT_SLACK + 1);
	wire_send(fd, HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
}
END_TEST

START_TEST(slow_ones_make_room_where_none_is_idle)
{
	static const char *const t[] = {
		"GET / HTTP/1.1\r\nA",
		"PUT /bkt/x HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\na",
		"PUT /bkt/x HTTP/1.1\r\n" HOST
		    "Transfer-Encoding: chunked\r\n\r\n5\r\n",
		"POST " O " HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\na",
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		open_many(x.emu.http_port, t[i]);
		for (int k = 0; k < 2; k++)
			ck_assert_int_lt(ms_to_serve(), 1500);
		crowd_is_bounded();
		for (int k = 0; k < MANY; k++) {
			(void)close(many[k]);
			many[k] = -1;
		}
	}
}
END_TEST

START_TEST(handshakes_that_stop_make_room)
{
	open_many(x.emu.proxy_port, "CONNECT storage");
	ck_assert_int_lt(ms_to_serve(), 1500);
	crowd_is_bounded();
	for (int k = 0; k < MANY; k++)
		(void)close(many[k]);
	open_many(x.emu.proxy_port,
	    "CONNECT storage.googleapis.com:443 HTTP/1.1\r\n\r\n\x16\x03\x01");
	ck_assert_int_lt(ms_to_serve(), 1500);
	crowd_is_bounded();
	for (int k = 0; k < MANY; k++)
		(void)close(many[k]);
	open_many(x.emu.https_port, "\x16\x03\x01");
	ck_assert_int_lt(ms_to_serve(), 1500);
	crowd_is_bounded();
}
END_TEST

/* Replies that nobody reads hold their places only until they are wanted. */
START_TEST(readers_that_do_not_read_make_room)
{
	char *body = mem_alloc((1u << 20) + 1), *text;
	int fd = wire_connect();
	struct buf b;

	memset(body, 'x', 1u << 20);
	text = mem_printf("PUT /bkt/a HTTP/1.1\r\n" HOST
	    "Content-Length: %u\r\n\r\n%s", 1u << 20, body);
	wire_send(fd, text);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
	free(text);
	free(body);
	buf_init(&b, 1u << 20);
	for (int i = 0; i < 20; i++)
		buf_adds(&b, GET("/bkt/a"));
	open_many(x.emu.http_port, b.p);
	for (int k = 0; k < 2; k++)
		ck_assert_int_lt(ms_to_serve(), 1500);
	crowd_is_bounded();
	buf_release(&b);
}
END_TEST

/* All places taken by what may not be touched: who comes waits his turn. */
START_TEST(held_requests_fill_all_places_and_stay)
{
	int fd[MAX];
	json_auto_t *j = json_pack("{s:s, s:s, s:s}", "kind", "hold", "on",
	    "storage.objects.list", "as", "h");
	struct err e = ERR_INIT;
	int late;

	ck_assert_int_gt(faults_add(x.emu.faults, j, &e), 0);
	for (int i = 0; i < MAX; i++) {
		fd[i] = wire_connect();
		wire_send(fd[i], GET(O));
	}
	ck_assert(faults_wait_held(x.emu.faults, "h", MAX, 10000000));
	late = wire_connect();
	wire_send(late, GET("/bkt/none"));
	ck_assert_int_eq(recv(late, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(faults_remove(x.emu.faults, 0), 0);
	for (int i = 0; i < MAX; i++) {
		ck_assert_int_eq(wire_answer(fd[i], &w, false), 200);
		(void)close(fd[i]);
	}
	ck_assert_int_eq(wire_answer(late, &w, false), 404);
	(void)close(late);
}
END_TEST

/* ---- threads come and go ---- */

struct asker {
	pthread_t thread;
	int	bad;
};

static void *
asker_main(void *arg)
{
	struct asker *a = arg;
	struct wire mine;

	wire_init(&mine);
	for (int i = 0; i < 30; i++) {
		int fd = wire_connect();

		for (int k = 0; k < 5; k++) {
			wire_send(fd, "PUT /bkt/x HTTP/1.1\r\n" HOST
			    "Content-Length: 5\r\n\r\nhello" GET("/bkt/x"));
			a->bad += wire_answer(fd, &mine, false) != 200;
			a->bad += wire_answer(fd, &mine, false) != 200;
		}
		(void)close(fd);
	}
	wire_release(&mine);
	return (NULL);
}

START_TEST(connections_come_and_go_in_crowds)
{
	struct asker a[8];

	memset(a, 0, sizeof(a));
	for (size_t i = 0; i < NELEMS(a); i++)
		ck_assert_int_eq(pthread_create(&a[i].thread, NULL,
		    asker_main, &a[i]), 0);
	for (size_t i = 0; i < NELEMS(a); i++) {
		ck_assert_int_eq(pthread_join(a[i].thread, NULL), 0);
		ck_assert_int_eq(a[i].bad, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("crowd");
	TCase *times = tcase_create("times"), *t = tcase_create("room");

	suite_add_tcase(s, times);
	tcase_set_timeout(times, 60);
	tcase_add_checked_fixture(times, setup_short, teardown);
	tcase_add_test(times, head_that_does_not_come_is_408);
	tcase_add_test(times, idle_connection_is_closed_without_a_word);
	tcase_add_test(times, body_that_does_not_come_is_given_up);
	tcase_add_test(times, body_that_comes_slowly_is_waited_for);
	tcase_add_test(times, held_request_is_not_late);
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, idle_connections_make_room_for_new_ones);
	tcase_add_test(t, idle_ones_go_before_those_with_a_request);
	tcase_add_test(t, slow_ones_make_room_where_none_is_idle);
	tcase_add_test(t, handshakes_that_stop_make_room);
	tcase_add_test(t, readers_that_do_not_read_make_room);
	tcase_add_test(t, held_requests_fill_all_places_and_stay);
	tcase_add_test(t, connections_come_and_go_in_crowds);
	return (fix_main(s));
}
