/* harness/machine/machine.h: the place where a deployment runs: files,
 * environment, processes; gone when it is gone.  Knows how to make its root
 * and start things in it; not what Litestream is.  Kinds: `host` with a
 * private root view (bubblewrap: absolute paths are those of production, and
 * the paths below /app, /data, /tmp, /root and /drill exist only for this
 * machine), or `host` with a plain directory where namespaces are forbidden
 * (then paths in production's form are below ${machine}). */
#ifndef HARNESS_MACHINE_H
#define HARNESS_MACHINE_H

#include <stdbool.h>

#include "harness/run/proc.h"
#include "harness/run/run.h"

struct machine;

/* The working directory of everything is /app, as the Dockerfile says; the
 * PATH begins with /drill/bin, where `litestream` is the release under
 * test; the environment is empty but for PATH, HOME, TMPDIR, the ways to the
 * emulator (proxy, CA), and what machine_env() sets. */
struct machine	*machine_new(struct run *, struct err *);
void	machine_free(struct machine *);		/* kills what runs in it */
/* Everything on it dies (SIGKILL) and its files are gone; a new, empty one,
 * with the same environment variables.  Notes the time of loss. */
int	machine_replace(struct machine *, struct err *);

/* "/data/app.db" or a path relative to /app → the path on the host. */
const char	*machine_host_path(struct machine *, const char *path);
/* What ${machine} is: "" with a root view, else the host folder. */
const char	*machine_prefix(const struct machine *);
/* value NULL: unset. */
void	machine_env(struct machine *, const char *name, const char *value);
const char	*machine_getenv(const struct machine *, const char *name);

/* Start argv in the background under a name ("replicator", "application",
 * "deployment", or an exec's as=); its output goes to NAME.log of the drill. */
struct proc	*machine_start(struct machine *, const char *name,
    char *const *argv, struct err *);
struct proc	*machine_proc(struct machine *, const char *name);	/* or NULL */
/* The pid that the name means: the started process inside the root view's
 * wrapper; where NAME was started by another one (replicator and application
 * below a deployment), the descendant that runs litestream, or its child.
 * -1: it does not run. */
pid_t	machine_pid(struct machine *, const char *name);
/* Signal that pid; with KILL, wait until it is gone. -1: it does not run. */
int	machine_kill(struct machine *, const char *name, int sig, struct err *);
/* Run to the end; as proc_run(). */
int	machine_run(struct machine *, char *const *argv, int64_t limit_us,
    const char **out, const char **err, bool *timed_out, struct err *);
/* A persistent bash for `shell` blocks: run one logical line, its status and
 * what it printed.  -1: the shell is gone. */
int	machine_shell(struct machine *, const char *text, int64_t limit_us,
    const char **out, const char **err, bool *timed_out, struct err *);

#endif
