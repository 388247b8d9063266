/* A bucket's IAM policy: the store keeps its bindings as text, the number of
 * its version is its etag. */
#include "emulator/api/buckets.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/resource.h"
#include "emulator/fault/retry_test.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/iam.h"

static void
buckets_iam_reply(struct req *rq, const struct bucket *b)
{
	json_t *j = json_loads(b->policy, 0, NULL);

	BUG_ON(!json_is_object(j));
	(void)json_object_set_new(j, "kind", json_string("storage#policy"));
	(void)json_object_set_new(j, "resourceId", json_string(
	    arena_printf(&rq->arena, "projects/_/buckets/%s", b->name)));
	if (json_object_get(j, "version") == NULL)
		(void)json_object_set_new(j, "version", json_integer(1));
	(void)json_object_set_new(j, "etag", json_string(
	    resource_etag(&rq->arena, 0, b->policy_version)));
	req_reply_json(rq, 200, j);
}

void
buckets_get_iam_h(struct req *rq)
{
	struct store_at at = { rq->as_of };
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, at, rq->bucket, &rq->arena, &b);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		buckets_iam_reply(rq, &b);
}

/* The policy to keep, without its etag; NULL: a 400 has been stored. */
static const char *
buckets_policy_text(struct req *rq, const json_t *in)
{
	const json_t *bindings = json_object_get(in, "bindings");
	const json_t *version = json_object_get(in, "version");
	const char *text;
	json_t *out;
	char *s;

	if (iam_policy_check(rq, in))
		return (NULL);
	out = json_object();
	(void)json_object_set_new(out, "bindings", bindings != NULL ?
	    json_deep_copy(bindings) : json_array());
	if (json_is_integer(version))
		(void)json_object_set_new(out, "version",
		    json_integer(json_integer_value(version)));
	s = json_dumps(out, JSON_COMPACT);
	text = arena_strdup(&rq->arena, s);
	free(s);
	json_decref(out);
	return (text);
}

/* Public access prevention refuses some members; -1: by a reply. */
static int
buckets_policy_allowed(struct req *rq, const json_t *in)
{
	struct store_at now = { STORE_NOW };
	struct acls_config c;
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	acls_config(b.attrs, &c);
	return (acls_check_members(rq, &c, in));
}

void
buckets_set_iam_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget,
	    .exempt = retry_test_live(rq) };
	const char *etag, *text;
	int64_t version = -1;
	struct bucket b;
	enum store_rc rc;
	json_t *in;

	if (req_json(rq, &in) ||
	    (text = buckets_policy_text(rq, in)) == NULL ||
	    buckets_policy_allowed(rq, in))
		return;
	etag = json_string_value(json_object_get(in, "etag"));
	if (etag != NULL && *etag != '\0' &&
	    !resource_etag_parse(etag, &version)) {
		req_fail_rc(rq, STORE_PRECONDITION);
		return;
	}
	rc = store_bucket_set_policy(rq->emu->store, &w, rq->bucket, text,
	    version, &rq->arena, &b);
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
		    auth_allows(rq, rq->query[i].v, rq->bucket))
			(void)json_array_append_new(held,
			    json_string(rq->query[i].v));
	j = json_pack("{s:s}", "kind", "storage#testIamPermissionsResponse");
	if (json_array_size(held) > 0)
		(void)json_object_set(j, "permissions", held);
	json_decref(held);
	req_reply_json(rq, 200, j);
}
