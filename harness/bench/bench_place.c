/* The places a replica can be in, and Litestream's processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/bench/bench_int.h"
#include "harness/oracle/oracles.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define OBJECT_MAX	INT64_C(4294967296)
#define ENV_MAX		16
#define SETTLE_MS	1500	/* above the sync interval of 1 s */

int
bench_emu_start(struct bench *b, struct err *e)
{
	struct emu_opts o = { .program = b->program, .project = "litedrill" };
	int status = 0;
	json_t *j;

	bench_emu_stop(b);
	if ((o.data = bench_folder(b, "emulator", e)) == NULL)
		return (-1);
	o.log = arena_printf(&b->arena, "%s/emulator.log", b->dir);
	if ((b->emu = emu_start(&o, e)) == NULL)
		return (-1);
	j = emu_google(b->emu, "POST", "storage.googleapis.com",
	    "/storage/v1/b?project=litedrill",
	    json_pack("{s:s}", "name", BENCH_BUCKET), &status, e);
	json_decref(j);
	if (status != 200)
		return (err_prefix(e, "cannot make a bucket (status %d)",
		    status));
	return (emu_owner_key(b->emu, e) != NULL ? 0 : -1);
}

void
bench_emu_stop(struct bench *b)
{

	emu_stop(b->emu);
	b->emu = NULL;
}

int
bench_latency(struct bench *b, int64_t us, struct err *e)
{
	json_t *j;

	if (us > 0) {
		/* The harness itself is the owner here: from=* includes it. */
		j = json_pack("{s:s, s:s, s:s, s:{s:s}}", "kind", "latency",
		    "on", "*", "from", "*", "args", "delay",
		    arena_printf(&b->arena, "%" PRId64 "us", us));
		return (emu_fault(b->emu, j, e) > 0 ? 0 : -1);
	}
	j = emu_control(b->emu, "DELETE", "faults", NULL, e);
	json_decref(j);
	return (j != NULL ? 0 : -1);
}

const char *
bench_folder(struct bench *b, const char *name, struct err *e)
{
	const char *dir = arena_printf(&b->arena, "%s/%s", b->dir, name);

	if (file_remove_all(dir, e) != 0 || file_mkdirs(dir, 0700, e) != 0)
		return (NULL);
	return (dir);
}

static const char *
log_file(struct bench *b, const struct release *rel)
{

	return (arena_printf(&b->arena, "%s/litestream-%s.log", b->dir,
	    rel->version));
}

/* It did not end as it should: the last line that it wrote says why. */
static int
wrong_end(struct bench *b, const struct release *rel, struct proc *p,
    const char *what, struct err *e)
{
	struct buf log;
	char *line;

	buf_init(&log, 64 << 20);
	(void)file_read(log_file(b, rel), &log, NULL);
	while (log.len > 0 && log.p[log.len - 1] == '\n')
		buf_cut(&log, log.len - 1);
	line = strrchr(log.p, '\n');
	if (proc_alive(p))
		err_set(e, "litestream %s did not end", what);
	else
		err_set(e, "litestream %s ended with status %d: %s", what,
		    proc_status(p), line != NULL ? line + 1 : log.p);
	buf_release(&log);
	return (-1);
}

struct proc *
bench_litestream(struct bench *b, const struct release *rel,
    char *const *argv, const char *const *more, struct err *e)
{
	struct arena *a = &b->arena;
	char *env[ENV_MAX] = {
		arena_strdup(a, "PATH=/usr/local/bin:/usr/bin:/bin"),
		arena_printf(a, "HOME=%s", b->dir),
		arena_printf(a, "TMPDIR=%s", b->dir),
	};
	struct proc_opts o = { .argv = argv, .envp = env };
	size_t n = 3;

	if (b->emu != NULL) {
		env[n++] = arena_printf(a, "HTTPS_PROXY=http://%s",
		    emu_proxy(b->emu));
		env[n++] = arena_printf(a, "SSL_CERT_FILE=%s", emu_ca(b->emu));
		env[n++] = arena_printf(a, "GOOGLE_APPLICATION_CREDENTIALS=%s",
		    emu_owner_key(b->emu, e));
	}
	for (; more != NULL && *more != NULL && n < ENV_MAX - 1; more++)
		env[n++] = arena_strdup(a, *more);
	o.log = log_file(b, rel);
	return (proc_start(&o, e));
}

