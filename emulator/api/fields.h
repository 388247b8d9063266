/* emulator/api/fields.h: partial responses, `fields=items(name,size),next`,
 * https://cloud.google.com/storage/docs/json_api#partial-response .  Knows
 * JSON; no resource. */
#ifndef EMULATOR_FIELDS_H
#define EMULATOR_FIELDS_H

#include <jansson.h>

#include "lib/err.h"

/* A new value with only what the selector names, or NULL with a message where
 * the selector is malformed.  Names that are not there select nothing. */
json_t	*fields_select(const json_t *j, const char *selector, struct err *e);
/* Is it well-formed, and does it name nothing that no resource has?  0, or -1
 * with a message. */
int	fields_check(const char *selector, struct err *e);

#endif
