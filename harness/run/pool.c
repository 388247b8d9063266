/* Drills in forked children.  A child has a process group and an empty
 * temporary folder of its own, which this process made and removes, so that
 * nothing stays even of a child that was killed.  The line it is at is noted in
 * shared memory: of a child that hangs one can still see where. */
#include "harness/run/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/explore/explore.h"
#include "harness/replicator/replicators.h"
#include "harness/run/proc.h"
#include "harness/run/result.h"
#include "harness/run/run_int.h"
#include "harness/script/script.h"
#include "harness/script/steps.h"
#include "lib/clock.h"
#include "lib/file.h"

#define POOL_MAX	64		/* drills at a time */
#define POOL_RESULT_MAX	(16 << 20)

struct slot {
	const struct job *job;	/* NULL: free */
	const struct line **line;	/* shared with the child: where it is */
	struct run_opts opts;
	char	*dir;
	pid_t	pid;
	int	pidfd, from;
	bool	told;		/* all that it will write has been read */
	struct buf text;	/* the result as it comes */
	int64_t	t0_us, end_us, limit_us;
};

struct pool {
	struct slot slots[POOL_MAX];
	size_t	j;
	int	signals;
	sigset_t old_mask;
	const struct run_opts *opts;
	void	(*report)(void *, const struct result *);
	void	(*begin)(void *, const struct job *);
	void	*arg;
};

/* Results outlive the pool: reports print them all again at the end. */
static struct arena pool_results;

/* ---- the child ---- */

