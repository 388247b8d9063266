/* emulator/api/objects.h: one object's metadata: get, patch, update, delete,
 * and copies on the server's side.  Knows the objects resource; bytes go in by
 * uploads.c and resumable.c and out by media.c. */
#ifndef EMULATOR_OBJECTS_H
#define EMULATOR_OBJECTS_H

#include "emulator/http/req.h"

void	objects_get_h(struct req *);
void	objects_patch_h(struct req *);
void	objects_update_h(struct req *);
void	objects_delete_h(struct req *);
void	objects_rewrite_h(struct req *);
void	objects_copy_h(struct req *);

/* An object that exists may only be overwritten by who may delete it.  -1: a
 * 403 has been stored. */
int	objects_may_overwrite(struct req *, const char *bucket,
    const char *name);

#endif
