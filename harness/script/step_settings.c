/* The replicator's settings, and backups that are in a folder. */
#include "harness/replicator/settings.h"

#include "harness/machine/machine.h"
#include "harness/replicator/restore.h"
#include "harness/script/steps_int.h"
#include "lib/file.h"

#define SETTINGS_FILE	"/app/litestream.yml"

static enum verdict
settings_install(struct run *r, const struct settings *s)
{
	const char *file = arena_printf(&r->arena, "%s/settings.yml", r->dir);
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;
	struct buf b;

	buf_init(&b, 65536);
	settings_write(&b, r->rel->rep, s, machine_path(r->machine,
	    restore_place(r, NULL)), r->folder != NULL ?
	    machine_backup(r->machine) : NULL);
	if (file_write(file, b.p, b.len, 0600, &e) != 0 ||
	    machine_install(r->machine, SETTINGS_FILE, file, 0644, &e) != 0)
		v = run_error(r, "%s", err_msg(&e));
	err_release(&e);
	buf_release(&b);
	return (v);
}

enum verdict
step_folder(struct run *r)
{
	const struct settings defaults = { 0 };
	struct err e = ERR_INIT;
	enum verdict v;

	r->folder = arena_printf(&r->arena, "%s/backup", r->dir);
	if (file_mkdirs(r->folder, 0755, &e) == 0)
		return (settings_install(r, &defaults));
	v = run_error(r, "%s", err_msg(&e));
	err_release(&e);
	return (v);
}

enum verdict
step_configure_fn(struct run *r, const struct line *l)
{
	const struct settings s = {
		.sync_us = step_num(r, "sync"),
		.monitor_us = step_num(r, "monitor"),
		.checkpoint_us = step_num(r, "checkpoint"),
		.pages = step_num(r, "pages"),
		.compact_us = step_num(r, "compact"),
		.l0_us = step_num(r, "l0"),
		.snapshot_us = step_num(r, "snapshot"),
		.retention_us = step_num(r, "retention"),
	};

	(void)l;
	return (settings_install(r, &s));
}

/* Another release's binary takes the place of the one on the machine with the
 * next process that is started; its configuration is written anew. */
enum verdict
step_use_fn(struct run *r, const struct line *l)
{
	const char *which = step_str(r, "release");
	struct release *other = arena_alloc(&r->arena, sizeof(*other));
	struct err e = ERR_INIT;
	enum verdict v;

	(void)l;
	if (r->machine != NULL && !machine_has_root_view(r->machine))
		return (run_skip(r, "another release needs a root view "
		    "(bubblewrap)"));
	if (strcmp(which, "drilled") == 0) {
		r->rel = r->drilled;
	} else if (release_find(&r->arena, r->opts->tools, which, other, &e)
	    != 0) {
		v = run_skip(r, "%s", err_msg(&e));
		err_release(&e);
		return (v);
	} else {
		r->rel = other;
	}
	/* Not provisioned yet: then that writes it. */
	if (r->folder == NULL && r->bucket == NULL)
		return (VERDICT_PASS);
	return (settings_install(r, &(const struct settings){ 0 }));
}
