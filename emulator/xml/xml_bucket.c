#include "emulator/xml/xml_bucket.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "emulator/api/buckets.h"
#include "emulator/api/lists.h"
#include "emulator/api/places.h"
#include "emulator/xml/xml_read.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

#define PAGE	1000

static const char *
xml_bucket_project(struct req *rq)
{
	const char *p = req_header(rq, "x-goog-project-id");

	return (p != NULL && *p != '\0' ? p : rq->emu->project);
}

/* ---- GET of the service ---- */

static void
xml_service_bucket(struct xml_write *w, const struct bucket *b)
{

	xml_write_open(w, "Bucket");
	xml_write_text(w, "Name", b->name);
	xml_write_time(w, "CreationDate", b->created_us);
	xml_write_close(w, "Bucket");
}

/* All of them, unless the client wants pages. */
void
xml_service_h(struct req *rq)
{
	const char *prefix = lists_text(rq, "prefix"), *after;
	bool more = true, paged = req_query(rq, "max-buckets") != NULL;
	struct xml_write w;
	struct bucket *b;
	enum store_rc rc;
	int64_t max;
	size_t n;

	if (xml_check(rq) ||
	    xml_number(rq, "max-buckets", 1, PAGE, PAGE, &max) ||
	    (after = lists_page(rq, "continuation-token")) == NULL)
		return;
	xml_write_begin(&w, "ListAllMyBucketsResult", XML_NS_LIST);
	xml_write_open(&w, "Owner");
	xml_write_text(&w, "ID", arena_printf(&rq->arena, "%" PRId64,
	    rq->emu->project_number));
	xml_write_text(&w, "DisplayName", xml_bucket_project(rq));
	xml_write_close(&w, "Owner");
	xml_write_open(&w, "Buckets");
	do {
		rc = store_bucket_list(rq->emu->store, xml_bucket_project(rq),
		    prefix, after, (int)max, &rq->arena, &b, &n, &more);
		if (rc != STORE_OK) {
			buf_release(&w.b);
			req_fail_rc(rq, rc);
			return;
		}
		for (size_t i = 0; i < n; i++)
			xml_service_bucket(&w, &b[i]);
		if (n > 0)
			after = b[n - 1].name;
	} while (more && !paged && buf_ok(&w.b));
	xml_write_close(&w, "Buckets");
	if (more)
		xml_write_text(&w, "ContinuationToken",
		    lists_page_token(rq, after));
	xml_write_reply(&w, rq, 200);
}

/* ---- one bucket ---- */

static int
xml_bucket_malformed(struct req *rq, const char *why)
{

	req_fail(rq, 400, "MalformedBucketConfiguration", "%s", why);
	return (-1);
}

static void
xml_bucket_take_text(struct req *rq, json_t *to, const char *field,
    const struct xml_node *n, const char *name)
{
	const char *s = xml_word(&rq->arena, n, name);

	if (s != NULL && *s != '\0')
		(void)json_object_set_new(to, field, json_string(s));
}

/* Clients of Amazon's send the region that they sign for, which is "auto". */
static int
xml_bucket_location(struct req *rq, json_t *to)
{
	const char *s = json_string_value(json_object_get(to, "location"));
	char *up;

	if (s == NULL)
		return (0);
	if (strcmp(s, "auto") == 0) {
		(void)json_object_del(to, "location");
		return (0);
	}
	up = arena_strdup(&rq->arena, s);
	for (char *p = up; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	if (places_type(up) != NULL)
		return (0);
	req_fail(rq, 400, "InvalidLocationConstraint",
	    "There is no location '%s'.", s);
	return (-1);
}

/* <CreateBucketConfiguration>, which may be missing. */
static int
xml_bucket_take(struct req *rq, json_t *to)
{
	const struct xml_node *root, *p;
	const char *why;
	json_t *places;

	if (rq->body.len == 0)
		return (0);
	root = xml_read(&rq->arena, rq->body.p, rq->body.len, &why);
	if (root == NULL)
		return (xml_bucket_malformed(rq, why));
	if (strcmp(root->name, "CreateBucketConfiguration") != 0)
		return (xml_bucket_malformed(rq, "The root element is not "
		    "CreateBucketConfiguration."));
	xml_bucket_take_text(rq, to, "location", root, "LocationConstraint");
	xml_bucket_take_text(rq, to, "storageClass", root, "StorageClass");
	xml_bucket_take_text(rq, to, "rpo", root, "Rpo");
	if (xml_bucket_location(rq, to))
		return (-1);
	p = xml_child(xml_child(xml_child(root, "CustomPlacementConfig"),
	    "DataLocations"), "DataLocation");
	if (p == NULL)
		return (0);
	places = json_array();
	for (; p != NULL; p = xml_again(p))
		(void)json_array_append_new(places, json_string(p->text));
	(void)json_object_set_new(to, "customPlacementConfig",
	    json_pack("{s:o}", "dataLocations", places));
	return (0);
}

static int
xml_bucket_headers(struct req *rq, json_t *to)
{
	const char *keep = req_header(rq, "x-goog-bucket-retention-period");
	const char *class = xml_header(rq, "storage-class");
	int64_t s;

	if (class != NULL)
		(void)json_object_set_new(to, "storageClass",
		    json_string(class));
	if (keep == NULL)
		return (0);
	if (!str_int64(keep, &s)) {
		req_fail(rq, 400, "MalformedHeaderValue", "Invalid value for "
		    "x-goog-bucket-retention-period: '%s'.", keep);
		return (-1);
	}
	(void)json_object_set_new(to, "retentionPolicy",
	    json_pack("{s:s}", "retentionPeriod", keep));
	return (0);
}

void
xml_bucket_put_h(struct req *rq)
{
	struct bucket out;
	json_t *in;

	/* Of the project: that bucket has no policy yet. */
	if (auth_need(rq, "storage.buckets.create", NULL, NULL))
		return;
	xml_flag(rq, "bucket-object-lock-enabled", "enableObjectRetention");
	if (xml_check_body(rq) || req_json_text(rq, "", 0, &in) ||
	    xml_bucket_take(rq, in) || xml_bucket_headers(rq, in) ||
	    buckets_make(rq, rq->bucket, xml_bucket_project(rq), in, &out))
		return;
	req_header_add(rq, "Location", arena_printf(&rq->arena, "/%s",
	    out.name));
	req_reply_empty(rq, 200);
}

void
xml_bucket_head_h(struct req *rq)
{
	struct bucket b;

	if (xml_check(rq) || buckets_read(rq, &b))
		return;
	req_header_add(rq, "x-goog-metageneration", arena_printf(&rq->arena,
	    "%" PRId64, b.metageneration));
	req_header_add(rq, "Content-Type", "application/xml; charset=UTF-8");
	req_reply_empty(rq, 200);
}

void
xml_bucket_delete_h(struct req *rq)
{

	if (xml_check(rq) == 0)
		buckets_delete_h(rq);
}
