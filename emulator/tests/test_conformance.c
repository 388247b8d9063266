/* What the suites of Google's clients expect where the service's documents say
 * nothing, or leave it open; make conformance runs those suites themselves. */
#include "emulator/tests/api_util.h"

static void
setup(void)
{

	api_start();
	api_bucket("");
}

START_TEST(lock_of_a_bucket_without_a_policy_changes_nothing)
{
	ck_assert_int_eq(api_do("POST", "", B "/bkt/lockRetentionPolicy"
	    "?ifMetagenerationMatch=1"), 200);
	api_is("metageneration", "1");
	api_is("retentionPolicy.isLocked", "");
	ck_assert_int_eq(api_do("POST", "", B "/bkt/lockRetentionPolicy"
	    "?ifMetagenerationMatch=2"), 412);
	ck_assert_int_eq(api_do("POST", "", B "/bkt/lockRetentionPolicy"),
	    400);
}
END_TEST

START_TEST(default_key_of_a_bucket_may_have_any_name)
{
	ck_assert_int_eq(api_do("PATCH", "{\"encryption\":"
	    "{\"defaultKmsKeyName\":\"key2\"}}", B "/bkt"), 200);
	api_is("encryption.defaultKmsKeyName", "key2");
}
END_TEST

START_TEST(turbo_replication_is_for_more_than_one_region)
{
	ck_assert_int_eq(api_do("PATCH", "{\"rpo\":\"ASYNC_TURBO\"}",
	    B "/bkt"), 200);
	api_is("rpo", "ASYNC_TURBO");
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"region\","
	    "\"location\":\"europe-west1\"}"), 200);
	ck_assert_int_eq(api_do("PATCH", "{\"rpo\":\"ASYNC_TURBO\"}",
	    B "/region"), 400);
}
END_TEST

START_TEST(live_retry_test_is_exempt_from_retention)
{
	char id[128];

	ck_assert_int_eq(api_do("PATCH",
	    "{\"retentionPolicy\":{\"retentionPeriod\":600}}", B "/bkt"),
	    200);
	ck_assert_int_eq(client_text("POST", MEDIA "x", "x"), 200);
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 403);
	ck_assert_int_eq(client_post("/retry_test", "{\"instructions\":"
	    "{\"storage.objects.delete\":[\"return-503\"]}}"), 200);
	(void)snprintf(id, sizeof(id), "x-retry-test-id: %s", api_text("id"));
	ck_assert_int_eq(client_ask("DELETE", O "/x", NULL, 0, id), 503);
	ck_assert_int_eq(client_ask("DELETE", O "/x", NULL, 0, id), 204);
	ck_assert_int_eq(client_get(O "/x"), 404);
}
END_TEST

/* Python's suite; nothing of this holds without the test's id. */
START_TEST(live_retry_test_may_be_careless)
{
	static const char policy[] = "{\"bindings\":[{\"role\":"
	    "\"roles/storage.objectViewer\",\"members\":[\"a@b.c\"]}]}";
	static const char keep[] =
	    "{\"retentionPolicy\":{\"retentionPeriod\":60}}";
	char id[128];

	ck_assert_int_eq(client_post("/retry_test", "{\"instructions\":"
	    "{\"storage.buckets.lockRetentionPolicy\":[\"return-503\"]}}"),
	    200);
	(void)snprintf(id, sizeof(id), "x-retry-test-id: %s", api_text("id"));
	ck_assert_int_eq(api_do("PUT", policy, B "/bkt/iam"), 400);
	ck_assert_int_eq(client_ask("PUT", B "/bkt/iam", policy,
	    sizeof(policy) - 1, id), 200);
	ck_assert_int_eq(api_do("PATCH", "{}", B
	    "/bkt?predefinedAcl=bucketOwnerFullControl"), 400);
	ck_assert_int_eq(client_ask("PATCH", B
	    "/bkt?predefinedAcl=bucketOwnerFullControl", "{}", 2, id), 200);
	ck_assert_int_eq(client_ask("PATCH", B "/bkt", keep, sizeof(keep) - 1,
	    id), 200);
	api_is("retentionPolicy.retentionPeriod", "60");
	ck_assert_ptr_null(strstr(cl.body.p, "nenforced"));
	ck_assert_int_eq(client_text("POST", MEDIA "x", "x"), 200);
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
}
END_TEST

/* Node's suite. */
START_TEST(live_retry_test_may_begin_what_cannot_end)
{
	static const char policy[] = "{\"bindings\":[]}";
	char id[128];

	ck_assert_int_eq(client_text("POST", MEDIA "x", "x"), 200);
	ck_assert_int_eq(client_post("/retry_test", "{\"instructions\":"
	    "{\"storage.objects.insert\":[\"return-503\"]}}"), 200);
	(void)snprintf(id, sizeof(id), "x-retry-test-id: %s", api_text("id"));
	ck_assert_int_eq(api_do("POST", "{}", UP "?uploadType=resumable&name=x"
	    "&ifGenerationMatch=0"), 412);
	ck_assert_int_eq(client_ask("POST", UP "?uploadType=resumable&name=x"
	    "&ifGenerationMatch=0", "{}", 2, id), 503);
	ck_assert_int_eq(client_ask("POST", UP "?uploadType=resumable&name=x"
	    "&ifGenerationMatch=0", "{}", 2, id), 200);
	ck_assert_int_eq(client_ask("PUT", B "/bkt/iam", policy,
	    sizeof(policy) - 1, id), 200);
	ck_assert_int_eq(client_get(B "/bkt"), 200);
	api_is("metageneration", "1");
	ck_assert_int_eq(api_do("PUT", policy, B "/bkt/iam"), 200);
	ck_assert_int_eq(client_get(B "/bkt"), 200);
	api_is("metageneration", "2");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, lock_of_a_bucket_without_a_policy_changes_nothing);
	tcase_add_test(t, default_key_of_a_bucket_may_have_any_name);
	tcase_add_test(t, turbo_replication_is_for_more_than_one_region);
	tcase_add_test(t, live_retry_test_may_begin_what_cannot_end);
	tcase_add_test(t, live_retry_test_may_be_careless);
	tcase_add_test(t, live_retry_test_is_exempt_from_retention);
}

int
main(void)
{

	return (client_main("conformance", add));
}
