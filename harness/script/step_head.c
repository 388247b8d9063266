#include "harness/script/steps.h"

enum verdict
step_head_fn(struct run *r, const struct line *l)
{

	(void)r;
	(void)l;
	return (VERDICT_PASS);	/* script.c has taken it up */
}

enum verdict
step_phase_fn(struct run *r, const struct line *l)
{

	(void)l;
	r->phase = step_str(r, "title");
	return (VERDICT_PASS);
}

enum verdict
step_set_fn(struct run *r, const struct line *l)
{

	(void)l;
	run_set(r, step_str(r, "name"), step_str(r, "value"));
	return (VERDICT_PASS);
}
