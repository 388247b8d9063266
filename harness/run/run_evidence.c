/* What a drill that did not pass leaves behind, to be read without the tool:
 * logs and journal (written as it went), the bucket, the database files, the
 * scenario with its variables filled in, and rerun.sh. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/machine/machine.h"
#include "harness/replicator/replicators.h"
#include "harness/run/emu.h"
#include "harness/run/proc.h"
#include "harness/run/run_int.h"
#include "harness/script/script.h"
#include "lib/file.h"
#include "lib/str.h"

#define COPY_US		INT64_C(120000000)
#define RUN_SCENARIO_MAX	(4 << 20)

/* ---- scenario.scn and rerun.sh ---- */

/* Is that line of the file inside a raw block, where `${X}` is the shell's? */
static bool
line_is_raw(const struct line *l, size_t n, int at)
{

	for (size_t i = 0; i < n; i++) {
		int lines = 0;

		if (line_is_raw(l[i].block, l[i].nblock, at))
			return (true);
		if (l[i].raw == NULL)
			continue;
		for (const char *s = l[i].raw; *s != '\0'; s++)
			lines += *s == '\n';
		if (at >= l[i].raw_at.line && at <= l[i].raw_at.line + lines)
			return (true);
	}
	return (false);
}

/* One line with every ${name} that has a value replaced. */
static void
fill_line(struct run *r, struct buf *b, const char *s, size_t n)
{
	const char *text = arena_strndup(&r->arena, s, n), *dollar, *end;

	while ((dollar = strstr(text, "${")) != NULL &&
	    (end = strchr(dollar, '}')) != NULL) {
		const char *value = run_var(r, arena_strndup(&r->arena,
		    dollar + 2, (size_t)(end - dollar - 2)));

		buf_add(b, text, (size_t)(dollar - text));
		if (value != NULL)
			buf_adds(b, value);
		else
			buf_add(b, dollar, (size_t)(end + 1 - dollar));
		text = end + 1;
	}
	buf_adds(b, text);
}

static int
evidence_scenario(struct run *r, struct err *e)
{
	const char *path = arena_printf(&r->arena, "%s/scenario.scn",
	    r->opts->out);
	struct buf text, b;
	int at = 1, rc;

	buf_init(&text, RUN_SCENARIO_MAX);
	buf_init(&b, 4 * RUN_SCENARIO_MAX);
	rc = file_read(r->sc->file, &text, e);
	for (const char *s = text.p; rc == 0 && *s != '\0'; at++) {
		size_t n = strcspn(s, "\n");

		n += s[n] == '\n';
		if (line_is_raw(r->sc->lines, r->sc->nlines, at))
			buf_add(&b, s, n);
		else
			fill_line(r, &b, s, n);
		s += n;
	}
	if (rc == 0)
		rc = file_write(path, b.p, b.len, 0644, e);
	buf_release(&text);
	buf_release(&b);
	return (rc);
}

/* A word for sh, in single quotes. */
static void
add_quoted(struct buf *b, const char *s)
{

	buf_adds(b, " '");
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *s);
	}
	buf_addc(b, '\'');
}

static void
add_path(struct buf *b, const char *path)
{
	char *full = realpath(path, NULL);

	add_quoted(b, full != NULL ? full : path);
	free(full);
}

static void
add_path_option(struct buf *b, const char *option, const char *path)
{

	if (path == NULL)
		return;
	buf_addf(b, " %s", option);
	add_path(b, path);
}

static int
evidence_rerun(struct run *r, const char *more, struct err *e)
{
	const struct run_opts *o = r->opts;
	const char *path = arena_printf(&r->arena, "%s/rerun.sh", o->out);
	struct buf b;
	int rc;

	buf_init(&b, 1 << 20);
	buf_addf(&b, "#!/bin/sh\n# Runs %s again, as it was run, and keeps "
	    "what it leaves in rerun/.\nexec", r->id != NULL ? r->id : r->sc->name);
	add_path(&b, "/proc/self/exe");
	buf_addf(&b, " %s -L -j 1 --out \"$(dirname \"$0\")/rerun\"%s "
	    "--litestream", o->explore != NULL ? "explore" : "run", more);
	/* A binary of the user's own is named by its path, whatever it says. */
	if (strcmp(r->drilled->path, arena_printf(&r->arena,
	    "%s/litestream-%s", o->tools, r->drilled->version)) == 0)
		add_quoted(&b, r->drilled->version);
	else
		add_path(&b, r->drilled->path);
	buf_addf(&b, " --seed %llu", (unsigned long long)o->seed);
	for (size_t i = 0; o->inject != NULL && o->inject[i] != NULL; i++) {
		buf_adds(&b, " --inject");
		add_quoted(&b, o->inject[i]);
	}
	buf_adds(&b, o->no_skip ? " --no-skip" : "");
	buf_adds(&b, o->no_netns ? " --no-netns" : "");
	buf_adds(&b, o->no_root_view ? " --no-root-view" : "");
	add_path_option(&b, "--emulator", o->emulator);
	add_path_option(&b, "--deployment", o->fixtures);
	add_path_option(&b, "--tools", o->tools);
	add_path(&b, r->sc->file);
	buf_adds(&b, " \"$@\"\n");
	rc = file_write(path, b.p, b.len, 0755, e);
	buf_release(&b);
	return (rc);
}

