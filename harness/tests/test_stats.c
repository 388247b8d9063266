#include <check.h>
#include <stdlib.h>

#include "harness/bench/stats.h"

static const struct stats_key one = { "restore", "0.5.17", "bucket", "MB/s",
    8 };
static const struct stats_key two = { "restore", "0.5.17", "bucket", "MB/s",
    16 };

START_TEST(samples_are_kept_by_their_key)
{
	struct stats s = STATS_INIT;

	stats_add(&s, &one, 1);
	stats_add(&s, &two, 10);
	stats_add(&s, &one, 2);
	ck_assert_uint_eq(s.n, 2);
	ck_assert_uint_eq(stats_find(&s, &one)->n, 2);
	ck_assert_uint_eq(stats_find(&s, &two)->n, 1);
	ck_assert_double_eq(stats_find(&s, &one)->v[1], 2);
	stats_release(&s);
	ck_assert_ptr_null(stats_find(&s, &one));
}
END_TEST

START_TEST(median_is_the_middle_or_between_the_two)
{
	const double v[] = { 9, 1, 7, 3, 100, 2 };
	const double want[] = { 9, 5, 7, 5, 7, 5 };
	struct stats s = STATS_INIT;

	for (size_t i = 0; i < NELEMS(v); i++) {
		stats_add(&s, &one, v[i]);
		ck_assert_double_eq(stats_median(stats_find(&s, &one)),
		    want[i]);
	}
	/* Asking does not disturb the order of measuring. */
	ck_assert_double_eq(stats_find(&s, &one)->v[0], 9);
	ck_assert_double_eq(stats_min(stats_find(&s, &one)), 1);
	ck_assert_double_eq(stats_max(stats_find(&s, &one)), 100);
	stats_release(&s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stats");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, samples_are_kept_by_their_key);
	tcase_add_test(t, median_is_the_middle_or_between_the_two);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
