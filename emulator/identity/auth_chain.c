/* Who asks by way of others: "delegates" of IAM Credentials,
 * https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated .
 * Each account in the chain must be let by the next, the last one by the
 * account in whose name it is done; the caller only by the first. */
#include "emulator/identity/auth_int.h"

#include <jansson.h>
#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/iam.h"
#include "lib/str.h"

#define CHAIN_MAX	16u
#define CHAIN_STEP	"iam.serviceAccounts.implicitDelegation"

/* May `principal` (and who is in its sets) do that to the account? */
static bool
chain_may(struct req *rq, const char *principal, const char *sets,
    const char *account, const char *permission)
{
	const char *caller = rq->principal, *own = rq->sets;
	const char *named = rq->cap[1];
	bool may;

	rq->principal = principal;
	rq->sets = sets;
	rq->cap[1] = account;
	may = auth_allows_account(rq, permission);
	rq->principal = caller;
	rq->sets = own;
	rq->cap[1] = named;
	return (may);
}

/* The e-mail of "projects/-/serviceAccounts/WHO", in the arena.  NULL: a
 * refusal has been stored. */
static const char *
chain_account(struct req *rq, size_t i, const json_t *v)
{
	static const char prefix[] = "projects/-/serviceAccounts/";
	const char *name = json_string_value(v), *email = NULL;
	json_auto_t *acc = NULL;
	int64_t version;

	if (name == NULL || !str_starts(name, prefix)) {
		req_fail(rq, 400, "badRequest", "Invalid value at "
		    "'delegates[%zu]': %sEMAIL_OR_UNIQUE_ID is wanted.", i,
		    prefix);
		return (NULL);
	}
	if (iam_account(rq->emu, &rq->arena, name + strlen(prefix), &acc,
	    &version) != STORE_OK)
		auth_refuse(rq, CHAIN_STEP);
	else if (json_is_true(json_object_get(acc, "disabled")))
		req_fail(rq, 400, "failedPrecondition", "Service account %s "
		    "is disabled.", json_string_value(json_object_get(acc,
		    "email")));
	else
		email = arena_strdup(&rq->arena, json_string_value(
		    json_object_get(acc, "email")));
	return (email);
}

static int
chain_follow(struct req *rq, const json_t *chain)
{
	const char *who = rq->principal, *sets = rq->sets, *next;
	const json_t *v;
	size_t i;

	json_array_foreach(chain, i, v) {
		if ((next = chain_account(rq, i, v)) == NULL)
			return (-1);
		if (!chain_may(rq, who, sets, next, CHAIN_STEP)) {
			auth_refuse(rq, CHAIN_STEP);
			return (-1);
		}
		who = arena_printf(&rq->arena, "serviceAccount:%s", next);
		sets = NULL;
	}
	if (chain_may(rq, who, sets, rq->cap[1], rq->route->permission))
		return (0);
	auth_refuse(rq, rq->route->permission);
	return (-1);
}

bool
auth_chain(struct req *rq, int *rc)
{
	json_auto_t *body = NULL;
	const json_t *chain;

	if (!str_starts(rq->route->id, "iamcredentials.") ||
	    rq->route->permission == NULL || rq->body.len == 0)
		return (false);
	body = json_loadb(rq->body.p, rq->body.len, 0, NULL);
	chain = json_object_get(body, "delegates");
	if (chain == NULL || json_is_null(chain) ||
	    (json_is_array(chain) && json_array_size(chain) == 0))
		return (false);
	*rc = -1;
	if (!json_is_array(chain) || json_array_size(chain) > CHAIN_MAX)
		req_fail(rq, 400, "badRequest", "Invalid value at "
		    "'delegates': an array of at most %u accounts is wanted.",
		    CHAIN_MAX);
	else
		*rc = chain_follow(rq, chain);
	return (true);
}
