/* Keys of service accounts.  The public half is stored; the private half
 * leaves in the one reply that makes it (or in the owner's file). */
#include "emulator/identity/iam.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/jwt.h"
#include "lib/str.h"

/* https://cloud.google.com/iam/quotas: keys for each service account */
#define IAM_KEYS_MAX	10

static const char *
iam_key_text(const json_t *o, const char *k)
{
	const char *v = json_string_value(json_object_get(o, k));

	return (v != NULL ? v : "");
}

/* Not of another account that had, or has, the same e-mail. */
static bool
iam_key_is_of(const json_t *k, const json_t *account)
{

	return (strcmp(iam_key_text(k, "account"),
	    iam_key_text(account, "email")) == 0 &&
	    strcmp(iam_key_text(k, "id"),
	    iam_key_text(account, "uniqueId")) == 0);
}

bool
iam_key_get(struct emu *emu, struct arena *a, const char *kid,
    struct iam_key *out)
{
	json_auto_t *k = NULL, *acc = NULL;
	struct record r;
	int64_t version;

	if (store_record_get(emu->store, "key", kid, a, &r) != STORE_OK ||
	    (k = json_loads(r.json, 0, NULL)) == NULL ||
	    iam_account(emu, a, iam_key_text(k, "account"), &acc, &version) !=
	    STORE_OK || !iam_key_is_of(k, acc))
		return (false);
	out->account = arena_strdup(a, iam_key_text(k, "account"));
	out->public_pem = arena_strdup(a, iam_key_text(k, "publicKey"));
	out->disabled = json_is_true(json_object_get(k, "disabled")) ||
	    json_is_true(json_object_get(acc, "disabled"));
	return (true);
}

/* Records of the keys of one account: ids and contents side by side. */
struct iam_key_rows {
	struct record *r;
	size_t	n, room;
};

static void
iam_key_rows_add(struct arena *a, struct iam_key_rows *rows,
    const struct record *r)
{
	struct record *more;

	if (rows->n == rows->room) {
		rows->room = rows->room > 0 ? 2 * rows->room : 16;
		more = arena_alloc(a, rows->room * sizeof(*more));
		if (rows->n > 0)
			memcpy(more, rows->r, rows->n * sizeof(*more));
		rows->r = more;
	}
	rows->r[rows->n++] = *r;
}

/* Keys are stored by id, which is how each token grant looks them up; the
 * keys of an account are asked for seldom, and found by looking at all. */
static enum store_rc
iam_key_rows(struct emu *emu, struct arena *a, const json_t *account,
    struct iam_key_rows *rows)
{
	const char *after = "";
	struct record *r;
	enum store_rc rc;
	size_t n;

	*rows = (struct iam_key_rows){ 0 };
	do {
		rc = store_record_list(emu->store, "key", "", after, 1000, a,
		    &r, &n);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			json_auto_t *k = json_loads(r[i].json, 0, NULL);

			if (iam_key_is_of(k, account))
				iam_key_rows_add(a, rows, &r[i]);
		}
		if (rc == STORE_OK && n > 0)
			after = r[n - 1].key;
	} while (rc == STORE_OK && n == 1000);
	return (rc);
}

size_t
iam_key_all(struct emu *emu, struct arena *a, const char *email,
    struct iam_key **out)
{
	json_auto_t *account = NULL;
	struct iam_key_rows rows;
	int64_t version;
	size_t n = 0;

	*out = NULL;
	if (iam_account(emu, a, email, &account, &version) != STORE_OK ||
	    iam_key_rows(emu, a, account, &rows) != STORE_OK || rows.n == 0)
		return (0);
	*out = arena_alloc(a, rows.n * sizeof(**out));
	for (size_t i = 0; i < rows.n; i++)
		n += iam_key_get(emu, a, rows.r[i].key, &(*out)[n]);
	return (n);
}

