/* lib/buf.h: a growing string of bytes.  Knows nothing of encodings.
 *
 * Invariants: p is never NULL and always NUL-terminated at p[len]; len never
 * exceeds the cap given at buf_init(), which is not optional.  An addition
 * that would exceed it adds nothing, sets `full`, and so do all later ones:
 * build first, ask buf_ok() once at the end.
 *
 * _init, _reset (empty, keep the room), _release (free; usable again after
 * _init), _detach (hand the string to the caller, who frees it). */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/mem.h"

struct buf {
	char	*p;
	size_t	len;
	size_t	room;		/* private */
	size_t	max;		/* private: the cap in bytes */
	bool	full;		/* an addition was refused */
};

void	buf_init(struct buf *b, size_t max);
void	buf_release(struct buf *b);
void	buf_reset(struct buf *b);
char	*buf_detach(struct buf *b);
static inline bool buf_ok(const struct buf *b) { return (!b->full); }

void	buf_add(struct buf *b, const void *p, size_t n);
void	buf_adds(struct buf *b, const char *s);
void	buf_addc(struct buf *b, char c);
void	buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void	buf_vaddf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* Where n bytes may be written by hand, NULL where that would exceed the cap;
 * buf_took() then says how many were, and ends them. */
char	*buf_room(struct buf *b, size_t n);
void	buf_took(struct buf *b, size_t n);
/* Remove n bytes (or all there are) from the front. */
void	buf_drop(struct buf *b, size_t n);
/* Shorten to n bytes; n must not exceed len. */
void	buf_cut(struct buf *b, size_t n);

#endif
