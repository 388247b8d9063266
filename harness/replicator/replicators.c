#include "harness/replicator/replicators.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/proc.h"
#include "lib/file.h"
#include "lib/str.h"

#define ASK_US		INT64_C(10000000)	/* `PATH version` */
#define NAME_PREFIX	"litestream-"

/* Messages as the binaries print them: Litestream's own words, and those of
 * Google's client library that it passes on. */
#define NO_BUCKET	"storage: bucket doesn't exist"
#define FORBIDDEN	"(Error|status code|response code|token:) 403"
#define NO_CREDENTIALS	"google: error getting credentials using " \
	"GOOGLE_APPLICATION_CREDENTIALS environment variable: open .*: " \
	"no such file or directory"
#define BAD_KEY		"oauth2: (\"invalid_grant\"|cannot fetch token: 40[01])"
#define BAD_SCHEME	"unknown replica type in config"

/* …/wal/INDEX_OFFSET.wal.lz4 */
static const char *
place_0_3(struct arena *a, const char *object)
{
	const char *name = strrchr(object, '/');

	if (name == NULL || !str_ends(object, ".wal.lz4") ||
	    strspn(name + 1, "0123456789abcdef") != 8)
		return (NULL);
	return (arena_strndup(a, name + 1, 8));
}

/* …/ltx/0/MIN-MAX.ltx */
static const char *
place_0_5(struct arena *a, const char *object)
{
	const char *name = strrchr(object, '/');

	if (name == NULL || !str_glob("*/ltx/0/*", object) ||
	    strspn(name + 1, "0123456789abcdef") != 16 || name[17] != '-' ||
	    strcmp(name + 34, ".ltx") != 0)
		return (NULL);
	return (arena_strndup(a, name + 18, 16));
}

#define LITESTREAM_0_3 \
	.scheme = "gcs", .config = "litestream-0.3.yml",		\
	.no_backup = "no matching backups found",			\
	.no_bucket = NO_BUCKET, .forbidden = FORBIDDEN,			\
	.no_credentials = NO_CREDENTIALS, .bad_key = BAD_KEY,		\
	.bad_scheme = BAD_SCHEME, .snapshot_glob = "*.snapshot.lz4",	\
	.wal_glob = "*.wal.lz4",					\
	.place_flag = "-index", .place = place_0_3,			\
	.interval_config = "dbs:\n  - path: ${DB_PATH}\n"		\
	    "    monitor-interval: ${SYNC_INTERVAL}\n"			\
	    "    replicas:\n"						\
	    "      - type: gcs\n"						\
	    "        bucket: ${BACKUPS_BUCKET_NAME}\n"			\
	    "        path: ${BACKUPS_PATH}\n"				\
	    "        sync-interval: ${SYNC_INTERVAL}\n"

#define LITESTREAM_0_5 \
	.scheme = "gs", .config = "litestream-0.5.yml",			\
	.no_backup = "no matching backup files available",		\
	.no_bucket = NO_BUCKET, .forbidden = FORBIDDEN,			\
	.no_credentials = NO_CREDENTIALS, .bad_key = BAD_KEY,		\
	.bad_scheme = BAD_SCHEME, .snapshot_glob = "*/ltx/9/*.ltx",	\
	.wal_glob = "*/ltx/0/*.ltx",					\
	.place_flag = "-txid", .place = place_0_5,			\
	.interval_config = "dbs:\n  - path: ${DB_PATH}\n"		\
	    "    monitor-interval: ${SYNC_INTERVAL}\n"			\
	    "    replica:\n"						\
	    "      type: gs\n"						\
	    "      bucket: ${BACKUPS_BUCKET_NAME}\n"			\
	    "      path: ${BACKUPS_PATH}\n"				\
	    "      sync-interval: ${SYNC_INTERVAL}\n"

const struct replicator replicators[] = {
	{ .from = "0.3.0", .to = "0.3.3", LITESTREAM_0_3 },
	{ .from = "0.3.4", .to = "0.3.4", .if_replica_exists = true,
	    .parallelism = true, LITESTREAM_0_3 },
	{ .from = "0.3.5", .to = "0.3.999", .gcs = true,
	    .if_replica_exists = true, .if_db_not_exists = true,
	    .parallelism = true, LITESTREAM_0_3 },
	{ .from = "0.5.0", .to = "0.5.999", .gcs = true,
	    .if_replica_exists = true, .if_db_not_exists = true,
	    .parallelism = true, .levels = true, LITESTREAM_0_5 },
	{ 0 }
};

