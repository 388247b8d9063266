/* Expressions and the running of lines, on a run that has no cloud. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "harness/replicator/replicators.h"
#include "harness/script/probes.h"
#include "harness/script/script.h"
#include "harness/script/steps.h"
#include "lib/clock.h"

static struct run run;
static struct run_opts opts;
static struct release rel;
static struct scenario *sc;

static void
setup(void)
{

	memset(&run, 0, sizeof(run));
	memset(&opts, 0, sizeof(opts));
	rel = (struct release){ .version = "0.5.17", .label = "0.5.17",
		.rep = replicators };
	run.opts = &opts;
	run.rel = &rel;
	run.project = "litedrill";
	run.bucket = "b1";
	sc = NULL;
}

static void
teardown(void)
{

	script_free(sc);
	json_decref(run.vars);
	arena_release(&run.arena);
}

static enum verdict
run_text(const char *text)
{
	char *all = mem_printf("scenario \"t\"\n%s\n", text);
	int n = 0;

	script_free(sc);
	sc = script_parse("a/b.scn", all, strlen(all), NULL, stderr, &n);
	ck_assert_int_eq(n, 0);
	free(all);
	run.why = NULL;
	run.line = NULL;
	return (steps_run(&run, sc->lines, sc->nlines));
}

static void
ck_line(const char *text, enum verdict want, const char *why)
{
	enum verdict v = run_text(text);

	ck_assert_msg(v == want, "%s: %s, %s", text, verdict_name(v),
	    run.why != NULL ? run.why : "");
	if (why != NULL)
		ck_assert_str_eq(run.why, why);
}

static void
restored(int64_t lost)
{

	run.restored = (struct restored){ .done = true, .whole = true,
		.chain = true, .prefix = true, .rows = 250, .lost = lost,
		.lost_age_us = 1500000, .rto_us = 2250000, .hash = "abc" };
	run.lost_us = 1;
}

START_TEST(expect_passes_or_says_what_it_got_and_wanted)
{

	restored(17);
	ck_line("expect restored.lost == 17", VERDICT_PASS, NULL);
	ck_line("expect restored.lost != 16", VERDICT_PASS, NULL);
	ck_line("expect restored.lost < 18", VERDICT_PASS, NULL);
	ck_line("expect restored.lost > 16", VERDICT_PASS, NULL);
	ck_line("expect restored.lost >= 17", VERDICT_PASS, NULL);
	ck_line("expect restored.lost <= 3", VERDICT_FAIL,
	    "restored.lost is 17, wanted <= 3");
	ck_line("expect restored.lost > 17", VERDICT_FAIL,
	    "restored.lost is 17, wanted > 17");
	ck_line("expect restored.prefix", VERDICT_PASS, NULL);
	ck_line("! expect restored.prefix", VERDICT_FAIL,
	    "restored.prefix is true, wanted not == true");
	ck_line("expect restored.prefix == false", VERDICT_FAIL,
	    "restored.prefix is true, wanted == false");
}
END_TEST

START_TEST(durations_and_patterns_are_compared_as_such)
{

	restored(1);
	ck_line("expect restored.rto < 2.5s", VERDICT_PASS, NULL);
	ck_line("expect restored.rto < 500ms", VERDICT_FAIL,
	    "restored.rto is 2.250s, wanted < 500ms");
	ck_line("expect restored.rpo == 1500ms", VERDICT_PASS, NULL);
	ck_line("expect restored.hash ~ ^a.c$", VERDICT_PASS, NULL);
	ck_line("expect restored.hash ~ x+", VERDICT_FAIL,
	    "restored.hash is abc, wanted ~ x+");
	ck_line("expect restored.integrity == ok", VERDICT_PASS, NULL);
	run.restored.whole = false;
	run.restored.why = "row 3 missing from index";
	ck_line("expect restored.integrity == ok", VERDICT_FAIL,
	    "restored.integrity is row 3 missing from index, wanted == ok");
	ck_line("expect restored.prefix == false", VERDICT_FAIL,
	    "restored.prefix is true, wanted == false; an oracle found: row 3 "
	    "missing from index");
}
END_TEST

START_TEST(a_probe_is_compared_with_a_probe)
{

	restored(250);
	ck_line("expect restored.rows == restored.lost", VERDICT_PASS, NULL);
	run.restored.lost = 2;
	ck_line("expect restored.rows == restored.lost", VERDICT_FAIL,
	    "restored.rows is 250, wanted == restored.lost (2)");
}
END_TEST

START_TEST(no_restore_is_an_error_and_a_failed_one_a_fail)
{

	ck_line("expect restored.lost == 0", VERDICT_ERROR,
	    "no restore has been run");
	run.restored.status = 1;
	ck_line("expect restored.lost == 0", VERDICT_FAIL,
	    "restored.lost cannot be said: the restore ended with status 1 "
	    "and brought nothing back");
	ck_line("! expect restored.prefix", VERDICT_FAIL, NULL);
	ck_line("expect restored.status == 1", VERDICT_PASS, NULL);
}
END_TEST

START_TEST(variables_are_filled_in_and_typed_when_a_line_runs)
{

	restored(2);
	ck_line("set max 3\nexpect restored.lost <= ${max}", VERDICT_PASS,
	    NULL);
	ck_line("set max 1\nexpect restored.lost <= ${max}", VERDICT_FAIL,
	    "restored.lost is 2, wanted <= 1");
	ck_line("set max few\nexpect restored.lost <= ${max}", VERDICT_ERROR,
	    "'few' is not a whole number");
	ck_line("set t soon\nwait restored.prefix within=${t}", VERDICT_ERROR,
	    "within: 'soon' is not a duration: write a number and a unit, "
	    "such as 250ms, 10s, 2m or 1h");
	ck_assert_int_eq(run.line->at.line, 3);
}
END_TEST

START_TEST(conditions_choose_lines)
{

	restored(0);
	ck_line("[litestream < 0.5] expect restored.lost == 9", VERDICT_PASS,
	    NULL);
	ck_line("[litestream >= 0.5] expect restored.lost == 9", VERDICT_FAIL,
	    NULL);
	ck_line("[litestream == 0.5.17] expect restored.lost == 9",
	    VERDICT_FAIL, NULL);
	ck_line("[!bash] expect restored.lost == 9", VERDICT_PASS, NULL);
	ck_line("[bash] [!bash] expect restored.lost == 9", VERDICT_PASS,
	    NULL);
}
END_TEST

START_TEST(the_first_verdict_that_is_no_pass_ends_the_lines)
{

	restored(0);
	ck_line("phase \"one\"\nexpect restored.lost == 1\nphase \"two\"",
	    VERDICT_FAIL, NULL);
	ck_assert_str_eq(run.phase, "one");
	ck_assert_int_eq(run.line->at.line, 3);
	ck_assert_str_eq(run.line->text, "expect restored.lost == 1");
}
END_TEST

START_TEST(a_wait_that_times_out_names_the_last_value)
{
	int64_t t0 = clock_mono_us(), us;

	restored(4);
	ck_line("wait restored.lost == 0 within=60ms", VERDICT_FAIL,
	    "waited 60ms for restored.lost == 0; last seen: 4");
	us = clock_mono_us() - t0;
	ck_assert_int_ge(us, 60000);
	ck_assert_int_lt(us, 2000000);
	run.restored.done = false;
	run.restored.status = 3;
	ck_line("wait restored.lost == 0 within=20ms", VERDICT_FAIL,
	    "waited 20ms for restored.lost == 0; last seen: the restore ended "
	    "with status 3 and brought nothing back");
}
END_TEST

static void
later(int sig)
{

	(void)sig;
	run.exec_status = 7;
}

START_TEST(a_wait_ends_when_its_value_comes)
{
	struct itimerval t = { .it_value = { .tv_usec = 50000 } };

	run.exec_any = true;
	ck_assert(signal(SIGALRM, later) != SIG_ERR);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &t, NULL), 0);
	ck_line("wait exec.status == 7 within=10s", VERDICT_PASS, NULL);
}
END_TEST

START_TEST(every_probe_can_be_found_and_explained)
{

	for (const struct probe *p = probes; p->name != NULL; p++) {
		ck_assert_ptr_eq(probe_find(p->name), p);
		ck_assert_ptr_nonnull(p->doc);
		ck_assert_ptr_nonnull(p->fn);
		/* what the emulator knows, it also announces, but for
		 * time, which passes by itself */
		if (p->source != PROBE_LOCAL && p->type != VALUE_DUR)
			ck_assert_ptr_nonnull(p->wait);
	}
}
END_TEST

