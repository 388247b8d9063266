/* Folders, managed folders, and the operations that renaming one is. */
#include "emulator/tests/client.h"

#define B	"/storage/v1/b"
#define H	B "/hns"
#define F	H "/folders"
#define M	H "/managedFolders"
#define UNI	"\"iamConfiguration\":{\"uniformBucketLevelAccess\":{"	\
	"\"enabled\":true}}"

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"hns\"," UNI
	    ",\"hierarchicalNamespace\":{\"enabled\":true}}"), 200);
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"flat\"," UNI
	    "}"), 200);
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"old\"}"),
	    200);
}

static void
teardown(void)
{

	client_stop();
}

static int
put(const char *bucket, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/upload/storage/v1/b/%s/o"
	    "?uploadType=media&name=%s", bucket, name);
	return (client_ask("POST", path, name, strlen(name),
	    "Content-Type: text/plain"));
}

static int
make(const char *path, const char *name)
{
	char body[256];

	(void)snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
	return (client_post(path, body));
}

/* The names, or the texts, in an array of the last answer. */
static const char *
names(const char *key)
{
	static char text[2048];
	json_auto_t *j = client_json();
	const json_t *e;
	size_t i, n = 0;

	text[0] = '\0';
	json_array_foreach(json_object_get(j, key), i, e)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s ",
		    json_string_value(json_is_string(e) ? e :
		    json_object_get(e, "name")));
	return (text);
}

static void
append(char *s, size_t room, const char *more)
{
	size_t n = strlen(s);

	ck_assert_uint_lt(n + strlen(more), room);
	memcpy(s + n, more, strlen(more) + 1);
}

static void
list_is(const char *path, const char *want)
{

	ck_assert_int_eq(client_get(path), 200);
	ck_assert_str_eq(names("items"), want);
}

START_TEST(folder_lives_from_insert_to_delete)
{

	ck_assert_int_eq(make(F, "a/"), 200);
	client_is("name", "a/");
	client_is("kind", "storage#folder");
	client_is("id", "hns/a/");
	client_is("metageneration", "1");
	ck_assert(strstr(cl.body.p, "/storage/v1/b/hns/folders/a%2F\"") !=
	    NULL);
	ck_assert_int_eq(make(F, "a"), 409);
	ck_assert_int_eq(make(F, "x/y/"), 404);
	ck_assert_int_eq(make(F "?recursive=true", "x/y/"), 200);
	ck_assert_int_eq(client_get(F "/x%2F"), 200);
	ck_assert_int_eq(client_get(F "/x"), 200);
	ck_assert_int_eq(client_get(F "/z%2F"), 404);
	ck_assert_int_eq(client_get(F "/x%2F?ifMetagenerationMatch=2"), 412);
	ck_assert_int_eq(client_get(F "/x%2F?ifMetagenerationNotMatch=1"),
	    304);
	list_is(F, "a/ x/ x/y/ ");
	list_is(F "?delimiter=/", "a/ x/ ");
	list_is(F "?prefix=x/&delimiter=/", "x/ x/y/ ");
	list_is(F "?startOffset=b&endOffset=x/y", "x/ ");
	list_is(F "?pageSize=1", "a/ ");
	ck_assert_int_eq(client_text("DELETE", F "/x%2F", ""), 409);
	ck_assert_int_eq(client_text("DELETE",
	    F "/x%2Fy%2F?ifMetagenerationMatch=7", ""), 412);
	ck_assert_int_eq(client_text("DELETE", F "/x%2Fy%2F", ""), 204);
	ck_assert_int_eq(client_text("DELETE", F "/x%2F", ""), 204);
	ck_assert_int_eq(client_text("DELETE", F "/x%2F", ""), 404);
	ck_assert_int_eq(client_text("DELETE", H, ""), 409);
	ck_assert_int_eq(client_text("DELETE", F "/a%2F", ""), 204);
	ck_assert_int_eq(client_text("DELETE", H, ""), 204);
}
END_TEST

START_TEST(pages_of_folders_follow_each_other)
{
	char path[256], all[256] = "";
	json_auto_t *j = NULL;
	const char *token = "";

	ck_assert_int_eq(make(F "?recursive=true", "a/b/c/"), 200);
	ck_assert_int_eq(make(F, "d/"), 200);
	for (int i = 0; token != NULL; i++) {
		ck_assert_int_lt(i, 5);
		(void)snprintf(path, sizeof(path), "%s?pageSize=1&pageToken="
		    "%s", F, token);
		ck_assert_int_eq(client_get(path), 200);
		append(all, sizeof(all), names("items"));
		json_decref(j);
		j = client_json();
		token = json_string_value(json_object_get(j,
		    "nextPageToken"));
	}
	ck_assert_str_eq(all, "a/ a/b/ a/b/c/ d/ ");
}
END_TEST

