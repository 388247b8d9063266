#include <curl/curl.h>

#include "emulator/http/head.h"
#include "emulator/http/server.h"
#include "emulator/identity/scopes.h"
#include "emulator/identity/roles.h"
#include "emulator/store/store_snapshot.h"
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define BUCKET	"/storage/v1/b/drill-bucket"
#define ME	"serviceAccount:" WORKER

static struct fix x;
static struct req rq;

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST, "/storage/v1/b"
	    "?project=" FIX_PROJECT, "{\"name\":\"drill-bucket\"}"), 200);
}

static void
teardown(void)
{

	fix_release(&x);
}

/* The bucket's policy becomes this one binding, straight in the store. */
static void
grant(const char *role, const char *member)
{
	struct store_write w = { 0 };
	struct bucket b;

	ck_assert_int_eq(store_bucket_set_policy(x.emu.store, &w,
	    "drill-bucket", arena_printf(&x.arena, "{\"bindings\":[{\"role\":"
	    "\"%s\",\"members\":[\"%s\"]}]}", role, member), -1, &x.arena,
	    &b), STORE_OK);
}

static bool
may(const char *who, const char *permission)
{
	bool ok;

	fix_req(&x, &rq, "GET", GCS_HOST, BUCKET "/o", NULL);
	if (who != NULL)
		fix_as(&rq, who);
	ok = auth_allows(&rq, permission, "drill-bucket", NULL);
	req_release(&rq);
	return (ok);
}

START_TEST(role_gives_what_google_documents)
{
	static const struct { const char *role, *yes, *no; } t[] = {
		{ "storage.objectAdmin", "storage.objects.create",
		    "storage.buckets.get" },
		{ "storage.objectAdmin", "storage.objects.delete",
		    "storage.buckets.getIamPolicy" },
		{ "storage.objectAdmin", "storage.objects.setIamPolicy",
		    "storage.buckets.delete" },
		{ "storage.objectUser", "storage.objects.delete",
		    "storage.objects.setIamPolicy" },
		{ "storage.objectUser", "storage.objects.list",
		    "storage.objects.getIamPolicy" },
		{ "storage.objectViewer", "storage.objects.get",
		    "storage.objects.create" },
		{ "storage.objectViewer", "storage.objects.list",
		    "storage.objects.delete" },
		{ "storage.objectCreator", "storage.objects.create",
		    "storage.objects.delete" },
		{ "storage.objectCreator", "storage.multipartUploads.create",
		    "storage.objects.get" },
		{ "storage.objectCreator", "storage.folders.create",
		    "storage.objects.list" },
		{ "storage.admin", "storage.buckets.setIamPolicy",
		    "iam.serviceAccounts.create" },
		{ "storage.admin", "storage.objects.update",
		    "resourcemanager.projects.setIamPolicy" },
		{ "storage.legacyBucketOwner", "storage.buckets.setIamPolicy",
		    "storage.objects.get" },
		{ "storage.legacyBucketWriter", "storage.objects.delete",
		    "storage.objects.get" },
		{ "storage.legacyBucketReader", "storage.objects.list",
		    "storage.objects.create" },
		{ "storage.legacyObjectOwner", "storage.objects.update",
		    "storage.objects.list" },
		{ "storage.legacyObjectReader", "storage.objects.get",
		    "storage.objects.list" },
		{ "storage.bucketViewer", "storage.buckets.get",
		    "storage.objects.list" },
		{ "viewer", "storage.buckets.list", "storage.objects.get" },
		{ "editor", "storage.buckets.create",
		    "storage.objects.create" },
		{ "editor", "iam.serviceAccountKeys.create",
		    "resourcemanager.projects.setIamPolicy" },
		{ "owner", "storage.buckets.create", "storage.objects.get" },
		{ "iam.serviceAccountAdmin", "iam.serviceAccounts.create",
		    "iam.serviceAccountKeys.create" },
		{ "iam.serviceAccountKeyAdmin",
		    "iam.serviceAccountKeys.create",
		    "iam.serviceAccounts.create" },
		{ "iam.serviceAccountTokenCreator",
		    "iam.serviceAccounts.getAccessToken",
		    "iam.serviceAccounts.actAs" },
	};
	const struct role *r;

	for (size_t i = 0; i < NELEMS(t); i++) {
		r = role_find(arena_printf(&x.arena, "roles/%s", t[i].role));
		ck_assert_msg(r != NULL, "%s", t[i].role);
		ck_assert_msg(role_has(r, t[i].yes), "%s %s", t[i].role,
		    t[i].yes);
		ck_assert_msg(t[i].no == NULL || !role_has(r, t[i].no),
		    "%s %s", t[i].role, t[i].no);
		grant(r->name, ME);
		ck_assert_msg(may(WORKER, t[i].yes), "%s", t[i].role);
		ck_assert_msg(t[i].no == NULL || !may(WORKER, t[i].no), "%s",
		    t[i].role);
	}
	ck_assert_ptr_null(role_find("roles/storage.typo"));
}
END_TEST

