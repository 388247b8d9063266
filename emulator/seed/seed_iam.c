/* Accounts, people, roles and the machine. */
#include "emulator/seed/seed_int.h"

#include <string.h>

#include "emulator/identity/iam.h"
#include "emulator/identity/metadata.h"
#include "emulator/identity/pools.h"
#include "emulator/identity/users.h"
#include "lib/file.h"
#include "lib/str.h"

#define IAM	"iam.googleapis.com"
#define STORAGE	"storage.googleapis.com"
#define CRM	"cloudresourcemanager.googleapis.com"

static const struct seed_member iam_file[] = { { "file", 's', true } };

static const char *
iam_escape(struct seeding *x, const char *s)
{
	const char *out;
	struct buf b;

	buf_init(&b, 64u << 10);
	str_pct_encode(&b, s, strlen(s), false);
	out = arena_strdup(&x->a, b.p);
	buf_release(&b);
	return (out);
}

/* ---- files of credentials ---- */

/* What is in a file that is there, freed with *keep; NULL: there is none, or
 * -1 in *rc where it is another's. */
static json_t *
iam_old_file(struct seeding *x, const char *at, const char *path,
    const char *member, const char *email, int *rc)
{
	json_t *j;

	*rc = 0;
	if (!file_exists(path))
		return (NULL);
	j = json_load_file(path, 0, NULL);
	if (seed_text(j, member) != NULL &&
	    strcmp(seed_text(j, member), email) == 0)
		return (j);
	json_decref(j);
	*rc = seed_fail(x, at, "%s is there and holds no credentials of %s; "
	    "remove it, or name another", path, email);
	return (NULL);
}

/* Two in one file would be one. */
static int
iam_file_once(struct seeding *x, const char *at, const char *path)
{

	for (const struct seed_file *f = x->files; f != NULL; f = f->next)
		if (strcmp(f->path, path) == 0)
			return (seed_fail(x, at, "%s is named twice", path));
	return (0);
}

static int
iam_key(struct seeding *x, const char *at, const char *email, const json_t *v)
{
	json_auto_t *old = NULL, *acc = NULL;
	struct iam_key have;
	int64_t version;
	const char *path, *kid;
	json_t *made;
	int rc;

	if (seed_check(x, at, v, iam_file, NELEMS(iam_file), false) != 0)
		return (-1);
	path = seed_path(x, seed_text(v, "file"));
	at = seed_at(x, "%s.file", at);
	old = iam_old_file(x, at, path, "client_email", email, &rc);
	if (rc != 0 || iam_file_once(x, at, path) != 0)
		return (-1);
	kid = seed_text(old, "private_key_id");
	if (kid != NULL && iam_key_get(x->emu, &x->a, kid, &have) &&
	    !have.disabled && strcmp(have.account, email) == 0)
		return (0);
	if (iam_account(x->emu, &x->a, email, &acc, &version) != STORE_OK)
		return (seed_fail(x, at, "the account cannot be read"));
	made = iam_key_make(x->emu, &x->a, acc, &kid, x->e);
	if (made == NULL)
		return (err_prefix(x->e, "%s: %s", x->seed->path, at));
	seed_write(x, path, made);
	return (0);
}

/* Is that pair of the file one that still works? */
static bool
iam_hmac_lives(struct seeding *x, const char *id, const char *email)
{
	struct req rq;
	json_t *have;
	bool lives;

	lives = seed_ask(x, &rq, "GET", STORAGE, seed_at(x,
	    "/storage/v1/projects/%s/hmacKeys/%s", x->emu->project,
	    iam_escape(x, id)), NULL, &have) == 200 &&
	    strcmp(seed_text(have, "serviceAccountEmail"), email) == 0 &&
	    strcmp(seed_text(have, "state"), "ACTIVE") == 0;
	req_release(&rq);
	return (lives);
}

