/* Expressions: `PROBE[(ARG)] [OP VALUE|PROBE]`.  Parsed and typed with the
 * file, evaluated against a run. */
#include "harness/script/check.h"

#include <poll.h>
#include <regex.h>
#include <string.h>

#include "harness/script/args.h"
#include "harness/script/probes.h"
#include "lib/clock.h"
#include "lib/str.h"

#define EXPR_NAMES	128
#define EXPR_LOOK_MS	10	/* where nothing tells of a change */

static const char *const expr_ops[] = {
	[EXPR_EQ] = "==", [EXPR_NE] = "!=", [EXPR_LT] = "<", [EXPR_LE] = "<=",
	[EXPR_GT] = ">", [EXPR_GE] = ">=", [EXPR_MATCH] = "~",
};

/* ---- parsing ---- */

/* `held(upload)` → the probe and its argument. */
static const struct probe *
expr_probe(struct check *c, const struct word *w, struct word *arg)
{
	const char *open = strchr(w->text, '('), *names[EXPR_NAMES];
	size_t len = open != NULL ? (size_t)(open - w->text) : strlen(w->text);
	const char *name = arena_strndup(c->arena, w->text, len);
	const struct probe *p = probe_find(name);
	size_t n = 0, end = strlen(w->text);

	*arg = *w;
	arg->text = arg->value = NULL;
	if (p == NULL) {
		for (p = probes; p->name != NULL && n < NELEMS(names); p++)
			names[n++] = p->name;
		if (name[strcspn(name, "<>=!~")] != '\0')
			diag_error(c->diag, &w->at, "put blanks around the "
			    "operator in '%s'", w->text);
		else
			diag_unknown(c->diag, &w->at, "probe", name, names, n);
		return (NULL);
	}
	if (open != NULL && w->text[end - 1] == ')')
		arg->text = arg->value = arena_strndup(c->arena, open + 1,
		    end - len - 2);
	else if (open != NULL) {
		diag_error(c->diag, &w->at, "'%s' has no ')'", w->text);
		return (NULL);
	}
	arg->at.col += (int)len + 1;
	if (p->arg != NULL && (arg->text == NULL || *arg->text == '\0')) {
		diag_error(c->diag, &w->at, "'%s' needs an argument: write "
		    "%s(%s)", name, name, p->arg);
		return (NULL);
	}
	if (p->arg == NULL && arg->text != NULL) {
		diag_error(c->diag, &w->at, "'%s' takes no argument", name);
		return (NULL);
	}
	if (p->arg != NULL && strcmp(p->arg, "METHOD-ID") == 0 &&
	    !args_has_var(arg->text))
		check_api(c, &arg->at, arg->text);
	if (p->wants != NAME_NONE && !args_has_var(arg->text))
		check_name_wanted(c, &arg->at, p->wants, arg->text);
	return (p);
}

static bool
expr_op(struct check *c, const struct word *w, enum expr_op *op)
{

	for (size_t i = 0; !w->quoted && i < NELEMS(expr_ops); i++)
		if (strcmp(w->text, expr_ops[i]) == 0) {
			*op = (enum expr_op)i;
			return (true);
		}
	diag_error(c->diag, &w->at, "unknown operator '%s'; there are ==, "
	    "!=, <, <=, >, >= and ~", w->text);
	return (false);
}

static bool
expr_is_number(enum value_type t)
{

	return (t == VALUE_INT || t == VALUE_DUR);
}

/* text as a value of the probe's type. */
static int
expr_value(enum value_type type, enum expr_op op, const char *text,
    struct value *v, struct err *e)
{
	static const struct arg_spec specs[] = {
		[VALUE_BOOL] = { .name = "an expression", .type = ARG_CHOICE,
		    .choices = "true|false" },
		[VALUE_INT] = { .name = "value", .type = ARG_INT,
		    .min = INT64_MIN },
		[VALUE_DUR] = { .name = "value", .type = ARG_DUR },
		[VALUE_STR] = { .name = "value", .type = ARG_STR },
	};
	static const struct arg_spec regex = { .name = "value",
		.type = ARG_REGEX };

