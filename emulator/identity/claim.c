/* One pass reads and computes: claim_check() is the same pass over no values at
 * all, as in cel.c.  NULL is "no value", an error in CEL's sense: what needs it
 * has none either, but where the other side of && or || decides. */
#include "emulator/identity/claim.h"

#include <ctype.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"

#define CLAIM_DEPTH	32
#define CLAIM_TEXT_MAX	(64u << 10)

struct claim {
	const char *text, *p;
	const json_t *env;		/* NULL: only looked at */
	bool	condition;
	json_t	*kept;			/* all that was made on the way */
	struct arena a;
	struct err *e;
	int	depth;
};

typedef const json_t *value;
typedef int	claim_rule(struct claim *, value *);

static claim_rule claim_any;

#define CLAIM_FAIL(c, ...)						\
	(err_set((c)->e, __VA_ARGS__),					\
	err_prefix((c)->e, "column %d", (int)((c)->p - (c)->text) + 1))

/* ---- values ---- */

static value
claim_keep(struct claim *c, json_t *made)
{

	if (made != NULL)
		(void)json_array_append_new(c->kept, made);
	return (made);
}

static value
claim_bool(struct claim *c, bool b)
{

	return (claim_keep(c, json_boolean(b)));
}

/* What is too long has no value. */
static value
claim_buf(struct claim *c, struct buf *b)
{
	value v = buf_ok(b) ? claim_keep(c, json_string(b->p)) : NULL;

	buf_release(b);
	return (v);
}

/* ---- reading ---- */

static bool
claim_sign(struct claim *c, const char *sign)
{

	while (isspace((unsigned char)*c->p))
		c->p++;
	if (!str_starts(c->p, sign))
		return (false);
	c->p += strlen(sign);
	return (true);
}

static int
claim_want(struct claim *c, const char *sign)
{

	return (claim_sign(c, sign) ? 0 :
	    CLAIM_FAIL(c, "'%s' is wanted", sign));
}

static const char *
claim_name(struct claim *c)
{
	const char *from;

	(void)claim_sign(c, "");
	from = c->p;
	if (!isdigit((unsigned char)*from))
		while (isalnum((unsigned char)*c->p) || *c->p == '_')
			c->p++;
	return (arena_strndup(&c->a, from, (size_t)(c->p - from)));
}

/* 'text' or "text", without escapes but of a quote or a backslash. */
static int
claim_text(struct claim *c, value *v)
{
	char quote = *c->p++;
	struct buf b;

	buf_init(&b, CLAIM_TEXT_MAX);
	for (; *c->p != quote; c->p++) {
		if (*c->p == '\\' && strchr("'\"\\", c->p[1]) != NULL &&
		    c->p[1] != '\0')
			c->p++;
		else if (*c->p == '\0' || *c->p == '\\') {
			buf_release(&b);
			return (CLAIM_FAIL(c, *c->p == '\0' ? "the text does "
			    "not end" : "unknown escape in a text"));
		}
		buf_addc(&b, *c->p);
	}
	c->p++;
	*v = claim_buf(c, &b);
	return (0);
}

/* ---- functions ---- */

static value
claim_search(struct claim *c, const char *how, const char *s, const char *arg)
{

	if (strcmp(how, "contains") == 0)
		return (claim_bool(c, strstr(s, arg) != NULL));
	return (claim_bool(c, strcmp(how, "startsWith") == 0 ?
	    str_starts(s, arg) : str_ends(s, arg)));
}

/* What stands between the parts of "prefix{name}suffix", or "". */
static value
claim_extract(struct claim *c, const char *s, const char *template)
{
	const char *open = strchr(template, '{'), *shut, *from, *to;
	struct buf b;

	shut = open != NULL ? strchr(open, '}') : NULL;
	if (shut == NULL || shut == open + 1 ||
	    strpbrk(shut + 1, "{}") != NULL)
		return (NULL);
	from = strstr(s, arena_strndup(&c->a, template,
	    (size_t)(open - template)));
	if (from != NULL)
		from += open - template;
	to = from == NULL ? NULL : shut[1] == '\0' ? from + strlen(from) :
	    strstr(from, shut + 1);
	buf_init(&b, CLAIM_TEXT_MAX);
	if (to != NULL)
		buf_add(&b, from, (size_t)(to - from));
	return (claim_buf(c, &b));
}

