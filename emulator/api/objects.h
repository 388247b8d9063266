/* emulator/api/objects.h: one object's metadata: get, patch, update, delete.
 * Knows the objects resource; bytes go in by uploads.c and resumable.c, out by
 * media.c, and across by rewrite.c. */
#ifndef EMULATOR_OBJECTS_H
#define EMULATOR_OBJECTS_H

#include "emulator/http/req.h"

void	objects_get_h(struct req *);
void	objects_patch_h(struct req *);
void	objects_update_h(struct req *);
void	objects_delete_h(struct req *);

/* What a request's writes of objects pass on to the store. */
struct store_write	objects_write(const struct req *);
/* req_fail_rc(), with what the store says of a hash that differs. */
void	objects_fail(struct req *, const struct store_write *, enum store_rc);
/* An upload has made that object: for the journal. */
void	objects_stored(struct req *, const struct object *);
/* What patch and update do, for the XML API too: a full update forgets what
 * was there.  -1: a reply has been stored. */
int	objects_apply(struct req *, const json_t *in, bool patch,
    struct object *);
/* May the source of a copy be read, which is o (NULL: there is none of that
 * name)?  -1: a 403 has been stored. */
int	objects_may_read(struct req *, const char *bucket, const char *name,
    const struct object *o);
/* An object that exists may only be overwritten by who may delete it.  -1: a
 * 403 has been stored. */
int	objects_may_overwrite(struct req *, const char *bucket,
    const char *name);

#endif
