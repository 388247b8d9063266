#include "emulator/bench/big.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct big_way
big_way(const struct subject *s, bool tls, struct arena *a)
{
	struct big_way w = { .base = arena_printf(a, "http://127.0.0.1:%d",
	    s->port) };

	if (!tls)
		return (w);
	w.way.ca = s->ca;
	w.base = "https://storage.googleapis.com";
	if (s->kind == PEER_NGINX)
		w.base = arena_printf(a, "https://127.0.0.1:%d", s->tls_port);
	else
		w.way.proxy = s->proxy_port;
	return (w);
}

/* The metadata that an upload was answered with. */
static int
size_is(const struct web_answer *a, int64_t size, struct err *e)
{
	char *word = mem_printf("\"%" PRId64 "\"", size);
	const char *p = strstr(a->body.p, "\"size\"");
	bool right = p != NULL && strncmp(p + 6 + strspn(p + 6, ": "), word,
	    strlen(word)) == 0;

	free(word);
	return (right ? 0 : err_set(e, "the upload was answered with another "
	    "size: %.300s", a->body.p));
}

static int
put_whole(const struct subject *s, const struct big_way *w, struct arena *a,
    const char *name, int64_t size, struct err *e)
{
	bool nginx = s->kind == PEER_NGINX;
	const struct web_req r = { .method = nginx ? "PUT" : "POST",
	    .url = arena_printf(a, "%s%s", w->base, subject_path(s, a,
	    OP_PUT_MEDIA, name)), .type = "application/octet-stream",
	    .size = size, .status = nginx ? 201 : 200, .answer = -1 };
	struct web_answer answer;
	int rc = web_call(&w->way, &r, &answer, e);

	if (rc == 0 && !nginx)
		rc = size_is(&answer, size, e);
	web_answer_release(&answer);
	return (rc);
}

static int
put_chunks(struct web *web, const char *url, struct arena *a, int64_t size,
    struct err *e)
{

	for (int64_t at = 0; at < size; at += BIG_CHUNK) {
		int64_t n = size - at < BIG_CHUNK ? size - at : BIG_CHUNK;
		const struct web_req r = { .method = "PUT", .url = url,
		    .header = arena_printf(a, "Content-Range: bytes %" PRId64
		    "-%" PRId64 "/%" PRId64, at, at + n - 1, size),
		    .size = n, .from = at, .status = at + n == size ? 200 :
		    308, .answer = -1 };
		struct web_answer answer;
		int rc = web_do(web, &r, &answer, e);

		if (rc == 0 && at + n == size)
			rc = size_is(&answer, size, e);
		web_answer_release(&answer);
		if (rc != 0)
			return (-1);
	}
	return (0);
}

static int
put_resumable(const struct big_way *w, struct arena *a, const char *name,
    int64_t size, struct err *e)
{
	const struct web_req r = { .method = "POST", .url = arena_printf(a,
	    "%s/upload/storage/v1/b/" BENCH_BUCKET "/o?uploadType=resumable"
	    "&name=%s", w->base, name), .type = "application/json",
	    .body = "{}", .size = 2, .status = 200, .answer = -1 };
	struct web *web = web_open(&w->way, 1);
	struct web_answer answer;
	int rc = web_do(web, &r, &answer, e);

	if (rc == 0 && answer.location == NULL)
		rc = err_set(e, "an upload session without Location");
	if (rc == 0)
		rc = put_chunks(web, answer.location, a, size, e);
	web_answer_release(&answer);
	web_close(web);
	return (rc);
}

int
big_put(const struct subject *s, const struct big_way *w, struct arena *a,
    const char *name, int64_t size, bool resumable, struct err *e)
{
	int rc = resumable ? put_resumable(w, a, name, size, e) :
	    put_whole(s, w, a, name, size, e);

	return (rc == 0 ? 0 : err_prefix(e, "%s", s->name));
}

struct get {
	const char *url;
	int64_t	size;
	size_t	parts;
	bool	check;
	char	(*range)[64];
};

static void
next_part(void *arg, int64_t i, size_t slot, struct web_req *r)
{
	const struct get *g = arg;
	int64_t part = g->size / (int64_t)g->parts;

	r->url = g->url;
	r->check = g->check;
	r->answer = g->size;
	if (g->parts == 1)
		return;
	r->from = i * part;
	r->answer = i + 1 == (int64_t)g->parts ? g->size - r->from : part;
	(void)snprintf(g->range[slot], sizeof(g->range[slot]), "%" PRId64 "-%"
	    PRId64, r->from, r->from + r->answer - 1);
	r->range = g->range[slot];
	r->status = 206;
}

int
big_get(const struct subject *s, const struct big_way *w, struct arena *a,
    const char *name, int64_t size, size_t parts, bool check, struct err *e)
{
	struct get g = { arena_printf(a, "%s%s", w->base, subject_path(s, a,
	    OP_GET_XML, name)), size, parts, check,
	    mem_alloc(parts * sizeof(*g.range)) };
	struct web *web = web_open(&w->way, parts);
	struct times_sum sum;
	int rc = web_run(web, next_part, &g, (int64_t)parts, 0, &sum, e);

	web_close(web);
	free(g.range);
	return (rc == 0 ? 0 : err_prefix(e, "%s", s->name));
}

int
big_delete(const struct subject *s, const struct big_way *w, struct arena *a,
    const char *name, struct err *e)
{
	const struct web_req r = { .method = "DELETE", .url = arena_printf(a,
	    "%s%s", w->base, subject_path(s, a, OP_DELETE, name)), .size = -1,
	    .status = 0, .answer = -1 };

	return (web_call(&w->way, &r, NULL, e));
}

void
big_note(struct bench *b, const char *measure, const char *variant,
    const char *subject, const struct subject *s, int64_t size, int64_t us,
    int64_t cpu_us, int64_t idle)
{
	int64_t peak = child_peak(s->child);

	bench_add(b, measure, variant, subject, UNIT_MBS, (double)size /
	    (double)us);
	bench_add(b, measure, variant, subject, UNIT_CPU_GB, (double)cpu_us *
	    1e3 / (double)size);
	bench_add(b, measure, variant, subject, UNIT_PEAK, (double)peak /
	    1048576);
	if (idle > 0)
		bench_add(b, measure, variant, subject, UNIT_ABOVE,
		    (double)(peak - idle) / 1048576);
}
