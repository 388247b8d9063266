/* ID tokens (https://openid.net/specs/openid-connect-core-1_0.html#IDToken)
 * and the key that signs them: one for each emulator, made when first asked
 * for, kept as the record `idkey`, so that what was signed before a restart
 * still verifies. */
#include "emulator/identity/oauth.h"

#include <pthread.h>
#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/certs.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "lib/str.h"

#define OAUTH_ISSUER	"https://accounts.google.com"
#define OAUTH_AUD_MAX	2048u
#define OAUTH_SIGNER	"federated-signon.system.gserviceaccount.com"

struct oauth_idkey {
	const char *kid, *private_pem, *public_pem, *certificate;
};

static bool
oauth_idkey_read(struct emu *emu, struct arena *a, struct oauth_idkey *k)
{
	const char **to[] = { &k->kid, &k->private_pem, &k->public_pem,
	    &k->certificate };
	static const char *const names[] = { "kid", "private", "public",
	    "certificate" };
	json_auto_t *j = NULL;
	struct record r;

	if (store_record_get(emu->store, "idkey", "signer", a, &r) !=
	    STORE_OK || (j = json_loads(r.json, 0, NULL)) == NULL)
		return (false);
	for (size_t i = 0; i < NELEMS(to); i++) {
		const char *v = json_string_value(json_object_get(j,
		    names[i]));

		if (v == NULL)
			return (false);
		*to[i] = arena_strdup(a, v);
	}
	return (true);
}

static bool
oauth_idkey_make(struct emu *emu, struct arena *a)
{
	const char *pem, *public_pem, *cert;
	json_auto_t *j = NULL;
	int64_t version;
	enum store_rc rc;

	if (jwt_new_key(a, &pem, &public_pem, NULL) != 0)
		return (false);
	cert = certs_make(a, pem, OAUTH_SIGNER, oauth_now(emu));
	/* 40 hex digits, as Google's have */
	j = json_pack("{s:s, s:s, s:s, s:s*}", "kid",
	    arena_strndup(a, oauth_hash(a, public_pem), 40), "private", pem,
	    "public", public_pem, "certificate", cert);
	if (j == NULL)
		return (false);
	rc = iam_put(emu, "idkey", "signer", j, 0, &version);
	return (rc == STORE_OK || rc == STORE_EXISTS);
}

static bool
oauth_idkey(struct emu *emu, struct arena *a, struct oauth_idkey *k)
{
	/* two callers at once need not each make one */
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	bool ok;

	(void)pthread_mutex_lock(&lock);
	ok = oauth_idkey_read(emu, a, k) || (oauth_idkey_make(emu, a) &&
	    oauth_idkey_read(emu, a, k));
	(void)pthread_mutex_unlock(&lock);
	return (ok);
}

const char *
oauth_id_token(struct emu *emu, struct arena *a, const struct oauth_id *id)
{
	int64_t now = oauth_now(emu);
	json_auto_t *claims = NULL;
	struct oauth_idkey k;

	if (!oauth_idkey(emu, a, &k))
		return (NULL);
	claims = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}",
	    "iss", OAUTH_ISSUER, "aud", id->aud, "azp",
	    id->azp != NULL ? id->azp : id->sub, "sub", id->sub,
	    "iat", (json_int_t)now, "exp", (json_int_t)(now + OAUTH_LIFE));
	if (claims == NULL)
		return (NULL);
	if (id->email != NULL) {
		(void)json_object_set_new(claims, "email",
		    json_string(id->email));
		(void)json_object_set_new(claims, "email_verified",
		    json_true());
	}
	if (id->more != NULL)
		(void)json_object_update(claims, id->more);
	return (jwt_sign(a, k.private_pem, k.kid, claims));
}

json_t *
oauth_id_claims(struct emu *emu, struct arena *a, const char *token)
{
	struct oauth_idkey k;
	json_t *j;
	struct jwt t;

	if (!oauth_idkey(emu, a, &k) ||
	    (j = jwt_open(a, token, &t, NULL)) == NULL)
		return (NULL);
	if (t.kid != NULL && strcmp(t.kid, k.kid) == 0 &&
	    jwt_verify(&t, k.public_pem) && json_number_value(
	    json_object_get(j, "exp")) > (double)oauth_now(emu))
		return (j);
	json_decref(j);
	return (NULL);
}

/* ---- the certificates ---- */

/* https://www.googleapis.com/oauth2/v1/certs has certificates by key id, v3
 * JSON Web Keys. */
void
oauth_certs_h(struct req *rq)
{
	struct oauth_idkey k;
	json_t *out;

	if (!oauth_idkey(rq->emu, &rq->arena, &k)) {
		req_fail(rq, 500, "internal_failure", "The key could not be "
		    "stored.");
		return;
	}
	if (strcmp(rq->raw_path, "/oauth2/v1/certs") == 0)
		out = json_pack("{s:s}", k.kid, k.certificate);
	else
		out = json_pack("{s:[o]}", "keys", certs_jwk(k.public_pem,
		    k.kid));
	req_header_put(rq, "Cache-Control",
	    "public, max-age=3600, must-revalidate, no-transform");
	req_reply_json(rq, 200, out);
}

/* https://openid.net/specs/openid-connect-discovery-1_0.html : for libraries
 * that know nothing but the issuer. */
void
oauth_discovery_h(struct req *rq)
{

	req_reply_json(rq, 200, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, "
	    "s:[s], s:[s], s:[s], s:[s, s]}", "issuer", OAUTH_ISSUER,
	    "authorization_endpoint",
	    "https://accounts.google.com/o/oauth2/v2/auth",
	    "token_endpoint", "https://oauth2.googleapis.com/token",
	    "userinfo_endpoint",
	    "https://openidconnect.googleapis.com/v1/userinfo",
	    "revocation_endpoint", "https://oauth2.googleapis.com/revoke",
	    "jwks_uri", "https://www.googleapis.com/oauth2/v3/certs",
	    "response_types_supported", "code",
	    "subject_types_supported", "public",
	    "id_token_signing_alg_values_supported", "RS256",
	    "grant_types_supported", "refresh_token",
	    "urn:ietf:params:oauth:grant-type:jwt-bearer"));
}

/* ---- :generateIdToken ---- */

void
oauth_id_token_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);
	const char *aud, *token;
	struct oauth_id id = { .sub = NULL };
	json_t *body;

	if (acc == NULL || req_json(rq, &body) != 0)
		return;
	aud = json_string_value(json_object_get(body, "audience"));
	if (json_is_true(json_object_get(acc, "disabled"))) {
		req_fail(rq, 400, "failedPrecondition",
		    "Service account %s is disabled.", json_string_value(
		    json_object_get(acc, "email")));
		return;
	}
	if (aud == NULL || *aud == '\0' || strlen(aud) > OAUTH_AUD_MAX) {
		req_fail(rq, 400, "badRequest", "Invalid value at 'audience': "
		    "a text of 1 to %u bytes is wanted.", OAUTH_AUD_MAX);
		return;
	}
	id.aud = aud;
	id.sub = json_string_value(json_object_get(acc, "uniqueId"));
	if (json_is_true(json_object_get(body, "includeEmail")))
		id.email = json_string_value(json_object_get(acc, "email"));
	token = oauth_id_token(rq->emu, &rq->arena, &id);
	if (token == NULL)
		req_fail_rc(rq, STORE_IO);
	else
		req_reply_json(rq, 200, json_pack("{s:s}", "token", token));
}
