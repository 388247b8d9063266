/* Keys of service accounts as the IAM API makes, takes and shows them:
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys */
#include "emulator/identity/iam_int.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/certs.h"
#include "lib/str.h"

/* https://cloud.google.com/iam/quotas: keys for each service account */
#define IAM_KEYS_MAX	10

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

/* IAM shows whole seconds.  "": there is none. */
static const char *
iam_key_time(struct arena *a, const json_t *k, const char *field)
{
	json_t *v = json_object_get(k, field);
	char text[CLOCK_RFC3339];

	if (v == NULL)
		return ("");
	clock_rfc3339(json_integer_value(v) * 1000000, text);
	return (arena_printf(a, "%.19sZ", text));
}

static json_t *
iam_key_json(struct emu *emu, struct arena *a, const char *kid,
    const json_t *k)
{
	const char *until = iam_key_time(a, k, "until");
	json_t *j;

	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
	    "name", arena_printf(a, "projects/%s/serviceAccounts/%s/keys/%s",
	    emu->project, iam_key_text(k, "account"), kid),
	    "validAfterTime", iam_key_time(a, k, "created"),
	    "validBeforeTime", *until != '\0' ? until :
	    "9999-12-31T23:59:59Z",
	    "keyAlgorithm", "KEY_ALG_RSA_2048",
	    "keyOrigin", json_is_true(json_object_get(k, "uploaded")) ?
	    "USER_PROVIDED" : "GOOGLE_PROVIDED", "keyType",
	    iam_key_system(k) ? "SYSTEM_MANAGED" : "USER_MANAGED");
	BUG_ON(j == NULL);
	if (json_is_true(json_object_get(k, "disabled")))
		(void)json_object_set_new(j, "disabled", json_true());
	return (j);
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

/* The body's choices.  -1: a 400 has been stored. */
static int
iam_key_choice(struct req *rq, const json_t *body, bool *pkcs12)
{
	const char *type = iam_key_text(body, "privateKeyType");
	const char *algorithm = iam_key_text(body, "keyAlgorithm");

	*pkcs12 = strcmp(type, "TYPE_PKCS12_FILE") == 0;
	if (*type != '\0' && !*pkcs12 &&
	    strcmp(type, "TYPE_UNSPECIFIED") != 0 &&
	    strcmp(type, "TYPE_GOOGLE_CREDENTIALS_FILE") != 0)
		req_fail(rq, 400, "badRequest", "Invalid value at "
		    "'private_key_type': \"%s\"", type);
	else if (*algorithm != '\0' &&
	    strcmp(algorithm, "KEY_ALG_UNSPECIFIED") != 0 &&
	    strcmp(algorithm, "KEY_ALG_RSA_2048") != 0)
		req_fail(rq, 400, "badRequest", "Invalid value at "
		    "'key_algorithm': \"%s\"; the emulator makes "
		    "KEY_ALG_RSA_2048 only.", algorithm);
	else
		return (0);
	return (-1);
}

/* Is there room for one more?  -1: an error has been stored. */
static int
iam_key_room(struct req *rq, const json_t *acc)
{
	struct iam_key_rows rows;
	enum store_rc rc = iam_key_rows(rq->emu, &rq->arena, acc, &rows);

	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else if (iam_key_users(&rows) >= IAM_KEYS_MAX)
		req_fail(rq, 400, "failedPrecondition",
		    "Precondition check failed.");
	else
		return (0);
	return (-1);
}

/* The stored key of an id, a new reference; NULL: an error is stored. */
static json_t *
iam_key_stored(struct req *rq, const char *kid)
{
	struct record r;
	enum store_rc rc;

	rc = store_record_get(rq->emu->store, "key", kid, &rq->arena, &r);
	if (rc == STORE_OK)
		return (json_loads(r.json, 0, NULL));
	req_fail_rc(rq, rc);
	return (NULL);
}

/* What its user gets, as base64. */
static const char *
iam_key_data(struct req *rq, const json_t *k, const json_t *file, bool pkcs12)
{
	char *text = json_dumps(file, JSON_INDENT(2));
	const char *data;
	struct buf b;

	BUG_ON(text == NULL);
	buf_init(&b, 65536);
	if (!pkcs12)
		buf_adds(&b, text);
	else
		BUG_ON(certs_pkcs12(&b, iam_key_text(file, "private_key"),
		    iam_key_text(k, "certificate")) != 0);
	data = iam_key_b64(&rq->arena, b.p, b.len);
	buf_release(&b);
	free(text);
	return (data);
}

void
iam_key_create_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);
	json_auto_t *file = NULL, *k = NULL;
	struct err e = ERR_INIT;
	json_t *body, *out;
	const char *kid;
	bool pkcs12;

	if (acc == NULL || req_json(rq, &body) != 0 ||
	    iam_key_choice(rq, body, &pkcs12) != 0 ||
	    iam_key_room(rq, acc) != 0)
		return;
	file = iam_key_make(rq->emu, &rq->arena, acc, &kid, &e);
	if (file == NULL) {
		req_fail(rq, 500, "backendError", "%s", err_msg(&e));
		err_release(&e);
		return;
	}
	if ((k = iam_key_stored(rq, kid)) == NULL)
		return;
	out = iam_key_json(rq->emu, &rq->arena, kid, k);
	(void)json_object_set_new(out, "privateKeyType", json_string(pkcs12 ?
	    "TYPE_PKCS12_FILE" : "TYPE_GOOGLE_CREDENTIALS_FILE"));
	(void)json_object_set_new(out, "privateKeyData",
	    json_string(iam_key_data(rq, k, file, pkcs12)));
	req_reply_json(rq, 200, out);
}

