/* One pass does both: what it reads it also computes.  Types are known without
 * values, so cel_check() is the same pass over no request at all.
 *
 * An operand that has no value (the request lacks the attribute) is not false
 * but an error, as in CEL: `!` of it is one too, and && and || give it only
 * where the other side does not decide. */
#include "emulator/identity/cel.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/nul.h"
#include "lib/str.h"

#define CEL_DEPTH	32	/* of parentheses and `!` */
#define CEL_OPERATORS	12	/* https://cloud.google.com/iam/quotas */

enum cel_type { CEL_BOOL, CEL_INT, CEL_TEXT, CEL_TIME };

struct cel_value {
	enum cel_type type;
	bool	none;		/* an error in place of a value */
	int64_t	i;		/* of BOOL, INT and TIME (us) */
	const char *s;		/* of TEXT */
};

struct cel {
	const char *text, *p;
	const struct cel_env *env;
	struct arena *arena;
	struct err *e;
	int	depth, operators;
};

typedef int	cel_rule(struct cel *, struct cel_value *);

static const char *const cel_types[] = { [CEL_BOOL] = "a boolean",
    [CEL_INT] = "a number", [CEL_TEXT] = "a text", [CEL_TIME] = "a time" };

static cel_rule cel_or;

/* ---- reading ---- */

#define CEL_FAIL(c, ...)						\
	(err_set((c)->e, __VA_ARGS__),					\
	err_prefix((c)->e, "column %d", (int)((c)->p - (c)->text) + 1))

static void
cel_blanks(struct cel *c)
{

	while (isspace((unsigned char)*c->p))
		c->p++;
}

/* Takes the sign when it comes next. */
static bool
cel_sign(struct cel *c, const char *sign)
{

	cel_blanks(c);
	if (!str_starts(c->p, sign))
		return (false);
	c->p += strlen(sign);
	return (true);
}

static int
cel_want(struct cel *c, const char *sign)
{

	return (cel_sign(c, sign) ? 0 : CEL_FAIL(c, "'%s' is wanted", sign));
}

/* A name: letters, digits, '_'; "" where none comes next. */
static const char *
cel_name(struct cel *c)
{
	const char *from;

	cel_blanks(c);
	from = c->p;
	if (!isdigit((unsigned char)*from))
		while (isalnum((unsigned char)*c->p) || *c->p == '_')
			c->p++;
	return (arena_strndup(c->arena, from, (size_t)(c->p - from)));
}

/* 'text' or "text" with \\ \' \" \n \r \t; NULL: an error has been set. */
static const char *
cel_text(struct cel *c)
{
	static const char escapes[] = "\\'\"nrt", plain[] = "\\'\"\n\r\t";
	const char *at;
	char quote, *out, *to;

	cel_blanks(c);
	quote = *c->p;
	if (quote != '"' && quote != '\'') {
		(void)CEL_FAIL(c, "a text in quotes is wanted");
		return (NULL);
	}
	to = out = arena_alloc(c->arena, strlen(c->p) + 1);
	for (c->p++; *c->p != quote; c->p++) {
		if (*c->p == '\0' || *c->p == '\n') {
			(void)CEL_FAIL(c, "the text does not end");
			return (NULL);
		}
		if (*c->p != '\\') {
			*to++ = *c->p;
			continue;
		}
		at = *++c->p != '\0' ? strchr(escapes, *c->p) : NULL;
		if (at == NULL) {
			(void)CEL_FAIL(c, "unknown escape in a text");
			return (NULL);
		}
		*to++ = plain[at - escapes];
	}
	c->p++;
	return (out);
}

static int
cel_unexpected(struct cel *c)
{

	if (*c->p == '\0')
		return (CEL_FAIL(c, "the expression ends too early"));
	if (!isprint((unsigned char)*c->p))
		return (CEL_FAIL(c, "unexpected character"));
	return (CEL_FAIL(c, "unexpected '%c'", *c->p));
}

/* ---- texts ---- */

