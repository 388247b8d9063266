/* emulator/tests/fuzz/fuzz.h: what fuzz targets share.  A target is one
 * function of bytes that ends the program where a promise of its module is
 * broken.  With libFuzzer (`make fuzz`) it looks for such bytes; with replay.c
 * (`make check`) it is given those that are in the tree. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/mem.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The promise. */
#define MUST(cond)	BUG_ON(!(cond))

/* The input as a string; NULs end it. */
static inline char *
fuzz_text(struct arena *a, const uint8_t *p, size_t n)
{

	return (arena_strndup(a, (const char *)p, n));
}

#endif
