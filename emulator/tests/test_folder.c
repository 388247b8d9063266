/* Folders in and out: seeds, exports and their way back. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "emulator/folder/folder.h"
#include "emulator/tests/fixture.h"

static const char *const names[] = {
	"a", "a/b", "a/b/c", "a/", "/", "//", "/abs", "a//b", "../x",
	"..a", "...", "./x", "x/.", "x/..", "x/../y", "%", "%%", "%41",
	"%_", "a%=", "a%+", "a%+/b", "100% sure", "x.gcs.json", "a.gcs.json",
	"a/b.gcs.json", ".gcs.json", ".gcs-emulator-export", "a b", " a ",
	"a\tb", "\x01\x01", "\x01\x02", "\x01\x02\x01\x01/\x01\x01",
	"\x7f", "\"", "'", "\\", "C:\\x", "*", "?", "[x]",
	"$(id)", "`id`", "-rf", "--", "con", "nul", "\xc3\xa9", "e\xcc\x81",
	"\xf0\x9f\x94\xa5", "\xef\xbb\xbf" "bom", "dir/", "dir/x", "dir//",
	"dir/./", "p", "p/q", "p/q/", "p/q//r", "~", "#", "a=b&c", "<a>",
	"a;b", "a|b", "deep/er/and/deep/er/still/x.tar.gz", NULL
};

static struct fix x;
static struct folder_count n;
static struct err e;

static char *
at(const char *name)
{

	return (mem_printf("%s/%s", x.dir, name));
}

static void
put_bytes(const char *name, const void *p, size_t size)
{
	struct payload *b = payload_new(x.emu.store);
	struct object o;

	ck_assert_int_eq(payload_write(b, p, size), 0);
	ck_assert_int_eq(store_object_insert(x.emu.store, NULL, "bucket",
	    name, "{\"contentType\":\"x/y\",\"metadata\":{\"k\":\"v\"}}",
	    NULL, NULL, b, &x.arena, &o), STORE_OK);
	payload_free(b);
}

static void
put_all(void)
{
	char longest[1025], *big = mem_alloc(200000);

	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST,
	    "/storage/v1/b?project=" FIX_PROJECT, "{\"name\":\"bucket\","
	    "\"labels\":{\"l\":\"m\"},\"versioning\":{\"enabled\":true}}"),
	    200);
	for (size_t i = 0; names[i] != NULL; i++)
		put_bytes(names[i], names[i], strlen(names[i]));
	memset(longest, 'n', 1024);
	longest[1024] = '\0';
	put_bytes(longest, "long", 4);
	memset(longest, '/', 1024);
	put_bytes(longest, "slashes", 7);
	put_bytes("big", big, 200000);
	free(big);
	/* No MD5, two components, and a metageneration of its own. */
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST,
	    "/storage/v1/b/bucket/o/joined/compose", "{\"sourceObjects\":["
	    "{\"name\":\"a\"},{\"name\":\"p\"}]}"), 200);
	ck_assert_int_eq(fix_owner(&x, "PATCH", GCS_HOST,
	    "/storage/v1/b/bucket/o/joined", "{\"contentType\":\"j/j\"}"),
	    200);
	/* From here on new objects are held; those before are not. */
	ck_assert_int_eq(fix_owner(&x, "PATCH", GCS_HOST,
	    "/storage/v1/b/bucket", "{\"defaultEventBasedHold\":true}"), 200);
}

