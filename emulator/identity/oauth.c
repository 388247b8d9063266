/* Token grants.  What a client can prove is only what jwt_verify() says; all
 * other fields of an assertion are claims, judged one by one in the order in
 * which the real endpoint complains, with its texts, since people search for
 * them. */
#include "emulator/identity/oauth.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/seen.h"
#include "lib/str.h"

#define OAUTH_GRANT	"urn:ietf:params:oauth:grant-type:jwt-bearer"
#define OAUTH_LIFE	3600		/* of a token, seconds */
#define OAUTH_PREFIX	"ya29."		/* of Google's opaque tokens */
#define OAUTH_SKEW	300		/* how far a client's clock may be off */
#define OAUTH_SWEEP	256		/* mints between two sweeps */
#define OAUTH_BEARER_MAX 4096u		/* bytes of an opaque token */
#define OAUTH_SCOPE_MAX	8192u

static int64_t
oauth_now(const struct emu *emu)
{

	return (clock_wall_us(&emu->clock) / 1000000);
}

/* ---- access tokens ---- */

static const char *
oauth_hash(struct arena *a, const char *token)
{
	unsigned char md[32];
	char *hex = arena_alloc(a, 2 * sizeof(md) + 1);
	unsigned n = 0;

	BUG_ON(EVP_Digest(token, strlen(token), md, &n, EVP_sha256(),
	    NULL) != 1 || n != sizeof(md));
	str_hex(hex, md, sizeof(md));
	return (hex);
}

/* Remove the tokens that have expired. */
static void
oauth_sweep(struct emu *emu)
{
	struct arena a = ARENA_INIT;
	int64_t now = oauth_now(emu);
	const char *after = "";
	struct record *r;
	size_t n = 0;

	do {
		if (store_record_list(emu->store, "token", "", after, 1000,
		    &a, &r, &n) != STORE_OK)
			break;
		for (size_t i = 0; i < n; i++) {
			json_auto_t *t = json_loads(r[i].json, 0, NULL);
			enum store_rc rc = STORE_OK;

			if (json_integer_value(json_object_get(t, "exp")) <=
			    now)
				rc = store_record_delete(emu->store, "token",
				    r[i].key);
			/* another sweep may have been faster; an expired
			 * token that stays is refused all the same */
			(void)rc;
		}
		if (n > 0)
			after = r[n - 1].key;
	} while (n == 1000);
	arena_release(&a);
}

const char *
oauth_mint(struct emu *emu, struct arena *a, const char *email,
    const char *scope)
{

	return (oauth_mint_for(emu, a, email, scope, OAUTH_LIFE));
}

const char *
oauth_mint_for(struct emu *emu, struct arena *a, const char *email,
    const char *scope, int64_t life)
{
	static atomic_uint minted;
	unsigned char rnd[48];
	json_auto_t *acc = NULL, *t = NULL;
	const char *token;
	enum store_rc rc;
	int64_t version;
	struct buf b;
	char *text;

	if (iam_account(emu, a, email, &acc, &version) != STORE_OK)
		return (NULL);
	BUG_ON(RAND_bytes(rnd, sizeof(rnd)) != 1);
	buf_init(&b, 256);
	buf_adds(&b, OAUTH_PREFIX "c.");
	str_b64_encode(&b, rnd, sizeof(rnd), true);
	token = arena_strdup(a, b.p);
	buf_release(&b);
	/* the unique id tells a later account of the same name apart */
	t = json_pack("{s:s, s:O, s:s, s:I}", "account", email, "id",
	    json_object_get(acc, "uniqueId"), "scope", scope, "exp",
	    (json_int_t)(oauth_now(emu) + life));
	if (t == NULL)
		return (NULL);
	text = json_dumps(t, JSON_COMPACT);
	BUG_ON(text == NULL);
	rc = store_record_put(emu->store, "token", oauth_hash(a, token), text,
	    0, &version);
	free(text);
	if (rc != STORE_OK)
		return (NULL);
	if (atomic_fetch_add(&minted, 1) % OAUTH_SWEEP == OAUTH_SWEEP - 1)
		oauth_sweep(emu);
	return (token);
}

/* The record of an opaque token that is still good, a new reference. */
static json_t *
oauth_token_get(struct emu *emu, struct arena *a, const char *bearer,
    const char **why)
{
	json_auto_t *t = NULL, *acc = NULL;
	const char *email;
	struct record r;
	int64_t version;

	*why = "unknown token";
	if (strlen(bearer) > OAUTH_BEARER_MAX ||
	    store_record_get(emu->store, "token", oauth_hash(a, bearer), a,
	    &r) != STORE_OK || (t = json_loads(r.json, 0, NULL)) == NULL)
		return (NULL);
	*why = "expired";
	if (json_integer_value(json_object_get(t, "exp")) <= oauth_now(emu))
		return (NULL);
	*why = "the account is gone or disabled";
	email = json_string_value(json_object_get(t, "account"));
	if (email == NULL || iam_account(emu, a, email, &acc, &version) !=
	    STORE_OK || json_is_true(json_object_get(acc, "disabled")) ||
	    !json_equal(json_object_get(t, "id"),
	    json_object_get(acc, "uniqueId")))
		return (NULL);
	*why = NULL;
	return (json_incref(t));
}

