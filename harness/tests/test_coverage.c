/* What was tried, and which points are tried at all. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "harness/explore/coverage.h"
#include "harness/explore/plan.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/str.h"

static struct arena ar;

static void
setup(void)
{

	ar = (struct arena)ARENA_INIT;
}

static void
teardown(void)
{

	arena_release(&ar);
}

/* A file of lines, read by fn. */
static char *
journal(const char *text)
{
	char *file = mem_printf("/tmp/test_coverage.XXXXXX");
	int fd = mkstemp(file);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write(file, text, strlen(text), 0600, NULL), 0);
	return (file);
}

/* ---- coverage ---- */

#define LINE(api, object, who, fault) \
	"{\"api\":\"" api "\",\"bucket\":\"b\",\"object\":\"" object "\","	\
	"\"principal\":\"serviceAccount:" who "\",\"fault\":\"" fault "\"}\n"
#define INSERT(fault) \
	LINE("storage.objects.insert", "p/ltx/0/1-2.ltx", "r", fault)

static const struct {
	const char *line, *what, *fault;
	enum phase phase;
} notes[] = {
	{ INSERT("1:status@before"), "insert level 0", "status",
	    PHASE_BEFORE },
	{ INSERT("12:status=outage@before"), "insert level 0",
	    "status outage", PHASE_BEFORE },
	{ INSERT("1:status=refused@after"), "insert level 0", "status",
	    PHASE_AFTER },
	{ INSERT("1:reset@body"), "insert level 0", "reset", PHASE_INSIDE },
	{ INSERT("1:hold=upload@before"), "insert level 0", "held",
	    PHASE_BEFORE },
	{ INSERT("1:hold=a@b=c@after"), "insert level 0", "held",
	    PHASE_AFTER },
	{ INSERT("7:hold=freeze-123@after"), "insert level 0", "crash",
	    PHASE_AFTER },
	{ INSERT("7:latency@before,8:drop@after"), "insert level 0", "drop",
	    PHASE_AFTER },
	{ LINE("storage.objects.list", "", "r", "1:truncate@body"), "list",
	    "truncate", PHASE_INSIDE },
	{ LINE("oauth.token", "", "r", "1:drop@before"), "token", "drop",
	    PHASE_BEFORE },
};

static int64_t
cell(const struct coverage *c, const char *what, const char *fault,
    enum phase p)
{

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].what, what) == 0 &&
		    strcmp(c->v[i].fault, fault) == 0)
			return (c->v[i].n[p]);
	return (-1);
}

START_TEST(journal_tells_fault_and_phase)
{
	struct coverage c = { .a = &ar };
	char *file = journal(notes[_i].line);

	ck_assert_int_eq(coverage_journal(&c, file, "b", "p", "owner", NULL),
	    0);
	ck_assert_int_eq(cell(&c, notes[_i].what, notes[_i].fault,
	    notes[_i].phase), 1);
	(void)remove(file);
	free(file);
}
END_TEST

START_TEST(others_requests_are_not_the_replicators)
{
	struct coverage c = { .a = &ar };
	char *file = journal(LINE("oauth.token", "", "owner", "1:drop@before")
	    LINE("storage.buckets.get", "", "r", "1:drop@before")
	    "{\"api\":\"storage.objects.get\",\"bucket\":\"view\",\"object\":"
	    "\"p/ltx/0/1-2.ltx\",\"fault\":\"1:drop@before\"}\n");

	ck_assert_int_eq(coverage_journal(&c, file, "b", "p", "owner", NULL),
	    0);
	ck_assert_uint_eq(c.n, 0);
	ck_assert_int_eq(coverage_journal(&c, "/nonexistent", "b", "p", "o",
	    NULL), -1);
	(void)remove(file);
	free(file);
}
END_TEST

START_TEST(a_cell_is_run_or_has_a_reason_or_is_left)
{
	struct point lost[] = {
		{ .k = 1, .what = "insert level 0", .tried = true },
		{ .k = 2, .what = "insert level 0", .tried = true },
	}, nested[] = {
		{ .k = 1, .what = "again before insert level 0",
		    .tried = true },
		{ .k = 1, .what = "again after insert level 0" },
	};
	struct explored x = { .lost = { lost, 2 }, .nested = { nested, 2 } };
	struct coverage c = { .a = &ar }, sum = { .a = &ar };
	struct buf b;
	json_t *j;
	size_t left;

	coverage_points(&c, &x);
	ck_assert_int_eq(cell(&c, "insert level 0", "lost", PHASE_BEFORE), 1);
	ck_assert_int_eq(cell(&c, "insert level 0", "lost", PHASE_REPLIED),
	    2);
	ck_assert_int_eq(cell(&c, "insert level 0", "nested", PHASE_BEFORE),
	    1);
	j = coverage_to_json(&c);
	coverage_add_json(&sum, j);
	coverage_add_json(&sum, j);
	json_decref(j);
	ck_assert_int_eq(cell(&sum, "insert level 0", "lost", PHASE_AFTER),
	    4);
	buf_init(&b, 1 << 20);
	left = coverage_table(&b, &sum);
	/* crash and held in two places, status before, nested after, drop, reset in
	 * two, lost-reply, stall, a refusal that stays */
	ck_assert_uint_eq(left, 12);
	ck_assert_ptr_nonnull(strstr(b.p, "nothing of a body that broke off"));
	ck_assert_ptr_nonnull(strstr(b.p, "12 are left"));
	buf_release(&b);
}
END_TEST

