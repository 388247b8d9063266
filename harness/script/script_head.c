/* Headers: what a scenario says about itself before its first step. */
#include "harness/script/script.h"

#include <string.h>

#include "harness/replicator/replicators.h"
#include "harness/script/needs.h"
#include "harness/script/script_int.h"
#include "harness/script/steps.h"
#include "lib/clock.h"
#include "lib/str.h"

static void
script_once(struct parse *p, const struct line *l, bool again)
{

	if (again)
		diag_error(&p->d, &l->at, "there is a second '%s' line",
		    l->step->name);
}

static const char *
script_join(struct parse *p, const struct line *l, const char *before)
{
	struct buf b;
	const char *s;

	buf_init(&b, 1 << 20);
	buf_adds(&b, before);
	for (size_t i = 0; i < l->nwords; i++)
		if (l->words[i].key == NULL)
			buf_addf(&b, "%s%s", b.len > 0 &&
			    !str_ends(b.p, " ") ? " " : "",
			    l->words[i].text);
	s = arena_strdup(&p->sc->arena, b.p);
	buf_release(&b);
	return (s);
}

static void
script_need(struct parse *p, const struct line *l)
{
	struct scenario *sc = p->sc;
	const char **all = arena_alloc(&sc->arena,
	    (sc->nneeds + l->nwords + 1) * sizeof(*all));

	if (sc->nneeds > 0)
		memcpy(all, sc->needs, sc->nneeds * sizeof(*all));
	sc->needs = all;
	for (size_t i = 0; i < l->nwords; i++) {
		struct err e = ERR_INIT;
		struct cond c;

		if (need_parse(&sc->arena, l->words[i].text, &c, &e) != 0)
			diag_error(&p->d, &l->words[i].at, "%s", err_msg(&e));
		else
			all[sc->nneeds++] = l->words[i].text;
		err_release(&e);
	}
}

/* `0.5.3` or `0.5.3..0.5.14` */
static bool
script_is_range(const char *s)
{
	const char *dots = strstr(s, "..");
	size_t n = dots != NULL ? (size_t)(dots - s) : strlen(s);

	return (n > 0 && strspn(s, "0123456789.") >= n &&
	    s[n - 1] != '.' && s[0] != '.' && (dots == NULL ||
	    (dots[2] >= '0' && dots[2] <= '9' &&
	    dots[2 + strspn(dots + 2, "0123456789.")] == '\0')) &&
	    (dots != NULL || s[n] == '\0'));
}

static void
script_known_bug(struct parse *p, const struct line *l)
{

	script_once(p, l, p->sc->known_bug != NULL);
	for (size_t i = 0; i < l->nwords; i++) {
		const struct word *w = &l->words[i];

		if (w->key != NULL && strcmp(w->key, "property") == 0)
			p->sc->known_bug_property = w->value;
		else if (w->key != NULL)
			p->sc->known_bug_reason = w->value;
		else if (!script_is_range(w->text))
			diag_error(&p->d, &w->at, "'%s' is not a release: "
			    "write 0.5.3 or 0.5.3..0.5.14", w->text);
	}
	p->sc->known_bug = script_join(p, l, "");
}

void
script_header(struct parse *p, const struct line *l)
{
	struct scenario *sc = p->sc;
	const char *name = l->step->name;
	const char *word = l->nwords > 0 ? l->words[0].text : "";

	if (p->body)
		diag_error(&p->d, &l->at, "'%s' belongs before the first step",
		    name);
	if (strcmp(name, "scenario") == 0) {
		script_once(p, l, sc->title != NULL);
		sc->title = word;
	} else if (strcmp(name, "tags") == 0)
		sc->tags = arena_printf(&sc->arena, "%s ",
		    script_join(p, l, sc->tags != NULL ? sc->tags : " "));
	else if (strcmp(name, "need") == 0)
		script_need(p, l);
	else if (strcmp(name, "limit") == 0) {
		script_once(p, l, sc->limit_us != 0);
		/* A wrong one has been told by the check of its type. */
		if (clock_parse_duration(word, &sc->limit_us, NULL) != 0)
			sc->limit_us = SCRIPT_LIMIT_US;
	} else
		script_known_bug(p, l);
}

bool
script_has_tag(const struct scenario *sc, const char *tag)
{
	size_t n = strlen(tag);

	for (const char *p = sc->tags; *p != '\0'; p += *p == ' ') {
		size_t len = strcspn(p, " ");

		if (len == n && n > 0 && memcmp(p, tag, n) == 0)
			return (true);
		p += len;
	}
	return (false);
}

bool
script_is_known_bug(const struct scenario *sc, const char *version)
{

	return (sc->known_bug != NULL &&
	    release_among(version, sc->known_bug));
}
