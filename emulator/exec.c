#include "emulator/exec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/identity/iam.h"
#include "lib/file.h"

/* What stands for the network's own, in a private place. */
static int
exec_files(const struct emu *emu, const char *dir, struct err *e)
{
	struct buf ca;
	int rc;

	buf_init(&ca, 1u << 20);
	rc = file_read(emu->ca_file, &ca, e);
	if (rc == 0)
		rc = cage_files(dir, ca.p, e);
	buf_release(&ca);
	return (rc);
}

/* The key file to use; "" for none. */
static const char *
exec_key(struct emu *emu, const struct exec_opts *o, struct arena *a,
    struct err *e)
{
	char *whole;
	const char *key;

	if (o->credentials == NULL)
		return (iam_owner_key(emu, a, e));
	if (strcmp(o->credentials, "own") == 0)
		return ("");
	/* The command may go elsewhere. */
	if ((whole = realpath(o->credentials, NULL)) == NULL) {
		(void)err_setno(e, "--credentials %s", o->credentials);
		return (NULL);
	}
	key = arena_strdup(a, whole);
	free(whole);
	return (key);
}

static int
exec_in(struct start *s, const struct exec_opts *o, const char *dir,
    struct arena *a, struct err *e)
{
	struct emu *emu = start_emu(s);
	const char *key = exec_key(emu, o, a, e);
	char **env;
	int rc;

	if (key == NULL || (o->place.private && exec_files(emu, dir, e) != 0))
		return (2);
	if ((env = exec_env(emu, o, key, dir, environ, a, e)) == NULL)
		return (2);
	rc = cage_run(o->cage, o->place.private ? dir : NULL, o->argv, env, e);
	free(env);
	return (rc);
}

int
exec_run(struct start *s, const struct exec_opts *o, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	struct arena a = ARENA_INIT;
	struct err gone = ERR_INIT;
	char *dir;
	int rc;

	dir = mem_printf("%s/gcs-emulator-exec-XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL) {
		(void)err_setno(e, "cannot make a directory like %s", dir);
		free(dir);
		return (2);
	}
	rc = exec_in(s, o, dir, &a, e);
	(void)file_remove_all(dir, &gone);
	err_release(&gone);
	free(dir);
	arena_release(&a);
	return (rc);
}
