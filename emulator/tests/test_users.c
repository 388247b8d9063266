#include "emulator/http/head.h"
#include "emulator/identity/users.h"
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define ALICE	"alice@example.com"
#define CLOUD	"https://www.googleapis.com/auth/cloud-platform"
#define READ	"https://www.googleapis.com/auth/devstorage.read_only"

struct file {
	const char *client, *secret, *refresh;
};

static struct fix x;
static struct file alice;

static const char *
text(const json_t *j, const char *k)
{
	const char *v = json_string_value(json_object_get(j, k));

	ck_assert_msg(v != NULL, "no %s", k);
	return (arena_strdup(&x.arena, v));
}

static struct file
put(const char *email)
{
	json_auto_t *j = NULL;
	struct err e = ERR_INIT;

	j = users_put(&x.emu, &x.arena, email, NULL, NULL, &e);
	ck_assert_msg(j != NULL, "%s", err_msg(&e));
	ck_assert_str_eq(text(j, "type"), "authorized_user");
	return ((struct file){ text(j, "client_id"), text(j, "client_secret"),
	    text(j, "refresh_token") });
}

static void
setup(void)
{

	fix_init(&x);
	alice = put(ALICE);
}

static void
teardown(void)
{

	fix_release(&x);
}

static const char *
form(const struct file *f, const char *more)
{

	return (arena_printf(&x.arena, "grant_type=refresh_token&client_id=%s"
	    "&client_secret=%s&refresh_token=%s%s", f->client, f->secret,
	    f->refresh, more));
}

static int
ask(struct req *rq, const char *body)
{

	return (fix_ask(&x, rq, NULL, "POST", OAUTH_HOST, "/token", body));
}

/* A new access token. */
static const char *
token(const struct file *f, const char *more)
{
	const char *t;
	struct req rq;

	ck_assert_int_eq(ask(&rq, form(f, more)), 200);
	t = arena_strdup(&x.arena, fix_text(&rq, "access_token"));
	req_release(&rq);
	return (t);
}

static void
refused(int status, const char *body, const char *error, const char *words)
{
	struct req rq;

	ck_assert_int_eq(ask(&rq, body), status);
	ck_assert_str_eq(fix_text(&rq, "error"), error);
	ck_assert_str_eq(fix_text(&rq, "error_description"), words);
	ck_assert_str_eq(fix_text(&rq, "access_token"), "");
	req_release(&rq);
}

static bool
good(const char *bearer)
{
	const char *why;

	return (oauth_check(&x.emu, &x.arena, bearer, &why) != NULL);
}

static int
take_back(const char *t)
{
	struct req rq;
	int status;

	status = fix_ask(&x, &rq, NULL, "POST", OAUTH_HOST, "/revoke",
	    arena_printf(&x.arena, "token=%s", t));
	req_release(&rq);
	return (status);
}

START_TEST(refresh_token_gives_access_and_id_tokens)
{
	json_auto_t *claims = NULL;
	struct oauth_caller c;
	const char *why;
	struct req rq;

	ck_assert_int_eq(ask(&rq, form(&alice, "")), 200);
	ck_assert_str_eq(rq.principal, "user:" ALICE);	/* for the journal */
	ck_assert_int_eq(json_integer_value(json_object_get(fix_json(&rq),
	    "expires_in")), 3599);
	ck_assert_ptr_nonnull(strstr(fix_text(&rq, "scope"), CLOUD));
	for (int i = 0; i < 2; i++) {		/* and as it is remembered */
		ck_assert(oauth_bearer(&x.emu, &x.arena, fix_text(&rq,
		    "access_token"), &c, &why));
		ck_assert_str_eq(c.principal, "user:" ALICE);
		ck_assert_ptr_nonnull(strstr(c.scope, CLOUD));
		ck_assert_ptr_null(c.sets);
	}
	claims = oauth_id_claims(&x.emu, &x.arena, fix_text(&rq, "id_token"));
	ck_assert_str_eq(text(claims, "email"), ALICE);
	ck_assert_str_eq(text(claims, "aud"), alice.client);
	req_release(&rq);
}
END_TEST

START_TEST(each_wrong_field_has_its_own_text)
{
	struct file bob = put("bob@example.com"), f;

	f = alice, f.refresh = "1//0unknown";
	refused(400, form(&f, ""), "invalid_grant", "Bad Request");
	f = alice, f.client = "nobody.apps.googleusercontent.com";
	refused(401, form(&f, ""), "invalid_client",
	    "The OAuth client was not found.");
	f = alice, f.secret = "GOCSPX-wrong";
	refused(401, form(&f, ""), "invalid_client",
	    "The provided client secret is invalid.");
	f = bob, f.refresh = alice.refresh;
	refused(401, form(&f, ""), "unauthorized_client", "Unauthorized");
	refused(400, "grant_type=refresh_token&refresh_token=x",
	    "invalid_request", "Could not determine client ID from request.");
	refused(400, arena_printf(&x.arena, "grant_type=refresh_token"
	    "&client_id=%s&refresh_token=%s", alice.client, alice.refresh),
	    "invalid_request", "client_secret is missing.");
	refused(400, form(&alice, "&scope=https://mail.google.com/"),
	    "invalid_scope", "Bad Request");
}
END_TEST

