/* Objects of the XML API over real connections: PUT, GET, HEAD, DELETE. */
#include "emulator/tests/client.h"

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post("/storage/v1/b?project=p",
	    "{\"name\":\"bkt\"}"), 200);
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

static int
many(const char *method, const char *path, const char *body,
    const char *const *headers)
{

	ck_assert_int_eq(client_try(method, client_url(path), body,
	    body != NULL ? strlen(body) : 0, headers), CURLE_OK);
	return (cl.status);
}

static int
with(const char *method, const char *path, const char *header)
{

	return (client_ask(method, path, NULL, 0, header));
}

START_TEST(put_stores_what_the_headers_say)
{
	static const char *const headers[] = { "Content-Type: text/x",
		"Content-Encoding: aws-chunked, identity",
		"Content-Disposition: attachment", "Content-Language: de",
		"Cache-Control: no-cache", "x-goog-storage-class: NEARLINE",
		"x-goog-custom-time: 2026-01-02T03:04:05Z",
		"x-goog-meta-Some: thing", "x-goog-hash: crc32c=4waSgw==",
		"x-goog-hash: md5=JfnnlDI7RTiF9RgfG2JNCw==", NULL };

	ck_assert_int_eq(many("PUT", "/bkt/dir/o", "123456789", headers),
	    200);
	ck_assert_uint_eq(cl.body.len, 0);
	ck_assert_str_eq(client_header("etag"),
	    "\"25f9e794323b453885f5181f1b624d0b\"");
	ck_assert_str_eq(client_header("x-goog-metageneration"), "1");
	ck_assert_str_eq(client_header("x-goog-stored-content-length"), "9");
	ck_assert_str_eq(client_header("x-goog-storage-class"), "NEARLINE");
	ck_assert_ptr_null(client_header("content-disposition"));
	ck_assert_int_eq(with("HEAD", "/bkt/dir/o", NULL), 200);
	ck_assert_str_eq(client_header("content-type"), "text/x");
	ck_assert_str_eq(client_header("content-encoding"), "identity");
	ck_assert_str_eq(client_header("content-disposition"), "attachment");
	ck_assert_str_eq(client_header("content-language"), "de");
	ck_assert_str_eq(client_header("cache-control"), "no-cache");
	ck_assert_str_eq(client_header("x-goog-meta-some"), "thing");
	ck_assert_str_eq(client_header("content-length"), "9");
	ck_assert_int_eq(client_get("/storage/v1/b/bkt/o/dir%2Fo"), 200);
	client_is("customTime", "2026-01-02T03:04:05Z");
}
END_TEST

START_TEST(amazons_headers_are_as_good)
{
	static const char *const headers[] = { "x-amz-meta-k: v",
		"x-amz-storage-class: COLDLINE",
		"x-amz-content-sha256: UNSIGNED-PAYLOAD", NULL };

	ck_assert_int_eq(many("PUT", "/bkt/o", "x", headers), 200);
	ck_assert_int_eq(with("GET", "/bkt/o", "x-amz-date: 20260101"), 200);
	ck_assert_str_eq(client_header("x-amz-meta-k"), "v");
	ck_assert_ptr_null(client_header("x-goog-meta-k"));
	ck_assert_int_eq(client_get("/bkt/o"), 200);
	ck_assert_str_eq(client_header("x-goog-meta-k"), "v");
	ck_assert_str_eq(client_header("x-goog-storage-class"), "COLDLINE");
}
END_TEST

START_TEST(put_of_other_bytes_than_meant_stores_nothing)
{
	static const char *const two[] = { "x-goog-hash: crc32c=4waSgw==",
		"x-goog-hash: md5=1B2M2Y8AsgTpgAmY7PhCfg==", NULL };
	static const struct { const char *header, *code; } t[] = {
		{ "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest" },
		{ "Content-MD5: x", "InvalidDigest" },
		{ "x-goog-hash: md5=1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest" },
		{ "x-goog-hash: crc32c=AAAAAA==", "CrcMismatch" },
		{ "x-goog-content-length-range: 10,20", "EntityTooSmall" },
		{ "x-goog-content-length-range: 0,8", "EntityTooLarge" },
		{ "x-goog-content-length-range: 8", "MalformedHeaderValue" },
		{ "x-goog-content-length-range: 9,8",
		    "MalformedHeaderValue" },
		{ "x-goog-meta-k: \xff", "MalformedHeaderValue" },
	};
	char code[128];

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(client_ask("PUT", "/bkt/o", "123456789", 9,
		    t[i].header), 400);
		(void)snprintf(code, sizeof(code), "<Code>%s</Code>",
		    t[i].code);
		says(code);
		ck_assert_int_eq(client_get("/bkt/o"), 404);
	}
	ck_assert_int_eq(many("PUT", "/bkt/o", "123456789", two), 400);
	says("<Code>BadDigest</Code>");
	ck_assert_int_eq(client_ask("PUT", "/bkt/o", "123456789", 9,
	    "x-goog-content-length-range: 9,9"), 200);
}
END_TEST

