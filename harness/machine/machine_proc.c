/* What runs on a machine: starting it inside the root view, finding the one
 * that a name means, and making sure that nothing stays. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/machine/machine_int.h"
#include "harness/replicator/replicators.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define MACHINE_DEATH_US	INT64_C(10000000)	/* after SIGKILL */
#define MACHINE_TREE		512	/* processes of one deployment */
#define MACHINE_NAMES		16	/* of one `kill` */

/* ---- starting ---- */

static bool
machine_is_program(struct machine *m, const char *path)
{
	const char *host = machine_host_path(m, path);
	struct stat st;

	/* without a root view a path is the host's as it stands */
	if (!m->root_view)
		host = path[0] == '/' ? path : host;
	return (stat(host, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(host, X_OK) == 0);
}

int
machine_check_program(struct machine *m, const char *name, struct err *e)
{
	const char *path = machine_getenv(m, "PATH");

	if (strchr(name, '/') != NULL) {
		if (machine_is_program(m, name))
			return (0);
		return (err_set(e, "cannot start %s: it is no program of the "
		    "machine", name));
	}
	while (path != NULL && *path != '\0') {
		size_t n = strcspn(path, ":");

		if (machine_is_program(m, arena_printf(&m->run->arena,
		    "%.*s/%s", (int)n, path, name)))
			return (0);
		path += n + (path[n] == ':');
	}
	return (err_set(e, "cannot start %s: the machine has no such program",
	    name));
}

/* What bubblewrap says on its info descriptor: {"child-pid": N, …}. */
static pid_t
machine_read_info(int fd)
{
	json_t *info;
	struct buf b;
	ssize_t n;
	pid_t pid;
	char c;

	buf_init(&b, 4096);
	while (buf_ok(&b) && ((n = read(fd, &c, 1)) == 1 ||
	    (n < 0 && errno == EINTR))) {
		if (n < 1)
			continue;
		buf_addc(&b, c);
		if (c == '}')
			break;
	}
	info = json_loadb(b.p, b.len, 0, NULL);
	pid = (pid_t)json_integer_value(json_object_get(info, "child-pid"));
	json_decref(info);
	buf_release(&b);
	return (pid);
}

struct proc *
machine_spawn(struct machine *m, const struct proc_opts *opts, pid_t *inside,
    struct err *e)
{
	struct proc_opts o = *opts;
	struct proc *p;
	int fd[2] = { -1, -1 }, n = 0;

	o.envp = machine_envp(m);
	o.cwd = m->root_view ? "/" : machine_host_path(m, ".");
	if (machine_check_program(m, o.argv[0], e) != 0)
		return (NULL);
	if (m->root_view) {
		while (o.fds[n] != 0)
			n++;
		BUG_ON(n >= PROC_FDS - 1);
		if (pipe2(fd, O_CLOEXEC) != 0) {
			err_setno(e, "cannot make a pipe");
			return (NULL);
		}
		o.fds[n] = fd[1];
	}
	o.argv = machine_wrap(m, o.argv, m->root_view ? 3 + n : 0);
	p = proc_start(&o, e);
	if (m->root_view)
		(void)close(fd[1]);
	*inside = p == NULL ? -1 :
	    m->root_view ? machine_read_info(fd[0]) : proc_pid(p);
	if (p != NULL && *inside <= 0) {
		(void)proc_wait(p, MACHINE_DEATH_US);
		err_set(e, "bubblewrap ended with status %d instead of "
		    "starting %s", proc_status(p), opts->argv[0]);
		proc_free(p);
		p = NULL;
	}
	if (m->root_view)
		(void)close(fd[0]);
	return (p);
}

static struct machine_proc *
machine_find(struct machine *m, const char *name)
{

	for (struct machine_proc *mp = m->procs; mp != NULL; mp = mp->next)
		if (strcmp(mp->name, name) == 0)
			return (mp);
	return (NULL);
}

struct proc *
machine_start(struct machine *m, const char *name, char *const *argv,
    struct err *e)
{
	struct arena *a = &m->run->arena;
	struct machine_proc *mp = machine_find(m, name);
	struct proc_opts o = {
		.argv = argv,
		.log = arena_printf(a, "%s/%s.log", m->run->opts->out, name),
	};
	struct proc *p;
	pid_t pid;

	if (mp != NULL && mp->proc != NULL && proc_alive(mp->proc)) {
		err_set(e, "%s runs already", name);
		return (NULL);
	}
	if ((p = machine_spawn(m, &o, &pid, e)) == NULL)
		return (NULL);
	if (mp == NULL) {
		mp = arena_alloc(a, sizeof(*mp));
		mp->name = arena_strdup(a, name);
		mp->next = m->procs;
		m->procs = mp;
	}
	proc_free(mp->proc);
	mp->proc = p;
	mp->pid = pid;
	m->loss_open = false;
	run_log(m->run, "mach", "start %s pid=%ld", name, (long)pid);
	return (p);
}

struct proc *
machine_proc(struct machine *m, const char *name)
{
	struct machine_proc *mp = machine_find(m, name);

	return (mp != NULL ? mp->proc : NULL);
}

int
machine_run(struct machine *m, char *const *argv, int64_t limit_us,
    const char **out, const char **err, bool *timed_out, struct err *e)
{
	struct arena *a = &m->run->arena;
	struct proc_opts o = {
		.argv = machine_wrap(m, argv, 0),
		.envp = machine_envp(m),
		.cwd = m->root_view ? "/" : machine_host_path(m, "."),
		.log = arena_printf(a, "%s/exec.log", m->run->opts->out),
	};

	*timed_out = false;
	if (machine_check_program(m, argv[0], e) != 0)
		return (-1);
	return (proc_run(&o, limit_us, a, out, err, timed_out, e));
}

/* ---- whom a name means ---- */

/* argv of a process as /proc has it (NUL between words), or empty. */
static void
machine_cmdline(pid_t pid, struct buf *b)
{
	char *path = mem_printf("/proc/%ld/cmdline", (long)pid);

	buf_reset(b);
	(void)file_read(path, b, NULL);
	free(path);
}

static bool
machine_has_word(const struct buf *b, const char *word)
{
	size_t i = 0;

	while (i < b->len) {
		if (strcmp(b->p + i, word) == 0)
			return (true);
		i += strlen(b->p + i) + 1;
	}
	return (false);
}

/* Does it run Litestream itself: the release's binary, or what a wrapper
 * around one has started? */
static bool
machine_runs_litestream(struct machine *m, pid_t pid)
{
	char *link = mem_printf("/proc/%ld/exe", (long)pid);
	char exe[4096];
	ssize_t n = readlink(link, exe, sizeof(exe) - 1);
	const char *base;

	free(link);
	if (n <= 0)
		return (false);
	exe[n] = '\0';
	base = strrchr(exe, '/');
	return (proc_runs(pid, m->run->rel->path) ||
	    (base != NULL && str_starts(base + 1, "litestream")));
}

/* The first process at or below pid that runs `litestream replicate`. */
static pid_t
machine_find_replicator(struct machine *m, pid_t pid)
{
	pid_t tree[MACHINE_TREE], found = -1;
	struct buf b;
	size_t n;

	tree[0] = pid;
	n = 1 + proc_descendants(pid, tree + 1, MACHINE_TREE - 1);
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < n && found < 0; i++) {
		if (!machine_runs_litestream(m, tree[i]))
			continue;
		machine_cmdline(tree[i], &b);
		if (machine_has_word(&b, "replicate"))
			found = tree[i];
	}
	buf_release(&b);
	return (found);
}

