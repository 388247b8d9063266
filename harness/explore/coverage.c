#include "harness/explore/coverage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/run/journal.h"
#include "harness/run/run.h"
#include "lib/str.h"

#define NOTE_MAX	64		/* of a kind, of a rule's name */

static const char *const phase_names[PHASES] = {
	"before", "inside", "after", "replied",
};

/* What every class of request is to be tried with, in the table's order;
 * others that fired follow. */
static const char *const wanted[] = {
	"lost", "crash", "held", "nested", "two-time", "status",
	"status outage", "drop", "reset", "lost-reply", "truncate", "stall",
	"corrupt", "expire-token",
};

#define BEFORE	(1U << PHASE_BEFORE)
#define INSIDE	(1U << PHASE_INSIDE)
#define AFTER	(1U << PHASE_AFTER)
#define REPLIED	(1U << PHASE_REPLIED)
#define ALL	(BEFORE | INSIDE | AFTER | REPLIED)

/* Why a cell need not, or cannot, be run; the first that fits, and where it has
 * no text the cell is to be run. */
static const struct reason {
	const char *fault, *what;	/* globs */
	unsigned phases;
	const char *text;
} reasons[] = {
	{ "two-time", "list", REPLIED, NULL },
	{ "two-time", "list", ALL, "it is what happens between the listing's "
	    "answer and the reads" },
	{ "two-time", "*", ALL, "only a listing is read together with what "
	    "comes later" },
	{ "lost", "list", ALL, "it changes no bucket: as after the change "
	    "before it" },
	{ "*", "get *", ALL, "it reads where files of its own are missing; "
	    "sweep-restore fails each read of a restore" },
	{ "*", "token", ALL, "once an hour and before all else: as before the "
	    "next request (outage-403-token has it refused)" },
	{ "nested", "list", ALL, "a recovery's reads change nothing: as before "
	    "its next change" },
	{ "held", "list", ALL, "killed in a read: as killed before the next "
	    "change" },
	{ "nested", "delete *", ALL, "no crash in between needs what is "
	    "deleted: `lost` restores after each delete" },
	{ "lost", "*", INSIDE, "the service keeps nothing of a body that broke "
	    "off: as before" },
	{ "crash", "*", INSIDE, "the service keeps nothing of a body that "
	    "broke off: as before" },
	{ "nested", "*", INSIDE, "the service keeps nothing of a body that "
	    "broke off: as before" },
	{ "held", "*", INSIDE, "the service keeps nothing of a body that "
	    "broke off: as before" },
	{ "lost-reply", "*", BEFORE | INSIDE, "not answered before the work, "
	    "or inside: drop and reset" },
	{ "nested", "insert snapshot", ALL, "a recovery that has come this far "
	    "is a session like others: crash" },
	{ "nested", "insert level 1", ALL, "a recovery that has come this far "
	    "is a session like others: crash" },
	{ "status*", "*", INSIDE, "an error status comes before the work or "
	    "after it" },
	{ "* outage", "*", INSIDE | AFTER, "again and again: as before the "
	    "work" },
	{ "status", "insert *", AFTER, "kept, and not told so: as lost-reply" },
	{ "drop", "*", AFTER, "not answered after the work: lost-reply" },
	{ "reset", "*", AFTER, "not answered after the work: lost-reply" },
	{ "drop", "*", INSIDE, "the same as reset, but for the last packet" },
	{ "reset", "insert *", INSIDE, NULL },
	{ "reset", "*", INSIDE, "the request has no body: truncate is "
	    "inside the answer" },
	{ "truncate", "*", BEFORE | AFTER, "it is about a body" },
	{ "truncate", "insert *", INSIDE, "half an answer to a write: as "
	    "lost-reply" },
	{ "stall", "*", BEFORE | AFTER, "it is about a body; hold stands "
	    "before and after" },
	{ "corrupt", "*", BEFORE | AFTER, "it is about a body" },
	{ "corrupt", "insert *", INSIDE, "the service answers for what it "
	    "keeps: at-rest-corrupt has it" },
	{ "corrupt", "list", INSIDE, "JSON with a wrong byte is half a JSON: "
	    "truncate" },
	{ "truncate", "delete *", INSIDE, "its answer has no body" },
	{ "stall", "delete *", INSIDE, "its answer has no body" },
	{ "corrupt", "delete *", INSIDE, "its answer has no body" },
	{ "expire-token", "*", BEFORE, "Google's clients keep a token until its "
	    "time is over, whatever is answered: nothing goes on" },
	{ "expire-token", "*", INSIDE | AFTER, "a token is looked at before "
	    "the work" },
	{ "*", "*", REPLIED, "the answer has gone: as before the next "
	    "request" },
};

/* ---- counting ---- */

