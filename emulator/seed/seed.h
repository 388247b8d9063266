/* emulator/seed/seed.h: what an emulator begins with, told by one JSON file:
 * accounts and their key files, people, roles, buckets, objects and policies.
 * Knows the file's form and puts it into effect as the project's owner, by the
 * APIs' own handlers: what they would refuse, the seed refuses.
 *
 *   {"project": "my-project",
 *    "serviceAccounts": [{"accountId": "app", "displayName", "description",
 *        "disabled", "keys": [{"file": "app.json"}],
 *        "hmacKeys": [{"file": "app-hmac.json"}], "policy"}],
 *    "workloadIdentityPools": [{"pool", "provider", …of pools_put()}],
 *    "users": [{"email", "name", "credentials": [{"file"}]}],
 *    "roles": [{"roleId", "title", "description", "stage",
 *        "includedPermissions"}],
 *    "machine": {"account": E-MAIL, "scopes": […]},
 *    "policy": {"bindings": [{"role", "members", "condition"}]},
 *    "buckets": [{"name", …of the JSON API…, "project", "policy",
 *        "objects": [{"name", "content" | "contentBase64" | "file", …}]}]}
 *
 * Nothing is taken away: what is missing is made, what differs is changed, and
 * bindings are added, so that a second time changes nothing.  Files are named
 * from the seed's own folder on; those that are written have mode 0600. */
#ifndef EMULATOR_SEED_H
#define EMULATOR_SEED_H

#include "emulator/emu.h"
#include "lib/err.h"

struct seed;

/* Reads the file.  NULL: the message names it, and the line. */
struct seed	*seed_open(const char *path, struct err *);
void	seed_free(struct seed *);
/* The project that it is for, or NULL; borrowed. */
const char	*seed_project(const struct seed *);
/* Before anybody is answered, after iam_setup().  -1: the message names the
 * file and the member, and all is as it was. */
int	seed_apply(const struct seed *, struct emu *, struct err *);

#endif
