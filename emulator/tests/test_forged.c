/* Ten thousand tokens that must not be believed, each as an assertion to the
 * token endpoint and as a bearer to the API, and signed requests that were
 * altered.  Between them genuine ones, which must be.  The generator is
 * seeded: FORGED_SEED in the environment repeats a run. */
#include <ctype.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "emulator/tests/signer.h"

#define AUTH	"https://www.googleapis.com/auth/"
#define MAIL	"@litedrill.iam.gserviceaccount.com"
#define VICTIM	"victim-account" MAIL
#define OTHER	"other-account" MAIL
#define SA	"/v1/projects/litedrill/serviceAccounts/"
#define ENOUGH	10000

static struct arena arena;
static uint64_t seed;
static size_t nforged, ngenuine, nclass;
static const char *class;

struct maker {
	EVP_PKEY *key;
	const char *pem, *kid, *email;
};

static struct maker victim, other, gone, disabled, retired, made_up;

static uint64_t
dice(uint64_t n)
{

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed % n);
}

static void
class_is(const char *name)
{

	if (class != NULL)
		(void)printf("%6zu %s\n", nclass, class);
	(void)fflush(stdout);
	class = name;
	nclass = 0;
}

/* ---- what is sent ---- */

static const char *
escaped(const char *s)
{
	char *p = curl_easy_escape(cl.curl, s, 0);
	const char *r = arena_strdup(&arena, p);

	curl_free(p);
	return (r);
}

static int
as_assertion(const char *t)
{
	const char *const h[] = { "Host: oauth2.googleapis.com", NULL };
	char *body = mem_printf("grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3A"
	    "grant-type%%3Ajwt-bearer&assertion=%s", escaped(t));

	ck_assert_int_eq(client_try("POST", client_url("/token"), body,
	    strlen(body), h), CURLE_OK);
	free(body);
	return (cl.status);
}

static int
as_bearer(const char *t)
{
	char *line = mem_printf("Authorization: Bearer %s", t);
	const char *const h[] = { line, NULL };

	ck_assert_int_eq(client_try("GET",
	    client_url("/storage/v1/b?project=litedrill"), NULL, 0, h),
	    CURLE_OK);
	free(line);
	return (cl.status);
}

/* A header cannot carry these, or takes blanks at the ends for nothing. */
static bool
fits_header(const char *t)
{
	size_t n = strlen(t);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)t[i] <= ' ')
			return (false);
	return (n > 0 && n < 40000);
}

static void
forged(const char *t)
{
	int status = as_assertion(t);

	nforged++;
	nclass++;
	ck_assert_msg(status == 400 || status == 401 || status == 413,
	    "%s: assertion %.3000s: %d %s", class, t, status, cl.body.p);
	if (!fits_header(t))
		return;
	status = as_bearer(t);
	ck_assert_msg(status == 401 || status == 400 || status == 431,
	    "%s: bearer %.3000s: %d %s", class, t, status, cl.body.p);
}

/* ---- tokens ---- */

static const char *
b64url(const void *p, size_t n)
{
	struct buf b;
	const char *r;

	buf_init(&b, 4u << 20);
	str_b64_encode(&b, p, n, true);
	r = arena_strdup(&arena, b.p);
	buf_release(&b);
	return (r);
}

static const char *
input_of(const char *header, const char *claims)
{

	return (arena_printf(&arena, "%s.%s", b64url(header, strlen(header)),
	    b64url(claims, strlen(claims))));
}

/* The signature of a text by a key; pss: PS256 and so on. */
static const char *
sign_with(EVP_PKEY *key, const EVP_MD *md, bool pss, const char *text)
{
	unsigned char sig[1024];
	size_t n = sizeof(sig);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *k;

	ck_assert_int_eq(EVP_DigestSignInit(ctx, &k, md, NULL, key), 1);
	if (pss)
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(k,
		    RSA_PKCS1_PSS_PADDING), 1);
	ck_assert_int_eq(EVP_DigestSign(ctx, sig, &n,
	    (const unsigned char *)text, strlen(text)), 1);
	EVP_MD_CTX_free(ctx);
	return (b64url(sig, n));
}

