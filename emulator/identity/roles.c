/* The table of predefined roles.  Each set is what Google documents at
 *   https://cloud.google.com/storage/docs/access-control/iam-roles
 *   https://cloud.google.com/iam/docs/roles-permissions/storage
 *   https://cloud.google.com/iam/docs/roles-permissions/iam
 * without permissions of services that the emulator does not have (orgpolicy,
 * recommender, firebase, cloudkms …).
 *
 * roles/owner is wider than the real one.  There the owner of a project sees
 * a bucket's objects through the legacy roles that a new bucket's policy
 * gives to `projectOwner:`, and loses them with that binding.  Here the owner
 * is also the one in whose name drills are set up and judged, whatever was
 * done to a bucket's policy. */
#include "emulator/identity/roles.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "lib/mem.h"
#include "lib/str.h"

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
#define OBJECT_USER							\
	"storage.objects.create", "storage.objects.delete",		\
	"storage.objects.get", "storage.objects.list",			\
	"storage.objects.move", "storage.objects.restore",		\
	"storage.objects.update"
#define OBJECT_ADMIN							\
	OBJECT_USER,							\
	"storage.objects.getIamPolicy",					\
	"storage.objects.overrideUnlockedRetention",			\
	"storage.objects.setIamPolicy", "storage.objects.setRetention"
#define SERVICE_ACCOUNT_READ						\
	"iam.serviceAccounts.get", "iam.serviceAccounts.list"

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
	PROJECT_READ, "storage.folders.get", "storage.folders.list",
	"storage.managedFolders.get", "storage.managedFolders.list",
	"storage.objects.get", "storage.objects.list", NULL
};
SET(storage_object_creator) = {
	PROJECT_READ, "storage.folders.create",
	"storage.managedFolders.create", "storage.multipartUploads.abort",
	"storage.multipartUploads.create",
	"storage.multipartUploads.listParts", "storage.objects.create", NULL
};
SET(storage_legacy_bucket_owner) = {
	FOLDERS, MANAGED_FOLDERS, MANAGED_FOLDERS_POLICY, UPLOADS,
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
	"storage.buckets.listTagBindings", "storage.buckets.restore",
	"storage.buckets.setIamPolicy", "storage.buckets.setIpFilter",
	"storage.buckets.update", "storage.objects.create",
	"storage.objects.delete", "storage.objects.list",
	"storage.objects.restore", "storage.objects.setRetention", NULL
};
SET(storage_legacy_bucket_writer) = {
	UPLOADS, "storage.buckets.get", "storage.objects.create",
	"storage.objects.delete", "storage.objects.list", NULL
};
SET(storage_legacy_bucket_reader) = {
	"storage.buckets.get", "storage.multipartUploads.list",
	"storage.objects.list", NULL
};
SET(storage_legacy_object_owner) = {
	"storage.objects.get", "storage.objects.getIamPolicy",
	"storage.objects.setIamPolicy", "storage.objects.update", NULL
};
SET(storage_legacy_object_reader) = { "storage.objects.get", NULL };

SET(storage_hmac_key_admin) = {
	PROJECT_READ, "storage.hmacKeys.create", "storage.hmacKeys.delete",
	"storage.hmacKeys.get", "storage.hmacKeys.list",
	"storage.hmacKeys.update", NULL
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
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.serviceAccountKeys.create",
	"iam.serviceAccountKeys.delete", "iam.serviceAccountKeys.disable",
	"iam.serviceAccountKeys.enable", "iam.serviceAccountKeys.get",
	"iam.serviceAccountKeys.list", NULL
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

/* The basic roles reach objects only through the convenience members of a
 * bucket's policy (projectViewer: and projectEditor:), as in Google's. */
SET(basic_viewer) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.serviceAccountKeys.get",
	"iam.serviceAccountKeys.list", "iam.serviceAccounts.getIamPolicy",
	"resourcemanager.projects.getIamPolicy", "storage.buckets.list", NULL
};
SET(basic_editor) = {
	PROJECT_READ, SERVICE_ACCOUNT_READ, "iam.serviceAccountKeys.*",
	"iam.serviceAccounts.actAs", "iam.serviceAccounts.create",
	"iam.serviceAccounts.delete", "iam.serviceAccounts.disable",
	"iam.serviceAccounts.enable", "iam.serviceAccounts.getIamPolicy",
	"iam.serviceAccounts.undelete", "iam.serviceAccounts.update",
	"resourcemanager.projects.getIamPolicy", "storage.buckets.create",
	"storage.buckets.delete", "storage.buckets.list", NULL
};
SET(basic_owner) = { "*", NULL };

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
		if (str_glob(*p, permission))
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

	if (p == NULL || strchr(p, '*') != NULL)
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
