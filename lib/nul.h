/* lib/nul.h: U+0000 in texts that are C strings.  Cloud Storage takes it in an
 * object's name.  Inside of this program it is written as the two bytes 01 01,
 * and U+0001 as 01 02; every other character is itself.  No such sequence
 * begins another and they sort as what they stand for, so the order of two
 * texts stays theirs, and a prefix stays one.  What is inside of a text is
 * found by nul_find() and nul_ends() alone: 01 02 is also the end of 01 01
 * and the byte 02.
 *
 * Knows the three forms in which texts come and go: JSON text, percent-encoded
 * text and bytes; not what they are about.  All that comes from a client as
 * one of them goes through here once, and again when it is sent. */
#ifndef LIB_NUL_H
#define LIB_NUL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

/* ---- coming in ---- */

/* Percent-encoded text, before it is decoded; in place. */
void	nul_url(char *s);
/* One byte, or n of them, to the end of b. */
void	nul_addc(struct buf *b, char c);
void	nul_add(struct buf *b, const char *s, size_t n);
/* json_loadb(); NULL too where there is a U+0000 but !take, or one in a key. */
json_t	*nul_json(const char *p, size_t n, bool take, size_t flags,
    json_error_t *);

/* ---- going out; each in place, and returns how long it is now ---- */

size_t	nul_out(char *s);		/* to bytes; ended by a NUL too */
size_t	nul_json_out(char *s, size_t n);
/* What str_pct_encode() or str_pct_put() made of a text. */
size_t	nul_url_out(char *s, size_t n);
/* str_pct_encode() of such a text, or one that is already bytes. */
void	nul_pct_encode(struct buf *b, const char *s, bool keep_slash);

/* ---- questions about such texts ---- */

size_t	nul_len(const char *s);		/* in bytes, as the client sees it */
bool	nul_has(const char *s);		/* a U+0000 */
/* strstr() and str_ends(). */
const char	*nul_find(const char *s, const char *what);
bool	nul_ends(const char *s, const char *what);
/* For matching byte by byte: U+0000 becomes the one byte FF, which is in no
 * UTF-8, and U+0001 itself.  In place. */
#define NUL_FLAT	0xff
void	nul_flat(char *s);
/* str_glob(). */
bool	nul_glob(const char *pattern, const char *s);

#endif
