#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/file.h"
#include "lib/tests/unit.h"

static char dir[64];
static struct arena ar;

static void
setup(void)
{

	(void)snprintf(dir, sizeof(dir), "/tmp/file-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{

	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	ck_assert(!file_exists(dir));
	arena_release(&ar);
}

static const char *
in(const char *name)
{

	return (arena_printf(&ar, "%s/%s", dir, name));
}

static void
put(const char *name, const char *text)
{

	ck_assert_int_eq(file_write(in(name), text, strlen(text), 0600, NULL),
	    0);
}

static void
ck_file(const char *name, const char *text)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	ck_assert_int_eq(file_read(in(name), &b, NULL), 0);
	ck_assert_str_eq(b.p, text);
	buf_release(&b);
}

static unsigned
mode_of(const char *name)
{
	struct stat sb;

	ck_assert_int_eq(stat(in(name), &sb), 0);
	return (sb.st_mode & 0777);
}

/* rc is -1 and the message has the word in it. */
static void
ck_err(int rc, struct err *e, const char *word)
{

	ck_assert_int_eq(rc, -1);
	ck_assert_msg(strstr(err_msg(e), word) != NULL, "no '%s' in: %s",
	    word, err_msg(e));
	err_release(e);
}

START_TEST(write_then_read)
{

	put("f", "one");
	put("f", "two");
	ck_file("f", "two");
	put("f", "");
	ck_file("f", "");
	ck_assert_int_eq(file_size(in("f")), 0);
	ck_assert_int_eq(file_size(in("nope")), -1);
	ck_assert(file_exists(in("f")));
	ck_assert(!file_exists(in("nope")));
	/* Nothing beside it is left. */
	ck_assert_int_eq(unlink(in("f")), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
}
END_TEST

START_TEST(write_has_the_mode_that_was_asked_for)
{
	const char *left = arena_printf(&ar, "%s.new-%ld", in("key"),
	    (long)gettid());

	/* One left by a crash, open to everybody. */
	ck_assert_int_eq(file_write(left, "x", 1, 0644, NULL), 0);
	ck_assert_int_eq(file_write(in("key"), "secret", 6, 0600, NULL), 0);
	ck_assert_uint_eq(mode_of("key"), 0600);
	ck_assert(!file_exists(left));
}
END_TEST

START_TEST(failures_name_the_path)
{
	struct err e = ERR_INIT;
	struct buf b;

	buf_init(&b, 3);
	ck_err(file_read(in("nope"), &b, &e), &e, in("nope"));
	ck_err(file_read(dir, &b, &e), &e, dir);
	put("long", "four");
	ck_err(file_read(in("long"), &b, &e), &e, "3 bytes allowed");
	ck_err(file_write(in("no/f"), "x", 1, 0600, &e), &e, in("no/f"));
	ck_err(file_write(dir, "x", 1, 0600, &e), &e, dir);
	ck_err(file_mkdirs(in("long/x"), 0700, &e), &e, in("long"));
	ck_err(file_mkdirs(in("long"), 0700, &e), &e, "not a folder");
	ck_err(file_mkdirs("", 0700, &e), &e, "folder");
	ck_err(file_copy(in("nope"), in("x"), &e), &e, in("nope"));
	ck_err(file_copy(in("long"), in("no/x"), &e), &e, in("no/x"));
	buf_release(&b);
}
END_TEST

START_TEST(write_all_gets_through_a_full_pipe)
{
	static const char data[300000];
	int fds[2], rc;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = check_fork();
	if (pid == 0) {
		(void)close(fds[0]);
		_exit(file_write_all(fds[1], data, sizeof(data)) == 0 ? 0 : 1);
	}
	(void)close(fds[1]);
	for (size_t got = 0;; got += (size_t)rc) {
		char room[5000];

		rc = (int)read(fds[0], room, sizeof(room));
		ck_assert_int_ge(rc, 0);
		if (rc == 0) {
			ck_assert_uint_eq(got, sizeof(data));
			break;
		}
	}
	(void)close(fds[0]);
	check_waitpid_and_exit(pid);
}
END_TEST

START_TEST(write_all_keeps_errno)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write_all(fd, "x", 1), -1);
	ck_assert_int_eq(errno, ENOSPC);
	(void)close(fd);
}
END_TEST

START_TEST(mkdirs_makes_what_is_missing)
{
	static const char *const paths[] = { "a", "a/b/c", "a/b/c", "d/",
		"e//f" };

	for (size_t i = 0; i < NELEMS(paths); i++) {
		ck_assert_int_eq(file_mkdirs(in(paths[i]), 0700, NULL), 0);
		ck_assert(file_exists(in(paths[i])));
	}
	ck_assert_int_eq(file_mkdirs("/", 0700, NULL), 0);
	ck_assert_int_eq(file_mkdirs(".", 0700, NULL), 0);
}
END_TEST

