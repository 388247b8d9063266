#include "emulator/identity/metadata.h"
#include "emulator/http/head.h"
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define HOST	"metadata.google.internal"
#define SA	"/computeMetadata/v1/instance/service-accounts/"

static struct fix x;

static void
attach(const char *scope)
{
	struct err e = ERR_INIT;

	ck_assert_msg(metadata_attach(&x.emu, WORKER, scope, true, &e) == 0,
	    "%s", err_msg(&e));
}

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

/* Ask with one header, or none. */
static int
ask(struct req *rq, const char *target, const char *k, const char *v)
{
	struct head_field *f = arena_alloc(&x.arena, 2 * sizeof(*f));
	struct head *h = arena_alloc(&x.arena, sizeof(*h));

	*h = (struct head){ .target = target, .fields = f };
	if (k != NULL)
		f[h->nfields++] = (struct head_field){ k, v };
	fix_req(&x, rq, "GET", "127.0.0.1", target, NULL);
	req_set_host(rq, HOST);
	rq->head = h;
	ck_assert_int_eq(route_find(rq), 0);
	auth_identify(rq);
	ck_assert_int_eq(auth_permit(rq), 0);
	rq->route->handle(rq);
	return (rq->status);
}

static const char *
got(const char *target)
{
	const char *text;
	struct req rq;

	ck_assert_msg(ask(&rq, target, "Metadata-Flavor", "Google") == 200,
	    "%s", target);
	text = arena_strndup(&x.arena, rq.reply, (size_t)rq.reply_len);
	req_release(&rq);
	return (text);
}

static int
status(const char *target)
{
	struct req rq;
	int n = ask(&rq, target, "Metadata-Flavor", "Google");

	req_release(&rq);
	return (n);
}

static const char *
header(const struct req *rq, const char *k)
{

	for (size_t i = 0; i < rq->nheaders; i++)
		if (strcmp(rq->headers[i].k, k) == 0)
			return (rq->headers[i].v);
	return ("");
}

START_TEST(who_does_not_say_the_word_gets_nothing)
{
	static const char *const t[][2] = { { NULL, NULL },
	    { "Metadata-Flavor", "google" }, { "Metadata-Flavour", "Google" },
	    { "X-Forwarded-For", "10.0.0.1" } };
	struct req rq;

	attach(NULL);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(ask(&rq, SA "default/token", t[i][0],
		    t[i][1]), 403);
		ck_assert_ptr_null(memmem(rq.reply, (size_t)rq.reply_len,
		    "ya29", 4));
		req_release(&rq);
	}
	ck_assert_int_eq(ask(&rq, "/", NULL, NULL), 200);	/* a ping */
	ck_assert_str_eq(header(&rq, "Metadata-Flavor"), "Google");
	req_release(&rq);
}
END_TEST

START_TEST(leaves_and_folders_are_told_apart)
{
	struct req rq;

	attach(NULL);
	ck_assert_str_eq(got("/computeMetadata/v1/project/project-id"),
	    FIX_PROJECT);
	ck_assert_str_eq(got(SA "default/email"), WORKER);
	ck_assert_str_eq(got(SA "default/aliases"), "default\n");
	ck_assert_str_eq(got(SA WORKER "/email"), WORKER);
	ck_assert_str_eq(got(SA), WORKER "/\ndefault/\n");
	ck_assert_str_eq(got(SA "default/"),
	    "aliases\nemail\nidentity\nscopes\ntoken\n");
	ck_assert_str_eq(got(SA "default/email?alt=json"), "\"" WORKER "\"");
	ck_assert_str_eq(got("/computeMetadata/"), "v1/\n");
	ck_assert_str_eq(got("/computeMetadata/v1/instance/attributes/"), "");
	ck_assert_int_eq(status(SA "default/email/"), 404);
	ck_assert_int_eq(status(SA "default/nothing"), 404);
	ck_assert_int_eq(status(SA "/default/email"), 404);
	ck_assert_int_eq(status("/computeMetadata/v1/instance/attributes/x"),
	    404);
	ck_assert_int_eq(ask(&rq, SA "default?recursive=true",
	    "Metadata-Flavor", "Google"), 301);
	ck_assert_str_eq(header(&rq, "Location"), "http://" HOST SA
	    "default/?recursive=true");
	req_release(&rq);
}
END_TEST

