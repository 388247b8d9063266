#include "harness/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/script/diag.h"
#include "lib/file.h"
#include "lib/str.h"

int
cli_error(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("litedrill: error: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return (2);
}

/* ---- options ---- */

static const struct cli_opt *
cli_opt_long(const struct cli_opt *opts, const char *name, size_t n)
{

	for (; opts->name != NULL; opts++)
		if (strlen(opts->name) == n && memcmp(opts->name, name, n) == 0)
			return (opts);
	return (NULL);
}

static const struct cli_opt *
cli_opt_short(const struct cli_opt *opts, char letter)
{

	for (; opts->name != NULL; opts++)
		if (opts->letter == letter && letter != '\0')
			return (opts);
	return (NULL);
}

static void
cli_opt_unknown(const struct cli_cmd *c, const char *word, size_t n)
{
	char *name = mem_strndup(word, n);
	const char *names[64];
	size_t count = 0;
	struct buf b;

	for (const struct cli_opt *o = c->opts; o->name != NULL; o++)
		names[count++] = o->name;
	buf_init(&b, 4096);
	diag_unknown_text(&b, "option", name, names, count);
	(void)cli_error("%s%s", b.p, count == 0 ? "; there are none" : "");
	buf_release(&b);
	free(name);
}

/* The option at argv[*i] and its value; NULL after a message. */
static const struct cli_opt *
cli_opt_next(const struct cli_cmd *c, int argc, char **argv, int *i,
    const char **value)
{
	const char *word = argv[*i], *eq = NULL;
	const struct cli_opt *o;

	if (word[1] == '-') {
		size_t n;

		word += 2;
		eq = strchr(word, '=');
		n = eq != NULL ? (size_t)(eq - word) : strlen(word);
		o = cli_opt_long(c->opts, word, n);
		if (o == NULL) {
			cli_opt_unknown(c, word, n);
			return (NULL);
		}
		*value = eq != NULL ? eq + 1 : NULL;
	} else {
		o = cli_opt_short(c->opts, word[1]);
		if (o == NULL) {
			(void)cli_error("unknown option '%s'; see litedrill "
			    "help %s", word, c->name);
			return (NULL);
		}
		*value = word[2] != '\0' ? word + 2 : NULL;
	}
	if (o->arg == NULL && *value != NULL) {
		(void)cli_error("--%s takes no value", o->name);
		return (NULL);
	}
	if (o->arg != NULL && *value == NULL) {
		if (*i + 1 == argc) {
			(void)cli_error("--%s wants %s", o->name, o->arg);
			return (NULL);
		}
		*value = argv[++*i];
	}
	return (o);
}

int
cli_parse(const struct cli_cmd *c, int argc, char **argv,
    int (*found)(void *, const struct cli_opt *, const char *), void *arg,
    const char **words, size_t *nwords)
{
	bool only_words = false;

	*nwords = 0;
	for (int i = 1; i < argc; i++) {
		const struct cli_opt *o;
		const char *value = NULL;

		if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			words[(*nwords)++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			only_words = true;
			continue;
		}
		if (strcmp(argv[i], "--help") == 0) {
			cli_help(c);
			exit(0);
		}
		o = cli_opt_next(c, argc, argv, &i, &value);
		if (o == NULL || found(arg, o, value) != 0)
			return (-1);
	}
	return (0);
}

static void
cli_help_opts(const struct cli_opt *opts)
{

	for (; opts != NULL && opts->name != NULL; opts++) {
		char *left = mem_printf("%s%c%s--%s%s%s",
		    opts->letter != '\0' ? "-" : "",
		    opts->letter != '\0' ? opts->letter : ' ',
		    opts->letter != '\0' ? ", " : "  ", opts->name,
		    opts->arg != NULL ? " " : "",
		    opts->arg != NULL ? opts->arg : "");

		(void)printf("  %-34s %s\n", left, opts->doc);
		free(left);
	}
}

void
cli_help(const struct cli_cmd *c)
{

	if (c != NULL) {
		(void)printf("usage: litedrill %s%s %s\n\n%s\n", c->name,
		    c->opts != NULL && c->opts->name != NULL ? " [OPTION]…" :
		    "", c->usage, c->doc);
		if (c->opts != NULL && c->opts->name != NULL) {
			(void)putchar('\n');
			cli_help_opts(c->opts);
		}
		return;
	}
	(void)printf("usage: litedrill COMMAND [ARGUMENT]…\n\nFire drills for "
	    "SQLite + Litestream on Google Cloud Storage.\n\n");
	for (c = cli_cmds; c->name != NULL; c++)
		(void)printf("  %-9s %s\n", c->name, c->doc);
	(void)printf("\nlitedrill help COMMAND shows its options.\n\nExit "
	    "status: 0 all passed or skipped; 1 a drill FAILed; 2 an ERROR, a "
	    "scenario\nthat does not parse, or wrong usage.\n");
}

/* ---- where things are ---- */

const char *
cli_find(struct arena *a, const char *const *names, size_t n)
{
	static const char *const above[] = { "", "../", "../../", "../../../",
		"../share/litedrill/" };
	char exe[PATH_MAX], *real, *slash;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *found = NULL;

	exe[len > 0 ? len : 0] = '\0';
	if ((slash = strrchr(exe, '/')) != NULL)
		slash[1] = '\0';
	for (size_t i = 0; i < NELEMS(above) * n && found == NULL; i++) {
		const char *path = arena_printf(a, "%s%s%s", exe,
		    above[i / n], names[i % n]);

		if ((real = realpath(path, NULL)) != NULL)
			found = arena_strdup(a, real);
		free(real);
	}
	for (size_t i = 0; i < n && found == NULL; i++) {
		if ((real = realpath(names[i], NULL)) != NULL)
			found = arena_strdup(a, real);
		free(real);
	}
	return (found);
}

const char *
cli_emulator(struct arena *a)
{
	static const char *const names[] = { "gcs-emulator" };

	return (cli_find(a, names, NELEMS(names)));
}

const char *
cli_tools(struct arena *a)
{
	static const char *const names[] = { "tools", "build/tools" };
	const char *env = getenv("LITEDRILL_TOOLS");

	return (env != NULL && *env != '\0' ? env :
	    cli_find(a, names, NELEMS(names)));
}

const char *
cli_scenarios(struct arena *a)
{
	static const char *const names[] = { "scenarios" };
	struct stat st;

	/* Those of this folder, by the name that its user would write. */
	if (stat("scenarios", &st) == 0 && S_ISDIR(st.st_mode))
		return ("scenarios");
	return (cli_find(a, names, NELEMS(names)));
}

const char *
cli_known(struct arena *a)
{
	const char *dir = cli_scenarios(a), *known;

	if (dir == NULL)
		return (NULL);
	known = arena_printf(a, "%s/70-explore/known", dir);
	return (file_exists(known) ? known : NULL);
}

const char *
cli_deployment(struct arena *a)
{
	static const char *const names[] = { "fixtures/deploy" };

	return (cli_find(a, names, NELEMS(names)));
}
