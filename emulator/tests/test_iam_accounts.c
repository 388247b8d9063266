/* Accounts that change, go and come back, and who may act in their name. */
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define OTHER	FIX_MAIL("other-account")
#define W	FIX_SA "/" WORKER
#define BKT	"/storage/v1/b/bkt"

static struct fix x;
static struct req rq;

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
	fix_account(&x, "other-account");
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST, "/storage/v1/b"
	    "?project=" FIX_PROJECT, "{\"name\":\"bkt\"}"), 200);
}

static void
teardown(void)
{

	fix_release(&x);
}

static int
iam(const char *method, const char *target, const char *body)
{

	return (fix_owner(&x, method, IAM_HOST, target, body));
}

/* A field of the worker, as the API shows it. */
static const char *
shown(const char *field)
{
	const char *s;

	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "GET", IAM_HOST, W,
	    NULL), 200);
	s = arena_strdup(&x.arena, fix_text(&rq, field));
	req_release(&rq);
	return (s);
}

static int
lists(void)
{
	int status = fix_ask(&x, &rq, WORKER, "GET", GCS_HOST, BKT "/o", NULL);

	req_release(&rq);
	return (status);
}

static void
grant(void)
{

	ck_assert_int_eq(fix_owner(&x, "PUT", GCS_HOST, BKT "/iam",
	    "{\"bindings\":[{\"role\":\"roles/storage.objectViewer\","
	    "\"members\":[\"serviceAccount:" WORKER "\"]}]}"), 200);
}

START_TEST(names_and_descriptions_can_be_changed)
{
	const char *etag = shown("etag");

	ck_assert_int_eq(iam("PATCH", W, "{\"serviceAccount\":{\"displayName\":"
	    "\"a\",\"description\":\"b\"},\"updateMask\":\"description\"}"),
	    200);
	ck_assert_str_eq(shown("displayName"), "");
	ck_assert_str_eq(shown("description"), "b");
	ck_assert_int_eq(iam("PATCH", W, "{\"serviceAccount\":{\"displayName\":"
	    "\"c\"},\"updateMask\":\"display_name\"}"), 200);
	ck_assert_int_eq(iam("PUT", W, "{\"description\":\"d\"}"), 200);
	ck_assert_str_eq(shown("displayName"), "c");
	ck_assert_str_eq(shown("description"), "d");
	ck_assert_int_eq(iam("PUT", W, arena_printf(&x.arena,
	    "{\"description\":\"e\",\"etag\":\"%s\"}", etag)), 409);
	ck_assert_int_eq(iam("PATCH", W, "{\"serviceAccount\":7}"), 400);
	ck_assert_int_eq(iam("PUT", W, "{\"description\":7}"), 400);
	ck_assert_int_eq(iam("PATCH", FIX_SA "/" FIX_MAIL("nobody"), "{}"),
	    404);
}
END_TEST

START_TEST(a_namesake_inherits_nothing)
{
	struct fix_key k = fix_key(&x, WORKER);
	struct iam_key key;

	grant();
	ck_assert_int_eq(lists(), 200);
	ck_assert(iam_key_get(&x.emu, &x.arena, k.kid, &key));
	ck_assert_int_eq(iam("DELETE", W, NULL), 200);
	fix_account(&x, "worker-account");
	ck_assert_int_eq(lists(), 403);
	ck_assert(!iam_key_get(&x.emu, &x.arena, k.kid, &key));
	ck_assert_int_eq(iam("GET", arena_printf(&x.arena, W "/keys/%s",
	    k.kid), NULL), 404);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "GET", GCS_HOST, BKT
	    "/iam", NULL), 200);
	ck_assert_ptr_nonnull(strstr(rq.reply,
	    "deleted:serviceAccount:" WORKER "?uid=1"));
	req_release(&rq);
}
END_TEST

START_TEST(an_undeleted_account_is_what_it_was)
{
	const char *id = shown("uniqueId"), *undelete;
	struct fix_key k = fix_key(&x, WORKER);
	struct iam_key key;

	undelete = arena_printf(&x.arena, "/v1/projects/-/serviceAccounts/%s"
	    ":undelete", id);
	grant();
	ck_assert_int_eq(iam("POST", undelete, "{}"), 404);
	ck_assert_int_eq(iam("DELETE", W, NULL), 200);
	ck_assert_int_eq(lists(), 403);
	ck_assert(!iam_key_get(&x.emu, &x.arena, k.kid, &key));
	ck_assert_int_eq(iam("POST", undelete, "{}"), 200);
	ck_assert_str_eq(shown("uniqueId"), id);
	ck_assert_int_eq(lists(), 200);
	ck_assert(iam_key_get(&x.emu, &x.arena, k.kid, &key) &&
	    !key.disabled);
	/* not while another has its name */
	ck_assert_int_eq(iam("DELETE", W, NULL), 200);
	fix_account(&x, "worker-account");
	ck_assert_int_eq(iam("POST", undelete, "{}"), 409);
	ck_assert_int_eq(iam("DELETE", W, NULL), 200);
	ck_assert_int_eq(iam("POST", undelete, "{}"), 200);
	ck_assert_int_eq(lists(), 200);
}
END_TEST

