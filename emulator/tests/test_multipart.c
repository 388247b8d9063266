/* The multipart parser, each case fed whole, byte by byte, and cut at every
 * place, since a boundary may straddle pieces anywhere. */
#include <check.h>
#include <stdlib.h>

#include "emulator/api/multipart.h"
#include "lib/buf.h"

struct got {
	struct buf part[3];
};

static struct arena ar;

static void
sink(void *cls, int part, const void *p, size_t n)
{
	struct got *g = cls;

	ck_assert_uint_gt(n, 0);
	if (part < 3)
		buf_add(&g->part[part], p, n);
}

struct fed {
	struct got g;
	struct multipart *m;
};

static void
fed_init(struct fed *f, const char *boundary)
{

	for (int i = 0; i < 3; i++)
		buf_init(&f->g.part[i], 1u << 20);
	f->m = multipart_new(&ar, boundary, sink, &f->g);
}

static void
fed_release(struct fed *f)
{

	multipart_release(f->m);
	for (int i = 0; i < 3; i++)
		buf_release(&f->g.part[i]);
}

static const struct {
	const char *body;
	size_t	n;		/* 0: strlen */
	const char *first, *second;
	size_t	second_n;
	const char *type;	/* of the second part */
} cases[] = {
	{ "--B\r\nContent-Type: application/json\r\n\r\n{}\r\n--B\r\n"
	    "Content-Type: text/plain\r\n\r\nhello\r\n--B--\r\n", 0, "{}",
	    "hello", 0, "text/plain" },
	/* LF only, no final line end */
	{ "--B\ncontent-type: application/json\n\n{}\n--B\n"
	    "Content-Type:text/plain\n\nhello\n--B--", 0, "{}", "hello", 0,
	    "text/plain" },
	/* no headers in the second part */
	{ "--B\r\n\r\n{}\r\n--B\r\n\r\nhello\r\n--B--", 0, "{}", "hello", 0,
	    NULL },
	/* preamble, epilogue, blanks after the boundary */
	{ "junk\r\nmore\r\n--B \t\r\n\r\n{}\r\n--B\r\n\r\nx\r\n--B--\r\nend",
	    0, "{}", "x", 0, NULL },
	/* an empty second part, with and without a line of its own */
	{ "--B\n\n{}\n--B\n\n\n--B--", 0, "{}", "", 0, NULL },
	{ "--B\n\n{}\n--B\n\n--B--", 0, "{}", "", 0, NULL },
	/* what only begins like a boundary is data */
	{ "--B\n\n{}\n--B\n\na\n--\n--A\n--Bx\r\n--B-\r\n-\r\n--B--", 0, "{}",
	    "a\n--\n--A\n--Bx\r\n--B-\r\n-", 0, NULL },
	/* runs of CR and LF right before the boundary */
	{ "--B\n\n{}\n--B\n\n\r\r\n\n\r\r\n--B--", 0, "{}", "\r\r\n\n\r", 0,
	    NULL },
	/* NULs and all */
	{ "--B\n\n{}\n--B\n\n\0\xff\n\0--B\r\n--B--", 29, "{}",
	    "\0\xff\n\0--B", 7, NULL },
};

static void
check_case(struct fed *f, size_t i)
{
	size_t n = cases[i].second_n > 0 ? cases[i].second_n :
	    strlen(cases[i].second);

	ck_assert_ptr_null(multipart_error(f->m));
	ck_assert(multipart_done(f->m));
	ck_assert_int_eq(multipart_parts(f->m), 2);
	ck_assert_str_eq(f->g.part[0].p, cases[i].first);
	ck_assert_uint_eq(f->g.part[1].len, n);
	ck_assert_mem_eq(f->g.part[1].p, cases[i].second, n);
	if (cases[i].type != NULL)
		ck_assert_str_eq(multipart_header(f->m, &ar, "Content-Type"),
		    cases[i].type);
	else
		ck_assert_ptr_null(multipart_header(f->m, &ar,
		    "Content-Type"));
}

