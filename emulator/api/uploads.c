#include "emulator/api/uploads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/api/multipart.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/api/resource.h"
#include "emulator/fault/fault.h"
#include "emulator/http/server.h"
#include "lib/nul.h"
#include "lib/str.h"

#define META_MAX	(1u << 20)

struct upload {
	struct req *rq;
	struct payload *payload;
	struct multipart *parts;	/* NULL: the body is the object */
	struct buf meta;		/* of the first part */
	struct store_cond cond;
	struct store_expect expect;
	int	write_errno;		/* of the first failed write */
	bool	named;			/* rq->object was looked for */
	json_t	*meta_json;		/* in rq->keep */
};

static void
uploads_write(struct upload *u, const void *p, size_t n)
{
	struct req *rq = u->rq;

	p = faults_payload(rq, rq->upload.got, p, n);
	if (u->write_errno == 0 && payload_write(u->payload, p, n))
		u->write_errno = errno != 0 ? errno : EIO;
}

static void
uploads_part(void *cls, int part, const void *p, size_t n)
{
	struct upload *u = cls;

	if (part == 0 && buf_ok(&u->meta) && req_gather(u->rq, n) == 0)
		buf_add(&u->meta, p, n);
	else if (part == 1)
		uploads_write(u, p, n);
}

int
uploads_too_large(struct req *rq, const char *header)
{
	const char *h = req_header(rq, header);
	int64_t n;

	if (h == NULL || !str_int64(h, &n) || n <= PAYLOAD_MAX)
		return (0);
	req_fail(rq, 413, "uploadTooLarge", "The object would be larger than "
	    "5 TiB.");
	return (-1);
}

/* What both ways in have in common; NULL: a 400 has been stored. */
static struct upload *
uploads_new(struct req *rq)
{
	struct upload *u = arena_alloc(&rq->arena, sizeof(*u));

	buf_init(&u->meta, META_MAX);
	u->rq = rq;
	rq->state = u;
	if (req_cond(rq, &u->cond) ||
	    uploads_too_large(rq, "Content-Length") ||
	    attrs_expect_headers(rq, &u->expect))
		return (NULL);
	u->payload = payload_new(rq->emu->store);
	return (u);
}

void
uploads_insert_begin(struct req *rq)
{
	const char *type = req_query(rq, "uploadType"), *boundary;
	struct upload *u = uploads_new(rq);

	rq->object = req_query(rq, "name");
	if (u == NULL || type == NULL || strcmp(type, "media") == 0)
		return;
	if (strcmp(type, "multipart") != 0) {
		req_fail_param(rq, "uploadType", "invalidParameter", "Invalid "
		    "value for parameter uploadType: '%s'.", type);
		return;
	}
	boundary = multipart_boundary(&rq->arena,
	    req_header(rq, "Content-Type"));
	if (boundary == NULL) {
		req_fail(rq, 400, "badContent", "Multipart upload without a "
		    "boundary in its Content-Type.");
		return;
	}
	u->parts = multipart_new(&rq->arena, boundary, uploads_part, u);
}

/* The metadata is whole: whoever waits for the object's name (faults, the
 * journal of a client that dies) can have it.  Checked later. */
static void
uploads_peek_name(struct req *rq, struct upload *u)
{
	json_auto_t *j = nul_json(u->meta.p, u->meta.len, true, 0,
	    NULL);
	const char *name = json_string_value(json_object_get(j, "name"));

	u->named = true;
	if (name != NULL)
		rq->object = arena_strdup(&rq->arena, name);
}

void
uploads_insert_data(struct req *rq, const void *p, size_t n)
{
	struct upload *u = rq->state;

	if (u->parts == NULL) {
		uploads_write(u, p, n);
		return;
	}
	multipart_feed(u->parts, p, n);
	if (!u->named && rq->object == NULL && multipart_parts(u->parts) > 1)
		uploads_peek_name(rq, u);
}

void
uploads_insert_done(struct req *rq)
{
	struct upload *u = rq->state;

	if (u == NULL)
		return;
	multipart_release(u->parts);
	buf_release(&u->meta);
	if (u->payload != NULL)
		payload_free(u->payload);
}

