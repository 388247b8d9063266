/* emulator/api/cors.h: cross-origin requests of web pages.  A bucket's own
 * `cors` configuration holds for the XML API, as in the service
 * (https://cloud.google.com/storage/docs/cross-origin), and an origin that it
 * names may do everything by the JSON API, where the service asks no bucket;
 * --cors-headers lets every page in, everywhere.  Without either a page gets
 * nothing.  Knows
 * origins and headers; not what is asked for. */
#ifndef EMULATOR_CORS_H
#define EMULATOR_CORS_H

#include "emulator/http/req.h"

/* May the page that asks do so?  A browser asks nobody before it sends what a
 * form could send, and says in Sec-Fetch-Site from where; without tokens that
 * would be done.  -1: a 403 has been stored. */
int	cors_check_page(struct req *);
/* Is this the question that a browser asks before it asks? */
bool	cors_is_preflight(const struct req *);
/* Its answer; the request's path has been read. */
void	cors_preflight(struct req *);
/* Adds to the reply what lets the page see it. */
void	cors_apply(struct req *);

#endif
