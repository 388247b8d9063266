/* The route table: one row for each thing that can be asked.  The first row
 * that fits wins, so a row with a query condition stands before the one
 * without.  Method ids: https://cloud.google.com/storage/docs/json_api/v1 ,
 * https://cloud.google.com/iam/docs/reference/rest . */
#include "emulator/http/route.h"

#include "emulator/api/acls.h"
#include "emulator/api/batch.h"
#include "emulator/api/buckets.h"
#include "emulator/api/compose.h"
#include "emulator/api/folders.h"
#include "emulator/api/hmac_keys.h"
#include "emulator/api/lists.h"
#include "emulator/api/media.h"
#include "emulator/api/notifications.h"
#include "emulator/api/objects.h"
#include "emulator/xml/post_form.h"
#include "emulator/api/operations.h"
#include "emulator/api/projects.h"
#include "emulator/api/restore.h"
#include "emulator/api/resumable.h"
#include "emulator/api/retention.h"
#include "emulator/api/rewrite.h"
#include "emulator/api/uploads.h"
#include "emulator/xml/xml_acl.h"
#include "emulator/xml/xml_bucket.h"
#include "emulator/xml/xml_list.h"
#include "emulator/xml/xml_multi.h"
#include "emulator/xml/xml_object.h"
#include "emulator/xml/xml_put.h"
#include "emulator/xml/xml_retention.h"
#include "emulator/control/control.h"
#include "emulator/control/internal.h"
#include "emulator/control/metrics.h"
#include "emulator/control/snapshot.h"
#include "emulator/fault/retry_test.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/metadata.h"
#include "emulator/identity/oauth.h"
#include "emulator/identity/pools.h"
#include "emulator/identity/sts.h"
#include "emulator/identity/users.h"

#define B	"/storage/v1/b"
#define B1	B "/{bucket}"
#define O1	B1 "/o/{object}"
#define UP	"/upload/storage/v1/b/{bucket}/o"
#define RUP	"/resumable" UP
#define DL	"/download/storage/v1/b/{bucket}/o/{object}"
#define SA	"/v1/projects/{project}/serviceAccounts"
#define SA1	SA "/{account}"
#define ROLES	"/v1/projects/{project}/roles"
#define HMAC	"/storage/v1/projects/{project}/hmacKeys"
#define XB	"/{bucket}"
#define XO	XB "/{object...}"
#define E	"/_emulator/"

/* id, api, method, path, query, permission, body, handler */
#define ROW(i, a, m, p, q, perm, b, h) { .id = (i), .api = API_##a,	\
	.method = (m), .path = (p), .query = (q), .permission = (perm),	\
	.body = BODY_##b, .handle = (h) }
/* The same with a streamed body: begin, data, handle, done. */
#define STREAM(i, a, m, p, q, perm, s) { .id = (i), .api = API_##a,	\
	.method = (m), .path = (p), .query = (q), .permission = (perm),	\
	.body = BODY_STREAM, .begin = s##_begin, .data = s##_data,	\
	.handle = s##_h, .done = s##_done }
/* A bucket by the XML API, with and without the slash behind it. */
#define XROW(i, m, q, perm, b, h) ROW(i, XML, m, XB, q, perm, b, h),	\
	ROW(i, XML, m, XB "/", q, perm, b, h)
/* Lists are part of what they guard:
 * https://cloud.google.com/storage/docs/access-control/iam-json#extended */
#define BLIST	"storage.buckets.get storage.buckets.getIamPolicy"
#define BLIST1	BLIST " storage.buckets.setIamPolicy storage.buckets.update"
#define OLIST	"storage.objects.get storage.objects.getIamPolicy"
#define OLIST1	OLIST " storage.objects.setIamPolicy storage.objects.update"
#define XACL(q) XROW("storage.bucketAccessControls.list", "GET", q,	\
	BLIST, NONE, xml_acl_get_h),		\
	XROW("storage.buckets.patch", "PUT", q,				\
	BLIST1, BUF, xml_acl_put_h)
#define XGET(q) XROW("storage.buckets.get", "GET", q,			\
	"storage.buckets.get", NONE, xml_config_get_h)
#define XPUT(q) XROW("storage.buckets.patch", "PUT", q,			\
	"storage.buckets.update", BUF, xml_config_put_h)

static void
routes_root_h(struct req *rq)
{

	req_reply(rq, 200, "text/plain", "OK", 2);
}

/* Objects are inserted below /upload; the path without it takes no body. */
static void
routes_upload_h(struct req *rq)
{

	req_fail(rq, 400, "wrongUrlForUpload", "Upload requests must include "
	    "an uploadType URL parameter and a URL path beginning with "
	    "/upload/.");
}

static void
routes_unserved_h(struct req *rq)
{

	req_fail(rq, 501, "notImplemented",
	    "%s is a method of the real service that gcs-emulator does not "
	    "serve.", rq->route->id);
}

