/* Buckets and objects in the newest state: puts, preconditions, versions,
 * patches, copies, records. */
#include "emulator/tests/store_util.h"

START_TEST(put_then_get_gives_bytes_and_checksums)
{
	struct object o, g;

	make_bucket("b", false);
	o = put("b", "a/b c", "123456789");
	ck_assert_int_eq(get("b", "a/b c", &g), STORE_OK);
	ck_assert_int_eq(g.generation, o.generation);
	ck_assert_int_eq(g.metageneration, 1);
	ck_assert_int_eq(g.size, 9);
	ck_assert_uint_eq(g.crc32c, 0xe3069283u);
	ck_assert(g.has_md5);
	ck_assert_int_eq(g.md5[0], 0x25);
	ck_assert_str_eq(g.attrs, "{\"a\":1}");
	ck_assert_str_eq(g.bucket, "b");
	ck_assert(g.died == INT64_MAX);
	ck_text("b", "a/b c", "123456789");
}
END_TEST

START_TEST(put_empty_object)
{
	struct store_reader r;
	struct object o;

	make_bucket("b", false);
	o = put("b", "empty", "");
	ck_assert_int_eq(o.size, 0);
	ck_assert_int_eq(store_read_open(st, &o, &ar, &r), STORE_OK);
	ck_assert_int_eq(r.fd, -1);
	ck_assert_int_eq(r.size, 0);
	reopen();
	ck_text("b", "empty", "");
}
END_TEST

