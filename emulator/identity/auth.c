#include "emulator/identity/auth_int.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "emulator/api/acls.h"
#include "emulator/http/route.h"
#include "emulator/identity/cel.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/metadata.h"
#include "emulator/identity/oauth.h"
#include "emulator/identity/scopes.h"
#include "emulator/identity/seen.h"
#include "emulator/identity/signed.h"
#include "emulator/store/store_folder.h"
#include "lib/log.h"
#include "lib/str.h"

/* ---- who asks ---- */

/* A token in the query, as if it came in the header; or NULL.
 * https://cloud.google.com/storage/docs/json_api/v1/parameters */
static const char *
auth_query_token(struct req *rq)
{
	const char *t = req_query(rq, "access_token");

	if (rq->route == NULL || rq->route->api != API_STORAGE)
		return (NULL);
	if (t == NULL)
		t = req_query(rq, "oauth_token");
	return (t != NULL && *t != '\0' ? arena_printf(&rq->arena,
	    "Bearer %s", t) : NULL);
}

/* What came as a bearer's, or NULL; the request says that somebody came. */
static const char *
auth_token(struct req *rq)
{
	const char *h = req_header(rq, "Authorization");

	if (h == NULL && (h = auth_query_token(rq)) == NULL)
		return (NULL);
	rq->auth = AUTH_BAD;
	if (strncasecmp(h, "Bearer ", 7) != 0)
		return (NULL);
	for (h += 7; *h == ' '; h++)
		;
	return (h);
}

void
auth_identify(struct req *rq)
{
	const char *h, *why;
	struct oauth_caller c;

	rq->auth = AUTH_NONE;
	rq->principal = rq->sets = NULL;
	if (rq->route != NULL && rq->route->handle == oauth_token_h) {
		rq->principal = oauth_claimed(rq);
		return;
	}
	if (rq->route != NULL && rq->route->api == API_METADATA) {
		rq->principal = metadata_principal(rq->emu, &rq->arena);
		return;
	}
	if (rq->route != NULL && rq->route->api == API_XML) {
		if (signed_present(rq)) {
			signed_identify(rq);
			return;
		}
		signed_body(rq);
	}
	if ((h = auth_token(rq)) == NULL)
		return;
	if (!oauth_bearer(rq->emu, &rq->arena, h, &c, &why)) {
		log_debug("auth n=%llu bad bearer: %s",
		    (unsigned long long)rq->n, why);
		return;
	}
	rq->auth = AUTH_BEARER;
	rq->principal = c.principal;
	rq->scope = c.scope;
	rq->sets = c.sets;
}

/* ---- may they ---- */

/* What one decision looks at; the project's policy is read when needed. */
struct auth_ask {
	struct req *rq;
	const char *permission;
	const char *bucket, *object;	/* that it is about, or NULL */
	json_t	*project;
	bool	no_public;	/* public access prevention is enforced */
	bool	conditional;	/* out: a condition was looked at */
};

static const json_t *
auth_project_policy(struct auth_ask *q)
{

	if (q->project == NULL)
		q->project = iam_project_policy(q->rq->emu);
	return (q->project);
}

static bool	auth_member(struct auth_ask *q, const char *member);

/* Is the caller bound to that very role in the project's policy? */
static bool
auth_project_role(struct auth_ask *q, const char *role)
{
	const json_t *bindings = json_object_get(auth_project_policy(q),
	    "bindings"), *b, *m;
	const char *r, *who;
	size_t i, k;

	json_array_foreach(bindings, i, b) {
		r = json_string_value(json_object_get(b, "role"));
		if (r == NULL || strcmp(r, role) != 0)
			continue;
		json_array_foreach(json_object_get(b, "members"), k, m) {
			who = json_string_value(m);
			/* a convenience member here would ask in a circle */
			if (who != NULL && !str_starts(who, "project") &&
			    auth_member(q, who))
				return (true);
		}
	}
	return (false);
}

