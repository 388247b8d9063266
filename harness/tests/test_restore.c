/* Restores by a Litestream that is a script: it copies a file that lies ready,
 * or fails.  What is tested is what the harness makes of it. */
#include "harness/tests/drill.h"

#include "harness/machine/machine.h"
#include "harness/oracle/oracles.h"
#include "harness/replicator/restore.h"
#include "harness/workload/ledger.h"
#include "harness/workload/load.h"

#define ROWS	12
#define OLDER	7

static struct run *
r(void)
{

	return (&drill.run);
}

/* `restore` writes its words to the file `asked`, and does `script` with $out
 * being the output. */
static void
litestream(const char *script)
{

	drill_write(drill_path("litestream"), arena_printf(&drill.arena,
	    "#!/bin/sh\necho \"$@\" >>%s\n"
	    "while [ \"$1\" != -o ]; do shift; done\nout=$2\n%s\n",
	    drill_path("asked"), script), 0755);
}

static const char *
copies(const char *file)
{

	return (arena_printf(&drill.arena, "cp %s \"$out\"",
	    drill_path(file)));
}

static void
load(int64_t rows)
{
	const struct load_opts o = { .workload = "append", .rows = rows,
	    .payload = 100, .via = "file", .db = "db" };
	struct err e = ERR_INIT;

	ck_assert_msg(load_direct(drill_path("db"), r()->ledger, &o, &e) == 0,
	    "%s", err_msg(&e));
	ck_assert_int_eq(ledger_refresh(r()->ledger, NULL), 0);
}

static void
begin(void)
{
	struct err e = ERR_INIT;
	int status;
	json_t *j;

	drill_begin_emu();
	drill.opts.no_root_view = true;
	litestream("exit 9");
	r()->machine = machine_new(r(), &e);
	ck_assert_msg(r()->machine != NULL, "%s", err_msg(&e));
	r()->ledger = ledger_open(drill_path("out/ledger"), &e);
	ck_assert_msg(r()->ledger != NULL, "%s", err_msg(&e));
	load(OLDER);
	ck_assert_int_eq(file_copy(drill_path("db"), drill_path("older"),
	    NULL), 0);
	load(ROWS - OLDER);
	j = emu_google(r()->emu, "POST", "storage.googleapis.com",
	    arena_printf(&drill.arena, "/storage/v1/b?project=%s",
	    r()->project), json_pack("{s:s}", "name", r()->bucket), &status,
	    &e);
	ck_assert_msg(status == 200, "%s", err_msg(&e));
	json_decref(j);
}

static void
end(void)
{

	ledger_free(r()->ledger);
	machine_free(r()->machine);
	r()->machine = NULL;
	drill_end();
}

static void
restore(int64_t parallelism, char *const *flags)
{

	ck_assert_msg(restore_on_machine(r(), NULL, parallelism, 30 * SEC,
	    flags) == VERDICT_PASS, "%s", r()->why);
}

START_TEST(restore_is_judged_and_timed)
{

	litestream(copies("db"));
	restore(0, NULL);
	ck_assert(r()->restored.done);
	ck_assert_int_eq(r()->restored.status, 0);
	ck_assert(r()->restored.whole && r()->restored.chain &&
	    r()->restored.prefix);
	ck_assert_int_eq(r()->restored.rows, ROWS);
	ck_assert_int_eq(r()->restored.lost, 0);
	ck_assert_str_eq(r()->restored.hash, ledger_head(r()->ledger)->hash);
	ck_assert_str_eq(r()->restored.path, machine_host_path(r()->machine,
	    "/data/app.db"));
	/* Nothing was lost, so there is no recovery to speak of. */
	ck_assert_int_eq(r()->restored.rto_us, -1);
	ck_assert_int_eq(r()->rpo_rows, -1);
	ck_assert_int_eq(r()->rto_us, -1);
}
END_TEST

