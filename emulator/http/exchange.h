/* emulator/http/exchange.h: one request from its head to its journal line: the
 * order of things that req.h tells.  Knows a connection only to read the body
 * from it and to answer on it, and is server.c's other half. */
#ifndef EMULATOR_EXCHANGE_H
#define EMULATOR_EXCHANGE_H

#include <stddef.h>

#include "emulator/emu.h"
#include "emulator/http/conn.h"

enum exchange_rc {
	EXCHANGE_KEEP,		/* the next request may come */
	EXCHANGE_LINGER,	/* answered, but the client may still send */
	EXCHANGE_CLOSE,
};

/* The request whose head is the next n bytes on the desk of c's server.  t0:
 * when it was there. */
enum exchange_rc exchange_run(struct emu *, struct conn *, size_t n,
    int64_t t0_us);
/* An answer to what is not even a head. */
enum exchange_rc exchange_refuse(struct conn *, int status, const char *why);

#endif
