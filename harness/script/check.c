#include "harness/script/check.h"

#include <stdlib.h>
#include <string.h>

#include "harness/replicator/replicators.h"
#include "harness/run/run.h"
#include "harness/script/args.h"
#include "harness/script/lex.h"
#include "harness/script/steps.h"

#define CHECK_NAMES	256

void
check_release(struct check *c)
{

	free(c->vars);
	c->vars = NULL;
	c->nvars = c->vars_room = 0;
}

void
check_var_add(struct check *c, const char *name)
{

	if (c->nvars == c->vars_room) {
		c->vars_room = c->vars_room > 0 ? 2 * c->vars_room : 16;
		c->vars = mem_realloc(c->vars,
		    c->vars_room * sizeof(*c->vars));
	}
	c->vars[c->nvars++] = name;
}

static bool
check_var_known(const struct check *c, const char *name)
{

	for (size_t i = 0; i < c->nvars; i++)
		if (strcmp(c->vars[i], name) == 0)
			return (true);
	return (run_var_is_builtin(name));
}

static void
check_var_unknown(struct check *c, const struct place *at, const char *name)
{
	const char *names[CHECK_NAMES];
	size_t n = 0;

	for (const struct var *p = run_vars; p->name != NULL &&
	    n < NELEMS(names); p++)
		names[n++] = p->name;
	for (const struct var *p = replicator_vars; p->name != NULL &&
	    n < NELEMS(names); p++)
		names[n++] = arena_printf(c->arena, "replicator.%s", p->name);
	for (size_t i = 0; i < c->nvars && n < NELEMS(names); i++)
		names[n++] = c->vars[i];
	diag_unknown(c->diag, at, "variable", name, names, n);
}

void
check_vars(struct check *c, const struct word *w)
{
	const char *p = w->text;

	while ((p = strstr(p, "${")) != NULL) {
		const char *end = strchr(p, '}');
		struct place at = w->at;
		const char *name;

		at.col += (int)(p - w->text);
		if (end == NULL) {
			diag_error(c->diag, &at, "'${' without '}'");
			return;
		}
		name = arena_strndup(c->arena, p + 2, (size_t)(end - p - 2));
		if (!check_var_known(c, name))
			check_var_unknown(c, &at, name);
		p = end;
	}
}

/* ---- names of faults, loads, processes ---- */

static void
check_name_made(struct check *c, enum name_kind kind, const char *text)
{

	if (c->nnames == c->names_room) {
		size_t room = c->names_room > 0 ? 2 * c->names_room : 16;
		struct check_name *more = arena_alloc(c->arena,
		    room * sizeof(*more));

		if (c->nnames > 0)
			memcpy(more, c->names, c->nnames * sizeof(*more));
		c->names = more;
		c->names_room = room;
	}
	c->names[c->nnames].kind = kind;
	c->names[c->nnames++].text = text;
}

void
check_name_wanted(struct check *c, const struct place *at,
    enum name_kind kind, const char *text)
{
	static const char *const what[] = {
		[NAME_FAULT] = "fault name", [NAME_LOAD] = "load",
		[NAME_PROCESS] = "process", [NAME_RUNNING] = "process or load",
	};
	const char *names[CHECK_NAMES] = { "replicator", "application",
		"deployment" };
	bool process = kind == NAME_PROCESS || kind == NAME_RUNNING;
	size_t n = process ? 3 : 0;

	for (size_t i = 0; i < c->nnames && n < NELEMS(names); i++) {
		const struct check_name *m = &c->names[i];

		if (m->kind != kind && !(kind == NAME_RUNNING &&
		    (m->kind == NAME_PROCESS || m->kind == NAME_LOAD)))
			continue;
		if (args_has_var(m->text))
			return;		/* it may be any */
		names[n++] = m->text;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], text) == 0)
			return;
	diag_unknown(c->diag, at, what[kind], text, names, n);
}

/* `start NAME`: only some names have a command by themselves. */
static void
check_name_alone(struct check *c, const struct line *l)
{
	const struct arg_spec *s = args_positional(l->step, 0);
	const char **names;
	size_t npos = 0, n, at = 0;

	for (size_t i = l->nwords; i-- > 0;)
		if (l->words[i].key == NULL) {
			npos++;
			at = i;
		}
	if (s == NULL || s->type != ARG_NAME || s->choices == NULL ||
	    npos != 1 || args_has_var(l->words[at].text))
		return;
	n = args_choices(c->arena, s->choices, &names);
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], l->words[at].text) == 0)
			return;
	diag_error(c->diag, &l->words[at].at, "'%s' has no command by itself; "
	    "usage: %s", l->words[at].text, l->step->usage);
}

