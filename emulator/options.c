#include "emulator/options.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/str.h"

/* OPT(id, name, value, flags, help), in the order of --help. */
enum { FAKE = 1 };		/* also an option of fake-gcs-server */

#define OPTIONS(OPT) \
OPT(HTTP, "http", "ADDR:PORT", 0, \
    "plain HTTP endpoint, for STORAGE_EMULATOR_HOST (127.0.0.1:0)") \
OPT(HTTPS, "https", "ADDR:PORT", 0, \
    "the same endpoint through TLS, with our CA's certificate") \
OPT(PROXY, "proxy", "ADDR:PORT", 0, \
    "CONNECT proxy that impersonates Google (127.0.0.1:0), or off") \
OPT(DATA, "data", "DIR", FAKE, \
    "keep everything in DIR (default: a temporary directory)") \
OPT(DURABILITY, "durability", "process|power", 0, \
    "what an acknowledged write survives: kill -9 of the emulator " \
    "(process), or a power cut") \
OPT(AUTH, "auth", "on|off", 0, \
    "ask for tokens, all ways in (default: on through --proxy alone)") \
OPT(PROJECT, "project", "ID", 0, "the project that exists (litedrill)") \
OPT(HISTORY, "history", NULL, 0, \
    "new buckets keep every state they ever had") \
OPT(SOFT_DELETE, "soft-delete", "DAYS", 0, \
    "soft delete policy of new buckets, 7 to 90 days; 0: none (7)") \
OPT(SOFT_BYTES, "soft-delete-bytes", "BYTES", 0, \
    "soft-deleted bytes to keep in all, the oldest go first; 0: all " \
    "(1GiB)") \
OPT(WRITE_LIMIT, "object-write-limit", "N", 0, \
    "more than N writes a second to one object are 429 (0: any)") \
OPT(SEED, "seed-dir", "DIR", 0, \
    "begin with the buckets and objects of DIR/BUCKET/OBJECT") \
OPT(IMPORT, "import", "DIR", 0, \
    "the same of a folder that --export-on-exit has written") \
OPT(EXPORT, "export-on-exit", "DIR", 0, \
    "write all buckets and objects there at the end") \
OPT(JOURNAL, "journal", "FILE", 0, \
    "append a JSON line for each request to FILE") \
OPT(PORT_FILE, "port-file", "FILE", 0, \
    "write the ports to FILE once ready; removed at the end") \
OPT(ALLOW_HOST, "allow-host", "NAME[,NAME]", 0, \
    "answer for these names in the Host header too") \
OPT(BEYOND, "listen-beyond-loopback", NULL, 0, \
    "allow addresses that others can reach") \
OPT(INTERNAL, "internal-endpoints", NULL, 0, \
    "serve /_internal/reseed and delete_all, without a token") \
OPT(SCHEME, "scheme", "http|https|both", FAKE, \
    "what --host and --port speak (http)") \
OPT(HOST, "host", "ADDR", FAKE, "with --port: the address (127.0.0.1)") \
OPT(PORT, "port", "PORT", FAKE, "plain endpoint's port, in place of --http") \
OPT(PORT_HTTP, "port-http", "PORT", FAKE, \
    "with --scheme both: the port of HTTP") \
OPT(PUBLIC_HOST, "public-host", "NAME", FAKE, \
    "another name to answer for; links carry the host of the request") \
OPT(EXTERNAL_URL, "external-url", "URL", FAKE, "the same, as a URL") \
OPT(BACKEND, "backend", "memory|filesystem", FAKE, \
    "memory: a temporary directory; filesystem: --filesystem-root") \
OPT(ROOT, "filesystem-root", "DIR", FAKE, \
    "the data directory of --backend filesystem") \
OPT(LOCATION, "location", "NAME", FAKE, \
    "of buckets that are made without one (US)") \
OPT(CERT, "cert-location", "FILE", FAKE, "PEM certificate for HTTPS") \
OPT(KEY, "private-key-location", "FILE", FAKE, "its key") \
OPT(CORS, "cors-headers", "NAME[,NAME]", FAKE, \
    "let web pages of any origin in, with these headers") \
OPT(LOG_LEVEL, "log-level", "LEVEL", FAKE, \
    "debug or trace is --verbose") \
OPT(EVENT_PROJECT, "event.pubsub-project-id", "ID", FAKE, \
    "not served: events are not published") \
OPT(EVENT_TOPIC, "event.pubsub-topic", "TOPIC", FAKE, "not served") \
OPT(EVENT_BUCKET, "event.bucket", "BUCKET", FAKE, \
    "without events it has no effect") \
