/* Holds, retention of buckets and of objects, by the JSON API. */
#include "emulator/tests/api_util.h"

static int
patch(const char *path, const char *body)
{

	return (api_do("PATCH", body, "%s", path));
}

START_TEST(held_object_is_kept_with_the_services_words)
{

	api_bucket("");
	(void)api_put("x", "1");
	ck_assert_str_eq(api_text("temporaryHold"), "");
	ck_assert_int_eq(patch(O "/x", "{\"temporaryHold\":true}"), 200);
	(void)api_do("DELETE", NULL, O "/x");
	api_refused(403, "objectUnderActiveHold");
	api_is("error.message", "Object 'bkt/x' is under active Temporary "
	    "hold and cannot be deleted, overwritten or archived until hold "
	    "is removed.");
	ck_assert_int_eq(client_ask("POST", MEDIA "x", "2", 1, NULL), 403);
	ck_assert_int_eq(client_ask("POST", MEDIA "x&ifGenerationMatch=0",
	    "2", 1, NULL), 412);
	(void)api_put("y", "2");
	ck_assert_int_eq(api_do("POST", "{\"sourceObjects\":[{\"name\":"
	    "\"y\"}]}", O "/x/compose"), 403);
	ck_assert_int_eq(api_do("POST", "", O "/y/copyTo/b/bkt/o/x"), 403);
	ck_assert_int_eq(api_do("POST", "", O "/y/moveTo/o/x"), 403);
	ck_assert_int_eq(api_do("POST", "", O "/x/moveTo/o/z"), 403);
	ck_assert_int_eq(client_ask("DELETE", "/bkt/x", NULL, 0, NULL), 403);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "ObjectUnderActiveHold"));
	ck_assert_int_eq(patch(O "/x", "{\"metadata\":{\"k\":\"v\"}}"), 200);
	ck_assert_int_eq(patch(O "/x", "{\"temporaryHold\":false}"), 200);
	api_is("temporaryHold", "false");
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
}
END_TEST

START_TEST(copies_do_not_inherit_holds)
{

	api_bucket("");
	(void)api_put("x", "1");
	ck_assert_int_eq(patch(O "/x", "{\"temporaryHold\":true}"), 200);
	ck_assert_int_eq(api_do("POST", "", O "/x/copyTo/b/bkt/o/y"), 200);
	api_is("temporaryHold", "");
	ck_assert_int_eq(api_do("DELETE", NULL, O "/y"), 204);
}
END_TEST

START_TEST(resumable_upload_over_a_held_object_ends_in_403)
{
	char url[1024];

	api_bucket("");
	(void)api_put("x", "1");
	ck_assert_int_eq(patch(O "/x", "{\"eventBasedHold\":true}"), 200);
	ck_assert_int_eq(client_post(UP "?uploadType=resumable&name=x", ""),
	    200);
	(void)snprintf(url, sizeof(url), "%s",
	    strstr(client_header("location"), "/upload"));
	(void)client_ask("PUT", url, "abc", 3, NULL);
	api_refused(403, "objectUnderActiveHold");
	ck_assert_ptr_nonnull(strstr(cl.body.p, "Event-Based"));
}
END_TEST

START_TEST(resumable_upload_asks_preconditions_and_size_at_its_start)
{

	api_bucket("");
	(void)api_put("x", "1");
	(void)client_post(UP "?uploadType=resumable&name=x"
	    "&ifGenerationMatch=0", "");
	api_refused(412, "conditionNotMet");
	(void)client_ask("POST", UP "?uploadType=resumable&name=y", "", 0,
	    "X-Upload-Content-Length: 5497558138881");
	api_refused(413, "uploadTooLarge");
	ck_assert_int_eq(client_ask("POST", UP "?uploadType=resumable&name=y",
	    "", 0, "X-Upload-Content-Length: 5497558138880"), 200);
}
END_TEST

START_TEST(bucket_retention_keeps_until_its_time)
{

	api_bucket(",\"retentionPolicy\":{\"retentionPeriod\":100}");
	api_is("retentionPolicy.retentionPeriod", "100");
	ck_assert_str_ne(api_text("retentionPolicy.effectiveTime"), "");
	api_is("retentionPolicy.isLocked", "");
	(void)api_put("x", "1");
	ck_assert_str_ne(api_text("retentionExpirationTime"), "");
	(void)api_do("DELETE", NULL, O "/x");
	api_refused(403, "retentionPolicyNotMet");
	ck_assert_ptr_nonnull(strstr(cl.body.p, "cannot be deleted or "
	    "overwritten until 2"));
	ck_assert_int_eq(client_ask("DELETE", "/bkt/x", NULL, 0, NULL), 403);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "RetentionPolicyNotMet"));
	api_pass(101);
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
}
END_TEST

