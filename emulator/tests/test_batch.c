/* Batches as clients send them, and as they must not be. */
#include "emulator/control/journal.h"
#include "emulator/fault/fault.h"
#include "emulator/tests/client.h"

#define B	"/storage/v1/b"
#define BATCH	"/batch/storage/v1"
#define TYPE	"Content-Type: multipart/mixed; boundary=\"===x==\""
#define PART	"Content-Type: application/http\r\n"
#define END	"--===x==--\r\n"

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"bkt\"}"),
	    200);
	for (int i = 0; i < 3; i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "/upload/storage/v1/b/bkt"
		    "/o?uploadType=media&name=o%d", i);
		ck_assert_int_eq(client_ask("POST", path, "x", 1,
		    "Content-Type: text/plain"), 200);
	}
}

static void
teardown(void)
{

	client_stop();
}

static int
batch(const char *body)
{

	return (client_ask("POST", BATCH, body, strlen(body), TYPE));
}

static void
has(const char *text)
{

	ck_assert_msg(strstr(cl.body.p, text) != NULL, "no %s in %s", text,
	    cl.body.p);
}

static int
count(const char *text)
{
	int n = 0;

	for (const char *p = cl.body.p; (p = strstr(p, text)) != NULL; p++)
		n++;
	return (n);
}

/* As google-cloud-python writes them: a head and a body with a version, CRLF,
 * Content-ID in angles. */
START_TEST(calls_are_done_in_order_and_answered_by_name)
{

	ck_assert_int_eq(batch("--===x==\r\n" PART "MIME-Version: 1.0\r\n"
	    "Content-ID: <a+1>\r\n\r\n"
	    "PATCH " B "/bkt/o/o0 HTTP/1.1\r\n"
	    "Content-Type: application/json\r\nContent-Length: 22\r\n\r\n"
	    "{\"metadata\":{\"a\":\"b\"}}\r\n"
	    "--===x==\r\n" PART "Content-ID: <a+2>\r\n\r\n"
	    "GET " B "/bkt/o/o0?fields=metadata HTTP/1.1\r\n\r\n\r\n"
	    "--===x==\r\n" PART "Content-ID: <a+3>\r\n\r\n"
	    "DELETE " B "/bkt/o/none HTTP/1.1\r\n\r\n\r\n"
	    "--===x==\r\n" PART "Content-ID: <a+4>\r\n\r\n"
	    "DELETE " B "/bkt/o/o1 HTTP/1.1\r\n\r\n\r\n" END), 200);
	ck_assert(strncmp(client_header("Content-Type"),
	    "multipart/mixed; boundary=batch_", 32) == 0);
	ck_assert_int_eq(count("Content-Type: application/http\r\n"), 4);
	ck_assert(strstr(strstr(cl.body.p, "<response-a+1>"),
	    "<response-a+2>") != NULL);
	has("Content-ID: <response-a+3>\r\n\r\nHTTP/1.1 404 Not Found\r\n");
	has("Content-ID: <response-a+4>\r\n\r\nHTTP/1.1 204 No Content\r\n");
	has("\"a\": \"b\"");
	has("No such object: bkt/none");
	ck_assert_int_eq(client_get(B "/bkt/o/o1"), 404);
	ck_assert_int_eq(client_get(B "/bkt/o/o0"), 200);
}
END_TEST

/* Java writes whole URLs and names parts without angles; others leave the
 * version out, or end lines in LF. */
START_TEST(other_clients_ways_of_writing_are_understood)
{
	char body[1024];

	(void)snprintf(body, sizeof(body), "--===x==\r\nContent-Length: 83\r\n"
	    "Content-Type: application/http\r\ncontent-id: 1\r\n"
	    "content-transfer-encoding: binary\r\n\r\n"
	    "DELETE http://127.0.0.1:%d%s/bkt/o/o0 HTTP/1.1\r\n"
	    "Accept-Encoding: gzip\r\n\r\n\r\n"
	    "--===x==\nContent-Type: application/http; msgtype=request\n\n"
	    "DELETE %s/bkt/o/o1\n\n"
	    "--===x==\n" "Content-Type: application/http\n\n"
	    "DELETE %s/bkt/o/o2 HTTP/1.1\n--===x==--", cl.emu->http_port, B,
	    B, B);
	ck_assert_int_eq(batch(body), 200);
	ck_assert_int_eq(count("HTTP/1.1 204 No Content"), 3);
	has("Content-ID: response-1\r\n");
	ck_assert_int_eq(client_ask("POST", "/batch", body, strlen(body),
	    TYPE), 200);
	ck_assert_int_eq(count("HTTP/1.1 404 Not Found"), 3);
}
END_TEST

START_TEST(query_of_the_batch_holds_for_its_calls)
{
	static const char body[] = "--===x==\r\n" PART "\r\nGET " B
	    "/bkt/o/o0 HTTP/1.1\r\n\r\n\r\n--===x==\r\n" PART "\r\nGET " B
	    "/bkt/o/o1?fields=size HTTP/1.1\r\n\r\n\r\n" END;

	ck_assert_int_eq(client_ask("POST", BATCH "?fields=name&prettyPrint="
	    "false", body, strlen(body), TYPE), 200);
	has("{\"name\":\"o0\"}");
	has("{\"size\":\"1\"}");
}
END_TEST

