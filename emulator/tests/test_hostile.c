/* Clients that mean no good, or have been pointed at the wrong port. */
#include "emulator/tests/wire.h"

#define HOST	"Host: localhost\r\n"
#define B	"/storage/v1/b"

static struct wire w;

static void
setup(void)
{
	struct server_opts o = { .https = "127.0.0.1:0",
	    .proxy = "127.0.0.1:0" };

	wire_start(&o);
	wire_init(&w);
}

static void
teardown(void)
{

	wire_release(&w);
	wire_stop();
}

/* What comes to those bytes, which end the connection. */
static int
refused(int port, const void *p, size_t n)
{
	int fd = wire_open(port);

	wire_bytes(fd, p, n);
	(void)wire_answer(fd, &w, false);
	ck_assert(wire_ended(fd));
	(void)close(fd);
	return (w.status);
}

/* ---- where an answer ends ---- */

START_TEST(answer_to_an_overridden_method_has_its_body)
{
	int fd = wire_connect();

	/* The client has sent POST, and reads what its answer announces. */
	wire_send(fd, "POST " B "/none HTTP/1.1\r\n" HOST
	    "X-HTTP-Method-Override: HEAD\r\n\r\n"
	    "GET " B "/bkt HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 405);
	ck_assert_ptr_nonnull(strstr(w.body.p, "405"));
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	ck_assert_ptr_nonnull(strstr(w.body.p, "\"name\": \"bkt\""));
	(void)close(fd);
}
END_TEST

START_TEST(refused_head_has_no_body)
{
	int fd = wire_connect();

	wire_send(fd, "HEAD " B " HTTP/1.1\r\n" HOST "Expect: miracles\r\n"
	    "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, true), 417);
	ck_assert(wire_ended(fd));
	(void)close(fd);
}
END_TEST

/* ---- the wrong port ---- */

START_TEST(tls_on_the_plain_port_is_refused_at_once)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc";

	ck_assert_int_eq(refused(x.emu.http_port, hello, sizeof(hello) - 1),
	    400);
	ck_assert_ptr_nonnull(strstr(w.body.p, "This is TLS"));
	ck_assert_int_eq(refused(x.emu.proxy_port, hello, sizeof(hello) - 1),
	    405);
	ck_assert_int_eq(refused(x.emu.http_port, "\x01", 1), 400);
	ck_assert_int_eq(refused(x.emu.http_port, "\r\n\rG", 4), 400);
}
END_TEST

START_TEST(plain_http_on_the_tls_port_is_told_so)
{
	static const char *const text[] = {
		"GET " B " HTTP/1.1\r\n" HOST "\r\n",
		"POST " B " HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}",
		"CONNECT storage.googleapis.com:443 HTTP/1.1\r\n" HOST "\r\n",
	};

	for (size_t i = 0; i < NELEMS(text); i++) {
		ck_assert_int_eq(refused(x.emu.https_port, text[i],
		    strlen(text[i])), 400);
		ck_assert_ptr_nonnull(strstr(w.body.p, "https"));
	}
}
END_TEST

START_TEST(connect_to_a_long_name_is_answered)
{
	struct buf b;

	buf_init(&b, 16u << 10);
	buf_adds(&b, "CONNECT ");
	for (int i = 0; i < 7000; i++)
		buf_addc(&b, 'a');
	buf_adds(&b, ":443 HTTP/1.1\r\n\r\n");
	ck_assert_int_eq(refused(x.emu.proxy_port, b.p, b.len), 403);
	ck_assert_ptr_nonnull(strstr(w.body.p, "not an emulated host"));
	buf_release(&b);
}
END_TEST

START_TEST(foreign_host_is_not_told_of_the_server)
{
	int fd = wire_connect();

	wire_send(fd, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n"
	    "OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 403);
	ck_assert_int_eq(wire_answer(fd, &w, true), 204);
	(void)close(fd);
}
END_TEST

/* ---- too much ---- */

START_TEST(too_large_a_body_is_refused_before_it_comes)
{
	int fd = wire_connect();

	wire_send(fd, "POST " B "?project=p HTTP/1.1\r\n" HOST
	    "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 413);
	(void)close(fd);
	fd = wire_connect();
	wire_send(fd, "POST " B "?project=p HTTP/1.1\r\n" HOST
	    "Content-Length: 9223372036854775807\r\n\r\n{");
	ck_assert_int_eq(wire_answer(fd, &w, false), 413);
	(void)close(fd);
}
END_TEST

/* A JSON text of that many bytes, mostly this again and again. */
static int
json_of(const char *again, size_t n)
{
	struct buf b;
	int fd = wire_connect();

	buf_init(&b, 16u << 20);
	buf_addf(&b, "POST " B "?project=p HTTP/1.1\r\n" HOST
	    "Content-Length: %zu\r\n\r\n", n);
	n += b.len;
	buf_adds(&b, "{\"name\":\"");
	if (again[0] != 'x')
		buf_adds(&b, "\",\"a\":[");
	while (b.len + strlen(again) + 3 <= n)
		buf_adds(&b, again);
	buf_adds(&b, again[0] == 'x' ? "\"}" : "0]}");
	while (b.len < n)
		buf_addc(&b, ' ');
	wire_bytes(fd, b.p, b.len);
	(void)wire_answer(fd, &w, false);
	buf_release(&b);
	(void)close(fd);
	return (w.status);
}

START_TEST(json_of_too_many_values_is_not_read)
{

	ck_assert_int_eq(json_of("{},", 10u << 20), 413);
	ck_assert_int_eq(json_of("1,", 10u << 20), 413);
	ck_assert_int_eq(json_of("1,", 300000), 400);	/* no such name */
}
END_TEST

START_TEST(message_does_not_quote_all_that_came)
{

	ck_assert_int_eq(json_of("x", 1u << 20), 400);
	ck_assert_uint_lt(w.body.len, 64u << 10);
	ck_assert_ptr_nonnull(strstr(w.body.p, "Invalid bucket name"));
}
END_TEST

START_TEST(hoarders_of_memory_stop_nobody_else)
{
	enum { N = 40 };
	static const char piece[1u << 20] = "{";
	int fd[N];
	bool told = false;

	for (int i = 0; i < N; i++) {
		fd[i] = wire_connect();
		wire_send(fd[i], "POST " B "?project=p HTTP/1.1\r\n" HOST
		    "Content-Length: 10485760\r\n\r\n");
		for (int k = 0; k < 10; k++)
			wire_bytes(fd[i], piece, sizeof(piece) -
			    (size_t)(k == 9));
	}
	/* All but 1 byte each; that of the last finds no room any more. */
	for (int i = N - 1; i >= 0 && !told; i--) {
		wire_bytes(fd[i], " ", 1);
		told = wire_answer(fd[i], &w, false) == 503;
	}
	ck_assert(told);
	ck_assert_int_eq(json_of("1,", 60000), 400);
	for (int i = 0; i < N; i++)
		(void)close(fd[i]);
}
END_TEST

/* ---- what a listing would repeat ---- */

static int
status_of(const char *text)
{
	int fd = wire_connect();

	wire_send(fd, text);
	(void)wire_answer(fd, &w, false);
	(void)close(fd);
	return (w.status);
}

START_TEST(query_that_is_not_utf8_is_refused)
{

	ck_assert_int_eq(status_of("GET /bkt?prefix=%ff HTTP/1.1\r\n" HOST
	    "\r\n"), 400);
	ck_assert_int_eq(status_of("GET /bkt?marker=a%c3 HTTP/1.1\r\n" HOST
	    "\r\n"), 400);
	ck_assert_int_eq(status_of("GET /bkt?prefix=%c3%a9 HTTP/1.1\r\n" HOST
	    "\r\n"), 200);
}
END_TEST

START_TEST(checksum_of_the_wrong_type_is_refused)
{

	ck_assert_int_eq(status_of("POST /upload" B "/bkt/o?uploadType="
	    "multipart HTTP/1.1\r\n" HOST "Content-Type: multipart/related; "
	    "boundary=B\r\nContent-Length: 82\r\n\r\n"
	    "--B\r\n\r\n{\"name\":\"a\",\"crc32c\":1}         \r\n"
	    "--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--"), 400);
	ck_assert_ptr_nonnull(strstr(w.body.p, "'crc32c'"));
}
END_TEST

/* ---- web pages ---- */

#define PAGE	"POST /upload" B "/bkt/o?uploadType=media&name=p HTTP/1.1\r\n" \
		HOST "Content-Type: text/plain\r\nContent-Length: 1\r\n"

START_TEST(page_of_another_site_drives_nothing)
{

	ck_assert_int_eq(status_of(PAGE "Origin: http://evil.example\r\n"
	    "Sec-Fetch-Site: cross-site\r\n\r\nx"), 403);
	ck_assert_int_eq(status_of(PAGE "Origin: null\r\n"
	    "Sec-Fetch-Site: cross-site\r\n\r\nx"), 403);
	ck_assert_int_eq(status_of(PAGE
	    "Origin: http://localhost.evil.example\r\n"
	    "Sec-Fetch-Site: cross-site\r\n\r\nx"), 403);
	ck_assert_int_eq(status_of("POST /retry_test HTTP/1.1\r\n" HOST
	    "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n"
	    "Content-Length: 2\r\n\r\n{}"), 403);
	ck_assert_int_eq(status_of("GET /bkt/p HTTP/1.1\r\n" HOST "\r\n"),
	    404);
	/* A page of one's own, and a program that says an origin. */
	ck_assert_int_eq(status_of(PAGE "Origin: http://localhost:3000\r\n"
	    "Sec-Fetch-Site: cross-site\r\n\r\nx"), 200);
	ck_assert_int_eq(status_of(PAGE "Origin: http://[::1]:3000\r\n"
	    "Sec-Fetch-Site: cross-site\r\n\r\nx"), 200);
	ck_assert_int_eq(status_of(PAGE "Origin: http://evil.example\r\n\r\n"
	    "x"), 200);
}
END_TEST

START_TEST(page_that_the_bucket_names_is_let_in)
{

	ck_assert_int_eq(status_of("PATCH " B "/bkt HTTP/1.1\r\n" HOST
	    "Content-Length: 45\r\n\r\n"
	    "{\"cors\":[{\"origin\":[\"http://site.example\"]}]}"), 200);
	ck_assert_int_eq(status_of(PAGE "Origin: http://site.example\r\n"
	    "Sec-Fetch-Site: cross-site\r\n\r\nx"), 200);
	ck_assert_int_eq(status_of(PAGE "Origin: http://evil.example\r\n"
	    "Sec-Fetch-Site: cross-site\r\n\r\nx"), 403);
}
END_TEST

/* A listing of 8 MiB. */
static void
fat_listing(void)
{
	int fd = wire_connect();
	struct buf b;

	buf_init(&b, 32u << 10);
	for (int i = 0; i < 1000; i++) {
		buf_reset(&b);
		buf_addf(&b, "PUT /bkt/%d HTTP/1.1\r\n" HOST
		    "Content-Length: 0\r\nx-goog-meta-a: %08000d\r\n\r\n",
		    i, i);
		wire_bytes(fd, b.p, b.len);
		ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	}
	buf_release(&b);
	(void)close(fd);
}

START_TEST(answers_that_nobody_reads_are_bounded)
{
	enum { N = 50 };
	int fd[N], full = 0;

	fat_listing();
	for (int i = 0; i < N; i++) {
		fd[i] = wire_connect();
		wire_send(fd[i], "GET " B "/bkt/o HTTP/1.1\r\n" HOST "\r\n");
	}
	/* The head of each tells; nobody reads the bodies. */
	for (int i = 0; i < N; i++) {
		char head[13] = "";

		ck_assert_int_eq(recv(fd[i], head, 12, MSG_WAITALL), 12);
		full += strcmp(head + 9, "503") == 0;
	}
	ck_assert_int_gt(full, 0);
	ck_assert_int_lt(full, N / 2);
	ck_assert_int_eq(status_of("GET " B "/bkt HTTP/1.1\r\n" HOST "\r\n"),
	    200);
	for (int i = 0; i < N; i++)
		(void)close(fd[i]);
}
END_TEST

START_TEST(object_with_an_endless_field_can_be_read)
{
	int fd = wire_connect();
	struct buf b;

	ck_assert_int_eq(status_of("PUT /bkt/a HTTP/1.1\r\n" HOST
	    "Content-Length: 4\r\n\r\ndata"), 200);
	buf_init(&b, 4u << 20);
	buf_adds(&b, "PATCH " B "/bkt/o/a?fields=name HTTP/1.1\r\n" HOST
	    "Content-Length: 2000025\r\n\r\n{\"contentDisposition\":\"");
	for (int i = 0; i < 2000000; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\"}");
	wire_bytes(fd, b.p, b.len);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	buf_release(&b);
	(void)close(fd);
	ck_assert_int_eq(status_of("GET /bkt/a HTTP/1.1\r\n" HOST "\r\n"),
	    200);
	ck_assert_str_eq(w.body.p, "data");
}
END_TEST

/* A listing whose matchGlob is that, n times, and then that, n times. */
static int
glob_of(const char *begin, const char *end, int n)
{
	struct buf b;
	int status;

	buf_init(&b, 64u << 10);
	buf_adds(&b, "GET " B "/bkt/o?matchGlob=");
	for (int i = 0; i < n; i++)
		buf_adds(&b, begin);
	for (int i = 0; i < n; i++)
		buf_adds(&b, end);
	buf_adds(&b, " HTTP/1.1\r\n" HOST "\r\n");
	status = status_of(b.p);
	buf_release(&b);
	return (status);
}

START_TEST(glob_of_braces_does_not_overflow_the_stack)
{

	ck_assert_int_eq(status_of("PUT /bkt/a HTTP/1.1\r\n" HOST
	    "Content-Length: 0\r\n\r\n"), 200);
	ck_assert_int_eq(glob_of("{", "}", 8000), 400);
	ck_assert_int_eq(glob_of("{a}", "", 5000), 400);
	ck_assert_int_eq(glob_of("{a,b}", "", 10), 400);	/* 1024 */
	ck_assert_int_eq(glob_of("{a,b}", "", 9), 200);
	ck_assert_int_eq(glob_of("{", "}", 64), 200);
}
END_TEST

START_TEST(what_no_cors_entry_has_is_not_kept)
{

	ck_assert_int_eq(status_of("PATCH " B "/bkt HTTP/1.1\r\n" HOST
	    "Content-Length: 48\r\n\r\n"
	    "{\"cors\":[{\"origin\":[\"*\"],\"zz\":[[[[[[]]]]]]}]}   "), 200);
	ck_assert_ptr_nonnull(strstr(w.body.p, "\"origin\""));
	ck_assert_ptr_null(strstr(w.body.p, "zz"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hostile");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	/* 2,000 answers and a sanitizer on two busy cores: a guard, no
	 * measure. */
	tcase_set_timeout(t, 60);
	tcase_add_test(t, answer_to_an_overridden_method_has_its_body);
	tcase_add_test(t, refused_head_has_no_body);
	tcase_add_test(t, tls_on_the_plain_port_is_refused_at_once);
	tcase_add_test(t, plain_http_on_the_tls_port_is_told_so);
	tcase_add_test(t, connect_to_a_long_name_is_answered);
	tcase_add_test(t, foreign_host_is_not_told_of_the_server);
	tcase_add_test(t, too_large_a_body_is_refused_before_it_comes);
	tcase_add_test(t, json_of_too_many_values_is_not_read);
	tcase_add_test(t, message_does_not_quote_all_that_came);
	tcase_add_test(t, hoarders_of_memory_stop_nobody_else);
	tcase_add_test(t, query_that_is_not_utf8_is_refused);
	tcase_add_test(t, checksum_of_the_wrong_type_is_refused);
	tcase_add_test(t, page_of_another_site_drives_nothing);
	tcase_add_test(t, page_that_the_bucket_names_is_let_in);
	tcase_add_test(t, answers_that_nobody_reads_are_bounded);
	tcase_add_test(t, object_with_an_endless_field_can_be_read);
	tcase_add_test(t, glob_of_braces_does_not_overflow_the_stack);
	tcase_add_test(t, what_no_cors_entry_has_is_not_kept);
	return (fix_main(s));
}