/* All that an object is, apart from mutations. */
static void
state(struct buf *b)
{
	struct store_list q = { .prefix = "", .delimiter = "", .start = "",
	    .end = "", .glob = "", .max = 1000, .after = "" };
	struct store_listing l;
	struct bucket bucket;

	buf_init(b, 16u << 20);
	ck_assert_int_eq(store_object_list(x.emu.store,
	    (struct store_at){ STORE_NOW }, "bucket", &q, &x.arena, &l),
	    STORE_OK);
	ck_assert_ptr_null(l.next);
	for (size_t i = 0; i < l.nobjects; i++) {
		const struct object *o = &l.objects[i];

		buf_addf(b, "%s|%lld|%lld|%lld|%u|%s|%lld|%lld|%d|%d\n",
		    o->name, (long long)o->generation,
		    (long long)o->metageneration, (long long)o->size,
		    o->crc32c, o->attrs, (long long)o->created_us,
		    (long long)o->updated_us, o->components, o->has_md5);
	}
	ck_assert_int_eq(store_bucket_get(x.emu.store,
	    (struct store_at){ STORE_NOW }, "bucket", &x.arena, &bucket),
	    STORE_OK);
	buf_addf(b, "%s|%s|%lld|%lld|%lld\n", bucket.attrs, bucket.policy,
	    (long long)bucket.metageneration, (long long)bucket.created_us,
	    (long long)bucket.updated_us);
}

START_TEST(export_and_import_bring_everything_back)
{
	struct buf before, after;
	char *out;

	fix_init(&x);
	put_all();
	state(&before);
	out = at("out");
	ck_assert_msg(folder_save(&x.emu, out, &n, &e) == 0, "%s",
	    err_msg(&e));
	ck_assert_int_eq(n.buckets, 1);
	ck_assert_int_ge(n.objects, 60);
	free(out);
	out = mem_printf("%s-kept", x.dir);
	{
		char *from = at("out");

		ck_assert_int_eq(rename(from, out), 0);
		free(from);
	}
	fix_release(&x);

	fix_init(&x);
	ck_assert_msg(folder_load(&x.emu, out, true, &n, &e) == 0, "%s",
	    err_msg(&e));
	state(&after);
	ck_assert_str_eq(before.p, after.p);
	/* Again: nothing changes. */
	ck_assert_int_eq(folder_load(&x.emu, out, true, &n, &e), 0);
	ck_assert_int_eq(n.objects, 0);
	ck_assert_int_ge(n.same, 60);
	buf_release(&before);
	buf_release(&after);
	ck_assert_int_eq(file_remove_all(out, NULL), 0);
	free(out);
	fix_release(&x);
}
END_TEST

START_TEST(a_bucket_of_another_project_stays_its)
{
	const struct store_at now = { STORE_NOW };
	struct bucket b = { .name = "bucket", .project = "another-project",
	    .attrs = "{}", .policy = "{}" };
	char *out;

	fix_init(&x);
	ck_assert_int_eq(store_bucket_insert(x.emu.store, NULL, &b, &x.arena,
	    &b), STORE_OK);
	out = mem_printf("%s-kept", x.dir);
	ck_assert_msg(folder_save(&x.emu, out, &n, &e) == 0, "%s",
	    err_msg(&e));
	fix_release(&x);

	fix_init(&x);
	ck_assert_msg(folder_load(&x.emu, out, true, &n, &e) == 0, "%s",
	    err_msg(&e));
	ck_assert_int_eq(store_bucket_get(x.emu.store, now, "bucket",
	    &x.arena, &b), STORE_OK);
	ck_assert_str_eq(b.project, "another-project");
	ck_assert_int_eq(file_remove_all(out, NULL), 0);
	free(out);
	fix_release(&x);
}
END_TEST

START_TEST(escaped_names_are_paths_that_go_below_and_come_back)
{

	for (size_t i = 0; names[i] != NULL; i++)
		for (int prefix = 0; prefix < 2; prefix++) {
			struct buf path, back;

			buf_init(&path, 1u << 16);
			buf_init(&back, 1u << 16);
			folder_escape(&path, names[i], prefix);
			ck_assert_int_ne(path.p[0], '/');
			ck_assert_ptr_null(strstr(path.p, "//"));
			ck_assert_ptr_null(strstr(path.p, "../"));
			ck_assert(folder_unescape(&back, path.p));
			ck_assert_str_eq(back.p, names[i]);
			buf_release(&path);
			buf_release(&back);
		}
}
END_TEST

