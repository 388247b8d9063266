/* Access tokens: records `token` by the hash of what the client holds, and
 * JWTs that an account signs for itself. */
#include "emulator/identity/oauth.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/pools.h"
#include "emulator/identity/seen.h"
#include "emulator/identity/users.h"
#include "lib/str.h"

#define OAUTH_PREFIX	"ya29."		/* of Google's opaque tokens */
#define OAUTH_SKEW	300		/* how far a client's clock may be off */
#define OAUTH_SWEEP	256		/* mints between two sweeps */
#define OAUTH_BEARER_MAX 4096u		/* bytes of an opaque token */
#define ACCOUNT		"serviceAccount:"

int64_t
oauth_now(const struct emu *emu)
{

	return (clock_wall_us(&emu->clock) / 1000000);
}

const char *
oauth_hash(struct arena *a, const char *secret)
{
	unsigned char md[32];
	char *hex = arena_alloc(a, 2 * sizeof(md) + 1);
	unsigned n = 0;

	BUG_ON(EVP_Digest(secret, strlen(secret), md, &n, EVP_sha256(),
	    NULL) != 1 || n != sizeof(md));
	str_hex(hex, md, sizeof(md));
	return (hex);
}

const char *
oauth_random(struct arena *a, const char *prefix, size_t n)
{
	unsigned char rnd[128];
	const char *out;
	struct buf b;

	BUG_ON(n > sizeof(rnd) || RAND_bytes(rnd, (int)n) != 1);
	buf_init(&b, 512);
	buf_adds(&b, prefix);
	str_b64_encode(&b, rnd, n, true);
	out = arena_strdup(a, b.p);
	buf_release(&b);
	return (out);
}

/* ---- making one ---- */

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
oauth_issue(struct emu *emu, struct arena *a, const struct oauth_grant *g)
{
	static atomic_uint minted;
	const char *token = oauth_random(a, OAUTH_PREFIX "c.", 48);
	bool account = str_starts(g->principal, ACCOUNT);
	json_auto_t *t = NULL;
	int64_t version;

	t = json_pack("{s:s, s:s, s:s, s:I, s:s*, s:s*, s:s*}",
	    account ? "account" : "principal", account ?
	    g->principal + strlen(ACCOUNT) : g->principal, "id", g->id,
	    "scope", g->scope, "exp", (json_int_t)(oauth_now(emu) + g->life),
	    "client", g->client, "refresh", g->refresh, "sets", g->sets);
	if (t == NULL || iam_put(emu, "token", oauth_hash(a, token), t, 0,
	    &version) != STORE_OK)
		return (NULL);
	if (atomic_fetch_add(&minted, 1) % OAUTH_SWEEP == OAUTH_SWEEP - 1)
		oauth_sweep(emu);
	return (token);
}

const char *
oauth_mint_for(struct emu *emu, struct arena *a, const char *email,
    const char *scope, int64_t life)
{
	struct oauth_grant g = { .scope = scope, .life = life };
	json_auto_t *acc = NULL;
	int64_t version;

	if (iam_account(emu, a, email, &acc, &version) != STORE_OK)
		return (NULL);
	g.principal = arena_printf(a, ACCOUNT "%s", email);
	g.id = json_string_value(json_object_get(acc, "uniqueId"));
	return (oauth_issue(emu, a, &g));
}

const char *
oauth_mint(struct emu *emu, struct arena *a, const char *email,
    const char *scope)
{

	return (oauth_mint_for(emu, a, email, scope, OAUTH_LIFE));
}

/* ---- looking at one ---- */

static bool
oauth_account_lives(struct emu *emu, struct arena *a, const char *email,
    const json_t *id)
{
	json_auto_t *acc = NULL;
	int64_t version;

	return (email != NULL && iam_account(emu, a, email, &acc, &version) ==
	    STORE_OK && !json_is_true(json_object_get(acc, "disabled")) &&
	    json_equal(id, json_object_get(acc, "uniqueId")));
}

