/* U+0000 in names, wherever a name can come from and go to; that each such
 * name is kept is for test_hostile_names.c. */
#include "emulator/tests/signer.h"
#include "lib/file.h"

#define B	"/storage/v1/b"
#define O	B "/names/o"

static void
put(const char *escaped, const char *data)
{
	char url[256];

	(void)snprintf(url, sizeof(url), "/upload" O "?uploadType=media&name="
	    "%s", escaped);
	ck_assert_msg(client_text("POST", url, data) == 200, "%s: %s",
	    escaped, cl.body.p);
}

static void
setup(void)
{
	struct start_opts o = { .data = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post(B "?project=litedrill",
	    "{\"name\":\"names\"}"), 200);
}

static void
teardown(void)
{

	client_stop();
}

static json_t *
answer(void)
{
	json_t *j = json_loadb(cl.body.p, cl.body.len, JSON_ALLOW_NUL, NULL);

	ck_assert_msg(j != NULL, "not JSON: %s", cl.body.p);
	return (j);
}

static void
has(const char *text)
{

	ck_assert_msg(strstr(cl.body.p, text) != NULL, "no %s in %s", text,
	    cl.body.p);
}

static void
holds(const char *path, const char *data)
{

	ck_assert_msg(client_get(path) == 200, "%s: %s", path, cl.body.p);
	ck_assert_str_eq(cl.body.p, data);
}

/* ---- listings ---- */

/* The names that the list answers, and its prefixes, percent-encoded with a
 * space between. */
static char *
listed(const char *query)
{
	json_auto_t *j = NULL;
	char path[512];
	struct buf b;
	const json_t *v;
	size_t i;

	(void)snprintf(path, sizeof(path), O "?%s", query);
	ck_assert_msg(client_get(path) == 200, "%s: %s", path, cl.body.p);
	j = answer();
	buf_init(&b, 4096);
	json_array_foreach(json_object_get(j, "items"), i, v) {
		const json_t *n = json_object_get(v, "name");

		buf_addc(&b, ' ');
		str_pct_encode(&b, json_string_value(n),
		    json_string_length(n), false);
	}
	json_array_foreach(json_object_get(j, "prefixes"), i, v) {
		buf_addc(&b, '|');
		str_pct_encode(&b, json_string_value(v),
		    json_string_length(v), false);
	}
	return (buf_detach(&b));
}

static void
put_all(void)
{
	static const char *const all[] = { "a", "a%00", "a%00%00", "a%00%01",
		"a%00%02", "a%00b", "a%01", "a%01%00", "a%02", "a%00b%00c",
		"%00", "ab", NULL };

	for (size_t i = 0; all[i] != NULL; i++)
		put(all[i], all[i]);
}

static const struct {
	const char *query, *want;
} lists[] = {
	{ "", " %00 a a%00 a%00%00 a%00%01 a%00%02 a%00b a%00b%00c a%01 "
	    "a%01%00 a%02 ab" },
	{ "prefix=%00", " %00" },
	{ "prefix=a%00", " a%00 a%00%00 a%00%01 a%00%02 a%00b a%00b%00c" },
	{ "prefix=a%01", " a%01 a%01%00" },
	{ "prefix=a%00%01", " a%00%01" },
	{ "delimiter=%00", " a a%01 a%02 ab|%00|a%00|a%01%00" },
	{ "delimiter=%01", " %00 a a%00 a%00%00 a%00%02 a%00b a%00b%00c a%02 "
	    "ab|a%00%01|a%01" },
	{ "prefix=a%00&delimiter=%00",
	    " a%00 a%00%01 a%00%02 a%00b|a%00%00|a%00b%00" },
	{ "startOffset=a%00%02&endOffset=a%01",
	    " a%00%02 a%00b a%00b%00c" },
	{ "startOffset=a%01", " a%01 a%01%00 a%02 ab" },
	{ "endOffset=a%00%00", " %00 a a%00" },
	{ "matchGlob=a%3f", " a%00 a%01 a%02 ab" },
	{ "matchGlob=*%00", " %00 a%00 a%00%00 a%01%00" },
	{ "matchGlob=a[%00-%01]", " a%00 a%01" },
	{ "matchGlob=a%00[!%00]", " a%00%01 a%00%02 a%00b" },
};

START_TEST(listings_see_one_character)
{

	put_all();
	for (size_t i = 0; i < NELEMS(lists); i++) {
		char *got = listed(lists[i].query);

		ck_assert_msg(strcmp(got, lists[i].want) == 0, "%s: %s, not "
		    "%s", lists[i].query, got, lists[i].want);
		free(got);
	}
}
END_TEST

