/* What no client did to the bucket: a lost, a cut, a changed object. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/emu.h"
#include "harness/script/steps.h"
#include "lib/file.h"
#include "lib/str.h"

#define DAMAGE_MAX	((int64_t)64 << 20)

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

static int
damage_one(struct run *r, const char *how, const char *name, int64_t size,
    struct err *e)
{
	const char *file = arena_printf(&r->arena, "%s/damaged", r->dir);

	run_log(r, "run", "%s of %lld bytes: %s", name, (long long)size, how);
	if (strcmp(how, "remove") == 0)
		return (damage_remove(r, name, e));
	if (size == 0)
		return (0);
	if (emu_download(r->emu, r->bucket, name, file, DAMAGE_MAX, e) != 0 ||
	    damage_file(file, how, size, e) != 0)
		return (-1);
	return (emu_upload(r->emu, r->bucket, name, file, e));
}

enum verdict
step_damage_fn(struct run *r, const struct line *l)
{
	struct damaged d = { .run = r, .glob = step_str(r, "object") };
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;
	int status, rc;

	(void)l;
	rc = emu_list(r->emu, r->bucket, damage_look, &d, &status, &e);
	if (rc == 0 && d.n == 0)
		rc = err_set(&e, "no object is like '%s'", d.glob);
	for (size_t i = 0; rc == 0 && i < d.n; i++)
		rc = damage_one(r, step_str(r, "how"), d.names[i], d.sizes[i],
		    &e);
	if (rc != 0)
		v = run_error(r, "%s", err_msg(&e));
	err_release(&e);
	free(d.names);
	free(d.sizes);
	return (v);
}