/* Is whoever it stands for still there, and what it came from? */
static bool
oauth_holder_lives(struct emu *emu, struct arena *a, const json_t *t)
{
	const char *who = json_string_value(json_object_get(t, "principal"));
	const char *id = json_string_value(json_object_get(t, "id"));
	const char *from = json_string_value(json_object_get(t, "refresh"));
	struct user u;

	if (who == NULL)
		return (oauth_account_lives(emu, a, json_string_value(
		    json_object_get(t, "account")), json_object_get(t,
		    "id")));
	if (id == NULL)
		return (false);
	if (!str_starts(who, "user:"))
		return (pools_lives(emu, a, id));
	return (users_get(emu, a, who + strlen("user:"), &u) &&
	    !u.disabled && strcmp(u.id, id) == 0 && (from == NULL ||
	    users_refresh_lives(emu, a, from)));
}

json_t *
oauth_token_get(struct emu *emu, struct arena *a, const char *bearer,
    const char **why)
{
	json_auto_t *t = NULL;
	struct record r;

	*why = "unknown token";
	if (strlen(bearer) > OAUTH_BEARER_MAX ||
	    store_record_get(emu->store, "token", oauth_hash(a, bearer), a,
	    &r) != STORE_OK || (t = json_loads(r.json, 0, NULL)) == NULL)
		return (NULL);
	*why = "expired";
	if (json_integer_value(json_object_get(t, "exp")) <= oauth_now(emu))
		return (NULL);
	*why = "the account is gone or disabled, or the token revoked";
	if (!oauth_holder_lives(emu, a, t))
		return (NULL);
	*why = NULL;
	return (json_incref(t));
}

/* ---- assertions ---- */

bool
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

bool
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
	return (arena_printf(a, ACCOUNT "%s", j.iss));
}

/* What is remembered of a bearer: "PRINCIPAL\n+SCOPE\nSETS", "-" in place of
 * the scope that is good for all. */
static const char *
oauth_remember(struct arena *a, const struct oauth_caller *c)
{

	return (arena_printf(a, "%s\n%s%s\n%s", c->principal,
	    c->scope != NULL ? "+" : "-", c->scope != NULL ? c->scope : "",
	    c->sets != NULL ? c->sets : ""));
}

static void
oauth_recall(struct arena *a, const char *text, struct oauth_caller *c)
{
	const char *scope = strchr(text, '\n') + 1;
	const char *sets = strchr(scope, '\n') + 1;

	c->principal = arena_strndup(a, text, (size_t)(scope - text) - 1);
	c->scope = *scope == '-' ? NULL :
	    arena_strndup(a, scope + 1, (size_t)(sets - scope) - 2);
	c->sets = *sets != '\0' ? sets : NULL;
}

/* A field in the arena, or NULL. */
static const char *
oauth_text(struct arena *a, const json_t *t, const char *k)
{
	const char *v = json_string_value(json_object_get(t, k));

	return (v != NULL ? arena_strdup(a, v) : NULL);
}

bool
oauth_bearer(struct emu *emu, struct arena *a, const char *bearer,
    struct oauth_caller *c, const char **why)
{
	uint64_t state = seen_state(emu);
	json_auto_t *t = NULL;
	const char *key, *text;

	*c = (struct oauth_caller){ .principal = NULL };
	if (!str_starts(bearer, OAUTH_PREFIX) && jwt_looks_like(bearer)) {
		c->principal = oauth_check_self_signed(emu, a, bearer,
		    &c->scope, why);
		return (c->principal != NULL);
	}
	key = arena_printf(a, "token %s", bearer);
	if ((text = seen_get(emu, state, key, a)) != NULL) {
		oauth_recall(a, text, c);
		return (true);
	}
	t = oauth_token_get(emu, a, bearer, why);
	if (t == NULL)
		return (false);
	c->principal = oauth_text(a, t, "principal");
	if (c->principal == NULL)
		c->principal = arena_printf(a, ACCOUNT "%s",
		    oauth_text(a, t, "account"));
	c->scope = oauth_text(a, t, "scope");
	c->sets = oauth_text(a, t, "sets");
	/* a client may write anything there, also what looks like our line */
	if (c->scope == NULL || strchr(c->scope, '\n') == NULL)
		seen_put(emu, state, key, oauth_remember(a, c),
		    INT64_C(1000000) * json_integer_value(
		    json_object_get(t, "exp")));
	return (true);
}

const char *
oauth_check(struct emu *emu, struct arena *a, const char *bearer,
    const char **why)
{
	struct oauth_caller c;

	return (oauth_bearer(emu, a, bearer, &c, why) ?
	    strchr(c.principal, ':') + 1 : NULL);
}
