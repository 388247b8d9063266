/* emulator/http/gunzip.h: bodies that a client compressed for the way alone,
 * `Content-Encoding: gzip` in the JSON APIs: Java's client does so with every
 * JSON, `gcloud storage cp -J` with uploads, as apitools does,
 * https://cloud.google.com/storage/docs/gsutil/commands/cp (-J).  In the XML
 * API that header is the object's own and nothing is done.  Knows zlib and a
 * request's row; not what the bytes mean. */
#ifndef EMULATOR_GUNZIP_H
#define EMULATOR_GUNZIP_H

#include "emulator/http/req.h"

/* Was the body compressed for the way? */
bool	gunzip_given(const struct req *);
/* BODY_STREAM, before begin(): a row of the request's own, whose data() gives
 * plain bytes to that of the old; its done() must be called. */
void	gunzip_expect(struct req *);
/* BODY_BUF, once gathered: rq->body in plain, of at most its bound; or a 400
 * or 413 has been stored. */
void	gunzip_body(struct req *);

#endif