START_TEST(members_of_each_form_are_understood)
{
	static const struct { const char *member; bool me, other, nobody; }
	t[] = {
		{ ME, true, false, false },
		{ "serviceAccount:WORKER-account@" FIX_PROJECT
		    ".iam.gserviceaccount.com", true, false, false },
		{ "user:" WORKER, false, false, false },
		{ "allUsers", true, true, true },
		{ "allAuthenticatedUsers", true, true, false },
		{ "projectViewer:" FIX_PROJECT, true, false, false },
		{ "projectViewer:other", false, false, false },
		{ "projectEditor:" FIX_PROJECT, false, false, false },
		{ "group:" WORKER, false, false, false },
		{ "serviceAccount:", false, false, false },
		{ WORKER, false, false, false },
	};

	fix_account(&x, "other-account");
	ck_assert_int_eq(fix_project_policy(&x, "roles/viewer", ME), 200);
	for (size_t i = 0; i < NELEMS(t); i++) {
		grant("roles/storage.objectViewer", t[i].member);
		ck_assert_msg(may(WORKER, "storage.objects.get") == t[i].me,
		    "%s", t[i].member);
		ck_assert_msg(may(FIX_MAIL("other-account"),
		    "storage.objects.get") == t[i].other, "%s", t[i].member);
		ck_assert_msg(may(NULL, "storage.objects.get") ==
		    t[i].nobody, "%s", t[i].member);
	}
}
END_TEST

START_TEST(project_policy_reaches_every_bucket)
{

	grant("roles/storage.objectViewer", "projectViewer:" FIX_PROJECT);
	ck_assert(!may(WORKER, "storage.objects.delete"));
	ck_assert_int_eq(fix_project_policy(&x, "roles/storage.objectAdmin",
	    ME), 200);
	ck_assert(may(WORKER, "storage.objects.delete"));
	ck_assert(may(x.emu.owner, "storage.objects.delete"));
}
END_TEST

START_TEST(view_has_its_buckets_policy_of_then)
{
	ck_assert_int_eq(store_set_history(x.emu.store, "drill-bucket", true),
	    STORE_OK);
	grant("roles/storage.objectViewer", ME);
	ck_assert_int_eq(store_view(x.emu.store, "drill-bucket",
	    store_mutation(x.emu.store), "with-role"), STORE_OK);
	grant("roles/storage.objectCreator", ME);
	ck_assert_int_eq(store_view(x.emu.store, "drill-bucket",
	    store_mutation(x.emu.store), "without-role"), STORE_OK);
	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", GCS_HOST,
	    "/storage/v1/b/with-role/o", NULL), 200);
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", GCS_HOST,
	    "/storage/v1/b/without-role/o", NULL), 403);
	req_release(&rq);
}
END_TEST

