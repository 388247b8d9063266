/* Bodies in chunks, cut anywhere, and checksums.  Signed chunks are in
 * test_signed.c, with the requests that bring them. */
#include "emulator/identity/amzsum.h"
#include "emulator/identity/sigbody.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"

static struct arena arena;
static struct buf out;

static void
setup(void)
{

	buf_init(&out, 4096);
}

static void
teardown(void)
{

	buf_release(&out);
	arena_release(&arena);
}

static void
take(void *cls, const void *p, size_t n)
{

	(void)cls;
	ck_assert_uint_gt(n, 0);
	buf_add(&out, p, n);
}

/* Fed in pieces of `step` bytes; what came out is in `out`. */
static enum sigbody_fault
feed(struct sigbody_opts *o, const char *body, size_t step)
{
	size_t n = strlen(body);
	enum sigbody_fault f;
	struct sigbody *b;

	o->sink = take;
	buf_reset(&out);
	b = sigbody_new(&arena, o);
	for (size_t i = 0; i < n; i += step)
		sigbody_feed(b, body + i, n - i < step ? n - i : step);
	sigbody_end(b);
	f = sigbody_fault(b);
	sigbody_release(b);
	return (f);
}

START_TEST(digest_of_the_whole)
{
	struct sigbody_opts o = { .decoded_length = -1, .sha256 =
	    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	};

	for (size_t step = 1; step < 7; step++) {
		ck_assert_int_eq(feed(&o, "hello", step), SIGBODY_OK);
		ck_assert_str_eq(out.p, "hello");
		ck_assert_int_eq(feed(&o, "hellp", step), SIGBODY_SHA256);
		ck_assert_int_eq(feed(&o, "", step), SIGBODY_SHA256);
	}
}
END_TEST

static const struct {
	const char *body, *out;
	enum sigbody_fault fault;
} unsigned_chunks[] = {
	{ "5\r\nhello\r\n0\r\n\r\n", "hello", SIGBODY_OK },
	{ "0\r\n\r\n", "", SIGBODY_OK },
	{ "1\r\nh\r\n4\r\nello\r\n0\r\nx-amz-checksum-sha1:abc\r\n\r\n",
	    "hello", SIGBODY_OK },
	{ "00000005\r\nhello\r\n0\r\n\r\n", "hello", SIGBODY_OK },
	{ "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", SIGBODY_OK },
	{ "3\r\n\r\n\r\r\n0\r\n\r\n", "\r\n\r", SIGBODY_OK },
	{ "5\r\nhello\r\n0\r\n", NULL, SIGBODY_SHORT },
	{ "5\r\nhello\r\n", NULL, SIGBODY_SHORT },
	{ "5\r\nhel", NULL, SIGBODY_SHORT },
	{ "", NULL, SIGBODY_SHORT },
	{ "5\r\nhelloo\r\n0\r\n\r\n", NULL, SIGBODY_MALFORMED },
	{ "6\r\nhello\r\n0\r\n\r\n", NULL, SIGBODY_MALFORMED },
	{ "\r\nhello\r\n0\r\n\r\n", NULL, SIGBODY_MALFORMED },
	{ "-5\r\nhello\r\n0\r\n\r\n", NULL, SIGBODY_MALFORMED },
	{ "5;x=y\r\nhello\r\n0\r\n\r\n", NULL, SIGBODY_MALFORMED },
	{ "ffffffffff1\r\n", NULL, SIGBODY_MALFORMED },
	{ "0\r\nno colon\r\n\r\n", NULL, SIGBODY_MALFORMED },
	{ "0\r\n\r\nmore", NULL, SIGBODY_MALFORMED },
};

START_TEST(chunks_cut_anywhere)
{
	struct sigbody_opts o = { .chunked = true, .trailer = true,
	    .decoded_length = -1 };

	for (size_t step = 1; step < 20; step++) {
		ck_assert_int_eq(feed(&o, unsigned_chunks[_i].body, step),
		    unsigned_chunks[_i].fault);
		if (unsigned_chunks[_i].out != NULL)
			ck_assert_str_eq(out.p, unsigned_chunks[_i].out);
	}
}
END_TEST

START_TEST(length_must_be_what_was_said)
{
	struct sigbody_opts o = { .chunked = true, .decoded_length = 5 };

	ck_assert_int_eq(feed(&o, "5\r\nhello\r\n0\r\n\r\n", 3), SIGBODY_OK);
	o.decoded_length = 6;
	ck_assert_int_eq(feed(&o, "5\r\nhello\r\n0\r\n\r\n", 3),
	    SIGBODY_SHORT);
	/* no trailer was announced */
	o.decoded_length = 5;
	ck_assert_int_eq(feed(&o, "5\r\nhello\r\n0\r\na:b\r\n\r\n", 3),
	    SIGBODY_MALFORMED);
}
END_TEST

/* A line that never ends must not be gathered for ever. */
START_TEST(lines_are_bounded)
{
	struct sigbody_opts o = { .chunked = true, .decoded_length = -1 };
	char *much = arena_printf(&arena, "%05000d", 5);

	ck_assert_int_eq(feed(&o, much, 512), SIGBODY_MALFORMED);
}
END_TEST

START_TEST(checksum_in_a_header)
{
	struct sigbody_opts o = { .decoded_length = -1, .sum_name = "crc32",
	    .sum = "NhCmhg==" };

	ck_assert_int_eq(feed(&o, "hello", 2), SIGBODY_OK);
	ck_assert_int_eq(feed(&o, "hellp", 2), SIGBODY_SUM);
	/* one that nobody here knows is not checked */
	o.sum_name = "xxhash";
	ck_assert_int_eq(feed(&o, "hellp", 2), SIGBODY_OK);
}
END_TEST

/* Of "123456789": the catalogue's check values, and sha1sum's. */
START_TEST(checksums_are_the_known_ones)
{
	static const struct { const char *name, *b64; } t[] = {
		{ "crc32", "y/Q5Jg==" }, { "crc32c", "4waSgw==" },
		{ "crc64nvme", "rosUhgp5mIg=" },
		{ "sha1", "98O8HYCOBHMq32eZZczDTKeuNEE=" },
		{ "sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct amzsum *s = amzsum_new(t[i].name);

		ck_assert_ptr_nonnull(s);
		amzsum_add(s, "1234", 4);
		amzsum_add(s, "56789", 5);
		ck_assert_msg(amzsum_is(s, t[i].b64), "%s", t[i].name);
		amzsum_free(s);
	}
	ck_assert_ptr_null(amzsum_new("md5"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sigbody");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, digest_of_the_whole);
	tcase_add_loop_test(t, chunks_cut_anywhere, 0,
	    (int)NELEMS(unsigned_chunks));
	tcase_add_test(t, length_must_be_what_was_said);
	tcase_add_test(t, lines_are_bounded);
	tcase_add_test(t, checksum_in_a_header);
	tcase_add_test(t, checksums_are_the_known_ones);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
