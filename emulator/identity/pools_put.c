#include "emulator/identity/pools_int.h"

#include <inttypes.h>
#include <string.h>

#include "emulator/control/control.h"
#include "emulator/identity/certs.h"
#include "emulator/identity/claim.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/oauth.h"
#include "lib/str.h"

#define POOLS_KEYS_MAX	32u
#define POOLS_PAGE	1000

const char *
pools_name(const struct emu *emu, struct arena *a, const char *id)
{
	const char *slash = strchr(id, '/');

	return (arena_printf(a, "%s%.*s/providers/%s", pools_prefix(emu, a),
	    (int)(slash - id), id, slash + 1));
}

/* ---- what a provider may be ---- */

/* https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers */
static bool
pools_word(const json_t *spec, const char *k, const char **out,
    struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	*out = json_string_value(json_object_get(spec, k));
	if (*out != NULL && strlen(*out) >= 4 && strlen(*out) <= 32 &&
	    strspn(*out, letters) == strlen(*out) &&
	    !str_starts(*out, "gcp-"))
		return (true);
	(void)err_set(e, "field '%s': 4 to 32 small letters, digits and "
	    "hyphens are wanted, not beginning with gcp-", k);
	return (false);
}

/* An array of texts, or nothing. */
static int
pools_texts(const json_t *spec, const char *k, struct err *e)
{
	const json_t *list = json_object_get(spec, k), *one;
	size_t i;

	if (list == NULL)
		return (0);
	if (!json_is_array(list))
		return (err_set(e, "field '%s' is not an array", k));
	json_array_foreach(list, i, one)
		if (!json_is_string(one))
			return (err_set(e, "field '%s': a text is wanted",
			    k));
	return (0);
}

static int
pools_mapping(const json_t *mapping, struct err *e)
{
	bool subject = false;
	const char *k, *v;
	json_t *expr;

	if (!json_is_object(mapping))
		return (err_set(e, "field 'mapping' is not an object"));
	json_object_foreach((json_t *)(uintptr_t)mapping, k, expr) {
		v = json_string_value(expr);
		if (claim_check(v != NULL ? v : "", false, e) != 0)
			return (err_prefix(e, "field 'mapping': %s", k));
		if (strcmp(k, "google.subject") == 0)
			subject = true;
		else if (strcmp(k, "google.groups") != 0 &&
		    (!str_starts(k, "attribute.") || k[10] == '\0' ||
		    strpbrk(k, "/\n") != NULL))
			return (err_set(e, "field 'mapping': google.subject, "
			    "google.groups and attribute.NAME can be mapped, "
			    "not '%s'", k));
	}
	return (subject ? 0 :
	    err_set(e, "field 'mapping': google.subject is missing"));
}

/* https://cloud.google.com/iam/docs/workload-identity-federation#conditions */
static int
pools_condition(const json_t *spec, struct err *e)
{
	const json_t *v = json_object_get(spec, "condition");

	if (v == NULL)
		return (0);
	if (!json_is_string(v))
		return (err_set(e, "field 'condition': a text is wanted"));
	return (claim_check(json_string_value(v), true, e) == 0 ? 0 :
	    err_prefix(e, "field 'condition'"));
}

/* [{"kid","pem"}] of a key set, or NULL. */
static json_t *
pools_keys(struct arena *a, const json_t *jwks, struct err *e)
{
	const json_t *keys = json_object_get(jwks, "keys"), *one;
	json_t *out = json_array();
	const char *pem;
	size_t i;

	json_array_foreach(keys, i, one) {
		pem = certs_jwk_public(a, one);
		if (pem != NULL && i < POOLS_KEYS_MAX)
			(void)json_array_append_new(out, json_pack(
			    "{s:s*, s:s}", "kid", json_string_value(
			    json_object_get(one, "kid")), "pem", pem));
	}
	if (json_array_size(out) > 0)
		return (out);
	json_decref(out);
	(void)err_set(e, "field 'jwks' has no RSA key");
	return (NULL);
}

