/* What the suites of Google's clients expect where the service's documents say
 * nothing, or leave it open; make conformance runs those suites themselves. */
#include <zlib.h>

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

/* ---- what the clients' system tests see of the service itself ---- */

/* Lists with a glob; how many there are. */
static size_t
globbed(const char *glob)
{
	json_auto_t *j = NULL;

	ck_assert_int_eq(api_do("GET", NULL, O "?matchGlob=%s", glob), 200);
	j = client_json();
	return (json_array_size(json_object_get(j, "items")));
}

START_TEST(two_stars_and_a_slash_may_be_nothing)
{
	static const char *const names[] = { "foo/bar", "foo/baz",
		"foo/foobar", "foobar", "a/b/foobar", "/foobar" };
	static const struct { const char *glob; size_t n; } t[] = {
		{ "foo*bar", 1 }, { "foo**bar", 3 }, { "**/foobar", 4 },
		{ "*/ba[rz]", 2 }, { "**/%7Bfoobar,baz%7D", 5 },
		{ "foo/**/bar", 1 }, { "foo/**/foobar", 1 },
		{ "a/**/foobar", 1 }, { "x**/foobar", 0 }, { "**", 6 },
		{ "**/**/foobar", 4 }, { "f**/foobar", 1 },
	};

	for (size_t i = 0; i < NELEMS(names); i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), MEDIA "%s", names[i]);
		ck_assert_int_eq(client_text("POST", url, "x"), 200);
	}
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_msg(globbed(t[i].glob) == t[i].n, "%s: %zu",
		    t[i].glob, globbed(t[i].glob));
}
END_TEST

START_TEST(metadata_is_read_under_conditions_of_tags)
{
	char match[128], none[128];

	ck_assert_int_eq(client_text("POST", MEDIA "x", "x"), 200);
	(void)snprintf(match, sizeof(match), "If-Match: %s",
	    api_text("etag"));
	(void)snprintf(none, sizeof(none), "If-None-Match: %s",
	    api_text("etag"));
	ck_assert_int_eq(client_ask("GET", O "/x", NULL, 0, match), 200);
	ck_assert_int_eq(client_ask("GET", O "/x", NULL, 0, none), 304);
	ck_assert_int_eq(client_ask("GET", O "/x", NULL, 0,
	    "If-Match: kittens"), 412);
	ck_assert_int_eq(client_ask("GET", O "/x", NULL, 0,
	    "If-None-Match: kittens"), 200);
	ck_assert_int_eq(client_get(B "/bkt"), 200);
	(void)snprintf(none, sizeof(none), "If-None-Match: %s",
	    api_text("etag"));
	ck_assert_int_eq(client_ask("GET", B "/bkt", NULL, 0, none), 304);
	ck_assert_int_eq(client_ask("GET", B "/bkt", NULL, 0,
	    "If-Match: kittens"), 412);
}
END_TEST

START_TEST(composed_object_has_the_contexts_of_its_sources)
{
	static const char body[] = "{\"sourceObjects\":[{\"name\":\"a\"},"
	    "{\"name\":\"b\"}]%s}";
	char text[256];

	for (const char *n = "ab"; *n != '\0'; n++) {
		char url[64];

		(void)snprintf(url, sizeof(url), MEDIA "%c", *n);
		ck_assert_int_eq(client_text("POST", url, "x"), 200);
		(void)snprintf(text, sizeof(text), "{\"contexts\":"
		    "{\"custom\":{\"k%c\":{\"value\":\"v\"},"
		    "\"both\":{\"value\":\"%c\"}}}}", *n, *n);
		ck_assert_int_eq(api_do("PATCH", text, O "/%c", *n), 200);
	}
	(void)snprintf(text, sizeof(text), body, "");
	ck_assert_int_eq(api_do("POST", text, O "/c/compose"), 200);
	api_is("contexts.custom.ka.value", "v");
	api_is("contexts.custom.kb.value", "v");
	api_is("contexts.custom.both.value", "b");
	(void)snprintf(text, sizeof(text), body, ",\"destination\":"
	    "{\"contexts\":{\"custom\":{\"own\":{\"value\":\"v\"}}}}");
	ck_assert_int_eq(api_do("POST", text, O "/c/compose"), 200);
	api_is("contexts.custom.own.value", "v");
	api_is("contexts.custom.ka.value", "");
	/* a pair that says nothing goes */
	ck_assert_int_eq(api_do("PATCH",
	    "{\"contexts\":{\"custom\":{\"both\":{}}}}", O "/a"), 200);
	api_is("contexts.custom.both.value", "");
	api_is("contexts.custom.ka.value", "v");
}
END_TEST

