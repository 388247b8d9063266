/* One entry at a time: storage.bucketAccessControls,
 * storage.defaultObjectAccessControls and storage.objectAccessControls, which
 * differ in where the list is kept.
 * https://cloud.google.com/storage/docs/json_api/v1/bucketAccessControls */
#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/entities.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

/* What a request is about. */
struct acls_target {
	enum acls_kind kind;
	struct bucket b;
	struct object o;		/* ACLS_OBJECT */
	struct acls_config config;
	json_t	*acl;			/* owned */
};

static enum acls_kind
acls_kind_of(const struct req *rq)
{

	if (str_starts(rq->route->id, "storage.bucketA"))
		return (ACLS_BUCKET);
	return (str_starts(rq->route->id, "storage.default") ?
	    ACLS_DEFAULT : ACLS_OBJECT);
}

/* The entity of the path, the last capture; NULL: a 400. */
static const char *
acls_entity(struct req *rq)
{

	return (entities_parse(rq,
	    rq->cap[acls_kind_of(rq) == ACLS_OBJECT ? 2 : 1]));
}

static int
acls_fail_legacy(struct req *rq, enum acls_kind kind, bool change)
{

	if (kind == ACLS_OBJECT)
		req_fail(rq, 400, "invalid", "Cannot %s when uniform "
		    "bucket-level access is enabled. " ACLS_READ_MORE,
		    change ? "update access control for an object" :
		    "get legacy ACL for an object");
	else if (change)
		req_fail(rq, 400, "invalid", "Cannot use ACL API to update "
		    "bucket policy when uniform bucket-level access is "
		    "enabled. " ACLS_READ_MORE);
	else
		req_fail(rq, 400, "invalid", "Cannot get legacy ACL for a "
		    "bucket that has uniform bucket-level access. "
		    ACLS_READ_MORE);
	return (-1);
}

/* Bucket, object and list as they are.  -1: a reply has been stored. */
static int
acls_load(struct req *rq, struct acls_target *t, bool change)
{
	struct store_at at = { change ? STORE_NOW : rq->as_of };
	struct store_cond c;
	enum store_rc rc;

	*t = (struct acls_target){ .kind = acls_kind_of(rq) };
	if (req_cond(rq, &c))
		return (-1);
	rc = store_bucket_get(rq->emu->store, at, rq->bucket, &rq->arena,
	    &t->b);
	if (rc == STORE_OK)
		acls_config(t->b.attrs, &t->config);
	if (rc == STORE_OK && t->config.uniform)
		return (acls_fail_legacy(rq, t->kind, change));
	if (rc == STORE_OK && t->kind == ACLS_OBJECT)
		rc = store_object_get(rq->emu->store, at, rq->bucket,
		    rq->object, &c, &rq->arena, &t->o);
	else if (rc == STORE_OK && c.has_meta_match &&
	    c.meta_match != t->b.metageneration)
		rc = STORE_PRECONDITION;
	else if (rc == STORE_OK && c.has_meta_not &&
	    c.meta_not == t->b.metageneration)
		rc = STORE_NOT_MODIFIED;
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	t->acl = t->kind == ACLS_BUCKET ? acls_of_bucket(rq, &t->b) :
	    t->kind == ACLS_DEFAULT ? acls_of_default(rq, &t->b) :
	    acls_of_object(rq, &t->o);
	return (0);
}

/* attrs with the list in them under that key. */
static const char *
acls_put(struct req *rq, const char *attrs, const char *k, json_t *acl)
{
	json_auto_t *j = json_loads(attrs, 0, NULL);
	const char *s;
	char *text;

	BUG_ON(j == NULL);
	(void)json_object_set(j, k, acl);
	text = json_dumps(j, JSON_COMPACT);
	s = arena_strdup(&rq->arena, text);
	free(text);
	return (s);
}

/* Write t->acl where it belongs, if nothing has changed since it was read. */
static enum store_rc
acls_save(struct req *rq, struct acls_target *t)
{
	struct store_write w = { .forget = rq->forget };
	struct store_cond c = { .has_meta_match = true };
	const char *attrs = t->b.attrs, *policy = NULL;
	enum store_rc rc;

	if (t->kind == ACLS_OBJECT) {
		c.meta_match = t->o.metageneration;
		c.generation = t->o.generation;
		rc = store_object_update(rq->emu->store, &w, rq->bucket,
		    rq->object, &c, acls_put(rq, t->o.attrs, "acl", t->acl),
		    &rq->arena, &t->o);
	} else {
		c.meta_match = t->b.metageneration;
		if (t->kind == ACLS_BUCKET)
			policy = acls_into_policy(rq, t->kind, t->b.policy,
			    t->acl, t->b.project);
		else
			attrs = acls_put(rq, attrs, "defaultObjectAcl",
			    t->acl);
		rc = store_bucket_set(rq->emu->store, &w, rq->bucket, &c,
		    attrs, t->b.versioning, policy, &rq->arena, &t->b);
	}
	rq->mutation = w.mutation;
	return (rc);
}

static const struct object *
acls_object(const struct acls_target *t)
{

	return (t->kind == ACLS_OBJECT ? &t->o : NULL);
}

