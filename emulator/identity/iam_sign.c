/* What IAM Credentials does in an account's name without its key file:
 * https://cloud.google.com/iam/docs/reference/credentials/rest .  Client
 * libraries on Google's machines sign URLs that way.
 *
 * The key is one that the system manages: made when it is first asked for,
 * both halves kept as a record `syskey` by the account's e-mail, the public
 * half as a `key` besides, so that what it has signed verifies.  A later
 * account of the same name gets another: its unique id is another. */
#include "emulator/identity/iam.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/certs.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/oauth.h"
#include "emulator/identity/sign.h"
#include "lib/str.h"

#define IAM_SIGN_MAX	(4u << 20)	/* bytes to sign */
#define IAM_JWT_LIFE	(12 * 3600)	/* seconds, at most */
#define IAM_TOKEN_LIFE	3600

struct iam_syskey {
	const char *kid, *private_pem;
};

static const char *
iam_sign_text(struct arena *a, const json_t *j, const char *k)
{
	const char *v = json_string_value(json_object_get(j, k));

	return (v != NULL ? arena_strdup(a, v) : "");
}

static int
iam_sign_put(struct emu *emu, const char *kind, const char *key, json_t *j,
    int64_t if_version, struct err *e)
{
	char *text = json_dumps(j, JSON_COMPACT);
	enum store_rc rc;
	int64_t version;

	BUG_ON(text == NULL);
	rc = store_record_put(emu->store, kind, key, text, if_version,
	    &version);
	free(text);
	json_decref(j);
	if (rc == STORE_OK || rc == STORE_EXISTS)
		return (0);
	return (err_set(e, "cannot store a %s (store error %d)", kind,
	    (int)rc));
}

/* The one that is there and belongs to this account. */
static bool
iam_syskey_read(struct emu *emu, struct arena *a, const json_t *acc,
    struct iam_syskey *k)
{
	const char *email = iam_sign_text(a, acc, "email");
	json_auto_t *j = NULL;
	struct iam_key public;
	struct record r;

	if (store_record_get(emu->store, "syskey", email, a, &r) != STORE_OK ||
	    (j = json_loads(r.json, 0, NULL)) == NULL ||
	    !json_equal(json_object_get(j, "id"),
	    json_object_get(acc, "uniqueId")))
		return (false);
	k->kid = iam_sign_text(a, j, "kid");
	k->private_pem = iam_sign_text(a, j, "private");
	return (iam_key_get(emu, a, k->kid, &public));
}

static int
iam_syskey_make(struct emu *emu, struct arena *a, const json_t *acc,
    struct iam_syskey *k, struct err *e)
{
	const char *email = iam_sign_text(a, acc, "email"), *public_pem;
	unsigned char id[20];
	char *hex = arena_alloc(a, 2 * sizeof(id) + 1);
	int64_t now = clock_wall_us(&emu->clock) / 1000000;
	const json_t *uid = json_object_get(acc, "uniqueId");

	if (jwt_new_key(a, &k->private_pem, &public_pem, e) != 0)
		return (-1);
	BUG_ON(RAND_bytes(id, sizeof(id)) != 1);
	str_hex(hex, id, sizeof(id));
	k->kid = hex;
	if (iam_sign_put(emu, "syskey", email, json_pack("{s:s, s:s, s:O}",
	    "kid", k->kid, "private", k->private_pem, "id",
	    uid), -1, e) != 0)
		return (-1);
	return (iam_sign_put(emu, "key", hex, json_pack(
	    "{s:s, s:O, s:s, s:s*, s:I, s:b, s:b}", "account", email, "id",
	    uid, "publicKey", public_pem, "certificate", certs_make(a,
	    k->private_pem, json_string_value(uid), now), "created",
	    (json_int_t)now, "disabled", 0, "system", 1), 0, e));
}

/* -1: an error has been stored. */
static int
iam_syskey(struct req *rq, const json_t *acc, struct iam_syskey *k)
{
	/* two callers at once must not each make one */
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct err e = ERR_INIT;
	int rc = 0;

	(void)pthread_mutex_lock(&lock);
	if (!iam_syskey_read(rq->emu, &rq->arena, acc, k))
		rc = iam_syskey_make(rq->emu, &rq->arena, acc, k, &e);
	(void)pthread_mutex_unlock(&lock);
	if (rc != 0)
		req_fail(rq, 500, "backendError", "%s", err_msg(&e));
	err_release(&e);
	return (rc);
}

/* ---- what the requests have in common ---- */

/* The account in whose name it is done, and the body; NULL: an error has been
 * stored.  The caller frees it. */
static json_t *
iam_sign_begin(struct req *rq, json_t **body)
{
	int64_t version;
	json_t *acc = iam_account_of(rq, &version);

	if (acc == NULL)
		return (NULL);
	if (json_is_true(json_object_get(acc, "disabled")))
		req_fail(rq, 400, "failedPrecondition",
		    "Service account %s is disabled.",
		    iam_sign_text(&rq->arena, acc, "email"));
	else if (req_json(rq, body) == 0)
		return (acc);		/* delegates: auth_chain.c */
	json_decref(acc);
	return (NULL);
}

/* ---- handlers ---- */

/* The bytes to sign in the arena, NULL: a 400 has been stored. */
static const void *
iam_sign_payload(struct req *rq, const char *field, const char *b64,
    size_t *n)
{
	const void *p = NULL;
	struct buf b;

	buf_init(&b, IAM_SIGN_MAX);
	if (b64 != NULL && (str_b64_decode(&b, b64, strlen(b64), false) ||
	    (buf_reset(&b), str_b64_decode(&b, b64, strlen(b64), true))) &&
	    buf_ok(&b)) {
		p = arena_strndup(&rq->arena, b.p, b.len);
		*n = b.len;
	} else
		req_fail(rq, 400, "badRequest", "Invalid value at '%s' "
		    "(TYPE_BYTES), Base64 decoding failed.", field);
	buf_release(&b);
	return (p);
}

