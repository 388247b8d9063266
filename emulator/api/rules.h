/* emulator/api/rules.h: what the store must know of the attrs that it keeps:
 * holds, retention, soft delete, and what new objects take from their bucket.
 * Knows the fields; decides nothing.
 * https://cloud.google.com/storage/docs/object-holds ,
 * https://cloud.google.com/storage/docs/bucket-lock ,
 * https://cloud.google.com/storage/docs/soft-delete */
#ifndef EMULATOR_RULES_H
#define EMULATOR_RULES_H

#include "emulator/store/store.h"

/* For struct store_opts. */
extern const struct store_rules rules_store;

#endif
