/* Two speeds.  Inside a part, whole spans between line feeds are passed on as
 * they are found (memchr); only where the bytes after a line feed look like a
 * boundary, or where the piece ends, a byte machine takes over.  It keeps what
 * it has matched in `hold`, and gives it to the sink after all where the match
 * fails.  As a boundary holds no CR or LF, a failed match can begin anew only
 * at the byte that broke it. */
#include "emulator/api/multipart.h"

#include <string.h>
#include <strings.h>

#include "lib/buf.h"

#define HEADERS_MAX	(16u << 10)
#define BOUNDARY_MAX	200u	/* RFC 2046 says 70 */

enum state {
	S_TEXT,		/* in a part or before the first */
	S_HEADERS,
	S_END,
};

enum match {
	M_NONE,
	M_CR,		/* CR */
	M_DELIM,	/* [CR] LF, or the very start, then part of delim */
	M_AFTER,	/* the delim is complete */
	M_DASH,		/* … and '-' */
	M_PAD,		/* … and blanks up to the line's end */
};

struct multipart {
	multipart_sink *sink;
	multipart_begin *begin;		/* or NULL */
	void	*cls;
	enum state state;
	enum match match;
	size_t	at;		/* matched bytes of delim */
	const char *delim;	/* "--boundary" */
	size_t	delim_len;
	struct buf hold;
	struct buf headers;	/* of the newest part */
	size_t	line;		/* where its last line begins */
	int	part;		/* -1 before the first */
	const char *error;
};

const char *
multipart_boundary(struct arena *a, const char *ct)
{
	const char *p = ct;
	size_t n;

	if (ct == NULL || strncasecmp(ct, "multipart/", 10) != 0)
		return (NULL);
	for (;;) {
		if ((p = strchr(p, ';')) == NULL)
			return (NULL);
		p += 1 + strspn(p + 1, " \t");
		if (strncasecmp(p, "boundary=", 9) == 0)
			break;
	}
	p += 9;
	if (*p == '"' || *p == '\'') {
		const char *end = strchr(p + 1, *p);

		if (end == NULL)
			return (NULL);
		n = (size_t)(end - ++p);
	} else
		n = strcspn(p, "; \t");
	if (n == 0 || n > BOUNDARY_MAX || memchr(p, '\r', n) != NULL ||
	    memchr(p, '\n', n) != NULL)
		return (NULL);
	return (arena_strndup(a, p, n));
}

struct multipart *
multipart_new(struct arena *a, const char *boundary, multipart_sink *sink,
    void *cls)
{
	struct multipart *m = arena_alloc(a, sizeof(*m));

	m->sink = sink;
	m->cls = cls;
	m->delim = arena_printf(a, "--%s", boundary);
	m->delim_len = strlen(m->delim);
	m->match = M_DELIM;	/* the very start counts as a line's start */
	m->part = -1;
	buf_init(&m->hold, BOUNDARY_MAX + HEADERS_MAX);
	buf_init(&m->headers, HEADERS_MAX);
	return (m);
}

void
multipart_release(struct multipart *m)
{

	if (m == NULL)
		return;
	buf_release(&m->hold);
	buf_release(&m->headers);
}

void
multipart_on_begin(struct multipart *m, multipart_begin *begin)
{

	m->begin = begin;
}

static void
multipart_emit(struct multipart *m, const void *p, size_t n)
{

	if (n > 0 && m->part >= 0)
		m->sink(m->cls, m->part, p, n);
}

static void
multipart_next_part(struct multipart *m)
{

	buf_reset(&m->hold);
	buf_reset(&m->headers);
	m->line = 0;
	m->part++;
	m->match = M_NONE;
	m->state = S_HEADERS;
}

/* One byte where a boundary may be.  False: the match has failed, what was
 * held has been passed on, and c was not consumed. */