START_TEST(revoked_refresh_token_takes_its_access_tokens_along)
{
	struct file other = put(ALICE);
	const char *t = token(&alice, ""), *o = token(&other, "");

	ck_assert(good(t));
	ck_assert_int_eq(take_back(alice.refresh), 200);
	ck_assert(!good(t));
	refused(400, form(&alice, ""), "invalid_grant",
	    "Token has been expired or revoked.");
	ck_assert_int_eq(take_back(alice.refresh), 400);
	ck_assert(good(o));		/* of another consent */
	/* and the other way round */
	ck_assert_int_eq(take_back(o), 200);
	ck_assert(!good(o));
	refused(400, form(&other, ""), "invalid_grant",
	    "Token has been expired or revoked.");
	ck_assert_int_eq(take_back("ya29.unknown"), 400);
}
END_TEST

START_TEST(accounts_tokens_cannot_be_revoked)
{
	const char *t;

	fix_account(&x, "worker-account");
	t = oauth_mint(&x.emu, &x.arena, FIX_MAIL("worker-account"), CLOUD);
	ck_assert_int_eq(take_back(t), 400);
	ck_assert(good(t));
}
END_TEST

static void
disable(const char *body)
{
	static struct head_field field = { "X-Emulator-Token", "control" };
	static struct head head = { .fields = &field, .nfields = 1 };
	struct req rq;

	fix_req(&x, &rq, "PATCH", "127.0.0.1",
	    "/_emulator/users/Alice@Example.com", body);
	rq.head = &head;
	rq.route->handle(&rq);
	ck_assert_int_eq(rq.status, 200);
	req_release(&rq);
}

START_TEST(disabled_and_deleted_users_are_out)
{
	const char *t = token(&alice, "");

	disable("{\"disabled\":true}");
	ck_assert(!good(t));
	refused(400, form(&alice, ""), "invalid_grant", "Account disabled");
	disable("{\"disabled\":false}");
	ck_assert(good(t));
	ck_assert_int_eq(store_record_delete(x.emu.store, "user", ALICE),
	    STORE_OK);
	ck_assert(!good(t));
	refused(400, form(&alice, ""), "invalid_grant",
	    "Account has been deleted");
	/* a namesake is somebody else */
	(void)put(ALICE);
	ck_assert(!good(t));
	refused(400, form(&alice, ""), "invalid_grant",
	    "Account has been deleted");
}
END_TEST

START_TEST(access_tokens_expire_on_the_emulators_clock)
{
	const char *t = token(&alice, "");

	atomic_store(&x.emu.clock.shift_us, 3601 * INT64_C(1000000));
	ck_assert(!good(t));
	ck_assert(good(token(&alice, "")));
}
END_TEST

START_TEST(secrets_are_stored_hashed)
{
	static const char *const kinds[] = { "refresh", "client", "token" };
	const char *t = token(&alice, "");
	struct record *r;
	size_t n;

	for (size_t i = 0; i < NELEMS(kinds); i++) {
		ck_assert_int_eq(store_record_list(x.emu.store, kinds[i], "",
		    "", 1000, &x.arena, &r, &n), STORE_OK);
		ck_assert_uint_gt(n, 0);
		for (size_t k = 0; k < n; k++) {
			ck_assert_str_ne(r[k].key, alice.refresh);
			ck_assert_ptr_null(strstr(r[k].json, alice.refresh));
			ck_assert_ptr_null(strstr(r[k].json, alice.secret));
			ck_assert_ptr_null(strstr(r[k].json, t));
		}
	}
}
END_TEST

/* ---- what policies let them do ---- */

static int
get_with(const char *bearer)
{
	struct oauth_caller c;
	const char *why;
	struct req rq;
	int status;

	fix_req(&x, &rq, "GET", GCS_HOST, "/storage/v1/b/drill-bucket", NULL);
	ck_assert(oauth_bearer(&x.emu, &rq.arena, bearer, &c, &why));
	rq.auth = AUTH_BEARER;
	rq.principal = c.principal;
	rq.scope = c.scope;
	if (auth_permit(&rq) == 0)
		rq.route->handle(&rq);
	status = rq.status;
	req_release(&rq);
	return (status);
}

