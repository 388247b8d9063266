#include "emulator/http/gunzip.h"

#include <strings.h>
#include <zlib.h>

#include "emulator/http/route.h"
#include "lib/mem.h"

#define GUNZIP_STEP	(64u << 10)

struct gunzip {
	const struct route *route;	/* the row that was replaced */
	z_stream z;
	bool	begun;			/* there were bytes */
	bool	whole;			/* at a member's end */
	unsigned char out[GUNZIP_STEP];
};

bool
gunzip_given(const struct req *rq)
{
	const char *h;

	if (rq->route->api == API_XML)
		return (false);
	h = req_header(rq, "Content-Encoding");
	return (h != NULL && (strcasecmp(h, "gzip") == 0 ||
	    strcasecmp(h, "x-gzip") == 0));
}

static struct gunzip *
gunzip_new(struct req *rq)
{
	struct gunzip *g = arena_alloc(&rq->arena, sizeof(*g));

	g->route = rq->route;
	BUG_ON(inflateInit2(&g->z, 16 + MAX_WBITS) != Z_OK);
	return (g);
}

static void
gunzip_fault(struct req *rq)
{

	if (rq->status == 0)
		req_fail(rq, 400, "badRequest", "The body is not the gzip "
		    "that its Content-Encoding says.");
}

static void
gunzip_feed(struct gunzip *g, struct req *rq, const void *p, size_t n,
    void (*sink)(struct req *, const void *, size_t))
{
	int rc;

	g->z.next_in = (Bytef *)(uintptr_t)p;
	g->z.avail_in = (uInt)n;
	g->begun = g->begun || n > 0;
	do {
		if (g->whole && g->z.avail_in == 0)
			return;
		if (g->whole)			/* another member */
			(void)inflateReset(&g->z);
		g->z.next_out = g->out;
		g->z.avail_out = sizeof(g->out);
		rc = inflate(&g->z, Z_NO_FLUSH);
		g->whole = rc == Z_STREAM_END;
		if (g->z.avail_out < sizeof(g->out))
			sink(rq, g->out, sizeof(g->out) - g->z.avail_out);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			gunzip_fault(rq);
	} while (rq->status == 0 && (g->z.avail_in > 0 ||
	    g->z.avail_out == 0));
}

/* ---- streams ---- */

static void
gunzip_data(struct req *rq, const void *p, size_t n)
{

	gunzip_feed(rq->gunzip, rq, p, n, rq->gunzip->route->data);
}

static void
gunzip_h(struct req *rq)
{

	if (rq->gunzip->begun && !rq->gunzip->whole)
		gunzip_fault(rq);
	else
		rq->gunzip->route->handle(rq);
}

static void
gunzip_done(struct req *rq)
{

	(void)inflateEnd(&rq->gunzip->z);
	if (rq->gunzip->route->done != NULL)
		rq->gunzip->route->done(rq);
}

void
gunzip_expect(struct req *rq)
{
	struct route *own;

	rq->gunzip = gunzip_new(rq);
	own = arena_dup(&rq->arena, rq->route, sizeof(*rq->route));
	own->data = gunzip_data;
	own->handle = gunzip_h;
	own->done = gunzip_done;
	rq->route = own;
}

/* ---- gathered ---- */

void
gunzip_body(struct req *rq)
{
	struct gunzip *g = gunzip_new(rq);
	struct buf packed = rq->body;

	buf_init(&rq->body, packed.max);
	gunzip_feed(g, rq, packed.p, packed.len, req_body_add);
	if (g->begun && !g->whole)
		gunzip_fault(rq);
	(void)inflateEnd(&g->z);
	buf_release(&packed);
}
