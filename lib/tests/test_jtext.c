#include <string.h>

#include "lib/jtext.h"
#include "lib/tests/unit.h"

#define MAX	(1u << 20)

static const struct string_case {
	const char *in;
	size_t	n;
	const char *out;
} strings[] = {
	{ "", 0, "\"\"" },
	{ "plain text", 10, "\"plain text\"" },
	{ "\"", 1, "\"\\\"\"" },
	{ "a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"" },
	{ "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
	{ "\0\1\37", 3, "\"\\u0000\\u0001\\u001F\"" },
	{ "\v\x7f", 2, "\"\\u000B\x7f\"" },
	{ "\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80", 9,
	    "\"\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80\"" },
	{ "end\"", 4, "\"end\\\"\"" },
};

START_TEST(strings_are_escaped)
{
	const struct string_case *c = &strings[_i];
	struct jtext w;

	jtext_init(&w, false, MAX);
	jtext_str(&w, c->in, c->n);
	ck_assert_str_eq(w.b.p, c->out);
	jtext_release(&w);
}
END_TEST

START_TEST(numbers_of_any_size_are_written)
{
	struct jtext w;

	jtext_init(&w, false, MAX);
	jtext_num(&w, INT64_MIN);
	jtext_num(&w, -1);
	jtext_num(&w, 0);
	jtext_num(&w, 10);
	jtext_num(&w, INT64_MAX);
	ck_assert_str_eq(w.b.p,
	    "-9223372036854775808-10109223372036854775807");
	jtext_release(&w);
}
END_TEST

static void
write_all(struct jtext *w)
{

	jtext_open(w, '{');
	jtext_set(w, "a", "x\n");
	jtext_key(w, "b", 1);
	jtext_open(w, '[');
	jtext_item(w);
	jtext_num(w, 1);
	jtext_item(w);
	jtext_open(w, '{');
	jtext_close(w, '}');
	jtext_item(w);
	(void)jtext_copy(w, "{\"k\":[true,{\"l\":null}],\"m\":[]}");
	jtext_close(w, ']');
	jtext_set_num(w, "c", -7);
	jtext_key(w, "d", 1);
	jtext_quote(w);
	jtext_part(w, "1\"2", 3);
	jtext_raw(w, "/", 1);
	jtext_num(w, 3);
	jtext_quote(w);
	jtext_close(w, '}');
}

START_TEST(members_are_separated_and_indented)
{
	struct jtext w;

	jtext_init(&w, false, MAX);
	write_all(&w);
	ck_assert_str_eq(w.b.p, "{\"a\":\"x\\n\",\"b\":[1,{},{\"k\":[true,"
	    "{\"l\":null}],\"m\":[]}],\"c\":\"-7\",\"d\":\"1\\\"2/3\"}");
	jtext_release(&w);
	jtext_init(&w, true, MAX);
	write_all(&w);
	ck_assert_str_eq(w.b.p, "{\n  \"a\": \"x\\n\",\n  \"b\": [\n    1,\n"
	    "    {},\n    {\n      \"k\": [\n        true,\n        {\n"
	    "          \"l\": null\n        }\n      ],\n      \"m\": []\n"
	    "    }\n  ],\n  \"c\": \"-7\",\n  \"d\": \"1\\\"2/3\"\n}");
	jtext_release(&w);
}
END_TEST

static const struct copy_case {
	const char *in, *out, *rest;
} copies[] = {
	{ "1", "1", "" }, { "-1.5e+3,", "-1.5e+3", "," },
	{ "\"a\\\"}\" ]", "\"a\\\"}\"", " ]" },
	{ " [ ] x", "[]", " x" }, { "{}}", "{}", "}" },
	{ "{ \"a\" : [ 1 , \"b,c:d\" , [ ] ] ,\n\t\"\\\\\" : null }",
	    "{\"a\":[1,\"b,c:d\",[]],\"\\\\\":null}", "" },
};

START_TEST(one_value_is_copied_without_its_blanks)
{
	struct jtext w;
	const char *p;

	jtext_init(&w, false, MAX);
	p = jtext_copy(&w, copies[_i].in);
	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(p, copies[_i].rest);
	ck_assert_str_eq(w.b.p, copies[_i].out);
	ck_assert_ptr_eq(jtext_skip(copies[_i].in), p);
	jtext_release(&w);
}
END_TEST

static const char *const broken[] = { "", " ", "{", "[", "[1", "[1,", "{\"a\"",
	"{\"a\":", "{\"a\":1", "\"", "\"a", "\"\\", "\"a\\\"", "}", "]", ",1",
	":", "[\"]", "{\"a\":[}" };

START_TEST(what_has_no_end_is_refused)
{
	struct jtext w;

	jtext_init(&w, true, MAX);
	ck_assert_ptr_null(jtext_copy(&w, broken[_i]));
	ck_assert_ptr_null(jtext_skip(broken[_i]));
	jtext_release(&w);
}
END_TEST

/* Keys and values, with a blank behind each. */
static void
walk(const char *p, struct buf *b, const char **end)
{
	const char *k, *v;
	size_t n;

	for (p++; (v = jtext_member(p, &k, &n, end)) != NULL; ) {
		p = jtext_skip(v);
		ck_assert_ptr_nonnull(p);
		buf_addf(b, "%.*s %.*s ", (int)n, k, (int)(p - v), v);
	}
}

START_TEST(members_come_one_by_one)
{
	const char *end, *p, *v;
	struct buf b;

	buf_init(&b, MAX);
	walk("{\"a\" : 1 , \"b\\\"\":{\"c\":2},\"\":[3] } x", &b, &end);
	ck_assert_str_eq(b.p, "a 1 b\\\" {\"c\":2}  [3] ");
	ck_assert_str_eq(end, " x");
	buf_reset(&b);
	walk("{}", &b, &end);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(end, "");
	walk("{\"a\":1,2}", &b, &end);
	ck_assert_ptr_null(end);
	walk("{\"a\" 1}", &b, &end);
	ck_assert_ptr_null(end);
	walk("{\"a", &b, &end);
	ck_assert_ptr_null(end);
	buf_reset(&b);
	for (p = "1, [2],{}]"; (v = jtext_element(p, &end)) != NULL; ) {
		p = jtext_skip(v);
		buf_addf(&b, "%.*s ", (int)(p - v), v);
	}
	ck_assert_str_eq(b.p, "1 [2] {} ");
	ck_assert_str_eq(end, "");
	buf_release(&b);
}
END_TEST

START_TEST(a_member_is_found_by_its_whole_name)
{
	static const char o[] = " {\"ab\":1,\"x\":{\"a\":2},\"a\":\"3\"}";

	ck_assert_ptr_eq(jtext_find(o, "a"), strstr(o, "\"3\""));
	ck_assert_ptr_eq(jtext_find(o, "ab"), strstr(o, "1,"));
	ck_assert_ptr_null(jtext_find(o, "b"));
	ck_assert_ptr_null(jtext_find(o, ""));
	ck_assert_ptr_null(jtext_find("{}", "a"));
	ck_assert_ptr_null(jtext_find("", "a"));
	ck_assert_ptr_null(jtext_find("[\"a\"]", "a"));
	ck_assert_ptr_null(jtext_find("{\"b\":", "a"));
}
END_TEST

START_TEST(beyond_the_cap_nothing_is_added)
{
	struct jtext w;

	jtext_init(&w, true, 10);
	for (int i = 0; i < 100; i++)
		jtext_open(&w, '[');
	jtext_set(&w, "key", "value");
	jtext_str(&w, "a long enough text", 18);
	for (int i = 0; i < 100; i++)
		jtext_close(&w, ']');
	ck_assert(!buf_ok(&w.b));
	ck_assert_uint_le(w.b.len, 10);
	jtext_release(&w);
}
END_TEST

Suite *
suite(void)
{
	Suite *s = suite_create("jtext");
	TCase *t = tcase_create("jtext");

	tcase_add_loop_test(t, strings_are_escaped, 0, (int)NELEMS(strings));
	tcase_add_test(t, numbers_of_any_size_are_written);
	tcase_add_test(t, members_are_separated_and_indented);
	tcase_add_loop_test(t, one_value_is_copied_without_its_blanks, 0,
	    (int)NELEMS(copies));
	tcase_add_loop_test(t, what_has_no_end_is_refused, 0,
	    (int)NELEMS(broken));
	tcase_add_test(t, members_come_one_by_one);
	tcase_add_test(t, a_member_is_found_by_its_whole_name);
	tcase_add_test(t, beyond_the_cap_nothing_is_added);
	suite_add_tcase(s, t);
	return (s);
}
