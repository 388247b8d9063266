#include <openssl/hmac.h>

#include "emulator/tests/fixture.h"
#include "lib/str.h"

static struct arena a;
static const char *priv, *pub, *other_priv, *other_pub;

static void
setup(void)
{

	a = (struct arena)ARENA_INIT;
	ck_assert_int_eq(jwt_new_key(&a, &priv, &pub, NULL), 0);
	ck_assert_int_eq(jwt_new_key(&a, &other_priv, &other_pub, NULL), 0);
}

static void
teardown(void)
{

	arena_release(&a);
}

static const char *
b64(const char *s)
{
	const char *out;
	struct buf b;

	buf_init(&b, 1u << 20);
	str_b64_encode(&b, s, strlen(s), true);
	out = arena_strdup(&a, b.p);
	buf_release(&b);
	return (out);
}

static const char *
good(void)
{
	json_auto_t *c = json_pack("{s:s, s:i, s:f}", "iss", "me@x", "iat",
	    100, "exp", 3700.5);
	const char *t = jwt_sign(&a, priv, "kid1", c);

	ck_assert_ptr_nonnull(t);
	return (t);
}

START_TEST(signed_token_is_verified_with_its_key_only)
{
	struct jwt j;

	ck_assert_int_eq(jwt_parse(&a, good(), &j, NULL), 0);
	ck_assert_str_eq(j.kid, "kid1");
	ck_assert_str_eq(j.iss, "me@x");
	ck_assert(j.has_iat && j.has_exp);
	ck_assert_int_eq(j.iat, 100);
	ck_assert_int_eq(j.exp, 3700);
	ck_assert_ptr_null(j.scope);
	ck_assert(jwt_verify(&j, pub));
	ck_assert(!jwt_verify(&j, other_pub));
	ck_assert(!jwt_verify(&j, "no key at all"));
	ck_assert(!jwt_verify(&j, priv));
}
END_TEST

/* Every single bit that is flipped in claims or signature is noticed. */
START_TEST(changed_token_is_not_verified)
{
	const char *t = good();
	size_t n = strlen(t);
	struct jwt j;
	int parsed = 0;

	for (size_t i = 0; i < n; i++) {
		char *bad = arena_strdup(&a, t);

		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		if (strcmp(bad, t) == 0 || jwt_parse(&a, bad, &j, NULL) != 0)
			continue;
		parsed++;
		ck_assert_msg(!jwt_verify(&j, pub), "byte %zu", i);
	}
	ck_assert_int_gt(parsed, 300);	/* the signature alone has 342 */
}
END_TEST

/* Header and claims with any signature whatever. */
static const char *
forged(const char *header, const char *claims, const char *sig)
{

	return (arena_printf(&a, "%s.%s.%s", b64(header), b64(claims), sig));
}

static const char *
hs256(const char *secret)
{
	const char *in = arena_printf(&a, "%s.%s",
	    b64("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"),
	    b64("{\"iss\":\"me@x\"}"));
	unsigned char mac[32];
	unsigned n = sizeof(mac);
	struct buf b;
	const char *out;

	ck_assert_ptr_nonnull(HMAC(EVP_sha256(), secret, (int)strlen(secret),
	    (const unsigned char *)in, strlen(in), mac, &n));
	buf_init(&b, 4096);
	buf_adds(&b, in);
	buf_addc(&b, '.');
	str_b64_encode(&b, mac, n, true);
	out = arena_strdup(&a, b.p);
	buf_release(&b);
	return (out);
}

START_TEST(other_algorithms_are_refused)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"\"}",
		"{\"alg\":\"HS256\"}", "{\"alg\":\"RS384\"}",
		"{\"alg\":\"ES256\"}", "{\"alg\":\"rs256\"}", "{}",
		"{\"alg\":null}", "{\"alg\":[\"RS256\"]}", "[\"RS256\"]",
		"{\"alg\":\"RS256\",\"alg\":\"none\"}",
		"{\"alg\":\"RS256\\u0000\"}",
		"{\"alg\":\"RS256\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"RS256\",\"typ\":\"JWE\"}", "\"RS256\"", "",
	};
	struct jwt j;

	for (size_t i = 0; i < NELEMS(headers); i++)
		ck_assert_msg(jwt_parse(&a, forged(headers[i],
		    "{\"iss\":\"me@x\"}", "AAAA"), &j, NULL) != 0, "%s",
		    headers[i]);
	ck_assert_int_ne(jwt_parse(&a, hs256(pub), &j, NULL), 0);
}
END_TEST

START_TEST(malformed_tokens_are_refused)
{
	static const char *const h = "{\"alg\":\"RS256\"}";
	const char *t = good();
	const char *bad[] = {
		"", ".", "..", "...", "a.b.c", "a.b", "x",
		forged(h, "not json", "AAAA"), forged(h, "[]", "AAAA"),
		forged(h, "{\"iss\":5}", "AAAA"),
		forged(h, "{\"exp\":\"soon\"}", "AAAA"),
		forged(h, "{\"exp\":1e300}", "AAAA"),
		forged(h, "{\"iss\":\"a\",\"iss\":\"b\"}", "AAAA"),
		forged(h, "{}", ""), forged(h, "{}", "A"),
		forged(h, "{}", "AAA="), forged(h, "{}", "AA/A"),
		forged(h, "{}", "AA A"),
		arena_printf(&a, "%s.", t), arena_printf(&a, ".%s", t),
		arena_printf(&a, " %s", t), arena_printf(&a, "%s=", t),
		forged(h, "{\"iss\":\"\xff\"}", "AAAA"),
	};
	struct jwt j;

	for (size_t i = 0; i < NELEMS(bad); i++)
		ck_assert_msg(jwt_parse(&a, bad[i], &j, NULL) != 0, "%zu: %s",
		    i, bad[i]);
	for (size_t n = 0; n < strlen(t); n++) {
		const char *cut = arena_strndup(&a, t, n);

		ck_assert(jwt_parse(&a, cut, &j, NULL) != 0 ||
		    !jwt_verify(&j, pub));
	}
}
END_TEST

START_TEST(huge_token_is_refused)
{
	char *big = arena_alloc(&a, JWT_MAX + 100);
	struct jwt j;
	struct err e = ERR_INIT;

	memset(big, 'A', JWT_MAX + 50);
	memcpy(big, good(), 20);
	ck_assert_int_ne(jwt_parse(&a, big, &j, &e), 0);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "longer than"));
	err_release(&e);
	/* deep nesting ends in an error, not in a full stack */
	memset(big, '[', 6000);
	big[6000] = '\0';
	ck_assert_int_ne(jwt_parse(&a, forged("{\"alg\":\"RS256\"}", big,
	    "AAAA"), &j, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("jwt");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, signed_token_is_verified_with_its_key_only);
	tcase_add_test(t, changed_token_is_not_verified);
	tcase_add_test(t, other_algorithms_are_refused);
	tcase_add_test(t, malformed_tokens_are_refused);
	tcase_add_test(t, huge_token_is_refused);
	return (fix_main(s));
}
