#include "lib/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK	16384u		/* most requests fit into one, a payload
				 * of 4 KiB included */
#define LARGE	(CHUNK / 2)	/* has a chunk of its own */

struct arena_chunk {
	struct arena_chunk *next;
	size_t	size;
	size_t	used;
	alignas(max_align_t) unsigned char data[];
};

/* Room for n bytes, not zeroed. */
static void *
arena_room(struct arena *a, size_t n)
{
	const size_t al = alignof(max_align_t);
	struct arena_chunk *c = a->head;
	void *p;

	BUG_ON(n > SIZE_MAX / 2);
	n = (n + al - 1) / al * al;
	if (n == 0)
		n = al;
	if (c == NULL || c->size - c->used < n) {
		size_t size = n > LARGE ? n : CHUNK;

		c = mem_realloc(NULL, sizeof(*c) + size);
		c->size = size;
		c->used = 0;
		/* A large block goes behind the head, whose room stays. */
		if (a->head != NULL && n > LARGE) {
			c->next = a->head->next;
			a->head->next = c;
		} else {
			c->next = a->head;
			a->head = c;
		}
	}
	p = c->data + c->used;
	c->used += n;
	a->used += n;
	return (p);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_room(a, n);

	memset(p, 0, n > 0 ? n : 1);
	return (p);
}

void *
arena_dup(struct arena *a, const void *p, size_t n)
{
	void *q = arena_room(a, n);

	if (n > 0)
		memcpy(q, p, n);
	return (q);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *q = arena_room(a, n + 1);

	if (n > 0)
		memcpy(q, s, n);
	q[n] = '\0';
	return (q);
}

char *
arena_strdup(struct arena *a, const char *s)
{

	return (arena_strndup(a, s, strlen(s)));
}

/* Most texts fit into what is left of the chunk: then once is enough. */
char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	struct arena_chunk *c = a->head;
	size_t room = c != NULL ? c->size - c->used : 0;
	va_list ap;
	char *q;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room > 0 ? (char *)c->data + c->used : NULL, room, fmt,
	    ap);
	va_end(ap);
	BUG_ON(n < 0);
	q = arena_room(a, (size_t)n + 1);
	if ((size_t)n < room)
		return (q);
	va_start(ap, fmt);
	(void)vsnprintf(q, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (q);
}

void
arena_release(struct arena *a)
{
	struct arena_chunk *c, *next;

	for (c = a->head; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	a->head = NULL;
	a->used = 0;
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *c, *next, *keep = NULL;

	for (c = a->head; c != NULL; c = next) {
		next = c->next;
		if (keep == NULL && c->size == CHUNK)
			keep = c;
		else
			free(c);
	}
	if (keep != NULL) {
		keep->used = 0;
		keep->next = NULL;
	}
	a->head = keep;
	a->used = 0;
}