static const struct { const char *call; const char *status; } refused[] = {
	{ "POST /upload/storage/v1/b/bkt/o?uploadType=media&name=x HTTP/1.1",
	    "400 " },
	{ "POST /upload/storage/v1/b/bkt/o?uploadType=resumable&name=x "
	    "HTTP/1.1", "400 " },
	{ "GET " B "/bkt/o/o0?alt=media HTTP/1.1", "400 " },
	{ "GET /download/storage/v1/b/bkt/o/o0 HTTP/1.1", "400 " },
	{ "POST " BATCH " HTTP/1.1", "404 " },
	{ "GET /bkt/o0 HTTP/1.1", "404 " },
	{ "GET /_emulator/info HTTP/1.1", "404 " },
	{ "POST /token HTTP/1.1", "404 " },
	{ "GET " B "/%zz HTTP/1.1", "400 " },
	{ "nonsense", "400 " },
	{ "GET " B "/bkt HTTP/1.1\r\nbad header", "400 " },
	{ "TRACE " B "/bkt HTTP/1.1", "405 " },
};

START_TEST(what_no_batch_may_hold_is_refused_and_the_rest_done)
{
	char body[1024], want[64];

	(void)snprintf(body, sizeof(body), "--===x==\r\n%s\r\n%s\r\n\r\n"
	    "--===x==\r\n%s\r\nDELETE %s/bkt/o/o2 HTTP/1.1\r\n\r\n%s", PART,
	    refused[_i].call, PART, B, END);
	ck_assert_int_eq(batch(body), 200);
	(void)snprintf(want, sizeof(want), "\r\n\r\nHTTP/1.1 %s",
	    refused[_i].status);
	has(want);
	has("HTTP/1.1 204 No Content");
	ck_assert_int_eq(client_get(B "/bkt/o/o2"), 404);
}
END_TEST

START_TEST(malformed_batches_are_a_400)
{

	ck_assert_int_eq(client_ask("POST", BATCH, "x", 1,
	    "Content-Type: application/json"), 400);
	ck_assert_int_eq(client_ask("POST", BATCH, "", 0, TYPE), 400);
	ck_assert_int_eq(batch("--===x==\r\n" PART "\r\nGET " B
	    "/bkt HTTP/1.1\r\n\r\n"), 400);
	ck_assert_int_eq(batch(END), 400);
	/* A part that is no request is one answer. */
	ck_assert_int_eq(batch("--===x==\r\nContent-Type: text/plain\r\n\r\n"
	    "GET " B "/bkt HTTP/1.1\r\n\r\n" END), 200);
	has("HTTP/1.1 400 Bad Request");
}
END_TEST

START_TEST(hundred_calls_are_taken_and_one_more_is_not)
{
	struct buf b;

	for (int more = 0; more < 2; more++) {
		buf_init(&b, 1u << 20);
		for (int i = 0; i < 100 + more; i++)
			buf_adds(&b, "--===x==\r\n" PART "\r\nGET " B
			    "/bkt/o/o0?fields=name HTTP/1.1\r\n\r\n\r\n");
		buf_adds(&b, END);
		ck_assert_int_eq(batch(b.p), more ? 400 : 200);
		ck_assert_int_eq(count("HTTP/1.1 200 OK"), more ? 0 : 100);
		buf_release(&b);
	}
}
END_TEST

START_TEST(calls_meet_rules_and_are_in_the_journal)
{
	static const char body[] = "--===x==\r\n" PART "\r\nDELETE " B
	    "/bkt/o/o0 HTTP/1.1\r\n\r\n\r\n--===x==\r\n" PART "\r\nDELETE " B
	    "/bkt/o/o1 HTTP/1.1\r\n\r\n\r\n" END;
	json_auto_t *rule = json_pack("{s:s, s:s, s:i}", "kind", "status",
	    "on", "storage.objects.delete", "nth", 1);
	struct journal_filter all = { 0 };
	struct err err = ERR_INIT;
	json_auto_t *j = NULL;
	const json_t *e, *list;
	json_int_t n = 0;
	size_t i, calls = 0;

	ck_assert_int_gt(faults_add(cl.emu->faults, rule, &err), 0);
	ck_assert_int_eq(batch(body), 200);
	has("HTTP/1.1 503 Service Unavailable");
	has("HTTP/1.1 204 No Content");
	ck_assert_int_eq(client_get(B "/bkt/o/o0"), 200);
	ck_assert_int_eq(client_get(B "/bkt/o/o1"), 404);
	j = journal_get(cl.emu->journal, &all, 1000);
	list = json_object_get(j, "entries");
	json_array_foreach(list, i, e)
		if (strcmp(json_string_value(json_object_get(e, "api")),
		    "storage.batch") == 0)
			n = json_integer_value(json_object_get(e, "n"));
	ck_assert(n > 0);
	json_array_foreach(list, i, e)
		if (json_integer_value(json_object_get(e, "batch")) == n) {
			calls++;
			ck_assert_str_eq(json_string_value(json_object_get(e,
			    "api")), "storage.objects.delete");
		}
	ck_assert_uint_eq(calls, 2);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, calls_are_done_in_order_and_answered_by_name);
	tcase_add_test(t, other_clients_ways_of_writing_are_understood);
	tcase_add_test(t, query_of_the_batch_holds_for_its_calls);
	tcase_add_loop_test(t,
	    what_no_batch_may_hold_is_refused_and_the_rest_done, 0,
	    NELEMS(refused));
	tcase_add_test(t, malformed_batches_are_a_400);
	tcase_add_test(t, hundred_calls_are_taken_and_one_more_is_not);
	tcase_add_test(t, calls_meet_rules_and_are_in_the_journal);
}

int
main(void)
{

	return (client_main("batch", add));
}
