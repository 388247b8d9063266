/* The table of commands. */
#include "harness/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "harness/bench/bench.h"

#define LITEDRILL_VERSION	"0.1"

static const struct cli_opt no_opts[] = { { .name = NULL } };

static int
cli_version_cmd(int argc, char **argv)
{

	(void)argc;
	(void)argv;
	(void)printf("litedrill %s\n", LITEDRILL_VERSION);
	return (0);
}

static int
cli_help_cmd(int argc, char **argv)
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
	{ "explore", "[SCENARIO|FOLDER|tag:NAME]…",
	    "Run a session, then lose the machine after every change of the "
	    "bucket and judge what comes back; without a word, tag:explore.",
	    cli_explore_opts, cli_explore_cmd },
	{ "merge", "REPORT…", "Join the explore.json of all parts (--shard) "
	    "of an exploration and judge them as one.", cli_merge_opts,
	    cli_merge_cmd },
	{ "known", "[FILE]", "Replay the histories of the findings that are "
	    "recorded (scenarios/70-explore/known); one that shows no more "
	    "is gone, which is a FAIL.", cli_known_opts, cli_known_cmd },
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
	    "bench --help` says more.", NULL, bench_main },
	{ "version", "", "Show the version.", no_opts, cli_version_cmd },
	{ "help", "[COMMAND]", "Show this, or a command's options.", no_opts,
	    cli_help_cmd },
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