START_TEST(names_are_bytes_and_never_paths)
{
	static const char *const names[] = { "../../etc/passwd", "/", ".",
		"a//b", "\x01", "\xf0\x9f\x92\xbe", "a b?c#d%2F", "\n", "'\"",
		"o", "p", "x\x7f" };

	make_bucket("b", false);
	for (size_t i = 0; i < NELEMS(names); i++)
		(void)put("b", names[i], names[i]);
	for (size_t i = 0; i < NELEMS(names); i++)
		ck_text("b", names[i], names[i]);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(put_into_missing_bucket_is_no_bucket)
{
	struct object o;

	ck_assert_int_eq(put_full("b", "x", "1", NULL, false, NULL),
	    STORE_NO_BUCKET);
	ck_assert_int_eq(get("b", "x", &o), STORE_NO_BUCKET);
	ck_assert_int_eq(del("b", "x", 0), STORE_NO_BUCKET);
	ck_assert_int_eq(store_mutation(st), 0);
}
END_TEST

START_TEST(generations_grow_over_a_clock_shifted_back_and_a_restart)
{
	struct object a, b, c;

	make_bucket("b", false);
	atomic_store(&wall.shift_us, INT64_C(3600000000));
	a = put("b", "x", "1");
	atomic_store(&wall.shift_us, INT64_C(-3600000000));
	b = put("b", "y", "2");
	ck_assert_int_eq(b.generation, a.generation + 1);
	reopen();
	c = put("b", "x", "3");
	ck_assert_int_eq(c.generation, a.generation + 2);
	ck_assert_int_eq(store_mutation(st), 4);
}
END_TEST

static const struct put_case {
	struct store_cond c;
	enum store_rc absent, present;	/* generation G, metageneration 1 */
} put_cases[] = {
	{ { 0 }, STORE_OK, STORE_OK },
	{ { .has_gen_match = true }, STORE_OK, STORE_PRECONDITION },
	{ { .has_gen_match = true, .gen_match = -1 }, STORE_PRECONDITION,
	    STORE_OK },
	{ { .has_gen_match = true, .gen_match = 7 }, STORE_PRECONDITION,
	    STORE_PRECONDITION },
	{ { .has_gen_not = true }, STORE_PRECONDITION, STORE_OK },
	/* No live object: a precondition on one fails, as documented. */
	{ { .has_gen_not = true, .gen_not = -1 }, STORE_PRECONDITION,
	    STORE_PRECONDITION },
	{ { .has_gen_not = true, .gen_not = 7 }, STORE_PRECONDITION,
	    STORE_OK },
	{ { .has_meta_match = true, .meta_match = 1 }, STORE_PRECONDITION,
	    STORE_OK },
	{ { .has_meta_match = true, .meta_match = 2 }, STORE_PRECONDITION,
	    STORE_PRECONDITION },
	{ { .has_meta_not = true, .meta_not = 1 }, STORE_PRECONDITION,
	    STORE_PRECONDITION },
	{ { .has_meta_not = true, .meta_not = 2 }, STORE_PRECONDITION,
	    STORE_OK },
};

START_TEST(put_412_when_a_precondition_fails)
{
	struct put_case t = put_cases[_i];
	struct object o;

	make_bucket("b", false);
	o = put("b", "x", "old");
	/* -1 in the table stands for the generation that is there. */
	if (t.c.gen_match == -1)
		t.c.gen_match = o.generation;
	if (t.c.gen_not == -1)
		t.c.gen_not = o.generation;
	ck_assert_int_eq(put_full("b", "absent", "new", &t.c, false, NULL),
	    t.absent);
	ck_assert_int_eq(put_full("b", "x", "new", &t.c, false, NULL),
	    t.present);
	ck_text("b", "x", t.present == STORE_OK ? "new" : "old");
	ck_assert_int_eq(store_mutation(st), 2 + (t.absent == STORE_OK) +
	    (t.present == STORE_OK));
}
END_TEST

START_TEST(get_304_and_412_by_its_conditions)
{
	struct store_cond c = { .has_gen_not = true };
	struct object o, g;

	make_bucket("b", false);
	o = put("b", "x", "1");
	c.gen_not = o.generation;
	ck_assert_int_eq(store_object_get(st, NOW, "b", "x", &c, &ar, &g),
	    STORE_NOT_MODIFIED);
	c = (struct store_cond){ .has_gen_match = true, .gen_match = 5 };
	ck_assert_int_eq(store_object_get(st, NOW, "b", "x", &c, &ar, &g),
	    STORE_PRECONDITION);
	c = (struct store_cond){ .generation = o.generation };
	ck_assert_int_eq(store_object_get(st, NOW, "b", "x", &c, &ar, &g),
	    STORE_OK);
	c.generation++;
	ck_assert_int_eq(store_object_get(st, NOW, "b", "x", &c, &ar, &g),
	    STORE_NO_OBJECT);
}
END_TEST

START_TEST(bad_hash_stores_nothing)
{
	struct store_expect x = { .has_crc32c = true, .crc32c = 1 };
	struct payload *p;
	struct object o;

	make_bucket("b", false);
	p = make_payload(1, 200000);
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "x", NULL, NULL,
	    &x, p, &ar, &o), STORE_BAD_HASH);
	x = (struct store_expect){ .has_md5 = true };
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "x", NULL, NULL,
	    &x, p, &ar, &o), STORE_BAD_HASH);
	x = (struct store_expect){ .has_crc32c = true, .has_md5 = true,
		.crc32c = payload_crc32c(p) };
	ck_assert_int_eq(payload_md5(p, x.md5), 0);
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "x", NULL, NULL,
	    &x, p, &ar, &o), STORE_OK);
	payload_free(p);
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

START_TEST(overwrite_drops_the_old_file_but_not_under_a_reader)
{
	struct store_reader r;
	struct object o;

	make_bucket("b", false);
	o = put_seed("b", "x", 1, 200000);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(store_read_open(st, &o, &ar, &r), STORE_OK);
	ck_assert_int_ge(r.fd, 0);
	(void)put("b", "x", "small");
	ck_assert_int_eq(count_files(), 0);
	ck_whole(&r, &o);
	ck_assert_int_eq(store_read_open(st, &o, &ar, &r), STORE_NO_OBJECT);
}
END_TEST

START_TEST(delete_drops_the_file)
{
	struct object o;

	make_bucket("b", false);
	(void)put_seed("b", "x", 1, 200000);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_assert_int_eq(count_files(), 0);
	ck_assert_int_eq(del("b", "x", 0), STORE_NO_OBJECT);
	ck_assert_int_eq(get("b", "x", &o), STORE_NO_OBJECT);
}
END_TEST

