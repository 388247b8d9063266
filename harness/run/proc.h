/* harness/run/proc.h: processes: started from an empty environment, output
 * gathered in files (so that nobody ever blocks on a reader), waited for by
 * pidfd, ended with all their descendants.  Knows nothing of what they run.
 *
 * A program that runs drills makes itself a subreaper (proc_subreaper()), so
 * that what double-forks away from a child comes to it and is found. */
#ifndef HARNESS_PROC_H
#define HARNESS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

struct proc;

#define PROC_FDS	4

struct proc_opts {
	char *const *argv;	/* argv[0] found on the PATH of envp */
	char *const *envp;	/* the whole environment */
	const char *cwd;
	const char *log;	/* stdout and stderr are appended to it; where
				 * they have files of their own: at the end */
	const char *out, *err;	/* or: files of their own, truncated */
	const char *stdin_file;	/* NULL: /dev/null */
	int	out_fd;		/* or: a descriptor of ours for stdout; 0 none */
	/* Descriptors of ours that become 3, 4, … there; ends with 0. */
	int	fds[PROC_FDS];
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
/* When a process ends, what is left of its group is killed with it (the first
 * process of a container takes the rest along, too).  This: SIGKILL to the
 * group and to every descendant, reaped; then freed. */
void	proc_free(struct proc *);

/* Pids of all descendants of pid (from /proc), a parent before its children. */
size_t	proc_descendants(pid_t pid, pid_t *dst, size_t max);
/* Whether /proc/pid/exe is this file. */
bool	proc_runs(pid_t pid, const char *exe);
/* Wait until that process is dead (a zombie is dead, and so is a pid that
 * nobody has); any process, not only a child. */
bool	proc_wait_pid(pid_t pid, int64_t timeout_us);

/* Orphans below this process become its children. */
void	proc_subreaper(void);
/* Stop, then kill pid and all its descendants, and reap those that are or
 * become ours.  With only_below, pid itself is spared. */
void	proc_kill_tree(pid_t pid, bool only_below);
/* The same to each child of this process but these: what came to it from the
 * dead. */
void	proc_kill_orphans(const pid_t *spare, size_t n);
/* Stop every descendant of this process but `spare` and what is below that, and
 * wait until each of their threads is stopped: files lie still then.  *pids
 * (heap) and *n are for proc_continue(), which frees them.  -1: one went on,
 * and none is stopped. */
int	proc_stop_below(pid_t spare, pid_t **pids, size_t *n, struct err *);
void	proc_continue(pid_t *pids, size_t n);
/* Kill every descendant of this process for which match() is true, again and
 * again until there is none; reaped where they are ours. */
void	proc_kill_matching(bool (*match)(pid_t, void *), void *arg);

/* Run to the end with a time limit; stdout and stderr in the arena (at most
 * 4 MiB each).  -1: could not start; else the status, 124 with *timed_out. */
int	proc_run(const struct proc_opts *, int64_t limit_us, struct arena *,
    const char **out, const char **err, bool *timed_out, struct err *);

#endif
