/* Parts of an exploration as one. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/explore/merge.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/str.h"

#define POINT(k, status, frontier) \
	"{\"k\":" #k ",\"list_k\":0,\"crash\":false,\"at_us\":1,"		\
	"\"class\":\"insert level 0\","					\
	"\"object\":\"o\",\"tried\":true,\"status\":" #status ",\"panic\":"    \
	"false,\"frontier\":" #frontier ",\"lag_us\":0,\"broken\":null,"	\
	"\"litter\":null,\"said\":null}"
#define ANY(began, shard, shards, single, points) \
	"{\"scenario\":\"s\",\"release\":\"my(0.5.17)\",\"version\":"		\
	"\"0.5.17\",\"began_us\":" #began ",\"shard\":" #shard			\
	",\"shards\":" #shards ",\"single\":" #single ",\"coverage\":[],"	\
	"\"points\":" points "}"
#define REPORT(began, shard, shards, points) \
	ANY(began, shard, shards, false, "[" points "]")

static const struct {
	const char *parts[3];
	int	rc;
	const char *says;
} merges[] = {
	{ { REPORT(7, 1, 1, POINT(1, 0, 5)) }, 0, "1 points, 0 violations" },
	/* what the first part has shown is missed in the second */
	{ { REPORT(7, 2, 2, POINT(2, 0, 4)), REPORT(7, 1, 2, POINT(1, 0, 5)) },
	    1, "where after change 1 (insert level 0) it was row 5" },
	{ { REPORT(7, 1, 2, POINT(1, 0, 5)), REPORT(7, 2, 2, POINT(2, 0, 6)) },
	    0, "in 2 parts: 2 points, 0 violations" },
	/* another session's points are not compared */
	{ { REPORT(7, 1, 1, POINT(1, 0, 5)), REPORT(8, 1, 1, POINT(2, 0, 4)) },
	    0, "0 violations" },
	{ { REPORT(7, 1, 2, POINT(1, 0, 5)) }, -1, "part 2/2 of s with "
	    "my(0.5.17) is missing" },
	{ { REPORT(7, 1, 2, ""), REPORT(7, 1, 2, "") }, -1, "is among the "
	    "reports already" },
	{ { REPORT(7, 3, 2, "") }, -1, "there is no part 3 of 2" },
	{ { REPORT(7, 1, 1, "{}") }, -1, "a point of it is none" },
	/* nothing that could be said to be good */
	{ { REPORT(7, 1, 1, "") }, -1, "no point could be restored" },
	{ { REPORT(7, 1, 1, POINT(1, 1, 0)) }, -1, "no point could be" },
	{ { ANY(7, 1, 1, false, "{}") }, -1, "it is no explore.json" },
	{ { ANY(7, 1, 1, false, "null") }, -1, "it is no explore.json" },
	{ { ANY(7, 1, 1, true, "[" POINT(1, 0, 5) "]") }, -1, "no part of a "
	    "whole" },
	{ { "{}" }, -1, "it is no explore.json" },
	{ { "" }, -1, "it is no explore.json" },
};

START_TEST(parts_are_judged_as_one)
{
	char dir[] = "/tmp/test_merge.XXXXXX";
	const char *files[3];
	struct err e = ERR_INIT;
	struct buf out;
	size_t n = 0;
	int rc;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (; n < 3 && merges[_i].parts[n] != NULL; n++) {
		files[n] = mem_printf("%s/%zu.json", dir, n);
		ck_assert_int_eq(file_write(files[n], merges[_i].parts[n],
		    strlen(merges[_i].parts[n]), 0600, NULL), 0);
	}
	buf_init(&out, 1 << 20);
	rc = merge_reports(files, n, NULL, &out, &e);
	ck_assert_int_eq(rc, merges[_i].rc);
	ck_assert_msg(strstr(rc < 0 ? err_msg(&e) : out.p,
	    merges[_i].says) != NULL, "%s", rc < 0 ? err_msg(&e) : out.p);
	buf_release(&out);
	err_release(&e);
	while (n-- > 0)
		free((void *)(uintptr_t)files[n]);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("merge");
	TCase *t = tcase_create("merge");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, parts_are_judged_as_one, 0, NELEMS(merges));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? 0 : 1);
}
