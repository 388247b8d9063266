#include "harness/explore/work.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/oracle/oracles.h"
#include "harness/run/emu.h"
#include "harness/run/proc.h"
#include "harness/run/run_int.h"
#include "harness/workload/ledger.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/str.h"

#define WORK_US		INT64_C(30000000)	/* a restore of a small database */
/* From this release on a restore can come by plain HTTP, without a token, which
 * halves what a point costs: 190 ms of processor time with the proxy, TLS and
 * the token, 94 ms without (0.5.12, 40 points of one history). */
#define PLAIN_SINCE	"0.3.10"
#define WORK_SAID	300			/* bytes of what it said */
#define WORK_LEDGER	(256 << 20)

/* A line of the ledger: `seq` was attempted (A), acknowledged (C), …; see
 * ledger.h. */
struct entry {
	char	kind;
	int64_t	seq, at_us;		/* wall clock */
	size_t	from, len;		/* the line, with its end */
};

struct work {
	struct run *run;
	const char *dir;		/* of this process alone */
	const char *key;
	int64_t	began_us;
	struct buf ledger;		/* the whole file, … */
	struct entry *entries;		/* … and its lines */
	size_t	nentries;
	struct arena a;			/* of one point */
};

/* ---- the ledger as it stood at a point ---- */

/* Once for all points: sscanf() looks for the end of all that follows, which
 * took more than the oracles did. */
static int
work_ledger(struct work *w, struct err *e)
{
	size_t room = 0;

	buf_init(&w->ledger, WORK_LEDGER);
	if (file_read(ledger_file(w->run->ledger), &w->ledger, e) != 0)
		return (-1);
	for (const char *s = w->ledger.p, *end; s != NULL &&
	    (end = strchr(s, '\n')) != NULL; s = end + 1) {
		struct entry x = { .kind = *s, .len = (size_t)(end + 1 - s),
		    .from = (size_t)(s - w->ledger.p) };
		char *rest;

		x.seq = strtoll(s + 1, &rest, 10);
		if (rest == s + 1 || *rest != ' ')
			continue;
		x.at_us = strtoll(rest, NULL, 10);
		if (w->nentries == room) {
			room = room > 0 ? 2 * room : 1024;
			w->entries = mem_realloc(w->entries, room *
			    sizeof(*w->entries));
		}
		w->entries[w->nentries++] = x;
	}
	return (0);
}

/* What had been attempted by then, as a ledger of its own.  What was
 * acknowledged is left out: whether that may be missing is not the oracles'
 * to say of a machine that is lost at any moment. */
static int
work_attempts(struct work *w, int64_t wall_us, const char *file,
    struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, WORK_LEDGER);
	for (const struct entry *x = w->entries; x < w->entries + w->nentries;
	    x++)
		if (x->kind != 'C' && x->at_us <= wall_us)
			buf_add(&b, w->ledger.p + x->from, x->len);
	rc = file_write(file, b.len > 0 ? b.p : "", b.len, 0600, e);
	buf_release(&b);
	return (rc);
}

/* How long before wall_us the oldest row beyond the frontier was acknowledged
 * that had been by then; 0: none had. */
static int64_t
work_lag(const struct work *w, int64_t wall_us, int64_t frontier)
{
	int64_t oldest = wall_us;

	for (const struct entry *x = w->entries; x < w->entries + w->nentries;
	    x++) {
		if (x->at_us > wall_us)
			continue;
		if (x->kind == 'R')
			oldest = wall_us;
		else if (x->kind == 'C' && x->seq > frontier &&
		    x->at_us < oldest)
			oldest = x->at_us;
	}
	return (wall_us - oldest);
}

/* ---- one point ---- */

/* The line of an output that says most: that of a panic, which is the first
 * of many, or the last one that has something in it. */
static const char *
work_said(struct work *w, const char *text)
{
	const char *panic = run_panic(text);
	size_t n = panic != NULL ? strcspn(panic, "\n") : strlen(text);

	if (panic != NULL)
		text = panic;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	for (const char *s = text; (s = memchr(s, '\n', n - (size_t)(s -
	    text))) != NULL; ) {
		s++;
		n -= (size_t)(s - text);
		text = s;
	}
	return (arena_strndup(&w->a, text, n < WORK_SAID ? n : WORK_SAID));
}

