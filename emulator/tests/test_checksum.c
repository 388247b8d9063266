#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/store/checksum.h"

/* Vectors of RFC 3720 B.4 and RFC 1321 A.5. */
static const struct sum_case {
	const char *text;
	uint32_t crc;
	const char *crc_b64, *md5_b64;
} cases[] = {
	{ "", 0, "AAAAAA==", "1B2M2Y8AsgTpgAmY7PhCfg==" },
	{ "a", 0xc1d04330, "wdBDMA==", "DMF1ucDxtqgxw5niaXcmYQ==" },
	{ "123456789", 0xe3069283, "4waSgw==", "JfnnlDI7RTiF9RgfG2JNCw==" },
	{ "abcdefghijklmnopqrstuvwxyz", 0x9ee6ef25, "nubvJQ==",
	    "w/zT12GS5AB9+0lsymfhOw==" },
};

START_TEST(sums_of_known_texts)
{
	const struct sum_case *t = &cases[_i];
	struct checksum_md5 *m = checksum_md5_new();
	size_t n = strlen(t->text);
	unsigned char md5[16];
	char crc[9], b64[25];

	ck_assert_uint_eq(checksum_crc32c(0, t->text, n), t->crc);
	ck_assert_uint_eq(checksum_crc32c_portable(0, t->text, n), t->crc);
	checksum_crc32c_b64(crc, t->crc);
	ck_assert_str_eq(crc, t->crc_b64);
	checksum_md5_add(m, t->text, n);
	checksum_md5_get(m, md5);
	checksum_md5_b64(b64, md5);
	ck_assert_str_eq(b64, t->md5_b64);
	checksum_md5_free(m);
}
END_TEST

START_TEST(crc_of_the_iscsi_blocks)
{
	unsigned char v[32];

	memset(v, 0, sizeof(v));
	ck_assert_uint_eq(checksum_crc32c(0, v, 32), 0x8a9136aau);
	memset(v, 0xff, sizeof(v));
	ck_assert_uint_eq(checksum_crc32c(0, v, 32), 0x62a8ab43u);
	for (unsigned i = 0; i < 32; i++)
		v[i] = (unsigned char)i;
	ck_assert_uint_eq(checksum_crc32c(0, v, 32), 0x46dd794eu);
}
END_TEST

START_TEST(crc_of_two_texts_is_joined_from_theirs)
{
	static unsigned char v[5000];

	for (size_t i = 0; i < sizeof(v); i++)
		v[i] = (unsigned char)(i * i >> 2 ^ i);
	for (size_t n = 0; n <= sizeof(v); n = n < 20 ? n + 1 : n * 3 / 2)
		ck_assert_uint_eq(checksum_crc32c_join(
		    checksum_crc32c(0, v, n),
		    checksum_crc32c(0, v + n, sizeof(v) - n),
		    (int64_t)(sizeof(v) - n)),
		    checksum_crc32c(0, v, sizeof(v)));
	/* 6 GiB more of zeros: as many times 2 GiB of them, doubled. */
	ck_assert_uint_eq(
	    checksum_crc32c_join(0x12345678u, 0, INT64_C(6) << 30),
	    checksum_crc32c_join(checksum_crc32c_join(
	    checksum_crc32c_join(0x12345678u, 0, INT64_C(2) << 30), 0,
	    INT64_C(2) << 30), 0, INT64_C(2) << 30));
}
END_TEST

START_TEST(crc_is_the_same_in_pieces_unaligned_and_portable)
{
	unsigned char v[300];
	uint32_t whole;

	for (size_t i = 0; i < sizeof(v); i++)
		v[i] = (unsigned char)(i * 37 + 11);
	for (size_t at = 0; at < 9; at++) {
		whole = checksum_crc32c(0, v + at, 280);
		ck_assert_uint_eq(checksum_crc32c_portable(0, v + at, 280),
		    whole);
		for (size_t cut = 0; cut <= 280; cut++)
			ck_assert_uint_eq(checksum_crc32c(checksum_crc32c(0,
			    v + at, cut), v + at + cut, 280 - cut), whole);
	}
}
END_TEST

/* Around the lengths at which lanes are begun. */
START_TEST(crc_of_much_is_that_of_the_portable_one)
{
	static unsigned char v[200000];

	for (size_t i = 0; i < sizeof(v); i++)
		v[i] = (unsigned char)(i * i / 7 + i / 4096);
	for (size_t n = 3 * 4096 - 9; n < sizeof(v); n = n < 13000 ? n + 1 :
	    n * 5 / 4)
		for (size_t at = 0; at < 3; at++)
			ck_assert_uint_eq(checksum_crc32c((uint32_t)n, v + at,
			    n - at), checksum_crc32c_portable((uint32_t)n,
			    v + at, n - at));
}
END_TEST

START_TEST(md5_goes_on_after_get_and_copy)
{
	struct checksum_md5 *m = checksum_md5_new(), *c;
	unsigned char md5[16];
	char b64[25];

	checksum_md5_add(m, "12345", 5);
	checksum_md5_get(m, md5);
	c = checksum_md5_copy(m);
	checksum_md5_add(m, "6789", 4);
	checksum_md5_get(m, md5);
	checksum_md5_b64(b64, md5);
	ck_assert_str_eq(b64, cases[2].md5_b64);
	checksum_md5_add(c, "6789", 4);
	checksum_md5_get(c, md5);
	checksum_md5_b64(b64, md5);
	ck_assert_str_eq(b64, cases[2].md5_b64);
	checksum_md5_free(m);
	checksum_md5_free(c);
	checksum_md5_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("checksum");
	TCase *t = tcase_create("checksum");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, sums_of_known_texts, 0, (int)NELEMS(cases));
	tcase_add_test(t, crc_of_the_iscsi_blocks);
	tcase_add_test(t, crc_of_two_texts_is_joined_from_theirs);
	tcase_add_test(t,
	    crc_is_the_same_in_pieces_unaligned_and_portable);
	tcase_add_test(t, crc_of_much_is_that_of_the_portable_one);
	tcase_add_test(t, md5_goes_on_after_get_and_copy);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
