/* Writers against a database on a machine, and through the application: what
 * they tell the ledger is what SQLite did, however they end. */
#include "harness/tests/drill.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/socket.h>

#include "harness/machine/machine.h"
#include "harness/oracle/oracles.h"
#include "harness/workload/ledger.h"
#include "harness/workload/load.h"

#define DB	"/data/app.db"

static struct run *
r(void)
{

	return (&drill.run);
}

static void
begin(void)
{
	struct err e = ERR_INIT;

	drill_begin_emu();
	drill.opts.no_root_view = true;
	drill.opts.seed = 7;
	r()->machine = machine_new(r(), &e);
	ck_assert_msg(r()->machine != NULL, "%s", err_msg(&e));
	r()->ledger = ledger_open(drill_path("out/ledger"), &e);
	ck_assert_msg(r()->ledger != NULL, "%s", err_msg(&e));
	r()->loads = loads_new(r());
}

static void
end(void)
{

	loads_free(r()->loads);
	ledger_free(r()->ledger);
	machine_free(r()->machine);
	r()->machine = NULL;
	drill_end();
}

static const char *
db_file(void)
{

	return (machine_host_path(r()->machine, DB));
}

static enum verdict
load(const char *workload, const char *name, int64_t rows, const char *via)
{
	const struct load_opts o = { .workload = workload, .name = name,
	    .rows = rows, .payload = 200, .via = via, .db = DB };

	return (load_run(r(), &o));
}

static void
append(int64_t rows)
{

	ck_assert_msg(load("append", NULL, rows, "file") == VERDICT_PASS, "%s",
	    r()->why);
}

static void
ck_verdict(enum verdict got, enum verdict want, const char *text)
{

	ck_assert_msg(got == want, "%s: %s", verdict_name(got), r()->why);
	ck_assert_msg(strstr(r()->why, text) != NULL, "%s", r()->why);
}

/* The database holds all that was acknowledged, and nothing that was not
 * attempted. */
static struct restored
ck_database_is_the_ledgers(void)
{
	struct restored got = { 0 };
	struct err e = ERR_INIT;

	ck_assert_msg(oracles_judge(db_file(), r()->dir, r()->ledger, 0,
	    &r()->arena, &got, &e) == 0, "%s", err_msg(&e));
	ck_assert_msg(got.why == NULL, "%s", got.why);
	ck_assert_int_eq(got.lost, 0);
	return (got);
}

static void
sql(const char *text)
{
	sqlite3 *s;
	char *msg = NULL;

	ck_assert_int_eq(sqlite3_open(db_file(), &s), SQLITE_OK);
	sqlite3_busy_timeout(s, 10000);
	ck_assert_msg(sqlite3_exec(s, text, NULL, NULL, &msg) == SQLITE_OK,
	    "%s: %s", text, msg);
	sqlite3_close(s);
}

static void
wait_rows(int64_t n)
{
	int64_t limit = clock_mono_us() + 30 * SEC;

	while (ledger_rows(r()->ledger) < n) {
		ck_assert_int_lt(clock_mono_us(), limit);
		ck_assert_int_eq(ledger_refresh(r()->ledger, NULL), 0);
		(void)usleep(500);
	}
}

static void
wait_ended(const char *name)
{
	int64_t limit = clock_mono_us() + 30 * SEC;

	while (load_alive(r(), name) == 1) {
		ck_assert_int_lt(clock_mono_us(), limit);
		(void)usleep(500);
	}
}

/* ---- on the file ---- */

START_TEST(append_in_the_foreground_is_acknowledged)
{

	append(50);
	ck_assert_int_eq(ledger_rows(r()->ledger), 50);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows, 50);
	append(10);
	ck_assert_int_eq(ledger_rows(r()->ledger), 60);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows, 60);
	ck_assert_int_eq(ledger_epoch(r()->ledger), 1);
}
END_TEST

START_TEST(every_workload_writes_what_the_oracles_accept)
{
	int64_t n = 0;

	for (const struct workload *w = workloads; w->name != NULL; w++) {
		ck_assert_msg(load(w->name, NULL, 60, "file") == VERDICT_PASS,
		    "%s: %s", w->name, r()->why);
		ck_assert_int_eq(ck_database_is_the_ledgers().rows, n += 60);
	}
	ck_assert_int_ge(n, 240);
}
END_TEST

