/* emulator/options.h: the command line and the environment.  Knows the table
 * of options, those of fake-gcs-server among them; starts nothing.
 *
 * An option is `--name value`, `--name=value`, or either with one dash.  What
 * the command line leaves out comes from GCS_EMULATOR_NAME, and for options of
 * fake-gcs-server then from FAKE_GCS_NAME (capitals, `_` for `-` and `.`).
 *
 * Called by the name fake-gcs-server, `data` is that program's (a folder to
 * begin with), and its defaults hold: HTTPS on 0.0.0.0:4443, no proxy.
 * https://github.com/fsouza/fake-gcs-server */
#ifndef EMULATOR_OPTIONS_H
#define EMULATOR_OPTIONS_H

#include <jansson.h>
#include <stdio.h>

#include "emulator/cage/cage.h"
#include "emulator/start.h"
#include "lib/arena.h"

/* Strings are the command line's, the environment's or the arena's. */
struct options {
	struct start_opts start;
	bool	help, version, describe, verbose, die_with_parent, core_files;
	enum cage_net net;	/* of exec's command */
	const char *credentials;	/* NULL: the owner's; "own", or a file */
	const char *port_file;	/* NULL, or where to write the ports */
	const char *notes;	/* NULL, or lines to log: what means something
				 * else here */
	bool	fake;		/* called as fake-gcs-server */
	int	rest;		/* argv[rest …] was not looked at */
};

/* argv[from …] up to `--` or the end; with words: up to the first word that
 * is no option, else such a word is an error.  argv[0] is the name that the
 * program was called by.  env: "NAME=value", NULL at the end.  -1: the message
 * says what to write instead. */
int	options_parse(int argc, char *const *argv, int from, bool words,
    char *const *env, struct arena *, struct options *out, struct err *);
void	options_help(FILE *);
/* [{"name","value","help","environment":[…]}] */
json_t	*options_describe(void);

#endif