START_TEST(restore_after_a_loss_says_what_it_cost)
{

	litestream(copies("older"));
	run_note_loss(r());
	restore(0, NULL);
	ck_assert_int_eq(r()->restored.rows, OLDER);
	ck_assert_int_eq(r()->restored.lost, ROWS - OLDER);
	ck_assert_int_eq(r()->rpo_rows, ROWS - OLDER);
	ck_assert_int_eq(r()->rpo_us, r()->restored.lost_age_us);
	ck_assert_int_eq(r()->rto_us, r()->restored.rto_us);
	ck_assert_int_gt(r()->rto_us, 0);
	/* A better one later in the drill does not hide it. */
	litestream(copies("db"));
	ck_assert_int_eq(unlink(r()->restored.path), 0);
	restore(0, NULL);
	ck_assert_int_eq(r()->restored.lost, 0);
	ck_assert_int_eq(r()->rpo_rows, ROWS - OLDER);
}
END_TEST

START_TEST(command_is_the_runbooks)
{
	char *flags[] = { arena_strdup(&drill.arena, "-if-db-not-exists"),
	    NULL };
	const char *want;

	restore(64, flags);
	want = arena_printf(&drill.arena, "restore -o %s -parallelism 64 "
	    "-if-db-not-exists gs://%s/%s\n", machine_path(r()->machine,
	    "/data/app.db"), r()->bucket, r()->path);
	ck_assert_str_eq(drill_read(drill_path("asked")), want);
}
END_TEST

START_TEST(failed_restore_is_told_by_its_status)
{

	litestream("echo out; echo no backup >&2; exit 3");
	restore(0, NULL);
	ck_assert(!r()->restored.done);
	ck_assert_int_eq(r()->restored.status, 3);
	ck_assert(r()->exec_any);
	ck_assert_int_eq(r()->exec_status, 3);
	ck_assert_str_eq(r()->exec_out, "out\n");
	ck_assert_str_eq(r()->exec_err, "no backup\n");
}
END_TEST

START_TEST(restore_that_says_0_and_leaves_nothing_is_not_whole)
{

	litestream("exit 0");
	restore(0, NULL);
	ck_assert(r()->restored.done);
	ck_assert(!r()->restored.whole && !r()->restored.prefix);
	ck_assert_int_eq(r()->restored.lost, ROWS);
	ck_assert_ptr_nonnull(strstr(r()->restored.why, "there is no file"));
}
END_TEST

START_TEST(restore_that_says_0_and_leaves_the_old_file_is_not_whole)
{

	litestream(copies("db"));
	restore(0, NULL);
	ck_assert(r()->restored.whole);
	litestream("exit 0");
	restore(0, NULL);
	ck_assert(!r()->restored.whole && !r()->restored.prefix);
	ck_assert_int_eq(r()->restored.lost, ROWS);
	ck_assert_ptr_nonnull(strstr(r()->restored.why, "as it was"));
}
END_TEST

START_TEST(restore_that_does_not_end_is_a_failure)
{

	litestream("exec sleep 60");
	ck_assert_int_eq(restore_on_machine(r(), NULL, 0, SEC / 5, NULL),
	    VERDICT_FAIL);
	ck_assert_str_eq(r()->why, "the restore did not end within 0.2s");
	ck_assert(!r()->restored.done);
}
END_TEST

START_TEST(release_without_parallelism_is_an_error)
{
	struct replicator old = *drill.rel.rep;

	old.parallelism = false;
	drill.rel.rep = &old;
	ck_assert_int_eq(restore_on_machine(r(), NULL, 8, SEC, NULL),
	    VERDICT_ERROR);
	ck_assert_ptr_nonnull(strstr(r()->why, "has no restore -parallelism"));
}
END_TEST

