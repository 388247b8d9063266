/* Faults of networks and of ways in: how long, how fast, and nobody there. */
#include <pthread.h>

#include "emulator/fault/fault_int.h"
#include "emulator/identity/oauth.h"
#include "emulator/tests/client.h"

#define SCOPE	"https://www.googleapis.com/auth/cloud-platform"
#define KiB	1024
#define BIG	(200 * KiB)
#define O	"/storage/v1/b/bkt/o"
#define BUCKETS	"/storage/v1/b?project=litedrill"
#define MEDIA	O "/big?alt=media"
#define UP	"/upload/storage/v1/b/bkt/o?uploadType=media&name="

static char big[BIG];

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)('a' + i % 23);
	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"bkt\"}"),
	    200);
	ck_assert_int_eq(client_ask("POST", UP "big", big, BIG, NULL), 200);
}

static void
teardown(void)
{

	client_stop();
}

static int
fault(const char *rule)
{
	json_auto_t *j = json_loads(rule, 0, NULL);
	struct err e = ERR_INIT;
	int id;

	ck_assert_msg(j != NULL, "%s", rule);
	id = faults_add(cl.emu->faults, j, &e);
	ck_assert_msg(id > 0, "%s", err_msg(&e));
	return (id);
}

static int64_t
fired(int id)
{
	json_auto_t *l = faults_list(cl.emu->faults);
	const json_t *r;
	size_t i;

	json_array_foreach(l, i, r)
		if (json_integer_value(json_object_get(r, "id")) == id)
			return (json_integer_value(json_object_get(r,
			    "fired")));
	return (-1);
}

static void
clear(void)
{

	ck_assert_int_eq(faults_remove(cl.emu->faults, 0), 0);
}

static struct fault_rule *
rule_of(const char *text)
{
	json_auto_t *j = json_loads(text, 0, NULL);
	struct err e = ERR_INIT;
	struct fault_rule *r = fault_rule_new(j, &e);

	ck_assert_msg(r != NULL, "%s", err_msg(&e));
	return (r);
}

/* ---- how long ---- */

#define NETWORK(more)	"{\"kind\":\"network\",\"args\":{" \
	"\"latency\":\"20ms\"" more "}}"

