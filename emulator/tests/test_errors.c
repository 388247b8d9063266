/* Errors as the JSON API words them:
 * https://cloud.google.com/storage/docs/json_api/v1/status-codes */
#include "emulator/tests/client.h"

#define B	"/storage/v1/b"
#define O	B "/bkt/o/o"
#define UP	"/upload/storage/v1/b/bkt/o"

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"bkt\"}"),
	    200);
	ck_assert_int_eq(client_ask("POST", UP "?uploadType=media&name=o",
	    "123456789", 9, "Content-Type: text/plain"), 200);
}

static void
teardown(void)
{

	client_stop();
}

static const struct row {
	const char *method, *path, *body;
	int	status;
	const char *reason, *type, *location, *begins;
} rows[] = {
	{ "GET", B "/none", NULL, 404, "notFound", "", "",
	    "The specified bucket does not exist." },
	{ "GET", B "/bkt/o/none", NULL, 404, "notFound", "", "",
	    "No such object: bkt/none" },
	{ "GET", O "?generation=1", NULL, 404, "notFound", "", "",
	    "No such object: bkt/o" },
	{ "GET", O "?ifGenerationMatch=1", NULL, 412, "conditionNotMet",
	    "header", "If-Match", "At least one of the pre-conditions you "
	    "specified did not hold." },
	{ "POST", UP "?uploadType=media&name=o&ifGenerationMatch=0", "x", 412,
	    "conditionNotMet", "header", "If-Match", "At least one" },
	{ "POST", B "?project=p", "{\"name\":\"bkt\"}", 409, "conflict", "",
	    "", "Your previous request to create the named bucket succeeded "
	    "and you already own it." },
	{ "POST", B "?project=q", "{\"name\":\"bkt\"}", 409, "conflict", "",
	    "", "The requested bucket name is not available. The bucket "
	    "namespace is shared by all users of the system." },
	{ "DELETE", B "/bkt", NULL, 409, "conflict", "", "",
	    "The bucket you tried to delete is not empty." },
	{ "POST", B "?project=p", "{}", 400, "required", "parameter", "name",
	    "Required parameter: name" },
	{ "POST", B "?project=p", "{\"name\":\"NO\"}", 400, "invalid", "",
	    "", "Invalid bucket name: 'NO'" },
	{ "POST", B "?project=p", "{\"name\":", 400, "parseError", "", "",
	    "Parse Error" },
	{ "PATCH", O, "[]", 400, "parseError", "", "", "Parse Error" },
	{ "POST", UP "?uploadType=media", "x", 400, "required", "parameter",
	    "name", "Required parameter: name" },
	{ "POST", UP "?uploadType=post&name=x", "x", 400, "invalidParameter",
	    "parameter", "uploadType", "Invalid" },
	{ "GET", B "/bkt/o?maxResults=many", NULL, 400, "invalidParameter",
	    "parameter", "maxResults", "Invalid" },
	{ "GET", B "/bkt/o?maxResults=-1", NULL, 400, "invalidParameter",
	    "parameter", "maxResults", "Invalid" },
	{ "GET", O "?ifGenerationMatch=x", NULL, 400, "invalidParameter",
	    "parameter", "ifGenerationMatch", "Invalid" },
	{ "GET", O "?generation=0", NULL, 400, "invalidParameter",
	    "parameter", "generation", "Invalid" },
	{ "GET", O "?projection=some", NULL, 400, "invalidParameter",
	    "parameter", "projection", "Invalid" },
	{ "GET", O "?alt=xml", NULL, 400, "invalidAltValue", "parameter",
	    "alt", "Invalid value 'xml'" },
	{ "GET", O "?fields=nme", NULL, 400, "invalidParameter", "parameter",
	    "fields", "Invalid field selection nme" },
	{ "GET", O "?fields=name(", NULL, 400, "invalidParameter",
	    "parameter", "fields", "Invalid field selection name(" },
	{ "DELETE", O "?fields=nme", NULL, 400, "invalidParameter",
	    "parameter", "fields", "Invalid field selection" },
	{ "POST", B "/bkt/o/o/restore", "", 400, "required", "parameter",
	    "generation", "Required parameter: generation" },
	{ "POST", B "/bkt/o?name=x", "x", 400, "wrongUrlForUpload", "", "",
	    "Upload requests must include an uploadType URL parameter and a "
	    "URL path beginning with /upload/" },
	{ "TRACE", O, NULL, 405, "methodNotAllowed", "", "", "" },
	{ "GET", "/storage/v1/nothing", NULL, 404, "notFound", "", "", "" },
};

static const char *
text(const json_t *j, const char *k)
{
	const char *s = json_string_value(json_object_get(j, k));

	return (s != NULL ? s : "");
}

