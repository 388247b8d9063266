#include "emulator/http/req.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/head.h"
#include "emulator/http/limits.h"
#include "emulator/http/route.h"
#include "lib/nul.h"
#include "lib/str.h"

void
req_init(struct req *rq, struct emu *emu)
{

	*rq = (struct req){ .emu = emu, .as_of = STORE_NOW, .cut = -1 };
	buf_init(&rq->body, REQ_BODY_MAX);
	rq->route = route_none(API_STORAGE);
	rq->method = rq->raw_path = rq->host = rq->host_port = "";
}

/* Before anybody has said who he is, 2048 connections could have 10 MiB each
 * kept for them. */
static atomic_llong req_held;

static int64_t
req_counted(const struct req *rq)
{

	return (rq->gathered > LIMIT_GATHER_FREE ?
	    rq->gathered - LIMIT_GATHER_FREE : 0);
}

int
req_gather(struct req *rq, size_t n)
{
	int64_t was = req_counted(rq), more;

	rq->gathered += (int64_t)n;
	more = req_counted(rq) - was;
	if (more == 0 ||
	    atomic_fetch_add(&req_held, more) + more <= LIMIT_GATHER)
		return (0);
	req_fail(rq, 503, "backendError", "Too many large bodies at once; "
	    "gcs-emulator keeps %lld MiB of them in memory.",
	    LIMIT_GATHER >> 20);
	return (-1);
}

void
req_body_too_large(struct req *rq)
{

	req_fail(rq, 413, "uploadTooLarge",
	    "The request's body is too large.");
}

void
req_body_add(struct req *rq, const void *p, size_t n)
{

	if (req_gather(rq, n) != 0) {
		buf_release(&rq->body);
		return;
	}
	buf_add(&rq->body, p, n);
	if (!buf_ok(&rq->body))
		req_body_too_large(rq);
}

/* A listing can have 16 MiB, and 2048 clients may ask for one that they do not
 * read: 150 were enough for 2.6 GB. */
static atomic_llong req_unread;

void
req_hold(struct req *rq)
{
	int64_t n = rq->reply_len;

	if (rq->reader != NULL || rq->stream != NULL || n <= LIMIT_GATHER_FREE)
		return;
	if (atomic_fetch_add(&req_unread, n) + n <= LIMIT_ANSWERS) {
		rq->held = n;
		return;
	}
	(void)atomic_fetch_sub(&req_unread, n);
	req_fail(rq, 503, "backendError", "Too many large answers wait to be "
	    "read; gcs-emulator keeps %lld MiB of them in memory.",
	    LIMIT_ANSWERS >> 20);
}

void
req_release(struct req *rq)
{

	if (rq->held > 0)
		(void)atomic_fetch_sub(&req_unread, rq->held);
	if (req_counted(rq) > 0)
		(void)atomic_fetch_sub(&req_held, req_counted(rq));
	if (rq->reader != NULL)
		store_read_close(rq->reader);
	if (rq->stream != NULL)
		rq->stream->done(rq->stream->cls);
	buf_release(&rq->body);
	json_decref(rq->keep);
	free(rq->reply_heap);
	arena_release(&rq->arena);
}

/* ---- what came in ---- */

/* What holds a name, or a part of one. */
static bool
req_is_name(const char *k)
{
	static const char *const names[] = { "name", "prefix", "delimiter",
		"startOffset", "endOffset", "matchGlob", "marker",
		"start-after", "key-marker", "object" };

	return (str_among(k, names, NELEMS(names)));
}

/* What is not would come back in listings, which then are no XML. */
static bool
req_utf8(const char *s)
{
	const char *p = s;
	json_t *j;

	while (*p != '\0' && (unsigned char)*p < 0x80)
		p++;
	if (*p == '\0')
		return (true);
	j = json_string(s);			/* which checks that */
	json_decref(j);
	return (j != NULL);
}

static bool
req_query_decode(char *s, bool name)
{
	size_t n;

	if (!name && strstr(s, "%00") != NULL)
		return (false);
	nul_url(s);
	return (str_pct_decode(s, &n, true) && req_utf8(s));
}

/* "a=1&b" into rq->query; -1 where an escape is malformed, or is a NUL in what
 * is no name. */
