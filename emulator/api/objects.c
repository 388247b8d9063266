#include "emulator/api/objects.h"

#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/api/names.h"
#include "emulator/api/resource.h"
#include "emulator/identity/auth.h"

int
objects_may_overwrite(struct req *rq, const char *bucket, const char *name)
{
	struct store_at at = { STORE_NOW };
	struct store_cond any = { 0 };
	struct object o;

	if (auth_allows(rq, "storage.objects.delete", bucket) ||
	    store_object_get(rq->emu->store, at, bucket, name, &any,
	    &rq->arena, &o) != STORE_OK)
		return (0);
	auth_refuse(rq, "storage.objects.delete");
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
	rc = store_object_get(rq->emu->store, at, rq->bucket, rq->object, &c,
	    &rq->arena, &o);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, resource_object(rq, &o));
}

/* One attempt of a change.  What was merged is what was read: `mine` tells
 * that another writer came between, who must not be overwritten. */
static enum store_rc
objects_change_once(struct req *rq, struct store_cond c, const json_t *in,
    bool patch, bool *mine, struct object *o)
{
	struct store_write w = { .forget = rq->forget };
	struct store_at at = { STORE_NOW };
	const char *attrs;
	enum store_rc rc;

	*mine = false;
	rc = store_object_get(rq->emu->store, at, rq->bucket, rq->object, &c,
	    &rq->arena, o);
	if (rc != STORE_OK)
		return (rc);
	attrs = patch ? attrs_object_patch(rq, o->attrs, in) :
	    attrs_object(rq, in);
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

/* Both kinds of update; a full one forgets what was there. */
static void
objects_change(struct req *rq, bool patch)
{
	struct store_cond c;
	struct object o;
	enum store_rc rc;
	json_t *in;
	bool mine;

	if (req_cond(rq, &c) || req_json(rq, &in))
		return;
	do
		rc = objects_change_once(rq, c, in, patch, &mine, &o);
	while (mine);
	if (rq->status != 0)
		return;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, resource_object(rq, &o));
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
	struct store_write w = { .forget = rq->forget };
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

/* rewrite and copy: the new object in *o; -1: a reply has been stored. */
static int
objects_duplicate(struct req *rq, struct object *o)
{
	struct store_write w = { .forget = rq->forget };
	const char *to_bucket = rq->cap[2], *to = rq->cap[3], *attrs = NULL;
	struct store_cond from_c, to_c;
	enum store_rc rc;
	json_t *in;

	if (req_cond_source(rq, &from_c) || req_cond(rq, &to_c) ||
	    req_json(rq, &in) || names_check_object(rq, to))
		return (-1);
	if (!auth_allows(rq, "storage.objects.create", to_bucket)) {
		auth_refuse(rq, "storage.objects.create");
		return (-1);
	}
	if (objects_may_overwrite(rq, to_bucket, to))
		return (-1);
	if (json_object_size(in) > 0 &&
	    (attrs = attrs_object(rq, in)) == NULL)
		return (-1);
	if (attrs != NULL && strcmp(attrs, "{}") == 0)
		attrs = NULL;		/* nothing that could be set */
	if (attrs != NULL && (attrs = acls_new_object(rq, to_bucket,
	    "destinationPredefinedAcl", in, attrs)) == NULL)
		return (-1);
	rc = store_object_copy(rq->emu->store, &w, rq->bucket, rq->object,
	    &from_c, to_bucket, to, &to_c, attrs, &rq->arena, o);
	rq->mutation = w.mutation;
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

void
objects_copy_h(struct req *rq)
{
	struct object o;

	if (objects_duplicate(rq, &o) == 0)
		req_reply_json(rq, 200, resource_object(rq, &o));
}

void
objects_rewrite_h(struct req *rq)
{
	struct object o;
	const char *size;

	/* Copies share the payload, so one call always does the whole. */
	if (objects_duplicate(rq, &o))
		return;
	size = arena_printf(&rq->arena, "%lld", (long long)o.size);
	req_reply_json(rq, 200, json_pack("{s:s, s:s, s:s, s:b, s:o}",
	    "kind", "storage#rewriteResponse", "totalBytesRewritten", size,
	    "objectSize", size, "done", 1, "resource",
	    resource_object(rq, &o)));
}
