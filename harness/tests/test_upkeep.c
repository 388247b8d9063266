/* What can be asked about a bucket in use: levels, quiet; and about an end
 * that was asked for. */
#include "harness/tests/drill.h"

#include <signal.h>

#include "harness/machine/machine.h"
#include "harness/script/probes.h"

static struct run *
r(void)
{

	return (&drill.run);
}

static void
begin(void)
{
	struct err e = ERR_INIT;
	int status;
	json_t *j;

	drill_begin_emu();
	j = emu_google(r()->emu, "POST", "storage.googleapis.com",
	    arena_printf(&drill.arena, "/storage/v1/b?project=%s",
	    r()->project), json_pack("{s:s}", "name", r()->bucket), &status,
	    &e);
	ck_assert_msg(status == 200, "%s", err_msg(&e));
	json_decref(j);
	drill_write(drill_path("payload"), "0123456789", 0600);
}

static void
put(const char *object)
{
	struct err e = ERR_INIT;

	ck_assert_msg(emu_upload(r()->emu, r()->bucket, object,
	    drill_path("payload"), &e) == 0, "%s", err_msg(&e));
}

static struct value
ask(const char *probe, const char *arg)
{
	const struct probe *p = probe_find(probe);
	struct value v = { 0 };

	ck_assert_ptr_nonnull(p);
	ck_assert_msg(p->fn(r(), arg, &v), "%s", r()->why);
	return (v);
}

START_TEST(object_is_read_as_it_was_written)
{
	const char *back = drill_path("back");

	put("a/b c");
	ck_assert_int_eq(emu_download(r()->emu, r()->bucket, "a/b c", back,
	    10, NULL), 0);
	ck_assert_str_eq(drill_read(back), "0123456789");
	ck_assert_int_eq(emu_download(r()->emu, r()->bucket, "a/b c", back,
	    9, NULL), -1);
	ck_assert_int_eq(emu_upload(r()->emu, "no-such-bucket", "a",
	    drill_path("payload"), NULL), -1);
}
END_TEST

START_TEST(level_is_behind_by_what_the_next_has_not)
{

	ck_assert_int_eq(ask("levels.behind", "0").n, 0);
	put("db/ltx/0/0000000000000001-0000000000000001.ltx");
	put("db/ltx/0/0000000000000002-0000000000000002.ltx");
	put("db/ltx/0/000000000000000a-000000000000000a.ltx");
	put("db/ltx/9/0000000000000001-00000000000000ff.ltx");
	put("db/other");
	ck_assert_int_eq(ask("levels.behind", "0").n, 3);
	put("db/ltx/1/0000000000000001-0000000000000002.ltx");
	ck_assert_int_eq(ask("levels.behind", "0").n, 1);
	ck_assert_int_eq(ask("levels.behind", "1").n, 1);
	put("db/ltx/1/0000000000000003-000000000000000a.ltx");
	ck_assert_int_eq(ask("levels.behind", "0").n, 0);
	ck_assert_int_eq(ask("bucket.like", "*/ltx/0/*").n, 3);
}
END_TEST

START_TEST(level_that_is_none_is_an_error)
{
	struct value v = { 0 };

	ck_assert(!probe_find("levels.behind")->fn(r(), "x", &v));
	ck_assert_ptr_nonnull(strstr(r()->why, "no level from 0 to 8"));
}
END_TEST

START_TEST(quiet_begins_again_with_each_change)
{
	int64_t first = ask("quiet", NULL).n, later;

	(void)usleep(50000);
	later = ask("quiet", NULL).n;
	ck_assert_int_ge(later, first + 50000);
	put("a");
	ck_assert_int_lt(ask("quiet", NULL).n, later);
}
END_TEST

START_TEST(honest_is_all_or_a_word)
{
	static const struct {
		int	status;
		int64_t	lost;
		bool	want;
	} cases[] = {
		{ 0, 0, true }, { 0, 1, false }, { 1, 1, true },
		{ 128 + SIGTERM, 1, false }, { 128 + SIGINT, 1, false },
		{ 128 + SIGTERM, 0, true }, { 128 + SIGSEGV, 1, true },
	};

	r()->restored = (struct restored) { .done = true, .whole = true,
	    .chain = true, .prefix = true };
	r()->stop_any = true;
	for (size_t i = 0; i < NELEMS(cases); i++) {
		r()->stop_status = cases[i].status;
		r()->restored.lost = cases[i].lost;
		ck_assert_int_eq(ask("honest", NULL).n, cases[i].want);
	}
}
END_TEST

START_TEST(honest_wants_a_stop_and_a_restore)
{
	struct value v = { 0 };

	ck_assert(!probe_find("honest")->fn(r(), NULL, &v));
	r()->restored.done = true;
	ck_assert(!probe_find("honest")->fn(r(), NULL, &v));
}
END_TEST

