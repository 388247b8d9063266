/* What readers keep between two reads (their snapshot, the buckets) is never
 * older than what somebody was told before the read began. */
#include <pthread.h>

#include "emulator/store/store_snapshot.h"
#include "emulator/tests/store_util.h"

static struct err err;

static struct bucket
look(const char *name)
{
	struct bucket b = { 0 };

	ck_assert_int_eq(store_bucket_get(st, NOW, name, &ar, &b), STORE_OK);
	return (b);
}

static enum store_rc
look_rc(const char *name)
{
	struct bucket b;

	return (store_bucket_get(st, NOW, name, &ar, &b));
}

static enum store_rc
patch(const char *name, const char *attrs, bool forget)
{
	struct store_write w = { .forget = forget };
	struct bucket b;

	return (store_bucket_update(st, &w, name, NULL, attrs, false, &ar,
	    &b));
}

/* By all readers there are, so that whichever is asked has kept something. */
static void *
use_reader(void *name)
{
	struct arena a = ARENA_INIT;
	struct bucket b;
	struct object o;

	for (int i = 0; i < 50; i++) {
		(void)!store_bucket_get(st, NOW, name, &a, &b);
		(void)!store_object_get(st, NOW, name, "o", NULL, &a, &o);
	}
	arena_release(&a);
	return (NULL);
}

static void
use_readers(const char *name)
{
	pthread_t t[8];

	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, use_reader,
		    (void *)(uintptr_t)name), 0);
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
}

START_TEST(bucket_is_new_after_patch)
{
	struct bucket b;

	make_bucket("b", false);
	for (int i = 0; i < 5; i++) {
		const char *attrs = arena_printf(&ar, "{\"n\":%d}", i);

		use_readers("b");
		ck_assert_int_eq(patch("b", attrs, false), STORE_OK);
		b = look("b");
		ck_assert_str_eq(b.attrs, attrs);
		ck_assert_int_eq(b.metageneration, i + 2);
	}
	ck_assert_int_eq(store_bucket_set_policy(st, NULL, "b",
	    "{\"bindings\":[]}", -1, &ar, &b), STORE_OK);
	ck_assert_str_eq(look("b").policy, "{\"bindings\":[]}");
}
END_TEST

START_TEST(forgotten_patch_leaves_bucket)
{

	make_bucket("b", false);
	use_readers("b");
	ck_assert_int_eq(patch("b", "{\"n\":1}", true), STORE_OK);
	ck_assert_str_eq(look("b").attrs, "{}");
	use_readers("b");
	ck_assert_str_eq(look("b").attrs, "{}");
}
END_TEST

START_TEST(bucket_of_same_name_is_another)
{
	struct object o;
	int64_t id;

	make_bucket("b", false);
	id = look("b").id;
	for (int i = 0; i < 3; i++) {
		(void)put("b", "o", "text");
		use_readers("b");
		ck_assert_int_eq(del("b", "o", 0), STORE_OK);
		ck_assert_int_eq(get("b", "o", &o), STORE_NO_OBJECT);
		ck_assert_int_eq(store_bucket_delete(st, NULL, "b", NULL),
		    STORE_OK);
		ck_assert_int_eq(look_rc("b"), STORE_NO_BUCKET);
		ck_assert_int_eq(get("b", "o", &o), STORE_NO_BUCKET);
		make_bucket("b", false);
		ck_assert_int_gt(look("b").id, id);
		id = look("b").id;
	}
	/* … to the writer too. */
	(void)put("b", "o", "new");
	ck_text("b", "o", "new");
}
END_TEST

