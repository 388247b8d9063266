#include "emulator/identity/hmac.h"
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define KEYS	"/storage/v1/projects/" FIX_PROJECT "/hmacKeys"
#define NEW	KEYS "?serviceAccountEmail=" WORKER

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

	return (fix_ask(&x, &rq, x.emu.owner, method, GCS_HOST, target,
	    body));
}

/* A new key of an account: its access id. */
static const char *
make_key(const char *email)
{
	const char *id;

	ck_assert_int_eq(ask("POST", arena_printf(&x.arena,
	    KEYS "?serviceAccountEmail=%s", email), NULL), 200);
	id = arena_strdup(&x.arena, fix_text(&rq, "metadata.accessId"));
	req_release(&rq);
	return (id);
}

static const char *
path_of(const char *id)
{

	return (arena_printf(&x.arena, KEYS "/%s", id));
}

static int
set_state(const char *id, const char *state)
{
	int status = ask("PUT", path_of(id), arena_printf(&x.arena,
	    "{\"state\":\"%s\"}", state));

	req_release(&rq);
	return (status);
}

static size_t
count(const char *target)
{
	size_t n;

	ck_assert_int_eq(ask("GET", target, NULL), 200);
	n = json_array_size(json_object_get(fix_json(&rq), "items"));
	req_release(&rq);
	return (n);
}

START_TEST(create_answers_with_the_secret_once)
{
	const char *id, *secret;
	struct hmac_key k;

	ck_assert_int_eq(ask("POST", NEW, NULL), 200);
	ck_assert_str_eq(fix_text(&rq, "kind"), "storage#hmacKey");
	ck_assert_str_eq(fix_text(&rq, "metadata.kind"),
	    "storage#hmacKeyMetadata");
	ck_assert_str_eq(fix_text(&rq, "metadata.state"), "ACTIVE");
	ck_assert_str_eq(fix_text(&rq, "metadata.projectId"), FIX_PROJECT);
	ck_assert_str_eq(fix_text(&rq, "metadata.serviceAccountEmail"),
	    WORKER);
	id = arena_strdup(&x.arena, fix_text(&rq, "metadata.accessId"));
	secret = arena_strdup(&x.arena, fix_text(&rq, "secret"));
	ck_assert_str_eq(fix_text(&rq, "metadata.id"),
	    arena_printf(&x.arena, FIX_PROJECT "/%s", id));
	req_release(&rq);
	ck_assert_uint_eq(strlen(id), 61);
	ck_assert(str_starts(id, "GOOG1E"));
	ck_assert_uint_eq(strlen(secret), 40);
	ck_assert_int_eq(hmac_get(&x.emu, &x.arena, id, &k), STORE_OK);
	ck_assert_str_eq(k.secret, secret);

	ck_assert_int_eq(ask("GET", path_of(id), NULL), 200);
	ck_assert_ptr_null(memmem(rq.reply, (size_t)rq.reply_len, secret, 40));
	req_release(&rq);
	ck_assert_int_eq(ask("GET", KEYS, NULL), 200);
	ck_assert_ptr_null(memmem(rq.reply, (size_t)rq.reply_len, secret, 40));
	req_release(&rq);
}
END_TEST

START_TEST(create_wants_an_account_that_exists)
{

	ck_assert_int_eq(ask("POST", KEYS, NULL), 400);
	ck_assert_str_eq(fix_text(&rq, "error.message"),
	    "Required parameter: serviceAccountEmail");
	req_release(&rq);
	ck_assert_int_eq(ask("POST", KEYS "?serviceAccountEmail=nobody",
	    NULL), 400);
	req_release(&rq);
	ck_assert_int_eq(ask("POST", KEYS "?serviceAccountEmail="
	    FIX_MAIL("nobody-here"), NULL), 404);
	req_release(&rq);
}
END_TEST

/* The plain endpoint, where client libraries' suites name what they like. */
START_TEST(without_authentication_any_project_and_account_will_do)
{
	const char *target = "/storage/v1/projects/other/hmacKeys";

	x.emu.auth_proxy = false;
	ck_assert_int_eq(ask("POST", arena_printf(&x.arena,
	    "%s?serviceAccountEmail=a@other.iam.gserviceaccount.com", target),
	    NULL), 200);
	req_release(&rq);
	ck_assert_uint_eq(count(target), 1);
	ck_assert_uint_eq(count(KEYS), 0);
	x.emu.auth_proxy = true;
	ck_assert_int_eq(ask("GET", target, NULL), 403);
	req_release(&rq);
}
END_TEST

START_TEST(state_goes_there_and_back_and_the_etag_with_it)
{
	const char *id = make_key(WORKER), *etag, *body;

	ck_assert_int_eq(ask("GET", path_of(id), NULL), 200);
	etag = arena_strdup(&x.arena, fix_text(&rq, "etag"));
	req_release(&rq);
	body = arena_printf(&x.arena, "{\"state\":\"INACTIVE\",\"etag\":"
	    "\"%s\"}", etag);
	ck_assert_int_eq(ask("PUT", path_of(id), body), 200);
	ck_assert_str_eq(fix_text(&rq, "state"), "INACTIVE");
	ck_assert_str_ne(fix_text(&rq, "etag"), etag);
	req_release(&rq);
	ck_assert_int_eq(ask("PUT", path_of(id), body), 412);
	req_release(&rq);
	ck_assert_int_eq(set_state(id, "ACTIVE"), 200);
	ck_assert_int_eq(set_state(id, "DELETED"), 400);
	ck_assert_int_eq(set_state(id, "active"), 400);
	ck_assert_int_eq(ask("PUT", path_of(id), "{}"), 400);
	req_release(&rq);
}
END_TEST

