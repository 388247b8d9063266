/* Policies as they are set, and conditions as they are kept to. */
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define ME	"serviceAccount:" WORKER
#define B	"/storage/v1/b/bkt"

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

/* May the worker upload under that name? */
static bool
may_upload(const char *name)
{
	struct req rq;
	bool ok;

	fix_req(&x, &rq, "PUT", GCS_HOST, arena_printf(&x.arena, "/bkt/%s",
	    name), NULL);
	fix_as(&rq, WORKER);
	ok = auth_permit(&rq) == 0;
	req_release(&rq);
	return (ok);
}

/* An object, straight in the store. */
static void
put(const char *name)
{
	struct payload *p = payload_new(x.emu.store);
	struct store_expect expect = { 0 };
	struct store_cond c = { 0 };
	struct object o;

	ck_assert_int_eq(payload_write(p, "x", 1), 0);
	ck_assert_int_eq(store_object_insert(x.emu.store, NULL, "bkt", name,
	    "{}", &c, &expect, p, &x.arena, &o), STORE_OK);
	payload_free(p);
}

/* The bucket's policy: one binding, of this version and condition. */
static int
set(int version, const char *role, const char *member, const char *condition)
{

	return (ask(x.emu.owner, "PUT", B "/iam", arena_printf(&x.arena,
	    "{\"version\":%d,\"bindings\":[{\"role\":\"%s\",\"members\":"
	    "[\"%s\"],\"condition\":%s}]}", version, role, member,
	    condition)));
}

static void
grant_when(const char *role, const char *expression)
{

	ck_assert_int_eq(set(3, role, ME, arena_printf(&x.arena,
	    "{\"title\":\"t\",\"expression\":\"%s\"}", expression)), 200);
}

static void
uniform(bool on)
{

	ck_assert_int_eq(ask(x.emu.owner, "PATCH", B, on ?
	    "{\"iamConfiguration\":{\"uniformBucketLevelAccess\":"
	    "{\"enabled\":true}}}" :
	    "{\"iamConfiguration\":{\"uniformBucketLevelAccess\":"
	    "{\"enabled\":false}}}"), 200);
}

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
	ck_assert_int_eq(ask(x.emu.owner, "POST", "/storage/v1/b?project="
	    FIX_PROJECT, "{\"name\":\"bkt\"}"), 200);
	uniform(true);
}

static void
teardown(void)
{

	fix_release(&x);
}

START_TEST(a_condition_on_the_name_grants_below_it)
{

	put("db/1");
	put("other");
	grant_when("roles/storage.objectAdmin", "resource.name.startsWith("
	    "'projects/_/buckets/bkt/objects/db/')");
	ck_assert(may_upload("db/1"));
	ck_assert(may_upload("db/new"));
	ck_assert(!may_upload("d"));
	ck_assert_int_eq(ask(WORKER, "GET", "/bkt/db/1", NULL), 200);
	ck_assert_int_eq(ask(WORKER, "GET", "/bkt/other", NULL), 403);
	/* a listing is of the bucket, whatever its prefix */
	ck_assert_int_eq(ask(WORKER, "GET", B "/o?prefix=db/", NULL), 403);
	/* the second name of a request is asked for as well */
	ck_assert_int_eq(ask(WORKER, "POST", B
	    "/o/db%2F1/rewriteTo/b/bkt/o/db%2F2", "{}"), 200);
	ck_assert_int_eq(ask(WORKER, "POST", B
	    "/o/db%2F1/rewriteTo/b/bkt/o/out", "{}"), 403);
	ck_assert_int_eq(ask(WORKER, "POST", B
	    "/o/db%2F3/compose", "{\"sourceObjects\":[{\"name\":\"db/1\"},"
	    "{\"name\":\"db/2\"}]}"), 200);
	ck_assert_int_eq(ask(WORKER, "POST", B
	    "/o/db%2F3/compose", "{\"sourceObjects\":[{\"name\":\"db/1\"},"
	    "{\"name\":\"other\"}]}"), 403);
	ck_assert_int_eq(ask(WORKER, "DELETE", "/bkt/db/1", NULL), 204);
	ck_assert_int_eq(ask(WORKER, "DELETE", "/bkt/other", NULL), 403);
}
END_TEST

