/* harness/script/steps_int.h: what the steps of this folder keep between
 * lines.  Private to steps.c, step_fault.c, step_flow.c and probes.c; hangs
 * on run->args. */
#ifndef HARNESS_STEPS_INT_H
#define HARNESS_STEPS_INT_H

#include "harness/script/steps.h"

#define STEP_ARGS	24		/* of one line at most */

struct step_arg {
	const struct arg_spec *spec;
	const char *s;
	int64_t	num;
	char	**rest;			/* NULL-terminated */
	size_t	nrest;
};

struct step_rule {
	int	id;			/* the emulator's */
	const char *text;		/* the line, for messages */
};

struct step_args {
	struct step_arg v[STEP_ARGS];
	size_t	n;
	/* rules that the scenario set and has not cleared; those from `swept`
	 * on are a sweep's, which asks only whether any fired */
	struct step_rule *rules;
	size_t	nrules, rules_room;
	/* those of --inject, which the scenario does not know of */
	struct step_rule *injected;
	size_t	ninjected;
	size_t	swept;			/* SIZE_MAX: no sweep */
	int	swept_set, swept_fired;	/* of those cleared in this round */
	/* `synced`: the ledger entry a wait is for, -1 none */
	int64_t	synced_seq;
	/* the newest mutation, and how many journal lines, when last asked */
	int64_t	mutation, journal;
};

struct step_args	*step_args(struct run *);	/* made at first use */

/* Of the rules [first, end): how many have fired, by the emulator's word;
 * *idle is the text of one that has not, or NULL.  -1: ERROR. */
int	step_fault_fired(struct run *, size_t first, size_t end,
    const char **idle);
/* Remove those from `first` on, whether they fired or not; -1: ERROR. */
int	step_fault_remove(struct run *, size_t first);

/* The backup goes into a folder of the drill's, not into a bucket. */
enum verdict	step_folder(struct run *);

/* One argument of a fault line into the rule (script_rule.c). */
void	script_rule_field(json_t *rule, const struct arg_spec *,
    const char *text);

#endif
