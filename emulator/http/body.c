#include "emulator/http/body.h"

#include <string.h>

#define EXT_MAX		(4u << 10)	/* of one chunk's extensions */
#define TRAILER_MAX	(16u << 10)	/* of all trailers */
#define DIGITS_MAX	15u		/* hexadecimal, of a chunk's size */

enum {
	S_LENGTH,		/* `left` bytes, then the end */
	S_SIZE,			/* in the hexadecimal digits */
	S_EXT,			/* behind them */
	S_SIZE_LF,
	S_DATA,
	S_DATA_CR, S_DATA_LF,
	S_TRAILER,		/* at the beginning of a line */
	S_NAME, S_VALUE, S_VALUE_LF,
	S_LAST_LF,
	S_END, S_BAD,
};

void
body_init(struct body *b, bool chunked, int64_t length)
{

	*b = (struct body){ .left = length > 0 ? length : 0 };
	b->state = chunked ? S_SIZE : b->left > 0 ? S_LENGTH : S_END;
}

static int
body_digit(unsigned char c)
{

	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

static int
body_size(struct body *b, unsigned char c)
{
	int d = body_digit(c);

	if (d >= 0 && b->digits < DIGITS_MAX) {
		b->left = b->left * 16 + d;
		b->digits++;
		return (S_SIZE);
	}
	if (b->digits == 0 || d >= 0)
		return (S_BAD);
	b->line = 0;
	if (c == '\r')
		return (S_SIZE_LF);
	return (c == ';' || c == ' ' || c == '\t' ? S_EXT : S_BAD);
}

/* Of names that nobody here reads, only the shape is checked. */
static bool
body_text(unsigned char c)
{

	return (c == '\t' || (c >= ' ' && c != 0x7f));
}

/* One byte of the framing: the state that follows. */
static int
body_step(struct body *b, unsigned char c)
{

	switch (b->state) {
	case S_SIZE:
		return (body_size(b, c));
	case S_EXT:
		if (c == '\r')
			return (S_SIZE_LF);
		return (body_text(c) && ++b->line < EXT_MAX ? S_EXT : S_BAD);
	case S_SIZE_LF:
		b->line = b->digits = 0;
		if (c != '\n')
			return (S_BAD);
		return (b->left > 0 ? S_DATA : S_TRAILER);
	case S_DATA_CR:
		return (c == '\r' ? S_DATA_LF : S_BAD);
	case S_DATA_LF:
		return (c == '\n' ? S_SIZE : S_BAD);
	case S_TRAILER:
		if (c == '\r')
			return (S_LAST_LF);
		return (c > ' ' && c != ':' && body_text(c) ? S_NAME : S_BAD);
	case S_NAME:
		if (++b->line == TRAILER_MAX || c <= ' ' || !body_text(c))
			return (S_BAD);
		return (c == ':' ? S_VALUE : S_NAME);
	case S_VALUE:
		if (c == '\r')
			return (S_VALUE_LF);
		return (body_text(c) && ++b->line < TRAILER_MAX ? S_VALUE :
		    S_BAD);
	case S_VALUE_LF:
		return (c == '\n' ? S_TRAILER : S_BAD);
	case S_LAST_LF:
		return (c == '\n' ? S_END : S_BAD);
	default:
		return (S_BAD);
	}
}

enum body_rc
body_take(struct body *b, char *p, size_t n, size_t *used, char **data,
    size_t *len)
{
	size_t at = 0, k;

	*data = p;
	*len = 0;
	while (at < n && b->state < S_END) {
		if (b->state != S_DATA && b->state != S_LENGTH) {
			b->state = body_step(b, (unsigned char)p[at++]);
			continue;
		}
		k = (int64_t)(n - at) < b->left ? n - at : (size_t)b->left;
		if (*len == 0)
			*data = p + at;
		else
			memmove(*data + *len, p + at, k);
		*len += k;
		at += k;
		b->left -= (int64_t)k;
		if (b->left == 0)
			b->state = b->state == S_DATA ? S_DATA_CR : S_END;
	}
	*used = at;
	if (b->state == S_BAD)
		return (BODY_BAD);
	return (b->state == S_END ? BODY_END : BODY_MORE);
}
