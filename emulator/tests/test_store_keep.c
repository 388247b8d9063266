/* Holds, retention and moves: what may end, when, and as what. */
#include "emulator/tests/store_util.h"

#define KEEP	"{\"retentionPolicy\":{\"retentionPeriod\":\"60\"}}"
#define TEMP	"{\"temporaryHold\":true}"
#define EVENT	"{\"eventBasedHold\":true}"
#define SEC	1000000

static void
make_keep(const char *name, const char *attrs, bool versioning)
{
	struct bucket b = { .name = name, .project = "p", .attrs = attrs,
		.policy = "{}", .versioning = versioning }, out;
	struct store_write w = { 0 };

	ck_assert_int_eq(store_bucket_insert(st, &w, &b, &ar, &out),
	    STORE_OK);
}

static enum store_rc
put_attrs(const char *bucket, const char *name, const char *attrs,
    const struct store_cond *c, bool exempt, struct object *out)
{
	struct store_write w = { .exempt = exempt };
	struct payload *p = payload_new(st);
	enum store_rc rc;

	ck_assert_int_eq(payload_write(p, name, strlen(name)), 0);
	rc = store_object_insert(st, &w, bucket, name, attrs, c, NULL, p, &ar,
	    out);
	payload_free(p);
	return (rc);
}

static void
patch(const char *bucket, const char *name, const char *attrs,
    struct object *out)
{
	struct store_write w = { 0 };

	ck_assert_int_eq(store_object_update(st, &w, bucket, name, NULL,
	    attrs, &ar, out), STORE_OK);
}

static void
pass(int64_t us)
{

	atomic_fetch_add(&wall.shift_us, us);
}

static enum store_rc
move(const char *from, const struct store_cond *fc, const char *to,
    const struct store_cond *tc, struct object *out)
{
	struct store_write w = { 0 };

	return (store_object_move(st, &w, "b", from, fc, to, tc, &ar, out));
}

START_TEST(held_object_is_neither_deleted_nor_replaced)
{
	static const struct { const char *attrs; enum store_rc rc; } t[] = {
		{ TEMP, STORE_HELD_TEMPORARY }, { EVENT, STORE_HELD_EVENT },
	};
	struct object o, n;

	make_keep("b", "{}", false);
	make_keep("v", "{}", true);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(put_attrs("b", "x", t[i].attrs, NULL, false,
		    &o), STORE_OK);
		ck_assert_int_eq(del("b", "x", 0), t[i].rc);
		ck_assert_int_eq(del("b", "x", o.generation), t[i].rc);
		ck_assert_int_eq(put_attrs("b", "x", "{}", NULL, false, &n),
		    t[i].rc);
		ck_assert_int_eq(move("x", NULL, "y", NULL, &n), t[i].rc);
		ck_assert_int_eq(get("b", "y", &n), STORE_NO_OBJECT);
		ck_assert_int_eq(put_attrs("v", "x", t[i].attrs, NULL, false,
		    &n), STORE_OK);
		ck_assert_int_eq(del("v", "x", 0), t[i].rc);
		patch("v", "x", "{}", &n);
		patch("b", "x", "{}", &n);
		ck_assert_int_eq(n.generation, o.generation);
		ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	}
}
END_TEST

START_TEST(preconditions_are_looked_at_before_holds)
{
	struct store_cond none = { .has_gen_match = true };
	struct object o;

	make_keep("b", "{}", false);
	ck_assert_int_eq(put_attrs("b", "x", TEMP, NULL, false, &o), STORE_OK);
	ck_assert_int_eq(put_attrs("b", "x", "{}", &none, false, &o),
	    STORE_PRECONDITION);
}
END_TEST

