/* Deletes at 8 connections, of objects that were stored just before. */
#include <stdlib.h>

#include "emulator/bench/bench.h"

#define MEASURE	"delete"

static int
turn(struct bench *b, const struct subject *s, int64_t first, int64_t n,
    struct err *e)
{
	const char *variant = arena_printf(&b->arena, "%lld objects",
	    (long long)b->deleted);
	struct gen *g = gen_open(s->port, 8, e);
	struct times_sum sum;
	struct gen_req put, del;
	int64_t cpu;
	int rc = -1;

	subject_request(s, OP_PUT_MEDIA, web_block(), BENCH_SMALL, &put);
	subject_request(s, OP_DELETE, NULL, 0, &del);
	if (g != NULL && gen_run(g, &put, first, n, 0, &sum, e) == 0) {
		cpu = child_cpu_us(s->child);
		child_peak_reset(s->child);
		rc = gen_run(g, &del, first, n, 0, &sum, e);
		if (rc == 0)
			bench_note(b, MEASURE, variant, s, &sum,
			    child_cpu_us(s->child) - cpu);
	}
	gen_close(g);
	free(put.p);
	free(del.p);
	return (rc == 0 ? 0 : err_prefix(e, "%s", s->name));
}

static const char *
fewer(struct bench *b, int64_t n)
{

	return (arena_printf(&b->arena, "%lld objects there: it takes minutes "
	    "to store more", (long long)n));
}

static void
goals(struct bench *b)
{
	const char *v = arena_printf(&b->arena, "%lld objects",
	    (long long)b->deleted);

	bench_goal(b, MEASURE, v, UNIT_RPS, PEER_MEM, false, GOAL_AT_LEAST,
	    10, fewer(b, b->deleted_mem));
	bench_goal(b, MEASURE, v, UNIT_CPU, PEER_MEM, true, GOAL_AT_LEAST, 10,
	    "counts where the client is the limit");
	bench_goal(b, MEASURE, v, UNIT_RPS, PEER_FILE, false, GOAL_AT_LEAST,
	    10, fewer(b, b->deleted_file));
	bench_goal(b, MEASURE, v, UNIT_CPU, PEER_FILE, true, GOAL_NONE, 0,
	    NULL);
	bench_goal(b, MEASURE, v, UNIT_RPS, PEER_BENCH, false, GOAL_AT_LEAST,
	    10, NULL);
	bench_goal(b, MEASURE, v, UNIT_RPS, PEER_NGINX, false, GOAL_NONE, 0,
	    NULL);
}

int
m_delete(struct bench *b, struct err *e)
{
	struct subject s[PEER_N];
	size_t n;
	int rc = bench_start(b, s, &n, NULL, e);

	goals(b);
	for (int64_t r = 0; rc == 0 && r < b->rounds; r++)
		for (size_t k = 0; rc == 0 && k < n; k++) {
			size_t i = bench_turn(r, k, n);

			rc = bench_going(b, MEASURE, s[i].name, r, e);
			if (rc == 0)
				rc = turn(b, &s[i], r * b->deleted,
				    s[i].kind == PEER_MEM ? b->deleted_mem :
				    s[i].kind == PEER_FILE ||
				    s[i].kind == PEER_BENCH ? b->deleted_file :
				    b->deleted, e);
		}
	for (size_t i = 0; i < n; i++)
		subject_stop(&s[i]);
	return (rc);
}
