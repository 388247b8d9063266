/* emulator/api/hmac_keys.h: the projects.hmacKeys resource,
 * https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys .
 * Knows its JSON; the keys are identity/hmac.c's. */
#ifndef EMULATOR_HMAC_KEYS_H
#define EMULATOR_HMAC_KEYS_H

#include "emulator/http/req.h"

void	hmac_keys_create_h(struct req *);
void	hmac_keys_list_h(struct req *);
void	hmac_keys_get_h(struct req *);
void	hmac_keys_update_h(struct req *);
void	hmac_keys_delete_h(struct req *);

#endif
