/* emulator/api/attrs.h: what clients may set on buckets and objects: from the
 * JSON of a request to the texts that the store keeps (`attrs`), with types
 * checked.  Output-only and unknown fields are ignored, as the real service
 * does.  Knows field names and types; no storage. */
#ifndef EMULATOR_ATTRS_H
#define EMULATOR_ATTRS_H

#include "emulator/http/req.h"

/* Of a new object or a full update.  NULL: a 400 that names the field. */
const char	*attrs_object(struct req *, const json_t *in);
/* old (text) with a patch applied: null removes, metadata is merged. */
const char	*attrs_object_patch(struct req *, const char *old,
    const json_t *in);
/* crc32c and md5Hash in an object's JSON, `x-goog-hash` and Content-MD5 in
 * the headers, into x.  -1: a 400 has been stored. */
int	attrs_expect_json(struct req *, const json_t *in,
    struct store_expect *x);
int	attrs_expect_headers(struct req *, struct store_expect *x);

/* The same for buckets.  *versioning is what they say of it. */
const char	*attrs_bucket(struct req *, const json_t *in,
    bool *versioning);
const char	*attrs_bucket_patch(struct req *, const char *old,
    const json_t *in, bool *versioning);

#endif
