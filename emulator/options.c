#include "emulator/options.h"

#include <string.h>

#include "lib/str.h"

enum opt {
	O_HTTP, O_PROXY, O_DATA, O_DURABILITY, O_AUTH, O_PROJECT, O_HISTORY,
	O_JOURNAL, O_BEYOND, O_DIE, O_VERBOSE, O_DESCRIBE, O_VERSION, O_HELP,
	O_N
};

static const struct {
	const char *name, *value, *help;
} opts[O_N] = {
	[O_HTTP] = { "http", "ADDR:PORT", "plain HTTP endpoint, for "
	    "STORAGE_EMULATOR_HOST (127.0.0.1:0)" },
	[O_PROXY] = { "proxy", "ADDR:PORT", "CONNECT proxy that impersonates "
	    "Google (127.0.0.1:0), or off" },
	[O_DATA] = { "data", "DIR", "keep everything in DIR (default: a "
	    "temporary directory)" },
	[O_DURABILITY] = { "durability", "process|power", "what an "
	    "acknowledged write survives: kill -9 of the emulator (process), "
	    "or a power cut" },
	[O_AUTH] = { "auth", "on|off", "ask for tokens, both ways in "
	    "(default: off on --http, on through --proxy)" },
	[O_PROJECT] = { "project", "ID", "the project that exists "
	    "(litedrill)" },
	[O_HISTORY] = { "history", NULL, "new buckets keep every state they "
	    "ever had" },
	[O_JOURNAL] = { "journal", "FILE", "append a JSON line for each "
	    "request to FILE" },
	[O_BEYOND] = { "listen-beyond-loopback", NULL, "allow addresses that "
	    "others can reach" },
	[O_DIE] = { "die-with-parent", NULL, "end when the starting process "
	    "ends" },
	[O_VERBOSE] = { "verbose", NULL, "log more to stderr" },
	[O_DESCRIBE] = { "describe", NULL, "print routes, roles and fault "
	    "kinds as JSON and exit" },
	[O_VERSION] = { "version", NULL, "print the version and exit" },
	[O_HELP] = { "help", NULL, "print this and exit" },
};

/* The option named by s[0..n), or O_N with the message set. */
static enum opt
options_find(const char *s, size_t n, struct err *e)
{
	const char *names[O_N], *near;
	char *word;

	for (int i = 0; i < O_N; i++) {
		names[i] = opts[i].name;
		if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0)
			return ((enum opt)i);
	}
	word = mem_strndup(s, n);
	near = str_nearest(word, names, O_N);
	if (near != NULL)
		(void)err_set(e, "unknown option --%s: did you mean --%s?",
		    word, near);
	else
		(void)err_set(e, "unknown option --%s; --help lists them",
		    word);
	free(word);
	return (O_N);
}

static int
options_choice(const char *name, const char *value, const char *first,
    const char *second, bool *is_first, struct err *e)
{

	*is_first = strcmp(value, first) == 0;
	if (*is_first || strcmp(value, second) == 0)
		return (0);
	return (err_set(e, "--%s is %s or %s, not '%s'", name, first, second,
	    value));
}

static int
options_set(struct options *o, enum opt which, const char *v, struct err *e)
{
	bool yes;

	switch (which) {
	case O_HTTP: o->start.http = v; break;
	case O_PROXY: o->start.proxy = v; break;
	case O_DATA: o->start.data = v; break;
	case O_PROJECT: o->start.project = v; break;
	case O_JOURNAL: o->start.journal = v; break;
	case O_HISTORY: o->start.history = true; break;
	case O_BEYOND: o->start.beyond_loopback = true; break;
	case O_DIE: o->die_with_parent = true; break;
	case O_VERBOSE: o->verbose = true; break;
	case O_DESCRIBE: o->describe = true; break;
	case O_VERSION: o->version = true; break;
	case O_HELP: o->help = true; break;
	case O_DURABILITY:
		return (options_choice("durability", v, "power", "process",
		    &o->start.power, e));
	case O_AUTH:
		if (options_choice("auth", v, "on", "off", &yes, e))
			return (-1);
		o->start.auth = yes ? START_AUTH_ON : START_AUTH_OFF;
		break;
	case O_N:
		break;
	}
	return (0);
}

int
options_parse(int argc, char *const *argv, int from, bool words,
    struct options *out, struct err *e)
{

	*out = (struct options){ .rest = argc };
	for (int i = from; i < argc; i++) {
		const char *a = argv[i], *v = NULL;
		size_t n;
		enum opt o;

		if (strcmp(a, "--") == 0) {
			out->rest = i + 1;
			return (0);
		}
		if (a[0] != '-' || a[1] != '-') {
			out->rest = i;
			return (words && a[0] != '-' ? 0 :
			    err_set(e, "'%s' is no option; --help lists them",
			    a));
		}
		a += 2;
		n = strcspn(a, "=");
		if ((o = options_find(a, n, e)) == O_N)
			return (-1);
		if (a[n] == '=')
			v = a + n + 1;
		if (opts[o].value == NULL && v != NULL)
			return (err_set(e, "--%s takes no value",
			    opts[o].name));
		if (opts[o].value != NULL && v == NULL && i + 1 < argc)
			v = argv[++i];
		if (opts[o].value != NULL && (v == NULL || *v == '\0'))
			return (err_set(e, "--%s wants a value: --%s %s",
			    opts[o].name, opts[o].name, opts[o].value));
		if (options_set(out, o, v, e))
			return (-1);
	}
	return (0);
}

void
options_help(FILE *f)
{

	(void)fputs("usage: gcs-emulator [options]\n"
	    "       gcs-emulator exec [options] [--] CMD [ARG...]\n\n"
	    "A fake Google Cloud for tests: storage, tokens, IAM.  exec runs "
	    "CMD against a new one.\n\n", f);
	for (int i = 0; i < O_N; i++) {
		char word[64];

		(void)snprintf(word, sizeof(word), "--%s%s%s", opts[i].name,
		    opts[i].value != NULL ? " " : "",
		    opts[i].value != NULL ? opts[i].value : "");
		(void)fprintf(f, "  %-28s %s\n", word, opts[i].help);
	}
}
