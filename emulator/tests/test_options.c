#include <check.h>
#include <string.h>

#include "emulator/options.h"
#include "lib/file.h"

static struct options o;
static struct err e;
static struct arena arena;
static char *env[8];
static const char *called = "gcs-emulator";

static int
parse(bool words, const char *a, const char *b, const char *c)
{
	char *argv[5] = { (char *)(uintptr_t)called };
	int argc = 1;

	argv[argc] = (char *)(uintptr_t)a;
	argc += a != NULL;
	argv[argc] = (char *)(uintptr_t)b;
	argc += b != NULL;
	argv[argc] = (char *)(uintptr_t)c;
	argc += c != NULL;
	err_release(&e);
	arena_release(&arena);
	return (options_parse(argc, argv, 1, words, env, &arena, &o, &e));
}

START_TEST(values_come_as_the_next_word_or_after_the_equals_sign)
{

	ck_assert_int_eq(parse(false, "--http", "127.0.0.1:1", "--history"),
	    0);
	ck_assert_str_eq(o.start.http, "127.0.0.1:1");
	ck_assert(o.start.history);
	ck_assert_int_eq(parse(false, "--http=127.0.0.1:2", "--auth=on",
	    "--durability=power"), 0);
	ck_assert_str_eq(o.start.http, "127.0.0.1:2");
	ck_assert_int_eq(o.start.auth, START_AUTH_ON);
	ck_assert(o.start.power);
	ck_assert_int_eq(parse(false, NULL, NULL, NULL), 0);
	ck_assert_int_eq(o.start.auth, START_AUTH_DEFAULT);
	ck_assert_ptr_null(o.start.http);
}
END_TEST

START_TEST(soft_delete_is_none_or_7_to_90_days)
{

	ck_assert_int_eq(parse(false, NULL, NULL, NULL), 0);
	ck_assert_int_eq(o.start.soft_delete_s, 7 * 86400);
	ck_assert_int_eq(parse(false, "--soft-delete=0",
	    "--soft-delete-bytes=2GiB", "--object-write-limit=1"), 0);
	ck_assert_int_eq(o.start.soft_delete_s, -1);
	ck_assert_int_eq(o.start.soft_bytes, INT64_C(2) << 30);
	ck_assert_int_eq(o.start.write_limit, 1);
	ck_assert_int_eq(parse(false, "--soft-delete=90",
	    "--soft-delete-bytes=0", NULL), 0);
	ck_assert_int_eq(o.start.soft_delete_s, 90 * 86400);
	ck_assert_int_eq(o.start.soft_bytes, -1);
	ck_assert_int_ne(parse(false, "--soft-delete=6", NULL, NULL), 0);
	ck_assert_int_ne(parse(false, "--soft-delete=91", NULL, NULL), 0);
	ck_assert_int_ne(parse(false, "--object-write-limit=x", NULL, NULL),
	    0);
}
END_TEST

START_TEST(mistakes_are_named_with_what_was_meant)
{
	static const struct { const char *a, *b, *message; } t[] = {
		{ "--htp", "x", "did you mean --http?" },
		{ "--listen-beyond-lopback", NULL,
		    "did you mean --listen-beyond-loopback?" },
		{ "--zzzzzzzzz", NULL, "unknown option --zzzzzzzzz" },
		{ "--data", NULL, "--data DIR" },
		{ "--data=", NULL, "wants a folder" },
		{ "--auth", "perhaps", "on or off, not 'perhaps'" },
		{ "--durability", "no", "power or process, not 'no'" },
		{ "--history=yes", NULL, "takes no value" },
		{ "-histroy", NULL, "did you mean --history?" },
		{ "-", NULL, "'-' is no option" },
		{ "--port", "70000", "from 0 to 65535, not '70000'" },
		{ "--scheme", "ftp", "http, https or both" },
		{ "--backend", "disk", "memory or filesystem" },
		{ "--backend", "filesystem", "--filesystem-root DIR" },
		{ "--event.pubsub-topic", "t", "publishes no events" },
		{ "--log-level", "loud", "not 'loud'" },
		{ "--cert-location", "x", "belong together" },
		{ "word", NULL, "'word' is no option" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(parse(false, t[i].a, t[i].b, NULL), -1);
		ck_assert_msg(strstr(e.msg, t[i].message) != NULL, "%s: %s",
		    t[i].a, e.msg);
	}
}
END_TEST

START_TEST(a_command_begins_at_the_first_word_or_after_two_dashes)
{

	ck_assert_int_eq(parse(true, "--history", "sh", "--http"), 0);
	ck_assert_int_eq(o.rest, 2);
	ck_assert_ptr_null(o.start.http);
	ck_assert_int_eq(parse(true, "--", "--odd-name", NULL), 0);
	ck_assert_int_eq(o.rest, 2);
	ck_assert_int_eq(parse(true, "--history", NULL, NULL), 0);
	ck_assert_int_eq(o.rest, 2);
}
END_TEST

static void
teardown(void)
{

	err_release(&e);
}

START_TEST(environment_fills_what_the_command_line_leaves_out)
{
	static char http[] = "GCS_EMULATOR_HTTP=127.0.0.1:7";
	static char ours[] = "GCS_EMULATOR_LOCATION=EU";
	static char theirs[] = "FAKE_GCS_LOCATION=ASIA";
	static char only[] = "FAKE_GCS_CORS_HEADERS=X-A,X-B";
	static char history[] = "GCS_EMULATOR_HISTORY=1";
	static char bad[] = "GCS_EMULATOR_HISTORY=perhaps";

	env[0] = theirs;
	env[1] = http;
	env[2] = ours;
	env[3] = only;
	env[4] = history;
	ck_assert_int_eq(parse(false, NULL, NULL, NULL), 0);
	ck_assert_str_eq(o.start.http, "127.0.0.1:7");
	ck_assert_str_eq(o.start.location, "EU");
	ck_assert_str_eq(o.start.cors_headers, "X-A,X-B");
	ck_assert(o.start.history);
	ck_assert_int_eq(parse(false, "--location", "US",
	    "--http=127.0.0.1:8"), 0);
	ck_assert_str_eq(o.start.location, "US");
	ck_assert_str_eq(o.start.http, "127.0.0.1:8");
	env[4] = bad;
	ck_assert_int_eq(parse(false, NULL, NULL, NULL), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "GCS_EMULATOR_HISTORY"));
	memset(env, 0, sizeof(env));
}
END_TEST

