/* From what was given to what it comes to. */
#include "emulator/options_int.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/file.h"
#include "lib/str.h"

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
		if (g->v[events[i]] != NULL && *g->v[events[i]] != '\0' &&
		    strcmp(g->v[events[i]], "none") != 0)
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

/* Where exec's command runs, and as whom. */
static int
options_exec(const struct given *g, struct options *out, struct err *e)
{
	static const char *const nets[] = { [CAGE_AUTO] = "auto",
		[CAGE_PRIVATE] = "private", [CAGE_HOST] = "host" };
	const char *net = g->v[O_NET], *who = g->v[O_CREDENTIALS];
	size_t i;

	for (i = 0; net != NULL && i < NELEMS(nets) &&
	    strcmp(net, nets[i]) != 0; i++)
		;
	if (i == NELEMS(nets))
		return (err_set(e, "--net is auto, private or host, not '%s'",
		    net));
	out->net = (enum cage_net)i;
	/* A machine that has an account needs no key file. */
	if (who == NULL && g->v[O_METADATA_ACCOUNT] != NULL)
		who = "own";
	if (who != NULL && strcmp(who, "owner") != 0)
		out->credentials = who;
	return (0);
}

int
options_build(struct given *g, struct options *out, struct err *e)
{
	struct start_opts *s = &out->start;
	bool yes;

	out->help = g->v[O_HELP] != NULL;
	out->version = g->v[O_VERSION] != NULL;
	out->describe = g->v[O_DESCRIBE] != NULL;
	out->verbose = g->v[O_VERBOSE] != NULL;
	out->core_files = g->v[O_CORE] != NULL;
	out->die_with_parent = g->v[O_DIE] != NULL;
	out->port_file = g->v[O_PORT_FILE];
	s->http = g->v[O_HTTP];
	s->https = g->v[O_HTTPS];
	s->proxy = g->v[O_PROXY] != NULL ? g->v[O_PROXY] :
	    out->fake ? "off" : NULL;
	s->project = g->v[O_PROJECT];
	s->seed_file = g->v[O_SEED_FILE];
	s->metadata_account = g->v[O_METADATA_ACCOUNT];
	s->metadata_scopes = g->v[O_METADATA_SCOPES];
	s->journal = g->v[O_JOURNAL];
	s->history = g->v[O_HISTORY] != NULL;
	s->beyond_loopback = g->v[O_BEYOND] != NULL;
	s->anyone = g->v[O_ANYONE] != NULL;
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
	    options_exec(g, out, e) ||
	    options_data(g, out, e) ||
	    options_hosts(g, out, e) || options_listen(g, out, e) ? -1 : 0);
}
