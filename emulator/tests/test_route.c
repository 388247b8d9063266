/* From host, method and target to a row of the table; names that are and are
 * not buckets and objects. */
#include <check.h>
#include <string.h>

#include "emulator/api/names.h"
#include "emulator/http/route.h"
#include "lib/clock.h"

static struct emu emu;
static struct req rq;

static int
find(enum req_via via, const char *host, const char *method,
    const char *target)
{

	req_release(&rq);
	req_init(&rq, &emu);
	rq.via = via;
	rq.method = method;
	req_set_host(&rq, host);
	ck_assert_int_eq(req_target(&rq, target), 0);
	return (route_find(&rq));
}

#define LOCAL	"127.0.0.1:8080"
#define STORE	"storage.googleapis.com"
#define O	"/storage/v1/b/bkt/o/"

static const struct {
	const char *host, *method, *target, *id, *bucket, *object;
} found[] = {
	{ LOCAL, "GET", O "a%2Fb", "storage.objects.get", "bkt", "a/b" },
	{ STORE, "GET", O "a%2Fb", "storage.objects.get", "bkt", "a/b" },
	{ LOCAL, "GET", O "a%252Fb", "storage.objects.get", "bkt", "a%2Fb" },
	{ LOCAL, "GET", O "a+b", "storage.objects.get", "bkt", "a+b" },
	{ LOCAL, "GET", O "%E2%82%AC", "storage.objects.get", "bkt", "€" },
	{ LOCAL, "GET", "/bkt/a%2Fb", "storage.objects.get", "bkt", "a/b" },
	{ LOCAL, "GET", "/bkt/a/b", "storage.objects.get", "bkt", "a/b" },
	{ LOCAL, "GET", "/bkt//a", "storage.objects.get", "bkt", "/a" },
	{ LOCAL, "HEAD", "/bkt/a", "storage.objects.get", "bkt", "a" },
	{ LOCAL, "GET", "/bkt", "storage.objects.list", "bkt", NULL },
	{ LOCAL, "GET", "/bkt/", "storage.objects.list", "bkt", NULL },
	{ "bkt.storage.googleapis.com", "GET", "/a/b", "storage.objects.get",
	    "bkt", "a/b" },
	{ "BKT.Storage.googleapis.com:443", "GET", "/",
	    "storage.objects.list", "bkt", NULL },
	{ LOCAL, "GET", "/download/storage/v1/b/bkt/o/x?alt=media",
	    "storage.objects.get", "bkt", "x" },
	{ LOCAL, "POST", "/upload/storage/v1/b/bkt/o?uploadType=media",
	    "storage.objects.insert", "bkt", NULL },
	{ LOCAL, "PUT", "/resumable/upload/storage/v1/b/bkt/o?upload_id=1",
	    "storage.objects.insert", "bkt", NULL },
	{ LOCAL, "DELETE", "/upload/storage/v1/b/bkt/o?upload_id=1",
	    "storage.objects.delete", "bkt", NULL },
	{ LOCAL, "POST", O "a/rewriteTo/b/c/o/d", "storage.objects.rewrite",
	    "bkt", "a" },
	{ LOCAL, "POST", O "a/compose", "storage.objects.compose", "bkt",
	    "a" },
	{ LOCAL, "PUT", "/bkt/o?partNumber=1&uploadId=x",
	    "storage.multipartUploads.uploadPart", "bkt", "o" },
	{ "my.bkt.localhost:4443", "GET", "/a/b", "storage.objects.get",
	    "my.bkt", "a/b" },
	{ "bkt.storage.localhost", "GET", "/?prefix=x",
	    "storage.objects.list", "bkt", NULL },
	{ "my.bkt.storage.googleapis.com", "PUT", "/", "storage.buckets.insert",
	    "my.bkt", NULL },
	{ "bkt.localhost", "GET", "/storage/v1/b", "storage.objects.get",
	    "bkt", "storage/v1/b" },
	{ LOCAL, "POST", "/token", "oauth.token", NULL, NULL },
	{ LOCAL, "POST", "/v1/projects/p/serviceAccounts",
	    "iam.serviceAccounts.create", NULL, NULL },
	{ LOCAL, "POST", "/bkt", "storage.objects.insert", "bkt", NULL },
	{ LOCAL, "POST", "/bkt/a/b", "storage.objects.insert", "bkt", "a/b" },
	{ LOCAL, "POST", "/", "storage.objects.insert", NULL, NULL },
	{ LOCAL, "GET", "/", "emulator.root", NULL, NULL },
	{ STORE, "POST", "/", "storage.objects.insert", NULL, NULL },
	{ "bkt.storage.googleapis.com", "POST", "/", "storage.objects.insert",
	    "bkt", NULL },
	{ "oauth2.googleapis.com", "POST", "/token", "oauth.token", NULL,
	    NULL },
	{ "www.googleapis.com", "POST", "/oauth2/v4/token", "oauth.token",
	    NULL, NULL },
	{ "iam.googleapis.com", "POST",
	    "/v1/projects/p/serviceAccounts/e%40x:disable",
	    "iam.serviceAccounts.disable", NULL, NULL },
	{ "cloudresourcemanager.googleapis.com", "POST",
	    "/v1/projects/p:getIamPolicy",
	    "resourcemanager.projects.getIamPolicy", NULL, NULL },
	{ LOCAL, "GET", "/_emulator/ready", "emulator.ready", NULL, NULL },
};

