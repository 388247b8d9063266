/* emulator/api/resource.h: the store's structs as Google's JSON resources,
 * https://cloud.google.com/storage/docs/json_api/v1/objects#resource and
 * https://cloud.google.com/storage/docs/json_api/v1/buckets#resource .  Knows
 * shapes; asks the store nothing. */
#ifndef EMULATOR_RESOURCE_H
#define EMULATOR_RESOURCE_H

#include "emulator/http/req.h"

/* Written as one value. */
void	resource_object(struct req *, struct jtext *, const struct object *);
/* The answer 200 with it. */
void	resource_reply(struct req *, const struct object *);
/* Of an object that the request's client has just written: with checksums,
 * whatever its key. */
void	resource_reply_written(struct req *, const struct object *);
/* A new reference. */
json_t	*resource_bucket(struct req *, const struct bucket *);

/* The link to a bucket or (NULL: not) an object of it, with `/download` or ""
 * before its path; in the arena. */
const char	*resource_url(struct req *, const char *prefix,
    const char *bucket, const char *object);
/* The link to an object as JSON text, until this is called again: what the
 * objects of a page have in common is made once. */
const char	*resource_link(struct req *, const struct object *);
/* The etag that the JSON API gives a version of a thing; in the arena. */
const char	*resource_etag(struct arena *, int64_t generation,
    int64_t metageneration);
#define RESOURCE_ETAG	33
void	resource_etag_put(char dst[RESOURCE_ETAG], int64_t generation,
    int64_t metageneration);
/* The number in a policy's etag; false where it is none of ours. */
bool	resource_etag_parse(const char *etag, int64_t *version);

#endif
