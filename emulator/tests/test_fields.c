#include <check.h>
#include <stdlib.h>

#include "emulator/api/fields.h"
#include "lib/mem.h"

static const char whole[] = "{\"items\":[{\"name\":\"a\",\"size\":\"1\","
    "\"metadata\":{\"k\":\"v\",\"l\":\"w\"}},{\"name\":\"b\"}],"
    "\"next\":\"t\",\"kind\":\"x\"}";

static const struct {
	const char *selector, *out;	/* NULL: malformed */
} cases[] = {
	{ "next", "{\"next\":\"t\"}" },
	{ "items/name,next",
	    "{\"items\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"next\":\"t\"}" },
	{ "items(name,size),next", "{\"items\":[{\"name\":\"a\",\"size\":"
	    "\"1\"},{\"name\":\"b\"}],\"next\":\"t\"}" },
	{ "items(metadata/k)",
	    "{\"items\":[{\"metadata\":{\"k\":\"v\"}},{}]}" },
	{ "items/metadata(k)",
	    "{\"items\":[{\"metadata\":{\"k\":\"v\"}},{}]}" },
	{ "*", whole },
	{ "items/*/k", "{\"items\":[{\"name\":\"a\",\"size\":\"1\","
	    "\"metadata\":{\"k\":\"v\"}},{\"name\":\"b\"}]}" },
	{ "nothing", "{}" },
	/* a name that was selected whole stays whole */
	{ "items,items/name", "{\"items\":[{\"name\":\"a\",\"size\":\"1\","
	    "\"metadata\":{\"k\":\"v\",\"l\":\"w\"}},{\"name\":\"b\"}]}" },
	{ "items/name,items", "{\"items\":[{\"name\":\"a\",\"size\":\"1\","
	    "\"metadata\":{\"k\":\"v\",\"l\":\"w\"}},{\"name\":\"b\"}]}" },
	{ "", NULL }, { "items(", NULL }, { "items(name", NULL },
	{ "items(name))", NULL }, { "items()", NULL }, { ",next", NULL },
	{ "next,", NULL }, { "/next", NULL }, { "items/", NULL },
	{ "a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a))))))))))))))))))))",
	    NULL },
	{ "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", NULL },
};

START_TEST(selector_leaves_what_it_names)
{
	struct err e = ERR_INIT;
	struct jtext w;
	int rc;

	jtext_init(&w, false, 1u << 20);
	rc = fields_select(&w, whole, cases[_i].selector, &e);
	if (cases[_i].out == NULL) {
		ck_assert_int_eq(rc, -1);
		ck_assert_ptr_nonnull(e.msg);
		ck_assert_uint_eq(w.b.len, 0);
	} else {
		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(w.b.p, cases[_i].out);
	}
	jtext_release(&w);
	err_release(&e);
}
END_TEST

/* Keys that were written with escapes are the same keys; what is not an object
 * is copied, and so is what stands at any depth. */
static const struct {
	const char *in, *selector, *out;
} texts[] = {
	{ "{\"a\\\"b\":1,\"c\":2}", "a\"b", "{\"a\\\"b\":1}" },
	{ "{\"\\u0061\":1,\"b\":2}", "a", "{\"\\u0061\":1}" },
	{ "{\"a\":[[{\"b\":1,\"c\":2}],[],3,null]}", "a/b",
	    "{\"a\":[[{\"b\":1}],[],3,null]}" },
	{ " { \"a\" : { \"b\" : [ 1 , { } ] } , \"c\" : \"}\" } ", "a,c",
	    "{\"a\":{\"b\":[1,{}]},\"c\":\"}\"}" },
	{ "{\"a\":{\"b\":1,\"c\":{\"d\":1,\"e\":2}}}", "a(*(d),b)",
	    "{\"a\":{\"b\":1,\"c\":{\"d\":1}}}" },
	{ "{}", "a", "{}" },
	{ "[]", "a", "[]" },
};

START_TEST(text_is_selected_as_it_stands)
{
	struct err e = ERR_INIT;
	struct jtext w;

	jtext_init(&w, false, 1u << 20);
	ck_assert_int_eq(fields_select(&w, texts[_i].in, texts[_i].selector,
	    &e), 0);
	ck_assert_str_eq(w.b.p, texts[_i].out);
	jtext_release(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fields");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, selector_leaves_what_it_names, 0,
	    (int)NELEMS(cases));
	tcase_add_loop_test(t, text_is_selected_as_it_stands, 0,
	    (int)NELEMS(texts));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
