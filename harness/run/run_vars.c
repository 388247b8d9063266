/* What a drill says and knows by name: verdicts, log, variables. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/machine/machine.h"
#include "harness/replicator/replicators.h"
#include "harness/run/run.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define RUN_EXPANDED_MAX	(1 << 20)

/* ---- verdicts ---- */

const char *
verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_PASS] = "PASS", [VERDICT_FAIL] = "FAIL",
		[VERDICT_ERROR] = "ERROR", [VERDICT_SKIP] = "SKIP",
	};

	return (names[v]);
}

static enum verdict PRINTF_LIKE(3, 0)
run_verdict(struct run *r, enum verdict v, const char *fmt, va_list ap)
{
	struct buf b;

	buf_init(&b, RUN_EXPANDED_MAX);
	buf_vaddf(&b, fmt, ap);
	r->why = arena_strndup(&r->arena, b.p, b.len);
	r->verdict = v;
	buf_release(&b);
	return (v);
}

#define RUN_VERDICT(name, v)						\
enum verdict								\
name(struct run *r, const char *fmt, ...)				\
{									\
	enum verdict got;						\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	got = run_verdict(r, v, fmt, ap);				\
	va_end(ap);							\
	return (got);							\
}

RUN_VERDICT(run_fail, VERDICT_FAIL)
RUN_VERDICT(run_error, VERDICT_ERROR)
RUN_VERDICT(run_skip, r->opts != NULL && r->opts->no_skip ? VERDICT_ERROR :
    VERDICT_SKIP)

/* ---- the log ---- */

void
run_log(struct run *r, const char *who, const char *fmt, ...)
{
	int64_t t = clock_mono_us() - r->t0_us;
	struct buf b;
	va_list ap;

	if (r->log_fd <= 0)
		return;
	buf_init(&b, 1 << 16);
	buf_addf(&b, "%3d.%03d %-4s ", (int)(t / 1000000),
	    (int)(t / 1000 % 1000), who);
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < b.len; i++)	/* what is said is one line */
		if (b.p[i] == '\n')
			b.p[i] = ' ';
	buf_addc(&b, '\n');
	(void)file_write_all(r->log_fd, b.p, b.len);
	buf_release(&b);
}

void
run_at(struct run *r, const struct line *l)
{

	r->line = l;
	if (r->shared_line != NULL)
		*r->shared_line = l;
}

void
run_note_loss(struct run *r)
{

	r->lost_us = clock_mono_us();
	r->lost_wall_us = clock_wall_us(NULL);
}

/* ---- variables ---- */

const struct var run_vars[] = {
	{ "bucket", "The backups' bucket, once provisioned." },
	{ "project", "The project's id." },
	{ "account", "Name of the replicator's service account." },
	{ "key", "Its key file on the machine." },
	{ "path", "The backup's folder in the bucket." },
	{ "db", "The database's file on the machine." },
	{ "machine", "What paths on the machine begin with; empty where it has "
	    "a root view of its own." },
	{ "app.port", "The application's port." },
	{ "release", "Version of the Litestream under test." },
	{ .name = NULL }
};

bool
run_var_is_builtin(const char *name)
{

	for (size_t i = 0; run_vars[i].name != NULL; i++)
		if (strcmp(run_vars[i].name, name) == 0)
			return (true);
	if (!str_starts(name, "replicator."))
		return (false);
	for (size_t i = 0; replicator_vars[i].name != NULL; i++)
		if (strcmp(replicator_vars[i].name, name + 11) == 0)
			return (true);
	return (false);
}

static const char *
run_var_builtin(struct run *r, const char *name)
{
	const char *m = r->machine != NULL ? machine_prefix(r->machine) : "";
	const struct { const char *name, *value; } known[] = {
		{ "bucket", r->bucket }, { "project", r->project },
		{ "account", r->account },
		{ "key", r->machine != NULL ? machine_path(r->machine,
		    r->key) : r->key },
		{ "path", r->path }, { "machine", m },
		{ "release", r->rel != NULL ? r->rel->version : NULL },
	};

	for (size_t i = 0; i < NELEMS(known); i++)
		if (strcmp(known[i].name, name) == 0)
			return (known[i].value);
	if (strcmp(name, "db") == 0)
		return (arena_printf(&r->arena, "%s/data/app.db", m));
	if (strcmp(name, "app.port") == 0)
		return (arena_printf(&r->arena, "%d", r->app_port));
	if (str_starts(name, "replicator.") && r->rel != NULL)
		return (replicator_var(r->rel->rep, name + 11));
	return (NULL);
}

const char *
run_var(struct run *r, const char *name)
{
	const char *s = json_string_value(json_object_get(r->vars, name));

	return (s != NULL ? s : run_var_builtin(r, name));
}

void
run_set(struct run *r, const char *name, const char *value)
{

	if (r->vars == NULL)
		r->vars = json_object();
	/* A name or a value that is not UTF-8 has not passed the checker. */
	(void)json_object_set_new(r->vars, name, json_string(value));
}

int
run_expand(struct run *r, const char *text, const char **out)
{
	const char *s = text, *dollar;
	struct buf b;
	int rc = 0;

	buf_init(&b, RUN_EXPANDED_MAX);
	while (rc == 0 && (dollar = strstr(s, "${")) != NULL) {
		const char *end = strchr(dollar, '}'), *name, *value;

		if (end == NULL)
			break;
		buf_add(&b, s, (size_t)(dollar - s));
		name = arena_strndup(&r->arena, dollar + 2,
		    (size_t)(end - dollar - 2));
		if ((value = run_var(r, name)) != NULL) {
			buf_adds(&b, value);
		} else {
			(void)run_error(r, "${%s} has no value here", name);
			rc = -1;
		}
		s = end + 1;
	}
	buf_adds(&b, s);
	if (rc == 0 && !buf_ok(&b)) {
		(void)run_error(r, "more than %d bytes after expansion",
		    RUN_EXPANDED_MAX);
		rc = -1;
	}
	*out = arena_strndup(&r->arena, b.p, b.len);
	buf_release(&b);
	return (rc);
}
