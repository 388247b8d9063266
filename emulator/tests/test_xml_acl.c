/* Access control lists of the XML API over real connections. */
#include "emulator/tests/client.h"

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_text("PUT", "/bkt", ""), 200);
	ck_assert_int_eq(client_text("PUT", "/bkt/o", "x"), 200);
}

static bool
has(const char *text)
{

	return (strstr(cl.body.p, text) != NULL);
}

static void
says(const char *text)
{

	ck_assert_msg(has(text), "no '%s' in: %s", text, cl.body.p);
}

#define LIST(entries) "<AccessControlList><Entries>" entries		\
	"</Entries></AccessControlList>"
#define ENTRY(scope, permission) "<Entry>" scope "<Permission>"		\
	permission "</Permission></Entry>"
#define ALL	"<Scope type='AllUsers'></Scope>"
#define MAIL	"<Scope type='UserByEmail'><EmailAddress>a@b.example"	\
	"</EmailAddress></Scope>"

static const char *const paths[] = { "/bkt?acl", "/bkt/?defaultObjectAcl",
    "/bkt/o?acl" };

START_TEST(a_list_is_read_and_set)
{
	const char *path = paths[_i];

	ck_assert_int_eq(client_get(path), 200);
	says("<AccessControlList><Owner><ID>");
	says("</Owner><Entries><Entry><Scope type='");
	says("<Permission>FULL_CONTROL</Permission>");
	ck_assert(!has("AllUsers"));
	ck_assert_msg(client_text("PUT", path, LIST(
	    ENTRY("<Scope type=\"GroupById\"><ID>project-owners-litedrill"
	    "</ID></Scope>", "FULL_CONTROL") ENTRY(ALL, "READ")
	    ENTRY(MAIL, "FULL_CONTROL"))) == 200, "%s", cl.body.p);
	ck_assert_int_eq(client_get(path), 200);
	says(ENTRY(ALL, "READ"));
	says(ENTRY(MAIL, "FULL_CONTROL"));
	ck_assert_int_eq(client_get("/bkt/o"), 200);
	ck_assert_str_eq(cl.body.p, "x");
}
END_TEST

START_TEST(a_header_names_a_predefined_list)
{
	const char *path = paths[_i];

	ck_assert_int_eq(client_ask("PUT", path, "", 0,
	    "x-goog-acl: public-read"), 200);
	for (size_t i = 0; i < NELEMS(paths); i++) {
		ck_assert_int_eq(client_get(paths[i]), 200);
		ck_assert_int_eq(has(ENTRY(ALL, "READ")), i == (size_t)_i);
	}
	ck_assert_int_eq(client_ask("PUT", path, "", 0,
	    "x-goog-acl: nonsense"), 400);
	ck_assert_int_eq(client_ask("PUT", path, "<x/>", 4,
	    "x-goog-acl: private"), 400);
	says("<Code>UnexpectedContent</Code>");
}
END_TEST

START_TEST(a_malformed_list_changes_nothing)
{
	static const char *const t[] = { "", "<X/>", "<!DOCTYPE x []><X/>",
		LIST("<Entry/>"), LIST(ENTRY(ALL, "EAT")),
		LIST(ENTRY("<Scope/>", "READ")),
		LIST(ENTRY("<Scope type='UserByEmail'/>", "READ")) };

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(client_text("PUT", paths[_i], t[i]), 400);
		says("<Code>MalformedACLError</Code>");
	}
	ck_assert_int_eq(client_text("PUT", "/none?acl",
	    LIST(ENTRY(ALL, "READ"))), 404);
	ck_assert_int_eq(client_text("PUT", "/bkt/none?acl",
	    LIST(ENTRY(ALL, "READ"))), 404);
	says("<Code>NoSuchKey</Code>");
}
END_TEST

START_TEST(amazons_form_is_spoken_with_who_speaks_it)
{
	static const char *const amz[] = { "x-amz-date: x", NULL };
	static const char body[] = "<AccessControlPolicy xmlns='http://"
	    "s3.amazonaws.com/doc/2006-03-01/'><Owner><ID>x</ID></Owner>"
	    "<AccessControlList><Grant><Grantee xmlns:xsi='http://www.w3.org/"
	    "2001/XMLSchema-instance' xsi:type='Group'><URI>http://"
	    "acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>"
	    "<Permission>READ</Permission></Grant></AccessControlList>"
	    "</AccessControlPolicy>";

	ck_assert_int_eq(client_try("PUT", client_url("/bkt/o?acl"), body,
	    sizeof(body) - 1, amz), CURLE_OK);
	ck_assert_msg(cl.status == 200, "%s", cl.body.p);
	ck_assert_int_eq(client_get("/bkt/o?acl"), 200);
	says(ENTRY(ALL, "READ"));
	ck_assert_int_eq(client_ask("GET", "/bkt/o?acl", NULL, 0, amz[0]),
	    200);
	says("<AccessControlPolicy xmlns='http://s3.amazonaws.com/doc/"
	    "2006-03-01/'><Owner><ID>");
	says("xsi:type='Group'><URI>http://acs.amazonaws.com/groups/global/"
	    "AllUsers</URI></Grantee><Permission>READ</Permission></Grant>");
}
END_TEST

START_TEST(uniform_access_has_no_lists)
{

	ck_assert_int_eq(client_text("PATCH", "/storage/v1/b/bkt",
	    "{\"iamConfiguration\":{\"uniformBucketLevelAccess\":"
	    "{\"enabled\":true}}}"), 200);
	ck_assert_int_eq(client_get(paths[_i]), 400);
	says("<Code>InvalidArgument</Code>");
	ck_assert_int_eq(client_text("PUT", paths[_i],
	    LIST(ENTRY(ALL, "READ"))), 400);
}
END_TEST

static void
add(TCase *t)
{
	const int n = (int)NELEMS(paths);

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_loop_test(t, a_list_is_read_and_set, 0, n);
	tcase_add_loop_test(t, a_header_names_a_predefined_list, 0, n);
	tcase_add_loop_test(t, a_malformed_list_changes_nothing, 0, n);
	tcase_add_test(t, amazons_form_is_spoken_with_who_speaks_it);
	tcase_add_loop_test(t, uniform_access_has_no_lists, 0, n);
}

int
main(void)
{

	return (client_main("xml_acl", add));
}
