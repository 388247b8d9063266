#include "emulator/api/buckets.h"

#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/api/conditions.h"
#include "emulator/api/lists.h"
#include "emulator/api/names.h"
#include "emulator/api/projects.h"
#include "emulator/api/resource.h"
#include "emulator/api/restore.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"

/* The project asked about.  The service wants one; who asks an emulator without
 * credentials, by curl or a health check, often names none, and means
 * *dflt.  -1: a reply has been stored. */
static int
buckets_project(struct req *rq, const char *dflt, const char **project)
{
	const char *p = req_query(rq, "project");

	*project = dflt;
	if (p != NULL && *p != '\0')
		*project = projects_named(rq, p);
	else if (!auth_enforced(rq))
		return (0);
	else
		req_fail_param(rq, "project", "required",
		    "Required parameter: project");
	return (rq->status != 0 ? -1 : 0);
}

void
buckets_list_h(struct req *rq)
{
	const char *prefix = req_query(rq, "prefix"), *after, *project;
	json_t *items, *j;
	struct bucket *b;
	enum store_rc rc;
	bool more;
	size_t n;
	int max;

	if (buckets_project(rq, NULL, &project))
		return;
	if (rq->emu->all_projects && !auth_enforced(rq))
		project = NULL;
	if (req_query_bool(rq, "softDeleted", false)) {
		restore_bucket_list(rq, project);
		return;
	}
	if (lists_max(rq, "maxResults", &max) ||
	    (after = lists_page(rq, "pageToken")) == NULL)
		return;
	rc = store_bucket_list(rq->emu->store, project,
	    prefix != NULL ? prefix : "", after, max, &rq->arena, &b, &n,
	    &more);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	j = json_pack("{s:s}", "kind", "storage#buckets");
	if (n > 0) {
		items = json_array();
		for (size_t i = 0; i < n; i++)
			(void)json_array_append_new(items,
			    resource_bucket(rq, &b[i]));
		(void)json_object_set_new(j, "items", items);
	}
	if (more)
		(void)json_object_set_new(j, "nextPageToken",
		    json_string(lists_page_token(rq, b[n - 1].name)));
	req_reply_json(rq, 200, j);
}

static int
buckets_may_retain(struct req *rq)
{

	if (!req_query_bool(rq, "enableObjectRetention", false))
		return (0);
	return (auth_need(rq, "storage.buckets.enableObjectRetention", NULL,
	    NULL));
}

/* All projects share the names; whose it is makes the answer. */
static void
buckets_taken(struct req *rq, const struct bucket *b)
{
	struct store_at now = { STORE_NOW };
	struct bucket old;

	if (store_bucket_get(rq->emu->store, now, b->name, &rq->arena,
	    &old) == STORE_OK && strcmp(old.project, b->project) != 0)
		req_fail(rq, 409, rq->route->api == API_XML ?
		    "BucketNameUnavailable" : "conflict", "The requested "
		    "bucket name is not available. The bucket namespace is shared by all "
		    "users of the system. Please select a different name "
		    "and try again.");
	else
		req_fail_rc(rq, STORE_EXISTS);
}

int
buckets_make(struct req *rq, const char *name, const char *project,
    const json_t *in, struct bucket *out)
{
	struct bucket b = { .name = name, .project = project };
	struct store_write w = { .forget = rq->forget };
	json_auto_t *with = NULL;
	enum store_rc rc;

	if (names_check_bucket(rq, name))
		return (-1);
	rq->bucket = name;
	if (rq->emu->location != NULL &&
	    json_object_get(in, "location") == NULL) {
		with = json_copy((json_t *)(uintptr_t)in);
		(void)json_object_set_new(with, "location",
		    json_string(rq->emu->location));
		in = with;
	}
	if (buckets_may_retain(rq) || (b.attrs = attrs_bucket(rq, name,
	    NULL, in, &b.versioning)) == NULL || acls_new_bucket(rq, &b, in))
		return (-1);
	rc = store_bucket_insert(rq->emu->store, &w, &b, &rq->arena, out);
	rq->mutation = w.mutation;
	if (rc == STORE_EXISTS)
		buckets_taken(rq, &b);
	else if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	return (rc == STORE_OK ? 0 : -1);
}

void
buckets_insert_h(struct req *rq)
{
	const char *name, *project;
	struct bucket out;
	json_t *in;

	if (buckets_project(rq, rq->emu->project, &project) ||
	    req_json(rq, &in))
		return;
	name = json_string_value(json_object_get(in, "name"));
	if (name == NULL)
		req_fail_param(rq, "name", "required",
		    "Required parameter: name");
	else if (buckets_make(rq, name, project, in, &out) == 0)
		req_reply_json(rq, 200, resource_bucket(rq, &out));
}

/* The preconditions are checked here, as the store only does so for
 * changes. */
