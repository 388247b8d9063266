#include "emulator/api/hmac_keys.h"

#include <string.h>

#include "emulator/api/lists.h"
#include "emulator/api/projects.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/hmac.h"
#include "emulator/identity/iam.h"
#include "lib/str.h"

#define HMAC_KEYS_PAGE	250

static json_t *
hmac_keys_json(struct req *rq, const struct hmac_key *k)
{
	char created[CLOCK_RFC3339], updated[CLOCK_RFC3339];
	json_t *j;

	clock_rfc3339(k->created_us, created);
	clock_rfc3339(k->updated_us, updated);
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
	    "kind", "storage#hmacKeyMetadata",
	    "id", arena_printf(&rq->arena, "%s/%s", k->project, k->access_id),
	    "selfLink", arena_printf(&rq->arena,
	    "%s/storage/v1/projects/%s/hmacKeys/%s", req_base_url(rq),
	    k->project, k->access_id),
	    "accessId", k->access_id, "projectId", k->project,
	    "serviceAccountEmail", k->account,
	    "state", hmac_state_name(k->state),
	    "timeCreated", created, "updated", updated,
	    "etag", iam_etag(&rq->arena, k->version));
	BUG_ON(j == NULL);
	return (j);
}

/* Accounts of other projects are none of ours, and where nobody is asked for
 * credentials nobody makes accounts either. */
static int
hmac_keys_account(struct req *rq, const char *email)
{
	const char *ours = arena_printf(&rq->arena,
	    "@%s.iam.gserviceaccount.com", rq->emu->project);

	if (email == NULL || *email == '\0') {
		req_fail_param(rq, "serviceAccountEmail", "required",
		    "Required parameter: serviceAccountEmail");
		return (-1);
	}
	if (strchr(email, '@') == NULL || strlen(email) > 320) {
		req_fail_param(rq, "serviceAccountEmail", "invalidParameter",
		    "Invalid value for parameter serviceAccountEmail: '%s'.", email);
		return (-1);
	}
	if (!auth_enforced(rq) || !str_ends(email, ours) ||
	    iam_account_exists(rq->emu, &rq->arena, email))
		return (0);
	req_fail(rq, 404, "notFound", "Service account '%s' not found.",
	    email);
	return (-1);
}

void
hmac_keys_create_h(struct req *rq)
{
	const char *project = projects_named(rq, rq->cap[0]);
	const char *email = req_query(rq, "serviceAccountEmail");
	struct hmac_key k;
	enum store_rc rc;

	if (project == NULL || hmac_keys_account(rq, email) != 0)
		return;
	rc = hmac_new(rq->emu, &rq->arena, project, email, &k);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, json_pack("{s:s, s:o, s:s}", "kind",
		    "storage#hmacKey", "metadata", hmac_keys_json(rq, &k),
		    "secret", k.secret));
}

void
hmac_keys_list_h(struct req *rq)
{
	struct hmac_filter f = {
		.project = projects_named(rq, rq->cap[0]),
		.account = req_query(rq, "serviceAccountEmail"),
		.deleted = req_query_bool(rq, "showDeletedKeys", false),
	};
	struct hmac_key *keys;
	const char *after;
	enum store_rc rc;
	json_t *j, *items;
	size_t n;
	bool more;
	int max;

	if (f.project == NULL || lists_max(rq, "maxResults", &max) ||
	    (after = lists_page(rq, "pageToken")) == NULL)
		return;
	if (f.account != NULL && *f.account == '\0')
		f.account = NULL;
	rc = hmac_list(rq->emu, &rq->arena, &f, after,
	    max < HMAC_KEYS_PAGE ? max : HMAC_KEYS_PAGE, &keys, &n, &more);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	j = json_pack("{s:s}", "kind", "storage#hmacKeysMetadata");
	items = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(items,
		    hmac_keys_json(rq, &keys[i]));
	if (n > 0)
		(void)json_object_set(j, "items", items);
	json_decref(items);
	if (more)
		(void)json_object_set_new(j, "nextPageToken",
		    json_string(lists_page_token(rq, keys[n - 1].access_id)));
	req_reply_json(rq, 200, j);
}

/* The key that the path names; -1: an error has been stored.  One that was
 * deleted is found by list with showDeletedKeys alone: the service may show it
 * until it has cleaned up, its clients' tests want it gone at once. */
static int
hmac_keys_find(struct req *rq, struct hmac_key *k)
{
	const char *project = projects_named(rq, rq->cap[0]);
	enum store_rc rc;

	if (project == NULL)
		return (-1);
	rc = hmac_get(rq->emu, &rq->arena, rq->cap[1], k);
	if (rc == STORE_OK && strcmp(k->project, project) == 0 &&
	    k->state != HMAC_DELETED)
		return (0);
	if (rc == STORE_OK || rc == STORE_NO_RECORD)
		req_fail(rq, 404, "notFound", "Access ID '%s' not found in "
		    "project '%s'.", rq->cap[1], project);
	else
		req_fail_rc(rq, rc);
	return (-1);
}

void
hmac_keys_get_h(struct req *rq)
{
	struct hmac_key k;

	if (hmac_keys_find(rq, &k) == 0)
		req_reply_json(rq, 200, hmac_keys_json(rq, &k));
}

/* The state that a body asks for, and its etag if it has one.  -1: an error
 * has been stored. */
static int
hmac_keys_wanted(struct req *rq, const struct hmac_key *k,
    enum hmac_state *want)
{
	const char *state, *etag;
	json_t *in;

	if (req_json(rq, &in))
		return (-1);
	state = json_string_value(json_object_get(in, "state"));
	etag = json_string_value(json_object_get(in, "etag"));
	if (state != NULL && strcmp(state, "ACTIVE") == 0)
		*want = HMAC_ACTIVE;
	else if (state != NULL && strcmp(state, "INACTIVE") == 0)
		*want = HMAC_INACTIVE;
	else {
		req_fail(rq, 400, "invalid", "Invalid value for field "
		    "'state': ACTIVE or INACTIVE is wanted.");
		return (-1);
	}
	if (etag != NULL && *etag != '\0' &&
	    strcmp(etag, iam_etag(&rq->arena, k->version)) != 0) {
		req_fail_rc(rq, STORE_PRECONDITION);
		return (-1);
	}
	return (0);
}

void
hmac_keys_update_h(struct req *rq)
{
	enum hmac_state want;
	struct hmac_key k;
	enum store_rc rc;

	if (hmac_keys_find(rq, &k) || hmac_keys_wanted(rq, &k, &want))
		return;
	rc = hmac_set_state(rq->emu, &k, want);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, hmac_keys_json(rq, &k));
}

void
hmac_keys_delete_h(struct req *rq)
{
	struct hmac_key k;
	enum store_rc rc;

	if (hmac_keys_find(rq, &k))
		return;
	if (k.state != HMAC_INACTIVE) {
		req_fail(rq, 400, "invalid", "Cannot delete keys in %s "
		    "state.", hmac_state_name(k.state));
		return;
	}
	rc = hmac_set_state(rq->emu, &k, HMAC_DELETED);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_empty(rq, 204);
}
