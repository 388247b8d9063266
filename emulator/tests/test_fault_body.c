/* Faults inside bodies, on the wire: truncate, stall, corrupt, partial, and
 * the older kinds with at=body. */
#include "emulator/tests/client.h"

#define KiB	1024
#define BIG	(600 * KiB)
#define O	"/storage/v1/b/bkt/o"
#define MEDIA	O "/big?alt=media"
#define UP	"/upload/storage/v1/b/bkt/o?uploadType="

static char big[BIG];

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

static int
fault(const char *rule)
{
	json_auto_t *j = json_loads(rule, 0, NULL);
	struct err e = ERR_INIT;
	int id;

	ck_assert_msg(j != NULL, "%s", rule);
	id = faults_add(cl.emu->faults, j, &e);
	ck_assert_msg(id > 0, "%s", err_msg(&e));
	return (id);
}

static int64_t
fired(int id)
{
	json_auto_t *l = faults_list(cl.emu->faults);
	const json_t *r;
	size_t i;

	json_array_foreach(l, i, r)
		if (json_integer_value(json_object_get(r, "id")) == id)
			return (json_integer_value(json_object_get(r,
			    "fired")));
	return (-1);
}

static CURLcode
try(const char *path)
{

	return (client_try("GET", client_url(path), NULL, 0, NULL));
}

START_TEST(truncate_cuts_after_exactly_so_many_bytes)
{
	int id = fault("{\"kind\":\"truncate\",\"on\":\"storage.objects.get\","
	    "\"after-bytes\":123457}");

	ck_assert_int_eq(try(MEDIA), CURLE_PARTIAL_FILE);
	ck_assert_str_eq(client_header("Content-Length"), "614400");
	ck_assert_uint_eq(cl.body.len, 123457);
	ck_assert_int_eq(memcmp(cl.body.p, big, 123457), 0);
	ck_assert_int_eq(fired(id), 1);
	/* shorter answers are left alone */
	ck_assert_int_eq(try(O "/big"), CURLE_OK);
	ck_assert_int_eq(fired(id), 1);
	ck_assert_int_eq(faults_remove(cl.emu->faults, 0), 0);
	ck_assert_int_eq(try(MEDIA), CURLE_OK);
	ck_assert_uint_eq(cl.body.len, BIG);
}
END_TEST

START_TEST(truncate_works_through_tls_and_on_json)
{
	int id = fault("{\"kind\":\"truncate\",\"on\":\"storage.*\","
	    "\"after-bytes\":0}");

	client_use_proxy();
	ck_assert_int_ne(client_try("GET",
	    "https://storage.googleapis.com/bkt/big", NULL, 0, NULL),
	    CURLE_OK);
	ck_assert_int_eq(fired(id), 1);
	ck_assert_uint_eq(cl.body.len, 0);
	ck_assert_int_ne(client_try("GET", "https://storage.googleapis.com"
	    O, NULL, 0, NULL), CURLE_OK);
	ck_assert_int_eq(fired(id), 2);
	ck_assert_uint_eq(cl.body.len, 0);
}
END_TEST

START_TEST(hidden_truncation_is_told_by_nothing_but_the_content)
{
	(void)fault("{\"kind\":\"truncate\",\"after-bytes\":1000,"
	    "\"args\":{\"hide\":true}}");
	ck_assert_int_eq(try(MEDIA), CURLE_OK);
	ck_assert_str_eq(client_header("Content-Length"), "1000");
	ck_assert_uint_eq(cl.body.len, 1000);
	ck_assert_int_eq(try(MEDIA), CURLE_OK);
	ck_assert_uint_eq(cl.body.len, 1000);
}
END_TEST

