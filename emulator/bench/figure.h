/* emulator/bench/figure.h: what was measured, by what and of whom, and what
 * is said of it: medians, quartiles, ratios and whether a target was met.
 * Knows numbers; not how they came about. */
#ifndef EMULATOR_BENCH_FIGURE_H
#define EMULATOR_BENCH_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include <stdio.h>

/* All strings are borrowed for as long as the figures live. */
struct figure_key {
	const char *measure;	/* "put-media" */
	const char *variant;	/* "8 connections" */
	const char *subject;	/* "ours" */
	const char *unit;	/* "requests/s" */
};

struct figure {
	struct figure_key key;
	double	*v;		/* one a round, in their order */
	size_t	n;
};

/* Of one set of values. */
struct spread {
	double	median, q1, q3;
};

enum goal_kind {
	GOAL_NONE,		/* for orientation */
	GOAL_AT_LEAST,
	GOAL_AT_MOST,
};

/* One line of the table of ratios: a over b round by round, or a itself
 * where b has no subject. */
struct goal {
	const char *what;	/* "4 KiB put, 8 connections: ours / nginx" */
	struct figure_key a, b;
	enum goal_kind kind;
	double	target;
	const char *note;	/* or NULL */
};

struct figures {
	struct figure *v;
	size_t	n;
	struct goal *goals;
	size_t	ngoals;
};

void	figures_release(struct figures *);
void	figures_add(struct figures *, const struct figure_key *, double);
const struct figure *figures_find(const struct figures *,
    const struct figure_key *);
void	figures_goal(struct figures *, const struct goal *);

/* v is not empty; quartiles are interpolated between neighbours. */
struct spread	spread_of(const double *v, size_t n);
/* Of a goal; false where a figure that it needs was not measured. */
bool	figures_ratio(const struct figures *, const struct goal *,
    struct spread *, size_t *rounds);
/* "PASS", "MISS", or "" for orientation. */
const char	*goal_verdict(const struct goal *, const struct spread *);

void	figures_table(const struct figures *, FILE *);
void	figures_ratios(const struct figures *, FILE *);
json_t	*figures_json(const struct figures *);
json_t	*figures_ratios_json(const struct figures *);

#endif
