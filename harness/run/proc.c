#include "harness/run/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"

#define PROC_OUTPUT_MAX	(4 << 20)
#define PROC_DEATH_US	INT64_C(10000000)	/* after SIGKILL */

struct proc {
	pid_t	pid;
	int	pidfd;
	bool	ended;
	int	status;
	int64_t	ended_us;
	char	*log, *out, *err;	/* to append to the log at the end */
};

/* ---- starting ---- */

/* The value of name in an environment, or NULL. */
static const char *
proc_env(char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; envp != NULL && *envp != NULL; envp++)
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return (*envp + n + 1);
	return (NULL);
}

/* stdin, stdout and stderr of the child to be. */
static int
proc_open_std(const struct proc_opts *o, int fd[3], struct err *e)
{
	const int append = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
	const char *in = o->stdin_file != NULL ? o->stdin_file : "/dev/null";
	const char *path[3] = { in, o->out, o->err };

	for (int i = 0; i < 3; i++) {
		int flags = i == 0 ? O_RDONLY | O_CLOEXEC : append | O_TRUNC;

		if (path[i] == NULL) {
			path[i] = o->log != NULL ? o->log : "/dev/null";
			flags = append;
		}
		fd[i] = i == 1 && o->out_fd > 0 ?
		    fcntl(o->out_fd, F_DUPFD_CLOEXEC, 3) :
		    open(path[i], flags, 0600);
		if (fd[i] < 0) {
			err_setno(e, "cannot open %s", path[i]);
			while (i-- > 0)
				(void)close(fd[i]);
			return (-1);
		}
	}
	return (0);
}

/* Between fork and exec: only calls that are safe there.  What goes wrong is
 * told through the pipe as an errno. */
_Noreturn static void
proc_child(const struct proc_opts *o, const char *program, const int std[3],
    int tell, pid_t parent)
{
	struct sigaction sa;
	int fd[3 + PROC_FDS], n = 3, no;
	sigset_t none;

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &sa, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* Out of the way first, so that no target is a source still needed. */
	tell = fcntl(tell, F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < 3; i++)
		fd[i] = fcntl(std[i], F_DUPFD_CLOEXEC, 64);
	for (; n < 3 + PROC_FDS && o->fds[n - 3] != 0; n++)
		fd[n] = fcntl(o->fds[n - 3], F_DUPFD_CLOEXEC, 64);
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	for (int i = 0; i < n; i++)
		if (fd[i] < 0 || dup2(fd[i], i) < 0)
			goto failed;
	if (o->cwd != NULL && chdir(o->cwd) != 0)
		goto failed;
	(void)umask(022);
	(void)execve(program, o->argv, o->envp);
failed:
	no = errno;
	(void)write(tell, &no, sizeof(no));
	_exit(127);
}

/* Fork; 0 once the program runs, or an errno. */
static int
proc_spawn(const struct proc_opts *o, const char *program, const int std[3],
    pid_t *pid)
{
	pid_t parent = getpid();
	int tell[2], no = 0;
	ssize_t n;

	if (pipe2(tell, O_CLOEXEC) != 0)
		return (errno);
	*pid = fork();
	if (*pid == 0)
		proc_child(o, program, std, tell[1], parent);
	no = *pid < 0 ? errno : 0;
	(void)close(tell[1]);
	if (*pid > 0) {
		(void)setpgid(*pid, *pid);
		do {
			n = read(tell[0], &no, sizeof(no));
		} while (n < 0 && errno == EINTR);
		if (n == (ssize_t)sizeof(no))
			(void)waitpid(*pid, NULL, 0);
		else
			no = 0;
	}
	(void)close(tell[0]);
	return (no);
}

static char *
proc_strdup(const char *s)
{

	return (s != NULL ? mem_strdup(s) : NULL);
}

struct proc *
proc_start(const struct proc_opts *o, struct err *e)
{
	char *program;
	struct proc *p;
	pid_t pid = -1;
	int std[3], no;

	program = file_find_program(o->argv[0], proc_env(o->envp, "PATH"));
	if (program == NULL) {
		err_set(e, "cannot start %s: there is no such program",
		    o->argv[0]);
		return (NULL);
	}
	if (proc_open_std(o, std, e) != 0) {
		free(program);
		return (NULL);
	}
	no = proc_spawn(o, program, std, &pid);
	free(program);
	for (int i = 0; i < 3; i++)
		(void)close(std[i]);
	if (no != 0) {
		errno = no;
		err_setno(e, "cannot start %s", o->argv[0]);
		return (NULL);
	}
	p = mem_alloc(sizeof(*p));
	p->pid = pid;
	p->pidfd = pidfd_open(pid, 0);
	if (o->log != NULL && (o->out != NULL || o->err != NULL)) {
		p->log = mem_strdup(o->log);
		p->out = proc_strdup(o->out);
		p->err = proc_strdup(o->err);
	}
	return (p);
}

pid_t
proc_pid(const struct proc *p)
{

	return (p->pid);
}

