/* From words to scenario files, in an order that does not depend on the
 * machine. */
#include "harness/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/script/diag.h"
#include "lib/file.h"
#include "lib/str.h"

#define CLI_DEPTH	16
#define CLI_NAMES	1024

void
cli_picks_release(struct cli_picks *p)
{

	for (size_t i = 0; i < p->n; i++)
		script_free(p->v[i].sc);
	free(p->v);
	arena_release(&p->arena);
	memset(p, 0, sizeof(*p));
}

static void
cli_pick_add(struct cli_picks *p, const char *file, const char *release)
{

	if (p->n == p->room) {
		p->room = p->room > 0 ? 2 * p->room : 64;
		p->v = mem_realloc(p->v, p->room * sizeof(*p->v));
	}
	memset(&p->v[p->n], 0, sizeof(*p->v));
	p->v[p->n].file = arena_strdup(&p->arena, file);
	p->v[p->n++].release = release;
}

static int
cli_pick_folder(struct cli_picks *p, const char *dir, const char *release,
    int depth)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);

	if (n < 0)
		return (cli_error("cannot read the folder %s: %s", dir,
		    strerror(errno)));
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char *path = mem_printf("%s/%s", dir, name);
		struct stat st;

		if (name[0] != '.' && stat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < CLI_DEPTH)
				(void)cli_pick_folder(p, path, release,
				    depth + 1);
			else if (S_ISREG(st.st_mode) && str_ends(name, ".scn"))
				cli_pick_add(p, path, release);
		}
		free(path);
		free(names[i]);
	}
	free(names);
	return (0);
}

/* "scenarios/40-crash/held.scn" → "40-crash/held" */
static const char *
cli_short(struct cli_picks *p, const char *root, const char *file)
{
	const char *s = file + strlen(root) + 1;

	return (arena_strndup(&p->arena, s, strlen(s) - 4));
}

static int
cli_pick_unknown(struct cli_picks *p, const char *root, const char *word)
{
	struct cli_picks all = { .n = 0 };
	const char *names[CLI_NAMES];
	size_t n = 0;
	struct buf b;

	if (root != NULL)
		(void)cli_pick_folder(&all, root, NULL, 0);
	for (size_t i = 0; i < all.n && n + 2 < NELEMS(names); i++) {
		const char *name = cli_short(p, root, all.v[i].file);

		names[n++] = name;
		names[n++] = arena_strndup(&p->arena, name,
		    strcspn(name, "/"));
	}
	buf_init(&b, 64 << 10);
	diag_unknown_text(&b, "scenario or folder", word, names, n);
	(void)cli_error("%s", b.p);
	buf_release(&b);
	cli_picks_release(&all);
	return (-1);
}

/* A file or a folder, here or below scenarios/. */
static const char *
cli_pick_path(struct cli_picks *p, const char *root, const char *word)
{
	const char *tries[3] = { word };

	if (root != NULL && word[0] != '/') {
		tries[1] = arena_printf(&p->arena, "%s/%s", root, word);
		tries[2] = arena_printf(&p->arena, "%s/%s.scn", root, word);
	}
	for (size_t i = 0; i < NELEMS(tries); i++)
		if (tries[i] != NULL && file_exists(tries[i]))
			return (tries[i]);
	return (NULL);
}

static int
cli_pick_word(struct cli_picks *p, const char *root, const char *word)
{
	const char *path = cli_pick_path(p, root, word), *release = NULL;
	const char *at = strrchr(word, '@');
	struct stat st;
	size_t before = p->n, n;

	if (path == NULL && at != NULL) {
		release = arena_strdup(&p->arena, at + 1);
		path = cli_pick_path(p, root, arena_strndup(&p->arena, word,
		    (size_t)(at - word)));
	}
	if (path == NULL)
		return (cli_pick_unknown(p, root, word));
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		cli_pick_add(p, path, release);
		return (0);
	}
	n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	path = arena_strndup(&p->arena, path, n);
	if (cli_pick_folder(p, path, release, 0) != 0)
		return (-1);
	if (p->n == before) {
		(void)cli_error("there is no .scn file below %s", path);
		return (-1);
	}
	return (0);
}

/* The same file twice is one; of two of its picks the wider stays. */
static void
cli_pick_once(struct cli_picks *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct stat a, b;
		bool again = false;

		for (size_t k = 0; k < n && !again; k++) {
			again = stat(p->v[i].file, &a) == 0 &&
			    stat(p->v[k].file, &b) == 0 &&
			    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
			if (again && p->v[k].release != NULL &&
			    p->v[i].release != NULL &&
			    strcmp(p->v[k].release, p->v[i].release) != 0)
				again = false;
			else if (again && p->v[i].release == NULL)
				p->v[k].release = NULL;
		}
		if (!again)
			p->v[n++] = p->v[i];
	}
	p->n = n;
}

int
cli_pick(struct cli_picks *p, const char *const *words, size_t n)
{
	const char *root;
	size_t paths = 0;
	int rc = 0;

	memset(p, 0, sizeof(*p));
	root = cli_scenarios(&p->arena);
	p->tags = arena_alloc(&p->arena, (n + 1) * sizeof(*p->tags));
	for (size_t i = 0; i < n; i++) {
		if (str_starts(words[i], "tag:")) {
			p->tags[p->ntags++] = words[i] + 4;
			continue;
		}
		paths++;
		if (cli_pick_word(p, root, words[i]) != 0)
			rc = -1;
	}
	if (paths == 0 && root == NULL) {
		(void)cli_error("there is no folder 'scenarios' here");
		rc = -1;
	} else if (paths == 0)
		rc = cli_pick_word(p, NULL, root);
	cli_pick_once(p);
	return (rc);
}

static bool
cli_tagged(const struct cli_picks *p, const struct scenario *sc)
{

	for (size_t i = 0; i < p->ntags; i++)
		if (script_has_tag(sc, p->tags[i]))
			return (true);
	return (p->ntags == 0);
}

int
cli_load(struct cli_picks *p, const json_t *describe)
{
	int errors = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct scenario *sc = script_load(p->v[i].file, describe,
		    stderr, &errors);

		if (sc == NULL)
			continue;
		if (!cli_tagged(p, sc)) {
			script_free(sc);
			continue;
		}
		p->v[n] = p->v[i];
		p->v[n++].sc = sc;
	}
	p->n = n;
	return (errors);
}