static int64_t
pragma(const char *name)
{
	char text[64];
	sqlite3_stmt *st;
	sqlite3 *s;
	int64_t n;

	(void)snprintf(text, sizeof(text), "PRAGMA %s", name);
	ck_assert_int_eq(sqlite3_open(db_file(), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(s, text, -1, &st, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(s);
	return (n);
}

START_TEST(new_database_has_the_shape_that_was_asked_for)
{

	for (int size = 512; size <= 65536; size *= 2) {
		const struct load_opts o = { .workload = "shrink", .rows = 3,
		    .payload = 100, .via = "file", .db = DB,
		    .page_size = size, .auto_vacuum = "full", .mmap = true };

		(void)unlink(db_file());
		ck_assert_msg(load_run(r(), &o) == VERDICT_PASS, "%s",
		    r()->why);
		ck_assert_int_eq(pragma("page_size"), size);
		ck_assert_int_eq(pragma("auto_vacuum"), 1);
		(void)ck_database_is_the_ledgers();
	}
}
END_TEST

START_TEST(shrink_gives_back_what_it_took)
{
	const struct load_opts o = { .workload = "shrink", .rows = 1,
	    .payload = 2000, .via = "file", .db = DB };
	int64_t large;

	ck_assert_int_eq(load_run(r(), &o), VERDICT_PASS);
	large = pragma("page_count");
	ck_assert_int_gt(large, 200);
	ck_assert_int_eq(load_run(r(), &o), VERDICT_PASS);
	ck_assert_int_lt(pragma("page_count"), large / 10);
	(void)ck_database_is_the_ledgers();
}
END_TEST

START_TEST(empty_file_gets_its_schema)
{

	drill_write(db_file(), "", 0600);
	append(3);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows, 3);
}
END_TEST

START_TEST(older_state_begins_a_new_epoch_and_counts_the_loss)
{
	const char *older = drill_path("older");

	append(10);
	ck_assert_int_eq(file_copy(db_file(), older, NULL), 0);
	append(5);
	ck_assert_int_eq(unlink(db_file()), 0);
	ck_assert_int_eq(file_copy(older, db_file(), NULL), 0);
	append(2);
	ck_assert_int_eq(ledger_epoch(r()->ledger), 2);
	ck_assert_int_eq(r()->rpo_rows, 5);
	ck_assert_int_gt(r()->rpo_us, 0);
	ck_assert_int_eq(ledger_rows(r()->ledger), 12);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows, 12);
}
END_TEST

START_TEST(new_file_in_its_place_has_lost_all)
{

	append(10);
	ck_assert_int_eq(unlink(db_file()), 0);
	append(4);
	ck_assert_int_eq(r()->rpo_rows, 10);
	ck_assert_int_eq(ledger_rows(r()->ledger), 4);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows, 4);
}
END_TEST

START_TEST(same_file_that_has_gone_back_is_a_failure)
{

	append(10);
	sql("DELETE FROM ledger WHERE seq > 7");
	ck_verdict(load("append", NULL, 1, "file"), VERDICT_FAIL,
	    "ends at row 7, 3 acknowledged commits were there before");
}
END_TEST

START_TEST(row_that_nobody_attempted_is_a_failure)
{

	append(10);
	sql("INSERT INTO ledger VALUES(11, 1, x'', '', '')");
	ck_verdict(load("append", NULL, 1, "file"), VERDICT_FAIL,
	    "row 11 of the database was never attempted");
	ck_assert_int_eq(ledger_rows(r()->ledger), 10);
}
END_TEST

START_TEST(file_that_is_no_database_is_a_failure)
{

	drill_write(db_file(), "this is no database, whatever its name", 0600);
	ck_verdict(load("append", NULL, 1, "file"), VERDICT_FAIL,
	    "not a database");
}
END_TEST

START_TEST(folder_that_is_not_there_is_an_error)
{
	const struct load_opts o = { .workload = "append", .rows = 1,
	    .via = "file", .db = "/data/none/app.db" };

	ck_verdict(load_run(r(), &o), VERDICT_ERROR, "/data/none/app.db");
}
END_TEST

START_TEST(load_that_makes_no_sense_is_an_error)
{

	ck_verdict(load("nothing", NULL, 1, "file"), VERDICT_ERROR,
	    "no workload 'nothing'");
	ck_verdict(load("append", NULL, 0, "file"), VERDICT_ERROR, "as=NAME");
	ck_verdict(load("update", NULL, 1, "app"), VERDICT_ERROR, "via=file");
	ck_verdict(load_stop(r(), "writer"), VERDICT_ERROR, "'writer'");
	ck_assert_int_eq(load_alive(r(), "writer"), -1);
}
END_TEST

