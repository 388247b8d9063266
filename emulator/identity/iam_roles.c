/* Roles: the predefined ones of roles.c, to be read, and the custom ones of
 * the project, kept as records `role` by their id:
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/roles.h"
#include "lib/str.h"

#define ROLES_PAGE	300		/* of a list, unless it asks */
#define ROLES_PAGE_MAX	1000
#define ROLES_PERMISSIONS 3000		/* of one role */

/* ---- permissions ---- */

/* Is it one of a service that we have?  Of others any well-formed name will
 * do, as they decide nothing here. */
static bool
iam_permission_known(const char *p)
{
	const char *dot = strchr(p, '.');

	if (dot == NULL || dot == p || strchr(dot + 1, '.') == NULL ||
	    p[strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789.-_")] != '\0' || str_ends(p, ".") ||
	    strstr(p, "..") != NULL)
		return (false);
	return ((!str_starts(p, "storage.") && !str_starts(p, "iam.") &&
	    !str_starts(p, "resourcemanager.")) || roles_permission(p));
}

/* A role's permissions, with the globs of basic roles spelt out. */
static json_t *
iam_role_permissions(const struct role *r)
{
	json_t *out = json_array();
	const char *p;

	for (size_t i = 0; (p = roles_permission_at(i)) != NULL; i++)
		if (role_has(r, p))
			(void)json_array_append_new(out, json_string(p));
	return (out);
}

/* ---- custom roles ---- */

static const char *
iam_role_name(struct req *rq, const char *id)
{

	return (arena_printf(&rq->arena, "projects/%s/roles/%s",
	    rq->emu->project, id));
}

/* The id of a custom role of our project, or NULL. */
static const char *
iam_role_custom(const struct emu *emu, const char *name)
{
	size_t n = strlen(emu->project);

	if (!str_starts(name, "projects/") ||
	    strncmp(name + 9, emu->project, n) != 0 ||
	    !str_starts(name + 9 + n, "/roles/"))
		return (NULL);
	return (name + 9 + n + 7);
}

/* As stored, a new reference; NULL: there is none, or it is deleted. */
static json_t *
iam_role_live(struct emu *emu, struct arena *a, const char *name)
{
	const char *id = iam_role_custom(emu, name);
	struct record r;
	json_t *j;

	if (id == NULL || store_record_get(emu->store, "role", id, a, &r) !=
	    STORE_OK)
		return (NULL);
	j = json_loads(r.json, 0, NULL);
	if (!json_is_true(json_object_get(j, "deleted")))
		return (j);
	json_decref(j);
	return (NULL);
}

bool
iam_role_exists(struct emu *emu, struct arena *a, const char *name)
{
	json_auto_t *j = NULL;

	if (role_find(name) != NULL)
		return (true);
	j = iam_role_live(emu, a, name);
	return (j != NULL);
}

bool
iam_role_has(struct emu *emu, struct arena *a, const char *name,
    const char *permission)
{
	const struct role *r = role_find(name);
	json_auto_t *j = NULL;
	const json_t *p;
	size_t i;

	if (r != NULL)
		return (role_has(r, permission));
	j = iam_role_live(emu, a, name);
	if (strcmp(json_string_value(json_object_get(j, "stage")) != NULL ?
	    json_string_value(json_object_get(j, "stage")) : "",
	    "DISABLED") == 0)
		return (false);
	json_array_foreach(json_object_get(j, "includedPermissions"), i, p)
		if (strcmp(json_string_value(p), permission) == 0)
			return (true);
	return (false);
}

/* ---- the API's form ---- */

static json_t *
iam_role_json(struct req *rq, const char *id, const json_t *role,
    int64_t version, bool full)
{
	static const char *const copied[] = { "title", "description", "stage",
	    "deleted" };
	json_t *j = json_pack("{s:s}", "name", iam_role_name(rq, id)), *v;

	BUG_ON(j == NULL);
	for (size_t i = 0; i < NELEMS(copied); i++)
		if ((v = json_object_get(role, copied[i])) != NULL)
			(void)json_object_set(j, copied[i], v);
	v = json_object_get(role, "includedPermissions");
	if (full && json_array_size(v) > 0)
		(void)json_object_set(j, "includedPermissions", v);
	(void)json_object_set_new(j, "etag",
	    json_string(iam_etag(&rq->arena, version)));
	return (j);
}

static json_t *
iam_role_predefined(const struct role *r, bool full)
{
	json_t *j = json_pack("{s:s, s:s, s:s, s:s}", "name", r->name,
	    "title", r->title, "stage", "GA", "etag", "AA==");

	BUG_ON(j == NULL);
	if (full)
		(void)json_object_set_new(j, "includedPermissions",
		    iam_role_permissions(r));
	return (j);
}

/* ---- input ---- */

static int
iam_role_text(struct req *rq, const json_t *in, const char *k, size_t max,
    json_t *role)
{
	json_t *v = json_object_get(in, k);

	if (v == NULL || json_is_null(v))
		return (0);
	if (!json_is_string(v) || json_string_length(v) > max) {
		req_fail(rq, 400, "badRequest", "Invalid value at 'role.%s': "
		    "a text of at most %zu bytes is wanted.", k, max);
		return (-1);
	}
	(void)json_object_set(role, k, v);
	return (0);
}

static int
iam_role_stage(struct req *rq, const json_t *in, json_t *role)
{
	static const char *const stages[] = { "ALPHA", "BETA", "GA",
	    "DEPRECATED", "DISABLED", "EAP" };
	json_t *v = json_object_get(in, "stage");

	if (v == NULL || json_is_null(v))
		return (0);
	for (size_t i = 0; json_is_string(v) && i < NELEMS(stages); i++)
		if (strcmp(json_string_value(v), stages[i]) == 0) {
			(void)json_object_set(role, "stage", v);
			return (0);
		}
	req_fail(rq, 400, "badRequest", "Invalid value at 'role.stage': "
	    "ALPHA, BETA, GA, DEPRECATED, DISABLED and EAP are valid.");
	return (-1);
}

static int
iam_role_list(struct req *rq, const json_t *in, json_t *role)
{
	json_t *v = json_object_get(in, "includedPermissions"), *p;
	size_t i;

	if (v == NULL || json_is_null(v))
		return (0);
	if (!json_is_array(v) || json_array_size(v) > ROLES_PERMISSIONS) {
		req_fail(rq, 400, "badRequest", "Invalid value at "
		    "'role.included_permissions': an array of at most %d "
		    "permissions is wanted.", ROLES_PERMISSIONS);
		return (-1);
	}
	json_array_foreach(v, i, p)
		if (!json_is_string(p) ||
		    !iam_permission_known(json_string_value(p))) {
			req_fail(rq, 400, "badRequest", "Permission %s is not "
			    "valid.", json_is_string(p) ?
			    json_string_value(p) : "(not a text)");
			return (-1);
		}
	(void)json_object_set(role, "includedPermissions", v);
	return (0);
}

/* in's fields into role; mask: only those named, of which absent ones are
 * taken away (NULL: all that are there). */
static int
iam_role_take(struct req *rq, const json_t *in, const char *mask,
    json_t *role)
{
	static const struct { const char *name, *snake; } fields[] = {
		{ "title", "title" }, { "description", "description" },
		{ "stage", "stage" },
		{ "includedPermissions", "included_permissions" },
	};
	json_auto_t *some = json_object();
	char *list = arena_strdup(&rq->arena, mask != NULL ? mask : ""), *one;
	size_t i;

	if (in != NULL && !json_is_object(in)) {
		req_fail(rq, 400, "badRequest", "Invalid value at 'role': an "
		    "object is wanted.");
		return (-1);
	}
	while (mask != NULL && *mask != '\0' &&
	    (one = strsep(&list, ",")) != NULL) {
		for (i = 0; i < NELEMS(fields); i++)
			if (strcmp(one, fields[i].name) == 0 ||
			    strcmp(one, fields[i].snake) == 0)
				break;
		if (i == NELEMS(fields)) {
			if (strcmp(one, "etag") == 0)
				continue;
			req_fail(rq, 400, "badRequest", "Invalid field mask: "
			    "'%s'.", one);
			return (-1);
		}
		(void)json_object_del(role, fields[i].name);
		(void)json_object_set(some, fields[i].name,
		    json_object_get(in, fields[i].name));
	}
	if (mask != NULL && *mask != '\0')
		in = some;
	return (iam_role_text(rq, in, "title", 100, role) ||
	    iam_role_text(rq, in, "description", 300, role) ||
	    iam_role_stage(rq, in, role) || iam_role_list(rq, in, role) ?
	    -1 : 0);
}

static int
iam_role_put(struct req *rq, const char *id, const json_t *role,
    int64_t if_version, int64_t *version)
{
	enum store_rc rc = iam_put(rq->emu, "role", id, role, if_version,
	    version);

	if (rc == STORE_OK)
		return (0);
	if (rc == STORE_EXISTS)
		req_fail(rq, 409, "alreadyExists", "A role named %s in "
		    "projects/%s already exists.", id, rq->emu->project);
	else
		iam_fail_put(rq, rc, "role");
	return (-1);
}

/* The stored role of the path; NULL: an error is stored.  The caller frees
 * it. */
static json_t *
iam_role_of(struct req *rq, const char **id, int64_t *version)
{
	struct record r;
	enum store_rc rc;

	*id = iam_cap(rq, 1);
	if (iam_project_of(rq) != 0)
		return (NULL);
	rc = store_record_get(rq->emu->store, "role", *id, &rq->arena, &r);
	if (rc == STORE_OK) {
		*version = r.version;
		return (json_loads(r.json, 0, NULL));
	}
	if (rc == STORE_NO_RECORD)
		req_fail(rq, 404, "notFound", "The role named %s was not "
		    "found.", iam_role_name(rq, *id));
	else
		req_fail_rc(rq, rc);
	return (NULL);
}

/* The etag that a change was given, where it was, fits the version.  -1: a
 * 409 has been stored. */
static int
iam_role_etag(struct req *rq, const char *etag, int64_t version)
{

	if (etag == NULL || *etag == '\0' ||
	    strcmp(etag, iam_etag(&rq->arena, version)) == 0)
		return (0);
	iam_fail_put(rq, STORE_PRECONDITION, "role");
	return (-1);
}

/* ---- handlers ---- */

void
iam_role_create_h(struct req *rq)
{
	json_auto_t *role = json_object();
	const char *id;
	int64_t version;
	json_t *body;
	size_t n;

	if (iam_project_of(rq) != 0 || req_json(rq, &body) != 0)
		return;
	id = json_string_value(json_object_get(body, "roleId"));
	n = id != NULL ? strlen(id) : 0;
	if (n < 3 || n > 64 || strspn(id, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") != n) {
		req_fail(rq, 400, "badRequest", "The role_id '%s' must match "
		    "[a-zA-Z0-9_\\.]{3,64}.", id != NULL ? id : "");
		return;
	}
	if (iam_role_take(rq, json_object_get(body, "role"), NULL, role) == 0 &&
	    iam_role_put(rq, id, role, 0, &version) == 0)
		req_reply_json(rq, 200, iam_role_json(rq, id, role, version,
		    true));
}

void
iam_role_get_h(struct req *rq)
{
	const struct role *r;
	json_auto_t *role = NULL;
	const char *id, *name;
	int64_t version;

	if (rq->cap[1] != NULL) {
		role = iam_role_of(rq, &id, &version);
		if (role != NULL)
			req_reply_json(rq, 200, iam_role_json(rq, id, role,
			    version, true));
		return;
	}
	name = arena_printf(&rq->arena, "roles/%s", iam_cap(rq, 0));
	r = role_find(name);
	if (r != NULL)
		req_reply_json(rq, 200, iam_role_predefined(r, true));
	else
		req_fail(rq, 404, "notFound", "The role named %s was not "
		    "found.", name);
}

/* pageSize, and where to begin: pageToken is a number of roles here. */
static int
iam_role_page(struct req *rq, int64_t *max, int64_t *from)
{
	bool has;

	*max = ROLES_PAGE;
	*from = 0;
	if (req_query_int(rq, "pageSize", &has, max) != 0 ||
	    req_query_int(rq, "pageToken", &has, from) != 0)
		return (-1);
	if (*max < 0 || *from < 0) {
		req_fail(rq, 400, "badRequest", "Invalid pageSize or "
		    "pageToken.");
		return (-1);
	}
	if (*max == 0 || *max > ROLES_PAGE_MAX)
		*max = *max == 0 ? ROLES_PAGE : ROLES_PAGE_MAX;
	return (0);
}

/* A page of `all`, which is taken over. */
static void
iam_role_reply(struct req *rq, json_t *all, int64_t from, int64_t max)
{
	json_t *out = json_object(), *list = json_array();
	int64_t n = (int64_t)json_array_size(all), i;

	for (i = from; i < n && i < from + max; i++)
		(void)json_array_append(list, json_array_get(all, (size_t)i));
	if (json_array_size(list) > 0)
		(void)json_object_set(out, "roles", list);
	if (i < n)
		(void)json_object_set_new(out, "nextPageToken", json_string(
		    arena_printf(&rq->arena, "%" PRId64, i)));
	json_decref(list);
	json_decref(all);
	req_reply_json(rq, 200, out);
}

static json_t *
iam_role_all_custom(struct req *rq, bool full, bool deleted)
{
	json_t *out = json_array();
	const char *after = "";
	struct record *r;
	enum store_rc rc;
	size_t n = 0;

	do {
		rc = store_record_list(rq->emu->store, "role", "", after,
		    1000, &rq->arena, &r, &n);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			json_auto_t *role = json_loads(r[i].json, 0, NULL);

			if (deleted || !json_is_true(json_object_get(role,
			    "deleted")))
				(void)json_array_append_new(out,
				    iam_role_json(rq, r[i].key, role,
				    r[i].version, full));
		}
		if (rc == STORE_OK && n > 0)
			after = r[n - 1].key;
	} while (rc == STORE_OK && n == 1000);
	if (rc == STORE_OK)
		return (out);
	json_decref(out);
	req_fail_rc(rq, rc);
	return (NULL);
}

void
iam_role_list_h(struct req *rq)
{
	const char *view = req_query(rq, "view");
	bool full = view != NULL && strcmp(view, "FULL") == 0;
	int64_t max, from;
	json_t *all;

	if (iam_role_page(rq, &max, &from) != 0)
		return;
	if (rq->cap[0] != NULL) {
		if (iam_project_of(rq) != 0 ||
		    (all = iam_role_all_custom(rq, full,
		    req_query_bool(rq, "showDeleted", false))) == NULL)
			return;
	} else {
		all = json_array();
		for (const struct role *r = roles; r->name != NULL; r++)
			(void)json_array_append_new(all,
			    iam_role_predefined(r, full));
	}
	iam_role_reply(rq, all, from, max);
}

/* What gcloud asks before it offers roles for a resource. */
void
iam_role_grantable_h(struct req *rq)
{
	json_t *all = json_array(), *body;

	if (req_json(rq, &body) != 0) {
		json_decref(all);
		return;
	}
	for (const struct role *r = roles; r->name != NULL; r++)
		(void)json_array_append_new(all, iam_role_predefined(r,
		    false));
	iam_role_reply(rq, all, 0, INT32_MAX);
}

void
iam_permissions_h(struct req *rq)
{
	json_t *list = json_array(), *body;
	const char *p;

	if (req_json(rq, &body) != 0) {
		json_decref(list);
		return;
	}
	for (size_t i = 0; (p = roles_permission_at(i)) != NULL; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:s}",
		    "name", p, "stage", "GA"));
	req_reply_json(rq, 200, json_pack("{s:o}", "permissions", list));
}

