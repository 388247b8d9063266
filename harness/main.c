/* litedrill: fire drills for SQLite + Litestream on Google Cloud Storage. */
#include <stdio.h>
#include <string.h>

#include "harness/bench/bench.h"
#include "harness/cli/cli.h"
#include "harness/script/diag.h"

#define LITEDRILL_VERSION	"0.1"

static const struct cli_opt no_opts[] = { { .name = NULL } };

static int
main_bench_cmd(int argc, char **argv)
{

	return (bench_main(argc, argv));
}

static int
main_version_cmd(int argc, char **argv)
{

	(void)argc;
	(void)argv;
	(void)printf("litedrill %s\n", LITEDRILL_VERSION);
	return (0);
}

static int
main_help_cmd(int argc, char **argv)
{
	const struct cli_cmd *c = argc > 1 ? cli_cmd_find(argv[1]) : NULL;

	if (argc > 1 && c == NULL)
		return (cli_error("no command '%s'", argv[1]));
	cli_help(c);
	return (0);
}

const struct cli_cmd cli_cmds[] = {
	{ "run", "[SCENARIO|FOLDER|tag:NAME]…",
	    "Run drills; without a word, all of scenarios/.", cli_run_opts,
	    cli_run_cmd },
	{ "check", "[FILE|FOLDER]…",
	    "Find every mistake in scenarios; nothing is run.",
	    cli_check_opts, cli_check_cmd },
	{ "list", "[SCENARIO|FOLDER|tag:NAME]…",
	    "Show scenarios with their tags and titles.", cli_list_opts,
	    cli_list_cmd },
	{ "steps", "", "Show the language: steps, probes, faults, workloads, "
	    "conditions, variables.", cli_steps_opts, cli_steps_cmd },
	{ "doctor", "", "Show what is here, what is missing, and the command "
	    "that installs it.", cli_doctor_opts, cli_doctor_cmd },
	{ "bench", "[NAME]…", "Measure replication and restore; `litedrill "
	    "bench --help` says more.", NULL, main_bench_cmd },
	{ "version", "", "Show the version.", no_opts, main_version_cmd },
	{ "help", "[COMMAND]", "Show this, or a command's options.", no_opts,
	    main_help_cmd },
	{ .name = NULL }
};

const struct cli_cmd *
cli_cmd_find(const char *name)
{

	for (const struct cli_cmd *c = cli_cmds; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return (c);
	return (NULL);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help", *names[16];
	const struct cli_cmd *c;
	struct buf b;
	size_t n = 0;

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0)
		name = "version";
	else if (strcmp(name, "completion") == 0)
		return (cli_complete_cmd(argc - 1, argv + 1));
	c = cli_cmd_find(name);
	if (c != NULL)
		return (argc > 1 ? c->fn(argc - 1, argv + 1) :
		    (c->fn(argc, argv), 2));
	for (c = cli_cmds; c->name != NULL; c++)
		names[n++] = c->name;
	buf_init(&b, 4096);
	diag_unknown_text(&b, "command", name, names, n);
	(void)cli_error("%s", b.p);
	buf_release(&b);
	return (2);
}
