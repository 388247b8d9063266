/* The Retry Test API: its resource, and every instruction on the wire. */
#include "emulator/tests/client.h"

#include <pthread.h>

#include "emulator/fault/retry_test.h"

#define KiB	1024
#define BIG	(600 * KiB)
#define O	"/storage/v1/b/bkt/o"
#define MEDIA	O "/big?alt=media"
#define UP	"/upload/storage/v1/b/bkt/o?uploadType="
#define PATH	512

static char big[BIG + 1];
static char id[64], header[128];

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)('a' + i % 23);
	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"bkt\"}"),
	    200);
	ck_assert_int_eq(client_ask("POST", UP "media&name=big", big, BIG,
	    NULL), 200);
}

static void
teardown(void)
{

	client_stop();
}

/* ---- helpers ---- */

static int
create(const char *body)
{

	id[0] = '\0';
	if (client_post("/retry_test", body) == 200) {
		json_auto_t *j = client_json();

		(void)snprintf(id, sizeof(id), "%s",
		    json_string_value(json_object_get(j, "id")));
		(void)snprintf(header, sizeof(header), "x-retry-test-id: %s",
		    id);
	}
	return (cl.status);
}

/* A test with these instructions for one method: "a" or "a\",\"b". */
static void
order(const char *method, const char *instructions)
{
	char body[4096];

	(void)snprintf(body, sizeof(body),
	    "{\"instructions\":{\"%s\":[\"%s\"]}}", method, instructions);
	ck_assert_int_eq(create(body), 200);
}

/* The test as it stands; the caller frees it. */
static json_t *
state(void)
{
	char path[PATH];

	(void)snprintf(path, sizeof(path), "/retry_test/%s", id);
	ck_assert_int_eq(client_get(path), 200);
	return (client_json());
}

static bool
completed(void)
{
	json_auto_t *j = state();

	return (json_is_true(json_object_get(j, "completed")));
}

static size_t
left(const char *method)
{
	json_auto_t *j = state();

	return (json_array_size(json_object_get(json_object_get(j,
	    "instructions"), method)));
}

/* The status, with the test's id. */
static int
ask(const char *method, const char *path)
{

	return (client_ask(method, path, NULL, 0, header));
}

/* … where the transport may fail; more is another header or NULL. */
static CURLcode
try_with(const char *method, const char *path, const void *body, size_t n,
    const char *more)
{
	const char *const headers[] = { header, more, NULL };

	return (client_try(method, client_url(path), body, n, headers));
}

static CURLcode
try(const char *method, const char *path)
{

	return (try_with(method, path, NULL, 0, NULL));
}

static bool
has_object(const char *name)
{
	char path[PATH];

	(void)snprintf(path, sizeof(path), O "/%s", name);
	return (client_get(path) == 200);
}

/* The URL of a new session, without the host; with the test's id. */
static const char *
session(const char *name)
{
	static char url[PATH];
	char path[PATH];
	const char *at;

	(void)snprintf(path, sizeof(path), UP "resumable&name=%s", name);
	ck_assert_int_eq(client_ask("POST", path, "{}", 2, header), 200);
	at = client_header("Location");
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "/upload/");
	ck_assert_ptr_nonnull(at);
	(void)snprintf(url, sizeof(url), "%s", at);
	return (url);
}

static int
chunk(const char *url, size_t first, size_t n, const char *total)
{
	char range[128];

	(void)snprintf(range, sizeof(range),
	    "Content-Range: bytes %zu-%zu/%s", first, first + n - 1, total);
	ck_assert_int_eq(try_with("PUT", url, big + first, n, range),
	    CURLE_OK);
	return (cl.status);
}

/* What the session has; -1: it is finished. */
static int64_t
persisted(const char *url)
{
	const char *r;

	ck_assert_int_eq(client_ask("PUT", url, "", 0,
	    "Content-Range: bytes */*"), cl.status);
	if (cl.status == 200)
		return (-1);
	ck_assert_int_eq(cl.status, 308);
	r = client_header("Range");
	return (r == NULL ? 0 : atoll(r + strlen("bytes=0-")) + 1);
}

/* ---- the resource ---- */