/* Is the line one of those in the text? */
static bool
auth_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	while (text != NULL && *text != '\0') {
		const char *end = strchrnul(text, '\n');

		if ((size_t)(end - text) == n && memcmp(text, line, n) == 0)
			return (true);
		text = *end != '\0' ? end + 1 : end;
	}
	return (false);
}

/* Is the caller a person whose address is in that domain? */
static bool
auth_domain(const char *who, const char *domain)
{
	const char *at = strrchr(who, '@');

	return (str_starts(who, "user:") && at != NULL &&
	    strcasecmp(at + 1, domain) == 0);
}

/* Does the member of a binding include the caller? */
static bool
auth_member(struct auth_ask *q, const char *member)
{
	static const struct { const char *prefix, *role; } convenience[] = {
		{ "projectOwner:", "roles/owner" },
		{ "projectEditor:", "roles/editor" },
		{ "projectViewer:", "roles/viewer" },
	};
	const char *who = q->rq->principal;

	if (strcmp(member, "allUsers") == 0)
		return (!q->no_public);
	if (who == NULL)
		return (false);
	if (strcmp(member, "allAuthenticatedUsers") == 0)
		return (!q->no_public);
	/* subjects of a pool are told apart by case, addresses are not */
	if (str_starts(member, "principal"))
		return (strcmp(member, who) == 0 ||
		    auth_line(q->rq->sets, member));
	if (strcasecmp(member, who) == 0)
		return (true);
	if (str_starts(member, "domain:"))
		return (auth_domain(who, member + strlen("domain:")));
	for (size_t i = 0; i < NELEMS(convenience); i++)
		if (str_starts(member, convenience[i].prefix))
			return (strcmp(member + strlen(convenience[i].prefix),
			    q->rq->emu->project) == 0 &&
			    auth_project_role(q, convenience[i].role));
	return (false);
}

/* What the real service calls the thing that a permission is about. */
static const char *
auth_resource(const char *permission)
{

	if (strcmp(permission, "storage.buckets.create") == 0 ||
	    strcmp(permission, "storage.buckets.list") == 0 ||
	    str_starts(permission, "storage.hmacKeys."))
		return ("project");
	if (str_starts(permission, "storage.buckets.") ||
	    strcmp(permission, "storage.objects.list") == 0 ||
	    strcmp(permission, "storage.multipartUploads.list") == 0)
		return ("bucket");
	return ("object");
}

/* https://cloud.google.com/iam/docs/conditions-resource-attributes */
static void
auth_about_storage(struct auth_ask *q, struct cel_env *env)
{
	struct arena *a = &q->rq->arena;
	const char *p = q->permission, *what = auth_resource(p), *kind;

	env->service = "storage.googleapis.com";
	if (strcmp(what, "object") == 0 && q->object != NULL) {
		kind = str_starts(p, "storage.managedFolders.") ?
		    "managedFolder" : str_starts(p, "storage.folders.") ?
		    "folder" : "object";
		env->name = arena_printf(a, "projects/_/buckets/%s/%ss/%s",
		    q->bucket, kind, q->object);
		env->type = arena_printf(a, "storage.googleapis.com/%c%s",
		    toupper((unsigned char)*kind), kind + 1);
		return;
	}
	env->name = arena_printf(a, "projects/_/buckets/%s", q->bucket);
	env->type = "storage.googleapis.com/Bucket";
}

static void
auth_about(struct auth_ask *q, struct cel_env *env)
{
	struct req *rq = q->rq;

	if (str_starts(q->permission, "storage.") && q->bucket != NULL &&
	    strcmp(auth_resource(q->permission), "project") != 0) {
		auth_about_storage(q, env);
		return;
	}
	if (str_starts(q->permission, "iam.")) {
		env->service = "iam.googleapis.com";
		env->type = "iam.googleapis.com/ServiceAccount";
		if (rq->cap[1] != NULL)
			env->name = arena_printf(&rq->arena,
			    "projects/%s/serviceAccounts/%s",
			    rq->emu->project, rq->cap[1]);
		return;
	}
	env->service = "cloudresourcemanager.googleapis.com";
	env->type = "cloudresourcemanager.googleapis.com/Project";
	env->name = arena_printf(&rq->arena, "projects/%s", rq->emu->project);
}

