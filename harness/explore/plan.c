#include "harness/explore/plan.h"

#include <string.h>

#include "lib/str.h"

static bool
equal(const struct point *a, const struct point *b)
{

	return (a->state != 0 && a->state == b->state &&
	    strcmp(a->what, b->what) == 0);
}

size_t
plan_equal(struct points *ps, bool *pick)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->n; i++) {
		ps->v[i].same = NULL;
		for (size_t j = 0; j < i && pick[i]; j++) {
			if (!pick[j] || !equal(&ps->v[i], &ps->v[j]))
				continue;
			ps->v[i].same = &ps->v[j];
			pick[i] = false;
			n++;
		}
	}
	return (n);
}

void
plan_equal_results(struct points *ps)
{

	for (size_t i = 0; i < ps->n; i++) {
		struct point *p = &ps->v[i];
		const struct point *q = p->same;

		if (q == NULL || p->tried || !q->tried)
			continue;
		p->tried = true;
		p->status = q->status;
		p->panic = q->panic;
		p->frontier = q->frontier;
		p->lag_us = q->lag_us;
		p->broken = q->broken;
		p->litter = q->litter;
		p->said = q->said;
	}
}

static bool
same_text(const char *a, const char *b)
{

	return ((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) ==
	    0));
}

bool
plan_same_result(const struct point *a, const struct point *b)
{

	return (a->status == b->status && a->panic == b->panic &&
	    a->frontier == b->frontier && same_text(a->broken, b->broken) &&
	    same_text(a->litter, b->litter));
}

/* Is it, or is one beside it, what deserves a look in any case? */
static bool
must(const struct points *ps, size_t i)
{

	for (size_t j = i > 0 ? i - 1 : 0; j <= i + 1 && j < ps->n; j++)
		if (strstr(ps->v[j].what, "snapshot") != NULL)
			return (true);
	return (i == 0 || strstr(ps->v[i].what, "delete ") != NULL);
}

static bool
first_of_class(const struct points *ps, size_t i)
{

	for (size_t j = 0; j < i; j++)
		if (strcmp(ps->v[j].what, ps->v[i].what) == 0)
			return (false);
	return (true);
}

size_t
plan_musts(const struct points *ps, bool *from, bool *pick)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->n; i++) {
		pick[i] = from[i] && (first_of_class(ps, i) || must(ps, i));
		from[i] = from[i] && !pick[i];
		n += pick[i];
	}
	return (n);
}

size_t
plan_spread(size_t npoints, bool *from, size_t n, bool *pick)
{
	size_t left = 0, taken = 0, nth = 0;

	for (size_t i = 0; i < npoints; i++) {
		pick[i] = false;
		left += from[i];
	}
	/* The i'th of n parts of what is left gives its first. */
	for (size_t i = 0; i < npoints && taken < n; i++) {
		if (!from[i])
			continue;
		if (nth++ * n < taken * left)
			continue;
		pick[i] = true;
		from[i] = false;
		taken++;
	}
	return (taken);
}
