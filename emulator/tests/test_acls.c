/* Access control lists over real connections: the three resources, what
 * uploads and buckets carry, and who refuses them. */
#include "emulator/tests/client.h"

#define B	"/storage/v1/b"
#define BKT	B "/bkt"
#define OBJ	BKT "/o/a%2Fb"
#define UP	"/upload/storage/v1/b/bkt/o?uploadType=media&name=a%2Fb"
#define UNI	"{\"name\":\"uni\",\"iamConfiguration\":{"		\
	"\"uniformBucketLevelAccess\":{\"enabled\":true}}}"

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"bkt\"}"),
	    200);
}

static void
teardown(void)
{

	client_stop();
}

static int
put(const char *path)
{

	return (client_ask("POST", path, "x", 1, "Content-Type: text/plain"));
}

/* The entries of a list as "entity=ROLE " in their order; the project's
 * number is P, its owner's account ME. */
static const char *
entries(const json_t *list)
{
	static char text[2048];
	const json_t *e;
	size_t i, n = 0;

	text[0] = '\0';
	json_array_foreach(list, i, e) {
		const char *entity = json_string_value(
		    json_object_get(e, "entity"));
		bool team = strncmp(entity, "project-", 8) == 0;

		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%.*s%s=%s ", team ? (int)(strrchr(entity, '-') + 1 -
		    entity) : strstr(entity, cl.emu->owner) != NULL ? 5 : 99,
		    entity, team ? "P" : strstr(entity, cl.emu->owner) !=
		    NULL ? "ME" : "", json_string_value(
		    json_object_get(e, "role")));
	}
	return (text);
}

static void
field_is(const char *key, const char *want)
{
	json_auto_t *j = client_json();

	ck_assert_str_eq(entries(json_object_get(j, key)), want);
}

static void
list_is(const char *path, const char *want)
{

	ck_assert_int_eq(client_get(path), 200);
	field_is("items", want);
}

static bool
has(const char *key)
{
	json_auto_t *j = client_json();

	return (json_object_get(j, key) != NULL);
}

static void
message_is(int status, const char *reason, const char *begins)
{
	json_auto_t *j = client_json();
	const json_t *e = json_object_get(j, "error");
	const char *m = json_string_value(json_object_get(e, "message"));

	ck_assert_int_eq(cl.status, status);
	ck_assert_msg(strncmp(m, begins, strlen(begins)) == 0, "%s", m);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(
	    json_object_get(e, "errors"), 0), "reason")), reason);
}

#define PRIVATE	"project-owners-P=OWNER project-editors-P=OWNER "	\
	"project-viewers-P=READER "

START_TEST(new_bucket_has_the_lists_of_the_real_service)
{

	list_is(BKT "/acl", PRIVATE);
	list_is(BKT "/defaultObjectAcl", PRIVATE);
	ck_assert_int_eq(put(UP), 200);
	list_is(OBJ "/acl", PRIVATE "user-ME=OWNER ");
}
END_TEST

static const struct {
	const char *name, *bucket, *def, *object;
} predefined[] = {
	{ "private", "project-owners-P=OWNER ", "", "user-ME=OWNER " },
	{ "projectPrivate", PRIVATE, PRIVATE, PRIVATE "user-ME=OWNER " },
	{ "publicRead", "project-owners-P=OWNER allUsers=READER ",
	    "allUsers=READER project-owners-P=OWNER ",
	    "allUsers=READER user-ME=OWNER " },
	{ "publicReadWrite", "project-owners-P=OWNER allUsers=WRITER ", NULL,
	    NULL },
	{ "authenticatedRead",
	    "project-owners-P=OWNER allAuthenticatedUsers=READER ",
	    "allAuthenticatedUsers=READER project-owners-P=OWNER ",
	    "allAuthenticatedUsers=READER user-ME=OWNER " },
	{ "bucketOwnerRead", NULL, "project-owners-P=READER ",
	    "project-owners-P=READER user-ME=OWNER " },
	{ "bucketOwnerFullControl", NULL, "project-owners-P=OWNER ",
	    "project-owners-P=OWNER user-ME=OWNER " },
};