START_TEST(test_is_made_shown_listed_and_deleted)
{
	json_auto_t *j = NULL, *l = NULL;
	char path[PATH];

	ck_assert_int_eq(create("{\"instructions\":{\"storage.buckets.list\":"
	    "[\"return-503\",\"return-429\"],\"storage.objects.get\":[]}}"),
	    200);
	ck_assert_ptr_nonnull(strstr(client_header("Content-Type"),
	    "application/json"));
	ck_assert_uint_eq(strlen(id), 32);
	ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 32);
	client_is("transport", "HTTP");
	ck_assert(!completed());
	ck_assert_uint_eq(left("storage.buckets.list"), 2);
	j = state();
	ck_assert_str_eq(json_string_value(json_object_get(j, "id")), id);
	ck_assert_int_eq(client_get("/retry_tests"), 200);
	l = client_json();
	ck_assert_uint_eq(json_array_size(json_object_get(l, "retry_test")),
	    1);
	(void)snprintf(path, sizeof(path), "/retry_test/%s", id);
	ck_assert_int_eq(client_ask("DELETE", path, NULL, 0, NULL), 200);
	ck_assert_uint_eq(cl.body.len, strlen("Deleted ") + 32);
	ck_assert_ptr_nonnull(strstr(cl.body.p, id));
	ck_assert_int_eq(client_get(path), 404);
	ck_assert_int_eq(client_ask("DELETE", path, NULL, 0, NULL), 404);
}
END_TEST

START_TEST(root_answers_ok)
{

	ck_assert_int_eq(client_get("/"), 200);
	ck_assert_str_eq(cl.body.p, "OK");
}
END_TEST

START_TEST(test_that_says_nothing_is_400_in_plain_text)
{
	static const char *const t[] = {
		"", "{}", "{\"instructions\":{}}", "{\"instructions\":null}",
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(create(t[i]), 400);
		ck_assert_str_eq(cl.body.p, "instructions is not defined");
		ck_assert_str_eq(client_header("Content-Type"), "text/plain");
	}
}
END_TEST

START_TEST(bad_tests_are_400_in_json)
{
	static const char *const t[] = {
		"[", "[]",
		"{\"instructions\":[]}",
		"{\"instructions\":{\"storage.buckets.lists\":[]}}",
		"{\"instructions\":{\"storage.bucket.list\":[]}}",
		"{\"instructions\":{\"storage.objects.move\":[]}}",
		"{\"instructions\":{\"storage.objects.\":[]}}",
		"{\"instructions\":{\"\":[]}}",
		"{\"instructions\":{\"storage.buckets.list\":\"return-503\"}}",
		"{\"instructions\":{\"storage.buckets.list\":[503]}}",
		"{\"instructions\":{\"storage.buckets.list\":[\"\"]}}",
		"{\"instructions\":{\"storage.buckets.list\":[\"return-\"]}}",
		"{\"instructions\":{\"storage.buckets.list\":[\"return-99\"]}}",
		"{\"instructions\":{\"storage.buckets.list\":"
		    "[\"return-99999999999999999999\"]}}",
		"{\"instructions\":{\"storage.buckets.list\":"
		    "[\"return-503-\"]}}",
		"{\"instructions\":{\"storage.buckets.list\":"
		    "[\"return-503-after-5\"]}}",
		"{\"instructions\":{\"storage.buckets.list\":"
		    "[\"stall-for-2h-after-5K\"]}}",
		"{\"instructions\":{\"storage.buckets.list\":"
		    "[\"stall-for-99999s-after-5K\"]}}",
		"{\"instructions\":{\"storage.buckets.list\":"
		    "[\"return-503\"]},\"transport\":\"SMOKE\"}",
		"{\"instructions\":{\"storage.buckets.list\":"
		    "[\"return-503\"]},\"transport\":5}",
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		json_auto_t *j = NULL;

		ck_assert_msg(create(t[i]) == 400, "%s: %d", t[i], cl.status);
		j = client_json();
		ck_assert_int_eq(json_integer_value(json_object_get(
		    json_object_get(j, "error"), "code")), 400);
	}
	ck_assert_int_eq(client_get("/retry_tests"), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "id"));
}
END_TEST

START_TEST(every_instruction_and_method_name_is_known)
{
	static const char *const t[] = {
		"return-400", "return-504", "return-reset-connection",
		"return-broken-stream", "return-broken-stream-after-8K",
		"return-503-after-256K", "stall-for-2s-after-100K",
		"return-broken-stream-final-chunk-after-5B",
		"return-unreachable-buckets-a,b", "return-whatever-else",
		"redirect-send-token-abc", "redirect-expect-token-abc",
		"redirect-send-handle-and-token-abc",
		"return-503-if-dp-enforced",
	};
	static const char *const m[] = {
		"storage.buckets.list", "storage.buckets.testIamPermissions",
		"storage.buckets.lockRetentionPolicy",
		"storage.bucket_acl.patch", "storage.default_object_acl.get",
		"storage.object_acl.delete", "storage.notifications.insert",
		"storage.objects.compose", "storage.objects.restore",
		"storage.hmacKey.create", "storage.serviceaccount.get",
	};

	for (size_t i = 0; i < NELEMS(t); i++)
		order("storage.objects.get", t[i]);
	for (size_t i = 0; i < NELEMS(m); i++)
		order(m[i], "return-503");
}
END_TEST