const struct var replicator_vars[] = {
	{ "scheme", "What replica URLs begin with: gcs or gs." },
	{ "config", "The configuration's file in the deployment's folder." },
	{ "no_backup", "Regex of what restore says where no backup is." },
	{ "no_bucket", "The same where the bucket is missing." },
	{ "forbidden", "The same where the account lacks a role." },
	{ "no_credentials", "The same where the key file cannot be read." },
	{ "bad_key", "The same where the key was deleted." },
	{ "bad_scheme", "The same for the other major release's scheme." },
	{ "snapshot_glob", "Glob of snapshots, for bucket.like and object=." },
	{ "wal_glob", "The same of what each sync uploads." },
	{ .name = NULL }
};

const char *
replicator_var(const struct replicator *rep, const char *name)
{
	const char *const values[] = {
		rep->scheme, rep->config, rep->no_backup, rep->no_bucket,
		rep->forbidden, rep->no_credentials, rep->bad_key,
		rep->bad_scheme, rep->snapshot_glob, rep->wal_glob,
	};

	_Static_assert(NELEMS(values) + 1 == NELEMS(replicator_vars),
	    "a value for each name");
	for (size_t i = 0; replicator_vars[i].name != NULL; i++)
		if (strcmp(replicator_vars[i].name, name) == 0)
			return (values[i]);
	return (NULL);
}

/* The number that s begins with, at most 999999999; *end behind it. */
static long
number(const char *s, const char **end)
{
	long n = 0;

	while (*s >= '0' && *s <= '9' && n < 100000000)
		n = n * 10 + (*s++ - '0');
	*end = s;
	return (n);
}

int
release_compare(const char *a, const char *b)
{

	for (int i = 0; i < 3; i++) {
		long x = number(a, &a), y = number(b, &b);

		if (x != y)
			return (x < y ? -1 : 1);
		a += *a == '.';
		b += *b == '.';
	}
	/* 0.5.0-beta1 comes before 0.5.0. */
	if ((*a == '-') != (*b == '-'))
		return (*a == '-' ? -1 : 1);
	return (*a == '-' ? (strcmp(a, b) > 0) - (strcmp(a, b) < 0) : 0);
}

bool
release_among(const char *version, const char *releases)
{
	struct arena a = ARENA_INIT;
	bool found = false;

	for (const char *p = releases; *p != '\0'; p += *p == ' ') {
		size_t len = strcspn(p, " ");
		char *from = arena_strndup(&a, p, len), *to = from;
		char *dots = strstr(from, "..");

		if (dots != NULL) {
			*dots = '\0';
			to = dots + 2;
		}
		found = found || (release_compare(version, from) >= 0 &&
		    release_compare(version, to) <= 0);
		p += len;
	}
	arena_release(&a);
	return (found);
}

/* N.N.N or N.N.N-WORD. */
static bool
is_version(const char *s)
{
	const char *end;

	for (int i = 0; i < 3; i++) {
		(void)number(s, &end);
		if (end == s || (i < 2 && *end != '.'))
			return (false);
		s = i < 2 ? end + 1 : end;
	}
	return (*s == '\0' || (*s == '-' && strchr(s, '/') == NULL));
}

static const struct replicator *
row_of(const char *version)
{

	for (const struct replicator *r = replicators; r->from != NULL; r++)
		if (release_compare(version, r->from) >= 0 &&
		    release_compare(version, r->to) <= 0)
			return (r);
	/* The betas of a family's first release. */
	for (const struct replicator *r = replicators; r->from != NULL; r++)
		if (strncmp(version, r->from, strlen(r->from)) == 0 &&
		    version[strlen(r->from)] == '-')
			return (r);
	return (NULL);
}

static int
fill(struct arena *a, const char *version, const char *path,
    struct release *out, struct err *e)
{
	const char *base = strrchr(path, '/');

