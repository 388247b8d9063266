#include "emulator/api/cors.h"

#include <string.h>
#include <strings.h>

#include "emulator/http/route.h"
#include "emulator/store/store.h"

#define METHODS	"GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS"
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
	const char *s = "";
	size_t n = json_array_size(a);

	for (size_t i = 0; i < n; i++)
		s = arena_printf(&rq->arena, "%s%s%s", s, i > 0 ? ", " : "",
		    json_string_value(json_array_get(a, i)));
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

static bool
cors_has(const json_t *list, const char *s, bool origin)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++) {
		const char *v = json_string_value(json_array_get(list, i));

		if (v != NULL && (origin ? cors_origin_fits(v, s) :
		    strcmp(v, "*") == 0 || strcasecmp(v, s) == 0))
			return (true);
	}
	return (false);
}

/* The first entry of the bucket's configuration that fits; kept with the
 * request.  NULL: none does. */
static const json_t *
cors_entry(struct req *rq, const char *origin, const char *method)
{
	struct bucket b;
	json_t *attrs, *all, *one;
	size_t i;

	if (rq->bucket == NULL || rq->route->api != API_XML ||
	    store_bucket_get(rq->emu->store, (struct store_at){ STORE_NOW },
	    rq->bucket, &rq->arena, &b) != STORE_OK)
		return (NULL);
	if ((attrs = json_loads(b.attrs, 0, NULL)) == NULL)
		return (NULL);
	if (rq->keep == NULL)
		rq->keep = json_array();
	(void)json_array_append_new(rq->keep, attrs);
	all = json_object_get(attrs, "cors");
	json_array_foreach(all, i, one)
		if (cors_has(json_object_get(one, "origin"), origin, true) &&
		    cors_has(json_object_get(one, "method"), method, false))
			return (one);
	return (NULL);
}

void
cors_apply(struct req *rq)
{
	const char *origin = req_header(rq, "Origin");
	const json_t *c;

	if (origin == NULL)
		return;
	if (rq->emu->cors_headers != NULL) {
		req_header_add(rq, "Access-Control-Allow-Origin", "*");
		req_header_add(rq, "Access-Control-Expose-Headers",
		    *rq->emu->cors_headers != '\0' ? arena_printf(&rq->arena,
		    "Location, Range, ETag, X-Goog-Hash, %s",
		    rq->emu->cors_headers) :
		    "Location, Range, ETag, X-Goog-Hash");
		return;
	}
	if ((c = cors_entry(rq, origin, rq->method)) == NULL)
		return;
	req_header_add(rq, "Access-Control-Allow-Origin", origin);
	req_header_add(rq, "Vary", "Origin");
	if (json_array_size(json_object_get(c, "responseHeader")) > 0)
		req_header_add(rq, "Access-Control-Expose-Headers",
		    cors_join(rq, json_object_get(c, "responseHeader")));
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
		if (*one != '\0' && !cors_has(list, one, false))
			return (false);
	return (true);
}

void
cors_preflight(struct req *rq)
{
	const char *origin = req_header(rq, "Origin");
	const char *method = req_header(rq, "Access-Control-Request-Method");
	const char *more = rq->emu->cors_headers;
	const json_t *c;

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
	if (route_find(rq) != 0 || (c = cors_entry(rq, origin, method)) ==
	    NULL || !cors_headers_fit(rq, json_object_get(c,
	    "responseHeader"))) {
		rq->method = "OPTIONS";
		return;
	}
	rq->method = "OPTIONS";
	req_header_add(rq, "Access-Control-Allow-Origin", origin);
	req_header_add(rq, "Vary", "Origin");
	req_header_add(rq, "Access-Control-Allow-Methods",
	    cors_join(rq, json_object_get(c, "method")));
	if (json_array_size(json_object_get(c, "responseHeader")) > 0)
		req_header_add(rq, "Access-Control-Allow-Headers",
		    cors_join(rq, json_object_get(c, "responseHeader")));
	req_header_add(rq, "Access-Control-Max-Age",
	    arena_printf(&rq->arena, "%lld", (long long)json_integer_value(
	    json_object_get(c, "maxAgeSeconds"))));
}