START_TEST(errors_have_code_message_and_details)
{

	ck_assert_int_eq(client_get("/bkt/none"), 404);
	ck_assert_str_eq(cl.body.p, "<?xml version='1.0' encoding='UTF-8'?>"
	    "<Error><Code>NoSuchKey</Code><Message>The specified key does "
	    "not exist.</Message><Details>No such object: bkt/none</Details>"
	    "</Error>");
	ck_assert_str_eq(client_header("content-type"),
	    "application/xml; charset=UTF-8");
	ck_assert_int_eq(with("HEAD", "/bkt/none", NULL), 404);
	ck_assert_uint_eq(cl.body.len, 0);
	ck_assert_int_eq(client_get("/none/o"), 404);
	says("<Code>NoSuchBucket</Code><Message>The specified bucket does "
	    "not exist.</Message></Error>");
	ck_assert_int_eq(client_text("PUT", "/bkt/a%0Ab", "x"), 400);
	says("<Code>InvalidObjectName</Code>");
	ck_assert_int_eq(client_ask("PUT", "/bkt/o", "x", 1,
	    "x-goog-if-generation-match: 7"), 412);
	says("<Code>PreconditionFailed</Code><Message>At least one of the "
	    "pre-conditions you specified did not hold.</Message></Error>");
}
END_TEST

#define TAG	"\"9dd4e461268c8034f5c8564e155c67a6\""	/* of "x" */
#define PAST	"Sun, 06 Nov 1994 08:49:37 GMT"
#define FUTURE	"Sun, 06 Nov 2044 08:49:37 GMT"

START_TEST(reads_have_conditions)
{
	static const struct { const char *header; int status; } t[] = {
		{ "If-Match: " TAG, 200 }, { "If-Match: \"y\"", 412 },
		{ "If-Match: *", 200 },
		{ "If-None-Match: " TAG, 304 }, { "If-None-Match: *", 304 },
		{ "If-None-Match: \"y\"", 200 },
		{ "If-Modified-Since: " FUTURE, 304 },
		{ "If-Modified-Since: " PAST, 200 },
		{ "If-Unmodified-Since: " PAST, 412 },
		{ "If-Unmodified-Since: " FUTURE, 200 },
		{ "x-goog-if-generation-match: 1", 412 },
		{ "x-goog-if-metageneration-match: 1", 200 },
	};

	ck_assert_int_eq(client_text("PUT", "/bkt/o", "x"), 200);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_msg(with("GET", "/bkt/o", t[i].header) ==
		    t[i].status, "%s: %d", t[i].header, cl.status);
		ck_assert_int_eq(with("HEAD", "/bkt/o", t[i].header),
		    t[i].status);
	}
	ck_assert_int_eq(with("GET", "/bkt/o", "If-None-Match: " TAG), 304);
	ck_assert_str_eq(client_header("etag"), TAG);
	ck_assert_uint_eq(cl.body.len, 0);
}
END_TEST

START_TEST(a_range_may_depend_on_the_tag)
{
	const char *headers[] = { "Range: bytes=1-2", NULL, NULL };

	ck_assert_int_eq(client_text("PUT", "/bkt/o", "12345"), 200);
	ck_assert_int_eq(many("GET", "/bkt/o", NULL, headers), 206);
	ck_assert_str_eq(cl.body.p, "23");
	headers[1] = "If-Range: \"827ccb0eea8a706c4c34a16891f84e7b\"";
	ck_assert_int_eq(many("GET", "/bkt/o", NULL, headers), 206);
	headers[1] = "If-Range: \"other\"";
	ck_assert_int_eq(many("GET", "/bkt/o", NULL, headers), 200);
	headers[1] = "If-Range: " PAST;
	ck_assert_int_eq(many("GET", "/bkt/o", NULL, headers), 200);
	ck_assert_int_eq(with("GET", "/bkt/o", "Range: bytes=5-"), 416);
	says("<Code>InvalidRange</Code>");
	ck_assert_str_eq(client_header("content-range"), "bytes */5");
}
END_TEST