/* Both shapes say the same, and say what is expected. */
static void
error_is(const struct row *r)
{
	json_auto_t *j = client_json();
	const json_t *e = json_object_get(j, "error"), *first;

	first = json_array_get(json_object_get(e, "errors"), 0);
	ck_assert_int_eq(cl.status, r->status);
	ck_assert_int_eq(json_integer_value(json_object_get(e, "code")),
	    r->status);
	ck_assert_uint_eq(json_object_size(j), 1);
	ck_assert_uint_eq(json_object_size(e), 3);
	ck_assert_str_eq(text(first, "message"), text(e, "message"));
	ck_assert_str_eq(text(first, "domain"), "global");
	ck_assert_str_eq(text(first, "reason"), r->reason);
	ck_assert_str_eq(text(first, "locationType"), r->type);
	ck_assert_str_eq(text(first, "location"), r->location);
	ck_assert_msg(strncmp(text(e, "message"), r->begins,
	    strlen(r->begins)) == 0, "%s", text(e, "message"));
	ck_assert_str_eq(client_header("Content-Type"),
	    "application/json; charset=UTF-8");
}

START_TEST(error_has_the_service_s_words)
{
	const struct row *r = &rows[_i];

	(void)client_ask(r->method, r->path, r->body,
	    r->body != NULL ? strlen(r->body) : 0, NULL);
	error_is(r);
	/* Nothing was done, whatever was asked. */
	ck_assert_int_eq(client_get(O), 200);
}
END_TEST

