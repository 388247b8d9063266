/* What each report format makes of the same results. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/report/report.h"
#include "lib/file.h"

static char *dir;

static void
setup(void)
{
	dir = mem_strdup("/tmp/test_report.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{

	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	free(dir);
}

static const struct result results[] = {
	{ .id = "40-crash/held@0.5.17", .scenario = "40-crash/held",
	    .release = "0.5.17", .title = "held", .file = "s/held.scn",
	    .verdict = VERDICT_PASS, .us = 1234567, .rpo_rows = 12,
	    .rpo_us = 250000, .rto_us = 412000, .requests = 99,
	    .isolation = "netns" },
	{ .id = "40-crash/#1@0.3.13", .scenario = "40-crash/#1",
	    .release = "0.3.13", .title = "t", .file = "s/#1.scn",
	    .verdict = VERDICT_FAIL, .us = 2000000, .line = 14, .col = 3,
	    .why = "restored.lost is \"17\" <&>\nwanted\x01 3",
	    .text = "expect restored.lost <= 3", .phase = "new \\ machine",
	    .rpo_rows = -1, .rpo_us = -1, .rto_us = -1, .requests = 5,
	    .isolation = "netns", .dir = "out/x", .property = "lost" },
	{ .id = "a/b@0.3.13", .scenario = "a/b", .release = "0.3.13",
	    .title = "t", .file = "s/b.scn", .verdict = VERDICT_ERROR,
	    .us = 0, .why = "inconclusive", .rpo_rows = -1, .rpo_us = -1,
	    .rto_us = -1, .requests = -1 },
	{ .id = "a/c@0.3.13", .scenario = "a/c", .release = "0.3.13",
	    .title = "t", .file = "s/c.scn", .verdict = VERDICT_SKIP,
	    .us = 0, .why = "gcloud is missing", .rpo_rows = -1,
	    .rpo_us = -1, .rto_us = -1, .requests = -1 },
	{ .id = "a/d@0.5.17", .scenario = "a/d", .release = "0.5.17",
	    .title = "t", .file = "s/d.scn", .verdict = VERDICT_PASS,
	    .us = 0, .rpo_rows = -1, .rpo_us = -1, .rto_us = -1,
	    .requests = -1, .known_bug = "numbering begins again",
	    .property = "chain" },
};

static char *
spec(const char *format)
{

	return (mem_printf("%s=%s/%s", format, dir, format));
}

/* The first n results as `format` writes them; *rc: the exit status. */
static char *
report(const char *format, size_t n, size_t planned, int *rc)
{
	char *s = spec(format), *path = mem_printf("%s/%s", dir, format);
	const char *specs[] = { s, NULL };
	struct err e = ERR_INIT;
	struct report *rp = report_new(specs, planned, 7, &e);
	struct buf b;

	ck_assert_msg(rp != NULL, "%s", err_msg(&e));
	ck_assert(!file_exists(path));
	for (size_t i = 0; i < n; i++)
		report_result(rp, &results[i]);
	*rc = report_end(rp, &e);
	ck_assert_ptr_null(e.msg);
	buf_init(&b, 1 << 20);
	ck_assert_int_eq(file_read(path, &b, &e), 0);
	ck_assert_int_eq(unlink(path), 0);
	free(s);
	free(path);
	return (buf_detach(&b));
}

START_TEST(tap_is_exact)
{
	int rc;
	char *got = report("tap", 5, 5, &rc);

	ck_assert_str_eq(got,
	    "TAP version 13\n"
	    "1..5\n"
	    "# seed 7\n"
	    "ok 1 - 40-crash/held@0.5.17 # time=1.23s rpo=12 age=0.250s "
	    "rto=0.412s\n"
	    "not ok 2 - 40-crash/\\#1@0.3.13 # time=2.00s\n"
	    "  ---\n"
	    "  verdict: \"FAIL\"\n"
	    "  message: \"restored.lost is \\\"17\\\" <&>\\nwanted\\x01 3\"\n"
	    "  place: \"s/#1.scn:14:3\"\n"
	    "  line: \"expect restored.lost <= 3\"\n"
	    "  phase: \"new \\\\ machine\"\n"
	    "  isolation: \"netns\"\n"
	    "  dir: \"out/x\"\n"
	    "  ...\n"
	    "not ok 3 - a/b@0.3.13 # time=0.00s\n"
	    "  ---\n"
	    "  verdict: \"ERROR\"\n"
	    "  message: \"inconclusive\"\n"
	    "  place: \"s/b.scn\"\n"
	    "  ...\n"
	    "ok 4 - a/c@0.3.13 # SKIP gcloud is missing\n"
	    "ok 5 - a/d@0.5.17 # time=0.00s known bug: numbering begins "
	    "again\n"
	    "# 2 passed, 2 failed, 1 skipped\n");
	ck_assert_int_eq(rc, 2);
	free(got);
}
END_TEST

