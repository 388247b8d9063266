#include "emulator/bench/figure.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void
figures_release(struct figures *f)
{

	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].v);
	free(f->v);
	free(f->goals);
	*f = (struct figures) { 0 };
}

const struct figure *
figures_find(const struct figures *f, const struct figure_key *k)
{

	for (size_t i = 0; i < f->n; i++) {
		const struct figure_key *x = &f->v[i].key;

		if (strcmp(x->measure, k->measure) == 0 &&
		    strcmp(x->variant, k->variant) == 0 &&
		    strcmp(x->subject, k->subject) == 0 &&
		    strcmp(x->unit, k->unit) == 0)
			return (&f->v[i]);
	}
	return (NULL);
}

void
figures_add(struct figures *f, const struct figure_key *k, double value)
{
	const struct figure *found = figures_find(f, k);
	struct figure *x;

	if (found == NULL) {
		f->v = mem_realloc(f->v, (f->n + 1) * sizeof(*f->v));
		f->v[f->n] = (struct figure) { .key = *k };
		found = &f->v[f->n++];
	}
	x = &f->v[found - f->v];
	x->v = mem_realloc(x->v, (x->n + 1) * sizeof(*x->v));
	x->v[x->n++] = value;
}

void
figures_goal(struct figures *f, const struct goal *g)
{

	f->goals = mem_realloc(f->goals, (f->ngoals + 1) * sizeof(*f->goals));
	f->goals[f->ngoals++] = *g;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return ((x > y) - (x < y));
}

static double
quantile(const double *v, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	if (i + 1 >= n)
		return (v[n - 1]);
	return (v[i] + (v[i + 1] - v[i]) * (at - (double)i));
}

struct spread
spread_of(const double *values, size_t n)
{
	double *v = mem_dup(values, n * sizeof(*v));
	struct spread s;

	BUG_ON(n == 0);
	qsort(v, n, sizeof(*v), by_value);
	s = (struct spread) { quantile(v, n, .5), quantile(v, n, .25),
	    quantile(v, n, .75) };
	free(v);
	return (s);
}

bool
figures_ratio(const struct figures *f, const struct goal *g, struct spread *s,
    size_t *rounds)
{
	const struct figure *a = figures_find(f, &g->a), *b = NULL;
	size_t n;
	double *v;

	if (a == NULL || (g->b.subject != NULL &&
	    (b = figures_find(f, &g->b)) == NULL))
		return (false);
	/* Round by round: a slow moment of the machine falls on both. */
	n = b != NULL && b->n < a->n ? b->n : a->n;
	v = mem_alloc(n * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = b == NULL ? a->v[i] : a->v[i] / b->v[i];
	*s = spread_of(v, n);
	*rounds = n;
	free(v);
	return (true);
}

const char *
goal_verdict(const struct goal *g, const struct spread *s)
{

	if (g->kind == GOAL_NONE)
		return ("");
	return ((g->kind == GOAL_AT_LEAST ? s->median >= g->target :
	    s->median <= g->target) ? "PASS" : "MISS");
}

/* ---- as JSON ---- */

static json_t *
spread_json(const struct spread *s)
{

	return (json_pack("{s:f, s:f, s:f}", "median", s->median, "q1", s->q1,
	    "q3", s->q3));
}

json_t *
figures_json(const struct figures *f)
{
	json_t *all = json_array();

	for (size_t i = 0; i < f->n; i++) {
		const struct figure *x = &f->v[i];
		struct spread s = spread_of(x->v, x->n);
		json_t *j = spread_json(&s), *runs = json_array();

		for (size_t k = 0; k < x->n; k++)
			json_array_append_new(runs, json_real(x->v[k]));
		json_object_set_new(j, "measure", json_string(x->key.measure));
		json_object_set_new(j, "variant", json_string(x->key.variant));
		json_object_set_new(j, "subject", json_string(x->key.subject));
		json_object_set_new(j, "unit", json_string(x->key.unit));
		json_object_set_new(j, "runs", runs);
		json_array_append_new(all, j);
	}
	return (all);
}

json_t *
figures_ratios_json(const struct figures *f)
{
	json_t *all = json_array();

	for (size_t i = 0; i < f->ngoals; i++) {
		const struct goal *g = &f->goals[i];
		struct spread s;
		size_t n;
		json_t *j;

		if (!figures_ratio(f, g, &s, &n))
			continue;
		j = spread_json(&s);
		json_object_set_new(j, "what", json_string(g->what));
		json_object_set_new(j, "rounds", json_integer((json_int_t)n));
		if (g->kind != GOAL_NONE) {
			json_object_set_new(j, g->kind == GOAL_AT_LEAST ?
			    "at_least" : "at_most", json_real(g->target));
			json_object_set_new(j, "verdict",
			    json_string(goal_verdict(g, &s)));
		}
		if (g->note != NULL)
			json_object_set_new(j, "note", json_string(g->note));
		json_array_append_new(all, j);
	}
	return (all);
}

/* ---- as text ---- */

/* Four digits or so. */
static void
number(char *dst, size_t room, double v)
{

	(void)snprintf(dst, room, v >= 100 || v <= -100 ? "%.0f" : v >= 10 ?
	    "%.1f" : "%.2f", v);
}

static void
cell(FILE *out, const struct figure *x)
{
	struct spread s;
	char value[32];

	if (x == NULL) {
		(void)fprintf(out, " %14s", "-");
		return;
	}
	s = spread_of(x->v, x->n);
	number(value, sizeof(value), s.median);
	/* Next to nothing has no share that would tell anything. */
	if (s.median < .1)
		(void)fprintf(out, " %9s     ", value);
	else
		(void)fprintf(out, " %9s %3.0f%%", value, 100 * (s.q3 -
		    s.q1) / s.median);
}

/* The distinct units of a measure, in the order in which they came. */
static size_t
units(const struct figures *f, const char *measure, const char **v, size_t max)
{
	size_t n = 0, k;

	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->v[i].key.measure, measure) != 0)
			continue;
		for (k = 0; k < n; k++)
			if (strcmp(v[k], f->v[i].key.unit) == 0)
				break;
		if (k == n && n < max)
			v[n++] = f->v[i].key.unit;
	}
	return (n);
}

