/* XML bodies: what is taken, and what is refused before it can grow. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/xml/xml_read.h"
#include "lib/buf.h"

static struct arena ar;

static void
teardown(void)
{

	arena_release(&ar);
}

static const struct xml_node *
take(const char *s)
{
	const struct xml_node *n;
	const char *why;

	n = xml_read(&ar, s, strlen(s), &why);
	ck_assert_msg(n != NULL, "%s: %s", s, why);
	return (n);
}

START_TEST(elements_texts_and_attributes_are_found)
{
	const struct xml_node *n = take("<?xml version='1.0'?>\n"
	    "<A xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
	    "<B> x&amp;y&#233;<![CDATA[<z>]]></B><C t=\"q\"><D/></C>"
	    "<B>2</B></A>");

	ck_assert_str_eq(n->name, "A");
	ck_assert_str_eq(xml_text(n, "B"), " x&y\xc3\xa9<z>");
	ck_assert_str_eq(xml_word(&ar, n, "B"), "x&y\xc3\xa9<z>");
	ck_assert_str_eq(xml_again(xml_child(n, "B"))->text, "2");
	ck_assert_ptr_null(xml_again(xml_again(xml_child(n, "B"))));
	ck_assert_str_eq(xml_attr(xml_child(n, "C"), "t"), "q");
	ck_assert_ptr_null(xml_attr(xml_child(n, "C"), "u"));
	ck_assert_str_eq(xml_text(xml_child(n, "C"), "D"), "");
	ck_assert_ptr_null(xml_text(n, "E"));
	ck_assert_ptr_null(xml_child(xml_child(n, "E"), "F"));
	ck_assert(xml_only(n, (const char *const[]){ "B", "C", NULL }));
	ck_assert(!xml_only(n, (const char *const[]){ "B", NULL }));
}
END_TEST

START_TEST(other_encodings_become_utf8)
{
	static const char latin[] = "<?xml version='1.0' "
	    "encoding='ISO-8859-1'?><A>\xe9</A>";
	static const char utf16[] = "\xff\xfe<\0A\0>\0\xe9\0<\0/\0A\0>\0";
	const char *why;

	ck_assert_str_eq(take(latin)->text, "\xc3\xa9");
	ck_assert_str_eq(xml_read(&ar, utf16, sizeof(utf16) - 1, &why)->text,
	    "\xc3\xa9");
}
END_TEST

static const struct bad_case {
	const char *xml, *why;
} bad[] = {
	{ "", "no element" },
	{ "x", "syntax error" },
	{ "<A>", "no element" },
	{ "<A></B>", "mismatched" },
	{ "<A/><B/>", "junk" },
	{ "<A>\xff</A>", "not well-formed" },
	{ "<A>&nbsp;</A>", "undefined entity" },
	{ "<A>&#0;</A>", "invalid character" },
	{ "<?xml version='1.0' encoding='x-none'?><A/>", "encoding" },
	{ "<x:A/>", "prefix" },
	{ "<A xmlns='http:s3.amazonaws.com/doc/2006-03-01/'/>",
	    "foreign namespace" },
	{ "<A><B xmlns='urn:x'/></A>", "foreign namespace" },
	{ "<!DOCTYPE A><A/>", "document type" },
	{ "<!DOCTYPE A [<!ENTITY a 'b'>]><A>&a;</A>", "document type" },
	{ "<!DOCTYPE A SYSTEM 'file:///etc/passwd'><A/>", "document type" },
	{ "<!DOCTYPE A [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]><A/>",
	    "document type" },
	{ "<!DOCTYPE l [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;'>"
	    "<!ENTITY c '&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;'>"
	    "]><l>&d;</l>", "document type" },
};

START_TEST(what_is_not_plain_xml_is_refused)
{
	const char *why = NULL;

	ck_assert_ptr_null(xml_read(&ar, bad[_i].xml, strlen(bad[_i].xml),
	    &why));
	ck_assert_msg(why != NULL && strstr(why, bad[_i].why) != NULL,
	    "%s: %s", bad[_i].xml, why);
}
END_TEST

START_TEST(depth_and_count_are_bounded)
{
	const char *why = NULL;
	struct buf b;

	buf_init(&b, 8u << 20);
	for (int i = 0; i < XML_READ_DEPTH; i++)
		buf_adds(&b, "<A>");
	for (int i = 0; i < XML_READ_DEPTH; i++)
		buf_adds(&b, "</A>");
	ck_assert_ptr_nonnull(xml_read(&ar, b.p, b.len, &why));
	buf_reset(&b);
	for (int i = 0; i < 200000; i++)
		buf_adds(&b, "<A>");
	ck_assert_ptr_null(xml_read(&ar, b.p, b.len, &why));
	ck_assert_ptr_nonnull(strstr(why, "too deep"));
	buf_reset(&b);
	buf_adds(&b, "<A>");
	for (int i = 0; i < XML_READ_NODES; i++)
		buf_adds(&b, "<B/>");
	buf_adds(&b, "</A>");
	ck_assert_ptr_null(xml_read(&ar, b.p, b.len, &why));
	ck_assert_ptr_nonnull(strstr(why, "too many"));
	buf_release(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xml_read");
	TCase *t = tcase_create("xml_read");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, elements_texts_and_attributes_are_found);
	tcase_add_test(t, other_encodings_become_utf8);
	tcase_add_loop_test(t, what_is_not_plain_xml_is_refused, 0,
	    (int)NELEMS(bad));
	tcase_add_test(t, depth_and_count_are_bounded);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
