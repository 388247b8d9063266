/* The parser: lines, blocks, headers.  Each line is checked as soon as it is
 * read (check.c), mistakes are told in the order of the file, and reading goes
 * on behind each, so that one run shows them all. */
#include "harness/script/script.h"

#include <stdlib.h>
#include <string.h>

#include "harness/script/lex.h"
#include "harness/script/needs.h"
#include "harness/script/script_int.h"
#include "harness/script/steps.h"
#include "lib/file.h"
#include "lib/str.h"

#define SCRIPT_FILE_MAX	(1u << 20)
#define SCRIPT_LINE_MAX	(64u << 10)
#define SCRIPT_DEPTH	8

struct lines {
	struct line *v;
	size_t	n, room;
};

/* The next line, without its end and the blanks around it; false at the end
 * of the file.  raw: as it stands. */
static bool
script_next(struct parse *p, const char **line, size_t *n, bool raw)
{
	const char *s = p->text + p->off, *nl;
	size_t blanks;

	if (p->off >= p->n)
		return (false);
	nl = memchr(s, '\n', p->n - p->off);
	*n = nl != NULL ? (size_t)(nl - s) : p->n - p->off;
	p->off += *n + 1;
	p->at.line++;
	p->at.col = 1;
	*line = s;
	if (*n > SCRIPT_LINE_MAX) {
		diag_error(&p->d, &p->at, "this line is longer than 64 KiB");
		*n = 0;
	}
	blanks = lex_blanks(s, *n);
	p->indent = 0;
	for (size_t i = 0; i < blanks; i++)
		p->indent += s[i] == '\t' ? 8 - p->indent % 8 : 1;
	if (raw)
		return (true);
	*line += blanks;
	*n -= blanks;
	p->at.col += (int)blanks;
	while (*n > 0 && ((*line)[*n - 1] == ' ' || (*line)[*n - 1] == '\t'))
		--*n;
	return (true);
}

static struct line *
script_add(struct lines *l)
{

	if (l->n == l->room) {
		l->room = l->room > 0 ? 2 * l->room : 16;
		l->v = mem_realloc(l->v, l->room * sizeof(*l->v));
	}
	memset(&l->v[l->n], 0, sizeof(*l->v));
	return (&l->v[l->n++]);
}

/* ---- lines ---- */

/* `[cond] [cond] …` at the start of *s. */
static void
script_conds(struct parse *p, struct line *l, struct place *at,
    const char **s, size_t *n)
{
	struct cond *v = NULL;

	while (*n > 0 && **s == '[') {
		const char *end = memchr(*s, ']', *n);
		struct err e = ERR_INIT;
		struct cond *more;
		size_t len;

		if (end == NULL) {
			diag_error(&p->d, at, "'[' without ']'");
			*n = 0;
			return;
		}
		more = arena_alloc(&p->sc->arena,
		    (l->nconds + 1) * sizeof(*more));
		if (l->nconds > 0)
			memcpy(more, v, l->nconds * sizeof(*more));
		v = more;
		len = (size_t)(end - *s);
		at->col++;
		if (need_parse(&p->sc->arena, arena_strndup(&p->sc->arena,
		    *s + 1, len - 1), &v[l->nconds], &e) != 0)
			diag_error(&p->d, at, "%s", err_msg(&e));
		else
			l->nconds++;
		err_release(&e);
		at->col += (int)len;
		*s += len + 1;
		*n -= len + 1;
		len = lex_blanks(*s, *n);
		at->col += (int)len;
		*s += len;
		*n -= len;
	}
	l->conds = v;
}

static bool
script_opens(const struct line *l)
{

	return (l->nwords > 0 && !l->words[l->nwords - 1].quoted &&
	    strcmp(l->words[l->nwords - 1].text, "{") == 0);
}

/* Is this line just a `}` (and a comment)? */
static bool
script_closes(const char *s, size_t n)
{
	size_t b;

	if (n == 0 || s[0] != '}')
		return (false);
	b = lex_blanks(s + 1, n - 1);
	return (1 + b == n || (b > 0 && s[1 + b] == '#'));
}

/* The text up to a line that is just `}` and stands no deeper than the line
 * that opened the block: what is inside may hold such lines of its own, as
 * long as they are indented. */
