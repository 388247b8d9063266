/* Time travel: views, forks and reads as of a mutation, each compared with
 * what the bucket was when that mutation was the newest. */
#include "emulator/tests/store_util.h"

/* Everything one can see of a bucket, as text. */
static const char *
picture(int64_t as_of, const char *bucket, bool versions)
{
	struct store_list l = { .prefix = "", .delimiter = "", .start = "",
		.end = "", .glob = "", .versions = versions, .max = 1000,
		.after = "" };
	struct store_listing out;
	struct bucket b;
	struct buf t;
	char *v;

	ck_assert_int_eq(store_bucket_get(st, (struct store_at){ as_of },
	    bucket, &ar, &b), STORE_OK);
	ck_assert_int_eq(store_object_list(st, (struct store_at){ as_of },
	    bucket, &l, &ar, &out), STORE_OK);
	buf_init(&t, 1 << 20);
	buf_addf(&t, "%s %s %" PRId64 " %d\n", b.attrs, b.policy,
	    b.metageneration, b.versioning);
	for (size_t i = 0; i < out.nobjects; i++) {
		struct object *o = &out.objects[i], g;
		struct store_cond c = { .generation = o->generation };
		struct store_reader r;

		ck_assert_int_eq(store_object_open(st,
		    (struct store_at){ as_of }, bucket, o->name, &c, &ar, &g,
		    &r), STORE_OK);
		ck_assert_int_eq(g.metageneration, o->metageneration);
		ck_assert_str_eq(g.attrs, o->attrs);
		buf_addf(&t, "%s#%" PRId64 ".%" PRId64 " %s %" PRId64 " %"
		    PRId64 " %" PRId64 " %s\n", o->name, o->generation,
		    o->metageneration, o->attrs, o->created_us, o->updated_us,
		    o->deleted_us, read_all(&r));
		if (!versions)
			ck_assert_int_eq(get_at(as_of, bucket, o->name, 0, &g),
			    STORE_OK);
	}
	ck_assert(buf_ok(&t));
	v = arena_strdup(&ar, t.p);
	buf_release(&t);
	return (v);
}

#define OPS	150

static uint32_t seed;

static unsigned
rnd(unsigned n)
{

	seed = seed * 1664525 + 1013904223;
	return ((seed >> 8) % n);
}

/* One random change of bucket h that succeeds: exactly one mutation. */
static void
change(int i)
{
	int64_t k = store_mutation(st);
	struct store_listing l;
	struct store_list all = { .prefix = "", .delimiter = "", .start = "",
		.end = "", .glob = "", .versions = true, .max = 1000,
		.after = "" };
	char *text = arena_printf(&ar, "{\"i\":%d}", i);
	char *name = arena_printf(&ar, "n%u", rnd(6));
	struct object o, *pick;
	struct store_cond c = { 0 };
	struct bucket b;
	enum store_rc rc = STORE_NO_OBJECT;

	ck_assert_int_eq(store_object_list(st, NOW, "h", &all, &ar, &l),
	    STORE_OK);
	pick = l.nobjects > 0 ? &l.objects[rnd((unsigned)l.nobjects)] : NULL;
	if (pick != NULL)
		c.generation = pick->generation;
	switch (rnd(9)) {
	case 0:
		rc = del("h", name, 0);
		break;
	case 1:
		if (pick != NULL)
			rc = del("h", pick->name, pick->generation);
		break;
	case 2:
		rc = store_object_update(st, NULL, "h", name, NULL, text, &ar,
		    &o);
		break;
	case 3:
		if (pick != NULL)
			rc = store_object_update(st, NULL, "h", pick->name,
			    &c, text, &ar, &o);
		break;
	case 4:
		if (pick != NULL)
			rc = store_object_copy(st, NULL, "h", pick->name, &c,
			    "h", name, NULL, rnd(2) ? text : NULL, &ar, &o);
		break;
	case 5:
		if (rnd(3) == 0)
			rc = store_bucket_set_policy(st, NULL, "h", text, -1,
			    &ar, &b);
		break;
	case 6:
		if (rnd(2) == 0)
			rc = store_bucket_update(st, NULL, "h", NULL, text,
			    rnd(2) == 0, &ar, &b);
		break;
	}
	if (rc != STORE_OK)
		(void)put("h", name, text);
	ck_assert_int_eq(store_mutation(st), k + 1);
}

