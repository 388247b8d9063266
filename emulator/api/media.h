/* emulator/api/media.h: an object's bytes on their way out, whole or a range,
 * by the JSON API (alt=media) or the XML API.  Knows headers of downloads. */
#ifndef EMULATOR_MEDIA_H
#define EMULATOR_MEDIA_H

#include "emulator/http/req.h"

void	media_get_h(struct req *);
/* As the request's API gives it, with quotes in the XML API. */
const char	*media_etag(struct req *, const struct object *);
/* The headers that every download carries, from the object's metadata. */
void	media_headers(struct req *, const struct object *);
/* Of these, those that tell what is stored: after a PUT. */
void	media_headers_stored(struct req *, const struct object *);

#endif
