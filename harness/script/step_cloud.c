/* What the operator does in the cloud, and what goes wrong there: through the
 * emulator's IAM and storage APIs, as the project's owner. */
#include <stdlib.h>
#include <string.h>

#include "harness/machine/machine.h"
#include "harness/run/emu.h"
#include "harness/replicator/replicators.h"
#include "harness/script/steps_int.h"
#include "lib/file.h"
#include "lib/str.h"

#define CLOUD_ROLE	"roles/storage.objectAdmin"
#define CLOUD_ACCOUNT	"database-replicator"
#define CLOUD_IAM	"iam.googleapis.com"
#define CLOUD_STORAGE	"storage.googleapis.com"
#define CLOUD_SOMEBODY	"somebody-elses-project"
#define CLOUD_KEY_MAX	65536

/* A call as the owner that must succeed; `allow` is one more status that is
 * fine (0: none).  In NULL's case run->why is set; else a new reference,
 * json_null() where there was no body. */
static json_t *
cloud_call(struct run *r, const char *method, const char *host,
    const char *path, json_t *body, int allow)
{
	struct err e = ERR_INIT;
	json_t *answer;
	int status;

	answer = emu_google(r->emu, method, host, path, body, &status, &e);
	if (status == 0 || (status >= 300 && status != allow)) {
		(void)run_error(r, "%s", err_msg(&e));
		json_decref(answer);
		answer = NULL;
	} else if (answer == NULL) {
		answer = json_null();
	}
	err_release(&e);
	return (answer);
}

static enum verdict
cloud_done(json_t *answer)
{

	if (answer == NULL)
		return (VERDICT_ERROR);
	json_decref(answer);
	return (VERDICT_PASS);
}

/* Is `part` among the words of without=? */
static bool
cloud_without(const struct run *r, const char *part)
{
	const char *s = step_str(r, "without");
	size_t n = strlen(part);

	while (s != NULL && *s != '\0') {
		if (strncmp(s, part, n) == 0 && (s[n] == ',' || s[n] == '\0'))
			return (true);
		s += strcspn(s, ",");
		s += *s == ',';
	}
	return (false);
}

/* ---- provision ---- */

static enum verdict
cloud_make_account(struct run *r, const char *id)
{

	return (cloud_done(cloud_call(r, "POST", CLOUD_IAM,
	    arena_printf(&r->arena, "/v1/projects/%s/serviceAccounts",
	    r->project), json_pack("{s:s, s:{s:s}}", "accountId", id,
	    "serviceAccount", "description", "litestream backup writer"),
	    409)));
}

/* The key's JSON into a file of the drill's, and that onto the machine. */
static enum verdict
cloud_install_key(struct run *r, const void *p, size_t n)
{
	const char *file = arena_printf(&r->arena, "%s/key.json", r->dir);
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;

	if (file_write(file, p, n, 0600, &e) != 0 ||
	    machine_install(r->machine, r->key, file, 0600, &e) != 0)
		v = run_error(r, "%s", err_msg(&e));
	err_release(&e);
	return (v);
}

static enum verdict
cloud_make_key(struct run *r)
{
	const char *data, *name;
	enum verdict v;
	json_t *answer;
	struct buf b;

	answer = cloud_call(r, "POST", CLOUD_IAM, arena_printf(&r->arena,
	    "/v1/projects/-/serviceAccounts/%s/keys", r->account),
	    json_pack("{s:s}", "privateKeyType",
	    "TYPE_GOOGLE_CREDENTIALS_FILE"), 0);
	if (answer == NULL)
		return (VERDICT_ERROR);
	name = json_string_value(json_object_get(answer, "name"));
	data = json_string_value(json_object_get(answer, "privateKeyData"));
	buf_init(&b, CLOUD_KEY_MAX);
	if (name == NULL || strrchr(name, '/') == NULL || data == NULL ||
	    !str_b64_decode(&b, data, strlen(data), false)) {
		v = run_error(r, "the emulator's new key has no name or no "
		    "data");
	} else {
		r->key_id = arena_strdup(&r->arena, strrchr(name, '/') + 1);
		v = cloud_install_key(r, b.p, b.len);
	}
	buf_release(&b);
	json_decref(answer);
	return (v);
}

static enum verdict
cloud_make_bucket(struct run *r)
{

	return (cloud_done(cloud_call(r, "POST", CLOUD_STORAGE,
	    arena_printf(&r->arena, "/storage/v1/b?project=%s", r->project),
	    json_pack("{s:s, s:{s:{s:b}}}", "name", r->bucket,
	    "iamConfiguration", "uniformBucketLevelAccess", "enabled",
	    step_has(r, "uniform")), 409)));
}

