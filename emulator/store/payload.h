/* emulator/store/payload.h: the bytes of one object while they arrive.  Knows
 * the data directory's payload files and checksums; not buckets, names or
 * HTTP.
 *
 * Up to PAYLOAD_INLINE bytes stay in memory and become a blob in the store's
 * SQLite file; more go to a file of their own, `payloads/<2 hex>/<16 hex>`,
 * named by number, never by an object's name, written once and never changed.
 * A file that no row names is an orphan of a crash and is removed when the
 * store opens. */
#ifndef EMULATOR_PAYLOAD_H
#define EMULATOR_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define PAYLOAD_INLINE	(64u << 10)
#define PAYLOAD_MAX	(INT64_C(5) << 40)	/* an object, at most */

struct store;
struct store_reader;				/* store.h */
struct payload;					/* being written; one thread */

struct payload	*payload_new(struct store *st);
/* One that is put together of stored payloads: it has a CRC32C, no MD5. */
struct payload	*payload_new_joined(struct store *st);
/* Drops what was written unless a store call has taken it over. */
void	payload_free(struct payload *p);
/* 0, or -1 with errno (ENOSPC …): nothing of p can be used then. */
int	payload_write(struct payload *p, const void *data, size_t n);
/* The same with all bytes of r, whose CRC32C is known; only for a joined one.
 * They are copied by the kernel where they lie in a file. */
int	payload_join(struct payload *p, const struct store_reader *r,
    uint32_t crc32c);
int64_t	payload_size(const struct payload *p);
uint32_t payload_crc32c(const struct payload *p);
/* 0, or -1 with errno: what was written could not be read again. */
int	payload_md5(struct payload *p, unsigned char dst[16]) MUST_USE;

#endif