const struct route routes[] = {
	/* buckets */
	ROW("storage.buckets.list", STORAGE, "GET", B, NULL,
	    "storage.buckets.list", NONE, buckets_list_h),
	ROW("storage.buckets.insert", STORAGE, "POST", B, NULL,
	    "storage.buckets.create", BUF, buckets_insert_h),
	ROW("storage.buckets.get", STORAGE, "GET", B1, NULL,
	    "storage.buckets.get", NONE, buckets_get_h),
	ROW("storage.buckets.patch", STORAGE, "PATCH", B1, NULL,
	    "storage.buckets.update", BUF, buckets_patch_h),
	ROW("storage.buckets.update", STORAGE, "PUT", B1, NULL,
	    "storage.buckets.update", BUF, buckets_update_h),
	ROW("storage.buckets.delete", STORAGE, "DELETE", B1, NULL,
	    "storage.buckets.delete", NONE, buckets_delete_h),
	ROW("storage.buckets.testIamPermissions", STORAGE, "GET",
	    B1 "/iam/testPermissions", NULL, NULL, NONE, buckets_test_iam_h),
	ROW("storage.buckets.getIamPolicy", STORAGE, "GET", B1 "/iam", NULL,
	    "storage.buckets.getIamPolicy", NONE, buckets_get_iam_h),
	ROW("storage.buckets.setIamPolicy", STORAGE, "PUT", B1 "/iam", NULL,
	    "storage.buckets.setIamPolicy", BUF, buckets_set_iam_h),
	ROW("storage.buckets.lockRetentionPolicy", STORAGE, "POST",
	    B1 "/lockRetentionPolicy", NULL, "storage.buckets.update", BUF,
	    retention_lock_h),
	ROW("storage.buckets.restore", STORAGE, "POST", B1 "/restore", NULL,
	    NULL, BUF, restore_bucket_h),
	ROW("storage.buckets.getStorageLayout", STORAGE, "GET",
	    B1 "/storageLayout", NULL, "storage.objects.list", NONE,
	    buckets_layout_h),

	/* objects */
	ROW("storage.objects.list", STORAGE, "GET", B1 "/o", NULL,
	    "storage.objects.list", NONE, lists_objects_h),
	ROW("storage.objects.get", STORAGE, "GET", O1, "alt=media",
	    "storage.objects.get", NONE, media_get_h),
	ROW("storage.objects.get", STORAGE, "GET", O1, NULL,
	    "storage.objects.get", NONE, objects_get_h),
	ROW("storage.objects.get", STORAGE, "GET", DL, NULL,
	    "storage.objects.get", NONE, media_get_h),
	ROW("storage.objects.patch", STORAGE, "PATCH", O1, NULL,
	    "storage.objects.update", BUF, objects_patch_h),
	ROW("storage.objects.update", STORAGE, "PUT", O1, NULL,
	    "storage.objects.update", BUF, objects_update_h),
	ROW("storage.objects.delete", STORAGE, "DELETE", O1, NULL,
	    "storage.objects.delete", NONE, objects_delete_h),
	ROW("storage.objects.rewrite", STORAGE, "POST",
	    O1 "/rewriteTo/b/{to_bucket}/o/{to}", NULL, "storage.objects.get",
	    BUF, rewrite_h),
	ROW("storage.objects.copy", STORAGE, "POST",
	    O1 "/copyTo/b/{to_bucket}/o/{to}", NULL, "storage.objects.get",
	    BUF, rewrite_copy_h),
	ROW("storage.objects.move", STORAGE, "POST", O1 "/moveTo/o/{to}",
	    NULL, "storage.objects.move", BUF, rewrite_move_h),
	ROW("storage.objects.restore", STORAGE, "POST", O1 "/restore", NULL,
	    "storage.objects.restore", BUF, restore_object_h),
	ROW("storage.objects.compose", STORAGE, "POST", O1 "/compose", NULL,
	    "storage.objects.create", BUF, compose_json_h),

	/* access control lists */
	ROW("storage.bucketAccessControls.list", STORAGE, "GET",
	    B1 "/acl", NULL, BLIST, NONE,
	    acls_list_h),
	ROW("storage.bucketAccessControls.insert", STORAGE, "POST",
	    B1 "/acl", NULL, BLIST1, BUF,
	    acls_insert_h),
	ROW("storage.bucketAccessControls.get", STORAGE, "GET",
	    B1 "/acl/{entity}", NULL, BLIST, NONE,
	    acls_get_h),
	ROW("storage.bucketAccessControls.patch", STORAGE, "PATCH",
	    B1 "/acl/{entity}", NULL, BLIST1, BUF,
	    acls_patch_h),
	ROW("storage.bucketAccessControls.update", STORAGE, "PUT",
	    B1 "/acl/{entity}", NULL, BLIST1, BUF,
	    acls_update_h),
	ROW("storage.bucketAccessControls.delete", STORAGE, "DELETE",
	    B1 "/acl/{entity}", NULL, BLIST1, NONE,
	    acls_delete_h),
	ROW("storage.defaultObjectAccessControls.list", STORAGE, "GET",
	    B1 "/defaultObjectAcl", NULL, BLIST, NONE,
	    acls_list_h),
	ROW("storage.defaultObjectAccessControls.insert", STORAGE, "POST",
	    B1 "/defaultObjectAcl", NULL, BLIST1, BUF,
	    acls_insert_h),
	ROW("storage.defaultObjectAccessControls.get", STORAGE, "GET",
	    B1 "/defaultObjectAcl/{entity}", NULL,
	    BLIST, NONE, acls_get_h),
	ROW("storage.defaultObjectAccessControls.patch", STORAGE, "PATCH",
	    B1 "/defaultObjectAcl/{entity}", NULL,
	    BLIST1, BUF, acls_patch_h),
	ROW("storage.defaultObjectAccessControls.update", STORAGE, "PUT",
	    B1 "/defaultObjectAcl/{entity}", NULL,
	    BLIST1, BUF, acls_update_h),
	ROW("storage.defaultObjectAccessControls.delete", STORAGE, "DELETE",
	    B1 "/defaultObjectAcl/{entity}", NULL,
	    BLIST1, NONE, acls_delete_h),
	ROW("storage.objectAccessControls.list", STORAGE, "GET",
	    O1 "/acl", NULL, OLIST, NONE,
	    acls_list_h),
	ROW("storage.objectAccessControls.insert", STORAGE, "POST",
	    O1 "/acl", NULL, OLIST1, BUF,
	    acls_insert_h),
	ROW("storage.objectAccessControls.get", STORAGE, "GET",
	    O1 "/acl/{entity}", NULL, OLIST, NONE,
	    acls_get_h),
	ROW("storage.objectAccessControls.patch", STORAGE, "PATCH",
	    O1 "/acl/{entity}", NULL, OLIST1, BUF,
	    acls_patch_h),
	ROW("storage.objectAccessControls.update", STORAGE, "PUT",
	    O1 "/acl/{entity}", NULL, OLIST1, BUF,
	    acls_update_h),
	ROW("storage.objectAccessControls.delete", STORAGE, "DELETE",
	    O1 "/acl/{entity}", NULL, OLIST1, NONE,
	    acls_delete_h),
	ROW("storage.objects.getIamPolicy", STORAGE, "GET",
	    O1 "/iam", NULL, "storage.objects.getIamPolicy", NONE,
	    acls_get_iam_h),
	ROW("storage.objects.setIamPolicy", STORAGE, "PUT",
	    O1 "/iam", NULL, "storage.objects.setIamPolicy", BUF,
	    acls_set_iam_h),
	ROW("storage.objects.testIamPermissions", STORAGE, "GET",
	    O1 "/iam/testPermissions", NULL, NULL, NONE, acls_test_iam_h),

	/* notification configurations, and what a project says of itself */
	ROW("storage.notifications.list", STORAGE, "GET",
	    B1 "/notificationConfigs", NULL, "storage.buckets.get", NONE,
	    notifications_list_h),
	ROW("storage.notifications.insert", STORAGE, "POST",
	    B1 "/notificationConfigs", NULL, "storage.buckets.update", BUF,
	    notifications_insert_h),
	ROW("storage.notifications.get", STORAGE, "GET",
	    B1 "/notificationConfigs/{id}", NULL, "storage.buckets.get", NONE,
	    notifications_get_h),
	ROW("storage.notifications.delete", STORAGE, "DELETE",
	    B1 "/notificationConfigs/{id}", NULL, "storage.buckets.update",
	    NONE, notifications_delete_h),
	ROW("storage.projects.serviceAccount.get", STORAGE, "GET",
	    "/storage/v1/projects/{project}/serviceAccount", NULL,
	    "resourcemanager.projects.get", NONE, projects_service_account_h),

	/* folders, and the operations that renaming one is */
	ROW("storage.folders.list", STORAGE, "GET", B1 "/folders", NULL,
	    "storage.folders.list", NONE, folders_list_h),
	ROW("storage.folders.insert", STORAGE, "POST", B1 "/folders", NULL,
	    "storage.folders.create", BUF, folders_insert_h),
	ROW("storage.folders.get", STORAGE, "GET", B1 "/folders/{folder}",
	    NULL, "storage.folders.get", NONE, folders_get_h),
	ROW("storage.folders.delete", STORAGE, "DELETE",
	    B1 "/folders/{folder}", NULL, "storage.folders.delete", NONE,
	    folders_delete_h),
	ROW("storage.folders.deleteRecursive", STORAGE, "POST",
	    B1 "/folders/{folder}/deleteRecursive", NULL,
	    "storage.folders.delete", BUF, folders_delete_all_h),
	ROW("storage.folders.rename", STORAGE, "POST",
	    B1 "/folders/{folder}/renameTo/folders/{to}", NULL,
	    "storage.folders.rename", BUF, folders_rename_h),
	ROW("storage.managedFolders.list", STORAGE, "GET",
	    B1 "/managedFolders", NULL, "storage.managedFolders.list", NONE,
	    managed_list_h),
	ROW("storage.managedFolders.insert", STORAGE, "POST",
	    B1 "/managedFolders", NULL, "storage.managedFolders.create", BUF,
	    managed_insert_h),
	ROW("storage.managedFolders.get", STORAGE, "GET",
	    B1 "/managedFolders/{folder}", NULL, "storage.managedFolders.get",
	    NONE, managed_get_h),
	ROW("storage.managedFolders.delete", STORAGE, "DELETE",
	    B1 "/managedFolders/{folder}", NULL,
	    "storage.managedFolders.delete", NONE, managed_delete_h),
	ROW("storage.managedFolders.getIamPolicy", STORAGE, "GET",
	    B1 "/managedFolders/{folder}/iam", NULL,
	    "storage.managedFolders.getIamPolicy", NONE, managed_get_iam_h),
	ROW("storage.managedFolders.setIamPolicy", STORAGE, "PUT",
	    B1 "/managedFolders/{folder}/iam", NULL,
	    "storage.managedFolders.setIamPolicy", BUF, managed_set_iam_h),
	ROW("storage.managedFolders.testIamPermissions", STORAGE, "GET",
	    B1 "/managedFolders/{folder}/iam/testPermissions", NULL, NULL,
	    NONE, managed_test_iam_h),
	ROW("storage.buckets.operations.list", STORAGE, "GET",
	    B1 "/operations", NULL, "storage.bucketOperations.list", NONE,
	    operations_list_h),
	ROW("storage.buckets.operations.get", STORAGE, "GET",
	    B1 "/operations/{id}", NULL, "storage.bucketOperations.get", NONE,
	    operations_get_h),
	ROW("storage.buckets.operations.cancel", STORAGE, "POST",
	    B1 "/operations/{id}/cancel", NULL,
	    "storage.bucketOperations.cancel", BUF, operations_cancel_h),

	/* many calls in one */
	ROW("storage.batch", STORAGE, "POST", "/batch/storage/v1", NULL, NULL,
	    BUF, batch_h),
	ROW("storage.batch", STORAGE, "POST", "/batch", NULL, NULL, BUF,
	    batch_h),
	/* as Java's client writes it, whose own host ends in a slash */
	ROW("storage.batch", STORAGE, "POST", "//batch/storage/v1", NULL,
	    NULL, BUF, batch_h),

	/* uploads; a session's URL is its own permission, as in the service */
	STREAM("storage.objects.insert", STORAGE, "PUT|POST", UP, "upload_id",
	    NULL, resumable_chunk),
	STREAM("storage.objects.insert", STORAGE, "PUT|POST", RUP,
	    "upload_id", NULL, resumable_chunk),
	ROW("storage.objects.delete", STORAGE, "DELETE", UP, "upload_id",
	    NULL, NONE, resumable_cancel_h),
	ROW("storage.objects.delete", STORAGE, "DELETE", RUP, "upload_id",
	    NULL, NONE, resumable_cancel_h),
	ROW("storage.objects.insert", STORAGE, "POST", UP,
	    "uploadType=resumable", "storage.objects.create", BUF,
	    resumable_start_h),
	ROW("storage.objects.insert", STORAGE, "POST", RUP, NULL,
	    "storage.objects.create", BUF, resumable_start_h),
	STREAM("storage.objects.insert", STORAGE, "POST", UP, NULL,
	    "storage.objects.create", uploads_insert),

	ROW("storage.objects.insert", STORAGE, "POST", B1 "/o", NULL,
	    "storage.objects.create", BUF, routes_upload_h),

	/* HMAC keys */
	ROW("storage.projects.hmacKeys.create", STORAGE, "POST", HMAC, NULL,
	    "storage.hmacKeys.create", BUF, hmac_keys_create_h),
	ROW("storage.projects.hmacKeys.list", STORAGE, "GET", HMAC, NULL,
	    "storage.hmacKeys.list", NONE, hmac_keys_list_h),
	ROW("storage.projects.hmacKeys.get", STORAGE, "GET", HMAC "/{id}",
	    NULL, "storage.hmacKeys.get", NONE, hmac_keys_get_h),
	ROW("storage.projects.hmacKeys.update", STORAGE, "PUT",
	    HMAC "/{id}", NULL, "storage.hmacKeys.update", BUF,
	    hmac_keys_update_h),
	ROW("storage.projects.hmacKeys.delete", STORAGE, "DELETE",
	    HMAC "/{id}", NULL, "storage.hmacKeys.delete", NONE,
	    hmac_keys_delete_h),

	/* XML */
	ROW("storage.multipartUploads.create", XML, "POST", XO, "uploads",
	    "storage.multipartUploads.create", BUF, xml_multi_new_h),
	STREAM("storage.multipartUploads.uploadPart", XML, "PUT", XO,
	    "partNumber&uploadId", "storage.multipartUploads.create",
	    xml_part),
	ROW("storage.multipartUploads.complete", XML, "POST", XO, "uploadId",
	    "storage.multipartUploads.create", BUF, xml_multi_finish_h),
	ROW("storage.multipartUploads.listParts", XML, "GET", XO, "uploadId",
	    "storage.multipartUploads.listParts", NONE, xml_multi_parts_h),
	ROW("storage.multipartUploads.abort", XML, "DELETE", XO, "uploadId",
	    "storage.multipartUploads.abort", NONE, xml_multi_drop_h),
	XACL("acl"), XACL("defaultObjectAcl"),
	ROW("storage.objectAccessControls.list", XML, "GET", XO, "acl",
	    OLIST, NONE, xml_acl_get_h),
	ROW("storage.objects.patch", XML, "PUT", XO, "acl", OLIST1, BUF,
	    xml_acl_put_h),
	ROW("storage.objects.get", XML, "GET", XO, "retention",
	    "storage.objects.get", NONE, xml_retention_get_h),
	ROW("storage.objects.patch", XML, "PUT", XO, "retention",
	    "storage.objects.update storage.objects.setRetention", BUF,
	    xml_retention_put_h),
	XGET("object-lock"), XGET("location"), XPUT("location"),
	XGET("customPlacementConfig"), XPUT("customPlacementConfig"),
	XGET("storageClass"), XPUT("storageClass"),
	XGET("versioning"), XPUT("versioning"),
	XGET("lifecycle"), XPUT("lifecycle"),
	XGET("cors"), XPUT("cors"),
	XGET("website"), XPUT("website"),
	XGET("websiteConfig"), XPUT("websiteConfig"),
	XGET("logging"), XPUT("logging"),
	XGET("billing"), XPUT("billing"),
	XGET("encryption"), XPUT("encryption"),
	XGET("encryptionConfig"), XPUT("encryptionConfig"),
	XGET("tagging"), XPUT("tagging"),
	XROW("storage.buckets.patch", "DELETE", "tagging",
	    "storage.buckets.update", NONE, xml_config_delete_h),
	XROW("storage.multipartUploads.list", "GET", "uploads",
	    "storage.multipartUploads.list", NONE, xml_multi_list_h),
	XROW("storage.objects.list", "GET", "versions",
	    "storage.objects.list", NONE, xml_list_versions_h),
	XROW("storage.objects.list", "GET", "list-type=2",
	    "storage.objects.list", NONE, xml_list_v2_h),
	XROW("storage.objects.list", "GET", NULL,
	    "storage.objects.list", NONE, xml_list_h),
	XROW("storage.buckets.get", "HEAD", NULL, "storage.buckets.get",
	    NONE, xml_bucket_head_h),
	XROW("storage.buckets.insert", "PUT", NULL, NULL, BUF,
	    xml_bucket_put_h),
	XROW("storage.buckets.delete", "DELETE", NULL,
	    "storage.buckets.delete", NONE, xml_bucket_delete_h),
	ROW("storage.buckets.list", XML, "GET", "/", NULL,
	    "storage.buckets.list", NONE, xml_service_h),
	XROW("storage.objects.delete", "POST", "delete",
	    "storage.objects.delete", BUF, xml_delete_many_h),
	STREAM("storage.objects.insert", XML, "PUT|POST",
	    "/{bucket}/{object...}", "upload_id", NULL, resumable_chunk),
	ROW("storage.objects.delete", XML, "DELETE", "/{bucket}/{object...}",
	    "upload_id", NULL, NONE, resumable_cancel_h),
	ROW("storage.objects.get", XML, "GET|HEAD", "/{bucket}/{object...}",
	    NULL, "storage.objects.get", NONE, xml_get_h),
	ROW("storage.objects.compose", XML, "PUT", XO, "compose",
	    "storage.objects.create", BUF, compose_xml_h),
	STREAM("storage.objects.insert", XML, "PUT", "/{bucket}/{object...}",
	    NULL, "storage.objects.create", xml_put),
	ROW("storage.objects.delete", XML, "DELETE", "/{bucket}/{object...}",
	    NULL, "storage.objects.delete", NONE, xml_delete_h),

	/* OAuth */
	ROW("oauth.token", OAUTH, "POST", "/token", NULL, NULL, BUF,
	    oauth_token_h),
	ROW("oauth.token", OAUTH, "POST", "/o/oauth2/token", NULL, NULL, BUF,
	    oauth_token_h),
	ROW("oauth.token", OAUTH, "POST", "/oauth2/v4/token", NULL, NULL, BUF,
	    oauth_token_h),
	ROW("sts.token", OAUTH, "POST", "/v1/token", NULL, NULL, BUF,
	    sts_token_h),
	ROW("oauth.tokeninfo", OAUTH, "GET|POST", "/tokeninfo", NULL, NULL,
	    BUF, oauth_tokeninfo_h),
	ROW("oauth.tokeninfo", OAUTH, "GET|POST", "/oauth2/v3/tokeninfo",
	    NULL, NULL, BUF, oauth_tokeninfo_h),
	ROW("oauth.revoke", OAUTH, "GET|POST", "/revoke", NULL, NULL, BUF,
	    oauth_revoke_h),
	ROW("oauth.revoke", OAUTH, "GET|POST", "/o/oauth2/revoke", NULL, NULL,
	    BUF, oauth_revoke_h),
	ROW("oauth.discovery", OAUTH, "GET",
	    "/.well-known/openid-configuration", NULL, NULL, NONE,
	    oauth_discovery_h),
	ROW("oauth.certs", OAUTH, "GET", "/oauth2/v1/certs", NULL, NULL, NONE,
	    oauth_certs_h),
	ROW("oauth.certs", OAUTH, "GET", "/oauth2/v2/certs", NULL, NULL, NONE,
	    oauth_certs_h),
	ROW("oauth.certs", OAUTH, "GET", "/oauth2/v3/certs", NULL, NULL, NONE,
	    oauth_certs_h),
	ROW("iam.serviceAccounts.certs", OAUTH, "GET",
	    "/robot/v1/metadata/x509/{account}", NULL, NULL, NONE,
	    iam_key_public_h),
	ROW("iam.serviceAccounts.jwk", OAUTH, "GET",
	    "/robot/v1/metadata/jwk/{account}", NULL, NULL, NONE,
	    iam_key_public_h),
	ROW("iam.serviceAccounts.jwk", OAUTH, "GET",
	    "/service_accounts/v1/metadata/jwk/{account}", NULL, NULL, NONE,
	    iam_key_public_h),
	ROW("oauth.userinfo", OAUTH, "GET", "/userinfo/v2/me", NULL, NULL,
	    NONE, oauth_userinfo_h),
	ROW("oauth.userinfo", OAUTH, "GET", "/v1/userinfo", NULL, NULL, NONE,
	    oauth_userinfo_h),
	ROW("oauth.userinfo", OAUTH, "GET", "/oauth2/v2/userinfo", NULL, NULL,
	    NONE, oauth_userinfo_h),
	ROW("oauth.userinfo", OAUTH, "GET", "/oauth2/v3/userinfo", NULL, NULL,
	    NONE, oauth_userinfo_h),
	ROW("oauth.userinfo", OAUTH, "GET", "/oauth2/v1/userinfo", NULL, NULL,
	    NONE, oauth_userinfo_h),

	/* IAM */
	ROW("iam.serviceAccounts.create", IAM, "POST", SA, NULL,
	    "iam.serviceAccounts.create", BUF, iam_sa_create_h),
	ROW("iam.serviceAccounts.list", IAM, "GET", SA, NULL,
	    "iam.serviceAccounts.list", NONE, iam_sa_list_h),
	ROW("iam.serviceAccounts.enable", IAM, "POST", SA1 ":enable", NULL,
	    "iam.serviceAccounts.enable", BUF, iam_sa_enable_h),
	ROW("iam.serviceAccounts.disable", IAM, "POST", SA1 ":disable", NULL,
	    "iam.serviceAccounts.disable", BUF, iam_sa_enable_h),
	ROW("iam.serviceAccounts.get", IAM, "GET", SA1, NULL,
	    "iam.serviceAccounts.get", NONE, iam_sa_get_h),
	ROW("iam.serviceAccounts.delete", IAM, "DELETE", SA1, NULL,
	    "iam.serviceAccounts.delete", NONE, iam_sa_delete_h),
	ROW("iam.serviceAccounts.patch", IAM, "PATCH", SA1, NULL,
	    "iam.serviceAccounts.update", BUF, iam_sa_patch_h),
	ROW("iam.serviceAccounts.update", IAM, "PUT", SA1, NULL,
	    "iam.serviceAccounts.update", BUF, iam_sa_patch_h),
	ROW("iam.serviceAccounts.undelete", IAM, "POST", SA1 ":undelete",
	    NULL, "iam.serviceAccounts.undelete", BUF, iam_sa_undelete_h),
	ROW("iam.serviceAccounts.getIamPolicy", IAM, "POST",
	    SA1 ":getIamPolicy", NULL, "iam.serviceAccounts.getIamPolicy", BUF,
	    iam_sa_get_policy_h),
	ROW("iam.serviceAccounts.setIamPolicy", IAM, "POST",
	    SA1 ":setIamPolicy", NULL, "iam.serviceAccounts.setIamPolicy", BUF,
	    iam_sa_set_policy_h),
	ROW("iam.serviceAccounts.testIamPermissions", IAM, "POST",
	    SA1 ":testIamPermissions", NULL, NULL, BUF, iam_sa_test_h),
	ROW("iam.serviceAccountKeys.create", IAM, "POST", SA1 "/keys", NULL,
	    "iam.serviceAccountKeys.create", BUF, iam_key_create_h),
	ROW("iam.serviceAccountKeys.upload", IAM, "POST", SA1 "/keys:upload",
	    NULL, "iam.serviceAccountKeys.create", BUF, iam_key_upload_h),
	ROW("iam.serviceAccountKeys.list", IAM, "GET", SA1 "/keys", NULL,
	    "iam.serviceAccountKeys.list", NONE, iam_key_list_h),
	ROW("iam.serviceAccountKeys.enable", IAM, "POST",
	    SA1 "/keys/{key}:enable", NULL, "iam.serviceAccountKeys.enable",
	    BUF, iam_key_enable_h),
	ROW("iam.serviceAccountKeys.disable", IAM, "POST",
	    SA1 "/keys/{key}:disable", NULL, "iam.serviceAccountKeys.disable",
	    BUF, iam_key_enable_h),
	ROW("iam.serviceAccountKeys.get", IAM, "GET", SA1 "/keys/{key}", NULL,
	    "iam.serviceAccountKeys.get", NONE, iam_key_get_h),
	ROW("iam.serviceAccountKeys.delete", IAM, "DELETE",
	    SA1 "/keys/{key}", NULL, "iam.serviceAccountKeys.delete", NONE,
	    iam_key_delete_h),
	ROW("iam.roles.create", IAM, "POST", ROLES, NULL, "iam.roles.create",
	    BUF, iam_role_create_h),
	ROW("iam.roles.list", IAM, "GET", ROLES, NULL, "iam.roles.list", NONE,
	    iam_role_list_h),
	ROW("iam.roles.undelete", IAM, "POST", ROLES "/{role}:undelete", NULL,
	    "iam.roles.undelete", BUF, iam_role_delete_h),
	ROW("iam.roles.get", IAM, "GET", ROLES "/{role}", NULL,
	    "iam.roles.get", NONE, iam_role_get_h),
	ROW("iam.roles.patch", IAM, "PATCH", ROLES "/{role}", NULL,
	    "iam.roles.update", BUF, iam_role_patch_h),
	ROW("iam.roles.delete", IAM, "DELETE", ROLES "/{role}", NULL,
	    "iam.roles.delete", NONE, iam_role_delete_h),
	ROW("iam.roles.list", IAM, "GET", "/v1/roles", NULL, NULL, NONE,
	    iam_role_list_h),
	ROW("iam.roles.get", IAM, "GET", "/v1/roles/{role}", NULL, NULL, NONE,
	    iam_role_get_h),
	ROW("iam.roles.queryGrantableRoles", IAM, "POST",
	    "/v1/roles:queryGrantableRoles", NULL, NULL, BUF,
	    iam_role_grantable_h),
	ROW("iam.permissions.queryTestablePermissions", IAM, "POST",
	    "/v1/permissions:queryTestablePermissions", NULL, NULL, BUF,
	    iam_permissions_h),
	ROW("iamcredentials.serviceAccounts.getAllowedLocations", IAM, "GET",
	    SA1 "/allowedLocations", NULL, NULL, NONE,
	    iam_allowed_locations_h),
	ROW("iamcredentials.serviceAccounts.signBlob", IAM, "POST",
	    SA1 ":signBlob", NULL, "iam.serviceAccounts.signBlob", BUF,
	    iam_sign_blob_h),
	ROW("iamcredentials.serviceAccounts.signJwt", IAM, "POST",
	    SA1 ":signJwt", NULL, "iam.serviceAccounts.signJwt", BUF,
	    iam_sign_jwt_h),
	ROW("iamcredentials.serviceAccounts.generateAccessToken", IAM, "POST",
	    SA1 ":generateAccessToken", NULL,
	    "iam.serviceAccounts.getAccessToken", BUF, iam_access_token_h),
	ROW("iamcredentials.serviceAccounts.generateIdToken", IAM, "POST",
	    SA1 ":generateIdToken", NULL,
	    "iam.serviceAccounts.getOpenIdToken", BUF, oauth_id_token_h),

	/* Resource Manager */
	ROW("resourcemanager.projects.getIamPolicy", CRM, "POST",
	    "/v1/projects/{project}:getIamPolicy", NULL,
	    "resourcemanager.projects.getIamPolicy", BUF,
	    iam_project_get_policy_h),
	ROW("resourcemanager.projects.setIamPolicy", CRM, "POST",
	    "/v1/projects/{project}:setIamPolicy", NULL,
	    "resourcemanager.projects.setIamPolicy", BUF,
	    iam_project_set_policy_h),
	ROW("resourcemanager.projects.getIamPolicy", CRM, "POST",
	    "/v3/projects/{project}:getIamPolicy", NULL,
	    "resourcemanager.projects.getIamPolicy", BUF,
	    iam_project_get_policy_h),
	ROW("resourcemanager.projects.setIamPolicy", CRM, "POST",
	    "/v3/projects/{project}:setIamPolicy", NULL,
	    "resourcemanager.projects.setIamPolicy", BUF,
	    iam_project_set_policy_h),
	ROW("resourcemanager.projects.testIamPermissions", CRM, "POST",
	    "/v1/projects/{project}:testIamPermissions", NULL, NULL, BUF,
	    iam_project_test_h),
	ROW("resourcemanager.projects.testIamPermissions", CRM, "POST",
	    "/v3/projects/{project}:testIamPermissions", NULL, NULL, BUF,
	    iam_project_test_h),
	ROW("resourcemanager.projects.get", CRM, "GET",
	    "/v1/projects/{project}", NULL, "resourcemanager.projects.get",
	    NONE, iam_project_get_h),
	ROW("resourcemanager.projects.get", CRM, "GET",
	    "/v3/projects/{project}", NULL, "resourcemanager.projects.get",
	    NONE, iam_project_get_h),

	/* the metadata server */
	ROW("metadata.root", METADATA, "GET|HEAD", "/", NULL, NULL, NONE,
	    metadata_root_h),
	ROW("metadata.get", METADATA, "GET|HEAD", "/computeMetadata/", NULL,
	    NULL, NONE, metadata_get_h),
	ROW("metadata.get", METADATA, "GET|HEAD", "/computeMetadata/{path...}",
	    NULL, NULL, NONE, metadata_get_h),

	/* XML, where the plain endpoint has nothing else that is posted */
	ROW("storage.objects.insert", XML, "POST", "/{bucket}/{object...}",
	    NULL, "storage.objects.create", BUF, resumable_xml_start_h),
	STREAM("storage.objects.insert", XML, "POST", "/{bucket}", NULL, NULL,
	    post_form),
	STREAM("storage.objects.insert", XML, "POST", "/{bucket}/", NULL,
	    NULL, post_form),
	STREAM("storage.objects.insert", XML, "POST", "/", NULL, NULL,
	    post_form),

	/* control */
	ROW("emulator.root", CONTROL, "GET", "/", NULL, NULL, NONE,
	    routes_root_h),
	ROW("emulator.internal.healthcheck", CONTROL, "GET",
	    "/_internal/healthcheck", NULL, NULL, NONE, internal_health_h),
	ROW("emulator.internal.config", CONTROL, "PUT|POST",
	    "/_internal/config", NULL, NULL, BUF, internal_config_h),
	ROW("emulator.internal.reseed", CONTROL, "PUT|POST",
	    "/_internal/reseed", NULL, NULL, NONE, internal_reseed_h),
	ROW("emulator.internal.deleteAll", CONTROL, "POST",
	    "/_internal/delete_all", NULL, NULL, NONE, internal_delete_h),
	ROW("emulator.metrics", CONTROL, "GET", E "metrics", NULL, NULL, NONE,
	    metrics_h),
	ROW("emulator.ready", CONTROL, "GET", E "ready", NULL, NULL, NONE,
	    control_ready_h),
	ROW("emulator.info", CONTROL, "GET", E "info", NULL, NULL, NONE,
	    control_info_h),
	ROW("emulator.journal", CONTROL, "GET", E "journal", NULL, NULL, NONE,
	    control_journal_h),
	ROW("emulator.journal.count", CONTROL, "GET", E "journal/count", NULL,
	    NULL, NONE, control_journal_count_h),
	ROW("emulator.journal.wait", CONTROL, "GET", E "journal/wait", NULL,
	    NULL, NONE, control_journal_wait_h),
	ROW("emulator.faults", CONTROL, "GET", E "faults", NULL, NULL, NONE,
	    control_faults_h),
	ROW("emulator.faults.add", CONTROL, "POST", E "faults", NULL, NULL,
	    BUF, control_fault_add_h),
	ROW("emulator.faults.delete", CONTROL, "DELETE", E "faults", NULL,
	    NULL, NONE, control_fault_delete_h),
	ROW("emulator.faults.delete", CONTROL, "DELETE", E "faults/{id}",
	    NULL, NULL, NONE, control_fault_delete_h),
	ROW("emulator.holds", CONTROL, "GET", E "holds/{as}", NULL, NULL,
	    NONE, control_hold_h),
	ROW("emulator.holds.release", CONTROL, "POST", E "holds/{as}/release",
	    NULL, NULL, BUF, control_release_h),
	ROW("emulator.mutation", CONTROL, "GET", E "mutation", NULL, NULL,
	    NONE, control_mutation_h),
	ROW("emulator.views.add", CONTROL, "POST", E "views", NULL, NULL, BUF,
	    control_view_h),
	ROW("emulator.views.delete", CONTROL, "DELETE", E "views/{name}",
	    NULL, NULL, NONE, control_view_delete_h),
	ROW("emulator.forks.add", CONTROL, "POST", E "forks", NULL, NULL, BUF,
	    control_fork_h),
	ROW("emulator.history", CONTROL, "POST", E "history", NULL, NULL, BUF,
	    control_history_h),
	ROW("emulator.clock", CONTROL, "POST", E "clock", NULL, NULL, BUF,
	    control_clock_h),
	ROW("emulator.limits", CONTROL, "POST", E "limits", NULL, NULL, BUF,
	    control_limits_h),
	ROW("emulator.lifecycle", CONTROL, "POST", E "lifecycle", NULL, NULL,
	    BUF, control_lifecycle_h),
	ROW("emulator.token", CONTROL, "POST", E "token", NULL, NULL, BUF,
	    control_token_h),
	ROW("emulator.users.list", CONTROL, "GET", E "users", NULL, NULL,
	    NONE, users_list_h),
	ROW("emulator.users.put", CONTROL, "POST", E "users", NULL, NULL, BUF,
	    users_put_h),
	ROW("emulator.users.patch", CONTROL, "PATCH", E "users/{user}", NULL,
	    NULL, BUF, users_patch_h),
	ROW("emulator.users.delete", CONTROL, "DELETE", E "users/{user}",
	    NULL, NULL, NONE, users_delete_h),
	ROW("emulator.metadata", CONTROL, "GET", E "metadata", NULL, NULL,
	    NONE, metadata_show_h),
	ROW("emulator.metadata.attach", CONTROL, "POST", E "metadata", NULL,
	    NULL, BUF, metadata_attach_h),
	ROW("emulator.pools.list", CONTROL, "GET", E "pools", NULL, NULL,
	    NONE, pools_list_h),
	ROW("emulator.pools.put", CONTROL, "POST", E "pools", NULL, NULL, BUF,
	    pools_put_h),
	ROW("emulator.pools.token", CONTROL, "GET|POST",
	    E "pools/{pool}/{provider}/token", NULL, NULL, BUF,
	    pools_token_h),
	ROW("emulator.pools.delete", CONTROL, "DELETE",
	    E "pools/{pool}/{provider}", NULL, NULL, NONE, pools_delete_h),
	ROW("emulator.shutdown", CONTROL, "POST", E "shutdown", NULL, NULL,
	    BUF, control_shutdown_h),
	ROW("emulator.export", CONTROL, "POST", E "export", NULL, NULL, BUF,
	    snapshot_export_h),
	ROW("emulator.snapshots.list", CONTROL, "GET", E "snapshots", NULL,
	    NULL, NONE, snapshot_list_h),
	ROW("emulator.snapshots.save", CONTROL, "POST", E "snapshots", NULL,
	    NULL, BUF, snapshot_save_h),
	ROW("emulator.snapshots.load", CONTROL, "POST",
	    E "snapshots/{name}/load", NULL, NULL, BUF, snapshot_load_h),
	ROW("emulator.snapshots.delete", CONTROL, "DELETE",
	    E "snapshots/{name}", NULL, NULL, NONE, snapshot_delete_h),
	ROW("emulator.describe", CONTROL, "GET", E "describe", NULL, NULL,
	    NONE, control_describe_h),

	/* the Retry Test API */
	ROW("emulator.retryTests.create", CONTROL, "POST", "/retry_test",
	    NULL, NULL, BUF, retry_test_create_h),
	ROW("emulator.retryTests.get", CONTROL, "GET", "/retry_test/{id}",
	    NULL, NULL, NONE, retry_test_get_h),
	ROW("emulator.retryTests.delete", CONTROL, "DELETE",
	    "/retry_test/{id}", NULL, NULL, NONE, retry_test_delete_h),
	ROW("emulator.retryTests.list", CONTROL, "GET", "/retry_tests", NULL,
	    NULL, NONE, retry_test_list_h),
	{ .id = NULL }
};

