/* emulator/api/restore.h: soft-deleted objects and buckets, seen and brought
 * back.  https://cloud.google.com/storage/docs/soft-delete .  Knows the calls;
 * what stays and how long is the store's. */
#ifndef EMULATOR_RESTORE_H
#define EMULATOR_RESTORE_H

#include "emulator/http/req.h"

void	restore_object_h(struct req *);	/* storage.objects.restore */
void	restore_bucket_h(struct req *);	/* storage.buckets.restore */

/* The soft-deleted generation of rq->object for a get; where rq->status is
 * set after it, the error has been stored. */
enum store_rc	restore_look(struct req *, int64_t generation,
    struct object *out);
/* softDeleted=true of a listing, where the bucket has a policy for it.  -1:
 * a 400 has been stored. */
int	restore_listable(struct req *);
/* What tells it from another soft-deleted one of its name and generation, in
 * the arena; NULL where it is live or its bucket has no hierarchy. */
const char	*restore_token(struct req *, const struct object *);
/* buckets.get and buckets.list with softDeleted=true */
void	restore_bucket_get(struct req *);
void	restore_bucket_list(struct req *, const char *project);

#endif
