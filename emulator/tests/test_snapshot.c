#include "emulator/tests/client.h"

#define TOKEN	"X-Emulator-Token"

static int
control(const char *method, const char *path, const char *body)
{
	char *h = mem_printf(TOKEN ": %s", cl.emu->control_token);
	int status = client_ask(method, path, body,
	    body != NULL ? strlen(body) : 0, h);

	free(h);
	return (status);
}

static int
put(const char *name, size_t n)
{
	char *path = mem_printf("/b00/%s", name), *body = mem_alloc(n);
	int status;

	memset(body, name[0], n);
	status = client_ask("PUT", path, body, n, NULL);
	free(body);
	free(path);
	return (status);
}

/* Is the object there, of n bytes of its name's first letter?  0: not there. */
static void
is(const char *name, size_t n)
{
	char *path = mem_printf("/b00/%s", name);

	ck_assert_int_eq(client_get(path), n > 0 ? 200 : 404);
	if (n > 0) {
		ck_assert_uint_eq(cl.body.len, n);
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(cl.body.p[i], name[0]);
	}
	free(path);
}

static void
begin(void)
{
	const struct start_opts o = { .data = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post("/storage/v1/b?project=litedrill",
	    "{\"name\":\"b00\"}"), 200);
}

START_TEST(what_was_saved_is_there_again)
{

	begin();
	ck_assert_int_eq(put("small", 10), 200);
	ck_assert_int_eq(put("large", 200000), 200);
	ck_assert_int_eq(control("POST", "/_emulator/snapshots",
	    "{\"name\":\"one\"}"), 200);
	ck_assert_int_eq(put("small", 20), 200);
	ck_assert_int_eq(client_ask("DELETE", "/b00/large", NULL, 0, NULL),
	    204);
	ck_assert_int_eq(put("later", 300000), 200);
	for (int again = 0; again < 2; again++) {
		int64_t k = store_mutation(cl.emu->store);

		ck_assert_int_eq(control("POST",
		    "/_emulator/snapshots/one/load", ""), 200);
		is("small", 10);
		is("large", 200000);
		is("later", 0);
		ck_assert_int_gt(store_mutation(cl.emu->store), k);
		/* And it goes on from there. */
		ck_assert_int_eq(put("next", 100000), 200);
		ck_assert_int_eq(put("large", 5), 200);
		is("next", 100000);
	}
	ck_assert_int_eq(control("DELETE", "/_emulator/snapshots/one", NULL),
	    200);
	is("next", 100000);
	client_stop();
}
END_TEST

START_TEST(upload_under_way_does_not_cross_a_load)
{
	char *where, chunk[1000];

	begin();
	memset(chunk, 'r', sizeof(chunk));
	ck_assert_int_eq(client_text("POST", "/upload/storage/v1/b/b00/o"
	    "?uploadType=resumable&name=r", ""), 200);
	where = mem_strdup(strstr(client_header("Location"), "/upload/"));
	ck_assert_int_eq(client_ask("PUT", where, chunk, 1000,
	    "Content-Range: bytes 0-999/*"), 308);
	ck_assert_int_eq(control("POST", "/_emulator/snapshots",
	    "{\"name\":\"two\"}"), 200);
	ck_assert_int_eq(client_ask("PUT", where, chunk, 1000,
	    "Content-Range: bytes 1000-1999/*"), 308);
	ck_assert_int_eq(control("POST", "/_emulator/snapshots/two/load", ""),
	    200);
	/* The session stands where it stood. */
	ck_assert_int_eq(client_ask("PUT", where, "", 0,
	    "Content-Range: bytes */*"), 308);
	ck_assert_str_eq(client_header("Range"), "bytes=0-999");
	ck_assert_int_eq(client_ask("PUT", where, chunk, 1000,
	    "Content-Range: bytes 1000-1999/2000"), 200);
	is("r", 2000);
	ck_assert_int_eq(control("POST", "/_emulator/snapshots/two/load", ""),
	    200);
	is("r", 0);
	ck_assert_int_eq(client_ask("PUT", where, chunk, 500,
	    "Content-Range: bytes 1000-1499/1500"), 200);
	is("r", 1500);
	free(where);
	client_stop();
}
END_TEST

START_TEST(names_are_checked_and_the_token_is_asked_for)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b",
		"a.new", ".a", NULL };

	begin();
	ck_assert_int_eq(client_post("/_emulator/snapshots",
	    "{\"name\":\"x\"}"), 403);
	for (size_t i = 0; bad[i] != NULL; i++) {
		char *body = mem_printf("{\"name\":\"%s\"}", bad[i]);

		ck_assert_msg(control("POST", "/_emulator/snapshots", body) ==
		    400, "%s", bad[i]);
		free(body);
	}
	ck_assert_int_eq(control("POST", "/_emulator/snapshots",
	    "{\"name\":\"x\"}"), 200);
	ck_assert_int_eq(control("POST", "/_emulator/snapshots",
	    "{\"name\":\"x\"}"), 409);
	ck_assert_int_eq(control("GET", "/_emulator/snapshots", NULL), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "\"x\""));
	ck_assert_int_eq(control("POST", "/_emulator/snapshots/y/load", ""),
	    404);
	client_stop();
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_test(t, what_was_saved_is_there_again);
	tcase_add_test(t, upload_under_way_does_not_cross_a_load);
	tcase_add_test(t, names_are_checked_and_the_token_is_asked_for);
}

int
main(void)
{

	return (client_main("snapshot", add));
}
