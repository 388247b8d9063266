/* 4 KiB uploads and downloads, and metadata: by the lean generator at 1, 8 and
 * 64 connections, and by libcurl at 8 for what a real client brings with it.
 * Every slice has connections of its own, opened and warmed before its clock
 * runs. */
#include <stdlib.h>
#include <string.h>

#include "emulator/bench/bench.h"

#define WARM_US		INT64_C(50000)
#define SETTLE_US	INT64_C(20000000)
#define CURL_CONNECTIONS	8

struct small {
	struct bench *b;
	const char *measure;
	enum op	op;
	bool	put;			/* … of new names */
	bool	over;			/* … of names that exist */
	struct subject s[PEER_N];
	size_t	n;
	struct gen_req req[PEER_N];
	int64_t	next[PEER_N];		/* number of the next new object */
};

static int
fill(struct small *m, size_t i, struct err *e)
{
	struct times_sum sum;
	struct gen_req put;
	struct gen *g = gen_open(m->s[i].port, 8, e);
	int rc = -1;

	subject_request(&m->s[i], OP_PUT_MEDIA, web_block(), BENCH_SMALL,
	    &put);
	if (g != NULL)
		rc = gen_run(g, &put, 0, m->b->small_objects, 0, &sum, e);
	gen_close(g);
	free(put.p);
	return (rc);
}

/* nginx stores a file a request.  Until it has passed the inodes that others
 * deleted lately (see subject_stop()) its figures say nothing. */
static int
settle(struct small *m, size_t i, struct err *e)
{
	struct gen *g = gen_open(m->s[i].port, 64, e);
	struct times_sum sum = { 0 };
	int rc = g == NULL ? -1 : gen_run(g, &m->req[i], 0, m->b->settled,
	    SETTLE_US, &sum, e);

	m->next[i] = sum.requests;
	gen_close(g);
	return (rc);
}

static int
begin(struct small *m, struct err *e)
{
	int rc = bench_start(m->b, m->s, &m->n, NULL, e);

	m->put = !m->over && (m->op == OP_PUT_MEDIA ||
	    m->op == OP_PUT_MULTIPART);
	for (size_t i = 0; rc == 0 && i < m->n; i++) {
		subject_request(&m->s[i], m->op, web_block(), BENCH_SMALL,
		    &m->req[i]);
		m->req[i].wrap = m->put ? 0 : m->b->small_objects;
		if (!m->put)
			rc = fill(m, i, e);
		else if (m->s[i].kind == PEER_NGINX)
			rc = settle(m, i, e);
		if (rc != 0)
			err_prefix(e, "%s", m->s[i].name);
	}
	return (rc);
}

/* The fake's memory backend takes the longer for an upload the more objects
 * it has: each round begins with none. */
static int
again(struct small *m, struct err *e)
{
	struct bench *b = m->b;

	for (size_t i = 0; m->put && i < m->n; i++) {
		struct subject *s = &m->s[i];

		if (s->kind != PEER_MEM)
			continue;
		subject_stop(s);
		if (subject_start(s, PEER_MEM, &b->peers, &b->arena,
		    bench_folder(b), e) != 0)
			return (-1);
		free(m->req[i].p);
		subject_request(s, m->op, web_block(), BENCH_SMALL,
		    &m->req[i]);
	}
	return (0);
}

static void
end(struct small *m)
{

	for (size_t i = 0; i < m->n; i++) {
		subject_stop(&m->s[i]);
		free(m->req[i].p);
	}
}

static int
slice(struct small *m, size_t i, size_t connections, struct err *e)
{
	struct bench *b = m->b;
	const struct subject *s = &m->s[i];
	int64_t cpu;
	struct gen *g = gen_open(s->port, connections, e);
	struct times_sum sum;
	int rc = -1;

	if (g == NULL || gen_run(g, &m->req[i], m->next[i], 0, WARM_US,
	    &sum, e) != 0)
		goto out;
	m->next[i] += sum.requests;
	child_peak_reset(s->child);
	cpu = child_cpu_us(s->child);
	if ((rc = gen_run(g, &m->req[i], m->next[i], 0, b->slice_us,
	    &sum, e)) != 0)
		goto out;
	m->next[i] += sum.requests;
	bench_note(b, m->measure, bench_variant(b, connections), s, &sum,
	    child_cpu_us(s->child) - cpu);
out:
	gen_close(g);
	return (rc == 0 ? 0 : err_prefix(e, "%s", s->name));
}

