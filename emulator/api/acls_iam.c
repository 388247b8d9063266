/* An object's list as an IAM policy: the same entries, by legacy roles.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/getIamPolicy */
#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/resource.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/policy.h"

/* Bucket and object; -1: a reply has been stored. */
static int
acls_iam_load(struct req *rq, struct bucket *b, struct object *o,
    bool lists)
{
	struct store_at at = { rq->as_of };
	struct acls_config config;
	struct store_cond c;
	enum store_rc rc;

	if (req_cond(rq, &c))
		return (-1);
	rc = store_bucket_get(rq->emu->store, at, rq->bucket, &rq->arena, b);
	if (rc == STORE_OK) {
		acls_config(b->attrs, &config);
		if (lists && config.uniform) {
			req_fail(rq, 400, "invalid", "Cannot use object-level "
			    "IAM policies when uniform bucket-level access "
			    "is enabled. " ACLS_READ_MORE);
			return (-1);
		}
		rc = store_object_get(rq->emu->store, at, rq->bucket,
		    rq->object, &c, &rq->arena, o);
	}
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

static void
acls_iam_reply(struct req *rq, const struct bucket *b, const struct object *o)
{
	json_t *j = acls_object_policy(rq, b, o);

	(void)json_object_set_new(j, "kind", json_string("storage#policy"));
	(void)json_object_set_new(j, "resourceId", json_string(arena_printf(
	    &rq->arena, "projects/_/buckets/%s/objects/%s#%lld", b->name,
	    o->name, (long long)o->generation)));
	(void)json_object_set_new(j, "version", json_integer(1));
	(void)json_object_set_new(j, "etag", json_string(resource_etag(
	    &rq->arena, o->generation, o->metageneration)));
	req_reply_json(rq, 200, j);
}

void
acls_get_iam_h(struct req *rq)
{
	struct bucket b;
	struct object o;

	if (acls_iam_load(rq, &b, &o, true) == 0)
		acls_iam_reply(rq, &b, &o);
}

/* Lists know no other roles. */
static int
acls_iam_check(struct req *rq, const json_t *in)
{
	const json_t *b;
	size_t i;

	if (policy_check(rq, in, NULL))
		return (-1);
	json_array_foreach(json_object_get(in, "bindings"), i, b) {
		const char *role = json_string_value(json_object_get(b,
		    "role"));

		if (strcmp(role, "roles/storage.legacyObjectOwner") != 0 &&
		    strcmp(role, "roles/storage.legacyObjectReader") != 0) {
			req_fail(rq, 400, "invalid", "Role %s is not "
			    "supported for this resource.", role);
			return (-1);
		}
	}
	return (0);
}

static enum store_rc
acls_iam_save(struct req *rq, const struct bucket *b, struct object *o,
    const json_t *in)
{
	struct store_write w = { .forget = rq->forget };
	struct store_cond c = { .generation = o->generation,
	    .has_meta_match = true, .meta_match = o->metageneration };
	json_auto_t *attrs = json_loads(o->attrs, 0, NULL);
	enum store_rc rc;
	char *text;

	(void)json_object_set_new(attrs, "acl", acls_from_policy(rq,
	    ACLS_OBJECT, in, b->project));
	text = json_dumps(attrs, JSON_COMPACT);
	rc = store_object_update(rq->emu->store, &w, rq->bucket, rq->object,
	    &c, text, &rq->arena, o);
	rq->mutation = w.mutation;
	free(text);
	return (rc);
}

void
acls_set_iam_h(struct req *rq)
{
	struct acls_config config;
	const char *etag;
	struct bucket b;
	struct object o;
	enum store_rc rc;
	json_t *in;

	if (req_json(rq, &in) || acls_iam_load(rq, &b, &o, true) ||
	    acls_iam_check(rq, in))
		return;
	acls_config(b.attrs, &config);
	if (acls_check_members(rq, &config, in))
		return;
	etag = json_string_value(json_object_get(in, "etag"));
	rc = etag != NULL && *etag != '\0' && strcmp(etag,
	    resource_etag(&rq->arena, o.generation, o.metageneration)) != 0 ?
	    STORE_PRECONDITION : acls_iam_save(rq, &b, &o, in);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		acls_iam_reply(rq, &b, &o);
}

void
acls_test_iam_h(struct req *rq)
{
	json_t *held, *j;
	struct bucket b;
	struct object o;

	if (acls_iam_load(rq, &b, &o, false))
		return;
	held = json_array();
	for (size_t i = 0; i < rq->nquery; i++)
		if (strcmp(rq->query[i].k, "permissions") == 0 &&
		    auth_allows_object(rq, rq->query[i].v, &b, &o))
			(void)json_array_append_new(held,
			    json_string(rq->query[i].v));
	j = json_pack("{s:s}", "kind", "storage#testIamPermissionsResponse");
	if (json_array_size(held) > 0)
		(void)json_object_set(j, "permissions", held);
	json_decref(held);
	req_reply_json(rq, 200, j);
}
