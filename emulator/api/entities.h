/* emulator/api/entities.h: whom an entry of an access control list names:
 * `user-E-MAIL`, `group-E-MAIL`, `domain-NAME`, `project-owners-NUMBER` (and
 * editors, viewers), `allUsers`, `allAuthenticatedUsers`; and the same people
 * as members of an IAM binding.  Knows the grammar; grants nothing.
 * https://cloud.google.com/storage/docs/json_api/v1/objectAccessControls#resource */
#ifndef EMULATOR_ENTITIES_H
#define EMULATOR_ENTITIES_H

#include "emulator/http/req.h"

/* The one way to write it, in the arena: allUsers whatever the case, addresses
 * and domains in lower case, the project by its number.  NULL: a 400. */
const char	*entities_parse(struct req *, const char *text);
bool	entities_public(const char *entity);
/* `project-owners-` and the like of the emulated project; in the arena. */
const char	*entities_team(struct req *, const char *team);
/* Who sent the request: as the owner of what it makes.  Where nobody is asked
 * for credentials that is the project's owner. */
const char	*entities_caller(struct req *);

/* An entity and what the real service says beside it; NULL: not of this. */
struct entity {
	const char *entity;		/* the caller's */
	const char *number, *team;	/* projectTeam */
	const char *domain, *email;
	const char *id;			/* in the arena */
};
void	entities_look(struct arena *, const char *entity, struct entity *);
/* Its fields into an object that is open. */
void	entities_show(struct jtext *, const struct entity *);

/* To a binding's member and back, in the arena; `project` is the bucket's.
 * NULL: no entity stands for such a member (a principal set, say). */
const char	*entities_to_member(struct req *, const char *entity,
    const char *project);
const char	*entities_of_member(struct req *, const char *member,
    const char *project);

#endif
