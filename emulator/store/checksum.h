/* emulator/store/checksum.h: CRC32C and MD5 of a stream, as Cloud Storage
 * gives them.  Knows nothing of objects.
 *
 * CRC32C (Castagnoli) is our own, since Debian packages no library of it: the
 * SSE4.2 or ARMv8 instruction where the processor has it, a table elsewhere.
 * MD5 is OpenSSL's. */
#ifndef EMULATOR_CHECKSUM_H
#define EMULATOR_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* Continue crc (0 at the start) over n bytes. */
uint32_t checksum_crc32c(uint32_t crc, const void *p, size_t n);
/* The same without the instruction, for comparison. */
uint32_t checksum_crc32c_portable(uint32_t crc, const void *p, size_t n);

/* Of a text a followed by a text b of n bytes, from the CRC32C of each. */
uint32_t checksum_crc32c_join(uint32_t a, uint32_t b, int64_t n);

struct checksum_md5;				/* a running MD5 */
struct checksum_md5 *checksum_md5_new(void);
/* Another that stands where m stands. */
struct checksum_md5 *checksum_md5_copy(const struct checksum_md5 *m);
void	checksum_md5_add(struct checksum_md5 *m, const void *p, size_t n);
/* The digest of what was added so far; more may be added after. */
void	checksum_md5_get(const struct checksum_md5 *m, unsigned char dst[16]);
void	checksum_md5_free(struct checksum_md5 *m);

/* Base64 as in the `crc32c` (big endian) and `md5Hash` fields. */
void	checksum_crc32c_b64(char dst[9], uint32_t crc);
void	checksum_md5_b64(char dst[25], const unsigned char md5[16]);

#endif
