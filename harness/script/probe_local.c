#include "harness/script/probes_int.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/machine/machine.h"
#include "harness/workload/ledger.h"
#include "harness/workload/load.h"
#include "lib/file.h"
#include "lib/str.h"

#define PROBE_LOOK_MS	10

/* ---- ledger ---- */

static bool
probe_ledger(struct run *r, const struct ledger_entry **head)
{
	struct err e = ERR_INIT;

	*head = NULL;
	if (r->ledger == NULL)
		return (probe_error(r, "there is no ledger"));
	if (ledger_refresh(r->ledger, &e) != 0)
		return (probe_err(r, &e));
	*head = ledger_head(r->ledger);
	return (true);
}

bool
probe_ledger_rows_probe(struct run *r, const char *arg, struct value *v)
{
	const struct ledger_entry *head;

	(void)arg;
	if (!probe_ledger(r, &head))
		return (false);
	v->n = ledger_rows(r->ledger);
	return (true);
}

bool
probe_ledger_head_probe(struct run *r, const char *arg, struct value *v)
{
	const struct ledger_entry *head;

	(void)arg;
	if (!probe_ledger(r, &head))
		return (false);
	v->n = head != NULL ? head->seq : 0;
	return (true);
}

bool
probe_ledger_hash_probe(struct run *r, const char *arg, struct value *v)
{
	const struct ledger_entry *head;

	(void)arg;
	if (!probe_ledger(r, &head))
		return (false);
	if (head == NULL)
		return (probe_unknown(r, v, "the ledger is empty"));
	v->s = arena_strdup(&r->arena, head->hash);
	return (true);
}

bool
probe_ledger_epoch_probe(struct run *r, const char *arg, struct value *v)
{
	const struct ledger_entry *head;

	(void)arg;
	if (!probe_ledger(r, &head))
		return (false);
	v->n = ledger_epoch(r->ledger);
	return (true);
}

/* ---- commands and processes ---- */

bool
probe_exec_status_probe(struct run *r, const char *arg, struct value *v)
{

	(void)arg;
	if (!r->exec_any)
		return (probe_error(r, "no exec, shell or stop line has been "
		    "run"));
	v->n = r->exec_status;
	return (true);
}

bool
probe_process_probe(struct run *r, const char *arg, struct value *v)
{

	v->s = machine_pid(r->machine, arg) >= 0 ? "running" : "gone";
	return (true);
}

bool
probe_process_status_probe(struct run *r, const char *arg, struct value *v)
{
	struct proc *p = machine_proc(r->machine, arg);

	if (p == NULL)
		return (probe_error(r, "no process was started as '%s'",
		    arg));
	if (proc_alive(p))
		return (probe_unknown(r, v, "'%s' is still running", arg));
	v->n = proc_status(p);
	return (true);
}

/* What was promised is a backup of all that was committed, or word of it. */
bool
probe_honest_probe(struct run *r, const char *arg, struct value *v)
{
	const struct restored *x = &r->restored;
	bool told;

	(void)arg;
	if (!x->done && x->status == 0)
		return (probe_error(r, "no restore has been run"));
	if (!r->stop_any)
		return (probe_error(r, "no process has been stopped"));
	/* One that is ended by the signal which asks for an orderly end looks
	 * to a supervisor as one that ended well. */
	told = r->stop_status != 0 && r->stop_status != 128 + SIGTERM &&
	    r->stop_status != 128 + SIGINT;
	v->n = told ||
	    (x->done && x->whole && x->prefix && x->lost == 0);
	return (true);
}

/* Until it ends; of one that does not run yet nothing tells. */
bool
probe_process_wait(struct run *r, const char *arg, const struct value *last,
    int64_t timeout_us)
{
	struct proc *p = machine_proc(r->machine, arg);
	pid_t pid = p != NULL ? proc_pid(p) : machine_pid(r->machine, arg);
	struct pollfd pfd = { .fd = -1, .events = POLLIN };
	int ms = (int)(timeout_us / 1000 + 1);

	(void)last;
	if (pid > 0 && machine_pid(r->machine, arg) >= 0)
		pfd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pfd.fd < 0 && ms > PROBE_LOOK_MS)
		ms = PROBE_LOOK_MS;
	(void)poll(&pfd, 1, ms);
	if (pfd.fd >= 0)
		(void)close(pfd.fd);
	return (true);
}

bool
probe_load_probe(struct run *r, const char *arg, struct value *v)
{
	int alive = load_alive(r, arg);

	if (alive < 0)
		return (probe_error(r, "no load was started as '%s'", arg));
	v->s = alive ? "running" : "done";
	return (true);
}

/* ---- files ---- */

bool
probe_file_probe(struct run *r, const char *arg, struct value *v)
{

	v->n = file_exists(machine_host_path(r->machine, arg));
	return (true);
}

bool
probe_file_size_probe(struct run *r, const char *arg, struct value *v)
{

	v->n = file_size(machine_host_path(r->machine, arg));
	if (v->n < 0)
		return (probe_unknown(r, v, "there is no file %s", arg));
	return (true);
}

static int64_t
probe_litter_in(struct run *r, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *ent;
	int64_t n = 0;

	while (d != NULL && (ent = readdir(d)) != NULL)
		if (str_ends(ent->d_name, ".tmp") ||
		    str_ends(ent->d_name, ".tmp-wal") ||
		    str_ends(ent->d_name, ".tmp-shm")) {
			run_log(r, "run", "litter: %s/%s", dir, ent->d_name);
			n++;
		}
	if (d != NULL)
		(void)closedir(d);
	return (n);
}

/* Beside the database, and beside what was restored elsewhere. */
bool
probe_litter_probe(struct run *r, const char *arg, struct value *v)
{
	const char *db = machine_getenv(r->machine, "DB_PATH");
	const char *paths[] = {
		machine_host_path(r->machine, db != NULL ? db :
		    "/data/app.db"), r->restored.path
	};
	char *dirs[NELEMS(paths)] = { NULL };

	(void)arg;
	for (size_t i = 0; i < NELEMS(paths); i++) {
		const char *slash = paths[i] == NULL ? NULL :
		    strrchr(paths[i], '/');

		if (slash == NULL)
			continue;
		dirs[i] = arena_strndup(&r->arena, paths[i],
		    (size_t)(slash - paths[i]));
		if (i == 0 || dirs[0] == NULL || strcmp(dirs[0], dirs[i]) != 0)
			v->n += probe_litter_in(r, dirs[i]);
	}
	return (true);
}