START_TEST(policy_is_checked_and_removed_only_by_null)
{
	static const char *const bad[] = { "0", "-1", "3155760001", "\"x\"",
		"1.5" };
	char body[128];

	api_bucket("");
	for (size_t i = 0; i < NELEMS(bad); i++) {
		(void)snprintf(body, sizeof(body), "{\"retentionPolicy\":"
		    "{\"retentionPeriod\":%s}}", bad[i]);
		ck_assert_int_eq(patch(B "/bkt", body), 400);
	}
	ck_assert_int_eq(patch(B "/bkt", "{\"retentionPolicy\":"
	    "{\"retentionPeriod\":\"60\",\"isLocked\":true}}"), 200);
	api_is("retentionPolicy.isLocked", "");
	ck_assert_int_eq(patch(B "/bkt", "{\"retentionPolicy\":{}}"), 200);
	api_is("retentionPolicy.retentionPeriod", "60");
	ck_assert_int_eq(patch(B "/bkt", "{\"retentionPolicy\":null}"), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "retentionPolicy"));
}
END_TEST

START_TEST(locked_policy_grows_and_never_shrinks)
{
	const char *lock = B "/bkt/lockRetentionPolicy?"
	    "ifMetagenerationMatch=";

	api_bucket("");
	ck_assert_int_eq(api_do("POST", "", "%s1", lock), 200);
	api_is("metageneration", "1");
	ck_assert_int_eq(patch(B "/bkt", "{\"retentionPolicy\":"
	    "{\"retentionPeriod\":\"60\"}}"), 200);
	(void)api_do("POST", "", B "/bkt/lockRetentionPolicy");
	api_refused(400, "required");
	(void)api_do("POST", "", "%s1", lock);
	api_refused(412, "conditionNotMet");
	ck_assert_int_eq(api_do("POST", "", "%s2", lock), 200);
	api_is("retentionPolicy.isLocked", "true");
	api_is("metageneration", "3");
	ck_assert_int_eq(api_do("POST", "", "%s3", lock), 200);
	api_is("metageneration", "3");
	(void)patch(B "/bkt", "{\"retentionPolicy\":null}");
	api_refused(403, "retentionPolicyNotMet");
	(void)patch(B "/bkt", "{\"retentionPolicy\":"
	    "{\"retentionPeriod\":59}}");
	api_refused(403, "forbidden");
	(void)api_do("PUT", "{}", B "/bkt");
	api_refused(403, "retentionPolicyNotMet");
	ck_assert_int_eq(patch(B "/bkt", "{\"retentionPolicy\":"
	    "{\"retentionPeriod\":61}}"), 200);
	api_is("retentionPolicy.isLocked", "true");
}
END_TEST

START_TEST(default_event_based_hold_is_for_new_objects)
{

	api_bucket(",\"defaultEventBasedHold\":true,\"retentionPolicy\":"
	    "{\"retentionPeriod\":60}");
	(void)api_put("x", "1");
	api_is("eventBasedHold", "true");
	api_is("retentionExpirationTime", "");
	ck_assert_int_eq(patch(O "/x", "{\"metadata\":{\"k\":\"v\"}}"), 200);
	api_is("eventBasedHold", "true");
	api_pass(1000);
	ck_assert_int_eq(patch(O "/x", "{\"eventBasedHold\":false}"), 200);
	ck_assert_str_ne(api_text("retentionExpirationTime"), "");
	(void)api_do("DELETE", NULL, O "/x");
	api_refused(403, "retentionPolicyNotMet");
	api_pass(61);
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
}
END_TEST

#define KEEP(mode, until) "{\"retention\":{\"mode\":\"" mode "\"," \
	"\"retainUntilTime\":\"" until "\"}}"

