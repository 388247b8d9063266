/* What clients may say of objects, and what of it stays. */
#include "emulator/tests/api_util.h"

static void
setup(void)
{

	api_start();
	api_bucket("");
	(void)api_put("x", "1");
}

static int
patch(const char *body)
{

	return (api_do("PATCH", body, O "/x"));
}

START_TEST(patch_merges_and_null_removes)
{

	ck_assert_int_eq(patch("{\"metadata\":{\"a\":\"1\",\"b\":\"2\"},"
	    "\"cacheControl\":\"no-store\"}"), 200);
	ck_assert_int_eq(patch("{\"metadata\":{\"b\":null,\"c\":\"3\"},"
	    "\"cacheControl\":null}"), 200);
	api_is("metadata.a", "1");
	api_is("metadata.b", "");
	api_is("metadata.c", "3");
	api_is("cacheControl", "");
	api_is("metageneration", "3");
	ck_assert_int_eq(patch("{\"metadata\":null}"), 200);
	api_is("metadata.a", "");
	ck_assert_int_eq(patch("{\"metadata\":{\"a\":1}}"), 400);
	ck_assert_int_eq(patch("{\"storageClass\":\"NEARLINE\"}"), 200);
	api_is("storageClass", "STANDARD");
}
END_TEST

START_TEST(update_replaces_all_that_it_does_not_name)
{

	ck_assert_int_eq(patch("{\"metadata\":{\"a\":\"1\"},"
	    "\"temporaryHold\":true,\"contexts\":{\"custom\":{\"k\":"
	    "{\"value\":\"v\"}}},\"customTime\":\"2030-01-01T00:00:00Z\"}"),
	    200);
	ck_assert_int_eq(api_do("PUT", "{\"contentLanguage\":\"de\"}", O "/x"),
	    200);
	api_is("contentLanguage", "de");
	api_is("metadata.a", "");
	api_is("contentType", "");
	api_is("contexts.custom.k.value", "");
	ck_assert_str_ne(api_text("temporaryHold"), "true");
	/* What cannot be removed stays. */
	api_is("customTime", "2030-01-01T00:00:00Z");
	api_is("size", "1");
}
END_TEST

START_TEST(metadata_has_8_kib)
{
	char *body = mem_alloc(10000), *p;

	p = body + snprintf(body, 100, "{\"metadata\":{\"k\":\"");
	memset(p, 'v', 8191);
	(void)snprintf(p + 8191, 8, "\"}}");
	ck_assert_int_eq(patch(body), 200);
	(void)snprintf(p + 8191, 8, "v\"}}");
	ck_assert_int_eq(patch(body), 400);
	free(body);
}
END_TEST

START_TEST(custom_time_goes_forward_only)
{

	ck_assert_int_eq(patch("{\"customTime\":null}"), 200);
	ck_assert_int_eq(patch("{\"customTime\":\"tomorrow\"}"), 400);
	ck_assert_int_eq(patch("{\"customTime\":\"2030-01-01T00:00:00Z\"}"),
	    200);
	ck_assert_int_eq(patch("{\"customTime\":\"2029-12-31T23:59:59Z\"}"),
	    400);
	ck_assert_int_eq(patch("{\"customTime\":null}"), 400);
	ck_assert_int_eq(patch("{\"customTime\":\"2030-01-01T01:00:00"
	    "+01:00\"}"), 200);
	ck_assert_int_eq(patch("{\"customTime\":\"2031-01-01T00:00:00Z\"}"),
	    200);
}
END_TEST

START_TEST(contexts_have_times_of_their_own)
{
	char made[64];

	ck_assert_int_eq(patch("{\"contexts\":{\"custom\":{\"a\":{\"value\":"
	    "\"1\"},\"b\":{\"value\":\"2\"}}}}"), 200);
	(void)snprintf(made, sizeof(made), "%s",
	    api_text("contexts.custom.a.createTime"));
	api_is("contexts.custom.a.updateTime", made);
	api_pass(10);
	ck_assert_int_eq(patch("{\"contexts\":{\"custom\":{\"a\":{\"value\":"
	    "\"3\"},\"b\":null}}}"), 200);
	api_is("contexts.custom.a.value", "3");
	api_is("contexts.custom.a.createTime", made);
	ck_assert_str_ne(api_text("contexts.custom.a.updateTime"), made);
	api_is("contexts.custom.b.value", "");
	/* The Go client removes by a pair that says nothing. */
	ck_assert_int_eq(patch("{\"contexts\":{\"custom\":{\"c\":{\"value\":"
	    "\"4\"},\"a\":{}}}}"), 200);
	api_is("contexts.custom.a.value", "");
	api_is("contexts.custom.c.value", "4");
	ck_assert_int_eq(patch("{\"contexts\":{\"custom\":null}}"), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "contexts"));
}
END_TEST

