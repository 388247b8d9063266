/* Faults.  The emulator counts what fired; a rule is asked before it is
 * removed, so that `fault clear` loses no evidence. */
#include <string.h>

#include "harness/run/emu.h"
#include "harness/script/steps_int.h"

static int
step_fault_add(struct run *r, json_t *rule, const char *text)
{
	struct step_args *a = step_args(r);
	struct err e = ERR_INIT;
	int id = emu_fault(r->emu, rule, &e);

	if (id < 0) {
		(void)run_error(r, "%s", err_msg(&e));
		err_release(&e);
		return (-1);
	}
	if (a->nrules == a->rules_room) {
		size_t room = a->rules_room > 0 ? 2 * a->rules_room : 16;
		struct step_rule *more = arena_alloc(&r->arena,
		    room * sizeof(*more));

		if (a->nrules > 0)
			memcpy(more, a->rules, a->nrules * sizeof(*more));
		a->rules = more;
		a->rules_room = room;
	}
	a->rules[a->nrules].id = id;
	a->rules[a->nrules++].text = text;
	if (a->nrules > a->swept)
		a->swept_set++;
	return (0);
}

/* How often the emulator says that a rule fired; -1: it does not know it. */
static int64_t
step_fault_count(const json_t *faults, int id)
{
	const json_t *v;
	size_t i;

	json_array_foreach(faults, i, v)
		if (json_integer_value(json_object_get(v, "id")) == id)
			return (json_integer_value(json_object_get(v,
			    "fired")));
	return (-1);
}

static int
step_fault_ask(struct run *r, const struct step_rule *rules, size_t nrules,
    const char **idle)
{
	struct err e = ERR_INIT;
	json_t *j;
	int n = 0;

	if (idle != NULL)
		*idle = NULL;
	if (nrules == 0)
		return (0);
	j = emu_control(r->emu, "GET", "faults", NULL, &e);
	if (j == NULL) {
		(void)run_error(r, "%s", err_msg(&e));
		err_release(&e);
		return (-1);
	}
	for (size_t i = 0; i < nrules; i++) {
		if (step_fault_count(json_object_get(j, "faults"),
		    rules[i].id) > 0)
			n++;
		else if (idle != NULL && *idle == NULL)
			*idle = rules[i].text;
	}
	json_decref(j);
	return (n);
}

int
step_fault_fired(struct run *r, size_t first, size_t end, const char **idle)
{

	return (step_fault_ask(r, step_args(r)->rules + first,
	    end > first ? end - first : 0, idle));
}

int
step_fault_remove(struct run *r, size_t first)
{
	struct step_args *a = step_args(r);

	while (a->nrules > first) {
		struct err e = ERR_INIT;

		if (emu_fault_end(r->emu, a->rules[a->nrules - 1].id, &e)
		    != 0) {
			(void)run_error(r, "%s", err_msg(&e));
			err_release(&e);
			return (-1);
		}
		a->nrules--;
	}
	return (0);
}

/* Those that a sweep set are its own affair: it counts, and goes on. */
static enum verdict
step_fault_clear(struct run *r)
{
	struct step_args *a = step_args(r);
	size_t end = a->swept < a->nrules ? a->swept : a->nrules;
	const char *idle;
	int n;

	if (step_fault_fired(r, 0, end, &idle) < 0)
		return (VERDICT_ERROR);
	if (idle != NULL)
		return (run_error(r, "inconclusive: the fault never fired: "
		    "%s", idle));
	n = step_fault_fired(r, end, a->nrules, NULL);
	if (n < 0 || step_fault_remove(r, 0) < 0)
		return (VERDICT_ERROR);
	a->swept_fired += n;
	if (a->swept != SIZE_MAX)
		a->swept = 0;
	return (VERDICT_PASS);
}

/* Rules die with it, and nobody could be asked whether they had fired. */
enum verdict
step_emulator_fn(struct run *r, const struct line *l)
{
	bool kills = strcmp(step_str(r, "action"), "kill") == 0;
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;

	(void)l;
	if (kills && step_args(r)->nrules + step_args(r)->ninjected > 0)
		return (run_error(r, "faults end with the emulator: clear "
		    "them first"));
	if ((kills ? emu_kill(r->emu, &e) : emu_restart(r->emu, &e)) != 0)
		v = run_error(r, "%s", err_msg(&e));
	else
		run_log(r, "emu", "%s", kills ? "killed" : "is back");
	err_release(&e);
	return (v);
}

enum verdict
step_fault_fn(struct run *r, const struct line *l)
{
	struct step_args *a = step_args(r);
	json_t *rule;

	if (strcmp(step_str(r, "kind"), "clear") == 0)
		return (step_fault_clear(r));
	rule = json_object();
	for (size_t i = 0; i < a->n; i++)
		script_rule_field(rule, a->v[i].spec, a->v[i].s);
	return (step_fault_add(r, rule, l->text) == 0 ? VERDICT_PASS :
	    VERDICT_ERROR);
}

enum verdict
step_release_fn(struct run *r, const struct line *l)
{
	struct err e = ERR_INIT;
	int n;

	(void)l;
	n = emu_release(r->emu, step_str(r, "name"), step_has(r, "discard"),
	    &e);
	if (n < 0)
		(void)run_error(r, "%s", err_msg(&e));
	err_release(&e);
	return (n < 0 ? VERDICT_ERROR : VERDICT_PASS);
}

enum verdict
step_fault_inject(struct run *r, const char *text)
{
	struct err e = ERR_INIT;
	json_t *describe = emu_control(r->emu, "GET", "describe", NULL, &e);
	struct step_args *a = step_args(r);
	json_t *rule = NULL;
	enum verdict v = VERDICT_PASS;
	struct step_rule *more;
	int id = -1;

	if (describe != NULL)
		rule = script_fault_rule(text, describe, NULL);
	if (rule != NULL)
		id = emu_fault(r->emu, rule, &e);
	if (describe != NULL && rule == NULL)
		v = run_error(r, "--inject '%s': this emulator does not know "
		    "it", text);
	else if (id < 0)
		v = run_error(r, "--inject '%s': %s", text, err_msg(&e));
	more = arena_alloc(&r->arena, (a->ninjected + 1) * sizeof(*more));
	if (a->ninjected > 0)
		memcpy(more, a->injected, a->ninjected * sizeof(*more));
	more[a->ninjected].id = id;
	more[a->ninjected].text = text;
	a->injected = more;
	a->ninjected++;
	json_decref(describe);
	err_release(&e);
	return (v);
}

enum verdict
step_fault_check(struct run *r)
{
	struct step_args *a = step_args(r);
	const char *idle;

	if (step_fault_fired(r, 0, a->nrules, &idle) < 0)
		return (VERDICT_ERROR);
	if (idle == NULL &&
	    step_fault_ask(r, a->injected, a->ninjected, &idle) < 0)
		return (VERDICT_ERROR);
	if (idle != NULL)
		return (run_error(r, "inconclusive: the fault never fired: "
		    "%s", idle));
	return (VERDICT_PASS);
}
