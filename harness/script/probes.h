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
	bool	unknown;	/* no answer yet, the reason in s: `expect`
				 * fails, `wait` goes on */
	int64_t	n;		/* bool, int, duration in microseconds */
	const char *s;		/* in run->arena */
};

/* Where the answer comes from, for the manual. */
enum probe_source { PROBE_LOCAL, PROBE_EMULATOR, PROBE_RESTORE };

struct probe {
	const char *name;	/* "restored.lost" */
	const char *arg;	/* NULL, or the argument's name: held(NAME) */
	enum name_kind wants;	/* what that must be the name of */
	enum value_type type;
	enum probe_source source;
	const char *doc;
	/* false: ERROR, the message is in run->why */
	bool	(*fn)(struct run *, const char *arg, struct value *out);
	/* Sleep until the answer may have changed from `last`, timeout_us at
	 * most; false as above.  NULL: nothing tells, look again in 10 ms. */
	bool	(*wait)(struct run *, const char *arg, const struct value *last,
		    int64_t timeout_us);
};

extern const struct probe probes[];	/* ends with name == NULL */
const struct probe	*probe_find(const char *name);

/* A probe's value as a user would write it, in run->arena. */
const char	*probe_text(struct run *, const struct value *);

/* `synced` asks about the ledger's head as it stands now, or, between these
 * two, as it stood at the first. */
bool	probe_wait_begin(struct run *);		/* false: ERROR */
void	probe_wait_end(struct run *);

/* Evaluate once.  0: the answer is in *holds and, for messages, the value as
 * text in *got; 1: there is no answer, *got says why and *holds is false; -1:
 * ERROR, run->why says it. */
int	expr_eval(struct run *, const struct expr *, bool *holds,
    const char **got);
/* Evaluate until it holds or timeout_us has passed; as above. */
int	expr_wait(struct run *, const struct expr *, int64_t timeout_us,
    bool *holds, const char **got);
/* "wanted <= 100", for messages; in run->arena. */
const char	*expr_wanted(struct run *, const struct expr *);

#endif
