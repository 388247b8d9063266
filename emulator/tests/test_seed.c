/* What an emulator begins with: the example in the tree, and files that are
 * wrong. */
#include <fcntl.h>
#include <sys/stat.h>

#include "emulator/identity/iam.h"
#include "emulator/seed/seed.h"
#include "emulator/tests/client.h"
#include "lib/file.h"

static char dir[64];
static struct arena a;

static const char *
at(const char *name)
{

	return (arena_printf(&a, "%s/%s", dir, name));
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir, sizeof(dir), "%.40s/seedXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{

	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	arena_release(&a);
}

static void
write_seed(const char *text)
{

	ck_assert_int_eq(file_write(at("seed.json"), text, strlen(text), 0644,
	    NULL), 0);
}

static void
begin(void)
{
	struct start_opts o = { .seed_file = at("seed.json"),
	    .data = at("data"), .proxy = "off" };

	client_start(&o);
}

static char *
slurp(const char *path)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	ck_assert_int_eq(file_read(path, &b, NULL), 0);
	return (buf_detach(&b));
}

static void
ck_mode(const char *path, mode_t mode)
{
	struct stat sb;

	ck_assert_int_eq(stat(path, &sb), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, mode);
}

static struct bucket
bucket(const char *name)
{
	struct store_at now = { STORE_NOW };
	struct bucket b;

	ck_assert_int_eq(store_bucket_get(cl.emu->store, now, name, &a, &b),
	    STORE_OK);
	return (b);
}

static struct object
object(const char *name, const char *of)
{
	struct store_at now = { STORE_NOW };
	struct object o;

	ck_assert_int_eq(store_object_get(cl.emu->store, now, of, name, NULL,
	    &a, &o), STORE_OK);
	return (o);
}

START_TEST(the_example_is_there_and_stays_as_it_is)
{
	const char *top = getenv("LITEDRILL_TOP");
	const char *key = at("keys/litestream.json");
	char *example, *was, *is;
	struct bucket b, again;
	struct object o;
	json_auto_t *policy = NULL;

	example = slurp(arena_printf(&a, "%s/fixtures/seed/litestream.json",
	    top != NULL ? top : "."));
	write_seed(example);
	begin();
	ck_assert_str_eq(cl.emu->project, "myproject");
	b = bucket("litestream-myproject");
	ck_assert_str_eq(b.project, "myproject");
	ck_assert(b.versioning);
	ck_assert_ptr_nonnull(strstr(b.attrs, "EUROPE-WEST1"));
	ck_assert_ptr_nonnull(strstr(b.policy, "roles/storage.objectAdmin"));
	ck_assert_ptr_nonnull(strstr(b.policy, "backups-only"));
	ck_assert_str_eq(bucket("litestream-taken").project, "somebody-else");
	o = object("README.txt", "litestream-myproject");
	ck_assert_int_eq(o.size, 22);
	ck_assert_ptr_nonnull(strstr(o.attrs, "no-store"));
	ck_assert_ptr_nonnull(strstr(o.attrs, "text/plain"));
	policy = iam_project_policy(cl.emu);
	was = json_dumps(policy, 0);
	ck_assert_ptr_nonnull(strstr(was, "user:ada@example.com"));
	ck_assert_ptr_nonnull(strstr(was, "roles/owner"));
	free(was);
	ck_assert(iam_role_has(cl.emu, &a,
	    "projects/myproject/roles/backupLister", "storage.objects.list"));
	ck_mode(key, 0600);
	ck_mode(at("keys/ada.json"), 0600);
	ck_mode(at("keys"), 0700);
	was = slurp(key);
	client_stop();

	begin();
	again = bucket("litestream-myproject");
	is = slurp(key);
	ck_assert_str_eq(was, is);
	ck_assert_int_eq(again.metageneration, b.metageneration);
	ck_assert_int_eq(again.policy_version, b.policy_version);
	ck_assert_int_eq(object("README.txt", b.name).generation,
	    o.generation);
	client_stop();
	free(example);
	free(was);
	free(is);
}
END_TEST

START_TEST(what_differs_is_changed)
{

	write_seed("{\"serviceAccounts\":[{\"accountId\":\"account-1\"}],"
	    "\"buckets\":[{\"name\":\"bkt-1\",\"labels\":{\"a\":\"1\"},"
	    "\"objects\":[{\"name\":\"o\",\"content\":\"one\"}]}]}");
	begin();
	client_stop();
	write_seed("{\"serviceAccounts\":[{\"accountId\":\"account-1\","
	    "\"displayName\":\"One\",\"disabled\":true}],"
	    "\"buckets\":[{\"name\":\"bkt-1\",\"labels\":{\"a\":\"2\"},"
	    "\"objects\":[{\"name\":\"o\",\"contentBase64\":\"dHdvIQ==\"}]}]}");
	begin();
	ck_assert_ptr_nonnull(strstr(bucket("bkt-1").attrs, "\"a\":\"2\""));
	ck_assert_int_eq(object("o", "bkt-1").size, 4);
	ck_assert(!iam_account_usable(cl.emu, &a,
	    "account-1@litedrill.iam.gserviceaccount.com"));
	client_stop();
}
END_TEST