static void
bucket_is(const char *param, const char *name, const char *list,
    const char *want)
{
	char path[128];

	(void)snprintf(path, sizeof(path), B "?project=p&%s=%s", param, name);
	ck_assert_int_eq(client_post(path, "{\"name\":\"other\"}"),
	    want != NULL ? 200 : 400);
	if (want == NULL)
		return;
	ck_assert(!has("acl") && !has("defaultObjectAcl"));
	(void)snprintf(path, sizeof(path), B "/other/%s", list);
	list_is(path, want);
	ck_assert_int_eq(client_text("DELETE", B "/other", ""), 204);
}

START_TEST(predefined_lists_are_those_of_the_documentation)
{
	const char *name = predefined[_i].name;
	char path[128];

	bucket_is("predefinedAcl", name, "acl", predefined[_i].bucket);
	bucket_is("predefinedDefaultObjectAcl", name, "defaultObjectAcl",
	    predefined[_i].def);
	(void)snprintf(path, sizeof(path), "%s&predefinedAcl=%s", UP, name);
	ck_assert_int_eq(put(path), predefined[_i].object ? 200 : 400);
	if (predefined[_i].object == NULL)
		return;
	list_is(OBJ "/acl", predefined[_i].object);
	(void)snprintf(path, sizeof(path), "%s/copyTo/b/bkt/o/c"
	    "?destinationPredefinedAcl=%s", OBJ, name);
	ck_assert_int_eq(client_post(path, "{\"contentType\":\"a/b\"}"), 200);
	list_is(BKT "/o/c/acl", predefined[_i].object);
	(void)snprintf(path, sizeof(path), BKT "/o/d/compose"
	    "?destinationPredefinedAcl=%s", name);
	ck_assert_int_eq(client_post(path,
	    "{\"sourceObjects\":[{\"name\":\"a/b\"}]}"), 200);
	list_is(BKT "/o/d/acl", predefined[_i].object);
}
END_TEST

START_TEST(entry_lives_from_insert_to_delete)
{
	static const struct { const char *list, *role; } t[] = {
		{ BKT "/acl", "WRITER" }, { BKT "/defaultObjectAcl", "READER" },
		{ OBJ "/acl", "READER" } };
	char path[128];

	ck_assert_int_eq(put(UP), 200);
	for (size_t i = 0; i < NELEMS(t); i++) {
		char body[128];

		(void)snprintf(body, sizeof(body), "{\"entity\":"
		    "\"user-Liz@Example.com\",\"role\":\"%s\"}", t[i].role);
		ck_assert_int_eq(client_post(t[i].list, body), 200);
		client_is("entity", "user-liz@example.com");
		client_is("email", "liz@example.com");
		client_is("role", t[i].role);
		ck_assert(has("etag") && has("entityId") && has("kind"));
		(void)snprintf(path, sizeof(path), "%s/user-liz@example.com",
		    t[i].list);
		ck_assert_int_eq(client_get(path), 200);
		client_is("role", t[i].role);
		ck_assert_int_eq(client_text("PATCH", path,
		    "{\"role\":\"OWNER\"}"), 200);
		client_is("role", "OWNER");
		ck_assert_int_eq(client_text("PUT", path, body), 200);
		client_is("role", t[i].role);
		ck_assert_int_eq(client_text("DELETE", path, ""), 204);
		ck_assert_int_eq(client_get(path), 404);
		ck_assert_int_eq(client_text("DELETE", path, ""), 404);
		ck_assert_int_eq(client_text("PATCH", path,
		    "{\"role\":\"OWNER\"}"), 404);
		/* … but update makes it, as client libraries expect. */
		ck_assert_int_eq(client_text("PUT", path, body), 200);
		ck_assert_int_eq(client_get(path), 200);
	}
}
END_TEST

