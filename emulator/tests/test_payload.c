/* Payloads while they arrive: where the bytes are, and what becomes of them. */
#include "emulator/tests/store_util.h"

static const struct size_case {
	size_t n;
	int files;
} sizes[] = {
	{ 0, 0 }, { 1, 0 }, { PAYLOAD_INLINE - 1, 0 }, { PAYLOAD_INLINE, 0 },
	{ PAYLOAD_INLINE + 1, 1 }, { 1000000, 1 }, { 3333333, 1 },
};

START_TEST(small_stays_in_memory_and_large_becomes_a_file)
{
	struct payload *p = make_payload(1, sizes[_i].n);

	ck_assert_int_eq(payload_size(p), (int64_t)sizes[_i].n);
	ck_assert_int_eq(count_files(), sizes[_i].files);
	payload_free(p);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(size_and_sums_do_not_depend_on_the_pieces)
{
	struct payload *p = payload_new(st), *q = payload_new(st);
	static unsigned char v[3000000];
	struct checksum_md5 *m = checksum_md5_new();
	unsigned char a[16], b[16];

	for (size_t i = 0; i < sizeof(v); i++)
		v[i] = (unsigned char)(i * i >> 3);
	checksum_md5_add(m, v, sizeof(v));
	checksum_md5_get(m, a);
	checksum_md5_free(m);
	ck_assert_int_eq(payload_write(p, v, sizeof(v)), 0);
	for (size_t i = 0, n = 1; i < sizeof(v); i += n, n = n * 3 + 1) {
		if (n > sizeof(v) - i)
			n = sizeof(v) - i;
		ck_assert_int_eq(payload_write(q, v + i, n), 0);
	}
	ck_assert_int_eq(payload_size(q), sizeof(v));
	ck_assert_uint_eq(payload_crc32c(p), checksum_crc32c(0, v, sizeof(v)));
	ck_assert_uint_eq(payload_crc32c(q), payload_crc32c(p));
	ck_assert_int_eq(payload_md5(p, b), 0);
	ck_assert_mem_eq(a, b, 16);
	ck_assert_int_eq(payload_md5(q, b), 0);
	ck_assert_mem_eq(a, b, 16);
	payload_free(p);
	payload_free(q);
}
END_TEST

START_TEST(each_size_comes_back_from_the_store)
{
	struct store_reader r;
	struct object o;

	make_bucket("b", false);
	o = put_seed("b", "x", 5, sizes[_i].n);
	reopen();
	ck_assert_int_eq(store_read_open(st, &o, &ar, &r), STORE_OK);
	ck_assert_int_eq(r.fd >= 0, sizes[_i].files);
	ck_whole(&r, &o);
}
END_TEST

START_TEST(a_payload_is_taken_once)
{
	struct payload *p = make_payload(1, 100000);
	struct object o;

	make_bucket("b", false);
	ck_assert_int_eq(store_object_insert(st, NULL, "nope", "x", "{}",
	    NULL, NULL, p, &ar, &o), STORE_NO_BUCKET);
	/* A refused one can be used again. */
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "x", "{}", NULL,
	    NULL, p, &ar, &o), STORE_OK);
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "y", "{}", NULL,
	    NULL, p, &ar, &o), STORE_IO);
	payload_free(p);
	ck_assert_int_eq(count_files(), 1);
	payload_free(NULL);
}
END_TEST

START_TEST(a_wrong_md5_of_a_large_one_stores_nothing)
{
	struct store_expect x = { .has_md5 = true };
	struct payload *p = make_payload(1, 3333333);
	struct object o;

	make_bucket("b", false);
	ck_assert_int_eq(payload_md5(p, x.md5), 0);
	x.md5[15] ^= 1;
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "x", "{}", NULL,
	    &x, p, &ar, &o), STORE_BAD_HASH);
	ck_assert_int_eq(get("b", "x", &o), STORE_NO_OBJECT);
	x.md5[15] ^= 1;
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "x", "{}", NULL,
	    &x, p, &ar, &o), STORE_OK);
	ck_assert_mem_eq(o.md5, x.md5, 16);
	payload_free(p);
	p = make_payload(2, 3333333);
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "y", "{}", NULL,
	    &x, p, &ar, &o), STORE_BAD_HASH);
	payload_free(p);		/* while it may be hashed */
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("payload");
	TCase *t = tcase_create("payload");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, small_stays_in_memory_and_large_becomes_a_file,
	    0, (int)NELEMS(sizes));
	tcase_add_test(t, size_and_sums_do_not_depend_on_the_pieces);
	tcase_add_loop_test(t, each_size_comes_back_from_the_store, 0,
	    (int)NELEMS(sizes));
	tcase_add_test(t, a_payload_is_taken_once);
	tcase_add_test(t, a_wrong_md5_of_a_large_one_stores_nothing);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
