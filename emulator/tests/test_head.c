/* The head of a request: what is understood, and what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/head.h"
#include "lib/buf.h"

static struct arena arena;
static struct head h;

static void
teardown(void)
{

	arena_release(&arena);
}

/* Of exactly these bytes, so that a look beyond them is seen by ASan. */
static int
parse(const char *p, size_t n)
{
	char *copy = mem_dup(p, n), *kept;
	const char *why = NULL;
	size_t from = 0;
	int rc;

	ck_assert_uint_eq(head_end(copy, n, &from), n);
	kept = arena_dup(&arena, copy, n);
	rc = head_parse(&h, &arena, kept, n, &why);
	ck_assert_int_eq(rc == 0, why == NULL);
	rc = head_parse(&(struct head){ 0 }, &arena, copy, n, &why);
	free(copy);
	return (rc);
}

#define PARSE(text) parse((text), sizeof(text) - 1)
#define GET	"GET / HTTP/1.1\r\nHost: a\r\n"
#define POST	"POST /x HTTP/1.1\r\nHost: a\r\n"

START_TEST(words_of_a_usual_request)
{
	ck_assert_int_eq(PARSE("PUT /b/o%20x?a=b&c HTTP/1.1\r\n"
	    "Host:localhost:80\r\nX-Goog-Meta-A: \t one two \t\r\n"
	    "empty:\r\nx-goog-meta-a:second\r\nContent-Length: 12\r\n\r\n"),
	    0);
	ck_assert_str_eq(h.method, "PUT");
	ck_assert_str_eq(h.target, "/b/o%20x?a=b&c");
	ck_assert_str_eq(h.host, "localhost:80");
	ck_assert_int_eq(h.minor, 1);
	ck_assert_int_eq(h.length, 12);
	ck_assert(h.keep_alive && !h.chunked && !h.expect);
	ck_assert_uint_eq(h.nfields, 5);
	ck_assert_str_eq(head_get(&h, "x-goog-META-a"), "one two");
	ck_assert_str_eq(head_get(&h, "Empty"), "");
	ck_assert_ptr_null(head_get(&h, "x-goog-meta"));
	ck_assert_str_eq(h.fields[3].k, "x-goog-meta-a");
	ck_assert_str_eq(h.fields[3].v, "second");
}
END_TEST

START_TEST(lines_may_end_in_lf_alone)
{
	ck_assert_int_eq(PARSE("GET / HTTP/1.1\nHost: a\nB: c\n\n"), 0);
	ck_assert_str_eq(head_get(&h, "b"), "c");
	ck_assert_int_eq(PARSE("GET / HTTP/1.1\nHost: a\r\nB: c\n\r\n"), 0);
	ck_assert_str_eq(head_get(&h, "b"), "c");
}
END_TEST

START_TEST(connection_is_kept_as_version_and_words_say)
{
	static const struct { const char *text; bool keep; } t[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true },
		{ GET "Connection: close\r\n\r\n", false },
		{ GET "connection: Foo ,CLOSE, bar\r\n\r\n", false },
		{ GET "Connection: closed, not-close\r\n\r\n", true },
		{ "GET / HTTP/1.0\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true },
		{ "GET / HTTP/1.0\r\nConnection: Keep-Alive, x\r\n\r\n",
		    true },
		{ "GET / HTTP/1.7\r\nHost: a\r\n\r\n", true },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(parse(t[i].text, strlen(t[i].text)), 0);
		ck_assert_msg(h.keep_alive == t[i].keep, "%s", t[i].text);
	}
}
END_TEST

START_TEST(body_is_announced_by_length_or_chunks)
{
	static const struct {
		const char *text;
		int64_t length;
		bool chunked, expect;
	} t[] = {
		{ POST "\r\n", -1, false, false },
		{ POST "Content-Length: 0\r\n\r\n", 0, false, false },
		{ POST "Content-Length: 007\r\n\r\n", 7, false, false },
		{ POST "Content-Length: 7\r\ncontent-length: 7\r\n\r\n", 7,
		    false, false },
		{ POST "Content-Length: 9223372036854775807\r\n\r\n",
		    INT64_MAX, false, false },
		{ POST "Transfer-Encoding: Chunked\r\n\r\n", -1, true, false },
		{ POST "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n", 5,
		    false, true },
		{ "POST / HTTP/1.0\r\nContent-Length: 5\r\n"
		    "Expect: 100-continue\r\n\r\n", 5, false, false },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(parse(t[i].text, strlen(t[i].text)), 0);
		ck_assert_msg(h.length == t[i].length &&
		    h.chunked == t[i].chunked && h.expect == t[i].expect,
		    "%s", t[i].text);
	}
}
END_TEST