START_TEST(pools_and_hmac_keys_are_there_and_stay)
{
	char *was, *is;
	struct record r;

	write_seed("{\"workloadIdentityPools\":[{\"pool\":\"pool-1\","
	    "\"provider\":\"provider-1\"}],\"serviceAccounts\":"
	    "[{\"accountId\":\"account-1\",\"hmacKeys\":[{\"file\":"
	    "\"k/hmac.json\"}]}]}");
	begin();
	was = slurp(at("k/hmac.json"));
	ck_mode(at("k/hmac.json"), 0600);
	ck_assert_ptr_nonnull(strstr(was, "\"GOOG1E"));
	ck_assert_ptr_nonnull(strstr(was, "\"secret\""));
	ck_assert_int_eq(store_record_get(cl.emu->store, "pool",
	    "pool-1/provider-1", &a, &r), STORE_OK);
	client_stop();
	begin();
	is = slurp(at("k/hmac.json"));
	ck_assert_str_eq(was, is);
	client_stop();
	free(was);
	free(is);
}
END_TEST

/* Its number is not known to whoever writes the file. */
START_TEST(principals_of_a_pool_are_named_by_the_projects_id)
{
	struct store_at now = { .as_of = STORE_NOW };
	struct bucket b;

	write_seed("{\"workloadIdentityPools\":[{\"pool\":\"pool-1\","
	    "\"provider\":\"provider-1\"}],\"buckets\":[{\"name\":"
	    "\"bkt\",\"policy\":{\"bindings\":[{\"role\":"
	    "\"roles/storage.objectAdmin\",\"members\":[\"principal://"
	    "iam.googleapis.com/projects/litedrill/locations/global/"
	    "workloadIdentityPools/pool-1/subject/job-1\"]}]}}]}");
	begin();
	ck_assert_int_eq(store_bucket_get(cl.emu->store, now, "bkt", &a, &b),
	    STORE_OK);
	ck_assert_ptr_nonnull(strstr(b.policy, arena_printf(&a, "\"principal://"
	    "iam.googleapis.com/projects/%lld/locations/global/"
	    "workloadIdentityPools/pool-1/subject/job-1\"",
	    (long long)cl.emu->project_number)));
	client_stop();
}
END_TEST

/* A seed that is wrong in its last part, and what is said of it: where and
 * what to do. */
#define GOOD	"\"serviceAccounts\":[{\"accountId\":\"account-1\"}],"
#define KEY	"\"serviceAccounts\":[{\"accountId\":\"account-1\"," \
		"\"keys\":[{\"file\":\"k/new.json\"}]}],"
#define SA	"serviceAccount:x@litedrill.iam.gserviceaccount.com"

