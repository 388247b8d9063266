/* What a connection may carry, byte by byte. */
#include "emulator/tests/wire.h"

#include <curl/curl.h>
#include <pthread.h>

#define HOST	"Host: localhost\r\n"
#define EVIL	"Host: evil.com\r\n"
#define O	"/storage/v1/b/bkt/o"
#define UP	"/upload/storage/v1/b/bkt/o?uploadType=media&name="
#define GET(path)	"GET " path " HTTP/1.1\r\n" HOST "\r\n"

static struct wire w;

static void
setup(void)
{
	struct server_opts o = { .https = "127.0.0.1:0" };

	wire_start(&o);
	wire_init(&w);
}

static void
teardown(void)
{

	wire_release(&w);
	wire_stop();
}

static void
put(const char *name, const char *body)
{
	int fd = wire_connect();
	char text[1024];

	(void)snprintf(text, sizeof(text), "PUT /bkt/%s HTTP/1.1\r\n" HOST
	    "Content-Length: %zu\r\n\r\n%s", name, strlen(body), body);
	wire_send(fd, text);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
}

/* What is stored under a name, in w.body; the status. */
static int
stored(const char *name)
{
	int fd = wire_connect();
	char text[256];

	(void)snprintf(text, sizeof(text), "GET /bkt/%s HTTP/1.1\r\n" HOST
	    "\r\n", name);
	wire_send(fd, text);
	(void)wire_answer(fd, &w, false);
	(void)close(fd);
	return (w.status);
}

/* ---- requests one after another ---- */

START_TEST(pipelined_requests_are_answered_in_order)
{
	int fd = wire_connect();
	struct buf b;

	put("a", "first");
	buf_init(&b, 1u << 20);
	for (int i = 0; i < 400; i++) {
		buf_addf(&b, "PUT /bkt/n%d HTTP/1.1\r\n" HOST
		    "Content-Length: 3\r\n\r\n%03d", i, i);
		buf_adds(&b, GET("/bkt/a") "\r\n");
		buf_addf(&b, "POST " UP "c HTTP/1.1\r\n" HOST
		    "Transfer-Encoding: chunked\r\n\r\n3\r\n%03d\r\n0\r\n\r\n",
		    i);
		buf_adds(&b, GET("/bkt/c"));
	}
	wire_bytes(fd, b.p, b.len);
	for (int i = 0; i < 400; i++) {
		char want[16];

		(void)snprintf(want, sizeof(want), "%03d", i);
		ck_assert_int_eq(wire_answer(fd, &w, false), 200);
		ck_assert_int_eq(wire_answer(fd, &w, false), 200);
		ck_assert_str_eq(w.body.p, "first");
		ck_assert_int_eq(wire_answer(fd, &w, false), 200);
		ck_assert_int_eq(wire_answer(fd, &w, false), 200);
		ck_assert_str_eq(w.body.p, want);
	}
	(void)close(fd);
	ck_assert_int_eq(stored("n399"), 200);
	ck_assert_str_eq(w.body.p, "399");
	buf_release(&b);
}
END_TEST

START_TEST(request_may_come_in_single_bytes)
{
	static const char text[] = "\r\nPUT /bkt/slow HTTP/1.1\r\n" HOST
	    "Content-Length: 5\r\n\r\nhello" GET("/bkt/slow");
	int fd = wire_connect();

	for (size_t i = 0; i + 1 < sizeof(text); i++)
		wire_bytes(fd, text + i, 1);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	ck_assert_str_eq(w.body.p, "hello");
	(void)close(fd);
}
END_TEST

