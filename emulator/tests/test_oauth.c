#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define GRANT	"urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
#define WORKER	FIX_MAIL("worker-account")

static struct fix x;
static struct fix_key key;

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
	key = fix_key(&x, WORKER);
}

static void
teardown(void)
{

	fix_release(&x);
}

/* Ask for a token with this assertion; the status, and rq to look at. */
static int
grant(struct req *rq, const char *assertion)
{

	return (fix_ask(&x, rq, NULL, "POST", OAUTH_HOST, "/token",
	    arena_printf(&x.arena, "assertion=%s&grant_type=%s", assertion,
	    GRANT)));
}

static const char *
sign(const char *pem, const char *kid, json_t *claims)
{
	const char *t = jwt_sign(&x.arena, pem, kid, claims);

	ck_assert_ptr_nonnull(t);
	json_decref(claims);
	return (t);
}

/* A token that was granted in the ordinary way. */
static const char *
token(void)
{
	const char *t;
	struct req rq;

	ck_assert_int_eq(grant(&rq, sign(key.pem, key.kid,
	    fix_claims(&x, WORKER))), 200);
	t = arena_strdup(&x.arena, fix_text(&rq, "access_token"));
	req_release(&rq);
	return (t);
}

static void
refused(const char *assertion, const char *error, const char *text)
{
	struct req rq;

	ck_assert_int_eq(grant(&rq, assertion), 400);
	ck_assert_str_eq(fix_text(&rq, "error"), error);
	ck_assert_msg(strstr(fix_text(&rq, "error_description"), text) !=
	    NULL, "'%s' is not in '%s'", text,
	    fix_text(&rq, "error_description"));
	ck_assert_str_eq(fix_text(&rq, "access_token"), "");
	req_release(&rq);
}

static json_t *
claims_with(const char *k, json_t *v)
{
	json_t *c = fix_claims(&x, WORKER);

	if (v != NULL)
		(void)json_object_set_new(c, k, v);
	else
		(void)json_object_del(c, k);
	return (c);
}

START_TEST(assertion_gives_a_token_of_its_issuer)
{
	const char *why;
	struct req rq;

	ck_assert_int_eq(grant(&rq, sign(key.pem, key.kid,
	    fix_claims(&x, WORKER))), 200);
	ck_assert(str_starts(fix_text(&rq, "access_token"), "ya29."));
	ck_assert_str_eq(fix_text(&rq, "token_type"), "Bearer");
	ck_assert_int_eq(json_integer_value(json_object_get(fix_json(&rq),
	    "expires_in")), 3599);
	ck_assert_str_eq(oauth_check(&x.emu, &x.arena,
	    fix_text(&rq, "access_token"), &why), WORKER);
	/* for journal and faults, though it was no bearer */
	ck_assert_str_eq(rq.principal, "serviceAccount:" WORKER);
	ck_assert_int_eq(rq.auth, AUTH_NONE);
	req_release(&rq);
}
END_TEST

START_TEST(assertion_without_kid_finds_its_key)
{
	struct req rq;

	ck_assert_int_eq(grant(&rq, sign(key.pem, NULL,
	    fix_claims(&x, WORKER))), 200);
	req_release(&rq);
}
END_TEST

START_TEST(forged_signatures_get_no_token)
{
	struct fix_key owner = fix_key(&x, x.emu.owner);
	const char *good = sign(key.pem, key.kid, fix_claims(&x, WORKER));
	const char *pem, *public_pem;

	ck_assert_int_eq(jwt_new_key(&x.arena, &pem, &public_pem, NULL), 0);
	/* a key of nobody's, under a good id and under none */
	refused(sign(pem, key.kid, fix_claims(&x, WORKER)), "invalid_grant",
	    "Invalid JWT Signature.");
	refused(sign(pem, NULL, fix_claims(&x, WORKER)), "invalid_grant",
	    "Invalid JWT Signature.");
	refused(sign(pem, "unknown", fix_claims(&x, WORKER)),
	    "invalid_grant", "Invalid JWT Signature.");
	/* one's own key for another's account, both ways round */
	refused(sign(key.pem, key.kid, fix_claims(&x, x.emu.owner)),
	    "invalid_grant", "Invalid JWT Signature.");
	refused(sign(owner.pem, key.kid, fix_claims(&x, WORKER)),
	    "invalid_grant", "Invalid JWT Signature.");
	/* a signature of another assertion */
	refused(arena_printf(&x.arena, "%.*s%s",
	    (int)(strrchr(good, '.') - good),
	    sign(key.pem, key.kid, claims_with("scope", json_string("a"))),
	    strrchr(good, '.')), "invalid_grant", "Invalid JWT");
	refused("a.b.c", "invalid_grant", "Invalid JWT");
	refused(arena_strndup(&x.arena, good, strlen(good) - 8),
	    "invalid_grant", "Invalid JWT");
}
END_TEST