/* ---- plan ---- */

#define PUT(k, object, crc) \
	"{\"t\":1,\"api\":\"storage.objects.insert\",\"bucket\":\"b\","	\
	"\"object\":\"p/" object "\",\"in\":9,\"mutation\":" #k		\
	",\"crc32c\":" #crc "}\n"
#define GONE(k, object) \
	"{\"t\":1,\"api\":\"storage.objects.delete\",\"bucket\":\"b\","	\
	"\"object\":\"p/" object "\",\"in\":0,\"mutation\":" #k "}\n"

static const struct {
	const char *text;
	int64_t	same;		/* as the last point; 0: none is */
} equals[] = {
	/* written over with the same */
	{ PUT(1, "a", 7) PUT(2, "a", 7), 1 },
	{ PUT(1, "a", 7) PUT(2, "a", 8), 0 },
	{ PUT(1, "a", 7) PUT(2, "b", 7), 0 },
	/* there again */
	{ PUT(1, "a", 7) GONE(2, "a") PUT(3, "a", 7), 1 },
	{ PUT(1, "a", 7) PUT(2, "b", 8) GONE(3, "a") PUT(4, "a", 7), 2 },
	/* the same state by another request */
	{ PUT(1, "a", 7) PUT(2, "ltx/0/b", 8) GONE(3, "ltx/0/b"), 0 },
	/* content that is not known */
	{ "{\"t\":1,\"api\":\"storage.objects.insert\",\"bucket\":\"b\","
	    "\"object\":\"p/a\",\"mutation\":1}\n{\"t\":1,\"api\":"
	    "\"storage.objects.insert\",\"bucket\":\"b\",\"object\":\"p/a\","
	    "\"mutation\":2}\n", 0 },
};

START_TEST(only_what_is_equal_is_skipped)
{
	char *file = journal(equals[_i].text);
	bool pick[8] = { true, true, true, true, true, true, true, true };
	struct points ps;
	const struct point *last;

	ck_assert_int_eq(points_read(file, "b", "p", &ar, &ps, NULL), 0);
	ck_assert_uint_eq(plan_equal(&ps, pick), equals[_i].same > 0);
	last = &ps.v[ps.n - 1];
	ck_assert_int_eq(last->same != NULL ? last->same->k : 0,
	    equals[_i].same);
	ck_assert_int_eq(pick[ps.n - 1], equals[_i].same == 0);
	if (equals[_i].same > 0) {
		((struct point *)(uintptr_t)last->same)->tried = true;
		((struct point *)(uintptr_t)last->same)->frontier = 42;
		plan_equal_results(&ps);
		ck_assert(last->tried && last->frontier == 42);
		ck_assert(plan_same_result(last, last->same));
	}
	(void)remove(file);
	free(file);
}
END_TEST

START_TEST(musts_are_first_and_the_rest_is_spread)
{
	struct point v[40];
	struct points ps = { v, NELEMS(v) };
	bool from[NELEMS(v)], pick[NELEMS(v)];
	size_t n;

	for (size_t i = 0; i < NELEMS(v); i++) {
		v[i] = (struct point){ .k = (int64_t)i + 1,
		    .what = i == 20 ? "insert snapshot" : i == 30 ?
		    "delete level 0" : i == 10 ? "insert level 1" :
		    "insert level 0" };
		from[i] = true;
	}
	/* the first, the three about the snapshot, the first of level 1, the
	 * delete */
	ck_assert_uint_eq(plan_musts(&ps, from, pick), 6);
	ck_assert(pick[0] && pick[10] && pick[19] && pick[20] && pick[21] &&
	    pick[30]);
	n = plan_spread(NELEMS(v), from, 4, pick);
	ck_assert_uint_eq(n, 4);
	ck_assert(!pick[0] && !pick[20]);
	for (size_t q = 0; q < 4; q++) {
		size_t in = 0;

		for (size_t i = q * 10; i < q * 10 + 10; i++)
			in += pick[i];
		ck_assert_uint_eq(in, 1);
	}
	for (n = 4; plan_spread(NELEMS(v), from, 7, pick) > 0; )
		for (size_t i = 0; i < NELEMS(v); i++)
			n += pick[i];
	ck_assert_uint_eq(n, NELEMS(v) - 6);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("coverage");
	TCase *tc = tcase_create("coverage");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, journal_tells_fault_and_phase, 0,
	    NELEMS(notes));
	tcase_add_test(tc, others_requests_are_not_the_replicators);
	tcase_add_test(tc, a_cell_is_run_or_has_a_reason_or_is_left);
	tcase_add_loop_test(tc, only_what_is_equal_is_skipped, 0,
	    NELEMS(equals));
	tcase_add_test(tc, musts_are_first_and_the_rest_is_spread);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed != 0);
}