START_TEST(a_sweep_without_a_fault_is_an_error)
{

	restored(0);
	ck_line("sweep n max=3 {\nexpect restored.lost == 0\n}",
	    VERDICT_ERROR, "n=1: this block sets no fault");
	ck_line("sweep n max=3 {\nexpect restored.lost == ${n}\n}",
	    VERDICT_FAIL, "n=1: restored.lost is 0, wanted == 1");
	ck_assert_int_eq(run.line->at.line, 3);
}
END_TEST

static Suite *
expr_suite(void)
{
	Suite *s = suite_create("expr");
	TCase *t = tcase_create("expr");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, expect_passes_or_says_what_it_got_and_wanted);
	tcase_add_test(t, durations_and_patterns_are_compared_as_such);
	tcase_add_test(t, a_probe_is_compared_with_a_probe);
	tcase_add_test(t, no_restore_is_an_error_and_a_failed_one_a_fail);
	tcase_add_test(t,
	    variables_are_filled_in_and_typed_when_a_line_runs);
	tcase_add_test(t, conditions_choose_lines);
	tcase_add_test(t, the_first_verdict_that_is_no_pass_ends_the_lines);
	tcase_add_test(t, a_wait_that_times_out_names_the_last_value);
	tcase_add_test(t, a_wait_ends_when_its_value_comes);
	tcase_add_test(t, every_probe_can_be_found_and_explained);
	tcase_add_test(t, a_sweep_without_a_fault_is_an_error);
	suite_add_tcase(s, t);
	return (s);
}

int
main(void)
{
	SRunner *sr = srunner_create(expr_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed != 0);
}