START_TEST(bytes_of_a_bucket_are_those_of_its_objects)
{

	ck_assert_int_eq(ask("bucket.bytes", NULL).n, 0);
	put("a");
	put("b/c");
	put("a");
	ck_assert_int_eq(ask("bucket.bytes", NULL).n, 20);
}
END_TEST

START_TEST(rate_is_of_the_densest_second_and_without_the_owner)
{

	drill_write(drill_path("out/journal.jsonl"), arena_printf(
	    &drill.arena,
	    "{\"api\":\"x.a\",\"t\":1.0,\"principal\":\"me\"}\n"
	    "{\"api\":\"x.a\",\"t\":3.9,\"principal\":\"me\"}\n"
	    "{\"api\":\"x.a\",\"t\":3.2,\"principal\":\"me\"}\n"
	    "{\"api\":\"x.b\",\"t\":3.3,\"principal\":\"me\"}\n"
	    "{\"api\":\"x.a\",\"t\":4.1,\"principal\":\"me\"}\n"
	    "{\"api\":\"x.a\",\"t\":4.1,\"principal\":\"%s\"}\n"
	    "{\"api\":\"x.a\",\"t\":4.2,\"principal\":\"me\"}\n",
	    emu_owner(r()->emu)), 0600);
	ck_assert_int_eq(ask("journal.rate", "x.a").n, 3);
	ck_assert_int_eq(ask("journal.rate", "x.*").n, 4);
	ck_assert_int_eq(ask("journal.rate", "y").n, 0);
}
END_TEST

START_TEST(bytes_are_what_was_uploaded_for_an_object)
{

	drill_write(drill_path("out/journal.jsonl"), arena_printf(
	    &drill.arena,
	    "{\"object\":\"p/a\",\"in\":10,\"principal\":\"me\"}\n"
	    "{\"object\":\"p/b\",\"in\":200,\"principal\":\"me\"}\n"
	    "{\"object\":null,\"in\":3000,\"principal\":\"me\"}\n"
	    "{\"object\":\"p/a\",\"in\":4000,\"principal\":\"%s\"}\n"
	    "{\"object\":\"p/a\",\"in\":50000,\"principal\":null}\n",
	    emu_owner(r()->emu)), 0600);
	ck_assert_int_eq(ask("journal.bytes", "p/a").n, 50010);
	ck_assert_int_eq(ask("journal.bytes", "*").n, 50210);
	ck_assert_int_eq(ask("journal.bytes", "q").n, 0);
}
END_TEST

START_TEST(use_of_a_process_and_of_a_folder)
{
	char *const argv[] = { arena_strdup(&drill.arena, "sh"),
	    arena_strdup(&drill.arena, "-c"), arena_printf(&drill.arena,
	    ": >'%s'; sleep 60; :", drill_path("up")), NULL };
	struct err e = ERR_INIT;

	drill.opts.no_root_view = true;
	drill_write(drill_path("litestream"), "#!/bin/sh\n", 0755);
	r()->machine = machine_new(r(), &e);
	ck_assert_msg(r()->machine != NULL, "%s", err_msg(&e));
	ck_assert(ask("process.rss", "one").unknown);
	ck_assert_ptr_nonnull(machine_start(r()->machine, "one", argv, &e));
	/* A program that was only just begun holds next to nothing yet. */
	while (access(drill_path("up"), F_OK) != 0 &&
	    !ask("process.rss", "one").unknown)
		(void)usleep(1000);
	ck_assert_int_gt(ask("process.rss", "one").n, 100000);
	ck_assert_int_eq(ask("process.threads", "one").n, 1);
	ck_assert_int_ge(ask("process.fds", "one").n, 3);
	ck_assert_int_eq(ask("folder.files", "/data").n, 0);
	ck_assert_int_eq(file_mkdirs(machine_host_path(r()->machine,
	    "/data/below"), 0755, &e), 0);
	drill_write(machine_host_path(r()->machine, "/data/below/a"), "12345",
	    0600);
	drill_write(machine_host_path(r()->machine, "/data/b"), "123", 0600);
	ck_assert_int_eq(ask("folder.files", "/data").n, 2);
	ck_assert_int_eq(ask("folder.bytes", "/data").n, 8);
	machine_free(r()->machine);
	r()->machine = NULL;
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		object_is_read_as_it_was_written,
		level_is_behind_by_what_the_next_has_not,
		level_that_is_none_is_an_error,
		quiet_begins_again_with_each_change,
		honest_is_all_or_a_word,
		honest_wants_a_stop_and_a_restore,
		bytes_of_a_bucket_are_those_of_its_objects,
		rate_is_of_the_densest_second_and_without_the_owner,
		bytes_are_what_was_uploaded_for_an_object,
		use_of_a_process_and_of_a_folder,
	};
	const struct drill_case cases[] = {
		{ "upkeep", begin, drill_end, tests, NELEMS(tests) },
	};

	return (drill_main("upkeep", cases, NELEMS(cases)));
}
