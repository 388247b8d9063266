#include "emulator/options_int.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/str.h"

const struct opt_row opts[O_N] = {
#define OPT(id, name, value, flags, help) [O_##id] = { name, value, help, \
	flags },
OPTIONS(OPT)
#undef OPT
};

/* ---- reading ---- */

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
options_words(int argc, char *const *argv, int from, bool words,
    struct given *g, int *rest, struct err *e)
{

	*rest = argc;
	for (int i = from; i < argc; i++) {
		const char *a = argv[i], *v = NULL;
		size_t n;
		enum opt o;

		if (strcmp(a, "--") == 0) {
			*rest = i + 1;
			return (0);
		}
		if (a[0] != '-' || a[1] == '\0') {
			*rest = i;
			return (words && a[0] != '-' ? 0 :
			    err_set(e, "'%s' is no option; --help lists them",
			    a));
		}
		a += a[1] == '-' ? 2 : 1;
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
		if (opts[o].value != NULL && (v == NULL || (*v == '\0' &&
		    (opts[o].flags & FAKE) == 0)))
			return (err_set(e, "--%s wants a value: --%s %s",
			    opts[o].name, opts[o].name, opts[o].value));
		g->v[o] = v != NULL ? v : "";
	}
	return (0);
}

static const char *
options_env_name(struct arena *a, const char *prefix, const char *name)
{
	char *s = arena_printf(a, "%s%s", prefix, name);

	for (char *p = s; *p != '\0'; p++)
		*p = *p == '-' || *p == '.' ? '_' :
		    (char)toupper((unsigned char)*p);
	return (s);
}

static const char *
options_getenv(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return (*env + n + 1);
	return (NULL);
}

static int
options_env(struct given *g, char *const *env, struct err *e)
{

	for (int i = 0; i < O_N; i++) {
		const char *name, *v;

		name = options_env_name(g->a, "GCS_EMULATOR_", opts[i].name);
		v = options_getenv(env, name);
		if (v == NULL && (opts[i].flags & FAKE) != 0) {
			name = options_env_name(g->a, "FAKE_GCS_",
			    opts[i].name);
			v = options_getenv(env, name);
		}
		/* What exec tells its command is no address to listen on. */
		if (v == NULL || *v == '\0' || g->v[i] != NULL ||
		    (i == O_HTTP && str_starts(v, "http://")))
			continue;
		if (opts[i].value != NULL)
			g->v[i] = v;
		else if (strcmp(v, "1") == 0 || strcasecmp(v, "true") == 0)
			g->v[i] = "";
		else if (strcmp(v, "0") != 0 && strcasecmp(v, "false") != 0)
			return (err_set(e, "%s is 1 or 0, not '%s'", name, v));
	}
	return (0);
}

int
options_parse(int argc, char *const *argv, int from, bool words,
    char *const *env, struct arena *a, struct options *out, struct err *e)
{
	const char *slash = strrchr(argv[0], '/');
	struct given g = { .a = a };
	int rc;

	*out = (struct options){ .fake = strcmp(slash != NULL ? slash + 1 :
	    argv[0], "fake-gcs-server") == 0 };
	buf_init(&g.notes, 16u << 10);
	rc = options_words(argc, argv, from, words, &g, &out->rest, e);
	if (rc == 0)
		rc = options_env(&g, env, e);
	if (rc == 0)
		rc = options_build(&g, out, e);
	if (g.notes.len > 0)
		out->notes = arena_strdup(a, g.notes.p);
	buf_release(&g.notes);
	return (rc);
}

/* ---- telling ---- */

void
options_help(FILE *f)
{

	(void)fputs("usage: gcs-emulator [options]\n"
	    "       gcs-emulator exec [options] [--] CMD [ARG...]\n\n"
	    "A fake Google Cloud for tests: storage, tokens, IAM.  exec runs "
	    "CMD against a new one.\nEach option is also GCS_EMULATOR_NAME in "
	    "the environment; those with * are\nfake-gcs-server's, and "
	    "FAKE_GCS_NAME as well.\n\n", f);
	for (int i = 0; i < O_N; i++) {
		char word[64];

		(void)snprintf(word, sizeof(word), "--%s%s%s%s", opts[i].name,
		    opts[i].value != NULL ? " " : "",
		    opts[i].value != NULL ? opts[i].value : "",
		    (opts[i].flags & FAKE) != 0 ? " *" : "");
		(void)fprintf(f, "  %-30s %s\n", word, opts[i].help);
	}
}

json_t *
options_describe(void)
{
	struct arena a = ARENA_INIT;
	json_t *all = json_array();

	for (int i = 0; i < O_N; i++) {
		json_t *env = json_array();

		(void)json_array_append_new(env, json_string(
		    options_env_name(&a, "GCS_EMULATOR_", opts[i].name)));
		if ((opts[i].flags & FAKE) != 0)
			(void)json_array_append_new(env,
			    json_string(options_env_name(&a, "FAKE_GCS_",
			    opts[i].name)));
		(void)json_array_append_new(all, json_pack(
		    "{s:s, s:s?, s:s, s:o}", "name", opts[i].name, "value",
		    opts[i].value, "help", opts[i].help, "environment", env));
	}
	arena_release(&a);
	return (all);
}