static const char *
token_of(const struct maker *m, const char *header, const char *claims)
{
	const char *in = input_of(header, claims);

	return (arena_printf(&arena, "%s.%s", in,
	    sign_with(m->key, EVP_sha256(), false, in)));
}

static const char *
header_of(const char *alg, const char *kid, const char *more)
{

	return (arena_printf(&arena, "{\"alg\":\"%s\",\"typ\":\"JWT\"%s%s%s%s}",
	    alg, kid != NULL ? ",\"kid\":\"" : "", kid != NULL ? kid : "",
	    kid != NULL ? "\"" : "", more));
}

static long long
now_s(void)
{

	return ((long long)(clock_wall_us(&cl.emu->clock) / 1000000));
}

/* Claims that are good for a token endpoint, or for an API. */
static const char *
claims_at(const char *email, bool api, long long iat, long long exp)
{

	return (arena_printf(&arena, "{\"iss\":\"%s\",\"sub\":\"%s\",%s,"
	    "\"iat\":%lld,\"exp\":%lld,\"jti\":\"%llu\"}", email, email,
	    api ? "\"aud\":\"https://storage.googleapis.com/\"" :
	    "\"aud\":\"https://oauth2.googleapis.com/token\",\"scope\":\"" AUTH
	    "cloud-platform\"", iat, exp, (unsigned long long)dice(1u << 30)));
}

static const char *
claims_of(const char *email, bool api)
{
	long long iat = now_s() - (long long)dice(60);

	return (claims_at(email, api, iat, iat + 120 +
	    (long long)dice(3400)));
}

static const char *
genuine_token(bool api)
{

	return (token_of(&victim, header_of("RS256",
	    dice(4) == 0 ? NULL : victim.kid, ""), claims_of(VICTIM, api)));
}

/* They must be believed, or the test proves nothing. */
static void
control(size_t n)
{

	for (size_t i = 0; i < n; i++, ngenuine += 2) {
		const char *t = genuine_token(true);

		ck_assert_msg(as_bearer(t) == 200, "%s: %s", t, cl.body.p);
		t = genuine_token(false);
		ck_assert_msg(as_assertion(t) == 200, "%s: %s", t,
		    cl.body.p);
	}
}

/* ---- who makes them ---- */

static int
owner(const char *host, const char *method, const char *path, const char *body)
{
	const char *const h[] = { sg.bearer, host,
		"Content-Type: application/json", NULL };

	ck_assert_int_eq(client_try(method, client_url(path), body,
	    strlen(body), h), CURLE_OK);
	ck_assert_msg(cl.status < 300, "%s: %s", path, cl.body.p);
	return (cl.status);
}

#define IAM	"Host: iam.googleapis.com"
#define STORE	"Host: storage.googleapis.com"

static void
maker_init(struct maker *m, const char *id)
{
	json_auto_t *answer = NULL, *file = NULL;
	char body[128], *text;
	struct buf b;
	BIO *bio;

	m->email = arena_printf(&arena, "%s" MAIL, id);
	(void)snprintf(body, sizeof(body), "{\"accountId\":\"%s\"}", id);
	owner(IAM, "POST", "/v1/projects/litedrill/serviceAccounts", body);
	owner(IAM, "POST", arena_printf(&arena, SA "%s/keys", m->email), "{}");
	answer = client_json();
	buf_init(&b, 1u << 16);
	text = mem_strdup(json_string_value(json_object_get(answer,
	    "privateKeyData")));
	ck_assert(str_b64_decode(&b, text, strlen(text), false));
	file = json_loadb(b.p, b.len, 0, NULL);
	m->pem = arena_strdup(&arena, json_string_value(json_object_get(file,
	    "private_key")));
	m->kid = arena_strdup(&arena, json_string_value(json_object_get(file,
	    "private_key_id")));
	bio = BIO_new_mem_buf(m->pem, -1);
	m->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	ck_assert_ptr_nonnull(m->key);
	BIO_free(bio);
	buf_release(&b);
	free(text);
}

