/* What each client reads was found by watching them: Go programs take
 * SSL_CERT_FILE, python's requests REQUESTS_CA_BUNDLE, gcloud properties from
 * CLOUDSDK_…, gsutil a BOTO_CONFIG, Java system properties and a trust store
 * of its own.  Every variable that would lead elsewhere is removed.
 * STORAGE_EMULATOR_HOST is not set: with it Go clients send no token, and no
 * failure of credentials would ever show.
 *
 * Proxies are set where the network is the host's.  In a private one nothing
 * needs them: the command runs as it would in production. */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/exec.h"
#include "emulator/identity/metadata.h"
#include "lib/file.h"
#include "lib/str.h"

#define LOOPBACK	"localhost,127.0.0.1,::1"
#define STORE_PASSWORD	"changeit"	/* Java's own; it hides nothing */

struct env {
	const struct emu *emu;
	const char *dir, *key;		/* key: "" for the command's own */
	const char *http;		/* the plain endpoint, in there */
	bool	private;
	struct arena *a;
	char	**v;
	size_t	n, room;
};

/* A star at the end stands for any rest. */
static const char *const env_removed[] = {
	"NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY",
	"all_proxy", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE",
	"SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
	"NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "GIT_SSL_CAINFO",
	"GIT_SSL_CAPATH", "AWS_CA_BUNDLE", "RCLONE_CA_CERT",
	"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "DENO_CERT",
	"HTTPLIB2_CA_CERTS",
	"BOTO_CONFIG", "BOTO_PATH", "JAVA_TOOL_OPTIONS",
	"CLOUDSDK_PROXY_*", "CLOUDSDK_API_ENDPOINT_*",
	"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "CLOUDSDK_AUTH_TOKEN_HOST",
	"STORAGE_EMULATOR_HOST*", "GOOGLE_API_USE_*", "GCE_METADATA_*",
	"GCS_EMULATOR_*",
};

/* … and these where the command gets credentials from us. */
static const char *const env_credentials[] = {
	"CLOUDSDK_*",
	"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT",
	"GCLOUD_PROJECT", "RCLONE_GCS_*", "GOOGLE_OAUTH_ACCESS_TOKEN",
};

static bool
env_is_one_of(const char *var, const char *const *names, size_t n)
{
	char *name = mem_strndup(var, strcspn(var, "="));
	bool yes = false;

	for (size_t i = 0; i < n && !yes; i++)
		yes = str_glob(names[i], name);
	free(name);
	return (yes);
}

static void
env_push(struct env *x, char *var)
{

	if (x->n + 1 >= x->room) {
		x->room = x->room > 0 ? x->room * 2 : 128;
		x->v = mem_realloc(x->v, x->room * sizeof(*x->v));
	}
	x->v[x->n++] = var;
	x->v[x->n] = NULL;
}

static void
env_set(struct env *x, const char *k, const char *v)
{

	env_push(x, arena_printf(x->a, "%s=%s", k, v));
}

static const char *
env_file(const struct env *x, const char *name)
{

	return (arena_printf(x->a, "%s/%s", x->dir, name));
}

/* ---- gsutil ---- */

/* A service account's key, or a person's refresh token. */
static void
env_boto_identity(const struct env *x, struct buf *b)
{
	json_auto_t *j = NULL;
	const char *id, *secret, *token;

	if (*x->key == '\0')
		return;
	j = json_load_file(x->key, 0, NULL);
	if (json_unpack(j, "{s:s, s:s, s:s}", "client_id", &id,
	    "client_secret", &secret, "refresh_token", &token) == 0)
		buf_addf(b, "[Credentials]\ngs_oauth2_refresh_token = %s\n"
		    "[OAuth2]\nclient_id = %s\nclient_secret = %s\n", token,
		    id, secret);
	else
		buf_addf(b, "[Credentials]\ngs_service_key_file = %s\n",
		    x->key);
}