START_TEST(junit_is_exact)
{
	int rc;
	char *got = report("junit", 2, 2, &rc);

	ck_assert_str_eq(got,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuites>\n"
	    "  <testsuite name=\"litedrill\" tests=\"2\" failures=\"1\" "
	    "errors=\"0\" skipped=\"0\" time=\"3.235\">\n"
	    "    <properties>\n"
	    "      <property name=\"seed\" value=\"7\"/>\n"
	    "    </properties>\n"
	    "    <testcase classname=\"40-crash\" name=\"held@0.5.17\" "
	    "file=\"s/held.scn\" time=\"1.235\">\n"
	    "      <properties>\n"
	    "      <property name=\"rpo_rows\" value=\"12\"/>\n"
	    "      <property name=\"rpo_us\" value=\"250000\"/>\n"
	    "      <property name=\"rto_us\" value=\"412000\"/>\n"
	    "      <property name=\"requests\" value=\"99\"/>\n"
	    "      </properties>\n"
	    "    </testcase>\n"
	    "    <testcase classname=\"40-crash\" name=\"#1@0.3.13\" "
	    "file=\"s/#1.scn\" time=\"2.000\">\n"
	    "      <properties>\n"
	    "      <property name=\"requests\" value=\"5\"/>\n"
	    "      </properties>\n"
	    "      <failure type=\"FAIL\" message=\"restored.lost is "
	    "&quot;17&quot; &lt;&amp;&gt;&#10;wanted? 3\">s/#1.scn:14:3: "
	    "expect restored.lost &lt;= 3\nphase: new \\ machine\n"
	    "kept in: out/x</failure>\n"
	    "    </testcase>\n"
	    "  </testsuite>\n"
	    "</testsuites>\n");
	ck_assert_int_eq(rc, 1);
	free(got);
}
END_TEST

START_TEST(json_holds_what_was_measured)
{
	int rc;
	char *got = report("json", 4, 4, &rc);
	json_t *j = json_loads(got, 0, NULL), *r;

	ck_assert_int_eq(json_integer_value(json_object_get(j, "seed")), 7);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "passed")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "failed")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "errors")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "skipped")),
	    1);
	r = json_array_get(json_object_get(j, "results"), 1);
	ck_assert_str_eq(json_string_value(json_object_get(r, "verdict")),
	    "FAIL");
	ck_assert_str_eq(json_string_value(json_object_get(r, "why")),
	    results[1].why);
	ck_assert_int_eq(json_integer_value(json_object_get(r, "line")), 14);
	ck_assert(json_is_null(json_object_get(r, "rpo_rows")));
	r = json_array_get(json_object_get(j, "results"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(r, "rto_us")),
	    412000);
	ck_assert(json_is_null(json_object_get(r, "line")));
	json_decref(j);
	free(got);
}
END_TEST

START_TEST(table_says_what_did_not_hold)
{
	int rc;
	char *got = report("table", 5, 5, &rc);

	ck_assert_str_eq(got,
	    "               0.3.13     0.5.17\n"
	    "40-crash/#1    FAIL lost  -\n"
	    "40-crash/held  -          PASS\n"
	    "a/b            ERROR      -\n"
	    "a/c            SKIP       -\n"
	    "a/d            -          known chain\n");
	free(got);
}
END_TEST

START_TEST(sum_is_one_line)
{
	int rc;
	char *got = report("sum", 4, 4, &rc);

	ck_assert_str_eq(got, "1 2 1\n");
	free(got);
}
END_TEST

