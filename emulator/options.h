/* emulator/options.h: the command line.  Knows the table of options; starts
 * nothing. */
#ifndef EMULATOR_OPTIONS_H
#define EMULATOR_OPTIONS_H

#include <stdio.h>

#include "emulator/start.h"

struct options {
	struct start_opts start;
	bool	help, version, describe, verbose, die_with_parent;
	int	rest;		/* argv[rest …] was not looked at */
};

/* argv[from …] up to `--` or the end; with words: up to the first word that
 * is no option, else such a word is an error.  -1: the message says what to
 * write instead. */
int	options_parse(int argc, char *const *argv, int from, bool words,
    struct options *out, struct err *);
void	options_help(FILE *);

#endif
