/* harness/script/script.h: a scenario file as checked lines.  Knows the
 * grammar (words, key=value, blocks, conditions, `!`, variables) and the types
 * of arguments, taken from the step, probe and fault tables; not what a step
 * does.  The whole file is read and checked before anything starts; every
 * error is printed as `file:line:col: error: …`, all of them, not the first.
 *
 * Grammar: DESIGN.md, 'The language, exactly'; the user's page is scenario(5),
 * generated from the same tables.  Memory: the scenario's arena. */
#ifndef HARNESS_SCRIPT_H
#define HARNESS_SCRIPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/arena.h"
#include "lib/buf.h"

struct step;
struct probe;

struct place {
	const char *file;	/* as the user wrote it */
	int	line, col;	/* from 1 */
};

/* Types of arguments.  At run time an argument's value has been expanded
 * (${var}) and parsed into the member that its type names. */
enum arg_type {
	ARG_STR,		/* s */
	ARG_INT,		/* n */
	ARG_DUR,		/* n, microseconds: 250ms */
	ARG_BYTES,		/* n: 256KiB */
	ARG_SIGNAL,		/* n: KILL, TERM, INT … or a number */
	ARG_REGEX,		/* s, compiles as POSIX extended */
	ARG_CHOICE,		/* s, one of choices "a|b|c" */
	ARG_CHOICES,		/* s, some of them: "a,c" */
	ARG_WORKLOAD,		/* s, a row of workloads.c */
	ARG_KIND,		/* s, a kind of fault, or "clear" */
	ARG_API,		/* s, a method id, or a glob of them */
	ARG_ENV,		/* s, `NAME=VALUE` or `-NAME` */
	ARG_NAME,		/* s, a name: letters, digits, - _ . */
	ARG_FLAG,		/* n = 1: a bare word, no value */
};

/* What names can stand for. */
enum name_kind {
	NAME_NONE,
	NAME_FAULT,		/* `as=` of a fault */
	NAME_LOAD,
	NAME_PROCESS,		/* those of a deployment are always known */
	NAME_RUNNING,		/* wanted: a process or a load */
};

struct arg_spec {
	const char *name;	/* "rows"; positional ones too */
	enum arg_type type;
	bool	positional;	/* by order, else NAME=VALUE */
	bool	required;
	bool	rest;		/* last positional: takes all further words */
	const char *dflt;	/* NULL: none; parsed like the user's */
	const char *choices;	/* for ARG_CHOICE and ARG_CHOICES; for an
				 * ARG_NAME: those that need no word more */
	const char *doc;
	int64_t	min;		/* least value of an int, duration or size … */
	int64_t	max;		/* … and greatest of an int or size; 0: any */
	bool	instead;	/* at most one of a step's with this mark */
	bool	defines;	/* a variable's name: known from here on */
	/* a name that is made here, or that must have been made before */
	enum name_kind makes, wants;
};

struct word {
	const char *text;	/* before expansion, quotes removed */
	struct place at;
	bool	quoted;		/* it begins with a quote: never NAME=VALUE */
	const char *key;	/* of a NAME=VALUE of the step's, or NULL */
	const char *value;	/* what follows the `=`, or all of text */
};

/* A condition in brackets: `[litestream >= 0.5]`, `[gcloud]`, `[!userns]`. */
struct cond {
	bool	negate;
	const char *name, *op, *value;	/* op, value NULL: presence */
};

enum expr_op {
	EXPR_EQ, EXPR_NE, EXPR_LT, EXPR_LE, EXPR_GT, EXPR_GE, EXPR_MATCH
};

/* PROBE[(ARG)] [OP VALUE|PROBE]; without OP: `== true`. */
struct expr {
	const struct probe *probe;
	struct word arg;	/* text NULL: none */
	enum expr_op op;
	struct word value;
	/* or another probe to compare with: `restored.hash == ledger.hash` */
	const struct probe *other;
	struct word other_arg;
	const char *text;	/* as written, for messages */
};

struct line {
	struct place at;
	const char *text;	/* as written, for the log */
	bool	negate;		/* `!` */
	struct cond *conds;
	size_t	nconds;
	const struct step *step;
	struct word *words;	/* after the step's name, unexpanded */
	size_t	nwords;
	struct expr *expr;	/* steps that take one */
	const struct arg_spec *more;	/* arguments of the line's fault kind,
					 * ending with name == NULL, or NULL */
	const char *raw;	/* a raw block's text (shell), or NULL */
	struct place raw_at;
	struct line *block;	/* lines of a `{ }` block */
	size_t	nblock;
};

struct scenario {
	struct arena arena;
	const char *file;	/* path as given */
	const char *name;	/* "40-crash/held-upload": area/name */
	const char *title;	/* of the `scenario` line */
	const char *tags;	/* " crash check " */
	const char *known_bug;	/* releases "0.5.3..0.5.14 0.5.16", or NULL */
	const char *known_bug_reason;
	const char *known_bug_property;	/* or NULL: whichever */
	const char **needs;	/* the words of `need` */
	size_t	nneeds;
	int64_t	limit_us;	/* hard time limit: `limit 60s`, default 60 s */
	struct line *lines;
	size_t	nlines;
};

/* Reads and checks one file; describe: the emulator's --describe (fault kinds
 * and method ids), or NULL to leave fault lines unchecked.  NULL after every
 * error has been printed to `errors`; *nerrors counts them. */
struct scenario	*script_load(const char *file, const json_t *describe,
    FILE *errors, int *nerrors);
/* The same from memory (tests, fuzzing). */
struct scenario	*script_parse(const char *file, const char *text, size_t n,
    const json_t *describe, FILE *errors, int *nerrors);
void	script_free(struct scenario *);
bool	script_has_tag(const struct scenario *, const char *tag);
/* Is this release among those of the scenario's `known-bug` line? */
bool	script_is_known_bug(const struct scenario *, const char *version);

/* `--inject`: one fault line without the word `fault`, checked like one in a
 * file.  The rule as the emulator wants it (new reference), or NULL after
 * every error has been printed. */
json_t	*script_fault_rule(const char *text, const json_t *describe,
    FILE *errors);

#endif
