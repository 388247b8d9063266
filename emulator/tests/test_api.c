/* The storage API over real connections: what goes in comes out, and what
 * must not go in does not. */
#include "emulator/tests/client.h"

#define B	"/storage/v1/b"
#define O	B "/bkt/o"
#define UP	"/upload/storage/v1/b/bkt/o"
#define MEDIA	UP "?uploadType=media&name="
#define BIG	(3u << 20)

static char *big;

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	big = mem_alloc(BIG);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 2654435761u >> 13);
	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"bkt\"}"),
	    200);
}

static void
teardown(void)
{

	free(big);
	client_stop();
}

static void
put(const char *path, const void *p, size_t n)
{

	ck_assert_int_eq(client_ask("POST", path, p, n,
	    "Content-Type: text/plain"), 200);
}

static void
body_is(const void *p, size_t n)
{

	ck_assert_uint_eq(cl.body.len, n);
	ck_assert_mem_eq(cl.body.p, p, n);
}

START_TEST(put_then_get_gives_the_same_bytes_by_each_path)
{
	static const char *const gets[] = { O "/a%2Fb?alt=media", "/bkt/a/b",
		"/bkt/a%2Fb", "/download/storage/v1/b/bkt/o/a%2Fb?alt=media" };
	const size_t sizes[] = { 0, 1, 1000, 65536, 65537, BIG };

	for (size_t i = 0; i < NELEMS(sizes); i++) {
		put(MEDIA "a%2Fb", big, sizes[i]);
		client_is("name", "a/b");
		for (size_t k = 0; k < NELEMS(gets); k++) {
			ck_assert_int_eq(client_get(gets[k]), 200);
			body_is(big, sizes[i]);
			ck_assert_str_eq(client_header("content-type"),
			    "text/plain");
		}
	}
}
END_TEST

START_TEST(download_carries_the_headers_of_the_real_service)
{

	put(MEDIA "o", "123456789", 9);
	ck_assert_int_eq(client_ask("HEAD", "/bkt/o", NULL, 0, NULL), 200);
	ck_assert_uint_eq(cl.body.len, 0);
	ck_assert_str_eq(client_header("content-length"), "9");
	ck_assert_str_eq(client_header("x-goog-hash"),
	    "crc32c=4waSgw==,md5=JfnnlDI7RTiF9RgfG2JNCw==");
	ck_assert_str_eq(client_header("etag"),
	    "\"25f9e794323b453885f5181f1b624d0b\"");
	ck_assert_str_eq(client_header("x-goog-stored-content-length"), "9");
	ck_assert_str_eq(client_header("x-goog-stored-content-encoding"),
	    "identity");
	ck_assert_str_eq(client_header("x-goog-metageneration"), "1");
	ck_assert_ptr_nonnull(client_header("x-goog-generation"));
	ck_assert_ptr_nonnull(client_header("last-modified"));
	ck_assert_ptr_nonnull(client_header("x-guploader-uploadid"));
	ck_assert_ptr_nonnull(strstr(client_header("server"), "fake"));
}
END_TEST

START_TEST(ranges_give_206_and_416)
{

	put(MEDIA "small", "0123456789", 10);
	put(MEDIA "big", big, BIG);
	ck_assert_int_eq(client_ask("GET", "/bkt/small", NULL, 0,
	    "Range: bytes=2-4"), 206);
	body_is("234", 3);
	ck_assert_str_eq(client_header("content-range"), "bytes 2-4/10");
	ck_assert_int_eq(client_ask("GET", "/bkt/big", NULL, 0,
	    "Range: bytes=1000000-"), 206);
	body_is(big + 1000000, BIG - 1000000);
	ck_assert_int_eq(client_ask("GET", "/bkt/small", NULL, 0,
	    "Range: bytes=10-"), 416);
	ck_assert_str_eq(client_header("content-range"), "bytes */10");
	ck_assert_ptr_nonnull(strstr(cl.body.p, "<Code>InvalidRange</Code>"));
	ck_assert_int_eq(client_ask("GET", O "/small?alt=media", NULL, 0,
	    "Range: bytes=10-"), 416);
	ck_assert_int_eq(client_ask("GET", "/bkt/small", NULL, 0,
	    "Range: lines=1-2"), 200);
}
END_TEST