static bool
multipart_step(struct multipart *m, char c)
{

	switch (m->match) {
	case M_NONE:
		if (c != '\r' && c != '\n')
			return (false);
		m->match = c == '\r' ? M_CR : M_DELIM;
		m->at = 0;
		buf_addc(&m->hold, c);
		return (true);
	case M_CR:
		if (c != '\n')
			break;
		m->match = M_DELIM;
		m->at = 0;
		buf_addc(&m->hold, c);
		return (true);
	case M_DELIM:
		if (c != m->delim[m->at])
			break;
		if (++m->at == m->delim_len)
			m->match = M_AFTER;
		buf_addc(&m->hold, c);
		return (true);
	case M_AFTER:
	case M_PAD:
		if (c == '\n') {
			multipart_next_part(m);
			return (true);
		}
		if (c == '-' && m->match == M_AFTER)
			m->match = M_DASH;
		else if (c == ' ' || c == '\t' || c == '\r')
			m->match = M_PAD;
		else
			break;
		buf_addc(&m->hold, c);
		if (buf_ok(&m->hold))
			return (true);
		break;
	case M_DASH:
		if (c != '-')
			break;
		m->state = S_END;
		return (true);
	}
	multipart_emit(m, m->hold.p, m->hold.len);
	buf_reset(&m->hold);
	m->match = M_NONE;
	return (false);
}

/* Passes on [p, end) up to where a boundary may begin; that place. */
static const char *
multipart_span(struct multipart *m, const char *p, const char *end)
{
	const char *q = p;

	while ((q = memchr(q, '\n', (size_t)(end - q))) != NULL) {
		size_t left = (size_t)(end - q) - 1;

		if (memcmp(q + 1, m->delim,
		    left < m->delim_len ? left : m->delim_len) == 0)
			break;
		q++;
	}
	if (q == NULL)
		q = end;
	if (q > p && q[-1] == '\r')
		q--;
	multipart_emit(m, p, (size_t)(q - p));
	return (q);
}

static void
multipart_header_byte(struct multipart *m, char c)
{
	size_t n;

	if (c != '\n') {
		buf_addc(&m->headers, c);
		if (!buf_ok(&m->headers))
			m->error = "The headers of a part are too long.";
		return;
	}
	n = m->headers.len;
	if (n > m->line && m->headers.p[n - 1] == '\r')
		buf_cut(&m->headers, --n);
	if (n == m->line) {		/* the blank line */
		m->state = S_TEXT;
		m->match = M_DELIM;	/* an empty part ends at once */
		m->at = 0;
		if (m->begin != NULL)
			m->begin(m->cls, m->part);
		return;
	}
	buf_addc(&m->headers, '\n');
	m->line = m->headers.len;
}

void
multipart_feed(struct multipart *m, const void *data, size_t n)
{
	const char *p = data, *end = p + n;

	while (p < end && m->error == NULL && m->state != S_END) {
		if (m->state == S_HEADERS)
			multipart_header_byte(m, *p++);
		else if (m->match == M_NONE && *p != '\r' && *p != '\n')
			p = multipart_span(m, p, end);
		else if (multipart_step(m, *p))
			p++;
		else if (m->match == M_NONE && *p != '\r' && *p != '\n')
			p = multipart_span(m, p, end);
	}
}

const char *
multipart_error(const struct multipart *m)
{

	return (m->error);
}

bool
multipart_done(const struct multipart *m)
{

	return (m->state == S_END);
}

int
multipart_parts(const struct multipart *m)
{

	return (m->part + 1);
}

const char *
multipart_header(const struct multipart *m, struct arena *a, const char *name)
{
	const char *p = m->headers.p;
	size_t n = strlen(name);

	while (*p != '\0') {
		size_t line = strcspn(p, "\n");

		if (line > n && strncasecmp(p, name, n) == 0 && p[n] == ':') {
			const char *v = p + n + 1;

			v += strspn(v, " \t");
			return (arena_strndup(a, v, line - (size_t)(v - p)));
		}
		p += line + (p[line] == '\n');
	}
	return (NULL);
}
