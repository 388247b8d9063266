/* A machine made of folders of the host:
 *
 *   DIR/app  DIR/data  DIR/tmp  DIR/root	what belongs to the machine
 *   DIR/drill/bin/litestream  ca.pem  …	what the drill puts there
 *
 * With bubblewrap each process sees them as /app, /data, /tmp, /root and
 * /drill in a root of its own that holds nothing else of the host but its
 * programs, read-only; pids and the network stay those of the drill.  Where
 * that is forbidden the processes run in the folders as they are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/machine/machine_int.h"
#include "harness/replicator/replicators.h"
#include "harness/run/emu.h"
#include "harness/script/script.h"
#include "lib/file.h"
#include "lib/str.h"

const char *const machine_folders[] = {
	"app", "data", "tmp", "root", "drill", NULL
};

/* ---- paths ---- */

const char *
machine_prefix(const struct machine *m)
{

	return (m->root_view ? "" : m->dir);
}

bool
machine_has_root_view(const struct machine *m)
{

	return (m->root_view);
}

bool
machine_is_private(const char *path)
{

	for (size_t i = 0; machine_folders[i] != NULL; i++) {
		size_t n = strlen(machine_folders[i]);

		if (path[0] == '/' &&
		    strncmp(path + 1, machine_folders[i], n) == 0 &&
		    (path[n + 1] == '/' || path[n + 1] == '\0'))
			return (true);
	}
	return (false);
}

const char *
machine_host_path(struct machine *m, const char *path)
{
	struct arena *a = &m->run->arena;

	if (path[0] != '/')
		return (arena_printf(a, "%s/app/%s", m->dir,
		    str_starts(path, "./") ? path + 2 : path));
	if (machine_is_private(path))
		return (arena_printf(a, "%s%s", m->dir, path));
	return (arena_strdup(a, path));
}

const char *
machine_backup(const struct machine *m)
{

	return (m->root_view ? "/backup" : m->run->folder);
}

const char *
machine_path(struct machine *m, const char *path)
{

	if (m->root_view || !machine_is_private(path))
		return (arena_strdup(&m->run->arena, path));
	return (machine_host_path(m, path));
}

bool
machine_can_use(const struct machine *m, const char *word)
{
	const char *eq = strchr(word, '=');

	if (m->root_view || str_starts(word, m->dir) ||
	    (eq != NULL && str_starts(eq + 1, m->dir)))
		return (true);
	return (!machine_is_private(word) &&
	    (eq == NULL || !machine_is_private(eq + 1)));
}

/* ---- making and unmaking ---- */

/* A script is run by its own path, not by a link to it: what it calls may lie
 * beside it, and $0 is how it finds that. */
static int
machine_put_script(const char *release, const char *at, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, 65536);
	buf_adds(&b, "#!/bin/sh\nexec '");
	for (const char *p = release; *p != '\0'; p++)
		if (*p == '\'')
			buf_adds(&b, "'\\''");
		else
			buf_addc(&b, *p);
	buf_adds(&b, "' \"$@\"\n");
	rc = file_write(at, b.p, b.len, 0755, e);
	buf_release(&b);
	return (rc);
}

/* The operator's key, and what tells gsutil of it: gcloud is told by its
 * environment. */
static int
machine_put_operator(struct machine *m, struct err *e)
{
	struct run *r = m->run;
	struct arena *a = &r->arena;
	const char *port = strrchr(emu_proxy(r->emu), ':') + 1;
	const char *boto = arena_printf(a, "[Credentials]\n"
	    "gs_service_key_file = %s\n[Boto]\nproxy = 127.0.0.1\n"
	    "proxy_port = %s\nca_certificates_file = %s\n"
	    "https_validate_certificates = True\n[GSUtil]\n"
	    "state_dir = %s\ndefault_project_id = %s\n"
	    "software_update_check_period = 0\n",
	    machine_path(m, "/drill/owner-key.json"), port,
	    machine_path(m, "/drill/ca.pem"), machine_path(m,
	    "/root/.gsutil"), r->project);

	if (m->owner_key == NULL)
		return (0);
	if (file_copy(m->owner_key, arena_printf(a, "%s/drill/owner-key.json",
	    m->dir), e) != 0)
		return (-1);
	return (file_write(arena_printf(a, "%s/drill/boto", m->dir), boto,
	    strlen(boto), 0600, e));
}