OPT(EVENT_PREFIX, "event.object-prefix", "PREFIX", FAKE, \
    "without events it has no effect") \
OPT(EVENT_LIST, "event.list", "EVENTS", FAKE, \
    "without events it has no effect") \
OPT(DIE, "die-with-parent", NULL, 0, "end when the starting process ends") \
OPT(VERBOSE, "verbose", NULL, 0, "log more to stderr") \
OPT(DESCRIBE, "describe", NULL, 0, \
    "print options, routes, roles and fault kinds as JSON and exit") \
OPT(VERSION, "version", NULL, 0, "print the version and exit") \
OPT(HELP, "help", NULL, 0, "print this and exit")

enum opt {
#define OPT(id, name, value, flags, help) O_##id,
OPTIONS(OPT)
#undef OPT
	O_N
};

static const struct {
	const char *name, *value, *help;
	int	flags;
} opts[O_N] = {
#define OPT(id, name, value, flags, help) [O_##id] = { name, value, help, \
	flags },
OPTIONS(OPT)
#undef OPT
};

/* What was given, before it is put together. */
struct given {
	const char *v[O_N];		/* NULL: not given; "" for a flag */
	struct arena *a;
	struct buf notes;
};

/* ---- reading ---- */

/* The option named by s[0..n), or O_N with the message set. */
static enum opt
options_find(const char *s, size_t n, struct err *e)
{
	const char *names[O_N], *near;
	char *word;

	for (int i = 0; i < O_N; i++) {
		names[i] = opts[i].name;
		if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0)
			return ((enum opt)i);
	}
	word = mem_strndup(s, n);
	near = str_nearest(word, names, O_N);
	if (near != NULL)
		(void)err_set(e, "unknown option --%s: did you mean --%s?",
		    word, near);
	else
		(void)err_set(e, "unknown option --%s; --help lists them",
		    word);
	free(word);
	return (O_N);
}

static int
options_words(int argc, char *const *argv, int from, bool words,
    struct given *g, int *rest, struct err *e)
{

	*rest = argc;
	for (int i = from; i < argc; i++) {
		const char *a = argv[i], *v = NULL;
		size_t n;
		enum opt o;

		if (strcmp(a, "--") == 0) {
			*rest = i + 1;
			return (0);
		}
		if (a[0] != '-' || a[1] == '\0') {
			*rest = i;
			return (words && a[0] != '-' ? 0 :
			    err_set(e, "'%s' is no option; --help lists them",
			    a));
		}
		a += a[1] == '-' ? 2 : 1;
		n = strcspn(a, "=");
		if ((o = options_find(a, n, e)) == O_N)
			return (-1);
		if (a[n] == '=')
			v = a + n + 1;
		if (opts[o].value == NULL && v != NULL)
			return (err_set(e, "--%s takes no value",
			    opts[o].name));
		if (opts[o].value != NULL && v == NULL && i + 1 < argc)
			v = argv[++i];
		if (opts[o].value != NULL && (v == NULL || (*v == '\0' &&
		    (opts[o].flags & FAKE) == 0)))
			return (err_set(e, "--%s wants a value: --%s %s",
			    opts[o].name, opts[o].name, opts[o].value));
		g->v[o] = v != NULL ? v : "";
	}
	return (0);
}

static const char *
options_env_name(struct arena *a, const char *prefix, const char *name)
{
	char *s = arena_printf(a, "%s%s", prefix, name);

	for (char *p = s; *p != '\0'; p++)
		*p = *p == '-' || *p == '.' ? '_' :
		    (char)toupper((unsigned char)*p);
	return (s);
}

static const char *
options_getenv(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return (*env + n + 1);
	return (NULL);
}

static int
options_env(struct given *g, char *const *env, struct err *e)
{

	for (int i = 0; i < O_N; i++) {
		const char *name, *v;

		name = options_env_name(g->a, "GCS_EMULATOR_", opts[i].name);
		v = options_getenv(env, name);
		if (v == NULL && (opts[i].flags & FAKE) != 0) {
			name = options_env_name(g->a, "FAKE_GCS_",
			    opts[i].name);
			v = options_getenv(env, name);
		}
		if (v == NULL || *v == '\0' || g->v[i] != NULL)
			continue;
		if (opts[i].value != NULL)
			g->v[i] = v;
		else if (strcmp(v, "1") == 0 || strcasecmp(v, "true") == 0)
			g->v[i] = "";
		else if (strcmp(v, "0") != 0 && strcasecmp(v, "false") != 0)
			return (err_set(e, "%s is 1 or 0, not '%s'", name, v));
	}
	return (0);
}