START_TEST(absolute_target_names_the_host)
{
	static const struct { const char *uri, *host, *target; } t[] = {
		{ "http://storage.googleapis.com/b/o?x",
		    "storage.googleapis.com", "/b/o?x" },
		{ "HTTP://h:81", "h:81", "/" },
		{ "https://[::1]:9/", "[::1]:9", "/" },
		{ "http://h?a=/b", "h", "/?a=/b" },
		{ "/http://h/", "other", "/http://h/" },
	};
	char text[256];

	for (size_t i = 0; i < NELEMS(t); i++) {
		int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n"
		    "Host: other\r\n\r\n", t[i].uri);

		ck_assert_int_eq(parse(text, (size_t)n), 0);
		ck_assert_str_eq(h.host, t[i].host);
		ck_assert_str_eq(h.target, t[i].target);
	}
	ck_assert_int_eq(PARSE("GET http://h/ HTTP/1.0\r\n\r\n"), 0);
	ck_assert_str_eq(h.host, "h");
	ck_assert_int_eq(PARSE("GET / HTTP/1.0\r\n\r\n"), 0);
	ck_assert_ptr_null(h.host);
}
END_TEST

/* Two servers in a row must not see two different requests: whatever could be
 * read in two ways is refused. */
static const struct bad {
	const char *text;
	size_t	n;
	int	status;
} bads[] = {
#define BAD(status, text) { (text), sizeof(text) - 1, (status) }
	/* the request line */
	BAD(400, "\r\n\r\n"),
	BAD(400, "GET\r\n\r\n"),
	BAD(400, "GET /\r\n\r\n"),
	BAD(400, "GET / \r\n\r\n"),
	BAD(400, "GET  HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n"),
	BAD(400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1\0\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1\0x\r\nHost: a\r\n\r\n"),
	BAD(400, "G\0T / HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTP/1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTP/11\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTP/1.x\r\nHost: a\r\n\r\n"),
	BAD(400, "GET / HTTQ/1.1\r\nHost: a\r\n\r\n"),
	BAD(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
	BAD(505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
	BAD(505, "PRI * HTTP/2.0\r\n\r\n"),
	BAD(400, "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	BAD(400, "GET http://h\\x/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	/* names of headers */
	BAD(400, GET "Content-Length : 5\r\n\r\n"),
	BAD(400, GET "Content-Length\t: 5\r\n\r\n"),
	BAD(400, GET ": x\r\n\r\n"),
	BAD(400, GET "no colon\r\n\r\n"),
	BAD(400, GET "nocolon\r\n\r\n"),
	BAD(400, GET "a\0b: x\r\n\r\n"),
	BAD(400, GET "a\xc3\xa9: x\r\n\r\n"),
	BAD(400, GET "a,b: x\r\n\r\n"),
	/* folding */
	BAD(400, GET "A: b\r\n c\r\n\r\n"),
	BAD(400, GET "A: b\r\n\tc\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
	BAD(400, GET " \r\n\r\n"),
	/* values */
	BAD(400, GET "A: b\rc\r\n\r\n"),
	BAD(400, GET "A: b\r\r\n\r\n"),
	BAD(400, GET "A: b\0\r\n\r\n"),
	BAD(400, GET "A: b\0c\r\n\r\n"),
	BAD(400, GET "A: \x01\r\n\r\n"),
	BAD(400, GET "A: \x7f\r\n\r\n"),
	BAD(400, GET "A: b\vc\r\n\r\n"),
	/* the host */
	BAD(400, "GET / HTTP/1.1\r\n\r\n"),
	BAD(400, "GET http://h/ HTTP/1.1\r\n\r\n"),
	BAD(400, GET "Host: a\r\n\r\n"),
	BAD(400, GET "Host: b\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
	BAD(400, "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n"),
	/* the length */
	BAD(400, POST "Content-Length:\r\n\r\n"),
	BAD(400, POST "Content-Length: +5\r\n\r\n"),
	BAD(400, POST "Content-Length: -5\r\n\r\n"),
	BAD(400, POST "Content-Length: 5 5\r\n\r\n"),
	BAD(400, POST "Content-Length: 5, 5\r\n\r\n"),
	BAD(400, POST "Content-Length: 0x5\r\n\r\n"),
	BAD(400, POST "Content-Length: 5.0\r\n\r\n"),
	BAD(400, POST "Content-Length: five\r\n\r\n"),
	BAD(400, POST "Content-Length: 9223372036854775808\r\n\r\n"),
	BAD(400, POST "Content-Length: 99999999999999999999999\r\n\r\n"),
	BAD(400, POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
	BAD(400, POST "Content-Length: 5\r\nContent-Length: \r\n\r\n"),
	/* the coding */
	BAD(400, POST "Content-Length: 5\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding: chunked\r\n"
	    "Content-Length: 5\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: identity\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding: identity\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding:\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding: chunked, gzip\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding: chunked;q=1\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding: \"chunked\"\r\n\r\n"),
	BAD(501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
	BAD(501, POST "Transfer-Encoding: xchunked\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding : chunked\r\n\r\n"),
	BAD(400, POST "Transfer-Encoding: \vchunked\r\n\r\n"),
	BAD(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	/* expectations */
	BAD(417, POST "Expect: the-unexpected\r\n\r\n"),
	BAD(417, POST "Expect:\r\n\r\n"),
#undef BAD
};

START_TEST(doubtful_head_is_refused)
{
	for (size_t i = 0; i < NELEMS(bads); i++) {
		const char *why = "";
		char *p = arena_dup(&arena, bads[i].text, bads[i].n);
		int rc = head_parse(&h, &arena, p, bads[i].n, &why);

		ck_assert_msg(rc == bads[i].status && *why != '\0',
		    "%zu: %d, not %d, of %s", i, rc, bads[i].status,
		    bads[i].text);
	}
}
END_TEST

START_TEST(target_may_hold_bytes_that_should_have_been_encoded)
{
	ck_assert_int_eq(PARSE("GET /\xc3\xa9|\"<>{}^`\\#x HTTP/1.1\r\n"
	    "Host: a\r\n\r\n"), 0);
	ck_assert_str_eq(h.target, "/\xc3\xa9|\"<>{}^`\\#x");
}
END_TEST

START_TEST(long_lines_and_long_heads_are_told_apart)
{
	struct buf b;
	const char *why;

	buf_init(&b, 1u << 20);
	buf_adds(&b, "GET /");
	while (b.len < HEAD_LINE_MAX - 9)
		buf_addc(&b, 'x');
	buf_adds(&b, " HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_int_eq(parse(b.p, b.len), 0);
	buf_reset(&b);
	buf_adds(&b, "GET /");
	while (b.len < HEAD_LINE_MAX)
		buf_addc(&b, 'x');
	buf_adds(&b, " HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_int_eq(parse(b.p, b.len), 414);
	buf_reset(&b);
	buf_adds(&b, GET);
	for (int i = 0; b.len < HEAD_MAX; i++)
		buf_addf(&b, "h%d: v\r\n", i);
	buf_adds(&b, "\r\n");
	ck_assert_int_eq(head_parse(&h, &arena, b.p, b.len, &why), 431);
	buf_release(&b);
}
END_TEST

START_TEST(many_fields_are_kept_in_order)
{
	struct buf b;
	char name[16];

	buf_init(&b, 1u << 20);
	buf_adds(&b, GET);
	for (int i = 0; i < 3000; i++)
		buf_addf(&b, "h%d: v%d\r\n", i, i);
	buf_adds(&b, "\r\n");
	ck_assert_int_eq(parse(b.p, b.len), 0);
	ck_assert_uint_eq(h.nfields, 3001);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "h%d", i);
		ck_assert_str_eq(h.fields[i + 1].k, name);
	}
	buf_release(&b);
}
END_TEST

/* Byte by byte it must be found where it is found at once, never sooner. */
START_TEST(end_is_found_however_the_bytes_come)
{
	static const char *const t[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\n\nrest",
		"GET / HTTP/1.1\r\nHost: a\n\r\nx",
		"a\n\r\r\n\r\n\r\n", "\n\n", "\r\n\r\n", "a\r\n\n",
	};
	static const size_t end[] = { 27, 24, 26, 7, 2, 4, 4 };

	for (size_t i = 0; i < NELEMS(t); i++) {
		size_t from = 0, k, n = strlen(t[i]), whole = 0, e = 0;

		for (k = 0; k <= n && e == 0; k++)
			e = head_end(t[i], k, &from);
		ck_assert_msg(e == end[i] && k - 1 == end[i], "%zu: %zu", i,
		    e);
		ck_assert_uint_eq(head_end(t[i], n, &whole), end[i]);
	}
}
END_TEST

/* Nothing but answers, whatever the bytes: for the sanitizers to watch. */
START_TEST(damaged_heads_are_survived)
{
	unsigned seed = 1;
	const char *why;

	for (int round = 0; round < 20000; round++) {
		const struct bad *b = &bads[(unsigned)round % NELEMS(bads)];
		char *p = mem_dup(b->text, b->n);
		size_t from = 0, n;

		for (int k = 0; k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			p[(seed >> 8) % b->n] = (char)(seed >> 20);
		}
		if ((n = head_end(p, b->n, &from)) > 0)
			(void)head_parse(&h, &arena, p, n, &why);
		free(p);
		arena_reset(&arena);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("head");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, words_of_a_usual_request);
	tcase_add_test(t, lines_may_end_in_lf_alone);
	tcase_add_test(t, connection_is_kept_as_version_and_words_say);
	tcase_add_test(t, body_is_announced_by_length_or_chunks);
	tcase_add_test(t, absolute_target_names_the_host);
	tcase_add_test(t, doubtful_head_is_refused);
	tcase_add_test(t,
	    target_may_hold_bytes_that_should_have_been_encoded);
	tcase_add_test(t, long_lines_and_long_heads_are_told_apart);
	tcase_add_test(t, many_fields_are_kept_in_order);
	tcase_add_test(t, end_is_found_however_the_bytes_come);
	tcase_add_test(t, damaged_heads_are_survived);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