START_TEST(bucket_retention_keeps_old_and_new_objects)
{
	struct store_write w = { 0 };
	struct object o, n;
	struct bucket b;

	make_keep("b", "{}", false);
	ck_assert_int_eq(put_attrs("b", "old", "{}", NULL, false, &o),
	    STORE_OK);
	ck_assert_int_eq(o.expires_us, 0);
	pass(20 * SEC);
	ck_assert_int_eq(store_bucket_update(st, &w, "b", NULL, KEEP, false,
	    &ar, &b), STORE_OK);
	ck_assert_int_eq(get("b", "old", &o), STORE_OK);
	ck_assert_int_eq(o.expires_us - o.created_us, 60 * SEC);
	ck_assert_int_eq(del("b", "old", 0), STORE_RETAINED);
	ck_assert_int_eq(put_attrs("b", "old", "{}", NULL, false, &n),
	    STORE_RETAINED);
	ck_assert_int_eq(move("old", NULL, "y", NULL, &n), STORE_RETAINED);
	patch("b", "old", "{\"contentType\":\"x\"}", &n);
	ck_assert_int_eq(n.expires_us, o.expires_us);
	pass(41 * SEC);
	ck_assert_int_eq(del("b", "old", 0), STORE_OK);
	ck_assert_int_eq(put_attrs("b", "new", "{}", NULL, false, &n),
	    STORE_OK);
	ck_assert_int_eq(n.expires_us - n.created_us, 60 * SEC);
	ck_assert_int_eq(del("b", "new", 0), STORE_RETAINED);
}
END_TEST

START_TEST(retained_object_becomes_noncurrent_but_is_not_deleted)
{
	struct object o, n;

	make_keep("v", KEEP, true);
	ck_assert_int_eq(put_attrs("v", "x", "{}", NULL, false, &o), STORE_OK);
	ck_assert_int_eq(put_attrs("v", "x", "{}", NULL, false, &n), STORE_OK);
	ck_assert_int_eq(del("v", "x", 0), STORE_OK);
	ck_assert_int_eq(del("v", "x", o.generation), STORE_RETAINED);
	pass(61 * SEC);
	ck_assert_int_eq(del("v", "x", o.generation), STORE_OK);
}
END_TEST

START_TEST(event_based_hold_puts_retention_off_until_it_is_released)
{
	struct object o;

	make_keep("b", KEEP, false);
	ck_assert_int_eq(put_attrs("b", "x", EVENT, NULL, false, &o),
	    STORE_OK);
	ck_assert_int_eq(o.expires_us, 0);
	pass(100 * SEC);
	ck_assert_int_eq(del("b", "x", 0), STORE_HELD_EVENT);
	patch("b", "x", "{}", &o);
	ck_assert_int_eq(o.expires_us - o.updated_us, 60 * SEC);
	ck_assert_int_eq(del("b", "x", 0), STORE_RETAINED);
	pass(61 * SEC);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
}
END_TEST

START_TEST(objects_own_retention_binds_whatever_the_bucket_says)
{
	char when[CLOCK_RFC3339], attrs[256];
	struct object o;

	make_keep("b", "{}", false);
	clock_rfc3339(clock_wall_us(&wall) + 60 * SEC, when);
	(void)snprintf(attrs, sizeof(attrs), "{\"retention\":{\"mode\":"
	    "\"Unlocked\",\"retainUntilTime\":\"%s\"}}", when);
	ck_assert_int_eq(put_attrs("b", "x", attrs, NULL, false, &o),
	    STORE_OK);
	ck_assert_int_ge(o.expires_us, o.created_us + 59 * SEC);
	ck_assert_int_eq(put_attrs("b", "x", "{}", NULL, true, &o),
	    STORE_RETAINED);
	pass(61 * SEC);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
}
END_TEST

START_TEST(exempt_write_ignores_the_buckets_retention_but_no_hold)
{
	struct object o;

	make_keep("b", KEEP, false);
	ck_assert_int_eq(put_attrs("b", "x", TEMP, NULL, false, &o), STORE_OK);
	ck_assert_int_eq(put_attrs("b", "x", "{}", NULL, true, &o),
	    STORE_HELD_TEMPORARY);
	patch("b", "x", "{}", &o);
	ck_assert_int_eq(put_attrs("b", "x", "{}", NULL, false, &o),
	    STORE_RETAINED);
	ck_assert_int_eq(put_attrs("b", "x", "{}", NULL, true, &o), STORE_OK);
}
END_TEST

