#include "emulator/start.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/api/lifecycle.h"
#include "emulator/api/rules.h"
#include "emulator/control/gate.h"
#include "emulator/control/journal.h"
#include "emulator/control/metrics.h"
#include "emulator/fault/fault.h"
#include "emulator/folder/folder.h"
#include "emulator/http/hosts.h"
#include "emulator/http/server.h"
#include "emulator/http/tls.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/metadata.h"
#include "emulator/seed/seed.h"
#include "emulator/store/store.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/str.h"

#define LOCAL	"127.0.0.1:0"
#define WEEK_S	(7 * 86400)
#define SOFT_BYTES	(INT64_C(1) << 30)

struct start {
	struct emu emu;
	struct seed *seed;	/* or NULL */
	struct lifecycle *lifecycle;
	struct arena arena;	/* of the strings in emu */
	struct tls tls;
	char	*data;
	bool	temporary;	/* data is ours to remove */
	const char *http, *https, *proxy;
	const char *export;	/* or NULL */
	char	*cert_pem, *key_pem;	/* of https, or NULL */
};

static int
start_data(struct start *s, const struct start_opts *o, struct err *e)
{
	const char *tmp = getenv("TMPDIR");

	if (o->data != NULL) {
		s->data = mem_strdup(o->data);
		return (file_mkdirs(o->data, 0700, e));
	}
	s->data = mem_printf("%s/gcs-emulator-XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(s->data) == NULL)
		return (err_setno(e, "cannot make a directory like %s",
		    s->data));
	s->temporary = s->emu.temporary = true;
	return (0);
}

/* The control API's token: the starter's, or a new one; in a file for those
 * who come later. */
static int
start_token(struct start *s, bool power, struct err *e)
{
	const char *given = getenv("GCS_EMULATOR_TOKEN");
	char *path = mem_printf("%s/control-token", s->data);
	unsigned char raw[16];
	char hex[2 * sizeof(raw) + 1];
	int rc;

	if (given == NULL || *given == '\0') {
		BUG_ON(RAND_bytes(raw, sizeof(raw)) != 1);
		str_hex(hex, raw, sizeof(raw));
		given = hex;
	}
	s->emu.control_token = arena_strdup(&s->arena, given);
	rc = (power ? file_write_synced : file_write)(path, given,
	    strlen(given), 0600, e);
	free(path);
	return (rc);
}

/* What the certificate says of a host, where it can say anything. */
static void
start_name(struct buf *b, const char *host)
{
	static const char dns[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
	unsigned char addr[sizeof(struct in6_addr)];
	size_t n = strlen(host);
	char bare[INET6_ADDRSTRLEN];

	(void)snprintf(bare, sizeof(bare), "%.*s",
	    (int)(*host == '[' && n > 2 ? n - 2 : n),
	    *host == '[' ? host + 1 : host);
	if (inet_pton(AF_INET, bare, addr) == 1 ||
	    inet_pton(AF_INET6, bare, addr) == 1) {
		buf_addf(b, ",IP:%s", bare);
		return;
	}
	if (n == 0 || strspn(host, dns) != n)
		return;
	buf_addf(b, ",DNS:%s", host);
	/* No client takes a star right before a top-level name. */
	if (strchr(host, '.') != NULL)
		buf_addf(b, ",DNS:*.%s", host);
}

/* The certificate of our authority is shown to those who ask the plain
 * endpoint through TLS, too, by the names that they know it by. */
static int
start_tls(struct start *s, const struct start_opts *o, struct err *e)
{
	char *hosts = mem_strdup(o->allow_hosts != NULL ? o->allow_hosts :
	    ""), *rest = hosts, *one, *at;
	struct buf b;
	int rc;

	buf_init(&b, 64u << 10);
	if (s->https != NULL) {
		buf_adds(&b, "DNS:localhost,IP:127.0.0.1,IP:::1");
		at = mem_strndup(s->https, (size_t)(strrchr(s->https, ':') !=
		    NULL ? strrchr(s->https, ':') - s->https : 0));
		start_name(&b, at);
		free(at);
		while ((one = strsep(&rest, ",")) != NULL)
			start_name(&b, one);
	}
	rc = tls_setup(s->data, o->power, b.p, &s->tls, e);
	buf_release(&b);
	free(hosts);
	return (rc);
}

static int
start_store(struct start *s, const struct start_opts *o, struct err *e)
{
	struct store_opts so = { .dir = s->data, .power = o->power,
	    .history = o->history, .clock = &s->emu.clock,
	    .rules = &rules_store, .soft_bytes = o->soft_bytes == 0 ?
	    SOFT_BYTES : o->soft_bytes };

	s->emu.store = store_open(&so, e);
	if (s->emu.store == NULL)
		return (-1);
	store_set_write_limit(s->emu.store, o->write_limit);
	return (0);
}

static char *
start_pem(const char *path, struct err *e)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	if (file_read(path, &b, e) == 0)
		return (buf_detach(&b));
	buf_release(&b);
	return (NULL);
}

/* A certificate of the starter's own, tried before anybody connects. */
static int
start_cert(struct start *s, const struct start_opts *o, struct err *e)
{
	SSL_CTX *ctx;

	if (o->cert_file == NULL)
		return (0);
	if ((s->cert_pem = start_pem(o->cert_file, e)) == NULL ||
	    (s->key_pem = start_pem(o->key_file, e)) == NULL)
		return (-1);
	if ((ctx = tls_context(s->cert_pem, s->key_pem, e)) == NULL)
		return (err_prefix(e, "%s and %s", o->cert_file, o->key_file));
	SSL_CTX_free(ctx);
	return (0);
}

/* What it begins with, before anybody can ask. */
static int
start_folders(struct start *s, const struct start_opts *o, struct err *e)
{
	struct folder_count n = { .cls = NULL };

	/* State that is to stay begins with none. */
	if (o->import != NULL && o->export != NULL &&
	    strcmp(o->import, o->export) == 0 && !file_exists(o->import))
		log_info("nothing to import yet at %s", o->import);
	else if (o->import != NULL) {
		if (folder_load(&s->emu, o->import, true, &n, e) != 0)
			return (-1);
		log_info("imported %lld buckets and %lld objects from %s",
		    (long long)n.buckets, (long long)n.objects, o->import);
	}
	if (o->seed == NULL)
		return (0);
	if (folder_load(&s->emu, o->seed, false, &n, e) != 0)
		return (-1);
	log_info("seeded %lld buckets and %lld objects from %s (%lld were "
	    "there)", (long long)n.buckets, (long long)n.objects, o->seed,
	    (long long)n.same);
	return (0);
}

static int
start_server(struct start *s, const struct start_opts *o, struct err *e)
{
	struct server_opts so = { .http = s->http, .https = s->https,
	    .proxy = s->proxy, .allow = { o->beyond_loopback,
	    o->anyone },
	    .cert_pem = s->tls.cert_pem, .key_pem = s->tls.key_pem,
	    .https_cert_pem = s->cert_pem, .https_key_pem = s->key_pem };

	so.fd[SOCKETS_DIRECT] = o->direct;
	so.fd[SOCKETS_DIRECT_PLAIN] = o->direct_plain;
	so.fd[SOCKETS_INSIDE] = o->inside;
	return (server_start(&s->emu, &so, e) != NULL ? 0 : -1);
}

static void
start_fill(struct start *s, const struct start_opts *o)
{
	struct emu *emu = &s->emu;

	s->http = arena_strdup(&s->arena, o->http != NULL ? o->http : LOCAL);
	s->proxy = arena_strdup(&s->arena,
	    o->proxy != NULL ? o->proxy : LOCAL);
	if (strcmp(s->proxy, "off") == 0)
		s->proxy = NULL;
	if (o->https != NULL)
		s->https = arena_strdup(&s->arena, o->https);
	if (o->export != NULL)
		s->export = arena_strdup(&s->arena, o->export);
	emu->hosts = hosts_new(o->beyond_loopback);
	if (o->location != NULL)
		emu->location = arena_strdup(&s->arena, o->location);
	if (o->cors_headers != NULL)
		emu->cors_headers = arena_strdup(&s->arena, o->cors_headers);
	if (o->seed != NULL)
		emu->seed = arena_strdup(&s->arena, o->seed);
	emu->internal = o->internal;
	emu->all_projects = o->all_projects;
	emu->auth_http = o->auth == START_AUTH_ON;
	emu->auth_proxy = o->auth != START_AUTH_OFF;
	emu->soft_delete_s = o->soft_delete_s == 0 ? WEEK_S :
	    o->soft_delete_s > 0 ? o->soft_delete_s : 0;
	emu->project = arena_strdup(&s->arena, o->project != NULL ?
	    o->project : s->seed != NULL && seed_project(s->seed) != NULL ?
	    seed_project(s->seed) : "litedrill");
}

static int
start_hosts(struct start *s, const struct start_opts *o, struct err *e)
{

	if (o->allow_hosts == NULL || hosts_add(s->emu.hosts, o->allow_hosts))
		return (0);
	return (err_set(e, "more than %d hosts to allow", HOSTS_MAX));
}

struct start *
start_new(const struct start_opts *o, struct err *e)
{
	struct start *s = mem_alloc(sizeof(*s));
	struct emu *emu = &s->emu;
	struct tls_warmth warmth;
	bool opened;

	if (o->seed_file != NULL && (s->seed = seed_open(o->seed_file, e)) ==
	    NULL) {
		start_free(s);
		return (NULL);
	}
	start_fill(s, o);
	tls_warm_begin(&warmth);
	opened = start_data(s, o, e) == 0 && start_store(s, o, e) == 0;
	tls_warm_end(&warmth);
	if (opened && start_token(s, o->power, e) == 0 &&
	    start_tls(s, o, e) == 0) {
		emu->data = s->data;
		emu->ca_file = s->tls.ca_file;
		emu->metrics = metrics_new();
		emu->gate = gate_new();
		emu->journal = journal_new(o->journal, e);
		if (emu->journal != NULL) {
			emu->faults = faults_new(emu);
			if (iam_setup(emu, e) == 0 &&
			    start_hosts(s, o, e) == 0 &&
			    start_cert(s, o, e) == 0 &&
			    (s->seed == NULL ||
			    seed_apply(s->seed, emu, e) == 0) &&
			    start_folders(s, o, e) == 0 &&
			    (o->metadata_account == NULL ||
			    metadata_attach(emu, o->metadata_account,
			    o->metadata_scopes, true, e) == 0) &&
			    start_server(s, o, e) == 0) {
				s->lifecycle = lifecycle_start(emu);
				return (s);
			}
		}
	}
	start_free(s);
	return (NULL);
}

struct emu *
start_emu(struct start *s)
{

	return (&s->emu);
}

void
start_stop(struct start *s)
{

	lifecycle_stop(s->lifecycle);
	s->lifecycle = NULL;
	server_stop(s->emu.server);
}

int
start_export(struct start *s, struct err *e)
{
	struct folder_count n = { .cls = NULL };

	if (s->export == NULL)
		return (0);
	if (folder_save(&s->emu, s->export, &n, e) != 0)
		return (-1);
	log_info("exported %lld buckets and %lld objects to %s",
	    (long long)n.buckets, (long long)n.objects, s->export);
	return (0);
}

void
start_free(struct start *s)
{
	struct err e = ERR_INIT;

	if (s == NULL)
		return;
	start_stop(s);
	faults_free(s->emu.faults);
	journal_free(s->emu.journal);
	metrics_free(s->emu.metrics);
	gate_free(s->emu.gate);
	iam_release(&s->emu);
	store_close(s->emu.store);
	tls_release(&s->tls);
	seed_free(s->seed);
	hosts_free(s->emu.hosts);
	if (s->key_pem != NULL)
		OPENSSL_cleanse(s->key_pem, strlen(s->key_pem));
	free(s->key_pem);
	free(s->cert_pem);
	if (s->temporary && file_remove_all(s->data, &e))
		log_error("%s", err_msg(&e));
	err_release(&e);
	free(s->data);
	arena_release(&s->arena);
	free(s);
}

/* "0.0.0.0:0" and the port that it became. */
static void
start_address(struct buf *b, const char *name, const char *text, int port)
{
	const char *colon = strrchr(text, ':');

	buf_addf(b, " %s=%.*s:%d", name, (int)(colon - text), text, port);
}

char *
start_ready_line(struct start *s)
{
	struct buf b;

	buf_init(&b, 16u << 10);
	buf_adds(&b, "ready");
	start_address(&b, "http", s->http, s->emu.http_port);
	if (s->https != NULL)
		start_address(&b, "https", s->https, s->emu.https_port);
	if (s->proxy != NULL)
		start_address(&b, "proxy", s->proxy, s->emu.proxy_port);
	buf_addf(&b, " ca=%s data=%s\n", s->emu.ca_file, s->data);
	return (buf_detach(&b));
}
