/* From the store to a folder: first beside it, then in its place. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/folder/folder_int.h"
#include "lib/file.h"
#include "lib/nul.h"
#include "lib/str.h"

#define PAGE	1000

const char *
folder_rc(enum store_rc rc)
{
	static const char *const t[] = {
#define STORE_RC(name, status, reason, message) [STORE_##name] = message,
#include "emulator/store/store_rc.def"
#undef STORE_RC
	};

	return (rc == STORE_NO_OBJECT ? "No such object." : t[rc]);
}

struct saver {
	struct emu *emu;
	const char *dir;		/* being written */
	struct folder_count *n;
	struct err *e;
};

static int
save_json(const char *path, json_t *j, struct err *e)
{
	char *s = json_dumps(j, JSON_INDENT(2));
	int rc;

	json_decref(j);
	BUG_ON(s == NULL);
	rc = file_write(path, s, nul_json_out(s, strlen(s)), 0644, e);
	free(s);
	return (rc);
}

/* Paths may be longer than a system call takes: one folder at a time.  The
 * descriptor of the folder that holds the last name, which *last is. */
static int
save_folders(int at, char *path, char **last, struct err *e)
{
	char *slash;
	int fd = dup(at), next;

	while (fd >= 0 && (slash = strchr(path, '/')) != NULL) {
		*slash = '\0';
		if (mkdirat(fd, path, 0755) != 0 && errno != EEXIST)
			next = -1;
		else
			next = openat(fd, path, O_RDONLY | O_DIRECTORY |
			    O_CLOEXEC | O_NOFOLLOW);
		if (next < 0)
			(void)err_setno(e, "cannot make the folder %s", path);
		(void)close(fd);
		fd = next;
		path = slash + 1;
	}
	*last = path;
	return (fd);
}

static int
save_all(int fd, const void *p, size_t n, int out)
{
	off_t at = 0;
	char *piece;
	ssize_t k;

	if (fd < 0)
		return (file_write_all(out, p, n));
	piece = mem_alloc(1u << 17);
	while ((k = pread(fd, piece, 1u << 17, at)) > 0 ||
	    (k < 0 && errno == EINTR)) {
		if (k > 0 && file_write_all(out, piece, (size_t)k) != 0)
			break;
		at += k > 0 ? k : 0;
	}
	free(piece);
	return (k == 0 ? 0 : -1);
}

static int
save_file(int at, const char *file, const struct store_reader *r,
    struct err *e)
{
	int fd = openat(at, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0644), rc;

	if (fd < 0)
		return (err_setno(e, "cannot create %s", file));
	rc = save_all(r->fd, r->data, (size_t)r->size, fd);
	if (close(fd) != 0 || rc != 0)
		return (err_setno(e, "cannot write %s", file));
	return (0);
}

static int
save_meta(int at, const char *file, const struct object *o, struct err *e)
{
	json_t *j = json_pack("{s:s, s:s, s:s, s:{s:I, s:I, s:I, s:I, s:i, "
	    "s:b, s:o}}", "kind", "storage#object", "bucket", o->bucket,
	    "name", o->name, FOLDER_OURS,
	    "generation", (json_int_t)o->generation,
	    "metageneration", (json_int_t)o->metageneration,
	    "created_us", (json_int_t)o->created_us,
	    "updated_us", (json_int_t)o->updated_us,
	    "components", o->components, "md5", o->has_md5,
	    "attrs", json_loads(o->attrs, 0, NULL));
	char *text = json_dumps(j, JSON_INDENT(2));
	struct store_reader r = { .fd = -1, .data = (const void *)text,
	    .size = (int64_t)nul_json_out(text, strlen(text)) };
	char *name = mem_printf("%s" FOLDER_META, file);
	int rc = save_file(at, name, &r, e);

	json_decref(j);
	free(name);
	free(text);
	return (rc);
}