START_TEST(preconditions_decide)
{
	char path[1024];
	const char *gen;

	put(MEDIA "o&ifGenerationMatch=0", "1", 1);
	ck_assert_int_eq(client_ask("POST", MEDIA "o&ifGenerationMatch=0",
	    "2", 1, NULL), 412);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "conditionNotMet"));
	ck_assert_int_eq(client_get(O "/o?alt=media"), 200);
	body_is("1", 1);
	gen = client_header("x-goog-generation");
	(void)snprintf(path, sizeof(path), O "/o?ifGenerationNotMatch=%s",
	    gen);
	ck_assert_int_eq(client_get(path), 304);
	(void)snprintf(path, sizeof(path), O "/o?ifGenerationMatch=%s1", gen);
	ck_assert_int_eq(client_ask("DELETE", path, NULL, 0, NULL), 412);
	ck_assert_int_eq(client_get(O "/o?ifGenerationMatch=x"), 400);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "ifGenerationMatch"));
	ck_assert_int_eq(client_ask("PUT", "/bkt/o", "3", 1,
	    "x-goog-if-generation-match: 0"), 412);
}
END_TEST

START_TEST(multipart_upload_in_each_dress)
{
	static const struct { const char *type, *body; } t[] = {
		{ "Content-Type: multipart/related; boundary=abc",
		    "--abc\r\nContent-Type: application/json\r\n\r\n"
		    "{\"name\":\"m\",\"metadata\":{\"k\":\"v\"}}\r\n--abc\r\n"
		    "Content-Type: text/x\r\n\r\nDATA\r\n--abc--\r\n" },
		{ "Content-Type: multipart/related; boundary='==a=='",
		    "--==a==\nContent-Type: application/json\n\n"
		    "{\"name\":\"m\",\"contentType\":\"text/x\",\"metadata\":"
		    "{\"k\":\"v\"}}\n--==a==\n"
		    "Content-Transfer-Encoding: binary\n\nDATA\n--==a==--" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(client_ask("POST",
		    UP "?uploadType=multipart", t[i].body, strlen(t[i].body),
		    t[i].type), 200);
		ck_assert_int_eq(client_get("/bkt/m"), 200);
		body_is("DATA", 4);
		ck_assert_str_eq(client_header("content-type"), "text/x");
		ck_assert_str_eq(client_header("x-goog-meta-k"), "v");
	}
}
END_TEST

START_TEST(downloads_show_what_attrs_say)
{
	static const char body[] = "{\"contentType\":\"a/\\\"b\\\\\\u00e9\","
	    "\"cacheControl\":\"no-store\",\"contentLanguage\":\"de\","
	    "\"contentDisposition\":\"inline; filename=\\\"x\\\"\","
	    "\"customTime\":\"2026-01-02T03:04:05Z\",\"metadata\":{"
	    "\"k\":\"{\\\"contentType\\\":1}\",\"a b\":\"no token\","
	    "\"u\":\"\\u00e9\\ud83d\\ude00\",\"nl\":\"a\\nb\","
	    "\"contentEncoding\":\"none\",\"last\":\"\"}}";

	ck_assert_int_eq(client_ask("POST", UP "?uploadType=media&name=h",
	    "DATA", 4, NULL), 200);
	ck_assert_int_eq(client_ask("PATCH", O "/h", body, sizeof(body) - 1,
	    "Content-Type: application/json"), 200);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(client_get(i == 0 ? "/bkt/h" :
		    O "/h?alt=media"), 200);
		body_is("DATA", 4);
		ck_assert_str_eq(client_header("content-type"),
		    "a/\"b\\\xc3\xa9");
		ck_assert_str_eq(client_header("cache-control"), "no-store");
		ck_assert_str_eq(client_header("content-language"), "de");
		ck_assert_str_eq(client_header("content-disposition"),
		    "inline; filename=\"x\"");
		ck_assert_str_eq(client_header("x-goog-meta-k"),
		    "{\"contentType\":1}");
		ck_assert_str_eq(client_header("x-goog-meta-u"),
		    "\xc3\xa9\xf0\x9f\x98\x80");
		ck_assert_str_eq(client_header("x-goog-meta-contentencoding"),
		    "none");
		ck_assert_ptr_nonnull(client_header("x-goog-meta-last"));
		ck_assert_ptr_null(client_header("x-goog-meta-nl"));
		ck_assert_ptr_null(client_header("content-encoding"));
		ck_assert_ptr_null(client_header("x-goog-meta-a b"));
		ck_assert_int_eq(client_header("x-goog-custom-time") != NULL,
		    i == 0);
		ck_assert_str_eq(client_header("x-goog-hash"),
		    "crc32c=x4//kg==,md5=5E+eNI5Byycu+oc4dyhXGw==");
		ck_assert_str_eq(client_header("x-goog-metageneration"), "2");
	}
}
END_TEST

