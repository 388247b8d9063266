#include "lib/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char buf_empty[1];	/* what p points to before the first byte */

void
buf_init(struct buf *b, size_t max)
{

	*b = (struct buf){ .p = buf_empty, .max = max };
}

void
buf_release(struct buf *b)
{

	if (b->room > 0)
		free(b->p);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{

	b->len = 0;
	b->full = false;
	if (b->room > 0)
		b->p[0] = '\0';
}

char *
buf_detach(struct buf *b)
{
	char *p = b->room > 0 ? b->p : mem_strdup("");

	buf_init(b, b->max);
	return (p);
}

/* True where n more bytes and the NUL fit now. */
static bool
buf_grow(struct buf *b, size_t n)
{
	size_t room, need;

	if (b->full || n > b->max - b->len) {
		b->full = true;
		return (false);
	}
	need = b->len + n + 1;
	BUG_ON(need <= n);		/* a cap that no memory can hold */
	if (need <= b->room)
		return (true);
	room = b->room > 0 ? b->room : 32;
	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	b->p = mem_realloc(b->room > 0 ? b->p : NULL, room);
	b->room = room;
	return (true);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{

	if (n == 0 || !buf_grow(b, n))
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

char *
buf_room(struct buf *b, size_t n)
{

	return (buf_grow(b, n) ? b->p + b->len : NULL);
}

void
buf_took(struct buf *b, size_t n)
{

	BUG_ON(b->len + n >= b->room);
	b->len += n;
	b->p[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{

	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, char c)
{

	buf_add(b, &c, 1);
}

void
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->room - (b->room > 0 ? b->len : 0);
	va_list ap2;
	bool fits;
	int n;

	/* Most fit into the room that is there: then once is enough. */
	va_copy(ap2, ap);
	n = vsnprintf(room > 0 ? b->p + b->len : NULL, room, fmt, ap2);
	va_end(ap2);
	BUG_ON(n < 0);
	fits = (size_t)n < room;
	if (!buf_grow(b, (size_t)n)) {
		if (room > 0)
			b->p[b->len] = '\0';
		return;
	}
	if (!fits)
		(void)vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void
buf_drop(struct buf *b, size_t n)
{

	if (n >= b->len) {
		b->len = 0;
		if (b->room > 0)
			b->p[0] = '\0';
		return;
	}
	memmove(b->p, b->p + n, b->len - n + 1);
	b->len -= n;
}

void
buf_cut(struct buf *b, size_t n)
{

	BUG_ON(n > b->len);
	b->len = n;
	if (b->room > 0)
		b->p[n] = '\0';
}
