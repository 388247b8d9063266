/* emulator/api/resumable_range.h: x-goog-content-length-range of a resumable
 * upload by the XML API: said once, where the session begins (in a signed URL,
 * as a rule), and to be kept by the upload as a whole.  A record of the store
 * (kind `session-range`, by the session's id), for the few that have one. */
#ifndef EMULATOR_RESUMABLE_RANGE_H
#define EMULATOR_RESUMABLE_RANGE_H

#include "emulator/http/req.h"

/* Keeps what the headers of this request say, if anything.  -1: an error has
 * been stored. */
int	resumable_range_keep(struct req *, const char *id);
/* May the upload end with so many bytes?  -1: the 400 has been stored. */
int	resumable_range_check(struct req *, const char *id, int64_t size);
/* The session has ended. */
void	resumable_range_drop(struct req *, const char *id);

#endif