/* ---- assertions ---- */

/* Was it signed with a good key of the account that it names as issuer? */
static bool
oauth_signed(struct emu *emu, struct arena *a, const struct jwt *j)
{
	struct iam_key k, *all;
	size_t n;

	if (j->kid != NULL)
		return (iam_key_get(emu, a, j->kid, &k) && !k.disabled &&
		    strcmp(k.account, j->iss) == 0 &&
		    jwt_verify(j, k.public_pem));
	n = iam_key_all(emu, a, j->iss, &all);
	for (size_t i = 0; i < n; i++)
		if (!all[i].disabled && jwt_verify(j, all[i].public_pem))
			return (true);
	return (false);
}

static bool
oauth_timely(const struct emu *emu, const struct jwt *j)
{
	int64_t now = oauth_now(emu);

	return (j->has_iat && j->has_exp && j->exp > now &&
	    j->iat <= now + OAUTH_SKEW && j->exp > j->iat &&
	    j->exp - j->iat <= OAUTH_LIFE + OAUTH_SKEW);
}

/* A self-signed JWT in place of an access token:
 * https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth
 */
static const char *
oauth_check_self_signed(struct emu *emu, struct arena *a, const char *bearer,
    const char **scope, const char **why)
{
	static const char *const auds[] = {
		"https://storage.googleapis.com/",
		"https://iam.googleapis.com/",
		"https://iamcredentials.googleapis.com/",
		"https://cloudresourcemanager.googleapis.com/",
	};
	bool meant;
	struct jwt j;

	*why = "malformed token";
	if (jwt_parse(a, bearer, &j, NULL) != 0)
		return (NULL);
	meant = j.scope != NULL && *j.scope != '\0';
	for (size_t i = 0; j.aud != NULL && i < NELEMS(auds); i++)
		meant = meant || strcmp(j.aud, auds[i]) == 0;
	*why = "wrong audience";
	if (!meant)
		return (NULL);
	*why = "wrong signature";
	if (j.iss == NULL || (j.sub != NULL && strcmp(j.sub, j.iss) != 0) ||
	    !oauth_signed(emu, a, &j))
		return (NULL);
	*why = "expired";
	if (!oauth_timely(emu, &j))
		return (NULL);
	*why = NULL;
	*scope = j.scope != NULL && *j.scope != '\0' ? j.scope : NULL;
	return (j.iss);
}

/* "E-MAIL" or "E-MAIL\nSCOPE" in its parts. */
static const char *
oauth_caller(struct arena *a, const char *text, const char **scope)
{
	const char *line = strchr(text, '\n');

	if (line == NULL)
		return (text);
	*scope = line + 1;
	return (arena_strndup(a, text, (size_t)(line - text)));
}

const char *
oauth_check(struct emu *emu, struct arena *a, const char *bearer,
    const char **why)
{
	const char *scope;

	return (oauth_check_scope(emu, a, bearer, &scope, why));
}

const char *
oauth_check_scope(struct emu *emu, struct arena *a, const char *bearer,
    const char **scope, const char **why)
{
	uint64_t state = seen_state(emu);
	json_auto_t *t = NULL;
	const char *key, *text;

	*scope = NULL;
	if (!str_starts(bearer, OAUTH_PREFIX) && jwt_looks_like(bearer))
		return (oauth_check_self_signed(emu, a, bearer, scope, why));
	key = arena_printf(a, "token %s", bearer);
	if ((text = seen_get(emu, state, key, a)) != NULL)
		return (oauth_caller(a, text, scope));
	t = oauth_token_get(emu, a, bearer, why);
	if (t == NULL)
		return (NULL);
	text = json_string_value(json_object_get(t, "scope"));
	text = arena_printf(a, "%s%s%s",
	    json_string_value(json_object_get(t, "account")),
	    text != NULL ? "\n" : "", text != NULL ? text : "");
	seen_put(emu, state, key, text, INT64_C(1000000) *
	    json_integer_value(json_object_get(t, "exp")));
	return (oauth_caller(a, text, scope));
}

/* ---- the form that a token request is ---- */

/* A field of application/x-www-form-urlencoded, or NULL; the first one where
 * there are several.  A malformed escape or a NUL makes it absent. */
static const char *
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
	struct jwt j;

	if (assertion == NULL ||
	    jwt_parse(&rq->arena, assertion, &j, NULL) != 0 ||
	    j.iss == NULL || strlen(j.iss) > 320)
		return (NULL);
	return (j.iss);
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

