#include "emulator/tests/client.h"

#define ORIGIN	"Origin: https://app.example"
#define ASK	"Access-Control-Request-Method: PUT"

static int
ask(const char *method, const char *path, const char *a, const char *b,
    const char *c)
{
	const char *const h[] = { a, b, c, NULL };

	ck_assert_int_eq(client_try(method, client_url(path), NULL, 0, h),
	    CURLE_OK);
	return (cl.status);
}

static void
begin(const char *cors_headers)
{
	const struct start_opts o = { .cors_headers = cors_headers };

	client_start(&o);
	ck_assert_int_eq(client_post("/storage/v1/b?project=litedrill",
	    "{\"name\":\"open\",\"cors\":[{\"origin\":[\"https://*.example\"],"
	    "\"method\":[\"GET\",\"PUT\"],\"responseHeader\":["
	    "\"Content-Type\",\"x-goog-meta-a\"],\"maxAgeSeconds\":77}]}"),
	    200);
	ck_assert_int_eq(client_post("/storage/v1/b?project=litedrill",
	    "{\"name\":\"shut\"}"), 200);
}

START_TEST(page_gets_nothing_by_default)
{

	begin(NULL);
	ck_assert_int_eq(ask("OPTIONS", "/shut/o", ORIGIN, ASK, NULL), 200);
	ck_assert_ptr_null(client_header("Access-Control-Allow-Origin"));
	ck_assert_int_eq(ask("GET", "/storage/v1/b/shut/o", ORIGIN, NULL,
	    NULL), 200);
	ck_assert_ptr_null(client_header("Access-Control-Allow-Origin"));
	(void)ask("OPTIONS", "/_emulator/info", ORIGIN, ASK, NULL);
	ck_assert_ptr_null(client_header("Access-Control-Allow-Origin"));
	client_stop();
}
END_TEST

START_TEST(origin_that_a_bucket_names_may_use_its_json_api)
{

	begin(NULL);
	ck_assert_int_eq(ask("OPTIONS", "/storage/v1/b/open/o/a%2Fb", ORIGIN,
	    "Access-Control-Request-Method: PATCH",
	    "Access-Control-Request-Headers: authorization,x-other"), 200);
	ck_assert_str_eq(client_header("Access-Control-Allow-Origin"),
	    "https://app.example");
	ck_assert_ptr_nonnull(strstr(client_header(
	    "Access-Control-Allow-Methods"), "PATCH"));
	ck_assert_str_eq(client_header("Access-Control-Allow-Headers"),
	    "authorization,x-other");
	ck_assert_int_eq(ask("GET", "/storage/v1/b/open/o", ORIGIN, NULL,
	    NULL), 200);
	ck_assert_str_eq(client_header("Access-Control-Allow-Origin"),
	    "https://app.example");
	(void)ask("GET", "/storage/v1/b/open/o", "Origin: https://else.where",
	    NULL, NULL);
	ck_assert_ptr_null(client_header("Access-Control-Allow-Origin"));
	/* Errors, too, can be read. */
	ck_assert_int_eq(ask("GET", "/storage/v1/b/open/o/none", ORIGIN, NULL,
	    NULL), 404);
	ck_assert_str_eq(client_header("Access-Control-Allow-Origin"),
	    "https://app.example");
	ck_assert_int_eq(client_post("/storage/v1/b?project=litedrill",
	    "{\"name\":\"all\",\"cors\":[{\"origin\":[\"*\"],\"method\":"
	    "[\"GET\"]}]}"), 200);
	(void)ask("GET", "/all", ORIGIN, NULL, NULL);
	ck_assert_str_eq(client_header("Access-Control-Allow-Origin"), "*");
	client_stop();
}
END_TEST

START_TEST(buckets_own_configuration_holds_for_the_xml_api)
{

	begin(NULL);
	ck_assert_int_eq(ask("OPTIONS", "/open/o", ORIGIN, ASK,
	    "Access-Control-Request-Headers: content-type"), 200);
	ck_assert_str_eq(client_header("Access-Control-Allow-Origin"),
	    "https://app.example");
	ck_assert_str_eq(client_header("Access-Control-Allow-Methods"),
	    "GET, PUT");
	ck_assert_str_eq(client_header("Access-Control-Max-Age"), "77");
	(void)ask("OPTIONS", "/open/o", ORIGIN, ASK,
	    "Access-Control-Request-Headers: x-other");
	ck_assert_ptr_null(client_header("Access-Control-Allow-Origin"));
	(void)ask("OPTIONS", "/open/o", "Origin: https://else.where", ASK,
	    NULL);
	ck_assert_ptr_null(client_header("Access-Control-Allow-Origin"));
	(void)ask("OPTIONS", "/open/o", ORIGIN,
	    "Access-Control-Request-Method: DELETE", NULL);
	ck_assert_ptr_null(client_header("Access-Control-Allow-Origin"));
	ck_assert_int_eq(client_ask("PUT", "/open/o", "x", 1, ORIGIN), 200);
	ck_assert_str_eq(client_header("Access-Control-Allow-Origin"),
	    "https://app.example");
	ck_assert_str_eq(client_header("Vary"), "Origin");
	client_stop();
}
END_TEST

START_TEST(flag_lets_every_page_in)
{

	begin("X-Mine");
	ck_assert_int_eq(ask("OPTIONS", "/storage/v1/b/shut/o", ORIGIN, ASK,
	    NULL), 200);
	ck_assert_str_eq(client_header("Access-Control-Allow-Origin"), "*");
	ck_assert_ptr_nonnull(strstr(client_header(
	    "Access-Control-Allow-Headers"), "X-Mine"));
	ck_assert_int_eq(ask("GET", "/storage/v1/b/shut/o", ORIGIN, NULL,
	    NULL), 200);
	ck_assert_str_eq(client_header("Access-Control-Allow-Origin"), "*");
	client_stop();
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_test(t, page_gets_nothing_by_default);
	tcase_add_test(t, origin_that_a_bucket_names_may_use_its_json_api);
	tcase_add_test(t, buckets_own_configuration_holds_for_the_xml_api);
	tcase_add_test(t, flag_lets_every_page_in);
}

int
main(void)
{

	return (client_main("cors", add));
}
