#include "emulator/identity/hmac.h"

#include <jansson.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/str.h"

#define HMAC_KEEP_US	(30LL * 24 * 3600 * 1000000)	/* a deleted key */
#define HMAC_BATCH	256

static const char *const states[] = { "ACTIVE", "INACTIVE", "DELETED" };

const char *
hmac_state_name(enum hmac_state s)
{

	return (states[s]);
}

/* Google's ids of service accounts' keys: a prefix and 55 letters of base32. */
static const char *
hmac_access_id(struct arena *a)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned char r[55];
	char *id = arena_alloc(a, 6 + sizeof(r) + 1);

	BUG_ON(RAND_bytes(r, sizeof(r)) != 1);
	memcpy(id, "GOOG1E", 6);
	for (size_t i = 0; i < sizeof(r); i++)
		id[6 + i] = letters[r[i] & 31];
	return (id);
}

static const char *
hmac_secret(struct arena *a)
{
	unsigned char r[30];
	const char *s;
	struct buf b;

	BUG_ON(RAND_bytes(r, sizeof(r)) != 1);
	buf_init(&b, 64);
	str_b64_encode(&b, r, sizeof(r), false);
	s = arena_strdup(a, b.p);
	buf_release(&b);
	return (s);
}

static enum store_rc
hmac_put(struct emu *emu, struct hmac_key *k, int64_t if_version)
{
	json_t *j = json_pack("{s:s, s:s, s:s, s:i, s:I, s:I}",
	    "project", k->project, "account", k->account,
	    "secret", k->secret, "state", (int)k->state,
	    "created", (json_int_t)k->created_us,
	    "updated", (json_int_t)k->updated_us);
	enum store_rc rc;
	char *text;

	BUG_ON(j == NULL);		/* all of it came as UTF-8 */
	text = json_dumps(j, JSON_COMPACT);
	BUG_ON(text == NULL);
	rc = store_record_put(emu->store, "hmac", k->access_id, text,
	    if_version, &k->version);
	free(text);
	json_decref(j);
	return (rc);
}

enum store_rc
hmac_new(struct emu *emu, struct arena *a, const char *project,
    const char *account, struct hmac_key *k)
{

	*k = (struct hmac_key){
		.access_id = hmac_access_id(a), .secret = hmac_secret(a),
		.project = project, .account = account,
		.state = HMAC_ACTIVE,
		.created_us = clock_wall_us(&emu->clock),
	};
	k->updated_us = k->created_us;
	return (hmac_put(emu, k, 0));
}

static const char *
hmac_text(struct arena *a, const json_t *j, const char *k)
{
	const char *v = json_string_value(json_object_get(j, k));

	return (v != NULL ? arena_strdup(a, v) : "");
}

/* False: not a key, or one deleted so long ago that it is gone. */
static bool
hmac_take(struct emu *emu, struct arena *a, const struct record *r,
    struct hmac_key *k)
{
	json_auto_t *j = json_loads(r->json, 0, NULL);
	json_int_t state = json_integer_value(json_object_get(j, "state"));

	if (j == NULL || state < HMAC_ACTIVE || state > HMAC_DELETED)
		return (false);
	*k = (struct hmac_key){
		.access_id = r->key, .version = r->version,
		.secret = hmac_text(a, j, "secret"),
		.project = hmac_text(a, j, "project"),
		.account = hmac_text(a, j, "account"),
		.state = (enum hmac_state)state,
		.created_us = json_integer_value(json_object_get(j,
		    "created")),
		.updated_us = json_integer_value(json_object_get(j,
		    "updated")),
	};
	return (k->state != HMAC_DELETED || k->updated_us + HMAC_KEEP_US >
	    clock_wall_us(&emu->clock));
}

enum store_rc
hmac_get(struct emu *emu, struct arena *a, const char *access_id,
    struct hmac_key *out)
{
	enum store_rc rc;
	struct record r;

	rc = store_record_get(emu->store, "hmac", access_id, a, &r);
	if (rc == STORE_OK && !hmac_take(emu, a, &r, out))
		rc = STORE_NO_RECORD;
	return (rc);
}

enum store_rc
hmac_set_state(struct emu *emu, struct hmac_key *k, enum hmac_state s)
{

	k->state = s;
	if (s == HMAC_DELETED)
		k->secret = "";
	k->updated_us = clock_wall_us(&emu->clock);
	return (hmac_put(emu, k, k->version));
}

static bool
hmac_shown(const struct hmac_filter *f, const struct hmac_key *k)
{

	return (strcmp(f->project, k->project) == 0 &&
	    (f->account == NULL || strcmp(f->account, k->account) == 0) &&
	    (f->deleted || k->state != HMAC_DELETED));
}

enum store_rc
hmac_list(struct emu *emu, struct arena *a, const struct hmac_filter *f,
    const char *after, int max, struct hmac_key **out, size_t *n, bool *more)
{
	struct hmac_key k;
	enum store_rc rc;
	struct record *r;
	size_t got;

	*out = arena_alloc(a, (size_t)max * sizeof(**out));
	*n = 0;
	*more = false;
	do {
		rc = store_record_list(emu->store, "hmac", "", after,
		    HMAC_BATCH, a, &r, &got);
		for (size_t i = 0; rc == STORE_OK && i < got; i++) {
			if (!hmac_take(emu, a, &r[i], &k) ||
			    !hmac_shown(f, &k))
				continue;
			if (*n == (size_t)max) {
				*more = true;
				return (STORE_OK);
			}
			(*out)[(*n)++] = k;
		}
		if (rc == STORE_OK && got > 0)
			after = r[got - 1].key;
	} while (rc == STORE_OK && got == HMAC_BATCH);
	return (rc);
}
