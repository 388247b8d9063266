/* Keys of service accounts.  The public half is stored; the private half
 * leaves in the one reply that makes it (or in the owner's file). */
#include "emulator/identity/iam_int.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/identity/certs.h"
#include "emulator/identity/jwt.h"
#include "lib/str.h"

const char *
iam_key_text(const json_t *o, const char *k)
{
	const char *v = json_string_value(json_object_get(o, k));

	return (v != NULL ? v : "");
}

bool
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
	const json_t *until;
	struct record r;
	int64_t version;

	if (store_record_get(emu->store, "key", kid, a, &r) != STORE_OK ||
	    (k = json_loads(r.json, 0, NULL)) == NULL ||
	    iam_account(emu, a, iam_key_text(k, "account"), &acc, &version) !=
	    STORE_OK || !iam_key_is_of(k, acc))
		return (false);
	out->account = arena_strdup(a, iam_key_text(k, "account"));
	out->public_pem = arena_strdup(a, iam_key_text(k, "publicKey"));
	until = json_object_get(k, "until");
	out->disabled = json_is_true(json_object_get(k, "disabled")) ||
	    json_is_true(json_object_get(acc, "disabled")) ||
	    (until != NULL && json_integer_value(until) * 1000000 <
	    clock_wall_us(&emu->clock));
	return (true);
}

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

enum store_rc
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
	int64_t version, created;
	char *hex;
	json_t *rec;

	if (jwt_new_key(a, &private_pem, &public_pem, e) != 0)
		return (NULL);
	BUG_ON(RAND_bytes(id, sizeof(id)) != 1);
	hex = arena_alloc(a, 2 * sizeof(id) + 1);
	str_hex(hex, id, sizeof(id));
	created = clock_wall_us(&emu->clock) / 1000000;
	rec = json_pack("{s:s, s:s, s:s, s:s*, s:I, s:b}",
	    "account", iam_key_text(account, "email"),
	    "id", iam_key_text(account, "uniqueId"),
	    "publicKey", public_pem,
	    "certificate", certs_make(a, private_pem,
	    iam_key_text(account, "uniqueId"), created),
	    "created", (json_int_t)created, "disabled", 0);
	rc = iam_put(emu, "key", hex, rec, 0, &version);
	json_decref(rec);
	if (rc != STORE_OK) {
		err_set(e, "cannot store a key (store error %d)", (int)rc);
		return (NULL);
	}
	*kid = hex;
	return (iam_key_file(emu, a, account, hex, private_pem));
}