START_TEST(malformed_uploads_store_nothing)
{
	static const struct { const char *query, *type, *body; } t[] = {
		/* no closing boundary; no boundary; one part; bad JSON */
		{ "multipart", "Content-Type: multipart/related; boundary=b",
		    "--b\n\n{\"name\":\"x\"}\n--b\n\ndata\n--b\n" },
		{ "multipart", "Content-Type: multipart/related", "x" },
		{ "multipart", "Content-Type: multipart/related; boundary=b",
		    "--b\n\n{\"name\":\"x\"}\n--b--" },
		{ "multipart", "Content-Type: multipart/related; boundary=b",
		    "--b\n\n{\"name\":}\n--b\n\ndata\n--b--" },
		{ "multipart", "Content-Type: multipart/related; boundary=b",
		    "--b\n\n{}\n--b\n\ndata\n--b--" },
		/* checksums that are wrong or none */
		{ "media&name=x", "x-goog-hash: crc32c=AAAAAA==", "data" },
		{ "media&name=x", "x-goog-hash: crc32c=AAA", "data" },
		{ "media&name=x", "Content-MD5: AAAAAAAAAAAAAAAAAAAAAA==",
		    "data" },
		{ "multipart", "Content-Type: multipart/related; boundary=b",
		    "--b\n\n{\"name\":\"x\",\"crc32c\":\"AAAAAA==\"}\n--b\n\n"
		    "data\n--b--" },
		/* names and kinds */
		{ "media&name=..", "X-A: b", "data" },
		{ "media&name=a%0Ab", "X-A: b", "data" },
		{ "media", "X-A: b", "data" },
		{ "fancy&name=x", "X-A: b", "data" },
		{ "multipart", "Content-Type: multipart/related; boundary=b",
		    "--b\n\n{\"name\":\"x\",\"metadata\":{\"a\":1}}\n--b\n\n"
		    "data\n--b--" },
	};
	char path[1024];

	for (size_t i = 0; i < NELEMS(t); i++) {
		(void)snprintf(path, sizeof(path), UP "?uploadType=%s",
		    t[i].query);
		ck_assert_msg(client_ask("POST", path, t[i].body,
		    strlen(t[i].body), t[i].type) == 400, "case %zu: %d %s",
		    i, cl.status, cl.body.p);
	}
	ck_assert_int_eq(client_get(O "?fields=items"), 200);
	ck_assert_str_eq(cl.body.p, "{}");
}
END_TEST

/* ---- resumable ---- */

static char session[1024];

static void
begin(const char *query, const char *meta)
{
	char path[1024];
	const char *location;

	(void)snprintf(path, sizeof(path), UP "?uploadType=resumable%s",
	    query);
	ck_assert_int_eq(client_post(path, meta), 200);
	location = client_header("location");
	ck_assert_ptr_nonnull(location);
	ck_assert_ptr_nonnull(strstr(location, "http://127.0.0.1:"));
	(void)snprintf(session, sizeof(session), "%s",
	    strstr(location, "/upload"));
}

static int
chunk(const char *method, size_t from, size_t n, const char *range)
{
	char h[128];

	(void)snprintf(h, sizeof(h), "Content-Range: bytes %s", range);
	return (client_ask(method, session, n > 0 ? big + from : "", n, h));
}