START_TEST(grpc_tests_are_kept_apart)
{
	ck_assert_int_eq(create("{\"instructions\":{\"storage.buckets.list\":"
	    "[\"return-503\"]},\"transport\":\"grpc\"}"), 200);
	client_is("transport", "GRPC");
	ck_assert_int_eq(ask("GET", "/storage/v1/b?project=p"), 200);
	ck_assert(!completed());
	ck_assert_int_eq(create("{\"instructions\":{\"storage.hmacKey.list\":"
	    "[\"return-503\"]},\"transport\":\"GRPC\"}"), 501);
	ck_assert_int_eq(create("{\"instructions\":{\"storage.hmacKey.list\":"
	    "[\"return-503\"]},\"transport\":\"http\"}"), 200);
	client_is("transport", "HTTP");
}
END_TEST

START_TEST(number_and_size_of_tests_are_bounded)
{
	json_auto_t *j = NULL;
	static const char item[] = "\"return-503\",";
	char first[64], path[PATH];
	struct buf huge;

	order("storage.buckets.list", "return-503");
	(void)snprintf(first, sizeof(first), "%s", id);
	for (int i = 0; i < RETRY_TESTS_MAX; i++)
		order("storage.buckets.list", "return-503");
	(void)snprintf(path, sizeof(path), "/retry_test/%s", first);
	ck_assert_int_eq(client_get(path), 404);
	ck_assert_int_eq(client_get("/retry_tests"), 200);
	j = client_json();
	ck_assert_uint_eq(json_array_size(json_object_get(j, "retry_test")),
	    RETRY_TESTS_MAX);

	buf_init(&huge, 2 * RETRY_TEXT_MAX);
	buf_adds(&huge, "{\"instructions\":{\"storage.buckets.list\":[");
	while (huge.len < RETRY_TEXT_MAX)
		buf_adds(&huge, item);
	buf_adds(&huge, "\"return-503\"]}}");
	ck_assert_int_eq(create(huge.p), 400);
	buf_release(&huge);
}
END_TEST

START_TEST(api_is_there_for_this_host_alone)
{
	static const char *const foreign[] = { "Host: evil.example", NULL };

	ck_assert_int_eq(client_try("POST", client_url("/retry_test"),
	    "{}", 2, foreign), CURLE_OK);
	ck_assert_int_eq(cl.status, 403);
	ck_assert_int_eq(client_ask("PUT", "/retry_test", NULL, 0, NULL),
	    405);
	/* For Google's host it is a bucket's name. */
	client_use_proxy();
	ck_assert_int_eq(client_try("GET",
	    "https://storage.googleapis.com/retry_tests", NULL, 0, NULL),
	    CURLE_OK);
	ck_assert_ptr_null(strstr(cl.body.p, "\"retry_test\""));
}
END_TEST

/* ---- which request an instruction meets ---- */

START_TEST(unknown_id_is_404_on_any_api_route)
{
	(void)snprintf(header, sizeof(header), "x-retry-test-id: nobody");
	ck_assert_int_eq(ask("GET", "/storage/v1/b?project=p"), 404);
	ck_assert_int_eq(ask("GET", "/bkt/big"), 404);
	ck_assert_int_eq(client_ask("POST", UP "media&name=x", "x", 1,
	    header), 404);
	ck_assert(!has_object("x"));
	ck_assert_int_eq(ask("GET", "/"), 200);
}
END_TEST

START_TEST(instructions_are_used_one_a_request_in_their_order)
{
	order("storage.objects.get", "return-503\",\"return-429\",\"return-408");
	ck_assert_int_eq(ask("GET", "/storage/v1/b/bkt"), 200);
	ck_assert_int_eq(client_get(O "/big"), 200);
	ck_assert_uint_eq(left("storage.objects.get"), 3);
	ck_assert_int_eq(ask("GET", O "/big"), 503);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "\"code\": 503"));
	ck_assert_int_eq(ask("GET", MEDIA), 429);
	ck_assert(!completed());
	ck_assert_int_eq(ask("GET", "/bkt/big"), 408);
	ck_assert(completed());
	ck_assert_uint_eq(left("storage.objects.get"), 0);
	ck_assert_int_eq(ask("GET", O "/big"), 200);
	ck_assert_int_eq(ask("GET", "/download" MEDIA), 200);
}
END_TEST