static value
claim_replace(struct claim *c, const char *s, const char *what,
    const char *with)
{
	const char *at;
	struct buf b;

	if (*what == '\0')
		return (NULL);
	buf_init(&b, CLAIM_TEXT_MAX);
	for (; (at = strstr(s, what)) != NULL; s = at + strlen(what)) {
		buf_add(&b, s, (size_t)(at - s));
		buf_adds(&b, with);
	}
	buf_adds(&b, s);
	return (claim_buf(c, &b));
}

static value
claim_split(struct claim *c, const char *s, const char *by)
{
	json_t *list;
	const char *at;

	if (*by == '\0')
		return (NULL);
	list = json_array();
	for (; (at = strstr(s, by)) != NULL; s = at + strlen(by))
		(void)json_array_append_new(list, json_stringn(s,
		    (size_t)(at - s)));
	(void)json_array_append_new(list, json_string(s));
	return (claim_keep(c, list));
}

static value
claim_join(struct claim *c, value list, const char *by)
{
	const json_t *one;
	struct buf b;
	size_t i;

	json_array_foreach(list, i, one)
		if (!json_is_string(one))
			return (NULL);
	buf_init(&b, CLAIM_TEXT_MAX);
	json_array_foreach(list, i, one)
		buf_addf(&b, "%s%s", i > 0 ? by : "", json_string_value(one));
	return (claim_buf(c, &b));
}

static value
claim_case(struct claim *c, const char *s, bool upper)
{
	struct buf b;

	buf_init(&b, CLAIM_TEXT_MAX);
	for (; *s != '\0'; s++)
		buf_addc(&b, (unsigned char)*s >= 0x80 ? *s : (char)(upper ?
		    toupper((unsigned char)*s) : tolower((unsigned char)*s)));
	return (claim_buf(c, &b));
}

static const struct { const char *name; int args; } claim_functions[] = {
	{ "contains", 1 }, { "startsWith", 1 }, { "endsWith", 1 },
	{ "extract", 1 }, { "replace", 2 }, { "split", 1 }, { "join", 1 },
	{ "lowerAscii", 0 }, { "upperAscii", 0 },
};

static value
claim_apply(struct claim *c, const char *f, value of, value arg[2])
{
	const char *s = json_string_value(of), *a, *b;

	a = json_string_value(arg[0]);
	b = json_string_value(arg[1]);
	if (strcmp(f, "join") == 0)
		return (json_is_array(of) && a != NULL ?
		    claim_join(c, of, a) : NULL);
	if (s == NULL)
		return (NULL);
	if (str_ends(f, "Ascii"))
		return (claim_case(c, s, *f == 'u'));
	if (a == NULL)
		return (NULL);
	if (strcmp(f, "extract") == 0)
		return (claim_extract(c, s, a));
	if (strcmp(f, "split") == 0)
		return (claim_split(c, s, a));
	if (strcmp(f, "replace") == 0)
		return (b != NULL ? claim_replace(c, s, a, b) : NULL);
	return (claim_search(c, f, s, a));
}

/* After the '(' of a function. */
static int
claim_call(struct claim *c, const char *f, value *v)
{
	value arg[2] = { NULL, NULL };
	size_t i;

	for (i = 0; i < NELEMS(claim_functions) &&
	    strcmp(claim_functions[i].name, f) != 0; i++)
		;
	if (i == NELEMS(claim_functions))
		return (CLAIM_FAIL(c, "this emulator does not know the "
		    "function '%s'", f));
	for (int n = 0; n < claim_functions[i].args; n++)
		if ((n > 0 && claim_want(c, ",") != 0) ||
		    claim_any(c, &arg[n]) != 0)
			return (-1);
	if (claim_want(c, ")") != 0)
		return (-1);
	*v = claim_apply(c, f, *v, arg);
	return (0);
}

