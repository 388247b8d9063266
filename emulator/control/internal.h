/* emulator/control/internal.h: the housekeeping endpoints of fake-gcs-server,
 * under /_internal/ of the plain endpoint, for programs that were written for
 * it.  They ask for no token, so those that change something are only served
 * where the starter said so (that program's name, or --internal-endpoints),
 * and to no web page.
 *
 *   GET      healthcheck   200
 *   PUT      config        {"externalUrl","publicHost"}: hosts to answer for
 *   PUT|POST reseed        load the seed folder again
 *   PUT|POST|DELETE delete_all   no bucket and no object is left */
#ifndef EMULATOR_INTERNAL_H
#define EMULATOR_INTERNAL_H

#include "emulator/http/req.h"

void	internal_health_h(struct req *);
void	internal_config_h(struct req *);
void	internal_reseed_h(struct req *);
void	internal_delete_h(struct req *);

#endif
