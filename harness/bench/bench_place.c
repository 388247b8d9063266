/* The places a replica can be in, and Litestream's processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/bench/bench_int.h"
#include "harness/oracle/oracles.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define OBJECT_MAX	INT64_C(4294967296)
#define ENV_MAX		16

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
	o.log = arena_printf(a, "%s/litestream-%s.log", b->dir, rel->version);
	return (proc_start(&o, e));
}

int
bench_end(struct proc *p, const char *what, int64_t *ended_us, struct err *e)
{
	int rc = 0;

	(void)proc_signal(p, SIGINT);
	if (!proc_wait(p, BENCH_LIMIT_US))
		rc = err_set(e, "%s did not end", what);
	else if (proc_status(p) != 0)
		rc = err_set(e, "%s ended with status %d", what,
		    proc_status(p));
	else
		*ended_us = proc_ended_us(p);
	proc_free(p);
	return (rc);
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
	if (!proc_wait(p, BENCH_LIMIT_US))
		rc = err_set(e, "litestream %s did not end", argv[1]);
	else if (proc_status(p) != 0)
		rc = err_set(e, "litestream %s ended with status %d", argv[1],
		    proc_status(p));
	*us = proc_ended_us(p) - t0;
	proc_free(p);
	return (rc);
}

/* One page of the bucket's objects; *token is the next page's, or NULL. */
static int
mirror_page(struct bench *b, const char *prefix, const char *folder,
    const char **token, int64_t *objects, struct err *e)
{
	struct arena *a = &b->arena;
	const char *path = arena_printf(a, "/storage/v1/b/" BENCH_BUCKET
	    "/o?prefix=%s/&pageToken=%s", prefix, *token != NULL ? *token :
	    "");
	const char *name, *next;
	int status = 0, rc = 0;
	json_t *j, *item;
	size_t i;

	j = emu_google(b->emu, "GET", "storage.googleapis.com", path, NULL,
	    &status, e);
	if (status != 200) {
		json_decref(j);
		return (err_prefix(e, "cannot list the bucket"));
	}
	json_array_foreach(json_object_get(j, "items"), i, item) {
		char *to, *slash;

		name = json_string_value(json_object_get(item, "name"));
		if (rc != 0 || name == NULL || strstr(name, "..") != NULL)
			continue;
		to = arena_printf(a, "%s/%s", folder, name +
		    strlen(prefix) + 1);
		slash = strrchr(to, '/');
		*slash = '\0';
		rc = file_mkdirs(to, 0700, e);
		*slash = '/';
		if (rc == 0)
			rc = emu_download(b->emu, BENCH_BUCKET, name, to,
			    OBJECT_MAX, e);
		(*objects)++;
	}
	next = json_string_value(json_object_get(j, "nextPageToken"));
	*token = next != NULL ? arena_strdup(a, next) : NULL;
	json_decref(j);
	return (rc);
}

int
bench_mirror(struct bench *b, const char *prefix, const char *folder,
    int64_t *objects, struct err *e)
{
	const char *token = NULL;

	*objects = 0;
	do
		if (mirror_page(b, prefix, folder, &token, objects, e) != 0)
			return (-1);
	while (token != NULL);
	return (0);
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
