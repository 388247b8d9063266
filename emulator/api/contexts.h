/* emulator/api/contexts.h: object contexts, pairs of texts by which objects are
 * found, https://cloud.google.com/storage/docs/object-contexts , and the filter
 * of listings, https://cloud.google.com/storage/docs/use-object-contexts .
 * Knows `contexts.custom`; no storage. */
#ifndef EMULATOR_CONTEXTS_H
#define EMULATOR_CONTEXTS_H

#include "emulator/http/req.h"

/* `v`, new or patched contexts (null removes), into `to`, in which the old
 * ones are.  With `replace` those that v does not name go.  -1: a 400, or the
 * 403 of who may not attach, change or remove contexts of objects in bucket. */
int	contexts_take(struct req *, const char *bucket, json_t *to,
    const json_t *v, bool replace);

/* contexts."K"="V", contexts."K":*, either with a leading '-'. */
struct contexts_filter;
/* In the arena; NULL: a 400 has been stored. */
struct contexts_filter	*contexts_filter(struct req *, const char *text);
/* For struct store_list: does the filter pass the object? */
bool	contexts_match(void *filter, const struct object *);

#endif