START_TEST(refusals_have_the_texts_of_the_service)
{
	static const struct {
		const char *who, *method, *host, *target;
		int status;
		const char *reason, *message;
	} t[] = {
		{ WORKER, "GET", GCS_HOST, BUCKET "/o/a", 403, "forbidden",
		    WORKER " does not have storage.objects.get access to the "
		    "Google Cloud Storage object. Permission "
		    "'storage.objects.get' denied on resource (or it may not "
		    "exist)." },
		{ WORKER, "GET", GCS_HOST, BUCKET "/o", 403, "forbidden",
		    WORKER " does not have storage.objects.list access to the "
		    "Google Cloud Storage bucket. Permission "
		    "'storage.objects.list' denied on resource (or it may "
		    "not exist)." },
		{ WORKER, "GET", GCS_HOST, BUCKET, 403, "forbidden",
		    WORKER " does not have storage.buckets.get access to the "
		    "Google Cloud Storage bucket. Permission "
		    "'storage.buckets.get' denied on resource (or it may not "
		    "exist)." },
		{ WORKER, "POST", GCS_HOST, "/storage/v1/b?project="
		    FIX_PROJECT, 403, "forbidden", WORKER " does not have "
		    "storage.buckets.create access to the Google Cloud "
		    "project. Permission 'storage.buckets.create' denied on "
		    "resource (or it may not exist)." },
		{ NULL, "GET", GCS_HOST, BUCKET "/o", 401, "required",
		    "Anonymous caller does not have storage.objects.list "
		    "access to the Google Cloud Storage bucket. Permission "
		    "'storage.objects.list' denied on resource (or it may "
		    "not exist)." },
		{ WORKER, "GET", IAM_HOST, FIX_SA, 403, "",
		    "Permission 'iam.serviceAccounts.list' denied on resource "
		    "(or it may not exist)." },
		{ NULL, "GET", IAM_HOST, FIX_SA, 401, "",
		    "Request is missing required authentication credential. "
		    "Expected OAuth 2 access token, login cookie or other "
		    "valid authentication credential." },
	};
	const json_t *errors;
	const char *reason;

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(fix_ask(&x, &rq, t[i].who, t[i].method,
		    t[i].host, t[i].target, NULL), t[i].status);
		ck_assert_str_eq(fix_text(&rq, "error.message"),
		    t[i].message);
		errors = json_object_get(json_object_get(fix_json(&rq),
		    "error"), "errors");
		reason = json_string_value(json_object_get(
		    json_array_get(errors, 0), "reason"));
		if (*t[i].reason != '\0')
			ck_assert_str_eq(reason != NULL ? reason : "",
			    t[i].reason);
		req_release(&rq);
	}
}
END_TEST

START_TEST(xml_refusals_are_403_in_xml)
{

	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", GCS_HOST,
	    "/drill-bucket/a", NULL), 403);
	ck_assert_ptr_nonnull(memmem(rq.reply, (size_t)rq.reply_len,
	    "<Code>AccessDenied</Code>", 25));
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "GET", GCS_HOST,
	    "/drill-bucket/a", NULL), 403);
	ck_assert_ptr_nonnull(memmem(rq.reply, (size_t)rq.reply_len,
	    "Anonymous caller", 16));
	req_release(&rq);
}
END_TEST

START_TEST(missing_bucket_is_404_to_anybody)
{

	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", GCS_HOST,
	    "/storage/v1/b/no-such-bucket/o", NULL), 404);
	ck_assert_str_eq(fix_text(&rq, "error.message"),
	    "The specified bucket does not exist.");
	req_release(&rq);
}
END_TEST

START_TEST(each_way_in_has_its_own_switch)
{

	x.emu.auth_http = false;
	fix_req(&x, &rq, "GET", GCS_HOST, BUCKET "/o", NULL);
	rq.auth = AUTH_BAD;
	ck_assert_int_eq(auth_permit(&rq), -1);
	ck_assert_int_eq(rq.status, 401);
	ck_assert_str_eq(fix_text(&rq, "error.message"),
	    "Invalid Credentials");
	req_release(&rq);
	fix_req(&x, &rq, "GET", "127.0.0.1:1", BUCKET "/o", NULL);
	rq.auth = AUTH_BAD;
	ck_assert_int_eq(auth_permit(&rq), 0);
	ck_assert(auth_allows(&rq, "storage.objects.get", "drill-bucket",
	    NULL));
	req_release(&rq);
}
END_TEST

/* ---- headers, over a real socket ---- */

static size_t
swallow(char *p, size_t size, size_t n, void *to)
{

	(void)p;
	(void)to;
	return (size * n);
}

static long
curl_status(const char *url, const char *header)
{
	struct curl_slist *h = header != NULL ?
	    curl_slist_append(NULL, header) : NULL;
	CURL *c = curl_easy_init();
	long status = 0;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, swallow);
	ck_assert_int_eq(curl_easy_perform(c), CURLE_OK);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	curl_slist_free_all(h);
	return (status);
}

/* A field of the nth request; a line is written when its request is over,
 * and that may be after the next one has begun. */