START_TEST(pages_go_on_where_they_ended)
{
	char query[300] = "maxResults=1", *got;
	struct buf all;

	put_all();
	buf_init(&all, 4096);
	for (;;) {
		json_auto_t *j = NULL;
		const char *token;

		got = listed(query);
		buf_adds(&all, got);
		free(got);
		j = answer();
		token = json_string_value(json_object_get(j,
		    "nextPageToken"));
		if (token == NULL)
			break;
		(void)snprintf(query, sizeof(query), "maxResults=1&pageToken"
		    "=%s", token);
	}
	ck_assert_str_eq(all.p, lists[0].want);
	buf_release(&all);
}
END_TEST

START_TEST(xml_listings_have_them)
{

	put_all();
	ck_assert_int_eq(client_get("/names?encoding-type=url&prefix=a%00"),
	    200);
	has("<Prefix>a%00</Prefix>");
	has("<Key>a%00</Key>");
	has("<Key>a%00%00</Key>");
	has("<Key>a%00%01</Key>");
	ck_assert_int_eq(client_get("/names?delimiter=%00&encoding-type=url"),
	    200);
	has("<CommonPrefixes><Prefix>a%01%00</Prefix></CommonPrefixes>");
	/* No XML, but no other way to say it. */
	ck_assert_int_eq(client_get("/names?prefix=a%00%01"), 200);
	has("<Key>a&#0;&#1;</Key>");
	ck_assert_int_eq(client_get("/names?encoding-type=url&marker=a%00%02"
	    "&max-keys=1"), 200);
	has("<Contents><Key>a%00b</Key>");
	ck_assert_int_eq(client_get("/names?encoding-type=url&marker=a%00&"
	    "delimiter=%00&max-keys=1"), 200);
	has("<Contents><Key>a%01</Key>");
}
END_TEST

/* ---- sources and targets ---- */

START_TEST(compose_rewrite_and_move_take_them)
{

	put("x%00", "one ");
	put("%01x", "two");
	ck_assert_int_eq(client_post(O "/sum%00/compose", "{\"sourceObjects\":"
	    "[{\"name\":\"x\\u0000\"},{\"name\":\"\\u0001x\"}]}"), 200);
	holds(O "/sum%00?alt=media", "one two");
	ck_assert_int_eq(client_post(O "/sum%00/rewriteTo/b/names/o/%00to%00",
	    "{}"), 200);
	holds("/names/%00to%00", "one two");
	ck_assert_int_eq(client_post(O "/%00to%00/moveTo/o/z%00%01", ""), 200);
	holds("/names/z%00%01", "one two");
	ck_assert_int_eq(client_get("/names/%00to%00"), 404);
	has("NoSuchKey");
	ck_assert_int_eq(client_post(O "/z%00%01/copyTo/b/names/o/c%00", ""),
	    200);
	ck_assert_int_eq(client_ask("PUT", "/names/by%00xml", "", 0,
	    "x-goog-copy-source: /names/c%00"), 200);
	holds("/names/by%00xml", "one two");
	ck_assert_int_eq(client_ask("DELETE", O "/by%00xml", NULL, 0, NULL),
	    204);
	ck_assert_int_eq(client_get(O "/by%00xml"), 404);
	has("by\\u0000xml");
}
END_TEST

START_TEST(uploads_of_every_kind_take_them)
{
	const char *type = "Content-Type: multipart/related; boundary=xx";
	const char *body = "--xx\r\nContent-Type: application/json\r\n\r\n"
	    "{\"name\":\"multi\\u0000\\\\u0000\"}\r\n--xx\r\n\r\nmulti\r\n"
	    "--xx--\r\n";
	const char *form = "multipart/form-data; boundary=xx";
	static const char fields[] = "--xx\r\nContent-Disposition: form-data; "
	    "name=\"key\"\r\n\r\nform\0\1\r\n--xx\r\nContent-Disposition: "
	    "form-data; name=\"file\"\r\n\r\nform\r\n--xx--\r\n";
	char *url, head[100];

	ck_assert_int_eq(client_ask("POST", "/upload" O
	    "?uploadType=multipart", body, strlen(body), type), 200);
	holds("/names/multi%00%5Cu0000", "multi");

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(i == 0 ? client_post("/upload" O
		    "?uploadType=resumable&name=r%00", "{}") : client_post(
		    "/upload" O "?uploadType=resumable",
		    "{\"name\":\"r\\u0000\"}"), 200);
		url = mem_strdup(client_header("Location"));
		ck_assert_int_eq(client_try("PUT", url, i == 0 ? "0" : "1", 1,
		    NULL), CURLE_OK);
		ck_assert_int_eq(cl.status, 200);
		has("\"r\\u0000\"");
		holds("/names/r%00", i == 0 ? "0" : "1");
		free(url);
	}

	(void)snprintf(head, sizeof(head), "Content-Type: %s", form);
	ck_assert_msg(client_ask("POST", "/names", fields, sizeof(fields) - 1,
	    head) / 100 == 2, "%s", cl.body.p);
	holds("/names/form%00%01", "form");

	ck_assert_int_eq(client_ask("POST", "/names/m%00?uploads", "", 0,
	    NULL), 200);
	ck_assert_int_eq(client_get("/names?uploads&encoding-type=url"), 200);
	has("<Key>m%00</Key>");
}
END_TEST