/* Are there objects below the name, as below a folder? */
static bool
save_is_prefix(struct saver *s, const struct object *o, struct arena *a)
{
	struct store_list q = { .prefix = arena_printf(a, "%s/", o->name),
	    .delimiter = "", .start = "", .end = "", .glob = "", .max = 1,
	    .after = "" };
	struct store_listing l;

	return (store_object_list(s->emu->store,
	    (struct store_at){ STORE_NOW }, o->bucket, &q, a, &l) ==
	    STORE_OK && l.nobjects > 0);
}

static int
save_object(struct saver *s, int at, const struct object *o)
{
	struct arena a = ARENA_INIT;
	struct store_reader r;
	enum store_rc rc;
	struct buf path;
	char *last;
	int fd, ret = -1;

	rc = store_read_open(s->emu->store, o, &a, &r);
	if (rc != STORE_OK) {
		arena_release(&a);
		/* Nobody deletes it meanwhile: its bytes are lost. */
		return (err_set(s->e, "%s/%s cannot be read: %s", o->bucket,
		    o->name, folder_rc(rc)));
	}
	buf_init(&path, 1u << 16);
	folder_escape(&path, o->name, save_is_prefix(s, o, &a));
	fd = save_folders(at, path.p, &last, s->e);
	if (fd >= 0 && save_file(fd, last, &r, s->e) == 0 &&
	    save_meta(fd, last, o, s->e) == 0) {
		s->n->objects++;
		ret = 0;
	}
	if (ret != 0)
		(void)err_prefix(s->e, "export of %s/%s", o->bucket, o->name);
	if (fd >= 0)
		(void)close(fd);
	store_read_close(&r);
	buf_release(&path);
	arena_release(&a);
	return (ret);
}

static int
save_objects(struct saver *s, const char *bucket, int at)
{
	struct store_list q = { .prefix = "", .delimiter = "", .start = "",
	    .end = "", .glob = "", .max = PAGE };
	char *after = mem_strdup("");
	enum store_rc rc = STORE_OK;
	int ret = 0;

	while (ret == 0 && after != NULL) {
		struct arena a = ARENA_INIT;
		struct store_listing l;

		q.after = after;
		rc = store_object_list(s->emu->store,
		    (struct store_at){ STORE_NOW }, bucket, &q, &a, &l);
		if (rc != STORE_OK)
			ret = err_set(s->e, "%s cannot be listed: %s", bucket,
			    folder_rc(rc));
		for (size_t i = 0; ret == 0 && i < l.nobjects; i++)
			ret = save_object(s, at, &l.objects[i]);
		free(after);
		after = ret == 0 && l.next != NULL ? mem_strdup(l.next) :
		    NULL;
		arena_release(&a);
	}
	free(after);
	return (ret);
}

static int
save_bucket(struct saver *s, const struct bucket *b)
{
	char *dir = mem_printf("%s/%s", s->dir, b->name);
	char *file = mem_printf("%s" FOLDER_META, dir);
	json_t *j = json_pack("{s:s, s:s, s:{s:I, s:I, s:I, s:o, s:o}}",
	    "kind", "storage#bucket", "name", b->name, FOLDER_OURS,
	    "metageneration", (json_int_t)b->metageneration,
	    "created_us", (json_int_t)b->created_us,
	    "updated_us", (json_int_t)b->updated_us,
	    "attrs", json_loads(b->attrs, 0, NULL),
	    "policy", json_loads(b->policy, 0, NULL));
	int fd, rc;

	/* of the emulator's own project a bucket is wherever it comes to */
	if (strcmp(b->project, s->emu->project) != 0)
		(void)json_object_set_new(json_object_get(j, FOLDER_OURS),
		    "project", json_string(b->project));
	rc = save_json(file, j, s->e);
	if (rc == 0 && mkdir(dir, 0755) != 0)
		rc = err_setno(s->e, "cannot make the folder %s", dir);
	fd = rc == 0 ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (rc == 0 && fd < 0)
		rc = err_setno(s->e, "cannot open %s", dir);
	if (rc == 0) {
		s->n->buckets++;
		rc = save_objects(s, b->name, fd);
	}
	if (fd >= 0)
		(void)close(fd);
	free(dir);
	free(file);
	return (rc);
}