START_TEST(objects_retention_is_checked)
{
	static const struct { const char *body; int status; } t[] = {
		{ "{\"retention\":{\"mode\":\"Locked\"}}", 400 },
		{ "{\"retention\":{\"retainUntilTime\":"
		    "\"2999-01-01T00:00:00Z\"}}", 400 },
		{ KEEP("locked", "2999-01-01T00:00:00Z"), 400 },
		{ KEEP("Locked", "2999-01-01"), 400 },
		{ KEEP("Locked", "2001-01-01T00:00:00Z"), 400 },
		{ "{\"retention\":7}", 400 },
		{ "{\"retention\":{}}", 200 },
		{ "{\"eventBasedHold\":true," /* both */
		    "\"retention\":{\"mode\":\"Locked\",\"retainUntilTime\":"
		    "\"2999-01-01T00:00:00Z\"}}", 400 },
		{ KEEP("Unlocked", "2999-01-01T00:00:00Z"), 200 },
	};

	api_bucket("");
	api_is("objectRetention.mode", "Enabled");
	(void)api_put("x", "1");
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_msg(patch(O "/x", t[i].body) == t[i].status,
		    "%s: %d", t[i].body, cl.status);
	api_is("retentionExpirationTime", "2999-01-01T00:00:00.000Z");
	(void)api_do("DELETE", NULL, O "/x");
	api_refused(403, "retentionPolicyNotMet");
	ck_assert_int_eq(client_post(B, "{\"name\":\"plain\"}"), 200);
	ck_assert_int_eq(client_ask("POST", "/upload/storage/v1/b/plain/o"
	    "?uploadType=media&name=x", "1", 1, NULL), 200);
	(void)patch(B "/plain/o/x", KEEP("Locked", "2999-01-01T00:00:00Z"));
	api_refused(400, "invalid");
}
END_TEST

START_TEST(unlocked_retention_is_weakened_only_by_intent)
{
	const char *override = O "/x?overrideUnlockedRetention=true";

	api_bucket("");
	(void)api_put("x", "1");
	ck_assert_int_eq(patch(O "/x", KEEP("Unlocked",
	    "2900-01-01T00:00:00Z")), 200);
	ck_assert_int_eq(patch(O "/x", KEEP("Unlocked",
	    "2990-01-01T00:00:00Z")), 200);
	(void)patch(O "/x", KEEP("Unlocked", "2900-01-01T00:00:00Z"));
	api_refused(403, "forbidden");
	(void)patch(O "/x", "{\"retention\":null}");
	api_refused(403, "forbidden");
	(void)patch(O "/x", KEEP("Locked", "2990-01-01T00:00:00Z"));
	api_refused(403, "forbidden");
	ck_assert_int_eq(patch(override, KEEP("Unlocked",
	    "2900-01-01T00:00:00Z")), 200);
	ck_assert_int_eq(patch(override, KEEP("Locked",
	    "2900-01-01T00:00:00Z")), 200);
	(void)patch(override, KEEP("Unlocked", "2900-01-01T00:00:00Z"));
	api_refused(403, "forbidden");
	(void)patch(override, "{\"retention\":{\"mode\":null,"
	    "\"retainUntilTime\":null}}");
	api_refused(403, "forbidden");
	ck_assert_int_eq(patch(O "/x", KEEP("Locked",
	    "2901-01-01T00:00:00Z")), 200);
}
END_TEST

START_TEST(request_of_a_live_retry_test_is_exempt_from_bucket_retention)
{
	char header[128];

	api_bucket(",\"retentionPolicy\":{\"retentionPeriod\":100}");
	(void)api_put("x", "1");
	ck_assert_int_eq(client_post("/retry_test", "{\"instructions\":"
	    "{\"storage.buckets.list\":[\"return-503\"]}}"), 200);
	(void)snprintf(header, sizeof(header), "x-retry-test-id: %s",
	    api_text("id"));
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 403);
	ck_assert_int_eq(client_ask("DELETE", O "/x", NULL, 0, header), 204);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, api_start, client_stop);
	tcase_add_test(t, held_object_is_kept_with_the_services_words);
	tcase_add_test(t, copies_do_not_inherit_holds);
	tcase_add_test(t, resumable_upload_over_a_held_object_ends_in_403);
	tcase_add_test(t,
	    resumable_upload_asks_preconditions_and_size_at_its_start);
	tcase_add_test(t, bucket_retention_keeps_until_its_time);
	tcase_add_test(t, policy_is_checked_and_removed_only_by_null);
	tcase_add_test(t, locked_policy_grows_and_never_shrinks);
	tcase_add_test(t, default_event_based_hold_is_for_new_objects);
	tcase_add_test(t, objects_retention_is_checked);
	tcase_add_test(t, unlocked_retention_is_weakened_only_by_intent);
	tcase_add_test(t,
	    request_of_a_live_retry_test_is_exempt_from_bucket_retention);
}

int
main(void)
{

	return (client_main("retention", add));
}
