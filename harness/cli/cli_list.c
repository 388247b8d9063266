/* check and list: what needs no release and runs nothing. */
#include "harness/cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "harness/run/emu.h"

const struct cli_opt cli_check_opts[] = {
	{ "emulator", 0, "PATH", "whose faults and method ids are known; by "
	    "default the one beside this program" },
	{ .name = NULL }
};
const struct cli_opt cli_list_opts[] = {
	{ "emulator", 0, "PATH", "as for check" },
	{ .name = NULL }
};

static int
cli_list_opt(void *arg, const struct cli_opt *o, const char *value)
{

	(void)o;		/* there is but one */
	*(const char **)arg = value;
	return (0);
}

/* Picks and parses; -1 after messages. */
static int
cli_list_load(const char *cmd, int argc, char **argv, struct cli_picks *p)
{
	const char **words = mem_alloc((size_t)argc * sizeof(*words));
	const char *emulator = NULL;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	json_t *describe = NULL;
	size_t n;
	int rc = cli_parse(cli_cmd_find(cmd), argc, argv, cli_list_opt,
	    &emulator, words, &n);

	if (rc == 0 && emulator == NULL &&
	    (emulator = cli_emulator(&a)) == NULL) {
		(void)cli_error("there is no gcs-emulator beside this "
		    "program, whose faults are to be checked: run make, or "
		    "give --emulator PATH");
		rc = -1;
	}
	if (rc == 0)
		rc = cli_pick(p, words, n);
	if (rc == 0 && (describe = emu_describe(emulator, &e)) == NULL) {
		(void)cli_error("%s", err_msg(&e));
		rc = -1;
	}
	if (rc == 0 && cli_load(p, describe) != 0)
		rc = -1;
	json_decref(describe);
	err_release(&e);
	arena_release(&a);
	free(words);
	return (rc);
}

int
cli_check_cmd(int argc, char **argv)
{
	struct cli_picks p = { .n = 0 };
	int rc = cli_list_load("check", argc, argv, &p) == 0 ? 0 : 2;

	if (rc == 0)
		(void)printf("%zu scenario%s without a mistake\n", p.n,
		    p.n == 1 ? "" : "s");
	cli_picks_release(&p);
	return (rc);
}

int
cli_list_cmd(int argc, char **argv)
{
	struct cli_picks p = { .n = 0 };
	int rc = cli_list_load("list", argc, argv, &p) == 0 ? 0 : 2;

	for (size_t i = 0; rc == 0 && i < p.n; i++) {
		const struct scenario *sc = p.v[i].sc;

		(void)printf("%-36s %s  [%.*s]\n", sc->name, sc->title,
		    (int)(strlen(sc->tags) > 2 ? strlen(sc->tags) - 2 : 0),
		    sc->tags + 1);
	}
	cli_picks_release(&p);
	return (rc);
}
