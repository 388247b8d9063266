/* What a drill knows by name, and what makes it conclusive. */
#include "harness/tests/drill.h"

#include "harness/machine/machine.h"
#include "harness/run/run_int.h"
#include "harness/workload/ledger.h"

static struct run *
r(void)
{

	return (&drill.run);
}

static void
begin(void)
{
	struct err e = ERR_INIT;

	drill_begin_emu();
	/* the emulator goes on writing to its own */
	drill.opts.out = drill_path("made");
	ck_assert_int_eq(file_mkdirs(drill.opts.out, 0700, NULL), 0);
	r()->machine = machine_new(r(), &e);
	ck_assert_msg(r()->machine != NULL, "%s", err_msg(&e));
	r()->ledger = ledger_open(drill_path("ledger"), &e);
	ck_assert_msg(r()->ledger != NULL, "%s", err_msg(&e));
}

static void
end(void)
{

	ledger_free(r()->ledger);
	machine_free(r()->machine);
	drill_end();
}

/* ---- variables ---- */

START_TEST(every_built_in_variable_has_a_value)
{

	for (size_t i = 0; run_vars[i].name != NULL; i++) {
		ck_assert(run_var_is_builtin(run_vars[i].name));
		ck_assert_msg(run_var(r(), run_vars[i].name) != NULL, "%s",
		    run_vars[i].name);
	}
	for (size_t i = 0; replicator_vars[i].name != NULL; i++) {
		const char *name = arena_printf(&drill.arena, "replicator.%s",
		    replicator_vars[i].name);

		ck_assert(run_var_is_builtin(name));
		ck_assert_msg(run_var(r(), name) != NULL, "%s", name);
	}
	ck_assert(!run_var_is_builtin("no.such"));
	ck_assert(!run_var_is_builtin("replicator.no"));
	ck_assert_ptr_null(run_var(r(), "no.such"));
}
END_TEST

START_TEST(expand_replaces_what_is_known)
{
	const char *s;

	run_set(r(), "n", "7");
	ck_assert_int_eq(run_expand(r(), "a${n}${n}-${bucket} $n ${", &s), 0);
	ck_assert_str_eq(s, "a77-litestream-myproject $n ${");
	run_set(r(), "n", "8");
	ck_assert_int_eq(run_expand(r(), "${n}", &s), 0);
	ck_assert_str_eq(s, "8");
}
END_TEST

START_TEST(expand_names_what_is_unknown)
{
	const char *s;

	ck_assert_int_eq(run_expand(r(), "x ${nobody} y", &s), -1);
	ck_assert_ptr_nonnull(strstr(r()->why, "${nobody}"));
	ck_assert_int_eq(r()->verdict, VERDICT_ERROR);
}
END_TEST

START_TEST(a_skip_is_an_error_where_skips_are_forbidden)
{

	ck_assert_int_eq(run_skip(r(), "no %s", "x"), VERDICT_SKIP);
	ck_assert_str_eq(r()->why, "no x");
	drill.opts.no_skip = true;
	ck_assert_int_eq(run_skip(r(), "no x"), VERDICT_ERROR);
}
END_TEST

START_TEST(a_later_verdict_replaces_an_earlier_one)
{

	ck_assert_int_eq(run_fail(r(), "a %d", 1), VERDICT_FAIL);
	ck_assert_int_eq(run_error(r(), "b %d", 2), VERDICT_ERROR);
	ck_assert_str_eq(r()->why, "b 2");
	ck_assert_int_eq(r()->verdict, VERDICT_ERROR);
	ck_assert_str_eq(verdict_name(r()->verdict), "ERROR");
}
END_TEST

/* ---- conclusive, and as in production ---- */

#define CONNECT	"{\"n\":1,\"conn\":7,\"via\":\"proxy\",\"api\":\"emulator.connect\"," \
		"\"object\":\"storage.googleapis.com\",\"status\":200}\n"
#define GRANT	"{\"n\":2,\"via\":\"proxy\",\"api\":\"oauth.token\"," \
		"\"principal\":\"serviceAccount:a@b\",\"auth\":\"none\"," \
		"\"status\":200}\n"
#define LATER	"{\"n\":4,\"via\":\"proxy\",\"api\":\"oauth.token\"," \
		"\"principal\":\"serviceAccount:a@b\",\"auth\":\"none\"," \
		"\"status\":200}\n"
/* the owner's token is not the deployment's */
#define OWNERS	CONNECT "{\"n\":2,\"via\":\"proxy\",\"api\":" \
		"\"oauth.token\",\"principal\":\"serviceAccount:" \
		"project-owner@myproject.iam.gserviceaccount.com\"," \
		"\"auth\":\"none\",\"status\":200}\n"
#define REFUSED	"{\"n\":2,\"via\":\"proxy\",\"api\":\"oauth.token\"," \
		"\"principal\":null,\"auth\":\"none\",\"status\":403}\n"
