/* The machine and what runs on it: replace, install, start, stop, kill. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/machine/machine.h"
#include "harness/replicator/replicators.h"
#include "harness/script/steps.h"
#include "harness/workload/load.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define STEP_CONFIG	"litestream.yml"
#define STEP_APP	"app.py"
#define STEP_ENTRYPOINT	"docker_entrypoint.sh"

static enum verdict
step_err(struct run *r, struct err *e)
{
	enum verdict v = run_error(r, "%s", err_msg(e));

	err_release(e);
	return (v);
}

enum verdict
step_machine_fn(struct run *r, const struct line *l)
{
	struct err e = ERR_INIT;

	(void)l;		/* `replace` is the only action there is */
	if (machine_replace(r->machine, &e) != 0)
		return (step_err(r, &e));
	/* What came back was on the old one: nobody may ask of it now. */
	memset(&r->restored, 0, sizeof(r->restored));
	return (VERDICT_PASS);
}

/* NAME as a path of the machine: from /app where it is relative. */
static const char *
step_machine_path(struct run *r, const char *name)
{

	if (name[0] == '/')
		return (name);
	return (arena_printf(&r->arena, "/app/%s",
	    str_starts(name, "./") ? name + 2 : name));
}

/* A file of the deployment's folder; Litestream's configuration is another
 * one for each family of releases. */
static int
step_install(struct run *r, const char *name, const char *from, struct err *e)
{
	const char *base = strrchr(name, '/');
	const char *file;
	struct stat st;

	if (from == NULL)
		from = base != NULL ? base + 1 : name;
	if (strcmp(from, STEP_CONFIG) == 0)
		from = r->rel->rep->config;
	file = arena_printf(&r->arena, "%s/%s", r->opts->fixtures, from);
	if (stat(file, &st) != 0 || !S_ISREG(st.st_mode))
		return (err_set(e, "%s is no file of the deployment's folder "
		    "%s", from, r->opts->fixtures));
	return (machine_install(r->machine, step_machine_path(r, name), file,
	    st.st_mode & 0111 ? 0755 : 0644, e));
}

enum verdict
step_install_fn(struct run *r, const struct line *l)
{
	struct err e = ERR_INIT;

	(void)l;
	if (step_install(r, step_str(r, "name"), step_str(r, "from"), &e) != 0)
		return (step_err(r, &e));
	return (VERDICT_PASS);
}

/* Installed, unless the scenario has put a file of its own there. */
static int
step_need_file(struct run *r, const char *name, struct err *e)
{
	const char *path = step_machine_path(r, name);

	if (file_exists(machine_host_path(r->machine, path)))
		return (0);
	return (step_install(r, name, NULL, e));
}

/* argv of a name without a command: what a deployment runs under it. */
static int
step_known(struct run *r, const char *name, const char *argv[6],
    struct err *e)
{
	const char *config = step_has(r, "config") ? step_str(r, "config") :
	    STEP_CONFIG;
	const char *at = machine_path(r->machine,
	    step_machine_path(r, config));
	size_t n = 0;

	if (strcmp(name, "replicator") == 0) {
		if (step_need_file(r, config, e) != 0)
			return (-1);
		argv[n++] = "litestream";
		argv[n++] = "replicate";
		argv[n++] = "-config";
		argv[n++] = at;
	} else if (strcmp(name, "application") == 0) {
		if (step_need_file(r, STEP_APP, e) != 0)
			return (-1);
		argv[n++] = "python3";
		argv[n++] = machine_path(r->machine, "/app/" STEP_APP);
	} else if (strcmp(name, "deployment") == 0) {
		if (step_need_file(r, STEP_ENTRYPOINT, e) != 0 ||
		    step_need_file(r, STEP_APP, e) != 0 ||
		    step_need_file(r, config, e) != 0)
			return (-1);
		if (strcmp(config, STEP_CONFIG) != 0)
			machine_env(r->machine, "LITESTREAM_CONFIG", at);
		argv[n++] = machine_path(r->machine, "/app/" STEP_ENTRYPOINT);
	} else {
		return (err_set(e, "start %s: of which command? Only "
		    "replicator, application and deployment have one by "
		    "themselves", name));
	}
	argv[n] = NULL;
	return (0);
}

enum verdict
step_start_fn(struct run *r, const struct line *l)
{
	const char *name = step_str(r, "name"), *known[6];
	struct err e = ERR_INIT;
	size_t n;
	char **argv = step_rest(r, "command", &n);

	(void)l;
	for (size_t i = 0; i < n; i++)
		if (!machine_can_use(r->machine, argv[i]))
			return (run_skip(r, "%s is a path of production's, "
			    "which needs a root view (bubblewrap)", argv[i]));
	if (strcmp(name, "deployment") == 0 &&
	    !machine_has_root_view(r->machine))
		return (run_skip(r, "the deployment's own paths need a root "
		    "view (bubblewrap)"));
	if (n == 0) {
		if (step_known(r, name, known, &e) != 0)
			return (step_err(r, &e));
		argv = (char **)(uintptr_t)known;
	}
	if (machine_start(r->machine, name, argv, &e) == NULL)
		return (step_err(r, &e));
	return (VERDICT_PASS);
}

/* Ask all to end, then wait for all: they end beside each other. */
enum verdict
step_stop_fn(struct run *r, const struct line *l)
{
	int64_t within = step_num(r, "within");
	int64_t end = clock_mono_us() + within;
	struct err e = ERR_INIT;
	size_t n;
	char **names = step_rest(r, "name", &n);
	pid_t *pids = arena_alloc(&r->arena, (n + 1) * sizeof(*pids));

	(void)l;
	for (size_t i = 0; i < n; i++) {
		enum verdict v;

		if (load_alive(r, names[i]) >= 0) {
			if ((v = load_stop(r, names[i])) != VERDICT_PASS)
				return (v);
			continue;
		}
		pids[i] = machine_pid(r->machine, names[i]);
		if (pids[i] < 0)
			return (run_fail(r, "%s does not run", names[i]));
		if (machine_kill(r->machine, names[i],
		    (int)step_num(r, "signal"), &e) != 0)
			return (step_err(r, &e));
	}
	for (size_t i = 0; i < n; i++) {
		int64_t left = end - clock_mono_us();
		struct proc *p = machine_proc(r->machine, names[i]);

		if (pids[i] == 0)
			continue;
		if (!machine_wait(r->machine, names[i], pids[i],
		    left > 0 ? left : 0))
			return (run_fail(r, "%s did not end within %.1fs",
			    names[i], (double)within / 1e6));
		if (p != NULL) {
			r->exec_status = r->stop_status = proc_status(p);
			r->stop_any = true;
			r->exec_out = r->exec_err = "";
			r->exec_any = true;
		}
	}
	return (VERDICT_PASS);
}

enum verdict
step_kill_fn(struct run *r, const struct line *l)
{
	struct err e = ERR_INIT;
	size_t n;
	char **names = step_rest(r, "name", &n);

	(void)l;
	/* The drill wants it dead; that it was so already is what the drill
	 * has to say something about. */
	for (size_t i = 0; i < n; i++)
		if (machine_pid(r->machine, names[i]) < 0)
			return (run_fail(r, "%s does not run", names[i]));
	if (machine_kill_all(r->machine, names, n,
	    (int)step_num(r, "signal"), &e) != 0)
		return (step_err(r, &e));
	return (VERDICT_PASS);
}
