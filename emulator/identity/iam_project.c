/* The one project, its owner and its policy. */
#include "emulator/identity/iam.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/identity/policy.h"
#include "emulator/identity/seen.h"
#include "lib/file.h"
#include "lib/str.h"

/* Fits the rule for account ids, so that nothing stumbles over it. */
#define IAM_OWNER_ID	"project-owner"

/* ---- setting up ---- */

/* Store a record, unless there is one of that key: then that stands.  Takes
 * j over. */
static int
iam_put_new(struct emu *emu, const char *kind, const char *key, json_t *j,
    struct err *e)
{
	char *text = json_dumps(j, JSON_COMPACT);
	enum store_rc rc;
	int64_t version;

	BUG_ON(text == NULL);
	rc = store_record_put(emu->store, kind, key, text, 0, &version);
	free(text);
	json_decref(j);
	if (rc != STORE_OK && rc != STORE_EXISTS)
		return (err_set(e, "cannot store the %s '%s' (store error "
		    "%d)", kind, key, (int)rc));
	return (0);
}

static int
iam_setup_project(struct emu *emu, struct arena *a, struct err *e)
{
	json_auto_t *p = NULL;
	struct record r;
	int64_t n;

	BUG_ON(!str_int64(iam_digits(a, 12), &n));
	if (iam_put_new(emu, "project", emu->project, json_pack("{s:I, s:I}",
	    "number", (json_int_t)n, "created",
	    (json_int_t)clock_wall_us(&emu->clock)), e) != 0)
		return (-1);
	if (store_record_get(emu->store, "project", emu->project, a, &r) !=
	    STORE_OK || (p = json_loads(r.json, 0, NULL)) == NULL)
		return (err_set(e, "cannot read the project '%s'",
		    emu->project));
	emu->project_number = json_integer_value(json_object_get(p, "number"));
	return (0);
}

int
iam_setup(struct emu *emu, struct err *e)
{
	struct arena a = ARENA_INIT;
	char *owner;
	int rc;

	owner = mem_printf("%s@%s.iam.gserviceaccount.com", IAM_OWNER_ID,
	    emu->project);
	rc = iam_setup_project(emu, &a, e);
	if (rc == 0)
		rc = iam_put_new(emu, "account", owner, json_pack(
		    "{s:s, s:s, s:s, s:s, s:b}", "email", owner,
		    "uniqueId", iam_digits(&a, 21),
		    "displayName", "Owner of the emulated project",
		    "description", "", "disabled", 0), e);
	if (rc == 0)
		rc = iam_put_new(emu, "policy", emu->project, json_pack(
		    "{s:[{s:s, s:[s]}]}", "bindings", "role", "roles/owner",
		    "members", arena_printf(&a, "serviceAccount:%s", owner)),
		    e);
	arena_release(&a);
	if (rc != 0) {
		free(owner);
		return (-1);
	}
	emu->owner = owner;
	emu->seen = seen_new();
	return (0);
}

void
iam_release(struct emu *emu)
{

	free((void *)(uintptr_t)emu->owner);	/* ours, though const to all */
	emu->owner = NULL;
	seen_free(emu->seen);
	emu->seen = NULL;
}

/* Is the file there, and its key still good? */
static bool
iam_owner_file_good(struct emu *emu, struct arena *a, const char *path)
{
	json_auto_t *j = json_load_file(path, 0, NULL);
	const char *kid = json_string_value(
	    json_object_get(j, "private_key_id"));
	struct iam_key k;

	return (kid != NULL && iam_key_get(emu, a, kid, &k) && !k.disabled &&
	    strcmp(k.account, emu->owner) == 0);
}

static int
iam_owner_file_make(struct emu *emu, struct arena *a, const char *path,
    struct err *e)
{
	json_auto_t *acc = NULL;
	json_t *file;
	const char *kid;
	int64_t version;
	char *text;
	int rc;

	if (iam_account(emu, a, emu->owner, &acc, &version) != STORE_OK)
		return (err_set(e, "the owner's account %s is missing",
		    emu->owner));
	if ((file = iam_key_make(emu, a, acc, &kid, e)) == NULL)
		return (-1);
	text = json_dumps(file, JSON_INDENT(2));
	BUG_ON(text == NULL);
	json_decref(file);
	rc = file_write_synced(path, text, strlen(text), 0600, e);
	free(text);
	return (rc);
}

const char *
iam_owner_key(struct emu *emu, struct arena *a, struct err *e)
{
	/* two callers at once must not each make one */
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const char *path = arena_printf(a, "%s/owner-key.json", emu->data);
	int rc = 0;

	(void)pthread_mutex_lock(&lock);
	if (!iam_owner_file_good(emu, a, path))
		rc = iam_owner_file_make(emu, a, path, e);
	(void)pthread_mutex_unlock(&lock);
	return (rc == 0 ? path : NULL);
}

/* ---- policies ---- */

