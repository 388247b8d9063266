/* emulator/bench/big.h: one large object up and down, in the ways that a
 * server takes it.  Knows requests; not what is measured with them. */
#ifndef EMULATOR_BENCH_BIG_H
#define EMULATOR_BENCH_BIG_H

#include "emulator/bench/bench.h"

#define BIG_CHUNK	(INT64_C(16) << 20)

/* How a subject is reached: plain, or (tls) by the proxy or its own HTTPS;
 * base is what paths are appended to. */
struct big_way {
	struct web_way way;
	const char *base;
};
struct big_way	big_way(const struct subject *, bool tls, struct arena *);

/* The object `name` of `size` bytes of web_block(), by uploadType=media (or
 * PUT) or by resumable chunks of BIG_CHUNK.  The answer's size must be
 * right. */
int	big_put(const struct subject *, const struct big_way *, struct arena *,
    const char *name, int64_t size, bool resumable, struct err *);
/* Down again in `parts` ranges at once (1: whole).  check: byte by byte. */
int	big_get(const struct subject *, const struct big_way *, struct arena *,
    const char *name, int64_t size, size_t parts, bool check, struct err *);
int	big_delete(const struct subject *, const struct big_way *,
    struct arena *, const char *name, struct err *);

/* Figures of one transfer: MB/s, server seconds a GB, peak, and peak above
 * idle where idle is not 0. */
void	big_note(struct bench *, const char *measure, const char *variant,
    const char *subject, const struct subject *, int64_t size, int64_t us,
    int64_t cpu_us, int64_t idle);

#endif