enum store_rc
iam_key_delete_all(struct emu *emu, struct arena *a, const json_t *account)
{
	struct iam_key_rows rows;
	enum store_rc rc = iam_key_rows(emu, a, account, &rows);

	for (size_t i = 0; rc == STORE_OK && i < rows.n; i++) {
		rc = store_record_delete(emu->store, "key", rows.r[i].key);
		if (rc == STORE_NO_RECORD)
			rc = STORE_OK;	/* another caller was faster */
	}
	return (rc);
}

/* The credentials file, https://google.aip.dev/auth/4112 */
static json_t *
iam_key_file(struct emu *emu, struct arena *a, const json_t *account,
    const char *kid, const char *private_pem)
{
	const char *email = iam_key_text(account, "email");
	json_t *j;
	struct buf b;

	buf_init(&b, 4096);
	str_pct_encode(&b, email, strlen(email), false);
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, "
	    "s:s}",
	    "type", "service_account", "project_id", emu->project,
	    "private_key_id", kid, "private_key", private_pem,
	    "client_email", email,
	    "client_id", iam_key_text(account, "uniqueId"),
	    "auth_uri", "https://accounts.google.com/o/oauth2/auth",
	    "token_uri", "https://oauth2.googleapis.com/token",
	    "auth_provider_x509_cert_url",
	    "https://www.googleapis.com/oauth2/v1/certs",
	    "client_x509_cert_url", arena_printf(a,
	    "https://www.googleapis.com/robot/v1/metadata/x509/%s", b.p),
	    "universe_domain", "googleapis.com");
	buf_release(&b);
	BUG_ON(j == NULL);
	return (j);
}

json_t *
iam_key_make(struct emu *emu, struct arena *a, const json_t *account,
    const char **kid, struct err *e)
{
	const char *private_pem, *public_pem;
	unsigned char id[20];
	enum store_rc rc;
	int64_t version;
	char *hex, *text;
	json_t *rec;

	if (jwt_new_key(a, &private_pem, &public_pem, e) != 0)
		return (NULL);
	BUG_ON(RAND_bytes(id, sizeof(id)) != 1);
	hex = arena_alloc(a, 2 * sizeof(id) + 1);
	str_hex(hex, id, sizeof(id));
	rec = json_pack("{s:s, s:s, s:s, s:I, s:b}",
	    "account", iam_key_text(account, "email"),
	    "id", iam_key_text(account, "uniqueId"),
	    "publicKey", public_pem,
	    "created", (json_int_t)(clock_wall_us(&emu->clock) / 1000000),
	    "disabled", 0);
	text = json_dumps(rec, JSON_COMPACT);
	BUG_ON(text == NULL);
	rc = store_record_put(emu->store, "key", hex, text, 0, &version);
	free(text);
	json_decref(rec);
	if (rc != STORE_OK) {
		err_set(e, "cannot store a key (store error %d)", (int)rc);
		return (NULL);
	}
	*kid = hex;
	return (iam_key_file(emu, a, account, hex, private_pem));
}

/* ---- the API's form of a key, and handlers ---- */

static const char *
iam_key_b64(struct arena *a, const char *p, size_t n)
{
	const char *out;
	struct buf b;

	buf_init(&b, 65536);
	str_b64_encode(&b, p, n, false);
	out = arena_strdup(a, b.p);
	buf_release(&b);
	return (out);
}

/* Made by iam_sign.c: nobody has its file. */
static bool
iam_key_system(const json_t *k)
{

	return (json_is_true(json_object_get(k, "system")));
}

static json_t *
iam_key_json(struct emu *emu, struct arena *a, const char *kid,
    const json_t *k)
{
	char from[CLOCK_RFC3339];
	json_t *j;

	clock_rfc3339(json_integer_value(json_object_get(k, "created")) *
	    1000000, from);
	from[19] = 'Z';			/* IAM shows whole seconds */
	from[20] = '\0';
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
	    "name", arena_printf(a, "projects/%s/serviceAccounts/%s/keys/%s",
	    emu->project, iam_key_text(k, "account"), kid),
	    "validAfterTime", from,
	    "validBeforeTime", "9999-12-31T23:59:59Z",
	    "keyAlgorithm", "KEY_ALG_RSA_2048",
	    "keyOrigin", "GOOGLE_PROVIDED", "keyType",
	    iam_key_system(k) ? "SYSTEM_MANAGED" : "USER_MANAGED");
	BUG_ON(j == NULL);
	if (json_is_true(json_object_get(k, "disabled")))
		(void)json_object_set_new(j, "disabled", json_true());
	return (j);
}