START_TEST(failed_export_leaves_the_old_one)
{
	char *out, *mark;

	fix_init(&x);
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST,
	    "/storage/v1/b?project=" FIX_PROJECT, "{\"name\":\"bucket\"}"),
	    200);
	put_bytes("one", "1", 1);
	out = at("out");
	ck_assert_int_eq(folder_save(&x.emu, out, &n, &e), 0);
	/* The bytes of a large object are lost: no export can be made. */
	{
		static char big[100000];
		char *payloads = at("payloads");

		put_bytes("two", big, sizeof(big));
		ck_assert_int_eq(file_remove_all(payloads, NULL), 0);
		free(payloads);
	}
	ck_assert_int_eq(folder_save(&x.emu, out, &n, &e), -1);
	mark = at("out/bucket/one");
	ck_assert(file_exists(mark));
	free(mark);
	/* Nor does it take away what it did not write. */
	ck_assert_int_eq(folder_save(&x.emu, x.dir, &n, &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "holds something else"));
	free(out);
	fix_release(&x);
}
END_TEST

/* The file system that is full is a limit on the size of files here. */
START_TEST(export_to_a_full_file_system_leaves_the_old_one)
{
	struct rlimit old, small = { .rlim_cur = 50000,
	    .rlim_max = RLIM_INFINITY };
	static char big[100000];
	struct dirent *f;
	char *out, *one;
	DIR *d;

	fix_init(&x);
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST,
	    "/storage/v1/b?project=" FIX_PROJECT, "{\"name\":\"bucket\"}"),
	    200);
	put_bytes("one", "1", 1);
	out = at("out");
	ck_assert_int_eq(folder_save(&x.emu, out, &n, &e), 0);
	put_bytes("one", "2", 1);
	put_bytes("two", big, sizeof(big));
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(folder_save(&x.emu, out, &n, &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "bucket/two"));
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	one = at("out/bucket/one");
	{
		struct buf b;

		buf_init(&b, 16);
		ck_assert_int_eq(file_read(one, &b, NULL), 0);
		ck_assert_str_eq(b.p, "1");
		buf_release(&b);
	}
	/* Nothing of the new one stays about. */
	d = opendir(x.dir);
	while ((f = readdir(d)) != NULL)
		ck_assert_msg(strncmp(f->d_name, "out", 3) != 0 ||
		    f->d_name[3] == '\0', "%s", f->d_name);
	(void)closedir(d);
	ck_assert_int_eq(folder_save(&x.emu, out, &n, &e), 0);
	ck_assert_int_eq(n.objects, 2);
	free(one);
	free(out);
	fix_release(&x);
}
END_TEST

static void
seed_file(const char *path, const char *text)
{
	char *full = at(path), *slash = strrchr(full, '/');
	struct err se = ERR_INIT;

	*slash = '\0';
	ck_assert_int_eq(file_mkdirs(full, 0755, &se), 0);
	*slash = '/';
	ck_assert_int_eq(file_write(full, text, strlen(text), 0644, &se), 0);
	free(full);
}

static int
seed(void)
{
	char *dir = at("seed");
	int rc;

	err_release(&e);
	rc = folder_load(&x.emu, dir, false, &n, &e);
	free(dir);
	return (rc);
}

static const char *
attrs_of(const char *name)
{
	struct object o;

	ck_assert_int_eq(store_object_get(x.emu.store,
	    (struct store_at){ STORE_NOW }, "my-bucket", name, NULL, &x.arena,
	    &o), STORE_OK);
	return (o.attrs);
}

