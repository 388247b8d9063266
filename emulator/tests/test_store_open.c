/* What the store opens and what it refuses: locks, damage, foreign and newer
 * files, permissions. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "emulator/tests/store_util.h"

static char *
in_dir(const char *name)
{

	return (arena_printf(&ar, "%s/%s", dir, name));
}

/* store_open() fails, and its message has each of these words. */
static void
ck_refused(const char *word, const char *word2)
{
	struct err e = ERR_INIT;

	st = try_open(false, false, &e);
	ck_assert_ptr_null(st);
	ck_assert_msg(strstr(err_msg(&e), word) != NULL, "no '%s' in: %s",
	    word, err_msg(&e));
	ck_assert_msg(strstr(err_msg(&e), word2) != NULL, "no '%s' in: %s",
	    word2, err_msg(&e));
	err_release(&e);
}

static void
sql(const char *text)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(in_dir("store.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(second_store_in_a_folder_is_told_the_firsts_pid)
{
	struct store *first;

	open_store(false);
	first = st;
	ck_refused("in use", arena_printf(&ar, "pid %ld", (long)getpid()));
	store_close(first);
	open_store(false);
}
END_TEST

START_TEST(files_are_private)
{
	static const char *const names[] = { "store.db", "store.db-wal",
		"lock" };
	struct stat sb;

	(void)umask(0);
	open_store(false);
	make_bucket("b", false);
	for (size_t i = 0; i < NELEMS(names); i++) {
		ck_assert_int_eq(stat(in_dir(names[i]), &sb), 0);
		ck_assert_uint_eq(sb.st_mode & 0777, 0600);
	}
}
END_TEST

START_TEST(foreign_files_are_refused_and_not_touched)
{
	struct buf a, b;

	ck_assert_int_eq(file_write(in_dir("store.db"), "some other text", 15,
	    0600, NULL), 0);
	ck_refused("store.db", "not an SQLite file");
	ck_assert_int_eq(unlink(in_dir("store.db")), 0);
	sql("CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	ck_assert_int_eq(file_read(in_dir("store.db"), &a, NULL), 0);
	ck_refused("store.db", "not a store of gcs-emulator");
	ck_assert_int_eq(file_read(in_dir("store.db"), &b, NULL), 0);
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.p, b.p, a.len);
	ck_assert(!file_exists(in_dir("store.db-wal")));
	buf_release(&a);
	buf_release(&b);
}
END_TEST

/* What a power cut leaves that comes while the schema is being written: the
 * journal, and the file's size without its pages. */
START_TEST(a_half_made_file_is_made_anew)
{
	static const unsigned char journal[512] = { 0xd9, 0xd5, 0x05, 0xf9,
	    0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0,
	    2, 0, 0, 0, 16, 0 };
	static const char zeros[24064];
	char *db = mem_printf("%s/store.db", dir);
	char *log = mem_printf("%s/store.db-journal", dir);
	struct object o;

	store_close(st);
	st = NULL;
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(file_write(db, zeros, sizeof(zeros), 0600, NULL), 0);
	ck_assert_int_eq(file_write(log, (const char *)journal,
	    sizeof(journal), 0600, NULL), 0);
	open_store(false);
	make_bucket("b", false);
	put_seed("b", "o", 1, 10);
	ck_assert_int_eq(get("b", "o", &o), STORE_OK);
	free(db);
	free(log);
}
END_TEST

START_TEST(newer_and_older_schemas_are_refused)
{

	open_store(false);
	store_close(st);
	sql("PRAGMA user_version = 99");
	ck_refused("schema 99", "a newer");
	sql("PRAGMA user_version = 0");
	ck_refused("schema 0", "an older");
}
END_TEST

/* A store with enough in it to have pages of every kind. */
static void
fill(void)
{

	open_store(false);
	make_bucket("b", false);
	for (int i = 0; i < 300; i++)
		(void)put("b", arena_printf(&ar, "name-%d", i), "data");
	(void)put_seed("b", "big", 1, 100000);
	store_close(st);
	st = NULL;
}

START_TEST(damaged_page_is_refused)
{
	char junk[4096];
	int fd;

	fill();
	memset(junk, 0xa5, sizeof(junk));
	fd = open(in_dir("store.db"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	/* Page 1 from the end of its header on, or all pages after it. */
	if (_i == 0)
		ck_assert_int_eq(pwrite(fd, junk, 3996, 100), 3996);
	for (off_t at = 4096; _i == 1 && at < file_size(in_dir("store.db"));
	    at += 4096)
		ck_assert_int_eq(pwrite(fd, junk, 4096, at), 4096);
	if (_i == 2)
		ck_assert_int_eq(ftruncate(fd, 3 * 4096), 0);
	(void)close(fd);
	ck_refused("store.db", "damaged");
	ck_refused("store.db", "damaged");	/* nothing was repaired */
}
END_TEST

START_TEST(missing_or_short_payload_file_is_refused)
{
	char *cmd = arena_printf(&ar, _i == 0 ? "find %s/payloads -type f "
	    "-delete" : "find %s/payloads -type f -exec truncate -s 5 {} +",
	    dir);

	fill();
	ck_assert_int_eq(system(cmd), 0);
	ck_refused("payloads/", _i == 0 ? "missing" : "5 bytes instead of");
}
END_TEST

START_TEST(orphans_of_a_crash_are_removed)
{

	fill();
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(system(arena_printf(&ar, "cd %s/payloads && mkdir -p "
	    "ff 00 && echo x >ff/00000000000000ff && echo x >00/junk && "
	    "echo x >ff/00000000000000fg", dir)), 0);
	open_store(false);
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

/* Run f in a child without root's powers; its status is the verdict. */
static void
as_nobody(void (*f)(void))
{
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		f();
		return;
	}
	pid = check_fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		ck_assert_int_eq(setgid(65534), 0);
		ck_assert_int_eq(setuid(65534), 0);
		f();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
refused_permission(void)
{

	ck_refused(dir, "Permission denied");
}

static void
refused_read_only(void)
{

	ck_refused("store.db", "cannot be written");
}

START_TEST(unreadable_or_unwritable_folders_are_refused)
{
	char *sub = in_dir("sub");

	if (geteuid() == 0)
		ck_assert_int_eq(chown(dir, 65534, 65534), 0);
	ck_assert_int_eq(chmod(dir, _i == 0 ? 0000 : 0500), 0);
	as_nobody(refused_permission);
	/* Below it, nothing can be made. */
	memcpy(dir + strlen(dir), "/sub", 5);
	as_nobody(refused_permission);
	*strrchr(dir, '/') = '\0';
	ck_assert_int_eq(chmod(dir, 0700), 0);
	ck_assert(!file_exists(sub));
}
END_TEST

START_TEST(unwritable_file_is_refused)
{

	fill();
	if (geteuid() == 0)
		ck_assert_int_eq(system(arena_printf(&ar,
		    "chown -R 65534:65534 %s", dir)), 0);
	ck_assert_int_eq(chmod(in_dir("store.db"), _i == 0 ? 0000 : 0400), 0);
	as_nobody(_i == 0 ? refused_permission : refused_read_only);
}
END_TEST

START_TEST(folder_that_is_a_file_is_refused)
{

	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(file_write(dir, "x", 1, 0600, NULL), 0);
	ck_refused(dir, "not a folder");
}
END_TEST

START_TEST(power_class_works_the_same)
{
	struct err e = ERR_INIT;

	st = try_open(false, true, &e);
	ck_assert_msg(st != NULL, "%s", err_msg(&e));
	make_bucket("b", false);
	(void)put("b", "small", "text");
	(void)put_seed("b", "large", 1, 100000);
	store_close(st);
	st = try_open(false, true, &e);
	ck_assert_msg(st != NULL, "%s", err_msg(&e));
	ck_text("b", "small", "text");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_open");
	TCase *t = tcase_create("open");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_dir, teardown);
	tcase_add_test(t, second_store_in_a_folder_is_told_the_firsts_pid);
	tcase_add_test(t, files_are_private);
	tcase_add_test(t, foreign_files_are_refused_and_not_touched);
	tcase_add_test(t, a_half_made_file_is_made_anew);
	tcase_add_test(t, newer_and_older_schemas_are_refused);
	tcase_add_loop_test(t, damaged_page_is_refused, 0, 3);
	tcase_add_loop_test(t, missing_or_short_payload_file_is_refused, 0, 2);
	tcase_add_test(t, orphans_of_a_crash_are_removed);
	tcase_add_loop_test(t, unreadable_or_unwritable_folders_are_refused,
	    0, 2);
	tcase_add_loop_test(t, unwritable_file_is_refused, 0, 2);
	tcase_add_test(t, folder_that_is_a_file_is_refused);
	tcase_add_test(t, power_class_works_the_same);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