static void
makers(void)
{
	const char *s = getenv("FORGED_SEED");

	seed = s != NULL ? strtoull(s, NULL, 0) :
	    (uint64_t)clock_mono_us() * 2654435761u | 1;
	(void)printf("FORGED_SEED=%llu\n", (unsigned long long)seed);
	signer_start(START_AUTH_ON);
	maker_init(&victim, "victim-account");
	maker_init(&other, "other-account");
	maker_init(&gone, "deleted-account");
	maker_init(&disabled, "disabled-account");
	maker_init(&retired, "retired-account");
	made_up = victim;
	made_up.key = EVP_RSA_gen(2048);
	owner("Host: cloudresourcemanager.googleapis.com", "POST",
	    "/v1/projects/litedrill:setIamPolicy", arena_printf(&arena,
	    "{\"policy\":{\"bindings\":[{\"role\":\"roles/owner\",\"members\":"
	    "[\"serviceAccount:%s\"]},{\"role\":\"roles/storage.admin\","
	    "\"members\":[\"serviceAccount:" VICTIM "\"]}]}}",
	    cl.emu->owner));
}

static void
makers_end(void)
{
	EVP_PKEY *keys[] = { victim.key, other.key, gone.key, disabled.key,
		retired.key, made_up.key };

	for (size_t i = 0; i < NELEMS(keys); i++)
		EVP_PKEY_free(keys[i]);
	arena_release(&arena);
	signer_stop();
}

/* ---- the classes ---- */

static void
wrong_keys(void)
{
	const struct maker *const by[] = { &other, &made_up, &gone };

	class_is("signed with a wrong key");
	for (size_t i = 0; i < 600; i++) {
		const struct maker *m = by[i % 3];
		const char *const kids[] = { victim.kid, m->kid, NULL };

		forged(token_of(m, header_of("RS256", kids[i / 3 % 3], ""),
		    claims_of(VICTIM, i % 2 == 0)));
	}
}

static void
no_algorithm(void)
{
	static const char *const sigs[] = { "", "AA", "e30" };

	class_is("alg none, in every spelling");
	for (unsigned m = 0; m < 16; m++)
		for (size_t s = 0; s < 4; s++)
			for (int api = 0; api < 2; api++) {
				char none[] = "none";
				const char *in;

				for (int i = 0; i < 4; i++)
					if ((m & 1u << i) != 0)
						none[i] = (char)(none[i] - 32);
				in = input_of(header_of(none, victim.kid, ""),
				    claims_of(VICTIM, api));
				forged(arena_printf(&arena, "%s.%s", in,
				    s < 3 ? sigs[s] : sign_with(victim.key,
				    EVP_sha256(), false, in)));
			}
	class_is("no alg, or one that is no text");
	for (size_t i = 0; i < 80; i++) {
		static const char *const heads[] = { "{}", "{\"typ\":\"JWT\"}",
			"{\"alg\":null}", "{\"alg\":[\"RS256\"]}",
			"{\"alg\":\"\"}", "{\"alg\":256}", "{\"alg\":\"rs256\"}",
			"{\"alg\":\"RS256 \"}", "{\"alg\":\"RS256\\u0000\"}",
			"{\"alg\":\"none\",\"alg\":\"RS256\"}" };

		forged(token_of(&victim, heads[i % 10], claims_of(VICTIM,
		    i % 2 == 0)));
	}
}

