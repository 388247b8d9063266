/* Accounts that are deleted, and come back:
 * https://cloud.google.com/iam/docs/service-accounts-delete-undelete .  For 30
 * days a deleted account is kept as a record `gone` by its unique id, with its
 * keys; its bindings say `deleted:serviceAccount:E?uid=N` meanwhile, so that a
 * new account of the same name inherits none of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/http/route.h"
#include "emulator/identity/iam.h"
#include "emulator/store/store_folder.h"

#define GONE_US		(30 * INT64_C(86400000000))
#define GONE_PAGE	1000

/* ---- bindings ---- */

/* The policy with another member in the place of one; NULL: it had none. */
static const char *
iam_gone_renamed(struct arena *a, const char *policy, const char *from,
    const char *to)
{
	json_auto_t *j = NULL;
	const char *text = NULL;
	json_t *b, *m;
	size_t i, k;
	char *s;

	if (strstr(policy, from) == NULL ||
	    (j = json_loads(policy, 0, NULL)) == NULL)
		return (NULL);
	json_array_foreach(json_object_get(j, "bindings"), i, b)
		json_array_foreach(json_object_get(b, "members"), k, m)
			if (json_is_string(m) &&
			    strcasecmp(json_string_value(m), from) == 0) {
				(void)json_string_set(m, to);
				text = "";
			}
	if (text == NULL)
		return (NULL);
	s = json_dumps(j, JSON_COMPACT);
	BUG_ON(s == NULL);
	text = arena_strdup(a, s);
	free(s);
	return (text);
}

/* In the policies that are records: of projects, and of accounts. */
static enum store_rc
iam_gone_records(struct req *rq, const char *kind, const char *from,
    const char *to)
{
	const char *after = "", *text;
	struct record *r;
	enum store_rc rc;
	int64_t version;
	size_t n;

	do {
		rc = store_record_list(rq->emu->store, kind, "", after,
		    GONE_PAGE, &rq->arena, &r, &n);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			struct record now = r[i];

			do {
				text = iam_gone_renamed(&rq->arena, now.json,
				    from, to);
				if (text == NULL)
					break;
				rc = store_record_put(rq->emu->store, kind,
				    now.key, text, now.version, &version);
			} while (rc == STORE_PRECONDITION &&
			    (rc = store_record_get(rq->emu->store, kind,
			    now.key, &rq->arena, &now)) == STORE_OK);
			if (rc == STORE_NO_RECORD)
				rc = STORE_OK;
		}
		if (rc == STORE_OK && n > 0)
			after = r[n - 1].key;
	} while (rc == STORE_OK && n == GONE_PAGE);
	return (rc);
}

static enum store_rc
iam_gone_folders(struct req *rq, const char *bucket, const char *from,
    const char *to)
{
	struct folder_query q = { .managed = true, .prefix = "", .start = "",
	    .end = "", .after = "", .max = GONE_PAGE };
	struct folder *f, out;
	enum store_rc rc;
	const char *text;
	bool more;
	size_t n;

	do {
		rc = store_folder_list(rq->emu->store, bucket, &q, &rq->arena,
		    &f, &n, &more);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			text = iam_gone_renamed(&rq->arena, f[i].policy, from,
			    to);
			if (text != NULL)
				rc = store_folder_set_policy(rq->emu->store,
				    NULL, bucket, f[i].name, text, -1,
				    &rq->arena, &out);
		}
		if (rc == STORE_OK && n > 0)
			q.after = f[n - 1].name;
	} while (rc == STORE_OK && more);
	return (rc);
}

static enum store_rc
iam_gone_buckets(struct req *rq, const char *from, const char *to)
{
	struct store_at now = { STORE_NOW };
	struct bucket *b, one;
	const char *after = "", *text;
	enum store_rc rc;
	bool more;
	size_t n;

	do {
		rc = store_bucket_list(rq->emu->store, NULL, "", after,
		    GONE_PAGE, &rq->arena, &b, &n, &more);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			one = b[i];
			while ((text = iam_gone_renamed(&rq->arena,
			    one.policy, from, to)) != NULL) {
				rc = store_bucket_set_policy(rq->emu->store,
				    NULL, one.name, text, one.policy_version,
				    &rq->arena, &one);
				if (rc != STORE_PRECONDITION)
					break;
				rc = store_bucket_get(rq->emu->store, now,
				    b[i].name, &rq->arena, &one);
				if (rc != STORE_OK)
					break;
			}
			if (rc == STORE_OK)
				rc = iam_gone_folders(rq, b[i].name, from, to);
			if (rc == STORE_NO_BUCKET)
				rc = STORE_OK;
		}
		if (rc == STORE_OK && n > 0)
			after = b[n - 1].name;
	} while (rc == STORE_OK && more);
	return (rc);
}