void
iam_role_patch_h(struct req *rq)
{
	int64_t version;
	const char *id;
	json_auto_t *role = iam_role_of(rq, &id, &version);
	json_t *in;

	if (role == NULL || req_json(rq, &in) != 0)
		return;
	if (json_is_true(json_object_get(role, "deleted"))) {
		req_fail(rq, 400, "failedPrecondition", "You can't update "
		    "the role %s: it is deleted.", id);
		return;
	}
	if (iam_role_etag(rq, json_string_value(json_object_get(in, "etag")),
	    version) == 0 &&
	    iam_role_take(rq, in, req_query(rq, "updateMask"), role) == 0 &&
	    iam_role_put(rq, id, role, version, &version) == 0)
		req_reply_json(rq, 200, iam_role_json(rq, id, role, version,
		    true));
}

/* Deleted roles stay, granting nothing, and their ids stay taken. */
void
iam_role_delete_h(struct req *rq)
{
	bool off = str_ends(rq->route->id, ".delete");
	int64_t version;
	const char *id, *etag = req_query(rq, "etag");
	json_auto_t *role = iam_role_of(rq, &id, &version);
	json_t *in;

	if (role == NULL)
		return;
	if (!off) {
		if (req_json(rq, &in) != 0)
			return;
		etag = json_string_value(json_object_get(in, "etag"));
	}
	if (json_is_true(json_object_get(role, "deleted")) == off) {
		req_fail(rq, 400, "failedPrecondition", off ? "You can't "
		    "delete role_id (%s) since it is already deleted." :
		    "You can't undelete role_id (%s) since it is not deleted.",
		    id);
		return;
	}
	if (off)
		(void)json_object_set_new(role, "deleted", json_true());
	else
		(void)json_object_del(role, "deleted");
	if (iam_role_etag(rq, etag, version) == 0 &&
	    iam_role_put(rq, id, role, version, &version) == 0)
		req_reply_json(rq, 200, iam_role_json(rq, id, role, version,
		    true));
}