START_TEST(view_and_fork_show_what_they_hold)
{
	int64_t before;
	struct object o;

	make_bucket("b", false);
	(void)put("b", "o", "old");
	before = store_mutation(st);
	use_readers("b");
	(void)put("b", "o", "new");
	ck_assert_int_eq(store_view(st, "b", before, "v"), STORE_OK);
	ck_assert_int_eq(store_fork(st, "b", before, "f"), STORE_OK);
	use_readers("v");
	use_readers("f");
	ck_text("v", "o", "old");
	ck_text("f", "o", "old");
	ck_text("b", "o", "new");
	ck_text_at(before, "b", "o", "old");
	ck_assert_ptr_nonnull(look("v").view_of);
	ck_assert_str_eq(look("v").view_of, "b");
	ck_assert_int_eq(put_full("v", "o", "x", NULL, false, &o),
	    STORE_READ_ONLY);
	ck_assert_int_eq(store_view_delete(st, "v"), STORE_OK);
	ck_assert_int_eq(look_rc("v"), STORE_NO_BUCKET);
	ck_assert_int_eq(store_set_history(st, "b", false), STORE_OK);
	ck_assert(!look("b").history);
}
END_TEST

/* The newest row of a name may be a dead one, above the live one. */
START_TEST(live_object_need_not_be_newest)
{
	struct object as = { .generation = 0 }, o, dead;
	struct store_write w = { .as = &as };
	struct payload *p;

	make_bucket("b", true);
	dead = put("b", "o", "dead");
	ck_assert_int_eq(del("b", "o", 0), STORE_OK);
	ck_assert_int_eq(get("b", "o", &o), STORE_NO_OBJECT);
	as.generation = dead.generation - 1;
	p = payload_new(st);
	ck_assert_int_eq(payload_write(p, "live", 4), 0);
	ck_assert_int_eq(store_object_insert(st, &w, "b", "o", "{}", NULL,
	    NULL, p, &ar, &o), STORE_OK);
	payload_free(p);
	ck_assert_int_eq(o.generation, dead.generation - 1);
	ck_text("b", "o", "live");
	ck_assert_int_eq(get("b", "o", &o), STORE_OK);
	ck_assert_int_eq(o.generation, dead.generation - 1);
	ck_assert_int_eq(del("b", "o", 0), STORE_OK);
	ck_assert_int_eq(get("b", "o", &o), STORE_NO_OBJECT);
}
END_TEST

START_TEST(nothing_is_left_after_wipe)
{
	static const char *const keep[] = { NULL };
	struct object o;

	make_bucket("b", false);
	(void)put("b", "o", "text");
	use_readers("b");
	ck_assert_int_eq(store_wipe(st, keep, &err), 0);
	ck_assert_int_eq(look_rc("b"), STORE_NO_BUCKET);
	ck_assert_int_eq(get("b", "o", &o), STORE_NO_BUCKET);
	ck_assert_int_eq(put_full("b", "o", "x", NULL, false, &o),
	    STORE_NO_BUCKET);
}
END_TEST

START_TEST(loaded_snapshot_shows)
{
	struct snapshot snap;

	make_bucket("b", false);
	(void)put("b", "o", "old");
	ck_assert_int_eq(store_snapshot_save(st, "s", false, &ar, &snap,
	    &err), SNAPSHOT_OK);
	ck_assert_int_eq(patch("b", "{\"n\":1}", false), STORE_OK);
	(void)put("b", "o", "new");
	use_readers("b");
	ck_assert_int_eq(store_snapshot_load(st, "s", &ar, &snap, &err),
	    SNAPSHOT_OK);
	ck_assert_str_eq(look("b").attrs, "{}");
	ck_text("b", "o", "old");
}
END_TEST

/* ---- threads ---- */

#define WRITERS	2
#define READERS	6
#define WRITES	300

/* The newest change that somebody was told of. */
static _Atomic int64_t told_bucket, told_object;
static atomic_bool done;

static void *
write_on(void *arg)
{
	struct arena a = ARENA_INIT;
	bool buckets = *(int *)arg == 0;

	for (int64_t i = 1; i <= WRITES; i++) {
		const char *attrs = arena_printf(&a, "{\"n\":%lld}",
		    (long long)i);
		struct bucket b;
		struct object o;

		if (buckets) {
			ck_assert_int_eq(store_bucket_update(st, NULL, "b",
			    NULL, attrs, false, &a, &b), STORE_OK);
			atomic_store(&told_bucket, b.metageneration);
		} else {
			ck_assert_int_eq(store_object_update(st, NULL, "b",
			    "o", NULL, attrs, &a, &o), STORE_OK);
			atomic_store(&told_object, o.metageneration);
		}
		arena_release(&a);
	}
	return (NULL);
}

