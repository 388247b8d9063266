/* kill -9: what was acknowledged is there, whole; what was not is whole or
 * not there; nothing else is left behind.  A child writes from three threads
 * and one upload session and says on a pipe what has been acknowledged; it is
 * killed at a moment that nobody chose, and its folder is opened here. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "emulator/tests/store_util.h"

#define ROUNDS	20
#define WRITERS	3
#define CHUNK	20000

/* One acknowledgement; small enough for the pipe to keep it in one piece. */
struct ack {
	char	kind;			/* p put, d deleted, s session's size */
	uint32_t n;			/* of the object, or bytes */
};

struct writer {
	uint32_t first;
	int	fd;
};

static size_t
size_of(uint32_t n)
{
	static const size_t sizes[] = { 10, 4096, PAYLOAD_INLINE,
		PAYLOAD_INLINE + 1, 300000 };

	return (sizes[n / WRITERS % NELEMS(sizes)]);
}

static void
say(int fd, char kind, uint32_t n)
{
	struct ack a = { .kind = kind, .n = n };

	if (write(fd, &a, sizeof(a)) != (ssize_t)sizeof(a))
		_exit(2);
}

static void *
write_objects(void *arg)
{
	struct writer *w = arg;
	struct arena a = ARENA_INIT;

	for (uint32_t n = w->first;; n += WRITERS) {
		struct payload *p = make_payload(n, size_of(n));
		struct object o;
		char name[32];

		(void)snprintf(name, sizeof(name), "o%08u", n);
		if (store_object_insert(st, NULL, "b", name, "{}", NULL, NULL,
		    p, &a, &o) != STORE_OK)
			_exit(3);
		payload_free(p);
		say(w->fd, 'p', n);
		/* Every fourth of the one before goes again. */
		if (n / WRITERS % 4 == 3 && n >= w->first + WRITERS) {
			(void)snprintf(name, sizeof(name), "o%08u",
			    n - WRITERS);
			say(w->fd, 'd', n - WRITERS);
			if (store_object_delete(st, NULL, "b", name, NULL) !=
			    STORE_OK)
				_exit(4);
		}
		arena_release(&a);
	}
	return (NULL);
}

static void
child(int fd, const char *session, uint32_t first, int64_t persisted)
{
	static unsigned char chunk[CHUNK];
	struct writer w[WRITERS];
	pthread_t t;

	open_store(false);
	for (uint32_t i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){ .first = first + i, .fd = fd };
		if (pthread_create(&t, NULL, write_objects, &w[i]) != 0)
			_exit(5);
	}
	for (;;) {
		for (int i = 0; i < CHUNK; i++)
			chunk[i] = (unsigned char)((persisted + i) % 253);
		if (store_session_write(st, session, persisted, chunk,
		    CHUNK) != STORE_OK ||
		    store_session_flush(st, session, &persisted) != STORE_OK)
			_exit(6);
		say(fd, 's', (uint32_t)persisted);
	}
}

/* Acknowledged objects by number: 1 there, 2 perhaps deleted. */
static char acked[1 << 20];
static uint32_t top;
static int64_t flushed;

/* Take what the child says until `us` have passed since the first word. */
static void
listen_until(int fd, int64_t us)
{
	int64_t end = INT64_MAX, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct ack a;

	for (;;) {
		left = end == INT64_MAX ? 20000000 : end - clock_mono_us();
		if (left <= 0)
			return;
		if (poll(&p, 1, (int)(left / 1000 + 1)) <= 0)
			continue;
		ck_assert_int_eq(read(fd, &a, sizeof(a)), sizeof(a));
		if (end == INT64_MAX)
			end = clock_mono_us() + us;
		ck_assert_uint_lt(a.n, a.kind == 's' ? UINT32_MAX :
		    (uint32_t)sizeof(acked));
		if (a.kind == 's')
			flushed = a.n;
		else
			acked[a.n] = a.kind == 'p' ? 1 : 2;
		if (a.kind == 'p' && a.n > top)
			top = a.n;
	}
}

