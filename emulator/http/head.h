/* emulator/http/head.h: the head of a request, from bytes to words.  Knows the
 * grammar of RFC 9112 (https://www.rfc-editor.org/rfc/rfc9112), strictly where
 * two readings of one head could differ; no sockets, and not what any target
 * or field means to the service.  Lines may end in LF alone (section 2.2). */
#ifndef EMULATOR_HEAD_H
#define EMULATOR_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

#define HEAD_LINE_MAX	(16u << 10)	/* the request line; more: 414 */
#define HEAD_MAX	(64u << 10)	/* the whole; more: 431 */

struct head_field {
	const char *k, *v;		/* v without blanks at its ends */
};

/* All strings lie in the bytes that were parsed, or in the arena. */
struct head {
	const char *method;
	const char *target;		/* origin-form, or "*" */
	const char *host;		/* of the target or Host; or NULL */
	int	minor;			/* of HTTP/1.minor; 9 means 1 here */
	bool	keep_alive;		/* as far as the client is concerned */
	bool	expect;			/* 100-continue */
	bool	chunked;
	int64_t	length;			/* Content-Length, -1: none */
	struct head_field *fields;	/* in order, repeated ones too */
	size_t	nfields;
};

/* How many bytes of p[0..n) the head takes, the blank line included; 0 where
 * it is not all there.  *from remembers how far it has looked: 0 at first. */
size_t	head_end(const char *p, size_t n, size_t *from);
/* Can p[0..n), some bytes, begin a request?  NULL, or why not: nothing that
 * follows will make one of them, so nobody need wait for it. */
const char	*head_begins(const char *p, size_t n);
/* Parses such bytes, which it changes.  0, or the status to refuse with: 400,
 * 414, 417, 431, 501 or 505, and *why, a sentence.  The framing of what
 * follows is then unknown, so the connection must end. */
int	head_parse(struct head *, struct arena *, char *p, size_t n,
    const char **why);
/* The first field of that name, or NULL; names know no case. */
const char	*head_get(const struct head *, const char *k);
/* A name that a field may have, a value that it may have (RFC 9110 section
 * 5.5: no control characters but the tab). */
bool	head_is_token(const char *s);
bool	head_is_value(const char *s);

#endif
