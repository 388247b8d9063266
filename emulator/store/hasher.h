/* emulator/store/hasher.h: the MD5 of files while they are written, computed
 * behind the writer's back by threads of its own.  Knows files and MD5; not
 * the store.
 *
 * MD5 cannot be divided and takes a processor about 1.4 s/GB, more than all
 * else that an upload costs together.  The threads read what was written out
 * of the page cache, so nothing is handed over and nobody has to wait before
 * the digest is asked for.  Who asks does the rest himself where no thread has
 * begun with it. */
#ifndef EMULATOR_HASHER_H
#define EMULATOR_HASHER_H

#include <stdint.h>

#include "lib/mem.h"

struct checksum_md5;				/* checksum.h */
struct hasher;					/* the threads */
struct hash;		/* of one file; its calls come one at a time */

struct hasher	*hasher_new(void);
/* No hash is open any more. */
void	hasher_free(struct hasher *);

/* m is the MD5 of the file's first `at` bytes, and is taken over. */
struct hash	*hasher_open(struct hasher *, const char *path, int64_t at,
    struct checksum_md5 *m);
/* It waits for a read under way, no longer. */
void	hasher_close(struct hash *);

/* The first `end` bytes are written. */
void	hasher_more(struct hash *, int64_t end);
/* All that are written are there to stay … */
void	hasher_keep(struct hash *);
/* … and all others are written anew.  It waits as hasher_close() does. */
void	hasher_back(struct hash *);
/* The MD5 of all that are written.  0, or -1 with errno: the file could not be
 * read; it may be asked for again. */
int	hasher_get(struct hash *, unsigned char dst[16]) MUST_USE;

#endif