static struct cell *
cell_of(struct coverage *c, const char *what, const char *fault)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].what, what) == 0 &&
		    strcmp(c->v[i].fault, fault) == 0)
			return (&c->v[i]);
	if (c->n == c->room) {
		struct cell *v;

		c->room = c->room > 0 ? 2 * c->room : 64;
		v = arena_alloc(c->a, c->room * sizeof(*v));
		if (c->n > 0)
			memcpy(v, c->v, c->n * sizeof(*v));
		c->v = v;
	}
	c->v[c->n] = (struct cell){ .what = arena_strdup(c->a, what),
	    .fault = arena_strdup(c->a, fault) };
	return (&c->v[c->n++]);
}

/* ---- from a journal ---- */

/* One rule of "3:hold=upload@before,4:drop@after"; where the next begins. */
static const char *
note_one(struct coverage *c, const char *what, const char *s)
{
	char kind[NOTE_MAX] = "", as[NOTE_MAX] = "", at[NOTE_MAX] = "";
	const char *end = s + strcspn(s, ","), *fault = kind;
	enum phase phase = PHASE_BEFORE;

	/* A rule's name may hold an `@`, no kind does: from the last one. */
	if (sscanf(s, "%*[^:]:%63[^=@,]", kind) == 1) {
		const char *name = memchr(s, '=', (size_t)(end - s));
		const char *place = end;

		while (place > s && *place != '@')
			place--;
		(void)snprintf(at, sizeof(at), "%.*s", (int)(end - place),
		    place);
		if (name != NULL && place > name)
			(void)snprintf(as, sizeof(as), "%.*s", (int)(place -
			    name - 1), name + 1);
		phase = strcmp(at, "@body") == 0 ? PHASE_INSIDE :
		    strcmp(at, "@after") == 0 ? PHASE_AFTER : PHASE_BEFORE;
		if (strcmp(kind, "hold") == 0)
			fault = str_starts(as, FREEZE_NAME "-") ? "crash" : "held";
		else if (strcmp(as, "outage") == 0)
			fault = arena_printf(c->a, "%s outage", kind);
		cell_of(c, what, fault)->n[phase]++;
	}
	return (*end == ',' ? end + 1 : end);
}

struct reader {
	struct coverage *c;
	const char *bucket, *path, *owner;
};

static void
read_line(void *arg, const json_t *line)
{
	const struct reader *x = arg;
	const char *api = journal_str(line, "api"), *what;

	if (strcmp(api, "oauth.token") == 0)
		what = str_ends(journal_str(line, "principal"), x->owner) ? NULL :
		    "token";
	else if (!str_starts(api, "storage.objects.") ||
	    strcmp(journal_str(line, "bucket"), x->bucket) != 0)
		what = NULL;
	else if (strcmp(api, "storage.objects.list") == 0)
		what = "list";
	else
		what = points_class(x->c->a, api, x->path,
		    journal_str(line, "object"));
	/* Refused before its name was read: whoever the caller was. */
	if (what == NULL || (*journal_str(line, "object") == '\0' &&
	    str_starts(what, "insert ")))
		return;
	/* It is there, even where nothing went wrong with it. */
	(void)cell_of(x->c, what, wanted[0]);
	for (const char *s = journal_str(line, "fault"); *s != '\0'; )
		s = note_one(x->c, what, s);
}

int
coverage_journal(struct coverage *c, const char *journal, const char *bucket,
    const char *path, const char *owner, struct err *e)
{
	struct reader x = { c, bucket, path, owner };

	return (journal_lines(journal, read_line, &x, e));
}

/* ---- from points ---- */

void
coverage_points(struct coverage *c, const struct explored *x)
{
	const struct point *before = NULL;

	for (size_t i = 0; i < x->lost.n; i++) {
		const struct point *p = &x->lost.v[i];
		struct cell *cell = cell_of(c, p->what, "lost");

		cell->n[PHASE_BEFORE] += before != NULL && before->tried;
		cell->n[PHASE_AFTER] += p->tried;
		cell->n[PHASE_REPLIED] += p->tried;
		before = p;
	}
	for (size_t i = 0; i < x->twos.n; i++)
		cell_of(c, "list", "two-time")->n[PHASE_REPLIED] +=
		    x->twos.v[i].tried;
	for (size_t i = 0; i < x->nested.n; i++) {
		const char *s = x->nested.v[i].what;
		bool after = str_starts(s, POINT_AGAIN "after ");

		if (x->nested.v[i].tried)
			cell_of(c, s + strlen(after ? POINT_AGAIN "after " :
			    POINT_AGAIN "before "), "nested")->n[after ?
			    PHASE_AFTER : PHASE_BEFORE]++;
	}
}

/* ---- as JSON ---- */

