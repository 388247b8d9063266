/* The forms in which keys come and go. */
#include <openssl/pkcs12.h>

#include "emulator/identity/certs.h"
#include "emulator/tests/fixture.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define W	FIX_SA "/" WORKER

static struct fix x;
static struct req rq;

static void
setup(void)
{

	fix_init(&x);
	fix_account(&x, "worker-account");
}

static void
teardown(void)
{

	fix_release(&x);
}

static int
ask(const char *method, const char *target, const char *body)
{

	return (fix_ask(&x, &rq, x.emu.owner, method, IAM_HOST, target,
	    body));
}

/* A field of the answer that is base64. */
static void
decoded(const char *field, struct buf *b)
{
	const char *s = fix_text(&rq, field);

	buf_init(b, 65536);
	ck_assert(str_b64_decode(b, s, strlen(s), false));
}

/* Of the certificate of a new key pair, as it is uploaded. */
static const char *
certificate(const char **pem, int64_t from_s)
{
	const char *public, *data;
	struct buf b;

	ck_assert_int_eq(jwt_new_key(&x.arena, pem, &public, NULL), 0);
	data = certs_make(&x.arena, *pem, "a drill", from_s);
	ck_assert_ptr_nonnull(data);
	buf_init(&b, 65536);
	str_b64_encode(&b, data, strlen(data), false);
	data = arena_strdup(&x.arena, b.p);
	buf_release(&b);
	return (data);
}

static int
upload(const char *data)
{

	return (ask("POST", W "/keys:upload", arena_printf(&x.arena,
	    "{\"publicKeyData\":\"%s\"}", data)));
}

/* Is what was signed with that private key taken for the worker's? */
static bool
signs(const char *pem, const char *kid)
{
	json_auto_t *c = fix_claims(&x, WORKER);
	const char *token = jwt_sign(&x.arena, pem, kid, c), *why;

	return (oauth_check(&x.emu, &x.arena, token, &why) != NULL);
}

START_TEST(pkcs12_files_open_with_the_password)
{
	EVP_PKEY *k = NULL;
	X509 *c = NULL;
	const unsigned char *p;
	struct buf b;
	PKCS12 *file;

	ck_assert_int_eq(ask("POST", W "/keys",
	    "{\"privateKeyType\":\"TYPE_PKCS12_FILE\"}"), 200);
	ck_assert_str_eq(fix_text(&rq, "privateKeyType"), "TYPE_PKCS12_FILE");
	decoded("privateKeyData", &b);
	p = (const unsigned char *)b.p;
	file = d2i_PKCS12(NULL, &p, (long)b.len);
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(PKCS12_parse(file, "wrong", &k, &c, NULL), 0);
	ck_assert_int_eq(PKCS12_parse(file, "notasecret", &k, &c, NULL), 1);
	ck_assert_int_eq(X509_check_private_key(c, k), 1);
	EVP_PKEY_free(k);
	X509_free(c);
	PKCS12_free(file);
	buf_release(&b);
	req_release(&rq);
}
END_TEST

START_TEST(certificates_of_keys_can_be_had)
{
	struct fix_key k = fix_key(&x, WORKER);
	int64_t from, until;
	const char *public;
	struct iam_key key;
	struct buf b;

	ck_assert_int_eq(ask("GET", arena_printf(&x.arena, W "/keys/%s"
	    "?publicKeyType=TYPE_X509_PEM_FILE", k.kid), NULL), 200);
	decoded("publicKeyData", &b);
	public = certs_public(&x.arena, b.p, &from, &until, NULL);
	ck_assert(iam_key_get(&x.emu, &x.arena, k.kid, &key));
	ck_assert_str_eq(public, key.public_pem);
	buf_release(&b);
	req_release(&rq);
	/* to anybody, with no credentials */
	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "GET", "www.googleapis.com",
	    "/robot/v1/metadata/x509/" WORKER, NULL), 200);
	ck_assert_ptr_nonnull(strstr(fix_text(&rq, k.kid),
	    "BEGIN CERTIFICATE"));
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "GET", "www.googleapis.com",
	    "/service_accounts/v1/metadata/jwk/" WORKER, NULL), 200);
	ck_assert_ptr_nonnull(strstr(rq.reply, k.kid));
	ck_assert_ptr_nonnull(strstr(rq.reply, "AQAB"));
	req_release(&rq);
	ck_assert_int_eq(fix_ask(&x, &rq, NULL, "GET", "www.googleapis.com",
	    "/robot/v1/metadata/x509/" FIX_MAIL("nobody"), NULL), 404);
	req_release(&rq);
}
END_TEST

