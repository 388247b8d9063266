#include "emulator/identity/certs.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "lib/mem.h"
#include "lib/str.h"

#define CERTS_BITS_MIN	1024
#define CERTS_BITS_MAX	4096

static EVP_PKEY *
certs_private(const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *k = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, NULL,
	    NULL) : NULL;

	BIO_free(in);
	return (k);
}

static X509 *
certs_read(const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	X509 *x = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	return (x);
}

/* What was written to out, which is freed; NULL where it could not be. */
static const char *
certs_text(struct arena *a, BIO *out, int wrote)
{
	const char *text = NULL;
	char *p;
	long n;

	if (wrote == 1 && (n = BIO_get_mem_data(out, &p)) > 0)
		text = arena_strndup(a, p, (size_t)n);
	BIO_free(out);
	return (text);
}

/* The longest term that RFC 5280 knows, in place of none. */
static bool
certs_fill(X509 *x, EVP_PKEY *k, const char *name, int64_t from_s)
{
	X509_NAME *n = X509_get_subject_name(x);
	time_t from = (time_t)from_s;

	return (X509_set_version(x, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x),
	    (uint64_t)from_s + 1) == 1 &&
	    ASN1_TIME_set(X509_getm_notBefore(x), from) != NULL &&
	    ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") ==
	    1 && X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8,
	    (const unsigned char *)name, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, n) == 1 && X509_set_pubkey(x, k) == 1 &&
	    X509_sign(x, k, EVP_sha256()) > 0);
}

const char *
certs_make(struct arena *a, const char *private_pem, const char *name,
    int64_t from_s)
{
	EVP_PKEY *k = certs_private(private_pem);
	const char *pem = NULL;
	X509 *x = X509_new();
	BIO *out;

	/* a common name has 64 characters at most */
	if (strlen(name) > 64)
		name = arena_strndup(a, name, 64);
	if (k != NULL && x != NULL && certs_fill(x, k, name, from_s) &&
	    (out = BIO_new(BIO_s_mem())) != NULL)
		pem = certs_text(a, out, PEM_write_bio_X509(out, x));
	X509_free(x);
	EVP_PKEY_free(k);
	return (pem);
}

static int64_t
certs_seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return (ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0);
}

const char *
certs_public(struct arena *a, const char *certificate_pem, int64_t *from_s,
    int64_t *until_s, struct err *e)
{
	X509 *x = certs_read(certificate_pem);
	EVP_PKEY *k = x != NULL ? X509_get0_pubkey(x) : NULL;
	const char *pem = NULL;
	BIO *out;
	int bits;

	if (k == NULL)
		(void)err_set(e, "an X.509 certificate in PEM is wanted");
	else if (EVP_PKEY_get_base_id(k) != EVP_PKEY_RSA)
		(void)err_set(e, "the certificate's key is not RSA");
	else if ((bits = EVP_PKEY_get_bits(k)) < CERTS_BITS_MIN ||
	    bits > CERTS_BITS_MAX)
		(void)err_set(e, "the certificate's key has %d bits; %d to %d "
		    "are allowed", bits, CERTS_BITS_MIN, CERTS_BITS_MAX);
	else if ((out = BIO_new(BIO_s_mem())) != NULL) {
		pem = certs_text(a, out, PEM_write_bio_PUBKEY(out, k));
		*from_s = certs_seconds(X509_get0_notBefore(x));
		*until_s = certs_seconds(X509_get0_notAfter(x));
	}
	X509_free(x);
	return (pem);
}

int
certs_pkcs12(struct buf *b, const char *private_pem,
    const char *certificate_pem)
{
	EVP_PKEY *k = certs_private(private_pem);
	X509 *x = certs_read(certificate_pem);
	unsigned char *der = NULL;
	PKCS12 *p = NULL;
	int n = -1;

	if (k != NULL && x != NULL)
		p = PKCS12_create("notasecret", "privatekey", k, x, NULL, 0, 0,
		    0, 0, 0);
	if (p != NULL && (n = i2d_PKCS12(p, &der)) > 0)
		buf_add(b, (const char *)der, (size_t)n);
	OPENSSL_free(der);
	PKCS12_free(p);
	X509_free(x);
	EVP_PKEY_free(k);
	return (n > 0 ? 0 : -1);
}

static json_t *
certs_number(const EVP_PKEY *k, const char *which)
{
	unsigned char raw[CERTS_BITS_MAX / 8];
	BIGNUM *n = NULL;
	json_t *j = NULL;
	struct buf b;
	int size;

	if (EVP_PKEY_get_bn_param(k, which, &n) != 1 ||
	    BN_num_bytes(n) > (int)sizeof(raw)) {
		BN_free(n);
		return (NULL);
	}
	size = BN_bn2bin(n, raw);
	buf_init(&b, 2 * sizeof(raw));
	str_b64_encode(&b, raw, (size_t)size, true);
	j = json_string(b.p);
	buf_release(&b);
	BN_free(n);
	return (j);
}

json_t *
certs_jwk(const char *public_pem, const char *kid)
{
	BIO *in = BIO_new_mem_buf(public_pem, -1);
	EVP_PKEY *k = in != NULL ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) :
	    NULL;
	json_t *j = NULL;

	if (k != NULL)
		j = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "kid", kid,
		    "kty", "RSA", "alg", "RS256", "use", "sig",
		    "n", certs_number(k, OSSL_PKEY_PARAM_RSA_N),
		    "e", certs_number(k, OSSL_PKEY_PARAM_RSA_E));
	EVP_PKEY_free(k);
	BIO_free(in);
	return (j);
}

/* One number of a JSON Web Key; NULL where it is none of that size. */
static BIGNUM *
certs_bignum(const json_t *jwk, const char *k)
{
	const char *s = json_string_value(json_object_get(jwk, k));
	BIGNUM *n = NULL;
	struct buf b;

	buf_init(&b, CERTS_BITS_MAX / 8 + 8);
	if (s != NULL && str_b64_decode(&b, s, strlen(s), true) && buf_ok(&b))
		n = BN_bin2bn((const unsigned char *)b.p, (int)b.len, NULL);
	buf_release(&b);
	return (n);
}

const char *
certs_jwk_public(struct arena *a, const json_t *jwk)
{
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	BIGNUM *n = certs_bignum(jwk, "n"), *e = certs_bignum(jwk, "e");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	const char *pem = NULL;
	EVP_PKEY *k = NULL;
	BIO *out;

	if (kty != NULL && strcmp(kty, "RSA") == 0 && n != NULL &&
	    e != NULL && ctx != NULL && bld != NULL &&
	    BN_num_bits(n) >= CERTS_BITS_MIN &&
	    BN_num_bits(n) <= CERTS_BITS_MAX &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(bld)) != NULL &&
	    EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &k,
	    EVP_PKEY_PUBLIC_KEY, params) == 1 &&
	    (out = BIO_new(BIO_s_mem())) != NULL)
		pem = certs_text(a, out, PEM_write_bio_PUBKEY(out, k));
	EVP_PKEY_free(k);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return (pem);
}
