/* The language, from its tables: for people, and as mdoc for scenario(5). */
#include "harness/cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "harness/oracle/oracles.h"
#include "harness/replicator/replicators.h"
#include "harness/run/emu.h"
#include "harness/run/run.h"
#include "harness/script/args.h"
#include "harness/script/needs.h"
#include "harness/script/probes.h"
#include "harness/script/steps.h"
#include "harness/workload/load.h"

const struct cli_opt cli_steps_opts[] = {
	{ "mdoc", 0, NULL, "as tables for scenario(5)" },
	{ "emulator", 0, "PATH", "whose faults are shown; by default the one "
	    "beside this program" },
	{ .name = NULL }
};

struct cli_steps {
	bool	mdoc;
	const char *emulator;
	struct arena arena;
};

static int
cli_steps_opt(void *arg, const struct cli_opt *o, const char *value)
{
	struct cli_steps *c = arg;

	if (strcmp(o->name, "mdoc") == 0)
		c->mdoc = true;
	else
		c->emulator = value;
	return (0);
}

/* mdoc: a backslash and a leading dot or quote have meanings of their own. */
static void
cli_steps_mdoc_text(const char *s)
{

	if (*s == '.' || *s == '\'')
		(void)fputs("\\&", stdout);
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			(void)fputs("\\e", stdout);
		else if (strncmp(s, "…", 3) == 0) {
			(void)fputs("\\&...", stdout);
			s += 2;
		} else if (*s == '"')
			(void)fputs("\\(dq", stdout);
		else
			(void)putchar(*s);
	}
}

static void
cli_steps_head(const struct cli_steps *c, const char *title, const char *doc)
{

	if (!c->mdoc) {
		(void)printf("\n%s\n", title);
		return;
	}
	(void)fputs(".Ss ", stdout);
	cli_steps_mdoc_text(title);
	(void)printf("\n%s\n.Bl -tag -width Ds\n", doc);
}

static void
cli_steps_end(const struct cli_steps *c)
{

	if (c->mdoc)
		(void)puts(".El");
}

/* s, padded to so many columns: printf counts bytes. */
static void
cli_steps_pad(const char *s, int columns)
{

	(void)fputs(s, stdout);
	for (; *s != '\0'; s++)
		columns -= ((unsigned char)*s & 0xc0) != 0x80;
	do {
		(void)putchar(' ');
	} while (--columns >= 0);
}

static void
cli_steps_item(const struct cli_steps *c, const char *left, const char *doc)
{

	if (!c->mdoc) {
		(void)fputs("  ", stdout);
		if (*doc == '\0') {
			(void)puts(left);
			return;
		}
		if (strlen(left) > 26) {
			(void)puts(left);
			(void)fputs("  ", stdout);
			left = "";
		}
		cli_steps_pad(left, 24);
		(void)puts(doc);
		return;
	}
	(void)fputs(".It Ic \"", stdout);
	cli_steps_mdoc_text(left);
	(void)fputs("\"\n", stdout);
	if (*doc == '\0')
		return;
	cli_steps_mdoc_text(doc);
	(void)putchar('\n');
}

static const char *
cli_steps_arg(struct cli_steps *c, const struct arg_spec *s)
{
	struct arena *a = &c->arena;
	const char *doc = s->doc != NULL ? s->doc : "";

	if (s->dflt == NULL)
		return (doc);
	return (arena_printf(a, "%s%s%s by default", doc,
	    *doc != '\0' ? "; " : "", s->dflt));
}

static void
cli_steps_args(struct cli_steps *c, const struct arg_spec *s)
{
	bool open = false;

	for (; s->name != NULL; s++) {
		const char *doc = cli_steps_arg(c, s);

		if (*doc == '\0')
			continue;
		if (!c->mdoc) {
			(void)fputs("      ", stdout);
			cli_steps_pad(args_form(&c->arena, s), 20);
			(void)puts(doc);
			continue;
		}
		if (!open)
			(void)puts(".Bl -tag -width Ds -compact");
		open = true;
		(void)fputs(".It Ar \"", stdout);
		cli_steps_mdoc_text(args_form(&c->arena, s));
		(void)fputs("\"\n", stdout);
		cli_steps_mdoc_text(doc);
		(void)putchar('\n');
	}
	if (open)
		(void)puts(".El");
}

