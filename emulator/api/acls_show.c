/* Lists in answers.  A listing of a thousand objects with projection=full
 * shows a thousand of them, so what is the same for all is asked once. */
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/entities.h"
#include "emulator/api/resource.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

struct acls_seen {
	const char *bucket;		/* the one that the rest is about */
	struct bucket b;
	bool	show;			/* its objects' lists may be shown */
	bool	allowed;		/* … all, whatever each one says */
};

/* What the entries of one list have in common. */
struct acls_frame {
	const char *kind, *id, *link, *etag;
	const struct object *o;		/* NULL: a bucket's */
};

static void
acls_frame(struct req *rq, enum acls_kind kind, const struct bucket *b,
    const struct object *o, struct acls_frame *f)
{

	*f = (struct acls_frame){ .o = o, .kind = kind == ACLS_BUCKET ?
	    "storage#bucketAccessControl" : "storage#objectAccessControl" };
	f->etag = o != NULL ? resource_etag(&rq->arena, o->generation,
	    o->metageneration) : resource_etag(&rq->arena, 0,
	    b->metageneration);
	if (kind == ACLS_DEFAULT)
		return;			/* these have no address */
	f->link = arena_printf(&rq->arena, "%s/acl",
	    resource_url(rq, "", b->name, o != NULL ? o->name : NULL));
	f->id = o == NULL ? b->name : arena_printf(&rq->arena, "%s/%s/%lld",
	    b->name, o->name, (long long)o->generation);
}

static json_t *
acls_framed(struct req *rq, const struct acls_frame *f,
    const struct bucket *b, const char *entity, const char *role)
{
	json_t *j = json_pack("{s:s, s:s, s:s}", "kind", f->kind, "role",
	    role, "etag", f->etag);

	BUG_ON(j == NULL);
	entities_show(j, entity);
	if (f->link == NULL)
		return (j);
	(void)json_object_set_new(j, "id", json_string(arena_printf(
	    &rq->arena, "%s/%s", f->id, entity)));
	(void)json_object_set_new(j, "selfLink", json_string(arena_printf(
	    &rq->arena, "%s/%s", f->link, entity)));
	(void)json_object_set_new(j, "bucket", json_string(b->name));
	if (f->o == NULL)
		return (j);
	(void)json_object_set_new(j, "object", json_string(f->o->name));
	(void)json_object_set_new(j, "generation", json_string(arena_printf(
	    &rq->arena, "%lld", (long long)f->o->generation)));
	return (j);
}

json_t *
acls_entry(struct req *rq, enum acls_kind kind, const struct bucket *b,
    const struct object *o, const char *entity, const char *role)
{
	struct acls_frame f;

	acls_frame(rq, kind, b, o, &f);
	return (acls_framed(rq, &f, b, entity, role));
}

json_t *
acls_array(struct req *rq, enum acls_kind kind, const struct bucket *b,
    const struct object *o, const json_t *acl)
{
	json_t *mut = (json_t *)(uintptr_t)acl, *all = json_array(), *role;
	struct acls_frame f;
	const char *entity;

	acls_frame(rq, kind, b, o, &f);
	json_object_foreach(mut, entity, role)
		(void)json_array_append_new(all, acls_framed(rq, &f, b,
		    entity, json_string_value(role)));
	return (all);
}

/* ---- projection ---- */

int
acls_check_projection(struct req *rq)
{
	const char *p = req_query(rq, "projection");

	if (p == NULL || *p == '\0' || strcmp(p, "full") == 0 ||
	    strcasecmp(p, "noAcl") == 0)
		return (0);
	req_fail_param(rq, "projection", "invalidParameter", "Invalid value "
	    "for parameter projection: '%s'.", p);
	return (-1);
}

static bool
acls_full(const struct req *rq)
{
	static const char *const full[] = { "storage.buckets.patch",
		"storage.buckets.update", "storage.buckets.restore",
		"storage.objects.patch", "storage.objects.update",
		"storage.objects.compose", "storage.objects.restore" };
	const char *p = req_query(rq, "projection");

	if (p != NULL && *p != '\0')
		return (strcmp(p, "full") == 0);
	for (size_t i = 0; i < NELEMS(full); i++)
		if (strcmp(rq->route->id, full[i]) == 0)
			return (true);
	return (rq->acl_given);
}

void
acls_show_bucket(struct req *rq, json_t *j, const struct bucket *b)
{
	struct acls_config c;
	json_t *acl;

	(void)json_object_del(j, "defaultObjectAcl");
	if (!acls_full(rq))
		return;
	acls_config(b->attrs, &c);
	if (c.uniform ||
	    !auth_allows(rq, "storage.buckets.getIamPolicy", b->name))
		return;
	acl = acls_of_bucket(rq, b);
	(void)json_object_set_new(j, "acl",
	    acls_array(rq, ACLS_BUCKET, b, NULL, acl));
	json_decref(acl);
	acl = acls_of_default(rq, b);
	(void)json_object_set_new(j, "defaultObjectAcl",
	    acls_array(rq, ACLS_DEFAULT, b, NULL, acl));
	json_decref(acl);
	(void)json_object_set_new(j, "owner", json_pack("{s:s}", "entity",
	    entities_team(rq, "owners")));
}

/* The bucket of an object that is answered, read once a request. */
static const struct acls_seen *
acls_look(struct req *rq, const char *bucket)
{
	struct store_at at = { rq->as_of };
	struct acls_seen *seen = rq->acl_seen;
	struct acls_config c;

	if (seen != NULL && strcmp(seen->bucket, bucket) == 0)
		return (seen);
	seen = arena_alloc(&rq->arena, sizeof(*seen));
	seen->bucket = arena_strdup(&rq->arena, bucket);
	rq->acl_seen = seen;
	if (store_bucket_get(rq->emu->store, at, bucket, &rq->arena,
	    &seen->b) != STORE_OK)
		return (seen);
	acls_config(seen->b.attrs, &c);
	seen->show = !c.uniform;
	seen->allowed = seen->show && auth_allows(rq,
	    "storage.objects.getIamPolicy", bucket);
	return (seen);
}

void
acls_show_object(struct req *rq, json_t *j, const struct object *o)
{
	const struct acls_seen *seen;
	json_t *acl, *owner;

	(void)json_object_del(j, "acl");
	(void)json_object_del(j, "owner");
	if (!acls_full(rq))
		return;
	seen = acls_look(rq, o->bucket);
	if (!seen->show || (!seen->allowed && !auth_allows_object(rq,
	    "storage.objects.getIamPolicy", &seen->b, o)))
		return;
	acl = acls_of_object(rq, o);
	(void)json_object_set_new(j, "acl",
	    acls_array(rq, ACLS_OBJECT, &seen->b, o, acl));
	json_decref(acl);
	owner = json_object();
	entities_show(owner, acls_owner(rq, o));
	(void)json_object_del(owner, "email");
	(void)json_object_set_new(j, "owner", owner);
}
