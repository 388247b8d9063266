/* What TLS costs: the same requests by the same client (libcurl), plain and
 * through the proxy as Google's hosts; nginx over plain HTTP and HTTPS beside
 * it, with the same kind of certificate. */
#include <stdlib.h>
#include <string.h>

#include "emulator/bench/big.h"
#include "lib/clock.h"

#define MEASURE		"tls"
#define CONNECTIONS	8
#define WARM_US		INT64_C(50000)
#define OBJECT		"o-000000000"
#define V_GET		"4 KiB down"
#define V_PUT		"4 KiB up"
#define V_BIG_GET	"large down"
#define V_BIG_PUT	"large up"

static const char *const tls_name[PEER_N] = {
	[PEER_OURS] = "ours, TLS", [PEER_NGINX] = "nginx, TLS",
};

static const char *
name(const struct subject *s, bool tls)
{

	return (tls ? tls_name[s->kind] : s->name);
}

struct small {
	const struct subject *s;
	struct arena *a;
	const char *base;
	bool	put;
	int64_t	first;
	char	urls[CONNECTIONS][256];
};

static void
next(void *arg, int64_t i, size_t slot, struct web_req *r)
{
	struct small *m = arg;
	bool nginx = m->s->kind == PEER_NGINX;
	char object[32];

	(void)snprintf(object, sizeof(object), "o-%09lld",
	    (long long)(m->put ? m->first + i : 0));
	(void)snprintf(m->urls[slot], sizeof(m->urls[slot]), "%s%s", m->base,
	    subject_path(m->s, m->a, m->put ? OP_PUT_MEDIA : OP_GET_XML,
	    object));
	r->url = m->urls[slot];
	if (!m->put) {
		r->answer = (int64_t)BENCH_SMALL;
		return;
	}
	r->method = nginx ? "PUT" : "POST";
	r->status = nginx ? 201 : 200;
	r->type = "application/octet-stream";
	r->size = (int64_t)BENCH_SMALL;
}

static int
small_turn(struct bench *b, const struct subject *s, bool tls, bool put,
    int64_t *from, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct big_way way = big_way(s, tls, &a);
	struct small m = { .s = s, .a = &a, .base = way.base, .put = put,
	    .first = *from };
	struct web *w = web_open(&way.way, CONNECTIONS);
	struct times_sum sum;
	struct subject as = *s;
	int64_t cpu;
	int rc = web_run(w, next, &m, 0, WARM_US, &sum, e);

	as.name = name(s, tls);
	if (rc == 0) {
		m.first += sum.requests;
		child_peak_reset(s->child);
		cpu = child_cpu_us(s->child);
		rc = web_run(w, next, &m, 0, b->slice_us, &sum, e);
		m.first += sum.requests;
	}
	if (rc == 0)
		bench_note(b, MEASURE, put ? V_PUT : V_GET, &as, &sum,
		    child_cpu_us(s->child) - cpu);
	*from = m.first;
	web_close(w);
	arena_release(&a);
	return (rc == 0 ? 0 : err_prefix(e, "%s", as.name));
}

static int
big_turn(struct bench *b, const struct subject *s, bool tls, bool put,
    struct err *e)
{
	struct arena a = ARENA_INIT;
	struct big_way way = big_way(s, tls, &a);
	int64_t size = b->big / 4, t0, cpu = child_cpu_us(s->child);
	int rc;

	child_peak_reset(s->child);
	t0 = clock_mono_us();
	rc = put ? big_put(s, &way, &a, "big", size, false, e) :
	    big_get(s, &way, &a, "big", size, 1, false, e);
	if (rc == 0)
		big_note(b, MEASURE "-large", put ? V_BIG_PUT : V_BIG_GET,
		    name(s, tls), s, size, clock_mono_us() - t0,
		    child_cpu_us(s->child) - cpu, 0);
	if (rc == 0 && !put)
		rc = big_delete(s, &way, &a, "big", e);
	arena_release(&a);
	return (rc);
}

static int
turn(struct bench *b, const struct subject *s, int64_t *from, struct err *e)
{

	for (int tls = 0; tls < 2; tls++)
		if (small_turn(b, s, tls, true, from, e) != 0 ||
		    small_turn(b, s, tls, false, from, e) != 0 ||
		    big_turn(b, s, tls, true, e) != 0 ||
		    big_turn(b, s, tls, false, e) != 0)
			return (-1);
	return (0);
}

static void
goal(struct bench *b, const char *measure, const char *variant,
    const char *unit, const char *one, const char *other)
{
	const struct goal g = { arena_printf(&b->arena, "%s, %s, %s: %s / %s",
	    measure, variant, unit, one, other), { measure, variant, one,
	    unit }, { measure, variant, other, unit }, GOAL_NONE, 0, NULL };

	figures_goal(&b->figures, &g);
}

static void
goals(struct bench *b)
{
	static const char *const small[] = { V_PUT, V_GET };
	static const char *const big[] = { V_BIG_PUT, V_BIG_GET };
	const char *ours = peer_name[PEER_OURS];
	const char *nginx = peer_name[PEER_NGINX];

	for (size_t i = 0; i < NELEMS(small); i++) {
		goal(b, MEASURE, small[i], UNIT_RPS, "ours, TLS", ours);
		goal(b, MEASURE, small[i], UNIT_CPU, "ours, TLS", ours);
		goal(b, MEASURE, small[i], UNIT_RPS, "nginx, TLS", nginx);
		goal(b, MEASURE, small[i], UNIT_RPS, "ours, TLS",
		    "nginx, TLS");
	}
	for (size_t i = 0; i < NELEMS(big); i++) {
		goal(b, MEASURE "-large", big[i], UNIT_MBS, "ours, TLS", ours);
		goal(b, MEASURE "-large", big[i], UNIT_MBS, "nginx, TLS",
		    nginx);
		goal(b, MEASURE "-large", big[i], UNIT_MBS, "ours, TLS",
		    "nginx, TLS");
	}
}

int
m_tls(struct bench *b, struct err *e)
{
	const bool wanted[PEER_N] = { [PEER_OURS] = true,
	    [PEER_NGINX] = true };
	struct subject s[PEER_N];
	int64_t from[PEER_N] = { 0 };
	size_t n;
	int rc = bench_start(b, s, &n, wanted, e);

	goals(b);
	for (int64_t r = 0; rc == 0 && r < b->rounds; r++)
		for (size_t k = 0; rc == 0 && k < n; k++) {
			size_t i = bench_turn(r, k, n);

			rc = bench_going(b, MEASURE, s[i].name, r, e);
			if (rc == 0)
				rc = turn(b, &s[i], &from[i], e);
		}
	for (size_t i = 0; i < n; i++)
		subject_stop(&s[i]);
	return (rc);
}