int
uploads_name(struct req *rq, const json_t *meta)
{
	const char *q = req_query(rq, "name");
	const char *m = json_string_value(json_object_get(meta, "name"));

	if (q != NULL && *q == '\0')
		q = NULL;
	if (q == NULL && m == NULL) {
		req_fail_param(rq, "name", "required",
		    "Required parameter: name");
		return (-1);
	}
	if (q != NULL && m != NULL && strcmp(q, m) != 0) {
		req_fail(rq, 400, "invalid", "Value '%s' in content does not "
		    "agree with value '%s'.", m, q);
		return (-1);
	}
	rq->object = q != NULL ? q : m;
	return (names_check_object(rq, rq->object));
}

/* The multipart body has ended: was it whole?  Sets meta_json. */
static int
uploads_multipart_end(struct req *rq, struct upload *u)
{
	const char *why = multipart_error(u->parts), *enc;

	if (why == NULL && !buf_ok(&u->meta))
		why = "Metadata part is too large.";
	if (why == NULL && !multipart_done(u->parts))
		why = "Missing end boundary in multipart body.";
	if (why == NULL && multipart_parts(u->parts) != 2)
		why = "Multipart must have exactly two parts, metadata and "
		    "media.";
	enc = multipart_header(u->parts, &rq->arena,
	    "Content-Transfer-Encoding");
	if (why == NULL && enc != NULL && (strcasecmp(enc, "base64") == 0 ||
	    strcasecmp(enc, "quoted-printable") == 0))
		why = "The media part must not be encoded.";
	if (why != NULL) {
		req_fail(rq, 400, "badContent", "%s", why);
		return (-1);
	}
	return (req_json_text(rq, u->meta.p, u->meta.len, &u->meta_json));
}

/* The object's attributes: metadata, and the content type that came beside. */
static const char *
uploads_attrs(struct req *rq, struct upload *u)
{
	const char *type = u->parts != NULL ? multipart_header(u->parts,
	    &rq->arena, "Content-Type") : req_header(rq, "Content-Type");

	if (type != NULL && json_object_get(u->meta_json, "contentType") ==
	    NULL)
		(void)json_object_set_new(u->meta_json, "contentType",
		    json_string(type));
	if (req_query(rq, "contentEncoding") != NULL)
		(void)json_object_set_new(u->meta_json, "contentEncoding",
		    json_string(req_query(rq, "contentEncoding")));
	return (attrs_object(rq, u->meta_json));
}

/* Everything has arrived and is well formed: make the object. */
static int
uploads_store(struct req *rq, struct upload *u, struct object *o)
{
	struct store_write w = objects_write(rq);
	const char *attrs;
	enum store_rc rc;

	if (u->write_errno != 0) {
		req_fail_rc(rq, store_errno_rc(u->write_errno));
		return (-1);
	}
	if ((attrs = uploads_attrs(rq, u)) == NULL ||
	    (attrs = acls_new_object(rq, rq->bucket, "predefinedAcl",
	    u->meta_json, attrs)) == NULL ||
	    objects_may_overwrite(rq, rq->bucket, rq->object))
		return (-1);
	rc = store_object_insert(rq->emu->store, &w, rq->bucket, rq->object,
	    attrs, &u->cond, &u->expect, u->payload, &rq->arena, o);
	rq->mutation = w.mutation;
	if (rc == STORE_OK) {
		objects_stored(rq, o);
		return (0);
	}
	objects_fail(rq, &w, rc);
	return (-1);
}

void
uploads_insert_h(struct req *rq)
{
	struct upload *u = rq->state;
	struct object o;

	if (u->parts != NULL) {
		if (uploads_multipart_end(rq, u) ||
		    attrs_expect_json(rq, u->meta_json, &u->expect))
			return;
	} else if (req_json_text(rq, "", 0, &u->meta_json))
		return;
	if (uploads_name(rq, u->meta_json) == 0 &&
	    uploads_store(rq, u, &o) == 0)
		resource_reply(rq, &o);
}
