/* Where a body ends, and what is in it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/body.h"
#include "lib/buf.h"

/* The body of `text` in *b, given in pieces of `step` bytes; *rest: how many
 * bytes of it lie behind the body's end. */
static enum body_rc
take(bool chunked, int64_t length, const char *text, size_t n, size_t step,
    struct buf *b, size_t *rest)
{
	enum body_rc rc = BODY_MORE;
	struct body body;
	size_t at = 0, used, len;
	char *data;

	buf_reset(b);
	body_init(&body, chunked, length);
	do {
		size_t k = step < n - at ? step : n - at;
		char *p = mem_dup(text + at, k);

		rc = body_take(&body, p, k, &used, &data, &len);
		ck_assert_uint_le(used, k);
		if (len > 0) {
			ck_assert(data >= p && data + len <= p + k);
			buf_add(b, data, len);
		}
		ck_assert(rc != BODY_MORE || used == k);
		free(p);
		at += used;
	} while (rc == BODY_MORE && at < n);
	*rest = n - at;
	return (rc);
}

static const struct {
	const char *text, *body, *rest;
} goods[] = {
	{ "0\r\n\r\n", "", "" },
	{ "5\r\nhello\r\n0\r\n\r\n", "hello", "" },
	{ "5\r\nhello\r\n0\r\n\r\nGET /", "hello", "GET /" },
	{ "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc", "" },
	{ "00005\r\nhello\r\n000\r\n\r\n", "hello", "" },
	{ "A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n",
	    "0123456789abcdefghij", "" },
	{ "5;x\r\nhello\r\n0;y=z;\"q\"\r\n\r\n", "hello", "" },
	{ "5 ; x = y\r\nhello\r\n0\r\n\r\n", "hello", "" },
	{ "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", "" },
	{ "1\r\na\r\n0\r\nA: b\r\nc:\r\n\r\nX", "a", "X" },
};

START_TEST(chunks_are_joined_however_they_come)
{
	struct buf b;
	size_t rest;

	buf_init(&b, 1u << 16);
	for (size_t i = 0; i < NELEMS(goods); i++)
		for (size_t step = 1; step < 40; step++) {
			const char *t = goods[i].text;

			ck_assert_int_eq(take(true, -1, t, strlen(t), step,
			    &b, &rest), BODY_END);
			ck_assert_str_eq(b.p, goods[i].body);
			ck_assert_str_eq(t + strlen(t) - rest,
			    goods[i].rest);
		}
	buf_release(&b);
}
END_TEST

#define BAD(text) { (text), sizeof(text) - 1 }
static const struct { const char *text; size_t n; } bads[] = {
	BAD("\r\n"), BAD(" 5\r\n"), BAD("-5\r\n"), BAD("+5\r\n"),
	BAD("0x5\r\n"), BAD("5,5\r\n"), BAD("g\r\n"), BAD(";x\r\n"),
	BAD("5\nhello"), BAD("5\r\r\n"), BAD("5\rhello"), BAD("5x\r\n"),
	BAD("5;\nhello"), BAD("5;a\rb\r\n"), BAD("5;a\0b\r\n"),
	BAD("5;\x7f\r\n"), BAD("8000000000000000\r\n"),
	BAD("ffffffffffffffff\r\n"), BAD("00000000000000000005\r\nhello"),
	BAD("5\r\nhelloX"), BAD("5\r\nhello\n0\r\n\r\n"),
	BAD("5\r\nhello\rX"), BAD("5\r\nhello0\r\n\r\n"),
	BAD("0\r\nA\r\n\r\n"), BAD("0\r\n: b\r\n\r\n"),
	BAD("0\r\n A: b\r\n\r\n"), BAD("0\r\nA : b\r\n\r\n"),
	BAD("0\r\nA: b\r\n c\r\n\r\n"), BAD("0\r\nA: b\0\r\n\r\n"),
	BAD("0\r\nA: b\n\r\n"), BAD("0\r\n\n"), BAD("0\r\n\rX"),
};
#undef BAD

START_TEST(broken_chunks_are_seen)
{
	struct buf b;
	size_t rest;

	buf_init(&b, 1u << 16);
	for (size_t i = 0; i < NELEMS(bads); i++)
		for (size_t step = 1; step < 24; step++)
			ck_assert_msg(take(true, -1, bads[i].text, bads[i].n,
			    step, &b, &rest) == BODY_BAD, "%zu: %s", i,
			    bads[i].text);
	buf_release(&b);
}
END_TEST

START_TEST(endless_framing_is_cut)
{
	char *text = mem_alloc(64u << 10);
	struct buf b;
	size_t rest;

	buf_init(&b, 1u << 16);
	memset(text, 'x', 64u << 10);
	memcpy(text, "5;", 2);
	ck_assert_int_eq(take(true, -1, text, 64u << 10, 1000, &b, &rest),
	    BODY_BAD);
	memcpy(text, "0\r\n", 3);
	ck_assert_int_eq(take(true, -1, text, 64u << 10, 1000, &b, &rest),
	    BODY_BAD);
	for (size_t i = 3; i + 5 < 64u << 10; i += 5)
		memcpy(text + i, "a:b\r\n", 5);
	ck_assert_int_eq(take(true, -1, text, 64u << 10, 1000, &b, &rest),
	    BODY_BAD);
	free(text);
	buf_release(&b);
}
END_TEST

START_TEST(length_is_counted)
{
	static const char text[] = "hello, world";
	struct buf b;
	size_t rest;

	buf_init(&b, 1u << 16);
	for (size_t step = 1; step < sizeof(text); step++) {
		ck_assert_int_eq(take(false, 5, text, sizeof(text) - 1, step,
		    &b, &rest), BODY_END);
		ck_assert_str_eq(b.p, "hello");
		ck_assert_str_eq(text + sizeof(text) - 1 - rest, ", world");
		ck_assert_int_eq(take(false, 50, text, sizeof(text) - 1, step,
		    &b, &rest), BODY_MORE);
		ck_assert_str_eq(b.p, text);
	}
	ck_assert_int_eq(take(false, 0, text, 5, 5, &b, &rest), BODY_END);
	ck_assert_uint_eq(rest, 5);
	ck_assert_int_eq(take(false, -1, text, 5, 5, &b, &rest), BODY_END);
	ck_assert_uint_eq(rest, 5);
	buf_release(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("body");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, chunks_are_joined_however_they_come);
	tcase_add_test(t, broken_chunks_are_seen);
	tcase_add_test(t, endless_framing_is_cut);
	tcase_add_test(t, length_is_counted);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
