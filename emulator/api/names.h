/* emulator/api/names.h: which names Cloud Storage accepts,
 * https://cloud.google.com/storage/docs/buckets#naming and
 * https://cloud.google.com/storage/docs/objects#naming .  Knows strings. */
#ifndef EMULATOR_NAMES_H
#define EMULATOR_NAMES_H

#include <stdbool.h>

#include "emulator/http/req.h"

bool	names_bucket_ok(const char *name);
/* NULL, or what is wrong with it. */
const char	*names_object_fault(const char *name);

/* 0, or -1 with the 400 stored. */
int	names_check_bucket(struct req *, const char *name);
int	names_check_object(struct req *, const char *name);

#endif
