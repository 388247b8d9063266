/* emulator/identity/hmac.h: HMAC keys of service accounts, as records of the
 * store (kind `hmac`, by access id).  Knows accounts and times; not the API's
 * shapes (api/hmac_keys.c) nor how a key signs (sign.c).
 *
 * The secret must be kept as it is, since both sides of a signature need it:
 * it lies in the store's file, which nobody else can read, and leaves the
 * process in the one answer that makes the key.
 * https://cloud.google.com/storage/docs/authentication/hmackeys */
#ifndef EMULATOR_HMAC_H
#define EMULATOR_HMAC_H

#include <stdbool.h>
#include <stdint.h>

#include "emulator/emu.h"
#include "emulator/store/store.h"

enum hmac_state { HMAC_ACTIVE, HMAC_INACTIVE, HMAC_DELETED };

struct hmac_key {
	const char *access_id;		/* GOOG1E…, 61 characters */
	const char *secret;		/* 40 characters; "" once deleted */
	const char *project;		/* as named when it was made */
	const char *account;		/* e-mail */
	enum hmac_state state;
	int64_t	created_us, updated_us;
	int64_t	version;		/* the etag is made of it */
};

const char	*hmac_state_name(enum hmac_state);	/* "ACTIVE" … */

/* A new active key, with its secret, in the arena. */
enum store_rc	hmac_new(struct emu *, struct arena *, const char *project,
    const char *account, struct hmac_key *out) MUST_USE;
/* NO_RECORD also for a key that was deleted more than 30 days ago. */
enum store_rc	hmac_get(struct emu *, struct arena *, const char *access_id,
    struct hmac_key *out) MUST_USE;
/* Sets the state of what was read into k; a deleted key loses its secret.
 * PRECONDITION where another change came between. */
enum store_rc	hmac_set_state(struct emu *, struct hmac_key *k,
    enum hmac_state) MUST_USE;
/* Which keys a listing shows. */
struct hmac_filter {
	const char *project;
	const char *account;		/* e-mail, NULL: all */
	bool	deleted;		/* those too */
};
/* In order of access ids, those behind `after`, at most max; *more tells
 * whether there are further ones. */
enum store_rc	hmac_list(struct emu *, struct arena *,
    const struct hmac_filter *, const char *after, int max,
    struct hmac_key **out, size_t *n, bool *more) MUST_USE;

#endif