static const struct {
	const char *text, *at, *says;
} wrong[] = {
	{ "{", "seed.json: line 1, column 1: ", "" },
	{ "{\n\n\"buckets\": [,]}", "seed.json: line 3, column ", "','" },
	{ "{\"buckets\":[],\"buckets\":[]}", "seed.json: line 1",
	    "duplicate" },
	{ "[]", "seed.json: line 1: ", "a JSON object" },
	{ "{" GOOD "\"bucket\":[]}", "$: ", "did you mean 'buckets'?" },
	{ "{" GOOD "\"zzzzzz\":[]}", "$: ", "there may be project, " },
	{ "{" GOOD "\"buckets\":{}}", "$.buckets: ", "a list is wanted" },
	{ "{" GOOD "\"buckets\":[7]}", "$.buckets[0]: ",
	    "an object is wanted" },
	{ "{" GOOD "\"buckets\":[{}]}", "$.buckets[0]: ",
	    "'name' is missing" },
	{ "{" GOOD "\"buckets\":[{\"name\":\"X\"}]}", "$.buckets[0]: ",
	    "Invalid bucket name" },
	{ "{" GOOD "\"buckets\":[{\"name\":\"bkt\",\"location\":\"MOON\"}]}",
	    "$.buckets[0]: ", "location constraint" },
	{ "{" GOOD "\"buckets\":[{\"name\":\"bkt\",\"versioning\":"
	    "{\"enabld\":true}}]}", "$.buckets[0].versioning.enabld: ",
	    "no such member" },
	{ "{" GOOD "\"buckets\":[{\"name\":\"bkt\",\"objects\":[{\"name\":"
	    "\"o\",\"content\":\"x\",\"contentTyp\":\"a/b\"}]}]}",
	    "$.buckets[0].objects[0].contentTyp: ", "no such member" },
	{ "{" GOOD "\"buckets\":[{\"name\":\"bkt\",\"objects\":[{\"name\":"
	    "\"o\",\"file\":\"nowhere\"}]}]}", "$.buckets[0].objects[0].file",
	    "nowhere" },
	{ "{" GOOD "\"buckets\":[{\"name\":\"bkt\",\"objects\":[{\"name\":"
	    "\"o\",\"content\":\"x\",\"file\":\"y\"}]}]}",
	    "$.buckets[0].objects[0]: ", "only one of" },
	{ "{" KEY "\"policy\":{\"bindings\":[{\"role\":\"roles/nope\","
	    "\"members\":[\"allUsers\"]}]}}", "$.policy: ", "roles/nope" },
	{ "{" GOOD "\"policy\":{\"bindings\":[{\"role\":\"roles/viewer\","
	    "\"members\":[\"" SA "\"]}]}}", "$.policy: ", "does not exist" },
	{ "{" GOOD "\"policy\":{\"bindings\":[{\"role\":\"roles/viewer\","
	    "\"membres\":[]}]}}", "$.policy.bindings[0]: ",
	    "did you mean 'members'?" },
	{ "{\"serviceAccounts\":[{\"accountId\":\"x\"}]}",
	    "$.serviceAccounts[0]: ", "length between 6 and 30" },
	{ "{\"serviceAccounts\":[{\"accountId\":\"account-1\",\"keys\":"
	    "[{\"file\":\"seed.json\"}]}]}",
	    "$.serviceAccounts[0].keys[0].file: ", "remove it, or name" },
	{ "{\"users\":[{\"email\":\"nobody\"}]}", "$.users[0].email: ",
	    "no e-mail address" },
	{ "{" GOOD "\"machine\":{\"account\":\"" SA "\"}}",
	    "$.machine.account: ", "there is no service account" },
	{ "{" GOOD "\"workloadIdentityPools\":[7]}",
	    "$.workloadIdentityPools[0]: ", "an object is wanted" },
	{ "{" GOOD "\"workloadIdentityPools\":[{\"pool\":\"p\"}]}",
	    "$.workloadIdentityPools[0]: ", "field 'pool'" },
	{ "{\"serviceAccounts\":[{\"accountId\":\"account-1\",\"hmacKeys\":"
	    "[{\"file\":\"seed.json\"}]}]}",
	    "$.serviceAccounts[0].hmacKeys[0].file: ", "remove it, or name" },
	{ "{\"project\":\"other-project\"," GOOD "\"buckets\":[]}",
	    "$.project: ", "'litedrill'" },
};

START_TEST(a_wrong_seed_says_where_and_leaves_nothing)
{
	struct start_opts o = { .data = at("data"), .proxy = "off",
	    .project = "litedrill" };
	struct err e = ERR_INIT;
	struct bucket *list;
	size_t n;
	bool more;

	write_seed(wrong[_i].text);
	o.seed_file = at("seed.json");
	ck_assert_ptr_null(start_new(&o, &e));
	ck_assert_msg(strstr(err_msg(&e), wrong[_i].at) != NULL &&
	    strstr(err_msg(&e), wrong[_i].says) != NULL,
	    "'%s' and '%s' are not in: %s", wrong[_i].at, wrong[_i].says,
	    err_msg(&e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "seed.json: "));
	ck_assert(strchr(err_msg(&e), '\n') == NULL);
	err_release(&e);
	ck_assert(!file_exists(at("k/new.json")));
	o.seed_file = NULL;
	client_start(&o);
	ck_assert_int_eq(store_bucket_list(cl.emu->store, "litedrill", "",
	    "", 10, &a, &list, &n, &more), STORE_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert(!iam_account_exists(cl.emu, &a,
	    "account-1@litedrill.iam.gserviceaccount.com"));
	client_stop();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("seed");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_example_is_there_and_stays_as_it_is);
	tcase_add_test(t, what_differs_is_changed);
	tcase_add_test(t, pools_and_hmac_keys_are_there_and_stay);
	tcase_add_test(t, principals_of_a_pool_are_named_by_the_projects_id);
	tcase_add_loop_test(t, a_wrong_seed_says_where_and_leaves_nothing, 0,
	    NELEMS(wrong));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? 0 : 1);
}