static void
script_raw(struct parse *p, struct line *l, size_t indent)
{
	size_t start = p->off, stop, n, b;
	const char *s;

	l->raw_at = p->at;
	l->raw_at.line++;
	l->raw_at.col = 1;
	while (stop = p->off, script_next(p, &s, &n, true)) {
		b = lex_blanks(s, n);
		while (n > b && (s[n - 1] == ' ' || s[n - 1] == '\t'))
			n--;
		if (p->indent <= indent && script_closes(s + b, n - b)) {
			l->raw = arena_strndup(&p->sc->arena,
			    p->text + start, stop - start);
			return;
		}
	}
	diag_error(&p->d, &l->at, "this block is not closed: a line that is "
	    "just '}', no deeper than this one, ends it");
	l->raw = "";
}

static void	script_lines(struct parse *, struct line *opener, int depth,
	    struct lines *);

static void
script_block(struct parse *p, struct line *l, int depth)
{
	struct place at = l->words[l->nwords].at;
	enum step_block kind = l->step != NULL ? l->step->block :
	    STEP_RAW_BLOCK;
	struct lines inner = { NULL, 0, 0 };

	if (kind == STEP_NO_BLOCK)
		diag_error(&p->d, &at, "'%s' takes no block; write \"{\" "
		    "where the brace is meant", l->step->name);
	else if (depth == SCRIPT_DEPTH)
		diag_error(&p->d, &at, "blocks are nested deeper than %d",
		    SCRIPT_DEPTH);
	if (kind != STEP_LINES || depth >= SCRIPT_DEPTH) {
		script_raw(p, l, p->indent);
		return;
	}
	script_lines(p, l, depth + 1, &inner);
	l->nblock = inner.n;
	if (inner.n > 0)
		l->block = arena_dup(&p->sc->arena, inner.v,
		    inner.n * sizeof(*inner.v));
	else
		diag_error(&p->d, &at, "this block is empty");
	free(inner.v);
}

static void
script_step(struct parse *p, struct line *l)
{
	const char *names[128];
	const struct word *w = &l->words[0];
	size_t n = 0;

	l->step = w->quoted ? NULL : step_find(w->text);
	if (l->step != NULL)
		return;
	for (const struct step *s = steps; s->name != NULL &&
	    n < NELEMS(names); s++)
		names[n++] = s->name;
	if (w->text[0] == '!' && step_find(w->text + 1) != NULL)
		diag_error(&p->d, &w->at, "put a blank behind '!'");
	else if (strcmp(w->text, "}") == 0)
		diag_error(&p->d, &w->at, "nothing may follow '}' on its "
		    "line");
	else
		diag_unknown(&p->d, &w->at, "step", w->text, names, n);
}

/* One line that is neither blank nor `}`. */
static void
script_line(struct parse *p, const char *s, size_t n, int depth,
    struct lines *out)
{
	struct line *l = script_add(out), keep;
	struct place at = p->at;
	size_t nvars = p->c.nvars;
	bool opens;

	l->at = p->at;
	l->text = arena_strndup(&p->sc->arena, s, n);
	script_conds(p, l, &at, &s, &n);
	l->nwords = lex_words(&p->sc->arena, &p->d, at, s, n, &l->words);
	if (l->nwords > 0 && !l->words[0].quoted &&
	    strcmp(l->words[0].text, "!") == 0) {
		l->negate = true;
		l->words++;
		l->nwords--;
	}
	if (l->nwords == 0) {
		diag_error(&p->d, &at, "a step is missing");
		out->n--;
		return;
	}
	if (l->nconds > 0 || l->negate)
		l->at.col = l->words[0].at.col;
	script_step(p, l);
	opens = l->nwords > 1 && script_opens(l);
	l->words++;
	l->nwords -= opens ? 2 : 1;
	if (l->step == NULL || !l->step->header)
		p->body = true;
	if (l->step != NULL) {
		check_line(&p->c, l);
		if (l->step->header)
			script_header(p, l);
		if (!opens && l->step->block != STEP_NO_BLOCK)
			diag_error(&p->d, &l->at, "'%s' wants a block: end "
			    "the line with '{'", l->step->name);
	}
	keep = *l;		/* a block's lines may move the array */
	if (opens) {
		script_block(p, &keep, depth);
		p->c.nvars = nvars;	/* a block's variables are its own */
	}
	out->v[out->n - 1] = keep;
}

static void
script_lines(struct parse *p, struct line *opener, int depth,
    struct lines *out)
{
	const char *s;
	size_t n;