/* GET the policy, change the account's bindings, PUT it with its etag.  role:
 * the binding to add; NULL: all of the account's go. */
static enum verdict
cloud_bind(struct run *r, const char *role)
{
	const char *path = arena_printf(&r->arena, "/storage/v1/b/%s/iam",
	    r->bucket);
	const char *member = arena_printf(&r->arena, "serviceAccount:%s",
	    r->account);
	json_t *policy, *bindings, *kept = json_array(), *binding;
	size_t i;

	policy = cloud_call(r, "GET", CLOUD_STORAGE,
	    arena_printf(&r->arena, "%s?optionsRequestedPolicyVersion=3",
	    path), NULL, 0);
	if (policy == NULL) {
		json_decref(kept);
		return (VERDICT_ERROR);
	}
	bindings = json_object_get(policy, "bindings");
	json_array_foreach(bindings, i, binding) {
		json_t *members = json_object_get(binding, "members");

		for (size_t k = json_array_size(members);
		    role == NULL && k-- > 0;) {
			const char *s = json_string_value(
			    json_array_get(members, k));

			if (s != NULL && strcmp(s, member) == 0)
				(void)json_array_remove(members, k);
		}
		if (json_array_size(members) > 0)
			(void)json_array_append(kept, binding);
	}
	if (role != NULL)
		(void)json_array_append_new(kept, json_pack("{s:s, s:[s]}",
		    "role", role, "members", member));
	(void)json_object_set_new(policy, "bindings", kept);
	return (cloud_done(cloud_call(r, "PUT", CLOUD_STORAGE, path, policy,
	    0)));
}

static void
cloud_set_env(struct run *r)
{
	struct machine *m = r->machine;

	machine_env(m, "GOOGLE_APPLICATION_CREDENTIALS",
	    machine_path(m, r->key));
	machine_env(m, "BACKUPS_BUCKET_NAME", r->bucket);
	machine_env(m, "BACKUPS_PATH", r->path);
}

/* A key that the runbook made: who it is for, and where it goes. */
static enum verdict
cloud_adopt(struct run *r, const char *path)
{
	const char *file = machine_host_path(r->machine, path);
	const char *email, *id, *project;
	struct err e = ERR_INIT;
	enum verdict v;
	struct buf b;
	json_t *key;

	buf_init(&b, CLOUD_KEY_MAX);
	if (file_read(file, &b, &e) != 0) {
		v = run_fail(r, "%s was not made: %s", path, err_msg(&e));
		err_release(&e);
		buf_release(&b);
		return (v);
	}
	key = json_loadb(b.p, b.len, 0, NULL);
	email = json_string_value(json_object_get(key, "client_email"));
	id = json_string_value(json_object_get(key, "private_key_id"));
	project = json_string_value(json_object_get(key, "project_id"));
	if (email == NULL || id == NULL || project == NULL) {
		v = run_fail(r, "%s is no key of a service account", path);
	} else {
		r->account = arena_strdup(&r->arena, email);
		r->key_id = arena_strdup(&r->arena, id);
		r->project = arena_strdup(&r->arena, project);
		v = cloud_install_key(r, b.p, b.len);
	}
	json_decref(key);
	buf_release(&b);
	return (v);
}

enum verdict
step_provision_fn(struct run *r, const struct line *l)
{
	const char *id = step_has(r, "account") ? step_str(r, "account") :
	    CLOUD_ACCOUNT;
	const char *role = step_has(r, "role") ? step_str(r, "role") :
	    CLOUD_ROLE;
	bool account = !cloud_without(r, "account");
	bool bucket = !cloud_without(r, "bucket");
	enum verdict v = VERDICT_PASS;

	(void)l;
	if (!r->rel->rep->gcs ||
	    strcmp(step_str(r, "replica"), "folder") == 0)
		return (step_folder(r));
	if (step_has(r, "bucket"))
		r->bucket = step_str(r, "bucket");
	if (step_has(r, "path"))
		r->path = step_str(r, "path");
	if (step_has(r, "key"))
		r->key = step_str(r, "key")[0] == '/' ? step_str(r, "key") :
		    arena_printf(&r->arena, "/app/%s", step_str(r, "key"));
	if (step_has(r, "adopt")) {
		v = cloud_adopt(r, step_str(r, "adopt"));
		if (v == VERDICT_PASS)
			cloud_set_env(r);
		return (v);
	}
	r->account = arena_printf(&r->arena,
	    "%s@%s.iam.gserviceaccount.com", id, r->project);
	if (account)
		v = cloud_make_account(r, id);
	if (v == VERDICT_PASS && account && !cloud_without(r, "key"))
		v = cloud_make_key(r);
	if (v == VERDICT_PASS && bucket)
		v = cloud_make_bucket(r);
	if (v == VERDICT_PASS && account && bucket &&
	    !cloud_without(r, "binding"))
		v = cloud_bind(r, role);
	if (v == VERDICT_PASS)
		cloud_set_env(r);
	return (v);
}

