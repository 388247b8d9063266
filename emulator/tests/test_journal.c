#include <pthread.h>

#include "emulator/tests/fixture.h"
#include "lib/clock.h"

static struct fix x;

static void
setup(void)
{

	fix_init(&x);
}

static void
teardown(void)
{

	fix_release(&x);
}

static void
note(struct journal *j, const char *target, const char *who, int status)
{
	struct req rq;

	fix_req(&x, &rq, "GET", GCS_HOST, target, NULL);
	rq.n = journal_next(j);
	if (who != NULL)
		fix_as(&rq, who);
	if (status != 0)
		req_reply(&rq, status, "text/plain", "x", 1);
	journal_add(j, &rq);
	req_release(&rq);
}

#define LIST	"/storage/v1/b/drill-bucket/o"
#define GET	"/storage/v1/b/drill-bucket/o/db%2Fone"

START_TEST(filters_pick_and_count)
{
	static const struct { struct journal_filter f; int n; } t[] = {
		{ { 0 }, 5 },
		{ { .since = 2 }, 3 },
		{ { .since = 99 }, 0 },
		{ { .api = "storage.objects.get" }, 2 },
		{ { .api = "storage.*" }, 4 },
		{ { .api = "emulator.connect" }, 1 },
		{ { .object = "db/*" }, 2 },
		{ { .principal = "*worker*" }, 2 },
		{ { .status = 503 }, 1 },
		{ { .since = 1, .api = "storage.*", .status = 200 }, 2 },
	};
	struct journal *j = x.emu.journal;
	json_t *got;

	note(j, LIST, "worker@x", 200);
	note(j, GET, "worker@x", 200);
	note(j, GET, NULL, 503);
	journal_add_connect(j, 7, "storage.googleapis.com", 200);
	note(j, LIST, "owner@x", 200);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_msg(journal_count(j, &t[i].f) == t[i].n, "%zu", i);
		got = journal_get(j, &t[i].f, 100);
		ck_assert_msg((int)json_array_size(json_object_get(got,
		    "entries")) == t[i].n, "%zu", i);
		json_decref(got);
	}
}
END_TEST

/* What an emulator that was killed had written, and half a line. */
START_TEST(a_journal_goes_on_where_its_file_ends)
{
	char *file = mem_printf("%s/journal.jsonl", x.dir);
	struct err e = ERR_INIT;
	struct journal *j = journal_new(file, &e);
	json_t *got, *list;
	struct req rq;
	FILE *f;

	ck_assert_ptr_nonnull(j);
	note(j, LIST, "worker@x", 200);
	fix_req(&x, &rq, "GET", GCS_HOST, GET, NULL);
	rq.n = journal_next(j);
	rq.conn = 12;
	req_reply(&rq, 404, "text/plain", "x", 1);
	journal_add(j, &rq);
	req_release(&rq);
	journal_free(j);
	ck_assert_ptr_nonnull(f = fopen(file, "ae"));
	ck_assert_int_gt(fprintf(f, "{\"seq\":3,\"n\":"), 0);
	ck_assert_int_eq(fclose(f), 0);

	j = journal_new(file, &e);
	ck_assert_ptr_nonnull(j);
	ck_assert_int_eq((int)journal_conns(j), 12);
	ck_assert_int_eq(journal_count(j, &(struct journal_filter){ 0 }), 2);
	note(j, LIST, NULL, 401);
	got = journal_get(j, &(struct journal_filter){ 0 }, 10);
	list = json_object_get(got, "entries");
	ck_assert_uint_eq(json_array_size(list), 3);
	for (size_t i = 0; i < 3; i++) {
		static const int status[] = { 200, 404, 401 };
		const json_t *o = json_array_get(list, i);

		ck_assert_int_eq(json_integer_value(json_object_get(o,
		    "seq")), (int)i + 1);
		ck_assert_int_eq(json_integer_value(json_object_get(o, "n")),
		    (int)i + 1);
		ck_assert_int_eq(json_integer_value(json_object_get(o,
		    "status")), status[i]);
	}
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(
	    list, 0), "principal")), "serviceAccount:worker@x");
	json_decref(got);
	journal_free(j);
	free(file);
}
END_TEST