static int
req_query_split(struct req *rq, char *s)
{
	size_t n = 1;

	for (const char *p = s; *p != '\0'; p++)
		n += *p == '&';
	rq->query = arena_alloc(&rq->arena, n * sizeof(*rq->query));
	while (s != NULL) {
		char *k = strsep(&s, "&");
		char *v = strchr(k, '=');

		if (*k == '\0')
			continue;
		if (v != NULL)
			*v++ = '\0';
		if (!req_query_decode(k, false) ||
		    (v != NULL && !req_query_decode(v, req_is_name(k))))
			return (-1);
		rq->query[rq->nquery].k = k;
		rq->query[rq->nquery++].v = v != NULL ? v : "";
	}
	return (0);
}

int
req_target(struct req *rq, const char *target)
{
	size_t n = strcspn(target, "?"), len;

	rq->raw_path = arena_strndup(&rq->arena, target, n);
	if (rq->raw_path[0] != '/') {
		req_fail(rq, 400, "badRequest", "The request's target must "
		    "begin with '/'; this is no proxy for plain HTTP.");
		return (-1);
	}
	/* Checked once here, so that decoding a capture cannot fail. */
	if (!str_pct_decode(arena_strdup(&rq->arena, rq->raw_path), &len,
	    false)) {
		req_fail(rq, 400, "badRequest",
		    "The path holds a malformed percent escape.");
		return (-1);
	}
	if (target[n] == '?' &&
	    req_query_split(rq, arena_strdup(&rq->arena, target + n + 1))) {
		req_fail(rq, 400, "badRequest", "The query holds a malformed "
		    "percent escape, what is not UTF-8, or a NUL in what is "
		    "no name.");
		return (-1);
	}
	return (0);
}

void
req_set_host(struct req *rq, const char *host_port)
{
	const char *colon;
	char *h;
	size_t n;

	if (host_port == NULL)
		host_port = "";
	rq->host_port = h = arena_strdup(&rq->arena, host_port);
	for (; *h != '\0'; h++)
		*h = (char)tolower((unsigned char)*h);
	colon = strrchr(rq->host_port, ':');
	n = strlen(rq->host_port);
	/* The last colon of [::1] is none of a port. */
	if (colon != NULL && strchr(colon, ']') == NULL)
		n = (size_t)(colon - rq->host_port);
	h = arena_strndup(&rq->arena, rq->host_port, n);
	if (n > 0 && h[n - 1] == '.')		/* a rooted name */
		h[n - 1] = '\0';
	rq->host = h;
}

const char *
req_query(const struct req *rq, const char *k)
{

	for (size_t i = 0; i < rq->nquery; i++)
		if (strcmp(rq->query[i].k, k) == 0)
			return (rq->query[i].v);
	return (NULL);
}

bool
req_query_bool(const struct req *rq, const char *k, bool dflt)
{
	const char *v = req_query(rq, k);

	if (v == NULL || *v == '\0')
		return (dflt);
	return (strcasecmp(v, "true") == 0 || strcmp(v, "1") == 0);
}

const char *
req_header(const struct req *rq, const char *k)
{

	return (rq->head != NULL ? head_get(rq->head, k) : NULL);
}

int
req_query_int(struct req *rq, const char *k, bool *has, int64_t *v)
{
	const char *s = req_query(rq, k);

	*has = s != NULL && *s != '\0';
	if (!*has || str_int64(s, v))
		return (0);
	req_fail_param(rq, k, "invalidParameter",
	    "Invalid value for parameter %s: '%s' is not a whole number.",
	    k, s);
	return (-1);
}

/* The XML API carries preconditions in headers. */
static int
req_header_int(struct req *rq, const char *k, bool *has, int64_t *v)
{
	const char *s = req_header(rq, k);

	if (s == NULL)
		return (0);
	*has = true;
	if (str_int64(s, v))
		return (0);
	req_fail(rq, 400, "invalidArgument",
	    "Invalid value for header %s: '%s' is not a whole number.", k, s);
	return (-1);
}

static int
req_generation(struct req *rq, const char *k, int64_t *v)
{
	bool has;

	if (req_query_int(rq, k, &has, v))
		return (-1);
	if (has && *v < 1) {
		req_fail_param(rq, k, "invalidParameter", "Invalid value for "
		    "parameter %s: a generation is a positive number.", k);
		return (-1);
	}
	return (0);
}

