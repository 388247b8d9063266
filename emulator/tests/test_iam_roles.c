/* Roles as the IAM API shows them, and custom ones as they grant. */
#include "emulator/identity/roles.h"
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define ROLES	"/v1/projects/" FIX_PROJECT "/roles"
#define CUSTOM	"projects/" FIX_PROJECT "/roles/backup"

static struct fix x;
static struct req rq;

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST, "/storage/v1/b"
	    "?project=" FIX_PROJECT, "{\"name\":\"bkt\"}"), 200);
}

static void
teardown(void)
{

	fix_release(&x);
}

static int
iam(const char *method, const char *target, const char *body)
{

	return (fix_owner(&x, method, IAM_HOST, target, body));
}

static int
make(const char *id, const char *role)
{

	return (iam("POST", ROLES, arena_printf(&x.arena,
	    "{\"roleId\":\"%s\",\"role\":%s}", id, role)));
}

static int
lists(void)
{
	int status = fix_ask(&x, &rq, WORKER, "GET", GCS_HOST,
	    "/storage/v1/b/bkt/o", NULL);

	req_release(&rq);
	return (status);
}

START_TEST(predefined_roles_can_be_read)
{
	const json_t *p;

	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", IAM_HOST,
	    "/v1/roles/storage.objectCreator", NULL), 200);
	ck_assert_str_eq(fix_text(&rq, "title"), "Storage Object Creator");
	p = json_object_get(fix_json(&rq), "includedPermissions");
	ck_assert_uint_gt(json_array_size(p), 5);
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", IAM_HOST,
	    "/v1/roles/owner", NULL), 200);
	p = json_object_get(fix_json(&rq), "includedPermissions");
	ck_assert_uint_gt(json_array_size(p), 40);
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", IAM_HOST,
	    "/v1/roles/storage.nothing", NULL), 404);
	req_release(&rq);
}
END_TEST

START_TEST(lists_of_roles_come_in_pages)
{
	const char *token = "0";
	size_t n = 0, want = 0;

	for (const struct role *r = roles; r->name != NULL; r++)
		want++;
	while (*token != '\0') {
		ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "GET", IAM_HOST,
		    arena_printf(&x.arena, "/v1/roles?pageSize=7&pageToken=%s",
		    token), NULL), 200);
		n += json_array_size(json_object_get(fix_json(&rq), "roles"));
		token = arena_strdup(&x.arena, fix_text(&rq,
		    "nextPageToken"));
		req_release(&rq);
	}
	ck_assert_uint_eq(n, want);
	ck_assert_int_eq(iam("GET", "/v1/roles?pageSize=x", NULL), 400);
	ck_assert_int_eq(iam("GET", "/v1/roles?pageToken=-1", NULL), 400);
}
END_TEST

START_TEST(a_custom_role_grants_what_it_includes)
{

	ck_assert_int_eq(make("backup", "{\"title\":\"Backup\",\"stage\":"
	    "\"GA\",\"includedPermissions\":[\"storage.objects.list\"]}"),
	    200);
	ck_assert_int_eq(lists(), 403);
	ck_assert_int_eq(fix_project_policy(&x, CUSTOM,
	    "serviceAccount:" WORKER), 200);
	ck_assert_int_eq(lists(), 200);
	/* changed, deleted, undeleted, disabled: each counts at once */
	ck_assert_int_eq(iam("PATCH", ROLES "/backup?updateMask="
	    "includedPermissions", "{\"includedPermissions\":"
	    "[\"storage.objects.get\"]}"), 200);
	ck_assert_int_eq(lists(), 403);
	ck_assert_int_eq(iam("PATCH", ROLES "/backup", "{\"included"
	    "Permissions\":[\"storage.objects.list\"]}"), 200);
	ck_assert_int_eq(lists(), 200);
	ck_assert_int_eq(iam("DELETE", ROLES "/backup", NULL), 200);
	ck_assert_int_eq(lists(), 403);
	ck_assert_int_eq(iam("POST", ROLES "/backup:undelete", "{}"), 200);
	ck_assert_int_eq(lists(), 200);
	ck_assert_int_eq(iam("PATCH", ROLES "/backup?updateMask=stage",
	    "{\"stage\":\"DISABLED\"}"), 200);
	ck_assert_int_eq(lists(), 403);
}
END_TEST

/* Either the permission to move, or those to read and to delete; what is let
 * through finds no such object. */
static const struct {
	const char *permissions;
	int	status;
} movers[] = {
	{ "\"storage.objects.move\",\"storage.objects.create\"", 404 },
	{ "\"storage.objects.get\",\"storage.objects.delete\","
	    "\"storage.objects.create\"", 404 },
	{ "\"storage.objects.get\",\"storage.objects.create\"", 403 },
	{ "\"storage.objects.delete\",\"storage.objects.create\"", 403 },
	{ "\"storage.objects.move\"", 403 },
};

START_TEST(to_move_is_to_read_and_to_delete)
{

	ck_assert_int_eq(make("backup", arena_printf(&x.arena, "{\"title\":"
	    "\"Backup\",\"includedPermissions\":[%s]}",
	    movers[_i].permissions)), 200);
	ck_assert_int_eq(fix_project_policy(&x, CUSTOM,
	    "serviceAccount:" WORKER), 200);
	ck_assert_int_eq(fix_ask(&x, &rq, WORKER, "POST", GCS_HOST,
	    "/storage/v1/b/bkt/o/a/moveTo/o/b", NULL),
	    movers[_i].status);
	req_release(&rq);
}
END_TEST