START_TEST(forget_answers_as_if_and_stores_nothing)
{
	struct store_write w = { .forget = true };
	struct payload *p = make_payload(3, 100000);
	struct bucket b = { .name = "c" }, out;
	struct object o, g;
	int64_t k;

	make_bucket("b", false);
	(void)put("b", "x", "kept");
	k = store_mutation(st);
	ck_assert_int_eq(store_object_insert(st, &w, "b", "x", "{}", NULL,
	    NULL, p, &ar, &o), STORE_OK);
	payload_free(p);
	ck_assert_int_eq(w.mutation, 0);
	ck_assert_int_eq(o.size, 100000);
	ck_assert_int_gt(o.generation, 0);
	ck_text("b", "x", "kept");
	ck_assert_int_eq(store_object_delete(st, &w, "b", "x", NULL),
	    STORE_OK);
	ck_assert_int_eq(store_object_update(st, &w, "b", "x", NULL, "{}",
	    &ar, &g), STORE_OK);
	ck_assert_int_eq(g.metageneration, 2);
	ck_assert_int_eq(store_bucket_insert(st, &w, &b, &ar, &out), STORE_OK);
	ck_assert_int_eq(store_bucket_get(st, NOW, "c", &ar, &out),
	    STORE_NO_BUCKET);
	ck_text("b", "x", "kept");
	ck_assert_int_eq(store_mutation(st), k);
	ck_assert_int_eq(count_files(), 0);
	/* A forgotten generation is never given again. */
	ck_assert_int_gt(put("b", "x", "new").generation, o.generation);
}
END_TEST

START_TEST(patch_keeps_generation_and_payload)
{
	struct store_cond c = { .has_meta_match = true, .meta_match = 1 };
	struct object o, g;

	make_bucket("b", false);
	o = put("b", "x", "data");
	ck_assert_int_eq(store_object_update(st, NULL, "b", "x", &c,
	    "{\"k\":2}", &ar, &g), STORE_OK);
	ck_assert_int_eq(g.generation, o.generation);
	ck_assert_int_eq(g.metageneration, 2);
	ck_assert_int_eq(g.created_us, o.created_us);
	ck_assert_int_ge(g.updated_us, o.updated_us);
	ck_assert_int_eq(store_object_update(st, NULL, "b", "x", &c, "{}",
	    &ar, &g), STORE_PRECONDITION);
	ck_assert_int_eq(get("b", "x", &g), STORE_OK);
	ck_assert_str_eq(g.attrs, "{\"k\":2}");
	ck_text("b", "x", "data");
	ck_assert_int_eq(store_object_update(st, NULL, "b", "y", NULL, "{}",
	    &ar, &g), STORE_NO_OBJECT);
}
END_TEST

START_TEST(versioned_overwrite_and_delete_leave_noncurrent_generations)
{
	struct object a, b, g;

	make_bucket("v", true);
	a = put("v", "x", "one");
	b = put("v", "x", "two");
	ck_text("v", "x", "two");
	ck_assert_int_eq(get_at(STORE_NOW, "v", "x", a.generation, &g),
	    STORE_OK);
	ck_assert_int_eq(g.died, b.born);
	ck_assert_int_gt(g.deleted_us, 0);
	ck_assert_int_eq(del("v", "x", 0), STORE_OK);
	ck_assert_int_eq(get("v", "x", &g), STORE_NO_OBJECT);
	ck_assert_str_eq(LIST("v", .max = 10), "");
	ck_assert_str_eq(LIST("v", .versions = true), "x x");
	ck_assert_int_eq(store_bucket_delete(st, NULL, "v", NULL),
	    STORE_NOT_EMPTY);
	/* A generation is deleted for good; patching one works. */
	ck_assert_int_eq(store_object_update(st, NULL, "v", "x",
	    &(struct store_cond){ .generation = b.generation }, "{}", &ar,
	    &g), STORE_OK);
	ck_assert_int_eq(g.metageneration, 2);
	ck_assert_int_eq(del("v", "x", a.generation), STORE_OK);
	ck_assert_int_eq(del("v", "x", a.generation), STORE_NO_OBJECT);
	ck_assert_str_eq(LIST("v", .versions = true), "x");
	ck_assert_int_eq(del("v", "x", b.generation), STORE_OK);
	ck_assert_str_eq(LIST("v", .versions = true), "");
	ck_assert_int_eq(store_bucket_delete(st, NULL, "v", NULL), STORE_OK);
}
END_TEST

START_TEST(deleting_the_live_generation_by_number_leaves_the_older_one)
{
	struct object b, g;

	make_bucket("v", true);
	(void)put("v", "x", "one");
	b = put("v", "x", "two");
	ck_assert_int_eq(del("v", "x", b.generation), STORE_OK);
	/* It does not become live again. */
	ck_assert_int_eq(get("v", "x", &g), STORE_NO_OBJECT);
	ck_assert_str_eq(LIST("v", .versions = true), "x");
}
END_TEST

