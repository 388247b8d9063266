/* The load generator finds the ends of answers, and the sums are right.  What
 * drives servers is tried by emulator/tests/bench.sh. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/bench/figure.h"
#include "emulator/bench/gen.h"
#include "lib/mem.h"

/* The answer in pieces of `step` bytes; how many bytes of s it took. */
static size_t
take(struct gen_answer *a, const char *s, size_t step, bool *done)
{
	size_t n = strlen(s), at = 0;

	*a = (struct gen_answer) { 0 };
	*done = false;
	while (at < n && !*done) {
		size_t len = n - at < step ? n - at : step;
		int64_t took = gen_answer_add(a, s + at, len, done);

		ck_assert_int_ge(took, 0);
		ck_assert(*done || (size_t)took == len);
		at += (size_t)took;
	}
	return (at);
}

static const struct {
	const char *s;
	int	status;
	int64_t	body;
	bool	close;
	size_t	more;			/* bytes behind it */
} whole[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 5, false,
	    0 },
	{ "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: close\r\n\r\nab",
	    200, 2, true, 0 },
	{ "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", 204, 0, false, 0 },
	{ "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\nHTTP/", 201, 0,
	    false, 5 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nrest", 200, 15,
	    false, 4 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "1\r\n\n\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, 1, false, 0 },
};

START_TEST(answer_ends_where_it_says_in_pieces_of_any_size)
{

	for (size_t step = 1; step < 90; step++) {
		struct gen_answer a;
		bool done;
		size_t n = take(&a, whole[_i].s, step, &done);

		ck_assert(done);
		ck_assert_uint_eq(n + whole[_i].more, strlen(whole[_i].s));
		ck_assert_int_eq(a.status, whole[_i].status);
		ck_assert_int_eq(a.body, whole[_i].body);
		ck_assert_int_eq(a.close, whole[_i].close);
	}
}
END_TEST

static const char *const cut[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
};

START_TEST(answer_that_is_cut_is_not_done)
{
	struct gen_answer a;
	bool done;

	(void)take(&a, cut[_i], 7, &done);
	ck_assert(!done);
}
END_TEST

static const char *const refused[] = {
	"SSH-2.0-OpenSSH\r\n\r\n",
	"HTTP/1.1 200 OK\r\nServer: until the end\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
};

START_TEST(answer_without_an_end_is_refused)
{
	struct gen_answer a = { 0 };
	bool done;

	ck_assert_int_eq(gen_answer_add(&a, refused[_i], strlen(refused[_i]),
	    &done), -1);
}
END_TEST

START_TEST(quartiles_lie_between_neighbours)
{
	const double odd[] = { 5, 1, 3, 2, 4 }, even[] = { 4, 1, 3, 2 };
	struct spread s = spread_of(odd, 5);

	ck_assert_double_eq_tol(s.median, 3, 1e-9);
	ck_assert_double_eq_tol(s.q1, 2, 1e-9);
	ck_assert_double_eq_tol(s.q3, 4, 1e-9);
	s = spread_of(even, 4);
	ck_assert_double_eq_tol(s.median, 2.5, 1e-9);
	ck_assert_double_eq_tol(s.q1, 1.75, 1e-9);
	ck_assert_double_eq_tol(s.q3, 3.25, 1e-9);
	s = spread_of(odd, 1);
	ck_assert_double_eq_tol(s.q1, 5, 1e-9);
}
END_TEST

static const struct figure_key ours = { "m", "v", "ours", "u" };
static const struct figure_key peer = { "m", "v", "peer", "u" };

/* In the second round the machine was ten times slower, for both. */
START_TEST(ratio_is_taken_round_by_round)
{
	const struct goal g = { "ours / peer", ours, peer, GOAL_AT_LEAST, 2,
	    NULL };
	struct figures f = { 0 };
	struct spread s;
	size_t n;

	ck_assert(!figures_ratio(&f, &g, &s, &n));
	figures_add(&f, &ours, 100);
	figures_add(&f, &peer, 50);
	figures_add(&f, &ours, 10);
	figures_add(&f, &peer, 5);
	figures_add(&f, &peer, 7);	/* ours failed to follow */
	ck_assert(figures_ratio(&f, &g, &s, &n));
	ck_assert_uint_eq(n, 2);
	ck_assert_double_eq_tol(s.median, 2, 1e-9);
	ck_assert_double_eq_tol(s.q1, 2, 1e-9);
	ck_assert_str_eq(goal_verdict(&g, &s), "PASS");
	figures_release(&f);
}
END_TEST

START_TEST(verdict_tells_each_side_of_a_target)
{
	struct goal g = { "x", ours, { .subject = NULL }, GOAL_AT_MOST, 15,
	    NULL };
	struct spread s = { 15, 15, 15 };

	ck_assert_str_eq(goal_verdict(&g, &s), "PASS");
	s.median = 15.1;
	ck_assert_str_eq(goal_verdict(&g, &s), "MISS");
	g.kind = GOAL_AT_LEAST;
	ck_assert_str_eq(goal_verdict(&g, &s), "PASS");
	s.median = 14.9;
	ck_assert_str_eq(goal_verdict(&g, &s), "MISS");
	g.kind = GOAL_NONE;
	ck_assert_str_eq(goal_verdict(&g, &s), "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bench");
	TCase *tc = tcase_create("answers");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, answer_ends_where_it_says_in_pieces_of_any_size,
	    0, (int)NELEMS(whole));
	tcase_add_loop_test(tc, answer_that_is_cut_is_not_done, 0,
	    (int)NELEMS(cut));
	tcase_add_loop_test(tc, answer_without_an_end_is_refused, 0,
	    (int)NELEMS(refused));
	suite_add_tcase(s, tc);
	tc = tcase_create("figures");
	tcase_add_test(tc, quartiles_lie_between_neighbours);
	tcase_add_test(tc, ratio_is_taken_round_by_round);
	tcase_add_test(tc, verdict_tells_each_side_of_a_target);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