static int
env_boto(struct env *x, struct err *e)
{
	const struct emu *emu = x->emu;
	const char *path = env_file(x, "boto");
	struct buf b;
	int rc;

	buf_init(&b, 64u << 10);
	env_boto_identity(x, &b);
	buf_adds(&b, "[Boto]\n");
	if (!x->private)
		buf_addf(&b, "proxy = 127.0.0.1\nproxy_port = %d\n",
		    emu->proxy_port);
	buf_addf(&b, "ca_certificates_file = %s\n"
	    "https_validate_certificates = True\n"
	    "[GSUtil]\nstate_dir = %s/gsutil\ndefault_project_id = %s\n"
	    "software_update_check_period = 0\n", emu->ca_file, x->dir,
	    emu->project);
	rc = file_write(path, b.p, b.len, 0600, e);
	buf_release(&b);
	/* A configuration of the command's own stands behind ours. */
	env_set(x, *x->key != '\0' ? "BOTO_CONFIG" : "BOTO_PATH",
	    *x->key != '\0' ? path : arena_printf(x->a, "%s:%s",
	    getenv("BOTO_CONFIG") != NULL ? getenv("BOTO_CONFIG") :
	    getenv("BOTO_PATH") != NULL ? getenv("BOTO_PATH") :
	    "/etc/boto.cfg:~/.boto", path));
	return (rc);
}

/* ---- Java ---- */

static void
env_be(struct buf *b, uint64_t v, int bytes)
{

	while (bytes-- > 0)
		buf_addc(b, (char)(v >> (8 * bytes)));
}

/* A trust store with one certificate, in the format of Java's KeyStore "JKS",
 * which every release reads (with the password or without): a magic number,
 * version 2, one entry of kind 2, its name, its time, type and DER; and the
 * SHA-1 of the password in UTF-16, two words of its makers and all that. */
static int
env_jks(struct buf *b, X509 *cert)
{
	static const char words[] = "Mighty Aphrodite";
	unsigned char *der = NULL, sum[EVP_MAX_MD_SIZE];
	int n = i2d_X509(cert, &der);
	unsigned len = 0;
	struct buf all;
	bool ok;

	if (n <= 0)
		return (-1);
	env_be(b, 0xfeedfeed, 4);
	env_be(b, 2, 4);
	env_be(b, 1, 4);
	env_be(b, 2, 4);
	env_be(b, strlen("gcs-emulator"), 2);
	buf_adds(b, "gcs-emulator");
	env_be(b, 0, 8);
	env_be(b, strlen("X.509"), 2);
	buf_adds(b, "X.509");
	env_be(b, (uint64_t)n, 4);
	buf_add(b, der, (size_t)n);
	OPENSSL_free(der);
	buf_init(&all, 64u << 10);
	for (const char *p = STORE_PASSWORD; *p != '\0'; p++)
		env_be(&all, (unsigned char)*p, 2);
	buf_adds(&all, words);
	buf_add(&all, b->p, b->len);
	ok = EVP_Digest(all.p, all.len, sum, &len, EVP_sha1(), NULL) == 1;
	buf_release(&all);
	buf_add(b, sum, len);
	return (ok ? 0 : -1);
}

static int
env_java(struct env *x, struct err *e)
{
	const char *had = getenv("JAVA_TOOL_OPTIONS");
	const char *path = env_file(x, "truststore.jks"), *proxy = "";
	struct buf b, pem;
	X509 *cert = NULL;
	BIO *bio;
	int rc;

	buf_init(&b, 64u << 10);
	buf_init(&pem, 64u << 10);
	rc = file_read(x->emu->ca_file, &pem, e);
	if (rc == 0) {
		bio = BIO_new_mem_buf(pem.p, (int)pem.len);
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
		rc = cert != NULL && env_jks(&b, cert) == 0 ?
		    file_write(path, b.p, b.len, 0644, e) :
		    err_set(e, "cannot make a trust store of %s",
		    x->emu->ca_file);
	}
	X509_free(cert);
	buf_release(&pem);
	buf_release(&b);
	if (!x->private)
		proxy = arena_printf(x->a, " -Dhttps.proxyHost=127.0.0.1 "
		    "-Dhttps.proxyPort=%d -Dhttp.proxyHost=127.0.0.1 "
		    "-Dhttp.proxyPort=%d", x->emu->proxy_port,
		    x->emu->proxy_port);
	env_set(x, "JAVA_TOOL_OPTIONS", arena_printf(x->a,
	    "%s%s-Djavax.net.ssl.trustStore=%s "
	    "-Djavax.net.ssl.trustStorePassword=" STORE_PASSWORD "%s",
	    had != NULL ? had : "", had != NULL ? " " : "", path, proxy));
	return (rc);
}

