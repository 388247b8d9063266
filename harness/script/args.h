/* harness/script/args.h: typed arguments: which word is which argument, and
 * text to value.  Used twice, so that both agree: by the checker before
 * anything starts, and by steps.c when a line is run and its variables are
 * known.  Knows arg_specs; not what a step does with them. */
#ifndef HARNESS_ARGS_H
#define HARNESS_ARGS_H

#include "harness/script/script.h"
#include "harness/script/steps.h"
#include "lib/err.h"

/* The spec of a name among the step's and then the line's `more`; NULL. */
const struct arg_spec	*args_find(const struct step *,
    const struct arg_spec *more, const char *name);
/* Length of NAME in an unquoted NAME=VALUE, else 0. */
size_t	args_key_len(const struct word *);
/* The i-th word without a key → its positional spec (the rest's for all that
 * follow), or NULL where there are too many. */
const struct arg_spec	*args_positional(const struct step *, size_t i);
/* text, which holds no ${…}, as the spec's type: *n is set for numbers and
 * flags.  -1 with a message that names the forms. */
int	args_parse(const struct arg_spec *, const char *text, int64_t *n,
    struct err *);
/* Does text hold a ${…}? */
bool	args_has_var(const char *text);
/* Signal number of KILL, SIGKILL or 9; -1. */
int	args_signal(const char *text);
/* `a|b|c` into names (pointers into a copy in the arena); how many. */
size_t	args_choices(struct arena *, const char *choices,
    const char ***names);
/* "rows=N": how an argument is written. */
const char	*args_form(struct arena *, const struct arg_spec *);

#endif