static const char *
arrived(const json_t *entries, int n, const char *k)
{
	const json_t *e;
	size_t i;

	json_array_foreach(entries, i, e)
		if (json_integer_value(json_object_get(e, "n")) == n)
			return (json_string_value(json_object_get(e, k)));
	ck_abort_msg("no request %d", n);
}

START_TEST(scope_covers_what_google_documents)
{
#define S "https://www.googleapis.com/auth/"
	static const struct { const char *scope; const char *yes, *no; } t[] = {
		{ NULL, "storage.buckets.setIamPolicy", NULL },
		{ S "cloud-platform", "storage.buckets.setIamPolicy", NULL },
		{ S "devstorage.full_control", "storage.objects.patch",
		    "iam.serviceAccounts.create" },
		{ S "devstorage.read_write", "storage.objects.insert",
		    "storage.objects.patch" },
		{ S "devstorage.read_write", "storage.objects.delete",
		    "storage.bucketAccessControls.list" },
		{ S "devstorage.read_only", "storage.objects.get",
		    "storage.objects.insert" },
		{ S "devstorage.read_only", "storage.objects.getIamPolicy",
		    "storage.objects.delete" },
		{ S "cloud-platform.read-only", "storage.objects.list",
		    "storage.objects.compose" },
		{ "openid " S "devstorage.read_only", "storage.buckets.list",
		    "storage.buckets.insert" },
		{ S "devstorage.read_only " S "iam", "storage.objects.get",
		    "storage.objects.insert" },
		{ S "iam", "iam.serviceAccounts.create",
		    "storage.objects.get" },
		{ S "devstorage.read_onl", NULL, "storage.objects.get" },
		{ "", NULL, "storage.objects.get" },
	};
#undef S
	const struct route *yes, *no;

	for (size_t i = 0; i < NELEMS(t); i++) {
		for (yes = routes; yes->id != NULL && (t[i].yes == NULL ||
		    strcmp(yes->id, t[i].yes) != 0); yes++)
			;
		for (no = routes; no->id != NULL && (t[i].no == NULL ||
		    strcmp(no->id, t[i].no) != 0 ||
		    no->permission == NULL); no++)
			;
		ck_assert_msg(t[i].yes == NULL || (yes->id != NULL &&
		    scopes_cover(t[i].scope, yes)), "%s: %s", t[i].scope,
		    t[i].yes);
		ck_assert_msg(t[i].no == NULL || (no->id != NULL &&
		    !scopes_cover(t[i].scope, no)), "%s: %s", t[i].scope,
		    t[i].no);
	}
}
END_TEST

START_TEST(authorization_header_decides)
{
	struct server_opts o = { .http = "127.0.0.1:0",
	    .max_connections = 8 };
	struct err e = ERR_INIT;
	const char *token, *url;
	json_t *entries, *j;

	grant("roles/storage.objectViewer", ME);
	token = oauth_mint(&x.emu, &x.arena, WORKER,
	    "openid https://www.googleapis.com/auth/devstorage.read_only");
	x.emu.server = server_start(&x.emu, &o, &e);
	ck_assert_msg(x.emu.server != NULL, "%s", err_msg(&e));
	url = arena_printf(&x.arena, "http://127.0.0.1:%d" BUCKET "/o",
	    x.emu.http_port);
	ck_assert_int_eq(curl_status(url, arena_printf(&x.arena,
	    "Authorization: Bearer %s", token)), 200);
	ck_assert_int_eq(curl_status(url, arena_printf(&x.arena,
	    "authorization: bearer   %s", token)), 200);
	ck_assert_int_eq(curl_status(url, NULL), 401);
	ck_assert_int_eq(curl_status(url, "Authorization: Bearer x"), 401);
	ck_assert_int_eq(curl_status(url, arena_printf(&x.arena,
	    "Authorization: Bearer %s ", token + 1)), 401);
	ck_assert_int_eq(curl_status(url, arena_printf(&x.arena,
	    "Authorization: Basic %s", token)), 401);
	ck_assert_int_eq(curl_status(url, "Authorization: Bearer"), 401);
	server_stop(x.emu.server);
	x.emu.server = NULL;
	/* the journal tells them apart, and holds no token */
	j = journal_get(x.emu.journal, &(struct journal_filter){ 0 }, 100);
	entries = json_object_get(j, "entries");
	ck_assert_uint_eq(json_array_size(entries), 7);
	ck_assert_str_eq(arrived(entries, 1, "auth"), "bearer");
	ck_assert_str_eq(arrived(entries, 1, "principal"), ME);
	ck_assert_str_eq(arrived(entries, 3, "auth"), "none");
	ck_assert_str_eq(arrived(entries, 4, "auth"), "bad");
	url = json_dumps(j, 0);
	ck_assert_ptr_null(strstr(url, token + 8));
	free((void *)(uintptr_t)url);
	json_decref(j);
}
END_TEST