START_TEST(requests_find_the_names_that_the_suites_use)
{
	static const struct { const char *name, *method, *path; } t[] = {
		{ "storage.buckets.list", "GET", "/storage/v1/b?project=p" },
		{ "storage.buckets.delete", "DELETE", "/storage/v1/b/bkt" },
		{ "storage.buckets.getIamPolicy", "GET",
		    "/storage/v1/b/bkt/iam" },
		{ "storage.objects.list", "GET", O },
		{ "storage.objects.get", "HEAD", "/bkt/big" },
		{ "storage.objects.get", "GET", "/download" MEDIA },
		{ "storage.objects.delete", "DELETE", O "/big" },
		{ "storage.objects.delete", "DELETE", "/bkt/big" },
		{ "storage.objects.delete", "DELETE",
		    UP "resumable&upload_id=x" },
		{ "storage.objects.insert", "PUT",
		    UP "resumable&upload_id=x" },
		{ "storage.objects.insert", "POST",
		    UP "resumable&upload_id=x" },
		{ "storage.objects.insert", "POST", UP "resumable&name=x" },
		{ "storage.objects.insert", "POST", UP "media&name=x" },
		{ "storage.objects.insert", "PUT", "/bkt/x" },
		{ "storage.objects.rewrite", "POST",
		    O "/big/rewriteTo/b/bkt/o/x" },
		{ "storage.objects.copy", "POST", O "/big/copyTo/b/bkt/o/x" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		order(t[i].name, "return-418");
		ck_assert_msg(ask(t[i].method, t[i].path) == 418,
		    "%s %s: %d", t[i].method, t[i].path, cl.status);
		ck_assert(completed());
	}
	ck_assert(has_object("big"));
	ck_assert(!has_object("x"));
}
END_TEST

START_TEST(patch_by_override_is_a_patch)
{
	order("storage.buckets.patch", "return-503");
	ck_assert_int_eq(try_with("POST", "/storage/v1/b/bkt", "{}", 2,
	    "X-HTTP-Method-Override: PATCH"), CURLE_OK);
	ck_assert_int_eq(cl.status, 503);
	ck_assert(completed());
}
END_TEST

/* Requests at once under one id: each instruction strikes exactly one. */
static void *
asker(void *arg)
{
	const char *const headers[] = { header, NULL };
	CURL *c = curl_easy_init();
	struct curl_slist *l = curl_slist_append(NULL, headers[0]);
	struct buf b;
	long status;
	int *struck = arg;
	char url[128];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d" O "/big",
	    cl.emu->http_port);
	buf_init(&b, 1u << 20);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, l);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, client_add);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &b);
	for (int i = 0; i < 20; i++) {
		if (curl_easy_perform(c) != CURLE_OK)
			break;
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		*struck += status == 503;
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(l);
	buf_release(&b);
	return (NULL);
}

START_TEST(an_instruction_is_used_once_by_requests_at_once)
{
	pthread_t t[4];
	int struck[4] = { 0 }, sum = 0;

	order("storage.objects.get", "return-503\",\"return-503\",\"return-503"
	    "\",\"return-503\",\"return-503\",\"return-503\",\"return-503");
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, asker,
		    &struck[i]), 0);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
		sum += struck[i];
	}
	ck_assert_int_eq(sum, 7);
	ck_assert(completed());
}
END_TEST

/* ---- what the instructions do ---- */

START_TEST(status_and_reset_come_before_the_work)
{
	char url[PATH];

	order("storage.objects.insert", "return-503\",\"return-reset-connection");
	ck_assert_int_eq(client_ask("POST", UP "media&name=x", big, BIG,
	    header), 503);
	ck_assert(!has_object("x"));
	/* On a used connection curl would try again by itself. */
	curl_easy_setopt(cl.curl, CURLOPT_FRESH_CONNECT, 1L);
	ck_assert_int_eq(try_with("POST", UP "media&name=x", "x", 1, NULL),
	    CURLE_RECV_ERROR);
	ck_assert(!has_object("x"));
	ck_assert(completed());

	order("storage.objects.delete", "return-reset-connection");
	ck_assert_int_eq(try("DELETE", O "/big"), CURLE_RECV_ERROR);
	ck_assert_uint_eq(cl.head.len, 0);
	ck_assert(has_object("big"));

	/* A chunk that is refused leaves nothing behind. */
	order("storage.objects.insert", "return-whatever");
	(void)snprintf(url, sizeof(url), "%s", session("y"));
	order("storage.objects.insert", "return-503");
	ck_assert_int_eq(chunk(url, 0, 256 * KiB, "*"), 503);
	ck_assert_int_eq(persisted(url), 0);
}
END_TEST

