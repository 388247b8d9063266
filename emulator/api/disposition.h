/* emulator/api/disposition.h: the header Content-Disposition of a form's part,
 * as browsers write it (RFC 7578, RFC 6266).  Knows strings.  Results are in
 * the arena. */
#ifndef EMULATOR_DISPOSITION_H
#define EMULATOR_DISPOSITION_H

#include "lib/arena.h"

/* A parameter, `name="a \"b\""` or bare; NULL where there is none. */
const char	*disposition_param(struct arena *, const char *h,
    const char *name);
/* The file's name, without the path that some browsers send; "" where there
 * is none. */
const char	*disposition_filename(struct arena *, const char *h);

#endif