START_TEST(times_are_judged_on_the_emulators_clock)
{
	static const char *const text = "Token must be a short-lived token";
	int64_t now = clock_wall_us(NULL) / 1000000;
	const struct { int64_t iat, exp; } bad[] = {
		{ now - 7200, now - 3600 }, { now - 3600, now - 1 },
		{ now + 600, now + 4000 }, { now, now + 7200 },
		{ now, now - 10 }, { now - 3600 * 24, now + 3600 },
	};
	json_t *c;
	struct req rq;

	for (size_t i = 0; i < NELEMS(bad); i++) {
		c = claims_with("iat", json_integer(bad[i].iat));
		(void)json_object_set_new(c, "exp",
		    json_integer(bad[i].exp));
		refused(sign(key.pem, key.kid, c), "invalid_grant", text);
	}
	refused(sign(key.pem, key.kid, claims_with("iat", NULL)),
	    "invalid_grant", text);
	refused(sign(key.pem, key.kid, claims_with("exp", NULL)),
	    "invalid_grant", text);
	/* what has expired becomes good where the clock is set back */
	c = claims_with("iat", json_integer(now - 7200));
	(void)json_object_set_new(c, "exp", json_integer(now - 3600));
	atomic_store(&x.emu.clock.shift_us, INT64_C(-7200) * 1000000);
	ck_assert_int_eq(grant(&rq, sign(key.pem, key.kid, c)), 200);
	req_release(&rq);
}
END_TEST

START_TEST(claims_are_judged)
{
	static const char *const auds[] = {
		"https://www.googleapis.com/oauth2/v4/token",
		"https://accounts.google.com/o/oauth2/token",
		"https://" OAUTH_HOST "/token",
	};
	struct req rq;

	refused(sign(key.pem, key.kid, claims_with("aud",
	    json_string("https://example.com/token"))), "invalid_grant",
	    "audience");
	refused(sign(key.pem, key.kid, claims_with("aud", NULL)),
	    "invalid_grant", "audience");
	refused(sign(key.pem, key.kid, claims_with("scope", NULL)),
	    "invalid_scope", "Invalid OAuth scope");
	refused(sign(key.pem, key.kid, claims_with("scope",
	    json_string(""))), "invalid_scope", "Invalid OAuth scope");
	refused(sign(key.pem, key.kid, claims_with("iss", NULL)),
	    "invalid_grant", "account not found");
	refused(sign(key.pem, key.kid, claims_with("iss",
	    json_string("nobody@example.com"))), "invalid_grant",
	    "account not found");
	for (size_t i = 0; i < NELEMS(auds); i++) {
		ck_assert_int_eq(grant(&rq, sign(key.pem, key.kid,
		    claims_with("aud", json_string(auds[i])))), 200);
		req_release(&rq);
	}
	ck_assert_int_eq(grant(&rq, sign(key.pem, key.kid, claims_with("sub",
	    json_string("boss@example.com")))), 401);
	ck_assert_str_eq(fix_text(&rq, "error"), "unauthorized_client");
	req_release(&rq);
}
END_TEST

START_TEST(form_errors_name_what_is_wrong)
{
	static const struct { const char *body, *error; } t[] = {
		{ "", "invalid_request" },
		{ "assertion=x", "invalid_request" },
		{ "grant_type=" GRANT, "invalid_request" },
		{ "grant_type=" GRANT "&assertion=%zz", "invalid_request" },
		{ "grant_type=refresh_token", "invalid_request" },
		{ "grant_type=password", "unsupported_grant_type" },
		{ "grant_type=%ff%fe&assertion=x", "unsupported_grant_type" },
		{ "grant_type=" GRANT "&assertion=", "invalid_grant" },
	};
	struct req rq;

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(fix_ask(&x, &rq, NULL, "POST", OAUTH_HOST,
		    "/token", t[i].body), 400);
		ck_assert_str_eq(fix_text(&rq, "error"), t[i].error);
		ck_assert_ptr_null(rq.principal);
		req_release(&rq);
	}
}
END_TEST