/* The public key, which anybody has, as the secret of an HMAC. */
static void
public_as_secret(void)
{
	static const char *const algs[] = { "HS256", "HS384", "HS512",
		"RS256" };
	const EVP_MD *const mds[] = { EVP_sha256(), EVP_sha384(),
		EVP_sha512(), EVP_sha256() };
	unsigned char mac[EVP_MAX_MD_SIZE], *der = NULL;
	int nder = i2d_PUBKEY(victim.key, &der);
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned nmac;
	char *pem;
	long npem;

	class_is("HS256, the public key as secret");
	ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, victim.key), 1);
	npem = BIO_get_mem_data(bio, &pem);
	for (size_t i = 0; i < 400; i++) {
		const void *const keys[] = { pem, pem, der, victim.kid, "" };
		const int ns[] = { (int)npem, (int)npem - 1, nder,
			(int)strlen(victim.kid), 0 };
		const char *in = input_of(header_of(algs[i % 4], victim.kid,
		    ""), claims_of(VICTIM, i % 8 < 4));

		(void)HMAC(mds[i % 4], keys[i % 5], ns[i % 5],
		    (const unsigned char *)in, strlen(in), mac, &nmac);
		forged(arena_printf(&arena, "%s.%s", in, b64url(mac, nmac)));
	}
	OPENSSL_free(der);
	BIO_free(bio);
}

/* Signed as they say with the right key, or saying so. */
static void
other_algorithms(void)
{
	static const char *const algs[] = { "RS384", "RS512", "PS256", "PS384",
		"PS512", "ES256", "EdDSA", "RS1", "RSA", "SHA256withRSA" };
	EVP_PKEY *ec = EVP_EC_gen("P-256");

	class_is("another algorithm");
	for (size_t i = 0; i < 500; i++) {
		const char *alg = algs[i % NELEMS(algs)];
		const EVP_MD *md = strstr(alg, "384") != NULL ? EVP_sha384() :
		    strstr(alg, "512") != NULL ? EVP_sha512() : EVP_sha256();
		const char *in = input_of(header_of(i % 3 == 0 ? "RS256" : alg,
		    victim.kid, ""), claims_of(VICTIM, i % 2 == 0));
		bool pss = alg[0] == 'P';

		/* Under RS256 itself nothing but another padding is wrong. */
		if (i % 3 == 0 && !pss && md == EVP_sha256() && alg[0] != 'E')
			continue;
		forged(arena_printf(&arena, "%s.%s", in, sign_with(
		    alg[0] == 'E' ? ec : victim.key, md, pss, in)));
	}
	EVP_PKEY_free(ec);
}

static void
wrong_times(void)
{
	const long long h = 3600, day = 24 * h, year = 365 * day;

	class_is("expired, not yet valid, or for too long");
	for (size_t i = 0; i < 1000; i++) {
		long long t = now_s(), r = (long long)dice(1000);
		const long long cases[][2] = {
			{ t - h - r - 1, t - r - 1 }, { t - day, t - day + h },
			{ t - h, t }, { t + h + r, t + 2 * h + r },
			{ t + day, t + day + h }, { t - 10, t + 2 * h + r },
			{ t, t + year }, { t - 2 * h, t + h - r },
			{ t + 100, t + 50 }, { t, t }, { 0, t + h - r },
			{ -t, t + h }, { t, -t }, { t, 0 }, { 0, 0 },
			{ t, 99999999999999 }, { t * 1000, (t + h) * 1000 },
			{ t + 400 + r, t + 500 + r },
		};
		const long long *c = cases[i % NELEMS(cases)];

		forged(token_of(&victim, header_of("RS256", victim.kid, ""),
		    claims_at(VICTIM, i % 2 == 0, c[0], c[1])));
	}
}

static void
claims_are(const char *claims)
{

	forged(token_of(&victim, header_of("RS256", victim.kid, ""), claims));
}