json_t *
coverage_to_json(const struct coverage *c)
{
	json_t *all = json_array();

	for (size_t i = 0; i < c->n; i++) {
		const int64_t *n = c->v[i].n;

		(void)json_array_append_new(all, json_pack("{s:s, s:s, "
		    "s:[I, I, I, I]}", "class", c->v[i].what, "fault",
		    c->v[i].fault, "tried", (json_int_t)n[0],
		    (json_int_t)n[1], (json_int_t)n[2], (json_int_t)n[3]));
	}
	return (all);
}

void
coverage_add_json(struct coverage *c, const json_t *all)
{
	const json_t *j;
	size_t i;

	json_array_foreach(all, i, j) {
		const char *what, *fault;
		json_int_t n[PHASES];
		struct cell *cell;

		if (json_unpack((json_t *)(uintptr_t)j, "{s:s, s:s, s:[I, I, "
		    "I, I]}", "class", &what, "fault", &fault, "tried", &n[0],
		    &n[1], &n[2], &n[3]) != 0)
			continue;
		cell = cell_of(c, what, fault);
		for (int p = 0; p < PHASES; p++)
			cell->n[p] += n[p];
	}
}

/* ---- the table ---- */

static const struct reason *
reason_of(const struct cell *cell, enum phase p)
{

	for (size_t i = 0; i < NELEMS(reasons); i++)
		if ((reasons[i].phases & (1U << p)) != 0 &&
		    str_glob(reasons[i].fault, cell->fault) &&
		    str_glob(reasons[i].what, cell->what))
			return (reasons[i].text != NULL ? &reasons[i] : NULL);
	return (NULL);
}

static int
by_place(const void *x, const void *y)
{
	const struct cell *const *a = x, *const *b = y;
	size_t i = 0, j = 0;
	int rc = strcmp((*a)->what, (*b)->what);

	while (i < NELEMS(wanted) && strcmp(wanted[i], (*a)->fault) != 0)
		i++;
	while (j < NELEMS(wanted) && strcmp(wanted[j], (*b)->fault) != 0)
		j++;
	return (rc != 0 ? rc : i != j ? (i > j) - (i < j) :
	    strcmp((*a)->fault, (*b)->fault));
}

/* Each class with each fault that is wanted, in order. */
static struct cell **
cells_sorted(struct coverage *c)
{
	size_t seen = c->n;
	struct cell **v;

	for (size_t i = 0; i < seen; i++)
		for (size_t j = 0; j < NELEMS(wanted); j++)
			(void)cell_of(c, c->v[i].what, wanted[j]);
	v = arena_alloc(c->a, (c->n + 1) * sizeof(struct cell *));
	for (size_t i = 0; i < c->n; i++)
		v[i] = &c->v[i];
	if (c->n > 0)
		qsort(v, c->n, sizeof(struct cell *), by_place);
	return (v);
}

/* The reasons that are needed, in the order in which they came up. */
struct legend {
	const struct reason *v[NELEMS(reasons)];
	size_t	n;
};

/* One number for all reasons with the same text. */
static size_t
legend_of(struct legend *l, const struct reason *r)
{

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i]->text, r->text) == 0)
			return (i + 1);
	l->v[l->n++] = r;
	return (l->n);
}

size_t
coverage_table(struct buf *b, struct coverage *c)
{
	struct cell **v = cells_sorted(c);
	struct legend l = { .n = 0 };
	size_t left = 0, run = 0, why = 0;
	const char *what = "";

	buf_addf(b, "%-20s %-15s", "request", "fault");
	for (int p = 0; p < PHASES; p++)
		buf_addf(b, " %8s", phase_names[p]);
	buf_addc(b, '\n');
	for (size_t i = 0; i < c->n; i++) {
		buf_addf(b, "%-20s %-15s", strcmp(v[i]->what, what) != 0 ?
		    v[i]->what : "", v[i]->fault);
		what = v[i]->what;
		for (enum phase p = 0; p < PHASES; p++) {
			const struct reason *r = reason_of(v[i], p);

			run += v[i]->n[p] > 0;
			if (v[i]->n[p] > 0)
				buf_addf(b, " %8" PRId64, v[i]->n[p]);
			else if (r != NULL)
				buf_addf(b, "     (%2zu)", legend_of(&l, r));
			else
				buf_addf(b, " %8s", "left");
			why += v[i]->n[p] == 0 && r != NULL;
			left += v[i]->n[p] == 0 && r == NULL;
		}
		buf_addc(b, '\n');
	}
	for (size_t i = 0; i < l.n; i++)
		buf_addf(b, "(%2zu) %s\n", i + 1, l.v[i]->text);
	buf_addf(b, "%zu cells were run, %zu need not or cannot be, %zu are "
	    "left\n", run, why, left);
	return (left);
}
