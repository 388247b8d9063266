/* emulator/api/retention.h: what keeps objects from ending, in the words of the
 * API: retention of buckets and of objects, and locks.  The store enforces it.
 * https://cloud.google.com/storage/docs/bucket-lock ,
 * https://cloud.google.com/storage/docs/object-lock ,
 * https://cloud.google.com/storage/docs/object-holds */
#ifndef EMULATOR_RETENTION_H
#define EMULATOR_RETENTION_H

#include "emulator/http/req.h"

/* Is rc the store's refusal to end an object that is kept? */
bool	retention_is(enum store_rc rc);
/* Then this stores the 403 that tells which object, and until when. */
void	retention_fail(struct req *, enum store_rc rc, const char *bucket,
    const char *object);

/* `v`, an object's new retention (never NULL), into `to`, in which the old one
 * is.  -1: a 400 or 403 has been stored. */
int	retention_object(struct req *, const char *bucket, json_t *to,
    const json_t *v);
/* The same of a bucket's retentionPolicy. */
int	retention_policy(struct req *, const char *bucket, json_t *to,
    const json_t *v);

/* storage.buckets.lockRetentionPolicy */
void	retention_lock_h(struct req *);

#endif