START_TEST(answers_to_head_and_204_and_304_have_no_body)
{
	int fd = wire_connect();

	put("a", "twelve bytes");
	wire_send(fd, "HEAD /bkt/a HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, true), 200);
	ck_assert_str_eq(wire_header(&w, "Content-Length"), "12");
	wire_send(fd, "HEAD /bkt/none HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, true), 404);
	wire_send(fd, "GET " O "/a?alt=media&ifGenerationNotMatch=0 "
	    "HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	wire_send(fd, "GET " O "/a?ifMetagenerationNotMatch=1 HTTP/1.1\r\n"
	    HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, true), 304);
	ck_assert_ptr_null(wire_header(&w, "Content-Length"));
	wire_send(fd, "DELETE " O "/a HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, true), 204);
	ck_assert_ptr_null(wire_header(&w, "Content-Length"));
	ck_assert_ptr_nonnull(wire_header(&w, "Date"));
	ck_assert_ptr_nonnull(strstr(wire_header(&w, "Server"), "fake"));
	wire_send(fd, GET(O));
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
}
END_TEST

START_TEST(connection_is_kept_after_refusals)
{
	int fd = wire_connect();

	for (int i = 0; i < 3; i++) {
		wire_send(fd, "PUT /none/x HTTP/1.1\r\n" HOST
		    "Content-Length: 5\r\n\r\nhello");
		ck_assert_int_eq(wire_answer(fd, &w, false), 404);
		wire_send(fd, "BREW /x/y HTTP/1.1\r\n" HOST
		    "Content-Length: 5\r\n\r\nhello");
		ck_assert_int_eq(wire_answer(fd, &w, false), 405);
		wire_send(fd, "GET /bkt/%zz HTTP/1.1\r\n" HOST "\r\n");
		ck_assert_int_eq(wire_answer(fd, &w, false), 400);
		wire_send(fd, "GET " O " HTTP/1.1\r\n" HOST
		    "Content-Length: 3\r\n\r\nGET");
		ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	}
	(void)close(fd);
}
END_TEST

START_TEST(http10_and_close_end_the_connection)
{
	static const struct { const char *text; bool kept; } t[] = {
		{ "GET /bkt/a HTTP/1.0\r\n\r\n", false },
		{ "GET /bkt/a HTTP/1.0\r\n" HOST "\r\n", false },
		{ "GET /bkt/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		    true },
		{ "GET /bkt/a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
		    false },
	};

	put("a", "x");
	for (size_t i = 0; i < NELEMS(t); i++) {
		int fd = wire_connect();

		wire_send(fd, t[i].text);
		ck_assert_int_eq(wire_answer(fd, &w, false), 200);
		ck_assert_str_eq(wire_header(&w, "Connection"),
		    t[i].kept ? "keep-alive" : "close");
		if (t[i].kept) {
			wire_send(fd, GET("/bkt/a"));
			ck_assert_int_eq(wire_answer(fd, &w, false), 200);
		} else
			ck_assert(wire_ended(fd));
		(void)close(fd);
	}
}
END_TEST

START_TEST(client_that_only_listens_gets_its_answer)
{
	int fd = wire_connect();

	put("a", "x");
	wire_send(fd, GET("/bkt/a") GET("/bkt/a"));
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	ck_assert(wire_ended(fd));
	(void)close(fd);
}
END_TEST

/* ---- targets ---- */

START_TEST(absolute_target_goes_before_the_host_header)
{
	static const struct { const char *text; int status; } t[] = {
		{ "GET http://storage.googleapis.com/bkt/a HTTP/1.1\r\n" HOST
		    "\r\n", 200 },
		{ "GET http://bkt.storage.googleapis.com/a HTTP/1.1\r\n" HOST
		    "\r\n", 200 },
		{ "GET http://localhost:1/bkt/a HTTP/1.1\r\nHost: evil\r\n"
		    "\r\n", 200 },
		{ "GET http://evil.com/bkt/a HTTP/1.1\r\n" HOST "\r\n", 403 },
		{ "GET http://evil.com HTTP/1.1\r\n" HOST "\r\n", 403 },
		{ "GET ftp://localhost/bkt/a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET bkt/a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET * HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "CONNECT storage.googleapis.com:443 HTTP/1.1\r\n" HOST
		    "\r\n", 400 },
	};
	int fd;

	put("a", "x");
	for (size_t i = 0; i < NELEMS(t); i++) {
		fd = wire_connect();
		wire_send(fd, t[i].text);
		ck_assert_msg(wire_answer(fd, &w, false) == t[i].status,
		    "%d: %s", w.status, t[i].text);
		(void)close(fd);
	}
	fd = wire_connect();
	wire_send(fd, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, true), 204);
	ck_assert_ptr_nonnull(strstr(wire_header(&w, "Allow"), "PATCH"));
	(void)close(fd);
}
END_TEST

/* ---- bodies ---- */

START_TEST(chunked_upload_is_stored_without_its_framing)
{
	int fd = wire_connect();

	wire_send(fd, "POST " UP "c HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
	    "5;ext=\"1\"\r\nhello\r\n1\r\n,\r\n00006\r\n world\r\n"
	    "0\r\nX: y\r\n\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	wire_send(fd, GET("/bkt/c"));
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	ck_assert_str_eq(w.body.p, "hello, world");
	(void)close(fd);
}
END_TEST

START_TEST(big_chunked_upload_is_whole)
{
	const size_t n = 3u << 20;
	char *p = mem_alloc(n), size[32];
	int fd = wire_connect();

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 7 + i / 251);
	wire_send(fd, "POST " UP "big HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t at = 0, k; at < n; at += k) {
		k = 1 + at % 70001;
		k = k < n - at ? k : n - at;
		(void)snprintf(size, sizeof(size), "%zx\r\n", k);
		wire_send(fd, size);
		wire_bytes(fd, p + at, k);
		wire_send(fd, "\r\n");
	}
	wire_send(fd, "0\r\n\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
	ck_assert_int_eq(stored("big"), 200);
	ck_assert_uint_eq(w.body.len, n);
	ck_assert_mem_eq(w.body.p, p, n);
	free(p);
}
END_TEST

START_TEST(expectation_is_met_when_the_request_is_welcome)
{
	int fd = wire_connect();

	wire_send(fd, "PUT /bkt/e HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
	    "Expect: 100-continue\r\n\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, true), 100);
	ck_assert_str_eq(w.head.p, "HTTP/1.1 100 Continue\r\n\r\n");
	wire_send(fd, "hello");
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	/* one that does not wait is not told, nor one without a body */
	wire_send(fd, "PUT /bkt/e HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
	    "Expect: 100-continue\r\n\r\nworld");
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	wire_send(fd, "PUT /bkt/e HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"
	    "Expect: 100-continue\r\n\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	(void)close(fd);
}
END_TEST

START_TEST(expectation_of_a_refused_request_is_answered_at_once)
{
	int fd = wire_connect();

	wire_send(fd, "PUT /bkt/e HTTP/1.1\r\n" EVIL "Content-Length: 5\r\n"
	    "Expect: 100-continue\r\n\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 403);
	/* whether it sends the body now, nobody can know */
	ck_assert_str_eq(wire_header(&w, "Connection"), "close");
	ck_assert(wire_ended(fd));
	(void)close(fd);
	fd = wire_connect();
	wire_send(fd, "PUT /bkt/e HTTP/1.1\r\n" EVIL "Content-Length: 5\r\n"
	    "Expect: 100-continue\r\n\r\nhello" GET("/bkt/none"));
	ck_assert_int_eq(wire_answer(fd, &w, false), 403);
	ck_assert_int_eq(wire_answer(fd, &w, false), 404);
	(void)close(fd);
}
END_TEST

/* A client that sends more than anyone will read is answered all the same. */
START_TEST(huge_refused_body_is_answered_and_not_read_for_ever)
{
	int fd = wire_connect();
	char *p = mem_alloc(1u << 20);
	ssize_t n = 1;

	wire_send(fd, "PUT /bkt/huge HTTP/1.1\r\n" EVIL
	    "Content-Length: 1000000000000\r\n\r\n");
	ck_assert_int_eq(wire_answer(fd, &w, false), 403);
	ck_assert_str_eq(wire_header(&w, "Connection"), "close");
	ck_assert(wire_ended(fd));
	while (n > 0)
		n = send(fd, p, 1u << 20, MSG_NOSIGNAL);
	(void)close(fd);
	free(p);
}
END_TEST

START_TEST(deeply_nested_json_fits_the_stack)
{
	int fd = wire_connect();
	struct buf b;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "{\"name\":\"deep\",\"labels\":");
	for (int i = 0; i < 2040; i++)
		buf_adds(&b, "{\"a\":");
	buf_adds(&b, "1");
	for (int i = 0; i < 2041; i++)
		buf_adds(&b, "}");
	for (int i = 0; i < 2; i++) {
		char head[256];

		(void)snprintf(head, sizeof(head), "%s HTTP/1.1\r\n" HOST
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n\r\n", i == 0 ?
		    "POST /storage/v1/b" : "PATCH /storage/v1/b/bkt", b.len);
		wire_send(fd, head);
		wire_bytes(fd, b.p, b.len);
		ck_assert_int_ge(wire_answer(fd, &w, false), 200);
		ck_assert_int_lt(w.status, 500);
	}
	(void)close(fd);
	buf_release(&b);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(doubtful_framing_ends_the_connection)
{
	static const struct { const char *text; int status; } t[] = {
		{ "POST " UP "evil HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
		{ "POST " UP "evil HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
		    "Content-Length: 5\r\n\r\nhello", 400 },
		{ "POST " UP "evil HTTP/1.1\r\n" HOST
		    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400 },
		{ "POST " UP "evil HTTP/1.1\r\n" HOST
		    "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n", 400 },
		{ "POST " UP "evil HTTP/1.1\r\n" HOST
		    "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400 },
		{ "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
		{ "\x16\x03\x01\x02\n\n", 400 },
		{ "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", 400 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		int fd = wire_connect();

		wire_send(fd, t[i].text);
		wire_send(fd, "PUT /bkt/evil HTTP/1.1\r\n" HOST
		    "Content-Length: 1\r\n\r\nx");
		ck_assert_msg(wire_answer(fd, &w, false) == t[i].status,
		    "%d: %s", w.status, t[i].text);
		ck_assert_str_eq(wire_header(&w, "Connection"), "close");
		ck_assert(wire_ended(fd));
		(void)close(fd);
	}
	ck_assert_int_eq(stored("evil"), 404);
}
END_TEST

START_TEST(endless_heads_are_cut)
{
	static const struct { const char *begin, *more; int status; } t[] = {
		{ "GET /", "xxxxxxxxxxxxxxxx", 414 },
		{ "GET / HTTP/1.1\r\n", "A: b\r\n", 431 },
		{ "GET / HTTP/1.1\r\nA: ", "xxxxxxxxxxxxxxxx", 431 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		int fd = wire_connect();
		size_t n = strlen(t[i].more);

		wire_send(fd, t[i].begin);
		for (size_t k = 0; k < 70000; k += n)
			if (send(fd, t[i].more, n, MSG_NOSIGNAL) < 0)
				break;
		ck_assert_int_eq(wire_answer(fd, &w, false), t[i].status);
		ck_assert(wire_ended(fd));
		(void)close(fd);
	}
}
END_TEST

START_TEST(stored_text_cannot_end_the_head_of_an_answer)
{
	static const char meta[] = "{\"metadata\":{\"a\":\"x\\r\\nEvil: 1\","
	    "\"b\\r\\nEvil\":\"1\",\"good\":\"yes\"},"
	    "\"contentDisposition\":\"x\\nEvil: 1\"}";
	int fd = wire_connect();
	char text[512];

	put("a", "x");
	(void)snprintf(text, sizeof(text), "PATCH " O "/a HTTP/1.1\r\n" HOST
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    sizeof(meta) - 1, meta);
	wire_send(fd, text);
	ck_assert_int_ge(wire_answer(fd, &w, false), 200);
	wire_send(fd, GET("/bkt/a"));
	ck_assert_int_eq(wire_answer(fd, &w, false), 200);
	ck_assert_ptr_null(wire_header(&w, "Evil"));
	ck_assert_ptr_null(strstr(w.head.p, "Evil: 1\r\n\r\n"));
	(void)close(fd);
}
END_TEST

/* ---- TLS ---- */

static size_t
gather(char *p, size_t size, size_t n, void *b)
{

	buf_add(b, p, size * n);
	return (size * n);
}

START_TEST(https_endpoint_is_the_plain_one_through_tls)
{
	char url[128], want[256];
	long version = 0, status = 0;
	CURL *c = curl_easy_init();

	put("a", "through tls");
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/bkt/a",
	    x.emu.https_port);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	/* offers h2 and http/1.1 */
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_CAINFO, x.emu.ca_file);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gather);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &w.body);
	for (int i = 0; i < 3; i++) {
		buf_reset(&w.body);
		ck_assert_int_eq(curl_easy_perform(c), CURLE_OK);
		ck_assert_str_eq(w.body.p, "through tls");
	}
	curl_easy_getinfo(c, CURLINFO_HTTP_VERSION, &version);
	ck_assert_int_eq(version, CURL_HTTP_VERSION_1_1);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d" O "/a",
	    x.emu.https_port);
	(void)snprintf(want, sizeof(want), "\"selfLink\": \"%s\"", url);
	curl_easy_setopt(c, CURLOPT_URL, url);
	buf_reset(&w.body);
	ck_assert_int_eq(curl_easy_perform(c), CURLE_OK);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	ck_assert_int_eq(status, 200);
	ck_assert_ptr_nonnull(strstr(w.body.p, want));
	/* TLS 1.1 is not spoken any more */
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION,
	    (long)(CURL_SSLVERSION_TLSv1_1 | CURL_SSLVERSION_MAX_TLSv1_1));
	ck_assert_int_ne(curl_easy_perform(c), CURLE_OK);
	curl_easy_cleanup(c);
}
END_TEST

START_TEST(what_is_no_handshake_ends_the_connection)
{
	int fd = wire_open(x.emu.https_port);
	char byte;

	wire_send(fd, GET("/bkt/a"));
	while (recv(fd, &byte, 1, 0) == 1)
		;			/* an alert */
	(void)close(fd);
	fd = wire_open(x.emu.https_port);
	wire_bytes(fd, "\x16\x03\x01", 3);
	(void)close(fd);
	ck_assert_int_eq(stored("none"), 404);
}
END_TEST

/* ---- slow readers ---- */

START_TEST(client_that_reads_nothing_keeps_nobody_from_being_served)
{
	int fd[8];
	char *body = mem_alloc(60001), *text;
	size_t n;

	memset(body, 'x', 60000);
	text = mem_printf("PUT /bkt/a HTTP/1.1\r\n" HOST
	    "Content-Length: 60000\r\n\r\n%s", body);
	fd[0] = wire_connect();
	wire_send(fd[0], text);
	ck_assert_int_eq(wire_answer(fd[0], &w, false), 200);
	(void)close(fd[0]);
	free(text);
	for (size_t i = 0; i < NELEMS(fd); i++) {
		fd[i] = wire_connect();
		for (int k = 0; k < 200; k++)
			wire_send(fd[i], GET("/bkt/a"));
	}
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(stored("a"), 200);
	/* and it still gets all, once it does */
	for (n = 0; n < 200; n++) {
		ck_assert_int_eq(wire_answer(fd[0], &w, false), 200);
		ck_assert_uint_eq(w.body.len, 60000);
	}
	for (size_t i = 0; i < NELEMS(fd); i++)
		(void)close(fd[i]);
	free(body);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("conn");
	TCase *t = tcase_create("all");

	(void)curl_global_init(CURL_GLOBAL_ALL);
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, pipelined_requests_are_answered_in_order);
	tcase_add_test(t, request_may_come_in_single_bytes);
	tcase_add_test(t, answers_to_head_and_204_and_304_have_no_body);
	tcase_add_test(t, connection_is_kept_after_refusals);
	tcase_add_test(t, http10_and_close_end_the_connection);
	tcase_add_test(t, client_that_only_listens_gets_its_answer);
	tcase_add_test(t, absolute_target_goes_before_the_host_header);
	tcase_add_test(t, chunked_upload_is_stored_without_its_framing);
	tcase_add_test(t, big_chunked_upload_is_whole);
	tcase_add_test(t, expectation_is_met_when_the_request_is_welcome);
	tcase_add_test(t,
	    expectation_of_a_refused_request_is_answered_at_once);
	tcase_add_test(t,
	    huge_refused_body_is_answered_and_not_read_for_ever);
	tcase_add_test(t, deeply_nested_json_fits_the_stack);
	tcase_add_test(t, doubtful_framing_ends_the_connection);
	tcase_add_test(t, endless_heads_are_cut);
	tcase_add_test(t, stored_text_cannot_end_the_head_of_an_answer);
	tcase_add_test(t, https_endpoint_is_the_plain_one_through_tls);
	tcase_add_test(t, what_is_no_handshake_ends_the_connection);
	tcase_add_test(t,
	    client_that_reads_nothing_keeps_nobody_from_being_served);
	return (fix_main(s));
}
