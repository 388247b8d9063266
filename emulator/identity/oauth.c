/* Token grants.  What a client can prove is only what jwt_verify() says; all
 * other fields of an assertion are claims, judged one by one in the order in
 * which the real endpoint complains, with its texts, since people search for
 * them. */
#include "emulator/identity/oauth.h"

#include <string.h>

#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/users.h"
#include "lib/str.h"

#define OAUTH_GRANT	"urn:ietf:params:oauth:grant-type:jwt-bearer"
#define OAUTH_SCOPE_MAX	8192u

/* ---- the form that a token request is ---- */

const char *
oauth_form(struct req *rq, const char *key)
{
	const char *p = rq->body.p, *end, *eq;
	size_t nkey = strlen(key), n;
	char *v;

	for (; p != NULL && *p != '\0'; p = *end == '&' ? end + 1 : end) {
		end = strchrnul(p, '&');
		eq = memchr(p, '=', (size_t)(end - p));
		if (eq == NULL || (size_t)(eq - p) != nkey ||
		    memcmp(p, key, nkey) != 0)
			continue;
		v = arena_strndup(&rq->arena, eq + 1, (size_t)(end - eq - 1));
		return (str_pct_decode(v, &n, true) && strlen(v) == n ? v :
		    NULL);
	}
	return (NULL);
}

const char *
oauth_claimed(struct req *rq)
{
	const char *assertion = oauth_form(rq, "assertion");
	const char *token = oauth_form(rq, "refresh_token");
	struct refresh r;
	struct jwt j;

	if (assertion == NULL && token != NULL &&
	    users_refresh(rq->emu, &rq->arena, token, &r))
		return (arena_printf(&rq->arena, "user:%s", r.email));
	if (assertion == NULL ||
	    jwt_parse(&rq->arena, assertion, &j, NULL) != 0 ||
	    j.iss == NULL || strlen(j.iss) > 320)
		return (NULL);
	return (arena_printf(&rq->arena, "serviceAccount:%s", j.iss));
}

/* ---- the grant ---- */

static bool
oauth_audience(struct req *rq, const char *aud)
{
	static const char *const uris[] = {
		"https://oauth2.googleapis.com/token",
		"https://www.googleapis.com/oauth2/v3/token",
		"https://www.googleapis.com/oauth2/v4/token",
		"https://accounts.google.com/o/oauth2/token",
	};

	if (aud == NULL)
		return (false);
	for (size_t i = 0; i < NELEMS(uris); i++)
		if (strcmp(aud, uris[i]) == 0)
			return (true);
	return (strcmp(aud, arena_printf(&rq->arena, "%s/token",
	    req_base_url(rq))) == 0);
}

/* The client gets Google's words, which do not tell these apart; the journal
 * gets one of ours. */
static const char *
oauth_unusable(struct req *rq, const char *email)
{
	json_t *acc = NULL;
	int64_t version;

	if (email == NULL || iam_account(rq->emu, &rq->arena, email, &acc,
	    &version) != STORE_OK)
		return ("unknown_account");
	json_decref(acc);
	return ("account_disabled");
}

static const char *
oauth_no_key(struct req *rq, const struct jwt *j)
{
	struct iam_key key;

	if (j->kid == NULL)
		return ("bad_signature");
	if (!iam_key_get(rq->emu, &rq->arena, j->kid, &key))
		return ("unknown_key");
	return (key.disabled ? "key_disabled" : "bad_signature");
}