START_TEST(entry_shows_what_happened)
{
	struct journal *j = x.emu.journal;
	const json_t *e;
	json_t *got;
	struct req rq;

	fix_req(&x, &rq, "GET", GCS_HOST, GET, NULL);
	fix_as(&rq, "worker@x");
	rq.n = journal_next(j);
	rq.conn = 3;
	rq.bytes_in = 5;
	rq.bytes_out = 6;
	rq.mutation = 7;
	rq.fault_note = "1:drop@before";
	rq.abort = true;
	rq.status = 200;
	journal_add(j, &rq);
	req_release(&rq);
	got = journal_get(j, &(struct journal_filter){ 0 }, 1);
	e = json_array_get(json_object_get(got, "entries"), 0);
#define TEXT(k)	json_string_value(json_object_get(e, k))
#define NUM(k)	json_integer_value(json_object_get(e, k))
	ck_assert_str_eq(TEXT("api"), "storage.objects.get");
	ck_assert_str_eq(TEXT("method"), "GET");
	ck_assert_str_eq(TEXT("host"), GCS_HOST);
	ck_assert_str_eq(TEXT("via"), "proxy");
	ck_assert_str_eq(TEXT("auth"), "bearer");
	ck_assert_str_eq(TEXT("principal"), "serviceAccount:worker@x");
	ck_assert_str_eq(TEXT("bucket"), "drill-bucket");
	ck_assert_str_eq(TEXT("object"), "db/one");
	ck_assert_str_eq(TEXT("fault"), "1:drop@before");
	ck_assert_int_eq(NUM("status"), 0);	/* it was aborted */
	ck_assert_int_eq(NUM("n"), 1);
	ck_assert_int_eq(NUM("conn"), 3);
	ck_assert_int_eq(NUM("in"), 5);
	ck_assert_int_eq(NUM("out"), 6);
	ck_assert_int_eq(NUM("mutation"), 7);
	ck_assert(json_is_real(json_object_get(e, "t")));
	json_decref(got);
}
END_TEST

START_TEST(next_continues_where_a_page_ended)
{
	struct journal *j = x.emu.journal;
	struct journal_filter f = { .status = 200 };
	int seen = 0;
	json_t *got;

	for (int i = 0; i < 25; i++)
		note(j, LIST, NULL, i % 2 == 0 ? 200 : 404);
	for (int i = 0; i < 3; i++) {
		got = journal_get(j, &f, 6);
		seen += (int)json_array_size(json_object_get(got, "entries"));
		f.since = (uint64_t)json_integer_value(json_object_get(got,
		    "next"));
		json_decref(got);
	}
	ck_assert_int_eq(seen, 13);
	ck_assert_uint_eq(f.since, 25);
}
END_TEST

START_TEST(oldest_go_and_are_counted)
{
	struct journal *j = x.emu.journal;
	json_t *got;

	for (int i = 0; i < 200010; i++)
		journal_add_connect(j, 1, "h", 200);
	got = journal_get(j, &(struct journal_filter){ 0 }, 1);
	ck_assert_int_eq(json_integer_value(json_object_get(got, "dropped")),
	    10);
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(
	    json_object_get(got, "entries"), 0), "seq")), 11);
	json_decref(got);
	ck_assert_int_eq(journal_count(j, &(struct journal_filter){ 0 }),
	    200000);
}
END_TEST

/* The block is filled several times over, with entries of all lengths, and what
 * is left is always the newest, whole. */
START_TEST(bytes_are_bounded_too)
{
	struct journal *j = x.emu.journal;
	char *host = mem_alloc(1u << 20);
	const json_t *e;
	json_t *got;
	size_t len, i;
	int64_t dropped;

	memset(host, 'h', (1u << 20) - 1);
	for (size_t k = 1; k <= 9000; k++) {
		len = k % 50 == 0 ? (1u << 20) - 1 : k * 7919 % 20000;
		host[len] = '\0';
		journal_add_connect(j, k, host, 200);
		host[len] = 'h';
	}
	free(host);
	got = journal_get(j, &(struct journal_filter){ 0 }, 100000);
	dropped = json_integer_value(json_object_get(got, "dropped"));
	ck_assert_int_gt(dropped, 7000);
	ck_assert_int_lt(dropped, 8800);
	json_array_foreach(json_object_get(got, "entries"), i, e) {
		size_t k = (size_t)dropped + i + 1;

		len = k % 50 == 0 ? (32u << 10) - 1 : k * 7919 % 20000;
		ck_assert_uint_eq((size_t)json_integer_value(
		    json_object_get(e, "conn")), k);
		ck_assert_uint_eq((size_t)json_integer_value(
		    json_object_get(e, "seq")), k);
		ck_assert_uint_eq(json_string_length(json_object_get(e,
		    "object")), len);
	}
	ck_assert_uint_eq((size_t)dropped + i, 9000);
	json_decref(got);
}
END_TEST