int
buckets_read(struct req *rq, struct bucket *b)
{
	struct store_at at = { rq->as_of };
	struct store_cond c;
	enum store_rc rc;

	if (req_cond(rq, &c))
		return (-1);
	rc = store_bucket_get(rq->emu->store, at, rq->bucket, &rq->arena, b);
	if (rc == STORE_OK && c.has_meta_match &&
	    c.meta_match != b->metageneration)
		rc = STORE_PRECONDITION;
	if (rc == STORE_OK && c.has_meta_not &&
	    c.meta_not == b->metageneration)
		rc = STORE_NOT_MODIFIED;
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

void
buckets_get_h(struct req *rq)
{
	struct bucket b;

	if (req_query_bool(rq, "softDeleted", false))
		restore_bucket_get(rq);
	else if (buckets_read(rq, &b) == 0 && !conditions_refuse(rq,
	    resource_etag(&rq->arena, 0, b.metageneration)))
		req_reply_json(rq, 200, resource_bucket(rq, &b));
}

static const char *
buckets_prevention(const json_t *attrs)
{

	return (json_string_value(json_object_get(json_object_get(attrs,
	    "iamConfiguration"), "publicAccessPrevention")));
}

/* Whoever changes lists or public access prevention changes who may do what:
 * https://cloud.google.com/storage/docs/access-control/iam-json */
static int
buckets_may(struct req *rq, const json_t *in, const struct bucket *b)
{
	json_auto_t *was = NULL;
	const char *want = buckets_prevention(in), *is;
	bool guards = json_is_array(json_object_get(in, "acl")) ||
	    json_is_array(json_object_get(in, "defaultObjectAcl"));

	if (want != NULL) {
		was = json_loads(b->attrs, 0, NULL);
		is = buckets_prevention(was);
		guards = guards || strcmp(want,
		    is != NULL ? is : "inherited") != 0;
	}
	return (guards ? auth_need_too(rq, "storage.buckets.setIamPolicy") :
	    0);
}

/* One attempt; `mine` as in objects.c. */
static enum store_rc
buckets_change_once(struct req *rq, struct store_cond c, const json_t *in,
    bool patch, bool *mine, struct bucket *b)
{
	struct store_write w = { .forget = rq->forget };
	struct store_at now = { STORE_NOW };
	const char *attrs, *policy;
	bool versioning;
	enum store_rc rc;

	*mine = false;
	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, b);
	if (rc != STORE_OK)
		return (rc);
	if (buckets_may(rq, in, b))
		return (STORE_OK);	/* a 403 has been stored */
	if (c.has_meta_not && c.meta_not == b->metageneration)
		return (STORE_NOT_MODIFIED);
	if (c.has_meta_match && c.meta_match != b->metageneration)
		return (STORE_PRECONDITION);
	/* A patch of nothing leaves even the metageneration alone. */
	if (patch && json_object_size(in) == 0 &&
	    req_query(rq, "predefinedAcl") == NULL &&
	    req_query(rq, "predefinedDefaultObjectAcl") == NULL)
		return (STORE_OK);
	attrs = patch ? attrs_bucket_patch(rq, rq->bucket, b->attrs, in,
	    &versioning) : attrs_bucket(rq, rq->bucket, b->attrs, in,
	    &versioning);
	if (attrs == NULL || acls_change_bucket(rq, b, in, &attrs, &policy))
		return (STORE_OK);	/* a 400 has been stored */
	*mine = !c.has_meta_match;
	if (*mine) {
		c.has_meta_match = true;
		c.meta_match = b->metageneration;
	}
	rc = store_bucket_set(rq->emu->store, &w, rq->bucket, &c, attrs,
	    versioning, policy, &rq->arena, b);
	rq->mutation = w.mutation;
	*mine = *mine && rc == STORE_PRECONDITION;
	return (rc);
}

int
buckets_apply(struct req *rq, const json_t *in, bool patch, struct bucket *b)
{
	struct store_cond c;
	enum store_rc rc;
	bool mine;

	if (req_cond(rq, &c))
		return (-1);
	do
		rc = buckets_change_once(rq, c, in, patch, &mine, b);
	while (mine);
	if (rq->status != 0)
		return (-1);
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

static void
buckets_change(struct req *rq, bool patch)
{
	struct bucket b;
	json_t *in;

	if (req_json(rq, &in) == 0 && buckets_apply(rq, in, patch, &b) == 0)
		req_reply_json(rq, 200, resource_bucket(rq, &b));
}

void
buckets_patch_h(struct req *rq)
{

	buckets_change(rq, true);
}

void
buckets_update_h(struct req *rq)
{

	buckets_change(rq, false);
}

void
buckets_delete_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	struct store_cond c;
	enum store_rc rc;

	if (req_cond(rq, &c))
		return;
	rc = store_bucket_delete(rq->emu->store, &w, rq->bucket, &c);
	rq->mutation = w.mutation;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_empty(rq, 204);
}

void
buckets_layout_h(struct req *rq)
{
	json_t *j, *part;
	struct bucket b;

	if (buckets_read(rq, &b))
		return;
	j = resource_bucket(rq, &b);
	part = json_pack("{s:s, s:s, s:O, s:O, s:{s:b}}",
	    "kind", "storage#storageLayout", "bucket", b.name,
	    "location", json_object_get(j, "location"),
	    "locationType", json_object_get(j, "locationType"),
	    "hierarchicalNamespace", "enabled", json_is_true(
	    json_object_get(json_object_get(j, "hierarchicalNamespace"),
	    "enabled")));
	if (json_object_get(j, "customPlacementConfig") != NULL)
		(void)json_object_set(part, "customPlacementConfig",
		    json_object_get(j, "customPlacementConfig"));
	json_decref(j);
	req_reply_json(rq, 200, part);
}
