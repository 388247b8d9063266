#include <check.h>
#include <string.h>

#include "emulator/options.h"

static struct options o;
static struct err e;

static int
parse(bool words, const char *a, const char *b, const char *c)
{
	char *argv[5] = { (char *)(uintptr_t)"gcs-emulator" };
	int argc = 1;

	argv[argc] = (char *)(uintptr_t)a;
	argc += a != NULL;
	argv[argc] = (char *)(uintptr_t)b;
	argc += b != NULL;
	argv[argc] = (char *)(uintptr_t)c;
	argc += c != NULL;
	err_release(&e);
	return (options_parse(argc, argv, 1, words, &o, &e));
}

START_TEST(values_come_as_the_next_word_or_after_the_equals_sign)
{

	ck_assert_int_eq(parse(false, "--http", "127.0.0.1:1", "--history"),
	    0);
	ck_assert_str_eq(o.start.http, "127.0.0.1:1");
	ck_assert(o.start.history);
	ck_assert_int_eq(parse(false, "--http=127.0.0.1:2", "--auth=on",
	    "--durability=power"), 0);
	ck_assert_str_eq(o.start.http, "127.0.0.1:2");
	ck_assert_int_eq(o.start.auth, START_AUTH_ON);
	ck_assert(o.start.power);
	ck_assert_int_eq(parse(false, NULL, NULL, NULL), 0);
	ck_assert_int_eq(o.start.auth, START_AUTH_DEFAULT);
	ck_assert_ptr_null(o.start.http);
}
END_TEST

START_TEST(mistakes_are_named_with_what_was_meant)
{
	static const struct { const char *a, *b, *message; } t[] = {
		{ "--htp", "x", "did you mean --http?" },
		{ "--listen-beyond-lopback", NULL,
		    "did you mean --listen-beyond-loopback?" },
		{ "--zzzzzzzzz", NULL, "unknown option --zzzzzzzzz" },
		{ "--data", NULL, "--data DIR" },
		{ "--data=", NULL, "wants a value" },
		{ "--auth", "perhaps", "on or off, not 'perhaps'" },
		{ "--durability", "no", "power or process, not 'no'" },
		{ "--history=yes", NULL, "takes no value" },
		{ "-h", NULL, "'-h' is no option" },
		{ "word", NULL, "'word' is no option" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(parse(false, t[i].a, t[i].b, NULL), -1);
		ck_assert_msg(strstr(e.msg, t[i].message) != NULL, "%s: %s",
		    t[i].a, e.msg);
	}
}
END_TEST

START_TEST(a_command_begins_at_the_first_word_or_after_two_dashes)
{

	ck_assert_int_eq(parse(true, "--history", "sh", "--http"), 0);
	ck_assert_int_eq(o.rest, 2);
	ck_assert_ptr_null(o.start.http);
	ck_assert_int_eq(parse(true, "--", "--odd-name", NULL), 0);
	ck_assert_int_eq(o.rest, 2);
	ck_assert_int_eq(parse(true, "--history", NULL, NULL), 0);
	ck_assert_int_eq(o.rest, 2);
}
END_TEST

static void
teardown(void)
{

	err_release(&e);
}

int
main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t,
	    values_come_as_the_next_word_or_after_the_equals_sign);
	tcase_add_test(t, mistakes_are_named_with_what_was_meant);
	tcase_add_test(t,
	    a_command_begins_at_the_first_word_or_after_two_dashes);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