START_TEST(resumable_in_chunks_with_questions_and_repeats)
{

	begin("&name=r", "{\"metadata\":{\"k\":\"v\"}}");
	ck_assert_int_eq(chunk("PUT", 0, 0, "*/*"), 308);
	ck_assert_ptr_null(client_header("range"));
	ck_assert_int_eq(chunk("POST", 0, 300000, "0-299999/*"), 308);
	ck_assert_str_eq(client_header("range"), "bytes=0-299999");
	/* a repeat, and one that overlaps */
	ck_assert_int_eq(chunk("PUT", 0, 300000, "0-299999/*"), 308);
	ck_assert_int_eq(chunk("PUT", 200000, 200000, "200000-399999/*"), 308);
	ck_assert_str_eq(client_header("range"), "bytes=0-399999");
	ck_assert_int_eq(chunk("PUT", 0, 0, "*/1000000"), 308);
	/* a gap is refused and changes nothing */
	ck_assert_int_eq(chunk("PUT", 0, 10, "500000-500009/*"), 503);
	ck_assert_int_eq(chunk("PUT", 0, 0, "*/*"), 308);
	ck_assert_str_eq(client_header("range"), "bytes=0-399999");
	ck_assert_int_eq(client_get(O "/r"), 404);
	ck_assert_int_eq(chunk("PUT", 400000, 600000,
	    "400000-999999/1000000"), 200);
	client_is("size", "1000000");
	/* the reply was lost: asked or sent again, the object comes back */
	ck_assert_int_eq(chunk("PUT", 400000, 600000,
	    "400000-999999/1000000"), 200);
	client_is("name", "r");
	ck_assert_int_eq(chunk("PUT", 0, 0, "*/*"), 200);
	client_is("size", "1000000");
	ck_assert_int_eq(client_get("/bkt/r"), 200);
	body_is(big, 1000000);
	ck_assert_str_eq(client_header("x-goog-meta-k"), "v");
}
END_TEST

START_TEST(resumable_whole_without_content_range)
{

	begin("", "{\"name\":\"w\"}");
	ck_assert_int_eq(client_ask("PUT", session, big, BIG, NULL), 200);
	ck_assert_int_eq(client_get("/bkt/w"), 200);
	body_is(big, BIG);
	/* as a stream whose end is not known, from the start or later on */
	begin("", "{\"name\":\"x\"}");
	ck_assert_int_eq(client_ask("PUT", session, big, BIG,
	    "Content-Range: bytes 0-*/*"), 200);
	ck_assert_int_eq(client_get("/bkt/x"), 200);
	body_is(big, BIG);
	begin("", "{\"name\":\"y\"}");
	ck_assert_int_eq(chunk("PUT", 0, 262144, "0-262143/*"), 308);
	ck_assert_int_eq(client_ask("PUT", session, big + 262144, 10,
	    "Content-Range: bytes 262144-*/262155"), 400);
	ck_assert_int_eq(client_ask("PUT", session, big + 262144, 10,
	    "Content-Range: bytes 262144-*/262154"), 200);
	ck_assert_int_eq(client_get("/bkt/y"), 200);
	body_is(big, 262154);
}
END_TEST

START_TEST(resumable_ends_by_a_question_that_names_the_size)
{

	begin("&name=q", "{}");
	ck_assert_int_eq(chunk("PUT", 0, 1000, "0-999/*"), 308);
	ck_assert_int_eq(chunk("PUT", 0, 0, "*/1000"), 200);
	client_is("size", "1000");
	begin("&name=empty", "{}");
	ck_assert_int_eq(chunk("PUT", 0, 0, "*/0"), 200);
	client_is("size", "0");
}
END_TEST

