/* Many threads at once, for answers and for the thread sanitizer: writers,
 * readers, listers, sessions and waiters on one store. */
#include <pthread.h>

#include "emulator/tests/store_util.h"

#define THREADS	8
#define ROUNDS	60

static const char *
name_of(struct arena *a, int thread, int i)
{

	return (arena_printf(a, "t%d/%04d", thread, i));
}

/* Each object is put twice, read at once by its writer, some are deleted. */
static void *
write_and_read(void *arg)
{
	int me = *(int *)arg;
	struct arena a = ARENA_INIT;

	for (int i = 0; i < ROUNDS; i++) {
		size_t n = i % 8 == 7 ? 70000 : 1000;
		const char *name = name_of(&a, me, i);
		struct store_reader r;
		struct object o, g;

		for (unsigned turn = 0; turn < 2; turn++) {
			struct payload *p = make_payload(turn + 1, n + turn);

			ck_assert_int_eq(store_object_insert(st, NULL, "b",
			    name, "{}", NULL, NULL, p, &a, &o), STORE_OK);
			payload_free(p);
			ck_assert_int_eq(store_object_open(st, NOW, "b", name,
			    NULL, &a, &g, &r), STORE_OK);
			ck_assert_int_eq(g.generation, o.generation);
			ck_assert_int_eq(r.size, (int64_t)(n + turn));
			store_read_close(&r);
		}
		if (i % 4 == 0)
			ck_assert_int_eq(store_object_delete(st, NULL, "b",
			    name, NULL), STORE_OK);
		arena_release(&a);
	}
	return (NULL);
}

/* Everybody's newest bytes, while they change. */
static void *
read_others(void *arg)
{
	int me = *(int *)arg;
	struct arena a = ARENA_INIT;

	for (int i = 0; i < 4 * ROUNDS; i++) {
		struct store_reader r;
		struct object o;
		enum store_rc rc;

		rc = store_object_open(st, NOW, "b", name_of(&a, i % THREADS,
		    (i * 7 + me) % ROUNDS), NULL, &a, &o, &r);
		ck_assert(rc == STORE_OK || rc == STORE_NO_OBJECT);
		if (rc == STORE_OK) {
			unsigned char *v = arena_alloc(&a, (size_t)r.size);

			if (r.fd >= 0)
				ck_assert_int_eq(pread(r.fd, v,
				    (size_t)r.size, 0), r.size);
			else
				memcpy(v, r.data, (size_t)r.size);
			store_read_close(&r);
			ck_assert_uint_eq(checksum_crc32c(0, v,
			    (size_t)o.size), o.crc32c);
		}
		arena_release(&a);
	}
	return (NULL);
}

static void *
list_all(void *arg)
{
	struct store_list l = { .prefix = "", .delimiter = "/", .start = "",
		.end = "", .glob = "", .max = 3, .after = "" };
	struct arena a = ARENA_INIT;
	int me = *(int *)arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct store_listing out;

		l.after = "";
		l.delimiter = (i + me) % 2 == 0 ? "/" : "";
		l.max = (i + me) % 2 == 0 ? 3 : 50;
		do {
			ck_assert_int_eq(store_object_list(st, NOW, "b", &l,
			    &a, &out), STORE_OK);
			for (size_t k = 1; k < out.nobjects; k++)
				ck_assert_int_lt(strcmp(out.objects[k - 1].name,
				    out.objects[k].name), 0);
			l.after = out.next;
		} while (out.next != NULL);
		arena_release(&a);
	}
	return (NULL);
}

/* The mutation number as it grows, up to the last. */
static void *
watch(void *arg)
{
	int64_t k = 0, want = *(int64_t *)arg;

	while (k < want) {
		int64_t now = store_wait_mutation(st, k, 60000000);

		ck_assert_int_gt(now, k);
		k = now;
	}
	return (NULL);
}

static void *
upload(void *arg)
{
	int me = *(int *)arg;
	struct arena a = ARENA_INIT;
	static const char bytes[9000];

	for (int i = 0; i < ROUNDS / 6; i++) {
		struct session s = { .bucket = "b", .attrs = "{}" };
		struct object o;
		const char *id;
		int64_t n = 0;

		s.name = arena_printf(&a, "up/%d-%d", me, i);
		ck_assert_int_eq(store_session_new(st, &s, &a, &id),
		    STORE_OK);
		while (n < 90000) {
			ck_assert_int_eq(store_session_write(st, id, n, bytes,
			    sizeof(bytes)), STORE_OK);
			ck_assert_int_eq(store_session_flush(st, id, &n),
			    STORE_OK);
		}
		ck_assert_int_eq(store_session_finish(st, NULL, id, NULL, &a,
		    &o), STORE_OK);
		ck_assert_int_eq(o.size, 90000);
	}
	arena_release(&a);
	return (NULL);
}