/* As a whole word: --port is not --port-file. */
static bool
in_manual(const char *man, const char *name)
{
	char *flag = mem_printf("Fl -%s", name);
	bool found = false;

	for (const char *p = man; (p = strstr(p, flag)) != NULL && !found;
	    p++)
		found = p[strlen(flag)] == ' ' || p[strlen(flag)] == '\n';
	free(flag);
	return (found);
}

START_TEST(every_option_is_in_the_manual_and_in_help)
{
	json_auto_t *all = options_describe();
	char *help = NULL;
	size_t n = 0, i;
	json_t *one;
	struct buf man;
	FILE *f = open_memstream(&help, &n);
	const char *top = getenv("LITEDRILL_TOP");
	char *path = mem_printf("%s/emulator/gcs-emulator.1",
	    top != NULL ? top : ".");

	buf_init(&man, 1u << 20);
	ck_assert_int_eq(file_read(path, &man, NULL), 0);
	options_help(f);
	(void)fclose(f);
	json_array_foreach(all, i, one) {
		const char *name = json_string_value(json_object_get(one,
		    "name"));
		char *in_help = mem_printf("--%s ", name);

		ck_assert_msg(in_manual(man.p, name), "%s", name);
		ck_assert_msg(strstr(help, in_help) != NULL, "%s", in_help);
		free(in_help);
	}
	free(path);
	free(help);
	buf_release(&man);
}
END_TEST

START_TEST(scheme_host_and_port_become_endpoints)
{

	ck_assert_int_eq(parse(false, "-port=4443", NULL, NULL), 0);
	ck_assert_str_eq(o.start.http, "127.0.0.1:4443");
	ck_assert_ptr_null(o.start.https);
	ck_assert_int_eq(parse(false, "-scheme=both", "-port=1",
	    "-port-http=2"), 0);
	ck_assert_str_eq(o.start.https, "127.0.0.1:1");
	ck_assert_str_eq(o.start.http, "127.0.0.1:2");
	ck_assert_int_eq(parse(false, "-host=::1", "-port=1", NULL), 0);
	ck_assert_str_eq(o.start.http, "[::1]:1");
	ck_assert_int_eq(parse(false, "--http=127.0.0.1:1", "-port=1", NULL),
	    -1);
}
END_TEST

START_TEST(called_as_fake_gcs_server_it_has_that_programs_defaults)
{

	called = "/usr/bin/fake-gcs-server";
	ck_assert_int_eq(parse(false, NULL, NULL, NULL), 0);
	ck_assert(o.fake && o.start.internal);
	ck_assert_str_eq(o.start.https, "0.0.0.0:4443");
	ck_assert_ptr_null(o.start.http);
	ck_assert_str_eq(o.start.proxy, "off");
	ck_assert_str_eq(o.start.data, "/storage");
	ck_assert(!o.start.beyond_loopback);
	ck_assert_str_eq(o.start.location, "US-CENTRAL1");
	ck_assert_int_eq(parse(false, "-data=/d/none", "-backend=memory",
	    "-scheme=http"), 0);
	ck_assert_ptr_null(o.start.seed);	/* images give it to all */
	ck_assert_ptr_nonnull(strstr(o.notes, "/d/none is not there"));
	ck_assert_int_eq(parse(false, "-data=/", "-backend=memory",
	    "-scheme=http"), 0);
	ck_assert_str_eq(o.start.seed, "/");
	ck_assert_ptr_null(o.start.data);
	ck_assert_str_eq(o.start.http, "0.0.0.0:4443");
	ck_assert_int_eq(parse(false, "-external-url=http://Gcs:4443/x",
	    "-public-host=a.b", NULL), 0);
	ck_assert_str_eq(o.start.allow_hosts, "a.b,gcs");
	ck_assert_ptr_nonnull(strstr(o.notes, "--public-host"));
	called = "gcs-emulator";
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t,
	    values_come_as_the_next_word_or_after_the_equals_sign);
	tcase_add_test(t, mistakes_are_named_with_what_was_meant);
	tcase_add_test(t, soft_delete_is_none_or_7_to_90_days);
	tcase_add_test(t,
	    environment_fills_what_the_command_line_leaves_out);
	tcase_add_test(t, every_option_is_in_the_manual_and_in_help);
	tcase_add_test(t, scheme_host_and_port_become_endpoints);
	tcase_add_test(t,
	    called_as_fake_gcs_server_it_has_that_programs_defaults);
	tcase_add_test(t,
	    a_command_begins_at_the_first_word_or_after_two_dashes);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
