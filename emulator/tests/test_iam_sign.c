#include "emulator/identity/sign.h"
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define CRED	"iamcredentials.googleapis.com"
#define W	"/v1/projects/-/serviceAccounts/" WORKER

static struct fix x;
static struct req rq;

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
}

static void
teardown(void)
{

	fix_release(&x);
}

static int
ask(const char *method, const char *target, const char *body)
{

	return (fix_ask(&x, &rq, x.emu.owner, method, CRED, target, body));
}

/* A field of the last answer, in the fixture's arena; the request is over. */
static const char *
take(const char *field)
{
	const char *v = arena_strdup(&x.arena, fix_text(&rq, field));

	req_release(&rq);
	return (v);
}

START_TEST(blob_is_signed_with_a_key_that_stays)
{
	const char *kid, *sig;
	const unsigned char *raw;
	struct iam_key k;
	size_t n;

	ck_assert_int_eq(ask("POST", W ":signBlob",
	    "{\"payload\":\"c29tZSB0ZXh0\"}"), 200);
	kid = arena_strdup(&x.arena, fix_text(&rq, "keyId"));
	sig = take("signedBlob");
	raw = sign_from_b64(&x.arena, sig, &n);
	ck_assert_ptr_nonnull(raw);
	ck_assert(iam_key_get(&x.emu, &x.arena, kid, &k));
	ck_assert_str_eq(k.account, WORKER);
	ck_assert(sign_rsa_is(k.public_pem, "some text", raw, n));
	ck_assert(!sign_rsa_is(k.public_pem, "some texts", raw, n));
	fix_close(&x);
	fix_open(&x);
	ck_assert_int_eq(ask("POST", W ":signBlob",
	    "{\"payload\":\"c29tZSB0ZXh0\"}"), 200);
	ck_assert_str_eq(fix_text(&rq, "keyId"), kid);
	ck_assert_str_eq(take("signedBlob"), sig);
}
END_TEST

START_TEST(blob_by_its_former_name)
{

	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", IAM_HOST,
	    FIX_SA "/" WORKER ":signBlob",
	    "{\"bytesToSign\":\"c29tZSB0ZXh0\"}"), 200);
	ck_assert_uint_eq(strlen(take("signature")), 344);
}
END_TEST

START_TEST(blob_that_is_none_is_refused)
{
	static const char *const bodies[] = { "{}", "{\"payload\":\"!\"}",
	    "{\"payload\":7}" };

	for (size_t i = 0; i < NELEMS(bodies); i++) {
		ck_assert_int_eq(ask("POST", W ":signBlob", bodies[i]), 400);
		req_release(&rq);
	}
	ck_assert_int_eq(ask("POST", "/v1/projects/-/serviceAccounts/"
	    FIX_MAIL("nobody") ":signBlob", "{\"payload\":\"AA==\"}"), 404);
	req_release(&rq);
}
END_TEST

/* What it signs is good for a token: so is the client's own way round. */
START_TEST(jwt_is_one_that_the_token_endpoint_takes)
{
	json_t *claims = fix_claims(&x, WORKER), *body;
	char *text = json_dumps(claims, JSON_COMPACT);
	const char *jwt;

	body = json_pack("{s:s}", "payload", text);
	free(text);
	text = json_dumps(body, 0);
	ck_assert_int_eq(ask("POST", W ":signJwt", text), 200);
	jwt = take("signedJwt");
	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "POST", OAUTH_HOST, "/token",
	    arena_printf(&x.arena, "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth"
	    "%%3Agrant-type%%3Ajwt-bearer&assertion=%s", jwt)), 200);
	req_release(&rq);
	free(text);
	json_decref(body);
	json_decref(claims);
	ck_assert_int_eq(ask("POST", W ":signJwt", "{\"payload\":\"[]\"}"),
	    400);
	req_release(&rq);
	ck_assert_int_eq(ask("POST", W ":signJwt", "{\"payload\":"
	    "\"{\\\"exp\\\":99999999999}\"}"), 400);
	req_release(&rq);
}
END_TEST