int
bench_run(struct bench *b, const struct release *rel, char *const *argv,
    int64_t *us, struct err *e)
{
	int64_t t0 = clock_mono_us();
	struct proc *p = bench_litestream(b, rel, argv, NULL, e);
	int rc = 0;

	if (p == NULL)
		return (-1);
	if (!proc_wait(p, BENCH_LIMIT_US) || proc_status(p) != 0)
		rc = wrong_end(b, rel, p, argv[1], e);
	*us = proc_ended_us(p) - t0;
	proc_free(p);
	return (rc);
}

/* One page of the bucket's objects; *token is the next page's, or NULL. */
static int
list_page(struct bench *b, const char *prefix, const char **token,
    int (*fn)(struct bench *, void *, const char *, int64_t, struct err *),
    void *arg, struct err *e)
{
	struct arena *a = &b->arena;
	const char *path = arena_printf(a, "/storage/v1/b/" BENCH_BUCKET
	    "/o?prefix=%s/&pageToken=%s", prefix, *token != NULL ? *token :
	    "");
	int status = 0, rc = 0;
	json_t *j, *item;
	const char *next;
	size_t i;

	j = emu_google(b->emu, "GET", "storage.googleapis.com", path, NULL,
	    &status, e);
	if (status != 200) {
		json_decref(j);
		return (err_prefix(e, "cannot list the bucket"));
	}
	json_array_foreach(json_object_get(j, "items"), i, item) {
		const char *name = json_string_value(json_object_get(item,
		    "name"));
		const char *when = json_string_value(json_object_get(item,
		    "timeCreated"));
		int64_t us;

		if (rc == 0 && (name == NULL || when == NULL ||
		    clock_parse_rfc3339(when, &us) != 0))
			rc = err_set(e, "an object without name or time");
		if (rc == 0)
			rc = fn(b, arg, name, us, e);
	}
	next = json_string_value(json_object_get(j, "nextPageToken"));
	*token = next != NULL ? arena_strdup(a, next) : NULL;
	json_decref(j);
	return (rc);
}

static int
list(struct bench *b, const char *prefix,
    int (*fn)(struct bench *, void *, const char *, int64_t, struct err *),
    void *arg, struct err *e)
{
	const char *token = NULL;

	do
		if (list_page(b, prefix, &token, fn, arg, e) != 0)
			return (-1);
	while (token != NULL);
	return (0);
}

struct mirror {
	const char *folder;
	size_t	skip;		/* bytes of a name before what is below it */
	int64_t	objects;
};

static int
mirror_one(struct bench *b, void *arg, const char *name, int64_t us,
    struct err *e)
{
	struct mirror *m = arg;
	char *to = arena_printf(&b->arena, "%s/%s", m->folder, name + m->skip);
	char *slash = strrchr(to, '/');

	(void)us;
	if (strstr(to, "..") != NULL)
		return (err_set(e, "the object %s has no place in a folder",
		    name));
	*slash = '\0';
	if (file_mkdirs(to, 0700, e) != 0)
		return (-1);
	*slash = '/';
	m->objects++;
	return (emu_download(b->emu, BENCH_BUCKET, name, to, OBJECT_MAX, e));
}

int
bench_mirror(struct bench *b, const char *prefix, const char *folder,
    int64_t *objects, struct err *e)
{
	struct mirror m = { folder, strlen(prefix) + 1, 0 };
	int rc = list(b, prefix, mirror_one, &m, e);

	*objects = m.objects;
	return (rc);
}

/* ---- when the last of it arrived ---- */

struct newest {
	const char *glob;	/* of what a sync writes */
	int64_t	us;
};

static int
newest_one(struct bench *b, void *arg, const char *name, int64_t us,
    struct err *e)
{
	struct newest *n = arg;

	(void)b;
	(void)e;
	if (str_glob(n->glob, name) && us > n->us)
		n->us = us;
	return (0);
}