/* However fast they come. */
START_TEST(each_change_is_later_than_the_one_before)
{
	char was[64], object[64], body[64];

	ck_assert_int_eq(client_text("POST", MEDIA "x", "x"), 200);
	(void)snprintf(object, sizeof(object), "%s", api_text("updated"));
	ck_assert_int_eq(client_get(B "/bkt"), 200);
	(void)snprintf(was, sizeof(was), "%s", api_text("updated"));
	for (int i = 0; i < 20; i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"labels\":{\"n\":\"%d\"}}", i);
		ck_assert_int_eq(api_do("PATCH", body, B "/bkt"), 200);
		ck_assert_int_gt(strcmp(api_text("updated"), was), 0);
		(void)snprintf(was, sizeof(was), "%s", api_text("updated"));
		(void)snprintf(body, sizeof(body),
		    "{\"metadata\":{\"n\":\"%d\"}}", i);
		ck_assert_int_eq(api_do("PATCH", body, O "/x"), 200);
		ck_assert_int_gt(strcmp(api_text("updated"), object), 0);
		(void)snprintf(object, sizeof(object), "%s",
		    api_text("updated"));
	}
}
END_TEST

START_TEST(autoclass_has_a_new_time_with_each_toggle)
{
	char was[64];

	for (int on = 1; on < 6; on++) {
		(void)snprintf(was, sizeof(was), "%s",
		    api_text("autoclass.toggleTime"));
		ck_assert_int_eq(api_do("PATCH", on % 2 ?
		    "{\"autoclass\":{\"enabled\":true}}" :
		    "{\"autoclass\":{\"enabled\":false}}", B "/bkt"), 200);
		ck_assert_str_ne(api_text("autoclass.toggleTime"), was);
	}
}
END_TEST

START_TEST(disabled_ip_filter_is_kept_whole)
{
	ck_assert_int_eq(api_do("PATCH", "{\"ipFilter\":{\"mode\":"
	    "\"Disabled\",\"allowAllServiceAgentAccess\":true,"
	    "\"publicNetworkSource\":{\"allowedIpCidrRanges\":"
	    "[\"203.0.113.10/32\"]}}}", B "/bkt"), 200);
	ck_assert_int_eq(client_get(B "/bkt"), 200);
	api_is("ipFilter.allowAllServiceAgentAccess", "true");
	api_is("ipFilter.publicNetworkSource.allowedIpCidrRanges.0",
	    "203.0.113.10/32");
	ck_assert_int_eq(api_do("PATCH",
	    "{\"ipFilter\":{\"mode\":\"Enabled\"}}", B "/bkt"), 501);
	ck_assert_int_eq(api_do("PATCH", "{\"ipFilter\":null}", B "/bkt"),
	    200);
	api_is("ipFilter.mode", "");
}
END_TEST

START_TEST(restricted_kinds_of_keys_are_refused)
{
	static const char g[] = "{\"encryption\":{\"googleManagedEncryption"
	    "EnforcementConfig\":{\"restrictionMode\":\"%s\"}}}";
	char body[256];

	(void)snprintf(body, sizeof(body), g, "FullyRestricted");
	ck_assert_int_eq(api_do("PATCH", body, B "/bkt"), 200);
	ck_assert_str_ne(api_text("encryption.googleManagedEncryption"
	    "EnforcementConfig.effectiveTime"), "");
	ck_assert_int_eq(client_text("POST", MEDIA "x", "x"), 412);
	ck_assert_int_eq(client_text("POST", MEDIA "x&kmsKeyName="
	    "projects/p/locations/us/keyRings/r/cryptoKeys/k", "x"), 200);
	(void)snprintf(body, sizeof(body), g, "NotRestricted");
	ck_assert_int_eq(api_do("PATCH", body, B "/bkt"), 200);
	api_is("encryption.googleManagedEncryptionEnforcementConfig"
	    ".effectiveTime", "");
	ck_assert_int_eq(client_text("POST", MEDIA "x", "x"), 200);
	(void)snprintf(body, sizeof(body), g, "Somewhat");
	ck_assert_int_eq(api_do("PATCH", body, B "/bkt"), 400);
	ck_assert_int_eq(api_do("PATCH", "{\"encryption\":{\"googleManaged"
	    "EncryptionEnforcementConfig\":null}}", B "/bkt"), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "\"encryption\""));
}
END_TEST