/* Is there none, or does it hold? */
static bool
auth_condition(struct auth_ask *q, const json_t *condition)
{
	const char *text = json_string_value(json_object_get(condition,
	    "expression"));
	struct cel_env env = {
		.time_us = clock_wall_us(&q->rq->emu->clock) };

	if (condition == NULL || json_is_null(condition))
		return (true);
	q->conditional = true;
	auth_about(q, &env);
	return (text != NULL && cel_holds(text, &env, &q->rq->arena));
}

static bool
auth_bound(struct auth_ask *q, const json_t *members)
{
	const json_t *m;
	size_t i;

	json_array_foreach(members, i, m)
		if (json_is_string(m) && auth_member(q, json_string_value(m)))
			return (true);
	return (false);
}

/* roles/owner of the emulator's own owner is wider than Google's: in his name
 * drills are set up and judged, whatever was done to a bucket's policy. */
static bool
auth_role_has(struct auth_ask *q, const char *role)
{
	const struct req *rq = q->rq;

	return (iam_role_has(rq->emu, &q->rq->arena, role, q->permission) ||
	    (strcmp(role, "roles/owner") == 0 && rq->principal != NULL &&
	    strncmp(rq->principal, "serviceAccount:", 15) == 0 &&
	    strcmp(rq->principal + 15, rq->emu->owner) == 0));
}

static bool
auth_granted(struct auth_ask *q, const json_t *policy)
{
	const json_t *bindings = json_object_get(policy, "bindings"), *b;
	const char *role;
	size_t i;

	json_array_foreach(bindings, i, b) {
		role = json_string_value(json_object_get(b, "role"));
		if (role != NULL &&
		    auth_bound(q, json_object_get(b, "members")) &&
		    auth_role_has(q, role) &&
		    auth_condition(q, json_object_get(b, "condition")))
			return (true);
	}
	return (false);
}

bool
auth_enforced(const struct req *rq)
{

	return (rq->via != VIA_HTTP ? rq->emu->auth_proxy :
	    rq->emu->auth_http);
}

/* Is public access prevention enforced?  Nearly never, so look before
 * reading. */
static bool
auth_no_public(const struct bucket *b)
{
	struct acls_config c = { .no_public = false };

	if (b->attrs != NULL && strstr(b->attrs,
	    "\"publicAccessPrevention\":\"enforced\"") != NULL)
		acls_config(b->attrs, &c);
	return (c.no_public);
}

/* What the policies say; b->policy is NULL where no bucket is meant.
 * *always: whatever the object, and at any time. */
static bool
auth_evaluate(struct req *rq, const char *permission, const struct bucket *b,
    const char *object, bool *always)
{
	struct auth_ask q = { .rq = rq, .permission = permission,
	    .bucket = b->name, .object = object,
	    .no_public = auth_no_public(b) };
	json_auto_t *p = NULL;
	bool ok = false;

	if (b->policy != NULL && *b->policy != '\0') {
		p = json_loads(b->policy, 0, NULL);
		if (p == NULL)
			log_error("auth bucket policy is not JSON");
		ok = auth_granted(&q, p);
	}
	/* of a bucket of somebody else's, his project's would count */
	if (!ok && (b->project == NULL ||
	    strcmp(b->project, rq->emu->project) == 0))
		ok = auth_granted(&q, auth_project_policy(&q));
	json_decref(q.project);
	*always = !q.conditional;
	return (ok);
}

