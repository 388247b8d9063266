/* emulator/bench/canned_conn.h: a request's head off a socket, for canned.c.
 * Blocking; knows no bodies but their bytes. */
#ifndef EMULATOR_BENCH_CANNED_CONN_H
#define EMULATOR_BENCH_CANNED_CONN_H

#include <stdbool.h>
#include <stddef.h>

#define ROOM		((size_t)256 << 10)
#define HEAD_MAX	((size_t)32 << 10)

struct conn {
	int	fd;
	char	room[ROOM];
	size_t	at, n;			/* unread: room[at..n) */
	char	head[HEAD_MAX];		/* of the request; lines end in NUL */
	size_t	nhead;
	const char *method;
	char	*path, *query;
};

/* Fills room; false at the end. */
bool	conn_more(struct conn *);
/* The next line into head, its end cut off; NULL at the end. */
char	*conn_line(struct conn *);
/* The next request's head; false at the end. */
bool	conn_head(struct conn *);
/* A header's value, or NULL. */
const char	*conn_header(const struct conn *, const char *name);

#endif