/* The assertion, verified; -1: an error has been stored. */
static int
oauth_assertion(struct req *rq, const char *text, struct jwt *j)
{
	struct err e = ERR_INIT;

	if (jwt_parse(&rq->arena, text, j, &e) != 0) {
		req_fail(rq, 400, "invalid_grant", "Invalid JWT: %s.",
		    err_msg(&e));
		err_release(&e);
		return (-1);
	}
	if (j->iss == NULL || !iam_account_usable(rq->emu, &rq->arena,
	    j->iss)) {
		req_fail(rq, 400, "invalid_grant",
		    "Invalid grant: account not found");
		return (-1);
	}
	if (!oauth_signed(rq->emu, &rq->arena, j)) {
		req_fail(rq, 400, "invalid_grant", "Invalid JWT Signature.");
		return (-1);
	}
	if (!oauth_audience(rq, j->aud)) {
		req_fail(rq, 400, "invalid_grant", "Invalid JWT: Failed "
		    "audience check. The right audience is "
		    "https://oauth2.googleapis.com/token");
		return (-1);
	}
	if (!oauth_timely(rq->emu, j)) {
		req_fail(rq, 400, "invalid_grant", "Invalid JWT: Token must "
		    "be a short-lived token (60 minutes) and in a reasonable "
		    "timeframe. Check your iat and exp values in the JWT "
		    "claim.");
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

/* The key that signs ID tokens: made when first asked for (0.1 s), never
 * stored, the same for all emulators in a process. */
static struct {
	pthread_mutex_t lock;
	struct arena arena;
	const char *pem;
} oauth_signer = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *
oauth_id_token(struct req *rq, const struct jwt *j)
{
	json_auto_t *claims = NULL, *acc = NULL;
	const char *public_pem, *pem;
	int64_t version, now = oauth_now(rq->emu);

	(void)pthread_mutex_lock(&oauth_signer.lock);
	if (oauth_signer.pem == NULL)
		(void)jwt_new_key(&oauth_signer.arena, &oauth_signer.pem,
		    &public_pem, NULL);
	pem = oauth_signer.pem;
	(void)pthread_mutex_unlock(&oauth_signer.lock);
	if (pem == NULL || iam_account(rq->emu, &rq->arena, j->iss, &acc,
	    &version) != STORE_OK)
		return (NULL);
	claims = json_pack("{s:s, s:s, s:O, s:O, s:s, s:b, s:I, s:I}",
	    "iss", "https://accounts.google.com", "aud", j->target_audience,
	    "sub", json_object_get(acc, "uniqueId"), "azp",
	    json_object_get(acc, "uniqueId"), "email", j->iss,
	    "email_verified", 1, "iat", (json_int_t)now, "exp",
	    (json_int_t)(now + OAUTH_LIFE));
	return (jwt_sign(&rq->arena, pem, "gcs-emulator", claims));
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
		token = oauth_id_token(rq, j);
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
	else if (strcmp(grant, OAUTH_GRANT) != 0)
		req_fail(rq, 400, "unsupported_grant_type",
		    "Invalid grant_type: %.100s", grant);
	else if (assertion == NULL)
		req_fail(rq, 400, "invalid_request", "Required parameter is "
		    "missing: assertion");
	else if (oauth_assertion(rq, assertion, &j) == 0)
		oauth_grant(rq, &j);
}

/* ---- what a token is ---- */

void
oauth_tokeninfo_h(struct req *rq)
{
	const char *token = req_query(rq, "access_token"), *why;
	json_auto_t *t = NULL;
	int64_t exp;

	if (token == NULL)
		token = oauth_form(rq, "access_token");
	if (token == NULL) {
		req_fail(rq, 400, "invalid_request", "either access_token, "
		    "id_token, or token_handle required");
		return;
	}
	t = oauth_token_get(rq->emu, &rq->arena, token, &why);
	if (t == NULL) {
		req_fail(rq, 400, "invalid_token", "Invalid Value");
		return;
	}
	exp = json_integer_value(json_object_get(t, "exp"));
	req_reply_json(rq, 200, json_pack(
	    "{s:O, s:O, s:O, s:s, s:s, s:O, s:s, s:s}",
	    "azp", json_object_get(t, "id"), "aud", json_object_get(t, "id"),
	    "scope", json_object_get(t, "scope"),
	    "exp", arena_printf(&rq->arena, "%" PRId64, exp),
	    "expires_in", arena_printf(&rq->arena, "%" PRId64,
	    exp - oauth_now(rq->emu)),
	    "email", json_object_get(t, "account"),
	    "email_verified", "true", "access_type", "online"));
}

void
oauth_userinfo_h(struct req *rq)
{
	json_auto_t *acc = NULL;
	const char *email;
	int64_t version;

	email = rq->principal != NULL ? strchr(rq->principal, ':') : NULL;
	if (email == NULL || iam_account(rq->emu, &rq->arena, email + 1, &acc,
	    &version) != STORE_OK) {
		req_fail(rq, 401, "invalid_request", "Invalid Credentials");
		return;
	}
	req_reply_json(rq, 200, json_pack("{s:O, s:O, s:O, s:b}", "id",
	    json_object_get(acc, "uniqueId"), "sub",
	    json_object_get(acc, "uniqueId"), "email",
	    json_object_get(acc, "email"), "email_verified", 1));
}
