/* A fault line as the rule that the emulator wants. */
#include <string.h>

#include "harness/script/check.h"
#include "harness/script/args.h"
#include "harness/script/lex.h"
#include "harness/script/steps_int.h"
#include "lib/str.h"

void
script_rule_field(json_t *rule, const struct arg_spec *s, const char *text)
{
	const struct step *step = step_find("fault");
	json_t *v, *into = rule;
	int64_t n;

	if (s->type == ARG_INT && str_int64(text, &n))
		v = json_integer(n);
	else if (s->type == ARG_CHOICE && strcmp(s->choices, "true|false") == 0)
		v = json_boolean(strcmp(text, "true") == 0);
	else
		v = json_string(text);
	if (args_find(step, NULL, s->name) == NULL) {
		into = json_object_get(rule, "args");
		if (into == NULL) {
			into = json_object();
			(void)json_object_set_new(rule, "args", into);
		}
	}
	(void)json_object_set_new(into, s->name, v);
}

json_t *
script_fault_rule(const char *text, const json_t *describe, FILE *errors)
{
	struct arena a = ARENA_INIT;
	struct diag d = { errors, 0 };
	struct check c = { .arena = &a, .diag = &d, .describe = describe };
	struct place at = { "--inject", 1, 1 };
	struct line l = { .at = at, .text = text, .step = step_find("fault") };
	json_t *rule = NULL;

	l.nwords = lex_words(&a, &d, at, text, strlen(text), &l.words);
	for (size_t i = 0; i < l.nwords; i++)
		if (args_has_var(l.words[i].text))
			diag_error(&d, &l.words[i].at, "there are no "
			    "variables here");
	check_line(&c, &l);
	if (l.nwords > 0 && strcmp(l.words[0].text, "clear") == 0)
		diag_error(&d, &at, "there is nothing to clear");
	if (d.n == 0) {
		rule = json_object();
		for (size_t i = 0; i < l.nwords; i++)
			script_rule_field(rule, l.words[i].key != NULL ?
			    args_find(l.step, l.more, l.words[i].key) :
			    args_positional(l.step, 0), l.words[i].value);
	}
	check_release(&c);
	arena_release(&a);
	return (rule);
}
