/* Descendants: found in /proc, stopped, killed, reaped.  A tree that forks
 * while it is being killed is stopped first: a stopped process forks no more,
 * so that one more look finds all there are. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/run/proc.h"
#include "lib/clock.h"
#include "lib/file.h"

#define PROC_MAX	4096	/* processes of one tree */
#define PROC_DEATH_US	INT64_C(10000000)

struct proc_link {
	pid_t	pid, ppid;
};

/* Parent of a process, and whether it is dead but not reaped; -1: gone.  The
 * name in parentheses may hold anything, so the last `)` counts. */
static pid_t
proc_parent(pid_t pid, bool *zombie)
{
	char *path = mem_printf("/proc/%ld/stat", (long)pid);
	pid_t ppid = -1;
	struct buf b;
	char *s;

	buf_init(&b, 65536);
	if (file_read(path, &b, NULL) == 0 &&
	    (s = strrchr(b.p, ')')) != NULL && strlen(s) > 4) {
		if (zombie != NULL)
			*zombie = s[2] == 'Z' || s[2] == 'X';
		ppid = (pid_t)strtol(s + 4, NULL, 10);
	}
	buf_release(&b);
	free(path);
	return (ppid);
}

/* All processes that live; heap, *n of them. */
static struct proc_link *
proc_all(size_t *n)
{
	struct proc_link *all = NULL;
	struct dirent *d;
	DIR *dir = opendir("/proc");
	size_t room = 0;

	*n = 0;
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		pid_t pid = (pid_t)strtol(d->d_name, NULL, 10), ppid;
		bool zombie = false;

		if (pid <= 0 || (ppid = proc_parent(pid, &zombie)) < 0)
			continue;
		/* A dead one still links its children to us. */
		if (*n == room) {
			room = room > 0 ? room * 2 : 256;
			all = mem_realloc(all, room * sizeof(*all));
		}
		all[(*n)++] = (struct proc_link){ pid, ppid };
	}
	if (dir != NULL)
		(void)closedir(dir);
	return (all);
}

size_t
proc_descendants(pid_t pid, pid_t *dst, size_t max)
{
	struct proc_link *all;
	size_t n, found = 0;

	all = proc_all(&n);
	/* Breadth first: dst is its own queue. */
	for (size_t head = 0; head <= found; head++) {
		pid_t of = head == 0 ? pid : dst[head - 1];

		for (size_t i = 0; i < n && found < max; i++)
			if (all[i].ppid == of && all[i].pid != pid)
				dst[found++] = all[i].pid;
	}
	free(all);
	return (found);
}