/* ---- putting together ---- */

static int
options_choice(const char *name, const char *value, const char *first,
    const char *second, bool *is_first, struct err *e)
{

	*is_first = strcmp(value, first) == 0;
	if (*is_first || strcmp(value, second) == 0)
		return (0);
	return (err_set(e, "--%s is %s or %s, not '%s'", name, first, second,
	    value));
}

static int
options_port(const struct given *g, enum opt o, const char *dflt,
    const char **port, struct err *e)
{
	int64_t n;

	*port = g->v[o] != NULL && *g->v[o] != '\0' ? g->v[o] : dflt;
	if (str_int64(*port, &n) && n >= 0 && n <= 65535)
		return (0);
	return (err_set(e, "--%s is a number from 0 to 65535, not '%s'",
	    opts[o].name, *port));
}

/* --scheme, --host, --port and --port-http become --http and --https. */
static int
options_listen(struct given *g, struct options *out, struct err *e)
{
	const char *scheme = g->v[O_SCHEME], *host = g->v[O_HOST];
	const char *port, *port_http, *at;
	bool both;

	if (scheme == NULL && host == NULL && g->v[O_PORT] == NULL &&
	    g->v[O_PORT_HTTP] == NULL && !out->fake)
		return (0);
	if (g->v[O_HTTP] != NULL || g->v[O_HTTPS] != NULL)
		return (out->fake && scheme == NULL && host == NULL &&
		    g->v[O_PORT] == NULL ? 0 : err_set(e,
		    "either --http and --https, or --scheme, --host and "
		    "--port, not both"));
	if (scheme == NULL || *scheme == '\0')
		scheme = out->fake ? "https" : "http";
	if (host == NULL || *host == '\0')
		host = out->fake ? "0.0.0.0" : "127.0.0.1";
	both = strcmp(scheme, "both") == 0;
	if (!both && strcmp(scheme, "http") != 0 &&
	    strcmp(scheme, "https") != 0)
		return (err_set(e, "--scheme is http, https or both, not "
		    "'%s'", scheme));
	if (options_port(g, O_PORT, out->fake ? "4443" : "0", &port, e) ||
	    options_port(g, O_PORT_HTTP, out->fake ? "8000" : "0", &port_http,
	    e))
		return (-1);
	at = strchr(host, ':') != NULL && *host != '[' ?
	    arena_printf(g->a, "[%s]", host) : host;
	if (strcmp(scheme, "http") != 0)
		out->start.https = arena_printf(g->a, "%s:%s", at, port);
	if (strcmp(scheme, "https") != 0)
		out->start.http = arena_printf(g->a, "%s:%s", at,
		    both ? port_http : port);
	return (0);
}

static void
options_note(struct given *g, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
options_note(struct given *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&g->notes, fmt, ap);
	va_end(ap);
	buf_addc(&g->notes, '\n');
}

/* The name in "http://gcs:4443/", "gcs:4443" or "gcs". */
static const char *
options_host_of(struct arena *a, const char *s)
{
	const char *p = strstr(s, "://");
	size_t n;

	p = p != NULL ? p + 3 : s;
	n = *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":/");
	return (arena_strndup(a, p, n));
}