/* Where the value of a NAME=VALUE begins. */
static struct place
check_value_at(const struct word *w)
{
	struct place at = w->at;

	if (w->key != NULL)
		at.col += (int)strlen(w->key) + 1;
	return (at);
}

static void
check_value(struct check *c, const struct word *w, const struct arg_spec *s)
{
	struct place at = check_value_at(w);
	struct err e = ERR_INIT;
	int64_t n;

	if (s->makes != NAME_NONE)
		check_name_made(c, s->makes, w->value);
	if (args_has_var(w->value))
		return;
	if (s->wants != NAME_NONE)
		check_name_wanted(c, &at, s->wants, w->value);
	if (s->type == ARG_API)
		check_api(c, &at, w->value);
	else if (args_parse(s, w->value, &n, &e) != 0)
		diag_error(c->diag, &at, "%s", err_msg(&e));
	err_release(&e);
}

static void
check_unknown_arg(struct check *c, const struct line *l, const struct word *w,
    const char *key)
{
	const struct arg_spec *lists[] = { l->step->args, l->more };
	const char *names[CHECK_NAMES], *what;
	size_t n = 0;

	for (size_t i = 0; i < NELEMS(lists); i++)
		for (const struct arg_spec *s = lists[i]; s != NULL &&
		    s->name != NULL && n < NELEMS(names); s++)
			if (!s->positional && s->type != ARG_FLAG)
				names[n++] = s->name;
	what = arena_printf(c->arena, "argument of '%s':", l->step->name);
	if (l->step->takes_expr && strncmp(w->text + strlen(key), "==", 2) == 0)
		diag_error(c->diag, &w->at, "put blanks around '=='");
	else
		diag_unknown(c->diag, &w->at, what, key, names, n);
}

/* Is w a NAME=VALUE of the step's?  Then it gets its key. */
static bool
check_key(struct check *c, const struct line *l, struct word *w, bool strict)
{
	size_t len = args_key_len(w);
	const struct arg_spec *s;
	const char *key;

	if (len == 0)
		return (false);
	key = arena_strndup(c->arena, w->text, len);
	s = args_find(l->step, l->more, key);
	if (s == NULL || s->positional || s->type == ARG_FLAG) {
		if (strict) {
			check_unknown_arg(c, l, w, key);
			w->key = "";	/* told; counts as nothing */
		}
		return (strict);
	}
	w->key = key;
	w->value = w->text + len + 1;
	return (true);
}

static bool
check_has_named(const struct line *l)
{

	if (l->more != NULL)
		return (true);
	for (const struct arg_spec *s = l->step->args; s != NULL &&
	    s->name != NULL; s++)
		if (!s->positional && s->type != ARG_FLAG)
			return (true);
	return (false);
}

/* A bare word that is one of the step's flags, once the words that must come
 * before it have come. */
static bool
check_flag(const struct line *l, struct word *w, size_t npos)
{
	const struct arg_spec *s = args_find(l->step, NULL, w->text);
	const struct arg_spec *next = args_positional(l->step, npos);

	if (s == NULL || s->type != ARG_FLAG || w->quoted ||
	    (next != NULL && next->required && !next->rest))
		return (false);
	w->key = s->name;
	w->value = "";
	return (true);
}

/* Which word is what.  A command's words are the user's: of them only the
 * NAME=VALUE at the end can be ours. */
static void
check_classify(struct check *c, struct line *l)
{
	bool named = check_has_named(l), in_rest = false;
	size_t npos = 0;

	for (size_t i = 0; i < l->nwords; i++) {
		struct word *w = &l->words[i];
		const struct arg_spec *s;

		if (in_rest && l->step->command)
			continue;
		if ((named && check_key(c, l, w, true)) ||
		    check_flag(l, w, npos))
			continue;
		s = args_positional(l->step, npos++);
		in_rest = s != NULL && s->rest;
		if (npos == 1 && s != NULL && s->type == ARG_KIND) {
			check_fault_kind(c, l, w);
			named = true;
		}
	}
	for (size_t i = l->nwords; in_rest && l->step->command && i > 0; i--)
		if (l->words[i - 1].key != NULL ||
		    !check_key(c, l, &l->words[i - 1], false))
			break;
}

