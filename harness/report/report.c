#include "harness/report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/report/formats_int.h"
#include "harness/script/diag.h"
#include "lib/clock.h"

struct report_out {
	const struct format *format;
	FILE	*f;
	char	*path;			/* NULL: a standard stream */
	char	*tmp;			/* beside it; NULL: written in place */
};

struct report {
	struct report_out *outs;
	size_t	nouts;
	struct result *all;		/* in order of completion; owned */
	size_t	room;
	struct tally t;
	struct arena arena;
};

static int
report_open(struct report_out *o, const char *spec, struct err *e)
{
	const char *names[8], *eq = strchr(spec, '=');
	char *name = mem_strndup(spec, eq != NULL ? (size_t)(eq - spec) :
	    strlen(spec));
	struct stat st;
	size_t n = 0;

	o->format = format_find(name);
	if (o->format == NULL) {
		struct buf b;

		for (const struct format *f = formats; f->name != NULL; f++)
			names[n++] = f->name;
		buf_init(&b, 4096);
		diag_unknown_text(&b, "report format", name, names, n);
		(void)err_set(e, "%s", b.p);
		buf_release(&b);
		free(name);
		return (-1);
	}
	free(name);
	if (o->format->terminal || eq == NULL) {
		o->f = o->format->terminal ? stderr : stdout;
		return (eq == NULL ? 0 : err_set(e, "the format %s cannot go "
		    "to a file", o->format->name));
	}
	if (eq[1] == '\0')
		return (err_set(e, "the report %s has no file name", spec));
	o->path = mem_strdup(eq + 1);
	/* A device or a pipe is written to, never replaced by a file. */
	if (stat(o->path, &st) != 0 || S_ISREG(st.st_mode))
		o->tmp = mem_printf("%s.part", o->path);
	o->f = fopen(o->tmp != NULL ? o->tmp : o->path, "we");
	return (o->f != NULL ? 0 : err_setno(e, "cannot write the report %s",
	    o->path));
}

static void
report_free(struct report *rp)
{

	for (size_t i = 0; i < rp->nouts; i++) {
		struct report_out *o = &rp->outs[i];

		if (o->path != NULL && o->f != NULL)
			(void)fclose(o->f);
		if (o->tmp != NULL && o->f != NULL)
			(void)unlink(o->tmp);
		free(o->path);
		free(o->tmp);
	}
	free(rp->outs);
	free(rp->all);
	arena_release(&rp->arena);
	free(rp);
}

struct report *
report_new(const char *const *specs, size_t planned, uint64_t seed,
    struct err *e)
{
	struct report *rp = mem_alloc(sizeof(*rp));
	size_t n = 0, onto_stdout = 0;

	while (specs[n] != NULL)
		n++;
	rp->outs = mem_alloc((n + 1) * sizeof(*rp->outs));
	rp->t.planned = planned;
	rp->t.seed = seed;
	rp->t.t0_us = clock_mono_us();
	for (size_t i = 0; i < n; i++) {
		int rc = report_open(&rp->outs[rp->nouts++], specs[i], e);

		if (rc == 0 && rp->outs[i].f == stdout && ++onto_stdout > 1)
			rc = err_set(e, "only one report can go to stdout: "
			    "write %s=FILE", specs[i]);
		if (rc != 0) {
			report_free(rp);
			return (NULL);
		}
	}
	for (size_t i = 0; i < n; i++)
		if (rp->outs[i].f == stdout &&
		    rp->outs[i].format->result != NULL)
			rp->t.shown = isatty(STDOUT_FILENO);
	for (size_t i = 0; i < n; i++)
		if (rp->outs[i].format->begin != NULL)
			rp->outs[i].format->begin(rp->outs[i].f, &rp->t);
	return (rp);
}

/* Empties the line of progress, where another report is to write. */
static void
report_clear(const struct report *rp)
{

	for (size_t i = 0; rp->t.shown && i < rp->nouts; i++)
		if (rp->outs[i].format->terminal) {
			(void)fputs(FORMAT_CLEAR, rp->outs[i].f);
			(void)fflush(rp->outs[i].f);
		}
}

void
report_begin_job(void *arg, const struct job *job)
{
	struct report *rp = arg;

	rp->t.running++;
	for (size_t i = 0; i < rp->nouts; i++)
		if (rp->outs[i].format->job != NULL)
			rp->outs[i].format->job(rp->outs[i].f, &rp->t, job);
}

