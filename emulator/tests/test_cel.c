#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/identity/cel.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/mem.h"

/* 2026-11-23T04:05:06.789Z, a Monday */
#define NOW	"2026-11-23T04:05:06.789Z"
#define NAME	"resource.name"
#define OBJECT	"projects/_/buckets/b/objects/db/0/1.ltx"

static const struct {
	const char *text;
	bool	holds;
} cases[] = {
	{ "true", true },
	{ "false", false },
	{ "!false", true },
	{ "!!false", false },
	{ "(true)", true },
	{ NAME " == \"" OBJECT "\"", true },
	{ NAME " != '" OBJECT "'", false },
	{ NAME ".startsWith('projects/_/buckets/b/objects/db/')", true },
	{ NAME ".startsWith('projects/_/buckets/b/objects/d/')", false },
	{ NAME ".endsWith(\".ltx\")", true },
	{ "!" NAME ".endsWith('.wal')", true },
	{ NAME ".extract('objects/{p}/') == 'db'", true },
	{ NAME ".extract('/db/{p}') == '0/1.ltx'", true },
	{ NAME ".extract('{p}/_') == 'projects'", true },
	{ NAME ".extract('/nothing/{p}/') == ''", true },
	{ NAME ".extract('1.{p}/') == ''", true },
	{ NAME ".extract('objects/{p}/').startsWith('d')", true },
	{ "resource.type == 'storage.googleapis.com/Object'", true },
	{ "resource.type == 'storage.googleapis.com/Bucket' || "
	    NAME ".endsWith('ltx')", true },
	{ "request.time < timestamp('2026-11-23T04:05:06.790Z')", true },
	{ "request.time < timestamp('2026-11-23T04:05:06.789Z')", false },
	{ "request.time <= timestamp('2026-11-23T04:05:06.789Z')", true },
	{ "request.time > timestamp('2026-11-23T05:05:05+02:00')", true },
	{ "request.time >= timestamp(\"2026-12-01T00:00:00Z\")", false },
	{ "timestamp('2026-12-01T00:00:00Z') > request.time", true },
	{ "request.time.getFullYear() == 2026", true },
	{ "request.time.getMonth() == 10", true },
	{ "request.time.getDate() == 23", true },
	{ "request.time.getDayOfMonth() == 22", true },
	{ "request.time.getDayOfWeek('UTC') == 1", true },
	{ "request.time.getHours() >= 4 && request.time.getHours() < 5", true },
	{ "request.time.getMinutes() == 5", true },
	{ "request.time.getSeconds() == 6", true },
	{ "request.time.getMilliseconds() == 789", true },
	{ "request.time.getDayOfYear() == 326", true },
	/* && before ||, from the left */
	{ "true || false && false", true },
	{ "(true || false) && false", false },
	{ "false && true || true", true },
	{ "true\n  && true", true },
	{ "'a\\'b' == \"a'b\"", true },
	{ "'a\\n' != 'a'", true },
	/* U+0000 U+0002, as lib/nul.h has it, does not end in U+0001. */
	{ "'\1\1\2'.endsWith('\1\2')", false },
	{ "'\1\1\2'.endsWith('\2')", true },
	{ "'\1\1\2/\1\2x/'.extract('\1\2{n}/') == 'x'", true },
};

START_TEST(expressions_hold_as_they_say)
{
	struct cel_env env = { .name = OBJECT,
	    .type = "storage.googleapis.com/Object",
	    .service = "storage.googleapis.com" };
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;

	ck_assert_int_eq(clock_parse_rfc3339(NOW, &env.time_us), 0);
	ck_assert_msg(cel_check(cases[_i].text, &e) == 0, "%s: %s",
	    cases[_i].text, err_msg(&e));
	ck_assert_msg(cel_holds(cases[_i].text, &env, &a) == cases[_i].holds,
	    "%s", cases[_i].text);
	arena_release(&a);
}
END_TEST

/* No attribute: no permission, whichever way it is asked, unless the rest
 * decides. */