static int
work_restore(struct work *w, const char *view, const char *file,
    struct point *p, struct err *e)
{
	struct run *r = w->run;
	bool plain = release_compare(r->rel->version, PLAIN_SINCE) >= 0;
	const char *out, *err;
	bool late = false;
	struct proc_opts o = {
		.argv = (char *const []) {
			arena_strdup(&w->a, r->rel->path),
			arena_strdup(&w->a, "restore"),
			arena_strdup(&w->a, "-o"), arena_strdup(&w->a, file),
			arena_printf(&w->a, "%s://%s/%s", r->rel->rep->scheme,
			    view, r->path),
			NULL
		},
		.envp = (char *const []) {
			arena_strdup(&w->a, "PATH=/usr/local/bin:/usr/bin:/bin"),
			arena_printf(&w->a, "HOME=%s", w->dir),
			arena_printf(&w->a, "TMPDIR=%s", w->dir),
			arena_printf(&w->a, "%s=http://%s", plain ?
			    "STORAGE_EMULATOR_HOST" : "HTTPS_PROXY", plain ?
			    emu_http(r->emu) : emu_proxy(r->emu)),
			arena_printf(&w->a, "SSL_CERT_FILE=%s",
			    emu_ca(r->emu)),
			arena_printf(&w->a,
			    "GOOGLE_APPLICATION_CREDENTIALS=%s", w->key),
			/* A restore ends before there is much to collect:
			 * 15 points a second became 20 (0.5.12). */
			arena_strdup(&w->a, "GOGC=off"),
			arena_strdup(&w->a, "GOMAXPROCS=1"),
			NULL
		},
	};

	p->status = proc_run(&o, WORK_US, &w->a, &out, &err, &late, e);
	if (p->status < 0)
		return (-1);
	p->panic = run_panic(err) != NULL || run_panic(out) != NULL;
	if (p->status != 0)
		p->said = work_said(w, run_panic(out) != NULL || *err == '\0' ?
		    out : err);
	/* Of this machine, and nothing that was backed up. */
	if (p->status == 128 + SIGKILL || (p->said != NULL && strstr(p->said,
	    "no space left on device") != NULL))
		return (err_set(e, "a restore could not be made: %s",
		    *p->said != '\0' ? p->said : "it was killed"));
	return (0);
}

static int
work_judge(struct work *w, const char *file, struct point *p, struct err *e)
{
	const char *attempts = arena_printf(&w->a, "%s/ledger", w->dir);
	int64_t wall_us = w->began_us + p->at_us;
	struct restored x = { 0 };
	struct ledger *ledger;
	int rc;

	if (!file_exists(file)) {
		p->broken = "output: there is no file";
		return (0);
	}
	if (work_attempts(w, wall_us, attempts, e) != 0 ||
	    (ledger = ledger_open(attempts, e)) == NULL)
		return (-1);
	rc = oracles_judge(file, w->dir, ledger, 0, &w->a, &x, e);
	p->broken = x.why;
	p->frontier = x.rows;
	p->lag_us = work_lag(w, wall_us, x.rows);
	ledger_free(ledger);
	(void)unlink(attempts);
	return (rc);
}

/* Whatever else is where the output was to be. */
static const char *
work_litter(struct work *w, const char *dir, bool restored)
{
	DIR *d = opendir(dir);
	const char *found = NULL;
	struct dirent *ent;

	while (d != NULL && found == NULL && (ent = readdir(d)) != NULL)
		if (strcmp(ent->d_name, ".") != 0 &&
		    strcmp(ent->d_name, "..") != 0 &&
		    !(restored && strcmp(ent->d_name, "app.db") == 0))
			found = arena_strdup(&w->a, ent->d_name);
	if (d != NULL)
		(void)closedir(d);
	return (found);
}

/* In a two-time view listings are older than what is read. */
static int
work_list_earlier(struct work *w, const char *view, const struct point *p,
    struct err *e)
{

	return (emu_fault(w->run->emu, json_pack("{s:s, s:s, s:s, s:s, "
	    "s:{s:I}}", "kind", "stale", "on", "storage.objects.list",
	    "bucket", view, "times", "always", "args", "mutation",
	    (json_int_t)p->list_k), e));
}

static int
work_point(struct work *w, struct point *p, struct err *e)
{
	struct run *r = w->run;
	const char *view = arena_printf(&w->a, "explore-%" PRId64 "-%d", p->k,
	    (int)getpid());
	const char *dir = arena_printf(&w->a, "%s/restored", w->dir);
	const char *file = arena_printf(&w->a, "%s/app.db", dir);
	int rc, rule = 0;

	if (emu_view(r->emu, r->bucket, p->k, view, e) != 0)
		return (-1);
	if (p->list_k > 0)
		rule = work_list_earlier(w, view, p, e);
	rc = rule < 0 ? -1 : file_mkdirs(dir, 0700, e);
	if (rc == 0)
		rc = work_restore(w, view, file, p, e);
	if (rc == 0) {
		p->litter = work_litter(w, dir, p->status == 0);
		if (p->status == 0)
			rc = work_judge(w, file, p, e);
	}
	(void)file_remove_all(dir, NULL);
	if (rule > 0 && emu_fault_end(r->emu, rule, rc < 0 ? NULL : e) != 0)
		rc = -1;
	if (emu_view_delete(r->emu, view, rc < 0 ? NULL : e) != 0)
		rc = -1;
	p->tried = rc == 0;
	return (rc);
}

