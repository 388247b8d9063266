/* Policies of service accounts (records `sapolicy` by the account's unique
 * id), which say who may act in their name; and what a caller may do to an
 * account or to the project. */
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/policy.h"

static const char *
iam_policies_id(const json_t *account)
{

	return (json_string_value(json_object_get(account, "uniqueId")));
}

static json_t *
iam_policies_read(struct emu *emu, struct arena *a, const json_t *account,
    int64_t *version)
{
	struct record r;

	*version = 0;
	if (store_record_get(emu->store, "sapolicy", iam_policies_id(account),
	    a, &r) != STORE_OK)
		return (NULL);
	*version = r.version;
	return (json_loads(r.json, 0, NULL));
}

json_t *
iam_account_policy(struct emu *emu, struct arena *a, const char *who)
{
	json_auto_t *acc = NULL;
	int64_t version;

	if (iam_account(emu, a, who, &acc, &version) != STORE_OK)
		return (NULL);
	return (iam_policies_read(emu, a, acc, &version));
}

/* p is taken over. */
static void
iam_policies_reply(struct req *rq, json_t *p, int64_t version,
    json_int_t asked)
{

	if (p == NULL)
		p = json_object();
	if (asked < 3)
		policy_hide_conditions(&rq->arena, p);
	if (json_array_size(json_object_get(p, "bindings")) == 0)
		(void)json_object_del(p, "bindings");
	else
		(void)json_object_set_new(p, "version",
		    json_integer(policy_version(p)));
	(void)json_object_set_new(p, "etag",
	    json_string(iam_etag(&rq->arena, version)));
	req_reply_json(rq, 200, p);
}

void
iam_sa_get_policy_h(struct req *rq)
{
	int64_t version, asked = 1;
	json_auto_t *acc = iam_account_of(rq, &version);
	json_t *policy;
	bool has;

	if (acc == NULL || req_query_int(rq, "options.requestedPolicyVersion",
	    &has, &asked) != 0)
		return;
	policy = iam_policies_read(rq->emu, &rq->arena, acc, &version);
	iam_policies_reply(rq, policy, version, asked);
}

void
iam_sa_set_policy_h(struct req *rq)
{
	int64_t version, now;
	json_auto_t *acc = iam_account_of(rq, &version), *old = NULL;
	json_t *body, *policy, *kept;
	enum store_rc rc;
	const char *etag;

	if (acc == NULL || req_json(rq, &body) != 0)
		return;
	policy = json_object_get(body, "policy");
	if (!json_is_object(policy)) {
		req_fail(rq, 400, "invalid", "A policy is wanted.");
		return;
	}
	old = iam_policies_read(rq->emu, &rq->arena, acc, &now);
	if (policy_check(rq, policy, old) != 0)
		return;
	etag = json_string_value(json_object_get(policy, "etag"));
	kept = json_pack("{s:O*}", "bindings",
	    json_object_get(policy, "bindings"));
	if (etag != NULL && *etag != '\0' && strcmp(etag,
	    iam_etag(&rq->arena, now)) != 0)
		rc = STORE_PRECONDITION;
	else
		rc = iam_put(rq->emu, "sapolicy", iam_policies_id(acc), kept,
		    now, &version);
	if (rc == STORE_OK) {
		iam_policies_reply(rq, kept, version, 3);
		return;
	}
	json_decref(kept);
	iam_fail_put(rq, rc == STORE_EXISTS ? STORE_PRECONDITION : rc, NULL);
}

/* ---- what the caller may ---- */

/* Of the permissions in the body those that `may` allows. */
static void
iam_policies_test(struct req *rq, bool (*may)(struct req *, const char *))
{
	json_t *held, *out = json_object(), *body, *asked, *p;
	size_t i;

	if (req_json(rq, &body) != 0) {
		json_decref(out);
		return;
	}
	asked = json_object_get(body, "permissions");
	held = json_array();
	json_array_foreach(asked, i, p)
		if (json_is_string(p) && may(rq, json_string_value(p)))
			(void)json_array_append(held, p);
	if (json_array_size(held) > 0)
		(void)json_object_set(out, "permissions", held);
	json_decref(held);
	req_reply_json(rq, 200, out);
}

void
iam_sa_test_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);

	if (acc != NULL)
		iam_policies_test(rq, auth_allows_account);
}

static bool
iam_policies_project(struct req *rq, const char *permission)
{

	return (auth_allows(rq, permission, NULL, NULL));
}

void
iam_project_test_h(struct req *rq)
{

	if (iam_project_of(rq) == 0)
		iam_policies_test(rq, iam_policies_project);
}