/* https://cloud.google.com/iam/docs/conditions-resource-attributes#extract :
 * what stands between the first `prefix` and the next `suffix` of
 * "prefix{name}suffix"; "" where it is not found. */
static int
cel_extract(struct cel *c, const char *s, const char *template,
    struct cel_value *v)
{
	const char *open = strchr(template, '{'), *shut, *from, *to;
	const char *prefix;

	shut = open != NULL ? strchr(open, '}') : NULL;
	if (shut == NULL || shut == open + 1 || strpbrk(shut + 1, "{}"))
		return (CEL_FAIL(c, "a template such as \"/folders/{name}/\" "
		    "is wanted"));
	prefix = arena_strndup(c->arena, template, (size_t)(open - template));
	v->s = "";
	if (s == NULL || (from = nul_find(s, prefix)) == NULL)
		return (0);
	from += strlen(prefix);
	to = shut[1] != '\0' ? nul_find(from, shut + 1) : from + strlen(from);
	if (to != NULL)
		v->s = arena_strndup(c->arena, from, (size_t)(to - from));
	return (0);
}

static int
cel_text_method(struct cel *c, const char *method, struct cel_value *v)
{
	const char *s = v->s, *arg;
	bool starts = strcmp(method, "startsWith") == 0;

	if (!starts && strcmp(method, "endsWith") != 0 &&
	    strcmp(method, "extract") != 0)
		return (CEL_FAIL(c, "unknown function '%s' of a text: "
		    "startsWith, endsWith and extract are known", method));
	if (cel_want(c, "(") != 0 || (arg = cel_text(c)) == NULL ||
	    cel_want(c, ")") != 0)
		return (-1);
	if (strcmp(method, "extract") == 0)
		return (cel_extract(c, s, arg, v));
	v->type = CEL_BOOL;
	if (!v->none)
		v->i = starts ? str_starts(s, arg) : nul_ends(s, arg);
	return (0);
}

/* ---- times ---- */

static const struct { const char *name; int part; } cel_parts[] = {
	{ "getFullYear", 0 }, { "getMonth", 1 }, { "getDate", 2 },
	{ "getDayOfMonth", 3 }, { "getDayOfWeek", 4 }, { "getDayOfYear", 5 },
	{ "getHours", 6 }, { "getMinutes", 7 }, { "getSeconds", 8 },
	{ "getMilliseconds", 9 },
};

/* Months, days of the month but for getDate(), and of the year begin at 0. */
static int64_t
cel_part(int64_t us, int part)
{
	int64_t ms = us / 1000;
	time_t s = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm t;

	if (gmtime_r(&s, &t) == NULL)
		return (-1);
	return ((const int64_t []){ t.tm_year + 1900, t.tm_mon, t.tm_mday,
	    t.tm_mday - 1, t.tm_wday, t.tm_yday, t.tm_hour, t.tm_min,
	    t.tm_sec, ms - (int64_t)s * 1000 }[part]);
}

static int
cel_time_method(struct cel *c, const char *method, struct cel_value *v)
{
	const char *zone;
	size_t i;

	for (i = 0; i < NELEMS(cel_parts); i++)
		if (strcmp(method, cel_parts[i].name) == 0)
			break;
	if (i == NELEMS(cel_parts))
		return (CEL_FAIL(c, "unknown function '%s' of a time",
		    method));
	if (cel_want(c, "(") != 0)
		return (-1);
	cel_blanks(c);
	if (*c->p == '"' || *c->p == '\'') {
		if ((zone = cel_text(c)) == NULL)
			return (-1);
		if (strcmp(zone, "UTC") != 0 && strcmp(zone, "") != 0)
			return (CEL_FAIL(c, "the emulator knows UTC only, not "
			    "the time zone '%s'", zone));
	}
	v->type = CEL_INT;
	v->i = cel_part(v->i, cel_parts[i].part);
	return (cel_want(c, ")"));
}