START_TEST(corrupt_changes_one_byte_of_a_download)
{
	int id = fault("{\"kind\":\"corrupt\",\"on\":\"storage.objects.get\","
	    "\"after-bytes\":70001}");

	ck_assert_int_eq(try(MEDIA), CURLE_OK);
	ck_assert_uint_eq(cl.body.len, BIG);
	ck_assert_int_eq(memcmp(cl.body.p, big, 70001), 0);
	ck_assert_int_eq((unsigned char)cl.body.p[70001],
	    (unsigned char)big[70001] ^ 0xff);
	ck_assert_int_eq(memcmp(cl.body.p + 70002, big + 70002, BIG - 70002),
	    0);
	ck_assert_int_eq(fired(id), 1);
	/* the store is unharmed */
	ck_assert_int_eq(faults_remove(cl.emu->faults, 0), 0);
	ck_assert_int_eq(try(MEDIA), CURLE_OK);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
}
END_TEST

/* In a form with metadata the offset is still one of the object. */
START_TEST(corrupt_changes_one_byte_of_an_upload)
{
	static const char body[] = "--b\r\nContent-Type: application/json\r\n"
	    "\r\n{\"name\":\"x\"}\r\n--b\r\n\r\nhello\r\n--b--\r\n";
	static const char sum[] = "x-goog-hash: crc32c=mnG7TA==";

	(void)fault("{\"kind\":\"corrupt\",\"on\":\"storage.objects.insert\","
	    "\"after-bytes\":4,\"args\":{\"byte\":111}}");
	ck_assert_int_eq(client_ask("POST", UP "multipart", body,
	    sizeof(body) - 1, "Content-Type: multipart/related; boundary=b"),
	    200);
	ck_assert_int_eq(client_get(O "/x?alt=media"), 200);
	ck_assert_str_eq(cl.body.p, "hellp");
	ck_assert_int_eq(client_ask("POST", UP "media&name=y", "hello", 5,
	    sum), 400);
	ck_assert_int_eq(client_get(O "/y"), 404);
	/* too short to have that byte */
	ck_assert_int_eq(client_ask("POST", UP "media&name=y", "hell", 4,
	    NULL), 200);
	ck_assert_int_eq(client_get(O "/y?alt=media"), 200);
	ck_assert_str_eq(cl.body.p, "hell");
}
END_TEST

START_TEST(stall_waits_between_two_bytes)
{
	int64_t t0 = clock_mono_us();
	struct buf seen;
	char rq[256];
	int fd, id;

	id = fault("{\"kind\":\"stall\",\"nth\":1,\"after-bytes\":100000,"
	    "\"args\":{\"delay\":\"300ms\"}}");
	ck_assert_int_eq(try(MEDIA), CURLE_OK);
	ck_assert_int_ge(clock_mono_us() - t0, 300000);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
	ck_assert_int_eq(faults_remove(cl.emu->faults, id), 0);

	/* What stands before it is out; its end is the rule's. */
	id = fault("{\"kind\":\"stall\",\"after-bytes\":100000,"
	    "\"args\":{\"delay\":\"1h\"}}");
	fd = client_connect(cl.emu->http_port);
	(void)snprintf(rq, sizeof(rq), "GET " MEDIA " HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\nConnection: close\r\n\r\n");
	client_send(fd, rq);
	buf_init(&seen, ANSWER_MAX);
	while (seen.p == NULL || strstr(seen.p, "\r\n\r\n") == NULL ||
	    seen.p + seen.len < strstr(seen.p, "\r\n\r\n") + 4 + 100000) {
		char piece[4096];
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		ck_assert_int_gt(n, 0);
		buf_add(&seen, piece, (size_t)n);
	}
	ck_assert_ptr_eq(seen.p + seen.len,
	    strstr(seen.p, "\r\n\r\n") + 4 + 100000);
	ck_assert_int_eq(faults_remove(cl.emu->faults, id), 0);
	ck_assert_int_eq(client_read_all(fd, &seen), 0);
	ck_assert_ptr_eq(seen.p + seen.len,
	    strstr(seen.p, "\r\n\r\n") + 4 + BIG);
	buf_release(&seen);
	(void)close(fd);
}
END_TEST

START_TEST(stall_holds_up_an_upload)
{
	int64_t t0 = clock_mono_us();

	(void)fault("{\"kind\":\"stall\",\"on\":\"storage.objects.insert\","
	    "\"after-bytes\":1000,\"args\":{\"delay\":\"300ms\"}}");
	ck_assert_int_eq(client_ask("POST", UP "media&name=x", big, 999,
	    NULL), 200);
	ck_assert_int_lt(clock_mono_us() - t0, 300000);
	ck_assert_int_eq(client_ask("POST", UP "media&name=x", big, 1000,
	    NULL), 200);
	ck_assert_int_ge(clock_mono_us() - t0, 300000);
}
END_TEST