static void
wrong_claims(void)
{
	static const char *const auds[] = { "", "https://evil.example/token",
		"https://oauth2.googleapis.com/token/", "https://oauth2.google"
		"apis.com", "http://oauth2.googleapis.com/token",
		"https://OAUTH2.googleapis.com/token", "https://oauth2.google"
		"apis.com/token ", "https://oauth2.googleapis.com/tokeninfo",
		"https://storage.googleapis.com.evil.example/",
		"https://bigquery.googleapis.com/", "litedrill", "*" };
	static const char *const odd[] = { "null", "1", "true", "[]", "{}",
		"[\"" VICTIM "\"]", "\"\"", "-1", "1e400" };
	static const char *const names[] = { "iss", "sub", "aud", "iat",
		"exp" };

	class_is("wrong audience");
	for (size_t i = 0; i < 25 * NELEMS(auds); i++)
		claims_are(arena_printf(&arena, "{\"iss\":\"" VICTIM "\","
		    "\"aud\":\"%s\",\"iat\":%lld,\"exp\":%lld}",
		    auds[i % NELEMS(auds)], now_s(), now_s() + 600));
	class_is("claims missing, of a wrong type, or twice");
	for (size_t i = 0; i < 900; i++) {
		/* who has a scope needs no aud at an API, and who has no sub
		 * is the iss */
		const char *name = names[i % 5], *v = odd[i / 5 % 9];
		json_auto_t *j = json_loads(claims_of(VICTIM, i % 5 == 2 ||
		    dice(2) == 0), 0, NULL);
		char *whole = json_dumps(j, JSON_COMPACT), *rest;

		(void)json_object_del(j, name);
		rest = json_dumps(j, JSON_COMPACT);
		if (i / 45 % 3 == 0 && i % 5 != 1)
			claims_are(rest);
		else if (i / 45 % 3 == 1)
			claims_are(arena_printf(&arena, "%.*s,\"%s\":%s}",
			    (int)strlen(whole) - 1, whole, name, v));
		else
			claims_are(arena_printf(&arena, "%.*s,\"%s\":%s}",
			    (int)strlen(rest) - 1, rest, name, v));
		free(whole);
		free(rest);
	}
	class_is("claims that are no object");
	for (size_t i = 0; i < 60; i++) {
		static const char *const whole[] = { "", "[]", "null", "{", "1",
			"\"x\"", "{}{}", "{\"iss\":}", "{'iss':1}", "\xff\xfe" };

		forged(token_of(&victim, header_of("RS256", victim.kid, ""),
		    whole[i % NELEMS(whole)]));
	}
}

static void
mutilated(void)
{

	for (int api = 0; api < 2; api++) {
		const char *t = genuine_token(api);
		size_t n = strlen(t);

		class_is("truncated at every byte");
		for (size_t i = 0; i < n; i++)
			forged(arena_strndup(&arena, t, i));
		class_is("one bit flipped in every byte");
		for (size_t i = 0; i < n; i++) {
			char *bad = arena_strdup(&arena, t);

			bad[i] = (char)(bad[i] ^ 1 << dice(7));
			if (bad[i] != '\0')
				forged(bad);
		}
		/* Bits of the last letter that stand for nothing. */
		class_is("the same signature, spelt otherwise");
		for (int c = '-'; c <= 'z'; c++) {
			char *bad = arena_strdup(&arena, t);

			if (bad[n - 1] == c)
				continue;
			bad[n - 1] = (char)c;
			forged(bad);
		}
	}
}

