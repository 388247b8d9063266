/* Copy, rewrite and move by the JSON API. */
#include "emulator/tests/api_util.h"

#define MIB	(1u << 20)

static void
setup(void)
{

	api_start();
	api_bucket(",\"location\":\"US-EAST1\"");
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"far\","
	    "\"location\":\"EU\",\"storageClass\":\"NEARLINE\"}"), 200);
}

static void
put_big(const char *name, size_t n)
{
	char *p = mem_alloc(n), path[256];

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 2654435761u >> 11);
	(void)snprintf(path, sizeof(path), MEDIA "%s", name);
	ck_assert_int_eq(client_ask("POST", path, p, n, NULL), 200);
	free(p);
}

START_TEST(copy_keeps_metadata_and_takes_the_class_of_its_bucket)
{
	char md5[64], created[64];

	(void)api_put("x", "one");
	ck_assert_int_eq(api_do("PATCH", "{\"metadata\":{\"k\":\"v\"},"
	    "\"cacheControl\":\"no-store\",\"contexts\":{\"custom\":"
	    "{\"c\":{\"value\":\"d\"}}}}", O "/x"), 200);
	(void)snprintf(md5, sizeof(md5), "%s", api_text("md5Hash"));
	(void)snprintf(created, sizeof(created), "%s",
	    api_text("timeCreated"));
	api_pass(1);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/far/o/y"),
	    200);
	api_is("done", "true");
	api_is("objectSize", "3");
	api_is("totalBytesRewritten", "3");
	api_is("resource.metadata.k", "v");
	api_is("resource.cacheControl", "no-store");
	api_is("resource.contentType", "text/plain");
	api_is("resource.contexts.custom.c.value", "d");
	api_is("resource.storageClass", "NEARLINE");
	api_is("resource.metageneration", "1");
	api_is("resource.md5Hash", md5);
	ck_assert_str_ne(api_text("resource.timeCreated"), created);
	ck_assert_int_eq(api_do("POST", "{\"contentType\":\"a/b\","
	    "\"storageClass\":\"coldline\"}", O "/x/copyTo/b/far/o/z"), 200);
	api_is("contentType", "a/b");
	api_is("storageClass", "COLDLINE");
	api_is("metadata.k", "");
	/* The class changes by a rewrite onto itself. */
	ck_assert_int_eq(api_do("POST", "{\"storageClass\":\"ARCHIVE\"}",
	    O "/x/rewriteTo/b/bkt/o/x"), 200);
	api_is("resource.storageClass", "ARCHIVE");
}
END_TEST

START_TEST(rewrite_in_steps_by_its_token)
{
	char path[512], token[256];

	put_big("x", 3 * MIB + 5);
	(void)api_do("POST", "", O "/x/rewriteTo/b/far/o/y"
	    "?maxBytesRewrittenPerCall=1000");
	api_refused(400, "invalid");
	(void)snprintf(path, sizeof(path), O "/x/rewriteTo/b/far/o/y"
	    "?maxBytesRewrittenPerCall=%u", MIB);
	ck_assert_int_eq(api_do("POST", "{\"contentType\":\"a/b\"}", "%s",
	    path), 200);
	api_is("done", "false");
	api_is("totalBytesRewritten", "1048576");
	api_is("objectSize", "3145733");
	api_is("resource.name", "");
	(void)snprintf(token, sizeof(token), "%s", api_text("rewriteToken"));
	ck_assert_int_eq(client_get(B "/far/o/y"), 404);
	/* The rest may be left out, but not be another's. */
	(void)api_do("POST", "", O "/x/rewriteTo/b/far/o/z?rewriteToken=%s",
	    token);
	api_refused(400, "invalid");
	(void)api_do("POST", "{\"contentType\":\"c/d\"}", "%s"
	    "&rewriteToken=%s", path, token);
	api_refused(400, "invalid");
	(void)api_do("POST", "", "%s&rewriteToken=%sx", path, token);
	api_refused(400, "invalid");
	for (int i = 2; i <= 3; i++) {
		ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/far/o/y"
		    "?rewriteToken=%s", token), 200);
		api_is("done", "false");
		ck_assert_int_eq(atoi(api_text("totalBytesRewritten")),
		    i * (int)MIB);
	}
	ck_assert_int_eq(api_do("POST", "", "%s&rewriteToken=%s", path,
	    token), 200);
	api_is("done", "true");
	api_is("rewriteToken", "");
	api_is("resource.contentType", "a/b");
	api_is("resource.size", "3145733");
	(void)api_do("POST", "", "%s&rewriteToken=%s", path, token);
	api_refused(400, "invalid");
}
END_TEST