void
iam_sign_blob_h(struct req *rq)
{
	json_t *body;
	json_auto_t *acc = iam_sign_begin(rq, &body);
	const unsigned char *sig;
	const char *field, *payload;
	struct iam_syskey k;
	const void *p;
	bool legacy;
	struct buf b;
	size_t n, nsig;

	if (acc == NULL)
		return;
	/* iam.googleapis.com had the method before, with other names */
	legacy = json_object_get(body, "bytesToSign") != NULL;
	field = legacy ? "bytesToSign" : "payload";
	payload = json_string_value(json_object_get(body, field));
	if ((p = iam_sign_payload(rq, field, payload, &n)) == NULL ||
	    iam_syskey(rq, acc, &k) != 0)
		return;
	sig = sign_rsa(&rq->arena, k.private_pem, p, n, &nsig);
	if (sig == NULL) {
		req_fail_rc(rq, STORE_IO);	/* no key is kept there */
		return;
	}
	buf_init(&b, 4096);
	str_b64_encode(&b, sig, nsig, false);
	req_reply_json(rq, 200, json_pack("{s:s, s:s}", "keyId", k.kid,
	    legacy ? "signature" : "signedBlob", b.p));
	buf_release(&b);
}

/* The claims as an object, a new reference; NULL: a 400 has been stored. */
static json_t *
iam_sign_claims(struct req *rq, const char *text)
{
	json_t *c = text == NULL ? NULL :
	    json_loads(text, JSON_REJECT_DUPLICATES, NULL), *exp;
	int64_t now = rq->wall_us / 1000000;

	if (!json_is_object(c)) {
		req_fail(rq, 400, "badRequest", "Invalid value at 'payload': "
		    "the text of a JSON object is wanted.");
		json_decref(c);
		return (NULL);
	}
	exp = json_object_get(c, "exp");
	if (exp == NULL || (json_is_integer(exp) &&
	    json_integer_value(exp) <= now + IAM_JWT_LIFE))
		return (c);
	req_fail(rq, 400, "badRequest", "Invalid value at 'payload': exp must "
	    "be a number of seconds at most 12 hours from now.");
	json_decref(c);
	return (NULL);
}

void
iam_sign_jwt_h(struct req *rq)
{
	json_t *body;
	json_auto_t *acc = iam_sign_begin(rq, &body), *claims = NULL;
	struct iam_syskey k;
	const char *jwt;

	if (acc == NULL || (claims = iam_sign_claims(rq, json_string_value(
	    json_object_get(body, "payload")))) == NULL ||
	    iam_syskey(rq, acc, &k) != 0)
		return;
	jwt = jwt_sign(&rq->arena, k.private_pem, k.kid, claims);
	if (jwt == NULL)
		req_fail(rq, 400, "badRequest", "Invalid value at 'payload': "
		    "it is too long.");
	else
		req_reply_json(rq, 200, json_pack("{s:s, s:s}", "keyId",
		    k.kid, "signedJwt", jwt));
}

/* "300s", at most an hour; absent: an hour.  -1: a 400 has been stored. */
static int
iam_sign_lifetime(struct req *rq, const json_t *body, int64_t *seconds)
{
	const json_t *v = json_object_get(body, "lifetime");
	const char *s = json_string_value(v);
	int64_t us;

	*seconds = IAM_TOKEN_LIFE;
	if (v == NULL || json_is_null(v))
		return (0);
	if (s != NULL && str_ends(s, "s") &&
	    clock_parse_duration(s, &us, NULL) == 0 && us >= 1000000 &&
	    us <= IAM_TOKEN_LIFE * 1000000LL) {
		*seconds = us / 1000000;
		return (0);
	}
	req_fail(rq, 400, "badRequest", "Invalid value at 'lifetime': a "
	    "duration such as 300s, at most %ds, is wanted.", IAM_TOKEN_LIFE);
	return (-1);
}

static const char *
iam_sign_scopes(struct req *rq, const json_t *body)
{
	const json_t *scopes = json_object_get(body, "scope"), *s;
	const char *all = NULL;
	size_t i;

	json_array_foreach(scopes, i, s)
		if (json_is_string(s))
			all = all == NULL ? json_string_value(s) :
			    arena_printf(&rq->arena, "%s %s", all,
			    json_string_value(s));
	if (all == NULL)
		req_fail(rq, 400, "badRequest", "Scope required.");
	return (all);
}

void
iam_access_token_h(struct req *rq)
{
	json_t *body;
	json_auto_t *acc = iam_sign_begin(rq, &body);
	const char *scope, *token;
	char until[CLOCK_RFC3339];
	int64_t life;

	if (acc == NULL || iam_sign_lifetime(rq, body, &life) != 0 ||
	    (scope = iam_sign_scopes(rq, body)) == NULL)
		return;
	token = oauth_mint_for(rq->emu, &rq->arena, iam_sign_text(&rq->arena,
	    acc, "email"), scope, life);
	if (token == NULL) {
		req_fail_rc(rq, STORE_IO);
		return;
	}
	clock_rfc3339(rq->wall_us + life * 1000000, until);
	until[19] = 'Z';		/* whole seconds */
	until[20] = '\0';
	req_reply_json(rq, 200, json_pack("{s:s, s:s}", "accessToken", token,
	    "expireTime", until));
}