/* An enumerated field of the body: absent, or one of two words. */
static int
iam_key_enum(struct req *rq, const json_t *body, const char *k,
    const char *unspecified, const char *only)
{
	const json_t *v = json_object_get(body, k);
	const char *s = json_string_value(v);

	if (v == NULL || (s != NULL && (strcmp(s, unspecified) == 0 ||
	    strcmp(s, only) == 0)))
		return (0);
	req_fail(rq, 400, "badRequest", "Invalid value at '%s': the emulator "
	    "makes %s only.", k, only);
	return (-1);
}

static size_t
iam_key_users(const struct iam_key_rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		json_auto_t *k = json_loads(rows->r[i].json, 0, NULL);

		n += !iam_key_system(k);
	}
	return (n);
}

void
iam_key_create_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);
	struct err e = ERR_INIT;
	struct iam_key_rows rows;
	enum store_rc rc;
	json_t *body, *file, *out, *k;
	const char *kid;
	char *text;

	if (acc == NULL || req_json(rq, &body) != 0 ||
	    iam_key_enum(rq, body, "privateKeyType", "TYPE_UNSPECIFIED",
	    "TYPE_GOOGLE_CREDENTIALS_FILE") != 0 ||
	    iam_key_enum(rq, body, "keyAlgorithm", "KEY_ALG_UNSPECIFIED",
	    "KEY_ALG_RSA_2048") != 0)
		return;
	rc = iam_key_rows(rq->emu, &rq->arena, acc, &rows);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	if (iam_key_users(&rows) >= IAM_KEYS_MAX) {
		req_fail(rq, 400, "failedPrecondition",
		    "Precondition check failed.");
		return;
	}
	file = iam_key_make(rq->emu, &rq->arena, acc, &kid, &e);
	if (file == NULL) {
		req_fail(rq, 500, "backendError", "%s", err_msg(&e));
		err_release(&e);
		return;
	}
	text = json_dumps(file, JSON_INDENT(2));
	BUG_ON(text == NULL);
	json_decref(file);
	k = json_pack("{s:O, s:I}", "account", json_object_get(acc, "email"),
	    "created", (json_int_t)(rq->wall_us / 1000000));
	out = iam_key_json(rq->emu, &rq->arena, kid, k);
	json_decref(k);
	(void)json_object_set_new(out, "privateKeyType",
	    json_string("TYPE_GOOGLE_CREDENTIALS_FILE"));
	(void)json_object_set_new(out, "privateKeyData",
	    json_string(iam_key_b64(&rq->arena, text, strlen(text))));
	free(text);
	req_reply_json(rq, 200, out);
}

/* keyTypes, which may come several times; none: all. */
static bool
iam_key_wanted(const struct req *rq, const json_t *k)
{
	const char *type = iam_key_system(k) ? "SYSTEM_MANAGED" :
	    "USER_MANAGED";
	bool asked = false;

	for (size_t i = 0; i < rq->nquery; i++) {
		if (strcmp(rq->query[i].k, "keyTypes") != 0 ||
		    *rq->query[i].v == '\0')
			continue;
		if (strcmp(rq->query[i].v, type) == 0)
			return (true);
		asked = true;
	}
	return (!asked);
}

void
iam_key_list_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);
	struct iam_key_rows rows;
	json_t *list, *out;
	enum store_rc rc;

	if (acc == NULL)
		return;
	rc = iam_key_rows(rq->emu, &rq->arena, acc, &rows);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	out = json_object();
	list = json_array();
	for (size_t i = 0; i < rows.n; i++) {
		json_auto_t *k = json_loads(rows.r[i].json, 0, NULL);

		if (iam_key_wanted(rq, k))
			(void)json_array_append_new(list, iam_key_json(
			    rq->emu, &rq->arena, rows.r[i].key, k));
	}
	if (json_array_size(list) > 0)
		(void)json_object_set(out, "keys", list);
	json_decref(list);
	req_reply_json(rq, 200, out);
}