START_TEST(output_goes_where_the_scenario_says)
{
	const char *prefix = machine_prefix(r()->machine);

	litestream(copies("db"));
	ck_assert_int_eq(restore_on_machine(r(), "/tmp/foo.db", 0, 30 * SEC,
	    NULL), VERDICT_PASS);
	ck_assert_int_eq(r()->restored.rows, ROWS);
	ck_assert(file_exists(machine_host_path(r()->machine,
	    "/tmp/foo.db")));
	ck_assert_str_eq(restore_place(r(), NULL), "/data/app.db");
	ck_assert_str_eq(restore_place(r(), "/tmp/x"), "/tmp/x");
	ck_assert_str_eq(restore_place(r(), arena_printf(&drill.arena,
	    "%s/tmp/x", prefix)), "/tmp/x");
}
END_TEST

START_TEST(worst_of_many_is_the_one_that_counts)
{

	/* Each takes the next state: whole, older, damaged, whole. */
	ck_assert_int_eq(file_copy(drill_path("db"), drill_path("damaged"),
	    NULL), 0);
	ck_assert_int_eq(truncate(drill_path("damaged"), 6000), 0);
	litestream(arena_printf(&drill.arena, "case $out in "
	    "*restore-2/*) cp %s \"$out\";; *restore-3/*) cp %s \"$out\";; "
	    "*) cp %s \"$out\";; esac", drill_path("older"),
	    drill_path("damaged"), drill_path("db")));
	ck_assert_int_eq(restore_many(r(), 2, 0, 30 * SEC), VERDICT_PASS);
	ck_assert(r()->restored.whole);
	ck_assert_int_eq(r()->restored.lost, ROWS - OLDER);
	ck_assert_int_eq(restore_many(r(), 4, 8, 30 * SEC), VERDICT_PASS);
	ck_assert(!r()->restored.whole);
	ck_assert_ptr_nonnull(strstr(drill_read(drill_path("asked")),
	    "restore-4/app.db -parallelism 8 "));
}
END_TEST

START_TEST(one_failure_of_many_is_the_worst)
{

	litestream(arena_printf(&drill.arena, "case $out in *restore-2/*) "
	    "exit 5;; esac; cp %s \"$out\"", drill_path("db")));
	ck_assert_int_eq(restore_many(r(), 3, 0, 30 * SEC), VERDICT_PASS);
	ck_assert(!r()->restored.done);
	ck_assert_int_eq(r()->restored.status, 5);
}
END_TEST

START_TEST(many_run_at_the_same_time)
{

	/* Each waits for the other two: in turn they would never end. */
	litestream(arena_printf(&drill.arena, "touch %s/here-$$; "
	    "while [ $(ls %s/here-* | wc -l) -lt 3 ]; do sleep 0.02; done; "
	    "cp %s \"$out\"", drill.dir, drill.dir, drill_path("db")));
	ck_assert_msg(restore_many(r(), 3, 0, 30 * SEC) == VERDICT_PASS, "%s",
	    r()->why);
	ck_assert_int_eq(r()->restored.lost, 0);
}
END_TEST

START_TEST(one_of_many_that_does_not_end_is_a_failure)
{

	litestream(arena_printf(&drill.arena, "case $out in *restore-2/*) "
	    "exec sleep 60;; esac; cp %s \"$out\"", drill_path("db")));
	ck_assert_int_eq(restore_many(r(), 2, 0, 2 * SEC), VERDICT_FAIL);
	ck_assert(!r()->restored.done);
}
END_TEST

/* ---- synced ---- */

/* A mutation of the bucket. */
static void
touch(const char *bucket)
{
	struct err e = ERR_INIT;
	int status;
	json_t *j;

	j = emu_google(r()->emu, "POST", "storage.googleapis.com",
	    arena_printf(&drill.arena, "/storage/v1/b?project=%s",
	    r()->project), json_pack("{s:s}", "name", bucket), &status, &e);
	ck_assert_msg(status == 200, "%s", err_msg(&e));
	json_decref(j);
}

static size_t
tries(void)
{
	const char *s = drill_read(drill_path("asked"));
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == '\n';
	return (n);
}

