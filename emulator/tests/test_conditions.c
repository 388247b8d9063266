/* The conditional headers of HTTP. */
#include <check.h>
#include <stdlib.h>

#include "emulator/api/conditions.h"

#define US	INT64_C(784111777900000)	/* Sun, 06 Nov 1994 08:49:37.9 */

START_TEST(a_date_has_three_forms)
{
	static const char *const good[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994" };
	static const char *const bad[] = { "", "yesterday", "1994-11-06",
		"Sun, 06 Nov 1994 08:49:37 GMT x", "784111777" };
	int64_t t;

	for (size_t i = 0; i < NELEMS(good); i++) {
		ck_assert(conditions_date(good[i], &t));
		ck_assert_int_eq(t, 784111777);
	}
	for (size_t i = 0; i < NELEMS(bad); i++)
		ck_assert(!conditions_date(bad[i], &t));
}
END_TEST

#define BEFORE	"Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME	"Sun, 06 Nov 1994 08:49:37 GMT"

static const struct cond_case {
	struct conditions c;
	enum conditions_rc rc;
} cases[] = {
	{ { .match = NULL }, CONDITIONS_MET },
	{ { .match = "\"abc\"" }, CONDITIONS_MET },
	{ { .match = "abc" }, CONDITIONS_MET },
	{ { .match = "\"x\" , \"abc\"" }, CONDITIONS_MET },
	{ { .match = "*" }, CONDITIONS_MET },
	{ { .match = "\"ab\"" }, CONDITIONS_FAILED },
	{ { .match = "" }, CONDITIONS_FAILED },
	{ { .match = "\"\"" }, CONDITIONS_FAILED },
	{ { .match = "\"abc\"", .unmodified = BEFORE }, CONDITIONS_MET },
	{ { .unmodified = BEFORE }, CONDITIONS_FAILED },
	{ { .unmodified = SAME }, CONDITIONS_MET },
	{ { .unmodified = "soon" }, CONDITIONS_MET },
	{ { .none_match = "\"abc\"" }, CONDITIONS_NOT_MODIFIED },
	{ { .none_match = "W/\"abc\"" }, CONDITIONS_NOT_MODIFIED },
	{ { .none_match = "*" }, CONDITIONS_NOT_MODIFIED },
	{ { .none_match = "\"x\"" }, CONDITIONS_MET },
	{ { .none_match = "\"x\"", .modified = SAME }, CONDITIONS_MET },
	{ { .modified = SAME }, CONDITIONS_NOT_MODIFIED },
	{ { .modified = BEFORE }, CONDITIONS_MET },
	{ { .match = "\"x\"", .none_match = "*" }, CONDITIONS_FAILED },
};

START_TEST(each_header_has_its_say)
{

	ck_assert_int_eq(conditions_check(&cases[_i].c, "\"abc\"", US),
	    cases[_i].rc);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("conditions");
	TCase *t = tcase_create("conditions");
	SRunner *r;
	int failed;

	tcase_add_test(t, a_date_has_three_forms);
	tcase_add_loop_test(t, each_header_has_its_say, 0,
	    (int)NELEMS(cases));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
