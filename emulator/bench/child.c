#include "emulator/bench/child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/mem.h"

#define CHILD_TREE	64		/* processes of one server */
#define CHILD_END_MS	10000
#define CHILD_LINE_MS	10000
#define CHILD_PORT_US	INT64_C(20000000)

struct child {
	pid_t	pid;			/* 0: waited for */
	int	status;
	int	out;			/* read end of stdout, or -1 */
	char	*log;
	int64_t	t0_us;
};

static int
child_spawn(struct child *s, char *const *argv, char *const *env, int out)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t none, dflt;
	int rc;

	BUG_ON(posix_spawn_file_actions_init(&fa) != 0 ||
	    posix_spawnattr_init(&at) != 0);
	(void)sigemptyset(&none);
	(void)sigemptyset(&dflt);
	(void)sigaddset(&dflt, SIGPIPE);
	(void)posix_spawnattr_setsigmask(&at, &none);
	(void)posix_spawnattr_setsigdefault(&at, &dflt);
	(void)posix_spawnattr_setpgroup(&at, 0);
	(void)posix_spawnattr_setflags(&at, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	BUG_ON(posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY,
	    0) != 0 || posix_spawn_file_actions_addopen(&fa, 2, s->log,
	    O_WRONLY | O_CREAT | O_APPEND, 0600) != 0 ||
	    posix_spawn_file_actions_adddup2(&fa, out >= 0 ? out : 2, 1) != 0);
	s->t0_us = clock_mono_us();
	rc = posix_spawn(&s->pid, argv[0], &fa, &at, argv, env);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)posix_spawnattr_destroy(&at);
	return (rc);
}

struct child *
child_start(char *const *argv, char *const *env, const char *log, bool line,
    struct err *e)
{
	struct child *s = mem_alloc(sizeof(*s));
	int p[2] = { -1, -1 }, rc;

	s->log = mem_strdup(log);
	s->out = -1;
	if (line && pipe2(p, O_CLOEXEC) != 0) {
		err_setno(e, "cannot make a pipe");
		child_stop(s);
		return (NULL);
	}
	s->out = p[0];
	rc = child_spawn(s, argv, env, p[1]);
	if (p[1] >= 0)
		(void)close(p[1]);
	if (rc != 0) {
		errno = rc;
		err_setno(e, "cannot start %s", argv[0]);
		s->pid = 0;
		child_stop(s);
		return (NULL);
	}
	return (s);
}

/* Waited for, within ms?  By polling: a SIGCHLD would need a loop of its
 * own, and nothing is measured here but ends of programs, which
 * child_wait_end() sees by their descriptor. */
static bool
child_reap(struct child *s, int ms)
{
	int64_t end = clock_mono_us() + ms * INT64_C(1000);

	while (s->pid != 0) {
		if (waitpid(s->pid, &s->status, WNOHANG) == s->pid)
			s->pid = 0;
		else if (clock_mono_us() >= end)
			return (false);
		else
			(void)poll(NULL, 0, 1);
	}
	return (true);
}

void
child_stop(struct child *s)
{
	pid_t group;

	if (s == NULL)
		return;
	group = s->pid;
	if (group > 0) {
		(void)kill(-group, SIGTERM);
		if (!child_reap(s, CHILD_END_MS)) {
			(void)kill(-group, SIGKILL);
			(void)child_reap(s, CHILD_END_MS);
		}
		(void)kill(-group, SIGKILL);
	}
	if (s->out >= 0)
		(void)close(s->out);
	free(s->log);
	free(s);
}

/* The end of what it logged says why. */
static int
child_failed(const struct child *s, const char *what, struct err *e)
{
	struct buf b;
	size_t from;

	buf_init(&b, 64u << 20);
	(void)file_read(s->log, &b, NULL);
	while (b.len > 0 && b.p[b.len - 1] == '\n')
		buf_cut(&b, b.len - 1);
	from = b.len > 400 ? b.len - 400 : 0;
	err_set(e, "%s: %s", what, b.p + from);
	buf_release(&b);
	return (-1);
}

char *
child_line(struct child *s, struct err *e)
{
	struct buf b;
	char c;

	buf_init(&b, 64u << 10);
	for (;;) {
		struct pollfd p = { .fd = s->out, .events = POLLIN };

		if (poll(&p, 1, CHILD_LINE_MS) <= 0 ||
		    read(s->out, &c, 1) != 1) {
			buf_release(&b);
			(void)child_failed(s, "the server did not begin", e);
			return (NULL);
		}
		if (c == '\n')
			return (buf_detach(&b));
		buf_addc(&b, c);
	}
}

