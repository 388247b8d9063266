#include "emulator/control/why.h"

#include <string.h>
#include <strings.h>

#include "emulator/identity/auth.h"
#include "emulator/identity/iam.h"
#include "lib/str.h"

#define WHY_BUCKETS	32	/* looked at, of a project; each may have a
				 * policy of 250 KB */
#define WHY_ACCOUNT	"serviceAccount:"

/* What a policy says of the permission. */
struct why_said {
	bool	caller;		/* who asks has a role */
	bool	granted;	/* … that holds it */
	bool	another;	/* a service account has one that does */
};

static struct why_said
why_policy(struct req *rq, const char *policy)
{
	json_auto_t *p = policy != NULL ? json_loads(policy, 0, NULL) : NULL;
	struct why_said s = { .caller = false };
	const json_t *b, *m;
	size_t i, k;

	json_array_foreach(json_object_get(p, "bindings"), i, b) {
		const char *role = json_string_value(json_object_get(b,
		    "role"));
		bool has = role != NULL && iam_role_has(rq->emu, &rq->arena,
		    role, rq->denied);

		json_array_foreach(json_object_get(b, "members"), k, m) {
			const char *who = json_string_value(m);

			if (who == NULL)
				continue;
			if (strcasecmp(who, rq->principal) == 0) {
				s.caller = true;
				s.granted |= has;
			} else if (has && str_starts(who, WHY_ACCOUNT)) {
				s.another = true;
			}
		}
	}
	return (s);
}

/* Buckets of the project. */
static size_t
why_buckets(struct req *rq, struct bucket **all)
{
	size_t n;
	bool more;

	return (store_bucket_list(rq->emu->store, rq->emu->project, "", "",
	    WHY_BUCKETS, &rq->arena, all, &n, &more) == STORE_OK ? n : 0);
}

static const char *
why_refused(struct req *rq, const struct bucket *b)
{
	struct why_said here = why_policy(rq, b->policy);
	struct bucket *all;
	size_t n;

	if (strcmp(b->project, rq->emu->project) != 0)
		return ("bucket_of_another_project");
	if (here.caller)
		return ("role_too_small");
	n = why_buckets(rq, &all);
	for (size_t i = 0; i < n; i++)
		if (all[i].policy != NULL &&
		    strcasestr(all[i].policy, rq->principal) != NULL &&
		    why_policy(rq, all[i].policy).granted)
			return ("granted_on_another_bucket");
	return (here.another ? "granted_to_another_account" : "not_granted");
}

static const char *
why_missing(struct req *rq)
{
	struct bucket *all;
	size_t n = why_buckets(rq, &all);
	const char **names = arena_alloc(&rq->arena, (n + 1) *
	    sizeof(*names));

	for (size_t i = 0; i < n; i++)
		names[i] = all[i].name;
	return (str_nearest(rq->bucket, names, n) != NULL ?
	    "no_bucket_but_near" : "no_bucket");
}

const char *
why_failed(struct req *rq)
{
	struct store_at now = { .as_of = STORE_NOW };
	bool refused = rq->status == 403 && rq->denied != NULL &&
	    rq->principal != NULL;
	struct bucket b;
	enum store_rc rc;

	if ((!refused && rq->status != 404) || rq->bucket == NULL ||
	    rq->fault_note != NULL || !auth_enforced(rq))
		return (rq->reason);
	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena,
	    &b);
	if (refused && rc == STORE_OK)
		return (why_refused(rq, &b));
	return (!refused && rc == STORE_NO_BUCKET ? why_missing(rq) :
	    rq->reason);
}
