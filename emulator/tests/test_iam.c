#include <sys/stat.h>

#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define W	FIX_SA "/" WORKER
#define POLICY	"/v1/projects/" FIX_PROJECT

static struct fix x;
static struct req rq;

static void
setup(void)
{

	fix_init(&x);
}

static void
teardown(void)
{

	fix_release(&x);
}

static int
ask(const char *method, const char *target, const char *body)
{

	return (fix_ask(&x, &rq, x.emu.owner, method, IAM_HOST, target,
	    body));
}

static int
crm(const char *target, const char *body)
{

	return (fix_ask(&x, &rq, x.emu.owner, "POST", CRM_HOST, target,
	    body));
}

START_TEST(setup_makes_project_and_owner_once)
{
	int64_t number = x.emu.project_number;
	struct fix other;
	json_t *p;

	ck_assert_str_eq(x.emu.owner, FIX_MAIL("project-owner"));
	ck_assert_int_gt(number, 100000000000);
	p = iam_project_policy(&x.emu);
	ck_assert_uint_eq(json_array_size(json_object_get(p, "bindings")), 1);
	json_decref(p);
	fix_close(&x);
	fix_open(&x);
	ck_assert_int_eq(x.emu.project_number, number);
	fix_init(&other);
	ck_assert_int_ne(other.emu.project_number, number);
	fix_release(&other);
}
END_TEST

START_TEST(account_is_created_shown_and_deleted)
{
	const char *id;

	ck_assert_int_eq(ask("POST", FIX_SA, "{\"accountId\":"
	    "\"worker-account\",\"serviceAccount\":{\"displayName\":\"W\","
	    "\"description\":\"works\"}}"), 200);
	ck_assert_str_eq(fix_text(&rq, "name"), "projects/" FIX_PROJECT
	    "/serviceAccounts/" WORKER);
	ck_assert_str_eq(fix_text(&rq, "email"), WORKER);
	ck_assert_str_eq(fix_text(&rq, "projectId"), FIX_PROJECT);
	ck_assert_str_eq(fix_text(&rq, "displayName"), "W");
	ck_assert_str_eq(fix_text(&rq, "description"), "works");
	ck_assert_str_ne(fix_text(&rq, "etag"), "");
	id = arena_strdup(&x.arena, fix_text(&rq, "uniqueId"));
	ck_assert_uint_eq(strlen(id), 21);
	ck_assert_str_eq(fix_text(&rq, "oauth2ClientId"), id);
	req_release(&rq);

	/* by e-mail and by unique id, under the project and under `-` */
	ck_assert_int_eq(fix_owner(&x, "GET", IAM_HOST, W, NULL), 200);
	ck_assert_int_eq(fix_owner(&x, "GET", IAM_HOST,
	    "/v1/projects/-/serviceAccounts/" WORKER, NULL), 200);
	ck_assert_int_eq(ask("GET", arena_printf(&x.arena,
	    "/v1/projects/-/serviceAccounts/%s", id), NULL), 200);
	ck_assert_str_eq(fix_text(&rq, "email"), WORKER);
	req_release(&rq);

	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, W, NULL), 200);
	ck_assert_int_eq(ask("GET", W, NULL), 404);
	ck_assert_str_eq(fix_text(&rq, "error.status"), "NOT_FOUND");
	ck_assert_str_eq(fix_text(&rq, "error.message"), "Service account "
	    "projects/" FIX_PROJECT "/serviceAccounts/" WORKER
	    " does not exist.");
	req_release(&rq);
	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, W, NULL), 404);
}
END_TEST

START_TEST(account_409_when_it_exists)
{

	fix_account(&x, "worker-account");
	ck_assert_int_eq(ask("POST", FIX_SA,
	    "{\"accountId\":\"worker-account\"}"), 409);
	ck_assert_str_eq(fix_text(&rq, "error.status"), "ALREADY_EXISTS");
	req_release(&rq);
}
END_TEST