START_TEST(rewrite_within_place_and_class_takes_one_call)
{

	put_big("x", 2 * MIB + 5);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/bkt/o/y"
	    "?maxBytesRewrittenPerCall=1048576"), 200);
	api_is("done", "true");
	ck_assert_int_eq(api_do("POST", "{\"storageClass\":\"NEARLINE\"}",
	    O "/x/rewriteTo/b/bkt/o/y?maxBytesRewrittenPerCall=1048576"),
	    200);
	api_is("done", "false");
}
END_TEST

START_TEST(rewrite_goes_on_with_the_generation_that_it_began_with)
{
	char token[256];

	ck_assert_int_eq(api_do("PATCH", "{\"versioning\":{\"enabled\":"
	    "true}}", B "/bkt"), 200);
	put_big("x", MIB + 5);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/far/o/y"
	    "?maxBytesRewrittenPerCall=1048576&ifGenerationMatch=0"), 200);
	(void)snprintf(token, sizeof(token), "%s", api_text("rewriteToken"));
	(void)api_put("x", "new");
	ck_assert_int_eq(client_ask("POST", "/upload/storage/v1/b/far/o"
	    "?uploadType=media&name=y", "1", 1, NULL), 200);
	/* The first call's precondition holds for the last one. */
	(void)api_do("POST", "", O "/x/rewriteTo/b/far/o/y?rewriteToken=%s",
	    token);
	api_refused(412, "conditionNotMet");
	ck_assert_int_eq(api_do("DELETE", NULL, B "/far/o/y"), 204);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/far/o/y"
	    "?rewriteToken=%s", token), 200);
	api_is("resource.size", "1048581");
}
END_TEST

START_TEST(preconditions_of_both_sides_decide)
{
	char gen[64];

	(void)snprintf(gen, sizeof(gen), "%s", api_put("x", "one"));
	(void)api_put("y", "two");
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/bkt/o/y"
	    "?ifGenerationMatch=0"), 412);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/bkt/o/y"
	    "?ifSourceGenerationMatch=7"), 412);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/bkt/o/y"
	    "?ifSourceGenerationNotMatch=%s", gen), 412);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/bkt/o/y"
	    "?sourceGeneration=7"), 404);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/bkt/o/q"
	    "?ifMetagenerationMatch=1"), 412);
	ck_assert_int_eq(api_do("POST", "", O "/x/rewriteTo/b/bkt/o/y"
	    "?ifSourceGenerationMatch=%s&sourceGeneration=%s", gen, gen),
	    200);
}
END_TEST

START_TEST(move_renames_in_one_step)
{
	char gen[64];

	(void)snprintf(gen, sizeof(gen), "%s", api_put("a%2Fx", "one"));
	ck_assert_int_eq(api_do("PATCH", "{\"metadata\":{\"k\":\"v\"}}",
	    O "/a%%2Fx"), 200);
	(void)api_do("POST", "", O "/a%%2Fx/moveTo/o/a%%2Fx");
	api_refused(400, "invalid");
	ck_assert_int_eq(api_do("POST", "", O "/none/moveTo/o/y"), 404);
	ck_assert_int_eq(api_do("POST", "", O "/a%%2Fx/moveTo/o/y"
	    "?ifSourceGenerationMatch=1"), 412);
	ck_assert_int_eq(api_do("POST", "", O "/a%%2Fx/moveTo/o/b%%2Fy"
	    "?ifGenerationMatch=0&ifSourceMetagenerationMatch=2"), 200);
	api_is("name", "b/y");
	api_is("metadata.k", "v");
	api_is("metageneration", "1");
	ck_assert_str_ne(api_text("generation"), gen);
	ck_assert_int_eq(client_get(O "/a%2Fx"), 404);
	ck_assert_int_eq(client_get(O "/b%2Fy?alt=media"), 200);
	api_body_is("one");
	ck_assert_int_eq(client_get(O "?softDeleted=true"), 200);
	ck_assert_str_eq(api_names(), "");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t,
	    copy_keeps_metadata_and_takes_the_class_of_its_bucket);
	tcase_add_test(t, rewrite_in_steps_by_its_token);
	tcase_add_test(t, rewrite_within_place_and_class_takes_one_call);
	tcase_add_test(t,
	    rewrite_goes_on_with_the_generation_that_it_began_with);
	tcase_add_test(t, preconditions_of_both_sides_decide);
	tcase_add_test(t, move_renames_in_one_step);
}

int
main(void)
{

	return (client_main("rewrite", add));
}
