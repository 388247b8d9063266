#include "emulator/xml/xml_multi.h"

#include <string.h>

#include "emulator/api/csek.h"
#include "emulator/api/media.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/xml/xml_body.h"
#include "emulator/xml/xml_read.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"
#include "emulator/identity/auth.h"
#include "emulator/store/checksum.h"
#include "emulator/store/store_multi.h"
#include "lib/nul.h"
#include "lib/str.h"

/* Google's library for Node.js reads these two documents only where their type
 * is a text. */
#define UPLOAD_TYPE	"text/xml; charset=UTF-8"

/* What a multipart upload cannot do, by the headers that ask for it. */
static int
xml_multi_unserved(struct req *rq)
{
	static const char *const headers[] = { "x-goog-if-generation-match",
		"x-goog-if-metageneration-match", "x-goog-copy-source",
		"x-amz-copy-source" };

	for (size_t i = 0; i < NELEMS(headers); i++)
		if (req_header(rq, headers[i]) != NULL) {
			req_fail(rq, 400, "NotImplemented", "Multipart "
			    "uploads do not support the header %s.",
			    headers[i]);
			return (-1);
		}
	return (0);
}

/* Both of these are asked of whoever uploads in parts. */
static int
xml_multi_permit(struct req *rq)
{

	return (auth_need(rq, "storage.objects.create", rq->bucket,
	    rq->object));
}

void
xml_multi_new_h(struct req *rq)
{
	struct multi m = { .name = rq->object };
	struct xml_write w;
	enum store_rc rc;
	const char *id;

	if (xml_check_body(rq) || names_check_object(rq, rq->object) ||
	    xml_multi_unserved(rq) || xml_multi_permit(rq) ||
	    (m.attrs = xml_attrs(rq)) == NULL)
		return;
	m.principal = rq->principal != NULL ? rq->principal : "";
	rc = store_multi_new(rq->emu->store, rq->bucket, &m, &rq->arena, &id);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	xml_write_begin(&w, "InitiateMultipartUploadResult", XML_NS_S3);
	w.type = UPLOAD_TYPE;
	xml_write_text(&w, "Bucket", rq->bucket);
	xml_write_text(&w, "Key", rq->object);
	xml_write_text(&w, "UploadId", id);
	xml_write_reply(&w, rq, 200);
}

/* ---- a part ---- */

struct xml_part {
	struct xml_body body;
	int64_t	number;
	const char *id;
};

void
xml_part_begin(struct req *rq)
{
	struct xml_part *x = arena_alloc(&rq->arena, sizeof(*x));
	const char *s = req_query(rq, "partNumber");
	struct object o = { .size = 0 };	/* that it is to be */
	struct multi m = { .attrs = "{}" };
	enum store_rc rc;

	rq->state = x;
	x->id = req_query(rq, "uploadId");
	if (xml_check_body(rq) || xml_multi_unserved(rq) ||
	    xml_multi_permit(rq))
		return;
	if (!str_int64(s, &x->number) || x->number < 1 ||
	    x->number > STORE_MULTI_PARTS) {
		req_fail(rq, 400, "InvalidArgument", "Part number must be an "
		    "integer between 1 and %d, inclusive: '%s'.",
		    STORE_MULTI_PARTS, s);
		return;
	}
	rc = store_multi_get(rq->emu->store, rq->bucket, rq->object, x->id,
	    &rq->arena, &m);
	o.attrs = m.attrs;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else if (csek_check(rq, CSEK_OBJECT, &o) == 0)
		(void)xml_body_begin(rq, &x->body);
}

void
xml_part_data(struct req *rq, const void *p, size_t n)
{
	struct xml_part *x = rq->state;

	xml_body_data(&x->body, p, n);
}

static void
xml_part_reply(struct req *rq, const struct multi_part *p)
{
	char hex[33], crc[9], md5[25];

	str_hex(hex, p->md5, sizeof(p->md5));
	checksum_crc32c_b64(crc, p->crc32c);
	checksum_md5_b64(md5, p->md5);
	req_header_add(rq, "ETag", arena_printf(&rq->arena, "\"%s\"", hex));
	req_header_add(rq, "x-goog-hash", arena_printf(&rq->arena,
	    "crc32c=%s,md5=%s", crc, md5));
	req_reply_empty(rq, 200);
}

void
xml_part_h(struct req *rq)
{
	struct store_write w = objects_write(rq);
	struct xml_part *x = rq->state;
	struct multi_part p;
	enum store_rc rc;

	if (xml_body_end(&x->body))
		return;
	rc = store_multi_put(rq->emu->store, &w, rq->bucket, rq->object,
	    x->id, (int)x->number, &x->body.expect, x->body.payload, &p);
	if (rc != STORE_OK)
		xml_body_fail(&x->body, rc);
	else
		xml_part_reply(rq, &p);
}

void
xml_part_done(struct req *rq)
{
	struct xml_part *x = rq->state;

	if (x != NULL)
		xml_body_release(&x->body);
}

/* ---- the end ---- */

static int
xml_multi_malformed(struct req *rq, const char *why)
{

	req_fail(rq, 400, "MalformedCompleteMultipartUploadRequest", "%s",
	    why);
	return (-1);
}