/* ---- nothing that was found out outlives what it followed from ---- */

/* A listing with this bearer (NULL: none), asked for so often that what can be
 * remembered is. */
static int
bearer_gets(const char *token)
{
	struct head_field f = { "Authorization", NULL };
	struct head h = { .fields = &f, .nfields = token != NULL };
	int status = 0;

	for (int i = 0; i < 3; i++) {
		fix_req(&x, &rq, "GET", GCS_HOST, BUCKET "/o", NULL);
		f.v = arena_printf(&rq.arena, "Bearer %s", token != NULL ?
		    token : "");
		rq.head = &h;
		auth_identify(&rq);
		if (auth_permit(&rq) == 0)
			rq.route->handle(&rq);
		ck_assert(i == 0 || rq.status == status);
		status = rq.status;
		rq.head = NULL;
		req_release(&rq);
	}
	return (status);
}

static const char *
mint(const char *scope)
{
	const char *token = oauth_mint(&x.emu, &x.arena, WORKER,
	    arena_printf(&x.arena, "https://www.googleapis.com/auth/%s",
	    scope));

	ck_assert_ptr_nonnull(token);
	return (token);
}

START_TEST(policies_change_at_once)
{
	const char *token = mint("cloud-platform");
	const char *other = mint("iam");

	ck_assert_int_eq(bearer_gets(token), 403);
	grant("roles/storage.objectViewer", ME);
	ck_assert_int_eq(bearer_gets(token), 200);
	ck_assert_int_eq(bearer_gets(other), 403);
	ck_assert_int_eq(bearer_gets(NULL), 401);
	grant("roles/storage.objectCreator", ME);
	ck_assert_int_eq(bearer_gets(token), 403);
	ck_assert_int_eq(fix_owner(&x, "POST", CRM_HOST, "/v1/projects/"
	    FIX_PROJECT ":setIamPolicy", "{\"policy\":{\"bindings\":["
	    "{\"role\":\"roles/owner\",\"members\":[\"serviceAccount:"
	    FIX_MAIL("project-owner") "\"]},{\"role\":\"roles/storage.admin\","
	    "\"members\":[\"" ME "\"]}]}}"), 200);
	ck_assert_int_eq(bearer_gets(token), 200);
	ck_assert_int_eq(fix_owner(&x, "POST", CRM_HOST, "/v1/projects/"
	    FIX_PROJECT ":setIamPolicy", "{\"policy\":{\"bindings\":["
	    "{\"role\":\"roles/owner\",\"members\":[\"serviceAccount:"
	    FIX_MAIL("project-owner") "\"]}]}}"), 200);
	ck_assert_int_eq(bearer_gets(token), 403);
	/* the public, until that is prevented */
	grant("roles/storage.objectViewer", "allUsers");
	ck_assert_int_eq(bearer_gets(token), 200);
	ck_assert_int_eq(bearer_gets(NULL), 200);
	ck_assert_int_eq(fix_owner(&x, "PATCH", GCS_HOST, BUCKET,
	    "{\"iamConfiguration\":{\"publicAccessPrevention\":"
	    "\"enforced\"}}"), 200);
	ck_assert_int_eq(bearer_gets(token), 403);
	ck_assert_int_eq(bearer_gets(NULL), 401);
	/* another bucket of that name has no such policy */
	grant("roles/storage.objectViewer", ME);
	ck_assert_int_eq(bearer_gets(token), 200);
	ck_assert_int_eq(fix_owner(&x, "DELETE", GCS_HOST, BUCKET, NULL),
	    204);
	ck_assert_int_eq(bearer_gets(token), 404);
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST, "/storage/v1/b"
	    "?project=" FIX_PROJECT, "{\"name\":\"drill-bucket\"}"), 200);
	ck_assert_int_eq(bearer_gets(token), 403);
}
END_TEST