START_TEST(a_condition_on_the_type_knows_bucket_and_object)
{

	grant_when("roles/storage.admin",
	    "resource.type == 'storage.googleapis.com/Object'");
	ck_assert(may_upload("a"));
	ck_assert_int_eq(ask(WORKER, "GET", B "/o", NULL), 403);
	grant_when("roles/storage.admin",
	    "resource.type == 'storage.googleapis.com/Bucket' && "
	    "resource.service == 'storage.googleapis.com' && "
	    "resource.name == 'projects/_/buckets/bkt'");
	ck_assert(!may_upload("a"));
	ck_assert_int_eq(ask(WORKER, "GET", B "/o", NULL), 200);
	ck_assert_int_eq(ask(WORKER, "GET", B, NULL), 200);
}
END_TEST

START_TEST(a_condition_on_the_time_ends_with_it)
{
	const int64_t second = 1000000;
	char until[CLOCK_RFC3339];

	clock_rfc3339(clock_wall_us(&x.emu.clock) + 3600 * second, until);
	grant_when("roles/storage.objectAdmin", arena_printf(&x.arena,
	    "request.time < timestamp('%s')", until));
	ck_assert(may_upload("a"));
	atomic_fetch_add(&x.emu.clock.shift_us, 3000 * second);
	ck_assert(may_upload("a"));
	atomic_fetch_add(&x.emu.clock.shift_us, 600 * second);
	ck_assert(!may_upload("a"));
}
END_TEST

/* What python-storage's system tests see of the service. */
START_TEST(conditions_need_a_uniform_bucket_and_version_3)
{
	static const char yes[] = "{\"title\":\"t\",\"expression\":\"true\"}";
	static const char role[] = "roles/storage.objectViewer";

	uniform(false);
	ck_assert_int_eq(set(1, role, ME, yes), 412);
	ck_assert_int_eq(set(3, role, ME, yes), 412);
	uniform(true);
	ck_assert_int_eq(set(1, role, ME, yes), 400);
	ck_assert_int_eq(set(2, role, ME, yes), 400);
	ck_assert_int_eq(set(3, role, ME, yes), 200);
	ck_assert_int_eq(ask(x.emu.owner, "GET", B "/iam", NULL), 400);
	ck_assert_int_eq(ask(x.emu.owner, "GET", B
	    "/iam?optionsRequestedPolicyVersion=1", NULL), 400);
	ck_assert_int_eq(ask(x.emu.owner, "GET", B
	    "/iam?optionsRequestedPolicyVersion=3", NULL), 200);
	ck_assert_int_eq(ask(x.emu.owner, "PATCH", B, "{\"iamConfiguration\":"
	    "{\"uniformBucketLevelAccess\":{\"enabled\":false}}}"), 412);
	/* who does not know of them must not lose them */
	ck_assert_int_eq(set(1, role, ME, "null"), 400);
	ck_assert_int_eq(ask(x.emu.owner, "GET", B
	    "/iam?optionsRequestedPolicyVersion=0", NULL), 400);
	ck_assert_int_eq(set(3, role, ME, "null"), 200);
	ck_assert_int_eq(ask(x.emu.owner, "GET", B "/iam", NULL), 200);
	ck_assert_int_eq(ask(x.emu.owner, "GET", B
	    "/iam?optionsRequestedPolicyVersion=0", NULL), 200);
	ck_assert_int_eq(ask(x.emu.owner, "GET", B
	    "/iam?optionsRequestedPolicyVersion=-1", NULL), 400);
}
END_TEST

