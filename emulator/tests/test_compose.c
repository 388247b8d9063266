/* storage.objects.compose over real connections. */
#include "emulator/tests/client.h"

#define B	"/storage/v1/b"
#define O	B "/bkt/o"
#define MEDIA	"/upload/storage/v1/b/bkt/o?uploadType=media&name="

static char generation[32];

static void
put(const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), MEDIA "%s", name);
	ck_assert_int_eq(client_ask("POST", path, text, strlen(text),
	    "Content-Type: text/plain"), 200);
	json_auto_t *j = client_json();
	(void)snprintf(generation, sizeof(generation), "%s",
	    json_string_value(json_object_get(j, "generation")));
}

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"bkt\"}"),
	    200);
	put("a", "one ");
	put("b", "two");
}

static void
says(const char *text)
{

	ck_assert_msg(strstr(cl.body.p, text) != NULL, "no '%s' in: %s", text,
	    cl.body.p);
}

START_TEST(two_objects_become_one)
{
	json_auto_t *j = NULL;

	ck_assert_int_eq(client_post(O "/dir%2Fab/compose",
	    "{\"kind\":\"storage#composeRequest\","
	    "\"sourceObjects\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
	    "\"destination\":{\"contentType\":\"text/x\","
	    "\"crc32c\":\"AAAAAA==\",\"md5Hash\":\"x\","
	    "\"metadata\":{\"k\":\"v\"}}}"), 200);
	j = client_json();
	ck_assert_ptr_null(json_object_get(j, "md5Hash"));
	ck_assert_int_eq(json_integer_value(json_object_get(j,
	    "componentCount")), 2);
	client_is("name", "dir/ab");
	client_is("size", "7");
	client_is("contentType", "text/x");
	client_is("crc32c", "PKFrCg==");
	ck_assert_int_eq(client_get("/bkt/dir/ab"), 200);
	ck_assert_str_eq(cl.body.p, "one two");
	ck_assert_str_eq(client_header("x-goog-component-count"), "2");
	ck_assert_str_eq(client_header("x-goog-hash"), "crc32c=PKFrCg==");
}
END_TEST

START_TEST(a_composite_is_not_given_a_type_it_was_not_told)
{
	json_auto_t *j = NULL;

	ck_assert_int_eq(client_post(O "/ab/compose",
	    "{\"sourceObjects\":[{\"name\":\"a\"}]}"), 200);
	j = client_json();
	ck_assert_ptr_null(json_object_get(j, "contentType"));
	ck_assert_int_eq(client_get("/bkt/ab"), 200);
	ck_assert_str_eq(client_header("content-type"),
	    "application/octet-stream");
}
END_TEST

START_TEST(sources_answer_for_generation_and_precondition)
{
	char body[512];

	(void)snprintf(body, sizeof(body), "{\"sourceObjects\":[{\"name\":"
	    "\"b\",\"generation\":\"%s\",\"objectPreconditions\":"
	    "{\"ifGenerationMatch\":\"%s\"}}]}", generation, generation);
	ck_assert_int_eq(client_post(O "/o/compose", body), 200);
	ck_assert_int_eq(client_post(O "/o/compose",
	    "{\"sourceObjects\":[{\"name\":\"a\"},{\"name\":\"b\","
	    "\"objectPreconditions\":{\"ifGenerationMatch\":5}}]}"), 412);
	says("\"conditionNotMet\"");
	ck_assert_int_eq(client_post(O "/o/compose",
	    "{\"sourceObjects\":[{\"name\":\"b\",\"generation\":\"7\"}]}"),
	    404);
	ck_assert_int_eq(client_post(O "/o/compose",
	    "{\"sourceObjects\":[{\"name\":\"b\",\"generation\":\"x\"}]}"),
	    400);
}
END_TEST

START_TEST(the_destination_answers_for_its_preconditions)
{

	ck_assert_int_eq(client_post(O "/o/compose?ifGenerationMatch=0",
	    "{\"sourceObjects\":[{\"name\":\"a\"}]}"), 200);
	ck_assert_int_eq(client_post(O "/o/compose?ifGenerationMatch=0",
	    "{\"sourceObjects\":[{\"name\":\"a\"}]}"), 412);
	ck_assert_int_eq(client_post(O "/o/compose?ifMetagenerationMatch=2",
	    "{\"sourceObjects\":[{\"name\":\"a\"}]}"), 412);
	ck_assert_int_eq(client_post(O "/o/compose?ifMetagenerationMatch=1",
	    "{\"sourceObjects\":[{\"name\":\"a\"}]}"), 200);
}
END_TEST

START_TEST(malformed_requests_make_nothing)
{
	static const struct { const char *body; int status; } t[] = {
		{ "", 400 }, { "{}", 400 }, { "[", 400 },
		{ "{\"sourceObjects\":[]}", 400 },
		{ "{\"sourceObjects\":{\"name\":\"a\"}}", 400 },
		{ "{\"sourceObjects\":[{}]}", 400 },
		{ "{\"sourceObjects\":[\"a\"]}", 400 },
		{ "{\"sourceObjects\":[{\"name\":7}]}", 400 },
		{ "{\"sourceObjects\":[{\"name\":\"a\"}],"
		    "\"destination\":{\"contentType\":7}}", 400 },
		{ "{\"sourceObjects\":[{\"name\":\"a\"},{\"name\":\"no\"}]}",
		    404 },
	};
	struct buf b;

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(client_post(O "/o/compose", t[i].body),
		    t[i].status);
		ck_assert_int_eq(client_get(O "/o"), 404);
	}
	buf_init(&b, 1u << 16);
	buf_adds(&b, "{\"sourceObjects\":[");
	for (int i = 0; i < 33; i++)
		buf_adds(&b, i == 0 ? "{\"name\":\"a\"}" :
		    ",{\"name\":\"a\"}");
	buf_adds(&b, "]}");
	ck_assert_int_eq(client_post(O "/o/compose", b.p), 400);
	says("components provided (33) exceeds the maximum (32)");
	buf_release(&b);
	ck_assert_int_eq(client_post(B "/none/o/o/compose",
	    "{\"sourceObjects\":[{\"name\":\"a\"}]}"), 404);
}
END_TEST

