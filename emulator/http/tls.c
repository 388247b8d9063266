#include "emulator/http/tls.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "lib/file.h"

#define CA_NAME		"gcs-emulator CA (a fake Google)"
#define DAY		(24L * 60 * 60)
#define PEM_MAX		(64u << 10)

static void *
tls_warm_main(void *arg)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[128] = { 0 };
	size_t n = sizeof(sig);

	/* What tls_setup() will do; whether it works is seen there. */
	if (key != NULL && ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1)
		(void)EVP_DigestSign(ctx, sig, &n, sig, 1);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return (arg);
}

void
tls_warm_begin(struct tls_warmth *w)
{

	w->begun = pthread_create(&w->thread, NULL, tls_warm_main, NULL) == 0;
}

void
tls_warm_end(struct tls_warmth *w)
{

	if (w->begun)
		BUG_ON(pthread_join(w->thread, NULL) != 0);
	w->begun = false;
}

static int
tls_error(struct err *e, const char *what)
{
	unsigned long code = ERR_get_error();
	char text[256] = "no reason given";

	if (code != 0)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return (err_set(e, "%s: %s", what, text));
}

static int
tls_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL)
		return (-1);
	ok = X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	return (ok ? 0 : -1);
}

static int
tls_serial(X509 *x)
{
	unsigned char raw[16];
	BIGNUM *bn;
	int ok;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return (-1);
	raw[0] = (raw[0] & 0x7f) | 0x40;	/* positive, full length */
	if ((bn = BN_bin2bn(raw, sizeof(raw), NULL)) == NULL)
		return (-1);
	ok = BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL;
	BN_free(bn);
	return (ok ? 0 : -1);
}

/* The key's public half as RFC 5480 has it.  X509_set_pubkey() would do, but
 * goes through OpenSSL's encoders and decoders, which take 2 ms to look up in a
 * process that has just begun: a fifth of what it does until it is ready. */
static int
tls_public(X509 *x, EVP_PKEY *key)
{
	unsigned char point[65], *own;
	size_t n;

	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
	    point, sizeof(point), &n) != 1 ||
	    (own = OPENSSL_memdup(point, n)) == NULL)
		return (-1);
	if (X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x),
	    OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
	    OBJ_nid2obj(NID_X9_62_prime256v1), own, (int)n) == 1)
		return (0);
	OPENSSL_free(own);
	return (-1);
}

/* A certificate without extensions and signature; NULL on failure. */
static X509 *
tls_cert(const char *cn, const X509_NAME *issuer, EVP_PKEY *key, long days)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_NAME_new();
	bool ok;

	ok = x != NULL && name != NULL && X509_set_version(x, 2) &&
	    tls_serial(x) == 0 &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)cn, -1, -1, 0) &&
	    X509_set_subject_name(x, name) &&
	    X509_set_issuer_name(x, issuer != NULL ? issuer : name) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -DAY) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), days * DAY) != NULL &&
	    tls_public(x, key) == 0;
	X509_NAME_free(name);
	if (ok)
		return (x);
	X509_free(x);
	return (NULL);
}

static X509 *
tls_make_ca(EVP_PKEY *key)
{
	X509 *x = tls_cert(CA_NAME, NULL, key, 3650);

	if (x != NULL &&
	    tls_extend(x, x, NID_basic_constraints, "critical,CA:TRUE") == 0 &&
	    tls_extend(x, x, NID_key_usage,
	    "critical,keyCertSign,cRLSign") == 0 &&
	    tls_extend(x, x, NID_subject_key_identifier, "hash") == 0 &&
	    tls_extend(x, x, NID_authority_key_identifier, "keyid") == 0 &&
	    X509_sign(x, key, EVP_sha256()) > 0)
		return (x);
	X509_free(x);
	return (NULL);
}

/* Every host that is known by its Google name; heap. */
static char *
tls_names(const char *more)
{
	const char *name;
	struct buf b;

	buf_init(&b, PEM_MAX);
	buf_adds(&b, "DNS:*.storage.googleapis.com");
	for (size_t i = 0; (name = route_name(i)) != NULL; i++)
		buf_addf(&b, ",DNS:%s", name);
	if (*more != '\0')
		buf_addf(&b, ",%s", more);
	return (buf_detach(&b));
}