START_TEST(null_is_a_body_that_says_nothing)
{
	ck_assert_int_eq(client_text("POST", MEDIA "x", "x"), 200);
	ck_assert_int_eq(api_do("POST", "null", B "/bkt/o/x/rewriteTo/b/bkt"
	    "/o/y"), 200);
	api_is("done", "true");
	ck_assert_int_eq(api_do("PATCH", " null\n", B "/bkt/o/x"), 200);
	ck_assert_int_eq(api_do("PATCH", "0", B "/bkt/o/x"), 400);
}
END_TEST

START_TEST(hash_that_differs_is_told_beside_ours)
{
	static const char part[] = "--b\r\n\r\n{\"name\":\"x\",\"%s\":\"%s\"}"
	    "\r\n--b\r\n\r\nhello\r\n--b--\r\n";
	static const char up[] = "/upload/storage/v1/b/bkt/o?uploadType="
	    "multipart", type[] = "Content-Type: multipart/related; boundary=b";
	char body[256];

	(void)snprintf(body, sizeof(body), part, "crc32c", "AAAAAA==");
	ck_assert_int_eq(client_ask("POST", up, body, strlen(body), type),
	    400);
	api_is("error.message", "Provided CRC32C \"AAAAAA==\" doesn't match "
	    "calculated CRC32C \"mnG7TA==\".");
	(void)snprintf(body, sizeof(body), part, "md5Hash",
	    "AAAAAAAAAAAAAAAAAAAAAA==");
	ck_assert_int_eq(client_ask("POST", up, body, strlen(body), type),
	    400);
	api_is("error.message", "Provided MD5 hash \"AAAAAAAAAAAAAAAAAAAAAA==\" "
	    "doesn't match calculated MD5 hash "
	    "\"XUFAKrxLKna5cZ2REBfFkg==\".");
}
END_TEST

START_TEST(members_of_the_default_policy_are_in_order)
{
	ck_assert_int_eq(client_get(B "/bkt/iam"), 200);
	api_is("bindings.0.members.0", "projectEditor:p");
	api_is("bindings.0.members.1", "projectOwner:p");
}
END_TEST

START_TEST(soft_deleted_in_a_hierarchy_has_a_restore_token)
{
	char generation[32], token[64], path[256];

	ck_assert_int_eq(api_do("POST", "{\"name\":\"tree\","
	    "\"hierarchicalNamespace\":{\"enabled\":true},"
	    "\"iamConfiguration\":{\"uniformBucketLevelAccess\":"
	    "{\"enabled\":true}}}", B "?project=litedrill"), 200);
	ck_assert_int_eq(client_text("POST", "/upload/storage/v1/b/tree/o"
	    "?uploadType=media&name=x", "x"), 200);
	(void)snprintf(generation, sizeof(generation), "%s",
	    api_text("generation"));
	api_is("restoreToken", "");
	ck_assert_int_eq(api_do("DELETE", "", B "/tree/o/x"), 204);
	ck_assert_int_eq(client_get(B "/tree/o?softDeleted=true"), 200);
	(void)snprintf(token, sizeof(token), "%s",
	    api_text("items.0.restoreToken"));
	ck_assert_str_ne(token, "");
	(void)snprintf(path, sizeof(path), B "/tree/o/x/restore?generation=%s"
	    "&restoreToken=other", generation);
	ck_assert_int_eq(api_do("POST", "", "%s", path), 404);
	(void)snprintf(path, sizeof(path), B "/tree/o/x/restore?generation=%s"
	    "&restoreToken=%s", generation, token);
	ck_assert_int_eq(api_do("POST", "", "%s", path), 200);
	api_is("restoreToken", "");
}
END_TEST

