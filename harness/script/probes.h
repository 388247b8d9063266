/* harness/script/probes.h: what an expression can ask.  One row in probes.c
 * and one function add a probe.  A probe never waits; `wait` calls it again
 * whenever something may have changed. */
#ifndef HARNESS_PROBES_H
#define HARNESS_PROBES_H

#include "harness/run/run.h"
#include "harness/script/script.h"

enum value_type { VALUE_BOOL, VALUE_INT, VALUE_DUR, VALUE_STR };

struct value {
	enum value_type type;
	bool	unknown;	/* there is nothing to ask about: message in s */
	int64_t	n;		/* bool, int, duration in microseconds */
	const char *s;		/* in run->arena */
};

/* Where the answer comes from decides what `wait` sleeps on between tries:
 * nothing is ever polled faster than its source can change. */
enum probe_source { PROBE_LOCAL, PROBE_EMULATOR, PROBE_RESTORE };

struct probe {
	const char *name;	/* "restored.lost" */
	const char *arg;	/* NULL, or the argument's name: held(NAME) */
	enum value_type type;
	enum probe_source source;
	const char *doc;
	/* false: ERROR, the message is in run->why */
	bool	(*fn)(struct run *, const char *arg, struct value *out);
};

extern const struct probe probes[];	/* ends with name == NULL */
const struct probe	*probe_find(const char *name);

/* Evaluate once.  0: the answer is in *holds and, for messages, the value as
 * text in *got; -1: ERROR, run->why says it. */
int	expr_eval(struct run *, const struct expr *, bool *holds,
    const char **got);

#endif
