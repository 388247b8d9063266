#include "emulator/identity/pools.h"
#include "emulator/identity/certs.h"
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define STS	"sts.googleapis.com"
#define ISSUER	"https://token.example"
#define WORKER	FIX_MAIL("worker-account")
#define CLOUD	"https://www.googleapis.com/auth/cloud-platform"

static struct fix x;
static const char *pem, *public_pem, *audience, *principal, *set;

static const char *
field(const json_t *j, const char *k)
{
	const char *v = json_string_value(json_object_get(j, k));

	ck_assert_msg(v != NULL, "no %s", k);
	return (arena_strdup(&x.arena, v));
}

/* A provider whose keys we hold. */
static void
provide(bool disabled)
{
	json_auto_t *spec = NULL, *j = NULL;
	struct err e = ERR_INIT;

	spec = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:[o]}, s:b}",
	    "pool", "drill-pool", "provider", "drill-oidc", "issuer", ISSUER,
	    "mapping", "google.subject", "assertion.sub", "google.groups",
	    "assertion.groups", "attribute.repo", "assertion.ci.repo",
	    "jwks", "keys", certs_jwk(public_pem, "k1"), "disabled",
	    disabled);
	j = pools_put(&x.emu, &x.arena, spec, &e);
	ck_assert_msg(j != NULL, "%s", err_msg(&e));
	audience = field(j, "audience");
	principal = field(j, "principal");
	set = field(j, "principal_set");
}

static void
setup(void)
{

	fix_init(&x);
	ck_assert_int_eq(jwt_new_key(&x.arena, &pem, &public_pem, NULL), 0);
	provide(false);
}

static void
teardown(void)
{

	fix_release(&x);
}

/* What the issuer says of `sub`, with one claim changed. */
static json_t *
claims(const char *k, json_t *v)
{
	int64_t now = clock_wall_us(&x.emu.clock) / 1000000;
	json_t *c = json_pack("{s:s, s:s, s:s, s:I, s:I, s:[s, s], s:{s:s}}",
	    "iss", ISSUER, "sub", "build-7", "aud", arena_printf(&x.arena,
	    "https:%s", audience), "iat", (json_int_t)now, "exp",
	    (json_int_t)(now + 600), "groups", "ops", "dev", "ci", "repo",
	    "me/app");

	if (k != NULL && v != NULL)
		(void)json_object_set_new(c, k, v);
	else if (k != NULL)
		(void)json_object_del(c, k);
	return (c);
}

static const char *
sign(const char *key, json_t *c)
{
	const char *t = jwt_sign(&x.arena, key, "k1", c);

	json_decref(c);
	return (t);
}

static const char *
enc(const char *s)
{
	const char *out;
	struct buf b;

	buf_init(&b, 64u << 10);
	str_pct_encode(&b, s, strlen(s), false);
	out = arena_strdup(&x.arena, b.p);
	buf_release(&b);
	return (out);
}

static int
exchange(struct req *rq, const char *aud, const char *token)
{

	return (fix_ask(&x, rq, NULL, "POST", STS, "/v1/token", arena_printf(
	    &x.arena, "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type"
	    "%%3Atoken-exchange&requested_token_type=urn%%3Aietf%%3Aparams"
	    "%%3Aoauth%%3Atoken-type%%3Aaccess_token&subject_token_type="
	    "urn%%3Aietf%%3Aparams%%3Aoauth%%3Atoken-type%%3Ajwt&scope=%s"
	    "&audience=%s&subject_token=%s", enc(CLOUD), enc(aud), token)));
}

static void
refused(const char *aud, const char *token, const char *error,
    const char *words)
{
	struct req rq;

	ck_assert_int_eq(exchange(&rq, aud, token), 400);
	ck_assert_str_eq(fix_text(&rq, "error"), error);
	ck_assert_msg(strstr(fix_text(&rq, "error_description"), words) !=
	    NULL, "'%s' is not in '%s'", words,
	    fix_text(&rq, "error_description"));
	ck_assert_str_eq(fix_text(&rq, "access_token"), "");
	req_release(&rq);
}

static struct oauth_caller
caller(void)
{
	struct oauth_caller c;
	const char *why;
	struct req rq;

	ck_assert_int_eq(exchange(&rq, audience, sign(pem, claims(NULL,
	    NULL))), 200);
	ck_assert_str_eq(fix_text(&rq, "token_type"), "Bearer");
	for (int i = 0; i < 2; i++)
		ck_assert(oauth_bearer(&x.emu, &x.arena, fix_text(&rq,
		    "access_token"), &c, &why));
	req_release(&rq);
	return (c);
}

