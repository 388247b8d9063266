/* emulator/api/batch.h: many calls in one request,
 * https://cloud.google.com/storage/docs/batch .  Knows multipart/mixed with
 * an HTTP request in each part; each goes the way of any request
 * (http/dispatch.h), with rules, rights and a journal line of its own that
 * tells the batch's number.  Media go neither in nor out. */
#ifndef EMULATOR_BATCH_H
#define EMULATOR_BATCH_H

#include "emulator/http/req.h"

#define BATCH_MAX	100		/* calls */

void	batch_h(struct req *);

#endif
