#include "emulator/identity/pools.h"

#include <inttypes.h>
#include <string.h>

#include "emulator/identity/certs.h"
#include "emulator/identity/claim.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/oauth.h"
#include "emulator/identity/pools_int.h"
#include "lib/str.h"

#define POOLS_SUBJECT_MAX 127u	/* bytes; Google's bound */
#define POOLS_SETS_MAX	(64u << 10)
#define POOLS_SKEW	300	/* how far an issuer's clock may be off */

json_t *
pools_load(struct emu *emu, struct arena *a, const char *id)
{
	struct record r;

	return (store_record_get(emu->store, "pool", id, a, &r) == STORE_OK ?
	    json_loads(r.json, 0, NULL) : NULL);
}

bool
pools_lives(struct emu *emu, struct arena *a, const char *id)
{
	json_auto_t *j = pools_load(emu, a, id);

	return (j != NULL && !json_is_true(json_object_get(j, "disabled")));
}

const char *
pools_prefix(const struct emu *emu, struct arena *a)
{

	return (arena_printf(a, "//iam.googleapis.com/projects/%" PRId64
	    "/locations/global/workloadIdentityPools/",
	    emu->project_number));
}

/* ---- members of policies ---- */

const char *
pools_member_wrong(struct emu *emu, struct arena *a, const char *member)
{
	const char *prefix = arena_printf(a, "%s:%s",
	    str_starts(member, "principalSet:") ? "principalSet" :
	    "principal", pools_prefix(emu, a)), *pool, *rest;
	struct record *r;
	size_t n;

	if (!str_starts(member, prefix))
		return (arena_printf(a, "it knows only those that begin with "
		    "%s", prefix));
	member += strlen(prefix);
	rest = strchrnul(member, '/');
	pool = arena_strndup(a, member, (size_t)(rest - member));
	if (*pool == '\0' || store_record_list(emu->store, "pool",
	    arena_printf(a, "%s/", pool), "", 1, a, &r, &n) != STORE_OK ||
	    n == 0)
		return (arena_printf(a, "it has no workload identity pool "
		    "'%s'", pool));
	if (str_starts(prefix, "principal:") ? str_starts(rest, "/subject/") :
	    strcmp(rest, "/*") == 0 || str_starts(rest, "/group/") ||
	    (str_starts(rest, "/attribute.") && strchr(rest + 1, '/') != NULL))
		return (NULL);
	return ("it ends in /subject/SUBJECT, or for a set in /*, "
	    "/group/GROUP or /attribute.NAME/VALUE");
}

/* ---- what an assertion says ---- */

/* The text of a claim, or NULL: it is none, or one that a line cannot hold. */
static const char *
pools_claim_text(struct arena *a, const json_t *v)
{
	const char *s = json_string_value(v);

	if (json_is_integer(v))
		return (arena_printf(a, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(v)));
	if (json_is_boolean(v))
		return (json_is_true(v) ? "true" : "false");
	if (s == NULL || *s == '\0')
		return (NULL);
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return (NULL);
	return (arena_strdup(a, s));
}

static void
pools_set_add(struct buf *b, const char *pool, const char *kind,
    const char *value)
{

	if (value != NULL)
		buf_addf(b, "\nprincipalSet:%s/%s/%s", pool, kind, value);
}

/* What conditions see: {"assertion", "google", "attribute"}. */
static json_t *
pools_mapped(const json_t *p, const json_t *claims)
{
	json_auto_t *env = json_pack("{s:O}", "assertion", claims);
	json_t *out = json_pack("{s:O, s:{}, s:{}}", "assertion", claims,
	    "google", "attribute"), *v, *expr;
	const char *k, *dot;

	json_object_foreach(json_object_get(p, "mapping"), k, expr) {
		dot = strchr(k, '.');
		v = claim_value(json_string_value(expr), env);
		if (v != NULL)
			(void)json_object_set_new(json_object_get(out,
			    str_starts(k, "google.") ? "google" :
			    "attribute"), dot + 1, v);
	}
	return (out);
}

