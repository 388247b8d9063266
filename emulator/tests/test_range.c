#include <check.h>

#include "emulator/api/range.h"
#include "lib/mem.h"

static const struct {
	const char *h;
	int64_t	size;
	enum range_rc rc;
	int64_t	off, len;
} ranges[] = {
	{ NULL, 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=0-", 10, RANGE_PART, 0, 10 },
	{ "bytes=0-9", 10, RANGE_PART, 0, 10 },
	{ "bytes=2-4", 10, RANGE_PART, 2, 3 },
	{ "bytes=2-400", 10, RANGE_PART, 2, 8 },
	{ "Bytes=9-", 10, RANGE_PART, 9, 1 },
	{ "bytes=-3", 10, RANGE_PART, 7, 3 },
	{ "bytes=-30", 10, RANGE_PART, 0, 10 },
	{ "bytes=0-99999999999999999999999", 10, RANGE_PART, 0, 10 },
	/* start at or beyond the end */
	{ "bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 10 },
	{ "bytes=99999999999999999999999-", 10, RANGE_UNSATISFIABLE, 0, 10 },
	{ "bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 10 },
	{ "bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0 },
	{ "bytes=-1", 0, RANGE_UNSATISFIABLE, 0, 0 },
	/* not ranges that we know: the header does not count */
	{ "bytes=4-2", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=0-1,4-5", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=a-b", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=-", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=1", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=1-2x", 10, RANGE_WHOLE, 0, 10 },
	{ "items=1-2", 10, RANGE_WHOLE, 0, 10 },
	{ "", 10, RANGE_WHOLE, 0, 10 },
};

START_TEST(range_gives_the_bytes_that_it_names)
{
	int64_t off, len;

	ck_assert_int_eq(range_parse(ranges[_i].h, ranges[_i].size, &off,
	    &len), ranges[_i].rc);
	if (ranges[_i].rc == RANGE_UNSATISFIABLE)
		return;
	ck_assert_int_eq(off, ranges[_i].off);
	ck_assert_int_eq(len, ranges[_i].len);
}
END_TEST

static const struct {
	const char *h;
	bool	ok, query;
	int64_t	first, last, total;
} contents[] = {
	{ "bytes 0-9/10", true, false, 0, 9, 10 },
	{ "bytes 0-9/*", true, false, 0, 9, -1 },
	{ "bytes */10", true, true, 0, 0, 10 },
	{ "bytes */*", true, true, 0, 0, -1 },
	{ "bytes */0", true, true, 0, 0, 0 },
	{ "bytes 0-*/*", true, false, 0, RANGE_MAX - 1, -1 },
	{ "bytes 7-*/9", true, false, 7, RANGE_MAX - 1, 9 },
	{ "bytes 0-*/0", true, false, 0, RANGE_MAX - 1, 0 },
	{ "bytes 10-*/9", false, false, 0, 0, 0 },
	{ "bytes *-9/9", false, false, 0, 0, 0 },
	{ "bytes=5-9/10", true, false, 5, 9, 10 },
	{ "bytes 0-10/10", false, false, 0, 0, 0 },
	{ "bytes 5-4/10", false, false, 0, 0, 0 },
	{ "bytes 0-9", false, false, 0, 0, 0 },
	{ "bytes 0-9/", false, false, 0, 0, 0 },
	{ "bytes -9/10", false, false, 0, 0, 0 },
	{ "bytes 0-9/10x", false, false, 0, 0, 0 },
	{ "bytes 9223372036854775800-9223372036854775801/*", false, false, 0,
	    0, 0 },
	{ "bytes 0-99999999999999999999/*", false, false, 0, 0, 0 },
	{ "0-9/10", false, false, 0, 0, 0 },
	{ "", false, false, 0, 0, 0 },
};

START_TEST(content_range_of_a_chunk)
{
	struct range_content r;

	ck_assert_int_eq(range_parse_content(contents[_i].h, &r),
	    contents[_i].ok);
	if (!contents[_i].ok)
		return;
	ck_assert_int_eq(r.query, contents[_i].query);
	ck_assert_int_eq(r.first, contents[_i].first);
	ck_assert_int_eq(r.last, contents[_i].last);
	ck_assert_int_eq(r.total, contents[_i].total);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("range");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, range_gives_the_bytes_that_it_names, 0,
	    (int)NELEMS(ranges));
	tcase_add_loop_test(t, content_range_of_a_chunk, 0,
	    (int)NELEMS(contents));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