/* ---- in the background ---- */

START_TEST(named_load_goes_on_until_it_is_stopped)
{

	ck_assert_int_eq(load("mixed", "writer", 0, "file"), VERDICT_PASS);
	ck_assert_int_eq(load_alive(r(), "writer"), 1);
	ck_verdict(load("append", "writer", 1, "file"), VERDICT_ERROR,
	    "'writer' already");
	wait_rows(100);
	ck_assert_msg(load_stop(r(), "writer") == VERDICT_PASS, "%s",
	    r()->why);
	ck_assert_int_eq(load_alive(r(), "writer"), 0);
	ck_assert_int_ge(ledger_rows(r()->ledger), 100);
	/* The last transaction was let finish. */
	ck_assert_int_eq(ck_database_is_the_ledgers().rows,
	    ledger_rows(r()->ledger));
	ck_assert_ptr_null(ledger_get(r()->ledger,
	    ledger_rows(r()->ledger) + 1));
}
END_TEST

START_TEST(two_loads_write_one_chain)
{

	ck_assert_int_eq(load("append", "one", 0, "file"), VERDICT_PASS);
	ck_assert_int_eq(load("update", "two", 0, "file"), VERDICT_PASS);
	wait_rows(200);
	ck_assert_msg(load_stop(r(), "one") == VERDICT_PASS, "%s", r()->why);
	ck_assert_msg(load_stop(r(), "two") == VERDICT_PASS, "%s", r()->why);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows,
	    ledger_rows(r()->ledger));
}
END_TEST

START_TEST(pace_is_kept)
{
	const struct load_opts o = { .workload = "append", .rows = 6,
	    .payload = 10, .pace_us = 20000, .via = "file", .db = DB };
	int64_t t0 = clock_mono_us();

	ck_assert_int_eq(load_run(r(), &o), VERDICT_PASS);
	ck_assert_int_ge(clock_mono_us() - t0, 5 * 20000);
}
END_TEST

START_TEST(killed_writer_leaves_a_ledger_that_is_true)
{

	for (int i = 0; i < 15; i++) {
		char name[32];
		int64_t rows = ledger_rows(r()->ledger);

		(void)snprintf(name, sizeof(name), "writer%d", i);
		ck_assert_msg(load("mixed", name, 0, "file") == VERDICT_PASS,
		    "%s", r()->why);
		wait_rows(rows + 20);
		loads_kill(r());
		ck_assert_int_eq(load_alive(r(), name), 0);
		(void)ck_database_is_the_ledgers();
		ck_assert_int_eq(load_stop(r(), name), VERDICT_PASS);
	}
	append(5);
	ck_assert_int_eq(ledger_epoch(r()->ledger), 1);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows,
	    ledger_rows(r()->ledger));
}
END_TEST

START_TEST(background_load_ends_quietly_with_its_file)
{

	ck_assert_int_eq(load("append", "writer", 0, "file"), VERDICT_PASS);
	wait_rows(10);
	ck_assert_int_eq(unlink(db_file()), 0);
	wait_ended("writer");
	ck_assert_int_eq(loads_check(r()), VERDICT_PASS);
	ck_assert_int_eq(load_stop(r(), "writer"), VERDICT_PASS);
}
END_TEST

START_TEST(background_load_that_failed_is_not_overlooked)
{

	ck_assert_int_eq(load("append", "writer", 0, "file"), VERDICT_PASS);
	ck_assert_int_eq(loads_check(r()), VERDICT_PASS);
	wait_rows(10);
	sql("DROP TABLE ledger_sum");
	wait_ended("writer");
	ck_verdict(loads_check(r()), VERDICT_ERROR, "ledger_sum");
}
END_TEST

/* ---- through the application ---- */

