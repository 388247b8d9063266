/* Where does an answer end?  By Content-Length, chunks, or at once (204 and
 * 304).  An answer that ends with the connection is refused: no server that
 * is measured here sends one. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/bench/gen.h"

enum {
	ANSWER_HEAD, ANSWER_LENGTH, ANSWER_SIZE, ANSWER_CHUNK, ANSWER_CRLF,
	ANSWER_TRAILER, ANSWER_DONE
};

/* The value of a header in the head, or NULL. */
static const char *
answer_header(const struct gen_answer *a, const char *name)
{
	size_t n = strlen(name);
	const char *p = a->head;

	while ((p = strchr(p, '\n')) != NULL)
		if (strncasecmp(++p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			return (p + strspn(p, " \t"));
		}
	return (NULL);
}

static int
answer_head(struct gen_answer *a)
{
	const char *v;

	if (strncmp(a->head, "HTTP/1.", 7) != 0 ||
	    (a->status = atoi(a->head + 9)) < 100)
		return (-1);
	if ((v = answer_header(a, "Connection")) != NULL)
		a->close = strncasecmp(v, "close", 5) == 0;
	a->state = ANSWER_DONE;
	if (a->status == 204 || a->status == 304)
		return (0);
	if ((v = answer_header(a, "Transfer-Encoding")) != NULL &&
	    strncasecmp(v, "chunked", 7) == 0) {
		a->state = ANSWER_SIZE;
		a->nhead = 0;
		return (0);
	}
	if ((v = answer_header(a, "Content-Length")) == NULL)
		return (-1);
	a->left = strtoll(v, NULL, 10);
	if (a->left > 0)
		a->state = ANSWER_LENGTH;
	return (a->left >= 0 ? 0 : -1);
}

/* Bytes of the head; how many were taken. */
static int64_t
answer_take_head(struct gen_answer *a, const char *p, size_t n)
{
	size_t old = a->nhead, from = old > 3 ? old - 3 : 0, take;
	const char *end;

	take = sizeof(a->head) - 1 - old < n ? sizeof(a->head) - 1 - old : n;
	if (take == 0)
		return (-1);
	memcpy(a->head + old, p, take);
	a->nhead += take;
	a->head[a->nhead] = '\0';
	if ((end = strstr(a->head + from, "\r\n\r\n")) == NULL)
		return ((int64_t)take);
	a->nhead = (size_t)(end - a->head) + 4;
	a->head[a->nhead] = '\0';
	take = a->nhead - old;
	return (answer_head(a) == 0 ? (int64_t)take : -1);
}

/* A line of the chunked form, its end included; empty ones end the trailer. */
static int64_t
answer_take_line(struct gen_answer *a, const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);
	size_t take = end != NULL ? (size_t)(end - p) + 1 : n;

	if (a->nhead + take >= sizeof(a->head))
		return (-1);
	memcpy(a->head + a->nhead, p, take);
	a->nhead += take;
	a->head[a->nhead] = '\0';
	if (end == NULL)
		return ((int64_t)take);
	if (a->state == ANSWER_SIZE) {
		if (!isxdigit((unsigned char)a->head[0]))
			return (-1);
		a->left = strtoll(a->head, NULL, 16);
		a->state = a->left > 0 ? ANSWER_CHUNK : ANSWER_TRAILER;
	} else if (a->state == ANSWER_CRLF)
		a->state = ANSWER_SIZE;
	else if (a->nhead <= 2)
		a->state = ANSWER_DONE;
	a->nhead = 0;
	return ((int64_t)take);
}

static int64_t
answer_take_body(struct gen_answer *a, size_t n)
{
	int64_t take = (int64_t)n < a->left ? (int64_t)n : a->left;

	a->left -= take;
	a->body += take;
	if (a->left == 0)
		a->state = a->state == ANSWER_LENGTH ? ANSWER_DONE :
		    ANSWER_CRLF;
	return (take);
}

int64_t
gen_answer_add(struct gen_answer *a, const char *p, size_t n, bool *done)
{
	size_t used = 0;

	while (used < n && a->state != ANSWER_DONE) {
		int64_t took;

		if (a->state == ANSWER_HEAD)
			took = answer_take_head(a, p + used, n - used);
		else if (a->state == ANSWER_LENGTH ||
		    a->state == ANSWER_CHUNK)
			took = answer_take_body(a, n - used);
		else
			took = answer_take_line(a, p + used, n - used);
		if (took < 0)
			return (-1);
		used += (size_t)took;
	}
	*done = a->state == ANSWER_DONE;
	return ((int64_t)used);
}
