#include "emulator/bench/gen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/mem.h"

#define GEN_PLACES	4		/* numbers in one request */
#define GEN_EVENTS	64
#define GEN_SILENCE_MS	30000
#define GEN_READ	65536
#define GEN_NUMBERS	INT64_C(1000000000)
#define GEN_SCATTER	INT64_C(618033989)	/* has no divisor in common */

struct gen_conn {
	int	fd;
	char	*out;			/* this connection's request */
	size_t	sent;
	bool	busy, want_out;
	int64_t	begun_us;
	struct gen_answer in;
};

struct gen {
	int	ep, port;
	size_t	nconns, busy;
	struct gen_conn *conns;
	char	*room;			/* what is read goes here */
	/* ---- of one run ---- */
	const struct gen_req *req;
	size_t	at[GEN_PLACES], nat;
	int64_t	next, left, end_us;
	struct times times;
};

static int
gen_connect(struct gen *g, struct gen_conn *c, struct err *e)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)g->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&sin,
	    sizeof(sin)) != 0)
		return (err_setno(e, "cannot connect to port %d", g->port));
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(g->ep, EPOLL_CTL_ADD, c->fd, &ev) != 0)
		return (err_setno(e, "cannot watch a socket"));
	c->want_out = false;
	return (0);
}

struct gen *
gen_open(int port, size_t n, struct err *e)
{
	struct gen *g = mem_alloc(sizeof(*g));

	g->port = port;
	g->nconns = n;
	g->conns = mem_alloc(n * sizeof(*g->conns));
	g->room = mem_alloc(GEN_READ);
	g->ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		g->conns[i].fd = -1;
	for (size_t i = 0; i < n; i++)
		if (gen_connect(g, &g->conns[i], e) != 0) {
			gen_close(g);
			return (NULL);
		}
	return (g);
}

void
gen_close(struct gen *g)
{

	if (g == NULL)
		return;
	for (size_t i = 0; i < g->nconns; i++) {
		if (g->conns[i].fd >= 0)
			(void)close(g->conns[i].fd);
		free(g->conns[i].out);
	}
	(void)close(g->ep);
	free(g->conns);
	free(g->room);
	times_release(&g->times);
	free(g);
}

/* ---- sending ---- */

static int
gen_flush(struct gen *g, struct gen_conn *c, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	ssize_t n = send(c->fd, c->out + c->sent, g->req->len - c->sent,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	bool more;

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return (err_setno(e, "cannot send a request"));
	c->sent += n > 0 ? (size_t)n : 0;
	more = c->sent < g->req->len;
	if (more != c->want_out) {
		c->want_out = more;
		ev.events |= more ? EPOLLOUT : 0;
		(void)epoll_ctl(g->ep, EPOLL_CTL_MOD, c->fd, &ev);
	}
	return (0);
}

/* The next request, if there is one left. */
static int
gen_begin(struct gen *g, struct gen_conn *c, struct err *e)
{
	int64_t n = g->next;

	c->begun_us = clock_mono_us();
	if (g->left == 0 || c->begun_us >= g->end_us)
		return (0);
	g->left -= g->left > 0;
	g->next++;
	if (g->req->wrap > 0)
		n %= g->req->wrap;
	if (g->req->scatter)
		n = n * GEN_SCATTER % GEN_NUMBERS;
	for (size_t i = 0; i < g->nat; i++) {
		int64_t v = n;

		for (size_t k = GEN_DIGITS; k-- > 0; v /= 10)
			c->out[g->at[i] + k] = (char)('0' + v % 10);
	}
	c->sent = 0;
	c->busy = true;
	c->in.state = 0;
	c->in.nhead = 0;
	c->in.body = 0;
	c->in.close = false;
	g->busy++;
	return (gen_flush(g, c, e));
}

/* ---- answers ---- */

static int
gen_again(struct gen *g, struct gen_conn *c, struct err *e)
{

	(void)close(c->fd);
	return (gen_connect(g, c, e));
}

static int
gen_whole(struct gen *g, struct gen_conn *c, const char *p, size_t n,
    struct err *e)
{
	const struct gen_answer *a = &c->in;

	if (a->status < 200 || a->status > 299)
		return (err_set(e, "answered %d: %.*s", a->status,
		    (int)(n < 300 ? n : 300), p));
	if (g->req->body >= 0 && a->body != g->req->body)
		return (err_set(e, "an answer of %lld bytes, not %lld",
		    (long long)a->body, (long long)g->req->body));
	times_add(&g->times, clock_mono_us() - c->begun_us);
	c->busy = false;
	g->busy--;
	if (a->close && gen_again(g, c, e) != 0)
		return (-1);
	return (gen_begin(g, c, e));
}

static int
gen_readable(struct gen *g, struct gen_conn *c, struct err *e)
{
	ssize_t n = recv(c->fd, g->room, GEN_READ, MSG_DONTWAIT);
	bool done = false;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0 && !c->busy)
		return (gen_again(g, c, e));
	if (n <= 0)
		return (err_set(e, "the server closed instead of answering"));
	if (!c->busy || gen_answer_add(&c->in, g->room, (size_t)n, &done) != n)
		return (err_set(e, "no HTTP answer: %.*s",
		    (int)(n < 200 ? n : 200), g->room));
	return (done ? gen_whole(g, c, g->room, (size_t)n, e) : 0);
}

/* ---- a run ---- */

static void
gen_prepare(struct gen *g)
{
	const char *mark = "#########", *p;
	size_t head = g->req->len < GEN_HEAD ? g->req->len : GEN_HEAD;

	g->nat = 0;
	for (p = g->req->p; g->nat < GEN_PLACES && (p = memmem(p,
	    head - (size_t)(p - g->req->p), mark, GEN_DIGITS)) != NULL;
	    p += GEN_DIGITS)
		g->at[g->nat++] = (size_t)(p - g->req->p);
	for (size_t i = 0; i < g->nconns; i++) {
		free(g->conns[i].out);
		g->conns[i].out = mem_dup(g->req->p, g->req->len);
	}
}

static int
gen_loop(struct gen *g, struct err *e)
{
	struct epoll_event ev[GEN_EVENTS];

	for (size_t i = 0; i < g->nconns; i++)
		if (gen_begin(g, &g->conns[i], e) != 0)
			return (-1);
	while (g->busy > 0) {
		int n = epoll_wait(g->ep, ev, GEN_EVENTS, GEN_SILENCE_MS);

		if (n == 0)
			return (err_set(e, "no answer within %d s",
			    GEN_SILENCE_MS / 1000));
		for (int i = 0; i < n; i++) {
			struct gen_conn *c = ev[i].data.ptr;

			if ((ev[i].events & EPOLLOUT) != 0 && c->want_out &&
			    gen_flush(g, c, e) != 0)
				return (-1);
			if ((ev[i].events & ~(uint32_t)EPOLLOUT) != 0 &&
			    gen_readable(g, c, e) != 0)
				return (-1);
		}
	}
	return (0);
}

int
gen_run(struct gen *g, const struct gen_req *r, int64_t first,
    int64_t requests, int64_t us, struct times_sum *sum, struct err *e)
{

	g->req = r;
	g->next = first;
	g->left = requests > 0 ? requests : -1;
	gen_prepare(g);
	times_begin(&g->times);
	g->end_us = us > 0 ? g->times.t0_us + us : INT64_MAX;
	if (gen_loop(g, e) != 0)
		return (-1);
	*sum = times_end(&g->times);
	return (0);
}