START_TEST(account_400_when_its_id_breaks_the_rule)
{
	static const char *const bad[] = {
		"{}", "{\"accountId\":\"\"}", "{\"accountId\":\"short\"}",
		"{\"accountId\":\"a123456789012345678901234567890\"}",
		"{\"accountId\":\"Upper-case\"}",
		"{\"accountId\":\"1worker\"}", "{\"accountId\":\"worker-\"}",
		"{\"accountId\":\"wor_ker\"}", "{\"accountId\":\"wor.ker\"}",
		"{\"accountId\":\"wor ker\"}", "{\"accountId\":7}",
		"{\"accountId\":\"worker-a\",\"serviceAccount\":5}",
		"[]", "{", "nonsense",
	};
	static const char *const good[] = {
		"{\"accountId\":\"abcdef\"}",
		"{\"accountId\":\"a12345678901234567890123456789\"}",
	};

	for (size_t i = 0; i < NELEMS(bad); i++) {
		ck_assert_msg(ask("POST", FIX_SA, bad[i]) == 400, "%s",
		    bad[i]);
		ck_assert_str_eq(fix_text(&rq, "error.status"),
		    "INVALID_ARGUMENT");
		req_release(&rq);
	}
	for (size_t i = 0; i < NELEMS(good); i++)
		ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA,
		    good[i]), 200);
}
END_TEST

START_TEST(list_pages_through_all_accounts)
{
	char body[64];
	const char *token = "";
	int n = 0, pages = 0;

	for (int i = 0; i < 7; i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"accountId\":\"worker-%d\"}", i);
		ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA,
		    body), 200);
	}
	do {
		ck_assert_int_eq(ask("GET", arena_printf(&x.arena, FIX_SA
		    "?pageSize=3&pageToken=%s", token), NULL), 200);
		n += (int)json_array_size(json_object_get(fix_json(&rq),
		    "accounts"));
		token = arena_strdup(&x.arena,
		    fix_text(&rq, "nextPageToken"));
		req_release(&rq);
		pages++;
	} while (*token != '\0');
	ck_assert_int_eq(n, 8);			/* the owner, too */
	ck_assert_int_eq(pages, 3);
	ck_assert_int_eq(fix_owner(&x, "GET", IAM_HOST,
	    FIX_SA "?pageSize=x", NULL), 400);
	ck_assert_int_eq(fix_owner(&x, "GET", IAM_HOST,
	    FIX_SA "?pageToken=*", NULL), 400);
}
END_TEST

START_TEST(other_project_is_403)
{

	ck_assert_int_eq(ask("GET", "/v1/projects/other/serviceAccounts",
	    NULL), 403);
	ck_assert_str_eq(fix_text(&rq, "error.status"), "PERMISSION_DENIED");
	req_release(&rq);
	ck_assert_int_eq(fix_owner(&x, "GET", IAM_HOST, arena_printf(
	    &x.arena, "/v1/projects/%lld/serviceAccounts",
	    (long long)x.emu.project_number), NULL), 200);
}
END_TEST

START_TEST(owner_cannot_be_removed_by_mistake)
{
	const char *t = arena_printf(&x.arena, FIX_SA "/%s", x.emu.owner);

	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, t, NULL), 400);
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, arena_printf(
	    &x.arena, "%s:disable", t), "{}"), 400);
	ck_assert_int_eq(fix_owner(&x, "GET", IAM_HOST, t, NULL), 200);
}
END_TEST

