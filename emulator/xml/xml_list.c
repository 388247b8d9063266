/* Pages of the first form go on behind a name that the client gives; so do
 * those of the second that begin with start-after.  A marker that is a common
 * prefix, as it is in NextMarker, has everything below it behind it. */
#include "emulator/xml/xml_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/api/lists.h"
#include "emulator/api/media.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"
#include "lib/nul.h"
#include "lib/str.h"

#define PAGE	1000

/* A list as it is asked for and as it is answered. */
struct xml_list {
	struct store_list q;
	struct store_listing l;
	int64_t	max;			/* may be 0: nothing is wanted */
	bool	url, owner, class;
	struct xml_write w;
};

/* ---- the question ---- */

/* The lowest name that comes after the marker. */
static const char *
xml_list_after(struct req *rq, const struct store_list *q, const char *marker)
{
	size_t n = strlen(marker), d = strlen(q->delimiter);
	const char *group;
	char *s;

	if (n == 0)
		return ("");
	group = d > 0 && str_starts(marker, q->prefix) ?
	    nul_find(marker + strlen(q->prefix), q->delimiter) : NULL;
	if (group == NULL || group[d] != '\0')
		/* Nothing that nul.h makes comes between these. */
		return (arena_printf(&rq->arena, "%s\001", marker));
	s = arena_strdup(&rq->arena, marker);
	s[n - 1]++;			/* 0xff is no byte of UTF-8 */
	return (s);
}

static int
xml_list_ask(struct req *rq, struct xml_list *x)
{

	x->q.prefix = lists_text(rq, "prefix");
	x->q.delimiter = lists_text(rq, "delimiter");
	x->q.start = x->q.end = x->q.glob = x->q.after = "";
	return (xml_check(rq) || xml_encoding(rq, &x->url) ||
	    xml_number(rq, "max-keys", 0, PAGE, PAGE, &x->max) ? -1 : 0);
}

static int
xml_list_read(struct req *rq, struct xml_list *x)
{
	struct store_at at = { rq->as_of };
	enum store_rc rc;

	x->q.max = x->max > 0 ? (int)x->max : 1;
	rc = store_object_list(rq->emu->store, at, rq->bucket, &x->q,
	    &rq->arena, &x->l);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	if (x->max == 0)
		x->l = (struct store_listing){ 0 };
	return (0);
}

/* The last of the page: an object, or a common prefix. */
static const char *
xml_list_last(const struct xml_list *x, const struct object **o)
{
	const struct store_listing *l = &x->l;
	const char *p = l->nprefixes > 0 ? l->prefixes[l->nprefixes - 1] :
	    NULL;

	*o = l->nobjects > 0 ? &l->objects[l->nobjects - 1] : NULL;
	if (*o != NULL && (p == NULL || strcmp((*o)->name, p) > 0))
		return ((*o)->name);
	*o = NULL;
	return (p);
}

/* ---- the answer ---- */

static void
xml_list_class(struct req *rq, struct xml_write *w, const struct object *o)
{
	const char *s = jtext_find(o->attrs, "storageClass");

	if (s == NULL || *s != '"')
		s = "\"STANDARD\"";
	xml_write_text(w, "StorageClass", arena_strndup(&rq->arena, s + 1,
	    strcspn(s + 1, "\"")));
}

static void
xml_list_owner(struct req *rq, struct xml_write *w)
{

	xml_write_open(w, "Owner");
	xml_write_text(w, "ID", arena_printf(&rq->arena, "%" PRId64,
	    rq->emu->project_number));
	xml_write_close(w, "Owner");
}

static void
xml_list_object(struct req *rq, struct xml_list *x, const struct object *o)
{
	struct xml_write *w = &x->w;

	xml_write_name(w, "Key", o->name);
	xml_write_int(w, "Generation", o->generation);
	xml_write_int(w, "MetaGeneration", o->metageneration);
	if (x->q.versions)
		xml_write_bool(w, "IsLatest", o->deleted_us == 0);
	xml_write_time(w, "LastModified", o->updated_us);
	xml_write_text(w, "ETag", media_etag(rq, o));
	xml_write_int(w, "Size", o->size);
	if (x->class)
		xml_list_class(rq, w, o);
	if (x->owner)
		xml_list_owner(rq, w);
}

/* Amazon's form of a generation. */
static void
xml_list_version(struct req *rq, struct xml_list *x, const struct object *o)
{
	struct xml_write *w = &x->w;

	xml_write_name(w, "Key", o->name);
	xml_write_int(w, "VersionId", o->generation);
	xml_write_bool(w, "IsLatest", o->deleted_us == 0);
	xml_write_time(w, "LastModified", o->updated_us);
	xml_write_text(w, "ETag", media_etag(rq, o));
	xml_write_int(w, "Size", o->size);
	xml_list_class(rq, w, o);
	xml_list_owner(rq, w);
}

static void
xml_list_begin(struct req *rq, struct xml_list *x, const char *root,
    const char *ns)
{

	xml_write_begin(&x->w, root, ns);
	x->w.url = x->url;
	xml_write_text(&x->w, "Name", rq->bucket);
	xml_write_name(&x->w, "Prefix", x->q.prefix);
}