static void
cli_steps_steps(struct cli_steps *c)
{

	for (int header = 1; header >= 0; header--) {
		cli_steps_head(c, header ? "Headers" : "Steps", header ?
		    "They come first." : "One on each line.");
		for (const struct step *s = steps; s->name != NULL; s++)
			if (s->header == (header == 1)) {
				cli_steps_item(c, s->negatable ?
				    arena_printf(&c->arena, "[!] %s",
				    s->usage) : s->usage, s->doc);
				cli_steps_args(c, s->args);
			}
		cli_steps_end(c);
	}
}

static void
cli_steps_probes(struct cli_steps *c)
{

	cli_steps_head(c, "Probes", "What an expression can ask.");
	for (const struct probe *p = probes; p->name != NULL; p++)
		cli_steps_item(c, p->arg != NULL ? arena_printf(&c->arena,
		    "%s(%s)", p->name, p->arg) : p->name, p->doc);
	cli_steps_end(c);
}

static const char *
cli_steps_string(const json_t *j, const char *k)
{
	const char *s = json_string_value(json_object_get(j, k));

	return (s != NULL ? s : "");
}

static void
cli_steps_faults(struct cli_steps *c, const json_t *describe)
{
	const json_t *kind, *arg;
	size_t i, k;

	cli_steps_head(c, "Faults", "Kinds of the step fault, with their own "
	    "arguments.");
	json_array_foreach(json_object_get(describe, "fault_kinds"), i, kind) {
		struct buf b;

		buf_init(&b, 4096);
		buf_addf(&b, "fault %s", cli_steps_string(kind, "name"));
		json_array_foreach(json_object_get(kind, "args"), k, arg) {
			bool must = json_is_true(json_object_get(arg,
			    "required"));

			buf_addf(&b, " %s%s=%s%s", must ? "" : "[",
			    cli_steps_string(arg, "name"),
			    cli_steps_string(arg, "type"), must ? "" : "]");
		}
		cli_steps_item(c, b.p, cli_steps_string(kind, "doc"));
		buf_release(&b);
	}
	cli_steps_end(c);
}

static void
cli_steps_rest(struct cli_steps *c)
{

	cli_steps_head(c, "Workloads", "What the step load can write.");
	for (const struct workload *w = workloads; w->name != NULL; w++)
		cli_steps_item(c, w->name, w->doc);
	cli_steps_end(c);
	cli_steps_head(c, "Oracles", "What every restored database is judged "
	    "by.");
	for (const struct oracle *o = oracles; o->name != NULL; o++)
		cli_steps_item(c, o->name, o->doc);
	cli_steps_end(c);
	cli_steps_head(c, "Conditions", "For need and for brackets before a "
	    "step.");
	for (const struct need *n = needs; n->name != NULL; n++)
		cli_steps_item(c, n->versioned ? arena_printf(&c->arena,
		    "%s OP VERSION", n->name) : n->name, n->doc);
	cli_steps_end(c);
	cli_steps_head(c, "Variables", "Built in; the step set makes more.");
	for (const struct var *v = run_vars; v->name != NULL; v++)
		cli_steps_item(c, arena_printf(&c->arena, "${%s}", v->name),
		    v->doc);
	for (const struct var *v = replicator_vars; v->name != NULL; v++)
		cli_steps_item(c, arena_printf(&c->arena, "${replicator.%s}",
		    v->name), v->doc);
	cli_steps_end(c);
}

int
cli_steps_cmd(int argc, char **argv)
{
	const char **words = mem_alloc((size_t)argc * sizeof(*words));
	struct cli_steps c = { .mdoc = false };
	struct err e = ERR_INIT;
	json_t *describe = NULL;
	size_t n;
	int rc = 2;

	if (cli_parse(cli_cmd_find("steps"), argc, argv, cli_steps_opt, &c,
	    words, &n) != 0)
		goto out;
	if (n > 0) {
		(void)cli_error("'%s' is one word too many", words[0]);
		goto out;
	}
	if (c.emulator == NULL)
		c.emulator = cli_emulator(&c.arena);
	if (c.emulator == NULL)
		(void)cli_error("there is no gcs-emulator beside this "
		    "program: run make, or give --emulator PATH");
	else if ((describe = emu_describe(c.emulator, &e)) == NULL)
		(void)cli_error("%s", err_msg(&e));
	if (describe == NULL)
		goto out;
	cli_steps_steps(&c);
	cli_steps_probes(&c);
	cli_steps_faults(&c, describe);
	cli_steps_rest(&c);
	rc = 0;
out:
	json_decref(describe);
	err_release(&e);
	arena_release(&c.arena);
	free(words);
	return (rc);
}
