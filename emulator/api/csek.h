/* emulator/api/csek.h: keys that the client brings along or names:
 * https://cloud.google.com/storage/docs/encryption/customer-supplied-keys and
 * https://cloud.google.com/storage/docs/encryption/customer-managed-keys .
 * An object remembers the SHA-256 of its key, and its bytes are given only to
 * who sends that key; on the disk they lie as they came.  Knows the headers;
 * no Cloud KMS, of which every well-formed key name is taken. */
#ifndef EMULATOR_CSEK_H
#define EMULATOR_CSEK_H

#include "emulator/http/req.h"

/* x-goog-encryption-…, or x-goog-copy-source-encryption-… */
enum csek_role { CSEK_OBJECT, CSEK_SOURCE };

/* The base64 of the SHA-256 of the request's key, in the arena; NULL where it
 * brings none.  -1: a 400 has been stored. */
int	csek_read(struct req *, enum csek_role, const char **sha);
/* The key of a new object into its attrs: the request's, or the Cloud KMS key
 * that it names.  -1: a 400 or 409 has been stored. */
int	csek_attrs(struct req *, json_t *to);
/* Does the request bring the key of this object, and none where it has none?
 * -1: a 400 has been stored. */
int	csek_check(struct req *, enum csek_role, const struct object *);
/* The same where a key is not needed but, if it comes, must be right. */
int	csek_check_if_given(struct req *, const struct object *);
/* May the request see the checksums of an object with this key? */
bool	csek_shows(struct req *, const char *sha);

#endif