START_TEST(partial_refuses_long_uploads_and_leaves_nothing)
{
	(void)fault("{\"kind\":\"partial\",\"after-bytes\":1000,"
	    "\"args\":{\"code\":500}}");
	ck_assert_int_eq(client_ask("POST", UP "media&name=x", big, 999,
	    NULL), 200);
	ck_assert_int_eq(client_ask("POST", UP "media&name=y", big, 1000,
	    NULL), 500);
	ck_assert_int_eq(client_get(O "/x"), 200);
	ck_assert_int_eq(client_get(O "/y"), 404);
}
END_TEST

START_TEST(partial_keeps_so_much_of_a_session)
{
	char url[512];

	ck_assert_int_eq(client_ask("POST", UP "resumable&name=x", "{}", 2,
	    NULL), 200);
	(void)snprintf(url, sizeof(url), "%s", client_header("Location"));
	(void)fault("{\"kind\":\"partial\",\"nth\":1,\"after-bytes\":300001,"
	    "\"args\":{\"code\":502}}");
	ck_assert_int_eq(client_try("PUT", url, big, BIG, NULL), CURLE_OK);
	ck_assert_int_eq(cl.status, 502);
	ck_assert_int_eq(client_try("PUT", url, "", 0, (const char *[]){
	    "Content-Range: bytes */614400", NULL }), CURLE_OK);
	ck_assert_int_eq(cl.status, 308);
	ck_assert_str_eq(client_header("Range"), "bytes=0-300000");
	ck_assert_int_eq(client_try("PUT", url, big + 300001, BIG - 300001,
	    (const char *[]){ "Content-Range: bytes 300001-614399/614400",
	    NULL }), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	ck_assert_int_eq(client_get(O "/x?alt=media"), 200);
	ck_assert_int_eq(memcmp(cl.body.p, big, BIG), 0);
}
END_TEST

START_TEST(drop_acts_between_the_right_two_bytes)
{
	(void)fault("{\"kind\":\"drop\",\"at\":\"body\","
	    "\"after-bytes\":65537}");
	ck_assert_int_eq(try(MEDIA), CURLE_PARTIAL_FILE);
	ck_assert_uint_eq(cl.body.len, 65537);
}
END_TEST

START_TEST(unreachable_wants_to_be_asked_for)
{
	json_auto_t *j = NULL;

	(void)fault("{\"kind\":\"unreachable\",\"args\":{\"buckets\":"
	    "\"other,bkt\"}}");
	ck_assert_int_eq(client_get("/storage/v1/b?project=litedrill"), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "\"items\""));
	ck_assert_int_eq(client_get("/storage/v1/b?project=litedrill&"
	    "returnPartialSuccess=true"), 200);
	j = client_json();
	ck_assert_uint_eq(json_array_size(json_object_get(j, "items")), 0);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(j,
	    "unreachable"), 0)), "projects/_/buckets/bkt");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, truncate_cuts_after_exactly_so_many_bytes);
	tcase_add_test(t, truncate_works_through_tls_and_on_json);
	tcase_add_test(t, hidden_truncation_is_told_by_nothing_but_the_content);
	tcase_add_test(t, corrupt_changes_one_byte_of_a_download);
	tcase_add_test(t, corrupt_changes_one_byte_of_an_upload);
	tcase_add_test(t, stall_waits_between_two_bytes);
	tcase_add_test(t, stall_holds_up_an_upload);
	tcase_add_test(t, partial_refuses_long_uploads_and_leaves_nothing);
	tcase_add_test(t, partial_keeps_so_much_of_a_session);
	tcase_add_test(t, drop_acts_between_the_right_two_bytes);
	tcase_add_test(t, unreachable_wants_to_be_asked_for);
}

int
main(void)
{

	return (client_main("fault_body", add));
}