/* ---- all ---- */

static void
env_trust(struct env *x)
{
	static const char *const names[] = { "SSL_CERT_FILE",
		"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
		"GIT_SSL_CAINFO", "AWS_CA_BUNDLE", "RCLONE_CA_CERT",
		"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "DENO_CERT",
		"HTTPLIB2_CA_CERTS",	/* gsutil's, for tokens of the XML API */
		"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE" };

	for (size_t i = 0; i < NELEMS(names); i++)
		env_set(x, names[i], x->emu->ca_file);
}

static void
env_proxies(struct env *x)
{
	static const char *const proxies[] = { "HTTPS_PROXY", "https_proxy",
		"HTTP_PROXY", "http_proxy" };
	const char *proxy = arena_printf(x->a, "http://127.0.0.1:%d",
	    x->emu->proxy_port);

	if (x->private)
		return;
	/* Some take HTTP_PROXY for https, too; it is one proxy for both. */
	for (size_t i = 0; i < NELEMS(proxies); i++)
		env_set(x, proxies[i], proxy);
	/* What the command has of its own on this machine. */
	env_set(x, "NO_PROXY", LOOPBACK);
	env_set(x, "no_proxy", LOOPBACK);
	env_set(x, "NODE_USE_ENV_PROXY", "1");	/* from Node 24 on */
}

static void
env_identity(struct env *x)
{
	const struct emu *emu = x->emu;

	if (*x->key == '\0')
		return;
	env_set(x, "GOOGLE_APPLICATION_CREDENTIALS", x->key);
	env_set(x, "GOOGLE_CLOUD_PROJECT", emu->project);
	env_set(x, "CLOUDSDK_CONFIG", env_file(x, "gcloud"));
	env_set(x, "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", x->key);
	env_set(x, "CLOUDSDK_CORE_PROJECT", emu->project);
	env_set(x, "CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL", "false");
	env_set(x, "RCLONE_GCS_SERVICE_ACCOUNT_FILE", x->key);
	env_set(x, "RCLONE_GCS_PROJECT_NUMBER", arena_printf(x->a, "%lld",
	    (long long)emu->project_number));
}

char **
exec_env(struct emu *emu, const struct exec_opts *o, const char *key,
    const char *dir, char *const *env, struct arena *a, struct err *e)
{
	struct env x = { .emu = emu, .dir = dir, .key = key, .a = a,
	    .private = o->place.private };

	x.http = arena_printf(a, "http://127.0.0.1:%d", x.private ?
	    o->place.inside_port : emu->http_port);

	for (; *env != NULL; env++)
		if (!env_is_one_of(*env, env_removed, NELEMS(env_removed)) &&
		    (*key == '\0' || !env_is_one_of(*env, env_credentials,
		    NELEMS(env_credentials))))
			env_push(&x, *env);
	if (env_boto(&x, e) != 0 || env_java(&x, e) != 0) {
		free(x.v);
		return (NULL);
	}
	env_proxies(&x);
	env_trust(&x);
	env_identity(&x);
	if (!x.private && metadata_principal(emu, a) != NULL) {
		/* python asks the second whether there is a machine at all */
		env_set(&x, "GCE_METADATA_HOST", x.http + strlen("http://"));
		env_set(&x, "GCE_METADATA_IP", x.http + strlen("http://"));
	}
	env_set(&x, "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true");
	env_set(&x, "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true");
	env_set(&x, "GCS_EMULATOR_HTTP", x.http);
	env_set(&x, "GCS_EMULATOR_TOKEN", emu->control_token);
	return (x.v);
}
