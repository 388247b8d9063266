/* The database's files as others find them: what was acknowledged is in them
 * while the store is still open, and its log does not grow for ever. */
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

int
main(void)
{
	Suite *s = suite_create("store_vfs");
	TCase *tc = tcase_create("vfs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_acknowledged_is_in_the_files);
	tcase_add_test(tc, log_is_written_back);
	suite_add_tcase(s, tc);
	return (run_suite(s));
}