static int
options_hosts(struct given *g, struct options *out, struct err *e)
{
	static const enum opt from[] = { O_ALLOW_HOST, O_PUBLIC_HOST,
		O_EXTERNAL_URL };
	struct buf all;

	buf_init(&all, 64u << 10);
	for (size_t i = 0; i < NELEMS(from); i++) {
		const char *v = g->v[from[i]];
		char *copy, *one;

		if (v == NULL)
			continue;
		copy = arena_strdup(g->a, v);
		while ((one = strsep(&copy, ",")) != NULL)
			if (*one != '\0')
				buf_addf(&all, "%s%s", all.len > 0 ? "," : "",
				    options_host_of(g->a, one));
		if (i > 0 && *v != '\0')
			options_note(g, "--%s is not needed: links in answers "
			    "carry the host that the request came to",
			    opts[from[i]].name);
	}
	for (char *p = all.p; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (all.len > 0)
		out->start.allow_hosts = arena_strdup(g->a, all.p);
	buf_release(&all);
	if ((g->v[O_CERT] == NULL) != (g->v[O_KEY] == NULL))
		return (err_set(e, "--cert-location and "
		    "--private-key-location belong together"));
	out->start.cert_file = g->v[O_CERT];
	out->start.key_file = g->v[O_KEY];
	return (0);
}

/* The folder for fake-gcs-server's --data, where it is there: images give it
 * to everybody. */
static const char *
options_there(struct given *g, const char *dir)
{

	if (file_exists(dir))
		return (dir);
	options_note(g, "--data %s is not there; beginning empty", dir);
	return (NULL);
}

/* Where the state lives, and what it begins with. */
static int
options_data(struct given *g, struct options *out, struct err *e)
{
	const char *root = g->v[O_ROOT], *data = g->v[O_DATA];
	const char *backend = g->v[O_BACKEND];
	bool memory = false;

	if (backend != NULL && options_choice("backend", backend, "memory",
	    "filesystem", &memory, e))
		return (-1);
	out->start.seed = g->v[O_SEED];
	if (out->fake) {
		if (out->start.seed == NULL && data != NULL && *data != '\0')
			out->start.seed = options_there(g, data);
		data = NULL;
		if (root == NULL && !memory)
			root = "/storage";
	} else if (backend != NULL && !memory && root == NULL && data == NULL)
		return (err_set(e, "--backend filesystem wants a folder: "
		    "--filesystem-root DIR"));
	if (root != NULL && !memory) {
		if (data != NULL)
			return (err_set(e, "--data and --filesystem-root name "
			    "the same thing; give one"));
		data = root;
	} else if (root != NULL)
		options_note(g, "--filesystem-root has no effect with "
		    "--backend memory");
	if (memory && data != NULL)
		return (err_set(e, "--backend memory keeps nothing, and "
		    "--data %s would; give one", data));
	if (data != NULL && *data == '\0')
		return (err_set(e, "--%s wants a folder", root == data ?
		    "filesystem-root" : "data"));
	out->start.data = data;
	out->start.import = g->v[O_IMPORT];
	out->start.export = g->v[O_EXPORT];
	return (0);
}

static int
options_events(const struct given *g, struct err *e)
{
	static const enum opt events[] = { O_EVENT_PROJECT, O_EVENT_TOPIC };

	for (size_t i = 0; i < NELEMS(events); i++)
		if (g->v[events[i]] != NULL && *g->v[events[i]] != '\0')
			return (err_set(e, "--%s: gcs-emulator publishes no "
			    "events to Pub/Sub; leave it out",
			    opts[events[i]].name));
	return (0);
}

static int
options_level(const char *v, struct options *out, struct err *e)
{
	static const char *const levels[] = { "trace", "debug", "info",
		"warn", "warning", "error", "fatal", "panic" };
	size_t i;

	for (i = 0; i < NELEMS(levels) && strcasecmp(v, levels[i]) != 0; i++)
		;
	if (i == NELEMS(levels))
		return (err_set(e, "--log-level is trace, debug, info, warn, "
		    "error, fatal or panic, not '%s'", v));
	out->verbose = out->verbose || i < 2;
	return (0);
}

/* A whole number from min to max. */
static int
options_number(const struct given *g, enum opt o, int64_t min, int64_t max,
    int64_t *v, struct err *e)
{
	const char *s = g->v[o];

	if (s == NULL || (str_int64(s, v) && *v >= min && *v <= max))
		return (0);
	return (err_set(e, "--%s is a number from %lld to %lld, not '%s'",
	    opts[o].name, (long long)min, (long long)max, s));
}

static int
options_limits(const struct given *g, struct options *out, struct err *e)
{
	int64_t days = 7, bytes;

	if (options_number(g, O_SOFT_DELETE, 0, 90, &days, e) ||
	    options_number(g, O_WRITE_LIMIT, 0, 1000000,
	    &out->start.write_limit, e))
		return (-1);
	if (days > 0 && days < 7)
		return (err_set(e, "--soft-delete is 0 or 7 to 90 days"));
	out->start.soft_delete_s = days == 0 ? -1 : days * 86400;
	if (g->v[O_SOFT_BYTES] == NULL)
		return (0);
	if (str_parse_bytes(g->v[O_SOFT_BYTES], &bytes, e))
		return (err_prefix(e, "--soft-delete-bytes"));
	out->start.soft_bytes = bytes == 0 ? -1 : bytes;
	return (0);
}

static int
options_build(struct given *g, struct options *out, struct err *e)
{
	struct start_opts *s = &out->start;
	bool yes;

	out->help = g->v[O_HELP] != NULL;
	out->version = g->v[O_VERSION] != NULL;
	out->describe = g->v[O_DESCRIBE] != NULL;
	out->verbose = g->v[O_VERBOSE] != NULL;
	out->die_with_parent = g->v[O_DIE] != NULL;
	out->port_file = g->v[O_PORT_FILE];
	s->http = g->v[O_HTTP];
	s->https = g->v[O_HTTPS];
	s->proxy = g->v[O_PROXY] != NULL ? g->v[O_PROXY] :
	    out->fake ? "off" : NULL;
	s->project = g->v[O_PROJECT];
	s->journal = g->v[O_JOURNAL];
	s->history = g->v[O_HISTORY] != NULL;
	s->beyond_loopback = g->v[O_BEYOND] != NULL;
	s->internal = out->fake || g->v[O_INTERNAL] != NULL;
	s->all_projects = out->fake;
	s->location = g->v[O_LOCATION] != NULL && *g->v[O_LOCATION] != '\0' ?
	    g->v[O_LOCATION] : out->fake ? "US-CENTRAL1" : NULL;
	s->cors_headers = g->v[O_CORS];
	if (g->v[O_DURABILITY] != NULL && options_choice("durability",
	    g->v[O_DURABILITY], "power", "process", &s->power, e))
		return (-1);
	if (g->v[O_AUTH] != NULL) {
		if (options_choice("auth", g->v[O_AUTH], "on", "off", &yes, e))
			return (-1);
		s->auth = yes ? START_AUTH_ON : START_AUTH_OFF;
	}
	if (g->v[O_LOG_LEVEL] != NULL && *g->v[O_LOG_LEVEL] != '\0' &&
	    options_level(g->v[O_LOG_LEVEL], out, e))
		return (-1);
	return (options_limits(g, out, e) || options_events(g, e) ||
	    options_data(g, out, e) ||
	    options_hosts(g, out, e) || options_listen(g, out, e) ? -1 : 0);
}

int
options_parse(int argc, char *const *argv, int from, bool words,
    char *const *env, struct arena *a, struct options *out, struct err *e)
{
	const char *slash = strrchr(argv[0], '/');
	struct given g = { .a = a };
	int rc;

	*out = (struct options){ .fake = strcmp(slash != NULL ? slash + 1 :
	    argv[0], "fake-gcs-server") == 0 };
	buf_init(&g.notes, 16u << 10);
	rc = options_words(argc, argv, from, words, &g, &out->rest, e);
	if (rc == 0)
		rc = options_env(&g, env, e);
	if (rc == 0)
		rc = options_build(&g, out, e);
	if (g.notes.len > 0)
		out->notes = arena_strdup(a, g.notes.p);
	buf_release(&g.notes);
	return (rc);
}

/* ---- telling ---- */

void
options_help(FILE *f)
{

	(void)fputs("usage: gcs-emulator [options]\n"
	    "       gcs-emulator exec [options] [--] CMD [ARG...]\n\n"
	    "A fake Google Cloud for tests: storage, tokens, IAM.  exec runs "
	    "CMD against a new one.\nEach option is also GCS_EMULATOR_NAME in "
	    "the environment; those with * are\nfake-gcs-server's, and "
	    "FAKE_GCS_NAME as well.\n\n", f);
	for (int i = 0; i < O_N; i++) {
		char word[64];

		(void)snprintf(word, sizeof(word), "--%s%s%s%s", opts[i].name,
		    opts[i].value != NULL ? " " : "",
		    opts[i].value != NULL ? opts[i].value : "",
		    (opts[i].flags & FAKE) != 0 ? " *" : "");
		(void)fprintf(f, "  %-30s %s\n", word, opts[i].help);
	}
}

json_t *
options_describe(void)
{
	struct arena a = ARENA_INIT;
	json_t *all = json_array();

	for (int i = 0; i < O_N; i++) {
		json_t *env = json_array();

		(void)json_array_append_new(env, json_string(
		    options_env_name(&a, "GCS_EMULATOR_", opts[i].name)));
		if ((opts[i].flags & FAKE) != 0)
			(void)json_array_append_new(env,
			    json_string(options_env_name(&a, "FAKE_GCS_",
			    opts[i].name)));
		(void)json_array_append_new(all, json_pack(
		    "{s:s, s:s?, s:s, s:o}", "name", opts[i].name, "value",
		    opts[i].value, "help", opts[i].help, "environment", env));
	}
	arena_release(&a);
	return (all);
}
