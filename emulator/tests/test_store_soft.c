/* Soft delete: what ends is kept, restored and lost on the store's clock. */
#include "emulator/tests/store_util.h"

#define SOFT	"{\"softDeletePolicy\":{\"retentionDurationSeconds\":\"60\"}}"
#define SEC	1000000

static void
make_soft(const char *name, const char *attrs, bool versioning)
{
	struct bucket b = { .name = name, .project = "p", .attrs = attrs,
		.policy = "{}", .versioning = versioning }, out;
	struct store_write w = { 0 };

	ck_assert_int_eq(store_bucket_insert(st, &w, &b, &ar, &out),
	    STORE_OK);
}

static void
pass(int64_t us)
{

	atomic_fetch_add(&wall.shift_us, us);
}

static size_t
purge(void)
{
	size_t n;

	ck_assert_int_eq(store_purge(st, &n), STORE_OK);
	return (n);
}

static enum store_rc
restore(const char *bucket, const char *name, int64_t generation,
    const struct store_cond *c, struct object *out)
{
	struct store_write w = { 0 };

	return (store_object_restore(st, &w, bucket, name, generation, c,
	    NULL, &ar, out));
}

static enum store_rc
soft(const char *bucket, const struct object *o, struct object *out)
{

	return (store_object_soft_get(st, NOW, bucket, o->name,
	    o->generation, &ar, out));
}

START_TEST(deleted_object_is_soft_deleted_then_lost)
{
	struct object o, s;

	make_soft("b", SOFT, false);
	o = put("b", "x", "one");
	ck_assert_int_eq(soft("b", &o, &s), STORE_NO_OBJECT);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_assert_int_eq(get("b", "x", &s), STORE_NO_OBJECT);
	ck_assert_int_eq(get_at(STORE_NOW, "b", "x", o.generation, &s),
	    STORE_NO_OBJECT);
	ck_assert_str_eq(LIST("b", .versions = true), "");
	ck_assert_str_eq(LIST("b", .soft = true), "x");
	ck_assert_int_eq(soft("b", &o, &s), STORE_OK);
	ck_assert_int_eq(s.hard_us - s.soft_us, 60 * SEC);
	ck_assert_int_eq(s.deleted_us, 0);
	ck_assert_uint_eq(purge(), 0);
	pass(61 * SEC);
	ck_assert_uint_eq(purge(), 1);
	ck_assert_int_eq(soft("b", &o, &s), STORE_NO_OBJECT);
	ck_assert_str_eq(LIST("b", .soft = true), "");
}
END_TEST

START_TEST(overwritten_and_noncurrent_objects_are_soft_deleted_too)
{
	struct object o, s;

	make_soft("b", SOFT, false);
	o = put("b", "x", "one");
	(void)put("b", "x", "two");
	ck_assert_int_eq(soft("b", &o, &s), STORE_OK);
	make_soft("v", SOFT, true);
	o = put("v", "x", "one");
	(void)put("v", "x", "two");
	ck_assert_int_eq(soft("v", &o, &s), STORE_NO_OBJECT);
	ck_assert_int_eq(del("v", "x", o.generation), STORE_OK);
	ck_assert_int_eq(soft("v", &o, &s), STORE_OK);
	ck_assert_int_ne(s.deleted_us, 0);	/* it was noncurrent */
}
END_TEST