START_TEST(token_of_an_issuer_becomes_one_of_ours)
{
	struct oauth_caller c = caller();
	const char *why, *t;
	struct req rq;

	ck_assert_str_eq(c.principal, arena_printf(&x.arena, "%sbuild-7",
	    principal));
	ck_assert_str_eq(c.scope, CLOUD);
	ck_assert_ptr_nonnull(strstr(c.sets, arena_printf(&x.arena,
	    "%sattribute.repo/me/app", set)));
	ck_assert_int_eq(exchange(&rq, audience, sign(pem, claims(NULL,
	    NULL))), 200);
	t = arena_strdup(&x.arena, fix_text(&rq, "access_token"));
	req_release(&rq);
	ck_assert(oauth_bearer(&x.emu, &x.arena, t, &c, &why));
	provide(true);			/* who is out loses what he has */
	refused(audience, sign(pem, claims(NULL, NULL)), "invalid_target",
	    "disabled or deleted");
	ck_assert(!oauth_bearer(&x.emu, &x.arena, t, &c, &why));
}
END_TEST

START_TEST(each_wrong_claim_has_its_own_text)
{
	int64_t now = clock_wall_us(&x.emu.clock) / 1000000;
	const char *other, *other_public;

	ck_assert_int_eq(jwt_new_key(&x.arena, &other, &other_public, NULL),
	    0);
	refused(audience, sign(other, claims(NULL, NULL)), "invalid_grant",
	    "Signature");
	refused(audience, sign(pem, claims("iss", json_string("https://x"))),
	    "invalid_grant", "The issuer in ID Token https://x does not match");
	refused(audience, sign(pem, claims("aud", json_string("nobody"))),
	    "invalid_grant", "The audience in ID Token [nobody]");
	refused(audience, sign(pem, claims("aud", NULL)), "invalid_grant",
	    "The audience in ID Token");
	refused(audience, sign(pem, claims("exp", json_integer(now - 1))),
	    "invalid_grant", "is stale to sign-in");
	refused(audience, sign(pem, claims("iat", json_integer(now + 900))),
	    "invalid_grant", "is stale to sign-in");
	refused(audience, sign(pem, claims("nbf", json_integer(now + 900))),
	    "invalid_grant", "is stale to sign-in");
	refused(audience, sign(pem, claims("exp", NULL)), "invalid_grant",
	    "no iat and exp");
	refused(audience, sign(pem, claims("sub", NULL)), "invalid_grant",
	    "google.subject");
	refused(audience, sign(pem, claims("sub", json_string("a\nb"))),
	    "invalid_grant", "google.subject");
	refused(audience, "a.b.c", "invalid_grant", "Unable to parse");
	refused("//iam.googleapis.com/projects/1/nothing", "a.b.c",
	    "invalid_request", "Invalid value for \"audience\"");
	refused(arena_printf(&x.arena, "%sx", audience), "a.b.c",
	    "invalid_target", "doesn't exist");
	refused("//iam.googleapis.com/projects/1/locations/global/"
	    "workloadIdentityPools/drill-pool/providers/drill-oidc", "a.b.c",
	    "invalid_target", "doesn't exist");
}
END_TEST

START_TEST(audience_may_be_one_of_several)
{
	struct req rq;

	ck_assert_int_eq(exchange(&rq, audience, sign(pem, claims("aud",
	    json_pack("[s, s]", "other", audience)))), 200);
	req_release(&rq);
}
END_TEST

/* ---- what policies let them do ---- */

static int
create_bucket(const struct oauth_caller *c, const char *name)
{
	struct req rq;
	int status;

	fix_req(&x, &rq, "POST", GCS_HOST, "/storage/v1/b?project="
	    FIX_PROJECT, arena_printf(&x.arena, "{\"name\":\"%s\"}", name));
	rq.auth = AUTH_BEARER;
	rq.principal = c->principal;
	rq.scope = c->scope;
	rq.sets = c->sets;
	if (auth_permit(&rq) == 0)
		rq.route->handle(&rq);
	status = rq.status;
	req_release(&rq);
	return (status);
}

START_TEST(policies_name_subjects_and_sets)
{
	const struct { const char *base, *rest; int status; } t[] = {
		{ principal, "build-7", 200 }, { principal, "build-8", 403 },
		{ principal, "BUILD-7", 403 }, { set, "*", 200 },
		{ set, "group/ops", 200 }, { set, "group/op", 403 },
		{ set, "group/dev", 200 }, { set, "group/dev/x", 403 },
		{ set, "attribute.repo/me/app", 200 },
		{ set, "attribute.repo/me/ap", 403 },
		{ set, "attribute.sub/build-7", 403 },
	};
	struct oauth_caller c = caller();

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(fix_project_policy(&x, "roles/storage.admin",
		    arena_printf(&x.arena, "%s%s", t[i].base, t[i].rest)),
		    200);
		ck_assert_msg(create_bucket(&c, arena_printf(&x.arena,
		    "drill-bucket-%zu", i)) == t[i].status, "%s%s", t[i].base,
		    t[i].rest);
	}
}
END_TEST