START_TEST(conditions_are_asked_each_time)
{
	const char *token = oauth_mint_for(&x.emu, &x.arena, WORKER,
	    "https://www.googleapis.com/auth/cloud-platform",
	    INT64_C(1000000000000));
	struct bucket b;

	ck_assert_int_eq(store_bucket_set_policy(x.emu.store, NULL,
	    "drill-bucket", "{\"bindings\":[{\"role\":"
	    "\"roles/storage.objectViewer\",\"members\":[\"" ME "\"],"
	    "\"condition\":{\"title\":\"t\",\"expression\":\"request.time"
	    " < timestamp('2100-01-01T00:00:00Z')\"}}]}", -1, &x.arena, &b),
	    STORE_OK);
	ck_assert_int_eq(bearer_gets(token), 200);
	atomic_store(&x.emu.clock.shift_us, INT64_C(100) * 366 * 86400 *
	    1000000);
	ck_assert_int_eq(bearer_gets(token), 403);
	atomic_store(&x.emu.clock.shift_us, 0);
	ck_assert_int_eq(bearer_gets(token), 200);
}
END_TEST

START_TEST(tokens_end_at_once)
{
	const char *token = mint("cloud-platform");

	grant("roles/storage.objectViewer", ME);
	ck_assert_int_eq(bearer_gets(token), 200);
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA "/" WORKER
	    ":disable", "{}"), 200);
	ck_assert_int_eq(bearer_gets(token), 401);
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA "/" WORKER
	    ":enable", "{}"), 200);
	ck_assert_int_eq(bearer_gets(token), 200);
	atomic_store(&x.emu.clock.shift_us, INT64_C(3601) * 1000000);
	ck_assert_int_eq(bearer_gets(token), 401);
	atomic_store(&x.emu.clock.shift_us, 0);
	ck_assert_int_eq(bearer_gets(token), 200);
	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, FIX_SA "/" WORKER,
	    NULL), 200);
	ck_assert_int_eq(bearer_gets(token), 401);
	fix_account(&x, "worker-account");
	ck_assert_int_eq(bearer_gets(token), 401);
}
END_TEST

START_TEST(changes_of_all_are_felt)
{
	static const char *const keep[] = { "account", "policy", "project",
	    NULL };
	struct err e = ERR_INIT;
	struct snapshot snap;
	const char *token;

	ck_assert_int_eq(store_snapshot_save(x.emu.store, "s", false,
	    &x.arena, &snap, &e), SNAPSHOT_OK);
	grant("roles/storage.objectViewer", ME);
	token = mint("cloud-platform");
	ck_assert_int_eq(bearer_gets(token), 200);
	/* the token is newer than the snapshot */
	ck_assert_int_eq(store_snapshot_load(x.emu.store, "s", &x.arena,
	    &snap, &e), SNAPSHOT_OK);
	ck_assert_int_eq(bearer_gets(token), 401);
	token = mint("cloud-platform");
	ck_assert_int_eq(bearer_gets(token), 403);
	grant("roles/storage.objectViewer", ME);
	ck_assert_int_eq(bearer_gets(token), 200);
	ck_assert_int_eq(store_wipe(x.emu.store, keep, &e), 0);
	ck_assert_int_eq(bearer_gets(token), 401);
	ck_assert_int_eq(bearer_gets(mint("cloud-platform")), 404);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("auth");
	TCase *t = tcase_create("all");

	(void)curl_global_init(CURL_GLOBAL_ALL);
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, role_gives_what_google_documents);
	tcase_add_test(t, members_of_each_form_are_understood);
	tcase_add_test(t, project_policy_reaches_every_bucket);
	tcase_add_test(t, view_has_its_buckets_policy_of_then);
	tcase_add_test(t, refusals_have_the_texts_of_the_service);
	tcase_add_test(t, xml_refusals_are_403_in_xml);
	tcase_add_test(t, missing_bucket_is_404_to_anybody);
	tcase_add_test(t, each_way_in_has_its_own_switch);
	tcase_add_test(t, scope_covers_what_google_documents);
	tcase_add_test(t, authorization_header_decides);
	tcase_add_test(t, policies_change_at_once);
	tcase_add_test(t, conditions_are_asked_each_time);
	tcase_add_test(t, tokens_end_at_once);
	tcase_add_test(t, changes_of_all_are_felt);
	return (fix_main(s));
}