/* ---- processes ---- */

static int
work_put(const char *file, const json_t *j, struct err *e)
{
	char *s = json_dumps(j, JSON_COMPACT);
	int rc = file_write(file, s, strlen(s), 0600, e);

	free(s);
	return (rc);
}

/* Every `jobs`th of those that were picked, from the job's own on; the results
 * are one JSON array. */
static int
work_run(struct work *w, const struct points *ps, const bool *pick, int jobs,
    int job, struct err *e)
{
	json_auto_t *all = json_array();
	size_t nth = 0;

	for (size_t i = 0; i < ps->n; i++) {
		struct point p = ps->v[i];

		if (!pick[i] || nth++ % (size_t)jobs != (size_t)job)
			continue;
		if (work_point(w, &p, e) != 0)
			return (err_prefix(e, "after change %" PRId64, p.k));
		(void)json_array_append_new(all, point_to_json(&p));
		arena_reset(&w->a);
	}
	return (work_put(mem_printf("%s/points.json", w->dir), all, e));
}

/* In the child; does not return. */
static void
work_child(struct run *r, const struct points *ps, const bool *pick,
    int jobs, int job, const char *dir, int64_t began_us)
{
	struct work w = { .run = r, .dir = dir, .began_us = began_us };
	struct err e = ERR_INIT;
	int rc = -1;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	emu_forked(r->emu);
	w.key = emu_owner_key(r->emu, &e);
	if (w.key != NULL && work_ledger(&w, &e) == 0)
		rc = work_run(&w, ps, pick, jobs, job, &e);
	if (rc != 0)
		(void)file_write(mem_printf("%s/error", dir), err_msg(&e),
		    strlen(err_msg(&e)), 0600, NULL);
	_exit(rc == 0 ? 0 : 1);
}

static void
work_take(struct run *r, struct points *ps, const json_t *all)
{
	const json_t *j;
	size_t i, at = 0;

	json_array_foreach(all, i, j) {
		struct point p;

		if (point_from_json(&r->arena, j, &p) != 0)
			continue;
		while (at < ps->n && (ps->v[at].k != p.k ||
		    ps->v[at].list_k != p.list_k))
			at++;
		if (at < ps->n)
			ps->v[at] = p;
	}
}

static int
work_gather(struct run *r, struct points *ps, const char *dir, int status,
    struct err *e)
{
	json_t *all = json_load_file(arena_printf(&r->arena,
	    "%s/points.json", dir), 0, NULL);
	struct buf b;

	if (all != NULL) {
		work_take(r, ps, all);
		json_decref(all);
		return (0);
	}
	buf_init(&b, 1 << 16);
	(void)file_read(arena_printf(&r->arena, "%s/error", dir), &b, NULL);
	err_set(e, "cannot explore: %s (status %d)", b.len > 0 ? b.p :
	    "a process of the exploration died", status);
	buf_release(&b);
	return (-1);
}

int
work_points(struct run *r, struct points *ps, const bool *pick, int jobs,
    int64_t began_us, struct err *e)
{
	struct arena *a = &r->arena;
	pid_t *pids = arena_alloc(a, (size_t)jobs * sizeof(*pids));
	const char **dirs = arena_alloc(a, (size_t)jobs * sizeof(*dirs));
	int rc = 0;

	/* Made once, and not by each. */
	if (emu_owner_key(r->emu, e) == NULL)
		return (-1);
	for (int i = 0; i < jobs; i++) {
		dirs[i] = arena_printf(a, "%s/explore-%d", r->dir, i);
		pids[i] = -1;
		if (file_remove_all(dirs[i], e) != 0 ||
		    file_mkdirs(dirs[i], 0700, e) != 0)
			rc = -1;
		else if ((pids[i] = fork()) == 0)
			work_child(r, ps, pick, jobs, i, dirs[i], began_us);
		else if (pids[i] < 0)
			rc = err_setno(e, "cannot start a process");
	}
	for (int i = 0; i < jobs; i++) {
		int status = 0;

		while (pids[i] > 0 && waitpid(pids[i], &status, 0) < 0 &&
		    errno == EINTR)
			;
		if (pids[i] > 0 && rc == 0)
			rc = work_gather(r, ps, dirs[i], status, e);
		(void)file_remove_all(dirs[i], NULL);
	}
	for (size_t i = 0; rc == 0 && i < ps->n; i++)
		if (pick[i] && !ps->v[i].tried)
			rc = err_set(e, "cannot explore: what came back after "
			    "change %" PRId64 " was lost", ps->v[i].k);
	return (rc);
}