static int
cel_timestamp(struct cel *c, struct cel_value *v)
{
	const char *s;

	if (cel_want(c, "(") != 0 || (s = cel_text(c)) == NULL)
		return (-1);
	v->type = CEL_TIME;
	if (clock_parse_rfc3339(s, &v->i) != 0)
		return (CEL_FAIL(c, "'%s' is no RFC 3339 time", s));
	return (cel_want(c, ")"));
}

/* ---- operands ---- */

static int
cel_attribute(struct cel *c, const char *of, struct cel_value *v)
{
	const char *name;

	if (cel_want(c, ".") != 0)
		return (-1);
	name = cel_name(c);
	v->type = CEL_TEXT;
	if (strcmp(of, "request") == 0 && strcmp(name, "time") == 0) {
		v->type = CEL_TIME;
		v->i = c->env->time_us;
		return (0);
	}
	if (strcmp(of, "resource") == 0 && strcmp(name, "name") == 0)
		v->s = c->env->name;
	else if (strcmp(of, "resource") == 0 && strcmp(name, "type") == 0)
		v->s = c->env->type;
	else if (strcmp(of, "resource") == 0 && strcmp(name, "service") == 0)
		v->s = c->env->service;
	else
		return (CEL_FAIL(c, "the emulator does not know the attribute "
		    "'%s.%s'", of, name));
	v->none = v->s == NULL;
	return (0);
}

static int
cel_number(struct cel *c, struct cel_value *v)
{
	size_t n = strspn(c->p, "0123456789");

	v->type = CEL_INT;
	if (!str_int64(arena_strndup(c->arena, c->p, n), &v->i))
		return (CEL_FAIL(c, "the number is too large"));
	c->p += n;
	return (0);
}

static int
cel_word(struct cel *c, struct cel_value *v)
{
	const char *word = cel_name(c);

	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		v->type = CEL_BOOL;
		v->i = *word == 't';
		return (0);
	}
	if (strcmp(word, "timestamp") == 0)
		return (cel_timestamp(c, v));
	if (strcmp(word, "resource") == 0 || strcmp(word, "request") == 0)
		return (cel_attribute(c, word, v));
	if (*word == '\0')
		return (cel_unexpected(c));
	return (CEL_FAIL(c, "the emulator does not know '%s'", word));
}

static int
cel_inner(struct cel *c, struct cel_value *v)
{

	if (++c->depth > CEL_DEPTH)
		return (CEL_FAIL(c, "more than %d levels", CEL_DEPTH));
	if (cel_or(c, v) != 0)
		return (-1);
	c->depth--;
	return (cel_want(c, ")"));
}

static int
cel_operand(struct cel *c, struct cel_value *v)
{
	const char *method;
	int rc;

	*v = (struct cel_value){ .type = CEL_BOOL };
	cel_blanks(c);
	if (cel_sign(c, "("))
		rc = cel_inner(c, v);
	else if (isdigit((unsigned char)*c->p))
		rc = cel_number(c, v);
	else if (*c->p == '"' || *c->p == '\'') {
		v->type = CEL_TEXT;
		rc = (v->s = cel_text(c)) != NULL ? 0 : -1;
	} else
		rc = cel_word(c, v);
	while (rc == 0 && cel_sign(c, ".")) {
		method = cel_name(c);
		if (v->type == CEL_TEXT)
			rc = cel_text_method(c, method, v);
		else if (v->type == CEL_TIME)
			rc = cel_time_method(c, method, v);
		else
			rc = CEL_FAIL(c, "%s has no function '%s'",
			    cel_types[v->type], method);
	}
	return (rc);
}

/* ---- operators ---- */

static const char *const cel_compares[] = { "==", "!=", "<=", ">=", "<", ">" };

static bool
cel_compared(int order, size_t how)
{

	return ((const bool []){ order == 0, order != 0, order <= 0,
	    order >= 0, order < 0, order > 0 }[how]);
}