START_TEST(disable_shows_in_the_account)
{

	fix_account(&x, "worker-account");
	ck_assert(iam_account_usable(&x.emu, &x.arena, WORKER));
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, W ":disable", "{}"),
	    200);
	ck_assert(!iam_account_usable(&x.emu, &x.arena, WORKER));
	ck_assert(iam_account_exists(&x.emu, &x.arena, WORKER));
	ck_assert_int_eq(ask("GET", W, NULL), 200);
	ck_assert(json_is_true(json_object_get(fix_json(&rq), "disabled")));
	req_release(&rq);
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, W ":enable", ""),
	    200);
	ck_assert_int_eq(ask("GET", W, NULL), 200);
	ck_assert_ptr_null(json_object_get(fix_json(&rq), "disabled"));
	req_release(&rq);
}
END_TEST

/* The credentials file of the key that was just created. */
static json_t *
created_file(void)
{
	const char *b64 = fix_text(&rq, "privateKeyData");
	json_t *j;
	struct buf b;

	buf_init(&b, 65536);
	ck_assert(str_b64_decode(&b, b64, strlen(b64), false));
	j = json_loadb(b.p, b.len, 0, NULL);
	ck_assert_ptr_nonnull(j);
	buf_release(&b);
	return (j);
}

START_TEST(created_key_signs_for_its_account)
{
	static const char *const fields[] = {
		"auth_uri", "token_uri", "auth_provider_x509_cert_url",
		"client_x509_cert_url", "universe_domain", "client_id",
	};
	const char *kid, *pem;
	json_t *file, *c;
	struct jwt j;
	struct iam_key k;

	fix_account(&x, "worker-account");
	ck_assert_int_eq(ask("POST", W "/keys", "{\"privateKeyType\":"
	    "\"TYPE_GOOGLE_CREDENTIALS_FILE\"}"), 200);
	ck_assert_str_eq(fix_text(&rq, "keyAlgorithm"), "KEY_ALG_RSA_2048");
	file = created_file();
	kid = json_string_value(json_object_get(file, "private_key_id"));
	ck_assert_uint_eq(strlen(kid), 40);
	ck_assert(str_ends(fix_text(&rq, "name"), kid));
	ck_assert_str_eq(json_string_value(json_object_get(file, "type")),
	    "service_account");
	ck_assert_str_eq(json_string_value(json_object_get(file,
	    "client_email")), WORKER);
	for (size_t i = 0; i < NELEMS(fields); i++)
		ck_assert_ptr_nonnull(json_string_value(
		    json_object_get(file, fields[i])));
	pem = json_string_value(json_object_get(file, "private_key"));
	ck_assert(str_starts(pem, "-----BEGIN PRIVATE KEY-----\n"));
	c = fix_claims(&x, WORKER);
	ck_assert_int_eq(jwt_parse(&x.arena, jwt_sign(&x.arena, pem, kid, c),
	    &j, NULL), 0);
	json_decref(c);
	ck_assert(iam_key_get(&x.emu, &x.arena, kid, &k));
	ck_assert(!k.disabled);
	ck_assert_str_eq(k.account, WORKER);
	ck_assert(jwt_verify(&j, k.public_pem));
	json_decref(file);
	req_release(&rq);
}
END_TEST

START_TEST(private_key_is_nowhere_in_the_store)
{
	struct record *r;
	size_t n;

	fix_account(&x, "worker-account");
	(void)fix_key(&x, WORKER);
	ck_assert_int_eq(store_record_list(x.emu.store, "key", "", "", 10,
	    &x.arena, &r, &n), STORE_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_null(strstr(r[0].json, "PRIVATE"));
	ck_assert_ptr_nonnull(strstr(r[0].json, "PUBLIC"));
}
END_TEST

START_TEST(keys_are_listed_shown_disabled_and_deleted)
{
	struct fix_key a, b, other;
	struct iam_key k;
	const char *t;

	fix_account(&x, "worker-account");
	fix_account(&x, "other-account");
	a = fix_key(&x, WORKER);
	b = fix_key(&x, WORKER);
	other = fix_key(&x, FIX_MAIL("other-account"));
	ck_assert_int_eq(ask("GET", W "/keys", NULL), 200);
	ck_assert_uint_eq(json_array_size(json_object_get(fix_json(&rq),
	    "keys")), 2);
	req_release(&rq);
	t = arena_printf(&x.arena, W "/keys/%s", a.kid);
	ck_assert_int_eq(ask("GET", arena_printf(&x.arena,
	    "%s?publicKeyType=TYPE_RAW_PUBLIC_KEY", t), NULL), 200);
	ck_assert_str_ne(fix_text(&rq, "publicKeyData"), "");
	ck_assert_str_eq(fix_text(&rq, "privateKeyData"), "");
	req_release(&rq);
	/* another's key under one's own name is not there */
	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, arena_printf(
	    &x.arena, W "/keys/%s", other.kid), NULL), 404);
	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, t, NULL), 200);
	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, t, NULL), 404);
	ck_assert(!iam_key_get(&x.emu, &x.arena, a.kid, &k));
	ck_assert(iam_key_get(&x.emu, &x.arena, b.kid, &k));
}
END_TEST