static void
start_application(void)
{
	char *top = getenv("LITEDRILL_TOP");
	struct err e = ERR_INIT;
	char *argv[] = { arena_strdup(&drill.arena, "python3"),
	    arena_printf(&drill.arena, "%s/fixtures/deploy/app.py",
	    top != NULL ? top : "../../.."), NULL };
	int64_t limit = clock_mono_us() + 30 * SEC;
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (r()->app_port == 0) {
		ck_assert_int_ge(fd = socket(AF_INET, SOCK_STREAM, 0), 0);
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, len), 0);
		ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin,
		    &len), 0);
		(void)close(fd);
		r()->app_port = ntohs(sin.sin_port);
	}
	machine_env(r()->machine, "LISTEN", "127.0.0.1");
	machine_env(r()->machine, "PORT", arena_printf(&drill.arena, "%d",
	    r()->app_port));
	ck_assert_msg(machine_start(r()->machine, "application", argv, &e) !=
	    NULL, "%s", err_msg(&e));
	sin.sin_port = htons((uint16_t)r()->app_port);
	for (;;) {
		bool up;

		fd = socket(AF_INET, SOCK_STREAM, 0);
		up = connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0;
		(void)close(fd);
		if (up)
			return;
		ck_assert_int_lt(clock_mono_us(), limit);
		(void)usleep(5000);
	}
}

static void
kill_application(void)
{
	struct err e = ERR_INIT;

	ck_assert_msg(machine_kill(r()->machine, "application", SIGKILL,
	    &e) == 0, "%s", err_msg(&e));
}

START_TEST(application_writes_the_same_chain)
{

	start_application();
	ck_assert_msg(load("append", NULL, 30, "app") == VERDICT_PASS, "%s",
	    r()->why);
	ck_assert_int_eq(ledger_rows(r()->ledger), 30);
	/* And a writer on the file goes on with it, and the other way round. */
	append(5);
	ck_assert_msg(load("append", NULL, 5, "app") == VERDICT_PASS, "%s",
	    r()->why);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows, 40);
}
END_TEST

START_TEST(application_killed_in_between_leaves_a_ledger_that_is_true)
{

	for (int i = 0; i < 5; i++) {
		char name[32];
		int64_t rows = ledger_rows(r()->ledger);

		(void)snprintf(name, sizeof(name), "writer%d", i);
		start_application();
		ck_assert_msg(load("append", name, 0, "app") == VERDICT_PASS,
		    "%s", r()->why);
		wait_rows(rows + 10);
		kill_application();
		wait_ended(name);
		ck_assert_msg(load_stop(r(), name) == VERDICT_PASS, "%s",
		    r()->why);
		(void)ck_database_is_the_ledgers();
	}
	append(1);
	ck_assert_int_eq(ledger_epoch(r()->ledger), 1);
	ck_assert_int_eq(ck_database_is_the_ledgers().rows,
	    ledger_rows(r()->ledger));
}
END_TEST

START_TEST(application_that_is_not_there_is_a_failure)
{

	append(1);
	start_application();
	kill_application();
	ck_verdict(load("append", NULL, 1, "app"), VERDICT_FAIL,
	    "the application at http://127.0.0.1:");
}
END_TEST

START_TEST(background_load_that_never_reached_it_is_inconclusive)
{

	append(1);
	start_application();
	kill_application();
	ck_assert_int_eq(load("append", "writer", 0, "app"), VERDICT_PASS);
	wait_ended("writer");
	ck_verdict(load_stop(r(), "writer"), VERDICT_ERROR,
	    "inconclusive: no append was answered; the application at");
}
END_TEST

START_TEST(application_without_its_database_is_an_error)
{

	r()->app_port = 1;
	ck_verdict(load("append", NULL, 1, "app"), VERDICT_ERROR,
	    "database " DB " of the application");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		append_in_the_foreground_is_acknowledged,
		every_workload_writes_what_the_oracles_accept,
		new_database_has_the_shape_that_was_asked_for,
		shrink_gives_back_what_it_took,
		empty_file_gets_its_schema,
		older_state_begins_a_new_epoch_and_counts_the_loss,
		new_file_in_its_place_has_lost_all,
		same_file_that_has_gone_back_is_a_failure,
		row_that_nobody_attempted_is_a_failure,
		file_that_is_no_database_is_a_failure,
		folder_that_is_not_there_is_an_error,
		load_that_makes_no_sense_is_an_error,
		named_load_goes_on_until_it_is_stopped,
		two_loads_write_one_chain,
		pace_is_kept,
		killed_writer_leaves_a_ledger_that_is_true,
		background_load_ends_quietly_with_its_file,
		background_load_that_failed_is_not_overlooked,
		application_writes_the_same_chain,
		application_killed_in_between_leaves_a_ledger_that_is_true,
		background_load_that_never_reached_it_is_inconclusive,
		application_that_is_not_there_is_a_failure,
		application_without_its_database_is_an_error,
	};
	const struct drill_case cases[] = {
		{ "load", begin, end, tests, NELEMS(tests) },
	};

	return (drill_main("load", cases, NELEMS(cases)));
}