START_TEST(every_view_and_fork_shows_the_bucket_as_it_was)
{
	const char *live[OPS + 2], *all[OPS + 2];
	int64_t last;

	seed = (uint32_t)_i + 7;
	make_bucket("h", _i % 2 == 1);
	for (int i = 1; i <= OPS; i++) {
		live[i] = picture(STORE_NOW, "h", false);
		all[i] = picture(STORE_NOW, "h", true);
		change(i);
	}
	reopen();
	last = store_mutation(st);
	ck_assert_int_eq(last, OPS + 1);
	for (int64_t k = 1; k <= OPS; k++) {
		char *view = arena_printf(&ar, "view-%" PRId64, k);
		char *fork = arena_printf(&ar, "fork-%" PRId64, k);

		ck_assert_str_eq(picture(k, "h", false), live[k]);
		ck_assert_str_eq(picture(k, "h", true), all[k]);
		ck_assert_int_eq(store_view(st, "h", k, view), STORE_OK);
		ck_assert_str_eq(picture(STORE_NOW, view, false), live[k]);
		ck_assert_str_eq(picture(STORE_NOW, view, true), all[k]);
		if (k % 10 != 1)
			continue;
		ck_assert_int_eq(store_fork(st, "h", k, fork), STORE_OK);
		ck_assert_str_eq(picture(STORE_NOW, fork, false), live[k]);
		ck_assert_str_eq(picture(STORE_NOW, fork, true), all[k]);
		(void)put(fork, "n1", "only here");
		ck_assert_str_eq(picture(STORE_NOW, view, false), live[k]);
	}
}
END_TEST