START_TEST(the_query_can_name_type_and_disposition)
{

	ck_assert_int_eq(client_ask("PUT", "/bkt/o", "x", 1,
	    "Content-Type: text/plain"), 200);
	ck_assert_int_eq(client_get("/bkt/o?response-content-type=text%2Fx&"
	    "response-content-disposition=inline%3B%20filename%3Da"), 200);
	ck_assert_str_eq(client_header("content-type"), "text/x");
	ck_assert_str_eq(client_header("content-disposition"),
	    "inline; filename=a");
}
END_TEST

START_TEST(generations_are_read_and_deleted_by_number)
{
	char old[128], amz[128];

	ck_assert_int_eq(client_text("PATCH", "/storage/v1/b/bkt",
	    "{\"versioning\":{\"enabled\":true}}"), 200);
	ck_assert_int_eq(client_text("PUT", "/bkt/o", "old"), 200);
	(void)snprintf(old, sizeof(old), "/bkt/o?generation=%.31s",
	    client_header("x-goog-generation"));
	(void)snprintf(amz, sizeof(amz), "/bkt/o?versionId=%.31s",
	    client_header("x-goog-generation"));
	ck_assert_int_eq(client_text("PUT", "/bkt/o", "new"), 200);
	ck_assert_int_eq(client_get(old), 200);
	ck_assert_str_eq(cl.body.p, "old");
	ck_assert_int_eq(client_get(amz), 200);
	ck_assert_str_eq(cl.body.p, "old");
	ck_assert_int_eq(with("DELETE", old, NULL), 204);
	ck_assert_int_eq(client_get(old), 404);
	ck_assert_int_eq(client_get("/bkt/o"), 200);
	ck_assert_int_eq(with("DELETE", "/bkt/o",
	    "x-goog-if-generation-match: 1"), 412);
	ck_assert_int_eq(with("DELETE", "/bkt/o", NULL), 204);
	ck_assert_int_eq(with("DELETE", "/bkt/o", NULL), 404);
	ck_assert_int_eq(client_get("/bkt/o?generation=x"), 400);
}
END_TEST

START_TEST(many_are_deleted_at_once)
{

	for (int i = 0; i < 4; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "/bkt/%d", i);
		ck_assert_int_eq(client_text("PUT", path, "x"), 200);
	}
	ck_assert_int_eq(client_text("POST", "/bkt?delete", "<Delete xmlns="
	    "\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>1</Key>"
	    "</Object><Object><Key>none</Key></Object><Object><Key>2</Key>"
	    "<VersionId>77</VersionId></Object><Object><Key>3</Key>"
	    "<VersionId>x</VersionId></Object></Delete>"), 200);
	says("<DeleteResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
	    "<Deleted><Key>1</Key></Deleted><Deleted><Key>none</Key>"
	    "</Deleted><Deleted><Key>2</Key><VersionId>77</VersionId>"
	    "</Deleted><Error><Key>3</Key><VersionId>x</VersionId>"
	    "<Code>InvalidArgument</Code>");
	ck_assert_int_eq(client_get("/bkt/1"), 404);
	ck_assert_int_eq(client_get("/bkt/2"), 200);
	ck_assert_int_eq(client_text("POST", "/bkt/?delete", "<Delete>"
	    "<Quiet>true</Quiet><Object><Key>2</Key></Object></Delete>"),
	    200);
	ck_assert(!has("<Deleted>"));
	ck_assert_int_eq(client_get("/bkt/2"), 404);
	ck_assert_int_eq(client_ask("POST", "/bkt?delete", "<Delete/>", 9,
	    "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg=="), 400);
	says("<Code>BadDigest</Code>");
	ck_assert_int_eq(client_text("POST", "/none?delete",
	    "<Delete><Object><Key>2</Key></Object></Delete>"), 404);
}
END_TEST

START_TEST(a_malformed_list_deletes_nothing)
{
	static const char *const t[] = { "", "<Delete/>", "<X/>",
		"<Delete><Object><Key>1</Key></Object><X/></Delete>",
		("<Delete><Object><Key>1</Key><ETag>x</ETag></Object>"
		    "</Delete>"),
		"<Delete><Object><Key>1</Key></Object><Object/></Delete>" };
	struct buf b;

	ck_assert_int_eq(client_text("PUT", "/bkt/1", "x"), 200);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(client_text("POST", "/bkt?delete", t[i]),
		    400);
		says("<Code>MalformedMultiObjectDeleteRequest</Code>");
	}
	buf_init(&b, 1u << 20);
	buf_adds(&b, "<Delete>");
	for (int i = 0; i < 1001; i++)
		buf_adds(&b, "<Object><Key>1</Key></Object>");
	buf_adds(&b, "</Delete>");
	ck_assert_int_eq(client_text("POST", "/bkt?delete", b.p), 400);
	says("<Code>InvalidMultiObjectDeleteRequest</Code>");
	buf_release(&b);
	ck_assert_int_eq(client_get("/bkt/1"), 200);
}
END_TEST