START_TEST(policies_name_people_and_domains)
{
	static const struct { const char *member; int alice, bob; } t[] = {
		{ "user:" ALICE, 200, 403 },
		{ "user:Alice@Example.COM", 200, 403 },
		{ "serviceAccount:" ALICE, 403, 403 },
		{ "domain:example.com", 200, 403 },
		{ "domain:ample.com", 403, 403 },
		{ "user:bob@elsewhere.org", 403, 200 },
		{ "allAuthenticatedUsers", 200, 200 },
	};
	struct file bob = put("bob@elsewhere.org");
	const char *a = token(&alice, ""), *b = token(&bob, "");

	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST,
	    "/storage/v1/b?project=" FIX_PROJECT,
	    "{\"name\":\"drill-bucket\"}"), 200);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(fix_project_policy(&x, "roles/storage.admin",
		    t[i].member), 200);
		ck_assert_msg(get_with(a) == t[i].alice, "%s", t[i].member);
		ck_assert_msg(get_with(b) == t[i].bob, "%s", t[i].member);
	}
}
END_TEST

START_TEST(scope_limits_what_the_role_allows)
{
	struct oauth_caller c;
	json_auto_t *j = NULL;
	struct err e = ERR_INIT;
	struct file f;
	const char *t, *why;

	j = users_put(&x.emu, &x.arena, ALICE, NULL, READ " " CLOUD, &e);
	f = (struct file){ text(j, "client_id"), text(j, "client_secret"),
	    text(j, "refresh_token") };
	t = token(&f, "&scope=" READ);
	ck_assert(oauth_bearer(&x.emu, &x.arena, t, &c, &why));
	ck_assert_str_eq(c.scope, READ);
}
END_TEST

START_TEST(members_that_mean_nobody_here_are_refused)
{
	static const char *const t[] = { "group:ops@example.com",
	    "principal://iam.googleapis.com/locations/global/x/subject/s",
	    "principalSet://goog/public:all" };
	struct req rq;

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST",
		    CRM_HOST, "/v1/projects/" FIX_PROJECT ":setIamPolicy",
		    arena_printf(&x.arena, "{\"policy\":{\"bindings\":[{"
		    "\"role\":\"roles/viewer\",\"members\":[\"%s\"]}]}}",
		    t[i])), 400);
		ck_assert_ptr_nonnull(strstr(fix_text(&rq, "error.message"),
		    arena_printf(&x.arena, "The member %s is not supported",
		    t[i])));
		req_release(&rq);
	}
}
END_TEST

START_TEST(tokeninfo_and_userinfo_know_people)
{
	const char *t = token(&alice, "");
	struct req rq;

	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "GET", OAUTH_HOST,
	    arena_printf(&x.arena, "/tokeninfo?access_token=%s", t), NULL),
	    200);
	ck_assert_str_eq(fix_text(&rq, "email"), ALICE);
	ck_assert_str_eq(fix_text(&rq, "aud"), alice.client);
	ck_assert_str_eq(fix_text(&rq, "access_type"), "offline");
	req_release(&rq);
	fix_req(&x, &rq, "GET", "www.googleapis.com", "/oauth2/v3/userinfo",
	    NULL);
	rq.principal = "user:" ALICE;
	rq.route->handle(&rq);
	ck_assert_int_eq(rq.status, 200);
	ck_assert_str_eq(fix_text(&rq, "email"), ALICE);
	req_release(&rq);
}
END_TEST

START_TEST(what_is_no_address_of_a_person_is_refused)
{
	static const char *const t[] = { "", "alice", "@example.com",
	    "a@b", "a b@example.com", "a@b@example.com", "a@.com",
	    "x@p.iam.gserviceaccount.com", "a/b@example.com",
	    "a\n@example.com", "a@example." };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_msg(users_put(&x.emu, &x.arena, t[i], NULL, NULL,
		    &e) == NULL, "%s", t[i]);
		err_release(&e);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("users");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, refresh_token_gives_access_and_id_tokens);
	tcase_add_test(t, each_wrong_field_has_its_own_text);
	tcase_add_test(t, revoked_refresh_token_takes_its_access_tokens_along);
	tcase_add_test(t, accounts_tokens_cannot_be_revoked);
	tcase_add_test(t, disabled_and_deleted_users_are_out);
	tcase_add_test(t, access_tokens_expire_on_the_emulators_clock);
	tcase_add_test(t, secrets_are_stored_hashed);
	tcase_add_test(t, policies_name_people_and_domains);
	tcase_add_test(t, scope_limits_what_the_role_allows);
	tcase_add_test(t, members_that_mean_nobody_here_are_refused);
	tcase_add_test(t, tokeninfo_and_userinfo_know_people);
	tcase_add_test(t, what_is_no_address_of_a_person_is_refused);
	return (fix_main(s));
}
