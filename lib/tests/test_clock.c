#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/tests/unit.h"

#define S	INT64_C(1000000)

static const struct text_case {
	int64_t	us;
	const char *text;
} texts[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ 1795374153 * S + 986543, "2026-11-22T19:02:33.986Z" },
	{ 999, "1970-01-01T00:00:00.000Z" },
	{ 1000, "1970-01-01T00:00:00.001Z" },
	{ -1, "1969-12-31T23:59:59.999Z" },
	{ -1000, "1969-12-31T23:59:59.999Z" },
	{ -1001, "1969-12-31T23:59:59.998Z" },
	{ -S, "1969-12-31T23:59:59.000Z" },
	{ 951782400 * S, "2000-02-29T00:00:00.000Z" },
	{ 253402300799 * S, "9999-12-31T23:59:59.000Z" },
};

START_TEST(times_are_printed_and_read_back)
{
	char s[CLOCK_RFC3339];
	int64_t us = -1, ms = texts[_i].us;

	ms = ms / 1000 * 1000 - (ms % 1000 < 0 ? 1000 : 0);
	clock_rfc3339(texts[_i].us, s);
	ck_assert_str_eq(s, texts[_i].text);
	ck_assert_int_eq(clock_parse_rfc3339(s, &us), 0);
	ck_assert_int_eq(us, ms);
}
END_TEST

START_TEST(extreme_times_fit)
{
	char s[CLOCK_RFC3339];

	clock_rfc3339(INT64_MAX, s);
	ck_assert_str_eq(s, "294247-01-10T04:00:54.775Z");
	clock_rfc3339(INT64_MIN, s);
	ck_assert_ptr_nonnull(strchr(s, 'Z'));
}
END_TEST

START_TEST(http_dates_are_of_rfc_9110)
{
	char s[CLOCK_HTTP];

	clock_http(784111777 * S + 999999, s);
	ck_assert_str_eq(s, "Sun, 06 Nov 1994 08:49:37 GMT");
	clock_http(951782400 * S, s);
	ck_assert_str_eq(s, "Tue, 29 Feb 2000 00:00:00 GMT");
	clock_http(INT64_MIN, s);
	ck_assert_str_eq(s, "Thu, 01 Jan 1970 00:00:00 GMT");
	clock_http(INT64_MAX, s);
	ck_assert_str_eq(s, "Fri, 31 Dec 9999 23:59:59 GMT");
}
END_TEST

/* Each day up to 2401, then some of each year: the one way to print a time
 * says what the C library says. */
START_TEST(every_day_is_printed_as_gmtime_has_it)
{
	char s[CLOCK_RFC3339], want[CLOCK_RFC3339];
	struct tm tm;
	time_t t;

	for (int64_t day = 0; day < 2932897; day += day < 157800 ? 1 : 61) {
		t = (time_t)(day * 86400 + day % 86400);
		clock_rfc3339((int64_t)t * S, s);
		(void)gmtime_r(&t, &tm);
		(void)strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z",
		    &tm);
		ck_assert_str_eq(s, want);
	}
}
END_TEST

static const struct parse_case {
	const char *text;
	int64_t	us;		/* -1: refused */
} parses[] = {
	{ "1970-01-01T00:00:01Z", S }, { "1970-01-01t00:00:01z", S },
	{ "1970-01-01T01:00:01+01:00", S },
	{ "1970-01-01T00:30:00-00:30", 3600 * S },
	{ "1970-01-01T00:00:00.5Z", S / 2 },
	{ "1970-01-01T00:00:00.1234567Z", 123456 },
	{ "1970-01-01T23:59:60Z", 86400 * S },
	{ "1970-02-30T00:00:00Z", -1 }, { "1971-02-29T00:00:00Z", -1 },
	{ "1970-01-01T00:00:00.Z", -1 }, { "1970-01-01T00:00:00", -1 },
	{ "1970-01-01T24:00:00Z", -1 }, { "1970-13-01T00:00:00Z", -1 },
	{ "1970-00-01T00:00:00Z", -1 }, { "1970-01-00T00:00:00Z", -1 },
	{ "1970-1-1T0:0:0Z", -1 }, { " 970-01-01T00:00:00Z", -1 },
	{ "+970-01-01T00:00:00Z", -1 }, { "1970-01-01 00:00:00Z", -1 },
	{ "1970-01-01T00:00:00Zx", -1 }, { "1970-01-01T00:00:00+1:00", -1 },
	{ "1970-01-01T00:00:00+24:00", -1 },
	{ "1970-01-01T00:00:00+01:60", -1 },
	{ "1970-01-01T00:00:00+01", -1 }, { "", -1 }, { "1970-01-01", -1 },
};

START_TEST(rfc3339_is_read_strictly)
{
	int64_t us = -1;
	int rc = clock_parse_rfc3339(parses[_i].text, &us);

	ck_assert_msg(rc == (parses[_i].us < 0 ? -1 : 0), "'%s': %d",
	    parses[_i].text, rc);
	if (rc == 0)
		ck_assert_int_eq(us, parses[_i].us);
}
END_TEST

static const struct parse_case durations[] = {
	{ "250ms", 250000 }, { "10s", 10 * S }, { "1.5s", 1500000 },
	{ "2m", 120 * S }, { "1h", 3600 * S }, { "40us", 40 }, { "0s", 0 },
	{ ".5s", 500000 }, { "10", -1 }, { "", -1 }, { "s", -1 },
	{ "-1s", -1 }, { "1 s", -1 }, { "1e3s", -1 }, { "0x10s", -1 },
	{ "1d", -1 }, { "1sx", -1 }, { "1.2.3s", -1 }, { "infs", -1 },
	{ "nans", -1 }, { "9999999999999999h", -1 }, { ".s", -1 },
};

START_TEST(durations_need_a_unit)
{
	struct err e = ERR_INIT;
	int64_t us = -1;
	int rc = clock_parse_duration(durations[_i].text, &us, &e);

	ck_assert_msg(rc == (durations[_i].us < 0 ? -1 : 0), "'%s': %d",
	    durations[_i].text, rc);
	if (rc == 0)
		ck_assert_int_eq(us, durations[_i].us);
	else
		ck_assert_ptr_nonnull(strstr(err_msg(&e), "250ms"));
	err_release(&e);
}
END_TEST

START_TEST(a_clock_can_be_shifted)
{
	struct clock c = { 0 };
	int64_t t = clock_wall_us(NULL), m = clock_mono_us();

	ck_assert_int_gt(t, 1700000000 * S);
	ck_assert_int_lt(clock_wall_us(&c) - t, 60 * S);
	atomic_store(&c.shift_us, -3600 * S);
	ck_assert_int_lt(clock_wall_us(&c), t - 3500 * S);
	ck_assert_int_ge(clock_mono_us(), m);
}
END_TEST

Suite *
suite(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("clock");

	tcase_add_loop_test(t, times_are_printed_and_read_back, 0,
	    (int)NELEMS(texts));
	tcase_add_test(t, extreme_times_fit);
	tcase_add_test(t, http_dates_are_of_rfc_9110);
	tcase_add_test(t, every_day_is_printed_as_gmtime_has_it);
	tcase_add_loop_test(t, rfc3339_is_read_strictly, 0,
	    (int)NELEMS(parses));
	tcase_add_loop_test(t, durations_need_a_unit, 0,
	    (int)NELEMS(durations));
	tcase_add_test(t, a_clock_can_be_shifted);
	suite_add_tcase(s, t);
	return (s);
}
