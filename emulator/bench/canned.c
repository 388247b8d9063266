/* One thread a connection, blocking; objects in one list under one lock.
 * Bodies are never freed, so that a download needs no lock: the process lives
 * as long as one measurement. */
#include "emulator/bench/canned.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emulator/bench/canned_conn.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/str.h"

#define BODY_MAX	((size_t)64 << 20)
#define OBJECTS		65536
#define MEDIA_AT	"/upload/storage/v1/b/"

struct object {
	char	*name;
	char	*body;			/* NULL where it was discarded */
	int64_t	size, room;
	bool	whole;			/* an upload may still be under way */
};

static struct object *objects[OBJECTS];
static size_t nobjects;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool discard;

/* ---- objects ---- */

static struct object *
object_new(const char *name)
{
	struct object *o = mem_alloc(sizeof(*o));

	o->name = mem_strdup(name);
	(void)pthread_mutex_lock(&lock);
	BUG_ON(nobjects == OBJECTS);
	objects[nobjects++] = o;
	(void)pthread_mutex_unlock(&lock);
	return (o);
}

static void
object_add(struct object *o, const char *p, size_t n)
{

	if (!discard && o->size + (int64_t)n > o->room) {
		o->room = 2 * o->room > o->size + (int64_t)n ? 2 * o->room :
		    o->size + (int64_t)n;
		o->body = mem_realloc(o->body, (size_t)o->room);
	}
	if (!discard && n > 0)
		memcpy(o->body + o->size, p, n);
	o->size += (int64_t)n;
}

/* The newest of that name, or NULL. */
static struct object *
object_find(const char *name)
{
	struct object *o = NULL;

	(void)pthread_mutex_lock(&lock);
	for (size_t i = nobjects; i-- > 0 && o == NULL;)
		if (objects[i]->whole && strcmp(objects[i]->name, name) == 0)
			o = objects[i];
	(void)pthread_mutex_unlock(&lock);
	return (o);
}

static int
by_name(const void *a, const void *b)
{

	return (strcmp((*(struct object *const *)a)->name,
	    (*(struct object *const *)b)->name));
}

/* ---- bodies ---- */

/* n bytes of the body to the object, or to b, or nowhere. */
static bool
conn_take(struct conn *c, int64_t n, struct object *o, struct buf *b)
{

	while (n > 0) {
		size_t have;

		if (c->at == c->n && !conn_more(c))
			return (false);
		have = c->n - c->at;
		if ((int64_t)have > n)
			have = (size_t)n;
		if (o != NULL)
			object_add(o, c->room + c->at, have);
		else if (b != NULL)
			buf_add(b, c->room + c->at, have);
		c->at += have;
		n -= (int64_t)have;
	}
	return (true);
}

static bool
conn_body(struct conn *c, struct object *o, struct buf *b)
{
	const char *te = conn_header(c, "Transfer-Encoding");
	const char *len = conn_header(c, "Content-Length");
	size_t keep = c->nhead;
	int64_t n;

	if (te == NULL)
		return (len == NULL || conn_take(c, strtoll(len, NULL, 10), o,
		    b));
	do {
		char *line = conn_line(c);

		if (line == NULL)
			return (false);
		n = strtoll(line, NULL, 16);
		c->nhead = keep;
		if (!conn_take(c, n, o, b) || conn_line(c) == NULL)
			return (false);
		c->nhead = keep;
	} while (n > 0);
	return (true);
}

/* ---- answering ---- */

static bool
reply(struct conn *c, int status, const char *headers, const char *body,
    size_t n)
{
	struct buf b;
	bool ok;

	buf_init(&b, BODY_MAX + HEAD_MAX);
	buf_addf(&b, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu"
	    "\r\n%s\r\n", status, n > 0 && *body == '{' ?
	    "application/json" : "application/octet-stream", n, headers);
	if (n < ROOM)
		buf_add(&b, body, n);
	ok = file_write_all(c->fd, b.p, b.len) == 0 && (n < ROOM ||
	    file_write_all(c->fd, body, n) == 0);
	buf_release(&b);
	return (ok);
}

static bool
reply_object(struct conn *c, const struct object *o)
{
	struct buf b;
	bool ok;

	buf_init(&b, HEAD_MAX);
	buf_addf(&b, "{\"kind\":\"storage#object\",\"name\":\"%s\",\"size\":"
	    "\"%" PRId64 "\",\"generation\":\"1\",\"metageneration\":\"1\"}",
	    o->name, o->size);
	ok = reply(c, 200, "", b.p, b.len);
	buf_release(&b);
	return (ok);
}