static void
encodings(void)
{

	class_is("base64 in another form");
	for (size_t i = 0; i < 60; i++) {
		const char *t = genuine_token(i % 2 == 0), *dot1, *dot2;
		char *std = arena_strdup(&arena, t);
		bool differs = false;

		dot1 = strchr(t, '.');
		dot2 = strchr(dot1 + 1, '.');
		for (char *p = std; *p != '\0'; p++) {
			differs = differs || *p == '-' || *p == '_';
			*p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
		}
		if (differs)
			forged(std);
		forged(arena_printf(&arena, "%s=", t));
		forged(arena_printf(&arena, "%s==", t));
		forged(arena_printf(&arena, "%.*s=%s", (int)(dot1 - t), t,
		    dot1));
		forged(arena_printf(&arena, "%.*s==%s", (int)(dot2 - t), t,
		    dot2));
		forged(arena_printf(&arena, "%s\n", t));
		forged(arena_printf(&arena, " %s", t));
		forged(arena_printf(&arena, "%.*s\r\n %s", (int)(dot2 - t), t,
		    dot2));
		forged(arena_printf(&arena, "%s.", t));
		forged(arena_printf(&arena, ".%s", t));
		forged(arena_printf(&arena, "%s.e30", t));
		forged(arena_printf(&arena, "%s%%00", t));
		forged(arena_printf(&arena, "%.*s", (int)(dot2 - t + 1), t));
	}
}

static void
headers(void)
{
	static const char *const kids[] = { "../../../../dev/null", "/dev/null",
		"..%2f..%2fowner-key.json", "' OR '1'='1", "' UNION SELECT 1--",
		"", " ", "x\\u0000y", "key:%s", "%s%n%n", "0", "*", "\\u00ff",
		"https://evil.example/key", "owner-key.json", "|id" };
	unsigned char *der = NULL;
	int nder = i2d_PUBKEY(made_up.key, &der);
	BIGNUM *n = NULL;
	unsigned char mod[512];
	const char *jwk, *cert;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(made_up.key, "n", &n), 1);
	jwk = b64url(mod, (size_t)BN_bn2bin(n, mod));
	BN_free(n);
	cert = b64url(der, (size_t)nder);
	OPENSSL_free(der);
	class_is("kid of another key, or none that can be");
	for (size_t i = 0; i < 480; i++) {
		const char *kid = i % 4 == 0 ? other.kid : i % 4 == 1 ?
		    retired.kid : kids[i / 4 % NELEMS(kids)];
		const struct maker *m = i % 3 == 0 ? &victim : i % 3 == 1 ?
		    &other : &made_up;

		forged(token_of(m, header_of("RS256", kid, ""),
		    claims_of(VICTIM, i % 2 == 0)));
	}
	class_is("a key in the header, or where to get it");
	for (size_t i = 0; i < 400; i++) {
		const char *const more[] = {
			arena_printf(&arena, ",\"jwk\":{\"kty\":\"RSA\",\"e\":"
			    "\"AQAB\",\"n\":\"%s\"}", jwk),
			arena_printf(&arena, ",\"x5c\":[\"%s\"]", cert),
			",\"jku\":\"https://evil.example/jwks\"",
			",\"x5u\":\"http://127.0.0.1/x5u\"",
			",\"crit\":[\"exp\"]", ",\"b64\":false,\"crit\":[\"b64\"]",
		};
		/* what must be understood is refused of the right one too */
		const struct maker *m = i % 6 >= 4 ? &victim : &made_up;

		forged(token_of(m, header_of("RS256", i % 4 < 2 ? victim.kid :
		    NULL, more[i % 6]), claims_of(VICTIM, i % 2 == 0)));
	}
	class_is("a token within a token, or in another form");
	for (size_t i = 0; i < 120; i++) {
		const char *t = genuine_token(i % 2 == 0);
		char *part[3], *copy = arena_strdup(&arena, t);

		forged(token_of(i % 3 == 0 ? &victim : &made_up,
		    header_of("RS256", victim.kid, ",\"cty\":\"JWT\""), t));
		for (int p = 0; p < 3; p++)
			part[p] = strsep(&copy, ".");
		forged(arena_printf(&arena, "{\"protected\":\"%s\",\"payload\":"
		    "\"%s\",\"signature\":\"%s\"}", part[0], part[1],
		    part[2]));
		forged(b64url(t, strlen(t)));
		forged(arena_printf(&arena, "%s..%s", part[0], part[2]));
		forged(arena_printf(&arena, "%s.%s.%s", part[1], part[0],
		    part[2]));
	}
}

