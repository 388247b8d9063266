/* Resumable upload sessions: offsets, restarts, the end. */
#include <signal.h>
#include <sys/wait.h>

#include "emulator/tests/store_util.h"

#define BIG	300000
#define LARGE	(7 << 20)		/* enough for the hasher's threads */

static unsigned char data[LARGE];

static void
setup_session(void)
{

	setup();
	make_bucket("b", false);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + i / 251);
}

static const char *
begin(const struct store_cond *c, const struct store_expect *x)
{
	struct session s = { .bucket = "b", .name = "x", .principal = "me",
		.attrs = "{\"t\":1}" };
	const char *id;

	if (c != NULL)
		s.cond = *c;
	if (x != NULL)
		s.expect = *x;
	ck_assert_int_eq(store_session_new(st, &s, &ar, &id), STORE_OK);
	ck_assert_uint_ge(strlen(id), 32);
	return (id);
}

static void
ck_flush(const char *id, int64_t want)
{
	struct session s;
	int64_t n = -1;

	ck_assert_int_eq(store_session_flush(st, id, &n), STORE_OK);
	ck_assert_int_eq(n, want);
	ck_assert_int_eq(store_session_get(st, id, &ar, &s), STORE_OK);
	ck_assert_int_eq(s.persisted, want);
	ck_assert(!s.done);
}

static void
ck_finish(const char *id, size_t n)
{
	struct checksum_md5 *m = checksum_md5_new();
	struct store_reader r;
	struct store_write w = { 0 };
	unsigned char md5[16];
	struct object o;

	ck_assert_int_eq(store_session_finish(st, &w, id, NULL, &ar, &o),
	    STORE_OK);
	ck_assert_int_gt(w.mutation, 0);
	ck_assert_int_eq(o.size, (int64_t)n);
	ck_assert_uint_eq(o.crc32c, checksum_crc32c(0, data, n));
	checksum_md5_add(m, data, n);
	checksum_md5_get(m, md5);
	checksum_md5_free(m);
	ck_assert_mem_eq(o.md5, md5, 16);
	ck_assert_str_eq(o.attrs, "{\"t\":1}");
	ck_assert_int_eq(store_object_open(st, NOW, "b", "x", NULL, &ar, &o,
	    &r), STORE_OK);
	ck_assert_mem_eq(read_all(&r), data, n);
}

static enum store_rc
feed(const char *id, int64_t from, int64_t to)
{
	enum store_rc rc = STORE_OK;

	for (int64_t i = from; i < to && rc == STORE_OK; i += 32768)
		rc = store_session_write(st, id, i, data + i,
		    (size_t)(to - i < 32768 ? to - i : 32768));
	return (rc);
}

static const size_t sizes[] = { 0, 1, 65536, 65537, BIG };

START_TEST(chunks_become_an_object)
{
	size_t n = sizes[_i];
	const char *id = begin(NULL, NULL);
	struct session s;
	struct object o;

	ck_assert_int_eq(feed(id, 0, (int64_t)n), STORE_OK);
	ck_flush(id, (int64_t)n);
	ck_finish(id, n);
	ck_assert_int_eq(count_files(), n > PAYLOAD_INLINE ? 1 : 0);
	ck_assert_int_eq(store_session_get(st, id, &ar, &s), STORE_OK);
	ck_assert(s.done);
	ck_assert_str_eq(s.principal, "me");
	/* Asked again, it gives the same object. */
	ck_assert_int_eq(store_session_finish(st, NULL, id, NULL, &ar, &o),
	    STORE_OK);
	ck_assert_int_eq(o.generation, s.generation);
	ck_assert_int_eq(store_session_write(st, id, 0, "x", 1),
	    STORE_BAD_OFFSET);
	ck_assert_int_eq(store_session_delete(st, id), STORE_OK);
	ck_assert_int_eq(store_session_delete(st, id), STORE_NO_SESSION);
	reopen();
	ck_assert_int_eq(get("b", "x", &o), STORE_OK);
}
END_TEST

