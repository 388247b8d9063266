/* The rules of an exploration. */
#include <check.h>
#include <string.h>

#include "harness/explore/points.h"
#include "lib/file.h"

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

/* ---- classes ---- */

static const struct {
	const char *method, *object, *is;
} classes[] = {
	{ "storage.objects.insert", "b/ltx/0/00-01.ltx", "insert level 0" },
	{ "storage.objects.insert", "b/ltx/9/00-01.ltx", "insert snapshot" },
	{ "storage.objects.delete", "b/ltx/1/00-01.ltx", "delete level 1" },
	{ "storage.objects.insert", "b/db/ltx/2/00-01.ltx", "insert level 2" },
	{ "storage.objects.insert", "b/generations/0a/snapshots/00.snapshot"
	    ".lz4", "insert snapshot" },
	{ "storage.objects.insert", "b/generations/0a/wal/00_00.wal.lz4",
	    "insert wal" },
	{ "storage.objects.insert", "b/something", "insert other" },
};

START_TEST(class_is_verb_and_kind)
{

	ck_assert_str_eq(points_class(&ar, classes[_i].method, "b",
	    classes[_i].object), classes[_i].is);
}
END_TEST

/* ---- a journal ---- */

START_TEST(journal_gives_changes_of_the_backup_in_order)
{
	static const char text[] =
	    "{\"t\":1.5,\"api\":\"storage.objects.insert\",\"bucket\":\"b\","
	    "\"object\":\"p/ltx/0/2\",\"us\":300000,\"mutation\":7}\n"
	    "{\"t\":1.25,\"api\":\"storage.objects.insert\",\"bucket\":\"b\","
	    "\"object\":\"p/ltx/0/1\",\"mutation\":6}\n"
	    "{\"t\":2,\"api\":\"storage.objects.get\",\"bucket\":\"b\","
	    "\"object\":\"p/ltx/0/1\",\"mutation\":0}\n"
	    "{\"t\":2,\"api\":\"storage.objects.insert\",\"bucket\":\"c\","
	    "\"object\":\"p/ltx/0/1\",\"mutation\":8}\n"
	    "{\"t\":2,\"api\":\"storage.objects.insert\",\"bucket\":\"b\","
	    "\"object\":\"px/ltx/0/1\",\"mutation\":9}\n";
	char file[] = "/tmp/test_points.XXXXXX";
	int fd = mkstemp(file);
	struct err e = ERR_INIT;
	struct points ps;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write(file, text, strlen(text), 0600, &e), 0);
	ck_assert_int_eq(points_read(file, "b", "p", &ar, &ps, &e), 0);
	(void)remove(file);
	ck_assert_uint_eq(ps.n, 2);
	ck_assert_int_eq(ps.v[0].k, 6);
	ck_assert_int_eq(ps.v[0].at_us, 1250000);
	ck_assert_str_eq(ps.v[0].object, "p/ltx/0/1");
	ck_assert_int_eq(ps.v[1].k, 7);
	ck_assert_int_eq(ps.v[1].at_us, 1800000);	/* its end */
	ck_assert(!ps.v[1].tried);
	ck_assert_int_eq(points_read("/nonexistent", "b", "p", &ar, &ps, &e),
	    -1);
	err_release(&e);
}
END_TEST

/* ---- the rules ---- */

/* A point as a restore may have left it: "k:status:frontier", and what else in
 * letters: P panic, L litter, B broken. */
static struct points
points(const char *text)
{
	static struct point v[16];
	struct points ps = { v, 0 };

	memset(v, 0, sizeof(v));
	for (const char *s = text; *s != '\0'; ) {
		struct point *p = &v[ps.n++];
		char *end;

		p->tried = true;
		p->what = "insert level 0";
		p->object = "o";
		p->k = strtoll(s, &end, 10);
		p->status = (int)strtol(end + 1, &end, 10);
		p->frontier = strtoll(end + 1, &end, 10);
		for (s = end; *s != '\0' && *s != ' '; s++) {
			p->panic = p->panic || *s == 'P';
			if (*s == 'L')
				p->litter = "app.db.tmp";
			if (*s == 'B')
				p->broken = "index: disagrees";
		}
		s += *s == ' ';
	}
	return (ps);
}

static const struct {
	const char *points, *is;	/* "PROPERTY@K<SINCE " of each */
} judged[] = {
	{ "1:1:0 2:1:0 3:0:0 4:0:5 5:0:5 6:0:9", "" },
	/* What was there once must stay. */
	{ "1:0:5 2:1:0 3:0:5", "restorable@2<1 " },
	{ "1:0:5 2:0:9 3:0:8 4:0:9 5:0:4", "frontier@3<2 frontier@5<2 " },
	/* A damaged one is no measure for others. */
	{ "1:0:5 2:0:99B 3:0:6", "index@2 " },
	{ "1:0:5B 2:1:0", "index@1 " },
	{ "1:124:0 2:2:0P 3:0:1", "ends@1 panic@2 " },
	/* Even before the first backup. */
	{ "1:1:0L 2:0:1L", "litter@1 litter@2 " },
	/* The gravest is told. */
	{ "1:0:5 2:0:4BL 3:0:4L", "index@2 frontier@3<1 " },
};

