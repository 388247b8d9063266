/* harness/script/lex.h: one line of a scenario into words, with their places.
 * Knows quotes, comments and UTF-8; not what a word means. */
#ifndef HARNESS_LEX_H
#define HARNESS_LEX_H

#include "harness/script/diag.h"
#include "harness/script/script.h"
#include "lib/arena.h"

/* text[0..n), which begins at `at`, into *words (in the arena).  Mistakes go
 * to the diag; what could be read is returned all the same. */
size_t	lex_words(struct arena *, struct diag *, struct place at,
    const char *text, size_t n, struct word **words);
/* The length of the blanks at the start of text[0..n). */
size_t	lex_blanks(const char *text, size_t n);
/* The first byte of text[0..n) that is not UTF-8 or not allowed in a text
 * file, or n. */
size_t	lex_bad_byte(const char *text, size_t n);
/* Is text[0..n) a name (letters, digits, `-`, `_`, `.`; a letter first)? */
bool	lex_is_name(const char *text, size_t n);

#endif