START_TEST(seed_makes_buckets_and_objects_once)
{
	int64_t mutation;
	char *link, *empty;

	fix_init(&x);
	seed_file("seed/my-bucket/a/x.txt", "text");
	seed_file("seed/my-bucket/100%.html", "<p>");
	seed_file("seed/my-bucket/data", "1");
	seed_file("seed/my-bucket/data.gcs.json", "{\"contentType\":\"c/t\","
	    "\"metadata\":{\"k\":\"v\"},\"cacheControl\":\"no-store\"}");
	seed_file("seed/my-bucket/lone.gcs.json", "{}");
	seed_file("seed/my-bucket.gcs.json", "{\"location\":\"EU\"}");
	seed_file("seed/README", "not a bucket");
	seed_file("secret", "outside");
	link = at("seed/my-bucket/link");
	ck_assert_int_eq(symlink("../../secret", link), 0);
	empty = at("seed/an-empty-one");
	ck_assert_int_eq(mkdir(empty, 0755), 0);
	ck_assert_msg(seed() == 0, "%s", err_msg(&e));
	ck_assert_int_eq(n.buckets, 2);
	ck_assert_int_eq(n.objects, 4);
	ck_assert_ptr_nonnull(strstr(attrs_of("a/x.txt"), "text/plain"));
	ck_assert_ptr_nonnull(strstr(attrs_of("100%.html"), "text/html"));
	ck_assert_ptr_nonnull(strstr(attrs_of("data"), "no-store"));
	ck_assert_ptr_nonnull(strstr(attrs_of("lone.gcs.json"),
	    "application/json"));
	mutation = store_mutation(x.emu.store);
	ck_assert_int_eq(seed(), 0);
	ck_assert_int_eq(store_mutation(x.emu.store), mutation);
	ck_assert_int_eq(n.same, 4);
	seed_file("seed/my-bucket/data", "2");
	ck_assert_int_eq(seed(), 0);
	ck_assert_int_eq(n.objects, 1);
	free(link);
	free(empty);
	fix_release(&x);
}
END_TEST

START_TEST(import_refuses_numbers_that_could_not_go_on)
{
	static const char *const bad[] = {
		"{\"emulator\":{\"generation\":9223372036854775807}}",
		"{\"emulator\":{\"generation\":\"1\"}}",
		"{\"emulator\":{\"generation\":-1}}",
		"{\"emulator\":{\"created_us\":9223372036854775807}}",
		"{\"emulator\":{\"components\":-1}}",
	};
	char *dir;

	fix_init(&x);
	dir = at("seed");
	seed_file("seed/.gcs-emulator-export", "{\"format\":1}");
	seed_file("seed/my-bucket/x", "1");
	for (size_t i = 0; i < NELEMS(bad); i++) {
		seed_file("seed/my-bucket/x.gcs.json", bad[i]);
		err_release(&e);
		ck_assert_msg(folder_load(&x.emu, dir, true, &n, &e) == -1,
		    "%s", bad[i]);
		ck_assert_ptr_nonnull(strstr(err_msg(&e), "x.gcs.json"));
	}
	free(dir);
	fix_release(&x);
}
END_TEST

START_TEST(seed_names_what_is_wrong)
{
	char *dir;

	fix_init(&x);
	ck_assert_int_eq(seed(), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "/seed: No such file"));
	seed_file("seed/Not_A_Bucket/x", "1");
	ck_assert_int_eq(seed(), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "Not_A_Bucket"));
	dir = at("seed/Not_A_Bucket");
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	free(dir);
	seed_file("seed/my-bucket/x", "1");
	seed_file("seed/my-bucket/x.gcs.json", "{\n\"a\":");
	ck_assert_int_eq(seed(), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "x.gcs.json: line 2"));
	seed_file("seed/my-bucket/x.gcs.json", "{\"contentType\":7}");
	ck_assert_int_eq(seed(), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "contentType"));
	dir = at("seed");
	err_release(&e);
	ck_assert_int_eq(folder_load(&x.emu, dir, true, &n, &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "--seed-dir"));
	free(dir);
	fix_release(&x);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("folder");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, export_and_import_bring_everything_back);
	tcase_add_test(t, a_bucket_of_another_project_stays_its);
	tcase_add_test(t, escaped_names_are_paths_that_go_below_and_come_back);
	tcase_add_test(t, failed_export_leaves_the_old_one);
	tcase_add_test(t, export_to_a_full_file_system_leaves_the_old_one);
	tcase_add_test(t, import_refuses_numbers_that_could_not_go_on);
	tcase_add_test(t, seed_makes_buckets_and_objects_once);
	tcase_add_test(t, seed_names_what_is_wrong);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
