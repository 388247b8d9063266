#include "emulator/identity/jwt.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "emulator/identity/sign.h"
#include "lib/buf.h"
#include "lib/str.h"

/* 8192 bits; every key that Google makes has 2048. */
#define JWT_SIG_MAX	1024u

bool
jwt_looks_like(const char *s)
{
	const char *dot = strchr(s, '.');

	return (dot != NULL && (dot = strchr(dot + 1, '.')) != NULL &&
	    strchr(dot + 1, '.') == NULL);
}

/* Decode one part; NULL where it is not base64url in its one right form. */
static char *
jwt_decode(struct arena *a, const char *s, size_t n, size_t *outn)
{
	struct buf b;
	char *p = NULL;

	if (n == 0 || s[n - 1] == '=')
		return (NULL);		/* JWS has no padding */
	buf_init(&b, JWT_MAX);
	if (str_b64_decode(&b, s, n, true) && buf_ok(&b)) {
		p = arena_strndup(a, b.p, b.len);
		*outn = b.len;
	}
	buf_release(&b);
	return (p);
}

static json_t *
jwt_object(struct arena *a, const char *s, size_t n)
{
	size_t len;
	char *text = jwt_decode(a, s, n, &len);
	json_t *j;

	if (text == NULL)
		return (NULL);
	j = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (j != NULL && !json_is_object(j)) {
		json_decref(j);
		j = NULL;
	}
	return (j);
}

static int
jwt_string(struct arena *a, const json_t *o, const char *k, const char **out,
    struct err *e)
{
	const json_t *v = json_object_get(o, k);

	*out = NULL;
	if (v == NULL)
		return (0);
	if (!json_is_string(v))
		return (err_set(e, "%s is not a string", k));
	*out = arena_strdup(a, json_string_value(v));
	return (0);
}

static int
jwt_time(const json_t *o, const char *k, bool *has, int64_t *out,
    struct err *e)
{
	const json_t *v = json_object_get(o, k);
	double d;

	if (v == NULL)
		return (0);
	if (!json_is_number(v))
		return (err_set(e, "%s is not a number", k));
	d = json_number_value(v);
	/* RFC 7519 allows fractions; beyond this is no time at all */
	if (!(d > -1e14 && d < 1e14))
		return (err_set(e, "%s is out of range", k));
	*has = true;
	*out = (int64_t)d;
	return (0);
}

static int
jwt_header(struct arena *a, const char *s, size_t n, struct jwt *out,
    struct err *e)
{
	json_auto_t *h = jwt_object(a, s, n);
	const char *alg, *typ;

	if (h == NULL)
		return (err_set(e, "the header is not base64url of a JSON "
		    "object"));
	if (jwt_string(a, h, "alg", &alg, e) != 0 ||
	    jwt_string(a, h, "typ", &typ, e) != 0 ||
	    jwt_string(a, h, "kid", &out->kid, e) != 0)
		return (-1);
	if (alg == NULL || strcmp(alg, "RS256") != 0)
		return (err_set(e, "alg must be RS256"));
	if (typ != NULL && strcasecmp(typ, "JWT") != 0)
		return (err_set(e, "typ must be JWT"));
	if (json_object_get(h, "crit") != NULL)
		return (err_set(e, "crit is not supported"));
	return (0);
}

static int
jwt_claims(struct arena *a, const json_t *c, struct jwt *out, struct err *e)
{

	if (jwt_string(a, c, "iss", &out->iss, e) != 0 ||
	    jwt_string(a, c, "sub", &out->sub, e) != 0 ||
	    jwt_string(a, c, "aud", &out->aud, e) != 0 ||
	    jwt_string(a, c, "scope", &out->scope, e) != 0 ||
	    jwt_string(a, c, "target_audience", &out->target_audience,
	    e) != 0 ||
	    jwt_time(c, "iat", &out->has_iat, &out->iat, e) != 0 ||
	    jwt_time(c, "exp", &out->has_exp, &out->exp, e) != 0)
		return (-1);
	return (0);
}

