/* harness/machine/machine_int.h: what the files of this folder share.  Not
 * for others: they ask machine.h. */
#ifndef HARNESS_MACHINE_INT_H
#define HARNESS_MACHINE_INT_H

#include "harness/machine/machine.h"

struct shell;

#define MACHINE_PATH	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin" \
			":/sbin:/bin"
/* "app", "data" …: the folders that are the machine's own; NULL-ended */
extern const char *const machine_folders[];

/* A process that was started under a name; the newest comes first. */
struct machine_proc {
	struct machine_proc *next;
	const char *name;
	struct proc *proc;
	pid_t	pid;		/* inside the wrapper, or proc's own */
};

struct machine_file {
	struct machine_file *next;
	const char *path, *copy;	/* the machine's; a copy to put there */
	mode_t	mode;
};

struct machine_env {
	struct machine_env *next;
	const char *name, *value;
};

struct machine {
	struct run *run;
	const char *dir;	/* on the host: DIR/app, DIR/data, … */
	bool	root_view;
	bool	loss_open;	/* lost by a kill, and nothing started since */
	const char *owner_key;	/* on the host, or NULL */
	struct machine_env *env;
	struct machine_file *files;
	struct machine_proc *procs;
	struct shell *shell;
	int	nshells, nfiles;
};

/* A growing, NULL-ended list of words in an arena: command lines and
 * environments. */
struct words {
	struct arena *a;
	char	**v;
	size_t	n, room;
};

void	words_add(struct words *, const char *);	/* copied */

/* Is it one of the paths that exist only for the machine? */
bool	machine_is_private(const char *path);
/* The environment that every process has. */
void	machine_env_base(struct machine *);
bool	machine_is_script(const char *path);
/* The command line that runs argv on the machine; in the run's arena.
 * info_fd: where the root view's wrapper is to tell its child's pid (the
 * number there), or 0. */
char	**machine_wrap(struct machine *, char *const *argv, int info_fd);
char	**machine_envp(struct machine *);
/* 0, or -1 with a message where argv[0] is no program of the machine. */
int	machine_check_program(struct machine *, const char *name, struct err *);
/* Start; the pid inside, and opts' environment and folder are the machine's. */
struct proc	*machine_spawn(struct machine *, const struct proc_opts *,
    pid_t *inside, struct err *);
void	machine_shell_free(struct machine *);

#endif