/* An ETag as a part has it: 32 hexadecimal digits, mostly in quotes. */
static bool
xml_multi_etag(const char *s, unsigned char md5[16])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(s);

	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s++;
		n -= 2;
	}
	if (n != 32)
		return (false);
	for (size_t i = 0; i < n; i++) {
		const char *d = memchr(digits, s[i] | 0x20, 16);

		if (d == NULL)
			return (false);
		md5[i / 2] = (unsigned char)(md5[i / 2] << 4 | (d - digits));
	}
	return (true);
}

static int
xml_multi_take_part(struct req *rq, const struct xml_node *n,
    struct multi_want *w)
{
	const char *number = xml_word(&rq->arena, n, "PartNumber");
	const char *etag = xml_word(&rq->arena, n, "ETag");
	int64_t v;

	*w = (struct multi_want){ .number = 0 };
	if (strcmp(n->name, "Part") != 0 || number == NULL || etag == NULL)
		return (xml_multi_malformed(rq, "Each element of the list "
		    "must be a Part with PartNumber and ETag."));
	if (!str_int64(number, &v) || v < 1 || v > STORE_MULTI_PARTS)
		return (xml_multi_malformed(rq, "A PartNumber is none."));
	w->number = (int)v;
	if (xml_multi_etag(etag, w->md5))
		return (0);
	req_fail(rq, 404, "NoSuchPart", "No part %d has the ETag %s.",
	    w->number, etag);
	return (-1);
}

/* The list of the body; NULL: a reply has been stored. */
static struct multi_want *
xml_multi_take(struct req *rq, size_t *n)
{
	const struct xml_node *root, *p;
	struct multi_want *w;
	const char *why;

	root = xml_read(&rq->arena, rq->body.p, rq->body.len, &why);
	if (root == NULL || strcmp(root->name, "CompleteMultipartUpload") != 0)
		why = why != NULL ? why :
		    "The root element is not CompleteMultipartUpload.";
	else if (root->child == NULL)
		why = "There must be at least one Part.";
	if (why != NULL) {
		(void)xml_multi_malformed(rq, why);
		return (NULL);
	}
	*n = 0;
	for (p = root->child; p != NULL; p = p->next)
		(*n)++;
	w = arena_alloc(&rq->arena, *n * sizeof(*w));
	*n = 0;
	for (p = root->child; p != NULL; p = p->next)
		if (xml_multi_take_part(rq, p, &w[(*n)++]))
			return (NULL);
	return (w);
}

static void
xml_multi_finished(struct req *rq, const struct object *o)
{
	struct xml_write w;
	struct buf path;

	buf_init(&path, 16u << 10);
	nul_pct_encode(&path, o->name, true);
	media_headers_stored(rq, o);
	xml_write_begin(&w, "CompleteMultipartUploadResult", XML_NS_S3);
	w.type = UPLOAD_TYPE;
	xml_write_text(&w, "Location", arena_printf(&rq->arena, "%s/%s/%s",
	    req_base_url(rq), rq->bucket, path.p));
	xml_write_text(&w, "Bucket", rq->bucket);
	xml_write_text(&w, "Key", rq->object);
	xml_write_text(&w, "ETag", media_etag(rq, o));
	xml_write_reply(&w, rq, 200);
	buf_release(&path);
}

void
xml_multi_finish_h(struct req *rq)
{
	struct store_write w = objects_write(rq);
	const char *id = req_query(rq, "uploadId");
	struct store_expect x = { .has_crc32c = false };
	struct multi_want *want;
	struct object o;
	struct multi m;
	enum store_rc rc;
	int bad = 0;
	size_t n;

	if (xml_check_body(rq) || xml_multi_unserved(rq) ||
	    xml_multi_permit(rq) || xml_check_document(rq, &x))
		return;
	rc = store_multi_get(rq->emu->store, rq->bucket, rq->object, id,
	    &rq->arena, &m);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	o.attrs = m.attrs;
	if (csek_check(rq, CSEK_OBJECT, &o) ||
	    (want = xml_multi_take(rq, &n)) == NULL ||
	    objects_may_overwrite(rq, rq->bucket, rq->object))
		return;
	rc = store_multi_finish(rq->emu->store, &w, rq->bucket, rq->object,
	    id, want, n, &x, &rq->arena, &o, &bad);
	rq->mutation = w.mutation;
	if (rc == STORE_OK)
		xml_multi_finished(rq, &o);
	else if (rc == STORE_NO_PART)
		req_fail(rq, 404, "NoSuchPart", "Part %d is not there or has "
		    "another ETag.", bad);
	else if (rc == STORE_BAD_HASH)
		req_fail(rq, 400, "CrcMismatch", "The parts have another "
		    "CRC32C together.");
	else if (rc == STORE_PART_SMALL)
		req_fail(rq, 400, "EntityTooSmall", "Part %d is smaller than "
		    "%lld bytes and not the last one.", bad,
		    (long long)STORE_MULTI_MIN);
	else
		req_fail_rc(rq, rc);
}

void
xml_multi_drop_h(struct req *rq)
{
	enum store_rc rc = store_multi_drop(rq->emu->store, rq->bucket,
	    rq->object, req_query(rq, "uploadId"));

	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_empty(rq, 204);
}
