/* emulator/options_int.h: what options.c (the table, and reading what was
 * given) and options_build.c (what it comes to) share. */
#ifndef EMULATOR_OPTIONS_INT_H
#define EMULATOR_OPTIONS_INT_H

#include "emulator/options.h"
#include "lib/buf.h"

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
OPT(METADATA_ACCOUNT, "metadata-account", "EMAIL", 0, \
    "service account of the machine, for the metadata server; made if need " \
    "be") \
OPT(METADATA_SCOPES, "metadata-scopes", "SCOPE[,SCOPE]", 0, \
    "what that machine's tokens are good for (cloud-platform)") \
OPT(HISTORY, "history", NULL, 0, \
    "new buckets keep every state they ever had") \
OPT(SOFT_DELETE, "soft-delete", "DAYS", 0, \
    "soft delete policy of new buckets, 7 to 90 days; 0: none (7)") \
OPT(SOFT_BYTES, "soft-delete-bytes", "BYTES", 0, \
    "soft-deleted bytes to keep in all, the oldest go first; 0: all " \
    "(1GiB)") \
OPT(WRITE_LIMIT, "object-write-limit", "N", 0, \
    "more than N writes a second to one object are 429 (0: any)") \
OPT(SEED_FILE, "seed", "FILE", 0, \
    "begin with the accounts, key files, buckets and policies that a JSON " \
    "file tells of") \
OPT(SEED, "seed-dir", "DIR", 0, \
    "begin with the buckets and objects of DIR/BUCKET/OBJECT") \
OPT(IMPORT, "import", "DIR", 0, \
    "the same of a folder that --export-on-exit has written") \
OPT(EXPORT, "export-on-exit", "DIR", 0, \
    "write all buckets and objects there at the end") \
OPT(NET, "net", "auto|private|host", 0, \
    "exec: a network where nothing but the emulator is (private), where " \
    "that is allowed (auto); or proxies alone (host)") \
OPT(CREDENTIALS, "credentials", "owner|own|FILE", 0, \
    "exec: whose the command has: the project owner's, none but its own, " \
    "a key file (owner)") \
OPT(JOURNAL, "journal", "FILE", 0, \
    "append a JSON line for each request to FILE") \
OPT(PORT_FILE, "port-file", "FILE", 0, \
    "write the ports to FILE once ready; removed at the end") \
OPT(ALLOW_HOST, "allow-host", "NAME[,NAME]", 0, \
    "answer for these names in the Host header too") \
OPT(BEYOND, "listen-beyond-loopback", NULL, 0, \
    "allow addresses that others can reach") \
OPT(ANYONE, "anyone-may-do-anything", NULL, 0, \
    "allow them where nobody is asked who he is (--auth off)") \
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
OPT(CORE, "core-files", NULL, 0, \
    "let a crash leave a core file, with all secrets in it") \
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

struct opt_row {
	const char *name, *value, *help;
	int	flags;
};

extern const struct opt_row opts[O_N];

/* What was given, before it is put together. */
struct given {
	const char *v[O_N];		/* NULL: not given; "" for a flag */
	struct arena *a;
	struct buf notes;
};

/* Fills *out from what was given.  -1: the message says what is wrong. */
int	options_build(struct given *, struct options *out, struct err *);

#endif