/* The length of p[0..n) as gzip in out[]. */
static size_t
gzip_of(const char *p, size_t n, unsigned char *out, size_t max)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p,
	    .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)max };

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&z);
	return (max - z.avail_out);
}

/* As Java's client sends each JSON. */
START_TEST(body_compressed_for_the_way_is_read)
{
	static const char json[] = "{\"labels\":{\"a\":\"b\"}}",
	    gz[] = "Content-Encoding: gzip";
	unsigned char z[512];
	size_t n = gzip_of(json, strlen(json), z, sizeof(z));

	ck_assert_int_eq(client_ask("PATCH", B "/bkt", z, n, gz), 200);
	api_is("labels.a", "b");
	ck_assert_int_eq(client_ask("PATCH", B "/bkt", z, n - 9, gz), 400);
	ck_assert_int_eq(client_ask("PATCH", B "/bkt", json, strlen(json),
	    gz), 400);
	ck_assert_int_eq(client_ask("PATCH", B "/bkt", z, n, "X-No: 1"), 400);
}
END_TEST

START_TEST(upload_compressed_for_the_way_is_kept_plain)
{
	static char big[300000];
	static unsigned char z[2048];
	static const char gz[] = "Content-Encoding: gzip";
	size_t n = gzip_of(big, sizeof(big), z, sizeof(z));

	ck_assert_int_eq(client_ask("POST", MEDIA "x", z, n, gz), 200);
	api_is("size", "300000");
	api_is("contentEncoding", "");
	ck_assert_int_eq(client_ask("POST", MEDIA "x", z, n - 9, gz), 400);
	ck_assert_int_eq(client_ask("POST", MEDIA "x", "x", 1, gz), 400);
	ck_assert_int_eq(client_get(O "/x"), 200);
	api_is("metageneration", "1");
	ck_assert_int_eq(client_ask("PUT", "/bkt/y", z, n, gz), 200);
	ck_assert_int_eq(client_get(O "/y"), 200);
	api_is("contentEncoding", "gzip");
}
END_TEST

/* To the service's own host, too. */
START_TEST(batch_is_found_behind_two_slashes)
{
	static const char body[] = "--b\r\nContent-Type: application/http"
	    "\r\n\r\nGET /storage/v1/b/bkt HTTP/1.1\r\n\r\n\r\n--b--\r\n";
	static const char *const h[] = { "Host: storage.googleapis.com",
	    "Content-Type: multipart/mixed; boundary=b", NULL };

	ck_assert_int_eq(client_ask("POST", "//batch/storage/v1", body,
	    strlen(body), h[1]), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "HTTP/1.1 200"));
	ck_assert_int_eq(client_try("POST", client_url("//batch/storage/v1"),
	    body, strlen(body), h), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, lock_of_a_bucket_without_a_policy_changes_nothing);
	tcase_add_test(t, default_key_of_a_bucket_may_have_any_name);
	tcase_add_test(t, turbo_replication_is_for_more_than_one_region);
	tcase_add_test(t, two_stars_and_a_slash_may_be_nothing);
	tcase_add_test(t, metadata_is_read_under_conditions_of_tags);
	tcase_add_test(t, composed_object_has_the_contexts_of_its_sources);
	tcase_add_test(t, each_change_is_later_than_the_one_before);
	tcase_add_test(t, autoclass_has_a_new_time_with_each_toggle);
	tcase_add_test(t, disabled_ip_filter_is_kept_whole);
	tcase_add_test(t, restricted_kinds_of_keys_are_refused);
	tcase_add_test(t, batch_is_found_behind_two_slashes);
	tcase_add_test(t, body_compressed_for_the_way_is_read);
	tcase_add_test(t, upload_compressed_for_the_way_is_kept_plain);
	tcase_add_test(t, null_is_a_body_that_says_nothing);
	tcase_add_test(t, hash_that_differs_is_told_beside_ours);
	tcase_add_test(t, members_of_the_default_policy_are_in_order);
	tcase_add_test(t, soft_deleted_in_a_hierarchy_has_a_restore_token);
	tcase_add_test(t, live_retry_test_may_begin_what_cannot_end);
	tcase_add_test(t, live_retry_test_may_be_careless);
	tcase_add_test(t, live_retry_test_is_exempt_from_retention);
}

int
main(void)
{

	return (client_main("conformance", add));
}