static void
huge(void)
{

	class_is("huge");
	for (size_t i = 0; i < 24; i++) {
		size_t n = (size_t)1 << (13 + i % 8);
		char *big = mem_alloc(n + 1);
		const char *claims;

		memset(big, 'a', n);
		big[n] = '\0';
		claims = claims_of(VICTIM, i % 2 == 0);
		if (i / 8 == 0)		/* a claim more, signed */
			forged(n < 16384 ? "a.b.c" : token_of(&victim,
			    header_of("RS256", victim.kid, ""),
			    arena_printf(&arena, "{\"x\":\"%s\",%s", big,
			    claims + 1)));
		else if (i / 8 == 1)
			forged(arena_printf(&arena, "%s.%s.%s", big, big,
			    big));
		else
			forged(big);
		free(big);
	}
	class_is("deep");
	for (size_t i = 0; i < 12; i++) {
		char *deep = mem_alloc(9001);

		memset(deep, i % 2 == 0 ? '[' : '{', 9000);
		deep[9000] = '\0';
		forged(token_of(&victim, header_of("RS256", victim.kid, ""),
		    deep));
		forged(token_of(&victim, deep, claims_of(VICTIM, true)));
		free(deep);
	}
}

/* Who was somebody once. */
static void
gone_holders(void)
{
	const struct maker *const was[] = { &gone, &disabled, &retired };
	const char *held[3];

	for (int i = 0; i < 3; i++) {
		const char *t = token_of(was[i], header_of("RS256",
		    was[i]->kid, ""), claims_of(was[i]->email, false));
		json_auto_t *j = NULL;

		ck_assert_int_eq(as_assertion(t), 200);
		j = client_json();
		held[i] = arena_strdup(&arena, json_string_value(
		    json_object_get(j, "access_token")));
		ck_assert_int_eq(as_bearer(held[i]), 403);	/* is known */
	}
	owner(IAM, "DELETE", arena_printf(&arena, SA "%s", gone.email), "");
	owner(IAM, "POST", arena_printf(&arena, SA "%s:disable",
	    disabled.email), "{}");
	owner(IAM, "DELETE", arena_printf(&arena, SA "%s/keys/%s",
	    retired.email, retired.kid), "");
	class_is("of an account or a key that is deleted or disabled");
	for (size_t i = 0; i < 600; i++) {
		const struct maker *m = was[i % 3];

		forged(token_of(m, header_of("RS256", i / 3 % 2 == 0 ? m->kid :
		    NULL, ""), claims_of(m->email, i % 2 == 0)));
	}
	forged(held[0]);
	forged(held[1]);
	/* what a key has got outlives it, for its hour */
	ck_assert_int_eq(as_bearer(held[2]), 403);
}

static const char *
field_of(const char *k)
{
	json_auto_t *j = client_json();
	const json_t *in = json_object_get(j, "credentials");
	const char *s = json_string_value(json_object_get(
	    in != NULL ? in : j, k));

	ck_assert_msg(s != NULL, "%s: %s", k, cl.body.p);
	return (arena_strdup(&arena, s));
}