START_TEST(synced_holds_when_the_head_comes_back)
{

	litestream(copies("older"));
	ck_assert_int_eq(restore_synced(r(), ROWS), 0);
	ck_assert_int_eq(restore_synced(r(), OLDER), 1);
	touch("another");
	litestream(copies("db"));
	ck_assert_int_eq(restore_synced(r(), ROWS), 1);
}
END_TEST

START_TEST(synced_asks_a_view_as_the_owner)
{

	litestream(arena_printf(&drill.arena, "env >%s",
	    drill_path("environment")));
	ck_assert_int_eq(restore_synced(r(), 1), 0);
	ck_assert_ptr_nonnull(strstr(drill_read(drill_path("asked")),
	    "gs://view-"));
	ck_assert_ptr_nonnull(strstr(drill_read(drill_path("environment")),
	    arena_printf(&drill.arena, "HTTPS_PROXY=http://%s\n",
	    emu_proxy(r()->emu))));
	ck_assert_ptr_nonnull(strstr(drill_read(drill_path("environment")),
	    "GOOGLE_APPLICATION_CREDENTIALS=/"));
}
END_TEST

START_TEST(synced_tries_a_mutation_only_once)
{

	litestream("exit 1");
	ck_assert_int_eq(restore_synced(r(), 1), 0);
	ck_assert_int_eq(restore_synced(r(), 1), 0);
	ck_assert_uint_eq(tries(), 1);
	touch("another");
	ck_assert_int_eq(restore_synced(r(), 1), 0);
	ck_assert_uint_eq(tries(), 2);
}
END_TEST

START_TEST(synced_does_not_take_another_history)
{
	struct ledger *l;

	/* As many rows, but not those of the ledger. */
	ck_assert_int_eq(unlink(drill_path("db")), 0);
	l = r()->ledger;
	r()->ledger = ledger_open(drill_path("other-ledger"), NULL);
	load(ROWS);
	ledger_free(r()->ledger);
	r()->ledger = l;
	litestream(copies("db"));
	ck_assert_int_eq(restore_synced(r(), ROWS), 0);
	ck_assert_int_eq(restore_synced(r(), 1), 0);
}
END_TEST

START_TEST(synced_holds_an_earlier_try_against_the_ledger_of_now)
{

	litestream(copies("db"));
	ck_assert_int_eq(restore_synced(r(), ROWS), 1);
	/* Another database in its place, as long; the bucket is as it was. */
	ck_assert_int_eq(unlink(drill_path("db")), 0);
	ledger_rebase(r()->ledger, 0);
	load(ROWS);
	ck_assert_int_eq(restore_synced(r(), ROWS), 0);
}
END_TEST

START_TEST(synced_is_not_fooled_by_status_0_without_a_file)
{

	litestream("exit 0");
	ck_assert_int_eq(restore_synced(r(), 0), 0);
}
END_TEST

START_TEST(synced_without_a_bucket_is_an_error)
{

	r()->bucket = "no-such-bucket";
	ck_assert_int_eq(restore_synced(r(), 1), -1);
	ck_assert_int_eq(r()->verdict, VERDICT_ERROR);
}
END_TEST

START_TEST(synced_leaves_no_view_and_no_file)
{
	size_t before = drill_entries(r()->dir);

	litestream(copies("db"));
	ck_assert_int_eq(restore_synced(r(), 1), 1);
	ck_assert_uint_eq(drill_entries(r()->dir), before);
	/* The name of the view is free again. */
	touch(arena_printf(&drill.arena, "view-%lld",
	    (long long)emu_mutation(r()->emu, NULL)));
}
END_TEST

START_TEST(folder_is_asked_as_it_is_each_time)
{

	r()->folder = drill_path("backup");
	litestream(copies("older"));
	ck_assert_int_eq(restore_synced(r(), ROWS), 0);
	ck_assert_ptr_nonnull(strstr(drill_read(drill_path("asked")),
	    "file:///"));
	litestream(copies("db"));
	ck_assert_int_eq(restore_synced(r(), ROWS), 1);
}
END_TEST

