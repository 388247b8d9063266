/* The control API over a real socket, as its users have it. */
#include <curl/curl.h>
#include <pthread.h>

#include "emulator/control/control.h"
#include "emulator/http/server.h"
#include "emulator/tests/fixture.h"
#include "lib/clock.h"

static struct fix x;

static void
setup(void)
{
	struct server_opts o = { .http = "127.0.0.1:0",
	    .max_connections = 16 };
	struct err e = ERR_INIT;

	fix_init(&x);
	x.emu.server = server_start(&x.emu, &o, &e);
	ck_assert_msg(x.emu.server != NULL, "%s", err_msg(&e));
}

static void
stop(void)
{

	server_stop(x.emu.server);
	x.emu.server = NULL;
}

static void
teardown(void)
{

	if (x.emu.server != NULL)
		stop();
	fix_release(&x);
}

static size_t
take(char *p, size_t size, size_t n, void *to)
{

	buf_add(to, p, size * n);
	return (size * n);
}

/* One call; *out, where wanted, is the reply's JSON, a new reference. */
static long
call_with(const char *token, const char *method, const char *path,
    const char *body, json_t **out)
{
	struct curl_slist *h = NULL;
	CURL *c = curl_easy_init();
	char url[256], header[128];
	long status = 0;
	struct buf b;

	buf_init(&b, 16u << 20);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/_emulator/%s",
	    x.emu.http_port, path);
	if (token != NULL) {
		(void)snprintf(header, sizeof(header),
		    "X-Emulator-Token: %s", token);
		h = curl_slist_append(h, header);
	}
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	if (body != NULL)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &b);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (out != NULL)
		*out = json_loadb(b.p, b.len, 0, NULL);
	curl_easy_cleanup(c);
	curl_slist_free_all(h);
	buf_release(&b);
	return (status);
}

static long
call(const char *method, const char *path, const char *body, json_t **out)
{

	return (call_with("control", method, path, body, out));
}

START_TEST(every_call_but_ready_wants_the_token)
{
	static const struct { const char *method, *path, *body; } t[] = {
		{ "GET", "info", NULL }, { "GET", "journal", NULL },
		{ "GET", "journal/count", NULL },
		{ "GET", "journal/wait?timeout_ms=0", NULL },
		{ "GET", "faults", NULL }, { "POST", "faults", "{}" },
		{ "DELETE", "faults", NULL }, { "DELETE", "faults/1", NULL },
		{ "GET", "holds/x?timeout_ms=0", NULL },
		{ "POST", "holds/x/release", "{}" },
		{ "GET", "mutation", NULL }, { "POST", "views", "{}" },
		{ "DELETE", "views/x", NULL }, { "POST", "forks", "{}" },
		{ "POST", "history", "{}" }, { "POST", "clock", "{}" },
		{ "POST", "token", "{}" }, { "POST", "shutdown", "{}" },
		{ "GET", "describe", NULL },
	};

	ck_assert_int_eq(call_with(NULL, "GET", "ready", NULL, NULL), 200);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_msg(call_with(NULL, t[i].method, t[i].path,
		    t[i].body, NULL) == 403, "%s", t[i].path);
		ck_assert_msg(call_with("controx", t[i].method, t[i].path,
		    t[i].body, NULL) == 403, "%s", t[i].path);
		ck_assert_msg(call_with("control2", t[i].method, t[i].path,
		    t[i].body, NULL) == 403, "%s", t[i].path);
	}
}
END_TEST

START_TEST(info_and_token_serve_the_owner)
{
	json_auto_t *info = NULL, *t = NULL;
	const char *why;

	ck_assert_int_eq(call("GET", "info", NULL, &info), 200);
	ck_assert_str_eq(json_string_value(json_object_get(info, "owner")),
	    x.emu.owner);
	ck_assert(file_exists(json_string_value(json_object_get(info,
	    "owner_key"))));
	ck_assert_int_eq(call("POST", "token", arena_printf(&x.arena,
	    "{\"account\":\"%s\"}", x.emu.owner), &t), 200);
	ck_assert_str_eq(oauth_check(&x.emu, &x.arena, json_string_value(
	    json_object_get(t, "access_token")), &why), x.emu.owner);
	ck_assert_int_eq(call("POST", "token",
	    "{\"account\":\"nobody@example.com\"}", NULL), 404);
	ck_assert_int_eq(call("POST", "token", "{}", NULL), 400);
	ck_assert_int_eq(call("POST", "token", "nonsense", NULL), 400);
}
END_TEST