START_TEST(access_token_is_the_accounts_and_ends)
{
	const char *token, *why;

	ck_assert_int_eq(ask("POST", W ":generateAccessToken",
	    "{\"scope\":[\"a\",\"b\"],\"lifetime\":\"300s\"}"), 200);
	token = take("accessToken");
	ck_assert_str_eq(oauth_check(&x.emu, &x.arena, token, &why), WORKER);
	x.emu.clock.shift_us += 301 * 1000000LL;
	ck_assert_ptr_null(oauth_check(&x.emu, &x.arena, token, &why));
	ck_assert_int_eq(ask("POST", W ":generateAccessToken",
	    "{\"scope\":[\"a\"],\"lifetime\":\"3601s\"}"), 400);
	req_release(&rq);
	ck_assert_int_eq(ask("POST", W ":generateAccessToken", "{}"), 400);
	req_release(&rq);
}
END_TEST

START_TEST(each_wants_its_permission)
{
	static const struct { const char *verb, *body; } t[] = {
		{ ":signBlob", "{\"payload\":\"AA==\"}" },
		{ ":signJwt", "{\"payload\":\"{}\"}" },
		{ ":generateAccessToken", "{\"scope\":[\"a\"]}" },
	};

	fix_account(&x, "other-account");
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < NELEMS(t); i++) {
			int status = fix_ask(&x, &rq,
			    FIX_MAIL("other-account"), "POST", CRED,
			    arena_printf(&x.arena, W "%s", t[i].verb),
			    t[i].body);

			req_release(&rq);
			ck_assert_int_eq(status, pass == 0 ? 403 : 200);
		}
		ck_assert_int_eq(fix_project_policy(&x,
		    "roles/iam.serviceAccountTokenCreator",
		    "serviceAccount:" FIX_MAIL("other-account")), 200);
	}
}
END_TEST

#define DELEGATE(id)	"projects/-/serviceAccounts/" FIX_MAIL(id)

/* `who` becomes a token creator of the account. */
static void
let(const char *who, const char *account)
{

	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", IAM_HOST,
	    arena_printf(&x.arena, "/v1/projects/-/serviceAccounts/%s"
	    ":setIamPolicy", account), arena_printf(&x.arena,
	    "{\"policy\":{\"bindings\":[{\"role\":"
	    "\"roles/iam.serviceAccountTokenCreator\",\"members\":"
	    "[\"serviceAccount:%s\"]}]}}", who)), 200);
	req_release(&rq);
}

static int
through(const char *who, const char *method, const char *chain)
{
	int status = fix_ask(&x, &rq, who, "POST", CRED,
	    arena_printf(&x.arena, W ":%s", method),
	    arena_printf(&x.arena, "{\"payload\":\"e30=\","
	    "\"audience\":\"a\",\"scope\":[\"https://www.googleapis.com/"
	    "auth/cloud-platform\"],\"delegates\":%s}", chain));

	req_release(&rq);
	return (status);
}

