/* lib/arena.h: memory that lives as long as one job (a request, a scenario)
 * and is given back all at once.  Knows nothing of the job.  One thread at a
 * time may use an arena.  Results are never NULL, are aligned for any type,
 * and die with arena_release(). */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include <stddef.h>

#include "lib/mem.h"

struct arena {
	struct arena_chunk *head;
	size_t	used;			/* bytes handed out, for bounds */
};

#define ARENA_INIT { NULL, 0 }

void	*arena_alloc(struct arena *a, size_t n);	/* zeroed */
void	*arena_dup(struct arena *a, const void *p, size_t n);
char	*arena_strdup(struct arena *a, const char *s);
char	*arena_strndup(struct arena *a, const char *s, size_t n);
char	*arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Free everything; the arena is empty and can be used again. */
void	arena_release(struct arena *a);
/* The same, but what the next small job will want is kept. */
void	arena_reset(struct arena *a);

#endif
