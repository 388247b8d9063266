/* Writes that wait for the writer at the same time are one transaction
 * (store_batch.c), and yet each has the result, the mutation and the
 * generation that it would have alone. */
#include <pthread.h>
#include <sched.h>

#include "emulator/store/store_int.h"
#include "emulator/tests/store_util.h"

#define N	60

/* What one thread wants, and what it got. */
struct want {
	const char *bucket, *name, *text;
	bool	del, forget;
	struct store_cond cond;
	enum store_rc rc;
	struct store_write w;
	struct object o;
	struct arena a;
};

static struct want want[N];

static void *
do_want(void *arg)
{
	struct want *x = arg;
	struct payload *p;

	x->w.forget = x->forget;
	if (x->del) {
		x->rc = store_object_delete(st, &x->w, x->bucket, x->name,
		    &x->cond);
		return (NULL);
	}
	p = payload_new(st);
	ck_assert_int_eq(payload_write(p, x->text, strlen(x->text)), 0);
	x->rc = store_object_insert(st, &x->w, x->bucket, x->name, "{}",
	    &x->cond, NULL, p, &x->a, &x->o);
	payload_free(p);
	return (NULL);
}

static size_t
queued(void)
{
	size_t n;

	(void)pthread_mutex_lock(&st->batch_lock);
	n = st->waiting;
	(void)pthread_mutex_unlock(&st->batch_lock);
	return (n);
}

/* The first n of them, all queued before the first is run, in order. */
static void
run_wants(size_t n)
{
	pthread_t t[N];

	(void)pthread_mutex_lock(&st->write_lock);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(pthread_create(&t[i], NULL, do_want,
		    &want[i]), 0);
		while (queued() <= i && !want[i].forget)
			(void)sched_yield();
	}
	(void)pthread_mutex_unlock(&st->write_lock);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
}

static void
teardown_wants(void)
{

	for (size_t i = 0; i < N; i++)
		arena_release(&want[i].a);
	teardown();
}

static struct want *
wants(size_t i, const char *name)
{

	want[i] = (struct want){ .bucket = "b", .name = name,
	    .text = arena_printf(&ar, "text %zu", i), .a = ARENA_INIT };
	return (&want[i]);
}

static const char *
name_of(const char *kind, size_t i)
{

	return (arena_printf(&ar, "%s-%03zu", kind, i));
}

static void
fill(void)
{
	struct object o;

	make_bucket("b", false);
	for (size_t i = 0; i < N; i++) {
		put("b", name_of("old", i), "old");
		put("b", name_of("held", i), "held");
		ck_assert_int_eq(store_object_update(st, NULL, "b",
		    name_of("held", i), NULL, "{\"temporaryHold\":true}", &ar,
		    &o), STORE_OK);
	}
}

/* Wanted are six kinds in turn; what must come of each. */
static enum store_rc
six_kinds(size_t i)
{
	struct want *x;

	switch (i % 6) {
	case 0:
		(void)wants(i, name_of("new", i));
		return (STORE_OK);
	case 1:
		x = wants(i, name_of("old", i));
		x->cond.has_gen_match = true;	/* must not exist */
		return (STORE_PRECONDITION);
	case 2:
		(void)wants(i, name_of("held", i));
		return (STORE_HELD_TEMPORARY);
	case 3:
		x = wants(i, name_of("none", i));
		x->del = true;
		return (STORE_NO_OBJECT);
	case 4:
		x = wants(i, "x");
		x->bucket = "none";
		return (STORE_NO_BUCKET);
	default:
		x = wants(i, name_of("old", i));
		x->del = true;
		return (STORE_OK);
	}
}

/* What was wanted of kind 0 is there, with its bytes, or not. */
static void
ck_news(bool there)
{
	struct object o;

	for (size_t i = 0; i < N; i += 6) {
		if (!there) {
			ck_assert_int_eq(get("b", want[i].name, &o),
			    STORE_NO_OBJECT);
			continue;
		}
		ck_text("b", want[i].name, want[i].text);
		ck_assert_int_eq(get("b", want[i].name, &o), STORE_OK);
		ck_assert_int_eq(o.generation, want[i].o.generation);
	}
}

/* What the failed ones would have changed is as it was; what kind 5 deleted
 * is gone, or not. */
