#include "harness/bench/stats.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void
stats_release(struct stats *s)
{

	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].v);
	free(s->v);
	*s = (struct stats) STATS_INIT;
}

const struct stats_row *
stats_find(const struct stats *s, const struct stats_key *k)
{

	for (size_t i = 0; i < s->n; i++) {
		const struct stats_key *x = &s->v[i].key;

		if (x->parallelism == k->parallelism &&
		    strcmp(x->bench, k->bench) == 0 &&
		    strcmp(x->release, k->release) == 0 &&
		    strcmp(x->subject, k->subject) == 0 &&
		    strcmp(x->unit, k->unit) == 0)
			return (&s->v[i]);
	}
	return (NULL);
}

void
stats_add(struct stats *s, const struct stats_key *k, double value)
{
	const struct stats_row *found = stats_find(s, k);
	struct stats_row *st;

	if (found == NULL) {
		s->v = mem_realloc(s->v, (s->n + 1) * sizeof(*s->v));
		s->v[s->n] = (struct stats_row) { .key = *k };
		found = &s->v[s->n++];
	}
	st = &s->v[found - s->v];
	st->v = mem_realloc(st->v, (st->n + 1) * sizeof(*st->v));
	st->v[st->n++] = value;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return ((x > y) - (x < y));
}

double
stats_median(const struct stats_row *s)
{
	double *v = mem_dup(s->v, s->n * sizeof(*v)), m;

	BUG_ON(s->n == 0);
	qsort(v, s->n, sizeof(*v), by_value);
	m = s->n % 2 == 1 ? v[s->n / 2] :
	    (v[s->n / 2 - 1] + v[s->n / 2]) / 2;
	free(v);
	return (m);
}

double
stats_min(const struct stats_row *s)
{
	double m = s->v[0];

	for (size_t i = 1; i < s->n; i++)
		m = s->v[i] < m ? s->v[i] : m;
	return (m);
}

double
stats_max(const struct stats_row *s)
{
	double m = s->v[0];

	for (size_t i = 1; i < s->n; i++)
		m = s->v[i] > m ? s->v[i] : m;
	return (m);
}
