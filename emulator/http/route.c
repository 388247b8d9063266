#include "emulator/http/route.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nul.h"
#include "lib/str.h"

/* ---- hosts ---- */

static bool
route_local(const char *host)
{

	return (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	    strcmp(host, "storage.localhost") == 0 ||
	    (str_starts(host, "127.") &&
	    strspn(host, "0123456789.") == strlen(host)));
}

/* Clients that put the bucket before the host do it with localhost too, which
 * resolves to loopback whatever stands before it (RFC 6761). */
static const struct {
	const char *suffix;
	enum route_host kind;
} route_suffixes[] = {
	{ ".storage.googleapis.com", HOST_BUCKET },
	{ ".storage.localhost", HOST_LOCAL_BUCKET },
	{ ".localhost", HOST_LOCAL_BUCKET },
};

/* The suffix that stands behind a bucket's name, or -1.  The name becomes a
 * segment of a path: nothing in it may look like an escape or a slash. */
static int
route_suffix(const char *host)
{
	size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	if (host[0] == '.' || host[n] != '\0')
		return (-1);
	for (int i = 0; i < (int)NELEMS(route_suffixes); i++)
		if (str_ends(host, route_suffixes[i].suffix))
			return (i);
	return (-1);
}

size_t
route_host_bucket(const char *host)
{
	int i = route_local(host) ? -1 : route_suffix(host);

	return (i < 0 ? 0 : strlen(host) - strlen(route_suffixes[i].suffix));
}

static const struct {
	const char *name;
	enum route_host kind;
} route_known[] = {
	{ "storage.googleapis.com", HOST_STORAGE },
	{ "www.googleapis.com", HOST_WWW },
	{ "oauth2.googleapis.com", HOST_OAUTH },
	{ "accounts.google.com", HOST_OAUTH },
	{ "sts.googleapis.com", HOST_OAUTH },
	{ "openidconnect.googleapis.com", HOST_OAUTH },
	{ "iam.googleapis.com", HOST_IAM },
	{ "iamcredentials.googleapis.com", HOST_IAM },
	{ "cloudresourcemanager.googleapis.com", HOST_CRM },
	/* These behind all others: route_name() ends there. */
	{ "metadata.google.internal", HOST_METADATA },
	{ "metadata.google.internal.", HOST_METADATA },
	{ "metadata", HOST_METADATA },
	{ "169.254.169.254", HOST_METADATA },
};

const char *
route_name(size_t i)
{

	return (i < NELEMS(route_known) && route_known[i].kind !=
	    HOST_METADATA ? route_known[i].name : NULL);
}

enum route_host
route_host(const char *host)
{
	int suffix;

	/* What most requests ask for, first: this is asked often. */
	if (route_local(host))
		return (HOST_LOCAL);
	for (size_t i = 0; i < NELEMS(route_known); i++)
		if (strcmp(host, route_known[i].name) == 0)
			return (route_known[i].kind);
	if (route_local(host))
		return (HOST_LOCAL);
	suffix = route_suffix(host);
	return (suffix < 0 ? HOST_FOREIGN : route_suffixes[suffix].kind);
}

/* ---- which APIs a path may mean, as a set of bits ---- */

#define BIT(api)	(1u << (api))

static bool
route_storage_path(const char *p)
{

	return (str_starts(p, "/storage/v1/") || str_starts(p, "/upload/") ||
	    str_starts(p, "/resumable/upload/") ||
	    str_starts(p, "/download/storage/") ||
	    str_starts(p, "/batch/storage/") || strcmp(p, "/batch") == 0 ||
	    str_starts(p, "//batch/storage/"));
}

/* Some client libraries (Node's) take STORAGE_EMULATOR_HOST for all that stands
 * before a method's own path.  No bucket can be named so. */
static bool
route_bare_path(const char *p)
{

	return (strcmp(p, "/b") == 0 || str_starts(p, "/b/") ||
	    (str_starts(p, "/projects/") && (str_ends(p, "/serviceAccount") ||
	    strstr(p, "/hmacKeys") != NULL)));
}

/* The Retry Test API, where the suites look for it. */
static bool
route_retry_path(const char *p)
{

	return (strcmp(p, "/retry_test") == 0 ||
	    strcmp(p, "/retry_tests") == 0 || str_starts(p, "/retry_test/"));
}

/* The plain endpoint's own root is for people; who has a project or signs is a
 * client of the service. */
static bool
route_storage_client(const struct req *rq)
{

	return (req_header(rq, "x-goog-project-id") != NULL ||
	    req_header(rq, "Authorization") != NULL ||
	    req_header(rq, "x-amz-date") != NULL ||
	    req_query(rq, "X-Amz-Signature") != NULL ||
	    req_query(rq, "X-Goog-Signature") != NULL);
}