	base = base != NULL ? base + 1 : path;
	out->version = version;
	out->path = path;
	out->label = version;
	if (!str_starts(base, "litestream"))
		out->label = arena_printf(a, "%s(%s)", base, version);
	if ((out->rep = row_of(version)) == NULL)
		return (err_set(e, "nothing is known of Litestream %s: "
		    "releases 0.3.* and 0.5.* are", version));
	return (0);
}

/* Ask the program itself. */
static int
ask_version(struct arena *a, const char *path, const char **version,
    struct err *e)
{
	char *const argv[] = { arena_strdup(a, path),
	    arena_strdup(a, "version"), NULL };
	char *const envp[] = { arena_strdup(a, "PATH=/usr/bin:/bin"), NULL };
	const struct proc_opts o = { .argv = argv, .envp = envp };
	const char *out, *err;
	bool late = false;
	char *v;
	int rc;

	rc = proc_run(&o, ASK_US, a, &out, &err, &late, e);
	if (rc < 0)
		return (-1);
	if (rc != 0)
		return (err_set(e, "`%s version` %s", path, late ?
		    "does not end" : "fails: it is no Litestream"));
	v = arena_strndup(a, out, strcspn(out, "\r\n"));
	if (*v == 'v')
		v++;
	if (!is_version(v))
		return (err_set(e, "`%s version` says '%s', which is no "
		    "version of Litestream", path, v));
	*version = v;
	return (0);
}

static int
by_version(const void *a, const void *b)
{

	return (release_compare(*(const char *const *)a,
	    *(const char *const *)b));
}

/* The versions that are in tools, oldest first. */
static size_t
versions(struct arena *a, const char *tools, const char ***list)
{
	DIR *d = opendir(tools);
	const struct dirent *de;
	const char **v = NULL;
	size_t n = 0;

	while (d != NULL && (de = readdir(d)) != NULL) {
		const char *name = de->d_name + sizeof(NAME_PREFIX) - 1;

		if (!str_starts(de->d_name, NAME_PREFIX) || !is_version(name))
			continue;
		v = mem_realloc(v, (n + 1) * sizeof(*v));
		v[n++] = arena_strdup(a, name);
	}
	if (d != NULL)
		(void)closedir(d);
	if (n > 0)
		qsort(v, n, sizeof(*v), by_version);
	*list = arena_dup(a, v != NULL ? (const void *)v : "",
	    n * sizeof(*v));
	free(v);
	return (n);
}

static int
not_there(struct arena *a, const char *tools, const char *spec, struct err *e)
{
	const char **v, *near;
	struct buf b;
	size_t n = versions(a, tools, &v);

	buf_init(&b, 65536);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i > 0 ? ", " : "", v[i]);
	near = str_nearest(spec, v, n);
	if (!is_version(spec))
		err_set(e, "'%s' is neither a version of Litestream nor a "
		    "path", spec);
	else
		err_set(e, "Litestream %s is not in %s: run `ci/litestream "
		    "%s`", spec, tools, spec);
	if (n > 0)
		err_set(e, "%s (there: %s%s%s%s)", arena_strdup(a, err_msg(e)),
		    b.p, near != NULL ? "; did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?" : "");
	buf_release(&b);
	return (-1);
}

int
release_find(struct arena *a, const char *tools, const char *spec,
    struct release *out, struct err *e)
{
	const char *path, *version = NULL;

	if (strchr(spec, '/') != NULL) {
		if (!file_exists(spec))
			return (err_set(e, "there is no program %s", spec));
		if (access(spec, X_OK) != 0)
			return (err_setno(e, "cannot run %s", spec));
		if ((path = realpath(spec, NULL)) == NULL)
			return (err_setno(e, "cannot find %s", spec));
		out->path = arena_strdup(a, path);
		free((void *)(uintptr_t)path);
		if (ask_version(a, out->path, &version, e) != 0)
			return (-1);
		return (fill(a, version, out->path, out, e));
	}
	version = arena_strdup(a, *spec == 'v' ? spec + 1 : spec);
	path = arena_printf(a, "%s/" NAME_PREFIX "%s", tools, version);
	if (!is_version(version) || !file_exists(path))
		return (not_there(a, tools, version, e));
	if (access(path, X_OK) != 0)
		return (err_setno(e, "cannot run %s", path));
	return (fill(a, version, path, out, e));
}
