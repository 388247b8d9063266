/* From a folder to the store.  The walk goes by descriptors and follows no
 * link, so that nothing outside the folder is read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/api/names.h"
#include "emulator/folder/folder_int.h"
#include "emulator/store/store.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/nul.h"
#include "lib/str.h"

#define DEPTH	600		/* of folders: no name of 1024 bytes has more */
#define META_MAX (1u << 20)
#define NUMBER_MAX (INT64_MAX / 2)	/* what is given later is above it */
#define TIME_MAX INT64_C(253402300799999999)	/* the year 9999 */

struct loader {
	struct emu *emu;
	const char *dir;
	bool	exported;
	struct folder_count *n;
	struct err *e;
};

static bool
load_is_meta(const char *name, size_t *base)
{
	size_t n = strlen(name), m = strlen(FOLDER_META);

	*base = n - m;
	return (n > m && strcmp(name + n - m, FOLDER_META) == 0);
}

/* The JSON object in a file beside; NULL without a message: there is none. */
static json_t *
load_meta(struct loader *l, int at, const char *name, const char *shown)
{
	char *file = mem_printf("%s" FOLDER_META, name);
	json_error_t je;
	json_t *j = NULL;
	struct buf b;
	char piece[4096];
	ssize_t n;
	int fd;

	fd = openat(at, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	free(file);
	if (fd < 0)
		return (NULL);
	buf_init(&b, META_MAX);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(&b, piece, (size_t)n);
	(void)close(fd);
	if (n < 0 || !buf_ok(&b))
		(void)err_set(l->e, "%s" FOLDER_META " cannot be read whole "
		    "(at most %u bytes)", shown, META_MAX);
	else if ((j = nul_json(b.p, b.len, true, JSON_REJECT_DUPLICATES,
	    &je)) == NULL)
		(void)err_set(l->e, "%s" FOLDER_META ": line %d: %s", shown,
		    je.line, je.text);
	else if (!json_is_object(j)) {
		(void)err_set(l->e, "%s" FOLDER_META " holds no JSON object",
		    shown);
		json_decref(j);
		j = NULL;
	}
	buf_release(&b);
	return (j);
}

/* What attrs.c refused, as a message of ours. */
static int
load_refused(struct loader *l, struct req *rq, const char *shown)
{
	json_t *j = rq->reply != NULL ? json_loadb(rq->reply,
	    (size_t)rq->reply_len, JSON_ALLOW_NUL, NULL) : NULL;
	const char *m = json_string_value(json_object_get(
	    json_object_get(j, "error"), "message"));

	(void)err_set(l->e, "%s" FOLDER_META ": %s", shown,
	    m != NULL ? m : "it is refused");
	json_decref(j);
	return (-1);
}

/* A JSON object of the export's own, as text; NULL where it is not there. */
static const char *
load_ours(struct loader *l, struct req *rq, const json_t *meta,
    const char *key)
{
	const json_t *v = json_object_get(json_object_get(meta, FOLDER_OURS),
	    key);
	const char *s;
	char *text;

	if (!l->exported || !json_is_object(v))
		return (NULL);
	text = json_dumps(v, JSON_COMPACT);
	s = arena_strdup(&rq->arena, text);
	free(text);
	return (s);
}

/* The attributes of an object: the export's own, or those of a person. */
static const char *
load_attrs(struct loader *l, struct req *rq, json_t *meta,
    const char *bucket, const char *name, const char *shown)
{
	const char *s = load_ours(l, rq, meta, "attrs");
	json_t *in;

	if (s != NULL)
		return (s);
	in = meta != NULL ? json_copy(meta) : json_object();
	if (json_object_get(in, "contentType") == NULL)
		(void)json_object_set_new(in, "contentType",
		    json_string(folder_type(name)));
	s = attrs_object_in(rq, bucket, in);
	json_decref(in);
	if (s == NULL)
		(void)load_refused(l, rq, shown);
	return (s);
}

/* ---- objects ---- */

static int
load_bytes(struct loader *l, int fd, struct payload *p, const char *shown)
{
	char *piece = mem_alloc(1u << 17);
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = read(fd, piece, 1u << 17)) != 0)
		if (n < 0 && errno != EINTR)
			rc = err_setno(l->e, "cannot read %s", shown);
		else if (n > 0 && payload_write(p, piece, (size_t)n) != 0)
			rc = err_setno(l->e, "cannot store %s", shown);
	free(piece);
	return (rc);
}

