/* The MD5 behind a writer: whatever the order of calls, it is that of the file
 * as it is at the end. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/store/checksum.h"
#include "emulator/store/hasher.h"
#include "lib/file.h"

#define SIZE	(5 << 20)
#define FILES	12			/* more than there are threads */

static unsigned char data[SIZE];
static char dir[64];
static struct hasher *pool;

static void
setup(void)
{

	(void)snprintf(dir, sizeof(dir), "/tmp/hasher-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i * 7 + i / 251 + i / 65537);
	pool = hasher_new();
}

static void
teardown(void)
{

	hasher_free(pool);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
}

/* A file with its hash. */
struct file {
	char	path[96];
	int	fd;
	int64_t	end;
	struct hash *h;
};

static void
file_begin(struct file *f, int i, int64_t at)
{
	struct checksum_md5 *m = checksum_md5_new();

	(void)snprintf(f->path, sizeof(f->path), "%s/%d", dir, i);
	f->fd = open(f->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(f->fd, 0);
	ck_assert_int_eq(pwrite(f->fd, data, (size_t)at, 0), at);
	checksum_md5_add(m, data, (size_t)at);
	f->end = at;
	f->h = hasher_open(pool, f->path, at, m);
}

static void
file_end(struct file *f)
{

	hasher_close(f->h);
	ck_assert_int_eq(close(f->fd), 0);
}

/* Up to `to`; `wrong` bytes differ from those that are asked for at the end. */
static void
file_write_to(struct file *f, int64_t to, size_t piece, unsigned char wrong)
{
	unsigned char *v = mem_alloc(piece);

	while (f->end < to) {
		size_t n = to - f->end < (int64_t)piece ?
		    (size_t)(to - f->end) : piece;

		for (size_t i = 0; i < n; i++)
			v[i] = data[(size_t)f->end + i] ^ wrong;
		ck_assert_int_eq(pwrite(f->fd, v, n, f->end), n);
		f->end += (int64_t)n;
		hasher_more(f->h, f->end);
	}
	free(v);
}

static void
ck_sum(struct file *f)
{
	struct checksum_md5 *m = checksum_md5_new();
	unsigned char want[16], got[16];

	checksum_md5_add(m, data, (size_t)f->end);
	checksum_md5_get(m, want);
	checksum_md5_free(m);
	ck_assert_int_eq(hasher_get(f->h, got), 0);
	ck_assert_mem_eq(got, want, 16);
}

static const int64_t sizes[] = { 0, 1, 4096, 600000, 1 << 20, SIZE - 3, SIZE };

START_TEST(sum_is_that_of_the_file)
{
	static const size_t pieces[] = { 1000, 65536, 131072, 3000000 };
	struct file f;

	for (size_t i = 0; i < NELEMS(pieces); i++) {
		file_begin(&f, 0, 0);
		file_write_to(&f, sizes[_i] / 2, pieces[i], 0);
		ck_sum(&f);		/* more may come after */
		file_write_to(&f, sizes[_i], pieces[i], 0);
		ck_sum(&f);
		ck_sum(&f);
		file_end(&f);
		file_begin(&f, 0, sizes[_i] / 3);
		file_write_to(&f, sizes[_i], pieces[i], 0);
		ck_sum(&f);
		file_end(&f);
	}
}
END_TEST

/* The wrong bytes have been hashed, or are about to be, or not yet. */
START_TEST(what_is_written_anew_counts_as_it_is_then)
{
	static const int64_t wrong[] = { 1, 100000, 900000, 1700000 };
	struct file f;
	int64_t kept;

	file_begin(&f, 0, 0);
	for (size_t i = 0; i < NELEMS(wrong); i++) {
		kept = f.end;
		hasher_keep(f.h);
		for (int again = 0; again < 3; again++) {
			unsigned char md5[16];

			file_write_to(&f, kept + wrong[i], 65536, 0xff);
			if (again == 1)
				ck_assert_int_eq(hasher_get(f.h, md5), 0);
			hasher_back(f.h);
			f.end = kept;
		}
		if (i % 2 == 0)
			ck_sum(&f);
		file_write_to(&f, kept + 1100000, 65536, 0);
		hasher_keep(f.h);
		file_write_to(&f, f.end + 50000, 65536, 0);
	}
	ck_sum(&f);
	file_end(&f);
}
END_TEST

static void *
one_of_many(void *arg)
{
	struct file f;
	int i = *(int *)arg;

	file_begin(&f, i, (int64_t)i * 10000);
	file_write_to(&f, SIZE - i, 131072, 0);
	ck_sum(&f);
	hasher_keep(f.h);
	file_end(&f);
	return (NULL);
}

START_TEST(many_files_at_once)
{
	pthread_t t[FILES];
	int n[FILES];

	for (int i = 0; i < FILES; i++) {
		n[i] = i;
		ck_assert_int_eq(pthread_create(&t[i], NULL, one_of_many,
		    &n[i]), 0);
	}
	for (int i = 0; i < FILES; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
}
END_TEST

START_TEST(closed_in_the_midst)
{
	struct file f[FILES];

	for (int i = 0; i < FILES; i++) {
		file_begin(&f[i], i, 0);
		file_write_to(&f[i], SIZE, SIZE, 0);
	}
	for (int i = 0; i < FILES; i += 2)
		file_end(&f[i]);
	for (int i = 1; i < FILES; i += 2) {
		ck_sum(&f[i]);
		file_end(&f[i]);
	}
	hasher_close(NULL);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error_until_it_can)
{
	unsigned char md5[16];
	char other[128];
	struct file f;

	file_begin(&f, 0, 0);
	(void)snprintf(other, sizeof(other), "%s.away", f.path);
	ck_assert_int_eq(rename(f.path, other), 0);
	file_write_to(&f, SIZE, SIZE, 0);
	ck_assert_int_eq(hasher_get(f.h, md5), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(rename(other, f.path), 0);
	ck_assert_int_eq(ftruncate(f.fd, SIZE - 1), 0);
	ck_assert_int_eq(hasher_get(f.h, md5), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(pwrite(f.fd, &data[SIZE - 1], 1, SIZE - 1), 1);
	ck_sum(&f);
	file_end(&f);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hasher");
	TCase *t = tcase_create("hasher");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);	/* a sanitizer makes it slow */
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, sum_is_that_of_the_file, 0,
	    (int)NELEMS(sizes));
	tcase_add_test(t, what_is_written_anew_counts_as_it_is_then);
	tcase_add_test(t, many_files_at_once);
	tcase_add_test(t, closed_in_the_midst);
	tcase_add_test(t, a_file_that_cannot_be_read_is_an_error_until_it_can);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