START_TEST(restored_object_is_new_and_the_old_one_stays)
{
	struct store_cond none = { .has_gen_match = true };
	struct object o, n, s;
	int64_t k;

	make_soft("b", SOFT, false);
	o = put_seed("b", "x", 7, 100000);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_assert_int_eq(count_files(), 1);
	k = store_mutation(st);
	ck_assert_int_eq(restore("b", "x", o.generation, &none, &n), STORE_OK);
	ck_assert_int_eq(store_mutation(st), k + 1);
	ck_assert_int_gt(n.generation, o.generation);
	ck_assert_int_eq(n.metageneration, 1);
	ck_assert_uint_eq(n.crc32c, o.crc32c);
	ck_assert_int_eq(n.soft_us, 0);
	ck_assert_int_eq(soft("b", &o, &s), STORE_OK);
	ck_assert_int_eq(restore("b", "x", o.generation, &none, &s),
	    STORE_PRECONDITION);
	ck_assert_int_eq(restore("b", "x", o.generation, NULL, &s), STORE_OK);
	ck_assert_int_eq(soft("b", &n, &s), STORE_OK);
	ck_assert_int_eq(count_files(), 1);
	pass(61 * SEC);
	ck_assert_uint_eq(purge(), 2);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(get("b", "x", &s), STORE_OK);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	pass(61 * SEC);
	ck_assert_uint_eq(purge(), 1);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(live_noncurrent_and_unknown_generations_are_not_restored)
{
	struct object o, s;

	make_soft("v", SOFT, true);
	o = put("v", "x", "one");
	ck_assert_int_eq(restore("v", "x", o.generation, NULL, &s),
	    STORE_NO_OBJECT);
	(void)put("v", "x", "two");
	ck_assert_int_eq(restore("v", "x", o.generation, NULL, &s),
	    STORE_NO_OBJECT);
	ck_assert_int_eq(restore("v", "x", 5, NULL, &s), STORE_NO_OBJECT);
}
END_TEST

START_TEST(soft_deleted_bytes_stay_within_what_is_allowed)
{
	store_close(st);
	soft_bytes = 500000;
	open_store(false);
	make_soft("b", SOFT, false);
	for (int i = 0; i < 30; i++) {
		(void)put_seed("b", "x", (unsigned)i, 100000);
		ck_assert_int_le(count_files(), 6);
	}
	ck_assert_int_ge(count_files(), 4);
	reopen();			/* the sum is not forgotten */
	for (int i = 0; i < 6; i++) {
		(void)put_seed("b", "x", (unsigned)i, 100000);
		ck_assert_int_le(count_files(), 6);
	}
	soft_bytes = 0;
}
END_TEST

START_TEST(forgotten_deletion_counts_nothing)
{
	struct store_write w = { .forget = true };
	struct object o, s;

	make_soft("b", SOFT, false);
	o = put("b", "x", "one");
	ck_assert_int_eq(store_object_delete(st, &w, "b", "x", NULL),
	    STORE_OK);
	ck_assert_int_eq(soft("b", &o, &s), STORE_NO_OBJECT);
	ck_assert_int_eq(get("b", "x", &s), STORE_OK);
}
END_TEST

START_TEST(history_shows_what_was_soft_deleted_when)
{
	int64_t alive, dead, lost;
	struct object o, s;

	make_soft("b", SOFT, false);
	o = put("b", "x", "one");
	alive = store_mutation(st);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	dead = store_mutation(st);
	pass(61 * SEC);
	ck_assert_uint_eq(purge(), 1);
	lost = store_mutation(st);
	ck_assert_int_eq(lost, dead + 1);
	ck_assert_str_eq(LIST_AT(alive, "b", .soft = true), "");
	ck_assert_str_eq(LIST_AT(dead, "b", .soft = true), "x");
	ck_assert_str_eq(LIST_AT(lost, "b", .soft = true), "");
	ck_text_at(alive, "b", "x", "one");
	ck_assert_int_eq(get_at(alive, "b", "x", o.generation, &s), STORE_OK);
	ck_assert_int_eq(s.soft_us, 0);
}
END_TEST

START_TEST(soft_lists_go_by_pages)
{
	const char *next, *page;
	struct store_list l = { .soft = true, .max = 2 };

	make_soft("b", SOFT, false);
	for (int i = 0; i < 2; i++) {
		(void)put("b", "a", "1");
		(void)put("b", "b", "1");
		ck_assert_int_eq(del("b", "a", 0), STORE_OK);
		ck_assert_int_eq(del("b", "b", 0), STORE_OK);
	}
	page = list_page(STORE_NOW, "b", l, &next);
	ck_assert_str_eq(page, "a a");
	l.after = next;
	page = list_page(STORE_NOW, "b", l, &next);
	ck_assert_str_eq(page, "b b");
	ck_assert_str_eq(LIST("b", .soft = true, .prefix = "b"), "b b");
}
END_TEST

/* ---- buckets ---- */

static enum store_rc
drop_bucket(const char *name)
{
	struct store_write w = { 0 };

	return (store_bucket_delete(st, &w, name, NULL));
}

static const char *
soft_buckets(void)
{
	const char *after = "";
	struct bucket *b;
	struct buf t;
	size_t n;
	bool more;
	char *v;

	buf_init(&t, 4096);
	do {
		ck_assert_int_eq(store_bucket_soft_list(st, "p", "", &after,
		    1, &ar, &b, &n, &more), STORE_OK);
		for (size_t i = 0; i < n; i++)
			buf_addf(&t, "%s ", b[i].name);
	} while (more);
	v = arena_strdup(&ar, t.p);
	buf_release(&t);
	return (v);
}

START_TEST(deleted_bucket_is_restored_with_its_soft_deleted_objects)
{
	struct store_write w = { 0 };
	struct bucket b, old;
	struct object o, s;

	make_soft("b", SOFT, false);
	ck_assert_int_eq(store_bucket_get(st, NOW, "b", &ar, &old), STORE_OK);
	o = put("b", "x", "one");
	ck_assert_int_eq(drop_bucket("b"), STORE_NOT_EMPTY);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_assert_int_eq(drop_bucket("b"), STORE_OK);
	ck_assert_int_eq(store_bucket_get(st, NOW, "b", &ar, &b),
	    STORE_NO_BUCKET);
	ck_assert_str_eq(soft_buckets(), "b ");
	ck_assert_int_eq(store_bucket_soft_get(st, "b", old.generation, &ar,
	    &b), STORE_OK);
	ck_assert_int_eq(b.hard_us - b.soft_us, 60 * SEC);
	ck_assert_int_eq(store_bucket_restore(st, &w, "b", 1, &ar, &b),
	    STORE_NO_BUCKET);
	ck_assert_int_eq(store_bucket_restore(st, &w, "b", old.generation,
	    &ar, &b), STORE_OK);
	ck_assert_int_eq(store_bucket_restore(st, &w, "b", old.generation,
	    &ar, &b), STORE_NO_BUCKET);
	ck_assert_str_eq(soft_buckets(), "");
	ck_assert_str_eq(LIST("b"), "");
	ck_assert_int_eq(restore("b", "x", o.generation, NULL, &s), STORE_OK);
	ck_text("b", "x", "one");
}
END_TEST

START_TEST(name_of_a_deleted_bucket_is_free_and_restoring_it_then_is_not)
{
	struct store_write w = { 0 };
	struct bucket b, old;

	make_soft("b", SOFT, false);
	ck_assert_int_eq(store_bucket_get(st, NOW, "b", &ar, &old), STORE_OK);
	ck_assert_int_eq(drop_bucket("b"), STORE_OK);
	make_soft("b", SOFT, false);
	ck_assert_int_eq(store_bucket_restore(st, &w, "b", old.generation,
	    &ar, &b), STORE_EXISTS);
	ck_assert_int_eq(drop_bucket("b"), STORE_OK);
	ck_assert_str_eq(soft_buckets(), "b b ");
}
END_TEST

START_TEST(deleted_bucket_is_lost_with_all_that_was_in_it)
{
	struct store_write w = { 0 };
	struct bucket b;

	make_soft("b", SOFT, false);
	for (unsigned i = 0; i < 450; i++)
		(void)put_seed("b", "x", i, i == 0 ? 100000 : 10);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	/* Switched off, but it once had a policy. */
	ck_assert_int_eq(store_bucket_update(st, &w, "b", NULL, "{}", false,
	    &ar, &b), STORE_OK);
	ck_assert_int_eq(drop_bucket("b"), STORE_OK);
	ck_assert_str_eq(soft_buckets(), "b ");
	pass(61 * SEC);
	ck_assert_uint_eq(purge(), 451);
	ck_assert_str_eq(soft_buckets(), "");
	ck_assert_int_eq(count_files(), 0);
	reopen();
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(bucket_that_never_had_a_policy_is_deleted_outright)
{

	make_soft("b", "{}", false);
	(void)put("b", "x", "1");
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_assert_int_eq(drop_bucket("b"), STORE_OK);
	ck_assert_str_eq(soft_buckets(), "");
}
END_TEST

START_TEST(bucket_of_history_is_restored_and_lost)
{
	struct store_write w = { 0 };
	struct bucket b, old;

	make_soft("b", SOFT, false);
	ck_assert_int_eq(store_bucket_get(st, NOW, "b", &ar, &old), STORE_OK);
	ck_assert_int_eq(drop_bucket("b"), STORE_OK);
	ck_assert_int_eq(store_bucket_restore(st, &w, "b", old.generation,
	    &ar, &b), STORE_OK);
	(void)put("b", "x", "1");
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_assert_int_eq(drop_bucket("b"), STORE_OK);
	ck_assert_str_eq(soft_buckets(), "b ");
	pass(61 * SEC);
	ck_assert_uint_eq(purge(), 2);
	ck_assert_str_eq(soft_buckets(), "");
	ck_assert_uint_eq(purge(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_soft");
	TCase *t = tcase_create("plain"), *h = tcase_create("history");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, deleted_object_is_soft_deleted_then_lost);
	tcase_add_test(t,
	    overwritten_and_noncurrent_objects_are_soft_deleted_too);
	tcase_add_test(t, restored_object_is_new_and_the_old_one_stays);
	tcase_add_test(t,
	    live_noncurrent_and_unknown_generations_are_not_restored);
	tcase_add_test(t, soft_deleted_bytes_stay_within_what_is_allowed);
	tcase_add_test(t, forgotten_deletion_counts_nothing);
	tcase_add_test(t, soft_lists_go_by_pages);
	tcase_add_test(t,
	    deleted_bucket_is_restored_with_its_soft_deleted_objects);
	tcase_add_test(t,
	    name_of_a_deleted_bucket_is_free_and_restoring_it_then_is_not);
	tcase_add_test(t, deleted_bucket_is_lost_with_all_that_was_in_it);
	tcase_add_test(t, bucket_that_never_had_a_policy_is_deleted_outright);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(h, setup_history, teardown);
	tcase_add_test(h, history_shows_what_was_soft_deleted_when);
	tcase_add_test(h, bucket_of_history_is_restored_and_lost);
	suite_add_tcase(s, h);
	return (run_suite(s));
}
