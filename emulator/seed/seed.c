#include "emulator/seed/seed_int.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/store/store_snapshot.h"
#include "lib/file.h"
#include "lib/log.h"

#define SEED_MAX	(64u << 20)
#define SEED_UNDO	"before-seed"	/* the snapshot's name */

/* ---- the file ---- */

struct seed *
seed_open(const char *path, struct err *e)
{
	struct seed *s = mem_alloc(sizeof(*s));
	const char *slash = strrchr(path, '/');
	json_error_t je;
	struct buf b;

	s->path = mem_strdup(path);
	s->dir = slash == NULL ? mem_strdup(".") :
	    mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
	buf_init(&b, SEED_MAX);
	if (file_read(path, &b, e) == 0) {
		s->root = json_loadb(b.p, b.len, JSON_REJECT_DUPLICATES, &je);
		if (s->root == NULL)
			(void)err_set(e, "%s: line %d, column %d: %s", path,
			    je.line, je.column, je.text);
		else if (!json_is_object(s->root)) {
			(void)err_set(e, "%s: line 1: a seed is a JSON "
			    "object: {\"buckets\": [...], ...}", path);
			json_decref(s->root);
			s->root = NULL;
		}
	}
	buf_release(&b);
	if (s->root != NULL)
		return (s);
	seed_free(s);
	return (NULL);
}

void
seed_free(struct seed *s)
{

	if (s == NULL)
		return;
	json_decref(s->root);
	free(s->path);
	free(s->dir);
	free(s);
}

const char *
seed_project(const struct seed *s)
{

	return (seed_text(s->root, "project"));
}

/* ---- the whole ---- */

static const struct {
	struct seed_member m;
	int	(*apply)(struct seeding *, const json_t *);
} seed_parts[] = {
	{ { "project", 's', false }, NULL },
	/* Who is named must be there: policies come after people. */
	{ { "workloadIdentityPools", 'a', false }, seed_pools },
	{ { "serviceAccounts", 'a', false }, seed_accounts },
	{ { "users", 'a', false }, seed_users },
	{ { "roles", 'a', false }, seed_roles },
	{ { "machine", 'o', false }, seed_machine },
	{ { "buckets", 'a', false }, seed_buckets },
	{ { "policy", 'o', false }, seed_project_policy },
};

static int
seed_apply_parts(struct seeding *x)
{
	struct seed_member m[NELEMS(seed_parts)];
	const json_t *root = x->seed->root, *v;

	for (size_t i = 0; i < NELEMS(m); i++)
		m[i] = seed_parts[i].m;
	if (seed_check(x, "$", root, m, NELEMS(m), false) != 0)
		return (-1);
	v = json_object_get(root, "project");
	if (v != NULL && strcmp(json_string_value(v), x->emu->project) != 0)
		return (seed_fail(x, "$.project", "the emulated project is "
		    "'%s'; leave --project out, or this", x->emu->project));
	for (size_t i = 0; i < NELEMS(seed_parts); i++) {
		v = json_object_get(root, m[i].name);
		if (v != NULL && seed_parts[i].apply != NULL &&
		    seed_parts[i].apply(x, v) != 0)
			return (-1);
	}
	return (0);
}

/* The folder of a path, made where it is not there. */
static int
seed_folder(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc;

	if (slash == NULL || slash == path)
		return (0);
	dir = mem_strndup(path, (size_t)(slash - path));
	rc = file_mkdirs(dir, 0700, e);
	free(dir);
	return (rc);
}

static int
seed_write_files(struct seeding *x)
{

	for (struct seed_file *f = x->files; f != NULL; f = f->next) {
		if (seed_folder(f->path, x->e) != 0 || file_write(f->path,
		    f->text, strlen(f->text), 0600, x->e) != 0)
			return (err_prefix(x->e, "%s", x->seed->path));
		f->written = true;
	}
	return (0);
}

static void
seed_forget_files(struct seeding *x, bool good)
{

	for (struct seed_file *f = x->files; f != NULL; f = f->next) {
		if (f->written && !good)
			(void)unlink(f->path);
		explicit_bzero(f->text, strlen(f->text));
		free(f->text);
	}
}

/* As it was, where there is somebody to whom it would matter: a temporary
 * store goes with the failed start. */
static void
seed_undo(struct seeding *x)
{
	struct err e = ERR_INIT;
	struct snapshot s;

	if (store_snapshot_load(x->emu->store, SEED_UNDO, &x->a, &s, &e) !=
	    SNAPSHOT_OK)
		log_error("seed: the snapshot %s cannot be put back: %s",
		    SEED_UNDO, err_msg(&e));
	err_release(&e);
}

int
seed_apply(const struct seed *s, struct emu *emu, struct err *e)
{
	struct seeding x = { .seed = s, .emu = emu, .e = e };
	bool keep = !emu->temporary;
	struct snapshot snap;
	int rc;

	if (keep && store_snapshot_save(emu->store, SEED_UNDO, true, &x.a,
	    &snap, e) != SNAPSHOT_OK) {
		arena_release(&x.a);
		return (-1);
	}
	rc = seed_apply_parts(&x);
	if (rc == 0)
		rc = seed_write_files(&x);
	seed_forget_files(&x, rc == 0);
	if (keep && rc != 0)
		seed_undo(&x);
	if (keep)
		(void)store_snapshot_delete(emu->store, SEED_UNDO, NULL);
	arena_release(&x.a);
	return (rc);
}