/* The stored key that the path names, of the account that it names; NULL: an
 * error has been stored.  The caller frees it. */
static json_t *
iam_key_of(struct req *rq, const char **kid, int64_t *version)
{
	json_auto_t *acc = iam_account_of(rq, version);
	struct record r;
	enum store_rc rc;
	json_t *k = NULL;

	*kid = iam_cap(rq, 2);
	if (acc == NULL)
		return (NULL);
	rc = store_record_get(rq->emu->store, "key", *kid, &rq->arena, &r);
	if (rc == STORE_OK) {
		*version = r.version;
		k = json_loads(r.json, 0, NULL);
		if (iam_key_is_of(k, acc))
			return (k);
		json_decref(k);
		rc = STORE_NO_RECORD;
	}
	if (rc == STORE_NO_RECORD)
		req_fail(rq, 404, "notFound", "Service account key projects/"
		    "%s/serviceAccounts/%s/keys/%s does not exist.",
		    rq->emu->project, iam_key_text(acc, "email"), *kid);
	else
		req_fail_rc(rq, rc);
	return (NULL);
}

void
iam_key_get_h(struct req *rq)
{
	const char *type = req_query(rq, "publicKeyType"), *kid, *pem;
	int64_t version;
	json_auto_t *k = iam_key_of(rq, &kid, &version);
	json_t *out;

	if (k == NULL)
		return;
	if (type != NULL && strcmp(type, "TYPE_X509_PEM_FILE") == 0) {
		req_fail(rq, 400, "badRequest", "The emulator keeps no "
		    "certificates: ask for TYPE_RAW_PUBLIC_KEY.");
		return;
	}
	out = iam_key_json(rq->emu, &rq->arena, kid, k);
	pem = iam_key_text(k, "publicKey");
	if (type != NULL && strcmp(type, "TYPE_RAW_PUBLIC_KEY") == 0)
		(void)json_object_set_new(out, "publicKeyData",
		    json_string(iam_key_b64(&rq->arena, pem, strlen(pem))));
	req_reply_json(rq, 200, out);
}

/* Google's own keys are not for users to change. */
static int
iam_key_users_own(struct req *rq, const json_t *k)
{

	if (!iam_key_system(k))
		return (0);
	req_fail(rq, 400, "failedPrecondition", "The key is managed by the "
	    "system and cannot be changed.");
	return (-1);
}

void
iam_key_delete_h(struct req *rq)
{
	int64_t version;
	const char *kid;
	json_auto_t *k = iam_key_of(rq, &kid, &version);
	enum store_rc rc;

	if (k == NULL || iam_key_users_own(rq, k) != 0)
		return;
	rc = store_record_delete(rq->emu->store, "key", kid);
	if (rc == STORE_OK || rc == STORE_NO_RECORD)
		req_reply_json(rq, 200, json_object());
	else
		req_fail_rc(rq, rc);
}

void
iam_key_enable_h(struct req *rq)
{
	int64_t version;
	const char *kid;
	json_auto_t *k = iam_key_of(rq, &kid, &version);
	enum store_rc rc;
	char *text;

	if (k == NULL || iam_key_users_own(rq, k) != 0)
		return;
	(void)json_object_set_new(k, "disabled",
	    json_boolean(str_ends(rq->route->id, ".disable")));
	text = json_dumps(k, JSON_COMPACT);
	BUG_ON(text == NULL);
	rc = store_record_put(rq->emu->store, "key", kid, text, version,
	    &version);
	free(text);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else if (rc == STORE_PRECONDITION)
		req_fail(rq, 409, "aborted", "There were concurrent changes "
		    "of the key. Please retry.");
	else
		req_fail_rc(rq, rc);
}
