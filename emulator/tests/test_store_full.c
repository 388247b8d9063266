/* A disk that is full, or full for files of a size. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "emulator/tests/store_util.h"

/* ---- a full disk: RLIMIT_FSIZE makes every file end early ---- */

static void
limit_files(rlim_t n)
{
	struct rlimit r = { .rlim_cur = n, .rlim_max = RLIM_INFINITY };

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &r), 0);
}

START_TEST(full_disk_refuses_small_objects_whole)
{
	struct object o;
	int n = 0;
	enum store_rc rc = STORE_OK;

	open_store(false);
	make_bucket("b", false);
	limit_files(1 << 20);
	while (rc == STORE_OK && n < 20000)
		rc = put_full("b", arena_printf(&ar, "n%06d", n++),
		    "0123456789", NULL, false, NULL);
	ck_assert_int_eq(rc, STORE_FULL);
	ck_assert_int_eq(get("b", arena_printf(&ar, "n%06d", n - 1), &o),
	    STORE_NO_OBJECT);
	ck_assert_int_eq(store_mutation(st), n);
	/* With room again, it goes on; nothing acknowledged is missing. */
	limit_files(RLIM_INFINITY);
	(void)put("b", arena_printf(&ar, "n%06d", n - 1), "again");
	reopen();
	ck_assert_int_eq(store_mutation(st), n + 1);
	for (int i = 0; i < n - 1; i++)
		ck_text("b", arena_printf(&ar, "n%06d", i), "0123456789");
}
END_TEST

START_TEST(full_disk_refuses_large_objects_whole)
{
	struct payload *p;
	struct session s = { .bucket = "b", .name = "s" };
	struct object o;
	const char *id;
	int64_t k;

	open_store(false);
	make_bucket("b", false);
	ck_assert_int_eq(store_session_new(st, &s, &ar, &id), STORE_OK);
	k = store_mutation(st);
	limit_files(400000);
	p = make_payload(1, 500000);
	ck_assert_int_ne(payload_write(p, "x", 1), 0);
	ck_assert_int_eq(store_object_insert(st, NULL, "b", "x", "{}", NULL,
	    NULL, p, &ar, &o), STORE_IO);
	payload_free(p);
	ck_assert_int_eq(count_files(), 0);
	p = payload_new(st);
	ck_assert_int_eq(store_session_write(st, id, 0, dir, 10), STORE_OK);
	ck_assert_int_eq(store_session_write(st, id, 10,
	    arena_alloc(&ar, 500000), 500000), STORE_FULL);
	payload_free(p);
	ck_assert_int_eq(store_mutation(st), k);
	limit_files(RLIM_INFINITY);
	(void)put_seed("b", "x", 1, 500000);
}
END_TEST

static enum store_rc
put_bytes(const char *name, size_t n)
{
	struct payload *p = payload_new(st);
	char *bytes = mem_alloc(n);
	struct object o;
	enum store_rc rc;

	if (payload_write(p, bytes, n) == 0)
		rc = store_object_insert(st, NULL, "b", name, "{}", NULL,
		    NULL, p, &ar, &o);
	else
		rc = errno == ENOSPC ? STORE_FULL : STORE_IO;
	free(bytes);
	payload_free(p);
	return (rc);
}

/* Every block that is left. */
static void
fill_disk(const char *name)
{
	static const char block[4096];
	char *path = mem_printf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	ck_assert_int_eq(errno, ENOSPC);
	(void)close(fd);
	free(path);
}