/* The sets that somebody is in, and the subject. */
static const char *
pools_map_each(struct arena *a, const json_t *mapped, const char *pool,
    struct buf *sets)
{
	const json_t *google = json_object_get(mapped, "google"), *one;
	const char *k;
	json_t *v;
	size_t i;

	buf_addf(sets, "principalSet:%s/*", pool);
	json_array_foreach(json_object_get(google, "groups"), i, one)
		pools_set_add(sets, pool, "group", pools_claim_text(a, one));
	json_object_foreach(json_object_get(mapped, "attribute"), k, v)
		pools_set_add(sets, pool, arena_printf(a, "attribute.%s", k),
		    pools_claim_text(a, v));
	return (pools_claim_text(a, json_object_get(google, "subject")));
}

/* What has no value lets nobody in. */
static bool
pools_accepts(const json_t *p, const json_t *mapped)
{
	const char *condition = json_string_value(json_object_get(p,
	    "condition"));
	json_auto_t *v = NULL;

	if (condition == NULL)
		return (true);
	v = claim_value(condition, mapped);
	return (json_is_true(v));
}

static bool
pools_map(struct arena *a, const json_t *p, const json_t *claims,
    const char *pool, struct pools_caller *c, const char **error,
    const char **why)
{
	json_auto_t *mapped = pools_mapped(p, claims);
	const char *subject;
	struct buf sets;
	bool fits;

	if (!pools_accepts(p, mapped)) {
		*error = "unauthorized_client";
		*why = "The given credential is rejected by the attribute "
		    "condition.";
		return (false);
	}
	buf_init(&sets, POOLS_SETS_MAX);
	subject = pools_map_each(a, mapped, pool, &sets);
	if ((fits = buf_ok(&sets)))
		c->sets = arena_strdup(a, sets.p);
	buf_release(&sets);
	if (!fits)
		*why = "The mapped groups and attributes are too long.";
	else if (subject == NULL || strlen(subject) > POOLS_SUBJECT_MAX)
		*why = arena_printf(a, "The mapped value of google.subject "
		    "must be a text of 1 to %u bytes.", POOLS_SUBJECT_MAX);
	else {
		c->principal = arena_printf(a, "principal:%s/subject/%s",
		    pool, subject);
		return (true);
	}
	return (false);
}

static bool
pools_is_for(struct emu *emu, struct arena *a, const json_t *p,
    const char *id, const char *aud)
{
	const json_t *list = json_object_get(p, "audiences"), *one;
	const char *name = pools_name(emu, a, id);
	size_t i;

	json_array_foreach(list, i, one)
		if (strcmp(json_string_value(one), aud) == 0)
			return (true);
	return (json_array_size(list) == 0 && (strcmp(aud, name) == 0 ||
	    strcmp(aud, arena_printf(a, "https:%s", name)) == 0));
}

/* `aud` may be a text or several. */
static bool
pools_audience(struct emu *emu, struct arena *a, const json_t *p,
    const char *id, const json_t *claims, const char **why)
{
	const json_t *aud = json_object_get(claims, "aud"), *one;
	const char *last = "";
	size_t i;

	if (json_is_string(aud)) {
		if (pools_is_for(emu, a, p, id, json_string_value(aud)))
			return (true);
		last = json_string_value(aud);
	}
	json_array_foreach(aud, i, one) {
		if (!json_is_string(one))
			continue;
		if (pools_is_for(emu, a, p, id, json_string_value(one)))
			return (true);
		last = json_string_value(one);
	}
	one = json_array_get(json_object_get(p, "audiences"), 0);
	*why = arena_printf(a, "The audience in ID Token [%.500s] does not "
	    "match the expected audience %s.", last, one != NULL ?
	    json_string_value(one) : arena_printf(a, "https:%s",
	    pools_name(emu, a, id)));
	return (false);
}

