/* Restored databases with a defect, made by rule: each page in each of several
 * ways, each row and column, each index and table, each beginning of the file.
 * Those that are another database than the one that was written must be
 * found, and each oracle must find one that no other does, but for those that
 * are declared a part of another. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/oracle/oracles.h"
#include "harness/workload/load.h"
#include "lib/file.h"

#define EARLIER	24	/* commits of the older state */
#define ROWS	40
#define PAGE	4096

static struct arena arena;
static struct ledger *ledger;
static char dir[64];
static struct buf good, older;		/* the files' bytes */

static struct {
	int	made, killed, same, refused;
	unsigned alone;		/* oracles that were the only ones to see */
} tally;

static const char *
at(const char *name)
{

	return (arena_printf(&arena, "%s/%s", dir, name));
}

static void
load(const char *workload, int64_t rows)
{
	const struct load_opts o = { .workload = workload, .rows = rows,
	    .payload = 300, .via = "file", .db = at("db") };
	struct err e = ERR_INIT;

	ck_assert_msg(load_direct(at("db"), ledger, &o, &e) == 0, "%s",
	    err_msg(&e));
	ck_assert_int_eq(ledger_refresh(ledger, NULL), 0);
}

static void
take(struct buf *b)
{

	buf_init(b, 1 << 24);
	ck_assert_int_eq(file_read(at("db"), b, NULL), 0);
	ck_assert_uint_eq(b->len % PAGE, 0);
}

static void
set_up(void)
{

	(void)snprintf(dir, sizeof(dir), "mutants-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mkdir(at("scratch"), 0700), 0);
	ledger = ledger_open(at("ledger"), NULL);
	ck_assert_ptr_nonnull(ledger);
	load("update", EARLIER / 2);
	load("family", EARLIER / 2);
	take(&older);
	load("family", (ROWS - EARLIER) / 2);
	load("update", (ROWS - EARLIER) / 2);
	take(&good);
}

static void
tear_down(void)
{

	ledger_free(ledger);
	buf_release(&good);
	buf_release(&older);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	arena_release(&arena);
}

/* All that SQLite can read of it and says of it, as one text; NULL: it cannot
 * be read to its end. */
static char *
dump(const char *file)
{
	static const char tables[] = "SELECT 'SELECT ' || (SELECT "
	    "group_concat('quote(' || name || ')', '||') FROM "
	    "pragma_table_info(m.name)) || ' FROM ' || name || "
	    "' NOT INDEXED ORDER BY rowid' FROM sqlite_master AS m WHERE type "
	    "= 'table' UNION ALL SELECT 'SELECT quote(sql) FROM sqlite_master "
	    "ORDER BY name' UNION ALL SELECT 'PRAGMA integrity_check'";
	sqlite3_stmt *st = NULL, *rows;
	struct buf b;
	sqlite3 *db;
	bool ok;
	int rc = SQLITE_ERROR;

	buf_init(&b, 1 << 24);
	ok = sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) ==
	    SQLITE_OK && sqlite3_prepare_v2(db, tables, -1, &st, NULL) ==
	    SQLITE_OK;
	while (ok && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		int got;

		if (sqlite3_prepare_v2(db, (const char *)sqlite3_column_text(
		    st, 0), -1, &rows, NULL) != SQLITE_OK) {
			ok = false;
			break;
		}
		while ((got = sqlite3_step(rows)) == SQLITE_ROW) {
			const char *s = (const char *)sqlite3_column_text(
			    rows, 0);

			buf_adds(&b, s != NULL ? s : "null");
			buf_addc(&b, '\n');
		}
		ok = got == SQLITE_DONE;
		sqlite3_finalize(rows);
	}
	ok = ok && rc == SQLITE_DONE && b.len > 0;
	sqlite3_finalize(st);
	sqlite3_close(db);
	if (ok)
		return (buf_detach(&b));
	buf_release(&b);
	return (NULL);
}

/* The oracles' word on the file `mutant`. */
static void
judge(const char *rule)
{
	static char *whole;
	struct restored got = { 0 };
	struct err e = ERR_INIT;
	char *text;
	bool same;

	if (whole == NULL)
		ck_assert_ptr_nonnull(whole = dump(at("db")));
	ck_assert_msg(oracles_judge(at("mutant"), at("scratch"), ledger, 0,
	    &arena, &got, &e) == 0, "%s", err_msg(&e));
	text = dump(at("mutant"));
	same = text != NULL && strcmp(text, whole) == 0;
	free(text);
	/* A byte that nothing reads: no defect, and nobody may cry. */
	if (same) {
		ck_assert_msg(got.failed == 0 && got.lost == 0,
		    "%s: nothing is wrong, but %s", rule, got.why);
		tally.same++;
		return;
	}
	tally.made++;
	if (got.failed != 0 || got.lost > 0)
		tally.killed++;
	else
		(void)printf("survives: %s\n", rule);
	if (got.failed != 0 && (got.failed & (got.failed - 1)) == 0)
		tally.alone |= got.failed;
}

static void
judge_bytes(const char *rule, const void *p, size_t n)
{

	ck_assert_int_eq(file_write(at("mutant"), p, n, 0600, NULL), 0);
	judge(rule);
}

/* ---- rules about the file ---- */