/* A parameter of the query, decoded; heap, "" where it is not there. */
static char *
param(const struct conn *c, const char *name)
{
	size_t n = strlen(name);
	const char *p = c->query;

	while (p != NULL && !(strncmp(p, name, n) == 0 && p[n] == '='))
		p = (p = strchr(p, '&')) != NULL ? p + 1 : NULL;
	if (p != NULL) {
		char *v = mem_strndup(p + n + 1, strcspn(p + n + 1, "&"));
		size_t len = strlen(v);

		(void)str_pct_decode(v, &len, true);
		v[len] = '\0';
		return (v);
	}
	return (mem_strdup(""));
}

static bool
canned_list(struct conn *c)
{
	static struct object *v[OBJECTS];
	char *prefix = param(c, "prefix"), *delimiter = param(c, "delimiter");
	const char *last = NULL;
	struct buf items, dirs;
	size_t n = 0, last_n = 0;
	bool ok;

	buf_init(&items, BODY_MAX);
	buf_init(&dirs, BODY_MAX);
	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < nobjects; i++)
		if (objects[i]->whole && str_starts(objects[i]->name, prefix))
			v[n++] = objects[i];
	qsort(v, n, sizeof(struct object *), by_name);
	for (size_t i = 0; i < n; i++) {
		const char *rest = v[i]->name + strlen(prefix);
		const char *cut = *delimiter != '\0' ? strstr(rest, delimiter)
		    : NULL;

		if (cut == NULL) {
			buf_addf(&items, "%s{\"name\":\"%s\",\"size\":\"%"
			    PRId64 "\",\"generation\":\"1\",\"timeCreated\":"
			    "\"2026-01-01T00:00:00.000Z\",\"updated\":"
			    "\"2026-01-01T00:00:00.000Z\"}",
			    items.len > 0 ? "," : "", v[i]->name, v[i]->size);
			continue;
		}
		if (last != NULL && strncmp(last, v[i]->name, last_n) == 0)
			continue;
		last = v[i]->name;
		last_n = (size_t)(cut - last) + strlen(delimiter);
		buf_addf(&dirs, "%s\"%.*s\"", dirs.len > 0 ? "," : "",
		    (int)last_n, last);
	}
	(void)pthread_mutex_unlock(&lock);
	buf_adds(&items, "],\"prefixes\":[");
	buf_add(&items, dirs.p, dirs.len);
	buf_adds(&items, "]}");
	buf_reset(&dirs);
	buf_adds(&dirs, "{\"items\":[");
	buf_add(&dirs, items.p, items.len);
	ok = reply(c, 200, "", dirs.p, dirs.len);
	buf_release(&items);
	buf_release(&dirs);
	free(prefix);
	free(delimiter);
	return (ok);
}

static bool
canned_get(struct conn *c, const char *name)
{
	const struct object *o = object_find(name);
	const char *range = conn_header(c, "Range");
	int64_t from = 0;
	char headers[128] = "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n";

	if (range != NULL && str_starts(range, "bytes="))
		from = strtoll(range + 6, NULL, 10);
	if (o == NULL || o->body == NULL)
		return (reply(c, o == NULL ? 404 : 500, "", "", 0));
	if (from >= o->size)
		return (reply(c, 416, "", "", 0));
	if (from > 0)
		(void)snprintf(headers, sizeof(headers), "Content-Range: "
		    "bytes %" PRId64 "-%" PRId64 "/%" PRId64 "\r\n", from,
		    o->size - 1, o->size);
	return (reply(c, from > 0 ? 206 : 200, headers, o->body + from,
	    (size_t)(o->size - from)));
}

/* Between the head of the second part and the last boundary. */
static bool
canned_multipart(struct conn *c, struct object *o)
{
	const char *type = conn_header(c, "Content-Type"), *p, *end;
	struct buf b;
	bool ok;

	buf_init(&b, BODY_MAX);
	ok = conn_body(c, NULL, &b) && type != NULL &&
	    strstr(type, "boundary=") != NULL &&
	    (p = strstr(b.p, "\r\n\r\n")) != NULL &&
	    (p = strstr(p + 4, "\r\n\r\n")) != NULL;
	if (ok) {
		size_t n = strlen(strstr(type, "boundary=") + 9);

		if (strstr(type, "boundary=\"") != NULL)
			n -= 2;
		p += 4;
		end = b.p + b.len;
		while (end > p && (end[-1] == '\r' || end[-1] == '\n'))
			end--;
		end -= n + 6;		/* CRLF -- boundary -- */
		object_add(o, p, (size_t)(end - p));
		o->whole = true;
	}
	buf_release(&b);
	return (ok && reply_object(c, o));
}

