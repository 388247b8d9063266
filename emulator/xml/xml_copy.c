/* PUT with x-goog-copy-source.  The source is read once, judged by what the
 * headers ask of it, and then named by its generation. */
#include <string.h>

#include "emulator/api/conditions.h"
#include "emulator/api/csek.h"
#include "emulator/api/media.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/xml/xml_put.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"
#include "emulator/identity/auth.h"
#include "lib/nul.h"
#include "lib/str.h"

struct xml_source {
	const char *bucket, *object;
	struct store_cond cond;
};

static int
xml_copy_bad(struct req *rq, const char *header, const char *v)
{

	req_fail(rq, 400, "InvalidArgument", "Invalid value for header "
	    "x-goog-%s: '%s'.", header, v);
	return (-1);
}

/* "/bucket/object", percent-encoded; Amazon's form may end in ?versionId=. */
static int
xml_copy_name(struct req *rq, struct xml_source *s)
{
	const char *h = xml_header(rq, "copy-source"), *version;
	char *p = arena_strdup(&rq->arena, h), *q, *slash;
	size_t n;

	if ((q = strstr(p, "?versionId=")) != NULL) {
		*q = '\0';
		version = q + strlen("?versionId=");
		if (!str_int64(version, &s->cond.generation))
			return (xml_copy_bad(rq, "copy-source", h));
	}
	p += *p == '/';
	nul_url(p);
	if (!str_pct_decode(p, &n, false) || (slash = strchr(p, '/')) == NULL ||
	    slash == p || slash[1] == '\0')
		return (xml_copy_bad(rq, "copy-source", h));
	*slash = '\0';
	s->bucket = p;
	s->object = slash + 1;
	return (names_check_bucket(rq, s->bucket) ||
	    names_check_object(rq, s->object) ? -1 : 0);
}

static int
xml_copy_number(struct req *rq, const char *header, bool *has, int64_t *v)
{
	const char *h = xml_header(rq, header);

	if (h == NULL)
		return (0);
	*has = true;
	return (str_int64(h, v) ? 0 : xml_copy_bad(rq, header, h));
}

static int
xml_copy_source(struct req *rq, struct xml_source *s)
{
	const char *directive = xml_header(rq, "metadata-directive");
	bool has = false;

	*s = (struct xml_source){ .bucket = NULL };
	if (directive != NULL && strcmp(directive, "COPY") != 0 &&
	    strcmp(directive, "REPLACE") != 0)
		return (xml_copy_bad(rq, "metadata-directive", directive));
	return (xml_copy_name(rq, s) ||
	    xml_copy_number(rq, "copy-source-generation", &has,
	    &s->cond.generation) ||
	    xml_copy_number(rq, "copy-source-if-generation-match",
	    &s->cond.has_gen_match, &s->cond.gen_match) ||
	    xml_copy_number(rq, "copy-source-if-metageneration-match",
	    &s->cond.has_meta_match, &s->cond.meta_match) ? -1 : 0);
}

/* The source as it is now, where it is what the client thinks it is. */
static int
xml_copy_read(struct req *rq, struct xml_source *s, struct object *o)
{
	struct conditions c = {
	    .match = xml_header(rq, "copy-source-if-match"),
	    .none_match = xml_header(rq, "copy-source-if-none-match"),
	    .modified = xml_header(rq, "copy-source-if-modified-since"),
	    .unmodified = xml_header(rq, "copy-source-if-unmodified-since") };
	struct store_at now = { STORE_NOW };
	enum store_rc rc;

	rc = store_object_get(rq->emu->store, now, s->bucket, s->object,
	    &s->cond, &rq->arena, o);
	if (objects_may_read(rq, s->bucket, s->object,
	    rc == STORE_OK ? o : NULL))
		return (-1);
	if (rc == STORE_OK && conditions_check(&c, media_etag(rq, o),
	    o->updated_us) != CONDITIONS_MET)
		rc = STORE_PRECONDITION;
	if (rc == STORE_OK) {
		s->cond = (struct store_cond){ .generation = o->generation };
		return (csek_check(rq, CSEK_SOURCE, o));
	}
	if (rc == STORE_NO_OBJECT)
		req_fail(rq, 404, "NoSuchKey", "No such object: %s/%s",
		    s->bucket, s->object);
	else
		req_fail_rc(rq, rc == STORE_NOT_MODIFIED ?
		    STORE_PRECONDITION : rc);
	return (-1);
}

static void
xml_copy_result(struct req *rq, const struct object *o)
{
	struct xml_write w;

	media_headers_stored(rq, o);
	xml_write_begin(&w, "CopyObjectResult", XML_NS_LIST);
	xml_write_time(&w, "LastModified", o->updated_us);
	xml_write_text(&w, "ETag", media_etag(rq, o));
	xml_write_reply(&w, rq, 200);
}

void
xml_copy(struct req *rq, const struct store_cond *cond)
{
	const char *directive = xml_header(rq, "metadata-directive"), *attrs;
	struct store_write w = objects_write(rq);
	struct xml_source s;
	struct object o;
	enum store_rc rc;

	if (xml_copy_source(rq, &s) || xml_copy_read(rq, &s, &o))
		return;
	attrs = directive != NULL && strcmp(directive, "REPLACE") == 0 ?
	    xml_attrs(rq) : xml_attrs_copied(rq, o.attrs);
	if (attrs == NULL ||
	    objects_may_overwrite(rq, rq->bucket, rq->object))
		return;
	rc = store_object_copy(rq->emu->store, &w, s.bucket, s.object,
	    &s.cond, rq->bucket, rq->object, cond, attrs, &rq->arena, &o);
	rq->mutation = w.mutation;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		xml_copy_result(rq, &o);
}
