/* What is checked when a policy is set, so that none is stored that would
 * mean something else here than there. */
#include "emulator/identity/policy.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/fault/retry_test.h"
#include "emulator/http/route.h"
#include "emulator/identity/cel.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/pools.h"
#include "lib/str.h"

#define POLICY_MEMBERS	1500

#define POLICY_MORE	"For more information, please refer to "	\
	"https://cloud.google.com/iam/docs/policies#versions."

/* ---- versions ---- */

int
policy_version(const json_t *policy)
{
	const json_t *b, *c;
	size_t i;

	json_array_foreach(json_object_get(policy, "bindings"), i, b) {
		c = json_object_get(b, "condition");
		if (c != NULL && !json_is_null(c))
			return (3);
	}
	return (1);
}

/* Who names a lower one may not know what conditions are, and would lose
 * them. */
static int
policy_version_given(struct req *rq, const json_t *policy, const json_t *old)
{
	const json_t *v = json_object_get(policy, "version");
	json_int_t given = json_integer_value(v);

	if ((v != NULL && !json_is_null(v) && !json_is_integer(v)) ||
	    given < 0 || given > 3 || given == 2)
		req_fail(rq, 400, "invalid", "Invalid policy version: 0, 1 "
		    "and 3 are valid. " POLICY_MORE);
	else if (given < 3 && policy_version(policy) == 3)
		req_fail(rq, 400, "invalid", "The policy version must be set "
		    "to at least 3 to contain conditions. " POLICY_MORE);
	else if (given < 3 && policy_version(old) == 3)
		req_fail(rq, 400, "invalid", "Specified policy version (%d) "
		    "cannot be less than the existing policy version (3). "
		    POLICY_MORE, (int)(given < 1 ? 1 : given));
	else
		return (0);
	return (-1);
}

int
policy_version_asked(struct req *rq, const json_t *policy)
{
	int64_t asked = 1;
	bool has;

	if (req_query_int(rq, "optionsRequestedPolicyVersion", &has,
	    &asked) != 0)
		return (-1);
	/* Google's Go client writes 0 where its caller names none. */
	if (has && asked < 0) {
		req_fail(rq, 400, "invalid", "Invalid value for "
		    "optionsRequestedPolicyVersion: it is at least 1.");
		return (-1);
	}
	if (asked < 1)
		asked = 1;
	if (asked >= policy_version(policy))
		return (0);
	req_fail(rq, 400, "invalid", "Requested policy version (%d) cannot be "
	    "less than the existing policy version (3). " POLICY_MORE,
	    (int)asked);
	return (-1);
}

/* https://cloud.google.com/iam/docs/policies#specifying-version-get */
void
policy_hide_conditions(struct arena *a, json_t *policy)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	char hex[2 * sizeof(md) + 1], *text;
	json_t *b, *c;
	unsigned n;
	size_t i;

	json_array_foreach(json_object_get(policy, "bindings"), i, b) {
		c = json_object_get(b, "condition");
		if (c == NULL || json_is_null(c))
			continue;
		text = json_dumps(c, JSON_COMPACT | JSON_SORT_KEYS);
		BUG_ON(text == NULL || EVP_Digest(text, strlen(text), md, &n,
		    EVP_sha256(), NULL) != 1);
		free(text);
		str_hex(hex, md, 10);
		(void)json_object_set_new(b, "role", json_string(arena_printf(
		    a, "%s" POLICY_WITHCOND "%s", json_string_value(
		    json_object_get(b, "role")), hex)));
		(void)json_object_del(b, "condition");
	}
}

/* ---- bindings ---- */

/* Who would be let in there and never here is not passed over in silence. */
static int
policy_unsupported(struct req *rq, const char *m, const char *why)
{

	/* Google's own suites only look at what comes back. */
	if (retry_test_live(rq))
		return (0);
	req_fail(rq, 400, "invalid", "The member %s is not supported by this "
	    "emulator: %s.", m, why);
	return (-1);
}

static int
policy_member(struct req *rq, const char *m)
{
	static const char *const forms[] = {
		"user:", "domain:", "projectOwner:", "projectEditor:",
		"projectViewer:", "deleted:",
	};
	const char *why;

	if (strcmp(m, "allUsers") == 0 ||
	    strcmp(m, "allAuthenticatedUsers") == 0)
		return (0);
	if (str_starts(m, "serviceAccount:")) {
		m += strlen("serviceAccount:");
		/* of other projects' accounts we know nothing */
		if (*m != '\0' && (!str_ends(m, arena_printf(&rq->arena,
		    "@%s.iam.gserviceaccount.com", rq->emu->project)) ||
		    iam_account_exists(rq->emu, &rq->arena, m)))
			return (0);
		req_fail(rq, 400, "invalid",
		    "Service account %s does not exist.", m);
		return (-1);
	}
	if (str_starts(m, "group:") && m[6] != '\0')
		return (policy_unsupported(rq, m, "it has no groups, so that "
		    "nobody would be let in; name the accounts themselves"));
	if (str_starts(m, "principal:") || str_starts(m, "principalSet:")) {
		why = pools_member_wrong(rq->emu, &rq->arena, m);
		return (why == NULL ? 0 : policy_unsupported(rq, m, why));
	}
	for (size_t i = 0; i < NELEMS(forms); i++)
		if (str_starts(m, forms[i]) && m[strlen(forms[i])] != '\0')
			return (0);
	/* Python's suite names a bare e-mail address. */
	if (retry_test_live(rq))
		return (0);
	req_fail(rq, 400, "invalid", "Invalid member: %s", m);
	return (-1);
}