static enum store_rc
iam_gone_rename(struct req *rq, const char *from, const char *to)
{
	enum store_rc rc;

	rc = iam_gone_records(rq, "policy", from, to);
	if (rc == STORE_OK)
		rc = iam_gone_records(rq, "sapolicy", from, to);
	if (rc == STORE_OK)
		rc = iam_gone_buckets(rq, from, to);
	return (rc);
}

/* ---- accounts ---- */

/* Whose 30 days are over, with its keys. */
static enum store_rc
iam_gone_sweep(struct req *rq)
{
	const char *after = "";
	struct record *r;
	enum store_rc rc;
	size_t n;

	do {
		rc = store_record_list(rq->emu->store, "gone", "", after,
		    GONE_PAGE, &rq->arena, &r, &n);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			json_auto_t *acc = json_loads(r[i].json, 0, NULL);

			if (json_integer_value(json_object_get(acc,
			    "deletedUs")) + GONE_US > rq->wall_us)
				continue;
			rc = iam_key_delete_all(rq->emu, &rq->arena, acc);
			if (rc == STORE_OK)
				rc = store_record_delete(rq->emu->store,
				    "sapolicy", r[i].key);
			if (rc == STORE_OK || rc == STORE_NO_RECORD)
				rc = store_record_delete(rq->emu->store,
				    "gone", r[i].key);
			if (rc == STORE_NO_RECORD)
				rc = STORE_OK;
		}
		if (rc == STORE_OK && n > 0)
			after = r[n - 1].key;
	} while (rc == STORE_OK && n == GONE_PAGE);
	return (rc);
}

struct gone {
	const char *email, *id, *live, *dead;	/* the last two: members */
};

static struct gone
iam_gone_names(struct arena *a, const json_t *acc)
{
	const char *email = json_string_value(json_object_get(acc, "email"));
	const char *id = json_string_value(json_object_get(acc, "uniqueId"));

	return ((struct gone){ .email = arena_strdup(a, email),
	    .id = arena_strdup(a, id),
	    .live = arena_printf(a, "serviceAccount:%s", email),
	    .dead = arena_printf(a, "deleted:serviceAccount:%s?uid=%s", email,
	    id) });
}

/* The account goes before its bindings: whoever dies in between leaves
 * bindings of nobody. */
void
iam_sa_delete_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);
	enum store_rc rc;
	struct gone g;

	if (acc == NULL)
		return;
	g = iam_gone_names(&rq->arena, acc);
	if (strcmp(g.email, rq->emu->owner) == 0) {
		req_fail(rq, 400, "failedPrecondition", "The emulator's owner "
		    "account cannot be deleted.");
		return;
	}
	rc = iam_gone_sweep(rq);
	(void)json_object_set_new(acc, "deletedUs", json_integer(rq->wall_us));
	if (rc == STORE_OK)
		rc = iam_put(rq->emu, "gone", g.id, acc, -1, &version);
	if (rc == STORE_OK)
		rc = store_record_delete(rq->emu->store, "account", g.email);
	if (rc == STORE_OK)
		rc = iam_gone_rename(rq, g.live, g.dead);
	if (rc == STORE_OK || rc == STORE_NO_RECORD)
		req_reply_json(rq, 200, json_object());
	else
		req_fail_rc(rq, rc);
}

/* By the unique id: the name may have been given away. */
void
iam_sa_undelete_h(struct req *rq)
{
	const char *id = iam_cap(rq, 1);
	json_auto_t *acc = NULL;
	struct record r;
	int64_t version;
	enum store_rc rc;
	struct gone g;

	if (iam_project_of(rq) != 0)
		return;
	rc = iam_gone_sweep(rq);
	if (rc == STORE_OK)
		rc = store_record_get(rq->emu->store, "gone", id, &rq->arena,
		    &r);
	if (rc == STORE_NO_RECORD) {
		req_fail(rq, 404, "notFound", "Service account %s was not "
		    "found among those deleted in the last 30 days; its "
		    "unique id is wanted.", id);
		return;
	}
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	acc = json_loads(r.json, 0, NULL);
	(void)json_object_del(acc, "deletedUs");
	g = iam_gone_names(&rq->arena, acc);
	rc = iam_put(rq->emu, "account", g.email, acc, 0, &version);
	if (rc == STORE_EXISTS) {
		req_fail(rq, 409, "alreadyExists", "Service account %s "
		    "already exists: delete it first.", g.email);
		return;
	}
	if (rc == STORE_OK)
		rc = iam_gone_rename(rq, g.dead, g.live);
	if (rc == STORE_OK)
		rc = store_record_delete(rq->emu->store, "gone", g.id);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_pack("{s:o}", "restoredAccount",
		    iam_sa_json(rq->emu, &rq->arena, acc, version)));
	else
		req_fail_rc(rq, rc);
}
