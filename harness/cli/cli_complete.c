/* `litedrill completion`: a completion for bash, from the tables. */
#include "harness/cli/cli.h"

#include "harness/script/script.h"

static void
cli_complete_opts(const struct cli_cmd *c)
{

	(void)printf("    %s) words='--help", c->name);
	for (const struct cli_opt *o = c->opts; o != NULL && o->name != NULL;
	    o++)
		(void)printf(" --%s", o->name);
	(void)puts("' ;;");
}

int
cli_complete_cmd(int argc, char **argv)
{

	(void)argc;
	(void)argv;
	(void)puts("# litedrill completion for bash; made from the program's "
	    "tables by\n# `litedrill completion`.\n"
	    "_litedrill() {\n"
	    "    local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
	    "    COMPREPLY=()\n"
	    "    if [ \"$COMP_CWORD\" = 1 ]; then");
	(void)fputs("        words='", stdout);
	for (const struct cli_cmd *c = cli_cmds; c->name != NULL; c++)
		(void)printf("%s%s", c == cli_cmds ? "" : " ", c->name);
	(void)puts("'\n"
	    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
	    "\"$cur\")\n"
	    "        return\n"
	    "    fi\n"
	    "    case ${COMP_WORDS[1]} in");
	for (const struct cli_cmd *c = cli_cmds; c->name != NULL; c++)
		cli_complete_opts(c);
	(void)puts("    esac\n"
	    "    if [[ $cur == -* ]]; then\n"
	    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
	    "\"$cur\")\n"
	    "    else\n"
	    "        mapfile -t COMPREPLY < <(compgen -f -X '!*.scn' -- "
	    "\"$cur\"; compgen -d -- \"$cur\")\n"
	    "    fi\n"
	    "}\n"
	    "complete -o filenames -F _litedrill litedrill");
	return (0);
}
