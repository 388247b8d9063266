/* The keeper.  In a place with process ids of its own it is number 1, and the
 * kernel ends all others with it.  Elsewhere it is a subreaper: whoever loses
 * his parent becomes its child, so that it can end and reap until nobody is
 * left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/cage/cage_int.h"
#include "lib/file.h"

#define BACKLOG		4096
#define ORDER_MAX	(16u << 20)	/* the kernel takes less than 6 MiB */

struct keep {
	int	sock, dns, sigs;	/* -1: none */
	bool	pids;			/* of our own */
	pid_t	command;
	int	status;			/* the command's, once it has ended */
	struct buf order;
	char	*dir, **argv, **env;	/* in there */
};

/* ---- sockets ---- */

static int
keep_socket(int type, const char *what, uint32_t address, int *port,
    struct err *e)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(address),
	    .sin_port = htons((uint16_t)*port) };
	socklen_t n = sizeof(in);
	int one = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)) == 0 &&
	    bind(fd, (const struct sockaddr *)&in, sizeof(in)) == 0 &&
	    (type != SOCK_STREAM || listen(fd, BACKLOG) == 0) &&
	    getsockname(fd, (struct sockaddr *)&in, &n) == 0) {
		*port = ntohs(in.sin_port);
		return (fd);
	}
	(void)err_setno(e, "cannot open %s in a network of its own", what);
	if (fd >= 0)
		(void)close(fd);
	return (-1);
}

static int
keep_sockets(struct keep *k, int fds[CAGE_FDS], int *port, struct err *e)
{
	int https = 443, http = 80, dns = 53;

	fds[0] = keep_socket(SOCK_STREAM, "port 443", INADDR_ANY, &https, e);
	fds[1] = keep_socket(SOCK_STREAM, "port 80", INADDR_ANY, &http, e);
	fds[2] = keep_socket(SOCK_STREAM, "the plain endpoint",
	    INADDR_LOOPBACK, port, e);
	k->dns = keep_socket(SOCK_DGRAM, "port 53", INADDR_ANY, &dns, e);
	return (fds[0] < 0 || fds[1] < 0 || fds[2] < 0 || k->dns < 0 ? -1 : 0);
}

/* ---- words ---- */

/* fds: CAGE_FDS, or NULL. */
static int
keep_say(const struct keep *k, struct cage_word *w, const int *fds)
{
	union {
		char	room[CMSG_SPACE(CAGE_FDS * sizeof(int))];
		struct cmsghdr align;
	} u;
	struct iovec v = { w, sizeof(*w) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *c = &u.align;

	memset(&u, 0, sizeof(u));
	if (fds != NULL) {
		m.msg_control = u.room;
		m.msg_controllen = sizeof(u.room);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(CAGE_FDS * sizeof(int));
		memcpy(CMSG_DATA(c), fds, CAGE_FDS * sizeof(int));
	}
	return (sendmsg(k->sock, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(*w) ?
	    0 : -1);
}

static void
keep_failed(const struct keep *k, int status, struct err *e)
{
	struct cage_word w = { .status = status };

	(void)snprintf(w.text, sizeof(w.text), "%s", err_msg(e));
	(void)keep_say(k, &w, NULL);
	err_release(e);
	_exit(status);
}

/* A list of strings in p, NULL behind it. */
static char **
keep_list(char **p, const char *end, uint32_t n)
{
	char **v = mem_alloc(((size_t)n + 1) * sizeof(*v));

	for (uint32_t i = 0; i < n; i++) {
		BUG_ON(*p >= end);
		v[i] = *p;
		*p += strlen(*p) + 1;
	}
	return (v);
}

/* False: there is nobody any more. */
static bool
keep_order(struct keep *k)
{
	struct cage_order o;
	char *p;

	if (recv(k->sock, &o, sizeof(o), MSG_WAITALL) != (ssize_t)sizeof(o))
		return (false);
	buf_init(&k->order, ORDER_MAX);
	if (o.len == 0 || (p = buf_room(&k->order, o.len)) == NULL ||
	    recv(k->sock, p, o.len, MSG_WAITALL) != (ssize_t)o.len)
		return (false);
	buf_took(&k->order, o.len);
	k->dir = p;
	p += strlen(p) + 1;
	k->argv = keep_list(&p, k->order.p + o.len, o.nargs);
	k->env = keep_list(&p, k->order.p + o.len, o.nenv);
	return (true);
}

/* ---- the command ---- */

/* In the new process. */
static _Noreturn void
keep_become(const struct keep *k, int tell)
{
	sigset_t none;
	ssize_t n;
	int rc;

	(void)sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	if (!k->pids)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execvpe(k->argv[0], k->argv, k->env);
	rc = errno;
	n = write(tell, &rc, sizeof(rc));
	(void)n;
	_exit(127);
}

static int
keep_start(struct keep *k, struct err *e)
{
	int tell[2], rc = 0;

	if (pipe2(tell, O_CLOEXEC) != 0 || (k->command = fork()) < 0) {
		(void)err_setno(e, "cannot make a process");
		return (2);
	}
	if (k->command == 0)
		keep_become(k, tell[1]);
	(void)close(tell[1]);
	if (read(tell[0], &rc, sizeof(rc)) == (ssize_t)sizeof(rc)) {
		errno = rc;
		(void)err_setno(e, "cannot run %s", k->argv[0]);
		rc = rc == ENOENT ? 127 : 126;
	}
	(void)close(tell[0]);
	return (rc);
}

/* ---- those it leaves ---- */

static pid_t
keep_parent(const char *pid)
{
	char *path = mem_printf("/proc/%s/stat", pid), *s;
	pid_t ppid = -1;
	struct buf b;

	/* The name in parentheses may hold anything: the last `)` counts. */
	buf_init(&b, 65536);
	if (file_read(path, &b, NULL) == 0 &&
	    (s = strrchr(b.p, ')')) != NULL && strlen(s) > 4)
		ppid = (pid_t)strtol(s + 4, NULL, 10);
	buf_release(&b);
	free(path);
	return (ppid);
}

/* How many there are that we may kill. */
static int
keep_kill_children(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int n = 0;

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);

		if (pid > 0 && keep_parent(d->d_name) == getpid() &&
		    kill(pid, SIGKILL) == 0)
			n++;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return (n);
}

/* Those of a child that has died come to us, and are next. */
static void
keep_end_all(void)
{

	while (keep_kill_children() > 0)
		(void)waitpid(-1, NULL, 0);
}

/* False: the command has ended. */
static bool
keep_reap(struct keep *k)
{
	struct signalfd_siginfo si;
	int status;
	ssize_t n = read(k->sigs, &si, sizeof(si));
	pid_t pid;

	(void)n;		/* several may be one signal: ask for all */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == k->command) {
			k->status = WIFEXITED(status) ?
			    WEXITSTATUS(status) : 128 + WTERMSIG(status);
			return (false);
		}
	return (true);
}