	memset(v, 0, sizeof(*v));
	v->type = type;
	v->s = text;
	if (args_parse(op == EXPR_MATCH ? &regex : &specs[type], text, &v->n,
	    e) != 0)
		return (-1);
	if (type == VALUE_BOOL)
		v->n = strcmp(text, "true") == 0;
	return (0);
}

/* What the operator is compared with: another probe, or a value. */
static void
expr_right(struct check *c, struct expr *x, const struct word *op,
    const struct word *w)
{
	struct err e = ERR_INIT;
	struct value v;
	size_t len = strcspn(w->text, "(");
	bool ordered = x->op >= EXPR_LT && x->op <= EXPR_GE;

	x->value = *w;
	if ((ordered && !expr_is_number(x->probe->type)) ||
	    (x->op == EXPR_MATCH && x->probe->type != VALUE_STR)) {
		diag_error(c->diag, &op->at, "'%s' cannot be asked with '%s'",
		    x->probe->name, op->text);
		return;
	}
	check_vars(c, w);
	if (args_has_var(w->text))
		return;
	if (!w->quoted && x->op != EXPR_MATCH && probe_find(
	    arena_strndup(c->arena, w->text, len)) != NULL) {
		x->other = expr_probe(c, w, &x->other_arg);
		if (x->other != NULL && x->other->type != x->probe->type)
			diag_error(c->diag, &w->at, "'%s' and '%s' are not of "
			    "the same type", x->probe->name, x->other->name);
		return;
	}
	if (expr_value(x->probe->type, x->op, w->text, &v, &e) != 0)
		diag_error(c->diag, &w->at, "%s", err_msg(&e));
	err_release(&e);
}

struct expr *
expr_parse(struct check *c, const struct place *line, const struct word *w,
    size_t n)
{
	struct expr *x = arena_alloc(c->arena, sizeof(*x));
	struct buf b;

	if (n == 0) {
		diag_error(c->diag, line, "an expression is missing: "
		    "PROBE OP VALUE");
		return (NULL);
	}
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i > 0 ? " " : "", w[i].text);
	x->text = arena_strdup(c->arena, b.p);
	buf_release(&b);
	x->probe = expr_probe(c, &w[0], &x->arg);
	if (n == 2)
		diag_error(c->diag, &w[1].at, "an expression is PROBE, or "
		    "PROBE OP VALUE");
	if (n > 3)
		diag_error(c->diag, &w[3].at, "'%s' is one word too many: an "
		    "expression is PROBE OP VALUE", w[3].text);
	if (n > 1 && !expr_op(c, &w[1], &x->op))
		return (NULL);
	if (x->probe == NULL)
		return (NULL);
	if (n == 1 && x->probe->type != VALUE_BOOL) {
		diag_error(c->diag, &w[0].at, "'%s' is not true or false: "
		    "write %s == VALUE", x->probe->name, w[0].text);
		return (NULL);
	}
	if (n > 2)
		expr_right(c, x, &w[1], &w[2]);
	else
		x->value.text = x->value.value = "true";
	return (x);
}

/* ---- evaluating ---- */

const char *
probe_text(struct run *r, const struct value *v)
{

	switch (v->type) {
	case VALUE_BOOL:
		return (v->n != 0 ? "true" : "false");
	case VALUE_INT:
		return (arena_printf(&r->arena, "%lld", (long long)v->n));
	case VALUE_DUR:
		return (arena_printf(&r->arena, "%.3fs", (double)v->n / 1e6));
	case VALUE_STR:
		return (v->s != NULL ? v->s : "");
	}
	BUG_ON(true);
}

