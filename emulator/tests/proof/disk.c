#include "emulator/tests/proof/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"

#define SECTOR	512

/* A change that no sync has covered yet. */
struct change {
	struct change *next;
	const struct tap_record *r;
	const char *data;
	uint64_t at;			/* position in the log */
};

struct file {
	bool	folder;
	char	*name;			/* of a folder */
	char	*bytes;			/* durable content */
	size_t	size, room;
	struct change *first, **last;	/* pending, in order */
	int64_t	sync;			/* number of the one begun … */
	uint64_t sync_at;		/* … and where; of the newest */
};

/* An entry of the durable tree. */
struct entry {
	char	*name;
	uint32_t file;
};

/* A sync that has begun and not returned. */
struct syncing {
	int64_t	n;
	uint64_t at;
};

struct disk {
	const char *p, *end, *begin;
	struct file *files;
	uint32_t nfiles;
	struct entry *tree;
	size_t	ntree;
	struct change *names, **names_last;	/* pending, of all folders */
	struct syncing *syncing;
	size_t	nsyncing;
	size_t	syncs, unsynced;
};

struct disk *
disk_new(const struct buf *log)
{
	struct disk *d = mem_alloc(sizeof(*d));

	d->begin = d->p = log->p;
	d->end = log->p + log->len;
	d->names_last = &d->names;
	return (d);
}

static struct file *
disk_file(struct disk *d, uint32_t n)
{

	if (n >= d->nfiles) {
		uint32_t room = n + 64;

		d->files = mem_realloc(d->files, room * sizeof(*d->files));
		memset(d->files + d->nfiles, 0,
		    (room - d->nfiles) * sizeof(*d->files));
		for (uint32_t i = 0; i < room; i++)
			if (d->files[i].first == NULL)
				d->files[i].last = &d->files[i].first;
		d->nfiles = room;
	}
	return (&d->files[n]);
}

static void
disk_write(struct file *f, int64_t off, const char *p, size_t n)
{
	size_t end = (size_t)off + n;

	if (end > f->room) {
		f->room = end * 2;
		f->bytes = mem_realloc(f->bytes, f->room);
	}
	if (end > f->size) {
		memset(f->bytes + f->size, 0, end - f->size);
		f->size = end;
	}
	memcpy(f->bytes + off, p, n);
}

static void
disk_resize(struct file *f, size_t size)
{

	if (size > f->size)
		disk_write(f, (int64_t)size - 1, "", 1);
	f->size = size;
}

static void
disk_apply(struct file *f, const struct change *c)
{

	if (c->r->op == TAP_WRITE)
		disk_write(f, c->r->arg, c->data, c->r->len);
	else
		disk_resize(f, (size_t)c->r->arg);
}

/* ---- names ---- */

static size_t
disk_find(const struct disk *d, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < d->ntree; i++)
		if (strlen(d->tree[i].name) == n &&
		    memcmp(d->tree[i].name, name, n) == 0)
			break;
	return (i);
}

static void
disk_enter(struct disk *d, const char *name, size_t n, uint32_t file)
{
	size_t i = disk_find(d, name, n);

	if (i < d->ntree) {
		d->tree[i].file = file;
		return;
	}
	d->tree = mem_realloc(d->tree, (d->ntree + 1) * sizeof(*d->tree));
	d->tree[d->ntree++] = (struct entry){ mem_strndup(name, n), file };
}

static void
disk_leave(struct disk *d, const char *name, size_t n)
{
	size_t i = disk_find(d, name, n);

	if (i == d->ntree)
		return;
	free(d->tree[i].name);
	d->tree[i] = d->tree[--d->ntree];
}

/* One change of entries, to the tree given by d. */
static void
disk_name(struct disk *d, const struct change *c)
{
	size_t n = c->r->len, nf, i;

	switch (c->r->op) {
	case TAP_CREATE:
		disk_enter(d, c->data, n, c->r->file);
		break;
	case TAP_UNLINK:
		disk_leave(d, c->data, n);
		break;
	default:			/* TAP_RENAME, TAP_LINK */
		nf = strlen(c->data);
		i = disk_find(d, c->data, nf);
		if (i == d->ntree)
			break;
		disk_enter(d, c->data + nf + 1, n - nf - 1, d->tree[i].file);
		if (c->r->op == TAP_RENAME)
			disk_leave(d, c->data, nf);
	}
}

