/* The vectors were made by clients that are not ours: python's
 * google-cloud-storage and botocore, with a clock that stands still. */
#include "emulator/identity/canon.h"
#include "emulator/identity/sign.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define WHO	"signer@drill-project.iam.gserviceaccount.com"
#define DATE	"20260302T040506Z"
#define SCOPE	"20260302/auto/storage/goog4_request"
#define SECRET	"drill/secret+forty/characters/long/0123456"
#define HELLO	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static struct arena arena;

static void
teardown(void)
{

	arena_release(&arena);
}

static size_t
count(const struct canon_kv *kv)
{
	size_t n = 0;

	while (kv[n].k != NULL)
		n++;
	return (n);
}

struct vector {
	const char *method, *path, *signed_headers, *payload;
	struct canon_kv headers[6];
	struct canon_kv query[12];
	const char *digest;
};

#define BASE(signed_headers)						\
	{ "X-Goog-Algorithm", "GOOG4-RSA-SHA256" },			\
	{ "X-Goog-Credential", WHO "/" SCOPE },				\
	{ "X-Goog-Date", DATE }, { "X-Goog-Expires", "600" },		\
	{ "X-Goog-SignedHeaders", signed_headers },			\
	{ "X-Goog-Signature", "0101" }
#define HOST	{ "Host", "storage.googleapis.com" }

static const struct vector v4[] = {
	{ "GET", "/b-one/o", "host", "UNSIGNED-PAYLOAD", { HOST },
	    { BASE("host") },
	    "70503f40513d520417db7883494830f78e925ceed08e21ddb04946999239008a"
	},
	{ "PUT", "/b-one/a%20b/%C3%A9%2B~", "host", "UNSIGNED-PAYLOAD",
	    { HOST }, { BASE("host") },
	    "71ea2ae6cfdb0801492f32b6e6c60d6a1981c167d4dc798a24ace6f238740a9a"
	},
	{ "PUT", "/b-one/o",
	    "content-type;foo;host;x-goog-acl;x-goog-meta-two",
	    "UNSIGNED-PAYLOAD", { { "FOO", "1, 2 ,3" },
	    { "X-Goog-Meta-Two", "  a   b\t c " }, HOST,
	    { "x-goog-acl", "private" }, { "content-type", "text/plain" } },
	    { BASE("content-type;foo;host;x-goog-acl;x-goog-meta-two") },
	    "b5ce87a88c140fd036d2c9b8219340946a839d876097a9751fe320175c4e7b46"
	},
	{ "GET", "/b-one/o", "host", "UNSIGNED-PAYLOAD", { HOST },
	    { { "b", "/ +&=~" }, { "a", "" }, { "A", "\xc3\xa9" },
	    { "response-content-disposition",
	    "attachment; filename=\"x y\"" }, { "generation", "17" },
	    BASE("host") },
	    "968b2119983a40d7bc1589e2fa9c61f6bb420f25906da2fe19e556d6621e71d5"
	},
	{ "PUT", "/b-one/o", "host;x-goog-content-sha256", HELLO,
	    { HOST, { "x-goog-content-sha256", HELLO } },
	    { BASE("host;x-goog-content-sha256") },
	    "20b74a1782c56c35d074cdbb2d6d87d0ac20b7ecfb8164b3e137dc13010d402c"
	},
	{ "GET", "/o", "host", "UNSIGNED-PAYLOAD",
	    { { "host", "127.0.0.1:8080" } }, { BASE("host") },
	    "ed15338c2517166a7f35b253440a3bac46aed8fa87154faa317d89acb4f020e2"
	},
	{ "POST", "/b-one/o", "host;x-goog-resumable", "UNSIGNED-PAYLOAD",
	    { { "X-Goog-Resumable", "start" }, HOST },
	    { BASE("host;x-goog-resumable") },
	    "6c337b0cd02fe0bca00ed4bf8a8288502bdba72a937035d482cf0c11b3b5f66a"
	},
};

static struct canon
canon_of(const struct vector *v)
{

	return ((struct canon){ .method = v->method, .path = v->path,
	    .query = v->query, .nquery = count(v->query),
	    .headers = v->headers, .nheaders = count(v->headers) });
}