START_TEST(path_finds_its_row_and_names)
{
	enum req_via via = strcmp(found[_i].host, LOCAL) == 0 ||
	    strstr(found[_i].host, "localhost") != NULL ? VIA_HTTP :
	    VIA_PROXY;

	ck_assert_int_eq(find(via, found[_i].host, found[_i].method,
	    found[_i].target), 0);
	ck_assert_str_eq(rq.route->id, found[_i].id);
	ck_assert_pstr_eq(rq.bucket, found[_i].bucket);
	ck_assert_pstr_eq(rq.object, found[_i].object);
}
END_TEST

START_TEST(unknown_paths_find_nothing_but_their_error_shape)
{

	ck_assert_int_eq(find(VIA_HTTP, LOCAL, "GET", "/storage/v1/x"), -1);
	ck_assert_int_eq(rq.route->api, API_STORAGE);
	ck_assert_ptr_null(route_allow(&rq));
	/* an unescaped slash is not part of a name in the JSON API */
	ck_assert_int_eq(find(VIA_HTTP, LOCAL, "GET", O "a/b"), -1);
	ck_assert_int_eq(find(VIA_HTTP, LOCAL, "PATCH", "/bkt/o"), -1);
	ck_assert_int_eq(rq.route->api, API_XML);
	ck_assert_str_eq(route_allow(&rq), "POST, PUT, GET, DELETE, HEAD");
	/* the control API is not there for who comes through the proxy */
	(void)find(VIA_PROXY, STORE, "POST", "/_emulator/faults");
	ck_assert_int_eq(rq.route->api, API_XML);
	ck_assert_int_eq(find(VIA_PROXY, LOCAL, "GET", "/_emulator/ready"),
	    -1);
	ck_assert_int_eq(find(VIA_PROXY, "iam.googleapis.com", "POST",
	    "/token"), -1);
}
END_TEST

START_TEST(hosts_are_told_apart)
{
	static const struct { const char *host; enum route_host kind; } t[] = {
		{ "localhost", HOST_LOCAL }, { "127.0.0.1", HOST_LOCAL },
		{ "127.1.2.3", HOST_LOCAL }, { "[::1]", HOST_LOCAL },
		{ "storage.googleapis.com", HOST_STORAGE },
		{ "a.b.storage.googleapis.com", HOST_BUCKET },
		{ "storage.localhost", HOST_LOCAL },
		{ "bkt.localhost", HOST_LOCAL_BUCKET },
		{ "a.b.storage.localhost", HOST_LOCAL_BUCKET },
		{ ".localhost", HOST_FOREIGN },
		{ "%zz.localhost", HOST_FOREIGN },
		{ "a/b.storage.googleapis.com", HOST_FOREIGN },
		{ "evillocalhost", HOST_FOREIGN },
		{ ".storage.googleapis.com", HOST_FOREIGN },
		{ "accounts.google.com", HOST_OAUTH },
		{ "compute.googleapis.com", HOST_FOREIGN },
		{ "127.0.0.1.evil.com", HOST_FOREIGN },
		{ "localhost.evil.com", HOST_FOREIGN },
		{ "storage.googleapis.com.evil.com", HOST_FOREIGN },
		{ "evilstorage.googleapis.com", HOST_FOREIGN },
		{ "0.0.0.0", HOST_FOREIGN }, { "", HOST_FOREIGN },
	};

	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(route_host(t[i].host), t[i].kind);
}
END_TEST

START_TEST(host_header_is_split_and_lowered)
{

	ck_assert_int_eq(find(VIA_HTTP, "LocalHost:80", "GET", "/bkt"), 0);
	ck_assert_str_eq(rq.host, "localhost");
	ck_assert_str_eq(rq.host_port, "localhost:80");
	(void)find(VIA_HTTP, "[::1]:80", "GET", "/bkt");
	ck_assert_str_eq(rq.host, "[::1]");
	(void)find(VIA_HTTP, "[::1]", "GET", "/bkt");
	ck_assert_str_eq(rq.host, "[::1]");
}
END_TEST

START_TEST(query_is_split_and_decoded)
{

	ck_assert_int_eq(find(VIA_HTTP, LOCAL, "GET",
	    "/bkt?a=1&b=x%26y&c&d=a+b%2Bc&&e==&prefix="), 0);
	ck_assert_str_eq(req_query(&rq, "a"), "1");
	ck_assert_str_eq(req_query(&rq, "b"), "x&y");
	ck_assert_str_eq(req_query(&rq, "c"), "");
	ck_assert_str_eq(req_query(&rq, "d"), "a b+c");
	ck_assert_str_eq(req_query(&rq, "e"), "=");
	ck_assert_str_eq(req_query(&rq, "prefix"), "");
	ck_assert_ptr_null(req_query(&rq, "nope"));
}
END_TEST

