#include "emulator/api/lists.h"

#include <string.h>

#include "emulator/api/contexts.h"
#include "emulator/api/folders.h"
#include "emulator/api/resource.h"
#include "emulator/api/restore.h"
#include "lib/str.h"

#define LISTS_MAX	1000
/* A page ends early behind the object that reaches this.  Usual ones have a
 * megabyte; long names, metadata and lists could make half a gigabyte. */
#define LISTS_BYTES	(16u << 20)

int
lists_max(struct req *rq, const char *param, int *max)
{
	int64_t v;
	bool has;

	*max = LISTS_MAX;
	if (req_query_int(rq, param, &has, &v))
		return (-1);
	if (!has)
		return (0);
	if (v < 0) {
		req_fail_param(rq, param, "invalidParameter", "Invalid value "
		    "for parameter %s: it must not be negative.", param);
		return (-1);
	}
	if (v > 0 && v < LISTS_MAX)
		*max = (int)v;
	return (0);
}

const char *
lists_page(struct req *rq, const char *param)
{
	const char *token = req_query(rq, param), *raw = NULL;
	struct buf b;

	if (token == NULL || *token == '\0')
		return ("");
	buf_init(&b, 8u << 10);
	if (str_b64_decode(&b, token, strlen(token), true) && buf_ok(&b) &&
	    b.len > 0 && strlen(b.p) == b.len)
		raw = arena_strdup(&rq->arena, b.p);
	else
		req_fail_rc(rq, STORE_BAD_TOKEN);
	buf_release(&b);
	return (raw);
}

const char *
lists_page_token(struct req *rq, const char *next)
{
	const char *s;
	struct buf b;

	buf_init(&b, 16u << 10);
	str_b64_encode(&b, next, strlen(next), true);
	s = arena_strdup(&rq->arena, b.p);
	buf_release(&b);
	return (s);
}

const char *
lists_text(const struct req *rq, const char *k)
{
	const char *v = req_query(rq, k);

	return (v != NULL ? v : "");
}

const char *
lists_after(struct req *rq, const struct store_list *q,
    const struct object *o)
{

	if (q->versions || q->soft)
		return (store_list_after(&rq->arena, o->name, o->generation));
	return (arena_printf(&rq->arena, "o%s", o->name));
}

int
lists_read(struct req *rq, struct store_list *q, const char *max_param,
    const char *page_param, struct store_listing *l)
{
	struct store_at at = { rq->as_of };
	enum store_rc rc;

	if (lists_max(rq, max_param, &q->max) ||
	    (q->after = lists_page(rq, page_param)) == NULL)
		return (-1);
	rc = store_object_list(rq->emu->store, at, rq->bucket, q, &rq->arena,
	    l);
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

static void
lists_prefixes(struct jtext *w, const struct store_listing *l)
{

	jtext_key(w, "prefixes", 8);
	jtext_open(w, '[');
	for (size_t i = 0; i < l->nprefixes; i++) {
		jtext_item(w);
		jtext_str(w, l->prefixes[i], strlen(l->prefixes[i]));
	}
	jtext_close(w, ']');
}

/* The page ends behind its first n objects: prefixes up to there stay. */
static void
lists_cut(struct req *rq, const struct store_list *q, struct store_listing *l,
    size_t n)
{
	const struct object *last = &l->objects[n - 1];

	l->nobjects = n;
	while (l->nprefixes > 0 &&
	    strcmp(l->prefixes[l->nprefixes - 1], last->name) > 0)
		l->nprefixes--;
	l->next = lists_after(rq, q, last);
}

/* How many of them it were until the page was long enough. */
static size_t
lists_items(struct req *rq, struct jtext *w, const struct store_listing *l)
{
	size_t i;

	jtext_key(w, "items", 5);
	jtext_open(w, '[');
	for (i = 0; i < l->nobjects &&
	    (i == 0 || w->b.len <= LISTS_BYTES); i++) {
		jtext_item(w);
		resource_object(rq, w, &l->objects[i]);
	}
	jtext_close(w, ']');
	return (i);
}

/* The page as JSON; how many objects are in it. */
static size_t
lists_write(struct req *rq, struct jtext *w, const struct store_listing *l)
{
	size_t n = 0;

	jtext_open(w, '{');
	jtext_set(w, "kind", "storage#objects");
	if (l->nprefixes > 0)
		lists_prefixes(w, l);
	if (l->nobjects > 0)
		n = lists_items(rq, w, l);
	if (l->next != NULL)
		jtext_set(w, "nextPageToken", lists_page_token(rq, l->next));
	jtext_close(w, '}');
	return (n);
}

static void
lists_reply(struct req *rq, const struct store_list *q,
    struct store_listing *l)
{
	struct jtext w;
	size_t n;

	req_json_begin(rq, &w);
	n = lists_write(rq, &w, l);
	if (n < l->nobjects) {
		/* What comes before the items depends on the cut. */
		jtext_release(&w);
		lists_cut(rq, q, l, n);
		req_json_begin(rq, &w);
		(void)lists_write(rq, &w, l);
	}
	req_reply_written(rq, 200, &w);
}

/* What does not go together, and what the store does not know. */
static int
lists_check(struct req *rq, struct store_list *q)
{
	const char *filter = lists_text(rq, "filter"), *why = NULL;

	if (q->soft && q->versions)
		why = "softDeleted and versions cannot both be true.";
	else if (*q->glob != '\0' && *q->delimiter != '\0' &&
	    strcmp(q->delimiter, "/") != 0)
		why = "With matchGlob the delimiter can only be '/'.";
	else if (*q->glob != '\0' && !store_glob_ok(q->glob))
		why = "Invalid value for parameter matchGlob: a bracket or "
		    "brace is not closed.";
	if (why != NULL) {
		req_fail(rq, 400, "invalid", "%s", why);
		return (-1);
	}
	if (q->soft && restore_listable(rq))
		return (-1);
	if (*filter == '\0')
		return (0);
	q->match = contexts_match;
	q->match_cls = contexts_filter(rq, filter);
	return (q->match_cls != NULL ? 0 : -1);
}

void
lists_objects_h(struct req *rq)
{
	struct store_list q = {
		.prefix = lists_text(rq, "prefix"),
		.delimiter = lists_text(rq, "delimiter"),
		.start = lists_text(rq, "startOffset"),
		.end = lists_text(rq, "endOffset"),
		.glob = lists_text(rq, "matchGlob"),
		.trailing_delimiter = req_query_bool(rq,
		    "includeTrailingDelimiter", false),
		.versions = req_query_bool(rq, "versions", false),
		.soft = req_query_bool(rq, "softDeleted", false),
	};
	struct store_listing l;

	if (lists_check(rq, &q) || lists_read(rq, &q, "maxResults",
	    "pageToken", &l))
		return;
	if (strcmp(q.delimiter, "/") != 0 || !req_query_bool(rq,
	    "includeFoldersAsPrefixes", false) ||
	    folder_prefixes(rq, &q, &l) == 0)
		lists_reply(rq, &q, &l);
}
