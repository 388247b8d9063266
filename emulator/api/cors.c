#include "emulator/api/cors.h"

#include <string.h>
#include <strings.h>

#include "emulator/http/route.h"
#include "emulator/store/store.h"

#define METHODS	"GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS"
#define EXPOSED	"Location, Range, ETag, X-Goog-Hash, X-Goog-Generation"
#define COMMON	"Authorization, Content-Type, Content-Range, Range, " \
		"X-Goog-Api-Client, X-Goog-Resumable, X-Upload-Content-Type"

bool
cors_is_preflight(const struct req *rq)
{

	return (strcmp(rq->method, "OPTIONS") == 0 &&
	    req_header(rq, "Origin") != NULL &&
	    req_header(rq, "Access-Control-Request-Method") != NULL);
}

/* The strings of an array, with ", " between. */
static const char *
cors_join(struct req *rq, const json_t *a)
{
	size_t n = json_array_size(a);
	const char *s;
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i > 0 ? ", " : "");
		buf_adds(&b, json_string_value(json_array_get(a, i)));
	}
	s = arena_strdup(&rq->arena, b.p);
	buf_release(&b);
	return (s);
}

/* "*", or the very origin; one star may stand in it. */
static bool
cors_origin_fits(const char *pattern, const char *origin)
{
	const char *star = strchr(pattern, '*');
	size_t head, tail, n = strlen(origin);

	if (star == NULL)
		return (strcmp(pattern, origin) == 0);
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	return (n >= head + tail && strncmp(pattern, origin, head) == 0 &&
	    strcmp(origin + n - tail, star + 1) == 0);
}

/* The entry of the list that fits, or NULL. */
static const char *
cors_find(const json_t *list, const char *s, bool origin)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++) {
		const char *v = json_string_value(json_array_get(list, i));

		if (v != NULL && (origin ? cors_origin_fits(v, s) :
		    strcmp(v, "*") == 0 || strcasecmp(v, s) == 0))
			return (v);
	}
	return (NULL);
}

/* What a page is allowed, or nothing. */
struct cors {
	const json_t *entry;		/* NULL: nothing */
	const char *origin;		/* as it is answered */
	bool	json;			/* any method, any header */
};

/* The first entry of the bucket's configuration that fits; kept with the
 * request.  The service lets every page ask its JSON API whatever a bucket
 * says; here a bucket must name the page's origin at least, since who sits at
 * this machine did not mean to let in all pages that he looks at. */
static struct cors
cors_entry(struct req *rq, const char *origin, const char *method)
{
	struct cors c = { .json = rq->route->api == API_STORAGE };
	json_t *attrs, *all, *one;
	struct bucket b;
	const char *o;
	size_t i;

	if (rq->bucket == NULL || (rq->route->api != API_XML && !c.json) ||
	    store_bucket_get(rq->emu->store, (struct store_at){ STORE_NOW },
	    rq->bucket, &rq->arena, &b) != STORE_OK ||
	    (attrs = json_loads(b.attrs, 0, NULL)) == NULL)
		return (c);
	if (rq->keep == NULL)
		rq->keep = json_array();
	(void)json_array_append_new(rq->keep, attrs);
	all = json_object_get(attrs, "cors");
	json_array_foreach(all, i, one)
		if ((o = cors_find(json_object_get(one, "origin"), origin,
		    true)) != NULL && (c.json || cors_find(
		    json_object_get(one, "method"), method, false) != NULL)) {
			c.entry = one;
			c.origin = strcmp(o, "*") == 0 ? o : origin;
			break;
		}
	return (c);
}

/* A page of this machine's, whatever its port. */
static bool
cors_is_local(struct req *rq, const char *origin)
{
	const char *host = strstr(origin, "://");
	char *name;

	if (host == NULL)
		return (false);
	name = arena_strdup(&rq->arena, host + 3);
	name[*name == '[' ? strcspn(name, "]") + (strchr(name, ']') != NULL) :
	    strcspn(name, ":")] = '\0';
	return (route_host(name) == HOST_LOCAL);
}