START_TEST(objects_bring_their_folders)
{

	ck_assert_int_eq(put("hns", "a/b/o"), 200);
	ck_assert_int_eq(put("hns", "top"), 200);
	list_is(F, "a/ a/b/ ");
	ck_assert_int_eq(client_text("DELETE", F "/a%2Fb%2F", ""), 409);
	ck_assert_int_eq(client_text("DELETE", H "/o/a%2Fb%2Fo", ""), 204);
	list_is(F, "a/ a/b/ ");		/* and leave them */
	ck_assert_int_eq(client_text("DELETE", F "/a%2Fb%2F", ""), 204);
}
END_TEST

START_TEST(rename_takes_all_below_along)
{
	char id[256];
	json_auto_t *j = NULL;

	ck_assert_int_eq(put("hns", "a/b/o"), 200);
	client_is("metageneration", "1");
	ck_assert_int_eq(put("hns", "a/p"), 200);
	ck_assert_int_eq(put("hns", "ab"), 200);
	ck_assert_int_eq(make(M, "a/m/"), 200);
	ck_assert_int_eq(client_post(F "/a%2F/renameTo/folders/new%2F", ""),
	    200);
	j = client_json();
	ck_assert(json_is_true(json_object_get(j, "done")));
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(j,
	    "metadata"), "destinationFolderId")), "new/");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(j,
	    "response"), "name")), "projects/_/buckets/hns/folders/new/");
	list_is(F, "new/ new/b/ ");
	list_is(M, "new/m/ ");
	list_is(H "/o", "ab new/b/o new/p ");
	ck_assert_int_eq(client_get(H "/o/new%2Fb%2Fo?alt=media"), 200);
	ck_assert_str_eq(cl.body.p, "a/b/o");
	ck_assert_int_eq(client_get(F "/new%2F"), 200);
	client_is("metageneration", "2");
	/* Whoever polls finds the operation. */
	(void)snprintf(id, sizeof(id), "%s/%s", H, strstr(json_string_value(
	    json_object_get(j, "name")), "operations/"));
	ck_assert_int_eq(client_get(id), 200);
	client_is("kind", "storage#operation");
	append(id, sizeof(id), "/cancel");
	ck_assert_int_eq(client_post(id, ""), 204);
	ck_assert_int_eq(client_get(H "/operations"), 200);
	ck_assert(strstr(cl.body.p, "rename-folder") != NULL);
	ck_assert_int_eq(client_get(H "/operations/none"), 404);
}
END_TEST

START_TEST(rename_goes_nowhere_it_must_not)
{

	ck_assert_int_eq(put("hns", "a/o"), 200);
	ck_assert_int_eq(put("hns", "b/o"), 200);
	ck_assert_int_eq(client_post(F "/a%2F/renameTo/folders/b%2F", ""),
	    409);
	ck_assert_int_eq(client_post(F "/a%2F/renameTo/folders/a%2Fc%2F",
	    ""), 400);
	ck_assert_int_eq(client_post(F "/a%2F/renameTo/folders/x%2Fy%2F",
	    ""), 404);
	ck_assert_int_eq(client_post(F "/none%2F/renameTo/folders/n%2F", ""),
	    404);
	ck_assert_int_eq(client_post(F "/a%2F/renameTo/folders/n%2F"
	    "?ifSourceMetagenerationMatch=9", ""), 412);
	list_is(H "/o", "a/o b/o ");
}
END_TEST

START_TEST(recursive_delete_takes_all_below)
{

	ck_assert_int_eq(put("hns", "a/b/o"), 200);
	ck_assert_int_eq(put("hns", "a0"), 200);
	ck_assert_int_eq(make(F, "a/e/"), 200);
	ck_assert_int_eq(client_post(F "/a%2F/deleteRecursive", ""), 200);
	ck_assert(strstr(cl.body.p, "\"done\": true") != NULL);
	list_is(F, "");
	list_is(H "/o", "a0 ");
	ck_assert_int_eq(client_post(F "/a%2F/deleteRecursive", ""), 404);
}
END_TEST

static const char *const bad[] = { "", "/", "a//b/", "./", "a/../b/", "\\n/",
	"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/" };

START_TEST(bad_names_are_refused)
{

	ck_assert_int_eq(make(F "?recursive=true", bad[_i]), 400);
	ck_assert_int_eq(make(M, bad[_i]), 400);
	list_is(F, "");
}
END_TEST

START_TEST(flat_buckets_have_no_folders)
{

	ck_assert_int_eq(make(B "/flat/folders", "a/"), 400);
	ck_assert_int_eq(client_get(B "/flat/folders"), 400);
	ck_assert_int_eq(client_get(B "/flat/folders/a%2F"), 400);
	ck_assert_int_eq(client_get(B "/none/folders"), 404);
	ck_assert_int_eq(client_get(B "/flat/storageLayout"), 200);
	ck_assert(strstr(cl.body.p, "\"enabled\": false") != NULL);
	ck_assert_int_eq(client_get(H "/storageLayout"), 200);
	ck_assert(strstr(cl.body.p, "\"enabled\": true") != NULL);
}
END_TEST