START_TEST(new_object_adopts_hold_and_class_from_its_bucket)
{
	struct object o;

	make_keep("b", "{\"defaultEventBasedHold\":true,"
	    "\"storageClass\":\"COLDLINE\"}", false);
	ck_assert_int_eq(put_attrs("b", "x", "{}", NULL, false, &o), STORE_OK);
	ck_assert_ptr_nonnull(strstr(o.attrs, "\"eventBasedHold\":true"));
	ck_assert_ptr_nonnull(strstr(o.attrs, "COLDLINE"));
	ck_assert_int_eq(del("b", "x", 0), STORE_HELD_EVENT);
	ck_assert_int_eq(put_attrs("b", "y", "{\"eventBasedHold\":false,"
	    "\"storageClass\":\"NEARLINE\"}", NULL, false, &o), STORE_OK);
	ck_assert_ptr_nonnull(strstr(o.attrs, "NEARLINE"));
	ck_assert_int_eq(del("b", "y", 0), STORE_OK);
}
END_TEST

START_TEST(move_is_one_step_to_a_new_generation)
{
	struct object o, n, s;
	int64_t k;

	make_keep("b", "{\"softDeletePolicy\":{\"retentionDurationSeconds\":"
	    "\"60\"}}", false);
	o = put_seed("b", "x", 1, 100000);
	(void)put_seed("b", "y", 2, 100000);
	k = store_mutation(st);
	ck_assert_int_eq(move("x", NULL, "y", NULL, &n), STORE_OK);
	ck_assert_int_eq(store_mutation(st), k + 1);
	ck_assert_int_gt(n.generation, o.generation);
	ck_assert_uint_eq(n.crc32c, o.crc32c);
	ck_assert_str_eq(n.name, "y");
	ck_assert_int_eq(get("b", "x", &s), STORE_NO_OBJECT);
	ck_assert_int_eq(get("b", "y", &s), STORE_OK);
	/* The replaced one is soft-deleted, the moved one is not. */
	ck_assert_str_eq(LIST("b", .soft = true), "y");
	ck_assert_int_eq(count_files(), 2);
}
END_TEST

START_TEST(move_asks_for_both_preconditions_and_changes_nothing_without)
{
	struct store_cond none = { .has_gen_match = true };
	struct store_cond not = { .has_gen_not = true, .gen_not = 1 };
	struct store_cond wrong = { .has_gen_match = true, .gen_match = 7 };
	struct object o;

	make_keep("b", "{}", false);
	(void)put("b", "x", "1");
	(void)put("b", "y", "2");
	ck_assert_int_eq(move("z", NULL, "y", NULL, &o), STORE_NO_OBJECT);
	ck_assert_int_eq(move("x", &wrong, "y", NULL, &o), STORE_PRECONDITION);
	ck_assert_int_eq(move("x", NULL, "y", &none, &o), STORE_PRECONDITION);
	ck_assert_int_eq(move("x", NULL, "q", &not, &o), STORE_PRECONDITION);
	ck_text("b", "x", "1");
	ck_text("b", "y", "2");
	ck_assert_int_eq(move("x", &not, "q", &none, &o), STORE_OK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_keep");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, held_object_is_neither_deleted_nor_replaced);
	tcase_add_test(t, preconditions_are_looked_at_before_holds);
	tcase_add_test(t, bucket_retention_keeps_old_and_new_objects);
	tcase_add_test(t,
	    retained_object_becomes_noncurrent_but_is_not_deleted);
	tcase_add_test(t,
	    event_based_hold_puts_retention_off_until_it_is_released);
	tcase_add_test(t,
	    objects_own_retention_binds_whatever_the_bucket_says);
	tcase_add_test(t,
	    exempt_write_ignores_the_buckets_retention_but_no_hold);
	tcase_add_test(t, new_object_adopts_hold_and_class_from_its_bucket);
	tcase_add_test(t, move_is_one_step_to_a_new_generation);
	tcase_add_test(t,
	    move_asks_for_both_preconditions_and_changes_nothing_without);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
