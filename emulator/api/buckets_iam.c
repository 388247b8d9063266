/* A bucket's IAM policy: the store keeps its bindings as text, the number of
 * its version is its etag. */
#include "emulator/api/buckets.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/resource.h"
#include "emulator/fault/retry_test.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/policy.h"

static int
buckets_by_name(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;

	return (strcmp(json_string_value(*x), json_string_value(*y)));
}

/* IAM gives the members of a binding in the order of their names; the text
 * that is kept has that of the access control list. */
static void
buckets_sort_members(struct req *rq, json_t *binding)
{
	json_t *members = json_object_get(binding, "members"), **m, *sorted;
	size_t n = json_array_size(members);

	m = arena_alloc(&rq->arena, (n + 1) * sizeof(*m));
	for (size_t i = 0; i < n; i++) {
		m[i] = json_array_get(members, i);
		if (!json_is_string(m[i]))
			return;
	}
	qsort(m, n, sizeof(*m), buckets_by_name);
	sorted = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append(sorted, m[i]);
	if (n > 0)
		(void)json_object_set(binding, "members", sorted);
	json_decref(sorted);
}

static void
buckets_iam_reply(struct req *rq, const struct bucket *b)
{
	json_t *j = json_loads(b->policy, 0, NULL), *binding;
	size_t i;

	BUG_ON(!json_is_object(j));
	json_array_foreach(json_object_get(j, "bindings"), i, binding)
		buckets_sort_members(rq, binding);
	(void)json_object_set_new(j, "kind", json_string("storage#policy"));
	(void)json_object_set_new(j, "resourceId", json_string(
	    arena_printf(&rq->arena, "projects/_/buckets/%s", b->name)));
	(void)json_object_set_new(j, "version",
	    json_integer(policy_version(j)));
	(void)json_object_set_new(j, "etag", json_string(
	    resource_etag(&rq->arena, 0, b->policy_version)));
	req_reply_json(rq, 200, j);
}

void
buckets_get_iam_h(struct req *rq)
{
	json_auto_t *policy = NULL;
	struct store_at at = { rq->as_of };
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, at, rq->bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	policy = json_loads(b.policy, 0, NULL);
	if (policy_version_asked(rq, policy) == 0)
		buckets_iam_reply(rq, &b);
}

/* The policy to keep, without its etag. */
static const char *
buckets_policy_text(struct req *rq, const json_t *in)
{
	const json_t *bindings = json_object_get(in, "bindings");
	const char *text;
	json_t *out;
	char *s;

	out = json_pack("{s:o}", "bindings", json_is_array(bindings) ?
	    json_deep_copy(bindings) : json_array());
	s = json_dumps(out, JSON_COMPACT);
	text = arena_strdup(&rq->arena, s);
	free(s);
	json_decref(out);
	return (text);
}

/* Does it go with what the bucket is and has?  -1: a reply has been stored. */
static int
buckets_policy_allowed(struct req *rq, const json_t *in)
{
	struct store_at now = { STORE_NOW };
	json_auto_t *old = NULL;
	struct acls_config c;
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	acls_config(b.attrs, &c);
	/* https://cloud.google.com/storage/docs/access-control/iam#conditions */
	if (policy_version(in) == 3 && !c.uniform) {
		req_fail(rq, 412, "conditionNotMet", "To set a policy with "
		    "conditions, please enable uniform bucket-level access on "
		    "the bucket. " ACLS_READ_MORE);
		return (-1);
	}
	old = json_loads(b.policy, 0, NULL);
	return (policy_check(rq, in, old) ? -1 :
	    acls_check_members(rq, &c, in));
}

void
buckets_set_iam_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget,
	    .exempt = retry_test_live(rq) };
	const char *etag;
	int64_t version = -1;
	struct bucket b;
	enum store_rc rc;
	json_t *in;

	if (req_json(rq, &in) || buckets_policy_allowed(rq, in))
		return;
	etag = json_string_value(json_object_get(in, "etag"));
	if (etag != NULL && *etag != '\0' &&
	    !resource_etag_parse(etag, &version)) {
		req_fail_rc(rq, STORE_PRECONDITION);
		return;
	}
	rc = store_bucket_set_policy(rq->emu->store, &w, rq->bucket,
	    buckets_policy_text(rq, in), version, &rq->arena, &b);
	rq->mutation = w.mutation;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		buckets_iam_reply(rq, &b);
}

void
buckets_test_iam_h(struct req *rq)
{
	struct store_at now = { STORE_NOW };
	json_t *held = json_array(), *j;
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		json_decref(held);
		req_fail_rc(rq, rc);
		return;
	}
	for (size_t i = 0; i < rq->nquery; i++)
		if (strcmp(rq->query[i].k, "permissions") == 0 &&
		    auth_allows(rq, rq->query[i].v, rq->bucket, NULL))
			(void)json_array_append_new(held,
			    json_string(rq->query[i].v));
	j = json_pack("{s:s}", "kind", "storage#testIamPermissionsResponse");
	if (json_array_size(held) > 0)
		(void)json_object_set(j, "permissions", held);
	json_decref(held);
	req_reply_json(rq, 200, j);
}