START_TEST(faults_are_set_listed_and_removed)
{
	json_auto_t *id = NULL, *list = NULL, *bad = NULL;

	ck_assert_int_eq(call("POST", "faults", "{\"kind\":\"status\","
	    "\"args\":{\"code\":429}}", &id), 200);
	ck_assert_int_eq(json_integer_value(json_object_get(id, "id")), 1);
	ck_assert_int_eq(call("GET", "faults", NULL, &list), 200);
	ck_assert_uint_eq(json_array_size(json_object_get(list, "faults")),
	    1);
	ck_assert_int_eq(call("POST", "faults", "{\"kind\":\"hodl\"}", &bad),
	    400);
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(
	    json_object_get(bad, "error"), "message")), "did you mean"));
	ck_assert_int_eq(call("DELETE", "faults/1", NULL, NULL), 200);
	ck_assert_int_eq(call("DELETE", "faults/1", NULL, NULL), 404);
	ck_assert_int_eq(call("DELETE", "faults/x", NULL, NULL), 400);
	ck_assert_int_eq(call("DELETE", "faults", NULL, NULL), 200);
}
END_TEST

START_TEST(bad_parameters_are_named)
{
	json_auto_t *e = NULL;

	ck_assert_int_eq(call("GET", "journal?objet=x", NULL, &e), 400);
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(
	    json_object_get(e, "error"), "message")),
	    "did you mean 'object'"));
	ck_assert_int_eq(call("GET", "journal?max=0", NULL, NULL), 400);
	ck_assert_int_eq(call("GET", "journal?since=x", NULL, NULL), 400);
	ck_assert_int_eq(call("GET", "journal/wait?timeout_ms=-1", NULL,
	    NULL), 400);
	ck_assert_int_eq(call("POST", "clock", "{}", NULL), 400);
	ck_assert_int_eq(call("POST", "views", "{\"bucket\":\"b\"}", NULL),
	    400);
	ck_assert_int_eq(call("POST", "views", "{\"bucket\":\"no-bucket\","
	    "\"name\":\"v\",\"at\":9999}", NULL), 400);
	ck_assert_int_eq(call("POST", "views", "{\"bucket\":\"no-bucket\","
	    "\"name\":\"v\",\"at\":0}", NULL), 404);
	ck_assert_int_eq(call("POST", "history",
	    "{\"bucket\":\"b\",\"on\":1}", NULL), 400);
	ck_assert_int_eq(call("POST", "holds/x/release", "{\"discard\":1}",
	    NULL), 400);
}
END_TEST

START_TEST(clock_moves_by_the_shift)
{
	int64_t before = clock_wall_us(NULL), now;
	json_auto_t *j = NULL;

	ck_assert_int_eq(call("POST", "clock", "{\"shift_ms\":7200000}", &j),
	    200);
	ck_assert_int_eq(clock_parse_rfc3339(json_string_value(
	    json_object_get(j, "now")), &now), 0);
	ck_assert_int_ge(now - before, INT64_C(7199000000));
	ck_assert_int_eq(call("POST", "clock", "{\"shift_ms\":0}", NULL),
	    200);
	ck_assert_int_eq(atomic_load(&x.emu.clock.shift_us), 0);
}
END_TEST

START_TEST(history_view_fork_and_mutation_go_together)
{
	json_auto_t *m = NULL, *later = NULL;

	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST, "/storage/v1/b"
	    "?project=" FIX_PROJECT, "{\"name\":\"drill-bucket\"}"), 200);
	ck_assert_int_eq(call("POST", "history",
	    "{\"bucket\":\"drill-bucket\",\"on\":true}", NULL), 200);
	ck_assert_int_eq(call("GET", "mutation", NULL, &m), 200);
	ck_assert_int_eq(json_integer_value(json_object_get(m, "mutation")),
	    store_mutation(x.emu.store));
	ck_assert_int_eq(call("POST", "views", "{\"bucket\":\"drill-bucket\","
	    "\"name\":\"drill-view\"}", NULL), 200);
	ck_assert_int_eq(call("POST", "views", "{\"bucket\":\"drill-bucket\","
	    "\"name\":\"drill-view\"}", NULL), 409);
	ck_assert_int_eq(call("POST", "forks", "{\"bucket\":\"drill-bucket\","
	    "\"name\":\"drill-fork\"}", NULL), 200);
	ck_assert_int_eq(fix_owner(&x, "GET", GCS_HOST,
	    "/storage/v1/b/drill-fork", NULL), 200);
	ck_assert_int_eq(call("DELETE", "views/drill-view", NULL, NULL),
	    200);
	ck_assert_int_eq(call("DELETE", "views/drill-view", NULL, NULL),
	    404);
	ck_assert_int_eq(call("GET", "mutation?above=0&timeout_ms=20000",
	    NULL, &later), 200);
	ck_assert_int_gt(json_integer_value(json_object_get(later,
	    "mutation")), 0);
}
END_TEST

