/* emulator/identity/users.h: people: Google accounts that policies name as
 * `user:E-MAIL`, and what they sign in with on a machine: `authorized_user`
 * credentials files, as `gcloud auth application-default login` writes them
 * (https://google.aip.dev/auth/4113).  Knows users, clients and refresh
 * tokens; not access tokens (oauth.h).
 *
 * Kept as records of the store: `user` by e-mail in lower case, `client` by
 * its id, `refresh` by the hash of the token.  Secrets are stored as hashes:
 * what a file holds is told once. */
#ifndef EMULATOR_USERS_H
#define EMULATOR_USERS_H

#include "emulator/http/req.h"

struct user {
	const char *email, *id, *name;	/* name: "" where there is none */
	bool	disabled;
};

/* In the arena; false: there is no such user. */
bool	users_get(struct emu *, struct arena *, const char *email,
    struct user *out);
/* Makes the user where there is none yet, and new credentials for it: the file
 * as JSON, a new reference.  name and scope (URLs with blanks between) may be
 * NULL: none, and what gcloud asks for.  NULL: the message says why. */
json_t	*users_put(struct emu *, struct arena *, const char *email,
    const char *name, const char *scope, struct err *);

/* ---- for the refresh grant ---- */

struct refresh {
	const char *key;		/* of its record */
	const char *email, *id, *client, *scope;
	bool	revoked;
};
/* By the token itself, in the arena; false: it was never given. */
bool	users_refresh(struct emu *, struct arena *, const char *token,
    struct refresh *out);
/* Is it there and not revoked?  By its key. */
bool	users_refresh_lives(struct emu *, struct arena *, const char *key);
enum store_rc	users_refresh_revoke(struct emu *, struct arena *,
    const char *key) MUST_USE;
/* Is there such a client (*known), and is that its secret? */
bool	users_client(struct emu *, struct arena *, const char *id,
    const char *secret, bool *known);

/* ---- control API: see control.h ---- */
void	users_put_h(struct req *);
void	users_list_h(struct req *);
void	users_patch_h(struct req *);
void	users_delete_h(struct req *);

#endif