/* ---- waiting ---- */

static void
proc_append(const char *to, const char *from)
{
	char chunk[65536];
	int in, out;
	ssize_t n;

	if (from == NULL || (in = open(from, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	out = open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	while (out >= 0 && (n = read(in, chunk, sizeof(chunk))) > 0)
		if (file_write_all(out, chunk, (size_t)n) != 0)
			break;
	if (out >= 0)
		(void)close(out);
	(void)close(in);
}

bool
proc_alive(struct proc *p)
{
	siginfo_t si;

	if (p->ended)
		return (false);
	memset(&si, 0, sizeof(si));
	if (waitid(P_PID, (id_t)p->pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    si.si_pid == 0)
		return (true);
	/* While it is a zombie the number of its group is nobody else's. */
	if (si.si_pid == p->pid)
		(void)kill(-p->pid, SIGKILL);
	(void)waitpid(p->pid, NULL, WNOHANG);
	p->ended = true;
	p->ended_us = clock_mono_us();
	/* no si_pid: it was reaped by somebody who kills trees */
	p->status = si.si_pid == 0 ? 128 + SIGKILL :
	    si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	if (p->log != NULL) {
		proc_append(p->log, p->out);
		proc_append(p->log, p->err);
	}
	return (false);
}

/* poll(2) on one descriptor until it is readable or the time is over. */
static bool
proc_poll(int fd, int64_t timeout_us)
{
	int64_t end = clock_mono_us() + timeout_us;
	struct pollfd pf = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left = end - clock_mono_us();
		int ms = left <= 0 ? 0 : left > INT64_C(3600000000) ? 3600000 :
		    (int)((left + 999) / 1000);
		int rc = poll(&pf, 1, ms);

		if (rc > 0)
			return (true);
		if (rc < 0 && errno != EINTR)
			return (false);
		if (rc == 0 && left <= 0)
			return (false);
	}
}

bool
proc_wait(struct proc *p, int64_t timeout_us)
{

	if (!proc_alive(p))
		return (true);
	(void)proc_poll(p->pidfd, timeout_us);
	return (!proc_alive(p));
}

bool
proc_wait_pid(pid_t pid, int64_t timeout_us)
{
	int fd = pidfd_open(pid, 0);
	bool gone;

	if (fd < 0)
		return (errno == ESRCH || errno == EINVAL);
	gone = proc_poll(fd, timeout_us);
	(void)close(fd);
	return (gone);
}

int
proc_status(const struct proc *p)
{

	return (p->status);
}

int64_t
proc_ended_us(const struct proc *p)
{

	return (p->ended_us);
}

int
proc_signal(struct proc *p, int sig)
{

	if (!proc_alive(p))
		return (-1);
	return (pidfd_send_signal(p->pidfd, sig, NULL, 0));
}

int
proc_signal_group(struct proc *p, int sig)
{

	return (kill(-p->pid, sig));
}

void
proc_free(struct proc *p)
{

	if (p == NULL)
		return;
	if (proc_alive(p)) {
		/* Its descendants first, while they can be found by it. */
		(void)kill(p->pid, SIGSTOP);
		(void)kill(-p->pid, SIGSTOP);
		proc_kill_tree(p->pid, true);
		(void)kill(-p->pid, SIGKILL);
		(void)proc_wait(p, PROC_DEATH_US);
	}
	if (p->pidfd >= 0)
		(void)close(p->pidfd);
	free(p->log);
	free(p->out);
	free(p->err);
	free(p);
}

/* ---- running to the end ---- */

static const char *
proc_slurp(const char *path, struct arena *a)
{
	struct buf b;
	char *s, chunk[65536];
	ssize_t n;
	int fd;

	buf_init(&b, PROC_OUTPUT_MAX);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		while (buf_ok(&b) && (n = read(fd, chunk, sizeof(chunk))) > 0)
			buf_add(&b, chunk, (size_t)n);
		(void)close(fd);
	}
	s = arena_strndup(a, b.p, b.len);
	buf_release(&b);
	return (s);
}

int
proc_run(const struct proc_opts *opts, int64_t limit_us, struct arena *a,
    const char **out, const char **err, bool *timed_out, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	struct proc_opts o = *opts;
	struct proc *p;
	char *dir;
	int rc = -1;

	*timed_out = false;
	dir = arena_printf(a, "%s/litedrill-out-XXXXXX",
	    tmp != NULL && *tmp == '/' ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return (err_setno(e, "cannot make the folder %s", dir));
	o.out = arena_printf(a, "%s/out", dir);
	o.err = arena_printf(a, "%s/err", dir);
	if ((p = proc_start(&o, e)) != NULL) {
		if (proc_wait(p, limit_us)) {
			rc = proc_status(p);
		} else {
			*timed_out = true;
			rc = 124;
		}
		proc_free(p);
		*out = proc_slurp(o.out, a);
		*err = proc_slurp(o.err, a);
	}
	(void)file_remove_all(dir, NULL);
	return (rc);
}
