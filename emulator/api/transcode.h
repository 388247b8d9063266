/* emulator/api/transcode.h: objects stored as gzip, given decompressed to who
 * takes no gzip, https://cloud.google.com/storage/docs/transcoding .  Knows
 * zlib and when to use it; the other headers are media.c's. */
#ifndef EMULATOR_TRANSCODE_H
#define EMULATOR_TRANSCODE_H

#include "emulator/http/req.h"

/* Is an object with these attrs, whose bytes r gives, to be decompressed for
 * this request? */
bool	transcode_wanted(struct req *, const json_t *attrs,
    const struct store_reader *r);
/* The reply's body: r, owned from here on, decompressed on its way out.  A
 * stream that turns out to be damaged ends the connection. */
void	transcode_reply(struct req *, struct store_reader *r);

#endif