START_TEST(resumable_without_308_for_clients_that_ask)
{
	char h[] = "X-GUploader-No-308: yes";
	const char *const headers[] = { h, "Content-Range: bytes 0-99/*",
		NULL };

	begin("&name=n", "{}");
	ck_assert_int_eq(client_try("POST", client_url(session), big, 100,
	    headers), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	ck_assert_str_eq(client_header("x-http-status-code-override"), "308");
	ck_assert_str_eq(client_header("range"), "bytes=0-99");
	ck_assert_uint_eq(cl.body.len, 0);
}
END_TEST

START_TEST(resumable_nonsense_is_400_and_keeps_the_session)
{
	static const char *const bad[] = { "0-9/5", "9-0/*", "x", "0-9",
		"0-99/*", "0-3/*" };

	begin("&name=b", "{}");
	for (size_t i = 0; i < NELEMS(bad); i++)
		ck_assert_msg(chunk("PUT", 0, 10, bad[i]) == 400, "%s: %d",
		    bad[i], cl.status);
	ck_assert_int_eq(chunk("PUT", 0, 0, "*/*"), 308);
	ck_assert_ptr_null(client_header("range"));
	ck_assert_int_eq(chunk("PUT", 0, 10, "0-9/10"), 200);
	ck_assert_int_eq(client_get("/bkt/b"), 200);
	body_is(big, 10);
}
END_TEST

START_TEST(resumable_cancelled_is_499_then_404)
{

	begin("&name=c", "{}");
	ck_assert_int_eq(client_ask("DELETE", session, NULL, 0, NULL), 499);
	ck_assert_int_eq(chunk("PUT", 0, 10, "0-9/10"), 404);
	ck_assert_int_eq(client_get(O "/c"), 404);
}
END_TEST

START_TEST(resumable_keeps_preconditions_and_checksums)
{

	put(MEDIA "p", "1", 1);
	ck_assert_int_eq(client_post(UP "?uploadType=resumable&name=p"
	    "&ifGenerationMatch=0", "{}"), 412);
	begin("&name=q&ifGenerationMatch=0", "{}");
	put(MEDIA "q", "1", 1);
	ck_assert_int_eq(chunk("PUT", 0, 10, "0-9/10"), 412);
	begin("&name=h", "{\"crc32c\":\"AAAAAA==\"}");
	ck_assert_int_eq(chunk("PUT", 0, 10, "0-9/10"), 400);
	ck_assert_int_eq(client_get(O "/h"), 404);
}
END_TEST

/* ---- lists, metadata, copies ---- */

START_TEST(list_pages_prefixes_and_fields)
{
	char path[1024];

	for (int i = 0; i < 5; i++) {
		(void)snprintf(path, sizeof(path), MEDIA "d%%2F%d", i);
		put(path, "x", 1);
	}
	put(MEDIA "e", "x", 1);
	ck_assert_int_eq(client_get(O "?delimiter=/&fields=prefixes,items/name"
	    "&prettyPrint=false"), 200);
	ck_assert_str_eq(cl.body.p,
	    "{\"prefixes\":[\"d/\"],\"items\":[{\"name\":\"e\"}]}");
	(void)snprintf(path, sizeof(path), "%s", O "?maxResults=2");
	for (int pages = 1;; pages++) {
		json_auto_t *j;
		const char *next;

		ck_assert_int_eq(client_get(path), 200);
		j = client_json();
		ck_assert_uint_eq(json_array_size(json_object_get(j,
		    "items")), 2);
		next = json_string_value(json_object_get(j, "nextPageToken"));
		if (next == NULL) {
			ck_assert_int_eq(pages, 3);
			break;
		}
		(void)snprintf(path, sizeof(path),
		    O "?maxResults=2&pageToken=%s", next);
	}
	ck_assert_int_eq(client_get(O "?pageToken=!!"), 400);
	ck_assert_int_eq(client_get(O "?maxResults=x"), 400);
	ck_assert_int_eq(client_get(B "/none/o"), 404);
	/* as Litestream asks: empty parameters are none */
	ck_assert_int_eq(client_get(O "?alt=json&delimiter=&endOffset=&"
	    "includeTrailingDelimiter=false&matchGlob=&pageToken=&prefix=d%2F"
	    "&prettyPrint=false&projection=full&startOffset=&versions=false"),
	    200);
}
END_TEST

START_TEST(patch_merges_and_update_replaces)
{

	put(MEDIA "o", "x", 1);
	ck_assert_int_eq(client_text("PATCH", O "/o",
	    "{\"metadata\":{\"a\":\"1\",\"b\":\"2\"}}"), 200);
	client_is("metageneration", "2");
	ck_assert_int_eq(client_text("PATCH", O "/o",
	    "{\"metadata\":{\"a\":null}}"), 200);
	ck_assert_int_eq(client_get(O "/o?fields=metadata,contentType"
	    "&prettyPrint=false"), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "{\"b\":\"2\"}"));
	ck_assert_ptr_nonnull(strstr(cl.body.p, "text/plain"));
	ck_assert_int_eq(client_text("PUT", O "/o",
	    "{\"cacheControl\":\"no-store\"}"), 200);
	ck_assert_int_eq(client_get(O "/o?prettyPrint=false"), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "metadata"));
	client_is("metageneration", "4");
	ck_assert_int_eq(client_text("PATCH", O "/o",
	    "{\"contentType\":1}"), 400);
	ck_assert_int_eq(client_text("PATCH", O "/o", "[1]"), 400);
	ck_assert_int_eq(client_text("PATCH", O "/o", "{"), 400);
}
END_TEST

