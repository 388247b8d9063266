/* Readers that keep their generation, and the limit of writes to an object. */
#include "emulator/tests/api_util.h"

#define BIG	(12u << 20)	/* more than sockets buffer */

static char *big;

static void
setup(void)
{

	api_start();
	big = mem_alloc(BIG);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 2654435761u >> 9);
}

static void
teardown(void)
{

	free(big);
	client_stop();
}

/* A download that has begun, with its head read. */
static int
begin(const char *path, char *first)
{
	int fd = client_connect(cl.emu->http_port);
	struct buf b;
	char c;

	buf_init(&b, 64u << 10);
	buf_addf(&b, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Connection: close\r\n\r\n", path);
	client_send(fd, b.p);
	buf_reset(&b);
	while (strstr(b.p, "\r\n\r\n") == NULL) {
		ck_assert_int_eq(recv(fd, &c, 1, 0), 1);
		buf_addc(&b, c);
	}
	ck_assert_ptr_nonnull(strstr(b.p, " 200 "));
	ck_assert_int_eq(recv(fd, first, 1, 0), 1);
	buf_release(&b);
	return (fd);
}

static void
whole(int fd, char first, const char *want, size_t n)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	buf_addc(&b, first);
	ck_assert_int_eq(client_read_all(fd, &b), 0);
	ck_assert_uint_eq(b.len, n);
	ck_assert_mem_eq(b.p, want, n);
	(void)close(fd);
	buf_release(&b);
}

#define OFF	",\"softDeletePolicy\":{\"retentionDurationSeconds\":0}"

static const char *const buckets[] = {
	OFF, OFF ",\"versioning\":{\"enabled\":true}", "",
};

START_TEST(reader_keeps_its_generation_through_overwrite_and_delete)
{
	char first;
	int fd;

	api_bucket(buckets[_i]);
	for (int way = 0; way < 3; way++) {
		ck_assert_int_eq(client_ask("POST", MEDIA "x", big, BIG,
		    NULL), 200);
		fd = begin(O "/x?alt=media", &first);
		if (way == 0)
			(void)api_put("x", "short");
		else if (way == 1)
			ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
		else {
			(void)api_put("y", "other");
			ck_assert_int_eq(api_do("POST", "",
			    O "/y/moveTo/o/x"), 200);
		}
		whole(fd, first, big, BIG);
	}
	ck_assert_int_eq(client_get(O "/x?alt=media"), 200);
	api_body_is("other");
}
END_TEST

START_TEST(small_object_is_one_generation_whatever_happens)
{
	char text[3][64];
	int fd[3];
	char first[3];

	api_bucket(buckets[_i]);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(text[i], 64, "the %dth text of its own", i);
		(void)api_put("x", text[i]);
		fd[i] = begin("/bkt/x", &first[i]);
	}
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
	for (int i = 0; i < 3; i++)
		whole(fd[i], first[i], text[i], strlen(text[i]));
}
END_TEST

/* ---- writes a second ---- */

static int
limit(const char *body)
{
	char token[128];

	(void)snprintf(token, sizeof(token), "X-Emulator-Token: %s",
	    cl.emu->control_token);
	return (client_ask("POST", "/_emulator/limits", body, strlen(body),
	    token));
}

static int
put(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), MEDIA "%s", name);
	return (client_ask("POST", path, "1", 1, NULL));
}

/* Behind another write within a second; a machine that takes longer than that
 * for two requests gets more tries. */
static void
soon_refused(const char *method, const char *body, const char *path)
{

	for (int i = 0; i < 50; i++) {
		(void)put("a");
		if (api_do(method, body, "%s", path) == 429)
			break;
	}
	api_refused(429, "rateLimitExceeded");
}

START_TEST(writes_to_one_object_are_limited_where_asked)
{

	api_bucket("");
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(put("x"), 200);
	ck_assert_int_eq(limit("{}"), 400);
	ck_assert_int_eq(put("a"), 200);
	ck_assert_int_eq(limit("{\"object_writes\":1}"), 200);
	soon_refused("POST", "1", MEDIA "a");
	soon_refused("PATCH", "{\"contentType\":\"a/b\"}", O "/a");
	soon_refused("DELETE", NULL, O "/a");
	/* Others, and reading, are free. */
	ck_assert_int_eq(put("b"), 200);
	ck_assert_int_eq(client_get(O "?prefix=b"), 200);
	ck_assert_int_eq(limit("{\"object_writes\":0}"), 200);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(put("a"), 200);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t,
	    reader_keeps_its_generation_through_overwrite_and_delete, 0,
	    (int)NELEMS(buckets));
	tcase_add_loop_test(t,
	    small_object_is_one_generation_whatever_happens, 0,
	    (int)NELEMS(buckets));
	tcase_add_test(t, writes_to_one_object_are_limited_where_asked);
}

int
main(void)
{

	return (client_main("limits", add));
}