static void
ck_olds(bool gone)
{
	struct object o;

	for (size_t i = 0; i < N; i++) {
		ck_text("b", name_of("held", i), "held");
		if (i % 6 == 5 && gone)
			ck_assert_int_eq(get("b", want[i].name, &o),
			    STORE_NO_OBJECT);
		else
			ck_text("b", name_of("old", i), "old");
	}
}

START_TEST(each_has_its_own_result)
{
	enum store_rc must[N];
	uint64_t commits;
	int64_t k, generation = 0;

	fill();
	for (size_t i = 0; i < N; i++)
		must[i] = six_kinds(i);
	k = store_mutation(st);
	commits = atomic_load(&st->commits);
	run_wants(N);
	for (size_t i = 0; i < N; i++) {
		ck_assert_int_eq(want[i].rc, must[i]);
		ck_assert_int_eq(want[i].w.mutation,
		    must[i] == STORE_OK ? ++k : 0);
		if (i % 6 != 0)
			continue;
		ck_assert_int_gt(want[i].o.generation, generation);
		generation = want[i].o.generation;
		ck_assert_int_eq(want[i].o.born, k);
	}
	ck_assert_int_eq(store_mutation(st), k);
	/* Else this has tested nothing of batches. */
	ck_assert_uint_eq(atomic_load(&st->commits), commits + 1);
	ck_assert_int_eq(atomic_load(&st->live), 2 * N);
	ck_news(true);
	ck_olds(true);
	reopen();
	ck_assert_int_eq(store_mutation(st), k);
	ck_assert_int_eq(atomic_load(&st->live), 2 * N);
	ck_news(true);
	ck_olds(true);
}
END_TEST

START_TEST(one_of_many_creates)
{
	size_t won = 0;

	make_bucket("b", false);
	for (size_t i = 0; i < N; i++)
		wants(i, "same")->cond.has_gen_match = true;
	run_wants(N);
	for (size_t i = 0; i < N; i++) {
		if (want[i].rc == STORE_OK) {
			ck_text("b", "same", want[i].text);
			won++;
		} else
			ck_assert_int_eq(want[i].rc, STORE_PRECONDITION);
	}
	ck_assert_uint_eq(won, 1);
}
END_TEST

START_TEST(overwrites_of_one_name_are_ordered)
{
	int64_t k;

	make_bucket("b", false);
	k = store_mutation(st);
	for (size_t i = 0; i < N; i++)
		(void)wants(i, "same");
	run_wants(N);
	for (size_t i = 0; i < N; i++) {
		ck_assert_int_eq(want[i].rc, STORE_OK);
		ck_assert_int_eq(want[i].w.mutation, ++k);
		if (i > 0)
			ck_assert_int_gt(want[i].o.generation,
			    want[i - 1].o.generation);
		ck_text_at(k, "b", "same", want[i].text);
	}
	ck_text("b", "same", want[N - 1].text);
	ck_assert_int_eq(atomic_load(&st->live), 1);
}
END_TEST

static int
refuse(void *unused UNUSED)
{

	return (1);
}

START_TEST(commit_that_fails_fails_all)
{
	int64_t k;

	fill();
	for (size_t i = 0; i < N; i++)
		(void)six_kinds(i);
	k = store_mutation(st);
	(void)sqlite3_commit_hook(st->w.db, refuse, NULL);
	run_wants(N);
	(void)sqlite3_commit_hook(st->w.db, NULL, NULL);
	for (size_t i = 0; i < N; i++) {
		ck_assert_int_eq(want[i].rc, STORE_IO);
		ck_assert_int_eq(want[i].w.mutation, 0);
	}
	ck_assert_int_eq(store_mutation(st), k);
	ck_assert_int_eq(atomic_load(&st->live), 2 * N);
	ck_news(false);
	ck_olds(false);
	/* It was that commit, and not the store. */
	ck_assert_int_gt(put("b", "next", "x").generation, 0);
	ck_assert_int_eq(store_mutation(st), k + 1);
	reopen();
	ck_assert_int_eq(store_mutation(st), k + 1);
	ck_news(false);
	ck_olds(false);
}
END_TEST

/* The disk fails an operation after its row was written, those before and
 * behind it are well. */
