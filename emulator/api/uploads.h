/* emulator/api/uploads.h: uploads in one request: uploadType=media and
 * multipart of the JSON API.  The bytes stream into a
 * struct payload; nothing is stored unless the whole body has come.  Knows
 * the forms of such bodies; sessions are resumable.c's. */
#ifndef EMULATOR_UPLOADS_H
#define EMULATOR_UPLOADS_H

#include "emulator/http/req.h"

void	uploads_insert_begin(struct req *);
void	uploads_insert_data(struct req *, const void *, size_t);
void	uploads_insert_h(struct req *);
void	uploads_insert_done(struct req *);

/* The object's name from the query or the metadata, checked, into
 * rq->object.  -1: a 400 has been stored. */
int	uploads_name(struct req *, const json_t *meta);

/* The header announces more than an object may have: -1, and the 413 has been
 * stored. */
int	uploads_too_large(struct req *, const char *header);

#endif
