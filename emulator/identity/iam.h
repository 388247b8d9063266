/* emulator/identity/iam.h: projects, service accounts, keys and policies: the
 * IAM API (https://cloud.google.com/iam/docs/reference/rest) as far as gcloud
 * and the drills need it, and the project's owner.  Knows accounts; not
 * tokens (oauth.c) nor enforcement (auth.c).
 *
 * Kept as records of the store: `account` by e-mail, `role` by its id, `key` by
 * its id (the
 * public half only), `syskey` by e-mail (both halves of the key that IAM
 * Credentials signs with), `project` and `policy` by project id.  Captures of the
 * routes, in this order: project, account, key; a verb (`:enable`) may cling
 * to the last of them. */
#ifndef EMULATOR_IAM_H
#define EMULATOR_IAM_H

#include "emulator/http/req.h"

/* Makes the project and its owner account (bound to roles/owner in the
 * project's policy) where they are not there yet; sets emu->owner and
 * emu->project_number.  No RSA key is made. */
int	iam_setup(struct emu *, struct err *);
/* Frees what iam_setup() has set. */
void	iam_release(struct emu *);
/* Path of the owner's key file, DATA/owner-key.json, 0600, made on the first
 * call (an RSA key costs about 0.1 s). */
const char	*iam_owner_key(struct emu *, struct arena *, struct err *);

/* What outlives a change of the whole store (iam_carry.c): read it before, and
 * store it after where it is not there. */
struct iam_carry;
enum store_rc	iam_carry_take(struct emu *, struct arena *,
    struct iam_carry **) MUST_USE;
enum store_rc	iam_carry_put(struct emu *, const struct iam_carry *) MUST_USE;

struct iam_key {
	const char *account;		/* e-mail */
	const char *public_pem;
	bool	disabled;		/* the key or its account */
};
/* Looks a key up by its id; false: there is none (deleted, never made). */
bool	iam_key_get(struct emu *, struct arena *, const char *kid,
    struct iam_key *out);
/* All keys of an account (an e-mail), in the arena; how many. */
size_t	iam_key_all(struct emu *, struct arena *, const char *email,
    struct iam_key **out);
bool	iam_account_exists(struct emu *, struct arena *, const char *email);
/* Makes an account of our project by its e-mail; one that is there stays as
 * it is.  -1: the message says why. */
int	iam_account_make(struct emu *, struct arena *, const char *email,
    struct err *);
/* It exists and is not disabled. */
bool	iam_account_usable(struct emu *, struct arena *, const char *email);
/* The project's policy as JSON ({"bindings":[…]}); new reference. */
json_t	*iam_project_policy(struct emu *);

/* Is there such a role, predefined or of the project and not deleted; and does
 * it hold the permission?  name: roles/ID or projects/PROJECT/roles/ID. */
bool	iam_role_exists(struct emu *, struct arena *, const char *name);
bool	iam_role_has(struct emu *, struct arena *, const char *name,
    const char *permission);

void	iam_role_create_h(struct req *);
void	iam_role_get_h(struct req *);		/* of either kind */
void	iam_role_list_h(struct req *);
void	iam_role_grantable_h(struct req *);	/* roles:queryGrantableRoles */
void	iam_permissions_h(struct req *);	/* :queryTestablePermissions */
void	iam_role_patch_h(struct req *);
void	iam_role_delete_h(struct req *);	/* and :undelete */
void	iam_sa_create_h(struct req *);
void	iam_sa_list_h(struct req *);
void	iam_sa_get_h(struct req *);
void	iam_sa_patch_h(struct req *);		/* and PUT */
void	iam_sa_delete_h(struct req *);		/* iam_gone.c */
void	iam_sa_undelete_h(struct req *);
void	iam_sa_get_policy_h(struct req *);	/* iam_policies.c */
void	iam_sa_set_policy_h(struct req *);
void	iam_sa_test_h(struct req *);		/* :testIamPermissions */
void	iam_project_test_h(struct req *);
void	iam_sa_enable_h(struct req *);		/* :enable and :disable */
void	iam_key_create_h(struct req *);	/* iam_keys_rest.c */
void	iam_key_upload_h(struct req *);
void	iam_key_public_h(struct req *);	/* certificates, or JWKs */
void	iam_key_list_h(struct req *);
void	iam_key_get_h(struct req *);
void	iam_key_delete_h(struct req *);
void	iam_key_enable_h(struct req *);		/* :enable and :disable */
void	iam_project_get_h(struct req *);	/* cloudresourcemanager v1, v3 */
void	iam_project_get_policy_h(struct req *);	/* :getIamPolicy */
void	iam_project_set_policy_h(struct req *);
void	iam_allowed_locations_h(struct req *);
void	iam_sign_blob_h(struct req *);		/* iamcredentials */
void	iam_sign_jwt_h(struct req *);
void	iam_access_token_h(struct req *);	/* :generateAccessToken */

/* ---- between the files of iam ---- */

/* The account of an e-mail or a unique id as stored, a new reference. */
enum store_rc	iam_account(struct emu *, struct arena *, const char *who,
    json_t **out, int64_t *version) MUST_USE;
/* A capture; "" where the route has none. */
const char	*iam_cap(const struct req *, int i);
/* Its project (cap 0) is ours, or `-`.  -1: a 403 has been stored. */
int	iam_project_of(struct req *);
/* The account that cap 1 names, in our project; NULL: an error is stored.
 * The caller frees it. */
json_t	*iam_account_of(struct req *, int64_t *version);
/* Stores a record: store_record_put() of j's text; j stays the caller's. */
enum store_rc	iam_put(struct emu *, const char *kind, const char *key,
    const json_t *j, int64_t if_version, int64_t *version) MUST_USE;
/* The answer where that did not go well: 409 where the record, of a `what`
 * (NULL: a policy), is no longer of that version. */
void	iam_fail_put(struct req *, enum store_rc, const char *what);
/* How Google shows a version: an opaque base64 text. */
const char	*iam_etag(struct arena *, int64_t version);
/* n random decimal digits that begin with 1. */
const char	*iam_digits(struct arena *, int n);
/* An account as the API shows it, a new reference. */
json_t	*iam_sa_json(struct emu *, struct arena *, const json_t *account,
    int64_t version);
/* Delete all keys of an account, also of one that is gone. */
enum store_rc	iam_key_delete_all(struct emu *, struct arena *,
    const json_t *account) MUST_USE;
/* The policy of an account (an e-mail or a unique id), a new reference, or
 * NULL where it has none. */
json_t	*iam_account_policy(struct emu *, struct arena *, const char *who);
/* Store a new key of an account; the key file that its user gets, as JSON. */
json_t	*iam_key_make(struct emu *, struct arena *, const json_t *account,
    const char **kid, struct err *);

#endif