START_TEST(parts_come_out_however_the_body_is_cut)
{
	const char *body = cases[_i].body;
	size_t n = cases[_i].n > 0 ? cases[_i].n : strlen(body);
	struct fed f;

	for (size_t cut = 0; cut <= n; cut++) {
		fed_init(&f, "B");
		multipart_feed(f.m, body, cut);
		multipart_feed(f.m, body + cut, n - cut);
		check_case(&f, (size_t)_i);
		fed_release(&f);
	}
	fed_init(&f, "B");
	for (size_t k = 0; k < n; k++)
		multipart_feed(f.m, body + k, 1);
	check_case(&f, (size_t)_i);
	fed_release(&f);
}
END_TEST

START_TEST(no_end_boundary_is_not_done)
{
	static const char *const bodies[] = { "", "--B", "--B\n\n{}",
		"--B\n\n{}\n--B\n\ndata", "--B\n\n{}\n--B\n\ndata\n--B",
		"--B\n\n{}\n--B\n\ndata\n--B-" };
	struct fed f;

	for (size_t i = 0; i < NELEMS(bodies); i++) {
		fed_init(&f, "B");
		multipart_feed(f.m, bodies[i], strlen(bodies[i]));
		ck_assert(!multipart_done(f.m));
		fed_release(&f);
	}
}
END_TEST

START_TEST(endless_headers_are_an_error)
{
	char *junk = mem_alloc(64u << 10);
	struct fed f;

	memset(junk, 'a', 64u << 10);
	fed_init(&f, "B");
	multipart_feed(f.m, "--B\n", 4);
	multipart_feed(f.m, junk, 64u << 10);
	ck_assert_ptr_nonnull(multipart_error(f.m));
	ck_assert(!multipart_done(f.m));
	fed_release(&f);
	free(junk);
}
END_TEST

START_TEST(random_binary_data_passes_unchanged)
{
	enum { N = 200000 };
	unsigned char *data = mem_alloc(N);
	struct buf body;
	struct fed f;
	size_t at = 0;

	srand(1);
	buf_init(&body, 1u << 20);
	buf_adds(&body, "--==x==\r\n\r\n{}\r\n--==x==\r\n\r\n");
	for (size_t i = 0; i < N; i++)
		data[i] = "\r\n-=x\0ab"[rand() & 7];
	buf_add(&body, data, N);
	buf_adds(&body, "\r\n--==x==--");
	fed_init(&f, "==x==");
	while (at < body.len) {
		size_t n = 1 + (size_t)rand() % 700;

		if (n > body.len - at)
			n = body.len - at;
		multipart_feed(f.m, body.p + at, n);
		at += n;
	}
	ck_assert(multipart_done(f.m));
	ck_assert_uint_eq(f.g.part[1].len, N);
	ck_assert_mem_eq(f.g.part[1].p, data, N);
	fed_release(&f);
	buf_release(&body);
	free(data);
}
END_TEST

START_TEST(boundary_is_found_in_each_quoting)
{
	static const struct { const char *type, *boundary; } t[] = {
		{ "multipart/related; boundary=abc", "abc" },
		{ "multipart/related; boundary=\"a c\"; type=x", "a c" },
		{ "multipart/related; boundary='===1=='", "===1==" },
		{ "Multipart/Related;type=\"x\";BOUNDARY=z", "z" },
		{ "multipart/related", NULL },
		{ "multipart/related; boundary=", NULL },
		{ "multipart/related; boundary=\"abc", NULL },
		{ "text/plain; boundary=abc", NULL },
		{ NULL, NULL },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		const char *b = multipart_boundary(&ar, t[i].type);

		if (t[i].boundary == NULL)
			ck_assert_ptr_null(b);
		else
			ck_assert_str_eq(b, t[i].boundary);
	}
}
END_TEST

static void
teardown(void)
{

	arena_release(&ar);
}

int
main(void)
{
	Suite *s = suite_create("multipart");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, parts_come_out_however_the_body_is_cut, 0,
	    (int)NELEMS(cases));
	tcase_add_test(t, no_end_boundary_is_not_done);
	tcase_add_test(t, endless_headers_are_an_error);
	tcase_add_test(t, random_binary_data_passes_unchanged);
	tcase_add_test(t, boundary_is_found_in_each_quoting);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