static bool
pools_timely(struct emu *emu, struct arena *a, const json_t *claims,
    const char **why)
{
	double now = (double)oauth_now(emu);
	const json_t *iat = json_object_get(claims, "iat");
	const json_t *exp = json_object_get(claims, "exp");
	const json_t *nbf = json_object_get(claims, "nbf");

	if (!json_is_number(iat) || !json_is_number(exp)) {
		*why = "The ID Token has no iat and exp.";
		return (false);
	}
	if ((nbf == NULL || json_is_number(nbf)) &&
	    json_number_value(exp) > now &&
	    json_number_value(iat) <= now + POOLS_SKEW &&
	    json_number_value(nbf) <= now + POOLS_SKEW)
		return (true);
	*why = arena_printf(a, "ID Token issued at %.0f is stale to sign-in.",
	    json_number_value(iat));
	return (false);
}

static bool
pools_signed(const json_t *p, const struct jwt *t)
{
	const json_t *keys = json_object_get(p, "keys"), *one;
	const char *kid;
	size_t i;

	json_array_foreach(keys, i, one) {
		kid = json_string_value(json_object_get(one, "kid"));
		if ((t->kid == NULL || kid == NULL ||
		    strcmp(kid, t->kid) == 0) && jwt_verify(t,
		    json_string_value(json_object_get(one, "pem"))))
			return (true);
	}
	return (false);
}

static bool
pools_assertion(struct emu *emu, struct arena *a, const json_t *p,
    const char *token, struct pools_caller *c, const char **error,
    const char **why)
{
	const char *issuer = json_string_value(json_object_get(p, "issuer"));
	json_auto_t *claims = NULL;
	struct err e = ERR_INIT;
	const char *iss;
	struct jwt t;

	claims = jwt_open(a, token, &t, &e);
	if (claims == NULL) {
		*why = arena_printf(a, "Unable to parse the ID Token: %s.",
		    err_msg(&e));
		err_release(&e);
		return (false);
	}
	iss = json_string_value(json_object_get(claims, "iss"));
	if (iss == NULL || strcmp(iss, issuer) != 0) {
		*why = arena_printf(a, "The issuer in ID Token %.500s does "
		    "not match the expected ones: %s.", iss != NULL ? iss :
		    "", issuer);
		return (false);
	}
	if (!pools_signed(p, &t)) {
		*why = "Invalid JWT Signature.";
		return (false);
	}
	return (pools_audience(emu, a, p, c->id, claims, why) &&
	    pools_timely(emu, a, claims, why) && pools_map(a, p, claims,
	    arena_printf(a, "%s%s", pools_prefix(emu, a), arena_strndup(a,
	    c->id, strcspn(c->id, "/"))), c, error, why));
}

/* ---- the exchange ---- */

/* "POOL/PROVIDER" of a name, or NULL. */
static const char *
pools_id(struct arena *a, const char *name)
{
	static const char pools[] = "/workloadIdentityPools/";
	const char *pool = strstr(name, pools), *provider;

	if (!str_starts(name, "//iam.googleapis.com/projects/") ||
	    pool == NULL)
		return (NULL);
	pool += strlen(pools);
	provider = strstr(pool, "/providers/");
	if (provider == NULL || provider == pool)
		return (NULL);
	return (arena_printf(a, "%.*s/%s", (int)(provider - pool), pool,
	    provider + strlen("/providers/")));
}

bool
pools_exchange(struct emu *emu, struct arena *a, const char *audience,
    const char *token, struct pools_caller *c, const char **error,
    const char **why)
{
	json_auto_t *p = NULL;

	*c = (struct pools_caller){ .id = pools_id(a, audience) };
	if (c->id == NULL) {
		*error = "invalid_request";
		*why = "Invalid value for \"audience\". This value should be "
		    "the full resource name of the Identity Provider. See "
		    "https://cloud.google.com/iam/docs/reference/sts/rest/v1/"
		    "TopLevel/token for the list of possible formats.";
		return (false);
	}
	p = pools_load(emu, a, c->id);
	if (p == NULL || json_is_true(json_object_get(p, "disabled")) ||
	    strcmp(audience, pools_name(emu, a, c->id)) != 0) {
		*error = "invalid_target";
		*why = "The target service indicated by the \"audience\" "
		    "parameters is invalid. This might either be because the "
		    "pool or provider is disabled or deleted or because it "
		    "doesn't exist.";
		return (false);
	}
	*error = "invalid_grant";
	return (pools_assertion(emu, a, p, token, c, error, why));
}