static void
drain(int fd)
{
	struct ack a;

	while (read(fd, &a, sizeof(a)) == (ssize_t)sizeof(a)) {
		if (a.kind == 's')
			flushed = a.n;
		else
			acked[a.n] = a.kind == 'p' ? 1 : 2;
		if (a.kind == 'p' && a.n > top)
			top = a.n;
	}
}

static void
ck_object(uint32_t n)
{
	char *name = arena_printf(&ar, "o%08u", n);
	struct payload *want;
	struct store_reader r;
	struct object o;
	enum store_rc rc;

	rc = store_object_open(st, NOW, "b", name, NULL, &ar, &o, &r);
	if (rc == STORE_NO_OBJECT && acked[n] != 1)
		return;
	ck_assert_msg(rc == STORE_OK, "object %u: %d", n, (int)rc);
	want = make_payload(n, size_of(n));
	ck_assert_uint_eq(o.crc32c, payload_crc32c(want));
	payload_free(want);
	ck_whole(&r, &o);
	acked[n] = 1;
}

/* Files: one for each large object, and the session's once it has bytes. */
static void
ck_no_orphans(int64_t persisted)
{
	struct store_list l = { .prefix = "", .delimiter = "", .start = "",
		.end = "", .glob = "", .max = 1000, .after = "" };
	struct store_listing out;
	int files = 0, found;

	do {
		ck_assert_int_eq(store_object_list(st, NOW, "b", &l, &ar,
		    &out), STORE_OK);
		for (size_t i = 0; i < out.nobjects; i++)
			files += out.objects[i].size > PAYLOAD_INLINE;
		l.after = out.next;
	} while (out.next != NULL);
	found = count_files();
	ck_assert(found == files + 1 || (found == files && persisted == 0));
}

static void
ck_session(const char *id)
{
	struct session s;

	ck_assert_int_eq(store_session_get(st, id, &ar, &s), STORE_OK);
	ck_assert_int_ge(s.persisted, flushed);
	ck_assert_int_eq(s.persisted % CHUNK, 0);
	flushed = s.persisted;
}

static void
finish_session(const char *id)
{
	struct store_reader r;
	struct object o;
	const char *v;

	ck_assert_int_eq(store_session_finish(st, NULL, id, NULL, &ar, &o),
	    STORE_OK);
	ck_assert_int_eq(o.size, flushed);
	ck_assert_int_eq(store_read_open(st, &o, &ar, &r), STORE_OK);
	v = read_all(&r);
	for (int64_t i = 0; i < o.size; i++)
		if ((unsigned char)v[i] != i % 253)
			ck_abort_msg("byte %" PRId64 " of the session", i);
	ck_assert_uint_eq(o.crc32c, checksum_crc32c(0, v, (size_t)o.size));
}

START_TEST(acknowledged_objects_survive_kill_9)
{
	struct session s = { .bucket = "b", .name = "session" };
	uint32_t first = 0, checked = 0;
	int status, fds[2];
	const char *made;
	int64_t last;
	pid_t pid;
	char *id;

	make_bucket("b", false);
	ck_assert_int_eq(store_session_new(st, &s, &ar, &made), STORE_OK);
	id = mem_strdup(made);
	for (int round = 0; round < ROUNDS; round++) {
		last = store_mutation(st);
		store_close(st);
		ck_assert_int_eq(pipe(fds), 0);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			(void)close(fds[0]);
			child(fds[1], id, first, flushed);
		}
		(void)close(fds[1]);
		/* 0 to 40 ms, by the low bits of the clock. */
		listen_until(fds[0], clock_mono_us() * 7919 % 40000);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		drain(fds[0]);
		(void)close(fds[0]);
		open_store(false);
		ck_assert_int_gt(store_mutation(st), last - 1);
		for (; first <= top + 8 * WRITERS; first++, checked++)
			ck_object(first);
		ck_session(id);
		ck_no_orphans(flushed);
		arena_release(&ar);
	}
	/* It did work, and all of it is there in the end too. */
	ck_assert_uint_gt(checked, ROUNDS * 2);
	for (uint32_t n = 0; n <= top; n++)
		if (acked[n] == 1)
			ck_object(n);
	finish_session(id);
	free(id);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_crash");
	TCase *t = tcase_create("kill -9");

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, acknowledged_objects_survive_kill_9);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