/* Into the file: {"accessId", "secret", "serviceAccountEmail"}. */
static int
iam_hmac(struct seeding *x, const char *at, const char *email,
    const json_t *v)
{
	json_auto_t *old = NULL;
	const char *path, *id;
	struct req rq;
	json_t *made;
	int rc;

	if (seed_check(x, at, v, iam_file, NELEMS(iam_file), false) != 0)
		return (-1);
	path = seed_path(x, seed_text(v, "file"));
	at = seed_at(x, "%s.file", at);
	old = iam_old_file(x, at, path, "serviceAccountEmail", email, &rc);
	if (rc != 0 || iam_file_once(x, at, path) != 0)
		return (-1);
	id = seed_text(old, "accessId");
	if (id != NULL && iam_hmac_lives(x, id, email))
		return (0);
	if (seed_ask(x, &rq, "POST", STORAGE, seed_at(x,
	    "/storage/v1/projects/%s/hmacKeys?serviceAccountEmail=%s",
	    x->emu->project, iam_escape(x, email)), NULL, &made) != 200)
		rc = seed_refused(x, at, &rq);
	else
		seed_write(x, path, json_pack("{s:O, s:O, s:s}", "accessId",
		    json_object_get(json_object_get(made, "metadata"),
		    "accessId"), "secret", json_object_get(made, "secret"),
		    "serviceAccountEmail", email));
	req_release(&rq);
	return (rc);
}

/* ---- service accounts ---- */

/* What a member of the account says, by a call where it is not so yet. */
static int
iam_account_fit(struct seeding *x, const char *at, const char *target,
    const json_t *have, const json_t *v)
{
	json_auto_t *patch = json_pack("{s:{s:o*, s:o*}}", "serviceAccount",
	    "displayName", json_incref(json_object_get(v, "displayName")),
	    "description", json_incref(json_object_get(v, "description")));
	const json_t *off = json_object_get(v, "disabled");
	const json_t *want = json_object_get(patch, "serviceAccount");
	const char *k;
	struct buf mask;
	json_t *one;
	int rc = 0;

	buf_init(&mask, 256);
	json_object_foreach((json_t *)(uintptr_t)want, k, one)
		buf_addf(&mask, "%s%s", mask.len > 0 ? "," : "", k);
	(void)json_object_set_new(patch, "updateMask", json_string(mask.p));
	buf_release(&mask);
	if (seed_differs(x, at, have, want) != NULL)
		rc = seed_do(x, at, "PATCH", IAM, target, patch);
	if (rc == 0 && off != NULL && json_is_true(off) !=
	    json_is_true(json_object_get(have, "disabled")))
		rc = seed_do(x, at, "POST", IAM, seed_at(x, "%s:%s", target,
		    json_is_true(off) ? "disable" : "enable"), NULL);
	return (rc);
}

static int
iam_account_make_or_fit(struct seeding *x, const char *at, const char *target,
    const json_t *v)
{
	json_auto_t *new = json_pack("{s:O, s:{}}", "accountId",
	    json_object_get(v, "accountId"), "serviceAccount");
	struct req rq;
	json_t *have;
	int rc;

	rc = seed_ask(x, &rq, "GET", IAM, target, NULL, &have);
	if (rc == 404) {
		req_release(&rq);
		if (seed_do(x, at, "POST", IAM, seed_at(x,
		    "/v1/projects/%s/serviceAccounts", x->emu->project),
		    new) != 0)
			return (-1);
		rc = seed_ask(x, &rq, "GET", IAM, target, NULL, &have);
	}
	rc = rc != 200 ? seed_refused(x, at, &rq) :
	    iam_account_fit(x, at, target, have, v);
	req_release(&rq);
	return (rc);
}