#define UNTIL	"2999-01-02T03:04:05"

START_TEST(retention_is_set_read_and_bypassed)
{
#define RETAIN	("x-goog-object-lock-retain-until-date: " UNTIL "Z")
	static const char *const lock[] = {
		"x-goog-object-lock-mode: GOVERNANCE", RETAIN, NULL };
	static const char *const bad[] = { "x-goog-object-lock-mode: EVER",
		RETAIN, NULL };

	ck_assert_int_eq(many("PUT", "/bkt/o", "x", lock), 400);
	ck_assert_int_eq(client_ask("PUT", "/locked", "", 0,
	    "x-goog-bucket-object-lock-enabled: true"), 200);
	ck_assert_int_eq(client_get("/locked?object-lock"), 200);
	says("<ObjectLockConfiguration><ObjectLockEnabled>Enabled<");
	ck_assert_int_eq(many("PUT", "/locked/o", "x", bad), 400);
	ck_assert_int_eq(client_ask("PUT", "/locked/o", "x", 1, lock[0]),
	    400);
	ck_assert_int_eq(many("PUT", "/locked/o", "x", lock), 200);
	ck_assert_int_eq(with("HEAD", "/locked/o", NULL), 200);
	ck_assert_str_eq(client_header("x-goog-object-lock-mode"),
	    "GOVERNANCE");
	ck_assert_ptr_nonnull(strstr(client_header(
	    "x-goog-object-lock-retain-until-date"), UNTIL));
	ck_assert_int_eq(with("DELETE", "/locked/o", NULL), 403);
	ck_assert_int_eq(client_get("/locked/o?retention"), 200);
	says("<Mode>GOVERNANCE</Mode><RetainUntilDate>" UNTIL);
	ck_assert_int_eq(client_text("PUT", "/locked/o?retention",
	    "<Retention/>"), 403);
	ck_assert_int_eq(client_text("PUT", "/locked/o?retention", "<X/>"),
	    400);
	ck_assert_int_eq(client_ask("PUT", "/locked/o?retention",
	    "<Retention/>", 12, "x-goog-bypass-governance-retention: true"),
	    200);
	ck_assert_int_eq(client_get("/locked/o?retention"), 200);
	ck_assert(!has("<Mode>"));
	ck_assert_int_eq(client_text("PUT", "/locked/o?retention",
	    "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>" UNTIL
	    "Z</RetainUntilDate></Retention>"), 200);
	ck_assert_int_eq(client_get("/storage/v1/b/locked/o/o"), 200);
	says("\"Locked\"");
}
END_TEST

START_TEST(a_resumable_upload_begins_with_a_post)
{
	char url[1024];

	ck_assert_int_eq(client_ask("POST", "/bkt/o", "", 0,
	    "x-goog-resumable: start"), 201);
	(void)snprintf(url, sizeof(url), "%s", client_header("location"));
	ck_assert_int_eq(client_try("PUT", url, "12345", 5, NULL), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	ck_assert_ptr_nonnull(client_header("x-goog-generation"));
	ck_assert_int_eq(client_get("/bkt/o"), 200);
	ck_assert_str_eq(cl.body.p, "12345");
	ck_assert_int_eq(client_ask("POST", "/bkt/o", "", 0, NULL), 400);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, put_stores_what_the_headers_say);
	tcase_add_test(t, amazons_headers_are_as_good);
	tcase_add_test(t, put_of_other_bytes_than_meant_stores_nothing);
	tcase_add_test(t, errors_have_code_message_and_details);
	tcase_add_test(t, reads_have_conditions);
	tcase_add_test(t, a_range_may_depend_on_the_tag);
	tcase_add_test(t, the_query_can_name_type_and_disposition);
	tcase_add_test(t, generations_are_read_and_deleted_by_number);
	tcase_add_test(t, many_are_deleted_at_once);
	tcase_add_test(t, a_malformed_list_deletes_nothing);
	tcase_add_test(t, retention_is_set_read_and_bypassed);
	tcase_add_test(t, a_resumable_upload_begins_with_a_post);
}

int
main(void)
{

	return (client_main("xml", add));
}
