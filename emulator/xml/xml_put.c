#include "emulator/xml/xml_put.h"

#include "emulator/api/media.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/xml/xml_body.h"
#include "emulator/xml/xml_req.h"

struct xml_put {
	struct xml_body body;
	struct store_cond cond;
	bool	copy;
};

/* Half a name of a part is not the name of an object. */
static int
xml_put_whole(struct req *rq)
{

	if (req_query(rq, "partNumber") == NULL &&
	    req_query(rq, "uploadId") == NULL)
		return (0);
	req_fail(rq, 400, "InvalidArgument",
	    "A part wants both partNumber and uploadId.");
	return (-1);
}

void
xml_put_begin(struct req *rq)
{
	struct xml_put *x = arena_alloc(&rq->arena, sizeof(*x));

	rq->state = x;
	x->copy = xml_header(rq, "copy-source") != NULL;
	if (xml_check_body(rq) || xml_put_whole(rq) ||
	    names_check_object(rq, rq->object) ||
	    req_cond(rq, &x->cond))
		return;
	if (!x->copy)
		(void)xml_body_begin(rq, &x->body);
}

void
xml_put_data(struct req *rq, const void *p, size_t n)
{
	struct xml_put *x = rq->state;

	if (!x->copy)
		xml_body_data(&x->body, p, n);
}

static void
xml_put_store(struct req *rq, struct xml_put *x)
{
	struct store_write w = objects_write(rq);
	const char *attrs;
	struct object o;
	enum store_rc rc;

	if (xml_body_end(&x->body) || (attrs = xml_attrs(rq)) == NULL ||
	    objects_may_overwrite(rq, rq->bucket, rq->object))
		return;
	rc = store_object_insert(rq->emu->store, &w, rq->bucket, rq->object,
	    attrs, &x->cond, &x->body.expect, x->body.payload, &rq->arena,
	    &o);
	rq->mutation = w.mutation;
	if (rc != STORE_OK) {
		xml_body_fail(&x->body, rc);
		return;
	}
	objects_stored(rq, &o);
	media_headers_stored(rq, &o);
	req_reply_empty(rq, 200);
}

void
xml_put_h(struct req *rq)
{
	struct xml_put *x = rq->state;

	if (x->copy)
		xml_copy(rq, &x->cond);
	else
		xml_put_store(rq, x);
}

void
xml_put_done(struct req *rq)
{
	struct xml_put *x = rq->state;

	if (x != NULL)
		xml_body_release(&x->body);
}