static bool
expr_compare(enum expr_op op, const struct value *a, const struct value *b)
{
	int64_t d = a->n < b->n ? -1 : a->n > b->n;
	regex_t re;
	bool match;

	if (op == EXPR_MATCH) {
		if (regcomp(&re, b->s, REG_EXTENDED | REG_NOSUB) != 0)
			return (false);	/* expr_value() has tried it */
		match = regexec(&re, a->s, 0, NULL, 0) == 0;
		regfree(&re);
		return (match);
	}
	if (a->type == VALUE_STR)
		d = strcmp(a->s != NULL ? a->s : "", b->s != NULL ? b->s : "");
	switch (op) {
	case EXPR_EQ:
		return (d == 0);
	case EXPR_NE:
		return (d != 0);
	case EXPR_LT:
		return (d < 0);
	case EXPR_LE:
		return (d <= 0);
	case EXPR_GT:
		return (d > 0);
	default:
		return (d >= 0);
	}
}

static int
expr_ask(struct run *r, const struct probe *p, const struct word *arg,
    struct value *v)
{
	const char *text = NULL;

	if (arg->text != NULL && run_expand(r, arg->text, &text) != 0)
		return (-1);
	memset(v, 0, sizeof(*v));
	v->type = p->type;
	return (p->fn(r, text, v) ? 0 : -1);
}

/* Once; the left side's value is left in *v for waiting. */
static int
expr_once(struct run *r, const struct expr *x, struct value *v, bool *holds,
    const char **got)
{
	struct err e = ERR_INIT;
	struct value want;
	const char *text;

	*holds = false;
	if (expr_ask(r, x->probe, &x->arg, v) != 0)
		return (-1);
	if (v->unknown) {
		*got = v->s;
		return (1);
	}
	*got = probe_text(r, v);
	if (x->other != NULL) {
		if (expr_ask(r, x->other, &x->other_arg, &want) != 0)
			return (-1);
		if (want.unknown) {
			*got = want.s;
			return (1);
		}
	} else {
		if (run_expand(r, x->value.text, &text) != 0)
			return (-1);
		if (expr_value(x->probe->type, x->op, text, &want, &e) != 0) {
			(void)run_error(r, "%s", err_msg(&e));
			err_release(&e);
			return (-1);
		}
	}
	*holds = expr_compare(x->op, v, &want);
	return (0);
}

int
expr_eval(struct run *r, const struct expr *x, bool *holds, const char **got)
{
	struct value v;

	return (expr_once(r, x, &v, holds, got));
}

int
expr_wait(struct run *r, const struct expr *x, int64_t timeout_us,
    bool *holds, const char **got)
{
	int64_t end = clock_mono_us() + timeout_us, left;
	struct value v;
	int rc;

	if (!probe_wait_begin(r))
		return (-1);
	while ((rc = expr_once(r, x, &v, holds, got)) >= 0 && !*holds) {
		const char *arg = NULL;

		left = end - clock_mono_us();
		if (left <= 0)
			break;
		if (x->arg.text != NULL &&
		    run_expand(r, x->arg.text, &arg) != 0)
			rc = -1;
		else if (x->probe->wait == NULL || x->other != NULL)
			(void)poll(NULL, 0, EXPR_LOOK_MS);
		else if (!x->probe->wait(r, arg, &v, left))
			rc = -1;
		if (rc < 0)
			break;
	}
	probe_wait_end(r);
	return (rc);
}

const char *
expr_wanted(struct run *r, const struct expr *x)
{
	const char *text = x->value.text, *out;

	if (x->other != NULL) {
		struct value v;

		if (expr_ask(r, x->other, &x->other_arg, &v) == 0 &&
		    !v.unknown)
			return (arena_printf(&r->arena, "%s %s (%s)",
			    expr_ops[x->op], x->other->name,
			    probe_text(r, &v)));
		return (arena_printf(&r->arena, "%s %s", expr_ops[x->op],
		    x->other->name));
	}
	if (run_expand(r, text, &out) == 0)
		text = out;
	return (arena_printf(&r->arena, "%s %s", expr_ops[x->op], text));
}
