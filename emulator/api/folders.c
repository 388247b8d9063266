#include "emulator/api/folders.h"

#include <string.h>

#include "emulator/api/lists.h"
#include "emulator/api/names.h"
#include "emulator/api/operations.h"
#include "emulator/api/resource.h"
#include "emulator/identity/auth.h"
#include "lib/nul.h"
#include "lib/str.h"

/* https://cloud.google.com/storage/docs/folders-overview#limitations */
#define NAME_MAX_BYTES	512u
#define DEPTH_MAX	16

static const char *
folders_fault(const char *name)
{
	int depth = 0;

	if (strlen(name) > NAME_MAX_BYTES)
		return ("The folder name is too long.");
	for (const char *p = name; *p != '\0'; p = strchr(p, '/') + 1) {
		if (*p == '/')
			return ("A folder name has no empty parts.");
		if (str_starts(p, "./") || str_starts(p, "../"))
			return ("No part of a folder name is '.' or '..'.");
		if (++depth > DEPTH_MAX)
			return ("Folders are nested too deeply.");
	}
	return (names_object_fault(name));
}

const char *
folders_name(struct req *rq, const char *name)
{
	const char *fault = NULL;

	if (*name == '\0')
		fault = "The folder name must not be empty.";
	else if (name[strlen(name) - 1] != '/')
		name = arena_printf(&rq->arena, "%s/", name);
	if (fault == NULL)
		fault = folders_fault(name);
	if (fault == NULL)
		return (name);
	req_fail(rq, 400, "invalid", "%s", fault);
	return (NULL);
}

const char *
folders_body_name(struct req *rq)
{
	const char *name;
	json_t *in;

	if (req_json(rq, &in))
		return (NULL);
	name = json_string_value(json_object_get(in, "name"));
	if (name != NULL)
		return (folders_name(rq, name));
	req_fail(rq, 400, "required", "Required");
	return (NULL);
}

static void
folders_set(json_t *j, const char *k, const char *v)
{

	(void)json_object_set_new(j, k, json_string(v));
}

json_t *
folders_json(struct req *rq, bool managed, const struct folder *f)
{
	json_t *j = json_object();
	char t[CLOCK_RFC3339];
	const char *url;
	struct buf b;

	buf_init(&b, 4u << 10);
	nul_pct_encode(&b, f->name, false);
	url = resource_url(rq, "", rq->bucket, NULL);
	folders_set(j, "kind", managed ? "storage#managedFolder" :
	    "storage#folder");
	folders_set(j, "id", arena_printf(&rq->arena, "%s/%s", rq->bucket,
	    f->name));
	folders_set(j, "selfLink", arena_printf(&rq->arena, "%s/%s/%s", url,
	    managed ? "managedFolders" : "folders", b.p));
	folders_set(j, "name", f->name);
	folders_set(j, "bucket", rq->bucket);
	folders_set(j, "metageneration", arena_printf(&rq->arena, "%lld",
	    (long long)f->metageneration));
	clock_rfc3339(f->created_us, t);
	folders_set(j, "createTime", t);
	clock_rfc3339(f->updated_us, t);
	folders_set(j, "updateTime", t);
	buf_release(&b);
	return (j);
}

int
folders_cond(struct req *rq, bool source, struct store_cond *c)
{
	bool has = false;

	*c = (struct store_cond){ .generation = 0 };
	if (req_query_int(rq, source ? "ifSourceMetagenerationMatch" :
	    "ifMetagenerationMatch", &c->has_meta_match, &c->meta_match) ||
	    req_query_int(rq, source ? "ifSourceMetagenerationNotMatch" :
	    "ifMetagenerationNotMatch", &c->has_meta_not, &c->meta_not))
		return (-1);
	/* The documentation of rename has them without Source too. */
	if (source && !c->has_meta_match && req_query_int(rq,
	    "ifMetagenerationMatch", &has, &c->meta_match))
		return (-1);
	c->has_meta_match = c->has_meta_match || has;
	return (0);
}

