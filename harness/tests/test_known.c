/* Findings that are recorded: the file, what a line means, what is gone. */
#include <check.h>
#include <stdlib.h>

#include "harness/explore/known.h"
#include "lib/file.h"

static struct arena ar;
static struct err e;

static void
setup(void)
{

	ar = (struct arena)ARENA_INIT;
	e = (struct err)ERR_INIT;
}

static void
teardown(void)
{

	err_release(&e);
	arena_release(&ar);
}

static const struct point wal = { .k = 5, .what = "insert wal" };
static struct violation found = { .property = "index", .at = &wal,
	.text = "table and index disagree" };

static const struct {
	const char *line, *version;
	bool	is;
} known[] = {
	{ "index | 0.5.3..0.5.14 | * | - | why", "0.5.10", true },
	{ "index | 0.5.3..0.5.14 | * | - | why", "0.5.15", false },
	{ "*|0.5.10|insert ???|-|why", "0.5.10", true },
	{ "index | 0.5.10 | delete * | - | why", "0.5.10", false },
	{ "litter | 0.5.10 | * | - | why", "0.5.10", false },
	{ "index: *disagree* | 0.5.10 | * | - | why", "0.5.10", true },
	{ "index: *is gone* | 0.5.10 | * | - | why", "0.5.10", false },
};

START_TEST(a_line_is_of_a_property_release_and_class)
{
	struct known k;

	ck_assert_int_eq(known_line(&ar, known[_i].line, &k, &e), 0);
	ck_assert_str_eq(k.why, "why");
	ck_assert_ptr_null(k.history);
	ck_assert_int_eq(known_is(&k, &found, known[_i].version),
	    known[_i].is);
}
END_TEST

START_TEST(a_history_has_its_points)
{
	struct known k;

	ck_assert_int_eq(known_line(&ar, "a|0.3|*|some.2@0.3.13:17,4 | why",
	    &k, &e), 0);
	ck_assert_str_eq(k.history, "some.2@0.3.13");
	ck_assert_uint_eq(k.npoints, 2);
	ck_assert_int_eq(k.points[0], 17);
	ck_assert_int_eq(k.points[1], 4);
	ck_assert_str_eq(known_archive(&ar, "x/known", k.history),
	    "x/known.d/some.2@0.3.13.tar.xz");
}
END_TEST

static const char *const wrong[] = {
	"index | 0.5.3 | *",
	"index | 0.5.3 | * | why",
	"index | 0.5.3 | * | - | ",
	"index | 0.5.3 | * | - | why | more",
	"index | 0.5.3 | * | some@0.5.3 | why",
	"index | 0.5.3 | * | some:4 | why",
	"index | 0.5.3 | * | @0.5.3:4 | why",
	"index | 0.5.3 | * | a/b@0.5.3:4 | why",
	"index | 0.5.3 | * | some@0.5.3: | why",
	"index | 0.5.3 | * | some@0.5.3:0 | why",
	"index | 0.5.3 | * | some@0.5.3:4x | why",
	"index | 0.5.3 | * | some@0.5.3:1,2,3,4,5 | why",
};

START_TEST(a_line_that_is_wrong_is_said)
{
	struct known k;

	ck_assert_int_eq(known_line(&ar, wrong[_i], &k, &e), -1);
	ck_assert_ptr_nonnull(e.msg);
}
END_TEST

START_TEST(a_line_may_be_empty)
{
	struct known k;

	ck_assert_int_eq(known_line(&ar, "", &k, &e), 1);
	ck_assert_int_eq(known_line(&ar, " \t", &k, &e), 1);
	ck_assert_int_eq(known_line(&ar, "# a | b | c", &k, &e), 1);
}
END_TEST

START_TEST(a_file_is_read_or_its_line_named)
{
	static const char good[] = "# x\n\na|0.3|*|-|why\nb|0.3|*|-|why",
	    bad[] = "# x\na|0.3|*|-|why\nb|0.3\n";
	char dir[] = "/tmp/known-XXXXXX";
	struct known *k;
	char *file;
	size_t n;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	file = mem_printf("%s/known", dir);
	ck_assert_int_eq(file_write(file, good, sizeof(good) - 1, 0644, &e), 0);
	ck_assert_int_eq(known_read(file, &ar, &k, &n, &e), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(k[1].property, "b");
	ck_assert_int_eq(file_write(file, bad, sizeof(bad) - 1, 0644, &e), 0);
	ck_assert_int_eq(known_read(file, &ar, &k, &n, &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "known:3: "));
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	ck_assert_int_eq(known_read(file, &ar, &k, &n, &e), -1);
	free(file);
}
END_TEST

START_TEST(what_does_not_show_under_its_history_is_gone)
{
	struct known k[5];
	size_t i = 0;

	/* Another history; it shows; at another point; another sentence; of
	 * none. */
	ck_assert_int_eq(known_line(&ar, "a|0.3.13|*|h@0.3.9:5|why", &k[0],
	    &e), 0);
	ck_assert_int_eq(known_line(&ar, "index|0.3.13|*|h@0.3.13:5|why",
	    &k[1], &e), 0);
	ck_assert_int_eq(known_line(&ar, "index|0.3.13|*|h@0.3.13:6,5|why",
	    &k[2], &e), 0);
	ck_assert_int_eq(known_line(&ar, "index: x|0.3.13|*|h@0.3.13:7|why",
	    &k[3], &e), 0);
	ck_assert_int_eq(known_line(&ar, "b|0.3.13|*|-|why", &k[4], &e), 0);
	ck_assert_ptr_eq(known_gone(k, 5, "h@0.3.13", "0.3.13", &found, 1,
	    &i), &k[2]);
	ck_assert_ptr_eq(known_gone(k, 5, "h@0.3.13", "0.3.13", &found, 1,
	    &i), &k[3]);
	ck_assert_ptr_null(known_gone(k, 5, "h@0.3.13", "0.3.13", &found, 1,
	    &i));
}
END_TEST

START_TEST(lines_of_one_point_are_one_finding)
{
	struct known k[2];
	size_t i = 0;

	ck_assert_int_eq(known_line(&ar, "index: x|0.3.13|*|h@0.3.13:5|why",
	    &k[0], &e), 0);
	ck_assert_int_eq(known_line(&ar, "index: ta*|0.3.13|*|h@0.3.13:5|why",
	    &k[1], &e), 0);
	ck_assert_ptr_null(known_gone(k, 2, "h@0.3.13", "0.3.13", &found, 1,
	    &i));
	i = 0;
	ck_assert_ptr_eq(known_gone(k, 2, "h@0.3.13", "0.3.13", NULL, 0, &i),
	    &k[0]);
	k[1].points[0] = 6;
	i = 0;
	ck_assert_ptr_eq(known_gone(k, 2, "h@0.3.13", "0.3.13", &found, 1,
	    &i), &k[0]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("known");
	TCase *t = tcase_create("known");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_line_is_of_a_property_release_and_class, 0,
	    NELEMS(known));
	tcase_add_test(t, a_history_has_its_points);
	tcase_add_loop_test(t, a_line_that_is_wrong_is_said, 0, NELEMS(wrong));
	tcase_add_test(t, a_line_may_be_empty);
	tcase_add_test(t, a_file_is_read_or_its_line_named);
	tcase_add_test(t, what_does_not_show_under_its_history_is_gone);
	tcase_add_test(t, lines_of_one_point_are_one_finding);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? 0 : 1);
}