START_TEST(threads_write_read_list_upload_and_wait_at_once)
{
	static void *(*const work[])(void *) = { write_and_read, read_others,
		list_all, upload };
	pthread_t t[NELEMS(work)][THREADS], w;
	int me[THREADS];
	/* The bucket; two puts a round, a delete in every fourth; uploads. */
	int64_t want = 1 + THREADS * (2 * ROUNDS + (ROUNDS + 3) / 4 +
	    ROUNDS / 6);

	make_bucket("b", false);
	ck_assert_int_eq(pthread_create(&w, NULL, watch, &want), 0);
	for (int i = 0; i < THREADS; i++) {
		me[i] = i;
		for (size_t k = 0; k < NELEMS(work); k++)
			ck_assert_int_eq(pthread_create(&t[k][i], NULL,
			    work[k], &me[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		for (size_t k = 0; k < NELEMS(work); k++)
			ck_assert_int_eq(pthread_join(t[k][i], NULL), 0);
	ck_assert_int_eq(pthread_join(w, NULL), 0);
	ck_assert_int_eq(store_mutation(st), want);
	reopen();
	ck_assert_int_eq(store_mutation(st), want);
	ck_assert_int_eq(count_files(), THREADS * (ROUNDS / 6 + ROUNDS / 8));
}
END_TEST

START_TEST(generations_are_unique_over_threads)
{
	struct store_list l = { .prefix = "", .delimiter = "", .start = "",
		.end = "", .glob = "", .versions = true, .max = 1000,
		.after = "" };
	struct store_listing out;
	pthread_t t[4];
	int me[4] = { 0, 0, 0, 0 };		/* all the same names */

	make_bucket("b", true);
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, read_others,
		    &me[i]), 0);
	for (int i = 0; i < 300; i++)
		(void)put("b", "t0/0000", "x");
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_int_eq(store_object_list(st, NOW, "b", &l, &ar, &out),
	    STORE_OK);
	ck_assert_uint_eq(out.nobjects, 300);
	for (size_t i = 1; i < out.nobjects; i++)
		ck_assert_int_gt(out.objects[i].generation,
		    out.objects[i - 1].generation);
}
END_TEST

static void *
overwrite(void *arg)
{
	struct arena a = ARENA_INIT;

	for (unsigned i = 0; i < 400; i++) {
		struct payload *p = make_payload(i, PAYLOAD_INLINE + 1);
		struct object o;

		ck_assert_int_eq(store_object_insert(st, NULL, "b", "x", "{}",
		    NULL, NULL, p, &a, &o), STORE_OK);
		payload_free(p);
		arena_release(&a);
	}
	atomic_store((_Atomic int *)arg, 1);
	return (NULL);
}

START_TEST(no_overwrite_comes_between_a_download_and_its_bytes)
{
	_Atomic int over = 0;
	pthread_t t[2];

	make_bucket("b", false);
	(void)put_seed("b", "x", 1, PAYLOAD_INLINE + 1);
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, overwrite,
		    &over), 0);
	while (!atomic_load(&over)) {
		struct store_reader r;
		struct object o;

		ck_assert_int_eq(store_object_open(st, NOW, "b", "x", NULL,
		    &ar, &o, &r), STORE_OK);
		ck_whole(&r, &o);
		arena_release(&ar);
	}
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

static void *
wait_for_ever(void *arg)
{

	*(int64_t *)arg = store_wait_mutation(st, 1000, INT64_MAX);
	return (NULL);
}

START_TEST(waiting_ends_by_time_or_by_waking)
{
	int64_t t0 = clock_mono_us(), k = -1;
	pthread_t t;

	make_bucket("b", false);
	ck_assert_int_eq(store_wait_mutation(st, 0, 0), 1);
	ck_assert_int_eq(store_wait_mutation(st, 1, -5), 1);
	ck_assert_int_eq(store_wait_mutation(st, 1, 20000), 1);
	ck_assert_int_ge(clock_mono_us() - t0, 20000);
	ck_assert_int_eq(pthread_create(&t, NULL, wait_for_ever, &k), 0);
	/* It may not be waiting yet: wake until it has ended. */
	while (pthread_tryjoin_np(t, NULL) == EBUSY) {
		store_wake(st);
		(void)store_wait_mutation(st, 1, 1000);
	}
	ck_assert_int_eq(k, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_threads");
	TCase *t = tcase_create("threads");

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, threads_write_read_list_upload_and_wait_at_once);
	tcase_add_test(t, generations_are_unique_over_threads);
	tcase_add_test(t,
	    no_overwrite_comes_between_a_download_and_its_bytes);
	tcase_add_test(t, waiting_ends_by_time_or_by_waking);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
