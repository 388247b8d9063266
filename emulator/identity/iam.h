/* emulator/identity/iam.h: projects, service accounts, keys and policies: the
 * IAM API (https://cloud.google.com/iam/docs/reference/rest) as far as gcloud
 * and the drills need it, and the project's owner.  Knows accounts; not
 * tokens (oauth.c) nor enforcement (auth.c). */
#ifndef EMULATOR_IAM_H
#define EMULATOR_IAM_H

#include "emulator/http/req.h"

/* Makes the project and its owner account (bound to roles/owner in the
 * project's policy) where they are not there yet; sets emu->owner and
 * emu->project_number.  No RSA key is made. */
int	iam_setup(struct emu *, struct err *);
/* Path of the owner's key file, DATA/owner-key.json, 0600, made on the first
 * call (an RSA key costs about 0.1 s). */
const char	*iam_owner_key(struct emu *, struct arena *, struct err *);

struct iam_key {
	const char *account;		/* e-mail */
	const char *public_pem;
	bool	disabled;		/* the key or its account */
};
/* Looks a key up by its id; false: there is none (deleted, never made). */
bool	iam_key_get(struct emu *, struct arena *, const char *kid,
    struct iam_key *out);
bool	iam_account_usable(struct emu *, struct arena *, const char *email);
/* The project's policy as JSON ({"bindings":[…]}); new reference. */
json_t	*iam_project_policy(struct emu *);

void	iam_sa_create_h(struct req *);
void	iam_sa_list_h(struct req *);
void	iam_sa_get_h(struct req *);
void	iam_sa_delete_h(struct req *);
void	iam_sa_enable_h(struct req *);		/* :enable and :disable */
void	iam_key_create_h(struct req *);
void	iam_key_list_h(struct req *);
void	iam_key_get_h(struct req *);
void	iam_key_delete_h(struct req *);
void	iam_project_get_h(struct req *);	/* cloudresourcemanager v1, v3 */
void	iam_project_get_policy_h(struct req *);	/* :getIamPolicy */
void	iam_project_set_policy_h(struct req *);
void	iam_allowed_locations_h(struct req *);

#endif
