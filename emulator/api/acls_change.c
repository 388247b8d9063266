/* Lists in what clients send: with a new object or bucket, or a change. */
#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/entities.h"
#include "emulator/xml/xml_req.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/policy.h"
#include "lib/str.h"

static int
acls_fail_uniform(struct req *rq, const char *what)
{

	req_fail(rq, 400, "invalid", "Cannot %s when uniform bucket-level "
	    "access is enabled. " ACLS_READ_MORE, what);
	return (-1);
}

/* The name of a predefined list: of the query or, in the XML API, of the
 * header.  NULL: none. */
static const char *
acls_param(struct req *rq, const char *param)
{
	const char *s = rq->route->api == API_XML ?
	    xml_header(rq, "acl") : req_query(rq, param);

	return (s != NULL && *s != '\0' ? s : NULL);
}

/* An empty array is no list: clients that read with noAcl and write back what
 * they got send one. */
static const json_t *
acls_field(const json_t *in, const char *k)
{
	const json_t *v = json_object_get(in, k);

	return (json_is_array(v) && json_array_size(v) > 0 ? v : NULL);
}

/* The list that is asked for in either way, checked; NULL: an error. */
static json_t *
acls_given(struct req *rq, enum acls_kind kind, const struct acls_config *c,
    const char *name, const json_t *array)
{
	json_t *acl = name != NULL ? acls_predefined(rq, kind, name) :
	    acls_parse(rq, kind, array);

	if (acl != NULL && acls_check_public(rq, c, acl)) {
		json_decref(acl);
		return (NULL);
	}
	return (acl);
}

static const char *
acls_dump(struct req *rq, const json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
	const char *s;

	BUG_ON(text == NULL);
	s = arena_strdup(&rq->arena, text);
	free(text);
	return (s);
}

/* attrs, a JSON object, with one more field at its end.  By text, as every
 * upload comes by here. */
static const char *
acls_append(struct req *rq, const char *attrs, const char *k,
    const char *json)
{
	size_t n = strlen(attrs);

	BUG_ON(n < 2 || attrs[n - 1] != '}');
	return (arena_printf(&rq->arena, "%.*s%s\"%s\":%s}", (int)(n - 1),
	    attrs, n > 2 ? "," : "", k, json));
}

/* ---- objects ---- */

static const char *
acls_append_owner(struct req *rq, const char *attrs)
{
	json_auto_t *owner = NULL;

	if (rq->principal == NULL)
		return (attrs);		/* acls_owner() knows */
	owner = json_string(entities_caller(rq));
	return (acls_append(rq, attrs, "owner", acls_dump(rq, owner)));
}

const char *
acls_new_object(struct req *rq, const char *bucket, const char *param,
    const json_t *in, const char *attrs)
{

	return (acls_new_object_named(rq, bucket, acls_param(rq, param), in,
	    attrs));
}

const char *
acls_new_object_named(struct req *rq, const char *bucket, const char *name,
    const json_t *in, const char *attrs)
{
	const json_t *array = acls_field(in, "acl");
	struct store_at now = { STORE_NOW };
	json_auto_t *acl = NULL;
	struct acls_config c;
	struct bucket b;

	rq->acl_given = array != NULL;
	attrs = acls_append_owner(rq, attrs);
	if (name == NULL && array == NULL)
		return (attrs);
	if (store_bucket_get(rq->emu->store, now, bucket, &rq->arena, &b) !=
	    STORE_OK)
		return (attrs);		/* the store will say so */
	acls_config(b.attrs, &c);
	if (c.uniform) {
		(void)acls_fail_uniform(rq,
		    "insert legacy ACL for an object");
		return (NULL);
	}
	if ((acl = acls_given(rq, ACLS_OBJECT, &c, name, array)) == NULL)
		return (NULL);
	return (acls_append(rq, attrs, "acl", acls_dump(rq, acl)));
}

const char *
acls_strip(struct req *rq, const char *attrs)
{
	json_auto_t *j = NULL;

	if (strstr(attrs, "\"acl\":") == NULL &&
	    strstr(attrs, "\"owner\":") == NULL)
		return (attrs);
	j = json_loads(attrs, 0, NULL);
	BUG_ON(j == NULL);
	(void)json_object_del(j, "acl");
	(void)json_object_del(j, "owner");
	return (acls_dump(rq, j));
}

/* May the caller change the list of o, and may the bucket have one? */
static int
acls_may_change(struct req *rq, const struct object *o,
    struct acls_config *c)
{
	static const char permission[] = "storage.objects.setIamPolicy";
	struct store_at now = { STORE_NOW };
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, o->bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	acls_config(b.attrs, c);
	if (c->uniform)
		return (acls_fail_uniform(rq,
		    "update access control for an object"));
	if (auth_allows_object(rq, permission, &b, o))
		return (0);
	auth_refuse(rq, permission);
	return (-1);
}

