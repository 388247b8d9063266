/* Golden restored states: a database of 20 commits, and what a restore could
 * have made of it.  Each defect must be named by the oracle that is there for
 * it, and by no other first. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/oracle/judge.h"
#include "harness/oracle/oracles.h"
#include "harness/workload/load.h"
#include "lib/clock.h"
#include "lib/file.h"

#define ROWS	20
#define EARLIER	9	/* rows of the older state */

static struct arena arena;
static struct ledger *ledger;
static struct restored got;
static char dir[64];

/* A path in the test's folder. */
static const char *
at(const char *name)
{

	return (arena_printf(&arena, "%s/%s", dir, name));
}

static void
copy(const char *from, const char *to)
{
	struct err e = ERR_INIT;

	ck_assert_msg(file_copy(at(from), at(to), &e) == 0, "%s", err_msg(&e));
}

static void
load(const char *db, struct ledger *l, const char *workload, int64_t rows)
{
	const struct load_opts o = { .workload = workload, .rows = rows,
	    .payload = 300, .via = "file", .db = db };
	struct err e = ERR_INIT;

	ck_assert_msg(load_direct(at(db), l, &o, &e) == 0, "%s", err_msg(&e));
	ck_assert_int_eq(ledger_refresh(l, NULL), 0);
}