static X509 *
tls_make_leaf(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, const char *more)
{
	X509 *x = tls_cert("storage.googleapis.com",
	    X509_get_subject_name(ca), key, 390);
	char *names = tls_names(more);
	bool ok;

	ok = x != NULL && tls_extend(x, ca, NID_basic_constraints,
	    "critical,CA:FALSE") == 0 &&
	    tls_extend(x, ca, NID_key_usage, "critical,digitalSignature") ==
	    0 &&
	    tls_extend(x, ca, NID_ext_key_usage, "serverAuth") == 0 &&
	    tls_extend(x, ca, NID_subject_alt_name, names) == 0 &&
	    tls_extend(x, ca, NID_subject_key_identifier, "hash") == 0 &&
	    tls_extend(x, ca, NID_authority_key_identifier, "keyid") == 0 &&
	    X509_sign(x, ca_key, EVP_sha256()) > 0;
	free(names);
	if (ok)
		return (x);
	X509_free(x);
	return (NULL);
}

/* PEM of up to two certificates, or of a key: the other is NULL.  Heap. */
static char *
tls_pem(X509 *first, X509 *second, EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *data, *pem = NULL;
	long n;

	if (b == NULL)
		return (NULL);
	if ((first == NULL || PEM_write_bio_X509(b, first)) &&
	    (second == NULL || PEM_write_bio_X509(b, second)) &&
	    (key == NULL || PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL,
	    0, NULL, NULL))) {
		n = BIO_get_mem_data(b, &data);
		pem = mem_strndup(data, (size_t)n);
	}
	BIO_free(b);
	return (pem);
}

/* ---- the CA's two files ---- */

static int
tls_new_ca(const char *cert_file, const char *key_file, bool power,
    X509 **ca, EVP_PKEY **key, struct err *e)
{
	int (*put)(const char *, const void *, size_t, mode_t, struct err *) =
	    power ? file_write_synced : file_write;
	char *cert_pem = NULL, *key_pem = NULL;
	int rc = -1;

	*key = EVP_EC_gen("P-256");
	*ca = *key != NULL ? tls_make_ca(*key) : NULL;
	if (*ca == NULL || (cert_pem = tls_pem(*ca, NULL, NULL)) == NULL ||
	    (key_pem = tls_pem(NULL, NULL, *key)) == NULL) {
		(void)tls_error(e, "cannot make a certificate authority");
		goto out;
	}
	/* The key first: a certificate without one would be of no use. */
	if (put(key_file, key_pem, strlen(key_pem), 0600, e) == 0 &&
	    put(cert_file, cert_pem, strlen(cert_pem), 0644, e) == 0)
		rc = 0;
out:
	if (key_pem != NULL)
		OPENSSL_cleanse(key_pem, strlen(key_pem));
	free(key_pem);
	free(cert_pem);
	return (rc);
}

static BIO *
tls_read(const char *path, struct buf *text, struct err *e)
{

	if (file_read(path, text, e))
		return (NULL);
	return (BIO_new_mem_buf(text->p, (int)text->len));
}

static int
tls_old_ca(const char *cert_file, const char *key_file, X509 **ca,
    EVP_PKEY **key, struct err *e)
{
	struct buf cert_text, key_text;
	BIO *cert_bio = NULL, *key_bio = NULL;
	int rc = -1;

	buf_init(&cert_text, PEM_MAX);
	buf_init(&key_text, PEM_MAX);
	if ((cert_bio = tls_read(cert_file, &cert_text, e)) == NULL ||
	    (key_bio = tls_read(key_file, &key_text, e)) == NULL)
		goto out;
	*ca = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
	*key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
	if (*ca == NULL || *key == NULL ||
	    X509_check_private_key(*ca, *key) != 1)
		(void)err_set(e, "%s and %s are not a certificate and its "
		    "key; remove both to have new ones made", cert_file,
		    key_file);
	else if (X509_cmp_current_time(X509_get0_notAfter(*ca)) <= 0)
		(void)err_set(e, "%s has expired; remove it and %s to have "
		    "new ones made", cert_file, key_file);
	else
		rc = 0;
	ERR_clear_error();
out:
	BIO_free(cert_bio);
	BIO_free(key_bio);
	OPENSSL_cleanse(key_text.p, key_text.len);
	buf_release(&cert_text);
	buf_release(&key_text);
	return (rc);
}

