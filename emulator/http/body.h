/* emulator/http/body.h: where the body of a request ends, and its bytes without
 * the framing.  Knows Content-Length and the chunked coding of RFC 9112
 * section 7.1, with the line ends that it asks for; no sockets. */
#ifndef EMULATOR_BODY_H
#define EMULATOR_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum body_rc {
	BODY_MORE,	/* it goes on behind what was there */
	BODY_END,
	BODY_BAD,	/* the framing is broken: nothing behind it is known */
};

struct body {			/* private */
	int64_t	left;		/* of the length, or of the chunk */
	int	state;
	unsigned digits;	/* of the chunk's size */
	unsigned line;		/* bytes of extensions or of trailers */
};

/* length: -1 where there is none; chunked goes first. */
void	body_init(struct body *, bool chunked, int64_t length);
/* Takes *used bytes of p[0..n) and gives the body's in *data[0..*len): they
 * lie in p, whose bytes it moves together.  Looks no further than the body's
 * end. */
enum body_rc	body_take(struct body *, char *p, size_t n, size_t *used,
    char **data, size_t *len);

#endif
