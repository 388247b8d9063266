/* Snapshots of the store without anybody around it: counts, durability, and
 * what a kill in the middle leaves. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "emulator/store/store_snapshot.h"
#include "emulator/store/store_stat.h"
#include "emulator/tests/store_util.h"

#define KILLS	12
#define OBJECTS	8
#define BIG	100000

static struct snapshot snap;
static struct err err;

static int64_t
live(void)
{
	struct store_stat s;

	ck_assert_int_eq(store_stat(st, &s), STORE_OK);
	return (s.objects);
}

/* What was counted on the way is what there is to be counted. */
static void
ck_live(int64_t want)
{

	ck_assert_int_eq(live(), want);
	reopen();
	ck_assert_int_eq(live(), want);
}

START_TEST(objects_are_counted_as_they_come_and_go)
{
	struct object o;

	make_bucket("b", true);
	ck_live(0);
	(void)put("b", "x", "1");
	(void)put("b", "x", "2");
	(void)put("b", "y", "1");
	ck_live(2);
	ck_assert_int_eq(put_full("b", "z", "1", NULL, true, &o), STORE_OK);
	ck_live(2);
	ck_assert_int_eq(del("b", "x", 0), STORE_OK);
	ck_live(1);
	o = put("b", "y", "2");
	ck_assert_int_eq(del("b", "y", o.generation), STORE_OK);
	ck_live(0);
	(void)put("b", "y", "3");
	ck_assert_int_eq(store_set_history(st, "b", true), STORE_OK);
	ck_assert_int_eq(store_object_update(st, NULL, "b", "y", NULL,
	    "{\"a\":2}", &ar, &o), STORE_OK);
	ck_live(1);
	(void)put("b", "w", "1");
	ck_assert_int_eq(store_fork(st, "b", store_mutation(st), "f"),
	    STORE_OK);
	ck_live(4);
	ck_assert_int_eq(store_object_copy(st, NULL, "b", "w", NULL, "f",
	    "copied", NULL, NULL, &ar, &o), STORE_OK);
	ck_assert_int_eq(store_object_move(st, NULL, "f", "copied", NULL,
	    "moved", NULL, &ar, &o), STORE_OK);
	ck_live(5);
	ck_assert_int_eq(store_snapshot_save(st, "s", false, &ar, &snap,
	    &err), SNAPSHOT_OK);
	ck_assert_int_eq(snap.objects, 5);
	ck_assert_int_eq(del("f", "moved", 0), STORE_OK);
	ck_assert_int_eq(store_snapshot_load(st, "s", &ar, &snap, &err),
	    SNAPSHOT_OK);
	ck_live(5);
	{
		static const char *const keep[] = { "kept", NULL };
		struct record r;

		ck_assert_int_eq(store_record_put(st, "kept", "k", "{}", 0,
		    NULL), STORE_OK);
		ck_assert_int_eq(store_record_put(st, "it's", "k", "{}", 0,
		    NULL), STORE_OK);
		ck_assert_int_eq(store_wipe(st, keep, &err), 0);
		ck_live(0);
		ck_assert_int_eq(store_record_get(st, "kept", "k", &ar, &r),
		    STORE_OK);
		ck_assert_int_eq(store_record_get(st, "it's", "k", &ar, &r),
		    STORE_NO_RECORD);
	}
}
END_TEST

/* ---- at once ---- */

static void *
save_again_and_again(void *unused UNUSED)
{
	struct snapshot s;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	intptr_t bad = 0;

	for (int i = 0; i < 20; i++)
		bad += store_snapshot_save(st, "s", true, &a, &s, &e) !=
		    SNAPSHOT_OK;
	arena_release(&a);
	err_release(&e);
	return ((void *)bad);
}

/* Sweeping away what no row names must not take what a snapshot has yet to
 * link, nor may one snapshot let go of what another keeps. */
START_TEST(saves_and_wipes_at_once_all_succeed)
{
	static const char *const keep[] = { NULL };
	static char big[BIG];
	pthread_t t[2];
	void *bad;

	memset(big, 'x', BIG - 1);
	make_bucket("b", false);
	for (size_t i = 0; i < NELEMS(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL,
		    save_again_and_again, NULL), 0);
	for (int turn = 0; turn < 20; turn++) {
		for (int i = 0; i < OBJECTS; i++)
			(void)put("b", arena_printf(&ar, "x%d", i), big);
		ck_assert_int_eq(store_wipe(st, keep, &err), 0);
		make_bucket("b", false);
	}
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(pthread_join(t[i], &bad), 0);
		ck_assert_ptr_null(bad);
	}
}
END_TEST

/* ---- kills ---- */

static void
fill(const char *which, unsigned seed)
{
	char name[16];

	for (int i = 0; i < OBJECTS; i++) {
		(void)snprintf(name, sizeof(name), "%s%d",
		    i % 2 == 0 ? "both" : which, i);
		(void)put_seed("b", name, seed, BIG);
	}
}

