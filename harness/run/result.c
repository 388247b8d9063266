#include "harness/run/result.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "harness/replicator/replicators.h"
#include "harness/script/script.h"
#include "lib/clock.h"
#include "lib/file.h"

/* Members by name: one table for both directions. */
static const struct {
	const char *name;
	size_t	at;
} result_strings[] = {
	{ "id", offsetof(struct result, id) },
	{ "scenario", offsetof(struct result, scenario) },
	{ "release", offsetof(struct result, release) },
	{ "title", offsetof(struct result, title) },
	{ "file", offsetof(struct result, file) },
	{ "why", offsetof(struct result, why) },
	{ "phase", offsetof(struct result, phase) },
	{ "text", offsetof(struct result, text) },
	{ "isolation", offsetof(struct result, isolation) },
	{ "dir", offsetof(struct result, dir) },
	{ "finding", offsetof(struct result, finding) },
	{ "known_bug", offsetof(struct result, known_bug) },
	{ "property", offsetof(struct result, property) },
}, result_numbers[] = {
	{ "us", offsetof(struct result, us) },
	{ "rpo_rows", offsetof(struct result, rpo_rows) },
	{ "rpo_us", offsetof(struct result, rpo_us) },
	{ "rto_us", offsetof(struct result, rto_us) },
	{ "requests", offsetof(struct result, requests) },
};

void
result_of_run(struct result *res, const struct run *r)
{

	*res = (struct result){
		.id = r->id, .scenario = r->sc->name,
		.release = r->drilled->label, .title = r->sc->title,
		.file = r->sc->file, .verdict = r->verdict, .why = r->why,
		.phase = r->phase, .us = clock_mono_us() - r->t0_us,
		.rpo_rows = r->rpo_rows, .rpo_us = r->rpo_us,
		.rto_us = r->rto_us, .requests = r->requests,
		.finding = r->finding, .property = r->property,
		.isolation = r->isolation,
		.dir = r->kept ? r->opts->out : NULL,
	};
	if (script_is_known_bug(r->sc, r->drilled->version))
		res->known_bug = r->sc->known_bug_reason != NULL ?
		    r->sc->known_bug_reason : r->sc->known_bug;
	if (r->line != NULL && r->why != NULL) {
		res->text = r->line->text;
		res->line = r->line->at.line;
		res->col = r->line->at.col;
	}
}

/* What a child printed may be any bytes, JSON is UTF-8: others become '?'. */
static json_t *
result_string(const char *s)
{
	json_t *j = s != NULL ? json_string(s) : json_null();
	char *copy;

	if (j != NULL)
		return (j);
	copy = mem_strdup(s);
	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	j = json_string(copy);
	free(copy);
	return (j);
}

json_t *
result_to_json(const struct result *res)
{
	const char *base = (const char *)res;
	json_t *j = json_object();

	for (size_t i = 0; i < NELEMS(result_strings); i++) {
		const char *s;

		memcpy(&s, base + result_strings[i].at, sizeof(s));
		(void)json_object_set_new(j, result_strings[i].name,
		    result_string(s));
	}
	for (size_t i = 0; i < NELEMS(result_numbers); i++) {
		int64_t n;

		memcpy(&n, base + result_numbers[i].at, sizeof(n));
		(void)json_object_set_new(j, result_numbers[i].name,
		    json_integer(n));
	}
	(void)json_object_set_new(j, "verdict",
	    json_string(verdict_name(res->verdict)));
	(void)json_object_set_new(j, "line", json_integer(res->line));
	(void)json_object_set_new(j, "col", json_integer(res->col));
	return (j);
}

int
result_from_json(struct result *res, struct arena *a, const json_t *j)
{
	const char *verdict = json_string_value(json_object_get(j, "verdict"));
	char *base = (char *)res;
	int v = VERDICT_PASS;

	memset(res, 0, sizeof(*res));
	if (verdict == NULL)
		return (-1);
	for (size_t i = 0; i < NELEMS(result_strings); i++) {
		const char *s = json_string_value(json_object_get(j,
		    result_strings[i].name));

		if (s != NULL)
			s = arena_strdup(a, s);
		memcpy(base + result_strings[i].at, &s, sizeof(s));
	}
	for (size_t i = 0; i < NELEMS(result_numbers); i++) {
		int64_t n = json_integer_value(json_object_get(j,
		    result_numbers[i].name));

		memcpy(base + result_numbers[i].at, &n, sizeof(n));
	}
	res->line = (int)json_integer_value(json_object_get(j, "line"));
	res->col = (int)json_integer_value(json_object_get(j, "col"));
	while (strcmp(verdict_name((enum verdict)v), verdict) != 0)
		if (++v > VERDICT_SKIP)
			return (-1);
	res->verdict = (enum verdict)v;
	return (0);
}

void
result_save(const struct result *res, const char *dir)
{
	char *path = mem_printf("%s/result.json", dir);
	json_t *j = result_to_json(res);
	char *s = json_dumps(j, JSON_INDENT(2) | JSON_SORT_KEYS);

	(void)file_write(path, s, strlen(s), 0644, NULL);
	free(s);
	json_decref(j);
	free(path);
}