static void
set_up(void)
{

	arena = (struct arena) ARENA_INIT;
	got = (struct restored) { 0 };
	(void)snprintf(dir, sizeof(dir), "oracles-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mkdir(at("scratch"), 0700), 0);
	ledger = ledger_open(at("ledger"), NULL);
	ck_assert_ptr_nonnull(ledger);
	load("db", ledger, "update", EARLIER);
	copy("db", "older");
	copy("ledger", "older-ledger");
	load("db", ledger, "update", ROWS - EARLIER);
}

static void
tear_down(void)
{

	ledger_free(ledger);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	arena_release(&arena);
}

static void
sql(const char *db, const char *text)
{
	sqlite3 *s;
	char *msg = NULL;

	ck_assert_int_eq(sqlite3_open(at(db), &s), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(s, text, NULL, NULL, &msg) == SQLITE_OK,
	    "%s: %s", text, msg);
	sqlite3_close(s);
}

static void
judge_against(const char *db, struct ledger *l)
{
	struct err e = ERR_INIT;

	ck_assert_msg(oracles_judge(at(db), at("scratch"), l, 0, &arena, &got,
	    &e) == 0, "%s", err_msg(&e));
}

static void
judge(const char *db)
{

	judge_against(db, ledger);
}

static void
ck_all_holds(void)
{

	ck_assert_msg(got.why == NULL, "%s", got.why);
	ck_assert(got.whole && got.chain && got.prefix);
}

/* why is `ORACLE: …TEXT…`. */
static void
ck_named(const char *oracle, const char *text)
{

	ck_assert_msg(got.why != NULL, "nothing was found");
	ck_assert_msg(strncmp(got.why, oracle, strlen(oracle)) == 0 &&
	    got.why[strlen(oracle)] == ':', "%s", got.why);
	ck_assert_msg(strstr(got.why, text) != NULL, "%s", got.why);
}

/* ---- states that are as they should be ---- */

START_TEST(untouched_database_holds_all)
{

	judge("db");
	ck_all_holds();
	ck_assert_int_eq(got.rows, ROWS);
	ck_assert_int_eq(got.lost, 0);
	ck_assert_int_eq(got.lost_age_us, 0);
	ck_assert_str_eq(got.hash, ledger_head(ledger)->hash);
}
END_TEST

START_TEST(older_state_is_a_prefix_and_the_rest_is_lost)
{
	const struct ledger_entry *oldest = ledger_get(ledger, EARLIER + 1);
	struct err e = ERR_INIT;

	ck_assert_int_eq(oracles_judge(at("older"), at("scratch"), ledger,
	    oldest->ack_us + 5000, &arena, &got, &e), 0);
	ck_all_holds();
	ck_assert_int_eq(got.rows, EARLIER);
	ck_assert_int_eq(got.lost, ROWS - EARLIER);
	ck_assert_int_eq(got.lost_age_us, 5000);
	ck_assert_str_eq(got.hash, ledger_get(ledger, EARLIER)->hash);
}
END_TEST

/* The ledger's file without its last line. */
static struct ledger *
without_last_line(const char *instead)
{
	struct ledger *l;
	struct buf b;

	buf_init(&b, 1 << 20);
	ck_assert_int_eq(file_read(at("ledger"), &b, NULL), 0);
	buf_cut(&b, b.len - 1);
	buf_cut(&b, (size_t)(strrchr(b.p, '\n') - b.p) + 1);
	buf_adds(&b, instead);
	ck_assert_int_eq(file_write(at("edited"), b.p, b.len, 0600, NULL), 0);
	buf_release(&b);
	l = ledger_open(at("edited"), NULL);
	ck_assert_ptr_nonnull(l);
	return (l);
}

START_TEST(row_attempted_and_not_acknowledged_may_be_there)
{
	struct ledger *l = without_last_line("");

	ck_assert_int_eq(ledger_rows(l), ROWS - 1);
	judge_against("db", l);
	ck_all_holds();
	ck_assert_int_eq(got.rows, ROWS);
	ck_assert_int_eq(got.lost, 0);
	ledger_free(l);
}
END_TEST

START_TEST(row_that_the_application_never_told_of_may_be_there)
{
	const struct load_opts o = { .workload = "append", .rows = 1,
	    .payload = 300, .via = "file", .db = "ten" };
	char digest[LEDGER_HASH + 1];
	struct ledger *l, *other;
	sqlite3_stmt *st;
	sqlite3 *db;

	copy("older", "ten");
	copy("older-ledger", "other-ledger");
	other = ledger_open(at("other-ledger"), NULL);
	ck_assert_int_eq(load_direct(at("ten"), other, &o, NULL), 0);
	ledger_free(other);
	ck_assert_int_eq(sqlite3_open(at("ten"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT payload FROM ledger"
	    " WHERE seq = 10", -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ledger_digest(digest, sqlite3_column_blob(st, 0),
	    (size_t)sqlite3_column_bytes(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);

	l = ledger_open(at("older-ledger"), NULL);
	judge_against("ten", l);
	ck_named("not-beyond", "row 10 was never attempted");
	ck_assert_int_eq(ledger_ask(l, EARLIER + 1, 1, digest), 0);
	judge_against("ten", l);
	ck_all_holds();
	ck_assert_int_eq(got.rows, EARLIER + 1);
	ledger_free(l);
}
END_TEST

START_TEST(empty_file_is_a_prefix_of_nothing)
{
	struct ledger *l = ledger_open(at("new-ledger"), NULL);

	ck_assert_int_eq(file_write(at("empty"), "", 0, 0600, NULL), 0);
	judge_against("empty", l);
	ck_all_holds();
	ck_assert_int_eq(got.rows, 0);
	ck_assert_str_eq(got.hash, "");
	ledger_free(l);
}
END_TEST

/* ---- defects that SQL can plant ---- */

#define SUMS	"UPDATE ledger_sum SET rows = (SELECT count(*) FROM ledger)," \
	" total = (SELECT sum(seq) FROM ledger);"

static const struct {
	const char *sql, *oracle, *text;
	bool	whole, chain, prefix;
	int64_t	rows, lost;
} defects[] = {
	{ "DELETE FROM ledger WHERE seq = 10;" SUMS, "chain",
	    "row 11 follows row 9", true, false, false, 19, 11 },
	{ "DELETE FROM ledger WHERE seq = 1;" SUMS, "chain",
	    "row 2 follows row 0", true, false, false, 19, 20 },
	{ "DELETE FROM ledger WHERE seq = 10", "sum", "a scan 19", false, false,
	    false, 19, 11 },
	{ "UPDATE ledger SET payload = x'00' WHERE seq = 10", "chain",
	    "row 10 does not have the content", true, false, true, 20, 11 },
	{ "UPDATE ledger SET at_us = at_us + 1 WHERE seq = 20", "chain",
	    "row 20", true, false, true, 20, 1 },
	{ "UPDATE ledger SET prev = hash WHERE seq = 5", "chain",
	    "row 5 does not carry the hash of the row before it", true, false,
	    true, 20, 16 },
	{ "UPDATE ledger SET hash = prev WHERE seq = 20", "chain", "row 20",
	    true, false, false, 20, 1 },
	{ "UPDATE ledger_sum SET total = total + 1", "sum", "210", false, true,
	    true, 20, 0 },
	{ "UPDATE ledger_sum SET rows = 0", "sum", "0 rows", false, true, true,
	    20, 0 },
	{ "DELETE FROM ledger_sum", "sum", "", false, true, true, 20, 0 },
	{ "DROP TABLE ledger_sum", "tables", "no table ledger_sum", false,
	    true, true, 20, 0 },
	{ "DROP INDEX ledger_hash", "index", "no index", false, true, true, 20,
	    0 },
	{ "DROP INDEX ledger_hash; CREATE INDEX ledger_hash ON ledger(hash)"
	    " WHERE seq <> 10", "index", "", false, true, true, 20, 0 },
	{ "CREATE TABLE parent(id INTEGER PRIMARY KEY);"
	    "CREATE TABLE child(parent INTEGER REFERENCES parent(id));"
	    "INSERT INTO child VALUES(7)", "references", "row 1 of the table "
	    "child refers to a row of parent", false, true, true, 20, 0 },
	{ "DROP TABLE ledger", "tables", "without the ledger's table", false,
	    true, true, 0, 20 },
	{ "DELETE FROM ledger;" "UPDATE ledger_sum SET rows = 0, total = 0;"
	    "DELETE FROM side", "", "", true, true, true, 0, 20 },
	{ "DELETE FROM ledger WHERE seq > 17;" SUMS, "side",
	    "of commit", false, true, true, 17, 3 },
	{ "UPDATE side SET data = x'00' WHERE id = (SELECT max(id) FROM side)",
	    "side", "does not have the content", false, true, true, 20, 0 },
	{ "INSERT INTO ledger SELECT 21, 1, x'00', hash, 'ff' FROM ledger"
	    " WHERE seq = 20;" SUMS, "chain", "row 21", true, false, false, 21,
	    0 },
	{ "INSERT INTO ledger VALUES(-1, 1, x'00', '', '');" SUMS, "chain",
	    "row -1 follows row 0", true, false, false, 21, 20 },
};

START_TEST(defect_is_named_by_its_oracle)
{

	sql("db", defects[_i].sql);
	judge("db");
	if (*defects[_i].oracle == '\0')
		ck_all_holds();
	else
		ck_named(defects[_i].oracle, defects[_i].text);
	ck_assert_int_eq(got.whole, defects[_i].whole);
	ck_assert_int_eq(got.chain, defects[_i].chain);
	ck_assert_int_eq(got.prefix, defects[_i].prefix);
	ck_assert_int_eq(got.rows, defects[_i].rows);
	ck_assert_int_eq(got.lost, defects[_i].lost);
}
END_TEST

/* ---- other histories ---- */

START_TEST(row_never_attempted_is_beyond)
{
	struct ledger *l = ledger_open(at("older-ledger"), NULL);

	judge_against("db", l);
	ck_named("not-beyond", "row 10 was never attempted");
	ck_assert(got.whole && got.chain && !got.prefix);
	ck_assert_int_eq(got.lost, 0);
	ledger_free(l);
}
END_TEST

START_TEST(another_line_of_history_is_no_prefix)
{
	struct ledger *l = ledger_open(at("older-ledger"), NULL);

	load("older", l, "update", ROWS - EARLIER);
	judge("older");
	ck_named("prefix", "row 10 is not the one that was written");
	ck_assert(got.whole && got.chain && !got.prefix);
	ck_assert_int_eq(got.rows, ROWS);
	ck_assert_int_eq(got.lost, ROWS - EARLIER);
	ledger_free(l);
}
END_TEST

START_TEST(line_that_was_given_up_is_no_prefix)
{

	copy("db", "given-up");
	ledger_rebase(ledger, EARLIER);
	judge("given-up");
	ck_named("not-beyond", "row 10");
	load("older", ledger, "append", 3);
	judge("given-up");
	ck_named("prefix", "row 10");
	judge("older");
	ck_all_holds();
	ck_assert_int_eq(got.rows, EARLIER + 3);
}
END_TEST

/* ---- damaged files ---- */

START_TEST(empty_file_with_a_ledger_is_not_whole)
{

	ck_assert_int_eq(file_write(at("empty"), "", 0, 0600, NULL), 0);
	judge("empty");
	ck_named("tables", "the file is empty");
	ck_assert(!got.whole);
	ck_assert_int_eq(got.rows, 0);
	ck_assert_int_eq(got.lost, ROWS);
}
END_TEST

START_TEST(file_that_is_no_database_is_not_whole)
{
	int64_t seq;
	char hash[LEDGER_HASH + 1];

	ck_assert_int_eq(file_write(at("text"), "not a database, at all", 22,
	    0600, NULL), 0);
	judge("text");
	ck_named("integrity", "not a database");
	ck_assert(!got.whole && !got.chain && !got.prefix);
	ck_assert_int_eq(got.lost, ROWS);
	ck_assert_int_eq(oracles_frontier(at("text"), &seq, hash, NULL), -1);
}
END_TEST

START_TEST(truncated_file_is_not_whole)
{

	ck_assert_int_eq(truncate(at("db"), file_size(at("db")) / 8192 * 4096),
	    0);
	judge("db");
	ck_named("integrity", "");
	ck_assert(!got.whole && !got.chain && !got.prefix);
	ck_assert_int_ne(got.lost, 0);
}
END_TEST

/* Where the text stands in the file; -1: nowhere. */
static int64_t
find_in_file(const char *db, const char *text)
{
	struct buf b;
	const char *p;
	int64_t where;

	buf_init(&b, 1 << 24);
	ck_assert_int_eq(file_read(at(db), &b, NULL), 0);
	p = memmem(b.p, b.len, text, strlen(text));
	where = p != NULL ? p - b.p : -1;
	buf_release(&b);
	return (where);
}

static void
poke(const char *db, int64_t where, const char *text)
{
	FILE *f = fopen(at(db), "r+be");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(where, 0);
	ck_assert_int_eq(fseek(f, (long)where, SEEK_SET), 0);
	ck_assert_int_eq(fputs(text, f) >= 0, 1);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(page_of_an_index_that_is_not_of_its_table_is_found)
{
	struct oracle_ctx c = { .arena = &arena, .table = true };
	const struct oracle *o = oracles;
	const char *hash = ledger_get(ledger, 10)->hash;
	int64_t root;
	sqlite3_stmt *st;

	/* The index's leaf is the page that holds hashes and no payloads: its
	 * copy of the hash is the one on the root page of the index. */
	ck_assert_int_eq(sqlite3_open(at("db"), &c.db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(c.db, "SELECT rootpage FROM"
	    " sqlite_master WHERE name = 'ledger_hash'", -1, &st, NULL), 0);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	root = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(c.db);
	{
		struct buf b;
		const char *p;

		buf_init(&b, 1 << 24);
		ck_assert_int_eq(file_read(at("db"), &b, NULL), 0);
		p = memmem(b.p + (root - 1) * 4096, 4096, hash, LEDGER_HASH);
		ck_assert_ptr_nonnull(p);
		/* The last letter, so that the order of the index stays. */
		poke("db", p - b.p + LEDGER_HASH - 1,
		    hash[LEDGER_HASH - 1] == 'f' ? "e" : "f");
		buf_release(&b);
	}
	judge("db");
	ck_named("integrity", "index ledger_hash");
	ck_assert(!got.whole && got.chain && got.prefix);

	while (strcmp(o->name, "index") != 0)
		o++;
	ck_assert_int_eq(sqlite3_open(at("db"), &c.db), SQLITE_OK);
	ck_assert(!o->fn(&c));
	ck_assert_str_eq(c.why, "1 rows of the ledger are not in its index");
	sqlite3_close(c.db);
}
END_TEST

START_TEST(payload_changed_on_its_page_is_found)
{

	sql("db", "UPDATE ledger SET payload = CAST('needle' AS BLOB)"
	    " WHERE seq = 3");
	poke("db", find_in_file("db", "needle"), "noodle");
	judge("db");
	ck_named("chain", "row 3");
}
END_TEST

/* ---- what judging leaves alone ---- */

START_TEST(log_beside_the_file_is_read_on_a_copy)
{
	struct stat db, wal;
	sqlite3 *s;

	/* A connection that is open keeps the log from being folded in. */
	ck_assert_int_eq(sqlite3_open(at("db"), &s), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(s, "PRAGMA wal_autocheckpoint = 0;"
	    "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	load("db", ledger, "append", 5);
	copy("db", "with-log");
	copy("db-wal", "with-log-wal");
	sqlite3_close(s);
	ck_assert_int_gt(file_size(at("with-log-wal")), 0);
	ck_assert_int_eq(stat(at("with-log"), &db), 0);
	ck_assert_int_eq(stat(at("with-log-wal"), &wal), 0);

	judge("with-log");
	ck_all_holds();
	ck_assert_int_eq(got.rows, ROWS + 5);
	ck_assert_int_eq(got.lost, 0);
	ck_assert_int_eq(file_size(at("with-log")), db.st_size);
	ck_assert_int_eq(file_size(at("with-log-wal")), wal.st_size);
	ck_assert(!file_exists(at("with-log-shm")));
	/* The scratch folder is empty again. */
	ck_assert_int_eq(rmdir(at("scratch")), 0);
}
END_TEST

START_TEST(file_without_log_is_left_as_it_is)
{

	ck_assert_int_eq(chmod(at("db"), 0400), 0);
	judge("db");
	ck_all_holds();
	ck_assert(!file_exists(at("db-shm")));
	ck_assert(!file_exists(at("db-wal")));
}
END_TEST

START_TEST(name_of_the_file_may_hold_anything)
{

	copy("db", "a b?mode=memory&%41#");
	judge("a b?mode=memory&%41#");
	ck_all_holds();
	ck_assert_int_eq(got.rows, ROWS);
}
END_TEST

START_TEST(file_that_is_not_there_is_an_error)
{
	struct err e = ERR_INIT;

	ck_assert_int_eq(oracles_judge(at("none"), at("scratch"), ledger, 0,
	    &arena, &got, &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "none"));
	err_release(&e);
}
END_TEST

/* ---- the frontier ---- */

START_TEST(frontier_is_the_end_of_the_unbroken_chain)
{
	char hash[LEDGER_HASH + 1];
	int64_t seq;

	ck_assert_int_eq(oracles_frontier(at("db"), &seq, hash, NULL), 0);
	ck_assert_int_eq(seq, ROWS);
	ck_assert_str_eq(hash, ledger_head(ledger)->hash);
	ck_assert_int_eq(oracles_frontier(at("older"), &seq, hash, NULL), 0);
	ck_assert_int_eq(seq, EARLIER);
	sql("db", "DELETE FROM ledger WHERE seq = 15");
	ck_assert_int_eq(oracles_frontier(at("db"), &seq, hash, NULL), 0);
	ck_assert_int_eq(seq, 14);
	ck_assert_str_eq(hash, ledger_get(ledger, 14)->hash);
	ck_assert_int_eq(file_write(at("empty"), "", 0, 0600, NULL), 0);
	ck_assert_int_eq(oracles_frontier(at("empty"), &seq, hash, NULL), 0);
	ck_assert_int_eq(seq, 0);
	ck_assert_str_eq(hash, "");
	ck_assert_int_eq(oracles_frontier(at("none"), &seq, hash, NULL), -1);
}
END_TEST

START_TEST(each_oracle_has_a_name_and_a_promise)
{
	size_t n = 0;

	for (const struct oracle *o = oracles; o->name != NULL; o++, n++) {
		ck_assert_ptr_nonnull(o->fn);
		ck_assert_int_gt(strlen(o->doc), 10);
	}
	ck_assert_int_ge(n, 7);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("oracles");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, untouched_database_holds_all);
	tcase_add_test(t, older_state_is_a_prefix_and_the_rest_is_lost);
	tcase_add_test(t, row_attempted_and_not_acknowledged_may_be_there);
	tcase_add_test(t, row_that_the_application_never_told_of_may_be_there);
	tcase_add_test(t, empty_file_is_a_prefix_of_nothing);
	tcase_add_loop_test(t, defect_is_named_by_its_oracle, 0,
	    (int)NELEMS(defects));
	tcase_add_test(t, row_never_attempted_is_beyond);
	tcase_add_test(t, another_line_of_history_is_no_prefix);
	tcase_add_test(t, line_that_was_given_up_is_no_prefix);
	tcase_add_test(t, empty_file_with_a_ledger_is_not_whole);
	tcase_add_test(t, file_that_is_no_database_is_not_whole);
	tcase_add_test(t, truncated_file_is_not_whole);
	tcase_add_test(t, page_of_an_index_that_is_not_of_its_table_is_found);
	tcase_add_test(t, payload_changed_on_its_page_is_found);
	tcase_add_test(t, log_beside_the_file_is_read_on_a_copy);
	tcase_add_test(t, file_without_log_is_left_as_it_is);
	tcase_add_test(t, name_of_the_file_may_hold_anything);
	tcase_add_test(t, file_that_is_not_there_is_an_error);
	tcase_add_test(t, frontier_is_the_end_of_the_unbroken_chain);
	tcase_add_test(t, each_oracle_has_a_name_and_a_promise);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