_Noreturn static void
pool_child(struct pool *p, struct slot *s, int to, pid_t parent)
{
	struct run *r = mem_alloc(sizeof(*r));
	struct result res;
	char *text;
	json_t *j;
	int null;

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(2);
	(void)sigprocmask(SIG_SETMASK, &p->old_mask, NULL);
	/* A report may be on our stdout. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(2);
	for (size_t i = 0; i < p->j; i++)
		if (p->slots[i].job != NULL && &p->slots[i] != s) {
			(void)close(p->slots[i].from);
			(void)close(p->slots[i].pidfd);
		}
	run_init(r, s->job->sc, s->job->rel, &s->opts);
	r->dir = s->dir;
	r->shared_line = s->line;
	run_drill(r);
	result_of_run(&res, r);
	if (r->kept)
		result_save(&res, s->opts.out);
	j = result_to_json(&res);
	text = json_dumps(j, JSON_COMPACT);
	if (text == NULL || file_write_all(to, text, strlen(text)) != 0)
		_exit(2);
	_exit(0);
}

/* Nothing of it runs any more: take its folder away, the slot is free. */
static void
pool_clear(struct pool *p, struct slot *s)
{
	pid_t others[POOL_MAX];
	size_t n = 0;

	s->job = NULL;
	for (size_t i = 0; i < p->j; i++)
		if (p->slots[i].job != NULL)
			others[n++] = p->slots[i].pid;
	proc_kill_orphans(others, n);
	(void)file_remove_all(s->dir, NULL);
	(void)munmap(s->line, sizeof(*s->line));
	if (s->from >= 0)
		(void)close(s->from);
	if (s->pidfd >= 0)
		(void)close(s->pidfd);
	buf_release(&s->text);
	free(s->dir);
}

/* -1 with errno; then nothing runs. */
static int
pool_fork(struct pool *p, struct slot *s)
{
	pid_t parent = getpid();
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return (-1);
	s->from = fd[0];
	/* What is buffered would be written twice. */
	(void)fflush(NULL);
	s->pid = fork();
	if (s->pid == 0)
		pool_child(p, s, fd[1], parent);
	(void)close(fd[1]);
	if (s->pid < 0)
		return (-1);
	(void)setpgid(s->pid, s->pid);
	if ((s->pidfd = pidfd_open(s->pid, 0)) >= 0)
		return (0);
	proc_kill_tree(s->pid, false);
	return (-1);
}

static int
pool_start(struct pool *p, struct slot *s, const struct job *job,
    struct err *e)
{
	const char *tmp = getenv("TMPDIR");

	memset(s, 0, sizeof(*s));
	s->dir = mem_printf("%s/litedrill-XXXXXX",
	    tmp != NULL && *tmp == '/' ? tmp : "/tmp");
	if (mkdtemp(s->dir) == NULL) {
		err_setno(e, "cannot make the folder %s", s->dir);
		free(s->dir);
		return (-1);
	}
	s->line = mmap(NULL, sizeof(*s->line), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	BUG_ON(s->line == MAP_FAILED);
	s->opts = *p->opts;
	s->opts.out = job->out;
	s->opts.explore = job->explore;
	s->t0_us = clock_mono_us();
	s->limit_us = job->sc->limit_us +
	    (job->explore != NULL ? EXPLORE_LIMIT_US : 0);
	s->end_us = s->t0_us + s->limit_us;
	buf_init(&s->text, POOL_RESULT_MAX);
	s->from = s->pidfd = -1;
	s->job = job;
	if (pool_fork(p, s) != 0) {
		err_setno(e, "cannot start a drill");
		pool_clear(p, s);
		return (-1);
	}
	if (p->begin != NULL)
		p->begin(p->arg, job);
	return (0);
}

/* ---- the end of a child ---- */

/* Is `l` one of these lines, or of their blocks? */
static bool
lines_hold(const struct line *lines, size_t n, const struct line *l)
{

	for (size_t i = 0; i < n; i++)
		if (&lines[i] == l ||
		    lines_hold(lines[i].block, lines[i].nblock, l))
			return (true);
	return (false);
}

/* Where a child that cannot be asked any more was. */
static void
pool_place(const struct slot *s, struct result *res)
{
	const struct scenario *sc = s->job->sc;
	const struct line *at = *s->line;

	/* The scenario was read before the fork and lies where it lay; other
	 * pointers mean nothing here. */
	if (at == NULL || !lines_hold(sc->lines, sc->nlines, at))
		return;
	res->text = at->text;
	res->line = at->at.line;
	res->col = at->at.col;
	for (size_t i = 0; i < sc->nlines; i++) {
		const struct line *l = &sc->lines[i];

		if (l->at.line <= at->at.line && l->nwords > 0 &&
		    strcmp(l->step->name, "phase") == 0)
			res->phase = l->words[0].text;
	}
}

static void
pool_lost(struct slot *s, struct result *res, const char *why)
{
	char *data = mem_printf("%s/machine/data", s->dir);
	int64_t room = RUN_KEEP_MAX;

	*res = (struct result){
		.id = arena_printf(&pool_results, "%s@%s", s->job->sc->name,
		    s->job->rel->label),
		.scenario = s->job->sc->name, .release = s->job->rel->label,
		.title = s->job->sc->title, .file = s->job->sc->file,
		.verdict = VERDICT_ERROR, .why = why,
		.us = clock_mono_us() - s->t0_us,
		.rpo_rows = -1, .rpo_us = -1, .rto_us = -1,
		.isolation = "unknown",
	};
	pool_place(s, res);
	if (file_exists(s->job->out)) {
		res->dir = s->job->out;
		run_evidence_db(data, s->job->out, &room);
		result_save(res, s->job->out);
	}
	free(data);
}

static void
pool_read(struct slot *s)
{
	char chunk[65536];
	ssize_t n = read(s->from, chunk, sizeof(chunk));

	if (n > 0)
		buf_add(&s->text, chunk, (size_t)n);
	else
		s->told = n == 0;
}

static void
pool_end(struct pool *p, struct slot *s)
{
	struct arena *a = &pool_results;
	struct result res;
	const char *why;
	json_t *j;
	int st = 0;

	(void)waitpid(s->pid, &st, 0);
	/* Orphans may still hold the other end: what is there, not more. */
	(void)fcntl(s->from, F_SETFL, O_NONBLOCK);
	for (size_t was = SIZE_MAX; !s->told && was != s->text.len;) {
		was = s->text.len;
		pool_read(s);
	}
	j = json_loadb(s->text.p, s->text.len, 0, NULL);
	if (!WIFEXITED(st) || WEXITSTATUS(st) != 0 || j == NULL ||
	    result_from_json(&res, a, j) != 0) {
		if (WIFSIGNALED(st))
			why = arena_printf(a, "the drill's process died of "
			    "signal %d (%s)", WTERMSIG(st),
			    strsignal(WTERMSIG(st)));
		else
			why = arena_printf(a, "the drill's process ended with "
			    "status %d and no result", WEXITSTATUS(st));
		pool_lost(s, &res, why);
	}
	json_decref(j);
	pool_clear(p, s);
	p->report(p->arg, &res);
}

static void
pool_kill_late(struct pool *p, struct slot *s)
{
	struct result res;

	/* It may have ended a moment ago; then its result counts. */
	if (waitid(P_PID, (id_t)s->pid, &(siginfo_t){ 0 },
	    WEXITED | WNOHANG | WNOWAIT) == 0 && proc_wait_pid(s->pid, 0)) {
		pool_end(p, s);
		return;
	}
	proc_kill_tree(s->pid, false);
	pool_lost(s, &res, arena_printf(&pool_results,
	    "did not end within %.1fs",
	    (double)s->limit_us / 1e6));
	pool_clear(p, s);
	p->report(p->arg, &res);
}

/* All end now, as if they had never run. */
static void
pool_abort(struct pool *p)
{

	for (size_t i = 0; i < p->j; i++) {
		struct slot *s = &p->slots[i];

		if (s->job == NULL)
			continue;
		proc_kill_tree(s->pid, false);
		if (!p->opts->keep)
			(void)file_remove_all(s->job->out, NULL);
		pool_clear(p, s);
	}
}

/* ---- the loop ---- */

/* Milliseconds to the nearest end of a limit; -1 where nothing runs. */
static int
pool_timeout(const struct pool *p)
{
	int64_t now = clock_mono_us(), left = INT64_MAX;

	for (size_t i = 0; i < p->j; i++)
		if (p->slots[i].job != NULL && p->slots[i].end_us - now < left)
			left = p->slots[i].end_us - now;
	return (left == INT64_MAX ? -1 : left <= 0 ? 0 :
	    left > INT64_C(3600000000) ? 3600000 : (int)(left / 1000 + 1));
}

/* Wait for one thing to happen and deal with it.  0, or the signal. */
static int
pool_turn(struct pool *p)
{
	struct pollfd pf[1 + 2 * POOL_MAX];
	struct signalfd_siginfo si;

	pf[0] = (struct pollfd){ .fd = p->signals, .events = POLLIN };
	for (size_t i = 0; i < p->j; i++) {
		const struct slot *s = &p->slots[i];
		bool on = s->job != NULL;

		pf[1 + 2 * i] = (struct pollfd){ .events = POLLIN,
			.fd = on && !s->told ? s->from : -1 };
		pf[2 + 2 * i] = (struct pollfd){ .fd = on ? s->pidfd : -1,
			.events = POLLIN };
	}
	if (poll(pf, 1 + 2 * p->j, pool_timeout(p)) < 0)
		return (0);
	if (pf[0].revents != 0 &&
	    read(p->signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
		return ((int)si.ssi_signo);
	for (size_t i = 0; i < p->j; i++) {
		struct slot *s = &p->slots[i];

		if (s->job == NULL)
			continue;
		if (pf[2 + 2 * i].revents != 0)
			pool_end(p, s);
		else if (clock_mono_us() >= s->end_us)
			pool_kill_late(p, s);
		else if (pf[1 + 2 * i].revents != 0)
			pool_read(s);
	}
	return (0);
}

static struct slot *
pool_free_slot(struct pool *p)
{

	for (size_t i = 0; i < p->j; i++)
		if (p->slots[i].job == NULL)
			return (&p->slots[i]);
	return (NULL);
}

static size_t
pool_running(const struct pool *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->j; i++)
		n += p->slots[i].job != NULL;
	return (n);
}

/* Folders of areas in which nothing was kept; not while drills still make
 * theirs. */
static void
pool_tidy(const struct job *jobs, size_t n)
{

	for (size_t i = 0; i < n; i++) {
		char *dir = mem_strdup(jobs[i].out), *slash;

		if ((slash = strrchr(dir, '/')) != NULL && slash != dir) {
			*slash = '\0';
			(void)rmdir(dir);	/* goes only where empty */
		}
		free(dir);
	}
}

int
pool_run(const struct job *jobs, size_t n, int j, const struct run_opts *opts,
    void (*report)(void *, const struct result *),
    void (*begin)(void *, const struct job *), void *arg, struct err *e)
{
	struct pool *p = mem_alloc(sizeof(*p));
	size_t next = 0;
	sigset_t mask;
	int rc = 0;

	p->j = j < 1 ? 1 : j > POOL_MAX ? POOL_MAX : (size_t)j;
	p->opts = opts;
	p->report = report;
	p->begin = begin;
	p->arg = arg;
	proc_subreaper();
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &mask, &p->old_mask);
	p->signals = signalfd(-1, &mask, SFD_CLOEXEC);
	BUG_ON(p->signals < 0);
	while (rc == 0 && (next < n || pool_running(p) > 0)) {
		struct slot *s = pool_free_slot(p);

		if (s != NULL && next < n) {
			rc = pool_start(p, s, &jobs[next], e);
			next++;
		} else if ((rc = pool_turn(p)) > 0) {
			rc += 128;
		}
	}
	if (rc != 0) {
		pool_abort(p);
		/* One that came twice must not cut off the reports. */
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGTERM, SIG_IGN);
		(void)signal(SIGHUP, SIG_IGN);
	}
	pool_tidy(jobs, n);
	(void)close(p->signals);
	(void)sigprocmask(SIG_SETMASK, &p->old_mask, NULL);
	free(p);
	return (rc);
}
