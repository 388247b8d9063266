/* emulator/api/attrs.h: what clients may set on buckets and objects: from the
 * JSON of a request to the texts that the store keeps (`attrs`), with types
 * and values checked.  Output-only and unknown fields are ignored, as the real
 * service does.  Knows field names and rules; of storage only what a rule asks
 * of the bucket. */
#ifndef EMULATOR_ATTRS_H
#define EMULATOR_ATTRS_H

#include "emulator/http/req.h"

/* Of a new object of this bucket, with the encryption that the request asks
 * for.  NULL: a 400 (or 403, 409) that names the field. */
const char	*attrs_object_in(struct req *, const char *bucket,
    const json_t *in);
/* The same in rq->bucket. */
const char	*attrs_object(struct req *, const json_t *in);
/* Of a copy of an object with these attrs: without holds, retention, class,
 * list, owner and encryption, which are the copy's own. */
const char	*attrs_object_copy(struct req *, const char *old);
/* Does `in` set anything that attrs_object() would keep? */
bool	attrs_object_sets(const json_t *in);
/* old (text) with a patch applied: null removes, maps are merged. */
const char	*attrs_object_patch(struct req *, const char *old,
    const json_t *in);
/* old as a full update leaves it: what `in` does not set is gone, but for what
 * cannot be changed. */
const char	*attrs_object_update(struct req *, const char *old,
    const json_t *in);
/* crc32c and md5Hash in an object's JSON, `x-goog-hash` and Content-MD5 in
 * the headers, into x.  -1: a 400 has been stored. */
int	attrs_expect_json(struct req *, const json_t *in,
    struct store_expect *x);
int	attrs_expect_headers(struct req *, struct store_expect *x);

/* attrs_bucket.c: the same for buckets.  *versioning is what they say of it.
 * old: NULL for a new one, else its attrs. */
const char	*attrs_bucket(struct req *, const char *name, const char *old,
    const json_t *in, bool *versioning);
const char	*attrs_bucket_patch(struct req *, const char *name,
    const char *old, const json_t *in, bool *versioning);

/* For both: takes `to` over; its text in the arena. */
const char	*attrs_text(struct req *, json_t *to);
/* The 400 of a field with a value of the wrong type; -1. */
int	attrs_type_fail(struct req *, const char *name);

#endif