void
acls_list_h(struct req *rq)
{
	struct acls_target t;
	struct jtext w;

	if (acls_load(rq, &t, false))
		return;
	req_json_begin(rq, &w);
	jtext_open(&w, '{');
	jtext_set(&w, "kind", t.kind == ACLS_BUCKET ?
	    "storage#bucketAccessControls" : "storage#objectAccessControls");
	jtext_key(&w, "items", 5);
	acls_array(rq, &w, t.kind, &t.b, acls_object(&t), t.acl);
	jtext_close(&w, '}');
	json_decref(t.acl);
	req_reply_written(rq, 200, &w);
}

static void
acls_reply(struct req *rq, const struct acls_target *t, const char *entity)
{
	struct jtext w;

	req_json_begin(rq, &w);
	acls_entry(rq, &w, t->kind, &t->b, acls_object(t), entity,
	    json_string_value(json_object_get(t->acl, entity)));
	req_reply_written(rq, 200, &w);
}

void
acls_get_h(struct req *rq)
{
	const char *entity = acls_entity(rq);
	struct acls_target t;

	if (entity == NULL || acls_load(rq, &t, false))
		return;
	if (json_object_get(t.acl, entity) != NULL)
		acls_reply(rq, &t, entity);
	else
		req_fail(rq, 404, "notFound", "Not Found");
	json_decref(t.acl);
}

/* One attempt of a change: role NULL takes the entry out.  Another writer may
 * come between the reading and the writing: then once more. */
static enum store_rc
acls_change_once(struct req *rq, const char *entity, const char *role,
    bool must_exist, struct acls_target *t)
{

	if (acls_load(rq, t, true))
		return (STORE_OK);	/* a reply has been stored */
	if ((role == NULL || must_exist) &&
	    json_object_get(t->acl, entity) == NULL) {
		req_fail(rq, 404, "notFound", "Not Found");
		return (STORE_OK);
	}
	if (t->kind == ACLS_OBJECT && (role == NULL ||
	    strcmp(role, "OWNER") != 0) &&
	    strcmp(entity, acls_owner(rq, &t->o)) == 0) {
		req_fail(rq, 400, "invalid", "The object's owner always has "
		    "OWNER permission.");
		return (STORE_OK);
	}
	if (role == NULL)
		(void)json_object_del(t->acl, entity);
	else
		(void)json_object_set_new(t->acl, entity, json_string(role));
	if (role != NULL && acls_check_public(rq, &t->config, t->acl))
		return (STORE_OK);
	return (acls_save(rq, t));
}

static void
acls_change(struct req *rq, const char *entity, const char *role,
    bool must_exist)
{
	struct acls_target t;
	enum store_rc rc;

	for (;;) {
		rc = acls_change_once(rq, entity, role, must_exist, &t);
		if (rc != STORE_PRECONDITION)
			break;
		json_decref(t.acl);
	}
	if (rq->status == 0 && rc != STORE_OK)
		req_fail_rc(rq, rc);
	else if (rq->status == 0 && role == NULL)
		req_reply_empty(rq, 204);
	else if (rq->status == 0)
		acls_reply(rq, &t, entity);
	json_decref(t.acl);
}

/* The role in a body; *role is NULL where there is none.  -1: a 400. */
static int
acls_role(struct req *rq, const json_t *in, const char **role)
{
	const json_t *v = json_object_get(in, "role");

	*role = json_string_value(v);
	if (v == NULL || json_is_null(v) ||
	    (*role != NULL && acls_role_ok(acls_kind_of(rq), *role)))
		return (0);
	req_fail(rq, 400, "invalid", "Invalid value for field 'role': '%s'.",
	    *role != NULL ? *role : "(not a text)");
	return (-1);
}

void
acls_insert_h(struct req *rq)
{
	const char *entity, *role;
	json_t *in;

	if (req_json(rq, &in) || acls_role(rq, in, &role))
		return;
	entity = json_string_value(json_object_get(in, "entity"));
	if (entity == NULL || role == NULL)
		req_fail(rq, 400, "required", "Required");
	else if ((entity = entities_parse(rq, entity)) != NULL)
		acls_change(rq, entity, role, false);
}

/* patch and update: of the entry that the path names. */
static void
acls_replace(struct req *rq, bool patch)
{
	const char *entity = acls_entity(rq), *other, *role;
	json_t *in;

	if (entity == NULL || req_json(rq, &in) || acls_role(rq, in, &role))
		return;
	other = json_string_value(json_object_get(in, "entity"));
	if (other != NULL && (other = entities_parse(rq, other)) == NULL)
		return;
	if (other != NULL && strcmp(other, entity) != 0)
		req_fail(rq, 400, "invalid", "The entity of the body, '%s', "
		    "is not that of the path, '%s'.", other, entity);
	else if (role != NULL)
		acls_change(rq, entity, role, patch);
	else if (patch)
		acls_get_h(rq);		/* nothing changes */
	else
		req_fail(rq, 400, "required", "Required");
}

void
acls_patch_h(struct req *rq)
{

	acls_replace(rq, true);
}

void
acls_update_h(struct req *rq)
{

	acls_replace(rq, false);
}

void
acls_delete_h(struct req *rq)
{
	const char *entity = acls_entity(rq);

	if (entity != NULL)
		acls_change(rq, entity, NULL, true);
}
