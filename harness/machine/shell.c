/* The persistent bash of `shell` blocks.  It runs a loop of three lines that
 * reads one logical line after another, ended by NUL, from descriptor 3, runs
 * it with eval, and writes the status to descriptor 4.  So nothing of ours is
 * mixed into what the lines print, and a line sees neither descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/machine/machine_int.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define SHELL_OUTPUT_MAX	(4 << 20)
#define SHELL_END_US		INT64_C(5000000)

static const char shell_loop[] =
    "while IFS= read -r -d '' -u 3 REPLY; do\n"
    "eval \"$REPLY\" 3<&- 4>&-\n"
    "printf '%d\\n' \"$?\" >&4\n"
    "done";

struct shell {
	struct proc *proc;
	int	to, from;		/* lines, statuses */
	const char *out, *err;		/* files of all it printed … */
	int64_t	out_at, err_at;		/* … and how far that has been read */
};

void
machine_shell_free(struct machine *m)
{
	struct shell *s = m->shell;

	m->shell = NULL;
	if (s == NULL)
		return;
	proc_free(s->proc);
	(void)close(s->to);
	(void)close(s->from);
}

static struct shell *
machine_shell_new(struct machine *m, struct err *e)
{
	struct arena *a = &m->run->arena;
	struct shell *s = arena_alloc(a, sizeof(*s));
	const char *argv[] = { "bash", "--norc", "--noprofile", "-c",
		shell_loop, NULL };
	struct proc_opts o = { .argv = (char *const *)(uintptr_t)argv };
	int to[2], from[2];
	pid_t pid;

	m->nshells++;
	s->out = o.out = arena_printf(a, "%s/shell-%d.out", m->run->dir,
	    m->nshells);
	s->err = o.err = arena_printf(a, "%s/shell-%d.err", m->run->dir,
	    m->nshells);
	if (pipe2(to, O_CLOEXEC) != 0) {
		err_setno(e, "cannot make a pipe");
		return (NULL);
	}
	if (pipe2(from, O_CLOEXEC) != 0) {
		err_setno(e, "cannot make a pipe");
		(void)close(to[0]);
		(void)close(to[1]);
		return (NULL);
	}
	o.fds[0] = to[0];
	o.fds[1] = from[1];
	s->proc = machine_spawn(m, &o, &pid, e);
	(void)close(to[0]);
	(void)close(from[1]);
	s->to = to[1];
	s->from = from[0];
	if (s->proc == NULL) {
		(void)close(s->to);
		(void)close(s->from);
		return (NULL);
	}
	return (s);
}

/* What has been printed since the last time, at most SHELL_OUTPUT_MAX of it;
 * also appended to shell.log of the drill. */
static const char *
shell_printed(struct machine *m, const char *file, int64_t *at)
{
	struct arena *a = &m->run->arena;
	const char *log = arena_printf(a, "%s/shell.log", m->run->opts->out);
	int64_t size = file_size(file), n = size - *at;
	int in, out;
	char *s;

	if (n > SHELL_OUTPUT_MAX)
		n = SHELL_OUTPUT_MAX;
	s = arena_alloc(a, n > 0 ? (size_t)n + 1 : 1);
	if (n <= 0 || (in = open(file, O_RDONLY | O_CLOEXEC)) < 0)
		return (s);
	n = pread(in, s, (size_t)n, *at);
	(void)close(in);
	*at = size;
	out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (out >= 0 && n > 0)
		(void)file_write_all(out, s, (size_t)n);
	if (out >= 0)
		(void)close(out);
	return (s);
}

/* A line of the status pipe as a number: 0; 1: not within the limit; -1: it
 * is closed. */
static int
shell_read_status(const struct shell *s, int64_t limit_us, int *status)
{
	struct pollfd pf = { .fd = s->from, .events = POLLIN };
	int64_t end = clock_mono_us() + limit_us;

	*status = 0;
	for (;;) {
		int64_t left = end - clock_mono_us();
		int rc = poll(&pf, 1, left > 0 ? (int)(left / 1000 + 1) : 0);
		char c;

		if (rc < 0 && errno == EINTR)
			continue;
		if (rc == 0 && left <= 0)
			return (1);
		if (rc == 0)
			continue;
		if (read(s->from, &c, 1) != 1)
			return (-1);
		if (c == '\n')
			return (0);
		*status = *status * 10 + (c - '0');
	}
}

int
machine_shell(struct machine *m, const char *text, int64_t limit_us,
    const char **out, const char **err, bool *timed_out, struct err *e)
{
	struct shell *s = m->shell;
	int status, rc;

	*timed_out = false;
	*out = *err = "";
	if (s != NULL && !proc_alive(s->proc)) {
		machine_shell_free(m);
		s = NULL;
	}
	if (s == NULL && (s = m->shell = machine_shell_new(m, e)) == NULL)
		return (-1);
	/* The terminating NUL ends the line for `read -d ''`. */
	if (file_write_all(s->to, text, strlen(text) + 1) != 0) {
		machine_shell_free(m);
		return (err_set(e, "the shell does not read any more"));
	}
	rc = shell_read_status(s, limit_us, &status);
	if (rc < 0)
		(void)proc_wait(s->proc, SHELL_END_US);
	*out = shell_printed(m, s->out, &s->out_at);
	*err = shell_printed(m, s->err, &s->err_at);
	if (rc == 0)
		return (status);
	*timed_out = rc > 0;
	if (rc > 0)
		err_set(e, "it has not ended in time");
	else
		err_set(e, "the shell ended with status %d",
		    proc_status(s->proc));
	machine_shell_free(m);
	return (-1);
}
