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
	json_auto_t *in = json_loads(whole, 0, NULL), *out, *want;
	struct err e = ERR_INIT;

	out = fields_select(in, cases[_i].selector, &e);
	if (cases[_i].out == NULL) {
		want = NULL;
		ck_assert_ptr_null(out);
		ck_assert_ptr_nonnull(e.msg);
	} else {
		want = json_loads(cases[_i].out, 0, NULL);
		ck_assert_ptr_nonnull(want);
		ck_assert(json_equal(out, want));
	}
	err_release(&e);
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
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