START_TEST(what_fails_half_way_leaves_the_others)
{
	const size_t bad = N / 2;
	struct object o;
	int64_t k;

	make_bucket("b", false);
	put("b", "bad", "was");
	for (size_t i = 0; i < N; i++)
		(void)wants(i, name_of("new", i));
	want[bad].name = "bad";
	want[bad].text = "17 bytes of bytes";
	ck_assert_int_eq(sqlite3_exec(st->w.db, "CREATE TEMP TRIGGER t BEFORE"
	    " INSERT ON main.payloads WHEN new.size = 17 BEGIN"
	    " SELECT raise(ABORT, 'no'); END", NULL, NULL, NULL), SQLITE_OK);
	k = store_mutation(st);
	run_wants(N);
	for (size_t i = 0; i < N; i++) {
		ck_assert_int_eq(want[i].rc, i == bad ? STORE_IO : STORE_OK);
		ck_assert_int_eq(want[i].w.mutation, i == bad ? 0 : ++k);
		if (i != bad)
			ck_text("b", want[i].name, want[i].text);
	}
	ck_text("b", "bad", "was");
	ck_assert_int_eq(get("b", name_of("new", bad), &o), STORE_NO_OBJECT);
	ck_assert_int_eq(store_mutation(st), k);
	ck_assert_int_eq(atomic_load(&st->live), N);
}
END_TEST

START_TEST(forgotten_ones_leave_nothing)
{
	struct object o;
	int64_t k;

	make_bucket("b", false);
	k = store_mutation(st);
	for (size_t i = 0; i < N; i++)
		wants(i, name_of("new", i))->forget = i % 2 != 0;
	/* They do not queue: the others are counted. */
	for (size_t i = 0; i < N / 2; i++)
		want[i] = want[2 * i];
	for (size_t i = N / 2; i < N; i++)
		wants(i, name_of("gone", i))->forget = true;
	run_wants(N);
	for (size_t i = 0; i < N; i++) {
		ck_assert_int_eq(want[i].rc, STORE_OK);
		ck_assert_int_eq(want[i].w.mutation != 0, i < N / 2);
		ck_assert_int_eq(get("b", want[i].name, &o), i < N / 2 ?
		    STORE_OK : STORE_NO_OBJECT);
	}
	ck_assert_int_eq(store_mutation(st), k + N / 2);
}
END_TEST

static const char *
large(size_t i)
{
	char *s = arena_alloc(&ar, PAYLOAD_INLINE + 2 + i);

	memset(s, 'x', PAYLOAD_INLINE + 1 + i);
	return (s);
}

/* Files of payloads go behind the commit that drops their rows, and stay
 * where it fails. */
START_TEST(files_go_with_their_commit)
{

	make_bucket("b", false);
	for (size_t i = 0; i < 8; i++)
		put("b", name_of("large", i), large(i));
	ck_assert_int_eq(count_files(), 8);
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < 8; i++) {
			(void)wants(i, name_of("large", i));
			want[i].del = i % 2 == 0;
		}
		(void)sqlite3_commit_hook(st->w.db, turn == 0 ? refuse : NULL,
		    NULL);
		run_wants(8);
		for (size_t i = 0; i < 8; i++)
			ck_assert_int_eq(want[i].rc, turn == 0 ? STORE_IO :
			    STORE_OK);
		ck_assert_int_eq(count_files(), turn == 0 ? 8 : 0);
	}
	reopen();
}
END_TEST

START_TEST(limit_a_second_counts_in_turn)
{
	size_t n = 0;

	make_bucket("b", false);
	store_set_write_limit(st, 1);
	for (size_t i = 0; i < 10; i++)
		(void)wants(i, i < 5 ? "same" : name_of("own", i));
	run_wants(10);
	for (size_t i = 0; i < 10; i++) {
		n += want[i].rc == STORE_OK;
		ck_assert(want[i].rc == STORE_OK ||
		    (i < 5 && want[i].rc == STORE_TOO_OFTEN));
	}
	ck_assert_uint_ge(n, 6);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_batch");
	TCase *tc = tcase_create("batch"), *h = tcase_create("history");

	tcase_add_checked_fixture(tc, setup, teardown_wants);
	tcase_add_test(tc, each_has_its_own_result);
	tcase_add_test(tc, one_of_many_creates);
	tcase_add_test(tc, commit_that_fails_fails_all);
	tcase_add_test(tc, what_fails_half_way_leaves_the_others);
	tcase_add_test(tc, forgotten_ones_leave_nothing);
	tcase_add_test(tc, files_go_with_their_commit);
	tcase_add_test(tc, limit_a_second_counts_in_turn);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(h, setup_history, teardown_wants);
	tcase_add_test(h, overwrites_of_one_name_are_ordered);
	suite_add_tcase(s, h);
	return (run_suite(s));
}