pid_t
machine_pid(struct machine *m, const char *name)
{
	struct machine_proc *mp = machine_find(m, name), *dep;
	bool replicator = strcmp(name, "replicator") == 0;
	pid_t pid, below;

	if (mp != NULL && mp->proc != NULL && proc_alive(mp->proc)) {
		pid = replicator ? machine_find_replicator(m, mp->pid) : -1;
		return (pid > 0 ? pid : mp->pid);
	}
	dep = machine_find(m, "deployment");
	if ((!replicator && strcmp(name, "application") != 0) ||
	    dep == NULL || dep->proc == NULL || !proc_alive(dep->proc))
		return (-1);
	pid = machine_find_replicator(m, dep->pid);
	if (replicator || pid < 0)
		return (pid);
	return (proc_descendants(pid, &below, 1) == 1 ? below : -1);
}

/* Is the data at risk when that one is killed? */
static bool
machine_is_loss(const char *name)
{

	return (strcmp(name, "replicator") == 0 ||
	    strcmp(name, "application") == 0 ||
	    strcmp(name, "deployment") == 0);
}

int
machine_kill_all(struct machine *m, char *const *names, size_t n, int sig,
    struct err *e)
{
	pid_t pid[MACHINE_NAMES];
	int fd[MACHINE_NAMES], rc = 0;
	size_t found = 0;