static bool
small_disk(const char *size)
{

	/* In a mount namespace of its own: it goes with this process. */
	if (unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", dir, "tmpfs", 0, size) == 0)
		return (true);
	fprintf(stderr, "SKIP: no tmpfs here: %s\n", strerror(errno));
	return (false);
}

START_TEST(full_file_system_refuses_and_goes_on_with_room)
{
	enum store_rc rc = STORE_OK;
	struct payload *p;
	struct object o;
	int n = 0;

	if (!small_disk("size=2m"))
		return;
	open_store(false);
	make_bucket("b", false);
	p = make_payload(1, 3000000);
	ck_assert_int_eq(payload_write(p, "x", 1), -1);
	payload_free(p);
	ck_assert_int_eq(count_files(), 0);
	while (rc == STORE_OK && n < 10000)
		rc = put_full("b", arena_printf(&ar, "n%06d", n++),
		    "0123456789", NULL, false, NULL);
	ck_assert_int_eq(rc, STORE_FULL);
	ck_assert_int_eq(store_mutation(st), n);
	ck_text("b", "n000000", "0123456789");
	ck_assert_int_eq(mount("tmpfs", dir, "tmpfs", MS_REMOUNT, "size=9m"),
	    0);
	ck_assert_int_eq(get("b", arena_printf(&ar, "n%06d", n - 1), &o),
	    STORE_NO_OBJECT);
	(void)put_seed("b", "large", 1, 1000000);
	reopen();
	for (int i = 0; i < n - 1; i++)
		ck_text("b", arena_printf(&ar, "n%06d", i), "0123456789");
	store_close(st);
	st = NULL;
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
}
END_TEST

/* Objects in the database and in files, with either durability. */
START_TEST(full_file_system_still_deletes)
{
	size_t size = (_i & 1) != 0 ? 100000 : 20000;
	struct err e = ERR_INIT;
	enum store_rc rc = STORE_OK;
	struct store_cond c = { .has_gen_match = false };
	int n = 0;

	if (!small_disk("size=20m"))
		return;
	st = try_open(false, (_i & 2) != 0, &e);
	ck_assert_msg(st != NULL, "%s", err_msg(&e));
	make_bucket("b", false);
	for (; rc == STORE_OK && n < 2000; n++)
		rc = put_bytes(arena_printf(&ar, "n%06d", n), size);
	ck_assert_int_eq(rc, STORE_FULL);
	n--;
	fill_disk("ballast");
	/* Closing it frees the log; the rest is filled, too. */
	store_close(st);
	fill_disk("ballast");
	st = try_open(false, (_i & 2) != 0, &e);
	ck_assert_msg(st != NULL, "%s", err_msg(&e));
	ck_assert_int_eq(store_object_delete(st, NULL, "b", "none", &c),
	    STORE_NO_OBJECT);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(store_object_delete(st, NULL, "b",
		    arena_printf(&ar, "n%06d", i), &c), STORE_OK);
	/* There is room again. */
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(put_bytes(arena_printf(&ar, "m%06d", i),
		    size), STORE_OK);
	reopen();
	ck_assert_int_eq(store_bucket_delete(st, NULL, "b", NULL),
	    STORE_NOT_EMPTY);
	store_close(st);
	st = NULL;
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
}
END_TEST

static bool
touch(int n)
{
	char *path = mem_printf("%s/touched-%d", dir, n);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
	free(path);
	return (fd >= 0);
}

/* No further file can be made: who starts an emulator there still can write a
 * file anew beside the old one. */
START_TEST(killed_store_without_free_inodes_opens_with_one)
{
	int n = 0, status;
	pid_t child;

	if (!small_disk("size=20m,nr_inodes=40"))
		return;
	if ((child = fork()) == 0) {
		open_store(false);
		make_bucket("b", false);
		_exit(0);		/* nothing is closed */
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	while (touch(n))
		n++;
	open_store(false);
	ck_assert(touch(n));
	ck_assert_int_eq(put_bytes("small", 10), STORE_FULL);
	ck_assert_int_eq(del("b", "none", 0), STORE_NO_OBJECT);
	store_close(st);
	st = NULL;
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
}
END_TEST

#define WEEK	"{\"softDeletePolicy\":{\"retentionDurationSeconds\":" \
		"\"604800\"}}"

/* Soft-deleted bytes make room for new ones, unless all are to stay: in the
 * database, in files, and in sessions' files; without a deletion and after
 * one that needed the room. */
START_TEST(full_file_system_loses_what_is_soft_deleted)
{
	size_t size = _i % 3 == 0 ? 20000 : 400000;
	struct bucket b = { .name = "b", .project = "p", .attrs = WEEK,
	    .policy = "{}" }, out;
	struct session s = { .bucket = "b", .name = "o" };
	bool all = _i >= 6, filled = (_i / 3 & 1) != 0;
	enum store_rc rc = STORE_OK;
	struct object o;
	const char *id;
	int n = 0, max = _i % 3 == 0 ? 1500 : 150;

	if (!small_disk("size=24m"))
		return;
	soft_bytes = all ? 0 : 1 << 30;
	open_store(false);
	ck_assert_int_eq(store_bucket_insert(st, NULL, &b, &ar, &out),
	    STORE_OK);
	ck_assert_int_eq(put_bytes("other", 100), STORE_OK);
	for (; rc == STORE_OK && n < max; n++) {
		if (filled && n == 20) {
			fill_disk("ballast");
			ck_assert_int_eq(del("b", "other", 0), STORE_OK);
		}
		if (_i % 3 < 2) {
			rc = put_bytes("o", size);
			continue;
		}
		rc = store_session_new(st, &s, &ar, &id);
		if (rc == STORE_OK)
			rc = store_session_write(st, id, 0, arena_alloc(&ar,
			    size), size);
		if (rc == STORE_OK)
			rc = store_session_flush(st, id, &(int64_t){ 0 });
		if (rc == STORE_OK)
			rc = store_session_finish(st, NULL, id, NULL, &ar,
			    &o);
		arena_reset(&ar);
	}
	ck_assert_int_eq(rc, all ? STORE_FULL : STORE_OK);
	reopen();
	ck_assert_int_eq(get("b", "o", &o), STORE_OK);
	ck_assert_int_eq(o.size, (int64_t)size);
	store_close(st);
	st = NULL;
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
}
END_TEST

/* The other calls that let the store grow find room in the same way. */
START_TEST(full_file_system_still_changes)
{
	struct bucket b = { .name = "b", .project = "p", .attrs = WEEK,
	    .policy = "{}" }, out;
	enum store_rc rc = STORE_OK;
	char text[20000];
	struct object o;

	if (!small_disk("size=24m"))
		return;
	memset(text, ' ', sizeof(text));
	text[0] = '{';
	text[sizeof(text) - 2] = '}';
	text[sizeof(text) - 1] = '\0';
	soft_bytes = 1 << 30;
	open_store(false);
	ck_assert_int_eq(store_bucket_insert(st, NULL, &b, &ar, &out),
	    STORE_OK);
	for (int n = 0; n < 700; n++)
		ck_assert_int_eq(put_bytes("o", 20000), STORE_OK);
	for (int n = 0; rc == STORE_OK && n < 450; n++) {
		const char *name = arena_printf(&ar, "n%d", n);

		switch (_i) {
		case 0:
			rc = store_object_copy(st, NULL, "b", "o", NULL, "b",
			    name, NULL, text, &ar, &o);
			break;
		case 1:
			rc = store_object_update(st, NULL, "b", "o", NULL,
			    arena_printf(&ar, "%.*s}", 1 + n * 40, text), &ar,
			    &o);
			break;
		default:
			rc = store_bucket_set_policy(st, NULL, "b",
			    arena_printf(&ar, "%.*s}", 1 + n * 40, text), -1,
			    &ar, &out);
		}
		arena_reset(&ar);
	}
	ck_assert_int_eq(rc, STORE_OK);
	reopen();
	ck_assert_int_eq(get("b", "o", &o), STORE_OK);
	store_close(st);
	st = NULL;
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
}
END_TEST

/* What is kept for deletions is for nothing else. */
START_TEST(room_that_was_given_up_is_not_for_writing)
{
	struct session s = { .bucket = "b", .name = "s" };
	struct store_cond c = { .has_gen_match = false };
	char *ballast = mem_printf("%s/ballast", dir);
	struct object o;
	const char *id;
	int64_t v;

	if (!small_disk("size=20m")) {
		free(ballast);
		return;
	}
	open_store(false);
	make_bucket("b", false);
	(void)put("b", "keep", "text");
	(void)put("b", "gone", "text");
	ck_assert_int_eq(store_session_new(st, &s, &ar, &id), STORE_OK);
	fill_disk("ballast");
	/* Nothing is freed by this, but the log. */
	while (put_bytes("more", 20000) == STORE_OK)
		;
	fill_disk("ballast");
	ck_assert_int_eq(store_object_delete(st, NULL, "b", "gone", &c),
	    STORE_OK);
	fill_disk("ballast");
	ck_assert_int_eq(put_bytes("more", 20000), STORE_FULL);
	ck_assert_int_eq(put_bytes("more", 200000), STORE_FULL);
	ck_assert_int_eq(store_session_write(st, id, 0, dir, 1), STORE_FULL);
	ck_assert_int_eq(store_object_update(st, NULL, "b", "keep", NULL,
	    arena_printf(&ar, "{%200000s}", ""), &ar, &o), STORE_FULL);
	/* A client without a token could not delete. */
	ck_assert_int_eq(store_record_put(st, "k", "k", "{}", -1, &v),
	    STORE_OK);
	ck_text("b", "keep", "text");
	ck_assert_int_eq(store_session_delete(st, id), STORE_OK);
	ck_assert_int_eq(unlink(ballast), 0);
	ck_assert_int_eq(put_bytes("more", 200000), STORE_OK);
	store_close(st);
	st = NULL;
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
	free(ballast);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_full");
	TCase *t = tcase_create("full");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_dir, teardown);
	tcase_add_test(t, full_disk_refuses_small_objects_whole);
	tcase_add_test(t, full_disk_refuses_large_objects_whole);
	tcase_add_test(t, full_file_system_refuses_and_goes_on_with_room);
	tcase_add_loop_test(t, full_file_system_still_deletes, 0, 4);
	tcase_add_test(t, killed_store_without_free_inodes_opens_with_one);
	tcase_add_loop_test(t, full_file_system_loses_what_is_soft_deleted, 0,
	    9);
	tcase_add_loop_test(t, full_file_system_still_changes, 0, 3);
	tcase_add_test(t, room_that_was_given_up_is_not_for_writing);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