START_TEST(v4_agrees_with_the_client_library)
{
	const struct vector *v = &v4[_i];
	struct canon c = canon_of(v);
	struct canon_v4 o = { .signature = "X-Goog-Signature",
	    .signed_headers = v->signed_headers, .payload = v->payload };
	const char *request = canon_v4(&arena, &c, &o);

	ck_assert_str_eq(canon_v4_string(&arena, "GOOG4-RSA-SHA256", DATE,
	    SCOPE, request), arena_printf(&arena,
	    "GOOG4-RSA-SHA256\n" DATE "\n" SCOPE "\n%s", v->digest));
}
END_TEST

START_TEST(v4_host_can_stand_in_for_the_header)
{
	struct canon c = canon_of(&v4[0]);
	struct canon_v4 o = { .signature = "X-Goog-Signature",
	    .signed_headers = "host", .host = "localhost",
	    .payload = "UNSIGNED-PAYLOAD" };

	ck_assert_ptr_nonnull(strstr(canon_v4(&arena, &c, &o),
	    "\nhost:localhost\n\nhost\nUNSIGNED-PAYLOAD"));
}
END_TEST

/* Headers of one name are one line, in the order in which they came. */
START_TEST(header_of_several_lines_is_joined)
{
	static const struct canon_kv h[] = {
		{ "X-Goog-Meta-A", " 1 " }, { "x-goog-meta-a", "2\t 3" },
	};
	struct canon c = { .method = "GET", .path = "/b/o", .headers = h,
	    .nheaders = 2 };

	ck_assert_str_eq(canon_header(&arena, &c, "x-GOOG-meta-a"), "1,2 3");
	ck_assert_ptr_null(canon_header(&arena, &c, "x-goog-meta-b"));
}
END_TEST

START_TEST(lists_are_of_whole_names)
{

	ck_assert(canon_listed("host;x-goog-date", "Host"));
	ck_assert(canon_listed("host;x-goog-date", "x-goog-date"));
	ck_assert(!canon_listed("host;x-goog-date", "x-goog"));
	ck_assert(!canon_listed("host;x-goog-date", "x-goog-date2"));
	ck_assert(!canon_listed("", "host"));
}
END_TEST

/* Of botocore's S3SigV4QueryAuth and S3SigV4Auth. */
START_TEST(aws4_agrees_with_botocore)
{
	static const struct canon_kv q[] = {
		{ "prefix", "a/b" }, { "X-Amz-Algorithm", "AWS4-HMAC-SHA256" },
		{ "X-Amz-Credential",
		    "GOOG1EDRILL/20260302/auto/s3/aws4_request" },
		{ "X-Amz-Date", DATE }, { "X-Amz-Expires", "600" },
		{ "X-Amz-SignedHeaders", "host" },
		{ "X-Amz-Signature", "9e52" },
	}, host[] = { HOST }, put[] = {
		HOST, { "x-amz-meta-a", " 1   2" },
		{ "Content-Type", "text/plain" }, { "X-Amz-Date", DATE },
		{ "X-Amz-Content-SHA256", HELLO },
	};
	struct sign_scope s = { "20260302", "auto", "s3", "aws4_request" };
	struct canon get = { .method = "GET", .path = "/b-one/o%20x",
	    .query = q, .nquery = 7, .headers = host, .nheaders = 1 };
	struct canon_v4 o = { .signature = "X-Amz-Signature",
	    .signed_headers = "host", .payload = "UNSIGNED-PAYLOAD" };
	const char *scope = "20260302/auto/s3/aws4_request";
	unsigned char key[SIGN_SHA256];

	sign_v4_key("AWS4", SECRET, &s, key);
	ck_assert_str_eq(sign_v4(&arena, key, canon_v4_string(&arena,
	    "AWS4-HMAC-SHA256", DATE, scope, canon_v4(&arena, &get, &o))),
	    "9e52f909196189c7bfff853e24ad33abb5e3288ef2844fe2bc163bb2ca80e54e");
	get = (struct canon){ .method = "PUT", .path = "/b-one/o",
	    .headers = put, .nheaders = 5 };
	o = (struct canon_v4){ .payload = HELLO, .signed_headers =
	    "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a" };
	ck_assert_str_eq(sign_v4(&arena, key, canon_v4_string(&arena,
	    "AWS4-HMAC-SHA256", DATE, scope, canon_v4(&arena, &get, &o))),
	    "17dcb0145198846513b24fe4b226007ca57b92448c25593e3d47dd722d78426e");
	s = (struct sign_scope){ "20260302", "auto", "storage",
	    "goog4_request" };
	sign_v4_key("GOOG4", SECRET, &s, key);
	ck_assert_str_eq(sign_v4(&arena, key, "some text"),
	    "6baa1a4db821683008b217ecf096a09a1612b900cf0cbbf603b854806be7aac4");
}
END_TEST

