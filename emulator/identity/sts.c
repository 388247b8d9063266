#include "emulator/identity/sts.h"

#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/oauth.h"
#include "emulator/identity/pools.h"
#include "lib/str.h"

#define STS_GRANT	"urn:ietf:params:oauth:grant-type:token-exchange"
#define STS_TYPE	"urn:ietf:params:oauth:token-type:"
#define STS_SCOPE_MAX	8192u

/* The request is a form, or JSON with other spellings of the same words. */
static const char *
sts_field(struct req *rq, const json_t *body, const char *form,
    const char *json)
{
	const char *v = body != NULL ?
	    json_string_value(json_object_get(body, json)) :
	    oauth_form(rq, form);

	return (v != NULL ? v : "");
}

static void
sts_invalid(struct req *rq, const char *field)
{

	req_fail(rq, 400, "invalid_request", "Invalid value for \"%s\".",
	    field);
}

static void
sts_give(struct req *rq, const struct pools_caller *c, const char *scope)
{
	struct oauth_grant g = { .principal = c->principal, .id = c->id,
		.scope = scope, .sets = c->sets, .life = OAUTH_LIFE };
	const char *token = oauth_issue(rq->emu, &rq->arena, &g);

	rq->principal = c->principal;
	if (token == NULL)
		req_fail(rq, 500, "internal_failure", "The token could not be "
		    "stored.");
	else
		req_reply_json(rq, 200, json_pack("{s:s, s:s, s:s, s:i}",
		    "access_token", token, "issued_token_type",
		    STS_TYPE "access_token", "token_type", "Bearer",
		    "expires_in", OAUTH_LIFE - 1));
}

void
sts_token_h(struct req *rq)
{
	const char *grant, *audience, *scope, *want, *type, *token, *error;
	json_t *body = NULL;
	struct pools_caller c;
	const char *why;

	if (rq->body.len > 0 && *rq->body.p == '{' && req_json(rq, &body) != 0)
		return;
	grant = sts_field(rq, body, "grant_type", "grantType");
	audience = sts_field(rq, body, "audience", "audience");
	scope = sts_field(rq, body, "scope", "scope");
	want = sts_field(rq, body, "requested_token_type",
	    "requestedTokenType");
	type = sts_field(rq, body, "subject_token_type", "subjectTokenType");
	token = sts_field(rq, body, "subject_token", "subjectToken");
	if (strcmp(grant, STS_GRANT) != 0)
		sts_invalid(rq, "grant_type");
	else if (strcmp(want, STS_TYPE "access_token") != 0)
		sts_invalid(rq, "requested_token_type");
	else if (strcmp(type, STS_TYPE "access_token") == 0 ||
	    strcmp(type, STS_TYPE "saml2") == 0 || str_starts(type,
	    "urn:ietf:params:aws:"))
		req_fail(rq, 501, "not_implemented", "gcs-emulator does not "
		    "serve %s with a subject_token_type of %s.",
		    rq->route->id, type);
	else if (strcmp(type, STS_TYPE "jwt") != 0 &&
	    strcmp(type, STS_TYPE "id_token") != 0)
		sts_invalid(rq, "subject_token_type");
	else if (*token == '\0')
		sts_invalid(rq, "subject_token");
	else if (*scope == '\0' || strlen(scope) > STS_SCOPE_MAX)
		sts_invalid(rq, "scope");
	else if (pools_exchange(rq->emu, &rq->arena, audience, token, &c,
	    &error, &why))
		sts_give(rq, &c, scope);
	else
		req_fail(rq, 400, error, "%s", why);
}