START_TEST(other_words_are_never_acted_on)
{
	order("storage.objects.get", "return-whatever");
	ck_assert_int_eq(ask("GET", O "/big"), 200);
	order("storage.objects.get", "redirect-send-token-abc");
	ck_assert_int_eq(ask("GET", O "/big"), 200);
	order("storage.objects.get", "return-503-after-1K");
	ck_assert_int_eq(ask("GET", MEDIA), 200);
	order("storage.objects.list", "return-broken-stream-after-0K");
	ck_assert_int_eq(ask("GET", O), 200);
	ck_assert(!completed());
}
END_TEST

START_TEST(broken_stream_ends_after_four_bytes)
{
	char length[32];

	order("storage.objects.get", "return-broken-stream");
	ck_assert_int_eq(try("GET", MEDIA), CURLE_PARTIAL_FILE);
	ck_assert_int_eq(cl.status, 200);
	(void)snprintf(length, sizeof(length), "%d", BIG);
	ck_assert_str_eq(client_header("Content-Length"), length);
	ck_assert_uint_eq(cl.body.len, 4);
	ck_assert_int_eq(memcmp(cl.body.p, big, 4), 0);
	ck_assert(completed());
	ck_assert_int_eq(ask("GET", MEDIA), 200);
	ck_assert_uint_eq(cl.body.len, BIG);

	/* Any answer: metadata, and XML. */
	order("storage.objects.get", "return-broken-stream\",\""
	    "return-broken-stream");
	ck_assert_int_eq(try("GET", O "/big"), CURLE_PARTIAL_FILE);
	ck_assert_uint_eq(cl.body.len, 4);
	ck_assert_int_eq(try("GET", "/bkt/big"), CURLE_PARTIAL_FILE);
	ck_assert_uint_eq(cl.body.len, 4);
	ck_assert(completed());
}
END_TEST

START_TEST(short_body_leaves_the_broken_stream_queued)
{
	ck_assert_int_eq(client_ask("POST", UP "media&name=abc", "abc", 3,
	    NULL), 200);
	order("storage.objects.get", "return-broken-stream");
	ck_assert_int_eq(ask("GET", O "/abc?alt=media"), 200);
	ck_assert_int_eq(ask("HEAD", "/bkt/big"), 200);
	ck_assert(!completed());
	ck_assert_int_eq(ask("GET", "/bkt/abc"), 200);
	ck_assert_str_eq(cl.body.p, "abc");
}
END_TEST

START_TEST(broken_stream_counts_the_bytes_of_its_own_answer)
{
	order("storage.objects.get", "return-broken-stream-after-256K");
	ck_assert_int_eq(try_with("GET", MEDIA, NULL, 0,
	    "Range: bytes=0-1023"), CURLE_OK);
	ck_assert(!completed());
	ck_assert_int_eq(try_with("GET", MEDIA, NULL, 0,
	    "Range: bytes=100000-"), CURLE_PARTIAL_FILE);
	ck_assert_int_eq(cl.status, 206);
	ck_assert_uint_eq(cl.body.len, 256 * KiB);
	ck_assert_int_eq(memcmp(cl.body.p, big + 100000, 256 * KiB), 0);
	ck_assert(completed());
}
END_TEST

START_TEST(single_shot_upload_fails_when_it_is_long_enough)
{
	order("storage.objects.insert", "return-503-after-256K");
	ck_assert_int_eq(client_ask("POST", UP "media&name=small", big,
	    256 * KiB - 1, header), 200);
	ck_assert(!completed());
	ck_assert_int_eq(client_ask("POST", UP "media&name=x", big,
	    256 * KiB, header), 503);
	ck_assert(completed());
	ck_assert(has_object("small"));
	ck_assert(!has_object("x"));
	order("storage.objects.insert", "return-504-after-1K");
	ck_assert_int_eq(client_ask("PUT", "/bkt/x", big, 2 * KiB, header),
	    504);
	ck_assert(!has_object("x"));
}
END_TEST

START_TEST(resumable_upload_persists_exactly_up_to_the_offset)
{
	char url[PATH];

	order("storage.objects.insert", "return-503-after-300K");
	(void)snprintf(url, sizeof(url), "%s", session("x"));
	ck_assert_int_eq(chunk(url, 0, 256 * KiB, "*"), 308);
	ck_assert(!completed());
	ck_assert_int_eq(chunk(url, 256 * KiB, BIG - 256 * KiB, "614400"),
	    503);
	ck_assert(completed());
	ck_assert_int_eq(persisted(url), 300 * KiB);
	ck_assert(!has_object("x"));
	/* Bytes that are there are passed over, then it ends as usual. */
	ck_assert_int_eq(chunk(url, 256 * KiB, BIG - 256 * KiB, "614400"),
	    200);
	ck_assert_int_eq(client_get(O "/x?alt=media"), 200);
	ck_assert_uint_eq(cl.body.len, BIG);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
}
END_TEST