static int
seed_one_account(struct seeding *x, const char *at, const json_t *v)
{
	static const struct seed_member of[] = { { "accountId", 's', true },
	    { "displayName", 's', false }, { "description", 's', false },
	    { "disabled", 'b', false }, { "keys", 'a', false },
	    { "hmacKeys", 'a', false }, { "policy", 'o', false } };
	const char *email, *target;
	json_t *key;
	size_t i;

	if (seed_check(x, at, v, of, NELEMS(of), false) != 0)
		return (-1);
	email = seed_at(x, "%s@%s.iam.gserviceaccount.com",
	    seed_text(v, "accountId"), x->emu->project);
	target = seed_at(x, "/v1/projects/%s/serviceAccounts/%s",
	    x->emu->project, iam_escape(x, email));
	if (iam_account_make_or_fit(x, at, target, v) != 0)
		return (-1);
	json_array_foreach(json_object_get(v, "keys"), i, key)
		if (iam_key(x, seed_at(x, "%s.keys[%zu]", at, i), email,
		    key) != 0)
			return (-1);
	json_array_foreach(json_object_get(v, "hmacKeys"), i, key)
		if (iam_hmac(x, seed_at(x, "%s.hmacKeys[%zu]", at, i), email,
		    key) != 0)
			return (-1);
	return (0);
}

/* Policies last: they may name accounts that come later in the list. */
static int
iam_account_policy_of(struct seeding *x, const char *at, const json_t *v)
{
	const json_t *policy = json_object_get(v, "policy");
	const char *target;

	if (policy == NULL)
		return (0);
	target = iam_escape(x, seed_at(x, "%s@%s.iam.gserviceaccount.com",
	    seed_text(v, "accountId"), x->emu->project));
	target = seed_at(x, "/v1/projects/%s/serviceAccounts/%s",
	    x->emu->project, target);
	return (seed_policy(x, seed_at(x, "%s.policy", at), policy, IAM,
	    "POST", seed_at(x, "%s:getIamPolicy?options."
	    "requestedPolicyVersion=3", target), "POST",
	    seed_at(x, "%s:setIamPolicy", target)));
}

int
seed_accounts(struct seeding *x, const json_t *all)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, v)
		if (seed_one_account(x, seed_at(x, "$.serviceAccounts[%zu]",
		    i), v) != 0)
			return (-1);
	json_array_foreach((json_t *)(uintptr_t)all, i, v)
		if (iam_account_policy_of(x, seed_at(x,
		    "$.serviceAccounts[%zu]", i), v) != 0)
			return (-1);
	return (0);
}

/* ---- people ---- */

static int
iam_user_file(struct seeding *x, const char *at, const char *email,
    const char *name, const json_t *v)
{
	json_auto_t *old = NULL;
	struct refresh have;
	const char *path, *token;
	json_t *made;
	int rc;

	if (seed_check(x, at, v, iam_file, NELEMS(iam_file), false) != 0)
		return (-1);
	path = seed_path(x, seed_text(v, "file"));
	at = seed_at(x, "%s.file", at);
	old = iam_old_file(x, at, path, "account", email, &rc);
	if (rc != 0 || iam_file_once(x, at, path) != 0)
		return (-1);
	token = seed_text(old, "refresh_token");
	if (token != NULL && users_refresh(x->emu, &x->a, token, &have) &&
	    !have.revoked && strcmp(have.email, email) == 0)
		return (0);
	made = users_put(x->emu, &x->a, email, name, NULL, x->e);
	if (made == NULL)
		return (err_prefix(x->e, "%s: %s", x->seed->path, at));
	seed_write(x, path, made);
	return (0);
}

static int
seed_user(struct seeding *x, const char *at, const json_t *v)
{
	static const struct seed_member of[] = { { "email", 's', true },
	    { "name", 's', false }, { "credentials", 'a', false } };
	const char *email, *name = seed_text(v, "name");
	struct user u;
	json_t *one;
	size_t i;

	if (seed_check(x, at, v, of, NELEMS(of), false) != 0)
		return (-1);
	email = seed_text(v, "email");
	if (!users_get(x->emu, &x->a, email, &u)) {
		json_auto_t *first = users_put(x->emu, &x->a, email, name,
		    NULL, x->e);

		/* Credentials of nobody's: those below are others. */
		if (first == NULL)
			return (err_prefix(x->e, "%s: %s.email",
			    x->seed->path, at));
		if (!users_get(x->emu, &x->a, email, &u))
			return (seed_fail(x, at, "the user is not there"));
	}
	json_array_foreach(json_object_get(v, "credentials"), i, one)
		if (iam_user_file(x, seed_at(x, "%s.credentials[%zu]", at, i),
		    u.email, name, one) != 0)
			return (-1);
	return (0);
}

