/* emulator/api/fields.h: partial responses, `fields=items(name,size),next`,
 * https://cloud.google.com/storage/docs/json_api#partial-response .  Knows
 * JSON; no resource. */
#ifndef EMULATOR_FIELDS_H
#define EMULATOR_FIELDS_H

#include "lib/err.h"
#include "lib/jtext.h"

/* Writes json, a valid text, with only what the selector names.  Names that
 * are not there select nothing.  0, or -1 with a message where the selector is
 * malformed; then nothing has been written. */
int	fields_select(struct jtext *, const char *json, const char *selector,
    struct err *e);
/* Is it well-formed, and does it name nothing that no resource has?  0, or -1
 * with a message. */
int	fields_check(const char *selector, struct err *e);

#endif
