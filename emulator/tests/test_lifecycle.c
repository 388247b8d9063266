/* Lifecycle rules: https://cloud.google.com/storage/docs/lifecycle */
#include "emulator/tests/api_util.h"

#define DAY	86400
#define OFF	",\"softDeletePolicy\":{\"retentionDurationSeconds\":0}"
#define RULE(action, condition) \
	"{\"action\":" action ",\"condition\":" condition "}"
#define DELETE	"{\"type\":\"Delete\"}"
#define CLASS(c) "{\"type\":\"SetStorageClass\",\"storageClass\":\"" c "\"}"
#define ABORT	"{\"type\":\"AbortIncompleteMultipartUpload\"}"

static int
rules(const char *list)
{
	char body[4096];

	(void)snprintf(body, sizeof(body), "{\"lifecycle\":{\"rule\":[%s]}}",
	    list);
	return (api_do("PATCH", body, B "/bkt"));
}

/* Apply now; what is left of the names. */
static const char *
left(void)
{

	api_pass(0);
	ck_assert_int_eq(client_get(O "?versions=true"), 200);
	return (api_names());
}

START_TEST(rules_are_shown_in_the_services_form)
{

	api_bucket(OFF);
	ck_assert_int_eq(rules(RULE(CLASS("coldline"), "{\"age\":\"30\","
	    "\"matchesStorageClass\":[\"standard\"],\"matchesPrefix\":[],"
	    "\"sizeAboveBytes\":7,\"isLive\":true}")), 200);
	api_is("lifecycle.rule.0.action.storageClass", "COLDLINE");
	api_is("lifecycle.rule.0.condition.age", "30");
	api_is("lifecycle.rule.0.condition.matchesStorageClass.0",
	    "STANDARD");
	api_is("lifecycle.rule.0.condition.sizeAboveBytes", "7");
	ck_assert_ptr_null(strstr(cl.body.p, "matchesPrefix"));
	ck_assert_int_eq(api_do("PATCH", "{\"lifecycle\":{}}", B "/bkt"),
	    200);
	api_is("lifecycle.rule.0.condition.age", "30");
	ck_assert_int_eq(rules(""), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "lifecycle"));
}
END_TEST

START_TEST(malformed_rules_are_refused)
{
	static const char *const t[] = {
		RULE("{\"type\":\"Explode\"}", "{\"age\":1}"),
		RULE("{}", "{\"age\":1}"), RULE(DELETE, "{}"),
		"{\"action\":" DELETE "}", RULE(DELETE, "{\"age\":-1}"),
		RULE(DELETE, "{\"age\":\"x\"}"),
		RULE(DELETE, "{\"age\":3000000000}"),
		RULE(DELETE, "{\"createdBefore\":\"2020-02-30\"}"),
		RULE(DELETE, "{\"createdBefore\":\"2020-02-01T00:00:00Z\"}"),
		RULE(DELETE, "{\"isLive\":\"yes\"}"),
		RULE(DELETE, "{\"matchesPrefix\":[\"\"]}"),
		RULE(DELETE, "{\"matchesPrefix\":\"a\"}"),
		RULE(DELETE, "{\"matchesStorageClass\":[\"WARM\"]}"),
		RULE(DELETE, "{\"colour\":\"red\"}"),
		RULE(DELETE, "{\"sizeBelowBytes\":\"6000000000000\"}"),
		RULE("{\"type\":\"SetStorageClass\"}", "{\"age\":1}"),
		RULE(CLASS("WARM"), "{\"age\":1}"),
		RULE("{\"type\":\"Delete\",\"storageClass\":\"NEARLINE\"}",
		    "{\"age\":1}"),
		RULE(ABORT, "{\"isLive\":true}"), "7",
	};

	api_bucket(OFF);
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_msg(rules(t[i]) == 400, "%s: %d", t[i], cl.status);
	ck_assert_int_eq(client_get(B "/bkt"), 200);
	api_is("metageneration", "1");
}
END_TEST

