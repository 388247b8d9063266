#include "emulator/api/xml.h"

#include <string.h>

#include "emulator/api/lists.h"
#include "emulator/api/media.h"
#include "emulator/api/objects.h"
#include "lib/str.h"

#define XML_MAX	(16u << 20)

static void
xml_element(struct buf *b, const char *name, const char *text)
{

	buf_addf(b, "<%s>", name);
	req_xml_text(b, text);
	buf_addf(b, "</%s>", name);
}

static void
xml_object(struct buf *b, const struct object *o)
{
	char when[CLOCK_RFC3339], hex[33] = "";

	clock_rfc3339(o->updated_us, when);
	if (o->has_md5)
		str_hex(hex, o->md5, sizeof(o->md5));
	buf_adds(b, "<Contents>");
	xml_element(b, "Key", o->name);
	buf_addf(b, "<Generation>%lld</Generation><MetaGeneration>%lld"
	    "</MetaGeneration>", (long long)o->generation,
	    (long long)o->metageneration);
	xml_element(b, "LastModified", when);
	buf_addf(b, "<ETag>\"%s\"</ETag><Size>%lld</Size></Contents>", hex,
	    (long long)o->size);
}

static void
xml_listing(struct req *rq, const struct store_list *q,
    const struct store_listing *l)
{
	struct buf b;

	buf_init(&b, XML_MAX);
	buf_adds(&b, "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult "
	    "xmlns='http://doc.s3.amazonaws.com/2006-03-01'>");
	xml_element(&b, "Name", rq->bucket);
	xml_element(&b, "Prefix", q->prefix);
	if (*q->delimiter != '\0')
		xml_element(&b, "Delimiter", q->delimiter);
	buf_addf(&b, "<IsTruncated>%s</IsTruncated>",
	    l->next != NULL ? "true" : "false");
	if (l->next != NULL)
		xml_element(&b, "NextMarker", lists_page_token(rq, l->next));
	for (size_t i = 0; i < l->nobjects; i++)
		xml_object(&b, &l->objects[i]);
	for (size_t i = 0; i < l->nprefixes; i++) {
		buf_adds(&b, "<CommonPrefixes>");
		xml_element(&b, "Prefix", l->prefixes[i]);
		buf_adds(&b, "</CommonPrefixes>");
	}
	buf_adds(&b, "</ListBucketResult>");
	BUG_ON(!buf_ok(&b));	/* 1000 names of 6 KiB escaped fit */
	req_reply(rq, 200, "application/xml; charset=UTF-8", b.p, b.len);
	buf_release(&b);
}

void
xml_list_h(struct req *rq)
{
	struct store_list q = {
		.prefix = lists_text(rq, "prefix"),
		.delimiter = lists_text(rq, "delimiter"),
		.start = "", .end = "", .glob = "",
	};
	struct store_listing l;

	if (lists_read(rq, &q, "max-keys", "marker", &l) == 0)
		xml_listing(rq, &q, &l);
}

void
xml_get_h(struct req *rq)
{

	media_get_h(rq);
}

void
xml_delete_h(struct req *rq)
{

	objects_delete_h(rq);
}