START_TEST(condition_lets_in_only_whom_it_means)
{
	static const struct { const char *condition; int status; } t[] = {
		{ "attribute.repo == 'me/app' && 'ops' in google.groups",
		    200 },
		{ "google.subject == 'build-8'", 400 },
		{ "assertion.nope == 'x'", 400 }, { "assertion.sub", 400 },
	};
	struct err e = ERR_INIT;
	struct req rq;

	for (size_t i = 0; i < NELEMS(t); i++) {
		json_auto_t *spec = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, "
		    "s:s}, s:s, s:{s:[o]}}", "pool", "drill-pool", "provider",
		    "drill-oidc", "issuer", ISSUER, "mapping",
		    "google.subject", "assertion.sub", "google.groups",
		    "assertion.groups", "attribute.repo", "assertion.ci.repo",
		    "condition", t[i].condition, "jwks", "keys",
		    certs_jwk(public_pem, "k1"));
		json_auto_t *j = pools_put(&x.emu, &x.arena, spec, &e);

		ck_assert_msg(j != NULL, "%s", err_msg(&e));
		ck_assert_str_eq(field(j, "condition"), t[i].condition);
		ck_assert_msg(exchange(&rq, audience, sign(pem, claims(NULL,
		    NULL))) == t[i].status, "%s", t[i].condition);
		if (t[i].status == 400)
			ck_assert_str_eq(fix_text(&rq, "error"),
			    "unauthorized_client");
		req_release(&rq);
	}
}
END_TEST

START_TEST(members_of_unknown_pools_are_refused)
{

	ck_assert_int_eq(fix_project_policy(&x, "roles/viewer", arena_printf(
	    &x.arena, "principal:%.*snothing-pool/subject/x",
	    (int)(strstr(audience, "drill-pool") - audience), audience)),
	    400);
	ck_assert_int_eq(fix_project_policy(&x, "roles/viewer", arena_printf(
	    &x.arena, "%sx", set)), 400);
}
END_TEST

START_TEST(subject_may_be_let_act_as_an_account)
{
	struct oauth_caller c = caller();
	struct req rq;

	fix_account(&x, "worker-account");
	for (int i = 0; i < 2; i++) {
		fix_req(&x, &rq, "POST", "iamcredentials.googleapis.com",
		    "/v1/projects/-/serviceAccounts/" WORKER
		    ":generateAccessToken", "{\"scope\":[\"" CLOUD "\"]}");
		rq.auth = AUTH_BEARER;
		rq.principal = c.principal;
		rq.sets = c.sets;
		if (auth_permit(&rq) == 0)
			rq.route->handle(&rq);
		ck_assert_int_eq(rq.status, i == 0 ? 403 : 200);
		req_release(&rq);
		if (i == 0)
			ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST,
			    FIX_SA "/" WORKER ":setIamPolicy", arena_printf(
			    &x.arena, "{\"policy\":{\"bindings\":[{\"role\":"
			    "\"roles/iam.workloadIdentityUser\",\"members\":["
			    "\"%sbuild-7\"]}]}}", principal)), 200);
	}
}
END_TEST

START_TEST(what_no_provider_can_be_is_refused)
{
	static const char *const t[] = { "{}",
	    "{\"pool\":\"abcd\"}", "{\"pool\":\"ABCD\",\"provider\":\"abcd\"}",
	    "{\"pool\":\"gcp-x\",\"provider\":\"abcd\"}",
	    "{\"pool\":\"ab/cd\",\"provider\":\"abcd\"}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"jwks\":{\"keys\":[]}}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"jwks\":{\"keys\":["
	    "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"audiences\":[1]}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"mapping\":{}}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"attributeCondition\":"
	    "\"assertion.sub == 'x'\"}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"mapping\":"
	    "{\"google.subject\":\"assertion.sub.matches('x')\"}}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"condition\":7}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"condition\":"
	    "\"request.x\"}",
	    "{\"pool\":\"abcd\",\"provider\":\"abcd\",\"mapping\":"
	    "{\"google.subject\":\"assertion.sub\",\"other\":"
	    "\"assertion.x\"}}" };

	for (size_t i = 0; i < NELEMS(t); i++) {
		json_auto_t *spec = json_loads(t[i], 0, NULL);
		struct err e = ERR_INIT;

		ck_assert_msg(pools_put(&x.emu, &x.arena, spec, &e) == NULL,
		    "%s", t[i]);
		err_release(&e);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sts");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, token_of_an_issuer_becomes_one_of_ours);
	tcase_add_test(t, each_wrong_claim_has_its_own_text);
	tcase_add_test(t, audience_may_be_one_of_several);
	tcase_add_test(t, policies_name_subjects_and_sets);
	tcase_add_test(t, condition_lets_in_only_whom_it_means);
	tcase_add_test(t, members_of_unknown_pools_are_refused);
	tcase_add_test(t, subject_may_be_let_act_as_an_account);
	tcase_add_test(t, what_no_provider_can_be_is_refused);
	return (fix_main(s));
}