static void
pages(void)
{
	static const size_t flips[] = { 0, 3, 8, 100, PAGE / 2, PAGE - 70,
	    PAGE - 1 };
	char *copy = mem_alloc(good.len);
	size_t n = good.len / PAGE;

	for (size_t i = 0; i < n; i++) {
		char *page = copy + i * PAGE;

#define MUTANT(text, ...) do {						\
		memcpy(copy, good.p, good.len);				\
		__VA_ARGS__;						\
		judge_bytes(arena_printf(&arena, "page %zu " text,	\
		    i + 1), copy, good.len);				\
} while (0)
		MUTANT("is zeros", memset(page, 0, PAGE));
		if ((i + 1) * PAGE <= older.len)
			MUTANT("is an older one", memcpy(page, older.p +
			    i * PAGE, PAGE));
		MUTANT("is its neighbour", memcpy(page, good.p + (i + 1) % n *
		    PAGE, PAGE));
		MUTANT("is half older", memcpy(page, (i + 1) * PAGE <=
		    older.len ? older.p + i * PAGE : good.p, PAGE / 2));
		for (size_t k = 0; k < NELEMS(flips); k++)
			MUTANT("has a bit turned", page[flips[k]] ^= 0x10);
	}
	free(copy);
}

static void
lengths(void)
{

	for (int i = 0; i < 8; i++)
		judge_bytes(arena_printf(&arena, "cut at %d/8", i), good.p,
		    good.len * (size_t)i / 8);
	judge_bytes("the older state", older.p, older.len);
}

/* ---- rules about rows ---- */

/* On a copy; what SQLite refuses is no mutant. */
static void
change(const char *rule, const char *text)
{
	sqlite3 *db;

	ck_assert_int_eq(file_write(at("mutant"), good.p, good.len, 0600,
	    NULL), 0);
	ck_assert_int_eq(sqlite3_open(at("mutant"), &db), SQLITE_OK);
	(void)sqlite3_exec(db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
		tally.refused++;
		sqlite3_close(db);
		return;
	}
	sqlite3_close(db);
	judge(rule);
}

static void
rows(const char *table, const char *const *columns)
{
	const char *where[3];

	for (int i = 0; i < 3; i++) {
		static const char *const which[] = { "min(rowid)",
		    "(min(rowid) + max(rowid)) / 2", "max(rowid)" };

		where[i] = arena_printf(&arena, "rowid = (SELECT %s FROM %s)",
		    which[i], table);
		change(arena_printf(&arena, "%s without %s", table, which[i]),
		    arena_printf(&arena, "DELETE FROM %s WHERE %s", table,
		    where[i]));
		for (size_t k = 0; columns[k] != NULL; k++)
			change(arena_printf(&arena, "%s.%s changed at %s",
			    table, columns[k], which[i]), arena_printf(&arena,
			    "UPDATE %s SET %s = CASE typeof(%s) WHEN 'integer'"
			    " THEN %s + 1000 WHEN 'text' THEN 'g' || substr(%s,"
			    " 2) ELSE zeroblob(length(%s)) END WHERE %s",
			    table, columns[k], columns[k], columns[k],
			    columns[k], columns[k], where[i]));
	}
}

static void
structure(void)
{
	static const char *const sql[] = {
		"DROP TABLE ledger", "DROP TABLE ledger_sum",
		"DROP INDEX ledger_hash",
		"DELETE FROM ledger",
		("DROP INDEX ledger_hash; CREATE INDEX ledger_hash ON "
		    "ledger(hash) WHERE seq <> 7"),
	};

	for (size_t i = 0; i < NELEMS(sql); i++)
		change(sql[i], sql[i]);
}

/* One more commit, made as a writer makes them, that nobody has made. */
static void
forged(void)
{
	const struct ledger_entry *head = ledger_head(ledger);
	char hash[LEDGER_HASH + 1];
	sqlite3_stmt *st = NULL;
	sqlite3 *db;

	ledger_hash(hash, head->hash, head->seq + 1, 1, "x", 1);
	change("a commit more", arena_printf(&arena, "INSERT INTO ledger "
	    "VALUES(%lld, 1, CAST('x' AS BLOB), '%s', '%s'); UPDATE ledger_sum "
	    "SET rows = rows + 1, total = total + %lld", (long long)head->seq +
	    1, head->hash, hash, (long long)head->seq + 1));
	/* Of the same content, at another time. */
	ck_assert_int_eq(sqlite3_open(at("db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT payload FROM ledger"
	    " ORDER BY seq DESC", -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ledger_hash(hash, ledger_get(ledger, head->seq - 1)->hash, head->seq,
	    1, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st,
	    0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	change("another last commit", arena_printf(&arena, "UPDATE ledger SET "
	    "at_us = 1, hash = '%s' WHERE seq = %lld", hash,
	    (long long)head->seq));
}

START_TEST(what_is_wrong_is_seen_and_each_oracle_is_needed)
{
	static const char *const of_ledger[] = { "seq", "at_us", "payload",
	    "prev", "hash", NULL };
	static const char *const of_sum[] = { "rows", "total", NULL };
	static const char *const of_side[] = { "seq", "data", "hash", NULL };
	static const char *const of_child[] = { "parent", "data", "hash", NULL };

	pages();
	lengths();
	rows("ledger", of_ledger);
	rows("ledger_sum", of_sum);
	rows("side", of_side);
	rows("child", of_child);
	structure();
	forged();
	(void)printf("%d mutants, %d killed; %d were the same database, %d "
	    "SQLite refused\n", tally.made, tally.killed, tally.same,
	    tally.refused);
	ck_assert_int_ge(tally.made, 50);
	ck_assert_msg(tally.killed * 100 >= tally.made * 98, "%d of %d",
	    tally.killed, tally.made);
	for (const struct oracle *o = oracles; o->name != NULL; o++)
		ck_assert_msg(o->part_of != NULL ||
		    (tally.alone & 1u << (o - oracles)) != 0,
		    "%s kills none that no other oracle does", o->name);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mutants");
	TCase *t = tcase_create("mutants");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_wrong_is_seen_and_each_oracle_is_needed);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed > 0);
}
