/* Objects made of other objects, as the store makes them. */
#include "emulator/store/store_int.h"
#include "emulator/tests/store_util.h"

static enum store_rc
compose(const char *name, const struct store_source *src, size_t n,
    bool drop, struct object *out)
{
	struct store_write w = { 0 };

	return (store_object_compose(st, &w, "b", name, "{\"a\":2}", NULL,
	    NULL, src, n, drop, &ar, out));
}

/* Sizes around what stays inline, joined in every order of small and big. */
static const size_t sizes[][3] = {
	{ 0, 0, 0 }, { 1, 2, 3 }, { 30000, 30000, 5536 },
	{ 30000, 30000, 5537 }, { PAYLOAD_INLINE, 1, 0 },
	{ 200000, 3, 4 }, { 3, 200000, 4 }, { 3, 4, 200000 },
	{ 300000, 100000, 200000 },
};

START_TEST(the_bytes_follow_each_other_and_the_sum_is_right)
{
	static const char *const names[] = { "x", "y", "z" };
	struct store_source src[3] = { 0 };
	struct store_reader r;
	struct object o, whole;
	struct buf want;
	size_t total = 0;

	make_bucket("b", false);
	buf_init(&want, 1u << 20);
	for (unsigned i = 0; i < 3; i++) {
		struct store_reader one;
		struct object part;

		(void)put_seed("b", names[i], i + 7, sizes[_i][i]);
		src[i].name = names[i];
		ck_assert_int_eq(store_object_open(st, NOW, "b", names[i],
		    NULL, &ar, &part, &one), STORE_OK);
		buf_add(&want, read_all(&one), sizes[_i][i]);
		total += sizes[_i][i];
	}
	ck_assert_int_eq(compose("o", src, 3, false, &o), STORE_OK);
	ck_assert_int_eq(o.size, (int64_t)total);
	ck_assert(!o.has_md5);
	ck_assert_int_eq(o.components, 3);
	ck_assert_str_eq(o.attrs, "{\"a\":2}");
	ck_assert_int_eq(store_object_open(st, NOW, "b", "o", NULL, &ar,
	    &whole, &r), STORE_OK);
	ck_assert_uint_eq(whole.crc32c, checksum_crc32c(0, want.p, want.len));
	ck_assert_mem_eq(read_all(&r), want.p, want.len);
	buf_release(&want);
	reopen();
	ck_assert_int_eq(get("b", "o", &o), STORE_OK);
	ck_assert_int_eq(o.components, 3);
}
END_TEST

START_TEST(components_add_up_and_an_object_may_extend_itself)
{
	struct store_source two[] = { { "x", 0 }, { "x", 0 } };
	struct object o;

	make_bucket("b", false);
	(void)put("b", "x", "ab");
	ck_assert_int_eq(compose("x", two, 2, false, &o), STORE_OK);
	ck_assert_int_eq(compose("x", two, 2, false, &o), STORE_OK);
	ck_assert_int_eq(o.components, 4);
	ck_text("b", "x", "abababab");
}
END_TEST

START_TEST(a_generation_is_read_although_its_name_moved_on)
{
	struct store_source src[2] = { { "x", 0 }, { "x", 0 } };
	struct object o;

	make_bucket("b", true);
	src[0].generation = put("b", "x", "old").generation;
	(void)put("b", "x", "new");
	ck_assert_int_eq(compose("o", src, 2, false, &o), STORE_OK);
	ck_text("b", "o", "oldnew");
	src[1].generation = 12345;
	ck_assert_int_eq(compose("o", src, 2, false, &o), STORE_NO_OBJECT);
}
END_TEST