/* ---- links, texts ---- */

START_TEST(links_lead_back)
{
	json_auto_t *j = NULL;
	const char *link;

	put("a%00/%01b", "linked");
	ck_assert_int_eq(client_get(O "/a%00%2F%01b"), 200);
	j = answer();
	link = json_string_value(json_object_get(j, "mediaLink"));
	ck_assert_ptr_nonnull(strstr(link, "/o/a%00%2F%01b?"));
	ck_assert_int_eq(client_try("GET", link, NULL, 0, NULL), CURLE_OK);
	ck_assert_str_eq(cl.body.p, "linked");
	link = json_string_value(json_object_get(j, "selfLink"));
	ck_assert_int_eq(client_try("GET", link, NULL, 0, NULL), CURLE_OK);
	has("\"a\\u0000/\\u0001b\"");
	has("names/a\\u0000/\\u0001b/");
}
END_TEST

START_TEST(metadata_comes_out_as_it_came_in)
{

	put("o", "x");
	ck_assert_int_eq(client_text("PATCH", O "/o", "{\"metadata\":{"
	    "\"a\":\"\\u0000\\u0001\\\\u0000\"}}"), 200);
	ck_assert_int_eq(client_get(O "/o?prettyPrint=false"), 200);
	has("\"a\":\"\\u0000\\u0001\\\\u0000\"");
	ck_assert_int_eq(client_get(O "/o?fields=metadata"), 200);
	has("\\u0000\\u0001\\\\u0000");
	/* A header cannot hold it. */
	ck_assert_int_eq(client_get("/names/o"), 200);
	ck_assert_ptr_null(client_header("x-goog-meta-a"));
}
END_TEST

START_TEST(batches_carry_them)
{
	const char *body = "--xx\r\nContent-Type: application/http\r\n\r\n"
	    "GET " O "/b%00 HTTP/1.1\r\n\r\n\r\n--xx\r\nContent-Type: "
	    "application/http\r\n\r\nDELETE " O "/b%00 HTTP/1.1\r\n\r\n\r\n"
	    "--xx--\r\n";

	put("b%00", "x");
	ck_assert_int_eq(client_ask("POST", "/batch/storage/v1", body,
	    strlen(body), "Content-Type: multipart/mixed; boundary=xx"), 200);
	has("\"name\": \"b\\u0000\"");
	has("HTTP/1.1 204");
	ck_assert_int_eq(client_get(O "/b%00"), 404);
}
END_TEST

START_TEST(notifications_keep_the_prefix)
{

	ck_assert_int_eq(client_post(B "/names/notificationConfigs",
	    "{\"topic\":\"//pubsub.googleapis.com/projects/p/topics/t\","
	    "\"payload_format\":\"NONE\",\"object_name_prefix\":\"a\\u0000\"}"
	    ), 200);
	ck_assert_int_eq(client_get(B "/names/notificationConfigs"), 200);
	has("\"a\\u0000\"");
}
END_TEST

START_TEST(faults_and_the_journal_know_them)
{
	json_auto_t *rule = json_pack("{s:s, s:s}", "kind", "status",
	    "object", "f\1\1?");
	struct err e = ERR_INIT;
	char token[128];

	ck_assert_msg(faults_add(cl.emu->faults, rule, &e) > 0, "%s",
	    err_msg(&e));
	put("f%00", "x");
	put("f%01a", "x");
	ck_assert_int_eq(client_text("POST", "/upload" O "?uploadType=media&"
	    "name=f%00%01", "x"), 503);
	ck_assert_int_eq(client_text("PUT", "/names/f%00a", "x"), 503);
	(void)snprintf(token, sizeof(token), "X-Emulator-Token: %s",
	    cl.emu->control_token);
	ck_assert_int_eq(client_ask("GET", "/_emulator/journal?object=f%00?",
	    NULL, 0, token), 200);
	has("\"object\": \"f\\u0000a\"");
	ck_assert_ptr_null(strstr(cl.body.p, "\"f\\u0000\""));
}
END_TEST

