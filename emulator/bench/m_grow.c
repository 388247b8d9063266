/* Does an upload or a read cost more where there are many objects?  Two
 * emulators side by side, one with a hundred objects and one with a million.
 * Names are scattered, so that each upload falls in the middle of the index
 * and each read on another page of it. */
#include <stdlib.h>
#include <string.h>

#include "emulator/bench/bench.h"

#define MEASURE		"grow"
#define FEW		INT64_C(100)
#define WARM_US		INT64_C(50000)
#define CONNECTIONS	8

struct grow {
	struct bench *b;
	struct subject s[2];		/* few, many */
	int64_t	objects[2];
	int64_t	next[2];
	struct gen_req put[2], get[2];
};

static int
fill(struct grow *w, size_t i, struct err *e)
{
	struct gen *g;
	struct times_sum sum;
	int rc;

	if (subject_start(&w->s[i], PEER_OURS, &w->b->peers, &w->b->arena,
	    bench_folder(w->b), e) != 0)
		return (-1);
	w->s[i].name = arena_printf(&w->b->arena, "%lld objects",
	    (long long)w->objects[i]);
	subject_request(&w->s[i], OP_PUT_MEDIA, web_block(), BENCH_SMALL,
	    &w->put[i]);
	subject_request(&w->s[i], OP_GET_XML, NULL, BENCH_SMALL, &w->get[i]);
	w->put[i].scatter = w->get[i].scatter = true;
	w->get[i].wrap = w->objects[i];
	if ((g = gen_open(w->s[i].port, CONNECTIONS, e)) == NULL)
		return (-1);
	rc = gen_run(g, &w->put[i], 0, w->objects[i], 0, &sum, e);
	w->next[i] = w->objects[i];
	gen_close(g);
	return (rc);
}

static int
slice(struct grow *w, size_t i, bool put, struct err *e)
{
	const struct subject *s = &w->s[i];
	const struct gen_req *r = put ? &w->put[i] : &w->get[i];
	struct gen *g = gen_open(s->port, CONNECTIONS, e);
	struct times_sum sum;
	int64_t cpu, *next = &w->next[i];
	int rc = -1;

	if (g == NULL || gen_run(g, r, *next, 0, WARM_US, &sum, e) != 0)
		goto out;
	*next += sum.requests;
	child_peak_reset(s->child);
	cpu = child_cpu_us(s->child);
	if ((rc = gen_run(g, r, *next, 0, w->b->slice_us, &sum, e)) != 0)
		goto out;
	*next += sum.requests;
	bench_note(w->b, MEASURE, put ? "put" : "get", s, &sum,
	    child_cpu_us(s->child) - cpu);
out:
	gen_close(g);
	return (rc);
}

/* Few objects must stay few: what was put is deleted again, and the reads
 * must not miss, so the hundred that were there first stay. */
static int
shrink(struct grow *w, size_t i, struct err *e)
{
	struct gen_req del;
	struct gen *g = gen_open(w->s[i].port, CONNECTIONS, e);
	struct times_sum sum;
	int rc = -1;

	subject_request(&w->s[i], OP_DELETE, NULL, 0, &del);
	del.scatter = true;
	if (g != NULL)
		rc = w->next[i] == w->objects[i] ? 0 : gen_run(g, &del,
		    w->objects[i], w->next[i] - w->objects[i], 0, &sum, e);
	w->next[i] = w->objects[i];
	gen_close(g);
	free(del.p);
	return (rc);
}

static int
rounds(struct grow *w, struct err *e)
{

	for (int64_t r = 0; r < w->b->rounds; r++)
		for (size_t k = 0; k < 2; k++) {
			size_t i = bench_turn(r, k, 2);

			if (bench_going(w->b, MEASURE, w->s[i].name, r, e) !=
			    0 || slice(w, i, true, e) != 0 ||
			    shrink(w, i, e) != 0 ||
			    slice(w, i, false, e) != 0)
				return (-1);
			w->next[i] = w->objects[i];
		}
	return (0);
}

static void
goals(struct grow *w)
{
	static const char *const v[] = { "put", "get" };
	struct arena *a = &w->b->arena;
	const char *few = w->s[0].name, *many = w->s[1].name;

	for (size_t i = 0; i < NELEMS(v); i++) {
		const struct goal wall = { arena_printf(a, "grow, %s, time: "
		    "%s / %s", v[i], many, few), { MEASURE, v[i], few,
		    UNIT_RPS }, { MEASURE, v[i], many, UNIT_RPS },
		    GOAL_AT_MOST, 1.5, NULL };
		const struct goal cpu = { arena_printf(a, "grow, %s, server "
		    "us/req: %s / %s", v[i], many, few), { MEASURE, v[i],
		    many, UNIT_CPU }, { MEASURE, v[i], few, UNIT_CPU },
		    GOAL_AT_MOST, 1.5, NULL };

		figures_goal(&w->b->figures, &wall);
		figures_goal(&w->b->figures, &cpu);
	}
}

int
m_grow(struct bench *b, struct err *e)
{
	struct grow w = { .b = b, .objects = { FEW, b->grown } };
	int rc = bench_going(b, MEASURE, "storing the objects", 0, e);

	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = fill(&w, i, e);
	if (rc == 0) {
		goals(&w);
		rc = rounds(&w, e);
	}
	for (size_t i = 0; i < 2; i++) {
		subject_stop(&w.s[i]);
		free(w.put[i].p);
		free(w.get[i].p);
	}
	return (rc);
}