START_TEST(persisted_bytes_are_skipped_and_gaps_refused)
{
	const char *id = begin(NULL, NULL);

	ck_assert_int_eq(feed(id, 0, 100000), STORE_OK);
	ck_flush(id, 100000);
	ck_assert_int_eq(store_session_write(st, id, 100001, data, 1),
	    STORE_BAD_OFFSET);
	ck_assert_int_eq(store_session_write(st, id, -1, data, 1),
	    STORE_BAD_OFFSET);
	/* The client sends it all again, with other bytes where we have ours. */
	ck_assert_int_eq(store_session_write(st, id, 0, data + 5, 50000),
	    STORE_OK);
	ck_assert_int_eq(store_session_write(st, id, 99000, data + 99000,
	    2000), STORE_OK);
	ck_assert_int_eq(feed(id, 101000, BIG), STORE_OK);
	ck_flush(id, BIG);
	ck_finish(id, BIG);
}
END_TEST

START_TEST(unflushed_bytes_of_a_dropped_request_do_not_count)
{
	const char *id = begin(NULL, NULL);

	ck_assert_int_eq(feed(id, 0, 65536), STORE_OK);
	ck_flush(id, 65536);
	/* A request is cut here, before its flush; other bytes came with it. */
	ck_assert_int_eq(store_session_write(st, id, 65536, data, 50000),
	    STORE_OK);
	ck_assert_int_eq(feed(id, 65536, 100000), STORE_OK);
	ck_flush(id, 100000);
	ck_assert_int_eq(store_session_write(st, id, 100000, data, 70000),
	    STORE_OK);
	ck_finish(id, 100000);
}
END_TEST

