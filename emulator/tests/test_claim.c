#include "emulator/identity/claim.h"

#include <check.h>
#include <string.h>

#include "lib/buf.h"

static json_t *env;

static void
setup(void)
{

	env = json_loads("{\"assertion\":{\"sub\":\"repo:me/app:ref\","
	    "\"arn\":\"arn:aws:sts::123:assumed-role/my-role/i-7\","
	    "\"n\":7,\"yes\":true,\"groups\":[\"ops\",\"dev\"],"
	    "\"a-b\":\"dash\",\"ci\":{\"repo\":\"me/app\"}}}", 0, NULL);
	ck_assert_ptr_nonnull(env);
}

static void
teardown(void)
{

	json_decref(env);
}

#define ROLE	"assertion.arn.contains('assumed-role') ? "		\
		"assertion.arn.extract('{account_arn}assumed-role/') + " \
		"'assumed-role/' + "					\
		"assertion.arn.extract('assumed-role/{role_name}/') : "	\
		"assertion.arn"

/* "" where there is no value. */
static const struct { const char *text, *is; } values[] = {
	{ "assertion.sub", "\"repo:me/app:ref\"" },
	{ "assertion.ci.repo", "\"me/app\"" },
	{ "assertion['a-b']", "\"dash\"" },
	{ "assertion.groups[1]", "\"dev\"" },
	{ "assertion.groups[2]", "" },
	{ "assertion.nope", "" },
	{ "assertion.nope.contains('x')", "" },
	{ "'x::' + assertion.sub", "\"x::repo:me/app:ref\"" },
	{ "'x' + assertion.n", "" },
	{ ROLE, "\"arn:aws:sts::123:assumed-role/my-role\"" },
	{ "assertion.sub.split(':')[1]", "\"me/app\"" },
	{ "assertion.sub.split(':').join('.')", "\"repo.me/app.ref\"" },
	{ "assertion.sub.replace('e', 'EE')", "\"rEEpo:mEE/app:rEEf\"" },
	{ "assertion.sub.upperAscii().lowerAscii() == assertion.sub",
	    "true" },
	{ "assertion.n == 7 && assertion.yes", "true" },
	{ "assertion.n != 7 || !assertion.yes", "false" },
	{ "assertion.nope == 'x' || true", "true" },
	{ "assertion.nope == 'x' && false", "false" },
	{ "assertion.nope == 'x' || false", "" },
	{ "!assertion.nope", "" },
	{ "has(assertion.sub) && !has(assertion.nope)", "true" },
	{ "'dev' in assertion.groups", "true" },
	{ "'root' in assertion.groups", "false" },
	{ "'x' in assertion.sub", "" },
	{ "(assertion.yes ? 'a' : 'b') + \"c\"", "\"ac\"" },
	{ "assertion.n ? 'a' : 'b'", "" },
	{ "assertion.sub.extract('{x}nowhere')", "\"\"" },
	{ "assertion.sub.startsWith('repo:') && "
	    "assertion.sub.endsWith(':ref')", "true" },
	{ "'it\\'s'", "\"it's\"" },
};

START_TEST(what_an_expression_is_worth)
{
	struct err e = ERR_INIT;
	json_t *v;
	char *is;

	ck_assert_msg(claim_check(values[_i].text, false, &e) == 0, "%s: %s",
	    values[_i].text, err_msg(&e));
	v = claim_value(values[_i].text, env);
	is = v != NULL ? json_dumps(v, JSON_ENCODE_ANY) : mem_strdup("");
	ck_assert_msg(strcmp(is, values[_i].is) == 0, "%s is %s",
	    values[_i].text, is);
	free(is);
	json_decref(v);
}
END_TEST

static const char *const refused[] = { "", " ", "assertion.", "sub",
	"request.time", "google.subject", "assertion.sub.matches('x')",
	"assertion.sub.substring(1)", "assertion.sub == ", "'abc", "'\\n'",
	"(assertion.sub", "assertion.sub)", "assertion.sub assertion.n",
	"assertion.n < 8", "assertion.n - 1", "[1]", "{}", "1.5",
	"99999999999", "assertion.sub.contains()",
	"assertion.sub.contains('a', 'b')", "has()", "assertion[",
	"true ? 1", "a == b == c", "assertion.sub.split(':').map(x, x)",
	"assertion.groups.all(g, g == 'x')", "\x01" };

START_TEST(what_is_not_known_is_refused)
{
	struct err e = ERR_INIT;

	ck_assert_msg(claim_check(refused[_i], false, &e) != 0, "%s",
	    refused[_i]);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "column "));
	ck_assert_ptr_null(claim_value(refused[_i], env));
	err_release(&e);
}
END_TEST

START_TEST(conditions_see_what_was_mapped)
{
	json_auto_t *all = json_pack("{s:{}, s:{s:[s]}, s:{s:s}}",
	    "assertion", "google", "groups", "admins", "attribute", "a", "x");
	static const char text[] =
	    "'admins' in google.groups && attribute.a == 'x'";
	json_auto_t *v = claim_value(text, all);

	ck_assert(json_is_true(v));
	ck_assert_int_eq(claim_check(text, true, NULL), 0);
	ck_assert_int_ne(claim_check(text, false, NULL), 0);
}
END_TEST

START_TEST(depth_and_length_are_bounded)
{
	static const char *const again[] = { "(", "!", "has(", "true?",
	    "'a'+", "assertion[" };
	struct buf b;

	buf_init(&b, 64u << 10);
	for (size_t i = 0; i < NELEMS(again); i++) {
		buf_reset(&b);
		while (b.len < 2000)
			buf_adds(&b, again[i]);
		ck_assert_int_ne(claim_check(b.p, false, NULL), 0);
	}
	buf_reset(&b);
	while (b.len < CLAIM_MAPPING_MAX + 1)
		buf_adds(&b, " ");
	buf_adds(&b, "assertion.sub");
	ck_assert_int_ne(claim_check(b.p, false, NULL), 0);
	ck_assert_int_eq(claim_check(b.p, true, NULL), 0);
	buf_release(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("claim");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_an_expression_is_worth, 0,
	    NELEMS(values));
	tcase_add_loop_test(t, what_is_not_known_is_refused, 0,
	    NELEMS(refused));
	tcase_add_test(t, conditions_see_what_was_mapped);
	tcase_add_test(t, depth_and_length_are_bounded);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? 0 : 1);
}