static int
rounds(struct small *m, struct err *e)
{
	struct bench *b = m->b;

	for (int64_t r = 0; r < b->rounds; r++) {
		if (again(m, e) != 0)
			return (-1);
		for (size_t c = 0; c < CONNECTIONS_N; c++)
			for (size_t k = 0; k < m->n; k++) {
				size_t i = bench_turn(r, k, m->n);

				if (bench_going(b, m->measure, m->s[i].name,
				    r, e) != 0 || slice(m, i,
				    bench_connections[c], e) != 0)
					return (-1);
			}
	}
	return (0);
}

static int
run(struct small *m, struct err *e)
{
	int rc = begin(m, e);

	if (rc == 0)
		rc = rounds(m, e);
	end(m);
	return (rc);
}

/* ---- the targets ---- */

/* The targets against the fakes are of new names: with a few names only, the
 * fake has not got to where its cost lies. */
static void
put_goals(struct bench *b, const char *measure, bool over)
{
	enum goal_kind fakes = over ? GOAL_NONE : GOAL_AT_LEAST;

	for (size_t c = 0; c < CONNECTIONS_N; c++) {
		const char *v = bench_variant(b, bench_connections[c]);

		bench_goal(b, measure, v, UNIT_RPS, PEER_MEM, false,
		    fakes, 10, NULL);
		bench_goal(b, measure, v, UNIT_CPU, PEER_MEM, true, fakes, 10,
		    over ? NULL : "counts where the client is the limit");
		bench_goal(b, measure, v, UNIT_RPS, PEER_FILE, false, fakes,
		    50, NULL);
		bench_goal(b, measure, v, UNIT_CPU, PEER_FILE, true,
		    GOAL_NONE, 0, NULL);
		bench_goal(b, measure, v, UNIT_RPS, PEER_NGINX, false,
		    GOAL_AT_LEAST, 3, NULL);
		bench_goal(b, measure, v, UNIT_CPU, PEER_NGINX, true,
		    GOAL_NONE, 0, NULL);
		bench_goal(b, measure, v, UNIT_RPS, PEER_BENCH, false,
		    GOAL_NONE, 0, NULL);
	}
}

static void
get_goals(struct bench *b, const char *measure, double least)
{

	for (size_t c = 0; c < CONNECTIONS_N; c++) {
		size_t n = bench_connections[c];
		const char *v = bench_variant(b, n);

		bench_goal(b, measure, v, UNIT_RPS, PEER_NGINX, false,
		    GOAL_AT_LEAST, least, NULL);
		bench_goal(b, measure, v, UNIT_CPU, PEER_NGINX, true,
		    GOAL_NONE, 0, NULL);
		bench_goal(b, measure, v, UNIT_P99, PEER_NGINX, false,
		    n == 64 ? GOAL_AT_MOST : GOAL_NONE, 3, NULL);
		bench_goal(b, measure, v, UNIT_RPS, PEER_MEM, false,
		    GOAL_NONE, 0, NULL);
		bench_goal(b, measure, v, UNIT_RPS, PEER_FILE, false,
		    GOAL_NONE, 0, NULL);
		bench_goal(b, measure, v, UNIT_RPS, PEER_BENCH, false,
		    GOAL_NONE, 0, NULL);
	}
}

int
m_put_media(struct bench *b, struct err *e)
{
	struct small m = { .b = b, .measure = "put-media",
	    .op = OP_PUT_MEDIA };

	put_goals(b, m.measure, false);
	return (run(&m, e));
}

int
m_put_multipart(struct bench *b, struct err *e)
{
	struct small m = { .b = b, .measure = "put-multipart",
	    .op = OP_PUT_MULTIPART };

	put_goals(b, m.measure, false);
	return (run(&m, e));
}

int
m_put_over(struct bench *b, struct err *e)
{
	struct small m = { .b = b, .measure = "put-over",
	    .op = OP_PUT_MEDIA, .over = true };

	put_goals(b, m.measure, true);
	return (run(&m, e));
}

int
m_get_xml(struct bench *b, struct err *e)
{
	struct small m = { .b = b, .measure = "get-xml", .op = OP_GET_XML };

	get_goals(b, m.measure, .8);
	return (run(&m, e));
}

int
m_get_media(struct bench *b, struct err *e)
{
	struct small m = { .b = b, .measure = "get-media",
	    .op = OP_GET_MEDIA };

	get_goals(b, m.measure, .8);
	return (run(&m, e));
}