static unsigned
route_apis(const struct req *rq)
{
	const char *p = rq->raw_path;

	switch (route_host(rq->host)) {
	case HOST_LOCAL:
		if (rq->via != VIA_HTTP)
			return (0);
		/* Where GCE_METADATA_HOST leads, somebody sees who we are. */
		if (strcmp(p, "/") == 0 &&
		    req_header(rq, "Metadata-Flavor") != NULL)
			return (BIT(API_METADATA));
		/* A form with the bucket in it, or a list of all buckets. */
		if (strcmp(p, "/") == 0 && (strcmp(rq->method, "POST") == 0 ||
		    route_storage_client(rq)))
			return (BIT(API_XML));
		if (str_starts(p, "/_emulator/") ||
		    str_starts(p, "/_internal/") || strcmp(p, "/") == 0 ||
		    route_retry_path(p))
			return (BIT(API_CONTROL));
		if (route_storage_path(p) || route_bare_path(p))
			return (BIT(API_STORAGE));
		if (str_starts(p, "/computeMetadata"))
			return (BIT(API_METADATA));
		return (BIT(API_OAUTH) | BIT(API_IAM) | BIT(API_CRM) |
		    BIT(API_XML));
	case HOST_STORAGE:
		return (route_storage_path(p) ? BIT(API_STORAGE) :
		    BIT(API_XML));
	case HOST_LOCAL_BUCKET:
		return (rq->via == VIA_HTTP ? BIT(API_XML) : 0);
	case HOST_BUCKET:
		return (BIT(API_XML));
	case HOST_WWW:
		return (route_storage_path(p) ? BIT(API_STORAGE) :
		    BIT(API_OAUTH));
	case HOST_OAUTH:
		return (BIT(API_OAUTH));
	case HOST_IAM:
		return (BIT(API_IAM));
	case HOST_CRM:
		return (BIT(API_CRM));
	case HOST_METADATA:
		return (rq->tls ? 0 : BIT(API_METADATA));
	case HOST_FOREIGN:
		break;
	}
	return (0);
}

/* ---- templates ---- */

bool
route_match(const char *t, const char *p, struct route_cap cap[4], size_t *n)
{

	for (*n = 0; *t != '\0'; ) {
		size_t name, lit, seg;
		bool rest;

		if (*t != '{') {
			if (*t++ != *p++)
				return (false);
			continue;
		}
		BUG_ON(*n == 4);
		name = strcspn(++t, "}");
		rest = name > 3 && memcmp(t + name - 3, "...", 3) == 0;
		cap[*n].name = t;
		cap[*n].namelen = rest ? name - 3 : name;
		t += name + 1;
		lit = strcspn(t, "/");	/* as in {project}:getIamPolicy */
		seg = rest ? strlen(p) : strcspn(p, "/");
		if (seg <= lit || memcmp(p + seg - lit, t, lit) != 0)
			return (false);
		cap[*n].p = p;
		cap[(*n)++].len = seg - lit;
		t += lit;
		p += seg;
	}
	return (*p == '\0');
}

/* NULL, "key" (present) or "key=value"; several are joined by '&'. */
static bool
route_query(const struct req *rq, const char *want)
{
	char word[64];

	while (want != NULL && *want != '\0') {
		size_t n = strcspn(want, "&");
		const char *v;
		char *eq;

		BUG_ON(n >= sizeof(word));
		memcpy(word, want, n);
		word[n] = '\0';
		want += n + (want[n] == '&');
		if ((eq = strchr(word, '=')) != NULL)
			*eq++ = '\0';
		v = req_query(rq, word);
		if (v == NULL || (eq != NULL && strcmp(v, eq) != 0))
			return (false);
	}
	return (true);
}

/* BUCKET.storage.googleapis.com/OBJECT means /BUCKET/OBJECT. */
static const char *
route_path(struct req *rq)
{
	size_t n = route_host_bucket(rq->host);

	if (n == 0 && route_local(rq->host) && route_bare_path(rq->raw_path))
		return (arena_printf(&rq->arena, "/storage/v1%s",
		    rq->raw_path));
	if (n == 0)
		return (rq->raw_path);
	return (arena_printf(&rq->arena, "/%.*s%s", (int)n, rq->host,
	    strcmp(rq->raw_path, "/") == 0 ? "" : rq->raw_path));
}

/* A capture in which U+0000 may be: an object's name, or a folder's. */
static bool
route_is_name(const struct route_cap *c)
{
	static const char *const names[] = { "object", "folder", "to", "as" };

	for (size_t i = 0; i < NELEMS(names); i++)
		if (strncmp(names[i], c->name, c->namelen) == 0 &&
		    names[i][c->namelen] == '\0')
			return (true);
	return (false);
}

static void
route_take(struct req *rq, const struct route *r, const struct route_cap *c,
    size_t n)
{

	rq->route = r;
	for (size_t i = 0; i < n; i++) {
		char *s = arena_strndup(&rq->arena, c[i].p, c[i].len);
		size_t len;
		bool ok;

		nul_url(s);
		ok = str_pct_decode(s, &len, false);
		BUG_ON(!ok);			/* req_target() */
		rq->cap[i] = s;
		if (nul_has(s) && !route_is_name(&c[i]))
			rq->cap_nul = true;
		if (c[i].namelen == 6 && memcmp(c[i].name, "bucket", 6) == 0)
			rq->bucket = s;
		if (c[i].namelen == 6 && memcmp(c[i].name, "object", 6) == 0)
			rq->object = s;
	}
}