static void *
read_on(void *arg)
{
	struct arena a = ARENA_INIT;
	int64_t least;

	(void)arg;
	while (!atomic_load(&done)) {
		struct bucket b;
		struct object o;

		least = atomic_load(&told_bucket);
		ck_assert_int_eq(store_bucket_get(st, NOW, "b", &a, &b),
		    STORE_OK);
		ck_assert_int_ge(b.metageneration, least);
		least = atomic_load(&told_object);
		ck_assert_int_eq(store_object_get(st, NOW, "b", "o", NULL, &a,
		    &o), STORE_OK);
		ck_assert_int_ge(o.metageneration, least);
		arena_release(&a);
	}
	return (NULL);
}

START_TEST(readers_see_what_was_told)
{
	pthread_t w[WRITERS], r[READERS];
	int which[WRITERS] = { 0, 1 };

	make_bucket("b", false);
	(void)put("b", "o", "text");
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&r[i], NULL, read_on, NULL),
		    0);
	for (int i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&w[i], NULL, write_on,
		    &which[i]), 0);
	for (int i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_join(w[i], NULL), 0);
	atomic_store(&done, true);
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(r[i], NULL), 0);
	ck_assert_int_eq(atomic_load(&told_bucket), WRITES + 1);
}
END_TEST

/* A fork is never seen without its objects. */
static void *
read_forks(void *arg)
{
	struct arena a = ARENA_INIT;
	struct object o;

	(void)arg;
	for (int i = 0; i < 100 && !atomic_load(&done); ) {
		const char *name = arena_printf(&a, "f%d", i);
		enum store_rc rc = store_object_get(st, NOW, name, "o", NULL,
		    &a, &o);

		ck_assert(rc == STORE_OK || rc == STORE_NO_BUCKET);
		i += rc == STORE_OK;
		arena_release(&a);
	}
	return (NULL);
}

START_TEST(fork_is_whole_at_once)
{
	pthread_t r[READERS];

	make_bucket("b", false);
	(void)put("b", "o", "text");
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&r[i], NULL, read_forks,
		    NULL), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(store_fork(st, "b", store_mutation(st),
		    arena_printf(&ar, "f%d", i)), STORE_OK);
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(r[i], NULL), 0);
}
END_TEST

/* ---- the log ---- */

/* A snapshot that is kept would keep SQLite's log from beginning anew. */
START_TEST(log_stays_small_between_reads)
{
	char *path = mem_printf("%s/store.db-wal", dir);

	make_bucket("b", false);
	for (int i = 0; i < 3000; i++) {
		(void)put("b", "o", "text");
		if (i % 100 == 0)
			use_readers("b");
	}
	ck_assert_int_lt(file_size(path), 3000 * 4120);
	free(path);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_fresh");
	TCase *t = tcase_create("buckets"), *h = tcase_create("history");
	TCase *m = tcase_create("threads");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, bucket_is_new_after_patch);
	tcase_add_test(t, forgotten_patch_leaves_bucket);
	tcase_add_test(t, bucket_of_same_name_is_another);
	tcase_add_test(t, live_object_need_not_be_newest);
	tcase_add_test(t, nothing_is_left_after_wipe);
	tcase_add_test(t, loaded_snapshot_shows);
	tcase_add_test(t, log_stays_small_between_reads);
	tcase_add_checked_fixture(h, setup_history, teardown);
	tcase_add_test(h, view_and_fork_show_what_they_hold);
	tcase_add_checked_fixture(m, setup, teardown);
	tcase_add_test(m, readers_see_what_was_told);
	tcase_add_test(m, fork_is_whole_at_once);
	suite_add_tcase(s, t);
	suite_add_tcase(s, h);
	suite_add_tcase(s, m);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed > 0);
}
