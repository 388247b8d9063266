/* harness/script/steps.h: the table of steps and how a step gets its
 * arguments.  One row in steps.c and one function in a step_*.c add a step;
 * checking, `litedrill steps`, scenario(5) and completion follow. */
#ifndef HARNESS_STEPS_H
#define HARNESS_STEPS_H

#include "harness/run/run.h"
#include "harness/script/script.h"

enum step_block { STEP_NO_BLOCK, STEP_RAW_BLOCK, STEP_LINES };

struct step {
	const char *name;
	const char *usage;	/* "load WORKLOAD rows=N [as=NAME]" */
	const char *doc;	/* one sentence */
	const struct arg_spec *args;	/* ends with name == NULL */
	enum step_block block;
	bool	negatable;	/* may be written with `!` */
	bool	takes_expr;
	bool	header;		/* only before the first other step */
	bool	command;	/* its rest is a command line of the user's,
				 * of which only trailing NAME=VALUE are ours */
	enum verdict (*fn)(struct run *, const struct line *);
};

extern const struct step steps[];	/* steps.c; ends with name == NULL */
const struct step	*step_find(const char *name);

/* Arguments of the line being run, expanded and parsed (in run->arena).  NULL
 * or dflt-less absence: step_has() is false.  A value that turns out wrong
 * only now (after expansion) has ended the step with ERROR before fn ran. */
bool	step_has(const struct run *, const char *name);
const char	*step_str(const struct run *, const char *name); /* or NULL */
int64_t	step_num(const struct run *, const char *name);
/* The words of a `rest` argument, NULL-terminated, expanded. */
char	**step_rest(const struct run *, const char *name, size_t *n);

/* Run one line or a block; the first verdict that is not PASS ends it. */
enum verdict	steps_run(struct run *, const struct line *, size_t n);

/* For run.c.  A rule given by --inject, set now (PASS, or ERROR); and, at the
 * end of the drill: ERROR where a rule that the scenario set never fired. */
enum verdict	step_fault_inject(struct run *, const char *rule);
enum verdict	step_fault_check(struct run *);

/* ---- one function a step, by file ---- */
/* step_head.c: what `scenario`, `tags`, `need`, `limit`, `known-bug` mean was
 * taken up by script.c; phase and set */
enum verdict	step_head_fn(struct run *, const struct line *);
enum verdict	step_phase_fn(struct run *, const struct line *);
enum verdict	step_set_fn(struct run *, const struct line *);
/* step_flow.c */
enum verdict	step_wait_fn(struct run *, const struct line *);
enum verdict	step_expect_fn(struct run *, const struct line *);
enum verdict	step_sweep_fn(struct run *, const struct line *);
/* step_exec.c */
enum verdict	step_exec_fn(struct run *, const struct line *);
enum verdict	step_stdout_fn(struct run *, const struct line *);
enum verdict	step_stderr_fn(struct run *, const struct line *);
enum verdict	step_shell_fn(struct run *, const struct line *);
enum verdict	step_env_fn(struct run *, const struct line *);
/* step_fault.c */
enum verdict	step_fault_fn(struct run *, const struct line *);
enum verdict	step_release_fn(struct run *, const struct line *);
/* step_cloud.c */
enum verdict	step_provision_fn(struct run *, const struct line *);
enum verdict	step_cloud_fn(struct run *, const struct line *);
enum verdict	step_clock_fn(struct run *, const struct line *);
/* step_settings.c */
enum verdict	step_configure_fn(struct run *, const struct line *);
enum verdict	step_use_fn(struct run *, const struct line *);
/* step_damage.c */
enum verdict	step_damage_fn(struct run *, const struct line *);
enum verdict	step_emulator_fn(struct run *, const struct line *);
enum verdict	step_freeze_fn(struct run *, const struct line *);
/* step_machine.c */
enum verdict	step_machine_fn(struct run *, const struct line *);
enum verdict	step_install_fn(struct run *, const struct line *);
enum verdict	step_start_fn(struct run *, const struct line *);
enum verdict	step_stop_fn(struct run *, const struct line *);
enum verdict	step_kill_fn(struct run *, const struct line *);
/* step_data.c */
enum verdict	step_load_fn(struct run *, const struct line *);
enum verdict	step_restore_fn(struct run *, const struct line *);

#endif
