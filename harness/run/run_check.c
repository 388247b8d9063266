/* What makes a drill conclusive: its faults fired, its loads wrote, and the
 * system under test reached the cloud as production does: CONNECT, a token of
 * its own, a bearer with every storage request. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/findings.h"
#include "harness/run/emu.h"
#include "harness/run/journal.h"
#include "harness/run/run_int.h"
#include "harness/script/needs.h"
#include "harness/script/probes.h"
#include "harness/script/script.h"
#include "harness/script/steps.h"
#include "harness/workload/ledger.h"
#include "harness/workload/load.h"
#include "lib/file.h"
#include "lib/str.h"

#define RUN_CONN_MAX	(1 << 24)	/* a drill has some hundreds */

/* What the journal says of the system under test. */
struct way_in {
	struct run *run;
	int64_t	lines;
	/* Of the first, without the owner's; 0: none.  A line is written when
	 * its answer has gone, so that those of a token and of its first use
	 * may change places: what counts is the number, given at arrival. */
	int64_t	granted, used;
	const char *use;
	bool	*tunnel;	/* by number of connection: a CONNECT began it */
	size_t	ntunnel;
	const char *wrong;	/* the first request that came another way */
};

const struct finding *
run_finding(struct run *r, const char **text)
{
	const struct finding *f = r->exec_err == NULL ? NULL :
	    finding_of_output(r->exec_err);

	if (f != NULL)
		*text = f->text;
	else if (r->emu != NULL)
		f = finding_of_journal(run_journal(r), emu_owner(r->emu),
		    &r->arena, text);
	return (f);
}

static void
way_in_tunnel(struct way_in *w, int64_t conn)
{

	if (conn < 0 || conn > RUN_CONN_MAX)
		return;
	while (w->ntunnel <= (size_t)conn) {
		size_t n = w->ntunnel > 0 ? w->ntunnel * 2 : 64;

		w->tunnel = mem_realloc(w->tunnel, n);
		memset(w->tunnel + w->ntunnel, 0, n - w->ntunnel);
		w->ntunnel = n;
	}
	w->tunnel[conn] = true;
}

static const char *
way_in_name(struct run *r, const json_t *line, const char *how)
{

	return (arena_printf(&r->arena, "request %lld, %s %s/%s, came %s",
	    (long long)json_integer_value(json_object_get(line, "n")),
	    journal_str(line, "api"), journal_str(line, "bucket"),
	    journal_str(line, "object"), how));
}

static void
way_in_line(void *arg, const json_t *line)
{
	struct way_in *w = arg;
	struct run *r = w->run;
	const char *api = journal_str(line, "api");
	const char *principal = journal_str(line, "principal");
	const char *via = journal_str(line, "via");
	int64_t status = json_integer_value(json_object_get(line, "status"));
	int64_t conn = json_integer_value(json_object_get(line, "conn"));
	int64_t n = json_integer_value(json_object_get(line, "n"));
	const char *how = NULL;

	w->lines++;
	if (strcmp(api, "emulator.connect") == 0 && status == 200)
		way_in_tunnel(w, conn);
	if (str_ends(principal, emu_owner(r->emu)))
		return;
	if (strcmp(api, "oauth.token") == 0 && status == 200 &&
	    strcmp(via, "proxy") == 0 && (w->granted == 0 || n < w->granted))
		w->granted = n;
	if (!str_starts(api, "storage."))
		return;
	if (strcmp(via, "proxy") != 0)
		how = "by plain HTTP";
	else if (conn < 0 || (size_t)conn >= w->ntunnel || !w->tunnel[conn])
		how = "without a CONNECT";
	else if (strcmp(journal_str(line, "auth"), "none") == 0 &&
	    (status != 0 || json_integer_value(json_object_get(line,
	    "mutation")) != 0))
		/* one that a black hole took in was not even looked at */
		how = "without an Authorization header";
	if (w->wrong == NULL && how != NULL)
		w->wrong = way_in_name(r, line, how);
	if (w->used == 0 || n < w->used) {
		w->used = n;
		w->use = way_in_name(r, line, "with no token granted to it "
		    "before");
	}
}

static enum verdict
run_check_way_in(struct run *r)
{
	struct way_in w = { .run = r };
	struct err e = ERR_INIT;
	int rc = journal_lines(run_journal(r), way_in_line, &w, &e);

	free(w.tunnel);
	if (rc != 0) {
		(void)run_error(r, "%s", err_msg(&e));
		err_release(&e);
		return (VERDICT_ERROR);
	}
	r->requests = w.lines;
	if (w.wrong == NULL && w.used != 0 &&
	    (w.granted == 0 || w.granted > w.used))
		w.wrong = w.use;
	if (w.wrong != NULL)
		return (run_error(r, "not as in production: %s", w.wrong));
	return (VERDICT_PASS);
}

/* Is there a line of this step, or (NULL) of any that does something, whose
 * conditions hold? */
