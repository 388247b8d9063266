/* Writers are forked, not threads: a commit must be able to die at any point
 * without the harness, and the ledger's lines tell how far it came. */
#include "harness/workload/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/machine/machine.h"
#include "harness/workload/load_int.h"
#include "lib/file.h"

struct load {
	struct load *next;
	char	*name;		/* NULL: in the foreground */
	pid_t	pid;		/* 0: reaped */
	int	stop_fd;	/* an event here asks it to end */
	int	said_fd;	/* `ready`, then the message, then its end */
	int	status;		/* as of waitpid(2) */
	struct buf said;	/* what it said after `ready` */
	bool	asked;		/* its end has been taken note of */
};

struct loads {
	struct run *run;
	struct load *list;	/* the newest first */
	char	*file;		/* the database that was written to last … */
	struct statx st;	/* … and which file that was */
	uint64_t n;		/* how many there have been */
};

#define SAID_MAX	65536

struct loads *
loads_new(struct run *r)
{
	struct loads *ls = mem_alloc(sizeof(*ls));

	ls->run = r;
	return (ls);
}

static void
load_free(struct load *l)
{

	if (l->pid > 0) {
		(void)kill(l->pid, SIGKILL);
		while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	(void)close(l->stop_fd);
	(void)close(l->said_fd);
	buf_release(&l->said);
	free(l->name);
	free(l);
}

void
loads_free(struct loads *ls)
{

	if (ls == NULL)
		return;
	while (ls->list != NULL) {
		struct load *l = ls->list;

		ls->list = l->next;
		load_free(l);
	}
	free(ls->file);
	free(ls);
}

static struct load *
load_find(struct loads *ls, const char *name)
{

	for (struct load *l = ls->list; l != NULL; l = l->next)
		if (l->name != NULL && strcmp(l->name, name) == 0)
			return (l);
	return (NULL);
}

/* ---- the child ---- */

static _Noreturn void
child(struct run *r, const struct load_opts *o, struct load_child *c,
    int said_fd, pid_t parent)
{
	struct err e = ERR_INIT;
	enum load_end end;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(LOAD_BROKEN);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (strcmp(o->via, "app") == 0) {
		c->url = arena_printf(&r->arena, "http://127.0.0.1:%s",
		    run_var(r, "app.port"));
		end = load_app_main(c, &e);
	} else
		end = load_file_main(c, &e);
	if (end != LOAD_DONE)
		(void)file_write_all(said_fd, err_msg(&e), strlen(err_msg(&e)));
	_exit((int)end);
}

/* Whether file is the one that a load has written to before, and not another
 * under the same name. */
static bool
same_file(const struct loads *ls, const char *file)
{
	struct statx st;

	return (ls->file != NULL && strcmp(ls->file, file) == 0 &&
	    statx(AT_FDCWD, file, 0, STATX_BASIC_STATS | STATX_BTIME,
	    &st) == 0 && st.stx_ino == ls->st.stx_ino &&
	    st.stx_btime.tv_sec == ls->st.stx_btime.tv_sec &&
	    st.stx_btime.tv_nsec == ls->st.stx_btime.tv_nsec);
}

static void
remember_file(struct loads *ls, const char *file)
{

	free(ls->file);
	ls->file = mem_strdup(file);
	if (statx(AT_FDCWD, file, 0, STATX_BASIC_STATS | STATX_BTIME,
	    &ls->st) != 0) {
		free(ls->file);
		ls->file = NULL;
	}
}

static struct load *
start(struct run *r, const struct load_opts *o, const struct workload *w,
    const char *file, struct err *e)
{
	struct loads *ls = r->loads;
	int stop = eventfd(0, EFD_CLOEXEC), said[2] = { -1, -1 };
	pid_t parent = getpid();
	struct load *l;
	pid_t pid = -1;

	if (stop < 0 || pipe2(said, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		err_setno(e, "cannot start a load");
		(void)close(stop);
		(void)close(said[0]);
		(void)close(said[1]);
		return (NULL);
	}
	if (pid == 0) {
		struct load_child c = {
			.o = o, .w = w, .ledger = r->ledger, .file = file,
			.same_file = same_file(ls, file), .stop_fd = stop,
			.loss_us = r->lost_wall_us, .ready_fd = said[1],
			.rng = r->opts->seed ^ (ls->n << 32),
		};

		child(r, o, &c, said[1], parent);
	}
	(void)close(said[1]);
	l = mem_alloc(sizeof(*l));
	l->name = o->name != NULL ? mem_strdup(o->name) : NULL;
	l->pid = pid;
	l->stop_fd = stop;
	l->said_fd = said[0];
	buf_init(&l->said, SAID_MAX);
	l->next = ls->list;
	ls->list = l;
	ls->n++;
	return (l);
}

/* ---- the parent ---- */

/* Read n bytes of what it says; false: it ended before. */
static bool
hear(struct load *l, void *dst, size_t n)
{
	char *p = dst;

	while (n > 0) {
		ssize_t k = read(l->said_fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return (false);
		p += k;
		n -= (size_t)k;
	}
	return (true);
}

/* Wait for its end, with what it had to say. */
static void
reap(struct load *l)
{
	char c;

	if (l->pid == 0)
		return;
	while (hear(l, &c, 1))
		buf_addc(&l->said, c);
	while (waitpid(l->pid, &l->status, 0) < 0 && errno == EINTR)
		;
	l->pid = 0;
}

/* A child that is ready says a NUL and what its start gave up; one that
 * failed before, its message.  False: it has failed. */
static bool
wait_ready(struct run *r, struct load *l)
{
	int64_t m[2];
	char c;

	if (!hear(l, &c, 1))
		return (false);
	if (c != '\0') {
		buf_addc(&l->said, c);
		return (false);
	}
	if (!hear(l, m, sizeof(m)))
		return (false);
	if (m[0] > 0) {
		run_log(r, "load", "%" PRId64 " acknowledged commits are not "
		    "in the database: a new epoch begins", m[0]);
		r->rpo_rows = m[0] > r->rpo_rows ? m[0] : r->rpo_rows;
		r->rpo_us = m[1] > r->rpo_us ? m[1] : r->rpo_us;
	}
	return (true);
}

static enum verdict
verdict(struct run *r, struct load *l)
{
	const char *what = l->name != NULL ? l->name : "load";
	struct err e = ERR_INIT;
	enum verdict v;

	l->asked = true;
	if (ledger_refresh(r->ledger, &e) != 0) {
		v = run_error(r, "%s", err_msg(&e));
		err_release(&e);
		return (v);
	}
	if (!WIFEXITED(l->status))
		return (run_error(r, "%s: its process was killed by signal %d",
		    what, WTERMSIG(l->status)));
	switch (WEXITSTATUS(l->status)) {
	case LOAD_DONE:
		return (VERDICT_PASS);
	case LOAD_GONE:
		/* In the background that is how it looks when the drill kills
		 * the application or replaces the machine. */
		if (l->name != NULL) {
			run_log(r, "load", "%s ended: %s", what, l->said.p);
			return (VERDICT_PASS);
		}
		return (run_fail(r, "%s: %s", what, l->said.p));
	case LOAD_WRONG:
		return (run_fail(r, "%s: %s", what, l->said.p));
	default:
		return (run_error(r, "%s: %s", what, l->said.len > 0 ?
		    l->said.p : "its process ended without a word"));
	}
}

enum verdict
load_run(struct run *r, const struct load_opts *o)
{
	const struct workload *w = workload_find(o->workload);
	struct err e = ERR_INIT;
	const char *file;
	struct load *l;
	bool ready;

	if (w == NULL)
		return (run_error(r, "there is no workload '%s'", o->workload));
	if (strcmp(o->via, "app") == 0 && w->step != NULL)
		return (run_error(r, "the application can only append: the "
		    "workload '%s' wants via=file", o->workload));
	if (o->name != NULL && load_find(r->loads, o->name) != NULL)
		return (run_error(r, "there is a load '%s' already", o->name));
	if (o->name == NULL && o->rows == 0)
		return (run_error(r, "a load without an end (rows=0) needs a "
		    "name: as=NAME"));
	file = machine_host_path(r->machine, o->db);
	if (ledger_refresh(r->ledger, &e) != 0 ||
	    (l = start(r, o, w, file, &e)) == NULL) {
		enum verdict v = run_error(r, "%s", err_msg(&e));

		err_release(&e);
		return (v);
	}
	ready = wait_ready(r, l);
	if (ready)
		remember_file(r->loads, file);
	if (ready && o->name != NULL)
		return (VERDICT_PASS);
	reap(l);
	return (verdict(r, l));
}

enum verdict
load_stop(struct run *r, const char *name)
{
	struct load *l = load_find(r->loads, name);

	if (l == NULL)
		return (run_error(r, "there is no load '%s'", name));
	(void)eventfd_write(l->stop_fd, 1);
	reap(l);
	return (verdict(r, l));
}

int
load_alive(struct run *r, const char *name)
{
	struct load *l = load_find(r->loads, name);
	siginfo_t si = { 0 };

	if (l == NULL)
		return (-1);
	if (l->pid == 0)
		return (0);
	if (waitid(P_PID, (id_t)l->pid, &si, WEXITED | WNOHANG | WNOWAIT) != 0)
		return (0);
	return (si.si_pid == 0);
}

void
loads_kill(struct run *r)
{

	for (struct load *l = r->loads->list; l != NULL; l = l->next) {
		if (l->pid == 0)
			continue;
		(void)kill(l->pid, SIGKILL);
		reap(l);
		/* It has done what it was there for. */
		l->status = LOAD_GONE << 8;
		buf_reset(&l->said);
		buf_adds(&l->said, "the machine is gone");
	}
}

enum verdict
loads_check(struct run *r)
{
	enum verdict v = VERDICT_PASS;

	for (struct load *l = r->loads->list; l != NULL; l = l->next)
		if (v == VERDICT_PASS && !l->asked &&
		    load_alive(r, l->name) == 0) {
			reap(l);
			v = verdict(r, l);
		}
	return (v);
}