START_TEST(rewrite_and_copy_make_a_new_object)
{

	put(MEDIA "from", big, 200000);
	ck_assert_int_eq(client_post(O "/from/rewriteTo/b/bkt/o/to%2F1",
	    "{}"), 200);
	client_is("objectSize", "200000");
	ck_assert_int_eq(client_get("/bkt/to/1"), 200);
	body_is(big, 200000);
	ck_assert_int_eq(client_post(O "/from/copyTo/b/bkt/o/2",
	    "{\"contentType\":\"a/b\"}"), 200);
	client_is("contentType", "a/b");
	ck_assert_int_eq(client_post(O "/none/copyTo/b/bkt/o/2", ""), 404);
	ck_assert_int_eq(client_post(O "/from/copyTo/b/none/o/2", ""), 404);
}
END_TEST

START_TEST(buckets_come_change_and_go)
{

	ck_assert_int_eq(client_post(B "?project=p", "{\"name\":\"bkt\"}"),
	    409);
	ck_assert_int_eq(client_post(B, "{\"name\":\"Bad\"}"), 400);
	ck_assert_int_eq(client_post(B, "{}"), 400);
	ck_assert_int_eq(client_text("PATCH", B "/bkt",
	    "{\"location\":\"eu\"}"), 400);
	ck_assert_int_eq(client_text("PATCH", B "/bkt",
	    "{\"labels\":{\"a\":\"b\"},\"location\":\"us\"}"), 200);
	client_is("metageneration", "2");
	client_is("location", "US");
	ck_assert_int_eq(client_get(B "/bkt/storageLayout"), 200);
	client_is("bucket", "bkt");
	ck_assert_int_eq(client_get(B "?project=p&fields=items/name"
	    "&prettyPrint=false"), 200);
	ck_assert_str_eq(cl.body.p, "{\"items\":[{\"name\":\"bkt\"}]}");
	put(MEDIA "o", "x", 1);
	ck_assert_int_eq(client_ask("DELETE", B "/bkt", NULL, 0, NULL), 409);
	ck_assert_int_eq(client_ask("DELETE", O "/o", NULL, 0, NULL), 204);
	ck_assert_int_eq(client_ask("DELETE", B "/bkt", NULL, 0, NULL), 204);
	ck_assert_int_eq(client_get(B "/bkt"), 404);
}
END_TEST

START_TEST(policy_is_guarded_by_its_etag)
{
	json_auto_t *j = NULL;
	char body[1024];

	ck_assert_int_eq(client_get(B "/bkt/iam"), 200);
	j = client_json();
	(void)snprintf(body, sizeof(body), "{\"bindings\":[{\"role\":"
	    "\"roles/storage.objectViewer\",\"members\":[\"allUsers\"]}],"
	    "\"etag\":\"%s\"}", json_string_value(json_object_get(j,
	    "etag")));
	ck_assert_int_eq(client_ask("PUT", B "/bkt/iam", body, strlen(body),
	    NULL), 200);
	ck_assert_int_eq(client_ask("PUT", B "/bkt/iam", body, strlen(body),
	    NULL), 412);
	ck_assert_int_eq(client_get(B "/bkt/iam?prettyPrint=false"), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "allUsers"));
	ck_assert_int_eq(client_text("PUT", B "/bkt/iam",
	    "{\"bindings\":[{\"role\":\"roles/none\",\"members\":[]}]}"), 400);
	ck_assert_int_eq(client_get(B "/bkt/iam/testPermissions?permissions="
	    "storage.objects.get&permissions=storage.objects.list"
	    "&fields=permissions&prettyPrint=false"), 200);
	ck_assert_str_eq(cl.body.p, "{\"permissions\":["
	    "\"storage.objects.get\",\"storage.objects.list\"]}");
}
END_TEST