static json_t *
iam_policy(struct emu *emu, struct arena *a, int64_t *version)
{
	struct record r;
	json_t *p = NULL;

	*version = 0;
	if (store_record_get(emu->store, "policy", emu->project, a, &r) ==
	    STORE_OK) {
		*version = r.version;
		p = json_loads(r.json, 0, NULL);
	}
	return (p != NULL ? p : json_pack("{s:[]}", "bindings"));
}

json_t *
iam_project_policy(struct emu *emu)
{
	struct arena a = ARENA_INIT;
	int64_t version;
	json_t *p = iam_policy(emu, &a, &version);

	arena_release(&a);
	return (p);
}

/* ---- handlers ---- */

void
iam_project_get_h(struct req *rq)
{
	char created[CLOCK_RFC3339], number[24];
	const char *id = rq->emu->project;
	json_auto_t *p = NULL;
	struct record r;
	json_t *j;

	if (iam_project_of(rq) != 0)
		return;
	if (store_record_get(rq->emu->store, "project", id, &rq->arena, &r) !=
	    STORE_OK || (p = json_loads(r.json, 0, NULL)) == NULL) {
		req_fail_rc(rq, STORE_IO);
		return;
	}
	clock_rfc3339(json_integer_value(json_object_get(p, "created")),
	    created);
	(void)snprintf(number, sizeof(number), "%" PRId64,
	    rq->emu->project_number);
	if (str_starts(rq->raw_path, "/v3/"))
		j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name",
		    arena_printf(&rq->arena, "projects/%s", number),
		    "projectId", id, "state", "ACTIVE", "displayName", id,
		    "createTime", created);
	else
		j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "projectNumber",
		    number, "projectId", id, "lifecycleState", "ACTIVE",
		    "name", id, "createTime", created);
	req_reply_json(rq, 200, j);
}

/* asked: the version that the caller understands. */
static void
iam_policy_reply(struct req *rq, json_t *p, int64_t version, json_int_t asked)
{

	if (asked < 3)
		policy_hide_conditions(&rq->arena, p);
	(void)json_object_set_new(p, "version",
	    json_integer(policy_version(p)));
	(void)json_object_set_new(p, "etag",
	    json_string(iam_etag(&rq->arena, version)));
	req_reply_json(rq, 200, p);
}

void
iam_project_get_policy_h(struct req *rq)
{
	const json_t *asked;
	json_t *p, *body;
	int64_t version;

	if (iam_project_of(rq) != 0 || req_json(rq, &body) != 0)
		return;
	asked = json_object_get(json_object_get(body, "options"),
	    "requestedPolicyVersion");
	p = iam_policy(rq->emu, &rq->arena, &version);
	iam_policy_reply(rq, p, version, json_integer_value(asked));
}

/* Without its owner the project could not be looked into any more. */
static bool
iam_policy_keeps_owner(struct req *rq, const json_t *bindings)
{
	const json_t *b, *m;
	const char *role, *want = arena_printf(&rq->arena,
	    "serviceAccount:%s", rq->emu->owner);
	size_t i, k;

	json_array_foreach(bindings, i, b) {
		role = json_string_value(json_object_get(b, "role"));
		if (role == NULL || strcmp(role, "roles/owner") != 0)
			continue;
		json_array_foreach(json_object_get(b, "members"), k, m)
			if (strcmp(json_string_value(m), want) == 0)
				return (true);
	}
	return (false);
}

void
iam_project_set_policy_h(struct req *rq)
{
	json_t *body, *policy, *kept, *old;
	int64_t version, now, at = -1;
	const char *etag;
	enum store_rc rc;
	char *text;
	int bad;

	if (iam_project_of(rq) != 0 || req_json(rq, &body) != 0)
		return;
	policy = json_object_get(body, "policy");
	if (!json_is_object(policy)) {
		req_fail(rq, 400, "invalid", "A policy is wanted.");
		return;
	}
	old = iam_policy(rq->emu, &rq->arena, &now);
	bad = policy_check(rq, policy, old);
	json_decref(old);
	if (bad != 0)
		return;
	if (!iam_policy_keeps_owner(rq, json_object_get(policy, "bindings"))) {
		req_fail(rq, 400, "failedPrecondition", "The policy must keep "
		    "serviceAccount:%s as roles/owner.", rq->emu->owner);
		return;
	}
	etag = json_string_value(json_object_get(policy, "etag"));
	if (etag != NULL && *etag != '\0')
		at = strcmp(etag, iam_etag(&rq->arena, now)) == 0 ? now :
		    INT64_MAX;			/* no version at all */
	else if (policy_version(policy) == 3)
		at = now;	/* no condition is lost to a writer between */
	kept = json_pack("{s:O}", "bindings",
	    json_object_get(policy, "bindings"));
	text = json_dumps(kept, JSON_COMPACT);
	BUG_ON(text == NULL);
	rc = store_record_put(rq->emu->store, "policy", rq->emu->project,
	    text, at, &version);
	free(text);
	if (rc == STORE_OK) {
		iam_policy_reply(rq, kept, version, 3);
		return;
	}
	json_decref(kept);
	iam_fail_put(rq, rc, NULL);
}
