/* emulator/http/exchange.h: one request from its head to its journal line: the
 * order of things that req.h tells.  Knows libmicrohttpd's connection only to
 * answer on it, and is server.c's other half. */
#ifndef EMULATOR_EXCHANGE_H
#define EMULATOR_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "emulator/emu.h"

struct MHD_Connection;
struct exchange;

struct exchange	*exchange_new(struct emu *, struct MHD_Connection *,
    const char *target);
bool	exchange_begun(const struct exchange *);
/* Each false: close the connection. */
bool	exchange_head(struct exchange *, const char *method);
bool	exchange_body(struct exchange *, const void *p, size_t n);
bool	exchange_end(struct exchange *);
/* sent: the whole reply has gone out. */
void	exchange_free(struct exchange *, bool sent);

#endif