static void
report_keep(struct report *rp, const struct result *r)
{
	const char **strings[] = {
		&rp->all[rp->t.done].id, &rp->all[rp->t.done].scenario,
		&rp->all[rp->t.done].release, &rp->all[rp->t.done].title,
		&rp->all[rp->t.done].file, &rp->all[rp->t.done].why,
		&rp->all[rp->t.done].phase, &rp->all[rp->t.done].text,
		&rp->all[rp->t.done].isolation, &rp->all[rp->t.done].dir,
		&rp->all[rp->t.done].finding,
		&rp->all[rp->t.done].known_bug,
		&rp->all[rp->t.done].property,
	};

	rp->all[rp->t.done] = *r;
	for (size_t i = 0; i < NELEMS(strings); i++)
		if (*strings[i] != NULL)
			*strings[i] = arena_strdup(&rp->arena, *strings[i]);
}

void
report_result(void *arg, const struct result *r)
{
	struct report *rp = arg;
	struct tally *t = &rp->t;

	if (t->done == rp->room) {
		rp->room = rp->room > 0 ? 2 * rp->room : 64;
		rp->all = mem_realloc(rp->all, rp->room * sizeof(*rp->all));
	}
	report_keep(rp, r);
	t->done++;
	t->running -= t->running > 0;
	switch (r->verdict) {
	case VERDICT_PASS:
		t->passed++;
		break;
	case VERDICT_FAIL:
		t->failed++;
		break;
	case VERDICT_ERROR:
		t->errors++;
		break;
	case VERDICT_SKIP:
		t->skipped++;
		break;
	}
	report_clear(rp);
	for (size_t i = 0; i < rp->nouts; i++)
		if (rp->outs[i].format->result != NULL)
			rp->outs[i].format->result(rp->outs[i].f, t,
			    &rp->all[t->done - 1]);
}

static int
report_close(struct report_out *o, struct err *e)
{
	bool bad;

	if (o->path == NULL)
		return (fflush(o->f) == 0 && !ferror(o->f) ? 0 :
		    err_setno(e, "cannot write the report"));
	bad = ferror(o->f) != 0;
	bad = fclose(o->f) != 0 || bad;
	o->f = NULL;
	if (bad || (o->tmp != NULL && rename(o->tmp, o->path) != 0)) {
		(void)err_setno(e, "cannot write the report %s", o->path);
		if (o->tmp != NULL)
			(void)unlink(o->tmp);
		return (-1);
	}
	return (0);
}

int
report_end(struct report *rp, struct err *e)
{
	const struct tally *t = &rp->t;
	int rc = t->errors > 0 || t->done < t->planned ? 2 :
	    t->failed > 0 ? 1 : 0;

	report_clear(rp);
	for (size_t i = 0; i < rp->nouts; i++) {
		struct report_out *o = &rp->outs[i];

		if (o->format->end != NULL)
			o->format->end(o->f, t, rp->all);
		if (report_close(o, e) != 0)
			rc = 2;
	}
	report_free(rp);
	return (rc);
}

char *
report_sum(const struct report *rp)
{
	const struct tally *t = &rp->t;

	return (mem_printf("%zu passed, %zu failed, %zu skipped%s in %.1f s",
	    t->passed, t->failed + t->errors, t->skipped,
	    t->done < t->planned ? ", the rest not run" : "",
	    (double)(clock_mono_us() - t->t0_us) / 1e6));
}

char *
report_place(const struct result *r)
{
	const char *file = r->file != NULL ? r->file : "?";

	if (r->line <= 0)
		return (mem_strdup(file));
	return (mem_printf("%s:%d:%d", file, r->line, r->col));
}

char *
report_measures(const struct result *r)
{
	struct buf b;

	buf_init(&b, 256);
	if (r->rpo_rows >= 0)
		buf_addf(&b, "rpo=%lld", (long long)r->rpo_rows);
	if (r->rpo_rows > 0 && r->rpo_us >= 0)
		buf_addf(&b, " age=%.3fs", (double)r->rpo_us / 1e6);
	if (r->rto_us >= 0)
		buf_addf(&b, "%srto=%.3fs", b.len > 0 ? " " : "",
		    (double)r->rto_us / 1e6);
	return (buf_detach(&b));
}
