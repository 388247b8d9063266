/* emulator/api/operations.h: long-running operations of buckets,
 * https://cloud.google.com/storage/docs/using-long-running-operations .  Here
 * each has ended when it is answered; it is kept so that who polls finds it,
 * the newest hundred of a bucket.  Knows the resource; not the work. */
#ifndef EMULATOR_OPERATIONS_H
#define EMULATOR_OPERATIONS_H

#include "emulator/http/req.h"

/* Answers by an operation that has ended well.  `type` is its name
 * ("rename-folder"), metadata and response (both taken over) are what it
 * tells, but for what all have in common. */
void	operations_reply(struct req *, const struct bucket *,
    const char *type, json_t *metadata, json_t *response);

void	operations_list_h(struct req *);
void	operations_get_h(struct req *);
void	operations_cancel_h(struct req *);

#endif