/* The same of a folder: ctime, since Litestream sets an older mtime. */
static void
newest_file(const char *folder, struct newest *n)
{
	DIR *d = opendir(folder);
	const struct dirent *de;

	while (d != NULL && (de = readdir(d)) != NULL) {
		char *path = mem_printf("%s/%s", folder, de->d_name);
		struct stat st;

		if (de->d_name[0] == '.' || lstat(path, &st) != 0) {
			free(path);
			continue;
		}
		if (S_ISDIR(st.st_mode))
			newest_file(path, n);
		else if (str_glob(n->glob, path) && n->us < st.st_ctim.tv_sec *
		    INT64_C(1000000) + st.st_ctim.tv_nsec / 1000)
			n->us = st.st_ctim.tv_sec * INT64_C(1000000) +
			    st.st_ctim.tv_nsec / 1000;
		free(path);
	}
	if (d != NULL)
		(void)closedir(d);
}

int
bench_newest(struct bench *b, const struct release *rel, const char *prefix,
    const char *folder, int64_t *wall_us, struct err *e)
{
	struct newest n = { rel->rep->wal_glob, 0 };

	if (folder != NULL)
		newest_file(folder, &n);
	else if (list(b, prefix, newest_one, &n, e) != 0)
		return (-1);
	*wall_us = n.us;
	return (n.us != 0 ? 0 : err_set(e, "nothing was replicated"));
}

/* Asking Litestream to end tells nothing here: 0.3.13 may give up its last
 * sync when a checkpoint is under way.  So it is asked for what counts: does
 * a restore bring back the ledger's head?  Between two tries it is left
 * alone for a while, as each takes the processor from it. */
int
bench_synced(struct bench *b, const struct release *rel, const char *url,
    struct ledger *l, struct proc *p, struct err *e)
{
	struct arena *a = &b->arena;
	int64_t end = clock_mono_us() + BENCH_LIMIT_US, us;

	while (clock_mono_us() < end && proc_alive(p) && !bench_interrupted()) {
		const char *dir = bench_folder(b, "synced", e);
		const char *file = arena_printf(a, "%s/db", dir != NULL ? dir :
		    "");
		char *const argv[] = { arena_strdup(a, rel->path),
		    arena_strdup(a, "restore"), arena_strdup(a, "-o"),
		    arena_strdup(a, file), arena_strdup(a, url), NULL };
		bool there;

		(void)poll(NULL, 0, SETTLE_MS);
		if (dir == NULL)
			return (-1);
		there = bench_run(b, rel, argv, &us, e) == 0 &&
		    bench_verify(file, l, e) == 0;
		if (file_remove_all(dir, e) != 0)
			return (-1);
		if (there)
			return (0);
	}
	return (proc_alive(p) ? err_prefix(e, "it never has all commits in "
	    "the replica") : wrong_end(b, rel, p, "replicate", e));
}

bool
bench_folder_filled(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *de;
	bool filled = false;

	while (d != NULL && !filled && (de = readdir(d)) != NULL)
		filled = de->d_name[0] != '.';
	if (d != NULL)
		(void)closedir(d);
	return (filled);
}

int
bench_verify(const char *file, struct ledger *l, struct err *e)
{
	const struct ledger_entry *head;
	char hash[LEDGER_HASH + 1];
	int64_t seq;

	if (ledger_refresh(l, e) != 0 ||
	    oracles_frontier(file, &seq, hash, e) != 0)
		return (-1);
	head = ledger_head(l);
	if (head == NULL || head->seq != seq || strcmp(head->hash, hash) != 0)
		return (err_set(e, "the restored database ends at row %" PRId64
		    " of %" PRId64 ": a figure for it would mean nothing",
		    seq, head != NULL ? head->seq : 0));
	return (0);
}

int
bench_copy(struct bench *b, const char *file, int64_t *us, struct err *e)
{
	const char *to = arena_printf(&b->arena, "%s/copy", b->dir);
	int64_t t0;

	if (file_remove_all(to, e) != 0)
		return (-1);
	t0 = clock_mono_us();
	if (file_copy(file, to, e) != 0)
		return (-1);
	*us = clock_mono_us() - t0;
	return (file_remove_all(to, e));
}