START_TEST(an_attribute_that_is_missing_permits_nothing)
{
	static const struct { const char *text; bool holds; } t[] = {
		{ NAME " == ''", false },
		{ NAME " != 'x'", false },
		{ "!" NAME ".startsWith('x')", false },
		{ "!(" NAME " == 'x')", false },
		{ NAME ".extract('{a}') == ''", false },
		{ NAME " == 'x' || true", true },
		{ "true || " NAME " == 'x'", true },
		{ NAME " == 'x' && true", false },
		{ "!(" NAME " == 'x' && false)", true },
	};
	struct cel_env env = { .name = NULL };
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_msg(cel_holds(t[i].text, &env, &a) == t[i].holds,
		    "%s", t[i].text);
	arena_release(&a);
}
END_TEST

static const struct {
	const char *text, *says;
} refused[] = {
	{ "", "ends too early" },
	{ "   ", "ends too early" },
	{ "'x'", "gives a text" },
	{ "7", "gives a number" },
	{ "request.time", "gives a time" },
	{ "true true", "unexpected 't'" },
	{ "true &&", "ends too early" },
	{ "(true", "')' is wanted" },
	{ "true && 'x'", "does not go with a text" },
	{ "!'x'", "does not go with a text" },
	{ NAME " < 'x'", "'<' does not go with a text" },
	{ NAME " == 7", "compared with a number" },
	{ NAME ".matches('x')", "unknown function 'matches'" },
	{ NAME ".startsWith(7)", "text in quotes" },
	{ NAME ".startsWith('x'", "')' is wanted" },
	{ NAME " == 'x", "does not end" },
	{ NAME " == 'x\\q'", "unknown escape" },
	{ NAME " == 'x\\", "unknown escape" },
	{ NAME ".extract('none') == ''", "template" },
	{ NAME ".extract('{}') == ''", "template" },
	{ NAME ".extract('{a}{b}') == ''", "template" },
	{ "resource.labels == 'x'", "'resource.labels'" },
	{ "request.auth == 'x'", "'request.auth'" },
	{ "destination.ip == 'x'", "'destination'" },
	{ "api.getAttribute('x', [])", "'api'" },
	{ "request.time < timestamp('tomorrow')", "RFC 3339" },
	{ "request.time.getHours('Europe/Berlin') > 8", "UTC only" },
	{ "request.time.getCentury() == 20", "getCentury" },
	{ "99999999999999999999 == 1", "too large" },
	{ "true \xc3\xa4", "unexpected character" },
	{ "request.time.getHours().x() == 1", "has no function 'x'" },
};

START_TEST(what_is_not_understood_is_refused)
{
	struct err e = ERR_INIT;

	ck_assert_msg(cel_check(refused[_i].text, &e) != 0, "%s",
	    refused[_i].text);
	ck_assert_msg(strstr(err_msg(&e), refused[_i].says) != NULL,
	    "%s: %s", refused[_i].text, err_msg(&e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "column "));
	err_release(&e);
}
END_TEST

START_TEST(depth_and_operators_are_bounded)
{
	struct err e = ERR_INIT;
	struct buf b;

	buf_init(&b, 1u << 20);
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, '(');
	ck_assert_int_ne(cel_check(b.p, &e), 0);
	buf_release(&b);
	buf_init(&b, 1u << 20);
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, '!');
	ck_assert_int_ne(cel_check(b.p, &e), 0);
	buf_release(&b);
	buf_init(&b, 1000);
	buf_adds(&b, "true");
	for (int i = 0; i < 12; i++)
		buf_adds(&b, " && true");
	ck_assert_int_eq(cel_check(b.p, &e), 0);
	buf_adds(&b, " && true");
	ck_assert_int_ne(cel_check(b.p, &e), 0);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "12 logical operators"));
	buf_release(&b);
	err_release(&e);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cel");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, expressions_hold_as_they_say, 0,
	    (int)NELEMS(cases));
	tcase_add_test(t, an_attribute_that_is_missing_permits_nothing);
	tcase_add_loop_test(t, what_is_not_understood_is_refused, 0,
	    (int)NELEMS(refused));
	tcase_add_test(t, depth_and_operators_are_bounded);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