/* A key of our own, which an existing provider keeps. */
static int
pools_own_key(struct arena *a, json_t *p, const json_t *old, struct err *e)
{
	const char *private_pem, *public_pem;
	const json_t *have = json_object_get(old, "private");

	if (have != NULL) {
		(void)json_object_set(p, "private", (json_t *)(uintptr_t)have);
		(void)json_object_set(p, "keys", json_object_get(old, "keys"));
		return (0);
	}
	if (jwt_new_key(a, &private_pem, &public_pem, e) != 0)
		return (-1);
	(void)json_object_set_new(p, "private", json_string(private_pem));
	(void)json_object_set_new(p, "keys", json_pack("[{s:s, s:s}]", "kid",
	    arena_strndup(a, oauth_hash(a, public_pem), 40), "pem",
	    public_pem));
	return (0);
}

/* ---- as the control API shows it ---- */

static json_t *
pools_show(struct emu *emu, struct arena *a, const char *id,
    const json_t *p)
{
	const json_t *keys = json_object_get(p, "keys"), *one;
	json_t *jwks = json_array();
	const char *kid;
	int pool = (int)strcspn(id, "/");
	size_t i;

	json_array_foreach(keys, i, one) {
		kid = json_string_value(json_object_get(one, "kid"));
		(void)json_array_append_new(jwks, certs_jwk(json_string_value(
		    json_object_get(one, "pem")), kid != NULL ? kid : ""));
	}
	return (json_pack("{s:s, s:O, s:s, s:s, s:O, s:O, s:O*, s:b, s:{s:o}}",
	    "audience", pools_name(emu, a, id), "issuer", json_object_get(p,
	    "issuer"), "principal", arena_printf(a,
	    "principal:%s%.*s/subject/", pools_prefix(emu, a), pool, id),
	    "principal_set", arena_printf(a, "principalSet:%s%.*s/",
	    pools_prefix(emu, a), pool, id), "audiences",
	    json_object_get(p, "audiences"), "mapping",
	    json_object_get(p, "mapping"), "condition",
	    json_object_get(p, "condition"), "disabled",
	    json_is_true(json_object_get(p, "disabled")), "jwks", "keys",
	    jwks));
}

/* What is not asked would let all in. */
static int
pools_fields(const json_t *spec, struct err *e)
{
	static const char *const known[] = { "pool", "provider", "issuer",
		"audiences", "mapping", "condition", "disabled", "jwks" };
	const char *k;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)spec, k, v)
		if (!str_among(k, known, NELEMS(known)))
			return (err_set(e, "this emulator's providers have no "
			    "field '%s'", k));
	return (0);
}

json_t *
pools_put(struct emu *emu, struct arena *a, const json_t *spec,
    struct err *e)
{
	const json_t *mapping = json_object_get(spec, "mapping");
	const json_t *jwks = json_object_get(spec, "jwks");
	const json_t *auds = json_object_get(spec, "audiences");
	const char *issuer, *pool, *provider, *id;
	json_auto_t *p = NULL, *old = NULL;
	json_t *keys;
	int64_t version;

	issuer = json_string_value(json_object_get(spec, "issuer"));
	if (pools_fields(spec, e) != 0 ||
	    !pools_word(spec, "pool", &pool, e) ||
	    !pools_word(spec, "provider", &provider, e) ||
	    pools_texts(spec, "audiences", e) != 0 ||
	    (mapping != NULL && pools_mapping(mapping, e) != 0) ||
	    pools_condition(spec, e) != 0)
		return (NULL);
	id = arena_printf(a, "%s/%s", pool, provider);
	if (issuer == NULL || *issuer == '\0')
		issuer = arena_printf(a, "https://issuer.example/%s", id);
	old = pools_load(emu, a, id);
	p = json_pack("{s:s, s:O*, s:o, s:o, s:b}", "issuer", issuer,
	    "condition", json_object_get(spec, "condition"), "audiences",
	    auds != NULL ? json_deep_copy(auds) : json_array(), "mapping",
	    mapping != NULL ? json_deep_copy(mapping) :
	    json_pack("{s:s}", "google.subject", "assertion.sub"), "disabled",
	    json_is_true(json_object_get(spec, "disabled")));
	if (jwks != NULL) {
		if ((keys = pools_keys(a, jwks, e)) == NULL)
			return (NULL);
		(void)json_object_set_new(p, "keys", keys);
	} else if (pools_own_key(a, p, old, e) != 0)
		return (NULL);
	if (iam_put(emu, "pool", id, p, -1, &version) != STORE_OK) {
		(void)err_set(e, "cannot store the provider %s", id);
		return (NULL);
	}
	return (pools_show(emu, a, id, p));
}