START_TEST(entries_say_whose_they_are)
{
	char entity[64], path[256];
	json_auto_t *j = NULL;

	ck_assert_int_eq(put(UP), 200);
	ck_assert_int_eq(client_post(OBJ "/acl",
	    "{\"entity\":\"domain-example.com\",\"role\":\"READER\"}"), 200);
	client_is("domain", "example.com");
	client_is("bucket", "bkt");
	client_is("object", "a/b");
	client_is("kind", "storage#objectAccessControl");
	ck_assert(has("generation") && has("id"));
	ck_assert(strstr(cl.body.p, "/storage/v1/b/bkt/o/a%2Fb/acl/"
	    "domain-example.com\"") != NULL);
	(void)snprintf(entity, sizeof(entity), "project-owners-%lld",
	    (long long)cl.emu->project_number);
	(void)snprintf(path, sizeof(path), BKT "/acl/%s", entity);
	ck_assert_int_eq(client_get(path), 200);
	client_is("entity", entity);
	client_is("kind", "storage#bucketAccessControl");
	j = client_json();
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(j,
	    "projectTeam"), "team")), "owners");
	/* By the project's id it is the same. */
	(void)snprintf(path, sizeof(path), BKT "/acl/project-owners-%s",
	    cl.emu->project);
	ck_assert_int_eq(client_get(path), 200);
	client_is("entity", entity);
	ck_assert_int_eq(client_get(BKT "/defaultObjectAcl"), 200);
	ck_assert(strstr(cl.body.p, "selfLink") == NULL);
}
END_TEST