/* Is the last name of this change directly in `folder`? */
static bool
disk_in(const struct change *c, const char *folder)
{
	const char *name = c->data, *slash;
	size_t n = c->r->len, nf;

	if (c->r->op == TAP_RENAME || c->r->op == TAP_LINK) {
		nf = strlen(name) + 1;
		name += nf;
		n -= nf;
	}
	slash = memrchr(name, '/', n);
	if (strcmp(folder, ".") == 0)
		return (slash == NULL);
	nf = strlen(folder);
	return (slash != NULL && (size_t)(slash - name) == nf &&
	    memcmp(name, folder, nf) == 0);
}

/* ---- the log ---- */

static struct change *
disk_change(const struct disk *d, const struct tap_record *r)
{
	struct change *c = mem_alloc(sizeof(*c));

	c->r = r;
	c->data = (const char *)(r + 1);
	c->at = (uint64_t)((const char *)r - d->begin);
	return (c);
}

/* Everything older than the sync's beginning is on the disk now. */
static void
disk_synced_file(struct disk *d, struct file *f, uint64_t at)
{
	struct change *c;

	while ((c = f->first) != NULL && c->at < at) {
		disk_apply(f, c);
		f->first = c->next;
		if (f->first == NULL)
			f->last = &f->first;
		free(c);
		d->unsynced--;
	}
}

static void
disk_synced_folder(struct disk *d, uint32_t file, uint64_t at)
{
	struct change **p = &d->names, *c;
	const char *folder = disk_file(d, file)->name;

	while ((c = *p) != NULL) {
		if (c->at >= at || !disk_in(c, folder)) {
			p = &c->next;
			continue;
		}
		disk_name(d, c);
		*p = c->next;
		free(c);
		d->unsynced--;
	}
	d->names_last = p;
}

static void
disk_sync(struct disk *d, const struct tap_record *r)
{

	d->syncing = mem_realloc(d->syncing,
	    (d->nsyncing + 1) * sizeof(*d->syncing));
	d->syncing[d->nsyncing++] = (struct syncing){ r->arg,
	    (uint64_t)((const char *)r - d->begin) };
}

static void
disk_synced(struct disk *d, const struct tap_record *r)
{
	size_t i;

	for (i = 0; d->syncing[i].n != r->arg; i++)
		;
	if (disk_file(d, r->file)->folder)
		disk_synced_folder(d, r->file, d->syncing[i].at);
	else
		disk_synced_file(d, disk_file(d, r->file),
		    d->syncing[i].at);
	d->syncing[i] = d->syncing[--d->nsyncing];
	d->syncs++;
}

const struct tap_record *
disk_step(struct disk *d)
{
	const struct tap_record *r = (const void *)d->p;
	struct change *c;
	struct file *f;

	if (d->end - d->p < (ptrdiff_t)sizeof(*r) || d->end - d->p <
	    (ptrdiff_t)(sizeof(*r) + TAP_PADDED(r->len)))
		return (NULL);
	d->p += sizeof(*r) + TAP_PADDED(r->len);
	switch (r->op) {
	case TAP_CREATE:
		f = disk_file(d, r->file);
		f->folder = r->arg != 0;
		if (f->folder && f->name == NULL)
			f->name = mem_strndup((const char *)(r + 1), r->len);
		if (r->len == 1 && *(const char *)(r + 1) == '.')
			break;		/* the folder itself, always there */
		/* FALLTHROUGH */
	case TAP_UNLINK:
	case TAP_RENAME:
	case TAP_LINK:
		c = disk_change(d, r);
		*d->names_last = c;
		d->names_last = &c->next;
		d->unsynced++;
		break;
	case TAP_WRITE:
	case TAP_TRUNCATE:
		f = disk_file(d, r->file);
		c = disk_change(d, r);
		*f->last = c;
		f->last = &c->next;
		d->unsynced++;
		break;
	case TAP_SYNC:
		disk_sync(d, r);
		break;
	case TAP_SYNCED:
		disk_synced(d, r);
		break;
	default:
		break;
	}
	return (r);
}

