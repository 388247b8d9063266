/* Objects stored as gzip: https://cloud.google.com/storage/docs/transcoding */
#include <zlib.h>

#include "emulator/tests/api_util.h"

#define TEXT	"the same text over and over, "

static unsigned char *gz;
static size_t ngz;
static char *plain;
static size_t nplain;

/* `times` the text as one gzip member, behind what is there. */
static void
pack(size_t times)
{
	z_stream z = { .opaque = Z_NULL };
	size_t n = strlen(TEXT);

	plain = mem_realloc(plain, nplain + n * times + 1);
	for (size_t i = 0; i < times; i++)
		memcpy(plain + nplain + i * n, TEXT, n);
	gz = mem_realloc(gz, ngz + n * times + 100);
	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)plain + nplain;
	z.avail_in = (uInt)(n * times);
	z.next_out = gz + ngz;
	z.avail_out = (uInt)(n * times + 100);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	ngz += z.total_out;
	nplain += n * times;
	(void)deflateEnd(&z);
}

static void
store(const char *name, const void *p, size_t n, const char *patch)
{
	char path[512];

	(void)snprintf(path, sizeof(path), MEDIA "%s&contentEncoding=gzip",
	    name);
	ck_assert_int_eq(client_ask("POST", path, p, n,
	    "Content-Type: text/plain"), 200);
	if (patch != NULL)
		ck_assert_int_eq(api_do("PATCH", patch, O "/%s", name), 200);
}

static void
setup(void)
{

	api_start();
	api_bucket("");
	gz = NULL;
	plain = NULL;
	ngz = nplain = 0;
}

static void
teardown(void)
{

	free(gz);
	free(plain);
	client_stop();
}

static void
body_is(const void *p, size_t n)
{

	ck_assert_uint_eq(cl.body.len, n);
	ck_assert_mem_eq(cl.body.p, p, n);
}

static const char *const ways[] = { "/bkt/x", O "/x?alt=media",
	"/download/storage/v1/b/bkt/o/x?alt=media" };

START_TEST(who_takes_no_gzip_gets_the_text)
{
	const size_t times[] = { 10, 50000 };

	for (size_t t = 0; t < NELEMS(times); t++) {
		ngz = nplain = 0;
		pack(times[t]);
		store("x", gz, ngz, NULL);
		for (size_t i = 0; i < NELEMS(ways); i++) {
			ck_assert_int_eq(client_get(ways[i]), 200);
			body_is(plain, nplain);
			ck_assert_ptr_null(client_header("content-length"));
			ck_assert_ptr_null(client_header(
			    "content-encoding"));
			ck_assert_str_eq(client_header(
			    "x-goog-stored-content-encoding"), "gzip");
			ck_assert_int_eq(atoi(client_header(
			    "x-goog-stored-content-length")), (int)ngz);
			ck_assert_str_eq(client_header("warning"),
			    "214 UploadServer gunzipped");
			ck_assert_str_eq(client_header("transfer-encoding"),
			    "chunked");
		}
	}
}
END_TEST

START_TEST(who_takes_gzip_gets_what_is_stored)
{

	pack(1000);
	store("x", gz, ngz, NULL);
	for (size_t i = 0; i < NELEMS(ways); i++) {
		ck_assert_int_eq(client_ask("GET", ways[i], NULL, 0,
		    "Accept-Encoding: deflate, gzip;q=0.5"), 200);
		body_is(gz, ngz);
		ck_assert_str_eq(client_header("content-encoding"), "gzip");
		ck_assert_int_eq(client_ask("GET", ways[i], NULL, 0,
		    "Accept-Encoding: gzip;q=0"), 200);
		body_is(plain, nplain);
	}
}
END_TEST

START_TEST(no_transform_is_respected)
{

	pack(1000);
	store("x", gz, ngz,
	    "{\"cacheControl\":\"public, no-transform\"}");
	ck_assert_int_eq(client_get("/bkt/x"), 200);
	body_is(gz, ngz);
	ck_assert_str_eq(client_header("content-encoding"), "gzip");
}
END_TEST

START_TEST(range_of_the_text_is_the_whole)
{

	pack(1000);
	store("x", gz, ngz, NULL);
	ck_assert_int_eq(client_ask("GET", "/bkt/x", NULL, 0,
	    "Range: bytes=0-3"), 200);
	body_is(plain, nplain);
	ck_assert_int_eq(client_ask("HEAD", "/bkt/x", NULL, 0, NULL), 200);
	ck_assert_ptr_null(client_header("content-length"));
}
END_TEST

START_TEST(several_members_are_one_text)
{

	pack(100);
	pack(7);
	store("x", gz, ngz, NULL);
	ck_assert_int_eq(client_get("/bkt/x"), 200);
	body_is(plain, nplain);
}
END_TEST

START_TEST(what_only_claims_to_be_gzip_is_given_as_it_is)
{

	store("x", "this is no gzip file at all", 27, NULL);
	ck_assert_int_eq(client_get("/bkt/x"), 200);
	body_is("this is no gzip file at all", 27);
	store("x", "", 0, NULL);
	ck_assert_int_eq(client_get("/bkt/x"), 200);
	body_is("", 0);
}
END_TEST

START_TEST(damaged_gzip_ends_the_connection_and_nothing_else)
{
	const char *none[] = { NULL };

	pack(50000);
	store("x", gz, ngz / 2, NULL);
	ck_assert_int_ne(client_try("GET", client_url("/bkt/x"), NULL, 0,
	    none), CURLE_OK);
	ck_assert_int_eq(client_get(O "/x"), 200);
}
END_TEST

START_TEST(old_client_gets_the_text_until_the_connection_ends)
{
	struct buf b;
	int fd;

	pack(1000);
	store("x", gz, ngz, NULL);
	fd = client_connect(cl.emu->http_port);
	client_send(fd, "GET /bkt/x HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
	buf_init(&b, ANSWER_MAX);
	ck_assert_int_eq(client_read_all(fd, &b), 0);
	(void)close(fd);
	ck_assert_uint_gt(b.len, nplain);
	ck_assert_mem_eq(b.p + b.len - nplain, plain, nplain);
	ck_assert_ptr_null(strstr(b.p, "chunked"));
	buf_release(&b);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, who_takes_no_gzip_gets_the_text);
	tcase_add_test(t, who_takes_gzip_gets_what_is_stored);
	tcase_add_test(t, no_transform_is_respected);
	tcase_add_test(t, range_of_the_text_is_the_whole);
	tcase_add_test(t, several_members_are_one_text);
	tcase_add_test(t, what_only_claims_to_be_gzip_is_given_as_it_is);
	tcase_add_test(t,
	    damaged_gzip_ends_the_connection_and_nothing_else);
	tcase_add_test(t,
	    old_client_gets_the_text_until_the_connection_ends);
}

int
main(void)
{

	return (client_main("transcode", add));
}