int
req_cond(struct req *rq, struct store_cond *c)
{

	*c = (struct store_cond){ 0 };
	if (req_query_int(rq, "ifGenerationMatch", &c->has_gen_match,
	    &c->gen_match) ||
	    req_query_int(rq, "ifGenerationNotMatch", &c->has_gen_not,
	    &c->gen_not) ||
	    req_query_int(rq, "ifMetagenerationMatch", &c->has_meta_match,
	    &c->meta_match) ||
	    req_query_int(rq, "ifMetagenerationNotMatch", &c->has_meta_not,
	    &c->meta_not) ||
	    req_generation(rq, "generation", &c->generation))
		return (-1);
	if (rq->route->api != API_XML)
		return (0);
	/* Amazon's name for it. */
	if (c->generation == 0 &&
	    req_generation(rq, "versionId", &c->generation))
		return (-1);
	return (req_header_int(rq, "x-goog-if-generation-match",
	    &c->has_gen_match, &c->gen_match) ||
	    req_header_int(rq, "x-goog-if-metageneration-match",
	    &c->has_meta_match, &c->meta_match) ? -1 : 0);
}

int
req_cond_source(struct req *rq, struct store_cond *c)
{

	*c = (struct store_cond){ 0 };
	return (req_query_int(rq, "ifSourceGenerationMatch",
	    &c->has_gen_match, &c->gen_match) ||
	    req_query_int(rq, "ifSourceGenerationNotMatch",
	    &c->has_gen_not, &c->gen_not) ||
	    req_query_int(rq, "ifSourceMetagenerationMatch",
	    &c->has_meta_match, &c->meta_match) ||
	    req_query_int(rq, "ifSourceMetagenerationNotMatch",
	    &c->has_meta_not, &c->meta_not) ||
	    req_generation(rq, "sourceGeneration", &c->generation) ? -1 : 0);
}

json_t *
req_keep(struct req *rq, json_t *j)
{

	if (rq->keep == NULL)
		rq->keep = json_array();
	(void)json_array_append_new(rq->keep, j);
	return (j);
}

/* More values than anybody means?  What stands in texts counts too. */
static bool
req_json_bomb(const char *p, size_t n)
{
	size_t values = 0;

	if (n <= LIMIT_VALUES)
		return (false);
	for (size_t i = 0; i < n; i++)
		values += p[i] == ',' || p[i] == '[' || p[i] == '{';
	return (values > LIMIT_VALUES);
}

int
req_json_text(struct req *rq, const char *p, size_t n, json_t **out)
{
	json_error_t je = { .line = 0 };
	size_t blank = 0;

	if (req_json_bomb(p, n)) {
		*out = NULL;
		req_fail(rq, 413, "uploadTooLarge",
		    "The request's body holds too many values.");
		return (-1);
	}
	while (blank < n && p[blank] != '\0' &&
	    strchr(" \t\r\n", p[blank]) != NULL)
		blank++;
	/* Go's client sends null where its caller gave no object. */
	*out = blank == n ? json_object() : nul_json(p, n,
	    rq->route->api == API_STORAGE || rq->route->api == API_CONTROL,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (json_is_null(*out))
		*out = json_object();
	if (!json_is_object(*out)) {
		if (*out != NULL)
			req_fail(rq, 400, "parseError",
			    "Parse Error: the body is not a JSON object.");
		else if (je.line < 1)		/* of nul_json(), not a place */
			req_fail(rq, 400, "parseError", "Parse Error: %s.",
			    je.text);
		else
			req_fail(rq, 400, "parseError",
			    "Parse Error: line %d column %d: %s.",
			    je.line, je.column, je.text);
		json_decref(*out);
		*out = NULL;
		return (-1);
	}
	(void)req_keep(rq, *out);
	return (0);
}

int
req_json(struct req *rq, json_t **out)
{

	return (req_json_text(rq, rq->body.p, rq->body.len, out));
}

const char *
req_base_url(struct req *rq)
{

	if (rq->via != VIA_HTTP)
		return (arena_printf(&rq->arena, "%s://%s", rq->via ==
		    VIA_PROXY || rq->tls ? "https" : "http", rq->host));
	if (rq->host_port[0] == '\0')
		return (arena_printf(&rq->arena, "http://127.0.0.1:%d",
		    rq->emu->http_port));
	return (arena_printf(&rq->arena, "%s://%s", rq->tls ? "https" :
	    "http", rq->host_port));
}
