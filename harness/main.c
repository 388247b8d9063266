/* litedrill: fire drills for SQLite + Litestream on Google Cloud Storage. */
#include <stdio.h>
#include <string.h>

#include "harness/cli/cli.h"
#include "harness/script/diag.h"

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