START_TEST(session_goes_on_after_a_restart)
{
	const char *id = begin(NULL, NULL);

	ck_assert_int_eq(feed(id, 0, 70000), STORE_OK);
	ck_flush(id, 70000);
	ck_assert_int_eq(feed(id, 70000, 90000), STORE_OK);	/* lost */
	reopen();
	ck_assert_int_eq(store_session_write(st, id, 90000, data, 1),
	    STORE_BAD_OFFSET);
	ck_flush(id, 70000);
	ck_assert_int_eq(feed(id, 70000, BIG), STORE_OK);
	ck_flush(id, BIG);
	reopen();
	ck_finish(id, BIG);
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

/* Another process takes one chunk more, has begun with the next, in which other
 * bytes come, and dies. */
static int64_t
killed_between_chunks(const char *id, int64_t from, int64_t chunk)
{
	int64_t n = 0;
	int status;
	pid_t pid;

	store_close(st);
	if ((pid = fork()) == 0) {
		open_store(false);
		if (feed(id, from, from + chunk) != STORE_OK ||
		    store_session_flush(st, id, &n) != STORE_OK ||
		    store_session_write(st, id, n, data + 1, 900000) !=
		    STORE_OK)
			_exit(1);
		(void)raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	open_store(false);
	return (from + chunk);
}

START_TEST(large_session_goes_on_after_each_kill)
{
	const char *id = begin(NULL, NULL);
	int64_t at = 0;

	while (at < LARGE - (2 << 20)) {
		at = killed_between_chunks(id, at, 1 << 20);
		ck_flush(id, at);
	}
	/* The same within one process, in which the hasher has gone ahead. */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(store_session_write(st, id, at, data + 1,
		    1500000), STORE_OK);
	ck_assert_int_eq(feed(id, at, LARGE), STORE_OK);
	ck_flush(id, LARGE);
	ck_assert_int_eq(store_session_write(st, id, LARGE, data, 700000),
	    STORE_OK);
	ck_finish(id, LARGE);
}
END_TEST

START_TEST(finish_checks_hashes_and_conditions)
{
	struct store_expect x = { .has_crc32c = true, .has_md5 = true };
	struct store_cond c = { .has_gen_match = true };
	struct checksum_md5 *m = checksum_md5_new();
	struct object o;
	const char *id;

	x.crc32c = checksum_crc32c(0, data, 70000);
	checksum_md5_add(m, data, 70000);
	checksum_md5_get(m, x.md5);
	checksum_md5_free(m);
	id = begin(&c, &x);
	reopen();			/* the terms are kept */
	ck_assert_int_eq(feed(id, 0, 69999), STORE_OK);
	ck_flush(id, 69999);
	ck_assert_int_eq(store_session_finish(st, NULL, id, NULL, &ar, &o),
	    STORE_BAD_HASH);
	ck_assert_int_eq(feed(id, 69999, 70000), STORE_OK);
	ck_flush(id, 70000);
	x.crc32c++;
	ck_assert_int_eq(store_session_finish(st, NULL, id, &x, &ar, &o),
	    STORE_BAD_HASH);
	/* Bytes that were never flushed are not part of it, then or later. */
	ck_assert_int_eq(store_session_write(st, id, 70000, data, 5000),
	    STORE_OK);
	(void)put("b", "x", "in the way");
	ck_assert_int_eq(store_session_finish(st, NULL, id, NULL, &ar, &o),
	    STORE_PRECONDITION);
	ck_text("b", "x", "in the way");
	ck_assert_int_eq(store_session_write(st, id, 75000, data, 1),
	    STORE_BAD_OFFSET);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_finish(id, 70000);
}
END_TEST

START_TEST(forgotten_finish_leaves_the_session_as_it_was)
{
	struct store_write w = { .forget = true };
	const char *id = begin(NULL, NULL);
	struct object o, g;

	ck_assert_int_eq(feed(id, 0, BIG), STORE_OK);
	ck_flush(id, BIG);
	ck_assert_int_eq(store_session_finish(st, &w, id, NULL, &ar, &o),
	    STORE_OK);
	ck_assert_int_eq(w.mutation, 0);
	ck_assert_int_eq(o.size, BIG);
	ck_assert_int_eq(get("b", "x", &g), STORE_NO_OBJECT);
	ck_finish(id, BIG);
}
END_TEST

START_TEST(delete_and_expiry_remove_the_file)
{
	const char *id = begin(NULL, NULL), *old;
	struct session s;

	ck_assert_int_eq(feed(id, 0, BIG), STORE_OK);
	ck_flush(id, BIG);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(store_session_delete(st, id), STORE_OK);
	ck_assert_int_eq(count_files(), 0);
	ck_assert_int_eq(store_session_write(st, id, BIG, data, 1),
	    STORE_NO_SESSION);
	old = begin(NULL, NULL);
	ck_assert_int_eq(feed(old, 0, BIG), STORE_OK);
	ck_flush(old, BIG);
	atomic_store(&wall.shift_us, INT64_C(8) * 86400 * 1000000);
	id = begin(NULL, NULL);
	reopen();
	ck_assert_int_eq(store_session_get(st, old, &ar, &s),
	    STORE_NO_SESSION);
	ck_assert_int_eq(store_session_get(st, id, &ar, &s), STORE_OK);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(unknown_session_and_missing_bucket)
{
	struct session s = { .bucket = "nope", .name = "x" };
	struct object o;
	const char *id;
	int64_t n;

	ck_assert_int_eq(store_session_new(st, &s, &ar, &id),
	    STORE_NO_BUCKET);
	ck_assert_int_eq(store_session_get(st, "ab", &ar, &s),
	    STORE_NO_SESSION);
	ck_assert_int_eq(store_session_write(st, "ab", 0, "x", 1),
	    STORE_NO_SESSION);
	ck_assert_int_eq(store_session_flush(st, "ab", &n), STORE_NO_SESSION);
	ck_assert_int_eq(store_session_finish(st, NULL, "ab", NULL, &ar, &o),
	    STORE_NO_SESSION);
	id = begin(NULL, NULL);
	ck_assert_int_eq(store_bucket_delete(st, NULL, "b", NULL), STORE_OK);
	ck_assert_int_eq(store_session_finish(st, NULL, id, NULL, &ar, &o),
	    STORE_NO_BUCKET);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_session");
	TCase *t = tcase_create("session");

	tcase_add_checked_fixture(t, setup_session, teardown);
	tcase_add_loop_test(t, chunks_become_an_object, 0,
	    (int)NELEMS(sizes));
	tcase_add_test(t, persisted_bytes_are_skipped_and_gaps_refused);
	tcase_add_test(t,
	    unflushed_bytes_of_a_dropped_request_do_not_count);
	tcase_add_test(t, session_goes_on_after_a_restart);
	tcase_add_test(t, large_session_goes_on_after_each_kill);
	tcase_add_test(t, finish_checks_hashes_and_conditions);
	tcase_add_test(t, forgotten_finish_leaves_the_session_as_it_was);
	tcase_add_test(t, delete_and_expiry_remove_the_file);
	tcase_add_test(t, unknown_session_and_missing_bucket);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
