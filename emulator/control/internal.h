/* emulator/control/internal.h: the housekeeping endpoints of fake-gcs-server,
 * under /_internal/ of the plain endpoint, for programs that were written for
 * it.  They ask for no token, so those that change something are only served
 * where the starter said so (that program's name, or --internal-endpoints),
 * and to no web page.
 *
 *   GET      healthcheck   200
 *   PUT      config        {"externalUrl","publicHost"}: hosts to answer for
 *   PUT|POST reseed        load the seed folder again, into an empty store
 *                          where that is temporary: its objects, as an array
 *   POST     delete_all    no bucket and no object is left: {"message"}
 *
 * The last two wait until no request is under way, and others wait for them;
 * 409 where one does not end.
 * https://github.com/fsouza/fake-gcs-server/tree/main/fakestorage */
#ifndef EMULATOR_INTERNAL_H
#define EMULATOR_INTERNAL_H

#include "emulator/http/req.h"

void	internal_health_h(struct req *);
void	internal_config_h(struct req *);
void	internal_reseed_h(struct req *);
void	internal_delete_h(struct req *);

#endif
