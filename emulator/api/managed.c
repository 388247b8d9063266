/* Managed folders: a name and a policy, which grants beside the bucket's. */
#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/folders.h"
#include "emulator/api/resource.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/policy.h"

void
managed_list_h(struct req *rq)
{

	folders_list(rq, true);
}

void
managed_get_h(struct req *rq)
{

	folders_get(rq, true);
}

/* Policies of folders stand beside that of the bucket, so lists must not. */
static int
managed_allowed(struct req *rq, struct acls_config *c)
{
	struct store_at now = { STORE_NOW };
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	acls_config(b.attrs, c);
	if (c->uniform)
		return (0);
	req_fail(rq, 400, "invalid", "Managed folders are only supported in "
	    "buckets with uniform bucket-level access.");
	return (-1);
}

void
managed_insert_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	const char *name = folders_body_name(rq);
	struct acls_config config;
	struct folder f;
	enum store_rc rc;

	if (name == NULL || managed_allowed(rq, &config))
		return;
	rc = store_folder_insert(rq->emu->store, &w, rq->bucket, true, name,
	    false, &rq->arena, &f);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, folders_json(rq, true, &f));
}

void
managed_delete_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	const char *name = folders_name(rq, rq->cap[1]);
	struct store_cond c;
	enum store_rc rc;

	if (name == NULL || folders_cond(rq, false, &c))
		return;
	rc = store_folder_delete(rq->emu->store, &w, rq->bucket, true, name,
	    &c, req_query_bool(rq, "allowNonEmpty", false));
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_empty(rq, 204);
}

/* ---- policies ---- */

static json_t *
managed_policy(const struct folder *f)
{

	return (json_loads(*f->policy != '\0' ? f->policy : "{}", 0, NULL));
}

static void
managed_iam_reply(struct req *rq, const struct folder *f)
{
	json_t *j = managed_policy(f);

	BUG_ON(!json_is_object(j));
	(void)json_object_set_new(j, "kind", json_string("storage#policy"));
	(void)json_object_set_new(j, "resourceId", json_string(arena_printf(
	    &rq->arena, "projects/_/buckets/%s/managedFolders/%s",
	    rq->bucket, f->name)));
	(void)json_object_set_new(j, "version",
	    json_integer(policy_version(j)));
	(void)json_object_set_new(j, "etag", json_string(
	    resource_etag(&rq->arena, 0, f->policy_version + 1)));
	req_reply_json(rq, 200, j);
}

/* The folder of the path; -1: a reply has been stored. */
static int
managed_load(struct req *rq, struct folder *f)
{
	const char *name = folders_name(rq, rq->cap[1]);
	enum store_rc rc;

	if (name == NULL)
		return (-1);
	rc = store_folder_get(rq->emu->store, rq->bucket, true, name,
	    &rq->arena, f);
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

static int
managed_policy_check(struct req *rq, const json_t *in, const struct folder *f)
{
	json_auto_t *old = managed_policy(f);

	return (policy_check(rq, in, old));
}

void
managed_get_iam_h(struct req *rq)
{
	json_auto_t *policy = NULL;
	struct folder f;

	if (managed_load(rq, &f))
		return;
	policy = managed_policy(&f);
	if (policy_version_asked(rq, policy) == 0)
		managed_iam_reply(rq, &f);
}

void
managed_set_iam_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	struct acls_config config;
	const json_t *bindings;
	int64_t version = -1;
	const char *etag;
	struct folder f;
	enum store_rc rc;
	json_t *in;
	char *text;

	if (req_json(rq, &in) || managed_load(rq, &f) ||
	    managed_policy_check(rq, in, &f) || managed_allowed(rq, &config) ||
	    acls_check_members(rq, &config, in))
		return;
	etag = json_string_value(json_object_get(in, "etag"));
	if (etag != NULL && *etag != '\0' &&
	    !resource_etag_parse(etag, &version)) {
		req_fail_rc(rq, STORE_PRECONDITION);
		return;
	}
	bindings = json_object_get(in, "bindings");
	in = json_pack("{s:o}", "bindings", json_is_array(bindings) ?
	    json_deep_copy(bindings) : json_array());
	text = json_dumps(in, JSON_COMPACT);
	json_decref(in);
	rc = store_folder_set_policy(rq->emu->store, &w, rq->bucket, f.name,
	    arena_strdup(&rq->arena, text), version < 0 ? -1 : version - 1,
	    &rq->arena, &f);
	free(text);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		managed_iam_reply(rq, &f);
}

void
managed_test_iam_h(struct req *rq)
{
	json_t *held, *j;
	struct folder f;

	if (managed_load(rq, &f))
		return;
	held = json_array();
	for (size_t i = 0; i < rq->nquery; i++)
		if (strcmp(rq->query[i].k, "permissions") == 0 &&
		    (auth_allows(rq, rq->query[i].v, rq->bucket, f.name) ||
		    auth_allows_below(rq, rq->query[i].v, f.name)))
			(void)json_array_append_new(held,
			    json_string(rq->query[i].v));
	j = json_pack("{s:s}", "kind", "storage#testIamPermissionsResponse");
	if (json_array_size(held) > 0)
		(void)json_object_set(j, "permissions", held);
	json_decref(held);
	req_reply_json(rq, 200, j);
}