START_TEST(age_deletes_when_the_clock_says)
{

	api_bucket(OFF);
	(void)api_put("a", "1");
	ck_assert_int_eq(rules(RULE(DELETE, "{\"age\":3}")), 200);
	ck_assert_str_eq(left(), "a ");
	api_pass(2 * DAY);
	(void)api_put("b", "1");
	ck_assert_str_eq(left(), "a b ");
	api_pass(DAY);
	ck_assert_str_eq(left(), "b ");
}
END_TEST

START_TEST(each_condition_picks_its_objects)
{
	static const struct { const char *condition, *left; } t[] = {
		{ "{\"createdBefore\":\"2000-01-01\"}", "big p/x q/x.log " },
		{ "{\"createdBefore\":\"2500-01-01\"}", "" },
		{ "{\"matchesPrefix\":[\"p/\",\"z\"]}", "big q/x.log " },
		{ "{\"matchesSuffix\":[\".log\"]}", "big p/x " },
		{ "{\"matchesSuffix\":[\".log\"],\"matchesPrefix\":"
		    "[\"p/\"]}", "big p/x q/x.log " },
		{ "{\"sizeAboveBytes\":5}", "p/x q/x.log " },
		{ "{\"sizeBelowBytes\":5}", "big " },
		{ "{\"matchesStorageClass\":[\"NEARLINE\"]}",
		    "big p/x q/x.log " },
		{ "{\"matchesStorageClass\":[\"STANDARD\"]}", "" },
		{ "{\"isLive\":false}", "big p/x q/x.log " },
		{ "{\"isLive\":true}", "" },
		{ "{\"daysSinceCustomTime\":1}", "p/x q/x.log " },
		{ "{\"customTimeBefore\":\"2021-01-02\"}", "p/x q/x.log " },
		{ "{\"customTimeBefore\":\"2020-12-31\"}",
		    "big p/x q/x.log " },
		{ "{\"numNewerVersions\":1}", "big p/x q/x.log " },
	};

	api_bucket(OFF);
	for (size_t i = 0; i < NELEMS(t); i++) {
		char rule[512];

		ck_assert_int_eq(rules(""), 200);
		(void)api_put("big", "0123456789");
		(void)api_do("PATCH", "{\"customTime\":"
		    "\"2021-01-01T00:00:00Z\"}", O "/big");
		(void)api_put("p%2Fx", "1");
		(void)api_put("q%2Fx.log", "1");
		(void)snprintf(rule, sizeof(rule),
		    "{\"action\":" DELETE ",\"condition\":%s}",
		    t[i].condition);
		ck_assert_int_eq(rules(rule), 200);
		ck_assert_msg(strcmp(left(), t[i].left) == 0, "%s: %s",
		    t[i].condition, api_names());
	}
}
END_TEST

START_TEST(versions_are_counted_and_noncurrent_ones_aged)
{

	api_bucket(OFF ",\"versioning\":{\"enabled\":true}");
	for (int i = 0; i < 5; i++)
		(void)api_put("x", "1");
	ck_assert_int_eq(rules(RULE(DELETE, "{\"numNewerVersions\":3}")),
	    200);
	ck_assert_str_eq(left(), "x x x ");
	ck_assert_int_eq(rules(RULE(DELETE,
	    "{\"daysSinceNoncurrentTime\":2}")), 200);
	ck_assert_str_eq(left(), "x x x ");
	api_pass(3 * DAY);
	ck_assert_str_eq(left(), "x ");
	/* A live one becomes noncurrent first. */
	ck_assert_int_eq(rules(RULE(DELETE, "{\"isLive\":true}")), 200);
	ck_assert_str_eq(left(), "x ");
	ck_assert_int_eq(client_get(O "/x"), 404);
	ck_assert_int_eq(rules(RULE(DELETE, "{\"isLive\":false}")), 200);
	ck_assert_str_eq(left(), "");
}
END_TEST