int
child_wait_port(struct child *s, int port, struct err *e)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int64_t end = clock_mono_us() + CHILD_PORT_US;

	while (clock_mono_us() < end) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int rc = connect(fd, (struct sockaddr *)&sin, sizeof(sin));

		(void)close(fd);
		if (rc == 0)
			return (0);
		if (child_reap(s, 0))
			return (child_failed(s, "the server ended", e));
		(void)poll(NULL, 0, 1);
	}
	return (child_failed(s, "the server did not begin", e));
}

int
child_wait_end(struct child *s, int64_t limit_us, int64_t *us,
    struct err *e)
{
	int64_t end = s->t0_us + limit_us;

	/* 1 ms of resolution: what is timed so takes seconds. */
	while (s->pid != 0 && clock_mono_us() < end)
		(void)child_reap(s, 1);
	*us = clock_mono_us() - s->t0_us;
	if (s->pid != 0)
		return (child_failed(s, "the program did not end", e));
	if (!WIFEXITED(s->status))
		return (child_failed(s, "the program was killed", e));
	if (WEXITSTATUS(s->status) != 0)
		(void)child_failed(s, "the program failed", e);
	return (WEXITSTATUS(s->status));
}

/* ---- looking on ---- */

/* pid and all below it. */
static size_t
child_tree(pid_t pid, pid_t *v, size_t n)
{
	char path[64], word[1024];
	size_t i = n;
	FILE *f;

	if (n == CHILD_TREE)
		return (n);
	v[n++] = pid;
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
	    (int)pid, (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return (n);
	if (fgets(word, sizeof(word), f) != NULL) {
		char *p = word, *end;
		long child;

		while ((child = strtol(p, &end, 10)) > 0 && end != p) {
			n = child_tree((pid_t)child, v, n);
			p = end;
		}
	}
	(void)fclose(f);
	BUG_ON(v[i] != pid);
	return (n);
}

int64_t
child_cpu_us(const struct child *s)
{
	pid_t v[CHILD_TREE];
	size_t n = s->pid > 0 ? child_tree(s->pid, v, 0) : 0;
	int64_t us = 0;

	for (size_t i = 0; i < n; i++) {
		struct timespec ts;
		clockid_t c;

		/* Finer than the 10 ms of /proc/PID/stat. */
		if (clock_getcpuclockid(v[i], &c) == 0 &&
		    clock_gettime(c, &ts) == 0)
			us += ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
	}
	return (us);
}

static int64_t
child_status(const struct child *s, const char *word)
{
	pid_t v[CHILD_TREE];
	size_t n = s->pid > 0 ? child_tree(s->pid, v, 0) : 0;
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		char path[64], line[256];
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/%d/status",
		    (int)v[i]);
		if ((f = fopen(path, "re")) == NULL)
			continue;
		while (fgets(line, sizeof(line), f) != NULL)
			if (strncmp(line, word, strlen(word)) == 0)
				sum += strtoll(line + strlen(word), NULL, 10) *
				    1024;
		(void)fclose(f);
	}
	return (sum);
}

int64_t
child_rss(const struct child *s)
{

	return (child_status(s, "VmRSS:"));
}

int64_t
child_peak(const struct child *s)
{

	return (child_status(s, "VmHWM:"));
}

void
child_peak_reset(const struct child *s)
{
	pid_t v[CHILD_TREE];
	size_t n = s->pid > 0 ? child_tree(s->pid, v, 0) : 0;

	for (size_t i = 0; i < n; i++) {
		char path[64];
		int fd;

		(void)snprintf(path, sizeof(path), "/proc/%d/clear_refs",
		    (int)v[i]);
		if ((fd = open(path, O_WRONLY | O_CLOEXEC)) < 0)
			continue;
		(void)!write(fd, "5", 1);
		(void)close(fd);
	}
}

int64_t
child_started_us(const struct child *s)
{

	return (s->t0_us);
}

int
child_free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = -1;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&sin, n) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sin, &n) == 0)
		port = ntohs(sin.sin_port);
	if (fd >= 0)
		(void)close(fd);
	return (port);
}
