/* Notification configurations, and the account that publishes them. */
#include "emulator/tests/fixture.h"

#define B	"/storage/v1/b"
#define N	B "/bkt/notificationConfigs"
#define WORKER	FIX_MAIL("worker-account")
#define TOPIC	"//pubsub.googleapis.com/projects/p/topics/t"

static struct fix x;
static struct req rq;

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST, B "?project="
	    FIX_PROJECT, "{\"name\":\"bkt\"}"), 200);
}

static void
teardown(void)
{

	fix_release(&x);
}

static int
ask(const char *method, const char *target, const char *body)
{

	return (fix_ask(&x, &rq, x.emu.owner, method, GCS_HOST, target,
	    body));
}

/* The same, its answer forgotten. */
static int
status(const char *method, const char *target, const char *body)
{
	int s = ask(method, target, body);

	req_release(&rq);
	return (s);
}

static const char *
config(const char *more)
{

	return (arena_printf(&x.arena, "{\"topic\":\"" TOPIC "\","
	    "\"payload_format\":\"JSON_API_V1\"%s}", more));
}

START_TEST(what_was_configured_is_read_back)
{
	const json_t *j;

	ck_assert_int_eq(ask("POST", N, config(",\"event_types\":["
	    "\"OBJECT_FINALIZE\"],\"custom_attributes\":{\"k\":\"v\"},"
	    "\"object_name_prefix\":\"a/\"")), 200);
	ck_assert_str_eq(fix_text(&rq, "id"), "1");
	ck_assert_str_eq(fix_text(&rq, "kind"), "storage#notification");
	req_release(&rq);
	ck_assert_int_eq(ask("GET", N "/1", NULL), 200);
	ck_assert_str_eq(fix_text(&rq, "topic"), TOPIC);
	ck_assert_str_eq(fix_text(&rq, "payload_format"), "JSON_API_V1");
	ck_assert_str_eq(fix_text(&rq, "custom_attributes.k"), "v");
	ck_assert_str_eq(fix_text(&rq, "object_name_prefix"), "a/");
	ck_assert_str_eq(fix_text(&rq, "selfLink"),
	    "https://storage.googleapis.com" N "/1");
	ck_assert_str_ne(fix_text(&rq, "etag"), "");
	j = json_object_get(fix_json(&rq), "event_types");
	ck_assert_str_eq(json_string_value(json_array_get(j, 0)),
	    "OBJECT_FINALIZE");
	req_release(&rq);
}
END_TEST

START_TEST(numbers_are_not_given_twice)
{
	const json_t *items;

	ck_assert_int_eq(ask("GET", N, NULL), 200);
	ck_assert_ptr_null(json_object_get(fix_json(&rq), "items"));
	req_release(&rq);
	ck_assert_int_eq(status("POST", N, config("")), 200);
	ck_assert_int_eq(status("POST", N, config("")), 200);
	ck_assert_int_eq(status("DELETE", N "/2", NULL), 204);
	ck_assert_int_eq(status("DELETE", N "/2", NULL), 404);
	ck_assert_int_eq(status("GET", N "/2", NULL), 404);
	ck_assert_int_eq(ask("POST", N, config("")), 200);
	ck_assert_str_eq(fix_text(&rq, "id"), "3");
	req_release(&rq);
	fix_close(&x);
	fix_open(&x);
	ck_assert_int_eq(ask("GET", N, NULL), 200);
	items = json_object_get(fix_json(&rq), "items");
	ck_assert_uint_eq(json_array_size(items), 2);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(
	    items, 1), "id")), "3");
	req_release(&rq);
}
END_TEST

