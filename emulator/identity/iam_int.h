/* emulator/identity/iam_int.h: what the files about keys share.  Known to
 * iam_keys.c (keys as records) and iam_keys_rest.c (as the API shows them). */
#ifndef EMULATOR_IAM_INT_H
#define EMULATOR_IAM_INT_H

#include "emulator/identity/iam.h"

/* Records of the keys of one account. */
struct iam_key_rows {
	struct record *r;
	size_t	n, room;
};

/* Keys are stored by id, which is how each token grant looks them up; the
 * keys of an account are asked for seldom, and found by looking at all. */
enum store_rc	iam_key_rows(struct emu *, struct arena *,
    const json_t *account, struct iam_key_rows *) MUST_USE;
/* Is it this account's key, and not of another that had, or has, the same
 * e-mail? */
bool	iam_key_is_of(const json_t *key, const json_t *account);
/* A field, or "". */
const char	*iam_key_text(const json_t *, const char *field);

#endif