START_TEST(chain_of_delegates_holds_where_each_lets_the_last)
{
	static const char *const methods[] = { "signBlob",
		"generateAccessToken", "generateIdToken" };
	const char *first = FIX_MAIL("first-account");
	const char *second = FIX_MAIL("second-account");
	const char *both = "[\"" DELEGATE("first-account") "\",\""
	    DELEGATE("second-account") "\"]";

	fix_account(&x, "caller-account");
	fix_account(&x, "first-account");
	fix_account(&x, "second-account");
	let(FIX_MAIL("caller-account"), first);
	let(first, second);
	ck_assert_int_eq(through(FIX_MAIL("caller-account"), "signBlob",
	    both), 403);
	let(second, WORKER);
	for (size_t i = 0; i < NELEMS(methods); i++) {
		ck_assert_int_eq(through(FIX_MAIL("caller-account"),
		    methods[i], both), 200);
		ck_assert_int_eq(through(FIX_MAIL("caller-account"),
		    methods[i], "[]"), 403);
	}
	/* nobody is skipped, in no order but theirs, and the caller counts */
	ck_assert_int_eq(through(FIX_MAIL("caller-account"), "signBlob",
	    "[\"" DELEGATE("second-account") "\"]"), 403);
	ck_assert_int_eq(through(FIX_MAIL("caller-account"), "signBlob",
	    "[\"" DELEGATE("second-account") "\",\""
	    DELEGATE("first-account") "\"]"), 403);
	ck_assert_int_eq(through(second, "signBlob", both), 403);
	ck_assert_int_eq(through(first, "signBlob",
	    "[\"" DELEGATE("second-account") "\"]"), 200);
	ck_assert_int_eq(through(first, "signBlob",
	    "[\"" DELEGATE("nobody") "\"]"), 403);
	ck_assert_int_eq(through(first, "signBlob", "[\"second\"]"), 400);
	ck_assert_int_eq(through(first, "signBlob", "7"), 400);
	let(WORKER, second);
	ck_assert_int_eq(through(FIX_MAIL("caller-account"), "signBlob",
	    both), 403);
}
END_TEST

START_TEST(system_key_is_shown_but_not_for_users)
{
	const char *kid, *path;
	json_t *keys;

	ck_assert_int_eq(ask("POST", W ":signBlob",
	    "{\"payload\":\"AA==\"}"), 200);
	kid = take("keyId");
	path = arena_printf(&x.arena, W "/keys/%s", kid);
	ck_assert_int_eq(ask("GET", W "/keys?keyTypes=USER_MANAGED", NULL),
	    200);
	ck_assert_ptr_null(json_object_get(fix_json(&rq), "keys"));
	req_release(&rq);
	ck_assert_int_eq(ask("GET", W "/keys?keyTypes=USER_MANAGED"
	    "&keyTypes=SYSTEM_MANAGED", NULL), 200);
	keys = json_object_get(fix_json(&rq), "keys");
	ck_assert_uint_eq(json_array_size(keys), 1);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(
	    keys, 0), "keyType")), "SYSTEM_MANAGED");
	req_release(&rq);
	ck_assert_int_eq(ask("DELETE", path, NULL), 400);
	req_release(&rq);
	ck_assert_int_eq(ask("POST", arena_printf(&x.arena, "%s:disable",
	    path), "{}"), 400);
	req_release(&rq);
}
END_TEST

/* A namesake that is made later must not get the old one's key. */
START_TEST(namesake_gets_a_key_of_its_own)
{
	const char *kid;

	ck_assert_int_eq(ask("POST", W ":signBlob",
	    "{\"payload\":\"AA==\"}"), 200);
	kid = take("keyId");
	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, FIX_SA "/" WORKER,
	    NULL), 200);
	fix_account(&x, "worker-account");
	ck_assert_int_eq(ask("POST", W ":signBlob",
	    "{\"payload\":\"AA==\"}"), 200);
	ck_assert_str_ne(take("keyId"), kid);
}
END_TEST

START_TEST(disabled_account_signs_nothing)
{

	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA "/" WORKER
	    ":disable", "{}"), 200);
	ck_assert_int_eq(ask("POST", W ":signBlob",
	    "{\"payload\":\"AA==\"}"), 400);
	req_release(&rq);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("iam_sign");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, blob_is_signed_with_a_key_that_stays);
	tcase_add_test(t, blob_by_its_former_name);
	tcase_add_test(t, blob_that_is_none_is_refused);
	tcase_add_test(t, jwt_is_one_that_the_token_endpoint_takes);
	tcase_add_test(t, access_token_is_the_accounts_and_ends);
	tcase_add_test(t, each_wants_its_permission);
	tcase_add_test(t,
	    chain_of_delegates_holds_where_each_lets_the_last);
	tcase_add_test(t, system_key_is_shown_but_not_for_users);
	tcase_add_test(t, namesake_gets_a_key_of_its_own);
	tcase_add_test(t, disabled_account_signs_nothing);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