START_TEST(bad_entries_are_refused)
{
	static const struct { const char *body, *reason; } t[] = {
		{ "{\"role\":\"OWNER\"}", "required" },
		{ "{\"entity\":\"allUsers\"}", "required" },
		{ "{\"entity\":\"allUsers\",\"role\":\"owner\"}", "invalid" },
		{ "{\"entity\":\"allUsers\",\"role\":\"EDITOR\"}",
		    "invalid" },
		{ "{\"entity\":\"allUsers\",\"role\":7}", "invalid" },
		{ "{\"entity\":\"user-\",\"role\":\"READER\"}", "invalid" },
		{ "{\"entity\":\"nobody\",\"role\":\"READER\"}", "invalid" },
		{ "{\"entity\":\"project-x-1\",\"role\":\"READER\"}",
		    "invalid" },
		{ "{\"entity\":\"domain-a@b\",\"role\":\"READER\"}",
		    "invalid" },
		{ "{\"entity\":\"user-a b@c\",\"role\":\"READER\"}",
		    "invalid" },
		{ "[1]", "parseError" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(client_post(BKT "/acl", t[i].body), 400);
		message_is(400, t[i].reason, "");
	}
	/* WRITER is for buckets alone. */
	ck_assert_int_eq(client_post(BKT "/defaultObjectAcl",
	    "{\"entity\":\"allUsers\",\"role\":\"WRITER\"}"), 400);
	ck_assert_int_eq(client_text("PUT", BKT "/acl/allUsers",
	    "{\"entity\":\"allAuthenticatedUsers\",\"role\":\"READER\"}"),
	    400);
	ck_assert_int_eq(client_get(B "/none/acl"), 404);
	ck_assert_int_eq(client_get(BKT "/o/none/acl"), 404);
	ck_assert_int_eq(client_get(BKT "/acl/nobody"), 400);
}
END_TEST

START_TEST(owner_of_an_object_keeps_it)
{
	char path[256];

	ck_assert_int_eq(put(UP), 200);
	(void)snprintf(path, sizeof(path), "%s/acl/user-%s", OBJ,
	    cl.emu->owner);
	ck_assert_int_eq(client_text("DELETE", path, ""), 400);
	ck_assert_int_eq(client_text("PATCH", path, "{\"role\":\"READER\"}"),
	    400);
	ck_assert_int_eq(client_text("PATCH", OBJ,
	    "{\"acl\":[{\"entity\":\"allUsers\",\"role\":\"READER\"}]}"), 200);
	field_is("acl", "allUsers=READER user-ME=OWNER ");
}
END_TEST

START_TEST(change_of_a_list_is_a_metageneration)
{
	static const char all[] =
	    "{\"entity\":\"allUsers\",\"role\":\"READER\"}";

	ck_assert_int_eq(put(UP), 200);
	ck_assert_int_eq(client_post(OBJ "/acl", all), 200);
	ck_assert_int_eq(client_get(OBJ), 200);
	client_is("metageneration", "2");
	ck_assert_int_eq(client_post(BKT "/acl", all), 200);
	ck_assert_int_eq(client_post(BKT "/defaultObjectAcl", all), 200);
	ck_assert_int_eq(client_get(BKT), 200);
	client_is("metageneration", "3");
	ck_assert_int_eq(client_get(BKT "/defaultObjectAcl"
	    "?ifMetagenerationMatch=3"), 200);
	ck_assert_int_eq(client_get(BKT "/defaultObjectAcl"
	    "?ifMetagenerationMatch=2"), 412);
	ck_assert_int_eq(client_get(BKT "/defaultObjectAcl"
	    "?ifMetagenerationNotMatch=3"), 304);
	ck_assert_int_eq(client_get(OBJ "/acl?generation=1"), 404);
}
END_TEST

START_TEST(list_of_a_bucket_and_its_policy_are_one)
{

	ck_assert_int_eq(client_post(BKT "/acl",
	    "{\"entity\":\"allUsers\",\"role\":\"READER\"}"), 200);
	ck_assert_int_eq(client_get(BKT "/iam"), 200);
	ck_assert(strstr(cl.body.p, "allUsers") != NULL);
	ck_assert_int_eq(client_text("PUT", BKT "/iam", "{\"bindings\":[{"
	    "\"role\":\"roles/storage.legacyBucketWriter\",\"members\":["
	    "\"user:liz@example.com\"]},{\"role\":"
	    "\"roles/storage.objectViewer\",\"members\":[\"allUsers\"]}]}"),
	    200);
	list_is(BKT "/acl", "user-liz@example.com=WRITER ");
	ck_assert_int_eq(client_text("DELETE",
	    BKT "/acl/user-liz@example.com", ""), 204);
	ck_assert_int_eq(client_get(BKT "/iam"), 200);
	ck_assert(strstr(cl.body.p, "liz") == NULL);
	ck_assert(strstr(cl.body.p, "objectViewer") != NULL);
}
END_TEST

START_TEST(projection_tells_what_is_shown)
{

	ck_assert_int_eq(put(UP), 200);
	ck_assert(!has("acl") && !has("owner"));
	ck_assert_int_eq(client_get(OBJ), 200);
	ck_assert(!has("acl") && !has("owner"));
	ck_assert_int_eq(client_get(OBJ "?projection=noAcl"), 200);
	ck_assert(!has("acl") && !has("owner"));
	ck_assert_int_eq(client_get(OBJ "?projection=full"), 200);
	ck_assert(has("owner"));
	field_is("acl", PRIVATE "user-ME=OWNER ");
	ck_assert_int_eq(client_get(BKT "/o?projection=full"), 200);
	ck_assert(strstr(cl.body.p, "\"acl\"") != NULL);
	ck_assert_int_eq(client_text("PATCH", OBJ, "{}"), 200);
	ck_assert(has("acl") && has("owner"));
	ck_assert_int_eq(client_text("PATCH", OBJ "?projection=noAcl", "{}"),
	    200);
	ck_assert(!has("acl"));
	ck_assert_int_eq(client_get(BKT), 200);
	ck_assert(!has("acl") && !has("defaultObjectAcl"));
	ck_assert_int_eq(client_get(BKT "?projection=full"), 200);
	ck_assert(has("owner"));
	field_is("acl", PRIVATE);
	field_is("defaultObjectAcl", PRIVATE);
	ck_assert_int_eq(client_text("PATCH", BKT, "{}"), 200);
	ck_assert(has("acl"));
}
END_TEST

START_TEST(lists_in_a_body_are_taken_and_shown)
{

	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"b2x\","
	    "\"acl\":[{\"entity\":\"allUsers\",\"role\":\"READER\"}],"
	    "\"defaultObjectAcl\":[{\"entity\":\"allUsers\","
	    "\"role\":\"READER\"}]}"), 200);
	field_is("acl", "allUsers=READER ");
	field_is("defaultObjectAcl", "allUsers=READER ");
	/* What comes in now takes the bucket's list, and keeps it. */
	ck_assert_int_eq(put("/upload/storage/v1/b/b2x/o?uploadType=media"
	    "&name=o"), 200);
	ck_assert_int_eq(client_text("PATCH", B "/b2x",
	    "{\"defaultObjectAcl\":[{\"entity\":\"domain-a.b\","
	    "\"role\":\"OWNER\"}]}"), 200);
	field_is("defaultObjectAcl", "domain-a.b=OWNER ");
	list_is(B "/b2x/o/o/acl", "allUsers=READER user-ME=OWNER ");
	/* A full update that says nothing of them leaves them. */
	ck_assert_int_eq(client_text("PUT", B "/b2x", "{}"), 200);
	field_is("defaultObjectAcl", "domain-a.b=OWNER ");
	ck_assert_int_eq(client_text("PUT", B "/b2x/o/o", "{}"), 200);
	field_is("acl", "allUsers=READER user-ME=OWNER ");
	ck_assert_int_eq(client_text("PATCH",
	    B "/b2x?predefinedAcl=private", "{}"), 200);
	field_is("acl", "project-owners-P=OWNER ");
	client_is("metageneration", "4");
	ck_assert_int_eq(client_text("PATCH",
	    B "/b2x/o/o?predefinedAcl=private", "{}"), 200);
	field_is("acl", "user-ME=OWNER ");
}
END_TEST