/* Where bytes are asked for the message comes alone. */
START_TEST(downloads_fail_in_plain_words)
{
	static const struct { const char *path, *header, *body; int status; }
	    t[] = {
		{ B "/bkt/o/none?alt=media", NULL,
		    "No such object: bkt/none", 404 },
		{ "/download" B "/bkt/o/none?alt=media", NULL,
		    "No such object: bkt/none", 404 },
		{ B "/none/o/o?alt=media", NULL,
		    "The specified bucket does not exist.", 404 },
		{ O "?alt=media", "Range: bytes=100-",
		    "Request range not satisfiable", 416 },
		{ O "?alt=media&ifGenerationMatch=1", NULL, "At least one of "
		    "the pre-conditions you specified did not hold.", 412 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(client_ask("GET", t[i].path, NULL, 0,
		    t[i].header), t[i].status);
		ck_assert_str_eq(cl.body.p, t[i].body);
		ck_assert_str_eq(client_header("Content-Type"),
		    "text/html; charset=UTF-8");
	}
}
END_TEST

START_TEST(errors_are_whole_whatever_fields_say)
{

	ck_assert_int_eq(client_get(B "/bkt/o/none?fields=name"), 404);
	ck_assert(strstr(cl.body.p, "\"reason\": \"notFound\"") != NULL);
	ck_assert_int_eq(client_get(B "/bkt/o/none?prettyPrint=false"), 404);
	ck_assert(strstr(cl.body.p, "\"reason\":\"notFound\"") != NULL);
}
END_TEST

START_TEST(fields_cut_every_answer)
{
	static const char media[] = "--x\r\nContent-Type: application/json"
	    "\r\n\r\n{\"name\":\"m\"}\r\n--x\r\n\r\nx\r\n--x--\r\n";

	ck_assert_int_eq(client_get(B "/bkt/o?fields=items%28name%2Csize%29"
	    "&prettyPrint=false"), 200);
	ck_assert_str_eq(cl.body.p,
	    "{\"items\":[{\"name\":\"o\",\"size\":\"9\"}]}");
	ck_assert_int_eq(client_text("PATCH", O "?fields=metadata/a"
	    "&prettyPrint=false", "{\"metadata\":{\"a\":\"1\",\"b\":\"2\"}}"),
	    200);
	ck_assert_str_eq(cl.body.p, "{\"metadata\":{\"a\":\"1\"}}");
	ck_assert_int_eq(client_ask("POST", UP "?uploadType=multipart"
	    "&fields=name,size&prettyPrint=false", media, strlen(media),
	    "Content-Type: multipart/related; boundary=x"), 200);
	ck_assert_str_eq(cl.body.p, "{\"name\":\"m\",\"size\":\"1\"}");
	ck_assert_int_eq(client_get(B "/bkt/acl?fields=items/role"
	    "&prettyPrint=false"), 200);
	ck_assert_str_eq(cl.body.p, "{\"items\":[{\"role\":\"OWNER\"},"
	    "{\"role\":\"OWNER\"},{\"role\":\"READER\"}]}");
	ck_assert_int_eq(client_post(O "/rewriteTo/b/bkt/o/c?fields=done,"
	    "resource(name)&prettyPrint=false", ""), 200);
	ck_assert_str_eq(cl.body.p,
	    "{\"done\":true,\"resource\":{\"name\":\"c\"}}");
	ck_assert_int_eq(client_get(O "?fields=*&alt=json&key=k&quotaUser=q"
	    "&userIp=1.2.3.4&userProject=p"), 200);
	client_is("name", "o");
}
END_TEST

START_TEST(buckets_are_listed_of_the_project_or_of_all)
{

	ck_assert_int_eq(client_post(B "?project=q", "{\"name\":\"qqq\"}"),
	    200);
	ck_assert_int_eq(client_get(B "?project=q&fields=items/name"
	    "&prettyPrint=false&returnPartialSuccess=true"), 200);
	ck_assert_str_eq(cl.body.p, "{\"items\":[{\"name\":\"qqq\"}]}");
	ck_assert_int_eq(client_get(B "?project=q&prefix=b"), 200);
	ck_assert(strstr(cl.body.p, "items") == NULL);
	ck_assert_int_eq(client_get(B "?fields=items/name"
	    "&prettyPrint=false"), 200);
	ck_assert_str_eq(cl.body.p,
	    "{\"items\":[{\"name\":\"bkt\"},{\"name\":\"qqq\"}]}");
	ck_assert_int_eq(client_get(B "?maxResults=1&fields=nextPageToken,"
	    "items/name&prettyPrint=false"), 200);
	ck_assert(strstr(cl.body.p, "nextPageToken") != NULL);
}
END_TEST

START_TEST(collections_may_end_in_a_slash)
{

	ck_assert_int_eq(client_get(B "/?project=p"), 200);
	ck_assert_int_eq(client_get(B "/bkt/o/"), 200);
	ck_assert_int_eq(client_ask("POST", UP "/?uploadType=media&name=o",
	    "x", 1, "Content-Type: text/plain"), 200);
	ck_assert_int_eq(client_get(B "//"), 404);
}
END_TEST

/* As google-cloud-node asks where STORAGE_EMULATOR_HOST is set. */
START_TEST(paths_may_lack_the_version)
{

	ck_assert_int_eq(client_post("/b?project=p", "{\"name\":\"node\"}"),
	    200);
	ck_assert_int_eq(client_get("/b/node/o"), 200);
	client_is("kind", "storage#objects");
	ck_assert_int_eq(client_get("/projects/p/serviceAccount"), 200);
	client_is("kind", "storage#serviceAccount");
	ck_assert_int_eq(client_text("DELETE", "/b/node", ""), 204);
}
END_TEST

START_TEST(proxy_wants_a_project_and_credentials)
{
	static const struct row missing = { .status = 400,
	    .reason = "required", .type = "parameter", .location = "project",
	    .begins = "Required parameter: project" };
	static const struct row nobody = { .status = 401,
	    .reason = "required", .type = "header",
	    .location = "Authorization", .begins = "Anonymous caller does "
	    "not have storage.buckets.list access to the Google Cloud "
	    "project." };
	static const struct row bad = { .status = 401, .reason = "authError",
	    .type = "header", .location = "Authorization",
	    .begins = "Invalid Credentials" };
	static const char url[] = "https://storage.googleapis.com" B;
	char token[512], body[256], query[1024];
	const char *headers[] = { token, NULL };
	json_auto_t *j = NULL;

	(void)snprintf(token, sizeof(token), "X-Emulator-Token: %s",
	    cl.emu->control_token);
	(void)snprintf(body, sizeof(body), "{\"account\":\"%s\"}",
	    cl.emu->owner);
	ck_assert_int_eq(client_ask("POST", "/_emulator/token", body,
	    strlen(body), token), 200);
	j = client_json();
	client_use_proxy();
	ck_assert_int_eq(client_try("GET", url, NULL, 0, NULL), CURLE_OK);
	error_is(&nobody);
	(void)snprintf(token, sizeof(token), "Authorization: Bearer x");
	ck_assert_int_eq(client_try("GET", url, NULL, 0, headers), CURLE_OK);
	error_is(&bad);
	(void)snprintf(token, sizeof(token), "Authorization: Bearer %s",
	    json_string_value(json_object_get(j, "access_token")));
	ck_assert_int_eq(client_try("GET", url, NULL, 0, headers), CURLE_OK);
	error_is(&missing);
	/* A token may stand in the query. */
	(void)snprintf(query, sizeof(query), "%s?project=%s&access_token=%s",
	    url, cl.emu->project, json_string_value(json_object_get(j,
	    "access_token")));
	ck_assert_int_eq(client_try("GET", query, NULL, 0, NULL), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	(void)snprintf(query, sizeof(query), "%s?oauth_token=x", url);
	ck_assert_int_eq(client_try("GET", query, NULL, 0, NULL), CURLE_OK);
	error_is(&bad);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, error_has_the_service_s_words, 0,
	    NELEMS(rows));
	tcase_add_test(t, downloads_fail_in_plain_words);
	tcase_add_test(t, errors_are_whole_whatever_fields_say);
	tcase_add_test(t, fields_cut_every_answer);
	tcase_add_test(t, buckets_are_listed_of_the_project_or_of_all);
	tcase_add_test(t, collections_may_end_in_a_slash);
	tcase_add_test(t, paths_may_lack_the_version);
	tcase_add_test(t, proxy_wants_a_project_and_credentials);
}

int
main(void)
{

	return (client_main("errors", add));
}
