/* What may be set on buckets, and in what form it is shown. */
#include "emulator/tests/api_util.h"

static void
setup(void)
{

	api_start();
	api_bucket("");
}

static int
make(const char *name, const char *fields)
{
	char body[2048];

	(void)snprintf(body, sizeof(body), "{\"name\":\"%s\"%s}", name,
	    fields);
	return (client_post(B "?project=p", body));
}

static int
patch(const char *body)
{

	return (api_do("PATCH", body, B "/bkt"));
}

START_TEST(new_bucket_shows_what_every_bucket_has)
{
	static const char *const t[][2] = {
		{ "kind", "storage#bucket" }, { "location", "US" },
		{ "locationType", "multi-region" }, { "rpo", "DEFAULT" },
		{ "storageClass", "STANDARD" }, { "metageneration", "1" },
		{ "etag", "CAE=" },
		{ "iamConfiguration.uniformBucketLevelAccess.enabled",
		    "false" },
		{ "iamConfiguration.bucketPolicyOnly.enabled", "false" },
		{ "iamConfiguration.publicAccessPrevention", "inherited" },
	};

	ck_assert_int_eq(client_get(B "/bkt"), 200);
	for (size_t i = 0; i < NELEMS(t); i++)
		api_is(t[i][0], t[i][1]);
}
END_TEST

START_TEST(location_and_class_are_known_ones)
{

	ck_assert_int_eq(make("b01", ",\"location\":\"europe-west3\","
	    "\"storageClass\":\"nearline\""), 200);
	api_is("location", "EUROPE-WEST3");
	api_is("locationType", "region");
	api_is("storageClass", "NEARLINE");
	ck_assert_int_eq(make("b02", ",\"location\":\"nam4\","
	    "\"rpo\":\"ASYNC_TURBO\""), 200);
	api_is("locationType", "dual-region");
	api_is("rpo", "ASYNC_TURBO");
	ck_assert_int_eq(make("b03", ",\"location\":\"us\","
	    "\"customPlacementConfig\":{\"dataLocations\":[\"us-east1\","
	    "\"US-WEST1\"]}"), 200);
	api_is("locationType", "dual-region");
	api_is("customPlacementConfig.dataLocations.0", "US-EAST1");
	ck_assert_int_eq(make("b04", ",\"location\":\"mars-west1\""), 400);
	ck_assert_int_eq(make("b04", ",\"storageClass\":\"WARM\""), 400);
	ck_assert_int_eq(make("b04", ",\"location\":\"us-east1\","
	    "\"rpo\":\"ASYNC_TURBO\""), 400);
	ck_assert_int_eq(make("b04", ",\"customPlacementConfig\":"
	    "{\"dataLocations\":[\"US\",\"EU\"]}"), 400);
	ck_assert_int_eq(client_get(B "/b04"), 404);
}
END_TEST

START_TEST(labels_follow_the_rules)
{
	char body[8192];
	int n;

	ck_assert_int_eq(patch("{\"labels\":{\"team\":\"data\",\"x\":"
	    "\"\"}}"), 200);
	ck_assert_int_eq(patch("{\"labels\":{\"x\":null}}"), 200);
	api_is("labels.team", "data");
	ck_assert_ptr_null(strstr(cl.body.p, "\"x\""));
	ck_assert_int_eq(patch("{\"labels\":{\"Team\":\"data\"}}"), 400);
	ck_assert_int_eq(patch("{\"labels\":{\"1a\":\"data\"}}"), 400);
	ck_assert_int_eq(patch("{\"labels\":{\"a\":\"a b\"}}"), 400);
	ck_assert_int_eq(patch("{\"labels\":{\"a\":7}}"), 400);
	ck_assert_int_eq(patch("{\"labels\":{\"a\":\"" /* 64 */
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "\"}}"), 400);
	n = snprintf(body, sizeof(body), "{\"labels\":{");
	for (int i = 0; i < 64; i++)
		n += snprintf(body + n, sizeof(body) - (size_t)n,
		    "%s\"k%d\":\"v\"", i > 0 ? "," : "", i);
	(void)snprintf(body + n, sizeof(body) - (size_t)n, "}}");
	ck_assert_int_eq(patch(body), 400);	/* with team: 65 */
	ck_assert_int_eq(patch("{\"labels\":{}}"), 200);
	ck_assert_int_eq(patch(body), 200);
}
END_TEST

START_TEST(malformed_fields_are_refused_by_name)
{
	static const char *const t[] = {
		"{\"versioning\":{\"enabled\":1}}", "{\"versioning\":true}",
		"{\"billing\":{\"requesterPays\":\"yes\"}}",
		"{\"website\":{\"mainPageSuffix\":1}}",
		"{\"logging\":{\"logBucket\":false}}", "{\"cors\":{}}",
		"{\"cors\":[{\"origin\":\"*\"}]}",
		"{\"cors\":[{\"maxAgeSeconds\":-1}]}",
		"{\"defaultEventBasedHold\":\"no\"}",
		"{\"iamConfiguration\":{\"publicAccessPrevention\":\"x\"}}",
		"{\"iamConfiguration\":{\"uniformBucketLevelAccess\":"
		    "{\"enabled\":\"x\"}}}",
		"{\"autoclass\":{\"enabled\":true,\"terminalStorageClass\":"
		    "\"COLDLINE\"}}", "{\"rpo\":\"FAST\"}",
	};

	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_msg(patch(t[i]) == 400, "%s: %d", t[i], cl.status);
	ck_assert_int_eq(patch("{\"ipFilter\":{\"mode\":\"Enabled\"}}"), 501);
	ck_assert_int_eq(client_get(B "/bkt"), 200);
	api_is("metageneration", "1");
}
END_TEST

