#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/report/findings.h"
#include "lib/file.h"
#include "lib/mem.h"

static const struct {
	const char *line, *name;
} lines[] = {
	{ "{\"api\":\"oauth.token\",\"status\":400,"
	    "\"reason\":\"unknown_account\"}", "no-account" },
	{ "{\"api\":\"oauth.token\",\"status\":400,"
	    "\"reason\":\"not_short_lived\"}", "clock" },
	{ "{\"api\":\"storage.objects.list\",\"status\":404,"
	    "\"reason\":\"no_bucket\"}", "no-bucket" },
	{ "{\"api\":\"storage.objects.insert\",\"status\":403,"
	    "\"reason\":\"role_too_small\","
	    "\"permission\":\"storage.objects.create\"}", "read-only-role" },
	{ "{\"api\":\"storage.objects.list\",\"status\":403,"
	    "\"reason\":\"role_too_small\","
	    "\"permission\":\"storage.objects.list\"}", "wrong-role" },
	{ "{\"api\":\"storage.objects.list\",\"status\":403,"
	    "\"reason\":\"not_granted\","
	    "\"permission\":\"storage.objects.list\"}", "no-binding" },
	/* an object that is not there, what a fault did, what went well */
	{ "{\"api\":\"storage.objects.get\",\"status\":404,"
	    "\"reason\":\"notFound\"}", NULL },
	{ "{\"api\":\"storage.objects.list\",\"status\":403,"
	    "\"reason\":\"not_granted\","
	    "\"permission\":\"storage.objects.list\","
	    "\"fault\":\"1:status\"}", NULL },
	{ "{\"api\":\"storage.objects.list\",\"status\":200}", NULL },
	{ "{\"api\":\"storage.objects.insert\",\"status\":403,"
	    "\"reason\":\"retentionPolicyNotMet\"}", NULL },
};

START_TEST(a_line_tells_the_mistake)
{
	json_t *j = json_loads(lines[_i].line, 0, NULL);
	const struct finding *f = finding_of_line(j);

	ck_assert_ptr_nonnull(j);
	ck_assert_pstr_eq(f != NULL ? f->name : NULL, lines[_i].name);
	json_decref(j);
}
END_TEST

START_TEST(the_output_tells_the_mistake)
{
#define GOT	"cannot: google: error getting credentials using "	\
	"GOOGLE_APPLICATION_CREDENTIALS environment variable: "
	static const char *const said[][2] = {
		{ GOT "open /app/k.json: no such file or directory\n",
		    "key-not-there" },
		{ GOT "open /app/k.json: permission denied\n",
		    "key-unreadable" },
		{ GOT "invalid character 'x' looking for\n", "key-not-json" },
	};

	for (size_t i = 0; i < NELEMS(said); i++)
		ck_assert_str_eq(finding_of_output(said[i][0])->name,
		    said[i][1]);
	ck_assert_ptr_null(finding_of_output("open /data/db: permission "
	    "denied"));
}
END_TEST

START_TEST(the_owners_requests_do_not_count)
{
	char path[] = "/tmp/findings-XXXXXX";
	struct arena arena = ARENA_INIT;
	const char *said = NULL;
	const char *text =
	    "{\"api\":\"storage.objects.list\",\"status\":404,"
	    "\"reason\":\"no_bucket\",\"bucket\":\"b-1\","
	    "\"principal\":\"user:owner@x\"}\n"
	    "{\"api\":\"oauth.token\",\"status\":400,\"principal\":null,"
	    "\"reason\":\"bad_signature\"}\n";
	int fd = mkstemp(path);

	ck_assert_int_eq(file_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
	ck_assert_str_eq(finding_of_journal(path, "owner@x", &arena,
	    &said)->name, "bad-key");
	ck_assert_str_eq(finding_of_journal(path, "other@x", &arena,
	    &said)->name, "no-bucket");
	ck_assert_ptr_nonnull(strstr(said, " bucket b-1: "));
	(void)unlink(path);
	ck_assert_ptr_null(finding_of_journal(path, "owner@x", &arena,
	    &said));
	arena_release(&arena);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("findings");
	TCase *t = tcase_create("findings");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, a_line_tells_the_mistake, 0, NELEMS(lines));
	tcase_add_test(t, the_output_tells_the_mistake);
	tcase_add_test(t, the_owners_requests_do_not_count);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed > 0);
}