START_TEST(recursive_shows_all_but_tokens)
{
	json_auto_t *j = NULL, *all = NULL;

	attach("devstorage.read_only,https://www.googleapis.com/auth/iam");
	j = json_loads(got(SA "default/?recursive=true"), 0, NULL);
	ck_assert_str_eq(json_string_value(json_object_get(j, "email")),
	    WORKER);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(j,
	    "scopes"), 0)),
	    "https://www.googleapis.com/auth/devstorage.read_only");
	ck_assert_uint_eq(json_array_size(json_object_get(j, "scopes")), 2);
	ck_assert_ptr_null(json_object_get(j, "token"));
	all = json_loads(got("/computeMetadata/v1/?recursive=true"), 0, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(
	    all, "project"), "numericProjectId")), x.emu.project_number);
	ck_assert_ptr_nonnull(json_object_get(json_object_get(json_object_get(
	    all, "instance"), "serviceAccounts"), WORKER));
	ck_assert_ptr_nonnull(strstr(got(SA "?recursive=true&alt=text"),
	    "default/email " WORKER "\n"));
}
END_TEST

START_TEST(token_is_the_attached_accounts_with_its_scopes)
{
	json_auto_t *j = NULL;
	struct oauth_caller c;
	const char *why;
	struct req rq;

	attach("devstorage.read_only");
	ck_assert_int_eq(ask(&rq, SA "default/token", "Metadata-Flavor",
	    "Google"), 200);
	ck_assert_str_eq(rq.principal, "serviceAccount:" WORKER);
	req_release(&rq);
	j = json_loads(got(SA "default/token"), 0, NULL);
	ck_assert(oauth_bearer(&x.emu, &x.arena, json_string_value(
	    json_object_get(j, "access_token")), &c, &why));
	ck_assert_str_eq(c.principal, "serviceAccount:" WORKER);
	ck_assert_str_eq(c.scope,
	    "https://www.googleapis.com/auth/devstorage.read_only");
	ck_assert_int_eq(fix_owner(&x, "POST", IAM_HOST, FIX_SA "/" WORKER
	    ":disable", "{}"), 200);
	ck_assert_int_eq(status(SA "default/token"), 404);
}
END_TEST

START_TEST(identity_is_signed_for_its_audience)
{
	json_auto_t *j = NULL, *full = NULL;

	attach(NULL);
	j = oauth_id_claims(&x.emu, &x.arena,
	    got(SA "default/identity?audience=https://a.example"));
	ck_assert_str_eq(json_string_value(json_object_get(j, "aud")),
	    "https://a.example");
	ck_assert_ptr_null(json_object_get(j, "google"));
	full = oauth_id_claims(&x.emu, &x.arena,
	    got(SA "default/identity?audience=x&format=full"));
	ck_assert_ptr_nonnull(json_object_get(full, "google"));
	ck_assert_int_eq(status(SA "default/identity"), 400);
	ck_assert_int_eq(status(SA "default/identity?audience="), 400);
}
END_TEST

START_TEST(no_attached_account_is_404)
{
	struct err e = ERR_INIT;

	ck_assert_int_eq(status(SA "default/token"), 404);
	ck_assert_str_eq(got(SA), "");
	ck_assert(metadata_attach(&x.emu, WORKER, NULL, false, &e) != 0);
	err_release(&e);
	attach(NULL);
	ck_assert_int_eq(status(SA "default/token"), 200);
	ck_assert_int_eq(metadata_attach(&x.emu, NULL, NULL, false, &e), 0);
	ck_assert_int_eq(status(SA "default/token"), 404);
}
END_TEST

START_TEST(through_tls_there_is_none)
{
	struct req rq;

	fix_req(&x, &rq, "GET", "127.0.0.1", SA, NULL);
	rq.via = VIA_PROXY;
	req_set_host(&rq, HOST);
	ck_assert_int_eq(route_find(&rq), 0);
	rq.tls = true;
	ck_assert_int_ne(route_find(&rq), 0);
	req_release(&rq);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("metadata_server");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, who_does_not_say_the_word_gets_nothing);
	tcase_add_test(t, leaves_and_folders_are_told_apart);
	tcase_add_test(t, recursive_shows_all_but_tokens);
	tcase_add_test(t, token_is_the_attached_accounts_with_its_scopes);
	tcase_add_test(t, identity_is_signed_for_its_audience);
	tcase_add_test(t, no_attached_account_is_404);
	tcase_add_test(t, through_tls_there_is_none);
	return (fix_main(s));
}