START_TEST(list_goes_along_with_a_resumable_upload)
{
	char path[512];

	ck_assert_int_eq(client_post("/upload/storage/v1/b/bkt/o"
	    "?uploadType=resumable&name=r&fields=acl(entity,role)",
	    "{\"acl\":[{\"entity\":\"allUsers\",\"role\":\"READER\"}]}"),
	    200);
	(void)snprintf(path, sizeof(path), "%s",
	    strstr(client_header("Location"), "/upload"));
	ck_assert_int_eq(client_ask("PUT", path, "x", 1, NULL), 200);
	field_is("acl", "allUsers=READER user-ME=OWNER ");
	ck_assert(!has("name"));
}
END_TEST

START_TEST(uniform_access_refuses_lists)
{
	static const char no[] = "Cannot use ACL API to update bucket policy "
	    "when uniform bucket-level access is enabled. Read more at ";
	static const char all[] =
	    "{\"entity\":\"allUsers\",\"role\":\"READER\"}";

	ck_assert_int_eq(client_post(B "?project=p", UNI), 200);
	ck_assert_int_eq(put("/upload/storage/v1/b/uni/o?uploadType=media"
	    "&name=o"), 200);
	(void)client_get(B "/uni/acl");
	message_is(400, "invalid", "Cannot get legacy ACL for a bucket that "
	    "has uniform bucket-level access. Read more at https://");
	(void)client_post(B "/uni/acl", all);
	message_is(400, "invalid", no);
	(void)client_post(B "/uni/defaultObjectAcl", all);
	message_is(400, "invalid", no);
	(void)client_text("PATCH", B "/uni?predefinedAcl=private", "{}");
	message_is(400, "invalid", no);
	(void)put("/upload/storage/v1/b/uni/o?uploadType=media&name=p"
	    "&predefinedAcl=publicRead");
	message_is(400, "invalid", "Cannot insert legacy ACL for an object "
	    "when uniform bucket-level access is enabled. Read more at ");
	(void)client_get(B "/uni/o/o/acl");
	message_is(400, "invalid", "Cannot get legacy ACL for an object");
	(void)client_text("PATCH", B "/uni/o/o?predefinedAcl=private", "{}");
	message_is(400, "invalid", "Cannot update access control for an "
	    "object when uniform");
	ck_assert_int_eq(client_get(B "/uni/o/o/iam"), 400);
	/* And shows none. */
	ck_assert_int_eq(client_get(B "/uni?projection=full"), 200);
	ck_assert(!has("acl") && !has("defaultObjectAcl") && !has("owner"));
	ck_assert_int_eq(client_get(B "/uni/o/o?projection=full"), 200);
	ck_assert(!has("acl") && !has("owner"));
	ck_assert_int_eq(client_text("PATCH", B "/uni",
	    "{\"acl\":[],\"defaultObjectAcl\":[]}"), 200);
	ck_assert_int_eq(client_get(B "/uni/iam"), 200);
	ck_assert(strstr(cl.body.p, "legacyObjectReader") != NULL);
}
END_TEST