START_TEST(nothing_is_left_of_one_that_fails_or_is_forgotten)
{
	struct store_source src[2] = { { "x", 0 }, { "y", 0 } };
	struct store_cond c = { .has_gen_match = true };
	struct store_write w = { .forget = true };
	struct store_expect x = { .has_crc32c = true, .crc32c = 1 };
	struct object o;

	make_bucket("b", false);
	(void)put_seed("b", "x", 1, 100000);
	ck_assert_int_eq(compose("o", src, 2, false, &o), STORE_NO_OBJECT);
	(void)put_seed("b", "y", 1, 100000);
	ck_assert_int_eq(store_object_compose(st, &w, "b", "y", "{}", &c,
	    NULL, src, 2, false, &ar, &o), STORE_PRECONDITION);
	ck_assert_int_eq(store_object_compose(st, &w, "b", "o", "{}", &c,
	    &x, src, 2, false, &ar, &o), STORE_BAD_HASH);
	ck_assert_int_eq(store_object_compose(st, &w, "none", "o", "{}", NULL,
	    NULL, src, 2, false, &ar, &o), STORE_NO_BUCKET);
	ck_assert_int_eq(store_object_compose(st, &w, "b", "o", "{}", &c,
	    NULL, src, 2, true, &ar, &o), STORE_OK);
	ck_assert_int_eq(o.size, 200000);
	ck_assert_int_eq(w.mutation, 0);
	ck_assert_int_eq(get("b", "o", &o), STORE_NO_OBJECT);
	ck_assert_int_eq(get("b", "x", &o), STORE_OK);
	ck_assert_int_eq(count_files(), 2);
}
END_TEST

START_TEST(sources_are_dropped_by_the_same_mutation)
{
	struct store_source src[] = { { "x", 0 }, { "y", 0 }, { "o", 0 } };
	int64_t before;
	struct object o;

	make_bucket("b", false);
	src[0].generation = put("b", "x", "1").generation;
	src[1].generation = put("b", "y", "2").generation;
	src[2].generation = put("b", "o", "3").generation;
	before = store_mutation(st);
	ck_assert_int_eq(compose("o", src, 3, true, &o), STORE_OK);
	ck_assert_int_eq(store_mutation(st), before + 1);
	ck_assert_str_eq(LIST("b"), "o");
	ck_text("b", "o", "123");
}
END_TEST

START_TEST(dropped_sources_of_a_versioned_bucket_are_noncurrent)
{
	struct store_source src[] = { { "x", 0 } };
	struct object o;

	make_bucket("b", true);
	src[0].generation = put("b", "x", "1").generation;
	ck_assert_int_eq(compose("o", src, 1, true, &o), STORE_OK);
	ck_assert_str_eq(LIST("b"), "o");
	ck_assert_int_eq(get_at(STORE_NOW, "b", "x", src[0].generation, &o),
	    STORE_OK);
}
END_TEST

START_TEST(the_file_of_a_crash_while_copying_is_swept)
{
	struct payload *p;
	struct store_reader r;
	struct object o;

	make_bucket("b", false);
	(void)put_seed("b", "x", 1, 100000);
	ck_assert_int_eq(store_object_open(st, NOW, "b", "x", NULL, &ar, &o,
	    &r), STORE_OK);
	p = payload_new_joined(st);
	ck_assert_int_eq(payload_join(p, &r, o.crc32c), 0);
	ck_assert_int_eq(count_files(), 2);
	store_read_close(&r);
	p->taken = true;		/* as if we had died here */
	payload_free(p);
	reopen();
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_compose");
	TCase *t = tcase_create("compose");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t,
	    the_bytes_follow_each_other_and_the_sum_is_right, 0,
	    (int)NELEMS(sizes));
	tcase_add_test(t,
	    components_add_up_and_an_object_may_extend_itself);
	tcase_add_test(t, a_generation_is_read_although_its_name_moved_on);
	tcase_add_test(t, nothing_is_left_of_one_that_fails_or_is_forgotten);
	tcase_add_test(t, sources_are_dropped_by_the_same_mutation);
	tcase_add_test(t,
	    dropped_sources_of_a_versioned_bucket_are_noncurrent);
	tcase_add_test(t, the_file_of_a_crash_while_copying_is_swept);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
