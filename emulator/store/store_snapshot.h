/* emulator/store/store_snapshot.h: the whole store as it is now, kept beside
 * it under a name, and put back later.  Knows the store's files; not who asks,
 * nor who must wait meanwhile.
 *
 *   DIR/snapshots/NAME/store.db      a copy of the database
 *   DIR/snapshots/NAME/payloads/     its payload files, hard links where the
 *                                    file system has them: such a file is
 *                                    never written to again
 *   DIR/snapshots/NAME/about         a line of numbers
 *
 * What is begun but not done has a name with a dot in front, and goes when the
 * store is opened. */
#ifndef EMULATOR_STORE_SNAPSHOT_H
#define EMULATOR_STORE_SNAPSHOT_H

#include "emulator/store/store.h"

struct snapshot {
	const char *name;
	int64_t	created_us;		/* by the store's clock */
	int64_t	mutation, buckets, objects;
	int64_t	database, payloads;	/* bytes */
};

enum snapshot_rc { SNAPSHOT_OK, SNAPSHOT_NONE, SNAPSHOT_EXISTS,
	SNAPSHOT_FAILED };

#define SNAPSHOT_NAME	100		/* bytes of a name, at most */
/* Letters, digits, `-`, `_` and `.`, the first one no `-` or `.`. */
bool	store_snapshot_name_ok(const char *name);

/* Every call below by one thread at a time; names are good ones.  FAILED comes
 * with a message, and all is as it was. */

/* Writers go on meanwhile; what they do is not in it. */
enum snapshot_rc	store_snapshot_save(struct store *, const char *name,
    bool replace, struct arena *, struct snapshot *out, struct err *);
/* Everything in the store becomes what it was then, by one commit; generations
 * given later are above all that were ever given.  No other call may be under
 * way in the store but waits for mutations and readers of open payloads. */
enum snapshot_rc	store_snapshot_load(struct store *, const char *name,
    struct arena *, struct snapshot *out, struct err *);
enum snapshot_rc	store_snapshot_delete(struct store *,
    const char *name, struct err *);
/* No bucket, no object, no upload, and no record but those of the kinds given
 * (NULL at the end) is left, as if none had been; one mutation.  Who may be
 * under way: as for loading. */
int	store_wipe(struct store *, const char *const *keep, struct err *);
/* By name, *n of them in the arena. */
enum snapshot_rc	store_snapshot_list(struct store *, struct arena *,
    struct snapshot **out, size_t *n, struct err *);

#endif
