/* The table of predefined roles.  Each set is what Google documents at
 *   https://cloud.google.com/storage/docs/access-control/iam-roles
 *   https://cloud.google.com/iam/docs/roles-permissions/storage
 *   https://cloud.google.com/iam/docs/roles-permissions/iam
 * without permissions of services that the emulator does not have (orgpolicy,
 * recommender, firebase, cloudkms …).
 *
 * The basic roles reach buckets and objects only through the legacy roles that
 * a new bucket's policy gives to projectOwner:, projectEditor: and
 * projectViewer:, as in Google's.  One account may do everything besides, in
 * whose name drills are set up and judged: the emulator's owner (auth.c). */
#include "emulator/identity/roles.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "lib/mem.h"

#define PROJECT_READ							\
	"resourcemanager.projects.get", "resourcemanager.projects.list"
#define FOLDERS								\
	"storage.folders.create", "storage.folders.delete",		\
	"storage.folders.get", "storage.folders.list",			\
	"storage.folders.rename"
#define MANAGED_FOLDERS							\
	"storage.managedFolders.create", "storage.managedFolders.delete", \
	"storage.managedFolders.get", "storage.managedFolders.list"
#define MANAGED_FOLDERS_POLICY						\
	"storage.managedFolders.getIamPolicy",				\
	"storage.managedFolders.setIamPolicy"
#define UPLOADS								\
	"storage.multipartUploads.abort",				\
	"storage.multipartUploads.create",				\
	"storage.multipartUploads.list",				\
	"storage.multipartUploads.listParts"
#define CONTEXTS							\
	"storage.objects.createContext",				\
	"storage.objects.deleteContext",				\
	"storage.objects.updateContext"
#define OBJECT_USER							\
	CONTEXTS,							\
	"storage.objects.create", "storage.objects.delete",		\
	"storage.objects.get", "storage.objects.list",			\
	"storage.objects.move", "storage.objects.restore",		\
	"storage.objects.update"
#define OBJECT_ADMIN							\
	OBJECT_USER,							\
	"storage.objects.getIamPolicy",					\
	"storage.objects.overrideUnlockedRetention",			\
	"storage.objects.setIamPolicy", "storage.objects.setRetention"
#define OBJECT_LOOK							\
	"storage.folders.get", "storage.folders.list",			\
	"storage.managedFolders.get", "storage.managedFolders.list"
#define HMAC_KEYS							\
	"storage.hmacKeys.create", "storage.hmacKeys.delete",		\
	"storage.hmacKeys.get", "storage.hmacKeys.list",		\
	"storage.hmacKeys.update"
#define SERVICE_ACCOUNT_READ						\
	"iam.serviceAccounts.get", "iam.serviceAccounts.list"

#define KEYS								\
	"iam.serviceAccountKeys.create", "iam.serviceAccountKeys.delete", \
	"iam.serviceAccountKeys.disable", "iam.serviceAccountKeys.enable", \
	"iam.serviceAccountKeys.get", "iam.serviceAccountKeys.list"

#define SET(name)	static const char *const name[]