/* Is the i-th figure the first of its measure, with variant of its variant
 * there, with subject of its row? */
static bool
first(const struct figures *f, size_t i, bool variant, bool subject)
{
	const struct figure_key *k = &f->v[i].key;

	for (size_t j = 0; j < i; j++) {
		const struct figure_key *x = &f->v[j].key;

		if (strcmp(x->measure, k->measure) == 0 &&
		    (!variant || strcmp(x->variant, k->variant) == 0) &&
		    (!subject || strcmp(x->subject, k->subject) == 0))
			return (false);
	}
	return (true);
}

/* The rows of the variant of the i-th figure. */
static void
rows(const struct figures *f, size_t i, const char *const *unit, size_t n,
    FILE *out)
{

	for (size_t j = i; j < f->n; j++) {
		struct figure_key k = f->v[j].key;

		if (strcmp(k.measure, f->v[i].key.measure) != 0 ||
		    strcmp(k.variant, f->v[i].key.variant) != 0 ||
		    !first(f, j, true, true))
			continue;
		(void)fprintf(out, "  %-19s %-14s", i == j ? k.variant : "",
		    k.subject);
		for (size_t u = 0; u < n; u++) {
			k.unit = unit[u];
			cell(out, figures_find(f, &k));
		}
		(void)fputc('\n', out);
	}
}

static void
block(const struct figures *f, const char *measure, FILE *out)
{
	const char *unit[8];
	size_t n = units(f, measure, unit, NELEMS(unit));

	(void)fprintf(out, "\n%-36s", measure);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, " %14s", unit[i]);
	(void)fputc('\n', out);
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].key.measure, measure) == 0 &&
		    first(f, i, true, false))
			rows(f, i, unit, n, out);
}

void
figures_table(const struct figures *f, FILE *out)
{

	(void)fputs("Medians, and the distance between the quartiles as a "
	    "share of the median.\n", out);
	for (size_t i = 0; i < f->n; i++)
		if (first(f, i, false, false))
			block(f, f->v[i].key.measure, out);
}

void
figures_ratios(const struct figures *f, FILE *out)
{

	(void)fprintf(out, "\n%-68s %8s %17s %9s\n", "ratios (round by round)",
	    "median", "quartiles", "target");
	for (size_t i = 0; i < f->ngoals; i++) {
		const struct goal *g = &f->goals[i];
		char m[32], q1[32], q3[32], t[32] = "";
		struct spread s;
		size_t n;

		if (!figures_ratio(f, g, &s, &n))
			continue;
		number(m, sizeof(m), s.median);
		number(q1, sizeof(q1), s.q1);
		number(q3, sizeof(q3), s.q3);
		if (g->kind != GOAL_NONE) {
			t[0] = g->kind == GOAL_AT_LEAST ? '>' : '<';
			t[1] = '=';
			number(t + 2, sizeof(t) - 2, g->target);
		}
		(void)fprintf(out, "%-68s %8s %8s-%-8s %9s %s%s%s\n", g->what,
		    m, q1, q3, t, goal_verdict(g, &s),
		    g->note != NULL ? "  " : "", g->note != NULL ? g->note :
		    "");
	}
}