START_TEST(managed_folders_want_uniform_access)
{

	ck_assert_int_eq(make(B "/old/managedFolders", "a/"), 400);
	ck_assert_int_eq(make(B "/flat/managedFolders", "a/b/"), 200);
	client_is("kind", "storage#managedFolder");
	ck_assert_int_eq(make(B "/flat/managedFolders", "a/b"), 409);
	list_is(B "/flat/managedFolders", "a/b/ ");
	ck_assert_int_eq(put("flat", "a/b/o"), 200);
	ck_assert_int_eq(client_text("DELETE",
	    B "/flat/managedFolders/a%2Fb%2F", ""), 409);
	ck_assert_int_eq(client_text("DELETE",
	    B "/flat/managedFolders/a%2Fb%2F?allowNonEmpty=true", ""), 204);
	ck_assert_int_eq(client_get(B "/flat/managedFolders/a%2Fb%2F"), 404);
}
END_TEST

START_TEST(managed_folder_has_a_policy)
{
	char body[512];
	json_auto_t *j = NULL;

	ck_assert_int_eq(make(M, "m/"), 200);
	ck_assert_int_eq(client_get(M "/m%2F/iam"), 200);
	j = client_json();
	(void)snprintf(body, sizeof(body), "{\"etag\":\"%s\",\"bindings\":[{"
	    "\"role\":\"roles/storage.objectViewer\",\"members\":["
	    "\"user:a@b.c\"]}]}", json_string_value(json_object_get(j,
	    "etag")));
	ck_assert_int_eq(client_text("PUT", M "/m%2F/iam", body), 200);
	ck_assert_int_eq(client_text("PUT", M "/m%2F/iam", body), 412);
	ck_assert_int_eq(client_get(M "/m%2F/iam"), 200);
	ck_assert(strstr(cl.body.p, "user:a@b.c") != NULL);
	ck_assert(strstr(cl.body.p, "buckets/hns/managedFolders/m/\"") !=
	    NULL);
	ck_assert_int_eq(client_get(M "/m%2F"), 200);
	client_is("metageneration", "2");
	ck_assert_int_eq(client_get(M "/m%2F/iam/testPermissions"
	    "?permissions=storage.managedFolders.get"), 200);
	ck_assert(strstr(cl.body.p, "storage.managedFolders.get") != NULL);
}
END_TEST

/* All pages of a listing, as "name " for objects and prefixes together. */
static void
pages_are(const char *path, int size, const char *want)
{
	char url[512], all[1024] = "";
	json_auto_t *j = NULL;
	const char *token = "";

	for (int i = 0; token != NULL; i++) {
		ck_assert_int_lt(i, 20);
		(void)snprintf(url, sizeof(url), "%s&maxResults=%d"
		    "&pageToken=%s", path, size, token);
		ck_assert_int_eq(client_get(url), 200);
		append(all, sizeof(all), names("items"));
		append(all, sizeof(all), names("prefixes"));
		json_decref(j);
		j = client_json();
		token = json_string_value(json_object_get(j,
		    "nextPageToken"));
	}
	ck_assert_str_eq(all, want);
}

START_TEST(folders_are_prefixes_where_asked_for)
{
	static const char o[] = H "/o?delimiter=/&includeFoldersAsPrefixes="
	    "true";

	ck_assert_int_eq(make(F "?recursive=true", "a/x/y/"), 200);
	ck_assert_int_eq(make(F, "z/"), 200);
	ck_assert_int_eq(make(F, "c/"), 200);
	ck_assert_int_eq(make(M, "m/n/"), 200);
	ck_assert_int_eq(put("hns", "b"), 200);
	ck_assert_int_eq(put("hns", "c/d"), 200);
	ck_assert_int_eq(put("hns", "p"), 200);
	pages_are(H "/o?delimiter=/", 1, "b c/ p ");
	pages_are(o, 1, "a/ b c/ m/ p z/ ");
	pages_are(o, 2, "b a/ c/ m/ p z/ ");
	pages_are(o, 100, "b p a/ c/ m/ z/ ");
	pages_are(H "/o?delimiter=/&includeFoldersAsPrefixes=true&prefix=a/",
	    5, "a/x/ ");
	pages_are(H "/o?delimiter=/&includeFoldersAsPrefixes=true"
	    "&startOffset=c&endOffset=n", 1, "c/ m/ ");
	ck_assert_int_eq(make(B "/flat/managedFolders", "e/"), 200);
	pages_are(B "/flat/o?delimiter=/&includeFoldersAsPrefixes=true", 1,
	    "e/ ");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, folder_lives_from_insert_to_delete);
	tcase_add_test(t, pages_of_folders_follow_each_other);
	tcase_add_test(t, objects_bring_their_folders);
	tcase_add_test(t, rename_takes_all_below_along);
	tcase_add_test(t, rename_goes_nowhere_it_must_not);
	tcase_add_test(t, recursive_delete_takes_all_below);
	tcase_add_loop_test(t, bad_names_are_refused, 0, NELEMS(bad));
	tcase_add_test(t, flat_buckets_have_no_folders);
	tcase_add_test(t, managed_folders_want_uniform_access);
	tcase_add_test(t, managed_folder_has_a_policy);
	tcase_add_test(t, folders_are_prefixes_where_asked_for);
}

int
main(void)
{

	return (client_main("folders", add));
}