/* The certificate that a user gives, base64 of PEM; NULL: a 400 has been
 * stored. */
static const char *
iam_key_given(struct req *rq, const json_t *body)
{
	const char *data = iam_key_text(body, "publicKeyData"), *pem = NULL;
	struct buf b;

	buf_init(&b, 65536);
	if (*data != '\0' && str_b64_decode(&b, data, strlen(data), false) &&
	    buf_ok(&b) && strlen(b.p) == b.len)
		pem = arena_strdup(&rq->arena, b.p);
	buf_release(&b);
	if (pem == NULL)
		req_fail(rq, 400, "badRequest", "Invalid value at "
		    "'public_key_data': base64 of a certificate is wanted.");
	return (pem);
}

/* https://cloud.google.com/iam/docs/keys-upload */
void
iam_key_upload_h(struct req *rq)
{
	int64_t version, from, until;
	json_auto_t *acc = iam_account_of(rq, &version), *k = NULL;
	const char *pem, *public;
	struct err e = ERR_INIT;
	unsigned char id[20];
	char hex[2 * sizeof(id) + 1];
	enum store_rc rc;
	json_t *body;

	if (acc == NULL || req_json(rq, &body) != 0 ||
	    (pem = iam_key_given(rq, body)) == NULL ||
	    iam_key_room(rq, acc) != 0)
		return;
	public = certs_public(&rq->arena, pem, &from, &until, &e);
	if (public == NULL) {
		req_fail(rq, 400, "badRequest", "Invalid public key: %s.",
		    err_msg(&e));
		err_release(&e);
		return;
	}
	BUG_ON(RAND_bytes(id, sizeof(id)) != 1);
	str_hex(hex, id, sizeof(id));
	k = json_pack("{s:O, s:O, s:s, s:s, s:I, s:I, s:b, s:b}",
	    "account", json_object_get(acc, "email"),
	    "id", json_object_get(acc, "uniqueId"), "publicKey", public,
	    "certificate", pem, "created", (json_int_t)from,
	    "until", (json_int_t)until, "uploaded", 1, "disabled", 0);
	rc = iam_put(rq->emu, "key", hex, k, 0, &version);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, iam_key_json(rq->emu, &rq->arena, hex,
		    k));
	else
		req_fail_rc(rq, rc);
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
	out = iam_key_json(rq->emu, &rq->arena, kid, k);
	if (type == NULL || strcmp(type, "TYPE_NONE") == 0) {
		req_reply_json(rq, 200, out);
		return;
	}
	pem = strcmp(type, "TYPE_RAW_PUBLIC_KEY") == 0 ?
	    iam_key_text(k, "publicKey") :
	    strcmp(type, "TYPE_X509_PEM_FILE") == 0 ?
	    iam_key_text(k, "certificate") : "";
	if (*pem != '\0')
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

	if (k == NULL || iam_key_users_own(rq, k) != 0)
		return;
	(void)json_object_set_new(k, "disabled",
	    json_boolean(str_ends(rq->route->id, ".disable")));
	rc = iam_put(rq->emu, "key", kid, k, version, &version);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else
		iam_fail_put(rq, rc, "key");
}

/* ---- what anybody may see ---- */

/* The public keys of an account, by id: certificates, or JSON Web Keys. */
void
iam_key_public_h(struct req *rq)
{
	bool jwk = str_ends(rq->route->id, ".jwk");
	json_auto_t *acc = NULL;
	json_t *out, *list = json_array();
	struct iam_key_rows rows = { 0 };
	enum store_rc rc;
	int64_t version;

	out = json_object();
	rc = iam_account(rq->emu, &rq->arena, iam_cap(rq, 0), &acc, &version);
	if (rc == STORE_OK)
		rc = iam_key_rows(rq->emu, &rq->arena, acc, &rows);
	for (size_t i = 0; rc == STORE_OK && i < rows.n; i++) {
		json_auto_t *k = json_loads(rows.r[i].json, 0, NULL);

		if (json_is_true(json_object_get(k, "disabled")))
			continue;
		(void)json_array_append_new(list, certs_jwk(
		    iam_key_text(k, "publicKey"), rows.r[i].key));
		if (*iam_key_text(k, "certificate") != '\0')
			(void)json_object_set(out, rows.r[i].key,
			    json_object_get(k, "certificate"));
	}
	if (jwk) {
		json_object_clear(out);
		(void)json_object_set(out, "keys", list);
	}
	json_decref(list);
	if (rc == STORE_OK) {
		req_reply_json(rq, 200, out);
		return;
	}
	json_decref(out);
	if (rc == STORE_NO_RECORD)
		req_fail(rq, 404, "notFound", "Service account %s does not "
		    "exist.", iam_cap(rq, 0));
	else
		req_fail_rc(rq, rc);
}