	while (script_next(p, &s, &n, false)) {
		if (n == 0 || s[0] == '#')
			continue;
		if (!script_closes(s, n))
			script_line(p, s, n, depth, out);
		else if (opener != NULL)
			return;
		else
			diag_error(&p->d, &p->at, "this '}' closes nothing");
	}
	if (opener != NULL)
		diag_error(&p->d, &opener->at, "this block is not closed: a "
		    "line that is just '}' ends it");
}

/* ---- files ---- */

/* "scenarios/40-crash/held.scn" → "40-crash/held" */
static const char *
script_name(struct arena *a, const char *file)
{
	size_t n = strlen(file), slashes = 0, i;

	if (str_ends(file, ".scn"))
		n -= 4;
	for (i = n; i > 0; i--)
		if (file[i - 1] == '/' && ++slashes == 2)
			break;
	while (str_starts(file + i, "./"))
		i += 2;
	return (arena_strndup(a, file + i, n - i));
}

/* Bytes that no scenario holds; carriage returns at line ends are dropped. */
static size_t
script_clean(struct parse *p, const char *text, size_t n, char *dst)
{
	size_t k = 0, bad;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		n -= 3;
	}
	for (size_t i = 0; i < n; i++)
		if (text[i] != '\r' || (i + 1 < n && text[i + 1] != '\n'))
			dst[k++] = text[i];
	bad = lex_bad_byte(dst, k);
	if (bad < k) {
		struct place at = { p->sc->file, 1, 1 };

		for (size_t i = 0; i < bad; i++) {
			at.col = dst[i] == '\n' ? 1 : at.col + 1;
			at.line += dst[i] == '\n';
		}
		diag_error(&p->d, &at, "byte 0x%02x: a scenario is text in "
		    "UTF-8", (unsigned char)dst[bad]);
	}
	return (bad < k ? 0 : k);
}

static void
script_read(struct parse *p, const char *text, size_t n)
{
	struct place top = { p->sc->file, 1, 1 };
	struct lines all = { NULL, 0, 0 };
	char *clean = mem_alloc(n + 1);
	int before = p->d.n;

	p->text = clean;
	if (n > SCRIPT_FILE_MAX)
		diag_error(&p->d, &top, "this file is larger than 1 MiB");
	else
		p->n = script_clean(p, text, n, clean);
	if (p->d.n == before) {
		script_lines(p, NULL, 0, &all);
		if (p->sc->title == NULL)
			diag_error(&p->d, &top, "there is no 'scenario "
			    "\"TITLE\"' line");
		if (!p->body)
			diag_error(&p->d, &top, "there is no step in this "
			    "scenario");
	}
	p->sc->nlines = all.n;
	p->sc->lines = arena_dup(&p->sc->arena, all.v,
	    all.n * sizeof(*all.v));
	free(all.v);
	free(clean);
}

struct scenario *
script_parse(const char *file, const char *text, size_t n,
    const json_t *describe, FILE *errors, int *nerrors)
{
	struct scenario *sc = mem_alloc(sizeof(*sc));
	struct parse p = { .sc = sc, .d = { errors, 0 } };

	sc->file = arena_strdup(&sc->arena, file);
	sc->name = script_name(&sc->arena, file);
	p.at.file = sc->file;
	p.c.arena = &sc->arena;
	p.c.diag = &p.d;
	p.c.describe = describe;
	script_read(&p, text, n);
	check_release(&p.c);
	if (sc->tags == NULL)
		sc->tags = " ";
	if (sc->limit_us == 0)
		sc->limit_us = SCRIPT_LIMIT_US;
	*nerrors += p.d.n;
	if (p.d.n == 0)
		return (sc);
	script_free(sc);
	return (NULL);
}

struct scenario *
script_load(const char *file, const json_t *describe, FILE *errors,
    int *nerrors)
{
	struct scenario *sc = NULL;
	struct err e = ERR_INIT;
	struct buf b;

	buf_init(&b, SCRIPT_FILE_MAX + 4096);
	if (file_read(file, &b, &e) != 0) {
		if (errors != NULL)
			(void)fprintf(errors, "%s: error: %s\n", file,
			    err_msg(&e));
		++*nerrors;
	} else
		sc = script_parse(file, b.p, b.len, describe, errors,
		    nerrors);
	err_release(&e);
	buf_release(&b);
	return (sc);
}

void
script_free(struct scenario *sc)
{

	if (sc == NULL)
		return;
	arena_release(&sc->arena);
	free(sc);
}
