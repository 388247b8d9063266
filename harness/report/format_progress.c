#include "harness/report/formats_int.h"

#include <stdlib.h>

#include "harness/replicator/replicators.h"
#include "harness/script/script.h"
#include "lib/clock.h"

#define CLEAR	FORMAT_CLEAR

static void
format_progress_line(FILE *f, const struct tally *t, const char *name)
{

	(void)fprintf(f, CLEAR "[%zu/%zu] %.0fs", t->done, t->planned,
	    (double)(clock_mono_us() - t->t0_us) / 1e6);
	if (t->failed + t->errors > 0)
		(void)fprintf(f, "  %zu not passed", t->failed + t->errors);
	if (name != NULL && t->running > 0)
		(void)fprintf(f, "  %s", name);
	if (name != NULL && t->running > 1)
		(void)fprintf(f, " and %zu more", t->running - 1);
	(void)fflush(f);
}

void
format_progress_job(FILE *f, const struct tally *t, const struct job *job)
{
	char *name = mem_printf("%s@%s", job->sc->name, job->rel->label);

	format_progress_line(f, t, name);
	free(name);
}

void
format_progress_result(FILE *f, const struct tally *t, const struct result *r)
{
	char *place;

	if (!t->shown && (r->verdict == VERDICT_FAIL ||
	    r->verdict == VERDICT_ERROR)) {
		place = report_place(r);
		(void)fprintf(f, CLEAR "%s %s\n    %s: %s\n",
		    verdict_name(r->verdict), r->id, place,
		    r->why != NULL ? r->why : "");
		if (r->dir != NULL)
			(void)fprintf(f, "    kept in %s\n", r->dir);
		free(place);
	}
	format_progress_line(f, t, NULL);
}

void
format_progress_end(FILE *f, const struct tally *t, const struct result *all)
{

	(void)t;
	(void)all;
	(void)fputs(CLEAR, f);
	(void)fflush(f);
}