/* The decision itself.  state: from before b was read; 0: not known. */
static bool
auth_decide(struct req *rq, const char *permission, const struct bucket *b,
    const char *object, uint64_t state)
{
	const char *key;
	bool always;

	/* No permission and no bucket's name has a blank in it. */
	key = arena_printf(&rq->arena, "may %s %s %s", permission,
	    b->policy != NULL ? b->name : "", rq->principal != NULL ?
	    rq->principal : "");
	if (rq->sets != NULL)
		state = 0;		/* one name, but who knows which sets */
	if (seen_get(rq->emu, state, key, &rq->arena) != NULL)
		return (true);
	if (!auth_evaluate(rq, permission, b, object, &always))
		return (false);
	if (always)
		seen_put(rq->emu, state, key, "", INT64_MAX);
	return (true);
}

bool
auth_allows(struct req *rq, const char *permission, const char *bucket,
    const char *object)
{
	struct store_at now = { .as_of = STORE_NOW };
	uint64_t state = seen_state(rq->emu);
	struct bucket b = { 0 };

	if (!auth_enforced(rq))
		return (true);
	if (rq->auth == AUTH_BAD)
		return (false);
	if (bucket != NULL && store_bucket_get(rq->emu->store, now, bucket,
	    &rq->arena, &b) != STORE_OK)
		b.policy = NULL;
	return (auth_decide(rq, permission, &b, object, state));
}

int
auth_need(struct req *rq, const char *permission, const char *bucket,
    const char *object)
{

	if (auth_allows(rq, permission, bucket, object))
		return (0);
	auth_refuse(rq, permission);
	return (-1);
}

/* Does the object's own list grant it?  Asked last, as most callers have what
 * they need by a policy. */
static bool
auth_by_list(struct req *rq, const char *permission, const struct bucket *b,
    const struct object *o)
{
	struct auth_ask q = { .rq = rq, .permission = permission };
	struct acls_config c;
	json_t *policy;
	bool ok;

	if (!str_starts(permission, "storage.objects."))
		return (false);
	acls_config(b->attrs, &c);
	if (c.uniform)
		return (false);
	policy = acls_object_policy(rq, b, o);
	q.no_public = c.no_public;
	ok = auth_granted(&q, policy);
	json_decref(policy);
	json_decref(q.project);
	return (ok);
}

bool
auth_allows_object(struct req *rq, const char *permission,
    const struct bucket *b, const struct object *o)
{

	if (!auth_enforced(rq))
		return (true);
	return (rq->auth != AUTH_BAD &&
	    (auth_decide(rq, permission, b, o->name, 0) ||
	    auth_by_list(rq, permission, b, o)));
}

/* Does the policy of a managed folder grant it that the name lies in? */
static bool
auth_by_folders(struct req *rq, const char *permission, const char *name,
    bool no_public)
{
	struct auth_ask q = { .rq = rq, .permission = permission,
	    .bucket = rq->bucket, .object = name, .no_public = no_public };
	const char *slash = name;
	struct folder f;
	bool ok = false;

	while (!ok && (slash = strchr(slash, '/')) != NULL) {
		json_auto_t *policy = NULL;

		slash++;
		if (store_folder_get(rq->emu->store, rq->bucket, true,
		    arena_strndup(&rq->arena, name, (size_t)(slash - name)),
		    &rq->arena, &f) != STORE_OK)
			continue;
		policy = json_loads(f.policy, 0, NULL);
		ok = auth_granted(&q, policy);
	}
	json_decref(q.project);
	return (ok);
}

bool
auth_allows_below(struct req *rq, const char *permission, const char *name)
{
	struct store_at now = { .as_of = STORE_NOW };
	struct bucket b;

	if (!auth_enforced(rq))
		return (true);
	return (rq->auth != AUTH_BAD && store_bucket_get(rq->emu->store, now,
	    rq->bucket, &rq->arena, &b) == STORE_OK &&
	    auth_by_folders(rq, permission, name, auth_no_public(&b)));
}

