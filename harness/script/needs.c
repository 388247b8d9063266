#include "harness/script/needs.h"

#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/replicator/replicators.h"
#include "harness/script/diag.h"
#include "harness/script/lex.h"
#include "harness/script/script.h"
#include "lib/file.h"
#include "lib/str.h"

/* Can a process without privileges have a user and a network namespace? */
static bool
need_userns(void)
{
	int st;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0);
	return (pid > 0 && waitpid(pid, &st, 0) == pid && st == 0);
}

#define APT(p)	"apt-get install " p

const struct need needs[] = {
	{ .name = "litestream", .versioned = true,
	    .doc = "the release under test, by its version" },
	{ .name = "userns", .fn = need_userns,
	    .doc = "user and network namespaces without privileges",
	    .install = "sysctl kernel.unprivileged_userns_clone=1 (or run "
	    "outside a container that forbids them)" },
	{ .name = "bwrap", .program = "bwrap", .version = "--version",
	    .doc = "bubblewrap, a private root view for each machine",
	    .install = APT("bubblewrap") },
	{ .name = "bash", .program = "bash", .version = "--version",
	    .doc = "the shell of `shell` blocks", .install = APT("bash"),
	    .wanted = true },
	{ .name = "python3", .program = "python3", .version = "--version",
	    .doc = "the fixture's application", .install = APT("python3"),
	    .wanted = true },
	{ .name = "curl", .program = "curl", .version = "--version",
	    .doc = "drills' own requests", .install = APT("curl") },
	{ .name = "sqlite3", .program = "sqlite3", .version = "--version",
	    .doc = "drills' own queries", .install = APT("sqlite3") },
	{ .name = "gcloud", .program = "gcloud", .version = "--version",
	    .doc = "Google Cloud's command line, for the runbook's commands",
	    .install = APT("google-cloud-cli") " (from Google's apt source: "
	    "https://cloud.google.com/sdk/docs/install#deb)" },
	{ .name = "gsutil", .program = "gsutil", .version = "version",
	    .doc = "its older tool for Cloud Storage",
	    .install = APT("google-cloud-cli") },
	{ .name = "podman", .program = "podman", .version = "--version",
	    .doc = "containers built from the user's Dockerfile",
	    .install = APT("podman") },
	{ .name = "docker", .program = "docker", .version = "--version",
	    .doc = "the same", .install = APT("docker.io") },
	{ .name = NULL }
};

const struct need *
need_find(const char *name)
{

	for (const struct need *n = needs; n->name != NULL; n++)
		if (strcmp(n->name, name) == 0)
			return (n);
	return (NULL);
}

bool
need_here(const struct need *n)
{
	static signed char known[NELEMS(needs)];	/* 0 not asked yet */
	signed char *k = &known[n - needs];
	char *path = NULL;

	if (*k == 0) {
		if (n->program != NULL) {
			const char *env = getenv("PATH");

			path = file_find_program(n->program, env != NULL ?
			    env : "/usr/local/bin:/usr/bin:/bin");
			*k = path != NULL ? 1 : -1;
		} else
			*k = n->fn == NULL || n->fn() ? 1 : -1;
		free(path);
	}
	return (*k > 0);
}

static int
need_unknown(const char *name, struct err *e)
{
	const char *names[NELEMS(needs)];
	size_t n = 0;
	struct buf b;
	int rc;

	for (const struct need *p = needs; p->name != NULL; p++)
		names[n++] = p->name;
	buf_init(&b, 64 << 10);
	diag_unknown_text(&b, "condition", name, names, n);
	rc = err_set(e, "%s", b.p);
	buf_release(&b);
	return (rc);
}

static bool
need_is_version(const char *s)
{

	if (*s < '0' || *s > '9')
		return (false);
	return (s[strspn(s, "0123456789.")] == '\0' && !str_ends(s, "."));
}

int
need_parse(struct arena *a, const char *text, struct cond *c, struct err *e)
{
	static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">" };
	const struct need *n;
	const char *p = text + lex_blanks(text, strlen(text));
	size_t len;

	memset(c, 0, sizeof(*c));
	if (*p == '!') {
		c->negate = true;
		p += 1 + lex_blanks(p + 1, strlen(p + 1));
	}
	len = strcspn(p, " \t<>=!");
	c->name = arena_strndup(a, p, len);
	p += len;
	p += lex_blanks(p, strlen(p));
	if ((n = need_find(c->name)) == NULL)
		return (need_unknown(c->name, e));
	for (size_t i = 0; i < NELEMS(ops) && c->op == NULL; i++)
		if (str_starts(p, ops[i])) {
			c->op = ops[i];
			p += strlen(ops[i]);
			p += lex_blanks(p, strlen(p));
			len = strcspn(p, " \t");
			c->value = arena_strndup(a, p, len);
			p += len;
			p += lex_blanks(p, strlen(p));
		}
	if (*p != '\0')
		return (err_set(e, "'%s' cannot stand behind '%s'", p,
		    c->name));
	if (!n->versioned && c->op != NULL)
		return (err_set(e, "'%s' has no version to compare", n->name));
	if (n->versioned && (c->op == NULL || !need_is_version(c->value)))
		return (err_set(e, "'%s' wants a comparison with a version, "
		    "such as %s >= 0.5", n->name, n->name));
	return (0);
}

bool
need_holds(const struct cond *c, const struct release *rel)
{
	const struct need *n = need_find(c->name);
	bool holds;
	int d;

	BUG_ON(n == NULL);
	if (c->op == NULL)
		return (need_here(n) != c->negate);
	d = release_compare(rel->version, c->value);
	holds = strcmp(c->op, "==") == 0 ? d == 0 :
	    strcmp(c->op, "!=") == 0 ? d != 0 :
	    strcmp(c->op, "<=") == 0 ? d <= 0 :
	    strcmp(c->op, ">=") == 0 ? d >= 0 :
	    strcmp(c->op, "<") == 0 ? d < 0 : d > 0;
	return (holds != c->negate);
}

const char *
need_missing(struct arena *a, const char *const *words, size_t n,
    const struct release *rel)
{

	for (size_t i = 0; i < n; i++) {
		struct cond c;

		BUG_ON(need_parse(a, words[i], &c, NULL) != 0);	/* checked */
		if (need_holds(&c, rel))
			continue;
		if (c.op != NULL)
			return (arena_printf(a, "needs %s, this is %s",
			    words[i], rel->version));
		if (c.negate)
			return (arena_printf(a, "wants a machine without %s",
			    c.name));
		return (arena_printf(a, "%s is missing here: %s", c.name,
		    need_find(c.name)->install));
	}
	return (NULL);
}