const char *
acls_change_object(struct req *rq, const struct object *old,
    const json_t *in, const char *attrs)
{
	const char *name = acls_param(rq, "predefinedAcl");
	const json_t *array = acls_field(in, "acl");
	json_auto_t *was = NULL, *j = NULL;
	struct acls_config c;
	json_t *acl;

	if (name == NULL && array == NULL &&
	    strstr(old->attrs, "\"acl\":") == NULL &&
	    strstr(old->attrs, "\"owner\":") == NULL)
		return (attrs);
	was = json_loads(old->attrs, 0, NULL);
	j = json_loads(attrs, 0, NULL);
	BUG_ON(was == NULL || j == NULL);
	if (json_object_get(was, "owner") != NULL)
		(void)json_object_set(j, "owner",
		    json_object_get(was, "owner"));
	if (name == NULL && array == NULL) {
		if (json_object_get(was, "acl") != NULL)
			(void)json_object_set(j, "acl",
			    json_object_get(was, "acl"));
		return (acls_dump(rq, j));
	}
	if (acls_may_change(rq, old, &c) ||
	    (acl = acls_given(rq, ACLS_OBJECT, &c, name, array)) == NULL)
		return (NULL);
	(void)json_object_set_new(j, "acl", acl);
	return (acls_dump(rq, j));
}

/* ---- buckets ---- */

struct acls_change {
	const char *name, *default_name;	/* predefined */
	const json_t *acl, *default_acl;
};

static bool
acls_changes(struct req *rq, const json_t *in, struct acls_change *x)
{
	bool xml = rq->route->api == API_XML;

	/* xml_acl.c has put the header's list into `in`. */
	x->name = xml && (json_object_get(in, "acl") != NULL ||
	    json_object_get(in, "defaultObjectAcl") != NULL) ? NULL :
	    acls_param(rq, "predefinedAcl");
	x->default_name = xml ? NULL :
	    acls_param(rq, "predefinedDefaultObjectAcl");
	x->acl = acls_field(in, "acl");
	x->default_acl = acls_field(in, "defaultObjectAcl");
	rq->acl_given = x->acl != NULL || x->default_acl != NULL;
	return (x->name != NULL || x->default_name != NULL ||
	    rq->acl_given);
}

/* -1: the lists asked for are not allowed, by a 400 or 412. */
static int
acls_apply(struct req *rq, const struct acls_change *x,
    const struct acls_config *c, const struct bucket *b, json_t *attrs,
    const char **policy)
{
	json_t *acl;

	if (c->uniform)
		return (acls_fail_uniform(rq,
		    "use ACL API to update bucket policy"));
	if (x->name != NULL || x->acl != NULL) {
		acl = acls_given(rq, ACLS_BUCKET, c, x->name, x->acl);
		if (acl == NULL)
			return (-1);
		*policy = acls_into_policy(rq, ACLS_BUCKET, b->policy, acl,
		    b->project);
		json_decref(acl);
	}
	if (x->default_name != NULL || x->default_acl != NULL) {
		acl = acls_given(rq, ACLS_DEFAULT, c, x->default_name,
		    x->default_acl);
		if (acl == NULL)
			return (-1);
		(void)json_object_set_new(attrs, "defaultObjectAcl", acl);
	}
	return (0);
}

int
acls_new_bucket(struct req *rq, struct bucket *b, const json_t *in)
{
	json_auto_t *attrs = json_loads(b->attrs, 0, NULL), *acl = NULL;
	struct acls_change x;
	struct acls_config c;

	BUG_ON(attrs == NULL);
	acls_config(b->attrs, &c);
	if ((acl = acls_predefined(rq, ACLS_BUCKET, "projectPrivate")) ==
	    NULL)
		return (-1);
	b->policy = acls_into_policy(rq, ACLS_BUCKET, "{\"bindings\":[]}",
	    acl, b->project);
	/* Where objects have no lists their readers stand in the policy. */
	if (c.uniform)
		b->policy = acls_into_policy(rq, ACLS_OBJECT, b->policy, acl,
		    b->project);
	if (!acls_changes(rq, in, &x))
		return (0);
	if (acls_apply(rq, &x, &c, b, attrs, &b->policy))
		return (-1);
	b->attrs = acls_dump(rq, attrs);
	return (0);
}

static bool
acls_has_conditions(const struct bucket *b)
{
	json_auto_t *policy = NULL;

	if (strstr(b->policy, "\"condition\"") == NULL)
		return (false);		/* nearly always */
	policy = json_loads(b->policy, 0, NULL);
	return (policy_version(policy) == 3);
}

int
acls_change_bucket(struct req *rq, const struct bucket *old,
    const json_t *in, const char **attrs, const char **policy)
{
	static const char permission[] = "storage.buckets.setIamPolicy";
	json_auto_t *was = json_loads(old->attrs, 0, NULL);
	json_auto_t *j = json_loads(*attrs, 0, NULL);
	json_t *keep = json_object_get(was, "defaultObjectAcl");
	struct acls_change x;
	struct acls_config c;

	BUG_ON(was == NULL || j == NULL);
	*policy = NULL;
	if (keep != NULL) {		/* a full update has left it out */
		(void)json_object_set(j, "defaultObjectAcl", keep);
		*attrs = acls_dump(rq, j);
	}
	acls_config(*attrs, &c);
	if (!c.uniform && acls_has_conditions(old)) {
		req_fail(rq, 412, "conditionNotMet", "Uniform bucket-level "
		    "access cannot be disabled while the bucket's policy has "
		    "conditions: remove them first. " ACLS_READ_MORE);
		return (-1);
	}
	if (!acls_changes(rq, in, &x))
		return (0);
	if (auth_need(rq, permission, old->name, NULL))
		return (-1);
	if (acls_apply(rq, &x, &c, old, j, policy))
		return (-1);
	*attrs = acls_dump(rq, j);
	return (0);
}
