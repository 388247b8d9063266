/* Steps that ask, wait and repeat. */
#include <string.h>

#include "harness/script/probes.h"
#include "harness/script/steps_int.h"
#include "lib/str.h"

/* "journal(storage.objects.list)" */
static const char *
step_asked(struct run *r, const struct expr *x)
{
	const char *arg;

	if (x->arg.text == NULL || run_expand(r, x->arg.text, &arg) != 0)
		return (x->probe->name);
	return (arena_printf(&r->arena, "%s(%s)", x->probe->name, arg));
}

/* What an oracle found, behind a question about a restore that does not say
 * it by itself. */
static const char *
step_found(struct run *r, const struct expr *x, const char *got)
{
	const char *why = r->restored.done ? r->restored.why : NULL;

	if (why == NULL || !str_starts(x->probe->name, "restored.") ||
	    strcmp(got, why) == 0)
		return ("");
	return (arena_printf(&r->arena, "; an oracle found: %s", why));
}

/* What a question that was answered wrongly says about the system under test:
 * the oracle's name, where one found it, else the probe's. */
static void
step_broken(struct run *r, const struct expr *x)
{
	const char *name = x->probe->name;
	const char *why = r->restored.done ? r->restored.why : NULL;

	if (why != NULL && str_starts(name, "restored."))
		name = arena_strndup(&r->arena, why, strcspn(why, ":"));
	else if (str_starts(name, "restored."))
		name += strlen("restored.");
	r->property = name;
}

enum verdict
step_expect_fn(struct run *r, const struct line *l)
{
	const struct expr *x = l->expr;
	const char *got = "";
	bool holds;
	int rc = expr_eval(r, x, &holds, &got);

	if (rc < 0)
		return (VERDICT_ERROR);
	if (rc == 0 && holds != l->negate)
		return (VERDICT_PASS);
	step_broken(r, x);
	if (rc == 1)
		return (run_fail(r, "%s cannot be said: %s", step_asked(r, x),
		    got));
	return (run_fail(r, "%s is %s, wanted %s%s%s", step_asked(r, x),
	    *got != '\0' ? got : "empty", l->negate ? "not " : "",
	    expr_wanted(r, x), step_found(r, x, got)));
}

enum verdict
step_wait_fn(struct run *r, const struct line *l)
{
	const struct expr *x = l->expr;
	const char *got = "";
	bool holds;
	int rc = expr_wait(r, x, step_num(r, "within"), &holds, &got);

	if (rc < 0)
		return (VERDICT_ERROR);
	if (holds)
		return (VERDICT_PASS);
	if (strcmp(x->probe->name, "held") == 0)
		return (run_error(r, "inconclusive: the fault never fired; no "
		    "request was held as '%s' within %s",
		    x->arg.text, step_str(r, "within")));
	if (strcmp(x->probe->name, "fired") == 0)
		return (run_error(r, "inconclusive: within %s the fault '%s' "
		    "fired %s times, wanted %s", step_str(r, "within"),
		    x->arg.text, got, expr_wanted(r, x)));
	step_broken(r, x);
	return (run_fail(r, "waited %s for %s %s; last seen: %s",
	    step_str(r, "within"), step_asked(r, x), expr_wanted(r, x),
	    *got != '\0' ? got : "empty"));
}

/* One round.  *fired: whether any of its faults did. */
static enum verdict
step_sweep_round(struct run *r, const struct line *l, bool *fired)
{
	struct step_args *a = step_args(r);
	size_t outer = a->swept, first = a->nrules;
	enum verdict v;
	int n = 0;

	a->swept = first;
	a->swept_set = a->swept_fired = 0;
	v = steps_run(r, l->block, l->nblock);
	if (v == VERDICT_PASS) {
		first = first < a->nrules ? first : a->nrules;
		n = step_fault_fired(r, first, a->nrules, NULL);
		if (n < 0 || step_fault_remove(r, first) < 0)
			v = VERDICT_ERROR;
		else if (a->swept_set == 0)
			v = run_error(r, "this block sets no fault");
	}
	*fired = n > 0 || a->swept_fired > 0;
	a->swept = outer;
	return (v);
}

enum verdict
step_sweep_fn(struct run *r, const struct line *l)
{
	const char *name = step_str(r, "name");
	int64_t max = step_num(r, "max");

	for (int64_t n = 1; n <= max; n++) {
		bool fired;
		enum verdict v;

		run_set(r, name, arena_printf(&r->arena, "%lld",
		    (long long)n));
		v = step_sweep_round(r, l, &fired);
		if (v != VERDICT_PASS) {
			r->why = arena_printf(&r->arena, "%s=%lld: %s", name,
			    (long long)n, r->why != NULL ? r->why : "");
			return (v);
		}
		r->line = l;
		run_log(r, "run", "sweep %s=%lld: %s", name, (long long)n,
		    fired ? "fired" : "did not fire, so all points are done");
		if (!fired && n == 1)
			return (run_error(r, "inconclusive: the fault of this "
			    "sweep never fired"));
		if (!fired)
			return (VERDICT_PASS);
	}
	return (run_error(r, "inconclusive: the fault still fires at %s=%lld; "
	    "raise max", name, (long long)max));
}
