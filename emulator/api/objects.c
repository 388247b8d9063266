#include "emulator/api/objects.h"

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/api/conditions.h"
#include "emulator/api/csek.h"
#include "emulator/api/resource.h"
#include "emulator/api/restore.h"
#include "emulator/fault/retry_test.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"

struct store_write
objects_write(const struct req *rq)
{

	return ((struct store_write){ .forget = rq->forget,
	    .exempt = retry_test_live(rq) });
}

void
objects_fail(struct req *rq, const struct store_write *w, enum store_rc rc)
{

	if (rc == STORE_BAD_HASH && w->why != NULL &&
	    rq->route->api != API_XML)
		req_fail(rq, 400, "invalid", "%s", w->why);
	else
		req_fail_rc(rq, rc);
}

void
objects_stored(struct req *rq, const struct object *o)
{

	rq->stored = true;
	rq->crc32c = o->crc32c;
}

int
objects_may_overwrite(struct req *rq, const char *bucket, const char *name)
{
	struct store_at at = { STORE_NOW };
	struct store_cond any = { 0 };
	struct object o;

	if (auth_allows(rq, "storage.objects.delete", bucket, name) ||
	    store_object_get(rq->emu->store, at, bucket, name, &any,
	    &rq->arena, &o) != STORE_OK)
		return (0);
	auth_refuse(rq, "storage.objects.delete");
	return (-1);
}

int
objects_may_read(struct req *rq, const char *bucket, const char *name,
    const struct object *o)
{
	static const char permission[] = "storage.objects.get";
	struct store_at now = { STORE_NOW };
	struct bucket b;

	if (auth_allows(rq, permission, bucket, name) || (o != NULL &&
	    store_bucket_get(rq->emu->store, now, bucket, &rq->arena, &b) ==
	    STORE_OK && auth_allows_object(rq, permission, &b, o)))
		return (0);
	auth_refuse(rq, permission);
	return (-1);
}

void
objects_get_h(struct req *rq)
{
	struct store_at at = { rq->as_of };
	struct store_cond c;
	struct object o;
	enum store_rc rc;

	if (req_cond(rq, &c))
		return;
	rc = req_query_bool(rq, "softDeleted", false) ?
	    restore_look(rq, c.generation, &o) :
	    store_object_get(rq->emu->store, at, rq->bucket, rq->object, &c,
	    &rq->arena, &o);
	if (rq->status != 0)
		return;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else if (csek_check_if_given(rq, &o) == 0 &&
	    !conditions_refuse(rq, resource_etag(&rq->arena, o.generation,
	    o.metageneration)))
		resource_reply(rq, &o);
}

/* One attempt of a change.  What was merged is what was read: `mine` tells
 * that another writer came between, who must not be overwritten. */
static enum store_rc
objects_change_once(struct req *rq, struct store_cond c, const json_t *in,
    bool patch, bool *mine, struct object *o)
{
	struct store_write w = objects_write(rq);
	struct store_at at = { STORE_NOW };
	const char *attrs;
	enum store_rc rc;

	*mine = false;
	rc = store_object_get(rq->emu->store, at, rq->bucket, rq->object, &c,
	    &rq->arena, o);
	if (rc != STORE_OK)
		return (rc);
	attrs = patch ? attrs_object_patch(rq, o->attrs, in) :
	    attrs_object_update(rq, o->attrs, in);
	if (attrs == NULL ||
	    (attrs = acls_change_object(rq, o, in, attrs)) == NULL)
		return (STORE_OK);	/* a 400 has been stored */
	*mine = !c.has_meta_match;
	c.has_meta_match = true;
	c.meta_match = o->metageneration;
	c.has_gen_match = true;
	c.gen_match = o->generation;
	rc = store_object_update(rq->emu->store, &w, rq->bucket, rq->object,
	    &c, attrs, &rq->arena, o);
	rq->mutation = w.mutation;
	*mine = *mine && rc == STORE_PRECONDITION;
	return (rc);
}

/* What some fields and parameters need besides, whatever comes of them:
 * https://cloud.google.com/storage/docs/json_api/v1/objects/patch */
static int
objects_may(struct req *rq, const json_t *in)
{
	const json_t *v = json_object_get(in, "retention");

	if (v != NULL && (!json_is_object(v) || json_object_size(v) > 0) &&
	    auth_need_too(rq, "storage.objects.setRetention"))
		return (-1);
	if ((json_is_array(json_object_get(in, "acl")) ||
	    req_query(rq, "predefinedAcl") != NULL) &&
	    auth_need_too(rq, "storage.objects.setIamPolicy"))
		return (-1);
	if (req_query_bool(rq, "overrideUnlockedRetention", false))
		return (auth_need_too(rq,
		    "storage.objects.overrideUnlockedRetention"));
	return (0);
}

int
objects_apply(struct req *rq, const json_t *in, bool patch, struct object *o)
{
	struct store_cond c;
	enum store_rc rc;
	bool mine;

	if (req_cond(rq, &c) || objects_may(rq, in))
		return (-1);
	do
		rc = objects_change_once(rq, c, in, patch, &mine, o);
	while (mine);
	if (rq->status != 0)
		return (-1);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	return (rc == STORE_OK ? 0 : -1);
}

static void
objects_change(struct req *rq, bool patch)
{
	struct object o;
	json_t *in;

	if (req_json(rq, &in) == 0 && objects_apply(rq, in, patch, &o) == 0)
		resource_reply(rq, &o);
}

void
objects_patch_h(struct req *rq)
{

	objects_change(rq, true);
}

void
objects_update_h(struct req *rq)
{

	objects_change(rq, false);
}

void
objects_delete_h(struct req *rq)
{
	struct store_write w = objects_write(rq);
	struct store_cond c;
	enum store_rc rc;

	if (req_cond(rq, &c))
		return;
	rc = store_object_delete(rq->emu->store, &w, rq->bucket, rq->object,
	    &c);
	rq->mutation = w.mutation;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_empty(rq, 204);
}
