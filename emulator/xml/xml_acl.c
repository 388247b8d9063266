/* A list is {entity: role, …}, see acls.h.  A document names the entity by a
 * Scope with a type, or, for clients that speak Amazon's form, by a Grantee. */
#include "emulator/xml/xml_acl.h"

#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/buckets.h"
#include "emulator/api/objects.h"
#include "emulator/xml/xml_read.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"
#include "lib/str.h"

#define XSI	"http://www.w3.org/2001/XMLSchema-instance"
#define GROUPS	"http://acs.amazonaws.com/groups/global/"

static const struct {
	const char *xml, *role;
} permissions[] = {
	{ "FULL_CONTROL", "OWNER" }, { "WRITE", "WRITER" },
	{ "READ", "READER" },
};

static enum acls_kind
xml_acl_kind(const struct req *rq)
{

	return (rq->object != NULL ? ACLS_OBJECT :
	    req_query(rq, "acl") != NULL ? ACLS_BUCKET : ACLS_DEFAULT);
}

/* ---- out ---- */

/* What a scope is called, and the entity without its kind. */
struct xml_scope {
	const char *type, *element, *text;
};

static struct xml_scope
xml_acl_scope(const char *entity)
{
	const char *dash = strchr(entity, '-');

	if (strcmp(entity, "allUsers") == 0)
		return ((struct xml_scope){ "AllUsers", NULL, NULL });
	if (strcmp(entity, "allAuthenticatedUsers") == 0)
		return ((struct xml_scope){ "AllAuthenticatedUsers", NULL,
		    NULL });
	if (str_starts(entity, "user-"))
		return ((struct xml_scope){ "UserByEmail", "EmailAddress",
		    dash + 1 });
	if (str_starts(entity, "group-"))
		return ((struct xml_scope){ "GroupByEmail", "EmailAddress",
		    dash + 1 });
	if (str_starts(entity, "domain-"))
		return ((struct xml_scope){ "GroupByDomain", "Domain",
		    dash + 1 });
	return ((struct xml_scope){ "GroupById", "ID", entity });
}

static const char *
xml_acl_permission(const char *role)
{

	for (size_t i = 0; i < NELEMS(permissions); i++)
		if (strcmp(permissions[i].role, role) == 0)
			return (permissions[i].xml);
	return ("FULL_CONTROL");
}

static void
xml_acl_entry(struct xml_write *w, const char *entity, const char *role)
{
	struct xml_scope s = xml_acl_scope(entity);

	xml_write_open(w, "Entry");
	buf_addf(&w->b, "<Scope type='%s'>", s.type);
	if (s.element != NULL)
		xml_write_text(w, s.element, s.text);
	xml_write_close(w, "Scope");
	xml_write_text(w, "Permission", xml_acl_permission(role));
	xml_write_close(w, "Entry");
}

static void
xml_acl_grant(struct xml_write *w, const char *entity, const char *role)
{
	struct xml_scope s = xml_acl_scope(entity);

	xml_write_open(w, "Grant");
	buf_addf(&w->b, "<Grantee xmlns:xsi='" XSI "' xsi:type='%s'>",
	    s.element == NULL ? "Group" :
	    strcmp(s.element, "EmailAddress") == 0 ?
	    "AmazonCustomerByEmail" : "CanonicalUser");
	if (s.element == NULL)
		buf_addf(&w->b, "<URI>" GROUPS "%s</URI>",
		    strcmp(s.type, "AllUsers") == 0 ? "AllUsers" :
		    "AuthenticatedUsers");
	else if (strcmp(s.element, "EmailAddress") == 0)
		xml_write_text(w, "EmailAddress", s.text);
	else
		xml_write_text(w, "ID", entity);
	xml_write_close(w, "Grantee");
	xml_write_text(w, "Permission", xml_acl_permission(role));
	xml_write_close(w, "Grant");
}

/* The list that is asked for, a new reference; NULL: a reply is stored. */
static json_t *
xml_acl_read(struct req *rq, const char **owner)
{
	struct store_at at = { rq->as_of };
	struct acls_config config;
	struct store_cond c;
	struct object o;
	struct bucket b;
	enum store_rc rc;

	if (req_cond(rq, &c) || buckets_read(rq, &b))
		return (NULL);
	acls_config(b.attrs, &config);
	if (config.uniform) {
		req_fail(rq, 400, "InvalidArgument", "Cannot get legacy ACL "
		    "when uniform bucket-level access is enabled. "
		    ACLS_READ_MORE);
		return (NULL);
	}
	*owner = arena_printf(&rq->arena, "project-owners-%lld",
	    (long long)rq->emu->project_number);
	switch (xml_acl_kind(rq)) {
	case ACLS_BUCKET:
		return (acls_of_bucket(rq, &b));
	case ACLS_DEFAULT:
		return (acls_of_default(rq, &b));
	case ACLS_OBJECT:
		break;
	}
	rc = store_object_get(rq->emu->store, at, rq->bucket, rq->object, &c,
	    &rq->arena, &o);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (NULL);
	}
	*owner = acls_owner(rq, &o);
	return (acls_of_object(rq, &o));
}

void
xml_acl_get_h(struct req *rq)
{
	bool amazon = xml_amz(rq);
	const char *owner, *entity;
	json_auto_t *acl = NULL;
	struct xml_write w;
	json_t *role;

	if (xml_check(rq) || (acl = xml_acl_read(rq, &owner)) == NULL)
		return;
	xml_write_begin(&w, amazon ? "AccessControlPolicy" :
	    "AccessControlList", amazon ? XML_NS_S3 : NULL);
	xml_write_open(&w, "Owner");
	xml_write_text(&w, "ID", owner);
	xml_write_close(&w, "Owner");
	xml_write_open(&w, amazon ? "AccessControlList" : "Entries");
	json_object_foreach(acl, entity, role)
		(amazon ? xml_acl_grant : xml_acl_entry)(&w, entity,
		    json_string_value(role));
	xml_write_close(&w, amazon ? "AccessControlList" : "Entries");
	xml_write_reply(&w, rq, 200);
}