/* ---- cloud ---- */

static enum verdict
cloud_delete_key(struct run *r)
{

	if (r->key_id == NULL)
		return (run_error(r, "no key has been made"));
	return (cloud_done(cloud_call(r, "DELETE", CLOUD_IAM,
	    arena_printf(&r->arena, "/v1/projects/%s/serviceAccounts/%s/keys"
	    "/%s", r->project, r->account, r->key_id), NULL, 0)));
}

static enum verdict
cloud_disable_account(struct run *r)
{

	return (cloud_done(cloud_call(r, "POST", CLOUD_IAM,
	    arena_printf(&r->arena, "/v1/projects/%s/serviceAccounts/%s"
	    ":disable", r->project, r->account), json_object(), 0)));
}

static enum verdict
cloud_delete_account(struct run *r)
{

	return (cloud_done(cloud_call(r, "DELETE", CLOUD_IAM,
	    arena_printf(&r->arena, "/v1/projects/%s/serviceAccounts/%s",
	    r->project, r->account), NULL, 0)));
}

/* A bucket goes only when it is empty, as in the real service. */
static enum verdict
cloud_delete_bucket(struct run *r)
{
	const char *path = arena_printf(&r->arena, "/storage/v1/b/%s",
	    r->bucket);
	enum verdict v = VERDICT_PASS;
	json_t *list, *items, *object;
	size_t i, n;

	do {
		list = cloud_call(r, "GET", CLOUD_STORAGE,
		    arena_printf(&r->arena, "%s/o?versions=true", path), NULL,
		    0);
		if (list == NULL)
			return (VERDICT_ERROR);
		items = json_object_get(list, "items");
		n = json_array_size(items);
		json_array_foreach(items, i, object) {
			const char *name = json_string_value(
			    json_object_get(object, "name"));
			const char *gen = json_string_value(
			    json_object_get(object, "generation"));
			struct buf b;

			if (v != VERDICT_PASS || name == NULL || gen == NULL)
				break;
			buf_init(&b, CLOUD_KEY_MAX);
			buf_addf(&b, "%s/o/", path);
			str_pct_encode(&b, name, strlen(name), false);
			buf_addf(&b, "?generation=%s", gen);
			/* 404: the replicator was faster */
			v = cloud_done(cloud_call(r, "DELETE", CLOUD_STORAGE,
			    b.p, NULL, 404));
			buf_release(&b);
		}
		json_decref(list);
	} while (v == VERDICT_PASS && n > 0);
	if (v == VERDICT_PASS)
		v = cloud_done(cloud_call(r, "DELETE", CLOUD_STORAGE, path,
		    NULL, 0));
	return (v);
}

/* By somebody whom this project does not know: the names are for all. */
static enum verdict
cloud_take_bucket(struct run *r)
{

	return (cloud_done(cloud_call(r, "POST", CLOUD_STORAGE,
	    "/storage/v1/b?project=" CLOUD_SOMEBODY, json_pack("{s:s}",
	    "name", r->bucket), 0)));
}

static enum verdict
cloud_remove_binding(struct run *r)
{

	return (cloud_bind(r, NULL));
}

enum verdict
step_cloud_fn(struct run *r, const struct line *l)
{
	static const struct {
		const char *name;
		enum verdict (*fn)(struct run *);
	} actions[] = {
		{ "delete-key", cloud_delete_key },
		{ "disable-account", cloud_disable_account },
		{ "delete-account", cloud_delete_account },
		{ "delete-bucket", cloud_delete_bucket },
		{ "remove-binding", cloud_remove_binding },
		{ "take-bucket", cloud_take_bucket },
	};
	const char *name = step_str(r, "action");

	(void)l;
	for (size_t i = 0; i < NELEMS(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return (actions[i].fn(r));
	mem_bug(__FILE__, __LINE__, name);
}

enum verdict
step_clock_fn(struct run *r, const struct line *l)
{
	int64_t ms = step_num(r, "duration") / 1000;
	struct err e = ERR_INIT;
	enum verdict v = VERDICT_PASS;
	json_t *answer;

	(void)l;
	if (strcmp(step_str(r, "direction"), "behind") == 0)
		ms = -ms;
	answer = emu_control(r->emu, "POST", "clock", json_pack("{s:I}",
	    "shift_ms", (json_int_t)ms), &e);
	if (answer == NULL)
		v = run_error(r, "%s", err_msg(&e));
	json_decref(answer);
	err_release(&e);
	return (v);
}