static void *
held_get(void *arg)
{
	char url[128];
	CURL *c = curl_easy_init();

	(void)snprintf(url, sizeof(url),
	    "http://127.0.0.1:%d/storage/v1/b/drill-bucket",
	    x.emu.http_port);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	*(CURLcode *)arg = curl_easy_perform(c);
	curl_easy_cleanup(c);
	return (NULL);
}

START_TEST(hold_is_waited_for_and_discarded)
{
	json_auto_t *h = NULL, *r = NULL;
	CURLcode rc = CURLE_OK;
	pthread_t t;

	ck_assert_int_eq(call("POST", "faults", "{\"kind\":\"hold\","
	    "\"on\":\"storage.buckets.get\",\"as\":\"look\"}", NULL), 200);
	ck_assert_int_eq(pthread_create(&t, NULL, held_get, &rc), 0);
	ck_assert_int_eq(call("GET", "holds/look?n=1&timeout_ms=20000", NULL,
	    &h), 200);
	ck_assert(json_is_true(json_object_get(h, "ok")));
	ck_assert_int_eq(json_integer_value(json_object_get(h, "held")), 1);
	ck_assert_int_eq(call("POST", "holds/look/release",
	    "{\"discard\":true}", &r), 200);
	ck_assert_int_eq(json_integer_value(json_object_get(r, "released")),
	    1);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	ck_assert_int_eq(rc, CURLE_GOT_NOTHING);
}
END_TEST

static void *
long_wait(void *arg)
{

	(void)call("GET", arg, NULL, NULL);
	return (NULL);
}

START_TEST(long_waits_end_with_the_server)
{
	char waits[][64] = {
		"journal/wait?api=none&timeout_ms=3600000",
		"holds/none?timeout_ms=3600000",
		"mutation?above=999999&timeout_ms=3600000",
	};
	pthread_t t[NELEMS(waits)];
	uint64_t asked = 0;
	int64_t t0;

	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, long_wait,
		    waits[i]), 0);
	/* each request takes a number when its head has come; so do we */
	while (journal_next(x.emu.journal) - ++asked < NELEMS(t))
		(void)sched_yield();
	t0 = clock_mono_us();
	stop();
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_int_lt(clock_mono_us() - t0, 30000000);
}
END_TEST

START_TEST(describe_holds_all_tables)
{
	json_auto_t *d = control_describe();
	const json_t *r;
	bool insert = false;
	size_t i;

	json_array_foreach(json_object_get(d, "routes"), i, r)
		insert = insert || strcmp(json_string_value(
		    json_object_get(r, "id")), "storage.objects.insert") == 0;
	ck_assert(insert);
	ck_assert_uint_gt(json_array_size(json_object_get(d, "roles")), 15);
	ck_assert_uint_gt(json_array_size(json_object_get(d, "fault_kinds")),
	    8);
	ck_assert_uint_gt(json_array_size(json_object_get(d, "selectors")),
	    8);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("control");
	TCase *t = tcase_create("all");

	(void)curl_global_init(CURL_GLOBAL_ALL);
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_call_but_ready_wants_the_token);
	tcase_add_test(t, info_and_token_serve_the_owner);
	tcase_add_test(t, faults_are_set_listed_and_removed);
	tcase_add_test(t, bad_parameters_are_named);
	tcase_add_test(t, clock_moves_by_the_shift);
	tcase_add_test(t, history_view_fork_and_mutation_go_together);
	tcase_add_test(t, hold_is_waited_for_and_discarded);
	tcase_add_test(t, long_waits_end_with_the_server);
	tcase_add_test(t, describe_holds_all_tables);
	return (fix_main(s));
}