/* Is the live object just this already? */
static bool
load_same(struct loader *l, struct req *rq, const char *bucket,
    const char *name, const char *attrs, struct payload *p,
    struct object *o)
{
	json_auto_t *a = NULL, *b = NULL;
	unsigned char md5[16];
	const char *k;
	json_t *v;

	if (store_object_get(l->emu->store, (struct store_at){ STORE_NOW },
	    bucket, name, NULL, &rq->arena, o) != STORE_OK)
		return (false);
	if (payload_md5(p, md5) != 0 || o->size != payload_size(p) ||
	    o->crc32c != payload_crc32c(p) ||
	    (o->has_md5 && memcmp(o->md5, md5, sizeof(md5)) != 0))
		return (false);
	a = json_loads(o->attrs, 0, NULL);
	b = json_loads(attrs, 0, NULL);
	/* What the store adds by itself is nobody's change. */
	json_object_foreach(b, k, v)
		if (!json_equal(v, json_object_get(a, k)))
			return (false);
	return (true);
}

/* A number of the export's own, within what can be kept on counting from. */
static int
load_number(struct loader *l, const json_t *meta, const char *k, int64_t max,
    int64_t *v, const char *shown)
{
	const json_t *j = json_object_get(json_object_get(meta, FOLDER_OURS),
	    k);

	*v = json_integer_value(j);
	if (j == NULL || (json_is_integer(j) && *v >= 0 && *v <= max))
		return (0);
	return (err_set(l->e, "%s" FOLDER_META ": " FOLDER_OURS ".%s is not "
	    "a number from 0 to %lld", shown, k, (long long)max));
}

static int
load_origin(struct loader *l, const json_t *meta, struct object *as,
    const char *shown)
{
	int64_t components;
	const struct {
		const char *name;
		int64_t	max, *v;
	} numbers[] = {
		{ "generation", NUMBER_MAX, &as->generation },
		{ "metageneration", NUMBER_MAX, &as->metageneration },
		{ "created_us", TIME_MAX, &as->created_us },
		{ "updated_us", TIME_MAX, &as->updated_us },
		{ "components", INT32_MAX, &components },
	};

	for (size_t i = 0; i < NELEMS(numbers); i++)
		if (load_number(l, meta, numbers[i].name, numbers[i].max,
		    numbers[i].v, shown) != 0)
			return (-1);
	as->components = (int)components;
	as->has_md5 = !json_is_false(json_object_get(json_object_get(meta,
	    FOLDER_OURS), "md5"));
	return (0);
}

static int
load_put(struct loader *l, struct req *rq, const char *bucket,
    const char *name, json_t *meta, int fd, const char *shown)
{
	struct object as = { 0 }, o;
	struct store_write w = { .forget = false };
	struct payload *p;
	const char *attrs;
	enum store_rc rc = STORE_OK;

	if ((attrs = load_attrs(l, rq, meta, bucket, name, shown)) == NULL ||
	    (l->exported && load_origin(l, meta, &as, shown) != 0))
		return (-1);
	if (l->exported)
		w.as = &as;
	p = payload_new(l->emu->store);
	if (load_bytes(l, fd, p, shown) != 0) {
		payload_free(p);
		return (-1);
	}
	if (load_same(l, rq, bucket, name, attrs, p, &o))
		l->n->same++;
	else {
		rc = store_object_insert(l->emu->store, &w, bucket, name,
		    attrs, NULL, NULL, p, &rq->arena, &o);
		l->n->objects++;
	}
	payload_free(p);
	if (rc == STORE_OK && l->n->each != NULL)
		l->n->each(l->n->cls, &o);
	return (rc == STORE_OK ? 0 : err_set(l->e, "%s cannot be stored: %s",
	    shown, folder_rc(rc)));
}