/* Does the policy of the account grant it that the path names? */
static bool
auth_by_account(struct req *rq, const char *permission)
{
	struct auth_ask q = { .rq = rq, .permission = permission };
	json_auto_t *policy = NULL;
	bool ok;

	if (rq->auth == AUTH_BAD || rq->cap[1] == NULL)
		return (false);
	policy = iam_account_policy(rq->emu, &rq->arena, rq->cap[1]);
	ok = auth_granted(&q, policy);
	json_decref(q.project);
	return (ok);
}

bool
auth_allows_account(struct req *rq, const char *permission)
{

	return (auth_allows(rq, permission, NULL, NULL) ||
	    auth_by_account(rq, permission));
}

/* What the permission is about below the bucket: an object, a folder, or the
 * prefix that a listing keeps to. */
static const char *
auth_subject(const struct req *rq, const char *permission)
{

	if (strcmp(permission, "storage.objects.list") == 0 ||
	    strcmp(permission, "storage.managedFolders.list") == 0)
		return (req_query(rq, "prefix"));
	if (str_starts(permission, "storage.managedFolders."))
		return (rq->cap[1]);
	return (rq->object);
}

/* The same of the object that the request names, where there is one. */
static bool
auth_by_named(struct req *rq, const char *permission, const struct bucket *b)
{
	struct store_at now = { .as_of = STORE_NOW };
	struct store_cond c = { .generation = 0 };
	const char *generation = req_query(rq, "generation");
	const char *subject;
	struct object o;

	if (b->attrs == NULL)
		return (false);
	subject = auth_subject(rq, permission);
	if (subject != NULL && auth_by_folders(rq, permission, subject,
	    auth_no_public(b)))
		return (true);
	if (rq->object == NULL || (generation != NULL &&
	    !str_int64(generation, &c.generation)))
		return (false);
	return (store_object_get(rq->emu->store, now, rq->bucket, rq->object,
	    &c, &rq->arena, &o) == STORE_OK &&
	    auth_by_list(rq, permission, b, &o));
}

/* ---- and if not ---- */

static bool
auth_is_rpc(const struct req *rq)
{

	return (rq->route->api == API_IAM || rq->route->api == API_CRM);
}

void
auth_refuse(struct req *rq, const char *permission)
{
	const char *res, *who;
	int status = 403;

	rq->denied = permission;
	if (auth_is_rpc(rq)) {
		if (rq->principal == NULL)
			req_fail(rq, 401, "required", "Request is missing "
			    "required authentication credential. Expected "
			    "OAuth 2 access token, login cookie or other "
			    "valid authentication credential.");
		else
			req_fail(rq, 403, "forbidden", "Permission '%s' "
			    "denied on resource (or it may not exist).",
			    permission);
		return;
	}
	res = auth_resource(permission);
	who = "Anonymous caller";
	if (rq->principal != NULL)
		who = str_starts(rq->principal, "principal:") ? rq->principal :
		    strchr(rq->principal, ':') + 1;
	else if (rq->route->api != API_XML)
		status = 401;		/* the XML API says 403 to all */
	req_fail(rq, status, status == 401 ? "required" : "forbidden",
	    "%s does not have %s access to the Google Cloud %s%s. Permission "
	    "'%s' denied on resource (or it may not exist).", who, permission,
	    strcmp(res, "project") == 0 ? "" : "Storage ", res, permission);
}

static void
auth_refuse_bad(struct req *rq)
{

	if (auth_is_rpc(rq))
		req_fail(rq, 401, "authError", "Request had invalid "
		    "authentication credentials. Expected OAuth 2 access "
		    "token, login cookie or other valid authentication "
		    "credential.");
	else if (rq->route->api == API_XML)
		req_fail(rq, 401, "authError", "Authentication required.");
	else
		req_fail(rq, 401, "authError", "Invalid Credentials");
}

