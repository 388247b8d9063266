/* What goes in and what comes back: load and restore. */
#include "harness/replicator/restore.h"
#include "harness/script/steps.h"
#include "harness/workload/load.h"

enum verdict
step_load_fn(struct run *r, const struct line *l)
{
	struct load_opts o = {
		.workload = step_str(r, "workload"),
		.name = step_has(r, "as") ? step_str(r, "as") : NULL,
		.rows = step_num(r, "rows"),
		.payload = step_num(r, "payload"),
		.pace_us = step_num(r, "pace"),
		.via = step_str(r, "via"),
		.page_size = step_num(r, "page_size"),
		.auto_vacuum = step_str(r, "auto_vacuum"),
		.mmap = step_has(r, "mmap"),
		.db = restore_place(r, step_has(r, "db") ?
		    step_str(r, "db") : NULL),
	};

	(void)l;
	return (load_run(r, &o));
}

enum verdict
step_restore_fn(struct run *r, const struct line *l)
{
	int64_t parallelism = step_has(r, "parallelism") ?
	    step_num(r, "parallelism") : 0;
	const char *output = step_has(r, "output") ? step_str(r, "output") :
	    NULL;
	int64_t limit = step_num(r, "within");
	size_t n;
	char **flags = step_rest(r, "flag", &n);

	(void)l;
	if (step_has(r, "views") && (n > 0 || output != NULL ||
	    parallelism > 0))
		return (run_error(r, "restore views=N takes nothing else"));
	if (step_has(r, "views"))
		return (restore_views(r, step_num(r, "views")));
	if (step_has(r, "moments"))
		return (restore_moments(r, step_num(r, "moments"),
		    step_num(r, "from"), step_num(r, "last"),
		    step_num(r, "slack")));
	if (step_has(r, "places"))
		return (restore_places(r, step_num(r, "places")));
	if (!step_has(r, "machines"))
		return (restore_on_machine(r, output, parallelism, limit,
		    flags));
	if (output != NULL || n > 0)
		return (run_error(r, "restore machines=N chooses its outputs "
		    "and flags itself"));
	return (restore_many(r, step_num(r, "machines"), parallelism, limit));
}