void
folders_list(struct req *rq, bool managed)
{
	const char *delimiter = lists_text(rq, "delimiter");
	struct folder_query q = { .managed = managed,
		.prefix = lists_text(rq, "prefix"),
		.start = lists_text(rq, "startOffset"),
		.end = lists_text(rq, "endOffset"),
		.one_level = *delimiter != '\0' };
	json_t *j, *items;
	struct folder *f;
	enum store_rc rc;
	bool more;
	size_t n;

	if (q.one_level && strcmp(delimiter, "/") != 0) {
		req_fail_param(rq, "delimiter", "invalidParameter", "Invalid "
		    "value for parameter delimiter: only '/' is supported.");
		return;
	}
	if (lists_max(rq, "pageSize", &q.max) ||
	    (q.after = lists_page(rq, "pageToken")) == NULL)
		return;
	rc = store_folder_list(rq->emu->store, rq->bucket, &q, &rq->arena, &f,
	    &n, &more);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	j = json_pack("{s:s}", "kind", managed ? "storage#managedFolders" :
	    "storage#folders");
	items = json_array();
	for (size_t i = 0; i < n; i++)
		if (f[i].metageneration > 0)	/* it is there itself */
			(void)json_array_append_new(items,
			    folders_json(rq, managed, &f[i]));
	if (json_array_size(items) > 0)
		(void)json_object_set(j, "items", items);
	json_decref(items);
	if (more)
		(void)json_object_set_new(j, "nextPageToken",
		    json_string(lists_page_token(rq, f[n - 1].name)));
	req_reply_json(rq, 200, j);
}

void
folders_list_h(struct req *rq)
{

	folders_list(rq, false);
}

void
folders_insert_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	const char *name = folders_body_name(rq);
	struct folder f;
	enum store_rc rc;

	if (name == NULL)
		return;
	rc = store_folder_insert(rq->emu->store, &w, rq->bucket, false, name,
	    req_query_bool(rq, "recursive", false), &rq->arena, &f);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, folders_json(rq, false, &f));
}

void
folders_get(struct req *rq, bool managed)
{
	const char *name = folders_name(rq, rq->cap[1]);
	struct store_cond c;
	struct folder f;
	enum store_rc rc;

	if (name == NULL || folders_cond(rq, false, &c))
		return;
	rc = store_folder_get(rq->emu->store, rq->bucket, managed, name,
	    &rq->arena, &f);
	if (rc == STORE_OK && c.has_meta_match &&
	    c.meta_match != f.metageneration)
		rc = STORE_PRECONDITION;
	if (rc == STORE_OK && c.has_meta_not &&
	    c.meta_not == f.metageneration)
		rc = STORE_NOT_MODIFIED;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, folders_json(rq, managed, &f));
}

void
folders_get_h(struct req *rq)
{

	folders_get(rq, false);
}

void
folders_delete_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	const char *name = folders_name(rq, rq->cap[1]);
	struct store_cond c;
	enum store_rc rc;

	if (name == NULL || folders_cond(rq, false, &c))
		return;
	rc = store_folder_delete(rq->emu->store, &w, rq->bucket, false, name,
	    &c, false);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_empty(rq, 204);
}

/* ---- operations ---- */

#define TYPE(t)	"type.googleapis.com/google.storage.control.v2." t

static int
folders_bucket(struct req *rq, struct bucket *b)
{
	struct store_at now = { STORE_NOW };
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, b);
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

void
folders_delete_all_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	const char *name = folders_name(rq, rq->cap[1]);
	struct store_cond c;
	struct bucket b;
	enum store_rc rc;

	if (name == NULL || folders_cond(rq, false, &c) ||
	    folders_bucket(rq, &b))
		return;
	rc = store_folder_delete_all(rq->emu->store, &w, rq->bucket, name,
	    &c);
	rq->mutation = w.mutation;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		operations_reply(rq, &b, "delete-folder-recursive",
		    json_pack("{s:s, s:s}", "@type",
		    TYPE("DeleteFolderRecursiveMetadata"), "folderId", name),
		    json_pack("{s:s}", "@type",
		    "type.googleapis.com/google.protobuf.Empty"));
}

void
folders_rename_h(struct req *rq)
{
	struct store_write w = { .forget = rq->forget };
	const char *from = folders_name(rq, rq->cap[1]), *to;
	struct store_cond c;
	struct bucket b;
	struct folder f;
	enum store_rc rc;
	json_t *j;

	if (from == NULL || (to = folders_name(rq, rq->cap[2])) == NULL ||
	    auth_need_too(rq, "storage.folders.create") ||
	    folders_cond(rq, true, &c) || folders_bucket(rq, &b))
		return;
	rc = store_folder_rename(rq->emu->store, &w, rq->bucket, from, to,
	    &c, &rq->arena, &f);
	rq->mutation = w.mutation;
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	j = folders_json(rq, false, &f);
	folders_set(j, "@type", TYPE("Folder"));
	folders_set(j, "name", arena_printf(&rq->arena,
	    "projects/_/buckets/%s/folders/%s", rq->bucket, to));
	operations_reply(rq, &b, "rename-folder", json_pack(
	    "{s:s, s:s, s:s}", "@type", TYPE("RenameFolderMetadata"),
	    "sourceFolderId", from, "destinationFolderId", to), j);
}