START_TEST(remove_all_never_follows_links)
{

	ck_assert_int_eq(file_mkdirs(in("keep/sub"), 0700, NULL), 0);
	put("keep/f", "x");
	ck_assert_int_eq(file_mkdirs(in("go/a/b/c"), 0700, NULL), 0);
	put("go/a/b/f", "x");
	ck_assert_int_eq(symlink(in("keep"), in("go/a/link")), 0);
	ck_assert_int_eq(symlink("nowhere", in("go/dangling")), 0);
	ck_assert_int_eq(file_remove_all(in("go"), NULL), 0);
	ck_assert(!file_exists(in("go")));
	ck_file("keep/f", "x");
	ck_assert_int_eq(symlink(in("keep"), in("link")), 0);
	ck_assert_int_eq(file_remove_all(in("link"), NULL), 0);
	ck_file("keep/f", "x");
	ck_assert_int_eq(file_remove_all(in("keep/f"), NULL), 0);
	ck_assert_int_eq(file_remove_all(in("nope"), NULL), 0);
}
END_TEST

START_TEST(copy_keeps_bytes_and_mode)
{
	size_t n = 300000;
	char *v = arena_alloc(&ar, n);
	struct buf b;

	for (size_t i = 0; i < n; i++)
		v[i] = (char)(i * i >> 5);
	(void)umask(077);
	ck_assert_int_eq(file_write(in("f"), v, n, 0600, NULL), 0);
	ck_assert_int_eq(chmod(in("f"), 0754), 0);
	ck_assert_int_eq(file_copy(in("f"), in("g"), NULL), 0);
	ck_assert_uint_eq(mode_of("g"), 0754);
	buf_init(&b, n);
	ck_assert_int_eq(file_read(in("g"), &b, NULL), 0);
	ck_assert_uint_eq(b.len, n);
	ck_assert_mem_eq(b.p, v, n);
	buf_release(&b);
	put("f", "short");
	ck_assert_int_eq(file_copy(in("f"), in("g"), NULL), 0);
	ck_file("g", "short");
	put("f", "");
	ck_assert_int_eq(file_copy(in("f"), in("g"), NULL), 0);
	ck_file("g", "");
}
END_TEST

START_TEST(copy_refuses_itself_and_what_is_no_file)
{
	struct err e = ERR_INIT;

	put("f", "precious");
	ck_assert_int_eq(link(in("f"), in("same")), 0);
	ck_err(file_copy(in("f"), in("f"), &e), &e, "same file");
	ck_err(file_copy(in("f"), in("same"), &e), &e, "same file");
	ck_file("f", "precious");
	ck_assert_int_eq(mkfifo(in("pipe"), 0600), 0);
	ck_err(file_copy(in("pipe"), in("x"), &e), &e, "regular");
	ck_err(file_copy(dir, in("x"), &e), &e, "regular");
	ck_assert(!file_exists(in("x")));
}
END_TEST

START_TEST(find_program_looks_along_the_path)
{
	const char *path = arena_printf(&ar, "/nowhere::%s:%s", in("one"),
	    in("two"));
	char *s;

	ck_assert_int_eq(file_mkdirs(in("one/prog2"), 0700, NULL), 0);
	ck_assert_int_eq(file_mkdirs(in("two"), 0700, NULL), 0);
	put("one/prog", "not executable");
	ck_assert_int_eq(file_write(in("two/prog"), "x", 1, 0700, NULL), 0);
	ck_assert_int_eq(file_write(in("two/prog2"), "x", 1, 0700, NULL), 0);
	s = file_find_program("prog", path);
	ck_assert_str_eq(s, in("two/prog"));
	free(s);
	s = file_find_program("prog2", path);	/* a folder comes first */
	ck_assert_str_eq(s, in("two/prog2"));
	free(s);
	s = file_find_program(in("two/prog"), NULL);
	ck_assert_str_eq(s, in("two/prog"));
	free(s);
	ck_assert_ptr_null(file_find_program(in("one/prog"), path));
	ck_assert_ptr_null(file_find_program("prog3", path));
	ck_assert_ptr_null(file_find_program("prog", ""));
	ck_assert_ptr_null(file_find_program("prog", NULL));
}
END_TEST

Suite *
suite(void)
{
	Suite *s = suite_create("file");
	TCase *t = tcase_create("file");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, write_then_read);
	tcase_add_test(t, write_has_the_mode_that_was_asked_for);
	tcase_add_test(t, failures_name_the_path);
	tcase_add_test(t, write_all_gets_through_a_full_pipe);
	tcase_add_test(t, write_all_keeps_errno);
	tcase_add_test(t, mkdirs_makes_what_is_missing);
	tcase_add_test(t, remove_all_never_follows_links);
	tcase_add_test(t, copy_keeps_bytes_and_mode);
	tcase_add_test(t, copy_refuses_itself_and_what_is_no_file);
	tcase_add_test(t, find_program_looks_along_the_path);
	suite_add_tcase(s, t);
	return (s);
}
