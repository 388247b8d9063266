#include "emulator/api/restore.h"

#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/lists.h"
#include "emulator/api/objects.h"
#include "emulator/api/resource.h"
#include "emulator/identity/auth.h"

const char *
restore_token(struct req *rq, const struct object *o)
{
	struct store_at now = { STORE_NOW };
	struct acls_config c = { .hierarchical = false };
	struct bucket b;

	if (o->hard_us == 0)
		return (NULL);
	if (store_bucket_get(rq->emu->store, now, o->bucket, &rq->arena,
	    &b) == STORE_OK)
		acls_config(b.attrs, &c);
	return (c.hierarchical ? arena_printf(&rq->arena, "%016llx%016llx",
	    (unsigned long long)o->soft_us,
	    (unsigned long long)o->generation) : NULL);
}

/* Is it the one that the client means, if it says so? */
static bool
restore_meant(struct req *rq, const struct object *o)
{
	const char *want = req_query(rq, "restoreToken"),
	    *token = restore_token(rq, o);

	return (want == NULL || token == NULL || strcmp(want, token) == 0);
}

/* Does the bucket soft-delete?  -1: the error has been stored. */
static int
restore_policy(struct req *rq, const char *without)
{
	struct store_at now = { STORE_NOW };
	struct bucket b;
	enum store_rc rc;
	const char *s;
	json_t *j;
	bool on;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	j = json_loads(b.attrs, 0, NULL);
	s = json_string_value(json_object_get(json_object_get(j,
	    "softDeletePolicy"), "retentionDurationSeconds"));
	on = s != NULL && strcmp(s, "0") != 0;
	json_decref(j);
	if (on)
		return (0);
	req_fail(rq, 400, "invalid", "%s", without);
	return (-1);
}

int
restore_listable(struct req *rq)
{

	return (restore_policy(rq, "Soft delete policy is required to list "
	    "soft-deleted versions"));
}

enum store_rc
restore_look(struct req *rq, int64_t generation, struct object *out)
{
	struct store_at at = { rq->as_of };

	if (generation == 0) {
		req_fail(rq, 400, "required", "You must specify a "
		    "generation.");
		return (STORE_NO_OBJECT);
	}
	if (restore_policy(rq, "Soft delete policy is required to request a "
	    "soft-deleted version"))
		return (STORE_NO_OBJECT);
	return (store_object_soft_get(rq->emu->store, at, rq->bucket,
	    rq->object, generation, &rq->arena, out));
}

static int
restore_permit(struct req *rq)
{

	if (auth_need(rq, "storage.objects.create", rq->bucket, rq->object))
		return (-1);
	return (objects_may_overwrite(rq, rq->bucket, rq->object));
}

/* Its attrs; the list is the bucket's default unless the old one is wanted. */
static const char *
restore_attrs(struct req *rq, const struct object *o)
{
	struct store_at now = { STORE_NOW };
	struct acls_config c;
	struct bucket b;

	if (!req_query_bool(rq, "copySourceAcl", false))
		return (acls_new_object(rq, rq->bucket, "", NULL,
		    acls_strip(rq, o->attrs)));
	if (store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena,
	    &b) == STORE_OK) {
		acls_config(b.attrs, &c);
		if (c.uniform) {
			req_fail(rq, 400, "invalid", "copySourceAcl cannot "
			    "be used when uniform bucket-level access is "
			    "enabled. " ACLS_READ_MORE);
			return (NULL);
		}
	}
	if (auth_need(rq, "storage.objects.setIamPolicy", rq->bucket,
	    rq->object))
		return (NULL);
	return (o->attrs);
}

void
restore_object_h(struct req *rq)
{
	struct store_write w = objects_write(rq);
	struct store_at now = { STORE_NOW };
	const char *attrs = NULL;
	struct store_cond c;
	struct object o;
	enum store_rc rc;

	if (req_cond(rq, &c))
		return;
	if (c.generation == 0) {
		req_fail_param(rq, "generation", "required",
		    "Required parameter: generation");
		return;
	}
	if (restore_policy(rq, "bucket soft delete policy must be set.") ||
	    restore_permit(rq))
		return;
	rc = store_object_soft_get(rq->emu->store, now, rq->bucket,
	    rq->object, c.generation, &rq->arena, &o);
	if (rc == STORE_OK && !restore_meant(rq, &o))
		rc = STORE_NO_OBJECT;
	if (rc == STORE_OK && (attrs = restore_attrs(rq, &o)) == NULL)
		return;
	if (rc == STORE_OK)
		rc = store_object_restore(rq->emu->store, &w, rq->bucket,
		    rq->object, c.generation, &c, attrs, &rq->arena, &o);
	rq->mutation = w.mutation;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		resource_reply(rq, &o);
}

/* ---- buckets ---- */

static int
restore_generation(struct req *rq, int64_t *generation)
{
	bool has;

	if (req_query_int(rq, "generation", &has, generation))
		return (-1);
	if (has)
		return (0);
	req_fail_param(rq, "generation", "required",
	    "Required parameter: generation");
	return (-1);
}

void
restore_bucket_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	int64_t generation;
	struct bucket b;
	enum store_rc rc;

	if (restore_generation(rq, &generation) ||
	    /* whoever deleted the bucket had its policy */
	    auth_need(rq, "storage.buckets.restore", NULL, NULL))
		return;
	rc = store_bucket_restore(rq->emu->store, &w, rq->bucket, generation,
	    &rq->arena, &b);
	rq->mutation = w.mutation;
	if (rc == STORE_EXISTS)
		req_fail(rq, 409, "conflict", "A live bucket of the name %s "
		    "exists; it must be deleted before this one is restored.",
		    rq->bucket);
	else if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, resource_bucket(rq, &b));
}

void
restore_bucket_get(struct req *rq)
{
	int64_t generation;
	struct bucket b;
	enum store_rc rc;

	if (restore_generation(rq, &generation) ||
	    auth_need(rq, "storage.buckets.get", NULL, NULL))
		return;
	rc = store_bucket_soft_get(rq->emu->store, rq->bucket, generation,
	    &rq->arena, &b);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, resource_bucket(rq, &b));
}

void
restore_bucket_list(struct req *rq, const char *project)
{
	const char *prefix = lists_text(rq, "prefix"), *after;
	json_t *items = json_array(), *j;
	struct bucket *b = NULL;
	enum store_rc rc;
	bool more;
	size_t n;
	int max;

	j = json_pack("{s:s, s:o}", "kind", "storage#buckets", "items",
	    items);
	if (lists_max(rq, "maxResults", &max) ||
	    (after = lists_page(rq, "pageToken")) == NULL) {
		json_decref(j);
		return;
	}
	rc = store_bucket_soft_list(rq->emu->store, project, prefix, &after,
	    max, &rq->arena, &b, &n, &more);
	if (rc != STORE_OK) {
		json_decref(j);
		req_fail_rc(rq, rc);
		return;
	}
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(items, resource_bucket(rq, &b[i]));
	if (n == 0)
		(void)json_object_del(j, "items");
	if (more)
		(void)json_object_set_new(j, "nextPageToken",
		    json_string(lists_page_token(rq, after)));
	req_reply_json(rq, 200, j);
}