int
cors_check_page(struct req *rq)
{
	const char *site, *origin;

	if (rq->via != VIA_HTTP || rq->emu->auth_http ||
	    rq->emu->cors_headers != NULL ||
	    strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0 ||
	    (site = req_header(rq, "Sec-Fetch-Site")) == NULL ||
	    strcmp(site, "cross-site") != 0)
		return (0);
	origin = req_header(rq, "Origin");
	if (origin != NULL && (cors_is_local(rq, origin) ||
	    cors_entry(rq, origin, rq->method).entry != NULL))
		return (0);
	req_fail(rq, 403, "forbidden", "A page of %s may not do this; a "
	    "bucket's CORS configuration or --cors-headers lets it.",
	    origin != NULL ? origin : "another site");
	return (-1);
}

static void
cors_add_origin(struct req *rq, const struct cors *c)
{

	req_header_add(rq, "Access-Control-Allow-Origin", c->origin);
	if (strcmp(c->origin, "*") != 0)
		req_header_add(rq, "Vary", "Origin");
}

void
cors_apply(struct req *rq)
{
	const char *origin = req_header(rq, "Origin");
	struct cors c;

	if (origin == NULL)
		return;
	if (rq->emu->cors_headers != NULL) {
		req_header_add(rq, "Access-Control-Allow-Origin", "*");
		req_header_add(rq, "Access-Control-Expose-Headers",
		    *rq->emu->cors_headers != '\0' ? arena_printf(&rq->arena,
		    EXPOSED ", %s", rq->emu->cors_headers) : EXPOSED);
		return;
	}
	c = cors_entry(rq, origin, rq->method);
	if (c.entry == NULL)
		return;
	cors_add_origin(rq, &c);
	if (c.json)
		req_header_add(rq, "Access-Control-Expose-Headers", EXPOSED);
	else if (json_array_size(json_object_get(c.entry,
	    "responseHeader")) > 0)
		req_header_add(rq, "Access-Control-Expose-Headers",
		    cors_join(rq, json_object_get(c.entry,
		    "responseHeader")));
}

/* Are all headers that the page wants to send among those listed? */
static bool
cors_headers_fit(struct req *rq, const json_t *list)
{
	const char *want = req_header(rq, "Access-Control-Request-Headers");
	char *rest, *one;

	if (want == NULL)
		return (true);
	rest = arena_strdup(&rq->arena, want);
	while ((one = strsep(&rest, ", ")) != NULL)
		if (*one != '\0' && cors_find(list, one, false) == NULL)
			return (false);
	return (true);
}

void
cors_preflight(struct req *rq)
{
	const char *origin = req_header(rq, "Origin");
	const char *method = req_header(rq, "Access-Control-Request-Method");
	const char *want = req_header(rq, "Access-Control-Request-Headers");
	const char *more = rq->emu->cors_headers;
	const json_t *list;
	struct cors c;

	req_reply_empty(rq, 200);
	if (more != NULL) {
		req_header_add(rq, "Access-Control-Allow-Origin", "*");
		req_header_add(rq, "Access-Control-Allow-Methods", METHODS);
		req_header_add(rq, "Access-Control-Allow-Headers",
		    *more != '\0' ? arena_printf(&rq->arena, COMMON ", %s",
		    more) : COMMON);
		req_header_add(rq, "Access-Control-Max-Age", "3600");
		return;
	}
	/* The route that will be asked for tells bucket and API. */
	rq->method = method;
	c = (struct cors){ .entry = NULL };
	if (route_find(rq) == 0)
		c = cors_entry(rq, origin, method);
	rq->method = "OPTIONS";
	list = json_object_get(c.entry, "responseHeader");
	if (c.entry == NULL || (!c.json && !cors_headers_fit(rq, list)))
		return;
	cors_add_origin(rq, &c);
	req_header_add(rq, "Access-Control-Allow-Methods", c.json ? METHODS :
	    cors_join(rq, json_object_get(c.entry, "method")));
	if (c.json && want != NULL)
		req_header_add(rq, "Access-Control-Allow-Headers", want);
	else if (!c.json && json_array_size(list) > 0)
		req_header_add(rq, "Access-Control-Allow-Headers",
		    cors_join(rq, list));
	req_header_add(rq, "Access-Control-Max-Age",
	    arena_printf(&rq->arena, "%lld", (long long)json_integer_value(
	    json_object_get(c.entry, "maxAgeSeconds"))));
}