START_TEST(rules_are_kept_or_named)
{
	struct points ps = points(judged[_i].points);
	struct violation *v;
	struct buf b;
	size_t n;

	buf_init(&b, 4096);
	buf_adds(&b, "");
	v = points_judge(&(struct explored){ .lost = ps },
	    &ar, &n);
	for (size_t i = 0; i < n; i++) {
		buf_addf(&b, "%s@%d", v[i].property, (int)v[i].at->k);
		if (v[i].since != NULL)
			buf_addf(&b, "<%d", (int)v[i].since->k);
		buf_addc(&b, ' ');
	}
	ck_assert_str_eq(n > 0 ? b.p : "", judged[_i].is);
	buf_release(&b);
}
END_TEST

START_TEST(untried_points_say_nothing)
{
	struct points ps = points("1:0:5 2:1:0");
	size_t n;

	ps.v[1].tried = false;
	(void)points_judge(&(struct explored){ .lost = ps },
	    &ar, &n);
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* ---- two-time views ---- */

START_TEST(two_times_are_around_runs_of_deletes)
{
	static struct point v[] = {
		{ .k = 1, .at_us = 0, .what = "insert level 0" },
		{ .k = 2, .at_us = 100000, .what = "insert level 0" },
		{ .k = 4, .at_us = 2000000, .what = "insert level 1" },
		{ .k = 5, .at_us = 2100000, .what = "delete level 0" },
		{ .k = 6, .at_us = 2200000, .what = "delete level 0" },
		{ .k = 8, .at_us = 2300000, .what = "delete level 0" },
		{ .k = 9, .at_us = 2400000, .what = "insert level 0" },
		{ .k = 10, .at_us = 2500000, .what = "delete snapshot" },
	};
	static const struct { int64_t list_k, k; } want[] = {
		{ 4, 5 }, { 2, 8 }, { 4, 8 }, { 9, 10 }, { 2, 10 },
	};
	struct points ps = { v, NELEMS(v) }, twos;

	points_two_times(&ps, &ar, &twos);
	ck_assert_uint_eq(twos.n, NELEMS(want));
	for (size_t i = 0; i < twos.n; i++) {
		ck_assert_int_eq(twos.v[i].list_k, want[i].list_k);
		ck_assert_int_eq(twos.v[i].k, want[i].k);
	}
}
END_TEST

/* What a two-time view between changes 1, which has 5 rows, and 2 is. */
static const struct {
	const char *two, *is;
} twos_judged[] = {
	{ "2:0:5", "" }, { "2:0:7", "" }, { "2:1:0", "" },
	{ "2:1:0L", "" }, { "2:0:4", "frontier" }, { "2:0:5B", "index" },
	{ "2:2:0P", "panic" }, { "2:124:0", "ends" },
};

START_TEST(a_two_time_view_is_right_or_an_error)
{
	struct point one = points("1:0:5").v[0];
	struct points ps = { &one, 1 }, twos;
	struct violation *v;
	size_t n;

	one.what = "insert level 0";
	twos = points(twos_judged[_i].two);
	twos.v[0].list_k = 1;
	v = points_judge(&(struct explored){ .lost = ps, .twos = twos },
	    &ar, &n);
	ck_assert_str_eq(n > 0 ? v[0].property : "", twos_judged[_i].is);
	ck_assert_uint_le(n, 1);
}
END_TEST

/* ---- what is known ---- */

START_TEST(point_survives_json)
{
	struct point p = points("12:3:45PLB").v[0], q;
	json_t *j;

	p.at_us = 678;
	p.lag_us = 90;
	p.said = "no \"backup\"";
	j = point_to_json(&p);
	ck_assert_int_eq(point_from_json(&ar, j, &q), 0);
	json_decref(j);
	ck_assert_int_eq(q.k, 12);
	ck_assert_int_eq(q.status, 3);
	ck_assert_int_eq(q.frontier, 45);
	ck_assert_int_eq(q.at_us, 678);
	ck_assert_int_eq(q.lag_us, 90);
	ck_assert(q.tried && q.panic);
	ck_assert_str_eq(q.said, p.said);
	ck_assert_str_eq(q.broken, p.broken);
	ck_assert_str_eq(q.litter, p.litter);
	j = json_pack("{s:i}", "k", 1);
	ck_assert_int_eq(point_from_json(&ar, j, &q), -1);
	json_decref(j);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("points");
	TCase *t = tcase_create("points");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, class_is_verb_and_kind, 0, NELEMS(classes));
	tcase_add_test(t, journal_gives_changes_of_the_backup_in_order);
	tcase_add_loop_test(t, rules_are_kept_or_named, 0, NELEMS(judged));
	tcase_add_test(t, untried_points_say_nothing);
	tcase_add_test(t, two_times_are_around_runs_of_deletes);
	tcase_add_loop_test(t, a_two_time_view_is_right_or_an_error, 0,
	    NELEMS(twos_judged));
	tcase_add_test(t, point_survives_json);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? 0 : 1);
}