static const char *const bad[] = {
	"{}", "{\"topic\":\"" TOPIC "\"}",
	"{\"payload_format\":\"NONE\"}",
	"{\"topic\":\"t\",\"payload_format\":\"NONE\"}",
	"{\"topic\":\"//pubsub.googleapis.com/projects/p/topics/\","
	    "\"payload_format\":\"NONE\"}",
	"{\"topic\":\"//pubsub.googleapis.com/projects//topics/t\","
	    "\"payload_format\":\"NONE\"}",
	"{\"topic\":\"" TOPIC "\",\"payload_format\":\"XML\"}",
	"{\"topic\":\"" TOPIC "\",\"payload_format\":\"NONE\","
	    "\"event_types\":[\"OBJECT_EATEN\"]}",
	"{\"topic\":\"" TOPIC "\",\"payload_format\":\"NONE\","
	    "\"event_types\":\"OBJECT_DELETE\"}",
	"{\"topic\":\"" TOPIC "\",\"payload_format\":\"NONE\","
	    "\"custom_attributes\":{\"a\":1}}",
	"{\"topic\":\"" TOPIC "\",\"payload_format\":\"NONE\","
	    "\"object_name_prefix\":1}",
};

START_TEST(bad_configurations_are_refused)
{

	ck_assert_int_eq(status("POST", N, bad[_i]), 400);
	ck_assert_int_eq(status("GET", N "/1", NULL), 404);
}
END_TEST

START_TEST(no_more_than_ten_of_an_event_overlap)
{
	static const char finalize[] =
	    ",\"event_types\":[\"OBJECT_FINALIZE\"]";

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(status("POST", N, config(finalize)), 200);
	ck_assert_int_eq(status("POST", N, config(finalize)), 400);
	ck_assert_int_eq(status("POST", N, config("")), 400);
	ck_assert_int_eq(status("POST", N, config(
	    ",\"event_types\":[\"OBJECT_DELETE\"]")), 200);
}
END_TEST

START_TEST(no_more_than_a_hundred_in_a_bucket)
{
	int s;

	for (int i = 0; i < 101; i++) {
		s = status("POST", N, config(arena_printf(&x.arena,
		    ",\"object_name_prefix\":\"%d/\"", i)));
		ck_assert_int_eq(s, i < 100 ? 200 : 400);
	}
}
END_TEST

/* As gcloud writes it. */
START_TEST(topic_may_come_without_its_host)
{

	ck_assert_int_eq(ask("POST", N, "{\"topic\":\"projects/p/topics/t\","
	    "\"payload_format\":\"NONE\"}"), 200);
	ck_assert_str_eq(fix_text(&rq, "topic"), TOPIC);
	req_release(&rq);
}
END_TEST

START_TEST(bucket_must_be_there_and_the_caller_allowed)
{
	struct req other;

	ck_assert_int_eq(status("GET", B "/none/notificationConfigs", NULL),
	    404);
	ck_assert_int_eq(fix_ask(&x, &other, WORKER, "POST", GCS_HOST, N,
	    config("")), 403);
	req_release(&other);
}
END_TEST

START_TEST(project_names_the_account_of_the_service)
{
	char want[128];

	(void)snprintf(want, sizeof(want), "service-%lld@gs-project-accounts"
	    ".iam.gserviceaccount.com", (long long)x.emu.project_number);
	ck_assert_int_eq(ask("GET", "/storage/v1/projects/" FIX_PROJECT
	    "/serviceAccount", NULL), 200);
	ck_assert_str_eq(fix_text(&rq, "email_address"), want);
	ck_assert_str_eq(fix_text(&rq, "kind"), "storage#serviceAccount");
	req_release(&rq);
	ck_assert_int_eq(status("GET",
	    "/storage/v1/projects/other/serviceAccount", NULL), 403);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("notifications");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_was_configured_is_read_back);
	tcase_add_test(t, numbers_are_not_given_twice);
	tcase_add_loop_test(t, bad_configurations_are_refused, 0,
	    NELEMS(bad));
	tcase_add_test(t, no_more_than_ten_of_an_event_overlap);
	tcase_add_test(t, no_more_than_a_hundred_in_a_bucket);
	tcase_add_test(t, topic_may_come_without_its_host);
	tcase_add_test(t, bucket_must_be_there_and_the_caller_allowed);
	tcase_add_test(t, project_names_the_account_of_the_service);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