int
m_get_meta(struct bench *b, struct err *e)
{
	struct small m = { .b = b, .measure = "get-metadata",
	    .op = OP_GET_META };

	get_goals(b, m.measure, .6);
	return (run(&m, e));
}

/* ---- by libcurl ---- */

struct by_curl {
	struct bench *b;
	const struct subject *s;
	enum op	op;
	int64_t	first, wrap;
	char	urls[CURL_CONNECTIONS][256];
};

static void
next(void *arg, int64_t i, size_t slot, struct web_req *r)
{
	struct by_curl *c = arg;
	struct arena a = ARENA_INIT;
	char name[32];

	i += c->first;
	(void)snprintf(name, sizeof(name), "o-%09lld",
	    (long long)(c->wrap > 0 ? i % c->wrap : i));
	(void)snprintf(c->urls[slot], sizeof(c->urls[slot]),
	    "http://127.0.0.1:%d%s", c->s->port,
	    subject_path(c->s, &a, c->op, name));
	arena_release(&a);
	r->url = c->urls[slot];
	if (c->op != OP_PUT_MEDIA) {
		r->answer = (int64_t)BENCH_SMALL;
		return;
	}
	r->method = c->s->kind == PEER_NGINX ? "PUT" : "POST";
	r->status = c->s->kind == PEER_NGINX ? 201 : 200;
	r->type = "application/octet-stream";
	r->size = (int64_t)BENCH_SMALL;
}

static int
curl_slice(struct small *m, size_t i, enum op op, struct err *e)
{
	struct bench *b = m->b;
	struct by_curl c = { .b = b, .s = &m->s[i], .op = op,
	    .first = op == OP_PUT_MEDIA ? m->next[i] : 0,
	    .wrap = op == OP_PUT_MEDIA ? 0 : b->small_objects };
	const struct web_way way = { 0 };
	struct web *w = web_open(&way, CURL_CONNECTIONS);
	struct times_sum sum;
	int64_t cpu;
	int rc = web_run(w, next, &c, 0, WARM_US, &sum, e);

	if (rc == 0) {
		c.first += sum.requests;
		cpu = child_cpu_us(m->s[i].child);
		rc = web_run(w, next, &c, 0, b->slice_us, &sum, e);
		if (op == OP_PUT_MEDIA)
			m->next[i] = c.first + sum.requests;
	}
	if (rc == 0)
		bench_note(b, m->measure, op == OP_PUT_MEDIA ? "put media" :
		    "get XML", &m->s[i], &sum, child_cpu_us(m->s[i].child) -
		    cpu);
	web_close(w);
	return (rc == 0 ? 0 : err_prefix(e, "%s", m->s[i].name));
}

static int
curl_rounds(struct small *m, struct err *e)
{
	static const enum op ops[] = { OP_PUT_MEDIA, OP_GET_XML };
	struct bench *b = m->b;

	for (size_t i = 0; i < m->n; i++)
		m->next[i] = b->small_objects;
	for (int64_t r = 0; r < b->rounds; r++)
		for (size_t o = 0; o < NELEMS(ops); o++)
			for (size_t k = 0; k < m->n; k++) {
				size_t i = bench_turn(r, k, m->n);

				if (bench_going(b, m->measure, m->s[i].name,
				    r, e) != 0 ||
				    curl_slice(m, i, ops[o], e) != 0)
					return (-1);
			}
	return (0);
}

int
m_small_curl(struct bench *b, struct err *e)
{
	static const char *const v[] = { "put media", "get XML" };
	static const enum peer_kind peers[] = { PEER_MEM, PEER_FILE,
	    PEER_NGINX };
	struct small m = { .b = b, .measure = "libcurl-8", .op = OP_GET_XML };
	int rc = begin(&m, e);

	for (size_t i = 0; i < NELEMS(v); i++)
		for (size_t k = 0; k < NELEMS(peers); k++) {
			bench_goal(b, m.measure, v[i], UNIT_RPS, peers[k],
			    false, GOAL_NONE, 0, "libcurl bounds this");
			bench_goal(b, m.measure, v[i], UNIT_CPU, peers[k],
			    true, GOAL_NONE, 0, NULL);
		}
	if (rc == 0)
		rc = curl_rounds(&m, e);
	end(&m);
	return (rc);
}
