/* emulator/bench/web.h: requests by libcurl: the set-up, the large transfers,
 * all that goes through the proxy and its TLS, and small requests as a real
 * HTTP client sends them.  Knows HTTP; not what is asked. */
#ifndef EMULATOR_BENCH_WEB_H
#define EMULATOR_BENCH_WEB_H

#include <stdbool.h>
#include <stdint.h>

#include "emulator/bench/times.h"
#include "lib/buf.h"
#include "lib/err.h"

/* Bytes that are sent are these, again and again; filled by web_init(). */
#define WEB_BLOCK	((size_t)1 << 20)
const unsigned char	*web_block(void);

struct web_req {
	const char *method, *url;
	const char *type;		/* Content-Type, or NULL */
	const char *header;		/* one more header, or NULL */
	const char *body;		/* or NULL: */
	int64_t	size;			/* of the body; -1: no body */
	int64_t	from;			/* byte of the repeated block */
	const char *range;		/* "0-99", or NULL */
	int	status;			/* of the answer; 0: any will do */
	int64_t	answer;			/* bytes it must have; -1: any */
	bool	check;			/* … and be the repeated block */
};

/* How a server is reached. */
struct web_way {
	int	proxy;			/* port of a CONNECT proxy, or 0 */
	const char *ca;			/* PEM file, or NULL */
};

/* What came back of one request. */
struct web_answer {
	int	status;
	struct buf body;		/* the caller's to release */
	char	*location;		/* heap, or NULL */
};

void	web_init(void);
void	web_release(void);

/* One request on a connection of its own; the answer may be NULL, or comes
 * initialised and is the caller's to release. */
int	web_call(const struct web_way *, const struct web_req *,
    struct web_answer *, struct err *);
void	web_answer_release(struct web_answer *);

/* One request after another on one connection that stays (or many). */
struct web	*web_open(const struct web_way *, size_t connections);
void		web_close(struct web *);
/* A request on the first connection. */
int	web_do(struct web *, const struct web_req *, struct web_answer *,
    struct err *);
/* All connections busy until `requests` were sent or us have passed (0: no
 * such bound).  next fills the i-th request; what it points to must live
 * until that slot's next call.  Times are as those of gen_run(). */
typedef void web_next_fn(void *arg, int64_t i, size_t slot, struct web_req *);
int	web_run(struct web *, web_next_fn *, void *arg, int64_t requests,
    int64_t us, struct times_sum *, struct err *);

#endif