START_TEST(malformed_contexts_are_refused)
{
	static const char *const t[] = {
		"7", "{\"custom\":7}", "{\"custom\":{\"a\":7}}",
		"{\"custom\":{\"a\":{\"value\":7}}}", "{\"custom\":{\"\":"
		    "{\"value\":\"1\"}}}", "{\"custom\":{\"-a\":"
		    "{\"value\":\"1\"}}}", "{\"custom\":{\"a\":"
		    "{\"value\":\"\"}}}", "{\"custom\":{\"a/b\":"
		    "{\"value\":\"1\"}}}", "{\"custom\":{\"goog1\":"
		    "{\"value\":\"1\"}}}", "{\"custom\":{\"a\":"
		    "{\"value\":\"'\"}}}",
	};
	char body[512];

	for (size_t i = 0; i < NELEMS(t); i++) {
		(void)snprintf(body, sizeof(body), "{\"contexts\":%s}", t[i]);
		ck_assert_msg(patch(body) == 400, "%s: %d", t[i], cl.status);
	}
}
END_TEST

static const char *
filtered(const char *filter)
{
	char *q = curl_easy_escape(cl.curl, filter, 0);

	ck_assert_int_eq(api_do("GET", NULL, O "?filter=%s", q), 200);
	curl_free(q);
	return (api_names());
}

START_TEST(listings_are_filtered_by_contexts)
{

	(void)api_put("y", "1");
	(void)api_put("z", "1");
	ck_assert_int_eq(patch("{\"contexts\":{\"custom\":{\"k\":{\"value\":"
	    "\"1\"}}}}"), 200);
	ck_assert_int_eq(api_do("PATCH", "{\"contexts\":{\"custom\":{\"k\":"
	    "{\"value\":\"2\"}}}}", O "/y"), 200);
	ck_assert_str_eq(filtered("contexts.\"k\"=\"1\""), "x ");
	ck_assert_str_eq(filtered("-contexts.\"k\"=\"1\""), "y z ");
	ck_assert_str_eq(filtered("contexts.\"k\":*"), "x y ");
	ck_assert_str_eq(filtered("-contexts.\"k\":*"), "z ");
	ck_assert_str_eq(filtered("contexts.\"q\":*"), "");
	ck_assert_int_eq(client_get(O "?filter=size%3E7"), 400);
	ck_assert_int_eq(client_get(O "?filter=contexts.k:*"), 400);
}
END_TEST

START_TEST(listings_refuse_what_does_not_go_together)
{

	ck_assert_int_eq(client_get(O "?matchGlob=a%5Bb"), 400);
	ck_assert_int_eq(client_get(O "?matchGlob=a%7Bb"), 400);
	ck_assert_int_eq(client_get(O "?matchGlob=*&delimiter=x"), 400);
	ck_assert_int_eq(client_get(O "?matchGlob=*&delimiter=/"), 200);
	ck_assert_int_eq(client_get(O "?maxResults=-1"), 400);
	ck_assert_int_eq(client_get(O "?maxResults=x"), 400);
	ck_assert_int_eq(client_get(O "?pageToken=%21"), 400);
}
END_TEST

START_TEST(noncurrent_generation_is_patched_by_its_number)
{
	char old[64];

	ck_assert_int_eq(api_do("PATCH", "{\"versioning\":{\"enabled\":"
	    "true}}", B "/bkt"), 200);
	(void)snprintf(old, sizeof(old), "%s", api_put("v", "1"));
	(void)api_put("v", "2");
	ck_assert_int_eq(api_do("PATCH", "{\"metadata\":{\"k\":\"v\"}}",
	    O "/v?generation=%s", old), 200);
	api_is("generation", old);
	api_is("metageneration", "2");
	ck_assert_str_ne(api_text("timeDeleted"), "");
	ck_assert_int_eq(client_get(O "/v"), 200);
	api_is("metadata.k", "");
	ck_assert_int_eq(api_do("DELETE", NULL, O "/v?generation=%s"
	    "&ifMetagenerationMatch=1", old), 412);
	ck_assert_int_eq(api_do("DELETE", NULL, O "/v?generation=%s"
	    "&ifMetagenerationMatch=2", old), 204);
	ck_assert_int_eq(api_do("GET", NULL, O "/v?generation=%s", old), 404);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, patch_merges_and_null_removes);
	tcase_add_test(t, update_replaces_all_that_it_does_not_name);
	tcase_add_test(t, metadata_has_8_kib);
	tcase_add_test(t, custom_time_goes_forward_only);
	tcase_add_test(t, contexts_have_times_of_their_own);
	tcase_add_test(t, malformed_contexts_are_refused);
	tcase_add_test(t, listings_are_filtered_by_contexts);
	tcase_add_test(t, listings_refuse_what_does_not_go_together);
	tcase_add_test(t, noncurrent_generation_is_patched_by_its_number);
}

int
main(void)
{

	return (client_main("metadata", add));
}
