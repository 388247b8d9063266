/* emulator/tests/proof/parts.h: the part of the model that is multipart uploads
 * of the XML API: begun, parts put, put again and left out, completed or
 * aborted, and what must be true of them after a crash:
 *
 *   an acknowledged part is listed with its ETag, the one under way may be;
 *   a completed upload is an object whole and no upload any more, or it is an
 *   upload with all its parts and no object; a completion that is asked for
 *   again says which: 404 or 200;
 *   an aborted one has all its parts or is not there. */
#ifndef PROOF_PARTS_H
#define PROOF_PARTS_H

#include <stdbool.h>

#include "emulator/tests/proof/model.h"

/* The next step, its last one is the end: an abort or a completion.  Answers
 * as model_do(). */
int	parts_do(struct writer *, bool drop);
/* k: its key, which has been checked. */
bool	parts_check(struct wire *, struct parts *, struct key *k,
    struct buf *why);
/* Aborts all uploads of the bucket. */
bool	parts_empty(struct wire *, struct buf *why);

#endif