START_TEST(after_30_days_it_is_lost)
{
	const char *id = shown("uniqueId");
	struct fix_key k = fix_key(&x, WORKER);
	struct record r;

	ck_assert_int_eq(iam("DELETE", W, NULL), 200);
	ck_assert_int_eq(store_record_get(x.emu.store, "key", k.kid, &x.arena,
	    &r), STORE_OK);
	atomic_fetch_add(&x.emu.clock.shift_us, 31 * INT64_C(86400000000));
	ck_assert_int_eq(iam("POST", arena_printf(&x.arena,
	    "/v1/projects/-/serviceAccounts/%s:undelete", id), "{}"), 404);
	ck_assert_int_eq(store_record_get(x.emu.store, "key", k.kid, &x.arena,
	    &r), STORE_NO_RECORD);
}
END_TEST

START_TEST(its_own_policy_says_who_acts_in_its_name)
{
	static const char sign[] = "{\"payload\":\"aGVsbG8=\"}";
	const char *etag;

	ck_assert_int_eq(fix_ask(&x, &rq, OTHER, "POST", IAM_HOST,
	    W ":signBlob", sign), 403);
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", IAM_HOST,
	    W ":getIamPolicy?options.requestedPolicyVersion=3", NULL), 200);
	etag = arena_strdup(&x.arena, fix_text(&rq, "etag"));
	req_release(&rq);
	ck_assert_int_eq(iam("POST", W ":setIamPolicy", arena_printf(&x.arena,
	    "{\"policy\":{\"etag\":\"%s\",\"version\":3,"
	    "\"bindings\":[{\"role\":"
	    "\"roles/iam.serviceAccountTokenCreator\",\"members\":"
	    "[\"serviceAccount:" OTHER "\"]}]}}", etag)), 200);
	ck_assert_int_eq(fix_ask(&x, &rq, OTHER, "POST", IAM_HOST,
	    W ":signBlob", sign), 200);
	req_release(&rq);
	/* of this account, and no other */
	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "POST", IAM_HOST,
	    FIX_SA "/" OTHER ":signBlob", sign), 403);
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, OTHER, "POST", IAM_HOST,
	    FIX_SA "/" FIX_MAIL("project-owner") ":signBlob", sign), 403);
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", IAM_HOST,
	    W ":getIamPolicy", NULL), 200);
	etag = arena_strdup(&x.arena, fix_text(&rq, "etag"));
	ck_assert_ptr_nonnull(strstr(rq.reply, OTHER));
	req_release(&rq);
	ck_assert_int_eq(iam("POST", W ":setIamPolicy", arena_printf(&x.arena,
	    "{\"policy\":{\"etag\":\"%s\"}}", etag)), 200);
	ck_assert_int_eq(iam("POST", W ":setIamPolicy", arena_printf(&x.arena,
	    "{\"policy\":{\"etag\":\"%s\"}}", etag)), 409);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", IAM_HOST,
	    W ":setIamPolicy", arena_printf(&x.arena,
	    "{\"policy\":{\"etag\":\"%s\"}}", etag)), 409);
	ck_assert_str_eq(fix_text(&rq, "error.status"), "ABORTED");
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, OTHER, "POST", IAM_HOST,
	    W ":signBlob", sign), 403);
	req_release(&rq);
	ck_assert_int_eq(iam("POST", W ":setIamPolicy", "{}"), 400);
	ck_assert_int_eq(iam("POST", W ":setIamPolicy", "{\"policy\":"
	    "{\"bindings\":[{\"role\":\"roles/nothing\"}]}}"), 400);
}
END_TEST

START_TEST(permissions_can_be_asked_for)
{
	static const char ask[] = "{\"permissions\":["
	    "\"iam.serviceAccounts.signBlob\",\"storage.buckets.create\"]}";

	ck_assert_int_eq(fix_ask(&x, &rq, OTHER, "POST", IAM_HOST,
	    W ":testIamPermissions", ask), 200);
	ck_assert_str_eq(rq.reply, "{}");
	req_release(&rq);
	ck_assert_int_eq(fix_project_policy(&x, "roles/storage.admin",
	    "serviceAccount:" OTHER), 200);
	ck_assert_int_eq(fix_ask(&x, &rq, OTHER, "POST", CRM_HOST,
	    "/v1/projects/" FIX_PROJECT ":testIamPermissions", ask), 200);
	ck_assert_ptr_nonnull(strstr(rq.reply, "storage.buckets.create"));
	ck_assert_ptr_null(strstr(rq.reply, "signBlob"));
	req_release(&rq);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("iam_accounts");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, names_and_descriptions_can_be_changed);
	tcase_add_test(t, a_namesake_inherits_nothing);
	tcase_add_test(t, an_undeleted_account_is_what_it_was);
	tcase_add_test(t, after_30_days_it_is_lost);
	tcase_add_test(t, its_own_policy_says_who_acts_in_its_name);
	tcase_add_test(t, permissions_can_be_asked_for);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
