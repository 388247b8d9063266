/* emulator/identity/seen.h: what has been found out about callers, until
 * something changes: texts by key, each good for one state of the store's
 * buckets and records and up to a time.  Knows neither tokens nor policies. */
#ifndef EMULATOR_IDENTITY_SEEN_H
#define EMULATOR_IDENTITY_SEEN_H

#include <stdint.h>

#include "emulator/emu.h"
#include "lib/arena.h"

struct seen;

struct seen	*seen_new(void);
void	seen_free(struct seen *);

/* Which state it is.  To be called before anything is read of what a text
 * follows from, and given to the other two. */
uint64_t	seen_state(const struct emu *);
/* In the arena; or NULL. */
const char	*seen_get(const struct emu *, uint64_t state, const char *key,
    struct arena *);
/* until_us: on the emulator's clock.  Nothing is kept where the state may have
 * changed since. */
void	seen_put(const struct emu *, uint64_t state, const char *key,
    const char *value, int64_t until_us);

#endif
