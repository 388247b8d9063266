/* harness/cli/cli.h: the command line: commands and options from tables, so
 * that help, completion and the manual cannot say something else than the
 * parser does.  Knows words; what they start is in one cli_*.c a command. */
#ifndef HARNESS_CLI_H
#define HARNESS_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/script/script.h"
#include "lib/arena.h"
#include "lib/err.h"

struct cli_opt {
	const char *name;	/* "litestream": --litestream */
	char	letter;		/* 'j': -j, or 0 */
	const char *arg;	/* "VERSION|PATH"; NULL: takes none */
	const char *doc;
};

struct cli_cmd {
	const char *name;
	const char *usage;	/* its arguments, without options */
	const char *doc;
	const struct cli_opt *opts;	/* ends with name == NULL */
	int	(*fn)(int argc, char **argv);	/* argv[0] is the command */
};

extern const struct cli_cmd cli_cmds[];		/* ends with name == NULL */
const struct cli_cmd	*cli_cmd_find(const char *name);

/* Walk over argv by the table: found() gets each option's value (NULL where
 * it takes none) and -1 stops; other words go to *words (argv's, order kept),
 * all of them behind `--`.  -1 after the message has been printed. */
int	cli_parse(const struct cli_cmd *, int argc, char **argv,
    int (*found)(void *, const struct cli_opt *, const char *), void *arg,
    const char **words, size_t *nwords);
/* `litedrill: error: …` on stderr; returns 2. */
int	cli_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void	cli_help(const struct cli_cmd *);	/* NULL: of the program */

/* Where things are: beside the program (build/), above it (a checkout), below
 * ../share/litedrill (installed), or here; NULL where there is none. */
const char	*cli_find(struct arena *, const char *const *names, size_t n);
const char	*cli_emulator(struct arena *);
const char	*cli_tools(struct arena *);	/* LITEDRILL_TOOLS first */
const char	*cli_scenarios(struct arena *);
const char	*cli_deployment(struct arena *);
/* The file of what `explore` is known to find; NULL: there is none. */
const char	*cli_known(struct arena *);

/* ---- which scenarios (cli_select.c) ---- */
struct cli_pick {
	const char *file;
	const char *release;	/* of `ID@RELEASE`, or NULL: all */
	struct scenario *sc;	/* cli_load() */
};
struct cli_picks {
	struct arena arena;
	struct cli_pick *v;
	size_t	n, room;
	const char **tags;
	size_t	ntags;
};
/* words: files, folders, ids (40-crash/held-upload, with @RELEASE), areas,
 * tag:NAME; none: all of scenarios/.  -1 after messages. */
int	cli_pick(struct cli_picks *, const char *const *words, size_t n);
/* Parse all; those without one of the tags go.  How many errors there were,
 * each printed. */
int	cli_load(struct cli_picks *, const json_t *describe);
void	cli_picks_release(struct cli_picks *);

/* ---- one function a command ---- */
int	cli_run_cmd(int argc, char **argv);
int	cli_explore_cmd(int argc, char **argv);
int	cli_known_cmd(int argc, char **argv);
int	cli_merge_cmd(int argc, char **argv);
int	cli_check_cmd(int argc, char **argv);
int	cli_list_cmd(int argc, char **argv);
int	cli_steps_cmd(int argc, char **argv);
int	cli_doctor_cmd(int argc, char **argv);
int	cli_complete_cmd(int argc, char **argv);
extern const struct cli_opt cli_run_opts[], cli_explore_opts[], cli_known_opts[],
    cli_merge_opts[], cli_check_opts[], cli_list_opts[], cli_steps_opts[],
    cli_doctor_opts[];

#endif