START_TEST(custom_roles_are_shown_as_they_were_made)
{
	const char *etag;

	ck_assert_int_eq(make("backup", "{\"title\":\"Backup\",\"description\""
	    ":\"d\",\"includedPermissions\":[\"storage.objects.list\"]}"),
	    200);
	ck_assert_int_eq(make("backup", "{}"), 409);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "GET", IAM_HOST, ROLES
	    "/backup", NULL), 200);
	ck_assert_str_eq(fix_text(&rq, "name"), CUSTOM);
	ck_assert_str_eq(fix_text(&rq, "title"), "Backup");
	ck_assert_str_eq(fix_text(&rq, "description"), "d");
	etag = arena_strdup(&x.arena, fix_text(&rq, "etag"));
	req_release(&rq);
	ck_assert_int_eq(iam("PATCH", ROLES "/backup?updateMask=description",
	    arena_printf(&x.arena, "{\"etag\":\"%s\"}", etag)), 200);
	ck_assert_int_eq(iam("PATCH", ROLES "/backup", arena_printf(&x.arena,
	    "{\"etag\":\"%s\",\"title\":\"late\"}", etag)), 409);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "GET", IAM_HOST, ROLES,
	    NULL), 200);
	ck_assert_ptr_null(strstr(rq.reply, "\"description\""));
	ck_assert_ptr_null(strstr(rq.reply, "includedPermissions"));
	ck_assert_ptr_nonnull(strstr(rq.reply, "Backup"));
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "GET", IAM_HOST, ROLES
	    "?view=FULL", NULL), 200);
	ck_assert_ptr_nonnull(strstr(rq.reply, "storage.objects.list"));
	req_release(&rq);
	ck_assert_int_eq(iam("DELETE", ROLES "/backup", NULL), 200);
	ck_assert_int_eq(iam("DELETE", ROLES "/backup", NULL), 400);
	ck_assert_int_eq(iam("PATCH", ROLES "/backup", "{}"), 400);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "GET", IAM_HOST, ROLES,
	    NULL), 200);
	ck_assert_ptr_null(strstr(rq.reply, "Backup"));
	req_release(&rq);
	ck_assert_int_eq(iam("POST", ROLES "/backup:undelete", "{}"), 200);
	ck_assert_int_eq(iam("POST", ROLES "/backup:undelete", "{}"), 400);
	ck_assert_int_eq(iam("GET", ROLES "/nothing", NULL), 404);
}
END_TEST

START_TEST(roles_that_make_no_sense_are_refused)
{
	static const struct { const char *id, *role; } t[] = {
		{ "ab", "{}" }, { "a-b-c", "{}" }, { "", "{}" },
		{ "abc", "7" }, { "abc", "{\"title\":7}" },
		{ "abc", "{\"stage\":\"SOON\"}" },
		{ "abc", "{\"includedPermissions\":7}" },
		{ "abc", "{\"includedPermissions\":[7]}" },
		/* a slip of the pen in what decides here */
		{ "abc", "{\"includedPermissions\":"
		    "[\"storage.object.get\"]}" },
		{ "abc", "{\"includedPermissions\":[\"storage\"]}" },
		{ "abc", "{\"includedPermissions\":[\"storage.objects.*\"]}" },
	};

	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_msg(make(t[i].id, t[i].role) == 400, "%zu", i);
	/* of services that are not here anything well-formed will do */
	ck_assert_int_eq(make("abc", "{\"includedPermissions\":"
	    "[\"logging.logEntries.create\"]}"), 200);
	ck_assert_int_eq(iam("PATCH", ROLES "/abc?updateMask=nonsense",
	    "{}"), 400);
	ck_assert_int_eq(fix_project_policy(&x, "projects/" FIX_PROJECT
	    "/roles/nothing", "serviceAccount:" WORKER), 400);
	ck_assert_int_eq(fix_project_policy(&x, "projects/other/roles/abc",
	    "serviceAccount:" WORKER), 400);
}
END_TEST

START_TEST(gcloud_may_ask_what_there_is)
{

	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", IAM_HOST,
	    "/v1/roles:queryGrantableRoles", "{\"fullResourceName\":\"x\"}"),
	    200);
	ck_assert_ptr_nonnull(strstr(rq.reply, "roles/storage.objectAdmin"));
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, x.emu.owner, "POST", IAM_HOST,
	    "/v1/permissions:queryTestablePermissions",
	    "{\"fullResourceName\":\"x\"}"), 200);
	ck_assert_ptr_nonnull(strstr(rq.reply, "storage.objects.delete"));
	req_release(&rq);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("iam_roles");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, predefined_roles_can_be_read);
	tcase_add_test(t, lists_of_roles_come_in_pages);
	tcase_add_test(t, a_custom_role_grants_what_it_includes);
	tcase_add_loop_test(t, to_move_is_to_read_and_to_delete, 0,
	    NELEMS(movers));
	tcase_add_test(t, custom_roles_are_shown_as_they_were_made);
	tcase_add_test(t, roles_that_make_no_sense_are_refused);
	tcase_add_test(t, gcloud_may_ask_what_there_is);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