#define POOLS	"/v1/projects/{project}/locations/{location}/" \
	"workloadIdentityPools"
#define NOT(i, m, p) ROW(i, STORAGE, m, p, NULL, NULL, NONE, routes_unserved_h)
#define XML(i, m, q) ROW(i, XML, m, "/{bucket}/{object...}", q, NULL, NONE, \
	routes_unserved_h)
#define XBUCKET(i, q)							\
	ROW(i, XML, ANY, XB, q, NULL, NONE, routes_unserved_h),	\
	ROW(i, XML, ANY, XB "/", q, NULL, NONE, routes_unserved_h)
#define ANY	"GET|POST|PUT|PATCH|DELETE"

const struct route routes_unserved[] = {
	NOT("storage.objects.bulkRestore", "POST", B1 "/o/bulkRestore"),
	NOT("storage.objects.watchAll", "POST", B1 "/o/watch"),
	NOT("storage.buckets.relocate", "POST", B1 "/relocate"),
	NOT("storage.objects.viewFullContext", "GET", O1 "/viewFullContext"),
	NOT("storage.buckets.operations.advanceRelocateBucket", "POST",
	    B1 "/operations/{id}/advanceRelocateBucket"),
	NOT("storage.managedFolders.update", "PATCH",
	    B1 "/managedFolders/{folder}"),
	NOT("storage.anywhereCaches.list", "GET", B1 "/anywhereCaches"),
	NOT("storage.anywhereCaches.insert", "POST", B1 "/anywhereCaches"),
	NOT("storage.anywhereCaches.get", "GET", B1 "/anywhereCaches/{id}"),
	NOT("storage.anywhereCaches.update", "PATCH",
	    B1 "/anywhereCaches/{id}"),
	NOT("storage.anywhereCaches.disable", "POST",
	    B1 "/anywhereCaches/{id}/disable"),
	NOT("storage.anywhereCaches.pause", "POST",
	    B1 "/anywhereCaches/{id}/pause"),
	NOT("storage.anywhereCaches.resume", "POST",
	    B1 "/anywhereCaches/{id}/resume"),
	NOT("storage.rapidCaches.list", "GET", B1 "/rapidCaches"),
	NOT("storage.rapidCaches.insert", "POST", B1 "/rapidCaches"),
	NOT("storage.rapidCaches.get", "GET", B1 "/rapidCaches/{id}"),
	NOT("storage.rapidCaches.update", "PATCH", B1 "/rapidCaches/{id}"),
	NOT("storage.rapidCaches.disable", "POST",
	    B1 "/rapidCaches/{id}/disable"),
	NOT("storage.channels.stop", "POST", "/storage/v1/channels/stop"),
	/* Words in the query that Amazon's service knows, or Google's, and
	 * that must not be taken for an object or a bucket itself. */
	XML("xml.objects.legalHold", ANY, "legal-hold"),
	XML("xml.objects.tagging", ANY, "tagging"),
	XML("xml.objects.attributes", ANY, "attributes"),
	XML("xml.objects.torrent", ANY, "torrent"),
	XML("xml.objects.restore", ANY, "restore"),
	XML("xml.objects.select", ANY, "select"),
	ROW("xml.buckets.objectLock", XML, "PUT|DELETE", XB, "object-lock",
	    NULL, NONE, routes_unserved_h),
	ROW("xml.buckets.objectLock", XML, "PUT|DELETE", XB "/",
	    "object-lock", NULL, NONE, routes_unserved_h),
	XBUCKET("xml.buckets.policy", "policy"),
	XBUCKET("xml.buckets.policyStatus", "policyStatus"),
	XBUCKET("xml.buckets.publicAccessBlock", "publicAccessBlock"),
	XBUCKET("xml.buckets.ownershipControls", "ownershipControls"),
	XBUCKET("xml.buckets.accelerate", "accelerate"),
	XBUCKET("xml.buckets.analytics", "analytics"),
	XBUCKET("xml.buckets.intelligentTiering", "intelligent-tiering"),
	XBUCKET("xml.buckets.inventory", "inventory"),
	XBUCKET("xml.buckets.metrics", "metrics"),
	XBUCKET("xml.buckets.notification", "notification"),
	XBUCKET("xml.buckets.replication", "replication"),
	XBUCKET("xml.buckets.requestPayment", "requestPayment"),
	/* the control API makes them */
	ROW("iam.projects.locations.workloadIdentityPools", IAM, ANY, POOLS,
	    NULL, NULL, NONE, routes_unserved_h),
	ROW("iam.projects.locations.workloadIdentityPools", IAM, ANY,
	    POOLS "/{rest...}", NULL, NULL, NONE, routes_unserved_h),
	{ .id = NULL }
};