/* path: below the bucket's folder, for the name; file: in the folder at. */
static int
load_object(struct loader *l, const char *bucket, int at, const char *file,
    const char *path)
{
	char *shown = mem_printf("%s/%s/%s", l->dir, bucket, path);
	const char *fault = NULL;
	json_t *meta = NULL;
	struct req rq;
	struct buf name;
	int fd, rc = -1;

	req_init(&rq, l->emu);
	buf_init(&name, 1u << 16);
	fd = openat(at, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		(void)err_setno(l->e, "cannot open %s", shown);
	else if (l->exported && !folder_unescape(&name, path))
		(void)err_set(l->e, "%s: the name holds a %% that no export "
		    "writes", shown);
	else {
		if (!l->exported)
			nul_add(&name, path, strlen(path));
		fault = names_object_fault(name.p);
		meta = fault == NULL ? load_meta(l, at, file, shown) : NULL;
		if (fault != NULL)
			(void)err_set(l->e, "%s: %s", shown, fault);
		else if (l->e->msg == NULL)
			rc = load_put(l, &rq, bucket, name.p, meta, fd,
			    shown);
	}
	json_decref(meta);
	if (fd >= 0)
		(void)close(fd);
	buf_release(&name);
	req_release(&rq);
	free(shown);
	return (rc);
}

/* Is this file the metadata of another that is there? */
static bool
load_beside(int at, const char *file)
{
	struct stat sb;
	size_t n;
	char *base;
	bool there;

	if (!load_is_meta(file, &n))
		return (false);
	base = mem_strndup(file, n);
	there = fstatat(at, base, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(sb.st_mode);
	free(base);
	return (there);
}

static int	load_walk(struct loader *, const char *bucket, int at,
    const char *path, int depth);

static int
load_entry(struct loader *l, const char *bucket, int at, const char *file,
    const char *path, int depth)
{
	char *below = *path != '\0' ? mem_printf("%s/%s", path, file) :
	    mem_strdup(file);
	struct stat sb;
	int rc = 0, fd;

	if (fstatat(at, file, &sb, AT_SYMLINK_NOFOLLOW) != 0)
		rc = err_setno(l->e, "cannot look at %s/%s/%s", l->dir,
		    bucket, below);
	else if (S_ISDIR(sb.st_mode)) {
		fd = openat(at, file, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
		    O_NOFOLLOW);
		if (depth >= DEPTH)
			rc = err_set(l->e, "%s/%s/%s: folders in folders, "
			    "too deep for an object's name", l->dir, bucket,
			    below);
		else if (fd < 0)
			rc = err_setno(l->e, "cannot open %s/%s/%s", l->dir,
			    bucket, below);
		else
			rc = load_walk(l, bucket, fd, below, depth + 1);
	} else if (!S_ISREG(sb.st_mode))
		log_info("seed: %s/%s/%s is neither a file nor a folder; "
		    "passed over", l->dir, bucket, below);
	else if (!load_beside(at, file))
		rc = load_object(l, bucket, at, file, below);
	free(below);
	return (rc);
}

/* Takes the descriptor over. */
static int
load_walk(struct loader *l, const char *bucket, int at, const char *path,
    int depth)
{
	DIR *d = fdopendir(at);
	struct dirent *de;
	int rc = 0;

	if (d == NULL) {
		(void)close(at);
		return (err_setno(l->e, "cannot read %s/%s/%s", l->dir, bucket,
		    path));
	}
	while (rc == 0 && (de = readdir(d)) != NULL)
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0)
			rc = load_entry(l, bucket, dirfd(d), de->d_name, path,
			    depth);
	(void)closedir(d);
	return (rc);
}

/* ---- buckets ---- */

/* Attributes and policy of the new bucket. */
static int
load_bucket_attrs(struct loader *l, struct req *rq, json_t *meta,
    struct bucket *b, const char *shown)
{
	json_auto_t *in = meta != NULL ? json_incref(meta) : json_object();
	const char *ours = json_string_value(json_object_get(json_object_get(
	    meta, FOLDER_OURS), "project"));

	if (l->exported && ours != NULL && *ours != '\0')
		b->project = arena_strdup(&rq->arena, ours);
	b->attrs = attrs_bucket(rq, b->name, NULL, in, &b->versioning);
	if (b->attrs == NULL || acls_new_bucket(rq, b, in) != 0)
		return (load_refused(l, rq, shown));
	if ((ours = load_ours(l, rq, meta, "attrs")) != NULL) {
		json_auto_t *j = json_loads(ours, 0, NULL);

		b->attrs = ours;
		b->versioning = json_is_true(json_object_get(
		    json_object_get(j, "versioning"), "enabled"));
	}
	if ((ours = load_ours(l, rq, meta, "policy")) != NULL)
		b->policy = ours;
	return (0);
}

static int
load_bucket_origin(struct loader *l, const json_t *meta, struct bucket *as,
    const char *shown)
{

	*as = (struct bucket){ .id = 0 };
	return (load_number(l, meta, "metageneration", NUMBER_MAX,
	    &as->metageneration, shown) || load_number(l, meta, "created_us",
	    TIME_MAX, &as->created_us, shown) || load_number(l, meta,
	    "updated_us", TIME_MAX, &as->updated_us, shown) ? -1 : 0);
}

static int
load_bucket(struct loader *l, int at, const char *name)
{
	char *shown = mem_printf("%s/%s", l->dir, name);
	struct store_write w = { .forget = false };
	struct bucket b = { .name = name, .project = l->emu->project }, out;
	struct bucket as;
	enum store_rc rc;
	struct req rq;
	json_t *meta;
	int ret = -1;

	req_init(&rq, l->emu);
	meta = load_meta(l, at, name, shown);
	if (l->e->msg != NULL ||
	    load_bucket_attrs(l, &rq, meta, &b, shown) != 0 ||
	    (l->exported && load_bucket_origin(l, meta, &as, shown) != 0))
		goto out;
	if (l->exported)
		w.as_bucket = &as;
	rc = store_bucket_insert(l->emu->store, &w, &b, &rq.arena, &out);
	if (rc == STORE_OK)
		l->n->buckets++;
	if (rc != STORE_OK && rc != STORE_EXISTS)
		(void)err_set(l->e, "the bucket %s cannot be made: %s", name,
		    folder_rc(rc));
	else
		ret = 0;
out:
	json_decref(meta);
	req_release(&rq);
	free(shown);
	return (ret);
}

static int
load_top(struct loader *l, int at, const char *name)
{
	struct stat sb;
	int fd;

	if (fstatat(at, name, &sb, AT_SYMLINK_NOFOLLOW) != 0)
		return (err_setno(l->e, "cannot look at %s/%s", l->dir, name));
	if (!S_ISDIR(sb.st_mode))
		return (0);	/* a bucket's metadata, a README */
	if (!names_bucket_ok(name))
		return (err_set(l->e, "%s/%s: '%s' is not a name that a "
		    "bucket may have; rename the folder", l->dir, name, name));
	if (load_bucket(l, at, name) != 0)
		return (-1);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return (err_setno(l->e, "cannot open %s/%s", l->dir, name));
	return (load_walk(l, name, fd, "", 0));
}

int
folder_load(struct emu *emu, const char *dir, bool exported,
    struct folder_count *n, struct err *e)
{
	struct loader l = { emu, dir, exported, n, e };
	struct dirent *de;
	int rc = 0;
	DIR *d;

	n->buckets = n->objects = n->same = 0;
	if ((d = opendir(dir)) == NULL)
		return (err_setno(e, "cannot open the folder %s", dir));
	if (exported && faccessat(dirfd(d), FOLDER_MARK, F_OK, 0) != 0)
		rc = err_set(e, "%s was not written by --export-on-exit (it "
		    "has no %s); --seed-dir takes any folder", dir,
		    FOLDER_MARK);
	while (rc == 0 && (de = readdir(d)) != NULL)
		if (de->d_name[0] != '.')
			rc = load_top(&l, dirfd(d), de->d_name);
	(void)closedir(d);
	return (rc);
}
