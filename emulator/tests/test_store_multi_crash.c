/* kill -9 in the middle of multipart uploads and of composing: a part that was
 * acknowledged is there; an upload is either still there with its parts or it
 * is its object, whole; nothing else is left behind.  A child works and says
 * on a pipe what has been done; it is killed at a moment that nobody chose. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "emulator/store/store_multi.h"
#include "emulator/tests/store_util.h"

#define ROUNDS	12
#define BIG	((size_t)STORE_MULTI_MIN)
#define SMALL	70000

enum step { BEGUN, PART_BIG, PART_SMALL, FINISHING, FINISHED, COMPOSED };

struct ack {
	enum step step;
	uint32_t n;			/* of the upload */
	char	id[64];
};

static void
say(int fd, enum step step, uint32_t n, const char *id)
{
	struct ack a = { .step = step, .n = n };

	(void)snprintf(a.id, sizeof(a.id), "%s", id);
	if (write(fd, &a, sizeof(a)) != (ssize_t)sizeof(a))
		_exit(2);
}

static void
name_of(uint32_t n, char name[32])
{

	(void)snprintf(name, 32, "m%06u", n);
}

static void
put_part(const char *name, const char *id, int number, unsigned seed,
    size_t size)
{
	struct payload *p = make_payload(seed, size);
	struct multi_part out;

	if (store_multi_put(st, NULL, "b", name, id, number, NULL, p, &out) !=
	    STORE_OK)
		_exit(3);
	payload_free(p);
}

static void
child(int fd, uint32_t n)
{
	const struct multi_want want[] = { { .number = 1, .any = true },
		{ .number = 2, .any = true } };
	struct store_source src[2];
	struct object o;
	const char *id;
	char name[32];
	int bad;

	open_store(false);
	for (;; n++) {
		struct multi m = { .name = name, .attrs = "{}" };

		name_of(n, name);
		if (store_multi_new(st, "b", &m, &ar, &id) != STORE_OK)
			_exit(4);
		say(fd, BEGUN, n, id);
		put_part(name, id, 1, 1, BIG);
		say(fd, PART_BIG, n, id);
		put_part(name, id, 2, n, SMALL);
		say(fd, PART_SMALL, n, id);
		say(fd, FINISHING, n, id);
		if (store_multi_finish(st, NULL, "b", name, id, want, 2, NULL,
		    &ar, &o, &bad) != STORE_OK)
			_exit(5);
		say(fd, FINISHED, n, id);
		src[0] = (struct store_source){ .name = name };
		src[1] = src[0];
		if (store_object_compose(st, NULL, "b", "composed", "{}",
		    NULL, NULL, src, 2, false, &ar, &o) != STORE_OK)
			_exit(6);
		say(fd, COMPOSED, n, id);
	}
}

/* Runs the child from upload n on for that long after its first word; the
 * last thing that it said. */
static struct ack
run(uint32_t n, int64_t us)
{
	struct ack a, last = { .n = n };
	int64_t end = INT64_MAX;
	struct pollfd p;
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_ge(pid = fork(), 0);
	if (pid == 0) {
		(void)close(fds[0]);
		child(fds[1], n);
	}
	(void)close(fds[1]);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	while (clock_mono_us() < end)
		if (poll(&p, 1, end == INT64_MAX ? 20000 : 1) > 0) {
			ck_assert_int_eq(read(fds[0], &a, sizeof(a)),
			    sizeof(a));
			last = a;
			if (end == INT64_MAX)
				end = clock_mono_us() + us;
		}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	while (read(fds[0], &a, sizeof(a)) == (ssize_t)sizeof(a))
		last = a;
	(void)close(fds[0]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	return (last);
}

static uint32_t
crc_of(unsigned seed, size_t size)
{
	struct payload *p = make_payload(seed, size);
	uint32_t crc = payload_crc32c(p);

	payload_free(p);
	return (crc);
}

/* The object is there and whole: 1, 0 where it is not there. */
static int
whole(uint32_t n, uint32_t big)
{
	struct store_reader r;
	struct object o;
	char name[32];

	name_of(n, name);
	if (store_object_open(st, NOW, "b", name, NULL, &ar, &o, &r) ==
	    STORE_NO_OBJECT)
		return (0);
	ck_assert_uint_eq(o.crc32c, checksum_crc32c_join(big,
	    crc_of(n, SMALL), SMALL));
	ck_assert_int_eq(o.size, BIG + SMALL);
	ck_whole(&r, &o);
	return (1);
}

/* The upload that was under way, as far as it had come. */
static void
under_way(const struct ack *last, uint32_t big, int *files)
{
	struct multi_part *p;
	char name[32];
	size_t n;
	bool more;
	enum store_rc rc;

	name_of(last->n, name);
	rc = store_multi_parts(st, "b", name, last->id, 0, 10, &ar, &p, &n,
	    &more);
	if (rc == STORE_NO_UPLOAD) {
		ck_assert_int_ge(last->step, FINISHING);
		ck_assert_int_eq(whole(last->n, big), 1);
		(*files)++;
		return;
	}
	ck_assert_int_eq(rc, STORE_OK);
	ck_assert_int_le(last->step, FINISHING);
	ck_assert_int_eq(whole(last->n, big), 0);
	if (last->step >= PART_BIG)
		ck_assert_uint_ge(n, 1);
	if (last->step >= PART_SMALL)
		ck_assert_uint_eq(n, 2);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(p[i].crc32c, p[i].number == 1 ? big :
		    crc_of(last->n, SMALL));
		(*files)++;
	}
}

START_TEST(killed_uploads_are_there_or_are_objects)
{
	struct store_reader r;
	struct object o;
	struct ack last;
	uint32_t n = 0, big;
	int files;

	make_bucket("b", false);
	big = crc_of(1, BIG);
	for (int round = 0; round < ROUNDS; round++) {
		store_close(st);
		last = run(n, 3000 + round * 7001);
		open_store(false);
		/* From round to round one upload stays unfinished: drop it. */
		files = 0;
		for (uint32_t i = n; i < last.n; i++, files++)
			ck_assert_int_eq(whole(i, big), 1);
		under_way(&last, big, &files);
		if (store_object_open(st, NOW, "b", "composed", NULL, &ar, &o,
		    &r) == STORE_OK) {
			ck_assert_int_eq(o.size, 2 * (BIG + SMALL));
			ck_whole(&r, &o);
			files++;
		}
		/* Perhaps one more was begun, which nobody heard of. */
		ck_assert_int_eq(count_files(), files);
		for (uint32_t i = n; i <= last.n; i++) {
			char name[32];

			name_of(i, name);
			if (del("b", name, 0) == STORE_NO_OBJECT)
				ck_assert_int_eq(store_multi_drop(st, "b",
				    name, last.id), STORE_OK);
		}
		n = last.n + 1;
		arena_release(&ar);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_multi_crash");
	TCase *t = tcase_create("crash");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, killed_uploads_are_there_or_are_objects);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