bool
proc_runs(pid_t pid, const char *exe)
{
	char *path = mem_printf("/proc/%ld/exe", (long)pid);
	struct stat a, b;
	bool same;

	same = stat(path, &a) == 0 && stat(exe, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	free(path);
	return (same);
}

void
proc_subreaper(void)
{

	BUG_ON(prctl(PR_SET_CHILD_SUBREAPER, 1) != 0);
}

/* Those of pids[] that are dead and whose parent is this process. */
static void
proc_reap(const pid_t *pids, size_t n)
{

	for (size_t i = 0; i < n; i++) {
		bool zombie = false;

		/* First all deaths: a dying parent hands its children over
		 * before its own death can be seen. */
		if (proc_wait_pid(pids[i], PROC_DEATH_US) &&
		    proc_parent(pids[i], &zombie) == getpid() && zombie)
			(void)waitpid(pids[i], NULL, WNOHANG);
	}
	for (size_t i = n; i-- > 0;) {
		bool zombie = false;

		if (proc_parent(pids[i], &zombie) == getpid() && zombie)
			(void)waitpid(pids[i], NULL, WNOHANG);
	}
}

/* ---- stopping ---- */

/* Are all its threads stopped, or is it dead? */
static bool
proc_is_stopped(pid_t pid)
{
	char *path = mem_printf("/proc/%ld/task", (long)pid);
	DIR *dir = opendir(path);
	struct dirent *d;
	bool stopped = true;
	struct buf b;

	buf_init(&b, 65536);
	while (stopped && dir != NULL && (d = readdir(dir)) != NULL) {
		char *file, *s;

		if (d->d_name[0] == '.')
			continue;
		file = mem_printf("%s/%s/stat", path, d->d_name);
		buf_reset(&b);
		if (file_read(file, &b, NULL) == 0 &&
		    (s = strrchr(b.p, ')')) != NULL && s[1] == ' ')
			stopped = strchr("TtZX", s[2]) != NULL;
		free(file);
	}
	if (dir != NULL)
		(void)closedir(dir);
	buf_release(&b);
	free(path);
	return (stopped);
}

/* Those below pid, but for `spare` and what is below it; how many. */
static size_t
proc_below(pid_t pid, pid_t spare, pid_t *dst, size_t max)
{
	pid_t *spared = mem_alloc(PROC_MAX * sizeof(*spared));
	size_t n = proc_descendants(pid, dst, max), kept = 0;
	size_t nspared = proc_descendants(spare, spared, PROC_MAX - 1);

	spared[nspared++] = spare;
	for (size_t i = 0; i < n; i++) {
		bool is = false;

		for (size_t k = 0; k < nspared; k++)
			is = is || dst[i] == spared[k];
		if (!is)
			dst[kept++] = dst[i];
	}
	free(spared);
	return (kept);
}

int
proc_stop_below(pid_t spare, pid_t **pids, size_t *n, struct err *e)
{
	int64_t end = clock_mono_us() + PROC_DEATH_US;
	size_t was;

	*pids = mem_alloc(PROC_MAX * sizeof(**pids));
	*n = 0;
	/* One that is stopped starts no other. */
	do {
		was = *n;
		*n = proc_below(getpid(), spare, *pids, PROC_MAX);
		for (size_t i = 0; i < *n; i++)
			(void)kill((*pids)[i], SIGSTOP);
	} while (*n > was);
	/* Of another's children only /proc tells. */
	for (size_t i = 0; i < *n; i++)
		while (!proc_is_stopped((*pids)[i])) {
			if (clock_mono_us() > end) {
				err_set(e, "process %ld does not stop",
				    (long)(*pids)[i]);
				proc_continue(*pids, *n);
				return (-1);
			}
			(void)poll(NULL, 0, 1);
		}
	return (0);
}

void
proc_continue(pid_t *pids, size_t n)
{

	for (size_t i = 0; i < n; i++)
		(void)kill(pids[i], SIGCONT);
	free(pids);
}

void
proc_kill_tree(pid_t pid, bool only_below)
{
	pid_t *pids = mem_alloc((PROC_MAX + 1) * sizeof(*pids));
	size_t n = 0, was;

	if (!only_below)
		(void)kill(pid, SIGSTOP);
	do {
		was = n;
		n = proc_descendants(pid, pids, PROC_MAX);
		for (size_t i = 0; i < n; i++)
			(void)kill(pids[i], SIGSTOP);
	} while (n > was);
	if (!only_below)
		pids[n++] = pid;
	for (size_t i = 0; i < n; i++)
		(void)kill(pids[i], SIGKILL);
	proc_reap(pids, n);
	free(pids);
}

void
proc_kill_orphans(const pid_t *spare, size_t nspare)
{
	struct proc_link *all;
	size_t n;

	all = proc_all(&n);
	for (size_t i = 0; i < n; i++) {
		bool mine = all[i].ppid == getpid();

		for (size_t k = 0; k < nspare; k++)
			mine = mine && all[i].pid != spare[k];
		if (mine)
			proc_kill_tree(all[i].pid, false);
	}
	free(all);
}

void
proc_kill_matching(bool (*match)(pid_t, void *), void *arg)
{
	pid_t *pids = mem_alloc(PROC_MAX * sizeof(*pids));
	size_t n, hits;

	do {
		n = proc_descendants(getpid(), pids, PROC_MAX);
		hits = 0;
		for (size_t i = 0; i < n; i++) {
			bool zombie = true;

			if (proc_parent(pids[i], &zombie) < 0 || zombie ||
			    !match(pids[i], arg))
				continue;
			(void)kill(pids[i], SIGKILL);
			pids[hits++] = pids[i];
		}
		/* Those that others wait for by name stay theirs to reap. */
		for (size_t i = 0; i < hits; i++)
			(void)proc_wait_pid(pids[i], PROC_DEATH_US);
	} while (hits > 0);
	free(pids);
}
