/* What the journal says of a refusal beyond what the client is told. */
#include "emulator/tests/fixture.h"

#include "emulator/control/why.h"

#define WORKER	FIX_MAIL("worker")
#define OTHER	FIX_MAIL("another")
#define B	"/storage/v1/b"

static struct fix x;

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker");
	fix_account(&x, "another");
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST, B "?project="
	    FIX_PROJECT, "{\"name\":\"backups-one\"}"), 200);
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST, B "?project="
	    FIX_PROJECT, "{\"name\":\"something-else\"}"), 200);
}

static void
teardown(void)
{

	fix_release(&x);
}

static void
bind(const char *bucket, const char *email, const char *role)
{
	char body[512];

	(void)snprintf(body, sizeof(body), "{\"bindings\":[{\"role\":\"%s\","
	    "\"members\":[\"serviceAccount:%s\"]}]}", role, email);
	ck_assert_int_eq(fix_owner(&x, "PUT", GCS_HOST, arena_printf(&x.arena,
	    B "/%s/iam", bucket), body), 200);
}

/* As the journal will tell it, and the status. */
static const char *
why_of(const char *email, const char *path, int status)
{
	const char *s;
	struct req rq;

	ck_assert_int_eq(fix_ask(&x, &rq, email, "GET", GCS_HOST,
	    path, NULL), status);
	s = why_failed(&rq);
	s = s != NULL ? arena_strdup(&x.arena, s) : "";
	req_release(&rq);
	return (s);
}

static const char *
why(const char *email, const char *bucket, int status)
{

	return (why_of(email, arena_printf(&x.arena, B "/%s/o", bucket),
	    status));
}

#define ADMIN	"roles/storage.objectAdmin"

START_TEST(a_refusal_is_told_apart)
{

	ck_assert_str_eq(why(WORKER, "backups-one", 403), "not_granted");
	bind("backups-one", OTHER, ADMIN);
	ck_assert_str_eq(why(WORKER, "backups-one", 403),
	    "granted_to_another_account");
	bind("something-else", WORKER, ADMIN);
	ck_assert_str_eq(why(WORKER, "backups-one", 403),
	    "granted_on_another_bucket");
	bind("backups-one", WORKER, "roles/storage.objectCreator");
	ck_assert_str_eq(why(WORKER, "backups-one", 403), "role_too_small");
	bind("backups-one", WORKER, ADMIN);
	ck_assert_str_eq(why(WORKER, "backups-one", 200), "");
	/* a caller without a name is told what Google tells him */
	ck_assert_str_eq(why(NULL, "backups-one", 401), "required");
}
END_TEST

START_TEST(a_missing_bucket_is_told_apart)
{

	ck_assert_str_eq(why(x.emu.owner, "backups-oen", 404),
	    "no_bucket_but_near");
	ck_assert_str_eq(why(x.emu.owner, "quite-other", 404), "no_bucket");
	ck_assert_str_eq(why_of(x.emu.owner, B "/backups-one/o/no", 404),
	    "notFound");
}
END_TEST

START_TEST(a_bucket_of_another_project_is_nobodys_here)
{
	struct req rq;

	x.emu.auth_proxy = false;
	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "POST", GCS_HOST,
	    B "?project=somebody-else", "{\"name\":\"taken\"}"), 200);
	req_release(&rq);
	x.emu.auth_proxy = true;
	ck_assert_str_eq(why(WORKER, "taken", 403),
	    "bucket_of_another_project");
	ck_assert_str_eq(why(x.emu.owner, "taken", 403),
	    "bucket_of_another_project");
	ck_assert_str_eq(why(x.emu.owner, "backups-one", 200), "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("why");
	TCase *t = tcase_create("why");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_refusal_is_told_apart);
	tcase_add_test(t, a_missing_bucket_is_told_apart);
	tcase_add_test(t, a_bucket_of_another_project_is_nobodys_here);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed > 0);
}
