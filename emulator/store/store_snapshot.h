/* emulator/store/store_snapshot.h: the whole state of the store kept aside,
 * and brought back.  Knows rows and payload files; not where the folder is
 * told from.  A snapshot shares payload files with the store by hard links:
 * they are written once and never changed.
 *
 * Loading is one transaction: a request sees the state before or after it,
 * nothing between, and what it had begun to read it reads to the end.
 * Mutations and generations go on counting from where they were. */
#ifndef EMULATOR_STORE_SNAPSHOT_H
#define EMULATOR_STORE_SNAPSHOT_H

#include "emulator/store/store.h"

/* dir must not be there; it is whole when it is.  -1 with a message. */
int	store_snapshot_save(struct store *, const char *dir, struct err *);
/* -1 with a message: nothing has changed, unless the message says so. */
int	store_snapshot_load(struct store *, const char *dir, struct err *);

#endif