START_TEST(offset_at_the_end_of_the_last_chunk_leaves_the_upload_open)
{
	char url[PATH];

	order("storage.objects.insert", "return-503-after-600K");
	(void)snprintf(url, sizeof(url), "%s", session("x"));
	ck_assert_int_eq(chunk(url, 0, BIG, "614400"), 503);
	ck_assert(completed());
	ck_assert(!has_object("x"));
	ck_assert_int_eq(persisted(url), BIG);
	/* Asked with the length, that is all of it. */
	ck_assert_int_eq(client_ask("PUT", url, "", 0,
	    "Content-Range: bytes */614400"), 200);
	ck_assert(has_object("x"));
}
END_TEST

START_TEST(offset_that_was_passed_fails_the_next_chunk)
{
	char url[PATH];

	order("storage.objects.insert", "return-whatever");
	(void)snprintf(url, sizeof(url), "%s", session("x"));
	ck_assert_int_eq(chunk(url, 0, 256 * KiB, "*"), 308);
	order("storage.objects.insert", "return-503-after-100K");
	ck_assert_int_eq(chunk(url, 256 * KiB, 256 * KiB, "*"), 503);
	ck_assert(completed());
	ck_assert_int_eq(persisted(url), 256 * KiB);
}
END_TEST

START_TEST(final_chunk_is_stored_and_its_answer_cut)
{
	char url[PATH];

	order("storage.objects.insert",
	    "return-broken-stream-final-chunk-after-10B");
	(void)snprintf(url, sizeof(url), "%s", session("x"));
	ck_assert_int_eq(chunk(url, 0, 256 * KiB, "*"), 308);
	ck_assert(!completed());
	ck_assert_int_eq(chunk(url, 256 * KiB, BIG - 256 * KiB, "614400"),
	    200);
	ck_assert_uint_eq(cl.body.len, 10);
	ck_assert_str_eq(client_header("Content-Length"), "10");
	ck_assert(completed());
	ck_assert(has_object("x"));
	ck_assert_int_eq(chunk(url, 256 * KiB, BIG - 256 * KiB, "614400"),
	    200);
	client_is("name", "x");
	/* More than there is: all of it, and used up. */
	order("storage.objects.insert",
	    "return-broken-stream-final-chunk-after-99999B");
	ck_assert_int_eq(chunk(url, 256 * KiB, BIG - 256 * KiB, "614400"),
	    200);
	client_is("name", "x");
	ck_assert(completed());
	/* An upload without a session knows no final chunk. */
	order("storage.objects.insert",
	    "return-broken-stream-final-chunk-after-10B");
	ck_assert_int_eq(client_ask("POST", UP "media&name=y", "y", 1,
	    header), 200);
	client_is("name", "y");
	ck_assert(!completed());
}
END_TEST

static int64_t
since(int64_t t0)
{

	return ((clock_mono_us() - t0) / 1000);
}

START_TEST(download_stalls_once_and_goes_on)
{
	int64_t t0 = clock_mono_us();

	order("storage.objects.get", "stall-for-1s-after-256K\",\""
	    "stall-for-1s-after-0K");
	ck_assert_int_eq(ask("GET", MEDIA), 200);
	ck_assert_uint_eq(cl.body.len, BIG);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
	ck_assert_int_ge(since(t0), 1000);
	ck_assert_uint_eq(left("storage.objects.get"), 1);
	t0 = clock_mono_us();
	ck_assert_int_eq(ask("GET", O "/big"), 200);
	ck_assert_int_ge(since(t0), 1000);
	ck_assert(completed());
}
END_TEST

START_TEST(stall_after_nothing_holds_back_the_head)
{
	struct start_opts o = { .http = NULL };
	struct err e = ERR_INIT;
	struct buf seen;
	char rq[512];
	int fd;

	order("storage.objects.get", "stall-for-3600s-after-0K");
	fd = client_connect(cl.emu->http_port);
	(void)snprintf(rq, sizeof(rq), "GET " MEDIA " HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\n%s\r\n\r\n", header);
	client_send(fd, rq);
	while (!completed())
		;
	ck_assert_int_eq(recv(fd, rq, 1, MSG_DONTWAIT), -1);
	/* The end wakes it. */
	start_free(cl.start);
	cl.start = NULL;
	buf_init(&seen, ANSWER_MAX);
	(void)client_read_all(fd, &seen);
	buf_release(&seen);
	(void)close(fd);
	cl.start = start_new(&o, &e);
	ck_assert_ptr_nonnull(cl.start);
	cl.emu = start_emu(cl.start);
}
END_TEST