#define LIST(via, auth)	"{\"n\":3,\"conn\":7,\"via\":\"" via "\",\"api\":"	\
		"\"storage.objects.list\",\"principal\":" \
		"\"serviceAccount:a@b\",\"auth\":\"" auth "\",\"bucket\":" \
		"\"b\",\"object\":null,\"status\":200}\n"

static const struct {
	const char *journal;
	const char *why;	/* NULL: PASS */
} way_in_cases[] = {
	{ "", NULL },
	{ CONNECT GRANT LIST("proxy", "bearer"), NULL },
	/* the token's line came late */
	{ CONNECT LIST("proxy", "bearer") GRANT, NULL },
	/* it was asked for later */
	{ CONNECT LIST("proxy", "bearer") LATER, "request 3, "
	    "storage.objects.list b/, came with no token" },
	/* an expired token was a token */
	{ CONNECT GRANT LIST("proxy", "bad"), NULL },
	/* broken credentials and nothing else */
	{ CONNECT REFUSED, NULL },
	/* a line that is being written */
	{ CONNECT GRANT LIST("proxy", "bearer") "{\"n\":4,", NULL },
	{ LIST("proxy", "bearer"), "without a CONNECT" },
	{ OWNERS LIST("proxy", "bearer"), "no token" },
	{ CONNECT LIST("proxy", "bearer"), "no token" },
	{ CONNECT REFUSED LIST("proxy", "bearer"), "no token" },
	{ CONNECT GRANT LIST("http", "bearer"), "request 3, "
	    "storage.objects.list b/, came by plain HTTP" },
	{ CONNECT GRANT LIST("proxy", "none"), "without an Authorization" },
	{ CONNECT GRANT LIST("http", "none") LIST("proxy", "bearer"),
	    "plain HTTP" },
	{ CONNECT "not json\n", "line 2 is no JSON" },
};

START_TEST(the_way_in_is_judged_by_the_journal)
{

	for (size_t i = 0; i < NELEMS(way_in_cases); i++) {
		const char *why = way_in_cases[i].why;
		enum verdict v;

		drill_write(drill_path("made/journal.jsonl"),
		    way_in_cases[i].journal, 0600);
		v = run_check(r());
		ck_assert_msg(v == (why == NULL ? VERDICT_PASS :
		    VERDICT_ERROR), "%s", way_in_cases[i].journal);
		if (why != NULL)
			ck_assert_msg(strstr(r()->why, why) != NULL, "%s",
			    r()->why);
	}
}
END_TEST

START_TEST(the_owner_may_come_as_it_likes)
{

	drill_write(drill_path("made/journal.jsonl"),
	    arena_printf(&drill.arena, "{\"n\":1,\"via\":\"http\",\"api\":"
	    "\"storage.objects.list\",\"principal\":\"serviceAccount:%s\","
	    "\"auth\":\"bearer\",\"status\":200}\n", emu_owner(r()->emu)),
	    0600);
	ck_assert_int_eq(run_check(r()), VERDICT_PASS);
	ck_assert_int_eq(r()->requests, 1);
}
END_TEST

static void
ck_inconclusive(const char *text, const char *why)
{
	struct scenario *sc;
	int errors = 0;

	drill_write(drill_path("made/journal.jsonl"), "", 0600);
	sc = script_parse("x.scn", text, strlen(text), NULL, stderr, &errors);
	ck_assert_ptr_nonnull(sc);
	r()->sc = sc;
	ck_assert_int_eq(run_check(r()), VERDICT_ERROR);
	ck_assert_msg(strstr(r()->why, why) != NULL, "%s", r()->why);
	r()->sc = &drill.sc;
	script_free(sc);
}

START_TEST(a_load_without_a_commit_is_inconclusive)
{

	ck_inconclusive("scenario \"x\"\nload append rows=1\n", "no load");
	ck_inconclusive("scenario \"x\"\nprovision\n"
	    "[litestream >= 0.3] load append rows=1\n", "no load");
}
END_TEST

START_TEST(a_drill_of_which_nothing_ran_is_inconclusive)
{

	ck_inconclusive("scenario \"x\"\nphase \"a\"\n"
	    "[litestream >= 9] provision\n", "no line");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_built_in_variable_has_a_value,
		expand_replaces_what_is_known,
		expand_names_what_is_unknown,
		a_skip_is_an_error_where_skips_are_forbidden,
		a_later_verdict_replaces_an_earlier_one,
		the_way_in_is_judged_by_the_journal,
		the_owner_may_come_as_it_likes,
		a_load_without_a_commit_is_inconclusive,
		a_drill_of_which_nothing_ran_is_inconclusive,
	};
	const struct drill_case cases[] = {
		{ "run", begin, end, tests, NELEMS(tests) },
	};

	return (drill_main("run", cases, NELEMS(cases)));
}