static void
keep_name(const struct keep *k)
{
	unsigned char q[1500], a[1500];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(k->dns, q, sizeof(q), 0,
	    (struct sockaddr *)&from, &len);
	size_t m = n > 0 ? cage_dns(q, (size_t)n, a, sizeof(a)) : 0;

	if (m > 0)
		(void)sendto(k->dns, a, m, MSG_NOSIGNAL,
		    (const struct sockaddr *)&from, len);
}

/* Until the command has ended, or who wanted it. */
static void
keep_watch(struct keep *k)
{
	struct pollfd p[] = {
		{ .fd = k->sock, .events = POLLIN },
		{ .fd = k->sigs, .events = POLLIN },
		{ .fd = k->dns, .events = POLLIN },
	};
	unsigned char sig;

	for (;;) {
		if (poll(p, NELEMS(p), -1) < 0)
			continue;
		if (p[0].revents != 0) {
			if (recv(k->sock, &sig, 1, 0) != 1)
				return;
			(void)kill(k->command, sig);
		}
		if (p[1].revents != 0 && !keep_reap(k))
			return;
		if (p[2].revents != 0)
			keep_name(k);
	}
}

void
cage_keep(int sock, int flags, uid_t uid, gid_t gid, int port)
{
	struct keep k = { .sock = sock, .dns = -1, .status = 128 + SIGKILL,
	    .pids = (flags & CLONE_NEWPID) != 0 };
	struct cage_word made = { .port = port }, runs = { .status = 0 };
	int fds[CAGE_FDS] = { -1, -1, -1 }, rc;
	struct err e = ERR_INIT;
	sigset_t chld;

	(void)prctl(k.pids ? PR_SET_PDEATHSIG : PR_SET_CHILD_SUBREAPER,
	    k.pids ? SIGKILL : 1);
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &chld, NULL);
	k.sigs = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (flags != 0 && (cage_place_make(flags, uid, gid, &e) != 0 ||
	    keep_sockets(&k, fds, &made.port, &e) != 0))
		keep_failed(&k, 2, &e);
	if (keep_say(&k, &made, flags != 0 ? fds : NULL) != 0)
		_exit(2);
	/* They are served outside; we would keep their ports alive. */
	for (size_t i = 0; i < CAGE_FDS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	if (!keep_order(&k))
		_exit(2);
	if (*k.dir != '\0' && cage_place_files(k.dir, &e) != 0)
		keep_failed(&k, 2, &e);
	if ((rc = keep_start(&k, &e)) != 0)
		keep_failed(&k, rc, &e);
	if (keep_say(&k, &runs, NULL) == 0)
		keep_watch(&k);
	if (!k.pids)
		keep_end_all();
	_exit(k.status);
}