void
auth_expire(struct req *rq)
{
	const char *h = auth_token(rq);

	/* A signed JWT is no record, and stays good. */
	if (h != NULL && store_record_delete(rq->emu->store, "token",
	    oauth_hash(&rq->arena, h)) != STORE_OK)
		log_debug("auth n=%llu expires no record",
		    (unsigned long long)rq->n);
	auth_refuse_bad(rq);
}

/* Whatever the policies say, the token was not made for this. */
static void
auth_refuse_scope(struct req *rq)
{

	if (auth_is_rpc(rq))
		req_fail(rq, 403, "forbidden", "Request had insufficient "
		    "authentication scopes.");
	else
		req_fail(rq, 403, "insufficientPermissions",
		    "Insufficient Permission");
	req_header_add(rq, "WWW-Authenticate", "Bearer realm=\"https://"
	    "accounts.google.com/\", error=\"insufficient_scope\"");
}

/* The object or folder that the route names. */
static const char *
auth_object(const struct req *rq, const char *permission)
{

	return (str_starts(permission, "storage.managedFolders.") ||
	    str_starts(permission, "storage.folders.") ? rq->cap[1] :
	    rq->object);
}

static bool
auth_has(struct req *rq, const char *permission, const struct bucket *b,
    uint64_t state)
{

	return (auth_decide(rq, permission, b, auth_object(rq, permission),
	    state) || auth_by_named(rq, permission, b));
}

/* One permission on what the request names.  Who may read and delete an
 * object may move it, too:
 * https://cloud.google.com/storage/docs/json_api/v1/objects/move */
static int
auth_permit_one(struct req *rq, const char *permission,
    const struct bucket *b, uint64_t state)
{

	if (auth_has(rq, permission, b, state) ||
	    (rq->route->api == API_IAM && auth_by_account(rq, permission)))
		return (0);
	if (strcmp(permission, "storage.objects.move") == 0 &&
	    auth_has(rq, "storage.objects.get", b, state) &&
	    auth_has(rq, "storage.objects.delete", b, state))
		return (0);
	auth_refuse(rq, permission);
	return (-1);
}

/* Each of them, with blanks between. */
static int
auth_permit_all(struct req *rq, const char *permissions)
{
	struct store_at now = { .as_of = STORE_NOW };
	uint64_t state = seen_state(rq->emu);
	struct bucket b = { 0 };
	enum store_rc rc;
	char *list, *one;

	if (rq->bucket != NULL) {
		rc = store_bucket_get(rq->emu->store, now, rq->bucket,
		    &rq->arena, &b);
		if (rc == STORE_NO_BUCKET)
			return (0);	/* the handler says 404 */
		if (rc != STORE_OK) {
			req_fail_rc(rq, rc);
			return (-1);
		}
	}
	if (strchr(permissions, ' ') == NULL)
		return (auth_permit_one(rq, permissions, &b, state));
	list = arena_strdup(&rq->arena, permissions);
	while ((one = strsep(&list, " ")) != NULL)
		if (auth_permit_one(rq, one, &b, state) != 0)
			return (-1);
	return (0);
}

int
auth_need_too(struct req *rq, const char *permission)
{

	return (auth_enforced(rq) ? auth_permit_all(rq, permission) : 0);
}

int
auth_permit(struct req *rq)
{
	int rc;

	if (signed_refuse(rq))
		return (-1);
	if (rq->route->api == API_OAUTH || rq->route->api == API_CONTROL ||
	    rq->route->api == API_METADATA || !auth_enforced(rq))
		return (0);
	if (rq->auth == AUTH_BAD) {
		auth_refuse_bad(rq);
		return (-1);
	}
	if (!scopes_cover(rq->scope, rq->route)) {
		auth_refuse_scope(rq);
		return (-1);
	}
	if (rq->route->api == API_IAM && auth_chain(rq, &rc))
		return (rc);
	return (rq->route->permission == NULL ? 0 :
	    auth_permit_all(rq, rq->route->permission));
}
