/* What a network does: how long a request is under way, how fast bytes pass.
 *
 * Nothing is drawn as time goes: the nth match of a rule waits for a time that
 * follows from the rule's seed and n alone, so that a run with the same
 * requests is the same run.  A rate is a clock that is ahead by what has
 * passed: bytes wait until it has come to them, one clock for each body and one
 * for all of a rule. */
#include "emulator/fault/fault_int.h"

#include <math.h>
#include <string.h>

#include "lib/clock.h"

#define PIECES		50		/* a second: steps of 20 ms */
#define PIECE_MAX	(64 << 10)

const struct fault_value *
fault_arg(const struct fault_rule *r, const char *name)
{
	static const struct fault_value none;

	for (size_t i = 0; i < FAULT_ARGS && r->kind->args[i].name != NULL;
	    i++)
		if (strcmp(r->kind->args[i].name, name) == 0)
			return (&r->args[i]);
	return (&none);
}

/* ---- how long ---- */

/* The nth number of a seed's, in (0, 1): SplitMix64's mixing of n. */
static double
fault_draw(uint64_t seed, uint64_t n)
{
	uint64_t z = (seed << 32 ^ seed) + n * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (((double)(z >> 12) + 0.5) / (double)(UINT64_C(1) << 52));
}

int64_t
fault_network_us(const struct fault_rule *r, int64_t k)
{
	uint64_t seed = (uint64_t)(fault_arg(r, "seed")->set ?
	    fault_arg(r, "seed")->i : 1), n = 2 * (uint64_t)k;
	const char *shape = fault_arg(r, "shape")->s;
	double jitter = (double)fault_arg(r, "jitter")->i, x;
	double u = fault_draw(seed, n);

	if (shape == NULL || strcmp(shape, "uniform") == 0)
		x = 2 * u - 1;
	else if (strcmp(shape, "exponential") == 0)
		x = -log(u);
	else	/* Box and Muller's way to a normal one */
		x = sqrt(-2 * log(u)) * cos(2 * M_PI *
		    fault_draw(seed, n + 1));
	x = (double)fault_arg(r, "latency")->i + jitter * x;
	return (x > 0 ? (int64_t)x : 0);
}

int
fault_network_check(const struct fault_rule *r, struct err *e)
{
	const char *s = fault_arg(r, "shape")->s;

	if (s != NULL && strcmp(s, "uniform") != 0 && strcmp(s, "normal") != 0
	    && strcmp(s, "exponential") != 0)
		return (err_set(e, "args: 'shape' is uniform, normal or "
		    "exponential, not '%s'", s));
	return (0);
}

void
fault_network_act(struct faults *f, const struct fault_rule *r,
    struct req *rq)
{

	for (const struct fault_hit *h = rq->faults; h != NULL; h = h->next)
		if (h->rule == r)
			fault_wait(f, r, fault_network_us(r, h->k));
}

/* ---- how fast ---- */

static int64_t
fault_rate_least(int64_t a, int64_t b)
{

	return (a > 0 && (b == 0 || a < b) ? a : b);
}

int64_t
fault_rate_piece(const struct fault_rule *r)
{
	int64_t n = fault_rate_least(fault_arg(r, "bandwidth")->i,
	    fault_arg(r, "total")->i);

	if (n == 0)
		return (INT64_MAX);
	n = n / PIECES > 0 ? n / PIECES : 1;
	return (n < PIECE_MAX ? n : PIECE_MAX);
}

/* n more bytes on a clock; how long until they are out. */
static int64_t
fault_rate_clock(int64_t *free_us, int64_t now, int64_t n, int64_t rate)
{

	if (rate == 0)
		return (0);
	if (*free_us < now)
		*free_us = now;
	*free_us += n * 1000000 / rate;
	return (*free_us - now);
}

int64_t
fault_rate_pace(struct fault_rule *r, struct fault_hit *h, int64_t n)
{
	int64_t now = clock_mono_us(), one, all;

	one = fault_rate_clock(&h->free_us, now, n,
	    fault_arg(r, "bandwidth")->i);
	all = fault_rate_clock(&r->free_us, now, n, fault_arg(r, "total")->i);
	return (one > all ? one : all);
}

int64_t
fault_dribble_piece(const struct fault_rule *r)
{
	const struct fault_value *n = fault_arg(r, "bytes");

	return (n->set ? n->i : 1);
}

int64_t
fault_dribble_pace(struct fault_rule *r, struct fault_hit *h, int64_t n)
{

	(void)h;
	(void)n;
	return (fault_arg(r, "delay")->i);
}
