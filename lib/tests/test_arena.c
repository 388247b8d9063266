#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/tests/unit.h"

static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 2047, 2048, 2049, 8191,
	8192, 8193, 1000000 };

static bool
all_are(const unsigned char *p, size_t n, unsigned char c)
{

	for (size_t i = 0; i < n; i++)
		if (p[i] != c)
			return (false);
	return (true);
}

START_TEST(results_are_zeroed_aligned_and_apart)
{
	struct arena a = ARENA_INIT;
	unsigned char *v[200];
	size_t n[200];

	for (size_t i = 0; i < NELEMS(v); i++) {
		n[i] = sizes[i * 7 % NELEMS(sizes)];
		v[i] = arena_alloc(&a, n[i]);
		ck_assert_ptr_nonnull(v[i]);
		ck_assert_uint_eq((uintptr_t)v[i] % alignof(max_align_t), 0);
		ck_assert(all_are(v[i], n[i], 0));
		memset(v[i], (int)(i + 1), n[i]);
	}
	for (size_t i = 0; i < NELEMS(v); i++)
		ck_assert(all_are(v[i], n[i], (unsigned char)(i + 1)));
	ck_assert_uint_gt(a.used, 1000000);
	arena_release(&a);
	ck_assert_uint_eq(a.used, 0);
	ck_assert_str_eq(arena_strdup(&a, "again"), "again");
	arena_release(&a);
	arena_release(&a);
}
END_TEST

START_TEST(strings_are_copied)
{
	struct arena a = ARENA_INIT;
	char s[] = "abc";
	char *v = arena_strdup(&a, s), *w = arena_strndup(&a, s, 2);
	char *d = arena_dup(&a, "x\0y", 3);

	s[0] = '!';
	ck_assert_str_eq(v, "abc");
	ck_assert_str_eq(w, "ab");
	ck_assert_mem_eq(d, "x\0y", 3);
	ck_assert_str_eq(arena_strndup(&a, s, 0), "");
	ck_assert_ptr_nonnull(arena_dup(&a, NULL, 0));
	ck_assert_str_eq(arena_printf(&a, "%d-%s", 7, v), "7-abc");
	ck_assert_uint_eq(strlen(arena_printf(&a, "%9000d", 1)), 9000);
	arena_release(&a);
}
END_TEST

START_TEST(reset_keeps_room_and_nothing_else)
{
	struct arena a = ARENA_INIT;
	unsigned char *v;

	arena_reset(&a);
	for (int i = 0; i < 3; i++) {
		for (size_t k = 0; k < NELEMS(sizes); k++) {
			v = arena_alloc(&a, sizes[k]);
			ck_assert(all_are(v, sizes[k], 0));
			memset(v, 0xff, sizes[k]);
		}
		arena_reset(&a);
		ck_assert_uint_eq(a.used, 0);
		ck_assert_str_eq(arena_printf(&a, "%s", "text"), "text");
	}
	v = arena_alloc(&a, 64);
	arena_reset(&a);
	ck_assert_ptr_eq(arena_alloc(&a, 64), v - 16);
	arena_release(&a);
}
END_TEST

/* Of every length, so that it ends before, at and behind a chunk's end. */
START_TEST(printf_of_any_length_is_whole)
{
	struct arena a = ARENA_INIT;
	char want[3001];

	memset(want, 'x', sizeof(want));
	for (int n = 0; n < 3000; n++) {
		const char *p;

		want[n] = '\0';
		p = arena_printf(&a, "%s", want);
		ck_assert_str_eq(p, want);
		want[n] = 'x';
	}
	arena_release(&a);
}
END_TEST

Suite *
suite(void)
{
	Suite *s = suite_create("arena");
	TCase *t = tcase_create("arena");

	tcase_add_test(t, results_are_zeroed_aligned_and_apart);
	tcase_add_test(t, strings_are_copied);
	tcase_add_test(t, reset_keeps_room_and_nothing_else);
	tcase_add_test(t, printf_of_any_length_is_whole);
	suite_add_tcase(s, t);
	return (s);
}