START_TEST(delete_wants_it_inactive)
{
	const char *id = make_key(WORKER);
	struct hmac_key k;

	ck_assert_int_eq(ask("DELETE", path_of(id), NULL), 400);
	req_release(&rq);
	ck_assert_int_eq(set_state(id, "INACTIVE"), 200);
	ck_assert_int_eq(ask("DELETE", path_of(id), NULL), 204);
	req_release(&rq);
	ck_assert_int_eq(ask("DELETE", path_of(id), NULL), 404);
	req_release(&rq);
	ck_assert_int_eq(set_state(id, "ACTIVE"), 404);
	ck_assert_uint_eq(count(KEYS), 0);
	ck_assert_uint_eq(count(KEYS "?showDeletedKeys=true"), 1);
	ck_assert_int_eq(ask("GET", path_of(id), NULL), 404);
	req_release(&rq);
	ck_assert_int_eq(hmac_get(&x.emu, &x.arena, id, &k), STORE_OK);
	ck_assert_str_eq(k.secret, "");
}
END_TEST

START_TEST(deleted_key_is_gone_after_thirty_days)
{
	const char *id = make_key(WORKER);

	ck_assert_int_eq(set_state(id, "INACTIVE"), 200);
	ck_assert_int_eq(ask("DELETE", path_of(id), NULL), 204);
	req_release(&rq);
	x.emu.clock.shift_us += 29LL * 24 * 3600 * 1000000;
	ck_assert_uint_eq(count(KEYS "?showDeletedKeys=true"), 1);
	x.emu.clock.shift_us += 2LL * 24 * 3600 * 1000000;
	ck_assert_uint_eq(count(KEYS "?showDeletedKeys=true"), 0);
	ck_assert_int_eq(ask("GET", path_of(id), NULL), 404);
	req_release(&rq);
}
END_TEST

START_TEST(list_filters_by_account_and_pages)
{
	const char *token = "", *id, *seen[5] = { NULL };
	const json_t *items;
	size_t n = 0;

	fix_account(&x, "other-account");
	for (int i = 0; i < 5; i++)
		(void)make_key(WORKER);
	(void)make_key(FIX_MAIL("other-account"));
	ck_assert_uint_eq(count(KEYS), 6);
	ck_assert_uint_eq(count(KEYS "?serviceAccountEmail=" WORKER), 5);
	ck_assert_uint_eq(count(KEYS "?serviceAccountEmail=no@where"), 0);
	do {
		ck_assert_int_eq(ask("GET", arena_printf(&x.arena, KEYS
		    "?maxResults=2&serviceAccountEmail=" WORKER
		    "&pageToken=%s", token), NULL), 200);
		items = json_object_get(fix_json(&rq), "items");
		ck_assert_uint_ge(json_array_size(items), 1);
		ck_assert_uint_le(json_array_size(items), 2);
		for (size_t i = 0; i < json_array_size(items); i++) {
			id = json_string_value(json_object_get(
			    json_array_get(items, i), "accessId"));
			for (size_t k = 0; k < n; k++)
				ck_assert_str_ne(seen[k], id);
			ck_assert_uint_lt(n, 5);
			seen[n++] = arena_strdup(&x.arena, id);
		}
		token = arena_strdup(&x.arena, fix_text(&rq,
		    "nextPageToken"));
		req_release(&rq);
	} while (*token != '\0');
	ck_assert_uint_eq(n, 5);
}
END_TEST

START_TEST(survives_a_restart)
{
	const char *id = make_key(WORKER);

	fix_close(&x);
	fix_open(&x);
	ck_assert_int_eq(ask("GET", path_of(id), NULL), 200);
	req_release(&rq);
}
END_TEST

START_TEST(needs_the_permissions_of_hmac_keys)
{
	const char *id = make_key(WORKER);
	const struct { const char *method, *target, *body; } t[] = {
		{ "POST", NEW, NULL }, { "GET", KEYS, NULL },
		{ "GET", path_of(id), NULL },
		{ "PUT", path_of(id), "{\"state\":\"INACTIVE\"}" },
		{ "DELETE", path_of(id), NULL },
	};

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < NELEMS(t); i++) {
			int status = fix_ask(&x, &rq, WORKER, t[i].method,
			    GCS_HOST, t[i].target, t[i].body);

			req_release(&rq);
			ck_assert_int_eq(status == 403, pass == 0);
		}
		ck_assert_int_eq(fix_project_policy(&x,
		    "roles/storage.hmacKeyAdmin", "serviceAccount:" WORKER),
		    200);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hmac");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, create_answers_with_the_secret_once);
	tcase_add_test(t, create_wants_an_account_that_exists);
	tcase_add_test(t,
	    without_authentication_any_project_and_account_will_do);
	tcase_add_test(t, state_goes_there_and_back_and_the_etag_with_it);
	tcase_add_test(t, delete_wants_it_inactive);
	tcase_add_test(t, deleted_key_is_gone_after_thirty_days);
	tcase_add_test(t, list_filters_by_account_and_pages);
	tcase_add_test(t, survives_a_restart);
	tcase_add_test(t, needs_the_permissions_of_hmac_keys);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