SET(storage_admin) = {
	PROJECT_READ, FOLDERS, MANAGED_FOLDERS, MANAGED_FOLDERS_POLICY,
	UPLOADS, OBJECT_ADMIN,
	"resourcemanager.hierarchyNodes.listEffectiveTags",
	"storage.anywhereCaches.create", "storage.anywhereCaches.disable",
	"storage.anywhereCaches.get", "storage.anywhereCaches.list",
	"storage.anywhereCaches.pause", "storage.anywhereCaches.resume",
	"storage.anywhereCaches.update",
	"storage.bucketOperations.cancel", "storage.bucketOperations.get",
	"storage.bucketOperations.list",
	"storage.buckets.create", "storage.buckets.createTagBinding",
	"storage.buckets.delete", "storage.buckets.deleteTagBinding",
	"storage.buckets.enableObjectRetention", "storage.buckets.get",
	"storage.buckets.getIamPolicy", "storage.buckets.getIpFilter",
	"storage.buckets.getObjectInsights", "storage.buckets.list",
	"storage.buckets.listEffectiveTags",
	"storage.buckets.listTagBindings", "storage.buckets.relocate",
	"storage.buckets.restore", "storage.buckets.setIamPolicy",
	"storage.buckets.setIpFilter", "storage.buckets.update", NULL
};
SET(storage_bucket_viewer) = {
	"storage.buckets.get", "storage.buckets.list", NULL
};
SET(storage_object_admin) = {
	PROJECT_READ, FOLDERS, MANAGED_FOLDERS, UPLOADS, OBJECT_ADMIN, NULL
};
SET(storage_object_user) = {
	PROJECT_READ, FOLDERS, MANAGED_FOLDERS, UPLOADS, OBJECT_USER, NULL
};
SET(storage_object_viewer) = {
	PROJECT_READ, OBJECT_LOOK, "storage.objects.get",
	"storage.objects.list", NULL
};
SET(storage_object_creator) = {
	PROJECT_READ, "storage.folders.create",
	"storage.managedFolders.create", "storage.multipartUploads.abort",
	"storage.multipartUploads.create",
	"storage.multipartUploads.listParts", "storage.objects.create",
	"storage.objects.createContext", NULL
};
SET(storage_folder_admin) = {
	PROJECT_READ, FOLDERS, MANAGED_FOLDERS, MANAGED_FOLDERS_POLICY,
	UPLOADS, OBJECT_ADMIN, NULL
};
SET(storage_legacy_bucket_owner) = {
	FOLDERS, MANAGED_FOLDERS, MANAGED_FOLDERS_POLICY, UPLOADS, CONTEXTS,
	"storage.anywhereCaches.create", "storage.anywhereCaches.disable",
	"storage.anywhereCaches.get", "storage.anywhereCaches.list",
	"storage.anywhereCaches.pause", "storage.anywhereCaches.resume",
	"storage.anywhereCaches.update",
	"storage.bucketOperations.cancel", "storage.bucketOperations.get",
	"storage.bucketOperations.list",
	"storage.buckets.createTagBinding",
	"storage.buckets.deleteTagBinding",
	"storage.buckets.enableObjectRetention", "storage.buckets.get",
	"storage.buckets.getIamPolicy", "storage.buckets.getIpFilter",
	"storage.buckets.listEffectiveTags",
	"storage.buckets.listTagBindings", "storage.buckets.relocate",
	"storage.buckets.restore",
	"storage.buckets.setIamPolicy", "storage.buckets.setIpFilter",
	"storage.buckets.update", "storage.objects.create",
	"storage.objects.delete", "storage.objects.list",
	"storage.objects.restore", "storage.objects.setRetention", NULL
};
SET(storage_legacy_bucket_writer) = {
	FOLDERS, MANAGED_FOLDERS, UPLOADS, "storage.buckets.get",
	"storage.objects.create", "storage.objects.createContext",
	"storage.objects.delete", "storage.objects.list",
	"storage.objects.restore", "storage.objects.setRetention", NULL
};
SET(storage_legacy_bucket_reader) = {
	OBJECT_LOOK, "storage.buckets.get", "storage.multipartUploads.list",
	"storage.objects.list", NULL
};
SET(storage_legacy_object_owner) = {
	CONTEXTS, "storage.objects.get", "storage.objects.getIamPolicy",
	"storage.objects.overrideUnlockedRetention",
	"storage.objects.setIamPolicy", "storage.objects.setRetention",
	"storage.objects.update", NULL
};
SET(storage_legacy_object_reader) = { "storage.objects.get", NULL };

SET(storage_hmac_key_admin) = {
	PROJECT_READ, HMAC_KEYS, NULL
};

SET(iam_service_account_admin) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.serviceAccounts.create",
	"iam.serviceAccounts.createTagBinding",
	"iam.serviceAccounts.delete",
	"iam.serviceAccounts.deleteTagBinding",
	"iam.serviceAccounts.disable", "iam.serviceAccounts.enable",
	"iam.serviceAccounts.getIamPolicy",
	"iam.serviceAccounts.listEffectiveTags",
	"iam.serviceAccounts.listTagBindings",
	"iam.serviceAccounts.setIamPolicy", "iam.serviceAccounts.undelete",
	"iam.serviceAccounts.update", NULL
};
SET(iam_service_account_creator) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.serviceAccounts.create", NULL
};
SET(iam_service_account_key_admin) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ, KEYS, NULL
};
SET(iam_service_account_token_creator) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ,
	"iam.serviceAccounts.getAccessToken",
	"iam.serviceAccounts.getOpenIdToken",
	"iam.serviceAccounts.implicitDelegation",
	"iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt", NULL
};
SET(iam_service_account_openid) = {
	"iam.serviceAccounts.getOpenIdToken", NULL
};
SET(iam_workload_identity_user) = {
	"iam.serviceAccounts.get", "iam.serviceAccounts.getAccessToken",
	"iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.list", NULL
};
SET(iam_service_account_user) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.serviceAccounts.actAs", NULL
};
SET(iam_service_account_viewer) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.serviceAccountKeys.get",
	"iam.serviceAccountKeys.list", "iam.serviceAccounts.getIamPolicy",
	NULL
};