/* A session is the object's place in the list. */
static bool
canned_begin(struct conn *c, struct object *o)
{
	const char *host = conn_header(c, "Host");
	struct buf b;
	size_t i = 0;
	bool ok;

	if (!conn_body(c, NULL, NULL))
		return (false);
	(void)pthread_mutex_lock(&lock);
	while (objects[i] != o)
		i++;
	(void)pthread_mutex_unlock(&lock);
	buf_init(&b, HEAD_MAX);
	buf_addf(&b, "Location: http://%s/session/%zu\r\n",
	    host != NULL ? host : "", i);
	ok = reply(c, 200, b.p, "", 0);
	buf_release(&b);
	return (ok);
}

static bool
canned_chunk(struct conn *c)
{
	const char *range = conn_header(c, "Content-Range"), *slash;
	size_t i = (size_t)strtoull(c->path + 9, NULL, 10);
	char headers[160];
	struct object *o;

	(void)pthread_mutex_lock(&lock);
	o = i < nobjects ? objects[i] : NULL;
	(void)pthread_mutex_unlock(&lock);
	if (o == NULL || !conn_body(c, o, NULL))
		return (false);
	if (range == NULL || (slash = strchr(range, '/')) == NULL ||
	    slash[1] != '*') {
		o->whole = true;
		return (reply_object(c, o));
	}
	(void)snprintf(headers, sizeof(headers), "X-Http-Status-Code-Override:"
	    " 308\r\nRange: bytes=0-%" PRId64 "\r\n", o->size - 1);
	return (reply(c, conn_header(c, "X-GUploader-No-308") != NULL ? 200 :
	    308, headers, "", 0));
}

static bool
canned_upload(struct conn *c)
{
	char *name = param(c, "name"), *type = param(c, "uploadType");
	struct object *o = object_new(name);
	bool ok;

	ok = strcmp(type, "resumable") == 0 ? canned_begin(c, o) :
	    canned_multipart(c, o);
	free(name);
	free(type);
	return (ok);
}

/* The object's name in a path behind `n` slashes, decoded in place. */
static char *
name_in(struct conn *c, int slashes)
{
	char *p = c->path;
	size_t len;

	while (slashes-- > 0 && p != NULL)
		p = (p = strchr(p, '/')) != NULL ? p + 1 : NULL;
	if (p == NULL)
		return (c->path);
	len = strlen(p);
	(void)str_pct_decode(p, &len, false);
	p[len] = '\0';
	return (p);
}

static bool
canned_delete(struct conn *c)
{
	struct object *o = object_find(name_in(c, 6));

	if (o != NULL)
		o->whole = false;
	return (reply(c, o != NULL ? 204 : 404, "", "", 0));
}

static bool
canned_answer(struct conn *c)
{

	if (str_starts(c->path, "/session/"))
		return (canned_chunk(c));
	if (str_starts(c->path, MEDIA_AT))
		return (canned_upload(c));
	if (!conn_body(c, NULL, NULL))
		return (false);
	if (strcmp(c->method, "DELETE") == 0)
		return (canned_delete(c));
	if (str_starts(c->path, "/storage/v1/b/"))
		return (str_ends(c->path, "/o") ? canned_list(c) :
		    reply(c, 200, "", "{}", 2));
	return (canned_get(c, name_in(c, 2)));
}

static void *
canned_conn(void *arg)
{
	struct conn *c = arg;

	while (conn_head(c) && canned_answer(c))
		continue;
	(void)close(c->fd);
	free(c);
	return (NULL);
}

int
canned_main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	discard = argc > 1 && strcmp(argv[1], "discard") == 0;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, n) != 0 ||
	    listen(fd, 128) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &n) != 0)
		return (2);
	(void)printf("ready http=127.0.0.1:%d\n", ntohs(sin.sin_port));
	(void)fflush(stdout);
	for (;;) {
		struct conn *c = mem_alloc(sizeof(*c));
		pthread_t t;

		if ((c->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) < 0) {
			free(c);
			continue;
		}
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
		BUG_ON(pthread_create(&t, NULL, canned_conn, c) != 0);
		(void)pthread_detach(t);
	}
}