int
tls_setup(const char *dir, bool power, const char *more, struct tls *out,
    struct err *e)
{
	char *key_file = mem_printf("%s/ca-key.pem", dir);
	EVP_PKEY *ca_key = NULL, *key = NULL;
	X509 *ca = NULL, *leaf = NULL;
	int rc;

	*out = (struct tls){ .ca_file = mem_printf("%s/ca.pem", dir) };
	rc = file_exists(out->ca_file) ?
	    tls_old_ca(out->ca_file, key_file, &ca, &ca_key, e) :
	    tls_new_ca(out->ca_file, key_file, power, &ca, &ca_key, e);
	if (rc != 0)
		goto out;
	key = EVP_EC_gen("P-256");
	leaf = key != NULL ? tls_make_leaf(key, ca, ca_key, more) : NULL;
	if (leaf == NULL || (out->cert_pem = tls_pem(leaf, ca, NULL)) ==
	    NULL || (out->key_pem = tls_pem(NULL, NULL, key)) == NULL)
		rc = tls_error(e, "cannot make a certificate");
out:
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	X509_free(ca);
	X509_free(leaf);
	free(key_file);
	if (rc != 0)
		tls_release(out);
	return (rc);
}

void
tls_release(struct tls *t)
{

	if (t->key_pem != NULL)
		OPENSSL_cleanse(t->key_pem, strlen(t->key_pem));
	free(t->ca_file);
	free(t->cert_pem);
	free(t->key_pem);
	*t = (struct tls){ .ca_file = NULL };
}

/* ---- for connections ---- */

/* A client that offers nothing we speak gets no answer on the matter: it may
 * mean HTTP/1.1 all the same. */
static int
tls_alpn(SSL *ssl, const unsigned char **out, unsigned char *n,
    const unsigned char *in, unsigned in_n, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *pick;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&pick, n, ours, sizeof(ours) - 1, in,
	    in_n) != OPENSSL_NPN_NEGOTIATED)
		return (SSL_TLSEXT_ERR_NOACK);
	*out = pick;
	return (SSL_TLSEXT_ERR_OK);
}

/* The first certificate is the server's, the others are its chain. */
static bool
tls_show(SSL_CTX *ctx, const char *cert_pem, const char *key_pem)
{
	BIO *certs = BIO_new_mem_buf(cert_pem, -1);
	BIO *keys = BIO_new_mem_buf(key_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(keys, NULL, NULL, NULL);
	X509 *x = PEM_read_bio_X509(certs, NULL, NULL, NULL);
	bool ok;

	ok = x != NULL && key != NULL && SSL_CTX_use_certificate(ctx, x) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, key) == 1;
	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(certs, NULL, NULL, NULL)) != NULL)
		ok = SSL_CTX_add0_chain_cert(ctx, x) == 1;
	if (ok)
		ERR_clear_error();	/* of the end of the chain */
	EVP_PKEY_free(key);
	BIO_free(certs);
	BIO_free(keys);
	return (ok);
}

SSL_CTX *
tls_context(const char *cert_pem, const char *key_pem, struct err *e)
{
	static const unsigned char id[] = "gcs-emulator";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx != NULL && SSL_CTX_set_min_proto_version(ctx,
	    TLS1_2_VERSION) == 1 && tls_show(ctx, cert_pem, key_pem)) {
		(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
		(void)SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1);
		SSL_CTX_set_alpn_select_cb(ctx, tls_alpn, NULL);
		return (ctx);
	}
	(void)tls_error(e, "cannot use the server's certificate");
	SSL_CTX_free(ctx);
	return (NULL);
}