START_TEST(copies_share_the_payload_until_the_last_goes)
{
	struct object o, c;

	make_bucket("b", false);
	make_bucket("d", false);
	o = put_seed("b", "x", 1, 100000);
	ck_assert_int_eq(store_object_copy(st, NULL, "b", "x", NULL, "d", "y",
	    NULL, NULL, &ar, &c), STORE_OK);
	ck_assert_int_eq(c.payload, o.payload);
	ck_assert_int_gt(c.generation, o.generation);
	ck_assert_str_eq(c.attrs, "{}");
	ck_assert_str_eq(c.bucket, "d");
	ck_assert_int_eq(store_object_copy(st, NULL, "d", "y", NULL, "d", "z",
	    NULL, "{\"n\":1}", &ar, &c), STORE_OK);
	ck_assert_str_eq(c.attrs, "{\"n\":1}");
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_assert_int_eq(del("d", "y", 0), STORE_OK);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(del("d", "z", 0), STORE_OK);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(copy_onto_itself_keeps_the_bytes)
{
	struct store_cond c = { .has_gen_match = true };
	struct object o;

	make_bucket("b", false);
	(void)put("b", "x", "text");
	ck_assert_int_eq(store_object_copy(st, NULL, "b", "x", NULL, "b", "x",
	    NULL, NULL, &ar, &o), STORE_OK);
	ck_text("b", "x", "text");
	ck_assert_int_eq(store_object_copy(st, NULL, "b", "x", &c, "b", "x",
	    NULL, NULL, &ar, &o), STORE_PRECONDITION);
	ck_assert_int_eq(store_object_copy(st, NULL, "b", "x", NULL, "b", "x",
	    &c, NULL, &ar, &o), STORE_PRECONDITION);
	ck_assert_int_eq(store_object_copy(st, NULL, "b", "?", NULL, "b", "x",
	    NULL, NULL, &ar, &o), STORE_NO_OBJECT);
	ck_text("b", "x", "text");
}
END_TEST

START_TEST(bucket_life)
{
	struct store_cond c = { .has_meta_match = true, .meta_match = 1 };
	struct bucket b = { .name = "b", .project = "p", .attrs = "{}",
		.policy = "{\"v\":1}" }, g;

	ck_assert_int_eq(store_bucket_insert(st, NULL, &b, &ar, &g), STORE_OK);
	ck_assert_int_eq(g.metageneration, 1);
	ck_assert_int_eq(g.policy_version, 1);
	ck_assert_int_eq(store_bucket_insert(st, NULL, &b, &ar, &g),
	    STORE_EXISTS);
	ck_assert_int_eq(store_bucket_update(st, NULL, "b", &c, "{\"l\":1}",
	    true, &ar, &g), STORE_OK);
	ck_assert(g.versioning);
	ck_assert_int_eq(store_bucket_update(st, NULL, "b", &c, "{}", false,
	    &ar, &g), STORE_PRECONDITION);
	ck_assert_int_eq(store_bucket_set_policy(st, NULL, "b", "{\"v\":2}",
	    1, &ar, &g), STORE_OK);
	ck_assert_int_eq(store_bucket_set_policy(st, NULL, "b", "{}", 1, &ar,
	    &g), STORE_PRECONDITION);
	reopen();
	ck_assert_int_eq(store_bucket_get(st, NOW, "b", &ar, &g), STORE_OK);
	ck_assert_str_eq(g.attrs, "{\"l\":1}");
	ck_assert_str_eq(g.policy, "{\"v\":2}");
	ck_assert_str_eq(g.project, "p");
	ck_assert_int_eq(g.metageneration, 3);
	ck_assert_int_eq(g.policy_version, 2);
	ck_assert(!g.history);
	(void)put("b", "x", "1");
	ck_assert_int_eq(store_bucket_delete(st, NULL, "b", NULL),
	    STORE_NOT_EMPTY);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_assert_int_eq(store_bucket_delete(st, NULL, "b", NULL),
	    STORE_NOT_EMPTY);		/* noncurrent */
}
END_TEST

START_TEST(bucket_list_pages_by_name)
{
	struct bucket *v;
	bool more;
	size_t n;

	make_bucket("bb", false);
	make_bucket("a", false);
	make_bucket("ba", false);
	make_bucket("c", false);
	ck_assert_int_eq(store_bucket_list(st, NULL, NULL, NULL, 2, &ar, &v,
	    &n, &more), STORE_OK);
	ck_assert_uint_eq(n, 2);
	ck_assert(more);
	ck_assert_str_eq(v[0].name, "a");
	ck_assert_str_eq(v[1].name, "ba");
	ck_assert_int_eq(store_bucket_list(st, "p", "b", "ba", 2, &ar, &v,
	    &n, &more), STORE_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert(!more);
	ck_assert_str_eq(v[0].name, "bb");
	ck_assert_int_eq(store_bucket_list(st, "q", "", "", 2, &ar, &v, &n,
	    &more), STORE_OK);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(records_have_versions)
{
	struct record r, *v;
	int64_t version = 0;
	size_t n;

	ck_assert_int_eq(store_record_get(st, "k", "a", &ar, &r),
	    STORE_NO_RECORD);
	ck_assert_int_eq(store_record_put(st, "k", "a", "{}", 0, &version),
	    STORE_OK);
	ck_assert_int_eq(version, 1);
	ck_assert_int_eq(store_record_put(st, "k", "a", "{}", 0, &version),
	    STORE_EXISTS);
	ck_assert_int_eq(store_record_put(st, "k", "a", "[1]", 1, &version),
	    STORE_OK);
	ck_assert_int_eq(version, 2);
	ck_assert_int_eq(store_record_put(st, "k", "a", "[2]", 1, &version),
	    STORE_PRECONDITION);
	ck_assert_int_eq(store_record_put(st, "k", "ab", "[3]", -1, NULL),
	    STORE_OK);
	ck_assert_int_eq(store_record_put(st, "k", "b", "[4]", -1, NULL),
	    STORE_OK);
	ck_assert_int_eq(store_record_put(st, "other", "a", "[5]", -1, NULL),
	    STORE_OK);
	reopen();
	ck_assert_int_eq(store_record_get(st, "k", "a", &ar, &r), STORE_OK);
	ck_assert_str_eq(r.json, "[1]");
	ck_assert_int_eq(store_record_list(st, "k", "a", "", 10, &ar, &v, &n),
	    STORE_OK);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(v[1].key, "ab");
	ck_assert_int_eq(store_record_list(st, "k", "", "a", 1, &ar, &v, &n),
	    STORE_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(v[0].key, "ab");
	ck_assert_int_eq(store_record_delete(st, "k", "a"), STORE_OK);
	ck_assert_int_eq(store_record_delete(st, "k", "a"), STORE_NO_RECORD);
	ck_assert_int_eq(store_mutation(st), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("objects");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, put_then_get_gives_bytes_and_checksums);
	tcase_add_test(t, put_empty_object);
	tcase_add_test(t, names_are_bytes_and_never_paths);
	tcase_add_test(t, put_into_missing_bucket_is_no_bucket);
	tcase_add_test(t,
	    generations_grow_over_a_clock_shifted_back_and_a_restart);
	tcase_add_loop_test(t, put_412_when_a_precondition_fails, 0,
	    (int)NELEMS(put_cases));
	tcase_add_test(t, get_304_and_412_by_its_conditions);
	tcase_add_test(t, bad_hash_stores_nothing);
	tcase_add_test(t, overwrite_drops_the_old_file_but_not_under_a_reader);
	tcase_add_test(t, delete_drops_the_file);
	tcase_add_test(t, forget_answers_as_if_and_stores_nothing);
	tcase_add_test(t, patch_keeps_generation_and_payload);
	tcase_add_test(t,
	    versioned_overwrite_and_delete_leave_noncurrent_generations);
	tcase_add_test(t,
	    deleting_the_live_generation_by_number_leaves_the_older_one);
	tcase_add_test(t, copies_share_the_payload_until_the_last_goes);
	tcase_add_test(t, copy_onto_itself_keeps_the_bytes);
	suite_add_tcase(s, t);
	t = tcase_create("buckets and records");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, bucket_life);
	tcase_add_test(t, bucket_list_pages_by_name);
	tcase_add_test(t, records_have_versions);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