/* ---- operands ---- */

static int
claim_word(struct claim *c, value *v)
{
	const char *name = claim_name(c);

	if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0)
		*v = claim_bool(c, *name == 't');
	else if (strcmp(name, "has") == 0) {
		if (claim_want(c, "(") != 0 || claim_any(c, v) != 0 ||
		    claim_want(c, ")") != 0)
			return (-1);
		*v = claim_bool(c, *v != NULL);
	} else if (strcmp(name, "assertion") == 0 || (c->condition &&
	    (strcmp(name, "google") == 0 || strcmp(name, "attribute") == 0)))
		*v = json_object_get(c->env, name);
	else
		return (CLAIM_FAIL(c, *name == '\0' ? "a value is wanted" :
		    "this emulator does not know '%s'", name));
	return (0);
}

static int
claim_operand(struct claim *c, value *v)
{
	int64_t n = 0;

	*v = NULL;
	if (claim_sign(c, "("))
		return (claim_any(c, v) != 0 ? -1 : claim_want(c, ")"));
	if (*c->p == '\'' || *c->p == '"')
		return (claim_text(c, v));
	if (!isdigit((unsigned char)*c->p))
		return (claim_word(c, v));
	for (; isdigit((unsigned char)*c->p); c->p++)
		if ((n = n * 10 + (*c->p - '0')) > INT32_MAX)
			return (CLAIM_FAIL(c, "too great a number"));
	*v = claim_keep(c, json_integer(n));
	return (0);
}

static int
claim_index(struct claim *c, value *v)
{
	value k;

	if (claim_any(c, &k) != 0 || claim_want(c, "]") != 0)
		return (-1);
	*v = json_is_integer(k) && json_integer_value(k) >= 0 ?
	    json_array_get(*v, (size_t)json_integer_value(k)) :
	    json_is_string(k) ? json_object_get(*v, json_string_value(k)) :
	    NULL;
	return (0);
}

static int
claim_postfix(struct claim *c, value *v)
{
	const char *name;
	int rc = claim_operand(c, v);

	while (rc == 0) {
		if (claim_sign(c, "["))
			rc = claim_index(c, v);
		else if (!claim_sign(c, "."))
			break;
		else if (*(name = claim_name(c)) == '\0')
			rc = CLAIM_FAIL(c, "a name is wanted");
		else if (claim_sign(c, "("))
			rc = claim_call(c, name, v);
		else
			*v = json_object_get(*v, name);
	}
	return (rc);
}

/* ---- operators ---- */

static int
claim_not(struct claim *c, value *v)
{
	bool no = false, any = false;

	while (claim_sign(c, "!")) {
		no = !no;
		any = true;
	}
	if (claim_postfix(c, v) != 0)
		return (-1);
	if (any)
		*v = json_is_boolean(*v) ?
		    claim_bool(c, json_is_true(*v) != no) : NULL;
	return (0);
}

static int
claim_sum(struct claim *c, value *v)
{
	value right;
	struct buf b;

	if (claim_not(c, v) != 0)
		return (-1);
	while (claim_sign(c, "+")) {
		if (claim_not(c, &right) != 0)
			return (-1);
		buf_init(&b, CLAIM_TEXT_MAX);
		if (json_is_string(*v) && json_is_string(right))
			buf_addf(&b, "%s%s", json_string_value(*v),
			    json_string_value(right));
		*v = json_is_string(*v) && json_is_string(right) ?
		    claim_buf(c, &b) : (buf_release(&b), NULL);
	}
	return (0);
}