SET(iam_service_account_deleter) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.serviceAccounts.delete", NULL
};
SET(iam_role_viewer) = {
	PROJECT_READ, "iam.roles.get", "iam.roles.list",
	"resourcemanager.projects.getIamPolicy", NULL
};
SET(iam_role_admin) = {
	PROJECT_READ, "iam.roles.create", "iam.roles.delete", "iam.roles.get",
	"iam.roles.list", "iam.roles.undelete", "iam.roles.update",
	"resourcemanager.projects.getIamPolicy", NULL
};
SET(iam_security_reviewer) = {
	"iam.roles.get", "iam.roles.list", "iam.serviceAccountKeys.list",
	"iam.serviceAccounts.get", "iam.serviceAccounts.getIamPolicy",
	"iam.serviceAccounts.list", "resourcemanager.projects.getIamPolicy",
	"resourcemanager.projects.list", "storage.bucketOperations.list",
	"storage.buckets.getIamPolicy", "storage.buckets.list",
	"storage.folders.list", "storage.hmacKeys.list",
	"storage.managedFolders.getIamPolicy", "storage.managedFolders.list",
	"storage.multipartUploads.list", "storage.objects.getIamPolicy",
	"storage.objects.list", NULL
};
SET(project_iam_admin) = {
	PROJECT_READ, "resourcemanager.projects.getIamPolicy",
	"resourcemanager.projects.setIamPolicy", NULL
};
SET(browser) = {
	PROJECT_READ, "resourcemanager.projects.getIamPolicy", NULL
};

#define BASIC_READ							\
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.roles.get",		\
	"iam.roles.list", "iam.serviceAccounts.getIamPolicy",		\
	"resourcemanager.projects.getIamPolicy", "storage.buckets.list"
#define BASIC_WRITE							\
	BASIC_READ, KEYS, FOLDERS, HMAC_KEYS,				\
	"iam.serviceAccounts.actAs", "iam.serviceAccounts.create",	\
	"iam.serviceAccounts.delete", "iam.serviceAccounts.disable",	\
	"iam.serviceAccounts.enable", "iam.serviceAccounts.update",	\
	"resourcemanager.projects.move",				\
	"resourcemanager.projects.update", "storage.buckets.create",	\
	"storage.buckets.delete"
SET(basic_viewer) = {
	BASIC_READ, "iam.serviceAccountKeys.get",
	"iam.serviceAccountKeys.list", "storage.folders.get",
	"storage.folders.list", "storage.hmacKeys.get",
	"storage.hmacKeys.list", NULL
};
SET(basic_editor) = { BASIC_WRITE, NULL };
SET(basic_owner) = {
	BASIC_WRITE, "iam.roles.create", "iam.roles.delete",
	"iam.roles.undelete", "iam.roles.update",
	"iam.serviceAccounts.setIamPolicy", "iam.serviceAccounts.undelete",
	"resourcemanager.projects.delete",
	"resourcemanager.projects.setIamPolicy",
	"resourcemanager.projects.undelete",
	"storage.buckets.enableObjectRetention", "storage.buckets.restore",
	NULL
};

