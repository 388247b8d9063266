/* The two listings of multipart uploads. */
#include <stdlib.h>
#include <string.h>

#include "emulator/api/lists.h"
#include "emulator/xml/xml_multi.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"
#include "emulator/store/store_multi.h"
#include "lib/str.h"

#define PAGE	1000

static const char *
xml_multi_class(struct req *rq, const struct multi *m)
{
	json_auto_t *j = json_loads(m->attrs, 0, NULL);
	const char *s = json_string_value(json_object_get(j, "storageClass"));

	return (arena_strdup(&rq->arena, s != NULL ? s : "STANDARD"));
}

static void
xml_multi_part(struct xml_write *w, const struct multi_part *p)
{
	char tag[36] = "\"";

	str_hex(tag + 1, p->md5, sizeof(p->md5));
	tag[33] = '"';
	xml_write_open(w, "Part");
	xml_write_int(w, "PartNumber", p->number);
	xml_write_time(w, "LastModified", p->modified_us);
	xml_write_text(w, "ETag", tag);
	xml_write_int(w, "Size", p->size);
	xml_write_close(w, "Part");
}

void
xml_multi_parts_h(struct req *rq)
{
	const char *id = req_query(rq, "uploadId");
	int64_t max, after;
	struct xml_write w;
	struct multi_part *p;
	struct multi m;
	enum store_rc rc;
	bool more, url;
	size_t n;

	if (xml_check(rq) || xml_encoding(rq, &url) ||
	    xml_number(rq, "max-parts", 1, PAGE, PAGE, &max) ||
	    xml_number(rq, "part-number-marker", 0, INT32_MAX, 0, &after))
		return;
	rc = store_multi_get(rq->emu->store, rq->bucket, rq->object, id,
	    &rq->arena, &m);
	if (rc == STORE_OK)
		rc = store_multi_parts(rq->emu->store, rq->bucket, rq->object,
		    id, (int)after, (int)max, &rq->arena, &p, &n, &more);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	xml_write_begin(&w, "ListPartsResult", XML_NS_S3);
	w.url = url;
	xml_write_text(&w, "Bucket", rq->bucket);
	xml_write_name(&w, "Key", rq->object);
	xml_write_text(&w, "UploadId", id);
	if (url)
		xml_write_text(&w, "EncodingType", "url");
	xml_write_text(&w, "StorageClass", xml_multi_class(rq, &m));
	xml_write_int(&w, "PartNumberMarker", after);
	xml_write_int(&w, "NextPartNumberMarker", n > 0 ? p[n - 1].number : 0);
	xml_write_int(&w, "MaxParts", max);
	xml_write_bool(&w, "IsTruncated", more);
	for (size_t i = 0; i < n; i++)
		xml_multi_part(&w, &p[i]);
	xml_write_reply(&w, rq, 200);
}

static void
xml_multi_page(struct req *rq, const struct multi_query *q, bool url,
    const struct multi_page *page)
{
	struct xml_write w;

	xml_write_begin(&w, "ListMultipartUploadsResult", XML_NS_S3);
	w.url = url;
	xml_write_text(&w, "Bucket", rq->bucket);
	if (url)
		xml_write_text(&w, "EncodingType", "url");
	xml_write_name(&w, "KeyMarker", q->after);
	xml_write_text(&w, "UploadIdMarker", q->after_id);
	if (page->more) {
		xml_write_name(&w, "NextKeyMarker", page->next);
		xml_write_text(&w, "NextUploadIdMarker", page->next_id);
	}
	xml_write_name(&w, "Prefix", q->prefix);
	if (*q->delimiter != '\0')
		xml_write_name(&w, "Delimiter", q->delimiter);
	xml_write_int(&w, "MaxUploads", q->max);
	xml_write_bool(&w, "IsTruncated", page->more);
	for (size_t i = 0; i < page->n; i++) {
		const struct multi *m = &page->uploads[i];

		xml_write_open(&w, "Upload");
		xml_write_name(&w, "Key", m->name);
		xml_write_text(&w, "UploadId", m->id);
		xml_write_text(&w, "StorageClass", xml_multi_class(rq, m));
		xml_write_time(&w, "Initiated", m->created_us);
		xml_write_close(&w, "Upload");
	}
	for (size_t i = 0; i < page->nprefixes; i++) {
		xml_write_open(&w, "CommonPrefixes");
		xml_write_name(&w, "Prefix", page->prefixes[i]);
		xml_write_close(&w, "CommonPrefixes");
	}
	xml_write_reply(&w, rq, 200);
}

void
xml_multi_list_h(struct req *rq)
{
	struct multi_query q = { .prefix = lists_text(rq, "prefix"),
	    .delimiter = lists_text(rq, "delimiter"),
	    .after = lists_text(rq, "key-marker"),
	    .after_id = lists_text(rq, "upload-id-marker") };
	struct multi_page page;
	enum store_rc rc;
	int64_t max;
	bool url;

	if (xml_check(rq) || xml_encoding(rq, &url) ||
	    xml_number(rq, "max-uploads", 1, PAGE, PAGE, &max))
		return;
	if (*q.after == '\0')
		q.after_id = "";	/* it means nothing alone */
	q.max = (int)max;
	rc = store_multi_list(rq->emu->store, rq->bucket, &q, &rq->arena,
	    &page);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		xml_multi_page(rq, &q, url, &page);
}
