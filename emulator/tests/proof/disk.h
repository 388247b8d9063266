/* emulator/tests/proof/disk.h: the disk that a loss of power leaves behind,
 * made from the tap's log.  What a completed sync covers is there; of the rest
 * each sector of each write, each change of a size and each change of a
 * folder's entries is there or not, by chance.  Knows the log; not what the
 * files mean.
 *
 * The rules are POSIX's, stricter than any file system in use: a new file's
 * entry needs the sync of its folder, and nothing is kept in order. */
#ifndef PROOF_DISK_H
#define PROOF_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "emulator/tests/proof/tap.h"
#include "lib/buf.h"

struct disk;

/* The log's bytes stay the caller's and must outlive it. */
struct disk	*disk_new(const struct buf *log);
void	disk_free(struct disk *);
/* The next record, NULL at the end; it has been taken in. */
const struct tap_record	*disk_step(struct disk *);
/* Syncs that were taken in, and writes that no sync covers now. */
size_t	disk_syncs(const struct disk *);
size_t	disk_unsynced(const struct disk *);
/* Make the folder `dir` (empty or not there) as the disk would be if the
 * power went now.  rng: state of the chances. */
int	disk_make(struct disk *, const char *dir, uint64_t *rng);

#endif