int
run_evidence_begin(struct run *r, struct err *e)
{

	if (evidence_rerun(r, "", e) != 0)
		return (-1);
	return (evidence_scenario(r, e));
}

int
run_evidence_replay(struct run *r, int64_t since, int64_t at, struct err *e)
{
	char *more = mem_printf(" --replay \"$(dirname \"$0\")/history\" "
	    "--point %lld", (long long)at);
	int rc;

	if (since != 0) {
		char *both = mem_printf("%s --point %lld", more,
		    (long long)since);

		free(more);
		more = both;
	}
	rc = evidence_rerun(r, more, e);
	free(more);
	return (rc);
}

/* ---- folders ---- */

/* A command of the host, ended by NULL. */
static int
folder_command(struct run *r, const char *const *words, struct err *e)
{
	struct arena *a = &r->arena;
	char *argv[8] = { NULL };
	const struct proc_opts o = {
		.argv = argv,
		.envp = (char *const []) { arena_strdup(a,
		    "PATH=/usr/local/bin:/usr/bin:/bin"), NULL },
	};
	const char *out, *err;
	bool late;
	int rc;

	for (size_t i = 0; words[i] != NULL && i + 1 < NELEMS(argv); i++)
		argv[i] = arena_strdup(a, words[i]);
	rc = proc_run(&o, COPY_US, a, &out, &err, &late, e);
	if (rc > 0)
		err_set(e, "%s", err);
	return (rc == 0 ? 0 : -1);
}

int
run_copy_tree(struct run *r, const char *from, const char *to,
    struct err *e)
{

	/* cp would put it inside. */
	if (file_exists(to))
		return (err_set(e, "cannot copy %s to %s: that is there "
		    "already", from, to));
	if (folder_command(r, (const char *const []) { "cp", "-a", from, to,
	    NULL }, e) != 0)
		return (err_prefix(e, "cannot copy %s to %s", from, to));
	return (0);
}

int
run_unpack(struct run *r, const char *archive, const char *to, struct err *e)
{

	if (file_mkdirs(to, 0700, e) != 0)
		return (-1);
	if (folder_command(r, (const char *const []) { "tar", "-C", to,
	    "-xJf", archive, NULL }, e) != 0)
		return (err_prefix(e, "cannot unpack %s", archive));
	return (0);
}

/* ---- db/ ---- */

/* A note for the reader of a folder that not all is there. */
static void
evidence_cut(const char *dir, const char *what)
{
	char *path = mem_printf("%s/CUT", dir);
	char *text = mem_printf("%s and what follows it is not here: more than "
	    "%lld MiB in all\n", what, (long long)(RUN_KEEP_MAX >> 20));

	(void)file_write(path, text, strlen(text), 0644, NULL);
	free(path);
	free(text);
}

void
run_evidence_db(const char *from, const char *out, int64_t *room)
{
	char *dir = mem_printf("%s/db", out);
	DIR *d = opendir(from);
	struct dirent *ent;

	if (d != NULL)
		(void)file_mkdirs(dir, 0755, NULL);
	while (d != NULL && (ent = readdir(d)) != NULL) {
		char *a = mem_printf("%s/%s", from, ent->d_name);
		char *b = mem_printf("%s/%s", dir, ent->d_name);
		struct stat st;

		/* No link is followed: the system under test made them. */
		if (lstat(a, &st) == 0 && S_ISREG(st.st_mode)) {
			if (st.st_size > *room) {
				evidence_cut(dir, ent->d_name);
			} else if (file_copy(a, b, NULL) == 0) {
				*room -= st.st_size;
			}
		}
		free(a);
		free(b);
	}
	if (d != NULL)
		(void)closedir(d);
	free(dir);
}