/* ---- kept ---- */

START_TEST(a_restart_keeps_them)
{
	char dir[] = "/tmp/nul-names-XXXXXX", *got;
	const struct start_opts o = { .data = dir };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	client_start(&o);
	ck_assert_int_eq(client_post(B "?project=litedrill",
	    "{\"name\":\"names\"}"), 200);
	put_all();
	client_stop();
	client_start(&o);
	got = listed("");
	ck_assert_str_eq(got, lists[0].want);
	free(got);
	holds("/names/a%00%01", "a%00%01");
	client_stop();
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
}
END_TEST

/* ---- signatures ---- */

START_TEST(signatures_are_over_what_was_sent)
{
	struct shot s;

	signer_start(START_AUTH_ON);
	ck_assert_int_eq(signer_ask("POST", B "?project=litedrill",
	    "{\"name\":\"names\"}"), 200);
	ck_assert_int_eq(signer_ask("POST", "/upload" O "?uploadType=media&"
	    "name=s%00%01", "signed"), 200);
	for (int f = 0; f < FORMS; f++) {
		s = shot_new("GET", "/names/s%00%01");
		shot_sign(&s, (enum shot_form)f);
		ck_assert_msg(shot_fire(&s) == 200, "%d: %s", f, cl.body.p);
		ck_assert_str_eq(cl.body.p, "signed");
		s = shot_new("GET", "/names");
		shot_query(&s, "prefix", "s\1\1");
		shot_query(&s, "encoding-type", "url");
		shot_sign(&s, (enum shot_form)f);
		ck_assert_msg(shot_fire(&s) == 200, "%d: %s", f, cl.body.p);
		has("<Key>s%00%01</Key>");
	}
	signer_stop();
}
END_TEST

/* ---- nowhere else ---- */

START_TEST(elsewhere_a_nul_is_a_400)
{
	static const char *const urls[] = { "/%00", "/names%00/o", B "/names%00",
		B "/na%00mes/o/o", B "/%00/o", "/storage/v1/%00",
		O "/o/acl/allUsers%00", O "?maxResults=1%00",
		O "/o?generation=1%00", O "/o?alt=media%00",
		O "?pref%00ix=a", O "?pageToken=%00", O "?userProject=%00",
		"/names/o?response-content-disposition=%00",
		"/names/o?response-content-type=a%00b", O "?fields=%00",
		B "/names/notificationConfigs/1%00", O "/o?upload_id=%00" };

	put("o", "x");
	for (size_t i = 0; i < NELEMS(urls); i++)
		ck_assert_msg(client_get(urls[i]) == 400, "%s: %d %s", urls[i],
		    cl.status, cl.body.p);
	ck_assert_int_eq(client_post(B "?project=litedrill",
	    "{\"name\":\"abc\\u0000\"}"), 400);
	ck_assert_int_eq(client_post(B "?project=litedrill",
	    "{\"name\":\"abc\\u0001\"}"), 400);
	ck_assert_int_eq(client_text("PATCH", O "/o",
	    "{\"metadata\":{\"k\\u0000\":\"v\"}}"), 400);
	has("in an object's key");
	ck_assert_int_eq(client_ask("PUT", "/names/c", "", 0,
	    "x-goog-copy-source: /na%00mes/o"), 400);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_test(t, a_restart_keeps_them);
	tcase_add_test(t, signatures_are_over_what_was_sent);
}

static void
add_to(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, listings_see_one_character);
	tcase_add_test(t, pages_go_on_where_they_ended);
	tcase_add_test(t, xml_listings_have_them);
	tcase_add_test(t, compose_rewrite_and_move_take_them);
	tcase_add_test(t, uploads_of_every_kind_take_them);
	tcase_add_test(t, links_lead_back);
	tcase_add_test(t, metadata_comes_out_as_it_came_in);
	tcase_add_test(t, batches_carry_them);
	tcase_add_test(t, notifications_keep_the_prefix);
	tcase_add_test(t, faults_and_the_journal_know_them);
	tcase_add_test(t, elsewhere_a_nul_is_a_400);
}

int
main(void)
{
	int failed;

	signer_make_key();
	failed = client_main("nul_names", add_to);
	return (client_main("nul_names kept", add) != 0 || failed != 0);
}
