/* What no client did to the bucket: a lost, a cut, a changed object. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/emu.h"
#include "harness/script/steps_int.h"
#include "lib/file.h"
#include "lib/str.h"

#define DAMAGE_MAX	((int64_t)64 << 20)

/* What to put back; a drill is a process of its own. */
struct undo {
	const char *name, *file;	/* its content before */
	struct undo *older;
};
static struct undo *undo;

struct damaged {
	struct run *run;
	const char *glob;
	const char **names;
	int64_t	*sizes;
	size_t	n;
};

static void
damage_look(void *arg, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	const char *text = json_string_value(json_object_get(item, "size"));
	struct damaged *d = arg;
	int64_t size;

	if (name == NULL || text == NULL || !str_int64(text, &size) ||
	    !str_glob(d->glob, name))
		return;
	d->names = mem_realloc(d->names, (d->n + 1) * sizeof(*d->names));
	d->sizes = mem_realloc(d->sizes, (d->n + 1) * sizeof(*d->sizes));
	d->sizes[d->n] = size;
	d->names[d->n++] = arena_strdup(&d->run->arena, name);
}

/* The file as it shall be: half of it, or the byte in its middle another. */
static int
damage_file(const char *file, const char *how, int64_t size, struct err *e)
{
	int fd = open(file, O_RDWR | O_CLOEXEC), rc = 0;
	char c;

	if (fd < 0)
		return (err_setno(e, "cannot open %s", file));
	if (strcmp(how, "truncate") == 0)
		rc = ftruncate(fd, size / 2);
	else if (pread(fd, &c, 1, size / 2) != 1)
		rc = -1;
	else {
		c = (char)(c ^ 0x55);
		rc = pwrite(fd, &c, 1, size / 2) == 1 ? 0 : -1;
	}
	if (rc != 0)
		err_setno(e, "cannot change %s", file);
	(void)close(fd);
	return (rc);
}

static int
damage_remove(struct run *r, const char *name, struct err *e)
{
	struct buf b;
	int status;

	buf_init(&b, 65536);
	buf_addf(&b, "/storage/v1/b/%s/o/", r->bucket);
	str_pct_encode(&b, name, strlen(name), false);
	json_decref(emu_google(r->emu, "DELETE", "storage.googleapis.com",
	    b.p, NULL, &status, e));
	buf_release(&b);
	return (status == 204 || status == 200 ? 0 : -1);
}

/* Its content into a file that stays until the drill ends. */
static int
damage_save(struct run *r, const char *name, struct err *e)
{
	static int serial;
	struct undo *u = arena_alloc(&r->arena, sizeof(*u));

	u->name = name;
	u->file = arena_printf(&r->arena, "%s/undo-%d", r->dir, ++serial);
	u->older = undo;
	if (emu_download(r->emu, r->bucket, name, u->file, DAMAGE_MAX,
	    e) != 0)
		return (-1);
	undo = u;
	return (0);
}

/* The newest damage first: what was damaged twice is as it was at first. */
static int
damage_undo(struct run *r, struct err *e)
{

	for (; undo != NULL; undo = undo->older)
		if (emu_upload(r->emu, r->bucket, undo->name, undo->file,
		    e) != 0)
			return (-1);
	return (0);
}

/* next: the object whose place a copy takes. */
static int
damage_one(struct run *r, const char *how, const char *name, int64_t size,
    const char *next, struct err *e)
{
	const char *file = arena_printf(&r->arena, "%s/damaged", r->dir);

	run_log(r, "run", "%s of %lld bytes: %s", name, (long long)size, how);
	if (size == 0 && strcmp(how, "remove") != 0)
		return (err_set(e, "%s is empty: it cannot be damaged", name));
	if (damage_save(r, strcmp(how, "copy") == 0 ? next : name, e) != 0)
		return (-1);
	if (strcmp(how, "remove") == 0)
		return (damage_remove(r, name, e));
	if (emu_download(r->emu, r->bucket, name, file, DAMAGE_MAX, e) != 0)
		return (-1);
	if (strcmp(how, "copy") == 0)
		return (emu_upload(r->emu, r->bucket, next, file, e));
	if (damage_file(file, how, size, e) != 0)
		return (-1);
	return (emu_upload(r->emu, r->bucket, name, file, e));
}

/* Which of the n objects: [*first, *end), empty where there is none.  The last
 * has no next one, and so no copy.  Copies go from the last to the first in
 * damage_all(), so that each is of what was there before. */
static void
damage_range(const struct run *r, const struct damaged *d, bool copy,
    size_t *first, size_t *end)
{
	size_t n = copy && d->n > 0 ? d->n - 1 : d->n;
	size_t nth = step_has(r, "nth") ? (size_t)step_num(r, "nth") : 0;

	*first = nth > 0 ? nth - 1 : 0;
	*end = nth > 0 && nth < n ? nth : n;
	if (*first > *end)
		*first = *end;
}

static int
damage_all(struct run *r, const char *how, const struct damaged *d,
    size_t first, size_t end, struct err *e)
{

	for (size_t i = end; i-- > first;)
		if (damage_one(r, how, d->names[i], d->sizes[i],
		    i + 1 < d->n ? d->names[i + 1] : NULL, e) != 0)
			return (-1);
	return (0);
}

enum verdict
step_damage_fn(struct run *r, const struct line *l)
{
	struct damaged d = { .run = r, .glob = step_str(r, "object") };
	const char *how = step_str(r, "how");
	struct step_args *a = step_args(r);
	bool swept = a->swept != SIZE_MAX && step_has(r, "nth");
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;
	size_t first = 0, end = 0;
	int status, rc;

	(void)l;
	if (strcmp(how, "undo") == 0) {
		rc = damage_undo(r, &e);
	} else {
		rc = emu_list(r->emu, r->bucket, damage_look, &d, &status, &e);
		damage_range(r, &d, strcmp(how, "copy") == 0, &first, &end);
		if (rc == 0 && first == end && !swept)
			rc = err_set(&e, "inconclusive: no such object is "
			    "like '%s'", d.glob);
		if (rc == 0)
			rc = damage_all(r, how, &d, first, end, &e);
		a->swept_set += swept;
		a->swept_fired += swept && first < end;
	}
	if (rc != 0)
		v = run_error(r, "%s", err_msg(&e));
	err_release(&e);
	free(d.names);
	free(d.sizes);
	return (v);
}