static int
machine_put_drill(struct machine *m, struct err *e)
{
	struct arena *a = &m->run->arena;
	const char *release = m->run->rel->path;
	const char *at = arena_printf(a, "%s/drill/bin/litestream", m->dir);

	if (file_mkdirs(arena_printf(a, "%s/drill/bin", m->dir), 0755, e) != 0)
		return (-1);
	/* In a root view the binary is bound over an empty file. */
	if (machine_is_script(release)) {
		if (machine_put_script(release, at, e) != 0)
			return (-1);
	} else if (m->root_view) {
		if (file_write(at, "", 0, 0755, e) != 0)
			return (-1);
	} else if (symlink(release, at) != 0) {
		return (err_setno(e, "cannot make the link %s", at));
	}
	if (file_copy(emu_ca(m->run->emu),
	    arena_printf(a, "%s/drill/ca.pem", m->dir), e) != 0)
		return (-1);
	return (machine_put_operator(m, e));
}

static int
machine_put_file(struct machine *m, const struct machine_file *f,
    struct err *e)
{
	const char *to = machine_host_path(m, f->path);
	char *dir = arena_strdup(&m->run->arena, to);

	*strrchr(dir, '/') = '\0';
	if (file_mkdirs(dir, 0755, e) != 0 || file_copy(f->copy, to, e) != 0)
		return (-1);
	if (chmod(to, f->mode) != 0)
		return (err_setno(e, "cannot set the mode of %s", to));
	return (0);
}

static int
machine_make(struct machine *m, struct err *e)
{

	for (size_t i = 0; machine_folders[i] != NULL; i++)
		if (file_mkdirs(arena_printf(&m->run->arena, "%s/%s", m->dir,
		    machine_folders[i]), 0755, e) != 0)
			return (-1);
	if (machine_put_drill(m, e) != 0)
		return (-1);
	for (const struct machine_file *f = m->files; f != NULL; f = f->next)
		if (machine_put_file(m, f, e) != 0)
			return (-1);
	return (0);
}

/* Does the scenario use the operator's tools?  Their key costs time. */
static bool
machine_wants_owner_key(const struct scenario *sc)
{

	for (size_t i = 0; sc != NULL && i < sc->nneeds; i++)
		if (str_starts(sc->needs[i], "gcloud") ||
		    str_starts(sc->needs[i], "gsutil"))
			return (true);
	for (size_t i = 0; sc != NULL && i < sc->nlines; i++)
		for (size_t k = 0; k < sc->lines[i].nconds; k++) {
			const char *name = sc->lines[i].conds[k].name;

			if (strcmp(name, "gcloud") == 0 ||
			    strcmp(name, "gsutil") == 0)
				return (true);
		}
	return (false);
}

struct machine *
machine_new(struct run *r, struct err *e)
{
	struct machine *m = arena_alloc(&r->arena, sizeof(*m));

	m->run = r;
	m->dir = arena_printf(&r->arena, "%s/machine", r->dir);
	m->root_view = !r->opts->no_root_view &&
	    machine_root_view_allowed(NULL);
	if (machine_wants_owner_key(r->sc) &&
	    (m->owner_key = emu_owner_key(r->emu, e)) == NULL)
		return (NULL);
	machine_env_base(m);
	return (machine_make(m, e) == 0 ? m : NULL);
}

void
machine_free(struct machine *m)
{

	if (m == NULL)
		return;
	machine_halt(m);
	(void)file_remove_all(m->dir, NULL);
}

int
machine_move(struct machine *m, const char *dir, struct err *e)
{

	m->dir = dir;
	m->procs = NULL;
	m->shell = NULL;
	return (machine_make(m, e));
}

int
machine_replace(struct machine *m, struct err *e)
{

	if (!m->loss_open)
		run_note_loss(m->run);
	m->loss_open = false;
	machine_halt(m);
	if (file_remove_all(m->dir, e) != 0)
		return (-1);
	return (machine_make(m, e));
}

int
machine_install(struct machine *m, const char *path, const char *from,
    mode_t mode, struct err *e)
{
	struct arena *a = &m->run->arena;
	const char *dir = arena_printf(a, "%s/image", m->run->dir);
	struct machine_file *f;

	if (file_mkdirs(dir, 0700, e) != 0)
		return (-1);
	for (f = m->files; f != NULL; f = f->next)
		if (strcmp(f->path, path) == 0)
			break;
	if (f == NULL) {
		f = arena_alloc(a, sizeof(*f));
		f->path = arena_strdup(a, path);
		f->next = m->files;
		m->files = f;
	}
	f->mode = mode;
	/* A place of its own each time: machines that moved away from this
	 * one (machine_move()) have their files from the same copies. */
	f->copy = arena_printf(a, "%s/%d", dir, ++m->nfiles);
	if (file_copy(from, f->copy, e) != 0)
		return (-1);
	return (machine_put_file(m, f, e));
}

bool
machine_installed(const struct machine *m, const char *path)
{

	for (const struct machine_file *f = m->files; f != NULL; f = f->next)
		if (strcmp(f->path, path) == 0)
			return (true);
	return (false);
}