static int
save_buckets(struct saver *s)
{
	char *after = mem_strdup("");
	bool more = true;
	int ret = 0;

	while (ret == 0 && more) {
		struct arena a = ARENA_INIT;
		struct bucket *b;
		enum store_rc rc;
		size_t n = 0;

		rc = store_bucket_list(s->emu->store, NULL, "", after, PAGE,
		    &a, &b, &n, &more);
		if (rc != STORE_OK)
			ret = err_set(s->e, "buckets cannot be listed: %s",
			    folder_rc(rc));
		for (size_t i = 0; ret == 0 && i < n; i++)
			ret = save_bucket(s, &b[i]);
		free(after);
		after = mem_strdup(n > 0 ? b[n - 1].name : "");
		arena_release(&a);
	}
	free(after);
	return (ret);
}

/* Nothing of the user's is taken away: only what an export wrote. */
static int
save_may_replace(const char *dir, struct err *e)
{
	char *mark = mem_printf("%s/" FOLDER_MARK, dir);
	bool ours = file_exists(mark), empty = true;
	struct dirent *de;
	DIR *d;

	free(mark);
	if (ours || !file_exists(dir))
		return (0);
	if ((d = opendir(dir)) == NULL)
		return (err_setno(e, "cannot export to %s", dir));
	while ((de = readdir(d)) != NULL)
		empty = empty && (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0);
	(void)closedir(d);
	return (empty ? 0 : err_set(e, "will not export to %s: it holds "
	    "something else; name an empty folder, or none that is there",
	    dir));
}

/* All of it on the disk before the old one goes. */
static int
save_sync(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || syncfs(fd) != 0)
		rc = err_setno(e, "cannot sync %s", dir);
	if (fd >= 0)
		(void)close(fd);
	return (rc);
}

/* The new one in, the old one out of the way and then away. */
static int
save_replace(const char *made, const char *dir, struct err *e)
{
	char *old = mem_printf("%s.old-%ld", dir, (long)getpid());
	bool had = file_exists(dir);
	int rc = 0;

	if (had && rename(dir, old) != 0)
		rc = err_setno(e, "cannot put %s aside", dir);
	if (rc == 0 && rename(made, dir) != 0) {
		rc = err_setno(e, "cannot rename %s to %s", made, dir);
		if (had)
			(void)rename(old, dir);
	}
	if (rc == 0 && had)
		rc = file_remove_all(old, e);
	free(old);
	return (rc);
}

int
folder_save(struct emu *emu, const char *dir, struct folder_count *n,
    struct err *e)
{
	size_t len = strlen(dir);
	char *clean, *made, *mark;
	struct saver s;
	int rc;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	clean = mem_strndup(dir, len);
	made = mem_printf("%s.new-%ld", clean, (long)getpid());
	mark = mem_printf("%s/" FOLDER_MARK, made);
	s = (struct saver){ emu, made, n, e };
	n->buckets = n->objects = n->same = 0;
	rc = save_may_replace(clean, e);
	if (rc == 0)
		rc = file_remove_all(made, e);
	if (rc == 0)
		rc = file_mkdirs(made, 0755, e);
	if (rc == 0)
		rc = save_json(mark, json_pack("{s:i}", "format", 1), e);
	if (rc == 0)
		rc = save_buckets(&s);
	if (rc == 0)
		rc = save_sync(made, e);
	if (rc == 0)
		rc = save_replace(made, clean, e);
	if (rc != 0)
		(void)file_remove_all(made, NULL);
	free(clean);
	free(made);
	free(mark);
	return (rc);
}
