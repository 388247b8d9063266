/* emulator/http/answer.h: the head of an answer, as bytes.  Knows statuses,
 * dates and which fields every answer carries; sends nothing. */
#ifndef EMULATOR_ANSWER_H
#define EMULATOR_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "emulator/http/conn.h"
#include "emulator/http/head.h"
#include "emulator/http/req.h"

/* The head of rq's reply into desk->out.  h: of the request.  keep: the
 * connection goes on. */
void	answer_head(struct desk *, const struct req *rq, const struct head *h,
    bool keep);
/* A whole answer to what was no request, into desk->out; the connection ends
 * with it.  head: the method was HEAD, and no text may follow. */
void	answer_refusal(struct desk *, int status, const char *text, bool head);
/* "Not Found" and the like. */
const char	*answer_phrase(int status);
/* Has the reply no body, whatever its length says? */
bool	answer_bodyless(const struct req *rq);

#endif