START_TEST(view_is_read_only_and_not_listed)
{
	struct store_write w = { 0 };
	struct bucket b, *v;
	struct session s = { .bucket = "v", .name = "x" };
	const char *id;
	struct object o;
	bool more;
	size_t n;

	make_bucket("h", false);
	(void)put("h", "x", "one");
	ck_assert_int_eq(store_view(st, "h", 2, "v"), STORE_OK);
	ck_assert_int_eq(store_mutation(st), 2);
	(void)put("h", "x", "two");
	ck_text("v", "x", "one");
	ck_assert_int_eq(put_full("v", "y", "1", NULL, false, NULL),
	    STORE_READ_ONLY);
	ck_assert_int_eq(del("v", "x", 0), STORE_READ_ONLY);
	ck_assert_int_eq(store_object_update(st, &w, "v", "x", NULL, "{}",
	    &ar, &o), STORE_READ_ONLY);
	ck_assert_int_eq(store_bucket_update(st, &w, "v", NULL, "{}", false,
	    &ar, &b), STORE_READ_ONLY);
	ck_assert_int_eq(store_bucket_set_policy(st, &w, "v", "{}", -1, &ar,
	    &b), STORE_READ_ONLY);
	ck_assert_int_eq(store_bucket_delete(st, &w, "v", NULL),
	    STORE_READ_ONLY);
	ck_assert_int_eq(store_session_new(st, &s, &ar, &id),
	    STORE_READ_ONLY);
	ck_assert_int_eq(store_set_history(st, "v", false), STORE_READ_ONLY);
	ck_assert_int_eq(store_view(st, "h", 2, "v"), STORE_EXISTS);
	ck_assert_int_eq(store_bucket_list(st, NULL, "", "", 9, &ar, &v, &n,
	    &more), STORE_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(store_bucket_get(st, NOW, "v", &ar, &b), STORE_OK);
	ck_assert_str_eq(b.name, "v");
	ck_assert_str_eq(b.view_of, "h");
	ck_assert_int_eq(b.view_at, 2);
	/* Copying out of a view is reading it. */
	ck_assert_int_eq(store_object_copy(st, &w, "v", "x", NULL, "h", "old",
	    NULL, NULL, &ar, &o), STORE_OK);
	ck_text("h", "old", "one");
	ck_assert_int_eq(store_view_delete(st, "h"), STORE_NO_BUCKET);
	ck_assert_int_eq(store_view_delete(st, "v"), STORE_OK);
	ck_assert_int_eq(get("v", "x", &o), STORE_NO_BUCKET);
	ck_assert_int_eq(store_view(st, "h", 3, "v"), STORE_OK);
	ck_text("v", "x", "two");
}
END_TEST

START_TEST(view_of_a_view_never_shows_more)
{

	make_bucket("h", false);
	(void)put("h", "x", "one");
	(void)put("h", "x", "two");
	ck_assert_int_eq(store_view(st, "h", 2, "v"), STORE_OK);
	ck_assert_int_eq(store_view(st, "v", 3, "vv"), STORE_OK);
	ck_assert_int_eq(store_fork(st, "v", 3, "f"), STORE_OK);
	ck_text("vv", "x", "one");
	ck_text("f", "x", "one");
	ck_text_at(3, "v", "x", "one");
	ck_text_at(3, "h", "x", "two");
}
END_TEST

START_TEST(bucket_deleted_and_made_again_is_told_apart)
{
	struct object o;

	make_bucket("h", false);			/* 1 */
	(void)put("h", "x", "first life");		/* 2 */
	ck_assert_int_eq(del("h", "x", 0), STORE_OK);	/* 3 */
	ck_assert_int_eq(store_bucket_delete(st, NULL, "h", NULL),
	    STORE_OK);					/* 4 */
	ck_assert_int_eq(store_view(st, "h", 2, "v"), STORE_OK);
	make_bucket("h", false);			/* 5 */
	(void)put("h", "x", "second life");		/* 6 */
	ck_text("v", "x", "first life");
	ck_text("h", "x", "second life");
	ck_text_at(2, "h", "x", "first life");
	ck_assert_int_eq(get_at(4, "h", "x", 0, &o), STORE_NO_BUCKET);
	ck_assert_int_eq(get_at(5, "h", "x", 0, &o), STORE_NO_OBJECT);
	ck_assert_int_eq(store_view(st, "h", 0, "z"), STORE_NO_BUCKET);
	ck_assert_int_eq(store_view(st, "h", 4, "z"), STORE_NO_BUCKET);
}
END_TEST

START_TEST(a_mutation_that_is_not_known_is_refused)
{
	struct object o;

	make_bucket("b", false);			/* 1 */
	(void)put("b", "x", "1");			/* 2 */
	(void)put("b", "x", "2");			/* 3 */
	ck_assert_int_eq(store_view(st, "b", 4, "v"), STORE_BAD_MUTATION);
	ck_assert_int_eq(store_view(st, "b", -1, "v"), STORE_BAD_MUTATION);
	/* No history: only the newest state is known, and forks copy it. */
	ck_assert_int_eq(store_view(st, "b", 2, "v"), STORE_BAD_MUTATION);
	ck_assert_int_eq(store_view(st, "b", 3, "v"), STORE_BAD_MUTATION);
	ck_assert_int_eq(store_fork(st, "b", 2, "f"), STORE_BAD_MUTATION);
	ck_assert_int_eq(get_at(2, "b", "x", 0, &o), STORE_BAD_MUTATION);
	ck_assert_int_eq(store_fork(st, "b", 3, "f"), STORE_OK); /* 4 */
	ck_text("f", "x", "2");
	/* History from now on. */
	ck_assert_int_eq(store_set_history(st, "b", true), STORE_OK);
	(void)put("b", "x", "3");			/* 5 */
	ck_text_at(4, "b", "x", "2");
	ck_assert_int_eq(get_at(3, "b", "x", 0, &o), STORE_BAD_MUTATION);
	ck_assert_int_eq(store_view(st, "b", 4, "v"), STORE_OK);
	ck_text("v", "x", "2");
	/* Its end takes the views' ground away. */
	ck_assert_int_eq(store_set_history(st, "b", false), STORE_OK);
	ck_assert_int_eq(get("v", "x", &o), STORE_BAD_MUTATION);
	ck_assert_int_eq(put_full("v", "x", "", NULL, false, NULL),
	    STORE_READ_ONLY);
	ck_text("b", "x", "3");
	ck_assert_int_eq(store_set_history(st, "b", true), STORE_OK);
	ck_assert_int_eq(get("v", "x", &o), STORE_BAD_MUTATION);
	ck_assert_int_eq(store_view_delete(st, "v"), STORE_OK);
}
END_TEST

START_TEST(end_of_history_drops_dead_rows_and_files)
{

	make_bucket("h", true);
	(void)put_seed("h", "x", 1, 100000);
	(void)put_seed("h", "y", 2, 100000);
	(void)put_seed("h", "y", 3, 100000);
	ck_assert_int_eq(del("h", "x", 0), STORE_OK);
	ck_assert_int_eq(count_files(), 3);
	ck_assert_int_eq(store_set_history(st, "h", false), STORE_OK);
	/* x and the first y are noncurrent generations: they stay. */
	ck_assert_int_eq(count_files(), 3);
	ck_assert_str_eq(LIST("h", .versions = true), "x y y");
	make_bucket("g", false);
	ck_assert_int_eq(store_set_history(st, "g", true), STORE_OK);
	(void)put_seed("g", "x", 1, 100000);
	(void)put("g", "x", "");
	ck_assert_int_eq(count_files(), 4);
	ck_assert_int_eq(store_set_history(st, "g", false), STORE_OK);
	ck_assert_int_eq(count_files(), 3);
}
END_TEST

START_TEST(fork_shares_payload_files)
{
	struct object o;

	make_bucket("h", false);
	(void)put_seed("h", "x", 1, 100000);
	ck_assert_int_eq(store_set_history(st, "h", false), STORE_OK);
	ck_assert_int_eq(store_fork(st, "h", store_mutation(st), "f"),
	    STORE_OK);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(del("h", "x", 0), STORE_OK);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(get("f", "x", &o), STORE_OK);
	ck_assert_int_eq(store_set_history(st, "f", false), STORE_OK);
	ck_assert_int_eq(del("f", "x", 0), STORE_OK);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_history");
	TCase *t = tcase_create("history");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup_history, teardown);
	tcase_add_loop_test(t, every_view_and_fork_shows_the_bucket_as_it_was,
	    0, 6);
	tcase_add_test(t, view_is_read_only_and_not_listed);
	tcase_add_test(t, view_of_a_view_never_shows_more);
	tcase_add_test(t, bucket_deleted_and_made_again_is_told_apart);
	tcase_add_test(t, end_of_history_drops_dead_rows_and_files);
	tcase_add_test(t, fork_shares_payload_files);
	suite_add_tcase(s, t);
	t = tcase_create("no history");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_mutation_that_is_not_known_is_refused);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