const struct role roles[] = {
	{ "roles/owner", "Owner", basic_owner },
	{ "roles/editor", "Editor", basic_editor },
	{ "roles/viewer", "Viewer", basic_viewer },
	{ "roles/storage.admin", "Storage Admin", storage_admin },
	{ "roles/storage.bucketViewer", "Storage Bucket Viewer",
	    storage_bucket_viewer },
	{ "roles/storage.objectAdmin", "Storage Object Admin",
	    storage_object_admin },
	{ "roles/storage.objectUser", "Storage Object User",
	    storage_object_user },
	{ "roles/storage.objectViewer", "Storage Object Viewer",
	    storage_object_viewer },
	{ "roles/storage.objectCreator", "Storage Object Creator",
	    storage_object_creator },
	{ "roles/storage.legacyBucketOwner", "Storage Legacy Bucket Owner",
	    storage_legacy_bucket_owner },
	{ "roles/storage.legacyBucketWriter", "Storage Legacy Bucket Writer",
	    storage_legacy_bucket_writer },
	{ "roles/storage.legacyBucketReader", "Storage Legacy Bucket Reader",
	    storage_legacy_bucket_reader },
	{ "roles/storage.legacyObjectOwner", "Storage Legacy Object Owner",
	    storage_legacy_object_owner },
	{ "roles/storage.legacyObjectReader", "Storage Legacy Object Reader",
	    storage_legacy_object_reader },
	{ "roles/storage.folderAdmin", "Storage Folder Admin",
	    storage_folder_admin },
	{ "roles/storage.hmacKeyAdmin", "Storage HMAC Key Admin",
	    storage_hmac_key_admin },
	{ "roles/iam.serviceAccountAdmin", "Service Account Admin",
	    iam_service_account_admin },
	{ "roles/iam.serviceAccountCreator", "Create Service Accounts",
	    iam_service_account_creator },
	{ "roles/iam.serviceAccountKeyAdmin", "Service Account Key Admin",
	    iam_service_account_key_admin },
	{ "roles/iam.serviceAccountOpenIdTokenCreator",
	    "Service Account OpenID Connect Identity Token Creator",
	    iam_service_account_openid },
	{ "roles/iam.serviceAccountTokenCreator",
	    "Service Account Token Creator",
	    iam_service_account_token_creator },
	{ "roles/iam.serviceAccountUser", "Service Account User",
	    iam_service_account_user },
	{ "roles/iam.serviceAccountViewer", "View Service Accounts",
	    iam_service_account_viewer },
	{ "roles/iam.workloadIdentityUser", "Workload Identity User",
	    iam_workload_identity_user },
	{ "roles/iam.serviceAccountDeleter", "Delete Service Accounts",
	    iam_service_account_deleter },
	{ "roles/iam.roleAdmin", "Role Administrator", iam_role_admin },
	{ "roles/iam.roleViewer", "Role Viewer", iam_role_viewer },
	{ "roles/iam.securityReviewer", "Security Reviewer",
	    iam_security_reviewer },
	{ "roles/resourcemanager.projectIamAdmin", "Project IAM Admin",
	    project_iam_admin },
	{ "roles/browser", "Browser", browser },
	{ NULL, NULL, NULL }
};

const struct role *
role_find(const char *name)
{

	for (const struct role *r = roles; r->name != NULL; r++)
		if (strcmp(r->name, name) == 0)
			return (r);
	return (NULL);
}

bool
role_has(const struct role *r, const char *permission)
{

	for (const char *const *p = r->permissions; *p != NULL; p++)
		if (strcmp(*p, permission) == 0)
			return (true);
	return (false);
}

/* ---- all permissions ---- */

#define ROLES_ALL_MAX	512

static const char *roles_all[ROLES_ALL_MAX];
static size_t roles_nall;
static pthread_once_t roles_once = PTHREAD_ONCE_INIT;

static int
roles_order(const void *a, const void *b)
{

	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

static void
roles_add(const char *p)
{

	/* a route that needs several has them from a role each */
	if (p == NULL || strpbrk(p, "* ") != NULL)
		return;
	for (size_t i = 0; i < roles_nall; i++)
		if (strcmp(roles_all[i], p) == 0)
			return;
	BUG_ON(roles_nall == ROLES_ALL_MAX);
	roles_all[roles_nall++] = p;
}

static void
roles_collect(void)
{

	for (const struct role *r = roles; r->name != NULL; r++)
		for (const char *const *p = r->permissions; *p != NULL; p++)
			roles_add(*p);
	for (const struct route *r = routes; r->id != NULL; r++)
		roles_add(r->permission);
	qsort(roles_all, roles_nall, sizeof(*roles_all), roles_order);
}

const char *
roles_permission_at(size_t i)
{

	BUG_ON(pthread_once(&roles_once, roles_collect) != 0);
	return (i < roles_nall ? roles_all[i] : NULL);
}

bool
roles_permission(const char *name)
{

	(void)roles_permission_at(0);
	return (bsearch(&name, roles_all, roles_nall, sizeof(*roles_all),
	    roles_order) != NULL);
}