static int
cel_comparison(struct cel *c, struct cel_value *v)
{
	struct cel_value w;
	int order = 0;
	size_t how;

	if (cel_operand(c, v) != 0)
		return (-1);
	for (how = 0; how < NELEMS(cel_compares); how++)
		if (cel_sign(c, cel_compares[how]))
			break;
	if (how == NELEMS(cel_compares))
		return (0);
	if (cel_operand(c, &w) != 0)
		return (-1);
	if (v->type != w.type)
		return (CEL_FAIL(c, "%s is compared with %s",
		    cel_types[v->type], cel_types[w.type]));
	if (how >= 2 && (v->type == CEL_BOOL || v->type == CEL_TEXT))
		return (CEL_FAIL(c, "'%s' does not go with %s",
		    cel_compares[how], cel_types[v->type]));
	v->none = v->none || w.none;
	if (v->none)
		order = 0;
	else if (v->type == CEL_TEXT)
		order = strcmp(v->s, w.s);
	else
		order = (v->i > w.i) - (v->i < w.i);
	v->i = cel_compared(order, how);
	v->type = CEL_BOOL;
	return (0);
}

static int
cel_not(struct cel *c, struct cel_value *v)
{
	bool turned = false;
	int signs = 0;

	while (cel_sign(c, "!")) {
		turned = !turned;
		if (++signs > CEL_DEPTH || ++c->operators > CEL_OPERATORS)
			return (CEL_FAIL(c, "more than %d logical operators",
			    CEL_OPERATORS));
	}
	if (signs == 0)
		return (cel_comparison(c, v));
	/* `!` binds to the operand, not to the comparison behind it */
	if (cel_operand(c, v) != 0)
		return (-1);
	if (v->type != CEL_BOOL)
		return (CEL_FAIL(c, "'!' does not go with %s",
		    cel_types[v->type]));
	v->i = turned ? !v->i : v->i;
	return (0);
}

/* One level of && or ||: `decides` is the value that settles it. */
static int
cel_chain(struct cel *c, struct cel_value *v, const char *sign, bool decides,
    cel_rule *part)
{
	struct cel_value w;

	if (part(c, v) != 0)
		return (-1);
	while (cel_sign(c, sign)) {
		if (++c->operators > CEL_OPERATORS)
			return (CEL_FAIL(c, "more than %d logical operators",
			    CEL_OPERATORS));
		if (part(c, &w) != 0)
			return (-1);
		if (v->type != CEL_BOOL || w.type != CEL_BOOL)
			return (CEL_FAIL(c, "'%s' does not go with %s", sign,
			    cel_types[v->type != CEL_BOOL ? v->type :
			    w.type]));
		if ((!v->none && v->i == decides) ||
		    (!w.none && w.i == decides)) {
			v->none = false;
			v->i = decides;
		} else
			v->none = v->none || w.none;
	}
	return (0);
}

static int
cel_and(struct cel *c, struct cel_value *v)
{

	return (cel_chain(c, v, "&&", false, cel_not));
}

static int
cel_or(struct cel *c, struct cel_value *v)
{

	return (cel_chain(c, v, "||", true, cel_and));
}

static int
cel_run(const char *text, const struct cel_env *env, struct arena *a,
    struct cel_value *v, struct err *e)
{
	struct cel c = { .text = text, .p = text, .env = env, .arena = a,
	    .e = e };

	if (cel_or(&c, v) != 0)
		return (-1);
	cel_blanks(&c);
	if (*c.p != '\0')
		return (cel_unexpected(&c));
	if (v->type != CEL_BOOL)
		return (CEL_FAIL(&c, "it gives %s where a boolean is wanted",
		    cel_types[v->type]));
	return (0);
}

int
cel_check(const char *expression, struct err *e)
{
	const struct cel_env nothing = { .name = NULL };
	struct arena a = ARENA_INIT;
	struct cel_value v;
	int rc = cel_run(expression, &nothing, &a, &v, e);

	arena_release(&a);
	return (rc);
}

bool
cel_holds(const char *expression, const struct cel_env *env, struct arena *a)
{
	struct cel_value v;

	return (cel_run(expression, env, a, &v, NULL) == 0 && !v.none &&
	    v.i != 0);
}
