/* The database's files as others find them: what was acknowledged is in them
 * while the store is still open, and its log does not grow for ever. */
#include "emulator/store/store_int.h"
#include "emulator/tests/store_util.h"

static int64_t
size_of(const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	int64_t n = file_size(path);

	free(path);
	return (n);
}

/* A copy of the files as kill -9 would leave them, opened by itself. */
static void
ck_copy_has(const char *name, unsigned seed, size_t n)
{
	struct store *was = st;
	char *from = mem_strdup(dir), *cmd;
	struct store_reader r;
	struct object o;
	struct payload *p;

	make_dir();
	cmd = mem_printf("cp %s/store.db %s/store.db-wal %s/", from, from,
	    dir);
	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
	open_store(false);
	ck_assert_int_eq(store_object_open(st, NOW, "b", name, NULL, &ar, &o,
	    &r), STORE_OK);
	ck_whole(&r, &o);
	p = make_payload(seed, n);
	ck_assert_uint_eq(payload_crc32c(p), o.crc32c);
	payload_free(p);
	store_close(st);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	(void)snprintf(dir, sizeof(dir), "%s", from);
	free(from);
	st = was;
}

START_TEST(what_was_acknowledged_is_in_the_files)
{

	make_bucket("b", false);
	for (unsigned i = 0; i < 40; i++) {
		const char *name = arena_printf(&ar, "o-%u", i % 7);

		put_seed("b", name, i, 100 + i * 1500);
		ck_copy_has(name, i, 100 + i * 1500);
	}
}
END_TEST

/* Pages that lie behind one another are written at once; a checkpoint has many
 * of them, and where it fails, nobody is told, but the log goes on. */
START_TEST(log_is_written_back)
{
	struct object o;

	make_bucket("b", false);
	for (unsigned i = 0; i < 300; i++)
		put_seed("b", arena_printf(&ar, "o-%u", i), i, 60000);
	ck_assert_int_lt(size_of("store.db-wal"), 8 << 20);
	ck_assert_int_gt(size_of("store.db"), 10 << 20);
	ck_assert_int_eq(get("b", "o-299", &o), STORE_OK);
}
END_TEST

static sqlite3 *
raw(void)
{
	char *path = mem_printf("%s/raw.db", dir);
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, store_vfs(st)), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA journal_mode = WAL; "
	    "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0", NULL,
	    NULL, NULL), SQLITE_OK);
	free(path);
	return (db);
}

static void
raw_do(sqlite3 *db, const char *sql)
{

	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
}

static void
raw_is(sqlite3 *db, const char *sql, const char *want)
{
	sqlite3_stmt *q;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(q, 0), want);
	ck_assert_int_eq(sqlite3_finalize(q), SQLITE_OK);
}

/* A checkpoint that an older reader keeps from being whole ends without a
 * sync, and others then read its pages from the database. */
START_TEST(half_a_checkpoint_is_in_the_database)
{
	sqlite3 *w = raw(), *old = raw(), *later = raw();

	raw_do(w, "CREATE TABLE t (k INTEGER PRIMARY KEY, v)");
	raw_do(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
	    "FROM n WHERE i < 20) INSERT INTO t SELECT i, zeroblob(3000) "
	    "FROM n");
	raw_do(w, "PRAGMA wal_checkpoint(TRUNCATE)");
	raw_do(w, "UPDATE t SET v = 'new'");
	raw_do(old, "BEGIN");
	raw_is(old, "SELECT count(*) FROM t WHERE v = 'new'", "20");
	raw_do(w, "CREATE TABLE more (k)");
	raw_do(w, "PRAGMA wal_checkpoint(PASSIVE)");
	raw_is(later, "SELECT count(*) FROM t WHERE v = 'new'", "20");
	raw_is(later, "PRAGMA integrity_check", "ok");
	raw_do(old, "COMMIT");
	ck_assert_int_eq(sqlite3_close(old), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(later), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(w), SQLITE_OK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_vfs");
	TCase *tc = tcase_create("vfs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_acknowledged_is_in_the_files);
	tcase_add_test(tc, log_is_written_back);
	tcase_add_test(tc, half_a_checkpoint_is_in_the_database);
	suite_add_tcase(s, tc);
	return (run_suite(s));
}