START_TEST(the_exit_status_is_the_worst)
{
	int rc;

	free(report("sum", 1, 1, &rc));
	ck_assert_int_eq(rc, 0);
	free(report("sum", 2, 2, &rc));
	ck_assert_int_eq(rc, 1);
	free(report("sum", 3, 3, &rc));
	ck_assert_int_eq(rc, 2);
	/* not all that was planned came to an end */
	free(report("sum", 1, 2, &rc));
	ck_assert_int_eq(rc, 2);
}
END_TEST

START_TEST(a_wrong_report_is_told)
{
	static const struct { const char *spec, *why; } bad[] = {
		{ "junitt=x", "unknown report format 'junitt', did you mean "
		    "'junit'?" },
		{ "junit=", "the report junit= has no file name" },
		{ "junit=/nonexistent/x", "cannot write the report "
		    "/nonexistent/x: No such file or directory" },
		{ "progress=x", "the format progress cannot go to a file" },
	};

	for (size_t i = 0; i < NELEMS(bad); i++) {
		const char *specs[] = { bad[i].spec, NULL };
		struct err e = ERR_INIT;

		ck_assert_ptr_null(report_new(specs, 1, 0, &e));
		ck_assert_str_eq(err_msg(&e), bad[i].why);
		err_release(&e);
	}
}
END_TEST

START_TEST(two_reports_on_stdout_are_refused)
{
	const char *specs[] = { "tap", "json", NULL };
	struct err e = ERR_INIT;

	ck_assert_ptr_null(report_new(specs, 1, 0, &e));
	ck_assert_str_eq(err_msg(&e), "only one report can go to stdout: "
	    "write json=FILE");
	err_release(&e);
}
END_TEST

START_TEST(a_pipe_is_written_to_and_stays_one)
{
	char *path = mem_printf("%s/pipe", dir), *s, got[16] = "";
	const char *specs[2] = { NULL, NULL };
	struct err e = ERR_INIT;
	struct report *rp;
	struct stat st;
	int fd;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	specs[0] = s = mem_printf("sum=%s", path);
	rp = report_new(specs, 1, 7, &e);
	ck_assert_msg(rp != NULL, "%s", err_msg(&e));
	report_result(rp, &results[0]);
	ck_assert_int_eq(report_end(rp, &e), 0);
	ck_assert_int_eq(read(fd, got, sizeof(got) - 1), 6);
	ck_assert_str_eq(got, "1 0 0\n");
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	(void)close(fd);
	free(s);
	free(path);
}
END_TEST

START_TEST(a_report_that_cannot_be_placed_is_an_error_and_leaves_nothing)
{
	char *s = spec("sum"), *path = mem_printf("%s/sum", dir);
	char *part = mem_printf("%s/sum.part", dir);
	const char *specs[] = { s, NULL };
	struct err e = ERR_INIT;
	struct report *rp = report_new(specs, 1, 0, &e);

	ck_assert_ptr_nonnull(rp);
	ck_assert_int_eq(mkdir(path, 0755), 0);	/* in the way */
	report_result(rp, &results[0]);
	ck_assert_int_eq(report_end(rp, &e), 2);
	ck_assert_ptr_nonnull(e.msg);
	ck_assert(!file_exists(part));
	err_release(&e);
	free(s);
	free(path);
	free(part);
}
END_TEST

static Suite *
report_suite(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, tap_is_exact);
	tcase_add_test(t, junit_is_exact);
	tcase_add_test(t, json_holds_what_was_measured);
	tcase_add_test(t, table_says_what_did_not_hold);
	tcase_add_test(t, sum_is_one_line);
	tcase_add_test(t, the_exit_status_is_the_worst);
	tcase_add_test(t, a_wrong_report_is_told);
	tcase_add_test(t, two_reports_on_stdout_are_refused);
	tcase_add_test(t, a_pipe_is_written_to_and_stays_one);
	tcase_add_test(t,
	    a_report_that_cannot_be_placed_is_an_error_and_leaves_nothing);
	suite_add_tcase(s, t);
	return (s);
}

int
main(void)
{
	SRunner *sr = srunner_create(report_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed != 0);
}
