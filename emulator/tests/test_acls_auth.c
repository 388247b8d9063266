/* What lists let callers do, with authentication on. */
#include "emulator/tests/fixture.h"

#define WORKER	FIX_MAIL("worker-account")
#define OTHER	FIX_MAIL("other-account")
#define B	"/storage/v1/b"
#define O	B "/bkt/o/o"

static struct fix x;

static int
ask(const char *who, const char *method, const char *target,
    const char *body)
{
	struct req rq;
	int status = fix_ask(&x, &rq, who, method, GCS_HOST, target, body);

	req_release(&rq);
	return (status);
}

/* An object whose attrs are these, straight in the store. */
static void
put(const char *bucket, const char *name, const char *attrs)
{
	struct payload *p = payload_new(x.emu.store);
	struct store_expect expect = { 0 };
	struct store_cond c = { 0 };
	struct object o;

	ck_assert_int_eq(payload_write(p, "x", 1), 0);
	ck_assert_int_eq(store_object_insert(x.emu.store, NULL, bucket, name,
	    attrs, &c, &expect, p, &x.arena, &o), STORE_OK);
	payload_free(p);
}

static void
bucket(const char *name, const char *more)
{

	ck_assert_int_eq(ask(x.emu.owner, "POST", B "?project=" FIX_PROJECT,
	    arena_printf(&x.arena, "{\"name\":\"%s\"%s}", name, more)), 200);
}

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
	fix_account(&x, "other-account");
	bucket("bkt", "");
	put("bkt", "o", "{\"owner\":\"user-" WORKER "\"}");
}

static void
teardown(void)
{

	fix_release(&x);
}

START_TEST(owner_of_an_object_may_read_and_share_it)
{

	ck_assert_int_eq(ask(WORKER, "GET", O, NULL), 200);
	ck_assert_int_eq(ask(OTHER, "GET", O, NULL), 403);
	ck_assert_int_eq(ask(NULL, "GET", O, NULL), 401);
	ck_assert_int_eq(ask(OTHER, "GET", O "/acl", NULL), 403);
	ck_assert_int_eq(ask(WORKER, "POST", O "/acl", "{\"entity\":\"user-"
	    OTHER "\",\"role\":\"READER\"}"), 200);
	ck_assert_int_eq(ask(OTHER, "GET", O, NULL), 200);
	ck_assert_int_eq(ask(OTHER, "GET", O "?alt=media", NULL), 200);
	ck_assert_int_eq(ask(OTHER, "PATCH", O, "{}"), 403);
	ck_assert_int_eq(ask(OTHER, "GET", O "/acl", NULL), 403);
	ck_assert_int_eq(ask(OTHER, "PUT", O "/acl/allUsers",
	    "{\"role\":\"READER\"}"), 403);
	ck_assert_int_eq(ask(WORKER, "PATCH", O "/acl/user-" OTHER,
	    "{\"role\":\"OWNER\"}"), 200);
	ck_assert_int_eq(ask(OTHER, "PATCH", O, "{}"), 200);
	/* Deleting is the bucket's to allow. */
	ck_assert_int_eq(ask(WORKER, "DELETE", O, NULL), 403);
	ck_assert_int_eq(ask(OTHER, "PUT", O "/acl/allUsers",
	    "{\"role\":\"READER\"}"), 200);
	ck_assert_int_eq(ask(NULL, "GET", O, NULL), 200);
	ck_assert_int_eq(ask(NULL, "GET", B "/bkt/o", NULL), 401);
}
END_TEST

START_TEST(project_teams_have_what_their_entries_say)
{

	ck_assert_int_eq(fix_project_policy(&x, "roles/viewer",
	    "serviceAccount:" OTHER), 200);
	ck_assert_int_eq(ask(OTHER, "GET", O, NULL), 200);
	ck_assert_int_eq(ask(OTHER, "PATCH", O, "{}"), 403);
	ck_assert_int_eq(fix_project_policy(&x, "roles/editor",
	    "serviceAccount:" OTHER), 200);
	ck_assert_int_eq(ask(OTHER, "PATCH", O, "{}"), 200);
	ck_assert_int_eq(ask(x.emu.owner, "PATCH", O
	    "?predefinedAcl=private", "{}"), 200);
	ck_assert_int_eq(ask(OTHER, "GET", O, NULL), 403);
}
END_TEST

START_TEST(uniform_access_makes_lists_count_for_nothing)
{

	bucket("uni", ",\"iamConfiguration\":{\"uniformBucketLevelAccess\":"
	    "{\"enabled\":true}}");
	put("uni", "o", "{\"owner\":\"user-" WORKER "\",\"acl\":{\"allUsers\":"
	    "\"READER\"}}");
	ck_assert_int_eq(ask(WORKER, "GET", B "/uni/o/o", NULL), 403);
	ck_assert_int_eq(ask(NULL, "GET", B "/uni/o/o", NULL), 401);
	ck_assert_int_eq(fix_project_policy(&x, "roles/viewer",
	    "serviceAccount:" OTHER), 200);
	ck_assert_int_eq(ask(OTHER, "GET", B "/uni/o/o", NULL), 200);
}
END_TEST

