/* What the system under test uses: memory, descriptors and threads of a
 * process, files and bytes of a folder, requests a second. */
#include "harness/script/probes_int.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/machine/machine.h"
#include "harness/run/emu.h"
#include "harness/run/journal.h"
#include "harness/run/run_int.h"
#include "harness/script/steps_int.h"
#include "lib/file.h"
#include "lib/str.h"

/* ---- processes ---- */

/* /proc/PID of the process that the name means; NULL: it does not run. */
static const char *
probe_proc(struct run *r, const char *name)
{
	pid_t pid = machine_pid(r->machine, name);

	return (pid > 0 ? arena_printf(&r->arena, "/proc/%d", (int)pid) :
	    NULL);
}

/* A line "KEY:  N …" of its status. */
static bool
probe_status_line(struct run *r, const char *name, const char *key,
    struct value *v)
{
	const char *proc = probe_proc(r, name), *at = NULL;
	struct buf b;

	buf_init(&b, 65536);
	if (proc != NULL && file_read(arena_printf(&r->arena, "%s/status",
	    proc), &b, NULL) == 0)
		at = strstr(b.p, key);
	if (at != NULL)
		v->n = strtoll(at + strlen(key), NULL, 10);
	buf_release(&b);
	if (at == NULL)
		return (probe_unknown(r, v, "%s does not run", name));
	return (true);
}

bool
probe_process_rss_probe(struct run *r, const char *arg, struct value *v)
{

	if (!probe_status_line(r, arg, "\nVmRSS:", v))
		return (false);
	v->n *= 1024;
	return (true);
}

bool
probe_process_threads_probe(struct run *r, const char *arg, struct value *v)
{

	return (probe_status_line(r, arg, "\nThreads:", v));
}

bool
probe_process_fds_probe(struct run *r, const char *arg, struct value *v)
{
	const char *proc = probe_proc(r, arg);
	const struct dirent *ent;
	DIR *d;

	d = proc == NULL ? NULL : opendir(arena_printf(&r->arena, "%s/fd",
	    proc));
	if (d == NULL)
		return (probe_unknown(r, v, "%s does not run", arg));
	while ((ent = readdir(d)) != NULL)
		v->n += ent->d_name[0] != '.';
	(void)closedir(d);
	return (true);
}

/* ---- folders ---- */

#define PROBE_DEPTH	16

static void
probe_folder(const char *dir, int depth, int64_t *files, int64_t *bytes)
{
	const struct dirent *ent;
	DIR *d = opendir(dir);

	while (d != NULL && (ent = readdir(d)) != NULL) {
		char *path = mem_printf("%s/%s", dir, ent->d_name);
		struct stat st;

		if (strcmp(ent->d_name, ".") != 0 &&
		    strcmp(ent->d_name, "..") != 0 && lstat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < PROBE_DEPTH)
				probe_folder(path, depth + 1, files, bytes);
			*files += S_ISREG(st.st_mode);
			*bytes += S_ISREG(st.st_mode) ? st.st_size : 0;
		}
		free(path);
	}
	if (d != NULL)
		(void)closedir(d);
}

bool
probe_folder_files_probe(struct run *r, const char *arg, struct value *v)
{
	int64_t bytes = 0;

	probe_folder(machine_host_path(r->machine, arg), 0, &v->n, &bytes);
	return (true);
}

bool
probe_folder_bytes_probe(struct run *r, const char *arg, struct value *v)
{
	int64_t files = 0;

	probe_folder(machine_host_path(r->machine, arg), 0, &files, &v->n);
	return (true);
}

/* ---- requests ---- */

/* The most that began within any second: a window that slides over their
 * times, which the journal's lines have in the order of their ends. */
static int64_t
probe_densest(double *t, size_t n)
{
	size_t most = 0, first = 0;

	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && t[k] < t[k - 1]; k--) {
			double x = t[k];

			t[k] = t[k - 1];
			t[k - 1] = x;
		}
	for (size_t i = 0; i < n; i++) {
		while (t[i] - t[first] >= 1.0)
			first++;
		if (i - first + 1 > most)
			most = i - first + 1;
	}
	return ((int64_t)most);
}

/* Lines of those that the harness did not ask for itself. */
struct probe_lines {
	const char *arg, *owner;
	double	*t;
	size_t	n;
	int64_t	bytes;
};

static bool
probe_line_counts(const struct probe_lines *x, const json_t *line)
{

	return (!str_ends(journal_str(line, "principal"), x->owner));
}

static void
probe_rate_line(void *arg, const json_t *line)
{
	struct probe_lines *x = arg;

	if (!str_glob(x->arg, journal_str(line, "api")) ||
	    !probe_line_counts(x, line))
		return;
	x->t = mem_realloc(x->t, (x->n + 1) * sizeof(*x->t));
	x->t[x->n++] = json_number_value(json_object_get(line, "t"));
}

static void
probe_bytes_line(void *arg, const json_t *line)
{
	struct probe_lines *x = arg;
	const char *object = journal_str(line, "object");

	if (*object != '\0' && str_glob(x->arg, object) &&
	    probe_line_counts(x, line))
		x->bytes += json_integer_value(json_object_get(line, "in"));
}

static bool
probe_lines(struct run *r, const char *arg, struct probe_lines *x,
    void (*fn)(void *, const json_t *))
{
	struct err e = ERR_INIT;

	*x = (struct probe_lines){ .arg = arg, .owner = emu_owner(r->emu) };
	/* Before reading, so that no line in between is slept over. */
	step_args(r)->journal = emu_journal_count(r->emu, NULL, NULL, NULL, 0,
	    &e);
	if (step_args(r)->journal < 0 ||
	    journal_lines(run_journal(r), fn, x, &e) != 0)
		return (probe_err(r, &e));
	return (true);
}

bool
probe_journal_rate_probe(struct run *r, const char *arg, struct value *v)
{
	struct probe_lines x;
	bool known = probe_lines(r, arg, &x, probe_rate_line);

	v->n = probe_densest(x.t, x.n);
	free(x.t);
	return (known);
}

bool
probe_journal_bytes_probe(struct run *r, const char *arg, struct value *v)
{
	struct probe_lines x;
	bool known = probe_lines(r, arg, &x, probe_bytes_line);

	v->n = x.bytes;
	return (known);
}