START_TEST(v2_covers_type_extensions_and_subresources)
{
	static const struct canon_kv h[] = {
		{ "X-Goog-Meta-B", " 2  3" }, { "content-type", "text/plain" },
		{ "Content-MD5", "XUFAKrxLKna5cZ2REBfFkg==" },
		{ "x-goog-meta-a", "1" }, { "x-amz-acl", "private" },
		{ "x-goog-encryption-key", "secret" },
		{ "x-goog-encryption-key-sha256", "hash" },
		{ "X-Goog-Encryption-Algorithm", "AES256" }, HOST,
	}, q[] = {
		{ "Signature", "x" }, { "uploadId", "7" }, { "acl", "" },
		{ "response-content-type", "a/b" }, { "marker", "m" },
	};
	struct canon c = { .method = "PUT", .path = "/b-one/a%20b",
	    .headers = h, .nheaders = 9, .query = q, .nquery = 5 };
	struct canon_v2 o = { .when = "1772424306" };
#define V2_HEAD								\
	"PUT\nXUFAKrxLKna5cZ2REBfFkg==\ntext/plain\n1772424306\n"
#define V2_GOOG								\
	"x-goog-encryption-algorithm:AES256\nx-goog-meta-a:1\n"		\
	"x-goog-meta-b:2 3\n"

	ck_assert_str_eq(canon_v2(&arena, &c, &o), V2_HEAD V2_GOOG
	    "/b-one/a%20b?acl&uploadId=7");
	o.form = CANON_RESPONSE | CANON_EQUALS;
	ck_assert_str_eq(canon_v2(&arena, &c, &o), V2_HEAD V2_GOOG
	    "/b-one/a%20b?acl=&response-content-type=a/b&uploadId=7");
	c.query = &(struct canon_kv){ "delete", "" };
	c.nquery = 1;
	o.form = 0;
	ck_assert_str_eq(canon_v2(&arena, &c, &o), V2_HEAD V2_GOOG
	    "/b-one/a%20b?delete");
	c.query = q;
	c.nquery = 5;
	o = (struct canon_v2){ .when = "1772424306", .amz = true,
	    .bucket = "b-two" };
	ck_assert_str_eq(canon_v2(&arena, &c, &o), V2_HEAD
	    "x-amz-acl:private\n" V2_GOOG
	    "/b-two/b-one/a%20b?acl&uploadId=7");
}
END_TEST

START_TEST(v2_hmac_is_sha1_in_base64)
{

	ck_assert_str_eq(sign_v2(&arena, SECRET, "GET\n\n\n"
	    "Mon, 02 Mar 2026 04:05:06 GMT\n/b-one/o"),
	    "H0sGFruaEYFVINAuHX9TnxSERjs=");
}
END_TEST

/* Two texts must never stand for one signature. */
START_TEST(signatures_have_one_spelling)
{
	size_t n;

	ck_assert_ptr_nonnull(sign_from_hex(&arena, "00ff", &n));
	ck_assert_uint_eq(n, 2);
	ck_assert_ptr_null(sign_from_hex(&arena, "00FF", &n));
	ck_assert_ptr_null(sign_from_hex(&arena, "0ff", &n));
	ck_assert_ptr_null(sign_from_hex(&arena, "", &n));
	ck_assert_ptr_null(sign_from_hex(&arena, "0g", &n));
	ck_assert_ptr_nonnull(sign_from_b64(&arena, "AQ==", &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_null(sign_from_b64(&arena, "AQ", &n));
	ck_assert_ptr_null(sign_from_b64(&arena, "AR==", &n));
	ck_assert_ptr_null(sign_from_b64(&arena, "A Q=", &n));
	ck_assert_ptr_null(sign_from_b64(&arena, "", &n));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("canon");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, v4_agrees_with_the_client_library, 0,
	    (int)NELEMS(v4));
	tcase_add_test(t, v4_host_can_stand_in_for_the_header);
	tcase_add_test(t, header_of_several_lines_is_joined);
	tcase_add_test(t, lists_are_of_whole_names);
	tcase_add_test(t, aws4_agrees_with_botocore);
	tcase_add_test(t, v2_covers_type_extensions_and_subresources);
	tcase_add_test(t, v2_hmac_is_sha1_in_base64);
	tcase_add_test(t, signatures_have_one_spelling);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
