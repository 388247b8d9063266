/* emulator/bench/gen.h: the lean load generator: one thread, raw sockets,
 * epoll, requests that were built beforehand, connections that stay.  Where a
 * request costs a server a few microseconds, libcurl's own cost (about 25 a
 * request) would be what is measured; this one takes about 5, the same for
 * every server.  Knows enough of HTTP/1.1 to find the end of an answer
 * (Content-Length and chunked); does not know what is asked, nor of TLS:
 * web.h does. */
#ifndef EMULATOR_BENCH_GEN_H
#define EMULATOR_BENCH_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/bench/times.h"
#include "lib/err.h"

/* A request as bytes.  Every run of nine '#' in the first GEN_HEAD bytes is
 * replaced by the request's number, nine digits.  Numbers count up; with
 * `scatter` they lie all over the billion, in the order of no index, the same
 * ones each time. */
#define GEN_HEAD	2048
#define GEN_DIGITS	9

struct gen_req {
	char	*p;			/* heap, the maker's */
	size_t	len;
	int64_t	body;			/* bytes an answer must have; -1: any */
	int64_t	wrap;			/* count from 0 again here; 0: never */
	bool	scatter;
};

/* n connections to 127.0.0.1:port; NULL with a message.  gen_close(NULL) is
 * fine. */
struct gen	*gen_open(int port, size_t n, struct err *);
void		gen_close(struct gen *);

/* Keeps every connection busy with one request at a time until `requests`
 * were sent or us have passed (0: no such bound), then waits for the answers.
 * Counts from `first`.
 * -1 with a message: an answer other than 2xx, one of the wrong length, a
 * broken connection, or none within 30 s. */
int	gen_run(struct gen *, const struct gen_req *, int64_t first,
    int64_t requests, int64_t us, struct times_sum *, struct err *);

/* The parser of answers by itself, for its tests. */
struct gen_answer {
	int	state;			/* private; 0 to begin */
	int	status;
	bool	close;			/* the server will close */
	int64_t	body;			/* bytes of it so far */
	int64_t	left;			/* private */
	size_t	nhead;			/* private */
	char	head[4096];		/* private */
};
/* Takes n bytes; how many of them belong to this answer comes back, -1 where
 * it is no HTTP.  *done: the answer is whole. */
int64_t	gen_answer_add(struct gen_answer *, const char *p, size_t n,
    bool *done);

#endif