START_TEST(eleventh_key_is_refused)
{

	fix_account(&x, "worker-account");
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, W "/keys",
		    "{}"), 200);
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, W "/keys", "{}"),
	    400);
}
END_TEST

START_TEST(key_400_when_the_type_is_not_ours)
{

	fix_account(&x, "worker-account");
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, W "/keys",
	    "{\"privateKeyType\":\"TYPE_PAPER\"}"), 400);
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, W "/keys",
	    "{\"keyAlgorithm\":\"KEY_ALG_RSA_1024\"}"), 400);
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA
	    "/nobody@example.com/keys", "{}"), 404);
}
END_TEST

START_TEST(owner_key_is_made_once_and_again_when_lost)
{
	struct err e = ERR_INIT;
	const char *path = iam_owner_key(&x.emu, &x.arena, &e);
	json_auto_t *first = NULL, *second = NULL, *third = NULL;
	struct stat st;

	ck_assert_msg(path != NULL, "%s", err_msg(&e));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	first = json_load_file(path, 0, NULL);
	ck_assert_str_eq(json_string_value(json_object_get(first,
	    "client_email")), x.emu.owner);
	ck_assert_ptr_nonnull(iam_owner_key(&x.emu, &x.arena, &e));
	second = json_load_file(path, 0, NULL);
	ck_assert(json_equal(first, second));
	/* a file whose key the store does not know is of no use */
	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, arena_printf(
	    &x.arena, FIX_SA "/%s/keys/%s", x.emu.owner, json_string_value(
	    json_object_get(first, "private_key_id"))), NULL), 200);
	ck_assert_ptr_nonnull(iam_owner_key(&x.emu, &x.arena, &e));
	third = json_load_file(path, 0, NULL);
	ck_assert(!json_equal(first, third));
}
END_TEST

START_TEST(policy_round_trip_with_etag)
{
	const char *etag, *body;

	fix_account(&x, "worker-account");
	ck_assert_int_eq(crm(POLICY ":getIamPolicy", "{}"), 200);
	etag = arena_strdup(&x.arena, fix_text(&rq, "etag"));
	ck_assert_str_ne(etag, "");
	req_release(&rq);
	body = arena_printf(&x.arena, "{\"policy\":{\"etag\":\"%s\","
	    "\"bindings\":[{\"role\":\"roles/owner\",\"members\":"
	    "[\"serviceAccount:%s\"]},{\"role\":\"roles/storage.admin\","
	    "\"members\":[\"serviceAccount:" WORKER "\"]}]}}", etag,
	    x.emu.owner);
	ck_assert_int_eq(crm(POLICY ":setIamPolicy", body), 200);
	ck_assert_str_ne(fix_text(&rq, "etag"), etag);
	ck_assert_uint_eq(json_array_size(json_object_get(fix_json(&rq),
	    "bindings")), 2);
	req_release(&rq);
	/* the same again: its etag is of the past */
	ck_assert_int_eq(crm(POLICY ":setIamPolicy", body), 409);
	req_release(&rq);
}
END_TEST