/* The restored file with what SQLite or Litestream left beside it. */
static void
evidence_restored(struct run *r, int64_t *room)
{
	static const char *const beside[] = { "", "-wal", "-shm", "-journal",
		".tmp", ".tmp-wal", ".tmp-shm" };
	const char *dir = arena_printf(&r->arena, "%s/db", r->opts->out);

	if (r->restored.path == NULL || file_mkdirs(dir, 0755, NULL) != 0)
		return;
	for (size_t i = 0; i < NELEMS(beside); i++) {
		const char *from = arena_printf(&r->arena, "%s%s",
		    r->restored.path, beside[i]);
		struct stat st;

		if (lstat(from, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (st.st_size > *room) {
			evidence_cut(dir, from);
		} else if (file_copy(from, arena_printf(&r->arena,
		    "%s/restored.db%s", dir, beside[i]), NULL) == 0) {
			*room -= st.st_size;
		}
	}
}

/* ---- bucket/ ---- */

struct dump {
	struct run *run;
	const char *dir;
	FILE	*index;
	int64_t	room;
	int	n;
	bool	cut;
};

/* Names of objects never become names of files: a number is, and the index
 * has the rest. */
static void
dump_object(struct dump *d, const char *bucket, json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *text = json_string_value(json_object_get(object, "size"));
	char file[16];
	int64_t size;
	json_t *line;
	char *s;

	if (name == NULL || text == NULL || !str_int64(text, &size))
		return;
	(void)snprintf(file, sizeof(file), "%06d", ++d->n);
	line = json_pack("{s:s, s:s, s:s, s:s, s:O?, s:O?, s:O?}", "file",
	    file, "bucket", bucket, "name", name, "size", text, "generation",
	    json_object_get(object, "generation"), "timeCreated",
	    json_object_get(object, "timeCreated"), "metadata",
	    json_object_get(object, "metadata"));
	if (size > d->room) {
		d->cut = true;
		(void)json_object_set_new(line, "file", json_null());
	} else if (emu_download(d->run->emu, bucket, name,
	    arena_printf(&d->run->arena, "%s/%s", d->dir, file),
	    size, NULL) == 0) {
		d->room -= size;
	}
	s = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
	(void)fprintf(d->index, "%s\n", s);
	free(s);
	json_decref(line);
}

static int
dump_bucket(struct dump *d, const char *bucket, struct err *e)
{
	const char *page = "";
	json_t *list, *object;
	int status;
	size_t i;

	do {
		struct buf b;

		buf_init(&b, 1 << 16);
		buf_addf(&b, "/storage/v1/b/%s/o?maxResults=1000&pageToken=",
		    bucket);
		str_pct_encode(&b, page, strlen(page), false);
		list = emu_google(d->run->emu, "GET", "storage.googleapis.com",
		    b.p, NULL, &status, e);
		buf_release(&b);
		if (list == NULL || status != 200) {
			json_decref(list);
			return (-1);
		}
		json_array_foreach(json_object_get(list, "items"), i, object)
			dump_object(d, bucket, object);
		page = json_string_value(json_object_get(list,
		    "nextPageToken"));
		if (page != NULL)
			page = arena_strdup(&d->run->arena, page);
		json_decref(list);
	} while (page != NULL && *page != '\0');
	return (0);
}

static int
evidence_bucket(struct run *r, struct err *e)
{
	struct dump d = {
		.run = r, .room = RUN_KEEP_MAX,
		.dir = arena_printf(&r->arena, "%s/bucket", r->opts->out),
	};
	const char *path = arena_printf(&r->arena, "/storage/v1/b?project=%s",
	    r->project);
	json_t *list, *bucket;
	int status, rc = 0;
	size_t i;

	list = emu_google(r->emu, "GET", "storage.googleapis.com", path, NULL,
	    &status, e);
	if (list == NULL || status != 200 ||
	    file_mkdirs(d.dir, 0755, e) != 0) {
		json_decref(list);
		return (-1);
	}
	d.index = fopen(arena_printf(&r->arena, "%s/index.jsonl", d.dir),
	    "we");
	if (d.index == NULL) {
		json_decref(list);
		return (err_setno(e, "cannot write %s/index.jsonl", d.dir));
	}
	json_array_foreach(json_object_get(list, "items"), i, bucket) {
		const char *name = json_string_value(json_object_get(bucket,
		    "name"));

		if (rc == 0 && name != NULL)
			rc = dump_bucket(&d, name, e);
	}
	if (d.cut)
		evidence_cut(d.dir, "an object whose `file` is null in "
		    "index.jsonl");
	(void)fclose(d.index);
	json_decref(list);
	return (rc);
}

void
run_evidence_end(struct run *r)
{
	int64_t room = RUN_KEEP_MAX;
	struct err e = ERR_INIT;

	if (evidence_scenario(r, &e) != 0)
		run_log(r, "run", "evidence: %s", err_msg(&e));
	/* While connections are refused, ours are too. */
	if (r->emu != NULL && emu_alive(r->emu))
		json_decref(emu_control(r->emu, "DELETE", "faults", NULL,
		    NULL));
	if (r->emu != NULL && emu_alive(r->emu) && evidence_bucket(r, &e) != 0)
		run_log(r, "run", "evidence: bucket/ is not whole: %s",
		    err_msg(&e));
	if (r->machine != NULL)
		run_evidence_db(machine_host_path(r->machine, "/data"),
		    r->opts->out, &room);
	evidence_restored(r, &room);
	err_release(&e);
}
