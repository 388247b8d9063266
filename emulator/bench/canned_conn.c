#include "emulator/bench/canned_conn.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

bool
conn_more(struct conn *c)
{
	ssize_t n = recv(c->fd, c->room, ROOM, 0);

	c->at = 0;
	c->n = n > 0 ? (size_t)n : 0;
	return (n > 0);
}

char *
conn_line(struct conn *c)
{
	char *line = c->head + c->nhead;

	for (;;) {
		char b;

		if (c->at == c->n && !conn_more(c))
			return (NULL);
		b = c->room[c->at++];
		if (b == '\n')
			break;
		if (c->nhead == HEAD_MAX - 1)
			return (NULL);
		if (b != '\r')
			c->head[c->nhead++] = b;
	}
	c->head[c->nhead++] = '\0';
	return (line);
}

bool
conn_head(struct conn *c)
{
	char *line, *end;

	c->nhead = 0;
	if ((c->path = conn_line(c)) == NULL ||
	    (end = strchr(c->path, ' ')) == NULL)
		return (false);
	c->method = c->path;
	*end = '\0';
	c->path = end + 1;
	if ((end = strchr(c->path, ' ')) == NULL)
		return (false);
	*end = '\0';
	c->query = strchr(c->path, '?');
	if (c->query != NULL)
		*c->query++ = '\0';
	while ((line = conn_line(c)) != NULL)
		if (*line == '\0')
			return (true);
	return (false);
}

const char *
conn_header(const struct conn *c, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = c->head; p < c->head + c->nhead;
	    p += strlen(p) + 1)
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return (p + n + 1 + strspn(p + n + 1, " "));
	return (NULL);
}