START_TEST(xml_put_list_delete)
{
	const char *const headers[] = { "Content-Type: a/b",
		"x-goog-meta-Key: V", NULL };

	ck_assert_int_eq(client_try("PUT", client_url("/bkt/x%3C1%3E"), "abc",
	    3, headers), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	ck_assert_int_eq(client_get(O "/x%3C1%3E?prettyPrint=false"), 200);
	client_is("contentType", "a/b");
	ck_assert_ptr_nonnull(strcasestr(cl.body.p,
	    "\"metadata\":{\"key\":\"V\"}"));
	ck_assert_int_eq(client_get("/bkt?prefix=x"), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "<Key>x&lt;1&gt;</Key>"));
	ck_assert_int_eq(client_ask("DELETE", "/bkt/x%3C1%3E", NULL, 0, NULL),
	    204);
	ck_assert_int_eq(client_get("/bkt/x%3C1%3E"), 404);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "<Code>NoSuchKey</Code>"));
	ck_assert_int_eq(client_get("/none/x"), 404);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "<Code>NoSuchBucket</Code>"));
}
END_TEST

START_TEST(unknown_and_unserved_calls_say_so)
{

	ck_assert_int_eq(client_get("/storage/v1/nonsense"), 404);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "/storage/v1/nonsense"));
	ck_assert_int_eq(client_post(O "/watch", "{}"), 501);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "storage.objects.watchAll"));
	ck_assert_int_eq(client_ask("PUT", "/bkt/a", "x", 1,
	    "x-goog-copy-source: /bkt/b"), 404);
	ck_assert_int_eq(client_get(O "/a"), 404);
	ck_assert_int_eq(client_text("PUT", B "/bkt/o", "{}"), 405);
	ck_assert_str_eq(client_header("allow"), "GET, POST");
	ck_assert_int_eq(client_ask("POST", O "/a", "{}", 2,
	    "X-HTTP-Method-Override: PATCH"), 404);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "No such object: bkt/a"));
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, put_then_get_gives_the_same_bytes_by_each_path);
	tcase_add_test(t, download_carries_the_headers_of_the_real_service);
	tcase_add_test(t, ranges_give_206_and_416);
	tcase_add_test(t, preconditions_decide);
	tcase_add_test(t, multipart_upload_in_each_dress);
	tcase_add_test(t, downloads_show_what_attrs_say);
	tcase_add_test(t, malformed_uploads_store_nothing);
	tcase_add_test(t, resumable_in_chunks_with_questions_and_repeats);
	tcase_add_test(t, resumable_whole_without_content_range);
	tcase_add_test(t, resumable_ends_by_a_question_that_names_the_size);
	tcase_add_test(t, resumable_without_308_for_clients_that_ask);
	tcase_add_test(t, resumable_nonsense_is_400_and_keeps_the_session);
	tcase_add_test(t, resumable_cancelled_is_499_then_404);
	tcase_add_test(t, resumable_keeps_preconditions_and_checksums);
	tcase_add_test(t, list_pages_prefixes_and_fields);
	tcase_add_test(t, patch_merges_and_update_replaces);
	tcase_add_test(t, rewrite_and_copy_make_a_new_object);
	tcase_add_test(t, buckets_come_change_and_go);
	tcase_add_test(t, policy_is_guarded_by_its_etag);
	tcase_add_test(t, xml_put_list_delete);
	tcase_add_test(t, unknown_and_unserved_calls_say_so);
}

int
main(void)
{

	return (client_main("api", add));
}
