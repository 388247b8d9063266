#include "harness/script/args.h"

#include <regex.h>
#include <signal.h>
#include <string.h>

#include "harness/script/diag.h"
#include "harness/script/lex.h"
#include "harness/workload/load.h"
#include "lib/clock.h"
#include "lib/str.h"

const struct arg_spec *
args_find(const struct step *st, const struct arg_spec *more,
    const char *name)
{
	const struct arg_spec *lists[] = { st->args, more };

	for (size_t i = 0; i < NELEMS(lists); i++)
		for (const struct arg_spec *s = lists[i];
		    s != NULL && s->name != NULL; s++)
			if (strcmp(s->name, name) == 0)
				return (s);
	return (NULL);
}

size_t
args_key_len(const struct word *w)
{
	const char *eq;

	if (w->quoted || (eq = strchr(w->text, '=')) == NULL ||
	    memchr(w->text, '.', (size_t)(eq - w->text)) != NULL ||
	    !lex_is_name(w->text, (size_t)(eq - w->text)))
		return (0);
	return ((size_t)(eq - w->text));
}

const struct arg_spec *
args_positional(const struct step *st, size_t i)
{

	for (const struct arg_spec *s = st->args; s != NULL && s->name != NULL;
	    s++)
		if (s->positional && (s->rest || i-- == 0))
			return (s);
	return (NULL);
}

bool
args_has_var(const char *text)
{

	return (strstr(text, "${") != NULL);
}

int
args_signal(const char *text)
{
	static const struct { const char *name; int no; } signals[] = {
		{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT },
		{ "ABRT", SIGABRT }, { "KILL", SIGKILL }, { "USR1", SIGUSR1 },
		{ "SEGV", SIGSEGV }, { "USR2", SIGUSR2 }, { "PIPE", SIGPIPE },
		{ "TERM", SIGTERM }, { "CONT", SIGCONT }, { "STOP", SIGSTOP },
	};
	int64_t n;

	if (str_int64(text, &n) && n > 0 && n < NSIG)
		return ((int)n);
	if (str_starts(text, "SIG"))
		text += 3;
	for (size_t i = 0; i < NELEMS(signals); i++)
		if (strcmp(text, signals[i].name) == 0)
			return (signals[i].no);
	return (-1);
}

size_t
args_choices(struct arena *a, const char *choices, const char ***names)
{
	size_t n = 1;

	for (const char *p = choices; *p != '\0'; p++)
		n += *p == '|';
	*names = arena_alloc(a, n * sizeof(**names));
	n = 0;
	for (const char *p = choices; *p != '\0';) {
		size_t len = strcspn(p, "|");

		(*names)[n++] = arena_strndup(a, p, len);
		p += len + (p[len] == '|');
	}
	return (n);
}

/* -1 with `unknown NAME 'word', did you mean …`. */
static int
args_unknown(const char *what, const char *word, const char *const *names,
    size_t n, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, 64 << 10);
	diag_unknown_text(&b, what, word, names, n);
	rc = err_set(e, "%s", b.p);
	buf_release(&b);
	return (rc);
}