static value
claim_is_in(struct claim *c, value left, value list)
{
	const json_t *one;
	size_t i;

	if (left == NULL || !(json_is_array(list) || json_is_object(list)))
		return (NULL);
	json_array_foreach(list, i, one)
		if (json_equal(left, one))
			return (claim_bool(c, true));
	return (claim_bool(c, json_is_string(left) && json_object_get(list,
	    json_string_value(left)) != NULL));
}

static int
claim_compare(struct claim *c, value *v)
{
	bool equal, in = false;
	value right;

	if (claim_sum(c, v) != 0)
		return (-1);
	if (!(equal = claim_sign(c, "==")) && !claim_sign(c, "!=") &&
	    !(in = claim_sign(c, "in ")))
		return (0);
	if (claim_sum(c, &right) != 0)
		return (-1);
	if (in)
		*v = claim_is_in(c, *v, right);
	else
		*v = *v == NULL || right == NULL ? NULL :
		    claim_bool(c, (json_equal(*v, right) != 0) == equal);
	return (0);
}

/* What decides wins over what has no value. */
static int
claim_chain(struct claim *c, value *v, const char *sign, bool decides,
    claim_rule *each)
{
	value right;

	if (each(c, v) != 0)
		return (-1);
	while (claim_sign(c, sign)) {
		if (each(c, &right) != 0)
			return (-1);
		if ((json_is_boolean(*v) && json_is_true(*v) == decides) ||
		    (json_is_boolean(right) && json_is_true(right) == decides))
			*v = claim_bool(c, decides);
		else
			*v = json_is_boolean(*v) && json_is_boolean(right) ?
			    claim_bool(c, !decides) : NULL;
	}
	return (0);
}

static int
claim_and(struct claim *c, value *v)
{

	return (claim_chain(c, v, "&&", false, claim_compare));
}

static int
claim_any(struct claim *c, value *v)
{
	value yes = NULL, no = NULL;
	int rc;

	if (++c->depth > CLAIM_DEPTH)
		return (CLAIM_FAIL(c, "it is nested too deeply"));
	rc = claim_chain(c, v, "||", true, claim_and);
	if (rc == 0 && claim_sign(c, "?")) {
		rc = claim_any(c, &yes) != 0 || claim_want(c, ":") != 0 ||
		    claim_any(c, &no) != 0 ? -1 : 0;
		if (rc == 0)
			*v = json_is_boolean(*v) ? (json_is_true(*v) ? yes :
			    no) : NULL;
	}
	c->depth--;
	return (rc);
}

/* ---- the whole ---- */

static json_t *
claim_run(const char *text, bool condition, const json_t *env, struct err *e)
{
	struct claim c = { .text = text, .p = text, .env = env,
	    .condition = condition, .kept = json_array(), .a = ARENA_INIT,
	    .e = e };
	json_t *out = NULL;
	value v = NULL;

	if (claim_any(&c, &v) == 0) {
		if (claim_sign(&c, ""), *c.p != '\0')
			(void)CLAIM_FAIL(&c, "something is left over");
		else if (v != NULL)
			out = json_deep_copy(v);
	}
	json_decref(c.kept);
	arena_release(&c.a);
	return (out);
}

int
claim_check(const char *expression, bool condition, struct err *e)
{
	size_t max = condition ? CLAIM_CONDITION_MAX : CLAIM_MAPPING_MAX;
	struct err own = ERR_INIT;
	int rc = 0;

	if (strlen(expression) > max)
		return (err_set(e, "it is longer than %zu bytes", max));
	json_decref(claim_run(expression, condition, NULL, &own));
	if (own.msg != NULL)
		rc = err_set(e, "%s", err_msg(&own));
	err_release(&own);
	return (rc);
}

json_t *
claim_value(const char *expression, const json_t *env)
{
	struct err e = ERR_INIT;
	json_t *v = claim_run(expression, json_object_get(env, "google") !=
	    NULL, env, &e);

	err_release(&e);
	return (v);
}
