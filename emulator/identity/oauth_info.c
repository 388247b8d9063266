/* What a token is, and whose: tokeninfo and userinfo. */
#include "emulator/identity/oauth.h"

#include <inttypes.h>
#include <string.h>

#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/users.h"
#include "lib/str.h"

/* tokeninfo writes each value as a text. */
static void
oauth_info_texts(struct req *rq, json_t *j)
{
	const char *k;
	json_t *v;
	void *tmp;

	json_object_foreach_safe(j, tmp, k, v)
		if (json_is_integer(v))
			(void)json_object_set_new(j, k, json_string(
			    arena_printf(&rq->arena, "%" JSON_INTEGER_FORMAT,
			    json_integer_value(v))));
		else if (json_is_boolean(v))
			(void)json_object_set_new(j, k, json_string(
			    json_is_true(v) ? "true" : "false"));
}

static void
oauth_info_id(struct req *rq, const char *token)
{
	json_t *j = oauth_id_claims(rq->emu, &rq->arena, token);
	struct jwt head;

	if (j == NULL || jwt_parse(&rq->arena, token, &head, NULL) != 0) {
		json_decref(j);
		req_fail(rq, 400, "invalid_token", "Invalid Value");
		return;
	}
	oauth_info_texts(rq, j);
	(void)json_object_set_new(j, "alg", json_string("RS256"));
	(void)json_object_set_new(j, "typ", json_string("JWT"));
	if (head.kid != NULL)
		(void)json_object_set_new(j, "kid", json_string(head.kid));
	req_reply_json(rq, 200, j);
}

static void
oauth_info_access(struct req *rq, const char *token)
{
	const char *who, *why;
	json_auto_t *t = NULL;
	json_t *id, *client;
	int64_t exp;

	t = oauth_token_get(rq->emu, &rq->arena, token, &why);
	if (t == NULL) {
		req_fail(rq, 400, "invalid_token", "Invalid Value");
		return;
	}
	exp = json_integer_value(json_object_get(t, "exp"));
	id = json_object_get(t, "id");
	client = json_object_get(t, "client");
	who = json_string_value(json_object_get(t, "principal"));
	if (who == NULL)
		who = json_string_value(json_object_get(t, "account"));
	else if (str_starts(who, "user:"))
		who += strlen("user:");
	req_reply_json(rq, 200, json_pack(
	    "{s:O, s:O, s:O*, s:O, s:s, s:s, s:s, s:s, s:s}",
	    "azp", client != NULL ? client : id, "aud",
	    client != NULL ? client : id, "sub",
	    client != NULL ? id : NULL,
	    "scope", json_object_get(t, "scope"),
	    "exp", arena_printf(&rq->arena, "%" PRId64, exp),
	    "expires_in", arena_printf(&rq->arena, "%" PRId64,
	    exp - oauth_now(rq->emu)), "email", who,
	    "email_verified", "true", "access_type",
	    json_object_get(t, "refresh") != NULL ? "offline" : "online"));
}

void
oauth_tokeninfo_h(struct req *rq)
{
	const char *token = req_query(rq, "access_token");
	const char *id = req_query(rq, "id_token");

	if (token == NULL)
		token = oauth_form(rq, "access_token");
	if (id == NULL)
		id = oauth_form(rq, "id_token");
	if (token != NULL)
		oauth_info_access(rq, token);
	else if (id != NULL)
		oauth_info_id(rq, id);
	else
		req_fail(rq, 400, "invalid_request", "either access_token, "
		    "id_token, or token_handle required");
}

/* v3, of OpenID, has `sub`; its forerunners `id`.  Both at once harm nobody:
 * https://openid.net/specs/openid-connect-core-1_0.html#UserInfo */
void
oauth_userinfo_h(struct req *rq)
{
	const char *who = rq->principal, *email, *id = NULL, *name = NULL;
	json_auto_t *acc = NULL;
	int64_t version;
	struct user u;

	email = who != NULL ? strchr(who, ':') + 1 : "";
	if (who != NULL && str_starts(who, "user:") &&
	    users_get(rq->emu, &rq->arena, email, &u)) {
		id = u.id;
		name = *u.name != '\0' ? u.name : NULL;
	} else if (who != NULL && str_starts(who, "serviceAccount:") &&
	    iam_account(rq->emu, &rq->arena, email, &acc, &version) ==
	    STORE_OK)
		id = json_string_value(json_object_get(acc, "uniqueId"));
	if (id == NULL)
		req_fail(rq, 401, "invalid_request", "Invalid Credentials");
	else
		req_reply_json(rq, 200, json_pack(
		    "{s:s, s:s, s:s, s:b, s:b, s:s*}", "id", id, "sub", id,
		    "email", email, "email_verified", 1, "verified_email", 1,
		    "name", name));
}