START_TEST(upload_stalls_where_it_holds_the_offset)
{
	char url[PATH];
	int64_t t0;

	order("storage.objects.insert", "stall-for-1s-after-300K");
	(void)snprintf(url, sizeof(url), "%s", session("x"));
	t0 = clock_mono_us();
	ck_assert_int_eq(chunk(url, 0, 256 * KiB, "*"), 308);
	ck_assert_int_lt(since(t0), 900);
	ck_assert(!completed());
	ck_assert_int_eq(chunk(url, 256 * KiB, BIG - 256 * KiB, "614400"),
	    200);
	ck_assert_int_ge(since(t0), 1000);
	ck_assert(completed());
	order("storage.objects.insert", "stall-for-1s-after-256K");
	ck_assert_int_eq(client_ask("POST", UP "media&name=y", big,
	    256 * KiB - 1, header), 200);
	ck_assert(!completed());
	t0 = clock_mono_us();
	ck_assert_int_eq(client_ask("POST", UP "media&name=y", big,
	    256 * KiB, header), 200);
	ck_assert_int_ge(since(t0), 1000);
	ck_assert(completed());
}
END_TEST

START_TEST(unreachable_buckets_leave_the_list)
{
	json_auto_t *j = NULL;
	const json_t *u;

	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"lost\"}"),
	    200);
	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"gone\"}"),
	    200);
	order("storage.buckets.list", "return-unreachable-buckets-"
	    "projects/_/buckets/lost,gone");
	ck_assert_int_eq(ask("GET", "/storage/v1/b?project=litedrill"), 200);
	ck_assert(!completed());
	ck_assert_int_eq(ask("GET", "/storage/v1/b?project=litedrill&"
	    "returnPartialSuccess=true"), 200);
	j = client_json();
	ck_assert_uint_eq(json_array_size(json_object_get(j, "items")), 1);
	u = json_object_get(j, "unreachable");
	ck_assert_uint_eq(json_array_size(u), 2);
	ck_assert_str_eq(json_string_value(json_array_get(u, 1)),
	    "projects/_/buckets/lost");
	ck_assert(completed());
}
END_TEST

/* ---- x-goog-emulator-instructions ---- */

static CURLcode
instruct(const char *method, const char *path, const char *instruction,
    const char *more)
{
	char h[128];
	const char *const headers[] = { h, more, NULL };

	(void)snprintf(h, sizeof(h), "x-goog-emulator-instructions: %s",
	    instruction);
	return (client_try(method, client_url(path), NULL, 0, headers));
}

START_TEST(header_breaks_and_corrupts_downloads_each_time)
{
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(instruct("GET", MEDIA,
		    "return-corrupted-data", NULL), CURLE_OK);
		ck_assert_int_eq(cl.body.p[0], 'A');
		ck_assert_int_eq(memcmp(cl.body.p + 1, big + 1, BIG - 1), 0);
		ck_assert_int_eq(instruct("GET", MEDIA,
		    "return-503-after-256K", NULL), CURLE_RECV_ERROR);
		/* a reset may take bytes along that were under way */
		ck_assert_uint_le(cl.body.len, 256 * KiB);
		ck_assert_int_eq(instruct("GET", MEDIA,
		    "break-after-256K/retry-3", NULL), CURLE_RECV_ERROR);
	}
	/* Metadata is left alone, and so is a short body. */
	ck_assert_int_eq(instruct("GET", O "/big", "return-corrupted-data",
	    NULL), CURLE_OK);
	client_is("name", "big");
	ck_assert_int_eq(instruct("GET", MEDIA, "return-broken-stream", NULL),
	    CURLE_OK);
	ck_assert_uint_eq(cl.body.len, BIG);
}
END_TEST

START_TEST(header_counts_retries_by_its_suffix)
{
	static const char range[] = "Range: bytes=262144-";

	ck_assert_int_eq(instruct("GET", MEDIA,
	    "return-503-after-256K/retry-1", range), CURLE_OK);
	ck_assert_int_eq(cl.status, 503);
	ck_assert_int_eq(instruct("GET", MEDIA,
	    "return-503-after-256K/retry-2", range), CURLE_OK);
	ck_assert_int_eq(cl.status, 503);
	ck_assert_int_eq(instruct("GET", MEDIA,
	    "return-503-after-256K/retry-3", range), CURLE_OK);
	ck_assert_int_eq(cl.status, 206);
	ck_assert_int_eq(instruct("GET", MEDIA, "return-503-after-256K",
	    range), CURLE_OK);
	ck_assert_int_eq(cl.status, 206);
}
END_TEST

