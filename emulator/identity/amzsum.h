/* emulator/identity/amzsum.h: the checksums that S3's clients send along,
 * `x-amz-checksum-NAME` in a header or behind the body.  Knows CRCs and SHAs.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
#ifndef EMULATOR_AMZSUM_H
#define EMULATOR_AMZSUM_H

#include <stdbool.h>
#include <stddef.h>

struct amzsum;

/* name: crc32, crc32c, crc64nvme, sha1, sha256; NULL: none of them. */
struct amzsum	*amzsum_new(const char *name);
void	amzsum_add(struct amzsum *, const void *p, size_t n);
/* Is that what was added, in base64?  Once only. */
bool	amzsum_is(struct amzsum *, const char *b64);
void	amzsum_free(struct amzsum *);

#endif
