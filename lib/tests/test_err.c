#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/tests/unit.h"

START_TEST(message_grows_on_its_way_up)
{
	struct err e = ERR_INIT;

	ck_assert_str_eq(err_msg(&e), "unknown error");
	ck_assert_int_eq(err_set(&e, "line %d", 3), -1);
	ck_assert_int_eq(err_prefix(&e, "file %s", "x"), -1);
	ck_assert_str_eq(err_msg(&e), "file x: line 3");
	/* The old message may be part of the new one. */
	(void)err_set(&e, "was: %s", err_msg(&e));
	ck_assert_str_eq(err_msg(&e), "was: file x: line 3");
	err_release(&e);
	ck_assert_str_eq(err_msg(&e), "unknown error");
	(void)err_prefix(&e, "p");
	ck_assert_str_eq(err_msg(&e), "p: unknown error");
	err_release(&e);
	err_release(&e);
}
END_TEST

START_TEST(setno_appends_the_text_of_errno)
{
	struct err e = ERR_INIT;

	errno = ENOENT;
	ck_assert_int_eq(err_setno(&e, "cannot open %s", "x"), -1);
	ck_assert_str_eq(err_msg(&e),
	    "cannot open x: No such file or directory");
	err_release(&e);
}
END_TEST

START_TEST(without_an_err_the_message_is_dropped)
{

	ck_assert_int_eq(err_set(NULL, "x"), -1);
	ck_assert_int_eq(err_setno(NULL, "x"), -1);
	ck_assert_int_eq(err_prefix(NULL, "x"), -1);
	ck_assert_str_eq(err_msg(NULL), "unknown error");
}
END_TEST

/* What the log writes, without the time in front. */
static const char *
logged(int fd, char *room, size_t n)
{
	ssize_t k = read(fd, room, n - 1);

	room[k > 0 ? k : 0] = '\0';
	ck_assert_ptr_nonnull(strstr(room, "tst "));
	return (strstr(room, "tst ") + 5);
}

START_TEST(log_writes_one_line_whatever_it_is_told)
{
	char room[4096], *longer = mem_alloc(100000);
	int fds[2];

	memset(longer, 'x', 99999);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	log_setup("tst", fds[1], LOG_INFO);
	log_info("obj=%s st=%d", "a\nb\r\x1b[0m", 200);
	ck_assert_str_eq(logged(fds[0], room, sizeof(room)),
	    "obj=a?b??[0m st=200\n");
	log_error("%s", "bad");
	ck_assert_str_eq(logged(fds[0], room, sizeof(room)), "error: bad\n");
	log_info("%s", longer);
	ck_assert_str_eq(logged(fds[0], room, sizeof(room)),
	    "(a line that is too long to log)\n");
	log_debug("not wanted");
	ck_assert_int_eq(read(fds[0], room, sizeof(room)), -1);
	log_setup("tst", STDERR_FILENO, LOG_INFO);
	(void)close(fds[0]);
	(void)close(fds[1]);
	free(longer);
}
END_TEST

Suite *
suite(void)
{
	Suite *s = suite_create("err and log");
	TCase *t = tcase_create("err");

	tcase_add_test(t, message_grows_on_its_way_up);
	tcase_add_test(t, setno_appends_the_text_of_errno);
	tcase_add_test(t, without_an_err_the_message_is_dropped);
	tcase_add_test(t, log_writes_one_line_whatever_it_is_told);
	suite_add_tcase(s, t);
	return (s);
}
