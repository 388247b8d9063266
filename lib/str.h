/* lib/str.h: small pure functions on strings.  Knows no protocol. */
#ifndef LIB_STR_H
#define LIB_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

/* Shell-like match over bytes: `*` any run, `?` one byte; all else itself. */
bool	str_glob(const char *pattern, const char *s);

bool	str_starts(const char *s, const char *prefix);
bool	str_ends(const char *s, const char *suffix);
/* Is s one of words[0..n)? */
bool	str_among(const char *s, const char *const *words, size_t n);

/* A decimal number that fills the whole string; false where it does not or
 * does not fit. */
bool	str_int64(const char *s, int64_t *v);

/* `0`, `512`, `64KiB`, `16MiB`, `1GiB`, `2k` (1000) … to bytes. */
int	str_parse_bytes(const char *s, int64_t *bytes, struct err *e);

/* RFC 3986 percent encoding: all but unreserved characters (and '/' where
 * keep_slash) are escaped. */
void	str_pct_encode(struct buf *b, const char *s, size_t n, bool keep_slash);
/* The same into room for 3n bytes; how many it took, without a NUL. */
size_t	str_pct_put(char *dst, const char *s, size_t n, bool keep_slash);
/* In place; a '+' stays unless plus_is_space (forms and queries).  The length
 * comes back in *n, as the result may hold NULs.  False: a malformed escape. */
bool	str_pct_decode(char *s, size_t *n, bool plus_is_space);

/* Base64 (url: the alphabet of RFC 4648 section 5, without padding). */
void	str_b64_encode(struct buf *b, const void *p, size_t n, bool url);
/* The same into room for STR_B64(n) bytes; how many it took, without a NUL. */
#define STR_B64(n)	(((n) + 2) / 3 * 4)
size_t	str_b64_put(char *dst, const void *p, size_t n, bool url);
/* Accepts either padding; appends to b.  False: not base64. */
bool	str_b64_decode(struct buf *b, const char *s, size_t n, bool url);

void	str_hex(char *dst, const void *p, size_t n);	/* 2n + 1 bytes */

/* Same length and bytes, in time that does not depend on where they differ. */
bool	str_equal_secret(const char *a, const char *b);

/* The entry of names[0..n) nearest to word, or NULL where none is near
 * enough to be meant: for 'did you mean …'. */
const char	*str_nearest(const char *word, const char *const *names,
    size_t n);

#endif
