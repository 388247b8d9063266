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
/* All that runs on it dies (SIGKILL), its files stay. */
void	machine_halt(struct machine *);
/* Everything on it dies (SIGKILL) and its files are gone; a new, empty one,
 * with the same environment variables.  Notes the time of loss. */
int	machine_replace(struct machine *, struct err *);

/* For a forked child, where nothing runs on the machine: from here on its files
 * are below dir, which is made with the image's.  Only with a root view, as
 * paths stand in the environment otherwise. */
int	machine_move(struct machine *, const char *dir, struct err *);

/* Is a private root view to be had here?  Tried once; why: the reason. */
bool	machine_root_view_allowed(const char **why);
bool	machine_has_root_view(const struct machine *);

/* What an image contains: put into the machine now and again into each that
 * replaces it.  path: the machine's; from: a file of the host, copied. */
int	machine_install(struct machine *, const char *path, const char *from,
    mode_t mode, struct err *);
/* Is it part of the image? */
bool	machine_installed(const struct machine *, const char *path);

/* "/data/app.db" or a path relative to /app → the path on the host. */
const char	*machine_host_path(struct machine *, const char *path);
/* What ${machine} is: "" with a root view, else the host folder. */
const char	*machine_prefix(const struct machine *);
/* Can a word of a command line be used as it stands?  Without a root view one
 * that begins with (or, after `=`, holds) /app/, /data/ … cannot. */
bool	machine_can_use(const struct machine *, const char *word);
/* The backup's folder (run->folder) as its programs see it. */
const char	*machine_backup(const struct machine *);
/* The path as the machine's programs must be given it. */
const char	*machine_path(struct machine *, const char *path);
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
/* Signal that pid; with KILL, wait until it is gone. -1: it does not run.
 * KILL to replicator, application or deployment notes the time of loss. */
int	machine_kill(struct machine *, const char *name, int sig, struct err *);
/* The same for several, the signals back to back, all found before the first
 * is sent. */
int	machine_kill_all(struct machine *, char *const *names, size_t n,
    int sig, struct err *);
/* Wait until what the name meant has ended: started here, or below a
 * deployment (then pid says who it was).  False: it still runs. */
bool	machine_wait(struct machine *, const char *name, pid_t pid,
    int64_t timeout_us);
/* Run to the end; as proc_run(). */
int	machine_run(struct machine *, char *const *argv, int64_t limit_us,
    const char **out, const char **err, bool *timed_out, struct err *);
/* A persistent bash for `shell` blocks: run one logical line, its status and
 * what it printed.  -1: the shell is gone (the next line gets a new one), or
 * the line has not ended in time (then it is killed). */
int	machine_shell(struct machine *, const char *text, int64_t limit_us,
    const char **out, const char **err, bool *timed_out, struct err *);

#endif
