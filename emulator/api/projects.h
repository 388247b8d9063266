/* emulator/api/projects.h: what the storage API says of projects as such:
 * https://cloud.google.com/storage/docs/json_api/v1/projects/serviceAccount .
 * Knows the one project; accounts and policies are identity's. */
#ifndef EMULATOR_PROJECTS_H
#define EMULATOR_PROJECTS_H

#include "emulator/http/req.h"

/* The e-mail of the account in whose name the service itself acts. */
void	projects_service_account_h(struct req *);
/* The id of the project that a path names, by its id or number.  NULL: a 400
 * or 403 has been stored.  With authentication the emulator's own is the only one
 * where anybody has rights; without it any name will do, as for buckets. */
const char	*projects_named(struct req *, const char *name);

#endif