/* ---- control API ---- */

void
pools_put_h(struct req *rq)
{
	struct err e = ERR_INIT;
	json_t *body, *out;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	out = pools_put(rq->emu, &rq->arena, body, &e);
	if (out != NULL)
		req_reply_json(rq, 200, out);
	else
		req_fail(rq, 400, "invalid", "%s", err_msg(&e));
	err_release(&e);
}

void
pools_list_h(struct req *rq)
{
	struct record *r;
	enum store_rc rc;
	json_t *list;
	size_t n;

	if (!control_may(rq))
		return;
	rc = store_record_list(rq->emu->store, "pool", "", "", POOLS_PAGE,
	    &rq->arena, &r, &n);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		json_auto_t *p = json_loads(r[i].json, 0, NULL);

		(void)json_array_append_new(list, pools_show(rq->emu,
		    &rq->arena, r[i].key, p));
	}
	req_reply_json(rq, 200, json_pack("{s:o}", "pools", list));
}

static const char *
pools_named(struct req *rq)
{

	return (arena_printf(&rq->arena, "%s/%s", rq->cap[0], rq->cap[1]));
}

void
pools_delete_h(struct req *rq)
{
	enum store_rc rc;

	if (!control_may(rq))
		return;
	rc = store_record_delete(rq->emu->store, "pool", pools_named(rq));
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else if (rc == STORE_NO_RECORD)
		req_fail(rq, 404, "notFound", "There is no provider %s.",
		    pools_named(rq));
	else
		req_fail_rc(rq, rc);
}

/* The claims of a new token: the query's `sub`, or the body's. */
static json_t *
pools_claims(struct req *rq, const char *id, const json_t *p,
    const json_t *body)
{
	const char *sub = req_query(rq, "sub");
	int64_t now = oauth_now(rq->emu);
	json_t *claims = json_pack("{s:O, s:s, s:s, s:I, s:I}", "iss",
	    json_object_get(p, "issuer"), "aud", arena_printf(&rq->arena,
	    "https:%s", pools_name(rq->emu, &rq->arena, id)), "sub",
	    sub != NULL ? sub : "workload", "iat", (json_int_t)now, "exp",
	    (json_int_t)(now + OAUTH_LIFE));
	json_t *aud = json_array_get(json_object_get(p, "audiences"), 0);

	if (claims != NULL && aud != NULL)
		(void)json_object_set(claims, "aud", aud);
	if (claims != NULL && body != NULL)
		(void)json_object_update(claims, (json_t *)(uintptr_t)body);
	return (claims);
}

/* As the issuer would: {"sub",…} are claims that replace or join ours. */
void
pools_token_h(struct req *rq)
{
	json_auto_t *p = NULL, *claims = NULL;
	const char *pem, *token, *kid;
	json_t *body = NULL;

	if (!control_may(rq) || (strcmp(rq->method, "POST") == 0 &&
	    req_json(rq, &body) != 0))
		return;
	p = pools_load(rq->emu, &rq->arena, pools_named(rq));
	pem = json_string_value(json_object_get(p, "private"));
	if (pem == NULL) {
		req_fail(rq, 404, "notFound", "There is no provider %s, or "
		    "its keys are not this emulator's.", pools_named(rq));
		return;
	}
	kid = json_string_value(json_object_get(json_array_get(
	    json_object_get(p, "keys"), 0), "kid"));
	claims = pools_claims(rq, pools_named(rq), p, body);
	token = claims != NULL ? jwt_sign(&rq->arena, pem, kid, claims) :
	    NULL;
	if (token == NULL)
		req_fail(rq, 400, "invalid", "Such claims make no token.");
	else
		req_reply_json(rq, 200, json_pack("{s:s}", "token", token));
}