START_TEST(an_uploaded_key_signs_for_its_account)
{
	const char *pem, *other, *kid, *data = certificate(&pem, 1600000000);

	(void)certificate(&other, 1600000000);
	ck_assert_int_eq(upload(data), 200);
	ck_assert_str_eq(fix_text(&rq, "keyOrigin"), "USER_PROVIDED");
	ck_assert_str_eq(fix_text(&rq, "validAfterTime"),
	    "2020-09-13T12:26:40Z");
	ck_assert_str_eq(fix_text(&rq, "validBeforeTime"),
	    "9999-12-31T23:59:59Z");
	kid = arena_strdup(&x.arena, strrchr(fix_text(&rq, "name"), '/') + 1);
	req_release(&rq);
	ck_assert(signs(pem, kid));
	ck_assert(!signs(other, kid));
	ck_assert_int_eq(fix_owner(&x, "DELETE", IAM_HOST, arena_printf(
	    &x.arena, W "/keys/%s", kid), NULL), 200);
	ck_assert(!signs(pem, kid));
}
END_TEST

/* OpenSSL's own command makes one that ends. */
START_TEST(an_uploaded_key_ends_with_its_certificate)
{
	const int64_t day = INT64_C(86400000000);
	const char *pem, *kid;
	struct buf b, text;

	ck_assert_int_eq(system(arena_printf(&x.arena, "openssl req -x509 "
	    "-newkey rsa:2048 -nodes -days 10 -subj /CN=x -keyout %s/k.pem "
	    "-out %s/c.pem 2>/dev/null", x.dir, x.dir)), 0);
	buf_init(&text, 65536);
	ck_assert_int_eq(file_read(arena_printf(&x.arena, "%s/c.pem", x.dir),
	    &text, NULL), 0);
	buf_init(&b, 65536);
	str_b64_encode(&b, text.p, text.len, false);
	ck_assert_int_eq(upload(b.p), 200);
	kid = arena_strdup(&x.arena, strrchr(fix_text(&rq, "name"), '/') + 1);
	req_release(&rq);
	buf_release(&text);
	buf_init(&text, 65536);
	ck_assert_int_eq(file_read(arena_printf(&x.arena, "%s/k.pem", x.dir),
	    &text, NULL), 0);
	pem = arena_strdup(&x.arena, text.p);
	buf_release(&text);
	buf_release(&b);
	ck_assert(signs(pem, kid));
	atomic_fetch_add(&x.emu.clock.shift_us, 11 * day);
	ck_assert(!signs(pem, kid));
}
END_TEST

START_TEST(what_is_no_certificate_is_refused)
{
	static const char *const t[] = { "", "!", "aGVsbG8=" };

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(upload(t[i]), 400);
		req_release(&rq);
	}
	for (int i = 0; i < 10; i++)
		(void)fix_key(&x, WORKER);
	ck_assert_int_eq(upload(certificate(&(const char *){ NULL },
	    1600000000)), 400);
	req_release(&rq);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("iam_keys");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, pkcs12_files_open_with_the_password);
	tcase_add_test(t, certificates_of_keys_can_be_had);
	tcase_add_test(t, an_uploaded_key_signs_for_its_account);
	tcase_add_test(t, an_uploaded_key_ends_with_its_certificate);
	tcase_add_test(t, what_is_no_certificate_is_refused);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