/* ---- the tables, made ready ----
 *
 * All rows in order of precedence, with what refuses most of them at once:
 * looking at each row's text took as long as all else that is done with a
 * request's head. */
struct route_row {
	const struct route *r;
	const char *path, *query;	/* its */
	unsigned api, methods;		/* bits of route_method_bit() */
	size_t	literal;		/* of its path, before the first {x} */
};

static struct route_row *route_rows;
static size_t route_nrows;
static pthread_once_t route_once = PTHREAD_ONCE_INIT;

/* 0: a method that no row has. */
static unsigned
route_method_bit(const char *m, size_t n)
{
	static const char *const known[] = { "GET", "PUT", "POST", "HEAD",
	    "PATCH", "DELETE", "OPTIONS" };

	for (size_t i = 0; i < NELEMS(known); i++)
		if (strncmp(known[i], m, n) == 0 && known[i][n] == '\0')
			return (1u << i);
	return (0);
}

static void
route_add_rows(const struct route *table)
{
	struct route_row *row;

	for (const struct route *r = table; r->id != NULL; r++) {
		row = &route_rows[route_nrows++];
		*row = (struct route_row){ .r = r, .path = r->path,
		    .query = r->query, .api = BIT(r->api),
		    .literal = strcspn(r->path, "{") };
		for (const char *m = r->method; *m != '\0'; ) {
			size_t n = strcspn(m, "|");
			unsigned bit = route_method_bit(m, n);

			BUG_ON(bit == 0);
			row->methods |= bit;
			m += n + (m[n] == '|');
		}
	}
}

static void
route_prepare(void)
{
	size_t n = 0;

	for (const struct route *r = routes; r->id != NULL; r++)
		n++;
	for (const struct route *r = routes_unserved; r->id != NULL; r++)
		n++;
	route_rows = mem_alloc(n * sizeof(*route_rows));
	/* What is not served must not be mistaken for something that is: a
	 * part of an XML multipart upload looks like a PUT of the object. */
	route_add_rows(routes_unserved);
	route_add_rows(routes);
}

static bool
route_find_path(struct req *rq, unsigned apis, const char *path)
{
	unsigned method = route_method_bit(rq->method, strlen(rq->method));
	struct route_cap cap[4];
	size_t n;

	for (size_t i = 0; i < route_nrows; i++) {
		const struct route_row *row = &route_rows[i];

		if ((row->methods & method) != 0 && (apis & row->api) != 0 &&
		    (row->query == NULL || rq->nquery > 0) &&
		    strncmp(path, row->path, row->literal) == 0 &&
		    route_match(row->path, path, cap, &n) &&
		    route_query(rq, row->query)) {
			route_take(rq, row->r, cap, n);
			return (true);
		}
	}
	return (false);
}

int
route_find(struct req *rq)
{
	unsigned apis = route_apis(rq);
	const char *path = route_path(rq);
	size_t n = strlen(path);

	BUG_ON(pthread_once(&route_once, route_prepare) != 0);
	if (route_find_path(rq, apis, path))
		return (0);
	/* Some clients end a collection's path in '/'. */
	if ((apis & BIT(API_STORAGE)) != 0 && n > 1 && path[n - 1] == '/' &&
	    route_find_path(rq, BIT(API_STORAGE), arena_strndup(&rq->arena,
	    path, n - 1)))
		return (0);
	for (enum route_api a = API_STORAGE; a <= API_CONTROL; a++)
		if ((apis & BIT(a)) != 0) {
			rq->route = route_none(a);
			break;
		}
	/* On the plain endpoint what is nothing else is a bucket's path. */
	if ((apis & BIT(API_XML)) != 0)
		rq->route = route_none(API_XML);
	return (-1);
}

/* "GET, PUT" with those of "PUT|POST" that it has not: "GET, PUT, POST". */
static const char *
route_allow_add(struct arena *a, const char *all, const char *methods)
{

	while (*methods != '\0') {
		size_t n = strcspn(methods, "|");
		const char *m = arena_strndup(a, methods, n);

		if (all == NULL)
			all = m;
		else if (strstr(all, m) == NULL)
			all = arena_printf(a, "%s, %s", all, m);
		methods += n + (methods[n] == '|');
	}
	return (all);
}

const char *
route_allow(struct req *rq)
{
	unsigned apis = route_apis(rq);
	const char *path = route_path(rq), *all = NULL;
	struct route_cap cap[4];
	size_t n;

	for (const struct route *r = routes; r->id != NULL; r++)
		if ((apis & BIT(r->api)) != 0 &&
		    route_match(r->path, path, cap, &n))
			all = route_allow_add(&rq->arena, all, r->method);
	return (all);
}

const struct route *
route_none(enum route_api api)
{
#define NONE(a) [(a)] = { .id = "emulator.unknown", .api = (a),		\
	.method = "", .path = "" }
	static const struct route none[] = {
		NONE(API_STORAGE), NONE(API_XML), NONE(API_OAUTH),
		NONE(API_IAM), NONE(API_CRM), NONE(API_METADATA),
		NONE(API_CONTROL),
	};

	return (&none[api]);
}