int
seed_users(struct seeding *x, const json_t *all)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, v)
		if (seed_user(x, seed_at(x, "$.users[%zu]", i), v) != 0)
			return (-1);
	return (0);
}

/* ---- roles, the machine, the project ---- */

static int
seed_role(struct seeding *x, const char *at, const json_t *v)
{
	static const struct seed_member of[] = { { "roleId", 's', true },
	    { "title", 's', false }, { "description", 's', false },
	    { "stage", 's', false }, { "includedPermissions", 'a', false } };
	json_auto_t *role = NULL, *body = NULL;
	const char *roles, *one;
	struct req rq;
	json_t *have;
	int status, rc = 0;

	if (seed_check(x, at, v, of, NELEMS(of), false) != 0)
		return (-1);
	role = json_copy((json_t *)(uintptr_t)v);
	(void)json_object_del(role, "roleId");
	body = json_pack("{s:O, s:O}", "roleId", json_object_get(v, "roleId"),
	    "role", role);
	roles = seed_at(x, "/v1/projects/%s/roles", x->emu->project);
	one = seed_at(x, "%s/%s", roles, iam_escape(x, seed_text(v,
	    "roleId")));
	status = seed_ask(x, &rq, "GET", IAM, one, NULL, &have);
	if (status == 404)
		rc = seed_do(x, at, "POST", IAM, roles, body);
	else if (status != 200)
		rc = seed_refused(x, at, &rq);
	else if (seed_differs(x, at, have, role) != NULL)
		rc = seed_do(x, at, "PATCH", IAM, one, role);
	req_release(&rq);
	return (rc);
}

int
seed_roles(struct seeding *x, const json_t *all)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, v)
		if (seed_role(x, seed_at(x, "$.roles[%zu]", i), v) != 0)
			return (-1);
	return (0);
}

/* Each a provider, as the control API takes it. */
int
seed_pools(struct seeding *x, const json_t *all)
{
	const char *at;
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, v) {
		json_t *made;

		at = seed_at(x, "$.workloadIdentityPools[%zu]", i);
		if (!json_is_object(v))
			return (seed_fail(x, at, "an object is wanted: "
			    "{\"pool\": ..., \"provider\": ...}"));
		made = pools_put(x->emu, &x->a, v, x->e);
		if (made == NULL)
			return (err_prefix(x->e, "%s: %s", x->seed->path,
			    at));
		json_decref(made);
	}
	return (0);
}

int
seed_machine(struct seeding *x, const json_t *v)
{
	static const struct seed_member of[] = { { "account", 's', true },
	    { "scopes", 'a', false } };
	struct buf scopes;
	json_t *one;
	size_t i;
	int rc = 0;

	if (seed_check(x, "$.machine", v, of, NELEMS(of), false) != 0)
		return (-1);
	buf_init(&scopes, 64u << 10);
	json_array_foreach(json_object_get(v, "scopes"), i, one) {
		if (!json_is_string(one))
			rc = seed_fail(x, seed_at(x, "$.machine.scopes[%zu]",
			    i), "a string is wanted");
		else
			buf_addf(&scopes, "%s%s", i > 0 ? "," : "",
			    json_string_value(one));
	}
	if (rc == 0 && metadata_attach(x->emu, seed_text(v, "account"),
	    scopes.len > 0 ? scopes.p : NULL, false, x->e) != 0)
		rc = err_prefix(x->e, "%s: $.machine.account",
		    x->seed->path);
	buf_release(&scopes);
	return (rc);
}

int
seed_project_policy(struct seeding *x, const json_t *policy)
{
	const char *p = seed_at(x, "/v1/projects/%s", x->emu->project);

	return (seed_policy(x, "$.policy", policy, CRM, "POST",
	    seed_at(x, "%s:getIamPolicy", p), "POST",
	    seed_at(x, "%s:setIamPolicy", p)));
}