START_TEST(names_that_are_not_utf8_stay_json)
{
	json_t *got;

	journal_add_connect(x.emu.journal, 1, "a\xff""b", 403);
	got = journal_get(x.emu.journal, &(struct journal_filter){ 0 }, 1);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(
	    json_object_get(got, "entries"), 0), "host")), "a%FFb");
	json_decref(got);
}
END_TEST

START_TEST(file_gets_one_json_line_each_and_is_appended_to)
{
	const char *path = arena_printf(&x.arena, "%s/j.jsonl", x.dir);
	struct err e = ERR_INIT;
	struct journal *j;
	struct buf b;
	char *p, *line;
	int n = 0;

	for (int round = 0; round < 2; round++) {
		j = journal_new(path, &e);
		ck_assert_msg(j != NULL, "%s", err_msg(&e));
		note(j, GET, "worker@x", 200);
		note(j, LIST, NULL, 0);
		journal_free(j);
	}
	buf_init(&b, 1u << 20);
	ck_assert_int_eq(file_read(path, &b, &e), 0);
	p = b.p;
	while ((line = strsep(&p, "\n")) != NULL && *line != '\0') {
		json_t *o = json_loads(line, 0, NULL);

		ck_assert_msg(json_is_object(o), "%s", line);
		json_decref(o);
		n++;
	}
	ck_assert_int_eq(n, 4);
	buf_release(&b);
}
END_TEST

START_TEST(file_that_took_no_line_is_not_whole)
{
	struct err e = ERR_INIT;
	struct journal *j = journal_new("/dev/full", &e);

	ck_assert_ptr_nonnull(j);
	ck_assert_int_eq(journal_whole(j, &e), 0);
	journal_add_connect(j, 1, "host", 200);
	ck_assert_int_eq(journal_whole(j, &e), -1);
	ck_assert_str_eq(err_msg(&e), "the journal /dev/full lacks lines: "
	    "No space left on device");
	err_release(&e);
	journal_free(j);
}
END_TEST

START_TEST(file_that_cannot_be_opened_is_an_error)
{
	struct err e = ERR_INIT;

	ck_assert_ptr_null(journal_new("/nonexistent/j", &e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "/nonexistent/j"));
	err_release(&e);
}
END_TEST

static void *
add_later(void *arg)
{

	(void)arg;
	for (int i = 0; i < 300; i++)
		note(x.emu.journal, i % 3 == 0 ? GET : LIST, NULL, 200);
	return (NULL);
}

START_TEST(wait_ends_when_enough_have_come)
{
	struct journal_filter f = { .api = "storage.objects.get" };
	pthread_t t[3];

	ck_assert(!journal_wait(x.emu.journal, &f, 1, 10000));
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, add_later, NULL),
		    0);
	ck_assert(journal_wait(x.emu.journal, &f, 300, 30000000));
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_int_eq(journal_count(x.emu.journal, &f), 300);
	ck_assert(!journal_wait(x.emu.journal, &f, 301, 10000));
	ck_assert(journal_wait(x.emu.journal, &f, 0, 0));
}
END_TEST

static void *
wake_now(void *arg)
{

	(void)arg;
	journal_wake(x.emu.journal);
	return (NULL);
}

START_TEST(wake_ends_a_wait)
{
	struct journal_filter f = { 0 };
	pthread_t t;

	ck_assert_int_eq(pthread_create(&t, NULL, wake_now, NULL), 0);
	ck_assert(!journal_wait(x.emu.journal, &f, 1, INT64_MAX));
	ck_assert_int_eq(pthread_join(t, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("journal");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, filters_pick_and_count);
	tcase_add_test(t, a_journal_goes_on_where_its_file_ends);
	tcase_add_test(t, entry_shows_what_happened);
	tcase_add_test(t, next_continues_where_a_page_ended);
	tcase_add_test(t, oldest_go_and_are_counted);
	tcase_add_test(t, bytes_are_bounded_too);
	tcase_add_test(t, names_that_are_not_utf8_stay_json);
	tcase_add_test(t, file_gets_one_json_line_each_and_is_appended_to);
	tcase_add_test(t, file_that_took_no_line_is_not_whole);
	tcase_add_test(t, file_that_cannot_be_opened_is_an_error);
	tcase_add_test(t, wait_ends_when_enough_have_come);
	tcase_add_test(t, wake_ends_a_wait);
	return (fix_main(s));
}