static bool
lines_have(const struct run *r, const struct line *l, size_t n,
    const char *step)
{

	for (size_t i = 0; i < n; i++) {
		const char *name = l[i].step->name;
		bool holds = !l[i].step->header;

		for (size_t k = 0; holds && k < l[i].nconds; k++)
			holds = need_holds(&l[i].conds[k], r->rel);
		if (!holds)
			continue;
		if (step != NULL ? strcmp(name, step) == 0 :
		    strcmp(name, "phase") != 0 && strcmp(name, "set") != 0)
			return (true);
		if (lines_have(r, l[i].block, l[i].nblock, step))
			return (true);
	}
	return (false);
}

/* What a release without Cloud Storage cannot be asked: the first word of the
 * lines whose conditions hold that only the emulator can do or answer. */
static const char *
lines_want_cloud(const struct run *r, const struct line *l, size_t n)
{
	static const char *const cloudy[] = { "cloud", "clock", "damage", "fault",
	    "release", "shell" };
	const char *word = NULL;

	for (size_t i = 0; word == NULL && i < n; i++) {
		bool holds = !l[i].step->header;

		for (size_t k = 0; holds && k < l[i].nconds; k++)
			holds = need_holds(&l[i].conds[k], r->rel);
		for (size_t k = 0; holds && k < NELEMS(cloudy); k++)
			if (strcmp(l[i].step->name, cloudy[k]) == 0)
				word = cloudy[k];
		if (holds && l[i].expr != NULL &&
		    l[i].expr->probe->source == PROBE_EMULATOR)
			word = l[i].expr->probe->name;
		if (holds && word == NULL)
			word = lines_want_cloud(r, l[i].block, l[i].nblock);
	}
	return (word);
}

enum verdict
run_check_replica(struct run *r)
{
	const char *word;

	if (r->rel->rep->gcs)
		return (VERDICT_PASS);
	if (r->sc->nlines > 0 && !lines_have(r, r->sc->lines, r->sc->nlines,
	    "provision"))
		return (run_skip(r, "Litestream %s has no Cloud Storage, and "
		    "this drill provisions no backup", r->rel->version));
	word = lines_want_cloud(r, r->sc->lines, r->sc->nlines);
	if (word != NULL)
		return (run_skip(r, "Litestream %s has no Cloud Storage, "
		    "which '%s' is about", r->rel->version, word));
	return (VERDICT_PASS);
}

/* Lines `C SEQ …` of the ledger's file, of all epochs. */
static int64_t
ledger_acknowledged(struct run *r)
{
	FILE *f = fopen(ledger_file(r->ledger), "re");
	int64_t n = 0;
	char *line = NULL;
	size_t room = 0;

	while (f != NULL && getline(&line, &room, f) > 0)
		n += line[0] == 'C';
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return (n);
}

const char *
run_panic(const char *text)
{
	static const char *const words[] = { "panic: ", "fatal error: ",
	    "unexpected fault address " };

	for (const char *s = text; s != NULL && *s != '\0';
	    s = (s = strchr(s, '\n')) != NULL ? s + 1 : NULL)
		for (size_t i = 0; i < NELEMS(words); i++)
			if (str_starts(s, words[i]))
				return (s);
	return (NULL);
}

/* A program that panicked is broken whatever else it did: the line that says
 * so in what a process of the machine printed, or NULL.  An exploration judges
 * each restore that `wait synced` tried, and more of them. */
static const char *
check_panic(struct run *r)
{
	DIR *d = opendir(r->opts->out);
	const struct dirent *ent;
	const char *found = NULL;

	while (d != NULL && found == NULL && (ent = readdir(d)) != NULL) {
		char *line = NULL;
		size_t room = 0;
		FILE *f = !str_ends(ent->d_name, ".log") ||
		    (r->opts->explore != NULL && strcmp(ent->d_name,
		    "synced.log") == 0) ? NULL : fopen(
		    arena_printf(&r->arena, "%s/%s", r->opts->out,
		    ent->d_name), "re");

		while (f != NULL && found == NULL &&
		    getline(&line, &room, f) > 0)
			if (run_panic(line) == line)
				found = arena_printf(&r->arena, "%s: %.*s",
				    ent->d_name, (int)strcspn(line, "\n"),
				    line);
		free(line);
		if (f != NULL)
			(void)fclose(f);
	}
	if (d != NULL)
		(void)closedir(d);
	return (found);
}

enum verdict
run_check(struct run *r)
{
	const char *panic;
	enum verdict v;

	if (r->sc->nlines > 0 &&
	    !lines_have(r, r->sc->lines, r->sc->nlines, NULL))
		return (run_error(r, "inconclusive: with this release no line "
		    "of the drill has its conditions met"));
	if (lines_have(r, r->sc->lines, r->sc->nlines, "load") &&
	    ledger_acknowledged(r) == 0)
		return (run_error(r, "inconclusive: no load has had a single "
		    "commit acknowledged"));
	/* A writer in the background that failed, and that nobody stopped. */
	if (r->loads != NULL && (v = loads_check(r)) != VERDICT_PASS)
		return (v);
	if ((v = step_fault_check(r)) != VERDICT_PASS)
		return (v);
	if ((panic = check_panic(r)) != NULL) {
		r->property = "panic";
		return (run_fail(r, "a program panicked: %s", panic));
	}
	return (run_check_way_in(r));
}