size_t
disk_syncs(const struct disk *d)
{

	return (d->syncs);
}

size_t
disk_unsynced(const struct disk *d)
{

	return (d->unsynced);
}

/* ---- what the power leaves ---- */

static uint64_t
disk_rand(uint64_t *s)
{

	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (*s);
}

/* How much of what was not synced survives: all, nothing, or some of it. */
static bool
disk_lucky(uint64_t *rng, unsigned odds)
{

	return (disk_rand(rng) % 8 < odds);
}

static void
disk_survive(struct file *to, const struct change *c, unsigned odds,
    uint64_t *rng)
{

	if (c->r->op == TAP_TRUNCATE) {
		if (disk_lucky(rng, odds))
			disk_resize(to, (size_t)c->r->arg);
		return;
	}
	for (size_t i = 0; i < c->r->len;) {
		size_t to_edge = SECTOR - ((size_t)c->r->arg + i) % SECTOR;
		size_t n = c->r->len - i < to_edge ? c->r->len - i : to_edge;

		if (disk_lucky(rng, odds))
			disk_write(to, c->r->arg + (int64_t)i, c->data + i, n);
		i += n;
	}
}

static int
disk_put(const char *path, const struct file *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return (-1);
	rc = file_write_all(fd, f->bytes, f->size);
	(void)close(fd);
	return (rc);
}

/* The file with those of its pending changes that survive. */
static int
disk_make_file(struct disk *d, uint32_t n, const char *path, unsigned odds,
    uint64_t *rng)
{
	const struct file *f = disk_file(d, n);
	struct file to = { .size = f->size, .room = f->size + 1 };
	int rc;

	to.bytes = mem_alloc(to.room);
	if (f->size > 0)
		memcpy(to.bytes, f->bytes, f->size);
	for (const struct change *c = f->first; c != NULL; c = c->next)
		disk_survive(&to, c, odds, rng);
	rc = disk_put(path, &to);
	free(to.bytes);
	return (rc);
}

static void
disk_tree_free(struct entry *tree, size_t n)
{

	for (size_t i = 0; i < n; i++)
		free(tree[i].name);
	free(tree);
}

static int
disk_by_name(const void *a, const void *b)
{

	return (strcmp(((const struct entry *)a)->name,
	    ((const struct entry *)b)->name));
}

int
disk_make(struct disk *d, const char *dir, uint64_t *rng)
{
	unsigned odds = (unsigned)(disk_rand(rng) % 9);
	struct disk now = { .ntree = d->ntree };
	int rc = 0;

	now.tree = mem_alloc((d->ntree + 1) * sizeof(*now.tree));
	for (size_t i = 0; i < d->ntree; i++)
		now.tree[i] = (struct entry){ mem_strdup(d->tree[i].name),
		    d->tree[i].file };
	for (const struct change *c = d->names; c != NULL; c = c->next)
		if (disk_lucky(rng, odds))
			disk_name(&now, c);
	/* Folders come before what is in them. */
	qsort(now.tree, now.ntree, sizeof(*now.tree), disk_by_name);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		rc = -1;
	for (size_t i = 0; rc == 0 && i < now.ntree; i++) {
		const struct entry *e = &now.tree[i];
		char *path = mem_printf("%s/%s", dir, e->name);

		rc = disk_file(d, e->file)->folder ? mkdir(path, 0700) :
		    disk_make_file(d, e->file, path, odds, rng);
		/* An entry in a folder that did not survive is lost too. */
		if (rc != 0 && errno == ENOENT)
			rc = 0;
		free(path);
	}
	disk_tree_free(now.tree, now.ntree);
	return (rc);
}

void
disk_free(struct disk *d)
{
	struct change *c;

	for (uint32_t i = 0; i < d->nfiles; i++) {
		while ((c = d->files[i].first) != NULL) {
			d->files[i].first = c->next;
			free(c);
		}
		free(d->files[i].bytes);
		free(d->files[i].name);
	}
	while ((c = d->names) != NULL) {
		d->names = c->next;
		free(c);
	}
	disk_tree_free(d->tree, d->ntree);
	free(d->files);
	free(d->syncing);
	free(d);
}