/* What all forms have in common, to the end. */
static void
xml_list_end(struct req *rq, struct xml_list *x, const char *element,
    void (*object)(struct req *, struct xml_list *, const struct object *))
{
	struct xml_write *w = &x->w;

	if (*x->q.delimiter != '\0')
		xml_write_name(w, "Delimiter", x->q.delimiter);
	if (x->url)
		xml_write_text(w, "EncodingType", "url");
	xml_write_int(w, "MaxKeys", x->max);
	xml_write_bool(w, "IsTruncated", x->l.next != NULL);
	for (size_t i = 0; i < x->l.nobjects; i++) {
		xml_write_open(w, element);
		object(rq, x, &x->l.objects[i]);
		xml_write_close(w, element);
	}
	for (size_t i = 0; i < x->l.nprefixes; i++) {
		xml_write_open(w, "CommonPrefixes");
		xml_write_name(w, "Prefix", x->l.prefixes[i]);
		xml_write_close(w, "CommonPrefixes");
	}
	xml_write_reply(w, rq, 200);
}

/* ---- the three of them ---- */

void
xml_list_h(struct req *rq)
{
	const char *marker = lists_text(rq, "marker");
	struct xml_list x = { .max = 0 };
	const struct object *o;

	if (xml_list_ask(rq, &x))
		return;
	x.q.start = xml_list_after(rq, &x.q, marker);
	if (xml_list_read(rq, &x))
		return;
	xml_list_begin(rq, &x, "ListBucketResult", XML_NS_LIST);
	xml_write_name(&x.w, "Marker", marker);
	if (x.l.next != NULL)
		xml_write_name(&x.w, "NextMarker", xml_list_last(&x, &o));
	xml_list_end(rq, &x, "Contents", xml_list_object);
}

void
xml_list_v2_h(struct req *rq)
{
	const char *start = lists_text(rq, "start-after");
	const char *token = lists_text(rq, "continuation-token");
	struct xml_list x = { .class = true };

	if (xml_list_ask(rq, &x) ||
	    (x.q.after = lists_page(rq, "continuation-token")) == NULL)
		return;
	x.owner = req_query_bool(rq, "fetch-owner", false);
	x.q.start = xml_list_after(rq, &x.q, start);
	if (xml_list_read(rq, &x))
		return;
	xml_list_begin(rq, &x, "ListBucketResult", XML_NS_LIST);
	if (*start != '\0')
		xml_write_name(&x.w, "StartAfter", start);
	if (*token != '\0')
		xml_write_text(&x.w, "ContinuationToken", token);
	if (x.l.next != NULL)
		xml_write_text(&x.w, "NextContinuationToken",
		    lists_page_token(rq, x.l.next));
	xml_write_int(&x.w, "KeyCount",
	    (int64_t)(x.l.nobjects + x.l.nprefixes));
	xml_list_end(rq, &x, "Contents", xml_list_object);
}

/* Both forms have a name and, perhaps, a generation of it to go on behind. */
static int
xml_list_mark(struct req *rq, struct xml_list *x, const char *name,
    const char *generation)
{
	int64_t v;

	if (xml_number(rq, generation, 0, INT64_MAX, 0, &v))
		return (-1);
	if (v > 0 && *lists_text(rq, name) != '\0')
		x->q.after = store_list_after(&rq->arena, lists_text(rq, name),
		    v);
	else
		x->q.start = xml_list_after(rq, &x->q, lists_text(rq, name));
	return (0);
}

static void
xml_list_next(struct req *rq, struct xml_list *x, const char *name,
    const char *generation)
{
	const struct object *o;

	if (x->l.next == NULL)
		return;
	xml_write_name(&x->w, arena_printf(&rq->arena, "Next%s", name),
	    xml_list_last(x, &o));
	if (o != NULL)
		xml_write_int(&x->w, arena_printf(&rq->arena, "Next%s",
		    generation), o->generation);
}

void
xml_list_versions_h(struct req *rq)
{
	const char *form = req_header(rq,
	    "x-goog-interop-list-objects-format");
	bool amazon = form != NULL && strcmp(form, "enabled") == 0;
	struct xml_list x = { .q.versions = true };

	if (xml_list_ask(rq, &x) || (amazon ?
	    xml_list_mark(rq, &x, "key-marker", "version-id-marker") :
	    xml_list_mark(rq, &x, "marker", "generation-marker")) ||
	    xml_list_read(rq, &x))
		return;
	if (amazon) {
		xml_list_begin(rq, &x, "ListVersionsResult", XML_NS_S3);
		xml_write_name(&x.w, "KeyMarker",
		    lists_text(rq, "key-marker"));
		xml_write_text(&x.w, "VersionIdMarker",
		    lists_text(rq, "version-id-marker"));
		xml_list_next(rq, &x, "KeyMarker", "VersionIdMarker");
	} else {
		xml_list_begin(rq, &x, "ListBucketResult", XML_NS_LIST);
		xml_write_name(&x.w, "Marker", lists_text(rq, "marker"));
		xml_write_text(&x.w, "GenerationMarker",
		    lists_text(rq, "generation-marker"));
		xml_list_next(rq, &x, "Marker", "GenerationMarker");
	}
	xml_list_end(rq, &x, "Version",
	    amazon ? xml_list_version : xml_list_object);
}
