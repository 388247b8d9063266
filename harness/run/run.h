/* harness/run/run.h: one drill under way: one scenario against one release of
 * the replicator, in a forked child of its own.  Knows what belongs to a run
 * and what must be undone at its end; not what the steps do.
 *
 * Verdicts: FAIL, the system under test is wrong; ERROR, the scenario, the
 * harness or this machine is wrong, or the drill was inconclusive.  The first
 * verdict that is not PASS ends the drill; its message is run->why. */
#ifndef HARNESS_RUN_H
#define HARNESS_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/replicator/replicators.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_ERROR, VERDICT_SKIP };

struct scenario;
struct line;
struct emu;		/* run/emu.h: the emulator's process and control API */
struct machine;		/* machine/machine.h */
struct ledger;		/* workload/ledger.h */
struct proc;		/* run/proc.h */
struct loads;		/* workload/load.h */
struct step_args;	/* script/steps.c */

/* What a restore brought back, judged by the oracles. */
struct restored {
	bool	done;		/* there was a restore that exited 0 */
	const char *path;	/* on the host */
	int	status;		/* exit status of the replicator, 128+sig */
	bool	whole;		/* integrity_check, index against table, sums */
	bool	chain;		/* unbroken hash chain */
	bool	prefix;		/* equals a prefix of what was attempted */
	int64_t	rows;		/* rows of the ledger's table */
	int64_t	lost;		/* acknowledged commits beyond the frontier */
	int64_t	lost_age_us;	/* RPO: age of the oldest of them at the loss */
	int64_t	rto_us;		/* machine lost → restored and opened; -1 where
				 * nothing was lost or nothing came back */
	const char *hash;	/* of the last row of the chain */
	const char *why;	/* what an oracle found wrong, or NULL */
	unsigned failed;	/* a bit for each row of oracles.c that does
				 * not hold */
};

struct explore_opts;	/* explore/explore.h */

/* A machine as it was at one moment, with the bucket's state beside it. */
struct frozen {
	struct frozen *next;
	int	number;		/* in this run, from 1 on */
	int64_t	k;		/* the newest change of the bucket then */
	const char *on;		/* a request's method id */
	const char *at;		/* where it was held: "before" the service's
				 * work, or "after" it */
	const char *dir;	/* data/, and ledger */
};
/* What the rules of `freeze` are named, with the process behind it. */
#define FREEZE_NAME	"freeze"

struct run_opts {
	const char *emulator;	/* path of gcs-emulator */
	const char *fixtures;	/* folder of the fixture deployment */
	const char *out;	/* folder for this drill's results */
	const char *tools;	/* build/tools: replicators by version */
	const char *const *inject;	/* fault rules set at once after
					 * provisioning: `--inject`, to test
					 * the drills themselves; NULL-ended */
	bool	no_skip, keep, no_netns, no_root_view;
	uint64_t seed;
	const struct explore_opts *explore;	/* or NULL */
};

struct run {
	struct arena arena;
	const struct scenario *sc;
	const struct release *drilled;	/* the replicator under test */
	const struct release *rel;	/* the one that runs now: that one, but
					 * for the step `use` */
	const struct run_opts *opts;
	const char *dir;		/* private temporary folder, removed;
					 * NULL: run_drill() makes it */
	const char *id;			/* "40-crash/held-upload@0.5.17" */
	int	log_fd;			/* of OUT/log; 0: none */
	const char *isolation;		/* "netns+root view" … for the report */
	bool	netns;			/* ports are all ours */
	int	app_port;		/* ${app.port} */

	struct emu *emu;
	/* Wall clock, the journal's zero; late by what the start took, so that
	 * nothing seems to have been attempted later than it was. */
	int64_t	emu_began_us;
	size_t	saved_changes;		/* of a replay's history */
	struct machine *machine;
	struct ledger *ledger;
	struct loads *loads;
	struct restored restored;
	struct frozen *frozen;		/* by `freeze`, the newest first */

	/* deployment, set by provision or by the runbook's commands */
	const char *project, *bucket, *path;	/* path in the bucket */
	const char *account;		/* its e-mail */
	const char *key;		/* key file, as the machine sees it */
	const char *key_id;		/* of the key in it, NULL: none made */
	const char *folder;		/* of the backup, on the host, where it
					 * is in no bucket; outlives machines */

	json_t	*vars;			/* ${name} → string */
	struct step_args *args;		/* of the line being run */
	const struct line *line;
	const struct line **shared_line;	/* the same for the pool, which
					 * outlives us; or NULL */
	const char *phase;

	/* the last exec or shell line */
	int	exec_status;
	const char *exec_out, *exec_err;
	bool	exec_any;
	int	stop_status;	/* of the process that was last stopped */
	bool	stop_any;

	int64_t	t0_us;			/* monotonic, start of the drill */
	int64_t	lost_us;		/* when the machine was lost, 0: not;
					 * monotonic … */
	int64_t	lost_wall_us;		/* … and by the wall clock */
	int64_t	rpo_rows, rpo_us, rto_us;	/* worst over the drill, -1 unknown */

	enum verdict verdict;
	const char *why;		/* one sentence */
	const char *property;		/* which was broken: a probe's or an
					 * oracle's name; NULL: none said */
	const char *finding;		/* what the runbook lacks, or NULL */
	bool	kept;			/* OUT was left for the reader */
	int64_t	requests;		/* lines of the journal; -1: not counted */
	struct run_defer *defers;	/* cleanup stack */
};

/* The mistake that the last command's output or the journal shows, or NULL;
 * *text: its sentence, in the run's arena. */
const struct finding	*run_finding(struct run *, const char **text);

/* Say why and return the verdict: `return (run_fail(r, "…"));`.  The place of
 * the current line is added by the report, not here. */
enum verdict	run_fail(struct run *, const char *fmt, ...) PRINTF_LIKE(2, 3);
enum verdict	run_error(struct run *, const char *fmt, ...) PRINTF_LIKE(2, 3);
enum verdict	run_skip(struct run *, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char	*verdict_name(enum verdict);

/* Undone in reverse order when the drill ends, however it ends. */
void	run_defer(struct run *, void (*fn)(void *), void *arg);

/* This line is run now. */
void	run_at(struct run *, const struct line *);

/* The machine, or what writes to its database, is lost now. */
void	run_note_loss(struct run *);

/* A line in the drill's log, on its clock. */
void	run_log(struct run *, const char *who, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Variables: built in (${bucket}, ${project}, ${key}, ${machine}, ${path},
 * ${replicator.*}) and `set`.  NULL: unknown. */
const char	*run_var(struct run *, const char *name);
bool	run_var_is_builtin(const char *name);	/* for checking */
extern const struct var run_vars[];	/* besides replicator.*; name == NULL ends */
void	run_set(struct run *, const char *name, const char *value);
/* ${…} replaced; -1 with run->why where a name is unknown. */
int	run_expand(struct run *, const char *text, const char **out);

/* The whole drill in this process: a temporary folder, isolation, emulator,
 * lines, final checks (every fault that was set has fired; a load ran; every
 * storage request of the system under test came by CONNECT, with a token of
 * its own), cleanup.  Fills verdict and why; the strings of the result stay
 * until run_release(). */
void	run_drill(struct run *);
void	run_init(struct run *, const struct scenario *, const struct release *,
    const struct run_opts *);
void	run_release(struct run *);

#endif