/* The third part, and what it stands under. */
static int
jwt_signature(struct arena *a, const char *s, struct jwt *out, struct err *e)
{
	const char *sig = strrchr(s, '.') + 1;
	size_t n = strlen(s), nsig = 0;

	out->sig = (const unsigned char *)jwt_decode(a, sig,
	    n - (size_t)(sig - s), &nsig);
	if (out->sig == NULL || nsig == 0 || nsig > JWT_SIG_MAX)
		return (err_set(e, "the signature is not base64url"));
	out->nsig = nsig;
	out->ninput = (size_t)(sig - 1 - s);
	out->input = arena_strndup(a, s, out->ninput);
	return (0);
}

json_t *
jwt_open(struct arena *a, const char *s, struct jwt *out, struct err *e)
{
	const char *claims;
	json_t *c;

	*out = (struct jwt){ 0 };
	if (strlen(s) > JWT_MAX) {
		(void)err_set(e, "longer than %u bytes", JWT_MAX);
		return (NULL);
	}
	if (!jwt_looks_like(s)) {
		(void)err_set(e, "not three parts between two dots");
		return (NULL);
	}
	claims = strchr(s, '.') + 1;
	if (jwt_header(a, s, (size_t)(claims - 1 - s), out, e) != 0)
		return (NULL);
	c = jwt_object(a, claims, (size_t)(strrchr(s, '.') - claims));
	if (c == NULL) {
		(void)err_set(e, "the claims are not base64url of a JSON "
		    "object");
		return (NULL);
	}
	if (jwt_signature(a, s, out, e) == 0)
		return (c);
	json_decref(c);
	return (NULL);
}

int
jwt_parse(struct arena *a, const char *s, struct jwt *out, struct err *e)
{
	json_auto_t *c = jwt_open(a, s, out, e);

	return (c != NULL ? jwt_claims(a, c, out, e) : -1);
}

bool
jwt_verify(const struct jwt *j, const char *public_pem)
{

	return (sign_rsa_is(public_pem, j->input, j->sig, j->nsig));
}

static void
jwt_add_part(struct buf *b, const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	BUG_ON(text == NULL);
	str_b64_encode(b, text, strlen(text), true);
	free(text);
}

const char *
jwt_sign(struct arena *a, const char *private_pem, const char *kid,
    const json_t *claims)
{
	json_t *h = json_pack("{s:s, s:s, s:s*}", "alg", "RS256", "typ",
	    "JWT", "kid", kid);
	const unsigned char *sig = NULL;
	const char *out = NULL;
	struct buf b;
	size_t n;

	buf_init(&b, JWT_MAX);
	jwt_add_part(&b, h);
	buf_addc(&b, '.');
	jwt_add_part(&b, claims);
	if (buf_ok(&b))
		sig = sign_rsa(a, private_pem, b.p, b.len, &n);
	if (sig != NULL) {
		buf_addc(&b, '.');
		str_b64_encode(&b, sig, n, true);
		if (buf_ok(&b))
			out = arena_strdup(a, b.p);
	}
	buf_release(&b);
	json_decref(h);
	return (out);
}

static const char *
jwt_pem(struct arena *a, EVP_PKEY *k, bool private)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *out = NULL;
	char *p;
	long n;
	int ok;

	BUG_ON(bio == NULL);
	ok = private ?
	    PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL) :
	    PEM_write_bio_PUBKEY(bio, k);
	if (ok == 1 && (n = BIO_get_mem_data(bio, &p)) > 0)
		out = arena_strndup(a, p, (size_t)n);
	(void)BIO_free(bio);
	return (out);
}

int
jwt_new_key(struct arena *a, const char **private_pem,
    const char **public_pem, struct err *e)
{
	EVP_PKEY *k = EVP_RSA_gen(2048u);

	*private_pem = *public_pem = NULL;
	if (k != NULL) {
		*private_pem = jwt_pem(a, k, true);
		*public_pem = jwt_pem(a, k, false);
		EVP_PKEY_free(k);
	}
	if (*private_pem == NULL || *public_pem == NULL)
		return (err_set(e, "cannot make an RSA key"));
	return (0);
}