START_TEST(times_follow_from_the_seed_and_the_number)
{
	static const struct { const char *rule; int64_t min, max, mean; }
	    t[] = {
		{ NETWORK(""), 20000, 20000, 20000 },
		{ NETWORK(",\"jitter\":\"5ms\""), 15000, 25000, 20000 },
		{ NETWORK(",\"jitter\":\"5ms\",\"shape\":\"normal\""), 0,
		    45000, 20000 },
		{ NETWORK(",\"jitter\":\"5ms\",\"shape\":\"exponential\""),
		    20000, 120000, 25000 },
		{ NETWORK(",\"jitter\":\"200ms\""), 0, 220000, 65000 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct fault_rule *a = rule_of(t[i].rule);
		struct fault_rule *b = rule_of(t[i].rule);
		int64_t sum = 0, n;

		for (int64_t k = 1; k <= 4000; k++) {
			n = fault_network_us(a, k);
			ck_assert_int_eq(n, fault_network_us(b, k));
			ck_assert_int_ge(n, t[i].min);
			ck_assert_int_le(n, t[i].max);
			sum += n;
		}
		sum /= 4000;
		ck_assert_msg(sum > t[i].mean * 19 / 20 &&
		    sum < t[i].mean * 21 / 20, "%s: %lld", t[i].rule,
		    (long long)sum);
		fault_rule_free(a);
		fault_rule_free(b);
	}
}
END_TEST

START_TEST(another_seed_draws_other_times)
{
	struct fault_rule *a = rule_of(NETWORK(",\"jitter\":\"9ms\""));
	struct fault_rule *b = rule_of(NETWORK(",\"jitter\":\"9ms\","
	    "\"seed\":2"));
	int same = 0;

	for (int64_t k = 1; k <= 100; k++)
		same += fault_network_us(a, k) == fault_network_us(b, k);
	ck_assert_int_lt(same, 5);
	fault_rule_free(a);
	fault_rule_free(b);
}
END_TEST

START_TEST(network_delays_each_request_and_says_so)
{
	int id = fault(NETWORK(""));

	for (int i = 1; i <= 2; i++) {
		int64_t t0 = clock_mono_us();

		ck_assert_int_eq(client_get(MEDIA), 200);
		ck_assert_int_ge(clock_mono_us() - t0, 20000);
		ck_assert_int_eq(fired(id), i);
	}
}
END_TEST

/* ---- how fast ---- */

START_TEST(bandwidth_holds_in_both_directions)
{
	int64_t t0 = clock_mono_us();
	int id = fault("{\"kind\":\"bandwidth\",\"on\":\"storage.objects.*\","
	    "\"args\":{\"bandwidth\":\"1MiB\"}}");

	ck_assert_int_eq(client_get(MEDIA), 200);
	ck_assert_int_ge(clock_mono_us() - t0, 190000);
	ck_assert_uint_eq(cl.body.len, BIG);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
	ck_assert_int_eq(fired(id), 1);
	t0 = clock_mono_us();
	ck_assert_int_eq(client_ask("POST", UP "two", big, BIG, NULL), 200);
	ck_assert_int_ge(clock_mono_us() - t0, 190000);
	ck_assert_int_eq(fired(id), 2);
	ck_assert_int_eq(client_get(O "/two?alt=media"), 200);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
}
END_TEST

START_TEST(bandwidth_begins_where_it_is_told_to)
{
	int64_t t0 = clock_mono_us();

	(void)fault("{\"kind\":\"bandwidth\",\"after-bytes\":204799,"
	    "\"args\":{\"bandwidth\":10}}");
	ck_assert_int_eq(client_get(MEDIA), 200);
	ck_assert_int_ge(clock_mono_us() - t0, 100000);
	ck_assert_int_le(clock_mono_us() - t0, 10000000);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
}
END_TEST

START_TEST(total_is_shared_and_the_connection_s_own_is_not)
{
	static const struct { const char *rule; int64_t second; } t[] = {
		{ "{\"kind\":\"bandwidth\",\"args\":{\"bandwidth\":1000}}",
		    1000000 },
		{ "{\"kind\":\"bandwidth\",\"args\":{\"bandwidth\":1000,"
		    "\"total\":1000}}", 2000000 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct fault_rule *r = rule_of(t[i].rule);
		struct fault_hit one = { .rule = r }, two = { .rule = r };
		int64_t us = r->kind->pace(r, &one, 1000);

		ck_assert_int_eq(us, 1000000);
		us = r->kind->pace(r, &two, 1000);
		ck_assert_int_le(us, t[i].second);
		ck_assert_int_gt(us, t[i].second - 500000);
		fault_rule_free(r);
	}
}
END_TEST

START_TEST(slow_sends_in_drops)
{
	int64_t t0 = clock_mono_us();

	(void)fault("{\"kind\":\"slow\",\"args\":{\"bytes\":\"20KiB\","
	    "\"delay\":\"10ms\"}}");
	ck_assert_int_eq(client_get(MEDIA), 200);
	ck_assert_int_ge(clock_mono_us() - t0, 100000);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
}
END_TEST

START_TEST(rates_end_with_their_rule)
{
	int64_t t0 = clock_mono_us();
	pthread_t thread;

	(void)fault("{\"kind\":\"bandwidth\",\"args\":{\"bandwidth\":1}}");
	ck_assert_int_eq(pthread_create(&thread, NULL,
	    (void *(*)(void *))(void (*)(void))clear, NULL), 0);
	ck_assert_int_eq(client_get(MEDIA), 200);
	ck_assert_int_lt(clock_mono_us() - t0, 30000000);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

/* ---- the token ---- */

START_TEST(expired_token_is_good_no_more)
{
	struct start_opts o = { .auth = START_AUTH_ON };
	struct arena a = ARENA_INIT;
	const char *token, *h;
	int id;

	client_stop();
	client_start(&o);
	token = oauth_mint(cl.emu, &a, cl.emu->owner, SCOPE);
	ck_assert_ptr_nonnull(token);
	h = arena_printf(&a, "Authorization: Bearer %s", token);
	ck_assert_int_eq(client_ask("GET", BUCKETS, NULL, 0, h), 200);
	id = fault("{\"kind\":\"expire-token\",\"from\":\"*\",\"nth\":1}");
	ck_assert_int_eq(client_get(BUCKETS), 401);	/* nobody's */
	ck_assert_int_eq(fired(id), 0);
	clear();
	id = fault("{\"kind\":\"expire-token\",\"from\":\"*\",\"nth\":1}");
	ck_assert_int_eq(client_ask("GET", BUCKETS, NULL, 0, h), 401);
	ck_assert_int_eq(fired(id), 1);
	clear();
	ck_assert_int_eq(client_ask("GET", BUCKETS, NULL, 0, h), 401);
	h = arena_printf(&a, "Authorization: Bearer %s",
	    oauth_mint(cl.emu, &a, cl.emu->owner, SCOPE));
	ck_assert_int_eq(client_ask("GET", BUCKETS, NULL, 0, h), 200);
	arena_release(&a);
}
END_TEST

/* ---- nobody there ---- */

START_TEST(refuse_fires_once_somebody_was_refused)
{
	int id = fault("{\"kind\":\"refuse\"}");
	int64_t before = fired(id);

	ck_assert_int_eq(client_connect(cl.emu->proxy_port), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	ck_assert_int_ge(fired(id), before + 1);
	before = fired(id);
	ck_assert_int_ne(client_try("GET", client_url(O), NULL, 0, NULL),
	    CURLE_OK);
	ck_assert_int_ge(fired(id), before + 1);
	clear();
	ck_assert_int_eq(client_get(O), 200);
}
END_TEST

static void *
ask_the_hole(void *arg)
{
	struct buf *b = arg;
	int fd = client_connect(cl.emu->http_port);

	client_send(fd, "GET " O " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	(void)client_read_all(fd, b);
	(void)close(fd);
	return (NULL);
}

START_TEST(blackhole_answers_nothing_until_it_ends)
{
	int id = fault("{\"kind\":\"blackhole\"}"), fd;
	struct pollfd p = { .events = POLLIN };
	pthread_t thread;
	struct buf b;

	buf_init(&b, 4096);
	ck_assert_int_eq(fired(id), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, ask_the_hole, &b), 0);
	while (fired(id) < 1)
		(void)poll(NULL, 0, 1);
	/* the kernel takes it, nobody picks it up */
	p.fd = fd = client_connect(cl.emu->proxy_port);
	client_send(fd, "CONNECT storage.googleapis.com:443 HTTP/1.1\r\n\r\n");
	while (fired(id) < 2)
		(void)poll(NULL, 0, 1);
	ck_assert_int_eq(poll(&p, 1, 50), 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(client_get("/_emulator/ready"), 200);
	clear();
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(b.len, 0);		/* it was cut */
	ck_assert_int_eq(poll(&p, 1, 10000), 1);	/* that one is served */
	ck_assert_int_eq(client_get(O), 200);
	(void)close(fd);
	buf_release(&b);
}
END_TEST

START_TEST(shutting_down_ends_a_blackhole)
{
	int id = fault("{\"kind\":\"blackhole\"}");
	pthread_t thread;
	struct buf b;

	buf_init(&b, 4096);
	ck_assert_int_eq(pthread_create(&thread, NULL, ask_the_hole, &b), 0);
	while (fired(id) < 1)
		(void)poll(NULL, 0, 1);
	client_stop();				/* comes back */
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	buf_release(&b);
	setup();
}
END_TEST

START_TEST(one_connection_too_many_is_reset)
{
	int id = fault("{\"kind\":\"connections\",\"args\":{\"max\":1}}");
	int one = client_connect(cl.emu->proxy_port), two;
	struct buf b;

	buf_init(&b, 4096);
	client_send(one, "CONNECT storage.googleapis.com:443 HTTP/1.1\r\n"
	    "\r\n");
	ck_assert_int_gt(recv(one, (char[64]){ 0 }, 64, 0), 0);
	ck_assert_int_eq(fired(id), 0);
	two = client_connect(cl.emu->proxy_port);
	ck_assert_int_ge(two, 0);
	ck_assert_int_eq(client_read_all(two, &b), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	ck_assert_int_eq(fired(id), 1);
	(void)close(two);
	clear();
	two = client_connect(cl.emu->proxy_port);
	client_send(two, "CONNECT storage.googleapis.com:443 HTTP/1.1\r\n"
	    "\r\n");
	ck_assert_int_gt(recv(two, (char[64]){ 0 }, 64, 0), 0);
	(void)close(one);
	(void)close(two);
	buf_release(&b);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, times_follow_from_the_seed_and_the_number);
	tcase_add_test(t, another_seed_draws_other_times);
	tcase_add_test(t, network_delays_each_request_and_says_so);
	tcase_add_test(t, bandwidth_holds_in_both_directions);
	tcase_add_test(t, bandwidth_begins_where_it_is_told_to);
	tcase_add_test(t, total_is_shared_and_the_connection_s_own_is_not);
	tcase_add_test(t, slow_sends_in_drops);
	tcase_add_test(t, rates_end_with_their_rule);
	tcase_add_test(t, expired_token_is_good_no_more);
	tcase_add_test(t, refuse_fires_once_somebody_was_refused);
	tcase_add_test(t, blackhole_answers_nothing_until_it_ends);
	tcase_add_test(t, shutting_down_ends_a_blackhole);
	tcase_add_test(t, one_connection_too_many_is_reset);
}

int
main(void)
{

	return (client_main("fault_net", add));
}
