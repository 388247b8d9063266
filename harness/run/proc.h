/* harness/run/proc.h: processes: started from an empty environment, output
 * gathered and copied to a file, waited for by pidfd or by reading to the
 * end, ended with their whole group.  Knows nothing of what they run. */
#ifndef HARNESS_PROC_H
#define HARNESS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

struct proc;

struct proc_opts {
	char *const *argv;	/* argv[0] found on the PATH of envp */
	char *const *envp;	/* the whole environment */
	const char *cwd;
	const char *log;	/* stdout and stderr are appended to it too */
	const char *out, *err;	/* or: files of their own, truncated */
	const char *stdin_file;	/* NULL: /dev/null */
};

/* A new process group; dies with us.  NULL where it could not be started (the
 * message names argv[0]). */
struct proc	*proc_start(const struct proc_opts *, struct err *);
pid_t	proc_pid(const struct proc *);
/* Reap where it has ended; true while it runs. */
bool	proc_alive(struct proc *);
/* Wait; true where it ended in time. */
bool	proc_wait(struct proc *, int64_t timeout_us);
int	proc_status(const struct proc *);	/* exit status, or 128 + signal */
int64_t	proc_ended_us(const struct proc *);	/* monotonic */
int	proc_signal(struct proc *, int sig);	/* the process */
int	proc_signal_group(struct proc *, int sig);
/* SIGKILL to the group and to every descendant, reaped; then freed. */
void	proc_free(struct proc *);

/* Pids of all descendants of pid (from /proc), deepest last. */
size_t	proc_descendants(pid_t pid, pid_t *dst, size_t max);
/* Whether /proc/pid/exe is this file. */
bool	proc_runs(pid_t pid, const char *exe);

/* Run to the end with a time limit; stdout and stderr in the arena (at most
 * 4 MiB each).  -1: could not start; else the status, 124 with *timed_out. */
int	proc_run(const struct proc_opts *, int64_t limit_us, struct arena *,
    const char **out, const char **err, bool *timed_out, struct err *);

#endif
