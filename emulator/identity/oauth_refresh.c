/* The refresh grant (RFC 6749 section 6) and revocation (RFC 7009), with the
 * texts of the real endpoint:
 * https://developers.google.com/identity/protocols/oauth2/web-server#offline */
#include "emulator/identity/oauth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/identity/users.h"
#include "lib/str.h"

/* ---- which client ---- */

/* Id and secret from the form, or from an Authorization header of type Basic,
 * which libraries try too. */
static void
oauth_client_given(struct req *rq, const char **id, const char **secret)
{
	const char *h = req_header(rq, "Authorization");
	char *colon, *text;
	struct buf b;
	size_t n;

	*id = oauth_form(rq, "client_id");
	*secret = oauth_form(rq, "client_secret");
	if (*id != NULL || h == NULL || strncasecmp(h, "Basic ", 6) != 0)
		return;
	buf_init(&b, 4096);
	h += 6 + strspn(h + 6, " ");
	if (str_b64_decode(&b, h, strlen(h), false) && buf_ok(&b) &&
	    strlen(b.p) == b.len) {
		text = arena_strdup(&rq->arena, b.p);
		if ((colon = strchr(text, ':')) != NULL) {
			*colon++ = '\0';
			if (str_pct_decode(text, &n, true))
				*id = text;
			if (str_pct_decode(colon, &n, true))
				*secret = colon;
		}
	}
	buf_release(&b);
}

/* NULL: an error has been stored. */
static const char *
oauth_client(struct req *rq)
{
	const char *id, *secret;
	bool known;

	oauth_client_given(rq, &id, &secret);
	if (id == NULL || *id == '\0')
		req_fail(rq, 400, "invalid_request",
		    "Could not determine client ID from request.");
	else if (users_client(rq->emu, &rq->arena, id, secret != NULL ?
	    secret : "", &known))
		return (id);
	else if (!known)
		req_fail(rq, 401, "invalid_client",
		    "The OAuth client was not found.");
	else if (secret == NULL)
		req_fail(rq, 400, "invalid_request",
		    "client_secret is missing.");
	else
		req_fail(rq, 401, "invalid_client",
		    "The provided client secret is invalid.");
	return (NULL);
}

/* ---- the grant ---- */

static bool
oauth_word_in(const char *all, const char *word, size_t n)
{

	for (size_t m; *all != '\0'; all += m + (all[m] == ' ')) {
		m = strcspn(all, " ");
		if (m == n && memcmp(all, word, n) == 0)
			return (true);
	}
	return (false);
}

/* Are these scopes among those that were consented to? */
static bool
oauth_narrower(const char *scope, const char *granted)
{

	for (size_t n; *scope != '\0'; scope += n + (scope[n] == ' ')) {
		n = strcspn(scope, " ");
		if (n > 0 && !oauth_word_in(granted, scope, n))
			return (false);
	}
	return (true);
}

static void
oauth_refresh_give(struct req *rq, const struct refresh *r,
    const char *scope)
{
	struct oauth_grant g = {
		.principal = arena_printf(&rq->arena, "user:%s", r->email),
		.id = r->id, .scope = scope, .client = r->client,
		.refresh = r->key, .life = OAUTH_LIFE };
	struct oauth_id id = { .sub = r->id, .aud = r->client,
		.azp = r->client };
	const char *token = oauth_issue(rq->emu, &rq->arena, &g);
	const char *idt = NULL;

	if (oauth_word_in(scope, "openid", 6)) {
		if (strstr(scope, "email") != NULL)
			id.email = r->email;
		idt = oauth_id_token(rq->emu, &rq->arena, &id);
	}
	if (token == NULL)
		req_fail(rq, 500, "internal_failure", "The token could not be "
		    "stored.");
	else
		req_reply_json(rq, 200, json_pack(
		    "{s:s, s:i, s:s, s:s, s:s*}", "access_token", token,
		    "expires_in", OAUTH_LIFE - 1, "scope", scope,
		    "token_type", "Bearer", "id_token", idt));
}

void
oauth_refresh(struct req *rq)
{
	const char *token = oauth_form(rq, "refresh_token");
	const char *scope = oauth_form(rq, "scope");
	const char *client = oauth_client(rq);
	struct refresh r;
	struct user u;

	if (client == NULL)
		return;
	if (token == NULL || *token == '\0')
		req_fail(rq, 400, "invalid_request",
		    "Missing required parameter: refresh_token");
	else if (!users_refresh(rq->emu, &rq->arena, token, &r))
		req_fail(rq, 400, "invalid_grant", "Bad Request");
	else if (strcmp(r.client, client) != 0)
		req_fail(rq, 401, "unauthorized_client", "Unauthorized");
	else if (r.revoked)
		req_fail(rq, 400, "invalid_grant",
		    "Token has been expired or revoked.");
	else if (!users_get(rq->emu, &rq->arena, r.email, &u) ||
	    strcmp(u.id, r.id) != 0)
		req_fail(rq, 400, "invalid_grant",
		    "Account has been deleted");
	else if (u.disabled)
		req_fail(rq, 400, "invalid_grant", "Account disabled");
	else if (scope != NULL && !oauth_narrower(scope, r.scope))
		req_fail(rq, 400, "invalid_scope", "Bad Request");
	else
		oauth_refresh_give(rq, &r, scope != NULL && *scope != '\0' ?
		    scope : r.scope);
}

/* ---- revocation ---- */

/* Of what somebody consented to; a token that an account got by itself cannot
 * be taken back, and says so. */
static void
oauth_revoke_access(struct req *rq, const char *token)
{
	json_auto_t *t = NULL;
	const char *refresh, *why;
	enum store_rc rc;

	t = oauth_token_get(rq->emu, &rq->arena, token, &why);
	if (t == NULL) {
		req_fail(rq, 400, "invalid_token", "Token expired or revoked");
		return;
	}
	refresh = json_string_value(json_object_get(t, "refresh"));
	if (refresh == NULL) {
		req_fail(rq, 400, "invalid_request",
		    "Token is not revocable.");
		return;
	}
	rc = users_refresh_revoke(rq->emu, &rq->arena, refresh);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else
		req_fail(rq, 500, "internal_failure", "The revocation could "
		    "not be stored.");
}

void
oauth_revoke_h(struct req *rq)
{
	const char *token = oauth_form(rq, "token");
	struct refresh r;

	if (token == NULL)
		token = req_query(rq, "token");
	if (token == NULL || *token == '\0')
		req_fail(rq, 400, "invalid_request",
		    "Missing required parameter: token");
	else if (!users_refresh(rq->emu, &rq->arena, token, &r))
		oauth_revoke_access(rq, token);
	else if (r.revoked)
		req_fail(rq, 400, "invalid_token", "Token expired or revoked");
	else if (users_refresh_revoke(rq->emu, &rq->arena, r.key) == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else
		req_fail(rq, 500, "internal_failure", "The revocation could "
		    "not be stored.");
}
