/* Outside of the place: making the keeper, and what is said to it. */
#include "emulator/cage/cage.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/cage/cage_int.h"

#define ORDER_MAX	(16u << 20)

struct cage {
	pid_t	pid;			/* of the keeper; 0: it has ended */
	int	sock;
	int	status;
};

static void
cage_reap(struct cage *c)
{
	int status;

	if (c->pid == 0)
		return;
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->status = WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
	c->pid = 0;
}

void
cage_free(struct cage *c)
{

	if (c == NULL)
		return;
	/* It sees the end of the stream, and ends what is there. */
	(void)close(c->sock);
	cage_reap(c);
	free(c);
}

/* ---- words ---- */

/* -1: it has ended without one, or had to say why not.  fds: CAGE_FDS. */
static int
cage_hear(struct cage *c, struct cage_word *w, int *fds, struct err *e)
{
	union {
		char	room[CMSG_SPACE(CAGE_FDS * sizeof(int))];
		struct cmsghdr align;
	} u;
	struct iovec v = { w, sizeof(*w) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = u.room, .msg_controllen = sizeof(u.room) };
	struct cmsghdr *h;
	ssize_t n;

	do
		n = recvmsg(c->sock, &m, MSG_WAITALL | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*w)) {
		w->status = 2;
		return (err_set(e, "the process that was to run the command "
		    "has died"));
	}
	if (w->status != 0)
		return (err_set(e, "%.*s", (int)sizeof(w->text), w->text));
	h = CMSG_FIRSTHDR(&m);
	if (fds != NULL && h != NULL && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(CAGE_FDS * sizeof(int)))
		memcpy(fds, CMSG_DATA(h), CAGE_FDS * sizeof(int));
	return (0);
}

static uint32_t
cage_list(struct buf *b, char *const *v)
{
	uint32_t n = 0;

	for (; v[n] != NULL; n++)
		buf_add(b, v[n], strlen(v[n]) + 1);
	return (n);
}

static int
cage_send(const struct cage *c, const void *p, size_t n)
{
	const char *s = p;
	ssize_t k;

	while (n > 0) {
		k = send(c->sock, s, n, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return (-1);
		s += k;
		n -= (size_t)k;
	}
	return (0);
}

static int
cage_order(const struct cage *c, const char *dir, char *const *argv,
    char *const *env, struct err *e)
{
	struct cage_order o;
	struct buf b;
	int rc = 0;

	buf_init(&b, ORDER_MAX);
	if (dir == NULL)
		dir = "";
	buf_add(&b, dir, strlen(dir) + 1);
	o.nargs = cage_list(&b, argv);
	o.nenv = cage_list(&b, env);
	o.len = (uint32_t)b.len;
	if (!buf_ok(&b))
		rc = err_set(e, "the command and its environment are too "
		    "long");
	/* Where it has died, its first word says so. */
	else if (cage_send(c, &o, sizeof(o)) == 0)
		(void)cage_send(c, b.p, b.len);
	buf_release(&b);
	return (rc);
}

/* ---- making it ---- */

static struct cage *
cage_try(int flags, int port, struct cage_place *p, struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct cage *c = mem_alloc(sizeof(*c));
	int sock[2], fds[CAGE_FDS] = { 0, 0, 0 };
	struct cage_word w;
	long pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) != 0) {
		(void)err_setno(e, "socketpair");
		free(c);
		return (NULL);
	}
	/* As fork(2) is, with flags; no thread runs. */
	pid = syscall(SYS_clone, (unsigned long)(flags | SIGCHLD), NULL, NULL,
	    NULL, NULL);
	if (pid == 0) {
		(void)close(sock[0]);
		cage_keep(sock[1], flags, uid, gid, port);
	}
	(void)close(sock[1]);
	*c = (struct cage){ .pid = pid > 0 ? (pid_t)pid : 0, .sock = sock[0] };
	if (pid < 0)
		(void)err_setno(e, "cannot make namespaces");
	if (pid < 0 || cage_hear(c, &w, fds, e) != 0) {
		cage_free(c);
		return (NULL);
	}
	*p = (struct cage_place){ .private = flags != 0, .direct = fds[0],
	    .direct_plain = fds[1], .inside = fds[2], .inside_port = w.port };
	return (c);
}

struct cage *
cage_new(enum cage_net net, int port, struct cage_place *p, struct err *e)
{
	/* Root needs no users of its own, and can then still become others.
	 * In containers a second /proc may be forbidden. */
	static const int tries[] = {
		CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID,
		CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID,
		CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS,
	};
	struct cage *c = NULL;

	for (size_t i = geteuid() == 0 ? 0 : 1; c == NULL &&
	    net != CAGE_HOST && i < NELEMS(tries); i++)
		c = cage_try(tries[i], port, p, e);
	if (c != NULL) {
		err_release(e);
		return (c);
	}
	return (net == CAGE_PRIVATE ? NULL : cage_try(0, 0, p, e));
}

/* ---- running ---- */

/* Pass on what was sent to us alone.  A terminal's signals reach the command
 * by themselves, as it is in our process group. */
static void
cage_wait(struct cage *c)
{
	sigset_t set;
	siginfo_t si;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGQUIT);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	for (;;) {
		siginfo_t ended = { .si_pid = 0 };

		if (waitid(P_PID, (id_t)c->pid, &ended, WEXITED | WNOHANG |
		    WNOWAIT) == 0 && ended.si_pid == c->pid)
			break;
		if (sigwaitinfo(&set, &si) > 0 && si.si_signo != SIGCHLD &&
		    si.si_code != SI_KERNEL) {
			unsigned char sig = (unsigned char)si.si_signo;

			(void)cage_send(c, &sig, 1);
		}
	}
	cage_reap(c);
}

int
cage_run(struct cage *c, const char *dir, char *const *argv,
    char *const *env, struct err *e)
{
	struct cage_word w = { .status = 2 };

	if (cage_order(c, dir, argv, env, e) != 0)
		return (2);
	if (cage_hear(c, &w, NULL, e) != 0)
		return (w.status);
	cage_wait(c);
	return (c->status);
}
