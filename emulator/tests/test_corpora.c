/* What the fuzzers have kept, sent to a whole emulator as bytes on a socket:
 * it answers or closes, and then serves the next one.  The tree is
 * LITEDRILL_TOP, else the current folder. */
#include <dirent.h>

#include "emulator/tests/client.h"
#include "lib/file.h"

#define CORPUS	"emulator/tests/fuzz/corpus/"

/* The first status that comes back, 0 for a close without one. */
static int
say(const char *head, const struct buf *b)
{
	struct timeval soon = { .tv_sec = 20 };
	int fd = client_connect(cl.emu->http_port), status = 0;
	struct buf answer;

	ck_assert_int_ge(fd, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	(void)send(fd, head, strlen(head), MSG_NOSIGNAL);
	/* It may close before it has read everything. */
	(void)send(fd, b->p, b->len, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	buf_init(&answer, ANSWER_MAX);
	if (client_read_all(fd, &answer) != 0)
		ck_assert_int_ne(errno, EAGAIN);
	if (answer.len > 12 && strncmp(answer.p, "HTTP/1.", 7) == 0)
		status = atoi(answer.p + 9);
	buf_release(&answer);
	(void)close(fd);
	return (status);
}

static unsigned
say_all(const char *folder, const char *head)
{
	const char *top = getenv("LITEDRILL_TOP");
	char *where = mem_printf("%s/" CORPUS "%s", top != NULL ? top :
	    ".", folder);
	DIR *d = opendir(where);
	struct dirent *e;
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		char *path = mem_printf("%s/%s", where, e->d_name);
		struct buf b;

		buf_init(&b, ANSWER_MAX);
		if (e->d_name[0] != '.') {
			ck_assert_int_eq(file_read(path, &b, NULL), 0);
			ck_assert_int_ne(say(head, &b), 500);
			ck_assert_int_eq(client_get("/_emulator/ready"), 200);
			n++;
		}
		buf_release(&b);
		free(path);
	}
	(void)closedir(d);
	free(where);
	return (n);
}

START_TEST(served_after_each_kept_input)
{
	const struct start_opts o = { .data = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post("/storage/v1/b?project=litedrill",
	    "{\"name\":\"bucket\"}"), 200);
	ck_assert_uint_gt(say_all("request", ""), 20);
	ck_assert_uint_gt(say_all("head", ""), 10);
	ck_assert_uint_gt(say_all("body", "PUT /bucket/o HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 4);
	ck_assert_uint_gt(say_all("multipart", "POST /upload/storage/"
	    "v1/b/bucket/o?uploadType=multipart HTTP/1.1\r\nHost: 127.0.0.1"
	    "\r\nTransfer-Encoding: chunked\r\nContent-Type: "), 2);
	ck_assert_uint_gt(say_all("xml", "POST /bucket?delete HTTP/1.1"
	    "\r\nHost: 127.0.0.1\r\nContent-Length: 200\r\n\r\n"), 3);
	client_stop();
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_test(t, served_after_each_kept_input);
}

int
main(void)
{

	return (client_main("corpora", add));
}