/* https://cloud.google.com/iam/docs/conditions-overview : a title is a must,
 * basic roles and everybody are not to be had on conditions. */
static int
policy_condition(struct req *rq, const json_t *b, const json_t *condition)
{
	const char *role = json_string_value(json_object_get(b, "role"));
	const char *title = json_string_value(json_object_get(condition,
	    "title"));
	const char *text = json_string_value(json_object_get(condition,
	    "expression"));
	const char *why = NULL, *who;
	struct err e = ERR_INIT;
	const json_t *m;
	size_t i;

	if (title == NULL || *title == '\0' || strlen(title) > 100)
		why = "a title of 1 to 100 characters is wanted";
	else if (text == NULL)
		why = "an expression is wanted";
	else if (cel_check(text, &e) != 0)
		why = arena_strdup(&rq->arena, err_msg(&e));
	else if (str_starts(role, "roles/") && strchr(role, '.') == NULL)
		why = "basic roles cannot be granted on a condition";
	json_array_foreach(json_object_get(b, "members"), i, m) {
		who = json_string_value(m);
		if (who != NULL && str_starts(who, "all") && why == NULL)
			why = "it cannot be granted to everybody";
	}
	err_release(&e);
	if (why != NULL)
		req_fail(rq, 400, "invalid", "Invalid condition in the "
		    "binding of %s: %s.", role, why);
	return (why != NULL ? -1 : 0);
}

static int
policy_binding(struct req *rq, const json_t *b)
{
	const json_t *members = json_object_get(b, "members"), *m;
	const json_t *condition = json_object_get(b, "condition");
	const char *role = json_string_value(json_object_get(b, "role"));
	size_t i;

	if (role == NULL || (members != NULL && !json_is_array(members))) {
		req_fail(rq, 400, "invalid", "Invalid binding: a role and an "
		    "array of members are wanted.");
		return (-1);
	}
	if (condition != NULL && !json_is_null(condition) &&
	    policy_condition(rq, b, condition) != 0)
		return (-1);
	if (strstr(role, POLICY_WITHCOND) != NULL) {
		req_fail(rq, 400, "invalid", "The role %s stands for a "
		    "condition that version 1 does not show: read and write "
		    "the policy with version 3.", role);
		return (-1);
	}
	if (!iam_role_exists(rq->emu, &rq->arena, role)) {
		req_fail(rq, 400, "invalid", "Role %s is not supported for "
		    "this resource.", role);
		return (-1);
	}
	json_array_foreach(members, i, m) {
		if (!json_is_string(m)) {
			req_fail(rq, 400, "invalid", "Invalid member of %s: "
			    "a string is wanted.", role);
			return (-1);
		}
		if (policy_member(rq, json_string_value(m)) != 0)
			return (-1);
	}
	return (0);
}

/* Each appearance counts, https://cloud.google.com/iam/quotas . */
static int
policy_members(struct req *rq, const json_t *bindings)
{
	const json_t *b;
	size_t i, n = 0;

	json_array_foreach(bindings, i, b)
		n += json_array_size(json_object_get(b, "members"));
	if (n <= POLICY_MEMBERS)
		return (0);
	req_fail(rq, 400, "invalid", "The number of members in the policy "
	    "(%zu) is larger than the maximum allowed size %d.", n,
	    POLICY_MEMBERS);
	return (-1);
}

int
policy_check(struct req *rq, const json_t *policy, const json_t *old)
{
	const json_t *bindings = json_object_get(policy, "bindings"), *b;
	size_t i;

	if (bindings == NULL || json_is_null(bindings))
		return (0);
	if (!json_is_array(bindings)) {
		req_fail(rq, 400, "invalid", "Invalid policy: bindings is not "
		    "an array.");
		return (-1);
	}
	if (policy_members(rq, bindings) != 0)
		return (-1);
	json_array_foreach(bindings, i, b)
		if (policy_binding(rq, b) != 0)
			return (-1);
	return (policy_version_given(rq, policy, old));
}