START_TEST(target_audience_gives_an_id_token)
{
	json_t *c = claims_with("scope", NULL);
	struct req rq;
	struct jwt j;

	(void)json_object_set_new(c, "target_audience",
	    json_string("32555940559.apps.googleusercontent.com"));
	ck_assert_int_eq(grant(&rq, sign(key.pem, key.kid, c)), 200);
	ck_assert_int_eq(jwt_parse(&rq.arena, fix_text(&rq, "id_token"), &j,
	    NULL), 0);
	ck_assert_str_eq(j.aud, "32555940559.apps.googleusercontent.com");
	ck_assert_str_eq(j.iss, "https://accounts.google.com");
	ck_assert_str_eq(fix_text(&rq, "access_token"), "");
	req_release(&rq);
}
END_TEST

START_TEST(tokens_outlive_a_restart)
{
	const char *t = token(), *why;

	fix_close(&x);
	fix_open(&x);
	ck_assert_str_eq(oauth_check(&x.emu, &x.arena, t, &why), WORKER);
}
END_TEST

START_TEST(tokens_are_stored_hashed)
{
	const char *t = token();
	struct record *r;
	size_t n;

	ck_assert_int_eq(store_record_list(x.emu.store, "token", "", "", 100,
	    &x.arena, &r, &n), STORE_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(strlen(r[0].key), 64);
	ck_assert_ptr_null(strstr(r[0].json, t));
	ck_assert_ptr_null(strstr(r[0].key, t));
}
END_TEST

START_TEST(token_expires_and_is_swept)
{
	const char *t = token(), *why;
	struct record *r;
	size_t n;

	atomic_store(&x.emu.clock.shift_us, INT64_C(3599) * 1000000);
	ck_assert_ptr_nonnull(oauth_check(&x.emu, &x.arena, t, &why));
	atomic_store(&x.emu.clock.shift_us, INT64_C(3601) * 1000000);
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, t, &why));
	ck_assert_str_eq(why, "expired");
	for (int i = 0; i < 256; i++)
		ck_assert_ptr_nonnull(oauth_mint(&x.emu, &x.arena, WORKER,
		    "s"));
	ck_assert_int_eq(store_record_list(x.emu.store, "token", "", "",
	    1000, &x.arena, &r, &n), STORE_OK);
	ck_assert_uint_eq(n, 256);
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, t, &why));
	ck_assert_str_eq(why, "unknown token");
}
END_TEST

START_TEST(disabled_account_loses_token_and_grant)
{
	const char *t = token(), *why;
	struct req rq;

	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA "/" WORKER
	    ":disable", "{}"), 200);
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, t, &why));
	refused(sign(key.pem, key.kid, fix_claims(&x, WORKER)),
	    "invalid_grant", "Invalid grant: account not found");
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA "/" WORKER
	    ":enable", "{}"), 200);
	ck_assert_ptr_nonnull(oauth_check(&x.emu, &x.arena, t, &why));
	ck_assert_int_eq(grant(&rq, sign(key.pem, key.kid,
	    fix_claims(&x, WORKER))), 200);
	req_release(&rq);
}
END_TEST

/* :disable or :enable of a key, as its route would call it. */
static void
key_verb(const char *id)
{
	struct route r = { .id = id, .api = API_IAM,
	    .handle = iam_key_enable_h };
	struct req rq;

	fix_req(&x, &rq, "GET", IAM_HOST, arena_printf(&x.arena, FIX_SA "/"
	    WORKER "/keys/%s", key.kid), NULL);
	rq.route = &r;
	rq.route->handle(&rq);
	ck_assert_int_eq(rq.status, 200);
	req_release(&rq);
}

START_TEST(disabled_key_gets_no_token)
{
	struct req rq;

	key_verb("iam.serviceAccountKeys.disable");
	refused(sign(key.pem, key.kid, fix_claims(&x, WORKER)),
	    "invalid_grant", "Invalid JWT Signature.");
	refused(sign(key.pem, NULL, fix_claims(&x, WORKER)),
	    "invalid_grant", "Invalid JWT Signature.");
	key_verb("iam.serviceAccountKeys.enable");
	ck_assert_int_eq(grant(&rq, sign(key.pem, key.kid,
	    fix_claims(&x, WORKER))), 200);
	req_release(&rq);
}
END_TEST

