/* From the start of the process to its first answer: on the plain endpoint,
 * on the same folder again, and through the proxy with its TLS; each from a
 * start of its own.  Both ways in listen in each case. */
#include <string.h>

#include "emulator/bench/bench.h"
#include "lib/clock.h"
#include "lib/file.h"

#define MEASURE		"start"
#define V_FIRST		"first answer"
#define V_AGAIN		"same data again"
#define V_PROXY		"through the proxy"

static int
answer(const struct subject *s, bool proxy, struct arena *a, struct err *e)
{
	const struct web_way way = { proxy ? s->proxy_port : 0,
	    proxy ? s->ca : NULL };
	const struct web_req r = { .method = "GET", .url = proxy ?
	    "https://storage.googleapis.com/storage/v1/b?project=litedrill" :
	    arena_printf(a, "http://127.0.0.1:%d/storage/v1/b?project="
	    "litedrill", s->port), .size = -1, .status = s->kind ==
	    PEER_NGINX ? 404 : 200, .answer = -1 };

	return (web_call(&way, &r, NULL, e));
}

static int
one(struct bench *b, enum peer_kind kind, const char *variant, bool proxy,
    const char *dir, bool record, struct err *e)
{
	struct subject s;
	int64_t us = 0;
	int rc;

	if (subject_spawn(&s, kind, &b->peers, &b->arena, dir, e) != 0)
		return (-1);
	if ((rc = answer(&s, proxy, &b->arena, e)) == 0)
		us = clock_mono_us() - child_started_us(s.child);
	if (rc == 0 && record) {
		bench_add(b, MEASURE, variant, s.name, UNIT_MS,
		    (double)us / 1e3);
		bench_add(b, MEASURE, variant, s.name, "server ms",
		    (double)child_cpu_us(s.child) / 1e3);
		bench_add(b, MEASURE, variant, s.name, UNIT_RSS,
		    (double)child_rss(s.child) / 1048576);
	}
	subject_end(&s);
	return (rc);
}

static int
fresh(struct bench *b, enum peer_kind kind, const char *variant, bool proxy,
    const char *dir, bool record, struct err *e)
{

	return (file_remove_all(dir, e) == 0 && one(b, kind, variant, proxy,
	    dir, record, e) == 0 ? 0 : -1);
}

static int
turn(struct bench *b, enum peer_kind kind, const char *dir, struct err *e)
{

	if (fresh(b, kind, V_FIRST, false, dir, true, e) != 0)
		return (-1);
	if (kind != PEER_OURS)
		return (file_remove_all(dir, e));
	if (one(b, kind, V_AGAIN, false, dir, true, e) != 0 ||
	    fresh(b, kind, V_PROXY, true, dir, true, e) != 0)
		return (-1);
	return (file_remove_all(dir, e));
}

int
m_start(struct bench *b, struct err *e)
{
	static const char *const v[] = { V_FIRST, V_AGAIN, V_PROXY };
	const char *dir = arena_printf(&b->arena, "%s/start", b->dir);

	for (size_t i = 0; i < NELEMS(v); i++) {
		const struct goal g = { arena_printf(&b->arena, "start, %s: "
		    "ours, ms", v[i]), { MEASURE, v[i], peer_name[PEER_OURS],
		    UNIT_MS }, { .subject = NULL }, GOAL_AT_MOST, 15, NULL };

		figures_goal(&b->figures, &g);
	}
	/* The client's own first TLS costs it some milliseconds, once. */
	if (fresh(b, PEER_OURS, V_PROXY, true, dir, false, e) != 0)
		return (-1);
	for (int64_t r = 0; r < b->rounds; r++)
		for (size_t k = 0; k < PEER_N; k++) {
			size_t i = bench_turn(r, k, PEER_N);

			if (b->peers.program[i] == NULL)
				continue;
			if (bench_going(b, MEASURE, peer_name[i], r, e) != 0 ||
			    turn(b, (enum peer_kind)i, dir, e) != 0)
				return (-1);
		}
	return (0);
}