/* What a person has: a refresh token, and an access token that was revoked. */
static const char *
person(const char **revoked)
{
	const char *h[] = { "Host: 127.0.0.1", arena_printf(&arena,
	    "X-Emulator-Token: %s", cl.emu->control_token), NULL };
	const char *const o[] = { "Host: oauth2.googleapis.com", NULL };
	const char *refresh, *form;

	ck_assert_int_eq(client_try("POST", client_url("/_emulator/users"),
	    "{\"email\":\"ada@example.com\"}", 27, h), CURLE_OK);
	ck_assert_msg(cl.status < 300, "%s", cl.body.p);
	refresh = field_of("refresh_token");
	form = arena_printf(&arena, "grant_type=refresh_token&client_id=%s&"
	    "client_secret=%s&refresh_token=%s", escaped(field_of(
	    "client_id")), escaped(field_of("client_secret")),
	    escaped(refresh));
	ck_assert_int_eq(client_try("POST", client_url("/token"), form,
	    strlen(form), o), CURLE_OK);
	*revoked = field_of("access_token");
	ck_assert_int_eq(as_bearer(*revoked), 403);	/* is known */
	form = arena_printf(&arena, "token=%s", *revoked);
	ck_assert_int_eq(client_try("POST", client_url("/revoke"), form,
	    strlen(form), o), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	return (refresh);
}

static void
opaque(void)
{
	const char *t, *revoked, *other_kinds[6];
	size_t n;

	ck_assert_int_eq(as_assertion(genuine_token(false)), 200);
	t = field_of("access_token");
	ck_assert_int_eq(as_bearer(t), 200);
	n = strlen(t);
	class_is("access tokens, altered");
	for (size_t i = 0; i < n; i++) {
		char *bad = arena_strdup(&arena, t);

		forged(arena_strndup(&arena, t, i));
		bad[i] = (char)(bad[i] ^ 1 << dice(7));
		if (bad[i] != '\0')
			forged(bad);
		bad = arena_strdup(&arena, t);
		bad[i] = (char)toupper((unsigned char)bad[i]);
		if (bad[i] != t[i])
			forged(bad);
	}
	forged(arena_printf(&arena, "%sA", t));
	forged(arena_printf(&arena, "%s%s", t, t));
	ck_assert_int_eq(as_bearer(t), 200);
	class_is("credentials of another kind, or revoked");
	other_kinds[5] = person(&revoked);
	owner("Host: iamcredentials.googleapis.com", "POST",
	    arena_printf(&arena, SA "%s:generateIdToken", cl.emu->owner),
	    "{\"audience\":\"https://storage.googleapis.com/\"}");
	other_kinds[0] = revoked;
	other_kinds[1] = field_of("token");
	other_kinds[2] = cl.emu->control_token;
	other_kinds[3] = sg.hmac.secret;
	other_kinds[4] = sg.hmac.access_id;
	for (size_t i = 0; i < 60; i++)
		forged(other_kinds[i % 6]);
}

/* Parts of good tokens, put together anew. */
static void
spliced(void)
{

	class_is("parts of several tokens");
	while (nforged < ENOUGH || nclass < 300) {
		const char *part[3];

		for (int p = 0; p < 3; p++) {
			char *c = arena_strdup(&arena, dice(2) == 0 ?
			    genuine_token(dice(2) == 0) : token_of(&other,
			    header_of("RS256", other.kid, ""),
			    claims_of(OTHER, dice(2) == 0)));

			for (int k = 0; k <= p; k++)
				part[p] = strsep(&c, ".");
		}
		forged(arena_printf(&arena, "%s.%s.%s", part[0], part[1],
		    part[2]));
	}
}

START_TEST(no_forged_token_is_believed)
{
	void (*const classes[])(void) = { wrong_keys, no_algorithm,
		public_as_secret, other_algorithms, wrong_times, wrong_claims,
		mutilated, encodings, headers, huge, opaque, gone_holders,
		spliced };

	makers();
	for (size_t i = 0; i < NELEMS(classes); i++) {
		control(10);
		classes[i]();
	}
	control(10);
	class_is(NULL);
	(void)printf("%zu forged, %zu genuine\n", nforged, ngenuine);
	ck_assert_uint_ge(nforged, ENOUGH);
	makers_end();
}
END_TEST

static void
add(TCase *t)
{

	tcase_set_timeout(t, 300);
	tcase_add_test(t, no_forged_token_is_believed);
}

int
main(void)
{

	signer_make_key();
	return (client_main("forged", add));
}