START_TEST(thirty_two_are_the_most)
{
	struct buf b;

	buf_init(&b, 1u << 16);
	buf_adds(&b, "{\"sourceObjects\":[{\"name\":\"b\"}");
	for (int i = 1; i < 32; i++)
		buf_adds(&b, ",{\"name\":\"a\"}");
	buf_adds(&b, "]}");
	ck_assert_int_eq(client_post(O "/o/compose", b.p), 200);
	client_is("size", "127");
	buf_release(&b);
}
END_TEST

START_TEST(classes_do_not_mix)
{

	ck_assert_int_eq(client_post(O "/b/rewriteTo/b/bkt/o/b",
	    "{\"storageClass\":\"NEARLINE\"}"), 200);
	ck_assert_int_eq(client_post(O "/o/compose",
	    "{\"sourceObjects\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"), 400);
	says("NEARLINE");
}
END_TEST

START_TEST(sources_go_when_that_is_asked)
{

	ck_assert_int_eq(client_post(O "/ab/compose?deleteSourceObjects=true",
	    "{\"sourceObjects\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"), 200);
	ck_assert_int_eq(client_get(O "/a"), 404);
	ck_assert_int_eq(client_get(O "/b"), 404);
	put("a", "x");
	ck_assert_int_eq(client_post(O "/ab/compose",
	    "{\"deleteSourceObjects\":true,"
	    "\"sourceObjects\":[{\"name\":\"ab\"},{\"name\":\"a\"}]}"), 200);
	ck_assert_int_eq(client_get(O "/a"), 404);
	ck_assert_int_eq(client_get("/bkt/ab"), 200);
	ck_assert_str_eq(cl.body.p, "one twox");
}
END_TEST

#define ROOT	"<ComposeRequest>"
#define END	"</ComposeRequest>"

static int
xml(const char *body, const char *header)
{

	return (client_ask("PUT", "/bkt/dir/ab?compose", body, strlen(body),
	    header));
}

START_TEST(the_xml_api_composes_too)
{
	char body[512];

	(void)snprintf(body, sizeof(body), ROOT "<Component><Name>a</Name>"
	    "</Component><Component><Name>b</Name><Generation>%s</Generation>"
	    "<IfGenerationMatch>%s</IfGenerationMatch></Component>" END,
	    generation, generation);
	ck_assert_int_eq(xml(body, "Content-Type: text/x"), 200);
	ck_assert_uint_eq(cl.body.len, 0);
	ck_assert_ptr_nonnull(client_header("x-goog-generation"));
	ck_assert_str_eq(client_header("x-goog-component-count"), "2");
	ck_assert_int_eq(client_get("/bkt/dir/ab"), 200);
	ck_assert_str_eq(cl.body.p, "one two");
	ck_assert_str_eq(client_header("content-type"), "text/x");
	ck_assert_int_eq(xml(body, "x-goog-if-generation-match: 0"), 412);
	says("<Code>PreconditionFailed</Code>");
	ck_assert_int_eq(xml(body, "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg=="),
	    400);
	says("<Code>BadDigest</Code>");
}
END_TEST

START_TEST(a_malformed_document_composes_nothing)
{
	static const struct { const char *body; int status; } t[] = {
		{ "", 400 }, { ROOT END, 400 }, { "<X/>", 400 },
		{ ROOT "<Component/>" END, 400 },
		{ ROOT "<Component><Name>a</Name><X/></Component>" END, 400 },
		{ ROOT "<Component><Name>a</Name><Generation>x</Generation>"
		    "</Component>" END, 400 },
		{ ROOT "<Component><Name>no</Name></Component>" END, 404 },
		{ ROOT "<Component><Name>a</Name><IfGenerationMatch>1"
		    "</IfGenerationMatch></Component>" END, 412 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(xml(t[i].body, NULL), t[i].status);
		ck_assert_int_eq(client_get("/bkt/dir/ab"), 404);
	}
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, two_objects_become_one);
	tcase_add_test(t, a_composite_is_not_given_a_type_it_was_not_told);
	tcase_add_test(t, sources_answer_for_generation_and_precondition);
	tcase_add_test(t, the_destination_answers_for_its_preconditions);
	tcase_add_test(t, malformed_requests_make_nothing);
	tcase_add_test(t, thirty_two_are_the_most);
	tcase_add_test(t, classes_do_not_mix);
	tcase_add_test(t, sources_go_when_that_is_asked);
	tcase_add_test(t, the_xml_api_composes_too);
	tcase_add_test(t, a_malformed_document_composes_nothing);
}

int
main(void)
{

	return (client_main("compose", add));
}