START_TEST(a_projects_conditions_are_hidden_from_version_1)
{
	struct req rq;
	const json_t *b;

	ck_assert_int_eq(fix_owner(&x, "POST", CRM_HOST, "/v1/projects/"
	    FIX_PROJECT ":setIamPolicy", arena_printf(&x.arena, "{\"policy\":"
	    "{\"version\":3,\"bindings\":[{\"role\":\"roles/owner\","
	    "\"members\":[\"serviceAccount:%s\"]},{\"role\":"
	    "\"roles/storage.objectViewer\",\"members\":[\"" ME "\"],"
	    "\"condition\":{\"title\":\"t\",\"expression\":"
	    "\"resource.name.endsWith('/ok')\"}}]}}", x.emu.owner)), 200);
	put("ok");
	put("no");
	ck_assert_int_eq(ask(WORKER, "GET", "/bkt/ok", NULL), 200);
	ck_assert_int_eq(ask(WORKER, "GET", "/bkt/no", NULL), 403);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", CRM_HOST,
	    "/v1/projects/" FIX_PROJECT ":getIamPolicy", "{}"), 200);
	b = json_array_get(json_object_get(fix_json(&rq), "bindings"), 1);
	ck_assert(str_starts(json_string_value(json_object_get(b, "role")),
	    "roles/storage.objectViewer_withcond_"));
	ck_assert_ptr_null(json_object_get(b, "condition"));
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", CRM_HOST,
	    "/v1/projects/" FIX_PROJECT ":getIamPolicy",
	    "{\"options\":{\"requestedPolicyVersion\":3}}"), 200);
	b = json_array_get(json_object_get(fix_json(&rq), "bindings"), 1);
	ck_assert_ptr_nonnull(json_object_get(b, "condition"));
	req_release(&rq);
}
END_TEST

/* As many users, in two bindings. */
static int
set_users(int n)
{
	struct buf b;
	int status;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "{\"bindings\":[{\"role\":\"roles/storage.admin\","
	    "\"members\":[");
	for (int i = 1; i < n; i++)
		buf_addf(&b, "%s\"user:u%d@example.com\"", i > 1 ? "," : "",
		    i);
	buf_adds(&b, "]},{\"role\":\"roles/storage.objectViewer\","
	    "\"members\":[\"user:u1@example.com\"]}]}");
	status = ask(x.emu.owner, "PUT", B "/iam", b.p);
	buf_release(&b);
	return (status);
}

START_TEST(a_policy_has_at_most_1500_members)
{

	ck_assert_int_eq(set_users(1500), 200);
	ck_assert_int_eq(set_users(1501), 400);
}
END_TEST

START_TEST(conditions_that_cannot_be_kept_are_refused)
{
	static const struct { const char *role, *member, *condition; } t[] = {
		{ "roles/storage.admin", ME, "{\"expression\":\"true\"}" },
		{ "roles/storage.admin", ME, "{\"title\":\"t\"}" },
		{ "roles/storage.admin", ME, "7" },
		{ "roles/storage.admin", ME, "{\"title\":\"t\","
		    "\"expression\":\"request.auth.x == 'y'\"}" },
		{ "roles/viewer", ME, "{\"title\":\"t\","
		    "\"expression\":\"true\"}" },
		{ "roles/storage.admin", "allUsers", "{\"title\":\"t\","
		    "\"expression\":\"true\"}" },
		{ "roles/storage.admin_withcond_0123456789", ME, "null" },
	};

	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_msg(set(3, t[i].role, t[i].member,
		    t[i].condition) == 400, "%zu", i);
	ck_assert_int_eq(ask(x.emu.owner, "GET", B "/iam", NULL), 200);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_condition_on_the_name_grants_below_it);
	tcase_add_test(t, a_condition_on_the_type_knows_bucket_and_object);
	tcase_add_test(t, a_condition_on_the_time_ends_with_it);
	tcase_add_test(t, conditions_need_a_uniform_bucket_and_version_3);
	tcase_add_test(t, a_projects_conditions_are_hidden_from_version_1);
	tcase_add_test(t, a_policy_has_at_most_1500_members);
	tcase_add_test(t, conditions_that_cannot_be_kept_are_refused);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
