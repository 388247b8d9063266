/* The rules of an exploration. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/explore/points.h"

struct rules {
	struct arena *a;
	const struct point *backup;	/* the first that could be restored */
	const struct point *best;	/* the one with the highest frontier */
};

/* What is wrong with a point by itself, or NULL. */
static const char *
rule_alone(struct rules *c, const struct point *p, const char **text)
{
	const char *colon;

	if (p->panic) {
		*text = arena_printf(c->a, "the restore panicked%s%s",
		    p->said != NULL ? ": " : "", p->said != NULL ? p->said :
		    "");
		return ("panic");
	}
	if (p->status == 124) {
		*text = "the restore did not end in time";
		return ("ends");
	}
	if (p->broken == NULL)
		return (NULL);
	*text = arena_printf(c->a, "%s%s: %s", p->list_k == 0 ? "" :
	    arena_printf(c->a, "listed as of change %" PRId64 ", ", p->list_k),
	    p->moment > 0 ? "after another crash while it went on" : p->crash ?
	    "after a crash the replicator went on" : "restored with status 0",
	    p->broken);
	colon = strchr(p->broken, ':');
	return (colon == NULL ? p->broken : arena_strndup(c->a, p->broken,
	    (size_t)(colon - p->broken)));
}

/* What is wrong with it after what was seen before, or NULL. */
static const char *
rule_before(struct rules *c, const struct point *p, const char **text)
{

	if (p->status != 0 && c->backup != NULL) {
		*text = arena_printf(c->a, "restore ends with %d, where after "
		    "change %" PRId64 " it brought back a database%s%s",
		    p->status, c->backup->k, p->said != NULL ? ": " : "",
		    p->said != NULL ? p->said : "");
		return ("restorable");
	}
	if (p->status == 0 && c->best != NULL &&
	    p->frontier < c->best->frontier) {
		*text = arena_printf(c->a, "restored up to row %" PRId64
		    ", where after change %" PRId64 " (%s) it was row %" PRId64,
		    p->frontier, c->best->k, c->best->what,
		    c->best->frontier);
		return ("frontier");
	}
	/* Untidy, which is the least of it. */
	if (p->litter != NULL) {
		*text = arena_printf(c->a, "the restore, which ended with %d, "
		    "left %s", p->status, p->litter);
		return ("litter");
	}
	return (NULL);
}

static const struct point *
point_at(const struct points *ps, int64_t k)
{

	for (size_t i = 0; i < ps->n; i++)
		if (ps->v[i].k == k && ps->v[i].tried)
			return (&ps->v[i]);
	return (NULL);
}

/* What is wrong with a two-time view; *since: what had been there when it was
 * listed. */
static const char *
rule_two(struct rules *c, const struct points *ps, const struct point *p,
    const struct point **since, const char **text)
{
	const struct point *then = point_at(ps, p->list_k);

	*since = NULL;
	if (p->status == 0 && then != NULL && then->status == 0 &&
	    then->broken == NULL && p->frontier < then->frontier) {
		*since = then;
		*text = arena_printf(c->a, "listed as of change %" PRId64
		    ", where row %" PRId64 " could be restored, but restored "
		    "up to row %" PRId64 " with status 0", p->list_k,
		    then->frontier, p->frontier);
		return ("frontier");
	}
	return (NULL);
}

/* The machines that were lost, in order. */
static size_t
judge_lost(struct rules *c, const struct points *ps, struct violation *v)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->n; i++) {
		const struct point *p = &ps->v[i], *since = NULL;
		const char *text, *property;

		if (!p->tried)
			continue;
		property = rule_alone(c, p, &text);
		if (property == NULL &&
		    (property = rule_before(c, p, &text)) != NULL &&
		    strcmp(property, "litter") != 0)
			since = p->status != 0 ? c->backup : c->best;
		if (property != NULL)
			v[n++] = (struct violation){ .property = property,
			    .at = p, .since = since, .text = text };
		if (p->status != 0 || p->broken != NULL)
			continue;
		if (c->backup == NULL)
			c->backup = p;
		if (c->best == NULL || p->frontier > c->best->frontier)
			c->best = p;
	}
	return (n);
}

/* Two-time views and crashes: each by itself. */
static size_t
judge_each(struct rules *c, const struct points *lost,
    const struct points *ps, struct violation *v)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->n; i++) {
		const struct point *p = &ps->v[i], *since = NULL;
		const char *text, *property;

		if (!p->tried)
			continue;
		property = rule_alone(c, p, &text);
		if (property == NULL && !p->crash)
			property = rule_two(c, lost, p, &since, &text);
		if (property != NULL)
			v[n++] = (struct violation){ .property = property,
			    .at = p, .since = since, .text = text };
	}
	return (n);
}

struct violation *
points_judge(const struct explored *x, struct arena *a, size_t *n)
{
	struct violation *v = arena_alloc(a, (x->lost.n + x->twos.n +
	    x->crashes.n + x->nested.n + 1) * sizeof(*v));
	struct rules c = { .a = a };

	*n = judge_lost(&c, &x->lost, v);
	*n += judge_each(&c, &x->lost, &x->twos, v + *n);
	*n += judge_each(&c, &x->lost, &x->crashes, v + *n);
	*n += judge_each(&c, &x->lost, &x->nested, v + *n);
	return (v);
}