START_TEST(uniform_access_locks_after_90_days)
{
	const char *on = "{\"iamConfiguration\":{\"uniformBucketLevelAccess\":"
	    "{\"enabled\":true}}}", *off = "{\"iamConfiguration\":"
	    "{\"uniformBucketLevelAccess\":{\"enabled\":false}}}";

	ck_assert_int_eq(patch(on), 200);
	ck_assert_str_ne(api_text("iamConfiguration."
	    "uniformBucketLevelAccess.lockedTime"), "");
	ck_assert_int_eq(patch("{\"iamConfiguration\":"
	    "{\"publicAccessPrevention\":\"enforced\"}}"), 200);
	api_is("iamConfiguration.uniformBucketLevelAccess.enabled", "true");
	api_is("iamConfiguration.bucketPolicyOnly.enabled", "true");
	ck_assert_int_eq(patch(off), 200);
	api_is("iamConfiguration.publicAccessPrevention", "enforced");
	ck_assert_int_eq(patch(on), 200);
	api_pass(91L * 86400);
	ck_assert_int_eq(patch(off), 400);
}
END_TEST

START_TEST(patch_merges_deep_and_update_replaces)
{

	ck_assert_int_eq(patch("{\"website\":{\"mainPageSuffix\":\"i\","
	    "\"notFoundPage\":\"n\"},\"versioning\":{\"enabled\":true},"
	    "\"storageClass\":\"COLDLINE\",\"cors\":[{\"origin\":[\"*\"],"
	    "\"method\":[\"GET\"],\"maxAgeSeconds\":\"60\"}]}"), 200);
	api_is("cors.0.maxAgeSeconds", "60");
	ck_assert_int_eq(patch("{\"website\":{\"notFoundPage\":null}}"), 200);
	api_is("website.mainPageSuffix", "i");
	api_is("website.notFoundPage", "");
	ck_assert_int_eq(patch("{}"), 200);
	api_is("metageneration", "3");
	ck_assert_int_eq(api_do("PUT", "{\"labels\":{\"a\":\"b\"}}", B "/bkt"),
	    200);
	api_is("labels.a", "b");
	api_is("website.mainPageSuffix", "");
	api_is("versioning.enabled", "");
	api_is("storageClass", "STANDARD");
	api_is("location", "US");
	ck_assert_ptr_null(strstr(cl.body.p, "cors"));
	api_is("metageneration", "4");
}
END_TEST

START_TEST(preconditions_of_buckets)
{

	ck_assert_int_eq(api_do("PATCH", "{\"labels\":{\"a\":\"b\"}}",
	    B "/bkt?ifMetagenerationMatch=2"), 412);
	ck_assert_int_eq(api_do("PATCH", "{\"labels\":{\"a\":\"b\"}}",
	    B "/bkt?ifMetagenerationNotMatch=1"), 304);
	ck_assert_int_eq(client_get(B "/bkt?ifMetagenerationNotMatch=1"),
	    304);
	ck_assert_int_eq(client_get(B "/bkt?ifMetagenerationMatch=2"), 412);
	ck_assert_int_eq(api_do("DELETE", NULL,
	    B "/bkt?ifMetagenerationMatch=2"), 412);
	ck_assert_int_eq(api_do("DELETE", NULL,
	    B "/bkt?ifMetagenerationMatch=1"), 204);
}
END_TEST

#define HNS	",\"hierarchicalNamespace\":{\"enabled\":true},"		\
	"\"iamConfiguration\":{\"uniformBucketLevelAccess\":"		\
	"{\"enabled\":true}}"

START_TEST(hierarchical_namespace_has_its_conditions)
{
	ck_assert_int_eq(make("h01", ",\"hierarchicalNamespace\":"
	    "{\"enabled\":true}"), 400);
	ck_assert_int_eq(make("h01", HNS
	    ",\"versioning\":{\"enabled\":true}"), 400);
	ck_assert_int_eq(make("h01", HNS), 200);
	api_is("hierarchicalNamespace.enabled", "true");
	ck_assert_int_eq(client_get(B "/h01/storageLayout"), 200);
	api_is("hierarchicalNamespace.enabled", "true");
	ck_assert_int_eq(patch("{\"hierarchicalNamespace\":"
	    "{\"enabled\":true}}"), 200);
	api_is("hierarchicalNamespace.enabled", "");
}
END_TEST

START_TEST(autoclass_shows_its_times)
{

	ck_assert_int_eq(patch("{\"autoclass\":{\"enabled\":true}}"), 200);
	api_is("autoclass.terminalStorageClass", "NEARLINE");
	ck_assert_str_ne(api_text("autoclass.toggleTime"), "");
	ck_assert_int_eq(patch("{\"autoclass\":{\"terminalStorageClass\":"
	    "\"ARCHIVE\"}}"), 200);
	api_is("autoclass.enabled", "true");
	api_is("autoclass.terminalStorageClass", "ARCHIVE");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, new_bucket_shows_what_every_bucket_has);
	tcase_add_test(t, location_and_class_are_known_ones);
	tcase_add_test(t, labels_follow_the_rules);
	tcase_add_test(t, malformed_fields_are_refused_by_name);
	tcase_add_test(t, uniform_access_locks_after_90_days);
	tcase_add_test(t, patch_merges_deep_and_update_replaces);
	tcase_add_test(t, preconditions_of_buckets);
	tcase_add_test(t, hierarchical_namespace_has_its_conditions);
	tcase_add_test(t, autoclass_shows_its_times);
}

int
main(void)
{

	return (client_main("buckets", add));
}