/* All of one state, and nothing of the other. */
static unsigned
state_now(void)
{
	struct store_list l = { .prefix = "" };
	const char *names = list_page(STORE_NOW, "b", l, NULL);
	unsigned seed = strstr(names, "one") != NULL ? 1 : 2;
	struct payload *p = make_payload(seed, BIG);
	struct store_reader r;
	struct object o;
	char name[16];

	ck_assert((strstr(names, "two") != NULL) == (seed == 2));
	for (int i = 0; i < OBJECTS; i++) {
		(void)snprintf(name, sizeof(name), "%s%d",
		    i % 2 == 0 ? "both" : seed == 1 ? "one" : "two", i);
		ck_assert_int_eq(store_object_open(st, NOW, "b", name, NULL,
		    &ar, &o, &r), STORE_OK);
		ck_assert_uint_eq(o.crc32c, payload_crc32c(p));
		ck_whole(&r, &o);
	}
	payload_free(p);
	ck_assert_int_eq(live(), OBJECTS);
	return (seed);
}

static _Noreturn void
load_for_ever(bool power, int told)
{

	if ((st = try_open(false, power, &err)) == NULL)
		_exit(1);
	for (int i = 0;; i++) {
		if (store_snapshot_load(st, i % 2 == 0 ? "one" : "two", &ar,
		    &snap, &err) != SNAPSHOT_OK ||
		    (i == 1 && write(told, "", 1) != 1))
			_exit(1);
	}
}

static void
kill_while_loading(bool power)
{
	int status, pipes[2];
	pid_t pid;
	char c;

	store_close(st);
	for (int i = 0; i < KILLS; i++) {
		ck_assert_int_eq(pipe(pipes), 0);
		if ((pid = fork()) == 0)
			load_for_ever(power, pipes[1]);
		ck_assert_int_gt(pid, 0);
		(void)close(pipes[1]);
		/* It is at work; then each time a little later. */
		ck_assert_int_eq(read(pipes[0], &c, 1), 1);
		(void)poll(NULL, 0, i % 7);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		(void)close(pipes[0]);
		st = try_open(false, power, &err);
		ck_assert_msg(st != NULL, "%s", err_msg(&err));
		(void)state_now();
		store_close(st);
	}
	st = try_open(false, power, &err);
}

static void
two_states(void)
{

	make_bucket("b", false);
	fill("one", 1);
	ck_assert_int_eq(store_snapshot_save(st, "one", false, &ar, &snap,
	    &err), SNAPSHOT_OK);
	for (int i = 1; i < OBJECTS; i += 2) {
		char name[16];

		(void)snprintf(name, sizeof(name), "one%d", i);
		ck_assert_int_eq(del("b", name, 0), STORE_OK);
	}
	fill("two", 2);
	ck_assert_int_eq(store_snapshot_save(st, "two", false, &ar, &snap,
	    &err), SNAPSHOT_OK);
}

START_TEST(killed_while_loading_it_is_one_or_the_other)
{

	two_states();
	kill_while_loading(false);
}
END_TEST

START_TEST(killed_while_loading_with_durability_power)
{

	store_close(st);
	st = try_open(false, true, &err);
	two_states();
	kill_while_loading(true);
}
END_TEST

/* One at the directory level: what is half written has another name. */
START_TEST(killed_while_saving_there_is_none_or_a_whole_one)
{
	int status, n = 0, pipes[2];
	struct snapshot *v;
	size_t count;
	pid_t pid;
	char c;

	two_states();
	for (int i = 0; i < KILLS; i++) {
		(void)store_snapshot_delete(st, "new", &err);
		store_close(st);
		ck_assert_int_eq(pipe(pipes), 0);
		if ((pid = fork()) == 0) {
			if ((st = try_open(false, false, &err)) == NULL ||
			    store_snapshot_save(st, "new", false, &ar, &snap,
			    &err) != SNAPSHOT_OK ||
			    write(pipes[1], "", 1) != 1)
				_exit(1);
			for (;;)
				(void)pause();
		}
		ck_assert_int_gt(pid, 0);
		(void)close(pipes[1]);
		/* The last one is not in the middle of anything. */
		if (i == KILLS - 1)
			ck_assert_int_eq(read(pipes[0], &c, 1), 1);
		else
			(void)poll(NULL, 0, 1 + i / 2);
		(void)close(pipes[0]);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		open_store(false);
		ck_assert_int_eq(store_snapshot_list(st, &ar, &v, &count,
		    &err), SNAPSHOT_OK);
		ck_assert(count == 2 || count == 3);
		if (count == 3) {
			n++;
			ck_assert_int_eq(store_snapshot_load(st, "new", &ar,
			    &snap, &err), SNAPSHOT_OK);
			ck_assert_uint_eq(state_now(), 2);
		}
	}
	ck_assert_int_gt(n, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_snapshot");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, objects_are_counted_as_they_come_and_go);
	tcase_add_test(t, saves_and_wipes_at_once_all_succeed);
	tcase_add_test(t, killed_while_loading_it_is_one_or_the_other);
	tcase_add_test(t, killed_while_loading_with_durability_power);
	tcase_add_test(t, killed_while_saving_there_is_none_or_a_whole_one);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
