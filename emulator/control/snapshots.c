#include "emulator/control/snapshots.h"

#include <dirent.h>
#include <string.h>

#include "emulator/control/control.h"
#include "emulator/store/store_snapshot.h"
#include "lib/file.h"

#define NAME_MAX_	64

static bool
snapshots_name_ok(const char *s)
{
	size_t n = strlen(s);

	return (n >= 1 && n <= NAME_MAX_ && *s != '.' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-_.") == n &&
	    (n < 4 || strcmp(s + n - 4, ".new") != 0));
}

/* The folder of that name; NULL: the 400 has been stored. */
static const char *
snapshots_dir(struct req *rq, const char *name)
{

	if (name != NULL && snapshots_name_ok(name))
		return (arena_printf(&rq->arena, "%s/snapshots/%s",
		    rq->emu->data, name));
	req_fail(rq, 400, "invalid", "A snapshot's name has 1 to %d letters, "
	    "digits, '-', '_' and '.', neither begins with '.' nor ends with "
	    "'.new'.", NAME_MAX_);
	return (NULL);
}

/* One that is there; NULL: the error has been stored. */
static const char *
snapshots_find(struct req *rq)
{
	const char *dir = snapshots_dir(rq, rq->cap[0]);

	if (dir == NULL || file_exists(dir))
		return (dir);
	req_fail(rq, 404, "notFound", "There is no snapshot '%s'.",
	    rq->cap[0]);
	return (NULL);
}

static void
snapshots_done(struct req *rq, int rc, struct err *e)
{

	if (rc == 0)
		req_reply_json(rq, 200, json_object());
	else
		req_fail(rq, 500, "internalError", "%s", err_msg(e));
	err_release(e);
}

void
snapshots_save_h(struct req *rq)
{
	struct err e = ERR_INIT;
	const char *dir;
	json_t *in;

	if (!control_may(rq) || req_json(rq, &in))
		return;
	dir = snapshots_dir(rq,
	    json_string_value(json_object_get(in, "name")));
	if (dir == NULL)
		return;
	if (file_exists(dir))
		req_fail(rq, 409, "conflict", "There is a snapshot of that "
		    "name already.");
	else
		snapshots_done(rq, store_snapshot_save(rq->emu->store, dir,
		    &e), &e);
}

void
snapshots_list_h(struct req *rq)
{
	json_t *names = json_array();
	struct dirent *de;
	DIR *d;

	if (!control_may(rq)) {
		json_decref(names);
		return;
	}
	d = opendir(arena_printf(&rq->arena, "%s/snapshots", rq->emu->data));
	while (d != NULL && (de = readdir(d)) != NULL)
		if (snapshots_name_ok(de->d_name))
			(void)json_array_append_new(names,
			    json_string(de->d_name));
	if (d != NULL)
		(void)closedir(d);
	req_reply_json(rq, 200, json_pack("{s:o}", "snapshots", names));
}

void
snapshots_load_h(struct req *rq)
{
	struct err e = ERR_INIT;
	const char *dir;

	if (control_may(rq) && (dir = snapshots_find(rq)) != NULL)
		snapshots_done(rq, store_snapshot_load(rq->emu->store, dir,
		    &e), &e);
}

void
snapshots_delete_h(struct req *rq)
{
	struct err e = ERR_INIT;
	const char *dir;

	if (control_may(rq) && (dir = snapshots_find(rq)) != NULL)
		snapshots_done(rq, file_remove_all(dir, &e), &e);
}
