/* emulator/identity/roles.h: predefined roles as sets of permissions, from
 * https://cloud.google.com/storage/docs/access-control/iam-roles .  The table
 * is roles.c. */
#ifndef EMULATOR_ROLES_H
#define EMULATOR_ROLES_H

#include <stdbool.h>
#include <stddef.h>

struct role {
	const char *name;			/* "roles/storage.objectAdmin" */
	const char *title;
	const char *const *permissions;		/* ends with NULL */
};

extern const struct role roles[];		/* ends with name == NULL */

const struct role	*role_find(const char *name);	/* or NULL */
bool	role_has(const struct role *, const char *permission);

/* All permissions that a role or a route here names, each once, sorted: the
 * i-th, or NULL behind the last. */
const char	*roles_permission_at(size_t i);
bool	roles_permission(const char *name);	/* is it one of them? */

#endif