START_TEST(public_access_prevention_refuses_everybody)
{
	static const char no[] = "The member bindings allUsers and "
	    "allAuthenticatedUsers are not allowed since public access "
	    "prevention is enforced.";

	ck_assert_int_eq(client_text("PATCH", BKT, "{\"iamConfiguration\":"
	    "{\"publicAccessPrevention\":\"enforced\"}}"), 200);
	(void)client_post(BKT "/acl",
	    "{\"entity\":\"allUsers\",\"role\":\"READER\"}");
	message_is(412, "conditionNotMet", no);
	(void)put(UP "&predefinedAcl=publicRead");
	message_is(412, "conditionNotMet", no);
	(void)client_text("PATCH", BKT
	    "?predefinedDefaultObjectAcl=authenticatedRead", "{}");
	message_is(412, "conditionNotMet", no);
	(void)client_text("PUT", BKT "/iam", "{\"bindings\":[{\"role\":"
	    "\"roles/storage.objectViewer\",\"members\":[\"allUsers\"]}]}");
	message_is(412, "conditionNotMet", no);
	ck_assert_int_eq(client_post(BKT "/acl",
	    "{\"entity\":\"user-a@b.c\",\"role\":\"READER\"}"), 200);
}
END_TEST

START_TEST(policy_of_an_object_is_its_list)
{

	ck_assert_int_eq(put(UP), 200);
	ck_assert_int_eq(client_get(OBJ "/iam"), 200);
	ck_assert(strstr(cl.body.p, "legacyObjectOwner") != NULL);
	ck_assert(strstr(cl.body.p, "projects/_/buckets/bkt/objects/a/b#"));
	ck_assert_int_eq(client_text("PUT", OBJ "/iam", "{\"bindings\":[{"
	    "\"role\":\"roles/storage.legacyObjectReader\",\"members\":["
	    "\"allUsers\"]}]}"), 200);
	list_is(OBJ "/acl", "allUsers=READER user-ME=OWNER ");
	ck_assert_int_eq(client_text("PUT", OBJ "/iam", "{\"etag\":\"CAE=\","
	    "\"bindings\":[]}"), 412);
	ck_assert_int_eq(client_text("PUT", OBJ "/iam", "{\"bindings\":[{"
	    "\"role\":\"roles/storage.objectViewer\",\"members\":["
	    "\"allUsers\"]}]}"), 400);
	ck_assert_int_eq(client_get(OBJ "/iam/testPermissions"
	    "?permissions=storage.objects.get"), 200);
	ck_assert(strstr(cl.body.p, "storage.objects.get\"") != NULL);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, new_bucket_has_the_lists_of_the_real_service);
	tcase_add_loop_test(t, predefined_lists_are_those_of_the_documentation,
	    0, NELEMS(predefined));
	tcase_add_test(t, entry_lives_from_insert_to_delete);
	tcase_add_test(t, entries_say_whose_they_are);
	tcase_add_test(t, bad_entries_are_refused);
	tcase_add_test(t, owner_of_an_object_keeps_it);
	tcase_add_test(t, change_of_a_list_is_a_metageneration);
	tcase_add_test(t, list_of_a_bucket_and_its_policy_are_one);
	tcase_add_test(t, projection_tells_what_is_shown);
	tcase_add_test(t, lists_in_a_body_are_taken_and_shown);
	tcase_add_test(t, list_goes_along_with_a_resumable_upload);
	tcase_add_test(t, uniform_access_refuses_lists);
	tcase_add_test(t, public_access_prevention_refuses_everybody);
	tcase_add_test(t, policy_of_an_object_is_its_list);
}

int
main(void)
{

	return (client_main("acls", add));
}