START_TEST(deleted_key_gets_no_token)
{

	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, arena_printf(
	    &x.arena, FIX_SA "/" WORKER "/keys/%s", key.kid), NULL), 200);
	refused(sign(key.pem, key.kid, fix_claims(&x, WORKER)),
	    "invalid_grant", "Invalid JWT Signature.");
}
END_TEST

START_TEST(namesake_of_a_deleted_account_inherits_nothing)
{
	const char *t = token(), *why;

	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, FIX_SA "/" WORKER,
	    NULL), 200);
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, t, &why));
	fix_account(&x, "worker-account");
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, t, &why));
	refused(sign(key.pem, key.kid, fix_claims(&x, WORKER)),
	    "invalid_grant", "Invalid JWT Signature.");
}
END_TEST

START_TEST(self_signed_jwt_is_a_bearer)
{
	const char *why, *pem, *public_pem;
	json_t *c = claims_with("scope", NULL);

	(void)json_object_set_new(c, "aud",
	    json_string("https://storage.googleapis.com/"));
	(void)json_object_set_new(c, "sub", json_string(WORKER));
	ck_assert_str_eq(oauth_check(&x.emu, &x.arena, sign(key.pem, key.kid,
	    json_incref(c)), &why), WORKER);
	ck_assert_int_eq(jwt_new_key(&x.arena, &pem, &public_pem, NULL), 0);
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, sign(pem, key.kid,
	    json_incref(c)), &why));
	ck_assert_str_eq(why, "wrong signature");
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA "/" WORKER
	    ":disable", "{}"), 200);
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, sign(key.pem,
	    key.kid, json_incref(c)), &why));
	(void)json_object_set_new(c, "aud", json_string("https://else/"));
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, sign(key.pem,
	    key.kid, json_incref(c)), &why));
	ck_assert_str_eq(why, "wrong audience");
	(void)json_object_set_new(c, "scope", json_string("s"));
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA "/" WORKER
	    ":enable", "{}"), 200);
	ck_assert_str_eq(oauth_check(&x.emu, &x.arena, sign(key.pem, key.kid,
	    json_incref(c)), &why), WORKER);
	atomic_store(&x.emu.clock.shift_us, INT64_C(4000) * 1000000);
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, sign(key.pem,
	    key.kid, c), &why));
	ck_assert_str_eq(why, "expired");
}
END_TEST

START_TEST(nonsense_is_no_bearer)
{
	static const char *const t[] = {
		"", " ", "ya29.", "ya29.c.AAAA", "a.b.c", "..", "\xff",
	};
	const char *why;

	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, t[i], &why));
}
END_TEST

START_TEST(tokeninfo_tells_what_a_token_is)
{
	const char *t = token();
	struct req rq;

	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "GET", OAUTH_HOST,
	    arena_printf(&x.arena, "/tokeninfo?access_token=%s", t), NULL),
	    200);
	ck_assert_str_eq(fix_text(&rq, "email"), WORKER);
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "GET", OAUTH_HOST,
	    "/tokeninfo?access_token=ya29.x", NULL), 400);
	ck_assert_str_eq(fix_text(&rq, "error"), "invalid_token");
	req_release(&rq);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("oauth");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, assertion_gives_a_token_of_its_issuer);
	tcase_add_test(t, assertion_without_kid_finds_its_key);
	tcase_add_test(t, forged_signatures_get_no_token);
	tcase_add_test(t, times_are_judged_on_the_emulators_clock);
	tcase_add_test(t, claims_are_judged);
	tcase_add_test(t, form_errors_name_what_is_wrong);
	tcase_add_test(t, target_audience_gives_an_id_token);
	tcase_add_test(t, tokens_outlive_a_restart);
	tcase_add_test(t, tokens_are_stored_hashed);
	tcase_add_test(t, token_expires_and_is_swept);
	tcase_add_test(t, disabled_account_loses_token_and_grant);
	tcase_add_test(t, disabled_key_gets_no_token);
	tcase_add_test(t, deleted_key_gets_no_token);
	tcase_add_test(t, namesake_of_a_deleted_account_inherits_nothing);
	tcase_add_test(t, self_signed_jwt_is_a_bearer);
	tcase_add_test(t, nonsense_is_no_bearer);
	tcase_add_test(t, tokeninfo_tells_what_a_token_is);
	return (fix_main(s));
}