	if (n > MACHINE_NAMES)
		return (err_set(e, "more than %d names", MACHINE_NAMES));
	for (; found < n && rc == 0; found++) {
		pid[found] = machine_pid(m, names[found]);
		fd[found] = pid[found] > 0 ? pidfd_open(pid[found], 0) : -1;
		if (fd[found] < 0)
			rc = err_set(e, "%s does not run", names[found]);
	}
	for (size_t i = 0; i < n && rc == 0; i++)
		if (pidfd_send_signal(fd[i], sig, NULL, 0) != 0)
			rc = err_setno(e, "cannot signal %s", names[i]);
	for (size_t i = 0; i < n && rc == 0 && sig == SIGKILL; i++)
		if (machine_is_loss(names[i]) && !m->loss_open) {
			run_note_loss(m->run);
			m->loss_open = true;
		}
	for (size_t i = 0; i < found; i++)
		if (fd[i] >= 0)
			(void)close(fd[i]);
	for (size_t i = 0; i < n && rc == 0; i++) {
		run_log(m->run, "mach", "signal %d to %s pid=%ld", sig,
		    names[i], (long)pid[i]);
		if (sig == SIGKILL &&
		    !machine_wait(m, names[i], pid[i], MACHINE_DEATH_US))
			rc = err_set(e, "%s (pid %ld) is not dead %d s after "
			    "SIGKILL", names[i], (long)pid[i],
			    (int)(MACHINE_DEATH_US / 1000000));
	}
	return (rc);
}

int
machine_kill(struct machine *m, const char *name, int sig, struct err *e)
{
	char *names[1] = { arena_strdup(&m->run->arena, name) };

	return (machine_kill_all(m, names, 1, sig, e));
}

bool
machine_wait(struct machine *m, const char *name, pid_t pid,
    int64_t timeout_us)
{
	struct machine_proc *mp = machine_find(m, name);
	int64_t end = clock_mono_us() + timeout_us;

	if (!proc_wait_pid(pid, timeout_us))
		return (false);
	/* its wrapper too, which has the status */
	if (mp == NULL || mp->proc == NULL || mp->pid != pid)
		return (true);
	timeout_us = end - clock_mono_us();
	return (proc_wait(mp->proc, timeout_us > 0 ? timeout_us : 0));
}

/* ---- the end of a machine ---- */

/* Does that process live on this machine?  With a root view its /data is
 * ours; without one nothing but its HOME can say it. */
static bool
machine_is_home_of(pid_t pid, void *arg)
{
	struct machine *m = arg;
	char *path = mem_printf("/proc/%ld/%s", (long)pid,
	    m->root_view ? "root/data" : "environ");
	char *ours = m->root_view ? mem_printf("%s/data", m->dir) :
	    mem_printf("HOME=%s/root", m->dir);
	struct stat a, b;
	struct buf env;
	bool is;

	buf_init(&env, 1 << 22);
	if (m->root_view)
		is = stat(path, &a) == 0 && stat(ours, &b) == 0 &&
		    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	else
		is = file_read(path, &env, NULL) == 0 &&
		    machine_has_word(&env, ours);
	buf_release(&env);
	free(path);
	free(ours);
	return (is);
}

void
machine_halt(struct machine *m)
{

	machine_shell_free(m);
	for (struct machine_proc *mp = m->procs; mp != NULL; mp = mp->next) {
		proc_free(mp->proc);
		mp->proc = NULL;
	}
	m->procs = NULL;
	proc_kill_matching(machine_is_home_of, m);
}
