/* harness/script/check.h: one parsed line against the tables: its arguments,
 * their types, its variables, its expression, its fault.  What script.c calls
 * for every line; private to the language. */
#ifndef HARNESS_CHECK_H
#define HARNESS_CHECK_H

#include "harness/script/diag.h"
#include "harness/script/script.h"
#include "lib/arena.h"

struct check_name {
	enum name_kind kind;
	const char *text;
};

struct check {
	struct arena *arena;
	struct diag *diag;
	const json_t *describe;		/* or NULL: faults are not checked */
	const char **vars;		/* known by now: `set`, `sweep` */
	size_t	nvars, vars_room;
	struct check_name *names;	/* made by now, in the arena */
	size_t	nnames, names_room;
};

/* Classifies the words (sets word.key), builds line->expr and line->more. */
void	check_line(struct check *, struct line *);
/* A name is known from here on. */
void	check_var_add(struct check *, const char *name);
/* Such a name has been made before, as far as can be known now. */
void	check_name_wanted(struct check *, const struct place *,
    enum name_kind, const char *text);
/* The ${…} of a word name variables that are known. */
void	check_vars(struct check *, const struct word *);
void	check_release(struct check *);

/* check_fault.c */
/* A method id, or a glob that means at least one. */
void	check_api(struct check *, const struct place *, const char *text);
/* The kind of a `fault` line: its own arguments into line->more. */
void	check_fault_kind(struct check *, struct line *, const struct word *);
/* What must fit together once each argument is right. */
void	check_fault(struct check *, const struct line *);
/* The NAME=VALUE of that name, or NULL. */
const struct word	*check_arg(const struct line *, const char *key);

/* An expression from words[0..n); NULL after its mistakes have been told. */
struct expr	*expr_parse(struct check *, const struct place *line,
    const struct word *words, size_t n);

#endif