/* The assertion, verified; -1: an error has been stored. */
static int
oauth_assertion(struct req *rq, const char *text, struct jwt *j)
{
	struct err e = ERR_INIT;

	if (jwt_parse(&rq->arena, text, j, &e) != 0) {
		req_fail(rq, 400, "invalid_grant", "Invalid JWT: %s.",
		    err_msg(&e));
		err_release(&e);
		rq->reason = "malformed_assertion";
		return (-1);
	}
	if (j->iss == NULL || !iam_account_usable(rq->emu, &rq->arena,
	    j->iss)) {
		req_fail(rq, 400, "invalid_grant",
		    "Invalid grant: account not found");
		rq->reason = oauth_unusable(rq, j->iss);
		return (-1);
	}
	if (!oauth_signed(rq->emu, &rq->arena, j)) {
		req_fail(rq, 400, "invalid_grant", "Invalid JWT Signature.");
		rq->reason = oauth_no_key(rq, j);
		return (-1);
	}
	if (!oauth_audience(rq, j->aud)) {
		req_fail(rq, 400, "invalid_grant", "Invalid JWT: Failed "
		    "audience check. The right audience is "
		    "https://oauth2.googleapis.com/token");
		rq->reason = "wrong_audience";
		return (-1);
	}
	if (!oauth_timely(rq->emu, j)) {
		req_fail(rq, 400, "invalid_grant", "Invalid JWT: Token must "
		    "be a short-lived token (60 minutes) and in a reasonable "
		    "timeframe. Check your iat and exp values in the JWT "
		    "claim.");
		rq->reason = "not_short_lived";
		return (-1);
	}
	if (j->sub != NULL && strcmp(j->sub, j->iss) != 0) {
		/* domain-wide delegation: there is no domain here */
		req_fail(rq, 401, "unauthorized_client", "Client is "
		    "unauthorized to retrieve access tokens using this "
		    "method, or client not authorized for any of the scopes "
		    "requested.");
		return (-1);
	}
	return (0);
}

/* https://cloud.google.com/docs/authentication/get-id-token */
static const char *
oauth_assertion_id(struct req *rq, const struct jwt *j)
{
	struct oauth_id id = { .aud = j->target_audience, .email = j->iss };
	json_auto_t *acc = NULL;
	int64_t version;

	if (iam_account(rq->emu, &rq->arena, j->iss, &acc, &version) !=
	    STORE_OK)
		return (NULL);
	id.sub = json_string_value(json_object_get(acc, "uniqueId"));
	return (oauth_id_token(rq->emu, &rq->arena, &id));
}

static void
oauth_grant(struct req *rq, const struct jwt *j)
{
	const char *token;
	json_t *out;

	if (j->scope == NULL || *j->scope == '\0') {
		if (j->target_audience == NULL || *j->target_audience == '\0') {
			req_fail(rq, 400, "invalid_scope", "Invalid OAuth "
			    "scope or ID token audience provided.");
			return;
		}
		token = oauth_assertion_id(rq, j);
		out = json_pack("{s:s*}", "id_token", token);
	} else if (strlen(j->scope) > OAUTH_SCOPE_MAX) {
		req_fail(rq, 400, "invalid_scope", "Invalid OAuth scope or ID "
		    "token audience provided.");
		return;
	} else {
		token = oauth_mint(rq->emu, &rq->arena, j->iss, j->scope);
		out = json_pack("{s:s*, s:i, s:s}", "access_token", token,
		    "expires_in", OAUTH_LIFE - 1, "token_type", "Bearer");
	}
	if (token == NULL) {
		json_decref(out);
		req_fail(rq, 500, "internal_failure", "The token could not be "
		    "stored.");
		return;
	}
	req_reply_json(rq, 200, out);
}

void
oauth_token_h(struct req *rq)
{
	const char *grant = oauth_form(rq, "grant_type");
	const char *assertion = oauth_form(rq, "assertion");
	struct jwt j;

	if (grant == NULL)
		req_fail(rq, 400, "invalid_request", "Required parameter is "
		    "missing: grant_type");
	else if (strcmp(grant, "refresh_token") == 0)
		oauth_refresh(rq);
	else if (strcmp(grant, OAUTH_GRANT) != 0)
		req_fail(rq, 400, "unsupported_grant_type",
		    "Invalid grant_type: %.100s", grant);
	else if (assertion == NULL)
		req_fail(rq, 400, "invalid_request", "Required parameter is "
		    "missing: assertion");
	else if (oauth_assertion(rq, assertion, &j) == 0)
		oauth_grant(rq, &j);
}

