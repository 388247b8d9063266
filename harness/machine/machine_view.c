/* The root view: bubblewrap's command line.  A tmpfs as root, the programs of
 * the host read-only, and the machine's own folders in production's places.
 * No pid namespace: pids are the drill's, so that it can find and signal
 * them; the network is the drill's, too. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/machine/machine_int.h"
#include "harness/replicator/replicators.h"
#include "lib/file.h"

static const char *
machine_bwrap(void)
{
	static char *path;

	if (path == NULL)
		path = file_find_program("bwrap", MACHINE_PATH);
	return (path);
}

bool
machine_root_view_allowed(const char **why)
{
	static int known = -1;
	static const char *reason;
	const char *argv[] = { machine_bwrap(), "--ro-bind", "/", "/",
		"--dev", "/dev", "--bind", "/proc", "/proc", "/usr/bin/true",
		NULL };
	const char *envp[] = { NULL };
	struct proc_opts o = {
		.argv = (char *const *)(uintptr_t)argv,
		.envp = (char *const *)(uintptr_t)envp,
	};

	if (known < 0 && argv[0] == NULL) {
		known = 0;
		reason = "bubblewrap (bwrap) is not installed";
	}
	if (known < 0) {
		struct proc *p = proc_start(&o, NULL);

		known = p != NULL && proc_wait(p, INT64_C(10000000)) &&
		    proc_status(p) == 0;
		proc_free(p);
		reason = known ? NULL : "bubblewrap may make no namespaces here";
	}
	if (why != NULL)
		*why = reason;
	return (known == 1);
}

static void
words_add3(struct words *w, const char *a, const char *b, const char *c)
{

	words_add(w, a);
	words_add(w, b);
	words_add(w, c);
}

/* The host's programs: folders read-only, links as links. */
static void
machine_wrap_host(struct words *w)
{
	static const char *const from_host[] = { "/usr", "/bin", "/sbin",
		"/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix" };

	for (size_t i = 0; i < NELEMS(from_host); i++) {
		char to[4096];
		struct stat st;
		ssize_t n;

		if (lstat(from_host[i], &st) != 0)
			continue;
		if (!S_ISLNK(st.st_mode)) {
			words_add3(w, "--ro-bind", from_host[i], from_host[i]);
			continue;
		}
		n = readlink(from_host[i], to, sizeof(to) - 1);
		if (n > 0) {
			to[n] = '\0';
			words_add3(w, "--symlink", to, from_host[i]);
		}
	}
}

bool
machine_is_script(const char *path)
{
	char head[2] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is;

	is = fd >= 0 && read(fd, head, 2) == 2 && memcmp(head, "#!", 2) == 0;
	if (fd >= 0)
		(void)close(fd);
	return (is);
}

char **
machine_wrap(struct machine *m, char *const *argv, int info_fd)
{
	struct arena *a = &m->run->arena;
	struct words w = { .a = a };
	const char *release = m->run->rel->path;

	if (m->root_view) {
		words_add(&w, machine_bwrap());
		words_add(&w, "--die-with-parent");
		if (info_fd > 0) {
			words_add(&w, "--info-fd");
			words_add(&w, arena_printf(a, "%d", info_fd));
		}
		machine_wrap_host(&w);
		words_add(&w, "--dev");
		words_add(&w, "/dev");
		words_add3(&w, "--bind", "/proc", "/proc");
		for (size_t i = 0; machine_folders[i] != NULL; i++) {
			const char *f = machine_folders[i];

			words_add3(&w, "--bind",
			    arena_printf(a, "%s/%s", m->dir, f),
			    arena_printf(a, "/%s", f));
		}
		if (m->run->folder != NULL)
			words_add3(&w, "--bind", m->run->folder,
			    machine_backup(m));
		if (machine_is_script(release)) {
			/* what it calls may lie beside it */
			char *dir = arena_strdup(a, release);

			*strrchr(dir, '/') = '\0';
			words_add3(&w, "--ro-bind", dir, dir);
		} else {
			words_add3(&w, "--ro-bind", release,
			    "/drill/bin/litestream");
		}
		words_add(&w, "--chdir");
		words_add(&w, "/app");
		words_add(&w, "--");
	}
	for (; *argv != NULL; argv++)
		words_add(&w, *argv);
	return (w.v);
}