START_TEST(header_breaks_a_download_after_one_mebibyte)
{
	char *more = mem_alloc(2 << 20);

	ck_assert_int_eq(client_ask("POST", UP "media&name=more", more,
	    2 << 20, NULL), 200);
	free(more);
	ck_assert_int_eq(instruct("GET", O "/more?alt=media",
	    "return-broken-stream", NULL), CURLE_RECV_ERROR);
	ck_assert_uint_le(cl.body.len, 1 << 20);
}
END_TEST

START_TEST(header_injures_uploads)
{
	static const char inject[] =
	    "x-goog-emulator-instructions: inject-upload-data-error";
	static const char *const bad[] = {
		inject, "x-goog-hash: crc32c=mnG7TA==", NULL	/* "hello" */
	};
	static const char *const good[] = { inject, NULL };
	char url[PATH];

	ck_assert_int_eq(client_try("POST", client_url(UP "media&name=h"),
	    "hello", 5, bad + 1), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	ck_assert_int_eq(client_try("POST", client_url(UP "media&name=x"),
	    "hello", 5, bad), CURLE_OK);
	ck_assert_int_eq(cl.status, 400);
	ck_assert(!has_object("x"));
	ck_assert_int_eq(client_try("POST", client_url(UP "media&name=x"),
	    "hello", 5, good), CURLE_OK);
	ck_assert_int_eq(client_get(O "/x?alt=media"), 200);
	ck_assert_str_eq(cl.body.p, "Aello");

	order("storage.objects.insert", "return-whatever");
	(void)snprintf(url, sizeof(url), "%s", session("y"));
	ck_assert_int_eq(try_with("PUT", url, big, BIG,
	    "x-goog-emulator-instructions: return-503-after-256K"), CURLE_OK);
	ck_assert_int_eq(cl.status, 503);
	ck_assert_int_eq(persisted(url), 256 * KiB);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_is_made_shown_listed_and_deleted);
	tcase_add_test(t, root_answers_ok);
	tcase_add_test(t, test_that_says_nothing_is_400_in_plain_text);
	tcase_add_test(t, bad_tests_are_400_in_json);
	tcase_add_test(t, every_instruction_and_method_name_is_known);
	tcase_add_test(t, grpc_tests_are_kept_apart);
	tcase_add_test(t, number_and_size_of_tests_are_bounded);
	tcase_add_test(t, api_is_there_for_this_host_alone);
	tcase_add_test(t, unknown_id_is_404_on_any_api_route);
	tcase_add_test(t, instructions_are_used_one_a_request_in_their_order);
	tcase_add_test(t, requests_find_the_names_that_the_suites_use);
	tcase_add_test(t, patch_by_override_is_a_patch);
	tcase_add_test(t, an_instruction_is_used_once_by_requests_at_once);
	tcase_add_test(t, status_and_reset_come_before_the_work);
	tcase_add_test(t, other_words_are_never_acted_on);
	tcase_add_test(t, broken_stream_ends_after_four_bytes);
	tcase_add_test(t, short_body_leaves_the_broken_stream_queued);
	tcase_add_test(t, broken_stream_counts_the_bytes_of_its_own_answer);
	tcase_add_test(t, single_shot_upload_fails_when_it_is_long_enough);
	tcase_add_test(t, resumable_upload_persists_exactly_up_to_the_offset);
	tcase_add_test(t,
	    offset_at_the_end_of_the_last_chunk_leaves_the_upload_open);
	tcase_add_test(t, offset_that_was_passed_fails_the_next_chunk);
	tcase_add_test(t, final_chunk_is_stored_and_its_answer_cut);
	tcase_add_test(t, download_stalls_once_and_goes_on);
	tcase_add_test(t, stall_after_nothing_holds_back_the_head);
	tcase_add_test(t, upload_stalls_where_it_holds_the_offset);
	tcase_add_test(t, unreachable_buckets_leave_the_list);
	tcase_add_test(t, header_breaks_and_corrupts_downloads_each_time);
	tcase_add_test(t, header_counts_retries_by_its_suffix);
	tcase_add_test(t, header_breaks_a_download_after_one_mebibyte);
	tcase_add_test(t, header_injures_uploads);
}

int
main(void)
{

	return (client_main("retry_test", add));
}
