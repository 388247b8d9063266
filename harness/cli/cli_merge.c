/* `litedrill merge`: the parts of an exploration as one. */
#include <stdio.h>
#include <stdlib.h>

#include "harness/cli/cli.h"
#include "harness/explore/merge.h"
#include "lib/file.h"
#include "lib/mem.h"

#define MERGE_OUT	(64 << 20)

const struct cli_opt cli_merge_opts[] = {
	{ "known", 0, "FILE", "findings that are known "
	    "(scenarios/70-explore/known)" },
	{ .name = NULL }
};

static int
cli_merge_opt(void *arg, const struct cli_opt *o, const char *value)
{
	const char **known = arg;

	(void)o;
	*known = value;
	return (0);
}

int
cli_merge_cmd(int argc, char **argv)
{
	const char **files = mem_alloc((size_t)(argc + 1) * sizeof(*files));
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	const char *known = NULL;
	struct buf out;
	size_t n;
	int rc = 2, fresh;

	buf_init(&out, MERGE_OUT);
	if (cli_parse(cli_cmd_find("merge"), argc, argv, cli_merge_opt,
	    &known, files, &n) != 0)
		goto done;
	if (n == 0) {
		(void)cli_error("merge: which reports? Name the explore.json "
		    "of each part");
		goto done;
	}
	if (known == NULL)
		known = cli_known(&a);
	fresh = merge_reports(files, n, known, &out, &e);
	if (fresh < 0)
		(void)cli_error("merge: %s", err_msg(&e));
	else
		(void)fputs(out.len > 0 ? out.p : "", stdout);
	rc = fresh < 0 ? 2 : fresh > 0;
done:
	buf_release(&out);
	err_release(&e);
	arena_release(&a);
	free(files);
	return (rc);
}
