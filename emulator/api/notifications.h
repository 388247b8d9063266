/* emulator/api/notifications.h: notification configurations of buckets,
 * https://cloud.google.com/storage/docs/json_api/v1/notifications .  Knows
 * the resource and its limits; nothing is ever published, for there is no
 * Pub/Sub here. */
#ifndef EMULATOR_NOTIFICATIONS_H
#define EMULATOR_NOTIFICATIONS_H

#include "emulator/http/req.h"

void	notifications_list_h(struct req *);
void	notifications_insert_h(struct req *);
void	notifications_get_h(struct req *);
void	notifications_delete_h(struct req *);

#endif
