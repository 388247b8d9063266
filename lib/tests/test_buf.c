#include <signal.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/tests/unit.h"

START_TEST(empty_buf_is_an_empty_string)
{
	struct buf b;
	char *s;

	buf_init(&b, 10);
	ck_assert_str_eq(b.p, "");
	buf_reset(&b);
	buf_drop(&b, 3);
	buf_cut(&b, 0);
	buf_add(&b, NULL, 0);
	buf_adds(&b, "");
	ck_assert_str_eq(b.p, "");
	ck_assert(buf_ok(&b));
	s = buf_detach(&b);
	ck_assert_str_eq(s, "");
	free(s);
	buf_release(&b);
	buf_release(&b);
}
END_TEST

START_TEST(additions_keep_the_nul)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1000; i++) {
		buf_addf(&b, "%d,", i % 10);
		ck_assert_uint_eq(strlen(b.p), b.len);
	}
	ck_assert_uint_eq(b.len, 2000);
	buf_reset(&b);
	ck_assert_str_eq(b.p, "");
	buf_add(&b, "a\0b", 3);
	buf_addc(&b, 'c');
	ck_assert_uint_eq(b.len, 4);
	ck_assert_mem_eq(b.p, "a\0bc", 5);
	buf_release(&b);
}
END_TEST

START_TEST(room_is_written_by_hand)
{
	struct buf b;
	char *p;

	buf_init(&b, 10);
	buf_adds(&b, "abc");
	p = buf_room(&b, 5);
	ck_assert_ptr_nonnull(p);
	memcpy(p, "defgh", 5);
	ck_assert_uint_eq(b.len, 3);
	buf_took(&b, 4);
	ck_assert_str_eq(b.p, "abcdefg");
	ck_assert_ptr_null(buf_room(&b, 4));
	ck_assert(!buf_ok(&b));
	ck_assert_str_eq(b.p, "abcdefg");
	buf_release(&b);
}
END_TEST

START_TEST(cap_refuses_the_whole_addition_and_all_later_ones)
{
	struct buf b;

	buf_init(&b, 5);
	buf_adds(&b, "abc");
	buf_adds(&b, "def");
	ck_assert(!buf_ok(&b));
	buf_adds(&b, "d");
	ck_assert_str_eq(b.p, "abc");
	buf_reset(&b);
	ck_assert(buf_ok(&b));
	buf_addf(&b, "%s", "12345");
	ck_assert(buf_ok(&b));
	buf_addf(&b, "%d", 6);
	ck_assert(!buf_ok(&b));
	ck_assert_str_eq(b.p, "12345");
	buf_release(&b);
}
END_TEST

static const struct drop_case {
	size_t n;
	const char *left;
} drops[] = {
	{ 0, "abcdef" }, { 1, "bcdef" }, { 5, "f" }, { 6, "" }, { 7, "" },
};

START_TEST(drop_takes_from_the_front)
{
	struct buf b;

	buf_init(&b, 100);
	buf_adds(&b, "abcdef");
	buf_drop(&b, drops[_i].n);
	ck_assert_str_eq(b.p, drops[_i].left);
	ck_assert_uint_eq(b.len, strlen(drops[_i].left));
	buf_adds(&b, "!");
	ck_assert_uint_eq(b.len, strlen(drops[_i].left) + 1);
	buf_release(&b);
}
END_TEST

START_TEST(cut_shortens)
{
	struct buf b;

	buf_init(&b, 100);
	buf_adds(&b, "abcdef");
	buf_cut(&b, 6);
	buf_cut(&b, 2);
	ck_assert_str_eq(b.p, "ab");
	buf_release(&b);
}
END_TEST

START_TEST(cut_beyond_the_end_is_a_bug)
{
	struct buf b;

	buf_init(&b, 100);
	buf_cut(&b, 1);
}
END_TEST

START_TEST(detach_hands_over_and_leaves_empty)
{
	struct buf b;
	char *s;

	buf_init(&b, 100);
	buf_adds(&b, "abc");
	s = buf_detach(&b);
	ck_assert_str_eq(s, "abc");
	ck_assert_str_eq(b.p, "");
	buf_adds(&b, "x");
	ck_assert_str_eq(s, "abc");
	free(s);
	buf_release(&b);
}
END_TEST

Suite *
suite(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, empty_buf_is_an_empty_string);
	tcase_add_test(t, additions_keep_the_nul);
	tcase_add_test(t, room_is_written_by_hand);
	tcase_add_test(t, cap_refuses_the_whole_addition_and_all_later_ones);
	tcase_add_loop_test(t, drop_takes_from_the_front, 0,
	    (int)NELEMS(drops));
	tcase_add_test(t, cut_shortens);
	tcase_add_test_raise_signal(t, cut_beyond_the_end_is_a_bug, SIGABRT);
	tcase_add_test(t, detach_hands_over_and_leaves_empty);
	suite_add_tcase(s, t);
	return (s);
}