/* ---- views ---- */

/* As `script` does, but the first `n` restores bring back all. */
static void
then(int n, const char *script)
{

	litestream(arena_printf(&drill.arena, "[ $(wc -l <%s) -gt %d ] || "
	    "{ %s; exit; }\n%s", drill_path("asked"), n, copies("db"),
	    script));
}

static void
views(enum verdict want, const char *property)
{

	static int n;

	for (int i = 0; i < 3; i++)
		touch(arena_printf(&drill.arena, "change-%d", n++));
	r()->property = NULL;
	ck_assert_msg(restore_views(r(), 100) == want, "%s", r()->why);
	if (property != NULL)
		ck_assert_str_eq(r()->property, property);
}

START_TEST(views_that_all_come_back_are_fine)
{

	then(100, "exit 9");
	views(VERDICT_PASS, NULL);
	ck_assert_uint_ge(tries(), 3);
}
END_TEST

START_TEST(view_before_the_first_backup_promises_nothing)
{

	litestream(arena_printf(&drill.arena, "[ $(wc -l <%s) -gt 2 ] || "
	    "exit 1\n%s", drill_path("asked"), copies("db")));
	views(VERDICT_PASS, NULL);
	litestream("exit 1");
	views(VERDICT_FAIL, "restores");
}
END_TEST

START_TEST(view_that_falls_behind_is_a_failure)
{

	then(2, copies("older"));
	views(VERDICT_FAIL, "frontier");
}
END_TEST

START_TEST(view_that_cannot_be_restored_is_a_failure)
{

	then(2, "exit 1");
	views(VERDICT_FAIL, "restores");
	ck_assert_ptr_nonnull(strstr(r()->why, "an older one could"));
}
END_TEST

START_TEST(view_that_an_oracle_objects_to_is_a_failure)
{

	then(2, ": >\"$out\"");
	views(VERDICT_FAIL, "tables");
}
END_TEST

int
main(void)
{
	const TTest *const views_tests[] = {
		views_that_all_come_back_are_fine,
		view_before_the_first_backup_promises_nothing,
		view_that_falls_behind_is_a_failure,
		view_that_cannot_be_restored_is_a_failure,
		view_that_an_oracle_objects_to_is_a_failure,
	};
	const TTest *const machine[] = {
		restore_is_judged_and_timed,
		restore_after_a_loss_says_what_it_cost,
		command_is_the_runbooks,
		failed_restore_is_told_by_its_status,
		restore_that_says_0_and_leaves_nothing_is_not_whole,
		restore_that_says_0_and_leaves_the_old_file_is_not_whole,
		restore_that_does_not_end_is_a_failure,
		release_without_parallelism_is_an_error,
		output_goes_where_the_scenario_says,
		worst_of_many_is_the_one_that_counts,
		one_failure_of_many_is_the_worst,
		many_run_at_the_same_time,
		one_of_many_that_does_not_end_is_a_failure,
	};
	const TTest *const synced[] = {
		synced_holds_when_the_head_comes_back,
		synced_asks_a_view_as_the_owner,
		synced_tries_a_mutation_only_once,
		synced_does_not_take_another_history,
		synced_holds_an_earlier_try_against_the_ledger_of_now,
		synced_is_not_fooled_by_status_0_without_a_file,
		synced_without_a_bucket_is_an_error,
		synced_leaves_no_view_and_no_file,
		folder_is_asked_as_it_is_each_time,
	};
	const struct drill_case cases[] = {
		{ "machine", begin, end, machine, NELEMS(machine) },
		{ "synced", begin, end, synced, NELEMS(synced) },
		{ "views", begin, end, views_tests, NELEMS(views_tests) },
	};

	return (drill_main("restore", cases, NELEMS(cases)));
}
