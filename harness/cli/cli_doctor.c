/* doctor: what is here, what is missing, and what installs it. */
#include "harness/cli/cli.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/machine/machine.h"
#include "harness/replicator/replicators.h"
#include "harness/run/isolate.h"
#include "harness/run/proc.h"
#include "harness/script/needs.h"
#include "lib/file.h"
#include "lib/str.h"

#define CLI_ASK_US	(30 * INT64_C(1000000))

const struct cli_opt cli_doctor_opts[] = {
	{ "tools", 0, "DIR", "where litestream-VERSION is" },
	{ .name = NULL }
};

static int
cli_doctor_opt(void *arg, const struct cli_opt *o, const char *value)
{

	(void)o;		/* there is but one */
	*(const char **)arg = value;
	return (0);
}

static void
cli_doctor_line(const char *name, const char *state, const char *more)
{

	(void)printf("%-20s %-8s %s\n", name, state, more);
}

/* The first line of what the program says of its version. */
static const char *
cli_doctor_version(struct arena *a, const char *program, const char *ask)
{
	const char *path = getenv("PATH"), *home = getenv("HOME");
	const char *argv[] = { program, ask, NULL };
	const char *envp[] = {
		arena_printf(a, "PATH=%s", path != NULL ? path :
		    "/usr/local/bin:/usr/bin:/bin"),
		arena_printf(a, "HOME=%s", home != NULL ? home : "/"), NULL
	};
	struct proc_opts o = {
		.argv = (char *const *)(uintptr_t)argv,
		.envp = (char *const *)(uintptr_t)envp,
	};
	const char *out = "", *err = "", *s;
	bool late;

	if (proc_run(&o, CLI_ASK_US, a, &out, &err, &late, NULL) < 0 || late)
		return ("(does not tell its version)");
	s = *out != '\0' ? out : err;
	return (arena_strndup(a, s, strcspn(s, "\n")));
}

/* True: here, or nothing that the harness itself wants. */
static bool
cli_doctor_need(struct arena *a, const struct need *n)
{
	bool here = need_here(n);

	if (!here)
		cli_doctor_line(n->name, "missing", arena_printf(a,
		    "%s; install: %s", n->doc, n->install));
	else if (n->program != NULL)
		cli_doctor_line(n->name, "found", cli_doctor_version(a,
		    n->program, n->version));
	else
		cli_doctor_line(n->name, "allowed", n->doc);
	return (here || !n->wanted);
}

/* Every litestream-VERSION of the tools folder; the two pinned ones must be
 * there. */
static bool
cli_doctor_releases(struct arena *a, const char *tools)
{
	static const char *const pinned[] = { "0.3.13", "0.5.17" };
	struct dirent **names;
	struct err e = ERR_INIT;
	bool all = true;
	int n = tools != NULL ? scandir(tools, &names, NULL, alphasort) : -1;

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		struct release rel;

		if (str_starts(name, "litestream-")) {
			if (release_find(a, tools, name + 11, &rel, &e) == 0)
				cli_doctor_line("litestream", "found",
				    arena_printf(a, "%s (%s)", rel.version,
				    rel.path));
			else
				cli_doctor_line("litestream", "broken",
				    err_msg(&e));
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	for (size_t i = 0; i < NELEMS(pinned); i++)
		if (tools == NULL || !file_exists(arena_printf(a,
		    "%s/litestream-%s", tools, pinned[i]))) {
			cli_doctor_line("litestream", "missing",
			    arena_printf(a, "%s; install: ci/setup",
			    pinned[i]));
			all = false;
		}
	err_release(&e);
	return (all);
}

/* Tried in a child, since it cannot be undone. */
static void
cli_doctor_network(void)
{
	pid_t pid;
	int st = 0;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;

		if (isolate_network(&e) == 1)
			_exit(0);
		cli_doctor_line("private network", "no", err_msg(&e));
		(void)fflush(stdout);
		_exit(1);
	}
	if (pid > 0 && waitpid(pid, &st, 0) == pid && st == 0)
		cli_doctor_line("private network", "yes", "a drill cannot "
		    "reach a real cloud, nor collide on ports");
}

static void
cli_doctor_root_view(void)
{
	const char *why = "";
	bool yes = machine_root_view_allowed(&why);

	cli_doctor_line("private root view", yes ? "yes" : "no", yes ?
	    "paths on the machine are those of production" : why);
}

int
cli_doctor_cmd(int argc, char **argv)
{
	const char **words = mem_alloc((size_t)argc * sizeof(*words));
	struct arena a = ARENA_INIT;
	const char *tools = NULL, *emulator;
	bool ok = true;
	size_t n;

	if (cli_parse(cli_cmd_find("doctor"), argc, argv, cli_doctor_opt,
	    &tools, words, &n) != 0) {
		free(words);
		return (2);
	}
	free(words);
	if (tools == NULL)
		tools = cli_tools(&a);
	emulator = cli_emulator(&a);
	cli_doctor_line("gcs-emulator", emulator != NULL ? "found" :
	    "missing", emulator != NULL ? emulator : "install: make");
	ok = cli_doctor_releases(&a, tools) && emulator != NULL;
	for (const struct need *p = needs; p->name != NULL; p++)
		if (!p->versioned)
			ok = cli_doctor_need(&a, p) && ok;
	cli_doctor_network();
	cli_doctor_root_view();
	(void)printf("%s\n", ok ? "all that drills cannot do without is here" :
	    "something that drills cannot do without is missing: run "
	    "ci/setup");
	arena_release(&a);
	return (ok ? 0 : 2);
}