static int
args_choice(const struct arg_spec *s, const char *text, struct err *e)
{
	struct arena a = ARENA_INIT;
	const char **names;
	size_t n = args_choices(&a, s->choices, &names);
	int rc = 0;

	while (rc == 0) {
		size_t len = s->type == ARG_CHOICES ? strcspn(text, ",") :
		    strlen(text);
		const char *one = arena_strndup(&a, text, len);
		size_t i = 0;

		while (i < n && strcmp(names[i], one) != 0)
			i++;
		if (i == n)
			rc = args_unknown(arena_printf(&a, "value of %s:",
			    s->name), one, names, n, e);
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	arena_release(&a);
	return (rc);
}

static int
args_workload(const char *text, struct err *e)
{
	const char *names[64];
	size_t n = 0;

	for (const struct workload *w = workloads;
	    w->name != NULL && n < NELEMS(names); w++) {
		if (strcmp(w->name, text) == 0)
			return (0);
		names[n++] = w->name;
	}
	return (args_unknown("workload", text, names, n, e));
}

static int
args_regex(const char *text, struct err *e)
{
	char why[256];
	regex_t re;
	int rc = regcomp(&re, text, REG_EXTENDED | REG_NOSUB);

	if (rc == 0) {
		regfree(&re);
		return (0);
	}
	(void)regerror(rc, &re, why, sizeof(why));
	return (err_set(e, "'%s' is not a POSIX extended regular expression: "
	    "%s", text, why));
}

static int
args_number(const struct arg_spec *s, const char *text, int64_t *n,
    struct err *e)
{

	switch (s->type) {
	case ARG_INT:
		if (!str_int64(text, n))
			return (err_set(e, "'%s' is not a whole number",
			    text));
		break;
	case ARG_DUR:
		if (clock_parse_duration(text, n, e) != 0)
			return (-1);
		break;
	case ARG_BYTES:
		if (str_parse_bytes(text, n, e) != 0)
			return (-1);
		break;
	default:
		BUG_ON(true);
	}
	if (s->max != 0 && (*n < s->min || *n > s->max))
		return (err_set(e, "%s must be from %lld to %lld, not %s",
		    s->name, (long long)s->min, (long long)s->max, text));
	if (*n < s->min) {
		if (s->type == ARG_DUR)
			return (err_set(e, "%s is too short", s->name));
		return (err_set(e, "%s must be %lld or more, not %s", s->name,
		    (long long)s->min, text));
	}
	return (0);
}

static int
args_env(const char *text, struct err *e)
{
	const char *eq = strchr(text, '=');

	if (text[0] == '-' ? eq == NULL && text[1] != '\0' :
	    eq != NULL && eq != text)
		return (0);
	return (err_set(e, "'%s' is neither NAME=VALUE nor -NAME", text));
}

int
args_parse(const struct arg_spec *s, const char *text, int64_t *n,
    struct err *e)
{

	*n = 0;
	switch (s->type) {
	case ARG_INT:
	case ARG_DUR:
	case ARG_BYTES:
		return (args_number(s, text, n, e));
	case ARG_SIGNAL:
		*n = args_signal(text);
		return (*n > 0 ? 0 : err_set(e, "'%s' is not a signal: write "
		    "KILL, TERM, INT … or a number", text));
	case ARG_REGEX:
		return (args_regex(text, e));
	case ARG_CHOICE:
	case ARG_CHOICES:
		return (args_choice(s, text, e));
	case ARG_WORKLOAD:
		return (args_workload(text, e));
	case ARG_NAME:
		return (lex_is_name(text, strlen(text)) ? 0 : err_set(e,
		    "'%s' is not a name: write letters, digits, '-', '_' and "
		    "'.'", text));
	case ARG_ENV:
		return (args_env(text, e));
	case ARG_FLAG:
		*n = 1;
		return (0);
	case ARG_STR:
	case ARG_KIND:
	case ARG_API:
		return (0);
	}
	BUG_ON(true);
}

const char *
args_form(struct arena *a, const struct arg_spec *s)
{
	static const char *const values[] = {
		[ARG_STR] = "TEXT", [ARG_INT] = "N", [ARG_DUR] = "DURATION",
		[ARG_BYTES] = "BYTES", [ARG_SIGNAL] = "SIGNAL",
		[ARG_REGEX] = "REGEX", [ARG_WORKLOAD] = "WORKLOAD",
		[ARG_KIND] = "KIND", [ARG_ENV] = "NAME=VALUE",
		[ARG_API] = "METHOD-ID",
		[ARG_NAME] = "NAME",
	};
	const char *value = s->type == ARG_CHOICE || s->type == ARG_CHOICES ?
	    s->choices : s->type == ARG_FLAG ? "" : values[s->type];
	char *upper;

	if (s->type == ARG_FLAG)
		return (s->name);
	if (!s->positional)
		return (arena_printf(a, "%s=%s", s->name, value));
	upper = arena_strdup(a, s->name);
	for (char *p = upper; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return (arena_printf(a, "%s%s", upper, s->rest ? "…" : ""));
}
