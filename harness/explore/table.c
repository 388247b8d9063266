/* What was explored, as text. */
#include <inttypes.h>
#include <string.h>

#include "harness/explore/points.h"

#define CLASSES	32
#define MAP_WIDTH	72

struct class {
	const char *name;
	size_t	points, restored, none, wrong;
	int64_t	lag_us;
};

static const struct violation *
violation_of(const struct point *p, const struct violation *v, size_t n)
{

	for (size_t i = 0; i < n; i++)
		if (v[i].at == p)
			return (&v[i]);
	return (NULL);
}

static struct class *
class_of(struct class *v, size_t *n, const char *name)
{

	for (size_t i = 0; i < *n; i++)
		if (strcmp(v[i].name, name) == 0)
			return (&v[i]);
	if (*n < CLASSES)
		v[(*n)++] = (struct class){ .name = name };
	return (&v[*n - 1]);
}

static void
table_classes(struct buf *b, const char *title, const struct points *ps,
    const struct violation *v, size_t n)
{
	struct class cl[CLASSES];
	size_t ncl = 0;

	for (size_t i = 0; i < ps->n; i++) {
		const struct point *p = &ps->v[i];
		struct class *c;

		if (!p->tried)
			continue;
		c = class_of(cl, &ncl, p->what);
		c->points++;
		c->restored += p->status == 0;
		c->none += p->status != 0;
		c->wrong += violation_of(p, v, n) != NULL;
		if (p->lag_us > c->lag_us)
			c->lag_us = p->lag_us;
	}
	buf_addf(b, "%-32s %8s %9s %9s %10s %12s\n", title,
	    "points", "restored", "no backup", "violations", "most at risk");
	for (size_t i = 0; i < ncl; i++)
		buf_addf(b, "%-32s %8zu %9zu %9zu %10zu %10.2f s\n",
		    cl[i].name, cl[i].points, cl[i].restored, cl[i].none,
		    cl[i].wrong, (double)cl[i].lag_us / 1e6);
}

/* `.` restored, `-` no backup yet, the property's first letter, ` ` untried. */
static void
table_map(struct buf *b, const struct points *ps, const struct violation *v,
    size_t n)
{

	buf_adds(b, "\nEach change in turn (. restored, - nothing to restore "
	    "yet, a capital: a violation):\n");
	for (size_t i = 0; i < ps->n; i++) {
		const struct point *p = &ps->v[i];
		const struct violation *x = violation_of(p, v, n);

		if (i % MAP_WIDTH == 0)
			buf_addf(b, "%s%7" PRId64 "  ", i > 0 ? "\n" : "",
			    p->k);
		buf_addc(b, !p->tried ? ' ' : x != NULL ?
		    (char)(*x->property & ~0x20) : p->status == 0 ? '.' : '-');
	}
	buf_adds(b, "\n");
}

/* What came of restores that were listed earlier than they read. */
static void
table_twos(struct buf *b, const struct points *twos,
    const struct violation *v, size_t n)
{
	size_t tried = 0, restored = 0, wrong = 0;

	for (size_t i = 0; i < twos->n; i++) {
		const struct point *p = &twos->v[i];

		tried += p->tried;
		restored += p->tried && p->status == 0;
		wrong += p->tried && violation_of(p, v, n) != NULL;
	}
	buf_addf(b, "\nListed before a run of deletes, read after one of them:"
	    " %zu restores, %zu brought a database, %zu ended with an error, "
	    "%zu violations\n", tried, restored, tried - restored, wrong);
}

/* How many are known for the same reason, this being the first; 0: it is not.
 * What is new stands by itself. */
static size_t
table_same(const struct violation *v, size_t n, size_t at)
{
	size_t same = 1;

	if (v[at].known == NULL)
		return (1);
	for (size_t i = 0; i < n; i++) {
		if (i == at || v[i].known != v[at].known)
			continue;
		if (i < at)
			return (0);
		same++;
	}
	return (same);
}

void
points_table(struct buf *b, const struct explored *x,
    const struct violation *v, size_t n)
{

	table_classes(b, "lost right after", &x->lost, v, n);
	table_map(b, &x->lost, v, n);
	table_twos(b, &x->twos, v, n);
	if (x->crashes.n > 0) {
		buf_addc(b, '\n');
		table_classes(b, "all processes died", &x->crashes, v, n);
	}
	if (x->nested.n > 0) {
		buf_addc(b, '\n');
		table_classes(b, "and while recovering", &x->nested, v, n);
	}
	for (size_t i = 0; i < n; i++) {
		size_t same = table_same(v, n, i);

		if (same == 0)
			continue;
		buf_addf(b, "\n%s: after change %" PRId64 " (%s, %s): %s%s%s"
		    "\n", v[i].property, v[i].at->k, v[i].at->what,
		    v[i].at->object, v[i].text, v[i].known != NULL ?
		    "\n  known: " : "", v[i].known != NULL ? v[i].known : "");
		if (v[i].tries > 0)
			buf_addf(b, "  fired again in %d of %d replays\n",
			    v[i].fired, v[i].tries);
		if (same > 1)
			buf_addf(b, "  %zu points are so\n", same);
	}
}