/* ---- in ---- */

static int
xml_acl_malformed(struct req *rq, const char *why)
{

	req_fail(rq, 400, "MalformedACLError", "%s", why);
	return (-1);
}

/* The entity of a Scope, or NULL. */
static const char *
xml_acl_of_scope(struct arena *a, const struct xml_node *n)
{
	const char *type = n != NULL ? xml_attr(n, "type") : NULL;
	const char *id = xml_word(a, n, "ID");
	const char *mail = xml_word(a, n, "EmailAddress");
	const char *domain = xml_word(a, n, "Domain");

	if (type == NULL)
		return (NULL);
	if (strcmp(type, "AllUsers") == 0)
		return ("allUsers");
	if (strcmp(type, "AllAuthenticatedUsers") == 0)
		return ("allAuthenticatedUsers");
	if (strcmp(type, "UserByEmail") == 0 && mail != NULL)
		return (arena_printf(a, "user-%s", mail));
	if (strcmp(type, "GroupByEmail") == 0 && mail != NULL)
		return (arena_printf(a, "group-%s", mail));
	if (strcmp(type, "GroupByDomain") == 0 && domain != NULL)
		return (arena_printf(a, "domain-%s", domain));
	if (strcmp(type, "UserById") == 0 && id != NULL)
		return (str_starts(id, "user-") ? id :
		    arena_printf(a, "user-%s", id));
	if (strcmp(type, "GroupById") == 0 && id != NULL)
		return (str_starts(id, "project-") ? id :
		    arena_printf(a, "group-%s", id));
	return (NULL);
}

static const char *
xml_acl_of_grantee(struct arena *a, const struct xml_node *n)
{
	const char *type = n != NULL ? xml_attr(n, "type") : NULL;
	const char *uri = xml_word(a, n, "URI"), *id = xml_word(a, n, "ID");
	const char *mail = xml_word(a, n, "EmailAddress");

	if (type == NULL)
		return (NULL);
	if (strcmp(type, "Group") == 0 && uri != NULL &&
	    strcmp(uri, GROUPS "AllUsers") == 0)
		return ("allUsers");
	if (strcmp(type, "Group") == 0 && uri != NULL &&
	    strcmp(uri, GROUPS "AuthenticatedUsers") == 0)
		return ("allAuthenticatedUsers");
	if (strcmp(type, "AmazonCustomerByEmail") == 0 && mail != NULL)
		return (arena_printf(a, "user-%s", mail));
	return (strcmp(type, "CanonicalUser") == 0 ? id : NULL);
}

static const char *
xml_acl_role(const char *permission)
{

	for (size_t i = 0; permission != NULL && i < NELEMS(permissions); i++)
		if (strcmp(permissions[i].xml, permission) == 0)
			return (permissions[i].role);
	return (NULL);
}

/* The entries of the document, into the array `to`. */
static int
xml_acl_take(struct req *rq, json_t *to)
{
	const struct xml_node *root, *list, *n;
	const char *entity, *role, *why;
	bool amazon;

	root = xml_read(&rq->arena, rq->body.p, rq->body.len, &why);
	if (root == NULL)
		return (xml_acl_malformed(rq, why));
	amazon = strcmp(root->name, "AccessControlPolicy") == 0;
	list = xml_child(root, amazon ? "AccessControlList" : "Entries");
	if (!amazon && strcmp(root->name, "AccessControlList") != 0)
		return (xml_acl_malformed(rq, "The root element is not "
		    "AccessControlList."));
	for (n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		entity = amazon ?
		    xml_acl_of_grantee(&rq->arena, xml_child(n, "Grantee")) :
		    xml_acl_of_scope(&rq->arena, xml_child(n, "Scope"));
		role = xml_acl_role(xml_word(&rq->arena, n, "Permission"));
		if (entity == NULL || role == NULL)
			return (xml_acl_malformed(rq, "Each entry has a "
			    "scope and a permission."));
		(void)json_array_append_new(to, json_pack("{s:s, s:s}",
		    "entity", entity, "role", role));
	}
	return (0);
}

/* The entries of a predefined list. */
static int
xml_acl_named(struct req *rq, const char *name, json_t *to)
{
	json_auto_t *acl = acls_predefined(rq, xml_acl_kind(rq), name);
	const char *entity;
	json_t *role;

	if (acl == NULL)
		return (-1);
	json_object_foreach(acl, entity, role)
		(void)json_array_append_new(to, json_pack("{s:s, s:O}",
		    "entity", entity, "role", role));
	return (0);
}

void
xml_acl_put_h(struct req *rq)
{
	const char *name = xml_header(rq, "acl");
	json_t *in, *array;
	struct object o;
	struct bucket b;

	if (xml_check_body(rq) || req_json_text(rq, "", 0, &in))
		return;
	array = json_array();
	(void)json_object_set_new(in, xml_acl_kind(rq) == ACLS_DEFAULT ?
	    "defaultObjectAcl" : "acl", array);
	if (name != NULL && rq->body.len > 0) {
		req_fail(rq, 400, "UnexpectedContent", "A request has either "
		    "the header x-goog-acl or a list in its body.");
		return;
	}
	if (name != NULL ? xml_acl_named(rq, name, array) :
	    xml_acl_take(rq, array))
		return;
	if ((rq->object != NULL ? objects_apply(rq, in, true, &o) :
	    buckets_apply(rq, in, true, &b)) == 0)
		req_reply_empty(rq, 200);
}