START_TEST(malformed_escapes_and_nul_are_400)
{
	static const char *const bad[] = { "/b/a%", "/b/a%2", "/b/%zz",
		"/b?x=%", "/b?x=%00", "/b?%00=1", "b/a",
		"http://h/b" };

	for (size_t i = 0; i < NELEMS(bad); i++) {
		req_release(&rq);
		req_init(&rq, &emu);
		ck_assert_int_eq(req_target(&rq, bad[i]), -1);
		ck_assert_int_eq(rq.status, 400);
	}
}
END_TEST

START_TEST(numbers_in_the_query_are_checked_by_name)
{
	struct store_cond c;

	(void)find(VIA_HTTP, LOCAL, "GET",
	    "/bkt?ifGenerationMatch=0&generation=7&ifMetagenerationMatch=");
	ck_assert_int_eq(req_cond(&rq, &c), 0);
	ck_assert(c.has_gen_match && !c.has_meta_match);
	ck_assert_int_eq(c.gen_match, 0);
	ck_assert_int_eq(c.generation, 7);
	(void)find(VIA_HTTP, LOCAL, "GET", "/bkt?ifGenerationMatch=x");
	ck_assert_int_eq(req_cond(&rq, &c), -1);
	ck_assert_int_eq(rq.status, 400);
	ck_assert_ptr_nonnull(strstr(rq.reply, "ifGenerationMatch"));
	(void)find(VIA_HTTP, LOCAL, "GET", "/bkt?generation=-1");
	ck_assert_int_eq(req_cond(&rq, &c), -1);
}
END_TEST

START_TEST(every_row_is_whole)
{

	for (const struct route *r = routes; r->id != NULL; r++) {
		ck_assert_ptr_nonnull(r->handle);
		ck_assert_int_eq(r->body == BODY_STREAM, r->data != NULL);
		ck_assert_int_eq(r->body == BODY_STREAM, r->begin != NULL);
		ck_assert_int_eq(r->path[0], '/');
	}
}
END_TEST

START_TEST(bucket_names_follow_googles_rules)
{
	static const char *const good[] = { "abc", "a-b_c.d", "123",
		"my-bucket.example.com" };
	static const char *const bad[] = { "", "ab", "Abc", "-abc", "abc-",
		"a b", "goog-x", "my-google-x", "1.2.3.4", "a..b", "ab/c" };
	char longest[65];

	for (size_t i = 0; i < NELEMS(good); i++)
		ck_assert_msg(names_bucket_ok(good[i]), "%s", good[i]);
	for (size_t i = 0; i < NELEMS(bad); i++)
		ck_assert_msg(!names_bucket_ok(bad[i]), "%s", bad[i]);
	memset(longest, 'x', sizeof(longest));
	longest[64] = '\0';
	ck_assert(!names_bucket_ok(longest));
	longest[63] = '\0';
	ck_assert(names_bucket_ok(longest));
}
END_TEST

START_TEST(object_names_follow_googles_rules)
{
	char longest[1026];

	memset(longest, 'x', sizeof(longest));
	longest[1025] = '\0';
	ck_assert_ptr_nonnull(names_object_fault(longest));
	longest[1024] = '\0';
	ck_assert_ptr_null(names_object_fault(longest));
	ck_assert_ptr_null(names_object_fault("a/../b"));
	ck_assert_ptr_null(names_object_fault("€"));
	ck_assert_ptr_nonnull(names_object_fault(""));
	ck_assert_ptr_nonnull(names_object_fault("."));
	ck_assert_ptr_nonnull(names_object_fault(".."));
	ck_assert_ptr_nonnull(names_object_fault("a\nb"));
	ck_assert_ptr_nonnull(names_object_fault("\xff"));
	ck_assert_ptr_nonnull(names_object_fault(
	    ".well-known/acme-challenge/x"));
}
END_TEST

static void
setup(void)
{

	req_init(&rq, &emu);
}

static void
teardown(void)
{

	req_release(&rq);
}

int
main(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, path_finds_its_row_and_names, 0,
	    (int)NELEMS(found));
	tcase_add_test(t, unknown_paths_find_nothing_but_their_error_shape);
	tcase_add_test(t, hosts_are_told_apart);
	tcase_add_test(t, host_header_is_split_and_lowered);
	tcase_add_test(t, query_is_split_and_decoded);
	tcase_add_test(t, malformed_escapes_and_nul_are_400);
	tcase_add_test(t, numbers_in_the_query_are_checked_by_name);
	tcase_add_test(t, every_row_is_whole);
	tcase_add_test(t, bucket_names_follow_googles_rules);
	tcase_add_test(t, object_names_follow_googles_rules);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