START_TEST(policy_400_when_it_cannot_be_kept)
{
	static const char *const bad[] = {
		"{}", "{\"policy\":{}}", "{\"policy\":{\"bindings\":{}}}",
		"{\"policy\":{\"bindings\":[{}]}}",
		"{\"policy\":{\"bindings\":[%s,{\"role\":\"roles/typo\"}]}}",
		"{\"policy\":{\"bindings\":[%s,{\"role\":\"roles/viewer\","
		"\"members\":\"allUsers\"}]}}",
		"{\"policy\":{\"bindings\":[%s,{\"role\":\"roles/viewer\","
		"\"members\":[\"somebody\"]}]}}",
		"{\"policy\":{\"bindings\":[%s,{\"role\":\"roles/viewer\","
		"\"members\":[\"user:\"]}]}}",
		"{\"policy\":{\"bindings\":[%s,{\"role\":\"roles/viewer\","
		"\"members\":[\"serviceAccount:" FIX_MAIL("misspelt")
		"\"]}]}}",
		"{\"policy\":{\"bindings\":[%s,{\"role\":\"roles/viewer\","
		"\"members\":[7]}]}}",
		"{\"policy\":{\"bindings\":[%s,{\"role\":\"roles/viewer\","
		"\"members\":[\"allUsers\"],\"condition\":"
		"{\"expression\":\"true\"}}]}}",
	};
	const char *owner = arena_printf(&x.arena, "{\"role\":\"roles/owner\""
	    ",\"members\":[\"serviceAccount:%s\"]}", x.emu.owner);

	for (size_t i = 0; i < NELEMS(bad); i++) {
		const char *at = strstr(bad[i], "%s");
		const char *body = at == NULL ? bad[i] : arena_printf(
		    &x.arena, "%.*s%s%s", (int)(at - bad[i]), bad[i], owner,
		    at + 2);

		ck_assert_msg(crm(POLICY ":setIamPolicy", body) == 400, "%s",
		    body);
		req_release(&rq);
	}
}
END_TEST

START_TEST(project_is_shown_in_both_versions)
{

	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "GET", CRM_HOST,
	    POLICY, NULL), 200);
	ck_assert_str_eq(fix_text(&rq, "projectId"), FIX_PROJECT);
	ck_assert_str_eq(fix_text(&rq, "lifecycleState"), "ACTIVE");
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "GET", CRM_HOST,
	    "/v3/projects/" FIX_PROJECT, NULL), 200);
	ck_assert_str_eq(fix_text(&rq, "state"), "ACTIVE");
	req_release(&rq);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("iam");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, setup_makes_project_and_owner_once);
	tcase_add_test(t, account_is_created_shown_and_deleted);
	tcase_add_test(t, account_409_when_it_exists);
	tcase_add_test(t, account_400_when_its_id_breaks_the_rule);
	tcase_add_test(t, list_pages_through_all_accounts);
	tcase_add_test(t, other_project_is_403);
	tcase_add_test(t, owner_cannot_be_removed_by_mistake);
	tcase_add_test(t, disable_shows_in_the_account);
	tcase_add_test(t, created_key_signs_for_its_account);
	tcase_add_test(t, private_key_is_nowhere_in_the_store);
	tcase_add_test(t, keys_are_listed_shown_disabled_and_deleted);
	tcase_add_test(t, eleventh_key_is_refused);
	tcase_add_test(t, key_400_when_the_type_is_not_ours);
	tcase_add_test(t, owner_key_is_made_once_and_again_when_lost);
	tcase_add_test(t, policy_round_trip_with_etag);
	tcase_add_test(t, policy_400_when_it_cannot_be_kept);
	tcase_add_test(t, project_is_shown_in_both_versions);
	return (fix_main(s));
}