static void
check_required(struct check *c, const struct line *l, size_t npos)
{
	const struct arg_spec *lists[] = { l->step->args, l->more };

	for (size_t i = 0; i < NELEMS(lists); i++)
		for (const struct arg_spec *s = lists[i]; s != NULL &&
		    s->name != NULL; s++) {
			bool there = false;

			if (!s->required)
				continue;
			for (size_t k = 0; k < l->nwords; k++)
				there = there || (l->words[k].key != NULL &&
				    strcmp(l->words[k].key, s->name) == 0);
			if (s->positional)
				there = npos > 0 && npos-- > 0;
			if (!there)
				diag_error(c->diag, &l->at,
				    "'%s' needs %s; usage: %s", l->step->name,
				    args_form(c->arena, s), l->step->usage);
		}
}

static void
check_twice(struct check *c, const struct line *l, size_t i)
{
	const struct word *w = &l->words[i];

	for (size_t k = 0; k < i; k++)
		if (l->words[k].key != NULL &&
		    strcmp(l->words[k].key, w->key) == 0) {
			diag_error(c->diag, &w->at, "'%s' is given twice",
			    w->key);
			return;
		}
}

static void
check_words(struct check *c, struct line *l)
{
	size_t npos = 0;

	for (size_t i = 0; i < l->nwords; i++) {
		struct word *w = &l->words[i];
		const struct arg_spec *s;

		if (w->key != NULL && *w->key == '\0')
			continue;
		check_vars(c, w);
		if (w->key != NULL) {
			check_twice(c, l, i);
			s = args_find(l->step, l->more, w->key);
			check_value(c, w, s);
			continue;
		}
		if (l->step->takes_expr)
			continue;
		s = args_positional(l->step, npos++);
		if (s == NULL) {
			diag_error(c->diag, &w->at, "'%s' is one word too "
			    "many; usage: %s", w->text, l->step->usage);
			return;
		}
		check_value(c, w, s);
	}
	check_required(c, l, npos);
	check_name_alone(c, l);
}

static void
check_step_expr(struct check *c, struct line *l)
{
	struct word *words = arena_alloc(c->arena,
	    (l->nwords + 1) * sizeof(*words));
	size_t n = 0;

	for (size_t i = 0; i < l->nwords; i++)
		if (l->words[i].key == NULL)
			words[n++] = l->words[i];
	l->expr = expr_parse(c, &l->at, words, n);
}

static void
check_header(struct check *c, const struct line *l)
{

	if (l->negate || l->nconds > 0)
		diag_error(c->diag, &l->at, "'%s' describes the scenario: it "
		    "takes no condition and no '!'", l->step->name);
	for (size_t i = 0; i < l->nwords; i++)
		if (args_has_var(l->words[i].text))
			diag_error(c->diag, &l->words[i].at, "'%s' describes "
			    "the scenario: it takes no variables",
			    l->step->name);
}

/* Arguments that say something only together, or only alone. */
static void
check_together(struct check *c, const struct line *l)
{
	const struct word *first = NULL, *rows = check_arg(l, "rows");

	for (size_t i = 0; i < l->nwords; i++) {
		const struct word *w = &l->words[i];
		const struct arg_spec *s = w->key == NULL || *w->key == '\0' ?
		    NULL : args_find(l->step, l->more, w->key);

		if (s == NULL || !s->instead)
			continue;
		if (first != NULL)
			diag_error(c->diag, &w->at, "'%s' and '%s' exclude "
			    "each other", first->key, w->key);
		first = w;
	}
	if (rows != NULL && strcmp(rows->value, "0") == 0 &&
	    check_arg(l, "as") == NULL)
		diag_error(c->diag, &rows->at, "rows=0 goes on until it is "
		    "stopped: it needs as=NAME");
}

/* `set NAME VALUE`, `sweep NAME … {`: the name is known from here on. */
static void
check_defines(struct check *c, const struct line *l)
{
	const struct arg_spec *s = args_positional(l->step, 0);

	if (s == NULL || !s->defines || l->nwords == 0 ||
	    args_has_var(l->words[0].text))
		return;
	if (run_var_is_builtin(l->words[0].text))
		diag_error(c->diag, &l->words[0].at, "${%s} is built in",
		    l->words[0].text);
	else
		check_var_add(c, l->words[0].text);
}

void
check_line(struct check *c, struct line *l)
{

	if (l->negate && !l->step->negatable && !l->step->header)
		diag_error(c->diag, &l->at, "'!' cannot stand before '%s'",
		    l->step->name);
	if (l->step->header)
		check_header(c, l);
	check_classify(c, l);
	check_words(c, l);
	if (l->step->takes_expr)
		check_step_expr(c, l);
	if (l->more != NULL)
		check_fault(c, l);
	check_together(c, l);
	check_defines(c, l);
}
