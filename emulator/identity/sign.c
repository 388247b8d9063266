#include "emulator/identity/sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>

#include "lib/str.h"

#define SIGN_SIG_MAX	1024u		/* RSA of 8192 bits */

const char *
sign_sha256(struct arena *a, const void *p, size_t n)
{
	unsigned char md[SIGN_SHA256];
	char *hex = arena_alloc(a, 2 * sizeof(md) + 1);

	BUG_ON(EVP_Digest(p, n, md, NULL, EVP_sha256(), NULL) != 1);
	str_hex(hex, md, sizeof(md));
	return (hex);
}

/* ---- HMAC ---- */

static void
sign_hmac256(const void *key, size_t nkey, const char *text,
    unsigned char out[SIGN_SHA256])
{
	unsigned n = 0;

	BUG_ON(HMAC(EVP_sha256(), key, (int)nkey, (const unsigned char *)text,
	    strlen(text), out, &n) == NULL || n != SIGN_SHA256);
}

void
sign_v4_key(const char *prefix, const char *secret,
    const struct sign_scope *s, unsigned char key[SIGN_SHA256])
{
	const char *const parts[] = { s->location, s->service, s->request };
	unsigned char next[SIGN_SHA256];
	char *first = mem_printf("%s%s", prefix, secret);

	sign_hmac256(first, strlen(first), s->date, key);
	OPENSSL_cleanse(first, strlen(first));
	free(first);
	for (size_t i = 0; i < NELEMS(parts); i++) {
		sign_hmac256(key, SIGN_SHA256, parts[i], next);
		memcpy(key, next, sizeof(next));
	}
}

const char *
sign_v4(struct arena *a, const unsigned char key[SIGN_SHA256],
    const char *text)
{
	unsigned char md[SIGN_SHA256];
	char *hex = arena_alloc(a, 2 * sizeof(md) + 1);

	sign_hmac256(key, SIGN_SHA256, text, md);
	str_hex(hex, md, sizeof(md));
	return (hex);
}

const char *
sign_v2(struct arena *a, const char *secret, const char *text)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	const char *s;
	unsigned n = 0;
	struct buf b;

	BUG_ON(HMAC(EVP_sha1(), secret, (int)strlen(secret),
	    (const unsigned char *)text, strlen(text), md, &n) == NULL);
	buf_init(&b, 64);
	str_b64_encode(&b, md, n, false);
	s = arena_strdup(a, b.p);
	buf_release(&b);
	return (s);
}

/* ---- RSA ---- */

static EVP_PKEY *
sign_key(const char *pem, bool private)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *k;

	BUG_ON(bio == NULL);
	k = private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) :
	    PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	(void)BIO_free(bio);
	if (k != NULL && !EVP_PKEY_is_a(k, "RSA")) {
		EVP_PKEY_free(k);
		k = NULL;
	}
	return (k);
}

bool
sign_rsa_is(const char *public_pem, const char *text,
    const unsigned char *sig, size_t nsig)
{
	EVP_PKEY *k = sign_key(public_pem, false);
	EVP_MD_CTX *ctx;
	bool ok;

	if (k == NULL)
		return (false);
	ctx = EVP_MD_CTX_new();
	BUG_ON(ctx == NULL);
	ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, k) == 1 &&
	    EVP_DigestVerify(ctx, sig, nsig, (const unsigned char *)text,
	    strlen(text)) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(k);
	return (ok);
}

const unsigned char *
sign_rsa(struct arena *a, const char *private_pem, const void *p, size_t n,
    size_t *nsig)
{
	EVP_PKEY *k = sign_key(private_pem, true);
	unsigned char sig[SIGN_SIG_MAX];
	EVP_MD_CTX *ctx;
	bool ok;

	if (k == NULL)
		return (NULL);
	*nsig = sizeof(sig);
	ctx = EVP_MD_CTX_new();
	BUG_ON(ctx == NULL);
	ok = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k) == 1 &&
	    EVP_DigestSign(ctx, sig, nsig, p, n) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(k);
	return (ok ? arena_dup(a, sig, *nsig) : NULL);
}

/* ---- spellings ---- */

const unsigned char *
sign_from_hex(struct arena *a, const char *s, size_t *n)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(s);
	unsigned char *out;

	if (len == 0 || len % 2 != 0 || len > 2 * SIGN_SIG_MAX ||
	    strspn(s, digits) != len)
		return (NULL);
	*n = len / 2;
	out = arena_alloc(a, *n);
	for (size_t i = 0; i < *n; i++)
		out[i] = (unsigned char)((strchr(digits, s[2 * i]) - digits)
		    << 4 | (strchr(digits, s[2 * i + 1]) - digits));
	return (out);
}

const unsigned char *
sign_from_b64(struct arena *a, const char *s, size_t *n)
{
	const unsigned char *out = NULL;
	struct buf raw, again;

	buf_init(&raw, SIGN_SIG_MAX);
	buf_init(&again, 2 * SIGN_SIG_MAX);
	if (str_b64_decode(&raw, s, strlen(s), false) && buf_ok(&raw) &&
	    raw.len > 0) {
		str_b64_encode(&again, raw.p, raw.len, false);
		if (strcmp(again.p, s) == 0) {
			*n = raw.len;
			out = arena_dup(a, raw.p, raw.len);
		}
	}
	buf_release(&raw);
	buf_release(&again);
	return (out);
}