START_TEST(class_goes_down_once_and_never_up)
{
	char updated[64];

	api_bucket(OFF);
	(void)api_put("x", "1");
	ck_assert_int_eq(rules(RULE(CLASS("NEARLINE"), "{\"age\":1}") ","
	    RULE(CLASS("ARCHIVE"), "{\"age\":9}")), 200);
	api_pass(DAY);
	ck_assert_int_eq(client_get(O "/x"), 200);
	api_is("storageClass", "NEARLINE");
	api_is("metageneration", "2");
	(void)snprintf(updated, sizeof(updated), "%s",
	    api_text("timeStorageClassUpdated"));
	ck_assert_str_ne(updated, api_text("timeCreated"));
	api_pass(DAY);
	ck_assert_int_eq(client_get(O "/x"), 200);
	api_is("metageneration", "2");
	api_pass(9 * DAY);
	ck_assert_int_eq(client_get(O "/x"), 200);
	api_is("storageClass", "ARCHIVE");
	/* To delete comes before a class. */
	ck_assert_int_eq(rules(RULE(CLASS("COLDLINE"), "{\"age\":0}") ","
	    RULE(DELETE, "{\"age\":0}")), 200);
	ck_assert_str_eq(left(), "");
}
END_TEST

START_TEST(held_and_retained_objects_stay)
{

	api_bucket(OFF);
	(void)api_put("held", "1");
	(void)api_put("kept", "1");
	(void)api_put("free", "1");
	ck_assert_int_eq(api_do("PATCH", "{\"temporaryHold\":true}",
	    O "/held"), 200);
	ck_assert_int_eq(api_do("PATCH", "{\"retention\":{\"mode\":"
	    "\"Unlocked\",\"retainUntilTime\":\"2999-01-01T00:00:00Z\"}}",
	    O "/kept"), 200);
	ck_assert_int_eq(rules(RULE(DELETE, "{\"age\":0}")), 200);
	ck_assert_str_eq(left(), "held kept ");
}
END_TEST

START_TEST(unfinished_multipart_uploads_are_aborted)
{

	api_bucket(OFF);
	ck_assert_int_eq(client_ask("POST", "/bkt/a?uploads", "", 0, NULL),
	    200);
	ck_assert_int_eq(rules(RULE(ABORT, "{\"age\":2,"
	    "\"matchesPrefix\":[\"a\"]}")), 200);
	api_pass(DAY);
	ck_assert_int_eq(client_get("/bkt?uploads"), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "<UploadId>"));
	api_pass(2 * DAY);
	ck_assert_int_eq(client_get("/bkt?uploads"), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "<UploadId>"));
}
END_TEST

START_TEST(control_call_applies_and_tells)
{
	char token[128];

	api_bucket("");
	(void)api_put("x", "1");
	(void)api_put("y", "1");
	ck_assert_int_eq(api_do("PATCH", "{\"eventBasedHold\":true}",
	    O "/y"), 200);
	ck_assert_int_eq(rules(RULE(DELETE, "{\"age\":0}")), 200);
	ck_assert_int_eq(client_ask("POST", "/_emulator/lifecycle", "", 0,
	    NULL), 403);
	(void)snprintf(token, sizeof(token), "X-Emulator-Token: %s",
	    cl.emu->control_token);
	ck_assert_int_eq(client_ask("POST", "/_emulator/lifecycle", "", 0,
	    token), 200);
	api_is("deleted", "1");
	api_is("kept", "1");
	/* What a rule deletes is soft-deleted as any other. */
	ck_assert_int_eq(client_get(O "?softDeleted=true"), 200);
	ck_assert_str_eq(api_names(), "x ");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, api_start, client_stop);
	tcase_add_test(t, rules_are_shown_in_the_services_form);
	tcase_add_test(t, malformed_rules_are_refused);
	tcase_add_test(t, age_deletes_when_the_clock_says);
	tcase_add_test(t, each_condition_picks_its_objects);
	tcase_add_test(t, versions_are_counted_and_noncurrent_ones_aged);
	tcase_add_test(t, class_goes_down_once_and_never_up);
	tcase_add_test(t, held_and_retained_objects_stay);
	tcase_add_test(t, unfinished_multipart_uploads_are_aborted);
	tcase_add_test(t, control_call_applies_and_tells);
}

int
main(void)
{

	return (client_main("lifecycle", add));
}