START_TEST(public_access_prevention_shuts_what_was_open)
{

	put("bkt", "p", "{\"acl\":{\"allUsers\":\"READER\"}}");
	ck_assert_int_eq(ask(NULL, "GET", B "/bkt/o/p", NULL), 200);
	ck_assert_int_eq(ask(x.emu.owner, "PATCH", B "/bkt",
	    "{\"iamConfiguration\":{\"publicAccessPrevention\":"
	    "\"enforced\"}}"), 200);
	ck_assert_int_eq(ask(NULL, "GET", B "/bkt/o/p", NULL), 401);
	ck_assert_int_eq(ask(WORKER, "GET", B "/bkt/o/p", NULL), 403);
}
END_TEST

START_TEST(list_is_shown_to_those_who_may_read_it)
{
	struct req rq;

	ck_assert_int_eq(ask(WORKER, "PUT", O "/acl/user-" OTHER,
	    "{\"role\":\"READER\"}"), 200);
	ck_assert_int_eq(fix_ask(&x, &rq, OTHER, "GET", GCS_HOST,
	    O "?projection=full", NULL), 200);
	ck_assert_ptr_null(json_object_get(fix_json(&rq), "acl"));
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", GCS_HOST,
	    O "?projection=full", NULL), 200);
	ck_assert_ptr_nonnull(json_object_get(fix_json(&rq), "acl"));
	ck_assert_str_eq(fix_text(&rq, "owner.entity"), "user-" WORKER);
	req_release(&rq);
}
END_TEST

START_TEST(list_of_a_bucket_grants_like_its_roles)
{

	ck_assert_int_eq(ask(WORKER, "GET", B "/bkt/o", NULL), 403);
	ck_assert_int_eq(ask(x.emu.owner, "POST", B "/bkt/acl",
	    "{\"entity\":\"user-" WORKER "\",\"role\":\"READER\"}"), 200);
	ck_assert_int_eq(ask(WORKER, "GET", B "/bkt/o", NULL), 200);
	ck_assert_int_eq(ask(WORKER, "DELETE", O, NULL), 403);
	ck_assert_int_eq(ask(WORKER, "GET", B "/bkt/acl", NULL), 403);
	ck_assert_int_eq(ask(x.emu.owner, "PATCH", B "/bkt/acl/user-" WORKER,
	    "{\"role\":\"WRITER\"}"), 200);
	ck_assert_int_eq(ask(WORKER, "DELETE", O, NULL), 204);
}
END_TEST

START_TEST(managed_folder_grants_what_lies_in_it)
{

	bucket("uni", ",\"iamConfiguration\":{\"uniformBucketLevelAccess\":"
	    "{\"enabled\":true}}");
	put("uni", "m/o", "{}");
	put("uni", "o", "{}");
	ck_assert_int_eq(ask(WORKER, "GET", B "/uni/o/m%2Fo", NULL), 403);
	ck_assert_int_eq(ask(WORKER, "POST", B "/uni/managedFolders",
	    "{\"name\":\"m/\"}"), 403);
	ck_assert_int_eq(ask(x.emu.owner, "POST", B "/uni/managedFolders",
	    "{\"name\":\"m/\"}"), 200);
	ck_assert_int_eq(ask(x.emu.owner, "PUT", B "/uni/managedFolders/m%2F"
	    "/iam", "{\"bindings\":[{\"role\":\"roles/storage.objectViewer\","
	    "\"members\":[\"serviceAccount:" WORKER "\"]}]}"), 200);
	ck_assert_int_eq(ask(WORKER, "GET", B "/uni/o/m%2Fo", NULL), 200);
	ck_assert_int_eq(ask(WORKER, "GET", B "/uni/o?prefix=m/", NULL), 200);
	ck_assert_int_eq(ask(WORKER, "GET", B "/uni/o/o", NULL), 403);
	ck_assert_int_eq(ask(WORKER, "GET", B "/uni/o", NULL), 403);
	ck_assert_int_eq(ask(WORKER, "GET", B "/uni/o?prefix=m", NULL), 403);
	ck_assert_int_eq(ask(WORKER, "DELETE", B "/uni/o/m%2Fo", NULL), 403);
	ck_assert_int_eq(ask(NULL, "GET", B "/uni/o/m%2Fo", NULL), 401);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("acls_auth");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, owner_of_an_object_may_read_and_share_it);
	tcase_add_test(t, project_teams_have_what_their_entries_say);
	tcase_add_test(t, uniform_access_makes_lists_count_for_nothing);
	tcase_add_test(t, public_access_prevention_shuts_what_was_open);
	tcase_add_test(t, list_is_shown_to_those_who_may_read_it);
	tcase_add_test(t, list_of_a_bucket_grants_like_its_roles);
	tcase_add_test(t, managed_folder_grants_what_lies_in_it);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
